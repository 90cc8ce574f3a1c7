//! A YAML text printed anew in its own order and quotes, with some scalars replaced.
//!
//! Kustomize rewrites YAML that stands within a text this way: blocks indented by two, sequences not indented under
//! their key, flow collections on one line. Texts with comments are left to the caller.

use std::collections::HashMap;
use std::iter::Peekable;
use std::vec::IntoIter;

use granit_parser::{Event, Parser, ScalarStyle, StructureStyle};

/// Prints `text` with the scalars that start at the given bytes replaced. `None` when it has comments, anchors, folded
/// scalars or several documents, which this printer does not reproduce.
pub(crate) fn restyle(text: &str, edits: &HashMap<usize, &str>) -> Option<String> {
    let mut events = Vec::new();
    let mut documents = 0;
    for step in Parser::new_from_str(text) {
        let (event, span) = step.ok()?;
        match event {
            Event::Comment(..) | Event::Alias(_) | Event::Scalar(_, ScalarStyle::Folded, ..) => return None,
            Event::DocumentStart(..) => documents += 1,
            Event::Scalar(_, _, anchor, _)
            | Event::SequenceStart(_, anchor, _)
            | Event::MappingStart(_, anchor, _)
                if anchor != 0 =>
            {
                return None;
            }
            Event::Scalar(value, style, ..) => {
                let edited = span.byte_range().and_then(|range| edits.get(&range.start).copied());
                events.push(Token::Scalar(edited.map_or_else(|| value.into_owned(), str::to_owned), style));
            }
            Event::SequenceStart(style, ..) => events.push(Token::Sequence(style)),
            Event::MappingStart(style, ..) => events.push(Token::Mapping(style)),
            Event::SequenceEnd | Event::MappingEnd => events.push(Token::End),
            _ => {}
        }
    }
    if documents != 1 {
        return None;
    }
    let mut printer = Printer { tokens: events.into_iter().peekable(), out: String::new() };
    match printer.tokens.next()? {
        Token::Mapping(StructureStyle::Block) => printer.mapping(0, false)?,
        Token::Sequence(StructureStyle::Block) => printer.sequence(0, false)?,
        token => printer.flow(token)?,
    }
    Some(printer.out)
}

#[derive(Debug, PartialEq)]
enum Token {
    Scalar(String, ScalarStyle),
    Sequence(StructureStyle),
    Mapping(StructureStyle),
    End,
}

struct Printer {
    tokens: Peekable<IntoIter<Token>>,
    out: String,
}

impl Printer {
    fn indent(&mut self, width: usize) {
        self.out.extend(std::iter::repeat_n(' ', width));
    }

    /// The entries of a block mapping; the first stands behind a dash when `inline`.
    fn mapping(&mut self, indent: usize, inline: bool) -> Option<()> {
        let mut first = inline;
        loop {
            let key = self.tokens.next()?;
            if key == Token::End {
                return Some(());
            }
            if !std::mem::take(&mut first) {
                self.indent(indent);
            }
            self.flow(key)?;
            self.out.push(':');
            match self.tokens.next()? {
                Token::Mapping(StructureStyle::Block) => {
                    self.out.push('\n');
                    self.mapping(indent + 2, false)?;
                }
                Token::Sequence(StructureStyle::Block) => {
                    self.out.push('\n');
                    self.sequence(indent, false)?;
                }
                Token::Scalar(text, ScalarStyle::Plain) if text.is_empty() || text == "~" => {
                    self.out.push('\n');
                }
                token => {
                    self.out.push(' ');
                    self.value(token, indent)?;
                }
            }
        }
    }

    fn sequence(&mut self, indent: usize, inline: bool) -> Option<()> {
        let mut first = inline;
        loop {
            let item = self.tokens.next()?;
            if item == Token::End {
                return Some(());
            }
            if !std::mem::take(&mut first) {
                self.indent(indent);
            }
            self.out.push_str("- ");
            match item {
                Token::Mapping(StructureStyle::Block) => self.mapping(indent + 2, true)?,
                Token::Sequence(StructureStyle::Block) => self.sequence(indent + 2, true)?,
                token => self.value(token, indent)?,
            }
        }
    }

    /// A scalar or flow collection up to the end of its line.
    fn value(&mut self, token: Token, indent: usize) -> Option<()> {
        if let Token::Scalar(text, ScalarStyle::Literal) = token {
            let chomping = match (text.ends_with('\n'), text.ends_with("\n\n")) {
                (false, _) => "-",
                (true, false) => "",
                (true, true) => "+",
            };
            self.out.extend(["|", chomping, "\n"]);
            for line in text.lines() {
                if !line.is_empty() {
                    self.indent(indent + 2);
                }
                self.out.extend([line, "\n"]);
            }
            return Some(());
        }
        self.flow(token)?;
        self.out.push('\n');
        Some(())
    }

    fn flow(&mut self, token: Token) -> Option<()> {
        match token {
            Token::Scalar(text, ScalarStyle::SingleQuoted) => {
                self.out.extend(["'", &text.replace('\'', "''"), "'"]);
            }
            Token::Scalar(text, ScalarStyle::DoubleQuoted) => {
                let escaped =
                    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\t', "\\t");
                self.out.extend(["\"", &escaped, "\""]);
            }
            Token::Scalar(text, _) => self.out.push_str(&text),
            Token::Sequence(_) => {
                self.out.push('[');
                self.separated(Self::flow)?;
                self.out.push(']');
            }
            Token::Mapping(_) => {
                self.out.push('{');
                self.separated(|printer, key| {
                    printer.flow(key)?;
                    printer.out.push_str(": ");
                    let value = printer.tokens.next()?;
                    printer.flow(value)
                })?;
                self.out.push('}');
            }
            Token::End => return None,
        }
        Some(())
    }

    fn separated(&mut self, mut element: impl FnMut(&mut Self, Token) -> Option<()>) -> Option<()> {
        let mut first = true;
        loop {
            let token = self.tokens.next()?;
            if token == Token::End {
                return Some(());
            }
            if !std::mem::take(&mut first) {
                self.out.push_str(", ");
            }
            element(self, token)?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_quotes_stay() {
        let text = "z:\n    - a: \"x\"\n      b: 'y'\n    - [1, {k: v}]\nl: |-\n   one\n   two\ne:\nf: {\n  g: \"h\",\n}\n";
        let start = text.find("\"x\"").unwrap();
        let printed = restyle(text, &HashMap::from([(start, "new")])).unwrap();
        let expected = "z:\n- a: \"new\"\n  b: 'y'\n- [1, {k: v}]\nl: |-\n  one\n  two\ne:\nf: {g: \"h\"}\n";
        assert_eq!(printed, expected);
    }

    #[test]
    fn what_is_not_reproduced_is_left_alone() {
        for text in ["a: 1 # c\n", "a: &x 1\nb: *x\n", "a: >\n  b\n", "a\n---\nb\n"] {
            assert!(restyle(text, &HashMap::new()).is_none(), "{text}");
        }
    }
}
