//! `infra render ENV|DIR`.

use std::path::Path;

use serde_json::json;

use crate::failure::{Failure, Problem};
use crate::manifests;
use crate::outcome::Outcome;
use crate::platform;
use crate::tree::Tree;

/// Prints one YAML stream: of a directory exactly what `kustomize build` prints, of an environment all components' streams joined.
/// Nothing is printed unless everything rendered.
pub(crate) fn run(what: &str, root: Option<&Path>) -> Result<Outcome, Failure> {
    let mut outcome = Outcome { summary_is_result: true, ..Outcome::default() };
    let mut objects = 0;
    let path = root.map_or_else(|| Path::new(what).to_owned(), |root| root.join(what));
    if path.is_dir() {
        match manifests::directory(&path)? {
            Ok(rendered) => {
                objects = rendered.resources.len();
                outcome.summary = rendered.to_yaml();
                outcome.extend(rendered.warnings);
            }
            Err(findings) => outcome.extend(findings),
        }
    } else {
        if what.contains(['/', '\\']) {
            return Err(Failure::read(&path, std::io::ErrorKind::NotFound.into()));
        }
        let tree = Tree::open(root)
            .map_err(|_| Problem::UnknownEnvironment { name: what.to_owned(), known: Vec::new() })?;
        let platform = platform::load(&tree)?.map(|(platform, _)| platform);
        let environment = manifests::environment(&tree, what, platform.as_ref())?;
        if environment.complete {
            objects = environment.resources().count();
            let streams = environment.components.iter().filter(|component| !component.resources.is_empty());
            outcome.summary = streams.map(k8s_render::Rendered::to_yaml).collect::<Vec<_>>().join("---\n");
        }
        outcome.extend(environment.findings);
    }
    outcome.details.insert("objects".to_owned(), json!(objects));
    outcome.details.insert("manifests".to_owned(), json!(outcome.summary));
    Ok(outcome)
}
