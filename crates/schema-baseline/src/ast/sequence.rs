//! Sequences of MariaDB.

use super::{ObjectName, TableOption};

/// `CREATE SEQUENCE`.
#[derive(Debug, Clone)]
pub struct CreateSequence {
    /// The sequence.
    pub name: ObjectName,
    /// Whether only this session sees it.
    pub temporary: bool,
    /// Whether an existing one, or a table of that name, is replaced.
    pub or_replace: bool,
    /// Whether an existing one is left alone.
    pub if_not_exists: bool,
    /// How it counts, as far as the statement says.
    pub counting: Counting,
    /// Options behind that, as a table has them.
    pub options: Vec<TableOption>,
}

/// `ALTER SEQUENCE`.
#[derive(Debug, Clone)]
pub struct AlterSequence {
    /// The sequence.
    pub name: ObjectName,
    /// Whether a missing one is no error.
    pub if_exists: bool,
    /// What changes.
    pub counting: Counting,
    /// `RESTART`: the value that it gives next, or none for its first one.
    pub restart: Option<Option<i64>>,
}

/// How a sequence counts; none where a statement says nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counting {
    /// `START WITH`.
    pub start: Option<i64>,
    /// `MINVALUE`; `NOMINVALUE` is 1, whichever way the sequence goes.
    pub minimum: Option<i64>,
    /// `MAXVALUE`; `NOMAXVALUE` is the largest that there can be.
    pub maximum: Option<i64>,
    /// `INCREMENT BY`; 0 stands for the server's `auto_increment_increment`.
    pub increment: Option<i64>,
    /// `CACHE`, how many values are reserved at once; `NOCACHE` is 0.
    pub cache: Option<i64>,
    /// `CYCLE` or `NOCYCLE`.
    pub cycle: Option<bool>,
}

impl Counting {
    /// The largest value that a sequence can end with.
    pub const LARGEST: i64 = i64::MAX - 1;
    /// The smallest one.
    pub const SMALLEST: i64 = i64::MIN + 1;
}
