//! What servers refuse of the partitions of a table.

use std::collections::BTreeSet;

use super::apply::Run;
use super::table::Table;
use crate::ast::{
    AlterAction, AlterTable, KeyKind, KeyPartOf, PartitionBy, PartitionDef, PartitionKey, PartitionValues,
    TableElement, same_name,
};
use crate::dialect::Dialect;
use crate::parse::{tokens_of, unquoted};
use crate::place::Span;

/// Why partitions are refused, and what to do.
type Refusal = (String, &'static str);

impl Run<'_> {
    /// Refuses partitions that do not go with each other or with the table.
    pub(super) fn check_partitions(&mut self, table: &Table, span: Span) {
        let Some(by) = table.partitions.as_ref().filter(|_| table.is_certain(self.catalogue)) else { return };
        let used = columns_of(by, table, self.catalogue.dialect);
        let found = definitions_refused(by)
            .or_else(|| values_refused(by))
            .or_else(|| used_refused(by, table, &used))
            .or_else(|| table_refused(table, &used, self.catalogue.children(&table.name).next().is_some()));
        if let Some((reason, help)) = found {
            self.refuse(span, reason, help);
        }
    }

    /// As [`Run::check_partitions`], when a statement has changed what they depend on.
    pub(super) fn check_changed_partitions(&mut self, table: &Table, alter: &AlterTable) {
        let matters = |action: &AlterAction| {
            matches!(
                action,
                AlterAction::Partition(Some(_))
                    | AlterAction::ChangePartitions
                    | AlterAction::DropColumn(_)
                    | AlterAction::Add(TableElement::Key(_) | TableElement::ForeignKey(_), _)
            )
        };
        if let Some(action) = alter.actions.iter().find(|one| matters(&one.action)) {
            self.check_partitions(table, action.span);
        }
    }
}

impl Table {
    /// Whether rows are spread by a column.
    pub(super) fn is_spread_by(&self, column: &str, dialect: Dialect) -> bool {
        let used = self.partitions.as_ref().map(|by| columns_of(by, self, dialect)).unwrap_or_default();
        used.iter().any(|used| same_name(used, column))
    }
}

/// The columns by which rows are spread, by name as written; those of an expression only where they are columns of the table.
fn columns_of(by: &PartitionBy, table: &Table, dialect: Dialect) -> Vec<String> {
    let mut used = Vec::new();
    for method in std::iter::once(&by.method).chain(by.sub.as_ref().map(|(method, _)| method)) {
        match &method.by {
            PartitionKey::Columns(columns) => used.extend(columns.iter().cloned()),
            PartitionKey::Expr(expr) => {
                let tokens = tokens_of(expr, Span { start: 0, end: expr.len() }, dialect);
                let words: Vec<String> = tokens.iter().map(|token| unquoted(token.text(expr))).collect();
                let is_alone = words.len() == 3;
                let is_column = |word: &&String| table.column(word).is_some();
                if is_alone && words[1].starts_with(|c: char| c.is_alphabetic() || c == '_') {
                    used.push(words[1].clone());
                } else {
                    used.extend(words.iter().filter(is_column).cloned());
                }
            }
            PartitionKey::Other(_) => {}
        }
    }
    used
}

/// Names and numbers.
fn definitions_refused(by: &PartitionBy) -> Option<Refusal> {
    if by.partitions.is_empty() && matches!(by.method.kind, "range" | "list") {
        return Some((
            "each partition needs a definition".to_owned(),
            "list the partitions behind PARTITION BY",
        ));
    }
    if by.count == Some(0) {
        return Some(("there is one partition at least".to_owned(), "write a number of 1 or more"));
    }
    if let Some(count) = by.count.filter(|_| !by.partitions.is_empty())
        && usize::try_from(count) != Ok(by.partitions.len())
    {
        let reason = format!("PARTITIONS says {count}, and {} are defined", by.partitions.len());
        return Some((reason, "leave the number out"));
    }
    let mut names = BTreeSet::new();
    let all = by.partitions.iter().flat_map(|one| std::iter::once(one).chain(&one.sub));
    for PartitionDef { name, .. } in all {
        if !names.insert(name.to_lowercase()) {
            return Some((format!("two partitions are called `{name}`"), "choose another name"));
        }
    }
    None
}

