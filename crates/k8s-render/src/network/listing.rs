//! The whole relation as a list, in the shape that netpol-analyzer prints.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use super::connectivity::{Connectivity, End, Row};
use super::policy::Direction;
use super::ports::{PortTable, Ports, PortsId};

/// An allowed connection between two workloads, or between a workload and addresses outside the cluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Connection {
    /// `namespace/name[Kind]`, `first-last[External]` or `{ingress-controller}`.
    pub source: Arc<str>,
    /// The same for the destination.
    pub destination: Arc<str>,
    /// The ports.
    pub ports: Arc<Ports>,
}

/// `SOURCE => DESTINATION : PORTS`
impl fmt::Display for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} => {} : {}", self.source, self.destination, self.ports)
    }
}

/// What follows the range of addresses outside the cluster in a listing.
pub(crate) const EXTERNAL: &str = "[External]";

/// Which addresses outside the cluster a listing shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Families {
    /// IPv4 only, as netpol-analyzer does.
    V4,
    /// Both.
    All,
}

/// Every allowed connection, sorted. Connections of a workload with itself are left out.
///
/// The implied ingress controller is shown with the ports that Ingresses and routes lead it to.
pub fn connections(relation: &Connectivity<'_, '_>, families: Families) -> Vec<Connection> {
    let model = relation.model();
    let mut names: Vec<String> = Vec::new();
    let mut numbers: HashMap<String, usize> = HashMap::new();
    let mut name = |text: String| {
        *numbers.entry(text).or_insert_with_key(|text| {
            names.push(text.clone());
            names.len() - 1
        })
    };
    let pods: Vec<usize> = (0..model.pods.len()).map(|pods| name(model.label(pods))).collect();
    let mut external = |direction: Direction| {
        let ranges = relation.external(direction).iter();
        let shown = |range: &&super::cidr::IpRange| families == Families::All || range.first.is_ipv4();
        ranges.map(|range| shown(&range).then(|| name(format!("{range}{EXTERNAL}")))).collect::<Vec<_>>()
    };
    let (sources, destinations) = (external(Direction::Ingress), external(Direction::Egress));

    let mut found: BTreeMap<(usize, usize), PortsId> = BTreeMap::new();
    let mut add = |table: &mut PortTable, from: usize, to: usize, ports: PortsId| {
        if from != to && ports != PortTable::NONE {
            // Several pods can have one name: those of one owner.
            let known = found.entry((from, to)).or_insert(PortTable::NONE);
            *known = table.union(*known, ports);
        }
    };
    let members: Vec<Vec<usize>> = relation
        .members
        .iter()
        .map(|members| {
            members
                .iter()
                .filter(|member| !model.pods[**member].is_implied())
                .map(|member| pods[*member])
                .collect()
        })
        .collect();
    let (mut walk, mut row) = (relation.walk(), Row::default());
    for class in walk.order() {
        walk.class_row(class, &mut row);
        for &from in &members[class] {
            for (to, ports) in members.iter().zip(&row.classes) {
                for to in to {
                    add(&mut walk.ports, from, *to, *ports);
                }
            }
            for (to, ports) in destinations.iter().zip(&row.pieces) {
                if let Some(to) = to {
                    add(&mut walk.ports, from, *to, *ports);
                }
            }
        }
    }
    for (piece, from) in sources.iter().enumerate().filter_map(|(piece, from)| Some((piece, (*from)?))) {
        walk.piece_row(piece, &mut row);
        for (to, ports) in members.iter().zip(&row.classes) {
            for to in to {
                add(&mut walk.ports, from, *to, *ports);
            }
        }
    }
    // There is a connection for each pair of workloads, and few texts in all of them.
    let names: Vec<Arc<str>> = names.into_iter().map(Arc::from).collect();
    let mut shared: HashMap<PortsId, Arc<Ports>> = HashMap::new();
    let mut list: Vec<_> = found
        .into_iter()
        .map(|((from, to), ports)| Connection {
            source: Arc::clone(&names[from]),
            destination: Arc::clone(&names[to]),
            ports: Arc::clone(shared.entry(ports).or_insert_with(|| Arc::new(walk.ports.get(ports).clone()))),
        })
        .collect();
    list.extend(exposed(relation));
    list.sort_unstable();
    list
}

/// What the implied ingress controller may really reach of what it is led to.
fn exposed(relation: &Connectivity<'_, '_>) -> Vec<Connection> {
    let model = relation.model();
    let Some(controller) = model.pods.iter().position(super::model::Pods::is_implied) else {
        return Vec::new();
    };
    let mut found: BTreeMap<String, Ports> = BTreeMap::new();
    for (pods, ports) in &model.exposed {
        let allowed = relation.allowed(End::Pods(controller), End::Pods(*pods)).intersection(ports);
        if !allowed.is_empty() {
            let known = found.entry(model.label(*pods)).or_default();
            *known = known.union(&allowed);
        }
    }
    let controller: Arc<str> = Arc::from(model.label(controller));
    let connection = |(destination, ports): (String, Ports)| Connection {
        source: Arc::clone(&controller),
        destination: Arc::from(destination),
        ports: Arc::new(ports),
    };
    found.into_iter().map(connection).collect()
}
