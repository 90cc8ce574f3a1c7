use super::*;
use crate::apply::{ApplyOptions, Report, apply};
use crate::database::Failure;
use crate::memory::{MemoryDatabase, run};
use crate::plan::PlanOptions;
use crate::resolve::{LocationFile, resolve};

const SCRIPT: &str =
    "CREATE TABLE a (i INT);\nINSERT INTO a VALUES (1);\nCREATE TABLE b (i INT);\nINSERT INTO b VALUES (2);";

fn options() -> ApplyOptions {
    ApplyOptions { plan: PlanOptions::validated(), ..ApplyOptions::default() }
}

fn apply_text(database: &mut MemoryDatabase, text: &str, options: &ApplyOptions) -> Result<Report, Error> {
    let file = LocationFile { script: "V1__a.sql".into(), path: "m/V1__a.sql".into(), bytes: text.into() };
    let (files, findings) = resolve(vec![file]);
    assert!(findings.is_empty(), "{findings:?}");
    run(apply(database, &files, options, &mut ())).unwrap()
}

/// A run whose connection breaks at a statement, after which the server rolls back.
fn cut_at(part: &str, text: &str) -> MemoryDatabase {
    let failure = Failure { code: 0, state: String::new(), message: "gone".into(), connection_lost: true };
    let mut database = MemoryDatabase { fail_on: Some((part.into(), failure)), ..MemoryDatabase::default() };
    assert!(matches!(apply_text(&mut database, text, &options()), Err(Error::ConnectionLost(_))));
    reconnect(&mut database);
    database
}

fn reconnect(database: &mut MemoryDatabase) {
    database.uncommitted.clear();
    database.fail_on = None;
}

fn refuse_at(part: &str, text: &str) -> MemoryDatabase {
    let failure = Failure { code: 1064, state: "42000".into(), message: "no".into(), connection_lost: false };
    let mut database = MemoryDatabase { fail_on: Some((part.into(), failure)), ..MemoryDatabase::default() };
    assert!(matches!(apply_text(&mut database, text, &options()), Err(Error::Statement(_))));
    reconnect(&mut database);
    // What `repair` does.
    database.history.as_mut().unwrap().retain(|row| row.success);
    database
}

#[test]
fn a_statement_that_did_not_run_is_run_again_and_nothing_before_it() {
    let mut database = cut_at("CREATE TABLE b", SCRIPT);
    assert_eq!(database.executed, ["CREATE TABLE a (i INT)", "INSERT INTO a VALUES (1)"]);
    apply_text(&mut database, SCRIPT, &options()).unwrap();
    assert_eq!(
        database.executed,
        [
            "CREATE TABLE a (i INT)",
            "INSERT INTO a VALUES (1)",
            "CREATE TABLE b (i INT)",
            "INSERT INTO b VALUES (2)"
        ]
    );
    assert_eq!((database.history.unwrap().len(), database.journal), (1, None));
}

#[test]
fn a_statement_that_ran_is_not_run_again() {
    let mut database = cut_at("CREATE TABLE b", SCRIPT);
    database.definitions.insert("b".into(), "CREATE TABLE `b`".into());
    apply_text(&mut database, SCRIPT, &options()).unwrap();
    assert_eq!(
        database.executed,
        ["CREATE TABLE a (i INT)", "INSERT INTO a VALUES (1)", "INSERT INTO b VALUES (2)"]
    );
}

#[test]
fn data_that_was_rolled_back_is_written_again() {
    let mut database = cut_at("INSERT INTO b", SCRIPT);
    database.definitions.insert("b".into(), "CREATE TABLE `b`".into());
    database.executed.clear();
    apply_text(&mut database, SCRIPT, &options()).unwrap();
    assert_eq!(database.executed, ["INSERT INTO b VALUES (2)"]);
}

#[test]
fn a_migration_of_data_needs_no_journal() {
    let mut database = cut_at("VALUES (2)", "INSERT INTO a VALUES (1);\nINSERT INTO a VALUES (2);");
    assert!(database.journal.is_none() && database.executed.is_empty());
    apply_text(&mut database, "INSERT INTO a VALUES (1);\nINSERT INTO a VALUES (2);", &options()).unwrap();
    assert_eq!(database.executed.len(), 2);
}

