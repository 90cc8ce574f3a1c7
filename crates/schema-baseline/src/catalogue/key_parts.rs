//! What servers refuse of the parts of a key, and what they make of parts that are too long.

use super::apply::Run;
use super::table::{Column, Table, is_long, is_text};
use crate::ast::{KeyDef, KeyKind, KeyPart, KeyPartOf};
use crate::dialect::{Vendor, bytes_per_character};

/// The most bytes of a key of `InnoDB`.
const BYTES: u64 = 3072;
/// The same of its older row formats.
const OLD_BYTES: u64 = 767;

impl Run<'_> {
    /// Refuses a key whose columns it cannot hold.
    pub(super) fn check_kinds(&mut self, table: &Table, def: &KeyDef) {
        if let Some(name) = def.name.as_ref().filter(|name| name.same("PRIMARY"))
            && def.kind != KeyKind::Primary
        {
            self.refuse(name.span, "only the primary key is called so".to_owned(), "choose another name");
        }
        if def.kind == KeyKind::Spatial && def.parts.len() > 1 {
            self.refuse(def.span, "a spatial key is over one column".to_owned(), "make a key for each");
            return;
        }
        let vendor = self.catalogue.dialect.vendor;
        let most = most_bytes(table);
        let (mut bytes, mut charset) = (0, None);
        for part in &def.parts {
            let name = match &part.of {
                KeyPartOf::Column(name) => name,
                KeyPartOf::Expr(expr) if vendor == Vendor::MariaDb => {
                    let reason = "MariaDB has no keys over expressions".to_owned();
                    self.refuse(expr.span, reason, "make a generated column, and a key over it");
                    return;
                }
                KeyPartOf::Expr(_) => continue,
            };
            let Some(column) = table.column(&name.text) else { continue };
            let (kind, text) = (column.data_type.name, &name.text);
            let refusal = match def.kind {
                KeyKind::Spatial if !is_spatial(kind) => Some((
                    format!("`{text}` is {kind}, which a spatial key cannot hold"),
                    "name a column of a spatial type",
                )),
                KeyKind::Spatial if column.nullable => Some((
                    format!("`{text}` may be NULL, which a spatial key cannot hold"),
                    "make the column NOT NULL",
                )),
                KeyKind::Fulltext if !is_text(kind) || matches!(kind, "enum" | "set") => Some((
                    format!("`{text}` is {kind}, which a full-text key cannot hold"),
                    "name columns of text",
                )),
                KeyKind::Fulltext
                    if charset
                        .replace(&column.data_type.charset)
                        .is_some_and(|before| *before != column.data_type.charset) =>
                {
                    Some((
                        format!("`{text}` has another character set than the other columns of the key"),
                        "convert one of them",
                    ))
                }
                KeyKind::Primary | KeyKind::Unique | KeyKind::Plain => {
                    prefix_refused(text, column, part.length)
                }
                _ => None,
            };
            if let Some((reason, help)) = refusal {
                self.refuse(name.span, reason, help);
                return;
            }
            let size = size(column, part.length).unwrap_or(0);
            // MariaDB keeps the beginning of what is too long for a key that need not be unique.
            let is_cut = vendor == Vendor::MariaDb && def.kind == KeyKind::Plain;
            bytes += if is_cut { size.min(most.unwrap_or(size)) } else { size };
        }
        let is_hashed = vendor == Vendor::MariaDb && def.kind == KeyKind::Unique;
        let is_ordered = matches!(def.kind, KeyKind::Primary | KeyKind::Unique | KeyKind::Plain);
        if let Some(most) = most.filter(|most| bytes > *most && is_ordered && !is_hashed) {
            let reason = format!("the key has {bytes} bytes, and {most} at most are allowed");
            self.refuse(def.span, reason, "take fewer columns, or prefixes of them, as in `KEY (name(100))`");
        }
    }
}

/// The part as the server keeps it: a prefix only where it is shorter than its column.
pub(super) fn kept(table: &Table, part: &KeyPart, kind: KeyKind, vendor: Vendor) -> KeyPart {
    let KeyPartOf::Column(name) = &part.of else { return part.clone() };
    let Some(column) = table.column(&name.text) else { return part.clone() };
    let is_whole =
        is_string(column.data_type.name) && column.data_type.numbers.first().copied() == part.length;
    let mut length = if is_whole || kind == KeyKind::Fulltext { None } else { part.length };
    if let Some(most) = most_bytes(table).filter(|_| kind == KeyKind::Plain && vendor == Vendor::MariaDb) {
        let is_endless = is_long(column.data_type.name) && length.is_none();
        if is_endless || size(column, length).is_some_and(|size| size > most) {
            length = u32::try_from(most / width(column)).ok();
        }
    }
    KeyPart { length, ..part.clone() }
}

fn prefix_refused(name: &str, column: &Column, length: Option<u32>) -> Option<(String, &'static str)> {
    let length = length?;
    let kind = column.data_type.name;
    let is_string = is_string(kind);
    if !is_string && !is_long(kind) && !is_spatial(kind) {
        return Some((format!("`{name}` is {kind}, which has no prefix"), "leave the length out"));
    }
    let whole = column.data_type.numbers.first().copied().unwrap_or(1);
    let reason = format!("`{name}` has {whole} characters, and the key would take {length}");
    (is_string && length > whole).then_some((reason, "take a shorter prefix, or leave the length out"))
}

