//! Waivers: what a rule finds in one object is known, and there is a reason for it.

use std::collections::HashMap;

use miette::Diagnostic;
use miette::Severity::{Advice, Warning};

use super::{Report, rule, rules};
use crate::inspect::{self, Facts, Object, Place, Sources};
use crate::rule::{Rule, RuleFinding};
use crate::yaml::Node;

pub(super) const RULES: &[Rule] = &[NO_REASON, UNKNOWN, UNUSED];

const NO_REASON: Rule = rule(
    "k8s/waiver-without-reason",
    Warning,
    "a waiver that does not say why cannot be reviewed, and does not count",
    "write the reason as the value: `infra/allow.host-path: \"reads the node's logs\"`",
    &[],
);
const UNKNOWN: Rule = rule(
    "k8s/waiver-of-unknown-rule",
    Warning,
    "a waiver of a rule that does not exist waives nothing",
    "`infra manifests lint --rules` lists the rules",
    &[],
);
const UNUSED: Rule = rule(
    "k8s/waiver-unused",
    Advice,
    "a waiver of what is no longer found hides the next case",
    "remove the annotation",
    &[],
);

const PREFIX: &str = "infra/allow.";

/// A waiver of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiver {
    /// The rule's code.
    pub rule: String,
    /// `Kind namespace/name` of the objects; `*` stands for any text.
    pub object: String,
}

impl Waiver {
    fn covers(&self, rule: &str, object: &str) -> bool {
        self.rule == rule && matches(&self.object, object)
    }
}

/// Whether a pattern with `*` matches the whole text.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(at) = text.find(part) else { return false };
        text = &text[at + part.len()..];
    }
    text.ends_with(last)
}

/// An annotation that waives a rule.
struct Annotation<'a> {
    object: Object<'a>,
    rule: &'static Rule,
    node: &'a Node,
    used: bool,
    /// Whether it is ours; those of other tools also name what we do not look for.
    own: bool,
}

/// Takes out what is waived, and adds what is wrong with the waivers.
pub(super) fn apply(report: Report, facts: &Facts<'_>, sources: Sources<'_>, waivers: &[Waiver]) -> Report {
    let mut findings = Vec::new();
    let mut annotations = Vec::new();
    for &object in &facts.objects {
        read(object, sources, &mut annotations, &mut findings);
    }
    let mut by_object: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, annotation) in annotations.iter().enumerate() {
        by_object.entry(annotation.object.to_string()).or_default().push(at);
    }
    let mut is_waived = |code: &str, object: &str| {
        let mut waived = waivers.iter().any(|waiver| waiver.covers(code, object));
        for &at in by_object.get(object).into_iter().flatten() {
            if annotations[at].rule.code == code {
                annotations[at].used = true;
                waived = true;
            }
        }
        waived
    };
    let mut report = report;
    report.found.retain(|finding| !is_waived(finding.rule.code, &finding.object));
    report.inspected.retain(|finding| {
        let code = finding.code().map(|code| code.to_string()).unwrap_or_default();
        !is_waived(&code, subject(finding))
    });
    for annotation in annotations.iter().filter(|annotation| annotation.own && !annotation.used) {
        let message =
            format!("{} waives `{}`, which finds nothing there", annotation.object, annotation.rule.code);
        findings.push(found(&UNUSED, annotation.object, annotation.node, sources, message));
    }
    report.found.append(&mut findings);
    report
}

fn read<'a>(
    object: Object<'a>,
    sources: Sources<'_>,
    annotations: &mut Vec<Annotation<'a>>,
    findings: &mut Vec<RuleFinding>,
) {
    let all = object.node.at(&["metadata", "annotations"]);
    for (key, node) in all.into_iter().flat_map(Node::entries) {
        let value = node.as_str().unwrap_or_default();
        if let Some(name) = key.strip_prefix(PREFIX) {
            let Some(rule) = rules().find(|rule| rule.name() == name) else {
                let message = format!("{object} waives `{name}`, which is no rule");
                findings.push(found(&UNKNOWN, object, node, sources, message));
                continue;
            };
            if value.trim().is_empty() {
                let message = format!("{object} waives `{}` without a reason", rule.code);
                findings.push(found(&NO_REASON, object, node, sources, message));
                continue;
            }
            annotations.push(Annotation { object, rule, node, used: false, own: true });
            continue;
        }
        for id in foreign(key, value) {
            let named = rules().filter(|rule| rule.peers.contains(&id.as_str()));
            annotations.extend(named.map(|rule| Annotation { object, rule, node, used: false, own: false }));
        }
    }
}

