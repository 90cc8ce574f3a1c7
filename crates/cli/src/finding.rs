//! One shape for the findings of every crate, read off `miette::Diagnostic`.

use miette::{Diagnostic, Severity, SourceCode, SourceSpan};
use serde::{Serialize, Serializer};

/// What the machine-readable formats say about a finding; places are 1-based and count characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Finding {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) column: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) end_line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) end_column: Option<usize>,
    #[serde(serialize_with = "serialize_severity")]
    pub(crate) severity: Severity,
    pub(crate) rule: String,
    pub(crate) message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) help: Option<String>,
}

/// A finding of any crate.
pub(crate) type BoxedFinding = Box<dyn Diagnostic + Send + Sync>;

/// The severity of a diagnostic; miette's default is an error.
pub(crate) fn severity(diagnostic: &dyn Diagnostic) -> Severity {
    diagnostic.severity().unwrap_or(Severity::Error)
}

/// What the formats and the configuration call a severity.
pub(crate) const fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Advice => "advice",
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn serialize_severity<S: Serializer>(severity: &Severity, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(severity_name(*severity))
}

impl From<&dyn Diagnostic> for Finding {
    fn from(diagnostic: &dyn Diagnostic) -> Self {
        let place = diagnostic.source_code().map(|source| Place::of(diagnostic, source)).unwrap_or_default();
        Self {
            file: place.file,
            line: place.start.map(|(line, _)| line),
            column: place.start.map(|(_, column)| column),
            end_line: place.end.map(|(line, _)| line),
            end_column: place.end.map(|(_, column)| column),
            severity: severity(diagnostic),
            rule: diagnostic.code().map(|code| code.to_string()).unwrap_or_default(),
            message: diagnostic.to_string(),
            help: diagnostic.help().map(|help| help.to_string()),
        }
    }
}

#[derive(Default)]
struct Place {
    file: Option<String>,
    start: Option<(usize, usize)>,
    end: Option<(usize, usize)>,
}

impl Place {
    fn of(diagnostic: &dyn Diagnostic, source: &dyn SourceCode) -> Self {
        let mut labels: Vec<_> = diagnostic.labels().into_iter().flatten().collect();
        let primary = labels.iter().position(miette::LabeledSpan::primary).unwrap_or(0);
        let span = (!labels.is_empty()).then(|| *labels.swap_remove(primary).inner());
        let file = source
            .read_span(&span.unwrap_or_else(|| (0, 0).into()), 0, 0)
            .ok()
            .and_then(|contents| contents.name().map(ToOwned::to_owned));
        let position = |offset| span.and_then(|_| position(source, offset));
        Self {
            file,
            start: span.and_then(|span| position(span.offset())),
            end: span.and_then(|span| position(span.offset() + span.len())),
        }
    }
}

/// Line and column of a byte offset, both from 1, the column in characters.
fn position(source: &dyn SourceCode, offset: usize) -> Option<(usize, usize)> {
    let contents = source.read_span(&SourceSpan::from((0, offset)), 0, 0).ok()?;
    // miette rounds an empty span up to one byte.
    Some(end_of(&String::from_utf8_lossy(contents.data().get(..offset)?)))
}

/// Line and column, both from 1, of what stands behind a text.
pub(crate) fn end_of(before: &str) -> (usize, usize) {
    let lines = memchr::memchr_iter(b'\n', before.as_bytes()).count();
    let last = before.rsplit('\n').next().unwrap_or_default();
    (lines + 1, last.chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use miette::NamedSource;
    use thiserror::Error;

    #[derive(Debug, Error, Diagnostic)]
    #[error("odd word")]
    #[diagnostic(code("test/odd-word"), severity(Warning), help("write another"))]
    struct OddWord {
        #[source_code]
        src: NamedSource<String>,
        #[label("here")]
        span: SourceSpan,
    }

    #[track_caller]
    fn place(text: &str, start: usize, length: usize) -> (usize, usize, usize, usize) {
        let src = NamedSource::new("a.sql", text.to_owned());
        let finding = Finding::from(&OddWord { src, span: (start, length).into() } as &dyn Diagnostic);
        assert_eq!(finding.file.as_deref(), Some("a.sql"));
        assert_eq!((finding.rule.as_str(), finding.severity), ("test/odd-word", Severity::Warning));
        (
            finding.line.unwrap(),
            finding.column.unwrap(),
            finding.end_line.unwrap(),
            finding.end_column.unwrap(),
        )
    }

    #[test]
    fn places_count_lines_and_characters_from_one() {
        assert_eq!(place("select x", 7, 1), (1, 8, 1, 9));
        assert_eq!(place("a\nbé c\n", 6, 1), (2, 4, 2, 5));
        assert_eq!(place("one\r\ntwo", 5, 3), (2, 1, 2, 4));
        assert_eq!(place("one\ntwo\n", 0, 7), (1, 1, 2, 4));
    }

    #[test]
    fn an_empty_file_has_a_place() {
        assert_eq!(place("", 0, 0), (1, 1, 1, 1));
    }
}
