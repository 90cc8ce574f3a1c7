//! What the API server asks of pods beyond their types.

use std::collections::HashSet;

use super::format::{is_dns_label, is_port_name, is_variable, quantity};
use super::metadata::labels;
use super::report::{Report, Step};
use super::rules::{
    INVALID_KEY, INVALID_NAME, INVALID_PORT, INVALID_VALUE, MISSING_FIELD, REQUEST_OVER_LIMIT,
    RESTART_POLICY, SELECTOR_MISMATCH, UNKNOWN_VOLUME,
};
use crate::inspect::Workload;
use crate::inspect::labels as sorted;
use crate::yaml::{Node, Value};

pub(super) fn check<'a>(report: &mut Report<'a, '_>, workload: &Workload<'a>) {
    let steps: &[&str] = match report.object.kind {
        "Pod" => &[],
        "CronJob" => &["spec", "jobTemplate", "spec", "template"],
        _ => &["spec", "template"],
    };
    let depth = report.path.len();
    report.path.extend(steps.iter().map(|step| Step::Key(step)));
    if let Some(metadata) =
        report.object.node.at(steps).filter(|_| !steps.is_empty()).and_then(|t| t.get("metadata"))
    {
        report.below(Step::Key("metadata"), |report| labels(report, metadata, "labels"));
    }
    report.below(Step::Key("spec"), |report| spec(report, workload));
    report.path.truncate(depth);
    selector(report, workload);
}

/// `spec.selector` must match the template's labels, and may be absent only where a controller makes one.
fn selector<'a>(report: &mut Report<'a, '_>, workload: &Workload<'a>) {
    if !matches!(report.object.kind, "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet")
        || report.object.group() != "apps"
    {
        return;
    }
    let Some(selector) = report.object.node.at(&["spec", "selector"]) else { return };
    let wanted = sorted(selector.get("matchLabels"));
    let expressions = selector.get("matchExpressions").map(Node::items).unwrap_or_default();
    if wanted.is_empty() && expressions.is_empty() {
        let message = "`spec.selector` is empty".to_owned();
        return report.value(&SELECTOR_MISMATCH, selector, message, None);
    }
    let missing = wanted.iter().find(|label| workload.labels.binary_search(label).is_err());
    if let Some((key, value)) = missing {
        let message =
            format!("the selector wants `{key}: {value}`, which the labels of the template do not have");
        let place = selector.at(&["matchLabels", key]).unwrap_or(selector);
        report.value(&SELECTOR_MISMATCH, place, message, None);
    }
}

fn spec<'a>(report: &mut Report<'a, '_>, workload: &Workload<'a>) {
    let spec = workload.spec;
    restart_policy(report, spec);
    let volumes: HashSet<&str> =
        items(spec, "volumes").iter().filter_map(|volume| text(volume, "name")).collect();
    report.below(Step::Key("volumes"), |report| {
        for (at, volume) in items(spec, "volumes").iter().enumerate() {
            report.below(Step::At(at), |report| named(report, volume, "volume"));
        }
    });
    // Claim templates of a StatefulSet are volumes of its pods.
    let claims =
        report.object.node.at(&["spec", "volumeClaimTemplates"]).map(Node::items).unwrap_or_default();
    let claims: HashSet<&str> = claims
        .iter()
        .map(|claim| claim.at(&["metadata", "name"]))
        .filter_map(|name| name?.as_str())
        .collect();
    for list in ["initContainers", "containers"] {
        report.below(Step::Key(list), |report| {
            for (at, container) in items(spec, list).iter().enumerate() {
                report.below(Step::At(at), |report| {
                    named(report, container, "container");
                    mounts(report, container, |name| volumes.contains(name) || claims.contains(name));
                    ports(report, container);
                    environment(report, container);
                    resources(report, container);
                    if text(container, "image").is_none_or(str::is_empty) {
                        let message = format!("`{}` is missing", report.field("image"));
                        report.value(&MISSING_FIELD, container, message, Some("name an image".to_owned()));
                    }
                });
            }
        });
    }
    if spec
        .get("containers")
        .is_some_and(|list| matches!(&list.value, Value::Sequence(all) if all.is_empty()))
    {
        let message = format!("`{}` is empty", report.field("containers"));
        report.value(&MISSING_FIELD, spec, message, Some("a pod needs a container".to_owned()));
    }
    if let Some(period) =
        spec.get("terminationGracePeriodSeconds").filter(|node| node.as_i64().is_some_and(|n| n < 0))
    {
        let message = format!("`{}` is negative", report.field("terminationGracePeriodSeconds"));
        report.value(&INVALID_VALUE, period, message, Some("write 0 or more seconds".to_owned()));
    }
}

