//! Callbacks: scripts that run at an event and leave no row in the history.
//!
//! Their order is Flyway's: by description, and among equal ones by path.

use std::collections::BTreeMap;

use miette::SourceSpan;

use crate::database::{Database, Event, Executed, Failure, Progress};
use crate::error::{CallbackError, Error};
use crate::finding::Finding;
use crate::migration::{Migration, MigrationKind};
use crate::placeholder::Placeholders;
use crate::script::effect::Effect;
use crate::script::{Script, SplitOptions, Statement};

/// A callback with its statements.
#[derive(Debug, Clone)]
pub struct Callback<'m> {
    /// The file.
    pub migration: &'m Migration,
    /// Its statements.
    pub script: Script<'m>,
    /// What each of them leaves behind.
    pub(crate) effects: Vec<Effect>,
}

/// All callbacks by event.
#[derive(Debug, Clone, Default)]
pub struct Callbacks<'m> {
    by_event: BTreeMap<&'static str, Vec<Callback<'m>>>,
}

impl<'m> Callbacks<'m> {
    /// Those among these files, and what is wrong with their texts.
    pub fn of(
        migrations: &'m [Migration],
        placeholders: &Placeholders,
        split: &SplitOptions,
    ) -> (Self, Vec<Finding>) {
        let (mut callbacks, mut findings) = (Self::default(), Vec::new());
        for migration in migrations {
            let MigrationKind::Callback(event) = migration.kind else { continue };
            let (script, problems) = migration.script(placeholders, split);
            findings.extend(problems);
            let effects =
                script.statements.iter().map(|statement| Effect::of(script.sql(statement))).collect();
            callbacks.by_event.entry(event).or_default().push(Callback { migration, script, effects });
        }
        (callbacks, findings)
    }

    /// Those of an event, in order.
    pub fn at(&self, event: &str) -> &[Callback<'m>] {
        self.by_event.get(event).map_or(&[], Vec::as_slice)
    }

    /// Whether any of the events has one.
    pub(crate) fn any(&self, events: &[&str]) -> bool {
        events.iter().any(|event| !self.at(event).is_empty())
    }
}

impl Callback<'_> {
    /// Executes one statement.
    pub(crate) async fn execute<D: Database>(
        &self,
        database: &mut D,
        event: &'static str,
        statement: &Statement,
    ) -> Result<Executed, Error> {
        match database.execute(self.script.sql(statement)).await {
            Ok(result) => Ok(result),
            Err(failure) => Err(self.failed(event, statement, failure)),
        }
    }

    fn failed(&self, event: &'static str, statement: &Statement, failure: Failure) -> Error {
        let span: SourceSpan = self.script.span(statement);
        let (line, column) = self.script.position(span);
        let Failure { code, state, message, .. } = failure;
        let (script, src) = (self.migration.script.clone(), self.script.source().clone());
        Error::Callback(Box::new(CallbackError {
            script,
            event,
            code,
            state,
            message,
            line,
            column,
            src,
            span,
        }))
    }
}

/// Runs the callbacks of an event, each in a transaction of its own. Returns whether one may have left something in the session.
///
/// # Errors
/// [`Error::Callback`] at the first statement that the server refuses; what was not committed then is taken back.
pub async fn run<D: Database>(
    database: &mut D,
    callbacks: &Callbacks<'_>,
    event: &'static str,
    progress: &mut impl Progress,
) -> Result<bool, Error> {
    let mut touched = false;
    for callback in callbacks.at(event) {
        progress.event(Event::Callback { event, migration: callback.migration });
        let at_once = callback.migration.settings.execute_in_transaction == Some(false);
        for statement in &callback.script.statements {
            match callback.execute(database, event, statement).await {
                Ok(result) if result.found.is_empty() => {}
                Ok(result) => progress.event(Event::Found(&result.found)),
                Err(error) => {
                    // A second error must not hide the first.
                    let _ = database.rollback().await;
                    return Err(error);
                }
            }
            if at_once {
                database.commit().await?;
            }
        }
        database.commit().await?;
        touched |= callback.script.touches_session();
    }
    Ok(touched)
}

