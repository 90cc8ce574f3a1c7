//! Secrets where everybody can read them.

use miette::Severity::{Error, Warning};

use super::context::{Lint, items, text};
use super::{optional, rule};
use crate::inspect::ConfigKind;
use crate::rule::Rule;

pub(super) const RULES: &[Rule] = &[IN_ENV, IN_CONFIG, FROM_SECRET];

const IN_ENV: Rule = rule(
    "k8s/secret-in-env",
    Error,
    "a password written into a manifest is in the repository and in every copy of the object",
    "put the value into a Secret and refer to it by `valueFrom.secretKeyRef`, or mount it",
    &["kube-linter env-var-secret", "polaris sensitiveContainerEnvVar", "kubescape C-0012"],
);
const IN_CONFIG: Rule = rule(
    "k8s/secret-in-configmap",
    Warning,
    "whoever may read ConfigMaps may read the password",
    "move the value to a Secret",
    &["polaris sensitiveConfigmapContent", "trivy KSV-0109", "kubescape C-0012"],
);
const FROM_SECRET: Rule = optional(
    "k8s/secret-as-variable",
    "environment variables are inherited by every child process, and end in dumps and logs",
    "mount the Secret as files",
    &["kube-linter read-secret-from-env-var", "checkov CKV_K8S_35", "kubescape C-0207"],
);

/// Words that make a name that of a secret, when they stand alone or at its end.
const WORDS: [&str; 8] =
    ["password", "passwd", "secret", "token", "apikey", "api_key", "private_key", "access_key"];

/// Whether a variable or key of that name holds a secret. A path, a file or a name of one is none.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace(['-', '.'], "_");
    WORDS
        .iter()
        .any(|word| name.strip_suffix(word).is_some_and(|rest| rest.is_empty() || rest.ends_with('_')))
}

/// Whether a value can be a secret, and not a switch, a number, a path or a reference to one.
fn is_literal(value: &str) -> bool {
    let value = value.trim();
    value.len() > 3
        && !matches!(value, "true" | "false" | "none" | "null")
        && value.parse::<f64>().is_err()
        && !value.starts_with(['/', '$', '<', '{'])
        && !value.contains("://")
}

pub(super) fn check(lint: &mut Lint<'_, '_>) {
    let facts = lint.facts;
    for workload in &facts.workloads {
        for container in &workload.containers {
            for variable in items(container.node, &["env"]) {
                let name = text(variable, &["name"]).unwrap_or_default();
                if let Some(value) =
                    variable.get("value").filter(|value| value.as_str().is_some_and(is_literal))
                    && is_secret(name)
                {
                    let message = format!(
                        "container `{}` of {} spells out the secret `{name}`",
                        container.name, workload.object
                    );
                    lint.report(&IN_ENV, workload.object, value, message);
                }
                if let Some(from) = variable.at(&["valueFrom", "secretKeyRef"]) {
                    let message = format!(
                        "container `{}` of {} takes the variable `{name}` from a Secret",
                        container.name, workload.object
                    );
                    lint.report(&FROM_SECRET, workload.object, from, message);
                }
            }
        }
    }
    for config in facts.configs.iter().filter(|config| config.kind == ConfigKind::ConfigMap) {
        for entry in &config.entries {
            let value = entry.node.as_str().unwrap_or_default();
            let is_key = value.contains("-----BEGIN") && value.contains("PRIVATE KEY-----");
            if is_key || is_secret(entry.key) && is_literal(value) && !value.contains('\n') {
                let message = format!("`{}` of {} looks like a secret", entry.key, config.object);
                lint.report(&IN_CONFIG, config.object, entry.node, message);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets() {
        assert!(
            ["DB_PASSWORD", "token", "stripe.api-key", "AWS_SECRET_ACCESS_KEY"].into_iter().all(is_secret)
        );
        assert!(!["PASSWORD_FILE", "SECRET_NAME", "TOKENIZER", "mytoken", "KEY"].into_iter().any(is_secret));
        assert!(
            is_literal("hunter2")
                && !is_literal("/run/secrets/x")
                && !is_literal("$(X)")
                && !is_literal("1200")
        );
    }
}
