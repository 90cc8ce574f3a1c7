//! What stops this crate's work.

use std::io;
use std::path::{Path, PathBuf};

use miette::{Diagnostic, SourceSpan};
use thiserror::Error as ThisError;

use crate::database::{Blocker, Holder};
use crate::finding::{Finding, Source};
use crate::preflight::Obstacle;
use crate::script::position_at;

/// Why something could not go on.
#[derive(Debug, ThisError, Diagnostic)]
#[non_exhaustive]
pub enum Error {
    /// A file or directory could not be read.
    #[error("cannot read `{}`: {source}", path.display())]
    #[diagnostic(code("migrate/io"))]
    Io {
        /// The path.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file that is not what it was when its checksum was computed.
    #[error("`{path}` was changed while it was read")]
    #[diagnostic(
        code("migrate/changed"),
        help("nothing was recorded; see that nobody writes the file, then run this again")
    )]
    Changed {
        /// The path.
        path: String,
    },
    /// A file could not be written.
    #[error("cannot write `{}`: {source}", path.display())]
    #[diagnostic(code("migrate/write"))]
    Write {
        /// The path.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A location that is no directory.
    #[error("there is no directory `{}`", path.display())]
    #[diagnostic(
        code("migrate/missing-location"),
        help("create it, or name the directory that holds the migrations")
    )]
    MissingLocation {
        /// The path.
        path: PathBuf,
    },
    /// Directories that do not end.
    #[error("`{}` lies more than {limit} directories deep", path.display())]
    #[diagnostic(
        code("migrate/too-deep"),
        help("look for a symbolic link that leads back to a directory above it")
    )]
    TooDeep {
        /// The path.
        path: PathBuf,
        /// The depth allowed.
        limit: usize,
    },
    /// Files, or files and history, that contradict each other.
    #[error("nothing was applied: {} must be fixed first", plural(findings.len(), "problem"))]
    #[diagnostic(code("migrate/invalid"))]
    Invalid {
        /// All of them.
        #[related]
        findings: Vec<Finding>,
    },
    /// A target that is in neither files nor history.
    #[error("there is no migration with the target version {version}")]
    #[diagnostic(
        code("migrate/missing-target"),
        help("name a version that exists, or add `?` to allow its absence")
    )]
    MissingTarget {
        /// The version.
        version: String,
    },
    /// A schema that does not exist and is not to be created.
    #[error("schema `{schema}` does not exist")]
    #[diagnostic(code("migrate/missing-schema"), help("create it, or let createSchemas do so"))]
    MissingSchema {
        /// Its name.
        schema: String,
    },
    /// Something to apply that does not exist.
    #[error("there is no migration `{pick}` to pick")]
    #[diagnostic(
        code("migrate/nothing-to-pick"),
        help("name versions, or descriptions of repeatable migrations, that have files")
    )]
    NothingToPick {
        /// As it was written.
        pick: String,
    },
    /// Tables that nobody put under migrations.
    #[error("schema `{schema}` is not empty and has no history table `{table}`")]
    #[diagnostic(
        code("migrate/non-empty-schema"),
        help(
            "if its present state is that of a known version V, record that: `--baseline-on-migrate --baseline-version V`"
        )
    )]
    NonEmptySchema {
        /// The schema.
        schema: String,
        /// The history table that is missing.
        table: String,
    },
    /// A baseline for a database that has a history.
    #[error("schema `{schema}` has a history already, so it cannot get a baseline")]
    #[diagnostic(code("migrate/baseline-exists"))]
    BaselineExists {
        /// The schema.
        schema: String,
    },
    /// A statement that the server refused.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Statement(Box<StatementError>),
    /// What a plan needs and the server does not give, found before anything ran.
    #[error("the server does not let these migrations run; nothing was run")]
    #[diagnostic(code("migrate/preflight"))]
    Preflight {
        /// Everything that is in the way.
        #[related]
        obstacles: Vec<Obstacle>,
    },
    /// The tables of a statement were not free in time.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Blocked(Box<Blocked>),
    /// A tool that was to change a table did not.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Online(Box<OnlineError>),
    /// The connection broke while a statement ran.
    #[error(transparent)]
    #[diagnostic(transparent)]
    ConnectionLost(Box<ConnectionLost>),
    /// A statement of a callback that the server refused.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Callback(Box<CallbackError>),
    /// A migration was begun, and how to go on is not clear.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Unfinished(Box<Unfinished>),
    /// A migration was begun whose file is not among those to apply.
    #[error(
        "`{script}` was begun and cut off at its statement {statement}, but it is not among the migrations to apply"
    )]
    #[diagnostic(
        code("migrate/unfinished-file"),
        help(
            "bring its file back or raise the target, so that it can be finished first; an undo script is finished by `infra migrate undo`"
        )
    )]
    UnfinishedFile {
        /// The script.
        script: String,
        /// The statement, counted from 1.
        statement: usize,
    },
    /// A journal that cannot be read.
    #[error("the journal of the migration in flight cannot be read: {reason}")]
    #[diagnostic(code("migrate/journal"), help("finish with the version that wrote it"))]
    Journal {
        /// What is wrong.
        reason: String,
    },
    /// Somebody asked to stop.
    #[error("stopped before statement {} of {total} of migration {name}", applied + 1)]
    #[diagnostic(
        code("migrate/stopped"),
        help("{}", if *applied == 0 { "nothing of it is in force" } else { "the statements before it are in force; the next run goes on with it" })
    )]
    Stopped {
        /// Version and description.
        name: String,
        /// Statements of this migration that are in force.
        applied: usize,
        /// Statements of this migration.
        total: usize,
    },
    /// The lock was not free in time.
    #[error("the migration lock was not free within {seconds} s{}", held_by(holder.as_ref()))]
    #[diagnostic(
        code("migrate/lock-timeout"),
        help("another run is at work on this schema; wait for it or end it")
    )]
    LockTimeout {
        /// How long was waited.
        seconds: u64,
        /// Who holds it, where the server tells.
        holder: Option<Holder>,
    },
    /// The server cannot be spoken to.
    #[error("cannot reach {address}: {reason}")]
    #[diagnostic(
        code("migrate/unreachable"),
        help("check host, port and network; the server may still be starting")
    )]
    Unreachable {
        /// Host and port, or socket.
        address: String,
        /// Why.
        reason: String,
    },
    /// The server does not let us in.
    #[error("{address} refused the connection: {message}")]
    #[diagnostic(code("migrate/refused"), help("server error {code}: check user, password and database"))]
    Refused {
        /// Host and port, or socket.
        address: String,
        /// The server's error number.
        code: u16,
        /// The server's message.
        message: String,
    },
    /// A secure connection could not be made.
    #[error("no secure connection to {address}: {reason}")]
    #[diagnostic(
        code("migrate/tls"),
        help(
            "name the authority with `tls-ca=FILE` in the URL and, where it is not the host's, the name that the certificate is for with `tls-name=NAME`; or, on a trusted network, use `tls=off`"
        )
    )]
    Tls {
        /// Host and port.
        address: String,
        /// Why.
        reason: String,
    },
    /// A query of our own failed.
    #[error("cannot {action}: {message}")]
    #[diagnostic(code("migrate/server"), help("server error {code}, SQL state {state}"))]
    Server {
        /// What was tried.
        action: &'static str,
        /// The server's error number, 0 if the connection broke.
        code: u16,
        /// The SQL state.
        state: String,
        /// The server's message.
        message: String,
    },
    /// A connection URL that cannot be understood.
    #[error("the connection URL is not valid: {reason}")]
    #[diagnostic(code("migrate/url"), help("write it as `mysql://user@host:3306/database`"))]
    Url {
        /// What is wrong, without secrets.
        reason: String,
    },
    /// A row that this version cannot read.
    #[error("row {rank} of the history table cannot be read: {reason}")]
    #[diagnostic(code("migrate/history-row"))]
    HistoryRow {
        /// Its rank.
        rank: i32,
        /// What is wrong.
        reason: String,
    },
    /// A version was not applied in time.
    #[error("version {version} was not applied within {seconds} s: {seen}")]
    #[diagnostic(code("migrate/wait-timeout"))]
    WaitTimeout {
        /// The version waited for.
        version: String,
        /// How long was waited.
        seconds: u64,
        /// What was seen last.
        seen: String,
    },
}

