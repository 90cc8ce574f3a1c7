//! An object on its way through the transformers, with the names it had before.

use crate::fault::{Fault, Outcome, Rule};
use crate::id::{Gvk, Id};
use crate::share::Shares;
use crate::yaml::{Node, Value};

/// What a generated object does when its id is already there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Behavior {
    #[default]
    Create,
    Replace,
    Merge,
}

/// An identity an object had before a transformer changed it; group and version are always the current ones.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Previous {
    pub(crate) kind: String,
    pub(crate) name: String,
    /// The effective namespace.
    pub(crate) namespace: String,
}

/// An object and what kustomize remembers about it.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    pub(crate) node: Node,
    /// Earlier identities, oldest first.
    pub(crate) previous: Vec<Previous>,
    /// Prefixes in the order in which they were added.
    pub(crate) prefixes: Vec<String>,
    /// Suffixes in the order in which they were added.
    pub(crate) suffixes: Vec<String>,
    /// The name gets a hash of the content.
    pub(crate) hashed: bool,
    /// Helm made it; the namespace is then not set.
    pub(crate) from_helm: bool,
    /// A replacement put a text into a field of another type; something later may have put that right.
    pub(crate) may_misplace: bool,
    pub(crate) behavior: Behavior,
    /// Variables whose value is a field of this object.
    pub(crate) variables: Vec<String>,
    /// Fields that change together.
    pub(crate) shares: Shares,
}

impl Object {
    pub(crate) fn new(node: Node) -> Self {
        Self {
            node,
            previous: Vec::new(),
            prefixes: Vec::new(),
            suffixes: Vec::new(),
            hashed: false,
            from_helm: false,
            may_misplace: false,
            behavior: Behavior::default(),
            variables: Vec::new(),
            shares: Shares::default(),
        }
    }

    /// The same object with its identity and history, and without content.
    pub(crate) fn identity(&self) -> Self {
        let entries = ["apiVersion", "kind"].map(|key| (key.to_owned(), Node::text(self.text(&[key]))));
        let mut known = Self::new(Value::Mapping(entries.into_iter().collect()).into());
        known.set_name(self.name());
        known.set_namespace(self.namespace());
        known.previous.clone_from(&self.previous);
        known.prefixes.clone_from(&self.prefixes);
        known.suffixes.clone_from(&self.suffixes);
        known
    }

    /// Fails when a text stands in a field of another type, as an object can neither be printed nor patched as JSON then.
    pub(crate) fn check_types(&self) -> Outcome<()> {
        let Some(node) = self.may_misplace.then(|| self.node.misplaced()).flatten() else { return Ok(()) };
        let text = node.scalar_text().unwrap_or_default();
        let fault = Fault::new(
            Rule::Replacement,
            format!("`{text}` would take the place of a value of another type"),
            "replace texts by texts and numbers by numbers, or quote the old value",
        );
        Err(fault.at(node))
    }

    fn text(&self, path: &[&str]) -> &str {
        self.node.at(path).and_then(Node::scalar_text).unwrap_or_default()
    }

    pub(crate) fn api_version(&self) -> &str {
        self.text(&["apiVersion"])
    }

    pub(crate) fn kind(&self) -> &str {
        self.text(&["kind"])
    }

    pub(crate) fn name(&self) -> &str {
        self.text(&["metadata", "name"])
    }

    pub(crate) fn namespace(&self) -> &str {
        self.text(&["metadata", "namespace"])
    }

    pub(crate) fn gvk(&self) -> Gvk {
        Gvk::new(self.api_version(), self.kind())
    }

    /// Whether a deletion left nothing.
    pub(crate) fn is_empty(&self) -> bool {
        match &self.node.value {
            Value::Null => true,
            Value::Mapping(entries) => entries.is_empty(),
            _ => false,
        }
    }

    /// What the object is called now.
    pub(crate) fn id(&self) -> Id {
        Id { gvk: self.gvk(), name: self.name().to_owned(), namespace: self.namespace().to_owned() }
    }

