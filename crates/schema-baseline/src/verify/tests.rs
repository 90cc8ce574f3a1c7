use std::sync::Arc;

use super::{Sides, compare};
use crate::Finding;
use crate::dialect::Dialect;
use crate::place::Source;
use crate::replay::replay_scripts;

fn differences(left: &str, right: &str) -> Vec<Finding> {
    let side = |name: &str, text: &str| {
        replay_scripts([Arc::new(Source::new(name, text.into()))], Dialect::default()).0
    };
    compare(&side("schema.sql", left), &side("migrations.sql", right), Sides::DIRECTORY_AND_MIGRATIONS)
}

#[track_caller]
fn same(left: &str, right: &str) {
    let found = differences(left, right);
    assert!(found.is_empty(), "{left}\n{right}\n{found:?}");
}

/// What the only difference says.
#[track_caller]
fn differs(left: &str, right: &str) -> String {
    match differences(left, right).as_slice() {
        [Finding::Differs { object, what, .. }] => format!("{object}: {what}"),
        [Finding::OnlyOnOneSide { object, present, .. }] => format!("{object}: only in {present}"),
        [Finding::NotChecked { object, .. }] => format!("{object}: not checked"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn spellings_of_one_table_are_equal() {
    same(
        "CREATE TABLE t (a INTEGER(10), b BOOL, c DECIMAL, d TIMESTAMP DEFAULT NOW(), e VARCHAR(5) DEFAULT 'x', f DECIMAL(5,2) DEFAULT '1.50',
            g INT DEFAULT NULL, CHECK ((`a` > 1)), KEY (a), FULLTEXT KEY ft (e)) CHARSET=utf8",
        "CREATE TABLE `t` (`a` int, `b` tinyint(1), c NUMERIC(10,0), d TIMESTAMP NULL DEFAULT CURRENT_TIMESTAMP, e varchar(5) NULL DEFAULT \"x\",
            f DECIMAL(5,2) DEFAULT 1.5, g INT, FULLTEXT ft (e), INDEX `a` (`a`), CONSTRAINT t_chk_1 CHECK (a>1))
            ENGINE=INNODB AUTO_INCREMENT=7 DEFAULT CHARACTER SET utf8mb3 COLLATE utf8mb3_general_ci ROW_FORMAT=DEFAULT",
    );
    same(
        "CREATE TABLE p (a INT PRIMARY KEY); CREATE TABLE c (a INT, FOREIGN KEY (a) REFERENCES p (a) ON DELETE RESTRICT)",
        "CREATE TABLE p (a INT NOT NULL, PRIMARY KEY (a)); CREATE TABLE c (a INT);
         ALTER TABLE c ADD FOREIGN KEY (a) REFERENCES p (a) ON UPDATE NO ACTION",
    );
}

#[test]
fn differences_of_tables_are_named() {
    let left = "CREATE TABLE t (a INT, b VARCHAR(10) NOT NULL);";
    let check =
        |right: &str, expected: &str| assert_eq!(differs(left, right), format!("table `t`: {expected}"));
    check(
        "CREATE TABLE t (a BIGINT, b VARCHAR(10) NOT NULL);",
        "column `a` is `int NULL` here, `bigint NULL` there",
    );
    check("CREATE TABLE t (a INT, b VARCHAR(10) NOT NULL, c INT);", "column `c` is only in the migrations");
    check("CREATE TABLE t (b VARCHAR(10) NOT NULL);", "column `a` is only in the schema directory");
    check(
        "CREATE TABLE t (b VARCHAR(10) NOT NULL, a INT);",
        "column `a` stands where the other side has `b`",
    );
    check("CREATE TABLE t (a INT, b VARCHAR(10) NOT NULL, KEY k (a));", "key `k` is only in the migrations");
    check(
        "CREATE TABLE t (a INT, b VARCHAR(10) NOT NULL, CHECK (a > 1));",
        "check `t_chk_1` is only in the migrations",
    );
    check(
        "CREATE TABLE t (a INT, b VARCHAR(10) NOT NULL) COMMENT 'x';",
        "option comment is absent here, `x` there",
    );
    let partitioned = "CREATE TABLE t (a INT, b VARCHAR(10) NOT NULL) PARTITION BY HASH (a) PARTITIONS 2;";
    assert!(differs(left, partitioned).starts_with("table `t`: its partitions: "));
    assert_eq!(differs(left, ""), "table `t`: only in the schema directory");
    assert_eq!(differs("", left), "table `t`: only in the migrations");
}

#[test]
fn the_other_side_is_shown_where_it_was_brought_about() {
    let found =
        differences("CREATE TABLE t (a INT);", "CREATE TABLE t (a INT);\n\nALTER TABLE t MODIFY a BIGINT;");
    let [Finding::Differs { src, other, .. }] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(src.name(), "schema.sql");
    let [Finding::SeeAlso { what, src, .. }] = other.as_slice() else { panic!() };
    assert_eq!((what.as_str(), src.name()), ("the migrations, line 3", "migrations.sql"));
}

#[test]
fn programs_are_compared_by_their_tokens() {
    same("CREATE VIEW v AS SELECT (1 + 2) AS a -- x", "create or replace view `v` as\nselect 1+2 as `a`");
    assert!(
        differs("CREATE VIEW v AS SELECT 1 AS a", "CREATE VIEW v AS SELECT 2 AS a")
            .starts_with("view `v`: its query: ")
    );
    assert!(
        differs("CREATE SQL SECURITY INVOKER VIEW v AS SELECT 1", "CREATE VIEW v AS SELECT 1")
            .starts_with("view `v`: its SQL SECURITY: ")
    );
    same(
        "CREATE PROCEDURE p() BEGIN SELECT 1; END;",
        "CREATE DEFINER=a PROCEDURE P ( ) NOT DETERMINISTIC\nBEGIN /* x */ SELECT 1; END;",
    );
    assert!(differs("CREATE PROCEDURE p() SELECT 1", "CREATE PROCEDURE p() SELECT 2").contains("its body"));
    assert!(
        differs(
            "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 1",
            "CREATE EVENT e ON SCHEDULE EVERY 2 DAY DO SELECT 1"
        )
        .contains("its schedule")
    );
    let trigger = |timing: &str| {
        format!("CREATE TABLE t (a INT); CREATE TRIGGER g {timing} INSERT ON t FOR EACH ROW SET @a = 1;")
    };
    assert!(differs(&trigger("BEFORE"), &trigger("AFTER")).contains("its event"));
}

#[test]
fn what_is_unknown_is_not_compared() {
    assert_eq!(
        differs("CREATE TABLE t (a INT)", "CREATE TABLE t AS SELECT RAND() AS a"),
        "table `t`: not checked"
    );
    assert_eq!(differs("CREATE TABLE t (a INT)", "EXECUTE x"), "the schema: not checked");
}
