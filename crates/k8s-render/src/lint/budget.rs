//! Budgets of disruptions: each `PodDisruptionBudget` and the pods it protects.

use std::collections::HashMap;

use miette::Severity::{Advice, Error, Warning};

use super::context::{Lint, replicas, text};
use super::lookup::selects;
use super::rule;
use crate::inspect::{Object, Workload};
use crate::rule::Rule;
use crate::yaml::Node;

pub(super) const RULES: &[Rule] = &[MISSING, BLOCKS, NOTHING, UNHEALTHY];

const MISSING: Rule = rule(
    "k8s/no-disruption-budget",
    Advice,
    "without a budget a drain of nodes may evict every replica at the same time",
    "add a PodDisruptionBudget with `maxUnavailable: 1`",
    &[
        "kube-score deployment-has-poddisruptionbudget",
        "kube-score statefulset-has-poddisruptionbudget",
        "polaris missingPodDisruptionBudget",
    ],
);
const BLOCKS: Rule = rule(
    "k8s/disruption-budget-blocks",
    Error,
    "a budget that allows no eviction blocks every drain, and with it upgrades of the cluster",
    "allow one pod to be unavailable: `maxUnavailable: 1`, with more than one replica",
    &[
        "kube-linter pdb-max-unavailable",
        "kube-linter pdb-min-available",
        "polaris pdbDisruptionsIsZero",
        "polaris pdbMinAvailableGreaterThanHPAMinReplicas",
    ],
);
const NOTHING: Rule = rule(
    "k8s/disruption-budget-selects-nothing",
    Warning,
    "a budget that selects no pod protects none",
    "give the selector the labels of a pod template in the same namespace",
    &["kube-score poddisruptionbudget-has-policy"],
);
const UNHEALTHY: Rule = rule(
    "k8s/unhealthy-pods-block",
    Advice,
    "pods that are broken anyway count against the budget, and block drains, unless it says otherwise",
    "set `unhealthyPodEvictionPolicy: AlwaysAllow`",
    &["kube-linter pdb-unhealthy-pod-eviction-policy"],
);

pub(super) fn check(lint: &mut Lint<'_, '_>) {
    let facts = lint.facts;
    let mut by_namespace: HashMap<&str, Vec<&Workload<'_>>> = HashMap::new();
    for workload in &facts.workloads {
        by_namespace.entry(workload.object.namespace()).or_default().push(workload);
    }
    let mut protected = std::collections::HashSet::new();
    for &object in facts.objects.iter().filter(|object| object.kind == "PodDisruptionBudget") {
        let candidates = by_namespace.get(object.namespace()).map_or(&[][..], Vec::as_slice);
        let selected: Vec<_> = object.node.at(&["spec", "selector"]).map_or_else(Vec::new, |selector| {
            candidates.iter().filter(|workload| selects(selector, &workload.labels)).copied().collect()
        });
        if selected.is_empty() {
            let place = object.node.at(&["spec", "selector"]).unwrap_or(object.node);
            lint.report(&NOTHING, object, place, format!("{object} selects no pod"));
        }
        for workload in selected {
            protected.insert(std::ptr::from_ref(workload.object.node));
            blocks(lint, object, workload);
        }
        if text(object.node, &["spec", "unhealthyPodEvictionPolicy"]) != Some("AlwaysAllow") {
            let place = object.node.get("spec").unwrap_or(object.node);
            lint.report(&UNHEALTHY, object, place, format!("{object} counts pods that are not healthy"));
        }
    }
    for workload in &facts.workloads {
        let object = workload.object;
        let several = replicas(object) > 1 || lint.lookup.scaler(object).is_some();
        let is_kind = matches!(object.kind, "Deployment" | "StatefulSet");
        if is_kind && several && !protected.contains(&std::ptr::from_ref(object.node)) {
            lint.report(&MISSING, object, object.node, format!("{object} has no PodDisruptionBudget"));
        }
    }
}

/// The least number of pods that a workload has.
fn least(lint: &Lint<'_, '_>, object: Object<'_>) -> i64 {
    let bound = lint.lookup.scaler(object).map(|scaler| {
        let least = scaler.node.at(&["spec", "minReplicas"]).or(scaler.node.at(&["spec", "minReplicaCount"]));
        least.and_then(Node::as_i64).unwrap_or(1)
    });
    bound.unwrap_or_else(|| replicas(object))
}

fn blocks(lint: &mut Lint<'_, '_>, budget: Object<'_>, workload: &Workload<'_>) {
    if !matches!(workload.object.kind, "Deployment" | "StatefulSet" | "ReplicaSet") {
        return;
    }
    let pods = least(lint, workload.object);
    if pods < 1 {
        return;
    }
    // A share is rounded up, of what must stay as of what may go.
    let amount = |node: &Node| {
        let text = node.scalar_text()?;
        match text.strip_suffix('%') {
            Some(percent) => percent.parse::<i64>().ok()?.checked_mul(pods).map(|share| (share + 99) / 100),
            None => text.parse().ok(),
        }
    };
    let spec = |field: &str| budget.node.at(&["spec", field]);
    let may_go = spec("maxUnavailable").and_then(|node| Some((node, amount(node)?)));
    let must_stay = spec("minAvailable").and_then(|node| Some((node, pods - amount(node)?)));
    if let Some((node, left)) = may_go.or(must_stay)
        && left <= 0
    {
        let message = format!("{budget} lets none of the {pods} pods of {} be evicted", workload.object);
        lint.report(&BLOCKS, budget, node, message);
    }
}
