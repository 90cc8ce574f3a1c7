//! Tokens as Flyway's reader forms them: not the server's rules, and nothing here may be mended.

use std::borrow::Cow;
use std::sync::Arc;

/// A token, or the absence of one.
#[derive(Debug)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    /// Offset of its first byte.
    pub(super) start: usize,
    /// Open parentheses, negative after too many closing ones.
    pub(super) depth: i64,
    /// What Flyway compares with its words; empty where it keeps nothing.
    pub(super) text: Cow<'a, str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Letters and `_` alone.
    Keyword,
    /// A string, whose text Flyway does not keep.
    String,
    /// Names, numbers, executable comments with a version, symbols.
    Other,
    /// Comments, bare executable ones included.
    Comment,
    /// White space with two line feeds or more.
    BlankLines,
    Delimiter,
    /// `DELIMITER` and its argument, which is the text.
    NewDelimiter,
    /// A parenthesis or white space: no token.
    Nothing,
    End,
    /// `DELIMITER` without an argument up to the end of the file: Flyway reads on for ever.
    EndlessDelimiter,
    /// A digit outside ASCII begins a number, which Flyway then reads no digit of, again and again.
    EndlessNumber,
}

/// Reads tokens one after the other.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    text: &'a str,
    pub(super) position: usize,
    pub(super) delimiter: Arc<str>,
    depth: i64,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str, delimiter: Arc<str>) -> Self {
        let position = if text.starts_with('\u{feff}') { 3 } else { 0 };
        Self { text, position, delimiter, depth: 0 }
    }

    /// The next token. What it is tried for, and in which order, is Flyway's.
    pub(super) fn next(&mut self) -> Token<'a> {
        let start = self.position;
        let rest = &self.text[start..];
        let Some(first) = rest.chars().next() else {
            return Token { kind: Kind::End, start, depth: 0, text: Cow::default() };
        };
        let (kind, text) = match first {
            '"' | '\'' => self.string(1, true),
            '(' => self.parenthesis(1),
            ')' => self.parenthesis(-1),
            // Having no second quote for names, Flyway has NUL for it.
            '`' => self.quoted_name(b'`'),
            '\0' => self.quoted_name(b'\0'),
            _ if is_directive(rest) => self.directive(),
            _ if rest.starts_with("--") || (first == '#' && !self.is_delimiter()) => self.line_comment(),
            _ if rest.starts_with("/*") => self.block_comment(),
            '0'..='9' => {
                self.skip(|next| next.is_ascii_digit());
                (Kind::Other, Cow::default())
            }
            _ if is_digit(first) => (Kind::EndlessNumber, Cow::Borrowed(&rest[..first.len_utf8()])),
            'B' | 'E' | 'X' if rest[1..].starts_with('\'') => self.string(2, true),
            'U' if rest.starts_with("U&'") => self.string(3, false),
            _ if self.is_delimiter() => {
                self.position += self.delimiter.len();
                (Kind::Delimiter, Cow::Borrowed(&self.text[start..self.position]))
            }
            _ if is_letter(first) => self.word(),
            ' ' | '\r' | '\u{a0}' => {
                self.position += first.len_utf8();
                (Kind::Nothing, Cow::default())
            }
            _ if is_space(first) => {
                let space = self.skip(is_space);
                let blank = space.matches('\n').count() > 1;
                (if blank { Kind::BlankLines } else { Kind::Nothing }, Cow::default())
            }
            _ => {
                self.position += first.len_utf8();
                (Kind::Other, Cow::Borrowed(&self.text[start..self.position]))
            }
        };
        Token { kind, start, depth: self.depth, text }
    }

    /// Flyway looks eight UTF-16 units ahead and never finds a longer delimiter where a token could begin.
    fn is_delimiter(&self) -> bool {
        let delimiter = &*self.delimiter;
        self.text[self.position..].starts_with(delimiter)
            && (1..=8).contains(&delimiter.encode_utf16().count())
    }

    /// Passes what follows as long as it is of a kind.
    fn skip(&mut self, accept: impl Fn(char) -> bool) -> &'a str {
        let rest = &self.text[self.position..];
        let passed = &rest[..rest.find(|next| !accept(next)).unwrap_or(rest.len())];
        self.position += passed.len();
        passed
    }

    /// Passes some bytes, but not the end.
    fn advance(&mut self, bytes: usize) {
        self.position = (self.position + bytes).min(self.text.len());
    }

    fn parenthesis(&mut self, change: i64) -> (Kind, Cow<'a, str>) {
        self.depth += change;
        self.position += 1;
        (Kind::Nothing, Cow::default())
    }

    /// A string behind a mark of some bytes, the last of which is the quote.
    fn string(&mut self, mark: usize, escapes: bool) -> (Kind, Cow<'a, str>) {
        self.position += mark;
        let quote = self.text.as_bytes()[self.position - 1];
        self.quoted(quote, escapes);
        (Kind::String, Cow::default())
    }

    /// Passes the rest of something quoted; what is not closed goes on to the end. Returns what is inside.
    fn quoted(&mut self, quote: u8, escapes: bool) -> &'a str {
        let start = self.position;
        let bytes = self.text.as_bytes();
        let mut at = start;
        while let Some(byte) = bytes.get(at) {
            if *byte == quote && bytes.get(at + 1) != Some(&quote) {
                self.position = at + 1;
                return &self.text[start..at];
            }
            at += if *byte == quote || (escapes && *byte == b'\\') { 2 } else { 1 };
        }
        self.position = bytes.len();
        &self.text[start..]
    }

    fn quoted_name(&mut self, quote: u8) -> (Kind, Cow<'a, str>) {
        self.position += 1;
        let name = self.quoted(quote, false);
        // A qualified name is no word that anything is compared with.
        (Kind::Other, if self.qualifiers(quote) { Cow::default() } else { Cow::Borrowed(name) })
    }

    /// Passes at most two further parts of a name. Returns whether there were any.
    fn qualifiers(&mut self, quote: u8) -> bool {
        let start = self.position;
        for _ in 0..2 {
            match self.text.as_bytes()[self.position..] {
                [b'.', next, ..] if next == quote => {
                    self.position += 2;
                    self.quoted(quote, false);
                }
                [b'.', ..] => {
                    self.position += 1;
                    self.name_rest();
                }
                _ => break,
            }
        }
        self.position > start
    }

    /// Passes what may stand in a name, up to a delimiter, which cuts it.
    fn name_rest(&mut self) {
        while let Some(next) = self.text[self.position..].chars().next() {
            let is_part = matches!(next, '_' | '$') || is_letter(next) || is_digit(next);
            if !is_part || self.text[self.position..].starts_with(&*self.delimiter) {
                break;
            }
            self.position += next.len_utf8();
        }
    }

    fn word(&mut self) -> (Kind, Cow<'a, str>) {
        let start = self.position;
        self.position += self.text[start..].chars().next().map_or(0, char::len_utf8);
        self.name_rest();
        let is_qualified = self.qualifiers(b'`');
        let word = &self.text[start..self.position];
        if is_qualified || !word.chars().all(is_letter) {
            return (Kind::Other, Cow::Borrowed(word));
        }
        if is(word, "DELIMITER") {
            return self.new_delimiter(word);
        }
        (Kind::Keyword, Cow::Borrowed(word))
    }

    /// The rest of the first line that has one, comments and quotes included.
    fn new_delimiter(&mut self, word: &'a str) -> (Kind, Cow<'a, str>) {
        while self.position < self.text.len() {
            let line = self.skip(|next| !matches!(next, '\n' | '\r'));
            self.advance(1);
            let argument = trim(line);
            if !argument.is_empty() {
                return (Kind::NewDelimiter, Cow::Borrowed(argument));
            }
        }
        (Kind::EndlessDelimiter, Cow::Borrowed(word))
    }

    fn line_comment(&mut self) -> (Kind, Cow<'a, str>) {
        (Kind::Comment, Cow::Borrowed(self.skip(|next| !matches!(next, '\n' | '\r'))))
    }

    /// `/*!` with five digits: SQL up to the first end mark, wherever that stands.
    fn directive(&mut self) -> (Kind, Cow<'a, str>) {
        let inside = self.until_mark(&["*/"]);
        self.advance(2);
        (Kind::Other, Cow::Borrowed(inside))
    }

    /// Every `/*` inside wants its own `*/`. The text is what is left without any marks.
    fn block_comment(&mut self) -> (Kind, Cow<'a, str>) {
        let marks = ["*/", "/*"];
        let mut text = Cow::Borrowed(self.until_mark(&marks));
        let mut nested = 0_usize;
        loop {
            if self.text[self.position..].starts_with("/*") {
                nested += 1;
            } else if nested > 0 {
                nested -= 1;
            } else {
                break;
            }
            text.to_mut().push_str(self.until_mark(&marks));
        }
        self.advance(2);
        (Kind::Comment, text)
    }

    /// Passes the mark that stands here and what follows, up to one of the marks or the end.
    fn until_mark(&mut self, marks: &[&str]) -> &'a str {
        self.advance(2);
        let rest = &self.text[self.position..];
        let end = marks.iter().filter_map(|mark| rest.find(mark)).min().unwrap_or(rest.len());
        self.position += end;
        &rest[..end]
    }
}

