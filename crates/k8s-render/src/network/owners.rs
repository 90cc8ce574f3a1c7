//! Pods of one owner that policies tell apart: they are one name in every list, so no list could be right.

use std::collections::HashMap;

use super::finding::Finding;
use super::model::{Model, Pods, Role};
use super::selector::Requirement;
use crate::inspect::{Place, Sources};

/// Reports the first requirement of a policy, for each owner, that only some of its pods satisfy.
pub(super) fn told_apart(model: &Model<'_>, sources: Sources<'_>, findings: &mut Vec<Finding>) {
    let mut owners: HashMap<(usize, &str, &str), Vec<&Pods<'_>>> = HashMap::new();
    for pods in &model.pods {
        if let Role::Rendered(object) = pods.role
            && object.kind == "Pod"
            && (pods.kind, pods.name) != ("Pod", object.name())
        {
            owners.entry((pods.namespace, pods.kind, pods.name)).or_default().push(pods);
        }
    }
    owners.retain(|_, pods| pods.iter().any(|other| other.labels != pods[0].labels));
    if owners.is_empty() {
        return;
    }
    let requirements: Vec<_> = model
        .selectors()
        .flat_map(|(policy, selector)| {
            selector.requirements().iter().map(move |requirement| (policy, requirement))
        })
        .collect();
    let mut owners: Vec<_> = owners.into_iter().collect();
    owners.sort_unstable_by_key(|(owner, _)| *owner);
    for ((namespace, kind, name), pods) in owners {
        let splits = |requirement: &Requirement<'_>| {
            let holds = requirement.holds(&pods[0].labels);
            pods.iter().find(|other| requirement.holds(&other.labels) != holds)
        };
        let found = requirements
            .iter()
            .find_map(|(policy, requirement)| Some((policy, requirement, splits(requirement)?)));
        if let Some((policy, requirement, other)) = found
            && let Role::Rendered(object) = other.role
        {
            let Place { src, span } =
                sources.place(object.node.at(&["metadata", "labels"]).unwrap_or(object.node), object.node);
            findings.push(Finding::UnequalPods {
                owner: format!("{}/{name}[{kind}]", model.namespaces[namespace].name),
                policy: policy.to_string(),
                requirement: requirement.to_string(),
                src,
                span,
            });
        }
    }
}
