//! `replacements`: a value of one object copied into others.

use std::borrow::Cow;

use super::Transform;
use super::structured::set_inside;
use crate::fault::{Fault, Outcome, Rule};
use crate::id::{Gvk, Id};
use crate::kustomization::{FieldOptions, Replacement, ReplacementSource, ReplacementTarget, Selector};
use crate::object::Object;
use crate::objects::Objects;
use crate::path::{Step, at, find_all, look_up, split};
use crate::schema::Schema;
use crate::selector::Matcher;
use crate::yaml::{Node, Origin, Type, Value};

const DEFAULT_PATH: &str = "metadata.name";

pub(crate) struct Replacements {
    pub(crate) list: Vec<Replacement>,
}

fn fault(problem: impl Into<String>, advice: &str, origin: Option<&Origin>) -> Fault {
    Fault::new(Rule::Replacement, problem, advice).or_at(origin)
}

impl Transform for Replacements {
    fn run(&self, objects: &mut Objects, _: &Schema) -> Outcome<()> {
        self.list.iter().try_for_each(|replacement| {
            replacement.run(objects).map_err(|fault| fault.or_at(replacement.origin.as_ref()))
        })
    }
}

impl Replacement {
    fn run(&self, objects: &mut Objects) -> Outcome<()> {
        let Some(targets) = &self.targets else {
            return Err(fault(
                "a replacement without `targets`",
                "say where the value goes",
                self.origin.as_ref(),
            ));
        };
        let value = match (&self.source, &self.source_value) {
            (Some(source), None) => source.value(objects)?,
            (None, Some(text)) => Node::text(text),
            (None, None) => {
                return Err(fault(
                    "a replacement without `source`",
                    "say where the value comes from",
                    self.origin.as_ref(),
                ));
            }
            (Some(_), Some(_)) => {
                return Err(fault(
                    "`source` and `sourceValue` exclude each other",
                    "remove one",
                    self.origin.as_ref(),
                ));
            }
        };
        targets.iter().try_for_each(|target| target.run(objects, &value))
    }
}

/// Whether an id is the one a source names; parts that are left out stand for any.
fn is_named(id: &Id, selector: &Selector, gvk: &Gvk) -> bool {
    let wanted = Id { gvk: gvk.clone(), name: String::new(), namespace: selector.namespace.clone() };
    (selector.name.is_empty() || selector.name == id.name)
        && (selector.namespace.is_empty() || wanted.same_namespace(id))
        && id.gvk.is_selected(gvk)
}

impl ReplacementSource {
    fn value(&self, objects: &Objects) -> Outcome<Node> {
        let selector = &self.selector;
        let gvk = Gvk {
            group: selector.group.clone(),
            version: selector.version.clone(),
            kind: selector.kind.clone(),
        };
        let origin = selector.origin.as_ref();
        let mut found = objects.iter().filter(|object| {
            let plausible = |id: &str, wanted: &str| wanted.is_empty() || id == wanted;
            (plausible(object.name(), &selector.name) || !object.previous.is_empty())
                && object.ids().any(|id| is_named(&id, selector, &gvk))
        });
        let Some(source) = found.next() else {
            return Err(fault("no object is selected as source", "correct the selector", origin));
        };
        if let Some(other) = found.next() {
            let problem = format!("both `{}` and `{}` are selected as source", source.id(), other.id());
            return Err(fault(problem, "narrow the selector to one object", origin));
        }
        let path = if self.field_path.is_empty() { DEFAULT_PATH } else { &self.field_path };
        let value = look_up(&source.node, &split(path))
            .filter(|value| !value.is_null() && !value.is_empty_collection());
        let Some(value) = value else {
            let problem = format!("`{}` has no value at `{path}`", source.id());
            return Err(fault(problem, "correct `fieldPath`", origin));
        };
        let delimiter = &self.options.delimiter;
        if delimiter.is_empty() {
            return Ok(value.clone());
        }
        let Some(text) = value.written() else {
            return Err(fault(
                "only a single value can be split by a delimiter",
                "remove `delimiter`",
                origin,
            ));
        };
        let index = usize::try_from(self.options.index).ok();
        match index.and_then(|index| text.split(delimiter.as_str()).nth(index)) {
            Some(part) => Ok(Node::retyped(value.scalar_type(), part, value.origin.as_ref(), origin)),
            None => {
                Err(fault(format!("`{text}` has no part {}", self.options.index), "correct `index`", origin))
            }
        }
    }
}

