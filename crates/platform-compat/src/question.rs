//! Questions about the graph as it is: how does one component come to another, and who depends on it?

use std::collections::{BTreeMap, VecDeque};

use petgraph::{Direction, visit::EdgeRef};

use crate::{
    model::{ComponentId, Dependency, DependencyKind, EnvironmentId},
    platform::{Platform, id, node},
};

/// A component that depends on the one that was asked for.
#[derive(Debug, Clone)]
pub struct Dependent<'p> {
    /// Which.
    pub component: ComponentId,
    /// Count of dependencies between the two, 1 for a direct one.
    pub distance: usize,
    /// The component that it reaches the other one through, which is that one itself at distance 1.
    pub through: ComponentId,
    /// What it needs of that one: one dependency for each that it declares.
    pub needs: Vec<&'p Dependency>,
}

/// A step of a chain.
#[derive(Debug, Clone)]
pub struct Hop<'p> {
    /// The consumer.
    pub from: ComponentId,
    /// The provider.
    pub to: ComponentId,
    /// What is needed.
    pub dependency: &'p Dependency,
}

/// Which dependencies a question is about.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scope {
    /// Only those that hold in this environment; all when absent.
    pub environment: Option<EnvironmentId>,
    /// Also those that are needed to build, which nothing that runs notices.
    pub build: bool,
}

impl Scope {
    /// Whether a dependency is in it.
    pub fn contains(&self, dependency: &Dependency) -> bool {
        (self.build || dependency.kind != DependencyKind::Build)
            && self.environment.is_none_or(|environment| dependency.environments.contains(environment))
    }
}

