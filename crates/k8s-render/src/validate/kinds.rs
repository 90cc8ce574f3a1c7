//! What the API server asks of some kinds beyond their types.

use std::collections::HashSet;

use super::format::{is_config_key, is_dns_subdomain};
use super::pods::{is_port, port};
use super::report::Report;
use super::rules::{INVALID_KEY, INVALID_NAME, INVALID_PORT, INVALID_VALUE, MISSING_FIELD};
use crate::yaml::Node;

pub(super) fn check(report: &mut Report<'_, '_>) {
    match (report.object.group(), report.object.kind) {
        ("", "ConfigMap" | "Secret") => keys(report),
        ("", "Service") => service(report),
        ("networking.k8s.io", "Ingress") => ingress(report),
        ("networking.k8s.io", "NetworkPolicy") => network_policy(report),
        ("autoscaling", "HorizontalPodAutoscaler") => autoscaler(report),
        ("policy", "PodDisruptionBudget") => budget(report),
        ("batch", "CronJob") => cron_job(report),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => definition(report),
        _ => {}
    }
}

fn keys(report: &mut Report<'_, '_>) {
    let mut seen = HashSet::new();
    for field in ["data", "binaryData", "stringData"] {
        for (key, value) in report.object.node.get(field).into_iter().flat_map(Node::entries) {
            if !is_config_key(key) {
                let message = format!("`{key}` cannot be a key of a {}", report.object.kind);
                report.key(&INVALID_KEY, key, value, message, None);
            }
            // A Secret's `stringData` overrides `data`.
            if field != "stringData" && !seen.insert(key) {
                let message = format!("`{key}` stands in both `data` and `binaryData`");
                report.key(&INVALID_KEY, key, value, message, Some("keep one of the two".to_owned()));
            }
        }
    }
}

fn items<'a>(node: &'a Node, path: &[&str]) -> &'a [Node] {
    node.at(path).map(Node::items).unwrap_or_default()
}

fn service(report: &mut Report<'_, '_>) {
    let node = report.object.node;
    let kind = report.object.text(&["spec", "type"]);
    let entries = items(node, &["spec", "ports"]);
    for entry in entries {
        for key in ["port", "nodePort"] {
            if let Some(node) = entry.get(key).filter(|node| key == "port" || node.as_i64() != Some(0)) {
                port(report, node, false);
            }
        }
        if let Some(node) = entry.get("targetPort") {
            port(report, node, true);
        }
        // Of a Service, unlike of a container, a name is any label.
        if let Some(name) =
            entry.get("name").filter(|name| name.as_str().is_some_and(|n| !super::format::is_dns_label(n)))
        {
            let message = format!("`{}` cannot be the name of a port", name.as_str().unwrap_or_default());
            report.value(&INVALID_PORT, name, message, None);
        }
        if entries.len() > 1 && entry.get("name").and_then(Node::as_str).is_none_or(str::is_empty) {
            let message = "a Service of several ports must name each".to_owned();
            report.value(&MISSING_FIELD, entry, message, Some("add `name` to the port".to_owned()));
        }
    }
    let headless = report.object.text(&["spec", "clusterIP"]) == "None";
    if let Some(spec) = node.get("spec")
        && entries.is_empty()
        && !headless
        && kind != "ExternalName"
    {
        report.value(
            &MISSING_FIELD,
            spec,
            "a Service needs `ports`".to_owned(),
            Some("add `spec.ports`".to_owned()),
        );
    }
    if kind == "ExternalName" {
        let external = node.at(&["spec", "externalName"]);
        let name = external.and_then(Node::as_str).unwrap_or_default();
        let place = external.or(node.get("spec")).unwrap_or(node);
        if name.is_empty() {
            let advice = Some("add `spec.externalName`".to_owned());
            report.value(&MISSING_FIELD, place, "an ExternalName needs `externalName`".to_owned(), advice);
        } else if !is_dns_subdomain(name.trim_end_matches('.').to_ascii_lowercase().as_str()) {
            report.value(&INVALID_NAME, place, format!("`{name}` cannot be an external name"), None);
        }
    }
}

fn ingress(report: &mut Report<'_, '_>) {
    for rule in items(report.object.node, &["spec", "rules"]) {
        if let Some(host) = rule.get("host").filter(|host| host.as_str().is_some_and(|host| !is_host(host))) {
            let message = format!("`{}` cannot be a host", host.as_str().unwrap_or_default());
            report.value(&INVALID_NAME, host, message, None);
        }
        for path in items(rule, &["http", "paths"]) {
            let Some(node) = path.get("path") else { continue };
            let Some(text) = node.as_str().filter(|text| !text.is_empty()) else { continue };
            let is_free = path.get("pathType").and_then(Node::as_str) == Some("ImplementationSpecific");
            if !is_free && !text.starts_with('/') {
                let message = format!("the path `{text}` does not begin with `/`");
                report.value(&INVALID_VALUE, node, message, Some(format!("write `/{text}`")));
            }
        }
    }
}

/// A name of DNS, whose first label may be `*`; an address is none.
fn is_host(host: &str) -> bool {
    let name = host.strip_prefix("*.").unwrap_or(host);
    host.is_empty() || is_dns_subdomain(name) && host.parse::<std::net::IpAddr>().is_err()
}

