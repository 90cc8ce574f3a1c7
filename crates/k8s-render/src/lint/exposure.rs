//! Services and Ingresses: where they lead, and whom they let in.

use miette::Severity::{Advice, Error, Warning};

use super::context::{Lint, items, text, texts};
use super::rule;
use crate::inspect::Object;
use crate::rule::Rule;
use crate::yaml::Node;

pub(super) const RULES: &[Rule] =
    &[EXPOSED, EXTERNAL_IP, ADDRESS, DANGLING, PORT, TLS, CLASS, CATCH_ALL, SNIPPET];

const EXPOSED: Rule = rule(
    "k8s/exposed-service",
    Advice,
    "a NodePort or LoadBalancer is open to whatever reaches the nodes, past every Ingress",
    "use `type: ClusterIP` behind an Ingress, or restrict `loadBalancerSourceRanges`",
    &["kube-linter exposed-services", "kube-score service-type"],
);
const EXTERNAL_IP: Rule = rule(
    "k8s/external-ip",
    Warning,
    "whoever may set external addresses can take over traffic to them (CVE-2020-8554)",
    "use a LoadBalancer or an Ingress",
    &["trivy KSV-0108"],
);
const ADDRESS: Rule = rule(
    "k8s/external-name-is-address",
    Error,
    "an ExternalName is a name in DNS; an address there resolves to nothing",
    "write a name, or a Service without selector and an EndpointSlice with the address",
    &[],
);
const DANGLING: Rule = rule(
    "k8s/ingress-service-missing",
    Error,
    "an Ingress to a Service that does not exist answers 503",
    "render the Service in the namespace of the Ingress, or correct the name",
    &["kube-linter dangling-ingress", "kube-score ingress-targets-service"],
);
const PORT: Rule = rule(
    "k8s/ingress-port-unknown",
    Error,
    "an Ingress to a port that its Service does not have answers 503",
    "name a port of the Service",
    &["kube-linter dangling-ingress", "kube-score ingress-targets-service"],
);
const TLS: Rule = rule(
    "k8s/ingress-without-tls",
    Warning,
    "what comes in is read and changed on its way",
    "add `spec.tls` for the host",
    &["polaris tlsSettingsMissing"],
);
const CLASS: Rule = rule(
    "k8s/ingress-without-class",
    Advice,
    "without a class every controller of the cluster, or none, serves an Ingress",
    "set `spec.ingressClassName`",
    &[],
);
const CATCH_ALL: Rule = rule(
    "k8s/ingress-for-any-host",
    Advice,
    "a rule without a host answers for every name that points to the controller",
    "set `host` in the rule",
    &["checkov CKV_K8S_153"],
);
const SNIPPET: Rule = rule(
    "k8s/ingress-snippet",
    Warning,
    "a snippet of nginx's configuration can read every secret of the controller (CVE-2021-25742)",
    "use the annotations made for the purpose",
    &["checkov CKV_K8S_152"],
);

pub(super) fn check(lint: &mut Lint<'_, '_>) {
    let facts = lint.facts;
    for &object in &facts.objects {
        match (object.group(), object.kind) {
            ("", "Service") => service(lint, object),
            ("networking.k8s.io", "Ingress") => ingress(lint, object),
            _ => {}
        }
    }
}

fn service(lint: &mut Lint<'_, '_>, object: Object<'_>) {
    let spec = |field: &str| object.node.at(&["spec", field]);
    let kind = text(object.node, &["spec", "type"]);
    let open = kind.is_some_and(|kind| matches!(kind, "NodePort" | "LoadBalancer"));
    if let (true, Some(node)) =
        (open && items(object.node, &["spec", "loadBalancerSourceRanges"]).is_empty(), spec("type"))
    {
        lint.report(&EXPOSED, object, node, format!("{object} is open to everything outside of the cluster"));
    }
    if let Some(node) = spec("externalIPs").filter(|node| !node.items().is_empty()) {
        lint.report(&EXTERNAL_IP, object, node, format!("{object} takes external addresses"));
    }
    if let Some(node) = spec("externalName").filter(|_| kind == Some("ExternalName")) {
        let name = node.as_str().unwrap_or_default();
        if name.parse::<std::net::IpAddr>().is_ok() {
            lint.report(&ADDRESS, object, node, format!("{object} leads to `{name}`, which is an address"));
        }
    }
}

fn ingress(lint: &mut Lint<'_, '_>, object: Object<'_>) {
    let spec = object.node.get("spec").unwrap_or(object.node);
    let covered: Vec<&str> =
        items(spec, &["tls"]).iter().flat_map(|entry| texts(entry, &["hosts"])).collect();
    let has_tls = !items(spec, &["tls"]).is_empty();
    if !has_tls {
        lint.report(&TLS, object, spec, format!("{object} has no TLS"));
    }
    let annotation = |key: &str| object.node.at(&["metadata", "annotations", key]);
    if text(spec, &["ingressClassName"]).is_none() && annotation("kubernetes.io/ingress.class").is_none() {
        lint.report(&CLASS, object, spec, format!("{object} names no class"));
    }
    for name in ["server-snippet", "configuration-snippet", "auth-snippet", "stream-snippet"] {
        if let Some(node) = annotation(&format!("nginx.ingress.kubernetes.io/{name}")) {
            lint.report(&SNIPPET, object, node, format!("{object} has a `{name}`"));
        }
    }
    if let Some(backend) = spec.get("defaultBackend") {
        leads(lint, object, backend);
    }
    for rule in items(spec, &["rules"]) {
        match text(rule, &["host"]).filter(|host| !host.is_empty()) {
            None => lint.report(&CATCH_ALL, object, rule, format!("a rule of {object} has no host")),
            // A certificate without hosts is for all of them.
            Some(host) if has_tls && !covered.is_empty() && !covered.iter().any(|of| covers(of, host)) => {
                let place = rule.get("host").unwrap_or(rule);
                lint.report(&TLS, object, place, format!("`{host}` of {object} is in no entry of `tls`"));
            }
            Some(_) => {}
        }
        for path in items(rule, &["http", "paths"]) {
            if let Some(backend) = path.get("backend") {
                leads(lint, object, backend);
            }
        }
    }
}

/// Whether a certificate's name, which may be a wildcard for one label, covers a host.
fn covers(name: &str, host: &str) -> bool {
    let wild = || Some(name.strip_prefix("*.")? == host.split_once('.')?.1);
    name == host || wild() == Some(true)
}

fn leads(lint: &mut Lint<'_, '_>, object: Object<'_>, backend: &Node) {
    let Some(target) = backend.get("service") else { return };
    let name = text(target, &["name"]).unwrap_or_default();
    let Some(service) = lint.lookup.get("Service", object.namespace(), name) else {
        let message = format!("{object} leads to Service `{name}`, which is not rendered in its namespace");
        return lint.report(&DANGLING, object, target.get("name").unwrap_or(target), message);
    };
    let Some(port) = target.get("port") else { return };
    let fits = |entry: &Node| match (port.get("number"), text(port, &["name"])) {
        (Some(number), _) => entry.get("port") == Some(number),
        (None, Some(name)) => text(entry, &["name"]) == Some(name),
        (None, None) => true,
    };
    let is_external = text(service.node, &["spec", "type"]) == Some("ExternalName");
    if !is_external && !items(service.node, &["spec", "ports"]).iter().any(fits) {
        let message = format!("{object} leads to a port that {service} does not have");
        lint.report(&PORT, object, port, message);
    }
}
