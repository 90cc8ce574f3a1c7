//! The statement journal: which statement of which migration is in flight, so that a run that dies at any instant can be
//! taken up again where it stood.
//!
//! The server commits a definition at once, whatever the transaction. Before such a statement runs, one row is written that
//! names it and keeps what its objects looked like, and is committed together with all data changed since the last one: by the
//! statement itself, since the server commits what is open before it begins with a definition.
//! After a death the row tells how far the migration came, and [`settle`] compares the objects with the row: as before, the
//! statement did not run (definitions are atomic in MySQL 8.0 and MariaDB 10.6); different, it did. Data after it went with
//! its transaction. The row is deleted in the transaction that writes the history, so at most one of the two is there.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;

use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::history::HistoryRow;
use crate::script::Script;
use crate::script::effect::{Commit, Object};

/// The migration that was begun, and the statement of it that was last about to commit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InFlight {
    /// The script, as the history would name it.
    pub script: String,
    /// The statement, counted from 0. All before it ran and are committed.
    pub statement: usize,
    /// The [`Prefix`] of the statements before it.
    pub digest: String,
    /// Its text.
    pub sql: String,
    /// How its outcome can be told.
    pub commit: Commit,
    /// One definition for each object of `commit`, as it was before the statement.
    pub before: Vec<String>,
    /// SQL that gives the user variables the values that they had; empty: there are none.
    pub variables: String,
    /// The prepared statements by name.
    pub prepared: BTreeMap<String, String>,
    /// All objects that the migration has changed when it failed, with their definitions then.
    pub failed: Vec<(Object, String)>,
}

/// What an earlier run left.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Whether there is a journal at all.
    pub exists: bool,
    /// The unfinished migration, if there is one.
    pub in_flight: Option<InFlight>,
}

/// Whether the statement in flight ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// It is in force.
    Done,
    /// It is not.
    Again,
    /// Neither follows from what can be seen.
    Unknown,
}

/// What somebody decided about an unfinished migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The statement in flight is in force: go on after it.
    Done,
    /// It is not: go on with it.
    Again,
    /// Nothing of the migration is in force: begin with its first statement.
    Restart,
}

/// The definition that stands for an object that does not exist.
pub const ABSENT: &str = "";

/// Where the journal is kept.
pub trait Journal {
    /// Whether there is a journal, and what it says.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn journal(&mut self) -> impl Future<Output = Result<Found, Error>>;

    /// Makes room for the journal. Commits.
    ///
    /// # Errors
    /// When the server refuses.
    fn open_journal(&mut self) -> impl Future<Output = Result<(), Error>>;

    /// Writes the row in place of any other and leaves it to the statement that it names to commit it, with everything
    /// before, ere it does anything else.
    ///
    /// # Errors
    /// When it cannot be written.
    fn announce(&mut self, entry: &InFlight) -> impl Future<Output = Result<(), Error>>;

    /// Writes the row in place of any other and commits it with everything before.
    ///
    /// # Errors
    /// When it cannot be written.
    fn begin(&mut self, entry: &InFlight) -> impl Future<Output = Result<(), Error>>;

    /// Deletes the row, writes one of the history and commits both with everything before, in one transaction whatever a script
    /// did to the session.
    ///
    /// # Errors
    /// When the server refuses; nothing is committed then.
    fn finish(&mut self, row: &HistoryRow) -> impl Future<Output = Result<(), Error>>;

    /// Removes the journal altogether.
    ///
    /// # Errors
    /// When the server refuses.
    fn close_journal(&mut self) -> impl Future<Output = Result<(), Error>>;

    /// The definition of each object, [`ABSENT`] where there is none.
    ///
    /// # Errors
    /// When the connection is broken.
    fn definitions(&mut self, objects: &[Object]) -> impl Future<Output = Result<Vec<String>, Error>>;

    /// SQL that gives these user variables the values that they have now.
    ///
    /// # Errors
    /// When they cannot be read.
    fn variables(&mut self, names: &BTreeSet<String>) -> impl Future<Output = Result<String, Error>>;

    /// Prepares a statement under this name.
    ///
    /// # Errors
    /// When the server refuses.
    fn prepare(&mut self, name: &str, text: &str) -> impl Future<Output = Result<(), Error>>;

    /// The value of a literal or user variable, as text.
    ///
    /// # Errors
    /// When it cannot be read.
    fn value(&mut self, expression: &str) -> impl Future<Output = Result<Option<String>, Error>>;

