//! Problems on their way to becoming findings: they know the node, not yet the text of its file.

use crate::yaml::{Node, Origin};

/// Which rule was broken; each becomes one kind of finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    Kustomization,
    Load,
    Object,
    Identity,
    Generator,
    Patch,
    Transformer,
    Replacement,
    Reference,
    Variable,
    Unsupported,
}

/// One problem.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) rule: Rule,
    pub(crate) problem: String,
    pub(crate) advice: String,
    pub(crate) origin: Option<Origin>,
}

impl Fault {
    pub(crate) fn new(rule: Rule, problem: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { rule, problem: problem.into(), advice: advice.into(), origin: None }
    }

    /// Places the problem at a node, unless it already has a place.
    pub(crate) fn at(mut self, node: &Node) -> Self {
        if self.origin.is_none() {
            self.origin.clone_from(&node.origin);
        }
        self
    }

    /// Places the problem, unless it already has a place.
    pub(crate) fn or_at(mut self, origin: Option<&Origin>) -> Self {
        if self.origin.is_none() {
            self.origin = origin.cloned();
        }
        self
    }
}

/// A result whose failure is one problem.
pub(crate) type Outcome<T> = Result<T, Box<Fault>>;

/// Shorthand for a failed [`Outcome`].
pub(crate) fn fail<T>(rule: Rule, problem: impl Into<String>, advice: impl Into<String>) -> Outcome<T> {
    Err(Box::new(Fault::new(rule, problem, advice)))
}
