//! What a statement will cost: how the server carries it out, whom it keeps waiting meanwhile, which tables it touches.
//!
//! The rules are those of the manuals ("Online DDL Operations" of MySQL, "`InnoDB` Online DDL" of MariaDB) and of
//! experiments with both servers. What depends on something that is not known is taken at its worst, and a note says so;
//! a statement that is not understood is [`Algorithm::Unknown`], never cheap.

mod alter;
mod column;
mod facts;
mod partition;
mod target;

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::lint::statement::Statement;
use crate::plan::Step;
use crate::script::effect::Object;
use crate::server::{Dialect, Server};

pub use facts::{ColumnFacts, Known, Size, Specials, TableFacts};
pub(crate) use target::{awaits, tables};

/// How a server carries a statement out, from the cheapest to the dearest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// Nothing lasting changes.
    Session,
    /// Rows change, in the transaction.
    Data,
    /// Definitions change, and no existing row is looked at.
    Metadata,
    /// `ALGORITHM=INSTANT`.
    Instant,
    /// `ALGORITHM=INPLACE` without a rebuild, which MariaDB calls `NOCOPY`.
    InPlace,
    /// `ALGORITHM=INPLACE`, and the whole table is written anew.
    Rebuild,
    /// `ALGORITHM=COPY`: the whole table is written anew, row by row.
    Copy,
    /// It cannot be told.
    Unknown,
}

impl Algorithm {
    /// The SQL word where there is one.
    pub fn name(self, dialect: Dialect) -> &'static str {
        match (self, dialect) {
            (Self::Session, _) => "session",
            (Self::Data, _) => "data",
            (Self::Metadata, _) => "metadata",
            (Self::Instant, _) => "INSTANT",
            (Self::InPlace, Dialect::MariaDb) => "NOCOPY",
            (Self::InPlace | Self::Rebuild, _) => "INPLACE",
            (Self::Copy, _) => "COPY",
            (Self::Unknown, _) => "unknown",
        }
    }

    /// Whether the whole table is written anew.
    pub fn rebuilds(self) -> bool {
        matches!(self, Self::Rebuild | Self::Copy)
    }
}

/// Whom a statement keeps waiting while it works. At its beginning and end every change of a definition waits until no
/// transaction uses the table, and everybody else waits behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lock {
    /// Nobody.
    None,
    /// Who changes the rows that it changes.
    Rows,
    /// Who writes.
    Shared,
    /// Everybody.
    Exclusive,
    /// It cannot be told.
    Unknown,
}

impl Lock {
    /// The SQL word where there is one.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::Rows => "rows",
            Self::Shared => "SHARED",
            Self::Exclusive => "EXCLUSIVE",
            Self::Unknown => "unknown",
        }
    }
}

/// What a statement will cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prediction {
    /// How.
    pub algorithm: Algorithm,
    /// Whom it keeps waiting.
    pub lock: Lock,
    /// The tables that it changes or locks, in the order of the text.
    pub tables: Vec<Object>,
    /// What to look out for.
    pub notes: Vec<Cow<'static, str>>,
}

impl Prediction {
    fn new(algorithm: Algorithm, lock: Lock) -> Self {
        Self { algorithm, lock, tables: Vec::new(), notes: Vec::new() }
    }

    fn note(mut self, note: &'static str) -> Self {
        self.add_note(note);
        self
    }

    fn note_if(self, holds: bool, note: &'static str) -> Self {
        if holds { self.note(note) } else { self }
    }

