use proptest::prelude::*;
use proptest::{collection, sample};

use super::*;
use crate::lint::tests::found;
use crate::placeholder::Placeholders;
use crate::script::Statement as Sql;

fn sent(text: &str, rules: SplitRules) -> (Vec<&str>, bool) {
    let (statements, problems) = split(text, &SplitOptions { rules, ..SplitOptions::default() });
    (statements.iter().map(|statement: &Sql| statement.text(text)).collect(), problems.is_empty())
}

/// A script, what the server's client sends, what Flyway sends, and the rule that says so. Where Flyway refuses the
/// file, an exclamation mark stands in the place of what it does not come to.
#[rustfmt::skip]
const DIFFERENCES: &[(&str, &[&str], &[&str], &str)] = &[
    ("SELECT 5--1;\nSELECT 2;", &["SELECT 5--1", "SELECT 2"], &["SELECT 5--1;\nSELECT 2"], "dashes-without-space"),
    ("/*! SET @a=1 */; DO 1", &["/*! SET @a=1 */", "DO 1"], &["DO 1"], "bare-executable-comment"),
    ("/*M!100100 SET @a=1 */; DO 1", &["/*M!100100 SET @a=1 */", "DO 1"], &["DO 1"], "bare-executable-comment"),
    ("/*!1234 SET @a=1 */; DO 1", &["/*!1234 SET @a=1 */", "DO 1"], &["DO 1"], "bare-executable-comment"),
    ("/* a /* b */ DO 1; DO 2", &["/* a /* b */ DO 1", "DO 2"], &[], "nested-comment"),
    ("DO 1; /* a /* b */ DO 2; /* c */ DO 3;", &["DO 1", "/* a /* b */ DO 2", "/* c */ DO 3"], &["DO 1"], "nested-comment"),
    (
        "CREATE DEFINER=a@b TRIGGER t BEFORE INSERT ON x FOR EACH ROW BEGIN SET @a=1; END; DO 1",
        &["CREATE DEFINER=a@b TRIGGER t BEFORE INSERT ON x FOR EACH ROW BEGIN SET @a=1; END", "DO 1"],
        &["CREATE DEFINER=a@b TRIGGER t BEFORE INSERT ON x FOR EACH ROW BEGIN SET @a=1", "END", "DO 1"],
        "definer-program",
    ),
    (
        "CREATE DEFINER=CURRENT_USER PROCEDURE p() BEGIN DO 1; END; DO 2",
        &["CREATE DEFINER=CURRENT_USER PROCEDURE p() BEGIN DO 1; END", "DO 2"],
        &["CREATE DEFINER=CURRENT_USER PROCEDURE p() BEGIN DO 1", "END", "DO 2"],
        "definer-program",
    ),
    (
        "CREATE OR REPLACE PROCEDURE p() BEGIN DO 1; END; DO 2",
        &["CREATE OR REPLACE PROCEDURE p() BEGIN DO 1; END", "DO 2"],
        &["CREATE OR REPLACE PROCEDURE p() BEGIN DO 1", "END", "DO 2"],
        "or-replace-program",
    ),
    (
        "CREATE OR REPLACE TRIGGER t BEFORE INSERT ON x FOR EACH ROW BEGIN SET @a=1; END",
        &["CREATE OR REPLACE TRIGGER t BEFORE INSERT ON x FOR EACH ROW BEGIN SET @a=1; END"],
        &["CREATE OR REPLACE TRIGGER t BEFORE INSERT ON x FOR EACH ROW BEGIN SET @a=1", "END"],
        "or-replace-program",
    ),
    ("ALTER EVENT e DO BEGIN DO 1; END", &["ALTER EVENT e DO BEGIN DO 1; END"], &["ALTER EVENT e DO BEGIN DO 1", "END"], "alter-event"),
    ("CREATE PACKAGE p PROCEDURE a(); END", &["CREATE PACKAGE p PROCEDURE a(); END"], &["CREATE PACKAGE p PROCEDURE a()", "END"], "package"),
    (
        "CREATE PROCEDURE p() BEGIN FOR i IN 1..2 DO DO i; END FOR; DO 1; END",
        &["CREATE PROCEDURE p() BEGIN FOR i IN 1..2 DO DO i; END FOR; DO 1; END"],
        &["CREATE PROCEDURE p() BEGIN FOR i IN 1..2 DO DO i; END FOR", "DO 1", "END"],
        "for-loop",
    ),
    ("CREATE PROCEDURE p() IF 1 THEN DO 1; END IF", &["CREATE PROCEDURE p() IF 1 THEN DO 1; END IF"], &["CREATE PROCEDURE p() IF 1 THEN DO 1", "END IF"], "body-without-begin"),
    ("CREATE PROCEDURE p() WHILE 1 DO DO 1; END WHILE", &["CREATE PROCEDURE p() WHILE 1 DO DO 1; END WHILE"], &["CREATE PROCEDURE p() WHILE 1 DO DO 1", "END WHILE"], "body-without-begin"),
    ("IF 1 THEN DO 1; END IF", &["IF 1 THEN DO 1; END IF"], &["IF 1 THEN DO 1", "END IF"], "body-without-begin"),
    (
        "CREATE PROCEDURE p() BEGIN IF 1 THEN DO 1; END /* c */ IF; DO 2; END",
        &["CREATE PROCEDURE p() BEGIN IF 1 THEN DO 1; END /* c */ IF; DO 2; END"],
        &["CREATE PROCEDURE p() BEGIN IF 1 THEN DO 1; END /* c */ IF", "DO 2", "END"],
        "comment-after-end",
    ),
    (
        "CREATE PROCEDURE p() BEGIN SELECT 1 AS `END`; DO 2; END",
        &["CREATE PROCEDURE p() BEGIN SELECT 1 AS `END`; DO 2; END"],
        &["CREATE PROCEDURE p() BEGIN SELECT 1 AS `END`", "DO 2", "END"],
        "quoted-end",
    ),
    ("DELIMITER // -- note\nDO 1//\nDO 2//", &["DO 1", "DO 2"], &["DO 1//\nDO 2//"], "delimiter-comment"),
    ("DELIMITER '$$'\nDO 1$$\nDO 2$$", &["DO 1", "DO 2"], &["DO 1$$\nDO 2$$"], "delimiter-quotes"),
    ("DELIMITER end_of_it\nDO 1 end_of_it\nDO 2", &["DO 1", "DO 2"], &["DO 1 end_of_it\nDO 2"], "long-delimiter"),
    ("SELECT 1\\G\nDO 2;", &["SELECT 1", "DO 2"], &["SELECT 1\\G\nDO 2"], "client-terminator"),
    ("DO 1; CREATE TABLE t (delimiter INT)", &["DO 1", "CREATE TABLE t (delimiter INT)"], &["DO 1", "!"], "delimiter-name"),
    ("(SELECT 1) UNION (SELECT 2); DO 1", &["(SELECT 1) UNION (SELECT 2)", "DO 1"], &["SELECT 1) UNION (SELECT 2)", "DO 1"], "leading-parenthesis"),
    ("SELECT (1; DO 2", &["SELECT (1", "DO 2", "!"], &["SELECT (1; DO 2"], "splits-differently"),
    ("SELECT 1); DO 2", &["SELECT 1)", "DO 2", "!"], &["SELECT 1); DO 2"], "splits-differently"),
    ("/*!50003 SELECT '*/' */; DO 1", &["/*!50003 SELECT '*/' */", "DO 1"], &["/*!50003 SELECT '*/' */; DO 1"], "splits-differently"),
    ("SELECT 'it; DO 1", &["!"], &["SELECT 'it; DO 1"], "splits-differently"),
    (
        "BEGIN NOT ATOMIC IF 1 THEN DO 1; END IF; SELECT 'a'; END; DO 2",
        &["BEGIN NOT ATOMIC IF 1 THEN DO 1; END IF; SELECT 'a'; END", "DO 2"],
        &["!"],
        "splits-differently",
    ),
];

