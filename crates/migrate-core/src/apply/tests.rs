use std::cell::Cell;

use super::*;
use crate::info::tests::rows;
use crate::memory::{MemoryDatabase, run};
use crate::resolve::{LocationFile, resolve};
use crate::version::MigrationVersion;

pub(super) fn files(files: &[(&str, &str)]) -> Vec<Migration> {
    let file = |(name, text): &(&str, &str)| LocationFile {
        script: (*name).into(),
        path: format!("m/{name}"),
        bytes: (*text).into(),
    };
    resolve(files.iter().map(file).collect()).0
}

pub(super) fn options() -> ApplyOptions {
    ApplyOptions { plan: PlanOptions::validated(), ..ApplyOptions::default() }
}

fn apply_to(
    database: &mut MemoryDatabase,
    migrations: &[Migration],
    options: &ApplyOptions,
) -> Result<Report, Error> {
    let result = run(apply(database, migrations, options, &mut ())).unwrap();
    assert!(!database.locked, "the lock must be given back");
    result
}

fn history(database: &MemoryDatabase) -> Vec<String> {
    let line = |row: &HistoryRow| {
        let version = row.version.as_ref().map_or("-", MigrationVersion::as_str);
        format!("{} {version} {} {} {}", row.installed_rank, row.kind, row.script, row.success)
    };
    database.history.iter().flatten().map(line).collect()
}

fn refusal(message: &str) -> Failure {
    Failure { code: 1064, state: "42000".into(), message: message.into(), connection_lost: false }
}

#[test]
fn everything_pending_is_executed_and_recorded() {
    let files = files(&[
        ("V1__a.sql", "CREATE TABLE a (i INT);\nINSERT INTO a VALUES (1)"),
        ("R__r.sql", "SELECT 1"),
    ]);
    let mut database = MemoryDatabase::default();
    let report = apply_to(&mut database, &files, &options()).unwrap();
    assert_eq!(database.executed, ["CREATE TABLE a (i INT)", "INSERT INTO a VALUES (1)", "SELECT 1"]);
    assert_eq!(history(&database), ["1 1 SQL V1__a.sql true", "2 - SQL R__r.sql true"]);
    assert_eq!(
        (report.applied.len(), report.initial_version, report.version.as_deref()),
        (2, None, Some("1"))
    );
    assert_eq!(database.history.as_ref().unwrap()[0].installed_by, "tester");
    let again = apply_to(&mut database, &files, &options()).unwrap();
    assert_eq!((again.applied.len(), again.initial_version.as_deref()), (0, Some("1")));
}

#[test]
fn a_failure_is_recorded_with_its_place() {
    let files =
        files(&[("V1__a.sql", "SELECT 1;\n-- why\nSELECT 2\nFORM t;\nSELECT 3;"), ("V2__b.sql", "SELECT 4")]);
    let near = "You have an error in your SQL syntax; check the manual for the right syntax to use near 'FORM t' at line 3";
    let mut database =
        MemoryDatabase { fail_on: Some(("FORM".into(), refusal(near))), ..MemoryDatabase::default() };
    let Err(Error::Statement(error)) = apply_to(&mut database, &files, &options()) else { panic!() };
    let StatementError { line, column, applied, total, recorded, src, span, .. } = *error;
    assert!(recorded);
    assert_eq!((line, column, applied, total), (4, 1, 1, 3));
    assert_eq!(&src.inner()[span.offset()..span.offset() + span.len()], "FORM");
    assert_eq!(history(&database), ["1 1 SQL V1__a.sql false"]);
    assert!(database.executed.is_empty() && database.uncommitted.is_empty());
    assert!(matches!(apply_to(&mut database, &files, &options()), Err(Error::Invalid { .. })));
}

#[test]
fn other_refusals_show_the_statement() {
    let files = files(&[("V1__a.sql", "-- c\nDROP TABLE x;")]);
    let mut database = MemoryDatabase {
        fail_on: Some(("DROP".into(), refusal("Unknown table"))),
        ..MemoryDatabase::default()
    };
    let error = apply_to(&mut database, &files, &options()).unwrap_err();
    assert_eq!(error.position(), Some((2, 1)));
    let Error::Statement(error) = error else { panic!() };
    let StatementError { src, span, .. } = *error;
    assert_eq!(&src.inner()[span.offset()..span.offset() + span.len()], "DROP TABLE x");
}

#[test]
fn a_lost_connection_records_nothing() {
    let failure = Failure { code: 0, state: String::new(), message: "gone".into(), connection_lost: true };
    let files = files(&[("V1__a.sql", "ALTER TABLE t ADD x INT")]);
    let mut database =
        MemoryDatabase { fail_on: Some(("ALTER".into(), failure)), ..MemoryDatabase::default() };
    let result = apply_to(&mut database, &files, &options());
    assert!(matches!(result, Err(Error::ConnectionLost(error)) if error.line == 1));
    assert!(history(&database).is_empty());
}

#[test]
fn a_schema_with_tables_needs_a_baseline() {
    let files = files(&[("V1__a.sql", "SELECT 1"), ("V2__b.sql", "SELECT 2")]);
    let mut database = MemoryDatabase { has_tables: true, ..MemoryDatabase::default() };
    assert!(matches!(apply_to(&mut database, &files, &options()), Err(Error::NonEmptySchema { .. })));
    assert!(database.history.is_none());
    let baseline = Some(Baseline::new(MigrationVersion::parse("1").unwrap()));
    apply_to(&mut database, &files, &ApplyOptions { baseline_on_migrate: baseline, ..options() }).unwrap();
    assert_eq!(history(&database), ["1 1 BASELINE << Flyway Baseline >> true", "2 2 SQL V2__b.sql true"]);
    assert_eq!(database.executed, ["SELECT 2"]);
}

