//! A value against Kubernetes' own types.

use std::collections::HashMap;

use super::report::{Report, Step, kind_of, nearest};
use super::rules::{DUPLICATE_ITEM, INVALID_VALUE, MISSING_FIELD, UNKNOWN_FIELD, WRONG_TYPE};
use super::schema::{ListRule, Schema, Schemas};
use super::{format, table};
use crate::yaml::{Node, Value};

/// Lists in which the API server itself bears with repeated keys and only warns.
const TOLERANT: [&str; 5] = ["env", "ports", "imagePullSecrets", "hostAliases", "secrets"];

/// Holds the fields of a map against a definition; `extra` are fields that it may have besides.
pub(super) fn fields<'a>(
    report: &mut Report<'a, '_>,
    schemas: &Schemas,
    definition: usize,
    node: &'a Node,
    extra: &[&str],
) {
    let Value::Mapping(entries) = &node.value else { return wrong(report, node, "a map") };
    let kind = schemas.type_of(definition);
    for (key, child) in entries {
        match kind.field(key) {
            // What is empty counts as absent, and is reported as missing where it is needed.
            Some(_) if child.is_null() => {}
            Some(field) => {
                report.below(Step::Key(key), |report| value(report, schemas, &field.schema, child));
            }
            None if extra.contains(&key.as_str()) => {}
            None => unknown(report, schemas, definition, key, child),
        }
    }
    for field in kind.required() {
        if entries.get(field.name).is_none_or(Node::is_null) {
            let message = format!("`{}` is missing", report.field(field.name));
            report.value(&MISSING_FIELD, node, message, Some(format!("add `{}`", field.name)));
        }
    }
}

fn unknown<'a>(report: &mut Report<'a, '_>, schemas: &Schemas, definition: usize, key: &'a str, node: &Node) {
    let message = format!("there is no field `{}`", report.field(key));
    let releases = table::get().releases_of(definition, key);
    let advice = if releases != 0 {
        format!("Kubernetes {} has it: this is {}", table::get().span(releases), schemas.version())
    } else if let Some(name) = nearest(key, schemas.type_of(definition).names()) {
        format!("did you mean `{name}`?")
    } else {
        let names: Vec<_> = schemas.type_of(definition).names().collect();
        format!("remove it; the fields known here are {}", names.join(", "))
    };
    report.key(&UNKNOWN_FIELD, key, node, message, Some(advice));
}

pub(super) fn wrong(report: &mut Report<'_, '_>, node: &Node, wanted: &str) {
    let here = report.here();
    let what = if here.is_empty() { "the object".to_owned() } else { format!("`{here}`") };
    let message = format!("{what} must be {wanted}, but is {}", kind_of(node));
    let advice = match (&node.value, wanted) {
        (Value::Number(text), "text") => Some(format!("put it in quotes: `\"{text}\"`")),
        (Value::Bool(value), "text") => Some(format!("put it in quotes: `\"{value}\"`")),
        (Value::String(text), "a whole number") if text.parse::<i64>().is_ok() => {
            Some(format!("write it without quotes: `{text}`"))
        }
        (Value::String(text), "a boolean") if text == "true" || text == "false" => {
            Some(format!("write it without quotes: `{text}`"))
        }
        (Value::Null, _) => Some("write a value, or remove it".to_owned()),
        _ => None,
    };
    report.value(&WRONG_TYPE, node, message, advice);
}

