//! The manifests that a network command is about, from wherever they come.

use std::path::Path;
use std::sync::Arc;

use k8s_render::inspect::{Facts, Finding as Judged, Sources, check};
use k8s_render::network::{Model, VirtualWorkload};
use k8s_render::{Finding, Resource, Source, yaml};

use crate::commands::check::network::virtual_workloads;
use crate::failure::{Failure, Problem};
use crate::finding::BoxedFinding;
use crate::manifests::Texts;
use crate::tree::Tree;
use crate::{manifests, platform};

/// Endings of files with manifests.
const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];

/// Names of files that make a directory a kustomization.
const KUSTOMIZATIONS: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Objects, and what is known beside them.
#[derive(Default)]
pub(super) struct Loaded {
    pub(super) resources: Vec<Resource>,
    /// What was wrong with reading or rendering them.
    pub(super) findings: Vec<BoxedFinding>,
    /// Pods that the platform says are in the cluster.
    pub(super) beside: Vec<VirtualWorkload>,
    texts: Texts,
}

impl Loaded {
    /// Reads an environment, a kustomization, or a file or directory of plain manifests.
    ///
    /// # Errors
    /// When there is nothing of that name, or nothing in it.
    pub(super) fn open(what: &str, root: Option<&Path>) -> Result<Self, Failure> {
        let path = root.map_or_else(|| Path::new(what).to_owned(), |root| root.join(what));
        if path.is_dir() && KUSTOMIZATIONS.iter().any(|name| path.join(name).is_file()) {
            return Ok(match manifests::directory(&path)? {
                Ok(rendered) => Self::default().with(rendered.resources, rendered.warnings),
                Err(findings) => Self::default().with(Vec::new(), findings),
            });
        }
        if path.exists() {
            return plain(&path);
        }
        if what.contains(['/', '\\', '.']) {
            return Err(Failure::read(&path, std::io::ErrorKind::NotFound.into()));
        }
        let tree = Tree::open(root)
            .map_err(|_| Problem::UnknownEnvironment { name: what.to_owned(), known: Vec::new() })?;
        let platform = platform::load(&tree)?.map(|(platform, _)| platform);
        let environment = manifests::environment(&tree, what, platform.as_ref())?;
        let components = environment.components.into_iter();
        let resources: Vec<_> = components.flat_map(|component| component.resources).collect();
        let mut loaded = Self { texts: Texts::of(tree.path(Path::new(""))), ..Self::default() };
        if let Some((platform, id)) = platform.as_ref().and_then(|p| Some((p, p.environment(what)?))) {
            loaded.beside = virtual_workloads(platform, id);
        }
        Ok(loaded.with(resources, environment.findings))
    }

    fn with(mut self, resources: Vec<Resource>, findings: Vec<Finding>) -> Self {
        self.resources = resources;
        self.findings.extend(findings.into_iter().map(|finding| Box::new(finding) as BoxedFinding));
        self
    }

    /// The text of a file that a finding points at.
    pub(super) fn text(&self, name: &str) -> Option<Arc<str>> {
        self.texts.get(name)
    }

    /// The model of the objects, with everything that is wrong with them as far as connections are concerned.
    pub(super) fn model<'a>(
        &'a self,
        facts: &'a Facts<'a>,
        sources: Sources<'_>,
        findings: &mut Vec<BoxedFinding>,
    ) -> Model<'a> {
        let (model, problems) = Model::read(facts, &self.beside, sources);
        findings.extend(problems.into_iter().map(|finding| Box::new(finding) as BoxedFinding));
        let twice = check(facts, sources).into_iter();
        let twice = twice.filter(|finding| matches!(finding, Judged::DuplicateObject { .. }));
        findings.extend(twice.map(|finding| Box::new(finding) as BoxedFinding));
        if facts.workloads.is_empty() {
            findings.push(Box::new(Problem::NoWorkloads));
        }
        model
    }
}

