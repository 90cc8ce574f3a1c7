//! Foreign keys and checks.

use super::Catalogue;
use super::apply::Run;
use super::constraint_names::{Numbers, Unique};
use super::table::{Check, Column, ForeignKey, Key, Table};
use crate::ast::{
    Action, ActionWord, CheckDef, ForeignKeyDef, Ident, KeyKind, KeyPart, KeyPartOf, KeyWords, same_name,
};
use crate::dialect::Vendor;
use crate::finding::{Finding, at};
use crate::nearest::advice;

impl Run<'_> {
    /// Adds a foreign key, with the key that backs it when no other does.
    pub(super) fn add_foreign_key(
        &mut self,
        table: &mut Table,
        def: &ForeignKeyDef,
        numbers: &mut Numbers,
        altering: bool,
    ) {
        // The name behind `FOREIGN KEY` is also that of the constraint on MariaDB, when it has no other.
        let index = def.index.as_ref().filter(|_| self.catalogue.dialect.vendor == Vendor::MariaDb);
        let (name, generated_name) = match def.name.as_ref().or(index) {
            Some(name) => (name.text.clone(), false),
            None => (numbers.foreign_key(table), true),
        };
        let own = table.foreign_keys.iter().find(|key| same_name(&key.name, &name)).map(|key| &key.place);
        let elsewhere = || self.catalogue.constraint_elsewhere(Unique::ForeignKey, &name, &table.name);
        if let Some(holder) = own.or_else(elsewhere).cloned() {
            let span = def.name.as_ref().map_or(def.span, |name| name.span);
            self.duplicate_constraint(span, &name, &holder);
            return;
        }
        let parent = &def.references.table;
        let own = self.own(parent);
        let parent_schema = if own { None } else { parent.schema.as_ref().map(|schema| schema.text.clone()) };
        let mut parent_columns: Vec<String> =
            def.references.columns.iter().map(|column| column.text.clone()).collect();
        if parent_columns.is_empty()
            && let Some(key) = self.catalogue.table(parent.text()).and_then(Table::primary_key)
        {
            parent_columns = column_names(&key.parts);
        }
        if self.catalogue.dialect.vendor == Vendor::MySql {
            self.check_stored_base(table, def);
        }
        let mut missing = false;
        for column in &def.columns {
            if table.column(&column.text).is_none() {
                missing = true;
                self.missing_column(table, column);
            }
        }
        let mut key = ForeignKey {
            name,
            generated_name,
            columns: def.columns.iter().map(|column| column.text.clone()).collect(),
            parent_schema,
            parent: parent.text().to_owned(),
            parent_columns,
            on_delete: def.references.on_delete,
            on_update: def.references.on_update,
            words: self.action_words(def, altering),
            checked: missing || !own,
            place: self.place(def.span),
        };
        if !key.checked && self.catalogue.foreign_key_checks {
            key.checked = true;
            self.findings.extend(self.catalogue.foreign_key_problem(table, &key));
        }
        if !missing {
            Self::add_backing_key(table, def, &key);
        }
        table.foreign_keys.push(key);
    }

    /// MySQL changes no column by a foreign key from which it has stored the value of another.
    fn check_stored_base(&mut self, table: &Table, def: &ForeignKeyDef) {
        let changes = |action| matches!(action, Action::Cascade | Action::SetNull | Action::SetDefault);
        if !changes(def.references.on_delete) && !changes(def.references.on_update) {
            return;
        }
        let user = table.columns.iter().find_map(|column| {
            let expr = &column.generated.as_ref().filter(|generated| generated.stored)?.expr;
            let base = def.columns.iter().find(|base| expr.words.iter().any(|word| word.same(&base.text)))?;
            Some((base.text.clone(), column.name.clone()))
        });
        if let Some((base, user)) = user {
            let reason = format!("the foreign key changes `{base}`, from which `{user}` is stored");
            self.refuse(
                def.span,
                reason,
                "make the generated column VIRTUAL, or leave out CASCADE, SET NULL and SET DEFAULT",
            );
        }
    }

    /// MariaDB alters in place while it does not check foreign keys, and then takes `RESTRICT` for `NO ACTION`.
    fn action_words(&self, def: &ForeignKeyDef, altering: bool) -> (ActionWord, ActionWord) {
        let in_place = altering
            && self.catalogue.dialect.vendor == Vendor::MariaDb
            && !self.catalogue.foreign_key_checks;
        let kept = |word| match word {
            ActionWord::Restrict if in_place => ActionWord::NoAction,
            word => word,
        };
        (kept(def.references.words.0), kept(def.references.words.1))
    }

    /// The key that the server makes when no other can serve: named after the constraint, the name behind
    /// `FOREIGN KEY` or the column. It takes the place of one that the server made for an earlier foreign key.
    fn add_backing_key(table: &mut Table, def: &ForeignKeyDef, key: &ForeignKey) {
        let serves = |backing: &Key| {
            backing.begins_with(&key.columns)
                && (!backing.implicit || backing.parts.len() > key.columns.len())
        };
        if table.keys.iter().any(serves) {
            return;
        }
        let part = |column: &Ident| KeyPart {
            of: KeyPartOf::Column(column.clone()),
            length: None,
            descending: false,
        };
        let mut made = Key {
            kind: KeyKind::Plain,
            name: String::new(),
            parts: def.columns.iter().map(part).collect(),
            invisible: false,
            options: Vec::new(),
            words: KeyWords::default(),
            implicit: true,
            place: key.place.clone(),
        };
        table.drop_superseded(&made);
        let wanted = def.name.as_ref().or(def.index.as_ref()).map(|name| name.text.clone());
        let free = wanted.filter(|name| table.key(name).is_none());
        made.name = free.unwrap_or_else(|| table.name_for_key(&made.parts));
        table.keys.push(made);
    }

    /// Adds a check constraint. MariaDB keeps what stands in the definition of a `column` there.
    pub(super) fn add_check(
        &mut self,
        table: &mut Table,
        def: &CheckDef,
        column: Option<&Ident>,
        numbers: &mut Numbers,
    ) {
        let mariadb = self.catalogue.dialect.vendor == Vendor::MariaDb;
        if mariadb && !def.enforced {
            self.refuse(def.span, "MariaDB enforces every check".to_owned(), "leave NOT ENFORCED out");
        }
        let column = column.filter(|_| mariadb).map(|column| column.text.clone());
        if column.is_some() {
            table.checks.retain(|check| check.column != column);
        }
        let (name, generated_name) = match (&def.name, &column) {
            (_, Some(column)) => (column.clone(), true),
            (Some(name), None) => (name.text.clone(), false),
            (None, None) if mariadb => {
                let is_taken = |name: &str| table.checks.iter().any(|check| same_name(&check.name, name));
                let free = (1..=table.checks.len() + 1)
                    .map(|n| format!("CONSTRAINT_{n}"))
                    .find(|name| !is_taken(name));
                (free.unwrap_or_default(), true)
            }
            (None, None) => (numbers.check(table), true),
        };
        let holder =
            table.checks.iter().find(|check| check.column.is_none() && same_name(&check.name, &name));
        let elsewhere = || self.catalogue.constraint_elsewhere(Unique::Check, &name, &table.name);
        let holder = holder.map(|check| &check.place).or_else(elsewhere);
        if let Some(holder) = holder.filter(|_| column.is_none()).cloned() {
            let span = def.name.as_ref().map_or(def.span, |name| name.span);
            self.duplicate_constraint(span, &name, &holder);
            return;
        }
        let place = self.place(def.span);
        table.checks.push(Check {
            name,
            generated_name,
            expr: def.expr.clone(),
            enforced: def.enforced,
            column,
            place,
        });
    }
}

