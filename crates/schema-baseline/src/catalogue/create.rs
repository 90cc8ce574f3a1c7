//! `CREATE TABLE`.

use std::sync::Arc;

use super::apply::Run;
use super::constraint_names::Numbers;
use super::options::option;
use super::select::{self, Stop};
use super::table::{Column, Table};
use crate::ast::{
    CheckDef, Counting, CreateSequence, CreateTable, ForeignKeyDef, Ident, KeyDef, KeyKind, KeyPart,
    KeyPartOf, KeyWords, ObjectKind, ObjectName, TableElement, TableOption, same_name,
};
use crate::dialect::Vendor;
use crate::finding::Finding;
use crate::place::Span;

impl Run<'_> {
    pub(super) fn create_table(&mut self, def: &Arc<CreateTable>) {
        if !self.own(&def.name) {
            return;
        }
        if def.temporary {
            if let Some(query) = &def.query {
                self.data(&query.uses);
            }
            self.catalogue.temporary.insert(def.name.text().to_owned());
            return;
        }
        if !self.may_create_relation(&def.name, def.if_not_exists, def.or_replace) {
            return;
        }
        let Some(selected) = self.selected(def) else { return };
        let mut table = self.new_table(&def.name, &def.options);
        if let Some(partition) = &def.partition {
            table.partition(partition, self.catalogue.dialect);
        }
        let mut keys: Vec<KeyDef> = Vec::new();
        let mut foreign_keys: Vec<ForeignKeyDef> = Vec::new();
        let mut checks: Vec<(&CheckDef, Option<&Ident>)> = Vec::new();
        let mut periods = Vec::new();
        for (element, _) in &def.elements {
            match element {
                TableElement::Column(column) => {
                    self.add_column(&mut table, column, None);
                    keys.extend(column_keys(column));
                    foreign_keys.extend(self.inline_foreign_key(column));
                    checks.extend(column.checks.iter().map(|check| (check, Some(&column.name))));
                }
                TableElement::Key(key) => keys.push(key.clone()),
                TableElement::ForeignKey(key) => foreign_keys.push(key.clone()),
                TableElement::Check(check) => checks.push((check, None)),
                TableElement::Period(period) => periods.push(period),
            }
        }
        self.add_selected(&mut table, selected);
        for period in periods {
            self.add_period(&mut table, period);
        }
        self.settle_versioning(&mut table, &[], def.name.span(), true);
        if table.columns.is_empty() && def.elements.is_empty() {
            self.refuse(
                def.name.span(),
                format!("table `{}` has no columns", table.name),
                "a table must have at least one column",
            );
        }
        self.check_charset_options(&def.options);
        self.check_length(&def.name.name);
        self.check_columns(&table, def.name.span());
        for key in &keys {
            self.add_key(&mut table, key);
        }
        for (element, _) in &def.elements {
            if let TableElement::Column(def) = element {
                self.check_null_in_primary(&table, def);
            }
        }
        let mut numbers = Numbers::of(&table);
        for (check, column) in checks {
            self.add_check(&mut table, check, column, &mut numbers);
        }
        for key in &foreign_keys {
            self.add_foreign_key(&mut table, key, &mut numbers, false);
        }
        self.check_names_of_checks(&table);
        self.require_key_for_auto_increment(&table);
        self.require_sequences(&mut table);
        self.check_partitions(&table, def.name.span());
        self.insert_table(table);
    }

    /// The columns that the query of a table gives; none when that is not known, which is said.
    fn selected(&mut self, def: &CreateTable) -> Option<Vec<Column>> {
        let Some(query) = &def.query else { return Some(Vec::new()) };
        let before = self.findings.len();
        self.data(&query.uses);
        let is_foreign =
            |(element, _): &&(TableElement, Span)| matches!(element, TableElement::ForeignKey(_));
        if self.catalogue.dialect.vendor == Vendor::MySql
            && let Some((_, span)) = def.elements.iter().find(is_foreign)
        {
            let reason = "a table that begins with a query has no foreign keys".to_owned();
            self.refuse(*span, reason, "add the foreign key by ALTER TABLE");
        }
        let place = self.place(def.name.span());
        let text = query.span.of(self.source.inner());
        let stop = match select::columns(self.catalogue, text, &place) {
            Ok(columns) => return Some(columns),
            Err(stop) => stop,
        };
        if self.findings.len() == before {
            match stop {
                Stop::Refused(reason) => self.refuse(query.span, reason, "correct the query"),
                Stop::Unknown => {
                    let what = "the list of columns that this query gives".to_owned();
                    self.report(query.span, |src, span| Finding::NotUnderstood { what, src, span });
                }
            }
        }
        self.not_understood(&[(ObjectKind::Table, def.name.clone())], def.name.span());
        None
    }

    /// Columns of a query stand behind those that the statement defines; what it defines of them itself counts.
    fn add_selected(&self, table: &mut Table, selected: Vec<Column>) {
        for column in selected {
            let own = table.columns.iter().position(|own| same_name(&own.name, &column.name));
            let Some(mut own) = own.map(|at| table.columns.remove(at)) else {
                table.columns.push(column);
                continue;
            };
            if self.catalogue.dialect.vendor == Vendor::MySql {
                own.comment = column.comment;
                own.data_type.words.0.own_charset |= column.data_type.words.0.own_charset;
            }
            table.columns.push(own);
        }
    }

    pub(super) fn insert_table(&mut self, table: Table) {
        for key in table.foreign_keys.iter().filter(|key| key.parent_schema.is_none()) {
            self.catalogue.link(&table.name, &key.parent);
        }
        self.catalogue.file_constraints(&table);
        self.catalogue.tables.insert(table.name.clone(), Arc::new(table));
    }

    /// A table without columns, its options set.
    fn new_table(&self, name: &ObjectName, options: &[TableOption]) -> Table {
        let charset = self.resolve_charset(option(options, "charset"), option(options, "collate"));
        let mut table = Table::empty(name.text(), charset, self.place(name.span()));
        table.options.insert("engine".to_owned(), "innodb".to_owned());
        table.set_options(options);
        table
    }

    /// Whether a table, view or sequence of that name may be created now; an existing one is reported, kept or dropped as the
    /// statement says.
    pub(super) fn may_create_relation(
        &mut self,
        name: &ObjectName,
        if_not_exists: bool,
        or_replace: bool,
    ) -> bool {
        let text = name.text();
        let Some(kind) = self.catalogue.relation(text) else { return true };
        if self
            .catalogue
            .tables
            .get(text)
            .is_some_and(|table| table.columns.is_empty() && table.unknown.is_some())
        {
            return true;
        }
        if if_not_exists {
            return false;
        }
        if or_replace && kind != ObjectKind::View {
            self.remove_table(text);
            self.catalogue.sequences.remove(text);
            return true;
        }
        self.duplicate_object(kind, &name.name);
        false
    }

    pub(super) fn create_table_like(
        &mut self,
        name: &ObjectName,
        like: &ObjectName,
        if_not_exists: bool,
        temporary: bool,
    ) {
        if !self.own(name) {
            return;
        }
        if temporary {
            self.catalogue.temporary.insert(name.text().to_owned());
            return;
        }
        if !self.own(like) {
            let place = self.place(name.span());
            self.not_understood(&[(ObjectKind::Table, name.clone())], place.span);
            return;
        }
        if let Some(model) = self.catalogue.sequences.get(like.text()) {
            let def = CreateSequence {
                name: name.clone(),
                temporary,
                or_replace: false,
                if_not_exists,
                counting: Counting { value_type: Some(model.value_type), ..Counting::default() },
                options: Vec::new(),
            };
            self.create_sequence(&Arc::new(def));
            return;
        }
        let Some(model) = self.catalogue.table(like.text()).cloned() else {
            if !self.catalogue.temporary.contains(like.text()) {
                self.unknown_table(&like.name);
            }
            self.not_understood(&[(ObjectKind::Table, name.clone())], name.span());
            return;
        };
        if !self.may_create_relation(name, if_not_exists, false) {
            return;
        }
        let place = self.place(name.span());
        let mut table = Table { name: name.text().to_owned(), place, foreign_keys: Vec::new(), ..model };
        // MariaDB keeps the names, which are those of the table alone there; MySQL numbers them in the order of the old names.
        if self.catalogue.dialect.vendor == Vendor::MySql {
            table.checks.sort_by_key(|check| check.name.to_lowercase());
            for (n, check) in (1..).zip(&mut table.checks) {
                check.name = format!("{}_chk_{n}", table.name);
                check.generated_name = true;
            }
        }
        self.insert_table(table);
    }
}

