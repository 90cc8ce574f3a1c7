//! Cuts a script as Flyway 13 does, faults included, for those who must send the very statements that Flyway sent.
//!
//! Nothing here follows the server: comments nest, two dashes always begin one, parentheses hold a statement together
//! across its delimiter and across the file, a parenthesis that begins a statement is lost, and a stored program is
//! what a few words at the beginning make one. Statements are known to be equal to those of Flyway's own parser by the
//! recorded scripts of both dialects and by generated ones.

mod token;

use std::ops::Range;
use std::sync::Arc;

use super::split::is_stateless;
use super::{SplitProblem, Statement, count_lines};
use token::{Kind, Reader, Token, is, trim};

/// After so many keywords Flyway no longer asks whether a statement is a program.
const HEAD: usize = 10;

/// All statements up to the first problem, which there Flyway gives up at, too.
pub(super) fn split(text: &str, delimiter: &Arc<str>, mariadb: bool) -> (Vec<Statement>, Vec<SplitProblem>) {
    let reader = Reader::new(text, Arc::clone(delimiter));
    let mut splitter = Splitter { text, reader, mariadb, blocks: Vec::new(), problem: None, counted: (0, 1) };
    let statements = std::iter::from_fn(|| splitter.statement()).collect();
    (statements, splitter.problem.into_iter().collect())
}

struct Splitter<'a> {
    text: &'a str,
    reader: Reader<'a>,
    mariadb: bool,
    /// The words that opened the blocks around the place reached.
    blocks: Vec<Range<usize>>,
    problem: Option<SplitProblem>,
    /// Up to where lines have been counted, and how many.
    counted: (usize, usize),
}

/// What is known of the statement being read.
struct Current {
    begin: usize,
    /// End of the last token, parenthesis or white space that is kept.
    end: usize,
    has_tokens: bool,
    /// First token that is neither comment nor blank lines.
    first: Option<Range<usize>>,
    keywords: usize,
    /// The first keywords in upper case, until they decide the kind.
    words: Vec<String>,
    head: Head,
    last: Last,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Head {
    Unknown,
    Program,
    /// MariaDB's `BEGIN NOT ATOMIC … END`, as far as it is seen in time.
    NotAtomic,
}

/// The last token outside parentheses, as far as it matters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    Other,
    End,
    Not,
}

impl Current {
    fn at(begin: usize) -> Self {
        Self {
            begin,
            end: begin,
            has_tokens: false,
            first: None,
            keywords: 0,
            words: Vec::new(),
            head: Head::Unknown,
            last: Last::Other,
        }
    }

    /// Takes a token into the statement.
    fn push(&mut self, token: &Token<'_>, end: usize, mariadb: bool) {
        self.has_tokens = true;
        self.end = end;
        let is_blank = matches!(token.kind, Kind::Comment | Kind::BlankLines);
        if !is_blank {
            self.first.get_or_insert(token.start..end);
        }
        self.last = match token.depth {
            0 if is_blank => self.last,
            0 => last_of(token),
            1.. => self.last,
            _ => Last::Other,
        };
        let is_word = token.kind == Kind::Keyword || token.text == "@";
        if self.head == Head::Unknown && is_word && token.depth == 0 && self.keywords <= HEAD {
            self.words.push(token.text.to_uppercase());
            self.head = head_of(&self.words, mariadb);
        }
    }
}

fn last_of(token: &Token<'_>) -> Last {
    // A keyword counts in any case, everything else as it is written.
    let has = |word| if token.kind == Kind::Keyword { is(&token.text, word) } else { token.text == word };
    match () {
        () if has("END") => Last::End,
        () if has("NOT") => Last::Not,
        () => Last::Other,
    }
}

/// What the first words make of a statement; asked after each of them.
fn head_of(words: &[String], mariadb: bool) -> Head {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let is_plain = |word: &str| word.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    let routine = match words.as_slice() {
        ["CREATE", "TRIGGER"] => return Head::Program,
        ["BEGIN", "NOT", "ATOMIC", .., last] if mariadb && last.ends_with("END") => return Head::NotAtomic,
        ["CREATE", routine] | ["CREATE", "DEFINER", "@", routine] => routine,
        ["CREATE", "DEFINER", "@", host, routine] if is_plain(host) => routine,
        ["CREATE", "DEFINER", user, "@", routine] if is_plain(user) => routine,
        ["CREATE", "DEFINER", user, "@", host, routine] if is_plain(user) && is_plain(host) => routine,
        _ => return Head::Unknown,
    };
    if matches!(*routine, "PROCEDURE" | "FUNCTION" | "EVENT") { Head::Program } else { Head::Unknown }
}

