//! Foreign keys.

use miette::Severity::{Advice, Warning};

use super::{Report, Rule};
use crate::ast::{Action, DataType};
use crate::catalogue::{Catalogue, ForeignKey, Table};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "schema-lint/foreign-key-index",
        severity: Some(Advice),
        summary: "the server makes a key for this foreign key by itself, which nobody sees in the definition",
        help: "write the key, with a name and with whatever else queries need in it",
        peers: &[],
    },
    Rule {
        code: "schema-lint/foreign-key-type",
        severity: Some(Warning),
        summary: "the two sides of a foreign key are not of one type: some servers refuse it, and values may not fit",
        help: "give both columns the same type, length and collation",
        peers: &["spirit type_pedantic"],
    },
    Rule {
        code: "schema-lint/foreign-key-parent",
        severity: Some(Warning),
        summary: "the columns that are referred to are not unique: MySQL refuses this since 8.4, and which row is meant is not known",
        help: "make them the primary key or a unique key of the parent",
        peers: &["skeema fk-parent"],
    },
    Rule {
        code: "schema-lint/foreign-key-cascade",
        severity: Some(Advice),
        summary: "rows that go by a cascade fire no trigger, are counted nowhere, and one DELETE may lock any number of them",
        help: "delete the children first, in the program",
        peers: &[],
    },
    Rule {
        code: "schema-lint/foreign-key-nullable",
        severity: Some(Advice),
        summary: "a foreign key over several columns is not checked as soon as one of them is NULL",
        help: "make the columns NOT NULL",
        peers: &[],
    },
    Rule {
        code: "schema-lint/has-foreign-key",
        severity: None,
        summary: "this table has a foreign key, which tools for online changes do not bear well",
        help: "check the reference in the program",
        peers: &["skeema has-fk", "spirit has_foreign_key"],
    },
];

pub(super) fn check(catalogue: &Catalogue, table: &Table, report: &mut Report<'_>) {
    for key in &table.foreign_keys {
        one(catalogue, table, key, report);
    }
}

fn one(catalogue: &Catalogue, table: &Table, key: &ForeignKey, report: &mut Report<'_>) {
    let hit = |report: &mut Report<'_>, code, what: String| {
        report.hit(code, &key.place, format!("foreign key `{}` of `{}` {what}", key.name, table.name));
    };
    hit(report, "schema-lint/has-foreign-key", format!("refers to `{}`", key.parent));
    let serving = table.keys.iter().filter(|index| index.begins_with(&key.columns));
    if serving.clone().next().is_none() || serving.clone().all(|index| index.implicit) {
        hit(report, "schema-lint/foreign-key-index", "has no key of its own".to_owned());
    }
    if key.on_delete == Action::Cascade || key.on_update == Action::Cascade {
        hit(report, "schema-lint/foreign-key-cascade", "cascades".to_owned());
    }
    let columns = key.columns.iter().filter_map(|name| table.column(name));
    if key.columns.len() > 1 && columns.clone().any(|column| column.nullable) {
        hit(report, "schema-lint/foreign-key-nullable", "is over a column that may be NULL".to_owned());
    }
    let parent = catalogue.tables().get(&key.parent).filter(|_| key.parent_schema.is_none());
    let Some(parent) = parent.filter(|parent| parent.unknown.is_none()) else { return };
    if !parent.keys.iter().any(|index| index.is_unique_over(&key.parent_columns)) {
        let what = format!("refers to columns of `{}` that are not unique", parent.name);
        hit(report, "schema-lint/foreign-key-parent", what);
    }
    for (name, other) in key.columns.iter().zip(&key.parent_columns) {
        let (Some(own), Some(other)) = (table.column(name), parent.column(other)) else { continue };
        if !is_same(&own.data_type, &other.data_type) {
            let what =
                format!("compares `{}` with `{}`.`{}` of another type", own.name, parent.name, other.name);
            hit(report, "schema-lint/foreign-key-type", what);
        }
    }
}

fn is_same(a: &DataType, b: &DataType) -> bool {
    a.name == b.name && a.numbers == b.numbers && a.unsigned == b.unsigned && a.collation == b.collation
}
