use std::sync::Arc;

use miette::Diagnostic as _;

use crate::ast::ObjectKind;
use crate::catalogue::Catalogue;
use crate::dialect::{Dialect, Vendor};
use crate::load::{SchemaFile, load};
use crate::place::Source;
use crate::replay::replay_scripts;
use crate::show::show_create;

const MARIADB: Dialect = Dialect { vendor: Vendor::MariaDb, version: 101_100 };

const BEFORE: &str = "CREATE TABLE b (id INT AUTO_INCREMENT PRIMARY KEY, a VARCHAR(9) COMMENT 'c', c INT AS (1) VIRTUAL, d INT INVISIBLE); \
    CREATE TABLE o (a INT NOT NULL, x DATETIME NOT NULL);";

fn run(text: &str, dialect: Dialect) -> (Catalogue, Vec<String>) {
    let source = Arc::new(Source::new("a.sql", format!("{BEFORE}{text}").into()));
    let (catalogue, findings) = replay_scripts([source], dialect);
    let say = |finding: &crate::Finding| format!("{} {finding}", finding.code().unwrap());
    (catalogue, findings.iter().map(say).collect())
}

/// The columns that a server of either kind shows of table `t`.
#[track_caller]
fn gives(text: &str, mysql: &[&str], mariadb: &[&str]) {
    for (dialect, expected) in [(Dialect::default(), mysql), (MARIADB, mariadb)] {
        let (catalogue, findings) = run(text, dialect);
        assert!(findings.is_empty(), "{text}: {findings:?}");
        let shown = show_create(&catalogue, ObjectKind::Table, "t", "`a`@`b`").unwrap();
        let lines: Vec<&str> = shown.lines().skip(1).take_while(|line| line.starts_with("  ")).collect();
        let lines: Vec<&str> = lines.iter().map(|line| line.trim().trim_end_matches(',')).collect();
        assert_eq!(lines, expected, "{text}");
    }
}

#[track_caller]
fn says(text: &str, code: &str) {
    let (catalogue, findings) = run(text, Dialect::default());
    assert_eq!(findings.len(), 1, "{text}: {findings:?}");
    assert!(findings[0].starts_with(code), "{text}: {findings:?}");
    assert!(catalogue.tables()["t"].unknown.is_some(), "{text}");
}

#[test]
fn columns_of_tables_are_copied_without_how_values_come_about() {
    gives(
        "CREATE TABLE t AS SELECT * FROM b",
        &["`id` int NOT NULL DEFAULT '0'", "`a` varchar(9) DEFAULT NULL COMMENT 'c'", "`c` int DEFAULT NULL"],
        &[
            "`id` int(11) NOT NULL DEFAULT 0",
            "`a` varchar(9) DEFAULT NULL COMMENT 'c'",
            "`c` int(11) DEFAULT NULL",
        ],
    );
    gives(
        "CREATE TABLE t SELECT o.*, y.A AS z FROM b AS y JOIN o ON 1 WHERE y.id > 1 LIMIT 3",
        &["`a` int NOT NULL", "`x` datetime NOT NULL", "`z` varchar(9) DEFAULT NULL COMMENT 'c'"],
        &["`a` int(11) NOT NULL", "`x` datetime NOT NULL", "`z` varchar(9) DEFAULT NULL COMMENT 'c'"],
    );
}

#[test]
fn numbers_and_casts_have_types_of_their_own() {
    gives(
        "CREATE TABLE t SELECT 7, -12.50 AS d, 1234567890 AS l, NULL AS n, CAST(a AS DECIMAL(4,1)) AS m, CAST(x AS DATE) AS y FROM o",
        &[
            "`7` int NOT NULL DEFAULT '0'",
            "`d` decimal(4,2) NOT NULL DEFAULT '0.00'",
            "`l` bigint NOT NULL DEFAULT '0'",
            "`n` varbinary(0) DEFAULT NULL",
            "`m` decimal(4,1) NOT NULL DEFAULT '0.0'",
            "`y` date DEFAULT NULL",
        ],
        &[
            "`7` int(1) NOT NULL",
            "`d` decimal(4,2) NOT NULL",
            "`l` bigint(10) NOT NULL",
            "`n` binary(0) DEFAULT NULL",
            "`m` decimal(4,1) NOT NULL",
            "`y` date DEFAULT NULL",
        ],
    );
}

#[test]
fn own_definitions_stand_before_or_in_the_place_of_those_of_the_query() {
    gives(
        "CREATE TABLE t (z INT, id BIGINT PRIMARY KEY, a INT COMMENT 'own') REPLACE SELECT a, id FROM b",
        &[
            "`z` int DEFAULT NULL",
            "`a` int DEFAULT NULL COMMENT 'c'",
            "`id` bigint NOT NULL",
            "PRIMARY KEY (`id`)",
        ],
        &[
            "`z` int(11) DEFAULT NULL",
            "`a` int(11) DEFAULT NULL COMMENT 'own'",
            "`id` bigint(20) NOT NULL",
            "PRIMARY KEY (`id`)",
        ],
    );
}

#[test]
fn what_cannot_be_told_leaves_that_table_alone_unknown() {
    for query in [
        "SELECT f(a) AS x FROM o",
        "SELECT 'text' AS x",
        "SELECT CAST(a AS CHAR) AS x FROM o",
        "SELECT a FROM o UNION SELECT 1",
        "SELECT b.a FROM o LEFT JOIN b ON b.id = o.a",
        "SELECT d FROM b",
        "SELECT a + 1 AS x FROM o",
        "WITH q AS (SELECT 1) SELECT * FROM q",
        "SELECT * FROM o NATURAL JOIN b",
    ] {
        says(&format!("CREATE TABLE t AS {query}"), "sql/not-understood");
    }
    let (catalogue, _) = run("CREATE TABLE t AS SELECT f(a) AS x FROM o; CREATE TABLE u (a INT);", MARIADB);
    assert!(catalogue.unsure().is_none() && catalogue.tables()["u"].unknown.is_none());
}

#[test]
fn what_servers_refuse_is_refused() {
    for query in ["SELECT nope FROM o", "SELECT a, A FROM o", "SELECT a FROM o, b", "SELECT o.a FROM o AS x"]
    {
        says(&format!("CREATE TABLE t AS {query}"), "schema/invalid-definition");
    }
    says("CREATE TABLE t AS SELECT * FROM nope", "schema/unknown-table");
    let (_, findings) = run("CREATE TABLE b AS SELECT 1", MARIADB);
    assert!(findings.len() == 1 && findings[0].starts_with("schema/duplicate-object"), "{findings:?}");
    let foreign = "CREATE TABLE t (FOREIGN KEY (id) REFERENCES b (id)) SELECT id FROM b";
    assert!(run(foreign, Dialect::default()).1[0].starts_with("schema/invalid-definition"));
}

#[test]
fn the_tables_that_are_read_come_first() {
    let file = |path: &str, text: &str| SchemaFile {
        path: path.to_owned(),
        shown: format!("schema/{path}"),
        bytes: text.into(),
    };
    let files = vec![
        file("tables/a.sql", "CREATE TABLE a AS SELECT i FROM z;"),
        file("tables/z.sql", "CREATE TABLE z (i INT) CHARSET=utf8mb4 COLLATE=utf8mb4_bin;"),
    ];
    let (schema, findings) = load(files, MARIADB);
    assert!(findings.is_empty(), "{findings:?}");
    assert_eq!(schema.catalogue.tables()["a"].columns.len(), 1);
}
