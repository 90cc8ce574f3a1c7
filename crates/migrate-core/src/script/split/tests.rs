use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn texts(text: &str) -> Vec<&str> {
    let (statements, problems) = split(text, &SplitOptions::default());
    assert!(problems.is_empty(), "{text}: {problems:?}");
    statements.iter().map(|statement| statement.text(text)).collect()
}

#[track_caller]
fn problem(text: &str) -> SplitProblem {
    let (_, mut problems) = split(text, &SplitOptions::default());
    assert_eq!(problems.len(), 1, "{text}: {problems:?}");
    problems.remove(0)
}

/// Scripts whose recorded result is a fault of Flyway, what we find instead, and why that is right.
const DIFFERENCES: [(&str, &[&str], &str); 24] = [
    ("005", &["SELECT 5--1", "SELECT 2"], "two dashes without white space are no comment"),
    ("015", &["SELECT 1"], "the argument of DELIMITER ends at white space"),
    ("016", &[], "an error of ours, at the line of DELIMITER"),
    ("020", &["CREATE DEFINER=… TRIGGER …", "SELECT 2"], "a definer makes it no less a trigger"),
    ("021", &["CREATE OR REPLACE PROCEDURE …", "SELECT 3"], "OR REPLACE makes it no less a procedure"),
    ("027", &["/*! SET @a=1 */", "SELECT 2"], "every server executes it"),
    ("028", &["/*M!100100 SET @a=1 */", "SELECT 2"], "MariaDB executes it"),
    ("030", &["/* outer /* inner */ still comment */ SELECT 1", "SELECT 2"], "not nested, same text"),
    ("036", &[], "a string that is not closed is an error"),
    ("037", &["SELECT 1"], "a comment that is not closed is an error"),
    ("038", &["SELECT (1", "SELECT 2"], "a delimiter ends a statement inside parentheses, too"),
    ("039", &[], "an error of ours, at BEGIN"),
    ("051", &["BEGIN NOT ATOMIC …", "SELECT 3"], "only MariaDB has it, cutting helps nobody"),
    ("058", &["SELECT 1"], "the argument of DELIMITER may be quoted"),
    ("061", &["CREATE TABLE t (id INT, delimiter VARCHAR(5))", "SELECT 1"], "a column may have this name"),
    ("062", &["CREATE DEFINER=CURRENT_USER PROCEDURE …", "SELECT 3"], "a definer without host"),
    ("064", &["ALTER EVENT e DO BEGIN …", "SELECT 3"], "ALTER EVENT has a body, too"),
    ("065", &["CREATE PROCEDURE …", "SELECT 3"], "END FOR ends a loop, not the body"),
    ("066", &["CREATE OR REPLACE TRIGGER …", "SELECT 3"], "OR REPLACE makes it no less a trigger"),
    ("071", &["/* a /* b */\nSELECT 1", "SELECT 2"], "comments do not nest"),
    (
        "072",
        &["-- see http://x/*y\nSELECT 1", "/* https://a/* */ SELECT 2", "SELECT 3"],
        "comments do not nest",
    ),
    ("076", &["CREATE PACKAGE …", "SELECT 3"], "a package is one statement"),
    ("078", &["/*!50003 SELECT '*/' */", "SELECT 1"], "inside an executable comment strings are strings"),
    (
        "088",
        &["SELECT 1)", "SELECT 2", "SELECT (3)"],
        "a delimiter ends a statement whatever the parentheses",
    ),
];

/// More of them, whose statements are whole programs.
const WHOLE_PROGRAMS: [(&str, usize, &str); 4] = [
    ("096", 2, "IF without BEGIN is a body"),
    ("097", 2, "WHILE without BEGIN is a body"),
    ("099", 2, "a quoted END is a name"),
    ("103", 2, "a comment between END and IF is no token"),
];

