//! Sets of ports, exact, per protocol.

use std::collections::HashMap;
use std::fmt;

use crate::inspect::Protocol;

/// The highest port; the lowest is 1.
const LAST: u16 = u16::MAX;

/// A set of (protocol, port) pairs as sorted intervals that neither touch nor overlap.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub struct Ports {
    /// By the order of [`Protocol::ALL`], inclusive bounds.
    intervals: [Vec<(u16, u16)>; 3],
}

impl Ports {
    /// No port.
    pub fn none() -> Self {
        Self::default()
    }

    /// Every port of every protocol.
    pub fn all() -> Self {
        Self { intervals: std::array::from_fn(|_| vec![(1, LAST)]) }
    }

    /// The ports `first` to `last` of one protocol, both included.
    pub fn range(protocol: Protocol, first: u16, last: u16) -> Self {
        let mut ports = Self::none();
        if first <= last {
            ports.intervals[protocol as usize].push((first.max(1), last));
        }
        ports
    }

    /// One port.
    pub fn single(protocol: Protocol, port: u16) -> Self {
        Self::range(protocol, port, port)
    }

    /// Every port of one protocol.
    pub fn whole(protocol: Protocol) -> Self {
        Self::range(protocol, 1, LAST)
    }

    /// Whether there is no port in it.
    pub fn is_empty(&self) -> bool {
        self.intervals.iter().all(Vec::is_empty)
    }

    /// Whether every port of every protocol is in it.
    pub fn is_all(&self) -> bool {
        self.intervals.iter().all(|intervals| intervals == &[(1, LAST)])
    }

    /// Whether the port is in it.
    pub fn contains(&self, protocol: Protocol, port: u16) -> bool {
        self.intervals[protocol as usize].iter().any(|(first, last)| (*first..=*last).contains(&port))
    }

    /// The intervals (inclusive), by protocol.
    pub fn ranges(&self) -> impl Iterator<Item = (Protocol, u16, u16)> {
        Protocol::ALL.into_iter().flat_map(|protocol| {
            self.intervals[protocol as usize].iter().map(move |(first, last)| (protocol, *first, *last))
        })
    }

    /// What is in either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self::combine(self, other, |a, b| {
            let mut all: Vec<_> = a.iter().chain(b).copied().collect();
            all.sort_unstable();
            let mut joined: Vec<(u16, u16)> = Vec::with_capacity(all.len());
            for (first, last) in all {
                match joined.last_mut() {
                    Some(previous) if first <= previous.1.saturating_add(1) => {
                        previous.1 = previous.1.max(last);
                    }
                    _ => joined.push((first, last)),
                }
            }
            joined
        })
    }

    /// What is in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        Self::combine(self, other, |a, b| {
            let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
            let mut common = Vec::new();
            while let (Some(&&(a_first, a_last)), Some(&&(b_first, b_last))) = (a.peek(), b.peek()) {
                let (first, last) = (a_first.max(b_first), a_last.min(b_last));
                if first <= last {
                    common.push((first, last));
                }
                if a_last <= b_last {
                    a.next()
                } else {
                    b.next()
                };
            }
            common
        })
    }

    /// What is in this and not in the other.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        Self::combine(self, other, |a, b| {
            let mut left = Vec::new();
            for &(first, last) in a {
                // The next port that may still be left, None behind the last possible one.
                let mut next = Some(first);
                for &(cut_first, cut_last) in b.iter().filter(|cut| cut.0 <= last && cut.1 >= first) {
                    if let Some(start) = next.filter(|start| *start < cut_first) {
                        left.push((start, cut_first - 1));
                    }
                    next = cut_last.checked_add(1);
                }
                if let Some(start) = next.filter(|start| *start <= last) {
                    left.push((start, last));
                }
            }
            left
        })
    }

    fn combine(a: &Self, b: &Self, by: impl Fn(&[(u16, u16)], &[(u16, u16)]) -> Vec<(u16, u16)>) -> Self {
        Self { intervals: std::array::from_fn(|index| by(&a.intervals[index], &b.intervals[index])) }
    }
}

/// `All Connections`, `No Connections`, or per protocol its name and its ports: `TCP 80,8000-8080,UDP 53`.
impl fmt::Display for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_all() {
            return f.write_str("All Connections");
        }
        if self.is_empty() {
            return f.write_str("No Connections");
        }
        let mut protocol_before = None;
        for (protocol, first, last) in self.ranges() {
            match protocol_before.replace(protocol) {
                None => write!(f, "{protocol} ")?,
                Some(before) if before == protocol => f.write_str(",")?,
                Some(_) => write!(f, ",{protocol} ")?,
            }
            if first == last { write!(f, "{first}")? } else { write!(f, "{first}-{last}")? }
        }
        Ok(())
    }
}

/// The number of a set of ports in a [`PortTable`].
pub(crate) type PortsId = usize;

/// Distinct sets of ports under small numbers, with the results of operations on them remembered.
#[derive(Debug, Clone)]
pub(crate) struct PortTable {
    sets: Vec<Ports>,
    ids: HashMap<Ports, PortsId>,
    unions: HashMap<(PortsId, PortsId), PortsId>,
    intersections: HashMap<(PortsId, PortsId), PortsId>,
    differences: HashMap<(PortsId, PortsId), PortsId>,
}

