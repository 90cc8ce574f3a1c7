//! Keys: those that are missing something, and those that are too many.

use miette::Severity::{Advice, Warning};

use super::{Report, Rule};
use crate::ast::{KeyKind, KeyPart, KeyPartOf};
use crate::catalogue::{Key, Table};

/// From how many keys on every write is slow.
const MANY_KEYS: usize = 16;

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "schema-lint/duplicate-key",
        severity: Some(Warning),
        summary: "two keys over the same columns cost twice on every write and serve once",
        help: "drop one of the two",
        peers: &["skeema dupe-index", "spirit redundant_indexes", "pt-duplicate-key-checker"],
    },
    Rule {
        code: "schema-lint/redundant-key",
        severity: Some(Warning),
        summary: "another key begins with the same columns and serves wherever this one does",
        help: "drop it, invisible for a while first",
        peers: &["skeema dupe-index", "spirit redundant_indexes", "pt-duplicate-key-checker"],
    },
    Rule {
        code: "schema-lint/redundant-unique",
        severity: Some(Advice),
        summary: "a part of the columns of this unique key is unique already",
        help: "make it a plain key, or drop it",
        peers: &["pt-duplicate-key-checker"],
    },
    Rule {
        code: "schema-lint/key-with-primary",
        severity: Some(Advice),
        summary: "InnoDB puts the primary key behind every other key by itself",
        help: "leave the primary key's columns out at the end",
        peers: &["skeema dupe-index", "pt-duplicate-key-checker"],
    },
    Rule {
        code: "schema-lint/primary-key-type",
        severity: Some(Advice),
        summary: "a primary key of this type is copied into every other key, and random values scatter inserts over the table",
        help: "use BIGINT UNSIGNED, or BINARY(16) with values that grow",
        peers: &["skeema pk-type", "spirit primary_key"],
    },
    Rule {
        code: "schema-lint/wide-primary-key",
        severity: Some(Advice),
        summary: "a primary key over this many columns is copied into every other key",
        help: "use a number of its own, with a unique key over the columns",
        peers: &[],
    },
    Rule {
        code: "schema-lint/nullable-unique",
        severity: Some(Advice),
        summary: "NULL is not equal to NULL: a unique key over columns that may be NULL lets duplicates in",
        help: "make the columns NOT NULL",
        peers: &[],
    },
    Rule {
        code: "schema-lint/many-keys",
        severity: Some(Advice),
        summary: "every key is written on every insert",
        help: "drop those that no query uses (`sys.schema_unused_indexes` names some)",
        peers: &[],
    },
    Rule {
        code: "schema-lint/time-in-middle",
        severity: Some(Advice),
        summary: "a key is of no use behind a column that is searched by ranges, as points in time are",
        help: "put the point in time last",
        peers: &["spirit datetime_index_position"],
    },
    Rule {
        code: "schema-lint/key-over-few-values",
        severity: Some(Advice),
        summary: "a key over a truth value or an ENUM alone finds half of the table",
        help: "put a column with more values behind it, or drop it",
        peers: &[],
    },
    Rule {
        code: "schema-lint/invisible-key",
        severity: Some(Advice),
        summary: "an invisible key is written and never read",
        help: "drop it, or make it visible",
        peers: &["spirit invisible_index_before_drop"],
    },
    Rule {
        code: "schema-lint/not-enforced",
        severity: Some(Advice),
        summary: "a check that is not enforced is a comment",
        help: "enforce it, or drop it",
        peers: &[],
    },
];

pub(super) fn check(table: &Table, report: &mut Report<'_>) {
    if let Some(key) = table.primary_key() {
        primary(table, key, report);
    }
    if table.keys.len() > MANY_KEYS {
        let message = format!("table `{}` has {} keys", table.name, table.keys.len());
        report.hit("schema-lint/many-keys", &table.place, message);
    }
    for (index, key) in table.keys.iter().enumerate() {
        redundant(table, index, key, report);
        shape(table, key, report);
    }
    for check in table.checks.iter().filter(|check| !check.enforced) {
        let message = format!("check `{}` of `{}` is not enforced", check.name, table.name);
        report.hit("schema-lint/not-enforced", &check.place, message);
    }
}

fn primary(table: &Table, key: &Key, report: &mut Report<'_>) {
    if key.parts.len() > 3 {
        let message = format!("the primary key of `{}` has {} columns", table.name, key.parts.len());
        report.hit("schema-lint/wide-primary-key", &key.place, message);
    }
    let column = key.parts.first().and_then(column_of).and_then(|name| table.column(name));
    if let Some(column) = column.filter(|_| key.parts.len() == 1) {
        let data_type = &column.data_type;
        let length = data_type.numbers.first().copied().unwrap_or(u32::MAX);
        let is_wide = match data_type.name {
            "char" | "varchar" | "binary" | "varbinary" => length > 20,
            "text" | "blob" | "tinytext" | "tinyblob" | "mediumtext" | "longtext" | "float" | "double" => {
                true
            }
            _ => false,
        };
        if is_wide {
            let message = format!("the primary key of `{}` is a {}", table.name, data_type.name);
            report.hit("schema-lint/primary-key-type", &key.place, message);
        }
    }
}

