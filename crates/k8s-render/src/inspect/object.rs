//! The objects of a render, lists taken apart.

use std::fmt;

use crate::resource::Resource;
use crate::yaml::Node;

/// A Kubernetes object: a rendered resource or an item of a rendered `List`.
#[derive(Debug, Clone, Copy)]
pub struct Object<'a> {
    /// The kind, for an item of a typed list without one that of the list.
    pub kind: &'a str,
    /// The whole object.
    pub node: &'a Node,
    /// `apiVersion` of the typed list that the object stands in, whose items need none of their own.
    listed_as: &'a str,
}

impl<'a> Object<'a> {
    /// `apiVersion`, for an item of a typed list without one that of the list; empty when absent.
    pub fn api_version(&self) -> &'a str {
        match self.text(&["apiVersion"]) {
            "" => self.listed_as,
            own => own,
        }
    }

    /// The API group: `apps` of `apps/v1`, empty for the core group.
    pub fn group(&self) -> &'a str {
        self.api_version().rsplit_once('/').map_or("", |(group, _)| group)
    }

    /// `metadata.name`, empty when absent.
    pub fn name(&self) -> &'a str {
        self.text(&["metadata", "name"])
    }

    /// `metadata.namespace`; an object without one lands in `default`.
    pub fn namespace(&self) -> &'a str {
        match self.text(&["metadata", "namespace"]) {
            "" => "default",
            namespace => namespace,
        }
    }

    /// The text at the end of a path of keys, empty when there is none.
    pub fn text(&self, path: &[&str]) -> &'a str {
        self.node.at(path).and_then(Node::as_str).unwrap_or_default()
    }
}

impl fmt::Display for Object<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/{}", self.kind, self.namespace(), self.name())
    }
}

/// Every object of a render in order; `List`s of any kind give their items.
pub fn objects(resources: &[Resource]) -> Vec<Object<'_>> {
    let mut found = Vec::with_capacity(resources.len());
    let mut open: Vec<Object<'_>> = resources
        .iter()
        .rev()
        .map(|resource| Object { kind: resource.kind(), node: &resource.node, listed_as: "" })
        .collect();
    while let Some(object) = open.pop() {
        let item_kind = object.kind.strip_suffix("List");
        match (item_kind, object.node.get("items")) {
            (Some(item_kind), Some(items)) => open.extend(items.items().iter().rev().map(|node| {
                let own = node.get("kind").and_then(Node::as_str);
                let listed_as = if item_kind.is_empty() { "" } else { object.api_version() };
                Object { kind: own.unwrap_or(item_kind), node, listed_as }
            })),
            _ => found.push(object),
        }
    }
    found
}

/// Labels as sorted pairs; values that are no text are not labels and are left out.
pub(crate) fn labels(node: Option<&Node>) -> Vec<(&str, &str)> {
    let mut labels: Vec<_> = node
        .into_iter()
        .flat_map(Node::entries)
        .filter_map(|(key, value)| Some((key, value.as_str()?)))
        .collect();
    labels.sort_unstable();
    labels
}
