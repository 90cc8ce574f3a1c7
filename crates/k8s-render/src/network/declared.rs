//! Exactly the declared edges: what the policies allow beside what was declared, both ways.
//!
//! The comparison runs on the classes of the relation, which are cut such that the selectors of the declared edges
//! cannot tell the pods of one class apart either. Findings are gathered by the rule, or by the edge, that they are
//! about, so that one mistake gives one finding.

mod comparison;
mod texts;

use self::comparison::{Comparison, Reach, ResolvedEdge};
use super::bits::BitSet;
use super::cidr::IpBlock;
use super::connectivity::{Connectivity, HostNetwork};
use super::finding::Finding;
use super::model::Model;
use super::policy::Direction;
use super::ports::Ports;
use super::selector::Selector;
use crate::inspect::{Place, Sources};

/// What may connect to what.
#[derive(Debug, Clone, Default)]
pub struct Declaration {
    /// The edges.
    pub edges: Vec<Edge>,
    /// Whether connections to rendered workloads must be declared.
    pub ingress: Mode,
    /// Whether connections from rendered workloads must be declared.
    pub egress: Mode,
}

/// How strictly a direction is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Every workload is isolated and only declared connections are allowed.
    #[default]
    Declared,
    /// Anything is allowed; declared connections must still work.
    Open,
}

/// A declared connection.
#[derive(Debug, Clone)]
pub struct Edge {
    /// How to call it in messages: `orders → mysql`.
    pub name: String,
    /// Who connects.
    pub consumer: Party,
    /// Who is connected to.
    pub provider: Party,
    /// On which ports; for pods those of the container.
    pub ports: Ports,
    /// Whether it must work.
    pub need: Need,
    /// Where it is declared.
    pub place: Option<Place>,
}

/// What is expected of a declared connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// It must be allowed.
    Required,
    /// It may be allowed.
    Permitted,
}

/// One end of a declared connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Party {
    /// Pods.
    Pods {
        /// Their namespace; none for every namespace.
        namespace: Option<String>,
        /// Labels that they all have; none for all pods.
        labels: Vec<(String, String)>,
    },
    /// Addresses outside the cluster.
    Block(IpBlock),
}

/// Compares what the policies of a model allow with what is declared.
pub fn compare(
    model: &Model<'_>,
    declaration: &Declaration,
    host_network: HostNetwork,
    sources: Sources<'_>,
) -> Vec<Finding> {
    let mut selectors = Vec::new();
    let mut blocks = [Vec::new(), Vec::new()];
    for edge in &declaration.edges {
        for (party, direction) in [(&edge.consumer, Direction::Ingress), (&edge.provider, Direction::Egress)]
        {
            match party {
                Party::Pods { namespace, labels } => {
                    let labels = labels.iter().map(|(key, value)| (key.as_str(), value.as_str()));
                    selectors.push((namespace.as_deref(), Selector::labels(labels)));
                }
                Party::Block(block) => blocks[direction as usize].push(block.clone()),
            }
        }
    }
    let [ingress_blocks, egress_blocks] = &blocks;
    let relation = Connectivity::observing(model, host_network, &selectors, [ingress_blocks, egress_blocks]);

    let nobody = || BitSet::empty(relation.class_count());
    let mut selected = relation.selected.iter();
    let mut resolve = |party: &Party, direction: Direction| match party {
        Party::Pods { .. } => Reach::Classes(selected.next().cloned().unwrap_or_else(nobody)),
        Party::Block(block) => Reach::Pieces(relation.pieces_of(direction, block)),
    };
    let edges = declaration.edges.iter().map(|edge| {
        let from = resolve(&edge.consumer, Direction::Ingress);
        let to = resolve(&edge.provider, Direction::Egress);
        ResolvedEdge { edge, from, to }
    });
    let edges: Vec<_> = edges.collect();
    Comparison::new(&relation, declaration, sources, edges).findings()
}
