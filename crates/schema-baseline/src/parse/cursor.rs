//! Reads the tokens of one statement.

use migrate_core::script::lexer::{Lexer, Token, TokenKind};

use crate::ast::{Ident, ObjectKind, ObjectName};
use crate::dialect::{Dialect, Vendor};
use crate::place::Span;

/// Why a statement could not be read.
#[derive(Debug)]
pub(super) enum Failure {
    /// No server reads it.
    Syntax { expected: &'static str, span: Span },
    /// A server may read it; this parser does not.
    Unknown { what: &'static str, span: Span },
}

pub(super) type Parsed<T> = Result<T, Failure>;

/// A position among the tokens of a statement, comments left out and executable comments unwrapped.
pub(super) struct Cursor<'a> {
    pub(super) text: &'a str,
    tokens: &'a [Token],
    at: usize,
    /// Where the statement ends.
    end: usize,
    pub(super) dialect: Dialect,
    /// Stretches that a baseline leaves out.
    pub(super) strip: Vec<Span>,
    /// What the statement changes, as far as it has been read.
    pub(super) touches: Vec<(ObjectKind, ObjectName)>,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str, tokens: &'a [Token], end: usize, dialect: Dialect) -> Self {
        Self { text, tokens, at: 0, end, dialect, strip: Vec::new(), touches: Vec::new() }
    }

    pub(super) fn peek(&self) -> Option<Token> {
        self.tokens.get(self.at).copied()
    }

    pub(super) fn peek_at(&self, ahead: usize) -> Option<Token> {
        self.tokens.get(self.at + ahead).copied()
    }

    pub(super) fn next(&mut self) -> Option<Token> {
        let token = self.peek()?;
        self.at += 1;
        Some(token)
    }

    pub(super) fn position(&self) -> usize {
        self.at
    }

    pub(super) fn seek(&mut self, position: usize) {
        self.at = position;
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.tokens.len()
    }

