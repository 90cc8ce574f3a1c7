use std::sync::Arc;

use miette::Diagnostic as _;

use crate::Finding;
use crate::ast::ObjectKind;
use crate::catalogue::Catalogue;
use crate::dialect::{Dialect, Vendor};
use crate::diff::{Options, diff, inverse};
use crate::emit::{Header, build};
use crate::load::{SchemaFile, load};
use crate::place::Source;
use crate::replay::{replay_onto, replay_scripts};
use crate::show::show_create;

mod types;

const MARIADB: Dialect = Dialect { vendor: Vendor::MariaDb, version: 101_100 };

fn source(text: &str) -> Arc<Source> {
    Arc::new(Source::new("a.sql", text.into()))
}

fn run(text: &str) -> (Catalogue, Vec<Finding>) {
    replay_scripts([source(text)], MARIADB)
}

#[track_caller]
fn shown(text: &str, kind: ObjectKind, name: &str) -> String {
    let (catalogue, findings) = run(text);
    assert!(findings.is_empty(), "{text}: {findings:?}");
    show_create(&catalogue, kind, name, "`a`@`b`").unwrap()
}

#[track_caller]
fn counts(text: &str, expected: &str) {
    let shown = shown(text, ObjectKind::Sequence, "s");
    assert_eq!(shown, format!("CREATE SEQUENCE `s` {expected}"), "{text}");
}

#[track_caller]
fn refused(text: &str, with: &str) {
    let (_, findings) = run(text);
    assert_eq!(findings.len(), 1, "{text}: {findings:?}");
    assert!(findings[0].to_string().contains(with), "{text}: {}", findings[0]);
    assert_ne!(findings[0].severity(), Some(miette::Severity::Warning), "{text}");
}

fn steps(from: &str, to: &str) -> Vec<String> {
    let path = diff(&run(from).0, &run(to).0, &Options::default()).unwrap();
    assert!(path.findings.is_empty(), "{:?}", path.findings);
    path.steps.into_iter().map(|step| step.sql).collect()
}

#[test]
fn defaults_are_filled_in() {
    let whole = "start with 1 minvalue 1 maxvalue 9223372036854775806 increment by 1 cache 1000 nocycle ENGINE=InnoDB";
    counts("CREATE SEQUENCE s", whole);
    counts("CREATE SEQUENCE s NO MINVALUE NOMAXVALUE", whole);
    counts(
        "CREATE SEQUENCE s INCREMENT BY -2",
        "start with -1 minvalue -9223372036854775807 maxvalue -1 increment by -2 cache 1000 nocycle ENGINE=InnoDB",
    );
    counts(
        "CREATE SEQUENCE s START = 5 MINVALUE -10 MAXVALUE = 9 NOCACHE CYCLE COMMENT 'it''s', ENGINE aria",
        "start with 5 minvalue -10 maxvalue 9 increment by 1 nocache cycle ENGINE=Aria COMMENT='it''s'",
    );
    // Without bounds means the bounds of a sequence that goes up.
    counts(
        "CREATE SEQUENCE s INCREMENT -1 NOMAXVALUE",
        "start with 9223372036854775806 minvalue -9223372036854775807 maxvalue 9223372036854775806 increment by -1 \
         cache 1000 nocycle ENGINE=InnoDB",
    );
}

#[test]
fn values_go_together() {
    for text in [
        "MAXVALUE 0",
        "MINVALUE 5 MAXVALUE 5",
        "START 0",
        "START 11 MAXVALUE 10",
        "CACHE -1",
        "MAXVALUE 9223372036854775807",
        "INCREMENT 9223372036854775807 NOCACHE",
        "CACHE 4611686018427387903 INCREMENT 2",
        "INCREMENT -1 START 5",
        "INCREMENT -1 NOMINVALUE",
    ] {
        refused(&format!("CREATE SEQUENCE s {text}"), "do not go together");
    }
    refused("CREATE SEQUENCE s ENGINE=MEMORY", "has no sequences");
}

#[test]
fn a_counter_stays_within_reach() {
    let begins = "CREATE SEQUENCE s;";
    refused(&format!("{begins} ALTER SEQUENCE s RESTART 0"), "would go on from 0, which is below 1");
    refused(&format!("{begins} ALTER SEQUENCE s MINVALUE 5 START 5"), "would go on from 1, which is below 5");
    refused(
        &format!("{begins} ALTER SEQUENCE s RESTART 9; ALTER SEQUENCE s INCREMENT -1 MAXVALUE 8"),
        "from 9",
    );
    let bounds = "start with 5 minvalue 5 maxvalue 8 increment by 1 cache 1000 nocycle ENGINE=InnoDB";
    counts(&format!("{begins} ALTER SEQUENCE s MINVALUE 5 START 5 MAXVALUE 8 RESTART"), bounds);
    // The end to which it goes is no bound of what comes next.
    counts(&format!("{begins} ALTER SEQUENCE s RESTART 9 MINVALUE 5 START 5 MAXVALUE 8"), bounds);
    // Who reads it may have taken it on.
    for uses in
        ["SELECT NEXTVAL(s);", "SET @a = NEXTVAL(s);", "CREATE TABLE t (a INT); INSERT INTO t VALUES (1);"]
    {
        counts(&format!("{begins} {uses} ALTER SEQUENCE s MINVALUE 5 START 5 MAXVALUE 8"), bounds);
    }
    refused(
        &format!(
            "{begins} SELECT NEXTVAL(s); ALTER SEQUENCE s RESTART 3; ALTER SEQUENCE s MINVALUE 5 START 5"
        ),
        "from 3",
    );
}

