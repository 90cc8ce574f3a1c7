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

/// One problem; boxed, because it travels through many results that are fine.
#[derive(Debug, Clone)]
pub(crate) struct Fault(Box<Problem>);

/// What a [`Fault`] holds.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    pub(crate) rule: Rule,
    /// What is wrong.
    pub(crate) message: String,
    pub(crate) advice: String,
    pub(crate) origin: Option<Origin>,
}

impl Fault {
    pub(crate) fn new(rule: Rule, problem: impl Into<String>, advice: impl Into<String>) -> Self {
        Self(Box::new(Problem { rule, message: problem.into(), advice: advice.into(), origin: None }))
    }

    /// Places the problem at a node, unless it already has a place.
    pub(crate) fn at(self, node: &Node) -> Self {
        self.or_at(node.origin.as_ref())
    }

    /// Places the problem, unless it already has a place.
    pub(crate) fn or_at(mut self, origin: Option<&Origin>) -> Self {
        if self.0.origin.is_none() {
            self.0.origin = origin.cloned();
        }
        self
    }

    /// Places the problem anew.
    pub(crate) fn only_at(mut self, origin: Option<&Origin>) -> Self {
        self.0.origin = origin.cloned();
        self
    }

    pub(crate) fn into_problem(self) -> Problem {
        *self.0
    }
}

/// A result whose failure is one problem.
pub(crate) type Outcome<T> = Result<T, Fault>;

/// Shorthand for a failed [`Outcome`].
pub(crate) fn fail<T>(rule: Rule, problem: impl Into<String>, advice: impl Into<String>) -> Outcome<T> {
    Err(Fault::new(rule, problem, advice))
}