fn restart_policy(report: &mut Report<'_, '_>, spec: &Node) {
    let policy = text(spec, "restartPolicy");
    let allowed: &[&str] = match report.object.kind {
        "Job" | "CronJob" => &["Never", "OnFailure"],
        "Pod" => return,
        _ => &["Always"],
    };
    let is_job = allowed.len() == 2;
    let is_wrong = policy.map_or(is_job, |policy| !allowed.contains(&policy));
    // What is no policy at all is reported as such.
    if is_wrong && policy.is_none_or(|policy| ["Always", "Never", "OnFailure"].contains(&policy)) {
        let message = match policy {
            Some(policy) => format!("`restartPolicy: {policy}` is not allowed in a {}", report.object.kind),
            None => format!("a {} needs a `restartPolicy`", report.object.kind),
        };
        let node = spec.get("restartPolicy").unwrap_or(spec);
        report.value(&RESTART_POLICY, node, message, Some(format!("write {}", allowed.join(" or "))));
    }
}

fn items<'a>(node: &'a Node, key: &str) -> &'a [Node] {
    node.get(key).map(Node::items).unwrap_or_default()
}

fn text<'a>(node: &'a Node, key: &str) -> Option<&'a str> {
    node.get(key).and_then(Node::as_str)
}

fn named(report: &mut Report<'_, '_>, node: &Node, what: &str) {
    if let Some(name) = text(node, "name").filter(|name| !is_dns_label(name)) {
        let place = node.get("name").unwrap_or(node);
        report.value(&INVALID_NAME, place, format!("`{name}` cannot be the name of a {what}"), None);
    }
}

fn mounts(report: &mut Report<'_, '_>, container: &Node, has: impl Fn(&str) -> bool) {
    for (list, key) in [("volumeMounts", "name"), ("volumeDevices", "name")] {
        let mut paths = HashSet::new();
        for mount in items(container, list) {
            if let Some(name) = text(mount, key).filter(|name| !has(name)) {
                let place = mount.get(key).unwrap_or(mount);
                report.value(&UNKNOWN_VOLUME, place, format!("the pod has no volume `{name}`"), None);
            }
            if let Some(path) = text(mount, "mountPath").filter(|path| !paths.insert(*path)) {
                let place = mount.get("mountPath").unwrap_or(mount);
                let message = format!("two volumes are mounted at `{path}`");
                report.value(
                    &INVALID_VALUE,
                    place,
                    message,
                    Some("mount each at a path of its own".to_owned()),
                );
            }
        }
    }
}

/// Whether a number can be that of a port.
pub(super) fn is_port(number: i64) -> bool {
    (1..=65535).contains(&number)
}

/// Reports a number or name that cannot be a port.
pub(super) fn port(report: &mut Report<'_, '_>, node: &Node, named: bool) {
    let fits = match &node.value {
        Value::Number(_) => node.as_i64().is_some_and(is_port),
        Value::String(name) => !named || is_port_name(name),
        _ => true,
    };
    if !fits {
        let text = node.scalar_text().unwrap_or_default();
        report.value(&INVALID_PORT, node, format!("`{text}` cannot be a port"), None);
    }
}

fn ports(report: &mut Report<'_, '_>, container: &Node) {
    for entry in items(container, "ports") {
        for key in ["containerPort", "hostPort"] {
            // `hostPort: 0` is what the field has when it is left out.
            if let Some(node) = entry.get(key).filter(|node| key != "hostPort" || node.as_i64() != Some(0)) {
                port(report, node, false);
            }
        }
        if let Some(node) = entry.get("name") {
            port(report, node, true);
        }
    }
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        for (handler, named) in [("httpGet", true), ("tcpSocket", true), ("grpc", false)] {
            if let Some(node) = container.at(&[probe, handler, "port"]) {
                port(report, node, named);
            }
        }
    }
}

fn environment(report: &mut Report<'_, '_>, container: &Node) {
    for variable in items(container, "env") {
        if let Some(name) = text(variable, "name").filter(|name| !is_variable(name)) {
            let place = variable.get("name").unwrap_or(variable);
            let message = format!("`{name}` cannot be the name of an environment variable");
            report.value(&INVALID_KEY, place, message, None);
        }
        let has_value = text(variable, "value").is_some_and(|value| !value.is_empty());
        if let (true, Some(from)) = (has_value, variable.get("valueFrom").filter(|from| !from.is_null())) {
            let name = text(variable, "name").unwrap_or_default();
            let message = format!("the variable `{name}` has both `value` and `valueFrom`");
            report.value(&INVALID_VALUE, from, message, Some("keep one of the two".to_owned()));
        }
    }
}

fn resources(report: &mut Report<'_, '_>, container: &Node) {
    let amount = |part: &str, name: &str| quantity(container.at(&["resources", part, name])?.scalar_text()?);
    let requests = container.at(&["resources", "requests"]).into_iter().flat_map(Node::entries);
    for (name, node) in requests {
        if let (Some(request), Some(limit)) = (amount("requests", name), amount("limits", name))
            && request > limit
        {
            let message = format!("the request of {name} is larger than its limit");
            report.value(&REQUEST_OVER_LIMIT, node, message, None);
        }
    }
    for part in ["requests", "limits"] {
        for (name, node) in container.at(&["resources", part]).into_iter().flat_map(Node::entries) {
            if amount(part, name).is_some_and(|amount| amount < 0.0) {
                let message = format!("the amount of {name} is negative");
                report.value(&INVALID_VALUE, node, message, Some("write 0 or more".to_owned()));
            }
        }
    }
}
