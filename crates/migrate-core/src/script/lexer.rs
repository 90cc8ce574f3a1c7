//! Tokens of MySQL and MariaDB text, by the server's own rules.
//!
//! The lexer copies nothing: a token is a kind and a byte range of the text. White space is not a token; comments are,
//! because some of them are executed and because statements keep theirs. Text is taken in the default SQL mode:
//! a backslash escapes inside `'…'` and `"…"`, and `"…"` may be a string or, under `ANSI_QUOTES`, an identifier.

use std::ops::Range;

use memchr::{memchr2, memmem};

/// A token: what it is and where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Offset of its first byte.
    pub start: usize,
    /// Offset after its last byte.
    pub end: usize,
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// A keyword or an identifier without quotes.
    Word,
    /// `` `…` ``.
    QuotedIdentifier,
    /// `'…'`, also `N'…'`; a character set introducer before it is a word of its own.
    String,
    /// `"…"`: a string, or an identifier under `ANSI_QUOTES`.
    DoubleQuoted,
    /// `x'…'`.
    HexString,
    /// `b'…'`.
    BitString,
    /// `1`, `1.5e3`, `.5`, `0xFF`, `0b01`.
    Number,
    /// `@name`, `@'name'`, and the `@host` of an account.
    UserVariable,
    /// `@@name`; a part after a dot is a token of its own.
    SystemVariable,
    /// `-- …` or `# …` without its line terminator.
    LineComment,
    /// `/* … */`, optimizer hints included.
    BlockComment,
    /// `/*! … */`, `/*!NNNNN … */`, `/*M! … */`: see [`Token::executable`].
    ExecutableComment,
    /// An operator or punctuation; a backslash takes the character after it along (`\N`, `\G`).
    Symbol,
    /// Something with quotes or comment marks that the text ends within.
    Unterminated(Unterminated),
}

/// What the text ended within.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unterminated {
    /// `'…`
    String,
    /// `"…`
    DoubleQuoted,
    /// `` `… ``
    Identifier,
    /// `/*…`
    Comment,
    /// `/*!…`
    ExecutableComment,
}

/// The inside of an executable comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExecutableComment<'a> {
    /// `/*M!`: MySQL takes it for an ordinary comment.
    pub mariadb_only: bool,
    /// The least server version that executes it, as `80021` for 8.0.21; absent: every server.
    pub version: Option<u32>,
    /// The SQL between the marks.
    pub sql: &'a str,
    /// Offset of `sql` in the text.
    pub start: usize,
}

impl Token {
    /// The byte range of the token.
    pub fn range(&self) -> Range<usize> {
        self.start..self.end
    }

    /// The token as written, quotes and marks included.
    pub fn text<'a>(&self, text: &'a str) -> &'a str {
        &text[self.start..self.end]
    }

    /// Whether this is the given word without quotes, in any case.
    pub fn is_word(&self, text: &str, word: &str) -> bool {
        self.kind == TokenKind::Word
            && self.end - self.start == word.len()
            && self.text(text).eq_ignore_ascii_case(word)
    }

    /// Whether this is the given operator or punctuation.
    pub fn is_symbol(&self, text: &str, symbol: &str) -> bool {
        self.kind == TokenKind::Symbol && self.text(text) == symbol
    }

    /// A comment that no server executes.
    pub fn is_comment(&self) -> bool {
        matches!(self.kind, TokenKind::LineComment | TokenKind::BlockComment)
    }

    /// The inside, if this is an executable comment.
    pub fn executable<'a>(&self, text: &'a str) -> Option<ExecutableComment<'a>> {
        if self.kind != TokenKind::ExecutableComment {
            return None;
        }
        let mariadb_only = text.as_bytes()[self.start + 2] == b'M';
        let marks = if mariadb_only { 4 } else { 3 };
        let inside = &text[self.start + marks..self.end - 2];
        let digits = inside.bytes().take(6).take_while(u8::is_ascii_digit).count();
        let digits = if digits < 5 { 0 } else { digits };
        Some(ExecutableComment {
            mariadb_only,
            version: inside[..digits].parse().ok(),
            sql: &inside[digits..],
            start: self.start + marks + digits,
        })
    }
}

