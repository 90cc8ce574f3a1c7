//! Tables as the server keeps them: every default filled in, every name given.

use std::collections::BTreeMap;

use super::versioning;
use crate::ast::{
    Action, ActionWord, ColumnDef, DataType, DefaultValue, Expr, Generated, KeyKind, KeyPart, KeyPartOf,
    KeyWords, PartitionBy, same_name,
};
use crate::dialect::{Dialect, bytes_per_character, charset_of};
use crate::place::Place;

/// A base table.
#[derive(Debug, Clone)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its columns, in order.
    pub columns: Vec<Column>,
    /// Its keys, in order of creation.
    pub keys: Vec<Key>,
    /// Its foreign keys.
    pub foreign_keys: Vec<ForeignKey>,
    /// Its check constraints.
    pub checks: Vec<Check>,
    /// The character set of new columns.
    pub charset: String,
    /// The collation of new columns.
    pub collation: String,
    /// Engine, comment and the other options, in lower case.
    pub options: BTreeMap<String, String>,
    /// How it is partitioned.
    pub partitioning: Partitioning,
    /// Its partitions, where they are understood.
    pub partitions: Option<PartitionBy>,
    /// Where it was created.
    pub place: Place,
    /// The statement that made its definition uncertain.
    pub unknown: Option<Place>,
}

/// How a table is partitioned.
#[derive(Debug, Clone, PartialEq)]
pub enum Partitioning {
    /// Not at all.
    None,
    /// `PARTITION BY …`, in one spelling.
    By(String),
    /// By a statement that changes the list of partitions, which is not modelled.
    Unknown,
}

/// A column.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is an attribute of its own")]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type, with character set and collation.
    pub data_type: DataType,
    /// Whether it may be `NULL`.
    pub nullable: bool,
    /// Its default; none means that a value must be given.
    pub default: Option<DefaultValue>,
    /// Whether it is set to the current time on update.
    pub on_update: bool,
    /// `AUTO_INCREMENT`.
    pub auto_increment: bool,
    /// Its comment.
    pub comment: String,
    /// `AS (…)`.
    pub generated: Option<Generated>,
    /// Whether `SELECT *` leaves it out.
    pub invisible: bool,
    /// Its spatial reference system.
    pub srid: Option<String>,
    /// Further attributes.
    pub other: Vec<(String, String)>,
    /// Where it got its present definition.
    pub place: Place,
}

/// A key.
#[derive(Debug, Clone)]
pub struct Key {
    /// Its kind.
    pub kind: KeyKind,
    /// Its name; `PRIMARY` of the primary key.
    pub name: String,
    /// What it is over.
    pub parts: Vec<KeyPart>,
    /// Whether the optimiser leaves it out.
    pub invisible: bool,
    /// Other options.
    pub options: Vec<(String, String)>,
    /// What servers show of how it was written.
    pub words: KeyWords,
    /// Whether the server made it for a foreign key; it goes when another key can serve.
    pub implicit: bool,
    /// Where it was defined.
    pub place: Place,
}

/// A foreign key.
#[derive(Debug, Clone)]
pub struct ForeignKey {
    /// Its name.
    pub name: String,
    /// Whether the server made the name.
    pub generated_name: bool,
    /// Its columns.
    pub columns: Vec<String>,
    /// The schema of the parent, when it is another one.
    pub parent_schema: Option<String>,
    /// The parent.
    pub parent: String,
    /// The parent's columns.
    pub parent_columns: Vec<String>,
    /// `ON DELETE`.
    pub on_delete: Action,
    /// `ON UPDATE`.
    pub on_update: Action,
    /// The words of `ON DELETE` and `ON UPDATE` where they restrict.
    pub words: (ActionWord, ActionWord),
    /// Whether it has been held against the parent.
    pub checked: bool,
    /// Where it was defined.
    pub place: Place,
}

