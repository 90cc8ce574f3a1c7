//! Executes the statements of one migration, with the journal beside them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use super::patience::names_the_bound;
use super::pieces::{Pieces, effects};
use super::{Patience, Run, failed};
use crate::callback::{self, Callback};
use crate::database::{Database, Event, Failure, Progress};
use crate::error::{Error, Unfinished};
use crate::history::abbreviate_script;
use crate::journal::{Decision, InFlight, Prefix, Settled, difference, settle};
use crate::plan::Step;
use crate::script::effect::{Commit, Effect, Object, may_commit, user_variables};
use crate::script::{LineCounter, Script, Statement};

/// What is known of the session that executes a migration.
#[derive(Debug, Default)]
struct Work {
    /// The user variables that were named so far.
    variables: BTreeSet<String>,
    /// Texts of prepared statements by name.
    prepared: BTreeMap<String, String>,
    /// Every statement commits at once.
    autocommit: bool,
    /// Some tables are locked, so the journal cannot be written.
    locked: bool,
    /// What was changed so far and committed.
    objects: BTreeSet<Object>,
    /// The statements that ran.
    prefix: Prefix,
    /// What the journal says.
    entry: Option<InFlight>,
    /// Something ran that is not committed.
    uncommitted: bool,
    /// The statement that was announced last, and commits that itself.
    announced: Option<usize>,
    /// What identifies the statements up to that of `entry` and with it, once the part of the script that holds it is gone.
    passed: Option<String>,
    /// How long to wait for tables.
    patience: Option<Patience>,
    /// When the migration was begun.
    started: Option<Instant>,
}

impl Work {
    /// The journal says this from now on.
    fn enter(&mut self, entry: InFlight) {
        (self.entry, self.passed) = (Some(entry), None);
    }

    /// Keeps what must be known of the statements of a part that is gone through.
    fn leave(&mut self, script: &Script<'_>) {
        let announced = self.entry.as_ref().filter(|entry| !entry.sql.is_empty());
        if let Some(next) = announced.map(|entry| entry.statement + 1)
            && self.passed.is_none()
            && next <= script.end()
        {
            self.passed = Some(self.prefix.up_to(script, next));
        }
        self.prefix.up_to(script, script.end());
    }

    /// The statement in flight is in force; nothing commits until the next one does.
    fn pass(&mut self, script: &Script<'_>) {
        let Some(entry) = &mut self.entry else { return };
        entry.statement += 1;
        entry.digest = self.passed.take().unwrap_or_else(|| self.prefix.up_to(script, entry.statement));
        (entry.sql, entry.commit, entry.before) = Default::default();
    }

    /// How many statements are in force once what is not committed was taken back, when `at` have run.
    fn in_force(&self, at: usize) -> usize {
        match &self.entry {
            _ if !self.uncommitted => at,
            Some(entry) => entry.statement + usize::from(!entry.sql.is_empty()),
            None => 0,
        }
    }
}

/// The events in a migration's transaction, and those after it failed.
struct Each {
    before: &'static str,
    before_statement: &'static str,
    after_statement: &'static str,
    after: &'static str,
    statement_error: &'static str,
    error: &'static str,
}

const MIGRATE: Each = Each {
    before: "beforeEachMigrate",
    before_statement: "beforeEachMigrateStatement",
    after_statement: "afterEachMigrateStatement",
    after: "afterEachMigrate",
    statement_error: "afterEachMigrateStatementError",
    error: "afterEachMigrateError",
};

const UNDO: Each = Each {
    before: "beforeEachUndo",
    before_statement: "beforeEachUndoStatement",
    after_statement: "afterEachUndoStatement",
    after: "afterEachUndo",
    statement_error: "afterEachUndoStatementError",
    error: "afterEachUndoError",
};

