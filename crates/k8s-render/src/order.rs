//! The order of the output.

use std::cmp::Ordering;
use std::collections::HashMap;

use crate::fault::{Fault, Outcome, Rule};
use crate::id::{Gvk, Id};
use crate::kustomization::SortOptions;
use crate::object::Object;
use crate::objects::Objects;

/// Kinds that must exist before others, in kustomize's order.
const FIRST: [&str; 22] = [
    "Namespace",
    "ResourceQuota",
    "StorageClass",
    "CustomResourceDefinition",
    "ServiceAccount",
    "PodSecurityPolicy",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ConfigMap",
    "Secret",
    "Endpoints",
    "Service",
    "LimitRange",
    "PriorityClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
];
const LAST: [&str; 2] = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

/// Sorts as a `sortOptions` field says; without one, by kustomize's legacy order.
pub(crate) fn sort(objects: &mut Objects, options: Option<&SortOptions>) -> Outcome<()> {
    let fault = |options: &SortOptions, problem: &str, advice: &str| {
        Fault::new(Rule::Kustomization, problem, advice).or_at(options.order.origin.as_ref())
    };
    let owned = |kinds: &[&str]| kinds.iter().map(|&kind| kind.to_owned()).collect::<Vec<_>>();
    let (first, last) = match options {
        None => (owned(&FIRST), owned(&LAST)),
        Some(options) => match (&*options.order.text, &options.legacy) {
            ("fifo", None) => return Ok(()),
            ("legacy", None) => (owned(&FIRST), owned(&LAST)),
            ("legacy", Some(lists)) => lists.clone(),
            ("fifo", Some(_)) => {
                return Err(fault(
                    options,
                    "`legacySortOptions` has no meaning here",
                    "set `order: legacy`, or remove it",
                ));
            }
            _ => return Err(fault(options, "there is no such order", "write `fifo` or `legacy`")),
        },
    };
    let mut ranks: HashMap<&str, i64> = HashMap::new();
    for (at, kind) in (1..).zip(first.iter().rev()) {
        ranks.insert(kind, -at);
    }
    for (at, kind) in (1..).zip(&last) {
        ranks.insert(kind, at);
    }
    objects.sort_by_cached_key(|object| Key::new(object, &ranks));
    Ok(())
}

/// Where a type stands in the legacy order; also the order of name reference tables.
pub(crate) fn rank_of_type(gvk: &Gvk) -> (i64, String) {
    let at =
        |list: &[&str]| list.iter().position(|kind| *kind == gvk.kind).and_then(|at| i64::try_from(at).ok());
    let rank = at(&FIRST).map(|at| at - 22).or_else(|| at(&LAST).map(|at| at + 1)).unwrap_or_default();
    (rank, type_text(gvk))
}

fn type_text(gvk: &Gvk) -> String {
    let or = |text: &str, other: &str| if text.is_empty() { other.to_owned() } else { text.to_owned() };
    format!("{}_{}_{}", or(&gvk.group, "~G"), or(&gvk.version, "~V"), or(&gvk.kind, "~K"))
}

#[derive(PartialEq, Eq)]
struct Key {
    rank: i64,
    /// A core Namespace comes before the Namespaces of other groups, although `~` sorts last.
    core_namespace: bool,
    type_text: String,
    id_text: String,
}

impl Key {
    fn new(object: &Object, ranks: &HashMap<&str, i64>) -> Self {
        let Id { gvk, name, namespace } = object.id();
        let or = |text: &str, other: &str| if text.is_empty() { other.to_owned() } else { text.to_owned() };
        Self {
            rank: ranks.get(gvk.kind.as_str()).copied().unwrap_or_default(),
            core_namespace: gvk.kind == "Namespace" && gvk.group.is_empty(),
            type_text: type_text(&gvk),
            id_text: format!("{gvk}|{}|{}", or(&namespace, "~X"), or(&name, "~N")),
        }
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank
            .cmp(&other.rank)
            .then_with(|| match (self.core_namespace, other.core_namespace) {
                (true, true) => other.type_text.cmp(&self.type_text),
                (true, false) if other.type_text.ends_with("_Namespace") => Ordering::Less,
                (false, true) if self.type_text.ends_with("_Namespace") => Ordering::Greater,
                _ => self.type_text.cmp(&other.type_text),
            })
            .then_with(|| self.id_text.cmp(&other.id_text))
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
