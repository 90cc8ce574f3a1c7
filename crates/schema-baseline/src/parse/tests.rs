use std::sync::Arc;

use proptest::prelude::*;

use super::parse;
use crate::Finding;
use crate::ast::{
    Action, AlterAction, DefaultValue, KeyKind, Literal, Position, RefKind, Statement, StatementKind,
    TableElement,
};
use crate::dialect::{Dialect, Vendor};
use crate::place::Source;

fn read(text: &str) -> (Vec<Statement>, Vec<Finding>) {
    parse(&Arc::new(Source::new("a.sql", text.into())), Dialect::default())
}

#[track_caller]
fn one(text: &str) -> StatementKind {
    let (mut statements, findings) = read(text);
    assert!(findings.is_empty(), "{text}: {findings:?}");
    assert_eq!(statements.len(), 1, "{text}");
    statements.remove(0).kind
}

#[track_caller]
fn accepts(text: &str) {
    one(text);
}

/// The place and the text of the syntax error of a script.
#[track_caller]
fn error(text: &str) -> (usize, String, String) {
    let (_, findings) = read(text);
    let found = findings.into_iter().find_map(|finding| match finding {
        Finding::Syntax { expected, found, span, .. } => Some((span.offset(), expected, found)),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("no syntax error in {text}"))
}

#[test]
#[expect(clippy::many_single_char_names, reason = "the columns are called so")]
fn columns_of_every_sort() {
    let text = "CREATE TABLE t (
        a INT(11) UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, b BOOLEAN DEFAULT TRUE, c DOUBLE PRECISION,
        d NUMERIC(10), e NATIONAL VARCHAR(5), f CHAR(3) CHARACTER SET latin1 BINARY, g ENUM('x', 'y ') NOT NULL DEFAULT 'x',
        h TIMESTAMP(3) NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE NOW(3), i INT AS (a + 1) VIRTUAL INVISIBLE,
        j POINT NOT NULL SRID 4326, k JSON DEFAULT (JSON_ARRAY()), l BIT(8) DEFAULT b'101', m LONG VARCHAR,
        n VARCHAR(9) COLLATE utf8_bin UNIQUE KEY COMMENT 'it''s', o SERIAL, p INT CONSTRAINT p_positive CHECK (p > 0) NOT ENFORCED
    )";
    let StatementKind::CreateTable(table) = one(text) else { panic!() };
    let columns: Vec<_> = table
        .elements
        .iter()
        .map(|(element, _)| match element {
            TableElement::Column(column) => column,
            other => panic!("{other:?}"),
        })
        .collect();
    let names: Vec<_> = columns.iter().map(|column| column.data_type.name).collect();
    assert_eq!(
        names,
        [
            "int",
            "tinyint",
            "double",
            "decimal",
            "varchar",
            "char",
            "enum",
            "timestamp",
            "int",
            "point",
            "json",
            "bit",
            "mediumtext",
            "varchar",
            "bigint",
            "int"
        ]
    );
    let [a, b, _, d, e, f, g, h, i, j, k, l, _, n, o, p] = columns.as_slice() else { panic!() };
    assert!(a.data_type.unsigned && a.primary && a.auto_increment && a.data_type.numbers.is_empty());
    assert_eq!(b.data_type.numbers, [1]);
    assert_eq!(b.default, Some(DefaultValue::Literal(Literal::Number("1".into()))));
    assert_eq!(d.data_type.numbers, [10, 0]);
    assert_eq!(e.data_type.charset.as_deref(), Some("utf8mb3"));
    assert!(f.data_type.binary && f.data_type.charset.as_deref() == Some("latin1"));
    assert_eq!(g.data_type.members, ["x", "y"]);
    assert!(h.on_update && h.default == Some(DefaultValue::Now) && h.nullable == Some(true));
    assert!(i.invisible && i.generated.as_ref().is_some_and(|generated| generated.expr.canonical == "a + 1"));
    assert_eq!(j.srid.as_deref(), Some("4326"));
    assert!(matches!(&k.default, Some(DefaultValue::Expr(expr)) if expr.canonical == "json_array ( )"));
    assert_eq!(l.default, Some(DefaultValue::Literal(Literal::Bytes(vec![5]))));
    assert!(n.unique && n.comment == "it's" && n.data_type.collation.as_deref() == Some("utf8mb3_bin"));
    assert!(o.auto_increment && o.unique && o.data_type.unsigned);
    assert!(!p.checks[0].enforced && p.checks[0].name.as_ref().unwrap().text == "p_positive");
}

