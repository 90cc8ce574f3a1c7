//! Applies migrations: the lock, the history table, each statement, each row.

mod patience;
mod work;

use std::time::Instant;

use miette::SourceSpan;

use crate::database::{Database, Event, Failure, Progress, Waiting};
use crate::error::{ConnectionLost, Error, StatementError};
use crate::history::{Baseline, HistoryRow, abbreviate_script};
use crate::journal::{Decision, InFlight};
use crate::migration::Migration;
use crate::plan::{PlanOptions, Step, plan};
use crate::script::{Script, Statement};

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
    /// How many seconds to wait for the lock; `None`: for ever, as Flyway does.
    pub lock_timeout: Option<u64>,
    /// How long changes wait for tables that others use; `None`: as long as the server lets them, everybody else behind them.
    pub patience: Option<Patience>,
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
    under_lock(database, options.lock_timeout, progress, async |database, progress| {
        let run = Run {
            database,
            migrations,
            options,
            progress,
            rows: Vec::new(),
            report: Report::default(),
            in_flight: None,
            journal_open: false,
            looked_around: false,
            usual_wait: None,
        };
        run.run().await
    })
    .await
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
    progress: &'a mut P,
    /// The history as far as it is known.
    rows: Vec<HistoryRow>,
    report: Report,
    /// The migration that an earlier run left unfinished.
    in_flight: Option<InFlight>,
    /// Whether the journal can be written.
    journal_open: bool,
    /// Whether server and account were looked at.
    looked_around: bool,
    /// How long sessions wait for tables by default, once it was asked.
    usual_wait: Option<String>,
}

impl<'a, D: Database, P: Progress> Run<'a, D, P> {
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
        self.preflight(&steps).await?;
        for (at, step) in steps.iter().enumerate() {
            self.apply_step(step).await?;
            let is_last = at + 1 == steps.len();
            if step.script.touches_session() && !self.options.skip_executing && !is_last {
                self.database.reset().await?;
                take_lock(self.database, self.options.lock_timeout, self.progress).await?;
                let news = self.database.rows(self.last_rank()).await?.unwrap_or_default();
                if !news.is_empty() {
                    self.rows.extend(news);
                    return Ok(true);
                }
            }
        }
        Ok(false)
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
        let total = script.statements.len();
        self.progress.event(Event::Started { migration, statements: total, out_of_order: *out_of_order });
        let started = Instant::now();
        if !self.options.skip_executing {
            self.execute(step, started).await?;
        }
        let row = self.row(migration, started, true);
        self.database.append(&row).await?;
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
        let row = HistoryRow::of_migration(migration, &self.installed_by(), time, success);
        // Rank 0 is that of created schemas.
        ranked(row, self.last_rank().max(0) + 1)
    }

    fn installed_by(&self) -> String {
        self.options.installed_by.clone().unwrap_or_else(|| self.database.user().to_owned())
    }

    fn last_rank(&self) -> i32 {
        self.rows.iter().map(|row| row.installed_rank).max().unwrap_or(-1)
    }

    fn current_version(&self) -> Option<String> {
        crate::info::info(self.migrations, &self.rows, &self.options.plan.info)
            .current()
            .map(ToString::to_string)
    }
}

fn failed(step: &Step<'_>, statement: &Statement, applied: usize, failure: Failure, recorded: bool) -> Error {
    let script = &step.script;
    let (name, total, src) = (step.migration.name(), script.statements.len(), script.source().clone());
    if failure.connection_lost {
        let span = script.span(statement);
        let (line, _) = script.position(span);
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