/// Reads tokens one after the other. Cloning it looks ahead.
#[derive(Debug, Clone)]
pub struct Lexer<'a> {
    text: &'a str,
    position: usize,
}

impl<'a> Lexer<'a> {
    /// A lexer at the beginning of a text, whose byte-order mark is skipped.
    pub fn new(text: &'a str) -> Self {
        Self::at(text, if text.starts_with('\u{feff}') { 3 } else { 0 })
    }

    /// A lexer at a byte offset, which must lie between two characters and outside quotes and comments.
    pub fn at(text: &'a str, position: usize) -> Self {
        Self { text, position }
    }

    /// The whole text.
    pub fn source(&self) -> &'a str {
        self.text
    }

    /// Offset of the next byte that was not read.
    pub fn position(&self) -> usize {
        self.position
    }

    /// Goes on at another offset, under the conditions of [`Lexer::at`].
    pub fn seek(&mut self, position: usize) {
        self.position = position;
    }

    /// Skips white space and control characters; returns the offset of what follows.
    pub fn skip_space(&mut self) -> usize {
        let rest = &self.text.as_bytes()[self.position..];
        self.position += rest.iter().position(|byte| *byte > b' ').unwrap_or(rest.len());
        self.position
    }
}

impl Iterator for Lexer<'_> {
    type Item = Token;

    #[inline]
    fn next(&mut self) -> Option<Token> {
        let start = self.skip_space();
        let bytes = self.text.as_bytes();
        let first = *bytes.get(start)?;
        let (kind, end) = scan(bytes, start, first);
        self.position = end;
        Some(Token { kind, start, end })
    }
}

fn scan(bytes: &[u8], start: usize, first: u8) -> (TokenKind, usize) {
    let second = bytes.get(start + 1).copied().unwrap_or(0);
    match first {
        b'\'' => quoted(bytes, start, TokenKind::String, Unterminated::String),
        b'"' => quoted(bytes, start, TokenKind::DoubleQuoted, Unterminated::DoubleQuoted),
        b'`' => quoted(bytes, start, TokenKind::QuotedIdentifier, Unterminated::Identifier),
        b'n' | b'N' if second == b'\'' => quoted(bytes, start + 1, TokenKind::String, Unterminated::String),
        b'x' | b'X' if second == b'\'' => {
            quoted(bytes, start + 1, TokenKind::HexString, Unterminated::String)
        }
        b'b' | b'B' if second == b'\'' => {
            quoted(bytes, start + 1, TokenKind::BitString, Unterminated::String)
        }
        b'0'..=b'9' => number_or_word(bytes, start),
        b'.' if second.is_ascii_digit() && !(start > 0 && ends_name(bytes[start - 1])) => {
            (TokenKind::Number, fraction_end(bytes, start))
        }
        b'#' => (TokenKind::LineComment, line_end(bytes, start)),
        b'-' if is_dash_comment(bytes, start) => (TokenKind::LineComment, line_end(bytes, start)),
        b'/' if second == b'*' => comment(bytes, start),
        b'@' => variable(bytes, start),
        _ if is_word_byte(first) => (TokenKind::Word, word_end(bytes, start)),
        _ => (TokenKind::Symbol, start + symbol_length(&bytes[start..])),
    }
}

/// `_`, `$`, letters, digits and everything outside ASCII.
pub(super) const fn is_word_byte(byte: u8) -> bool {
    WORD_BYTES[byte as usize]
}

const WORD_BYTES: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    loop {
        table[byte as usize] = byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80;
        if byte == u8::MAX {
            break table;
        }
        byte += 1;
    }
};

fn ends_name(byte: u8) -> bool {
    is_word_byte(byte) || matches!(byte, b'`' | b'"' | b'.')
}

pub(super) fn word_end(bytes: &[u8], start: usize) -> usize {
    bytes[start..].iter().position(|byte| !is_word_byte(*byte)).map_or(bytes.len(), |length| start + length)
}

/// The end of the line, its terminator excluded. A lone carriage return ends it too: see
/// [`SplitProblem::LoneCarriageReturn`](super::SplitProblem::LoneCarriageReturn).
fn line_end(bytes: &[u8], start: usize) -> usize {
    memchr2(b'\n', b'\r', &bytes[start..]).map_or(bytes.len(), |length| start + length)
}

