//! Foreign keys: what goes first, what comes last.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::order;
use super::work::Work;
use crate::ast::same_name;
use crate::catalogue::{Column, ForeignKey, Key, Table};
use crate::verify::spell;

/// Which foreign keys are dropped before, and added after, everything else.
pub(super) struct Foreign<'a> {
    pub(super) drops: BTreeMap<&'a str, Vec<&'a ForeignKey>>,
    adds: RefCell<BTreeMap<String, Vec<&'a ForeignKey>>>,
    /// Tables that exist before and after and are not altered.
    still: BTreeSet<&'a str>,
}

impl<'a> Foreign<'a> {
    pub(super) fn of(work: &Work<'a>, gone: &BTreeSet<&str>) -> Self {
        let altered: BTreeSet<&str> = work
            .changed
            .get(&crate::ast::ObjectKind::Table)
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        let still =
            work.to.tables().keys().map(String::as_str).filter(|name| !altered.contains(name)).collect();
        let mut foreign = Self { drops: BTreeMap::new(), adds: RefCell::default(), still };
        for (name, table) in work.from.tables() {
            if let Some(wanted) = work.to.tables().get(name) {
                foreign.of_table(work, table, wanted);
            }
        }
        // In a cycle, some table goes before one that points to it.
        let mut dropping = order::parents_first(work.from, gone);
        dropping.reverse();
        for (at, parent) in dropping.iter().enumerate() {
            for child in &dropping[at + 1..] {
                let table = &work.from.tables()[*child];
                let keys: Vec<&ForeignKey> = table
                    .foreign_keys
                    .iter()
                    .filter(|key| key.parent_schema.is_none() && key.parent == *parent)
                    .collect();
                if !keys.is_empty() {
                    foreign.drops.entry(table.name.as_str()).or_default().extend(keys);
                }
            }
        }
        foreign
    }

    fn of_table(&mut self, work: &Work<'a>, from: &'a Table, to: &'a Table) {
        let mut wanted: Vec<&ForeignKey> = to.foreign_keys.iter().collect();
        for key in &from.foreign_keys {
            let text = spell::foreign_key(key);
            let same = |other: &&ForeignKey| spell::foreign_key(other) == text;
            let named = |other: &&ForeignKey| same(other) && same_name(&other.name, &key.name);
            let free = |other: &ForeignKey| other.generated_name || other.name.contains("_ibfk_");
            let found = wanted
                .iter()
                .position(named)
                .or_else(|| wanted.iter().position(|other| same(other) && free(other) && free(key)));
            match found {
                Some(index) => {
                    let other = wanted.remove(index);
                    if is_in_the_way(work, from, key) {
                        self.drops.entry(from.name.as_str()).or_default().push(key);
                        self.later(&to.name, vec![other]);
                    }
                }
                None => self.drops.entry(from.name.as_str()).or_default().push(key),
            }
        }
        if !wanted.is_empty() {
            self.later(&to.name, wanted);
        }
    }

    /// Whether `CREATE TABLE` can hold the key: its parent is there and has its final shape.
    pub(super) fn is_inline(&self, key: &ForeignKey, table: &str, created: &BTreeSet<&str>) -> bool {
        key.parent_schema.is_some()
            || key.parent == table
            || created.contains(key.parent.as_str())
            || self.still.contains(key.parent.as_str())
    }

    pub(super) fn later(&self, table: &str, keys: Vec<&'a ForeignKey>) {
        if !keys.is_empty() {
            self.adds.borrow_mut().entry(table.to_owned()).or_default().extend(keys);
        }
    }

    /// Whether adding a foreign key will create the key anyway.
    pub(super) fn makes(&self, table: &str, key: &Key) -> bool {
        key.implicit
            && self
                .adds
                .borrow()
                .get(table)
                .is_some_and(|keys| keys.iter().any(|foreign| key.begins_with(&foreign.columns)))
    }

    pub(super) fn adds(&self) -> BTreeMap<String, Vec<&'a ForeignKey>> {
        self.adds.borrow().clone()
    }
}

/// Whether the server would refuse a change of a column or key because of the foreign key.
fn is_in_the_way(work: &Work<'_>, child: &Table, key: &ForeignKey) -> bool {
    let retyped = |table: &str, columns: &[String]| {
        let (Some(from), Some(to)) = (work.ours.tables().get(table), work.theirs.tables().get(table)) else {
            return false;
        };
        columns.iter().any(|name| match (from.column(name), to.column(name)) {
            (Some(old), Some(new)) => is_retyped(old, new),
            _ => false,
        })
    };
    let unbacked = |table: &str, columns: &[String]| {
        let (Some(from), Some(to)) = (work.ours.tables().get(table), work.theirs.tables().get(table)) else {
            return false;
        };
        from.keys
            .iter()
            .filter(|key| key.begins_with(columns))
            .any(|key| to.key(&key.name).is_none_or(|other| spell::key(key) != spell::key(other)))
    };
    retyped(&child.name, &key.columns)
        || (key.parent_schema.is_none()
            && (retyped(&key.parent, &key.parent_columns) || unbacked(&key.parent, &key.parent_columns)))
}

fn is_retyped(old: &Column, new: &Column) -> bool {
    if old.auto_increment != new.auto_increment {
        return true;
    }
    let (old, new) = (&old.data_type, &new.data_type);
    let grows = old.name == "varchar" && new.name == "varchar" && old.numbers <= new.numbers;
    old.name != new.name
        || old.unsigned != new.unsigned
        || (old.charset.as_ref(), old.collation.as_ref()) != (new.charset.as_ref(), new.collation.as_ref())
        || (old.numbers != new.numbers && !grows)
}
