//! From the text of a script to statements: MySQL's and MariaDB's data definition language, on the tokens of
//! [`migrate_core::script`].

mod alter;
mod canonical;
mod column;
mod cursor;
mod data;
mod generated;
mod key;
mod keywords;
mod partition;
mod program;
mod references;
mod sequence;
mod statement;
mod table;
#[cfg(test)]
mod tests;
mod types;
mod words;

use std::sync::Arc;

use migrate_core::script::lexer::{Token, TokenKind, Unterminated};
use migrate_core::script::{SplitOptions, SplitProblem, split};

use crate::ast::{DataType, Ident, ObjectKind, ObjectName, Reference, Statement, StatementKind};
use crate::dialect::{Dialect, Vendor};
use crate::finding::{Finding, at};
use crate::place::{Place, Source, Span};
pub(crate) use canonical::sequence_calls;
use cursor::{Cursor, Failure};
pub(crate) use keywords::is_printed_plain;
pub(crate) use partition::{partition_by, partition_change};
pub(crate) use words::is_reserved;

/// Reads a script. Statements that cannot be read are reported, and kept as
/// [`StatementKind::NotUnderstood`] with the objects that they may have changed.
///
/// ```
/// use schema_baseline::{ast::StatementKind, dialect::Dialect, parse::parse, place::Source};
/// let source = Source::new("a.sql", "CREATE TABLE t (id INT PRIMARY KEY);".into()).into();
/// let (statements, findings) = parse(&source, Dialect::default());
/// assert!(findings.is_empty());
/// assert!(matches!(statements[0].kind, StatementKind::CreateTable(_)));
/// ```
pub fn parse(source: &Arc<Source>, dialect: Dialect) -> (Vec<Statement>, Vec<Finding>) {
    let (statements, problems, mut findings) = read(source, dialect);
    findings.extend(problems.iter().filter_map(|problem| split_finding(source, problem)));
    (statements, findings)
}

/// As [`parse`], but says nothing about how the text splits into statements.
pub(crate) fn parse_statements(source: &Arc<Source>, dialect: Dialect) -> (Vec<Statement>, Vec<Finding>) {
    let (statements, _, findings) = read(source, dialect);
    (statements, findings)
}

/// Reads a text that is one statement, whatever delimiters stand in it, as servers show the definition of an object.
pub(crate) fn parse_one(source: &Arc<Source>, dialect: Dialect) -> (Option<Statement>, Vec<Finding>) {
    let mut script =
        Script { source, dialect, tokens: Vec::new(), prepared: Vec::new(), findings: Vec::new() };
    let statement = script.statement(0, source.inner().len(), false);
    (statement, script.findings)
}

/// The tokens of a text in one spelling.
pub(crate) fn canonical_text(text: &str, dialect: Dialect) -> String {
    let mut tokens = Vec::new();
    cursor::tokens(text, 0, text.len(), dialect, &mut tokens);
    if tokens.is_empty() { String::new() } else { canonical::canonical(text, &tokens) }
}

/// The tokens of a stretch of a text that the server reads.
pub(crate) fn tokens_of(text: &str, span: Span, dialect: Dialect) -> Vec<Token> {
    let mut tokens = Vec::new();
    cursor::tokens(text, span.start, span.end.min(text.len()), dialect, &mut tokens);
    tokens
}

/// The tables that an expression reads in its subqueries.
pub(crate) fn references_in(text: &str, span: Span, dialect: Dialect) -> Vec<Reference> {
    references::references(text, &tokens_of(text, span, dialect), false).references
}

/// A name without its quotes.
pub(crate) fn unquoted(written: &str) -> String {
    cursor::unquote_name(written)
}

/// Reads one statement that stands in a text.
pub(crate) fn parse_span(
    source: &Arc<Source>,
    span: Span,
    dialect: Dialect,
) -> (Option<Statement>, Vec<Finding>) {
    let mut script =
        Script { source, dialect, tokens: Vec::new(), prepared: Vec::new(), findings: Vec::new() };
    let statement = script.statement(span.start, span.end, false);
    (statement, script.findings)
}

