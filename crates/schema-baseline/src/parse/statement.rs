//! Which statement it is.

use migrate_core::script::lexer::TokenKind;

use super::cursor::{Cursor, Parsed};
use super::references::{references, tables_in_string};
use crate::ast::{ObjectKind, ObjectName, RoutineKind, StatementKind};
use crate::dialect::Vendor;

/// First words of statements that no object of the schema takes notice of.
const WITHOUT_EFFECT: [&str; 49] = [
    "analyze",
    "backup",
    "begin",
    "binlog",
    "cache",
    "change",
    "check",
    "checksum",
    "clone",
    "commit",
    "deallocate",
    "declare",
    "desc",
    "describe",
    "do",
    "explain",
    "flush",
    "get",
    "grant",
    "handler",
    "help",
    "import",
    "install",
    "kill",
    "lock",
    "optimize",
    "prepare",
    "purge",
    "release",
    "repair",
    "reset",
    "resignal",
    "restart",
    "revoke",
    "rollback",
    "savepoint",
    "show",
    "shutdown",
    "signal",
    "start",
    "stop",
    "uninstall",
    "unlock",
    "xa",
    "diagnostics",
    "delimiter",
    "load",
    "end",
    "return",
];

/// Objects of the server rather than of a schema.
const SERVER_OBJECTS: [&str; 9] =
    ["user", "role", "server", "tablespace", "undo", "logfile", "resource", "instance", "library"];

