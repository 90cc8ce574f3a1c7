//! Policies of the cluster's administrators: `AdminNetworkPolicy` and `BaselineAdminNetworkPolicy`
//! (`policy.networking.k8s.io/v1alpha1`, <https://network-policy-api.sigs.k8s.io/reference/spec/>).
//!
//! The rules of the former are asked in the order of priorities, then of the list: the first that matches a connection allows
//! it, denies it, or passes it on to the `NetworkPolicies`. What no `NetworkPolicy` isolates is asked of the latter, and what nobody
//! decides is allowed.

use super::read::Reader;
use super::{Direction, Peer, RulePorts, Who};
use crate::inspect::{Object, Place, Protocol, Sources};
use crate::network::cidr::IpBlock;
use crate::network::finding::Finding;
use crate::network::ports::Ports;
use crate::network::selector::Selector;
use crate::yaml::{Node, Value};

/// When a policy is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// Before the `NetworkPolicies`, lower priorities first.
    Admin(u16),
    /// After them.
    Baseline,
}

/// What becomes of a connection that a rule matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It is allowed.
    Allow,
    /// It is denied.
    Deny,
    /// The `NetworkPolicies` decide.
    Pass,
}

impl Action {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "Allow",
            Self::Deny => "Deny",
            Self::Pass => "Pass",
        }
    }
}

/// A policy of an administrator, as far as it could be read.
#[derive(Debug, Clone)]
pub struct AdminPolicy<'a> {
    /// The object.
    pub object: Object<'a>,
    /// When it is asked.
    pub tier: Tier,
    /// The pods it applies to; none when that could not be read.
    pub subject: Option<Who<'a>>,
    /// The rules by direction ([`Direction::BOTH`]).
    rules: [Vec<AdminRule<'a>>; 2],
}

/// One of its rules.
#[derive(Debug, Clone)]
pub struct AdminRule<'a> {
    /// Its place in the list of its direction.
    pub index: usize,
    /// What becomes of what it matches.
    pub action: Action,
    /// Who.
    pub peers: Vec<Peer<'a>>,
    /// On which ports.
    pub ports: RulePorts<'a>,
    /// The rule itself.
    pub node: &'a Node,
}

const GROUP_VERSION: &str = "policy.networking.k8s.io/v1alpha1";

impl<'a> AdminPolicy<'a> {
    /// Whether the object is a policy that this reader understands.
    pub fn is_one(object: &Object<'_>) -> bool {
        matches!(object.kind, "AdminNetworkPolicy" | "BaselineAdminNetworkPolicy")
            && object.api_version() == GROUP_VERSION
    }

    /// Reads a policy; whatever is wrong with it is reported and left out.
    pub fn read(object: Object<'a>, sources: Sources<'_>, findings: &mut Vec<Finding>) -> Self {
        Reader { object, sources, findings }.admin()
    }

    /// The rules of a direction.
    pub fn rules(&self, direction: Direction) -> &[AdminRule<'a>] {
        &self.rules[direction as usize]
    }

    /// `AdminNetworkPolicy name`
    pub fn label(&self) -> String {
        format!("{} {}", self.object.kind, self.object.name())
    }
}

