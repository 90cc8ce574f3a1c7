//! Precedences between moves, and an order that obeys them.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap},
};

use petgraph::{algo::kosaraju_scc, graph::DiGraph};

use super::{
    Planner, Step, causes,
    moves::Moves,
    rollout::{is_mixed, moves_at_once},
};
use crate::{
    compatibility::{Part, SchemaPhase},
    graph::rank,
    space::What,
};

/// Attempts to choose between precedences before the search takes over.
const MAX_CHOICES: usize = 20_000;

/// What came of the precedences.
pub(super) enum Ordered {
    Order(Vec<Step>),
    /// Some moves wait for each other.
    Locked {
        /// Subjects of all that do; none where it is one whose versions do not go beside each other.
        members: Vec<usize>,
        /// Subjects of the shortest circle.
        circle: Vec<usize>,
        /// Nogoods of that circle.
        rules: Vec<usize>,
    },
}

/// One move before another, and the nogood that asks for it.
type Edge = (usize, usize, Option<usize>);

/// Puts the moves into an order in which no rule is broken on the way.
pub(super) fn order(planner: &Planner<'_, '_>, moves: &Moves) -> Ordered {
    let mut graph = Precedences::new(planner, moves);
    let mut choices: Vec<(usize, Vec<(usize, usize)>)> = Vec::new();
    for (nogood, literals) in clauses(planner, moves) {
        let literals: Vec<(usize, usize)> =
            literals.into_iter().map(|(a, b)| (graph.group[a], graph.group[b])).collect();
        // What moves in one step is mixed for a while; that is the price of `together`, which the step tells.
        if literals.iter().any(|(before, after)| before == after) {
            continue;
        }
        match literals.as_slice() {
            [] => return alone(planner, moves, nogood),
            [(before, after)] => graph.edges.push((*before, *after, Some(nogood))),
            _ => choices.push((nogood, literals)),
        }
    }
    if let Some(locked) = graph.locked(moves) {
        return locked;
    }
    let mut budget = MAX_CHOICES;
    if !graph.choose(&choices, &mut budget) {
        let mut members: Vec<usize> = Vec::new();
        let mut rules = Vec::new();
        for (nogood, _) in &choices {
            rules.push(*nogood);
            members.extend(planner.space.nogoods[*nogood].members.iter().map(|(subject, _)| *subject));
        }
        members.retain(|subject| moves.subjects.contains(subject));
        members.sort_unstable();
        members.dedup();
        return Ordered::Locked { circle: members.clone(), members, rules };
    }
    Ordered::Order(graph.sorted(planner, moves))
}

/// Old and new of a subject break a rule beside each other: no order helps.
fn alone(planner: &Planner<'_, '_>, moves: &Moves, nogood: usize) -> Ordered {
    let mut circle: Vec<usize> = Vec::new();
    for (subject, _) in &planner.space.nogoods[nogood].members {
        if moves.subjects.contains(subject) && !circle.contains(subject) {
            circle.push(*subject);
        }
    }
    Ordered::Locked { members: Vec::new(), circle, rules: vec![nogood] }
}

/// For each combination of values that a nogood forbids: pairs of moves of which at least one must come in this order. No pair
/// where no order keeps them apart.
fn clauses(planner: &Planner<'_, '_>, moves: &Moves) -> Vec<(usize, Vec<(usize, usize)>)> {
    let index_of: BTreeMap<usize, usize> =
        moves.subjects.iter().enumerate().map(|(index, subject)| (*subject, index)).collect();
    let mut found = BTreeSet::new();
    let relevant: BTreeSet<usize> = moves
        .subjects
        .iter()
        .flat_map(|subject| planner.space.touching[*subject].iter().copied())
        .filter(|nogood| planner.counts(*nogood))
        .collect();
    for number in relevant {
        let nogood = &planner.space.nogoods[number];
        let mut positions: Vec<(usize, Vec<usize>)> = Vec::new();
        let mut possible = true;
        for (subject, set) in &nogood.members {
            match index_of.get(subject) {
                None => possible &= set.any(&planner.start[*subject]),
                Some(index) => {
                    let chain = &moves.chains[*index];
                    let bad = (0..chain.len()).filter(|at| set.any(&chain[*at])).collect();
                    positions.push((*index, bad));
                }
            }
        }
        if !possible || positions.iter().any(|(_, bad)| bad.is_empty()) {
            continue;
        }
        let mut chosen = vec![0; positions.len()];
        loop {
            let at = |member: usize| (positions[member].0, positions[member].1[chosen[member]]);
            let mut literals = Vec::new();
            let mut meet = true;
            for gone in 0..positions.len() {
                for come in (0..positions.len()).filter(|come| *come != gone) {
                    let ((first, before), (second, after)) = (at(gone), at(come));
                    if first == second {
                        // What the chain itself keeps apart.
                        let neighbours =
                            before.abs_diff(after) == 1 && is_mixed(planner.space, moves.subjects[first]);
                        meet &= before == after || neighbours;
                    } else if let (Some(leave), Some(enter)) =
                        (moves.leaving(first, before), moves.entering(second, after))
                    {
                        literals.push((leave, enter));
                    }
                }
            }
            if meet {
                found.insert((number, literals));
            }
            let Some(next) = (0..chosen.len()).find(|at| chosen[*at] + 1 < positions[*at].1.len()) else {
                break;
            };
            chosen[next] += 1;
            chosen[..next].fill(0);
        }
    }
    found.into_iter().collect()
}