#[test]
fn a_baseline_is_set_once() {
    let mut database = MemoryDatabase { has_tables: true, ..MemoryDatabase::default() };
    let mut set = |version: &str| {
        let wanted = Baseline::new(MigrationVersion::parse(version).unwrap());
        run(baseline(&mut database, &wanted, Some("dba"), None, &mut ())).unwrap()
    };
    assert!(set("3").is_ok() && set("3").is_ok());
    assert!(matches!(set("4"), Err(Error::BaselineExists { .. })));
    assert_eq!(database.history.unwrap()[0].installed_by, "dba");
}

#[test]
fn files_that_are_wrong_leave_no_trace() {
    let files = files(&[("V1__a.sql", "SELECT 1"), ("V2__b.sql", "SELECT 'x")]);
    let mut database = MemoryDatabase::default();
    assert!(matches!(apply_to(&mut database, &files, &options()), Err(Error::Invalid { .. })));
    assert!(database.history.is_none() && database.executed.is_empty());
}

#[test]
fn a_session_that_was_touched_is_made_new() {
    let files = files(&[("V1__a.sql", "SET sql_mode = ''"), ("V2__b.sql", "SELECT 1")]);
    let mut database = MemoryDatabase::default();
    apply_to(&mut database, &files, &options()).unwrap();
    assert_eq!((database.resets, database.executed.len()), (1, 2));
}

#[test]
fn what_others_applied_meanwhile_is_not_repeated() {
    let files = files(&[("V1__a.sql", "SET @a = 1"), ("V2__b.sql", "SELECT 2"), ("V3__c.sql", "SELECT 3")]);
    let mut others = rows(&["0 SQL", "2 SQL"]);
    others.remove(0);
    others[0].checksum = Some(files[1].checksum);
    others[0].description = "b".into();
    let mut database = MemoryDatabase { others, ..MemoryDatabase::default() };
    let report = apply_to(&mut database, &files, &options()).unwrap();
    assert_eq!(database.executed, ["SET @a = 1", "SELECT 3"]);
    assert_eq!((report.applied.len(), report.version.as_deref()), (2, Some("3")));
}

#[test]
fn skipping_writes_the_history_only() {
    let mut database = MemoryDatabase::default();
    let options = ApplyOptions { skip_executing: true, installed_by: Some("ci".into()), ..options() };
    apply_to(&mut database, &files(&[("V1__a.sql", "SET @a = 1")]), &options).unwrap();
    assert!(database.executed.is_empty());
    assert_eq!(history(&database), ["1 1 SQL V1__a.sql true"]);
    assert_eq!(database.history.unwrap()[0].installed_by, "ci");
}

/// Asks to stop after some questions.
struct Impatient {
    patience: Cell<usize>,
    waited: usize,
}

impl Progress for Impatient {
    fn event(&mut self, event: Event<'_>) {
        if let Event::Waiting(waiting) = event {
            assert_eq!(waiting.holder.as_ref().unwrap().connection, 7);
            self.waited += 1;
        }
    }

    fn stop(&self) -> bool {
        let left = self.patience.get();
        self.patience.set(left.saturating_sub(1));
        left == 0
    }
}

#[test]
fn a_stop_is_obeyed_between_statements() {
    let files = files(&[("V1__a.sql", "SELECT 1; CREATE TABLE t (i INT); SELECT 2; SELECT 3")]);
    let stop_after = |patience| {
        let mut database = MemoryDatabase::default();
        let mut progress = Impatient { patience: Cell::new(patience), waited: 0 };
        let result = run(apply(&mut database, &files, &options(), &mut progress)).unwrap();
        assert!(database.uncommitted.is_empty());
        match result {
            Err(Error::Stopped { applied, total: 4, .. }) => {
                assert!(history(&database).is_empty(), "a stop is no failure");
                Some(applied)
            }
            other => other.map(|_| None).unwrap(),
        }
    };
    // What was not committed is taken back.
    assert_eq!([0, 1, 2, 3, 4].map(stop_after), [Some(0), Some(0), Some(2), Some(2), None]);
}

#[test]
fn waiting_for_the_lock_is_seen_and_ends() {
    let mut database = MemoryDatabase { lock_busy: 3, ..MemoryDatabase::default() };
    let mut progress = Impatient { patience: Cell::new(9), waited: 0 };
    run(apply(&mut database, &[], &options(), &mut progress)).unwrap().unwrap();
    assert_eq!(progress.waited, 3);
    let mut database = MemoryDatabase { lock_busy: 30, ..MemoryDatabase::default() };
    let options = ApplyOptions { lock_timeout: Some(5), ..options() };
    let error = run(apply(&mut database, &[], &options, &mut ())).unwrap().unwrap_err();
    assert!(error.is_unreachable() && error.to_string().contains("connection 7"), "{error}");
}

#[test]
fn missing_schemas_are_created_and_recorded() {
    let missing =
        || MemoryDatabase { missing_schemas: vec!["a".into(), "b".into()], ..MemoryDatabase::default() };
    let files = files(&[("V1__a.sql", "SELECT 1")]);
    let mut database = missing();
    let creating = ApplyOptions { create_schemas: true, ..options() };
    apply_to(&mut database, &files, &creating).unwrap();
    assert_eq!(history(&database), ["0 - SCHEMA `a`,`b` true", "1 1 SQL V1__a.sql true"]);
    assert!(database.missing_schemas.is_empty());
    let mut database = missing();
    let error = apply_to(&mut database, &files, &options()).unwrap_err();
    assert!(matches!(&error, Error::MissingSchema { schema } if schema == "a"), "{error}");
    assert!(database.history.is_none());
}
