//! Where things stand in the texts they were read from.

use std::ops::Range;
use std::sync::Arc;

use miette::SourceSpan;

/// A named text. The name is the path as the user should see it.
pub type Source = miette::NamedSource<Arc<str>>;

/// A stretch of a text, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last one.
    pub end: usize,
}

impl Span {
    /// The smallest span that holds both.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// The text that stands here.
    pub fn of(self, text: &str) -> &str {
        text.get(self.start..self.end).unwrap_or_default()
    }

    /// The span as a range of bytes.
    pub fn range(self) -> Range<usize> {
        self.start..self.end
    }
}

impl From<Range<usize>> for Span {
    fn from(range: Range<usize>) -> Self {
        Self { start: range.start, end: range.end }
    }
}

impl From<Span> for SourceSpan {
    fn from(span: Span) -> Self {
        Self::new(span.start.into(), span.end.saturating_sub(span.start))
    }
}

/// A span together with the text it is in; cheap to copy.
#[derive(Debug, Clone)]
pub struct Place {
    /// The text.
    pub source: Arc<Source>,
    /// The part of it.
    pub span: Span,
}

impl Place {
    /// A part of `source`.
    pub fn new(source: &Arc<Source>, span: Span) -> Self {
        Self { source: Arc::clone(source), span }
    }

    /// Another part of the same text.
    #[must_use]
    pub fn at(&self, span: Span) -> Self {
        Self { source: Arc::clone(&self.source), span }
    }

    /// Whether this is the very same place as another.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.source, &other.source) && self.span == other.span
    }

    /// The name of the text: its path as the user sees it.
    pub fn file(&self) -> &str {
        self.source.name()
    }

    /// The line of the place, from 1.
    pub fn line(&self) -> usize {
        migrate_core::script::line_at(self.source.inner(), self.span.start)
    }
}