#[test]
fn splits_as_flyway_except_for_its_faults() {
    let Some(corpus) = crate::corpora::directory("flyway-mysql/parser") else { return };
    let mut compared = 0;
    for dialect in ["mysql", "mariadb"] {
        let expected = std::fs::read_to_string(corpus.join(format!("expected.{dialect}.jsonl"))).unwrap();
        for record in expected.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
            let file = record["file"].as_str().unwrap();
            // Placeholders are replaced before splitting.
            if file.contains("placeholder") || file.contains("053_") {
                continue;
            }
            let text = std::fs::read_to_string(corpus.join("sql").join(file)).unwrap();
            let (statements, problems) = split(&text, &SplitOptions::default());
            compare(file, &text, &statements, &problems, &record);
            compared += 1;
        }
    }
    assert!(compared >= 200, "{compared}");
}

fn compare(file: &str, text: &str, statements: &[Statement], problems: &[SplitProblem], record: &Value) {
    let actual: Vec<&str> = statements.iter().map(|statement| statement.text(text)).collect();
    if let Some((_, expected, reason)) = DIFFERENCES.iter().find(|(number, ..)| file.starts_with(number)) {
        assert_eq!(actual.len(), expected.len(), "{file}: {reason}: {actual:?}");
        for (actual, expected) in actual.iter().zip(*expected) {
            match expected.strip_suffix('…').and_then(|start| start.split('…').next()) {
                Some(start) => assert!(
                    actual.starts_with(start.trim_end()) && actual.ends_with("END"),
                    "{file}: {actual}"
                ),
                None => assert_eq!(actual, expected, "{file}: {reason}"),
            }
        }
        return;
    }
    if let Some((_, count, reason)) = WHOLE_PROGRAMS.iter().find(|(number, ..)| file.starts_with(number)) {
        assert_eq!((actual.len(), problems.len()), (*count, 0), "{file}: {reason}: {actual:?}");
        return;
    }
    let expected = record["statements"].as_array().unwrap();
    assert_eq!(actual, expected.iter().map(|one| one["sql"].as_str().unwrap()).collect::<Vec<_>>(), "{file}");
    for (statement, expected) in statements.iter().zip(expected) {
        assert_eq!(Some(statement.line as u64), expected["line"].as_u64(), "{file}");
        assert_eq!(Some(&*statement.delimiter), expected["delimiter"].as_str(), "{file}");
    }
    // A client command, a lone carriage return: split alike, but worth an error.
    let known = ["059", "085"].iter().any(|number| file.starts_with(number));
    assert_eq!(problems.is_empty(), !known, "{file}: {problems:?}");
}

#[test]
fn splits_real_migrations_as_recorded() {
    for (files, expected) in [
        ("migrations-fineract/core_db", "../expected/core_db.statements.jsonl"),
        ("migrations-fineract/list_db", "../expected/list_db.statements.jsonl"),
        ("migrations-uaa/mysql", "../expected/statements.jsonl"),
    ] {
        let Some(directory) = crate::corpora::directory(files) else { return };
        let expected = std::fs::read_to_string(directory.join(expected)).unwrap();
        for record in expected.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
            let file = record["file"].as_str().unwrap();
            let text = std::fs::read_to_string(directory.join(file)).unwrap();
            let (statements, problems) = split(&text, &SplitOptions::default());
            assert!(problems.is_empty(), "{file}: {problems:?}");
            let expected = record["statements"].as_array().unwrap();
            assert_eq!(statements.len(), expected.len(), "{file}");
            for (statement, expected) in statements.iter().zip(expected) {
                let sql = statement.text(&text);
                assert_eq!(Some(statement.line as u64), expected["line"].as_u64(), "{file}: {sql}");
                assert_eq!(Some(&*statement.delimiter), expected["delimiter"].as_str(), "{file}");
                assert_eq!(
                    Some(u64::from(crc32fast::hash(sql.as_bytes()))),
                    expected["crc32"].as_u64(),
                    "{file}: {sql}"
                );
            }
        }
    }
}

#[test]
fn splits_recorded_test_migrations() {
    let Some(directory) = crate::corpora::directory("flyway-mysql/v4-tests") else { return };
    let expected = std::fs::read_to_string(directory.join("expected.mysql.jsonl")).unwrap();
    for record in expected.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        let file = record["file"].as_str().unwrap();
        let text = std::fs::read_to_string(directory.join("mysql").join(file)).unwrap();
        let (statements, problems) = split(&text, &SplitOptions::default());
        assert!(problems.is_empty(), "{file}: {problems:?}");
        let actual: Vec<_> =
            statements.iter().map(|statement| (statement.line as u64, statement.text(&text))).collect();
        let expected: Vec<_> = record["statements"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| (one["line"].as_u64().unwrap(), one["sql"].as_str().unwrap()))
            .collect();
        assert_eq!(actual, expected, "{file}");
    }
}

