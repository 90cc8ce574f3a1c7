//! The order in which versions move from what is live to what is wanted, so that every state between works.
//!
//! While a component rolls out, its old and its new version are live together ([`rollout`] tells where they are not), beside every
//! other component in its own old or new version. A rule that forbids a combination is therefore kept if, of the versions it names, some one has gone before
//! another one comes: "this move before that one". Where each rule leaves one such choice, the moves and their precedences are
//! a graph, and every topological order of it is safe and as short as can be ([`order`]). Where the
//! precedences run in a circle, or a rule leaves several choices that all close one, steps over known releases between are searched
//! ([`search`]); if there are none either, that is the proof, and the rules of the circle are what must be relaxed.

mod moves;
mod order;
mod rollout;
mod search;

use std::collections::BTreeSet;

use crate::{
    compatibility::{Order, Part},
    space::{Cause, Space, State, What},
    version::Version,
};
use moves::{Moves, Options};
use order::Ordered;
pub(crate) use rollout::breaks_alone;

/// What shall be live.
pub type Target = Vec<(What, Vec<Version>)>;

/// The way from one state to another.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What to do, in order; nothing when everything is as wanted.
    pub steps: Vec<Step>,
    /// Rules that are broken before the first step already, and therefore ask nothing of the order.
    pub broken_before: Vec<Cause>,
}

/// What is done at once.
#[derive(Debug, Clone)]
pub struct Step {
    /// Usually one; several where they go together.
    pub moves: Vec<Move>,
    /// Steps with the same number need not wait for each other; counted from 1.
    pub wave: usize,
    /// Rules that a step of several moves breaks while old and new versions are mixed.
    pub gap: Vec<Cause>,
    /// Why it comes after earlier steps.
    pub reasons: Vec<Cause>,
}

/// A change of the live versions of one subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// Whose.
    pub what: What,
    /// Its name for people.
    pub name: String,
    /// Versions that go.
    pub from: Vec<String>,
    /// Versions that come.
    pub to: Vec<String>,
}

/// Why there is no way.
#[derive(Debug, Clone)]
pub enum NoPlan {
    /// The wanted versions do not go together.
    Target(Vec<Cause>),
    /// Every order breaks a rule.
    Locked(Locked),
}

/// Moves that wait for each other.
#[derive(Debug, Clone)]
pub struct Locked {
    /// Who waits for whom, in a circle: names of the moves' subjects. A single one has versions that do not go beside each other,
    /// as its rollout has them.
    pub circle: Vec<String>,
    /// The rules that make them wait, one after the other.
    pub causes: Vec<Cause>,
    /// Rules of the circle without each of which there is a plan; each was tried.
    pub relax: Vec<Cause>,
    /// Moving these in one step is the smallest change of the plan that works; nothing where that does not help.
    pub together: Vec<String>,
    /// Whether every sequence over known releases was tried; false when the search was given up.
    pub proven: bool,
}

/// Finds a safe order with the fewest steps.
///
/// # Errors
/// [`NoPlan`] with the rules that stand in the way.
pub fn plan(space: &Space<'_>, target: &Target) -> Result<Plan, Box<NoPlan>> {
    let goal = goal(space, target);
    let start = space.now();
    let broken: BTreeSet<usize> = space.violated(&start).collect();
    // What is broken now and stays broken is nothing that the plan does.
    let bad: Vec<usize> = space.violated(&goal).filter(|index| !broken.contains(index)).collect();
    if !bad.is_empty() {
        return Err(Box::new(NoPlan::Target(causes(space, &bad))));
    }
    let planner = Planner { space, start: &start, goal: &goal, ignored: broken };
    let steps = match planner.steps() {
        Ok(steps) => steps,
        Err(locked) => {
            let (mut locked, rules) = *locked;
            planner.find_relaxations(&mut locked, &rules);
            return Err(Box::new(NoPlan::Locked(locked)));
        }
    };
    let broken_before = causes(space, &planner.ignored.iter().copied().collect::<Vec<_>>());
    Ok(Plan { steps, broken_before })
}

