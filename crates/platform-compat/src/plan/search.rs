//! A way over known releases where moves wait for each other: the fewest steps, by A*.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
};

use super::{
    Planner, Step, causes,
    moves::{Options, describe},
    rollout::{breaks, breaks_alone},
};
use crate::space::{State, What};

/// States that are looked at before the search is given up.
const MAX_STATES: usize = 200_000;

/// Steps to the goal, if there are any, and whether everything was tried.
pub(super) fn search(planner: &Planner<'_, '_>, options: &Options) -> (Option<Vec<Step>>, bool) {
    Search::new(planner, options).run()
}

struct Search<'a, 'p> {
    planner: &'a Planner<'a, 'p>,
    options: &'a Options,
    /// For each subject the ones that must be there before it may move.
    after: Vec<Vec<usize>>,
    /// Subjects that move in one step, as indexes.
    group: Vec<Vec<usize>>,
}

/// For each changed subject the index of its option.
type Vector = Vec<u8>;

impl<'a, 'p> Search<'a, 'p> {
    fn new(planner: &'a Planner<'a, 'p>, options: &'a Options) -> Self {
        let index = |subject: usize| options.subjects.iter().position(|other| *other == subject);
        let mut after = vec![Vec::new(); options.subjects.len()];
        for (before, then) in planner.declared_order() {
            if let (Some(before), Some(then)) = (index(before), index(then)) {
                after[then].push(before);
            }
        }
        let mut group: Vec<Vec<usize>> = (0..options.subjects.len()).map(|at| vec![at]).collect();
        for members in planner.declared_groups() {
            let members: Vec<usize> = members.into_iter().filter_map(index).collect();
            for member in &members {
                group[*member].clone_from(&members);
            }
        }
        Self { planner, options, after, group }
    }

    fn run(&self) -> (Option<Vec<Step>>, bool) {
        let count = self.options.subjects.len();
        let last: Option<Vector> =
            self.options.options.iter().map(|options| u8::try_from(options.len() - 1).ok()).collect();
        let Some(last) = last else { return (None, false) };
        let first: Vector = vec![0; count];
        let left = |vector: &Vector| vector.iter().zip(&last).filter(|(at, last)| at != last).count();
        let mut came_from: HashMap<Vector, Vector> = HashMap::new();
        let mut cost: HashMap<Vector, usize> = HashMap::from([(first.clone(), 0)]);
        // Of equally promising states the one that has come further is looked at first.
        let mut open = BinaryHeap::from([Reverse((left(&first), Reverse(0), first))]);
        let mut looked_at = 0;
        while let Some(Reverse((_, Reverse(steps), vector))) = open.pop() {
            if vector == last {
                return (Some(self.told(&vector, &came_from)), true);
            }
            if cost.get(&vector).is_some_and(|best| *best < steps) {
                continue;
            }
            looked_at += 1;
            if looked_at > MAX_STATES {
                return (None, false);
            }
            for subject in 0..count {
                for next in self.next(&vector, subject, &last) {
                    if cost.get(&next).is_none_or(|best| *best > steps + 1) && self.is_safe(&vector, &next) {
                        cost.insert(next.clone(), steps + 1);
                        came_from.insert(next.clone(), vector.clone());
                        open.push(Reverse((steps + 1 + left(&next), Reverse(steps + 1), next)));
                    }
                }
            }
        }
        (None, true)
    }

    /// The states one step further in which a subject has moved.
    fn next(&self, vector: &Vector, subject: usize, last: &Vector) -> Vec<Vector> {
        let waits = self.after[subject].iter().any(|before| vector[*before] != last[*before]);
        if waits || vector[subject] == last[subject] {
            return Vec::new();
        }
        if self.group[subject].len() > 1 {
            if self.group[subject][0] != subject {
                return Vec::new();
            }
            let mut next = vector.clone();
            for member in &self.group[subject] {
                next[*member] = last[*member];
            }
            return vec![next];
        }
        let is_schema =
            matches!(self.planner.space.subjects[self.options.subjects[subject]].what, What::Schema(_));
        let furthest = if is_schema { vector[subject] + 1 } else { last[subject] };
        (vector[subject] + 1..=furthest)
            .map(|option| {
                let mut next = vector.clone();
                next[subject] = option;
                next
            })
            .collect()
    }

    fn state(&self, vector: &Vector) -> State {
        let mut state = self.planner.start.clone();
        for (index, option) in vector.iter().enumerate() {
            state[self.options.subjects[index]]
                .clone_from(&self.options.options[index][usize::from(*option)]);
        }
        state
    }

    /// While one subject moves, the rest stays: the mixed state is no worse than the two beside it, except by rules about the
    /// mixture itself. What several break in one step is told as its gap.
    fn is_safe(&self, vector: &Vector, next: &Vector) -> bool {
        let (before, after) = (self.state(vector), self.state(next));
        let space = self.planner.space;
        let moved: Vec<usize> = self
            .options
            .subjects
            .iter()
            .copied()
            .filter(|subject| before[*subject] != after[*subject])
            .collect();
        moved.iter().flat_map(|subject| &space.touching[*subject]).all(|index| {
            let nogood = &space.nogoods[*index];
            !self.planner.counts(*index)
                || !nogood.is_violated(&after) && !breaks_alone(space, nogood, &before, &after)
        })
    }

    fn told(&self, last: &Vector, came_from: &HashMap<Vector, Vector>) -> Vec<Step> {
        let mut path: Vec<&Vector> = std::iter::successors(Some(last), |at| came_from.get(*at)).collect();
        path.reverse();
        path.windows(2)
            .enumerate()
            .map(|(number, pair)| {
                let moved: Vec<usize> =
                    (0..last.len()).filter(|index| pair[0][*index] != pair[1][*index]).collect();
                let moves = moved.iter().map(|index| {
                    let options = &self.options.options[*index];
                    let (from, to) = (usize::from(pair[0][*index]), usize::from(pair[1][*index]));
                    describe(self.planner.space, self.options.subjects[*index], &options[from], &options[to])
                });
                Step {
                    moves: moves.collect(),
                    wave: number + 1,
                    gap: self.gap(pair, &moved),
                    reasons: self.reasons(path[0], pair[0], &moved),
                }
            })
            .collect()
    }

    /// Rules that are broken while several subjects move in one step.
    fn gap(&self, pair: &[&Vector], moved: &[usize]) -> Vec<crate::space::Cause> {
        if moved.len() < 2 {
            return Vec::new();
        }
        let (before, after) = (self.state(pair[0]), self.state(pair[1]));
        let space = self.planner.space;
        let mut broken: Vec<usize> = moved
            .iter()
            .flat_map(|index| &space.touching[self.options.subjects[*index]])
            .copied()
            .filter(|index| {
                self.planner.counts(*index) && breaks(space, &space.nogoods[*index], &before, &after)
            })
            .collect();
        broken.sort_unstable();
        broken.dedup();
        causes(space, &broken)
    }

    /// Rules that the moves of a step would have broken at the very start.
    fn reasons(&self, start: &Vector, before: &Vector, moved: &[usize]) -> Vec<crate::space::Cause> {
        if start == before {
            return Vec::new();
        }
        let mut early = start.clone();
        for index in moved {
            early[*index] = u8::try_from(self.options.options[*index].len() - 1).unwrap_or(u8::MAX);
        }
        let state = self.state(&early);
        let space = self.planner.space;
        let broken: Vec<usize> =
            space.violated(&state).filter(|nogood| self.planner.counts(*nogood)).collect();
        causes(space, &broken)
    }
}
