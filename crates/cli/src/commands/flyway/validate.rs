//! `validate`.

use migrate_core::callback::Events;
use migrate_core::database::Database as _;
use migrate_core::history::HistoryRow;
use migrate_core::info::info;
use migrate_core::validate::validate;
use migrate_core::{Error, Finding};
use serde_json::{Value, json};

use super::Run;
use super::info::run_engine;
use super::log::Log;
use super::migrate::{duration, plural};
use super::prepare::failed;
use super::stop::{Stop, Words, in_words};
use crate::commands::migrate::judged::judged;
use crate::environment;

/// Compares files and history.
pub(super) fn run(run: &Run<'_>) -> Result<super::Ended, Stop> {
    let begun = std::time::Instant::now();
    let migrations = run.prepared.migrations(run.settings, run.log)?;
    let callbacks = run.prepared.callbacks(&migrations)?;
    let judge = |rows: &[HistoryRow]| {
        let info = info(&migrations, rows, &run.prepared.plan.info);
        (info.entries.len(), validate(&info, &run.prepared.validation))
    };
    let read = async {
        let mut database = run.prepared.open().await?;
        run.connected(&database);
        let is_valid = |rows: &[HistoryRow]| judge(rows).1.is_empty();
        let rows = judged(&mut database, &callbacks, Events::VALIDATE, is_valid).await?;
        let schema = database.schema().to_owned();
        database.close().await?;
        Ok((rows, schema))
    };
    let (rows, schema) = run_engine(read).map_err(failed)?;
    let (number, findings) = judge(&rows);
    if findings.is_empty() {
        let (count, time) = (plural(number, "migration"), duration(begun.elapsed().as_millis()));
        run.log.info(&format!("Successfully validated {count} (execution time {time})"));
    }
    let result = object(&schema, number, &findings);
    Ok(super::Ended { result, stop: stop(findings, run.log.is_json()) })
}

/// Whether a failed validation ends the run with exit code 1. Flyway does so with text alone: with `-outputType=json` it goes on
/// and exits 0, so that a pipeline which reads only the exit code takes every history for valid; so does this for those who ask
/// for Flyway's faults.
fn stop(findings: Vec<Finding>, is_json: bool) -> Option<Stop> {
    let is_silent = findings.is_empty() || is_json && environment::wants_quirks();
    (!is_silent).then(|| Stop::engine(Error::Invalid { findings }, "", true))
}

fn object(schema: &str, count: usize, findings: &[Finding]) -> Value {
    let words: Vec<Words> = findings.iter().filter_map(in_words).collect();
    let details = |code: &str, message: &str| json!({ "errorCode": code, "errorMessage": message });
    let is_valid = findings.is_empty();
    let mut result = Log::heading("validate", schema);
    let summary =
        if is_valid { Value::Null } else { details("VALIDATE_ERROR", "Migrations have failed validation") };
    result.insert("errorDetails".to_owned(), summary);
    result.insert("validationSuccessful".to_owned(), json!(is_valid));
    result.insert("validateCount".to_owned(), json!(if is_valid { count } else { 0 }));
    let messages: Vec<_> = words.iter().map(|words| words.message.as_str()).collect();
    result.insert("allErrorMessages".to_owned(), json!(messages.join("\n")));
    let invalid = words.iter().map(|words| {
        json!({
            "version": words.version.as_deref().unwrap_or_default(),
            "description": words.description,
            "filepath": words.file,
            "errorDetails": details(words.code, &words.message),
        })
    });
    result.insert("invalidMigrations".to_owned(), invalid.collect());
    result.insert("warnings".to_owned(), json!([]));
    Value::Object(result)
}
