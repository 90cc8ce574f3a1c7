//! Undo scripts for versions that have none, made of what the migrations define before and after them.

use migrate_core::apply::{undo_script, wanted};
use migrate_core::history::{HistoryStore as _, abbreviate_script};
use migrate_core::info::{Entry, info};
use migrate_core::journal::Journal as _;
use migrate_core::mysql::MySqlDatabase;
use migrate_core::naming::Naming;
use migrate_core::placeholder::Placeholders;
use migrate_core::plan::PlanOptions;
use migrate_core::{Migration, MigrationKind, MigrationVersion};
use schema_baseline::applied::applied;
use schema_baseline::ast::ObjectKind;
use schema_baseline::catalogue::Catalogue;
use schema_baseline::changes::{Fate, changes};
use schema_baseline::diff::{inverse, losses};
use schema_baseline::live::read;
use schema_baseline::replay::{expanded, replay_onto};
use schema_baseline::served::reconcile;
use schema_baseline::verify::{Sides, differences};

use super::super::way;
use crate::failure::{Failure, Problem};
use crate::finding::severity;
use crate::outcome::Outcome;

/// What is to be taken back.
pub(super) struct Wanted<'a> {
    pub(super) migrations: &'a [Migration],
    pub(super) plan: &'a PlanOptions,
    pub(super) target: Option<&'a MigrationVersion>,
    pub(super) allow_destructive: bool,
}

/// The scripts that are missing. Why one cannot be made stands in `outcome`, and then nothing may run.
pub(super) async fn scripts(
    database: &mut MySqlDatabase,
    of: &Wanted<'_>,
    outcome: &mut Outcome,
) -> Result<Vec<Migration>, Failure> {
    let rows = database.rows(-1).await?.unwrap_or_default();
    let entries = wanted(of.migrations, &rows, of.plan, of.target);
    let is_missing = |entry: &Entry<'_, '_>| {
        entry.version().is_some_and(|version| undo_script(of.migrations, version).is_none())
    };
    // Behind one that failed nothing is taken back, whatever its script would be.
    if !entries.iter().any(is_missing) || rows.iter().any(|row| !row.success) {
        return Ok(Vec::new());
    }
    let in_flight = database.journal().await?.in_flight.map(|entry| entry.script);
    let live = read(database).await?.catalogue;
    let info = info(of.migrations, &rows, &of.plan.info);
    let mut ran = without_repeats(applied(&info, of.migrations).migrations);
    let replay = |ran: &[&Migration]| {
        let mut catalogue = live.emptied();
        let scripts = ran.iter().map(|migration| expanded(migration, &of.plan.placeholders));
        let mut errors = replay_onto(&mut catalogue, scripts);
        errors.retain(|finding| severity(finding) == miette::Severity::Error);
        (catalogue, errors)
    };
    let (mut after, errors) = replay(&ran);
    let mut known = errors.len();
    outcome.extend(errors);
    let changed_by_hand = changed_by_hand(&after, &live, outcome);
    let mut made = Vec::new();
    for entry in &entries {
        let is_it = |migration: &&Migration| entry.migration.is_some_and(|own| std::ptr::eq(own, *migration));
        let Some(at) = ran.iter().rposition(is_it) else {
            let reason = "its file is not here".to_owned();
            outcome.extend([Problem::NotGenerated { name: entry.name(), reason }]);
            break;
        };
        let migration = ran.remove(at);
        let (before, errors) = replay(&ran);
        let breaks_others = errors.len() > known;
        known = errors.len();
        if is_missing(entry) {
            if breaks_others {
                outcome.extend(errors);
                let reason = "what else was applied would not run without it".to_owned();
                outcome.extend([Problem::NotGenerated { name: entry.name(), reason }]);
            }
            let step = Back { migration, before: &before, after: &after };
            let refused = step.refusal(entry, &changed_by_hand, in_flight.as_deref());
            outcome.extend(refused.map(|reason| Problem::NotGenerated { name: entry.name(), reason }));
            made.extend(step.script(of, outcome));
        }
        after = before;
    }
    Ok(made)
}

