//! Takes back applied migrations by the scripts that their authors wrote for it: `U2__x.sql` for `V2__x.sql`.
//!
//! Flyway's open-source edition refuses a history with rows of type `UNDO_SQL`, which the paid ones write. So that it can still
//! take over, a migration that was taken back is marked as deleted, which makes its file pending again for every edition;
//! only a history that has such rows already gets more of them.

use std::collections::BTreeSet;

use super::{Report, Run, under_lock};
use crate::callback::{Callbacks, Events, around};
use crate::database::{Database, Progress};
use crate::error::Error;
use crate::finding::Finding;
use crate::history::{HistoryRow, RowKind, abbreviate_script};
use crate::info::{Entry, State, info};
use crate::migration::{Migration, MigrationKind};
use crate::plan::{PlanOptions, Step, failures};
use crate::version::MigrationVersion;

use super::ApplyOptions;

/// Takes back the newest applied migration, or all that were applied since `target`, which is the last one that is taken back.
/// Of `options` it heeds how scripts are read, the lock, whose name is recorded, and the decision about what was cut off.
///
/// # Errors
/// [`Error::Invalid`] when one of them has no undo script, a migration has failed, or a script cannot be read; then nothing has
/// run. Otherwise those of [`apply`](super::apply).
pub async fn undo<D: Database, P: Progress>(
    database: &mut D,
    migrations: &[Migration],
    target: Option<&MigrationVersion>,
    options: &ApplyOptions,
    progress: &mut P,
) -> Result<Report, Error> {
    let (callbacks, findings) = Callbacks::of(migrations, &options.plan.placeholders, &options.plan.split);
    if findings.iter().any(Finding::is_error) {
        return Err(Error::Invalid { findings });
    }
    let work = async |database: &mut D, progress: &mut P| {
        under_lock(database, options.lock_timeout, progress, async |database, progress| {
            let run = Run::new(database, migrations, options, &callbacks, progress);
            // Once a run, so that the callers' own futures stay small.
            Box::pin(run.undo(target)).await
        })
        .await
    };
    around(database, &callbacks, Events::UNDO, progress, work).await
}

impl<D: Database, P: Progress> Run<'_, D, P> {
    async fn undo(mut self, target: Option<&MigrationVersion>) -> Result<Report, Error> {
        self.rows = self.database.rows(-1).await?.unwrap_or_default();
        let found = self.database.journal().await?;
        (self.journal_open, self.in_flight) = (found.exists, found.in_flight);
        self.undo_kind = Some(undo_kind(&self.rows));
        self.report.initial_version = self.current_version();
        let wanted = wanted(self.migrations, &self.rows, &self.options.plan, target);
        let wanted = wanted.iter().filter_map(|entry| entry.version().cloned()).collect();
        while self.run_undo(&wanted).await? {}
        self.report.version = self.current_version();
        if self.journal_open {
            self.database.close_journal().await?;
        }
        Ok(self.report)
    }

    /// Takes back what is wanted and still applied. Returns true when the history changed meanwhile.
    async fn run_undo(&mut self, wanted: &BTreeSet<MigrationVersion>) -> Result<bool, Error> {
        let steps = steps(self.migrations, &self.rows, &self.options.plan, wanted)?;
        if let Some(entry) = &self.in_flight
            && steps.first().is_none_or(|step| abbreviate_script(&step.migration.script) != entry.script)
        {
            return Err(Error::UnfinishedFile {
                script: entry.script.clone(),
                statement: entry.statement + 1,
            });
        }
        for step in &steps {
            self.apply_step(step).await?;
            if self.renew().await? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The type of the row that says that a migration was taken back.
fn undo_kind(rows: &[HistoryRow]) -> &'static str {
    if rows.iter().any(|row| row.kind.is_undo()) { RowKind::UNDO_SQL } else { RowKind::DELETE }
}

/// What is in force, the newest first.
fn applied<'m, 'r>(
    migrations: &'m [Migration],
    rows: &'r [HistoryRow],
    plan: &PlanOptions,
) -> Vec<Entry<'m, 'r>> {
    let is_in_force = |entry: &Entry<'_, '_>| {
        let is_real = entry.row.is_some_and(|row| !row.kind.is_synthetic() && !row.kind.is_undo());
        is_real && entry.version().is_some() && !matches!(entry.state, State::Deleted | State::Undone)
    };
    let mut entries = info(migrations, rows, &plan.info).entries;
    entries.retain(is_in_force);
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.row.map(|row| row.installed_rank)));
    entries
}

/// What [`undo`] would take back of a history, in that order: the newest applied first.
pub fn wanted<'m, 'r>(
    migrations: &'m [Migration],
    rows: &'r [HistoryRow],
    plan: &PlanOptions,
    target: Option<&MigrationVersion>,
) -> Vec<Entry<'m, 'r>> {
    let mut applied = applied(migrations, rows, plan);
    let number = match target {
        None => 1,
        Some(target) => {
            let is_wanted = |entry: &&Entry<'_, '_>| entry.version().is_some_and(|own| own >= target);
            applied.iter().take_while(is_wanted).count()
        }
    };
    applied.truncate(number);
    applied
}

/// The undo script of a version.
pub fn undo_script<'m>(migrations: &'m [Migration], version: &MigrationVersion) -> Option<&'m Migration> {
    migrations.iter().find(|migration| {
        migration.kind == MigrationKind::Undo && migration.version.as_ref() == Some(version)
    })
}