impl Catalogue {
    /// What is wrong with a foreign key of `table`, held against its parent.
    pub(super) fn foreign_key_problem(&self, table: &Table, key: &ForeignKey) -> Option<Finding> {
        if !table.is_certain(self) {
            return None;
        }
        let parent = if key.parent == table.name { Some(table) } else { self.table(&key.parent) };
        let Some(parent) = parent else {
            let (src, span) = at(&key.place);
            let known = self.tables.keys().map(String::as_str);
            let help = advice(&key.parent, known, "create the parent first, or correct the name");
            return Some(Finding::UnknownTable { name: key.parent.clone(), help, src, span });
        };
        if !parent.is_certain(self) {
            return None;
        }
        let problem = |reason: String, help: &'static str| {
            let (src, span) = at(&key.place);
            let parent = vec![Finding::see_also("the parent", &parent.place)];
            let (table, name) = (table.name.clone(), key.name.clone());
            Some(Finding::ForeignKey { table, name, reason, help, src, span, parent })
        };
        if key.columns.len() != key.parent_columns.len() {
            return problem(
                format!("{} columns refer to {}", key.columns.len(), key.parent_columns.len()),
                "name as many columns on both sides",
            );
        }
        for (own, other) in key.columns.iter().zip(&key.parent_columns) {
            let Some(column) = table.column(own) else { continue };
            let Some(parent_column) = parent.column(other) else {
                return problem(
                    format!("the parent `{}` has no column `{other}`", parent.name),
                    "correct the name, or add the column to the parent first",
                );
            };
            if kind_of(column) != kind_of(parent_column) {
                return problem(
                    format!(
                        "`{own}` is {} and `{}`.`{other}` is {}",
                        describe(column),
                        parent.name,
                        describe(parent_column)
                    ),
                    "give both columns the same type, sign, character set and collation",
                );
            }
            let sets_null = key.on_delete == Action::SetNull || key.on_update == Action::SetNull;
            if sets_null && !column.nullable {
                return problem(
                    format!("`{own}` is NOT NULL and cannot be SET NULL"),
                    "allow NULL in the column, or choose another action",
                );
            }
        }
        let strict = self.dialect.vendor == Vendor::MySql && self.dialect.version >= 80_400;
        if strict && !parent.keys.iter().any(|backing| backing.is_unique_over(&key.parent_columns)) {
            return problem(
                format!(
                    "no unique key of `{}` is over exactly ({})",
                    parent.name,
                    key.parent_columns.join(", ")
                ),
                "add a unique key to the parent first; since 8.4 the server refuses others",
            );
        }
        if !parent.keys.iter().any(|backing| backing.begins_with(&key.parent_columns) || strict) {
            return problem(
                format!("no key of `{}` begins with ({})", parent.name, key.parent_columns.join(", ")),
                "add a key to the parent first",
            );
        }
        None
    }
}

