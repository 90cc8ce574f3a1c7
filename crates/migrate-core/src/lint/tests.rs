use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::resolve::{LocationFile, resolve};

pub(super) fn migration(sql: &str) -> Migration {
    let file =
        LocationFile { script: "V1__x.sql".into(), path: "V1__x.sql".into(), bytes: sql.as_bytes().to_vec() };
    resolve(vec![file]).0.remove(0)
}

/// Codes with the text that they point at.
pub(super) fn found(sql: &str) -> Vec<(&'static str, String)> {
    lint(&migration(sql), &Placeholders::default())
        .into_iter()
        .map(|finding| {
            let range = finding.span.offset()..finding.span.offset() + finding.span.len();
            (finding.rule.code, sql.get(range).expect("a place between characters").to_owned())
        })
        .collect()
}

/// Code, SQL that it finds, the place it points at, SQL nearby that it leaves alone.
#[rustfmt::skip]
const CASES: &[(&str, &str, &str, &str)] = &[
    ("lint/drop-table", "DROP TABLE IF EXISTS a", "DROP TABLE IF EXISTS a", "CREATE TABLE a (b INT); DROP TABLE a"),
    ("lint/drop-database", "DROP DATABASE shop", "DROP DATABASE shop", "DROP TABLE shop"),
    ("lint/drop-column", "ALTER TABLE a ADD c INT, DROP COLUMN b", "DROP COLUMN b", "ALTER TABLE a DROP INDEX b"),
    ("lint/drop-partition", "ALTER TABLE a DROP PARTITION p1", "DROP PARTITION p1", "ALTER TABLE a DROP COLUMN p1"),
    ("lint/drop-view", "DROP VIEW v", "DROP VIEW v", "CREATE VIEW v AS SELECT 1"),
    ("lint/truncate", "TRUNCATE TABLE a", "TRUNCATE TABLE a", "SELECT TRUNCATE(1.5, 1)"),
    ("lint/delete-without-where", "DELETE FROM a", "DELETE", "DELETE FROM a WHERE b = 1"),
    ("lint/update-without-where", "UPDATE a SET b = (SELECT 1 FROM c WHERE d)", "UPDATE", "UPDATE a SET b = 1 WHERE c"),
    ("lint/limit-without-order", "DELETE FROM a WHERE b LIMIT 5", "LIMIT 5", "DELETE FROM a WHERE b ORDER BY c LIMIT 5"),
    ("lint/replace-into", "REPLACE INTO a (b) VALUES (1)", "REPLACE", "INSERT INTO a (b) VALUES (REPLACE('a', 'b', 'c'))"),
    ("lint/insert-ignore", "INSERT IGNORE INTO a (b) VALUES (1)", "IGNORE", "INSERT INTO a (b) VALUES (1)"),
    ("lint/insert-without-columns", "INSERT INTO s.a VALUES (1)", "s.a", "INSERT INTO a SET b = 1"),
    ("lint/nondeterministic-value", "INSERT INTO a (b) VALUES (NOW())", "NOW", "INSERT INTO a (b) VALUES ('NOW()')"),
    ("lint/rename-table", "RENAME TABLE a TO b", "RENAME TABLE a TO b", "ALTER TABLE a RENAME INDEX b TO c"),
    ("lint/rename-column", "ALTER TABLE a CHANGE b c INT", "c", "ALTER TABLE a CHANGE b b INT"),
    ("lint/modify-type", "ALTER TABLE a MODIFY COLUMN b BIGINT", "b", "ALTER TABLE a ADD b BIGINT"),
    ("lint/set-not-null", "ALTER TABLE a MODIFY b INT NOT NULL", "NOT NULL", "ALTER TABLE a MODIFY b INT NULL"),
    ("lint/add-not-null", "ALTER TABLE a ADD b INT NOT NULL", "NOT NULL", "ALTER TABLE a ADD b INT NOT NULL DEFAULT 0"),
    ("lint/drop-primary-key", "ALTER TABLE a DROP PRIMARY KEY", "DROP PRIMARY KEY", "ALTER TABLE a DROP PRIMARY KEY, ADD PRIMARY KEY (b)"),
    ("lint/drop-index", "DROP INDEX i ON a", "DROP INDEX i ON a", "ALTER TABLE a ADD INDEX i (b)"),
    ("lint/drop-foreign-key", "ALTER TABLE a DROP FOREIGN KEY f", "DROP FOREIGN KEY f", "ALTER TABLE a DROP INDEX f"),
    ("lint/drop-default", "ALTER TABLE a ALTER b DROP DEFAULT", "ALTER b DROP DEFAULT", "ALTER TABLE a ALTER b SET DEFAULT 1"),
    ("lint/add-unique", "ALTER TABLE a ADD UNIQUE KEY u (b)", "UNIQUE", "CREATE TABLE a (b INT); ALTER TABLE a ADD UNIQUE KEY u (b)"),
    ("lint/inline-references", "CREATE TABLE a (b INT REFERENCES c (d))", "REFERENCES", "CREATE TABLE a (b INT, FOREIGN KEY (b) REFERENCES c (d))"),
    ("lint/no-algorithm", "ALTER TABLE a ADD b INT", "ALTER TABLE", "ALTER TABLE a ADD b INT, ALGORITHM=INSTANT"),
    ("lint/algorithm-copy", "ALTER TABLE a ADD b INT, ALGORITHM = COPY", "ALGORITHM = COPY", "ALTER TABLE a ADD b INT, LOCK=NONE"),
    ("lint/add-fulltext", "CREATE FULLTEXT INDEX i ON a (b)", "FULLTEXT INDEX", "CREATE INDEX i ON a (b)"),
    ("lint/add-spatial", "ALTER TABLE a ADD SPATIAL INDEX i (b)", "SPATIAL", "ALTER TABLE a ADD INDEX spatially (b)"),
    ("lint/add-primary-key", "ALTER TABLE a ADD PRIMARY KEY (b)", "PRIMARY KEY", "CREATE TABLE a (b INT, PRIMARY KEY (b))"),
    ("lint/convert-charset", "ALTER TABLE a CONVERT TO CHARACTER SET utf8mb4", "CONVERT TO CHARACTER SET utf8mb4", "ALTER TABLE a DEFAULT CHARACTER SET utf8mb4"),
    ("lint/add-foreign-key", "ALTER TABLE a ADD CONSTRAINT f FOREIGN KEY (b) REFERENCES c (d)", "FOREIGN KEY", "SET foreign_key_checks = 0; ALTER TABLE a ADD CONSTRAINT f FOREIGN KEY (b) REFERENCES c (d)"),
    ("lint/add-auto-increment", "ALTER TABLE a ADD b INT AUTO_INCREMENT", "AUTO_INCREMENT", "CREATE TABLE a (b INT AUTO_INCREMENT)"),
    ("lint/add-stored-column", "ALTER TABLE a ADD b INT AS (c + 1) STORED", "STORED", "ALTER TABLE a ADD b INT AS (c + 1) VIRTUAL"),
    ("lint/change-engine", "ALTER TABLE a ENGINE=InnoDB", "ENGINE=InnoDB", "CREATE TABLE a (b INT) ENGINE=InnoDB"),
    ("lint/optimize-table", "OPTIMIZE TABLE a", "OPTIMIZE TABLE a", "ANALYZE TABLE a"),
    ("lint/lock-tables", "LOCK TABLES a WRITE", "LOCK TABLES a WRITE", "UNLOCK TABLES"),
    ("lint/several-alters", "ALTER TABLE a ADD b INT; ALTER TABLE a ADD c INT", "ALTER TABLE a", "ALTER TABLE a ADD b INT; UPDATE a SET b = 1; ALTER TABLE a ADD c INT"),
    ("lint/no-primary-key", "CREATE TABLE a (b INT)", "a", "CREATE TEMPORARY TABLE a (b INT)"),
    ("lint/engine", "CREATE TABLE a (b INT) ENGINE=MyISAM", "MyISAM", "CREATE TABLE a (engine INT) ENGINE = InnoDB"),
    ("lint/float-money", "CREATE TABLE a (unit_price FLOAT)", "FLOAT", "CREATE TABLE a (unit_price DECIMAL(9,2), ratio FLOAT)"),
    ("lint/utf8mb3", "CREATE TABLE a (b INT) DEFAULT CHARSET=utf8", "utf8", "CREATE TABLE a (b INT) DEFAULT CHARSET=utf8mb4"),
    ("lint/latin1", "CREATE TABLE a (b TEXT COLLATE latin1_bin)", "latin1_bin", "CREATE TABLE a (latin1 TEXT COLLATE utf8mb4_bin)"),
    ("lint/enum", "CREATE TABLE a (b ENUM('x'))", "ENUM", "CREATE TABLE a (`enum` INT)"),
    ("lint/display-width", "CREATE TABLE a (b INT(11))", "INT(11)", "CREATE TABLE a (b TINYINT(1), c DECIMAL(5))"),
    ("lint/zerofill", "CREATE TABLE a (b INT ZEROFILL)", "ZEROFILL", "CREATE TABLE a (b INT COMMENT 'ZEROFILL')"),
    ("lint/timestamp-2038", "CREATE TABLE a (b TIMESTAMP)", "TIMESTAMP", "CREATE TABLE a (timestamp DATETIME)"),
    ("lint/reserved-name", "CREATE TABLE a (`order` INT)", "`order`", "CREATE TABLE a (`orders` INT)"),
    ("lint/nullable-unique", "CREATE TABLE a (b INT, UNIQUE KEY u (b))", "b", "CREATE TABLE a (b INT NOT NULL, UNIQUE KEY u (b))"),
    ("lint/unnamed-constraint", "CREATE TABLE a (b INT, FOREIGN KEY (b) REFERENCES c (d))", "FOREIGN KEY", "CREATE TABLE a (b INT, CONSTRAINT f FOREIGN KEY (b) REFERENCES c (d))"),
    ("lint/create-select", "CREATE TABLE a AS SELECT b FROM c", "SELECT", "CREATE TABLE a LIKE c"),
    ("lint/select-star", "CREATE VIEW v AS SELECT a.* FROM a", "*", "CREATE VIEW v AS SELECT COUNT(*), 2 * 3 FROM a"),
    ("lint/if-not-exists", "CREATE TABLE IF NOT EXISTS a (b INT)", "IF NOT EXISTS", "CREATE TABLE a (b INT)"),
    ("lint/definer", "CREATE DEFINER=`root`@`%` VIEW v AS SELECT 1", "DEFINER=`root`@`%`", "CREATE DEFINER=CURRENT_USER VIEW v AS SELECT 1"),
    ("lint/grant", "GRANT SELECT ON a TO b", "GRANT", "SELECT 'GRANT'"),
    ("lint/create-user", "CREATE USER a", "CREATE USER", "CREATE TABLE user (a INT)"),
    ("lint/password-literal", "CREATE USER a IDENTIFIED BY 'secret'", "'secret'", "CREATE USER a IDENTIFIED BY '${password}'"),
    ("lint/transaction-control", "START TRANSACTION", "START TRANSACTION", "CREATE PROCEDURE p() BEGIN COMMIT; END"),
    ("lint/set-global", "SET GLOBAL max_connections = 5", "GLOBAL", "SET SESSION sort_buffer_size = 5"),
    ("lint/use-database", "USE other", "USE other", "SELECT 1 FROM a USE INDEX (b)"),
    ("lint/sql-mode-leak", "SET sql_mode = ''", "SET sql_mode = ''", "SET @old = @@sql_mode; SET sql_mode = ''; SET sql_mode = @old"),
    ("lint/foreign-key-checks-off", "SET foreign_key_checks = 0", "SET foreign_key_checks = 0", "SET foreign_key_checks = 0; SET foreign_key_checks = 1"),
    ("lint/unique-checks-off", "SET @a = @@unique_checks, unique_checks = OFF", "SET @a = @@unique_checks, unique_checks = OFF", "SET unique_checks = OFF; SET unique_checks = @a"),
    ("lint/mixed-ddl-dml", "ALTER TABLE a ADD b INT; INSERT INTO a (b) VALUES (1)", "INSERT", "INSERT INTO a (b) VALUES (1)"),
    ("flyway/bare-executable-comment", "/*! ALTER TABLE a ADD b INT */", "/*!", "/*!50000 ALTER TABLE a ADD b INT */"),
    ("flyway/nested-comment", "SELECT 1 /* a /* b */; SELECT 2", "/*", "SELECT 1 /* a * b */; SELECT 2"),
    ("flyway/dashes-without-space", "SELECT 5--1; SELECT 2", "--", "SELECT 5 - -1; SELECT 2"),
    ("flyway/leading-parenthesis", "(SELECT 1) UNION (SELECT 2)", "(", "\n\n(SELECT 1) UNION (SELECT 2)"),
    ("flyway/definer-program", "CREATE DEFINER=CURRENT_USER TRIGGER t BEFORE INSERT ON a FOR EACH ROW BEGIN SET @b = 1; END", "CREATE DEFINER=CURRENT_USER TRIGGER", "CREATE DEFINER=a@b PROCEDURE p() BEGIN SET @b = 1; END"),
    ("flyway/or-replace-program", "CREATE OR REPLACE PROCEDURE p() BEGIN SET @b = 1; END", "CREATE OR REPLACE PROCEDURE", "DELIMITER //\nCREATE OR REPLACE PROCEDURE p() BEGIN SET @b = 1; END//"),
    ("flyway/alter-event", "ALTER EVENT e DO BEGIN SET @b = 1; END", "ALTER", "ALTER EVENT e DO SET @b = 1; SELECT 1"),
    ("flyway/package", "CREATE PACKAGE p PROCEDURE a(); END", "CREATE PACKAGE", "DELIMITER //\nCREATE PACKAGE p PROCEDURE a(); END//"),
    ("flyway/body-without-begin", "CREATE PROCEDURE p() IF 1 THEN SELECT 1; END IF", "CREATE PROCEDURE", "CREATE PROCEDURE p() BEGIN IF 1 THEN SELECT 1; END IF; END"),
    ("flyway/for-loop", "CREATE PROCEDURE p() BEGIN FOR i IN 1..3 DO SELECT i; END FOR; END", "END FOR", "DELIMITER //\nCREATE PROCEDURE p() BEGIN FOR i IN 1..3 DO SELECT i; END FOR; END//"),
    ("flyway/comment-after-end", "CREATE PROCEDURE p() BEGIN IF 1 THEN SELECT 1; END /* c */ IF; END", "/* c */", "CREATE PROCEDURE p() BEGIN IF 1 THEN SELECT 1; /* c */ END IF; END"),
    ("flyway/quoted-end", "CREATE PROCEDURE p() BEGIN SELECT 1 AS `END`; SELECT 2; END", "`END`", "CREATE PROCEDURE p() BEGIN SELECT 1 AS `end`; SELECT 2; END"),
    ("flyway/delimiter-comment", "DELIMITER // -- note\nSELECT 1//", "-- note", "DELIMITER //\n-- note\nSELECT 1//"),
    ("flyway/delimiter-quotes", "DELIMITER '$$'\nSELECT 1$$", "'$$'", "DELIMITER $$\nSELECT '$$'$$"),
    ("flyway/long-delimiter", "DELIMITER end_of_it\nSELECT 1 end_of_it", "end_of_it", "DELIMITER end_of_i\nSELECT 1 end_of_i"),
    ("flyway/delimiter-name", "CREATE TABLE a (delimiter INT)", "delimiter", "CREATE TABLE a (`delimiter` INT)"),
    ("flyway/client-terminator", "SELECT 1\\G", "\\G", "SELECT '\\G'"),
    ("flyway/quoting-mode", "SET sql_mode = 'NO_BACKSLASH_ESCAPES'; SELECT 'C:\\'", "\\'", "SET sql_mode = 'ANSI'; SELECT 'C:\\''"),
    ("flyway/splits-differently", "CREATE AGGREGATE FUNCTION f(x INT) RETURNS INT BEGIN FETCH GROUP NEXT ROW; RETURN 1; END", "CREATE AGGREGATE FUNCTION f(x INT) RETURNS INT BEGIN FETCH GROUP NEXT ROW; RETURN 1; END", "CREATE FUNCTION f(x INT) RETURNS INT BEGIN SET @a = x; RETURN 1; END"),
    ("lint/suppression", "-- infra:allow lint/enum: old\nSELECT 1", "-- infra:allow lint/enum: old", "-- infra: allow nothing\nSELECT 1"),
];

