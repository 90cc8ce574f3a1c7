//! What Flyway's `repair` does to the history: failed rows go, rows whose files are gone for good are marked, and what
//! changed in files that were applied is taken over. The schema is not touched.

use crate::apply::under_lock;
use crate::database::{Database, Progress};
use crate::error::Error;
use crate::history::{HistoryRow, RowKind, abbreviate_description, abbreviate_script, highest_rank};
use crate::info::{Entry, InfoOptions, State, info};
use crate::migration::{Migration, MigrationKind};
use crate::validate::ValidateOptions;

/// A change of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RepairAction {
    /// The row of a failed migration goes, so that it can be applied again.
    Remove(HistoryRow),
    /// A row is added that marks an earlier one, whose file is gone, as deleted.
    MarkDeleted(HistoryRow),
    /// The row with this rank gets the file's description and checksum.
    Align {
        /// The row as it will be.
        row: HistoryRow,
        /// The checksum that it has now.
        applied: Option<i32>,
    },
}

/// What there is to repair, in Flyway's order.
pub fn plan_repair(
    migrations: &[Migration],
    rows: &[HistoryRow],
    options: &ValidateOptions,
) -> Vec<RepairAction> {
    let (live, failed): (Vec<HistoryRow>, Vec<HistoryRow>) =
        rows.iter().cloned().partition(|row| row.success);
    let mut actions: Vec<RepairAction> = failed.into_iter().map(RepairAction::Remove).collect();
    let mut next = highest_rank(&live).unwrap_or(0);
    let info = info(migrations, &live, &InfoOptions::default());
    for entry in &info.entries {
        let (Some(row), State::Missing | State::Future) = (entry.row, entry.state) else { continue };
        if !options.ignores(row.version.is_none(), entry.state) {
            next += 1;
            let mark = HistoryRow {
                installed_rank: next,
                kind: RowKind::new(RowKind::DELETE),
                execution_time: 0,
                ..row.clone()
            };
            actions.push(RepairAction::MarkDeleted(mark));
        }
    }
    actions.extend(info.entries.iter().filter_map(align));
    actions
}

fn align(entry: &Entry<'_, '_>) -> Option<RepairAction> {
    let (row, migration) = (entry.row?, entry.migration?);
    if row.kind.is_synthetic() || matches!(entry.state, State::Deleted | State::Undone) {
        return None;
    }
    let checksum = migration.recorded_checksum();
    let description = abbreviate_description(&migration.description);
    let needed = match &row.version {
        Some(_) => !migration.has_checksum(row.checksum) || description != row.description,
        // A repeatable whose text changed is to run again, not to be taken for applied.
        None => row.checksum == Some(migration.checksum) && row.checksum != Some(checksum),
    };
    needed.then(|| RepairAction::Align {
        row: HistoryRow { description, checksum: Some(checksum), ..row.clone() },
        applied: row.checksum,
    })
}

/// Repairs the history in one transaction, under the migration lock.
///
/// # Errors
/// When the lock cannot be had or the server refuses; nothing is changed then.
pub async fn repair<D: Database>(
    database: &mut D,
    migrations: &[Migration],
    options: &ValidateOptions,
    lock_timeout: Option<u64>,
    progress: &mut impl Progress,
) -> Result<Vec<RepairAction>, Error> {
    under_lock(database, lock_timeout, progress, async |database, _| {
        let rows = database.rows(-1).await?.unwrap_or_default();
        let actions = plan_repair(migrations, &rows, options);
        if !actions.is_empty() {
            database.repair(&actions).await?;
        }
        if actions.iter().any(|action| is_given_up(action, &rows, migrations)) {
            // Nobody can finish it any more, and it must not stand in the way of others.
            database.close_journal().await?;
        }
        Ok(actions)
    })
    .await
}

