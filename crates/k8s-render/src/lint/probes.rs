//! Probes and resources of containers.

use miette::Severity::{Error, Warning};

use super::context::Lint;
use super::{optional, rule};
use crate::inspect::{Container, ContainerRole, Workload};
use crate::rule::Rule;
use crate::yaml::{Node, Value};

pub(super) const RULES: &[Rule] = &[IDENTICAL, PORT, NO_LIVENESS, CPU_LIMIT, EPHEMERAL];

const IDENTICAL: Rule = rule(
    "k8s/probes-identical",
    Warning,
    "when readiness and liveness ask the same, a pod that should only get no traffic is killed",
    "let liveness ask less and wait longer, or remove it",
    &["kube-score pod-probes-identical"],
);
const PORT: Rule = rule(
    "k8s/probe-port-unknown",
    Error,
    "a probe of a port that the container does not have never succeeds",
    "name a port that the container declares",
    &["kube-linter liveness-port", "kube-linter readiness-port", "kube-linter startup-port"],
);
const NO_LIVENESS: Rule = optional(
    "k8s/no-liveness-probe",
    "a process that hangs is only restarted when a liveness probe finds it",
    "add a `livenessProbe` that asks only the process itself",
    &[
        "kube-linter no-liveness-probe",
        "polaris livenessProbeMissing",
        "checkov CKV_K8S_8",
        "kubescape C-0056",
    ],
);
const CPU_LIMIT: Rule = optional(
    "k8s/no-cpu-limit",
    "without a limit a container can take the processors that others have not reserved",
    "set `resources.limits.cpu`",
    &["kube-score container-resources", "polaris cpuLimitsMissing", "checkov CKV_K8S_11", "trivy KSV-0011"],
);
const EPHEMERAL: Rule = optional(
    "k8s/no-ephemeral-storage",
    "a container that fills the disk of its node takes the other pods with it",
    "set requests and limits of `ephemeral-storage`",
    &["kube-score container-ephemeral-storage-request-and-limit"],
);

const PROBES: [&str; 3] = ["livenessProbe", "readinessProbe", "startupProbe"];
const HANDLERS: [&str; 4] = ["httpGet", "tcpSocket", "exec", "grpc"];

pub(super) fn check(lint: &mut Lint<'_, '_>) {
    let facts = lint.facts;
    for workload in &facts.workloads {
        for container in &workload.containers {
            ports(lint, workload, container);
            identical(lint, workload, container);
            let (name, object) = (container.name, workload.object);
            let runs = container.role == ContainerRole::Main && workload.is_long_running();
            if runs && container.node.get("livenessProbe").is_none() {
                let message = format!("container `{name}` of {object} has no liveness probe");
                lint.report(&NO_LIVENESS, object, container.node, message);
            }
            for (rule, resource) in [(&CPU_LIMIT, "cpu"), (&EPHEMERAL, "ephemeral-storage")] {
                let path = ["resources", "limits", resource];
                if container.node.at(&path).is_none() {
                    let message = format!("container `{name}` of {object} has no limit of {resource}");
                    lint.report_field(rule, workload, container.node, &path, message);
                }
            }
        }
    }
}

fn ports(lint: &mut Lint<'_, '_>, workload: &Workload<'_>, container: &Container<'_>) {
    for probe in PROBES {
        for handler in HANDLERS {
            let Some(port) = container.node.at(&[probe, handler, "port"]) else { continue };
            let (known, shown) = match &port.value {
                Value::String(name) if name.parse::<u16>().is_err() => {
                    (container.ports.iter().any(|port| port.name == Some(name)), name.clone())
                }
                // A number needs no declaration; only a container that declares ports can contradict it.
                _ => {
                    let text = port.scalar_text().unwrap_or_default();
                    let number = text.parse::<u16>().unwrap_or_default();
                    let declared = container.ports.iter().any(|port| port.port == number);
                    (declared || container.ports.is_empty(), text.to_owned())
                }
            };
            if !known {
                let message = format!(
                    "`{probe}` of container `{}` of {} asks port `{shown}`, which the container does not declare",
                    container.name, workload.object
                );
                lint.report(&PORT, workload.object, port, message);
            }
        }
    }
}

fn identical(lint: &mut Lint<'_, '_>, workload: &Workload<'_>, container: &Container<'_>) {
    let (Some(live), Some(ready)) =
        (container.node.get("livenessProbe"), container.node.get("readinessProbe"))
    else {
        return;
    };
    let timing = |probe: &Node| {
        let number =
            |field: &str, otherwise: i64| probe.get(field).and_then(Node::as_i64).unwrap_or(otherwise);
        number("failureThreshold", 3) * number("periodSeconds", 10)
    };
    let asks = |probe: &Node| HANDLERS.map(|handler| probe.get(handler).cloned());
    if asks(live) == asks(ready) && timing(live) <= timing(ready) {
        let message = format!(
            "container `{}` of {} is killed for what should only keep traffic away: its probes ask the same, as often",
            container.name, workload.object
        );
        lint.report(&IDENTICAL, workload.object, live, message);
    }
}