/// Reads one statement that is a text of its own.
pub(crate) fn parse_all(source: &Arc<Source>, dialect: Dialect) -> (Vec<Statement>, Vec<Finding>) {
    let (statement, findings) = parse_one(source, dialect);
    (statement.into_iter().collect(), findings)
}

/// Reads a type, and gives the rest of the text behind it.
pub(crate) fn parse_type(text: &str, dialect: Dialect) -> Option<(DataType, &str)> {
    let mut tokens = Vec::new();
    cursor::tokens(text, 0, text.len(), dialect, &mut tokens);
    let mut cursor = Cursor::new(text, &tokens, text.len(), dialect);
    let data_type = cursor.data_type().ok()?;
    let rest = cursor.rest().first().map_or(text.len(), |token| token.start);
    Some((data_type, &text[rest..]))
}

fn read(source: &Arc<Source>, dialect: Dialect) -> (Vec<Statement>, Vec<SplitProblem>, Vec<Finding>) {
    let (pieces, problems) = split(source.inner(), &SplitOptions::default());
    let mut script =
        Script { source, dialect, tokens: Vec::new(), prepared: Vec::new(), findings: Vec::new() };
    let broken = |range: &std::ops::Range<usize>| {
        problems.iter().any(|problem| is_fatal(problem) && range.contains(&problem.range().start))
    };
    let statements = pieces
        .iter()
        .filter_map(|piece| script.statement(piece.start, piece.range.end, broken(&piece.range)))
        .collect();
    (statements, problems, script.findings)
}

/// What the statements of one text have in common.
struct Script<'a> {
    source: &'a Arc<Source>,
    dialect: Dialect,
    /// Room for the tokens of one statement, used again for the next.
    tokens: Vec<Token>,
    /// Tables named by SQL in strings, which a later `EXECUTE` may change.
    prepared: Vec<ObjectName>,
    findings: Vec<Finding>,
}

impl Script<'_> {
    /// One statement; none when it holds nothing but comments. `broken` ones have been reported already.
    fn statement(&mut self, start: usize, end: usize, broken: bool) -> Option<Statement> {
        let text: &str = self.source.inner();
        self.tokens.clear();
        cursor::tokens(text, start, end, self.dialect, &mut self.tokens);
        while self.tokens.last().is_some_and(|token| token.is_symbol(text, ";")) {
            self.tokens.pop();
        }
        let limit = end;
        let end = self.tokens.last()?.end;
        // A comment that the server executes belongs to its last token.
        let rest = &text[end..limit];
        let closed = rest.trim_start().strip_prefix("*/").map_or(end, |behind| limit - behind.len());
        let span = Span { start, end: closed };
        if broken {
            let touches = guess(text, &self.tokens);
            return Some(Statement {
                kind: StatementKind::NotUnderstood { touches },
                span,
                strip: Vec::new(),
            });
        }
        let mut cursor = Cursor::new(text, &self.tokens, end, self.dialect);
        let is_arrow = |token: &&Token| token.is_symbol(text, "->") || token.is_symbol(text, "->>");
        if self.dialect.vendor == Vendor::MariaDb
            && let Some(arrow) = self.tokens.iter().find(is_arrow)
        {
            let span = arrow.range().into();
            self.findings.push(syntax(
                self.source,
                span,
                "JSON_EXTRACT or JSON_VALUE, as MariaDB has no such operator",
            ));
        }
        // Without an operand it would make a comment of what ends there, `--`, once that is the end of the text.
        let is_cut = self
            .tokens
            .last()
            .is_some_and(|last| last.kind == TokenKind::Symbol && last.text(text).starts_with('-'));
        // A comment that is executed may end within a string or a comment of its own.
        let open = self.tokens.iter().find(|token| matches!(token.kind, TokenKind::Unterminated(_)));
        let whole = match open {
            Some(open) => {
                Err(Failure::Syntax { expected: "the end of what begins here", span: open.range().into() })
            }
            None => cursor.statement(&mut self.prepared),
        };
        let result = whole.and_then(|kind| match cursor.is_at_end() {
            true if is_cut => cursor.expected("an operand behind `-`"),
            true => Ok(kind),
            false => cursor.expected("the end of the statement"),
        });
        let (strip, mut touches) = (std::mem::take(&mut cursor.strip), std::mem::take(&mut cursor.touches));
        let kind = result.unwrap_or_else(|failure| {
            if touches.is_empty() {
                touches = guess(text, &self.tokens);
            }
            let harmless = touches.is_empty() && matches!(failure, Failure::Syntax { .. });
            let kind =
                if harmless { StatementKind::NoEffect } else { StatementKind::NotUnderstood { touches } };
            self.findings.push(failure.into_finding(self.source));
            kind
        });
        if matches!(kind, StatementKind::Data { .. }) {
            self.findings.extend(data::doubts(self.source, span));
        }
        if let StatementKind::CreateView(view) = &kind {
            self.findings.extend(data::doubts(self.source, view.query.span));
        }
        Some(Statement { kind, span, strip })
    }
}

