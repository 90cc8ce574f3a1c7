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

/// A rule of an administrator that matches both ends.
pub(super) struct Asked<P> {
    pub(super) is_baseline: bool,
    pub(super) action: Action,
    /// The ports that it is about there.
    pub(super) ports: P,
}

/// What all layers allow. `rules` come in the order in which they are asked, the baseline's last; `own` is what the
/// `NetworkPolicies` allow, none where they do not isolate.
pub(super) fn layered<P>(
    sets: &mut impl Algebra<P>,
    rules: impl IntoIterator<Item = Asked<P>>,
    own: Option<P>,
) -> P {
    let mut state = State { open: sets.all(), passed: sets.none(), allowed: sets.none() };
    let mut rules = rules.into_iter().peekable();
    while let Some(rule) = rules.next_if(|rule| !rule.is_baseline) {
        state.ask(&rule, sets);
    }
    state.open = sets.union(&state.open, &state.passed);
    if let Some(own) = own {
        state.open = sets.intersection(&state.open, &own);
    } else {
        rules.for_each(|rule| state.ask(&rule, sets));
    }
    // What nobody has decided is allowed.
    sets.union(&state.allowed, &state.open)
}

/// The ports between two ends while rules are asked in turn.
struct State<P> {
    /// What no rule has decided.
    open: P,
    /// What administrators leave to the `NetworkPolicies`.
    passed: P,
    allowed: P,
}

impl<P> State<P> {
    fn ask(&mut self, rule: &Asked<P>, sets: &mut impl Algebra<P>) {
        let decided = sets.intersection(&self.open, &rule.ports);
        self.open = sets.difference(&self.open, &rule.ports);
        match rule.action {
            Action::Allow => self.allowed = sets.union(&self.allowed, &decided),
            Action::Pass => self.passed = sets.union(&self.passed, &decided),
            Action::Deny => {}
        }
    }
}
