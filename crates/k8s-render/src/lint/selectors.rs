//! Selectors of workloads: they cannot be changed, and must not meet.

use std::collections::HashMap;

use miette::Severity::{Error, Warning};

use super::context::{Lint, text};
use super::lookup::selects;
use super::{optional, rule};
use crate::inspect::{Facts, Workload};
use crate::rule::Rule;
use crate::yaml::Node;

pub(super) const RULES: &[Rule] = &[UNSTABLE, OVERLAP, HEADLESS, DEFAULT];

const UNSTABLE: Rule = rule(
    "k8s/unstable-selector",
    Warning,
    "a selector cannot be changed, so a label in it that changes with every release makes the next one fail",
    "select by labels that stay: `app.kubernetes.io/name` and `app.kubernetes.io/instance`",
    &[],
);
const OVERLAP: Rule = rule(
    "k8s/overlapping-selectors",
    Error,
    "two workloads that select each other's pods fight over them",
    "give each a label of its own, in the template and in the selector",
    &[],
);
const HEADLESS: Rule = rule(
    "k8s/statefulset-service",
    Error,
    "pods of a StatefulSet have names in DNS only through the headless Service that it names",
    "render a Service with `clusterIP: None` and name it in `serviceName`",
    &["kube-score statefulset-has-servicename"],
);
const DEFAULT: Rule = optional(
    "k8s/default-namespace",
    "what is in `default` is there by mistake, and shares rights and quotas with every other mistake",
    "set `namespace` in the kustomization or the object",
    &["kube-linter use-namespace", "checkov CKV_K8S_21", "trivy KSV-0110", "kubescape C-0061"],
);

/// Labels that change with a release.
const CHANGING: [&str; 6] = [
    "app.kubernetes.io/version",
    "helm.sh/chart",
    "chart",
    "version",
    "pod-template-hash",
    "app.kubernetes.io/managed-by",
];

pub(super) fn check(lint: &mut Lint<'_, '_>) {
    let facts = lint.facts;
    // Two selectors that meet have a label in common, or one of them has none.
    let mut by_label: HashMap<(&str, &str, &str), Vec<&Workload<'_>>> = HashMap::new();
    for workload in &facts.workloads {
        let object = workload.object;
        if object.namespace() == "default" {
            let place = object.node.at(&["metadata", "namespace"]).unwrap_or(object.node);
            lint.report(&DEFAULT, object, place, format!("{object} is in the namespace `default`"));
        }
        if object.kind == "StatefulSet" {
            stateful(lint, workload);
        }
        let selector = object.node.at(&["spec", "selector", "matchLabels"]);
        for (key, value) in selector.into_iter().flat_map(Node::entries) {
            if CHANGING.contains(&key) && object.group() == "apps" {
                lint.report(
                    &UNSTABLE,
                    object,
                    value,
                    format!("the selector of {object} has the label `{key}`"),
                );
            }
        }
    }
    index(facts, &mut by_label);
    for workload in &facts.workloads {
        let selected_by = workload
            .labels
            .iter()
            .filter_map(|(key, value)| by_label.get(&(workload.object.namespace(), *key, *value)));
        let other = selected_by.flatten().find(|other| {
            let is_other =
                (other.object.kind, other.object.name()) != (workload.object.kind, workload.object.name());
            let selector = other.object.node.at(&["spec", "selector"]);
            // Jobs get labels of their own from the controller.
            is_other
                && other.object.kind != "Job"
                && selector.is_some_and(|selector| selects(selector, &workload.labels))
        });
        if let Some(other) = other.copied() {
            let place = other.object.node.at(&["spec", "selector"]).unwrap_or(other.object.node);
            let message = format!("{} also selects the pods of {}", other.object, workload.object);
            lint.report(&OVERLAP, other.object, place, message);
        }
    }
}

/// Enters each workload under the label of its selector that the fewest others have, so that few are ever compared.
fn index<'a, 'f>(
    facts: &'f Facts<'a>,
    by_label: &mut HashMap<(&'a str, &'a str, &'a str), Vec<&'f Workload<'a>>>,
) {
    let labels = |workload: &Workload<'a>| {
        let namespace = workload.object.namespace();
        let selector = workload.object.node.at(&["spec", "selector", "matchLabels"]);
        let entries = selector.into_iter().flat_map(Node::entries);
        entries.filter_map(move |(key, value)| Some((namespace, key, value.as_str()?)))
    };
    let mut number = HashMap::new();
    for label in facts.workloads.iter().flat_map(labels) {
        *number.entry(label).or_insert(0_usize) += 1;
    }
    for workload in &facts.workloads {
        if let Some(rarest) = labels(workload).min_by_key(|label| number.get(label).copied()) {
            by_label.entry(rarest).or_default().push(workload);
        }
    }
}

fn stateful(lint: &mut Lint<'_, '_>, workload: &Workload<'_>) {
    let object = workload.object;
    let name = text(object.node, &["spec", "serviceName"]).unwrap_or_default();
    let service = lint.lookup.get("Service", object.namespace(), name);
    let headless = service.is_some_and(|service| text(service.node, &["spec", "clusterIP"]) == Some("None"));
    if headless {
        return;
    }
    let message = match (name, service) {
        ("", _) => format!("{object} names no Service"),
        (_, None) => format!("{object} names the Service `{name}`, which is not rendered in its namespace"),
        _ => format!("{object} names the Service `{name}`, which is not headless"),
    };
    lint.report_field(&HEADLESS, workload, object.node, &["spec", "serviceName"], message);
}
