//! What a column's new definition costs, compared with the one that it has.

use std::ops::Range;

use super::facts::{ColumnFacts, Specials, TableFacts};
use super::{Algorithm, Lock, Prediction, View};
use crate::lint::statement::Statement;
use crate::lint::table::{Change, Column};
use crate::script::lexer::{Lexer, TokenKind};
use crate::server::Dialect;

impl View<'_> {
    /// A column that is added.
    pub(super) fn added_column(&self, column: &Column, place: Place) -> Prediction {
        let has = |words: &str| self.statement.find_outside(column.definition.clone(), words).is_some();
        let mut prediction = if has("AUTO_INCREMENT") {
            self.settle(Prediction::new(Algorithm::Rebuild, Lock::Shared))
                .note("every row gets a number, in no certain order, which may differ between replicas")
        } else if has("STORED") || has("PERSISTENT") {
            self.copy().note("a STORED column is computed for every row")
        } else if self.is_generated(&column.definition) {
            Prediction::new(Algorithm::Instant, Lock::None)
        } else if !self.has_constant_default(&column.definition) {
            self.copy().note("a DEFAULT that is an expression is computed for every row")
        } else {
            self.instant_column(place)
        };
        if has("PRIMARY KEY") {
            prediction = prediction.and(self.rebuild());
        } else if has("UNIQUE") {
            prediction =
                prediction.and(self.rebuild()).note("an index on a column added by the same statement");
        }
        if has("CHECK") && self.server.dialect == Dialect::MySql {
            prediction = prediction.and(self.copy()).note("a CHECK is tried on every row");
        }
        if has("REFERENCES") {
            prediction = prediction.and(self.foreign_key());
        }
        prediction
    }

    /// What adding or dropping a column costs at best.
    pub(super) fn instant_column(&self, place: Place) -> Prediction {
        let (dropped, last) = (place == Place::Gone, place == Place::Last);
        let version = match (dropped, last) {
            (true, _) | (false, false) => (8, 0, 29),
            (false, true) => (8, 0, 12),
        };
        let able = match self.server.dialect {
            Dialect::MySql => self.server.version >= version,
            Dialect::MariaDb => self.server.version >= if dropped || !last { (10, 4, 0) } else { (10, 3, 2) },
        };
        if !able {
            return self.rebuild().note("newer versions of the server do this with INSTANT");
        }
        let specials = self.facts.specials();
        if self.server.dialect == Dialect::MariaDb && place == Place::Middle && specials.generated {
            let known = self.facts.specials.is_some();
            return self.copy().note(if known {
                "in a table with generated columns a column is not moved in place"
            } else {
                "depends on whether the table has generated columns"
            });
        }
        if self.facts.is_compressed() || specials.fulltext {
            let known = self.facts.row_format.is_some() && self.facts.specials.is_some();
            return self.rebuild().note(if known {
                "INSTANT does not work with FULLTEXT indexes or ROW_FORMAT=COMPRESSED"
            } else {
                "depends on FULLTEXT indexes and ROW_FORMAT=COMPRESSED, with which INSTANT does not work"
            });
        }
        self.counted_instant()
    }

    /// MySQL remembers a limited number of versions of a row.
    fn counted_instant(&self) -> Prediction {
        let limit = if self.server.is_mysql(9, 1, 0) { 255 } else { 64 };
        let instant = Prediction::new(Algorithm::Instant, Lock::None);
        if !self.server.is_mysql(8, 0, 29) {
            return instant;
        }
        match self.facts.instant_versions {
            Some(versions) if versions >= limit => {
                self.rebuild().note("the table has no version left for INSTANT; a rebuild makes room again")
            }
            Some(versions) => instant.note_if(
                versions + 8 >= limit,
                "few INSTANT changes are left before the table must be rebuilt",
            ),
            None => instant,
        }
    }

    /// A column that gets another definition, and perhaps another name.
    pub(super) fn changed_column(&self, name: &str, column: &Column) -> Prediction {
        let range = || column.definition.clone();
        let has = |words: &str| self.statement.find_outside(range(), words).is_some();
        let Some(old) = self.facts.column(name) else {
            return self.copy().note("depends on the column's present definition, which is not known");
        };
        let generated = self.is_generated(&range());
        if generated || old.is_generated() {
            return if generated && old.is_generated() {
                self.copy().note("depends on whether the expression of the generated column changes")
            } else {
                self.copy()
                    .note("a plain column becomes a generated one, or the reverse, which servers may refuse")
            };
        }
        let mut prediction =
            Prediction::new(Algorithm::Instant, Lock::None).and(self.changed_type(old, &range()));
        let auto_increment = has("AUTO_INCREMENT");
        if auto_increment && !old.is_auto_increment() {
            prediction = prediction.and(self.copy()).note("every row gets a number");
        } else if !auto_increment && old.is_auto_increment() {
            prediction = prediction
                .and(self.by_dialect(self.copy(), Prediction::new(Algorithm::Instant, Lock::None)))
                .note("the column loses AUTO_INCREMENT");
        }
        let required = has("NOT NULL") || has("PRIMARY KEY");
        if required == old.nullable {
            prediction = prediction.and(self.rebuild()).note(if required {
                "it becomes NOT NULL"
            } else {
                "it loses NOT NULL"
            });
        }
        if has("FIRST") || has("AFTER") {
            prediction = prediction.and(self.moved());
        }
        if has("PRIMARY KEY") {
            prediction = prediction.and(self.rebuild());
        } else if has("UNIQUE") {
            prediction = prediction.and(Prediction::new(Algorithm::InPlace, Lock::None));
        }
        if has("CHECK") && self.server.dialect == Dialect::MySql {
            prediction = prediction.and(self.copy()).note("a CHECK is tried on every row");
        }
        prediction
    }

    /// A column that changes its place.
    fn moved(&self) -> Prediction {
        match self.server.dialect {
            Dialect::MySql => self.rebuild().note("it changes its place"),
            Dialect::MariaDb => self.instant_column(Place::Middle).note("it changes its place"),
        }
    }

    fn changed_type(&self, old: &ColumnFacts, definition: &Range<usize>) -> Prediction {
        let cheap = || Prediction::new(self.by_dialect(Algorithm::InPlace, Algorithm::Instant), Lock::None);
        let dear = |note: &'static str| self.copy().note(note);
        let new = Type::read(self.statement, definition, self.server.dialect);
        let before = Type::parse(&old.column_type, self.server.dialect);
        let collation = self.new_collation(old, definition);
        if old.collation.is_some() && matches!(new.base.as_str(), "char" | "varchar" | "enum" | "set")
            || new.is_text()
        {
            match (&old.collation, collation) {
                (Some(old), Collation::Is(new)) if *old == new => {}
                (Some(was), Collation::Is(now)) if charset(was) == charset(&now) => {
                    return self.collated(old, &before, &new);
                }
                (Some(was), Collation::Is(now))
                    if charset(was) == "utf8mb3" && charset(&now) == "utf8mb4" =>
                {
                    return self.widened_charset(old, &before, &new);
                }
                (Some(was), Collation::OfCharset(now)) if charset(was) == now => {
                    return self
                        .collated(old, &before, &new)
                        .note("depends on the collation that the column gets");
                }
                (Some(was), Collation::OfCharset(now)) if charset(was) == "utf8mb3" && now == "utf8mb4" => {
                    return self.widened_charset(old, &before, &new);
                }
                (Some(_), _) => return dear("its character set changes, or may change"),
                (None, _) => {}
            }
        }
        if new == before {
            return Prediction::new(Algorithm::Instant, Lock::None);
        }
        match (before.base.as_str(), new.base.as_str()) {
            ("varchar", "varchar") | ("varbinary", "varbinary") => {
                match (before.length(), new.length(), old.length) {
                    (Some(from), Some(to), Some((characters, bytes))) if to > from && characters > 0 => {
                        self.grown(bytes, to * bytes / characters)
                    }
                    _ => dear("the column becomes shorter"),
                }
            }
            ("enum", "enum") | ("set", "set") if appends(&before, &new) => {
                Prediction::new(Algorithm::Instant, Lock::None)
            }
            _ if before.is_text() && new.is_text() && before == new => cheap(),
            _ => dear("its type changes"),
        }
    }

    /// A longer VARCHAR. The length of a value takes one byte up to 255 bytes, and two beyond.
    fn grown(&self, from: u64, to: u64) -> Prediction {
        let cheap = Prediction::new(self.by_dialect(Algorithm::InPlace, Algorithm::Instant), Lock::None);
        let crosses = from < 256 && to > 255;
        // InnoDB writes lengths up to 127 in one byte either way, which MariaDB makes use of.
        let harmless = self.server.dialect == Dialect::MariaDb && from < 128;
        if crosses && !harmless {
            self.copy().note("the length of the column crosses 255 bytes")
        } else {
            cheap
        }
    }

    /// Another collation of the same character set.
    fn collated(&self, old: &ColumnFacts, before: &Type, new: &Type) -> Prediction {
        if before != new {
            return self.copy().note("type and collation change together");
        }
        if old.indexed {
            let cost = self.by_dialect(self.copy(), Prediction::new(Algorithm::InPlace, Lock::None));
            return cost.note("its indexes are sorted anew");
        }
        Prediction::new(self.by_dialect(Algorithm::InPlace, Algorithm::Instant), Lock::None)
    }

    /// From three bytes a character to four.
    fn widened_charset(&self, old: &ColumnFacts, before: &Type, new: &Type) -> Prediction {
        let lengths = (before.length(), new.length(), old.length);
        let is_varchar = before.base == "varchar" && new.base == "varchar";
        match lengths {
            (Some(from), Some(to), Some((_, bytes))) if is_varchar && to >= from && !old.indexed => {
                self.grown(bytes, to * 4)
            }
            _ => self.copy().note("its character set changes"),
        }
    }

    fn new_collation(&self, old: &ColumnFacts, definition: &Range<usize>) -> Collation {
        let statement = self.statement;
        let after = |words: &str| {
            let at = statement.find_outside(definition.clone(), words)? + words.split(' ').count();
            let at = statement.skip(at, "=");
            Some(statement.at(at).trim_matches(['\'', '"', '`']).to_lowercase())
        };
        if let Some(collation) = after("COLLATE") {
            return Collation::Is(collation);
        }
        let named = after("CHARACTER SET").or_else(|| after("CHARSET"));
        if let Some(charset) = named {
            let charset = if charset == "utf8" { "utf8mb3".to_owned() } else { charset };
            return Collation::OfCharset(charset);
        }
        if old.collation.is_none() {
            return Collation::Unknown;
        }
        self.facts.collation.clone().map_or(Collation::Unknown, Collation::Is)
    }

    fn is_generated(&self, definition: &Range<usize>) -> bool {
        ["GENERATED ALWAYS", "AS ("]
            .iter()
            .any(|words| self.statement.find_outside(definition.clone(), words).is_some())
    }

    fn has_constant_default(&self, definition: &Range<usize>) -> bool {
        let statement = self.statement;
        let Some(default) = statement.find_outside(definition.clone(), "DEFAULT") else { return true };
        let value = default + 1 + usize::from(statement.is_any(default + 1, &["-", "+"]));
        let is_literal = matches!(
            statement.kind(value),
            Some(
                TokenKind::Number
                    | TokenKind::String
                    | TokenKind::DoubleQuoted
                    | TokenKind::HexString
                    | TokenKind::BitString
            )
        );
        let names = ["NULL", "TRUE", "FALSE", "CURRENT_TIMESTAMP", "NOW", "LOCALTIME", "LOCALTIMESTAMP"];
        is_literal || statement.is_any(value, &names) || statement.at(value).starts_with('_')
    }
}