/// The events of a verb.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Events {
    before: &'static str,
    after: &'static str,
    error: &'static str,
    finish: Option<&'static str>,
}

impl Events {
    /// Those of a validation before migrations are applied, which is not the whole of the operation.
    pub(crate) const VALIDATE_FIRST: Self = Self { finish: None, ..Self::VALIDATE };
    /// `beforeInfo` and the others.
    pub const INFO: Self = Self {
        before: "beforeInfo",
        after: "afterInfo",
        error: "afterInfoError",
        finish: Some("afterInfoOperationFinish"),
    };
    /// `beforeValidate` and the others.
    pub const VALIDATE: Self = Self {
        before: "beforeValidate",
        after: "afterValidate",
        error: "afterValidateError",
        finish: Some("afterValidateOperationFinish"),
    };
    /// `beforeRepair` and the others.
    pub const REPAIR: Self = Self {
        before: "beforeRepair",
        after: "afterRepair",
        error: "afterRepairError",
        finish: Some("afterRepairOperationFinish"),
    };
    /// `beforeBaseline` and the others.
    pub const BASELINE: Self = Self {
        before: "beforeBaseline",
        after: "afterBaseline",
        error: "afterBaselineError",
        finish: Some("afterBaselineOperationFinish"),
    };
    /// `beforeClean` and the others.
    pub const CLEAN: Self = Self {
        before: "beforeClean",
        after: "afterClean",
        error: "afterCleanError",
        finish: Some("afterCleanOperationFinish"),
    };
    /// `beforeUndo` and the others.
    pub const UNDO: Self = Self {
        before: "beforeUndo",
        after: "afterUndo",
        error: "afterUndoError",
        finish: Some("afterUndoOperationFinish"),
    };
}

/// Works between the callbacks of a verb, beginning with `afterConnect`. A session that a callback has changed is made new
/// before the work, which may be under the lock.
///
/// # Errors
/// Those of `work`, after which the callbacks for an error run, and those of the callbacks.
pub async fn around<D: Database, P: Progress, T, E: From<Error>>(
    database: &mut D,
    callbacks: &Callbacks<'_>,
    events: Events,
    progress: &mut P,
    work: impl AsyncFnOnce(&mut D, &mut P) -> Result<T, E>,
) -> Result<T, E> {
    connected(database, callbacks, progress).await?;
    if run(database, callbacks, events.before, progress).await? {
        renew(database, callbacks, progress).await?;
    }
    let result = work(database, progress).await;
    let after = if result.is_ok() { events.after } else { events.error };
    let told = tell(database, callbacks, [after].into_iter().chain(events.finish), progress).await;
    let value = result?;
    told?;
    Ok(value)
}

/// Runs events outside the lock, each in a session that the one before has not changed.
pub(crate) async fn tell<D: Database>(
    database: &mut D,
    callbacks: &Callbacks<'_>,
    events: impl IntoIterator<Item = &'static str>,
    progress: &mut impl Progress,
) -> Result<(), Error> {
    for event in events {
        if run(database, callbacks, event, progress).await? {
            renew(database, callbacks, progress).await?;
        }
    }
    Ok(())
}

/// What a new session begins with. What it sets is meant to last.
pub(crate) async fn connected<D: Database>(
    database: &mut D,
    callbacks: &Callbacks<'_>,
    progress: &mut impl Progress,
) -> Result<(), Error> {
    run(database, callbacks, "afterConnect", progress).await.map(drop)
}

/// Makes the session new. The lock is lost.
pub(crate) async fn renew<D: Database>(
    database: &mut D,
    callbacks: &Callbacks<'_>,
    progress: &mut impl Progress,
) -> Result<(), Error> {
    database.reset().await?;
    connected(database, callbacks, progress).await
}

#[cfg(test)]
mod tests;
