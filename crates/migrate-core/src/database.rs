//! The port to a database that migrations are applied to, and what happens on the way.

use std::collections::BTreeSet;
use std::fmt;
use std::future::Future;
use std::time::Duration;

use crate::error::Error;
use crate::history::HistoryStore;
use crate::journal::{Journal, Settled};
use crate::migration::Migration;
use crate::online::Advance;
use crate::predict::Known;
use crate::preflight::Obstacle;
use crate::script::effect::Object;
use crate::server::Server;

/// A database under migrations, through one connection.
pub trait Database: HistoryStore + Journal {
    /// The schema that is migrated.
    fn schema(&self) -> &str;

    /// The name of the history table.
    fn table(&self) -> &str;

    /// The account, as Flyway records it.
    fn user(&self) -> &str;

    /// Takes the server-wide lock, calling `waiting` now and then until it is free. When that returns false, waiting
    /// ends with [`Error::LockTimeout`].
    ///
    /// # Errors
    /// When it cannot be had.
    fn lock(&mut self, waiting: &mut dyn FnMut(Waiting) -> bool) -> impl Future<Output = Result<(), Error>>;

    /// Gives the lock back. A connection that broke has given it back already.
    ///
    /// # Errors
    /// When the server refuses.
    fn unlock(&mut self) -> impl Future<Output = Result<(), Error>>;

    /// Those of the configured schemas that do not exist.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    fn missing_schemas(&mut self) -> impl Future<Output = Result<Vec<String>, Error>>;

    /// Creates schemas and makes the default one current.
    ///
    /// # Errors
    /// When the server refuses.
    fn create_schemas(&mut self, schemas: &[String]) -> impl Future<Output = Result<(), Error>>;

    /// Whether the configured schemas have no table, view, routine or event.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    fn is_empty(&mut self) -> impl Future<Output = Result<bool, Error>>;

    /// Runs one statement outside autocommit and reads all that it returns.
    ///
    /// # Errors
    /// What the server says.
    fn execute(&mut self, sql: &str) -> impl Future<Output = Result<Executed, Failure>>;

    /// Runs a setting of the session before whatever statement is sent next, in one packet with it where it is one of ours. When the
    /// server refuses it, that is the error of what is sent.
    fn prepend(&mut self, sql: String);

    /// Commits what was executed.
    ///
    /// # Errors
    /// When the connection is broken.
    fn commit(&mut self) -> impl Future<Output = Result<(), Error>>;

    /// Takes back what was not committed.
    ///
    /// # Errors
    /// When the connection is broken.
    fn rollback(&mut self) -> impl Future<Output = Result<(), Error>>;

    /// Makes the session like new. The lock is lost.
    ///
    /// # Errors
    /// When the connection is broken.
    fn reset(&mut self) -> impl Future<Output = Result<(), Error>>;

    /// What the server lets us do, and who uses these tables now, as far as it tells.
    ///
    /// # Errors
    /// When the connection is broken.
    fn standing(&mut self, tables: &[Object]) -> impl Future<Output = Result<Standing, Error>>;

    /// What predictions about these tables rest on: the server, and what it tells of them.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    fn grounds(&mut self, tables: &BTreeSet<Object>) -> impl Future<Output = Result<(Server, Known), Error>>;

    /// Waits.
    fn pause(&mut self, time: Duration) -> impl Future<Output = ()>;
}

/// What stands for and against changes. What the server does not tell is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// The variables by which the server refuses changes: `read_only`, `super_read_only`, `innodb_read_only`.
    pub read_only: Vec<String>,
    /// What `SHOW GRANTS` answers. May hold hashes of passwords.
    pub grants: Vec<String>,
    /// Who is in the way.
    pub blockers: Vec<Blocker>,
    /// What is free on the disk that holds the data.
    pub free_bytes: Option<u64>,
    /// The server that this one follows.
    pub source: Option<Source>,
    /// How many replicas are known to follow this server.
    pub replicas: usize,
}

/// The server that a replica follows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Source {
    /// Its host.
    pub host: Option<String>,
    /// By how many seconds the replica is late; absent when it does not run.
    pub behind: Option<u64>,
}

/// Somebody whose transaction is in the way of a change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Blocker {
    /// Who it is.
    pub holder: Holder,
    /// The server says that it uses one of the tables; else it is a transaction that is open and may use them.
    pub certain: bool,
}

impl fmt::Display for Blocker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Holder { connection, account, seconds, statement } = &self.holder;
        write!(formatter, "connection {connection}")?;
        if let Some(account) = account {
            write!(formatter, " ({account})")?;
        }
        formatter.write_str(if self.certain {
            " uses it"
        } else {
            " has a transaction open that may use it"
        })?;
        if let Some(seconds) = seconds {
            write!(formatter, ", for {seconds} s")?;
        }
        match statement {
            Some(statement) => write!(formatter, ": {statement}"),
            None => Ok(()),
        }
    }
}

