//! `images`: other names, tags and digests.

use regex::bytes::Regex;

use super::Transform;
use crate::fault::{Fault, Outcome, Rule};
use crate::fieldspec::{FieldSpec, Missing, set_scalar};
use crate::kustomization::Image;
use crate::objects::Objects;
use crate::schema::Schema;
use crate::selector::regex;
use crate::yaml::{Node, Value};

pub(crate) struct SetImage {
    image: Image,
    specs: Vec<FieldSpec>,
    /// What an image must look like to be meant. The name is itself a pattern.
    pattern: Regex,
}

impl SetImage {
    pub(crate) fn new(image: Image, specs: Vec<FieldSpec>) -> Outcome<Self> {
        let pattern = format!("^{}(:[a-zA-Z0-9_.{{}}-]*)?(@sha256:[a-zA-Z0-9_.{{}}-]*)?$", image.name.text);
        let Some(pattern) = regex(&pattern) else {
            let problem = format!("`{}` is no regular expression", image.name.text);
            let fault = Fault::new(
                Rule::Kustomization,
                problem,
                "an image's name is a pattern here: escape its characters",
            );
            return Err(fault.or_at(image.name.origin.as_ref()));
        };
        Ok(Self { image, specs, pattern })
    }

    fn set(&self, node: &mut Node) -> Outcome<()> {
        let old = match &node.value {
            Value::Mapping(_) | Value::Sequence(_) => {
                let fault = Fault::new(Rule::Transformer, "an image must be a text", "write `name:tag`");
                return Err(fault.at(node));
            }
            _ => node.scalar_text().unwrap_or_default(),
        };
        if !self.pattern.is_match(old.as_bytes()) {
            return Ok(());
        }
        let (name, tag, digest) = split(old);
        let image = &self.image;
        let name = if image.new_name.is_empty() { name } else { &image.new_name };
        let (tag, digest) = match (&*image.new_tag, &*image.digest, &*image.tag_suffix) {
            ("", "", "") => (tag.to_owned(), digest),
            ("", "", suffix) => (format!("{tag}{suffix}"), ""),
            ("", new, _) => (String::new(), new),
            (new, digest, _) => (new.to_owned(), digest),
        };
        let mut new = name.to_owned();
        if !tag.is_empty() {
            new = format!("{new}:{tag}");
        }
        if !digest.is_empty() {
            new = format!("{new}@{digest}");
        }
        set_scalar(node, &new)
    }

    /// Containers are found wherever they are, also within custom resources.
    fn set_in_containers(&self, node: &mut Node) -> Outcome<()> {
        match &mut node.value {
            Value::Sequence(items) => items.iter_mut().try_for_each(|item| self.set_in_containers(item)),
            Value::Mapping(entries) => entries.iter_mut().try_for_each(|(key, value)| {
                self.set_in_containers(value)?;
                if !matches!(&**key, "containers" | "initContainers") {
                    return Ok(());
                }
                let containers = value.as_sequence_mut().into_iter().flatten();
                containers
                    .filter_map(|container| container.get_mut("image"))
                    .try_for_each(|image| self.set(image))
            }),
            _ => Ok(()),
        }
    }
}

impl Transform for SetImage {
    fn run(&self, objects: &mut Objects, _: &Schema) -> Outcome<()> {
        for object in objects.contents_mut().filter(|object| object.kind() != "CustomResourceDefinition") {
            self.set_in_containers(&mut object.node)?;
            for spec in &self.specs {
                spec.apply(&mut object.node, Missing::Stay, &mut |node| self.set(node))?;
            }
        }
        Ok(())
    }
}

/// Name, tag and digest. Colons before the first slash belong to the registry's port.
fn split(image: &str) -> (&str, &str, &str) {
    let start = image.find('/').unwrap_or(0);
    let (rest, digest) = match image[start..].find('@') {
        Some(at) => (&image[..start + at], &image[start + at + 1..]),
        None => (image, ""),
    };
    match rest[start..].find(':') {
        Some(at) => (&rest[..start + at], &rest[start + at + 1..], digest),
        None => (rest, "", digest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_split() {
        for (image, parts) in [
            ("nginx", ("nginx", "", "")),
            ("nginx:1", ("nginx", "1", "")),
            ("host:5000/a/nginx", ("host:5000/a/nginx", "", "")),
            ("host:5000/nginx:1@sha256:ab", ("host:5000/nginx", "1", "sha256:ab")),
            ("a@sha256:cd", ("a", "", "sha256:cd")),
        ] {
            assert_eq!(split(image), parts);
        }
    }
}
