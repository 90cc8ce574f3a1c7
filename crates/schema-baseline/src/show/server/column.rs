//! Lines of columns.

use migrate_core::history::quoted;

use super::Style;
use super::literal::{at_scale, float, member, string, time};
use crate::ast::{DataType, DefaultValue, Literal};
use crate::catalogue::versioning;
use crate::catalogue::{Check, Column, Table};
use crate::dialect::charset_of;

impl Style<'_> {
    /// The line of a column, without indentation and comma.
    pub(super) fn column(self, table: &Table, column: &Column) -> Option<String> {
        let mut text = format!("{} {}", quoted(&column.name), self.data_type(&column.data_type));
        text += &self.charset(table, column);
        if let Some(generated) = &column.generated {
            let kind = if generated.stored { "STORED" } else { "VIRTUAL" };
            text += &format!(" GENERATED ALWAYS AS ({}) {kind}", self.expression(&generated.expr)?);
        }
        let is_timestamp = column.data_type.name == "timestamp";
        if let Some(bound) = versioning::row_bound(&column.other) {
            text += &format!(" {}", bound.to_uppercase());
        } else if !column.nullable {
            text += " NOT NULL";
        } else if is_timestamp && (self.is_mysql() || column.generated.is_none()) {
            text += " NULL";
        }
        if let Some(srid) = column.srid.as_ref().filter(|_| self.is_mysql()) {
            text += &format!(" /*!80003 SRID {srid} */");
        }
        if column.invisible && !self.is_mysql() {
            text += " INVISIBLE";
        }
        if self.is_mysql() {
            text += &mysql_attributes(column);
        }
        if let Some(default) = &column.default {
            text += &self.default_value(column, default)?;
        }
        if column.other.iter().any(|(name, _)| name == versioning::WITHOUT) {
            text += " WITHOUT SYSTEM VERSIONING";
        }
        if column.on_update {
            text += &format!(" ON UPDATE {}", self.now(&column.data_type));
        }
        text += if column.auto_increment { " AUTO_INCREMENT" } else { "" };
        if column.invisible && self.is_mysql() {
            text += " /*!80023 INVISIBLE */";
        }
        if !column.comment.is_empty() {
            text += &format!(" COMMENT {}", string(&column.comment));
        }
        if !self.is_mysql() {
            text += &self.inline_checks(table, column)?;
        }
        Some(text)
    }

    /// What MariaDB keeps in the line of the column.
    fn inline_checks(self, table: &Table, column: &Column) -> Option<String> {
        let own = |check: &&Check| {
            check.column.as_ref().is_some_and(|name| crate::ast::same_name(name, &column.name))
        };
        match table.checks.iter().find(own) {
            Some(check) => Some(format!(" CHECK ({})", self.expression(&check.expr)?)),
            None if column.data_type.name == "json" => {
                Some(format!(" CHECK (json_valid({}))", quoted(&column.name)))
            }
            None => Some(String::new()),
        }
    }

    pub(super) fn data_type(self, data_type: &DataType) -> String {
        let name = match (data_type.name, self.is_mysql()) {
            ("json", false) => "longtext",
            ("geomcollection", false) => "geometrycollection",
            (name, _) => name,
        };
        let mut text = name.to_owned();
        if !data_type.members.is_empty() {
            text += &format!(
                "({})",
                data_type.members.iter().map(|one| member(one)).collect::<Vec<_>>().join(",")
            );
        } else if let Some(width) = self.width(data_type) {
            text += &format!("({width})");
        } else if !data_type.numbers.is_empty() {
            text +=
                &format!("({})", data_type.numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(","));
        }
        text += if data_type.unsigned { " unsigned" } else { "" };
        text += if data_type.zerofill { " zerofill" } else { "" };
        text
    }

    /// The display width of an integer, where the server shows one.
    fn width(self, data_type: &DataType) -> Option<u32> {
        let unsigned = data_type.unsigned;
        let default = match data_type.name {
            "tinyint" => {
                if unsigned {
                    3
                } else {
                    4
                }
            }
            "smallint" => {
                if unsigned {
                    5
                } else {
                    6
                }
            }
            "mediumint" => {
                if unsigned {
                    8
                } else {
                    9
                }
            }
            "int" => {
                if unsigned {
                    10
                } else {
                    11
                }
            }
            "bigint" => 20,
            "year" => return (!self.is_mysql()).then_some(4),
            _ => return None,
        };
        let written = data_type.words.0.width;
        let shown = !self.is_mysql()
            || data_type.zerofill
            || (data_type.name == "tinyint" && written == Some(1) && !unsigned);
        shown.then(|| written.unwrap_or(default))
    }

    fn charset(self, table: &Table, column: &Column) -> String {
        let data_type = &column.data_type;
        if data_type.name == "json" && !self.is_mysql() {
            return " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin".to_owned();
        }
        let (Some(charset), Some(collation)) = (&data_type.charset, &data_type.collation) else {
            return String::new();
        };
        if !self.is_mysql() {
            return if *collation == table.collation {
                String::new()
            } else {
                format!(" CHARACTER SET {charset} COLLATE {collation}")
            };
        }
        let own = data_type.words.0.own_charset;
        let mut text = String::new();
        if own || *charset != table.charset || *collation != table.collation {
            text += &format!(" CHARACTER SET {charset}");
        }
        let is_default = self.dialect.default_collation(charset) == Some(collation);
        if own || !is_default || (charset_of(collation) == "utf8mb4" && *collation != table.collation) {
            text += &format!(" COLLATE {collation}");
        }
        text
    }

    fn now(self, data_type: &DataType) -> String {
        let digits = data_type.numbers.first().map(ToString::to_string);
        match (self.is_mysql(), digits) {
            (true, None) => "CURRENT_TIMESTAMP".to_owned(),
            (true, Some(digits)) => format!("CURRENT_TIMESTAMP({digits})"),
            (false, digits) => format!("current_timestamp({})", digits.unwrap_or_default()),
        }
    }

    fn default_value(self, column: &Column, default: &DefaultValue) -> Option<String> {
        let data_type = &column.data_type;
        let value = match default {
            DefaultValue::Null => {
                let is_large = data_type.name.ends_with("text") || data_type.name.ends_with("blob");
                if self.is_mysql() && is_large {
                    return Some(String::new());
                }
                "NULL".to_owned()
            }
            DefaultValue::Now => self.now(data_type),
            DefaultValue::Expr(expr) if self.is_mysql() => format!("({})", self.expression(expr)?),
            DefaultValue::Expr(expr) => self.bare_default(expr)?,
            DefaultValue::Literal(literal) => self.literal(data_type, literal),
        };
        Some(format!(" DEFAULT {value}"))
    }

    fn literal(self, data_type: &DataType, literal: &Literal) -> String {
        if data_type.name == "bit" {
            return format!("b'{}'", bits(literal));
        }
        let written = match literal {
            Literal::Number(text) | Literal::Text(text) => text.clone(),
            Literal::Bytes(bytes) if is_numeric(data_type.name) => {
                bytes.iter().fold(0_u128, |value, byte| value << 8 | u128::from(*byte)).to_string()
            }
            Literal::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        };
        let scale = data_type.numbers.get(1).map_or(0, |scale| *scale as usize);
        let digits = data_type.numbers.first().map_or(0, |digits| *digits as usize);
        let (value, numeric) = match data_type.name {
            "decimal" => {
                // All digits and the point.
                let width = if data_type.zerofill { digits + usize::from(scale > 0) } else { 0 };
                (at_scale(&written, scale).map(|value| format!("{value:0>width$}")), true)
            }
            "binary" => (Some(format!("{written:\0<digits$}")), false),
            "float" | "double" if data_type.numbers.len() == 2 => (at_scale(&written, scale), true),
            "float" | "double" => (float(&written), true),
            "year" => (at_scale(&written, 0), true),
            name if is_numeric(name) => {
                (at_scale(&written, 0).map(|value| self.zero_filled(data_type, &value)), true)
            }
            "date" | "datetime" | "timestamp" | "time" => {
                (Some(time(data_type.name, digits, &written)), false)
            }
            _ => (None, false),
        };
        match value {
            Some(value) if numeric && !self.is_mysql() => value,
            value => string(&value.unwrap_or(written)),
        }
    }

    fn zero_filled(self, data_type: &DataType, value: &str) -> String {
        let width = if data_type.zerofill { self.width(data_type).unwrap_or(0) as usize } else { 0 };
        format!("{value:0>width$}")
    }
}

/// What MySQL keeps in comments behind the nullability.
fn mysql_attributes(column: &Column) -> String {
    let mut text = String::new();
    for (name, value) in &column.other {
        let word = match name.as_str() {
            "column_format" => "COLUMN_FORMAT",
            "storage" => "STORAGE",
            _ => continue,
        };
        text += &format!(" /*!50606 {word} {} */", value.to_uppercase());
    }
    text
}

fn bits(literal: &Literal) -> String {
    let value = match literal {
        Literal::Bytes(bytes) => bytes.iter().fold(0_u128, |value, byte| value << 8 | u128::from(*byte)),
        Literal::Number(text) => text.parse().unwrap_or(0),
        Literal::Text(text) => text.bytes().fold(0, |value, byte| value << 8 | u128::from(byte)),
    };
    format!("{value:b}")
}

fn is_numeric(name: &str) -> bool {
    matches!(
        name,
        "tinyint" | "smallint" | "mediumint" | "int" | "bigint" | "decimal" | "float" | "double" | "year"
    )
}