#[test]
fn keys_and_constraints_of_every_sort() {
    let text = "CREATE TABLE t (a INT, b TEXT, c INT, PRIMARY KEY USING BTREE (a), UNIQUE INDEX u (c DESC),
        CONSTRAINT uq UNIQUE (a, c), KEY k (b(10), (a + c)) INVISIBLE COMMENT 'x', FULLTEXT KEY ft (b) WITH PARSER ngram,
        SPATIAL INDEX (a), CONSTRAINT fk FOREIGN KEY ix (c) REFERENCES p (id) MATCH FULL ON UPDATE CASCADE ON DELETE SET NULL,
        FOREIGN KEY (a) REFERENCES other.p (x), CHECK ((a > 1)))
        ENGINE InnoDB, DEFAULT CHARACTER SET = utf8 COLLATE utf8_bin ROW_FORMAT=DYNAMIC COMMENT='x' AUTO_INCREMENT = 5
        PARTITION BY RANGE (a) (PARTITION p0 VALUES LESS THAN (10))";
    let StatementKind::CreateTable(table) = one(text) else { panic!() };
    let keys: Vec<_> = table
        .elements
        .iter()
        .filter_map(|(element, _)| match element {
            TableElement::Key(key) => Some((key.kind, key.name.as_ref().map(|name| name.text.as_str()))),
            _ => None,
        })
        .collect();
    assert_eq!(
        keys,
        [
            (KeyKind::Primary, None),
            (KeyKind::Unique, Some("u")),
            (KeyKind::Unique, Some("uq")),
            (KeyKind::Plain, Some("k")),
            (KeyKind::Fulltext, Some("ft")),
            (KeyKind::Spatial, None),
        ]
    );
    let Some((TableElement::ForeignKey(key), _)) = table.elements.get(9) else { panic!() };
    assert_eq!((key.references.on_delete, key.references.on_update), (Action::SetNull, Action::Cascade));
    assert_eq!(
        (key.name.as_ref().unwrap().text.as_str(), key.index.as_ref().unwrap().text.as_str()),
        ("fk", "ix")
    );
    let options: Vec<_> =
        table.options.iter().map(|option| (option.name.as_str(), option.value.as_str())).collect();
    assert_eq!(
        options,
        [
            ("engine", "InnoDB"),
            ("charset", "utf8mb3"),
            ("collate", "utf8mb3_bin"),
            ("row_format", "DYNAMIC"),
            ("comment", "x"),
            ("auto_increment", "5")
        ]
    );
    assert!(table.partition.as_ref().unwrap().canonical.starts_with("partition by range ( a )"));
}

#[test]
fn actions_of_alter_table() {
    let text = "ALTER TABLE t ADD COLUMN a INT FIRST, ADD (b INT, KEY kb (b)), ADD UNIQUE u (a), ADD CONSTRAINT c CHECK (a > 0),
        ADD c INT AFTER `b`, DROP COLUMN d, DROP e, MODIFY f INT NOT NULL, CHANGE g h BIGINT AFTER a, RENAME COLUMN i TO j,
        ALTER COLUMN k SET DEFAULT 5, ALTER l DROP DEFAULT, DROP PRIMARY KEY, DROP INDEX m, DROP KEY n, DROP FOREIGN KEY o,
        DROP CHECK p, DROP CONSTRAINT q, RENAME INDEX r TO s, ALTER INDEX v INVISIBLE, ALTER CHECK w NOT ENFORCED,
        CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin, ENGINE=InnoDB COMMENT 'y', RENAME TO z, ALGORITHM=INPLACE, LOCK=NONE";
    let StatementKind::AlterTable(alter) = one(text) else { panic!() };
    assert_eq!(alter.actions.len(), 27);
    let AlterAction::Add(TableElement::Column(_), Some(Position::First)) = &alter.actions[0].action else {
        panic!()
    };
    let AlterAction::Change(old, new, Some(Position::After(_))) = &alter.actions[9].action else { panic!() };
    assert_eq!((old.text.as_str(), new.name.text.as_str()), ("g", "h"));
    for text in [
        "ALTER TABLE t ENGINE=InnoDB PARTITION BY HASH (a) PARTITIONS 4",
        "ALTER TABLE t REMOVE PARTITIONING",
        "ALTER TABLE t ADD PARTITION (PARTITION p1 VALUES LESS THAN (10))",
        "ALTER TABLE t TRUNCATE PARTITION p1",
        "ALTER TABLE t FORCE",
        "ALTER TABLE t ORDER BY a DESC, b",
        "ALTER TABLE t DISABLE KEYS",
        "ALTER TABLE t ADD COLUMN x INT PARTITION BY HASH (x) PARTITIONS 2",
        "ALTER TABLE t MODIFY x INT REMOVE PARTITIONING",
        "CREATE UNIQUE INDEX i USING BTREE ON t (a(10) DESC, (lower(b))) COMMENT 'x' ALGORITHM=INPLACE LOCK=NONE",
        "DROP INDEX `PRIMARY` ON t",
        "CREATE FULLTEXT INDEX f ON t (a) WITH PARSER ngram",
        "RENAME TABLE a TO b, c TO d",
        "TRUNCATE TABLE t",
    ] {
        accepts(text);
    }
}

