//! What the parser makes of a script: one [`Statement`] per SQL statement, with the places of all names.

mod partition;
mod program;
mod sequence;
mod table;

pub use partition::{
    PartitionBy, PartitionChange, PartitionDef, PartitionKey, PartitionMethod, PartitionValues,
};

pub use program::{
    Body, CreateEvent, CreateRoutine, CreateTrigger, CreateView, EventChange, RefKind, Reference,
    RoutineKind, TriggerEvent, TriggerOrder, TriggerTiming,
};
pub use sequence::{AlterSequence, Bound, Counting, CreateSequence, ValueType};
pub use table::{
    Action, ActionWord, AlterAction, AlterTable, CheckDef, ColumnDef, CreateTable, DataType, DefaultValue,
    ForeignKeyDef, Generated, KeyDef, KeyKind, KeyPart, KeyPartOf, KeyWords, Literal, PeriodDef, Position,
    References, TableAction, TableElement, TableOption, TableQuery, TypeWords,
};

use std::sync::Arc;

use crate::place::Span;

/// A name as written, without its quotes.
#[derive(Debug, Clone)]
pub struct Ident {
    /// The name.
    pub text: String,
    /// Where it stands, quotes included.
    pub span: Span,
}

impl Ident {
    /// Whether two names of columns, keys or constraints are the same to the server, which ignores their case.
    pub fn same(&self, other: &str) -> bool {
        same_name(&self.text, other)
    }
}

impl PartialEq for Ident {
    fn eq(&self, other: &Self) -> bool {
        self.same(&other.text)
    }
}

impl Eq for Ident {}

/// How something is written although it means nothing: servers show it, and two of it are always equal.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cosmetic<T>(pub T);

impl<T> PartialEq for Cosmetic<T> {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl<T> Eq for Cosmetic<T> {}

/// Whether two names are the same when case does not count.
pub(crate) fn same_name(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b) || (!a.is_ascii() && a.to_lowercase() == b.to_lowercase())
}

/// A name that may be qualified by a schema's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectName {
    /// The schema, when written.
    pub schema: Option<Ident>,
    /// The object.
    pub name: Ident,
}

impl ObjectName {
    /// The object's own name.
    pub fn text(&self) -> &str {
        &self.name.text
    }

    /// Where the whole name stands.
    pub fn span(&self) -> Span {
        self.schema.as_ref().map_or(self.name.span, |schema| schema.span.to(self.name.span))
    }
}

/// An expression or another stretch of SQL, brought to the form in which two spellings of one meaning are equal.
#[derive(Debug, Clone)]
pub struct Expr {
    /// Tokens in one spelling: no comments, keywords in lower case, no redundant parentheses, names unquoted.
    pub canonical: String,
    /// Tokens as they were written, a blank between any two.
    pub written: Arc<str>,
    /// The column names it may use: every bare or quoted word that is not a function call.
    pub words: Vec<Ident>,
    /// Where it stands.
    pub span: Span,
}

impl PartialEq for Expr {
    fn eq(&self, other: &Self) -> bool {
        self.canonical == other.canonical
    }
}

/// The kinds of objects of a schema, in the order in which a baseline creates them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectKind {
    /// A sequence (MariaDB).
    Sequence,
    /// A base table.
    Table,
    /// A stored function.
    Function,
    /// A view.
    View,
    /// A stored procedure.
    Procedure,
    /// A trigger.
    Trigger,
    /// An event of the scheduler.
    Event,
}

impl ObjectKind {
    /// Every kind, in the order of a baseline.
    pub const ALL: [Self; 7] = [
        Self::Sequence,
        Self::Table,
        Self::Function,
        Self::View,
        Self::Procedure,
        Self::Trigger,
        Self::Event,
    ];

    /// The word for it in messages.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Sequence => "sequence",
            Self::Table => "table",
            Self::Function => "function",
            Self::View => "view",
            Self::Procedure => "procedure",
            Self::Trigger => "trigger",
            Self::Event => "event",
        }
    }

    /// The directory under `schema/` that holds such objects.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Sequence => "sequences",
            Self::Table => "tables",
            Self::Function => "functions",
            Self::View => "views",
            Self::Procedure => "procedures",
            Self::Trigger => "triggers",
            Self::Event => "events",
        }
    }
}

impl std::fmt::Display for ObjectKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.noun())
    }
}

