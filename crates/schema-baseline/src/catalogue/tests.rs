use std::sync::Arc;

use miette::Diagnostic;

use super::Catalogue;
use crate::Finding;
use crate::ast::DefaultValue;
use crate::dialect::Dialect;
use crate::place::Source;
use crate::replay::replay_scripts;

fn run(text: &str) -> (Catalogue, Vec<Finding>) {
    replay_scripts([Arc::new(Source::new("a.sql", text.into()))], Dialect::default())
}

#[track_caller]
fn clean(text: &str) -> Catalogue {
    let (catalogue, findings) = run(text);
    assert!(findings.is_empty(), "{text}: {findings:?}");
    catalogue
}

/// The code of the only finding, and the text at its place.
#[track_caller]
fn refused(text: &str, code: &str, place: &str) {
    let (_, findings) = run(text);
    let found: Vec<_> = findings
        .iter()
        .map(|finding| {
            let span = *finding.labels().unwrap().next().unwrap().inner();
            (finding.code().unwrap().to_string(), text[span.offset()..span.offset() + span.len()].to_owned())
        })
        .collect();
    assert_eq!(found, [(code.to_owned(), place.to_owned())], "{text}");
}

const PARENT: &str =
    "CREATE TABLE p (id BIGINT UNSIGNED PRIMARY KEY, code VARCHAR(9), UNIQUE KEY code (code));";

#[test]
fn names_that_the_server_gives() {
    let catalogue = clean(&format!(
        "{PARENT} CREATE TABLE c (a BIGINT UNSIGNED, b INT CHECK (b > 0), KEY (a), KEY (a, b), KEY ((b + 1)), UNIQUE (b),
            FOREIGN KEY (a) REFERENCES p (id), CHECK (a < b));
         ALTER TABLE c ADD FOREIGN KEY (a) REFERENCES p (id);
         RENAME TABLE c TO d;"
    ));
    let table = &catalogue.tables()["d"];
    let keys: Vec<_> = table.keys.iter().map(|key| key.name.as_str()).collect();
    assert_eq!(keys, ["a", "a_2", "functional_index", "b"]);
    let foreign: Vec<_> = table.foreign_keys.iter().map(|key| key.name.as_str()).collect();
    assert_eq!(foreign, ["d_ibfk_1", "d_ibfk_2"]);
    let checks: Vec<_> = table.checks.iter().map(|check| check.name.as_str()).collect();
    assert_eq!(checks, ["d_chk_1", "d_chk_2"]);
}

#[test]
fn a_foreign_key_brings_its_key_until_another_can_serve() {
    let keys = |text: &str| -> Vec<String> {
        let catalogue = clean(&format!("{PARENT} {text}"));
        catalogue.tables()["c"].keys.iter().map(|key| key.name.clone()).collect()
    };
    let create =
        "CREATE TABLE c (a BIGINT UNSIGNED, b INT, CONSTRAINT fk FOREIGN KEY (a) REFERENCES p (id));";
    assert_eq!(keys(create), ["fk"]);
    assert_eq!(keys(&format!("{create} ALTER TABLE c ADD KEY wider (a, b);")), ["wider"]);
    assert_eq!(keys(&format!("{create} ALTER TABLE c DROP FOREIGN KEY fk;")), ["fk"]);
    let again = "ALTER TABLE c DROP FOREIGN KEY fk; ALTER TABLE c ADD CONSTRAINT other FOREIGN KEY (a) REFERENCES p (id);";
    assert_eq!(keys(&format!("{create} {again}")), ["other"]);
}

#[test]
fn character_sets_are_inherited() {
    let catalogue = clean(
        "CREATE TABLE t (a VARCHAR(9), b VARCHAR(9) COLLATE latin1_bin, c TEXT) DEFAULT CHARSET=utf8 COLLATE=utf8_bin;
         ALTER TABLE t DEFAULT CHARSET=latin1, ADD d CHAR(1);
         CREATE TABLE u (a TEXT, b INT) CHARSET latin1; ALTER TABLE u CONVERT TO CHARACTER SET utf8mb4;",
    );
    let collation = |table: &str, column: &str| {
        let column = catalogue.tables()[table].column(column).unwrap();
        (column.data_type.name, column.data_type.collation.clone().unwrap_or_default())
    };
    assert_eq!(collation("t", "a"), ("varchar", "utf8mb3_bin".to_owned()));
    assert_eq!(collation("t", "b"), ("varchar", "latin1_bin".to_owned()));
    assert_eq!(collation("t", "d"), ("char", "latin1_swedish_ci".to_owned()));
    assert_eq!(collation("u", "a"), ("mediumtext", "utf8mb4_0900_ai_ci".to_owned()));
    assert_eq!(collation("u", "b"), ("int", String::new()));
}

