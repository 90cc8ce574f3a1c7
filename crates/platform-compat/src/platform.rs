//! The platform: what was read, with its names resolved and its dependencies as a graph.

use std::{collections::HashMap, ops::Index, sync::Arc};

use petgraph::{
    graph::{DiGraph, NodeIndex},
    visit::EdgeRef,
};

use crate::{
    compatibility::{Compatibility, Part},
    finding::Finding,
    findings::Findings,
    model::{Component, ComponentId, Dependency, Environment, EnvironmentId, EnvironmentSet},
    place::{Place, Source, Spanned, Text},
    read,
    version::Version,
    yaml,
};

/// A platform and the rules for it.
#[derive(Debug, Default)]
pub struct Platform {
    pub(crate) sources: Arc<[Source]>,
    pub(crate) name: Option<Text>,
    pub(crate) environments: Vec<Environment>,
    pub(crate) components: Vec<Component>,
    pub(crate) by_name: HashMap<Arc<str>, ComponentId>,
    pub(crate) graph: DiGraph<ComponentId, Dependency>,
    pub(crate) compatibility: Compatibility,
    /// Where the environments are declared, for findings about what is missing there.
    pub(crate) environments_place: Option<Place>,
}

/// The files of a platform: each with the name under which findings show it, and its text.
#[derive(Debug, Clone, Copy)]
pub struct Texts<'t> {
    /// platform.yaml.
    pub platform: (&'t str, &'t str),
    /// Files with further components: `apiVersion`, `kind: Platform` and `components`, nothing else.
    pub parts: &'t [(&'t str, &'t str)],
    /// compatibility.yaml and files with further rules.
    pub rules: &'t [(&'t str, &'t str)],
}

impl Platform {
    /// Reads platform.yaml and, when there is one, compatibility.yaml: each with the name under which findings
    /// show it, and its text. Whatever could be understood is in the platform, whatever could not is a finding;
    /// both come in an order that depends on the texts alone.
    pub fn load(platform: (&str, &str), compatibility: Option<(&str, &str)>) -> (Self, Vec<Finding>) {
        Self::load_texts(&Texts { platform, parts: &[], rules: compatibility.as_slice() })
    }

    /// Reads a platform whose components or rules are spread over several files, as [`load`](Self::load) does. Names are
    /// shared by all of them: each file may refer to what another one declares.
    pub fn load_texts(texts: &Texts<'_>) -> (Self, Vec<Finding>) {
        let sources: Arc<[Source]> = std::iter::once(&texts.platform)
            .chain(texts.parts)
            .chain(texts.rules)
            .map(|(name, text)| Source::new(name, (*text).into()))
            .collect();
        let mut findings = Findings::new(sources.clone());
        let mut of_rules = Findings::new(sources.clone());
        let first = u32::try_from(texts.parts.len() + 1).unwrap_or(u32::MAX);
        // What rules speak of is needed only to understand their trees.
        let (mut loaded, trees) = rayon::join(
            || read::platform(texts, &mut findings).unwrap_or_default(),
            || {
                let texts = (first..).zip(texts.rules);
                texts
                    .filter_map(|(file, (_, text))| yaml::parse(text, file, &mut of_rules))
                    .collect::<Vec<_>>()
            },
        );
        findings.extend(of_rules);
        loaded.sources = sources;
        loaded.compatibility = read::compatibility(&trees, &loaded, &mut findings);
        (loaded, findings.into_sorted())
    }

    /// The files that were read; [`Place::file`] is an index of it.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// The platform's name, when its file could be read.
    pub fn name(&self) -> Option<&str> {
        self.name.as_ref().map(|name| &*name.value)
    }

    /// All environments in the order of the file.
    pub fn environments(&self) -> &[Environment] {
        &self.environments
    }

    /// The environment with a name.
    pub fn environment(&self, name: &str) -> Option<EnvironmentId> {
        self.environment_ids().find(|id| *self[*id].name.value == *name)
    }

    /// All environments in the order of the file.
    pub fn environment_ids(&self) -> impl Iterator<Item = EnvironmentId> + use<> {
        EnvironmentSet::first(self.environments.len()).iter()
    }

