//! A database in memory: the twin of the real one for tests of what builds on this crate.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::database::{Database, Executed, Failure, Holder, Standing, Waiting};
use crate::error::Error;
use crate::history::{DEFAULT_TABLE, HistoryRow, HistoryStore};
use crate::journal::{Found, InFlight, Journal};
use crate::predict::Known;
use crate::repair::RepairAction;
use crate::script::effect::{Effect, Object};
use crate::server::Server;

/// Remembers what was executed and recorded. Statements do nothing, and fail when [`MemoryDatabase::fail_on`] says so.
#[derive(Debug, Default)]
pub struct MemoryDatabase {
    /// The history; `None`: no table.
    pub history: Option<Vec<HistoryRow>>,
    /// Statements that were committed, and those that were not yet.
    pub executed: Vec<String>,
    /// Statements since the last commit.
    pub uncommitted: Vec<String>,
    /// Whether the schema has tables of its own.
    pub has_tables: bool,
    /// Schemas that are configured and do not exist.
    pub missing_schemas: Vec<String>,
    /// How often the lock is still held by somebody else when it is asked for.
    pub lock_busy: u64,
    /// Whether the lock is ours.
    pub locked: bool,
    /// How often the session was made new.
    pub resets: usize,
    /// Rows that another run writes while the session is reset.
    pub others: Vec<HistoryRow>,
    /// A statement that contains this fails like this, and so does a row of the history whose script does.
    pub fail_on: Option<(String, Failure)>,
    /// The journal's row as it is committed.
    pub journal: Option<InFlight>,
    /// The journal's row as the next commit makes it.
    pub announced: Option<InFlight>,
    /// Definitions by name of object; what is not here does not exist.
    pub definitions: BTreeMap<String, String>,
    /// Bodies of procedures by name.
    pub bodies: BTreeMap<String, String>,
    /// Values of user variables by name.
    pub values: BTreeMap<String, String>,
    /// The expressions that were asked for.
    pub asked: Vec<String>,
    /// What stands in the way.
    pub standing: Standing,
    /// What is known of tables.
    pub known: Known,
    /// How long was waited.
    pub pauses: Vec<Duration>,
    /// After how many pauses `fail_on` is forgotten.
    pub patience: usize,
}

impl HistoryStore for MemoryDatabase {
    async fn rows(&mut self, after_rank: i32) -> Result<Option<Vec<HistoryRow>>, Error> {
        let after = |rows: &Vec<HistoryRow>| {
            rows.iter().filter(|row| row.installed_rank > after_rank).cloned().collect()
        };
        Ok(self.history.as_ref().map(after))
    }

    async fn create(&mut self, rows: &[HistoryRow]) -> Result<(), Error> {
        self.history = Some(rows.to_vec());
        Ok(())
    }

    async fn append(&mut self, row: &HistoryRow) -> Result<(), Error> {
        if let Some((part, failure)) = &self.fail_on
            && row.script.contains(part.as_str())
        {
            let Failure { code, state, message, .. } = failure.clone();
            return Err(Error::Server { action: "write the history table", code, state, message });
        }
        self.executed.append(&mut self.uncommitted);
        self.history.get_or_insert_default().push(row.clone());
        Ok(())
    }

    async fn repair(&mut self, actions: &[RepairAction]) -> Result<(), Error> {
        let rows = self.history.get_or_insert_default();
        for action in actions {
            match action {
                RepairAction::Remove(row) => rows.retain(|other| other.installed_rank != row.installed_rank),
                RepairAction::MarkDeleted(row) => rows.push(row.clone()),
                RepairAction::Align { row, .. } => {
                    for other in rows.iter_mut().filter(|other| other.installed_rank == row.installed_rank) {
                        other.clone_from(row);
                    }
                }
            }
        }
        Ok(())
    }
}

impl Journal for MemoryDatabase {
    async fn journal(&mut self) -> Result<Found, Error> {
        Ok(Found { exists: self.journal.is_some(), in_flight: self.journal.clone() })
    }

    async fn open_journal(&mut self) -> Result<(), Error> {
        Ok(())
    }

    async fn announce(&mut self, entry: &InFlight) -> Result<(), Error> {
        self.announced = Some(entry.clone());
        Ok(())
    }

    async fn begin(&mut self, entry: &InFlight) -> Result<(), Error> {
        self.announced = None;
        self.executed.append(&mut self.uncommitted);
        self.journal = Some(entry.clone());
        Ok(())
    }

    async fn finish(&mut self, row: &HistoryRow) -> Result<(), Error> {
        self.append(row).await?;
        self.journal = None;
        Ok(())
    }

    async fn close_journal(&mut self) -> Result<(), Error> {
        self.journal = None;
        Ok(())
    }

