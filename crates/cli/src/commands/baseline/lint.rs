//! `infra baseline lint`.

use std::collections::BTreeMap;
use std::path::Path;

use schema_baseline::catalogue::Catalogue;
use schema_baseline::lint::{Rule, SchemaLint, lint, rules};
use serde_json::json;

use crate::args::BaselineLint;
use crate::configuration::Level;
use crate::failure::Failure;
use crate::finding::severity_name;
use crate::outcome::{Outcome, relevel, table};
use crate::schema;
use crate::tree::Tree;
use crate::ui::{GOOD, count, styled};

/// Applies the rules to the schema directory, or lists them.
pub(crate) fn run(arguments: &BaselineLint, root: Option<&Path>) -> Result<Outcome, Failure> {
    if arguments.rules {
        return Ok(list());
    }
    let tree = match &arguments.schema_dir {
        Some(_) => None,
        None => Some(Tree::open(root)?),
    };
    let levels = tree.as_ref().map(|tree| tree.configuration.rules.clone()).unwrap_or_default();
    let of_tree = tree.as_ref().map(|tree| tree.path(&tree.configuration.paths.schema));
    let directory = arguments.schema_dir.clone().or(of_tree).unwrap_or_default();
    if !directory.is_dir() {
        return Err(Failure::read(&directory, std::io::ErrorKind::NotFound.into()));
    }
    let (schema, findings) = schema::read(&directory, &directory, arguments.dialect)?;
    let mut outcome = Outcome::default();
    outcome.extend(findings);
    outcome.extend(by_levels(&schema.catalogue, &levels));
    outcome.findings = relevel(std::mem::take(&mut outcome.findings), &levels);
    let objects = count(schema.objects.len(), "object");
    outcome.summary = format!("{}  {objects}\n", styled(GOOD, "linted"));
    outcome.details.insert("linted".to_owned(), json!(schema.objects.len()));
    Ok(outcome)
}

/// What the rules find, with the policies to which the configuration gives a level.
pub(crate) fn by_levels(catalogue: &Catalogue, levels: &BTreeMap<String, Level>) -> Vec<SchemaLint> {
    lint(catalogue, &|code| levels.get(code).is_some_and(|level| *level != Level::Off))
}

fn list() -> Outcome {
    let heading = ["RULE", "SEVERITY", "WHAT AND WHY", "ELSEWHERE"].map(str::to_owned).to_vec();
    let severity = |rule: &Rule| rule.severity.map_or("off", severity_name);
    let row = |rule: &Rule| {
        vec![rule.code.to_owned(), severity(rule).to_owned(), rule.summary.to_owned(), rule.peers.join(", ")]
    };
    let rows: Vec<_> = std::iter::once(heading).chain(rules().map(row)).collect();
    let mut outcome = Outcome { summary: table(&rows), summary_is_result: true, ..Outcome::default() };
    let rules = rules().map(|rule| {
        json!({
            "rule": rule.code,
            "severity": severity(rule),
            "summary": rule.summary,
            "help": rule.help,
            "peers": rule.peers,
        })
    });
    outcome.details.insert("rules".to_owned(), rules.collect());
    outcome
}
