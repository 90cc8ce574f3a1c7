//! `infra network graph` and `infra network diff`.

use std::path::Path;

use k8s_render::inspect::{Facts, Protocol, Sources};
use k8s_render::network::difference::{Difference, Kind, difference};
use k8s_render::network::focus::Focus;
use k8s_render::network::listing::{Connection, Families, connections};
use k8s_render::network::print::{self, List};
use k8s_render::network::{Connectivity, Direction};
use serde_json::{Value, json};

use super::load::Loaded;
use crate::args::{FocusDirection, Format, NetworkDiff, NetworkGraph};
use crate::exit::Exit;
use crate::failure::{Failure, Problem};
use crate::outcome::Outcome;

/// Lists the allowed connections of a set of manifests.
pub(super) fn run(arguments: &NetworkGraph, root: Option<&Path>, format: Format) -> Result<Outcome, Failure> {
    let mut focus = focus(arguments)?;
    let mut loaded = Loaded::open(&arguments.what, root)?;
    let mut outcome = Outcome { summary_is_result: true, drawn: Some(format), ..Outcome::default() };
    outcome.findings.append(&mut loaded.findings);
    let text = |name: &str| loaded.text(name);
    let sources = Sources::new(&text);
    let facts = Facts::read(&loaded.resources);
    let model = loaded.model(&facts, sources, &mut outcome.findings);
    let unknown: Vec<String> = focus.unknown(&model).into_iter().map(str::to_owned).collect();
    let any = |names: &[String]| names.is_empty() || names.iter().any(|name| !unknown.contains(name));
    let answerable = any(&focus.workloads) && any(&focus.peers);
    for name in &unknown {
        outcome.extend([Problem::UnknownWorkload { name: name.clone(), known: Vec::new() }]);
    }
    focus.workloads.retain(|name| !unknown.contains(name));
    focus.peers.retain(|name| !unknown.contains(name));
    let relation = Connectivity::new(&model, arguments.host_network.into());
    let list = if answerable && !facts.workloads.is_empty() {
        focus.apply(connections(&relation, families(arguments.ipv6)))
    } else {
        Vec::new()
    };
    let port = focus.port;
    outcome.summary = match printed(format) {
        Some(format) => print::list(List { connections: &list, port }, format),
        None => pretty(&Value::Array(list.iter().map(|c| object(c, port.is_some())).collect())),
    };
    Ok(outcome)
}

/// Lists what two sets of manifests do not allow alike.
pub(super) fn diff(arguments: &NetworkDiff, root: Option<&Path>, format: Format) -> Result<Outcome, Failure> {
    let (mut before, mut after) =
        (Loaded::open(&arguments.before, root)?, Loaded::open(&arguments.after, root)?);
    let mut outcome = Outcome { summary_is_result: true, drawn: Some(format), ..Outcome::default() };
    outcome.findings.append(&mut before.findings);
    outcome.findings.append(&mut after.findings);
    let facts = [Facts::read(&before.resources), Facts::read(&after.resources)];
    let texts = (|name: &str| before.text(name), |name: &str| after.text(name));
    let first = before.model(&facts[0], Sources::new(&texts.0), &mut outcome.findings);
    let second = after.model(&facts[1], Sources::new(&texts.1), &mut outcome.findings);
    let found = difference(&first, &second, arguments.host_network.into(), families(arguments.ipv6));
    outcome.summary = match printed(format) {
        Some(format) => print::changes(&found, format),
        None => pretty(&changes(&found)),
    };
    if arguments.exit_code && found.differing().next().is_some() {
        outcome.exit = Some(Exit::Findings);
    }
    Ok(outcome)
}

fn families(ipv6: bool) -> Families {
    if ipv6 { Families::All } else { Families::V4 }
}

/// The format of the library; none for JSON, which is written here.
fn printed(format: Format) -> Option<print::Format> {
    match format {
        Format::Csv => Some(print::Format::Csv),
        Format::Md => Some(print::Format::Markdown),
        Format::Dot => Some(print::Format::Dot),
        Format::Mermaid => Some(print::Format::Mermaid),
        Format::Json => None,
        _ => Some(print::Format::Text),
    }
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

fn object(connection: &Connection, narrowed: bool) -> Value {
    let Connection { source, destination, ports } = connection;
    if narrowed {
        json!({"src": **source, "dst": **destination})
    } else {
        json!({"src": **source, "dst": **destination, "conn": ports.to_string()})
    }
}

fn changes(found: &Difference) -> Value {
    let object = |change: &k8s_render::network::difference::Change| {
        let mut object = json!({
            "diff-type": change.kind.as_str(),
            "source": *change.source,
            "destination": *change.destination,
            "ref1": change.before.to_string(),
            "ref2": change.after.to_string(),
        });
        if !change.workloads.is_empty() {
            object["workloads-diff-info"] = json!(change.workloads);
        }
        object
    };
    Value::Array(found.changes.iter().filter(|c| c.kind != Kind::Unchanged).map(object).collect())
}

fn focus(arguments: &NetworkGraph) -> Result<Focus, Failure> {
    let port = match arguments.focus_conn.as_deref() {
        None => None,
        Some(text) => Some(connection_port(text).ok_or_else(|| Problem::Port {
            text: text.to_owned(),
            expected: "a protocol and a port",
            example: "`tcp-8080`",
        })?),
    };
    Ok(Focus {
        workloads: arguments.focus_workload.clone(),
        peers: arguments.focus_workload_peer.clone(),
        direction: arguments.focus_direction.map(|direction| match direction {
            FocusDirection::Ingress => Direction::Ingress,
            FocusDirection::Egress => Direction::Egress,
        }),
        port,
    })
}

/// Reads `tcp-8080`.
fn connection_port(text: &str) -> Option<(Protocol, u16)> {
    let (protocol, port) = text.split_once('-')?;
    let port = port.parse().ok().filter(|port| *port != 0)?;
    Some((Protocol::parse(&protocol.to_uppercase())?, port))
}
