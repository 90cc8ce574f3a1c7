use std::collections::BTreeMap;
use std::sync::Arc;

use migrate_core::database::{Database as _, Failure, Progress};
use migrate_core::memory::{MemoryDatabase, run};

use super::*;

const TEXT: &str = "-- x\n-- version: 014\n-- content: sha256:0\n-- tool: t\n\nSET NAMES utf8mb4;\n\
    CREATE TABLE t (a INT);\nCREATE TABLE u (a INT, CONSTRAINT early FOREIGN KEY (a) REFERENCES t (a));\n\
    ALTER TABLE u\n    ADD CONSTRAINT late FOREIGN KEY (a) REFERENCES t (a);\n\
    DELIMITER $$\nCREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW BEGIN SET @a = 1; END$$\nDELIMITER ;\n";

/// Keeps the mark under the name `mark`; what is defined besides is `kind name`, or `key TABLE NAME`.
impl Site for MemoryDatabase {
    fn dialect(&self) -> Dialect {
        Dialect::default()
    }
    async fn mark(&mut self) -> Result<Option<String>, Error> {
        Ok(self.definitions.get("mark").cloned())
    }
    async fn set_mark(&mut self, content: &str) -> Result<(), Error> {
        self.definitions.insert("mark".to_owned(), content.to_owned());
        Ok(())
    }
    async fn unmark(&mut self) -> Result<(), Error> {
        self.definitions.remove("mark");
        Ok(())
    }
    async fn objects(&mut self) -> Result<Vec<(Option<ObjectKind>, String)>, Error> {
        let object = |name: &String| {
            let (word, name) = name.split_once(' ')?;
            let kind = ObjectKind::ALL.into_iter().find(|kind| kind.noun() == word);
            (word != "key").then(|| (kind, name.to_owned()))
        };
        Ok(self.definitions.keys().filter_map(object).collect())
    }
    async fn foreign_keys(&mut self) -> Result<BTreeMap<String, Vec<String>>, Error> {
        let key = |name: &String| {
            let (table, name) = name.strip_prefix("key ")?.split_once(' ')?;
            Some((table.to_owned(), vec![name.to_owned()]))
        };
        Ok(self.definitions.keys().filter_map(key).collect())
    }
}

fn source(text: &str) -> Arc<Source> {
    Arc::new(Source::new("baseline.sql", text.into()))
}

fn load(database: &mut MemoryDatabase, text: &str) -> Result<Loaded, Error> {
    run(load_live(database, &source(text), None, &mut ())).unwrap()
}

/// A database in which a load of [`TEXT`] was cut off when it had made these.
fn cut_off(made: &[&str]) -> MemoryDatabase {
    let failure = Failure { code: 0, state: String::new(), message: "gone".into(), connection_lost: true };
    let fail_on = Some(("SET NAMES".to_owned(), failure));
    let mut database = MemoryDatabase { fail_on, ..MemoryDatabase::default() };
    assert!(load(&mut database, TEXT).is_err());
    (database.fail_on, database.has_tables) = (None, true);
    database.definitions.extend(made.iter().map(|name| ((*name).to_owned(), String::new())));
    database
}

#[test]
fn runs_every_statement_and_records_the_version() {
    let mut database = MemoryDatabase::default();
    let loaded = load(&mut database, TEXT).unwrap();
    assert_eq!(loaded, Loaded { statements: 5, found: 0, version: Some("014".to_owned()) });
    let trigger = &database.executed[4];
    assert!(trigger.starts_with("CREATE TRIGGER") && trigger.ends_with("END"), "{trigger}");
    let history = database.history.unwrap();
    assert_eq!(history.len(), 1);
    assert!(history[0].kind.is_baseline() && !database.locked && database.definitions.is_empty());
    assert_eq!(history[0].version.as_ref().map(ToString::to_string).as_deref(), Some("014"));
}

