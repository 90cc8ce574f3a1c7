//! A statement as a row of tokens that can be asked for words.

use std::ops::Range;

use crate::script;
use crate::script::lexer::{ExecutableComment, Lexer, Token, TokenKind};
use crate::server::Server;

/// A statement without its comments; the SQL of executable ones is part of it. Every index may lie beyond the end.
pub(crate) struct Statement<'a> {
    pub(crate) text: &'a str,
    pub(crate) tokens: Vec<Token>,
    pub(crate) range: Range<usize>,
}

impl<'a> Statement<'a> {
    pub(crate) fn new(text: &'a str, statement: &script::Statement) -> Self {
        let range = statement.start..statement.range.end.max(statement.start);
        Self::tokens(text, range, |_| true)
    }

    /// A text that is one statement, with the inside of every executable comment.
    pub(crate) fn whole(text: &'a str) -> Self {
        Self::tokens(text, 0..text.len(), |_| true)
    }

    /// A text that is one statement, as this server reads it.
    pub(crate) fn on(server: &Server, text: &'a str) -> Self {
        Self::tokens(text, 0..text.len(), |inside| server.executes(inside))
    }

    fn tokens(text: &'a str, range: Range<usize>, executes: impl Fn(&ExecutableComment<'_>) -> bool) -> Self {
        let until = |end: usize, start: usize| Lexer::at(text.get(..end).unwrap_or_default(), start);
        let mut tokens = Vec::new();
        for token in until(range.end, range.start) {
            match token.executable(text) {
                Some(inside) if !executes(&inside) => {}
                Some(inside) => {
                    let end = inside.start + inside.sql.len();
                    tokens.extend(until(end, inside.start).filter(|token| !token.is_comment()));
                }
                None if token.is_comment() => {}
                None => tokens.push(token),
            }
        }
        Self { text, tokens, range }
    }

    pub(crate) fn len(&self) -> usize {
        self.tokens.len()
    }

    /// The token as written; empty beyond the end.
    pub(crate) fn at(&self, index: usize) -> &'a str {
        self.tokens.get(index).and_then(|token| self.text.get(token.range())).unwrap_or_default()
    }

    pub(crate) fn kind(&self, index: usize) -> Option<TokenKind> {
        self.tokens.get(index).map(|token| token.kind)
    }

    /// Whether these words or symbols, in one string, stand at an index. Quoted names are no words.
    pub(crate) fn is(&self, index: usize, words: &str) -> bool {
        words.split(' ').enumerate().all(|(offset, word)| {
            matches!(self.kind(index + offset), Some(TokenKind::Word | TokenKind::Symbol))
                && self.at(index + offset).eq_ignore_ascii_case(word)
        })
    }

    pub(crate) fn is_any(&self, index: usize, words: &[&str]) -> bool {
        words.iter().any(|words| self.is(index, words))
    }

    /// The first place of the words within a range of indices.
    pub(crate) fn find(&self, within: Range<usize>, words: &str) -> Option<usize> {
        within.into_iter().find(|index| self.is(*index, words))
    }

    /// The first place outside parentheses, counted from the beginning of the range.
    pub(crate) fn find_outside(&self, within: Range<usize>, words: &str) -> Option<usize> {
        let mut depth = 0_usize;
        for index in within {
            match self.at(index) {
                "(" => depth += 1,
                ")" => depth = depth.saturating_sub(1),
                _ if depth == 0 && self.is(index, words) => return Some(index),
                _ => {}
            }
        }
        None
    }

    /// The bytes from one token to the end of another.
    pub(crate) fn span(&self, from: usize, to: usize) -> Range<usize> {
        let start = self.tokens.get(from).map_or(self.range.start, |token| token.start);
        let end = self.tokens.get(to).or(self.tokens.last()).map_or(self.range.end, |token| token.end);
        start..end.max(start)
    }

    /// The index of the parenthesis that closes the one at `open`, or the end.
    pub(crate) fn close(&self, open: usize) -> usize {
        let mut depth = 0_usize;
        for index in open..self.len() {
            match self.at(index) {
                "(" => depth += 1,
                ")" if depth <= 1 => return index,
                ")" => depth -= 1,
                _ => {}
            }
        }
        self.len()
    }

    /// The parts between commas outside parentheses, empty ones left out.
    pub(crate) fn parts(&self, within: Range<usize>) -> Vec<Range<usize>> {
        let (mut parts, mut depth, mut start) = (Vec::new(), 0_usize, within.start);
        for index in within.clone() {
            match self.at(index) {
                "(" => depth += 1,
                ")" => depth = depth.saturating_sub(1),
                "," if depth == 0 => {
                    parts.push(start..index);
                    start = index + 1;
                }
                _ => {}
            }
        }
        parts.push(start..within.end);
        parts.retain(|part| part.start < part.end);
        parts
    }

    /// The last part of a name that may be qualified, in lower case, and the index after it.
    pub(crate) fn name(&self, index: usize) -> (String, usize) {
        let mut last = index;
        while self.at(last + 1) == "." && last + 2 < self.len() {
            last += 2;
        }
        (self.at(last).trim_matches('`').to_lowercase(), last + 1)
    }

    /// The index after optional words.
    pub(crate) fn skip(&self, index: usize, words: &str) -> usize {
        if self.is(index, words) { index + words.split(' ').count() } else { index }
    }

    /// For `CREATE` and its modifiers, the index of the kind of object; the definer's account is passed over.
    pub(crate) fn created_kind(&self) -> Option<usize> {
        if !self.is(0, "CREATE") {
            return None;
        }
        let kinds =
            ["TABLE", "VIEW", "PROCEDURE", "FUNCTION", "TRIGGER", "EVENT", "PACKAGE", "USER", "INDEX"];
        (1..self.len().min(16)).find(|index| self.is_any(*index, &kinds))
    }

    /// Whether its body is a program, whose words are not those of the statement.
    pub(crate) fn is_program(&self) -> bool {
        self.created_kind()
            .is_some_and(|kind| self.is_any(kind, &["PROCEDURE", "FUNCTION", "TRIGGER", "EVENT", "PACKAGE"]))
    }
}
