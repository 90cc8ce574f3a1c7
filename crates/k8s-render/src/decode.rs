//! Trees to typed values, with a finding for every field that is unknown or of the wrong type.

use indexmap::IndexMap;
use miette::SourceSpan;

use crate::finding::{Finding, Source};
use crate::yaml::{Node, Origin, Value};

/// A text and where it was written.
#[derive(Debug, Clone, Default)]
pub(crate) struct Text {
    pub(crate) text: String,
    pub(crate) origin: Option<Origin>,
}

/// The fields of a map under their known names; absent and null are the same.
pub(crate) struct Fields<'n> {
    found: Vec<(&'static str, &'n Node)>,
}

impl<'n> Fields<'n> {
    pub(crate) fn get(&self, name: &str) -> Option<&'n Node> {
        self.found.iter().rev().find(|(known, _)| *known == name).map(|&(_, node)| node)
    }
}

/// Collects the findings of one file while its tree becomes typed values.
pub(crate) struct Decoder<'a> {
    source: &'a Source,
    /// Unknown fields are findings; built-in plugins' own files are read without.
    strict: bool,
    pub(crate) findings: Vec<Finding>,
}

impl<'a> Decoder<'a> {
    pub(crate) fn new(source: &'a Source, strict: bool) -> Self {
        Self { source, strict, findings: Vec::new() }
    }

    /// The fields of a map. Names match without regard to case, as in Go's JSON.
    pub(crate) fn fields<'n>(&mut self, node: &'n Node, known: &'static [&'static str]) -> Fields<'n> {
        let mut found = Vec::new();
        match &node.value {
            Value::Mapping(entries) => {
                for (key, value) in entries {
                    match known.iter().find(|name| name.eq_ignore_ascii_case(key)) {
                        Some(name) if !value.is_null() => found.push((*name, value)),
                        None if self.strict => self.unknown(key, value, known),
                        _ => {}
                    }
                }
            }
            Value::Null => {}
            _ => self.wrong(node, "a map"),
        }
        Fields { found }
    }

    fn unknown(&mut self, key: &str, value: &Node, known: &[&str]) {
        let nearest =
            known.iter().map(|name| (distance(key, name), *name)).min().filter(|(far, _)| *far <= 3);
        self.findings.push(Finding::UnknownField {
            field: key.to_owned(),
            advice: match nearest {
                Some((_, name)) => format!("did you mean `{name}`?"),
                None => format!("remove it; the fields known here are {}", known.join(", ")),
            },
            src: self.source.clone(),
            span: self.key_span(key, value),
        });
    }

    /// The place of a key, which stands somewhere before its value.
    fn key_span(&self, key: &str, value: &Node) -> SourceSpan {
        let start = value.origin.as_ref().map_or(0, |origin| origin.start);
        let before = self.source.inner().get(..start).unwrap_or_default();
        match before.rfind(key) {
            Some(at) => (at, key.len()).into(),
            None => (start, 0).into(),
        }
    }

    /// Reports a value of the wrong type.
    pub(crate) fn wrong(&mut self, node: &Node, expected: &str) {
        let problem = format!("{expected} is expected here, but this is {}", describe(node));
        let advice = match node.value {
            Value::Bool(_) | Value::Number(_) if expected == "text" => "put it in quotes",
            _ => "correct the value",
        };
        self.problem(node, problem, advice);
    }

    /// Reports a value that cannot be used.
    pub(crate) fn problem(&mut self, node: &Node, problem: String, advice: &str) {
        let span = node.origin.as_ref().map_or(0..0, |origin| origin.start..origin.end);
        let advice = advice.to_owned();
        self.findings.push(Finding::Kustomization {
            problem,
            advice,
            src: self.source.clone(),
            span: span.into(),
        });
    }

    pub(crate) fn text(&mut self, node: Option<&Node>) -> String {
        match node.map(|node| (&node.value, node)) {
            None | Some((Value::Null, _)) => String::new(),
            Some((Value::String(text), _)) => text.clone(),
            Some((_, node)) => {
                self.wrong(node, "text");
                String::new()
            }
        }
    }

    pub(crate) fn placed(&mut self, node: Option<&Node>) -> Text {
        Text { text: self.text(node), origin: node.and_then(|node| node.origin.clone()) }
    }

    pub(crate) fn flag(&mut self, node: Option<&Node>) -> bool {
        match node.map(|node| (&node.value, node)) {
            None | Some((Value::Null, _)) => false,
            Some((Value::Bool(value), _)) => *value,
            Some((_, node)) => {
                self.wrong(node, "true or false");
                false
            }
        }
    }

    pub(crate) fn integer(&mut self, node: Option<&Node>) -> i64 {
        let Some(node) = node else { return 0 };
        node.as_i64().unwrap_or_else(|| {
            self.wrong(node, "a whole number");
            0
        })
    }

    /// The elements of a list.
    pub(crate) fn list<'n, T>(
        &mut self,
        node: Option<&'n Node>,
        mut element: impl FnMut(&mut Self, &'n Node) -> T,
    ) -> Vec<T> {
        match node.map(|node| (&node.value, node)) {
            None | Some((Value::Null, _)) => Vec::new(),
            Some((Value::Sequence(items), _)) => items.iter().map(|item| element(self, item)).collect(),
            Some((_, node)) => {
                self.wrong(node, "a list");
                Vec::new()
            }
        }
    }

    pub(crate) fn texts(&mut self, node: Option<&Node>) -> Vec<Text> {
        self.list(node, |decoder, item| decoder.placed(Some(item)))
    }

    /// A map of texts.
    pub(crate) fn pairs(&mut self, node: Option<&Node>) -> IndexMap<String, String> {
        match node.map(|node| (&node.value, node)) {
            None | Some((Value::Null, _)) => IndexMap::new(),
            Some((Value::Mapping(entries), _)) => {
                entries.iter().map(|(key, value)| (key.clone(), self.text(Some(value)))).collect()
            }
            Some((_, node)) => {
                self.wrong(node, "a map of texts");
                IndexMap::new()
            }
        }
    }
}

fn describe(node: &Node) -> String {
    match &node.value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => format!("the boolean `{value}`"),
        Value::Number(text) => format!("the number `{text}`"),
        Value::String(_) => "a text".to_owned(),
        Value::Sequence(_) => "a list".to_owned(),
        Value::Mapping(_) => "a map".to_owned(),
    }
}

/// Levenshtein's distance, without regard to case.
pub(crate) fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.to_lowercase().chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let change = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        assert_eq!(distance("resource", "resources"), 1);
        assert_eq!(distance("Patchs", "patches"), 1);
        assert_eq!(distance("", "abc"), 3);
    }
}
