//! `ALTER TABLE`: drops first, then options, columns, keys and constraints, the name — as the server sorts them.

use std::sync::Arc;

use super::apply::Run;
use super::constraint_names::Numbers;
use super::create::column_keys;
use super::options::option;
use super::partitions::NotChanged;
use super::table::{Key, Partitioning, Table};
use super::versioning;
use crate::ast::{AlterAction, AlterTable, Ident, TableAction, TableElement, TableOption};
use crate::finding::Finding;
use crate::place::Span;

impl Run<'_> {
    pub(super) fn alter_table(&mut self, alter: &AlterTable) {
        if !self.own(&alter.name) || self.catalogue.temporary.contains(alter.name.text()) {
            return;
        }
        let Some(table) = self.catalogue.tables.remove(alter.name.text()) else {
            if let Some(sequence) = self.catalogue.sequences.remove(alter.name.text()) {
                self.alter_sequence_as_table(alter, sequence);
            } else if self.catalogue.views.contains_key(alter.name.text()) {
                self.refuse(
                    alter.name.span(),
                    format!("`{}` is a view", alter.name.text()),
                    "use ALTER VIEW, or name a table",
                );
            } else if !alter.if_exists {
                self.unknown_table(&alter.name.name);
            }
            return;
        };
        let mut table = Arc::unwrap_or_clone(table);
        for key in table.foreign_keys.iter().filter(|key| key.parent_schema.is_none()) {
            self.catalogue.unlink(&table.name, &key.parent);
        }
        self.check_added_again(&table, alter);
        let before = self.findings.len();
        let dropped_keys = self.drops(&mut table, &alter.actions);
        // New columns of the same statement take the new character set.
        self.options(&mut table, &alter.actions);
        let known: Vec<String> = table.column_names().map(ToOwned::to_owned).collect();
        self.columns(&mut table, &alter.actions);
        self.settle_versioning(&mut table, &known, alter.name.span(), false);
        self.additions(&mut table, &alter.actions);
        self.check_names_of_checks(&table);
        for action in &alter.actions {
            if let AlterAction::Add(TableElement::Column(def), _)
            | AlterAction::Modify(def, _)
            | AlterAction::Change(_, def, _) = &action.action
            {
                self.check_null_in_primary(&table, def);
            }
        }
        self.check_columns(&table, alter.name.span());
        if self.findings.len() == before {
            self.check_columns_left(&table, alter.name.span());
        }
        self.check_changed_partitions(&table, alter);
        self.keep_backing_keys(&table, &dropped_keys);
        self.require_key_for_auto_increment(&table);
        self.require_sequences(&mut table);
        for key in table.foreign_keys.iter().filter(|key| key.parent_schema.is_none()) {
            self.catalogue.link(&table.name, &key.parent);
        }
        self.catalogue.file_constraints(&table);
        self.catalogue.tables.insert(table.name.clone(), Arc::new(table));
        let mut name = alter.name.clone();
        for action in &alter.actions {
            if let AlterAction::RenameTo(to) = &action.action {
                self.rename_table(&name, to);
                name = to.clone();
            }
        }
    }

    /// The first round: what goes. Returns the keys that went, with the places that dropped them.
    fn drops(&mut self, table: &mut Table, actions: &[TableAction]) -> Vec<(Key, Span)> {
        let mut dropped = Vec::new();
        let gone: Vec<String> = actions
            .iter()
            .filter_map(|action| match &action.action {
                AlterAction::DropColumn(name) => Some(name.text.clone()),
                _ => None,
            })
            .collect();
        for action in actions {
            match &action.action {
                AlterAction::DropForeignKey(name) => {
                    let found = table.foreign_keys.iter().position(|key| name.same(&key.name));
                    self.drop_at(table, found, "foreign key", name, action, |table, index| {
                        table.foreign_keys.remove(index);
                    });
                }
                AlterAction::DropCheck(name) => {
                    let found = table.checks.iter().position(|check| name.same(&check.name));
                    self.drop_at(table, found, "check constraint", name, action, |table, index| {
                        table.checks.remove(index);
                    });
                }
                AlterAction::DropConstraint(name) => self.drop_constraint(table, name, action, &mut dropped),
                AlterAction::DropKey(name) if action.if_exists && table.key(&name.text).is_none() => {}
                AlterAction::DropKey(name) => {
                    dropped.extend(self.drop_key(table, name).map(|key| (key, name.span)));
                }
                AlterAction::DropPeriod(name) => self.drop_period(table, name, action.if_exists),
                AlterAction::DropPrimaryKey => {
                    let primary = Ident { text: "PRIMARY".to_owned(), span: action.span };
                    dropped.extend(self.drop_key(table, &primary).map(|key| (key, action.span)));
                }
                _ => {}
            }
        }
        for action in actions {
            if let AlterAction::DropColumn(name) = &action.action
                && !(action.if_exists && table.column(&name.text).is_none())
            {
                self.drop_column(table, name, &gone);
            }
        }
        dropped
    }

    fn drop_at(
        &mut self,
        table: &mut Table,
        found: Option<usize>,
        kind: &'static str,
        name: &Ident,
        action: &TableAction,
        remove: impl FnOnce(&mut Table, usize),
    ) {
        match found {
            Some(index) => remove(table, index),
            None if action.if_exists => {}
            None => {
                let keys = table.foreign_keys.iter().map(|key| key.name.as_str());
                let known = keys.chain(table.checks.iter().map(|check| check.name.as_str()));
                self.unknown_key(table, kind, name, known);
            }
        }
    }

    fn drop_constraint(
        &mut self,
        table: &mut Table,
        name: &Ident,
        action: &TableAction,
        dropped: &mut Vec<(Key, Span)>,
    ) {
        if let Some(index) = table.foreign_keys.iter().position(|key| name.same(&key.name)) {
            table.foreign_keys.remove(index);
        } else if let Some(index) = table.checks.iter().position(|check| name.same(&check.name)) {
            table.checks.remove(index);
        } else if table.key(&name.text).is_some() {
            dropped.extend(self.drop_key(table, name).map(|key| (key, name.span)));
        } else if !action.if_exists {
            let keys = table.foreign_keys.iter().map(|key| key.name.as_str());
            let known = keys.chain(table.checks.iter().map(|check| check.name.as_str()));
            self.unknown_key(table, "constraint", name, known);
        }
    }

    /// The second round: columns, in the order written.
    fn columns(&mut self, table: &mut Table, actions: &[TableAction]) {
        self.check_changed_once(table, actions);
        // What is added stands beside the new names, and what is modified is called by its old one.
        self.rename_columns(table, actions);
        for action in actions {
            match &action.action {
                AlterAction::Add(TableElement::Column(def), position)
                    if !(action.if_exists && table.column(&def.name.text).is_some()) =>
                {
                    self.add_column(table, def, position.as_ref());
                }
                AlterAction::Modify(def, position)
                    if !(action.if_exists && table.column(&def.name.text).is_none()) =>
                {
                    self.change_column(table, &def.name, def, position.as_ref());
                }
                AlterAction::Change(old, def, position)
                    if !(action.if_exists && table.column(&old.text).is_none()) =>
                {
                    self.change_column(table, old, def, position.as_ref());
                }
                AlterAction::SetDefault(name, default) => {
                    match table.columns.iter_mut().find(|column| name.same(&column.name)) {
                        Some(column) => column.default.clone_from(default),
                        None => self.missing_column(table, name),
                    }
                }
                AlterAction::HideColumn(name, hidden) => {
                    match table.columns.iter_mut().find(|column| name.same(&column.name)) {
                        Some(column) => column.invisible = *hidden,
                        None => self.missing_column(table, name),
                    }
                }
                AlterAction::ConvertTo { charset, collation } => {
                    self.check_charset(charset.as_deref(), collation.as_deref(), action.span);
                    let (charset, collation) = self.resolve_charset(charset.as_deref(), collation.as_deref());
                    for column in &mut table.columns {
                        column.convert(&charset, &collation);
                    }
                    (table.charset, table.collation) = (charset, collation);
                }
                _ => {}
            }
        }
        for action in actions {
            if let AlterAction::Add(TableElement::Period(period), _) = &action.action {
                self.add_period(table, period);
            }
        }
    }

    /// All `RENAME COLUMN`s of a statement happen at once, so that two columns can swap their names.
    fn rename_columns(&mut self, table: &mut Table, actions: &[TableAction]) {
        let mut renamed: Vec<(usize, &Ident, &Ident)> = Vec::new();
        for action in actions {
            let AlterAction::RenameColumn(from, to) = &action.action else { continue };
            match table.columns.iter().position(|column| from.same(&column.name)) {
                Some(index) => renamed.push((index, from, to)),
                None if action.if_exists => {}
                None => self.missing_column(table, from),
            }
        }
        for &(index, _, to) in &renamed {
            let taken = table.columns.iter().enumerate().find(|(other, column)| {
                *other != index && to.same(&column.name) && !renamed.iter().any(|(moved, ..)| moved == other)
            });
            let twice = renamed.iter().find(|&&(other, _, name)| other < index && to.same(&name.text));
            let taken = taken.or_else(|| table.columns.iter().enumerate().nth(twice?.0));
            if let Some((_, first)) = taken {
                let first = vec![Finding::see_also("defined first here", &first.place)];
                let (table, name) = (table.name.clone(), to.text.clone());
                self.report(to.span, |src, span| Finding::DuplicateColumn { table, name, src, span, first });
            }
        }
        // A name that no column can have keeps swapped names apart while uses are rewritten one by one.
        let parked = |index: usize| format!("\u{0}{index}");
        for &(index, from, to) in &renamed {
            self.rename_uses(table, from, &parked(index));
            table.columns[index].place = self.place(to.span);
        }
        for &(index, from, to) in &renamed {
            let parked = Ident { text: parked(index), span: from.span };
            self.rename_uses(table, &parked, &to.text);
            to.text.clone_into(&mut table.columns[index].name);
        }
    }

    /// The third round: keys and constraints.
    fn additions(&mut self, table: &mut Table, actions: &[TableAction]) {
        let mut numbers = Numbers::of(table);
        for action in actions {
            match &action.action {
                AlterAction::RenameKey(from, to) => self.rename_key(table, from, to),
                AlterAction::HideKey(name, hidden) => {
                    match table.keys.iter_mut().find(|key| name.same(&key.name)) {
                        Some(key) => key.invisible = *hidden,
                        None => self.unknown_key(
                            table,
                            "key",
                            name,
                            table.keys.iter().map(|key| key.name.as_str()),
                        ),
                    }
                }
                AlterAction::EnforceCheck(name, enforced) => {
                    if let Some(check) = table.checks.iter_mut().find(|check| name.same(&check.name)) {
                        check.enforced = *enforced;
                    } else {
                        let known = table.checks.iter().map(|check| check.name.as_str());
                        self.unknown_key(table, "check constraint", name, known);
                    }
                }
                _ => {}
            }
        }
        for action in actions {
            match &action.action {
                AlterAction::Add(TableElement::Key(key), _) => {
                    let named = key.name.as_ref().is_some_and(|name| table.key(&name.text).is_some());
                    if !(action.if_exists && named) {
                        self.add_key(table, key);
                    }
                }
                AlterAction::Add(TableElement::Column(def), _)
                | AlterAction::Modify(def, _)
                | AlterAction::Change(_, def, _) => {
                    for key in column_keys(def) {
                        self.add_key(table, &key);
                    }
                    for check in &def.checks {
                        self.add_check(table, check, Some(&def.name), &mut numbers);
                    }
                }
                _ => {}
            }
        }
        for action in actions {
            match &action.action {
                AlterAction::Add(TableElement::ForeignKey(key), _) => {
                    let named = key
                        .name
                        .as_ref()
                        .is_some_and(|name| table.foreign_keys.iter().any(|other| name.same(&other.name)));
                    if !(action.if_exists && named) {
                        self.add_foreign_key(table, key, &mut numbers, true);
                    }
                }
                AlterAction::Add(TableElement::Column(def), _) => {
                    if let Some(key) = self.inline_foreign_key(def) {
                        self.add_foreign_key(table, &key, &mut numbers, true);
                    }
                }
                AlterAction::Add(TableElement::Check(check), _) => {
                    self.add_check(table, check, None, &mut numbers);
                }
                _ => {}
            }
        }
    }

    /// A key that was dropped must not be the last one that can back a foreign key.
    fn keep_backing_keys(&mut self, table: &Table, dropped: &[(Key, Span)]) {
        if !self.catalogue.foreign_key_checks || !table.is_certain(self.catalogue) {
            return;
        }
        for (key, span) in dropped {
            let backs = |columns: &[String]| {
                key.begins_with(columns) && !table.keys.iter().any(|other| other.begins_with(columns))
            };
            let own = table.foreign_keys.iter().find(|user| backs(&user.columns));
            let user = own.map(|user| (table.name.clone(), user.clone())).or_else(|| {
                let mut children =
                    self.catalogue.children(&table.name).filter_map(|child| self.catalogue.tables.get(child));
                children.find_map(|child| {
                    let mut keys = child.foreign_keys.iter();
                    let user = keys.find(|user| user.parent == table.name && backs(&user.parent_columns))?;
                    Some((child.name.clone(), user.clone()))
                })
            });
            let Some((child, user)) = user else { continue };
            let used = vec![Finding::see_also("the foreign key", &user.place)];
            let what = format!("key `{}`", key.name);
            let user = format!("foreign key `{}` of table `{child}`", user.name);
            self.report(*span, |src, span| Finding::StillInUse { what, user, src, span, used });
        }
    }

    /// Options and partitions.
    fn options(&mut self, table: &mut Table, actions: &[TableAction]) {
        for action in actions {
            match &action.action {
                AlterAction::Options(options) => self.change_options(table, options),
                AlterAction::Partition(None) => {
                    (table.partitioning, table.partitions) = (Partitioning::None, None);
                }
                AlterAction::Partition(Some(by)) => table.partition(by, self.catalogue.dialect),
                AlterAction::ChangePartitions => self.change_partitions(table, action.span),
                _ => {}
            }
        }
    }

    fn change_partitions(&mut self, table: &mut Table, span: Span) {
        let text = span.of(self.source.inner());
        let lenient = |words: &str| text.to_ascii_lowercase().contains(words);
        match table.change_partitions(text, self.catalogue.dialect) {
            Ok(()) => {}
            Err(NotChanged::Missing(_)) if lenient("if exists") => {}
            Err(NotChanged::Taken(_)) if lenient("if not exists") => {}
            Err(NotChanged::Missing(name)) => {
                let reason = format!("table `{}` has no partition `{name}`", table.name);
                self.refuse(span, reason, "correct the name");
            }
            Err(NotChanged::Taken(name)) => {
                let reason = format!("table `{}` has a partition `{name}` already", table.name);
                self.refuse(span, reason, "choose another name");
            }
            Err(NotChanged::NoPartitions) => {
                let reason = format!("table `{}` has no partitions", table.name);
                self.refuse(span, reason, "give it some by PARTITION BY first");
            }
            Err(NotChanged::NoneLeft) => {
                let reason = format!("table `{}` would be left without partitions", table.name);
                self.refuse(span, reason, "use REMOVE PARTITIONING, or DROP TABLE");
            }
            Err(NotChanged::NotUnderstood) => {
                (table.partitioning, table.partitions) = (Partitioning::Unknown, None);
                let what = "a change of partitions".to_owned();
                self.report(span, |src, span| Finding::NotUnderstood { what, src, span });
            }
        }
    }

    fn change_options(&mut self, table: &mut Table, options: &[TableOption]) {
        self.check_charset_options(options);
        let (charset, collation) = (option(options, "charset"), option(options, "collate"));
        if charset.is_some() || collation.is_some() {
            (table.charset, table.collation) = self.resolve_charset(charset, collation);
        }
        for option in options.iter().filter(|option| option.name == versioning::OPTION) {
            self.switch_versioning(table, !option.value.is_empty(), option.span);
        }
        table.set_options(options);
    }
}