    /// The body of a procedure, where we may see it.
    ///
    /// # Errors
    /// When the connection is broken.
    fn body(&mut self, procedure: &Object) -> impl Future<Output = Result<Option<String>, Error>>;
}

/// Identifies the beginning of a script by the texts of its statements, each of which is read once.
#[derive(Debug, Clone, Default)]
pub struct Prefix {
    hash: Sha256,
    count: usize,
}

impl Prefix {
    /// What identifies the first `count` statements, which may not become fewer from call to call. Of a script in parts, those
    /// that were not read yet must be in this part.
    pub fn up_to(&mut self, script: &Script<'_>, count: usize) -> String {
        let count = count.min(script.end());
        for statement in script.between(self.count..count) {
            let sql = script.sql(statement);
            self.hash.update((sql.len() as u64).to_le_bytes());
            self.hash.update(sql);
        }
        self.count = self.count.max(count);
        let hash = self.hash.clone().finalize();
        hash.iter().take(16).fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
    }
}

/// Whether the statement ran, from the definitions before it and those now.
pub fn settle(commit: &Commit, before: &[String], now: &[String]) -> Settled {
    // An object that was not there and is not there says nothing.
    let telling = || before.iter().zip(now).filter(|(before, now)| !(before.is_empty() && now.is_empty()));
    let changed = telling().filter(|(before, now)| before != now).count();
    match changed {
        0 if commit.invisible => Settled::Unknown,
        0 => Settled::Again,
        _ if changed == telling().count() => Settled::Done,
        _ if commit.idempotent => Settled::Again,
        _ => Settled::Unknown,
    }
}

/// Lines that only the first text has, after `-`, and those that only the second has, after `+`.
pub fn difference(before: &str, now: &str) -> String {
    let only = |sign: char, text: &str, other: &str| {
        let others: BTreeSet<&str> = other.lines().collect();
        let lines = text.lines().filter(|line| !line.is_empty() && !others.contains(line));
        lines.fold(String::new(), |list, line| list + &format!("{sign} {line}\n"))
    };
    only('-', before, now) + &only('+', now, before)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::effect::Effect;

    #[track_caller]
    fn check(sql: &str, before: &[&str], now: &[&str], expected: Settled) {
        let Effect::Commits(commit) = Effect::of(sql) else { panic!("{sql}") };
        let texts = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(settle(&commit, &texts(before), &texts(now)), expected, "{sql}");
    }

    #[test]
    fn a_definition_ran_if_its_object_changed() {
        check("CREATE TABLE t (i INT)", &[""], &[""], Settled::Again);
        check("CREATE TABLE t (i INT)", &[""], &["t"], Settled::Done);
        check("ALTER TABLE t ADD j INT", &["i"], &["i"], Settled::Again);
        check("ALTER TABLE t ADD j INT", &["i"], &["i j"], Settled::Done);
        check("ALTER TABLE t RENAME u", &["i", ""], &["", "i"], Settled::Done);
        check("DROP TABLE IF EXISTS t", &[""], &[""], Settled::Again);
    }

    #[test]
    fn half_a_list_is_finished_or_asked_about() {
        check("DROP TABLE IF EXISTS t, u", &["t", "u"], &["", "u"], Settled::Again);
        check("DROP TABLE t, u", &["t", "u"], &["", "u"], Settled::Unknown);
        check("DROP TABLE t, u", &["t", "u"], &["", ""], Settled::Done);
        check("DROP TABLE IF EXISTS t, u", &["t", ""], &["", ""], Settled::Done);
    }

    #[test]
    fn what_cannot_be_seen_is_not_guessed() {
        check("BEGIN NOT ATOMIC SELECT 1; END", &[], &[], Settled::Unknown);
        check("ALTER TABLE t EXCHANGE PARTITION p WITH TABLE u", &["t"], &["t"], Settled::Unknown);
        check("COMMIT", &[], &[], Settled::Again);
        let swap = "RENAME TABLE a TO x, b TO a, x TO b";
        let (a, b) = ("a", "b");
        check(swap, &[a, "", b, a, "", b], &[a, "", b, a, "", b], Settled::Unknown);
        check(swap, &[a, "", b, a, "", b], &[b, "", a, b, "", a], Settled::Done);
    }

    #[test]
    fn a_difference_shows_both_sides() {
        assert_eq!(difference("a\nb\nc", "a\nB\nc"), "- b\n+ B\n");
        assert_eq!(difference("", "a"), "+ a\n");
    }
}