#[test]
fn what_ran_may_not_be_edited_but_what_failed_may() {
    let mut database = refuse_at("CREATE TABLE b", SCRIPT);
    let edited = SCRIPT.replace("(1)", "(17)");
    let Err(Error::Unfinished(error)) = apply_text(&mut database, &edited, &options()) else { panic!() };
    assert!(error.reason.contains("edited") && error.statement == 3, "{error:?}");
    let mended = SCRIPT.replace("b (i INT)", "b (i BIGINT)");
    apply_text(&mut database, &mended, &options()).unwrap();
    assert_eq!(database.executed[2..], ["CREATE TABLE b (i BIGINT)", "INSERT INTO b VALUES (2)"]);
}

#[test]
fn data_after_the_last_definition_is_written_again_after_a_failure() {
    let mut database = refuse_at("VALUES (2)", SCRIPT);
    // The definitions did not change since the failure.
    let entry = database.journal.clone().unwrap();
    assert_eq!((entry.statement, entry.failed.len()), (3, 2));
    database.executed.clear();
    apply_text(&mut database, SCRIPT, &options()).unwrap();
    assert_eq!(database.executed, ["INSERT INTO b VALUES (2)"]);
}

#[test]
fn what_somebody_took_back_is_not_taken_for_done() {
    let mut database = refuse_at("CREATE TABLE b", SCRIPT);
    let entry = database.journal.as_mut().unwrap();
    entry.failed[0].1 = "CREATE TABLE `a`".into();
    let Err(Error::Unfinished(error)) = apply_text(&mut database, SCRIPT, &options()) else { panic!() };
    assert_eq!(error.difference, "- CREATE TABLE `a`\n");
    database.executed.clear();
    let restart = ApplyOptions { settle: Some(Decision::Restart), ..options() };
    apply_text(&mut database, SCRIPT, &restart).unwrap();
    assert_eq!(database.executed.len(), 4);
    assert_eq!(database.journal, None);
}

#[test]
fn nobody_guesses_what_cannot_be_seen() {
    let script = "CALL convert_all();\nINSERT INTO a VALUES (1);";
    let mut database = cut_at("CALL", script);
    let Err(Error::Unfinished(error)) = apply_text(&mut database, script, &options()) else { panic!() };
    assert!(error.reason.contains("does not show"), "{error:?}");
    let done = ApplyOptions { settle: Some(Decision::Done), ..options() };
    apply_text(&mut database, script, &done).unwrap();
    assert_eq!(database.executed, ["INSERT INTO a VALUES (1)"]);

    let mut database = cut_at("CALL", script);
    let again = ApplyOptions { settle: Some(Decision::Again), ..options() };
    apply_text(&mut database, script, &again).unwrap();
    assert_eq!(database.executed, ["CALL convert_all()", "INSERT INTO a VALUES (1)"]);
}

#[test]
fn a_call_that_returned_is_known_to_have_run() {
    let script = "CALL convert_all();\nINSERT INTO a VALUES (1);";
    let mut database = cut_at("INSERT", script);
    apply_text(&mut database, script, &options()).unwrap();
    assert_eq!(database.executed, ["CALL convert_all()", "INSERT INTO a VALUES (1)"]);
}

#[test]
fn a_procedure_that_cannot_commit_is_data() {
    let script = "CALL fill();\nINSERT INTO a VALUES (1);";
    let failure = Failure { code: 0, state: String::new(), message: "gone".into(), connection_lost: true };
    let mut database =
        MemoryDatabase { fail_on: Some(("INSERT".into(), failure)), ..MemoryDatabase::default() };
    database.bodies.insert("fill".into(), "BEGIN UPDATE a SET i = 2; END".into());
    assert!(apply_text(&mut database, script, &options()).is_err());
    assert!(database.journal.is_none());
    reconnect(&mut database);
    apply_text(&mut database, script, &options()).unwrap();
    assert_eq!(database.executed, ["CALL fill()", "INSERT INTO a VALUES (1)"]);
}

