//! What [`crate::inspect`] finds, as rules: its findings bring their own words.

use miette::Severity::{Error, Warning};

use super::rule;
use crate::rule::Rule;

pub(super) const RULES: &[Rule] = &[
    rule(
        "k8s/duplicate-object",
        Error,
        "of two objects with the same kind, namespace and name only one can exist",
        "rename one, or remove it",
        &[],
    ),
    rule(
        "k8s/service-selects-nothing",
        Error,
        "a Service that selects no pod refuses every connection",
        "give the selector labels that a pod template has",
        &["kube-linter dangling-service", "kube-score service-targets-pod"],
    ),
    rule(
        "k8s/service-port-unknown",
        Error,
        "a Service that leads to a port no container declares refuses connections there",
        "use a declared port as `targetPort`",
        &["kube-linter invalid-target-ports"],
    ),
    rule(
        "k8s/configmap-too-large",
        Error,
        "the API server refuses a ConfigMap of more than 1 MiB",
        "split it",
        &[],
    ),
    rule(
        "k8s/secret-too-large",
        Error,
        "the API server refuses a Secret of more than 1 MiB",
        "split it",
        &[],
    ),
    rule(
        "k8s/missing-configmap",
        Error,
        "pods that need a ConfigMap that does not exist do not start",
        "render it, or mark the reference `optional: true`",
        &["kube-linter env-value-from"],
    ),
    rule(
        "k8s/missing-configmap-key",
        Error,
        "pods that need a key that a ConfigMap does not have do not start",
        "correct the key",
        &["kube-linter env-value-from"],
    ),
    rule(
        "k8s/missing-secret-key",
        Error,
        "pods that need a key that a Secret does not have do not start",
        "correct the key",
        &["kube-linter env-value-from"],
    ),
    rule(
        "k8s/not-restricted",
        Error,
        "the namespace enforces the Pod Security profile `restricted` and refuses the pods",
        "write what the profile asks for",
        &["kube-linter run-as-non-root", "kube-linter privileged-container", "checkov CKV_K8S_16"],
    ),
    rule(
        "k8s/no-resources",
        Warning,
        "without requests and a memory limit the scheduler and the kubelet cannot plan",
        "set `resources.requests` for cpu and memory and `resources.limits` for memory",
        &[
            "kube-linter unset-cpu-requirements",
            "kube-linter unset-memory-requirements",
            "kube-score container-resources",
            "polaris memoryRequestsMissing",
            "checkov CKV_K8S_10",
            "checkov CKV_K8S_13",
        ],
    ),
    rule(
        "k8s/no-probe",
        Warning,
        "without a probe a pod counts as ready the moment it starts",
        "add a `readinessProbe`",
        &[
            "kube-linter no-readiness-probe",
            "kube-score pod-probes",
            "polaris readinessProbeMissing",
            "checkov CKV_K8S_9",
        ],
    ),
    rule(
        "k8s/latest-tag",
        Error,
        "an image without a version may be another one tomorrow",
        "name a version as the tag, or pin the digest",
        &[
            "kube-linter latest-tag",
            "kube-score container-image-tag",
            "polaris tagNotSpecified",
            "checkov CKV_K8S_14",
        ],
    ),
];
