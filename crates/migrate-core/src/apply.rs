//! Applies migrations: the lock, the history table, each statement, each row.

mod online;
mod patience;
mod pieces;
mod undo;
mod work;

pub use undo::{undo, undo_script, wanted};

use std::time::Instant;

use miette::SourceSpan;

use crate::callback::{Callbacks, Events, around, connected, renew, run, tell};
use crate::database::{Database, Event, Failure, Progress, Waiting};
use crate::error::{ConnectionLost, Error, StatementError};
use crate::finding::Finding;
use crate::history::{Baseline, HistoryRow, RowKind, abbreviate_script, highest_rank};
use crate::journal::{Decision, InFlight};
use crate::migration::Migration;
use crate::online::Online;
use crate::plan::{PlanOptions, Step, plan};
use crate::script::{Script, SplitRules, Statement};

pub use patience::Patience;

/// How to apply.
#[derive(Debug, Clone, Default)]
pub struct ApplyOptions {
    /// What to apply, and what to check first.
    pub plan: PlanOptions,
    /// What a schema that has tables but no history is taken to be; `None`: it is refused.
    pub baseline_on_migrate: Option<Baseline>,
    /// Who the history says it was; `None`: the account.
    pub installed_by: Option<String>,
    /// Writes the history without running anything.
    pub skip_executing: bool,
    /// Creates configured schemas that do not exist, and records that in the history.
    pub create_schemas: bool,
    /// Commits every statement by itself, where a script does not say otherwise: Flyway's `executeInTransaction=false`.
    pub commit_each_statement: bool,
    /// How many seconds to wait for the lock; `None`: for ever, as Flyway does.
    pub lock_timeout: Option<u64>,
    /// How long changes wait for tables that others use; `None`: as long as the server lets them, everybody else behind them.
    pub patience: Option<Patience>,
    /// Which changes of tables a tool makes instead of the server; `None`: none.
    pub online: Option<Online>,
    /// What somebody decided about a migration that was cut off; `None`: it is settled by what the database shows.
    pub settle: Option<Decision>,
}

/// What was applied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// In the order of application.
    pub applied: Vec<Applied>,
    /// The version before, if any.
    pub initial_version: Option<String>,
    /// The version after, if any.
    pub version: Option<String>,
}

/// A migration that was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Absent for repeatable migrations.
    pub version: Option<String>,
    /// Its description.
    pub description: String,
    /// Its script.
    pub script: String,
    /// Milliseconds.
    pub execution_time: i32,
}

/// Applies everything that is pending, under Flyway's lock.
///
/// All files are checked before the first statement runs. A migration whose statement fails is recorded as failed and
/// stops the run; what it changed by DDL stays, since the server commits DDL at once.
///
/// # Errors
/// What stopped the run; everything before it stays applied.
pub async fn apply<D: Database>(
    database: &mut D,
    migrations: &[Migration],
    options: &ApplyOptions,
    progress: &mut impl Progress,
) -> Result<Report, Error> {
    let (callbacks, findings) = Callbacks::of(migrations, &options.plan.placeholders, &options.plan.split);
    if findings.iter().any(Finding::is_error) {
        return Err(Error::Invalid { findings });
    }
    prelude(database, migrations, options, &callbacks, progress).await?;
    let applied = under_lock(database, options.lock_timeout, progress, async |database, progress| {
        // Once a run, so that the callers' own futures stay small.
        Box::pin(Run::new(database, migrations, options, &callbacks, progress).run()).await
    })
    .await;
    let events: &[&str] = match &applied {
        Err(_) => &["afterMigrateError"],
        Ok(report) if report.applied.is_empty() => &["afterMigrate", "afterMigrateOperationFinish"],
        Ok(_) => &["afterMigrateApplied", "afterMigrate", "afterMigrateOperationFinish"],
    };
    let told = epilogue(database, &callbacks, events, progress).await;
    let report = applied?;
    told?;
    Ok(report)
}

/// What comes before the lock: the callbacks of a new session, of the validation and of the whole run.
async fn prelude<D: Database>(
    database: &mut D,
    migrations: &[Migration],
    options: &ApplyOptions,
    callbacks: &Callbacks<'_>,
    progress: &mut impl Progress,
) -> Result<(), Error> {
    let wanted = callbacks.any(&["beforeValidate", "afterValidate", "afterValidateError"]);
    if options.plan.validate.is_none() || !wanted {
        connected(database, callbacks, progress).await?;
    } else {
        // The run itself validates again, under the lock.
        let validated = async |database: &mut D, _: &mut _| {
            let rows = database.rows(-1).await?.unwrap_or_default();
            plan(migrations, &rows, &options.plan).map(drop)
        };
        around(database, callbacks, Events::VALIDATE_FIRST, progress, validated).await?;
    }
    if options.create_schemas {
        tell(database, callbacks, ["createSchema", "beforeCreateSchema"], progress).await?;
    }
    if !database.missing_schemas().await?.is_empty() {
        under_lock(database, options.lock_timeout, progress, async |database, _| {
            create_schemas(database, options).await
        })
        .await?;
    }
    tell(database, callbacks, ["beforeMigrate"], progress).await
}

