//! Trees of YAML to typed values: what every reader of a field shares.
//!
//! A reader returns `None` for what it cannot read, after pushing a finding, and the rest goes on: one run
//! reports every problem of a file.

use std::{collections::HashMap, str::FromStr, sync::Arc};

use crate::{
    finding::Finding,
    findings::Findings,
    place::{Place, Spanned, Text},
    shape::Shape,
    suggest,
    yaml::{Key, Node, Value},
};

/// Reads values and collects what is wrong with them.
pub(crate) struct Decoder<'f> {
    pub(crate) findings: &'f mut Findings,
    /// One allocation for each distinct text: names and ranges repeat at every edge.
    texts: HashMap<Box<str>, Arc<str>>,
}

/// The entries of a map whose keys are all known.
pub(crate) struct Fields<'n, 't> {
    entries: &'n [(Key<'t>, Node<'t>)],
    shape: &'static Shape,
    /// Where a missing key is reported.
    pub(crate) place: Place,
}

impl<'n, 't> Fields<'n, 't> {
    /// The value of a key; nothing when it is absent or null.
    pub(crate) fn get(&self, key: &str) -> Option<&'n Node<'t>> {
        debug_assert!(self.shape.names().any(|name| name == key), "`{key}` is no key of {}", self.shape.what);
        let (_, node) = self.entries.iter().find(|(candidate, _)| candidate.text == key)?;
        (!matches!(node.value, Value::Null)).then_some(node)
    }
}

impl<'f> Decoder<'f> {
    pub(crate) fn new(findings: &'f mut Findings) -> Self {
        Self { findings, texts: HashMap::new() }
    }

    /// The entries of a map; unknown keys are findings.
    pub(crate) fn fields<'n, 't>(
        &mut self,
        node: &'n Node<'t>,
        shape: &'static Shape,
    ) -> Option<Fields<'n, 't>> {
        let what = shape.what;
        let entries = self.entries(node, what)?;
        for (key, _) in entries {
            if !shape.names().any(|name| name == key.text) {
                let help = match suggest::nearest(&key.text, shape.names()) {
                    Some(name) => format!("did you mean `{name}`?"),
                    None if key.text == "<<" => "merge keys are not read; write the keys out".to_owned(),
                    None => format!("known are {}", list(&shape.names().collect::<Vec<_>>())),
                };
                let text = key.text.to_string();
                self.findings.push(key.place, |src, span| Finding::UnknownKey {
                    src,
                    span,
                    key: text,
                    what,
                    help,
                });
            }
        }
        // A whole block is no help as a place: point at its first key.
        let place = entries.first().map_or(node.place, |(key, _)| key.place);
        Some(Fields { entries, shape, place })
    }

