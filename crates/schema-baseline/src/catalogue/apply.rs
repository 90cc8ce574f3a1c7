//! One statement at a time.

use std::sync::Arc;

use super::table::{Partitioning, Table};
use super::{Catalogue, key_of};
use crate::ast::{Ident, ObjectKind, ObjectName, RefKind, Reference, RoutineKind, Statement, StatementKind};
use crate::finding::{Finding, at};
use crate::nearest::advice;
use crate::place::{Place, Source, Span};

/// The application of the statements of one text.
pub(super) struct Run<'a> {
    pub(super) catalogue: &'a mut Catalogue,
    pub(super) source: &'a Arc<Source>,
    pub(super) findings: &'a mut Vec<Finding>,
}

impl Catalogue {
    /// Does to the schema what the server would do at `statement`, a statement of `source`. What the server would
    /// refuse becomes a finding, and as much of the statement as makes sense is done nevertheless, so that later
    /// findings are not mere consequences of this one.
    pub fn apply(&mut self, statement: &Statement, source: &Arc<Source>, findings: &mut Vec<Finding>) {
        Run { catalogue: self, source, findings }.statement(statement);
    }
}

/// Whether a statement may take values of sequences: everything that reads or writes rows, and what is not known.
fn may_count(kind: &StatementKind) -> bool {
    match kind {
        StatementKind::CreateTable(def) => def.query.is_some(),
        StatementKind::AlterTable(_)
        | StatementKind::Data { .. }
        | StatementKind::Call { .. }
        | StatementKind::NoEffect
        | StatementKind::Execute { .. }
        | StatementKind::NotUnderstood { .. } => true,
        _ => false,
    }
}

