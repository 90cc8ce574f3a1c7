//! Is there a choice of versions that breaks no rule?
//!
//! The search is that of `pubgrub`: each subject of a [`Space`] is a package whose versions are its candidates, and each forbidden
//! combination is a dependency of its first member on the others being something else; one of more than two members goes over
//! a package of its own, whose versions say which member gives way. When there is no choice, the rules of its
//! derivation are thinned out until leaving out any one would allow a choice: what is left is the explanation.

use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
    fmt,
};

use pubgrub::{
    Dependencies, DependencyProvider, DerivationTree, External, PackageResolutionStatistics, PubGrubError,
    Ranges,
};

use crate::{
    plan::Target,
    space::{Cause, Reason, Set, Space, What},
    version::Version,
};

/// A choice of versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Solution {
    /// What would be live where something else is live now, or several versions are.
    pub changes: Vec<Change>,
}

/// A version in place of what is live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Whose.
    pub what: What,
    /// Its name for people.
    pub name: String,
    /// Versions that are live now.
    pub from: Vec<String>,
    /// The version to have.
    pub to: Version,
}

/// Why there is no choice.
#[derive(Debug, Clone)]
pub struct Conflict {
    /// Rules that contradict each other; without any one of them the others would allow a choice.
    pub causes: Vec<Cause>,
    /// Versions that were asked for and take part: "`mysql` 9.7.0".
    pub wanted: Vec<String>,
    /// Those of the rules without each of which there is a choice that breaks no other rule either; each was tried.
    pub relax: Vec<Cause>,
}

/// Chooses a version for every subject: one of those in `wanted` where it names the subject, else what is live now if
/// that is possible, else the newest that is.
///
/// # Errors
/// [`Conflict`] with a smallest set of rules that contradict each other.
pub fn solve(space: &Space<'_>, wanted: &Target) -> Result<Solution, Box<Conflict>> {
    let groups = Groups::new(space);
    let allowed = Allowed::new(space, wanted);
    let all: BTreeSet<usize> = (0..groups.count).collect();
    match (Problem { space, groups: &groups, allowed: &allowed, active: &all }).solve() {
        Ok(chosen) => Ok(Solution { changes: changes(space, &chosen) }),
        Err(core) => Err(Box::new(explain(space, &groups, &allowed, &all, core))),
    }
}

fn changes(space: &Space<'_>, chosen: &BTreeMap<usize, usize>) -> Vec<Change> {
    let moved = chosen.iter().filter(|(subject, candidate)| space.subjects[**subject].live != [**candidate]);
    moved
        .map(|(subject, candidate)| Change {
            what: space.subjects[*subject].what,
            name: space.name(*subject),
            from: space.versions(*subject, &space.subjects[*subject].live),
            to: space.subjects[*subject].candidates[*candidate].version.clone(),
        })
        .collect()
}

/// Leaves out one rule after the other as long as the rest still contradicts itself.
fn explain(
    space: &Space<'_>,
    groups: &Groups,
    allowed: &Allowed,
    all: &BTreeSet<usize>,
    core: BTreeSet<usize>,
) -> Conflict {
    let contradicts = |active: &BTreeSet<usize>, allowed: &Allowed| {
        Problem { space, groups, allowed, active }.solve().is_err()
    };
    let mut core = core;
    for rule in core.clone() {
        core.remove(&rule);
        if !contradicts(&core, allowed) {
            core.insert(rule);
        }
    }
    // The same for what was asked for.
    let mut needed = allowed.clone();
    for subject in allowed.wanted.keys() {
        let limit = needed.wanted.remove(subject);
        if !contradicts(&core, &needed)
            && let Some(limit) = limit
        {
            needed.wanted.insert(*subject, limit);
        }
    }
    let without = |rule: usize| {
        let mut active = all.clone();
        active.remove(&rule);
        Problem { space, groups, allowed, active: &active }.solve().is_ok()
    };
    let cause = |rule: &usize| space.cause(&space.nogoods[groups.first[*rule]]);
    let order = causal_order(space, groups, &core, &needed);
    Conflict {
        causes: order.iter().map(cause).collect(),
        wanted: needed
            .wanted
            .iter()
            .map(|(subject, candidates)| {
                format!("`{}` {}", space.name(*subject), space.versions(*subject, candidates).join(" or "))
            })
            .collect(),
        relax: order.iter().filter(|rule| without(**rule)).map(cause).collect(),
    }
}

