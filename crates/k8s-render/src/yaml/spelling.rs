//! The spelling and the type of a scalar, which kustomize carries from file to output beside each other.
//!
//! A field that is given a new text keeps its type, and a value that is copied takes its spelling along: `0o17` becomes
//! the text `0o17`, although it is printed as 15. Only where an object is printed or becomes JSON must both agree.

use super::emit::needs_quotes;
use super::resolve::{Dialect, Resolved, float_text, resolve, shortest};
use super::{Node, Origin, Value};

/// What a value does not say of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Spelling {
    /// The text of a plain number, boolean or date that is printed otherwise.
    Written(String),
    /// The text of a scalar that was made without a type: what it looks like decides, but variables take it for a text.
    Untyped(String),
    /// A text in a field of another type.
    Misplaced(String, Type),
    /// Whether a text has quotes, where it was printed since it was read; whether a collection has brackets or braces.
    Enclosed(bool),
}

/// The type that a field keeps whatever text it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    /// None yet: the text decides.
    Open,
    Null,
    Bool,
    Integer,
    Float,
    Timestamp,
    Text,
}

impl Type {
    /// The value of a text in a field of this type; `None` when it cannot be one.
    pub(crate) fn read(self, text: &str) -> Option<Value> {
        let resolved = resolve(text, Dialect::Resource);
        let fits = match (self, &resolved) {
            (Type::Text, _) => return Some(Value::String(text.to_owned())),
            (Type::Open, _)
            | (Type::Null, Resolved::Null)
            | (Type::Bool, Resolved::Bool(_))
            | (Type::Integer, Resolved::Integer(_))
            | (Type::Float, Resolved::Float(_))
            | (Type::Timestamp, Resolved::Timestamp(_)) => true,
            (Type::Float, Resolved::Integer(value)) => i64::try_from(*value).is_ok(),
            _ => false,
        };
        fits.then(|| value_of(resolved, text))?
    }
}

/// The value of a plain scalar; `None` for numbers that JSON cannot hold.
pub(crate) fn plain(text: &str) -> Option<Value> {
    value_of(resolve(text, Dialect::Resource), text)
}

fn value_of(resolved: Resolved, text: &str) -> Option<Value> {
    Some(match resolved {
        Resolved::Null => Value::Null,
        Resolved::Bool(value) => Value::Bool(value),
        Resolved::Integer(value) => Value::Number(value.to_string()),
        Resolved::Float(value) => Value::Number(float_text(value)?),
        Resolved::Timestamp(time) => Value::String(time),
        Resolved::Text => Value::String(text.to_owned()),
    })
}

/// The spelling to be remembered of a plain scalar.
pub(super) fn remembered(text: &str, value: &Value) -> Option<Box<Spelling>> {
    let is_printed = match value {
        Value::Number(printed) => printed == text,
        Value::Bool(value) => text == if *value { "true" } else { "false" },
        Value::String(_) => {
            !text.starts_with(|first: char| first.is_ascii_digit())
                || !matches!(resolve(text, Dialect::Resource), Resolved::Timestamp(_))
        }
        _ => true,
    };
    (!is_printed).then(|| Box::new(Spelling::Written(text.to_owned())))
}

impl Node {
    /// A scalar that takes the place of one of type `kept`. The origin is the new text's, or `place` where that is none
    /// and the spelling has to be remembered; a text that is nothing of this type has its origin there in any case.
    pub(crate) fn retyped(kept: Type, text: &str, origin: Option<&Origin>, place: Option<&Origin>) -> Self {
        let marked = |origin: Option<&Origin>, spelling| {
            origin.map(|origin| Origin { spelling: Some(Box::new(spelling)), ..origin.clone() })
        };
        let written = || text.to_owned();
        match kept.read(text) {
            None => Node {
                value: Value::String(written()),
                origin: marked(place.or(origin), Spelling::Misplaced(written(), kept)),
            },
            Some(value) => {
                let is_time = matches!(value, Value::String(_)) && kept.resolved(text) == Type::Timestamp;
                let origin = match &value {
                    Value::String(_) if !is_time => origin.map(Origin::unmarked),
                    _ if kept == Type::Open => marked(origin.or(place), Spelling::Untyped(written())),
                    Value::Number(printed) if printed == text => origin.map(Origin::unmarked),
                    Value::Null if text == "null" => origin.map(Origin::unmarked),
                    _ => marked(origin.or(place), Spelling::Written(written())),
                };
                Node { value, origin }
            }
        }
    }