#[test]
fn stored_programs() {
    let text = "CREATE DEFINER=`root`@`localhost` TRIGGER tr BEFORE INSERT ON t FOR EACH ROW FOLLOWS other
        BEGIN IF NEW.a > 1 THEN INSERT INTO log (x) SELECT y FROM source JOIN `more` m USING (id); END IF; CALL p(1); END";
    let StatementKind::CreateTrigger(trigger) = one(text) else { panic!() };
    let used: Vec<_> =
        trigger.body.references.iter().map(|reference| (reference.kind, reference.name.text())).collect();
    assert_eq!(
        used,
        [
            (RefKind::Relation, "log"),
            (RefKind::Relation, "source"),
            (RefKind::Relation, "more"),
            (RefKind::Procedure, "p")
        ]
    );
    assert!(trigger.body.compound);
    let text = "CREATE FUNCTION f(a INT, b VARCHAR(9)) RETURNS INT DETERMINISTIC READS SQL DATA SQL SECURITY INVOKER RETURN a";
    let StatementKind::CreateRoutine(routine) = one(text) else { panic!() };
    assert_eq!(routine.characteristics, ["deterministic", "reads sql data", "sql security invoker"]);
    assert!(!routine.body.compound);
    for text in [
        "CREATE EVENT e ON SCHEDULE EVERY 1 DAY STARTS '2024-01-01' ON COMPLETION PRESERVE DISABLE COMMENT 'x' DO DELETE FROM t",
        "ALTER EVENT e ON SCHEDULE AT NOW() RENAME TO f",
        "CREATE OR REPLACE ALGORITHM=MERGE DEFINER=CURRENT_USER SQL SECURITY INVOKER VIEW v (a, b) AS SELECT 1, 2 WITH LOCAL CHECK OPTION",
        "ALTER VIEW v AS SELECT 1 AS a",
        "/*!50003 CREATE*/ /*!50017 DEFINER=`a`@`%`*/ /*!50003 TRIGGER x AFTER DELETE ON t FOR EACH ROW SET @a = 1 */",
        "CREATE PROCEDURE p() BEGIN DECLARE c CURSOR FOR SELECT a FROM t; FETCH c INTO x; END",
        "DROP PROCEDURE IF EXISTS p",
    ] {
        accepts(text);
    }
}

#[test]
fn only_relations_are_taken_for_relations() {
    let used = |text: &str| -> Vec<String> {
        let StatementKind::Data { uses } = one(text) else { panic!() };
        let relations = uses.iter().filter(|reference| reference.kind == RefKind::Relation);
        relations.map(|reference| reference.name.text().to_owned()).collect()
    };
    assert_eq!(
        used("SELECT EXTRACT(YEAR FROM d), TRIM(LEADING 'x' FROM e) FROM a, b c, (SELECT 1 FROM d) e"),
        ["a", "b", "d"]
    );
    assert_eq!(
        used("WITH x AS (SELECT 1 FROM a), y (n) AS (SELECT 2) SELECT * FROM x JOIN y JOIN b ON TRUE"),
        ["a", "b"]
    );
    assert_eq!(used("INSERT INTO a (x) VALUES (1) ON DUPLICATE KEY UPDATE x = 2"), ["a"]);
    assert_eq!(used("UPDATE a JOIN b ON a.x = b.x SET a.y = 1"), ["a", "b"]);
    assert_eq!(used("DELETE x FROM a x JOIN b ON x.i = b.i"), ["a", "b"]);
    assert_eq!(used("SELECT 1 FROM a FOR UPDATE"), ["a"]);
    assert_eq!(used("SELECT 1 FROM DUAL"), Vec::<String>::new());
    assert_eq!(used("SELECT * FROM (a JOIN b USING (i)) LEFT JOIN c ON TRUE"), ["a", "b", "c"]);
}

#[test]
fn executable_comments_follow_the_server() {
    let columns = |text: &str, dialect| {
        let (statements, _) = parse(&Arc::new(Source::new("a.sql", text.into())), dialect);
        match &statements[0].kind {
            StatementKind::CreateTable(table) => table.elements.len(),
            other => panic!("{other:?}"),
        }
    };
    let text =
        "CREATE TABLE t (a INT /*!80000 , b INT */ /*!99999 , c INT */ /*M!100000 , d INT, e INT, f INT */)";
    assert_eq!(columns(text, Dialect::default()), 2);
    assert_eq!(columns(text, Dialect { vendor: Vendor::MariaDb, version: 101_119 }), 4);
}

