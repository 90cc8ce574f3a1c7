//! Cuts a script into statements as the server's own client would, and recognises compound statements besides.

use std::ops::Range;
use std::sync::Arc;

use super::blocks::Blocks;
use super::lexer::{Lexer, Token, TokenKind, Unterminated};
use super::scan::{Parentheses, Scanner, Until, begins_with, last_token};
use super::{SplitProblem, count_lines, flyway};
use crate::server::{Dialect, Server};

/// How to split.
#[derive(Debug, Clone)]
pub struct SplitOptions {
    /// The delimiter in force at the beginning, `;` by default.
    pub delimiter: Arc<str>,
    /// Whose rules decide, the server's by default.
    pub rules: SplitRules,
}

impl Default for SplitOptions {
    fn default() -> Self {
        Self { delimiter: ";".into(), rules: SplitRules::Server }
    }
}

/// Whose idea of a statement is followed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SplitRules {
    /// The server's and its client's, with compound statements understood besides.
    #[default]
    Server,
    /// Those of Flyway 13 for MySQL, faults included: it loses some SQL and cuts some programs.
    FlywayMySql,
    /// Those of Flyway 13 for MariaDB, which knows `BEGIN NOT ATOMIC` besides.
    FlywayMariaDb,
}

impl SplitRules {
    /// The same idea, as it is for this server.
    #[must_use]
    pub fn on(self, server: &Server) -> Self {
        match (self, server.dialect) {
            (Self::Server, _) => Self::Server,
            (_, Dialect::MySql) => Self::FlywayMySql,
            (_, Dialect::MariaDb) => Self::FlywayMariaDb,
        }
    }
}

/// One statement of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Bytes of the SQL in the text: leading comments included, delimiter and surrounding white space not.
    pub range: Range<usize>,
    /// Offset of the first token that is not a comment.
    pub start: usize,
    /// 1-based line of `start`.
    pub line: usize,
    /// The delimiter in force, or `\G` where that ended the statement.
    pub delimiter: Arc<str>,
    /// Whether it may leave something behind in the session: a variable, a mode, a temporary table, a lock.
    pub touches_session: bool,
}

impl Statement {
    /// The SQL.
    pub fn text<'a>(&self, script: &'a str) -> &'a str {
        &script[self.range.clone()]
    }
}

/// Splits a whole text. Problems come in the order of their places; the statements they concern are left out when
/// their end is not known.
///
/// ```
/// use migrate_core::script::{SplitOptions, split};
/// let text = "CREATE TABLE t (a INT); -- first\nDELIMITER //\nSELECT ';'//";
/// let (statements, problems) = split(text, &SplitOptions::default());
/// assert!(problems.is_empty());
/// assert_eq!(statements[1].text(text), "SELECT ';'");
/// assert_eq!(statements[1].line, 3);
/// ```
pub fn split(text: &str, options: &SplitOptions) -> (Vec<Statement>, Vec<SplitProblem>) {
    if options.rules != SplitRules::Server {
        return flyway::split(text, &options.delimiter, options.rules == SplitRules::FlywayMariaDb);
    }
    let mut splitter = Splitter::new(text, options);
    let statements = splitter.by_ref().collect();
    (statements, splitter.into_problems())
}

/// The statements of a text one after the other, in constant memory, always by the server's rules.
#[derive(Debug)]
pub struct Splitter<'a> {
    text: &'a str,
    lexer: Lexer<'a>,
    delimiter: Arc<str>,
    /// For the delimiter in force.
    scanner: Scanner,
    blocks: Blocks,
    problems: Vec<SplitProblem>,
    /// Open parentheses of the current statement.
    open: Parentheses,
    /// Up to where lines have been counted, and how many.
    counted: (usize, usize),
}

/// What is known of the statement being read.
#[derive(Default)]
struct Current {
    /// First kept token, comments included.
    begin: Option<usize>,
    /// First token that is not a comment.
    first: Option<Token>,
    /// Last token of any kind.
    end: usize,
    /// Last token that is not a comment.
    previous: Option<Token>,
    /// Whether more than `first` was read.
    has_second: bool,
    /// Executable comments may hold one of two parentheses, or a `SET`.
    has_executable: bool,
    touches_session: bool,
}

impl<'a> Splitter<'a> {
    /// A splitter at the beginning of a text.
    pub fn new(text: &'a str, options: &SplitOptions) -> Self {
        Self {
            text,
            lexer: Lexer::new(text),
            delimiter: Arc::clone(&options.delimiter),
            scanner: Scanner::new(&options.delimiter),
            blocks: Blocks::default(),
            problems: Vec::new(),
            open: Parentheses::default(),
            counted: (0, 1),
        }
    }

    /// What was wrong so far, in the order of places.
    pub fn into_problems(mut self) -> Vec<SplitProblem> {
        self.problems.sort_by_key(|problem| problem.range().start);
        self.problems
    }

    /// Where the statement that came last, and what ends it, are over.
    pub(super) fn position(&self) -> usize {
        self.lexer.position()
    }