/// The server's rule: two dashes begin a comment only before white space, a control character or the end.
pub(super) fn is_dash_comment(bytes: &[u8], start: usize) -> bool {
    bytes.get(start..start + 2) == Some(b"--")
        && bytes.get(start + 2).is_none_or(|byte| *byte <= b' ' || *byte == 0x7f)
}

/// A quoted token whose opening quote is at `open`.
fn quoted(bytes: &[u8], open: usize, kind: TokenKind, unterminated: Unterminated) -> (TokenKind, usize) {
    match quote_end(bytes, open) {
        Some(end) => (kind, end),
        None => (TokenKind::Unterminated(unterminated), bytes.len()),
    }
}

/// The offset after a quoted text whose opening quote is at `open`.
pub(super) fn quote_end(bytes: &[u8], open: usize) -> Option<usize> {
    let quote = bytes[open];
    let escape = if quote == b'`' { quote } else { b'\\' };
    let mut at = open + 1;
    loop {
        at += special(bytes.get(at..)?, quote, escape)?;
        if bytes[at] == quote && bytes.get(at + 1) != Some(&quote) {
            return Some(at + 1);
        }
        at += 2;
    }
}

/// The first of two bytes.
#[inline]
fn special(rest: &[u8], one: u8, other: u8) -> Option<usize> {
    // Most quoted texts are shorter than what a vector search pays for.
    let (near, far) = rest.split_at(rest.len().min(16));
    let found = near.iter().position(|byte| *byte == one || *byte == other);
    found.or_else(|| memchr2(one, other, far).map(|at| near.len() + at))
}

fn comment(bytes: &[u8], start: usize) -> (TokenKind, usize) {
    let inside = match bytes.get(start + 2..) {
        Some([b'!', ..]) => start + 3,
        Some([b'M', b'!', ..]) => start + 4,
        _ => {
            return match comment_end(bytes, start) {
                Some(end) => (TokenKind::BlockComment, end),
                None => (TokenKind::Unterminated(Unterminated::Comment), bytes.len()),
            };
        }
    };
    match executable_end(bytes, inside) {
        Some(end) => (TokenKind::ExecutableComment, end),
        None => (TokenKind::Unterminated(Unterminated::ExecutableComment), bytes.len()),
    }
}

/// Comments do not nest: the first `*/` after the mark ends one.
fn comment_end(bytes: &[u8], start: usize) -> Option<usize> {
    let inside = start + 2;
    memmem::find(&bytes[inside..], b"*/").map(|length| inside + length + 2)
}

/// The text of an executable comment is SQL, so a `*/` in a string or comment inside does not end it.
fn executable_end(bytes: &[u8], inside: usize) -> Option<usize> {
    let mut at = inside;
    while let Some(byte) = bytes.get(at) {
        at = match byte {
            b'*' if bytes.get(at + 1) == Some(&b'/') => return Some(at + 2),
            b'\'' | b'"' | b'`' => quote_end(bytes, at)?,
            b'#' => line_end(bytes, at),
            b'-' if is_dash_comment(bytes, at) => line_end(bytes, at),
            b'/' if bytes.get(at + 1) == Some(&b'*') => comment_end(bytes, at)?,
            _ => at + 1,
        };
    }
    None
}

fn variable(bytes: &[u8], start: usize) -> (TokenKind, usize) {
    match bytes.get(start + 1) {
        Some(b'@') => match word_end(bytes, start + 2) {
            end if end > start + 2 => (TokenKind::SystemVariable, end),
            _ => (TokenKind::Symbol, start + 2),
        },
        Some(b'\'' | b'"') => quoted(bytes, start + 1, TokenKind::UserVariable, Unterminated::String),
        Some(b'`') => quoted(bytes, start + 1, TokenKind::UserVariable, Unterminated::Identifier),
        _ => {
            let rest = &bytes[start + 1..];
            let length =
                rest.iter().position(|byte| !(is_word_byte(*byte) || *byte == b'.')).unwrap_or(rest.len());
            let kind = if length > 0 { TokenKind::UserVariable } else { TokenKind::Symbol };
            (kind, start + 1 + length)
        }
    }
}

