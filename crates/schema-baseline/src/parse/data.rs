//! Statements that read and write rows: what they use, and whether they look right.

use std::sync::Arc;

use sqlparser::ast::Statement;
use sqlparser::dialect::MySqlDialect;
use sqlparser::parser::{Parser, ParserError, ParserOptions};

use super::cursor::{Cursor, Parsed};
use super::references::references;
use crate::ast::StatementKind;
use crate::finding::{Finding, at};
use crate::place::{Place, Source, Span};

/// Nesting that the general parser may follow; it recurses.
const RECURSION_LIMIT: usize = 50;

/// Longer statements are rows of data, whose grammar is not worth the time.
const LONGEST: usize = 64 * 1024;

impl Cursor<'_> {
    /// `SELECT`, `INSERT`, `REPLACE`, `UPDATE`, `DELETE`, `WITH`, `VALUES`, `TABLE`.
    pub(super) fn data(&mut self) -> Parsed<StatementKind> {
        let start = self.position();
        if self.is_word("insert") || self.is_word("replace") {
            self.insert_head()?;
        } else if self.is_word("update") {
            self.requires("set", "SET", start)?;
        } else if self.is_word("delete") {
            self.next();
            while self.eat_any(&["low_priority", "quick", "ignore"]).is_some() {}
            while !self.is_word("from") {
                self.object_name("FROM or the name of a table")?;
                if self.eat_symbol(".") {
                    self.expect_symbol("*", "`*`")?;
                }
                if !self.eat_symbol(",") && !self.is_word("from") {
                    return self.expected("FROM");
                }
            }
        }
        while self.next().is_some() {}
        let uses = references(self.text, self.since(start), true).references;
        Ok(StatementKind::Data { uses })
    }

    /// Looks for a word that a statement cannot be without.
    fn requires(&mut self, word: &str, expected: &'static str, start: usize) -> Parsed<()> {
        while !self.is_at_end() {
            if self.is_word(word) {
                self.seek(start);
                return Ok(());
            }
            self.next();
        }
        self.expected(expected)
    }

    fn insert_head(&mut self) -> Parsed<()> {
        self.next();
        while self.eat_any(&["low_priority", "high_priority", "delayed", "ignore"]).is_some() {}
        self.eat("into");
        self.object_name("the name of the table")?;
        if self.eat("partition") {
            self.skip_parentheses()?;
        }
        let query = |cursor: &Self, ahead| {
            ["select", "with", "values", "table"].iter().any(|word| cursor.is_word_at(ahead, word))
        };
        if self.is_symbol("(") && !query(self, 1) && !self.is_symbol_at(1, "(") {
            self.skip_parentheses()?;
        }
        let goes_on =
            ["values", "value", "set", "select", "with", "table"].iter().any(|word| self.is_word(word));
        if goes_on || self.is_symbol("(") {
            return Ok(());
        }
        self.expected("VALUES, SET or SELECT")
    }
}

/// What a general SQL parser cannot read in a query. It does not know all of MySQL's grammar, so this is a doubt and no
/// error.
pub(super) fn doubts(source: &Arc<Source>, span: Span) -> Option<Finding> {
    let text = span.of(source.inner());
    if text.len() > LONGEST || text.contains("/*") {
        return None;
    }
    let options = ParserOptions::new().with_unescape(false);
    let parsed: Result<Vec<Statement>, ParserError> = Parser::new(&MySqlDialect {})
        .with_options(options)
        .with_recursion_limit(RECURSION_LIMIT)
        .try_with_sql(text)
        .and_then(|mut parser| parser.parse_statements());
    let message = match parsed {
        Ok(_) | Err(ParserError::RecursionLimitExceeded) => return None,
        Err(ParserError::ParserError(message) | ParserError::TokenizerError(message)) => message,
    };
    let (message, offset) = located(&message, text)?;
    let start = span.start + offset;
    let length =
        source.inner()[start..span.end].find(|c: char| c.is_whitespace()).unwrap_or(span.end - start);
    let (src, span) = at(&Place::new(source, Span { start, end: start + length }));
    Some(Finding::Doubtful { message, src, span })
}

/// Takes `… at Line: 2, Column: 5` off a message, as an offset in the text.
fn located(message: &str, text: &str) -> Option<(String, usize)> {
    let (what, place) = message.rsplit_once(" at Line: ")?;
    let (line, column) = place.split_once(", Column: ")?;
    let (line, column): (usize, usize) = (line.parse().ok()?, column.trim().parse().ok()?);
    let start: usize = text.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum();
    let rest = text.get(start..)?;
    let offset = rest.char_indices().nth(column.checked_sub(1)?).map_or(rest.len(), |(offset, _)| offset);
    let mut what = what.to_owned();
    if let Some(first) = what.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    Some((what, start + offset))
}
