use super::*;
use crate::apply::{ApplyOptions, apply};
use crate::memory::{self, MemoryDatabase};
use crate::plan::PlanOptions;
use crate::resolve::{LocationFile, resolve};

/// Files whose callbacks say where they are called.
fn files(names: &[&str], others: &[(&str, &str)]) -> Vec<Migration> {
    let speaking = names.iter().map(|name| (format!("{name}.sql"), format!("SELECT '{name}'")));
    let others = others.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    let files = speaking.chain(others).map(|(name, text)| LocationFile {
        path: format!("m/{name}"),
        script: name,
        bytes: text.into_bytes(),
    });
    resolve(files.collect()).0
}

fn apply_to(database: &mut MemoryDatabase, migrations: &[Migration]) -> Result<(), Error> {
    let options = ApplyOptions { plan: PlanOptions::validated(), ..ApplyOptions::default() };
    let result = memory::run(apply(database, migrations, &options, &mut ())).unwrap();
    assert!(!database.locked, "the lock must be given back");
    result.map(drop)
}

const ALL: [&str; 14] = [
    "afterConnect",
    "beforeValidate",
    "afterValidate",
    "beforeMigrate",
    "beforeEachMigrate",
    "beforeEachMigrateStatement",
    "afterEachMigrateStatement",
    "afterEachMigrate",
    "afterVersioned",
    "beforeRepeatables",
    "afterMigrateApplied",
    "afterMigrate",
    "afterMigrateError",
    "afterMigrateOperationFinish",
];

fn said(database: &MemoryDatabase) -> Vec<String> {
    let texts = database.executed.iter().map(|text| text.replace("SELECT ", "").replace('\'', ""));
    texts.collect()
}

#[test]
fn the_order_of_events_is_flyways() {
    let others = [("V1__a.sql", "SELECT 1; SELECT 2"), ("R__r.sql", "SELECT 3")];
    let migrations = files(&ALL, &others);
    let mut database = MemoryDatabase::default();
    apply_to(&mut database, &migrations).unwrap();
    let expected = [
        "afterConnect",
        "beforeValidate",
        "afterValidate",
        "beforeMigrate",
        "beforeEachMigrate",
        "beforeEachMigrateStatement",
        "1",
        "afterEachMigrateStatement",
        "beforeEachMigrateStatement",
        "2",
        "afterEachMigrateStatement",
        "afterEachMigrate",
        "afterVersioned",
        "beforeRepeatables",
        "beforeEachMigrate",
        "beforeEachMigrateStatement",
        "3",
        "afterEachMigrateStatement",
        "afterEachMigrate",
        "afterConnect",
        "afterMigrateApplied",
        "afterMigrate",
        "afterMigrateOperationFinish",
    ];
    assert_eq!(said(&database), expected);
    database.executed.clear();
    apply_to(&mut database, &migrations).unwrap();
    let again = [
        "afterConnect",
        "beforeValidate",
        "afterValidate",
        "beforeMigrate",
        "afterVersioned",
        "afterConnect",
    ];
    assert_eq!(said(&database)[..6], again);
    assert_eq!(said(&database)[6..], ["afterMigrate", "afterMigrateOperationFinish"]);
    assert_eq!(database.history.map(|rows| rows.len()), Some(2));
}

#[test]
fn a_failure_has_events_of_its_own() {
    let names =
        ["afterEachMigrateError", "afterEachMigrateStatementError", "afterMigrateError", "afterMigrate"];
    let migrations = files(&names, &[("V1__a.sql", "SELECT 1; DO BROKEN")]);
    let failure = Failure { code: 1064, state: "42000".into(), message: "no".into(), connection_lost: false };
    let mut database =
        MemoryDatabase { fail_on: Some(("BROKEN".into(), failure)), ..MemoryDatabase::default() };
    let error = apply_to(&mut database, &migrations).unwrap_err();
    assert!(matches!(error, Error::Statement(_)), "{error}");
    assert_eq!(
        said(&database),
        ["afterEachMigrateStatementError", "afterEachMigrateError", "afterMigrateError"]
    );
}

#[test]
fn a_callback_that_fails_ends_the_run_with_its_place() {
    let migrations =
        files(&[], &[("V1__a.sql", "SELECT 1"), ("beforeMigrate__b.sql", "SELECT 2;\n  BROKEN")]);
    let failure = Failure { code: 1064, state: "42000".into(), message: "no".into(), connection_lost: false };
    let mut database =
        MemoryDatabase { fail_on: Some(("BROKEN".into(), failure)), ..MemoryDatabase::default() };
    let Err(Error::Callback(error)) = apply_to(&mut database, &migrations) else { panic!() };
    assert_eq!((error.script.as_str(), error.event), ("beforeMigrate__b.sql", "beforeMigrate"));
    assert_eq!((error.line, error.column), (2, 3));
    assert!(database.executed.is_empty() && database.uncommitted.is_empty() && database.history.is_none());
}

