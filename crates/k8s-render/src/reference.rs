//! Name references: fields that name an object follow it when it was renamed.
//!
//! This runs once, after every layer. Objects are found by their earlier names through an index, so the work grows
//! with the number of references, not with the square of the number of objects.

use std::collections::HashMap;

use crate::config::NameReference;
use crate::fault::{Fault, Outcome, Rule};
use crate::fieldspec::{FieldSpec, set_scalar};
use crate::id::{Gvk, Id};
use crate::object::Object;
use crate::objects::Objects;
use crate::yaml::{Node, Value};

/// An object as something that can be referred to, or refer.
struct Candidate {
    id: Id,
    previous: Vec<Id>,
    prefixes: Vec<String>,
    suffixes: Vec<String>,
    /// Role bindings may name service accounts of these namespaces.
    subject_namespaces: Vec<String>,
}

impl Candidate {
    fn new(object: &Object) -> Outcome<Self> {
        let subjects = match object.kind() {
            "RoleBinding" => object.node.get("subjects").map(Node::items).unwrap_or_default(),
            _ => &[],
        };
        let mut subject_namespaces = Vec::new();
        for subject in subjects {
            let is_account = subject.get("kind").and_then(Node::as_str) == Some("ServiceAccount");
            let Some(namespace) = subject.get("namespace").filter(|_| is_account) else { continue };
            let Some(text) = namespace.as_str() else {
                let fault = Fault::new(
                    Rule::Reference,
                    "the subject's namespace is blank",
                    "name it, or leave it out",
                );
                return Err(fault.at(subject));
            };
            subject_namespaces.push(text.to_owned());
        }
        Ok(Self {
            id: object.id(),
            previous: object.previous_ids().collect(),
            prefixes: object.prefixes.clone(),
            suffixes: object.suffixes.clone(),
            subject_namespaces,
        })
    }

    fn is_cluster_scoped(&self) -> bool {
        self.id.gvk.is_cluster_scoped()
    }

    fn original_namespace(&self) -> &str {
        self.previous.first().unwrap_or(&self.id).effective_namespace()
    }

    /// Whether `target` may be meant by a name in this object.
    fn may_name(&self, target: &Self) -> bool {
        self.is_cluster_scoped()
            || target.is_cluster_scoped()
            || target.id.same_namespace(&self.id)
            || self.subject_namespaces.contains(&target.id.namespace)
    }

    /// Whether the two were renamed by the same layers.
    fn same_affixes(&self, other: &Self, empty_is_equal: bool) -> bool {
        let fits = |own: &[String], theirs: &[String]| {
            (empty_is_equal && (own.is_empty() || theirs.is_empty())) || same_ending(own, theirs)
        };
        fits(&self.prefixes, &other.prefixes) && fits(&self.suffixes, &other.suffixes)
    }
}

/// Whether the shorter list is the end of the longer one; an empty list is the end only of an empty one.
fn same_ending(a: &[String], b: &[String]) -> bool {
    if a.is_empty() || b.is_empty() {
        return a.len() == b.len();
    }
    a.iter().rev().zip(b.iter().rev()).all(|(x, y)| x == y)
}

/// Updates every reference.
pub(crate) fn fix(objects: &mut Objects, references: &[NameReference]) -> Outcome<()> {
    let candidates = objects.iter().map(Candidate::new).collect::<Outcome<Vec<Candidate>>>()?;
    if candidates.iter().all(|candidate| candidate.previous.is_empty()) {
        return Ok(());
    }
    let mut by_old_name: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut by_original_namespace: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, candidate) in candidates.iter().enumerate() {
        for id in &candidate.previous {
            let places = by_old_name.entry(&id.name).or_default();
            if places.last() != Some(&at) {
                places.push(at);
            }
        }
        if !candidate.previous.first().unwrap_or(&candidate.id).gvk.is_cluster_scoped() {
            by_original_namespace.entry(candidate.original_namespace()).or_default().push(at);
        }
    }
    let table = Table { candidates: &candidates, by_old_name, by_original_namespace };
    let mut by_kind: HashMap<String, Vec<(&Gvk, &FieldSpec)>> = HashMap::new();
    for (at, object) in objects.iter_mut().enumerate() {
        let original = object.original_id().gvk;
        let specs = by_kind.entry(original.kind.clone()).or_insert_with(|| {
            let all = references.iter().flat_map(|reference| {
                reference.referrers.iter().map(move |referrer| (&reference.target, referrer))
            });
            let fits = |kind: &str| kind.is_empty() || kind == original.kind;
            all.filter(|(_, referrer)| fits(&referrer.gvk.kind)).collect()
        });
        let role = role_reference(&object.node);
        for (target, spec) in specs.iter().filter(|(_, spec)| original.is_selected(&spec.gvk)) {
            let reference = Reference {
                table: &table,
                referrer: &candidates[at],
                target,
                role: role.as_ref().filter(|_| spec.path.ends_with("roleRef/name")),
            };
            // The type was checked above, on what the object was at first.
            spec.apply_to_any(&mut object.node, &mut |node| reference.update(node))?;
        }
    }
    Ok(())
}

/// The type that a role binding's `roleRef` names.
fn role_reference(node: &Node) -> Option<Gvk> {
    let text = |key: &str| node.at(&["roleRef", key]).and_then(Node::scalar_text).map(str::to_owned);
    Some(Gvk { group: text("apiGroup")?, version: String::new(), kind: text("kind")? })
}

