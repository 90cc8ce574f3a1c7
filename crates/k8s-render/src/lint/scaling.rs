//! How many pods of a workload there are, and where.

use miette::Severity::{Advice, Error, Warning};

use super::context::{Lint, items, replicas, text};
use super::{optional, rule};
use crate::inspect::{Object, Workload};
use crate::rule::Rule;
use crate::yaml::Node;

pub(super) const RULES: &[Rule] = &[SINGLE, SPREAD, ROLLING, TARGET, FIXED, REQUESTS, RANGE, PRIORITY];

const SINGLE: Rule = rule(
    "k8s/single-replica",
    Advice,
    "a Deployment of one pod is down whenever its node is drained or the pod is replaced",
    "set `replicas: 2` or more, or scale it with an autoscaler",
    &[
        "kube-linter minimum-three-replicas",
        "kube-score deployment-replicas",
        "polaris deploymentMissingReplicas",
    ],
);
const SPREAD: Rule = rule(
    "k8s/not-spread",
    Advice,
    "replicas that may share a node or zone fail together",
    "add `topologySpreadConstraints`, or `podAntiAffinity` on `kubernetes.io/hostname`",
    &[
        "kube-linter no-anti-affinity",
        "kube-score deployment-has-host-podantiaffinity",
        "kube-score statefulset-has-host-podantiaffinity",
        "polaris topologySpreadConstraint",
        "kube-score pod-topology-spread-constraints",
    ],
);
const ROLLING: Rule = rule(
    "k8s/recreate-strategy",
    Warning,
    "`Recreate` stops every pod before it starts a new one, however many there are",
    "use `type: RollingUpdate`, or one replica where two must never run",
    &["kube-linter no-rolling-update-strategy", "kube-score deployment-strategy"],
);
const TARGET: Rule = rule(
    "k8s/autoscaler-target-missing",
    Error,
    "an autoscaler of nothing scales nothing",
    "correct `scaleTargetRef`, or remove the autoscaler",
    &["kube-linter dangling-horizontalpodautoscaler", "kube-score horizontalpodautoscaler-has-target"],
);
const FIXED: Rule = rule(
    "k8s/autoscaler-and-replicas",
    Warning,
    "every deployment sets the replicas back to the number in the manifest, against the autoscaler",
    "remove `replicas` from the workload",
    &["kube-score deployment-targeted-by-hpa-does-not-have-replicas-configured"],
);
const REQUESTS: Rule = rule(
    "k8s/autoscaler-without-requests",
    Error,
    "utilization is a share of the request; without one the autoscaler does nothing",
    "set the request of the resource in every container",
    &[],
);
const RANGE: Rule = rule(
    "k8s/autoscaler-cannot-scale",
    Warning,
    "an autoscaler whose bounds are equal never scales",
    "raise `maxReplicas`, or remove the autoscaler and set `replicas`",
    &["kube-score horizontalpodautoscaler-replicas", "polaris hpaMaxAvailability"],
);
const PRIORITY: Rule = optional(
    "k8s/no-priority-class",
    "when nodes are full, pods without a priority are evicted like any other",
    "set `priorityClassName`",
    &["kube-linter priority-class-name", "polaris priorityClassNotSet"],
);

pub(super) fn check(lint: &mut Lint<'_, '_>) {
    let facts = lint.facts;
    for workload in &facts.workloads {
        let object = workload.object;
        let scaler = lint.lookup.scaler(object);
        if text(workload.spec, &["priorityClassName"]).is_none() {
            let message = format!("{object} has no priority class");
            lint.report(&PRIORITY, object, workload.spec, message);
        }
        if object.kind == "Deployment" {
            deployment(lint, workload, scaler);
        }
        if let (Some(_), Some(fixed)) = (scaler, object.node.at(&["spec", "replicas"])) {
            let message = format!("{object} sets `replicas` and is scaled by an autoscaler");
            lint.report(&FIXED, object, fixed, message);
        }
        if let Some(scaler) = scaler {
            requests(lint, workload, scaler);
        }
        spread(lint, workload, scaler);
    }
    for object in facts.objects.iter().filter(|object| object.kind == "HorizontalPodAutoscaler") {
        autoscaler(lint, *object);
    }
}

fn deployment(lint: &mut Lint<'_, '_>, workload: &Workload<'_>, scaler: Option<Object<'_>>) {
    let object = workload.object;
    let count = replicas(object);
    let message = format!("{object} has one pod");
    if scaler.is_none() && count == 1 {
        lint.report_field(&SINGLE, workload, object.node, &["spec", "replicas"], message);
    }
    let recreates = text(object.node, &["spec", "strategy", "type"]) == Some("Recreate");
    if recreates && (count > 1 || scaler.is_some()) {
        let message = format!("{object} stops all its pods at every change");
        lint.report_field(&ROLLING, workload, object.node, &["spec", "strategy", "type"], message);
    }
}

fn spread(lint: &mut Lint<'_, '_>, workload: &Workload<'_>, scaler: Option<Object<'_>>) {
    let object = workload.object;
    let several = replicas(object) > 1 || scaler.is_some();
    if !several || !matches!(object.kind, "Deployment" | "StatefulSet") {
        return;
    }
    let apart = workload.spec.at(&["affinity", "podAntiAffinity"]).is_some();
    if !apart && items(workload.spec, &["topologySpreadConstraints"]).is_empty() {
        let message = format!("the pods of {object} may all run on one node");
        lint.report(&SPREAD, object, workload.spec, message);
    }
}

fn autoscaler(lint: &mut Lint<'_, '_>, object: Object<'_>) {
    let number = |field: &str| object.node.at(&["spec", field]).and_then(Node::as_i64);
    let (least, most) = (number("minReplicas").unwrap_or(1), number("maxReplicas"));
    if let Some(node) = object.node.at(&["spec", "maxReplicas"])
        && most == Some(least)
    {
        let message = format!("{object} can have {least} replicas and nothing else");
        lint.report(&RANGE, object, node, message);
    }
    let Some(target) = object.node.at(&["spec", "scaleTargetRef"]) else { return };
    let (kind, name) =
        (text(target, &["kind"]).unwrap_or_default(), text(target, &["name"]).unwrap_or_default());
    let is_known = ["Deployment", "StatefulSet", "ReplicaSet", "ReplicationController"].contains(&kind);
    if is_known && lint.lookup.get(kind, object.namespace(), name).is_none() {
        let message = format!("{object} scales {kind} `{name}`, which is not rendered in its namespace");
        lint.report(&TARGET, object, target, message);
    }
}

fn requests(lint: &mut Lint<'_, '_>, workload: &Workload<'_>, scaler: Object<'_>) {
    let mut resources: Vec<&str> = items(scaler.node, &["spec", "metrics"])
        .iter()
        .filter(|metric| text(metric, &["resource", "target", "type"]) == Some("Utilization"))
        .filter_map(|metric| text(metric, &["resource", "name"]))
        .collect();
    if scaler.node.at(&["spec", "targetCPUUtilizationPercentage"]).is_some() {
        resources.push("cpu");
    }
    for resource in resources {
        for container in workload.containers.iter().filter(|container| container.keeps_running()) {
            let set = |part: &str| container.node.at(&["resources", part, resource]).is_some();
            if !set("requests") && !set("limits") {
                let message = format!(
                    "container `{}` of {} requests no {resource}, whose utilization {scaler} scales by",
                    container.name, workload.object
                );
                lint.report_field(&REQUESTS, workload, container.node, &["resources", "requests"], message);
            }
        }
    }
}