fn steps<'m>(
    migrations: &'m [Migration],
    rows: &[HistoryRow],
    plan: &PlanOptions,
    wanted: &BTreeSet<MigrationVersion>,
) -> Result<Vec<Step<'m>>, Error> {
    let mut findings = failures(&info(migrations, rows, &plan.info));
    let mut steps = Vec::new();
    for entry in applied(migrations, rows, plan) {
        let Some(version) = entry.version().filter(|version| wanted.contains(*version)) else { continue };
        let Some(migration) = undo_script(migrations, version) else {
            findings.push(Finding::NoUndo { name: entry.name(), version: version.to_string() });
            continue;
        };
        let (script, problems) = migration.outline(&plan.placeholders, &plan.split)?;
        findings.extend(problems);
        steps.push(Step { migration, script, out_of_order: false });
    }
    if findings.iter().any(Finding::is_error) { Err(Error::Invalid { findings }) } else { Ok(steps) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apply::tests::{files, options};
    use crate::memory::{self, MemoryDatabase};

    const FILES: [(&str, &str); 7] = [
        ("V1__a.sql", "CREATE TABLE a (i INT)"),
        ("V2__b.sql", "SELECT 'b'"),
        ("V3__c.sql", "SELECT 'c'"),
        ("R__r.sql", "SELECT 'r'"),
        ("U2__b.sql", "SELECT 'not b'"),
        ("U3__c.sql", "SELECT 'not c'"),
        ("beforeUndo.sql", "SELECT 'before'"),
    ];

    fn applied_to(files: &[Migration]) -> MemoryDatabase {
        let mut database = MemoryDatabase::default();
        memory::run(crate::apply::apply(&mut database, files, &options(), &mut ())).unwrap().unwrap();
        database.executed.clear();
        database
    }

    fn undo_to(
        database: &mut MemoryDatabase,
        files: &[Migration],
        target: Option<&str>,
    ) -> Result<Report, Error> {
        let target = target.map(|text| MigrationVersion::parse(text).unwrap());
        let ended = memory::run(undo(database, files, target.as_ref(), &options(), &mut ())).unwrap();
        assert!(!database.locked);
        ended
    }

    fn kinds(database: &MemoryDatabase) -> Vec<String> {
        let rows = database.history.iter().flatten();
        rows.map(|row| format!("{} {} {}", row.script, row.kind, row.success)).collect()
    }

    #[test]
    fn the_newest_is_taken_back_and_pending_again() {
        let files = files(&FILES);
        let mut database = applied_to(&files);
        let report = undo_to(&mut database, &files, None).unwrap();
        assert_eq!(database.executed, ["SELECT 'before'", "SELECT 'not c'"]);
        assert_eq!((report.initial_version.as_deref(), report.version.as_deref()), (Some("3"), Some("2")));
        assert_eq!(kinds(&database)[4..], ["U3__c.sql DELETE true"]);
        database.executed.clear();
        memory::run(crate::apply::apply(&mut database, &files, &options(), &mut ())).unwrap().unwrap();
        assert_eq!(database.executed, ["SELECT 'c'"]);
    }

    #[test]
    fn a_target_is_the_last_one_that_is_taken_back() {
        let files = files(&FILES);
        let mut database = applied_to(&files);
        let report = undo_to(&mut database, &files, Some("2")).unwrap();
        let undone: Vec<&str> = report.applied.iter().map(|applied| applied.script.as_str()).collect();
        assert_eq!(undone, ["U3__c.sql", "U2__b.sql"]);
        assert_eq!(report.version.as_deref(), Some("1"));
        let again = undo_to(&mut database, &files, Some("2")).unwrap();
        assert!(again.applied.is_empty());
    }

    #[test]
    fn what_has_no_undo_script_stops_everything_before_it_begins() {
        let files = files(&FILES);
        let mut database = applied_to(&files);
        let Err(Error::Invalid { findings }) = undo_to(&mut database, &files, Some("1")) else { panic!() };
        assert!(
            matches!(findings.as_slice(), [Finding::NoUndo { version, .. }] if version == "1"),
            "{findings:?}"
        );
        assert_eq!(database.executed, ["SELECT 'before'"]);
    }

    #[test]
    fn a_history_with_undo_rows_gets_more_of_them() {
        let files = files(&FILES);
        let mut database = applied_to(&files);
        let rows = database.history.as_mut().unwrap();
        let undone = HistoryRow { kind: RowKind::new("UNDO_SQL"), installed_rank: 5, ..rows[2].clone() };
        rows.push(undone);
        undo_to(&mut database, &files, None).unwrap();
        assert_eq!(kinds(&database)[5..], ["U2__b.sql UNDO_SQL true"]);
    }

    #[test]
    fn one_that_is_cut_off_goes_on_and_nothing_else_may() {
        let mut list = FILES;
        list[5].1 = "INSERT INTO x VALUES (1); CREATE TABLE y (i INT); DO BROKEN";
        let files = files(&list);
        let mut database = applied_to(&files);
        let lost = crate::database::Failure {
            code: 0,
            state: String::new(),
            message: "gone".into(),
            connection_lost: true,
        };
        database.fail_on = Some(("BROKEN".into(), lost));
        assert!(matches!(undo_to(&mut database, &files, None), Err(Error::ConnectionLost(_))));
        database.fail_on = None;
        let applying = memory::run(crate::apply::apply(&mut database, &files, &options(), &mut ())).unwrap();
        assert!(matches!(applying, Err(Error::UnfinishedFile { .. })), "{applying:?}");
        database.definitions.insert("y".into(), "y".into());
        database.executed.clear();
        undo_to(&mut database, &files, None).unwrap();
        assert_eq!(database.executed, ["SELECT 'before'", "DO BROKEN"]);
        assert_eq!(database.journal, None);
    }
}
