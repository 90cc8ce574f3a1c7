//! A schema in memory, to which statements are applied as the server would.

mod alter;
mod apply;
mod changed_once;
mod column_renames;
mod columns;
mod constraint_names;
mod constraints;
mod create;
mod definitions;
mod drop;
mod interpret;
mod key_parts;
mod keys;
mod options;
mod partition_rules;
mod partitions;
mod programs;
mod references;
mod rename;
mod select;
pub(crate) mod sequences;
mod table;
#[cfg(test)]
mod tests;
pub(crate) mod versioning;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(crate) use programs::is_default as is_default_characteristic;
pub use sequences::Sequence;
pub use table::{Check, Column, ForeignKey, Key, Partitioning, Table};
pub(crate) use table::{is_text, smallest};

use crate::ast::{
    CreateEvent, CreateRoutine, CreateTrigger, CreateView, DataType, EventChange, ObjectKind, ObjectName,
    RoutineKind,
};
use crate::dialect::Dialect;
use crate::place::Place;
use crate::served::Spelled;

/// A schema: its objects by name.
///
/// Sequences, tables, views and triggers are told apart by case, as on servers with `lower_case_table_names = 0`; routines
/// and events are not, on any server.
#[derive(Debug, Clone)]
pub struct Catalogue {
    dialect: Dialect,
    /// The schema's own name, as soon as a statement says it.
    schema: Option<String>,
    charset: String,
    collation: String,
    foreign_key_checks: bool,
    /// Whether objects come in any order, so that what is missing may still come.
    any_order: bool,
    pub(crate) sequences: BTreeMap<String, Sequence>,
    /// Shared between a schema and its copies until one of them changes a table.
    pub(crate) tables: BTreeMap<String, Arc<Table>>,
    pub(crate) views: BTreeMap<String, View>,
    pub(crate) triggers: BTreeMap<String, Trigger>,
    pub(crate) functions: BTreeMap<String, Routine>,
    pub(crate) procedures: BTreeMap<String, Routine>,
    pub(crate) events: BTreeMap<String, Event>,
    /// For each parent, its children and the number of their foreign keys.
    children: BTreeMap<String, BTreeMap<String, usize>>,
    /// The table that has, or had, a constraint whose name is unique in the schema; names in lower case.
    constraints: BTreeMap<(constraint_names::Unique, String), String>,
    /// How many statements have run that may have counted by a sequence.
    counted: u64,
    /// The statement after which any object may have any definition.
    unsure: Option<Place>,
    session: interpret::Session,
    /// Tables that only the session sees.
    temporary: BTreeSet<String>,
    /// Objects that are not tables and whose definition is uncertain.
    pub(crate) unknown: BTreeMap<(ObjectKind, String), Place>,
}

/// A view.
#[derive(Debug, Clone)]
pub struct View {
    /// Its definition.
    pub definition: Arc<CreateView>,
    /// Its query as a server keeps it: with the tables and columns that there were when it was created. None when it is not
    /// known, or nobody has looked yet.
    pub(crate) kept: Option<Spelled>,
    /// Whether the server would have refused it for what it reads, which has been said.
    pub(crate) refused: bool,
    /// Where it was created.
    pub place: Place,
}

/// A trigger.
#[derive(Debug, Clone)]
pub struct Trigger {
    /// Its definition.
    pub definition: Arc<CreateTrigger>,
    /// The table's present name.
    pub table: String,
    /// Its place among the triggers of the same table, timing and event, from 1.
    pub order: usize,
    /// Where it was created.
    pub place: Place,
}

/// A procedure or function.
#[derive(Debug, Clone)]
pub struct Routine {
    /// Its definition.
    pub definition: Arc<CreateRoutine>,
    /// Its present characteristics.
    pub characteristics: Vec<String>,
    /// Where it was created.
    pub place: Place,
}

/// An event.
#[derive(Debug, Clone)]
pub struct Event {
    /// Its present name.
    pub name: String,
    /// Its definition.
    pub definition: Arc<CreateEvent>,
    /// Its present clauses.
    pub clauses: EventChange,
    /// Where it was created.
    pub place: Place,
}