    /// The tokens from `start` up to here.
    pub(super) fn since(&self, start: usize) -> &'a [Token] {
        &self.tokens[start.min(self.at)..self.at]
    }

    /// All tokens that are left.
    pub(super) fn rest(&self) -> &'a [Token] {
        &self.tokens[self.at..]
    }

    /// Where the next token stands, or the end of the statement.
    pub(super) fn here(&self) -> Span {
        self.peek().map_or(Span { start: self.end, end: self.end }, |token| token.range().into())
    }

    /// From a position to the last token read.
    pub(super) fn span_from(&self, start: usize) -> Span {
        let tokens = self.since(start);
        match (tokens.first(), tokens.last()) {
            (Some(first), Some(last)) => Span { start: first.start, end: last.end },
            _ => self.here(),
        }
    }

    pub(super) fn expected<T>(&self, expected: &'static str) -> Parsed<T> {
        Err(Failure::Syntax { expected, span: self.here() })
    }

    pub(super) fn unknown<T>(&self, what: &'static str) -> Parsed<T> {
        Err(Failure::Unknown { what, span: self.here() })
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        self.peek().is_some_and(|token| token.is_word(self.text, word))
    }

    pub(super) fn is_word_at(&self, ahead: usize, word: &str) -> bool {
        self.peek_at(ahead).is_some_and(|token| token.is_word(self.text, word))
    }

    pub(super) fn is_symbol(&self, symbol: &str) -> bool {
        self.peek().is_some_and(|token| token.is_symbol(self.text, symbol))
    }

    pub(super) fn is_symbol_at(&self, ahead: usize, symbol: &str) -> bool {
        self.peek_at(ahead).is_some_and(|token| token.is_symbol(self.text, symbol))
    }

    /// Takes a word if it is next.
    pub(super) fn eat(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        self.at += usize::from(found);
        found
    }

    /// Takes the first of these words that is next.
    pub(super) fn eat_any(&mut self, words: &[&'static str]) -> Option<&'static str> {
        words.iter().copied().find(|word| self.eat(word))
    }

    /// Takes these words if all of them are next.
    pub(super) fn eat_words(&mut self, words: &[&str]) -> bool {
        let found = words.iter().enumerate().all(|(ahead, word)| self.is_word_at(ahead, word));
        self.at += if found { words.len() } else { 0 };
        found
    }

    pub(super) fn eat_symbol(&mut self, symbol: &str) -> bool {
        let found = self.is_symbol(symbol);
        self.at += usize::from(found);
        found
    }

    pub(super) fn expect(&mut self, word: &'static str) -> Parsed<()> {
        if self.eat(word) { Ok(()) } else { self.expected(word) }
    }

    pub(super) fn expect_symbol(&mut self, symbol: &str, expected: &'static str) -> Parsed<()> {
        if self.eat_symbol(symbol) { Ok(()) } else { self.expected(expected) }
    }

    /// `IF EXISTS`.
    pub(super) fn if_exists(&mut self) -> bool {
        self.eat_words(&["if", "exists"])
    }

    /// `IF EXISTS` where only MariaDB has it: before what an `ALTER TABLE` changes, and for keys.
    pub(super) fn if_exists_inside(&mut self) -> bool {
        self.dialect.vendor == Vendor::MariaDb && self.if_exists()
    }

    /// `IF NOT EXISTS` where only MariaDB has it.
    pub(super) fn if_not_exists_inside(&mut self) -> bool {
        self.dialect.vendor == Vendor::MariaDb && self.if_not_exists()
    }

    /// `IF NOT EXISTS`.
    pub(super) fn if_not_exists(&mut self) -> bool {
        self.eat_words(&["if", "not", "exists"])
    }

    /// Whether the next token can be a name.
    pub(super) fn is_name(&self) -> bool {
        self.peek().is_some_and(|token| self.can_be_name(token))
    }

    fn can_be_name(&self, token: Token) -> bool {
        match token.kind {
            TokenKind::QuotedIdentifier => true,
            TokenKind::Word => {
                let word = token.text(self.text);
                !super::words::is_reserved(word) && !super::words::is_reserved_by(word, self.dialect)
            }
            _ => false,
        }
    }

    /// A name.
    pub(super) fn name(&mut self, expected: &'static str) -> Parsed<Ident> {
        if self.is_name() { Ok(self.any_name()) } else { self.expected(expected) }
    }

    /// A name, or any word where none is reserved, such as behind a dot.
    pub(super) fn loose_name(&mut self, expected: &'static str) -> Parsed<Ident> {
        match self.peek().map(|token| token.kind) {
            Some(TokenKind::QuotedIdentifier | TokenKind::Word) => Ok(self.any_name()),
            _ => self.expected(expected),
        }
    }

    fn any_name(&mut self) -> Ident {
        let token = self.peek().unwrap_or(Token { kind: TokenKind::Word, start: self.end, end: self.end });
        self.at += 1;
        Ident { text: unquote_name(token.text(self.text)), span: token.range().into() }
    }

    /// A name that a schema may stand before.
    pub(super) fn object_name(&mut self, expected: &'static str) -> Parsed<ObjectName> {
        let first = self.name(expected)?;
        if self.is_symbol(".") {
            self.at += 1;
            let name = self.loose_name(expected)?;
            return Ok(ObjectName { schema: Some(first), name });
        }
        Ok(ObjectName { schema: None, name: first })
    }

    /// `name, name …`.
    pub(super) fn object_names(&mut self, expected: &'static str) -> Parsed<Vec<ObjectName>> {
        let mut names = vec![self.object_name(expected)?];
        while self.eat_symbol(",") {
            names.push(self.object_name(expected)?);
        }
        Ok(names)
    }

    /// `(name, name …)`.
    pub(super) fn names_in_parentheses(&mut self, expected: &'static str) -> Parsed<Vec<Ident>> {
        self.expect_symbol("(", "`(`")?;
        let mut names = vec![self.name(expected)?];
        while self.eat_symbol(",") {
            names.push(self.name(expected)?);
        }
        self.expect_symbol(")", "`,` or `)`")?;
        Ok(names)
    }

    pub(super) fn is_string(&self) -> bool {
        matches!(self.peek().map(|token| token.kind), Some(TokenKind::String | TokenKind::DoubleQuoted))
    }

    /// A string, without quotes and escapes.
    pub(super) fn string(&mut self, expected: &'static str) -> Parsed<String> {
        if !self.is_string() {
            return self.expected(expected);
        }
        let mut value = String::new();
        while self.is_string() {
            if let Some(token) = self.next() {
                value.push_str(&unquote_string(token.text(self.text)));
            }
        }
        Ok(value)
    }

    pub(super) fn number(&mut self, expected: &'static str) -> Parsed<u32> {
        let token = self.peek().filter(|token| token.kind == TokenKind::Number);
        match token.and_then(|token| token.text(self.text).parse().ok()) {
            Some(number) => {
                self.at += 1;
                Ok(number)
            }
            None => self.expected(expected),
        }
    }

    /// Skips `(…)`, its parentheses included; the splitter has seen to it that they are balanced.
    pub(super) fn skip_parentheses(&mut self) -> Parsed<()> {
        self.expect_symbol("(", "`(`")?;
        let mut depth = 1_usize;
        while depth > 0 {
            if self.is_at_end() {
                return self.expected("`)`");
            }
            depth = match () {
                () if self.is_symbol("(") => depth + 1,
                () if self.is_symbol(")") => depth - 1,
                () => depth,
            };
            self.at += 1;
        }
        Ok(())
    }
}

/// The tokens of `text[start..end]` that the server reads: no comments, executable comments replaced by their content.
pub(super) fn tokens(text: &str, start: usize, end: usize, dialect: Dialect, out: &mut Vec<Token>) {
    let text = &text[..end];
    for token in Lexer::at(text, start) {
        if token.is_comment() {
            continue;
        }
        let Some(inside) = token.executable(text) else {
            out.push(token);
            continue;
        };
        let runs = if inside.mariadb_only {
            dialect.executes_mariadb(inside.version)
        } else {
            dialect.executes(inside.version)
        };
        if runs {
            let end = inside.start + inside.sql.len();
            // What a comment inside of it holds is never executed, so this does not go deeper.
            out.extend(
                Lexer::at(&text[..end], inside.start)
                    .filter(|token| !token.is_comment() && token.kind != TokenKind::ExecutableComment),
            );
        }
    }
}

/// The name inside of its quotes, if it has any.
pub(super) fn unquote_name(written: &str) -> String {
    match written.strip_prefix('`').and_then(|rest| rest.strip_suffix('`')) {
        Some(inside) => inside.replace("``", "`"),
        None => written.to_owned(),
    }
}

/// The content of a string literal.
pub(super) fn unquote_string(written: &str) -> String {
    let written = written.trim_start_matches(['n', 'N']);
    let Some(quote) = written.chars().next() else { return String::new() };
    let inside = written.get(1..written.len().saturating_sub(1)).unwrap_or_default();
    if !inside.contains(['\\', quote]) {
        return inside.to_owned();
    }
    let mut value = String::with_capacity(inside.len());
    let mut characters = inside.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some('n') => value.push('\n'),
                Some('t') => value.push('\t'),
                Some('r') => value.push('\r'),
                Some('0') => value.push('\0'),
                Some('b') => value.push('\u{8}'),
                Some('Z') => value.push('\u{1a}'),
                // Kept for LIKE patterns, where it is not an escape of the string itself.
                Some(mark @ ('%' | '_')) => value.extend(['\\', mark]),
                Some(other) => value.push(other),
                None => {}
            },
            _ if character == quote => value.extend(characters.next()),
            _ => value.push(character),
        }
    }
    value
}
