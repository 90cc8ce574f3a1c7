//! `infra render diff FROM TO`: objects and fields that differ, and which lines set them.

use std::collections::BTreeMap;
use std::path::Path;

use k8s_render::Resource;
use k8s_render::yaml::{Node, Value};
use serde_json::{Value as Json, json};

use super::Part;
use super::collision::name;
use super::provenance::{Place, Texts};
use super::source::Source;
use crate::args::RenderDiff;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::finding::severity;
use crate::outcome::Outcome;
use crate::ui::{BAD, DIM, GOOD, ODD, count, styled};

/// Texts longer than this are cut for people.
const SHOWN: usize = 60;

/// Group, kind, namespace and name; hashes at the end of generated names do not count.
type Key = (String, String, String, String);

/// A field that differs.
#[derive(Debug)]
struct Change {
    path: String,
    from: Option<Side>,
    to: Option<Side>,
}

/// A value and where it was written.
#[derive(Debug)]
struct Side {
    value: String,
    place: Option<Place>,
}

pub(super) fn run(arguments: &RenderDiff, root: Option<&Path>) -> Result<Outcome, Failure> {
    let from = Source::open(&arguments.from, root, &arguments.world)?;
    let to = Source::open(&arguments.to, root, &arguments.world)?;
    let (old, new) = (from.render()?, to.render()?);
    let mut outcome = Outcome::default();
    let complete = old.complete && new.complete;
    outcome.extend(old.findings);
    outcome.extend(new.findings);
    if !complete {
        return Ok(outcome);
    }
    let (old_texts, new_texts) = (Texts::new(&from), Texts::new(&to));
    let (old, new) = (by_key(&old.parts), by_key(&new.parts));
    let mut lists: [Vec<Json>; 3] = Default::default();
    let mut keys: Vec<&Key> = old.keys().chain(new.keys()).collect();
    keys.sort();
    keys.dedup();
    for key in keys {
        match (old.get(key), new.get(key)) {
            (Some(old), Some(new)) => {
                let mut changes = Vec::new();
                Comparison { old: &old_texts, new: &new_texts, changes: &mut changes }.compare(
                    "",
                    Some(&old.node),
                    Some(&new.node),
                );
                if !changes.is_empty() {
                    outcome.summary += &format!("{} {}\n", styled(ODD, "~"), name(new));
                    outcome.summary.extend(changes.iter().map(Change::line));
                    lists[2].push(json!({ "object": described(new), "fields": changes.iter().map(Change::json).collect::<Vec<_>>() }));
                }
            }
            (Some(resource), None) => {
                list(&mut outcome, &mut lists[1], &styled(BAD, "-"), resource, &old_texts);
            }
            (None, Some(resource)) => {
                list(&mut outcome, &mut lists[0], &styled(GOOD, "+"), resource, &new_texts);
            }
            (None, None) => {}
        }
    }
    let numbers = lists.each_ref().map(Vec::len);
    for (field, list) in ["added", "removed", "changed"].into_iter().zip(lists) {
        outcome.details.insert(field.to_owned(), Json::Array(list));
    }
    let [added, removed, changed] = numbers;
    outcome.summary += &format!("{} added, {removed} removed, {changed} changed\n", count(added, "object"));
    let has_errors =
        outcome.findings.iter().any(|finding| severity(finding.as_ref()) == miette::Severity::Error);
    if arguments.exit_code && !has_errors && numbers != [0; 3] {
        outcome.exit = Some(Exit::Findings);
    }
    Ok(outcome)
}

fn list(outcome: &mut Outcome, list: &mut Vec<Json>, mark: &str, resource: &Resource, texts: &Texts<'_>) {
    let place = texts.place_of(&resource.node);
    let shown = place.as_ref().map(|place| styled(DIM, format!("  {place}"))).unwrap_or_default();
    outcome.summary += &format!("{mark} {}{shown}\n", name(resource));
    let mut object = described(resource);
    add_place(&mut object, place.as_ref());
    list.push(object);
}

fn described(resource: &Resource) -> Json {
    let mut object =
        json!({ "apiVersion": resource.api_version(), "kind": resource.kind(), "name": resource.name() });
    if !resource.namespace().is_empty() {
        object["namespace"] = json!(resource.namespace());
    }
    object
}

fn add_place(object: &mut Json, place: Option<&Place>) {
    if let Some(place) = place {
        object["file"] = json!(place.file);
        if let Some(line) = place.line {
            object["line"] = json!(line);
        }
    }
}

/// The objects by what stays the same between two renders. Where two have one key without their hashes, the hashes count.
fn by_key(parts: &[Part]) -> BTreeMap<Key, &Resource> {
    let resources = || parts.iter().flat_map(|part| &part.rendered.resources);
    let mut numbers: BTreeMap<Key, usize> = BTreeMap::new();
    resources().for_each(|resource| *numbers.entry(key(resource, true)).or_default() += 1);
    let unique = |resource| {
        let short = key(resource, true);
        if numbers.get(&short) == Some(&1) { short } else { key(resource, false) }
    };
    resources().map(|resource| (unique(resource), resource)).collect()
}

