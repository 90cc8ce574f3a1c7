//! Keys of a table.

use super::apply::Run;
use super::key_parts::kept;
use super::table::{Key, Table, is_long};
use crate::ast::{Ident, KeyDef, KeyKind, KeyPartOf};
use crate::finding::Finding;
use crate::nearest::advice;
use crate::place::Span;

impl Run<'_> {
    /// Adds a key, named by the server when it has no name.
    pub(super) fn add_key(&mut self, table: &mut Table, def: &KeyDef) {
        if def.kind == KeyKind::Primary && table.primary_key().is_some() {
            self.refuse(
                def.span,
                format!("table `{}` has a primary key already", table.name),
                "drop the other one first, or make this a unique key",
            );
            return;
        }
        let name = match (&def.name, def.kind) {
            (_, KeyKind::Primary) => "PRIMARY".to_owned(),
            (Some(name), _) => name.text.clone(),
            (None, _) => table.name_for_key(&def.parts),
        };
        if let Some(index) = table.keys.iter().position(|key| crate::ast::same_name(&key.name, &name)) {
            if table.keys[index].implicit && table.keys[index].parts == def.parts {
                table.keys.remove(index);
            } else {
                let span = def.name.as_ref().map_or(def.span, |name| name.span);
                self.duplicate_key(span, &name, &table.keys[index]);
                return;
            }
        }
        self.check_parts(table, def);
        self.check_kinds(table, def);
        self.check_generated_primary(table, def);
        if def.kind == KeyKind::Primary {
            for part in &def.parts {
                if let KeyPartOf::Column(name) = &part.of
                    && let Some(column) = table.columns.iter_mut().find(|column| name.same(&column.name))
                {
                    column.forbid_null();
                }
            }
        }
        self.check_overlaps(table, def);
        let vendor = self.catalogue.dialect.vendor;
        let mut key = Key {
            kind: def.kind,
            name,
            parts: def.parts.iter().map(|part| kept(table, part, def.kind, vendor)).collect(),
            invisible: def.invisible,
            options: def.options.clone(),
            words: def.words,
            implicit: false,
            place: self.place(def.span),
        };
        table.extend_over_history(&mut key);
        table.drop_superseded(&key);
        table.keys.push(key);
    }

    fn duplicate_key(&mut self, span: Span, name: &str, holder: &Key) {
        let first = vec![Finding::see_also("defined first here", &holder.place)];
        let (name, holder) = (name.to_owned(), format!("a {}", holder.kind.noun()));
        self.report(span, |src, span| Finding::DuplicateKey { name, holder, src, span, first });
    }

    fn check_parts(&mut self, table: &Table, def: &KeyDef) {
        for (index, part) in def.parts.iter().enumerate() {
            let KeyPartOf::Column(name) = &part.of else { continue };
            let Some(column) = table.column(&name.text) else {
                self.missing_column(table, name);
                continue;
            };
            if def.parts[..index]
                .iter()
                .any(|other| matches!(&other.of, KeyPartOf::Column(other) if other == name))
            {
                self.refuse(
                    name.span,
                    format!("column `{}` is in the key twice", name.text),
                    "name each column once",
                );
            }
            let needs_length = is_long(column.data_type.name);
            let plain = matches!(def.kind, KeyKind::Primary | KeyKind::Unique | KeyKind::Plain);
            // MariaDB hashes the whole, or keeps the beginning.
            let hashed = self.catalogue.dialect.vendor == crate::dialect::Vendor::MariaDb
                && matches!(def.kind, KeyKind::Unique | KeyKind::Plain);
            if needs_length && plain && !hashed && part.length.is_none() {
                self.refuse(
                    name.span,
                    format!(
                        "`{}` is {}, which a key can hold only by its beginning",
                        name.text, column.data_type.name
                    ),
                    "give the length of the prefix, as in `KEY (notes(100))`",
                );
            }
        }
    }

    /// Drops a key. Whether a foreign key still needs it is seen at the end of the statement.
    pub(super) fn drop_key(&mut self, table: &mut Table, name: &Ident) -> Option<Key> {
        if let Some(index) = table.keys.iter().position(|key| name.same(&key.name)) {
            Some(table.keys.remove(index))
        } else {
            self.unknown_key(table, "key", name, table.keys.iter().map(|key| key.name.as_str()));
            None
        }
    }

    pub(super) fn rename_key(&mut self, table: &mut Table, from: &Ident, to: &Ident) {
        if !from.same(&to.text)
            && let Some(holder) = table.key(&to.text)
        {
            self.duplicate_key(to.span, &to.text, holder);
            return;
        }
        match table.keys.iter_mut().find(|key| from.same(&key.name)) {
            Some(key) => to.text.clone_into(&mut key.name),
            None => self.unknown_key(table, "key", from, table.keys.iter().map(|key| key.name.as_str())),
        }
    }

    /// Reports a key or constraint as missing, when that is certain.
    pub(super) fn unknown_key<'a>(
        &mut self,
        table: &Table,
        kind: &'static str,
        name: &Ident,
        known: impl Iterator<Item = &'a str>,
    ) {
        if !table.is_certain(self.catalogue) {
            return;
        }
        let help = advice(&name.text, known, "correct the name, or drop the statement if it is gone already");
        let (table, name_text) = (table.name.clone(), name.text.clone());
        self.report(name.span, |src, span| Finding::UnknownKey {
            table,
            kind,
            name: name_text,
            help,
            src,
            span,
        });
    }

    /// The server has one column that counts by itself, and it must be the first of a key.
    pub(super) fn require_key_for_auto_increment(&mut self, table: &Table) {
        if !table.is_certain(self.catalogue) {
            return;
        }
        let mut counting = table.columns.iter().filter(|column| column.auto_increment);
        let Some(column) = counting.next() else { return };
        let place = column.place.clone();
        let name = column.name.clone();
        let in_this_text = std::sync::Arc::ptr_eq(&place.source, self.source);
        let span = if in_this_text { place.span } else { table.place.span };
        if let Some(second) = counting.next() {
            let span = if std::sync::Arc::ptr_eq(&second.place.source, self.source) {
                second.place.span
            } else {
                span
            };
            self.refuse(
                span,
                format!("table `{}` has two AUTO_INCREMENT columns", table.name),
                "the server allows one per table",
            );
        }
        let keyed = table.keys.iter().any(|key| {
            matches!(key.kind, KeyKind::Primary | KeyKind::Unique | KeyKind::Plain)
                && matches!(key.parts.first().map(|part| &part.of), Some(KeyPartOf::Column(first)) if first.same(&name))
        });
        let engine = table.options.get("engine").map_or("innodb", String::as_str);
        if !keyed && engine == "innodb" {
            self.refuse(
                span,
                format!("AUTO_INCREMENT column `{name}` is not the first of any key"),
                "make it the primary key, or add a key that begins with it",
            );
        }
    }
}

impl Table {
    /// Takes out keys that the server made for a foreign key and that `key` can serve for.
    pub(super) fn drop_superseded(&mut self, key: &Key) {
        self.keys.retain(|old| {
            let columns: Option<Vec<String>> = old
                .parts
                .iter()
                .map(|part| match &part.of {
                    KeyPartOf::Column(name) => Some(name.text.clone()),
                    KeyPartOf::Expr(_) => None,
                })
                .collect();
            !(old.implicit && columns.is_some_and(|columns| key.begins_with(&columns)))
        });
    }
}