/// A check constraint.
#[derive(Debug, Clone)]
pub struct Check {
    /// Its name.
    pub name: String,
    /// Whether the server made the name.
    pub generated_name: bool,
    /// The condition.
    pub expr: Expr,
    /// Whether it is enforced.
    pub enforced: bool,
    /// The column whose definition it is part of, where the server keeps it there (MariaDB).
    pub column: Option<String>,
    /// Where it was defined.
    pub place: Place,
}

impl Table {
    /// A table without anything, whose columns get a character set and its collation.
    pub(super) fn empty(name: &str, (charset, collation): (String, String), place: Place) -> Self {
        Self {
            name: name.to_owned(),
            columns: Vec::new(),
            keys: Vec::new(),
            foreign_keys: Vec::new(),
            checks: Vec::new(),
            charset,
            collation,
            options: BTreeMap::new(),
            partitioning: Partitioning::None,
            partitions: None,
            place,
            unknown: None,
        }
    }

    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| same_name(&column.name, name))
    }

    /// The key of that name.
    pub fn key(&self, name: &str) -> Option<&Key> {
        self.keys.iter().find(|key| same_name(&key.name, name))
    }

    /// The columns of the primary key.
    pub fn primary_key(&self) -> Option<&Key> {
        self.keys.iter().find(|key| key.kind == KeyKind::Primary)
    }

    /// The names of the columns.
    pub fn column_names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }

    /// A name for a key that has none: its first column's, with the first free number behind it.
    pub(super) fn name_for_key(&self, parts: &[KeyPart]) -> String {
        let base = match parts.first().map(|part| &part.of) {
            Some(KeyPartOf::Column(column)) => column.text.as_str(),
            _ => "functional_index",
        };
        if self.key(base).is_none() && !base.eq_ignore_ascii_case("primary") {
            return base.to_owned();
        }
        (2..=self.keys.len() + 2)
            .map(|n| format!("{base}_{n}"))
            .find(|name| self.key(name).is_none())
            .unwrap_or_default()
    }
}

impl Key {
    /// Whether the key begins with these columns, whole and in this order, so that it can back a foreign key.
    pub fn begins_with(&self, columns: &[String]) -> bool {
        matches!(self.kind, KeyKind::Primary | KeyKind::Unique | KeyKind::Plain)
            && self.parts.len() >= columns.len()
            && self.parts.iter().zip(columns).all(|(part, column)| part.is_whole(column))
    }

    /// Whether the key makes exactly these columns unique.
    pub fn is_unique_over(&self, columns: &[String]) -> bool {
        matches!(self.kind, KeyKind::Primary | KeyKind::Unique)
            && self.parts.len() == columns.len()
            && columns.iter().all(|column| self.parts.iter().any(|part| part.is_whole(column)))
    }

    /// Whether one of its parts is that column.
    pub fn has_column(&self, column: &str) -> bool {
        self.parts.iter().any(|part| matches!(&part.of, KeyPartOf::Column(name) if name.same(column)))
    }
}

impl KeyPart {
    fn is_whole(&self, column: &str) -> bool {
        self.length.is_none() && matches!(&self.of, KeyPartOf::Column(name) if name.same(column))
    }
}

impl Column {
    /// The column that a definition gives in a table with this character set and collation.
    pub(super) fn new(
        def: &ColumnDef,
        (charset, collation): (&str, &str),
        dialect: Dialect,
        place: Place,
    ) -> Self {
        let data_type = resolve_type(&def.data_type, charset, collation, dialect);
        let is_row_bound = versioning::is_row_bound(&def.other);
        let nullable = def.nullable.unwrap_or(!(def.primary || def.auto_increment || is_row_bound));
        let default = match &def.default {
            None if nullable && def.generated.is_none() => Some(DefaultValue::Null),
            written => written.clone(),
        };
        Self {
            name: def.name.text.clone(),
            data_type,
            nullable,
            default,
            on_update: def.on_update,
            auto_increment: def.auto_increment,
            comment: def.comment.clone(),
            generated: def.generated.clone(),
            invisible: def.invisible,
            srid: def.srid.clone(),
            other: def.other.clone(),
            place,
        }
    }

