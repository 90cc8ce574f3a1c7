//! Callbacks and the settings of single scripts, beside Flyway.

use infra_tests::oracle::Flyway;
use infra_tests::run::Outcome;
use infra_tests::sandbox::Sandbox;
use infra_tests::servers::Database;

use crate::harness::{findings, infra, migrations, on_each_engine};

/// Every event that a run without undo can come to.
const EVENTS: [&str; 34] = [
    "afterBaseline",
    "afterBaselineError",
    "afterBaselineOperationFinish",
    "afterConnect",
    "afterEachMigrate",
    "afterEachMigrateError",
    "afterEachMigrateStatement",
    "afterEachMigrateStatementError",
    "afterInfo",
    "afterInfoError",
    "afterInfoOperationFinish",
    "afterMigrate",
    "afterMigrateApplied",
    "afterMigrateError",
    "afterMigrateOperationFinish",
    "afterRepair",
    "afterRepairError",
    "afterRepairOperationFinish",
    "afterValidate",
    "afterValidateError",
    "afterValidateOperationFinish",
    "afterVersioned",
    "beforeBaseline",
    "beforeClean",
    "afterClean",
    "afterCleanOperationFinish",
    "beforeCreateSchema",
    "createSchema",
    "beforeEachMigrate",
    "beforeEachMigrateStatement",
    "beforeInfo",
    "beforeMigrate",
    "beforeRepair",
    "beforeValidate",
];

/// Migrations with a callback for each event that writes down that it was called.
fn speaking(files: &[(&str, &str)], audit: &Database) -> Sandbox {
    audit.execute("CREATE TABLE calls (id INT AUTO_INCREMENT PRIMARY KEY, event VARCHAR(60))");
    let sandbox = migrations(files);
    for event in EVENTS.iter().chain(&["beforeRepeatables"]) {
        let sql = format!("INSERT INTO `{}`.calls (event) VALUES ('{event}');\n", audit.name());
        sandbox.write(&format!("migrations/{event}.sql"), sql);
    }
    sandbox
}

/// The events since the last question, without those of connections, of which Flyway opens more.
fn calls(audit: &Database) -> Vec<String> {
    let rows = audit.query("SELECT event FROM calls WHERE event <> 'afterConnect' ORDER BY id");
    audit.execute("DELETE FROM calls");
    rows.concat()
}

