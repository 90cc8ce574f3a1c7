//! Two schemas held against each other, object by object.

mod spell;
mod table;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::ast::{ObjectKind, RoutineKind};
use crate::catalogue::Catalogue;
use crate::finding::{Finding, at};
use crate::place::Place;

/// What the two sides are called, and what to do when they differ.
#[derive(Debug, Clone, Copy)]
pub struct Sides {
    /// The side in whose text differences are shown.
    pub left: &'static str,
    /// The other side.
    pub right: &'static str,
    /// Advice for a difference.
    pub help: &'static str,
}

impl Sides {
    /// The schema directory beside the migrations.
    pub const DIRECTORY_AND_MIGRATIONS: Self = Self {
        left: "the schema directory",
        right: "the migrations",
        help: "change the file to what the migrations produce, or write a migration that makes the change",
    };
    /// The schema directory beside the baseline.
    pub const DIRECTORY_AND_BASELINE: Self = Self {
        left: "the schema directory",
        right: "the baseline",
        help: "run `infra baseline build` and commit the result",
    };
}

/// Compares two schemas. Differences are shown in the text of the left one where it has a place for them, with the place
/// that brought the other side. Rows and history do not count, nor do the names that the server gives to constraints.
pub fn compare(left: &Catalogue, right: &Catalogue, sides: Sides) -> Vec<Finding> {
    let mut comparison = Comparison { sides, findings: Vec::new() };
    if let Some(place) = left.unsure().or(right.unsure()) {
        comparison.not_checked("the schema", place);
        return comparison.findings;
    }
    let unknown =
        |kind: ObjectKind, name: &str| left.unknown(kind, name).or(right.unknown(kind, name)).cloned();
    comparison.each(
        ObjectKind::Table,
        left.tables(),
        right.tables(),
        |table| &table.place,
        |this, _, a, b| {
            this.tables(a, b);
        },
    );
    comparison.each(
        ObjectKind::View,
        left.views(),
        right.views(),
        |view| &view.place,
        |this, name, a, b| {
            if let Some(place) = unknown(ObjectKind::View, name) {
                return this.not_checked(&format!("view `{name}`"), &place);
            }
            this.differ(ObjectKind::View, name, (&a.place, &spell::view(a)), (&b.place, &spell::view(b)));
        },
    );
    comparison.each(
        ObjectKind::Trigger,
        left.triggers(),
        right.triggers(),
        |trigger| &trigger.place,
        |this, name, a, b| {
            this.differ(
                ObjectKind::Trigger,
                name,
                (&a.place, &spell::trigger(a)),
                (&b.place, &spell::trigger(b)),
            );
        },
    );
    for kind in [RoutineKind::Function, RoutineKind::Procedure] {
        let (left, right) = (left.routines(kind), right.routines(kind));
        comparison.each(
            kind.into(),
            left,
            right,
            |routine| &routine.place,
            |this, name, a, b| {
                if let Some(place) = unknown(kind.into(), name) {
                    return this.not_checked(&format!("{} `{name}`", ObjectKind::from(kind)), &place);
                }
                this.differ(
                    kind.into(),
                    name,
                    (&a.place, &spell::routine(a)),
                    (&b.place, &spell::routine(b)),
                );
            },
        );
    }
    comparison.each(
        ObjectKind::Event,
        left.events(),
        right.events(),
        |event| &event.place,
        |this, name, a, b| {
            this.differ(ObjectKind::Event, name, (&a.place, &spell::event(a)), (&b.place, &spell::event(b)));
        },
    );
    comparison.findings
}

struct Comparison {
    sides: Sides,
    findings: Vec<Finding>,
}

/// The parts of an object that are compared, each with its spelling.
type Parts = Vec<(&'static str, String)>;

impl Comparison {
    /// Goes through the objects of one kind; those of both sides are given to `both`.
    fn each<T>(
        &mut self,
        kind: ObjectKind,
        left: &BTreeMap<String, T>,
        right: &BTreeMap<String, T>,
        place: impl Fn(&T) -> &Place,
        mut both: impl FnMut(&mut Self, &str, &T, &T),
    ) {
        for (name, object) in left {
            match right.get(name) {
                Some(other) => both(self, name, object, other),
                None => self.only(kind, name, place(object), (self.sides.left, self.sides.right)),
            }
        }
        for (name, object) in right.iter().filter(|(name, _)| !left.contains_key(*name)) {
            self.only(kind, name, place(object), (self.sides.right, self.sides.left));
        }
    }

    fn only(
        &mut self,
        kind: ObjectKind,
        name: &str,
        place: &Place,
        (present, absent): (&'static str, &'static str),
    ) {
        let (src, span) = at(place);
        let object = format!("{kind} `{name}`");
        let help = self.sides.help;
        self.findings.push(Finding::OnlyOnOneSide { object, present, absent, help, src, span });
    }

    fn differ(&mut self, kind: ObjectKind, name: &str, left: (&Place, &Parts), right: (&Place, &Parts)) {
        for ((part, a), (_, b)) in left.1.iter().zip(right.1) {
            if a != b {
                let what = format!("its {part}: {}", spell::difference(a, b));
                self.difference(format!("{kind} `{name}`"), what, left.0, right.0);
            }
        }
    }

    fn difference(&mut self, object: String, what: String, left: &Place, right: &Place) {
        let (src, span) = at(left);
        let Sides { left, right: right_name, help } = self.sides;
        let other = vec![Finding::see_also(format!("{right_name}, line {}", right.line()), right)];
        self.findings.push(Finding::Differs {
            object,
            left,
            right: right_name,
            what,
            help,
            src,
            span,
            other,
        });
    }

    fn not_checked(&mut self, object: &str, place: &Place) {
        let (src, span) = at(place);
        self.findings.push(Finding::NotChecked { object: object.to_owned(), src, span });
    }
}
