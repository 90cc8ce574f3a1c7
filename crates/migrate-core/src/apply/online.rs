//! Hands changes of large tables to a tool, and holds the lock meanwhile.
//!
//! The journal announces the statement as if the server ran it, and its outcome is told in the same way: the tool swaps the
//! changed table in by one statement at its end, so that the definition is the one before or the one after.

mod clauses;

use std::time::Duration;

use super::{Run, failed};
use crate::database::{Database, Event, Executed, Failure, Progress};
use crate::error::{Error, OnlineError};
use crate::history::quoted;
use crate::lint::statement::Statement as Tokens;
use crate::online::{Change, Look, Online};
use crate::plan::Step;
use crate::predict::{predict, tables};
use crate::script::effect::{Commit, Effect, Object, ObjectKind};
use clauses::{Clauses, Hazard, clauses};

/// How often the tool is looked at.
const TICK: Duration = Duration::from_millis(100);

/// After how long without a word the server might take our connection, which holds the lock, for dead.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// A statement that the tool takes over.
struct HandedOver<'a> {
    change: Change,
    clauses: Clauses,
    commit: &'a Commit,
}

/// How the tool ended.
struct Ended {
    success: bool,
    how: String,
    lines: Vec<String>,
    /// Somebody had asked us to stop.
    stopped: bool,
    /// Our own connection broke meanwhile.
    lost: Option<Error>,
}

