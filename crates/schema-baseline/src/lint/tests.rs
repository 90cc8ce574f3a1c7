use std::collections::BTreeSet;
use std::sync::Arc;

use super::*;
use crate::dialect::Dialect;
use crate::place::Source;
use crate::replay::replay_scripts;

fn found(text: &str) -> Vec<SchemaLint> {
    let source = Arc::new(Source::new("schema.sql", text.into()));
    // MySQL 8.4 refuses numbers of floating point that count by themselves.
    let dialect = if text.contains("DOUBLE AUTO_INCREMENT") {
        "mysql-8.0".parse().unwrap()
    } else {
        Dialect::default()
    };
    let (catalogue, findings) = replay_scripts([source], dialect);
    assert!(findings.is_empty(), "{text}\n{findings:?}");
    lint(&catalogue, &|_| true)
}

fn codes(text: &str) -> Vec<&'static str> {
    found(text).iter().map(|finding| finding.rule.code).collect()
}

/// Each rule with a schema that breaks it and one that does not.
const CASES: &[(&str, &str, &str)] = &[
    ("no-primary-key", "CREATE TABLE a (i INT)", "CREATE TABLE a (i INT); ALTER TABLE a ADD PRIMARY KEY (i)"),
    ("engine", "CREATE TABLE a (i INT) ENGINE=MyISAM", "CREATE TABLE a (i INT) ENGINE=innodb"),
    ("utf8mb3", "CREATE TABLE a (i CHAR(1) CHARACTER SET utf8)", "CREATE TABLE a (i CHAR(1))"),
    ("latin1", "CREATE TABLE a (i INT) CHARSET=latin1", "CREATE TABLE a (i INT) CHARSET=utf8mb4"),
    (
        "odd-collation",
        "CREATE TABLE a (i INT) COLLATE utf8mb4_bin; CREATE TABLE b (i INT); CREATE TABLE c (i INT)",
        "CREATE TABLE a (i INT) COLLATE utf8mb4_bin; CREATE TABLE b (i INT)",
    ),
    (
        "compressed",
        "CREATE TABLE a (i INT) ROW_FORMAT=COMPRESSED",
        "CREATE TABLE a (i INT) ROW_FORMAT=DYNAMIC",
    ),
    (
        "partition-overflow",
        "CREATE TABLE a (i INT) PARTITION BY RANGE (i) (PARTITION p VALUES LESS THAN (1))",
        "CREATE TABLE a (i INT) PARTITION BY RANGE (i) (PARTITION p VALUES LESS THAN MAXVALUE)",
    ),
    ("table-comment", "CREATE TABLE a (i INT)", "CREATE TABLE a (i INT) COMMENT 'x'"),
    ("has-partitions", "CREATE TABLE a (i INT) PARTITION BY HASH (i) PARTITIONS 2", "CREATE TABLE a (i INT)"),
    (
        "auto-increment-type",
        "CREATE TABLE a (i INT AUTO_INCREMENT KEY)",
        "CREATE TABLE a (i BIGINT AUTO_INCREMENT KEY)",
    ),
    (
        "auto-increment-signed",
        "CREATE TABLE a (i BIGINT AUTO_INCREMENT KEY)",
        "CREATE TABLE a (i BIGINT UNSIGNED AUTO_INCREMENT KEY)",
    ),
    (
        "auto-increment-float",
        "CREATE TABLE a (i DOUBLE AUTO_INCREMENT KEY)",
        "CREATE TABLE a (i INT AUTO_INCREMENT KEY)",
    ),
    (
        "mixed-collation",
        "CREATE TABLE a (i CHAR(1) COLLATE utf8mb4_bin)",
        "CREATE TABLE a (i CHAR(1) CHARACTER SET ascii)",
    ),
    (
        "float-money",
        "CREATE TABLE a (unit_price FLOAT)",
        "CREATE TABLE a (unit_price DECIMAL(9, 2), ratio FLOAT)",
    ),
    ("has-float", "CREATE TABLE a (ratio DOUBLE)", "CREATE TABLE a (ratio DECIMAL(9, 2))"),
    ("timestamp-2038", "CREATE TABLE a (i TIMESTAMP)", "CREATE TABLE a (i DATETIME)"),
    (
        "zero-date",
        "CREATE TABLE a (i DATE DEFAULT '0000-00-00')",
        "CREATE TABLE a (i DATE DEFAULT '2000-01-01')",
    ),
    ("has-enum", "CREATE TABLE a (i ENUM('x'))", "CREATE TABLE a (i CHAR(1))"),
    ("set-type", "CREATE TABLE a (i SET('x'))", "CREATE TABLE a (i ENUM('x'))"),
    ("zerofill", "CREATE TABLE a (i INT ZEROFILL)", "CREATE TABLE a (i INT UNSIGNED)"),
    ("long-char", "CREATE TABLE a (i CHAR(100))", "CREATE TABLE a (i CHAR(64), j VARCHAR(100))"),
    ("short-year", "CREATE TABLE a (i YEAR)", "CREATE TABLE a (i SMALLINT)"),
    ("column-comment", "CREATE TABLE a (i INT)", "CREATE TABLE a (i INT COMMENT 'x')"),
    ("nullable", "CREATE TABLE a (i INT)", "CREATE TABLE a (i INT NOT NULL, j INT AS (i) VIRTUAL)"),
    (
        "id-type",
        "CREATE TABLE a (user_id INT UNSIGNED)",
        "CREATE TABLE a (user_id BIGINT UNSIGNED, paid INT, id CHAR(3))",
    ),
    ("invisible-column", "CREATE TABLE a (i INT, j INT INVISIBLE)", "CREATE TABLE a (i INT, j INT)"),
    (
        "duplicate-key",
        "CREATE TABLE a (i INT, KEY x (i), KEY y (i))",
        "CREATE TABLE a (i INT, j INT, KEY x (i), KEY y (j))",
    ),
    (
        "redundant-key",
        "CREATE TABLE a (i INT, j INT, KEY x (i), KEY y (i, j))",
        "CREATE TABLE a (i INT, j INT, KEY x (j), KEY y (i, j), KEY z (i DESC))",
    ),
    (
        "redundant-unique",
        "CREATE TABLE a (i INT KEY, j INT, UNIQUE x (j, i))",
        "CREATE TABLE a (i INT, j INT, PRIMARY KEY (i, j), UNIQUE x (j))",
    ),
    (
        "key-with-primary",
        "CREATE TABLE a (i INT KEY, j INT, KEY x (j, i))",
        "CREATE TABLE a (i INT KEY, j INT, k INT, KEY x (j, i, k))",
    ),
    (
        "primary-key-type",
        "CREATE TABLE a (i CHAR(36) PRIMARY KEY)",
        "CREATE TABLE a (i BINARY(16) PRIMARY KEY)",
    ),
    (
        "wide-primary-key",
        "CREATE TABLE a (i INT, j INT, k INT, l INT, PRIMARY KEY (i, j, k, l))",
        "CREATE TABLE a (i INT, j INT, k INT, PRIMARY KEY (i, j, k))",
    ),
    ("nullable-unique", "CREATE TABLE a (i INT UNIQUE)", "CREATE TABLE a (i INT NOT NULL UNIQUE)"),
    (
        "time-in-middle",
        "CREATE TABLE a (i INT, d DATE, KEY x (d, i))",
        "CREATE TABLE a (i INT, d DATE, KEY x (i, d))",
    ),
    (
        "key-over-few-values",
        "CREATE TABLE a (is_x TINYINT(1), KEY x (is_x))",
        "CREATE TABLE a (is_x TINYINT(1), i INT, KEY x (is_x, i), KEY y (i))",
    ),
    ("invisible-key", "CREATE TABLE a (i INT, KEY x (i) INVISIBLE)", "CREATE TABLE a (i INT, KEY x (i))"),
    (
        "not-enforced",
        "CREATE TABLE a (i INT, CHECK (i > 1) NOT ENFORCED)",
        "CREATE TABLE a (i INT, CHECK (i > 1))",
    ),
    (
        "foreign-key-index",
        "CREATE TABLE a (i INT KEY); CREATE TABLE b (i INT, FOREIGN KEY (i) REFERENCES a (i))",
        "CREATE TABLE a (i INT KEY); CREATE TABLE b (i INT, KEY x (i), FOREIGN KEY (i) REFERENCES a (i))",
    ),
    (
        "foreign-key-type",
        "CREATE TABLE a (i VARCHAR(9) PRIMARY KEY); CREATE TABLE b (i VARCHAR(10), FOREIGN KEY (i) REFERENCES a (i))",
        "CREATE TABLE a (i VARCHAR(9) PRIMARY KEY); CREATE TABLE b (i VARCHAR(9), FOREIGN KEY (i) REFERENCES a (i))",
    ),
    (
        "foreign-key-cascade",
        "CREATE TABLE a (i INT KEY); CREATE TABLE b (i INT, FOREIGN KEY (i) REFERENCES a (i) ON DELETE CASCADE)",
        "CREATE TABLE a (i INT KEY); CREATE TABLE b (i INT, FOREIGN KEY (i) REFERENCES a (i) ON DELETE SET NULL)",
    ),
    (
        "foreign-key-nullable",
        "CREATE TABLE a (i INT, j INT, PRIMARY KEY (i, j)); CREATE TABLE b (i INT NOT NULL, j INT, FOREIGN KEY (i, j) REFERENCES a (i, j))",
        "CREATE TABLE a (i INT, j INT, PRIMARY KEY (i, j)); CREATE TABLE b (i INT NOT NULL, j INT NOT NULL, FOREIGN KEY (i, j) REFERENCES a (i, j))",
    ),
    (
        "has-foreign-key",
        "CREATE TABLE a (i INT KEY); CREATE TABLE b (i INT, FOREIGN KEY (i) REFERENCES a (i))",
        "CREATE TABLE a (i INT KEY); CREATE TABLE b (i INT)",
    ),
    ("reserved-name", "CREATE TABLE a (`order` INT)", "CREATE TABLE a (`orders` INT)"),
    ("name-case", "CREATE TABLE Orders (i INT)", "CREATE TABLE orders (I INT)"),
    ("name-characters", "CREATE TABLE a (`unit price` INT)", "CREATE TABLE a (unit_price INT)"),
    (
        "long-name",
        "CREATE TABLE a (aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff INT)",
        "CREATE TABLE a (aaaaaaaaaabbbbbbbbbbcccccccccc INT)",
    ),
    ("name-prefix", "CREATE TABLE tbl_orders (i INT)", "CREATE TABLE tables (i INT)"),
    (
        "unnamed-constraint",
        "CREATE TABLE a (i INT, CHECK (i > 1))",
        "CREATE TABLE a (i INT, CONSTRAINT positive CHECK (i > 1))",
    ),
    (
        "view-star",
        "CREATE TABLE a (i INT); CREATE VIEW v AS SELECT * FROM a",
        "CREATE TABLE a (i INT); CREATE VIEW v AS SELECT COUNT(*), i * 2 FROM a",
    ),
    (
        "view-order",
        "CREATE VIEW v AS SELECT 1 AS i ORDER BY i",
        "CREATE VIEW v AS SELECT 1 AS i ORDER BY i LIMIT 1",
    ),
    (
        "deep-view",
        "CREATE VIEW a AS SELECT 1 AS i; CREATE VIEW b AS SELECT i FROM a; CREATE VIEW c AS SELECT i FROM b; CREATE VIEW d AS SELECT i FROM c",
        "CREATE VIEW a AS SELECT 1 AS i; CREATE VIEW b AS SELECT i FROM a; CREATE VIEW c AS SELECT i FROM b",
    ),
    (
        "runs-as-definer",
        "CREATE VIEW v AS SELECT 1",
        "CREATE SQL SECURITY INVOKER VIEW v AS SELECT 1; CREATE PROCEDURE p() SQL SECURITY INVOKER SELECT 1",
    ),
    (
        "function-characteristics",
        "CREATE FUNCTION f() RETURNS INT RETURN 1",
        "CREATE FUNCTION f() RETURNS INT NO SQL RETURN 1",
    ),
    (
        "changes-schema",
        "CREATE PROCEDURE p() CREATE TABLE b (i INT)",
        "CREATE PROCEDURE p() CREATE TEMPORARY TABLE b (i INT)",
    ),
    ("has-routine", "CREATE PROCEDURE p() SELECT 1", "CREATE VIEW v AS SELECT 1"),
    (
        "has-trigger",
        "CREATE TABLE a (i INT); CREATE TRIGGER g BEFORE INSERT ON a FOR EACH ROW SET @a = 1",
        "CREATE TABLE a (i INT)",
    ),
    ("has-event", "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 1", "CREATE PROCEDURE p() SELECT 1"),
    (
        "suppression",
        "-- infra:allow schema-lint/engine\nCREATE TABLE a (i INT) ENGINE=MyISAM",
        "CREATE TABLE a (i INT)",
    ),
];

