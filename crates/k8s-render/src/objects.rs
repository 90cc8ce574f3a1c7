//! The objects of a kustomization in order, with an index by name so that nothing is searched twice.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use crate::fault::{Outcome, Rule, fail};
use crate::id::Id;
use crate::object::{Behavior, Object};
use crate::provenance;
use crate::yaml::{Node, Value};

/// An ordered set of objects. Changing an object's identity through [`Objects::iter_mut`] is seen by later look-ups.
#[derive(Debug, Default)]
pub(crate) struct Objects {
    list: Vec<Object>,
    /// Positions by hashed kind and name, of current and earlier identities; `None` after a change.
    index: Option<HashMap<u64, Vec<usize>>>,
}

fn hash_of(kind: &str, name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (kind, name).hash(&mut hasher);
    hasher.finish()
}

fn enter(index: &mut HashMap<u64, Vec<usize>>, at: usize, object: &Object) {
    let earlier = object.previous.iter().map(|previous| hash_of(&previous.kind, &previous.name));
    for key in earlier.chain([hash_of(object.kind(), object.name())]) {
        let places = index.entry(key).or_default();
        if places.last() != Some(&at) {
            places.push(at);
        }
    }
}

impl Objects {
    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Object> {
        self.list.iter()
    }

    /// The objects to change, their identities included.
    pub(crate) fn iter_mut(&mut self) -> std::slice::IterMut<'_, Object> {
        self.index = None;
        self.list.iter_mut()
    }

    /// The objects to change in everything but kind, name and namespace.
    pub(crate) fn contents_mut(&mut self) -> std::slice::IterMut<'_, Object> {
        self.list.iter_mut()
    }

    pub(crate) fn get(&self, at: usize) -> &Object {
        &self.list[at]
    }

    /// One object to change, its identity included.
    pub(crate) fn get_mut(&mut self, at: usize) -> &mut Object {
        self.index = None;
        &mut self.list[at]
    }

    /// One object to change in everything but kind, name and namespace.
    pub(crate) fn content_mut(&mut self, at: usize) -> &mut Object {
        &mut self.list[at]
    }

    /// Puts one object behind the others.
    pub(crate) fn move_to_end(&mut self, at: usize) {
        self.index = None;
        self.list[at..].rotate_left(1);
    }

    pub(crate) fn into_list(self) -> Vec<Object> {
        self.list
    }

    /// Makes the fields equal that are one value, after a step that may have changed one of them.
    pub(crate) fn reconcile(&mut self) {
        for object in &mut self.list {
            object.shares.reconcile(&mut object.node);
        }
    }

    /// Leaves out the objects that a transformer emptied.
    pub(crate) fn drop_empty(&mut self) {
        if self.list.iter().any(Object::is_empty) {
            self.retain(|object| !object.is_empty());
        }
    }

    pub(crate) fn retain(&mut self, keep: impl FnMut(&Object) -> bool) {
        self.list.retain(keep);
        self.index = None;
    }

    pub(crate) fn sort_by_cached_key<K: Ord>(&mut self, key: impl FnMut(&Object) -> K) {
        self.list.sort_by_cached_key(key);
        self.index = None;
    }

    /// Positions of the objects that had this kind and name at some time, possibly with others.
    fn candidates(&mut self, kind: &str, name: &str) -> Vec<usize> {
        let list = &self.list;
        let index = self.index.get_or_insert_with(|| {
            let mut index = HashMap::with_capacity(list.len());
            list.iter().enumerate().for_each(|(at, object)| enter(&mut index, at, object));
            index
        });
        index.get(&hash_of(kind, name)).cloned().unwrap_or_default()
    }

    /// Positions of the objects that have or had this kind and name and an id that fits.
    pub(crate) fn with_any_id(&mut self, kind: &str, name: &str, fits: impl Fn(&Id) -> bool) -> Vec<usize> {
        let mut found = self.candidates(kind, name);
        found.retain(|&at| !self.list[at].is_empty() && self.list[at].ids().any(|id| fits(&id)));
        found
    }

    /// Positions of the objects that have this id now.
    fn with_current_id(&mut self, id: &Id) -> Vec<usize> {
        let mut found = self.candidates(&id.gvk.kind, &id.name);
        found.retain(|&at| self.list[at].id().equals(id));
        found
    }

    /// Adds an object whose id must be new.
    pub(crate) fn append(&mut self, object: Object) -> Outcome<()> {
        let id = object.id();
        if let Some(&at) = self.with_current_id(&id).first() {
            let other =
                self.list[at].node.origin.as_ref().map(|origin| format!(", the first in {}", origin.file));
            let problem = format!("two objects have the id `{id}`{}", other.unwrap_or_default());
            return fail(Rule::Identity, problem, "rename one of them, or leave one of the files out")
                .map_err(|fault: crate::fault::Fault| fault.at(&object.node));
        }
        if let Some(index) = &mut self.index {
            enter(index, self.list.len(), &object);
        }
        self.list.push(object);
        Ok(())
    }

    /// Fails when two objects have one id now.
    pub(crate) fn check_unique(&mut self) -> Outcome<()> {
        let list = std::mem::take(&mut self.list);
        self.index = Some(HashMap::with_capacity(list.len()));
        self.list.reserve(list.len());
        list.into_iter().try_for_each(|object| self.append(object))
    }

    /// Puts an object in the place of the one that has its id, whose history it takes over; a new one is added.
    pub(crate) fn replace(&mut self, mut object: Object) -> Outcome<()> {
        match self.with_current_id(&object.id()).first() {
            None => self.append(object),
            Some(&at) => {
                let old = self.content_mut(at);
                std::mem::swap(&mut old.node, &mut object.node);
                old.shares.forget();
                Ok(())
            }
        }
    }

    /// Adds a generated object, or merges it into the one that has its id.
    pub(crate) fn absorb(&mut self, mut object: Object) -> Outcome<()> {
        let id = object.id();
        let found = self.with_any_id(&id.gvk.kind, &id.name, |other| other.equals(&id));
        match (&found[..], object.behavior) {
            ([], Behavior::Create) => self.append(object),
            ([], behavior) => fail(
                Rule::Generator,
                format!(
                    "there is no `{id}` to {}",
                    if behavior == Behavior::Merge { "merge" } else { "replace" }
                ),
                "correct the name, or leave `behavior` out to create it",
            ),
            ([_], Behavior::Create) => fail(
                Rule::Generator,
                format!("`{id}` exists already"),
                "set `behavior: merge` or `behavior: replace`, or choose another name",
            ),
            (&[at], behavior) => {
                let old = &self.list[at];
                object.inherit(old);
                if behavior == Behavior::Merge {
                    if let Some(origin) = provenance::origin_of(old) {
                        provenance::set_origin(&mut object, &origin);
                    }
                    object.inherit_data(old, "data");
                    object.inherit_data(old, "binaryData");
                }
                *self.get_mut(at) = object;
                Ok(())
            }
            _ => fail(
                Rule::Generator,
                format!("{} objects answer to `{id}`", found.len()),
                "give them different names or namespaces",
            ),
        }
    }
}

