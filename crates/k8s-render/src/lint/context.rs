//! What every rule is given.

use crate::inspect::{Facts, Object, Place, Sources, Workload};
use crate::rule::{Rule, RuleFinding};
use crate::yaml::Node;

use super::lookup::Lookup;

pub(super) struct Lint<'a, 'f> {
    pub(super) facts: &'f Facts<'a>,
    pub(super) lookup: Lookup<'a>,
    sources: Sources<'f>,
    wanted: &'f dyn Fn(&Rule) -> bool,
    pub(super) findings: Vec<RuleFinding>,
}

impl<'a, 'f> Lint<'a, 'f> {
    pub(super) fn new(facts: &'f Facts<'a>, sources: Sources<'f>, wanted: &'f dyn Fn(&Rule) -> bool) -> Self {
        Self { facts, lookup: Lookup::read(facts), sources, wanted, findings: Vec::new() }
    }

    /// Adds a finding at `node`, a part of the object, unless the rule is off.
    pub(super) fn report(&mut self, rule: &'static Rule, object: Object<'_>, node: &Node, message: String) {
        if rule.severity.is_none() && !(self.wanted)(rule) {
            return;
        }
        let Place { src, span } = self.sources.place(node, object.node);
        self.findings.push(RuleFinding {
            rule,
            severity: rule.severity.unwrap_or(miette::Severity::Advice),
            object: object.to_string(),
            message,
            advice: None,
            label: String::new(),
            src,
            span,
        });
    }

    /// The same, at a field of a pod or container, or at what lacks it.
    pub(super) fn report_field(
        &mut self,
        rule: &'static Rule,
        workload: &Workload<'_>,
        node: &Node,
        path: &[&str],
        message: String,
    ) {
        let place = (0..=path.len()).rev().find_map(|end| node.at(&path[..end])).unwrap_or(node);
        self.report(rule, workload.object, place, message);
    }
}

/// The text at the end of a path of keys.
pub(super) fn text<'a>(node: &'a Node, path: &[&str]) -> Option<&'a str> {
    node.at(path).and_then(Node::as_str)
}

/// The boolean at the end of a path of keys.
pub(super) fn flag(node: &Node, path: &[&str]) -> Option<bool> {
    node.at(path).and_then(Node::as_bool)
}

/// The elements of the list at the end of a path of keys.
pub(super) fn items<'a>(node: &'a Node, path: &[&str]) -> &'a [Node] {
    node.at(path).map(Node::items).unwrap_or_default()
}

/// The texts of the list at the end of a path of keys.
pub(super) fn texts<'a>(node: &'a Node, path: &[&str]) -> impl Iterator<Item = &'a str> {
    items(node, path).iter().filter_map(Node::as_str)
}

/// The replicas that a workload asks for; one when it does not say.
pub(super) fn replicas(object: Object<'_>) -> i64 {
    object.node.at(&["spec", "replicas"]).and_then(Node::as_i64).unwrap_or(1)
}
