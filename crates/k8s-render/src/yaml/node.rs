//! An ordered YAML tree that remembers where every value was written.

use std::sync::Arc;

use indexmap::IndexMap;

use super::spelling::Spelling;

/// Where a value stands: a file of the render and a byte range in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The file, relative to the root of the file system that was read.
    pub file: Arc<str>,
    /// First byte of the value.
    pub start: usize,
    /// One past the last byte of the value.
    pub end: usize,
    /// What the value does not say of how it was written; boxed, because it is rare.
    pub(crate) spelling: Option<Box<Spelling>>,
}

impl Origin {
    /// The same place for a value that says all of itself.
    pub(crate) fn unmarked(&self) -> Self {
        Self { file: Arc::clone(&self.file), start: self.start, end: self.end, spelling: None }
    }
}

/// A value of a YAML document.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, kept as the text that will be printed, so that no digit is lost.
    Number(String),
    /// Text.
    String(String),
    /// A list.
    Sequence(Vec<Node>),
    /// A map in the order in which it was written; keys are texts, as in every Kubernetes object.
    Mapping(IndexMap<String, Node>),
}

/// A value with its origin; `None` where a generator or transformer made it.
#[derive(Debug, Clone)]
pub struct Node {
    /// The value itself.
    pub value: Value,
    /// Where it was written.
    pub origin: Option<Origin>,
}

/// Equality is that of the values: where they were written does not matter.
impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Node {
    /// The value under `key`, when this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_mapping()?.get(key)
    }

    /// The value at the end of a path of keys.
    pub fn at(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The value of a boolean.
    pub fn as_bool(&self) -> Option<bool> {
        match self.value {
            Value::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// The value of an integer that fits 64 bits.
    pub fn as_i64(&self) -> Option<i64> {
        match &self.value {
            Value::Number(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// The entries of a mapping.
    pub fn as_mapping(&self) -> Option<&IndexMap<String, Node>> {
        match &self.value {
            Value::Mapping(entries) => Some(entries),
            _ => None,
        }
    }

    /// The elements of a sequence; none for anything else.
    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::Sequence(items) => items,
            _ => &[],
        }
    }

    /// The entries of a mapping in order; none for anything else.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.as_mapping().into_iter().flatten().map(|(key, node)| (key.as_str(), node))
    }

    /// A text that no file holds.
    pub fn text(text: impl Into<String>) -> Self {
        Value::String(text.into()).into()
    }

    /// The value under `key` to change.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.as_mapping_mut()?.get_mut(key)
    }

    /// The entries of a mapping to change.
    pub fn as_mapping_mut(&mut self) -> Option<&mut IndexMap<String, Node>> {
        match &mut self.value {
            Value::Mapping(entries) => Some(entries),
            _ => None,
        }
    }

    /// The elements of a sequence to change.
    pub fn as_sequence_mut(&mut self) -> Option<&mut Vec<Node>> {
        match &mut self.value {
            Value::Sequence(items) => Some(items),
            _ => None,
        }
    }

    /// The text of any scalar as it would be printed without quotes; nothing for lists, maps and null.
    pub fn scalar_text(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) | Value::Number(text) => Some(text),
            Value::Bool(value) => Some(if *value { "true" } else { "false" }),
            _ => None,
        }
    }

    /// Whether a text was written in quotes or as a block, judged by its length in the file; `None` where no file holds it.
    pub(crate) fn is_quoted(&self) -> Option<bool> {
        let origin = self.origin.as_ref()?;
        match origin.spelling.as_deref() {
            Some(Spelling::Misplaced(..)) => return Some(false),
            Some(Spelling::Enclosed(quoted)) => return Some(*quoted),
            _ => {}
        }
        Some(origin.end.saturating_sub(origin.start) != self.as_str()?.len())
    }

    /// Whether this is a list or map without elements.
    pub(crate) fn is_empty_collection(&self) -> bool {
        match &self.value {
            Value::Sequence(items) => items.is_empty(),
            Value::Mapping(entries) => entries.is_empty(),
            _ => false,
        }
    }

    /// Whether this is a collection in brackets or braces.
    pub(crate) fn is_flow(&self) -> bool {
        let spelling = self.origin.as_ref().and_then(|origin| origin.spelling.as_deref());
        matches!(self.value, Value::Sequence(_) | Value::Mapping(_))
            && matches!(spelling, Some(Spelling::Enclosed(true)))
    }

    /// Whether this is `null`.
    pub fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }
}

impl From<Value> for Node {
    fn from(value: Value) -> Self {
        Self { value, origin: None }
    }
}