#[test]
fn every_rule_finds_what_it_should_and_nothing_else() {
    for (name, bad, good) in CASES {
        let code = format!("schema-lint/{name}");
        assert!(codes(bad).contains(&code.as_str()), "{code} misses {bad}: {:?}", codes(bad));
        assert!(!codes(good).contains(&code.as_str()), "{code} finds something in {good}");
    }
}

/// Rules whose cases need more than a line.
const ELSEWHERE: [&str; 4] = ["wide-table", "many-keys", "dynamic-sql", "foreign-key-parent"];

#[test]
fn every_rule_has_a_case_and_a_code_of_its_own() {
    let codes: Vec<&str> = rules().map(|rule| rule.code).collect();
    let cases = CASES.iter().map(|(name, ..)| *name).chain(ELSEWHERE);
    let cases: BTreeSet<String> = cases.map(|name| format!("schema-lint/{name}")).collect();
    assert_eq!(codes.iter().copied().map(str::to_owned).collect::<BTreeSet<_>>(), cases);
    assert_eq!(codes.len(), cases.len());
    assert!(rules().filter(|rule| rule.severity.is_some()).count() >= 30);
}

#[test]
fn size_counts() {
    let table = |columns: usize, keys: usize| {
        let columns = (0..columns).map(|number| format!("c{number} INT"));
        let keys = (0..keys).map(|number| format!("KEY k{number} (c{number})"));
        format!("CREATE TABLE a ({})", columns.chain(keys).collect::<Vec<_>>().join(", "))
    };
    assert!(codes(&table(101, 1)).contains(&"schema-lint/wide-table"));
    assert!(!codes(&table(100, 1)).contains(&"schema-lint/wide-table"));
    assert!(codes(&table(20, 17)).contains(&"schema-lint/many-keys"));
    assert!(!codes(&table(20, 16)).contains(&"schema-lint/many-keys"));
}

