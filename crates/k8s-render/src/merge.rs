//! Strategic merge of a patch into an object, as kustomize does it.
//!
//! Maps merge key by key. A list merges only where the type's schema gives it the strategy `merge`; the patch's
//! elements then come first. `null` and the `$patch` directive remove. The less obvious rules, those about elements
//! that lack a merge key among them, are those of kyaml's `walk` package, because users' trees depend on them.

use indexmap::IndexMap;

use crate::fault::{Fault, Outcome, Rule};
use crate::schema::{At, Schema};
use crate::yaml::{Node, Origin, Value};

const DIRECTIVE: &str = "$patch";

#[derive(Clone, Copy, PartialEq)]
enum Directive {
    Merge,
    Replace,
    Delete,
}

/// Merges `patch` into `base`; `None` when the patch deletes it.
pub(crate) fn merge(schema: &Schema, base: Node, patch: Node) -> Outcome<Option<Node>> {
    Merger { schema }.walk(Some(base), Some(patch), None)
}

struct Merger<'s> {
    schema: &'s Schema,
}

#[derive(PartialEq)]
enum Kind {
    Nothing,
    Scalar,
    Sequence,
    Mapping,
}

fn kind(node: Option<&Node>) -> Kind {
    match node.map(|node| &node.value) {
        None | Some(Value::Null) => Kind::Nothing,
        Some(Value::Sequence(_)) => Kind::Sequence,
        Some(Value::Mapping(_)) => Kind::Mapping,
        Some(_) => Kind::Scalar,
    }
}

impl<'s> Merger<'s> {
    fn walk(&self, base: Option<Node>, patch: Option<Node>, at: Option<At<'s>>) -> Outcome<Option<Node>> {
        let at = at.or_else(|| [&base, &patch].into_iter().flatten().find_map(|node| self.own_type(node)));
        let kinds = (kind(base.as_ref()), kind(patch.as_ref()));
        if let (Some(patch), true) =
            (&patch, kinds.0 != kinds.1 && !matches!(kinds, (Kind::Nothing, _) | (_, Kind::Nothing)))
        {
            let fault = Fault::new(
                Rule::Patch,
                "the patch and the object have values of different kinds here",
                "make both a map, a list or a single value",
            );
            return Err(fault.at(patch));
        }
        match (base, patch) {
            (Some(base), None) if base.is_null() => Ok(was_written(&base).then_some(base)),
            (base, None) => match base {
                Some(base) if matches!(kinds.0, Kind::Mapping | Kind::Sequence) => {
                    self.merge_into(base, None, at)
                }
                base => Ok(base),
            },
            (_, Some(patch)) if kinds.1 == Kind::Nothing => {
                let _ = patch;
                Ok(None)
            }
            (Some(base), Some(patch)) if kinds.0 != Kind::Nothing => match kinds.1 {
                Kind::Scalar => Ok(Some(in_style_of(&base, patch))),
                _ => self.merge_into(base, Some(patch), at),
            },
            (_, Some(patch)) => self.settle(patch, at),
        }
    }

