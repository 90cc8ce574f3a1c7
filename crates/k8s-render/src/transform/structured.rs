//! Replacements into a text that itself holds JSON or YAML, such as a file in a `ConfigMap`.

use std::sync::Arc;

use crate::finding::Source;
use crate::json;
use crate::path::{Create, Step, at, find_all, look_up};
use crate::yaml::{Node, Origin, Value, emit, parse, restyle};

/// Sets the value at a path that leads into such a text. `false` when the path does not, and nothing was changed.
pub(super) fn set_inside(node: &mut Node, path: &[String], value: &Node, create: Create<'_>) -> bool {
    let Some(end) = (1..path.len()).find(|&end| {
        look_up(node, &path[..end])
            .is_some_and(|field| !matches!(field.value, Value::Mapping(_) | Value::Sequence(_)))
    }) else {
        return false;
    };
    let Some(text) = look_up(node, &path[..end]).and_then(Node::scalar_text) else { return false };
    let Some(changed) = change(text, &path[end..], value, create) else { return false };
    let Ok(places) = find_all(node, &exact(&path[..end]), None) else { return false };
    match places.first().and_then(|place| at(node, place)) {
        Some(field) => {
            field.value = Value::String(changed);
            true
        }
        None => false,
    }
}

/// Parts of a path that match list elements do so literally on the way to the text.
fn exact(path: &[String]) -> Vec<String> {
    path.iter()
        .map(|part| match part.strip_prefix('[').and_then(|part| part.strip_suffix(']')?.split_once('=')) {
            Some((key, value)) => format!("[{key}=^{}$]", regex_escape(value)),
            None => part.clone(),
        })
        .collect()
}

fn regex_escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if !character.is_alphanumeric() && character.is_ascii() && !character.is_ascii_whitespace() {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// The text with another value at the path; `None` when it is neither JSON nor YAML, or has no such path.
fn change(text: &str, path: &[String], value: &Node, create: Create<'_>) -> Option<String> {
    let source = Source::new("", Arc::from(text));
    let (mut documents, findings) = parse(&source);
    if !findings.is_empty() || documents.is_empty() {
        return None;
    }
    let mut document = documents.swap_remove(0);
    let before = document.clone();
    let places = find_all(&mut document, path, create).ok().filter(|places| !places.is_empty())?;
    let is_json = text.trim_start().starts_with(['{', '[']);
    let spliced =
        if is_json || document != before { None } else { splice(text, &mut document, &places, value) };
    for place in &places {
        let field = at(&mut document, place)?;
        field.value = match &field.value {
            Value::Mapping(_) | Value::Sequence(_) => value.value.clone(),
            _ => {
                let new = value.written().unwrap_or_default();
                let kept = field.scalar_type();
                kept.read(new).or_else(|| (!is_json).then(|| Value::String(new.to_owned())))?
            }
        };
    }
    Some(match spliced {
        Some(spliced) => spliced.trim().to_owned(),
        None if is_json && text.contains('\n') && text.contains("  ") => json::indented(&document),
        None if is_json => json::compact(&document),
        None => emit(&document).trim().to_owned(),
    })
}

/// Puts the new scalar where the old ones stand, so that quotes and order of the text stay, and its comments too.
fn splice(text: &str, document: &mut Node, places: &[Vec<Step>], value: &Node) -> Option<String> {
    let new = value.written()?;
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for place in places {
        let field = at(document, place)?;
        field.scalar_text()?;
        let Origin { start, end, .. } = field.origin.as_ref()?;
        ranges.push((*start, *end));
    }
    let edits = ranges.iter().map(|&(start, _)| (start, new)).collect();
    if let Some(printed) = restyle(text, &edits) {
        return Some(printed);
    }
    ranges.sort_unstable();
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for (start, end) in ranges {
        out.push_str(text.get(done..start)?);
        match text.as_bytes().get(start)? {
            b'"' => out.extend(["\"", &new.replace('\\', "\\\\").replace('"', "\\\""), "\""]),
            b'\'' => out.extend(["'", &new.replace('\'', "''"), "'"]),
            b'|' | b'>' => return None,
            _ => out.push_str(new),
        }
        done = end;
    }
    out.push_str(text.get(done..)?);
    Some(out)
}