    /// What the object was called, oldest first.
    pub(crate) fn previous_ids(&self) -> impl Iterator<Item = Id> {
        let (group, version) = crate::id::split_api_version(self.api_version());
        self.previous.iter().map(move |previous| Id {
            gvk: Gvk { group: group.to_owned(), version: version.to_owned(), kind: previous.kind.clone() },
            name: previous.name.clone(),
            namespace: previous.namespace.clone(),
        })
    }

    /// Every id, oldest first, the current one last.
    pub(crate) fn ids(&self) -> impl Iterator<Item = Id> {
        self.previous_ids().chain(std::iter::once(self.id()))
    }

    /// What the object was called in its file.
    pub(crate) fn original_id(&self) -> Id {
        self.previous_ids().next().unwrap_or_else(|| self.id())
    }

    /// Remembers the current identity before a change.
    pub(crate) fn remember(&mut self) {
        let id = self.id();
        let previous =
            Previous { namespace: id.effective_namespace().to_owned(), kind: id.gvk.kind, name: id.name };
        self.previous.push(previous);
    }

    /// Sets a field of `metadata`, creating the map if need be.
    pub(crate) fn set_metadata(&mut self, key: &str, value: Node) {
        let Some(entries) = self.node.as_mapping_mut() else { return };
        let metadata = entries
            .entry("metadata".to_owned())
            .or_insert_with(|| Value::Mapping(indexmap::IndexMap::new()).into());
        if let Some(metadata) = metadata.as_mapping_mut() {
            metadata.insert(key.to_owned(), value);
        }
    }

    pub(crate) fn set_name(&mut self, name: &str) {
        self.set_metadata("name", Node::text(name));
    }

    /// Sets the namespace; an empty one removes the field.
    pub(crate) fn set_namespace(&mut self, namespace: &str) {
        if !namespace.is_empty() {
            self.set_metadata("namespace", Node::text(namespace));
        } else if let Some(metadata) = self.node.get_mut("metadata").and_then(Node::as_mapping_mut) {
            metadata.shift_remove("namespace");
        }
    }

    pub(crate) fn set_kind(&mut self, kind: &str) {
        if let Some(entries) = self.node.as_mapping_mut() {
            entries.insert("kind".to_owned(), Node::text(kind));
        }
    }

    /// The texts of a map in `metadata`, such as the labels; other values count by their text.
    pub(crate) fn metadata_texts(&self, key: &str) -> impl Iterator<Item = (&str, &str)> {
        let entries = self.node.at(&["metadata", key]).into_iter().flat_map(Node::entries);
        entries.map(|(key, value)| (key, value.scalar_text().unwrap_or_default()))
    }

    /// Makes texts of the annotations as JSON would print them, no matter how their file writes them.
    pub(crate) fn stringify_annotations(&mut self) {
        let annotations = self.node.get_mut("metadata").and_then(|metadata| metadata.get_mut("annotations"));
        for value in
            annotations.and_then(Node::as_mapping_mut).into_iter().flat_map(indexmap::IndexMap::values_mut)
        {
            let text = if value.is_null() { Some("null") } else { value.scalar_text() };
            if let Some(text) = text.map(str::to_owned) {
                *value = Node::text(text);
            }
        }
    }

    /// Sets an annotation, creating the map if need be.
    pub(crate) fn annotate(&mut self, key: &str, value: &str) {
        // For this one kustomize writes all annotations anew.
        self.shares.forget_annotations();
        let annotations = self.node.get_mut("metadata").and_then(|metadata| metadata.get_mut("annotations"));
        if let Some(entries) = annotations.and_then(Node::as_mapping_mut) {
            entries.insert(key.to_owned(), Node::text(value));
        } else {
            let entries = indexmap::IndexMap::from([(key.to_owned(), Node::text(value))]);
            self.set_metadata("annotations", Value::Mapping(entries).into());
        }
    }
}
