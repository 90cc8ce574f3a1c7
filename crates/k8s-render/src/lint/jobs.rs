//! Jobs, `CronJob`s, and pods that nothing controls.

use miette::Severity::{Advice, Warning};

use super::context::{Lint, text};
use super::rule;
use crate::inspect::{Object, Workload};
use crate::rule::Rule;
use crate::yaml::Node;

pub(super) const RULES: &[Rule] = &[TTL, DEADLINE, BACKOFF, CONCURRENCY, STARTING, BARE];

const TTL: Rule = rule(
    "k8s/job-without-ttl",
    Advice,
    "a finished Job and its pods stay until somebody deletes them",
    "set `ttlSecondsAfterFinished`, unless the Job's name says what it did and must be found again",
    &["kube-linter job-ttl-seconds-after-finished"],
);
const DEADLINE: Rule = rule(
    "k8s/job-without-deadline",
    Warning,
    "a Job that hangs runs, and holds its resources and locks, for ever",
    "set `activeDeadlineSeconds`",
    &["kube-score cronjob-has-deadline"],
);
const BACKOFF: Rule = rule(
    "k8s/job-backoff",
    Advice,
    "six retries are seldom what a Job needs: most either may never run twice, or may run more often",
    "set `backoffLimit`",
    &[],
);
const CONCURRENCY: Rule = rule(
    "k8s/cronjob-overlaps",
    Warning,
    "a run that takes longer than its interval is joined by the next one",
    "set `concurrencyPolicy: Forbid` or `Replace`",
    &[],
);
const STARTING: Rule = rule(
    "k8s/cronjob-without-starting-deadline",
    Advice,
    "after a hundred missed starts the controller gives a CronJob up unless it has a deadline",
    "set `startingDeadlineSeconds`",
    &["kube-score cronjob-has-deadline"],
);
const BARE: Rule = rule(
    "k8s/bare-pod",
    Warning,
    "a pod without a controller is gone for good when its node is",
    "make it a Deployment, StatefulSet or Job",
    &["kubescape C-0073"],
);

pub(super) fn check(lint: &mut Lint<'_, '_>) {
    let facts = lint.facts;
    for workload in &facts.workloads {
        let object = workload.object;
        match object.kind {
            "Job" => {
                job(lint, object, &["spec"]);
                if object.node.at(&["spec", "ttlSecondsAfterFinished"]).is_none() {
                    lint.report_field(
                        &TTL,
                        workload,
                        object.node,
                        &["spec"],
                        format!("{object} stays when it has finished"),
                    );
                }
            }
            "CronJob" => cron_job(lint, workload),
            "Pod" if workload.owner.is_none() && !is_static(object) => {
                lint.report(&BARE, object, object.node, format!("{object} has no controller"));
            }
            _ => {}
        }
    }
}

/// Hooks and mirror pods are meant to be alone.
fn is_static(object: Object<'_>) -> bool {
    let annotations = object.node.at(&["metadata", "annotations"]);
    let has = |key: &str| annotations.and_then(|annotations| annotations.get(key)).is_some();
    has("helm.sh/hook") || has("argocd.argoproj.io/hook") || has("kubernetes.io/config.mirror")
}

fn job(lint: &mut Lint<'_, '_>, object: Object<'_>, path: &[&str]) {
    let Some(spec) = object.node.at(path) else { return };
    let in_pod = spec.at(&["template", "spec", "activeDeadlineSeconds"]);
    if spec.get("activeDeadlineSeconds").or(in_pod).is_none_or(Node::is_null) {
        lint.report(&DEADLINE, object, spec, format!("{object} may run for ever"));
    }
    if spec.get("backoffLimit").or(spec.get("backoffLimitPerIndex")).is_none() {
        lint.report(&BACKOFF, object, spec, format!("{object} is tried again six times"));
    }
}

fn cron_job(lint: &mut Lint<'_, '_>, workload: &Workload<'_>) {
    let object = workload.object;
    job(lint, object, &["spec", "jobTemplate", "spec"]);
    if text(object.node, &["spec", "concurrencyPolicy"]).is_none_or(|policy| policy == "Allow") {
        let message = format!("runs of {object} may overlap");
        lint.report_field(&CONCURRENCY, workload, object.node, &["spec", "concurrencyPolicy"], message);
    }
    if object.node.at(&["spec", "startingDeadlineSeconds"]).is_none() {
        let message = format!("{object} has no starting deadline");
        lint.report_field(&STARTING, workload, object.node, &["spec"], message);
    }
}
