//! Words for edges and parties, and the rule that would allow an edge.

use super::{Edge, Party};
use crate::finding::Source;
use crate::inspect::Place;
use crate::network::cidr::IpBlock;
use crate::network::model::NAMESPACE_NAME;
use crate::network::policy::Direction;
use crate::network::ports::Ports;

pub(super) fn edge_place(edge: &Edge) -> Place {
    let nowhere =
        || Place { src: Source::new("declared edges", std::sync::Arc::from("")), span: (0, 0).into() };
    edge.place.clone().unwrap_or_else(nowhere)
}

pub(super) fn ports_text(ports: &Ports) -> String {
    if ports.is_all() { "every port".to_owned() } else { ports.to_string() }
}

pub(super) fn edge_text(edge: &Edge, ports: &Ports) -> String {
    format!("`{}` on {}", edge.name, ports_text(ports))
}

pub(super) fn party_text(party: &Party) -> String {
    match party {
        Party::Pods { namespace, labels } => {
            let labels: Vec<_> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
            let labels =
                if labels.is_empty() { "any pod".to_owned() } else { format!("`{}`", labels.join(",")) };
            match namespace {
                Some(namespace) => format!("{labels} in namespace `{namespace}`"),
                None => format!("{labels} in any namespace"),
            }
        }
        Party::Block(block) => format!("`{block}`"),
    }
}

/// The rule that would allow an edge, as YAML for a policy that selects the denying side.
pub(super) fn missing_rule(edge: &Edge, direction: Direction, ports: &Ports) -> String {
    let (subject, peer) = match direction {
        Direction::Ingress => (&edge.provider, &edge.consumer),
        Direction::Egress => (&edge.consumer, &edge.provider),
    };
    let peer = match peer {
        Party::Block(block) => {
            let cidr = IpBlock { range: block.range, except: Vec::new() };
            let mut text = format!("- ipBlock:\n          cidr: {cidr}");
            if !block.except.is_empty() {
                text.push_str("\n          except:");
                for range in &block.except {
                    let except = IpBlock { range: *range, except: Vec::new() };
                    text.push_str("\n            - ");
                    text.push_str(&except.to_string());
                }
            }
            text
        }
        Party::Pods { namespace, labels } => {
            let namespaces = match namespace {
                Some(name) => format!("\n          matchLabels:\n            {NAMESPACE_NAME}: {name}"),
                None => " {}".to_owned(),
            };
            let labels: Vec<_> =
                labels.iter().map(|(key, value)| format!("\n            {key}: {value}")).collect();
            let labels = match labels.as_slice() {
                [] => " {}".to_owned(),
                labels => format!("\n          matchLabels:{}", labels.concat()),
            };
            format!("- namespaceSelector:{namespaces}\n        podSelector:{labels}")
        }
    };
    let ports: Vec<_> = ports
        .ranges()
        .map(|(protocol, first, last)| {
            let end = if first == last { String::new() } else { format!("\n        endPort: {last}") };
            format!("\n      - protocol: {protocol}\n        port: {first}{end}")
        })
        .collect();
    format!(
        "add to a policy that selects {}:\n{}:\n  - {}:\n      {peer}\n    ports:{}",
        party_text(subject),
        direction.field(),
        direction.peers_field(),
        ports.concat(),
    )
}
