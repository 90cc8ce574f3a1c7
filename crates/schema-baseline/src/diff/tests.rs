use std::sync::Arc;

use super::{Options, Path, Rename, annotated, diff};
use crate::catalogue::Catalogue;
use crate::dialect::Dialect;
use crate::place::Source;
use crate::replay::replay_onto;

fn schema(sql: &str) -> Catalogue {
    let mut catalogue = Catalogue::new(Dialect::default());
    catalogue.defer_foreign_key_checks();
    let findings = replay_onto(&mut catalogue, [Arc::new(Source::new("schema.sql", sql.into()))]);
    assert!(findings.is_empty(), "{findings:?}");
    catalogue
}

fn path(from: &str, to: &str) -> Path {
    let to = schema(to);
    let options = Options { renames: annotated(&to), ..Options::default() };
    diff(&schema(from), &to, &options).unwrap()
}

#[track_caller]
fn becomes(from: &str, to: &str, statements: &[&str]) {
    let path = path(from, to);
    assert!(path.findings.is_empty(), "{:?}", path.findings);
    let flat = |sql: &str| sql.split_whitespace().collect::<Vec<_>>().join(" ");
    let found: Vec<String> = path.steps.iter().map(|step| flat(&step.sql)).collect();
    assert_eq!(found, statements);
}

#[test]
fn columns_move_as_little_as_possible() {
    becomes(
        "CREATE TABLE t (a INT, b INT, c INT, d INT);",
        "CREATE TABLE t (d INT, a INT, b INT, x INT, c INT, y INT);",
        &["ALTER TABLE `t` MODIFY COLUMN `d` int FIRST, ADD COLUMN `x` int AFTER `b`, ADD COLUMN `y` int"],
    );
}

#[test]
fn a_key_that_is_the_same_gets_its_new_name() {
    becomes(
        "CREATE TABLE t (a INT, b INT, KEY old (a), KEY k (b));",
        "CREATE TABLE t (a INT, b INT, KEY new (a), KEY k (b) INVISIBLE);",
        &["ALTER TABLE `t` RENAME INDEX `old` TO `new`, ALTER INDEX `k` INVISIBLE"],
    );
}

#[test]
fn foreign_keys_go_first_and_come_last() {
    becomes(
        "CREATE TABLE p (id INT PRIMARY KEY); CREATE TABLE c (p INT, CONSTRAINT f FOREIGN KEY (p) REFERENCES p (id));",
        "CREATE TABLE p (id BIGINT PRIMARY KEY); CREATE TABLE c (p BIGINT, CONSTRAINT f FOREIGN KEY (p) REFERENCES p (id));",
        &[
            "ALTER TABLE `c` DROP FOREIGN KEY `f`",
            "ALTER TABLE `c` MODIFY COLUMN `p` bigint",
            "ALTER TABLE `p` MODIFY COLUMN `id` bigint NOT NULL",
            "ALTER TABLE `c` ADD CONSTRAINT `f` FOREIGN KEY (`p`) REFERENCES `p` (`id`)",
        ],
    );
}

#[test]
fn tables_that_need_each_other_come_and_go() {
    let cycle = "CREATE TABLE a (id INT PRIMARY KEY, b INT, CONSTRAINT fa FOREIGN KEY (b) REFERENCES b (id));
        CREATE TABLE b (id INT PRIMARY KEY, a INT, CONSTRAINT fb FOREIGN KEY (a) REFERENCES a (id));";
    let come = path("", cycle);
    assert_eq!(come.steps.len(), 3, "{:?}", come.steps);
    assert!(come.steps[2].sql.contains("ADD CONSTRAINT `fa`"), "{:?}", come.steps);
    let go = path(cycle, "");
    assert!(go.findings.is_empty() && go.steps[0].sql.contains("DROP FOREIGN KEY"), "{:?}", go.steps);
    assert_eq!(go.steps.iter().filter(|step| !step.losses.is_empty()).count(), 2);
}