impl<'a> Reader<'a, '_> {
    pub(super) fn admin(mut self) -> AdminPolicy<'a> {
        let object = self.object;
        let is_baseline = object.kind == "BaselineAdminNetworkPolicy";
        let mut policy =
            AdminPolicy { object, tier: Tier::Baseline, subject: None, rules: [Vec::new(), Vec::new()] };
        let Some(spec) = object.node.get("spec").filter(|spec| spec.as_mapping().is_some()) else {
            self.invalid_admin(object.node, "it has no `spec`", "say what it applies to, and its rules");
            return policy;
        };
        let known: &[&str] = &["priority", "subject", "ingress", "egress"];
        self.known_keys(spec, "a policy's `spec`", &known[usize::from(is_baseline)..]);
        if is_baseline {
            if object.name() != "default" {
                self.invalid_admin(
                    object.node,
                    "a cluster has one baseline policy, named `default`",
                    "name it `default`",
                );
            }
        } else {
            let priority =
                spec.get("priority").and_then(Node::as_i64).and_then(|number| u16::try_from(number).ok());
            if let Some(priority) = priority.filter(|priority| *priority <= 1000) {
                policy.tier = Tier::Admin(priority);
            } else {
                let node = spec.get("priority").unwrap_or(spec);
                self.invalid_admin(
                    node,
                    "it has no priority of 0 to 1000",
                    "give it one; lower ones are asked first",
                );
            }
        }
        if let Some(subject) = spec.get("subject") {
            policy.subject = self.who(subject, "a subject", &["namespaces", "pods"]);
        } else {
            let help = "say which pods it applies to: `subject: {namespaces: {}}`";
            self.invalid_admin(spec, "it has no `subject`", help);
        }
        policy.rules = Direction::BOTH.map(|direction| {
            let rules = self.list(spec, direction.field()).unwrap_or_default();
            rules
                .iter()
                .enumerate()
                .filter_map(|(index, node)| self.admin_rule(index, node, direction, is_baseline))
                .collect()
        });
        policy
    }

    fn admin_rule(
        &mut self,
        index: usize,
        node: &'a Node,
        direction: Direction,
        is_baseline: bool,
    ) -> Option<AdminRule<'a>> {
        self.known_keys(node, "a rule", &["name", "action", direction.peers_field(), "ports"]);
        let action = match node.get("action").and_then(Node::as_str) {
            Some("Allow") => Some(Action::Allow),
            Some("Deny") => Some(Action::Deny),
            Some("Pass") if !is_baseline => Some(Action::Pass),
            _ => {
                let help = if is_baseline {
                    "the actions are `Allow` and `Deny`"
                } else {
                    "the actions are `Allow`, `Deny` and `Pass`"
                };
                self.invalid_admin(node.get("action").unwrap_or(node), "a rule has no action", help);
                None
            }
        };
        let peers = self.list(node, direction.peers_field()).unwrap_or_default();
        if peers.is_empty() {
            let problem = match direction {
                Direction::Ingress => "a rule needs at least one peer in `from`",
                Direction::Egress => "a rule needs at least one peer in `to`",
            };
            self.invalid_admin(node, problem, "`namespaces: {}` is everything in the cluster");
        }
        let known: &[&str] = match direction {
            Direction::Ingress => &["namespaces", "pods"],
            Direction::Egress => &["namespaces", "pods", "nodes", "networks"],
        };
        let mut read = Vec::new();
        for (index, node) in peers.iter().enumerate() {
            if let Some(networks) = node.get("networks").filter(|_| direction == Direction::Egress) {
                self.one_of(node, "a peer", known);
                for block in networks.items() {
                    if let Some(cidr) = self.cidr(block) {
                        let who = Who::Block(IpBlock { range: cidr.range, except: Vec::new() });
                        read.push(Peer { index, who, node });
                    }
                }
            } else if let Some(who) = self.who(node, "a peer", known) {
                read.push(Peer { index, who, node });
            }
        }
        let ports = match self.list(node, "ports") {
            None => RulePorts { numbers: Ports::all(), names: Vec::new() },
            Some(ports) => self.admin_ports(ports),
        };
        Some(AdminRule { index, action: action?, peers: read, ports, node })
    }

    /// The one key of a map that has exactly one of some.
    fn one_of(
        &mut self,
        node: &'a Node,
        what: &'static str,
        known: &[&'static str],
    ) -> Option<(&'static str, &'a Node)> {
        self.known_keys(node, what, known);
        let mut set = known.iter().filter_map(|key| {
            let value = node.get(key).filter(|value| value.value != Value::Null)?;
            Some((*key, value))
        });
        if let (Some(only), None) = (set.next(), set.next()) {
            return Some(only);
        }
        let (policy, Place { src, span }) = self.place(node);
        let known = known.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
        let (problem, help) =
            (format!("{what} has not exactly one field"), format!("give it one of {known}"));
        self.findings.push(Finding::InvalidAdminPolicy { policy, problem, help, src, span });
        None
    }

    /// Whom a subject or a peer means; nothing for nodes, which are no pods.
    fn who(&mut self, node: &'a Node, what: &'static str, known: &[&'static str]) -> Option<Who<'a>> {
        let (key, value) = self.one_of(node, what, known)?;
        match key {
            "namespaces" => {
                let namespaces = Some(self.selector(value)?);
                Some(Who::Pods { namespaces, pods: Selector::default() })
            }
            "pods" => {
                self.known_keys(value, "`pods`", &["namespaceSelector", "podSelector"]);
                let mut selector = |key: &str| match value.get(key) {
                    Some(node) => self.selector(node),
                    None => Some(Selector::default()),
                };
                let (namespaces, pods) = (selector("namespaceSelector"), selector("podSelector"));
                Some(Who::Pods { namespaces: Some(namespaces?), pods: pods? })
            }
            _ => None,
        }
    }

    fn admin_ports(&mut self, nodes: &'a [Node]) -> RulePorts<'a> {
        let mut ports = RulePorts { numbers: Ports::none(), names: Vec::new() };
        for node in nodes {
            let known = &["portNumber", "portRange", "namedPort"];
            let Some((key, value)) = self.one_of(node, "a port", known) else { continue };
            if key == "namedPort" {
                // The API gives a named port no protocol: whichever the pod declares it with is meant.
                ports.names.extend(
                    value
                        .as_str()
                        .into_iter()
                        .flat_map(|name| Protocol::ALL.map(|protocol| (protocol, name))),
                );
                continue;
            }
            let text = value.get("protocol").and_then(Node::as_str).unwrap_or("TCP");
            let Some(protocol) = Protocol::parse(text) else {
                self.invalid_port(
                    value,
                    format!("`{text}` is not a protocol"),
                    "the protocols are `TCP`, `UDP` and `SCTP`",
                );
                continue;
            };
            let mut number = |key: &str| self.port_number(value.get(key).unwrap_or(value));
            let (first, last) = if key == "portNumber" {
                let port = number("port");
                (port, port)
            } else {
                (number("start"), number("end"))
            };
            let (Some(first), Some(last)) = (first, last) else { continue };
            if last < first {
                let problem = format!("the range {first} to {last} is empty");
                self.invalid_port(value, problem, "`end` must not be less than `start`");
            }
            ports.numbers = ports.numbers.union(&Ports::range(protocol, first, last));
        }
        ports.names.sort_unstable();
        ports.names.dedup();
        ports
    }

    fn invalid_admin(&mut self, node: &Node, problem: &str, help: &str) {
        let (policy, Place { src, span }) = self.place(node);
        let (problem, help) = (problem.to_owned(), help.to_owned());
        self.findings.push(Finding::InvalidAdminPolicy { policy, problem, help, src, span });
    }
}
