//! Where values were written: files and lines, from the origins that a render keeps.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use k8s_render::yaml::{Node, Origin};
use miette::{NamedSource, SourceSpan};

use super::source::Source;
use crate::finding::end_of;

/// The texts of files, each read once.
pub(super) struct Texts<'s> {
    source: &'s Source,
    read: RefCell<HashMap<Arc<str>, Option<Arc<str>>>>,
}

/// A file and a line in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) file: String,
    /// From 1; absent when the file is not at hand.
    pub(super) line: Option<usize>,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}", self.file),
            None => write!(f, "{}", self.file),
        }
    }
}

impl<'s> Texts<'s> {
    pub(super) fn new(source: &'s Source) -> Self {
        Self { source, read: RefCell::default() }
    }

    fn text(&self, file: &Arc<str>) -> Option<Arc<str>> {
        let mut read = self.read.borrow_mut();
        let text = || std::fs::read_to_string(self.source.root.join(Path::new(&**file))).ok().map(Arc::from);
        read.entry(Arc::clone(file)).or_insert_with(text).clone()
    }

    /// The file and line of an origin. A text within a file says its own line.
    pub(super) fn place(&self, origin: &Origin) -> Place {
        if let Some((file, rest)) = origin.file.split_once(" (inline at line ") {
            let line = rest.strip_suffix(')').and_then(|line| line.parse().ok());
            return Place { file: file.to_owned(), line };
        }
        let text = self.text(&origin.file);
        let before = text.as_ref().and_then(|text| text.get(..origin.start));
        let line = before.map(|before| end_of(before).0);
        Place { file: origin.file.to_string(), line }
    }

    /// The place of a value, or of the first thing below it that has one.
    pub(super) fn place_of(&self, node: &Node) -> Option<Place> {
        node.origin.as_ref().map(|origin| self.place(origin))
    }

    /// The text and place of a value for a finding.
    pub(super) fn span(&self, node: &Node) -> (NamedSource<Arc<str>>, SourceSpan) {
        let Some(origin) = &node.origin else { return (NamedSource::new("", Arc::from("")), (0, 0).into()) };
        match self.text(&origin.file).filter(|text| text.get(origin.start..origin.end).is_some()) {
            Some(text) => (NamedSource::new(&*origin.file, text), (origin.start, 0).into()),
            None => (NamedSource::new(&*origin.file, Arc::from("")), (0, 0).into()),
        }
    }
}
