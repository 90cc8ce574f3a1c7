//! The tables and sequences of a schema and what refers to what, for pictures: Mermaid, Graphviz and SVG.

mod dot;
mod layout;
mod mermaid;
mod svg;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::ast::{DataType, DefaultValue, KeyKind, KeyPart, KeyPartOf, ObjectKind, same_name};
use crate::catalogue::sequences::sequences_in;
use crate::catalogue::{Catalogue, ForeignKey, Key, Table};

/// An entity-relationship diagram. Everything is in the order of names but for columns, which are in that of their table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagram {
    /// The tables and sequences, which share their names.
    pub tables: Vec<Entity>,
    /// The foreign keys, and the defaults that count by sequences.
    pub references: Vec<Reference>,
}

/// A table of a diagram.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entity {
    /// Its name; with its schema where that is another one.
    pub name: String,
    /// Its columns; none are known of a table that only foreign keys name.
    pub columns: Vec<Attribute>,
    /// Whether a statement that was not understood may have made it another one.
    pub uncertain: bool,
    /// Whether it is a sequence.
    pub sequence: bool,
}

impl Entity {
    /// What a picture calls it.
    fn title(&self) -> String {
        let kind = if self.sequence { " (sequence)" } else { "" };
        format!("{}{kind}{}", self.name, if self.uncertain { " (not certain)" } else { "" })
    }
}

/// A column of a diagram.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// Its type, without the members of `ENUM` and `SET`.
    pub data_type: String,
    /// Whether it may be `NULL`.
    pub nullable: bool,
    /// The keys that it is part of.
    pub marks: Vec<Mark>,
}

/// What a column is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// Part of the primary key.
    Primary,
    /// Part of a foreign key.
    Foreign,
    /// The only column of a unique key.
    Unique,
}

impl Mark {
    /// The abbreviation in pictures.
    pub fn short(self) -> &'static str {
        match self {
            Self::Primary => "PK",
            Self::Foreign => "FK",
            Self::Unique => "UK",
        }
    }
}

/// A foreign key of a diagram, or a column whose default counts by a sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The name of the constraint; of a default, that of the sequence.
    pub name: String,
    /// The table that has it, by its place in [`Diagram::tables`].
    pub child: usize,
    /// Its columns.
    pub columns: Vec<String>,
    /// The table that it refers to, or the sequence.
    pub parent: usize,
    /// That table's columns; none of a sequence.
    pub parent_columns: Vec<String>,
    /// Whether several rows may refer to the same one: no unique key is over (some of) its columns.
    pub many: bool,
    /// Whether a row may refer to none: one of its columns may be `NULL`.
    pub optional: bool,
    /// Whether it counts by a sequence, so that no foreign key holds it.
    pub counts: bool,
}

impl Diagram {
    /// The diagram of all tables and sequences.
    pub fn of(schema: &Catalogue) -> Self {
        let counted: Vec<(&String, Vec<(String, String)>)> =
            schema.tables().iter().map(|(name, table)| (name, counted_by(table, schema))).collect();
        let missing = schema.tables().values().flat_map(|table| &table.foreign_keys).map(parent_name);
        let names: BTreeSet<String> = schema.tables().keys().cloned().chain(missing).collect();
        let sequences: BTreeSet<String> = schema.sequences().keys().cloned().collect();
        let elsewhere = counted.iter().flat_map(|(_, uses)| uses).map(|(_, sequence)| sequence.clone());
        let sequences: BTreeSet<String> =
            sequences.into_iter().chain(elsewhere.filter(|name| !names.contains(name))).collect();
        let names: BTreeSet<String> = names.into_iter().chain(sequences.iter().cloned()).collect();
        let places: BTreeMap<&String, usize> = names.iter().zip(0..).collect();
        let mut references = Vec::new();
        for (name, table) in schema.tables() {
            let mut keys: Vec<&ForeignKey> = table.foreign_keys.iter().collect();
            keys.sort_by(|a, b| a.name.cmp(&b.name));
            for key in keys {
                let (Some(child), Some(parent)) = (places.get(name), places.get(&parent_name(key))) else {
                    continue;
                };
                references.push(reference(table, key, *child, *parent));
            }
        }
        for (name, uses) in counted {
            for (column, sequence) in uses {
                let (Some(child), Some(parent)) = (places.get(name), places.get(&sequence)) else { continue };
                references.push(Reference {
                    name: sequence,
                    child: *child,
                    columns: vec![column],
                    parent: *parent,
                    parent_columns: Vec::new(),
                    many: true,
                    optional: false,
                    counts: true,
                });
            }
        }
        let entity = |name: &String| {
            let columns = schema.table(name).map(attributes).unwrap_or_default();
            let is_known = schema.tables().get(name).is_some_and(|table| table.unknown.is_none());
            let uncertain = schema.unsure().is_some()
                || (schema.tables().contains_key(name) && !is_known)
                || schema.unknown(ObjectKind::Sequence, name).is_some();
            Entity { name: name.clone(), columns, uncertain, sequence: sequences.contains(name) }
        };
        Self { tables: names.iter().map(entity).collect(), references }
    }
}

