//! `infra manifests validate ENV|DIR`.

use std::path::Path;

use k8s_render::inspect::{Facts, Sources};
use k8s_render::validate::{KubeVersion, Schemas, validate};
use serde_json::json;

use super::source;
use crate::args::ManifestsValidate;
use crate::failure::{Failure, Problem};
use crate::outcome::{Outcome, relevel};
use crate::ui::{GOOD, count, styled};

/// Holds every object against the schemas of a release.
pub(super) fn run(arguments: &ManifestsValidate, root: Option<&Path>) -> Result<Outcome, Failure> {
    let named = arguments.kube_version.as_deref().map(|text| {
        KubeVersion::parse(text).ok_or_else(|| Problem::UnknownKubeVersion {
            version: text.to_owned(),
            known: KubeVersion::known().map(|version| version.to_string()).collect(),
        })
    });
    let named = named.transpose()?;
    let manifests = source::read(&arguments.what, root)?;
    let declared = || manifests.kubernetes.as_deref().and_then(KubeVersion::nearest);
    let version = named.or_else(declared).unwrap_or_else(KubeVersion::newest);
    let schemas = Schemas::new(version);
    let text = |file: &str| manifests.texts.get(file);
    let mut outcome = Outcome::default();
    for set in &manifests.sets {
        outcome.extend(validate(&Facts::read(set), &schemas, Sources::new(&text)));
    }
    let objects = manifests.len();
    outcome.details.insert("objects".to_owned(), json!(objects));
    outcome.details.insert("kubernetes".to_owned(), json!(version.to_string()));
    outcome.summary = format!(
        "{}  {} against Kubernetes {}\n",
        styled(GOOD, "validated"),
        count(objects, "object"),
        version.release()
    );
    let rules = manifests.rules().clone();
    outcome.extend(manifests.findings);
    outcome.findings = relevel(std::mem::take(&mut outcome.findings), &rules);
    Ok(outcome)
}
