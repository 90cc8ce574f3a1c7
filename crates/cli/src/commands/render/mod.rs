//! `infra render`.

mod collision;
mod diff;
mod files;
mod provenance;
mod source;

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::args::{Render, RenderCommand};
use crate::failure::Failure;
use crate::finding::severity;
use crate::outcome::Outcome;
use source::Source;

/// Runs the command and gives the name of its JSON schema.
pub(crate) fn run(arguments: &Render, root: Option<&Path>) -> (&'static str, Result<Outcome, Failure>) {
    match &arguments.command {
        Some(RenderCommand::Diff(arguments)) => ("render.diff", diff::run(arguments, root)),
        None => ("render", render(arguments, root)),
    }
}

/// Prints one YAML stream: of a directory exactly what `kustomize build` prints, of an environment all components' streams joined.
/// Nothing is printed or written unless everything rendered.
fn render(arguments: &Render, root: Option<&Path>) -> Result<Outcome, Failure> {
    let what = arguments.what.as_deref().unwrap_or_default();
    let source = Source::open(what, root, &arguments.world)?;
    let renders = source.render()?;
    let mut outcome = Outcome { summary_is_result: arguments.output.is_none(), ..Outcome::default() };
    outcome.extend(collision::find(&renders.parts, &source));
    outcome.extend(renders.findings);
    let usable = renders.complete
        && outcome.findings.iter().all(|finding| severity(finding.as_ref()) < miette::Severity::Error);
    let objects: usize = renders.parts.iter().map(|part| part.rendered.resources.len()).sum();
    outcome.details.insert("objects".to_owned(), json!(if usable { objects } else { 0 }));
    if !usable {
        if arguments.output.is_none() {
            outcome.details.insert("manifests".to_owned(), json!(""));
        }
        return Ok(outcome);
    }
    match &arguments.output {
        None => {
            for part in renders.parts {
                part.rendered.write_yaml(&mut outcome.summary);
            }
            outcome.summary_key = Some("manifests");
        }
        Some(directory) => {
            // A directory on the command line is relative to where the command was run, unless `-C` says otherwise.
            let directory = root.map_or_else(|| directory.clone(), |root| root.join(directory));
            files::run(&directory, &renders.parts, arguments.check, &mut outcome)?;
        }
    }
    Ok(outcome)
}

/// A component of an environment, or the one directory that is rendered.
#[derive(Debug)]
pub(crate) struct Part {
    /// Its directory in a tree of rendered manifests; empty for a single directory.
    name: PathBuf,
    rendered: k8s_render::Rendered,
}
