//! Orders and circles of the dependency graph.
//!
//! petgraph's `tarjan_scc` and `is_cyclic_directed` recurse and overflow the stack on long chains; `kosaraju_scc`
//! does not. Its `toposort` gives an order that depends on that of the input, so the order is Kahn's with a sorted
//! queue.

use std::collections::{BTreeSet, HashMap, VecDeque};

use petgraph::{
    algo::kosaraju_scc,
    visit::{EdgeFiltered, EdgeRef},
};

use crate::{
    compatibility::Order,
    model::{ComponentId, Dependency, DependencyKind, EnvironmentId, Kind, Phase},
    platform::{Platform, id, node},
};

impl Platform {
    /// Components that are deployed in an environment, providers before their dependants, migration jobs before
    /// everything else on their database, and `order` obeyed. What may go in any order goes by kind and name;
    /// a circle is entered at its declared start, or else at the first by that order.
    pub fn deploy_order(&self, environment: EnvironmentId) -> Vec<ComponentId> {
        let mut followers: Vec<Vec<ComponentId>> = vec![Vec::new(); self.components().len()];
        let mut waits_for = vec![0_usize; self.components().len()];
        let mut precede = |first: ComponentId, then: ComponentId| {
            let both = [first, then].iter().all(|id| self[*id].environments.contains(environment));
            if both && first != then {
                followers[first.index()].push(then);
                waits_for[then.index()] += 1;
            }
        };
        let mut migrations: HashMap<ComponentId, Vec<ComponentId>> = HashMap::new();
        let here =
            || self.dependencies().filter(|(.., dependency)| dependency.environments.contains(environment));
        for (consumer, provider, dependency) in here().filter(|(.., dependency)| is_awaited(dependency)) {
            precede(provider, consumer);
            if dependency.phase == Phase::Migrate {
                migrations.entry(provider).or_default().push(consumer);
            }
        }
        for (consumer, provider, dependency) in here().filter(|(.., dependency)| is_awaited(dependency)) {
            if dependency.phase == Phase::App {
                migrations.get(&provider).into_iter().flatten().for_each(|job| precede(*job, consumer));
            }
        }
        for order in &self.compatibility().order {
            if let Order::Before { before, after, .. } = order {
                precede(*before, *after);
            }
        }
        let key = |id: ComponentId| (rank(self[id].kind), &*self[id].name.value, id);
        let starts: BTreeSet<ComponentId> =
            self.compatibility().cycles.iter().filter_map(|cycle| cycle.start).collect();
        // Where a circle is entered: declared starts first.
        let mut waiting: BTreeSet<_> = self
            .ids()
            .filter(|(_, component)| component.environments.contains(environment))
            .map(|(id, _)| (!starts.contains(&id), key(id)))
            .collect();
        let mut ready: BTreeSet<_> =
            waiting.iter().map(|(_, key)| *key).filter(|(.., id)| waits_for[id.index()] == 0).collect();
        let mut order = Vec::with_capacity(waiting.len());
        while let Some(next) = ready.pop_first().or_else(|| waiting.first().map(|(_, key)| *key)) {
            let (.., id) = next;
            waiting.remove(&(!starts.contains(&id), next));
            order.push(id);
            for follower in &followers[id.index()] {
                let left = &mut waits_for[follower.index()];
                *left = left.saturating_sub(1);
                if *left == 0 && waiting.contains(&(!starts.contains(follower), key(*follower))) {
                    ready.insert(key(*follower));
                }
            }
        }
        order
    }

    /// Sets of components that depend on each other in circles, over the edges that `keep` lets through; the sets
    /// and their members are sorted.
    pub(crate) fn circles(&self, keep: impl Fn(&Dependency) -> bool) -> Vec<Vec<ComponentId>> {
        let filtered =
            EdgeFiltered::from_fn(&self.graph, |edge: petgraph::graph::EdgeReference<'_, Dependency>| {
                keep(edge.weight())
            });
        let mut circles: Vec<Vec<ComponentId>> = kosaraju_scc(&filtered)
            .into_iter()
            .filter(|members| {
                members.len() > 1
                    || self.graph.edges_connecting(members[0], members[0]).any(|edge| keep(edge.weight()))
            })
            .map(|members| {
                let mut members: Vec<ComponentId> = members.into_iter().map(id).collect();
                members.sort();
                members
            })
            .collect();
        circles.sort();
        circles
    }

    /// A shortest circle through the member of a set whose name comes first: the components in order, and the
    /// dependency that leads from the last to the first.
    pub(crate) fn shortest_circle(
        &self,
        members: &[ComponentId],
        keep: impl Fn(&Dependency) -> bool,
    ) -> Option<(Vec<ComponentId>, &Dependency)> {
        let start = *members.iter().min_by_key(|id| &self[**id].name.value)?;
        let mut came_from: HashMap<ComponentId, ComponentId> = HashMap::new();
        let mut queue = VecDeque::from([start]);
        while let Some(at) = queue.pop_front() {
            let mut next: Vec<(ComponentId, &Dependency)> = self
                .graph
                .edges(node(at))
                .filter(|edge| keep(edge.weight()))
                .map(|edge| (id(edge.target()), edge.weight()))
                .filter(|(target, _)| members.binary_search(target).is_ok())
                .collect();
            next.sort_by_key(|(target, dependency)| (&self[*target].name.value, dependency.place));
            for (target, dependency) in next {
                if target == start {
                    let mut path: Vec<ComponentId> =
                        std::iter::successors(Some(at), |at| came_from.get(at).copied()).collect();
                    path.reverse();
                    return Some((path, dependency));
                }
                if let std::collections::hash_map::Entry::Vacant(entry) = came_from.entry(target) {
                    entry.insert(at);
                    queue.push_back(target);
                }
            }
        }
        None
    }
}

/// Whether the consumer is deployed after the provider.
fn is_awaited(dependency: &Dependency) -> bool {
    matches!(dependency.kind, DependencyKind::Runtime | DependencyKind::Startup)
}

/// What a platform needs first.
pub(crate) fn rank(kind: Kind) -> u8 {
    match kind {
        Kind::Platform => 0,
        Kind::External | Kind::Library => 1,
        Kind::Ingress => 2,
        Kind::Database => 3,
        Kind::Cache => 4,
        Kind::Queue => 5,
        Kind::Job => 6,
        Kind::Service => 7,
    }
}

#[cfg(test)]
mod tests;
