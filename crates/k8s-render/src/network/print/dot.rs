//! Graphviz.

use std::collections::{BTreeMap, BTreeSet};

use super::list::{List, label};
use super::parts;
use crate::network::difference::{Change, Difference, Kind};
use crate::network::listing::EXTERNAL;

/// The explanation of colours below the picture of a difference.
const LEGEND: &str = "\tnodesep=0.5
\tsubgraph cluster_legend {
\t\tlabel=\"Legend\"
\t\tfontsize = 10
\t\tmargin=0
\t\ta [style=invis height=0 width=0]
\t\tb [style=invis height=0 width=0]
\t\tc [style=invis height=0 width=0]
\t\td [style=invis height=0 width=0]
\t\te [style=invis height=0 width=0]
\t\tf [style=invis height=0 width=0]
\t\tg [style=invis height=0 width=0]
\t\th [style=invis height=0 width=0]
\t\t{rank=source a b c d}
\t\t{rank=same e f g h}
\t\ta -> b [label=\"added connection\", color=\"#008000\" fontcolor=\"#008000\" fontsize = 10 arrowsize=0.2]
\t\tc -> d [label=\"removed connection\", color=\"red2\" fontcolor=\"red2\" fontsize = 10 arrowsize=0.2]
\t\te -> f [label=\"changed connection\", color=\"magenta\" fontcolor=\"magenta\" fontsize = 10 arrowsize=0.2]
\t\tg -> h [label=\"unchanged connection\", color=\"grey\" fontcolor=\"grey\" fontsize = 10 arrowsize=0.2]
\t\tnp [label=\"new peer\" color=\"#008000\" fontcolor=\"#008000\" fontsize = 10]
\t\tlp [label=\"lost peer\" color=\"red\" fontcolor=\"red\" fontsize = 10]
\t\tpp [label=\"persistent peer\" color=\"blue\" fontcolor=\"blue\" fontsize = 10]
\t\t{rank=sink np lp pp}
\t\tnp->lp [style=invis]
\t\tlp->pp [style=invis]
\t}
";

/// A quoted identifier.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn node(indent: &str, id: &str, label: &str, colour: &str) -> String {
    format!("{indent}{} [label={} color=\"{colour}\" fontcolor=\"{colour}\"]\n", quoted(id), quoted(label))
}

/// Edges that lead up the alphabet weigh less, which keeps the layout of a pair that connects both ways stable.
fn edge(source: &str, destination: &str, label: &str, colours: (&str, &str)) -> String {
    let weight = if source < destination { "0.5" } else { "1" };
    let (colour, font) = colours;
    let (source, destination, label) = (quoted(source), quoted(destination), quoted(label));
    format!(
        "\t{source} -> {destination} [label={label} color=\"{colour}\" fontcolor=\"{font}\" weight={weight}]\n"
    )
}

/// Every peer, those of a namespace framed together, the others after them.
fn nodes<'p>(peers: impl Iterator<Item = &'p str>, colour: impl Fn(&str) -> &'static str) -> String {
    let mut framed: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut free = BTreeSet::new();
    for peer in peers {
        match parts(peer) {
            Some((namespace, _)) => {
                framed.entry(namespace).or_default().insert(peer);
            }
            None => {
                free.insert(peer);
            }
        }
    }
    let mut text = String::new();
    for (namespace, peers) in framed {
        let id = quoted(&format!("cluster_{}[namespace]", namespace.replace('-', "_")));
        text += &format!("\tsubgraph {id} {{\n\t\tcolor=\"black\"\n\t\tfontcolor=\"black\"\n");
        for peer in peers {
            let name = parts(peer).map_or(peer, |(_, name)| name);
            text += &node("\t\t", peer, name, colour(peer));
        }
        text += &format!("\t\tlabel={}\n\t}}\n", quoted(&format!("{namespace}[namespace]")));
    }
    for peer in free {
        text += &node("\t", peer, peer, colour(peer));
    }
    text
}

pub(super) fn list(list: List<'_>) -> String {
    let peers = list.connections.iter().flat_map(|c| [&*c.source, &*c.destination]);
    let mut text = "digraph {\n".to_owned();
    text += &nodes(peers, |peer| if peer.ends_with(EXTERNAL) { "red2" } else { "blue" });
    for connection in list.connections {
        let label = label(list, connection);
        text += &edge(&connection.source, &connection.destination, &label, ("gold2", "darkgreen"));
    }
    text + "}\n"
}

pub(super) fn changes(difference: &Difference) -> String {
    let all = &difference.changes;
    let peers = all.iter().flat_map(|change| [&*change.source, &*change.destination]);
    let mut text = "digraph {\n".to_owned();
    text += &nodes(peers, |peer| {
        if difference.new.contains(peer) {
            "#008000"
        } else if difference.lost.contains(peer) {
            "red"
        } else {
            "blue"
        }
    });
    let mut edges: Vec<_> = all.iter().map(change).collect();
    edges.sort();
    text.extend(edges);
    text + LEGEND + "}\n"
}

fn change(change: &Change) -> String {
    let Change { kind, source, destination, before, after, .. } = change;
    let (colour, label) = match kind {
        Kind::Added => ("#008000", after.to_string()),
        Kind::Removed => ("red2", before.to_string()),
        Kind::Changed => ("magenta", format!("{after} (ref1: {before})")),
        Kind::Unchanged => ("grey", after.to_string()),
    };
    edge(source, destination, &label, (colour, colour))
}