    /// Makes the column part of a primary key.
    pub(super) fn forbid_null(&mut self) {
        self.nullable = false;
        if self.default == Some(DefaultValue::Null) {
            self.default = None;
        }
    }

    /// Changes the character set as `CONVERT TO` does, which widens text types whose bytes could overflow.
    pub(super) fn convert(&mut self, charset: &str, collation: &str) {
        let Some(old) = self.data_type.charset.clone() else { return };
        let widened = bytes_per_character(charset) > bytes_per_character(&old);
        self.data_type.name = match self.data_type.name {
            "tinytext" if widened => "text",
            "text" if widened => "mediumtext",
            "mediumtext" if widened => "longtext",
            name => name,
        };
        self.data_type.charset = Some(charset.to_owned());
        self.data_type.collation = Some(collation.to_owned());
    }
}

/// Whether a type holds characters, so that it has a character set and collation.
pub(crate) fn is_text(name: &str) -> bool {
    matches!(name, "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" | "enum" | "set")
}

/// Whether values of a type are stored apart and have no length of their own.
pub(crate) fn is_long(name: &str) -> bool {
    name.ends_with("text") || name.ends_with("blob")
}

pub(super) fn resolve_type(written: &DataType, charset: &str, collation: &str, dialect: Dialect) -> DataType {
    let mut resolved = written.clone();
    resolved.words.0.own_charset = written.binary || written.charset.is_some() || written.collation.is_some();
    if !is_text(resolved.name) {
        (resolved.charset, resolved.collation) = (None, None);
        return resolved;
    }
    let (charset, collation) = match (&written.charset, &written.collation) {
        (_, Some(own)) => (charset_of(own).to_owned(), own.clone()),
        (Some(own), None) if written.binary => (own.clone(), format!("{own}_bin")),
        (Some(own), None) => {
            let default =
                dialect.default_collation(own).map_or_else(|| format!("{own}_general_ci"), Into::into);
            (own.clone(), default)
        }
        (None, None) if written.binary => (charset.to_owned(), format!("{charset}_bin")),
        (None, None) => (charset.to_owned(), collation.to_owned()),
    };
    resolved.binary = false;
    if charset == "binary" {
        become_binary(&mut resolved);
        return resolved;
    }
    if let ("text", Some(length)) = (resolved.name, resolved.numbers.first().copied()) {
        resolved.name = smallest("text", u64::from(length) * bytes_per_character(&charset));
        resolved.numbers.clear();
    }
    (resolved.charset, resolved.collation) = (Some(charset), Some(collation));
    resolved
}

/// `CHARACTER SET binary` makes byte strings of character strings.
fn become_binary(data_type: &mut DataType) {
    data_type.name = match data_type.name {
        "char" => "binary",
        "varchar" => "varbinary",
        "tinytext" => "tinyblob",
        "text" => "blob",
        "mediumtext" => "mediumblob",
        "longtext" => "longblob",
        other => other,
    };
    let has_charset = matches!(data_type.name, "enum" | "set");
    data_type.charset = has_charset.then(|| "binary".to_owned());
    data_type.collation.clone_from(&data_type.charset);
}

/// The type that `TEXT(n)` or `BLOB(n)` becomes.
pub(crate) fn smallest(family: &str, bytes: u64) -> &'static str {
    let size = match bytes {
        0..=255 => 0,
        256..=65_535 => 1,
        65_536..=16_777_215 => 2,
        _ => 3,
    };
    match family {
        "text" => ["tinytext", "text", "mediumtext", "longtext"][size],
        _ => ["tinyblob", "blob", "mediumblob", "longblob"][size],
    }
}