impl Cursor<'_> {
    /// A whole statement. `prepared` collects the tables that SQL in strings names.
    pub(super) fn statement(&mut self, prepared: &mut Vec<ObjectName>) -> Parsed<StatementKind> {
        let start = self.position();
        if self.eat("create") {
            return self.create();
        }
        if self.eat("alter") {
            return self.alter();
        }
        if self.eat("drop") {
            return self.drop_statement(start);
        }
        if self.eat("rename") {
            if self.eat("table") || self.eat("tables") {
                return self.rename_table();
            }
            self.expect("user")?;
            return Ok(self.without_effect());
        }
        if self.is_word("truncate") {
            return self.truncate();
        }
        if self.eat("set") {
            return Ok(self.set(prepared));
        }
        if self.eat("use") {
            return Ok(StatementKind::Use(self.loose_name("the name of a schema")?));
        }
        if self.eat("call") {
            return self.call();
        }
        if self.is_word("execute") {
            return Ok(self.execute(prepared));
        }
        if self.is_word("begin") && self.is_word_at(1, "not") {
            return self.unknown("a block of statements");
        }
        if self.is_word("with")
            || ["select", "insert", "replace", "update", "delete", "values", "table"]
                .iter()
                .any(|word| self.is_word(word))
            || self.is_symbol("(")
        {
            return self.data();
        }
        if WITHOUT_EFFECT.iter().any(|word| self.is_word(word)) {
            for token in self.rest() {
                if matches!(token.kind, TokenKind::String | TokenKind::DoubleQuoted) {
                    tables_in_string(token.text(self.text), token.range().into(), prepared);
                }
            }
            return Ok(self.without_effect());
        }
        self.expected("a statement")
    }

    fn without_effect(&mut self) -> StatementKind {
        while self.next().is_some() {}
        StatementKind::NoEffect
    }

    fn create(&mut self) -> Parsed<StatementKind> {
        let head = self.head()?;
        if self.eat("view") {
            return self.view(head, false);
        }
        if head.or_replace && self.dialect.vendor == Vendor::MySql && !self.is_word("spatial") {
            return self.expected("VIEW, the only thing that MySQL replaces");
        }
        if self.eat("table") {
            return self.create_table(head.or_replace, head.temporary);
        }
        if self.eat("trigger") {
            return self.trigger(head);
        }
        if self.eat("procedure") {
            return self.routine(head, RoutineKind::Procedure);
        }
        if self.eat("function") {
            return self.routine(head, RoutineKind::Function);
        }
        if self.eat("event") {
            return self.event(head);
        }
        if self.is_word("spatial") && self.is_word_at(1, "reference") {
            return Ok(self.without_effect());
        }
        if ["unique", "fulltext", "spatial", "vector", "index"].iter().any(|word| self.is_word(word)) {
            return self.create_index();
        }
        if self.eat("database") || self.eat("schema") {
            self.if_not_exists();
            self.loose_name("the name of the schema")?;
            return self.database_options();
        }
        if self.is_sequence() {
            self.next();
            return self.create_sequence(head.or_replace, head.temporary);
        }
        if SERVER_OBJECTS.iter().any(|word| self.is_word(word)) {
            return Ok(self.without_effect());
        }
        self.expected("TABLE, INDEX, VIEW, TRIGGER, PROCEDURE, FUNCTION, EVENT or DATABASE")
    }

    fn alter(&mut self) -> Parsed<StatementKind> {
        self.eat("online");
        self.eat("ignore");
        if self.eat("table") {
            return self.alter_table();
        }
        let head = self.head()?;
        if self.eat("view") {
            return self.view(head, true);
        }
        if self.eat("procedure") {
            return self.alter_routine(RoutineKind::Procedure);
        }
        if self.eat("function") {
            return self.alter_routine(RoutineKind::Function);
        }
        if self.eat("event") {
            return self.alter_event();
        }
        if self.eat("database") || self.eat("schema") {
            let options =
                ["default", "character", "charset", "collate", "comment", "encryption", "read", "upgrade"];
            if !options.iter().any(|word| self.is_word(word)) {
                self.loose_name("the name of the schema")?;
            }
            return self.database_options();
        }
        if self.is_sequence() {
            self.next();
            return self.alter_sequence();
        }
        if SERVER_OBJECTS.iter().any(|word| self.is_word(word)) {
            return Ok(self.without_effect());
        }
        self.expected("TABLE, VIEW, PROCEDURE, FUNCTION, EVENT or DATABASE")
    }

    fn database_options(&mut self) -> Parsed<StatementKind> {
        let (mut charset, mut collation) = (None, None);
        while !self.is_at_end() {
            self.eat("default");
            if self.eat("charset") || self.eat_words(&["character", "set"]) {
                self.eat_symbol("=");
                charset = Some(self.charset_value()?);
            } else if self.eat("collate") {
                self.eat_symbol("=");
                collation = Some(self.charset_value()?);
            } else if self.eat("comment") || self.eat("encryption") || self.eat_words(&["read", "only"]) {
                self.eat_symbol("=");
                self.option_value()?;
            } else if self.eat_words(&["upgrade", "data", "directory", "name"]) {
            } else {
                return self.expected("CHARACTER SET or COLLATE");
            }
        }
        Ok(StatementKind::AlterDatabase { charset, collation })
    }

    fn drop_statement(&mut self, start: usize) -> Parsed<StatementKind> {
        let temporary = self.eat("temporary");
        if self.eat("table") || self.eat("tables") {
            return self.drop_table(temporary);
        }
        if self.eat("index") {
            return self.drop_index(start);
        }
        let kinds = [
            ("view", ObjectKind::View),
            ("trigger", ObjectKind::Trigger),
            ("procedure", ObjectKind::Procedure),
            ("function", ObjectKind::Function),
            ("event", ObjectKind::Event),
        ];
        if let Some((_, kind)) = kinds.into_iter().find(|(word, _)| self.eat(word)) {
            let if_exists = self.if_exists();
            let names = match kind {
                ObjectKind::View => self.object_names("the name of the view")?,
                _ => vec![self.object_name("the name of the object to drop")?],
            };
            let _ = self.eat("restrict") || self.eat("cascade");
            return Ok(StatementKind::Drop { kind, names, if_exists });
        }
        if self.eat("database") || self.eat("schema") {
            self.if_exists();
            return Ok(StatementKind::DropDatabase(self.loose_name("the name of the schema")?));
        }
        if self.is_word("prepare")
            || self.is_word("spatial")
            || SERVER_OBJECTS.iter().any(|word| self.is_word(word))
        {
            return Ok(self.without_effect());
        }
        if self.is_sequence() {
            self.next();
            return self.drop_sequence(temporary);
        }
        self.expected("TABLE, INDEX, VIEW, TRIGGER, PROCEDURE, FUNCTION, EVENT or DATABASE")
    }

    /// `SET`: only `foreign_key_checks` matters to the schema, and strings that may be executed later.
    fn set(&mut self, prepared: &mut Vec<ObjectName>) -> StatementKind {
        let mut checks = None;
        while let Some(token) = self.next() {
            let written = token.text(self.text);
            if matches!(token.kind, TokenKind::String | TokenKind::DoubleQuoted) {
                tables_in_string(written, token.range().into(), prepared);
            }
            let name = written.trim_start_matches('@');
            let assigned = self.is_symbol("=") || self.is_symbol(":=");
            if token.kind != TokenKind::UserVariable
                && name.eq_ignore_ascii_case("foreign_key_checks")
                && assigned
            {
                self.next();
                let off =
                    self.is_word("off") || self.peek().is_some_and(|token| token.text(self.text) == "0");
                checks = Some(!off);
            }
        }
        checks.map_or(StatementKind::NoEffect, StatementKind::ForeignKeyChecks)
    }

    fn call(&mut self) -> Parsed<StatementKind> {
        let name = self.object_name("the name of the procedure")?;
        let mut words = Vec::new();
        if self.is_symbol("(") {
            let start = self.position();
            self.skip_parentheses()?;
            for token in self.since(start) {
                if matches!(token.kind, TokenKind::String | TokenKind::DoubleQuoted) {
                    let value = super::cursor::unquote_string(token.text(self.text));
                    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
                    let found = value.split(|c| !is_word(c)).filter(|word| !word.is_empty());
                    words.extend(found.map(ToOwned::to_owned));
                }
            }
        }
        Ok(StatementKind::Call { name, words })
    }

    /// `EXECUTE`: runs SQL that was put together as strings.
    fn execute(&mut self, prepared: &[ObjectName]) -> StatementKind {
        let mut names = prepared.to_vec();
        for token in self.rest() {
            tables_in_string(token.text(self.text), token.range().into(), &mut names);
        }
        while self.next().is_some() {}
        let touches = names.into_iter().map(|name| (ObjectKind::Table, name)).collect();
        StatementKind::Execute { touches }
    }

    fn truncate(&mut self) -> Parsed<StatementKind> {
        let start = self.position();
        self.next();
        self.eat("table");
        self.object_name("the name of the table")?;
        if self.eat("wait") {
            self.next();
        } else {
            self.eat("nowait");
        }
        Ok(StatementKind::Data { uses: references(self.text, self.since(start), false).references })
    }
}