impl Object {
    /// Takes over the metadata and history of the object that this one replaces.
    fn inherit(&mut self, old: &Object) {
        self.inherit_metadata(old);
        self.set_name(old.name());
        self.set_namespace(old.namespace());
        self.previous.clone_from(&old.previous);
        self.prefixes.clone_from(&old.prefixes);
        self.suffixes.clone_from(&old.suffixes);
        self.variables.clone_from(&old.variables);
        self.hashed &= old.hashed;
        self.behavior = old.behavior;
    }

    /// Labels and annotations of both, the own ones first; all become texts.
    pub(crate) fn inherit_metadata(&mut self, old: &Object) {
        for key in ["labels", "annotations"] {
            let mut merged: indexmap::IndexMap<String, Node> =
                old.metadata_texts(key).map(|(key, value)| (key.to_owned(), Node::text(value))).collect();
            merged.extend(self.metadata_texts(key).map(|(key, value)| (key.to_owned(), Node::text(value))));
            if !merged.is_empty() {
                self.set_metadata(key, Value::Mapping(merged).into());
            } else if let Some(metadata) = self.node.get_mut("metadata").and_then(Node::as_mapping_mut) {
                metadata.shift_remove(key);
            }
        }
    }

    fn inherit_data(&mut self, old: &Object, key: &str) {
        let texts = |object: &Object| -> Vec<(String, Node)> {
            let entries = object.node.get(key).into_iter().flat_map(Node::entries);
            entries
                .map(|(key, value)| {
                    let text = Value::String(value.written().unwrap_or_default().to_owned());
                    (key.to_owned(), Node { value: text, origin: value.origin.clone() })
                })
                .collect()
        };
        let merged: indexmap::IndexMap<String, Node> = texts(old).into_iter().chain(texts(self)).collect();
        if let Some(entries) = self.node.as_mapping_mut() {
            if merged.is_empty() {
                entries.shift_remove(key);
            } else {
                entries.insert(key.to_owned(), Value::Mapping(merged).into());
            }
        }
    }
}