struct Precedences {
    /// For each move the step that it belongs to: its own number unless several go together.
    group: Vec<usize>,
    edges: Vec<Edge>,
}

impl Precedences {
    fn new(planner: &Planner<'_, '_>, moves: &Moves) -> Self {
        let mut group: Vec<usize> = (0..moves.all.len()).collect();
        for members in planner.declared_groups() {
            let together: Vec<usize> = (0..moves.all.len())
                .filter(|number| members.contains(&moves.subjects[moves.all[*number].0]))
                .collect();
            for number in &together {
                group[*number] = group[together[0]];
            }
        }
        let mut edges = Vec::new();
        for (index, chain) in moves.chains.iter().enumerate() {
            for position in 2..chain.len() {
                let first = moves.first[index];
                edges.push((group[first + position - 2], group[first + position - 1], None));
            }
        }
        for (before, after) in planner.declared_order() {
            let of = |subject| moves.subjects.iter().position(|other| *other == subject);
            if let (Some(before), Some(after)) = (of(before), of(after)) {
                let last = moves.first[before] + moves.chains[before].len() - 2;
                edges.push((group[last], group[moves.first[after]], None));
            }
        }
        edges.retain(|(before, after, _)| before != after);
        Self { group, edges }
    }

    /// Moves that wait for each other, if any do.
    fn locked(&self, moves: &Moves) -> Option<Ordered> {
        let mut graph: DiGraph<(), ()> = DiGraph::new();
        let nodes: Vec<_> = (0..self.group.len()).map(|_| graph.add_node(())).collect();
        let mut distinct: BTreeMap<(usize, usize), Option<usize>> = BTreeMap::new();
        for (before, after, nogood) in &self.edges {
            distinct.entry((*before, *after)).or_insert(*nogood);
        }
        for (before, after) in distinct.keys() {
            graph.add_edge(nodes[*before], nodes[*after], ());
        }
        let mut locked: Vec<Vec<usize>> = kosaraju_scc(&graph)
            .into_iter()
            .filter(|members| members.len() > 1)
            .map(|members| members.into_iter().map(petgraph::graph::NodeIndex::index).collect())
            .collect();
        for members in &mut locked {
            members.sort_unstable();
        }
        locked.sort();
        let first = locked.first()?;
        let circle = shortest_circle(first, &distinct);
        let rules = (0..circle.len())
            .filter_map(|at| *distinct.get(&(circle[at], circle[(at + 1) % circle.len()]))?)
            .collect();
        // Every move of the step that a node stands for.
        let subjects = |nodes: &[usize]| {
            let mut subjects: Vec<usize> = Vec::new();
            for node in nodes {
                let members = (0..self.group.len()).filter(|number| self.group[*number] == *node);
                subjects.extend(members.map(|number| moves.subjects[moves.all[number].0]));
            }
            subjects
        };
        let mut members = subjects(&locked.concat());
        members.sort_unstable();
        members.dedup();
        Some(Ordered::Locked { members, circle: subjects(&circle), rules })
    }

    /// Adds one precedence of each clause so that there is no circle.
    fn choose(&mut self, clauses: &[(usize, Vec<(usize, usize)>)], budget: &mut usize) -> bool {
        let Some(((nogood, literals), rest)) = clauses.split_first() else { return true };
        for (before, after) in literals {
            if *budget == 0 {
                return false;
            }
            *budget -= 1;
            if self.leads(*after, *before) {
                continue;
            }
            self.edges.push((*before, *after, Some(*nogood)));
            if self.choose(rest, budget) {
                return true;
            }
            self.edges.pop();
        }
        false
    }

    /// Whether one move is before another one by the precedences so far.
    fn leads(&self, from: usize, to: usize) -> bool {
        let mut seen = vec![false; self.group.len()];
        let mut open = vec![from];
        while let Some(at) = open.pop() {
            if at == to {
                return true;
            }
            if !std::mem::replace(&mut seen[at], true) {
                open.extend(
                    self.edges.iter().filter(|(before, ..)| *before == at).map(|(_, after, _)| *after),
                );
            }
        }
        false
    }

