//! Tables as a whole.

use std::collections::BTreeMap;

use miette::Severity::{Advice, Warning};

use super::{Report, Rule};
use crate::catalogue::{Catalogue, Partitioning, Table};

/// From how many on a row is hard to handle.
const MANY_COLUMNS: usize = 100;

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: "schema-lint/no-primary-key",
        severity: Some(Warning),
        summary: "this table has no primary key: replication and online changes of it are slow or refused",
        help: "give it one",
        peers: &["skeema pk", "spirit primary_key"],
    },
    Rule {
        code: "schema-lint/engine",
        severity: Some(Warning),
        summary: "only InnoDB has transactions, row locks and recovery after a crash",
        help: "use ENGINE=InnoDB",
        peers: &["skeema engine", "spirit allow_engine"],
    },
    Rule {
        code: "schema-lint/utf8mb3",
        severity: Some(Warning),
        summary: "utf8mb3 has no place for emoji and many characters and is deprecated",
        help: "convert to utf8mb4",
        peers: &["skeema charset", "spirit allow_charset"],
    },
    Rule {
        code: "schema-lint/latin1",
        severity: Some(Advice),
        summary: "latin1 loses every character outside Western Europe",
        help: "convert to utf8mb4",
        peers: &["skeema charset", "spirit allow_charset"],
    },
    Rule {
        code: "schema-lint/odd-collation",
        severity: Some(Advice),
        summary: "this table has another collation than most: joins over text compare slowly or fail",
        help: "convert it to the collation of the others",
        peers: &["spirit type_pedantic"],
    },
    Rule {
        code: "schema-lint/compressed",
        severity: Some(Advice),
        summary: "compressed tables cost memory and time on every change, and cloud services do not all have them",
        help: "use ROW_FORMAT=DYNAMIC",
        peers: &["skeema compression"],
    },
    Rule {
        code: "schema-lint/wide-table",
        severity: Some(Advice),
        summary: "a table with this many columns is usually several tables",
        help: "split it by what is read and written together",
        peers: &[],
    },
    Rule {
        code: "schema-lint/partition-overflow",
        severity: Some(Advice),
        summary: "no partition takes values above the last bound: rows with one are refused",
        help: "add a partition with VALUES LESS THAN MAXVALUE, or see to it that partitions are added in time",
        peers: &[],
    },
    Rule {
        code: "schema-lint/table-comment",
        severity: None,
        summary: "this table has no comment",
        help: "say in one what a row of it is",
        peers: &[],
    },
    Rule {
        code: "schema-lint/has-partitions",
        severity: None,
        summary: "this table is partitioned, so that foreign keys and some changes are refused",
        help: "use an index, unless old rows are dropped by the partition",
        peers: &[],
    },
];

pub(super) fn check(table: &Table, report: &mut Report<'_>) {
    let (name, place) = (&table.name, &table.place);
    let option = |name: &str| table.options.get(name).map(String::as_str).unwrap_or_default();
    if table.primary_key().is_none() {
        report.hit("schema-lint/no-primary-key", place, format!("table `{name}` has no primary key"));
    }
    let engine = option("engine");
    if !engine.is_empty() && !engine.eq_ignore_ascii_case("innodb") {
        report.hit("schema-lint/engine", place, format!("table `{name}` is in {engine}, not in InnoDB"));
    }
    for (charset, rule) in [("utf8mb3", "schema-lint/utf8mb3"), ("latin1", "schema-lint/latin1")] {
        if table.charset == charset {
            report.hit(rule, place, format!("table `{name}` has the character set {charset}"));
        }
        for column in &table.columns {
            let own = column.data_type.charset.as_deref() == Some(charset);
            if own && table.charset != charset {
                let message = format!("column `{}` has the character set {charset}", column.name);
                report.hit(rule, &column.place, message);
            }
        }
    }
    if option("row_format").eq_ignore_ascii_case("compressed") {
        report.hit("schema-lint/compressed", place, format!("table `{name}` is compressed"));
    }
    if table.columns.len() > MANY_COLUMNS {
        let message = format!("table `{name}` has {} columns", table.columns.len());
        report.hit("schema-lint/wide-table", place, message);
    }
    if option("comment").is_empty() {
        report.hit("schema-lint/table-comment", place, format!("table `{name}` has no comment"));
    }
    if let Partitioning::By(by) = &table.partitioning {
        report.hit("schema-lint/has-partitions", place, format!("table `{name}` is partitioned"));
        let by = by.to_lowercase();
        if by.contains("less than") && !by.contains("maxvalue") {
            let message = format!("table `{name}` has no partition for values above the last bound");
            report.hit("schema-lint/partition-overflow", place, message);
        }
    }
}

/// What only shows when all tables are seen.
pub(super) fn check_together(catalogue: &Catalogue, report: &mut Report<'_>) {
    let tables = || catalogue.tables().values().filter(|table| table.unknown.is_none());
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for table in tables() {
        *counts.entry(&table.collation).or_default() += 1;
    }
    // Of equals, the first by name.
    let most = counts.iter().max_by(|a, b| a.1.cmp(b.1).then(b.0.cmp(a.0)));
    let Some((&most, &count)) = most else { return };
    if count * 2 <= counts.values().sum() {
        return;
    }
    for table in tables().filter(|table| table.collation != most) {
        let message =
            format!("table `{}` has the collation {}, most have {most}", table.name, table.collation);
        report.hit("schema-lint/odd-collation", &table.place, message);
    }
}
