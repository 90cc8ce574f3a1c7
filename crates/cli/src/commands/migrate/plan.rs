//! `infra migrate plan`: what `apply` would run, and what it would cost there. Nothing is run.

use migrate_core::database::Database as _;
use migrate_core::history::{Baseline, HistoryRow, HistoryStore as _, abbreviate_script, highest_rank};
use migrate_core::journal::{InFlight, Journal as _};
use migrate_core::mysql::MySqlDatabase;
use migrate_core::plan::{PlanOptions, Step, plan};
use migrate_core::predict::{Algorithm, Known, Lock, Prediction, Size, predict_all, tables_of};
use migrate_core::script::client::{for_client, without_secrets};
use migrate_core::script::effect::Object;
use migrate_core::server::Server;
use serde_json::{Value, json};

use super::database::{block_on, session};
use super::live::{Place, Prepared, ignored, version};
use crate::args::MigratePlan;
use crate::failure::Failure;
use crate::outcome::{Outcome, table};
use crate::ui::{BAD, DIM, GOOD, ODD, Ui, count, styled};

/// What the server was found to be and to hold.
struct Seen {
    server: Server,
    known: Known,
    predictions: Vec<Vec<Prediction>>,
    /// SQL that writes the history: what begins it, if it is not there, and a row for each migration.
    history: (Option<String>, Vec<String>),
}

/// Plans as `apply` does and predicts each statement.
pub(crate) fn show(arguments: &MigratePlan, place: Place<'_>, ui: &Ui) -> Result<Outcome, Failure> {
    let prepared = Prepared::new(&arguments.connection, place)?;
    if prepared.files_are_broken() {
        return Ok(prepared.outcome);
    }
    let Prepared { options, migrations, plan: planned, mut outcome } = prepared;
    let mut planned = PlanOptions { validate: Some(ignored(&arguments.ignore)?), ..planned };
    let baseline = version(&arguments.baseline_version)?;
    let baseline = arguments.baseline_on_migrate.then(|| Baseline::new(baseline));
    let (steps, in_flight, seen) = block_on(async {
        let mut database =
            MySqlDatabase::open_with(&options, &session(&arguments.connection.database)).await?;
        planned.suit(database.server());
        let found = database.rows(-1).await?;
        let rows = match &found {
            Some(rows) => rows.clone(),
            None => first_rows(&mut database, baseline.as_ref()).await?,
        };
        let in_flight = database.journal().await?.in_flight;
        let mut steps = plan(&migrations, &rows, &planned)?;
        let unfinished =
            |step: &Step<'_>, entry: &InFlight| abbreviate_script(&step.migration.script) == entry.script;
        // As `apply` does, what was begun is finished first.
        if let Some(at) =
            in_flight.as_ref().and_then(|entry| steps.iter().position(|step| unfinished(step, entry)))
        {
            steps[..=at].rotate_right(1);
        }
        let in_flight = in_flight.filter(|entry| steps.first().is_some_and(|step| unfinished(step, entry)));
        let server = database.server().clone();
        let known = database.known(&tables_of(&steps, &server)).await?;
        let predictions = predict_all(&steps, &server, known.clone());
        let rank = highest_rank(&rows).unwrap_or(0).max(0);
        let recorded = (rank + 1..).zip(&steps).map(|(rank, step)| {
            let row = HistoryRow::of_migration(step.migration, database.user(), 0, true);
            database.row_sql(&HistoryRow { installed_rank: rank, ..row })
        });
        let begin = || {
            database.table_sql()
                + ";\n"
                + &rows.iter().map(|row| for_client(&database.row_sql(row))).collect::<String>()
        };
        let history = (found.is_none().then(begin), recorded.collect());
        database.close().await?;
        Ok((steps, in_flight, Seen { server, known, predictions, history }))
    })?;
    let resumed = in_flight.as_ref().map_or(0, |entry| entry.statement);
    if arguments.sql {
        outcome.summary = script(&steps, &seen, resumed);
        outcome.summary_is_result = true;
        outcome.details.insert("sql".to_owned(), json!(outcome.summary));
        return Ok(outcome);
    }
    for (number, (step, predictions)) in steps.iter().zip(&seen.predictions).enumerate() {
        let done = if number == 0 { resumed } else { 0 };
        outcome.summary += &section(step, predictions, &seen, done, ui);
    }
    let statements: usize = steps.iter().map(|step| step.script.statements.len()).sum();
    outcome.summary += &if steps.is_empty() {
        format!("{}  nothing to apply\n", styled(GOOD, "up to date"))
    } else {
        let total =
            format!("{}, {}", count(steps.len(), "migration"), count(statements - resumed, "statement"));
        format!("{}  {total} on {}; nothing was run\n", styled(GOOD, "planned"), seen.server)
    };
    outcome.details.insert("server".to_owned(), json!(seen.server.to_string()));
    let migrations = steps.iter().zip(&seen.predictions).enumerate().map(|(number, (step, predictions))| {
        let done = if number == 0 { resumed } else { 0 };
        migration_json(step, predictions, &seen, done)
    });
    outcome.details.insert("migrations".to_owned(), migrations.collect());
    Ok(outcome)
}