#[test]
fn what_was_cut_off_goes_on_with_what_is_not_there() {
    for (made, left) in [
        (&[][..], &["SET", "CREATE TABLE t", "CREATE TABLE u", "ALTER", "CREATE TRIGGER"][..]),
        (&["table t"], &["SET", "CREATE TABLE u", "ALTER", "CREATE TRIGGER"]),
        (&["table t", "table u", "key u early"], &["SET", "ALTER", "CREATE TRIGGER"]),
        (&["table t", "table u", "key u late"], &["SET", "CREATE TRIGGER"]),
        (&["table t", "table u", "key u late", "trigger g"], &["SET"]),
    ] {
        let mut database = cut_off(made);
        let loaded = load(&mut database, TEXT).unwrap();
        assert_eq!(loaded.found, 5 - left.len(), "{made:?}");
        assert_eq!(database.executed.len(), left.len(), "{:?}", database.executed);
        for (sql, start) in database.executed.iter().zip(left) {
            assert!(sql.contains(start), "{sql}");
        }
        assert_eq!(database.history.map(|rows| rows.len()), Some(1));
        assert!(!database.definitions.contains_key("mark"));
    }
}

#[test]
fn a_history_that_was_just_created_is_filled() {
    let mut database = cut_off(&["table t", "table u", "key u late", "trigger g"]);
    database.history = Some(Vec::new());
    load(&mut database, TEXT).unwrap();
    let rows = database.history.clone().unwrap();
    assert!(rows.len() == 1 && rows[0].kind.is_baseline() && rows[0].installed_rank == 1);
    // And once more, as when only the mark was left.
    database.definitions.insert("mark".to_owned(), cut_off(&[]).definitions["mark"].clone());
    load(&mut database, TEXT).unwrap();
    assert_eq!(database.history, Some(rows));
}

#[test]
fn refuses_a_database_with_anything_in_it() {
    let mut database = MemoryDatabase { has_tables: true, ..MemoryDatabase::default() };
    assert!(matches!(load(&mut database, TEXT), Err(Error::NotEmpty { .. })));
    let mut database = MemoryDatabase { history: Some(Vec::new()), ..MemoryDatabase::default() };
    assert!(matches!(load(&mut database, TEXT), Err(Error::NotEmpty { .. })));
    for foreign in ["table mine", "sequence s"] {
        let mut database = cut_off(&["table t", foreign]);
        assert!(matches!(load(&mut database, TEXT), Err(Error::NotEmpty { .. })), "{foreign}");
        assert!(database.uncommitted.is_empty() && database.executed.is_empty());
    }
}

#[test]
fn another_baseline_does_not_go_on() {
    let mut database = cut_off(&["table t"]);
    let other = TEXT.replace("a INT", "a BIGINT");
    assert!(matches!(load(&mut database, &other), Err(Error::OtherBaseline { .. })));
    assert!(database.executed.is_empty());
}

#[test]
fn a_load_that_is_asked_to_stop_can_go_on() {
    struct Stop;
    impl Progress for Stop {
        fn event(&mut self, _: migrate_core::database::Event<'_>) {}
        fn stop(&self) -> bool {
            true
        }
    }
    let mut database = MemoryDatabase::default();
    let stopped = run(load_live(&mut database, &source(TEXT), None, &mut Stop)).unwrap();
    assert!(matches!(stopped, Err(Error::Stopped { .. })), "{stopped:?}");
    database.has_tables = true;
    assert_eq!(load(&mut database, TEXT).unwrap().found, 0);
    assert!(!run(database.is_empty()).unwrap().unwrap());
}

#[test]
fn refuses_what_is_no_baseline() {
    let mut database = MemoryDatabase::default();
    assert!(matches!(load(&mut database, "CREATE TABLE t (a INT);"), Err(Error::NotABaseline { .. })));
}

#[test]
fn a_failure_names_the_statement() {
    let failure = Failure { code: 1064, state: "42000".into(), message: "no".into(), connection_lost: false };
    let fail_on = Some(("TRIGGER".to_owned(), failure));
    let mut database = MemoryDatabase { fail_on, ..MemoryDatabase::default() };
    let error = load(&mut database, TEXT).unwrap_err();
    assert!(matches!(error, Error::Statement { line: 12, column: 1, code: 1064, .. }), "{error}");
    assert_eq!(database.resets, 1);
}
