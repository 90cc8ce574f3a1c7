//! Kustomize semantics without kustomize: render, inspect and analyse Kubernetes manifests.

pub mod finding;
pub mod inspect;
pub mod network;
pub mod resource;
pub mod yaml;

pub use finding::{Finding, Source};
pub use resource::Resource;
