//! Views, triggers, routines and events.

use std::sync::Arc;

use super::apply::Run;
use super::{Event, Routine, Trigger, View, is_system_schema, key_of};
use crate::ast::{
    CreateEvent, CreateRoutine, CreateTrigger, CreateView, EventChange, ObjectKind, ObjectName, RefKind,
    RoutineKind, TriggerOrder,
};
use crate::served::spell_view;

impl Run<'_> {
    pub(super) fn create_view(&mut self, def: &Arc<CreateView>) {
        if !self.own(&def.name) {
            return;
        }
        let name = def.name.text();
        let exists = self.catalogue.views.contains_key(name);
        if def.alter && !exists {
            self.unknown_object(ObjectKind::View, &def.name.name);
        }
        let replaces = def.or_replace && exists;
        if !replaces && !self.may_create_relation(&def.name, def.if_not_exists, false) {
            return;
        }
        self.catalogue.unknown.remove(&(ObjectKind::View, name.to_owned()));
        let refused = !self.catalogue.any_order && self.misses_relations(def);
        let mut view =
            View { definition: Arc::clone(def), kept: None, refused, place: self.place(def.name.span()) };
        view.kept = spell_view(self.catalogue, &view);
        self.catalogue.views.insert(name.to_owned(), view);
    }

    /// Reports what the query of a view reads and is not there.
    fn misses_relations(&mut self, def: &CreateView) -> bool {
        let before = self.findings.len();
        for reference in &def.query.references {
            let name = &reference.name;
            let foreign = name.schema.as_ref().is_some_and(|schema| {
                is_system_schema(&schema.text)
                    || self.catalogue.schema.as_ref().is_some_and(|own| *own != schema.text)
            });
            if reference.kind != RefKind::Relation || foreign {
                continue;
            }
            let text = name.text();
            if self.catalogue.relation(text).is_none() && !self.catalogue.temporary.contains(text) {
                self.unknown_table(&name.name);
            }
        }
        self.findings.len() > before
    }

    pub(super) fn create_trigger(&mut self, def: &Arc<CreateTrigger>) {
        if !self.own(&def.name) {
            return;
        }
        let name = def.name.text();
        if self.catalogue.triggers.contains_key(name) {
            if def.if_not_exists {
                return;
            }
            if def.or_replace {
                self.drop_trigger(name);
            } else {
                self.duplicate_object(ObjectKind::Trigger, &def.name.name);
                return;
            }
        }
        if !self.catalogue.tables.contains_key(def.table.text()) && self.own(&def.table) {
            if self.catalogue.sequences.contains_key(def.table.text()) {
                let reason = format!("`{}` is a sequence", def.table.text());
                self.refuse(def.table.span(), reason, "triggers are for tables");
                return;
            }
            self.unknown_table(&def.table.name);
        }
        let order = self.trigger_position(def);
        let trigger = Trigger {
            definition: Arc::clone(def),
            table: def.table.text().to_owned(),
            order,
            place: self.place(def.name.span()),
        };
        for other in self.catalogue.triggers.values_mut() {
            if other.order >= order && other.fires_with(&trigger) {
                other.order += 1;
            }
        }
        self.catalogue.triggers.insert(name.to_owned(), trigger);
    }

    /// Behind all others of the same table, timing and event, unless the statement says where.
    fn trigger_position(&mut self, def: &CreateTrigger) -> usize {
        let of_same = |trigger: &&Trigger| {
            trigger.table == def.table.text()
                && (trigger.definition.timing, trigger.definition.event) == (def.timing, def.event)
        };
        let last =
            self.catalogue.triggers.values().filter(of_same).map(|trigger| trigger.order).max().unwrap_or(0);
        let (name, behind) = match &def.order {
            None => return last + 1,
            Some(TriggerOrder::Follows(name)) => (name, 1),
            Some(TriggerOrder::Precedes(name)) => (name, 0),
        };
        if let Some(other) = self.catalogue.triggers.get(&name.text).filter(of_same) {
            return other.order + behind;
        }
        self.unknown_object(ObjectKind::Trigger, name);
        last + 1
    }

    fn drop_trigger(&mut self, name: &str) {
        let Some(gone) = self.catalogue.triggers.remove(name) else { return };
        for other in self.catalogue.triggers.values_mut() {
            if other.order > gone.order && other.fires_with(&gone) {
                other.order -= 1;
            }
        }
    }

    pub(super) fn create_routine(&mut self, def: &Arc<CreateRoutine>) {
        if !self.own(&def.name) {
            return;
        }
        let key = def.name.text().to_lowercase();
        if self.has_routine(def.kind, &key) {
            if def.if_not_exists {
                return;
            }
            if !def.or_replace {
                self.duplicate_object(def.kind.into(), &def.name.name);
                return;
            }
        }
        let routine = Routine {
            definition: Arc::clone(def),
            characteristics: def.characteristics.clone(),
            place: self.place(def.name.span()),
        };
        self.catalogue.unknown.remove(&(def.kind.into(), key.clone()));
        self.catalogue.routines_mut(def.kind).insert(key, routine);
    }

    pub(super) fn alter_routine(&mut self, kind: RoutineKind, name: &ObjectName, new: &[String]) {
        if !self.own(name) {
            return;
        }
        let Some(routine) = self.catalogue.routines_mut(kind).get_mut(&name.text().to_lowercase()) else {
            self.unknown_object(kind.into(), &name.name);
            return;
        };
        let old = std::mem::take(&mut routine.characteristics);
        let replaced = |old: &String| new.iter().any(|new| sort_of(new) == sort_of(old));
        routine.characteristics = old.into_iter().filter(|old| !replaced(old)).collect();
        routine.characteristics.extend(new.iter().filter(|new| !is_default(new)).cloned());
        routine.characteristics.sort();
    }

    pub(super) fn create_event(&mut self, def: &Arc<CreateEvent>) {
        if !self.own(&def.name) {
            return;
        }
        let key = def.name.text().to_lowercase();
        if self.catalogue.events.contains_key(&key) {
            if def.if_not_exists {
                return;
            }
            if !def.or_replace {
                self.duplicate_object(ObjectKind::Event, &def.name.name);
                return;
            }
        }
        let place = self.place(def.name.span());
        let (name, definition) = (def.name.text().to_owned(), Arc::clone(def));
        let event = Event { name, definition, clauses: def.change.clone(), place };
        self.catalogue.unknown.remove(&(ObjectKind::Event, key.clone()));
        self.catalogue.events.insert(key, event);
    }

    pub(super) fn alter_event(&mut self, name: &ObjectName, change: &EventChange) {
        if !self.own(name) {
            return;
        }
        if let Some(to) = &change.rename
            && !to.text().eq_ignore_ascii_case(name.text())
            && self.catalogue.events.contains_key(&to.text().to_lowercase())
        {
            self.duplicate_object(ObjectKind::Event, &to.name);
            return;
        }
        let Some(mut event) = self.catalogue.events.remove(&name.text().to_lowercase()) else {
            self.unknown_object(ObjectKind::Event, &name.name);
            return;
        };
        let old = std::mem::take(&mut event.clauses);
        event.clauses = EventChange {
            schedule: change.schedule.clone().or(old.schedule),
            preserve: change.preserve.or(old.preserve),
            rename: None,
            status: change.status.clone().or(old.status),
            comment: change.comment.clone().or(old.comment),
            body: change.body.clone().or(old.body),
        };
        event.place = self.place(name.span());
        if let Some(to) = &change.rename {
            to.text().clone_into(&mut event.name);
        }
        self.catalogue.events.insert(event.name.to_lowercase(), event);
    }

    pub(super) fn drop_programs(&mut self, kind: ObjectKind, names: &[ObjectName], if_exists: bool) {
        for name in names {
            if !self.own(name) {
                continue;
            }
            let key = key_of(kind, name.text());
            let was_unknown = self.catalogue.unknown.remove(&(kind, key.clone())).is_some();
            let exists = self.catalogue.place_of(kind, &key).is_some();
            match kind {
                ObjectKind::Sequence | ObjectKind::Table => {}
                ObjectKind::View => drop(self.catalogue.views.remove(&key)),
                ObjectKind::Trigger => self.drop_trigger(&key),
                ObjectKind::Function => drop(self.catalogue.functions.remove(&key)),
                ObjectKind::Procedure => drop(self.catalogue.procedures.remove(&key)),
                ObjectKind::Event => drop(self.catalogue.events.remove(&key)),
            }
            if !exists && !if_exists && !was_unknown {
                self.unknown_object(kind, &name.name);
            }
        }
    }
}

impl Trigger {
    fn fires_with(&self, other: &Self) -> bool {
        self.table == other.table
            && (self.definition.timing, self.definition.event)
                == (other.definition.timing, other.definition.event)
    }
}

/// Characteristics of one sort replace each other.
fn sort_of(characteristic: &str) -> u8 {
    match characteristic {
        "deterministic" | "not deterministic" => 0,
        "contains sql" | "no sql" | "reads sql data" | "modifies sql data" => 1,
        text if text.starts_with("sql security") => 2,
        text if text.starts_with("comment") => 3,
        _ => 4,
    }
}

/// Whether a characteristic says what holds without it.
pub(crate) fn is_default(characteristic: &str) -> bool {
    matches!(
        characteristic,
        "not deterministic" | "contains sql" | "sql security definer" | "language sql" | "comment ''"
    )
}
