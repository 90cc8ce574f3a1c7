//! `infra migrate undo`.

mod generate;

use std::cell::Cell;

use migrate_core::apply::{ApplyOptions, Patience, undo};
use migrate_core::migration::replace_checksums;
use migrate_core::mysql::MySqlDatabase;
use migrate_core::plan::PlanOptions;
use migrate_core::script::SplitOptions;
use serde_json::json;

use super::database::{block_on, session};
use super::files;
use super::live::{Loaded, Place, applied_json, decision, version};
use super::progress::{Lines, interruptible};
use crate::args::MigrateUndo;
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::source::is_broken;
use crate::ui::{GOOD, Ui, count, styled};

/// Takes applied migrations back by their undo scripts.
pub(crate) fn take_back(arguments: &MigrateUndo, place: Place<'_>, ui: &Ui) -> Result<Outcome, Failure> {
    let target = arguments.target.as_deref().map(version).transpose()?;
    let loaded = Loaded::of_files(&arguments.database, &arguments.files, place)?;
    if loaded.files_are_broken() {
        return Ok(loaded.outcome);
    }
    let Loaded { options, mut migrations, placeholders, mut outcome } = loaded;
    replace_checksums(&mut migrations, &placeholders);
    let split = SplitOptions { rules: files::split_rules(place.root), ..SplitOptions::default() };
    let mut run = ApplyOptions {
        plan: PlanOptions { placeholders, split, ..PlanOptions::default() },
        installed_by: arguments.installed_by.clone(),
        lock_timeout: arguments.lock.lock_timeout,
        settle: arguments.settle.map(decision),
        patience: Some(Patience::default()),
        ..ApplyOptions::default()
    };
    let stopped = Cell::new(false);
    let mut generated = Vec::new();
    let report = block_on(interruptible(ui, &stopped, async {
        let mut database = MySqlDatabase::open_with(&options, &session(&arguments.database)).await?;
        run.plan.suit(database.server());
        if arguments.generate {
            let wanted = generate::Wanted {
                migrations: &migrations,
                plan: &run.plan,
                target: target.as_ref(),
                allow_destructive: arguments.allow_destructive,
            };
            generated = generate::scripts(&mut database, &wanted, &mut outcome).await?;
            if is_broken(&outcome) {
                database.close().await?;
                return Ok(None);
            }
            migrations.extend(generated.iter().cloned());
        }
        let report =
            undo(&mut database, &migrations, target.as_ref(), &run, &mut Lines::new(ui, &stopped)).await?;
        database.close().await?;
        Ok(Some(report))
    }))?;
    let Some(report) = report else { return Ok(outcome) };
    let now = report
        .version
        .as_deref()
        .map_or("an empty schema".to_owned(), |version| format!("version {version}"));
    outcome.summary = match report.applied.len() {
        0 => format!("{}  nothing to take back, at {now}\n", styled(GOOD, "unchanged")),
        number => format!("{}  {}, now at {now}\n", styled(GOOD, "taken back"), count(number, "migration")),
    };
    if !generated.is_empty() {
        let told = generated.iter().map(|script| json!({ "script": script.script, "sql": script.text() }));
        outcome.details.insert("generated".to_owned(), told.collect());
    }
    outcome.details.insert("version".to_owned(), json!(report.version));
    outcome.details.insert("initial_version".to_owned(), json!(report.initial_version));
    outcome.details.insert("migrations".to_owned(), applied_json(&report));
    Ok(outcome)
}