    /// The text of any scalar as its file writes it, without quotes; nothing for lists and maps, and for null as a rule.
    pub(crate) fn written(&self) -> Option<&str> {
        match self.origin.as_ref().and_then(|origin| origin.spelling.as_deref()) {
            Some(Spelling::Written(text) | Spelling::Untyped(text))
                if plain(text).as_ref() == Some(&self.value) =>
            {
                Some(text)
            }
            _ => self.scalar_text(),
        }
    }

    /// The type of a scalar, which a new text must fit. A null that no file holds was just made.
    pub(crate) fn scalar_type(&self) -> Type {
        let spelling = self.origin.as_ref().and_then(|origin| origin.spelling.as_deref());
        match (&self.value, spelling) {
            (Value::String(text), Some(Spelling::Misplaced(written, kept))) if written == text => *kept,
            (Value::String(_), Some(Spelling::Written(text)))
                if plain(text).as_ref() == Some(&self.value) =>
            {
                Type::Timestamp
            }
            _ if self.untyped().is_some() => Type::Open,
            (Value::Null, _) if self.origin.is_none() => Type::Open,
            (Value::Null, _) => Type::Null,
            (Value::Bool(_), _) => Type::Bool,
            (Value::Number(_), _) => Type::Open.resolved(self.written().unwrap_or_default()),
            _ => Type::Text,
        }
    }

    /// The text of a scalar that has no type of its own yet.
    pub(crate) fn untyped(&self) -> Option<&str> {
        match self.origin.as_ref()?.spelling.as_deref() {
            Some(Spelling::Untyped(text)) if plain(text).as_ref() == Some(&self.value) => Some(text),
            _ => None,
        }
    }

    /// The first scalar whose text does not fit its field.
    pub(crate) fn misplaced(&self) -> Option<&Node> {
        match &self.value {
            Value::Sequence(items) => items.iter().find_map(Node::misplaced),
            Value::Mapping(entries) => entries.values().find_map(Node::misplaced),
            Value::String(text) => {
                let spelling = self.origin.as_ref()?.spelling.as_deref();
                matches!(spelling, Some(Spelling::Misplaced(written, _)) if written == text).then_some(self)
            }
            _ => None,
        }
    }

    /// What is left after a way through JSON: every number is a double, and nothing tells how it was written.
    pub(crate) fn pass_json(&mut self) {
        let is_negative = self.written().is_some_and(|text| text.starts_with('-'));
        // Only what is empty keeps its brackets.
        let stays = self.is_flow() && self.is_empty_collection();
        if let Some(origin) = self.origin.as_mut().filter(|_| !stays) {
            origin.spelling = None;
        }
        let was_quoted = self.is_quoted();
        match &mut self.value {
            Value::Sequence(items) => items.iter_mut().for_each(Node::pass_json),
            Value::Mapping(entries) => entries.values_mut().for_each(Node::pass_json),
            Value::Number(text) => {
                let Ok(number) = text.parse::<f64>() else { return };
                // Minus nought is printed without its sign, but only at the end.
                let number = if text == "0" && is_negative { -0.0 } else { number };
                let written = shortest(number);
                if let Some(printed) = float_text(number) {
                    *text = printed;
                }
                if let Some(origin) = self.origin.as_mut().filter(|_| *text != written) {
                    origin.spelling = Some(Box::new(Spelling::Written(written)));
                }
            }
            Value::String(text) => {
                let quoted = needs_quotes(text);
                if let Some(origin) = self.origin.as_mut().filter(|_| was_quoted != Some(quoted)) {
                    origin.spelling = Some(Box::new(Spelling::Enclosed(quoted)));
                }
            }
            _ => {}
        }
    }
}

