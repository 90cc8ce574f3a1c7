//! Rules for policies that need the pods beside them.

use super::connectivity::Connectivity;
use super::finding::Finding;
use super::model::Model;
use super::policy::Policy;
use crate::inspect::{Place, Sources};
use crate::yaml::Node;

/// Policies that select no pod of their namespace, which usually is a misspelt label.
pub fn lint(relation: &Connectivity<'_, '_>, sources: Sources<'_>) -> Vec<Finding> {
    let (model, selecting) = (relation.model(), relation.selecting());
    let asks = |policy: &Policy<'_>| policy.pods.as_ref().is_some_and(|pods| !pods.requirements().is_empty());
    let idle = model
        .policies
        .iter()
        .enumerate()
        .filter(|(index, policy)| asks(policy) && !selecting.contains(*index));
    let finding = |(_, policy): (usize, &Policy<'_>)| {
        let node: &Node = policy.object.node.at(&["spec", "podSelector"]).unwrap_or(policy.object.node);
        let Place { src, span } = sources.place(node, policy.object.node);
        Finding::PolicySelectsNothing {
            policy: policy.to_string(),
            help: existing_labels(model, policy),
            src,
            span,
        }
    };
    idle.map(finding).collect()
}

/// The values that pods of the namespace have for the label that the policy asks for first.
fn existing_labels(model: &Model<'_>, policy: &Policy<'_>) -> String {
    let namespace = policy.object.namespace();
    let Some(requirement) = policy.pods.as_ref().and_then(|selector| selector.requirements().first()) else {
        return "correct the selector, or remove the policy".to_owned();
    };
    let here = model.pods.iter().filter(|pods| model.namespace_of(pods) == namespace);
    let labels = here.flat_map(|pods| pods.labels.iter().filter(|(key, _)| *key == requirement.key));
    let mut values: Vec<_> = labels.map(|(key, value)| format!("`{key}={value}`")).collect();
    values.sort_unstable();
    values.dedup();
    values.truncate(12);
    match values.as_slice() {
        [] => format!("no pod of namespace `{namespace}` has a label `{}`", requirement.key),
        values => format!("pods of namespace `{namespace}` have {}", values.join(", ")),
    }
}
