//! Parts of the relation: the connections of some workloads, in one direction, on one port.

use super::listing::Connection;
use super::model::Model;
use super::policy::Direction;
use crate::inspect::Protocol;

/// The name under which a focus means the implied ingress controller.
const INGRESS_CONTROLLER: &str = "ingress-controller";

/// Which connections to keep; the default keeps all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Focus {
    /// Workloads, as `name` or `namespace/name`, one of which must be an end; none for no condition.
    pub workloads: Vec<String>,
    /// Workloads one of which must be the other end; none for no condition. Means nothing without `workloads`.
    pub peers: Vec<String>,
    /// Only connections to (ingress) or from (egress) the workloads. Means nothing without `workloads`.
    pub direction: Option<Direction>,
    /// Only connections that this port is allowed for.
    pub port: Option<(Protocol, u16)>,
}

/// Whether `wanted` (`name`, `namespace/name`) means the peer that a listing calls `label`.
fn means(wanted: &str, label: &str) -> bool {
    if label.ends_with("[External]") {
        return false;
    }
    let plain = label.split_once('[').map_or(label, |(plain, _)| plain).trim_matches(['{', '}']);
    wanted == plain || plain.rsplit_once('/').is_some_and(|(_, name)| name == wanted)
}

/// The pods that a name (`name`, `namespace/name`, `ingress-controller`) means, by their index.
pub fn find(model: &Model<'_>, name: &str) -> Vec<usize> {
    (0..model.pods.len()).filter(|pods| means(name, &model.label(*pods))).collect()
}

impl Focus {
    /// The names that mean no workload of the model.
    pub fn unknown(&self, model: &Model<'_>) -> Vec<&str> {
        let labels: Vec<_> = (0..model.pods.len()).map(|pods| model.label(pods)).collect();
        let is_known = |name: &str| {
            name == INGRESS_CONTROLLER && !model.exposed.is_empty()
                || labels.iter().any(|label| means(name, label))
        };
        self.workloads.iter().chain(&self.peers).map(String::as_str).filter(|name| !is_known(name)).collect()
    }

    /// Whether the connection is kept.
    pub fn keeps(&self, connection: &Connection) -> bool {
        let Connection { source, destination, ports } = connection;
        self.port.is_none_or(|(protocol, port)| ports.contains(protocol, port))
            && self.keeps_ends(source, destination)
    }

    fn keeps_ends(&self, source: &str, destination: &str) -> bool {
        if self.workloads.is_empty() {
            return true;
        }
        let of = |names: &[String], label: &str| names.iter().any(|name| means(name, label));
        let peer = |label: &str| self.peers.is_empty() || of(&self.peers, label);
        let egress = self.direction != Some(Direction::Ingress) && of(&self.workloads, source);
        let ingress = self.direction != Some(Direction::Egress) && of(&self.workloads, destination);
        egress && peer(destination) || ingress && peer(source)
    }

    /// The connections that are kept, in their order.
    pub fn apply(&self, connections: Vec<Connection>) -> Vec<Connection> {
        connections.into_iter().filter(|connection| self.keeps(connection)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::ports::Ports;

    fn connection(source: &str, destination: &str) -> Connection {
        let ports = Ports::single(Protocol::Tcp, 80);
        Connection { source: source.into(), destination: destination.into(), ports: ports.into() }
    }

    #[test]
    fn workload_peer_direction_and_port_all_narrow() {
        let here = connection("a/web[Deployment]", "b/db[StatefulSet]");
        let names = |name: &str| vec![name.to_owned()];
        let keeps = |workload: &str, peer: &str, direction, port| {
            let peers = if peer.is_empty() { Vec::new() } else { names(peer) };
            Focus { workloads: names(workload), peers, direction, port }.keeps(&here)
        };
        assert!(Focus::default().keeps(&here));
        assert!(keeps("web", "", None, None));
        assert!(keeps("b/db", "a/web", Some(Direction::Ingress), Some((Protocol::Tcp, 80))));
        assert!(!keeps("b/db", "a/web", Some(Direction::Egress), None));
        assert!(!keeps("a/db", "", None, None));
        assert!(!keeps("web", "cache", None, None));
        assert!(!keeps("web", "", None, Some((Protocol::Udp, 80))));
    }

    #[test]
    fn addresses_and_the_controller() {
        let inbound = connection("{ingress-controller}", "a/web[Deployment]");
        let focus = |name: &str| Focus { workloads: vec![name.to_owned()], ..Focus::default() };
        assert!(focus("ingress-controller").keeps(&inbound));
        assert!(
            !focus("0.0.0.0-9.255.255.255").keeps(&connection("0.0.0.0-9.255.255.255[External]", "a/x[Pod]"))
        );
    }
}
