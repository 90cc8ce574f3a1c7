use std::process::Command;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serde_json::Value;

use super::*;
use crate::finding::Source;
use crate::placeholder::Placeholders;

const DIALECTS: [(&str, bool); 2] = [("mysql", false), ("mariadb", true)];

fn split(text: &str, mariadb: bool) -> (Vec<Statement>, Vec<SplitProblem>) {
    super::split(text, &";".into(), mariadb)
}

/// Compares with what Flyway has printed for a text. Its message says where the statement with the error begins; the
/// statements before that are not recorded.
#[track_caller]
fn compare(text: &str, mariadb: bool, record: &Value) {
    let context = || format!("{} {text:?}", record["file"]);
    let (statements, problems) = split(text, mariadb);
    if let Some(error) = record["error"].as_str() {
        let expected = match problems.as_slice() {
            [SplitProblem::DelimiterInsideStatement { .. }] => "Delimiter changed inside statement at line ",
            [SplitProblem::IncompleteBlock { .. }] => "Incomplete statement at line ",
            [SplitProblem::FlywayFails { .. }] => "because \"keywordText\" is null",
            _ => panic!("{}: {problems:?} instead of {error}", context()),
        };
        assert!(error.contains(expected), "{}: {problems:?} instead of {error}", context());
        return;
    }
    assert_eq!(problems, [], "{}", context());
    let actual: Vec<_> =
        statements.iter().map(|one| (one.line as u64, &*one.delimiter, one.text(text).to_owned())).collect();
    let expected: Vec<_> = record["statements"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (
                one["line"].as_u64().unwrap(),
                one["delimiter"].as_str().unwrap(),
                one["sql"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    assert_eq!(actual, expected, "{}", context());
}

fn records(lines: &str) -> impl Iterator<Item = Value> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap())
}

#[test]
fn splits_the_recorded_scripts_without_exception() {
    let Some(corpus) = crate::corpora::directory("flyway-mysql/parser") else { return };
    let mut placeholders = Placeholders::default();
    placeholders.set("p", "VALUE");
    placeholders.set("q", "");
    let mut compared = 0;
    for (dialect, mariadb) in DIALECTS {
        let expected = std::fs::read_to_string(corpus.join(format!("expected.{dialect}.jsonl"))).unwrap();
        for record in records(&expected) {
            let file = record["file"].as_str().unwrap();
            let text = std::fs::read_to_string(corpus.join("sql").join(file)).unwrap();
            let source = Source::new(file, text.into());
            let (expanded, findings) = placeholders.expand(&source, file);
            // That is what Flyway says before it splits anything.
            let is_unknown = record["error"].as_str().is_some_and(|error| error.contains(" placeholder: ${"));
            assert_eq!(findings.is_empty(), !is_unknown, "{file}: {findings:?}");
            if !is_unknown {
                compare(&expanded.text, mariadb, &record);
            }
            compared += 1;
        }
    }
    assert_eq!(compared, 218);
}

#[test]
fn splits_real_migrations_without_exception() {
    for (files, expected) in [
        ("migrations-fineract/core_db", "../expected/core_db.statements.jsonl"),
        ("migrations-fineract/list_db", "../expected/list_db.statements.jsonl"),
        ("migrations-uaa/mysql", "../expected/statements.jsonl"),
        ("flyway-mysql/v4-tests/mysql", "../expected.mysql.jsonl"),
    ] {
        let Some(directory) = crate::corpora::directory(files) else { return };
        let expected = std::fs::read_to_string(directory.join(expected)).unwrap();
        for record in records(&expected) {
            let file = record["file"].as_str().unwrap();
            let text = std::fs::read_to_string(directory.join(file)).unwrap();
            let (statements, problems) = split(&text, false);
            assert_eq!(problems, [], "{file}");
            let expected = record["statements"].as_array().unwrap();
            assert_eq!(statements.len(), expected.len(), "{file}");
            for (statement, expected) in statements.iter().zip(expected) {
                let sql = statement.text(&text);
                assert_eq!(Some(statement.line as u64), expected["line"].as_u64(), "{file}: {sql}");
                if let Some(delimiter) = expected["delimiter"].as_str() {
                    assert_eq!(&*statement.delimiter, delimiter, "{file}: {sql}");
                }
                match expected["sql"].as_str() {
                    Some(expected) => assert_eq!(sql, expected, "{file}"),
                    None => assert_eq!(
                        u64::from(crc32fast::hash(sql.as_bytes())),
                        expected["crc32"],
                        "{file}: {sql}"
                    ),
                }
            }
        }
    }
}

/// What decides where Flyway cuts, and what looks like it.
#[rustfmt::skip]
const FRAGMENTS: &[&str] = &[
    ";", ";", ";", ";\n", "//", "$$", "#", "(", ")", "@", ".", "\\", "'", "\"", "`", "--", "-- c\n", "--c\n", "# c\n", "/*", "*/", "/* c */", "/*IF*/", "/*/**/END*/", "/* /* c */ */",
    "/*!", "/*!50003", "/*!50003 x */", "/*!\u{661}\u{661}\u{661}\u{661}\u{661} x */", "/*M!", "/*+ x */", "\n", "\n\n", "\r\n", "\r", "\t", "\u{b}", "\0", "\u{a0}", "\u{2003}", "\u{85}",
    "DELIMITER //\n", "DELIMITER ;\n", "delimiter $$\r\n", "DELIMITER\n\n go\n", "DELIMITER # c\n", "DELIMITER END\n", "DELIMITER é\n", "DELIMITER ninechars\n", "DELIMITER ''\n", "DELIMITER", "go", "ninechars",
    "CREATE PROCEDURE p()", "CREATE TRIGGER t", "CREATE DEFINER=a@b FUNCTION f", "CREATE DEFINER=`a`@`b` EVENT e DO", "CREATE DEFINER = a1@b1 PROCEDURE p", "CREATE", "DEFINER", "=", "OR REPLACE", "procedure", "TRIGGER", "EVENT", "PACKAGE", "@b",
    "BEGIN", "begin", "END", "end", "END;", "`END`", "'END'", "END.a", "a.END", "a.`END`", "IF", "`IF`", "LOOP", "REPEAT", "WHILE", "FOR", "CASE", "case", "END CASE", "END IF", "END LOOP", "NOT ATOMIC", "BEGIN NOT ATOMIC", "NOT", "ATOMIC", "`NOT`", "WEEKEND",
    "SELECT 1", "SELECT", "a", "é", "日本", "𠀀", "a$b", "_", "5", "1e5", "x'1'", "B'1'", "X'", "E'\\''", "U&'a\\'", "U&", "N'a'", "'a''b'", "'a\\'b'", "\"a\"\"b\"", "`a``b`", "`a`.`b`.`c`.`d`", "a.b.c.d",
];

/// Whether Flyway reads this to the end. Other scripts keep it, and the test, busy for ever.
fn comes_to_an_end(script: &str) -> bool {
    let mut reader = Reader::new(script, ";".into());
    loop {
        let token = reader.next();
        match token.kind {
            Kind::NewDelimiter => reader.delimiter = token.text.as_ref().into(),
            Kind::EndlessDelimiter | Kind::EndlessNumber => return false,
            Kind::End => return true,
            _ => {}
        }
    }
}

fn scripts(count: usize) -> Vec<String> {
    let part = (proptest::sample::select(FRAGMENTS), proptest::sample::select(&["", " ", " ", "\n"][..]));
    let script = proptest::collection::vec(part, 1..30);
    let mut runner = TestRunner::deterministic();
    let mut next = || {
        let parts = script.new_tree(&mut runner).unwrap().current();
        parts.into_iter().flat_map(|(fragment, space)| [fragment, space]).collect::<String>()
    };
    std::iter::repeat_with(&mut next).filter(|script| comes_to_an_end(script)).take(count).collect()
}

#[test]
fn splits_generated_scripts_as_the_real_parser() {
    let Some(flyway) = std::env::var_os("INFRA_TEST_FLYWAY") else {
        eprintln!("SKIPPED: no Flyway; INFRA_TEST_FLYWAY is what tests/tools/flyway prints");
        return;
    };
    let scripts = scripts(4000);
    let directory = tempfile::tempdir().unwrap();
    for (number, script) in scripts.iter().enumerate() {
        std::fs::write(directory.path().join(format!("{number:06}.sql")), script).unwrap();
    }
    for (dialect, mariadb) in DIALECTS {
        let output = Command::new(&flyway)
            .args(["split", dialect])
            .arg(directory.path())
            .output()
            .expect("Flyway runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let output = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.lines().count(), scripts.len());
        for (script, record) in scripts.iter().zip(records(&output)) {
            compare(script, mariadb, &record);
        }
    }
}

#[test]
fn what_flyway_never_ends_or_fails_at_is_a_problem() {
    let problem = |text: &str, mariadb| {
        let (statements, mut problems) = split(text, mariadb);
        assert_eq!((statements.len(), problems.len()), (1, 1), "{text}: {problems:?}");
        problems.remove(0)
    };
    assert_eq!(problem("SELECT 1;\nDELIMITER \n", false), SplitProblem::MissingDelimiter { range: 10..19 });
    assert_eq!(problem("SELECT 1; SELECT \u{663};", false), SplitProblem::FlywayFails { range: 17..19 });
    assert_eq!(
        problem("SELECT 1; BEGIN NOT ATOMIC IF 1 THEN DO 2; END IF; DO ''; END;", true),
        SplitProblem::FlywayFails { range: 54..56 }
    );
    assert_eq!(
        problem("SELECT 1; BEGIN NOT ATOMIC DO 2; END", true),
        SplitProblem::FlywayFails { range: 20..26 }
    );
    assert_eq!(super::split("SELECT 1;", &"".into(), false).0.len(), 1);
    assert_eq!(split("SELECT 'a\u{663}' + a\u{663};", false).1, []);
}

#[test]
fn what_may_stay_in_the_session_is_known() {
    let touches =
        |text| split(text, false).0.iter().map(|statement| statement.touches_session).collect::<Vec<_>>();
    assert_eq!(touches("SET a = 1; CREATE TEMPORARY TABLE t (a INT); SELECT 5--@a:=1"), [true; 3]);
    assert_eq!(touches("/*! SET a = 1 */ SELECT 1; SELECT /*M! 1 */; /*!40101 SET a = 1 */"), [true; 3]);
    assert_eq!(
        touches("-- SET\nSELECT 1; ALTER TABLE t ADD temporal INT; insert INTO t VALUES (1)"),
        [false; 3]
    );
}

proptest::proptest! {
    #[test]
    fn statements_are_ordered_slices(text in "(BEGIN|END|CREATE |TRIGGER |DELIMITER //\n|[;/*!'\"`(#\n @.é\u{661}\u{1}-]|[a-zE]{1,3}){0,40}") {
        let (statements, problems) = split(&text, true);
        let mut end = 0;
        for statement in &statements {
            proptest::prop_assert!(statement.range.start >= end);
            proptest::prop_assert!(statement.range.start <= statement.start && statement.start <= statement.range.end);
            proptest::prop_assert_eq!(trim(statement.text(&text)), statement.text(&text));
            end = statement.range.end;
        }
        for problem in problems {
            proptest::prop_assert!(text.get(problem.range()).is_some_and(|place| !place.is_empty()));
        }
    }
}
