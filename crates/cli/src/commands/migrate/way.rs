//! The statements from one schema to another, as the script of a migration.

use std::fmt::Write as _;

use migrate_core::placeholder::Placeholders;
use migrate_core::resolve::{LocationFile, ResolveOptions, resolve_with};
use migrate_core::{Finding, Migration};
use schema_baseline::catalogue::Catalogue;
use schema_baseline::diff::{self, Options, Rename, Step, script};

use crate::outcome::Outcome;
use crate::source::is_broken;

/// The statements that take `from` to `to`; none when something is found that makes them wrong.
pub(super) fn way(
    from: &Catalogue,
    to: &Catalogue,
    renames: Vec<Rename>,
    outcome: &mut Outcome,
) -> Option<Vec<Step>> {
    match diff::diff(from, to, &Options { renames, ..Options::default() }) {
        Ok(path) => {
            outcome.extend(path.findings);
            (!is_broken(outcome)).then_some(path.steps)
        }
        Err(finding) => {
            outcome.extend([*finding]);
            None
        }
    }
}

/// The statements below `head`, a line of comment, with a comment for what each of them loses.
pub(super) fn text(head: &str, steps: &[Step]) -> String {
    let line = |text: &str| text.replace(['\n', '\r'], " ");
    let mut text = format!("-- {}\n", line(head));
    for step in steps {
        text.push('\n');
        for loss in &step.losses {
            let _ = writeln!(text, "-- loses {}", line(&loss.what));
        }
        text += &script(step);
    }
    text
}

/// The migration that a file of this name and text would be.
pub(super) fn migration(
    script: String,
    path: String,
    text: &str,
    placeholders: &Placeholders,
) -> (Option<Migration>, Vec<Finding>) {
    let file = LocationFile { script, path, bytes: text.as_bytes().to_vec() };
    let options = ResolveOptions {
        validate_naming: true,
        placeholders: placeholders.clone(),
        ..ResolveOptions::default()
    };
    let (migrations, findings) = resolve_with(vec![file], &options);
    (migrations.into_iter().next(), findings)
}
