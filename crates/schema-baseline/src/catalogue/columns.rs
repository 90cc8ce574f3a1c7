//! Columns of a table: adding, changing, dropping.

use std::sync::Arc;

use super::apply::Run;
use super::table::{Column, Table};
use super::versioning;
use crate::ast::{ColumnDef, Expr, Ident, KeyKind, KeyPartOf, Position, same_name};
use crate::dialect::Vendor;
use crate::finding::Finding;
use crate::place::{Place, Span};

impl Run<'_> {
    /// Adds a column.
    pub(super) fn add_column(&mut self, table: &mut Table, def: &ColumnDef, position: Option<&Position>) {
        if let Some(first) = table.column(&def.name.text) {
            if table.is_certain(self.catalogue) {
                self.duplicate_column(table, &def.name, &first.place);
            }
            return;
        }
        let column = self.column_of(table, def);
        self.check_definition(def, &column);
        if def.primary && def.nullable == Some(true) && self.catalogue.dialect.vendor == Vendor::MySql {
            self.refuse(
                def.name.span,
                format!("`{}` is part of the primary key and may be NULL", def.name.text),
                "a primary key's columns are NOT NULL; write NOT NULL or nothing",
            );
        }
        let index = table.columns.len();
        self.insert_column(table, column, position, index);
    }

    fn duplicate_column(&mut self, table: &Table, name: &Ident, first: &Place) {
        let first = vec![Finding::see_also("defined first here", first)];
        let (table, text) = (table.name.clone(), name.text.clone());
        self.report(name.span, |src, span| Finding::DuplicateColumn { table, name: text, src, span, first });
    }

    fn insert_column(
        &mut self,
        table: &mut Table,
        column: Column,
        position: Option<&Position>,
        otherwise: usize,
    ) {
        let index = match position {
            None => otherwise,
            Some(Position::First) => 0,
            Some(Position::After(name)) => {
                if let Some(index) = table.columns.iter().position(|column| name.same(&column.name)) {
                    index + 1
                } else {
                    self.missing_column(table, name);
                    otherwise
                }
            }
        };
        table.columns.insert(index.min(table.columns.len()), column);
    }

    /// Reports a column as missing, when that is certain.
    pub(super) fn missing_column(&mut self, table: &Table, name: &Ident) {
        if table.is_certain(self.catalogue) {
            self.unknown_column(table.name.clone(), table.column_advice(&name.text), name);
        }
    }

    /// `MODIFY` and `CHANGE`: gives a column a new definition, and perhaps a new name.
    pub(super) fn change_column(
        &mut self,
        table: &mut Table,
        old: &Ident,
        def: &ColumnDef,
        position: Option<&Position>,
    ) {
        let Some(index) = table.columns.iter().position(|column| old.same(&column.name)) else {
            self.missing_column(table, old);
            if table.unknown.is_some() && table.column(&def.name.text).is_none() {
                let column = self.column_of(table, def);
                table.columns.push(column);
            }
            return;
        };
        let before = table.columns.remove(index);
        if let Some(first) = table.column(&def.name.text) {
            let place = first.place.clone();
            self.duplicate_column(table, &def.name, &place);
        }
        let mut column = self.column_of(table, def);
        self.check_definition(def, &column);
        if table.primary_key().is_some_and(|key| key.has_column(&old.text)) {
            column.forbid_null();
        }
        self.keep_foreign_keys_whole(table, &before, &column, def.span);
        if !old.same(&def.name.text) {
            self.rename_uses(table, old, &def.name.text);
        }
        self.insert_column(table, column, position, index);
    }

    /// A column of a foreign key, on either side, must keep a type that fits the other.
    fn keep_foreign_keys_whole(&mut self, table: &Table, before: &Column, after: &Column, span: Span) {
        let kinds = (super::constraints::kind_of(before), super::constraints::kind_of(after));
        if kinds.0 == kinds.1 || !table.is_certain(self.catalogue) {
            return;
        }
        let own = table
            .foreign_keys
            .iter()
            .find(|key| key.columns.iter().any(|column| same_name(column, &before.name)));
        let user = own.map(|key| (table.name.clone(), key.clone())).or_else(|| {
            let mut children =
                self.catalogue.children(&table.name).filter_map(|child| self.catalogue.tables.get(child));
            children.find_map(|child| {
                let key = child.foreign_keys.iter().find(|key| {
                    key.parent == table.name
                        && key.parent_columns.iter().any(|column| same_name(column, &before.name))
                })?;
                Some((child.name.clone(), key.clone()))
            })
        });
        let Some((user_table, key)) = user else { return };
        let lenient = self.catalogue.dialect.vendor == Vendor::MySql && !self.catalogue.foreign_key_checks;
        if lenient && kinds.0.differs_only_by_charset(&kinds.1) {
            return;
        }
        let what = format!("the type of column `{}`", before.name);
        let user = format!("foreign key `{}` of table `{user_table}`", key.name);
        let used = vec![Finding::see_also("the foreign key", &key.place)];
        self.report(span, |src, span| Finding::StillInUse { what, user, src, span, used });
    }

    /// Lets keys and foreign keys follow a column to its new name. Expressions follow on MariaDB; MySQL refuses.
    pub(super) fn rename_uses(&mut self, table: &mut Table, old: &Ident, new: &str) {
        let dialect = self.catalogue.dialect;
        let follows = dialect.vendor == Vendor::MariaDb;
        let user = if follows { None } else { table.expression_user(&old.text, &[]) };
        let user = user.or_else(|| table.period_over(&old.text)).or_else(|| {
            let spread = !follows && table.is_spread_by(&old.text, dialect);
            spread.then(|| ("the partitions".to_owned(), table.place.clone()))
        });
        if let Some((user, place)) = user.filter(|_| table.is_certain(self.catalogue)) {
            let used = vec![Finding::see_also("used here", &place)];
            let what = format!("column `{}`", old.text);
            self.report(old.span, |src, span| Finding::StillInUse { what, user, src, span, used });
        }
        if follows {
            table.rename_in_expressions(&old.text, new, dialect);
        }
        for part in table.keys.iter_mut().flat_map(|key| &mut key.parts) {
            if let KeyPartOf::Column(column) = &mut part.of
                && column.same(&old.text)
            {
                new.clone_into(&mut column.text);
            }
        }
        for column in table.foreign_keys.iter_mut().flat_map(|key| &mut key.columns) {
            if same_name(column, &old.text) {
                new.clone_into(column);
            }
        }
        let name = table.name.clone();
        let children: Vec<String> = self.catalogue.children(&name).map(ToOwned::to_owned).collect();
        let own = table.foreign_keys.iter_mut().filter(|key| key.parent == name);
        for column in
            own.flat_map(|key| &mut key.parent_columns).filter(|column| same_name(column, &old.text))
        {
            new.clone_into(column);
        }
        for child in children {
            let Some(child) = self.catalogue.tables.get_mut(&child) else { continue };
            let keys = Arc::make_mut(child).foreign_keys.iter_mut().filter(|key| key.parent == name);
            for column in
                keys.flat_map(|key| &mut key.parent_columns).filter(|column| same_name(column, &old.text))
            {
                new.clone_into(column);
            }
        }
    }

    /// Drops a column, with what goes along: keys over it alone, checks that use no other column.
    pub(super) fn drop_column(&mut self, table: &mut Table, name: &Ident, gone: &[String]) {
        let Some(index) = table.columns.iter().position(|column| name.same(&column.name)) else {
            self.missing_column(table, name);
            return;
        };
        table.checks.retain(|check| !uses_only(&check.expr, &name.text, &table.columns));
        if table.is_certain(self.catalogue) {
            self.refuse_while_used(table, name, gone);
        }
        for key in &mut table.keys {
            if !key.has_column(&name.text) {
                continue;
            }
            if key.kind == KeyKind::Unique
                && key.parts.len() > 1
                && !versioning::is_row_bound(&table.columns[index].other)
                && key.parts.iter().any(|part| {
                    !matches!(&part.of, KeyPartOf::Column(other) if gone.iter().any(|gone| other.same(gone)))
                })
            {
                if self.catalogue.dialect.vendor == Vendor::MariaDb {
                    let reason = format!("unique key `{}` needs column `{}`", key.name, name.text);
                    self.refuse(name.span, reason, "drop the key in the same statement or before");
                    continue;
                }
                let (table, column, key) = (table.name.clone(), name.text.clone(), key.name.clone());
                self.report(name.span, |src, span| Finding::NarrowedKey { table, column, key, src, span });
            }
            key.parts
                .retain(|part| !matches!(&part.of, KeyPartOf::Column(column) if column.same(&name.text)));
        }
        table.keys.retain(|key| !key.parts.is_empty());
        table.columns.remove(index);
    }

    fn refuse_while_used(&mut self, table: &Table, name: &Ident, gone: &[String]) {
        let own = table
            .foreign_keys
            .iter()
            .find(|key| key.columns.iter().any(|column| name.same(column)))
            .map(|key| (format!("foreign key `{}`", key.name), key.place.clone()));
        let own = own.or_else(|| table.period_over(&name.text));
        let user = own.or_else(|| table.expression_user(&name.text, gone)).or_else(|| {
            let mut children =
                self.catalogue.children(&table.name).filter_map(|child| self.catalogue.tables.get(child));
            children.find_map(|child| {
                let key = child.foreign_keys.iter().find(|key| {
                    key.parent == table.name && key.parent_columns.iter().any(|column| name.same(column))
                })?;
                Some((format!("foreign key `{}` of table `{}`", key.name, child.name), key.place.clone()))
            })
        });
        if let Some((user, place)) = user {
            let used = vec![Finding::see_also("used here", &place)];
            let what = format!("column `{}`", name.text);
            self.report(name.span, |src, span| Finding::StillInUse { what, user, src, span, used });
        }
    }
}

