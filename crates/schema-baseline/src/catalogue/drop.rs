//! `DROP TABLE`, and tables that are taken out of the catalogue.

use std::sync::Arc;

use super::Catalogue;
use super::apply::Run;
use super::table::Table;
use crate::ast::{ObjectName, Reference};
use crate::finding::Finding;

impl Run<'_> {
    pub(super) fn drop_tables(&mut self, names: &[ObjectName], if_exists: bool, temporary: bool) {
        for name in names {
            if !self.own(name) {
                continue;
            }
            let text = name.text();
            if self.catalogue.temporary.remove(text) || temporary {
                continue;
            }
            if self.catalogue.sequences.remove(text).is_some() {
                continue;
            }
            if !self.catalogue.tables.contains_key(text) {
                if !if_exists {
                    self.unknown_table(&name.name);
                }
                continue;
            }
            let user = self
                .catalogue
                .children(text)
                .find(|child| *child != text && !names.iter().any(|other| other.text() == *child))
                .and_then(|child| self.catalogue.tables.get(child));
            if let Some(child) =
                user.filter(|child| self.catalogue.foreign_key_checks && child.is_certain(self.catalogue))
            {
                let key = child.foreign_keys.iter().find(|key| key.parent == text);
                let used = key.map(|key| Finding::see_also("the foreign key", &key.place));
                let user = format!(
                    "foreign key `{}` of table `{}`",
                    key.map_or("", |key| key.name.as_str()),
                    child.name
                );
                let (what, used) = (format!("table `{text}`"), used.into_iter().collect());
                self.report(name.span(), |src, span| Finding::StillInUse { what, user, src, span, used });
            }
            self.remove_table(text);
        }
    }

    /// Refuses to empty what is no table, and a table to which others refer.
    pub(super) fn check_truncated(&mut self, uses: &[Reference]) {
        let Some(name) = uses.first().map(|table| &table.name).filter(|name| self.catalogue.owns(name))
        else {
            return;
        };
        if self.catalogue.views.contains_key(name.text()) {
            self.refuse(name.span(), format!("`{}` is a view", name.text()), "name a table");
        }
        let child = self.catalogue.children(name.text()).find(|child| *child != name.text());
        let child = child.and_then(|child| self.catalogue.table(child));
        if let Some(child) =
            child.filter(|child| self.catalogue.foreign_key_checks && child.is_certain(self.catalogue))
        {
            let key = child.foreign_keys.iter().find(|key| key.parent == name.text());
            let used = key.map(|key| Finding::see_also("the foreign key", &key.place)).into_iter().collect();
            let user = format!(
                "foreign key `{}` of table `{}`",
                key.map_or("", |key| key.name.as_str()),
                child.name
            );
            let what = format!("table `{}`", name.text());
            self.report(name.span(), |src, span| Finding::StillInUse { what, user, src, span, used });
        }
    }

    /// Takes a table out, with its triggers.
    pub(super) fn remove_table(&mut self, name: &str) {
        let Some(table) = self.catalogue.tables.remove(name) else { return };
        for key in table.foreign_keys.iter().filter(|key| key.parent_schema.is_none()) {
            self.catalogue.unlink(name, &key.parent);
        }
        self.catalogue.triggers.retain(|_, trigger| trigger.table != name);
    }
}

impl Catalogue {
    /// Gives a table the definition that it had before; none takes it out.
    pub(super) fn put_back(&mut self, name: &str, table: Option<Arc<Table>>) {
        let own_parents = |table: &Table| -> Vec<String> {
            let keys = table.foreign_keys.iter().filter(|key| key.parent_schema.is_none());
            keys.map(|key| key.parent.clone()).collect()
        };
        if let Some(failed) = self.tables.remove(name) {
            for parent in own_parents(&failed) {
                self.unlink(name, &parent);
            }
        }
        if let Some(table) = table {
            for parent in own_parents(&table) {
                self.link(name, &parent);
            }
            self.tables.insert(name.to_owned(), table);
        }
    }
}
