//! One object in two components: whoever is applied last would win.

use std::collections::HashMap;
use std::sync::Arc;

use k8s_render::Resource;
use miette::{Diagnostic, NamedSource, SourceSpan};
use thiserror::Error;

use super::Part;
use super::provenance::Texts;
use super::source::Source;

/// Two components that make one object.
#[derive(Debug, Error, Diagnostic)]
#[error("`{object}` is made by `{first}` and by `{second}`{}", in_file(first_place))]
#[diagnostic(
    code("render/collision"),
    help("leave it out of one of the two, or move it to `shared`; what is applied last would win")
)]
pub(super) struct Collision {
    object: String,
    first: String,
    second: String,
    first_place: String,
    #[source_code]
    src: NamedSource<Arc<str>>,
    #[label("the second one")]
    span: SourceSpan,
}

fn in_file(place: &str) -> String {
    if place.is_empty() { String::new() } else { format!("; the first is in {place}") }
}

/// What tells objects of a cluster apart: the version is not part of it.
pub(super) fn key(resource: &Resource) -> (&str, &str, &str, &str) {
    let group = resource.api_version().split_once('/').map_or("", |(group, _)| group);
    let namespace = if resource.namespace().is_empty() { "default" } else { resource.namespace() };
    (group, resource.kind(), namespace, resource.name())
}

/// How people call an object.
pub(super) fn name(resource: &Resource) -> String {
    let namespace = resource.namespace();
    let slash = if namespace.is_empty() { "" } else { "/" };
    format!("{} {namespace}{slash}{}", resource.kind(), resource.name())
}

/// Every object that two components make.
pub(super) fn find(parts: &[Part], source: &Source) -> Vec<Collision> {
    let texts = Texts::new(source);
    let mut seen: HashMap<_, (&Part, &Resource)> = HashMap::new();
    let mut found = Vec::new();
    for part in parts {
        for resource in &part.rendered.resources {
            match seen.get(&key(resource)) {
                Some(&(other, first)) if !std::ptr::eq(other, part) => {
                    let (src, span) = texts.span(&resource.node);
                    found.push(Collision {
                        object: name(resource),
                        first: other.name.display().to_string(),
                        second: part.name.display().to_string(),
                        first_place: texts
                            .place_of(&first.node)
                            .map(|place| place.to_string())
                            .unwrap_or_default(),
                        src,
                        span,
                    });
                }
                // Twice in one component is the render's own affair.
                Some(_) => {}
                None => {
                    seen.insert(key(resource), (part, resource));
                }
            }
        }
    }
    found
}