/// The most bytes of a key, where that is known.
fn most_bytes(table: &Table) -> Option<u64> {
    let option = |name: &str| table.options.get(name).map(String::as_str);
    if option("engine") != Some("innodb") {
        return None;
    }
    Some(if matches!(option("row_format"), Some("compact" | "redundant")) { OLD_BYTES } else { BYTES })
}

/// The bytes of a column, or of its beginning, in a key; none where it has no length of its own.
fn size(column: &Column, length: Option<u32>) -> Option<u64> {
    let data_type = &column.data_type;
    let first = data_type.numbers.first().copied();
    Some(match data_type.name {
        name if is_string(name) => u64::from(length.or(first).unwrap_or(1)) * width(column),
        name if is_long(name) => u64::from(length?) * width(column),
        "tinyint" | "year" => 1,
        "smallint" => 2,
        "mediumint" | "date" | "time" => 3,
        "int" | "float" | "timestamp" => 4,
        "datetime" => 5,
        "bigint" | "double" => 8,
        _ => return None,
    })
}

/// The bytes of a character.
fn width(column: &Column) -> u64 {
    column.data_type.charset.as_deref().map_or(1, bytes_per_character)
}

fn is_string(kind: &str) -> bool {
    matches!(kind, "char" | "varchar" | "binary" | "varbinary")
}

fn is_spatial(kind: &str) -> bool {
    matches!(
        kind,
        "geometry"
            | "point"
            | "linestring"
            | "polygon"
            | "multipoint"
            | "multilinestring"
            | "multipolygon"
            | "geomcollection"
            | "geometrycollection"
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::ast::ObjectKind;
    use crate::dialect::Dialect;
    use crate::place::Source;
    use crate::replay::replay_scripts;
    use crate::show::show_create;

    /// The last line of keys that MySQL 9.7 and MariaDB 10.11 show; none where they refuse the table.
    fn shown(definitions: &str) -> [Option<String>; 2] {
        ["mysql-9.7", "mariadb-10.11"].map(|server| {
            let text = format!("CREATE TABLE t (z INT, {definitions}) CHARSET=utf8mb4");
            let source = Arc::new(Source::new("a.sql", text.into()));
            let (catalogue, findings) = replay_scripts([source], server.parse::<Dialect>().unwrap());
            let shown = show_create(&catalogue, ObjectKind::Table, "t", "`a`@`b`")?;
            let line = shown.lines().rev().find(|line| line.contains("KEY "))?.trim().to_owned();
            findings.is_empty().then_some(line)
        })
    }

    #[test]
    fn some_columns_go_into_some_keys() {
        for definitions in [
            "g POINT, SPATIAL KEY (g)",
            "g INT NOT NULL, SPATIAL KEY (g)",
            "p POINT NOT NULL, q POINT NOT NULL, SPATIAL KEY (p, q)",
            "a INT, FULLTEXT (a)",
            "a TEXT, b TEXT CHARACTER SET latin1, FULLTEXT (a, b)",
            "a INT, KEY (a(3))",
            "a VARCHAR(20), KEY (a(30))",
            "a INT, KEY `PRIMARY` (a)",
            "a VARCHAR(800), b VARCHAR(800), PRIMARY KEY (a, b)",
            "a VARCHAR(500), b VARCHAR(500), KEY (a, b)",
        ] {
            assert_eq!(shown(definitions), [None, None], "{definitions}");
        }
        let same = |text: &str| [Some(text.to_owned()), Some(text.to_owned())];
        assert_eq!(shown("g POINT NOT NULL, SPATIAL KEY (g)"), same("SPATIAL KEY `g` (`g`)"));
        assert_eq!(shown("a TEXT, FULLTEXT (a(10))"), same("FULLTEXT KEY `a` (`a`)"));
        assert_eq!(shown("a VARCHAR(20), KEY (a(20))"), same("KEY `a` (`a`)"));
        assert_eq!(shown("a VARCHAR(768), UNIQUE (a)"), same("UNIQUE KEY `a` (`a`)"));
        assert_eq!(shown("a TEXT, KEY (a(10))"), same("KEY `a` (`a`(10))"));
    }

    #[test]
    fn only_mysql_has_keys_over_expressions() {
        assert_eq!(shown("KEY x ((z + 1))"), [Some("KEY `x` (((`z` + 1)))".to_owned()), None]);
    }

    #[test]
    fn mariadb_keeps_the_beginning_of_what_is_too_long() {
        let only = |text: &str| [None, Some(text.to_owned())];
        assert_eq!(shown("a VARCHAR(4000), KEY (a)"), only("KEY `a` (`a`(768))"));
        assert_eq!(shown("a BLOB, KEY (a)"), only("KEY `a` (`a`(3072))"));
        assert_eq!(shown("a VARCHAR(4000), PRIMARY KEY (a)"), [None, None]);
    }
}
