//! What the layers of policies leave of the ports between two ends: first the administrators' rules, then the
//! `NetworkPolicies` or, where none isolates, the baseline.

use crate::network::policy::Action;
use crate::network::ports::{PortTable, Ports, PortsId};

/// Operations on sets of ports, held as they are or by number.
pub(super) trait Algebra<P> {
    fn none(&self) -> P;
    fn all(&self) -> P;
    fn union(&mut self, a: &P, b: &P) -> P;
    fn intersection(&mut self, a: &P, b: &P) -> P;
    fn difference(&mut self, a: &P, b: &P) -> P;
}

/// The sets themselves.
pub(super) struct Plain;

impl Algebra<Ports> for Plain {
    fn none(&self) -> Ports {
        Ports::none()
    }
    fn all(&self) -> Ports {
        Ports::all()
    }
    fn union(&mut self, a: &Ports, b: &Ports) -> Ports {
        a.union(b)
    }
    fn intersection(&mut self, a: &Ports, b: &Ports) -> Ports {
        a.intersection(b)
    }
    fn difference(&mut self, a: &Ports, b: &Ports) -> Ports {
        a.difference(b)
    }
}

impl Algebra<PortsId> for PortTable {
    fn none(&self) -> PortsId {
        Self::NONE
    }
    fn all(&self) -> PortsId {
        Self::ALL
    }
    fn union(&mut self, a: &PortsId, b: &PortsId) -> PortsId {
        PortTable::union(self, *a, *b)
    }
    fn intersection(&mut self, a: &PortsId, b: &PortsId) -> PortsId {
        PortTable::intersection(self, *a, *b)
    }
    fn difference(&mut self, a: &PortsId, b: &PortsId) -> PortsId {
        PortTable::difference(self, *a, *b)
    }
}

/// The state between two ends while rules are asked in turn.
#[derive(Debug, Clone)]
pub(super) struct Layers<P> {
    /// What no rule has decided.
    open: P,
    /// What the administrators leave to the `NetworkPolicies`.
    passed: P,
    allowed: P,
}

impl<P: Clone> Layers<P> {
    pub(super) fn new(sets: &impl Algebra<P>) -> Self {
        Self { open: sets.all(), passed: sets.none(), allowed: sets.none() }
    }

    /// Asks a rule that matches both ends.
    pub(super) fn ask(&mut self, action: Action, ports: &P, sets: &mut impl Algebra<P>) {
        let decided = sets.intersection(&self.open, ports);
        self.open = sets.difference(&self.open, ports);
        match action {
            Action::Allow => self.allowed = sets.union(&self.allowed, &decided),
            Action::Pass => self.passed = sets.union(&self.passed, &decided),
            Action::Deny => {}
        }
    }

    /// Ends the administrators' layer: what they passed on is open again.
    pub(super) fn pass(&mut self, sets: &mut impl Algebra<P>) {
        self.open = sets.union(&self.open, &self.passed);
    }

    /// Ends with the `NetworkPolicies`, which isolate and allow these ports.
    pub(super) fn isolated(self, ports: &P, sets: &mut impl Algebra<P>) -> P {
        let rest = sets.intersection(&self.open, ports);
        sets.union(&self.allowed, &rest)
    }

    /// Ends without isolation: what nobody has decided is allowed.
    pub(super) fn rest(self, sets: &mut impl Algebra<P>) -> P {
        sets.union(&self.allowed, &self.open)
    }
}
