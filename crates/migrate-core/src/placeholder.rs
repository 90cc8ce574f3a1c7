//! `${name}` in scripts, replaced before they are split, as Flyway does: everywhere, comments and strings included.
//!
//! Names ignore case, values are not searched again. The places of an expanded text lead back to the original, so
//! that findings and errors point into the file as its author knows it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use miette::SourceSpan;

use crate::finding::{Finding, Source};

/// The names that a run itself gives values to, besides `flyway:filename`, which differs from file to file.
pub const BUILT_IN: [&str; 7] = [
    "flyway:database",
    "flyway:defaultSchema",
    "flyway:environment",
    "flyway:table",
    "flyway:timestamp",
    "flyway:user",
    "flyway:workingDirectory",
];

const FILE_NAME: &str = "flyway:filename";

/// What is replaced and by what. `Default` replaces `${…}` and knows no name but `flyway:filename`.
#[derive(Debug, Clone)]
pub struct Placeholders {
    /// Whether anything is replaced at all.
    pub enabled: bool,
    /// What begins a placeholder, `${`.
    pub prefix: String,
    /// What ends it, `}`.
    pub suffix: String,
    /// What stands after `flyway` in the names that a run gives values to, `:`.
    pub separator: String,
    /// Names in lower case.
    values: BTreeMap<String, String>,
}

impl Default for Placeholders {
    fn default() -> Self {
        Self {
            enabled: true,
            prefix: "${".into(),
            suffix: "}".into(),
            separator: ":".into(),
            values: BTreeMap::new(),
        }
    }
}

impl Placeholders {
    /// Replaces nothing.
    pub fn disabled() -> Self {
        Self { enabled: false, ..Self::default() }
    }

    /// The same values, replaced or not.
    pub(crate) fn with_enabled(&self, enabled: bool) -> Self {
        Self { enabled, ..self.clone() }
    }

    /// Gives a name a value. Returns false, and changes nothing, for a name that begins with `flyway:` and is none of
    /// [`BUILT_IN`].
    pub fn set(&mut self, name: &str, value: impl Into<String>) -> bool {
        let reserved = name.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("flyway:"));
        if reserved && !BUILT_IN.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            return false;
        }
        self.values.insert(name.to_lowercase(), value.into());
        true
    }

    /// Replaces all placeholders of a file. Those without a value stay as they are and become one finding per name.
    pub fn expand<'a>(&self, source: &'a Source, file_name: &'a str) -> (Expanded<'a>, Vec<Finding>) {
        let text: &'a str = source.inner();
        let mut expanded = Expanded { text: Cow::Borrowed(text), pieces: Vec::new() };
        if !self.enabled || self.prefix.is_empty() || self.suffix.is_empty() || !text.contains(&self.prefix) {
            return (expanded, Vec::new());
        }
        let mut findings = Vec::new();
        let mut unknown: BTreeMap<&str, Vec<SourceSpan>> = BTreeMap::new();
        let mut output = String::with_capacity(text.len());
        let mut done = 0;
        while let Some(found) = text[done..].find(&self.prefix) {
            let start = done + found;
            let name_start = start + self.prefix.len();
            output.push_str(&text[done..start]);
            let Some(length) = text[name_start..].find(&self.suffix) else {
                let src = source.clone();
                findings.push(Finding::UnterminatedPlaceholder { src, span: (start..name_start).into() });
                done = start;
                break;
            };
            let name = &text[name_start..name_start + length];
            done = name_start + length + self.suffix.len();
            let expanded_start = output.len();
            let value = self.value(name, file_name);
            if value.is_none() {
                unknown.entry(name).or_default().push((start..done).into());
            }
            output.push_str(value.unwrap_or(&text[start..done]));
            expanded.pieces.push(Piece { expanded: expanded_start..output.len(), original: start..done });
        }
        output.push_str(&text[done..]);
        expanded.text = Cow::Owned(output);
        let known: Vec<&str> = self.values.keys().map(String::as_str).collect();
        findings.extend(unknown.into_iter().map(|(name, spans)| Finding::UnknownPlaceholder {
            name: name.to_owned(),
            known: if known.is_empty() { "none".to_owned() } else { known.join(", ") },
            src: source.clone(),
            spans,
        }));
        (expanded, findings)
    }

    fn value<'a>(&'a self, name: &str, file_name: &'a str) -> Option<&'a str> {
        let mut name = name.to_lowercase();
        if let Some(own) = name.strip_prefix("flyway").and_then(|rest| rest.strip_prefix(&self.separator)) {
            name = format!("flyway:{own}");
        }
        if name == FILE_NAME {
            return Some(file_name);
        }
        self.values.get(&name).map(String::as_str)
    }
}

/// A text after replacement, with the way back to the original.
#[derive(Debug, Clone)]
pub struct Expanded<'a> {
    /// The text to split; borrowed when nothing was replaced.
    pub text: Cow<'a, str>,
    /// What was replaced, in ascending order.
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone)]
struct Piece {
    expanded: Range<usize>,
    original: Range<usize>,
}

