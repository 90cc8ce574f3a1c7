//! Two schemas held against each other, object by object.

pub mod reach;
pub mod refused;
pub(crate) mod spell;
mod table;
#[cfg(test)]
mod tests;
pub mod texts;

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
    /// The schema that there is beside the one that is wanted.
    pub const FROM_AND_TO: Self = Self {
        left: "the first schema",
        right: "the second schema",
        help: "`infra baseline diff` shows the statements",
    };
    /// The schema directory beside the baseline.
    pub const DIRECTORY_AND_BASELINE: Self = Self {
        left: "the schema directory",
        right: "the baseline",
        help: "run `infra baseline build` and commit the result",
    };
    /// What the applied migrations make beside what the server has.
    pub const MIGRATIONS_AND_DATABASE: Self = Self {
        left: "the migrations",
        right: "the database",
        help: "undo by hand what was done by hand, or write a migration that makes the change, so that every database gets it",
    };
}

/// An object about which there is something to say.
#[derive(Debug, Clone)]
pub struct Difference {
    /// The kind of object.
    pub kind: ObjectKind,
    /// Its name; of routines and events in lower case.
    pub name: String,
    /// What differs, or why it was not compared.
    pub findings: Vec<Finding>,
}

/// Compares two schemas. Differences are shown in the text of the left one where it has a place for them, with the place
/// that brought the other side. Rows and history do not count, nor do the names that the server gives to constraints.
pub fn compare(left: &Catalogue, right: &Catalogue, sides: Sides) -> Vec<Finding> {
    match differences(left, right, sides) {
        Ok(differences) => differences.into_iter().flat_map(|difference| difference.findings).collect(),
        Err(finding) => vec![*finding],
    }
}

/// As [`compare`], object by object.
///
/// # Errors
/// A finding that says why nothing could be compared: a statement on one side may have changed any object.
pub fn differences(
    left: &Catalogue,
    right: &Catalogue,
    sides: Sides,
) -> Result<Vec<Difference>, Box<Finding>> {
    if let Some(place) = left.unsure().or(right.unsure()) {
        return Err(Box::new(not_checked("the schema", place)));
    }
    let mut comparison = Comparison { left, right, sides, findings: Vec::new(), differences: Vec::new() };
    comparison.each(
        ObjectKind::Sequence,
        (left.sequences(), right.sequences()),
        |sequence| &sequence.place,
        |this, name, a, b| {
            let parts = (spell::sequence(a), spell::sequence(b));
            this.differ(ObjectKind::Sequence, name, (&a.place, &parts.0), (&b.place, &parts.1));
        },
    );
    comparison.each(
        ObjectKind::Table,
        (left.tables(), right.tables()),
        |table| &table.place,
        |this, _, a, b| {
            this.tables(a, b);
        },
    );
    comparison.each(
        ObjectKind::View,
        (left.views(), right.views()),
        |view| &view.place,
        |this, name, a, b| {
            this.differ(ObjectKind::View, name, (&a.place, &spell::view(a)), (&b.place, &spell::view(b)));
        },
    );
    comparison.each(
        ObjectKind::Trigger,
        (left.triggers(), right.triggers()),
        |trigger| &trigger.place,
        |this, name, a, b| {
            let parts = (spell::trigger(a), spell::trigger(b));
            this.differ(ObjectKind::Trigger, name, (&a.place, &parts.0), (&b.place, &parts.1));
        },
    );
    for kind in [RoutineKind::Function, RoutineKind::Procedure] {
        comparison.each(
            kind.into(),
            (left.routines(kind), right.routines(kind)),
            |routine| &routine.place,
            |this, name, a, b| {
                let parts = (spell::routine(a), spell::routine(b));
                this.differ(kind.into(), name, (&a.place, &parts.0), (&b.place, &parts.1));
            },
        );
    }
    comparison.each(
        ObjectKind::Event,
        (left.events(), right.events()),
        |event| &event.place,
        |this, name, a, b| {
            this.differ(ObjectKind::Event, name, (&a.place, &spell::event(a)), (&b.place, &spell::event(b)));
        },
    );
    Ok(comparison.differences)
}

struct Comparison<'a> {
    left: &'a Catalogue,
    right: &'a Catalogue,
    sides: Sides,
    /// Of the object at hand.
    findings: Vec<Finding>,
    differences: Vec<Difference>,
}

/// The parts of an object that are compared, each with its spelling.
type Parts = Vec<(&'static str, String)>;

impl Comparison<'_> {
    /// Goes through the objects of one kind; those of both sides are given to `both`.
    fn each<T>(
        &mut self,
        kind: ObjectKind,
        (left, right): (&BTreeMap<String, T>, &BTreeMap<String, T>),
        place: impl Fn(&T) -> &Place,
        mut both: impl FnMut(&mut Self, &str, &T, &T),
    ) {
        for (name, object) in left {
            if let Some(unknown) = self.unknown(kind, name) {
                self.not_checked(&format!("{kind} `{name}`"), &unknown);
            } else if let Some(other) = right.get(name) {
                both(self, name, object, other);
            } else {
                self.only(kind, name, place(object), (self.sides.left, self.sides.right));
            }
            self.done(kind, name);
        }
        for (name, object) in right.iter().filter(|(name, _)| !left.contains_key(*name)) {
            match self.unknown(kind, name) {
                Some(unknown) => self.not_checked(&format!("{kind} `{name}`"), &unknown),
                None => self.only(kind, name, place(object), (self.sides.right, self.sides.left)),
            }
            self.done(kind, name);
        }
    }

    /// The statement that makes it uncertain what one of the sides has under a name.
    fn unknown(&self, kind: ObjectKind, name: &str) -> Option<Place> {
        let on = |side: &Catalogue| {
            let table = side.tables().get(name).filter(|_| kind == ObjectKind::Table);
            side.unknown(kind, name).or_else(|| table?.unknown.as_ref()).cloned()
        };
        on(self.left).or_else(|| on(self.right))
    }

    fn done(&mut self, kind: ObjectKind, name: &str) {
        if !self.findings.is_empty() {
            let findings = std::mem::take(&mut self.findings);
            self.differences.push(Difference { kind, name: name.to_owned(), findings });
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
        self.findings.push(not_checked(object, place));
    }
}

fn not_checked(object: &str, place: &Place) -> Finding {
    let (src, span) = at(place);
    Finding::NotChecked { object: object.to_owned(), src, span }
}
