//! Partitions of a table.

use super::table::{Partitioning, Table};
use crate::ast::{Expr, PartitionBy, PartitionChange, PartitionDef, PartitionValues};
use crate::dialect::Dialect;
use crate::parse::{canonical_text, partition_by, partition_change};

impl Table {
    /// `PARTITION BY …`.
    pub(super) fn partition(&mut self, by: &Expr, dialect: Dialect) {
        self.partitioning = Partitioning::By(one_spelling(&by.canonical));
        self.partitions = partition_by(&by.written, dialect);
    }

    /// Changes the list of partitions as an action of `ALTER TABLE` says; false when that is not understood.
    pub(super) fn change_partitions(&mut self, action: &str, dialect: Dialect) -> bool {
        let Some(change) = partition_change(action, dialect) else { return false };
        let Some(partitions) = self.partitions.as_mut().filter(|by| by.sub.is_none()) else { return false };
        if !partitions.change(change) {
            return false;
        }
        self.partitioning = Partitioning::By(one_spelling(&canonical_text(&partitions.to_sql(), dialect)));
        true
    }
}

/// The last partition of a range may be written with parentheses or without.
fn one_spelling(canonical: &str) -> String {
    canonical.replace("less than ( maxvalue )", "less than maxvalue")
}

impl PartitionBy {
    fn change(&mut self, change: PartitionChange) -> bool {
        let has = |partitions: &[PartitionDef], names: &[String]| {
            names.iter().all(|name| partitions.iter().any(|one| one.name.eq_ignore_ascii_case(name)))
        };
        match change {
            PartitionChange::Add(more) => self.partitions.extend(more),
            PartitionChange::AddCount(more) if self.partitions.is_empty() => {
                self.count = Some(self.count.unwrap_or(1).saturating_add(more));
            }
            PartitionChange::Coalesce(fewer) if self.partitions.is_empty() => {
                self.count = Some(self.count.unwrap_or(1).saturating_sub(fewer).max(1));
            }
            PartitionChange::Drop(names) if has(&self.partitions, &names) => {
                self.partitions.retain(|one| !names.iter().any(|name| one.name.eq_ignore_ascii_case(name)));
            }
            PartitionChange::Reorganize(names, into) if has(&self.partitions, &names) => {
                let is_named =
                    |one: &PartitionDef| names.iter().any(|name| one.name.eq_ignore_ascii_case(name));
                let at = self.partitions.iter().position(is_named).unwrap_or(0);
                self.partitions.retain(|one| !is_named(one));
                let at = at.min(self.partitions.len());
                self.partitions.splice(at..at, into);
            }
            _ => return false,
        }
        true
    }

    /// `PARTITION BY …` as a statement.
    pub fn to_sql(&self) -> String {
        use crate::ast::PartitionKey;
        let linear = if self.method.linear { "LINEAR " } else { "" };
        let by = match &self.method.by {
            PartitionKey::Expr(expr) => expr.clone(),
            PartitionKey::Columns(columns) => {
                let word = if self.method.kind == "key" { "" } else { "COLUMNS " };
                let names: Vec<String> =
                    columns.iter().map(|name| format!("`{}`", name.replace('`', "``"))).collect();
                format!("{word}({})", names.join(", "))
            }
            PartitionKey::Other(text) => text.clone(),
        };
        let mut text = format!("PARTITION BY {linear}{} {by}", self.method.kind.to_uppercase());
        if let Some(count) = self.count {
            text += &format!(" PARTITIONS {count}");
        }
        if !self.partitions.is_empty() {
            let all: Vec<String> = self.partitions.iter().map(PartitionDef::to_sql).collect();
            text += &format!(" ({})", all.join(", "));
        }
        text
    }
}

impl PartitionDef {
    pub(crate) fn to_sql(&self) -> String {
        let mut text = format!("PARTITION `{}`", self.name.replace('`', "``"));
        text += &match &self.values {
            PartitionValues::None => String::new(),
            PartitionValues::LessThan(values) => format!(" VALUES LESS THAN ({})", values.join(", ")),
            PartitionValues::In(values) => format!(" VALUES IN ({})", values.join(", ")),
            PartitionValues::Word(word) => format!(" {}", word.to_uppercase()),
        };
        for (name, value) in &self.options {
            let value =
                if name == "engine" { value.clone() } else { format!("'{}'", value.replace('\'', "''")) };
            text += &format!(" {} = {value}", name.to_uppercase());
        }
        text
    }
}