/// The keys that a column's own attributes define.
pub(super) fn column_keys(column: &crate::ast::ColumnDef) -> impl Iterator<Item = KeyDef> + '_ {
    let kinds = [(column.primary, KeyKind::Primary), (column.unique, KeyKind::Unique)];
    kinds.into_iter().filter(|(wanted, _)| *wanted).map(|(_, kind)| KeyDef {
        kind,
        name: None,
        parts: vec![KeyPart { of: KeyPartOf::Column(column.name.clone()), length: None, descending: false }],
        invisible: false,
        options: Vec::new(),
        words: KeyWords::default(),
        span: column.name.span,
    })
}

impl Run<'_> {
    /// The foreign key of a column's `REFERENCES`, which MySQL before 9.0 reads and forgets.
    pub(super) fn inline_foreign_key(&self, column: &crate::ast::ColumnDef) -> Option<ForeignKeyDef> {
        let dialect = self.catalogue.dialect;
        if dialect.vendor == Vendor::MySql && dialect.version < 90_000 {
            return None;
        }
        let (references, span) = column.references.clone()?;
        let columns: Vec<Ident> = vec![column.name.clone()];
        Some(ForeignKeyDef { name: None, index: None, columns, references, span })
    }

    /// The column that a definition gives in `table`.
    pub(super) fn column_of(&self, table: &Table, def: &crate::ast::ColumnDef) -> Column {
        Column::new(def, (&table.charset, &table.collation), self.catalogue.dialect, self.place(def.span))
    }
}
