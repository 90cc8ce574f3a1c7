//! The order of the statements.

use std::collections::{BTreeMap, BTreeSet};

use migrate_core::history::quoted;

use super::foreign::Foreign;
use super::print::{Printer, list};
use super::{Loss, Path, Step, order};
use crate::ast::ObjectKind;
use crate::catalogue::{Catalogue, ForeignKey, Table};
use crate::place::Place;

/// The two schemas, and what of them differs.
pub(super) struct Work<'a> {
    /// The first schema, everything renamed.
    pub(super) from: &'a Catalogue,
    /// The second schema.
    pub(super) to: &'a Catalogue,
    /// The first schema in the spelling of servers: for comparing.
    pub(super) ours: &'a Catalogue,
    /// The second one.
    pub(super) theirs: &'a Catalogue,
    /// The names of the objects that differ.
    pub(super) changed: BTreeMap<ObjectKind, Vec<String>>,
}

impl Work<'_> {
    pub(super) fn run(&self, path: &mut Path) {
        let tables = self.changed(ObjectKind::Table);
        let is_new = |name: &&String| !self.from.tables().contains_key(*name);
        let is_gone = |name: &&String| !self.to.tables().contains_key(*name);
        let gone: BTreeSet<&str> = tables.iter().filter(is_gone).map(String::as_str).collect();
        let new: BTreeSet<&str> = tables.iter().filter(is_new).map(String::as_str).collect();
        let altered: Vec<&String> = tables.iter().filter(|name| !is_new(name) && !is_gone(name)).collect();
        let foreign = Foreign::of(self, &gone);

        self.drop_programs(path);
        for (table, keys) in &foreign.drops {
            path.steps.push(drop_foreign_keys(table, keys));
        }
        let mut dropping = order::parents_first(self.from, &gone);
        dropping.reverse();
        for name in dropping {
            path.steps.push(drop_table(&self.from.tables()[name]));
        }
        self.drop_sequences(true, path);
        self.sequences(path);
        let mut created: BTreeSet<&str> = BTreeSet::new();
        for name in order::parents_first(self.to, &new) {
            created.insert(name);
            let table = &self.to.tables()[name];
            let printer = Printer { dialect: self.to.dialect(), table };
            let sql = printer.create(|key| foreign.is_inline(key, name, &created));
            path.steps.push(Step::new(ObjectKind::Table, name, &table.place, sql));
            let late: Vec<&ForeignKey> =
                table.foreign_keys.iter().filter(|key| !foreign.is_inline(key, name, &created)).collect();
            foreign.later(name, late);
        }
        for name in altered {
            path.steps.extend(self.alter(name, &foreign));
        }
        for (name, keys) in foreign.adds() {
            let table = &self.to.tables()[&name];
            let printer = Printer { dialect: self.to.dialect(), table };
            let clauses: Vec<String> =
                keys.iter().map(|key| format!("ADD {}", printer.foreign_key(key))).collect();
            let place = keys.first().map_or(&table.place, |key| &key.place);
            path.steps.push(Step::new(ObjectKind::Table, &name, place, alter(&name, &clauses)));
        }
        self.create_programs(path);
        self.drop_sequences(false, path);
    }

    pub(super) fn changed(&self, kind: ObjectKind) -> &[String] {
        self.changed.get(&kind).map_or(&[], Vec::as_slice)
    }
}

impl Step {
    pub(super) fn new(kind: ObjectKind, name: &str, place: &Place, sql: String) -> Self {
        Self {
            sql,
            compound: false,
            kind,
            name: name.to_owned(),
            place: Some(place.clone()),
            losses: Vec::new(),
        }
    }
}

/// `ALTER TABLE`, one clause a line.
pub(super) fn alter(table: &str, clauses: &[String]) -> String {
    format!("ALTER TABLE {}\n    {}", quoted(table), clauses.join(",\n    "))
}

fn drop_table(table: &Table) -> Step {
    let mut step = Step::new(
        ObjectKind::Table,
        &table.name,
        &table.place,
        format!("DROP TABLE {}", quoted(&table.name)),
    );
    let what = format!("table `{}` with all its rows", table.name);
    step.losses.push(Loss { what, place: table.place.clone() });
    step
}

fn drop_foreign_keys(table: &str, keys: &[&ForeignKey]) -> Step {
    let clauses: Vec<String> = keys
        .iter()
        .map(|key| format!("DROP FOREIGN KEY {}", list(std::slice::from_ref(&key.name))))
        .collect();
    Step::new(ObjectKind::Table, table, &keys[0].place, alter(table, &clauses))
}