/// What a statement did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Executed {
    /// Rows changed.
    pub affected_rows: u64,
    /// The server's warnings.
    pub warnings: Vec<Warning>,
    /// What it found, where the session keeps that.
    pub found: Vec<ResultSet>,
}

/// The rows that a query found, as text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResultSet {
    /// The names of its columns as the query gives them.
    pub columns: Vec<String>,
    /// The names that they have in their tables, where they have any.
    pub origins: Vec<String>,
    /// The rows; `None` is `NULL`.
    pub rows: Vec<Vec<Option<String>>>,
    /// How many more there were than are held.
    pub left_out: usize,
}

/// A warning or note of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// `Warning`, `Note` or `Error`.
    pub level: String,
    /// The server's number.
    pub code: u16,
    /// The server's message.
    pub message: String,
}

/// Why a statement failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The server's error number, 0 if the connection broke.
    pub code: u16,
    /// The SQL state.
    pub state: String,
    /// The server's message.
    pub message: String,
    /// The connection broke: whether the statement ran is not known.
    pub connection_lost: bool,
}

/// The lock is not free yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// How long was waited so far.
    pub seconds: u64,
    /// Who holds it, where the server tells.
    pub holder: Option<Holder>,
}

/// Who holds the lock.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holder {
    /// Its connection.
    pub connection: u64,
    /// Its account and host, if we may see them.
    pub account: Option<String>,
    /// For how many seconds it has been in its present state.
    pub seconds: Option<u64>,
    /// What it is running.
    pub statement: Option<String>,
}

impl fmt::Display for Holder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "connection {} holds it", self.connection)?;
        if let Some(account) = &self.account {
            write!(formatter, ", {account}")?;
        }
        if let Some(seconds) = self.seconds {
            write!(formatter, ", for {seconds} s in its present state")?;
        }
        match &self.statement {
            Some(statement) => write!(formatter, ": {statement}"),
            None => Ok(()),
        }
    }
}

/// Something that happened while migrations were applied.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// Another run holds the lock.
    Waiting(&'a Waiting),
    /// The history table was created.
    HistoryCreated,
    /// These migrations will run, in this order.
    Planned(&'a [&'a Migration]),
    /// A migration begins.
    Started {
        /// The migration.
        migration: &'a Migration,
        /// How many statements it has.
        statements: usize,
        /// A later version was applied before.
        out_of_order: bool,
    },
    /// A migration that was cut off is taken up again.
    Resumed {
        /// The migration.
        migration: &'a Migration,
        /// The statement that was in flight, counted from 1.
        statement: usize,
        /// Whether it had run.
        settled: Settled,
    },
    /// A statement is about to run.
    Statement {
        /// The migration.
        migration: &'a Migration,
        /// Counted from 1.
        number: usize,
        /// Its line in the file.
        line: usize,
        /// Its text.
        sql: &'a str,
    },
    /// Something that may become a hindrance was found before anything runs.
    Obstacle(&'a Obstacle),
    /// A statement waits for tables that others use, and will be tried again.
    Blocked {
        /// The migration.
        migration: &'a Migration,
        /// Its line in the file.
        line: usize,
        /// For how many seconds it has waited.
        seconds: u64,
        /// Who is in the way, as far as the server tells.
        blockers: &'a [Blocker],
    },
    /// A tool changes a table instead of the server.
    Online {
        /// The migration.
        migration: &'a Migration,
        /// The statement's line in the file.
        line: usize,
        /// The tool's name.
        tool: &'static str,
        /// The table's name.
        table: &'a str,
        /// How far it is; absent when it begins.
        advance: Option<&'a Advance>,
    },
    /// A statement ran.
    Executed {
        /// The migration.
        migration: &'a Migration,
        /// Its line in the file.
        line: usize,
        /// What it did.
        result: &'a Executed,
    },
    /// Queries in a statement found something.
    Found(&'a [ResultSet]),
    /// A migration is applied and recorded.
    Applied {
        /// The migration.
        migration: &'a Migration,
        /// How long it took.
        milliseconds: i32,
    },
    /// A callback begins.
    Callback {
        /// The event.
        event: &'static str,
        /// The file.
        migration: &'a Migration,
    },
    /// The history changed while the lock was handed over; the plan is made again.
    Replanned,
}

/// Somebody who watches, and who may ask to stop.
pub trait Progress {
    /// Called for each event, in order.
    fn event(&mut self, event: Event<'_>);

    /// Whether to stop before the next statement.
    fn stop(&self) -> bool {
        false
    }
}

/// Somebody known only at run time, so that the work is compiled once for all who watch it.
impl<P: Progress + ?Sized> Progress for &mut P {
    fn event(&mut self, event: Event<'_>) {
        (**self).event(event);
    }

    fn stop(&self) -> bool {
        (**self).stop()
    }
}

/// Nobody watches.
impl Progress for () {
    fn event(&mut self, _: Event<'_>) {}
}
