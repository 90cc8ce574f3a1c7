//! What a cluster holds against what the overlays of an environment render.

use miette::Severity::Error;

use super::cluster::{Here, shown};
use crate::probe::Finding;
use crate::probe::cluster::{Facts, Workload};

/// Kinds that stay: a Job goes when its time has come.
const LASTING: [&str; 3] = ["Deployment", "StatefulSet", "DaemonSet"];

/// Workloads that were not applied, or with other images. `home` is the namespace of those that name none.
pub(super) fn compare(facts: &Facts, here: &Here<'_>, home: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let rendered = here.rendered.into_iter().flatten().filter(|one| LASTING.contains(&&*one.kind));
    for one in rendered {
        let namespace = if one.namespace.is_empty() { home } else { &one.namespace };
        let Some(live) = facts.namespace(namespace).and_then(|namespace| namespace.workloads.as_ref()) else {
            continue;
        };
        let is_it = |live: &&Workload| live.kind == one.kind && live.name == one.name;
        let Some(live) = live.iter().find(is_it) else {
            let message = format!(
                "{} `{}` of `{}` is not in the cluster: namespace `{namespace}` has none of that name",
                one.kind, one.name, here.environment
            );
            let finding = Finding::new("probe/not-applied", Error, message, "apply the overlay");
            findings.push(finding.at_source(&one.src, one.span, "rendered from here"));
            continue;
        };
        // What a cluster adds, such as a sidecar, is its own affair.
        for image in one.images.iter().filter(|image| !live.images.contains(&image.reference)) {
            let has = shown(&live.images.iter().map(String::as_str).collect());
            let message = format!(
                "{} `{}` of `{}` has {has}, and its overlay renders `{}`",
                one.kind, one.name, here.environment, image.reference
            );
            let finding =
                Finding::new("probe/overlay", Error, message, "apply the overlay, or bring it to what runs");
            findings.push(finding.at_source(&image.src, image.span, "rendered from here"));
        }
    }
    findings
}
