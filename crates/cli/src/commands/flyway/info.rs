//! `info`.

use migrate_core::callback::{Callbacks, Events, around};
use migrate_core::database::Database as _;
use migrate_core::flyway::arguments::Flag;
use migrate_core::flyway::{Key, Problem, Settings};
use migrate_core::history::{HistoryRow, HistoryStore as _};
use migrate_core::info::{Entry, State, info};
use migrate_core::mysql::MySqlDatabase;
use migrate_core::{Error, Migration, MigrationKind, MigrationVersion};
use serde_json::{Value, json};

use super::log::Log;
use super::prepare::failed;
use super::stop::Stop;
use super::table::draw;
use super::{Run, wrong_value};
use crate::clock;
use crate::commands::migrate::database::block_on;

/// Shows every migration that the filters let through.
pub(super) fn run(run: &Run<'_>) -> Result<Value, Stop> {
    let migrations = run.prepared.migrations(run.settings, run.log)?;
    let callbacks = run.prepared.callbacks(&migrations)?;
    let (history, schema, is_empty) = read(run, &callbacks).map_err(failed)?;
    let info = info(&migrations, &history, &run.prepared.plan.info);
    let current = info.current().map(ToString::to_string);
    let entries: Vec<_> = info.entries.iter().filter(|entry| run.prepared.filter.matches(entry)).collect();
    if run.arguments.flags.contains(&Flag::MigrationIds) {
        let ids: Vec<_> = entries.iter().map(|entry| id(entry)).collect();
        if !run.log.is_json() {
            run.log.print(&ids.join(","));
        }
    } else {
        run.log.info(&format!("Schema version: {}\n", current.as_deref().unwrap_or("<< Empty Schema >>")));
        let heading = ["Category", "Version", "Description", "Type", "Installed On", "State", "Undoable"];
        let rows = std::iter::once(heading.map(str::to_owned).to_vec())
            .chain(entries.iter().map(|entry| row(entry, undo_file(entry, &migrations))));
        run.log.info(&draw(&rows.collect::<Vec<_>>(), "No migrations found"));
    }
    let mut result = Log::heading("info", &schema);
    result.insert("timestamp".to_owned(), json!(clock::timestamp().replace(' ', "T")));
    result.insert("schemaName".to_owned(), json!(run.settings.list(Key::Schemas).join(", ")));
    result.insert("schemaVersion".to_owned(), json!(current));
    result.insert("allSchemasEmpty".to_owned(), json!(is_empty));
    result.insert("licenseFailed".to_owned(), json!(false));
    result.insert("exception".to_owned(), Value::Null);
    result.insert(
        "migrations".to_owned(),
        entries.iter().map(|entry| object(entry, undo_file(entry, &migrations))).collect(),
    );
    Ok(Value::Object(result))
}

/// The history with its times in UTC, the schema, and whether there is nothing in it.
fn read(run: &Run<'_>, callbacks: &Callbacks<'_>) -> Result<(Vec<HistoryRow>, String, bool), Error> {
    let work = async {
        let mut database = run.prepared.open().await?;
        run.connected(&database);
        let reads = async |database: &mut MySqlDatabase, (): &mut ()| {
            // A server that refuses shows the times of its session instead.
            let _ = database.execute("SET time_zone = '+00:00'").await;
            database.rows(-1).await
        };
        let rows = around(&mut database, callbacks, Events::INFO, &mut (), reads).await?;
        let is_empty = rows.is_none() && database.is_empty().await?;
        let schema = database.schema().to_owned();
        database.close().await?;
        Ok((rows.unwrap_or_default(), schema, is_empty))
    };
    run_engine(work)
}

/// Runs what may end with an error of the engine.
pub(super) fn run_engine<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    match block_on(async { Ok(work.await) }) {
        Ok(result) => result,
        Err(failure) => Err(Error::Server {
            action: "start",
            code: 0,
            state: String::new(),
            message: failure.to_string(),
        }),
    }
}

fn version(entry: &Entry<'_, '_>) -> String {
    entry.version().map(ToString::to_string).unwrap_or_default()
}

fn id(entry: &Entry<'_, '_>) -> String {
    entry.version().map_or_else(|| entry.description().to_owned(), ToString::to_string)
}

/// The script that takes a versioned migration back.
fn undo_file<'m>(entry: &Entry<'_, '_>, migrations: &'m [Migration]) -> Option<&'m str> {
    let version = entry.version().filter(|_| entry.category() == "Versioned")?;
    let is_undo = |migration: &&Migration| {
        migration.kind == MigrationKind::Undo && migration.version.as_ref() == Some(version)
    };
    migrations.iter().find(is_undo).map(Migration::path)
}

fn undoable(entry: &Entry<'_, '_>, undo_file: Option<&str>) -> &'static str {
    match (entry.version(), undo_file) {
        (None, _) => "",
        (Some(_), None) => "No",
        (Some(_), Some(_)) => "Yes",
    }
}

fn row(entry: &Entry<'_, '_>, undo_file: Option<&str>) -> Vec<String> {
    vec![
        entry.category().to_owned(),
        version(entry),
        entry.description().to_owned(),
        entry.kind().to_owned(),
        entry.row.map(|row| row.installed_on.clone()).unwrap_or_default(),
        entry.state.to_string(),
        undoable(entry, undo_file).to_owned(),
    ]
}

