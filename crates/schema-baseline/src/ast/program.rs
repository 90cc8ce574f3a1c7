//! Views and stored programs as statements define them.

use super::{DataType, Ident, ObjectKind, ObjectName};
use crate::place::Span;

/// What a reference names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RefKind {
    /// A table or a view.
    Relation,
    /// A stored procedure.
    Procedure,
    /// A column of the relation named just before.
    Column,
}

/// A use of another object.
#[derive(Debug, Clone)]
pub struct Reference {
    /// What is used.
    pub kind: RefKind,
    /// Its name.
    pub name: ObjectName,
}

/// A query or the body of a stored program.
#[derive(Debug, Clone)]
pub struct Body {
    /// Its tokens in one spelling, without comments and white space.
    pub canonical: String,
    /// The objects it uses, in the order written.
    pub references: Vec<Reference>,
    /// The tables whose definition it changes when it runs.
    pub changes: Vec<ObjectName>,
    /// Whether it runs statements that it puts together itself, so that it may change any table.
    pub dynamic: bool,
    /// Whether it holds a semicolon, so that clients need another delimiter.
    pub compound: bool,
    /// Where it stands.
    pub span: Span,
}

/// `CREATE VIEW` or `ALTER VIEW`.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a clause of its own")]
pub struct CreateView {
    /// The view.
    pub name: ObjectName,
    /// `DEFINER`, as servers show it; none when it is not written, or written as who runs the statement.
    pub definer: Option<String>,
    /// `OR REPLACE`, and for `ALTER VIEW`.
    pub or_replace: bool,
    /// `ALTER VIEW`: the view must exist.
    pub alter: bool,
    /// `IF NOT EXISTS` (MariaDB).
    pub if_not_exists: bool,
    /// `ALGORITHM`, in lower case; `undefined` when absent.
    pub algorithm: String,
    /// `SQL SECURITY INVOKER`.
    pub invoker: bool,
    /// The list of columns, when written.
    pub columns: Vec<Ident>,
    /// The query.
    pub query: Body,
    /// `WITH … CHECK OPTION`: `cascaded` or `local`.
    pub check_option: Option<String>,
}

/// `BEFORE` or `AFTER`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TriggerTiming {
    /// `BEFORE`.
    Before,
    /// `AFTER`.
    After,
}

/// What fires a trigger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TriggerEvent {
    /// `INSERT`.
    Insert,
    /// `UPDATE`.
    Update,
    /// `DELETE`.
    Delete,
}

/// `FOLLOWS x` or `PRECEDES x`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TriggerOrder {
    /// Directly after that trigger.
    Follows(Ident),
    /// Directly before it.
    Precedes(Ident),
}

/// `CREATE TRIGGER`.
#[derive(Debug, Clone)]
pub struct CreateTrigger {
    /// The trigger.
    pub name: ObjectName,
    /// `DEFINER`, as servers show it; none when it is not written, or written as who runs the statement.
    pub definer: Option<String>,
    /// `OR REPLACE` (MariaDB).
    pub or_replace: bool,
    /// `IF NOT EXISTS`.
    pub if_not_exists: bool,
    /// When it fires.
    pub timing: TriggerTiming,
    /// On what it fires.
    pub event: TriggerEvent,
    /// The table.
    pub table: ObjectName,
    /// Its place among triggers of the same table, timing and event.
    pub order: Option<TriggerOrder>,
    /// What it does.
    pub body: Body,
    /// Everything from the word `TRIGGER` on, which MariaDB keeps as it is written.
    pub span: Span,
}

/// Procedures and functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoutineKind {
    /// `PROCEDURE`.
    Procedure,
    /// `FUNCTION`.
    Function,
}

impl From<RoutineKind> for ObjectKind {
    fn from(kind: RoutineKind) -> Self {
        match kind {
            RoutineKind::Procedure => Self::Procedure,
            RoutineKind::Function => Self::Function,
        }
    }
}

/// `CREATE PROCEDURE` or `CREATE FUNCTION`.
#[derive(Debug, Clone)]
pub struct CreateRoutine {
    /// Procedure or function.
    pub kind: RoutineKind,
    /// Its name.
    pub name: ObjectName,
    /// `DEFINER`, as servers show it; none when it is not written, or written as who runs the statement.
    pub definer: Option<String>,
    /// `OR REPLACE` (MariaDB).
    pub or_replace: bool,
    /// `IF NOT EXISTS`.
    pub if_not_exists: bool,
    /// Parameters, and for functions the type returned, in one spelling.
    pub signature: String,
    /// Where the parameters stand, without their parentheses.
    pub parameters: Span,
    /// The type that a function returns, and whether it names a collation.
    pub returns: Option<DataType>,
    /// Characteristics that differ from the default, in one spelling, sorted.
    pub characteristics: Vec<String>,
    /// What it does.
    pub body: Body,
}

/// `CREATE EVENT`.
#[derive(Debug, Clone)]
pub struct CreateEvent {
    /// The event.
    pub name: ObjectName,
    /// `DEFINER`, as servers show it; none when it is not written, or written as who runs the statement.
    pub definer: Option<String>,
    /// `OR REPLACE` (MariaDB).
    pub or_replace: bool,
    /// `IF NOT EXISTS`.
    pub if_not_exists: bool,
    /// What it is made of.
    pub change: EventChange,
}

/// The clauses of an event; those that `ALTER EVENT` does not write stay as they are.
#[derive(Debug, Clone, Default)]
pub struct EventChange {
    /// `ON SCHEDULE`, in one spelling.
    pub schedule: Option<String>,
    /// `ON COMPLETION PRESERVE`.
    pub preserve: Option<bool>,
    /// `RENAME TO`.
    pub rename: Option<ObjectName>,
    /// `enable`, `disable` or `disable on replica`.
    pub status: Option<String>,
    /// `COMMENT`.
    pub comment: Option<String>,
    /// `DO`.
    pub body: Option<Body>,
}