#[test]
fn the_session_is_made_what_it_was() {
    let script = "SET sql_mode = 'ANSI_QUOTES';\nSET @n = 5;\nPREPARE s FROM @sql;\nEXECUTE s;\nSELECT 1;";
    let failure = Failure { code: 0, state: String::new(), message: "gone".into(), connection_lost: true };
    let mut database =
        MemoryDatabase { fail_on: Some(("EXECUTE".into(), failure)), ..MemoryDatabase::default() };
    database.values.insert("@sql".into(), "ALTER TABLE t ADD c INT".into());
    database.values.insert("@n".into(), "5".into());
    database.definitions.insert("t".into(), "t".into());
    assert!(apply_text(&mut database, script, &options()).is_err());
    let entry = database.journal.clone().unwrap();
    assert_eq!(
        (entry.sql.as_str(), entry.before.as_slice()),
        ("ALTER TABLE t ADD c INT", ["t".to_owned()].as_slice())
    );
    reconnect(&mut database);
    database.executed.clear();
    database.definitions.insert("t".into(), "t c".into());
    apply_text(&mut database, script, &options()).unwrap();
    let restored = "SET @n = '5', @sql = 'ALTER TABLE t ADD c INT'";
    let prepared = "PREPARE s FROM 'ALTER TABLE t ADD c INT'";
    assert_eq!(database.executed, [restored, "SET sql_mode = 'ANSI_QUOTES'", prepared, restored, "SELECT 1"]);
}

#[test]
fn what_a_variable_was_computed_by_is_not_computed_again() {
    let script = "SET @id = register('Ada');\nCREATE TABLE a (i INT);\nINSERT INTO a VALUES (@id);";
    let failure = Failure { code: 0, state: String::new(), message: "gone".into(), connection_lost: true };
    let mut database =
        MemoryDatabase { fail_on: Some(("CREATE".into(), failure)), ..MemoryDatabase::default() };
    database.values.insert("@id".into(), "17".into());
    assert!(apply_text(&mut database, script, &options()).is_err());
    reconnect(&mut database);
    database.executed.clear();
    apply_text(&mut database, script, &options()).unwrap();
    let restored = "SET @id = '17'";
    assert_eq!(
        database.executed,
        [restored, restored, "CREATE TABLE a (i INT)", "INSERT INTO a VALUES (@id)"]
    );
}

#[test]
fn statements_that_were_deallocated_are_not_prepared_again() {
    let script = "PREPARE s FROM 'DO 1';\nDEALLOCATE PREPARE s;\nCREATE TABLE a (i INT);";
    let mut database = cut_at("CREATE", script);
    apply_text(&mut database, script, &options()).unwrap();
    let prepared = database.executed.iter().filter(|sql| sql.starts_with("PREPARE")).count();
    assert_eq!(prepared, 1, "{:?}", database.executed);
}

#[test]
fn what_was_marked_deleted_and_begun_again_is_taken_up() {
    let mut database = cut_at("CREATE TABLE b", SCRIPT);
    let mut rows = crate::info::tests::rows(&["1 SQL", "1 DELETE"]);
    rows[0].script = "V1__a.sql".into();
    database.history = Some(rows);
    database.executed.clear();
    apply_text(&mut database, SCRIPT, &options()).unwrap();
    assert_eq!(database.executed, ["CREATE TABLE b (i INT)", "INSERT INTO b VALUES (2)"]);
}

#[test]
fn what_somebody_else_has_finished_is_no_longer_in_flight() {
    let mut database = cut_at("CREATE TABLE b", SCRIPT);
    let journal = database.journal.clone();
    let mut finished = MemoryDatabase::default();
    apply_text(&mut finished, SCRIPT, &options()).unwrap();
    database.history = finished.history;
    database.executed.clear();
    assert!(journal.is_some() && apply_text(&mut database, SCRIPT, &options()).unwrap().applied.is_empty());
    assert_eq!((database.executed.len(), database.journal), (0, None));
}

#[test]
fn a_restart_that_dies_is_still_a_restart() {
    let script = "SELECT 1;\nCREATE TABLE a (i INT);\nCREATE TABLE b (i INT);";
    let mut database = cut_at("CREATE TABLE b", script);
    let failure = Failure { code: 0, state: String::new(), message: "gone".into(), connection_lost: true };
    database.fail_on = Some(("SELECT".into(), failure));
    let restart = ApplyOptions { settle: Some(Decision::Restart), ..options() };
    assert!(apply_text(&mut database, script, &restart).is_err());
    reconnect(&mut database);
    database.executed.clear();
    apply_text(&mut database, script, &options()).unwrap();
    assert_eq!(database.executed, ["SELECT 1", "CREATE TABLE a (i INT)", "CREATE TABLE b (i INT)"]);
}