/// Programs that are one statement each, without a DELIMITER line.
#[test]
fn programs_are_whole() {
    for program in [
        "CREATE DEFINER=CURRENT_USER() PROCEDURE p() BEGIN SELECT 1; END",
        "CREATE DEFINER = 'a' @ 'b' FUNCTION f() RETURNS INT BEGIN RETURN 1; END",
        "CREATE /*!50017 DEFINER=`a`@`b` */ TRIGGER t BEFORE INSERT ON a FOR EACH ROW BEGIN SET @a=1; END",
        "CREATE TRIGGER IF NOT EXISTS t BEFORE INSERT ON a FOR EACH ROW IF 1 THEN SET @a=1; ELSEIF 2 THEN SET @a=2; END IF",
        "CREATE PROCEDURE IF NOT EXISTS p() REPEAT SET @a=1; UNTIL 1 END REPEAT",
        "CREATE PROCEDURE p() l: LOOP LEAVE l; END LOOP l",
        "CREATE PROCEDURE p() FOR i IN 1..3 DO SELECT i; END FOR",
        "CREATE PROCEDURE p() BEGIN FOR r IN (SELECT 1) DO SELECT 1; END FOR; SELECT 1; END",
        "CREATE PROCEDURE p() BEGIN SELECT t.end, t.begin FROM t FOR UPDATE; SELECT (1) FOR UPDATE; SELECT 1; END",
        "CREATE PROCEDURE p() BEGIN SELECT begin, end FROM t; SELECT 1 AS end; UPDATE t SET end = 1; SELECT 2; END",
        "CREATE PROCEDURE p() BEGIN IF IF(1,2,3) THEN SELECT 1; END IF; SET @a = IF(1,2,3); SELECT 1; END",
        "CREATE PROCEDURE p() BEGIN CASE WHEN IF(1,2,3) THEN SELECT 1; ELSE BEGIN END; END CASE; SELECT 1; END",
        "CREATE PROCEDURE p() BEGIN IF CASE WHEN 1 THEN 1 END = 1 THEN SELECT 1; END IF; SELECT 1; END",
        "CREATE PROCEDURE p() BEGIN DROP TABLE IF EXISTS t; CREATE TABLE IF NOT EXISTS t (a INT); SELECT 1; END",
        "CREATE PROCEDURE p() BEGIN WHILE 1 DO IF 1 THEN LEAVE a; END IF; END WHILE; SELECT 1; END",
        "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO IF 1 THEN DELETE FROM a; END IF",
        "CREATE AGGREGATE FUNCTION f(x INT) RETURNS INT BEGIN DECLARE CONTINUE HANDLER FOR NOT FOUND RETURN 1; LOOP FETCH GROUP NEXT ROW; END LOOP; END",
        "IF 1 THEN SELECT 1; SELECT 2; END IF",
        "WHILE 1 DO SELECT 1; SELECT 2; END WHILE",
        "CREATE PACKAGE BODY p AS x INT; PROCEDURE a; PROCEDURE a AS y INT; BEGIN SELECT 1; END; BEGIN SET x=1; END",
        "CREATE PACKAGE p PROCEDURE a(); FUNCTION b() RETURNS INT; END",
        "CREATE PROCEDURE p() BEGIN IF 1 THEN SELECT 1; END -- c\n IF; END",
        "BEGIN NOT ATOMIC DECLARE x INT; SET x = 1; END",
    ] {
        let text = format!("{program};\nSELECT 99;\n");
        assert_eq!(texts(&text), [program, "SELECT 99"]);
    }
}

