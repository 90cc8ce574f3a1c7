//! `infra network`: who may connect to whom.

mod check;
mod explain;
mod graph;
mod load;
mod synth;

use crate::args::{Global, HostNetwork, Network};
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::tree::Tree;

/// Runs a verb and names it.
pub(super) fn run(verb: &Network, global: &Global) -> (&'static str, Result<Outcome, Failure>) {
    let root = global.root.as_deref();
    let environment = global.env.as_deref();
    match verb {
        Network::Check { environment: named } => (
            "network.check",
            Tree::open(root).and_then(|tree| check::run(&tree, named.as_deref().or(environment))),
        ),
        Network::Graph(arguments) => ("network.graph", graph::run(arguments, root, global.format)),
        Network::Diff(arguments) => ("network.diff", graph::diff(arguments, root, global.format)),
        Network::Explain(arguments) => ("network.explain", explain::run(arguments, root, environment)),
        Network::Synth(arguments) => {
            ("network.synth", Tree::open(root).and_then(|tree| synth::run(&tree, arguments, environment)))
        }
    }
}

impl From<HostNetwork> for k8s_render::network::HostNetwork {
    fn from(way: HostNetwork) -> Self {
        match way {
            HostNetwork::Pod => Self::Pod,
            HostNetwork::Node => Self::Node,
        }
    }
}