/// Bounds that rise, and values that are listed once, as far as they are numbers.
fn values_refused(by: &PartitionBy) -> Option<Refusal> {
    let number = |text: &str| {
        let is_largest = text.eq_ignore_ascii_case("maxvalue");
        // No number of 64 bits comes near.
        if is_largest { Some(i128::MAX) } else { text.replace(' ', "").parse::<i128>().ok() }
    };
    let mut before: Option<Vec<i128>> = None;
    let mut listed = BTreeSet::new();
    for (at, one) in by.partitions.iter().enumerate() {
        match &one.values {
            PartitionValues::LessThan(values) => {
                let all_largest = values.iter().all(|value| value.eq_ignore_ascii_case("maxvalue"));
                if all_largest && at + 1 < by.partitions.len() {
                    let reason =
                        format!("partition `{}` ends with MAXVALUE and is not the last one", one.name);
                    return Some((reason, "cut it in two by REORGANIZE PARTITION"));
                }
                let bound: Option<Vec<i128>> = values.iter().map(|value| number(value)).collect();
                if let (Some(before), Some(bound)) = (&before, &bound)
                    && bound <= before
                {
                    let reason =
                        format!("the bound of partition `{}` is not above the one before it", one.name);
                    return Some((reason, "let the bounds rise from partition to partition"));
                }
                before = bound;
            }
            PartitionValues::In(values) => {
                for value in values {
                    let is_null = value.eq_ignore_ascii_case("null");
                    let Some(key) = (if is_null { Some(i128::MIN) } else { number(value) }) else { continue };
                    if !listed.insert(key) {
                        return Some((format!("{value} is listed twice"), "list each value once"));
                    }
                }
            }
            PartitionValues::None | PartitionValues::Word(_) => {}
        }
    }
    None
}

/// Columns by which rows are spread.
fn used_refused(by: &PartitionBy, table: &Table, used: &[String]) -> Option<Refusal> {
    if let Some(missing) = used.iter().find(|name| table.column(name).is_none()) {
        let reason = format!("rows of table `{}` are spread by `{missing}`, which is no column", table.name);
        return Some((reason, "spread them by columns that there are"));
    }
    let PartitionKey::Expr(_) = &by.method.by else { return None };
    let [only] = used else { return None };
    let column = table.column(only)?;
    let is_bare = by.method.kind != "system_time"
        && matches!(&by.method.by, PartitionKey::Expr(expr) if is_only(expr, only));
    let kind = column.data_type.name;
    let is_whole = matches!(kind, "tinyint" | "smallint" | "mediumint" | "int" | "bigint" | "year" | "bit");
    let reason = format!("`{only}` is {kind}, and rows are spread by whole numbers");
    (is_bare && !is_whole).then_some((reason, "spread them by COLUMNS, or by a function of the column"))
}

fn is_only(expr: &str, column: &str) -> bool {
    let inside = expr.trim().trim_start_matches('(').trim_end_matches(')').trim();
    same_name(&unquoted(inside), column)
}