    /// Kahn's order: what is ready goes by rank and name. Waves are the longest paths to each step.
    fn sorted(&self, planner: &Planner<'_, '_>, moves: &Moves) -> Vec<Step> {
        let count = self.group.len();
        let mut followers: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); count];
        let mut waits = vec![0_usize; count];
        let mut reasons: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); count];
        for (before, after, nogood) in &self.edges {
            if followers[*before].insert(*after) {
                waits[*after] += 1;
            }
            reasons[*after].extend(*nogood);
        }
        let mut members: Vec<Vec<usize>> = vec![Vec::new(); count];
        for (number, group) in self.group.iter().enumerate() {
            members[*group].push(number);
        }
        let key = |group: usize| {
            let (index, position) = moves.all[group];
            let subject = moves.subjects[index];
            let rank = turn(planner, moves, index, position);
            Reverse((rank, planner.space.name(subject), group))
        };
        let mut wave = vec![1; count];
        let mut ready: BinaryHeap<_> =
            (0..count).filter(|group| !members[*group].is_empty() && waits[*group] == 0).map(key).collect();
        let mut steps = Vec::new();
        while let Some(Reverse((.., group))) = ready.pop() {
            for follower in &followers[group] {
                waits[*follower] -= 1;
                wave[*follower] = wave[*follower].max(wave[group] + 1);
                if waits[*follower] == 0 {
                    ready.push(key(*follower));
                }
            }
            let rules: Vec<usize> = reasons[group].iter().copied().collect();
            steps.push(Step {
                moves: members[group].iter().map(|number| moves.describe(planner.space, *number)).collect(),
                wave: wave[group],
                gap: gap(planner, moves, &members[group]),
                reasons: causes(planner.space, &rules),
            });
        }
        steps
    }
}

/// A shortest circle among some nodes, by breadth from each.
fn shortest_circle(members: &[usize], edges: &BTreeMap<(usize, usize), Option<usize>>) -> Vec<usize> {
    let mut best: Option<Vec<usize>> = None;
    for start in members {
        let mut came_from: BTreeMap<usize, usize> = BTreeMap::new();
        let mut queue = std::collections::VecDeque::from([*start]);
        'search: while let Some(at) = queue.pop_front() {
            for ((_, next), _) in edges.range((at, 0)..=(at, usize::MAX)) {
                if next == start {
                    let mut path: Vec<usize> =
                        std::iter::successors(Some(at), |at| came_from.get(at).copied()).collect();
                    path.reverse();
                    if best.as_ref().is_none_or(|best| path.len() < best.len()) {
                        best = Some(path);
                    }
                    break 'search;
                }
                if members.contains(next) && *next != *start && !came_from.contains_key(next) {
                    came_from.insert(*next, at);
                    queue.push_back(*next);
                }
            }
        }
    }
    best.unwrap_or_default()
}

/// Rules that are broken while the moves of one step are under way.
fn gap(planner: &Planner<'_, '_>, moves: &Moves, together: &[usize]) -> Vec<crate::space::Cause> {
    if together.len() < 2 {
        return Vec::new();
    }
    let mut broken = Vec::new();
    for (nogood, literals) in clauses(planner, moves) {
        let inside = |number: &usize| together.contains(number);
        let at_once = |number: &usize| moves_at_once(planner.space, moves.subjects[moves.all[*number].0]);
        let mixed = literals.iter().any(|(before, after)| inside(before) && inside(after));
        let kept = literals
            .iter()
            .any(|(before, after)| !(inside(before) && inside(after)) || (at_once(before) && at_once(after)));
        if mixed && !kept {
            broken.push(nogood);
        }
    }
    causes(planner.space, &broken)
}

/// What a platform moves first, where nothing else decides.
fn turn(planner: &Planner<'_, '_>, moves: &Moves, index: usize, position: usize) -> u8 {
    match planner.space.subjects[moves.subjects[index]].what {
        What::Part(Part::Kubernetes) => 0,
        What::Part(Part::Component(id)) => rank(planner.space.platform[id].kind),
        What::Schema(database) => {
            let level = moves.chains[index][position].first();
            let contracts = level.is_some_and(|level| {
                let level = &planner.space.subjects[moves.subjects[index]].candidates[*level].version;
                planner.space.platform.compatibility().schema.iter().any(|step| {
                    step.database == database
                        && step.phase == SchemaPhase::Contract
                        && step.version.value == *level
                })
            });
            if contracts { u8::MAX } else { rank(crate::model::Kind::Job) }
        }
    }
}