    /// All components in the order of the file.
    pub fn components(&self) -> &[Component] {
        &self.components
    }

    /// All components with their ids, in the order of the file.
    pub fn ids(&self) -> impl Iterator<Item = (ComponentId, &Component)> {
        (0..).map(ComponentId).zip(&self.components)
    }

    /// The component with a name.
    pub fn component(&self, name: &str) -> Option<ComponentId> {
        self.by_name.get(name).copied()
    }

    /// Components as nodes, dependencies as edges from consumer to provider. A node's index is its
    /// component's.
    pub fn graph(&self) -> &DiGraph<ComponentId, Dependency> {
        &self.graph
    }

    /// All dependencies in the order of the file: consumer, provider, and what is needed.
    pub fn dependencies(&self) -> impl Iterator<Item = (ComponentId, ComponentId, &Dependency)> {
        self.graph.edge_references().map(|edge| (id(edge.source()), id(edge.target()), edge.weight()))
    }

    /// The rules of compatibility.yaml.
    pub fn compatibility(&self) -> &Compatibility {
        &self.compatibility
    }

    /// Versions of a component, or of the cluster, that are live in an environment.
    pub fn live(&self, part: Part, environment: EnvironmentId) -> &[Spanned<Version>] {
        match part {
            Part::Component(component) => self[component].versions(environment),
            Part::Kubernetes => self[environment].kubernetes.as_slice(),
        }
    }

    /// Makes other versions of a component live in some environments, as if platform.yaml said so; none take it
    /// away from there.
    pub fn set(&mut self, component: ComponentId, environments: EnvironmentSet, versions: Vec<Version>) {
        let place = self[component].name.place;
        let of = &mut self.components[component.index()];
        let before = of.environments;
        for (declared, _) in &mut of.versions {
            *declared = declared.without(environments);
        }
        of.versions.retain(|(declared, _)| !declared.is_empty());
        of.environments = before.without(environments);
        if !versions.is_empty() {
            of.environments = of.environments.or(environments);
            let versions = versions.into_iter().map(|value| Spanned { value, place }).collect();
            of.versions.push((environments, versions));
        }
        let now = of.environments;
        let mut edges = self.graph.neighbors(node(component)).detach();
        while let Some(edge) = edges.next_edge(&self.graph) {
            let edge = &mut self.graph[edge];
            // What held wherever the component was holds wherever it is.
            edge.environments = if edge.environments == before { now } else { edge.environments.and(now) };
        }
    }

    /// Where components are deployed and the cluster is known.
    pub(crate) fn environments_of(&self, part: Part) -> EnvironmentSet {
        match part {
            Part::Component(component) => self[component].environments,
            Part::Kubernetes => self.environment_ids().filter(|id| self[*id].kubernetes.is_some()).collect(),
        }
    }

    /// The name of a component, or `kubernetes`.
    pub(crate) fn name_of(&self, part: Part) -> &str {
        match part {
            Part::Component(component) => &self[component].name.value,
            Part::Kubernetes => Part::KUBERNETES,
        }
    }

    /// Names for a sentence: "`staging` and `prod`".
    pub(crate) fn names(&self, environments: EnvironmentSet) -> String {
        let names: Vec<&str> = environments.iter().map(|id| &*self[id].name.value).collect();
        crate::decode::list(&names)
    }
}

/// The component of a node.
pub(crate) fn id(node: NodeIndex) -> ComponentId {
    ComponentId(u32::try_from(node.index()).unwrap_or(u32::MAX))
}

/// The node of a component.
pub(crate) fn node(id: ComponentId) -> NodeIndex {
    NodeIndex::new(id.index())
}

impl Index<ComponentId> for Platform {
    type Output = Component;

    fn index(&self, id: ComponentId) -> &Component {
        &self.components[id.index()]
    }
}

impl Index<EnvironmentId> for Platform {
    type Output = Environment;

    fn index(&self, id: EnvironmentId) -> &Environment {
        &self.environments[id.index()]
    }
}
