//! Trees to text, byte for byte as kustomize prints them.
//!
//! The rules are those of go-yaml 2.4, through which every kustomize output passes: keys in natural order, sequences
//! not indented under their key, plain scalars wherever YAML 1.1 reads them back as text, lines folded at the first
//! blank after column 80.

use std::cmp::Ordering;

use indexmap::IndexMap;

use super::resolve::{Dialect, Resolved, is_base60, resolve};
use super::{Node, Value};

/// The column after which a blank may become a line break.
const WIDTH: usize = 80;
const INDENT: usize = 2;
/// Longer keys are written with a `?` on lines of their own.
const SIMPLE_KEY_BYTES: usize = 128;

/// Prints one document, with a final newline.
pub fn emit(node: &Node) -> String {
    let mut out = String::new();
    emit_into(node, &mut out);
    out
}

/// Prints documents as a stream, separated by `---` lines.
pub fn to_yaml<'a>(documents: impl IntoIterator<Item = &'a Node>) -> String {
    let mut out = String::new();
    for (index, node) in documents.into_iter().enumerate() {
        if index > 0 {
            out.push_str("---\n");
        }
        emit_into(node, &mut out);
    }
    out
}

pub(crate) fn emit_into(node: &Node, out: &mut String) {
    let mut emitter = Emitter { out, column: 0, whitespace: true, indention: true };
    emitter.node(node, None, Context::Root);
    if emitter.column > 0 {
        emitter.line_break();
    }
}

/// Where a value stands; decides whether a sequence is indented.
#[derive(Clone, Copy, PartialEq)]
enum Context {
    Root,
    Item,
    Value,
}

struct Emitter<'a> {
    out: &'a mut String,
    /// Code points since the last line break.
    column: usize,
    /// The last character written was a blank or an indicator that counts as one.
    whitespace: bool,
    /// Only indentation and indicators were written since the last line break.
    indention: bool,
}