/// The rows that `apply` would begin the history with.
async fn first_rows(
    database: &mut MySqlDatabase,
    baseline: Option<&Baseline>,
) -> Result<Vec<HistoryRow>, migrate_core::Error> {
    if database.is_empty().await? {
        return Ok(Vec::new());
    }
    let Some(baseline) = baseline else {
        let (schema, table) = (database.schema().to_owned(), database.table().to_owned());
        return Err(migrate_core::Error::NonEmptySchema { schema, table });
    };
    Ok(vec![HistoryRow { installed_rank: 1, ..HistoryRow::of_baseline(baseline, database.user()) }])
}

/// One migration for people. The first `done` statements ran before.
fn section(step: &Step<'_>, predictions: &[Prediction], seen: &Seen, done: usize, ui: &Ui) -> String {
    let late = if step.out_of_order { ", out of order" } else { "" };
    let resumed = if done > 0 { format!(", goes on at statement {}", done + 1) } else { String::new() };
    let statements = count(step.script.statements.len(), "statement");
    let mut rows =
        vec![["  LINE", "ALGORITHM", "LOCK", "ROWS", "SIZE", "STATEMENT"].map(str::to_owned).to_vec()];
    let mut notes = Vec::new();
    for (statement, prediction) in step.script.statements.iter().zip(predictions).skip(done) {
        let (line, _) = step.script.position(step.script.span(statement));
        let size = size(prediction, &seen.known);
        let rebuild = if prediction.algorithm == Algorithm::Rebuild { ", rebuild" } else { "" };
        let algorithm = format!("{}{rebuild}", prediction.algorithm.name(seen.server.dialect));
        let sql = without_secrets(step.script.sql(statement));
        rows.push(vec![
            format!("  {line:>4}"),
            style(prediction.algorithm >= Algorithm::Copy, prediction.algorithm.rebuilds(), &algorithm),
            style(
                prediction.lock >= Lock::Exclusive,
                prediction.lock == Lock::Shared,
                prediction.lock.name(),
            ),
            size.rows.map(|rows| format!("~{}", grouped(rows))).unwrap_or_default(),
            size.bytes.map(bytes).unwrap_or_default(),
            first_line(&sql),
        ]);
        notes.push((prediction, sql));
    }
    let mut text =
        format!("{} {}\n", step.migration.script, styled(DIM, format!("{statements}{late}{resumed}")));
    let lines = table(&rows);
    let mut lines = lines.lines();
    if let Some(heading) = lines.next() {
        text += &format!("{heading}\n");
    }
    for (line, (prediction, sql)) in lines.zip(notes) {
        text += &format!("{line}\n");
        if ui.is_verbose() {
            sql.lines().for_each(|line| text += &format!("        {}\n", styled(DIM, line)));
        }
        prediction.notes.iter().for_each(|note| text += &format!("        {}\n", styled(DIM, note)));
    }
    text + "\n"
}

fn style(bad: bool, odd: bool, text: &str) -> String {
    if bad {
        styled(BAD, text)
    } else if odd {
        styled(ODD, text)
    } else {
        text.to_owned()
    }
}