#[test]
fn what_the_server_does_not_read_is_a_syntax_error() {
    let of = |text: &str, dialect| {
        let (_, findings) = replay_scripts([source(text)], dialect);
        findings.iter().map(|finding| finding.code().unwrap().to_string()).collect::<Vec<_>>()
    };
    for text in [
        "CREATE SEQUENCE s NO CYCLE",
        "CREATE SEQUENCE s NO CACHE",
        "CREATE SEQUENCE s START 1 START 2",
        "CREATE SEQUENCE s CYCLE NOCYCLE",
        "CREATE SEQUENCE s NOMINVALUE NOMINVALUE",
        "CREATE SEQUENCE s INCREMENT BY = 2",
        "CREATE SEQUENCE s START WITH = 5",
        "CREATE SEQUENCE s MINVALUE -9223372036854775808",
        "CREATE SEQUENCE s START 5.5",
        "CREATE SEQUENCE s COMMENT 'x' START 5",
        "CREATE OR REPLACE SEQUENCE IF NOT EXISTS s",
        "ALTER SEQUENCE s",
        "ALTER SEQUENCE s COMMENT 'x'",
        "ALTER SEQUENCE s RESTART RESTART",
    ] {
        assert_eq!(of(text, MARIADB), ["sql/syntax"], "{text}");
    }
    for text in ["CREATE SEQUENCE s", "ALTER SEQUENCE s START 3", "DROP SEQUENCE IF EXISTS s"] {
        assert_eq!(of(text, Dialect::default()), ["sql/syntax"], "{text}");
    }
}

#[test]
fn a_sequence_is_altered_and_renamed() {
    counts(
        "CREATE SEQUENCE s; ALTER SEQUENCE s START 5 MAXVALUE 100 RESTART 7 CACHE 0; ALTER TABLE s COMMENT 'c', RENAME u; \
         RENAME TABLE u TO s; ALTER SEQUENCE IF EXISTS nope CYCLE",
        "start with 5 minvalue 1 maxvalue 100 increment by 1 nocache nocycle ENGINE=InnoDB COMMENT='c'",
    );
    refused("CREATE SEQUENCE s; ALTER TABLE s ADD COLUMN a INT", "is a sequence");
    refused("CREATE TABLE t (a INT); ALTER SEQUENCE t CYCLE", "is not a sequence");
    refused("ALTER SEQUENCE s CYCLE", "no sequence `s`");
}

#[test]
fn sequences_tables_and_views_share_their_names() {
    refused("CREATE SEQUENCE s; CREATE TABLE s (a INT)", "already a sequence");
    refused("CREATE VIEW s AS SELECT 1 AS a; CREATE OR REPLACE SEQUENCE s", "already a view");
    refused("CREATE TABLE t (a INT); DROP SEQUENCE t", "is not a sequence");
    refused(
        "CREATE SEQUENCE s; CREATE TRIGGER g BEFORE INSERT ON s FOR EACH ROW SET @a = 1",
        "is a sequence",
    );
    let (catalogue, findings) = run(
        "CREATE TABLE t (a INT); DROP SEQUENCE IF EXISTS t, nope; CREATE SEQUENCE a; CREATE TABLE IF NOT EXISTS a (i INT); \
         CREATE SEQUENCE b; DROP TABLE b; CREATE TABLE c (i INT); CREATE OR REPLACE SEQUENCE c; CREATE TEMPORARY SEQUENCE d; \
         DROP SEQUENCE d; CREATE VIEW v AS SELECT minimum_value FROM a; INSERT INTO t SELECT cache_size FROM a; CREATE TABLE e LIKE a;",
    );
    assert!(findings.is_empty(), "{findings:?}");
    let names: Vec<&String> = catalogue.sequences().keys().collect();
    assert_eq!(names, ["a", "c", "e"]);
    assert!(catalogue.tables().contains_key("t"));
}

