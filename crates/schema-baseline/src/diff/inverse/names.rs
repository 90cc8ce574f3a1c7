//! Which names a script has changed, followed statement by statement.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::rename::{Rename, Renamed};
use crate::ast::{AlterAction, AlterTable, Statement, StatementKind, same_name};
use crate::catalogue::Catalogue;
use crate::finding::{Finding, at};
use crate::place::{Place, Source, Span};

/// The tables and sequences that there were before a script and still are.
pub(super) struct Names {
    /// By the name that they have now.
    tables: BTreeMap<String, Table>,
    source: Arc<Source>,
}

struct Table {
    name: Name,
    columns: Vec<Name>,
    keys: Vec<Name>,
}

struct Name {
    old: String,
    new: String,
    /// The statement that changed it last.
    moved: Option<Span>,
}

impl Name {
    fn of(name: &str) -> Self {
        Self { old: name.to_owned(), new: name.to_owned(), moved: None }
    }

    fn is_other(&self) -> bool {
        self.old != self.new
    }
}

impl Names {
    /// The names of `before` behind the statements of a script.
    pub(super) fn behind(statements: &[Statement], source: &Arc<Source>, before: &Catalogue) -> Self {
        let table = |(name, table): (&String, &Arc<crate::catalogue::Table>)| {
            let columns = table.columns.iter().map(|column| Name::of(&column.name)).collect();
            let keys = table.keys.iter().map(|key| Name::of(&key.name)).collect();
            (name.clone(), Table { name: Name::of(name), columns, keys })
        };
        let sequence = |name: &String| {
            (name.clone(), Table { name: Name::of(name), columns: Vec::new(), keys: Vec::new() })
        };
        let sequences = before.sequences().keys().map(sequence);
        let tables = before.tables().iter().map(table).chain(sequences).collect();
        let mut names = Self { tables, source: Arc::clone(source) };
        for statement in statements {
            match &statement.kind {
                StatementKind::RenameTable(pairs) => {
                    for (from, to) in pairs {
                        names.rename(from.text(), to.text(), statement.span);
                    }
                }
                StatementKind::AlterTable(alter) => names.alter(alter),
                StatementKind::DropTable { names: gone, temporary: false, .. }
                | StatementKind::DropSequence { names: gone, temporary: false, .. } => {
                    for name in gone {
                        names.tables.remove(name.text());
                    }
                }
                StatementKind::CreateTable(table) if table.or_replace => {
                    names.tables.remove(table.name.text());
                }
                StatementKind::CreateSequence(sequence) if sequence.or_replace => {
                    names.tables.remove(sequence.name.text());
                }
                _ => {}
            }
        }
        names
    }

    fn rename(&mut self, from: &str, to: &str, span: Span) {
        if let Some(mut table) = self.tables.remove(from) {
            (table.name.new, table.name.moved) = (to.to_owned(), Some(span));
            self.tables.insert(to.to_owned(), table);
        }
    }

    fn alter(&mut self, alter: &AlterTable) {
        let Some(table) = self.tables.get_mut(alter.name.text()) else { return };
        let (mut columns, mut keys, mut renamed) = (Vec::new(), Vec::new(), None);
        for action in &alter.actions {
            match &action.action {
                AlterAction::Change(old, def, _) => {
                    columns.push((&old.text, Some(&def.name.text), action.span));
                }
                AlterAction::RenameColumn(old, new) => {
                    columns.push((&old.text, Some(&new.text), action.span));
                }
                AlterAction::DropColumn(name) => columns.push((&name.text, None, action.span)),
                AlterAction::RenameKey(old, new) => keys.push((&old.text, Some(&new.text), action.span)),
                AlterAction::DropKey(name) => keys.push((&name.text, None, action.span)),
                AlterAction::RenameTo(name) => renamed = Some((name.text(), action.span)),
                _ => {}
            }
        }
        change(&mut table.columns, &columns);
        change(&mut table.keys, &keys);
        if let Some((name, span)) = renamed {
            self.rename(alter.name.text(), name, span);
        }
    }

    /// What has another name afterwards.
    pub(super) fn forward(&self) -> Vec<Rename> {
        self.renames(|table| &table.name.new, |name| (name.old.clone(), name.new.clone()))
    }

    /// The same the other way round, and what cannot have its old name again because something else has it.
    pub(super) fn back(&self, before: &Catalogue, after: &Catalogue) -> (Vec<Rename>, Vec<Finding>) {
        let mut findings = Vec::new();
        let mut check = |name: &Name, taken: bool| {
            if let Some(span) = name.moved.filter(|_| taken && name.is_other()) {
                let (src, span) = at(&Place::new(&self.source, span));
                let why =
                    format!("`{}` cannot be `{}` again, which is something else now", name.new, name.old);
                findings.push(Finding::NoInverse { why, src, span });
            }
        };
        for table in self.tables.values() {
            check(&table.name, after.relation(&table.name.old).is_some());
            let (Some(old), Some(new)) =
                (before.tables().get(&table.name.old), after.tables().get(&table.name.new))
            else {
                continue;
            };
            for column in &table.columns {
                let taken = new.column(&column.old).is_some() || old.column(&column.new).is_some();
                check(column, taken && !same_name(&column.old, &column.new));
            }
            for key in &table.keys {
                let taken = new.key(&key.old).is_some() || old.key(&key.new).is_some();
                check(key, taken && !same_name(&key.old, &key.new));
            }
        }
        let back = self.renames(|table| &table.name.old, |name| (name.new.clone(), name.old.clone()));
        (if findings.is_empty() { back } else { Vec::new() }, findings)
    }

    /// What is said of columns is said of tables by the names that they will have.
    fn renames(
        &self,
        of: impl Fn(&Table) -> &String,
        turned: impl Fn(&Name) -> (String, String),
    ) -> Vec<Rename> {
        let rename = |what: Renamed, name: &Name| {
            let (old, new) = turned(name);
            Rename { what, old, new, annotated: false }
        };
        let mut renames = Vec::new();
        for table in self.tables.values() {
            if table.name.is_other() {
                renames.push(rename(Renamed::Table, &table.name));
            }
            let is_other = |name: &&Name| !same_name(&name.old, &name.new);
            let columns = table.columns.iter().filter(is_other);
            renames.extend(columns.map(|name| rename(Renamed::Column(of(table).clone()), name)));
            let keys = table.keys.iter().filter(is_other);
            renames.extend(keys.map(|name| rename(Renamed::Index(of(table).clone()), name)));
        }
        renames
    }
}

/// One `ALTER TABLE`, whose actions all speak of the names before it.
fn change(names: &mut Vec<Name>, changes: &[(&String, Option<&String>, Span)]) {
    names.retain_mut(|name| {
        let Some((_, new, span)) = changes.iter().find(|(old, _, _)| same_name(old, &name.new)) else {
            return true;
        };
        let Some(new) = new else { return false };
        (name.new, name.moved) = ((*new).clone(), Some(*span));
        true
    });
}
