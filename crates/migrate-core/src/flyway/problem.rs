//! What is wrong with a configuration. Code and place are data, which the derive macro of miette cannot express.

use std::fmt::{self, Display};

use miette::{Diagnostic, LabeledSpan, SourceCode};

use super::assignment::Place;

/// Something in a configuration that stops the run. It never quotes a secret.
#[derive(Debug, Clone)]
pub struct Problem {
    code: &'static str,
    message: String,
    help: String,
    place: Option<Box<Place>>,
}

impl Problem {
    /// A problem without a place.
    pub fn new(code: &'static str, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { code, message: message.into(), help: help.into(), place: None }
    }

    /// The same, at a place.
    #[must_use]
    pub fn at(mut self, place: &Place) -> Self {
        self.place = Some(Box::new(place.clone()));
        self
    }
}

impl Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}

impl Diagnostic for Problem {
    fn code<'a>(&'a self) -> Option<Box<dyn Display + 'a>> {
        Some(Box::new(self.code))
    }
    fn help<'a>(&'a self) -> Option<Box<dyn Display + 'a>> {
        Some(Box::new(&self.help))
    }
    fn source_code(&self) -> Option<&dyn SourceCode> {
        match self.place.as_deref()? {
            Place::File { src, .. } => Some(src),
            Place::Variable(_) | Place::Argument(_) => None,
        }
    }
    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        match self.place.as_deref()? {
            Place::File { span, .. } => {
                let label = LabeledSpan::new_with_span(Some("here".to_owned()), *span);
                Some(Box::new(std::iter::once(label)))
            }
            Place::Variable(_) | Place::Argument(_) => None,
        }
    }
}
