//! Expressions that follow a column to its new name, as on MariaDB; MySQL refuses to rename what expressions use.

use migrate_core::history::quoted;
use migrate_core::script::lexer::TokenKind;

use super::partitions::one_spelling;
use super::table::{Partitioning, Table};
use crate::ast::{DefaultValue, Expr, PartitionKey, same_name};
use crate::dialect::Dialect;
use crate::parse::{canonical_text, tokens_of, unquoted};
use crate::place::Span;

impl Table {
    /// Lets checks, generated columns, defaults and partitions use the new name.
    pub(super) fn rename_in_expressions(&mut self, from: &str, to: &str, dialect: Dialect) {
        let rename = |expr: &mut Expr| {
            if expr.words.iter().any(|word| word.same(from)) {
                rename_in(expr, from, to, dialect);
            }
        };
        for check in &mut self.checks {
            rename(&mut check.expr);
            if let Some(column) = check.column.as_mut().filter(|column| same_name(column, from)) {
                to.clone_into(column);
                to.clone_into(&mut check.name);
            }
        }
        for column in &mut self.columns {
            if let Some(generated) = &mut column.generated {
                rename(&mut generated.expr);
            }
            if let Some(DefaultValue::Expr(expr)) = &mut column.default {
                rename(expr);
            }
        }
        self.rename_in_partitions(from, to, dialect);
    }

    fn rename_in_partitions(&mut self, from: &str, to: &str, dialect: Dialect) {
        let Some(by) = &mut self.partitions else { return };
        let subs = by.sub.as_mut().map(|(method, _)| method);
        for method in std::iter::once(&mut by.method).chain(subs) {
            match &mut method.by {
                PartitionKey::Columns(columns) => {
                    for column in columns.iter_mut().filter(|column| same_name(column, from)) {
                        to.clone_into(column);
                    }
                }
                PartitionKey::Expr(text) => *text = renamed(text, from, to, dialect),
                PartitionKey::Other(_) => {}
            }
        }
        self.partitioning = Partitioning::By(one_spelling(&canonical_text(&by.to_sql(), dialect)));
    }
}

fn rename_in(expr: &mut Expr, from: &str, to: &str, dialect: Dialect) {
    let written = renamed(&expr.written, from, to, dialect);
    expr.canonical = canonical_text(&written, dialect);
    expr.written = written.into();
    for word in expr.words.iter_mut().filter(|word| word.same(from)) {
        to.clone_into(&mut word.text);
    }
}

/// The text with another name for a column: every name that is no function and not qualified by another one.
fn renamed(text: &str, from: &str, to: &str, dialect: Dialect) -> String {
    let tokens = tokens_of(text, Span { start: 0, end: text.len() }, dialect);
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for (index, token) in tokens.iter().enumerate() {
        let is_name = matches!(token.kind, TokenKind::Word | TokenKind::QuotedIdentifier);
        let next = tokens.get(index + 1);
        let other = next.is_some_and(|next| {
            next.is_symbol(text, ".") || (token.kind == TokenKind::Word && next.is_symbol(text, "("))
        });
        if !is_name || other || !same_name(&unquoted(token.text(text)), from) {
            continue;
        }
        out.push_str(&text[copied..token.start]);
        out.push_str(&quoted(to));
        copied = token.end;
    }
    out.push_str(&text[copied..]);
    out
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::ast::ObjectKind;
    use crate::dialect::Dialect;
    use crate::place::Source;
    use crate::replay::replay_scripts;
    use crate::show::show_create;

    /// What a server makes of table `t`; none when it refuses a statement.
    fn shown(server: &str, text: &str) -> Option<String> {
        let source = Arc::new(Source::new("a.sql", text.into()));
        let (catalogue, findings) = replay_scripts([source], server.parse::<Dialect>().unwrap());
        findings.is_empty().then(|| show_create(&catalogue, ObjectKind::Table, "t", "`a`@`b`"))?
    }

    #[test]
    fn expressions_follow_on_mariadb_and_hold_on_mysql() {
        let table = "CREATE TABLE t (a INT, b INT AS (a + length('a')), CHECK (a > 1), c INT CHECK (c > 3), d INT DEFAULT (a + 2));";
        for rename in ["ALTER TABLE t CHANGE a z INT", "ALTER TABLE t RENAME COLUMN a TO z"] {
            let shown =
                shown("mariadb-10.11", &format!("{table} {rename}; ALTER TABLE t RENAME COLUMN c TO y"));
            assert_eq!(
                shown.unwrap().lines().skip(1).take(5).collect::<Vec<_>>(),
                [
                    "  `z` int(11) DEFAULT NULL,",
                    "  `b` int(11) GENERATED ALWAYS AS (`z` + octet_length('a')) VIRTUAL,",
                    "  `y` int(11) DEFAULT NULL CHECK (`y` > 3),",
                    "  `d` int(11) DEFAULT (`z` + 2),",
                    "  CONSTRAINT `CONSTRAINT_1` CHECK (`z` > 1)",
                ]
            );
        }
        assert_eq!(shown("mysql-9.7", &format!("{table} ALTER TABLE t CHANGE a z INT")), None);
    }

    #[test]
    fn partitions_follow_on_mariadb_and_hold_on_mysql() {
        for (by, last) in [
            ("KEY (a)", " PARTITION BY KEY (`z`)"),
            ("HASH (a + b)", " PARTITION BY HASH (`z` + `b`)"),
            (
                "RANGE (b) SUBPARTITION BY HASH (a) (PARTITION p VALUES LESS THAN (1))",
                "SUBPARTITION BY HASH (`z`)",
            ),
        ] {
            let text = format!(
                "CREATE TABLE t (a INT, b INT) PARTITION BY {by}; ALTER TABLE t RENAME COLUMN a TO z"
            );
            let lines = shown("mariadb-10.11", &text).unwrap();
            assert!(lines.lines().any(|line| line == last), "{lines}");
            assert_eq!(shown("mysql-9.7", &text), None, "{by}");
        }
    }
}