#[test]
fn each_difference_is_sent_as_recorded_and_named() {
    for (text, client, flyway, rule) in DIFFERENCES {
        for (rules, expected) in [(SplitRules::Server, client), (SplitRules::FlywayMariaDb, flyway)] {
            let (mut actual, is_fine) = sent(text, rules);
            actual.extend((!is_fine).then_some("!"));
            assert_eq!(actual, *expected, "{rules:?} {text}");
        }
        let rules: Vec<_> = found(text)
            .into_iter()
            .map(|(code, _)| code)
            .filter(|code| code.starts_with("flyway/"))
            .collect();
        assert_eq!(rules, [format!("flyway/{rule}")], "{text}");
    }
}

/// What splits alike and yet does not run alike has a rule or finding of its own.
#[test]
fn what_both_send_alike_is_named_elsewhere() {
    use crate::script::split_source;
    use miette::Diagnostic as _;

    let codes = |text: &'static str| {
        let source = crate::finding::Source::new("V1__x.sql", text.into());
        let (_, findings) = split_source(&source);
        let findings = findings.into_iter().filter_map(|finding| finding.code().map(|code| code.to_string()));
        found(text).into_iter().map(|(code, _)| code.to_owned()).chain(findings).collect::<Vec<_>>()
    };
    assert_eq!(codes("SOURCE f.sql;"), ["sql/client-command"]);
    assert_eq!(codes("SET sql_mode = '';"), ["lint/sql-mode-leak"]);
    assert_eq!(codes("-- a\rSELECT 1;"), ["sql/lone-carriage-return"]);
    assert_eq!(
        codes("SET SESSION sql_mode = 'ANSI_QUOTES'; SELECT \"a\\\"\", 'b'; SET sql_mode = DEFAULT;"),
        ["flyway/quoting-mode"]
    );
}