fn object(entry: &Entry<'_, '_>, undo_file: Option<&str>) -> Value {
    let installed_on = entry.row.map(|row| format!("{}Z", row.installed_on.replace(' ', "T")));
    let version = version(entry);
    json!({
        "category": entry.category(),
        "version": version,
        "rawVersion": version,
        "description": entry.description(),
        "type": entry.kind(),
        "installedOnUTC": installed_on.unwrap_or_default(),
        "state": entry.state.to_string(),
        "undoable": undoable(entry, undo_file),
        "filepath": entry.migration.map(Migration::path).unwrap_or_default(),
        "undoFilepath": undo_file.unwrap_or_default(),
        "installedBy": entry.row.map(|row| row.installed_by.as_str()).unwrap_or_default(),
        "shouldExecuteExpression": null,
        "executionTime": entry.row.map_or(0, |row| row.execution_time),
    })
}

/// What `-infoSinceDate` and its like let through.
pub(super) struct Filter {
    /// As the history shows times.
    since: Option<String>,
    until: Option<String>,
    from: Option<MigrationVersion>,
    to: Option<MigrationVersion>,
    states: Vec<State>,
}

impl Filter {
    /// Reads the options; those that are wrong are reported and let everything through.
    pub(super) fn new(settings: &Settings, report: &mut impl FnMut(Problem)) -> Self {
        let mut date = |key| {
            let text = settings.given(key)?;
            let date = read_date(text);
            if date.is_none() {
                report(wrong_value(
                    settings,
                    key,
                    "it is not of the form dd/mm/yyyy hh:mm, like 13/10/2020 16:30",
                ));
            }
            date
        };
        let (since, until) = (date(Key::InfoSinceDate), date(Key::InfoUntilDate));
        let mut version = |key| match MigrationVersion::parse(settings.given(key)?) {
            Ok(version) => Some(version),
            Err(reason) => {
                report(wrong_value(settings, key, &reason.to_string()));
                None
            }
        };
        let (from, to) = (version(Key::InfoSinceVersion), version(Key::InfoUntilVersion));
        let mut states = Vec::new();
        for name in settings.list(Key::InfoOfState) {
            if let Some((_, state)) = STATES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
                states.push(*state);
            } else {
                let known = STATES.map(|(name, _)| name).join(", ");
                report(wrong_value(settings, Key::InfoOfState, &format!("`{name}` is none of {known}")));
            }
        }
        Self { since, until, from, to, states }
    }

    /// As Flyway judges: what has no time or version is later than any and not earlier than any.
    fn matches(&self, entry: &Entry<'_, '_>) -> bool {
        let installed_on = entry.row.map(|row| row.installed_on.as_str());
        let version = entry.version();
        self.since.as_deref().is_none_or(|since| installed_on.is_none_or(|on| on > since))
            && self.until.as_deref().is_none_or(|until| installed_on.is_some_and(|on| on < until))
            && self.from.as_ref().is_none_or(|from| version.is_none_or(|version| version >= from))
            && self.to.as_ref().is_none_or(|to| version.is_some_and(|version| version <= to))
            && (self.states.is_empty() || self.states.contains(&entry.state))
    }
}

/// The names that Flyway's enumeration has.
const STATES: [(&str, State); 18] = [
    ("PENDING", State::Pending),
    ("ABOVE_TARGET", State::AboveTarget),
    ("BELOW_BASELINE", State::BelowBaseline),
    ("BASELINE_IGNORED", State::IgnoredBaseline),
    ("BASELINE", State::Baseline),
    ("IGNORED", State::Ignored),
    ("MISSING_SUCCESS", State::Missing),
    ("MISSING_FAILED", State::MissingFailed),
    ("SUCCESS", State::Success),
    ("UNDONE", State::Undone),
    ("AVAILABLE", State::Available),
    ("FAILED", State::Failed),
    ("OUT_OF_ORDER", State::OutOfOrder),
    ("FUTURE_SUCCESS", State::Future),
    ("FUTURE_FAILED", State::FutureFailed),
    ("OUTDATED", State::Outdated),
    ("SUPERSEDED", State::Superseded),
    ("DELETED", State::Deleted),
];

/// Turns `13/10/2020 16:30` into `2020-10-13 16:30:00`.
fn read_date(text: &str) -> Option<String> {
    let (date, time) = text.trim().split_once(' ')?;
    let numbers = |text: &str, separator| -> Option<Vec<u32>> {
        text.split(separator).map(|part| part.parse().ok()).collect()
    };
    let (date, time) = (numbers(date, '/')?, numbers(time, ':')?);
    let ([day, month, year], [hour, minute]) = (&date[..], &time[..]) else { return None };
    let exists =
        (1..=31).contains(day) && (1..=12).contains(month) && *hour < 24 && *minute < 60 && *year < 10_000;
    exists.then(|| format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:00"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_turned_round() {
        assert_eq!(read_date("13/10/2020 16:30").as_deref(), Some("2020-10-13 16:30:00"));
        for wrong in ["2020-10-13 16:30", "13/10/2020", "32/10/2020 16:30", "1/1/1 24:00", ""] {
            assert_eq!(read_date(wrong), None, "{wrong}");
        }
    }
}
