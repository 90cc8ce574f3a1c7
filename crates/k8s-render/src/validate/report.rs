//! Where findings are collected: each at the place that set the value.

use std::fmt::Write as _;

use miette::Severity;

use crate::decode::distance;
use crate::inspect::{Object, Place, Sources};
use crate::rule::{Rule, RuleFinding};
use crate::yaml::{Node, Value};

/// One step from a value to a part of it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step<'a> {
    Key(&'a str),
    At(usize),
}

/// The findings of one object, and where in the object the walk stands.
pub(super) struct Report<'a, 'f> {
    pub(super) object: Object<'a>,
    pub(super) path: Vec<Step<'a>>,
    sources: Sources<'f>,
    findings: &'f mut Vec<RuleFinding>,
}

impl<'a, 'f> Report<'a, 'f> {
    pub(super) fn new(object: Object<'a>, sources: Sources<'f>, findings: &'f mut Vec<RuleFinding>) -> Self {
        Self { object, path: Vec::new(), sources, findings }
    }

    /// Does `walk` one step further inside.
    pub(super) fn below<T>(&mut self, step: Step<'a>, walk: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(step);
        let result = walk(self);
        self.path.pop();
        result
    }

    /// Where the walk stands, as people write it: `spec.containers[0].image`.
    pub(super) fn here(&self) -> String {
        written(&self.path)
    }

    /// What `what` is called below where the walk stands.
    pub(super) fn field(&self, what: &'a str) -> String {
        let mut path = self.path.clone();
        path.push(Step::Key(what));
        written(&path)
    }

    /// Adds a finding about the value where the walk stands.
    pub(super) fn value(
        &mut self,
        rule: &'static Rule,
        node: &Node,
        message: String,
        advice: Option<String>,
    ) {
        let place = self.place(node);
        self.push(rule, place, message, advice);
    }

    /// Adds a finding about the key of an entry of the map where the walk stands.
    pub(super) fn key(
        &mut self,
        rule: &'static Rule,
        key: &str,
        node: &Node,
        message: String,
        advice: Option<String>,
    ) {
        let place = match &node.origin {
            Some(_) => self.sources.key_place(key, node, self.object.node),
            None => self.place(node),
        };
        self.push(rule, place, message, advice);
    }

    /// Makes the last finding milder.
    pub(super) fn soften(&mut self) {
        if let Some(last) = self.findings.last_mut() {
            last.severity = Severity::Warning;
        }
    }

    fn push(&mut self, rule: &'static Rule, place: Place, mut message: String, advice: Option<String>) {
        let Place { src, span } = place;
        let severity = rule.severity.unwrap_or(Severity::Advice);
        let object = self.object.to_string();
        message.insert_str(0, &format!("{object}: "));
        self.findings.push(RuleFinding {
            rule,
            severity,
            object,
            message,
            advice,
            label: String::new(),
            src,
            span,
        });
    }

    /// The place of the value; of one that no file holds, the place of the innermost value around it that one does.
    fn place(&self, node: &Node) -> Place {
        if node.origin.is_some() || node.items().iter().chain(node.entries().map(|(_, n)| n)).next().is_some()
        {
            return self.sources.place(node, self.object.node);
        }
        let mut around = self.object.node;
        let mut nearest = around;
        for step in &self.path {
            let next = match step {
                Step::Key(key) => around.get(key),
                Step::At(at) => around.items().get(*at),
            };
            let Some(next) = next else { break };
            around = next;
            if around.origin.is_some() {
                nearest = around;
            }
        }
        self.sources.place(nearest, self.object.node)
    }
}

fn written(path: &[Step<'_>]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            Step::Key(key) if key.contains(['.', '/']) => {
                let _ = write!(text, "[{key}]");
            }
            Step::Key(key) => {
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(key);
            }
            Step::At(at) => {
                let _ = write!(text, "[{at}]");
            }
        }
    }
    text
}

/// What a value is, for people.
pub(super) fn kind_of(node: &Node) -> &'static str {
    match &node.value {
        Value::Null => "empty",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Sequence(_) => "a list",
        Value::Mapping(_) => "a map",
    }
}

/// The nearest of some names, when one is near.
pub(super) fn nearest<'n>(wrong: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let near = names.map(|name| (distance(wrong, name), name)).min()?;
    (near.0 <= 1 + wrong.len() / 4).then_some(near.1)
}