impl Failure {
    fn into_finding(self, source: &Arc<Source>) -> Finding {
        match self {
            Self::Syntax { expected, span } => syntax(source, span, expected),
            Self::Unknown { what, span } => {
                let (src, span) = at(&Place::new(source, span));
                Finding::NotUnderstood { what: what.to_owned(), src, span }
            }
        }
    }
}

/// A syntax error, with what stands in its place.
fn syntax(source: &Arc<Source>, span: Span, expected: &str) -> Finding {
    let found = match span.of(source.inner()) {
        "" => "the end of the statement".to_owned(),
        text if text.chars().count() > 40 => format!("`{}…`", text.chars().take(40).collect::<String>()),
        text => format!("`{text}`"),
    };
    let (src, span) = at(&Place::new(source, span));
    Finding::Syntax { expected: expected.to_owned(), found, src, span }
}

/// The tables that a statement seems to be about: the name behind the word `TABLE`.
fn guess(text: &str, tokens: &[Token]) -> Vec<(ObjectKind, ObjectName)> {
    let Some(table) = tokens.iter().take(6).position(|token| token.is_word(text, "table")) else {
        return Vec::new();
    };
    let skip = ["if", "not", "exists"];
    let is_name = |token: &&Token| !skip.iter().any(|word| token.is_word(text, word));
    let Some(token) = tokens[table + 1..].iter().find(is_name) else { return Vec::new() };
    let name = Ident { text: cursor::unquote_name(token.text(text)), span: token.range().into() };
    vec![(ObjectKind::Table, ObjectName { schema: None, name })]
}

fn is_fatal(problem: &SplitProblem) -> bool {
    !matches!(problem, SplitProblem::LoneCarriageReturn { .. })
}

/// What a problem of splitting means to a reader of the script.
fn split_finding(source: &Arc<Source>, problem: &SplitProblem) -> Option<Finding> {
    let (expected, found) = match problem {
        SplitProblem::Unterminated { what, .. } => match what {
            Unterminated::String => ("a closing `'`", "the end of the file inside of a string"),
            Unterminated::DoubleQuoted => ("a closing `\"`", "the end of the file inside of a string"),
            Unterminated::Identifier => ("a closing backtick", "the end of the file inside of a name"),
            Unterminated::Comment | Unterminated::ExecutableComment => {
                ("a closing `*/`", "the end of the file inside of a comment")
            }
        },
        SplitProblem::IncompleteBlock { .. } => ("END for the block that opens here", "the end of the file"),
        SplitProblem::DelimiterInsideStatement { .. } => {
            ("the end of the statement before DELIMITER", "a DELIMITER line inside of it")
        }
        SplitProblem::MissingDelimiter { .. } => ("a delimiter behind DELIMITER", "the end of the line"),
        SplitProblem::ClientCommand { .. } => ("an SQL statement", "a command of the client"),
        SplitProblem::UnbalancedParenthesis { .. } => ("a parenthesis for this one", "none in the statement"),
        _ => return None,
    };
    let (src, span) = at(&Place::new(source, problem.range().into()));
    Some(Finding::Syntax { expected: expected.to_owned(), found: found.to_owned(), src, span })
}