#[test]
fn what_runs_text_is_found() {
    let text = |body: &str| format!("DELIMITER //\nCREATE PROCEDURE p() BEGIN {body} END//\nDELIMITER ;");
    assert!(codes(&text("PREPARE s FROM @sql; EXECUTE s;")).contains(&"schema-lint/dynamic-sql"));
    assert!(!codes(&text("SELECT 'PREPARE s FROM @sql';")).contains(&"schema-lint/dynamic-sql"));
}

#[test]
fn a_parent_that_is_not_unique_is_found_where_a_server_takes_it() {
    let mariadb = Dialect { vendor: crate::dialect::Vendor::MariaDb, version: 101_119 };
    let of = |parent: &str| {
        let text = format!(
            "CREATE TABLE a (i INT, {parent}); CREATE TABLE b (i INT, FOREIGN KEY (i) REFERENCES a (i))"
        );
        let (catalogue, _) = replay_scripts([Arc::new(Source::new("a.sql", text.into()))], mariadb);
        lint(&catalogue, &|_| false)
            .iter()
            .any(|finding| finding.rule.code == "schema-lint/foreign-key-parent")
    };
    assert!(of("KEY x (i)") && !of("UNIQUE x (i)"));
}

#[test]
fn policies_are_silent_until_they_are_wanted() {
    let source = Arc::new(Source::new("a.sql", "CREATE TABLE a (i ENUM('x'))".into()));
    let (catalogue, _) = replay_scripts([source], Dialect::default());
    let found = |enabled: &dyn Fn(&str) -> bool| {
        lint(&catalogue, enabled).iter().any(|finding| finding.rule.code == "schema-lint/has-enum")
    };
    assert!(!found(&|_| false));
    assert!(found(&|code| code == "schema-lint/has-enum"));
}

