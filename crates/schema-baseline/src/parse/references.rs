//! The objects that queries and bodies of stored programs use, found by reading their tokens.
//!
//! A general SQL parser reads most queries but few bodies; the positions in which a table's name can stand are the same
//! in both, so one reader serves for both and knows the place of every name.

use std::collections::HashSet;

use migrate_core::script::lexer::{Token, TokenKind};

use super::cursor::{unquote_name, unquote_string};
use super::words::is_reserved;
use crate::ast::{Ident, ObjectName, RefKind, Reference};
use crate::place::Span;

/// What was found.
#[derive(Default)]
pub(super) struct Found {
    pub(super) references: Vec<Reference>,
    pub(super) changes: Vec<ObjectName>,
    pub(super) dynamic: bool,
}

struct Reader<'a> {
    text: &'a str,
    tokens: &'a [Token],
    at: usize,
    /// Also the columns that an `INSERT` lists.
    columns: bool,
    /// The verb of the current statement.
    verb: &'static str,
    /// Whether a `WITH` has been read.
    with: bool,
    /// For each open parenthesis, whether a query is inside.
    open: Vec<bool>,
    /// Names that the statement itself gives to something: common table expressions, temporary tables.
    local: HashSet<String>,
    /// Tables that the body creates, so that they exist for the rest of it.
    created: HashSet<String>,
    found: Found,
}

/// Reads all tokens. With `columns`, the column list of an `INSERT` is reported too.
pub(super) fn references(text: &str, tokens: &[Token], columns: bool) -> Found {
    let mut reader = Reader {
        text,
        tokens,
        at: 0,
        columns,
        verb: "",
        with: false,
        open: Vec::new(),
        local: HashSet::new(),
        created: HashSet::new(),
        found: Found::default(),
    };
    while reader.at < tokens.len() {
        reader.step();
    }
    let Reader { local, created, mut found, .. } = reader;
    found.references.retain(|reference| {
        let name = reference.name.text().to_lowercase();
        let own = local.contains(&name) || created.contains(&name);
        reference.kind != RefKind::Relation || reference.name.schema.is_some() || !own
    });
    found.changes.retain(|name| !local.contains(&name.text().to_lowercase()));
    found
}

/// The tables that SQL inside of a string changes: the words behind `TABLE`.
pub(super) fn tables_in_string(written: &str, span: Span, out: &mut Vec<ObjectName>) {
    let value = unquote_string(written);
    let mut words =
        value.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).filter(|word| !word.is_empty());
    while let Some(word) = words.next() {
        if !word.eq_ignore_ascii_case("table") {
            continue;
        }
        if let Some(name) =
            words.find(|word| !["if", "not", "exists"].iter().any(|skip| word.eq_ignore_ascii_case(skip)))
        {
            out.push(ObjectName { schema: None, name: Ident { text: name.to_owned(), span } });
        }
    }
}