/// Where a column goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Last,
    Middle,
    Gone,
}

enum Collation {
    Is(String),
    OfCharset(String),
    Unknown,
}

fn charset(collation: &str) -> &str {
    let name = collation.split('_').next().unwrap_or(collation);
    if name == "utf8" { "utf8mb3" } else { name }
}

/// What `CREATE TABLE` says of its table. Columns are not read: a table that is new is changed at no cost.
pub(super) fn created(statement: &Statement<'_>) -> TableFacts {
    let says = |words: &str| statement.find(0..statement.len(), words).is_some();
    if says("LIKE") || says("SELECT") {
        return TableFacts { is_new: true, ..TableFacts::default() };
    }
    TableFacts {
        is_new: true,
        row_format: (!says("COMPRESSED") && !says("KEY_BLOCK_SIZE")).then(|| "Dynamic".to_owned()),
        specials: Some(Specials {
            fulltext: says("FULLTEXT"),
            spatial: says("SPATIAL"),
            generated: says("AS (") || says("GENERATED ALWAYS"),
        }),
        primary_key: Some(says("PRIMARY KEY")),
        ..TableFacts::default()
    }
}

/// What a statement may have changed of a table is known no more.
pub(super) fn forget(statement: &Statement<'_>, facts: &mut TableFacts) {
    let names: Vec<String> =
        (0..statement.len()).map(|index| statement.at(index).trim_matches('`').to_lowercase()).collect();
    facts.columns.retain(|name, _| !names.contains(name));
    if let Some(specials) = &mut facts.specials {
        specials.fulltext |= names.iter().any(|name| name == "fulltext");
        specials.spatial |= names.iter().any(|name| name == "spatial");
        specials.generated |= names.iter().any(|name| name == "as" || name == "generated");
    }
    let says = |words: &[&str]| words.iter().any(|word| names.iter().any(|name| name == word));
    if says(&["engine", "row_format", "key_block_size"]) {
        (facts.engine, facts.row_format) = (None, None);
    }
    if says(&["charset", "character", "collate"]) {
        facts.collation = None;
        facts.columns.clear();
    }
    if says(&["primary"]) {
        facts.primary_key = None;
    }
    facts.instant_versions = facts.instant_versions.map(|versions| versions + 1);
}

