//! Types of sequences, which came with MariaDB 11.5. What is expected here is what 11.8.9 does.

use super::*;

const TYPED: Dialect = Dialect { vendor: Vendor::MariaDb, version: 110_809 };

/// What the statements make of sequence `s`; none when one of them is refused.
fn made(text: &str) -> Option<String> {
    let (catalogue, findings) = replay_scripts([source(text)], TYPED);
    let shown = show_create(&catalogue, ObjectKind::Sequence, "s", "`a`@`b`");
    let shown = shown.map(|shown| shown.replace("CREATE SEQUENCE `s` ", "").replace(" ENGINE=InnoDB", ""));
    if findings.is_empty() { shown } else { None }
}

#[track_caller]
fn counts(text: &str, expected: &str) {
    assert_eq!(made(&format!("CREATE SEQUENCE s {text}")).as_deref(), Some(expected), "{text}");
}

#[test]
fn the_type_gives_the_bounds() {
    for (text, shown, lowest, highest) in [
        ("", "", 1, "9223372036854775806"),
        ("AS BIGINT", "", 1, "9223372036854775806"),
        ("AS TINYINT", "as tinyint ", 1, "126"),
        ("AS INT1 UNSIGNED", "as tinyint unsigned ", 1, "254"),
        ("AS SMALLINT SIGNED", "as smallint ", 1, "32766"),
        ("AS MIDDLEINT", "as mediumint ", 1, "8388606"),
        ("AS INTEGER", "as int ", 1, "2147483646"),
        ("AS INT8 UNSIGNED", "as bigint unsigned ", 1, "18446744073709551614"),
        // What is out of range becomes the outermost value.
        ("AS TINYINT MAXVALUE 127", "as tinyint ", 1, "126"),
        ("AS TINYINT MINVALUE -1000", "as tinyint ", -127, "126"),
        ("AS TINYINT UNSIGNED MINVALUE -5", "as tinyint unsigned ", 1, "254"),
        ("MAXVALUE 99999999999999999999999", "", 1, "9223372036854775806"),
        ("MAXVALUE 1.5", "", 1, "9223372036854775806"),
        (
            "AS BIGINT UNSIGNED MAXVALUE 18446744073709551615",
            "as bigint unsigned ",
            1,
            "18446744073709551614",
        ),
    ] {
        let rest = "increment by 1 cache 1000 nocycle";
        counts(text, &format!("{shown}start with {lowest} minvalue {lowest} maxvalue {highest} {rest}"));
    }
}

#[test]
fn no_bound_is_that_of_the_direction() {
    counts(
        "AS INT INCREMENT -1",
        "as int start with -1 minvalue -2147483647 maxvalue -1 increment by -1 cache 1000 nocycle",
    );
    counts(
        "INCREMENT -1 AS INT UNSIGNED NOMINVALUE",
        "as int unsigned start with 4294967294 minvalue 1 maxvalue 4294967294 increment by -1 cache 1000 nocycle",
    );
    let down = "start with -1 minvalue -9223372036854775807 maxvalue -1 increment by -1 cache 1000 nocycle";
    for text in
        ["INCREMENT -1 NOMAXVALUE", "INCREMENT -1 NO MINVALUE", "INCREMENT -1 NO MAXVALUE NO MINVALUE"]
    {
        counts(text, down);
    }
    // A changed one has those of signed numbers that go up, as far as its type has them.
    counts(
        "AS BIGINT UNSIGNED MAXVALUE 10; ALTER SEQUENCE s NOMAXVALUE",
        "as bigint unsigned start with 1 minvalue 1 maxvalue 9223372036854775806 increment by 1 cache 1000 nocycle",
    );
    counts(
        "AS TINYINT INCREMENT -1 MINVALUE -3 START -1; ALTER SEQUENCE s NOMAXVALUE",
        "as tinyint start with -1 minvalue -3 maxvalue 126 increment by -1 cache 1000 nocycle",
    );
}