/// Keys that hold across partitions.
fn table_refused(table: &Table, used: &[String], is_parent: bool) -> Option<Refusal> {
    if is_parent || !table.foreign_keys.is_empty() {
        let reason = format!("table `{}` has partitions and foreign keys", table.name);
        return Some((reason, "leave one of them out"));
    }
    let unique = table.keys.iter().filter(|key| matches!(key.kind, KeyKind::Primary | KeyKind::Unique));
    for key in unique {
        let has = |column: &&String| {
            key.parts.iter().any(|part| {
                part.length.is_none() && matches!(&part.of, KeyPartOf::Column(name) if name.same(column))
            })
        };
        if let Some(missing) = used.iter().find(|column| !has(column)) {
            let reason = format!("unique key `{}` lacks `{missing}`, by which rows are spread", key.name);
            return Some((reason, "add the column to the key"));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::dialect::Dialect;
    use crate::place::Source;
    use crate::replay::replay_scripts;

    /// What is wrong with a table; both servers refuse the same.
    fn refused(text: &str) -> Vec<String> {
        let of = |server: &str| -> Vec<String> {
            let source = Arc::new(Source::new("a.sql", text.into()));
            let findings = replay_scripts([source], server.parse::<Dialect>().unwrap()).1;
            findings.iter().map(ToString::to_string).collect()
        };
        let found = of("mysql-9.7");
        assert_eq!(found, of("mariadb-10.11"), "{text}");
        found
    }

    #[test]
    fn partitions_go_together() {
        for (by, reason) in [
            ("RANGE (a)", "needs a definition"),
            ("HASH (a) PARTITIONS 0", "one partition at least"),
            ("RANGE (a) PARTITIONS 2 (PARTITION p VALUES LESS THAN (1))", "1 are defined"),
            (
                "RANGE (a) (PARTITION p VALUES LESS THAN (1), PARTITION P VALUES LESS THAN (2))",
                "are called `P`",
            ),
            ("RANGE (a) (PARTITION p VALUES LESS THAN (3), PARTITION q VALUES LESS THAN (3))", "not above"),
            (
                "RANGE (a) (PARTITION p VALUES LESS THAN MAXVALUE, PARTITION q VALUES LESS THAN (3))",
                "not the last",
            ),
            (
                "RANGE COLUMNS (a, b) (PARTITION p VALUES LESS THAN (1, 10), PARTITION q VALUES LESS THAN (1, 5))",
                "not above",
            ),
            ("LIST (a) (PARTITION p VALUES IN (1, NULL), PARTITION q VALUES IN (NULL))", "listed twice"),
            ("HASH (c)", "whole numbers"),
            ("HASH (nope)", "is no column"),
            ("RANGE COLUMNS (nope) (PARTITION p VALUES LESS THAN (1))", "is no column"),
        ] {
            let found = refused(&format!("CREATE TABLE t (a INT, b INT, c DATE) PARTITION BY {by}"));
            assert!(found.len() == 1 && found[0].contains(reason), "{by}: {found:?}");
        }
        for by in [
            "RANGE (a) (PARTITION p VALUES LESS THAN (-5), PARTITION q VALUES LESS THAN (-3), PARTITION r VALUES LESS THAN MAXVALUE)",
            "RANGE COLUMNS (a, b) (PARTITION p VALUES LESS THAN (1, MAXVALUE), PARTITION q VALUES LESS THAN (MAXVALUE, MAXVALUE))",
            "LIST (a) (PARTITION p VALUES IN (1, NULL), PARTITION q VALUES IN (2))",
            "HASH (TO_DAYS(c)) PARTITIONS 2",
            "KEY (c)",
        ] {
            assert_eq!(
                refused(&format!("CREATE TABLE t (a INT, b INT, c DATE) PARTITION BY {by}")),
                [""; 0],
                "{by}"
            );
        }
    }

    #[test]
    fn unique_keys_have_the_columns_that_spread_rows() {
        let lacks = "lacks `b`";
        for (table, more) in [
            ("a INT PRIMARY KEY, b INT", ""),
            ("a INT, b INT, UNIQUE (a)", ""),
            ("a INT, b INT", "; ALTER TABLE t ADD UNIQUE (a)"),
        ] {
            let found = refused(&format!("CREATE TABLE t ({table}) PARTITION BY HASH (b + 1){more}"));
            assert!(found.len() == 1 && found[0].contains(lacks), "{table}: {found:?}");
        }
        assert_eq!(
            refused("CREATE TABLE t (a INT, b INT, PRIMARY KEY (a, b)) PARTITION BY HASH (b)"),
            [""; 0]
        );
        let parent =
            "CREATE TABLE p (a INT PRIMARY KEY); CREATE TABLE t (a INT, FOREIGN KEY (a) REFERENCES p (a))";
        for text in [
            format!("{parent} PARTITION BY HASH (a)"),
            format!("{parent}; ALTER TABLE t PARTITION BY HASH (a)"),
            format!("{parent}; ALTER TABLE p PARTITION BY HASH (a)"),
        ] {
            assert!(refused(&text)[0].contains("partitions and foreign keys"), "{text}");
        }
    }

    #[test]
    fn one_partition_stays() {
        let table = "CREATE TABLE t (a INT) PARTITION BY";
        for text in [
            format!("{table} HASH (a) PARTITIONS 2; ALTER TABLE t COALESCE PARTITION 2"),
            format!("{table} RANGE (a) (PARTITION p VALUES LESS THAN (1)); ALTER TABLE t DROP PARTITION p"),
        ] {
            let found = refused(&text);
            assert!(
                found.len() == 1 && found[0].contains("would be left without partitions"),
                "{text}: {found:?}"
            );
        }
        let found = refused("CREATE TABLE t (a INT); ALTER TABLE t DROP PARTITION p");
        assert!(found.len() == 1 && found[0].contains("has no partitions"), "{found:?}");
        let found = refused(&format!("{table} HASH (a); ALTER TABLE t ADD b INT, DROP COLUMN a"));
        assert!(found.len() == 1 && found[0].contains("is no column"), "{found:?}");
    }
}
