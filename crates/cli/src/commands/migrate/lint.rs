//! `infra migrate lint`.

use std::path::Path;

use migrate_core::lint::{RULES, Rule, lint_script};
use migrate_core::script::SplitOptions;
use serde_json::json;

use super::files;
use crate::args::MigrateLint;
use crate::failure::Failure;
use crate::finding::severity_name;
use crate::outcome::{Outcome, relevel, table};
use crate::tree::Tree;
use crate::ui::{GOOD, count, styled};

/// Applies the rules to every migration or to the files that are named, or lists them.
pub(crate) fn run(arguments: &MigrateLint, root: Option<&Path>) -> Result<Outcome, Failure> {
    if arguments.rules {
        return Ok(list());
    }
    let is_named = !arguments.files.is_empty() || !arguments.locations.is_empty();
    // For what is named no tree is needed; one that is there but broken must not lose its levels in silence.
    let tree = match Tree::open(root) {
        Ok(tree) => Some(tree),
        Err(failure) if is_named && root.is_none() && has_no_tree(&failure) => None,
        Err(failure) => return Err(failure),
    };
    let configuration = tree.as_ref().map(|tree| &tree.configuration);
    let rules = configuration.map(|known| known.rules.clone()).unwrap_or_default();
    let wanted = configuration.map(|known| known.lint.clone()).unwrap_or_default();
    let values = configuration.map(|known| known.placeholders.clone()).unwrap_or_default();
    let placeholders = files::offline_placeholders(&values)?;
    let (migrations, findings) = match &tree {
        _ if !arguments.files.is_empty() => files::load_named(&arguments.files, &placeholders)?,
        Some(tree) if !is_named => {
            let location = tree.configuration.paths.migrations.clone().into();
            files::load(&[location], Some(&tree.root), &placeholders)?
        }
        _ => files::load(&files::locations(&arguments.locations, root)?, None, &placeholders)?,
    };
    let mut outcome = Outcome::default();
    outcome.extend(findings);
    let mut linted = 0;
    for migration in &migrations {
        let (script, problems) = migration.script(&placeholders, &SplitOptions::default());
        outcome.extend(problems);
        if wanted.wants(migration) {
            outcome.extend(lint_script(migration, &script));
            linted += 1;
        }
    }
    outcome.findings = relevel(std::mem::take(&mut outcome.findings), &rules);
    let older = match migrations.len() - linted {
        0 => String::new(),
        older => format!(", {older} of versions that are not linted"),
    };
    outcome.summary = format!("{}  {}{older}\n", styled(GOOD, "linted"), count(linted, "migration"));
    outcome.details.insert("linted".to_owned(), json!(linted));
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
