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
    pub restart: Option<Option<i128>>,
}

/// How a sequence counts; none where a statement says nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counting {
    /// `AS`, the type of its values (MariaDB 11.5).
    pub value_type: Option<ValueType>,
    /// `START WITH`.
    pub start: Option<i128>,
    /// `MINVALUE`.
    pub minimum: Option<Bound>,
    /// `MAXVALUE`.
    pub maximum: Option<Bound>,
    /// `INCREMENT BY`; 0 stands for the server's `auto_increment_increment`.
    pub increment: Option<i64>,
    /// `CACHE`, how many values are reserved at once; `NOCACHE` is 0.
    pub cache: Option<i64>,
    /// `CYCLE` or `NOCYCLE`.
    pub cycle: Option<bool>,
}

/// The smallest or largest value of a sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// `NOMINVALUE` or `NOMAXVALUE`.
    No,
    /// A number. One of more than 38 digits is as large as can be.
    At(i128),
}

/// The type of a sequence's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValueType {
    /// Its bits: 8, 16, 24, 32 or 64.
    pub bits: u32,
    /// Whether there are no values below zero.
    pub unsigned: bool,
}

impl Default for ValueType {
    fn default() -> Self {
        Self { bits: 64, unsigned: false }
    }
}

impl ValueType {
    /// The largest number of the type.
    pub fn maximum(self) -> i128 {
        (1 << (self.bits - u32::from(!self.unsigned))) - 1
    }

    /// The smallest number of the type.
    pub fn minimum(self) -> i128 {
        if self.unsigned { 0 } else { -1 - self.maximum() }
    }

    /// The largest value that a sequence of the type has: one less than the type.
    pub fn largest(self) -> i128 {
        self.maximum() - 1
    }

    /// The smallest value that a sequence of the type has.
    pub fn smallest(self) -> i128 {
        self.minimum() + 1
    }
}

/// As in `tinyint unsigned`.
impl std::fmt::Display for ValueType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.bits {
            8 => "tinyint",
            16 => "smallint",
            24 => "mediumint",
            32 => "int",
            _ => "bigint",
        })?;
        if self.unsigned { f.write_str(" unsigned") } else { Ok(()) }
    }
}