#[test]
fn every_rule_finds_its_case_and_no_other() {
    for (code, bad, place, good) in CASES {
        let places: Vec<_> = found(bad).into_iter().filter(|(found, _)| found == code).collect();
        assert_eq!(places, [(*code, (*place).to_owned())], "{bad}");
        assert!(found(good).iter().all(|(found, _)| found != code), "{code}: {good}");
    }
}

#[test]
fn every_rule_has_a_case_and_its_own_code() {
    let codes: BTreeSet<_> = RULES.iter().map(|rule| rule.code).collect();
    assert_eq!(codes.len(), RULES.len());
    assert_eq!(CASES.iter().map(|(code, ..)| *code).collect::<BTreeSet<_>>(), codes);
}

#[test]
fn flyway_does_not_cut_executable_comments() {
    let sql = "/*!50003 CREATE*/ /*!50017 DEFINER=a@b*/ /*!50003 TRIGGER t BEFORE INSERT ON c \
               FOR EACH ROW BEGIN SET NEW.d = 1; END */";
    assert!(found(sql).iter().all(|(code, _)| !code.starts_with("flyway/")));
}

#[test]
fn only_a_table_created_before_is_new() {
    let drops = |sql| found(sql).iter().any(|(code, _)| *code == "lint/drop-table");
    assert!(!drops("CREATE TABLE a (b INT); DROP TABLE a"));
    assert!(drops("DROP TABLE a; CREATE TABLE a (b INT)"));
    assert!(drops("CREATE TABLE IF NOT EXISTS a (b INT); DROP TABLE a"));
}