fn parent_name(key: &ForeignKey) -> String {
    match &key.parent_schema {
        Some(schema) => format!("{schema}.{}", key.parent),
        None => key.parent.clone(),
    }
}

fn reference(table: &Table, key: &ForeignKey, child: usize, parent: usize) -> Reference {
    let is_in = |name: &str| key.columns.iter().any(|own| same_name(own, name));
    let limits = |unique: &Key| {
        matches!(unique.kind, KeyKind::Primary | KeyKind::Unique)
            && columns_of(unique).is_some_and(|columns| columns.into_iter().all(is_in))
    };
    let is_nullable = |name: &String| table.column(name).is_none_or(|column| column.nullable);
    Reference {
        name: key.name.clone(),
        child,
        columns: key.columns.clone(),
        parent,
        parent_columns: key.parent_columns.clone(),
        many: !table.keys.iter().any(limits),
        optional: key.columns.iter().any(is_nullable),
        counts: false,
    }
}

/// The columns whose defaults count by sequences, each with its sequences.
fn counted_by(table: &Table, schema: &Catalogue) -> Vec<(String, String)> {
    let mut uses = Vec::new();
    for column in &table.columns {
        let Some(DefaultValue::Expr(expr)) = &column.default else { continue };
        for sequence in sequences_in(expr, schema.dialect()) {
            let other = sequence.schema.as_ref().filter(|other| Some(other.text.as_str()) != schema.schema());
            let name = other.map_or_else(String::new, |other| format!("{}.", other.text)) + sequence.text();
            let one = (column.name.clone(), name);
            if !uses.contains(&one) {
                uses.push(one);
            }
        }
    }
    uses
}

/// The columns of a key; none when it is over an expression.
fn columns_of(key: &Key) -> Option<Vec<&str>> {
    key.parts.iter().map(column_of).collect()
}

fn column_of(part: &KeyPart) -> Option<&str> {
    match &part.of {
        KeyPartOf::Column(name) => Some(&name.text),
        KeyPartOf::Expr(_) => None,
    }
}

fn attributes(table: &Table) -> Vec<Attribute> {
    let marks = |name: &str| {
        let mut marks = Vec::new();
        let in_key = |kind: KeyKind, alone: bool| {
            let of_kind = table.keys.iter().filter(move |key| key.kind == kind);
            of_kind.filter_map(columns_of).any(|columns| {
                (!alone || columns.len() == 1) && columns.into_iter().any(|own| same_name(own, name))
            })
        };
        if in_key(KeyKind::Primary, false) {
            marks.push(Mark::Primary);
        }
        if table.foreign_keys.iter().any(|key| key.columns.iter().any(|own| same_name(own, name))) {
            marks.push(Mark::Foreign);
        }
        if in_key(KeyKind::Unique, true) {
            marks.push(Mark::Unique);
        }
        marks
    };
    let attribute = |column: &crate::catalogue::Column| Attribute {
        name: column.name.clone(),
        data_type: type_of(&column.data_type),
        nullable: column.nullable,
        marks: marks(&column.name),
    };
    table.columns.iter().map(attribute).collect()
}

fn type_of(data_type: &DataType) -> String {
    let mut text = data_type.name.to_owned();
    if !data_type.numbers.is_empty() {
        let numbers: Vec<String> = data_type.numbers.iter().map(u32::to_string).collect();
        text += &format!("({})", numbers.join(","));
    }
    if data_type.unsigned {
        text += " unsigned";
    }
    text
}
