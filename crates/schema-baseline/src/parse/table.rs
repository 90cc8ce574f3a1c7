//! `CREATE TABLE`, `DROP TABLE`, `RENAME TABLE`, and table options.

use std::sync::Arc;

use migrate_core::script::lexer::TokenKind;

use super::canonical::expression;
use super::cursor::{Cursor, Parsed, unquote_name};
use super::references::references;
use crate::ast::{CreateTable, Expr, ObjectKind, StatementKind, TableElement, TableOption, TableQuery};
use crate::catalogue::versioning;
use crate::dialect::Vendor;

/// Options that may stand without `=`.
const OPTIONS: [&str; 40] = [
    "aria_log_block_size",
    "auto_increment",
    "autoextend_size",
    "avg_row_length",
    "checksum",
    "comment",
    "compression",
    "connection",
    "data directory",
    "delay_key_write",
    "encrypted",
    "encryption",
    "encryption_key_id",
    "engine",
    "engine_attribute",
    "ietf_quotes",
    "index directory",
    "insert_method",
    "itef_quotes",
    "key_block_size",
    "max_rows",
    "min_rows",
    "pack_keys",
    "page_checksum",
    "page_compressed",
    "page_compression_level",
    "password",
    "row_format",
    "secondary_engine",
    "secondary_engine_attribute",
    "sequence",
    "stats_auto_recalc",
    "stats_persistent",
    "stats_sample_pages",
    "storage",
    "table_checksum",
    "tablespace",
    "transactional",
    "type",
    "union",
];

