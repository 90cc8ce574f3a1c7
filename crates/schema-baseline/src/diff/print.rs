//! Definitions as SQL that a server of either vendor takes.

use std::fmt::Write as _;

use migrate_core::history::quoted;

use crate::ast::{Action, ActionWord, DataType, DefaultValue, Expr, KeyKind, KeyPartOf, Literal};
use crate::catalogue::versioning;
use crate::catalogue::{Check, Column, ForeignKey, Key, Partitioning, Table};
use crate::dialect::{Dialect, Vendor};
use crate::parse::{canonical_text, tokens_of};
use crate::place::Span;

/// For whom, and of which table.
#[derive(Clone, Copy)]
pub(super) struct Printer<'a> {
    pub(super) dialect: Dialect,
    pub(super) table: &'a Table,
}

/// A string in quotes.
pub(super) fn string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('\'');
    for character in text.chars() {
        match character {
            '\'' => out.push_str("''"),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\0' => out.push_str("\\0"),
            other => out.push(other),
        }
    }
    out.push('\'');
    out
}

/// Names in backticks, with commas between.
pub(super) fn list(names: &[String]) -> String {
    names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ")
}

impl Printer<'_> {
    fn is_mysql(self) -> bool {
        self.dialect.vendor == Vendor::MySql
    }

    /// An expression as it was written, or, when a column of it has another name since, in its one spelling.
    pub(super) fn expression(self, expr: &Expr) -> String {
        if canonical_text(&expr.written, self.dialect) == expr.canonical {
            return close(&expr.written, self.dialect);
        }
        let columns: Vec<String> = self.table.column_names().map(str::to_lowercase).collect();
        let words: Vec<&str> = expr.canonical.split(' ').collect();
        let quote = |(index, word): (usize, &&str)| {
            let is_call = words.get(index + 1).is_some_and(|next| *next == "(");
            if !is_call && columns.iter().any(|column| column == word) {
                quoted(word)
            } else {
                (*word).to_owned()
            }
        };
        close(&words.iter().enumerate().map(quote).collect::<Vec<_>>().join(" "), self.dialect)
    }

    /// A column with its name.
    pub(super) fn column(self, column: &Column) -> String {
        let mut text = format!("{} {}", quoted(&column.name), self.data_type(&column.data_type));
        if let Some(generated) = &column.generated {
            let kind = if generated.stored { "STORED" } else { "VIRTUAL" };
            let _ = write!(text, " GENERATED ALWAYS AS ({}) {kind}", self.expression(&generated.expr));
        }
        let is_timestamp = column.data_type.name == "timestamp" && column.generated.is_none();
        if versioning::row_bound(&column.other).is_some() {
            // Such columns take no word about NULL.
        } else if !column.nullable && (self.is_mysql() || column.generated.is_none()) {
            text += " NOT NULL";
        } else if is_timestamp {
            text += " NULL";
        }
        if let Some(srid) = &column.srid {
            text += &if self.is_mysql() { format!(" SRID {srid}") } else { format!(" REF_SYSTEM_ID={srid}") };
        }
        if let Some(default) = column.default.as_ref().filter(|_| column.generated.is_none()) {
            text += &self.default_value(column, default);
        }
        if column.on_update {
            let _ = write!(text, " ON UPDATE {}", now(&column.data_type));
        }
        text += if column.auto_increment { " AUTO_INCREMENT" } else { "" };
        text += if column.invisible { " INVISIBLE" } else { "" };
        for (name, value) in &column.other {
            text += &attribute(name, value);
        }
        if !column.comment.is_empty() {
            let _ = write!(text, " COMMENT {}", string(&column.comment));
        }
        for check in self.inline_checks(column) {
            let _ = write!(text, " CHECK ({})", self.expression(&check.expr));
        }
        text
    }

    /// The checks that are part of a column's definition.
    fn inline_checks<'c>(self, column: &'c Column) -> impl Iterator<Item = &'c Check>
    where
        Self: 'c,
    {
        self.table.checks.iter().filter(|check| {
            check.column.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(&column.name))
        })
    }

    fn data_type(self, data_type: &DataType) -> String {
        let mut text = data_type.name.to_owned();
        if !data_type.members.is_empty() {
            let members: Vec<String> = data_type.members.iter().map(|member| string(member)).collect();
            let _ = write!(text, "({})", members.join(","));
        } else if !data_type.numbers.is_empty() {
            let numbers: Vec<String> = data_type.numbers.iter().map(u32::to_string).collect();
            let _ = write!(text, "({})", numbers.join(","));
        } else if let Some(width) = data_type.words.0.width {
            let _ = write!(text, "({width})");
        }
        text += if data_type.zerofill {
            " unsigned zerofill"
        } else if data_type.unsigned {
            " unsigned"
        } else {
            ""
        };
        if let (Some(charset), Some(collation)) = (&data_type.charset, &data_type.collation) {
            let own = data_type.words.0.own_charset || *collation != self.table.collation;
            if own && data_type.name != "json" {
                let _ = write!(text, " CHARACTER SET {charset} COLLATE {collation}");
            }
        }
        text
    }

    fn default_value(self, column: &Column, default: &DefaultValue) -> String {
        let value = match default {
            DefaultValue::Null
                if column.nullable && !self.is_mysql() && column.data_type.name == "timestamp" =>
            {
                "NULL".to_owned()
            }
            DefaultValue::Null => return String::new(),
            DefaultValue::Now => now(&column.data_type),
            DefaultValue::Expr(expr) => format!("({})", self.expression(expr)),
            DefaultValue::Literal(Literal::Number(number)) => number.clone(),
            DefaultValue::Literal(Literal::Text(text)) => string(text),
            DefaultValue::Literal(Literal::Bytes(bytes)) if column.data_type.name == "bit" => {
                let bits: String = digits(bytes, |out, byte| write!(out, "{byte:08b}"));
                let bits = bits.trim_start_matches('0');
                format!("b'{}'", if bits.is_empty() { "0" } else { bits })
            }
            DefaultValue::Literal(Literal::Bytes(bytes)) => {
                format!("x'{}'", digits(bytes, |out, byte| write!(out, "{byte:02x}")))
            }
        };
        format!(" DEFAULT {value}")
    }

    /// A key with its name.
    pub(super) fn key(self, key: &Key) -> String {
        let mut text = match key.kind {
            KeyKind::Primary => "PRIMARY KEY".to_owned(),
            KeyKind::Unique => format!("UNIQUE KEY {}", quoted(&key.name)),
            KeyKind::Plain => format!("KEY {}", quoted(&key.name)),
            KeyKind::Fulltext => format!("FULLTEXT KEY {}", quoted(&key.name)),
            KeyKind::Spatial => format!("SPATIAL KEY {}", quoted(&key.name)),
            KeyKind::Vector => format!("VECTOR KEY {}", quoted(&key.name)),
        };
        let parts: Vec<String> = key
            .parts
            .iter()
            .map(|part| {
                let mut text = match &part.of {
                    KeyPartOf::Column(name) => quoted(self.own_name(&name.text)),
                    KeyPartOf::Expr(expr) => format!("({})", self.expression(expr)),
                };
                if let Some(length) = part.length.filter(|_| key.kind != KeyKind::Spatial) {
                    let _ = write!(text, "({length})");
                }
                text += if part.descending { " DESC" } else { "" };
                text
            })
            .collect();
        let overlaps = key.options.iter().find(|(name, _)| name == versioning::WITHOUT_OVERLAPS);
        let overlaps =
            overlaps.map_or_else(String::new, |(_, period)| format!(", {} WITHOUT OVERLAPS", quoted(period)));
        let _ = write!(text, " ({}{overlaps})", parts.join(", "));
        let uses = key.options.iter().any(|(name, _)| name.starts_with("using"));
        text += if key.words.btree && !uses { " USING BTREE" } else { "" };
        if let Some(size) = key.words.block_size {
            let _ = write!(text, " KEY_BLOCK_SIZE={size}");
        }
        for (name, value) in key.options.iter().filter(|(name, _)| name != versioning::WITHOUT_OVERLAPS) {
            text += &match name.as_str() {
                "comment" => format!(" COMMENT {}", string(value)),
                "parser" => format!(" WITH PARSER {}", quoted(value)),
                "using" => format!(" USING {}", value.to_uppercase()),
                _ => attribute(name, value),
            };
        }
        if key.invisible {
            text += if self.is_mysql() { " INVISIBLE" } else { " IGNORED" };
        }
        text
    }

    /// A foreign key; its name only where someone chose it.
    pub(super) fn foreign_key(self, key: &ForeignKey) -> String {
        let own: Vec<String> = key.columns.iter().map(|name| self.own_name(name).to_owned()).collect();
        let name =
            if key.generated_name { String::new() } else { format!("CONSTRAINT {} ", quoted(&key.name)) };
        let schema = key.parent_schema.as_ref().map_or_else(String::new, |schema| quoted(schema) + ".");
        let mut text = format!(
            "{name}FOREIGN KEY ({}) REFERENCES {schema}{} ({})",
            list(&own),
            quoted(&key.parent),
            list(&key.parent_columns)
        );
        for (event, action, word) in
            [("DELETE", key.on_delete, key.words.0), ("UPDATE", key.on_update, key.words.1)]
        {
            let action = match (action, word) {
                (Action::Cascade, _) => "CASCADE",
                (Action::SetNull, _) => "SET NULL",
                (Action::SetDefault, _) => "SET DEFAULT",
                (Action::Restrict, ActionWord::Restrict) => "RESTRICT",
                (Action::Restrict, ActionWord::NoAction) => "NO ACTION",
                (Action::Restrict, ActionWord::Absent) => continue,
            };
            let _ = write!(text, " ON {event} {action}");
        }
        text
    }

    /// A check of the table; its name only where someone chose it.
    pub(super) fn check(self, check: &Check) -> String {
        let name =
            if check.generated_name { String::new() } else { format!("CONSTRAINT {} ", quoted(&check.name)) };
        let not = if check.enforced { "" } else { " NOT ENFORCED" };
        format!("{name}CHECK ({}){not}", self.expression(&check.expr))
    }

    /// `CREATE TABLE` with those of its foreign keys that `has` admits.
    pub(super) fn create(self, has: impl Fn(&ForeignKey) -> bool) -> String {
        let table = self.table;
        let mut lines: Vec<String> = table.columns.iter().map(|column| self.column(column)).collect();
        lines.extend(table.keys.iter().filter(|key| !key.implicit).map(|key| self.key(key)));
        lines.extend(table.foreign_keys.iter().filter(|key| has(key)).map(|key| self.foreign_key(key)));
        lines.extend(
            table.checks.iter().filter(|check| check.column.is_none()).map(|check| self.check(check)),
        );
        lines.extend(versioning::clauses(table));
        let mut text = format!("CREATE TABLE {} (\n    {}\n)", quoted(&table.name), lines.join(",\n    "));
        if let Some(engine) = table.options.get("engine") {
            let _ = write!(text, " {}", option("engine", engine));
        }
        let _ = write!(text, " DEFAULT CHARACTER SET={} COLLATE={}", table.charset, table.collation);
        for (name, value) in table
            .options
            .iter()
            .filter(|(name, _)| *name != "engine" && !name.starts_with(versioning::PERIOD))
        {
            let _ = write!(text, " {}", option(name, value));
        }
        if let Some(partitions) = self.partitions() {
            let _ = write!(text, "\n{partitions}");
        }
        text
    }

    /// `PARTITION BY …`, when the table is partitioned.
    pub(super) fn partitions(self) -> Option<String> {
        match &self.table.partitioning {
            Partitioning::None | Partitioning::Unknown => None,
            Partitioning::By(text) => {
                let structured = self.table.partitions.as_ref().filter(|by| by.sub.is_none());
                Some(structured.map_or_else(|| text.clone(), crate::ast::PartitionBy::to_sql))
            }
        }
    }

    /// The name of a column as its definition writes it.
    fn own_name<'n>(self, name: &'n str) -> &'n str
    where
        Self: 'n,
    {
        self.table.column(name).map_or(name, |column| column.name.as_str())
    }
}