#[test]
fn alter_table_works_as_a_whole() {
    let catalogue = clean(
        "CREATE TABLE t (a INT NOT NULL, b INT, c INT, KEY k (b));
         ALTER TABLE t DROP KEY k, ADD KEY k (c), RENAME COLUMN a TO b, RENAME COLUMN b TO a, ADD d INT FIRST, MODIFY c BIGINT AFTER d;",
    );
    let table = &catalogue.tables()["t"];
    assert_eq!(table.column_names().collect::<Vec<_>>(), ["d", "c", "b", "a"]);
    assert!(!table.column("b").unwrap().nullable && table.column("a").unwrap().nullable);
    let catalogue = clean(
        "CREATE TABLE t (a INT DEFAULT 5 COMMENT 'x', b INT); ALTER TABLE t MODIFY a INT, ADD PRIMARY KEY (b);",
    );
    let table = &catalogue.tables()["t"];
    assert_eq!(table.column("a").unwrap().default, Some(DefaultValue::Null));
    assert!(!table.column("b").unwrap().nullable);
}

#[test]
fn refuses_what_does_not_exist() {
    refused("ALTER TABLE nope ADD a INT;", "schema/unknown-table", "nope");
    refused("CREATE TABLE t (a INT); ALTER TABLE t DROP COLUMN b;", "schema/unknown-column", "b");
    refused("CREATE TABLE t (a INT, KEY (b));", "schema/unknown-column", "b");
    refused("CREATE TABLE t (a INT); ALTER TABLE t DROP INDEX k;", "schema/unknown-key", "k");
    refused("CREATE TABLE t (a INT); ALTER TABLE t DROP FOREIGN KEY f;", "schema/unknown-key", "f");
    refused("DROP VIEW v;", "schema/unknown-object", "v");
    refused("CREATE TABLE t (a INT); INSERT INTO t (a, z) VALUES (1, 2);", "schema/unknown-column", "z");
    refused("UPDATE nope SET a = 1;", "schema/unknown-table", "nope");
    refused(
        "CREATE TRIGGER g BEFORE INSERT ON nope FOR EACH ROW SET @a = 1;",
        "schema/unknown-table",
        "nope",
    );
    refused("CREATE TABLE t (a INT); ALTER TABLE t ADD b INT AFTER z;", "schema/unknown-column", "z");
    refused("CALL p();", "schema/unknown-object", "p");
}

#[test]
fn refuses_what_exists_already() {
    refused("CREATE TABLE t (a INT); CREATE TABLE `t` (b INT);", "schema/duplicate-object", "`t`");
    refused("CREATE TABLE t (a INT, A INT);", "schema/duplicate-column", "A");
    refused("CREATE TABLE t (a INT, KEY k (a), KEY K (a));", "schema/duplicate-key", "K");
    refused(
        "CREATE TABLE t (a INT PRIMARY KEY, b INT, PRIMARY KEY (b));",
        "schema/invalid-definition",
        "PRIMARY KEY (b)",
    );
    refused("CREATE TABLE t (a INT); CREATE VIEW t AS SELECT 1;", "schema/duplicate-object", "t");
    clean("CREATE TABLE t (a INT); CREATE TABLE IF NOT EXISTS t (b INT);");
}

#[test]
fn refuses_what_something_needs() {
    let child = format!(
        "{PARENT} CREATE TABLE c (a BIGINT UNSIGNED, KEY k (a), CONSTRAINT fk FOREIGN KEY (a) REFERENCES p (id));"
    );
    refused(&format!("{child} DROP TABLE p;"), "schema/still-in-use", "p");
    refused(&format!("{child} ALTER TABLE c DROP COLUMN a;"), "schema/still-in-use", "a");
    refused(&format!("{child} ALTER TABLE c DROP KEY k;"), "schema/still-in-use", "k");
    refused(&format!("{child} ALTER TABLE c MODIFY a INT;"), "schema/still-in-use", "a INT");
    refused(&format!("{child} ALTER TABLE p CHANGE id id INT;"), "schema/still-in-use", "id INT");
    refused(
        "CREATE TABLE t (a INT, b INT AS (a + 1)); ALTER TABLE t DROP COLUMN a;",
        "schema/still-in-use",
        "a",
    );
    refused(
        "CREATE TABLE t (a INT, b INT, c INT, UNIQUE KEY u (a, b)); ALTER TABLE t DROP COLUMN a;",
        "schema/narrowed-key",
        "a",
    );
    clean(&format!("{child} ALTER TABLE c DROP FOREIGN KEY fk, DROP KEY k, DROP COLUMN a, ADD b INT;"));
    clean(&format!("{child} SET foreign_key_checks = 0; DROP TABLE p; DROP TABLE c;"));
    clean(&format!("{child} DROP TABLE c, p;"));
}

