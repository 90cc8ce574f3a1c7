//! Tables as statements define and change them.

use super::{Cosmetic, Expr, Ident, ObjectName, Reference};
use crate::place::Span;

/// `CREATE TABLE … (…)`.
#[derive(Debug, Clone)]
pub struct CreateTable {
    /// The table.
    pub name: ObjectName,
    /// Whether only this session sees it.
    pub temporary: bool,
    /// Whether an existing table is replaced (MariaDB).
    pub or_replace: bool,
    /// Whether an existing table is left alone.
    pub if_not_exists: bool,
    /// Columns, keys and constraints, in the order written.
    pub elements: Vec<(TableElement, Span)>,
    /// Options behind the closing parenthesis.
    pub options: Vec<TableOption>,
    /// `PARTITION BY …`.
    pub partition: Option<Expr>,
    /// The query whose columns and rows it begins with.
    pub query: Option<TableQuery>,
}

/// The query of `CREATE TABLE … SELECT`.
#[derive(Debug, Clone)]
pub struct TableQuery {
    /// The tables that it reads.
    pub uses: Vec<Reference>,
    /// The query.
    pub span: Span,
}

/// What stands between the parentheses of `CREATE TABLE`.
#[derive(Debug, Clone)]
pub enum TableElement {
    /// A column.
    Column(Box<ColumnDef>),
    /// A key.
    Key(KeyDef),
    /// A foreign key.
    ForeignKey(ForeignKeyDef),
    /// A check constraint.
    Check(CheckDef),
    /// `PERIOD FOR …` (MariaDB).
    Period(PeriodDef),
}

/// `PERIOD FOR name (start, end)`: of system versioning, whose name is `SYSTEM_TIME`, or of the application (MariaDB).
#[derive(Debug, Clone)]
pub struct PeriodDef {
    /// Its name.
    pub name: Ident,
    /// The column that says since when a row holds.
    pub start: Ident,
    /// The column that says until when.
    pub end: Ident,
}

/// A data type, its aliases resolved and its defaults filled in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DataType {
    /// The server's own name in lower case (`int` for `INTEGER`, `tinyint` for `BOOL`).
    pub name: &'static str,
    /// Lengths, precision or scale, where they mean something: no display width of integers.
    pub numbers: Vec<u32>,
    /// The members of `ENUM` and `SET`.
    pub members: Vec<String>,
    /// `UNSIGNED`, which `ZEROFILL` implies.
    pub unsigned: bool,
    /// `ZEROFILL`.
    pub zerofill: bool,
    /// `CHARACTER SET`, in lower case.
    pub charset: Option<String>,
    /// `COLLATE`, in lower case.
    pub collation: Option<String>,
    /// The `BINARY` attribute: the `_bin` collation of the character set.
    pub binary: bool,
    /// What servers show of how it was written.
    pub words: Cosmetic<TypeWords>,
}

/// What servers show of how a type was written.
#[derive(Debug, Clone, Copy, Default)]
pub struct TypeWords {
    /// The display width of an integer.
    pub width: Option<u32>,
    /// Whether the type names a character set or collation of its own.
    pub own_charset: bool,
}

/// A column.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is an attribute of its own")]
pub struct ColumnDef {
    /// Its name.
    pub name: Ident,
    /// Its type.
    pub data_type: DataType,
    /// `NOT NULL` is false, `NULL` true.
    pub nullable: Option<bool>,
    /// `DEFAULT`.
    pub default: Option<DefaultValue>,
    /// `ON UPDATE CURRENT_TIMESTAMP`.
    pub on_update: bool,
    /// `AUTO_INCREMENT`.
    pub auto_increment: bool,
    /// `PRIMARY KEY` or a bare `KEY`.
    pub primary: bool,
    /// `UNIQUE`.
    pub unique: bool,
    /// `COMMENT`.
    pub comment: String,
    /// `AS (…)`.
    pub generated: Option<Generated>,
    /// `INVISIBLE`.
    pub invisible: bool,
    /// `SRID`.
    pub srid: Option<String>,
    /// `REFERENCES …` and where the clause stands.
    pub references: Option<(References, Span)>,
    /// `CHECK (…)`.
    pub checks: Vec<CheckDef>,
    /// Further attributes with their values (`column_format`, `engine_attribute` …).
    pub other: Vec<(String, String)>,
    /// The whole definition.
    pub span: Span,
}

