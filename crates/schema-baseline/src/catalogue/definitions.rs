//! What both servers refuse of the definition of a column, whatever the SQL mode.

use super::apply::Run;
use super::table::{Column, Table, is_long};
use crate::ast::{
    ColumnDef, DataType, DefaultValue, Ident, KeyDef, KeyKind, KeyPartOf, Literal, TableOption,
};
use crate::dialect::{Vendor, bytes_per_character, charset_of};

/// The most digits of a `DECIMAL`.
const DIGITS: u32 = 65;
/// The most characters of a name.
const NAME: usize = 64;
/// The most characters of a `CHAR` and bytes of a `BINARY`.
const FIXED: u32 = 255;
/// The most bytes of a `VARCHAR`.
const VARYING: u64 = 65_535;

/// Why a definition is refused, and what to do.
type Refusal = (String, &'static str);

impl Run<'_> {
    /// Refuses a column that the server would not create.
    pub(super) fn check_definition(&mut self, def: &ColumnDef, column: &Column) {
        let vendor = self.catalogue.dialect.vendor;
        let version = self.catalogue.dialect.version;
        self.check_length(&def.name);
        let found = type_refused(&def.name.text, &column.data_type)
            .or_else(|| {
                collation_refused(def.data_type.charset.as_deref(), def.data_type.collation.as_deref())
            })
            .or_else(|| counting_refused(def, column, vendor, version))
            .or_else(|| default_refused(def, column, vendor));
        if let Some((reason, help)) = found {
            self.refuse(def.name.span, reason, help);
        }
    }

    /// Refuses a character set that no server has, and a collation of another one.
    pub(super) fn check_charset(
        &mut self,
        charset: Option<&str>,
        collation: Option<&str>,
        span: crate::place::Span,
    ) {
        if let Some((reason, help)) = collation_refused(charset.filter(|name| *name != "default"), collation)
        {
            self.refuse(span, reason, help);
        }
    }

    /// A primary key is over columns whose values are stored; on MariaDB over none that is generated.
    pub(super) fn check_generated_primary(&mut self, table: &Table, def: &KeyDef) {
        let is_mysql = self.catalogue.dialect.vendor == Vendor::MySql;
        let refused =
            def.parts.iter().filter(|_| def.kind == KeyKind::Primary).find_map(|part| match &part.of {
                KeyPartOf::Column(name) => {
                    let generated = table.column(&name.text)?.generated.as_ref()?;
                    (!is_mysql || !generated.stored).then_some(name)
                }
                KeyPartOf::Expr(_) => None,
            });
        if let Some(name) = refused {
            let reason = format!("`{}` is generated and part of the primary key", name.text);
            self.refuse(name.span, reason, "use a unique key, or a column that is no generated one");
        }
    }

    /// Refuses a name that is longer than servers keep.
    pub(super) fn check_length(&mut self, name: &Ident) {
        let length = name.text.chars().count();
        if length > NAME {
            let reason = format!("a name of {length} characters, where {NAME} are the most");
            self.refuse(name.span, reason, "choose a shorter name");
        }
    }

    /// Holds what the options of a table say of its character set against what there is.
    pub(super) fn check_charset_options(&mut self, options: &[TableOption]) {
        let mut charsets =
            options.iter().filter(|option| option.name == "charset" && option.value != "default");
        if let Some(first) = charsets.next()
            && let Some(other) = charsets.find(|other| other.value != first.value)
        {
            let reason =
                format!("the table is said to have character sets `{}` and `{}`", first.value, other.value);
            self.refuse(other.span, reason, "leave one of them out");
            return;
        }
        let last = |name: &str| options.iter().rev().find(|option| option.name == name);
        let (charset, collation) = (last("charset"), last("collate"));
        if let Some(option) = charset.or(collation) {
            let value = |option: &'_ TableOption| option.value.clone();
            let (charset, collation) = (charset.map(value), collation.map(value));
            self.check_charset(charset.as_deref(), collation.as_deref(), option.span);
        }
    }

    /// MySQL refuses a column of the primary key that is said to be NULL, MariaDB lets it be NOT NULL all the same.
    pub(super) fn check_null_in_primary(&mut self, table: &Table, def: &ColumnDef) {
        let says_null = def.nullable == Some(true)
            || def.nullable.is_none() && matches!(def.default, Some(DefaultValue::Null));
        let is_part = || table.primary_key().is_some_and(|key| key.has_column(&def.name.text));
        // What is its own primary key is looked at with its default.
        if self.catalogue.dialect.vendor == Vendor::MySql && says_null && !def.primary && is_part() {
            self.refuse(
                def.name.span,
                format!("`{}` is part of the primary key and may be NULL", def.name.text),
                "a primary key's columns are NOT NULL; write NOT NULL or nothing",
            );
        }
    }

    /// Refuses a table of which `SELECT *` would show nothing, and generated columns that need one behind them.
    pub(super) fn check_columns(&mut self, table: &Table, span: crate::place::Span) {
        if !table.is_certain(self.catalogue) {
            return;
        }
        if !table.columns.is_empty() && table.columns.iter().all(|column| column.invisible) {
            let reason = format!("table `{}` has no column that is visible", table.name);
            self.refuse(span, reason, "leave one column visible at least");
        }
    }
}