    /// The entries of a map with any keys.
    pub(crate) fn entries<'n, 't>(
        &mut self,
        node: &'n Node<'t>,
        what: &'static str,
    ) -> Option<&'n [(Key<'t>, Node<'t>)]> {
        match &node.value {
            Value::Mapping(entries) => Some(entries),
            _ => self.shape(node, what, "a map"),
        }
    }

    /// The value of a key that must be there.
    pub(crate) fn required<'n, 't, T>(
        &mut self,
        fields: &Fields<'n, 't>,
        key: &'static str,
        read: impl FnOnce(&mut Self, &'n Node<'t>) -> Option<T>,
    ) -> Option<T> {
        debug_assert!(fields.shape.requires(key), "`{key}` of {} may be left out", fields.shape.what);
        let node = self.present(fields, key)?;
        read(self, node)
    }

    /// The value of a key that must be there because of what else is.
    pub(crate) fn present<'n, 't>(
        &mut self,
        fields: &Fields<'n, 't>,
        key: &'static str,
    ) -> Option<&'n Node<'t>> {
        let node = fields.get(key);
        if node.is_none() {
            let what = fields.shape.what;
            self.findings.push(fields.place, |src, span| Finding::MissingKey { src, span, key, what });
        }
        node
    }

    /// The value of a key that may be there.
    pub(crate) fn optional<'n, 't, T>(
        &mut self,
        fields: &Fields<'n, 't>,
        key: &str,
        read: impl FnOnce(&mut Self, &'n Node<'t>) -> Option<T>,
    ) -> Option<T> {
        fields.get(key).and_then(|node| read(self, node))
    }

    /// The elements of a list that may be there.
    pub(crate) fn list<'n, 't, T>(
        &mut self,
        fields: &Fields<'n, 't>,
        key: &'static str,
        mut read: impl FnMut(&mut Self, &'n Node<'t>) -> Option<T>,
    ) -> Vec<T> {
        let Some(node) = fields.get(key) else { return Vec::new() };
        match &node.value {
            Value::Sequence(items) => {
                // There may be millions of items: no more room than they need.
                let mut list = Vec::with_capacity(items.len());
                list.extend(items.iter().filter_map(|item| read(self, item)));
                list
            }
            _ => self.shape(node, "this", "a list").unwrap_or_default(),
        }
    }

    /// The elements of a list, or the one value that stands in its place.
    pub(crate) fn one_or_many<'n, 't, T>(
        &mut self,
        fields: &Fields<'n, 't>,
        key: &str,
        mut read: impl FnMut(&mut Self, &'n Node<'t>) -> Option<T>,
    ) -> Vec<T> {
        match fields.get(key) {
            None => Vec::new(),
            Some(Node { value: Value::Sequence(items), .. }) => {
                items.iter().filter_map(|item| read(self, item)).collect()
            }
            Some(node) => read(self, node).into_iter().collect(),
        }
    }

    /// Any text, as it was written.
    pub(crate) fn text(&mut self, node: &Node<'_>) -> Option<Text> {
        let text = self.borrowed(node)?;
        Some(Spanned { value: self.intern(text.value), place: text.place })
    }

    /// A text that is read once, and so not shared.
    pub(crate) fn borrowed<'n>(&mut self, node: &'n Node<'_>) -> Option<Spanned<&'n str>> {
        match &node.value {
            Value::Scalar(text) => Some(Spanned { value: text, place: node.place }),
            _ => self.shape(node, "this", "a text"),
        }
    }

    pub(crate) fn intern(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.get(text) {
            return known.clone();
        }
        let shared: Arc<str> = text.into();
        self.texts.insert(text.into(), shared.clone());
        shared
    }

    /// A name as Kubernetes allows it for namespaces and Services (RFC 1123 label). A bad one is reported and
    /// still returned, so that references to it do not fail as well.
    pub(crate) fn label(&mut self, node: &Node<'_>) -> Option<Text> {
        let text = self.text(node)?;
        let letters = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let bytes = text.value.as_bytes();
        let fits = bytes.len() <= 63
            && bytes.iter().all(|byte| letters(*byte) || *byte == b'-')
            && bytes.first().is_some_and(|byte| letters(*byte))
            && bytes.last().is_some_and(|byte| letters(*byte));
        if !fits {
            let expected = "a name of at most 63 lower-case letters, digits and dashes, with a letter or digit at both ends";
            self.invalid(node.place, &text.value, expected.to_owned());
        }
        Some(text)
    }

    pub(crate) fn boolean(&mut self, node: &Node<'_>) -> Option<bool> {
        self.choice(node, &[("true", true), ("false", false)])
    }

    /// One of some words.
    pub(crate) fn choice<T: Copy>(&mut self, node: &Node<'_>, choices: &[(&'static str, T)]) -> Option<T> {
        let text = self.text(node)?;
        let found = choices.iter().find(|(word, _)| **word == *text.value);
        if found.is_none() {
            let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
            self.invalid(node.place, &text.value, format!("one of {}", list(&words)));
        }
        found.map(|(_, value)| *value)
    }

    /// A value that has a text form.
    pub(crate) fn parsed<T: FromStr>(&mut self, node: &Node<'_>, expected: &str) -> Option<Spanned<T>> {
        let text = self.text(node)?;
        let value = text.value.parse().ok();
        if value.is_none() {
            self.invalid(node.place, &text.value, expected.to_owned());
        }
        value.map(|value| Spanned { value, place: text.place })
    }

    pub(crate) fn invalid(&mut self, place: Place, value: &str, expected: String) {
        let value = value.to_owned();
        self.findings.push(place, |src, span| Finding::InvalidValue { src, span, value, expected });
    }

    /// Reports a value of the wrong kind.
    pub(crate) fn shape<T>(
        &mut self,
        node: &Node<'_>,
        what: &'static str,
        expected: &'static str,
    ) -> Option<T> {
        let found = match &node.value {
            Value::Null => "nothing",
            Value::Scalar(_) => "a single value",
            Value::Sequence(_) => "a list",
            Value::Mapping(_) => "a map",
        };
        // The first line is enough to show where a long block begins.
        let end = match &node.value {
            Value::Mapping(entries) => entries.first().map_or(node.place.end, |(key, _)| key.place.end),
            _ => node.place.end,
        };
        let place = Place { end, ..node.place };
        self.findings.push(place, |src, span| Finding::WrongShape { src, span, what, expected, found });
        None
    }
}

/// Words for a sentence: "`a`, `b` and `c`".
pub(crate) fn list<S: AsRef<str>>(words: &[S]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{}`", word.as_ref())).collect();
    match quoted.split_last() {
        None => "none".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}
