//! `infra migrate repair`, `baseline` and `clean`, beside Flyway's own.

use infra_tests::oracle::Flyway;
use infra_tests::run::Outcome;
use infra_tests::sandbox::Sandbox;
use infra_tests::servers::{Database, Engine};
use serde_json::json;

use crate::harness::{infra, migrations, on_each_engine};

fn migrate(sandbox: &Sandbox, database: &Database, arguments: &[&str]) -> Outcome {
    infra(sandbox).on(database).run(&[&["migrate"], arguments].concat())
}

const LOCATIONS: [&str; 2] = ["--locations", "migrations"];

/// A history with every fault that `repair` knows, and the files beside it.
fn faulty(database: &Database) -> Sandbox {
    let sandbox = migrations(&[
        ("V1__gone.sql", "CREATE TABLE a (i INT);\n"),
        ("V2__edited.sql", "CREATE TABLE b (i INT);\n"),
        ("V3__renamed.sql", "CREATE TABLE c (i INT);\n"),
        ("V4__fails.sql", "CREATE TABLE d (i INT, i INT);\n"),
        ("R__gone.sql", "CREATE OR REPLACE VIEW v AS SELECT 1 AS one;\n"),
    ]);
    let _ = migrate(&sandbox, database, &[&["apply"], &LOCATIONS[..]].concat()).exits(4);
    sandbox.remove("migrations/V1__gone.sql");
    sandbox.write("migrations/V2__edited.sql", "CREATE TABLE b (i INT); -- an afterthought\n");
    sandbox.remove("migrations/V3__renamed.sql");
    sandbox.write("migrations/V3__better_name.sql", "CREATE TABLE c (i INT);\n");
    sandbox.write("migrations/V4__fails.sql", "CREATE TABLE d (i INT, j INT);\n");
    sandbox
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn repair_leaves_the_history_that_flyways_leaves() {
    on_each_engine(|engine| {
        let (ours, theirs) = (engine.database(), engine.database());
        let sandbox = faulty(&ours);
        let _ = faulty(&theirs);
        let said = migrate(&sandbox, &ours, &[&["repair"], &LOCATIONS[..]].concat()).exits(0).stdout;
        for word in ["removed  4", "marked as deleted  1", "aligned  2", "aligned  3"] {
            assert!(said.contains(word), "no `{word}` in {said}");
        }
        let _ = Flyway::new(&theirs, &sandbox.path("migrations")).run(&["repair"]).exits(0);
        assert_eq!(ours.history(), theirs.history());
        let again = migrate(&sandbox, &ours, &[&["repair"], &LOCATIONS[..]].concat()).exits(0).stdout;
        assert!(again.contains("nothing to repair"), "{again}");
        let _ = migrate(&sandbox, &ours, &[&["apply"], &LOCATIONS[..]].concat()).exits(0);
        let _ = Flyway::new(&ours, &sandbox.path("migrations")).run(&["validate"]).exits(0);
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn repair_marks_and_aligns_what_flyway_marks_and_aligns() {
    on_each_engine(|engine| {
        let (ours, theirs) = (engine.database(), engine.database());
        let gone = ["V1__gone.sql", "V3__future.sql", "R__gone.sql"];
        let sandbox = migrations(&[
            (gone[0], "CREATE TABLE a (i INT);\n"),
            ("V2__stays.sql", "CREATE TABLE b (i INT);\n"),
            (gone[1], "CREATE TABLE c (i INT);\n"),
            (gone[2], "CREATE OR REPLACE VIEW g AS SELECT 1 AS one;\n"),
            ("R__raw.sql", "CREATE OR REPLACE VIEW v AS SELECT '${word}' AS word;\n"),
        ]);
        // Where nothing is replaced, a repeatable is recorded with its raw checksum.
        let apply = [&["apply", "--no-placeholders"], &LOCATIONS[..]].concat();
        for database in [&ours, &theirs] {
            let _ = migrate(&sandbox, database, &apply).exits(0);
        }
        for name in gone {
            sandbox.remove(&format!("migrations/{name}"));
        }
        let patterns = "*:pending";
        let repair = ["repair", "--ignore-migration-patterns", patterns, "--placeholder", "word=w"];
        let _ = migrate(&sandbox, &ours, &[&repair[..], &LOCATIONS[..]].concat()).exits(0);
        let locations = sandbox.path("migrations");
        let flyway = Flyway::new(&theirs, &locations);
        let flyway = flyway.set("IGNORE_MIGRATION_PATTERNS", patterns).set("PLACEHOLDERS_WORD", "w");
        let _ = flyway.run(&["repair"]).exits(0);
        assert_eq!(ours.history(), theirs.history());
        let deleted = "SELECT COUNT(*) FROM flyway_schema_history WHERE type = 'DELETE'";
        assert_eq!(ours.value(deleted), "3");
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn repair_says_which_checksum_became_which() {
    on_each_engine(|engine| {
        let database = engine.database();
        let sandbox = migrations(&[("V1__a.sql", "CREATE TABLE a (i INT);\n")]);
        let checksum = || database.value("SELECT checksum FROM flyway_schema_history");
        let _ = migrate(&sandbox, &database, &[&["apply"], &LOCATIONS[..]].concat()).exits(0);
        let before = checksum();
        sandbox.write("migrations/V1__a.sql", "CREATE TABLE a (i INT); -- an afterthought\n");
        let repair = [&["repair", "--format", "json"], &LOCATIONS[..]].concat();
        let result = migrate(&sandbox, &database, &repair).exits(0).json();
        let action = &result["actions"][0];
        assert_eq!((action["action"].as_str(), action["version"].as_str()), (Some("aligned"), Some("1")));
        assert_eq!(action["applied_checksum"].to_string(), before);
        assert_eq!(action["checksum"].to_string(), checksum());
        assert_ne!(before, checksum());
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn a_baseline_is_flyways_row() {
    on_each_engine(|engine| {
        let sandbox =
            migrations(&[("V1__old.sql", "SELECT 1;\n"), ("V2__new.sql", "CREATE TABLE n (i INT);\n")]);
        let (ours, theirs) = (engine.database(), engine.database());
        for database in [&ours, &theirs] {
            database.execute("CREATE TABLE old (i INT)");
        }
        let _ = migrate(&sandbox, &ours, &["baseline", "--baseline-version", "1"]).exits(0);
        let locations = sandbox.path("migrations");
        let _ = Flyway::new(&theirs, &locations).run(&["baseline"]).exits(0);
        assert_eq!(ours.history(), theirs.history());
        let _ = migrate(&sandbox, &ours, &["baseline", "--baseline-version", "1"]).exits(0);
        let other = migrate(&sandbox, &ours, &["baseline", "--baseline-version", "2"]).exits(2);
        assert!(other.stderr.contains("has a history already"), "{other:?}");
        let _ = Flyway::new(&ours, &locations).run(&["migrate"]).exits(0);
        let _ = migrate(&sandbox, &ours, &[&["validate"], &LOCATIONS[..]].concat()).exits(0);
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn clean_drops_everything_when_it_is_meant() {
    on_each_engine(|engine| {
        let sandbox = Sandbox::reference();
        let database = engine.database();
        let _ = migrate(&sandbox, &database, &["apply", "--no-placeholders"]).exits(0);
        let tables = database.query("SHOW TABLES");
        let refused = migrate(&sandbox, &database, &["clean"]).exits(2);
        assert!(refused.stderr.contains("--clean-enabled"), "{refused:?}");
        assert_eq!(database.query("SHOW TABLES"), tables);
        let _ = migrate(&sandbox, &database, &["clean", "--clean-enabled"]).exits(0);
        for (kind, schema) in [
            ("TABLES", "TABLE_SCHEMA"),
            ("ROUTINES", "ROUTINE_SCHEMA"),
            ("EVENTS", "EVENT_SCHEMA"),
            ("TRIGGERS", "TRIGGER_SCHEMA"),
        ] {
            let left = format!("SELECT COUNT(*) FROM information_schema.{kind} WHERE {schema} = DATABASE()");
            assert_eq!(database.value(&left), "0", "{kind}");
        }
        let _ = migrate(&sandbox, &database, &["apply", "--no-placeholders"]).exits(0);
        assert_eq!(database.query("SHOW TABLES"), tables);
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn clean_drops_every_kind_of_object() {
    on_each_engine(|engine| {
        let (sandbox, database) = (migrations(&[]), engine.database());
        for sql in [
            "CREATE TABLE parent (id INT PRIMARY KEY)",
            // Each refers to the other: no order of dropping suits both.
            "CREATE TABLE child (id INT PRIMARY KEY, parent INT, FOREIGN KEY (parent) REFERENCES parent (id))",
            "ALTER TABLE parent ADD COLUMN child INT, ADD FOREIGN KEY (child) REFERENCES child (id)",
            "CREATE VIEW a_view AS SELECT id FROM child",
            "CREATE VIEW b_view AS SELECT id FROM a_view",
            "CREATE PROCEDURE p() SELECT 1",
            "CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1",
            "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 1",
            "CREATE TRIGGER t BEFORE INSERT ON child FOR EACH ROW SET NEW.parent = NULL",
            "CREATE TABLE `odd``name` (id INT)",
        ] {
            database.execute(sql);
        }
        let mut expected = json!({ "event": 1, "function": 1, "procedure": 1, "view": 2, "table": 3 });
        if engine == Engine::MariaDb {
            database.execute("CREATE SEQUENCE s");
            database.execute("CREATE TABLE numbered (id INT DEFAULT NEXT VALUE FOR s)");
            database.execute("CREATE TABLE remembered (id INT) WITH SYSTEM VERSIONING");
            // Packages are of Oracle's dialect; the body goes with its package.
            database.execute(
                "SET sql_mode = ORACLE;\nDELIMITER //\nCREATE PACKAGE k AS PROCEDURE q; END//\n\
                 CREATE PACKAGE BODY k AS PROCEDURE q AS BEGIN SELECT 1; END; END//\nDELIMITER ;\n",
            );
            expected["package"] = json!(1);
            expected["sequence"] = json!(1);
            expected["table"] = json!(5);
        }
        let clean = |disabled: &str| {
            let infra = infra(&sandbox).on(&database).env("FLYWAY_CLEAN_DISABLED", disabled);
            infra.run(&["migrate", "clean", "--format", "json"])
        };
        for disabled in ["true", "", "0"] {
            let _ = clean(disabled).exits(2);
        }
        let cleaned = clean("false").exits(0).json();
        assert_eq!(cleaned["dropped"], expected, "{cleaned}");
        assert!(database.query("SHOW FULL TABLES").is_empty());
        for (kind, schema) in [("ROUTINES", "ROUTINE_SCHEMA"), ("EVENTS", "EVENT_SCHEMA")] {
            let left = format!("SELECT COUNT(*) FROM information_schema.{kind} WHERE {schema} = DATABASE()");
            assert_eq!(database.value(&left), "0", "{kind}");
        }
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn options_say_who_and_what_is_no_fault() {
    on_each_engine(|engine| {
        let sandbox = migrations(&[("V1__a.sql", "SELECT 1;\n"), ("V2__b.sql", "CREATE TABLE b (i INT);\n")]);
        let database = engine.database();
        let apply = [&["apply", "--installed-by", "release 7", "--skip-executing"], &LOCATIONS[..]].concat();
        let _ = migrate(&sandbox, &database, &apply).exits(0);
        assert_eq!(
            database.query("SELECT DISTINCT installed_by FROM flyway_schema_history"),
            [["release 7"]]
        );
        assert_eq!(database.query("SHOW TABLES").len(), 1, "nothing was executed");
        sandbox.remove("migrations/V1__a.sql");
        let validate = [&["validate"], &LOCATIONS[..]].concat();
        let _ = migrate(&sandbox, &database, &validate).exits(1);
        let excused = [&validate[..], &["--ignore-migration-patterns", "*:missing"]].concat();
        let _ = migrate(&sandbox, &database, &excused).exits(0);
        let wrong = [&validate[..], &["--ignore-migration-patterns", "all:gone"]].concat();
        assert!(migrate(&sandbox, &database, &wrong).exits(2).stderr.contains("TYPE:STATE"));
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn schemas_are_created_and_dropped_as_flyway_does() {
    on_each_engine(|engine| {
        let sandbox = migrations(&[("V1__a.sql", "CREATE TABLE a (i INT);\n")]);
        let picture = |schema: &str, through: &Database| {
            let query = format!(
                "SELECT installed_rank, version, description, type, REPLACE(script, '{schema}', 'S'), checksum, success \
                 FROM `{schema}`.flyway_schema_history ORDER BY installed_rank"
            );
            let tables = format!(
                "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = '{schema}' ORDER BY 1"
            );
            (through.query(&query), through.query(&tables))
        };
        let (ours, theirs) = (engine.database(), engine.database());
        let names = [ours.name().to_owned() + "_new", theirs.name().to_owned() + "_new"];
        let [our_schemas, their_schemas] = names.each_ref().map(|name| format!("{name},{name}_more"));
        let apply = [&["apply", "--schemas", &our_schemas], &LOCATIONS[..]].concat();
        let refused = [&apply[..], &["--no-create-schemas"]].concat();
        assert!(migrate(&sandbox, &ours, &refused).exits(2).stderr.contains("does not exist"));
        let _ = migrate(&sandbox, &ours, &apply).exits(0);
        let flyway = Flyway::new(&theirs, &sandbox.path("migrations"))
            .set("SCHEMAS", &their_schemas)
            .run(&["migrate"]);
        let _ = flyway.exits(0);
        assert_eq!(picture(&names[0], &ours), picture(&names[1], &theirs));
        let _ = migrate(&sandbox, &ours, &[&["info", "--schemas", &our_schemas], &LOCATIONS[..]].concat())
            .exits(0);
        let clean = ["clean", "--clean-enabled", "--schemas", &our_schemas];
        let said = migrate(&sandbox, &ours, &clean).exits(0).stdout;
        assert!(said.contains("2 schemas"), "{said}");
        assert!(ours.query(&format!("SHOW DATABASES LIKE '{}%'", names[0])).is_empty());
        theirs.execute(&format!("DROP SCHEMA `{}`; DROP SCHEMA `{}_more`", names[1], names[1]));
    });
}