    /// The delimiter in force there.
    pub(super) fn delimiter(&self) -> Arc<str> {
        Arc::clone(&self.delimiter)
    }

    /// Whether the current delimiter stands at this offset.
    fn is_delimiter(&self, at: usize) -> bool {
        begins_with(&self.text.as_bytes()[at..], &self.delimiter)
    }

    fn has_usual_delimiter(&self) -> bool {
        self.delimiter.as_bytes() == b";"
    }

    /// Where the delimiter cuts a token that has no quotes: the server's client looks at every character.
    fn delimiter_within(&self, token: Token) -> Option<usize> {
        if self.has_usual_delimiter() {
            return None;
        }
        let plain = matches!(
            token.kind,
            TokenKind::Word | TokenKind::Number | TokenKind::Symbol | TokenKind::SystemVariable
        ) || (token.kind == TokenKind::UserVariable
            && !matches!(self.text.as_bytes().get(token.start + 1), Some(b'\'' | b'"' | b'`')));
        if !plain {
            return None;
        }
        (token.start + 1..token.end).find(|at| self.is_delimiter(*at))
    }

    fn line_of(&mut self, offset: usize) -> usize {
        let (at, line) = self.counted;
        self.counted = (offset, line + count_lines(&self.text.as_bytes()[at..offset]));
        self.counted.1
    }

    /// The statement that ends here, or `None` if there is none but comments.
    fn finish(&mut self, current: &Current, delimiter: Arc<str>) -> Option<Statement> {
        self.report_open_parentheses(current);
        self.blocks.reset();
        let (begin, first) = (current.begin?, current.first?);
        if first.is_word(self.text, "SOURCE") && current.end > first.end {
            self.problems.push(SplitProblem::ClientCommand { range: first.range() });
        }
        let line = self.line_of(first.start);
        // A comment at the end of a line may end in white space.
        let end = begin + self.text[begin..current.end].trim_end_matches(|end: char| end <= ' ').len();
        let touches_session = current.touches_session || current.has_executable;
        Some(Statement { range: begin..end, start: first.start, line, delimiter, touches_session })
    }

    fn report_open_parentheses(&mut self, current: &Current) {
        if let (Some(start), false) = (self.open.take(), current.has_executable) {
            self.problems.push(SplitProblem::UnbalancedParenthesis { range: start..start + 1 });
        }
    }

    fn close_parenthesis(&mut self, token: Token, current: &Current) {
        if !self.open.close() && !current.has_executable {
            self.problems.push(SplitProblem::UnbalancedParenthesis { range: token.range() });
        }
    }

    /// Reads the argument of `DELIMITER`. As in the client it ends at white space or is quoted; as in Flyway it may
    /// stand on a later line.
    fn change_delimiter(&mut self, word: Token) {
        self.lexer.seek(word.end);
        let start = self.lexer.skip_space();
        let rest = &self.text[start..];
        let line = rest.split(['\n', '\r']).next().unwrap_or(rest);
        self.lexer.seek(start + line.len());
        let argument = match line.chars().next() {
            Some(quote @ ('\'' | '"' | '`')) => line[1..].split(quote).next(),
            _ => line.split_ascii_whitespace().next(),
        };
        match argument {
            Some(argument) if !argument.is_empty() => {
                self.delimiter = argument.into();
                self.scanner = Scanner::new(argument);
            }
            _ => self.problems.push(SplitProblem::MissingDelimiter { range: word.range() }),
        }
    }

    /// `DELIMITER` in the middle of a statement is a name, unless it begins a line the way the command does.
    fn is_misplaced_delimiter(&self, token: Token, current: &Current) -> bool {
        let mut before = self.text.as_bytes()[..token.start].iter().rev();
        self.open.is_empty()
            && before.find(|byte| **byte > b' ' || **byte == b'\n').is_none_or(|byte| *byte == b'\n')
            && self.text[token.end..].starts_with([' ', '\t'])
            && current.previous.is_none_or(|previous| previous.kind != TokenKind::Symbol)
    }

    fn unterminated(&mut self, token: Token, what: Unterminated) {
        let quote = match what {
            Unterminated::Comment => 2,
            Unterminated::ExecutableComment => 3,
            // The opening quote comes after the mark of `N'…` or `@'…`.
            _ => 1 + token.text(self.text).find(['\'', '"', '`']).unwrap_or(0),
        };
        self.problems.push(SplitProblem::Unterminated { what, range: token.start..token.start + quote });
    }
}