impl<'a, D: Database, P: Progress> Run<'a, D, P> {
    /// Executes what is left of a migration, between its callbacks, and leaves it to be recorded.
    pub(super) async fn execute(&mut self, step: &Step<'_>, started: Instant) -> Result<(), Error> {
        let Step { migration, script, .. } = step;
        let at_once = match migration.settings.execute_in_transaction {
            Some(in_transaction) => !in_transaction,
            None => self.options.commit_each_statement,
        };
        let mut commits = effects(script).map(|effect| !effect.is_part_of_transaction());
        if !self.journal_open && (at_once || commits.any(|commits| commits) || self.each_may_commit()) {
            // Creating it commits, so it is there before the first statement.
            self.database.open_journal().await?;
            self.journal_open = true;
        }
        let patience = self.options.patience.filter(|_| !names_the_bound(script));
        let mut work = Work { patience, started: Some(started), ..Work::default() };
        // Before the session is made what it was: the script may have set otherwise what they set.
        let events = self.events();
        self.each(events.before, step, 0, &mut work).await?;
        let mut first = 0;
        if let Some(entry) = self.in_flight.take() {
            let in_flight = entry.statement;
            let (next, at) = self.resume(step, entry, &mut work).await?;
            first = next;
            if first > in_flight {
                // What they would have written was lost with the session, since it commits with the next word in the journal.
                self.each(events.after_statement, &at, first, &mut work).await?;
            }
        }
        let mut pieces = Pieces::of(step, &self.options.plan)?;
        while let Some((piece, effects)) = pieces.next()? {
            self.execute_piece(&piece, &effects, first, at_once, &mut work).await?;
            if pieces.is_in_parts() {
                work.leave(&piece.script);
            }
        }
        self.each(events.after, step, script.total(), &mut work).await
    }

    /// Executes those of some statements that are not before `first`; `at_once`: and commits each.
    async fn execute_piece(
        &mut self,
        step: &Step<'_>,
        effects: &[Effect],
        first: usize,
        at_once: bool,
        work: &mut Work,
    ) -> Result<(), Error> {
        let Step { migration, script, .. } = step;
        let events = self.events();
        let mut lines = LineCounter::new(script.source().inner());
        for ((at, statement), effect) in script.numbered().zip(effects) {
            if at < first {
                continue;
            }
            if self.progress.stop() {
                // What is not committed is taken back with the lock; the journal says from where to go on.
                let (applied, total) = (work.in_force(at), script.total());
                return Err(Error::Stopped { name: migration.name(), applied, total });
            }
            let sql = script.sql(statement);
            let heard = self.callbacks.any(&[events.before_statement]);
            // With the word in the journal that is its announcement, unless somebody else is still to come.
            let mut patience = None;
            if !heard {
                patience = self.bound(sql, effect, work.patience).await?;
            }
            self.announce(step, at, effect, work).await?;
            self.each(events.before_statement, step, at, work).await?;
            if heard {
                patience = self.bound(sql, effect, work.patience).await?;
            }
            let line = script.lines_before() + lines.line(script.span(statement).offset());
            self.progress.event(Event::Statement { migration, number: at + 1, line, sql });
            let ran = match self.hand_over(step, at, effect, work.locked).await? {
                Some(result) => Ok(result),
                None => self.run_patiently(step, at, patience).await?,
            };
            if patience.is_some() {
                self.unbound();
            }
            match ran {
                Ok(result) => {
                    self.progress.event(Event::Executed { migration, line, result: &result });
                    if !result.found.is_empty() {
                        self.progress.event(Event::Found(&result.found));
                    }
                }
                Err(failure) => return Err(self.fail(step, statement, at, failure, work).await),
            }
            self.note(statement.touches_session, sql, effect, work).await?;
            self.note_done(step, at, work).await?;
            self.each(events.after_statement, step, at + 1, work).await?;
            if at_once && work.uncommitted {
                self.checkpoint(step, at + 1, work).await?;
            }
        }
        Ok(())
    }

    /// Keeps in mind what a statement that ran did to the session.
    async fn note(
        &mut self,
        touches_session: bool,
        sql: &str,
        effect: &Effect,
        work: &mut Work,
    ) -> Result<(), Error> {
        if touches_session {
            work.variables.extend(user_variables(sql));
        }
        match effect {
            Effect::Prepare { name, text } => {
                if let Some(text) = self.database.value(text).await? {
                    work.prepared.insert(name.clone(), text);
                }
            }
            Effect::Deallocate(name) => {
                work.prepared.remove(name);
            }
            Effect::LockTables => work.locked = true,
            Effect::UnlockTables => work.locked = false,
            Effect::Autocommit => work.autocommit = true,
            _ => {}
        }
        Ok(())
    }