fn network_policy(report: &mut Report<'_, '_>) {
    for (direction, peers) in [("ingress", "from"), ("egress", "to")] {
        for rule in items(report.object.node, &["spec", direction]) {
            for entry in items(rule, &["ports"]) {
                let Some(first) = entry.get("port") else { continue };
                port(report, first, true);
                let Some(last) = entry.get("endPort") else { continue };
                let range = first.as_i64().zip(last.as_i64());
                if range.is_none_or(|(first, last)| last < first || !is_port(last)) {
                    let message =
                        "`endPort` must be a port no less than `port`, which must be a number".to_owned();
                    report.value(&INVALID_PORT, last, message, None);
                }
            }
            for peer in items(rule, &[peers]) {
                let has = |key: &str| peer.get(key).is_some_and(|part| !part.is_null());
                if has("ipBlock") && (has("podSelector") || has("namespaceSelector")) {
                    let message = "a peer with `ipBlock` can have no selector".to_owned();
                    report.value(&INVALID_VALUE, peer, message, Some("write two peers".to_owned()));
                }
            }
        }
    }
}

fn autoscaler(report: &mut Report<'_, '_>) {
    let number = |key: &str| report.object.node.at(&["spec", key]).and_then(Node::as_i64);
    let (least, most) = (number("minReplicas"), number("maxReplicas"));
    if let (Some(node), Some(most)) = (report.object.node.at(&["spec", "maxReplicas"]), most)
        && (most < least.unwrap_or(1) || most < 1)
    {
        let message = format!("`maxReplicas: {most}` is less than `minReplicas: {}`", least.unwrap_or(1));
        report.value(&INVALID_VALUE, node, message, Some("raise `maxReplicas`".to_owned()));
    }
}

fn budget(report: &mut Report<'_, '_>) {
    let both = ["minAvailable", "maxUnavailable"].map(|key| report.object.node.at(&["spec", key]));
    if let [Some(_), Some(node)] = both {
        let message = "`minAvailable` and `maxUnavailable` exclude each other".to_owned();
        report.value(&INVALID_VALUE, node, message, Some("keep one of the two".to_owned()));
    }
}

fn cron_job(report: &mut Report<'_, '_>) {
    let Some(node) = report.object.node.at(&["spec", "schedule"]) else { return };
    let Some(text) = node.as_str() else { return };
    if !is_schedule(text) {
        let message = format!("`{text}` is no schedule");
        let advice = "write five fields: minute, hour, day of the month, month, day of the week; or `@daily` and its like";
        report.value(&INVALID_VALUE, node, message, Some(advice.to_owned()));
    }
}

/// Five fields of cron, or one of its words.
fn is_schedule(text: &str) -> bool {
    if let Some(word) = text.strip_prefix('@') {
        let known = ["yearly", "annually", "monthly", "weekly", "daily", "midnight", "hourly"];
        return known.contains(&word)
            || word.strip_prefix("every ").is_some_and(|rest| !rest.trim().is_empty());
    }
    let names = |known: &[&str], word: &str| known.iter().position(|name| name.eq_ignore_ascii_case(word));
    let months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
    let fields: Vec<&str> = text.split_whitespace().collect();
    let ranges = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 6)];
    let is_field = |(at, field): (usize, &&str)| {
        let (low, high): (usize, usize) = ranges[at];
        let number = |word: &str| {
            let named = match at {
                3 => names(&months, word).map(|month| month + 1),
                4 => names(&days, word),
                _ => None,
            };
            named.or_else(|| word.parse().ok()).filter(|number| (low..=high).contains(number))
        };
        field.split(',').all(|part| {
            let (range, step) =
                part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
            let is_step = step.is_none_or(|step| step.parse::<usize>().is_ok_and(|step| step > 0));
            is_step
                && match range.split_once('-') {
                    _ if matches!(range, "*" | "?") => true,
                    Some((first, last)) => {
                        number(first).zip(number(last)).is_some_and(|(first, last)| first <= last)
                    }
                    None => number(range).is_some(),
                }
        })
    };
    fields.len() == 5 && fields.iter().enumerate().all(is_field)
}

fn definition(report: &mut Report<'_, '_>) {
    let object = report.object;
    let wanted = format!("{}.{}", object.text(&["spec", "names", "plural"]), object.text(&["spec", "group"]));
    if object.name() != wanted && !wanted.starts_with('.') && !wanted.ends_with('.') {
        let node = object.node.at(&["metadata", "name"]).unwrap_or(object.node);
        let message = format!("the definition must be called `{wanted}`, from its plural and group");
        report.value(&INVALID_NAME, node, message, Some(format!("name it `{wanted}`")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules() {
        for text in ["*/5 * * * *", "0 3 1-15/2 JAN,feb mon-fri", "@daily", "@every 1h", "0 0 ? * 0"] {
            assert!(is_schedule(text), "{text}");
        }
        for text in
            ["", "* * * *", "60 * * * *", "* * 0 * *", "*/0 * * * *", "5-1 * * * *", "@never", "* * * * 7"]
        {
            assert!(!is_schedule(text), "{text}");
        }
    }

    #[test]
    fn hosts() {
        assert!(["a.example", "*.example", ""].into_iter().all(is_host));
        assert!(!["A", "10.0.0.1", "*", "a.*.b"].into_iter().any(is_host));
    }
}