/// A statement that the server refused.
#[derive(Debug, ThisError, Diagnostic)]
#[error("migration {name} failed at line {line}, column {column}: {message}")]
#[diagnostic(
    code("migrate/statement-failed"),
    help(
        "server error {code}, SQL state {state}; {applied} of {total} statements had run, and {}",
        if *recorded { "the history shows the failure" } else { "the failure could not be recorded" }
    )
)]
pub struct StatementError {
    /// Version and description.
    pub name: String,
    /// The server's error number.
    pub code: u16,
    /// The SQL state.
    pub state: String,
    /// The server's message.
    pub message: String,
    /// 1-based.
    pub line: usize,
    /// 1-based, in characters.
    pub column: usize,
    /// Statements of this migration that ran before.
    pub applied: usize,
    /// Statements of this migration.
    pub total: usize,
    /// Whether the history has a row for the failure.
    pub recorded: bool,
    /// The script.
    #[source_code]
    pub src: Source,
    /// The statement, or the place in it that the server names.
    #[label("the server refused this")]
    pub span: SourceSpan,
}

/// A statement of a callback that the server refused.
#[derive(Debug, ThisError, Diagnostic)]
#[error("callback `{script}` failed at {event}, line {line}, column {column}: {message}")]
#[diagnostic(code("migrate/callback-failed"), help("server error {code}, SQL state {state}"))]
pub struct CallbackError {
    /// The script.
    pub script: String,
    /// The event.
    pub event: &'static str,
    /// The server's error number, 0 if the connection broke.
    pub code: u16,
    /// The SQL state.
    pub state: String,
    /// The server's message.
    pub message: String,
    /// 1-based.
    pub line: usize,
    /// 1-based, in characters.
    pub column: usize,
    /// The script.
    #[source_code]
    pub src: Source,
    /// The statement.
    #[label("the server refused this")]
    pub span: SourceSpan,
}

