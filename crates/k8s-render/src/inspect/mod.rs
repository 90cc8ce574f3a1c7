//! Facts about a render that other checks need, and the checks that one render can answer by itself.
//!
//! [`Facts`] is the typed view of the objects, read once; [`check`] judges it. Both are pure.

mod config;
mod duplicates;
mod finding;
mod object;
mod references;
mod restricted;
mod running;
mod service;
mod services;
mod source;
mod workload;

#[cfg(test)]
mod tests;

pub use config::{Config, ConfigEntry, ConfigKind, Reference, references};
pub use finding::Finding;
pub use object::{Object, objects};
pub use service::{Service, ServicePort, Target};
pub use source::{Place, Sources};
pub use workload::{Container, ContainerPort, ContainerRole, Image, Protocol, Workload};

pub(crate) use object::labels;

use std::collections::HashMap;

use crate::resource::Resource;

/// A rendered Namespace.
#[derive(Debug, Clone)]
pub struct Namespace<'a> {
    /// The object.
    pub object: Object<'a>,
    /// Its labels, sorted.
    pub labels: Vec<(&'a str, &'a str)>,
}

/// The typed view of a render.
#[derive(Debug, Clone, Default)]
pub struct Facts<'a> {
    /// Every object, lists taken apart.
    pub objects: Vec<Object<'a>>,
    /// What runs pods.
    pub workloads: Vec<Workload<'a>>,
    /// Services.
    pub services: Vec<Service<'a>>,
    /// `ConfigMap`s and `Secret`s.
    pub configs: Vec<Config<'a>>,
    /// Namespaces.
    pub namespaces: Vec<Namespace<'a>>,
    /// Workloads by namespace and label of their pods.
    by_label: HashMap<(&'a str, (&'a str, &'a str)), Vec<usize>>,
}

impl<'a> Facts<'a> {
    /// Reads a render.
    pub fn read(resources: &'a [Resource]) -> Self {
        let mut facts = Self { objects: objects(resources), ..Self::default() };
        for &object in &facts.objects {
            facts.workloads.extend(Workload::read(object));
            facts.services.extend(Service::read(object));
            facts.configs.extend(Config::read(object));
            if object.kind == "Namespace" {
                let labels = labels(object.node.at(&["metadata", "labels"]));
                facts.namespaces.push(Namespace { object, labels });
            }
        }
        for (index, workload) in facts.workloads.iter().enumerate() {
            for &label in &workload.labels {
                facts.by_label.entry((workload.object.namespace(), label)).or_default().push(index);
            }
        }
        facts
    }

    /// The workloads that a Service leads to, with their index in [`Facts::workloads`].
    pub fn selected_by(&self, service: &Service<'a>) -> impl Iterator<Item = (usize, &Workload<'a>)> {
        let namespace = service.object.namespace();
        let selector = service.selector.iter().flatten();
        let candidates =
            selector.map(|label| self.by_label.get(&(namespace, *label)).map_or(&[][..], Vec::as_slice));
        let fewest = candidates.min_by_key(|found| found.len()).unwrap_or_default();
        let found = fewest.iter().map(|index| (*index, &self.workloads[*index]));
        found.filter(|(_, workload)| service.selects(workload))
    }
}

/// Everything that is wrong with one render taken by itself, in the order of its objects.
pub fn check(facts: &Facts<'_>, sources: Sources<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    duplicates::check(facts, sources, &mut findings);
    services::check(facts, sources, &mut findings);
    references::check(facts, sources, &mut findings);
    restricted::check(facts, sources, &mut findings);
    running::check(facts, sources, &mut findings);
    findings
}
