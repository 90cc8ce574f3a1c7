//! Mermaid flow charts.

use std::collections::BTreeMap;

use super::list::{List, label};
use super::parts;
use crate::network::difference::{Difference, Kind};

/// Peers by number, so that names need no escaping where Mermaid wants an identifier.
struct Nodes<'p>(BTreeMap<&'p str, usize>);

impl<'p> Nodes<'p> {
    fn new(peers: impl Iterator<Item = &'p str>) -> Self {
        let mut numbers: BTreeMap<_, _> = peers.map(|peer| (peer, 0)).collect();
        numbers.values_mut().enumerate().for_each(|(index, number)| *number = index);
        Self(numbers)
    }

    fn id(&self, peer: &str) -> String {
        format!("n{}", self.0.get(peer).copied().unwrap_or_default())
    }

    fn write(&self) -> String {
        let mut framed: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        let mut text = "flowchart LR\n".to_owned();
        for (peer, number) in &self.0 {
            match parts(peer) {
                Some((namespace, name)) => {
                    framed.entry(namespace).or_default().push(format!("n{number}[{}]", quoted(name)));
                }
                None => text += &format!("  n{number}([{}])\n", quoted(peer)),
            }
        }
        for (index, (namespace, peers)) in framed.iter().enumerate() {
            text += &format!("  subgraph g{index}[{}]\n", quoted(namespace));
            for peer in peers {
                text += &format!("    {peer}\n");
            }
            text += "  end\n";
        }
        text
    }
}

/// Text in quotes, with what Mermaid would read as its own written as character codes.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('#', "#35;").replace('"', "#quot;"))
}

pub(super) fn list(list: List<'_>) -> String {
    let nodes = Nodes::new(list.connections.iter().flat_map(|c| [&*c.source, &*c.destination]));
    let mut text = nodes.write();
    for connection in list.connections {
        let (from, to) = (nodes.id(&connection.source), nodes.id(&connection.destination));
        text += &format!("  {from} -->|{}| {to}\n", quoted(&label(list, connection)));
    }
    text
}

pub(super) fn changes(difference: &Difference) -> String {
    let all = &difference.changes;
    let nodes = Nodes::new(all.iter().flat_map(|c| [&*c.source, &*c.destination]));
    let mut text = nodes.write();
    let mut styles = String::new();
    for (number, change) in all.iter().enumerate() {
        let (from, to) = (nodes.id(&change.source), nodes.id(&change.destination));
        let (label, colour) = match change.kind {
            Kind::Added => (format!("added: {}", change.after), "#008000"),
            Kind::Removed => (format!("removed: {}", change.before), "#ee0000"),
            Kind::Changed => (format!("{}, was {}", change.after, change.before), "#c000c0"),
            Kind::Unchanged => (change.after.to_string(), "#808080"),
        };
        text += &format!("  {from} -->|{}| {to}\n", quoted(&label));
        styles += &format!("  linkStyle {number} stroke:{colour}\n");
    }
    text + &styles
}