/// Every document of the files below a path, in the order of their names.
fn plain(path: &Path) -> Result<Loaded, Failure> {
    let mut files = Vec::new();
    let mut open = vec![path.to_owned()];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            let entries = std::fs::read_dir(&path).map_err(|error| Failure::read(&path, error))?;
            for entry in entries {
                let entry = entry.map_err(|error| Failure::read(&path, error))?;
                // A link to a directory could lead back up.
                if entry.file_type().is_ok_and(|kind| !kind.is_symlink()) || entry.path().is_file() {
                    open.push(entry.path());
                }
            }
        } else if path.extension().is_some_and(|end| ENDINGS.iter().any(|known| end == *known)) {
            files.push(path);
        }
    }
    if files.is_empty() {
        return Err(Problem::NoManifests { path: path.display().to_string() }.into());
    }
    files.sort();
    let mut loaded = Loaded::default();
    for file in files {
        let bytes = std::fs::read(&file).map_err(|error| Failure::read(&file, error))?;
        let text = String::from_utf8(bytes).map_err(|error| Failure::not_utf8(&file, &error))?;
        let (nodes, findings) = parse(&file.to_string_lossy(), text);
        loaded.findings.extend(findings.into_iter().map(|finding| Box::new(finding) as BoxedFinding));
        let is_object = |node: &yaml::Node| {
            node.as_mapping().is_some() && node.get("kind").and_then(yaml::Node::as_str).is_some()
        };
        for node in nodes.into_iter().filter(|node| !node.is_null()) {
            if is_object(&node) {
                loaded.resources.push(Resource { node });
            } else {
                let listed = node.as_mapping().is_none();
                loaded.findings.push(Box::new(NotAnObject { file: file.display().to_string(), listed }));
            }
        }
    }
    Ok(loaded)
}

/// A document that is no Kubernetes object.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error("`{file}`: a document without `kind` is no Kubernetes object and is left out")]
#[diagnostic(code("cli/not-an-object"), severity(Error), help("{}", if *listed { "remove the file, or name the files that are manifests" } else { "give it `apiVersion` and `kind`" }))]
struct NotAnObject {
    file: String,
    /// Whether it is a list or a bare value.
    listed: bool,
}

/// Parses a file. Go's YAML reader, and with it kubectl, lets lines inside brackets begin with a tab, which YAML's
/// grammar does not; such tabs are read as blanks.
fn parse(name: &str, text: String) -> (Vec<yaml::Node>, Vec<Finding>) {
    let blank = blank_tabs(&text);
    let (nodes, findings) = yaml::parse(&Source::new(name, Arc::from(text)));
    match blank {
        Some(blank) if findings.iter().any(|finding| matches!(finding, Finding::YamlSyntax { .. })) => {
            let retried = yaml::parse(&Source::new(name, Arc::from(blank)));
            if retried.1.is_empty() { retried } else { (nodes, findings) }
        }
        _ => (nodes, findings),
    }
}

/// The text with the tabs blanked that lead a line of quoted text or of brackets; none when there is no such line.
/// Every byte keeps its place.
fn blank_tabs(text: &str) -> Option<String> {
    let mut found = false;
    let lines: String = text
        .split_inclusive('\n')
        .map(|line| {
            let content = line.trim_start_matches([' ', '\t']);
            let lead = &line[..line.len() - content.len()];
            if lead.contains('\t') && content.starts_with(['"', '\'', '[', ']', '{', '}', ',']) {
                found = true;
                lead.replace('\t', " ") + content
            } else {
                line.to_owned()
            }
        })
        .collect();
    found.then_some(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tabs_before_items_in_brackets_are_blanks() {
        let (nodes, findings) = parse("a.yaml", "args: [\n\t  \"a\",\n\t  'b'\n\t]\n".to_owned());
        assert!(findings.is_empty(), "{findings:?}");
        assert_eq!(nodes[0].get("args").unwrap().items().len(), 2);
    }

    #[test]
    fn a_tab_as_indentation_stays_an_error() {
        let (_, findings) = parse("a.yaml", "a:\n\tb: 1\n".to_owned());
        assert!(!findings.is_empty());
    }
}
