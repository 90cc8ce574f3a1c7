//! `infra migrate lint`.

use std::path::Path;

use miette::Severity;
use migrate_core::lint::{RULES, Rule, lint};
use migrate_core::placeholder::BUILT_IN;
use serde_json::json;

use super::files;
use crate::args::MigrateLint;
use crate::configuration::Configuration;
use crate::failure::Failure;
use crate::outcome::{Outcome, relevel, table};
use crate::tree::Tree;
use crate::ui::{GOOD, count, styled};

/// Applies the rules to every migration, or lists them.
pub(crate) fn run(arguments: &MigrateLint, root: Option<&Path>) -> Result<Outcome, Failure> {
    if arguments.rules {
        return Ok(list());
    }
    let locations = files::locations(&arguments.locations, root)?;
    // With --locations no tree is needed; one that is there but broken must not lose its levels in silence.
    let configuration = match Tree::open(root) {
        Ok(tree) => tree.configuration,
        Err(failure) if !arguments.locations.is_empty() && root.is_none() && has_no_tree(&failure) => {
            Configuration::default()
        }
        Err(failure) => return Err(failure),
    };
    let mut placeholders = files::placeholders(&configuration.placeholders)?;
    for name in BUILT_IN {
        placeholders.set(name, "x");
    }
    let (migrations, findings) = files::load(&locations, None, &placeholders)?;
    let mut outcome = Outcome::default();
    outcome.extend(findings);
    outcome.extend(migrations.iter().flat_map(|migration| lint(migration, &placeholders)));
    outcome.findings = relevel(std::mem::take(&mut outcome.findings), &configuration.rules);
    outcome.summary = format!("{}  {}\n", styled(GOOD, "linted"), count(migrations.len(), "migration"));
    outcome.details.insert("linted".to_owned(), json!(migrations.len()));
    Ok(outcome)
}

fn has_no_tree(failure: &Failure) -> bool {
    failure.diagnostic.code().is_some_and(|code| code.to_string() == "cli/no-root")
}

fn list() -> Outcome {
    let heading = ["RULE", "SEVERITY", "WHAT AND WHY", "ELSEWHERE"].map(str::to_owned).to_vec();
    let row = |rule: &Rule| {
        vec![
            rule.code.to_owned(),
            severity_name(rule.severity).to_owned(),
            rule.summary.to_owned(),
            rule.peers.join(", "),
        ]
    };
    let rows: Vec<_> = std::iter::once(heading).chain(RULES.iter().map(row)).collect();
    let mut outcome = Outcome { summary: table(&rows), summary_is_result: true, ..Outcome::default() };
    let rules = RULES.iter().map(|rule| {
        json!({
            "rule": rule.code,
            "severity": severity_name(rule.severity),
            "summary": rule.summary,
            "help": rule.help,
            "peers": rule.peers,
        })
    });
    outcome.details.insert("rules".to_owned(), rules.collect());
    outcome
}

const fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Advice => "advice",
    }
}
