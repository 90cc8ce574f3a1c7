//! Kustomize semantics without kustomize: render, inspect and analyse Kubernetes manifests.

pub mod resource;
pub mod yaml;

pub use resource::Resource;