    /// The schema of an embedded object, recognised by its `apiVersion` and `kind`.
    fn own_type(&self, node: &Node) -> Option<At<'s>> {
        let text = |key: &str| node.get(key).and_then(Node::as_str).filter(|text| !text.is_empty());
        self.schema.resource(text("apiVersion")?, text("kind")?)
    }

    /// Merges maps or lists; the base is one, and the patch is the same or absent.
    fn merge_into(
        &self,
        mut base: Node,
        mut patch: Option<Node>,
        at: Option<At<'s>>,
    ) -> Outcome<Option<Node>> {
        if let Value::Sequence(base_items) = &mut base.value {
            let Some(keys) = at.and_then(Schema::merge_keys) else { return Ok(Some(patch.unwrap_or(base))) };
            let mut base_items = std::mem::take(base_items);
            let mut patch_items = None;
            if let Some(Node { value: Value::Sequence(items), .. }) = &mut patch {
                match list_directive(items)? {
                    Directive::Delete => return Ok(None),
                    Directive::Replace => base_items = self.settle_items(std::mem::take(items), at)?,
                    Directive::Merge => patch_items = Some(std::mem::take(items)),
                }
            }
            base.value = Value::Sequence(self.merge_items(base_items, patch_items, keys, at)?);
            return Ok(Some(base));
        }
        let mut patch_entries = IndexMap::new();
        if let Some(Node { value: Value::Mapping(entries), origin }) = patch {
            patch_entries = entries;
            match map_directive(&mut patch_entries)? {
                Directive::Delete => return Ok(None),
                Directive::Replace => {
                    return self.settle(Node { value: Value::Mapping(patch_entries), origin }, at);
                }
                Directive::Merge => {}
            }
        }
        if let Value::Mapping(entries) = &mut base.value {
            let mut merged = IndexMap::with_capacity(entries.len() + patch_entries.len());
            for (key, value) in std::mem::take(entries) {
                let other = patch_entries.shift_remove(&key);
                let place = at.and_then(|at| self.schema.field(at, &key));
                if let Some(value) = self.walk(Some(value), other, place)? {
                    merged.insert(key, value);
                }
            }
            for (key, value) in patch_entries {
                let place = at.and_then(|at| self.schema.field(at, &key));
                if let Some(value) = self.walk(None, Some(value), place)? {
                    merged.insert(key, value);
                }
            }
            *entries = merged;
        }
        Ok(Some(base))
    }

    /// What a patch's value becomes where the object has none: directives are obeyed and nulls left out.
    fn settle(&self, mut patch: Node, at: Option<At<'s>>) -> Outcome<Option<Node>> {
        let at = at.or_else(|| self.own_type(&patch));
        match &mut patch.value {
            Value::Null => return Ok(None),
            Value::Mapping(entries) => {
                if map_directive(entries)? == Directive::Delete {
                    return Ok(None);
                }
                let mut settled = IndexMap::with_capacity(entries.len());
                for (key, value) in std::mem::take(entries) {
                    let place = at.and_then(|at| self.schema.field(at, &key));
                    if let Some(value) = self.settle(value, place)? {
                        settled.insert(key, value);
                    }
                }
                *entries = settled;
            }
            Value::Sequence(items) => {
                let Some(keys) = at.and_then(Schema::merge_keys) else { return Ok(Some(patch)) };
                // A new list is merged with itself, so that elements with equal keys become one.
                let settled = self.settle_items(std::mem::take(items), at)?;
                *items = self.merge_items(settled.clone(), Some(settled), keys, at)?;
            }
            _ => {}
        }
        Ok(Some(patch))
    }

    fn settle_items(&self, items: Vec<Node>, at: Option<At<'s>>) -> Outcome<Vec<Node>> {
        let element = at.and_then(Schema::element);
        let mut settled = Vec::with_capacity(items.len());
        for item in items {
            settled.extend(self.settle(item, element)?.filter(|item| !is_empty_map(item)));
        }
        Ok(settled)
    }

    /// Merges lists whose elements are told apart by `keys`, or are scalars when there are none.
    fn merge_items(
        &self,
        mut base: Vec<Node>,
        patch: Option<Vec<Node>>,
        keys: &[String],
        at: Option<At<'s>>,
    ) -> Outcome<Vec<Node>> {
        let scalar_key = [String::new()];
        let keys = if keys.is_empty() { &scalar_key[..] } else { keys };
        let patch = patch.unwrap_or_default();
        let mut wanted: Vec<Vec<String>> = Vec::new();
        for item in patch.iter().chain(&base) {
            let values = key_values(item, keys);
            if !wanted.contains(&values) {
                wanted.push(values);
            }
        }
        if wanted.is_empty() {
            return Ok(base);
        }
        if keys.len() > 1 {
            unify(&mut wanted);
        }
        let used: Vec<usize> =
            (0..keys.len()).filter(|&at| wanted.iter().any(|values| !values[at].is_empty())).collect();
        let used = if used.is_empty() { (0..keys.len()).collect() } else { used };
        let names: Vec<&str> = used.iter().map(|&at| keys[at].as_str()).collect();
        let element = at.and_then(Schema::element);
        let mut merged: Vec<Node> = Vec::new();
        for values in &wanted {
            let values: Vec<&str> = used.iter().map(|&at| values[at].as_str()).collect();
            let given: Vec<usize> = (0..values.len()).filter(|&at| !values[at].is_empty()).collect();
            let given = if given.is_empty() { (0..values.len()).collect() } else { given };
            let find = |items: &[Node]| {
                items.iter().position(|item| {
                    let fits = |&at: &usize| key_matches(item, names[at], values[at]);
                    (names[0].is_empty() || matches!(item.value, Value::Mapping(_))) && given.iter().all(fits)
                })
            };
            let in_base = find(&base);
            let in_patch = find(&patch);
            let replaces = in_patch.is_some_and(|at| {
                patch[at]
                    .get(DIRECTIVE)
                    .and_then(Node::as_str)
                    .is_some_and(|directive| directive == "replace")
            });
            let base_item = in_base.map(|at| base[at].clone());
            let result = self.walk(base_item, in_patch.map(|at| patch[at].clone()), element)?;
            let Some(mut result) = result.filter(|item| !item.is_null() && !is_empty_map(item)) else {
                set_item(&mut base, &names, &values, None);
                continue;
            };
            if let Value::Mapping(entries) = &mut result.value {
                for (name, value) in names.iter().zip(&values) {
                    if !value.is_empty() && !entries.contains_key(*name) {
                        entries.insert((*name).to_owned(), Node::text(*value));
                    }
                }
            }
            // An element that was merged is the base's own, changed in place; one that replaces is not.
            if let Some(at) = in_base.filter(|_| !replaces) {
                base[at] = result.clone();
            }
            set_item(&mut merged, &names, &values, Some(result));
        }
        for item in base {
            append_item(&mut merged, item, &names);
        }
        Ok(merged)
    }
}

