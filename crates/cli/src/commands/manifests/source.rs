//! What the verbs work on: the objects of an environment or directory, with their texts.

use std::collections::BTreeMap;
use std::path::Path;

use k8s_render::{Finding, Resource};

use super::plain;
use crate::configuration::{Configuration, Level};
use crate::failure::{Failure, Problem};
use crate::manifests::{self, Texts};
use crate::platform;
use crate::tree::Tree;

/// Objects that are applied together, and everything that is said about how they came to be.
#[derive(Debug)]
pub(super) struct Manifests {
    /// One set for an environment or kustomization; of plain manifests, one for each kustomization among them besides.
    pub(super) sets: Vec<Vec<Resource>>,
    pub(super) findings: Vec<Finding>,
    pub(super) texts: Texts,
    /// The release of Kubernetes that platform.yaml declares for the environment.
    pub(super) kubernetes: Option<String>,
    pub(super) configuration: Configuration,
    /// Whether everything could be read; only then is anything concluded from what is not there.
    pub(super) complete: bool,
}

impl Manifests {
    /// The levels of findings by rule.
    pub(super) fn rules(&self) -> &BTreeMap<String, Level> {
        &self.configuration.rules
    }

    /// The number of objects.
    pub(super) fn len(&self) -> usize {
        self.sets.iter().map(Vec::len).sum()
    }
}

/// Reads what the command line names.
///
/// # Errors
/// When there is no such environment or directory, or a file cannot be read.
pub(super) fn read(what: &str, root: Option<&Path>) -> Result<Manifests, Failure> {
    let path = root.map_or_else(|| Path::new(what).to_owned(), |root| root.join(what));
    if path.is_dir() {
        return directory(&path, root);
    }
    if what.contains(['/', '\\']) {
        return Err(Failure::read(&path, std::io::ErrorKind::NotFound.into()));
    }
    let tree = Tree::open(root)
        .map_err(|_| Problem::UnknownEnvironment { name: what.to_owned(), known: Vec::new() })?;
    let platform = platform::load(&tree)?.map(|(platform, _)| platform);
    let rendered = manifests::environment(&tree, what, platform.as_ref())?;
    let kubernetes = platform.as_ref().and_then(|platform| manifests::kubernetes(platform, what));
    let objects = rendered.components.into_iter().flat_map(|component| component.resources).collect();
    Ok(Manifests {
        sets: vec![objects],
        findings: rendered.findings,
        texts: Texts::of(tree.root.clone()),
        kubernetes,
        complete: rendered.complete,
        configuration: tree.configuration,
    })
}

fn directory(path: &Path, root: Option<&Path>) -> Result<Manifests, Failure> {
    // A directory needs no tree; one that is there but broken must not lose its levels in silence.
    let configuration = match Tree::open(root) {
        Ok(tree) => tree.configuration,
        Err(failure) if is_no_tree(&failure) => Configuration::default(),
        Err(failure) => return Err(failure),
    };
    let mut manifests = Manifests {
        sets: Vec::new(),
        findings: Vec::new(),
        texts: Texts::of(std::path::PathBuf::new()),
        kubernetes: None,
        configuration,
        complete: true,
    };
    if plain::is_kustomization(path) {
        kustomization(path, &mut manifests)?;
        return Ok(manifests);
    }
    let mut found = plain::read(path, &manifests.texts)?;
    manifests.findings.append(&mut found.findings);
    manifests.sets.push(found.resources);
    for path in found.kustomizations {
        kustomization(&path, &mut manifests)?;
    }
    Ok(manifests)
}

fn is_no_tree(failure: &Failure) -> bool {
    let code = failure.diagnostic.code().map(|code| code.to_string());
    matches!(code.as_deref(), Some("cli/no-root" | "cli/not-a-root"))
}

fn kustomization(path: &Path, manifests: &mut Manifests) -> Result<(), Failure> {
    match manifests::directory(path)? {
        Ok(mut rendered) => {
            manifests.findings.append(&mut rendered.warnings);
            manifests.sets.push(rendered.resources);
        }
        Err(findings) => {
            manifests.complete = false;
            manifests.findings.extend(findings);
        }
    }
    Ok(())
}