fn type_refused(name: &str, data_type: &DataType) -> Option<Refusal> {
    let first = data_type.numbers.first().copied().unwrap_or(0);
    match data_type.name {
        "char" | "binary" if first > FIXED => {
            Some((format!("`{name}` is longer than {FIXED}"), "use VARCHAR, VARBINARY, TEXT or BLOB"))
        }
        "varchar" | "varbinary" => {
            let charset = data_type.charset.as_deref().unwrap_or("binary");
            let most = VARYING / bytes_per_character(charset);
            let reason = format!("`{name}` is longer than {most}, the most that `{charset}` allows");
            (u64::from(first) > most).then_some((reason, "use TEXT or BLOB"))
        }
        "decimal" if first > DIGITS => {
            Some((format!("`{name}` has more than {DIGITS} digits"), "take fewer digits"))
        }
        "decimal" | "float" | "double" => {
            let scale = data_type.numbers.get(1).copied().unwrap_or(0);
            let reason = format!("`{name}` has {scale} digits behind the point, of {first} in all");
            (scale > first).then_some((reason, "write all digits first, then those behind the point"))
        }
        _ => None,
    }
}

/// A collation belongs to one character set.
fn collation_refused(charset: Option<&str>, collation: Option<&str>) -> Option<Refusal> {
    let charset = charset?;
    if !is_charset(charset) {
        return Some((format!("there is no character set `{charset}`"), "correct the name, as in `utf8mb4`"));
    }
    let collation = collation?;
    let own = charset_of(collation);
    // Others are names that go with several character sets.
    let is_known = is_charset(own);
    let reason = format!("collation `{collation}` is not one of character set `{charset}`");
    (is_known && own != charset)
        .then_some((reason, "name a collation of the character set, or leave one of them out"))
}

/// Whether a server has a character set of that name.
fn is_charset(name: &str) -> bool {
    crate::dialect::Dialect::default().default_collation(name).is_some()
}

fn counting_refused(def: &ColumnDef, column: &Column, vendor: Vendor, version: u32) -> Option<Refusal> {
    let name = column.data_type.name;
    if def.on_update && !matches!(name, "timestamp" | "datetime") {
        let reason = format!("`{}` is {name}, which has no ON UPDATE", def.name.text);
        return Some((reason, "use DATETIME or TIMESTAMP"));
    }
    if !def.auto_increment {
        return None;
    }
    let is_whole = matches!(name, "tinyint" | "smallint" | "mediumint" | "int" | "bigint");
    let floats = vendor == Vendor::MariaDb || version < 80_400;
    let is_float = floats && matches!(name, "float" | "double");
    if !is_whole && !is_float {
        let reason = format!("`{}` is {name}, which cannot be AUTO_INCREMENT", def.name.text);
        return Some((reason, "use a whole number"));
    }
    let given = def.default.as_ref().is_some_and(|default| *default != DefaultValue::Null);
    let reason = format!("`{}` is AUTO_INCREMENT and has a default", def.name.text);
    given.then_some((reason, "leave one of them out"))
}

