//! The rules, as `infra manifests lint --rules` and the documentation list them.

use miette::Severity::{self, Advice, Error, Warning};

use crate::rule::Rule;

const fn rule(
    code: &'static str,
    severity: Severity,
    summary: &'static str,
    help: &'static str,
    peers: &'static [&'static str],
) -> Rule {
    Rule { code, severity: Some(severity), summary, help, peers }
}

pub(super) static NOT_AN_OBJECT: Rule = rule(
    "manifest/not-an-object",
    Error,
    "a document without `apiVersion`, `kind` or a name cannot be applied",
    "give it `apiVersion`, `kind` and `metadata.name`",
    &["kubeconform"],
);
pub(super) static UNKNOWN_KIND: Rule = rule(
    "manifest/unknown-kind",
    Error,
    "Kubernetes, or the custom resource definition, has no such kind in this version",
    "correct `apiVersion` and `kind`",
    &["kubeconform"],
);
pub(super) static NO_SCHEMA: Rule = rule(
    "manifest/no-schema",
    Advice,
    "the object is of a custom kind whose definition is not among the manifests, so nothing of it was checked",
    "add the CustomResourceDefinition to what is rendered, or turn the rule off in infra.toml",
    &["kubeconform -ignore-missing-schemas"],
);
pub(super) static UNKNOWN_FIELD: Rule = rule(
    "manifest/unknown-field",
    Error,
    "the API server drops fields that it does not know, or refuses them",
    "remove the field",
    &["kubeconform -strict", "kube-linter schema-validation"],
);
pub(super) static WRONG_TYPE: Rule = rule(
    "manifest/wrong-type",
    Error,
    "the API server refuses a value of another type",
    "write a value of the type that the field has",
    &["kubeconform", "kube-linter schema-validation"],
);
pub(super) static MISSING_FIELD: Rule = rule(
    "manifest/missing-field",
    Error,
    "the API server refuses an object without its required fields",
    "add the field",
    &["kubeconform", "kube-linter schema-validation"],
);
pub(super) static INVALID_VALUE: Rule = rule(
    "manifest/invalid-value",
    Error,
    "the API server refuses a value that is none of those a field can have",
    "write a value that the field can have",
    &["kubeconform"],
);
pub(super) static DUPLICATE_ITEM: Rule = rule(
    "manifest/duplicate-item",
    Error,
    "items of a list that are told apart by a key must differ in it: server-side apply refuses the list",
    "remove one of the two, or give it another key",
    &["kube-linter duplicate-env-var", "kube-score environment-variable-key-duplication"],
);
pub(super) static API_REMOVED: Rule = rule(
    "manifest/api-removed",
    Error,
    "this version of the API is gone from the release of Kubernetes",
    "use a version that the release serves",
    &["pluto", "kube-linter no-extensions-v1beta", "kube-score stable-version", "trivy KSV-0107"],
);
pub(super) static API_DEPRECATED: Rule = rule(
    "manifest/api-deprecated",
    Warning,
    "this version of the API will be removed",
    "use the version that replaces it",
    &["pluto", "kube-score stable-version"],
);
pub(super) static API_NOT_YET: Rule = rule(
    "manifest/api-not-yet",
    Error,
    "this version of the API only comes with a later release of Kubernetes",
    "use a version that the release serves",
    &["kubeconform"],
);
pub(super) static INVALID_NAME: Rule = rule(
    "manifest/invalid-name",
    Error,
    "the API server refuses names that are not those of DNS",
    "use lower case letters, digits and `-`, and begin and end with a letter or digit",
    &["kubeconform"],
);
pub(super) static NEEDLESS_NAMESPACE: Rule = rule(
    "manifest/needless-namespace",
    Advice,
    "the namespace of an object that belongs to the cluster is ignored",
    "remove `metadata.namespace`",
    &[],
);
pub(super) static INVALID_LABEL: Rule = rule(
    "manifest/invalid-label",
    Error,
    "the API server refuses keys and values of labels and annotations outside their syntax",
    "a key is `[prefix/]name`; names and label values have at most 63 letters, digits, `-`, `_` and `.`, and begin and end with \
     a letter or digit",
    &["kube-score label-values"],
);
pub(super) static INVALID_PORT: Rule = rule(
    "manifest/invalid-port",
    Error,
    "ports are numbers from 1 to 65535, or names of at most 15 characters",
    "write a number from 1 to 65535, or a name of lower case letters, digits and `-` with at least one letter",
    &["kube-linter invalid-target-ports"],
);
pub(super) static INVALID_KEY: Rule = rule(
    "manifest/invalid-key",
    Error,
    "keys of ConfigMaps and Secrets become file names, and names of environment variables go to processes",
    "use letters, digits, `-`, `_` and `.`",
    &["kubeconform"],
);
pub(super) static UNKNOWN_VOLUME: Rule = rule(
    "manifest/unknown-volume",
    Error,
    "the API server refuses a mount of a volume that the pod does not have",
    "add the volume to the pod, or correct the name",
    &[],
);
pub(super) static REQUEST_OVER_LIMIT: Rule = rule(
    "manifest/request-over-limit",
    Error,
    "the API server refuses a request that is larger than the limit of the same resource",
    "lower the request or raise the limit",
    &[],
);
pub(super) static SELECTOR_MISMATCH: Rule = rule(
    "manifest/selector-mismatch",
    Error,
    "the API server refuses a workload whose selector does not match the labels of its own pods",
    "write the same labels in `spec.selector.matchLabels` and in the template",
    &["kube-linter mismatching-selector", "kube-score *-pod-selector-labels-match-template-metadata-labels"],
);
pub(super) static RESTART_POLICY: Rule = rule(
    "manifest/restart-policy",
    Error,
    "Jobs need `restartPolicy: Never` or `OnFailure`, everything that runs for ever needs `Always`",
    "correct `restartPolicy` of the pod template",
    &["kube-score cronjob-restartpolicy", "kube-linter restart-policy"],
);

/// Every rule of this module.
pub static RULES: [&Rule; 20] = [
    &NOT_AN_OBJECT,
    &UNKNOWN_KIND,
    &NO_SCHEMA,
    &UNKNOWN_FIELD,
    &WRONG_TYPE,
    &MISSING_FIELD,
    &INVALID_VALUE,
    &DUPLICATE_ITEM,
    &API_REMOVED,
    &API_DEPRECATED,
    &API_NOT_YET,
    &INVALID_NAME,
    &NEEDLESS_NAMESPACE,
    &INVALID_LABEL,
    &INVALID_PORT,
    &INVALID_KEY,
    &UNKNOWN_VOLUME,
    &REQUEST_OVER_LIMIT,
    &SELECTOR_MISMATCH,
    &RESTART_POLICY,
];
