//! Field specs: which fields of which types a transformer changes, and the walk to them.

use indexmap::IndexMap;

use crate::fault::{Outcome, Rule, fail};
use crate::id::Gvk;
use crate::path::Step;
use crate::yaml::{Dialect, Node, Resolved, Type, Value, resolve};

/// A field of the objects of some types; empty parts of the type stand for any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FieldSpec {
    pub(crate) gvk: Gvk,
    /// Keys separated by `/`; `\/` is a slash within a key, `[]` at the end of a part says that it is a list.
    pub(crate) path: String,
    /// The field is made when it is not there.
    pub(crate) create: bool,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    key: String,
    list: bool,
}

/// What is made at the end of a path that does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// Nothing: the field is left alone.
    Stay,
    Scalar,
    Mapping,
}

impl FieldSpec {
    pub(crate) fn new(path: &str, gvk: Gvk, create: bool) -> Self {
        let parts = split_path(path, '/')
            .into_iter()
            .map(|part| match part.strip_suffix("[]") {
                Some(key) => Part { key: key.to_owned(), list: true },
                None => Part { key: part, list: false },
            })
            .collect();
        Self { gvk, path: path.to_owned(), create, parts }
    }

    /// Calls `set` on every value the path leads to, if the object's type fits.
    pub(crate) fn apply(
        &self,
        node: &mut Node,
        missing: Missing,
        set: &mut dyn FnMut(&mut Node) -> Outcome<()>,
    ) -> Outcome<()> {
        let text = |key: &str| node.get(key).and_then(Node::as_str).unwrap_or_default();
        let gvk = &self.gvk;
        if !gvk.kind.is_empty() && gvk.kind != text("kind") {
            return Ok(());
        }
        if !gvk.group.is_empty() || !gvk.version.is_empty() {
            let (group, version) = crate::id::split_api_version(text("apiVersion"));
            let fits = |own: &str, wanted: &str| wanted.is_empty() || own == wanted;
            if !fits(group, &gvk.group) || !fits(version, &gvk.version) {
                return Ok(());
            }
        }
        let missing = if self.create { missing } else { Missing::Stay };
        walk(&self.parts, node, missing, set).map_err(|fault| fault.at(node))
    }

    /// The places of the values that [`Self::apply`] has just been at, in its order.
    pub(crate) fn places(&self, node: &Node) -> Vec<Vec<Step>> {
        let mut places = Vec::new();
        list_places(&self.parts, node, &mut Vec::new(), &mut places);
        places
    }

    /// Calls `set` on every value the path leads to, whatever the object's type; nothing is made.
    pub(crate) fn apply_to_any(
        &self,
        node: &mut Node,
        set: &mut dyn FnMut(&mut Node) -> Outcome<()>,
    ) -> Outcome<()> {
        walk(&self.parts, node, Missing::Stay, set).map_err(|fault| fault.at(node))
    }
}

fn walk(
    parts: &[Part],
    node: &mut Node,
    missing: Missing,
    set: &mut dyn FnMut(&mut Node) -> Outcome<()>,
) -> Outcome<()> {
    let Some((part, rest)) = parts.split_first() else { return set(node) };
    match &mut node.value {
        Value::Null => Ok(()),
        Value::Sequence(items) => items.iter_mut().try_for_each(|item| walk(parts, item, missing, set)),
        Value::Mapping(entries) => {
            let made = match missing {
                Missing::Stay => None,
                _ if part.list => None,
                Missing::Scalar if rest.is_empty() => Some(Value::String(String::new())),
                _ => Some(Value::Mapping(IndexMap::new())),
            };
            let filler = if part.list { Some(Value::Sequence(Vec::new())) } else { made.clone() };
            let field = match (entries.get_mut(&part.key), made) {
                (Some(field), _) => field,
                (None, Some(value)) => entries.entry(part.key.clone()).or_insert(value.into()),
                (None, None) => return Ok(()),
            };
            if let (Value::Null, Some(value)) = (&field.value, filler) {
                field.value = value;
            }
            walk(rest, field, missing, set)
        }
        _ => fail(
            Rule::Transformer,
            format!("a list or map was expected here, to find `{}` in it", part.key),
            "correct the value, or the field path in `configurations`",
        )
        .map_err(|fault: crate::fault::Fault| fault.at(node)),
    }
}

fn list_places(parts: &[Part], node: &Node, here: &mut Vec<Step>, places: &mut Vec<Vec<Step>>) {
    let Some((part, rest)) = parts.split_first() else { return places.push(here.clone()) };
    match &node.value {
        Value::Sequence(items) => {
            for (index, item) in items.iter().enumerate() {
                here.push(Step::At(index));
                list_places(parts, item, here, places);
                here.pop();
            }
        }
        Value::Mapping(entries) => {
            if let Some(field) = entries.get(&part.key) {
                here.push(Step::Key(part.key.clone()));
                list_places(rest, field, here, places);
                here.pop();
            }
        }
        _ => {}
    }
}

/// Splits at a delimiter that no backslash stands before; a leading delimiter is ignored.
pub(crate) fn split_path(path: &str, delimiter: char) -> Vec<String> {
    let path = path.strip_prefix(delimiter).unwrap_or(path);
    let mut parts: Vec<String> = Vec::new();
    for part in path.split(delimiter) {
        match parts.last_mut() {
            Some(last) if last.ends_with('\\') => {
                last.pop();
                last.push(delimiter);
                last.push_str(part);
            }
            _ => parts.push(part.to_owned()),
        }
    }
    parts
}

/// Sets a scalar to a text; maps and lists are refused.
pub(crate) fn set_scalar(node: &mut Node, text: &str) -> Outcome<()> {
    if matches!(node.value, Value::Mapping(_) | Value::Sequence(_)) {
        return fail(
            Rule::Transformer,
            "a single value was expected here",
            "correct the value, or the field path",
        )
        .map_err(|fault: crate::fault::Fault| fault.at(node));
    }
    // The field keeps its style: without quotes the new text is read for what it looks like.
    let kept = if node.is_quoted() == Some(false) { Type::Open } else { Type::Text };
    node.value = kept.read(text).unwrap_or_else(|| Value::String(text.to_owned()));
    Ok(())
}

/// Sets an entry of a map to a text and says whether the key is new; anything but a map is refused.
pub(crate) fn set_entry(node: &mut Node, key: &str, text: &str) -> Outcome<bool> {
    if let Value::Mapping(entries) = &mut node.value {
        let is_new = entries.insert(key.to_owned(), Node::text(text)).is_none();
        return if is_new { check_key(key).map(|()| true) } else { Ok(false) };
    }
    fail(Rule::Transformer, format!("a map was expected here, to set `{key}` in it"), "correct the value")
        .map_err(|fault: crate::fault::Fault| fault.at(node))
}

/// Refuses a key that kustomize would write without quotes, and then read back as something else than text.
pub(crate) fn check_key(key: &str) -> Outcome<()> {
    match resolve(key, Dialect::Resource) {
        Resolved::Text => Ok(()),
        _ => fail(
            Rule::Transformer,
            format!("the key `{key}` is no text to kustomize, which would fail to print the object"),
            "choose a key that does not look like a number, a boolean, a date or null",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_split_at_bare_slashes() {
        assert_eq!(split_path(r"metadata/annotations/a\/b", '/'), ["metadata", "annotations", "a/b"]);
        assert_eq!(split_path("/spec/x", '/'), ["spec", "x"]);
    }
}