#[test]
fn plain_statements_have_no_blocks() {
    assert_eq!(texts("BEGIN; SELECT 1; END; COMMIT"), ["BEGIN", "SELECT 1", "END", "COMMIT"]);
    assert_eq!(
        texts("CREATE ALGORITHM=MERGE DEFINER=`r`@`%` VIEW v AS SELECT CASE WHEN 1 THEN 2 END; SELECT 1"),
        ["CREATE ALGORITHM=MERGE DEFINER=`r`@`%` VIEW v AS SELECT CASE WHEN 1 THEN 2 END", "SELECT 1"]
    );
    assert_eq!(texts("CREATE TABLE begin (a INT); SELECT 1"), ["CREATE TABLE begin (a INT)", "SELECT 1"]);
    assert_eq!(
        texts("CREATE PROCEDURE p() SELECT IF(1,2,3); SELECT 1"),
        ["CREATE PROCEDURE p() SELECT IF(1,2,3)", "SELECT 1"]
    );
    assert_eq!(texts("BEGIN WORK; SELECT 1"), ["BEGIN WORK", "SELECT 1"]);
}

#[test]
fn own_delimiters_end_statements_wherever_they_stand() {
    assert_eq!(texts("DELIMITER //\nCREATE PROCEDURE p() BEGIN //\n"), ["CREATE PROCEDURE p() BEGIN"]);
    assert_eq!(texts("DELIMITER $$\nSELECT 1; SELECT 2;$$ SELECT 3 $$"), ["SELECT 1; SELECT 2;", "SELECT 3"]);
    assert_eq!(texts("DELIMITER $//\nSELECT a$// SELECT '$//'$//"), ["SELECT a", "SELECT '$//'"]);
    assert_eq!(texts("SELECT 1\\G\nSELECT 2\\g"), ["SELECT 1", "SELECT 2"]);
    assert_eq!(texts("SELECT 1 AS delimiter, \\N; SELECT 2"), ["SELECT 1 AS delimiter, \\N", "SELECT 2"]);
}

#[test]
fn problems_have_places() {
    assert_eq!(
        problem("SELECT 1;\nSELECT 'it;\n"),
        SplitProblem::Unterminated { what: Unterminated::String, range: 17..18 }
    );
    assert_eq!(problem("a;/*x"), SplitProblem::Unterminated { what: Unterminated::Comment, range: 2..4 });
    assert_eq!(problem("a N'x"), SplitProblem::Unterminated { what: Unterminated::String, range: 2..4 });
    assert_eq!(
        problem("CREATE PROCEDURE p() BEGIN SELECT 1;"),
        SplitProblem::IncompleteBlock { range: 21..26 }
    );
    assert_eq!(
        problem("CREATE PROCEDURE p() BEGIN IF 1 THEN SELECT 1; END;"),
        SplitProblem::IncompleteBlock { range: 21..26 }
    );
    assert_eq!(
        problem("SELECT 1\nDELIMITER //\nSELECT 2//"),
        SplitProblem::DelimiterInsideStatement { range: 9..18, statement: 0..6 }
    );
    assert_eq!(problem("DELIMITER\n"), SplitProblem::MissingDelimiter { range: 0..9 });
    assert_eq!(problem("source a.sql;"), SplitProblem::ClientCommand { range: 0..6 });
    assert_eq!(problem("# a\rSELECT 1;"), SplitProblem::LoneCarriageReturn { range: 0..3 });
    assert_eq!(problem("SELECT (1;"), SplitProblem::UnbalancedParenthesis { range: 7..8 });
    assert_eq!(problem("SELECT 1);"), SplitProblem::UnbalancedParenthesis { range: 8..9 });
}

/// What is far from the beginning of a statement is read without making tokens, so it gets the same problems again.
#[test]
fn problems_have_places_far_into_a_statement() {
    let string =
        |at: std::ops::Range<usize>| SplitProblem::Unterminated { what: Unterminated::String, range: at };
    assert_eq!(problem("INSERT INTO t VALUES (1, 'x"), string(25..26));
    assert_eq!(problem("INSERT INTO t VALUES (1, N'x"), string(25..27));
    assert_eq!(problem("INSERT INTO t VALUES (ab'x"), string(24..25));
    assert_eq!(problem("INSERT INTO t VALUES (1.5x'x"), string(25..27));
    assert_eq!(
        problem("INSERT INTO t SELECT 1\nDELIMITER //\nSELECT 2//"),
        SplitProblem::DelimiterInsideStatement { range: 23..32, statement: 0..6 }
    );
    assert_eq!(
        problem("INSERT INTO t SELECT 1.\n\n delimiter //\nSELECT 2//"),
        SplitProblem::DelimiterInsideStatement { range: 26..35, statement: 0..6 }
    );
    assert_eq!(texts("SELECT a, b,\ndelimiter FROM t; SELECT a.\ndelimiter FROM t").len(), 2);
    assert_eq!(problem("DROP TABLE a) ;"), SplitProblem::UnbalancedParenthesis { range: 12..13 });
    assert_eq!(problem("DROP TABLE a, (b ;"), SplitProblem::UnbalancedParenthesis { range: 14..15 });
    assert_eq!(problem("DROP TABLE a # b\rc;"), SplitProblem::LoneCarriageReturn { range: 13..16 });
}

