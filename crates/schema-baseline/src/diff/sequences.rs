//! Sequences: tables count by them, so that new ones come first and old ones go last.

use migrate_core::history::quoted;

use super::print::{option, string};
use super::work::{Work, alter};
use super::{Loss, Path, Step};
use crate::ast::{ObjectKind, ValueType};
use crate::catalogue::Sequence;
use crate::show::counting;

impl Work<'_> {
    /// Creates what is new and changes what is another one.
    pub(super) fn sequences(&self, path: &mut Path) {
        for name in self.changed(ObjectKind::Sequence) {
            let Some(wanted) = self.to.sequences().get(name) else { continue };
            let sqls = match self.from.sequences().get(name) {
                Some(present) => changes(name, present, wanted),
                None => vec![create(name, wanted)],
            };
            let steps = sqls.into_iter().map(|sql| Step::new(ObjectKind::Sequence, name, &wanted.place, sql));
            path.steps.extend(steps);
        }
    }

    /// Drops what is gone. What shares its name with a table or view to come is `in_the_way` of it, everything else may still be in use.
    pub(super) fn drop_sequences(&self, in_the_way: bool, path: &mut Path) {
        for name in self.changed(ObjectKind::Sequence) {
            let Some(present) = self.from.sequences().get(name) else { continue };
            let is_gone = !self.to.sequences().contains_key(name);
            if !is_gone || self.to.relation(name).is_some() != in_the_way {
                continue;
            }
            let sql = format!("DROP SEQUENCE {}", quoted(name));
            let what = format!("sequence `{name}` with the value that it has come to");
            let losses = vec![Loss { what, place: present.place.clone() }];
            path.steps.push(Step { losses, ..Step::new(ObjectKind::Sequence, name, &present.place, sql) });
        }
    }
}

fn create(name: &str, sequence: &Sequence) -> String {
    let clauses: Vec<String> = counting(sequence).into_iter().filter(|part| !part.is_empty()).collect();
    let mut text = format!("CREATE SEQUENCE {} {}", quoted(name), clauses.join(" ").to_uppercase());
    if let Some(engine) = sequence.options.get("engine") {
        text += &format!(" {}", option("engine", engine));
    }
    if let Some(comment) = sequence.options.get("comment") {
        text += &format!(" COMMENT={}", string(comment));
    }
    text
}

/// How it counts is changed by one statement, so that the values go together; its type by another one, between which the values
/// fit both types; engine and comment are those of a table.
fn changes(name: &str, from: &Sequence, to: &Sequence) -> Vec<String> {
    let ([_, before @ ..], [_, after @ ..]) = (counting(from), counting(to));
    let parts: Vec<&str> =
        before.iter().zip(&after).filter(|(a, b)| a != b).map(|(_, wanted)| wanted.as_str()).collect();
    let mut statements = Vec::new();
    if !parts.is_empty() {
        statements.push(format!("ALTER SEQUENCE {} {}", quoted(name), parts.join(" ").to_uppercase()));
    }
    let as_type = |value_type: ValueType| {
        format!("ALTER SEQUENCE {} AS {}", quoted(name), value_type.to_string().to_uppercase())
    };
    if from.value_type != to.value_type {
        if from.fits(to.value_type) {
            statements.insert(0, as_type(to.value_type));
        } else {
            // Old values do not fit the new type, so that they change first, in a type that has the new ones.
            if !to.fits(from.value_type) {
                statements.insert(0, as_type(ValueType::default()));
            }
            statements.push(as_type(to.value_type));
        }
    }
    let value = |of: &Sequence, key: &str| of.options.get(key).cloned().unwrap_or_default();
    let mut clauses = Vec::new();
    let engine = value(to, "engine");
    if value(from, "engine") != engine {
        clauses.push(option("engine", &engine));
    }
    let comment = value(to, "comment");
    if value(from, "comment") != comment {
        clauses.push(format!("COMMENT={}", string(&comment)));
    }
    if !clauses.is_empty() {
        statements.push(alter(name, &clauses));
    }
    statements
}
