//! Keys and foreign keys.

use migrate_core::script::lexer::TokenKind;

use super::canonical::expression;
use super::cursor::{Cursor, Parsed};
use crate::ast::{
    Action, ActionWord, ForeignKeyDef, Ident, KeyDef, KeyKind, KeyPart, KeyPartOf, KeyWords, PeriodDef,
    References, TableElement,
};
use crate::catalogue::versioning;
use crate::dialect::Vendor;

impl Cursor<'_> {
    /// A key, foreign key or check, with `CONSTRAINT name` before it or not; `None` when a column follows.
    pub(super) fn key_or_constraint(&mut self) -> Parsed<Option<TableElement>> {
        let start = self.position();
        if self.is_word("constraint") {
            let name = self.constraint_name()?;
            return self.constraint(name, start).map(Some);
        }
        if ["primary", "unique", "foreign", "check"].iter().any(|word| self.is_word(word)) {
            return self.constraint(None, start).map(Some);
        }
        let kind = if self.is_word("key") || self.is_word("index") {
            KeyKind::Plain
        } else if self.is_word("fulltext") {
            KeyKind::Fulltext
        } else if self.is_word("spatial") {
            KeyKind::Spatial
        } else if self.is_word("vector") && (self.is_word_at(1, "key") || self.is_word_at(1, "index")) {
            KeyKind::Vector
        } else if self.is_period() {
            return self.period_def().map(|period| Some(TableElement::Period(period)));
        } else {
            return Ok(None);
        };
        if kind != KeyKind::Plain {
            self.next();
        }
        let _ = self.eat("key") || self.eat("index");
        self.if_not_exists_inside();
        let name = self.optional_key_name()?;
        self.key_def(kind, name, start).map(|key| Some(TableElement::Key(key)))
    }

    /// Whether `PERIOD [IF NOT EXISTS] FOR` follows, and not a column of that name.
    pub(super) fn is_period(&self) -> bool {
        self.dialect.vendor == Vendor::MariaDb
            && self.is_word("period")
            && (self.is_word_at(1, "for") || self.is_word_at(1, "if"))
    }

    fn period_def(&mut self) -> Parsed<PeriodDef> {
        self.expect("period")?;
        self.if_not_exists_inside();
        self.expect("for")?;
        let name = self.loose_name("the name of the period")?;
        self.expect_symbol("(", "`(` and two columns")?;
        let start = self.name("the column with the beginning")?;
        self.expect_symbol(",", "`,` and the column with the end")?;
        let end = self.name("the column with the end")?;
        self.expect_symbol(")", "`)`")?;
        Ok(PeriodDef { name, start, end })
    }

    fn constraint(&mut self, name: Option<Ident>, start: usize) -> Parsed<TableElement> {
        if self.eat("primary") {
            self.expect("key")?;
            let _unused = self.optional_key_name()?;
            return self.key_def(KeyKind::Primary, None, start).map(TableElement::Key);
        }
        if self.eat("unique") {
            let _ = self.eat("key") || self.eat("index");
            self.if_not_exists_inside();
            let name = self.optional_key_name()?.or(name);
            return self.key_def(KeyKind::Unique, name, start).map(TableElement::Key);
        }
        if self.is_word("check") {
            return self.check_def(name, start).map(TableElement::Check);
        }
        if !self.eat("foreign") {
            return self.expected("PRIMARY KEY, UNIQUE, FOREIGN KEY or CHECK");
        }
        self.expect("key")?;
        self.if_not_exists_inside();
        let index = self.optional_key_name()?;
        let columns = self.names_in_parentheses("the name of a column")?;
        if !self.is_word("references") {
            return self.expected("REFERENCES");
        }
        let references = self.references()?;
        Ok(TableElement::ForeignKey(ForeignKeyDef {
            name,
            index,
            columns,
            references,
            span: self.span_from(start),
        }))
    }

    fn optional_key_name(&mut self) -> Parsed<Option<Ident>> {
        if self.is_symbol("(") || self.is_word("using") || self.is_word("type") && !self.is_symbol_at(1, "(")
        {
            return Ok(None);
        }
        self.name("the name of the key or `(`").map(Some)
    }

    /// `[USING x] (parts) [options]`.
    pub(super) fn key_def(&mut self, kind: KeyKind, name: Option<Ident>, start: usize) -> Parsed<KeyDef> {
        let mut key = KeyDef {
            kind,
            name,
            parts: Vec::new(),
            invisible: false,
            options: Vec::new(),
            words: KeyWords::default(),
            span: self.span_from(start),
        };
        self.key_algorithm(&mut key)?;
        self.expect_symbol("(", "`(` and the columns of the key")?;
        loop {
            let part = self.key_part()?;
            match &part.of {
                KeyPartOf::Column(period)
                    if matches!(kind, KeyKind::Primary | KeyKind::Unique)
                        && !key.parts.is_empty()
                        && self.eat_words(&["without", "overlaps"]) =>
                {
                    key.options.push((versioning::WITHOUT_OVERLAPS.to_owned(), period.text.clone()));
                }
                _ => key.parts.push(part),
            }
            if !self.eat_symbol(",") {
                break;
            }
        }
        self.expect_symbol(")", "`,` or `)`")?;
        while self.key_option(&mut key)? {}
        key.options.sort();
        key.span = self.span_from(start);
        Ok(key)
    }

    fn key_part(&mut self) -> Parsed<KeyPart> {
        let (of, length) = if self.is_symbol("(") {
            (KeyPartOf::Expr(self.in_parentheses()?), None)
        } else {
            let start = self.position();
            let name = self.name("the name of a column or `(` and an expression")?;
            if self.is_symbol("(") && !self.peek_at(1).is_some_and(|token| token.kind == TokenKind::Number) {
                self.skip_parentheses()?;
                (KeyPartOf::Expr(expression(self.text, self.since(start))), None)
            } else {
                let length = if self.eat_symbol("(") {
                    let length = self.number("the length of the prefix")?;
                    self.expect_symbol(")", "`)`")?;
                    Some(length)
                } else {
                    None
                };
                (KeyPartOf::Column(name), length)
            }
        };
        let descending = self.eat("desc");
        if !descending {
            self.eat("asc");
        }
        Ok(KeyPart { of, length, descending })
    }

    fn key_algorithm(&mut self, key: &mut KeyDef) -> Parsed<bool> {
        if !(self.eat("using") || self.is_word("type") && !self.is_symbol_at(1, "=") && self.eat("type")) {
            return Ok(false);
        }
        match self.eat_any(&["btree", "hash", "rtree"]) {
            Some("hash") => key.options.push(("using".to_owned(), "hash".to_owned())),
            Some(word) => key.words.btree = word == "btree",
            None => return self.expected("BTREE, HASH or RTREE"),
        }
        Ok(true)
    }

    /// Whether the planner is to leave a key alone, in the words of the server.
    pub(super) fn key_visibility(&mut self) -> Option<bool> {
        if self.dialect.vendor == Vendor::MySql {
            return self.eat_any(&["visible", "invisible"]).map(|word| word == "invisible");
        }
        if self.eat("ignored") { Some(true) } else { self.eat_words(&["not", "ignored"]).then_some(false) }
    }

    fn key_option(&mut self, key: &mut KeyDef) -> Parsed<bool> {
        if self.key_algorithm(key)? {
            return Ok(true);
        }
        if let Some(hidden) = self.key_visibility() {
            key.invisible = hidden;
        } else if self.eat("comment") {
            let comment = self.string("the comment, a string")?;
            key.options.push(("comment".to_owned(), comment));
        } else if self.eat_words(&["with", "parser"]) {
            let parser = self.name("the name of a parser")?;
            key.options.push(("parser".to_owned(), parser.text.to_lowercase()));
        } else if self.eat("key_block_size") {
            self.eat_symbol("=");
            key.words.block_size = Some(self.number("a number")?);
        } else if self.is_name() && self.is_symbol_at(1, "=")
            || self.is_word("engine_attribute")
            || self.is_word("secondary_engine_attribute")
        {
            let name = self.name("an option of the key")?.text.to_lowercase();
            self.eat_symbol("=");
            let value = self.option_value()?;
            key.options.push((name, value));
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// `REFERENCES table (columns) …`.
    pub(super) fn references(&mut self) -> Parsed<References> {
        self.expect("references")?;
        let table = self.object_name("the name of the parent table")?;
        let columns =
            if self.is_symbol("(") { self.names_in_parentheses("the name of a column")? } else { Vec::new() };
        let mut references = References {
            table,
            columns,
            on_delete: Action::Restrict,
            on_update: Action::Restrict,
            words: (ActionWord::Absent, ActionWord::Absent),
        };
        loop {
            if self.eat("match") {
                if self.eat_any(&["full", "partial", "simple"]).is_none() {
                    return self.expected("FULL, PARTIAL or SIMPLE");
                }
            } else if self.is_word("on") && (self.is_word_at(1, "delete") || self.is_word_at(1, "update")) {
                self.next();
                let on_delete = self.eat("delete");
                if !on_delete {
                    self.eat("update");
                }
                let (action, word) = self.action()?;
                let References { on_delete: delete, on_update: update, words, .. } = &mut references;
                let (to, words) = if on_delete { (delete, &mut words.0) } else { (update, &mut words.1) };
                (*to, *words) = (action, word);
            } else {
                return Ok(references);
            }
        }
    }

    fn action(&mut self) -> Parsed<(Action, ActionWord)> {
        Ok(match () {
            () if self.eat("cascade") => (Action::Cascade, ActionWord::Absent),
            () if self.eat("restrict") => (Action::Restrict, ActionWord::Restrict),
            () if self.eat_words(&["no", "action"]) => (Action::Restrict, ActionWord::NoAction),
            () if self.eat_words(&["set", "null"]) => (Action::SetNull, ActionWord::Absent),
            () if self.eat_words(&["set", "default"]) => (Action::SetDefault, ActionWord::Absent),
            () => return self.expected("CASCADE, RESTRICT, NO ACTION, SET NULL or SET DEFAULT"),
        })
    }
}
