//! Comments that keep a rule silent: `-- infra:allow schema-lint/latin1: reason`.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use miette::Severity::Warning;
use migrate_core::script::lexer::{Lexer, Token};

use super::{Rule, SchemaLint, rules};
use crate::catalogue::Catalogue;
use crate::place::{Place, Source};

const MARK: &str = "infra:allow";

const CODE: &str = "schema-lint/suppression";

pub(super) const RULES: &[Rule] = &[Rule {
    code: CODE,
    severity: Some(Warning),
    summary: "this suppression has no reason, names no rule, or suppresses nothing",
    help: "write `-- infra:allow schema-lint/rule: reason` on the line of the finding, or above it",
    peers: &[],
}];

/// One rule that a comment keeps silent.
struct Allowed {
    code: String,
    comment: Place,
    covers: Range<usize>,
    used: bool,
}

/// Leaves out what is suppressed and adds what is wrong with suppressions.
pub(super) fn apply(catalogue: &Catalogue, found: Vec<SchemaLint>) -> Vec<SchemaLint> {
    let mut texts: BTreeMap<String, Arc<Source>> = BTreeMap::new();
    for (kind, name) in catalogue.objects() {
        if let Some(place) = catalogue.place_of(kind, &name) {
            texts.entry(place.file().to_owned()).or_insert_with(|| Arc::clone(&place.source));
        }
    }
    let mut wrong = Vec::new();
    let mut allowed: BTreeMap<&str, Vec<Allowed>> = BTreeMap::new();
    for (file, source) in &texts {
        if source.inner().contains(MARK) {
            allowed.insert(file, read(source, &mut wrong));
        }
    }
    let mut kept = Vec::new();
    for finding in found {
        let mut silent = false;
        for allow in allowed.get_mut(finding.place.file()).into_iter().flatten() {
            if allow.code == finding.rule.code && allow.covers.contains(&finding.place.span.start) {
                allow.used = true;
                silent = true;
            }
        }
        if !silent {
            kept.push(finding);
        }
    }
    for allow in allowed.into_values().flatten().filter(|allow| !allow.used) {
        let message = format!("`{}` finds nothing here that could be suppressed", allow.code);
        wrong.push((allow.comment, message));
    }
    let rule = &RULES[0];
    kept.extend(wrong.into_iter().map(|(place, message)| SchemaLint { rule, message, place }));
    kept
}

fn read(source: &Arc<Source>, wrong: &mut Vec<(Place, String)>) -> Vec<Allowed> {
    let text: &str = source.inner();
    let tokens: Vec<Token> = Lexer::new(text).collect();
    let mut allowed = Vec::new();
    for (index, token) in tokens.iter().enumerate().filter(|(_, token)| token.is_comment()) {
        let Some(content) = content(token.text(text)) else { continue };
        let (codes, reason) = content.split_once(':').unwrap_or((content, ""));
        let comment = Place::new(source, token.range().into());
        // What is meant for migrations is their own linter's.
        let codes: Vec<&str> =
            codes.split(',').map(str::trim).filter(|code| code.starts_with("schema-lint/")).collect();
        if codes.is_empty() {
            continue;
        }
        if reason.trim().is_empty() {
            wrong.push((comment, "this suppression gives no reason".to_owned()));
            continue;
        }
        for code in codes {
            if code == CODE || !rules().any(|rule| rule.code == code) {
                let message = format!("there is no rule `{code}` that could be suppressed");
                wrong.push((comment.clone(), message));
                continue;
            }
            let covers = covered(text, &tokens, index);
            allowed.push(Allowed { code: code.to_owned(), comment: comment.clone(), covers, used: false });
        }
    }
    allowed
}

/// What follows the mark in a comment that begins with it.
fn content(comment: &str) -> Option<&str> {
    let inside = comment.trim_start_matches(['-', '#', '/', '*', ' ', '\t']);
    Some(inside.strip_prefix(MARK)?.trim_end_matches("*/").trim())
}

/// Behind code, a comment works on its line; alone on a line, on the line that follows, or on the statement that begins there.
fn covered(text: &str, tokens: &[Token], index: usize) -> Range<usize> {
    let start = tokens[index].start;
    let line = line_of(text, start);
    let before = tokens[..index].iter().rev().find(|token| !token.is_comment());
    if before.is_some_and(|before| before.end > line.start) {
        return line;
    }
    let Some(next) = tokens[index..].iter().find(|token| !token.is_comment()) else { return line };
    if before.is_none_or(|before| before.is_symbol(text, ";")) {
        // A file of the schema directory is one statement.
        return next.start..text.len();
    }
    line_of(text, next.start)
}

/// The line of a byte, without its end.
fn line_of(text: &str, at: usize) -> Range<usize> {
    let start = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1);
    let end = text.get(at..).and_then(|rest| rest.find('\n')).map_or(text.len(), |length| at + length);
    start..end
}