    fn add_note(&mut self, note: impl Into<Cow<'static, str>>) {
        let note = note.into();
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// Both in one statement.
    fn and(mut self, other: Self) -> Self {
        self.algorithm = self.algorithm.max(other.algorithm);
        self.lock = self.lock.max(other.lock);
        other.notes.into_iter().for_each(|note| self.add_note(note));
        self
    }

    fn unknown() -> Self {
        Self::new(Algorithm::Unknown, Lock::Unknown)
    }

    fn metadata() -> Self {
        Self::new(Algorithm::Metadata, Lock::None)
    }
}

/// Predicts one statement.
pub fn predict(sql: &str, server: &Server, known: &Known) -> Prediction {
    let statement = Statement::on(server, sql);
    let tables = tables(&statement);
    let facts = tables.first().and_then(|table| known.tables.get(table));
    let unknown = TableFacts::default();
    let view = View { statement: &statement, server, facts: facts.unwrap_or(&unknown), known };
    let mut prediction = view.predict();
    let depends = matches!(prediction.algorithm, Algorithm::InPlace | Algorithm::Rebuild | Algorithm::Copy);
    if depends && facts.is_none() && !tables.is_empty() {
        prediction.add_note("nothing is known of this table, so the worst is assumed");
    }
    if facts.is_some_and(|facts| facts.is_new) && depends {
        prediction.add_note("this plan creates the table, so it is empty or small");
    }
    prediction.tables = tables;
    prediction
}

/// The tables of a statement.
pub fn tables_in(sql: &str, server: &Server) -> Vec<Object> {
    tables(&Statement::on(server, sql))
}

/// The tables of all statements of a plan.
pub fn tables_of(steps: &[Step<'_>], server: &Server) -> BTreeSet<Object> {
    let statements = steps.iter().flat_map(|step| {
        step.script.statements.iter().map(|statement| Statement::on(server, step.script.sql(statement)))
    });
    statements.flat_map(|statement| tables(&statement)).collect()
}

/// Predicts every statement of a plan in order, each with what those before it leave of the knowledge.
pub fn predict_all(steps: &[Step<'_>], server: &Server, mut known: Known) -> Vec<Vec<Prediction>> {
    let checks = known.foreign_key_checks;
    let mut predictions = Vec::new();
    for step in steps {
        // Each migration begins in a session that is like new.
        known.foreign_key_checks = checks;
        let of_statement = |statement| {
            let sql = step.script.sql(statement);
            let prediction = predict(sql, server, &known);
            known.after(server, sql);
            prediction
        };
        predictions.push(step.script.statements.iter().map(of_statement).collect());
    }
    predictions
}

/// A statement and what it meets.
struct View<'a> {
    statement: &'a Statement<'a>,
    server: &'a Server,
    facts: &'a TableFacts,
    known: &'a Known,
}

impl View<'_> {
    /// What differs between the servers.
    fn by_dialect<T>(&self, mysql: T, mariadb: T) -> T {
        match self.server.dialect {
            Dialect::MySql => mysql,
            Dialect::MariaDb => mariadb,
        }
    }

    /// From version 11.2 MariaDB lets others write while it copies.
    fn copy(&self) -> Prediction {
        let online = self.server.is_mariadb(11, 2);
        Prediction::new(Algorithm::Copy, if online { Lock::None } else { Lock::Shared })
            .note_if(online, "others wait if foreign keys with CASCADE or SET NULL are involved")
    }

    fn predict(&self) -> Prediction {
        let statement = self.statement;
        let is = |words: &[&str]| statement.is_any(0, words);
        let nothing = || Prediction::new(Algorithm::Session, Lock::None);
        let dropping = || Prediction::new(Algorithm::Metadata, Lock::Exclusive);
        match statement.at(0).to_ascii_uppercase().as_str() {
            "ALTER" | "CREATE" | "DROP" => self.definition(),
            "RENAME" if is(&["RENAME TABLE", "RENAME TABLES"]) => Prediction::metadata(),
            "TRUNCATE" => dropping().note("all rows are gone at once, and no rollback brings them back"),
            "OPTIMIZE" => self.rebuild().note("OPTIMIZE rebuilds InnoDB tables"),
            "ANALYZE" | "CHECK" => Prediction::new(Algorithm::Metadata, Lock::None),
            "REPAIR" => Prediction::new(Algorithm::Metadata, Lock::Exclusive),
            "INSERT" | "REPLACE" | "UPDATE" | "DELETE" | "LOAD" | "WITH" => self.data(),
            "SET" if is(&["SET GLOBAL", "SET PERSIST", "SET PERSIST_ONLY", "SET PASSWORD"]) => {
                Prediction::metadata().note("this changes the server, not only the session")
            }
            "SELECT" | "VALUES" | "TABLE" | "SHOW" | "DESCRIBE" | "DESC" | "EXPLAIN" | "USE" | "DO"
            | "HELP" | "SET" | "START" | "BEGIN" | "COMMIT" | "ROLLBACK" | "SAVEPOINT" | "RELEASE"
            | "DEALLOCATE" | "UNLOCK" | "(" | "SIGNAL" | "GET" => {
                if is(&["BEGIN NOT ATOMIC"]) {
                    Prediction::unknown().note("a block of statements: what it does is not looked at")
                } else {
                    let locks =
                        statement.is_any(statement.len().saturating_sub(2), &["FOR UPDATE", "FOR SHARE"]);
                    let mut prediction = nothing();
                    if locks {
                        prediction.lock = Lock::Rows;
                    }
                    prediction
                }
            }
            "LOCK" => Prediction::new(
                Algorithm::Session,
                if statement.find(0..statement.len(), "WRITE").is_some() {
                    Lock::Exclusive
                } else {
                    Lock::Shared
                },
            )
            .note("the tables stay locked until UNLOCK TABLES"),
            "GRANT" | "REVOKE" => Prediction::metadata(),
            "FLUSH" if is(&["FLUSH TABLES", "FLUSH TABLE"]) => {
                Prediction::new(Algorithm::Session, Lock::Exclusive)
            }
            "FLUSH" => nothing(),
            "CALL" | "EXECUTE" | "PREPARE" => {
                Prediction::unknown().note("what it runs is not known before it runs")
            }
            _ => Prediction::unknown().note("this statement is not understood"),
        }
    }

    /// `CREATE`, `ALTER` and `DROP`.
    fn definition(&self) -> Prediction {
        let statement = self.statement;
        if let Some((_, clauses)) = crate::lint::table::alter(statement) {
            return self.alter(&clauses);
        }
        if let Some(index) = target::index(statement) {
            return self.index(index);
        }
        let (create, drop) = (statement.is(0, "CREATE"), statement.is(0, "DROP"));
        let Some(kind) = target::kind(statement) else {
            return Prediction::unknown().note("this statement is not understood");
        };
        match kind {
            "TABLE" if create => {
                let selects = statement.find(1..statement.len(), "SELECT").is_some();
                let replaces = statement.is(0, "CREATE OR REPLACE");
                Prediction::new(Algorithm::Metadata, if replaces { Lock::Exclusive } else { Lock::None })
                    .note_if(replaces, "a table of that name, and its rows, are dropped first")
                    .note_if(selects, "it copies the rows that the query gives, and locks them")
            }
            "TABLE" | "TABLES" if drop => Prediction::new(Algorithm::Metadata, Lock::Exclusive)
                .note("the rows are gone at once, and no rollback brings them back"),
            "DATABASE" | "SCHEMA" if drop => {
                Prediction::new(Algorithm::Metadata, Lock::Exclusive).note("everything in it is gone at once")
            }
            "PACKAGE" | "TABLESPACE" | "UNDO" | "LOGFILE" | "INSTANCE" => {
                Prediction::unknown().note("what it does to tables is not looked at")
            }
            _ => Prediction::metadata(),
        }
    }

    /// `INSERT`, `UPDATE` and the others.
    fn data(&self) -> Prediction {
        let statement = self.statement;
        let has = |word: &str| statement.find(0..statement.len(), word).is_some();
        let changes = statement.is_any(0, &["UPDATE", "DELETE"]);
        if statement.is(0, "WITH") && !["UPDATE", "DELETE", "INSERT", "REPLACE"].iter().any(|word| has(word))
        {
            return Prediction::new(Algorithm::Session, Lock::None);
        }
        let engine = self.facts.engine.as_deref();
        let transactional = engine.is_none_or(|engine| engine.eq_ignore_ascii_case("InnoDB"));
        let lock = if transactional { Lock::Rows } else { Lock::Shared };
        Prediction::new(Algorithm::Data, lock)
            .note_if(
                changes && !has("WHERE") && !has("LIMIT"),
                "without WHERE it locks and changes every row",
            )
            .note_if(
                statement.is_any(0, &["INSERT", "REPLACE"]) && has("SELECT"),
                "the rows that its SELECT reads stay locked against changes until it commits",
            )
            .note_if(
                !transactional,
                "the table's engine has no transactions: what fails midway stays half done",
            )
    }

    /// The whole table is written anew.
    fn rebuild(&self) -> Prediction {
        self.settle(Prediction::new(Algorithm::Rebuild, Lock::None))
    }

    /// What indexes and engine of the table make of an algorithm.
    fn settle(&self, mut prediction: Prediction) -> Prediction {
        let engine = self.facts.engine.as_deref().filter(|engine| !engine.eq_ignore_ascii_case("InnoDB"));
        if let (Some(engine), true) = (engine, prediction.algorithm >= Algorithm::InPlace) {
            let mut copied = Prediction::new(Algorithm::Copy, Lock::Shared).and(prediction);
            copied.add_note(format!("the engine {engine} copies"));
            return copied;
        }
        let specials = self.facts.specials();
        if prediction.algorithm == Algorithm::Rebuild && (specials.fulltext || specials.spatial) {
            let known = self.facts.specials.is_some();
            prediction = prediction.note(match (specials.fulltext, known) {
                (true, true) => "a table with a FULLTEXT index is not rebuilt while others write",
                (false, true) => "a table with a SPATIAL index is not rebuilt while others write",
                (_, false) => "depends on whether the table has FULLTEXT or SPATIAL indexes",
            });
            if specials.fulltext {
                prediction.algorithm = self.by_dialect(Algorithm::Copy, Algorithm::Rebuild);
            }
            prediction.lock = prediction.lock.max(Lock::Shared);
        }
        prediction
    }
}

#[cfg(test)]
mod tests;