impl PortTable {
    /// The number of the empty set.
    pub(crate) const NONE: PortsId = 0;
    /// The number of the set of all ports.
    pub(crate) const ALL: PortsId = 1;

    pub(crate) fn new() -> Self {
        let mut table = Self {
            sets: Vec::new(),
            ids: HashMap::new(),
            unions: HashMap::new(),
            intersections: HashMap::new(),
            differences: HashMap::new(),
        };
        table.add(Ports::none());
        table.add(Ports::all());
        table
    }

    pub(crate) fn add(&mut self, ports: Ports) -> PortsId {
        *self.ids.entry(ports).or_insert_with_key(|ports| {
            self.sets.push(ports.clone());
            self.sets.len() - 1
        })
    }

    pub(crate) fn get(&self, id: PortsId) -> &Ports {
        &self.sets[id]
    }

    pub(crate) fn union(&mut self, a: PortsId, b: PortsId) -> PortsId {
        match (a, b) {
            (a, b) if a == b => a,
            (Self::NONE, other) | (other, Self::NONE) => other,
            (Self::ALL, _) | (_, Self::ALL) => Self::ALL,
            _ => {
                if let Some(known) = self.unions.get(&(a, b)) {
                    return *known;
                }
                let id = self.add(self.sets[a].union(&self.sets[b]));
                self.unions.insert((a, b), id);
                id
            }
        }
    }

    pub(crate) fn difference(&mut self, a: PortsId, b: PortsId) -> PortsId {
        match (a, b) {
            (Self::NONE, _) | (_, Self::ALL) => Self::NONE,
            (a, Self::NONE) => a,
            (a, b) if a == b => Self::NONE,
            _ => {
                if let Some(known) = self.differences.get(&(a, b)) {
                    return *known;
                }
                let id = self.add(self.sets[a].difference(&self.sets[b]));
                self.differences.insert((a, b), id);
                id
            }
        }
    }

    pub(crate) fn intersection(&mut self, a: PortsId, b: PortsId) -> PortsId {
        match (a, b) {
            (a, b) if a == b => a,
            (Self::ALL, other) | (other, Self::ALL) => other,
            (Self::NONE, _) | (_, Self::NONE) => Self::NONE,
            _ => {
                if let Some(known) = self.intersections.get(&(a, b)) {
                    return *known;
                }
                let id = self.add(self.sets[a].intersection(&self.sets[b]));
                self.intersections.insert((a, b), id);
                id
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn arbitrary() -> impl Strategy<Value = Ports> {
        let bound = prop_oneof![1u16..12, 65_530u16..=65_535];
        let range = (0usize..3, bound.clone(), bound)
            .prop_map(|(protocol, a, b)| Ports::range(Protocol::ALL[protocol], a.min(b), a.max(b)));
        prop::collection::vec(range, 0..6)
            .prop_map(|ranges| ranges.iter().fold(Ports::none(), |all, range| all.union(range)))
    }

    proptest! {
        #[test]
        fn operations_are_those_of_sets(a in arbitrary(), b in arbitrary(), protocol in 0usize..3, offset in 0u16..24) {
            let protocol = Protocol::ALL[protocol];
            let port = if offset < 12 { offset + 1 } else { 65_535 - (offset - 12) };
            let (in_a, in_b) = (a.contains(protocol, port), b.contains(protocol, port));
            prop_assert_eq!(a.union(&b).contains(protocol, port), in_a || in_b);
            prop_assert_eq!(a.intersection(&b).contains(protocol, port), in_a && in_b);
            prop_assert_eq!(a.difference(&b).contains(protocol, port), in_a && !in_b);
        }

        #[test]
        fn the_form_is_canonical(a in arbitrary(), b in arbitrary()) {
            prop_assert_eq!(a.union(&b), b.union(&a));
            prop_assert_eq!(a.difference(&b).union(&a.intersection(&b)), a.clone());
            prop_assert!(a.difference(&a).is_empty());
            prop_assert_eq!(Ports::all().difference(&Ports::all().difference(&a)), a);
        }
    }

    #[test]
    fn printed_by_protocol_and_interval() {
        let ports = Ports::single(Protocol::Udp, 53)
            .union(&Ports::range(Protocol::Tcp, 8000, 8080))
            .union(&Ports::single(Protocol::Tcp, 80));
        assert_eq!(ports.to_string(), "TCP 80,8000-8080,UDP 53");
        assert_eq!(Ports::all().to_string(), "All Connections");
        assert_eq!(Ports::none().to_string(), "No Connections");
        assert_eq!(Ports::whole(Protocol::Sctp).to_string(), "SCTP 1-65535");
    }

    #[test]
    fn neighbours_join() {
        let ports = Ports::range(Protocol::Tcp, 1, 79).union(&Ports::range(Protocol::Tcp, 80, u16::MAX));
        assert_eq!(ports, Ports::whole(Protocol::Tcp));
    }
}
