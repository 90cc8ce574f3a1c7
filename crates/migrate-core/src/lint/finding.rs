//! A finding of any rule: code and severity are data, which the derive macro of miette cannot express.

use std::fmt::{self, Display};

use miette::{Diagnostic, LabeledSpan, Severity, SourceCode, SourceSpan};

use super::Rule;
use crate::finding::Source;

/// What a rule has found in a migration.
#[derive(Debug, Clone)]
pub struct LintFinding {
    /// The rule.
    pub rule: &'static Rule,
    /// What is found.
    pub message: String,
    /// The script.
    pub src: Source,
    /// The place in it.
    pub span: SourceSpan,
}

impl Display for LintFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for LintFinding {}

impl Diagnostic for LintFinding {
    fn code<'a>(&'a self) -> Option<Box<dyn Display + 'a>> {
        Some(Box::new(self.rule.code))
    }
    fn severity(&self) -> Option<Severity> {
        Some(self.rule.severity)
    }
    fn help<'a>(&'a self) -> Option<Box<dyn Display + 'a>> {
        Some(Box::new(self.rule.help))
    }
    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.src)
    }
    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(std::iter::once(LabeledSpan::new_with_span(Some("here".to_owned()), self.span))))
    }
}
