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