impl Type {
    /// This type, or that which the text decides.
    fn resolved(self, text: &str) -> Self {
        match (self, resolve(text, Dialect::Resource)) {
            (Type::Open, Resolved::Null) => Type::Null,
            (Type::Open, Resolved::Bool(_)) => Type::Bool,
            (Type::Open, Resolved::Integer(_)) => Type::Integer,
            (Type::Open, Resolved::Float(_)) => Type::Float,
            (Type::Open, Resolved::Timestamp(_)) => Type::Timestamp,
            (Type::Open, Resolved::Text) => Type::Text,
            (kept, _) => kept,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::Source;
    use crate::yaml::{emit, parse};

    fn node(text: &str) -> Node {
        parse(&Source::new("a", Arc::from(text))).0.remove(0)
    }

    #[test]
    fn a_field_keeps_its_type() {
        let read =
            |kept: Type, text: &str| kept.read(text).map(|value| emit(&value.into()).trim().to_owned());
        for (kept, text, expected) in [
            (Type::Integer, "017", Some("15")),
            (Type::Integer, "web", None),
            (Type::Integer, "1e3", None),
            (Type::Float, "2", Some("2")),
            (Type::Float, "18446744073709551615", None),
            (Type::Bool, "True", Some("true")),
            (Type::Bool, "yes", None),
            (Type::Null, "~", Some("null")),
            (Type::Null, "x", None),
            (Type::Timestamp, "2001-01-01", Some("\"2001-01-01T00:00:00Z\"")),
            (Type::Timestamp, "2", None),
            (Type::Text, "017", Some("\"017\"")),
            (Type::Open, "017", Some("15")),
            (Type::Open, "", Some("null")),
            (Type::Open, ".inf", None),
        ] {
            assert_eq!(read(kept, text).as_deref(), expected, "{kept:?} {text}");
        }
    }

    #[test]
    fn a_value_takes_its_spelling_along() {
        let tree = node("[.5, 017, 0o17, True, 2001-01-01, 123456789012345678901234567890, '017', web, 8]");
        let written: Vec<_> = tree.items().iter().filter_map(Node::written).collect();
        let spelled =
            [".5", "017", "0o17", "True", "2001-01-01", "123456789012345678901234567890", "017", "web", "8"];
        assert_eq!(written, spelled);
        let types: Vec<_> = tree.items().iter().map(Node::scalar_type).collect();
        let (float, integer, text) = (Type::Float, Type::Integer, Type::Text);
        assert_eq!(types, [float, integer, integer, Type::Bool, Type::Timestamp, float, text, text, integer]);
    }

    #[test]
    fn what_does_not_fit_is_found_until_it_is_put_right() {
        let mut tree = node("{a: [1, {b: 2}]}");
        let place = tree.origin.clone();
        let Some(Value::Sequence(items)) = tree.get_mut("a").map(|list| &mut list.value) else { panic!() };
        items[0] = Node::retyped(items[0].scalar_type(), "web", None, place.as_ref());
        assert_eq!(items[0].scalar_type(), Type::Integer);
        assert_eq!(tree.misplaced().and_then(Node::as_str), Some("web"));
        let Some(Value::Sequence(items)) = tree.get_mut("a").map(|list| &mut list.value) else { panic!() };
        items[0].value = Value::Number("8".to_owned());
        assert!(tree.misplaced().is_none());
    }

    #[test]
    fn json_knows_doubles_only() {
        let mut tree =
            node("[18446744073709551615, 9007199254740993, 1234567890123456789, 1000000, 017, 2001-01-01]");
        tree.pass_json();
        let printed = "- 1.8446744073709552e+19\n- 9007199254740992\n- 1234567890123456800\n- 1000000\n- 15\n- \"2001-01-01T00:00:00Z\"\n";
        assert_eq!(emit(&tree), printed);
        assert_eq!(tree.items()[3].written(), Some("1e+06"));
        assert_eq!(tree.items()[5].written(), Some("2001-01-01T00:00:00Z"));
    }
}