/// A patch's scalar as the field's new value. The field keeps its quotes, so that a number or boolean becomes a text in them.
fn in_style_of(base: &Node, patch: Node) -> Node {
    match patch.written() {
        Some(text) if base.is_quoted() == Some(true) => Node {
            value: Value::String(text.to_owned()),
            origin: patch.origin.as_ref().map(Origin::unmarked),
        },
        _ => patch,
    }
}

/// `key:` with nothing behind it counts as absent when an object is patched, `key: null` does not.
fn was_written(null: &Node) -> bool {
    null.origin.as_ref().is_none_or(|origin| origin.start < origin.end)
}

fn is_empty_map(node: &Node) -> bool {
    matches!(&node.value, Value::Mapping(entries) if entries.is_empty())
}

fn directive(value: &Node) -> Outcome<Directive> {
    match value.scalar_text().unwrap_or_default() {
        "merge" => Ok(Directive::Merge),
        "replace" => Ok(Directive::Replace),
        "delete" => Ok(Directive::Delete),
        other => {
            let problem = format!("`{other}` is no patch directive");
            let fault = Fault::new(Rule::Patch, problem, "write `merge`, `replace` or `delete`");
            Err(fault.at(value))
        }
    }
}

/// Takes the directive out of a patch's map.
fn map_directive(entries: &mut IndexMap<String, Node>) -> Outcome<Directive> {
    match entries.get(DIRECTIVE) {
        None => Ok(Directive::Merge),
        Some(value) => {
            let found = directive(value)?;
            entries.shift_remove(DIRECTIVE);
            Ok(found)
        }
    }
}

/// Takes the directive out of a patch's list: an element that is nothing but the directive.
fn list_directive(items: &mut Vec<Node>) -> Outcome<Directive> {
    let Some(at) = items.iter().position(|item| item.get(DIRECTIVE).is_some()) else {
        return Ok(Directive::Merge);
    };
    match items[at].as_mapping() {
        Some(entries) if entries.len() == 1 => {
            let found = directive(&entries[0])?;
            items.remove(at);
            Ok(found)
        }
        _ => Ok(Directive::Merge),
    }
}

fn text_of(node: &Node) -> &str {
    node.written().unwrap_or_default()
}

/// The values of an element's merge keys, empty where it has none; a scalar is its own key.
fn key_values(item: &Node, keys: &[String]) -> Vec<String> {
    keys.iter()
        .map(
            |key| if key.is_empty() { text_of(item) } else { item.get(key).map(text_of).unwrap_or_default() },
        )
        .map(str::to_owned)
        .collect()
}

/// Whether an element has a key with this value; an empty value stands for any.
fn key_matches(item: &Node, key: &str, value: &str) -> bool {
    if key.is_empty() {
        return text_of(item) == value;
    }
    item.get(key).is_some_and(|field| value.is_empty() || text_of(field) == value)
}

/// Elements that agree in some key and contradict each other in none are one: each takes the other's keys.
fn unify(wanted: &mut [Vec<String>]) {
    for i in 0..wanted.len() {
        let first = wanted[i].clone();
        for j in 0..wanted.len() {
            let pairs = || first.iter().zip(&wanted[j]);
            let agree = pairs().any(|(a, b)| a == b);
            if agree && pairs().all(|(a, b)| a == b || a.is_empty() || b.is_empty()) {
                let both: Vec<String> =
                    pairs().map(|(a, b)| if a.is_empty() { b } else { a }.clone()).collect();
                wanted[i].clone_from(&both);
                wanted[j] = both;
            }
        }
    }
}

/// Replaces the elements that have these keys, or appends; without an element it removes them. Empty elements go.
fn set_item(items: &mut Vec<Node>, names: &[&str], values: &[&str], element: Option<Node>) {
    let for_maps = !names[0].is_empty() && values.first().is_some_and(|value| !value.is_empty());
    let mut found = false;
    let mut kept = Vec::with_capacity(items.len() + 1);
    for item in std::mem::take(items) {
        if item.is_null() || is_empty_map(&item) {
            continue;
        }
        if for_maps && !matches!(item.value, Value::Mapping(_)) {
            kept.push(item);
            continue;
        }
        let matched = !values.is_empty()
            && names.iter().zip(values).all(|(name, value)| key_matches(&item, name, value));
        if !matched {
            if !values.is_empty() {
                kept.push(item);
            }
            continue;
        }
        found = true;
        kept.extend(element.clone());
    }
    kept.extend(element.filter(|_| !found));
    *items = kept;
}

/// Adds an element of the base behind the patch's, or in the place of the one that has its keys.
fn append_item(merged: &mut Vec<Node>, item: Node, names: &[&str]) {
    if names[0].is_empty() {
        let value = text_of(&item).to_owned();
        set_item(merged, names, &[&value], Some(item));
        return;
    }
    let mut values: Vec<String> = Vec::new();
    for name in names {
        match item.get(name).filter(|field| !field.is_null()) {
            Some(field) => values.push(text_of(field).to_owned()),
            None => merged.push(item.clone()),
        }
    }
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    if names.len() > 1 {
        set_item(merged, names, &values, None);
    }
    set_item(merged, names, &values, Some(item));
}

#[cfg(test)]
mod tests;