impl Table {
    /// The check, generated column or functional key whose expression uses a column. `gone` are columns that go too.
    fn expression_user(&self, column: &str, gone: &[String]) -> Option<(String, Place)> {
        let check = self.checks.iter().find(|check| uses(&check.expr, column));
        let check = check.map(|check| (format!("check constraint `{}`", check.name), check.place.clone()));
        let generated = || {
            let user = self.columns.iter().find(|other| {
                !gone.iter().any(|gone| same_name(gone, &other.name))
                    && other.generated.as_ref().is_some_and(|generated| uses(&generated.expr, column))
            })?;
            Some((format!("generated column `{}`", user.name), user.place.clone()))
        };
        let functional = || {
            let user = self.keys.iter().find(|key| {
                key.parts.iter().any(|part| matches!(&part.of, KeyPartOf::Expr(expr) if uses(expr, column)))
            })?;
            Some((format!("functional key `{}`", user.name), user.place.clone()))
        };
        check.or_else(generated).or_else(functional)
    }
}

fn uses(expr: &Expr, column: &str) -> bool {
    expr.words.iter().any(|word| word.same(column))
}

/// Whether an expression uses that column of the table and no other.
fn uses_only(expr: &Expr, column: &str, columns: &[Column]) -> bool {
    uses(expr, column)
        && !expr
            .words
            .iter()
            .any(|word| !word.same(column) && columns.iter().any(|other| word.same(&other.name)))
}
