//! YAML in and out, as kustomize reads and prints it.

mod node;

pub use node::{Node, Origin, Value};
