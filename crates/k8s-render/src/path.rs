//! Field paths of replacements and variables: `spec.containers.[name=web].image`, `data.a\.b`, `spec.ports.0`, `*`.

use indexmap::IndexMap;

use crate::fault::{Fault, Outcome, Rule};
use crate::fieldspec::split_path;
use crate::selector::regex;
use crate::yaml::{Node, Value, emit};

/// Splits at dots that are neither escaped nor within brackets. Brackets without `=` only protect their dots.
pub(crate) fn split(path: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut pieces = split_path(path, '.').into_iter();
    while let Some(piece) = pieces.next() {
        if !piece.starts_with('[') || piece.ends_with(']') {
            parts.push(piece);
            continue;
        }
        let mut whole = piece;
        for more in pieces.by_ref() {
            whole.push('.');
            whole.push_str(&more);
            if more.ends_with(']') {
                break;
            }
        }
        parts.push(if whole.contains('=') { whole } else { whole.trim_matches(['[', ']']).to_owned() });
    }
    parts
}

/// `[key=value]` to (`key`, `value`); the key is empty for scalars.
fn list_match(part: &str) -> Option<(&str, &str)> {
    part.strip_prefix('[')?.strip_suffix(']')?.split_once('=')
}

fn position(part: &str) -> Option<usize> {
    part.parse().ok()
}

/// The one value at a path. List elements are matched exactly, `-` is the last one.
pub(crate) fn look_up<'n>(node: &'n Node, path: &[String]) -> Option<&'n Node> {
    path.iter().try_fold(node, |node, part| match &node.value {
        Value::Sequence(items) => match (position(part), list_match(part)) {
            (Some(at), _) => items.get(at),
            (None, Some(("", value))) => items.iter().find(|item| item.written() == Some(value)),
            (None, Some((key, value))) => {
                items.iter().find(|item| item.get(key).and_then(Node::written) == Some(value))
            }
            (None, None) if part == "-" => items.last(),
            (None, None) => None,
        },
        _ => node.get(part),
    })
}

/// One step from a value to a part of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step {
    Key(String),
    At(usize),
}

/// What is made where a path ends in nothing; `None` makes nothing.
pub(crate) type Create<'v> = Option<&'v Value>;

/// Every place a path leads to, in order. List elements are matched by patterns; parts that are missing are made
/// when `create` says of what kind the last one is.
pub(crate) fn find_all(node: &mut Node, path: &[String], create: Create<'_>) -> Outcome<Vec<Vec<Step>>> {
    let mut found = Vec::new();
    Finder { create, found: &mut found }.walk(node, path, &mut Vec::new())?;
    Ok(found)
}

/// The value at a place that [`find_all`] returned.
pub(crate) fn at<'n>(node: &'n mut Node, place: &[Step]) -> Option<&'n mut Node> {
    place.iter().try_fold(node, |node, step| match step {
        Step::Key(key) => node.get_mut(key),
        Step::At(index) => node.as_sequence_mut()?.get_mut(*index),
    })
}

fn wrong(node: &Node, what: &str, part: &str) -> Fault {
    let problem = format!("`{part}` in the path needs {what} here");
    Fault::new(Rule::Replacement, problem, "correct the field path").at(node)
}

struct Finder<'a, 'v> {
    create: Create<'v>,
    found: &'a mut Vec<Vec<Step>>,
}

impl Finder<'_, '_> {
    fn walk(&mut self, node: &mut Node, path: &[String], place: &mut Vec<Step>) -> Outcome<()> {
        let Some((part, rest)) = path.split_first() else {
            self.found.push(place.clone());
            return Ok(());
        };
        if let Some(index) = position(part) {
            return self.index(node, index, part, rest, place);
        }
        if part.starts_with('[') && part.ends_with(']') {
            return self.matching(node, part, rest, place);
        }
        if part == "*" {
            let Value::Sequence(items) = &mut node.value else { return Err(wrong(node, "a list", part)) };
            return items
                .iter_mut()
                .enumerate()
                .try_for_each(|(at, item)| self.step(item, Step::At(at), rest, place));
        }
        let blank = rest
            .first()
            .map_or_else(|| self.create.map(blank_like), |next| self.create.map(|_| holder_of(next)));
        let entries = match &mut node.value {
            Value::Mapping(entries) => entries,
            Value::Null if blank.is_none() => return Ok(()),
            _ => return Err(wrong(node, "a map", part)),
        };
        if let Some(blank) = blank {
            entries.entry(part.clone()).or_insert_with(|| blank.into());
        }
        match entries.get_mut(part) {
            Some(field) => self.step(field, Step::Key(part.clone()), rest, place),
            None => Ok(()),
        }
    }

    fn step(&mut self, node: &mut Node, step: Step, rest: &[String], place: &mut Vec<Step>) -> Outcome<()> {
        place.push(step);
        let result = self.walk(node, rest, place);
        place.pop();
        result
    }