fn default_refused(def: &ColumnDef, column: &Column, vendor: Vendor) -> Option<Refusal> {
    let (name, kind) = (&def.name.text, column.data_type.name);
    match def.default.as_ref()? {
        DefaultValue::Null if def.nullable == Some(false) || def.primary => {
            Some((format!("`{name}` is NOT NULL and has the default NULL"), "leave one of them out"))
        }
        DefaultValue::Now if vendor == Vendor::MySql && !matches!(kind, "timestamp" | "datetime") => {
            let reason = format!("`{name}` is {kind}, which has no default CURRENT_TIMESTAMP");
            Some((reason, "write the expression in parentheses, as in `DEFAULT (CURRENT_DATE)`"))
        }
        DefaultValue::Literal(literal) => {
            let is_blob = is_long(kind) || kind == "json";
            if is_blob && vendor == Vendor::MySql {
                let empty = matches!(literal, Literal::Text(text) if text.is_empty());
                let reason = format!("`{name}` is {kind}, which has no literal as a default");
                return (!empty)
                    .then_some((reason, "write an expression in parentheses, as in `DEFAULT ('x')`"));
            }
            let reason = format!("the default of `{name}` is no value of its type");
            (!fits(literal, &column.data_type)).then_some((reason, "correct the default"))
        }
        _ => None,
    }
}

