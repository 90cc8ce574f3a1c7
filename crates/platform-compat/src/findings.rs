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

    /// A remark that `place` belongs to another finding.
    pub(crate) fn note(&self, place: Place, note: &str) -> Vec<Finding> {
        let source = self.sources.get(place.file as usize).cloned();
        source
            .into_iter()
            .map(|src| Finding::Note { src, span: place.span(), note: note.to_owned() })
            .collect()
    }

    /// All findings by file, place, rule and text.
    pub(crate) fn into_sorted(mut self) -> Vec<Finding> {
        self.items.sort_by_cached_key(|item| {
            (item.file.clone(), item.start, item.finding.rule(), item.finding.to_string())
        });
        self.items.into_iter().map(|item| item.finding).collect()
    }
}