fn migrate(sandbox: &Sandbox, database: &Database, arguments: &[&str]) -> Outcome {
    infra(sandbox).on(database).run(&[&["migrate"], arguments, &["--locations", "migrations"]].concat())
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn callbacks_are_called_when_flyway_calls_them() {
    on_each_engine(|engine| {
        let files = [
            ("V1__a.sql", "CREATE TABLE a (i INT);\nINSERT INTO a VALUES (1);\n"),
            ("V2__b.sql", "CREATE TABLE b (i INT);\n"),
            ("R__v.sql", "CREATE OR REPLACE VIEW v AS SELECT i FROM a;\n"),
        ];
        let [ours, theirs, our_audit, their_audit] = std::array::from_fn(|_| engine.database());
        let (our_files, their_files) = (speaking(&files, &our_audit), speaking(&files, &their_audit));
        let locations = their_files.path("migrations");
        let flyway = |verb: &str| Flyway::new(&theirs, &locations).run(&[verb]);
        let compare = |step: &str, verb: &str, code: i32| {
            let _ = migrate(&our_files, &ours, &[if verb == "migrate" { "apply" } else { verb }]).exits(code);
            let _ = flyway(verb).exits(i32::from(code != 0));
            let (mut called, expected) = (calls(&our_audit), calls(&their_audit));
            assert!(!expected.is_empty());
            if (verb, code) == ("migrate", 4) {
                // Flyway calls them before it takes the migration back, and so what they write.
                let lost = ["afterEachMigrateStatementError", "afterEachMigrateError"];
                let place = called.iter().position(|event| *event == lost[0]).expect("it was called");
                assert_eq!(called.drain(place..place + 2).collect::<Vec<_>>(), lost);
            }
            // It looks after schemas before a baseline, too, which is here left to the run that creates them.
            let created = ["createSchema", "beforeCreateSchema"];
            let expected: Vec<String> = match verb {
                "baseline" => {
                    expected.into_iter().filter(|event| !created.contains(&event.as_str())).collect()
                }
                _ => expected,
            };
            // Flyway gives the finishing event of three verbs the name of another by mistake.
            let expected: Vec<String> = match verb {
                "validate" | "repair" | "baseline" => {
                    let name = format!("after{}{}OperationFinish", verb[..1].to_uppercase(), &verb[1..]);
                    expected
                        .into_iter()
                        .filter(|event| !event.ends_with("OperationFinish"))
                        .chain([name])
                        .collect()
                }
                _ => expected,
            };
            assert_eq!(called, expected, "{step}");
        };
        compare("info of nothing", "info", 0);
        compare("a first run", "migrate", 0);
        compare("a second run", "migrate", 0);
        compare("info", "info", 0);
        compare("validate", "validate", 0);
        compare("baseline", "baseline", 2);
        for sandbox in [&our_files, &their_files] {
            sandbox
                .write("migrations/V3__c.sql", "CREATE TABLE c (i INT);\nINSERT INTO nowhere VALUES (1);\n");
        }
        compare("a failure", "migrate", 4);
        compare("validate after it", "validate", 1);
        compare("repair", "repair", 0);
        let _ = migrate(&our_files, &ours, &["clean", "--clean-enabled"]).exits(0);
        assert_eq!(calls(&our_audit), ["beforeClean", "afterClean", "afterCleanOperationFinish"]);
        let _ = migrate(&our_files, &ours, &["info", "--skip-callbacks"]).exits(0);
        assert_eq!(calls(&our_audit), Vec::<String>::new());
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn a_callback_that_fails_stops_the_verb_and_shows_its_place() {
    on_each_engine(|engine| {
        let database = engine.database();
        let sandbox = migrations(&[
            ("V1__a.sql", "CREATE TABLE a (i INT);\n"),
            (
                "beforeMigrate__guard.sql",
                "SELECT 1;\n  SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not today';\n",
            ),
        ]);
        let refused = migrate(&sandbox, &database, &["apply", "--format", "json"]).exits(4).json();
        let finding = &findings(&refused)[0];
        assert_eq!(finding["rule"], "migrate/callback-failed");
        assert_eq!((finding["line"].as_u64(), finding["column"].as_u64()), (Some(2), Some(3)));
        assert!(
            finding["message"].as_str().is_some_and(|message| message.contains("not today")),
            "{finding}"
        );
        assert!(database.query("SHOW TABLES").is_empty());
        let _ = Flyway::new(&database, &sandbox.path("migrations")).run(&["migrate"]).exits(1);
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn what_one_callback_sets_reaches_what_it_is_meant_for() {
    on_each_engine(|engine| {
        let seen = "INSERT INTO seen VALUES (CONCAT_WS(' ', @a, @b, @c));\n";
        let database = engine.database();
        database.execute("CREATE TABLE seen (what VARCHAR(40))");
        let sandbox = migrations(&[
            ("V2__a.sql", seen),
            ("V3__b.sql", seen),
            ("afterConnect.sql", "SET @a = 'connect';\n"),
            ("beforeMigrate.sql", "SET @b = 'migrate';\n"),
            ("beforeEachMigrate.sql", "SET @c = IFNULL(CONCAT(@c, '+'), 'each');\n"),
        ]);
        let _ = migrate(&sandbox, &database, &["apply", "--baseline-on-migrate"]).exits(0);
        assert_eq!(database.query("SELECT what FROM seen"), [["connect each"], ["connect each"]]);
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn scripts_with_settings_leave_the_history_that_flyways_leave() {
    on_each_engine(|engine| {
        let sandbox = migrations(&[
            ("V1__t.sql", "CREATE TABLE t (word VARCHAR(20)) CHARACTER SET utf8mb4;\n"),
            ("V3__raw.sql", "INSERT INTO t VALUES ('${raw}');\n"),
            ("V3__raw.sql.conf", "placeholderReplacement=false\n"),
            ("V4__single.sql", "INSERT INTO t VALUES ('one');\nINSERT INTO t VALUES ('two');\n"),
            ("V4__single.sql.conf", "executeInTransaction=false\n"),
            ("R__raw.sql", "CREATE OR REPLACE VIEW v AS SELECT '${raw}' AS word;\n"),
            ("R__raw.sql.conf", "placeholderReplacement=false\n"),
        ]);
        sandbox.write("migrations/V2__latin.sql", b"INSERT INTO t VALUES ('caf\xe9');\n");
        sandbox.write("migrations/V2__latin.sql.conf", "# as the old tool wrote it\nencoding=ISO-8859-1\n");
        let (ours, theirs) = (engine.database(), engine.database());
        let _ = migrate(&sandbox, &ours, &["apply"]).exits(0);
        let flyway = Flyway::new(&theirs, &sandbox.path("migrations")).run(&["migrate"]);
        let _ = flyway.exits(0);
        assert_eq!(ours.history(), theirs.history());
        let words = |database: &Database| database.query("SELECT word FROM t UNION ALL SELECT word FROM v");
        assert_eq!(words(&ours), words(&theirs));
        assert_eq!(words(&ours).concat(), ["café", "${raw}", "one", "two", "${raw}"]);
        sandbox.write("migrations/V4__single.sql.conf", "executeInTransactions=false\n");
        let refused = migrate(&sandbox, &ours, &["validate", "--format", "json"]).exits(1).json();
        assert_eq!(findings(&refused)[0]["rule"], "migrate/script-setting");
        let _ = Flyway::new(&theirs, &sandbox.path("migrations")).run(&["migrate"]).exits(1);
    });
}