impl<D: Database, P: Progress> Run<'_, D, P> {
    /// Lets the tool do what a statement says, if there is one and the table is large; `None`: the server has to.
    ///
    /// # Errors
    /// [`Error::Online`] when it failed or must not do it: the statement is not in force then, or the journal shows that it is.
    /// [`Error::Stopped`] when somebody asks to stop meanwhile.
    pub(super) async fn hand_over(
        &mut self,
        step: &Step<'_>,
        at: usize,
        effect: &Effect,
        locked: bool,
    ) -> Result<Option<Executed>, Error> {
        let options = self.options;
        let (Some(online), false) = (&options.online, locked) else { return Ok(None) };
        let Some(handed) = self.taken_over(online, step, at, effect).await? else { return Ok(None) };
        // As the server does before it begins with a definition.
        self.database.commit().await?;
        let objects = &handed.commit.objects;
        let before = self.database.definitions(objects).await?;
        let related = before.iter().any(|definition| definition.contains(" FOREIGN KEY "));
        if let Some(hazard) = handed.clauses.hazard.or(related.then_some(Hazard::ForeignKeys)) {
            return Err(problem(step, at, online, hazard.reason().to_owned()));
        }
        // Nothing of ours may keep the tool from the table.
        self.database.commit().await?;
        let ended = self.watch(online, step, at, &handed.change).await?;
        if let Some(lost) = ended.lost {
            let failure =
                Failure { code: 0, state: String::new(), message: lost.to_string(), connection_lost: true };
            let Some(statement) = step.script.statement(at) else { return Err(lost) };
            return Err(failed(step, statement, at, failure, false));
        }
        let changed = self.database.definitions(objects).await? != before;
        if ended.success && (changed || handed.clauses.only_rebuilds) {
            return Ok(Some(Executed::default()));
        }
        let leftovers = self.leftovers(online, &handed.change).await?;
        if ended.stopped && !changed && leftovers.is_empty() {
            let total = step.script.total();
            return Err(Error::Stopped { name: step.migration.name(), applied: at, total });
        }
        let reason = match (ended.success, changed) {
            (true, _) => "ended as if all were well, but the table is as it was".to_owned(),
            (false, true) => format!("{}, but the table is changed", ended.how),
            (false, false) => ended.how,
        };
        let mut error = problem(step, at, online, reason);
        if let Error::Online(error) = &mut error {
            error.lines = ended.lines;
            error.leftovers = leftovers;
            error.stopped = ended.stopped;
        }
        Err(error)
    }

    /// The change, if it is one for the tool.
    async fn taken_over<'e>(
        &mut self,
        online: &Online,
        step: &Step<'_>,
        at: usize,
        effect: &'e Effect,
    ) -> Result<Option<HandedOver<'e>>, Error> {
        let (Some(statement), Effect::Commits(commit)) = (step.script.statement(at), effect) else {
            return Ok(None);
        };
        let sql = step.script.sql(statement);
        let first = Tokens::whole(sql);
        let (Some(_), Some(mut table)) = (clauses(&first), tables(&first).into_iter().next()) else {
            return Ok(None);
        };
        // A script may have chosen another database.
        if table.schema.is_none() {
            table.schema = self.database.value("DATABASE()").await?;
        }
        let (server, mut known) = self.database.grounds(&[table.clone()].into()).await?;
        let Some(facts) = known.tables.remove(&table) else { return Ok(None) };
        let large = online.over == 0 || facts.size.bytes.is_some_and(|bytes| bytes > online.over);
        if !large || facts.engine.is_none() {
            return Ok(None);
        }
        let tokens = Tokens::on(&server, sql);
        let Some(clauses) = clauses(&tokens) else { return Ok(None) };
        known.tables.extend(tables(&tokens).into_iter().map(|table| (table, facts.clone())));
        if !clauses.is_long(&predict(sql, &server, &known)) {
            return Ok(None);
        }
        let schema = table.schema.unwrap_or_else(|| self.database.schema().to_owned());
        let change = Change { schema, table: table.name, clauses: clauses.text.clone() };
        Ok(Some(HandedOver { change, clauses, commit }))
    }

    /// Waits for the tool's end.
    async fn watch(
        &mut self,
        online: &Online,
        step: &Step<'_>,
        at: usize,
        change: &Change,
    ) -> Result<Ended, Error> {
        let migration = step.migration;
        let line = line(step, at);
        let (tool, table) = (online.tool.name(), change.table.as_str());
        self.progress.event(Event::Online { migration, line, tool, table, advance: None });
        let mut running = online.tool.begin(change).map_err(|reason| problem(step, at, online, reason))?;
        let (mut stopped, mut lost, mut silent) = (false, None, Duration::ZERO);
        loop {
            match running.look() {
                Look::Ended { success, how, lines } => {
                    return Ok(Ended { success, how, lines, stopped, lost });
                }
                Look::Working(None) => {}
                Look::Working(Some(advance)) => {
                    let advance = Some(&advance);
                    self.progress.event(Event::Online { migration, line, tool, table, advance });
                }
            }
            if !stopped && self.progress.stop() {
                stopped = true;
                running.stop();
            }
            self.database.pause(TICK).await;
            silent += TICK;
            if silent >= KEEP_ALIVE && lost.is_none() {
                silent = Duration::ZERO;
                if let Err(error) = self.database.value("1").await {
                    // The lock went with it, so another run may begin.
                    lost = Some(error);
                    running.stop();
                }
            }
        }
    }

    /// The statements that take away what the tool left.
    async fn leftovers(&mut self, online: &Online, change: &Change) -> Result<Vec<String>, Error> {
        let (triggers, tables) = online.tool.leftovers(change);
        let named = |kind| move |name| (kind, Object { kind, schema: Some(change.schema.clone()), name });
        let mut statements = Vec::new();
        let all = triggers.into_iter().map(named(ObjectKind::Trigger));
        for (kind, object) in all.chain(tables.into_iter().map(named(ObjectKind::Table))) {
            let there = self.database.definitions(std::slice::from_ref(&object)).await?;
            if there.iter().any(|definition| !definition.is_empty()) {
                let word = if kind == ObjectKind::Trigger { "TRIGGER" } else { "TABLE" };
                statements.push(format!("DROP {word} {}.{};", quoted(&change.schema), quoted(&object.name)));
            }
        }
        Ok(statements)
    }
}

fn line(step: &Step<'_>, at: usize) -> usize {
    step.script.statement(at).map_or(1, |statement| step.script.position(step.script.span(statement)).0)
}

fn problem(step: &Step<'_>, at: usize, online: &Online, reason: String) -> Error {
    let (src, span) = step.script.cite_statement(at);
    Error::Online(Box::new(OnlineError {
        name: step.migration.name(),
        tool: online.tool.name(),
        reason,
        lines: Vec::new(),
        leftovers: Vec::new(),
        stopped: false,
        line: line(step, at),
        applied: at,
        total: step.script.total(),
        src,
        span,
    }))
}

#[cfg(test)]
mod tests;
