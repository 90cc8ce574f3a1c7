//! The statements that take one schema to another.
//!
//! What differs is decided by [`crate::verify`], on both schemas in the spelling of servers, so that nothing is changed that
//! only reads differently, and nothing that differs is passed over. The statements come in an order that works at once:
//! renames; what stands in the way goes; sequences and tables are created and altered; foreign keys follow; then programs and views.
//! At the end they are applied to the first schema in memory, and what still differs is reported.

mod alter;
mod columns;
pub mod facts;
mod foreign;
mod inverse;
mod loss;
mod order;
mod partition;
mod print;
mod programs;
mod rename;
mod sequences;
#[cfg(test)]
mod tests;
mod work;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub use inverse::inverse;
pub use rename::{Rename, Renamed, annotated};

use crate::ast::{ObjectKind, RoutineKind};
use crate::catalogue::{Catalogue, Table};
use crate::emit::delimited;
use crate::finding::{Finding, at};
use crate::place::Place;
use crate::served::reconcile;
use crate::verify::{Difference, Sides, differences};

/// A statement of the way from one schema to the other.
#[derive(Debug, Clone)]
pub struct Step {
    /// The statement, without a delimiter.
    pub sql: String,
    /// Whether it holds semicolons, so that clients need another delimiter.
    pub compound: bool,
    /// The kind of the object that it changes.
    pub kind: ObjectKind,
    /// Its name.
    pub name: String,
    /// Where the reason for it stands: the definition that is wanted, or the one that goes.
    pub place: Option<Place>,
    /// What is lost by it, each in a sentence; nothing when the way back restores everything.
    pub losses: Vec<Loss>,
}

/// Data that a statement loses or may change.
#[derive(Debug, Clone)]
pub struct Loss {
    /// What is lost.
    pub what: String,
    /// Where it was defined.
    pub place: Place,
}

/// What statements lose, as findings at its definitions.
pub fn losses(steps: &[Step]) -> Vec<Finding> {
    let losses = steps.iter().flat_map(|step| &step.losses);
    let finding = |loss: &Loss| {
        let (src, span) = at(&loss.place);
        Finding::LosesData { what: loss.what.clone(), src, span }
    };
    losses.map(finding).collect()
}

/// The way from one schema to another.
#[derive(Debug, Clone, Default)]
pub struct Path {
    /// The statements, in order.
    pub steps: Vec<Step>,
    /// What could not be compared, and what the statements do not carry over.
    pub findings: Vec<Finding>,
}

/// How two schemas are compared.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// What has another name in the second schema. Nothing is taken for renamed that is not here.
    pub renames: Vec<Rename>,
    /// Which of the schemas are as a server shows them.
    pub live: Live,
}

/// Which of two schemas are as a server shows them, with what it adds: a view of such a schema that is not understood
/// cannot be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Live {
    /// None of them.
    #[default]
    Neither,
    /// The first one.
    From,
    /// The second one.
    To,
    /// Both.
    Both,
}

/// The statements that take `from` to `to`.
///
/// # Errors
/// A finding that says why nothing could be compared: a statement on one side may have changed any object.
pub fn diff(from: &Catalogue, to: &Catalogue, options: &Options) -> Result<Path, Box<Finding>> {
    let mut path = Path::default();
    let mut from = from.clone();
    rename::apply(&mut from, to, &options.renames, &mut path);
    let (ours, theirs) = comparable(&from, to, options.live);
    let found = differences(&ours, &theirs, Sides::FROM_AND_TO)?;
    let mut changed: BTreeMap<ObjectKind, Vec<String>> = BTreeMap::new();
    for Difference { kind, name, findings } in found {
        let (unsure, sure): (Vec<_>, Vec<_>) =
            findings.into_iter().partition(|finding| matches!(finding, Finding::NotChecked { .. }));
        if sure.is_empty() || !unsure.is_empty() {
            path.findings.extend(unsure);
        }
        if !sure.is_empty() {
            changed.entry(kind).or_default().push(name);
        }
    }
    let work = work::Work { from: &from, to, ours: &ours, theirs: &theirs, changed };
    work.run(&mut path);
    path.findings.extend(left_over(&from, to, &work, options.live, &path.steps));
    Ok(path)
}

/// Both schemas in the spelling of servers.
fn comparable(from: &Catalogue, to: &Catalogue, live: Live) -> (Catalogue, Catalogue) {
    let (mut ours, mut theirs) = (from.clone(), to.clone());
    if live == Live::From {
        reconcile(&mut theirs, &mut ours);
    } else {
        reconcile(&mut ours, &mut theirs);
    }
    if live == Live::Neither {
        ours.events.clone_from(from.events());
        theirs.events.clone_from(to.events());
        // Where no server has rewritten a view, its own words decide.
        for (name, view) in from.views() {
            let odd = ours.unknown.contains_key(&(ObjectKind::View, name.clone()))
                && from.unknown(ObjectKind::View, name).is_none();
            if odd && to.unknown(ObjectKind::View, name).is_none() {
                ours.unknown.remove(&(ObjectKind::View, name.clone()));
                ours.views.insert(name.clone(), view.clone());
                if let Some(other) = to.views().get(name) {
                    theirs.views.insert(name.clone(), other.clone());
                }
            }
        }
    }
    (ours, theirs)
}

/// What still differs after the statements have run in memory.
fn left_over(
    before: &Catalogue,
    to: &Catalogue,
    work: &work::Work<'_>,
    live: Live,
    steps: &[Step],
) -> Vec<Finding> {
    let mut from = before.clone();
    from.defer_foreign_key_checks();
    for step in steps {
        order::run(&mut from, &step.sql);
    }
    let (mut ours, mut theirs) = comparable(&from, to, live);
    // Tables that no statement has touched, and that were found to be the same, still are.
    let changed = work.changed.get(&ObjectKind::Table).map_or(&[][..], Vec::as_slice);
    let changed: BTreeSet<&String> = changed.iter().collect();
    let is_settled = |name: &String, table: &Arc<Table>| {
        before.tables().get(name).is_some_and(|old| Arc::ptr_eq(old, table))
            && to.tables().contains_key(name)
            && !changed.contains(name)
    };
    let settled: Vec<&String> =
        from.tables().iter().filter(|(name, table)| is_settled(name, table)).map(|(name, _)| name).collect();
    for name in settled {
        ours.tables.remove(name);
        theirs.tables.remove(name);
    }
    let Ok(found) = differences(&ours, &theirs, Sides::FROM_AND_TO) else { return Vec::new() };
    found
        .into_iter()
        .filter(|difference| {
            difference.findings.iter().any(|finding| !matches!(finding, Finding::NotChecked { .. }))
        })
        .map(|Difference { kind, name, findings }| {
            let place = to.place_of(kind, &name).or_else(|| from.place_of(kind, &name));
            let what = findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
            Finding::not_carried(format!("{kind} `{name}`"), what, place)
        })
        .collect()
}

/// The statement as a script, with a delimiter that its body does not hold.
pub fn script(step: &Step) -> String {
    delimited(&step.sql, step.compound)
}

fn kind_of(kind: RoutineKind) -> ObjectKind {
    kind.into()
}