    fn index(
        &mut self,
        node: &mut Node,
        index: usize,
        part: &str,
        rest: &[String],
        place: &mut Vec<Step>,
    ) -> Outcome<()> {
        let Value::Sequence(items) = &mut node.value else { return Err(wrong(node, "a list", part)) };
        if let Some(create) = self.create.filter(|_| items.len() == index) {
            items.push(rest.first().map_or_else(|| blank_like(create), |next| holder_of(next)).into());
        }
        let length = items.len();
        if let Some(item) = items.get_mut(index) {
            return self.step(item, Step::At(index), rest, place);
        }
        Err(wrong(node, &format!("more than {length} elements"), part))
    }

    fn matching(
        &mut self,
        node: &mut Node,
        part: &str,
        rest: &[String],
        place: &mut Vec<Step>,
    ) -> Outcome<()> {
        let Some((key, pattern)) = list_match(part) else { return Err(wrong(node, "`[key=value]`", part)) };
        let Some(compiled) = regex(pattern) else { return Err(wrong(node, "a regular expression", part)) };
        if !matches!(node.value, Value::Sequence(_)) {
            return Err(wrong(node, "a list", part));
        }
        let before = self.found.len();
        let fits = |item: &Node| {
            let value = if key.is_empty() { Some(item) } else { item.get(key) };
            value.is_some_and(|value| compiled.is_match(printed(value).as_bytes()))
        };
        let items = node.as_sequence_mut().into_iter().flatten();
        for (at, item) in items.enumerate().filter(|(_, item)| fits(item)) {
            if key.is_empty() {
                place.push(Step::At(at));
                self.found.push(place.clone());
                place.pop();
            } else {
                self.step(item, Step::At(at), rest, place)?;
            }
        }
        if self.found.len() > before || self.create.is_none() {
            return Ok(());
        }
        let new = if key.is_empty() {
            Node::text(pattern)
        } else {
            Value::Mapping(IndexMap::from([(key.to_owned(), Node::text(pattern))])).into()
        };
        let Some(items) = node.as_sequence_mut() else { return Ok(()) };
        items.push(new);
        let at = items.len() - 1;
        match items.last_mut() {
            Some(_) if key.is_empty() => {
                place.push(Step::At(at));
                self.found.push(place.clone());
                place.pop();
                Ok(())
            }
            Some(item) => self.step(item, Step::At(at), rest, place),
            None => Ok(()),
        }
    }
}

/// The text of a value as it would stand in a file, against which patterns are matched.
fn printed(node: &Node) -> String {
    match node.written() {
        Some(text) => text.to_owned(),
        None => emit(node).trim().to_owned(),
    }
}

/// An empty value of the kind of another.
fn blank_like(value: &Value) -> Value {
    match value {
        Value::Sequence(_) => Value::Sequence(Vec::new()),
        Value::Mapping(_) => Value::Mapping(IndexMap::new()),
        _ => Value::Null,
    }
}

/// The empty collection in which a part can be found.
fn holder_of(part: &str) -> Value {
    if part.starts_with('[') && part.ends_with(']') || position(part).is_some() {
        Value::Sequence(Vec::new())
    } else {
        Value::Mapping(IndexMap::new())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::Source;
    use crate::yaml::parse;

    fn node(text: &str) -> Node {
        parse(&Source::new("a", Arc::from(text))).0.remove(0)
    }

    #[test]
    fn paths_split() {
        assert_eq!(split(r"a.[name=x.y].b\.c.[d.e].0"), ["a", "[name=x.y]", "b.c", "d.e", "0"]);
    }

    #[test]
    fn values_are_looked_up() {
        let tree = node("{a: [{n: x, v: 1}, {n: y, v: 2}], b: [p, q]}");
        let text = |path: &str| look_up(&tree, &split(path)).and_then(Node::scalar_text).map(str::to_owned);
        assert_eq!(text("a.[n=y].v").as_deref(), Some("2"));
        assert_eq!(text("b.-").as_deref(), Some("q"));
        assert_eq!(text("b.0").as_deref(), Some("p"));
        assert_eq!(text("b.x"), None);
    }

    #[test]
    fn missing_parts_are_made() {
        let mut tree = node("{a: []}");
        let create = Value::Null;
        let places = find_all(&mut tree, &split("a.[n=x].v.w"), Some(&create)).unwrap();
        assert_eq!(places.len(), 1);
        at(&mut tree, &places[0]).unwrap().value = Value::Number("1".into());
        assert_eq!(emit(&tree), "a:\n- \"n\": x\n  v:\n    w: 1\n");
        assert!(find_all(&mut tree, &split("a.5"), None).is_err());
        assert!(find_all(&mut tree, &split("x.y"), None).unwrap().is_empty());
    }

    #[test]
    fn elements_are_matched_by_patterns() {
        let mut tree = node("{a: [{n: web-1}, {n: web-2}, {n: db}]}");
        assert_eq!(find_all(&mut tree, &split("a.[n=web].n"), None).unwrap().len(), 2);
        assert_eq!(find_all(&mut tree, &split("a.*.n"), None).unwrap().len(), 3);
    }
}