fn digits(bytes: &[u8], one: impl Fn(&mut String, u8) -> std::fmt::Result) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = one(&mut out, *byte);
        out
    })
}

/// Tokens with blanks only where they stand apart: the parenthesis of a call must follow its function at once.
fn close(text: &str, dialect: Dialect) -> String {
    let span = Span { start: 0, end: text.len() };
    let mut out = String::with_capacity(text.len());
    for token in tokens_of(text, span, dialect) {
        let word = token.text(text);
        let tight = matches!(word, "(" | ")" | "," | ".") || out.ends_with(['(', '.']) || out.is_empty();
        if !tight {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// The current time with as many digits as the type keeps.
fn now(data_type: &DataType) -> String {
    match data_type.numbers.first() {
        Some(digits) if *digits > 0 => format!("CURRENT_TIMESTAMP({digits})"),
        _ => "CURRENT_TIMESTAMP".to_owned(),
    }
}

fn attribute(name: &str, value: &str) -> String {
    let name = name.to_uppercase();
    if value.is_empty() { format!(" {name}") } else { format!(" {name} {value}") }
}

/// An option of a table.
pub(super) fn option(name: &str, value: &str) -> String {
    match name {
        "engine" => format!("ENGINE={}", crate::show::engine_name(value)),
        "system versioning" => "WITH SYSTEM VERSIONING".to_owned(),
        "comment"
        | "compression"
        | "connection"
        | "encryption"
        | "data directory"
        | "index directory"
        | "password"
        | "engine_attribute"
        | "secondary_engine_attribute" => {
            format!("{}={}", name.to_uppercase(), string(value))
        }
        _ => format!("{}={}", name.to_uppercase(), value.to_uppercase()),
    }
}
