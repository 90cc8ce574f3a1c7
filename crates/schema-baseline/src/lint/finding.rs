//! A finding of any rule: code and severity are data, which the derive macro of miette cannot express.

use std::fmt::{self, Display};

use miette::{Diagnostic, LabeledSpan, Severity, SourceCode};

use super::Rule;
use crate::place::Place;

/// What a rule has found in a schema.
#[derive(Debug, Clone)]
pub struct SchemaLint {
    /// The rule.
    pub rule: &'static Rule,
    /// What is found.
    pub message: String,
    /// Where.
    pub place: Place,
}

impl Display for SchemaLint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for SchemaLint {}

impl Diagnostic for SchemaLint {
    fn code<'a>(&'a self) -> Option<Box<dyn Display + 'a>> {
        Some(Box::new(self.rule.code))
    }
    fn severity(&self) -> Option<Severity> {
        Some(self.rule.severity.unwrap_or(Severity::Advice))
    }
    fn help<'a>(&'a self) -> Option<Box<dyn Display + 'a>> {
        Some(Box::new(self.rule.help))
    }
    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self.place.source.as_ref())
    }
    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let label = LabeledSpan::new_with_span(Some("here".to_owned()), self.place.span);
        Some(Box::new(std::iter::once(label)))
    }
}