#[test]
fn holds_foreign_keys_against_the_parent() {
    let create =
        |column: &str, rest: &str| format!("{PARENT} CREATE TABLE c (a {column}, CONSTRAINT f {rest});");
    let key = "FOREIGN KEY (a) REFERENCES p (id)";
    clean(&create("BIGINT UNSIGNED", key));
    refused(&create("BIGINT", key), "schema/foreign-key", &format!("CONSTRAINT f {key}"));
    refused(&create("INT UNSIGNED", key), "schema/foreign-key", &format!("CONSTRAINT f {key}"));
    let missing = "FOREIGN KEY (a) REFERENCES nope (id)";
    refused(&create("INT", missing), "schema/unknown-table", &format!("CONSTRAINT f {missing}"));
    let set_null = "FOREIGN KEY (a) REFERENCES p (id) ON DELETE SET NULL";
    refused(
        &create("BIGINT UNSIGNED NOT NULL", set_null),
        "schema/foreign-key",
        &format!("CONSTRAINT f {set_null}"),
    );
    let text = "FOREIGN KEY (a) REFERENCES p (code)";
    clean(&create("VARCHAR(20)", text));
    clean(
        "CREATE TABLE w (a VARCHAR(9), UNIQUE (a(9))); CREATE TABLE c (a VARCHAR(9), FOREIGN KEY (a) REFERENCES w (a));",
    );
    refused(
        &create("VARCHAR(9) COLLATE latin1_bin", text),
        "schema/foreign-key",
        &format!("CONSTRAINT f {text}"),
    );
}

#[test]
fn other_rules_of_the_server() {
    refused("CREATE TABLE t (a INT AUTO_INCREMENT);", "schema/invalid-definition", "a INT AUTO_INCREMENT");
    refused("CREATE TABLE t (a TEXT, KEY (a));", "schema/invalid-definition", "a");
    refused("CREATE TABLE t (a INT, KEY (a, a));", "schema/invalid-definition", "a");
    refused("CREATE TABLE t (a INT NULL PRIMARY KEY);", "schema/invalid-definition", "a");
}

#[test]
fn what_is_not_known_is_not_held_against_anyone() {
    let (catalogue, findings) = run("CREATE TABLE t (a INT);
         CREATE PROCEDURE p() BEGIN IF (SELECT COUNT(*) FROM t) THEN ALTER TABLE t ADD b INT; END IF; END;
         CALL p();
         ALTER TABLE t DROP COLUMN b;
         CREATE TABLE u AS SELECT RAND() AS x;
         ALTER TABLE u ADD KEY (x);");
    assert!(findings.iter().all(|finding| matches!(finding, Finding::NotUnderstood { .. })), "{findings:?}");
    assert_eq!(findings.len(), 2);
    assert!(catalogue.tables()["t"].unknown.is_some() && catalogue.tables()["u"].unknown.is_some());
}

#[test]
fn every_reference_must_exist_in_the_end() {
    // A view reads what must be there when it is created, a trigger what must be there when it runs.
    let (_, findings) = run("CREATE TABLE customers (a INT); CREATE VIEW v AS SELECT a FROM custmers;");
    let [Finding::UnknownTable { help, .. }] = findings.as_slice() else { panic!("{findings:?}") };
    assert_eq!(help, "did you mean `customers`?");
    let (_, findings) = run("CREATE TABLE customers (a INT);
         CREATE TRIGGER g BEFORE INSERT ON customers FOR EACH ROW DELETE FROM custmers;");
    let [Finding::MissingReference { help, nearest, .. }] = findings.as_slice() else {
        panic!("{findings:?}")
    };
    assert_eq!(help, "did you mean `customers`?");
    assert_eq!(nearest.len(), 1);
    refused("CREATE PROCEDURE p() CALL q();", "schema/missing-reference", "q");
    refused(
        "CREATE TABLE t (a INT); CREATE VIEW v AS SELECT a FROM t; DROP TABLE t;",
        "schema/missing-reference",
        "t",
    );
    clean("CREATE VIEW v AS SELECT table_name FROM information_schema.tables;");
    clean("CREATE PROCEDURE p() BEGIN CREATE TEMPORARY TABLE x (a INT); SELECT a FROM x; END;");
}

#[test]
fn triggers_keep_their_order_and_go_with_their_table() {
    let text = "CREATE TABLE t (a INT);
        CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW SET @a = 1;
        CREATE TRIGGER y BEFORE INSERT ON t FOR EACH ROW PRECEDES x SET @a = 2;";
    let catalogue = clean(text);
    assert_eq!((catalogue.triggers()["y"].order, catalogue.triggers()["x"].order), (1, 2));
    assert!(clean(&format!("{text} DROP TABLE t;")).triggers().is_empty());
    let renamed = clean(&format!("{text} RENAME TABLE t TO u; DROP TRIGGER y;"));
    assert_eq!((renamed.triggers()["x"].table.as_str(), renamed.triggers()["x"].order), ("u", 1));
}
