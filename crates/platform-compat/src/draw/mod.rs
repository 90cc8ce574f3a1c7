//! Pictures of the graph: a tree for terminals, DOT, Mermaid, and SVG drawn here.
//!
//! A [`Picture`] is what shall be seen, chosen and grouped; the modules below write it.

mod dot;
mod layout;
mod mermaid;
mod svg;
mod tree;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::{
    model::{ComponentId, DependencyKind, EnvironmentId, Kind},
    platform::Platform,
    question::Scope,
};

/// What of the graph is drawn.
#[derive(Debug, Clone, Copy, Default)]
pub struct View<'v> {
    /// Which dependencies.
    pub scope: Scope,
    /// Only components that this one reaches, within `depth` dependencies.
    pub focus: Option<ComponentId>,
    /// How far from the focus; without bound when absent.
    pub depth: Option<usize>,
    /// Follow dependencies against their direction: who depends on it, instead of what it depends on.
    pub reverse: bool,
    /// Only components of this owner.
    pub owner: Option<&'v str>,
    /// What stands together.
    pub cluster: Cluster,
}

/// By what components stand together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cluster {
    /// Nothing.
    #[default]
    None,
    /// Who is responsible.
    Owner,
    /// Where they run: each environment shows its own copy.
    Environment,
    /// What sort of thing they are.
    Kind,
}

/// A part of the graph, ready to be written in any form.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// What the whole is called.
    pub title: String,
    /// Sorted by group and name.
    pub nodes: Vec<Node>,
    /// From consumer to provider, sorted; each pair once.
    pub edges: Vec<Edge>,
    /// Names of the groups; nodes refer to them by index.
    pub groups: Vec<String>,
}

/// A component in a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// Its versions, by environment where they differ.
    pub versions: String,
    /// What sort of thing it is.
    pub kind: Kind,
    /// Index of its group.
    pub group: Option<usize>,
}

/// A dependency in a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// Index of the consumer.
    pub from: usize,
    /// Index of the provider.
    pub to: usize,
    /// How strong it is.
    pub style: Style,
}

/// How strong a dependency is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Style {
    /// Needed to run.
    Needed,
    /// Optional, or only scraped.
    Optional,
    /// Needed to build.
    Build,
}

impl Platform {
    /// The picture of a view.
    pub fn picture(&self, view: &View<'_>) -> Picture {
        let environments: Vec<EnvironmentId> = match view.scope.environment {
            Some(environment) => vec![environment],
            None => self.environment_ids().collect(),
        };
        let chosen = self.chosen(view, &environments);
        // A component is drawn once for each environment where those are the groups.
        let copies: Vec<Option<EnvironmentId>> = if view.cluster == Cluster::Environment {
            environments.iter().copied().map(Some).collect()
        } else {
            vec![None]
        };
        let mut groups: BTreeMap<(usize, String), usize> = BTreeMap::new();
        let mut keyed = Vec::new();
        for copy in &copies {
            for id in &chosen {
                let component = &self[*id];
                if copy.is_some_and(|environment| !component.environments.contains(environment)) {
                    continue;
                }
                let group = match (view.cluster, copy) {
                    (Cluster::None, _) => None,
                    (Cluster::Owner, _) => {
                        let owner = component.owner.as_ref();
                        Some((0, owner.map_or_else(|| "nobody".to_owned(), |owner| owner.value.to_string())))
                    }
                    (Cluster::Kind, _) => Some((0, component.kind.word().to_owned())),
                    (Cluster::Environment, copy) => {
                        copy.map(|id| (id.index(), self[id].name.value.to_string()))
                    }
                };
                if let Some(group) = &group {
                    groups.insert(group.clone(), 0);
                }
                keyed.push((group, component.name.value.to_string(), *id, *copy));
            }
        }
        for (index, (_, number)) in groups.iter_mut().enumerate() {
            *number = index;
        }
        keyed.sort();
        let index_of: BTreeMap<(ComponentId, Option<EnvironmentId>), usize> =
            keyed.iter().enumerate().map(|(index, (.., id, copy))| ((*id, *copy), index)).collect();
        let mut edges = BTreeMap::new();
        for (consumer, provider, dependency) in self.dependencies() {
            if !view.scope.contains(dependency) {
                continue;
            }
            for copy in &copies {
                if copy.is_some_and(|environment| !dependency.environments.contains(environment)) {
                    continue;
                }
                let ends = (index_of.get(&(consumer, *copy)), index_of.get(&(provider, *copy)));
                let (Some(from), Some(to)) = ends else { continue };
                let style = match dependency.kind {
                    DependencyKind::Build => Style::Build,
                    DependencyKind::Scrape => Style::Optional,
                    _ if dependency.optional => Style::Optional,
                    _ => Style::Needed,
                };
                let strongest = edges.entry((*from, *to)).or_insert(style);
                *strongest = style.min(*strongest);
            }
        }
        let nodes = keyed.iter().map(|(group, name, id, copy)| Node {
            name: name.clone(),
            versions: self.shown_versions(*id, copy.map_or(&environments[..], |_| &[]), *copy),
            kind: self[*id].kind,
            group: group.as_ref().and_then(|group| groups.get(group).copied()),
        });
        Picture {
            title: self.name().unwrap_or("platform").to_owned(),
            nodes: nodes.collect(),
            edges: edges.into_iter().map(|((from, to), style)| Edge { from, to, style }).collect(),
            groups: groups.into_keys().map(|(_, name)| name).collect(),
        }
    }