#[test]
fn only_what_really_splits_differently_is_found() {
    for text in [
        "CREATE TABLE t (a INT PRIMARY KEY) /*! ENGINE=InnoDB */; DO 1",
        "/* c */; -- c\nDO 1; /* a /* b */",
        "SELECT 5--1",
        "DELIMITER //\nCREATE OR REPLACE PROCEDURE p() BEGIN DO 1; END//\nDELIMITER ;\nDO 1;",
        "DELIMITER // -- note\nDELIMITER ;\nDO 1",
        "CREATE DEFINER=CURRENT_USER TRIGGER t BEFORE INSERT ON x FOR EACH ROW SET @a=1; DO 1",
        "CREATE PROCEDURE p() DO 1; DO 2",
        "BEGIN NOT ATOMIC DO 1; DO 2; END; DO 3",
        "\n",
        "-- nothing",
    ] {
        assert_eq!(found(text), [], "{text}");
    }
}

#[test]
fn one_fault_does_not_hide_the_next_or_spread() {
    let text = "DO 1;\n/* a /* b */ DO 2;\nDO 3;\nDELIMITER '//'\nDO 4//\nDO 5//\nDELIMITER ;\n(SELECT 6);\nSELECT 7\\G\nSELECT 8--1;\n";
    let rules: Vec<_> = found(text).into_iter().map(|(code, _)| code).collect();
    assert_eq!(
        rules,
        [
            "flyway/nested-comment",
            "flyway/delimiter-quotes",
            "flyway/leading-parenthesis",
            "flyway/client-terminator",
            "flyway/dashes-without-space"
        ]
    );
}

