//! `k8s/not-restricted`: the Pod Security Standards' profile `restricted`, with the `baseline` rules it contains.
//!
//! Source: "Pod Security Standards" of the Kubernetes documentation.

use std::collections::HashSet;

use super::{Facts, Finding, Place, Sources, Workload};
use crate::yaml::Node;

const ENFORCE: &str = "pod-security.kubernetes.io/enforce";

/// Volume types that `restricted` allows.
const VOLUMES: [&str; 9] = [
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

/// Sysctls that `baseline` calls safe.
const SYSCTLS: [&str; 10] = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_syncookies",
];

/// `SELinux` types that `baseline` allows.
const SELINUX_TYPES: [&str; 5] =
    ["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"];

pub(super) fn check(facts: &Facts<'_>, sources: Sources<'_>, findings: &mut Vec<Finding>) {
    let enforcing =
        facts.namespaces.iter().filter(|namespace| namespace.labels.contains(&(ENFORCE, "restricted")));
    let enforcing: HashSet<&str> = enforcing.map(|namespace| namespace.object.name()).collect();
    for workload in facts.workloads.iter().filter(|workload| enforcing.contains(workload.object.namespace()))
    {
        for violation in Violations::of(workload).found {
            let Place { src, span } = sources.place(violation.node, workload.object.node);
            findings.push(Finding::NotRestricted {
                workload: workload.object.to_string(),
                namespace: workload.object.namespace().to_owned(),
                violation: violation.what,
                help: violation.help,
                src,
                span,
            });
        }
    }
}

struct Violation<'a> {
    what: String,
    help: String,
    node: &'a Node,
}

#[derive(Default)]
struct Violations<'a> {
    found: Vec<Violation<'a>>,
}

impl<'a> Violations<'a> {
    fn of(workload: &Workload<'a>) -> Self {
        let mut this = Self::default();
        this.pod(workload.spec);
        let pod = workload.spec.get("securityContext");
        let ephemeral = workload.spec.get("ephemeralContainers").map(Node::items).unwrap_or_default();
        for container in workload.containers.iter().map(|container| container.node).chain(ephemeral) {
            this.container(container, pod);
        }
        this
    }

    fn add(&mut self, node: &'a Node, what: impl Into<String>, help: impl Into<String>) {
        self.found.push(Violation { what: what.into(), help: help.into(), node });
    }

    fn pod(&mut self, spec: &'a Node) {
        for field in ["hostNetwork", "hostPID", "hostIPC"] {
            if let Some(node) = spec.get(field).filter(|node| node.as_bool() == Some(true)) {
                self.add(
                    node,
                    format!("`{field}` shares a namespace of the node"),
                    format!("remove `{field}`"),
                );
            }
        }
        for volume in spec.get("volumes").map(Node::items).unwrap_or_default() {
            let types = volume.entries().map(|(key, _)| key).filter(|key| *key != "name");
            if let Some(other) = types.into_iter().find(|key| !VOLUMES.contains(key)) {
                let allowed = VOLUMES.join(", ");
                self.add(volume, format!("volume type `{other}`"), format!("use one of {allowed}"));
            }
        }
        let Some(context) = spec.get("securityContext") else { return };
        for sysctl in context.get("sysctls").map(Node::items).unwrap_or_default() {
            let name = sysctl.get("name").and_then(Node::as_str).unwrap_or_default();
            if !SYSCTLS.contains(&name) {
                self.add(sysctl, format!("sysctl `{name}` is not a safe one"), "remove it");
            }
        }
        self.shared(context);
    }

    /// Fields that a pod's and a container's security context have in common.
    fn shared(&mut self, context: &'a Node) {
        if let Some(node) = context.get("runAsNonRoot").filter(|node| node.as_bool() == Some(false)) {
            self.add(node, "`runAsNonRoot` is false", "set it to true");
        }
        if let Some(node) = context.get("runAsUser").filter(|node| node.as_i64() == Some(0)) {
            self.add(node, "`runAsUser` is root", "set `runAsUser` to a number other than 0");
        }
        if let Some(node) = context.at(&["seccompProfile", "type"]).filter(|node| !confined(node)) {
            self.add(node, "`seccompProfile` is unconfined", "set `seccompProfile.type: RuntimeDefault`");
        }
        if let Some(node) = context.at(&["appArmorProfile", "type"]).filter(|node| !confined(node)) {
            self.add(node, "`appArmorProfile` is unconfined", "set `appArmorProfile.type: RuntimeDefault`");
        }
        if let Some(node) =
            context.at(&["windowsOptions", "hostProcess"]).filter(|node| node.as_bool() == Some(true))
        {
            self.add(node, "`hostProcess` runs on the node", "remove `windowsOptions.hostProcess`");
        }
        let Some(options) = context.get("seLinuxOptions") else { return };
        for (field, node) in options.entries() {
            let value = node.as_str().unwrap_or_default();
            let allowed = match field {
                "type" => SELINUX_TYPES.contains(&value),
                "user" | "role" => value.is_empty(),
                _ => true,
            };
            if !allowed {
                self.add(
                    node,
                    format!("SELinux {field} `{value}`"),
                    format!("remove `seLinuxOptions.{field}`"),
                );
            }
        }
    }

