//! Images, and ports of containers.

use miette::Severity::Warning;

use super::context::{Lint, items, text};
use super::{optional, rule};
use crate::rule::Rule;
use crate::yaml::Node;

pub(super) const RULES: &[Rule] = &[DIGEST, PULL, SSH, LOW_PORT];

const DIGEST: Rule = optional(
    "k8s/image-not-pinned",
    "a tag can be moved to another image; a digest cannot",
    "pin the image: `name@sha256:…`",
    &["checkov CKV_K8S_43"],
);
const PULL: Rule = optional(
    "k8s/pull-policy",
    "with a moving tag, nodes that have an older image of that name run it",
    "set `imagePullPolicy: Always`, or pin the digest",
    &[
        "polaris pullPolicyNotAlways",
        "kube-score container-image-pull-policy",
        "checkov CKV_K8S_15",
        "kubescape C-0075",
    ],
);
const SSH: Rule = rule(
    "k8s/ssh-port",
    Warning,
    "an SSH server in a container is a second way in that no audit log of the cluster sees",
    "remove the server; use `kubectl exec` or `kubectl debug`",
    &["kube-linter ssh-port"],
);
const LOW_PORT: Rule = optional(
    "k8s/privileged-port",
    "ports below 1024 need root, or a capability or sysctl in its place",
    "let the program listen on a higher port; the Service can keep the low one",
    &["kube-linter privileged-ports", "trivy KSV-0117"],
);

pub(super) fn check(lint: &mut Lint<'_, '_>) {
    let facts = lint.facts;
    for workload in &facts.workloads {
        for container in &workload.containers {
            let (name, object) = (container.name, workload.object);
            if let Some(image) = container.image.filter(|image| image.digest.is_none()) {
                let message = format!("container `{name}` of {object} runs `{image}` without a digest");
                lint.report(&DIGEST, object, image.node, message);
                if text(container.node, &["imagePullPolicy"]).is_some_and(|policy| policy != "Always") {
                    let message = format!("container `{name}` of {object} keeps an image that a node has");
                    lint.report_field(&PULL, workload, container.node, &["imagePullPolicy"], message);
                }
            }
            for port in items(container.node, &["ports"]) {
                let Some(number) = port.get("containerPort").and_then(Node::as_i64) else { continue };
                if number == 22 {
                    let message = format!("container `{name}` of {object} listens on port 22");
                    lint.report_field(&SSH, workload, port, &["containerPort"], message);
                } else if (1..1024).contains(&number) {
                    let message = format!("container `{name}` of {object} listens on port {number}");
                    lint.report_field(&LOW_PORT, workload, port, &["containerPort"], message);
                }
            }
        }
    }
}