/// Identifiers may begin with digits, so `1abc` is a word and `1e5` a number.
fn number_or_word(bytes: &[u8], start: usize) -> (TokenKind, usize) {
    let end = word_end(bytes, start);
    let run = &bytes[start..end];
    let digits = run.iter().take_while(|byte| byte.is_ascii_digit()).count();
    // After a dot, digits are the rest of a qualified name: `t.1a`.
    let in_name = start > 1 && bytes[start - 1] == b'.' && ends_name(bytes[start - 2]);
    if digits == run.len() {
        // `1..3` is a range, not a fraction.
        let fraction = bytes.get(end) == Some(&b'.') && bytes.get(end + 1) != Some(&b'.') && !in_name;
        return (TokenKind::Number, if fraction { fraction_end(bytes, end) } else { end });
    }
    if let Some(end) = exponent_end(bytes, start + digits) {
        return (TokenKind::Number, end);
    }
    let prefixed = match run {
        [b'0', b'x', hex @ ..] => !hex.is_empty() && hex.iter().all(u8::is_ascii_hexdigit),
        [b'0', b'b', bits @ ..] => !bits.is_empty() && bits.iter().all(|bit| matches!(bit, b'0' | b'1')),
        _ => false,
    };
    (if prefixed { TokenKind::Number } else { TokenKind::Word }, end)
}

/// The end of `.123` or `.123e-4`, whose dot is at `dot`.
fn fraction_end(bytes: &[u8], dot: usize) -> usize {
    let rest = &bytes[dot + 1..];
    let digits = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
    let end = dot + 1 + digits;
    exponent_end(bytes, end).unwrap_or(end)
}

/// The end of `e5`, `E-5`, if one stands at `at` and no name goes on after it.
fn exponent_end(bytes: &[u8], at: usize) -> Option<usize> {
    let (b'e' | b'E') = bytes.get(at)? else { return None };
    let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
    let rest = bytes.get(at + 1 + sign..)?;
    let digits = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
    let ends = digits > 0 && rest.get(digits).is_none_or(|byte| !is_word_byte(*byte));
    ends.then_some(at + 1 + sign + digits)
}