impl Reader<'_> {
    fn word(&self, at: usize, word: &str) -> bool {
        self.tokens.get(at).is_some_and(|token| token.is_word(self.text, word))
    }

    fn symbol(&self, at: usize, symbol: &str) -> bool {
        self.tokens.get(at).is_some_and(|token| token.is_symbol(self.text, symbol))
    }

    fn any(&self, at: usize, words: &[&str]) -> bool {
        words.iter().any(|word| self.word(at, word))
    }

    fn step(&mut self) {
        let token = self.tokens[self.at];
        match token.kind {
            TokenKind::Symbol => {
                if self.symbol(self.at, "(") {
                    self.open.push(false);
                } else if self.symbol(self.at, ")") {
                    self.open.pop();
                }
                self.at += 1;
            }
            TokenKind::Word => {
                self.at += 1;
                // A name behind a dot or a variable is not a keyword.
                if self.at < 2 || !self.symbol(self.at - 2, ".") {
                    self.keyword(self.at - 1);
                }
            }
            TokenKind::String | TokenKind::DoubleQuoted => {
                tables_in_string(token.text(self.text), token.range().into(), &mut self.found.changes);
                self.at += 1;
            }
            _ => self.at += 1,
        }
    }

    /// A word that may begin something; `self.at` is behind it.
    fn keyword(&mut self, at: usize) {
        const VERBS: [&str; 9] =
            ["select", "insert", "replace", "update", "delete", "fetch", "prepare", "show", "with"];
        let before = at.checked_sub(1);
        let after = |words: &[&str]| before.is_some_and(|before| self.any(before, words));
        if self.word(at, "update") && after(&["for", "on", "key"]) {
            return;
        }
        if let Some(verb) = VERBS.into_iter().find(|verb| self.word(at, verb))
            && !(verb == "replace" && self.symbol(at + 1, "("))
            && !(verb == "insert" && self.symbol(at + 1, "("))
        {
            self.verb = verb;
            self.with |= verb == "with";
            if let Some(open) = self.open.last_mut() {
                *open = true;
            }
        }
        match () {
            () if self.word(at, "from") => self.from(at),
            () if self.any(at, &["join", "straight_join"]) => self.relations(),
            () if self.word(at, "into") && matches!(self.verb, "insert" | "replace") => self.target(),
            () if self.any(at, &["insert", "replace"]) && !self.symbol(at + 1, "(") => {
                while self.any(self.at, &["low_priority", "high_priority", "delayed", "ignore"]) {
                    self.at += 1;
                }
                if !self.any(self.at, &["into"]) && !self.symbol(self.at, "(") {
                    self.target();
                }
            }
            () if self.word(at, "update") => {
                while self.any(self.at, &["low_priority", "ignore"]) {
                    self.at += 1;
                }
                self.relations();
            }
            () if self.word(at, "call") => {
                if let Some(name) = self.name() {
                    self.found.references.push(Reference { kind: RefKind::Procedure, name });
                }
            }
            () if self.word(at, "truncate") && !self.symbol(at + 1, "(") => {
                self.at += usize::from(self.word(self.at, "table"));
                self.relations();
            }
            () if self.any(at, &["alter", "drop", "create", "rename"]) => self.definition(at),
            () if self.word(at, "execute") => self.found.dynamic = true,
            () if self.word(at, "as") && self.symbol(at + 1, "(") => self.common_table_expression(at),
            () => {}
        }
    }

    fn from(&mut self, at: usize) {
        let in_call = self.open.last() == Some(&false);
        let distinct = at > 0 && self.word(at - 1, "distinct") && at > 1 && self.any(at - 2, &["is", "not"]);
        if in_call || distinct || matches!(self.verb, "fetch" | "prepare" | "show") {
            return;
        }
        let before = self.found.references.len();
        self.relations();
        // In `DELETE FROM a USING b AS a` the first names are aliases.
        if self.verb == "delete" && self.word(self.at, "using") {
            self.found.references.truncate(before);
            self.at += 1;
            self.relations();
        }
    }

    /// `name [AS alias], name …`, as far as it is names.
    fn relations(&mut self) {
        loop {
            while self.symbol(self.at, "(") && !self.any(self.at + 1, &["select", "with", "values", "table"])
            {
                self.open.push(true);
                self.at += 1;
            }
            self.at += usize::from(self.word(self.at, "lateral"));
            let start = self.at;
            let Some(name) = self.name() else { return };
            if self.symbol(self.at, "(") {
                // A table function; its arguments are read like anything else.
                self.at = start + 1;
                return;
            }
            self.found.references.push(Reference { kind: RefKind::Relation, name });
            if self.word(self.at, "partition") && self.symbol(self.at + 1, "(") {
                self.skip_parentheses(self.at + 1);
            }
            self.at += usize::from(self.word(self.at, "as"));
            if self.is_name(self.at) && !self.any(self.at, &["use", "set", "using", "do", "then", "end"]) {
                self.at += 1;
            }
            while self.any(self.at, &["use", "force", "ignore"]) && self.any(self.at + 1, &["index", "key"]) {
                self.at += 2;
                while self.any(self.at, &["for", "join", "order", "group", "by"]) {
                    self.at += 1;
                }
                self.skip_parentheses(self.at);
            }
            if !self.symbol(self.at, ",") {
                return;
            }
            self.at += 1;
        }
    }

    /// The table of an `INSERT`, and its columns.
    fn target(&mut self) {
        let Some(name) = self.name() else { return };
        self.found.references.push(Reference { kind: RefKind::Relation, name });
        let is_list =
            self.symbol(self.at, "(") && !self.any(self.at + 1, &["select", "with", "values", "table"]);
        if !self.columns || !is_list {
            return;
        }
        let end = self.at;
        self.at += 1;
        while self.is_name(self.at) {
            let Some(name) = self.name() else { break };
            self.found.references.push(Reference { kind: RefKind::Column, name });
            if !self.symbol(self.at, ",") {
                break;
            }
            self.at += 1;
        }
        self.at = end;
    }

    /// A definition inside of a body: its table changes when the body runs.
    fn definition(&mut self, at: usize) {
        let temporary = self.word(self.at, "temporary");
        self.at += usize::from(temporary);
        if self.any(self.at, &["unique", "fulltext", "spatial", "index"]) {
            let on = (self.at..self.tokens.len().min(self.at + 8)).find(|&index| self.word(index, "on"));
            if let Some(on) = on {
                self.at = on + 1;
                let name = self.name();
                self.found.changes.extend(name);
            }
            return;
        }
        if !self.word(self.at, "table") {
            return;
        }
        self.at += 1;
        while self.any(self.at, &["if", "not", "exists"]) {
            self.at += 1;
        }
        loop {
            let Some(name) = self.name() else { return };
            if temporary {
                self.local.insert(name.text().to_lowercase());
            } else {
                if self.word(at, "create") {
                    self.created.insert(name.text().to_lowercase());
                }
                self.found.changes.push(name);
            }
            let continues = self.symbol(self.at, ",") || self.word(at, "rename") && self.word(self.at, "to");
            if !continues || !self.any(at, &["drop", "rename"]) {
                return;
            }
            self.at += 1;
        }
    }

    /// `name [(columns)] AS (query)`: a common table expression, if a `WITH` came before.
    fn common_table_expression(&mut self, at: usize) {
        let is_query = self.any(at + 2, &["select", "with", "values", "table"]) || self.symbol(at + 2, "(");
        if !is_query {
            return;
        }
        let mut name = at.wrapping_sub(1);
        if self.symbol(name, ")") {
            while name > 0 && !self.symbol(name, "(") {
                name -= 1;
            }
            name = name.wrapping_sub(1);
        }
        if self.with && self.is_name(name) {
            self.local.insert(unquote_name(self.tokens[name].text(self.text)).to_lowercase());
        }
    }

    fn skip_parentheses(&mut self, at: usize) {
        self.at = at;
        if !self.symbol(at, "(") {
            return;
        }
        while self.at < self.tokens.len() && !self.symbol(self.at, ")") {
            self.at += 1;
        }
        self.at += 1;
    }

    fn is_name(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|token| match token.kind {
            TokenKind::QuotedIdentifier => true,
            TokenKind::Word => !is_reserved(token.text(self.text)),
            _ => false,
        })
    }

    /// The name that is next, with its schema.
    fn name(&mut self) -> Option<ObjectName> {
        if !self.is_name(self.at) {
            return None;
        }
        let first = self.ident();
        if self.symbol(self.at, ".") && self.at + 1 < self.tokens.len() {
            self.at += 1;
            let name = self.ident();
            return Some(ObjectName { schema: Some(first), name });
        }
        Some(ObjectName { schema: None, name: first })
    }

    fn ident(&mut self) -> Ident {
        let token = self.tokens[self.at];
        self.at += 1;
        Ident { text: unquote_name(token.text(self.text)), span: token.range().into() }
    }
}