/// Rules from what was asked for outwards, so that each one speaks of something already met.
fn causal_order(space: &Space<'_>, groups: &Groups, core: &BTreeSet<usize>, needed: &Allowed) -> Vec<usize> {
    let members = |rule: usize| {
        space.nogoods[groups.first[rule]].members.iter().map(|(subject, _)| *subject).collect::<Vec<_>>()
    };
    let mut met: BTreeSet<usize> = needed.wanted.keys().copied().collect();
    let mut left: Vec<usize> = core.iter().copied().collect();
    left.sort_by_key(|rule| space.nogoods[groups.first[*rule]].reason.place());
    let mut order = Vec::new();
    while !left.is_empty() {
        let next = left.iter().position(|rule| members(*rule).iter().any(|s| met.contains(s))).unwrap_or(0);
        let rule = left.remove(next);
        met.extend(members(rule));
        order.push(rule);
    }
    order
}

/// Nogoods by the declaration that they are of: only a whole declaration can be relaxed.
struct Groups {
    of: Vec<usize>,
    first: Vec<usize>,
    count: usize,
    /// Members of nogoods that name a subject twice: one candidate is all that is chosen of it, so it must be in both sets.
    merged: BTreeMap<usize, Vec<(usize, Set)>>,
}

impl Groups {
    fn new(space: &Space<'_>) -> Self {
        let mut known = BTreeMap::new();
        let (mut of, mut first) = (Vec::new(), Vec::new());
        let mut merged = BTreeMap::new();
        for (index, nogood) in space.nogoods.iter().enumerate() {
            if nogood.is_of_mixture() {
                merged.insert(index, merge(&nogood.members));
            }
            let key = (nogood.reason.place(), nogood.reason.rule(), condition_place(&nogood.reason));
            let group = *known.entry(key).or_insert_with(|| {
                first.push(index);
                first.len() - 1
            });
            of.push(group);
        }
        Self { of, count: first.len(), first, merged }
    }
}

/// Each subject once, with the candidates that are in all of its sets.
fn merge(members: &[(usize, Set)]) -> Vec<(usize, Set)> {
    let mut merged: Vec<(usize, Set)> = Vec::with_capacity(members.len());
    for (subject, set) in members {
        match merged.iter_mut().find(|(other, _)| other == subject) {
            None => merged.push((*subject, set.clone())),
            Some((_, first)) => *first = first.intersection(set),
        }
    }
    merged
}

/// What tells two rules of one declaration apart.
fn condition_place(reason: &Reason<'_>) -> Option<crate::place::Place> {
    match reason {
        Reason::Release(_, condition, _) | Reason::Contract(_, condition) => Some(condition.place),
        _ => None,
    }
}

/// Candidates that may be chosen.
#[derive(Clone)]
struct Allowed {
    /// Only these where someone asked for them.
    wanted: BTreeMap<usize, Vec<usize>>,
}

impl Allowed {
    fn new(space: &Space<'_>, wanted: &Target) -> Self {
        let limits = wanted.iter().filter_map(|(what, versions)| {
            let subject = space.subject(*what)?;
            let candidates = versions.iter().filter_map(|version| space.candidate(subject, version));
            Some((subject, candidates.collect()))
        });
        Self { wanted: limits.collect() }
    }

