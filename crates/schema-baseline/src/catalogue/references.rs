//! What must hold of a schema as a whole: every name that something uses exists.

use super::Catalogue;
use crate::ast::{Body, RefKind, RoutineKind};
use crate::finding::{Finding, at};
use crate::nearest::nearest;
use crate::place::Place;

impl Catalogue {
    /// Reports references to things that do not exist, in views, triggers, routines and events, and foreign keys
    /// that were added while the server did not look.
    pub fn check(&self, findings: &mut Vec<Finding>) {
        for table in self.tables.values() {
            for key in table.foreign_keys.iter().filter(|key| !key.checked) {
                findings.extend(self.foreign_key_problem(table, key));
            }
            self.check_sequences(table, findings);
        }
        for (name, view) in self.views.iter().filter(|(_, view)| !view.refused) {
            self.check_body(&format!("view `{name}`"), &view.definition.query, &view.place, findings);
        }
        for (name, trigger) in &self.triggers {
            self.check_body(&format!("trigger `{name}`"), &trigger.definition.body, &trigger.place, findings);
        }
        for kind in [RoutineKind::Function, RoutineKind::Procedure] {
            let noun = if kind == RoutineKind::Function { "function" } else { "procedure" };
            for routine in self.routines(kind).values() {
                let user = format!("{noun} `{}`", routine.definition.name.text());
                self.check_body(&user, &routine.definition.body, &routine.place, findings);
            }
        }
        for event in self.events.values() {
            if let Some(body) = &event.clauses.body {
                let user = format!("event `{}`", event.definition.name.text());
                self.check_body(&user, body, &event.place, findings);
            }
        }
    }

    fn check_body(&self, user: &str, body: &Body, place: &Place, findings: &mut Vec<Finding>) {
        if !self.is_sure() {
            return;
        }
        for reference in &body.references {
            let name = reference.name.text();
            let foreign = reference
                .name
                .schema
                .as_ref()
                .is_some_and(|schema| self.schema.as_ref().is_none_or(|own| *own != schema.text));
            if foreign {
                continue;
            }
            let (missing, kind, candidate) = match reference.kind {
                RefKind::Relation => {
                    let known = || self.tables.keys().chain(self.views.keys()).map(String::as_str);
                    let exists = self.relation(name).is_some() || self.temporary.contains(name);
                    (!exists, "table", if exists { None } else { nearest(name, known()) })
                }
                RefKind::Procedure => {
                    let exists = self.procedures.contains_key(&name.to_lowercase());
                    let known = self.procedures.keys().map(String::as_str);
                    (!exists, "procedure", if exists { None } else { nearest(name, known) })
                }
                RefKind::Column => continue,
            };
            if !missing {
                continue;
            }
            let nearest = candidate
                .and_then(|candidate| self.place_of_named(reference.kind, candidate))
                .map(|(candidate, place)| Finding::see_also(format!("`{candidate}` is here"), place));
            let help = candidate.map_or_else(
                || "create it, or take the reference out".to_owned(),
                |candidate| format!("did you mean `{candidate}`?"),
            );
            let (src, span) = at(&place.at(reference.name.span()));
            findings.push(Finding::MissingReference {
                user: user.to_owned(),
                kind,
                name: name.to_owned(),
                help,
                src,
                span,
                nearest: nearest.into_iter().collect(),
            });
        }
    }

    fn place_of_named<'a>(&'a self, kind: RefKind, name: &'a str) -> Option<(&'a str, &'a Place)> {
        let place = match kind {
            RefKind::Relation => {
                let table = self.tables.get(name).map(|table| &table.place);
                table.or_else(|| self.views.get(name).map(|view| &view.place))
            }
            _ => self.procedures.get(name).map(|routine| &routine.place),
        };
        place.map(|place| (name, place))
    }
}
