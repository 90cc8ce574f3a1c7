//! Views, triggers, routines and events: what has changed goes first and comes back last, in the words of its definition.

use std::collections::{BTreeMap, BTreeSet};

use migrate_core::history::quoted;

use super::print::{list, string};
use super::work::Work;
use super::{Path, Step, kind_of, order};
use crate::ast::{Body, ObjectKind, RefKind, RoutineKind, TriggerEvent, TriggerTiming};
use crate::catalogue::{Event, Routine, Trigger, View};
use crate::dialect::{Dialect, Vendor};
use crate::parse::canonical_text;
use crate::place::Place;

impl Work<'_> {
    /// Drops what is gone, and what cannot be replaced in one statement.
    pub(super) fn drop_programs(&self, path: &mut Path) {
        let replaces = self.to.dialect().vendor == Vendor::MariaDb;
        for name in self.changed(ObjectKind::Event) {
            if let Some(event) = self.from.events().get(name)
                && !(replaces && self.to.events().contains_key(name))
            {
                path.steps.push(drop(ObjectKind::Event, event.definition.name.text(), &event.place));
            }
        }
        for name in self.replaced_triggers() {
            let trigger = &self.from.triggers()[name];
            // A trigger goes with its table.
            if self.to.tables().contains_key(&trigger.table) || self.to.triggers().contains_key(name) {
                path.steps.push(drop(ObjectKind::Trigger, name, &trigger.place));
            }
        }
        for kind in [RoutineKind::Procedure, RoutineKind::Function] {
            for name in self.changed(kind.into()) {
                if let Some(routine) = self.from.routines(kind).get(name)
                    && !(replaces && self.to.routines(kind).contains_key(name))
                {
                    path.steps.push(drop(kind_of(kind), routine.definition.name.text(), &routine.place));
                }
            }
        }
        for name in self.changed(ObjectKind::View) {
            if let Some(view) = self.from.views().get(name).filter(|_| !self.to.views().contains_key(name)) {
                path.steps.push(drop(ObjectKind::View, name, &view.place));
            }
        }
    }

    /// Creates what is new or has changed.
    pub(super) fn create_programs(&self, path: &mut Path) {
        let replaces = self.to.dialect().vendor == Vendor::MariaDb;
        self.create_routines(RoutineKind::Function, replaces, path);
        let changed: BTreeSet<&str> = self.changed(ObjectKind::View).iter().map(String::as_str).collect();
        let mut needs: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (name, view) in self.to.views().iter().filter(|(name, _)| changed.contains(name.as_str())) {
            let relations =
                view.definition.query.references.iter().filter(|used| used.kind == RefKind::Relation);
            let used = relations.map(|used| used.name.text());
            needs.insert(
                name,
                used.filter(|used| {
                    changed.contains(used) && used != name && self.to.views().contains_key(*used)
                })
                .collect(),
            );
        }
        for name in order::sorted(needs) {
            let view = &self.to.views()[name];
            let sql = create_view(name, view, self.to.dialect());
            path.steps.push(Step::new(ObjectKind::View, name, &view.place, sql));
        }
        self.create_routines(RoutineKind::Procedure, replaces, path);
        for (trigger, name, follows) in self.new_triggers() {
            let sql = create_trigger(name, trigger, follows, self.to.dialect());
            let compound = trigger.definition.body.compound;
            path.steps.push(Step { compound, ..Step::new(ObjectKind::Trigger, name, &trigger.place, sql) });
        }
        for name in self.changed(ObjectKind::Event) {
            let Some(event) = self.to.events().get(name) else { continue };
            let or_replace = replaces && self.from.events().contains_key(name);
            let sql = create_event(event, or_replace, self.to.dialect());
            let compound = event.clauses.body.as_ref().is_some_and(|body| body.compound);
            path.steps.push(Step { compound, ..Step::new(ObjectKind::Event, name, &event.place, sql) });
        }
    }

    fn create_routines(&self, kind: RoutineKind, replaces: bool, path: &mut Path) {
        for name in self.changed(kind.into()) {
            let Some(routine) = self.to.routines(kind).get(name) else { continue };
            let or_replace = replaces && self.from.routines(kind).contains_key(name);
            let (create, alter) = create_routine(kind, routine, or_replace);
            let compound = routine.definition.body.compound;
            path.steps.push(Step { compound, ..Step::new(kind.into(), name, &routine.place, create) });
            path.steps.extend(alter.map(|sql| Step::new(kind.into(), name, &routine.place, sql)));
        }
    }

    /// Triggers of the first schema that do not stay: those that are gone or others, and those that would fire in another order.
    fn replaced_triggers(&self) -> BTreeSet<&str> {
        let kept = self.kept_triggers();
        self.from.triggers().keys().map(String::as_str).filter(|name| !kept.contains(name)).collect()
    }

    /// Triggers that stay as they are. Of each group, the longest beginning that is in the same order on both sides.
    fn kept_triggers(&self) -> BTreeSet<&str> {
        let mut kept = BTreeSet::new();
        let theirs = groups(self.to.triggers());
        for (key, names) in groups(self.from.triggers()) {
            let Some(wanted) = theirs.get(&key).filter(|_| self.from.tables().contains_key(&key.0)) else {
                continue;
            };
            let same = |name: &&str| {
                let (ours, theirs) = (&self.ours.triggers()[*name], self.theirs.triggers().get(*name));
                theirs.is_some_and(|other| ours.definition.body.canonical == other.definition.body.canonical)
            };
            let stay: Vec<&str> = names.iter().copied().filter(same).collect();
            let order: Vec<&str> = wanted.iter().copied().filter(|name| stay.contains(name)).collect();
            kept.extend(stay.iter().zip(&order).take_while(|(a, b)| a == b).map(|(name, _)| *name));
        }
        kept
    }

    /// Triggers to create, each with the one that it follows where others come after it.
    fn new_triggers(&self) -> Vec<(&Trigger, &str, Option<String>)> {
        let kept = self.kept_triggers();
        let mut new = Vec::new();
        for names in groups(self.to.triggers()).into_values() {
            for (at, name) in names.iter().enumerate().filter(|(_, name)| !kept.contains(**name)) {
                let later = names[at + 1..].iter().find(|name| kept.contains(**name));
                let order = match (at.checked_sub(1), later) {
                    (_, None) => None,
                    (Some(before), Some(_)) => Some(format!("FOLLOWS {}", quoted(names[before]))),
                    (None, Some(next)) => Some(format!("PRECEDES {}", quoted(next))),
                };
                new.push((&self.to.triggers()[*name], *name, order));
            }
        }
        new
    }
}