    /// Records that a statement failed, and runs the callbacks for it.
    async fn fail(
        &mut self,
        step: &Step<'_>,
        statement: &Statement,
        at: usize,
        failure: Failure,
        work: &mut Work,
    ) -> Error {
        let lost = failure.connection_lost;
        // A second error must not hide the first.
        let recorded = !lost && self.record_failure(step, at, work).await.is_ok();
        if recorded {
            let events = self.events();
            for event in [events.statement_error, events.error] {
                let _ = callback::run(self.database, self.callbacks, event, self.progress).await;
            }
        }
        failed(step, statement, at, failure, recorded)
    }

    /// Writes the journal if the statement is about to commit.
    async fn announce(
        &mut self,
        step: &Step<'_>,
        at: usize,
        effect: &Effect,
        work: &mut Work,
    ) -> Result<(), Error> {
        let Some(statement) = step.script.statement(at) else { return Ok(()) };
        let sql = step.script.sql(statement);
        let commits_itself = !work.autocommit && effect.commits_first(sql);
        let Some((sql, commit)) = self.commit(sql, effect, work).await? else {
            work.uncommitted |= !matches!(effect, Effect::Session);
            return Ok(());
        };
        let before = self.database.definitions(&commit.objects).await?;
        let variables = self.database.variables(&work.variables).await?;
        work.objects.extend(commit.objects.iter().cloned());
        let entry = InFlight {
            script: abbreviate_script(&step.migration.script),
            statement: at,
            digest: work.prefix.up_to(&step.script, at),
            sql: sql.into_owned(),
            commit,
            before,
            variables,
            prepared: work.prepared.clone(),
            failed: Vec::new(),
        };
        if commits_itself {
            self.database.announce(&entry).await?;
            (work.uncommitted, work.announced) = (false, Some(at));
            work.enter(entry);
            return Ok(());
        }
        self.begin(entry, work).await
    }

    async fn begin(&mut self, entry: InFlight, work: &mut Work) -> Result<(), Error> {
        self.database.begin(&entry).await?;
        (work.uncommitted, work.announced) = (false, None);
        work.enter(entry);
        Ok(())
    }

    /// Commits everything before a statement, with a word in the journal that it is next.
    async fn checkpoint(&mut self, step: &Step<'_>, next: usize, work: &mut Work) -> Result<(), Error> {
        if work.locked {
            return Ok(());
        }
        let announced = work.entry.clone();
        if let Some(entry) = announced.filter(|entry| entry.statement == next && !entry.sql.is_empty()) {
            return self.begin(entry, work).await;
        }
        let entry = InFlight {
            script: abbreviate_script(&step.migration.script),
            statement: next,
            digest: work.prefix.up_to(&step.script, next),
            variables: self.database.variables(&work.variables).await?,
            prepared: work.prepared.clone(),
            ..InFlight::default()
        };
        self.begin(entry, work).await
    }

    /// Runs the callbacks of an event in the migration's transaction, before the statement that is `next`.
    async fn each(
        &mut self,
        event: &'static str,
        step: &Step<'_>,
        next: usize,
        work: &mut Work,
    ) -> Result<(), Error> {
        let callbacks = self.callbacks;
        for callback in callbacks.at(event) {
            self.progress.event(Event::Callback { event, migration: callback.migration });
            for (statement, effect) in callback.script.statements.iter().zip(&callback.effects) {
                // One that commits would part what the migration did so far from the word about it.
                if work.uncommitted && !effect.is_part_of_transaction() {
                    self.checkpoint(step, next, work).await?;
                }
                callback.execute(self.database, event, statement).await?;
                work.uncommitted |= *effect == Effect::Transactional;
            }
        }
        Ok(())
    }

