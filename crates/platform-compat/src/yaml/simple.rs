//! The YAML that nearly all of these files are written in, read in one pass without events.
//!
//! Block lists and maps, flow lists and maps on one line, plain and quoted scalars on one line, comments. Nothing of this is
//! decided here: whatever is not plainly of that form (an anchor, a tag, a text of several lines, an escape, a tab, an error)
//! makes the reader give up, and the library reads the file from its start. Where it does not give up, both give
//! the same tree.

use std::borrow::Cow;

use super::{Key, Keys, MAX_DEPTH, Node, Value, is_null};
use crate::place::Place;

/// Longest key in bytes; YAML allows 1,024 characters.
const MAX_KEY: usize = 256;

/// Reads the one document of a file of which all is simple.
pub(super) fn parse(text: &str, file: u32) -> Option<Node<'_>> {
    if u32::try_from(text.len()).is_err() || !is_plain_text(text) {
        return None;
    }
    let mut reader =
        Reader { text, bytes: text.as_bytes(), at: 0, line: 0, file, items: Vec::new(), entries: Vec::new() };
    if text.starts_with("---\n") {
        reader.at = 4;
        reader.line = 4;
    }
    let indent = reader.next_line()?;
    let node = reader.block(indent, MAX_DEPTH)?;
    (reader.at == text.len()).then_some(node)
}

/// Whether there are no characters that YAML treats in a way of its own, wherever they stand.
fn is_plain_text(text: &str) -> bool {
    let ascii = |byte: u8| byte == b'\n' || (b' '..=b'~').contains(&byte);
    text.bytes().all(|byte| byte >= 0x80 || ascii(byte))
        && (text.is_ascii()
            || text.chars().all(|c| {
                c.is_ascii()
                    || c >= '\u{a0}'
                        && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
            }))
}

struct Reader<'t> {
    text: &'t str,
    bytes: &'t [u8],
    /// The next byte, and the start of its line.
    at: usize,
    line: usize,
    file: u32,
    /// Items of the lists, and entries of the maps, that are still open.
    items: Vec<Node<'t>>,
    entries: Vec<(Key<'t>, Node<'t>)>,
}

