//! Classes of pods, and which of them a selector matches.

use std::collections::HashMap;

use super::HostNetwork;
use crate::network::bits::BitSet;
use crate::network::model::Model;
use crate::network::policy::Direction;
use crate::network::selector::{Selector, Test};

/// The pods of a model by what policies can see of them.
pub(super) struct Classes<'a> {
    pub(super) class_of: Vec<usize>,
    pub(super) members: Vec<Vec<usize>>,
    pub(super) host: BitSet,
    pub(super) table_of: Vec<usize>,
    /// Distinct tables of the named ports that rules mention: protocol, name, number.
    pub(super) tables: Vec<Vec<(crate::inspect::Protocol, &'a str, u16)>>,
}

impl<'a> Classes<'a> {
    pub(super) fn new(
        model: &Model<'a>,
        host_network: HostNetwork,
        observed: &[(Option<&'a str>, Selector<'a>)],
    ) -> Self {
        let selectors = observed.iter().map(|(_, selector)| selector);
        let selectors = selectors.chain(model.selectors().map(|(_, selector)| selector));
        let mut keys: Vec<&str> =
            selectors.flat_map(|selector| selector.requirements().iter().map(|r| r.key)).collect();
        let mut names = Vec::new();
        for direction in Direction::BOTH {
            let rules = model.policies.iter().filter_map(|policy| policy.rules(direction)).flatten();
            let admin = model.admin.iter().flat_map(|policy| policy.rules(direction));
            let ports = rules.map(|rule| &rule.ports).chain(admin.map(|rule| &rule.ports));
            names.extend(ports.flat_map(|ports| ports.names.iter().copied()));
        }
        keys.sort_unstable();
        keys.dedup();
        names.sort_unstable();
        names.dedup();

        let mut this = Self {
            class_of: Vec::with_capacity(model.pods.len()),
            members: Vec::new(),
            host: BitSet::empty(0),
            table_of: Vec::new(),
            tables: Vec::new(),
        };
        let mut known: HashMap<_, usize> = HashMap::new();
        let mut tables: HashMap<_, usize> = HashMap::new();
        let mut hosts = Vec::new();
        for (index, pods) in model.pods.iter().enumerate() {
            let labels: Vec<_> =
                pods.labels.iter().copied().filter(|(key, _)| keys.binary_search(key).is_ok()).collect();
            let named = names.iter().filter_map(|(protocol, name)| {
                pods.named_port(name, *protocol).map(|port| (*protocol, *name, port))
            });
            let named: Vec<_> = named.collect();
            let table = *tables.entry(named).or_insert_with_key(|named| {
                this.tables.push(named.clone());
                this.tables.len() - 1
            });
            let host = pods.host_network && host_network == HostNetwork::Node;
            let role = std::mem::discriminant(&pods.role);
            let class = *known.entry((pods.namespace, labels, table, host, role)).or_insert_with(|| {
                this.members.push(Vec::new());
                this.table_of.push(table);
                hosts.push(host);
                this.members.len() - 1
            });
            this.members[class].push(index);
            this.class_of.push(class);
        }
        this.host = BitSet::empty(this.members.len());
        hosts.iter().enumerate().filter(|(_, host)| **host).for_each(|(class, _)| this.host.insert(class));
        this
    }

    pub(super) fn index<'i>(&'i self, model: &'i Model<'a>) -> Index<'i, 'a> {
        let mut by_label: HashMap<(&str, &str), BitSet> = HashMap::new();
        let mut by_key: HashMap<&str, BitSet> = HashMap::new();
        let mut by_namespace = vec![BitSet::empty(self.members.len()); model.namespaces.len()];
        for (class, members) in self.members.iter().enumerate() {
            let pods = &model.pods[members[0]];
            by_namespace[pods.namespace].insert(class);
            for &(key, value) in &pods.labels {
                by_label
                    .entry((key, value))
                    .or_insert_with(|| BitSet::empty(self.members.len()))
                    .insert(class);
                by_key.entry(key).or_insert_with(|| BitSet::empty(self.members.len())).insert(class);
            }
        }
        Index {
            classes: self,
            model,
            by_label,
            by_key,
            by_namespace,
            numbers: model.namespaces.iter().enumerate().map(|(index, n)| (n.name, index)).collect(),
            pods: HashMap::new(),
            namespaces: HashMap::new(),
        }
    }
}

/// Classes by label, and the selectors that were looked up already.
pub(super) struct Index<'i, 'a> {
    pub(super) classes: &'i Classes<'a>,
    pub(super) model: &'i Model<'a>,
    pub(super) by_label: HashMap<(&'i str, &'i str), BitSet>,
    pub(super) by_key: HashMap<&'i str, BitSet>,
    pub(super) by_namespace: Vec<BitSet>,
    /// Namespaces by name.
    pub(super) numbers: HashMap<&'a str, usize>,
    pub(super) pods: HashMap<Selector<'a>, BitSet>,
    pub(super) namespaces: HashMap<Selector<'a>, BitSet>,
}

impl<'a> Index<'_, 'a> {
    /// The classes whose labels match, in any namespace.
    pub(super) fn pods(&mut self, selector: &Selector<'a>) -> BitSet {
        if let Some(known) = self.pods.get(selector) {
            return known.clone();
        }
        let count = self.classes.members.len();
        let mut matching = BitSet::full(count);
        for requirement in selector.requirements() {
            let values = |values: &[&str]| {
                let mut any = BitSet::empty(count);
                let known = values.iter().filter_map(|value| self.by_label.get(&(requirement.key, *value)));
                known.for_each(|set| any.union(set));
                any
            };
            let having = || self.by_key.get(requirement.key).cloned().unwrap_or_else(|| BitSet::empty(count));
            match &requirement.test {
                Test::In(texts) => matching.intersect(&values(texts)),
                Test::NotIn(texts) => matching.subtract(&values(texts)),
                Test::Exists => matching.intersect(&having()),
                Test::DoesNotExist => matching.subtract(&having()),
            }
        }
        self.pods.insert(selector.clone(), matching.clone());
        matching
    }

    /// The classes of the namespaces whose labels match.
    pub(super) fn namespaces(&mut self, selector: &Selector<'a>) -> BitSet {
        if let Some(known) = self.namespaces.get(selector) {
            return known.clone();
        }
        let mut set = BitSet::empty(self.classes.members.len());
        for (classes, namespace) in self.by_namespace.iter().zip(&self.model.namespaces) {
            if selector.matches(&namespace.labels) {
                set.union(classes);
            }
        }
        self.namespaces.insert(selector.clone(), set.clone());
        set
    }

    /// The classes of one namespace.
    pub(super) fn in_namespace(&self, name: &str) -> BitSet {
        let none = || BitSet::empty(self.classes.members.len());
        self.numbers.get(name).map_or_else(none, |number| self.by_namespace[*number].clone())
    }
}
