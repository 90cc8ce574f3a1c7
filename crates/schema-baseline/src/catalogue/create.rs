//! `CREATE TABLE`, `DROP TABLE` and `RENAME TABLE`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::apply::Run;
use super::select::{self, Stop};
use super::table::{Column, Partitioning, Table};
use crate::ast::{
    CheckDef, Counting, CreateSequence, CreateTable, ForeignKeyDef, Ident, KeyDef, KeyKind, KeyPart,
    KeyPartOf, KeyWords, ObjectKind, ObjectName, TableElement, TableOption, same_name,
};
use crate::dialect::Vendor;
use crate::finding::Finding;
use crate::place::Span;

/// Options that say nothing about what a table means.
const IGNORED_OPTIONS: [&str; 4] = ["auto_increment", "avg_row_length", "charset", "collate"];

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
        for key in &keys {
            self.add_key(&mut table, key);
        }
        for (check, column) in checks {
            self.add_check(&mut table, check, column);
        }
        for key in &foreign_keys {
            self.add_foreign_key(&mut table, key, false);
        }
        self.require_key_for_auto_increment(&table);
        self.require_sequences(&mut table);
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

    fn insert_table(&mut self, table: Table) {
        for key in table.foreign_keys.iter().filter(|key| key.parent_schema.is_none()) {
            self.catalogue.link(&table.name, &key.parent);
        }
        self.catalogue.tables.insert(table.name.clone(), Arc::new(table));
    }

    /// A table without columns, its options set.
    fn new_table(&self, name: &ObjectName, options: &[TableOption]) -> Table {
        let (charset, collation) =
            self.resolve_charset(option(options, "charset"), option(options, "collate"));
        let mut table = Table {
            name: name.text().to_owned(),
            columns: Vec::new(),
            keys: Vec::new(),
            foreign_keys: Vec::new(),
            checks: Vec::new(),
            charset,
            collation,
            options: BTreeMap::from([("engine".to_owned(), "innodb".to_owned())]),
            partitioning: Partitioning::None,
            partitions: None,
            place: self.place(name.span()),
            unknown: None,
        };
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
        if self.catalogue.sequences.contains_key(like.text()) {
            let def = CreateSequence {
                name: name.clone(),
                temporary,
                or_replace: false,
                if_not_exists,
                counting: Counting::default(),
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
        for (n, check) in (1..).zip(&mut table.checks) {
            check.name = format!("{}_chk_{n}", table.name);
            check.generated_name = true;
        }
        self.insert_table(table);
    }

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

    /// Takes a table out, with its triggers.
    pub(super) fn remove_table(&mut self, name: &str) {
        let Some(table) = self.catalogue.tables.remove(name) else { return };
        for key in table.foreign_keys.iter().filter(|key| key.parent_schema.is_none()) {
            self.catalogue.unlink(name, &key.parent);
        }
        self.catalogue.triggers.retain(|_, trigger| trigger.table != name);
    }

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

impl super::Catalogue {
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
    /// Takes over table options. The character set is not among them.
    pub(super) fn set_options(&mut self, options: &[TableOption]) {
        for option in options.iter().filter(|option| !IGNORED_OPTIONS.contains(&option.name.as_str())) {
            let value = if option.name == "comment" || option.name.contains("attribute") {
                option.value.clone()
            } else {
                option.value.to_lowercase()
            };
            if value.is_empty() || value == "default" {
                self.options.remove(&option.name);
            } else {
                self.options.insert(option.name.clone(), value);
            }
        }
    }

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

/// The value of the last option of that name.
pub(super) fn option<'a>(options: &'a [TableOption], name: &str) -> Option<&'a str> {
    let option = options.iter().rev().find(|option| option.name == name)?;
    (option.value != "default").then_some(option.value.as_str())
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