/// The checks of other tools that an annotation switches off, as [`Rule::peers`] calls them.
fn foreign(key: &str, value: &str) -> Vec<String> {
    if let Some(check) = key.strip_prefix("ignore-check.kube-linter.io/") {
        return vec![format!("kube-linter {check}")];
    }
    if key == "kube-score/ignore" {
        return value.split(',').map(|check| format!("kube-score {}", check.trim())).collect();
    }
    if let Some(check) =
        key.strip_prefix("polaris.fairwinds.com/").and_then(|rest| rest.strip_suffix("-exempt"))
    {
        return if value == "true" { vec![format!("polaris {}", camel(check))] } else { Vec::new() };
    }
    if key.starts_with("checkov.io/skip") {
        return vec![format!("checkov {}", value.split('=').next().unwrap_or_default().trim())];
    }
    Vec::new()
}

/// `host-network-set` as `hostNetworkSet`: annotations of Polaris take both.
fn camel(text: &str) -> String {
    let mut parts = text.split('-');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut letters = part.chars();
        out.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        out.extend(letters);
    }
    out
}

fn found(
    rule: &'static Rule,
    object: Object<'_>,
    node: &Node,
    sources: Sources<'_>,
    message: String,
) -> RuleFinding {
    let Place { src, span } = sources.place(node, object.node);
    let severity = rule.severity.unwrap_or(Advice);
    RuleFinding {
        rule,
        severity,
        object: object.to_string(),
        message,
        advice: None,
        label: String::new(),
        src,
        span,
    }
}

/// The object that a finding of the inspection is about.
fn subject(finding: &inspect::Finding) -> &str {
    use inspect::Finding as F;
    match finding {
        F::DuplicateObject { object, .. }
        | F::FirstObject { object, .. }
        | F::ConfigMapTooLarge { object, .. }
        | F::SecretTooLarge { object, .. } => object,
        F::ServiceSelectsNothing { service, .. } | F::ServicePortUnknown { service, .. } => service,
        F::MissingConfigMap { workload, .. }
        | F::MissingConfigMapKey { workload, .. }
        | F::MissingSecretKey { workload, .. }
        | F::NotRestricted { workload, .. }
        | F::NoResources { workload, .. }
        | F::NoProbe { workload, .. }
        | F::LatestTag { workload, .. } => workload,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        assert!(matches("DaemonSet */agent", "DaemonSet logging/agent"));
        assert!(matches("*", "x") && matches("a*b*c", "a1b2c") && matches("a", "a"));
        assert!(
            !matches("a*b", "ac") && !matches("a", "ab") && !matches("*x", "xy") && !matches("ab*ba", "aba")
        );
    }

    #[test]
    fn checks_of_other_tools() {
        assert_eq!(foreign("ignore-check.kube-linter.io/host-pid", "why"), ["kube-linter host-pid"]);
        assert_eq!(foreign("kube-score/ignore", "a, b"), ["kube-score a", "kube-score b"]);
        assert_eq!(
            foreign("polaris.fairwinds.com/host-network-set-exempt", "true"),
            ["polaris hostNetworkSet"]
        );
        assert_eq!(foreign("checkov.io/skip1", "CKV_K8S_20=why"), ["checkov CKV_K8S_20"]);
        assert!(
            foreign("polaris.fairwinds.com/a-exempt", "false").is_empty() && foreign("x", "y").is_empty()
        );
    }
}