#[test]
fn syntax_errors_have_their_place() {
    assert_eq!(error("CREAT TABLE t (a INT)"), (0, "a statement".into(), "`CREAT`".into()));
    assert_eq!(error("CREATE TABLE t (a INT,)").0, 22);
    assert_eq!(error("CREATE TABLE t (a INTT)"), (18, "a data type".into(), "`INTT`".into()));
    assert_eq!(error("CREATE TABLE order (a INT)").2, "`order`");
    assert_eq!(error("CREATE TABLE t (a INT").0, 15);
    assert_eq!(error("CREATE TABLE t (a INT NOT NUL)").0, 22);
    assert_eq!(error("ALTER TABLE t ADD COLUMN a INT,").2, "the end of the statement");
    assert_eq!(error("ALTER TABLE t DORP COLUMN a").0, 14);
    assert_eq!(error("INSERT INTO t (a) VALUE5 (1)").1, "VALUES, SET or SELECT");
    assert_eq!(error("CREATE VIEW v AS SELEC 1").1, "SELECT");
    assert_eq!(error("DELETE FORM t").2, "`t`");
    assert_eq!(error("UPDATE t a = 1").1, "SET");
    assert_eq!(error("CREATE TRIGGER t BEFORE INSERT ON x FOR EACH ROW").2, "the end of the statement");
}

#[test]
fn what_is_not_understood_is_said_with_what_it_touches() {
    let (statements, findings) =
        read("CREATE TRIGGER g BEFORE INSERT OR UPDATE ON t FOR EACH ROW SET @a = 1");
    assert!(matches!(findings.as_slice(), [Finding::NotUnderstood { .. }]), "{findings:?}");
    let StatementKind::NotUnderstood { touches } = &statements[0].kind else { panic!() };
    assert_eq!(touches[0].1.text(), "g");
    let (statements, _) = read("SET @s = 'ALTER TABLE t ADD a INT'; PREPARE x FROM @s; EXECUTE x;");
    let StatementKind::Execute { touches } = &statements[2].kind else { panic!() };
    assert_eq!(touches[0].1.text(), "t");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn never_panics(text in "(CREATE |TABLE |ALTER |VIEW |TRIGGER |`a`|b|\\(|\\)|,|;|'x'|1|INT |KEY |FOREIGN |REFERENCES |ADD |DROP |\
        DEFAULT |AS |SELECT |FROM |WITH |/\\*!|\\*/|\\.|=|\n|BEGIN |END |PROCEDURE |é|DEFINER|@|CHECK ){0,30}") {
        let _ = read(&text);
    }

    #[test]
    fn never_panics_on_anything(text in any::<String>()) {
        let _ = read(&text);
    }
}

#[test]
fn an_alter_table_without_an_action_is_refused() {
    for text in [
        "ALTER TABLE t PARTITION x",
        "ALTER TABLE t REMOVE x",
        "ALTER TABLE t , FORCE",
        "ALTER TABLE t FORCE, PARTITION",
    ] {
        let source = Arc::new(Source::new("a.sql", text.into()));
        let (_, findings) = parse(&source, Dialect::default());
        assert!(matches!(findings.as_slice(), [Finding::Syntax { .. }]), "{text}: {findings:?}");
    }
}

#[test]
fn a_view_is_a_query() {
    let findings = |text: &str| parse(&Arc::new(Source::new("a.sql", text.into())), Dialect::default()).1;
    for query in ["SELECT 1", "((SELECT 1))", "(VALUES ROW(1))", "WITH c AS (SELECT 1) SELECT * FROM c"] {
        assert!(findings(&format!("CREATE VIEW v AS {query}")).is_empty(), "{query}");
    }
    for query in ["(x) AS SELECT 1", "x", "()", ""] {
        let found = findings(&format!("CREATE VIEW v AS {query}"));
        assert!(matches!(found.as_slice(), [Finding::Syntax { .. }]), "{query}: {found:?}");
    }
}

#[test]
fn no_statement_ends_in_a_minus() {
    let read = |body: &str| {
        let text = format!("DELIMITER //\nCREATE PROCEDURE p() BEGIN SELECT 1; END {body}//");
        parse(&Arc::new(Source::new("a.sql", text.into())), Dialect::default()).1
    };
    assert!(read("").is_empty());
    for body in ["-", "------"] {
        assert!(matches!(read(body).as_slice(), [Finding::Syntax { .. }]), "{body}: {:?}", read(body));
    }
}

#[test]
fn what_is_open_at_the_end_of_an_executed_comment_is_refused() {
    let findings = |text: &str| parse(&Arc::new(Source::new("a.sql", text.into())), Dialect::default()).1;
    assert!(findings("CREATE VIEW v AS SELECT 1 /*!80000 + 1 */").is_empty());
    let found = findings("CREATE VIEW v AS SELECT 1 /*!80000 + /*!80000 1 */");
    assert!(matches!(found.as_slice(), [Finding::Syntax { .. }]), "{found:?}");
}