fn key(resource: &Resource, without_hash: bool) -> Key {
    let (group, kind, namespace, name) = super::collision::key(resource);
    let generated = matches!(kind, "ConfigMap" | "Secret") && group.is_empty();
    let name = if without_hash && generated { without_suffix(name) } else { name };
    (group.to_owned(), kind.to_owned(), namespace.to_owned(), name.to_owned())
}

/// A name without the ten characters that kustomize's generators end it with.
fn without_suffix(name: &str) -> &str {
    match name.rsplit_once('-') {
        Some((short, hash))
            if hash.len() == 10 && hash.bytes().all(|byte| b"bcdfghkmt2456789".contains(&byte)) =>
        {
            short
        }
        _ => name,
    }
}

struct Comparison<'a, 's> {
    old: &'a Texts<'s>,
    new: &'a Texts<'s>,
    changes: &'a mut Vec<Change>,
}

impl Comparison<'_, '_> {
    fn compare(&mut self, path: &str, old: Option<&Node>, new: Option<&Node>) {
        match (old, new) {
            (Some(old), Some(new)) if old == new => {}
            (
                Some(Node { value: Value::Mapping(left), .. }),
                Some(Node { value: Value::Mapping(right), .. }),
            ) => {
                let more = right.keys().filter(|key| !left.contains_key(*key));
                for key in left.keys().chain(more) {
                    let below = if path.is_empty() { quoted(key) } else { format!("{path}.{}", quoted(key)) };
                    self.compare(&below, left.get(key), right.get(key));
                }
            }
            (
                Some(Node { value: Value::Sequence(left), .. }),
                Some(Node { value: Value::Sequence(right), .. }),
            ) => match (names(left), names(right)) {
                (Some(left), Some(right)) => {
                    let more = right.iter().filter(|(name, _)| !left.iter().any(|(other, _)| other == name));
                    let get = |list: &[(&str, _)], name: &str| {
                        list.iter().find(|(other, _)| *other == name).map(|(_, node)| *node)
                    };
                    for (name, _) in left.iter().chain(more) {
                        self.compare(&format!("{path}[name={name}]"), get(&left, name), get(&right, name));
                    }
                }
                _ => {
                    for at in 0..left.len().max(right.len()) {
                        self.compare(&format!("{path}[{at}]"), left.get(at), right.get(at));
                    }
                }
            },
            _ => {
                let side =
                    |node: &Node, texts: &Texts<'_>| Side { value: shown(node), place: texts.place_of(node) };
                let from = old.map(|node| side(node, self.old));
                let to = new.map(|node| side(node, self.new));
                self.changes.push(Change { path: path.to_owned(), from, to });
            }
        }
    }
}

/// The elements by their names, when each has one of its own.
fn names(items: &[Node]) -> Option<Vec<(&str, &Node)>> {
    let named: Option<Vec<_>> = items.iter().map(|item| Some((item.get("name")?.as_str()?, item))).collect();
    let named = named?;
    let unique: std::collections::HashSet<&str> = named.iter().map(|(name, _)| *name).collect();
    (unique.len() == named.len()).then_some(named)
}

fn quoted(key: &str) -> String {
    if key.contains(['.', '[', ' ', '"']) { format!("{key:?}") } else { key.to_owned() }
}

fn shown(node: &Node) -> String {
    k8s_render::yaml::emit(node).trim_end().to_owned()
}

impl Change {
    fn line(&self) -> String {
        let short = |side: &Option<Side>| match side {
            None => "(none)".to_owned(),
            Some(side) => {
                let text = side.value.replace('\n', "⏎");
                if text.chars().count() > SHOWN {
                    text.chars().take(SHOWN).chain(['…']).collect()
                } else {
                    text
                }
            }
        };
        // Who set the new value is what is asked; of a value that is gone, who had set it.
        let place = match (&self.to, &self.from) {
            (Some(to), _) => to.place.as_ref(),
            (None, from) => from.as_ref().and_then(|from| from.place.as_ref()),
        };
        let place = place.map(|place| styled(DIM, format!("  {place}"))).unwrap_or_default();
        format!("    {}: {} → {}{place}\n", self.path, short(&self.from), short(&self.to))
    }

    fn json(&self) -> Json {
        let side = |side: &Option<Side>| match side {
            None => Json::Null,
            Some(side) => {
                let mut object = json!({ "value": side.value });
                add_place(&mut object, side.place.as_ref());
                object
            }
        };
        json!({ "path": self.path, "from": side(&self.from), "to": side(&self.to) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_of_generated_names_do_not_count() {
        assert_eq!(without_suffix("web-config-6ct58987ht"), "web-config");
        for name in ["web-config", "web-abcdefghij", "6ct58987ht", "a-6ct58987h"] {
            assert_eq!(without_suffix(name), name);
        }
    }
}
