//! What a pod may do to its node and to the cluster.
//!
//! Where the namespace enforces the restricted profile, `k8s/not-restricted` says all that stands in that profile already.

use miette::Severity::{Advice, Error, Warning};

use super::context::{Lint, flag, items, text, texts};
use super::rule;
use crate::inspect::{Container, Workload};
use crate::rule::Rule;

pub(super) const RULES: &[Rule] = &[
    PRIVILEGED, ESCALATION, ROOT, ADDED, KEPT, SECCOMP, WRITABLE, NAMESPACES, HOST_PORT, HOST_PATH, SOCKET,
    TOKEN, ACCOUNT, SYSCTLS, PROC,
];

const PRIVILEGED: Rule = rule(
    "k8s/privileged",
    Error,
    "a privileged container is root on its node",
    "remove `privileged: true`; add the one capability that is needed",
    &[
        "kube-linter privileged-container",
        "kube-score container-security-context-privileged",
        "polaris runAsPrivileged",
        "checkov CKV_K8S_16",
        "trivy KSV-0017",
    ],
);
const ESCALATION: Rule = rule(
    "k8s/privilege-escalation",
    Warning,
    "without `allowPrivilegeEscalation: false` a set-uid program in the image makes its user root",
    "set `securityContext.allowPrivilegeEscalation: false`",
    &[
        "kube-linter privilege-escalation-container",
        "polaris privilegeEscalationAllowed",
        "checkov CKV_K8S_20",
        "trivy KSV-0001",
    ],
);
const ROOT: Rule = rule(
    "k8s/run-as-root",
    Warning,
    "a process that is root in its container is root outside once it breaks out",
    "set `runAsNonRoot: true`, and `runAsUser` where the image does not name a user by number",
    &[
        "kube-linter run-as-non-root",
        "kube-score container-security-context-user-group-id",
        "polaris runAsRootAllowed",
        "checkov CKV_K8S_23",
        "trivy KSV-0012",
    ],
);
const ADDED: Rule = rule(
    "k8s/dangerous-capability",
    Error,
    "some capabilities are as good as root on the node",
    "remove the capability from `capabilities.add`",
    &["polaris dangerousCapabilities", "checkov CKV_K8S_39", "trivy KSV-0005", "kubescape C-0046"],
);
const KEPT: Rule = rule(
    "k8s/capabilities-kept",
    Warning,
    "a container starts with capabilities, such as raw sockets, that hardly any program needs",
    "set `capabilities.drop: [ALL]` and add what is needed",
    &[
        "kube-linter drop-net-raw-capability",
        "polaris insecureCapabilities",
        "checkov CKV_K8S_37",
        "checkov CKV_K8S_28",
        "trivy KSV-0003",
    ],
);
const SECCOMP: Rule = rule(
    "k8s/no-seccomp",
    Warning,
    "without a seccomp profile a container may make every system call",
    "set `securityContext.seccompProfile.type: RuntimeDefault`",
    &[
        "kube-score container-seccomp-profile",
        "polaris linuxHardening",
        "checkov CKV_K8S_31",
        "trivy KSV-0030",
    ],
);
const WRITABLE: Rule = rule(
    "k8s/writable-root",
    Warning,
    "who breaks into a container can change its programs",
    "set `readOnlyRootFilesystem: true` and mount an `emptyDir` where files are written",
    &[
        "kube-linter no-read-only-root-fs",
        "kube-score container-security-context-readonlyrootfilesystem",
        "polaris notReadOnlyRootFilesystem",
        "checkov CKV_K8S_22",
        "trivy KSV-0014",
    ],
);
const NAMESPACES: Rule = rule(
    "k8s/host-namespace",
    Error,
    "a pod in the network, process or IPC namespace of its node sees and reaches what others run there",
    "remove `hostNetwork`, `hostPID` and `hostIPC`",
    &[
        "kube-linter host-network",
        "kube-linter host-pid",
        "kube-linter host-ipc",
        "polaris hostNetworkSet",
        "polaris hostPIDSet",
        "polaris hostIPCSet",
        "checkov CKV_K8S_17",
        "checkov CKV_K8S_18",
        "checkov CKV_K8S_19",
    ],
);
const HOST_PORT: Rule = rule(
    "k8s/host-port",
    Warning,
    "a port of the node bypasses policies, and lets only one such pod run on each node",
    "remove `hostPort`; expose the pod through a Service",
    &["polaris hostPortSet", "checkov CKV_K8S_26", "trivy KSV-0024", "kubescape C-0044"],
);
const HOST_PATH: Rule = rule(
    "k8s/host-path",
    Warning,
    "a directory of the node is shared with everything that runs there, and often leads to root",
    "use a PersistentVolumeClaim or an `emptyDir`",
    &[
        "kube-linter sensitive-host-mounts",
        "kube-linter writable-host-mount",
        "polaris hostPathSet",
        "trivy KSV-0023",
        "kubescape C-0048",
    ],
);
const SOCKET: Rule = rule(
    "k8s/runtime-socket",
    Error,
    "who can reach the socket of the container runtime can start privileged containers",
    "remove the mount of the socket",
    &["kube-linter docker-sock", "checkov CKV_K8S_27", "trivy KSV-0006"],
);
const TOKEN: Rule = rule(
    "k8s/token-mounted",
    Advice,
    "a token of the API server that nobody uses helps only an intruder",
    "set `automountServiceAccountToken: false` in the pod or its ServiceAccount",
    &["polaris automountServiceAccountToken", "checkov CKV_K8S_38", "trivy KSV-0036", "kubescape C-0034"],
);
const ACCOUNT: Rule = rule(
    "k8s/default-account",
    Advice,
    "what is granted to the `default` account is granted to every pod that names none",
    "give the workload a ServiceAccount of its own",
    &["kube-linter default-service-account", "checkov CKV_K8S_41"],
);
const SYSCTLS: Rule = rule(
    "k8s/unsafe-sysctl",
    Error,
    "sysctls outside the safe set change the node for all, and kubelets refuse them by default",
    "remove the sysctl, or have the nodes set it",
    &["kube-linter unsafe-sysctls"],
);
const PROC: Rule = rule(
    "k8s/proc-unmasked",
    Error,
    "an unmasked /proc shows and changes the node's kernel",
    "remove `procMount`",
    &["kube-linter unsafe-proc-mount", "polaris procMount", "trivy KSV-0027"],
);
/// Capabilities with which a container can take over its node.
const DANGEROUS: [&str; 12] = [
    "ALL",
    "SYS_ADMIN",
    "NET_ADMIN",
    "SYS_MODULE",
    "SYS_PTRACE",
    "SYS_RAWIO",
    "SYS_BOOT",
    "SYS_TIME",
    "DAC_READ_SEARCH",
    "MAC_ADMIN",
    "BPF",
    "PERFMON",
];

