//! `infra migrate undo`, and what Flyway makes of it.

use infra_tests::oracle::Flyway;
use infra_tests::run::Outcome;
use infra_tests::sandbox::Sandbox;
use infra_tests::servers::Database;

use crate::harness::{findings, infra, migrations, on_each_engine};

const FILES: [(&str, &str); 5] = [
    ("V1__a.sql", "CREATE TABLE a (i INT);\n"),
    ("V2__b.sql", "CREATE TABLE b (i INT);\nINSERT INTO b VALUES (1);\n"),
    ("V3__c.sql", "ALTER TABLE a ADD j INT;\n"),
    ("U2__b.sql", "DROP TABLE b;\n"),
    ("U3__c.sql", "ALTER TABLE a DROP j;\n"),
];

fn migrate(sandbox: &Sandbox, database: &Database, arguments: &[&str]) -> Outcome {
    infra(sandbox).on(database).run(&[&["migrate"], arguments, &["--locations", "migrations"]].concat())
}

fn columns(database: &Database) -> Vec<Vec<String>> {
    database.query(
        "SELECT TABLE_NAME, COLUMN_NAME FROM information_schema.COLUMNS \
         WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME IN ('a', 'b') ORDER BY 1, 2",
    )
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn what_was_taken_back_is_pending_for_flyway_too() {
    on_each_engine(|engine| {
        let database = engine.database();
        let sandbox = migrations(&FILES);
        let _ = migrate(&sandbox, &database, &["apply"]).exits(0);
        let said = migrate(&sandbox, &database, &["undo"]).exits(0).stdout;
        assert!(said.contains("1 migration, now at version 2"), "{said}");
        assert_eq!(columns(&database), [["a", "i"], ["b", "i"]]);
        let result =
            migrate(&sandbox, &database, &["undo", "--target", "2", "--format", "json"]).exits(0).json();
        assert_eq!((&result["initial_version"], &result["version"]), (&"2".into(), &"1".into()));
        assert_eq!(columns(&database), [["a", "i"]]);
        // Flyway's open-source edition knows no undo scripts, and passes over them.
        let locations = sandbox.path("migrations");
        let flyway = Flyway::new(&database, &locations);
        let states: Vec<String> = flyway.info().iter().map(|row| format!("{} {}", row[0], row[3])).collect();
        assert_eq!(states, ["1 Success", "2 Deleted", "3 Deleted", "2 Pending", "3 Pending"]);
        let _ = flyway.run(&["migrate"]).exits(0);
        assert_eq!(columns(&database), [["a", "i"], ["a", "j"], ["b", "i"]]);
        let _ = migrate(&sandbox, &database, &["validate"]).exits(0);
        let _ = migrate(&sandbox, &database, &["undo", "--target", "2"]).exits(0);
        let _ = migrate(&sandbox, &database, &["apply"]).exits(0);
        let _ = flyway.run(&["validate"]).exits(0);
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn an_undo_that_fails_goes_on_where_it_stood() {
    on_each_engine(|engine| {
        let database = engine.database();
        let sandbox = migrations(&FILES);
        sandbox.write("migrations/U3__c.sql", "ALTER TABLE a DROP j;\nDROP TABLE nowhere;\n");
        let _ = migrate(&sandbox, &database, &["apply"]).exits(0);
        let refused = migrate(&sandbox, &database, &["undo", "--format", "json"]).exits(4).json();
        assert_eq!(findings(&refused)[0]["line"], 2);
        for verb in ["undo", "apply", "validate"] {
            let _ = migrate(&sandbox, &database, &[verb]).exits(1);
        }
        let _ = Flyway::new(&database, &sandbox.path("migrations")).run(&["migrate"]).exits(1);
        sandbox.write("migrations/U3__c.sql", "ALTER TABLE a DROP j;\nDO 1;\n");
        let _ = migrate(&sandbox, &database, &["repair"]).exits(0);
        let _ = migrate(&sandbox, &database, &["undo"]).exits(0);
        assert_eq!(columns(&database), [["a", "i"], ["b", "i"]]);
        let _ = migrate(&sandbox, &database, &["apply"]).exits(0);
        let _ = Flyway::new(&database, &sandbox.path("migrations")).run(&["validate"]).exits(0);
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn what_has_no_undo_script_is_named_before_anything_runs() {
    on_each_engine(|engine| {
        let database = engine.database();
        let sandbox = migrations(&FILES);
        let _ = migrate(&sandbox, &database, &["undo"]).exits(0);
        let _ = migrate(&sandbox, &database, &["apply"]).exits(0);
        let refused =
            migrate(&sandbox, &database, &["undo", "--target", "1", "--format", "json"]).exits(1).json();
        let messages: Vec<&str> =
            findings(&refused).iter().filter_map(|finding| finding["rule"].as_str()).collect();
        assert_eq!(messages, ["migrate/invalid", "migrate/no-undo"]);
        assert_eq!(columns(&database).len(), 3);
    });
}

/// What defines every object of the database but the history.
fn shown(database: &Database) -> Vec<String> {
    let tables = database.query(
        "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() \
         AND TABLE_NAME NOT LIKE 'flyway%' ORDER BY 1",
    );
    let show = |row: &Vec<String>| {
        database.query(&format!("SHOW CREATE TABLE `{}`", row[0])).swap_remove(0).swap_remove(1)
    };
    let mut shown: Vec<String> = tables.iter().map(show).collect();
    let programs = "SELECT ROUTINE_NAME, ROUTINE_DEFINITION FROM information_schema.ROUTINES \
                    WHERE ROUTINE_SCHEMA = DATABASE() ORDER BY 1";
    shown.extend(database.query(programs).iter().map(|row| row.join(" ")));
    shown
}

fn rules(outcome: &Outcome) -> Vec<String> {
    let result = outcome.json();
    let rules = findings(&result).iter().filter_map(|finding| finding["rule"].as_str());
    rules.map(ToOwned::to_owned).collect()
}

const GENERATE: [&str; 4] = ["undo", "--generate", "--format", "json"];
const AT_ANY_COST: [&str; 5] = ["undo", "--generate", "--allow-destructive", "--format", "json"];

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn scripts_that_are_missing_are_made() {
    on_each_engine(|engine| {
        let database = engine.database();
        let sandbox = migrations(&[
            (
                "V1__a.sql",
                "CREATE TABLE a (i INT NOT NULL PRIMARY KEY, note VARCHAR(20) DEFAULT '${x}', KEY k (note)) ENGINE=InnoDB;\n\
                 INSERT INTO a VALUES (1, 'kept');\n",
            ),
            (
                "V2__b.sql",
                "RENAME TABLE a TO b;\nALTER TABLE b RENAME KEY k TO l, RENAME COLUMN note TO comment;\n\
                 CREATE VIEW v AS SELECT comment FROM b;\n\
                 CREATE PROCEDURE p() SELECT '${x}';\n",
            ),
            ("V3__c.sql", "ALTER TABLE b ADD j INT, ADD KEY m (j);\n"),
            ("U3__c.sql", "ALTER TABLE b DROP KEY m, DROP j;\n"),
            ("V4__d.sql", "DO 1;\n"),
        ]);
        let run = |arguments: &[&str]| {
            migrate(&sandbox, &database, &[arguments, &["--placeholder", "x=${y}"]].concat())
        };
        let _ = run(&["apply", "--target", "1"]).exits(0);
        let first = shown(&database);
        let _ = run(&["apply"]).exits(0);
        let refused = run(&["undo", "--target", "2"]).exits(1);
        assert!(refused.stderr.contains("no-undo"), "{}", refused.stderr);
        let result = run(&[&GENERATE[..], &["--target", "2"]].concat()).exits(0).json();
        let scripts: Vec<_> = result["migrations"].as_array().unwrap().iter().map(|m| &m["script"]).collect();
        assert_eq!(scripts, ["U4__d.sql", "U3__c.sql", "U2__b.sql"]);
        let made: Vec<_> = result["generated"].as_array().unwrap().iter().map(|m| &m["script"]).collect();
        assert_eq!(made, ["U4__d.sql", "U2__b.sql"]);
        assert_eq!(shown(&database), first);
        assert_eq!(database.query("SELECT i, note FROM a"), [["1", "kept"]]);
        let _ = run(&["apply"]).exits(0);
        let _ = run(&["validate"]).exits(0);
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn what_a_script_cannot_take_back_is_refused_before_anything_runs() {
    on_each_engine(|engine| {
        let database = engine.database();
        let sandbox = migrations(&[
            ("V1__a.sql", "CREATE TABLE a (i INT NOT NULL PRIMARY KEY);\n"),
            ("V2__rows.sql", "ALTER TABLE a ADD j INT;\nUPDATE a SET j = 1;\n"),
            ("V3__c.sql", "CREATE TABLE c (i INT);\nALTER TABLE a ADD k INT;\n"),
            ("beforeUndo.sql", "CREATE TABLE called (i INT);\n"),
        ]);
        let run = |arguments: &[&str]| migrate(&sandbox, &database, arguments);
        let _ = run(&["apply"]).exits(0);
        let before = shown(&database);
        assert_eq!(rules(&run(&GENERATE).exits(1)), ["schema/loses-data", "schema/loses-data"]);
        // A column by hand is lost with nobody having said so.
        database.execute("ALTER TABLE c ADD by_hand INT");
        assert_eq!(rules(&run(&AT_ANY_COST).exits(1)), ["migrate/no-generated-undo"]);
        database.execute("ALTER TABLE c DROP by_hand");
        // What is made again and again would not run any more.
        sandbox.write("migrations/R__v.sql", "CREATE OR REPLACE VIEW v AS SELECT k FROM a;\n");
        let _ = run(&["apply"]).exits(0);
        let refused = rules(&run(&AT_ANY_COST).exits(1));
        assert_eq!(refused, ["schema/no-inverse"]);
        sandbox.write("migrations/R__v.sql", "CREATE OR REPLACE VIEW v AS SELECT i FROM c;\n");
        let _ = run(&["apply"]).exits(0);
        let refused = rules(&run(&AT_ANY_COST).exits(1));
        assert!(refused.iter().any(|rule| rule == "migrate/no-generated-undo"), "{refused:?}");
        database.execute("DROP VIEW v");
        sandbox.write("migrations/R__v.sql", "DO 1;\n");
        let _ = run(&["apply"]).exits(0);
        assert_eq!(shown(&database), before);
        // Of a file that was edited nobody knows what it had done.
        sandbox.write("migrations/V3__c.sql", "ALTER TABLE a ADD k INT;\n");
        assert_eq!(rules(&run(&AT_ANY_COST).exits(1)), ["migrate/no-generated-undo"]);
        sandbox.write("migrations/V3__c.sql", "CREATE TABLE c (i INT);\nALTER TABLE a ADD k INT;\n");
        assert_eq!(shown(&database), before, "no callback has run");
        sandbox.remove("migrations/beforeUndo.sql");
        let _ = run(&AT_ANY_COST).exits(0);
        let refused = run(&AT_ANY_COST).exits(1);
        let result = refused.json();
        let place = &findings(&result)[0];
        assert_eq!((&place["rule"], &place["line"]), (&"schema/no-inverse".into(), &2.into()));
        let _ = run(&["undo", "--allow-destructive"]).exits(2);
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn a_made_script_that_fails_goes_on_where_it_stood() {
    on_each_engine(|engine| {
        let database = engine.database();
        let sandbox = migrations(&[
            ("V1__a.sql", "CREATE TABLE a (i INT NOT NULL PRIMARY KEY) ENGINE=InnoDB;\n"),
            (
                "V2__b.sql",
                "CREATE TABLE b (i INT NOT NULL PRIMARY KEY) ENGINE=InnoDB;\n\
                 CREATE TABLE c (i INT NOT NULL PRIMARY KEY) ENGINE=InnoDB;\n",
            ),
        ]);
        let run = |arguments: &[&str]| migrate(&sandbox, &database, arguments);
        let _ = run(&["apply"]).exits(0);
        // The one that goes last cannot go.
        database.execute(
            "CREATE TABLE z (i INT NOT NULL PRIMARY KEY, FOREIGN KEY (i) REFERENCES b (i)) ENGINE=InnoDB",
        );
        let _ = run(&AT_ANY_COST).exits(4);
        let left = database.query(
            "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME IN ('b', 'c')",
        );
        assert_eq!(left, [["b"]], "it stopped in the middle");
        database.execute("DROP TABLE z");
        assert!(!rules(&run(&AT_ANY_COST).exits(1)).contains(&"migrate/no-generated-undo".to_owned()));
        let _ = run(&["repair"]).exits(0);
        let _ = run(&AT_ANY_COST).exits(0);
        assert_eq!(shown(&database).len(), 1);
        let _ = run(&["apply"]).exits(0);
        let _ = Flyway::new(&database, &sandbox.path("migrations")).run(&["validate"]).exits(0);
    });
}
