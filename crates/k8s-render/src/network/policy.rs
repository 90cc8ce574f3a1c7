//! Network policies as the API server reads them, checked as it checks them.

mod admin;
mod read;

use std::fmt;

pub use admin::{Action, AdminPolicy, AdminRule, Tier};

use super::cidr::IpBlock;
use super::finding::Finding;
use super::ports::Ports;
use super::selector::Selector;
use crate::inspect::{Object, Protocol, Sources};
use crate::yaml::Node;

/// From whom, or to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// Connections to the selected pods.
    Ingress,
    /// Connections from the selected pods.
    Egress,
}

impl Direction {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::Ingress, Self::Egress];

    /// The name of the rules' field: `ingress` or `egress`.
    pub fn field(self) -> &'static str {
        match self {
            Self::Ingress => "ingress",
            Self::Egress => "egress",
        }
    }

    /// The entry of `policyTypes`.
    pub fn policy_type(self) -> &'static str {
        match self {
            Self::Ingress => "Ingress",
            Self::Egress => "Egress",
        }
    }

    /// The name of the peers' field: `from` or `to`.
    pub fn peers_field(self) -> &'static str {
        match self {
            Self::Ingress => "from",
            Self::Egress => "to",
        }
    }
}

/// A policy, as far as it could be read.
#[derive(Debug, Clone)]
pub struct Policy<'a> {
    /// The object.
    pub object: Object<'a>,
    /// The pods it applies to; none when the selector is broken.
    pub pods: Option<Selector<'a>>,
    /// The rules by direction ([`Direction::BOTH`]); none where the policy does not have the type.
    rules: [Option<Vec<Rule<'a>>>; 2],
}

/// A rule: peers and ports that are allowed together.
#[derive(Debug, Clone)]
pub struct Rule<'a> {
    /// Its place in the list of its direction.
    pub index: usize,
    /// Who.
    pub peers: Peers<'a>,
    /// On which ports.
    pub ports: RulePorts<'a>,
    /// The rule itself.
    pub node: &'a Node,
}

/// The peers of a rule.
#[derive(Debug, Clone)]
pub enum Peers<'a> {
    /// Everybody, inside and outside the cluster.
    Everyone,
    /// Whoever one of the peers matches.
    Only(Vec<Peer<'a>>),
}

/// One peer of a rule.
#[derive(Debug, Clone)]
pub struct Peer<'a> {
    /// Its place in `from` or `to`.
    pub index: usize,
    /// Whom it matches.
    pub who: Who<'a>,
    /// The entry itself.
    pub node: &'a Node,
}

/// Whom a peer matches.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Who<'a> {
    /// Pods of the namespaces that match (none: the policy's own), with labels that match (none: all).
    Pods {
        /// `namespaceSelector`
        namespaces: Option<Selector<'a>>,
        /// `podSelector`
        pods: Selector<'a>,
    },
    /// Addresses outside the cluster.
    Block(IpBlock),
}

/// The ports of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RulePorts<'a> {
    /// Those given by number.
    pub numbers: Ports,
    /// Those given by name, to be looked up in the destination pod.
    pub names: Vec<(Protocol, &'a str)>,
}

impl<'a> Rule<'a> {
    /// The peers that it names; none when it is for everybody.
    pub(super) fn named(&self) -> &[Peer<'a>] {
        match &self.peers {
            Peers::Everyone => &[],
            Peers::Only(peers) => peers,
        }
    }
}

impl<'a> Who<'a> {
    /// The selector of pods, if that is what it is.
    pub(super) fn pods(&self) -> Option<&Selector<'a>> {
        match self {
            Self::Pods { pods, .. } => Some(pods),
            Self::Block(_) => None,
        }
    }

    /// The block of addresses, if that is what it is.
    pub(super) fn block(&self) -> Option<&IpBlock> {
        match self {
            Self::Block(block) => Some(block),
            Self::Pods { .. } => None,
        }
    }
}

impl<'a> Policy<'a> {
    /// Whether the object is a policy that this reader understands.
    pub fn is_one(object: &Object<'_>) -> bool {
        object.kind == "NetworkPolicy" && matches!(object.api_version(), "networking.k8s.io/v1" | "")
    }

    /// Reads a policy; whatever is wrong with it is reported and left out.
    pub fn read(object: Object<'a>, sources: Sources<'_>, findings: &mut Vec<Finding>) -> Self {
        read::Reader { object, sources, findings }.policy()
    }

    /// The rules of a direction; none when the policy does not isolate it.
    pub fn rules(&self, direction: Direction) -> Option<&[Rule<'a>]> {
        self.rules[direction as usize].as_deref()
    }
}

/// `namespace/name`
impl fmt::Display for Policy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.object.namespace(), self.object.name())
    }
}