#[test]
fn what_the_server_refuses_is_refused() {
    for text in [
        "AS SMALLINT ZEROFILL",
        "AS INT(5)",
        "AS DECIMAL",
        "AS INT AS INT",
        "AS INT SIGNED UNSIGNED",
        "AS INT, START 3",
        "COMMENT 'x' AS INT",
        "AS TINYINT START 127",
        "AS TINYINT UNSIGNED START -1",
        "AS TINYINT UNSIGNED MAXVALUE -1",
        "AS TINYINT UNSIGNED MAXVALUE 0",
        "AS BIGINT UNSIGNED START 18446744073709551615",
        "AS BIGINT UNSIGNED CACHE 9223372036854775806",
        "START 18446744073709551616",
        "START 9223372036854775807",
        "INCREMENT 9223372036854775808",
        "INCREMENT -9223372036854775808",
        "MINVALUE 1 MINVALUE 2",
        "NOMINVALUE MINVALUE 2",
        "MAXVALUE 1e5",
        "MAXVALUE 0x10",
        "; ALTER SEQUENCE s AS INT START 3",
        "; ALTER SEQUENCE s RESTART AS INT",
        "; ALTER SEQUENCE s AS TINYINT",
        "AS TINYINT UNSIGNED; ALTER SEQUENCE s RESTART -1",
        "AS TINYINT UNSIGNED; ALTER SEQUENCE s START 300",
        "AS INT INCREMENT -1; ALTER SEQUENCE s AS INT UNSIGNED",
    ] {
        assert_eq!(made(&format!("CREATE SEQUENCE s {text}")), None, "{text}");
    }
    let (_, findings) = replay_scripts([source("CREATE SEQUENCE s AS INT")], MARIADB);
    assert_eq!(findings[0].code().unwrap().to_string(), "sql/syntax", "before 11.5");
}

#[test]
fn a_type_is_changed_and_copied() {
    let rest = "start with 1 minvalue 1 maxvalue 126 increment by 1 cache 1000 nocycle";
    counts("AS TINYINT; ALTER SEQUENCE s AS INT UNSIGNED", &format!("as int unsigned {rest}"));
    counts("AS TINYINT; ALTER SEQUENCE s AS BIGINT", rest);
    assert_eq!(
        made("CREATE SEQUENCE u AS TINYINT MINVALUE 5; CREATE TABLE s LIKE u"),
        Some(format!("as tinyint {rest}"))
    );
}

#[test]
fn a_difference_of_types_goes_through_values_that_fit_both() {
    let of = |from: &str, to: &str| -> Vec<String> {
        let schema = |text: &str| replay_scripts([source(&format!("CREATE SEQUENCE s {text}"))], TYPED).0;
        let path = diff(&schema(from), &schema(to), &Options::default()).unwrap();
        assert!(path.findings.is_empty(), "{:?}", path.findings);
        path.steps.into_iter().map(|step| step.sql).collect()
    };
    assert_eq!(
        of("", "AS INT UNSIGNED CYCLE"),
        ["ALTER SEQUENCE `s` MAXVALUE 4294967294 CYCLE", "ALTER SEQUENCE `s` AS INT UNSIGNED"]
    );
    assert_eq!(
        of("AS TINYINT", "AS INT"),
        ["ALTER SEQUENCE `s` AS INT", "ALTER SEQUENCE `s` MAXVALUE 2147483646"]
    );
    assert_eq!(
        of("AS TINYINT MINVALUE -5 MAXVALUE 100", "AS TINYINT UNSIGNED MAXVALUE 200"),
        [
            "ALTER SEQUENCE `s` AS BIGINT",
            "ALTER SEQUENCE `s` START WITH 1 MINVALUE 1 MAXVALUE 200",
            "ALTER SEQUENCE `s` AS TINYINT UNSIGNED",
        ]
    );
    assert_eq!(
        of("AS TINYINT; DROP SEQUENCE s", "AS TINYINT"),
        [
            "CREATE SEQUENCE `s` AS TINYINT START WITH 1 MINVALUE 1 MAXVALUE 126 INCREMENT BY 1 CACHE 1000 NOCYCLE ENGINE=InnoDB"
        ]
    );
}
