//! Why a connection is allowed or denied.

use std::fmt;

use super::connectivity::{Connectivity, End, HostNetwork};
use super::model::{Model, Pods};
use super::policy::{Action, AdminRule, Direction, Peer, Peers, Policy, Rule, Who};
use super::selector::Selector;
use crate::inspect::Protocol;

/// The answer for one connection.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// What the source's policies say.
    pub egress: Verdict,
    /// What the destination's policies say.
    pub ingress: Verdict,
}

impl Explanation {
    /// Whether the connection is allowed: both ends must agree.
    pub fn allowed(&self) -> bool {
        self.egress.allows() && self.ingress.allows()
    }
}

/// What one end says about a connection.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// The end is an address outside the cluster, for which no policy speaks.
    Outside,
    /// No policy of the direction selects the pods, so everything is allowed.
    NotIsolated,
    /// A rule of an administrator decides.
    Decided {
        /// The rule.
        by: AdminPath,
        /// What it does.
        allows: bool,
    },
    /// These rules allow it.
    Allowed(Vec<RulePath>),
    /// Policies isolate the pods, and none of their rules allows it.
    Denied {
        /// The policies, by their index in [`Model::policies`].
        isolating: Vec<usize>,
        /// The rules that come closest, best first, at most three.
        nearest: Vec<Miss>,
    },
}

impl Verdict {
    /// Whether this end lets the connection pass.
    pub fn allows(&self) -> bool {
        !matches!(self, Self::Denied { .. } | Self::Decided { allows: false, .. })
    }
}

/// The place of a rule, and of the peer that matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RulePath {
    /// The policy, by its index in [`Model::policies`].
    pub policy: usize,
    /// The list the rule stands in.
    pub direction: Direction,
    /// The index of the rule.
    pub rule: usize,
    /// The index of the peer; none where the rule is for everybody.
    pub peer: Option<usize>,
}

impl RulePath {
    /// `policy prod/mysql ingress[0].from[1]`
    pub fn display(&self, model: &Model<'_>) -> String {
        let (policy, field) = (&model.policies[self.policy], self.direction.field());
        match self.peer {
            Some(peer) => {
                format!("policy {policy} {field}[{}].{}[{peer}]", self.rule, self.direction.peers_field())
            }
            None => format!("policy {policy} {field}[{}]", self.rule),
        }
    }

    /// The rule itself.
    pub fn find<'m, 'a>(&self, model: &'m Model<'a>) -> Option<&'m Rule<'a>> {
        model.policies[self.policy].rules(self.direction)?.iter().find(|rule| rule.index == self.rule)
    }
}

/// The place of a rule of an administrator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AdminPath {
    /// The policy, by its index in [`Model::admin`].
    pub policy: usize,
    /// The list the rule stands in.
    pub direction: Direction,
    /// The index of the rule.
    pub rule: usize,
}

impl AdminPath {
    /// `AdminNetworkPolicy name ingress[0]`
    pub fn display(&self, model: &Model<'_>) -> String {
        format!("{} {}[{}]", model.admin[self.policy].label(), self.direction.field(), self.rule)
    }

    /// The rule itself.
    pub fn find<'m, 'a>(&self, model: &'m Model<'a>) -> Option<&'m AdminRule<'a>> {
        model.admin[self.policy].rules(self.direction).iter().find(|rule| rule.index == self.rule)
    }
}

/// A rule that does not match, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Miss {
    /// The rule, with the peer that comes closest.
    pub rule: RulePath,
    /// What does not hold.
    pub reasons: Vec<String>,
}

impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reasons.join("; "))
    }
}

/// Explains whether `from` may connect to a port of `to`.
pub fn explain(
    relation: &Connectivity<'_, '_>,
    from: End,
    to: End,
    protocol: Protocol,
    port: u16,
) -> Explanation {
    let question = Question { relation, from, to, protocol, port };
    Explanation { egress: question.verdict(Direction::Egress), ingress: question.verdict(Direction::Ingress) }
}

struct Question<'q, 'm, 'a> {
    relation: &'q Connectivity<'m, 'a>,
    from: End,
    to: End,
    protocol: Protocol,
    port: u16,
}