/// The tables of a statement were not free in time.
#[derive(Debug, ThisError, Diagnostic)]
#[error(
    "migration {name} waited {seconds} s for the tables of its statement {} of {total}, line {line}{}",
    applied + 1,
    named(blockers)
)]
#[diagnostic(
    code("migrate/blocked"),
    help(
        "the statement did not run; wait for whoever is in the way or end them, then apply again: it goes on with this statement{}",
        if *lost_work {
            ". It had worked long before it waited, so it was not tried again: see `--lock-wait-timeout`"
        } else {
            ". See `--lock-wait-total`"
        }
    )
)]
pub struct Blocked {
    /// Version and description.
    pub name: String,
    /// For how long it waited.
    pub seconds: u64,
    /// Who was in the way last, as far as the server tells.
    pub blockers: Vec<Blocker>,
    /// 1-based.
    pub line: usize,
    /// Statements of this migration that ran before.
    pub applied: usize,
    /// Statements of this migration.
    pub total: usize,
    /// It timed out at its end, and its work was lost.
    pub lost_work: bool,
    /// The script.
    #[source_code]
    pub src: Source,
    /// The statement.
    #[label("waited for its tables")]
    pub span: SourceSpan,
}

/// A tool that was to change a table did not.
#[derive(Debug, ThisError, Diagnostic)]
#[error("migration {name} stopped at line {line}: {tool} {reason}")]
#[diagnostic(
    code("migrate/online-failed"),
    help(
        "{applied} of {total} statements had run; the next run goes on with this one, which a run without `--online`, or with \
         a larger `--online-over`, gives to the server{}{}",
        listed("first drop what the tool left, in this order:", leftovers),
        listed("its last lines:", lines)
    )
)]
pub struct OnlineError {
    /// Version and description.
    pub name: String,
    /// The tool.
    pub tool: &'static str,
    /// What it did instead, or why it was not asked to.
    pub reason: String,
    /// The last lines that it printed.
    pub lines: Vec<String>,
    /// The statements that take away what it left.
    pub leftovers: Vec<String>,
    /// It was asked to stop.
    pub stopped: bool,
    /// 1-based.
    pub line: usize,
    /// Statements of this migration that ran before.
    pub applied: usize,
    /// Statements of this migration.
    pub total: usize,
    /// The script.
    #[source_code]
    pub src: Source,
    /// The statement.
    #[label("this was for the tool to do")]
    pub span: SourceSpan,
}

