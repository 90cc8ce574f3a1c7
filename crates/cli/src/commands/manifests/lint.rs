//! `infra manifests lint ENV|DIR`.

use std::path::Path;

use k8s_render::inspect::{Facts, Sources};
use k8s_render::lint::{lint, rules};
use k8s_render::rule::Rule;
use k8s_render::validate;
use serde_json::json;

use super::source;
use crate::args::ManifestsLint;
use crate::failure::Failure;
use crate::finding::severity_name;
use crate::outcome::{Outcome, relevel, table};
use crate::ui::{GOOD, count, styled};

/// Applies the rules to an environment or directory, or lists them.
pub(super) fn run(arguments: &ManifestsLint, root: Option<&Path>) -> Result<Outcome, Failure> {
    let Some(what) = arguments.what.as_deref().filter(|_| !arguments.rules) else { return Ok(list()) };
    let manifests = source::read(what, root)?;
    let levels = manifests.rules().clone();
    let waivers = manifests.configuration.manifest_waivers();
    let text = |file: &str| manifests.texts.get(file);
    let mut outcome = Outcome::default();
    // What is not rendered would be missed by everything that needs it.
    if manifests.complete {
        for set in &manifests.sets {
            let wanted = |rule: &Rule| levels.contains_key(rule.code);
            let report = lint(&Facts::read(set), Sources::new(&text), &wanted, &waivers);
            outcome.extend(report.inspected);
            outcome.extend(report.found);
        }
    }
    let objects = manifests.len();
    outcome.summary = format!("{}  {}\n", styled(GOOD, "linted"), count(objects, "object"));
    outcome.details.insert("objects".to_owned(), json!(objects));
    outcome.extend(manifests.findings);
    outcome.findings = relevel(std::mem::take(&mut outcome.findings), &levels);
    Ok(outcome)
}

/// What a rule does when the configuration does not say.
fn level(rule: &Rule) -> &'static str {
    rule.severity.map_or("off", severity_name)
}

fn list() -> Outcome {
    let heading = ["RULE", "SEVERITY", "WHAT AND WHY", "ELSEWHERE"].map(str::to_owned).to_vec();
    let all = || rules().chain(validate::RULES);
    let row = |rule: &Rule| {
        vec![rule.code.to_owned(), level(rule).to_owned(), rule.summary.to_owned(), rule.peers.join(", ")]
    };
    let rows: Vec<_> = std::iter::once(heading).chain(all().map(row)).collect();
    let mut outcome = Outcome { summary: table(&rows), summary_is_result: true, ..Outcome::default() };
    let listed = all().map(|rule| {
        json!({
            "rule": rule.code,
            "severity": level(rule),
            "summary": rule.summary,
            "help": rule.help,
            "peers": rule.peers,
        })
    });
    outcome.details.insert("rules".to_owned(), listed.collect());
    outcome
}