/// A column's type, spelled in one way.
#[derive(Debug, PartialEq, Eq)]
struct Type {
    base: String,
    arguments: Vec<String>,
    unsigned: bool,
    zerofill: bool,
}

impl Type {
    fn parse(text: &str, dialect: Dialect) -> Self {
        let tokens: Vec<&str> = Lexer::new(text).map(|token| token.text(text)).collect();
        Self::of(&tokens, dialect)
    }

    fn read(statement: &Statement<'_>, definition: &Range<usize>, dialect: Dialect) -> Self {
        let tokens: Vec<&str> = definition.clone().map(|index| statement.at(index)).collect();
        Self::of(&tokens, dialect)
    }

    fn of(tokens: &[&str], dialect: Dialect) -> Self {
        let word = tokens.first().copied().unwrap_or_default().to_lowercase();
        let mut arguments: Vec<String> = Vec::new();
        if tokens.get(1) == Some(&"(") {
            let inside = tokens.iter().skip(2).take_while(|token| **token != ")");
            arguments.extend(inside.filter(|token| **token != ",").map(|token| (*token).to_owned()));
        }
        let has = |word: &str| tokens.iter().any(|token| token.eq_ignore_ascii_case(word));
        let base = match word.as_str() {
            "integer" => "int",
            "bool" | "boolean" => "tinyint",
            "numeric" | "dec" | "fixed" => "decimal",
            "real" => "double",
            "json" if dialect == Dialect::MariaDb => "longtext",
            other => other,
        };
        match base {
            // The width of an integer is for show.
            "tinyint" | "smallint" | "mediumint" | "int" | "bigint" | "year" => arguments.clear(),
            "decimal" if arguments.len() < 2 => {
                arguments.resize(1, "10".to_owned());
                arguments.push("0".to_owned());
            }
            "char" | "binary" | "bit" if arguments.is_empty() => arguments.push("1".to_owned()),
            "time" | "datetime" | "timestamp" if arguments == ["0"] => arguments.clear(),
            _ => {}
        }
        Self {
            base: base.to_owned(),
            arguments,
            unsigned: has("UNSIGNED") || has("ZEROFILL"),
            zerofill: has("ZEROFILL"),
        }
    }

    fn length(&self) -> Option<u64> {
        self.arguments.first()?.parse().ok()
    }

    fn is_text(&self) -> bool {
        matches!(self.base.as_str(), "tinytext" | "text" | "mediumtext" | "longtext")
    }
}

/// Whether values are only added behind the old ones, and take no more room.
fn appends(before: &Type, new: &Type) -> bool {
    let room = |kind: &Type| {
        let count = kind.arguments.len();
        if kind.base == "enum" {
            if count < 256 { 1 } else { 2 }
        } else {
            count.div_ceil(8).next_power_of_two()
        }
    };
    new.arguments.starts_with(&before.arguments) && room(before) == room(new)
}

/// The place that a clause gives a column.
pub(super) fn place(statement: &Statement<'_>, column: &Column) -> Place {
    let moved = ["FIRST", "AFTER"]
        .iter()
        .any(|word| statement.find_outside(column.definition.clone(), word).is_some());
    debug_assert!(column.change == Change::Added, "only added columns get a place");
    if moved { Place::Middle } else { Place::Last }
}
