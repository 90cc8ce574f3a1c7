//! How a table is partitioned.

/// `PARTITION BY …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionBy {
    /// How rows are spread.
    pub method: PartitionMethod,
    /// `PARTITIONS n`, where no partition is defined by name.
    pub count: Option<u32>,
    /// `SUBPARTITION BY …`, and `SUBPARTITIONS n`.
    pub sub: Option<(PartitionMethod, Option<u32>)>,
    /// The partitions that have a definition.
    pub partitions: Vec<PartitionDef>,
}

/// `RANGE (…)`, `LIST COLUMNS (…)`, `LINEAR HASH (…)` and the like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionMethod {
    /// `range`, `list`, `hash`, `key` or `system_time`.
    pub kind: &'static str,
    /// `LINEAR`.
    pub linear: bool,
    /// What rows are spread by.
    pub by: PartitionKey,
}

/// What rows are spread by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartitionKey {
    /// An expression, its tokens as written.
    Expr(String),
    /// Columns.
    Columns(Vec<String>),
    /// What stands behind `SYSTEM_TIME`.
    Other(String),
}

/// A partition or subpartition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionDef {
    /// Its name.
    pub name: String,
    /// Which rows it holds.
    pub values: PartitionValues,
    /// Options with their values, names in lower case.
    pub options: Vec<(String, String)>,
    /// Its subpartitions, when they are named.
    pub sub: Vec<PartitionDef>,
}

/// Which rows a partition holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartitionValues {
    /// Those that the hash gives it.
    None,
    /// `LESS THAN (…)`; `MAXVALUE` is a value.
    LessThan(Vec<String>),
    /// `IN (…)`; a row of several columns is one value.
    In(Vec<String>),
    /// `CURRENT` and `HISTORY` of MariaDB's system versioning, `DEFAULT`.
    Word(&'static str),
}

/// A change of the list of partitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartitionChange {
    /// `ADD PARTITION (…)`.
    Add(Vec<PartitionDef>),
    /// `ADD PARTITION PARTITIONS n`.
    AddCount(u32),
    /// `COALESCE PARTITION n`.
    Coalesce(u32),
    /// `DROP PARTITION …`.
    Drop(Vec<String>),
    /// `REORGANIZE PARTITION … INTO (…)`.
    Reorganize(Vec<String>, Vec<PartitionDef>),
}
