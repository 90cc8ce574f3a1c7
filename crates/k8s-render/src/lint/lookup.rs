//! Objects by what others call them, so that no rule searches the render again and again.

use std::collections::{HashMap, HashSet};

use crate::inspect::{Facts, Object};
use crate::yaml::Node;

use super::context::{items, text};

/// Namespace and name.
type Name<'a> = (&'a str, &'a str);

#[derive(Debug, Default)]
pub(super) struct Lookup<'a> {
    by_kind: HashMap<(&'a str, &'a str, &'a str), Object<'a>>,
    /// Service accounts that a binding gives a role to.
    bound: HashSet<Name<'a>>,
    /// Autoscalers by kind and name of what they scale.
    scaled: HashMap<(&'a str, &'a str, &'a str), Object<'a>>,
    /// Secrets that controllers make of other objects.
    promised: HashSet<Name<'a>>,
    /// Namespaces whose pods are held to the restricted profile.
    pub(super) restricted: HashSet<&'a str>,
}

impl<'a> Lookup<'a> {
    pub(super) fn read(facts: &Facts<'a>) -> Self {
        let mut lookup = Self::default();
        for &object in &facts.objects {
            let (namespace, name) = (object.namespace(), object.name());
            lookup.by_kind.insert((object.kind, namespace, name), object);
            match object.kind {
                "RoleBinding" | "ClusterRoleBinding" => {
                    for subject in items(object.node, &["subjects"]) {
                        if let (Some("ServiceAccount"), Some(name)) =
                            (text(subject, &["kind"]), text(subject, &["name"]))
                        {
                            let own = text(subject, &["namespace"]).unwrap_or(namespace);
                            lookup.bound.insert((own, name));
                        }
                    }
                }
                "HorizontalPodAutoscaler" | "ScaledObject" => {
                    let target = object.node.at(&["spec", "scaleTargetRef"]);
                    if let Some(name) = target.and_then(|target| text(target, &["name"])) {
                        let kind = target.and_then(|target| text(target, &["kind"])).unwrap_or("Deployment");
                        lookup.scaled.insert((namespace, kind, name), object);
                    }
                }
                "SealedSecret" => {
                    lookup.promised.insert((namespace, name));
                    lookup.promised.extend(
                        text(object.node, &["spec", "template", "metadata", "name"])
                            .map(|name| (namespace, name)),
                    );
                }
                "ExternalSecret" => {
                    let target = text(object.node, &["spec", "target", "name"]).unwrap_or(name);
                    lookup.promised.insert((namespace, target));
                }
                "Certificate" => {
                    lookup
                        .promised
                        .extend(text(object.node, &["spec", "secretName"]).map(|name| (namespace, name)));
                }
                "SecretProviderClass" => {
                    for made in items(object.node, &["spec", "secretObjects"]) {
                        lookup.promised.extend(text(made, &["secretName"]).map(|name| (namespace, name)));
                    }
                }
                _ => {}
            }
        }
        for namespace in &facts.namespaces {
            if namespace.labels.contains(&("pod-security.kubernetes.io/enforce", "restricted")) {
                lookup.restricted.insert(namespace.object.name());
            }
        }
        lookup
    }

    pub(super) fn get(&self, kind: &str, namespace: &str, name: &str) -> Option<Object<'a>> {
        self.by_kind.get(&(kind, namespace, name)).copied()
    }

    /// Whether a binding gives the account a role.
    pub(super) fn is_bound(&self, namespace: &str, account: &str) -> bool {
        self.bound.contains(&(namespace, account))
    }

    /// The autoscaler of a workload.
    pub(super) fn scaler(&self, object: Object<'_>) -> Option<Object<'a>> {
        self.scaled.get(&(object.namespace(), object.kind, object.name())).copied()
    }

    /// Whether a controller is told to make the Secret.
    pub(super) fn is_promised(&self, namespace: &str, secret: &str) -> bool {
        self.promised.contains(&(namespace, secret))
    }
}

/// Whether a label selector (`matchLabels`, `matchExpressions`) selects a set of sorted labels. An empty one selects everything.
pub(super) fn selects(selector: &Node, labels: &[(&str, &str)]) -> bool {
    let value = |wanted: &str| labels.iter().find(|(key, _)| *key == wanted).map(|(_, value)| *value);
    let mut equal = selector.get("matchLabels").into_iter().flat_map(Node::entries);
    equal.all(|(key, wanted)| value(key).is_some_and(|value| Some(value) == wanted.as_str()))
        && items(selector, &["matchExpressions"]).iter().all(|expression| {
            let key = text(expression, &["key"]).unwrap_or_default();
            let listed =
                |value: &str| items(expression, &["values"]).iter().any(|v| v.as_str() == Some(value));
            match text(expression, &["operator"]) {
                Some("In") => value(key).is_some_and(listed),
                Some("NotIn") => !value(key).is_some_and(listed),
                Some("Exists") => value(key).is_some(),
                Some("DoesNotExist") => value(key).is_none(),
                _ => false,
            }
        })
}