/// Whether a literal can be a value of a type; true where that is not known for sure.
fn fits(literal: &Literal, data_type: &DataType) -> bool {
    let bits = match data_type.name {
        "tinyint" => 8,
        "smallint" => 16,
        "mediumint" => 24,
        "int" => 32,
        "bigint" => 64,
        "char" | "varchar" => {
            let most = data_type.numbers.first().copied().unwrap_or(1);
            return match literal {
                Literal::Text(text) => {
                    text.trim_end_matches(' ').chars().count() <= usize::try_from(most).unwrap_or(usize::MAX)
                }
                _ => true,
            };
        }
        "enum" => {
            let Literal::Text(text) = literal else { return true };
            let text = text.trim_end_matches(' ').to_lowercase();
            return data_type.members.iter().any(|member| member.to_lowercase() == text);
        }
        _ => return true,
    };
    let (Literal::Text(text) | Literal::Number(text)) = literal else { return true };
    let Ok(number) = text.trim().parse::<f64>() else { return false };
    let value_type = crate::ast::ValueType { bits, unsigned: data_type.unsigned };
    // What lies that near to the bounds of 64 bits is not told apart here.
    #[expect(clippy::cast_precision_loss, reason = "bounds are compared in the precision of the literal")]
    let (least, most) = (value_type.minimum() as f64, value_type.maximum() as f64);
    (least..=most).contains(&number.round())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::dialect::Dialect;
    use crate::place::Source;
    use crate::replay::replay_scripts;
    use crate::testing;

    /// Whether each dialect accepts a column: MySQL 9.7 and MariaDB 10.11.
    fn accepted(column: &str) -> [bool; 2] {
        testing::accepted(&format!("CREATE TABLE t ({column}, k INT, KEY (a))"))
    }

    #[test]
    fn types_have_bounds() {
        for column in [
            "a CHAR(256)",
            "a BINARY(256)",
            "a VARCHAR(16384) CHARACTER SET utf8mb4",
            "a VARCHAR(70000) CHARACTER SET latin1",
            "a DECIMAL(66)",
            "a DECIMAL(5,6)",
            "a FLOAT(3,4)",
            "a CHAR(5) CHARACTER SET nope",
            "a CHAR(5) CHARACTER SET latin1 COLLATE utf8mb4_bin",
        ] {
            assert_eq!(accepted(column), [false, false], "{column}");
        }
        for column in [
            "a CHAR(255)",
            "a DECIMAL(65,30)",
            "a DECIMAL(5,5)",
            "a VARCHAR(5) CHARACTER SET utf8 COLLATE utf8_bin",
        ] {
            assert_eq!(accepted(column), [true, true], "{column}");
        }
    }

    #[test]
    fn what_counts_by_itself_is_a_whole_number() {
        for column in [
            "a VARCHAR(5) AUTO_INCREMENT",
            "a DECIMAL(5) AUTO_INCREMENT",
            "a INT AUTO_INCREMENT DEFAULT 5",
            "a INT ON UPDATE CURRENT_TIMESTAMP",
        ] {
            assert_eq!(accepted(column), [false, false], "{column}");
        }
        assert_eq!(accepted("a DOUBLE AUTO_INCREMENT"), [false, true]);
        assert_eq!(accepted("a BIGINT UNSIGNED AUTO_INCREMENT"), [true, true]);
    }

    #[test]
    fn a_default_is_a_value_of_the_type() {
        for column in [
            "a INT DEFAULT 'x'",
            "a VARCHAR(3) DEFAULT 'toolong'",
            "a TINYINT DEFAULT 1000",
            "a TINYINT UNSIGNED DEFAULT -1",
            "a ENUM('a','b') DEFAULT 'c'",
            "a INT NOT NULL DEFAULT NULL",
        ] {
            assert_eq!(accepted(column), [false, false], "{column}");
        }
        for column in [
            "a INT DEFAULT '5'",
            "a INT DEFAULT 1.4",
            "a BIGINT UNSIGNED DEFAULT 18446744073709551615",
            "a ENUM('a','b') DEFAULT 'B'",
            "a VARCHAR(3) DEFAULT 'äöü'",
            "a VARCHAR(3) DEFAULT 5",
            "a CHAR(1) DEFAULT 'x  '",
        ] {
            assert_eq!(accepted(column), [true, true], "{column}");
        }
        assert_eq!(accepted("a DATE DEFAULT CURRENT_TIMESTAMP"), [false, true]);
        assert_eq!(accepted("b TEXT DEFAULT 'x', a INT"), [false, true]);
        assert_eq!(accepted("b JSON DEFAULT ('{}'), a INT"), [true, true]);
    }

    #[test]
    fn a_table_has_a_visible_column_and_a_known_character_set() {
        let run = |text: &str| {
            let source = Arc::new(Source::new("a.sql", text.into()));
            replay_scripts([source], Dialect::default()).1.len()
        };
        assert_eq!(run("CREATE TABLE t (a INT INVISIBLE)"), 1);
        assert_eq!(run("CREATE TABLE t (a INT INVISIBLE, b INT); ALTER TABLE t DROP COLUMN b"), 1);
        assert_eq!(run("CREATE TABLE t (a INT INVISIBLE, b INT)"), 0);
        assert_eq!(run("CREATE TABLE t (a INT) CHARSET=nope"), 1);
        assert_eq!(run("CREATE TABLE t (a INT) CHARSET=utf8 COLLATE=utf8_bin"), 0);
        assert_eq!(run("CREATE TABLE t (a INT) CHARSET=latin1 COLLATE=utf8mb4_bin"), 1);
        for (charset, refused) in [
            ("latin", 1),
            ("latin1", 0),
            ("latin1 COLLATE utf8mb4_bin", 1),
            ("utf8mb3 COLLATE utf8_bin", 0),
            ("DEFAULT", 0),
        ] {
            let text = format!("CREATE TABLE t (a INT); ALTER TABLE t CONVERT TO CHARACTER SET {charset}");
            assert_eq!(run(&text), refused, "{charset}");
        }
    }
}
