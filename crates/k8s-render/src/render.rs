//! The entry: a directory in, objects out.

use std::path::{Path, PathBuf};

use miette::Diagnostic;
use thiserror::Error;

use crate::accumulate::build;
use crate::finding::Finding;
use crate::fs::FileSystem;
use crate::load::Session;
use crate::outside::{Functions, Helm};
use crate::resource::Resource;
use crate::yaml::{emit_into, to_yaml};

/// How to render.
#[derive(Debug, Clone)]
pub struct RenderOptions {
    /// Files must be below the directory of the kustomization that names them, as is kustomize's default.
    pub restrict_loads: bool,
    /// Charts are rendered by this; without it they are refused.
    pub helm: Option<Helm>,
    /// Which functions may run.
    pub functions: Functions,
}

impl Default for RenderOptions {
    fn default() -> Self {
        Self { restrict_loads: true, helm: None, functions: Functions::default() }
    }
}

/// What a kustomization renders to.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Rendered {
    /// The objects in the order of the output.
    pub resources: Vec<Resource>,
    /// What is doubtful, but does not keep the objects from being used.
    pub warnings: Vec<Finding>,
}

impl Rendered {
    /// The objects as one YAML stream, byte for byte what `kustomize build` prints.
    pub fn to_yaml(&self) -> String {
        to_yaml(self.resources.iter().map(|resource| &resource.node))
    }

    /// Appends the objects to a YAML stream and lets go of each as soon as it is written.
    pub fn write_yaml(self, stream: &mut String) {
        for Resource { node } in self.resources {
            if !stream.is_empty() {
                stream.push_str("---\n");
            }
            emit_into(&node, stream);
        }
    }
}

/// Why there is nothing to show.
#[derive(Debug, Error, Diagnostic)]
#[non_exhaustive]
pub enum Error {
    /// The directory is not there.
    #[error("`{}` cannot be rendered", path.display())]
    #[diagnostic(code("k8s/no-directory"), help("name a directory that holds a kustomization"))]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the file system says.
        source: std::io::Error,
    },
    /// The kustomization, or something that it names, is wrong.
    #[error("`{directory}` does not render")]
    #[diagnostic(code("k8s/refused"))]
    Refused {
        /// The directory.
        directory: String,
        /// Everything that was found, at least one of it an error.
        #[related]
        findings: Vec<Finding>,
    },
}

/// Renders the kustomization in `directory`.
///
/// # Errors
/// When the directory does not exist, or anything that it asks for is wrong or not there. Problems that do not depend
/// on each other are reported together.
pub fn render(fs: &dyn FileSystem, directory: &Path, options: &RenderOptions) -> Result<Rendered, Error> {
    let root = fs
        .canonical(directory)
        .map_err(|source| Error::Directory { path: directory.to_path_buf(), source })?;
    let mut session = Session::new(fs, options);
    match build(&mut session, root) {
        Ok(resources) => Ok(Rendered { resources, warnings: session.warnings }),
        Err(mut findings) => {
            findings.append(&mut session.warnings);
            Err(Error::Refused { directory: fs.name(directory), findings })
        }
    }
}
