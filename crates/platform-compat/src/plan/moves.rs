//! Single moves: one for a component, one for every migration that a rule tells from the one before it.

use super::{Move, Planner};
use crate::space::{Space, What};

/// The values that each changed subject goes through.
pub(super) struct Moves {
    /// Changed subjects.
    pub(super) subjects: Vec<usize>,
    /// For each the sets of candidates that are live one after the other.
    pub(super) chains: Vec<Vec<Vec<usize>>>,
    /// For each the number of its first move.
    pub(super) first: Vec<usize>,
    /// All moves: index in `subjects`, and position in its chain that it leads to.
    pub(super) all: Vec<(usize, usize)>,
}

impl Moves {
    pub(super) fn new(planner: &Planner<'_, '_>, subjects: &[usize]) -> Self {
        let chains: Vec<Vec<Vec<usize>>> = subjects.iter().map(|subject| chain(planner, *subject)).collect();
        let (mut first, mut all) = (Vec::new(), Vec::new());
        for (index, chain) in chains.iter().enumerate() {
            first.push(all.len());
            all.extend((1..chain.len()).map(|position| (index, position)));
        }
        Self { subjects: subjects.to_vec(), chains, first, all }
    }

    /// The move by which a subject comes to a position of its chain.
    pub(super) fn entering(&self, index: usize, position: usize) -> Option<usize> {
        (position > 0).then(|| self.first[index] + position - 1)
    }

    /// The move by which it goes on from there.
    pub(super) fn leaving(&self, index: usize, position: usize) -> Option<usize> {
        (position + 1 < self.chains[index].len()).then(|| self.first[index] + position)
    }

    pub(super) fn describe(&self, space: &Space<'_>, number: usize) -> Move {
        let (index, position) = self.all[number];
        let chain = &self.chains[index];
        describe(space, self.subjects[index], &chain[position - 1], &chain[position])
    }
}

pub(super) fn describe(space: &Space<'_>, subject: usize, from: &[usize], to: &[usize]) -> Move {
    Move {
        what: space.subjects[subject].what,
        name: space.name(subject),
        from: space.versions(subject, from),
        to: space.versions(subject, to),
    }
}

/// From the first to the last set of live candidates. A schema goes through every migration; those that no rule tells
/// apart are one move.
fn chain(planner: &Planner<'_, '_>, subject: usize) -> Vec<Vec<usize>> {
    let (from, to) = (&planner.start[subject], &planner.goal[subject]);
    let space = planner.space;
    let mut chain = vec![from.clone()];
    if let (What::Schema(_), [first], [last]) = (space.subjects[subject].what, &from[..], &to[..]) {
        for level in *first + 1..*last {
            let told_apart = space.touching[subject].iter().any(|nogood| {
                let nogood = &space.nogoods[*nogood];
                nogood
                    .members
                    .iter()
                    .any(|(of, set)| *of == subject && set.contains(level) != set.contains(level + 1))
            });
            if told_apart {
                chain.push(vec![level]);
            }
        }
    }
    chain.push(to.clone());
    chain
}

/// What each changed subject may be on its way: the search's choices.
pub(super) struct Options {
    pub(super) subjects: Vec<usize>,
    /// For each the sets of live candidates from the first to the wanted one, with known releases between.
    pub(super) options: Vec<Vec<Vec<usize>>>,
}

impl Options {
    pub(super) fn new(planner: &Planner<'_, '_>, subjects: &[usize]) -> Self {
        let space = planner.space;
        let options = subjects.iter().map(|subject| {
            let (from, to) = (&planner.start[*subject], &planner.goal[*subject]);
            if matches!(space.subjects[*subject].what, What::Schema(_)) {
                return chain(planner, *subject);
            }
            // Versions never move backwards on the way, so what lies between is all there is.
            let low = from.iter().copied().min().unwrap_or(0);
            let high = to.iter().copied().max().unwrap_or(0);
            let candidates = &space.subjects[*subject].candidates;
            let between = (low + 1..high).filter(|at| {
                candidates[*at].known && !candidates[*at].withdrawn && !from.contains(at) && !to.contains(at)
            });
            let mut options = vec![from.clone()];
            options.extend(between.map(|at| vec![at]));
            options.push(to.clone());
            options
        });
        Self { options: options.collect(), subjects: subjects.to_vec() }
    }
}