impl Platform {
    /// Everything that depends on a component, by distance and then by name.
    pub fn impact(&self, of: ComponentId, scope: Scope) -> Vec<Dependent<'_>> {
        let mut found: BTreeMap<ComponentId, (usize, ComponentId)> = BTreeMap::new();
        let mut level = vec![of];
        let mut distance = 0;
        while !level.is_empty() {
            distance += 1;
            let mut next = Vec::new();
            level.sort_by_key(|id| &self[*id].name.value);
            for provider in level {
                for edge in self.graph.edges_directed(node(provider), Direction::Incoming) {
                    let consumer = id(edge.source());
                    if scope.contains(edge.weight()) && consumer != of && !found.contains_key(&consumer) {
                        found.insert(consumer, (distance, provider));
                        next.push(consumer);
                    }
                }
            }
            level = next;
        }
        let mut dependents: Vec<Dependent<'_>> = found
            .into_iter()
            .map(|(component, (distance, through))| {
                let mut needs: Vec<&Dependency> = self
                    .graph
                    .edges_connecting(node(component), node(through))
                    .map(|edge| edge.weight())
                    .filter(|dependency| scope.contains(dependency))
                    .collect();
                needs.sort_by_key(|dependency| dependency.place);
                Dependent { component, distance, through, needs }
            })
            .collect();
        dependents
            .sort_by_key(|dependent| (dependent.distance, self[dependent.component].name.value.clone()));
        dependents
    }

    /// The shortest chain of dependencies from one component to another; of several the first by name. Nothing when there is
    /// none.
    pub fn why(&self, from: ComponentId, to: ComponentId, scope: Scope) -> Option<Vec<Hop<'_>>> {
        let mut came_from: BTreeMap<ComponentId, Hop<'_>> = BTreeMap::new();
        let mut queue = VecDeque::from([from]);
        while let Some(at) = queue.pop_front() {
            let mut next: Vec<Hop<'_>> = self
                .graph
                .edges(node(at))
                .filter(|edge| scope.contains(edge.weight()))
                .map(|edge| Hop { from: at, to: id(edge.target()), dependency: edge.weight() })
                .collect();
            next.sort_by_key(|hop| (&self[hop.to].name.value, hop.dependency.place));
            for hop in next {
                let target = hop.to;
                if target == from && target != to || came_from.contains_key(&target) {
                    continue;
                }
                came_from.insert(target, hop);
                if target == to {
                    let mut chain = Vec::new();
                    let mut at = to;
                    while let Some(hop) = came_from.remove(&at) {
                        at = hop.from;
                        chain.push(hop);
                        if at == from {
                            break;
                        }
                    }
                    chain.reverse();
                    return Some(chain);
                }
                queue.push_back(target);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLATFORM: &str = "
apiVersion: infra/v1
kind: Platform
metadata: {name: shop, owner: team}
environments: [{name: dev}, {name: prod}]
components:
  - {name: db, kind: database, version: 1.0.0}
  - {name: api, kind: service, version: 1.0.0, depends_on: [{component: db, version: ^1}, {component: lib, kind: build}]}
  - {name: web, kind: service, version: 1.0.0, depends_on: [api, {component: db, environments: [dev]}]}
  - {name: ads, kind: service, version: 1.0.0, depends_on: [web]}
  - {name: lib, kind: library, version: 1.0.0, depends_on: [{component: ads, kind: build}]}
";

    fn platform() -> Platform {
        let (platform, findings) = Platform::load(("platform.yaml", PLATFORM), None);
        assert!(findings.is_empty(), "{findings:?}");
        platform
    }

    fn impact(platform: &Platform, of: &str, scope: Scope) -> Vec<String> {
        platform
            .impact(platform.component(of).unwrap(), scope)
            .iter()
            .map(|d| {
                let (name, through) = (&platform[d.component].name.value, &platform[d.through].name.value);
                format!("{} {name} through {through} ({})", d.distance, d.needs.len())
            })
            .collect()
    }

    fn why(platform: &Platform, from: &str, to: &str, scope: Scope) -> Option<Vec<String>> {
        let of = |name| platform.component(name).unwrap();
        let chain = platform.why(of(from), of(to), scope)?;
        Some(chain.iter().map(|hop| platform[hop.to].name.value.to_string()).collect())
    }

    #[test]
    fn impact_goes_by_distance() {
        let platform = platform();
        let everywhere = ["1 api through db (1)", "1 web through db (1)", "2 ads through web (1)"];
        assert_eq!(impact(&platform, "db", Scope::default()), everywhere);
        let prod = Scope { environment: platform.environment("prod"), build: false };
        let in_prod = ["1 api through db (1)", "2 web through api (1)", "3 ads through web (1)"];
        assert_eq!(impact(&platform, "db", prod), in_prod);
    }

    #[test]
    fn what_is_built_is_asked_for_apart() {
        let platform = platform();
        assert!(impact(&platform, "lib", Scope::default()).is_empty());
        let build = Scope { build: true, ..Scope::default() };
        // The component itself is not among those that depend on it, though it is in a circle.
        let found = ["1 api through lib (1)", "2 web through api (1)", "3 ads through web (1)"];
        assert_eq!(impact(&platform, "lib", build), found);
    }

    #[test]
    fn the_shortest_chain_is_told() {
        let platform = platform();
        let chain = |from, to, scope| why(&platform, from, to, scope).unwrap_or_default();
        assert_eq!(chain("ads", "db", Scope::default()), ["web", "db"]);
        let prod = Scope { environment: platform.environment("prod"), build: false };
        assert_eq!(chain("ads", "db", prod), ["web", "api", "db"]);
        assert_eq!(why(&platform, "db", "ads", Scope::default()), None);
        assert_eq!(why(&platform, "db", "db", Scope::default()), None, "it is in no circle");
        let build = Scope { build: true, ..Scope::default() };
        assert_eq!(chain("api", "api", build), ["lib", "ads", "web", "api"]);
    }

    #[test]
    fn a_long_chain_is_no_problem() {
        let mut text = PLATFORM.to_owned();
        text += "  - {name: c0, kind: service, version: 1.0.0, depends_on: [db]}\n";
        for number in 1..3000 {
            text += &format!(
                "  - {{name: c{number}, kind: service, version: 1.0.0, depends_on: [c{}]}}\n",
                number - 1
            );
        }
        let (platform, _) = Platform::load(("platform.yaml", &text), None);
        assert_eq!(why(&platform, "c2999", "db", Scope::default()).unwrap().len(), 3000);
        assert_eq!(impact(&platform, "db", Scope::default()).len(), 3003);
    }
}