/// The connection broke while a statement ran.
#[derive(Debug, ThisError, Diagnostic)]
#[error("the connection was lost while migration {name} ran its statement {} of {total}, line {line}", applied + 1)]
#[diagnostic(
    code("migrate/connection-lost"),
    help(
        "the server may still be running the statement; the next run waits for it and goes on from there ({message})"
    )
)]
pub struct ConnectionLost {
    /// Version and description.
    pub name: String,
    /// What the connection says.
    pub message: String,
    /// 1-based.
    pub line: usize,
    /// Statements of this migration that ran before.
    pub applied: usize,
    /// Statements of this migration.
    pub total: usize,
    /// The script.
    #[source_code]
    pub src: Source,
    /// The statement.
    #[label("its outcome is not known")]
    pub span: SourceSpan,
}

/// A migration that was begun, and of which it cannot be told how far it came.
#[derive(Debug, ThisError, Diagnostic)]
#[error("migration {name} was cut off at statement {statement} of {total}, and {reason}")]
#[diagnostic(
    code("migrate/unfinished"),
    help(
        "look at the database, then say how to go on: `--settle done` if this statement is in force, `--settle again` if it is \
         not, `--settle restart` if nothing of this migration is{}{difference}",
        if difference.is_empty() { "" } else { "\n" }
    )
)]
pub struct Unfinished {
    /// Version and description.
    pub name: String,
    /// The statement in flight, counted from 1.
    pub statement: usize,
    /// Statements of this migration.
    pub total: usize,
    /// Why it is not clear.
    pub reason: &'static str,
    /// What differs from what was recorded, line by line.
    pub difference: String,
    /// The script.
    #[source_code]
    pub src: Source,
    /// The statement.
    #[label("in flight when the run died")]
    pub span: SourceSpan,
}

impl Error {
    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }

    pub(crate) fn changed(path: &str) -> Self {
        Self::Changed { path: path.to_owned() }
    }

    /// Whether the server could not be reached, refused us or did not answer in time.
    pub fn is_unreachable(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::Refused { .. }
                | Self::Tls { .. }
                | Self::Preflight { .. }
                | Self::LockTimeout { .. }
                | Self::WaitTimeout { .. }
        )
    }

    /// The 1-based line and column of the place in a script, if there is one.
    pub fn position(&self) -> Option<(usize, usize)> {
        match self {
            Self::Statement(error) => Some((error.line, error.column)),
            Self::Callback(error) => Some((error.line, error.column)),
            Self::Blocked(error) => Some(position_at(error.src.inner(), error.span.offset())),
            Self::Online(error) => Some(position_at(error.src.inner(), error.span.offset())),
            Self::ConnectionLost(error) => Some(position_at(error.src.inner(), error.span.offset())),
            Self::Unfinished(error) => Some(position_at(error.src.inner(), error.span.offset())),
            _ => None,
        }
    }
}

fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

fn named(blockers: &[Blocker]) -> String {
    blockers.iter().map(|blocker| format!("; {blocker}")).collect::<Vec<_>>().concat()
}

fn listed(heading: &str, lines: &[String]) -> String {
    if lines.is_empty() { String::new() } else { format!("\n{heading}\n  {}", lines.join("\n  ")) }
}

fn held_by(holder: Option<&Holder>) -> String {
    holder.map(|holder| format!("; {holder}")).unwrap_or_default()
}