#[test]
fn suppressions_work_on_their_line_or_statement() {
    for sql in [
        "-- infra:allow lint/drop-table: moved to b\nDROP TABLE a",
        "DROP TABLE a; -- infra:allow lint/drop-table: moved to b",
        "/* infra:allow lint/drop-table: moved to b */\nDROP\nTABLE a",
        "# infra:allow lint/drop-table: one\n# infra:allow lint/drop-table: two\nDROP TABLE a",
    ] {
        assert_eq!(found(sql), [], "{sql}");
    }
    let codes = |sql| found(sql).into_iter().map(|(code, _)| code).collect::<Vec<_>>();
    for sql in [
        "DROP TABLE a; -- infra:allow lint/drop-table",
        "DROP TABLE a; -- infra:allow lint/drop-table:  ",
        "DROP TABLE a; -- infra:allow lint/no-such: reason",
        "-- infra:allow lint/drop-table: too far\n\nDROP TABLE a",
        "DROP TABLE a;\n-- infra:allow lint/drop-table: too late",
    ] {
        let mut codes = codes(sql);
        codes.sort_unstable();
        assert_eq!(codes, ["lint/drop-table", "lint/suppression"], "{sql}");
    }
}

#[test]
fn what_is_found_everywhere_is_counted() {
    let linted = |count: usize| {
        let sql = "INSERT INTO a VALUES (1);\n".repeat(count) + "DROP TABLE b;\n";
        lint(&migration(&sql), &Placeholders::default())
    };
    let of_inserts = |findings: &[LintFinding]| {
        let messages = findings.iter().filter(|finding| finding.rule.code == "lint/insert-without-columns");
        messages.map(|finding| finding.message.clone()).collect::<Vec<_>>()
    };
    let all = of_inserts(&linted(MAX_PER_RULE));
    assert!(all.len() == MAX_PER_RULE && all.iter().all(|message| *message == all[0]), "{all:?}");
    let findings = linted(MAX_PER_RULE + 30);
    let some = of_inserts(&findings);
    assert_eq!(some.len(), MAX_PER_RULE);
    assert!(some[MAX_PER_RULE - 1].ends_with("(and at 30 more places of this file)"), "{some:?}");
    assert_eq!(some[..MAX_PER_RULE - 1], all[1..]);
    assert!(findings.iter().any(|finding| finding.rule.code == "lint/drop-table"));
}