impl ReplacementTarget {
    fn run(&self, objects: &mut Objects, value: &Node) -> Outcome<()> {
        let Some(select) = &self.select else {
            return Err(fault("a target without `select`", "say which objects are meant", None));
        };
        let selector = Matcher::new(select)?;
        let rejects = self
            .reject
            .iter()
            .map(|reject| Ok((reject, Matcher::new(reject)?)))
            .collect::<Outcome<Vec<_>>>()?;
        for object in objects.iter_mut() {
            if !selector.matches_metadata(object) || !object.ids().any(|id| selector.matches_id(&id)) {
                continue;
            }
            let rejected = rejects.iter().any(|(reject, matcher)| {
                let by_labels = !reject.labels.is_empty() || !reject.annotations.is_empty();
                let by_id = [&reject.group, &reject.version, &reject.kind, &reject.name, &reject.namespace]
                    .iter()
                    .any(|part| !part.is_empty());
                (by_labels && matcher.matches_metadata(object))
                    || (by_id && object.ids().any(|id| matcher.matches_id(&id)))
            });
            if !rejected {
                self.copy(object, value)?;
            }
        }
        Ok(())
    }

    fn copy(&self, object: &mut Object, value: &Node) -> Outcome<()> {
        let default = crate::decode::Text { text: DEFAULT_PATH.to_owned(), origin: None };
        let paths =
            if self.field_paths.is_empty() { std::slice::from_ref(&default) } else { &self.field_paths };
        for path in paths {
            let parts = split(&path.text);
            let create = self.options.create.then_some(&value.value);
            if set_inside(&mut object.node, &parts, value, create) {
                continue;
            }
            let origin = path.origin.as_ref();
            let places = find_all(&mut object.node, &parts, create).map_err(|found| found.only_at(origin))?;
            if places.is_empty() {
                let problem = format!("`{}` has no field `{}`", object.id(), path.text);
                return Err(fault(
                    problem,
                    "correct the path, or set `create: true` under `options`",
                    origin,
                ));
            }
            for place in places {
                let is_empty = value.written() == Some("") && self.options.delimiter.is_empty();
                let in_flow = is_empty && stands_in_flow(&mut object.node, &place);
                if let Some(field) = at(&mut object.node, &place) {
                    if in_flow && field.scalar_type() == Type::Open {
                        // Nothing is null on lines of its own, but a text within brackets or braces.
                        field.value = Value::String(String::new());
                    }
                    set(field, value, &self.options, origin)?;
                    object.may_misplace |= field.misplaced().is_some();
                }
            }
        }
        Ok(())
    }
}

fn stands_in_flow(root: &mut Node, place: &[Step]) -> bool {
    (0..place.len()).any(|end| at(root, &place[..end]).is_some_and(|node| node.is_flow()))
}

fn is_collection(node: &Node) -> bool {
    matches!(node.value, Value::Mapping(_) | Value::Sequence(_))
}

fn set(field: &mut Node, value: &Node, options: &FieldOptions, origin: Option<&Origin>) -> Outcome<()> {
    let text = value.written().unwrap_or_default();
    let text = if options.delimiter.is_empty() {
        Cow::Borrowed(text)
    } else {
        if is_collection(field) {
            return Err(fault(
                "only a single value can be split by a delimiter",
                "remove `delimiter`",
                origin,
            ));
        }
        let old = field.written().unwrap_or_default();
        let mut parts: Vec<&str> = old.split(options.delimiter.as_str()).collect();
        match usize::try_from(options.index) {
            Err(_) => parts.insert(0, text),
            Ok(index) if index >= parts.len() => parts.push(text),
            Ok(index) => parts[index] = text,
        }
        Cow::Owned(parts.join(&options.delimiter))
    };
    if is_collection(field) {
        *field = value.clone();
    } else {
        *field = Node::retyped(field.scalar_type(), &text, value.origin.as_ref(), origin);
    }
    Ok(())
}
