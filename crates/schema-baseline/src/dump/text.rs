//! The text of an object's file.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use migrate_core::history::quoted;

use super::finding::DumpFinding;
use super::{table, trigger, view};
use crate::ast::{ObjectKind, Statement, StatementKind};
use crate::catalogue::key_of;
use crate::definer::Definers;
use crate::dialect::Dialect;
use crate::emit::{delimited, widen};
use crate::live::Shown;
use crate::load::created;
use crate::parse::parse_one;
use crate::place::{Source, Span};
use crate::verify::texts::Texts;

/// Modes that decide what the text of a program means.
const MODES_OF_TEXT: [&str; 6] = [
    "ANSI_QUOTES",
    "HIGH_NOT_PRECEDENCE",
    "IGNORE_SPACE",
    "NO_BACKSLASH_ESCAPES",
    "PIPES_AS_CONCAT",
    "REAL_AS_FLOAT",
];

/// A file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The kind of its object.
    pub kind: ObjectKind,
    /// The object.
    pub name: String,
    /// The path relative to the schema directory, with `/`.
    pub path: String,
    /// What is in it.
    pub text: String,
}

/// The files of what a server shows, whose triggers come in the order in which they fire.
pub fn written(shown: &[Shown], dialect: Dialect, definers: &Definers) -> (Vec<Written>, Vec<DumpFinding>) {
    let mut findings = Vec::new();
    let mut files = Vec::new();
    let before = trigger::predecessors(shown, dialect);
    for object in shown {
        let Ok(text) = &object.definition else { continue };
        let called = format!("{} `{}`", object.kind, object.name);
        if !is_file_name(&object.name) {
            findings.push(DumpFinding::FileName { object: called });
            continue;
        }
        let follows = before.get(object.name.as_str()).map(String::as_str);
        let follows = follows.filter(|_| object.kind == ObjectKind::Trigger);
        let text = canonical(object, text, dialect, definers, follows).unwrap_or_else(|reason| {
            findings.push(DumpFinding::NotUnderstood { object: called.clone(), reason });
            format!("{text};\n")
        });
        if let Some(mode) = object.sql_mode.as_deref().and_then(modes_of_text) {
            findings.push(DumpFinding::SqlMode { object: called, mode });
        }
        let path = format!("{}/{}.sql", object.kind.folder(), object.name);
        files.push(Written { kind: object.kind, name: object.name.clone(), path, text });
    }
    (files, findings)
}

/// What a server shows, in the form in which two schemas of it can be compared.
pub fn texts(shown: &[Shown], dialect: Dialect) -> Texts {
    let before = trigger::predecessors(shown, dialect);
    let text = |object: &Shown| {
        let text = object.definition.as_ref().ok()?;
        let follows = before.get(object.name.as_str()).map(String::as_str);
        let follows = follows.filter(|_| object.kind == ObjectKind::Trigger);
        let text =
            canonical(object, text, dialect, &Definers::Strip, follows).unwrap_or_else(|_| text.clone());
        Some(((object.kind, key_of(object.kind, &object.name)), text))
    };
    shown.iter().filter_map(text).collect::<BTreeMap<_, _>>()
}

/// The whole text of the file, or what is not understood.
fn canonical(
    object: &Shown,
    text: &str,
    dialect: Dialect,
    definers: &Definers,
    follows: Option<&str>,
) -> Result<String, String> {
    let source = Arc::new(Source::new("", text.into()));
    let (statement, problems) = parse_one(&source, dialect);
    let is_it = |statement: &Statement| created(statement).is_some_and(|(kind, _)| kind == object.kind);
    let Some(statement) = statement.filter(is_it) else {
        return Err(problems.first().map_or("the whole statement".to_owned(), ToString::to_string));
    };
    let definer = match definers {
        Definers::Strip => None,
        Definers::Keep => definer(text, &statement).map(|span| span.of(text).to_owned()),
        Definers::Replace(account) => Some(format!("DEFINER={account}")),
    };
    let compound = match &statement.kind {
        StatementKind::CreateTrigger(def) => def.body.compound,
        StatementKind::CreateRoutine(def) => def.body.compound,
        StatementKind::CreateEvent(def) => def.change.body.as_ref().is_some_and(|body| body.compound),
        _ => false,
    };
    let sql = match &statement.kind {
        StatementKind::CreateTable(def) => {
            let mut edits = table::edits(def, text, dialect);
            edits.extend(statement.strip.iter().map(|&span| Edit::cut(widen(text, span, statement.span))));
            applied(text, statement.span, edits)
        }
        StatementKind::CreateView(def) => view::text(def, &object.name, text, definer.as_deref()),
        StatementKind::CreateTrigger(def) => {
            let table = object.table.as_deref().unwrap_or_else(|| def.table.text());
            trigger::text(def, (&object.name, table), text, definer.as_deref(), follows)
        }
        _ => {
            let mut edits: Vec<Edit> = Vec::new();
            match (definer, statement.strip.first()) {
                (Some(definer), Some(&span)) => edits.push(Edit { span, text: definer }),
                (None, Some(&span)) => edits.push(Edit::cut(widen(text, span, statement.span))),
                _ => {}
            }
            if let Some((_, name)) = created(&statement).filter(|(_, name)| name.schema.is_some()) {
                edits.push(Edit { span: name.span(), text: quoted(name.text()) });
            }
            applied(text, statement.span, edits)
        }
    };
    Ok(delimited(&sql.replace("\r\n", "\n"), compound))
}

/// Where the account of a program or view stands.
fn definer(text: &str, statement: &Statement) -> Option<Span> {
    let is_it =
        |span: &&Span| span.of(text).get(..7).is_some_and(|word| word.eq_ignore_ascii_case("definer"));
    statement.strip.iter().find(is_it).copied()
}

/// A stretch that is replaced.
#[derive(Debug, Clone)]
pub(super) struct Edit {
    pub(super) span: Span,
    pub(super) text: String,
}

impl Edit {
    pub(super) fn cut(span: Span) -> Self {
        Self { span, text: String::new() }
    }
}

/// A statement with its edits, which do not overlap.
pub(super) fn applied(text: &str, statement: Span, mut edits: Vec<Edit>) -> String {
    edits.sort_by_key(|edit| edit.span);
    let mut result = String::with_capacity(statement.end - statement.start);
    let mut done = statement.start;
    for edit in edits {
        result.push_str(&text[done..edit.span.start.max(done)]);
        result.push_str(&edit.text);
        done = done.max(edit.span.end);
    }
    result.push_str(&text[done..statement.end]);
    result
}

/// Whether a file can bear the name and stays in its folder.
fn is_file_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('.')
        && name.len() <= 200
        && !name.chars().any(|c| c == '/' || c == '\\' || c.is_control())
}

fn modes_of_text(mode: &str) -> Option<String> {
    let modes: Vec<&str> = mode.split(',').filter(|mode| MODES_OF_TEXT.contains(mode)).collect();
    (!modes.is_empty()).then(|| modes.join(","))
}

/// Names of objects by other names.
pub(super) type ByName<'a> = HashMap<&'a str, String>;