/// What of a type must be equal on both sides of a foreign key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FkKind {
    Integer { bytes: u8, unsigned: bool },
    Text { collation: Option<String> },
    Bytes,
    Other(&'static str),
}

impl FkKind {
    /// Whether two kinds are text in different character sets: accepted while checks are off.
    pub(super) fn differs_only_by_charset(&self, other: &Self) -> bool {
        matches!((self, other), (Self::Text { .. }, Self::Text { .. }))
    }
}

/// The kind of a column's type, after `InnoDB`'s main types.
pub(super) fn kind_of(column: &Column) -> FkKind {
    let data_type = &column.data_type;
    let integer = |bytes| FkKind::Integer { bytes, unsigned: data_type.unsigned };
    match data_type.name {
        "tinyint" => integer(1),
        "smallint" => integer(2),
        "mediumint" => integer(3),
        "int" => integer(4),
        "bigint" => integer(8),
        "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" => {
            FkKind::Text { collation: data_type.collation.clone() }
        }
        "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" => FkKind::Bytes,
        other => FkKind::Other(other),
    }
}

fn describe(column: &Column) -> String {
    let data_type = &column.data_type;
    let sign = if data_type.unsigned { " unsigned" } else { "" };
    let collation = data_type.collation.as_ref().map(|collation| format!(" collate {collation}"));
    format!("{}{sign}{}", data_type.name, collation.unwrap_or_default())
}

/// The names of the columns among key parts.
pub(super) fn column_names(parts: &[KeyPart]) -> Vec<String> {
    let name = |part: &KeyPart| match &part.of {
        KeyPartOf::Column(name) => Some(name.text.clone()),
        KeyPartOf::Expr(_) => None,
    };
    parts.iter().filter_map(name).collect()
}
