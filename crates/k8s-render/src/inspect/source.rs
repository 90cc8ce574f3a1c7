//! Where findings point: from a node of a render back to the text of its file.

use std::sync::Arc;

use miette::SourceSpan;

use crate::finding::Source;
use crate::yaml::Node;

/// A byte range of a source text.
#[derive(Debug, Clone)]
pub struct Place {
    /// The text.
    pub src: Source,
    /// The bytes that are meant.
    pub span: SourceSpan,
}

/// Looks up the texts of the files that were rendered.
#[derive(Clone, Copy)]
pub struct Sources<'a> {
    text: &'a dyn Fn(&str) -> Option<Arc<str>>,
}

impl<'a> Sources<'a> {
    /// Texts by the path that [`crate::yaml::Origin::file`] names.
    pub fn new(text: &'a dyn Fn(&str) -> Option<Arc<str>>) -> Self {
        Self { text }
    }

    /// The place of `node`; when nothing of it was written by hand, that of `object`, the object it belongs to.
    pub fn place(&self, node: &Node, object: &Node) -> Place {
        let Some(origin) = first_origin(node).or_else(|| first_origin(object)) else {
            return Place { src: Source::new(generated_name(object), Arc::from("")), span: (0, 0).into() };
        };
        let text = (self.text)(&origin.file).unwrap_or_else(|| Arc::from(""));
        let end = origin.end.min(text.len());
        let start = origin.start.min(end);
        Place { src: Source::new(&*origin.file, text), span: (start, end - start).into() }
    }

    /// The place of the key of an entry; that of its value where the text before the value is another.
    pub fn key_place(&self, key: &str, node: &Node, object: &Node) -> Place {
        let place = self.place(node, object);
        let before = place.src.inner().get(..place.span.offset()).unwrap_or_default();
        let Some(at) = before.rfind(key).filter(|_| !key.is_empty()) else { return place };
        let gap = before[at + key.len()..].trim_start_matches(['"', '\'', ' ']);
        if gap.starts_with(':') { Place { span: (at, key.len()).into(), src: place.src } } else { place }
    }
}

/// The origin of the node, or of the first part of it that has one.
fn first_origin(node: &Node) -> Option<&crate::yaml::Origin> {
    node.origin.as_ref().or_else(|| {
        let parts = node.items().iter().chain(node.entries().map(|(_, child)| child));
        parts.into_iter().find_map(first_origin)
    })
}

/// What to call an object that no file holds.
fn generated_name(object: &Node) -> String {
    let text = |path: &[&str]| object.at(path).and_then(Node::as_str).unwrap_or("?").to_owned();
    format!("{}/{}", text(&["kind"]), text(&["metadata", "name"]))
}
