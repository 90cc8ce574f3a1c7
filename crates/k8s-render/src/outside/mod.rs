//! What a render may ask of the world beyond its own files: remote bases, and programs.
//!
//! Nothing here does anything; it says what is wanted, and a [`FileSystem`](crate::FileSystem) may grant it.

mod remote;

pub use remote::{Remote, Repository};

use std::path::PathBuf;

/// A program that a kustomization asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// The program: a path, or a name to be looked up.
    pub program: String,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// What is added to its environment.
    pub environment: Vec<(String, String)>,
    /// The directory it runs in, on the file system of the render.
    pub directory: PathBuf,
    /// Its standard input.
    pub input: Vec<u8>,
    /// It is Helm, and gets directories of its own for `HELM_CONFIG_HOME`, `HELM_CACHE_HOME` and `HELM_DATA_HOME`.
    pub needs_helm_home: bool,
}

/// Why something of the world was not to be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unavailable {
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub advice: String,
}

impl Unavailable {
    /// A problem with advice.
    pub fn new(problem: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { problem: problem.into(), advice: advice.into() }
    }
}

/// Which functions in generators, transformers and validators may run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Functions {
    /// None but the built-in ones.
    #[default]
    BuiltIn,
    /// Those in containers, too: kustomize's `--enable-alpha-plugins`.
    Containers,
    /// Those in containers and executables: kustomize's `--enable-alpha-plugins --enable-exec`.
    Executables,
}

/// How charts are rendered: kustomize's `--enable-helm`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Helm {
    /// The program: `--helm-command`.
    pub command: String,
    /// The version of Kubernetes that charts see, instead of what entries say: `--helm-kube-version`.
    pub kube_version: Option<String>,
    /// The API versions that charts see, instead of what entries say: `--helm-api-versions`.
    pub api_versions: Vec<String>,
}

impl Default for Helm {
    fn default() -> Self {
        Self { command: "helm".to_owned(), kube_version: None, api_versions: Vec::new() }
    }
}