impl Emitter<'_> {
    /// Writes a value below a collection that is indented by `indent`; `None` at the root.
    fn node(&mut self, node: &Node, indent: Option<usize>, context: Context) {
        let scalar_indent = indent.map_or(INDENT, |indent| indent + INDENT);
        match &node.value {
            Value::Null => self.plain("null", scalar_indent, true),
            Value::Bool(value) => self.plain(if *value { "true" } else { "false" }, scalar_indent, true),
            Value::Number(text) => self.plain(text, scalar_indent, true),
            Value::String(text) => self.text(text, scalar_indent, false),
            Value::Sequence(items) if items.is_empty() => self.empty("[]"),
            Value::Mapping(entries) if entries.is_empty() => self.empty("{}"),
            Value::Sequence(items) => {
                let indentless = context == Context::Value && !self.indention;
                let indent = indent.map_or(0, |indent| if indentless { indent } else { indent + INDENT });
                for item in items {
                    self.indent(indent);
                    self.indicator("-", true, true);
                    self.node(item, Some(indent), Context::Item);
                }
            }
            Value::Mapping(entries) => {
                let indent = indent.map_or(0, |indent| indent + INDENT);
                for (key, value) in sorted(entries) {
                    self.indent(indent);
                    if key.len() <= SIMPLE_KEY_BYTES && !key.contains(is_break) {
                        self.text(key, indent + INDENT, true);
                        self.indicator(":", false, false);
                    } else {
                        self.indicator("?", true, true);
                        self.text(key, indent + INDENT, false);
                        self.indent(indent);
                        self.indicator(":", true, true);
                    }
                    self.node(value, Some(indent), Context::Value);
                }
            }
        }
    }

    fn empty(&mut self, text: &str) {
        self.indicator(text, true, false);
        self.whitespace = false;
    }

    fn text(&mut self, text: &str, indent: usize, key: bool) {
        match style(text, key) {
            Style::Plain => self.plain(text, indent, !key),
            Style::Single => self.single_quoted(text, indent, !key),
            Style::Double => self.double_quoted(text, indent, !key),
            Style::Literal => self.literal(text, indent),
        }
    }

    fn put(&mut self, character: char) {
        self.out.push(character);
        self.column += 1;
    }

    fn line_break(&mut self) {
        self.out.push('\n');
        self.column = 0;
    }

    /// Writes a line break of the text itself.
    fn write_break(&mut self, character: char) {
        self.out.push(character);
        self.column = 0;
        self.indention = true;
    }

    /// Goes to the indentation, on a new line unless this one holds nothing but indentation before it.
    fn indent(&mut self, indent: usize) {
        if !self.indention || self.column > indent || (self.column == indent && !self.whitespace) {
            self.line_break();
        }
        while self.column < indent {
            self.put(' ');
        }
        self.whitespace = true;
        self.indention = true;
    }

    fn indicator(&mut self, text: &str, needs_blank: bool, keeps_indention: bool) {
        if needs_blank && !self.whitespace {
            self.put(' ');
        }
        self.out.push_str(text);
        self.column += text.len();
        self.whitespace = false;
        self.indention = self.indention && keeps_indention;
    }

    fn plain(&mut self, text: &str, indent: usize, may_fold: bool) {
        if !self.whitespace {
            self.put(' ');
        }
        self.folded(text, indent, may_fold, false);
        self.whitespace = false;
        self.indention = false;
    }

    fn single_quoted(&mut self, text: &str, indent: usize, may_fold: bool) {
        self.indicator("'", true, false);
        self.folded(text, indent, may_fold, true);
        self.indicator("'", false, false);
    }

    /// The body of a plain or single quoted scalar.
    fn folded(&mut self, text: &str, indent: usize, may_fold: bool, quoted: bool) {
        if !quoted && self.column + text.len() <= WIDTH && !text.contains(is_break) {
            self.out.push_str(text);
            self.column += text.chars().count();
            return;
        }
        let (mut spaces, mut breaks) = (false, false);
        let mut characters = text.char_indices().peekable();
        while let Some((at, character)) = characters.next() {
            let next = characters.peek().map(|&(_, next)| next);
            if character == ' ' {
                let inside = !quoted || (at > 0 && next.is_some());
                if may_fold && !spaces && self.column > WIDTH && inside && next != Some(' ') {
                    self.indent(indent);
                } else {
                    self.put(' ');
                }
                spaces = true;
            } else if is_break(character) {
                if !breaks && character == '\n' {
                    self.line_break();
                }
                self.write_break(character);
                breaks = true;
            } else {
                if breaks {
                    self.indent(indent);
                }
                if quoted && character == '\'' {
                    self.put('\'');
                }
                self.put(character);
                self.indention = false;
                spaces = false;
                breaks = false;
            }
        }
    }

    fn double_quoted(&mut self, text: &str, indent: usize, may_fold: bool) {
        self.indicator("\"", true, false);
        // go-yaml asks whether the text begins with a byte order mark where it means the character at hand.
        let all = text.starts_with('\u{feff}');
        let mut spaces = false;
        let mut characters = text.char_indices().peekable();
        while let Some((at, character)) = characters.next() {
            let next = characters.peek().map(|&(_, next)| next);
            if character == ' ' && !all {
                if may_fold && !spaces && self.column > WIDTH && at > 0 && next.is_some() {
                    self.indent(indent);
                    if next == Some(' ') {
                        self.put('\\');
                    }
                } else {
                    self.put(' ');
                }
                spaces = true;
                continue;
            }
            if all || !is_printable(character) || is_break(character) || matches!(character, '"' | '\\') {
                self.escape(character);
            } else {
                self.put(character);
            }
            spaces = false;
        }
        self.indicator("\"", false, false);
    }

    fn escape(&mut self, character: char) {
        let code = u32::from(character);
        let escaped = match character {
            '\0' => "0".to_owned(),
            '\u{7}' => "a".to_owned(),
            '\u{8}' => "b".to_owned(),
            '\t' => "t".to_owned(),
            '\n' => "n".to_owned(),
            '\u{b}' => "v".to_owned(),
            '\u{c}' => "f".to_owned(),
            '\r' => "r".to_owned(),
            '\u{1b}' => "e".to_owned(),
            '"' | '\\' => character.to_string(),
            '\u{85}' => "N".to_owned(),
            '\u{a0}' => "_".to_owned(),
            '\u{2028}' => "L".to_owned(),
            '\u{2029}' => "P".to_owned(),
            _ if code <= 0xFF => format!("x{code:02X}"),
            _ if code <= 0xFFFF => format!("u{code:04X}"),
            _ => format!("U{code:08X}"),
        };
        self.put('\\');
        self.out.push_str(&escaped);
        self.column += escaped.len();
    }

    fn literal(&mut self, text: &str, indent: usize) {
        self.indicator("|", true, false);
        if text.starts_with(|first| first == ' ' || is_break(first)) {
            self.indicator("2", false, false);
        }
        let mut backwards = text.chars().rev();
        match backwards.next() {
            Some(last) if is_break(last) => {
                if backwards.next().is_none_or(is_break) {
                    self.indicator("+", false, false);
                }
            }
            _ => self.indicator("-", false, false),
        }
        self.line_break();
        self.indention = true;
        self.whitespace = true;
        let mut breaks = true;
        for character in text.chars() {
            if is_break(character) {
                self.write_break(character);
                breaks = true;
            } else {
                if breaks {
                    self.indent(indent);
                }
                self.put(character);
                self.indention = false;
                breaks = false;
            }
        }
    }
}

#[derive(Debug, PartialEq)]
enum Style {
    Plain,
    Single,
    Double,
    Literal,
}

/// Whether a text is printed in quotes or as a block.
pub(super) fn needs_quotes(text: &str) -> bool {
    !matches!(style(text, false), Style::Plain)
}