/// Holds a value against a schema.
pub(super) fn value<'a>(report: &mut Report<'a, '_>, schemas: &Schemas, schema: &Schema<'_>, node: &'a Node) {
    match schema {
        Schema::Any => {}
        Schema::Text => {
            if node.as_str().is_none() {
                wrong(report, node, "text");
            }
        }
        Schema::Int32 => integer(report, node, i64::from(i32::MIN)..=i64::from(i32::MAX)),
        Schema::Int64 => integer(report, node, i64::MIN..=i64::MAX),
        Schema::Number => {
            if !matches!(node.value, Value::Number(_)) {
                wrong(report, node, "a number");
            }
        }
        Schema::Boolean => {
            if node.as_bool().is_none() {
                wrong(report, node, "a boolean");
            }
        }
        Schema::Object => {
            if node.as_mapping().is_none() {
                wrong(report, node, "a map");
            }
        }
        Schema::Definition(definition) => fields(report, schemas, *definition, node, &[]),
        Schema::List(rule, items) => list(report, schemas, rule, items, node),
        Schema::Map(values) => {
            let Value::Mapping(entries) = &node.value else { return wrong(report, node, "a map") };
            for (key, child) in entries {
                report.below(Step::Key(key), |report| value(report, schemas, values, child));
            }
        }
        Schema::OneOf(values) => one_of(report, values, node),
        Schema::Bytes => match node.as_str() {
            None => wrong(report, node, "text"),
            Some(text) if format::is_base64(text) => {}
            Some(_) => {
                let message = format!("`{}` is not base64", report.here());
                let advice = "encode the value, or in a Secret put it into `stringData` as it is";
                report.value(&INVALID_VALUE, node, message, Some(advice.to_owned()));
            }
        },
        Schema::Time => match node.as_str() {
            None => wrong(report, node, "text"),
            Some(text) if format::is_time(text) => {}
            Some(text) => {
                let message = format!("`{}` is `{text}`, which is no time", report.here());
                report.value(
                    &INVALID_VALUE,
                    node,
                    message,
                    Some("write it as `2026-01-31T12:00:00Z`".to_owned()),
                );
            }
        },
        Schema::IntOrText => match &node.value {
            Value::String(_) => {}
            Value::Number(_) => integer(report, node, i64::from(i32::MIN)..=i64::from(i32::MAX)),
            _ => wrong(report, node, "a whole number or text"),
        },
        Schema::Quantity => match node.value {
            Value::String(_) | Value::Number(_) => {
                let text = node.scalar_text().unwrap_or_default();
                if format::quantity(text).is_none() {
                    let message = format!("`{}` is `{text}`, which is no quantity", report.here());
                    let advice =
                        "write a number with one of the units m, k, M, G, T, Ki, Mi, Gi, Ti: `500m`, `1.5Gi`";
                    report.value(&INVALID_VALUE, node, message, Some(advice.to_owned()));
                }
            }
            _ => wrong(report, node, "a quantity"),
        },
    }
}

fn integer(report: &mut Report<'_, '_>, node: &Node, range: std::ops::RangeInclusive<i64>) {
    let Value::Number(text) = &node.value else { return wrong(report, node, "a whole number") };
    match text.parse::<i64>() {
        Ok(number) if range.contains(&number) => {}
        Ok(_) => {
            let message = format!("`{}` is {text}, out of the range of the field", report.here());
            let advice = format!("write a number from {} to {}", range.start(), range.end());
            report.value(&INVALID_VALUE, node, message, Some(advice));
        }
        Err(_) => {
            let message = format!("`{}` must be a whole number, but is {text}", report.here());
            report.value(&WRONG_TYPE, node, message, None);
        }
    }
}

fn one_of(report: &mut Report<'_, '_>, values: &[&str], node: &Node) {
    let Some(text) = node.as_str() else { return wrong(report, node, "text") };
    // An empty text is what the field has when it is left out.
    if text.is_empty() || values.contains(&text) {
        return;
    }
    let message = format!("`{}` cannot be `{text}`", report.here());
    let advice = match nearest(text, values.iter().copied()) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("write one of {}", values.join(", ")),
    };
    report.value(&INVALID_VALUE, node, message, Some(advice));
}

fn list<'a>(
    report: &mut Report<'a, '_>,
    schemas: &Schemas,
    rule: &ListRule<'_>,
    items: &Schema<'_>,
    node: &'a Node,
) {
    let Value::Sequence(elements) = &node.value else { return wrong(report, node, "a list") };
    for (at, element) in elements.iter().enumerate() {
        report.below(Step::At(at), |report| value(report, schemas, items, element));
    }
    unique(report, rule, elements);
}

/// Reports items that repeat the key of another.
pub(super) fn unique<'a>(report: &mut Report<'a, '_>, rule: &ListRule<'_>, elements: &'a [Node]) {
    let key_of = |element: &'a Node| -> Option<Vec<&'a str>> {
        match rule {
            ListRule::Plain => None,
            ListRule::Set => Some(vec![element.scalar_text()?]),
            ListRule::Keys(keys) => {
                // The one key that has a default anywhere.
                let default = |key: &str| (key == "protocol").then_some("TCP");
                keys.iter()
                    .map(|key| element.get(key).and_then(Node::scalar_text).or_else(|| default(key)))
                    .collect()
            }
        }
    };
    if matches!(rule, ListRule::Plain) || elements.len() < 2 {
        return;
    }
    let mut seen = HashMap::with_capacity(elements.len());
    for (at, element) in elements.iter().enumerate() {
        let Some(key) = key_of(element) else { continue };
        let Some(first) = seen.insert(key.clone(), at) else { continue };
        let here = report.here();
        let message = format!("`{here}[{first}]` and `{here}[{at}]` are both `{}`", key.join(" "));
        let tolerant = match report.path.last() {
            // Ports of a Service, unlike those of a container, must differ.
            Some(Step::Key("ports")) => report.object.kind != "Service",
            Some(Step::Key(name)) => TOLERANT.contains(name),
            _ => false,
        };
        report.below(Step::At(at), |report| {
            report.value(&DUPLICATE_ITEM, element, message, None);
            if tolerant || *rule == ListRule::Set {
                report.soften();
            }
        });
    }
}