fn symbol_length(rest: &[u8]) -> usize {
    match rest {
        [b'<', b'=', b'>', ..] | [b'-', b'>', b'>', ..] => 3,
        [b'<', b'=' | b'>' | b'<', ..]
        | [b'>', b'=' | b'>', ..]
        | [b'!' | b':', b'=', ..]
        | [b'-', b'>', ..]
        | [b'|', b'|', ..]
        | [b'&', b'&', ..] => 2,
        [b'\\', next, ..] if next.is_ascii_graphic() => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use TokenKind::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, expected: &[(TokenKind, &str)]) {
        let actual: Vec<_> = Lexer::new(text).map(|token| (token.kind, token.text(text))).collect();
        assert_eq!(actual, expected, "{text}");
    }

    #[test]
    fn words_and_quotes() {
        check("SELECT a$b", &[(Word, "SELECT"), (Word, "a$b")]);
        check("`a``b`.é", &[(QuotedIdentifier, "`a``b`"), (Symbol, "."), (Word, "é")]);
        check(r"'it\'s''s'", &[(String, r"'it\'s''s'")]);
        check(r#""a\"b""c""#, &[(DoubleQuoted, r#""a\"b""c""#)]);
        check("N'a' x'4D' B'01'", &[(String, "N'a'"), (HexString, "x'4D'"), (BitString, "B'01'")]);
        check("_utf8mb4'x'", &[(Word, "_utf8mb4"), (String, "'x'")]);
        check(r"`a\`", &[(QuotedIdentifier, r"`a\`")]);
    }

    #[test]
    fn numbers() {
        check("1 1.5 .5 1e5 1.5E-3", &["1", "1.5", ".5", "1e5", "1.5E-3"].map(|text| (Number, text)));
        check("0xFF 0b01 1abc 1e", &[(Number, "0xFF"), (Number, "0b01"), (Word, "1abc"), (Word, "1e")]);
        check("1..3", &[(Number, "1"), (Symbol, "."), (Symbol, "."), (Number, "3")]);
        check("t.1a", &[(Word, "t"), (Symbol, "."), (Word, "1a")]);
        check("1e-5x", &[(Word, "1e"), (Symbol, "-"), (Word, "5x")]);
    }

    #[test]
    fn two_dashes_need_white_space_after_them() {
        check("5--1", &[(Number, "5"), (Symbol, "-"), (Symbol, "-"), (Number, "1")]);
        check("-- a\n--", &[(LineComment, "-- a"), (LineComment, "--")]);
        check("--\tx", &[(LineComment, "--\tx")]);
        check("1#c\r\n2", &[(Number, "1"), (LineComment, "#c"), (Number, "2")]);
    }

    #[test]
    fn comments_do_not_nest() {
        check("/* a /* b */ c", &[(BlockComment, "/* a /* b */"), (Word, "c")]);
        check("/**/1", &[(BlockComment, "/**/"), (Number, "1")]);
        check("/*/", &[(Unterminated(super::Unterminated::Comment), "/*/")]);
    }

    #[test]
    fn executable_comments_are_sql_inside() {
        for (text, mariadb_only, version, sql) in [
            ("/*! SET @a=1 */", false, None, " SET @a=1 "),
            ("/*!40101 SET NAMES utf8 */", false, Some(40101), " SET NAMES utf8 "),
            ("/*!080021 x */", false, Some(80021), " x "),
            ("/*M!100100 x*/", true, Some(100_100), " x"),
            ("/*!50003 SELECT '*/' */", false, Some(50003), " SELECT '*/' "),
            ("/*!50003 -- it's */\n x */", false, Some(50003), " -- it's */\n x "),
            ("/*!50003 /* it's */ x */", false, Some(50003), " /* it's */ x "),
            ("/*!1234 x*/", false, None, "1234 x"),
        ] {
            check(text, &[(ExecutableComment, text)]);
            let inside = Lexer::new(text).next().unwrap().executable(text).unwrap();
            assert_eq!((inside.mariadb_only, inside.version, inside.sql), (mariadb_only, version, sql));
            assert_eq!(&text[inside.start..inside.start + sql.len()], sql);
        }
    }

    #[test]
    fn variables() {
        check(
            "@a.b @'x y' @`z` @@global.x",
            &[
                (UserVariable, "@a.b"),
                (UserVariable, "@'x y'"),
                (UserVariable, "@`z`"),
                (SystemVariable, "@@global"),
                (Symbol, "."),
                (Word, "x"),
            ],
        );
        check("@:=1", &[(Symbol, "@"), (Symbol, ":="), (Number, "1")]);
    }

    #[test]
    fn symbols_are_as_long_as_possible() {
        check(
            "a->>'$.b'||c<=>d",
            &[
                (Word, "a"),
                (Symbol, "->>"),
                (String, "'$.b'"),
                (Symbol, "||"),
                (Word, "c"),
                (Symbol, "<=>"),
                (Word, "d"),
            ],
        );
        check(r"\N\\G", &[(Symbol, r"\N"), (Symbol, r"\\"), (Word, "G")]);
    }

    #[test]
    fn what_is_not_closed_says_what_it_is() {
        use super::Unterminated as U;
        for (text, what) in [
            ("'a", U::String),
            ("\"a", U::DoubleQuoted),
            ("`a", U::Identifier),
            ("/* a", U::Comment),
            ("/*! a", U::ExecutableComment),
            ("'a\\", U::String),
        ] {
            check(text, &[(Unterminated(what), text)]);
        }
    }

    proptest! {
        #[test]
        fn tokens_are_ordered_slices_with_only_space_between(text in "([a-z0-9@'\"`;#*/!M\\\\. \n\r-]|é){0,60}") {
            let mut end = 0;
            for token in Lexer::new(&text) {
                prop_assert!(token.start >= end && token.end > token.start);
                prop_assert!(text[end..token.start].bytes().all(|byte| byte <= b' '));
                prop_assert!(!token.text(&text).is_empty());
                let _ = token.executable(&text);
                end = token.end;
            }
            prop_assert!(text[end..].bytes().all(|byte| byte <= b' '));
        }
    }
}