fn fragment() -> impl Strategy<Value = String> {
    let words = [
        ";",
        "'",
        "\"",
        "`",
        "/*",
        "*/",
        "/*!",
        "-- ",
        "#",
        "\n",
        "\r",
        "DELIMITER",
        "//",
        "$$",
        "BEGIN",
        "END",
        "IF",
        "THEN",
        "CASE",
        "WHEN",
        "LOOP",
        "FOR",
        "CREATE",
        "PROCEDURE",
        "p",
        "(",
        ")",
        "\\",
        "é",
        "@",
        " ",
        ".",
        "PACKAGE",
    ];
    proptest::collection::vec((proptest::sample::select(words.to_vec()), any::<bool>()), 0..40).prop_map(
        |parts| parts.into_iter().flat_map(|(word, space)| [word, if space { " " } else { "" }]).collect(),
    )
}

proptest! {
    #[test]
    fn statements_are_ordered_slices(text in fragment()) {
        let (statements, problems) = split(&text, &SplitOptions::default());
        let mut end = 0;
        for statement in &statements {
            prop_assert!(statement.range.start >= end && statement.range.contains(&statement.start));
            prop_assert_eq!(statement.text(&text).trim_ascii(), statement.text(&text));
            prop_assert_eq!(statement.line, super::super::line_at(&text, statement.start));
            end = statement.range.end;
        }
        for problem in problems {
            prop_assert!(text.get(problem.range()).is_some_and(|place| !place.is_empty()));
        }
    }

    /// The splitter makes no tokens of what it need not know; the lexer, which makes all, says where statements end.
    #[test]
    fn plain_statements_end_where_the_lexer_says(rest in fragment(), statements in 1..4_usize) {
        let rest = rest.replace("DELIMITER", "DELIMIT").replace('\\', "");
        let text = format!("INSERT INTO t {rest};").repeat(statements);
        let tokens: Vec<_> = super::super::lexer::Lexer::new(&text).collect();
        let is_end = |token: &super::super::lexer::Token| token.is_symbol(&text, ";");
        let ended = tokens.iter().rposition(is_end).map_or(0, |at| at + 1);
        // A statement that begins with another word may be a program.
        let plain = |part: &&[super::super::lexer::Token]| {
            part.iter().find(|token| !token.is_comment()).is_some_and(|first| first.is_word(&text, "INSERT"))
        };
        let expected: Vec<_> = tokens[..ended]
            .split(is_end)
            .take_while(plain)
            .map(|part| part[0].start..part[part.len() - 1].end)
            .collect();
        let (statements, _) = split(&text, &SplitOptions::default());
        let actual: Vec<_> = statements.iter().map(|one| one.range.clone()).take(expected.len()).collect();
        let trimmed: Vec<_> =
            expected.iter().map(|one| one.start..one.start + text[one.clone()].trim_ascii_end().len()).collect();
        prop_assert_eq!(actual, trimmed);
    }

    #[test]
    fn joining_and_splitting_gives_the_statements_back(parts in proptest::collection::vec("x[a-z ]{0,5}('[^'\\\\]{0,5}'|`[^`]{0,3}`|/\\*[a-z;]{0,4}\\*/ ?x)", 1..6)) {
        let text = parts.join(";\n") + ";\n";
        let expected: Vec<&str> = parts.iter().map(|part| part.trim()).collect();
        let (statements, _) = split(&text, &SplitOptions::default());
        prop_assert_eq!(statements.iter().map(|one| one.text(&text)).collect::<Vec<_>>(), expected);
    }
}
