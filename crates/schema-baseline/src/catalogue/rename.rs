//! `RENAME TABLE`: what refers to a table follows it.

use std::sync::Arc;

use super::Catalogue;
use super::apply::Run;
use super::table::Table;
use crate::ast::{ObjectKind, ObjectName};

impl Run<'_> {
    pub(super) fn rename_table(&mut self, from: &ObjectName, to: &ObjectName) {
        if !self.own(from) || !self.own(to) || from.text() == to.text() {
            return;
        }
        if let Some(kind) = self.catalogue.relation(to.text()) {
            self.duplicate_object(kind, &to.name);
            return;
        }
        if self.catalogue.relation(from.text()).is_none() {
            if self.catalogue.temporary.remove(from.text()) {
                self.catalogue.temporary.insert(to.text().to_owned());
            } else {
                self.unknown_table(&from.name);
                self.not_understood(&[(ObjectKind::Table, to.clone())], to.span());
            }
            return;
        }
        if let Some(view) = self.catalogue.views.remove(from.text()) {
            self.catalogue.views.insert(to.text().to_owned(), view);
            return;
        }
        if let Some(sequence) = self.catalogue.sequences.remove(from.text()) {
            self.catalogue.sequences.insert(to.text().to_owned(), sequence);
            return;
        }
        if let Some(table) = self.catalogue.tables.remove(from.text()) {
            let mut table = Arc::unwrap_or_clone(table);
            for key in table.foreign_keys.iter().filter(|key| key.parent_schema.is_none()) {
                self.catalogue.unlink(from.text(), &key.parent);
            }
            self.catalogue.retarget_foreign_keys(from.text(), to.text());
            for key in table.foreign_keys.iter_mut().filter(|key| key.parent_schema.is_none()) {
                if key.parent == from.text() {
                    to.text().clone_into(&mut key.parent);
                }
            }
            table.rename(to.text());
            self.insert_table(table);
        }
        for trigger in self.catalogue.triggers.values_mut().filter(|trigger| trigger.table == from.text()) {
            to.text().clone_into(&mut trigger.table);
        }
    }
}

impl Catalogue {
    /// Points the foreign keys of other tables to the new name of their parent.
    fn retarget_foreign_keys(&mut self, from: &str, to: &str) {
        let children = self.children.remove(from).unwrap_or_default();
        for child in children.keys() {
            let Some(child) = self.tables.get_mut(child) else { continue };
            for key in Arc::make_mut(child).foreign_keys.iter_mut().filter(|key| key.parent_schema.is_none())
            {
                if key.parent == from {
                    to.clone_into(&mut key.parent);
                }
            }
        }
        for (child, count) in children {
            *self.children.entry(to.to_owned()).or_default().entry(child).or_default() += count;
        }
    }
}

impl Table {
    /// Gives the table another name, and new names to the constraints that were named after it.
    fn rename(&mut self, to: &str) {
        let from = std::mem::replace(&mut self.name, to.to_owned());
        let names = self.foreign_keys.iter_mut().map(|key| (&mut key.name, key.generated_name));
        for (name, _) in names
            .chain(self.checks.iter_mut().map(|check| (&mut check.name, check.generated_name)))
            .filter(|x| x.1)
        {
            if let Some(rest) = name.strip_prefix(from.as_str()) {
                *name = format!("{to}{rest}");
            }
        }
    }
}
