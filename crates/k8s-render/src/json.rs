//! Trees as JSON, as Go prints it: keys in byte order, `<`, `>` and `&` escaped.

use std::fmt::Write as _;

use crate::yaml::{Node, Value};

/// JSON without any blanks.
pub(crate) fn compact(node: &Node) -> String {
    let mut out = String::new();
    value(node, None, &mut out);
    out
}

/// JSON over several lines, indented by two blanks.
pub(crate) fn indented(node: &Node) -> String {
    let mut out = String::new();
    value(node, Some(0), &mut out);
    out
}

fn value(node: &Node, depth: Option<usize>, out: &mut String) {
    let inner = depth.map(|depth| depth + 1);
    match &node.value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Number(text) => out.push_str(text),
        Value::String(text) => string(text, out),
        Value::Sequence(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                separate(at, inner, out);
                value(item, inner, out);
            }
            close(items.is_empty(), depth, ']', out);
        }
        Value::Mapping(entries) => {
            let mut sorted: Vec<(&String, &Node)> = entries.iter().collect();
            sorted.sort_unstable_by_key(|entry| entry.0);
            out.push('{');
            for (at, (key, entry)) in sorted.into_iter().enumerate() {
                separate(at, inner, out);
                string(key, out);
                out.push_str(if depth.is_some() { ": " } else { ":" });
                value(entry, inner, out);
            }
            close(entries.is_empty(), depth, '}', out);
        }
    }
}

fn separate(at: usize, depth: Option<usize>, out: &mut String) {
    if at > 0 {
        out.push(',');
    }
    new_line(depth, out);
}

fn close(empty: bool, depth: Option<usize>, bracket: char, out: &mut String) {
    if !empty {
        new_line(depth, out);
    }
    out.push(bracket);
}

fn new_line(depth: Option<usize>, out: &mut String) {
    if let Some(depth) = depth {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    }
}

fn string(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(character));
            }
            _ => out.push(character),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::Source;
    use crate::yaml::parse;

    #[test]
    fn as_go_prints_it() {
        let node = parse(&Source::new("a", Arc::from("{b: [1, {}], a: \"<x>\\n\\x01\", c: []}"))).0.remove(0);
        assert_eq!(compact(&node), r#"{"a":"\u003cx\u003e\n\u0001","b":[1,{}],"c":[]}"#);
        assert_eq!(
            indented(&node),
            "{\n  \"a\": \"\\u003cx\\u003e\\n\\u0001\",\n  \"b\": [\n    1,\n    {}\n  ],\n  \"c\": []\n}"
        );
    }
}