type Group = (String, TriggerTiming, TriggerEvent);

/// Triggers of the same table, timing and event, in the order in which they fire.
fn groups(triggers: &BTreeMap<String, Trigger>) -> BTreeMap<Group, Vec<&str>> {
    let mut groups: BTreeMap<Group, Vec<(usize, &str)>> = BTreeMap::new();
    for (name, trigger) in triggers {
        let key = (trigger.table.clone(), trigger.definition.timing, trigger.definition.event);
        groups.entry(key).or_default().push((trigger.order, name));
    }
    groups
        .into_iter()
        .map(|(key, mut names)| {
            names.sort_unstable();
            (key, names.into_iter().map(|(_, name)| name).collect())
        })
        .collect()
}

fn drop(kind: ObjectKind, name: &str, place: &Place) -> Step {
    Step::new(kind, name, place, format!("DROP {} {}", kind.noun().to_uppercase(), quoted(name)))
}

/// The text of a body, or its one spelling where the text is not at hand.
fn text_of(body: &Body, place: &Place, dialect: Dialect) -> String {
    let text = body.span.of(place.source.inner());
    if !text.is_empty() && canonical_text(text, dialect) == body.canonical {
        return tidy(text);
    }
    body.canonical.clone()
}

fn tidy(text: &str) -> String {
    text.replace("\r\n", "\n").trim().to_owned()
}

fn create_view(name: &str, view: &View, dialect: Dialect) -> String {
    let definition = &view.definition;
    let mut text = "CREATE OR REPLACE".to_owned();
    if definition.algorithm != "undefined" {
        text += &format!(" ALGORITHM={}", definition.algorithm.to_uppercase());
    }
    text += if definition.invoker { " SQL SECURITY INVOKER" } else { "" };
    text += &format!(" VIEW {}", quoted(name));
    if !definition.columns.is_empty() {
        let columns: Vec<String> = definition.columns.iter().map(|column| column.text.clone()).collect();
        text += &format!(" ({})", list(&columns));
    }
    text += &format!(" AS\n{}", text_of(&definition.query, &view.place, dialect));
    if let Some(option) = &definition.check_option {
        text += &format!("\nWITH {} CHECK OPTION", option.to_uppercase());
    }
    text
}

fn create_trigger(name: &str, trigger: &Trigger, order: Option<String>, dialect: Dialect) -> String {
    let definition = &trigger.definition;
    let timing = match definition.timing {
        TriggerTiming::Before => "BEFORE",
        TriggerTiming::After => "AFTER",
    };
    let event = match definition.event {
        TriggerEvent::Insert => "INSERT",
        TriggerEvent::Update => "UPDATE",
        TriggerEvent::Delete => "DELETE",
    };
    let order = order.map_or_else(String::new, |order| format!(" {order}"));
    format!(
        "CREATE TRIGGER {} {timing} {event} ON {} FOR EACH ROW{order}\n{}",
        quoted(name),
        quoted(&trigger.table),
        text_of(&definition.body, &trigger.place, dialect)
    )
}

/// `CREATE` from the name on as it was written, and `ALTER` where the characteristics have changed since.
fn create_routine(kind: RoutineKind, routine: &Routine, or_replace: bool) -> (String, Option<String>) {
    let definition = &routine.definition;
    let word = ObjectKind::from(kind).noun().to_uppercase();
    let name = definition.name.text();
    let source = routine.place.source.inner();
    let rest = source.get(definition.name.span().end..definition.body.span.end).unwrap_or_default();
    let create = if or_replace { "CREATE OR REPLACE" } else { "CREATE" };
    let created = format!("{create} {word} {} {}", quoted(name), tidy(rest));
    let altered = (routine.characteristics != definition.characteristics)
        .then(|| format!("ALTER {word} {} {}", quoted(name), routine.characteristics.join(" ")));
    (created, altered)
}

fn create_event(event: &Event, or_replace: bool, dialect: Dialect) -> String {
    let clauses = &event.clauses;
    let create = if or_replace { "CREATE OR REPLACE" } else { "CREATE" };
    let mut text = format!("{create} EVENT {}", quoted(event.definition.name.text()));
    if let Some(schedule) = &clauses.schedule {
        text += &format!(" ON SCHEDULE {schedule}");
    }
    if let Some(preserve) = clauses.preserve {
        text += if preserve { " ON COMPLETION PRESERVE" } else { " ON COMPLETION NOT PRESERVE" };
    }
    if let Some(status) = &clauses.status {
        text += &format!(" {}", status.to_uppercase());
    }
    if let Some(comment) = clauses.comment.as_ref().filter(|comment| !comment.is_empty()) {
        text += &format!(" COMMENT {}", string(comment));
    }
    if let Some(body) = &clauses.body {
        text += &format!(" DO\n{}", text_of(body, &event.place, dialect));
    }
    text
}