#[test]
fn a_callback_that_cannot_be_read_ends_the_run_before_it_begins() {
    let migrations =
        files(&["beforeMigrate"], &[("V1__a.sql", "SELECT 1"), ("afterMigrate.sql", "SELECT ${nope}")]);
    let mut database = MemoryDatabase::default();
    assert!(matches!(apply_to(&mut database, &migrations), Err(Error::Invalid { .. })));
    assert!(database.executed.is_empty());
}

#[test]
fn what_a_callback_sets_does_not_reach_the_migrations() {
    let setting = |event: &str| (format!("{event}.sql"), "SET sql_mode = ''");
    let resets = |event: &str| {
        let (name, text) = setting(event);
        let migrations = files(&[], &[(&name, text), ("V1__a.sql", "SELECT 1"), ("R__b.sql", "SELECT 2")]);
        let mut database = MemoryDatabase::default();
        apply_to(&mut database, &migrations).unwrap();
        database.resets
    };
    assert_eq!(resets("afterConnect"), 0, "it is meant to last");
    assert_eq!(resets("beforeMigrate"), 1);
    assert_eq!(resets("beforeRepeatables"), 1);
    assert_eq!(resets("beforeEachMigrate"), 1, "between the two migrations");
    assert_eq!(resets("afterMigrate"), 2, "before it, and for what comes after");
}

#[test]
fn a_callback_that_commits_leaves_word_of_how_far_the_migration_came() {
    let others = [
        ("V1__a.sql", "INSERT INTO t VALUES (1); INSERT INTO t VALUES (2); DO BROKEN"),
        ("afterEachMigrateStatement.sql", "CREATE TABLE IF NOT EXISTS c (i INT)"),
    ];
    let migrations = files(&[], &others);
    let lost = Failure { code: 0, state: String::new(), message: "gone".into(), connection_lost: true };
    let mut database = MemoryDatabase { fail_on: Some(("BROKEN".into(), lost)), ..MemoryDatabase::default() };
    assert!(matches!(apply_to(&mut database, &migrations), Err(Error::ConnectionLost(_))));
    assert_eq!(database.journal.as_ref().unwrap().statement, 2);
    database.fail_on = None;
    apply_to(&mut database, &migrations).unwrap();
    let inserts = database.executed.iter().filter(|text| text.starts_with("INSERT")).count();
    assert_eq!((inserts, database.journal), (2, None));
}

#[test]
fn a_script_outside_a_transaction_is_committed_statement_by_statement() {
    let text = "INSERT INTO t VALUES (1); INSERT INTO t VALUES (2); DO BROKEN";
    let migrations = files(&[], &[("V1__a.sql", text), ("V1__a.sql.conf", "executeInTransaction=false")]);
    let lost = Failure { code: 0, state: String::new(), message: "gone".into(), connection_lost: true };
    let mut database = MemoryDatabase { fail_on: Some(("BROKEN".into(), lost)), ..MemoryDatabase::default() };
    assert!(apply_to(&mut database, &migrations).is_err());
    assert_eq!(database.executed.len(), 2);
    database.fail_on = None;
    apply_to(&mut database, &migrations).unwrap();
    assert_eq!(database.executed.len(), 3, "none of them is repeated");
}

#[test]
fn verbs_have_events_around_them() {
    let names = [
        "beforeInfo",
        "afterInfo",
        "afterInfoError",
        "afterInfoOperationFinish",
        "afterConnect",
        "afterClean",
    ];
    let migrations = files(&names, &[]);
    let (callbacks, _) = Callbacks::of(&migrations, &Placeholders::default(), &SplitOptions::default());
    let mut database = MemoryDatabase::default();
    let mut around_work = |result: Result<(), Error>| {
        let work = async |_: &mut MemoryDatabase, (): &mut ()| result;
        let ended = memory::run(around(&mut database, &callbacks, Events::INFO, &mut (), work)).unwrap();
        (ended.is_ok(), said(&std::mem::take(&mut database)))
    };
    let finish = "afterInfoOperationFinish";
    let fine = ["afterConnect", "beforeInfo", "afterInfo", finish].map(str::to_owned).to_vec();
    assert_eq!(around_work(Ok(())), (true, fine));
    let failed = ["afterConnect", "beforeInfo", "afterInfoError", finish].map(str::to_owned).to_vec();
    let error = Error::MissingTarget { version: "1".to_owned() };
    assert_eq!(around_work(Err(error)), (false, failed));
}