    async fn definitions(&mut self, objects: &[Object]) -> Result<Vec<String>, Error> {
        let definition = |object: &Object| self.definitions.get(&object.name).cloned().unwrap_or_default();
        Ok(objects.iter().map(definition).collect())
    }

    async fn variables(&mut self, names: &BTreeSet<String>) -> Result<String, Error> {
        let known = names.iter().filter_map(|name| Some(format!("{name} = '{}'", self.values.get(name)?)));
        let list: Vec<String> = known.collect();
        Ok(if list.is_empty() { String::new() } else { format!("SET {}", list.join(", ")) })
    }

    async fn prepare(&mut self, name: &str, text: &str) -> Result<(), Error> {
        self.uncommitted.push(format!("PREPARE {name} FROM '{text}'"));
        Ok(())
    }

    async fn value(&mut self, expression: &str) -> Result<Option<String>, Error> {
        self.asked.push(expression.to_owned());
        Ok(self.values.get(expression).cloned())
    }

    async fn body(&mut self, procedure: &Object) -> Result<Option<String>, Error> {
        Ok(self.bodies.get(&procedure.name).cloned())
    }
}

impl Database for MemoryDatabase {
    fn schema(&self) -> &'static str {
        "memory"
    }

    fn table(&self) -> &'static str {
        DEFAULT_TABLE
    }

    fn user(&self) -> &'static str {
        "tester"
    }

    async fn lock(&mut self, waiting: &mut dyn FnMut(Waiting) -> bool) -> Result<(), Error> {
        let holder = Some(Holder { connection: 7, ..Holder::default() });
        for seconds in 0..self.lock_busy {
            if !waiting(Waiting { seconds, holder: holder.clone() }) {
                return Err(Error::LockTimeout { seconds, holder });
            }
        }
        self.lock_busy = 0;
        self.locked = true;
        Ok(())
    }

    async fn unlock(&mut self) -> Result<(), Error> {
        // As SET autocommit = 1 does.
        self.commit().await?;
        self.locked = false;
        Ok(())
    }

    async fn is_empty(&mut self) -> Result<bool, Error> {
        Ok(!self.has_tables)
    }

    async fn execute(&mut self, sql: &str) -> Result<Executed, Failure> {
        const NOT_PARSED: u16 = 1064;
        let failure = match &self.fail_on {
            Some((part, failure)) if sql.contains(part.as_str()) => Some(failure.clone()),
            _ => None,
        };
        let is_parsed = failure.as_ref().is_none_or(|failure| failure.code != NOT_PARSED);
        // A database in memory has no errors of its own.
        let commits = is_parsed && Effect::of(sql).commits_first(sql);
        if commits {
            let _ = self.commit().await;
        }
        if let Some(failure) = failure {
            return Err(failure);
        }
        self.uncommitted.push(sql.to_owned());
        if commits {
            let _ = self.commit().await;
        }
        Ok(Executed::default())
    }

    fn prepend(&mut self, sql: String) {
        self.uncommitted.push(sql);
    }

    async fn missing_schemas(&mut self) -> Result<Vec<String>, Error> {
        Ok(self.missing_schemas.clone())
    }

    async fn create_schemas(&mut self, schemas: &[String]) -> Result<(), Error> {
        self.missing_schemas.retain(|schema| !schemas.contains(schema));
        Ok(())
    }

    async fn commit(&mut self) -> Result<(), Error> {
        self.executed.append(&mut self.uncommitted);
        if let Some(entry) = self.announced.take() {
            self.journal = Some(entry);
        }
        Ok(())
    }

    async fn rollback(&mut self) -> Result<(), Error> {
        self.uncommitted.clear();
        self.announced = None;
        Ok(())
    }

    async fn standing(&mut self, _: &[Object]) -> Result<Standing, Error> {
        Ok(self.standing.clone())
    }

    async fn grounds(&mut self, tables: &BTreeSet<Object>) -> Result<(Server, Known), Error> {
        // As the real one, under the names that were asked for.
        let named = |wanted: &Object| {
            let (_, facts) = self.known.tables.iter().find(|(table, _)| table.name == wanted.name)?;
            Some((wanted.clone(), facts.clone()))
        };
        let tables = tables.iter().filter_map(named).collect();
        Ok((Server::parse("8.4.3"), Known { tables, ..self.known.clone() }))
    }

    async fn pause(&mut self, time: Duration) {
        self.pauses.push(time);
        if self.pauses.len() >= self.patience {
            self.fail_on = None;
        }
    }

    async fn reset(&mut self) -> Result<(), Error> {
        self.resets += 1;
        self.locked = false;
        self.history.get_or_insert_default().append(&mut self.others);
        Ok(())
    }
}

/// Drives a future that never waits for anything outside, as those of [`MemoryDatabase`].
///
/// `None`: it did wait.
pub fn run<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}