/// Whether a migration failed whose file is gone. An undo script, which fails while its version is in force, may have had none,
/// and can be made again as long as the file is here that it takes back.
fn is_given_up(action: &RepairAction, rows: &[HistoryRow], migrations: &[Migration]) -> bool {
    let has_file = |row: &HistoryRow| {
        migrations.iter().any(|migration| abbreviate_script(&migration.script) == row.script)
    };
    let can_be_made = |row: &HistoryRow| {
        rows.iter().any(|other| other.success && other.version.is_some() && other.version == row.version)
            && migrations.iter().any(|migration| {
                migration.kind == MigrationKind::Versioned && migration.version == row.version
            })
    };
    matches!(action, RepairAction::Remove(row) if !has_file(row) && !can_be_made(row))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::info::tests::{files, rows};
    use crate::memory::{MemoryDatabase, run};
    use crate::validate::IgnorePattern;

    #[track_caller]
    fn check(names: &[&str], history: &[&str], ignore: &[&str], expected: &[&str]) {
        let (files, rows) = (files(names), rows(history));
        let ignore = ignore.iter().map(|pattern| IgnorePattern::parse(pattern).unwrap()).collect();
        let name =
            |row: &HistoryRow| row.version.as_ref().map_or(row.description.clone(), ToString::to_string);
        let actions: Vec<String> = plan_repair(&files, &rows, &ValidateOptions { ignore })
            .iter()
            .map(|action| match action {
                RepairAction::Remove(row) => format!("remove {}", name(row)),
                RepairAction::MarkDeleted(row) => format!("delete {} at {}", name(row), row.installed_rank),
                RepairAction::Align { row, .. } => format!("align {} {}", name(row), row.description),
            })
            .collect();
        assert_eq!(actions, expected);
    }

    #[test]
    fn a_sound_history_stays() {
        check(&["V1__x.sql", "R__r.sql"], &["1 SQL", "R:r SQL"], &[], &[]);
        check(&["V1__x.sql"], &["1 BASELINE"], &[], &[]);
    }

    #[test]
    fn each_fault_has_its_repair() {
        check(&["V1__x.sql", "V2__x.sql"], &["1 SQL", "2 SQL failed"], &[], &["remove 2"]);
        check(&["V2__x.sql"], &["1 SQL", "2 SQL"], &[], &["delete 1 at 3"]);
        check(&["V1__x.sql"], &["1 SQL changed"], &[], &["align 1 x"]);
        check(&["V1__new_name.sql"], &["1 SQL"], &[], &["align 1 new name"]);
        check(&[], &["R:r SQL"], &[], &["delete r at 2"]);
    }

    #[test]
    fn patterns_spare_what_they_name() {
        check(&["V1__x.sql"], &["1 SQL", "2 SQL"], &["*:future"], &[]);
        check(&["V1__x.sql"], &["1 SQL", "2 SQL"], &[], &["delete 2 at 3"]);
        check(&["V2__x.sql"], &["1 SQL", "2 SQL"], &["*:missing"], &[]);
    }

    #[test]
    fn a_changed_repeatable_runs_again_instead() {
        check(&["R__r.sql"], &["R:r SQL changed"], &[], &[]);
    }

    #[test]
    fn what_failed_and_is_gone_is_removed_and_not_marked() {
        check(&["V2__x.sql"], &["1 SQL failed", "2 SQL"], &[], &["remove 1"]);
        check(&["V1__x.sql"], &["1 SQL", "2 SQL failed"], &[], &["remove 2"]);
    }

    #[test]
    fn what_is_marked_already_is_not_marked_again() {
        check(&["V2__x.sql"], &["1 SQL", "2 SQL", "1 DELETE"], &[], &[]);
    }

    #[test]
    fn a_repeatable_recorded_with_its_raw_text_gets_the_replaced_checksum() {
        let mut files = files(&["R__r.sql"]);
        files[0].replaced_checksum = Some(7);
        let history = rows(&["R:r SQL"]);
        let actions = plan_repair(&files, &history, &ValidateOptions::default());
        let [RepairAction::Align { row, applied }] = &actions[..] else { panic!("{actions:?}") };
        assert_eq!((row.checksum, *applied), (Some(7), history[0].checksum));
    }

    #[test]
    fn a_long_description_is_abbreviated_to_what_the_column_holds() {
        let files = files(&[&format!("V1__{}.sql", "d".repeat(230))]);
        let mut history = rows(&["1 SQL"]);
        let actions = plan_repair(&files, &history, &ValidateOptions::default());
        let [RepairAction::Align { row, .. }] = &actions[..] else { panic!("{actions:?}") };
        assert_eq!(row.description, format!("{}...", "d".repeat(197)));
        history[0] = row.clone();
        assert_eq!(plan_repair(&files, &history, &ValidateOptions::default()), []);
    }

    #[test]
    fn a_repaired_history_needs_no_repair() {
        let files = files(&["V2__x.sql", "V3__y.sql"]);
        let history = rows(&["1 SQL", "2 SQL changed", "3 SQL", "4 SQL failed"]);
        let mut database = MemoryDatabase { history: Some(history), ..MemoryDatabase::default() };
        let mut again = || {
            let options = ValidateOptions { ignore: Vec::new() };
            run(repair(&mut database, &files, &options, None, &mut ())).unwrap().unwrap()
        };
        assert_eq!(again().len(), 4);
        assert_eq!(again(), []);
        assert!(!database.locked);
    }

    #[test]
    fn the_journal_of_a_migration_that_was_given_up_is_forgotten() {
        let history = rows(&["1 SQL", "2 SQL failed"]);
        let journal_after = |names: &[&str]| {
            let mut database = MemoryDatabase { history: Some(history.clone()), ..MemoryDatabase::default() };
            let script = "2.sql".to_owned();
            database.journal = Some(crate::journal::InFlight { script, ..Default::default() });
            let mut migrations = files(&["V1__x.sql", "V2__x.sql"]);
            for migration in &mut migrations {
                // As the history names it.
                migration.script = migration.script.replace('V', "").replace("__x", "");
            }
            migrations.retain(|migration| names.contains(&migration.script.as_str()));
            let options = ValidateOptions::default();
            let actions = run(repair(&mut database, &migrations, &options, None, &mut ())).unwrap().unwrap();
            assert!(!actions.is_empty());
            database.journal.is_some()
        };
        assert!(journal_after(&["1.sql", "2.sql"]), "it goes on at its statement");
        assert!(!journal_after(&["1.sql"]));
    }

    #[test]
    fn the_journal_of_an_undo_script_without_a_file_stays_while_it_can_be_made_again() {
        let mut history = rows(&["1 SQL", "2 SQL", "2 SQL failed"]);
        history[2].script = "U2__x.sql".to_owned();
        let journal_after = |names: &[&str]| {
            let mut database = MemoryDatabase { history: Some(history.clone()), ..MemoryDatabase::default() };
            let script = "U2__x.sql".to_owned();
            database.journal = Some(crate::journal::InFlight { script, ..Default::default() });
            let options = ValidateOptions::default();
            let repaired = run(repair(&mut database, &files(names), &options, None, &mut ())).unwrap();
            assert!(matches!(repaired.unwrap()[0], RepairAction::Remove(_)));
            database.journal.is_some()
        };
        assert!(journal_after(&["V1__x.sql", "V2__x.sql"]));
        assert!(!journal_after(&["V1__x.sql"]));
    }
}