struct Table<'a> {
    candidates: &'a [Candidate],
    by_old_name: HashMap<&'a str, Vec<usize>>,
    by_original_namespace: HashMap<&'a str, Vec<usize>>,
}

/// What a field says of the namespace it refers to.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Within<'a> {
    /// It is a name alone.
    Anything,
    /// It is a map without a namespace.
    Map,
    /// It is a map with a namespace.
    Namespace(&'a str),
}

/// One field of one referrer.
struct Reference<'a> {
    table: &'a Table<'a>,
    referrer: &'a Candidate,
    target: &'a Gvk,
    role: Option<&'a Gvk>,
}

impl Reference<'_> {
    fn update(&self, node: &mut Node) -> Outcome<()> {
        match &mut node.value {
            Value::Null => Ok(()),
            Value::Mapping(_) => self.update_map(node),
            Value::Sequence(items) => items.iter_mut().try_for_each(|item| match item.value {
                Value::Mapping(_) => self.update_map(item),
                Value::Sequence(_) => Err(Fault::new(
                    Rule::Reference,
                    "a list within a list holds no names",
                    "correct the field path",
                )
                .at(item)),
                _ => self.update_scalar(item),
            }),
            _ => self.update_scalar(node),
        }
    }

    fn update_scalar(&self, node: &mut Node) -> Outcome<()> {
        let old = node.scalar_text().unwrap_or_default();
        match self.select(old, node, Within::Anything)? {
            Some(found) if found.id.name != old => set_scalar(node, &found.id.name),
            _ => Ok(()),
        }
    }

    fn update_map(&self, node: &mut Node) -> Outcome<()> {
        let Some(name) = node.get("name") else {
            let fault = Fault::new(
                Rule::Reference,
                "a map without `name` holds no reference",
                "correct the field path",
            );
            return Err(fault.at(node));
        };
        let old = name.scalar_text().unwrap_or_default();
        let namespace = node.get("namespace").map(|namespace| namespace.scalar_text().unwrap_or_default());
        let within = namespace.map_or(Within::Map, Within::Namespace);
        let Some(found) = self.select(old, node, within)? else { return Ok(()) };
        if found.id.name == old && found.id.namespace.is_empty() {
            return Ok(());
        }
        if let Some(entries) = node.as_mapping_mut() {
            entries.insert("name".to_owned(), Node::text(&found.id.name));
            if !found.id.namespace.is_empty() {
                entries.insert("namespace".to_owned(), Node::text(&found.id.namespace));
            }
        }
        Ok(())
    }

    /// The one object that an old name means.
    fn select(&self, old: &str, node: &Node, within: Within<'_>) -> Outcome<Option<&Candidate>> {
        let Some(named) = self.table.by_old_name.get(old) else { return Ok(None) };
        let mut found: Vec<&Candidate> = named.iter().map(|&at| &self.table.candidates[at]).collect();
        found.retain(|candidate| self.referrer.may_name(candidate));
        if let Within::Namespace(namespace) = within {
            self.keep_namespace(&mut found, namespace);
        }
        let had_type =
            |candidate: &Candidate, gvk: &Gvk| candidate.previous.iter().any(|id| id.gvk.is_selected(gvk));
        found.retain(|candidate| {
            candidate.previous.iter().any(|id| id.name == old)
                && had_type(candidate, self.target)
                && self.role.is_none_or(|role| had_type(candidate, role))
                && self.is_reachable(candidate)
        });
        if let [one] = found[..] {
            return Ok(Some(one));
        }
        found.retain(|candidate| candidate.same_affixes(self.referrer, true));
        if found.len() > 1 {
            found.retain(|candidate| candidate.same_affixes(self.referrer, false));
        }
        let Some(&first) = found.first() else { return Ok(None) };
        let same = |other: &&Candidate| {
            other.id.name == first.id.name
                && (within == Within::Anything || other.id.namespace == first.id.namespace)
        };
        if found.iter().all(same) {
            return Ok(Some(first));
        }
        let names: Vec<String> = found.iter().map(|candidate| format!("`{}`", candidate.id)).collect();
        let problem = format!("`{old}` may mean {}", names.join(" or "));
        let fault =
            Fault::new(Rule::Reference, problem, "give the objects different names, or write the final name");
        Err(fault.at(node))
    }

    /// Keeps objects that were at first in a namespace; where none was, those that are in it now.
    fn keep_namespace(&self, found: &mut Vec<&Candidate>, namespace: &str) {
        let was_used = self.table.by_original_namespace.get(namespace).is_some_and(|places| {
            places.iter().any(|&at| self.referrer.may_name(&self.table.candidates[at]))
        });
        found.retain(|candidate| {
            if was_used {
                candidate.original_namespace() == namespace
            } else {
                !candidate.is_cluster_scoped() && candidate.id.effective_namespace() == namespace
            }
        });
    }

    fn is_reachable(&self, candidate: &Candidate) -> bool {
        self.referrer.is_cluster_scoped()
            || candidate.is_cluster_scoped()
            || candidate.id.gvk.kind == "ServiceAccount"
            || candidate.id.same_namespace(&self.referrer.id)
    }
}
