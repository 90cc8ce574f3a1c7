//! A Kubernetes object of a render.

use crate::yaml::Node;

/// A Kubernetes object: a mapping with `apiVersion`, `kind` and `metadata.name`.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// The whole object.
    pub node: Node,
}

impl Resource {
    /// `apiVersion`, empty when absent.
    pub fn api_version(&self) -> &str {
        self.text(&["apiVersion"])
    }

    /// `kind`, empty when absent.
    pub fn kind(&self) -> &str {
        self.text(&["kind"])
    }

    /// `metadata.name`, empty when absent.
    pub fn name(&self) -> &str {
        self.text(&["metadata", "name"])
    }

    /// `metadata.namespace`, empty when absent.
    pub fn namespace(&self) -> &str {
        self.text(&["metadata", "namespace"])
    }

    fn text(&self, path: &[&str]) -> &str {
        self.node.at(path).and_then(Node::as_str).unwrap_or_default()
    }
}
