//! SQL that Flyway cuts or loses: `infra` sends what the server's own client sends.

use infra_tests::oracle::Flyway;
use infra_tests::servers::{Database, PASSWORD, USER};

use crate::harness::{infra, migrations, on_each_engine};

/// One case a line; every one leaves a row that says so.
const SCRIPT: &str = "\
CREATE TABLE t (id INT PRIMARY KEY, b INT);
INSERT INTO t VALUES (5--1, 1);
INSERT INTO t VALUES (7, 1);
/*! INSERT INTO t VALUES (8, 1) */;
/* a /* b */ INSERT INTO t VALUES (9, 1);
/* c */ INSERT INTO t VALUES (10, 1);
(SELECT 1) UNION (SELECT 2);
CREATE TABLE names (delimiter INT); INSERT INTO t VALUES (11, 1);
DELIMITER '$$'
INSERT INTO t VALUES (12, 1)$$
INSERT INTO t VALUES (13, 1)$$
DELIMITER // the rest of the line
INSERT INTO t VALUES (14, 1)//
CREATE DEFINER=CURRENT_USER TRIGGER x BEFORE INSERT ON t FOR EACH ROW BEGIN SET NEW.b = 2; SET @a = 1; END//
DELIMITER longer_than_8
INSERT INTO t VALUES (15, 1) longer_than_8
INSERT INTO t VALUES (16, 1) longer_than_8
";

/// No client runs these without `DELIMITER`, but they are whole all the same.
const PROGRAMS: &str = "\
CREATE TABLE t (id INT PRIMARY KEY, b INT);
CREATE DEFINER=CURRENT_USER TRIGGER x BEFORE INSERT ON t FOR EACH ROW BEGIN SET NEW.b = 2; SET @a = 1; END;
CREATE DEFINER=CURRENT_USER PROCEDURE p1() BEGIN INSERT INTO t VALUES (1, 1); INSERT INTO t VALUES (2, 1); END;
CREATE PROCEDURE p2() IF 1 THEN INSERT INTO t VALUES (3, 1); END IF;
CREATE PROCEDURE p3() WHILE (SELECT COUNT(*) FROM t) < 4 DO INSERT INTO t VALUES (4, 1); END WHILE;
CREATE PROCEDURE p4() BEGIN IF 1 THEN SELECT 1 AS `END`; END /* c */ IF; INSERT INTO t VALUES (5, 1); END;
CREATE EVENT e ON SCHEDULE EVERY 1 DAY DISABLE DO DELETE FROM t;
ALTER EVENT e DO BEGIN DELETE FROM t; DELETE FROM t; END;
CALL p1();
CALL p2();
CALL p3();
CALL p4();
";

fn rows(database: &Database) -> Vec<Vec<String>> {
    database.query("SELECT id, b FROM t ORDER BY id")
}

fn apply(database: &Database, script: &str) {
    let sandbox = migrations(&[("V1__x.sql", script)]);
    let _ = infra(&sandbox).on(database).run(&["migrate", "apply", "--locations", "migrations"]).exits(0);
}

/// Flyway refuses some of it, sends other parts in pieces, and does not come to the same rows.
fn flyway_does_not(engine: infra_tests::servers::Engine, script: &str) {
    let (sandbox, database) = (migrations(&[("V1__x.sql", script)]), engine.database());
    let _ = Flyway::new(&database, &sandbox.path("migrations")).run(&["migrate"]).exits(1);
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn what_flyway_loses_is_sent_as_by_the_servers_client() {
    on_each_engine(|engine| {
        let (ours, theirs) = (engine.database(), engine.database());
        apply(&ours, SCRIPT);
        let _ = theirs.load(SCRIPT).exits(0);
        let expected: Vec<_> =
            (6..=16).map(|id| vec![id.to_string(), if id > 14 { "2" } else { "1" }.to_owned()]).collect();
        assert_eq!(rows(&theirs), expected, "the client");
        assert_eq!(rows(&ours), expected, "infra");
        flyway_does_not(engine, SCRIPT);
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn programs_that_flyway_cuts_are_whole() {
    on_each_engine(|engine| {
        let database = engine.database();
        apply(&database, PROGRAMS);
        let expected: Vec<_> = (1..=5).map(|id| vec![id.to_string(), "2".to_owned()]).collect();
        assert_eq!(rows(&database), expected);
        let body = database
            .value("SELECT event_definition FROM information_schema.events WHERE event_schema = DATABASE()");
        assert!(body.contains("END"), "{body}");
        flyway_does_not(engine, PROGRAMS);
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn those_who_want_flyways_faults_have_them() {
    on_each_engine(|engine| {
        let sandbox = migrations(&[
            (
                "V1__modes.sql",
                "CREATE TABLE t (word VARCHAR(30));\nSET sql_mode = 'PIPES_AS_CONCAT';\n/*! INSERT INTO t VALUES ('lost') */;\n",
            ),
            ("V2__leak.sql", "INSERT INTO t VALUES (@@sql_mode LIKE '%PIPES%');\n"),
        ]);
        let words = |database: &Database| database.query("SELECT word FROM t ORDER BY word").concat();
        let apply = |quirks: &str| {
            let database = engine.database();
            let infra = infra(&sandbox).on(&database).env("INFRA_FLYWAY_QUIRKS", quirks);
            let _ = infra.run(&["migrate", "apply", "--locations", "migrations"]).exits(0);
            words(&database)
        };
        let theirs = engine.database();
        let _ = Flyway::new(&theirs, &sandbox.path("migrations")).run(&["migrate"]).exits(0);
        assert_eq!(apply("true"), words(&theirs));
        assert_eq!(apply("true"), ["1"], "one statement is lost and a mode leaks");
        assert_eq!(apply("false"), ["0", "lost"]);
        sandbox.write("infra.toml", "flyway_quirks = true\n");
        assert_eq!(apply("false"), ["1"]);
        // Its exit code, too.
        sandbox.write("migrations/V1__modes.sql", "SELECT 1;\n");
        let validate = |quirks: &str| {
            let locations = format!("-locations=filesystem:{}", sandbox.path("migrations").display());
            let infra = infra(&sandbox)
                .env("INFRA_FLYWAY_QUIRKS", quirks)
                .env("FLYWAY_URL", theirs.jdbc_url())
                .env("FLYWAY_USER", USER)
                .env("FLYWAY_PASSWORD", PASSWORD);
            let validated = infra.run(&["flyway", "-outputType=json", &locations, "validate"]);
            assert_eq!(validated.json()["validationSuccessful"], false);
            validated.code
        };
        assert_eq!((validate("false"), validate("true")), (1, 0));
    });
}
