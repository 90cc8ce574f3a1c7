//! The quick way through a statement of which only the end is wanted: no tokens, and a look at few of its bytes.
//!
//! It stops where the splitter must look at a token: at what may be the delimiter, a comment, a variable, a backslash,
//! a parenthesis without partner, or a `DELIMITER` line.

use std::ops::Range;

use super::blocks::is_block_word;
use super::lexer::{Lexer, Token, TokenKind, is_dash_comment, is_word_byte, quote_end, word_end};

/// The parentheses that are open.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Parentheses {
    depth: usize,
    outermost: usize,
}

impl Parentheses {
    pub(super) fn is_empty(self) -> bool {
        self.depth == 0
    }

    pub(super) fn open(&mut self, at: usize) {
        if self.depth == 0 {
            self.outermost = at;
        }
        self.depth += 1;
    }

    /// Returns whether there was one to close.
    pub(super) fn close(&mut self) -> bool {
        let was_open = self.depth > 0;
        self.depth -= usize::from(was_open);
        was_open
    }

    /// Closes all; returns the place of the outermost.
    pub(super) fn take(&mut self) -> Option<usize> {
        let open = !self.is_empty();
        self.depth = 0;
        open.then_some(self.outermost)
    }
}

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// What may end the statement.
    End,
    /// The words of compound statements, too, where they stand outside parentheses.
    BlockWord,
}

/// The bytes worth a look under one delimiter.
#[derive(Debug)]
pub(super) struct Scanner {
    /// By byte: [`END`] and [`WORD`].
    classes: [u8; 256],
}

const END: u8 = 1;
/// What words and numbers begin with.
const WORD: u8 = 2;

impl Scanner {
    pub(super) fn new(delimiter: &str) -> Self {
        let mut classes = [0; 256];
        for byte in 0..=u8::MAX {
            classes[usize::from(byte)] = if joins(byte) { WORD } else { 0 };
        }
        for byte in b"'\"`()#-/@\\\n".iter().chain(delimiter.as_bytes().first()) {
            classes[usize::from(*byte)] |= END;
        }
        Self { classes }
    }

    /// The offset at which to go on with tokens, from one that lies between two tokens. It is at a token, at the
    /// delimiter, before white space, or at the end.
    pub(super) fn run(
        &self,
        text: &str,
        from: usize,
        delimiter: &str,
        until: Until,
        open: &mut Parentheses,
    ) -> usize {
        let bytes = text.as_bytes();
        let mut at = from;
        loop {
            let wanted = if until == Until::BlockWord && open.is_empty() { END | WORD } else { END };
            let matters = |byte: &u8| self.classes[usize::from(*byte)] & wanted != 0;
            let Some(length) = bytes[at..].iter().position(matters) else {
                return bytes.len();
            };
            at += length;
            if begins_with(&bytes[at..], delimiter) {
                return at;
            }
            match bytes[at] {
                b'(' => open.open(at),
                b')' if open.close() => {}
                b'\'' | b'"' | b'`' => match quote_end(bytes, at) {
                    Some(end) => {
                        at = end;
                        continue;
                    }
                    None => return literal_start(text, from, at),
                },
                b'\n' if open.is_empty() => match next_word(bytes, at) {
                    (start, word) if word.eq_ignore_ascii_case(b"DELIMITER") => return start,
                    (start, _) => {
                        at = start;
                        continue;
                    }
                },
                b'-' if is_dash_comment(bytes, at) => return at,
                b'/' if bytes.get(at + 1) == Some(&b'*') => return at,
                b')' | b'#' | b'@' | b'\\' => return at,
                b'0'..=b'9' | b'.' if wanted & WORD != 0 => {
                    at = Lexer::at(text, at).next().map_or(bytes.len(), |number| number.end);
                    continue;
                }
                byte if wanted & WORD != 0 && is_word_byte(byte) => {
                    let end = word_end(bytes, at);
                    if is_block_word(&bytes[at..end]) {
                        return at;
                    }
                    at = end;
                    continue;
                }
                _ => {}
            }
            at += 1;
        }
    }
}

/// Whether a token that begins here is, or begins with, the delimiter.
#[inline]
pub(super) fn begins_with(bytes: &[u8], delimiter: &str) -> bool {
    // Most places differ in the first byte, and most delimiters have one.
    match (bytes, delimiter.as_bytes()) {
        ([at, rest @ ..], [first, more @ ..]) => {
            at == first && (more.is_empty() || rest.starts_with(more)) && *at > b' '
        }
        _ => false,
    }
}

/// Where white space ends, and as many bytes after it as `DELIMITER` has.
fn next_word(bytes: &[u8], from: usize) -> (usize, &[u8]) {
    let start =
        bytes[from..].iter().position(|byte| *byte > b' ').map_or(bytes.len(), |length| from + length);
    (start, bytes.get(start..start + 9).unwrap_or_default())
}

/// Where a literal begins whose quote is given: `N'…` begins before it.
fn literal_start(text: &str, from: usize, quote: usize) -> usize {
    let run = from + run_start(&text.as_bytes()[from..quote]);
    Lexer::at(text, run).find(|token| token.end > quote).map_or(quote, |token| token.start)
}

/// Where the words, numbers and dots at the end of a stretch begin.
fn run_start(stretch: &[u8]) -> usize {
    stretch.iter().rposition(|byte| !joins(*byte)).map_or(0, |at| at + 1)
}

fn joins(byte: u8) -> bool {
    is_word_byte(byte) || byte == b'.'
}

/// The last token of a stretch that was scanned, of which a quoted one is told by its last byte alone.
pub(super) fn last_token(text: &str, stretch: Range<usize>) -> Option<Token> {
    let bytes = &text.as_bytes()[stretch.clone()];
    let last = bytes.iter().rposition(|byte| *byte > b' ')?;
    let (start, end) = (stretch.start + last, stretch.start + last + 1);
    match bytes[last] {
        b'\'' | b'"' | b'`' => Some(Token { kind: TokenKind::String, start, end }),
        byte if joins(byte) => Lexer::at(&text[..end], stretch.start + run_start(&bytes[..=last])).last(),
        _ => Some(Token { kind: TokenKind::Symbol, start, end }),
    }
}
