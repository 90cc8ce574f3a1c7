//! JSON patches (RFC 6902) over trees, with the liberties that kustomize's library takes: indices may be negative.

use crate::fault::{Fault, Outcome, Rule};
use crate::yaml::{Node, Value};

/// One operation of a JSON patch.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    verb: Verb,
    path: Vec<String>,
    node: Node,
}

#[derive(Debug, Clone)]
enum Verb {
    Add(Node),
    Replace(Node),
    Test(Node),
    Remove,
    Move(Vec<String>),
    Copy(Vec<String>),
}

fn fault(node: &Node, problem: String, advice: &str) -> Fault {
    Fault::new(Rule::Patch, problem, advice).at(node)
}

/// Reads the operations of a patch.
pub(crate) fn decode(patch: &Node) -> Outcome<Vec<Operation>> {
    patch.items().iter().map(Operation::decode).collect()
}

/// Applies the operations in order; the first that fails ends it.
pub(crate) fn apply(operations: &[Operation], root: &mut Node) -> Outcome<()> {
    operations.iter().try_for_each(|operation| operation.apply(root))
}

impl Operation {
    fn decode(node: &Node) -> Outcome<Self> {
        let text = |key: &str| node.get(key).and_then(Node::as_str);
        let advice = "an operation is a map with `op`, `path` and what the operation needs";
        let path =
            text("path").ok_or_else(|| fault(node, "an operation without `path`".to_owned(), advice))?;
        let value = || node.get("value").cloned().unwrap_or_else(|| Value::Null.into());
        let from = || {
            let from =
                text("from").ok_or_else(|| fault(node, "an operation without `from`".to_owned(), advice));
            Ok::<_, Fault>(split_pointer(from?))
        };
        let verb = match text("op").unwrap_or_default() {
            "add" => Verb::Add(value()),
            "replace" => Verb::Replace(value()),
            "test" => Verb::Test(value()),
            "remove" => Verb::Remove,
            "move" => Verb::Move(from()?),
            "copy" => Verb::Copy(from()?),
            other => return Err(fault(node, format!("`{other}` is no operation of a JSON patch"), advice)),
        };
        let place = Node { value: Value::Null, origin: node.origin.clone() };
        Ok(Self { verb, path: split_pointer(path), node: place })
    }

    fn apply(&self, root: &mut Node) -> Outcome<()> {
        let missing = |path: &[String]| {
            let problem = format!("`/{}` is not in the object", path.join("/"));
            fault(&self.node, problem, "correct the path; `add` creates only the last part of it")
        };
        match &self.verb {
            Verb::Add(value) => add(root, &self.path, value.clone()).ok_or_else(|| missing(&self.path)),
            Verb::Remove => remove(root, &self.path).map(|_| ()).ok_or_else(|| missing(&self.path)),
            Verb::Replace(value) => {
                let target = find(root, &self.path).ok_or_else(|| missing(&self.path))?;
                *target = value.clone();
                Ok(())
            }
            Verb::Test(value) => match find(root, &self.path) {
                Some(found) if *found == *value => Ok(()),
                None if value.is_null() => Ok(()),
                _ => {
                    let problem =
                        format!("the value at `/{}` is not the one tested for", self.path.join("/"));
                    Err(fault(&self.node, problem, "correct the test, or the object"))
                }
            },
            Verb::Move(from) => {
                let value = remove(root, from).ok_or_else(|| missing(from))?;
                add(root, &self.path, value).ok_or_else(|| missing(&self.path))
            }
            Verb::Copy(from) => {
                let value = find(root, from).cloned().ok_or_else(|| missing(from))?;
                add(root, &self.path, value).ok_or_else(|| missing(&self.path))
            }
        }
    }
}

/// The parts of a JSON pointer, `~1` and `~0` decoded.
fn split_pointer(pointer: &str) -> Vec<String> {
    let pointer = pointer.strip_prefix('/').unwrap_or(pointer);
    pointer.split('/').map(|part| part.replace("~1", "/").replace("~0", "~")).collect()
}