    fn contains(&self, subject: usize, candidate: usize) -> bool {
        self.wanted.get(&subject).is_none_or(|only| only.contains(&candidate))
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Package {
    Root,
    Subject(usize),
    /// A nogood of more than two members: its version is the member that gives way.
    Rule(usize),
}

impl fmt::Display for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

struct Problem<'a, 'p> {
    space: &'a Space<'p>,
    groups: &'a Groups,
    allowed: &'a Allowed,
    active: &'a BTreeSet<usize>,
}

impl Problem<'_, '_> {
    /// The chosen candidate of each subject, or the rules of a proof that there is none.
    fn solve(&self) -> Result<BTreeMap<usize, usize>, BTreeSet<usize>> {
        match pubgrub::resolve(self, Package::Root, 0_usize) {
            Ok(chosen) => Ok(chosen
                .into_iter()
                .filter_map(|(package, version)| match package {
                    Package::Subject(subject) => Some((subject, version)),
                    _ => None,
                })
                .collect()),
            Err(PubGrubError::NoSolution(error)) => Err(self.rules(&error)),
            // Nothing that the provider does can fail.
            Err(_) => Err((0..self.groups.count).collect()),
        }
    }

    /// Rules that the leaves of a derivation stand for.
    fn rules(&self, tree: &DerivationTree<Package, Ranges<usize>, usize>) -> BTreeSet<usize> {
        let mut rules = BTreeSet::new();
        let mut open = vec![tree];
        let mut seen = BTreeSet::new();
        while let Some(tree) = open.pop() {
            match tree {
                DerivationTree::Derived(derived) => {
                    if derived.shared_id.is_none_or(|id| seen.insert(id)) {
                        open.extend([&*derived.cause1, &*derived.cause2]);
                    }
                }
                DerivationTree::External(External::FromDependencyOf(from, _, to, _)) => match (from, to) {
                    (Package::Subject(from), Package::Subject(to)) => {
                        let between =
                            self.of(*from).filter(|(_, members)| members.len() == 2 && members[1].0 == *to);
                        rules.extend(between.map(|(index, _)| self.groups.of[index]));
                    }
                    (_, Package::Rule(rule)) | (Package::Rule(rule), _) => {
                        rules.insert(self.groups.of[*rule]);
                    }
                    _ => {}
                },
                DerivationTree::External(External::Custom(_, _, nogood)) => {
                    rules.insert(self.groups.of[*nogood]);
                }
                DerivationTree::External(_) => {}
            }
        }
        rules
    }

    /// Members of active nogoods of which a subject is the first.
    fn of(&self, subject: usize) -> impl Iterator<Item = (usize, &[(usize, Set)])> {
        let all = self.space.touching[subject].iter().map(|index| (*index, self.members(*index)));
        all.filter(move |(index, members)| {
            members[0].0 == subject && self.active.contains(&self.groups.of[*index])
        })
    }

    /// Members of a nogood, each subject once.
    fn members(&self, nogood: usize) -> &[(usize, Set)] {
        self.groups.merged.get(&nogood).unwrap_or(&self.space.nogoods[nogood].members)
    }

    /// The candidates of a subject outside a nogood's set.
    fn outside(&self, (subject, set): &(usize, Set)) -> Ranges<usize> {
        let count = self.space.subjects[*subject].candidates.len();
        (0..count)
            .filter(|candidate| !set.contains(*candidate))
            .map(|at| (at, at + 1))
            .fold(Ranges::empty(), |ranges, (from, to)| ranges.union(&Ranges::between(from, to)))
    }
}

impl DependencyProvider for Problem<'_, '_> {
    type P = Package;
    type V = usize;
    type VS = Ranges<usize>;
    type M = usize;
    type Err = Infallible;
    /// Conflicts so far, then how few candidates are left.
    type Priority = (u32, std::cmp::Reverse<usize>);

    fn prioritize(
        &self,
        package: &Package,
        range: &Ranges<usize>,
        conflicts: &PackageResolutionStatistics,
    ) -> Self::Priority {
        let left = match package {
            Package::Root => 0,
            Package::Subject(subject) => (0..self.space.subjects[*subject].candidates.len())
                .filter(|at| range.contains(at) && self.allowed.contains(*subject, *at))
                .count(),
            Package::Rule(_) => usize::MAX,
        };
        (conflicts.conflict_count(), std::cmp::Reverse(left))
    }

    fn choose_version(&self, package: &Package, range: &Ranges<usize>) -> Result<Option<usize>, Infallible> {
        Ok(match package {
            Package::Root => Some(0),
            Package::Rule(rule) => (1..self.members(*rule).len()).find(|member| range.contains(member)),
            Package::Subject(subject) => {
                let of = &self.space.subjects[*subject];
                let possible = |at: &usize| range.contains(at) && self.allowed.contains(*subject, *at);
                let asked = self.allowed.wanted.contains_key(subject);
                // Nobody moves to a release that was withdrawn, or of which nothing is known, unasked.
                let good = |at: &usize| asked || (of.candidates[*at].known && !of.candidates[*at].withdrawn);
                let live = of.live.iter().copied().rev().find(possible);
                live.or_else(|| (0..of.candidates.len()).rev().find(|at| possible(at) && good(at)))
            }
        })
    }

    fn get_dependencies(
        &self,
        package: &Package,
        version: &usize,
    ) -> Result<Dependencies<Package, Ranges<usize>, usize>, Infallible> {
        let mut needs: BTreeMap<Package, Ranges<usize>> = BTreeMap::new();
        match package {
            Package::Root => {
                let subjects = 0..self.space.subjects.len();
                needs.extend(subjects.map(|subject| (Package::Subject(subject), Ranges::full())));
            }
            Package::Subject(subject) => {
                for (index, members) in self.of(*subject) {
                    if !members[0].1.contains(*version) {
                        continue;
                    }
                    match members {
                        [_] => return Ok(Dependencies::Unavailable(index)),
                        [_, other] => {
                            let range = self.outside(other);
                            let known = needs.entry(Package::Subject(other.0)).or_insert_with(Ranges::full);
                            *known = known.intersection(&range);
                        }
                        _ => {
                            needs.insert(Package::Rule(index), Ranges::full());
                        }
                    }
                }
            }
            Package::Rule(rule) => {
                if let Some(member) = self.members(*rule).get(*version) {
                    needs.insert(Package::Subject(member.0), self.outside(member));
                }
            }
        }
        Ok(Dependencies::Available(needs.into_iter().collect()))
    }
}

#[cfg(test)]
mod tests;