impl Catalogue {
    /// An empty schema, with the server's default character set.
    pub fn new(dialect: Dialect) -> Self {
        let (charset, collation) = dialect.default_charset();
        Self {
            dialect,
            schema: None,
            charset: charset.to_owned(),
            collation: collation.to_owned(),
            foreign_key_checks: true,
            any_order: false,
            sequences: BTreeMap::new(),
            tables: BTreeMap::new(),
            views: BTreeMap::new(),
            triggers: BTreeMap::new(),
            functions: BTreeMap::new(),
            procedures: BTreeMap::new(),
            events: BTreeMap::new(),
            children: BTreeMap::new(),
            constraints: BTreeMap::new(),
            counted: 0,
            unsure: None,
            session: interpret::Session::default(),
            temporary: BTreeSet::new(),
            unknown: BTreeMap::new(),
        }
    }

    /// An empty schema of that name, in which tables have these defaults.
    pub fn named(dialect: Dialect, schema: &str, charset: &str, collation: &str) -> Self {
        let mut catalogue = Self::new(dialect);
        catalogue.schema = Some(schema.to_owned());
        (catalogue.charset, catalogue.collation) = (charset.to_owned(), collation.to_owned());
        catalogue
    }

    /// An empty schema with the name and the defaults of this one.
    #[must_use]
    pub fn emptied(&self) -> Self {
        let mut empty = Self::new(self.dialect);
        empty.schema.clone_from(&self.schema);
        (empty.charset, empty.collation) = (self.charset.clone(), self.collation.clone());
        empty
    }

    /// The schema's own name, as far as it is known.
    pub fn schema(&self) -> Option<&str> {
        self.schema.as_deref()
    }

    /// Whose rules the schema follows.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The kind and name of every object, by kind.
    pub fn objects(&self) -> Vec<(ObjectKind, String)> {
        let of = |kind: ObjectKind, names: Vec<&String>| {
            names.into_iter().map(|name| (kind, name.clone())).collect::<Vec<_>>()
        };
        [
            of(ObjectKind::Sequence, self.sequences.keys().collect()),
            of(ObjectKind::Table, self.tables.keys().collect()),
            of(ObjectKind::Function, self.functions.keys().collect()),
            of(ObjectKind::View, self.views.keys().collect()),
            of(ObjectKind::Procedure, self.procedures.keys().collect()),
            of(ObjectKind::Trigger, self.triggers.keys().collect()),
            of(ObjectKind::Event, self.events.keys().collect()),
        ]
        .concat()
    }

    /// The sequences, by name.
    pub fn sequences(&self) -> &BTreeMap<String, Sequence> {
        &self.sequences
    }

    /// The tables, by name.
    pub fn tables(&self) -> &BTreeMap<String, Arc<Table>> {
        &self.tables
    }