/// The position a part names in a list of `length`; a negative one counts from the end.
fn position(part: &str, length: usize) -> Option<usize> {
    let index: i64 = part.parse().ok()?;
    let index = if index < 0 { index + i64::try_from(length).ok()? } else { index };
    usize::try_from(index).ok()
}

fn find<'n>(node: &'n mut Node, path: &[String]) -> Option<&'n mut Node> {
    path.iter().try_fold(node, |node, part| match &mut node.value {
        Value::Mapping(entries) => entries.get_mut(part),
        Value::Sequence(items) => {
            let at = position(part, items.len())?;
            items.get_mut(at)
        }
        _ => None,
    })
}

fn add(root: &mut Node, path: &[String], value: Node) -> Option<()> {
    let (last, parent) = path.split_last()?;
    match &mut find(root, parent)?.value {
        Value::Mapping(entries) => {
            entries.insert(last.clone(), value);
        }
        Value::Sequence(items) if last == "-" => items.push(value),
        Value::Sequence(items) => {
            let at = position(last, items.len() + 1).filter(|&at| at <= items.len())?;
            items.insert(at, value);
        }
        _ => return None,
    }
    Some(())
}

fn remove(root: &mut Node, path: &[String]) -> Option<Node> {
    let (last, parent) = path.split_last()?;
    match &mut find(root, parent)?.value {
        Value::Mapping(entries) => entries.shift_remove(last),
        Value::Sequence(items) => {
            let at = position(last, items.len()).filter(|&at| at < items.len())?;
            Some(items.remove(at))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::Source;
    use crate::yaml::{emit, parse};

    fn node(text: &str) -> Node {
        parse(&Source::new("a", Arc::from(text))).0.remove(0)
    }

    fn patched(object: &str, patch: &str) -> Result<String, String> {
        let mut object = node(object);
        let operations = decode(&node(patch)).map_err(|fault| fault.into_problem().message)?;
        apply(&operations, &mut object).map_err(|fault| fault.into_problem().message)?;
        Ok(emit(&object))
    }

    #[test]
    fn every_operation() {
        let patch = "[{op: add, path: /l/-, value: 4}, {op: add, path: /l/0, value: 0}, {op: replace, path: /m/k~1x, value: z},
            {op: remove, path: /l/-1}, {op: copy, from: /m, path: /n}, {op: move, from: /a, path: /b}, {op: test, path: /b, value: 1}]";
        assert_eq!(
            patched("{a: 1, l: [1], m: {k/x: y}}", patch).unwrap(),
            "b: 1\nl:\n- 0\n- 1\nm:\n  k/x: z\n\"n\":\n  k/x: z\n"
        );
    }

    #[test]
    fn what_is_not_there_is_refused() {
        for patch in [
            "[{op: add, path: /x/y, value: 1}]",
            "[{op: remove, path: /x}]",
            "[{op: replace, path: /x, value: 1}]",
            "[{op: test, path: /a, value: 2}]",
            "[{op: add, path: /l/5, value: 1}]",
            "[{op: jump, path: /a}]",
            "[{op: add, value: 1}]",
        ] {
            assert!(patched("{a: 1, l: []}", patch).is_err(), "{patch}");
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_json_patch_crate(
            object in r#"\{"a":[1-9][0-9]?,"b":\{"c":\[[0-9](,[0-9]){0,3}\]\}\}"#,
            op in "add|remove|replace|test",
            path in "/(a|b|x|b/c|b/x|b/c/[0-4-])",
            value in "[0-9]",
        ) {
            let patch = format!(r#"[{{"op":"{op}","path":"{path}","value":{value}}}]"#);
            let mut expected: serde_json::Value = serde_json::from_str(&object).unwrap();
            let theirs: json_patch::Patch = serde_json::from_str(&patch).unwrap();
            let ok = json_patch::patch(&mut expected, &theirs).is_ok();
            let ours = patched(&object, &patch);
            prop_assert_eq!(ours.is_ok(), ok, "{} {}", object, patch);
            if let Ok(ours) = ours {
                prop_assert_eq!(ours, emit(&node(&expected.to_string())));
            }
        }
    }
}
