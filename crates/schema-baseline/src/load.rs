//! The schema directory: one object per file.

#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::ast::{Ident, ObjectKind, ObjectName, Statement, StatementKind};
use crate::catalogue::{Catalogue, key_of};
use crate::dialect::Dialect;
use crate::finding::{Finding, at};
use crate::order::{Order, order};
use crate::parse::parse;
use crate::place::{Place, Source, Span};

/// The kinds of objects that share their names.
const RELATIONS: [ObjectKind; 3] = [ObjectKind::Sequence, ObjectKind::Table, ObjectKind::View];

/// A file of the schema directory.
#[derive(Debug, Clone)]
pub struct SchemaFile {
    /// Its path relative to the schema directory, with `/`.
    pub path: String,
    /// Its path as the user should see it.
    pub shown: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// An object that a file defines.
#[derive(Debug, Clone)]
pub struct SchemaObject {
    /// Its kind.
    pub kind: ObjectKind,
    /// Its name.
    pub name: String,
    /// The statement that creates it.
    pub statement: Statement,
    /// The file.
    pub source: Arc<Source>,
}

impl SchemaObject {
    /// Where its name stands.
    pub fn place(&self) -> Place {
        let span = created(&self.statement).map_or(self.statement.span, |(_, name)| name.span());
        Place::new(&self.source, span)
    }
}

/// A schema as its directory describes it.
#[derive(Debug, Clone)]
pub struct Schema {
    /// Its objects, by kind and name.
    pub objects: Vec<SchemaObject>,
    /// The order in which they can be created.
    pub order: Order,
    /// The schema that results.
    pub catalogue: Catalogue,
}

/// Reads the files of a schema directory. Everything that is wrong with them, or with the schema that they describe
/// together, is reported.
pub fn load(files: Vec<SchemaFile>, dialect: Dialect) -> (Schema, Vec<Finding>) {
    load_into(files, Catalogue::new(dialect))
}

/// As [`load`], into an empty schema with a name and defaults of its own.
pub fn load_into(mut files: Vec<SchemaFile>, mut catalogue: Catalogue) -> (Schema, Vec<Finding>) {
    let dialect = catalogue.dialect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let mut findings = Vec::new();
    let mut objects: BTreeMap<(ObjectKind, String), SchemaObject> = BTreeMap::new();
    for file in &files {
        let Some((object, found)) = object_of(file, dialect) else { continue };
        findings.extend(found);
        let Some(object) = object else { continue };
        let key = (object.kind, key_of(object.kind, &object.name));
        let is_relation = RELATIONS.contains(&object.kind);
        let mut siblings = RELATIONS.into_iter().filter(|_| is_relation);
        let first =
            siblings.find_map(|kind| objects.get(&(kind, key.1.clone()))).or_else(|| objects.get(&key));
        if let Some(first) = first {
            findings.push(duplicate(&object, first));
            continue;
        }
        objects.insert(key, object);
    }
    let objects: Vec<SchemaObject> = objects.into_values().collect();
    let order = order(&objects, &mut findings);
    catalogue.defer_foreign_key_checks();
    for &index in &order.objects {
        let object = &objects[index];
        catalogue.apply(&object.statement, &object.source, &mut findings);
    }
    catalogue.check(&mut findings);
    (Schema { objects, order, catalogue }, findings)
}

fn duplicate(object: &SchemaObject, first: &SchemaObject) -> Finding {
    let (src, span) = at(&object.place());
    let first_place = vec![Finding::see_also("created first here", &first.place())];
    Finding::DuplicateObject { kind: first.kind, name: object.name.clone(), src, span, first: first_place }
}

/// The object of one file; none for files that are not SQL or stand outside of the folders.
fn object_of(file: &SchemaFile, dialect: Dialect) -> Option<(Option<SchemaObject>, Vec<Finding>)> {
    let (folder, file_name) = file.path.split_once('/')?;
    let stem = file_name.strip_suffix(".sql")?;
    if !ObjectKind::ALL.iter().any(|kind| kind.folder() == folder) {
        return None;
    }
    let text = match std::str::from_utf8(&file.bytes) {
        Ok(text) => text.trim_start_matches('\u{feff}'),
        Err(error) => return Some((None, vec![not_utf8(file, error.valid_up_to())])),
    };
    let source = Arc::new(Source::new(&file.shown, Arc::from(text)));
    let (mut statements, mut findings) = parse(&source, dialect);
    let problem = |span: Span, make: fn(Source, miette::SourceSpan) -> Finding| {
        let (src, span) = at(&Place::new(&source, span));
        make(src, span)
    };
    if statements.len() > 1 {
        let second = statements[1].span;
        findings.push(problem(second, |src, span| Finding::MoreThanOneStatement { src, span }));
        statements.truncate(1);
    }
    let Some(statement) = statements.pop() else {
        if findings.is_empty() {
            findings.push(problem(Span::default(), |src, span| Finding::EmptyFile { src, span }));
        }
        return Some((None, findings));
    };
    let Some((kind, name)) = created(&statement).map(|(kind, name)| (kind, name.clone())) else {
        if !matches!(statement.kind, StatementKind::NotUnderstood { .. }) || findings.is_empty() {
            findings.push(problem(statement.span, |src, span| Finding::NotAnObject { src, span }));
        }
        return Some((None, findings));
    };
    check_names(kind, &name, folder, stem, &source, &mut findings);
    let object = SchemaObject { kind, name: name.text().to_owned(), statement, source };
    Some((Some(object), findings))
}

fn check_names(
    kind: ObjectKind,
    name: &ObjectName,
    folder: &str,
    stem: &str,
    source: &Arc<Source>,
    findings: &mut Vec<Finding>,
) {
    let place = |span: Span| at(&Place::new(source, span));
    let text = name.text().to_owned();
    if kind.folder() != folder {
        let (src, span) = place(name.span());
        let (folder, expected) = (folder.to_owned(), kind.folder());
        findings.push(Finding::WrongFolder { kind, name: text.clone(), folder, expected, src, span });
    }
    if stem != text {
        let (src, span) = place(name.span());
        let file = format!("{stem}.sql");
        findings.push(Finding::WrongFileName { kind, name: text, file, src, span });
    }
    if let Some(Ident { text: schema, .. }) = &name.schema {
        let (src, span) = place(name.span());
        findings.push(Finding::QualifiedName { name: format!("{schema}.{}", name.text()), src, span });
    }
}

fn not_utf8(file: &SchemaFile, offset: usize) -> Finding {
    let byte = file.bytes.get(offset).copied().unwrap_or_default();
    let text = String::from_utf8_lossy(&file.bytes);
    let source = Source::new(&file.shown, Arc::from(text.as_ref()));
    Finding::NotUtf8 { byte, offset, src: source, span: (offset, 0).into() }
}

/// The object that a statement creates.
pub(crate) fn created(statement: &Statement) -> Option<(ObjectKind, &ObjectName)> {
    Some(match &statement.kind {
        StatementKind::CreateTable(def) if !def.temporary => (ObjectKind::Table, &def.name),
        StatementKind::CreateSequence(def) if !def.temporary => (ObjectKind::Sequence, &def.name),
        StatementKind::CreateTableLike { name, temporary: false, .. } => (ObjectKind::Table, name),
        StatementKind::CreateView(def) if !def.alter => (ObjectKind::View, &def.name),
        StatementKind::CreateTrigger(def) => (ObjectKind::Trigger, &def.name),
        StatementKind::CreateRoutine(def) => (def.kind.into(), &def.name),
        StatementKind::CreateEvent(def) => (ObjectKind::Event, &def.name),
        _ => return None,
    })
}