/// Whether two words are the same to Flyway, whose second one is written in upper case.
pub(super) fn is(text: &str, word: &str) -> bool {
    if text.is_ascii() { text.eq_ignore_ascii_case(word) } else { text.to_uppercase() == word }
}

/// Java's `trim`, which knows no white space outside ASCII and takes all control characters.
pub(super) fn trim(text: &str) -> &str {
    text.trim_matches(|end| end <= ' ')
}

fn is_directive(rest: &str) -> bool {
    rest.strip_prefix("/*!")
        .is_some_and(|inside| inside.chars().take_while(|next| is_digit(*next)).take(5).count() == 5)
}

/// Java looks at UTF-16 units, so that a letter outside the basic plane is none. Unlike Rust it does not count
/// combining marks as letters either; that differs only where such a mark touches a keyword.
fn is_letter(letter: char) -> bool {
    letter == '_' || (letter <= '\u{ffff}' && letter.is_alphabetic())
}

/// Decimal digits of the basic plane: ten from each of these on.
const ZEROS: [u16; 37] = [
    0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50,
    0xed0, 0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40,
    0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10,
];

fn is_digit(digit: char) -> bool {
    digit.is_ascii_digit()
        || u16::try_from(u32::from(digit)).is_ok_and(|unit| {
            ZEROS.iter().any(|zero| unit.checked_sub(*zero).is_some_and(|value| value < 10))
        })
}

fn is_space(space: char) -> bool {
    match space {
        '\u{1c}'..='\u{1f}' => true,
        '\u{85}' | '\u{a0}' | '\u{2007}' | '\u{202f}' => false,
        _ => space.is_whitespace(),
    }
}