fn is_ordered(key: &Key) -> bool {
    matches!(key.kind, KeyKind::Primary | KeyKind::Unique | KeyKind::Plain)
}

fn is_unique(key: &Key) -> bool {
    matches!(key.kind, KeyKind::Primary | KeyKind::Unique)
}

fn same_part(a: &KeyPart, b: &KeyPart) -> bool {
    let same = match (&a.of, &b.of) {
        (KeyPartOf::Column(a), KeyPartOf::Column(b)) => a == b,
        (KeyPartOf::Expr(a), KeyPartOf::Expr(b)) => a == b,
        _ => false,
    };
    same && a.length == b.length && a.descending == b.descending
}

fn begins_with(longer: &Key, shorter: &Key) -> bool {
    longer.parts.len() >= shorter.parts.len()
        && shorter.parts.iter().zip(&longer.parts).all(|(a, b)| same_part(a, b))
}

fn redundant(table: &Table, index: usize, key: &Key, report: &mut Report<'_>) {
    if key.kind == KeyKind::Primary || !is_ordered(key) {
        return;
    }
    let hit = |report: &mut Report<'_>, code, what: String| {
        report.hit(code, &key.place, format!("key `{}` of `{}` {what}", key.name, table.name));
    };
    for (number, other) in table.keys.iter().enumerate().filter(|(number, _)| *number != index) {
        if !is_ordered(other) || other.invisible {
            continue;
        }
        let other_name = if other.kind == KeyKind::Primary {
            "the primary key".to_owned()
        } else {
            format!("key `{}`", other.name)
        };
        let same = begins_with(other, key) && begins_with(key, other);
        // Of two equals the weaker one goes, of two alike the later.
        let goes = match (is_unique(key), is_unique(other)) {
            (false, true) => true,
            (true, false) => false,
            _ => index > number || other.kind == KeyKind::Primary,
        };
        if same && goes {
            return hit(
                report,
                "schema-lint/duplicate-key",
                format!("is over the same columns as {other_name}"),
            );
        }
        if !same && !is_unique(key) && begins_with(other, key) {
            return hit(report, "schema-lint/redundant-key", format!("is the beginning of {other_name}"));
        }
        let covers = other.parts.iter().all(|part| key.parts.iter().any(|own| same_part(part, own)));
        if is_unique(key) && is_unique(other) && key.parts.len() > other.parts.len() && covers {
            let what = format!("holds all columns of {other_name}, which is unique already");
            return hit(report, "schema-lint/redundant-unique", what);
        }
    }
    let Some(primary) = table.primary_key().filter(|_| key.kind == KeyKind::Plain) else { return };
    let tail = key.parts.len().checked_sub(primary.parts.len()).filter(|start| *start > 0);
    if let Some(start) = tail
        && key.parts[start..].iter().zip(&primary.parts).all(|(a, b)| same_part(a, b))
    {
        hit(report, "schema-lint/key-with-primary", "ends with the primary key".to_owned());
    }
}

fn shape(table: &Table, key: &Key, report: &mut Report<'_>) {
    let hit = |report: &mut Report<'_>, code, what: &str| {
        report.hit(code, &key.place, format!("key `{}` of `{}` {what}", key.name, table.name));
    };
    if key.invisible {
        hit(report, "schema-lint/invisible-key", "is invisible");
    }
    let columns: Vec<_> =
        key.parts.iter().filter_map(column_of).filter_map(|name| table.column(name)).collect();
    if key.kind == KeyKind::Unique && columns.iter().any(|column| column.nullable) {
        hit(report, "schema-lint/nullable-unique", "is unique over a column that may be NULL");
    }
    if !is_ordered(key) || columns.len() != key.parts.len() {
        return;
    }
    let is_time = |name: &str| matches!(name, "date" | "datetime" | "timestamp" | "time");
    let inner = columns.split_last().map(|(_, before)| before).unwrap_or_default();
    if !is_unique(key) && inner.iter().any(|column| is_time(column.data_type.name)) {
        hit(report, "schema-lint/time-in-middle", "has columns behind a point in time");
    }
    if let [column] = columns.as_slice() {
        let data_type = &column.data_type;
        let is_truth = data_type.name == "bit" && data_type.numbers.first().is_none_or(|bits| *bits == 1)
            || data_type.name == "tinyint"
                && ["is_", "has_"].iter().any(|word| column.name.starts_with(word));
        let is_small_enum = data_type.name == "enum" && data_type.members.len() <= 3;
        if !is_unique(key) && !key.implicit && (is_truth || is_small_enum) {
            hit(report, "schema-lint/key-over-few-values", "is over a column of few values");
        }
    }
}

fn column_of(part: &KeyPart) -> Option<&str> {
    match &part.of {
        KeyPartOf::Column(column) => Some(&column.text),
        KeyPartOf::Expr(_) => None,
    }
}