#[test]
fn partitions_change_by_the_cheapest_statement() {
    let by =
        |partitions: &str| format!("CREATE TABLE t (a INT NOT NULL) PARTITION BY RANGE (a) ({partitions});");
    let part = |name: &str, bound: &str| format!("PARTITION {name} VALUES LESS THAN ({bound})");
    let (p1, p2, last) = (part("p1", "10"), part("p2", "20"), part("last", "MAXVALUE"));
    becomes(
        &by(&p1),
        &by(&[p1.as_str(), &p2].join(", ")),
        &["ALTER TABLE `t` ADD PARTITION (PARTITION `p2` VALUES LESS THAN (20))"],
    );
    becomes(
        &by(&[p1.as_str(), &last].join(", ")),
        &by(&[p1.as_str(), &p2, &last].join(", ")),
        &[
            "ALTER TABLE `t` REORGANIZE PARTITION `last` INTO (PARTITION `p2` VALUES LESS THAN (20), PARTITION `last` VALUES LESS THAN (MAXVALUE))",
        ],
    );
    let dropped = path(&by(&[p1.as_str(), &p2].join(", ")), &by(&p2));
    assert_eq!(dropped.steps[0].sql, "ALTER TABLE `t`\n    DROP PARTITION `p1`");
    assert!(dropped.steps[0].losses[0].what.contains("partition `p1`"));
    becomes(&by(&p1), "CREATE TABLE t (a INT NOT NULL);", &["ALTER TABLE `t` REMOVE PARTITIONING"]);
}

#[test]
fn what_narrows_is_a_loss_and_what_widens_is_none() {
    let loss = |from: &str, to: &str| {
        let path = path(&format!("CREATE TABLE t ({from});"), &format!("CREATE TABLE t ({to});"));
        path.steps.iter().any(|step| !step.losses.is_empty())
    };
    for (from, to) in [
        ("a BIGINT", "a INT"),
        ("a INT", "a INT UNSIGNED"),
        ("a VARCHAR(20)", "a VARCHAR(10)"),
        ("a TEXT", "a VARCHAR(10)"),
        ("a ENUM('x','y')", "a ENUM('y','x')"),
        ("a DECIMAL(10,2)", "a DECIMAL(9,2)"),
        ("a DATETIME(3)", "a DATETIME"),
        ("a VARCHAR(9) CHARACTER SET utf8mb4", "a VARCHAR(9) CHARACTER SET latin1"),
        ("a INT, b INT", "a INT"),
    ] {
        assert!(loss(from, to), "{from} to {to}");
        assert!(
            !loss(to, from)
                || from.contains("ENUM")
                || from.contains("INT UNSIGNED")
                || to.contains("UNSIGNED")
                || to.contains("latin1"),
            "{to} to {from}"
        );
    }
}

#[test]
fn triggers_keep_their_order() {
    let table = "CREATE TABLE t (a INT);";
    let trigger = |name: &str, value: u8| {
        format!("CREATE TRIGGER {name} BEFORE INSERT ON t FOR EACH ROW SET NEW.a = {value};")
    };
    becomes(
        &format!("{table}{}{}", trigger("x", 1), trigger("z", 3)),
        &format!("{table}{}{}{}", trigger("x", 1), trigger("y", 2), trigger("z", 3)),
        &["CREATE TRIGGER `y` BEFORE INSERT ON `t` FOR EACH ROW FOLLOWS `x` SET NEW.a = 2"],
    );
}

#[test]
fn views_come_behind_what_they_stand_on() {
    becomes(
        "CREATE TABLE t (a INT); CREATE VIEW b AS SELECT a FROM t;",
        "CREATE TABLE t (a INT); CREATE VIEW b AS SELECT a + 1 AS a FROM t; CREATE VIEW a AS SELECT a FROM b;",
        &[
            "CREATE OR REPLACE VIEW `b` AS SELECT a + 1 AS a FROM t",
            "CREATE OR REPLACE VIEW `a` AS SELECT a FROM b",
        ],
    );
}

#[test]
fn renames_are_read_from_notes_and_arguments() {
    becomes(
        "CREATE TABLE old (a INT, KEY k (a));",
        "CREATE TABLE new ( -- @renamed from=old\n b INT, -- infra:renamed from `a`\n KEY l (b) -- infra:renamed from k\n);",
        &[
            "RENAME TABLE `old` TO `new`",
            "ALTER TABLE `new` RENAME COLUMN `a` TO `b`",
            "ALTER TABLE `new` RENAME INDEX `k` TO `l`",
        ],
    );
    for wrong in ["a=b", "table:a", "column:a=b", "index:t.=b", "view:a=b"] {
        assert!(wrong.parse::<Rename>().is_err(), "{wrong}");
    }
}
