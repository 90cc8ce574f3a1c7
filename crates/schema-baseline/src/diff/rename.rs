//! What has another name. Names are never guessed: someone says it, on the command line or beside the definition.

use std::str::FromStr;

use migrate_core::history::quoted;

use super::{Path, Step, order};
use crate::ast::ObjectKind;
use crate::catalogue::Catalogue;
use crate::finding::Finding;
use crate::place::Place;

/// A thing that has another name in the second schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rename {
    /// What it is.
    pub what: Renamed,
    /// The name in the first schema.
    pub old: String,
    /// The name in the second schema.
    pub new: String,
    /// Whether an annotation says it, which stays in the file when the change is made.
    pub annotated: bool,
}

/// What can have another name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Renamed {
    /// A table or a sequence.
    Table,
    /// A column of the table that has this name in the second schema.
    Column(String),
    /// An index of the table that has this name in the second schema.
    Index(String),
}

impl FromStr for Rename {
    type Err = String;

    /// Reads `table:OLD=NEW`, `column:TABLE.OLD=NEW` or `index:TABLE.OLD=NEW`; `TABLE` is the name in the second schema.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not table:OLD=NEW, column:TABLE.OLD=NEW or index:TABLE.OLD=NEW");
        let (kind, rest) = text.split_once(':').ok_or_else(wrong)?;
        let (old, new) = rest.split_once('=').ok_or_else(wrong)?;
        let (what, old) = match kind {
            "table" => (Renamed::Table, old),
            "column" | "index" => {
                let (table, old) = old.split_once('.').ok_or_else(wrong)?;
                let table = table.to_owned();
                (if kind == "column" { Renamed::Column(table) } else { Renamed::Index(table) }, old)
            }
            _ => return Err(wrong()),
        };
        if old.is_empty() || new.is_empty() {
            return Err(wrong());
        }
        Ok(Self { what, old: old.to_owned(), new: new.to_owned(), annotated: false })
    }
}

/// The renames that a schema's own text says: `-- infra:renamed from OLD`, or sqldef's `-- @renamed from=OLD`, behind
/// a definition on the same line.
pub fn annotated(schema: &Catalogue) -> Vec<Rename> {
    let mut renames = Vec::new();
    for (name, sequence) in schema.sequences() {
        if let Some(old) = beside(&sequence.place) {
            renames.push(Rename { what: Renamed::Table, old, new: name.clone(), annotated: true });
        }
    }
    for (name, table) in schema.tables() {
        let mut add = |what: Renamed, new: &str, place: &Place| {
            if let Some(old) = beside(place) {
                renames.push(Rename { what, old, new: new.to_owned(), annotated: true });
            }
        };
        add(Renamed::Table, name, &table.place);
        for column in &table.columns {
            add(Renamed::Column(name.clone()), &column.name, &column.place);
        }
        for key in &table.keys {
            add(Renamed::Index(name.clone()), &key.name, &key.place);
        }
    }
    renames
}

/// The old name that a comment on the line where a definition ends says.
fn beside(place: &Place) -> Option<String> {
    let rest = place.source.inner().get(place.span.end..)?;
    let line = rest.lines().next()?;
    let (_, comment) = line.split_once("--").or_else(|| line.split_once('#'))?;
    let comment = comment.trim();
    let old = comment.strip_prefix("infra:renamed from").or_else(|| {
        let rest = comment.strip_prefix("@renamed")?.trim_start();
        rest.strip_prefix("from=")
    })?;
    let old = old.trim();
    let old = match old.strip_prefix('`').and_then(|quoted| quoted.split_once('`')) {
        Some((name, _)) => name,
        None => old.split_whitespace().next()?.trim_matches('"'),
    };
    Some(old.to_owned())
}

/// Renames in the first schema, with a statement for each.
pub(super) fn apply(from: &mut Catalogue, to: &Catalogue, renames: &[Rename], path: &mut Path) {
    let mut renames: Vec<&Rename> = renames.iter().collect();
    // Tables first: what is said of columns is said of tables by their new names.
    renames.sort_by(|a, b| a.what.cmp(&b.what));
    for rename in renames {
        let Rename { what, old, new, annotated } = rename;
        let (table, has_old, has_new, is_wanted) = match what {
            Renamed::Table => {
                // Sequences are renamed as tables are.
                let known = |of: &Catalogue, name: &str| {
                    of.tables().contains_key(name) || of.sequences().contains_key(name)
                };
                (new, known(from, old), known(from, new), known(to, new))
            }
            Renamed::Column(table) => {
                let own = |of: &Catalogue, name: &str| {
                    of.tables().get(table).is_some_and(|table| table.column(name).is_some())
                };
                (table, own(from, old), own(from, new), own(to, new) && !own(to, old))
            }
            Renamed::Index(table) => {
                let own = |of: &Catalogue, name: &str| {
                    of.tables().get(table).is_some_and(|table| table.key(name).is_some())
                };
                (table, own(from, old), own(from, new), own(to, new) && !own(to, old))
            }
        };
        if !has_old || has_new || !is_wanted {
            if !annotated {
                let why = if !has_old {
                    format!("the first schema has no `{old}`")
                } else if has_new {
                    format!("the first schema has `{new}` already")
                } else {
                    format!("the second schema has no `{new}` in its place")
                };
                path.findings.push(Finding::CannotRename { old: old.clone(), new: new.clone(), why });
            }
            continue;
        }
        let sql = match what {
            Renamed::Table => format!("RENAME TABLE {} TO {}", quoted(old), quoted(new)),
            Renamed::Column(_) => {
                format!("ALTER TABLE {} RENAME COLUMN {} TO {}", quoted(table), quoted(old), quoted(new))
            }
            Renamed::Index(_) => {
                format!("ALTER TABLE {} RENAME INDEX {} TO {}", quoted(table), quoted(old), quoted(new))
            }
        };
        order::run(from, &sql);
        let kind = to.relation(table).unwrap_or(ObjectKind::Table);
        let place = to.place_of(kind, table).cloned();
        path.steps.push(Step { sql, compound: false, kind, name: table.clone(), place, losses: Vec::new() });
    }
}