/// How a text is written: plain where that reads back as the same text, else quoted or as a block.
fn style(text: &str, key: bool) -> Style {
    let shape = Shape::of(text);
    let line_breaks = text.contains(is_break);
    if text.contains('\n') {
        return if shape.block_allowed && !key { Style::Literal } else { Style::Double };
    }
    if key && line_breaks || !reads_back_as_text(text) {
        return Style::Double;
    }
    match shape {
        Shape { plain_allowed: true, .. } => Style::Plain,
        Shape { single_allowed: true, .. } => Style::Single,
        _ => Style::Double,
    }
}

fn reads_back_as_text(text: &str) -> bool {
    matches!(resolve(text, Dialect::Configuration), Resolved::Text) && !is_base60(text)
}

/// What the characters of a text allow.
struct Shape {
    plain_allowed: bool,
    single_allowed: bool,
    block_allowed: bool,
}

impl Shape {
    fn of(text: &str) -> Self {
        let mut indicators = text.starts_with("---") || text.starts_with("...");
        let (mut line_breaks, mut special) = (false, false);
        let (mut break_space, mut space_break) = (false, false);
        let mut previous = None;
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            let before_blank = characters.peek().is_none_or(|&next| next == ' ' || next == '\t');
            indicators |= match (character, previous) {
                (
                    '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@'
                    | '`',
                    None,
                ) => true,
                ('?' | '-', None) | (':', _) => before_blank,
                ('#', Some(before)) => before == ' ' || before == '\t' || is_break(before),
                _ => false,
            };
            special |= !is_printable(character);
            if character == ' ' {
                break_space |= previous.is_some_and(is_break);
            } else if is_break(character) {
                line_breaks = true;
                space_break |= previous == Some(' ');
            }
            previous = Some(character);
        }
        let edge = |character: Option<char>| character.is_some_and(|edge| edge == ' ' || is_break(edge));
        let edges = edge(text.chars().next()) || edge(previous);
        Self {
            plain_allowed: !(indicators || line_breaks || special || edges || break_space || space_break),
            single_allowed: !(break_space || space_break || special),
            block_allowed: !(space_break || special || previous == Some(' ')),
        }
    }
}

fn is_break(character: char) -> bool {
    matches!(character, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn is_printable(character: char) -> bool {
    matches!(character, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}')
}

/// The entries in go-yaml's natural order.
fn sorted(entries: &IndexMap<String, Node>) -> Vec<(&str, &Node)> {
    let mut list: Vec<(&str, &Node)> = entries.iter().map(|(key, node)| (key.as_str(), node)).collect();
    if !list.is_sorted_by(|a, b| natural_order(a.0, b.0).is_lt()) {
        // The natural order is not transitive for keys that mix letters and digits; start from one fixed order.
        list.sort_unstable_by_key(|entry| entry.0);
        list = merge_sort(list);
    }
    list
}

/// A sort that, unlike the standard one, may be given an order that is not transitive.
fn merge_sort<'a>(mut list: Vec<(&'a str, &'a Node)>) -> Vec<(&'a str, &'a Node)> {
    if list.len() < 2 {
        return list;
    }
    let right = merge_sort(list.split_off(list.len() / 2));
    let left = merge_sort(list);
    let mut merged = Vec::with_capacity(left.len() + right.len());
    let mut right = right.into_iter().peekable();
    for entry in left {
        while let Some(smaller) = right.next_if(|other| natural_order(other.0, entry.0).is_lt()) {
            merged.push(smaller);
        }
        merged.push(entry);
    }
    merged.extend(right);
    merged
}

/// Compares keys as go-yaml does: letters after everything else, runs of digits by their value.
fn natural_order(a: &str, b: &str) -> Ordering {
    let same = a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count();
    let start = (0..=same).rev().find(|&at| a.is_char_boundary(at) && b.is_char_boundary(at)).unwrap_or(0);
    let (Some(x), Some(y)) = (a[start..].chars().next(), b[start..].chars().next()) else {
        return a.len().cmp(&b.len());
    };
    match (is_letter(x), is_letter(y)) {
        (true, true) => return x.cmp(&y),
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    // A zero inside a number counts as a digit, not as a leading zero.
    let inside_number = (x == '0' || y == '0')
        && a[..start].chars().rev().take_while(char::is_ascii_digit).any(|digit| digit != '0');
    let run = |text: &str| {
        let digits = text[start..].bytes().take_while(u8::is_ascii_digit);
        digits.fold((i64::from(inside_number), 0_usize), |(value, length), digit| {
            (value.wrapping_mul(10).wrapping_add(i64::from(digit - b'0')), length + 1)
        })
    };
    run(a).cmp(&run(b)).then(x.cmp(&y))
}

/// Go's `unicode.IsLetter` is category L; marks and letter numbers, which Rust counts as alphabetic, are rare in keys.
fn is_letter(character: char) -> bool {
    character.is_alphabetic()
}

#[cfg(test)]
mod tests;