#[test]
fn an_unknown_difference_shows_both_readings() {
    let message = |text: &str| {
        let findings = crate::lint::lint(&crate::lint::tests::migration(text), &Placeholders::default());
        findings
            .into_iter()
            .find(|finding| finding.rule.code == "flyway/splits-differently")
            .map(|finding| finding.message)
    };
    let said = |text: &str| message(text).unwrap_or_default();
    assert_eq!(
        said(
            "DO 0; CREATE AGGREGATE FUNCTION f(x INT)\nRETURNS INT BEGIN FETCH GROUP NEXT ROW; RETURN 1; END; DO 1"
        ),
        "Flyway sends `CREATE AGGREGATE FUNCTION f(x INT)…` and then `RETURN 1` where the server's client sends \
         `CREATE AGGREGATE FUNCTION f(x INT)…`"
    );
    assert_eq!(said("SELECT (1; DO 2"), "Flyway does not end `SELECT (1` here, but goes on");
    assert_eq!(said("DO 1; SELECT 'it"), "Flyway sends `SELECT 'it` where the server's client sends nothing");
    assert_eq!(said("SELECT \u{663}"), "Flyway's parser fails here and refuses the file");
}

#[test]
fn real_migrations_that_both_split_alike_are_not_bothered() {
    let mut linted = 0;
    for directory in ["migrations-fineract/core_db", "migrations-uaa/mysql"] {
        let Some(directory) = crate::corpora::directory(directory) else { return };
        for file in std::fs::read_dir(directory).unwrap() {
            let Ok(text) = std::fs::read_to_string(file.unwrap().path()) else { continue };
            let rules = crate::lint::lint(&crate::lint::tests::migration(&text), &Placeholders::disabled());
            let rules: Vec<_> = rules
                .iter()
                .map(|finding| finding.rule.code)
                .filter(|code| code.starts_with("flyway/"))
                .collect();
            assert_eq!(rules, [""; 0], "{text}");
            linted += 1;
        }
    }
    assert!(linted > 400, "{linted}");
}

fn script() -> impl Strategy<Value = String> {
    let words = [
        ";",
        ";",
        ";\n",
        "//",
        "\\G",
        "(",
        ")",
        "@",
        "'",
        "`",
        "--1",
        "-- c\n",
        "# c\n",
        "/*",
        "*/",
        "/* c */",
        "/*! x */",
        "/*!50003 x */",
        "\n\n",
        "DELIMITER //\n",
        "DELIMITER ;\n",
        "DELIMITER '//' c\n",
        "delimiter",
        "CREATE",
        "PROCEDURE",
        "DEFINER=a@b",
        "OR REPLACE",
        "TRIGGER",
        "PACKAGE",
        "EVENT",
        "BEGIN",
        "END",
        "`END`",
        "IF",
        "THEN",
        "LOOP",
        "FOR",
        "CASE",
        "SELECT 1",
        "x",
        "é",
        "\u{a0}",
        "\u{661}",
        "\0",
    ];
    let part = (sample::select(words.to_vec()), sample::select(vec![" ", "", "\n"]));
    collection::vec(part, 0..24)
        .prop_map(|parts| parts.into_iter().flat_map(|(word, space)| [word, space]).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Statement by statement there is a finding where, and only where, the whole file is split differently.
    #[test]
    fn a_file_has_a_finding_where_its_splits_differ(text in script()) {
        let split_by = |rules| split(&text, &SplitOptions { rules, ..SplitOptions::default() });
        let (ours, problems) = split_by(SplitRules::Server);
        let (theirs, failures) = split_by(SplitRules::FlywayMariaDb);
        if problems.is_empty() {
            let ranges = |statements: &[Sql]| statements.iter().map(|one| one.range.clone()).collect::<Vec<_>>();
            let differs = ranges(&ours) != ranges(&theirs) || !failures.is_empty();
            let is_found = found(&text).iter().any(|(code, _)| code.starts_with("flyway/"));
            prop_assert_eq!(differs, is_found, "{:?} {:?} {:?}", found(&text), ours, theirs);
        }
    }
}
