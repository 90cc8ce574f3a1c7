//! The parts of `CREATE TABLE` and `ALTER TABLE`.

use std::ops::Range;

use super::View;
use super::statement::Statement;

/// `CREATE TABLE`.
pub(crate) struct Create {
    /// Index of the name.
    pub(crate) name: usize,
    /// Columns, keys and constraints.
    pub(crate) items: Vec<Range<usize>>,
    /// From behind the items to the end.
    pub(crate) options: Range<usize>,
    pub(crate) temporary: bool,
}

/// What happens to a column.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Created,
    Added,
    Modified,
}

/// A column with its definition.
pub(crate) struct Column {
    pub(crate) change: Change,
    pub(crate) name: usize,
    /// The type and what follows it.
    pub(crate) definition: Range<usize>,
}

pub(crate) fn create(statement: &Statement<'_>) -> Option<Create> {
    let kind = statement.created_kind().filter(|kind| statement.is(*kind, "TABLE"))?;
    let name = statement.skip(kind + 1, "IF NOT EXISTS");
    let (_, after) = statement.name(name);
    let temporary = statement.find(0..kind, "TEMPORARY").is_some();
    if statement.at(after) != "(" || statement.is_any(after + 1, &["SELECT", "LIKE"]) {
        return Some(Create { name, items: Vec::new(), options: after..statement.len(), temporary });
    }
    let close = statement.close(after);
    let options = (close + 1).min(statement.len())..statement.len();
    Some(Create { name, items: statement.parts(after + 1..close), options, temporary })
}

/// The name of the table that a statement creates for certain, and the place.
pub(crate) fn created(statement: &Statement<'_>) -> Option<(String, usize)> {
    let create = create(statement).filter(|_| statement.find(0..6, "IF NOT EXISTS").is_none())?;
    Some((statement.name(create.name).0, statement.range.start))
}

/// The clauses of `ALTER TABLE`, and the index of the table's name.
pub(crate) fn alter(statement: &Statement<'_>) -> Option<(usize, Vec<Range<usize>>)> {
    let start = ["ALTER TABLE", "ALTER IGNORE TABLE", "ALTER ONLINE TABLE"]
        .iter()
        .find(|words| statement.is(0, words))
        .map(|words| words.split(' ').count())?;
    let name = statement.skip(start, "IF EXISTS");
    let (_, after) = statement.name(name);
    Some((name, statement.parts(after.min(statement.len())..statement.len())))
}

/// [`alter`], unless the table was created by the same file.
pub(super) fn alter_existing(view: &View<'_>, statement: &Statement<'_>) -> Option<Vec<Range<usize>>> {
    let (name, clauses) = alter(statement)?;
    (!view.is_new(&statement.name(name).0, statement)).then_some(clauses)
}

/// Whether an item of a table is a key or constraint.
pub(crate) fn is_key(statement: &Statement<'_>, index: usize) -> bool {
    statement.is_any(
        index,
        &[
            "PRIMARY KEY",
            "KEY",
            "INDEX",
            "UNIQUE",
            "CONSTRAINT",
            "FOREIGN KEY",
            "FULLTEXT",
            "SPATIAL",
            "CHECK (",
            "PERIOD FOR",
            "PARTITION",
            "SYSTEM VERSIONING",
        ],
    )
}

/// The columns of a list in parentheses, which may hold keys as well.
fn listed(statement: &Statement<'_>, items: &[Range<usize>], change: Change) -> Vec<Column> {
    let columns = items.iter().filter(|item| !is_key(statement, item.start));
    columns.map(|item| Column { change, name: item.start, definition: item.start + 1..item.end }).collect()
}

/// The columns that a clause of `ALTER TABLE` adds or redefines.
pub(crate) fn clause_columns(statement: &Statement<'_>, clause: &Range<usize>) -> Vec<Column> {
    let column = |change, name: usize, first: usize| Column { change, name, definition: first..clause.end };
    let after = |words: usize| statement.skip(clause.start + words, "COLUMN");
    if statement.is(clause.start, "ADD") {
        let name = statement.skip(after(1), "IF NOT EXISTS");
        if statement.at(name) == "(" {
            let inside = statement.parts(name + 1..statement.close(name).min(clause.end));
            return listed(statement, &inside, Change::Added);
        }
        if is_key(statement, name) {
            return Vec::new();
        }
        return vec![column(Change::Added, name, name + 1)];
    }
    if statement.is(clause.start, "MODIFY") {
        let name = statement.skip(after(1), "IF EXISTS");
        return vec![column(Change::Modified, name, name + 1)];
    }
    if statement.is(clause.start, "CHANGE") {
        let name = statement.skip(after(1), "IF EXISTS") + 1;
        return vec![column(Change::Modified, name, name + 1)];
    }
    Vec::new()
}

/// All columns that a statement defines.
pub(crate) fn columns(statement: &Statement<'_>) -> Vec<Column> {
    if let Some(create) = create(statement) {
        return listed(statement, &create.items, Change::Created);
    }
    let clauses = alter(statement).map(|(_, clauses)| clauses).unwrap_or_default();
    clauses.iter().flat_map(|clause| clause_columns(statement, clause)).collect()
}
