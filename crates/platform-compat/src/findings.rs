//! The collector of findings.

use std::sync::Arc;

use miette::SourceSpan;

use crate::{
    finding::Finding,
    place::{Place, Source},
};

/// A collector that makes findings out of places and sorts them.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) sources: Arc<[Source]>,
    items: Vec<Item>,
}

#[derive(Debug)]
struct Item {
    file: String,
    start: usize,
    finding: Finding,
}

/// The second place of a finding: a label where the finding stands, a remark of its own where it is in another file.
pub(crate) struct Second {
    span: SourceSpan,
    elsewhere: Option<Source>,
    note: &'static str,
}

impl Second {
    /// The label.
    pub(crate) fn label(&self) -> Option<SourceSpan> {
        self.elsewhere.is_none().then_some(self.span)
    }

    /// The remark.
    pub(crate) fn remark(&self) -> Vec<Finding> {
        let note = |src| Finding::Note { src, span: self.span, note: self.note.to_owned() };
        self.elsewhere.clone().map(note).into_iter().collect()
    }
}

impl Findings {
    pub(crate) fn new(sources: Arc<[Source]>) -> Self {
        Self { sources, items: Vec::new() }
    }

    /// Adds what `make` makes of the file and the bytes of a place.
    pub(crate) fn push(&mut self, place: Place, make: impl FnOnce(Source, SourceSpan) -> Finding) {
        if let Some(source) = self.sources.get(place.file as usize) {
            let source = source.clone();
            let span = place.span();
            self.add(source.name().to_owned(), span.offset(), make(source, span));
        }
    }

    /// Adds a finding whose file and first byte are told.
    pub(crate) fn add(&mut self, file: String, start: usize, finding: Finding) {
        self.items.push(Item { file, start, finding });
    }

    /// Adds what another one of the same files has.
    pub(crate) fn extend(&mut self, other: Self) {
        self.items.extend(other.items);
    }

    /// A remark that `place` belongs to another finding.
    pub(crate) fn note(&self, place: Place, note: &str) -> Vec<Finding> {
        let source = self.sources.get(place.file as usize).cloned();
        source
            .into_iter()
            .map(|src| Finding::Note { src, span: place.span(), note: note.to_owned() })
            .collect()
    }

    /// Where else a finding at `place` points.
    pub(crate) fn second(&self, place: Place, second: Place, note: &'static str) -> Second {
        let elsewhere =
            (place.file != second.file).then(|| self.sources.get(second.file as usize).cloned()).flatten();
        Second { span: second.span(), elsewhere, note }
    }

    /// All findings by file, place, rule and text.
    pub(crate) fn into_sorted(mut self) -> Vec<Finding> {
        self.items.sort_by_cached_key(|item| {
            (item.file.clone(), item.start, item.finding.rule(), item.finding.to_string())
        });
        self.items.into_iter().map(|item| item.finding).collect()
    }
}