/// The first line that is not a comment, shortened.
fn first_line(sql: &str) -> String {
    const LONGEST: usize = 72;
    let code = migrate_core::script::lexer::Lexer::new(sql).find(|token| !token.is_comment());
    let sql = code.and_then(|token| sql.get(token.start..)).unwrap_or(sql);
    let line = sql.lines().next().unwrap_or_default().trim_end();
    let more = line.len() < sql.trim_end().len();
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{} …", &line[..end]),
        None if more => format!("{line} …"),
        None => line.to_owned(),
    }
}

/// How big the tables of a statement are together.
fn size(prediction: &Prediction, known: &Known) -> Size {
    let sizes =
        || prediction.tables.iter().filter_map(|table| known.tables.get(table)).map(|facts| facts.size);
    let sum = |part: fn(Size) -> Option<u64>| {
        sizes().filter_map(part).fold(None, |sum, n| Some(sum.unwrap_or(0) + n))
    };
    Size { rows: sum(|size| size.rows), bytes: sum(|size| size.bytes) }
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn bytes(number: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let (mut whole, mut unit) = (number, 0);
    while whole >= 10 * 1024 && unit + 1 < UNITS.len() {
        whole /= 1024;
        unit += 1;
    }
    format!("{whole} {}", UNITS[unit])
}

fn migration_json(step: &Step<'_>, predictions: &[Prediction], seen: &Seen, done: usize) -> Value {
    let statements = step.script.statements.iter().zip(predictions).enumerate().skip(done);
    let statements = statements.map(|(at, (statement, prediction))| {
        let (line, column) = step.script.position(step.script.span(statement));
        json!({
            "number": at + 1,
            "line": line,
            "column": column,
            "sql": without_secrets(step.script.sql(statement)),
            "algorithm": prediction.algorithm.name(seen.server.dialect),
            "rebuilds": prediction.algorithm.rebuilds(),
            "lock": prediction.lock.name(),
            "tables": prediction.tables.iter().map(|table| table_json(table, &seen.known)).collect::<Vec<_>>(),
            "notes": prediction.notes,
        })
    });
    json!({
        "version": step.migration.version.as_ref().map(ToString::to_string),
        "description": step.migration.description,
        "script": step.migration.script,
        "path": step.migration.path(),
        "out_of_order": step.out_of_order,
        "statements": statements.collect::<Vec<_>>(),
    })
}

fn table_json(table: &Object, known: &Known) -> Value {
    let facts = known.tables.get(table);
    json!({
        "schema": table.schema,
        "name": table.name,
        "exists": facts.is_some(),
        "rows": facts.and_then(|facts| facts.size.rows),
        "bytes": facts.and_then(|facts| facts.size.bytes),
    })
}

/// The whole plan for the server's own client, with the history that `apply` would write.
fn script(steps: &[Step<'_>], seen: &Seen, resumed: usize) -> String {
    let mut text = String::new();
    let (begin, rows) = &seen.history;
    if let (Some(begin), false) = (begin, steps.is_empty()) {
        text += begin;
    }
    for (number, (step, row)) in steps.iter().zip(rows).enumerate() {
        let done = if number == 0 { resumed } else { 0 };
        let begun = if done > 0 { format!(", from its statement {}", done + 1) } else { String::new() };
        text += &format!("\n-- {}{begun}\nSET autocommit = 0;\n", step.migration.script);
        for statement in step.script.statements.iter().skip(done) {
            text += &for_client(step.script.sql(statement));
        }
        text += &format!("{}COMMIT;\n", for_client(row));
        if step.script.touches_session() && number + 1 < steps.len() {
            text += "-- `apply` makes the session new here.\n";
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(grouped(12), "12");
        assert_eq!(bytes(16384), "16 KiB");
        assert_eq!(bytes(9999), "9999 B");
        assert_eq!(bytes(5 << 30), "5120 MiB");
    }

    #[test]
    fn statements_are_shown_by_their_first_line() {
        assert_eq!(first_line("-- why\nALTER TABLE t\n ADD a INT"), "ALTER TABLE t …");
        assert_eq!(first_line("SELECT 1"), "SELECT 1");
        assert_eq!(first_line(&"x".repeat(80)), format!("{} …", "x".repeat(72)));
    }
}
