//! What is wrong with a live server.

use std::fmt;

use miette::{Diagnostic, LabeledSpan, Severity, SourceCode, SourceSpan};

use crate::place::{Place, Source};
use crate::platform::Platform;

/// A difference between what lives and what is declared or sound, at the place that declares it.
#[derive(Debug, Clone)]
pub struct Finding {
    /// `probe/…`, stable.
    pub rule: &'static str,
    /// How serious it is.
    pub severity: Severity,
    /// What is wrong, with the server's component and environment.
    pub message: String,
    /// What to do.
    pub help: String,
    /// Where it is declared, and what to say there.
    place: Option<(Source, SourceSpan, &'static str)>,
}

impl Finding {
    /// A finding without a place.
    pub fn new(rule: &'static str, severity: Severity, message: String, help: impl Into<String>) -> Self {
        Self { rule, severity, message, help: help.into(), place: None }
    }

    /// The same at a place of one of the platform's files.
    #[must_use]
    pub fn at(mut self, platform: &Platform, place: Place, label: &'static str) -> Self {
        self.place =
            platform.sources().get(place.file as usize).map(|source| (source.clone(), place.span(), label));
        self
    }

    /// The same at a place of any file.
    #[must_use]
    pub fn at_source(mut self, source: &Source, span: SourceSpan, label: &'static str) -> Self {
        self.place = Some((source.clone(), span, label));
        self
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Finding {}

impl Diagnostic for Finding {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.rule))
    }

    fn severity(&self) -> Option<Severity> {
        Some(self.severity)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.help))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.place.as_ref().map(|(source, ..)| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let (_, span, label) = self.place.as_ref()?;
        let label = LabeledSpan::new_primary_with_span(Some((*label).to_owned()), *span);
        Some(Box::new(std::iter::once(label)))
    }
}