impl Iterator for Splitter<'_> {
    type Item = Statement;

    fn next(&mut self) -> Option<Statement> {
        let text = self.text;
        let mut current = Current::default();
        let mut skip_word = false;
        loop {
            if let Some(until) = self.until(&current) {
                self.scan(until, &mut current);
            }
            let start = self.lexer.skip_space();
            if self.is_delimiter(start) {
                self.lexer.seek(start + self.delimiter.len());
                if self.ends_statement(&current) {
                    match self.finish(&current, Arc::clone(&self.delimiter)) {
                        Some(statement) => return Some(statement),
                        None => current = Current::default(),
                    }
                } else {
                    self.report_open_parentheses(&current);
                    let end = start + self.delimiter.len();
                    current.previous = Some(Token { kind: TokenKind::Symbol, start, end });
                    current.end = end;
                }
                continue;
            }
            let Some(mut token) = self.lexer.next() else { break };
            if let Some(cut) = self.delimiter_within(token) {
                token.end = cut;
                self.lexer.seek(cut);
            }
            match token.kind {
                TokenKind::LineComment | TokenKind::BlockComment => {
                    if token.kind == TokenKind::LineComment && ends_at_lone_return(text, token.end) {
                        self.problems.push(SplitProblem::LoneCarriageReturn { range: token.range() });
                    }
                    current.begin.get_or_insert(token.start);
                    current.end = token.end;
                    continue;
                }
                TokenKind::Unterminated(what) => {
                    self.unterminated(token, what);
                    self.blocks.reset();
                    self.open.take();
                    return None;
                }
                TokenKind::Word if token.end - token.start == 9 && token.is_word(text, "DELIMITER") => {
                    let misplaced = current.first.is_some() && self.is_misplaced_delimiter(token, &current);
                    if let (true, Some(first)) = (misplaced, current.first) {
                        let problem = SplitProblem::DelimiterInsideStatement {
                            range: token.range(),
                            statement: first.range(),
                        };
                        self.problems.push(problem);
                    }
                    if misplaced || current.first.is_none() {
                        self.change_delimiter(token);
                        self.blocks.reset();
                        self.open.take();
                        current = Current::default();
                        continue;
                    }
                }
                TokenKind::Symbol => match text.as_bytes()[token.range()] {
                    [b'('] => self.open.open(token.start),
                    [b')'] => self.close_parenthesis(token, &current),
                    [b'\\', b'g' | b'G'] => {
                        if let Some(statement) = self.finish(&current, token.text(text).into()) {
                            return Some(statement);
                        }
                        current = Current::default();
                        continue;
                    }
                    _ => {}
                },
                TokenKind::ExecutableComment => current.has_executable = true,
                _ => {}
            }
            if !self.blocks.is_plain() && self.open.is_empty() && !std::mem::take(&mut skip_word) {
                skip_word = self.blocks.token(token, current.previous, &self.lexer);
            }
            current.touches_session |= match current.first {
                None => !is_stateless(token.text(text)),
                Some(_) => token.kind == TokenKind::UserVariable || token.is_word(text, "TEMPORARY"),
            };
            current.begin.get_or_insert(token.start);
            current.has_second = current.first.is_some();
            current.first.get_or_insert(token);
            current.end = token.end;
            current.previous = Some(token);
        }
        if !self.ends_statement(&current) {
            if let Some(start) = self.blocks.open() {
                let end = Lexer::at(text, start).next().map_or(start, |token| token.end);
                self.problems.push(SplitProblem::IncompleteBlock { range: start..end });
            }
            self.report_open_parentheses(&current);
            self.blocks.reset();
            return None;
        }
        self.finish(&current, Arc::clone(&self.delimiter))
    }
}

impl Splitter<'_> {
    /// What to look for, once the first words have said what the statement is. Those that say that a table is
    /// temporary are among them.
    fn until(&self, current: &Current) -> Option<Until> {
        let until = if self.blocks.is_program() && self.has_usual_delimiter() {
            Until::BlockWord
        } else if self.blocks.is_plain() || self.blocks.is_program() {
            Until::End
        } else {
            return None;
        };
        current.has_second.then_some(until)
    }

    /// Goes on to the next token that matters.
    fn scan(&mut self, until: Until, current: &mut Current) {
        let from = self.lexer.position();
        let to = self.scanner.run(self.text, from, &self.delimiter, until, &mut self.open);
        if let Some(last) = last_token(self.text, from..to) {
            current.end = last.end;
            current.previous = Some(last);
        }
        self.lexer.seek(to);
    }

    /// With a delimiter of their own, authors say themselves where statements end.
    fn ends_statement(&mut self, current: &Current) -> bool {
        let outside = self.blocks.delimiter();
        outside || !self.has_usual_delimiter() || current.first.is_none()
    }
}

/// Statements that change schema or data and, variables aside, nothing of the session.
pub(super) fn is_stateless(word: &str) -> bool {
    let words =
        ["CREATE", "ALTER", "DROP", "RENAME", "TRUNCATE", "INSERT", "UPDATE", "DELETE", "REPLACE", "SELECT"];
    words.iter().any(|stateless| word.eq_ignore_ascii_case(stateless))
}

fn ends_at_lone_return(text: &str, end: usize) -> bool {
    let rest = &text.as_bytes()[end..];
    rest.first() == Some(&b'\r') && rest.get(1).is_some_and(|byte| *byte != b'\n')
}

#[cfg(test)]
mod tests;
