//! The manifests of an environment: every component's kustomization, rendered.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use k8s_render::{Error, Finding, RenderOptions, Rendered, render};
use platform_compat::Platform;
use rayon::prelude::*;

use crate::failure::{Failure, Problem};
use crate::outside::Outside;
use crate::tree::{Component, Tree, tidy};

/// What an environment renders.
#[derive(Debug, Default)]
pub(crate) struct Environment {
    /// The objects of each component, in the order of deployment.
    pub(crate) components: Vec<Rendered>,
    /// The names of these components.
    pub(crate) names: Vec<String>,
    /// Warnings, and why components did not render.
    pub(crate) findings: Vec<Finding>,
    /// Whether every component rendered.
    pub(crate) complete: bool,
}

/// How manifests are rendered, and what they may use beyond the tree.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) outside: Outside,
    pub(crate) options: RenderOptions,
}

impl World {
    /// The files of a tree, what is pinned of the network, and no programs.
    fn offline(tree: &Tree) -> Result<Self, Failure> {
        Ok(Self { outside: Outside::new(&tree.root, &tree.root, false)?, options: RenderOptions::default() })
    }
}

/// Renders every component of an environment as [`environment_in`] does, with nothing beyond the tree but what is pinned.
///
/// # Errors
/// When the tree cannot be listed or no component has an overlay of that name.
pub(crate) fn environment(
    tree: &Tree,
    name: &str,
    platform: Option<&Platform>,
) -> Result<Environment, Failure> {
    environment_in(&World::offline(tree)?, tree, name, platform)
}

/// Renders every component of an environment: `shared` first, providers before those that depend on them, the rest by name.
///
/// # Errors
/// When the tree cannot be listed or no component has an overlay of that name.
pub(crate) fn environment_in(
    world: &World,
    tree: &Tree,
    name: &str,
    platform: Option<&Platform>,
) -> Result<Environment, Failure> {
    let mut components = tree.components()?;
    let declared = platform.and_then(|platform| Some((platform, platform.environment(name)?)));
    let overlay = declared.map_or_else(
        || name.to_owned(),
        |(platform, id)| platform.environments()[id.index()].overlay.value.to_string(),
    );
    let known = tree.overlay_names(&components)?;
    if !known.contains(&overlay) {
        return Err(Problem::UnknownEnvironment {
            name: name.to_owned(),
            known: known.into_iter().collect(),
        }
        .into());
    }
    if let Some((platform, id)) = declared {
        let order = platform.deploy_order(id);
        let rank = |component: &Component| {
            let id = platform.component(&component.name);
            id.and_then(|id| order.iter().position(|other| *other == id)).unwrap_or(usize::MAX)
        };
        components.sort_by_cached_key(|component| (component.name != "shared", rank(component)));
    }
    let directories: Vec<(&str, PathBuf)> = components
        .iter()
        .filter_map(|component| Some((component.name.as_str(), tree.kustomization(component, &overlay)?)))
        .collect();
    let results: Vec<_> = directories
        .par_iter()
        .map(|(_, directory)| render(&world.outside, directory, &world.options))
        .collect();
    let mut environment = Environment { complete: true, ..Environment::default() };
    for ((name, _), result) in directories.iter().zip(results) {
        match result {
            Ok(mut rendered) => {
                environment.names.push((*name).to_owned());
                environment.findings.append(&mut rendered.warnings);
                environment.components.push(rendered);
            }
            Err(error) => {
                environment.complete = false;
                environment.findings.extend(refusal(error)?);
            }
        }
    }
    Ok(environment)
}

/// Renders one directory as [`directory_in`] does, with nothing beyond its files but what is pinned.
///
/// # Errors
/// When there is no such directory.
pub(crate) fn directory(path: &Path) -> Result<Result<Rendered, Vec<Finding>>, Failure> {
    let here = std::env::current_dir().map_err(|error| Failure::read(path, error))?;
    let outside = Outside::new(&here, &here, false)?;
    directory_in(&World { outside, options: RenderOptions::default() }, path)
}

/// Renders one directory: the way it was written, which need not lie in a tree.
///
/// # Errors
/// When there is no such directory.
pub(crate) fn directory_in(world: &World, path: &Path) -> Result<Result<Rendered, Vec<Finding>>, Failure> {
    let directory = path.canonicalize().map_err(|error| Failure::read(path, error))?;
    match render(&world.outside, &directory, &world.options) {
        Ok(rendered) => Ok(Ok(rendered)),
        Err(error) => Ok(Err(refusal(error)?)),
    }
}

/// The release of Kubernetes that an environment declares.
pub(crate) fn kubernetes(platform: &Platform, environment: &str) -> Option<String> {
    let id = platform.environment(environment)?;
    let version = platform.environments()[id.index()].kubernetes.as_ref()?;
    Some(version.value.to_string())
}

/// The texts of files that findings point at, each read once.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    root: PathBuf,
    known: RefCell<HashMap<String, Option<Arc<str>>>>,
}

impl Texts {
    /// Texts of files whose names are relative to `root`.
    pub(crate) fn of(root: PathBuf) -> Self {
        Self { root, known: RefCell::default() }
    }

    /// Remembers a text that was read already.
    pub(crate) fn keep(&self, name: &str, text: &Arc<str>) {
        self.known.borrow_mut().insert(name.to_owned(), Some(Arc::clone(text)));
    }

    /// The text of a file, when it can be read.
    pub(crate) fn get(&self, name: &str) -> Option<Arc<str>> {
        let mut known = self.known.borrow_mut();
        if let Some(text) = known.get(name) {
            return text.clone();
        }
        let text = std::fs::read_to_string(tidy(&self.root.join(name))).ok().map(Arc::from);
        known.insert(name.to_owned(), text.clone());
        text
    }
}

/// The findings of a refusal; a missing directory is a failure.
fn refusal(error: Error) -> Result<Vec<Finding>, Failure> {
    match error {
        Error::Refused { findings, .. } => Ok(findings),
        error => Err(Failure::usage(error)),
    }
}