/// One statement of a script.
#[derive(Debug, Clone)]
pub struct Statement {
    /// What it does.
    pub kind: StatementKind,
    /// The statement without its delimiter.
    pub span: Span,
    /// Account and other stretches that a baseline leaves out, in order: `DEFINER = …` and `AUTO_INCREMENT = n`.
    pub strip: Vec<Span>,
}

/// What a statement does.
#[derive(Debug, Clone)]
pub enum StatementKind {
    /// `CREATE TABLE … (…)`.
    CreateTable(Arc<CreateTable>),
    /// `CREATE TABLE … LIKE …`.
    CreateTableLike {
        /// The new table.
        name: ObjectName,
        /// The table it is made after.
        like: ObjectName,
        /// Whether an existing table is left alone.
        if_not_exists: bool,
        /// Whether only this session sees it.
        temporary: bool,
    },
    /// `ALTER TABLE`, and `CREATE INDEX` and `DROP INDEX`, which are other spellings of it.
    AlterTable(AlterTable),
    /// `DROP TABLE`.
    DropTable {
        /// The tables.
        names: Vec<ObjectName>,
        /// Whether a missing one is no error.
        if_exists: bool,
        /// Whether only temporary tables are meant.
        temporary: bool,
    },
    /// `CREATE SEQUENCE`.
    CreateSequence(Arc<CreateSequence>),
    /// `ALTER SEQUENCE`.
    AlterSequence(AlterSequence),
    /// `DROP SEQUENCE`.
    DropSequence {
        /// The sequences.
        names: Vec<ObjectName>,
        /// Whether a missing one is no error.
        if_exists: bool,
        /// Whether only temporary ones are meant.
        temporary: bool,
    },
    /// `RENAME TABLE`, of sequences and views too.
    RenameTable(Vec<(ObjectName, ObjectName)>),
    /// `CREATE VIEW` and `ALTER VIEW`.
    CreateView(Arc<CreateView>),
    /// `CREATE TRIGGER`.
    CreateTrigger(Arc<CreateTrigger>),
    /// `CREATE PROCEDURE` and `CREATE FUNCTION`.
    CreateRoutine(Arc<CreateRoutine>),
    /// `ALTER PROCEDURE` and `ALTER FUNCTION`: new characteristics.
    AlterRoutine {
        /// Procedure or function.
        kind: RoutineKind,
        /// Which one.
        name: ObjectName,
        /// The characteristics that replace those of the same sort.
        characteristics: Vec<String>,
    },
    /// `CREATE EVENT`.
    CreateEvent(Arc<CreateEvent>),
    /// `ALTER EVENT`.
    AlterEvent {
        /// Which one.
        name: ObjectName,
        /// What changes.
        change: EventChange,
    },
    /// `DROP VIEW|TRIGGER|PROCEDURE|FUNCTION|EVENT`.
    Drop {
        /// The kind of object.
        kind: ObjectKind,
        /// The objects; only views may be several.
        names: Vec<ObjectName>,
        /// Whether a missing one is no error.
        if_exists: bool,
    },
    /// `ALTER DATABASE … CHARACTER SET … COLLATE …`.
    AlterDatabase {
        /// The new default character set.
        charset: Option<String>,
        /// The new default collation.
        collation: Option<String>,
    },
    /// `DROP DATABASE`.
    DropDatabase(Ident),
    /// A statement that reads or writes rows.
    Data {
        /// The tables it names, and the columns of an insertion's list.
        uses: Vec<Reference>,
    },
    /// `CALL`.
    Call {
        /// The procedure.
        name: ObjectName,
        /// The words inside of its string arguments, which may name tables.
        words: Vec<String>,
    },
    /// `EXECUTE`: runs SQL that was put together as a string.
    Execute {
        /// The tables that strings before it name.
        touches: Vec<(ObjectKind, ObjectName)>,
    },
    /// `SET foreign_key_checks`.
    ForeignKeyChecks(bool),
    /// `USE`.
    Use(Ident),
    /// A statement without effect on any object of the schema (`SET`, `LOCK TABLES`, `COMMIT`, `GRANT` …).
    NoEffect,
    /// A statement that was not understood.
    NotUnderstood {
        /// The objects that it may have changed; none means that it may be any.
        touches: Vec<(ObjectKind, ObjectName)>,
    },
}
