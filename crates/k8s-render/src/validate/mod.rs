//! Rendered objects against the schemas and rules of the API server, without one.
//!
//! Kubernetes' own types are embedded for several releases; custom resources are held against each `CustomResourceDefinition`
//! that is rendered beside them. [`validate`] is pure, and every finding points at the text that set the value, also when a patch did.
//!
//! ```
//! use std::sync::Arc;
//!
//! use k8s_render::inspect::{Facts, Sources};
//! use k8s_render::validate::{KubeVersion, Schemas, validate};
//! use k8s_render::{Resource, Source, yaml};
//!
//! let text: Arc<str> = Arc::from("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndatta: {}\n");
//! let (nodes, _) = yaml::parse(&Source::new("a.yaml", Arc::clone(&text)));
//! let resources: Vec<_> = nodes.into_iter().map(|node| Resource { node }).collect();
//! let lookup = |_: &str| Some(Arc::clone(&text));
//! let schemas = Schemas::new(KubeVersion::newest());
//! let findings = validate(&Facts::read(&resources), &schemas, Sources::new(&lookup));
//! assert_eq!(findings[0].to_string(), "ConfigMap default/a: there is no field `datta`");
//! assert_eq!(findings[0].advice.as_deref(), Some("did you mean `data`?"));
//! ```

mod custom;
pub(crate) mod format;
mod kinds;
mod lifecycle;
mod metadata;
mod pods;
mod report;
mod rules;
mod schema;
mod served;
mod table;
mod version;
mod walk;

#[cfg(test)]
mod tests;

pub use rules::RULES;
pub use schema::Schemas;
pub use version::KubeVersion;

use std::collections::HashMap;

use crate::inspect::{Facts, Object, Sources};
use crate::rule::RuleFinding;
use custom::{Custom, Kinds, Patterns};
use report::Report;

/// Everything that the API server of a release would not accept of a render, in the order of its objects.
pub fn validate(facts: &Facts<'_>, schemas: &Schemas, sources: Sources<'_>) -> Vec<RuleFinding> {
    let mut findings = Vec::new();
    let (kinds, patterns) = (Kinds::read(&facts.objects), Patterns::default());
    let workloads: HashMap<_, _> =
        facts.workloads.iter().map(|workload| (std::ptr::from_ref(workload.object.node), workload)).collect();
    for &object in &facts.objects {
        let mut report = Report::new(object, sources, &mut findings);
        if !served::identify(&mut report) {
            continue;
        }
        match served::kind(&mut report, schemas, &kinds) {
            served::Known::BuiltIn(definition) => {
                walk::fields(&mut report, schemas, definition, object.node, extra(object));
            }
            served::Known::Custom(version) => {
                custom::object(&mut report, Custom { schemas, patterns: &patterns }, version);
            }
            served::Known::Not => {}
        }
        metadata::check(&mut report, schemas.version());
        kinds::check(&mut report);
        if let Some(workload) = workloads.get(&std::ptr::from_ref(object.node)) {
            pods::check(&mut report, workload);
        }
    }
    findings
}

/// Fields that tools add to a whole object before it goes to the API server: SOPS keeps its keys in the encrypted document.
fn extra(object: Object<'_>) -> &'static [&'static str] {
    if object.node.at(&["sops", "mac"]).is_some() { &["sops"] } else { &[] }
}