#[test]
fn what_an_error_leaves_open_is_taken_back() {
    let failure = Failure { code: 1644, state: "45000".into(), message: "no".into(), connection_lost: false };
    let mut database =
        MemoryDatabase { fail_on: Some(("V1__a.sql".into(), failure)), ..MemoryDatabase::default() };
    assert!(apply_text(&mut database, SCRIPT, &options()).is_err());
    assert!(database.uncommitted.is_empty() && database.journal.is_some());
    reconnect(&mut database);
    database.definitions.insert("b".into(), "CREATE TABLE `b`".into());
    database.executed.clear();
    apply_text(&mut database, SCRIPT, &options()).unwrap();
    assert_eq!(database.executed, ["INSERT INTO b VALUES (2)"]);
}

#[test]
fn a_temporary_table_is_missed() {
    let script = "CREATE TEMPORARY TABLE x (i INT);\nCREATE TABLE a (i INT);\nINSERT INTO a SELECT i FROM x;";
    let mut database = cut_at("CREATE TABLE a", script);
    let Err(Error::Unfinished(error)) = apply_text(&mut database, script, &options()) else { panic!() };
    assert!(error.reason.contains("temporary"), "{error:?}");
}

#[test]
fn an_unfinished_file_that_is_gone_is_named() {
    let mut database = cut_at("CREATE TABLE b", SCRIPT);
    let result = run(apply(&mut database, &[], &options(), &mut ())).unwrap();
    assert!(matches!(result, Err(Error::UnfinishedFile { script, statement: 3 }) if script == "V1__a.sql"));
}

#[test]
fn data_before_a_definition_that_cannot_be_parsed_stays_with_its_word() {
    let text = "INSERT INTO a VALUES (1);\nCREATE TABEL b (i INT);\nCREATE TABLE b (i INT) x;";
    let mut database = refuse_at(") x", text);
    // The row of the journal was not committed by the statement, but by the record of its failure.
    assert_eq!(database.executed, ["INSERT INTO a VALUES (1)", "CREATE TABEL b (i INT)"]);
    assert_eq!(database.journal.as_ref().map(|entry| entry.statement), Some(2));
    let mended = text.replace(" x;", ";");
    apply_text(&mut database, &mended, &options()).unwrap();
    assert_eq!(database.executed[2..], ["CREATE TABLE b (i INT)"]);
}

#[test]
fn a_connection_that_breaks_before_the_definition_commits_takes_its_word_along() {
    let mut database = MemoryDatabase::default();
    let failure = Failure { code: 1064, state: String::new(), message: "gone".into(), connection_lost: true };
    database.fail_on = Some(("CREATE TABLE b".into(), failure));
    assert!(matches!(apply_text(&mut database, SCRIPT, &options()), Err(Error::ConnectionLost(_))));
    reconnect(&mut database);
    assert_eq!(database.executed, ["CREATE TABLE a (i INT)"]);
    assert_eq!(database.journal.as_ref().map(|entry| entry.statement), Some(0));
    database.definitions.insert("a".into(), "a".into());
    apply_text(&mut database, SCRIPT, &options()).unwrap();
    let inserts = database.executed.iter().filter(|sql| sql.contains("INTO a")).count();
    assert_eq!((inserts, database.executed[0].as_str()), (1, "CREATE TABLE a (i INT)"));
    assert_eq!(database.executed.iter().filter(|sql| sql.starts_with("CREATE TABLE a")).count(), 1);
}

/// A definition, more rows than are looked at at once, a definition and a row.
fn long() -> String {
    let add = |text: String, row| text + &format!("INSERT INTO a VALUES ({row}, 'some words; more');\n");
    let rows = (0..30_000).fold(String::new(), add);
    format!(
        "CREATE TABLE a (i INT);\nSET @m = 1;\n{rows}CREATE TABLE b (i INT);\nINSERT INTO b VALUES (2);\nINSERT INTO b VALUES (3);"
    )
}

fn apply_streamed(database: &mut MemoryDatabase, text: &str) -> Result<Report, Error> {
    let files = [crate::script::stream::streamed(text)];
    run(apply(database, &files, &options(), &mut ())).unwrap()
}