/// `AS (…)` of a column.
#[derive(Debug, Clone, PartialEq)]
pub struct Generated {
    /// The expression.
    pub expr: Expr,
    /// Whether values are kept on disk.
    pub stored: bool,
}

/// A literal, by value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Literal {
    /// A number as written, with its sign.
    Number(String),
    /// A string, unescaped.
    Text(String),
    /// `b'…'`, `x'…'`, `0x…`: the bytes, without leading zeros.
    Bytes(Vec<u8>),
}

/// `DEFAULT …`.
#[derive(Debug, Clone, PartialEq)]
pub enum DefaultValue {
    /// `NULL`.
    Null,
    /// A literal.
    Literal(Literal),
    /// The current time, by any of its names.
    Now,
    /// Another expression.
    Expr(Expr),
}

/// Kinds of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// The primary key.
    Primary,
    /// A unique key.
    Unique,
    /// A plain key.
    Plain,
    /// `FULLTEXT`.
    Fulltext,
    /// `SPATIAL`.
    Spatial,
    /// `VECTOR` (MariaDB).
    Vector,
}

impl KeyKind {
    /// The words for it in messages.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Primary => "primary key",
            Self::Unique => "unique key",
            Self::Plain => "key",
            Self::Fulltext => "full-text key",
            Self::Spatial => "spatial key",
            Self::Vector => "vector key",
        }
    }
}

/// A key.
#[derive(Debug, Clone)]
pub struct KeyDef {
    /// Its kind.
    pub kind: KeyKind,
    /// Its name: of the key, else of the constraint.
    pub name: Option<Ident>,
    /// What it is over.
    pub parts: Vec<KeyPart>,
    /// `INVISIBLE` or `IGNORED`.
    pub invisible: bool,
    /// Other options with their values, in lower case, sorted (`comment`, `parser`, `using hash` …).
    pub options: Vec<(String, String)>,
    /// What servers show of how it was written.
    pub words: KeyWords,
    /// The whole definition.
    pub span: Span,
}

/// What servers show of how a key was written, though it means nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KeyWords {
    /// `USING BTREE`.
    pub btree: bool,
    /// `KEY_BLOCK_SIZE`.
    pub block_size: Option<u32>,
}

/// One part of a key.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyPart {
    /// Column or expression.
    pub of: KeyPartOf,
    /// The length of the prefix, in characters or bytes.
    pub length: Option<u32>,
    /// `DESC`.
    pub descending: bool,
}

/// What a part of a key is over.
#[derive(Debug, Clone, PartialEq)]
pub enum KeyPartOf {
    /// A column.
    Column(Ident),
    /// An expression.
    Expr(Expr),
}

/// `ON DELETE`, `ON UPDATE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Action {
    /// `RESTRICT`, `NO ACTION` or nothing: all the same to `InnoDB`.
    #[default]
    Restrict,
    /// `CASCADE`.
    Cascade,
    /// `SET NULL`.
    SetNull,
    /// `SET DEFAULT`.
    SetDefault,
}

/// Which of the words of one meaning stands for an [`Action::Restrict`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ActionWord {
    /// Nothing.
    #[default]
    Absent,
    /// `RESTRICT`.
    Restrict,
    /// `NO ACTION`.
    NoAction,
}

/// `REFERENCES …`.
#[derive(Debug, Clone)]
pub struct References {
    /// The parent.
    pub table: ObjectName,
    /// Its columns; empty in `REFERENCES t`, which means its primary key.
    pub columns: Vec<Ident>,
    /// `ON DELETE`.
    pub on_delete: Action,
    /// `ON UPDATE`.
    pub on_update: Action,
    /// The words of `ON DELETE` and `ON UPDATE` where they restrict.
    pub words: (ActionWord, ActionWord),
}