    /// The table with a name.
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.get(name).map(Arc::as_ref)
    }

    /// The views, by name.
    pub fn views(&self) -> &BTreeMap<String, View> {
        &self.views
    }

    /// The triggers, by name.
    pub fn triggers(&self) -> &BTreeMap<String, Trigger> {
        &self.triggers
    }

    /// The functions or procedures, by name in lower case.
    pub fn routines(&self, kind: RoutineKind) -> &BTreeMap<String, Routine> {
        match kind {
            RoutineKind::Function => &self.functions,
            RoutineKind::Procedure => &self.procedures,
        }
    }

    /// The events, by name in lower case.
    pub fn events(&self) -> &BTreeMap<String, Event> {
        &self.events
    }

    /// The statement after which nothing is certain, when there was one.
    pub fn unsure(&self) -> Option<&Place> {
        self.unsure.as_ref()
    }

    /// The statement that made the definition of a sequence, view, routine, trigger or event uncertain.
    pub fn unknown(&self, kind: ObjectKind, name: &str) -> Option<&Place> {
        self.unknown.get(&(kind, key_of(kind, name)))
    }

    pub(crate) fn routines_mut(&mut self, kind: RoutineKind) -> &mut BTreeMap<String, Routine> {
        match kind {
            RoutineKind::Function => &mut self.functions,
            RoutineKind::Procedure => &mut self.procedures,
        }
    }

    /// Where an object was created.
    pub fn place_of(&self, kind: ObjectKind, name: &str) -> Option<&Place> {
        let key = key_of(kind, name);
        match kind {
            ObjectKind::Sequence => self.sequences.get(&key).map(|sequence| &sequence.place),
            ObjectKind::Table => self.tables.get(&key).map(|table| &table.place),
            ObjectKind::View => self.views.get(&key).map(|view| &view.place),
            ObjectKind::Trigger => self.triggers.get(&key).map(|trigger| &trigger.place),
            ObjectKind::Function => self.functions.get(&key).map(|routine| &routine.place),
            ObjectKind::Procedure => self.procedures.get(&key).map(|routine| &routine.place),
            ObjectKind::Event => self.events.get(&key).map(|event| &event.place),
        }
    }

    /// The character set and collation of a text type that stands outside of a table.
    pub(crate) fn resolve(&self, data_type: &DataType) -> (String, String) {
        let resolved = table::resolve_type(data_type, &self.charset, &self.collation, self.dialect);
        (resolved.charset.unwrap_or_default(), resolved.collation.unwrap_or_default())
    }

    /// Leaves foreign keys unchecked until [`Catalogue::check`], so that tables can come in any order.
    pub fn defer_foreign_key_checks(&mut self) {
        self.foreign_key_checks = false;
        self.any_order = true;
    }

    /// Forgets how far sequences have counted.
    pub(crate) fn forget_counters(&mut self) {
        self.counted += 1;
    }

    /// Forgets what belongs to a session: temporary tables and settings.
    pub fn end_session(&mut self) {
        self.temporary.clear();
        self.session = interpret::Session::default();
        self.foreign_key_checks = true;
    }

    /// Whether a name belongs to this schema. The first name that is qualified says what the schema is called.
    fn owns(&mut self, name: &ObjectName) -> bool {
        let Some(schema) = &name.schema else { return true };
        if is_system_schema(&schema.text) {
            return false;
        }
        *self.schema.get_or_insert_with(|| schema.text.clone()) == schema.text
    }

    /// The kind of what has a name among sequences, tables and views, which share their names.
    pub(crate) fn relation(&self, name: &str) -> Option<ObjectKind> {
        if self.tables.contains_key(name) {
            Some(ObjectKind::Table)
        } else if self.views.contains_key(name) {
            Some(ObjectKind::View)
        } else {
            self.sequences.contains_key(name).then_some(ObjectKind::Sequence)
        }
    }

    /// Whether a missing object is certainly missing.
    fn is_sure(&self) -> bool {
        self.unsure.is_none()
    }

    fn link(&mut self, child: &str, parent: &str) {
        *self.children.entry(parent.to_owned()).or_default().entry(child.to_owned()).or_default() += 1;
    }

    fn unlink(&mut self, child: &str, parent: &str) {
        let Some(children) = self.children.get_mut(parent) else { return };
        if let Some(count) = children.get_mut(child) {
            *count -= 1;
            if *count == 0 {
                children.remove(child);
            }
        }
    }

    /// The names of the tables with a foreign key to `parent`.
    pub fn children(&self, parent: &str) -> impl Iterator<Item = &str> {
        self.children.get(parent).into_iter().flat_map(|children| children.keys().map(String::as_str))
    }
}

/// The schemas of the server itself.
pub(crate) fn is_system_schema(name: &str) -> bool {
    ["information_schema", "mysql", "performance_schema", "sys"]
        .iter()
        .any(|own| name.eq_ignore_ascii_case(own))
}

/// The form in which an object is filed: case counts for sequences, tables, views and triggers alone.
pub(crate) fn key_of(kind: ObjectKind, name: &str) -> String {
    match kind {
        ObjectKind::Sequence | ObjectKind::Table | ObjectKind::View | ObjectKind::Trigger => name.to_owned(),
        ObjectKind::Function | ObjectKind::Procedure | ObjectKind::Event => name.to_lowercase(),
    }
}