#[test]
fn comments_keep_rules_silent_where_they_stand() {
    let table = |comment: &str, inner: &str| {
        format!("{comment}\nCREATE TABLE a (\n  i INT KEY,\n{inner}\n  u TIMESTAMP NULL\n) COMMENT 'x'")
    };
    let count = |text: &str| codes(text).iter().filter(|code| **code == "schema-lint/timestamp-2038").count();
    assert_eq!(count(&table("", "  t TIMESTAMP NULL,")), 2);
    assert_eq!(count(&table("", "  t TIMESTAMP NULL, -- infra:allow schema-lint/timestamp-2038: old")), 1);
    assert_eq!(count(&table("", "  # infra:allow schema-lint/timestamp-2038: old\n  t TIMESTAMP NULL,")), 1);
    assert_eq!(
        count(&table("-- infra:allow schema-lint/timestamp-2038: all are old", "  t TIMESTAMP NULL,")),
        0
    );
    for wrong in
        ["schema-lint/timestamp-2038", "schema-lint/nonsense: x", "schema-lint/latin1: nothing there"]
    {
        let text = table(&format!("-- infra:allow {wrong}"), "");
        assert!(codes(&text).contains(&"schema-lint/suppression"), "{wrong}");
    }
    // Those of the linter of migrations are its own.
    assert!(!codes(&table("-- infra:allow lint/engine", "")).contains(&"schema-lint/suppression"));
}

#[test]
fn the_documentation_lists_every_rule_as_it_is() {
    let text = include_str!("../../../../docs/schema-lint.md");
    let row = |rule: &Rule| {
        let level = match rule.severity {
            None => "off",
            Some(Severity::Advice) => "advice",
            Some(Severity::Warning) => "warning",
            Some(Severity::Error) => "error",
        };
        let words = [level, rule.summary, rule.help].map(|word| word.replace('|', "\\|"));
        format!("| `{}` | {} | {} |", rule.code, words.join(" | "), rule.peers.join(", "))
    };
    let expected: Vec<String> = rules().map(row).collect();
    let listed: Vec<&str> = text.lines().filter(|line| line.starts_with("| `")).collect();
    assert_eq!(listed, expected);
    let readme = include_str!("../../../../README.md");
    assert!(
        readme.contains(&format!("{} rules for schemas", expected.len())),
        "README.md has another number"
    );
}