impl Expanded<'_> {
    /// The byte of the original at which this offset of the expanded text lies; `None`: within the value of a placeholder.
    pub(crate) fn outside(&self, offset: usize) -> Option<usize> {
        let before = self.pieces.partition_point(|piece| piece.expanded.start < offset);
        match before.checked_sub(1).map(|last| &self.pieces[last]) {
            Some(piece) if offset < piece.expanded.end => None,
            _ => Some(self.original_offset(offset, |piece| piece.original.end)),
        }
    }

    /// A text in which nothing was replaced.
    pub(crate) fn plain(text: String) -> Expanded<'static> {
        Expanded { text: text.into(), pieces: Vec::new() }
    }

    /// The beginning of it, on its own.
    pub(crate) fn up_to(&self, end: usize) -> Expanded<'static> {
        let text = self.text.get(..end).unwrap_or(&self.text).to_owned();
        let count = self.pieces.partition_point(|piece| piece.expanded.end <= end);
        Expanded { text: text.into(), pieces: self.pieces[..count].to_vec() }
    }

    /// The bytes of the original that a range of the expanded text stands for; the inside of a replaced placeholder
    /// stands for the whole placeholder.
    pub fn original(&self, range: Range<usize>) -> Range<usize> {
        let start = self.original_offset(range.start, |piece| piece.original.start);
        let end = self.original_offset(range.end, |piece| piece.original.end);
        start..end.max(start)
    }

    fn original_offset(&self, offset: usize, inside: impl Fn(&Piece) -> usize) -> usize {
        let before = self.pieces.partition_point(|piece| piece.expanded.start < offset);
        match before.checked_sub(1).map(|last| &self.pieces[last]) {
            None => offset,
            Some(piece) if offset < piece.expanded.end => inside(piece),
            Some(piece) => piece.original.end + (offset - piece.expanded.end),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use miette::Diagnostic;
    use proptest::prelude::*;
    use std::sync::Arc;

    fn source(text: &str) -> Source {
        Source::new("V1__x.sql", Arc::from(text))
    }

    fn placeholders() -> Placeholders {
        let mut placeholders = Placeholders::default();
        assert!(placeholders.set("P", "VALUE"));
        assert!(placeholders.set("q", ""));
        assert!(placeholders.set("flyway:user", "me"));
        placeholders
    }

    #[track_caller]
    fn expand(text: &str) -> String {
        let source = source(text);
        let (expanded, findings) = placeholders().expand(&source, "V1__x.sql");
        assert!(findings.is_empty(), "{findings:?}");
        expanded.text.into_owned()
    }

    #[test]
    fn values_replace_names_of_any_case_everywhere() {
        assert_eq!(expand("SELECT ${p}, \"${P}\", ${q}1; -- ${p}"), "SELECT VALUE, \"VALUE\", 1; -- VALUE");
        assert_eq!(expand("${flyway:USER} ${flyway:filename} $p {p} $"), "me V1__x.sql $p {p} $");
    }

    #[test]
    fn values_are_not_searched_again() {
        let mut placeholders = Placeholders::default();
        placeholders.set("a", "${b}");
        let source = source("${a}");
        assert_eq!(placeholders.expand(&source, "").0.text, "${b}");
    }

    #[test]
    fn an_unknown_name_is_one_finding_with_all_its_places() {
        let source = source("SELECT ${nope};\n-- ${nope} ${other}");
        let (expanded, findings) = placeholders().expand(&source, "");
        assert_eq!(expanded.text, source.inner().as_ref());
        assert_eq!(findings.len(), 2);
        let labels: Vec<_> =
            findings[0].labels().unwrap().map(|label| (label.offset(), label.len())).collect();
        assert_eq!(labels, [(7, 7), (19, 7)]);
        assert!(findings[0].to_string().contains("`nope`"));
    }

    #[test]
    fn one_without_end_is_a_finding() {
        let source = source("SELECT '${p");
        let (expanded, findings) = placeholders().expand(&source, "");
        assert_eq!(expanded.text, "SELECT '${p");
        assert!(matches!(findings.as_slice(), [Finding::UnterminatedPlaceholder { .. }]));
    }

    #[test]
    fn other_marks_may_be_chosen_and_all_be_switched_off() {
        let mut placeholders = Placeholders { prefix: "@@".into(), suffix: "@@".into(), ..placeholders() };
        let source = source("@@p@@ ${p}");
        assert_eq!(placeholders.expand(&source, "").0.text, "VALUE ${p}");
        placeholders.enabled = false;
        assert_eq!(placeholders.expand(&source, "").0.text, "@@p@@ ${p}");
    }

    #[test]
    fn reserved_names_are_refused() {
        assert!(!Placeholders::default().set("Flyway:mine", "x"));
    }

    #[test]
    fn places_lead_back() {
        let source = source("a ${p} b ${q} c");
        let (expanded, _) = placeholders().expand(&source, "");
        assert_eq!(expanded.text, "a VALUE b  c");
        let back = |range| &source.inner()[expanded.original(range)];
        assert_eq!(back(0..1), "a");
        assert_eq!(back(2..7), "${p}");
        assert_eq!(back(3..5), "${p}");
        assert_eq!(back(8..9), "b");
        assert_eq!(back(11..12), "c");
        assert_eq!(back(0..12), "a ${p} b ${q} c");
    }

    proptest! {
        #[test]
        fn what_is_not_replaced_leads_back_to_itself(text in "([a-z ]|\\$\\{p\\}|\\$\\{q\\}|\\$\\{|\\}|é){0,20}") {
            let source = source(&text);
            let (expanded, _) = placeholders().expand(&source, "");
            for (at, character) in expanded.text.char_indices() {
                let original = expanded.original(at..at + character.len_utf8());
                prop_assert!(text.is_char_boundary(original.start) && text.is_char_boundary(original.end));
                let original = &text[original];
                prop_assert!(original == character.to_string() || original.starts_with("${"), "{}", original);
            }
        }
    }
}
