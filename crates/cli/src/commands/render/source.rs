//! What the command line names: an environment or a directory, now or at a revision.

use std::path::{Path, PathBuf};
use std::process::Command;

use k8s_render::outside::{Functions, Helm};
use k8s_render::{Finding, RenderOptions};
use tempfile::TempDir;

use super::Part;
use crate::args::{LoadRestrictor, RenderWorld};
use crate::failure::{Failure, Problem};
use crate::manifests::{self, World};
use crate::outside::Outside;
use crate::platform;
use crate::tree::Tree;

/// Something that can be rendered, with the files that it is rendered from.
#[derive(Debug)]
pub(super) struct Source {
    world: World,
    what: What,
    /// Findings name files relative to this directory.
    pub(super) root: PathBuf,
    /// Holds the files of a revision.
    _checkout: Option<TempDir>,
}

#[derive(Debug)]
enum What {
    Directory(PathBuf),
    Environment(Box<Tree>, String),
}

/// What a source renders to.
#[derive(Debug)]
pub(super) struct Renders {
    pub(super) parts: Vec<Part>,
    pub(super) findings: Vec<Finding>,
    /// Whether everything rendered.
    pub(super) complete: bool,
}

fn options(arguments: &RenderWorld) -> RenderOptions {
    let programs = arguments.programs;
    RenderOptions {
        restrict_loads: arguments.load_restrictor == LoadRestrictor::RootOnly,
        helm: programs.enable_helm.then(|| Helm {
            command: arguments.helm_command.clone(),
            kube_version: arguments.helm_kube_version.clone(),
            api_versions: arguments.helm_api_versions.clone(),
        }),
        functions: match (programs.enable_alpha_plugins, programs.enable_exec) {
            (false, _) => Functions::BuiltIn,
            (true, false) => Functions::Containers,
            (true, true) => Functions::Executables,
        },
    }
}

impl Source {
    /// Opens what `text` names; paths in it are relative to `root`, else to the working directory.
    ///
    /// # Errors
    /// When there is no such directory, environment or revision.
    pub(super) fn open(text: &str, root: Option<&Path>, arguments: &RenderWorld) -> Result<Self, Failure> {
        if let Some((revision, what)) = text.strip_prefix("git:").and_then(|rest| rest.split_once(':')) {
            return Self::at_revision(revision, what, root, arguments);
        }
        let path = root.map_or_else(|| PathBuf::from(text), |root| root.join(text));
        if path.is_dir() {
            let here = std::env::current_dir().map_err(|error| Failure::read(Path::new("."), error))?;
            return Self::of_directory(path, here, arguments, None);
        }
        if text.contains(['/', '\\']) {
            return Err(Failure::read(&path, std::io::ErrorKind::NotFound.into()));
        }
        let tree = Tree::open(root)
            .map_err(|_| Problem::UnknownEnvironment { name: text.to_owned(), known: Vec::new() })?;
        Self::of_tree(tree, text, arguments, None)
    }

    fn of_directory(
        path: PathBuf,
        root: PathBuf,
        arguments: &RenderWorld,
        checkout: Option<TempDir>,
    ) -> Result<Self, Failure> {
        // The lock file is that of the nearest tree; a directory in none has its own.
        let absolute = path.canonicalize().map_err(|error| Failure::read(&path, error))?;
        let is_root = |path: &&Path| {
            path.join("infra").is_dir()
                || ["infra.toml", crate::outside::LOCK].iter().any(|file| path.join(file).is_file())
        };
        let home = absolute.ancestors().find(is_root).unwrap_or(&absolute).to_owned();
        let outside = Outside::new(&root, &home, arguments.fetch)?;
        let world = World { outside, options: options(arguments) };
        Ok(Self { world, what: What::Directory(path), root, _checkout: checkout })
    }

    fn of_tree(
        tree: Tree,
        name: &str,
        arguments: &RenderWorld,
        checkout: Option<TempDir>,
    ) -> Result<Self, Failure> {
        let outside = Outside::new(&tree.root, &tree.root, arguments.fetch)?;
        let root = tree.root.clone();
        let what = What::Environment(Box::new(tree), name.to_owned());
        Ok(Self { world: World { outside, options: options(arguments) }, what, root, _checkout: checkout })
    }

    /// Takes the files of a revision out of git, into a directory of their own.
    fn at_revision(
        revision: &str,
        what: &str,
        root: Option<&Path>,
        arguments: &RenderWorld,
    ) -> Result<Self, Failure> {
        let here = Path::new(".");
        let from = match root {
            Some(root) => root.to_owned(),
            None => Tree::open(None).map_or_else(|_| here.to_owned(), |tree| tree.root),
        };
        let checkout = tempfile::tempdir().map_err(|error| Failure::write(&std::env::temp_dir(), error))?;
        let index = checkout.path().join("index");
        let git = |arguments: &[&str]| -> Result<String, Failure> {
            let failed = |reason: String| Problem::Revision { revision: revision.to_owned(), reason };
            let output = Command::new("git")
                .args(arguments)
                .current_dir(&from)
                .env("GIT_INDEX_FILE", &index)
                .output()
                .map_err(|error| failed(format!("git cannot be run: {error}")))?;
            if !output.status.success() {
                return Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()).into());
            }
            Ok(String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned())
        };
        let commit = git(&[
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &format!("{revision}^{{commit}}"),
        ])?;
        let inside = git(&["rev-parse", "--show-prefix"])?;
        let top = git(&["rev-parse", "--show-toplevel"])?;
        let files = checkout.path().join("files");
        git(&["-C", &top, "read-tree", &commit])?;
        git(&["-C", &top, "checkout-index", "--all", "--quiet", &format!("--prefix={}/", files.display())])?;
        let files = files.join(inside);
        let missing = || {
            Failure::read(Path::new(&format!("git:{revision}:{what}")), std::io::ErrorKind::NotFound.into())
        };
        let path = files.join(what);
        if path.is_dir() {
            // Nothing beside the revision's own files may be named.
            let whole = files.canonicalize().ok();
            let within =
                path.canonicalize().is_ok_and(|path| whole.is_some_and(|whole| path.starts_with(whole)));
            return if within {
                Self::of_directory(path, files, arguments, Some(checkout))
            } else {
                Err(missing())
            };
        }
        let tree = Tree::open(Some(&files)).map_err(|_| missing())?;
        Self::of_tree(tree, what, arguments, Some(checkout))
    }

    /// Renders everything.
    ///
    /// # Errors
    /// When a tree cannot be listed, has no such environment, or the lock file cannot be written.
    pub(super) fn render(&self) -> Result<Renders, Failure> {
        let renders = match &self.what {
            What::Directory(path) => match manifests::directory_in(&self.world, path)? {
                Ok(mut rendered) => {
                    let findings = std::mem::take(&mut rendered.warnings);
                    Renders { parts: vec![Part { name: PathBuf::new(), rendered }], findings, complete: true }
                }
                Err(findings) => Renders { parts: Vec::new(), findings, complete: false },
            },
            What::Environment(tree, name) => {
                let platform = platform::load(tree)?.map(|(platform, _)| platform);
                let environment = manifests::environment_in(&self.world, tree, name, platform.as_ref())?;
                let parts = environment.names.into_iter().zip(environment.components);
                Renders {
                    parts: parts
                        .map(|(name, rendered)| Part { name: PathBuf::from(name), rendered })
                        .collect(),
                    findings: environment.findings,
                    complete: environment.complete,
                }
            }
        };
        self.world.outside.save()?;
        Ok(renders)
    }
}