/// Sysctls that belong to the pod alone.
const SAFE_SYSCTLS: [&str; 10] = [
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

const SOCKETS: [&str; 5] = ["docker.sock", "containerd.sock", "crio.sock", "cri-dockerd.sock", "podman.sock"];

pub(super) fn check(lint: &mut Lint<'_, '_>) {
    let facts = lint.facts;
    for workload in &facts.workloads {
        volumes(lint, workload);
        identity(lint, workload);
        let restricted = lint.lookup.restricted.contains(workload.object.namespace());
        if !restricted {
            pod(lint, workload);
        }
        for container in &workload.containers {
            writable_root(lint, workload, container);
            if !restricted {
                hardening(lint, workload, container);
            }
        }
    }
}

fn pod(lint: &mut Lint<'_, '_>, workload: &Workload<'_>) {
    for field in ["hostNetwork", "hostPID", "hostIPC"] {
        if flag(workload.spec, &[field]) == Some(true) {
            let message = format!("{} sets `{field}: true`", workload.object);
            lint.report_field(&NAMESPACES, workload, workload.spec, &[field], message);
        }
    }
    for sysctl in items(workload.spec, &["securityContext", "sysctls"]) {
        if let Some(name) = text(sysctl, &["name"]).filter(|name| !SAFE_SYSCTLS.contains(name)) {
            let message = format!("{} sets the sysctl `{name}`", workload.object);
            lint.report(&SYSCTLS, workload.object, sysctl, message);
        }
    }
}

fn volumes(lint: &mut Lint<'_, '_>, workload: &Workload<'_>) {
    for volume in items(workload.spec, &["volumes"]) {
        let Some(path) = text(volume, &["hostPath", "path"]) else { continue };
        let is_socket =
            SOCKETS.iter().any(|socket| path.ends_with(socket)) || matches!(path, "/run" | "/var/run");
        if is_socket {
            let message = format!("{} mounts `{path}` of its node", workload.object);
            lint.report_field(&SOCKET, workload, volume, &["hostPath", "path"], message);
        } else if !lint.lookup.restricted.contains(workload.object.namespace()) {
            let message = format!("{} mounts `{path}` of its node", workload.object);
            lint.report_field(&HOST_PATH, workload, volume, &["hostPath", "path"], message);
        }
    }
}

fn identity(lint: &mut Lint<'_, '_>, workload: &Workload<'_>) {
    let namespace = workload.object.namespace();
    let name = text(workload.spec, &["serviceAccountName"]).or(text(workload.spec, &["serviceAccount"]));
    let name = name.filter(|name| !name.is_empty()).unwrap_or("default");
    let account = lint.lookup.get("ServiceAccount", namespace, name);
    let of_account = account.and_then(|account| flag(account.node, &["automountServiceAccountToken"]));
    let mounted = flag(workload.spec, &["automountServiceAccountToken"]).or(of_account) != Some(false);
    if mounted && name == "default" {
        let message = format!("{} runs as the `default` account", workload.object);
        lint.report_field(&ACCOUNT, workload, workload.spec, &["serviceAccountName"], message);
    }
    if mounted && !lint.lookup.is_bound(namespace, name) {
        let message = format!(
            "{} mounts a token of `{name}`, to which no rendered binding gives a role",
            workload.object
        );
        lint.report_field(&TOKEN, workload, workload.spec, &["automountServiceAccountToken"], message);
    }
}

fn writable_root(lint: &mut Lint<'_, '_>, workload: &Workload<'_>, container: &Container<'_>) {
    let path = ["securityContext", "readOnlyRootFilesystem"];
    if flag(container.node, &path) != Some(true) {
        let message = format!(
            "container `{}` of {} can write to its root file system",
            container.name, workload.object
        );
        lint.report_field(&WRITABLE, workload, container.node, &path, message);
    }
}

fn hardening(lint: &mut Lint<'_, '_>, workload: &Workload<'_>, container: &Container<'_>) {
    let (node, name, object) = (container.node, container.name, workload.object);
    let own = |field: &str| flag(node, &["securityContext", field]);
    let of_pod = |field: &str| flag(workload.spec, &["securityContext", field]);
    let number = |node: &crate::yaml::Node| {
        node.at(&["securityContext", "runAsUser"]).and_then(crate::yaml::Node::as_i64)
    };
    if own("privileged") == Some(true) {
        let message = format!("container `{name}` of {object} is privileged");
        lint.report_field(&PRIVILEGED, workload, node, &["securityContext", "privileged"], message);
    } else if own("allowPrivilegeEscalation") != Some(false) {
        let message = format!("container `{name}` of {object} allows privilege escalation");
        lint.report_field(
            &ESCALATION,
            workload,
            node,
            &["securityContext", "allowPrivilegeEscalation"],
            message,
        );
    }
    let user = number(node).or(number(workload.spec));
    let non_root = own("runAsNonRoot").or(of_pod("runAsNonRoot")) == Some(true);
    if user == Some(0) || user.is_none() && !non_root {
        let message = format!("container `{name}` of {object} may run as root");
        lint.report_field(&ROOT, workload, node, &["securityContext", "runAsUser"], message);
    }
    for capability in items(node, &["securityContext", "capabilities", "add"]) {
        let text = capability.as_str().unwrap_or_default();
        if DANGEROUS.contains(&text.trim_start_matches("CAP_")) {
            let message = format!("container `{name}` of {object} adds the capability {text}");
            lint.report(&ADDED, object, capability, message);
        }
    }
    let drop = ["securityContext", "capabilities", "drop"];
    if !texts(node, &drop).any(|dropped| dropped.eq_ignore_ascii_case("ALL")) {
        let message = format!("container `{name}` of {object} keeps the default capabilities");
        lint.report_field(&KEPT, workload, node, &drop, message);
    }
    let profile = ["securityContext", "seccompProfile", "type"];
    let seccomp = text(node, &profile).or(text(workload.spec, &profile));
    if seccomp.is_none_or(|profile| profile == "Unconfined") {
        let message = format!("container `{name}` of {object} has no seccomp profile");
        lint.report_field(&SECCOMP, workload, node, &profile, message);
    }
    if text(node, &["securityContext", "procMount"]) == Some("Unmasked") {
        let message = format!("container `{name}` of {object} has an unmasked /proc");
        lint.report_field(&PROC, workload, node, &["securityContext", "procMount"], message);
    }
    for port in items(node, &["ports"]) {
        if let Some(host) = port.get("hostPort").filter(|host| host.as_i64().is_some_and(|port| port != 0)) {
            let message = format!("container `{name}` of {object} takes a port of its node");
            lint.report(&HOST_PORT, object, host, message);
        }
    }
}
