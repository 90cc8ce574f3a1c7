//! `infra network check`: the policies allow exactly the declared edges.

use k8s_render::Resource;
use k8s_render::inspect::{Facts, Sources};
use serde_json::json;

use crate::commands::check::network;
use crate::commands::compat::find_environment;
use crate::failure::Failure;
use crate::finding::{BoxedFinding, severity};
use crate::outcome::{Outcome, relevel};
use crate::tree::Tree;
use crate::ui::{BAD, GOOD, STRONG, count, styled};
use crate::{manifests, platform};

/// Checks one environment, or all of them.
pub(super) fn run(tree: &Tree, only: Option<&str>) -> Result<Outcome, Failure> {
    let path = &tree.configuration.paths.platform;
    let Some((platform, findings)) = platform::load(tree)? else {
        return Err(Failure::read(&tree.path(path), std::io::ErrorKind::NotFound.into()));
    };
    let mut outcome = Outcome::default();
    outcome.extend(findings);
    let environments: Vec<_> = match only {
        Some(name) => vec![find_environment(&platform, name)?],
        None => platform.environment_ids().collect(),
    };
    let mut results = Vec::new();
    for id in environments {
        let name = platform.environments()[id.index()].name.value.to_string();
        let rendered = manifests::environment(tree, &name, Some(&platform))?;
        let complete = rendered.complete;
        let mut found: Vec<BoxedFinding> =
            rendered.findings.into_iter().map(|finding| Box::new(finding) as BoxedFinding).collect();
        let mut edges = 0;
        if complete {
            let resources: Vec<Resource> =
                rendered.components.into_iter().flat_map(|component| component.resources).collect();
            let texts = manifests::Texts::of(tree.root.clone());
            let text = |file: &str| texts.get(file);
            let facts = Facts::read(&resources);
            let (declared, differences) = network::check(&facts, Sources::new(&text), Some((&platform, id)));
            edges = declared;
            found.extend(differences.into_iter().map(|finding| Box::new(finding) as BoxedFinding));
        }
        let found = relevel(found, &tree.configuration.rules);
        let errors =
            found.iter().filter(|finding| severity(finding.as_ref()) == miette::Severity::Error).count();
        let exact = complete && errors == 0;
        let verdict = match (complete, errors) {
            (false, _) => styled(BAD, "does not render"),
            (true, 0) => styled(GOOD, "exactly these are allowed"),
            (true, errors) => styled(BAD, count(errors, "difference")),
        };
        outcome.summary +=
            &format!("{}  {}, {verdict}\n", styled(STRONG, &name), count(edges, "declared edge"));
        results.push(json!({"name": name, "edges": edges, "exact": exact}));
        outcome.findings.extend(found);
    }
    outcome.details.insert("environments".to_owned(), json!(results));
    Ok(outcome)
}