    fn container(&mut self, container: &'a Node, pod: Option<&'a Node>) {
        let name = container.get("name").and_then(Node::as_str).unwrap_or_default();
        let own = container.get("securityContext");
        let place = own.unwrap_or(container);
        let either =
            |path: &[&str]| own.and_then(|own| own.at(path)).or_else(|| pod.and_then(|pod| pod.at(path)));
        let of_own = |path: &[&str]| own.and_then(|own| own.at(path));

        if of_own(&["allowPrivilegeEscalation"]).and_then(Node::as_bool) != Some(false) {
            self.add(
                of_own(&["allowPrivilegeEscalation"]).unwrap_or(place),
                format!("container `{name}` may escalate privileges"),
                "set `securityContext.allowPrivilegeEscalation: false`",
            );
        }
        if either(&["runAsNonRoot"]).is_none() {
            let help = "set `runAsNonRoot: true` in the security context of the pod";
            self.add(place, format!("container `{name}` may run as root"), help);
        }
        if either(&["seccompProfile", "type"]).is_none() {
            let help = "set `seccompProfile.type: RuntimeDefault` in the security context of the pod";
            self.add(place, format!("container `{name}` has no seccomp profile"), help);
        }
        let dropped = of_own(&["capabilities", "drop"]).map(Node::items).unwrap_or_default();
        if !dropped.iter().any(|capability| capability.as_str() == Some("ALL")) {
            self.add(
                of_own(&["capabilities"]).unwrap_or(place),
                format!("container `{name}` keeps capabilities"),
                "set `securityContext.capabilities.drop: [ALL]`",
            );
        }
        for added in of_own(&["capabilities", "add"]).map(Node::items).unwrap_or_default() {
            let capability = added.as_str().unwrap_or_default();
            if capability != "NET_BIND_SERVICE" {
                let what = format!("container `{name}` adds capability `{capability}`");
                self.add(added, what, "only NET_BIND_SERVICE may be added");
            }
        }
        if let Some(node) = of_own(&["privileged"]).filter(|node| node.as_bool() == Some(true)) {
            self.add(node, format!("container `{name}` is privileged"), "remove `privileged`");
        }
        if let Some(node) = of_own(&["procMount"]).filter(|node| node.as_str() != Some("Default")) {
            self.add(node, format!("container `{name}` changes `procMount`"), "remove `procMount`");
        }
        for port in container.get("ports").map(Node::items).unwrap_or_default() {
            if let Some(node) = port.get("hostPort").filter(|node| node.as_i64() != Some(0)) {
                let what = format!("container `{name}` takes a port of the node");
                self.add(node, what, "remove `hostPort` and use a Service");
            }
        }
        self.hosts(container, name);
        if let Some(own) = own {
            self.shared(own);
        }
    }

    /// Probes and lifecycle hooks may not name another host.
    fn hosts(&mut self, container: &'a Node, name: &str) {
        let hooks =
            ["postStart", "preStop"].into_iter().filter_map(|hook| container.at(&["lifecycle", hook]));
        let probes =
            ["livenessProbe", "readinessProbe", "startupProbe"].into_iter().filter_map(|p| container.get(p));
        for handler in probes.chain(hooks) {
            for action in ["httpGet", "tcpSocket"] {
                let host = handler.at(&[action, "host"]);
                if let Some(node) = host.filter(|node| !node.as_str().unwrap_or_default().is_empty()) {
                    let what = format!("a probe or hook of container `{name}` names a host");
                    self.add(node, what, "remove `host`: the pod itself is meant");
                }
            }
        }
    }
}

fn confined(node: &Node) -> bool {
    matches!(node.as_str(), Some("RuntimeDefault" | "Localhost"))
}