    /// Components of a view, sorted.
    fn chosen(&self, view: &View<'_>, environments: &[EnvironmentId]) -> BTreeSet<ComponentId> {
        let shown = |id: ComponentId| {
            let component = &self[id];
            environments.iter().any(|environment| component.environments.contains(*environment))
                && view
                    .owner
                    .is_none_or(|owner| component.owner.as_ref().is_some_and(|own| *own.value == *owner))
        };
        let Some(focus) = view.focus else {
            return self.ids().map(|(id, _)| id).filter(|id| shown(*id)).collect();
        };
        let direction =
            if view.reverse { petgraph::Direction::Incoming } else { petgraph::Direction::Outgoing };
        let mut chosen = BTreeSet::from([focus]);
        let mut queue = VecDeque::from([(focus, 0)]);
        while let Some((at, distance)) = queue.pop_front() {
            if view.depth.is_some_and(|depth| distance >= depth) {
                continue;
            }
            for edge in self.graph.edges_directed(crate::platform::node(at), direction) {
                use petgraph::visit::EdgeRef as _;
                let other = crate::platform::id(if view.reverse { edge.source() } else { edge.target() });
                if view.scope.contains(edge.weight()) && shown(other) && chosen.insert(other) {
                    queue.push_back((other, distance + 1));
                }
            }
        }
        chosen
    }

    /// `1.2.0`, or `dev 1.3.0, prod 1.2.0`.
    fn shown_versions(
        &self,
        id: ComponentId,
        several: &[EnvironmentId],
        one: Option<EnvironmentId>,
    ) -> String {
        let component = &self[id];
        let text = |environment: EnvironmentId| {
            let versions: Vec<&str> =
                component.versions(environment).iter().map(|version| version.value.as_str()).collect();
            versions.join("+")
        };
        if let Some(environment) = one {
            return text(environment);
        }
        let known: Vec<(String, String)> = several
            .iter()
            .filter(|environment| component.environments.contains(**environment))
            .map(|environment| (self[*environment].name.value.to_string(), text(*environment)))
            .collect();
        match known.first() {
            Some((_, first)) if known.iter().all(|(_, version)| version == first) => first.clone(),
            _ => {
                known.iter().map(|(name, version)| format!("{name} {version}")).collect::<Vec<_>>().join(", ")
            }
        }
    }
}

impl Kind {
    /// The word for it in platform.yaml.
    pub fn word(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Job => "job",
            Self::Database => "database",
            Self::Cache => "cache",
            Self::Queue => "queue",
            Self::Ingress => "ingress",
            Self::Platform => "platform",
            Self::External => "external",
            Self::Library => "library",
        }
    }
}

#[cfg(test)]
mod tests;