/// A foreign key.
#[derive(Debug, Clone)]
pub struct ForeignKeyDef {
    /// `CONSTRAINT name`.
    pub name: Option<Ident>,
    /// The name behind `FOREIGN KEY`: of the key that backs it.
    pub index: Option<Ident>,
    /// The columns.
    pub columns: Vec<Ident>,
    /// The parent.
    pub references: References,
    /// The whole definition.
    pub span: Span,
}

/// A check constraint.
#[derive(Debug, Clone)]
pub struct CheckDef {
    /// `CONSTRAINT name`.
    pub name: Option<Ident>,
    /// The condition.
    pub expr: Expr,
    /// False for `NOT ENFORCED`.
    pub enforced: bool,
    /// The whole definition.
    pub span: Span,
}

/// An option of a table.
#[derive(Debug, Clone)]
pub struct TableOption {
    /// Its name in lower case; `charset` for all spellings of `DEFAULT CHARACTER SET`.
    pub name: String,
    /// Its value, unquoted.
    pub value: String,
    /// Name and value.
    pub span: Span,
}

/// `ALTER TABLE`.
#[derive(Debug, Clone)]
pub struct AlterTable {
    /// The table.
    pub name: ObjectName,
    /// Whether a missing table is no error (MariaDB).
    pub if_exists: bool,
    /// The actions, in the order written.
    pub actions: Vec<TableAction>,
}

/// One action of `ALTER TABLE`.
#[derive(Debug, Clone)]
pub struct TableAction {
    /// What it does.
    pub action: AlterAction,
    /// `IF EXISTS` or `IF NOT EXISTS` (MariaDB).
    pub if_exists: bool,
    /// Where it stands.
    pub span: Span,
}

/// `FIRST` or `AFTER column`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Position {
    /// Before all others.
    First,
    /// Behind that column.
    After(Ident),
}

/// What an action of `ALTER TABLE` does.
#[derive(Debug, Clone)]
pub enum AlterAction {
    /// `ADD` of a column, key, foreign key or check.
    Add(TableElement, Option<Position>),
    /// `DROP COLUMN`.
    DropColumn(Ident),
    /// `MODIFY COLUMN`.
    Modify(Box<ColumnDef>, Option<Position>),
    /// `CHANGE COLUMN`.
    Change(Ident, Box<ColumnDef>, Option<Position>),
    /// `RENAME COLUMN a TO b`.
    RenameColumn(Ident, Ident),
    /// `ALTER COLUMN … SET DEFAULT`, or `DROP DEFAULT` without a value.
    SetDefault(Ident, Option<DefaultValue>),
    /// `ALTER COLUMN … SET VISIBLE|INVISIBLE`; true is invisible.
    HideColumn(Ident, bool),
    /// `DROP PRIMARY KEY`.
    DropPrimaryKey,
    /// `DROP KEY`.
    DropKey(Ident),
    /// `RENAME KEY a TO b`.
    RenameKey(Ident, Ident),
    /// `ALTER KEY … VISIBLE|INVISIBLE`; true is invisible.
    HideKey(Ident, bool),
    /// `DROP FOREIGN KEY`.
    DropForeignKey(Ident),
    /// `DROP PERIOD FOR` (MariaDB).
    DropPeriod(Ident),
    /// `DROP CHECK`.
    DropCheck(Ident),
    /// `DROP CONSTRAINT`: of whatever kind has the name.
    DropConstraint(Ident),
    /// `ALTER CHECK … [NOT] ENFORCED`.
    EnforceCheck(Ident, bool),
    /// `RENAME TO`.
    RenameTo(ObjectName),
    /// `CONVERT TO CHARACTER SET`; `None` is `DEFAULT`.
    ConvertTo {
        /// The character set.
        charset: Option<String>,
        /// The collation, when written.
        collation: Option<String>,
    },
    /// Table options.
    Options(Vec<TableOption>),
    /// `PARTITION BY …`, or `REMOVE PARTITIONING` without a value.
    Partition(Option<Expr>),
    /// Adds, drops or reorganises partitions: the resulting list is not modelled.
    ChangePartitions,
    /// Nothing that the model holds (`ALGORITHM`, `LOCK`, `FORCE`, `ORDER BY` …).
    NoEffect,
}