impl Run<'_> {
    pub(super) fn statement(&mut self, statement: &Statement) {
        let span = statement.span;
        if may_count(&statement.kind) {
            self.catalogue.forget_counters();
        }
        match &statement.kind {
            StatementKind::CreateTable(def) => self.create_table(def),
            StatementKind::CreateTableLike { name, like, if_not_exists, temporary } => {
                self.create_table_like(name, like, *if_not_exists, *temporary);
            }
            StatementKind::AlterTable(alter) => self.alter_table(alter),
            StatementKind::DropTable { names, if_exists, temporary } => {
                self.drop_tables(names, *if_exists, *temporary);
            }
            StatementKind::CreateSequence(def) => self.create_sequence(def),
            StatementKind::AlterSequence(alter) => self.alter_sequence(alter),
            StatementKind::DropSequence { names, if_exists, temporary } => {
                self.drop_sequences(names, *if_exists, *temporary);
            }
            StatementKind::RenameTable(pairs) => {
                for (from, to) in pairs {
                    self.rename_table(from, to);
                }
            }
            StatementKind::CreateView(def) => self.create_view(def),
            StatementKind::CreateTrigger(def) => self.create_trigger(def),
            StatementKind::CreateRoutine(def) => self.create_routine(def),
            StatementKind::AlterRoutine { kind, name, characteristics } => {
                self.alter_routine(*kind, name, characteristics);
            }
            StatementKind::CreateEvent(def) => self.create_event(def),
            StatementKind::AlterEvent { name, change } => self.alter_event(name, change),
            StatementKind::Drop { kind, names, if_exists } => self.drop_programs(*kind, names, *if_exists),
            StatementKind::AlterDatabase { charset, collation } => {
                self.default_charset(charset.as_deref(), collation.as_deref());
            }
            StatementKind::DropDatabase(name) => self.drop_database(name, span),
            StatementKind::Data { uses } => {
                self.data(uses);
                if self.begins_with(span, &["truncate"]) {
                    self.check_truncated(uses);
                }
                // `SELECT … INTO @variable`
                if self.begins_with(span, &["select"]) {
                    self.interpret_quietly(span);
                }
            }
            StatementKind::Call { name, words } => self.call(name, words, span),
            StatementKind::ForeignKeyChecks(on) => self.catalogue.foreign_key_checks = *on,
            StatementKind::Use(name) => self.catalogue.schema = Some(name.text.clone()),
            StatementKind::NoEffect => {
                if self.begins_with(span, &["set", "prepare"]) {
                    self.interpret_quietly(span);
                }
            }
            StatementKind::Execute { touches } => {
                if !self.interpret(span) {
                    let what = "EXECUTE of SQL in a string".to_owned();
                    self.report(span, |src, span| Finding::NotUnderstood { what, src, span });
                    self.not_understood(touches, span);
                }
            }
            StatementKind::NotUnderstood { touches } => self.not_understood(touches, span),
        }
    }

    fn begins_with(&self, span: Span, words: &[&str]) -> bool {
        let text = span.of(self.source.inner());
        let first = text.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
        words.iter().any(|word| first.eq_ignore_ascii_case(word))
    }

    pub(super) fn place(&self, span: Span) -> Place {
        Place::new(self.source, span)
    }

    pub(super) fn report(&mut self, span: Span, finding: impl FnOnce(Source, miette::SourceSpan) -> Finding) {
        let (src, span) = at(&self.place(span));
        self.findings.push(finding(src, span));
    }

    /// Refuses a definition, for a reason in the server's own sense.
    pub(super) fn refuse(&mut self, span: Span, reason: String, help: &'static str) {
        self.report(span, |src, span| Finding::InvalidDefinition { reason, help, src, span });
    }

    /// Whether the name is of this schema; if not, that is reported and nothing is known about the object.
    pub(super) fn own(&mut self, name: &ObjectName) -> bool {
        let own = self.catalogue.owns(name);
        if !own {
            let qualified =
                format!("{}.{}", name.schema.as_ref().map_or("", |schema| &schema.text), name.text());
            self.report(name.span(), |src, span| Finding::OtherSchema { name: qualified, src, span });
        }
        own
    }

    /// Reports a table as missing, unless an earlier statement leaves that uncertain.
    pub(super) fn unknown_table(&mut self, name: &Ident) {
        if !self.catalogue.is_sure() {
            return;
        }
        let known = self.catalogue.tables.keys().chain(self.catalogue.views.keys()).map(String::as_str);
        let help = advice(&name.text, known, "create the table in an earlier migration, or correct the name");
        let name_text = name.text.clone();
        self.report(name.span, |src, span| Finding::UnknownTable { name: name_text, help, src, span });
    }

    /// Reports an object that is not a table as missing, unless an earlier statement leaves that uncertain.
    pub(super) fn unknown_object(&mut self, kind: ObjectKind, name: &Ident) {
        if !self.catalogue.is_sure() {
            return;
        }
        let known: Vec<&str> = match kind {
            ObjectKind::Sequence => self.catalogue.sequences.keys().map(String::as_str).collect(),
            ObjectKind::Table => self.catalogue.tables.keys().map(String::as_str).collect(),
            ObjectKind::View => self.catalogue.views.keys().map(String::as_str).collect(),
            ObjectKind::Trigger => self.catalogue.triggers.keys().map(String::as_str).collect(),
            ObjectKind::Function => self.catalogue.functions.keys().map(String::as_str).collect(),
            ObjectKind::Procedure => self.catalogue.procedures.keys().map(String::as_str).collect(),
            ObjectKind::Event => self.catalogue.events.keys().map(String::as_str).collect(),
        };
        let help = advice(&name.text, known, "create it in an earlier statement, or correct the name");
        let name_text = name.text.clone();
        self.report(name.span, |src, span| Finding::UnknownObject { kind, name: name_text, help, src, span });
    }

    /// Reports an object that exists already.
    pub(super) fn duplicate_object(&mut self, kind: ObjectKind, name: &Ident) {
        let first = self.catalogue.place_of(kind, &name.text);
        let first = first.map(|place| Finding::see_also("created first here", place)).into_iter().collect();
        let name_text = name.text.clone();
        self.report(name.span, |src, span| Finding::DuplicateObject {
            kind,
            name: name_text,
            src,
            span,
            first,
        });
    }

    fn default_charset(&mut self, charset: Option<&str>, collation: Option<&str>) {
        let resolved = self.resolve_charset(charset, collation);
        (self.catalogue.charset, self.catalogue.collation) = resolved;
    }

    /// The pair that `CHARACTER SET` and `COLLATE` give together; either may be absent.
    pub(super) fn resolve_charset(&self, charset: Option<&str>, collation: Option<&str>) -> (String, String) {
        match (charset, collation) {
            (_, Some(collation)) => (crate::dialect::charset_of(collation).to_owned(), collation.to_owned()),
            (Some(charset), None) => {
                let default = self.catalogue.dialect.default_collation(charset);
                (
                    charset.to_owned(),
                    default.map_or_else(|| format!("{charset}_general_ci"), ToOwned::to_owned),
                )
            }
            (None, None) => (self.catalogue.charset.clone(), self.catalogue.collation.clone()),
        }
    }

    /// A schema that is dropped takes its objects along; of another one nothing is known.
    fn drop_database(&mut self, name: &Ident, span: Span) {
        let empty = self.catalogue.tables.is_empty() && self.catalogue.views.is_empty();
        if self.catalogue.schema.as_ref().is_none_or(|own| *own == name.text) && !empty {
            *self.catalogue = Catalogue::new(self.catalogue.dialect);
            let what = "DROP DATABASE".to_owned();
            self.report(span, |src, span| Finding::NotUnderstood { what, src, span });
        }
    }

    /// Holds the tables that a statement reads or writes against those that exist.
    pub(super) fn data(&mut self, uses: &[Reference]) {
        let mut table: Option<String> = None;
        for reference in uses {
            let name = &reference.name;
            match reference.kind {
                RefKind::Relation => {
                    table = None;
                    if !self.catalogue.owns(name) {
                        continue;
                    }
                    if self.catalogue.tables.contains_key(name.text()) {
                        table = Some(name.text().to_owned());
                    } else if self.catalogue.relation(name.text()).is_none()
                        && !self.catalogue.temporary.contains(name.text())
                    {
                        self.unknown_table(&name.name);
                    }
                }
                RefKind::Column => {
                    let known = table.as_ref().and_then(|table| self.catalogue.tables.get(table));
                    if let Some(table) = known.filter(|table| table.is_certain(self.catalogue))
                        && table.column(name.text()).is_none()
                    {
                        let (table_name, help) = (table.name.clone(), table.column_advice(name.text()));
                        self.unknown_column(table_name, help, &name.name);
                    }
                }
                RefKind::Procedure => {}
            }
        }
    }

    pub(super) fn unknown_column(&mut self, table: String, help: String, name: &Ident) {
        let column = name.text.clone();
        self.report(name.span, |src, span| Finding::UnknownColumn { table, name: column, help, src, span });
    }

    /// A procedure that changes tables leaves them uncertain; others have no effect on the schema.
    fn call(&mut self, name: &ObjectName, words: &[String], span: Span) {
        if !self.catalogue.owns(name) {
            return;
        }
        let key = key_of(ObjectKind::Procedure, name.text());
        if !self.catalogue.procedures.contains_key(&key) {
            self.unknown_object(ObjectKind::Procedure, &name.name);
            return;
        }
        if self.interpret(span) {
            return;
        }
        let Some(routine) = self.catalogue.procedures.get(&key) else { return };
        let body = &routine.definition.body;
        if body.changes.is_empty() && !body.dynamic {
            return;
        }
        let mut touched: Vec<ObjectName> = body.changes.clone();
        if body.dynamic {
            touched.extend(words.iter().filter(|word| self.catalogue.tables.contains_key(*word)).map(
                |word| ObjectName { schema: None, name: Ident { text: word.clone(), span: name.name.span } },
            ));
        }
        let what = format!("what procedure `{}` does", name.text());
        self.report(span, |src, span| Finding::NotUnderstood { what, src, span });
        let touches: Vec<_> = touched.into_iter().map(|table| (ObjectKind::Table, table)).collect();
        self.not_understood(&touches, span);
    }

    /// Marks what a statement may have changed as uncertain: everything, when it is not known what that is.
    pub(super) fn not_understood(&mut self, touches: &[(ObjectKind, ObjectName)], span: Span) {
        let place = self.place(span);
        if touches.is_empty() {
            self.catalogue.unsure.get_or_insert(place);
            return;
        }
        for (kind, name) in touches {
            if self.catalogue.owns(name) {
                self.mark_unknown(*kind, name.text(), place.clone());
            }
        }
    }

    fn mark_unknown(&mut self, kind: ObjectKind, name: &str, place: Place) {
        let is_other = matches!(self.catalogue.relation(name), Some(ObjectKind::View | ObjectKind::Sequence));
        if kind == ObjectKind::Table && !is_other {
            let (charset, collation) = (self.catalogue.charset.clone(), self.catalogue.collation.clone());
            let table = self.catalogue.tables.entry(name.to_owned()).or_insert_with(|| {
                let table = Table::empty(name, (charset, collation), place.clone());
                Arc::new(Table { partitioning: Partitioning::Unknown, ..table })
            });
            Arc::make_mut(table).unknown.get_or_insert(place);
        } else {
            self.catalogue.unknown.entry((kind, key_of(kind, name))).or_insert(place);
        }
    }

    /// Whether a routine of that kind exists.
    pub(super) fn has_routine(&self, kind: RoutineKind, name: &str) -> bool {
        self.catalogue.routines(kind).contains_key(&name.to_lowercase())
    }
}

impl Table {
    /// Whether the columns and keys of the table are known, so that a missing one is certainly missing.
    pub(super) fn is_certain(&self, catalogue: &Catalogue) -> bool {
        self.unknown.is_none() && catalogue.is_sure()
    }

    /// Advice for a missing column.
    pub(super) fn column_advice(&self, name: &str) -> String {
        advice(name, self.column_names(), "add the column in an earlier statement, or correct the name")
    }
}