/// Another run may have created them since they were missed.
async fn create_schemas<D: Database>(database: &mut D, options: &ApplyOptions) -> Result<(), Error> {
    let missing = database.missing_schemas().await?;
    let Some(first) = missing.first() else { return Ok(()) };
    if !options.create_schemas {
        return Err(Error::MissingSchema { schema: first.clone() });
    }
    database.create_schemas(&missing).await?;
    let by = options.installed_by.clone().unwrap_or_else(|| database.user().to_owned());
    let row = HistoryRow::of_schemas(&missing, &by);
    match database.rows(-1).await? {
        None => database.create(&[row]).await,
        Some(rows) => {
            let rank = highest_rank(&rows).map_or(0, |rank| rank + 1);
            database.append(&ranked(row, rank)).await
        }
    }
}

/// What comes after the lock was given back, in a session that no migration has changed.
async fn epilogue<D: Database>(
    database: &mut D,
    callbacks: &Callbacks<'_>,
    events: &[&'static str],
    progress: &mut impl Progress,
) -> Result<(), Error> {
    if !callbacks.any(events) {
        return Ok(());
    }
    renew(database, callbacks, progress).await?;
    tell(database, callbacks, events.iter().copied(), progress).await
}

/// Takes everything up to a version for applied, in a database without history.
///
/// # Errors
/// When there is a history already, or the server refuses.
pub async fn baseline<D: Database>(
    database: &mut D,
    baseline: &Baseline,
    installed_by: Option<&str>,
    lock_timeout: Option<u64>,
    progress: &mut impl Progress,
) -> Result<(), Error> {
    under_lock(database, lock_timeout, progress, async |database, _| match database.rows(-1).await? {
        None => {
            let user = installed_by.unwrap_or(database.user()).to_owned();
            database.create(&[ranked(HistoryRow::of_baseline(baseline, &user), 1)]).await
        }
        Some(rows) if rows.iter().any(|row| is_same_baseline(row, baseline)) => Ok(()),
        Some(_) => Err(Error::BaselineExists { schema: database.schema().to_owned() }),
    })
    .await
}

fn is_same_baseline(row: &HistoryRow, baseline: &Baseline) -> bool {
    let same = HistoryRow::of_baseline(baseline, "");
    row.kind == same.kind && row.version == same.version && row.description == same.description
}

/// Takes the lock that every runner of the schema takes, telling `progress` who holds it meanwhile. A session that has it
/// may take it again; each time it is given back with [`Database::unlock`].
///
/// # Errors
/// [`Error::LockTimeout`] after `timeout` seconds or when `progress` asks to stop, and what the server says.
pub async fn take_lock<D: Database>(
    database: &mut D,
    timeout: Option<u64>,
    progress: &mut impl Progress,
) -> Result<(), Error> {
    let mut waiting = |waiting: Waiting| {
        let goes_on = timeout.is_none_or(|timeout| waiting.seconds < timeout) && !progress.stop();
        progress.event(Event::Waiting(&waiting));
        goes_on
    };
    database.lock(&mut waiting).await
}

/// Works while the lock is held. What an error leaves uncommitted is taken back before the lock is given back, which commits.
///
/// # Errors
/// Those of `work`, else those of [`take_lock`] and of giving it back.
pub async fn under_lock<D: Database, P: Progress, T, E: From<Error>>(
    database: &mut D,
    timeout: Option<u64>,
    progress: &mut P,
    work: impl AsyncFnOnce(&mut D, &mut P) -> Result<T, E>,
) -> Result<T, E> {
    take_lock(database, timeout, progress).await?;
    let result = work(database, progress).await;
    if result.is_err() {
        // A second error must not hide the first; a connection that broke has taken everything back already.
        let _ = database.rollback().await;
    }
    let unlocked = database.unlock().await;
    let value = result?;
    unlocked?;
    Ok(value)
}

fn ranked(row: HistoryRow, installed_rank: i32) -> HistoryRow {
    HistoryRow { installed_rank, ..row }
}

struct Run<'a, D, P> {
    database: &'a mut D,
    migrations: &'a [Migration],
    options: &'a ApplyOptions,
    callbacks: &'a Callbacks<'a>,
    progress: &'a mut P,
    /// The history as far as it is known.
    rows: Vec<HistoryRow>,
    report: Report,
    /// The migration that an earlier run left unfinished.
    in_flight: Option<InFlight>,
    /// Whether the journal can be written.
    journal_open: bool,
    /// Whether the callbacks between versioned and repeatable migrations have run.
    repeatables_begun: bool,
    /// When migrations are taken back, the type of the row that says so.
    undo_kind: Option<&'static str>,
    /// Whether server and account were looked at.
    looked_around: bool,
    /// How long sessions wait for tables by default, once it was asked.
    usual_wait: Option<String>,
}