#[test]
fn the_reference_tree_can_be_linted() {
    let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/mysql/migrations");
    let naming = crate::naming::Naming::default();
    let (files, _) = crate::fs::read_locations(&[directory.into()], None, &naming, crate::fs::Missing::Fail)
        .expect("the tree is there");
    let (migrations, _) = resolve(files);
    assert!(!migrations.is_empty());
    for migration in &migrations {
        for finding in lint(migration, &Placeholders::default()) {
            assert!(finding.span.offset() + finding.span.len() <= migration.text().len());
        }
    }
}

proptest! {
    #[test]
    fn any_text_can_be_linted(text in "\\PC*") {
        lint(&migration(&text), &Placeholders::default());
    }

    #[test]
    fn any_words_can_be_linted(words in prop::collection::vec(prop::sample::select(WORDS), 0..24)) {
        lint(&migration(&words.join(" ")), &Placeholders::default());
    }
}

const WORDS: &[&str] = &[
    "CREATE",
    "ALTER",
    "TABLE",
    "DROP",
    "ADD",
    "CHANGE",
    "MODIFY",
    "COLUMN",
    "a",
    "`b`",
    "(",
    ")",
    ",",
    ";",
    ".",
    "UNIQUE",
    "KEY",
    "PRIMARY KEY",
    "NOT NULL",
    "INSERT",
    "INTO",
    "SET",
    "=",
    "DEFINER",
    "@",
    "/*!",
    "*/",
    "--",
    "\n",
    "'",
    "DELIMITER",
    "//",
    "\\G",
    "SELECT",
    "*",
    "é",
    "-- infra:allow lint/enum: x\n",
    "UPDATE",
    "LIMIT",
    "CONSTRAINT",
    "FOREIGN KEY",
    "CHECK",
    "PARTITION",
    "BEGIN",
    "END",
    "TRIGGER",
    "IF NOT EXISTS",
    "ENGINE",
];