impl<'t> Reader<'t> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Whether a byte behind the next one ends a word: a blank, or the end of the line.
    fn is_blank(&self, at: usize) -> bool {
        matches!(self.bytes.get(at), None | Some(b' ' | b'\n'))
    }

    fn skip_spaces(&mut self) {
        while self.peek() == Some(b' ') {
            self.at += 1;
        }
    }

    /// Goes behind the rest of a line that holds nothing any more, to the next that holds something; its indentation.
    fn next_line(&mut self) -> Option<usize> {
        loop {
            self.skip_spaces();
            match self.peek() {
                None => return Some(0),
                Some(b'\n') => {}
                // A comment follows a blank or stands alone.
                Some(b'#') if self.at == self.line || self.bytes[self.at - 1] == b' ' => {
                    let rest = &self.bytes[self.at..];
                    self.at += rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
                    if self.at == self.bytes.len() {
                        return Some(0);
                    }
                }
                Some(_) if self.bytes[self.line..self.at].iter().all(|byte| *byte == b' ') => {
                    return Some(self.at - self.line);
                }
                Some(_) => return None,
            }
            self.at += 1;
            self.line = self.at;
        }
    }

    /// The indentation of the line that the reader stands at the content of; none at the end.
    fn indent(&self) -> Option<usize> {
        (self.at < self.bytes.len()).then_some(self.at - self.line)
    }

    fn is_item(&self) -> bool {
        self.peek() == Some(b'-') && self.is_blank(self.at + 1)
    }

    /// A list or map whose first item or key is next.
    fn block(&mut self, indent: usize, depth: usize) -> Option<Node<'t>> {
        let depth = depth.checked_sub(1)?;
        if self.is_item() { self.block_sequence(indent, depth) } else { self.block_mapping(indent, depth) }
    }

    fn block_sequence(&mut self, indent: usize, depth: usize) -> Option<Node<'t>> {
        let (start, first) = (self.at, self.items.len());
        loop {
            self.at += 1;
            self.skip_spaces();
            let column = self.at - self.line;
            let item = match self.peek()? {
                b'\n' | b'#' => return None,
                _ if self.is_item() || self.key_end().is_some() => self.block(column, depth)?,
                _ => self.inline(indent, depth)?,
            };
            self.items.push(item);
            match self.indent() {
                Some(next) if next == indent && self.is_item() => {}
                Some(next) if next > indent => return None,
                _ => break,
            }
        }
        let items = self.items.split_off(first);
        let end = items.last()?.place.end;
        Some(Node { value: Value::Sequence(items), place: self.place(start, end as usize) })
    }

    fn block_mapping(&mut self, indent: usize, depth: usize) -> Option<Node<'t>> {
        let (start, first) = (self.at, self.entries.len());
        let mut seen = Keys::default();
        loop {
            let end = self.key_end()?;
            let key = self.key(self.at, end, first, &mut seen)?;
            self.at = end + 1;
            self.skip_spaces();
            let value = match self.peek() {
                None | Some(b'\n' | b'#') => match self.next_line()? {
                    next if next == indent && self.is_item() => {
                        let mut list = self.block_sequence(next, depth.checked_sub(1)?)?;
                        // A list that is not indented begins with its first item, as the library sees it.
                        if let Value::Sequence(items) = &list.value {
                            list.place.start =
                                items.first().map_or(list.place.start, |item| item.place.start);
                        }
                        list
                    }
                    // Nothing at all.
                    next if next <= indent => return None,
                    next => self.block(next, depth)?,
                },
                Some(_) => self.inline(indent, depth)?,
            };
            self.entries.push((key, value));
            match self.indent() {
                Some(next) if next == indent && !self.is_item() => {}
                Some(next) if next >= indent => return None,
                _ => break,
            }
        }
        let entries = self.entries.split_off(first);
        let end = entries.last()?.1.place.end;
        Some(Node { value: Value::Mapping(entries), place: self.place(start, end as usize) })
    }

    /// Where the key of a block map that is next ends, if it is one.
    fn key_end(&self) -> Option<usize> {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().take_while(|byte| is_word(**byte)).count();
        let starts = rest.first().is_some_and(u8::is_ascii_alphanumeric) && length <= MAX_KEY;
        (starts && rest.get(length) == Some(&b':') && self.is_blank(self.at + length + 1))
            .then_some(self.at + length)
    }

    /// A key that no earlier entry of the map has.
    fn key(&self, start: usize, end: usize, first: usize, seen: &mut Keys<'t>) -> Option<Key<'t>> {
        let text = &self.text[start..end];
        let key = Key { text: Cow::Borrowed(text), place: self.place(start, end) };
        (!is_null(text) && seen.insert(&self.entries[first..], &key).is_none()).then_some(key)
    }

    /// A value on the rest of a line, with which nothing more indented than `indent` goes on.
    fn inline(&mut self, indent: usize, depth: usize) -> Option<Node<'t>> {
        let node = match self.peek()? {
            b'{' | b'[' => self.flow(depth)?,
            b'"' | b'\'' => self.quoted()?,
            _ => self.plain(false)?,
        };
        let next = self.next_line()?;
        (self.at == self.bytes.len() || next <= indent).then_some(node)
    }

    fn flow(&mut self, depth: usize) -> Option<Node<'t>> {
        match self.peek()? {
            b'{' => self.flow_mapping(depth.checked_sub(1)?),
            b'[' => self.flow_sequence(depth.checked_sub(1)?),
            b'"' | b'\'' => self.quoted(),
            _ => self.plain(true),
        }
    }

    fn flow_sequence(&mut self, depth: usize) -> Option<Node<'t>> {
        let (start, first) = (self.at, self.items.len());
        self.at += 1;
        self.skip_spaces();
        while self.peek()? != b']' {
            let item = self.flow(depth)?;
            self.items.push(item);
            self.separator(b']')?;
        }
        self.at += 1;
        Some(Node { value: Value::Sequence(self.items.split_off(first)), place: self.place(start, self.at) })
    }

    fn flow_mapping(&mut self, depth: usize) -> Option<Node<'t>> {
        let (start, first) = (self.at, self.entries.len());
        let mut seen = Keys::default();
        self.at += 1;
        self.skip_spaces();
        while self.peek()? != b'}' {
            let end = self.key_end()?;
            let key = self.key(self.at, end, first, &mut seen)?;
            self.at = end + 1;
            self.skip_spaces();
            let value = self.flow(depth)?;
            self.entries.push((key, value));
            self.separator(b'}')?;
        }
        self.at += 1;
        Some(Node { value: Value::Mapping(self.entries.split_off(first)), place: self.place(start, self.at) })
    }

    /// Goes behind a comma, or to the bracket that closes.
    fn separator(&mut self, closing: u8) -> Option<()> {
        self.skip_spaces();
        match self.peek()? {
            b',' => {
                self.at += 1;
                self.skip_spaces();
                Some(())
            }
            next => (next == closing).then_some(()),
        }
    }

    fn quoted(&mut self) -> Option<Node<'t>> {
        let start = self.at;
        let quote = self.bytes[start];
        let length = self.bytes[start + 1..]
            .iter()
            .position(|byte| matches!(*byte, b'\\' | b'\n') || *byte == quote)?;
        let end = start + 1 + length;
        // An escape, a text of several lines or a doubled quote.
        if self.bytes[end] != quote || self.bytes.get(end + 1) == Some(&quote) {
            return None;
        }
        self.at = end + 1;
        let text = Cow::Borrowed(&self.text[start + 1..end]);
        // What follows at once would belong to it, or be an error.
        matches!(self.peek(), None | Some(b' ' | b'\n' | b',' | b']' | b'}'))
            .then(|| Node { value: Value::Scalar(text), place: self.place(start, self.at) })
    }

    fn plain(&mut self, in_flow: bool) -> Option<Node<'t>> {
        let start = self.at;
        let first = self.peek()?;
        if !(first.is_ascii_alphanumeric() || b"_./<=^~+($;\\".contains(&first) || first >= 0x80) {
            return None;
        }
        let mut at = start;
        while let Some(byte) = self.bytes.get(at).copied() {
            match byte {
                b'\n' => break,
                b' ' if self.bytes.get(at + 1) == Some(&b'#') => break,
                b':' if self.is_blank(at + 1) => return None,
                b',' | b']' | b'}' if in_flow => break,
                b'[' | b'{' | b':' if in_flow => return None,
                _ => at += 1,
            }
        }
        self.at = at;
        let text = self.text[start..at].trim_end_matches(' ');
        let value = if is_null(text) { Value::Null } else { Value::Scalar(Cow::Borrowed(text)) };
        Some(Node { value, place: self.place(start, start + text.len()) })
    }

    fn place(&self, start: usize, end: usize) -> Place {
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Place { file: self.file, start: offset(start), end: offset(end) }
    }
}

/// Whether a byte may stand in a key that is read here.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-./".contains(&byte)
}

#[cfg(test)]
mod tests;