#[test]
fn a_default_counts_by_a_sequence_that_is_there() {
    let text = "USE d; CREATE SEQUENCE s; CREATE TABLE t (a INT DEFAULT NEXTVAL(s), b INT DEFAULT (NEXT VALUE FOR s + 1), \
        c INT DEFAULT PREVIOUS VALUE FOR s, e INT DEFAULT (SETVAL(s, 5)), f INT DEFAULT (SETVAL(s, 5, false, 2)))";
    let lines = shown(text, ObjectKind::Table, "t");
    for line in [
        "`a` int(11) DEFAULT nextval(`d`.`s`),",
        "`b` int(11) DEFAULT (nextval(`d`.`s`) + 1),",
        "`c` int(11) DEFAULT lastval(`d`.`s`),",
        "`e` int(11) DEFAULT setval(`d`.`s`,5,1,0),",
        "`f` int(11) DEFAULT setval(`d`.`s`,5,0,2)\n",
    ] {
        assert!(lines.contains(line), "{line}: {lines}");
    }
    refused("CREATE TABLE t (a INT DEFAULT NEXTVAL(s))", "no sequence `s`");
    refused("CREATE TABLE s (a INT); CREATE TABLE t (a INT DEFAULT NEXTVAL(s))", "no sequence `s`");
    let used = "CREATE SEQUENCE s; CREATE TABLE t (a INT DEFAULT NEXTVAL(s));";
    refused(&format!("{used} DROP SEQUENCE s; ALTER TABLE t ADD b INT;"), "no sequence `s`");
    // The server lets it go, and the table cannot be read any more.
    refused(&format!("{used} DROP SEQUENCE s;"), "table `t`");
}

#[test]
fn a_directory_with_sequences_becomes_a_baseline() {
    let file = |path: &str, text: &str| SchemaFile {
        path: path.to_owned(),
        shown: format!("schema/{path}"),
        bytes: text.into(),
    };
    let table = "CREATE TABLE t (a INT DEFAULT NEXTVAL(s)) CHARSET=utf8mb4 COLLATE=utf8mb4_bin;";
    let files = |sequence: &str| vec![file("tables/t.sql", table), file("sequences/s.sql", sequence)];
    let (schema, findings) = load(files("CREATE SEQUENCE s START WITH 10;"), MARIADB);
    assert!(findings.is_empty(), "{findings:?}");
    let text = build(&schema, &Header::default()).0.text;
    let at = |part: &str| text.find(part).unwrap();
    assert!(at("-- sequences\n\nCREATE SEQUENCE s START WITH 10;\n") < at("CREATE TABLE t"), "{text}");
    let (_, findings) = load(vec![file("tables/t.sql", table)], MARIADB);
    assert_eq!(findings[0].code().unwrap().to_string(), "schema/missing-reference");
    let (_, findings) = load(files("CREATE TABLE s (a INT);"), MARIADB);
    assert!(findings.iter().any(|finding| finding.to_string().contains("table `s`")), "{findings:?}");
}

#[test]
fn differences_are_made_by_statements() {
    let count = "CREATE SEQUENCE s MAXVALUE 9;";
    assert_eq!(steps(count, "CREATE SEQUENCE s MAXVALUE 9 NO MINVALUE"), [""; 0]);
    assert_eq!(
        steps(count, "CREATE SEQUENCE s MAXVALUE 10 CYCLE CACHE 3 COMMENT 'it''s' ENGINE=Aria"),
        [
            "ALTER SEQUENCE `s` MAXVALUE 10 CACHE 3 CYCLE",
            "ALTER TABLE `s`\n    ENGINE=Aria,\n    COMMENT='it''s'",
        ]
    );
    let used = "CREATE SEQUENCE n; CREATE TABLE t (a INT DEFAULT NEXTVAL(n));";
    assert_eq!(
        steps("CREATE SEQUENCE o; CREATE TABLE t (a INT DEFAULT NEXTVAL(o))", used),
        [
            "CREATE SEQUENCE `n` START WITH 1 MINVALUE 1 MAXVALUE 9223372036854775806 INCREMENT BY 1 CACHE 1000 NOCYCLE \
             ENGINE=InnoDB",
            "ALTER TABLE `t`\n    MODIFY COLUMN `a` int DEFAULT (NEXTVAL(n))",
            "DROP SEQUENCE `o`",
        ]
    );
    assert_eq!(
        steps("CREATE SEQUENCE t;", "CREATE TABLE t (a INT);")[0],
        "DROP SEQUENCE `t`",
        "names are free before they are taken"
    );
}

#[test]
fn what_a_script_made_is_taken_back() {
    let before = "CREATE SEQUENCE s; CREATE SEQUENCE gone;";
    let script =
        source("RENAME TABLE s TO u; CREATE SEQUENCE n; DROP SEQUENCE gone; ALTER SEQUENCE u CYCLE;");
    let (before, _) = run(before);
    let mut after = before.clone();
    assert!(replay_onto(&mut after, [Arc::clone(&script)]).is_empty());
    let path = inverse(&script, &before, &after);
    let codes: Vec<String> =
        path.findings.iter().map(|finding| finding.code().unwrap().to_string()).collect();
    assert_eq!(codes, ["schema/lost-before"], "{:?}", path.findings);
    let steps: Vec<String> = path.steps.into_iter().map(|step| step.sql).collect();
    assert_eq!(steps[0], "RENAME TABLE `u` TO `s`");
    assert!(steps.contains(&"DROP SEQUENCE `n`".to_owned()), "{steps:?}");
    assert!(steps.contains(&"ALTER SEQUENCE `s` NOCYCLE".to_owned()), "{steps:?}");
    let restart = source("ALTER SEQUENCE s RESTART 5;");
    let path = inverse(&restart, &before, &before);
    assert_eq!(path.findings[0].code().unwrap().to_string(), "schema/no-inverse");
}
