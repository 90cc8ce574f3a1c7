//! What changes between two relations: connections added, removed and changed, with the workloads that come and go.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use super::cidr::{IpBlock, IpRange, successor};
use super::connectivity::{Connectivity, HostNetwork};
use super::listing::{Connection, EXTERNAL, Families, connections};
use super::model::Model;
use super::policy::{Direction, Peers, Who};
use super::ports::Ports;

/// How the connections between two ends differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Allowed on other ports than before.
    Changed,
    /// Not allowed before.
    Added,
    /// No longer allowed.
    Removed,
    /// The same as before.
    Unchanged,
}

impl Kind {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Unchanged => "unchanged",
        }
    }
}

/// The connections between two ends, before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// How they differ.
    pub kind: Kind,
    /// As in a listing.
    pub source: Arc<str>,
    /// As in a listing.
    pub destination: Arc<str>,
    /// The ports before.
    pub before: Ports,
    /// The ports after.
    pub after: Ports,
    /// Which of the two workloads came or went: `workload default/web[Deployment] added`; else empty.
    pub workloads: String,
}

/// Everything that two relations have, by kind; connections of an implied ingress controller last within each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Difference {
    /// The connections, unchanged ones too.
    pub changes: Vec<Change>,
    /// Workloads that only the second relation has.
    pub new: BTreeSet<String>,
    /// Workloads that only the first relation has.
    pub lost: BTreeSet<String>,
}

impl Difference {
    /// What differs, without what is unchanged.
    pub fn differing(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(|change| change.kind != Kind::Unchanged)
    }
}

/// Compares two models. The addresses outside are cut at the bounds of both, then joined where nothing differs.
pub fn difference(
    before: &Model<'_>,
    after: &Model<'_>,
    host_network: HostNetwork,
    families: Families,
) -> Difference {
    let blocks = |model: &Model<'_>| Direction::BOTH.map(|direction| blocks_of(model, direction));
    let (of_before, of_after) = (blocks(before), blocks(after));
    let list = |model: &Model<'_>, [ingress, egress]: &[Vec<IpBlock>; 2]| {
        let relation = Connectivity::observing(model, host_network, &[], [ingress, egress]);
        connections(&relation, families)
    };
    let workloads =
        |model: &Model<'_>| (0..model.pods.len()).map(|pods| model.label(pods)).collect::<BTreeSet<_>>();
    let (first, second) = (workloads(before), workloads(after));
    let new: BTreeSet<_> = second.difference(&first).filter(|name| !is_controller(name)).cloned().collect();
    let lost: BTreeSet<_> = first.difference(&second).filter(|name| !is_controller(name)).cloned().collect();

    let mut pairs: BTreeMap<Pair, (Ports, Ports)> = BTreeMap::new();
    for Connection { source, destination, ports } in list(before, &of_after) {
        pairs.entry((source, destination)).or_default().0 = Arc::unwrap_or_clone(ports);
    }
    for Connection { source, destination, ports } in list(after, &of_before) {
        pairs.entry((source, destination)).or_default().1 = Arc::unwrap_or_clone(ports);
    }
    let mut changes: Vec<_> = joined(pairs)
        .into_iter()
        .map(|((source, destination), (before, after))| {
            let kind = match (&before, &after) {
                (before, after) if before == after => Kind::Unchanged,
                (before, _) if before.is_empty() => Kind::Added,
                (_, after) if after.is_empty() => Kind::Removed,
                _ => Kind::Changed,
            };
            let workloads = match kind {
                Kind::Added => comings(&new, &source, &destination, "added"),
                Kind::Removed => comings(&lost, &source, &destination, "removed"),
                Kind::Changed | Kind::Unchanged => String::new(),
            };
            Change { kind, source, destination, before, after, workloads }
        })
        .collect();
    changes.sort_by(|a, b| {
        let key = |change: &Change| (change.kind, is_controller(&change.source));
        key(a).cmp(&key(b)).then_with(|| (&a.source, &a.destination).cmp(&(&b.source, &b.destination)))
    });
    Difference { changes, new, lost }
}

fn is_controller(name: &str) -> bool {
    name.starts_with('{')
}

fn comings(which: &BTreeSet<String>, source: &str, destination: &str, verb: &str) -> String {
    let named: Vec<_> = [source, destination].into_iter().filter(|name| which.contains(*name)).collect();
    if named.is_empty() { String::new() } else { format!("workload {} {verb}", named.join(" and ")) }
}

fn blocks_of(model: &Model<'_>, direction: Direction) -> Vec<IpBlock> {
    let rules = model.policies.iter().filter_map(|policy| policy.rules(direction)).flatten();
    let peers = rules.filter_map(|rule| match &rule.peers {
        Peers::Only(peers) => Some(peers),
        Peers::Everyone => None,
    });
    let blocks = peers.flatten().filter_map(|peer| match &peer.who {
        Who::Block(block) => Some(block.clone()),
        Who::Pods { .. } => None,
    });
    blocks.collect()
}

type Pair = (Arc<str>, Arc<str>);

/// A range of addresses with its ports before and after.
type Range = (IpRange, (Ports, Ports));

/// A range that may go on: its peer, whether the peer is the destination, the addresses and the ports.
type OpenRange = (Arc<str>, bool, IpRange, (Ports, Ports));

/// Joins ranges of addresses that touch and have the same ports with the same peer, before and after.
fn joined(pairs: BTreeMap<Pair, (Ports, Ports)>) -> BTreeMap<Pair, (Ports, Ports)> {
    let mut result = BTreeMap::new();
    // By peer, whether the peer is the destination, and the first address.
    let mut outside: BTreeMap<(Arc<str>, bool, IpAddr), Range> = BTreeMap::new();
    for ((source, destination), ports) in pairs {
        match (range_of(&source), range_of(&destination)) {
            (Some(range), _) => {
                outside.insert((destination, true, range.first), (range, ports));
            }
            (None, Some(range)) => {
                outside.insert((source, false, range.first), (range, ports));
            }
            (None, None) => {
                result.insert((source, destination), ports);
            }
        }
    }
    let mut open: Option<OpenRange> = None;
    let mut close = |open: Option<OpenRange>| {
        if let Some((peer, inbound, range, ports)) = open {
            let addresses = Arc::from(format!("{range}{EXTERNAL}"));
            result.insert(if inbound { (addresses, peer) } else { (peer, addresses) }, ports);
        }
    };
    for ((peer, inbound, _), (range, ports)) in outside {
        match &mut open {
            Some((same, way, before, known))
                if *same == peer
                    && *way == inbound
                    && *known == ports
                    && successor(before.last) == Some(range.first) =>
            {
                before.last = range.last;
            }
            _ => close(open.replace((peer, inbound, range, ports))),
        }
    }
    close(open);
    result
}

/// The addresses that a listing calls by this name; none for a workload.
fn range_of(name: &str) -> Option<IpRange> {
    let (first, last) = name.strip_suffix(EXTERNAL)?.split_once('-')?;
    Some(IpRange { first: first.parse().ok()?, last: last.parse().ok()? })
}
