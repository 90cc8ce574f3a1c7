//! Kustomize semantics without kustomize: render, inspect and analyse Kubernetes manifests.
//!
//! [`render`] does what `kustomize build` does, byte for byte, without the program: it reads a kustomization and
//! everything it names through a [`FileSystem`], and returns the objects in the order of the output.
//!
//! ```
//! use std::path::Path;
//!
//! use k8s_render::{Memory, RenderOptions, render};
//!
//! let files = Memory::from_iter([
//!     ("app/kustomization.yaml", "resources: [service.yaml]\nnamePrefix: dev-\n"),
//!     ("app/service.yaml", "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n"),
//! ]);
//! let rendered = render(&files, Path::new("app"), &RenderOptions::default())?;
//! assert_eq!(rendered.to_yaml(), "apiVersion: v1\nkind: Service\nmetadata:\n  name: dev-web\n");
//! # Ok::<(), k8s_render::Error>(())
//! ```
//!
//! Nothing is read or run but through that trait: `examples/render_from_memory.rs` renders an overlay without any file.
//!
//! What needs a network or another program is refused with a [`Finding`] that shows the line which asks for it: remote
//! bases, Helm charts, and functions in containers or executables.
//!
//! Facts about the rules come from kustomize 5.8.1; the places where its behaviour is surprising are commented there.

mod accumulate;
pub mod bundle;
mod config;
mod decode;
mod fault;
mod fieldspec;
pub mod finding;
pub mod fs;
mod function;
mod generate;
mod hash;
mod helm;
mod id;
pub mod inspect;
mod json;
mod jsonpatch;
mod kustomization;
pub mod lint;
mod load;
mod merge;
pub mod network;
mod object;
mod objects;
mod order;
pub mod outside;
mod path;
mod plugin;
mod provenance;
mod reference;
mod render;
pub mod resource;
pub mod rule;
mod schema;
mod selector;
mod share;
mod transform;
pub mod tree;
pub mod validate;
mod vars;
pub mod yaml;

pub use finding::{Finding, Source};
pub use fs::{Disk, FileSystem, Memory};
pub use render::{Error, RenderOptions, Rendered, render};
pub use resource::Resource;
