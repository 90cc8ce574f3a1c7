//! `k8s/no-resources`, `k8s/no-probe` and `k8s/latest-tag`

use super::{Container, ContainerRole, Facts, Finding, Place, Sources, Workload};
use crate::yaml::Node;

pub(super) fn check(facts: &Facts<'_>, sources: Sources<'_>, findings: &mut Vec<Finding>) {
    for workload in &facts.workloads {
        for container in &workload.containers {
            findings.extend(no_resources(workload, container, sources));
            findings.extend(no_probe(workload, container, sources));
            findings.extend(latest_tag(workload, container, sources));
        }
    }
}

fn no_resources(workload: &Workload<'_>, container: &Container<'_>, sources: Sources<'_>) -> Option<Finding> {
    // A limit without a request is the request too.
    let limit = |resource: &str| container.node.at(&["resources", "limits", resource]).is_some();
    let request =
        |resource: &str| limit(resource) || container.node.at(&["resources", "requests", resource]).is_some();
    let wanted = [
        ("cpu request", request("cpu")),
        ("memory request", request("memory")),
        ("memory limit", limit("memory")),
    ];
    let missing: Vec<_> = wanted.into_iter().filter(|(_, set)| !set).map(|(what, _)| what).collect();
    if missing.is_empty() {
        return None;
    }
    let Place { src, span } = sources.place(container.node, workload.object.node);
    Some(Finding::NoResources {
        workload: workload.object.to_string(),
        container: container.name.to_owned(),
        missing: missing.join(", no "),
        src,
        span,
    })
}

fn no_probe(workload: &Workload<'_>, container: &Container<'_>, sources: Sources<'_>) -> Option<Finding> {
    let probes = ["readinessProbe", "livenessProbe", "startupProbe"];
    let probed = probes.iter().any(|probe| container.node.get(probe).is_some());
    if probed || container.role != ContainerRole::Main || !workload.is_long_running() {
        return None;
    }
    let Place { src, span } = sources.place(container.node, workload.object.node);
    let (workload, container) = (workload.object.to_string(), container.name.to_owned());
    Some(Finding::NoProbe { workload, container, src, span })
}

fn latest_tag(workload: &Workload<'_>, container: &Container<'_>, sources: Sources<'_>) -> Option<Finding> {
    let image = container.image?;
    if image.digest.is_some() || image.tag.is_some_and(|tag| tag != "latest") {
        return None;
    }
    let node: &Node = image.node;
    let Place { src, span } = sources.place(node, workload.object.node);
    Some(Finding::LatestTag {
        workload: workload.object.to_string(),
        container: container.name.to_owned(),
        image: image.to_string(),
        repository: image.repository.to_owned(),
        src,
        span,
    })
}