impl Question<'_, '_, '_> {
    fn verdict(&self, direction: Direction) -> Verdict {
        let (subject, peer) = match direction {
            Direction::Egress => (self.from, self.to),
            Direction::Ingress => (self.to, self.from),
        };
        let End::Pods(subject) = subject else { return Verdict::Outside };
        if let Some(verdict) = self.decided(direction, false) {
            return verdict;
        }
        let isolating = self.relation.isolating(subject, direction);
        if isolating.is_empty() {
            return self.decided(direction, true).unwrap_or(Verdict::NotIsolated);
        }
        let mut allowing = Vec::new();
        let mut missing = Vec::new();
        for &policy in isolating {
            for rule in self.relation.model.policies[policy].rules(direction).unwrap_or_default() {
                let (who, mut reasons) = self.closest_peer(&self.relation.model.policies[policy], rule, peer);
                reasons.extend(self.port_problem(rule));
                let rule = RulePath { policy, direction, rule: rule.index, peer: who };
                if reasons.is_empty() {
                    allowing.push(rule);
                } else {
                    missing.push(Miss { rule, reasons });
                }
            }
        }
        if !allowing.is_empty() {
            return Verdict::Allowed(allowing);
        }
        missing.sort_by_key(|miss| miss.reasons.len());
        missing.truncate(3);
        Verdict::Denied { isolating: isolating.to_vec(), nearest: missing }
    }

    /// What the rules of administrators, or of the baseline, say; nothing when they leave it to others.
    fn decided(&self, direction: Direction, baseline: bool) -> Option<Verdict> {
        let (ends, port) = ((self.from, self.to), (self.protocol, self.port));
        let (policy, rule, action) = self.relation.deciding(direction, ends, port, baseline)?;
        let by = AdminPath { policy, direction, rule };
        match action {
            Action::Allow => Some(Verdict::Decided { by, allows: true }),
            Action::Deny => Some(Verdict::Decided { by, allows: false }),
            Action::Pass => None,
        }
    }

    /// The peer with the fewest reasons against it, and those reasons.
    fn closest_peer(&self, policy: &Policy<'_>, rule: &Rule<'_>, end: End) -> (Option<usize>, Vec<String>) {
        let Peers::Only(peers) = &rule.peers else { return (None, Vec::new()) };
        let against = peers.iter().map(|peer| (Some(peer.index), self.peer_problems(policy, peer, end)));
        let none = || (None, vec!["it has no usable peer".to_owned()]);
        against.min_by_key(|(_, reasons)| reasons.len()).unwrap_or_else(none)
    }

    fn peer_problems(&self, policy: &Policy<'_>, peer: &Peer<'_>, end: End) -> Vec<String> {
        match (&peer.who, end) {
            (Who::Block(block), End::Address(address)) if block.contains(address) => Vec::new(),
            (Who::Block(block), End::Address(address)) if block.range.contains(address) => {
                vec![format!("{address} is an exception of {block}")]
            }
            (Who::Block(block), End::Address(address)) => vec![format!("{address} is outside {block}")],
            (Who::Block(_), End::Pods(_)) => {
                vec!["an `ipBlock` is for addresses outside the cluster".to_owned()]
            }
            (Who::Pods { .. }, End::Address(address)) => vec![format!("selectors never match {address}")],
            (Who::Pods { namespaces, pods }, End::Pods(index)) => {
                let model = self.relation.model;
                let target = &model.pods[index];
                if target.host_network && self.relation.host_network == HostNetwork::Node {
                    return vec!["selectors never match pods on the network of their node".to_owned()];
                }
                let namespace = &model.namespaces[target.namespace];
                let mut reasons = match namespaces {
                    Some(selector) => unmet(selector, &namespace.labels, "namespace", namespace.name),
                    None if namespace.name == policy.object.namespace() => Vec::new(),
                    None => {
                        let own = policy.object.namespace();
                        vec![format!(
                            "without a `namespaceSelector` it is for pods of namespace `{own}` only"
                        )]
                    }
                };
                reasons.extend(unmet(pods, &target.labels, "pod", target.name));
                reasons
            }
        }
    }

    fn port_problem(&self, rule: &Rule<'_>) -> Option<String> {
        let (protocol, port) = (self.protocol, self.port);
        let destination: Option<&Pods<'_>> = match self.to {
            End::Pods(pods) => Some(&self.relation.model.pods[pods]),
            End::Address(_) => None,
        };
        let named = |&(of, name): &(Protocol, &str)| {
            of == protocol && destination.and_then(|pods| pods.named_port(name, of)) == Some(port)
        };
        if rule.ports.numbers.contains(protocol, port) || rule.ports.names.iter().any(named) {
            return None;
        }
        let mut allowed = Vec::new();
        if !rule.ports.numbers.is_empty() {
            allowed.push(rule.ports.numbers.to_string());
        }
        allowed.extend(rule.ports.names.iter().map(|(protocol, name)| {
            match destination.and_then(|pods| pods.named_port(name, *protocol)) {
                Some(port) => format!("{protocol} `{name}` (here {port})"),
                None => format!("{protocol} `{name}` (which the destination does not have)"),
            }
        }));
        let allowed = if allowed.is_empty() { "no port".to_owned() } else { allowed.join(", ") };
        Some(format!("{protocol} {port} is not among its ports: {allowed}"))
    }
}

/// The requirements that labels do not satisfy.
fn unmet(selector: &Selector<'_>, labels: &[(&str, &str)], what: &str, name: &str) -> Vec<String> {
    let failing = selector.requirements().iter().filter(|requirement| !requirement.holds(labels));
    failing
        .map(|requirement| match labels.iter().find(|(key, _)| *key == requirement.key) {
            Some((key, value)) => {
                format!("{what} `{name}` has `{key}={value}`, the rule needs `{requirement}`")
            }
            None => {
                format!("{what} `{name}` has no label `{}`, the rule needs `{requirement}`", requirement.key)
            }
        })
        .collect()
}
