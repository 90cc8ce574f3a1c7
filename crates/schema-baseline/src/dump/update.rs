//! Which files of a schema directory a dump changes: only those whose objects differ.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::DumpFinding;
use super::text::Written;
use crate::ast::ObjectKind;
use crate::catalogue::key_of;
use crate::finding::Finding;
use crate::live::Live;
use crate::load::Schema;
use crate::served::reconcile;
use crate::verify::{Sides, differences};

/// What becomes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The object is new.
    Created,
    /// The object has another definition now.
    Updated,
    /// The object is as the file says, or could not be compared.
    Kept,
    /// The object is gone.
    Gone,
}

/// A file of the schema directory, and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The kind of its object.
    pub kind: ObjectKind,
    /// The object.
    pub name: String,
    /// Its path relative to the schema directory.
    pub path: String,
    /// What becomes of it.
    pub fate: Fate,
    /// What it should hold, where it changes.
    pub text: Option<String>,
}

/// Holds a schema directory against a live schema. `paths` are those of the directory's objects in their order; `wanted` tells the
/// objects that the dump is about, all others stay as they are.
pub fn plan(
    schema: &Schema,
    paths: &[String],
    live: &Live,
    written: Vec<Written>,
    wanted: &dyn Fn(ObjectKind, &str) -> bool,
) -> (Vec<Change>, Vec<DumpFinding>) {
    let mut findings = Vec::new();
    let files: BTreeMap<(ObjectKind, String), &String> = schema
        .objects
        .iter()
        .zip(paths)
        .map(|(object, path)| ((object.kind, key_of(object.kind, &object.name)), path))
        .collect();
    let (mut ours, mut served) = (schema.catalogue.clone(), live.catalogue.clone());
    reconcile(&mut ours, &mut served);
    let mut differing: BTreeSet<(ObjectKind, String)> = BTreeSet::new();
    let mut not_compared: BTreeSet<(ObjectKind, String)> = BTreeSet::new();
    for difference in differences(&ours, &served, Sides::MIGRATIONS_AND_DATABASE).unwrap_or_default() {
        let unknown = |finding: &Finding| matches!(finding, Finding::NotChecked { .. });
        let set = if difference.findings.iter().all(unknown) { &mut not_compared } else { &mut differing };
        set.insert((difference.kind, difference.name));
    }
    let mut changes = Vec::new();
    let mut seen = BTreeSet::new();
    for Written { kind, name, path, text } in written {
        let key = (kind, key_of(kind, &name));
        let file = files.get(&key);
        let path = file.map_or(path, |path| (*path).clone());
        let fate = match file {
            None => Fate::Created,
            Some(_) if differing.contains(&key) => Fate::Updated,
            Some(_) => Fate::Kept,
        };
        if not_compared.contains(&key) && file.is_some() {
            findings
                .push(DumpFinding::NotCompared { object: format!("{kind} `{name}`"), path: path.clone() });
        }
        let text = (fate != Fate::Kept).then_some(text);
        changes.push(Change { kind, name, path, fate, text });
        seen.insert(key);
    }
    // What the account is not shown is not gone.
    let hidden = |kind: ObjectKind, key: &str| {
        live.hidden.contains(&kind) || live.catalogue.unknown(kind, key).is_some()
    };
    for (object, path) in schema.objects.iter().zip(paths) {
        let key = (object.kind, key_of(object.kind, &object.name));
        if !seen.contains(&key) && !hidden(object.kind, &key.1) && wanted(object.kind, &object.name) {
            let (kind, name, path) = (object.kind, object.name.clone(), path.clone());
            changes.push(Change { kind, name, path, fate: Fate::Gone, text: None });
        }
    }
    (changes, findings)
}