impl<'a, D: Database, P: Progress> Run<'a, D, P> {
    fn new(
        database: &'a mut D,
        migrations: &'a [Migration],
        options: &'a ApplyOptions,
        callbacks: &'a Callbacks<'a>,
        progress: &'a mut P,
    ) -> Self {
        Self {
            database,
            migrations,
            options,
            callbacks,
            progress,
            rows: Vec::new(),
            report: Report::default(),
            in_flight: None,
            journal_open: false,
            repeatables_begun: false,
            undo_kind: None,
            looked_around: false,
            usual_wait: None,
        }
    }

    async fn run(mut self) -> Result<Report, Error> {
        self.rows = match self.database.rows(-1).await? {
            Some(rows) => rows,
            None => self.create_history().await?,
        };
        let found = self.database.journal().await?;
        (self.journal_open, self.in_flight) = (found.exists, found.in_flight);
        if self.options.skip_executing {
            self.in_flight = None;
        }
        self.report.initial_version = self.current_version();
        while self.run_plan().await? {
            self.progress.event(Event::Replanned);
        }
        self.report.version = self.current_version();
        if self.journal_open {
            self.database.close_journal().await?;
        }
        Ok(self.report)
    }

    /// Plans and applies. Returns true when the history changed meanwhile, so that the rest must be planned again.
    async fn run_plan(&mut self) -> Result<bool, Error> {
        let mut steps = plan(self.migrations, &self.rows, &self.options.plan)?;
        if let Some(entry) = self.in_flight.take() {
            let unfinished = |step: &Step<'_>| abbreviate_script(&step.migration.script) == entry.script;
            match steps.iter().position(unfinished) {
                // What was begun is finished before anything else, whatever its version.
                Some(at) => {
                    steps[..=at].rotate_right(1);
                    self.in_flight = Some(entry);
                }
                // Somebody else has finished it since.
                None if self.rows.iter().any(|row| row.success && row.script == entry.script) => {}
                None => {
                    return Err(Error::UnfinishedFile {
                        script: entry.script,
                        statement: entry.statement + 1,
                    });
                }
            }
        }
        let planned: Vec<&Migration> = steps.iter().map(|step| step.migration).collect();
        self.progress.event(Event::Planned(&planned));
        let each = self.each_touches_session();
        self.preflight(&steps).await?;
        for (at, step) in steps.iter().enumerate() {
            if step.migration.version.is_none() && self.begin_repeatables().await? {
                return Ok(true);
            }
            self.apply_step(step).await?;
            let is_last = at + 1 == steps.len();
            // Flyway keeps the session, and what a script has set in it.
            let keeps = self.options.skip_executing || self.options.plan.split.rules != SplitRules::Server;
            let touched = (step.script.touches_session() || each) && !keeps;
            if touched && !is_last && self.renew().await? {
                return Ok(true);
            }
        }
        if !self.repeatables_begun {
            run(self.database, self.callbacks, "afterVersioned", self.progress).await?;
        }
        Ok(false)
    }

    /// The callbacks before the first repeatable migration. Returns true when the history changed meanwhile.
    async fn begin_repeatables(&mut self) -> Result<bool, Error> {
        let mut touched = false;
        if !std::mem::replace(&mut self.repeatables_begun, true) {
            for event in ["afterVersioned", "beforeRepeatables"] {
                touched |= run(self.database, self.callbacks, event, self.progress).await?;
            }
        }
        Ok(touched && self.renew().await?)
    }

    /// Makes the session new. The lock is handed over for a moment; returns true when the history changed meanwhile.
    async fn renew(&mut self) -> Result<bool, Error> {
        renew(self.database, self.callbacks, self.progress).await?;
        take_lock(self.database, self.options.lock_timeout, self.progress).await?;
        let news = self.database.rows(self.last_rank()).await?.unwrap_or_default();
        let changed = !news.is_empty();
        self.rows.extend(news);
        Ok(changed)
    }

