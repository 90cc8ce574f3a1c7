//! Names of objects that are not rendered. ConfigMaps and keys are the business of [`crate::inspect`].

use miette::Severity::{Advice, Error, Warning};

use super::context::{Lint, items, text};
use super::{optional, rule};
use crate::inspect::{ConfigKind, Workload, references};
use crate::rule::Rule;

pub(super) const RULES: &[Rule] = &[ACCOUNT, SECRET, CLAIM, HASHED];

const ACCOUNT: Rule = rule(
    "k8s/missing-account",
    Error,
    "pods of an account that does not exist are not created",
    "render the ServiceAccount in the namespace of the workload, or correct the name",
    &["kube-linter non-existent-service-account"],
);
const SECRET: Rule = optional(
    "k8s/missing-secret",
    "pods wait for a Secret that nobody makes; off by default, since Secrets often come from elsewhere",
    "render the Secret, or what makes it: an ExternalSecret, a SealedSecret, a Certificate",
    &["kube-linter env-value-from"],
);
const CLAIM: Rule = rule(
    "k8s/missing-claim",
    Warning,
    "pods wait for a PersistentVolumeClaim that nobody makes",
    "render the claim in the namespace of the workload, or correct the name",
    &[],
);
const HASHED: Rule = rule(
    "k8s/job-of-changing-config",
    Advice,
    "a Job cannot be changed, so one that keeps its name while its ConfigMap gets a new one can be applied only once",
    "let the Job's name follow the content too, or delete the Job before it is applied again",
    &[],
);

pub(super) fn check(lint: &mut Lint<'_, '_>) {
    let facts = lint.facts;
    for workload in &facts.workloads {
        account(lint, workload);
        let (object, namespace) = (workload.object, workload.object.namespace());
        for reference in references(workload).iter().filter(|reference| !reference.optional) {
            let exists = lint.lookup.get("Secret", namespace, reference.name).is_some()
                || lint.lookup.is_promised(namespace, reference.name);
            if reference.kind == ConfigKind::Secret && !exists {
                let message = format!(
                    "{object} needs Secret `{}`, which is not rendered in its namespace",
                    reference.name
                );
                lint.report(&SECRET, object, reference.node, message);
            }
            let fixed_job = object.kind == "Job" && hash(object.name()).is_none();
            if fixed_job && hash(reference.name).is_some() {
                let message =
                    format!("{object} keeps its name while `{}` changes with its content", reference.name);
                lint.report(&HASHED, object, reference.node, message);
            }
        }
        for volume in items(workload.spec, &["volumes"]) {
            let path = ["persistentVolumeClaim", "claimName"];
            let Some(name) = text(volume, &path) else { continue };
            if lint.lookup.get("PersistentVolumeClaim", namespace, name).is_none() {
                let message =
                    format!("{object} mounts the claim `{name}`, which is not rendered in its namespace");
                lint.report_field(&CLAIM, workload, volume, &path, message);
            }
        }
    }
}

fn account(lint: &mut Lint<'_, '_>, workload: &Workload<'_>) {
    let field = ["serviceAccountName"];
    let Some(name) = text(workload.spec, &field).filter(|name| !name.is_empty() && *name != "default") else {
        return;
    };
    if lint.lookup.get("ServiceAccount", workload.object.namespace(), name).is_none() {
        let message = format!(
            "{} runs as ServiceAccount `{name}`, which is not rendered in its namespace",
            workload.object
        );
        lint.report_field(&ACCOUNT, workload, workload.spec, &field, message);
    }
}

/// The hash that kustomize appends to the names of generated objects: ten characters of its own alphabet.
fn hash(name: &str) -> Option<&str> {
    let (_, hash) = name.rsplit_once('-')?;
    let alphabet = |byte: u8| byte.is_ascii_digit() || b"bcdfghkmt".contains(&byte);
    (hash.len() == 10 && hash.bytes().all(alphabet)).then_some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_of_kustomize() {
        assert_eq!(hash("app-config-6ct58987ht"), Some("6ct58987ht"));
        assert!(
            ["app-config", "app-configured", "a-6ct58987h", "6ct58987ht"]
                .into_iter()
                .all(|n| hash(n).is_none())
        );
    }
}