impl Splitter<'_> {
    fn statement(&mut self) -> Option<Statement> {
        if self.problem.is_some() {
            return None;
        }
        let mut current = Current::at(self.reader.position);
        loop {
            let token = self.reader.next();
            let end = self.reader.position;
            match token.kind {
                // Before the first token even a parenthesis is dropped.
                Kind::Nothing if !current.has_tokens => current = Current::at(end),
                Kind::Nothing => current.end = end,
                Kind::NewDelimiter => {
                    if let Some(statement) = current.first {
                        let range = token.start..token.start + "DELIMITER".len();
                        self.problem = Some(SplitProblem::DelimiterInsideStatement { range, statement });
                        return None;
                    }
                    self.reader.delimiter = token.text.as_ref().into();
                    current = Current::at(end);
                }
                Kind::EndlessDelimiter => {
                    let range = token.start..token.start + token.text.len();
                    self.problem = Some(SplitProblem::MissingDelimiter { range });
                    return None;
                }
                Kind::EndlessNumber => {
                    let range = token.start..token.start + token.text.len();
                    self.problem = Some(SplitProblem::FlywayFails { range });
                    return None;
                }
                Kind::Delimiter if current.first.is_none() => current = Current::at(end),
                _ => {
                    if token.depth == 0 {
                        current.keywords += usize::from(token.kind == Kind::Keyword);
                        self.problem = self.failure(&current, &token, end);
                        if self.problem.is_some() {
                            return None;
                        }
                        self.count_blocks(&current, &token, end);
                    }
                    let is_outside = token.depth == 0 && self.blocks.is_empty();
                    if token.kind == Kind::End || (token.kind == Kind::Delimiter && is_outside) {
                        return self.finish(current, token.kind == Kind::End);
                    }
                    current.push(&token, end, self.mariadb);
                }
            }
        }
    }

    /// In such a block Flyway for MariaDB asks every token for its text and finds that strings and the end have none.
    fn failure(&self, current: &Current, token: &Token<'_>, end: usize) -> Option<SplitProblem> {
        let block = self.blocks.last().filter(|_| current.head == Head::NotAtomic)?;
        match token.kind {
            Kind::String => Some(SplitProblem::FlywayFails { range: token.start..end }),
            Kind::End => Some(SplitProblem::FlywayFails { range: block.clone() }),
            _ => None,
        }
    }

    /// Flyway sees an `END` only at the token after it, whatever that is.
    fn count_blocks(&mut self, current: &Current, token: &Token<'_>, end: usize) {
        let is_keyword = |word| token.kind == Kind::Keyword && is(&token.text, word);
        if self.mariadb && current.last == Last::Not && is(&token.text, "ATOMIC") {
            self.blocks.push(token.start..end);
        }
        if current.head == Head::NotAtomic && is(&token.text, "END") {
            self.blocks.pop();
        }
        if current.head == Head::Program && is_keyword("BEGIN") {
            self.blocks.push(token.start..end);
        }
        if current.last != Last::End {
            if is_keyword("CASE") {
                self.blocks.push(token.start..end);
            }
        } else if !["IF", "LOOP", "REPEAT", "WHILE"].iter().any(|word| is(&token.text, word)) {
            self.blocks.pop();
        }
    }

    /// The statement that ends here, or `None` where the text does.
    fn finish(&mut self, current: Current, is_end: bool) -> Option<Statement> {
        let first = current.first?;
        let kept = &self.text[current.begin..current.end];
        let sql = trim(kept);
        if is_end && sql.is_empty() {
            return None;
        }
        if is_end && let Some(range) = self.blocks.pop() {
            self.problem = Some(SplitProblem::IncompleteBlock { range });
            return None;
        }
        let begin = current.begin + kept.find(sql).unwrap_or(0);
        let range = begin..begin + sql.len();
        Some(Statement {
            // A control character is a token, and yet trimmed.
            start: first.start.clamp(range.start, range.end),
            range,
            line: self.line_of(first.start),
            delimiter: Arc::clone(&self.reader.delimiter),
            touches_session: !is_stateless(&self.text[first]) || may_touch_session(sql),
        })
    }

    fn line_of(&mut self, offset: usize) -> usize {
        let (at, line) = self.counted;
        self.counted = (offset, line + count_lines(&self.text.as_bytes()[at..offset]));
        self.counted.1
    }
}

/// What Flyway takes for a comment may be SQL to the server, so this looks at the whole text.
fn may_touch_session(sql: &str) -> bool {
    sql.contains('@')
        || sql.contains("/*!")
        || sql.contains("/*M!")
        || sql.as_bytes().windows(9).any(|word| word.eq_ignore_ascii_case(b"TEMPORARY"))
}

#[cfg(test)]
mod tests;