/// The wanted state.
pub(crate) fn goal(space: &Space<'_>, target: &Target) -> State {
    let mut goal = space.now();
    for (what, versions) in target {
        if let Some(subject) = space.subject(*what) {
            let candidates = versions.iter().filter_map(|version| space.candidate(subject, version));
            goal[subject] = candidates.collect();
            goal[subject].sort_unstable();
        }
    }
    goal
}

/// Rules in words, each once.
pub(crate) fn causes(space: &Space<'_>, nogoods: &[usize]) -> Vec<Cause> {
    let mut causes: Vec<Cause> = Vec::new();
    for index in nogoods {
        let cause = space.cause(&space.nogoods[*index]);
        if !causes.contains(&cause) {
            causes.push(cause);
        }
    }
    causes
}

pub(crate) struct Planner<'a, 'p> {
    pub(crate) space: &'a Space<'p>,
    pub(crate) start: &'a State,
    pub(crate) goal: &'a State,
    /// Nogoods that do not count.
    pub(crate) ignored: BTreeSet<usize>,
}

impl Planner<'_, '_> {
    /// Subjects that move.
    fn changed(&self) -> Vec<usize> {
        (0..self.start.len()).filter(|subject| self.start[*subject] != self.goal[*subject]).collect()
    }

    fn steps(&self) -> Result<Vec<Step>, Box<(Locked, Vec<usize>)>> {
        let moves = Moves::new(self, &self.changed());
        match order::order(self, &moves) {
            Ordered::Order(steps) => Ok(steps),
            Ordered::Locked { members, circle, rules } => {
                let options = Options::new(self, &self.changed());
                let (found, proven) = search::search(self, &options);
                if let Some(steps) = found {
                    return Ok(steps);
                }
                let name = |subject: &usize| self.space.name(*subject);
                let mut together: Vec<String> = members.iter().map(name).collect();
                together.dedup();
                let locked = Locked {
                    circle: circle.iter().map(name).collect(),
                    causes: causes(self.space, &rules),
                    relax: Vec::new(),
                    together,
                    proven,
                };
                Err(Box::new((locked, rules)))
            }
        }
    }

    /// Which single rule of the circle is enough to drop.
    fn find_relaxations(&self, locked: &mut Locked, rules: &[usize]) {
        let mut tried: Vec<Cause> = Vec::new();
        for rule in rules {
            let cause = self.space.cause(&self.space.nogoods[*rule]);
            if tried.contains(&cause) {
                continue;
            }
            let mut ignored = self.ignored.clone();
            let same = |index: &usize| self.space.cause(&self.space.nogoods[*index]) == cause;
            ignored.extend((0..self.space.nogoods.len()).filter(same));
            let relaxed = Planner { space: self.space, start: self.start, goal: self.goal, ignored };
            if relaxed.steps().is_ok() {
                locked.relax.push(cause.clone());
            }
            tried.push(cause);
        }
    }

    /// Whether a rule of the space counts.
    pub(crate) fn counts(&self, nogood: usize) -> bool {
        !self.ignored.contains(&nogood)
    }

    /// Pairs of subjects of which the first moves first because compatibility.yaml says so.
    pub(crate) fn declared_order(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.space.platform.compatibility().order.iter().filter_map(|order| {
            let Order::Before { before, after, .. } = order else { return None };
            let subject = |id| self.space.subject(What::Part(Part::Component(id)));
            Some((subject(*before)?, subject(*after)?))
        })
    }

    /// Sets of subjects that move in one step because compatibility.yaml says so.
    pub(crate) fn declared_groups(&self) -> impl Iterator<Item = Vec<usize>> + '_ {
        self.space.platform.compatibility().order.iter().filter_map(|order| {
            let Order::Together { members, .. } = order else { return None };
            let subjects =
                members.iter().filter_map(|id| self.space.subject(What::Part(Part::Component(*id))));
            Some(subjects.collect())
        })
    }
}

#[cfg(test)]
mod tests;