    fn events(&self) -> &'static Each {
        if self.undo_kind.is_some() { &UNDO } else { &MIGRATE }
    }

    fn each_callbacks(&self) -> impl Iterator<Item = &'a Callback<'a>> + use<'a, D, P> {
        let callbacks = self.callbacks;
        let Each { before, before_statement, after_statement, after, .. } = self.events();
        [*before, before_statement, after_statement, after]
            .into_iter()
            .flat_map(move |event| callbacks.at(event))
    }

    fn each_may_commit(&self) -> bool {
        self.each_callbacks()
            .flat_map(|callback| &callback.effects)
            .any(|effect| !effect.is_part_of_transaction())
    }

    /// Whether the callbacks around each migration leave something in the session.
    pub(super) fn each_touches_session(&self) -> bool {
        self.each_callbacks().any(|callback| callback.script.touches_session())
    }

    /// What a statement commits, with the text that does it; `None`: nothing, or nothing that can be written down.
    async fn commit<'s>(
        &mut self,
        sql: &'s str,
        effect: &Effect,
        work: &Work,
    ) -> Result<Option<(Cow<'s, str>, Commit)>, Error> {
        let unknown = || Commit { invisible: true, ..Commit::default() };
        let commit = match effect {
            _ if work.locked => return Ok(None),
            Effect::Transactional if work.autocommit => unknown(),
            Effect::Transactional
            | Effect::Session
            | Effect::Temporary
            | Effect::Prepare { .. }
            | Effect::Deallocate(_) => return Ok(None),
            Effect::Commits(commit) => commit.clone(),
            Effect::Autocommit | Effect::UnlockTables => Commit { idempotent: true, ..Commit::default() },
            Effect::LockTables => unknown(),
            Effect::Call(procedure) => match self.database.body(procedure).await? {
                Some(body) if !may_commit(&body) && !work.autocommit => return Ok(None),
                _ => unknown(),
            },
            Effect::Execute(name) => {
                let Some(text) = work.prepared.get(name) else { return Ok(Some((sql.into(), unknown()))) };
                let commit = match Effect::of(text) {
                    Effect::Transactional if !work.autocommit => return Ok(None),
                    Effect::Session => return Ok(None),
                    Effect::Commits(commit) => commit,
                    _ => unknown(),
                };
                return Ok(Some((text.clone().into(), commit)));
            }
        };
        Ok(Some((sql.into(), commit)))
    }

    /// What cannot be seen afterwards is written down as soon as it is known.
    async fn note_done(&mut self, step: &Step<'_>, at: usize, work: &mut Work) -> Result<(), Error> {
        let Some(entry) = &mut work.entry else { return Ok(()) };
        if entry.statement != at || !entry.commit.invisible || work.locked {
            return Ok(());
        }
        entry.variables = self.database.variables(&work.variables).await?;
        entry.prepared.clone_from(&work.prepared);
        work.pass(&step.script);
        match &work.entry {
            Some(entry) => self.database.begin(entry).await,
            None => Ok(()),
        }
    }

    /// Makes the session what it was and tells with which statement to go on, with the part of the script around it.
    async fn resume<'s, 'm>(
        &mut self,
        step: &'s Step<'m>,
        entry: InFlight,
        work: &mut Work,
    ) -> Result<(usize, Cow<'s, Step<'m>>), Error>
    where
        'a: 's,
    {
        let at = entry.statement;
        let mut digest = work.prefix.up_to(&step.script, 0);
        if self.options.settle == Some(Decision::Restart) {
            // Written down, so that a death before the first commit is not taken for one of the run before.
            let script = entry.script;
            self.database.begin(&InFlight { script, digest, ..InFlight::default() }).await?;
            return Ok((0, Cow::Borrowed(step)));
        }
        let (mut here, mut has_temporary) = (Cow::Borrowed(step), false);
        let mut pieces = Pieces::of(step, &self.options.plan)?;
        while let Some((piece, effects)) = pieces.next()? {
            digest = work.prefix.up_to(&piece.script, at);
            let numbered = piece.script.numbered().zip(&effects);
            has_temporary |= numbered
                .take_while(|((number, _), _)| *number < at)
                .any(|(_, effect)| *effect == Effect::Temporary);
            let is_last = at < piece.script.end();
            here = piece;
            if is_last {
                break;
            }
        }
        if at > step.script.total() || digest != entry.digest {
            let reason = "the statements before it, which are in force, were edited since";
            return Err(unfinished(&here, &entry, reason, String::new()));
        }
        let decided = self.options.settle.is_some();
        if has_temporary && !decided {
            let reason = "a temporary table that it made died with its session";
            return Err(unfinished(&here, &entry, reason, String::new()));
        }
        self.restore_session(step, &here, &entry, work).await?;
        if !decided {
            self.compare_failure(&here, &entry).await?;
        }
        let now = self.database.definitions(&entry.commit.objects).await?;
        let settled = match self.options.settle {
            Some(Decision::Done) => Settled::Done,
            Some(_) => Settled::Again,
            None => settle(&entry.commit, &entry.before, &now),
        };
        let next = match settled {
            Settled::Done => at + 1,
            Settled::Again => at,
            Settled::Unknown => {
                let lines = difference(&entry.before.join("\n"), &now.join("\n"));
                let reason = "the database does not show whether this statement ran";
                return Err(unfinished(&here, &entry, reason, lines));
            }
        };
        self.progress.event(Event::Resumed { migration: step.migration, statement: at + 1, settled });
        work.enter(entry);
        Ok((next, here))
    }

    /// Repeats what earlier statements did to the session, with the values that variables had at the end. The statement in
    /// flight is in `here`.
    async fn restore_session(
        &mut self,
        step: &Step<'_>,
        here: &Step<'_>,
        entry: &InFlight,
        work: &mut Work,
    ) -> Result<(), Error> {
        let run = async |database: &mut D, step: &Step<'_>, at: usize, sql: &str| match (
            database.execute(sql).await,
            step.script.statement(at),
        ) {
            (Err(failure), Some(statement)) => Err(failed(step, statement, at, failure, false)),
            _ => Ok(()),
        };
        let has_variables = !entry.variables.is_empty();
        if has_variables {
            run(self.database, here, entry.statement, &entry.variables).await?;
        }
        let mut pieces = Pieces::of(step, &self.options.plan)?;
        'pieces: while let Some((piece, effects)) = pieces.next()? {
            for ((at, statement), effect) in piece.script.numbered().zip(&effects) {
                if at >= entry.statement {
                    break 'pieces;
                }
                let sql = piece.script.sql(statement);
                if statement.touches_session {
                    work.variables.extend(user_variables(sql));
                }
                match effect {
                    Effect::Session | Effect::Autocommit => run(self.database, &piece, at, sql).await?,
                    Effect::Commits(commit) => work.objects.extend(commit.objects.iter().cloned()),
                    _ => {}
                }
                work.autocommit |= *effect == Effect::Autocommit;
            }
        }
        work.objects.extend(entry.commit.objects.iter().cloned());
        for (name, text) in &entry.prepared {
            self.database.prepare(name, text).await?;
        }
        work.prepared.clone_from(&entry.prepared);
        if has_variables {
            run(self.database, here, entry.statement, &entry.variables).await?;
        }
        Ok(())
    }

    /// After a failure somebody may have taken back by hand what had run.
    async fn compare_failure(&mut self, step: &Step<'_>, entry: &InFlight) -> Result<(), Error> {
        let (objects, then): (Vec<Object>, Vec<String>) = entry.failed.iter().cloned().unzip();
        let now = self.database.definitions(&objects).await?;
        if now == then {
            return Ok(());
        }
        let lines = difference(&then.join("\n"), &now.join("\n"));
        Err(unfinished(step, entry, "what it had changed was changed by others since", lines))
    }

    /// The server has committed all DDL; the rest goes, and the history says that someone must look.
    async fn record_failure(&mut self, step: &Step<'_>, at: usize, work: &mut Work) -> Result<(), Error> {
        if work.announced == Some(at) {
            // What was to be committed by the statement, which the server could not even parse, is in force all the same.
            self.database.commit().await?;
        } else {
            self.database.rollback().await?;
        }
        if work.entry.as_ref().is_some_and(|entry| entry.statement < at && !entry.sql.is_empty()) {
            work.pass(&step.script);
        }
        if let Some(entry) = &mut work.entry {
            let objects: Vec<Object> = work.objects.iter().cloned().collect();
            let definitions = self.database.definitions(&objects).await?;
            entry.failed = objects.into_iter().zip(definitions).collect();
            self.database.begin(entry).await?;
        }
        let started = work.started.unwrap_or_else(Instant::now);
        let row = self.row(step.migration, started, false);
        self.database.append(&row).await
    }
}

fn unfinished(step: &Step<'_>, entry: &InFlight, reason: &'static str, difference: String) -> Error {
    let (src, span) = step.script.cite_statement(entry.statement);
    Error::Unfinished(Box::new(Unfinished {
        name: step.migration.name(),
        statement: entry.statement + 1,
        total: step.script.total(),
        reason,
        difference,
        src,
        span,
    }))
}

#[cfg(test)]
mod tests;
