//! `vars`: values of fields put in the place of `$(NAME)`.

use std::collections::{HashMap, HashSet};

use crate::decode::Text;
use crate::fault::{Fault, Outcome, Rule};
use crate::fieldspec::{FieldSpec, Missing};
use crate::id::Id;
use crate::kustomization::Var;
use crate::objects::Objects;
use crate::path::{look_up, split};
use crate::yaml::{Node, Value};

fn fault(problem: String, advice: &str, var: &Var) -> Fault {
    Fault::new(Rule::Variable, problem, advice).or_at(var.name.origin.as_ref())
}

/// Notes for every variable the object that it takes its value from, if that is already there.
pub(crate) fn register(objects: &mut Objects, known: &mut Vec<Var>, vars: Vec<Var>) -> Outcome<()> {
    for var in vars {
        let id = Id { gvk: var.gvk.clone(), name: var.object.clone(), namespace: var.namespace.clone() };
        let exact = !id.namespace.is_empty() || id.gvk.is_cluster_scoped();
        let found = objects.with_any_id(&id.gvk.kind, &id.name, |other| {
            if exact { other.equals(&id) } else { other.gvk == id.gvk && other.name == id.name }
        });
        match found[..] {
            [] => {}
            [at] => objects.content_mut(at).variables.push(var.name.text.clone()),
            _ => {
                let problem = format!("{} objects are `{id}`", found.len());
                return Err(fault(problem, "name the namespace in `objref`", &var));
            }
        }
        add(known, var)?;
    }
    Ok(())
}

/// Adds a variable whose name must be new.
pub(crate) fn add(known: &mut Vec<Var>, var: Var) -> Outcome<()> {
    if known.iter().any(|other| other.name.text == var.name.text) {
        let problem = format!("the variable `{}` is defined twice", var.name.text);
        return Err(fault(problem, "rename one of the two", &var));
    }
    known.push(var);
    Ok(())
}

/// Replaces every `$(NAME)` in the fields of `specs`; returns the variables that stand nowhere.
pub(crate) fn resolve(objects: &mut Objects, vars: &[Var], specs: &[FieldSpec]) -> Outcome<Vec<Text>> {
    if vars.is_empty() {
        return Ok(Vec::new());
    }
    let mut holders: HashMap<&str, usize> = HashMap::new();
    for (at, object) in objects.iter().enumerate() {
        for name in &object.variables {
            holders.entry(name).or_insert(at);
        }
    }
    let mut values: HashMap<String, Node> = HashMap::new();
    for var in vars {
        let Some(&at) = holders.get(var.name.text.as_str()) else {
            let problem = format!("the variable `{}` names an object that is not here", var.name.text);
            return Err(fault(problem, "correct `objref`", var));
        };
        let Some(value) = look_up(&objects.get(at).node, &with_indices(split(&var.field_path))) else {
            let problem = format!("`{}` has no field `{}`", objects.get(at).id(), var.field_path);
            return Err(fault(problem, "correct `fieldref`", var));
        };
        values.insert(var.name.text.clone(), value.clone());
    }
    let mut used = HashSet::new();
    for object in objects.iter_mut() {
        for spec in specs {
            spec.apply(&mut object.node, Missing::Stay, &mut |node| replace_in(node, &values, &mut used))?;
        }
    }
    Ok(vars.iter().filter(|var| !used.contains(&var.name.text)).map(|var| var.name.clone()).collect())
}

/// `ports[0]` to `ports`, `0`.
fn with_indices(path: Vec<String>) -> Vec<String> {
    let mut parts = Vec::new();
    for part in path {
        let index = part.strip_suffix(']').and_then(|part| part.split_once('['));
        match index.filter(|(_, index)| !index.is_empty() && index.bytes().all(|byte| byte.is_ascii_digit()))
        {
            Some((name, index)) => {
                parts.extend((!name.is_empty()).then(|| name.to_owned()));
                parts.push(index.to_owned());
            }
            None => parts.push(part),
        }
    }
    parts
}

/// Whether a scalar counts as a text here; one without a type does.
fn is_text(node: &Node) -> bool {
    matches!(node.value, Value::String(_)) || node.untyped().is_some()
}

fn replace_in(node: &mut Node, values: &HashMap<String, Node>, used: &mut HashSet<String>) -> Outcome<()> {
    if let Some(text) = node.untyped().map(str::to_owned) {
        node.value = Value::String(text);
    }
    match &mut node.value {
        Value::String(text) => {
            if let Some(new) = expand(text, values, used) {
                node.value = new;
            }
        }
        Value::Mapping(entries) => {
            for value in entries.values_mut() {
                if is_text(value) {
                    replace_in(value, values, used)?;
                }
            }
        }
        Value::Sequence(items) => {
            for item in items {
                if !is_text(item) {
                    let fault = Fault::new(
                        Rule::Variable,
                        "a list of texts is expected here",
                        "put the value in quotes",
                    );
                    return Err(fault.at(item));
                }
                replace_in(item, values, used)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// The text with its variables replaced; `None` when it has no `$`.
fn expand(text: &str, values: &HashMap<String, Node>, used: &mut HashSet<String>) -> Option<Value> {
    if !text.contains('$') {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let name = after.strip_prefix('(').and_then(|inner| inner.split_once(')'));
        if let Some((name, more)) = name {
            let value = values.get(name).filter(|value| value.scalar_text().is_some());
            if let Some(value) = value {
                used.insert(name.to_owned());
                if out.is_empty() && more.is_empty() && text.len() == name.len() + 3 {
                    return Some(value.value.clone());
                }
                out.push_str(value.scalar_text().unwrap_or_default());
            } else {
                out.push_str("$(");
                out.push_str(name);
                out.push(')');
            }
            rest = more;
        } else if let Some(more) = after.strip_prefix('$') {
            out.push('$');
            rest = more;
        } else {
            out.push('$');
            rest = after;
        }
    }
    out.push_str(rest);
    Some(Value::String(out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expansion() {
        let values = HashMap::from([
            ("A".to_owned(), Node::text("x")),
            ("N".to_owned(), Node::from(Value::Number("5".into()))),
        ]);
        let mut used = HashSet::new();
        let mut text = |text: &str| match expand(text, &values, &mut used) {
            Some(Value::String(text)) => text,
            Some(Value::Number(number)) => format!("number {number}"),
            other => format!("{other:?}"),
        };
        assert_eq!(text("a $(A)$(N) $$(A) $(B) $x $("), "a x5 $(A) $(B) $x $(");
        assert_eq!(text("$(N)"), "number 5");
        assert_eq!(text("plain"), "None");
        assert_eq!(text("$(open"), "$(open");
        assert_eq!(used.len(), 2);
        assert_eq!(with_indices(split("spec.ports[0].x")), ["spec", "ports", "0", "x"]);
    }
}