/// Each repeatable migration once, where it ran last: only its present text is known.
fn without_repeats(mut ran: Vec<&Migration>) -> Vec<&Migration> {
    let mut seen = std::collections::BTreeSet::new();
    ran.reverse();
    ran.retain(|migration| {
        migration.kind != MigrationKind::Repeatable || seen.insert(migration.script.as_str())
    });
    ran.reverse();
    ran
}

/// The objects that are not what the applied migrations make of them.
fn changed_by_hand(ours: &Catalogue, live: &Catalogue, outcome: &mut Outcome) -> Vec<(ObjectKind, String)> {
    let (mut ours, mut live) = (ours.clone(), live.clone());
    reconcile(&mut ours, &mut live);
    match differences(&ours, &live, Sides::MIGRATIONS_AND_DATABASE) {
        Ok(found) => found.into_iter().map(|difference| (difference.kind, difference.name)).collect(),
        Err(finding) => {
            outcome.extend([*finding]);
            Vec::new()
        }
    }
}

/// One migration to take back, between the schemas before and after it.
struct Back<'a> {
    migration: &'a Migration,
    before: &'a Catalogue,
    after: &'a Catalogue,
}

impl Back<'_> {
    /// The name that its undo script has.
    fn script_name(&self) -> String {
        let (script, name) = (&self.migration.script, self.migration.file_name());
        let naming = Naming::default();
        let rest = name.strip_prefix(naming.versioned_prefix.as_str()).unwrap_or(name);
        format!("{}{}{rest}", &script[..script.len() - name.len()], naming.undo_prefix)
    }

    /// Why the files do not tell how to take it back.
    fn refusal(
        &self,
        entry: &Entry<'_, '_>,
        changed_by_hand: &[(ObjectKind, String)],
        in_flight: Option<&str>,
    ) -> Option<String> {
        if self.migration.kind != MigrationKind::Versioned {
            return Some("it stands for all versions up to it".to_owned());
        }
        if entry.row.is_some_and(|row| !self.migration.has_checksum(row.checksum)) {
            return Some(format!("`{}` was edited after it was applied", self.migration.path()));
        }
        // One that was cut off has changed its objects itself; the journal knows how far it came.
        if in_flight == Some(abbreviate_script(&self.script_name()).as_str()) {
            return None;
        }
        let is_changed = |kind: ObjectKind, name: &str| {
            changed_by_hand.iter().any(|(own, changed)| *own == kind && changed == name)
        };
        let touched = changes(self.after, self.before).into_iter().find(|change| {
            let renamed = matches!(&change.fate, Fate::Renamed { from } if is_changed(change.kind, from));
            renamed || is_changed(change.kind, &change.name)
        })?;
        Some(format!(
            "{} `{}` is not what the migrations make of it, as `infra migrate drift` shows",
            touched.kind, touched.name
        ))
    }

    /// The script, as if it had been read from a file.
    fn script(&self, of: &Wanted<'_>, outcome: &mut Outcome) -> Option<Migration> {
        let source = expanded(self.migration, &of.plan.placeholders);
        let path = inverse(&source, self.before, self.after);
        outcome.extend(path.findings);
        if !of.allow_destructive {
            outcome.extend(losses(&path.steps));
        }
        let head = format!("takes back {}", self.migration.name());
        let text = way::text(&head, &path.steps);
        let name = self.script_name();
        let shown = format!("{name} (generated)");
        let (migration, findings) = way::migration(name, shown, &text, &Placeholders::disabled());
        outcome.extend(findings);
        migration.map(|mut migration| {
            // Nothing in it is meant as a placeholder any more.
            migration.settings.placeholder_replacement = Some(false);
            migration
        })
    }
}