    async fn create_history(&mut self) -> Result<Vec<HistoryRow>, Error> {
        let mut rows = Vec::new();
        if !self.database.is_empty().await? {
            let Some(baseline) = &self.options.baseline_on_migrate else {
                return Err(Error::NonEmptySchema {
                    schema: self.database.schema().to_owned(),
                    table: self.database.table().to_owned(),
                });
            };
            rows.push(ranked(HistoryRow::of_baseline(baseline, &self.installed_by()), 1));
        }
        // A plan that cannot be made, or carried out, should leave nothing behind.
        let steps = plan(self.migrations, &rows, &self.options.plan)?;
        self.preflight(&steps).await?;
        self.database.create(&rows).await?;
        self.progress.event(Event::HistoryCreated);
        Ok(rows)
    }

    async fn apply_step(&mut self, step: &Step<'a>) -> Result<(), Error> {
        let Step { migration, script, out_of_order } = step;
        let total = script.total();
        self.progress.event(Event::Started { migration, statements: total, out_of_order: *out_of_order });
        let started = Instant::now();
        if !self.options.skip_executing {
            self.execute(step, started).await?;
        }
        let row = self.row(migration, started, true);
        if self.journal_open && !self.options.skip_executing {
            self.database.finish(&row).await?;
        } else {
            self.database.append(&row).await?;
        }
        let milliseconds = row.execution_time;
        self.progress.event(Event::Applied { migration, milliseconds });
        self.report.applied.push(Applied {
            version: migration.version.as_ref().map(ToString::to_string),
            description: migration.description.clone(),
            script: migration.script.clone(),
            execution_time: milliseconds,
        });
        self.rows.push(row);
        Ok(())
    }

    fn row(&self, migration: &Migration, started: Instant, success: bool) -> HistoryRow {
        let time = i32::try_from(started.elapsed().as_millis()).unwrap_or(i32::MAX);
        let mut row = HistoryRow::of_migration(migration, &self.installed_by(), time, success);
        match self.undo_kind {
            // A mark of failure is one of a migration, so that every edition of Flyway stops at it.
            Some(kind) if success || kind != RowKind::DELETE => row.kind = RowKind::new(kind),
            _ => {}
        }
        // Rank 0 is that of created schemas.
        ranked(row, self.last_rank().max(0) + 1)
    }

    fn installed_by(&self) -> String {
        self.options.installed_by.clone().unwrap_or_else(|| self.database.user().to_owned())
    }

    fn last_rank(&self) -> i32 {
        highest_rank(&self.rows).unwrap_or(-1)
    }

    fn current_version(&self) -> Option<String> {
        // Rows alone say it.
        crate::info::info(&[], &self.rows, &self.options.plan.info).current().map(ToString::to_string)
    }
}

fn failed(step: &Step<'_>, statement: &Statement, applied: usize, failure: Failure, recorded: bool) -> Error {
    let script = &step.script;
    let (name, total) = (step.migration.name(), script.total());
    if failure.connection_lost {
        let span = script.span(statement);
        let (line, _) = script.position(span);
        let (src, span) = script.cite(span);
        let message = failure.message;
        return Error::ConnectionLost(Box::new(ConnectionLost {
            name,
            message,
            line,
            applied,
            total,
            src,
            span,
        }));
    }
    let span = place_of_error(script, statement, &failure.message).unwrap_or_else(|| script.span(statement));
    let (line, column) = script.position(span);
    let (src, span) = script.cite(span);
    let Failure { code, state, message, .. } = failure;
    Error::Statement(Box::new(StatementError {
        name,
        code,
        state,
        message,
        line,
        column,
        applied,
        total,
        recorded,
        src,
        span,
    }))
}

/// Syntax errors quote the text they stopped at and count lines from the beginning of the statement:
/// `… near 'FORM t' at line 2`.
fn place_of_error(script: &Script<'_>, statement: &Statement, message: &str) -> Option<SourceSpan> {
    let (message, line) = message.rsplit_once("' at line ")?;
    let (_, near) = message.split_once("near '")?;
    let sql = script.sql(statement);
    let line_start = match line.parse::<usize>().ok()?.checked_sub(1)? {
        0 => 0,
        skipped => sql.match_indices('\n').nth(skipped - 1)?.0 + 1,
    };
    let found = if near.is_empty() { sql.len() } else { line_start + sql[line_start..].find(near)? };
    let token =
        near.find(|character: char| !(character.is_alphanumeric() || character == '_')).unwrap_or(near.len());
    let start = statement.range.start + found;
    Some(script.place(start..start + token.max(usize::from(!near.is_empty()))))
}

#[cfg(test)]
mod tests;