#[test]
fn a_text_that_is_not_held_is_taken_up_where_it_was_cut_off() {
    let text = long();
    let (whole, _) = crate::script::split(&text, &crate::script::SplitOptions::default());
    let sql: Vec<&str> = whole.iter().map(|statement| statement.text(&text)).collect();
    for (part, lost, goes_on_with) in [
        ("CREATE TABLE b", true, 30_002),
        ("VALUES (3)", true, 30_003),
        ("(29999,", true, 1),
        // After a failure what is in force is known to the journal, wherever it was.
        ("(29999,", false, 1),
        ("VALUES (3)", false, 30_003),
    ] {
        let state = if lost { String::new() } else { "42000".into() };
        let code = if lost { 0 } else { 1064 };
        let failure = Failure { code, state, message: "no".into(), connection_lost: lost };
        let fail_on = Some((part.to_owned(), failure));
        let mut database = MemoryDatabase { fail_on, ..MemoryDatabase::default() };
        let error = apply_streamed(&mut database, &text).unwrap_err();
        assert!(matches!(error, Error::ConnectionLost(_) | Error::Statement(_)), "{error:?}");
        reconnect(&mut database);
        database.history.as_mut().unwrap().retain(|row| row.success);
        database.definitions.insert("a".into(), "CREATE TABLE `a`".into());
        if goes_on_with > 30_002 {
            database.definitions.insert("b".into(), "CREATE TABLE `b`".into());
        }
        if let Some(entry) = &mut database.journal {
            for (object, definition) in &mut entry.failed {
                *definition = database.definitions.get(&object.name).cloned().unwrap_or_default();
            }
        }
        database.executed.clear();
        apply_streamed(&mut database, &text).unwrap();
        // What was set in the session is set again.
        database.executed.retain(|sql| !sql.starts_with("SET"));
        let expected: Vec<&str> =
            sql[goes_on_with..].iter().copied().filter(|sql| !sql.starts_with("SET")).collect();
        assert!(database.executed == expected, "{part}: {:?}", database.executed.first());
        assert_eq!((database.history.unwrap().len(), database.journal), (1, None));
    }
}

#[test]
fn an_error_in_a_text_that_is_not_held_has_its_place_in_the_file() {
    let failure = Failure { code: 1064, state: "42000".into(), message: "no".into(), connection_lost: false };
    let fail_on = Some(("VALUES (3)".to_owned(), failure));
    let mut database = MemoryDatabase { fail_on, ..MemoryDatabase::default() };
    let text = long();
    let Err(Error::Statement(error)) = apply_streamed(&mut database, &text) else { panic!() };
    let line = text.lines().count();
    assert_eq!((error.line, error.column, error.applied, error.total), (line, 1, 30_004, 30_005));
    let shown = &error.src.inner()[error.span.offset()..error.span.offset() + error.span.len()];
    assert_eq!(shown, "INSERT INTO b VALUES (3)");
    assert_eq!(error.src.inner()[..error.span.offset()].matches('\n').count() + 1, line);
}

#[test]
fn what_ran_of_a_text_that_is_not_held_may_not_be_edited() {
    let text = long();
    let mut database = MemoryDatabase { fail_on: None, ..MemoryDatabase::default() };
    let failure = Failure { code: 0, state: String::new(), message: "gone".into(), connection_lost: true };
    database.fail_on = Some(("CREATE TABLE b".into(), failure));
    assert!(apply_streamed(&mut database, &text).is_err());
    reconnect(&mut database);
    let edited = text.replace("(17,", "(71,");
    let Err(Error::Unfinished(error)) = apply_streamed(&mut database, &edited) else { panic!() };
    assert!(error.reason.contains("edited") && error.statement == 30_003, "{error:?}");
}

#[test]
fn rows_that_were_taken_back_behind_a_word_of_a_callback_are_written_again() {
    let file =
        |name: &str, text: &str| LocationFile { script: name.into(), path: name.into(), bytes: text.into() };
    let list = || {
        let script = file("V1__a.sql", "INSERT INTO a VALUES (1);\nINSERT INTO a VALUES (2);");
        resolve(vec![
            script,
            file("beforeEachMigrate.sql", "INSERT INTO c VALUES (1);\nCREATE TABLE d (i INT);"),
        ])
        .0
    };
    let failure = Failure { code: 1064, state: "42000".into(), message: "no".into(), connection_lost: false };
    let fail_on = Some(("a VALUES (2)".to_owned(), failure));
    let mut database = MemoryDatabase { fail_on, ..MemoryDatabase::default() };
    assert!(run(apply(&mut database, &list(), &options(), &mut ())).unwrap().is_err());
    reconnect(&mut database);
    database.history.as_mut().unwrap().retain(|row| row.success);
    database.executed.clear();
    run(apply(&mut database, &list(), &options(), &mut ())).unwrap().unwrap();
    assert!(database.executed.contains(&"INSERT INTO a VALUES (1)".to_owned()), "{:?}", database.executed);
}