impl Cursor<'_> {
    /// Behind `CREATE [OR REPLACE] [TEMPORARY] TABLE`.
    pub(super) fn create_table(&mut self, or_replace: bool, temporary: bool) -> Parsed<StatementKind> {
        let if_not_exists = self.if_not_exists();
        let name = self.object_name("the name of the table")?;
        if !temporary {
            self.touches.push((ObjectKind::Table, name.clone()));
        }
        if self.eat("like") || self.is_symbol("(") && self.is_word_at(1, "like") {
            let parentheses = self.eat_symbol("(") && self.eat("like");
            let like = self.object_name("the name of the table to make this one like")?;
            if parentheses {
                self.expect_symbol(")", "`)`")?;
            }
            return Ok(StatementKind::CreateTableLike { name, like, if_not_exists, temporary });
        }
        let mut elements = Vec::new();
        if self.is_symbol("(") && !self.is_word_at(1, "select") {
            self.next();
            loop {
                let start = self.position();
                let element = match self.key_or_constraint()? {
                    Some(element) => element,
                    None => TableElement::Column(Box::new(self.column_def()?)),
                };
                elements.push((element, self.span_from(start)));
                if !self.eat_symbol(",") {
                    break;
                }
            }
            self.expect_symbol(")", "`,` or `)`")?;
        }
        let (options, partition) = self.table_tail()?;
        let query = if self.is_query() { Some(self.table_query()?) } else { None };
        if !self.is_at_end() {
            return self.expected("a table option or the end of the statement");
        }
        if elements.is_empty() && query.is_none() {
            return self.expected("`(` and the columns of the table");
        }
        let table =
            CreateTable { name, temporary, or_replace, if_not_exists, elements, options, partition, query };
        Ok(StatementKind::CreateTable(Arc::new(table)))
    }

    /// `[IGNORE | REPLACE] [AS] SELECT …`, to the end of the statement.
    fn table_query(&mut self) -> Parsed<TableQuery> {
        let _ = self.eat("ignore") || self.eat("replace");
        self.eat("as");
        let start = self.position();
        if !self.begins_query() {
            return self.expected("SELECT");
        }
        while self.next().is_some() {}
        let uses = references(self.text, self.since(start), false).references;
        Ok(TableQuery { uses, span: self.span_from(start) })
    }

    /// Whether a query is next, in parentheses or not.
    pub(super) fn begins_query(&self) -> bool {
        let ahead = self.rest().iter().take_while(|token| token.is_symbol(self.text, "(")).count();
        let queries: &[&str] = match self.dialect.vendor {
            Vendor::MySql => &["select", "with", "values", "table"],
            Vendor::MariaDb => &["select", "with", "values"],
        };
        queries.iter().any(|word| self.is_word_at(ahead, word))
    }

    fn is_query(&self) -> bool {
        let query =
            |ahead| ["select", "with", "values", "table"].iter().any(|word| self.is_word_at(ahead, word));
        if self.is_word("with") && self.is_word_at(1, "system") {
            return false;
        }
        ["ignore", "replace", "as"].iter().any(|word| self.is_word(word)) || query(0) || self.is_symbol("(")
    }

    fn table_tail(&mut self) -> Parsed<(Vec<TableOption>, Option<Expr>)> {
        let mut options = Vec::new();
        loop {
            if self.is_at_end() || self.is_query() {
                return Ok((options, None));
            }
            if self.is_word("partition") {
                let partition = self.partition_by()?;
                return Ok((options, Some(partition)));
            }
            options.extend(self.table_option()?);
            self.eat_symbol(",");
        }
    }

    /// `PARTITION BY …`, to the end of the statement.
    pub(super) fn partition_by(&mut self) -> Parsed<Expr> {
        let start = self.position();
        self.expect("partition")?;
        self.expect("by")?;
        self.eat("linear");
        if self.eat_any(&["range", "list", "hash", "key", "system_time"]).is_none() {
            return self.expected("RANGE, LIST, HASH or KEY");
        }
        while !self.is_at_end() && !self.is_word("select") && !self.is_word("as") {
            self.next();
        }
        Ok(expression(self.text, self.since(start)))
    }

    /// One table option; none for those that say nothing about the table.
    pub(super) fn table_option(&mut self) -> Parsed<Option<TableOption>> {
        let start = self.position();
        let default = self.eat("default");
        let charset =
            self.eat("charset") || self.eat_words(&["character", "set"]) || self.eat_words(&["char", "set"]);
        if charset || self.eat("collate") {
            self.eat_symbol("=");
            let name = if charset { "charset" } else { "collate" }.to_owned();
            let value = self.charset_value()?;
            return Ok(Some(TableOption { name, value, span: self.span_from(start) }));
        }
        if default {
            return self.expected("CHARACTER SET or COLLATE");
        }
        if self.eat_words(&["start", "transaction"]) {
            return Ok(None);
        }
        if self.dialect.vendor == Vendor::MariaDb && self.eat_words(&["with", "system", "versioning"]) {
            let (name, value) = (versioning::OPTION.to_owned(), "yes".to_owned());
            return Ok(Some(TableOption { name, value, span: self.span_from(start) }));
        }
        let Some(name) = self.option_name() else { return self.expected("a table option") };
        self.eat_symbol("=");
        let value = if self.is_symbol("(") {
            let parentheses = self.position();
            self.skip_parentheses()?;
            self.spelled_since(parentheses)
        } else {
            self.option_value()?
        };
        let span = self.span_from(start);
        if name == "auto_increment" {
            self.strip.push(span);
        }
        let name = if name == "type" { "engine".to_owned() } else { name };
        Ok(Some(TableOption { name, value, span }))
    }

    fn option_name(&mut self) -> Option<String> {
        if self.eat_words(&["data", "directory"]) {
            return Some("data directory".to_owned());
        }
        if self.eat_words(&["index", "directory"]) {
            return Some("index directory".to_owned());
        }
        let token = self.peek()?;
        let name = unquote_name(token.text(self.text)).to_lowercase();
        let is_name = matches!(token.kind, TokenKind::Word | TokenKind::QuotedIdentifier);
        let known = OPTIONS.binary_search(&name.as_str()).is_ok();
        if !is_name || !known {
            return None;
        }
        self.next();
        Some(name)
    }

    /// A word, number or string.
    pub(super) fn option_value(&mut self) -> Parsed<String> {
        if self.is_string() {
            return self.string("a value");
        }
        let kind = self.peek().map(|token| token.kind);
        match kind {
            Some(TokenKind::Word | TokenKind::QuotedIdentifier | TokenKind::Number) => {
                let token = self.next();
                Ok(token.map(|token| unquote_name(token.text(self.text))).unwrap_or_default())
            }
            _ => self.expected("a value"),
        }
    }

    /// Behind `DROP [TEMPORARY] TABLE`.
    pub(super) fn drop_table(&mut self, temporary: bool) -> Parsed<StatementKind> {
        let if_exists = self.if_exists();
        let names = self.object_names("the name of the table")?;
        let _ = self.eat("restrict") || self.eat("cascade");
        if self.eat("wait") {
            self.next();
        } else {
            self.eat("nowait");
        }
        Ok(StatementKind::DropTable { names, if_exists, temporary })
    }

    /// Behind `RENAME TABLE`.
    pub(super) fn rename_table(&mut self) -> Parsed<StatementKind> {
        self.if_exists_inside();
        let mut pairs = Vec::new();
        loop {
            let from = self.object_name("the name of the table")?;
            if self.eat("wait") {
                self.next();
            } else {
                self.eat("nowait");
            }
            self.expect("to")?;
            pairs.push((from, self.object_name("the new name of the table")?));
            if !self.eat_symbol(",") {
                return Ok(StatementKind::RenameTable(pairs));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_sorted() {
        assert!(OPTIONS.is_sorted());
    }
}
