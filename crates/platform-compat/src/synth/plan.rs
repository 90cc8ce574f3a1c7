//! Which policies there are, before they become text.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::Finding;
use crate::{
    model::{Component, ComponentId, EnvironmentId},
    network::{Cidr, Openness, Party, Port},
    platform::Platform,
};

pub(super) type Labels = Vec<(Arc<str>, Arc<str>)>;

/// One end of a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Peer {
    /// Pods of a namespace (none: of every one) with labels.
    Pods { namespace: Option<Arc<str>>, labels: Labels },
    /// Addresses, without some.
    Block { cidr: Cidr, except: Vec<Cidr> },
}

/// Ports; none for all.
pub(super) type Ports = Option<BTreeSet<Port>>;

/// A rule: peers that share a set of ports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) peers: Vec<Peer>,
    pub(super) ports: Ports,
}

/// A policy by what it selects; a direction without rules denies, a direction that is none is left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Policy {
    /// The name of the file that it goes to, without its ending.
    pub(super) file: String,
    pub(super) name: String,
    pub(super) namespace: Arc<str>,
    pub(super) labels: Labels,
    pub(super) ingress: Option<Vec<Rule>>,
    pub(super) egress: Option<Vec<Rule>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    In,
    Out,
}

/// Whom a policy selects: file, name, namespace, labels.
type Subject = (String, String, Arc<str>, Labels);

/// The peers of a subject by direction (in, out).
type Traffic = [BTreeMap<Peer, Ports>; 2];

struct Plan<'p> {
    platform: &'p Platform,
    environment: EnvironmentId,
    /// Whether ingress and egress must be declared.
    declared: [bool; 2],
    subjects: BTreeMap<Subject, Traffic>,
    findings: Vec<Finding>,
}

pub(super) fn plan(platform: &Platform, environment: EnvironmentId) -> (Vec<Policy>, Vec<Finding>) {
    let connectivity = platform.connectivity(environment);
    let settings = connectivity.settings;
    let declared = [settings.ingress, settings.egress].map(|openness| openness == Openness::Declared);
    let mut plan = Plan { platform, environment, declared, subjects: BTreeMap::new(), findings: Vec::new() };
    let namespaces: BTreeSet<Arc<str>> = platform
        .components()
        .iter()
        .filter(|component| component.is_rendered_in(environment))
        .map(|component| plan.namespace(component))
        .collect();

    for edge in &connectivity.edges {
        let ends = (plan.pods(edge.consumer), plan.pods(edge.provider));
        plan.allow(Some(edge.consumer), Some(edge.provider), ends, &[edge.port]);
    }
    for (component, port) in &connectivity.peers {
        let ends = (plan.pods(*component), plan.pods(*component));
        plan.allow(Some(*component), Some(*component), ends, &[*port]);
    }
    for edge in &connectivity.external {
        if edge.cidrs.is_empty() {
            plan.by_name_only(edge);
        }
        for cidr in &edge.cidrs {
            let except =
                settings.deny_cidrs.iter().filter(|denied| is_inside(denied, cidr)).copied().collect();
            let ends = (plan.pods(edge.consumer), Peer::Block { cidr: *cidr, except });
            plan.allow(Some(edge.consumer), None, ends, &edge.ports);
        }
    }
    for allowance in &settings.allow {
        plan.allowance(&namespaces, &allowance.from, &allowance.to, &allowance.ports);
    }

    let mut policies = Vec::new();
    for namespace in &namespaces {
        let none = |wanted: bool| wanted.then(Vec::new);
        policies.push(Policy {
            file: "default-deny".to_owned(),
            name: "default-deny".to_owned(),
            namespace: namespace.clone(),
            labels: Vec::new(),
            ingress: none(declared[0]),
            egress: none(declared[1]),
        });
        let Some(dns) = settings.dns.as_ref().filter(|_| declared[1]) else { continue };
        let pods = Peer::Pods { namespace: Some(dns.namespace.clone()), labels: dns.selector.clone() };
        let cache = Cidr { address: std::net::Ipv4Addr::new(169, 254, 20, 10).into(), prefix: 32 };
        let cache = dns.node_local.then_some(Peer::Block { cidr: cache, except: Vec::new() });
        policies.push(Policy {
            file: "allow-dns".to_owned(),
            name: "allow-dns".to_owned(),
            namespace: namespace.clone(),
            labels: Vec::new(),
            ingress: None,
            egress: Some(vec![Rule {
                peers: std::iter::once(pods).chain(cache).collect(),
                ports: set(&dns.ports),
            }]),
        });
    }
    policies.retain(|policy| policy.ingress.is_some() || policy.egress.is_some());
    let of_subjects = std::mem::take(&mut plan.subjects).into_iter().map(policy);
    policies.extend(of_subjects);
    (policies, plan.findings)
}

fn policy(((file, name, namespace, labels), [ingress, egress]): (Subject, Traffic)) -> Policy {
    let rules = |traffic: BTreeMap<Peer, Ports>| (!traffic.is_empty()).then(|| rules(traffic));
    Policy { file, name, namespace, labels, ingress: rules(ingress), egress: rules(egress) }
}

/// One rule for each set of ports, in the order of the ports; all ports last.
fn rules(traffic: BTreeMap<Peer, Ports>) -> Vec<Rule> {
    let mut by_ports: BTreeMap<(bool, Ports), Vec<Peer>> = BTreeMap::new();
    for (peer, ports) in traffic {
        let ports = ports.map(merged);
        by_ports.entry((ports.is_none(), ports)).or_default().push(peer);
    }
    by_ports.into_iter().map(|((_, ports), peers)| Rule { peers, ports }).collect()
}

/// Spans that touch or overlap, joined.
fn merged(ports: BTreeSet<Port>) -> BTreeSet<Port> {
    let mut joined: Vec<Port> = Vec::with_capacity(ports.len());
    for port in ports {
        match joined.last_mut() {
            Some(before)
                if before.protocol == port.protocol && port.first <= before.last.saturating_add(1) =>
            {
                before.last = before.last.max(port.last);
            }
            _ => joined.push(port),
        }
    }
    joined.into_iter().collect()
}

fn set(ports: &[Port]) -> Ports {
    (!ports.is_empty()).then(|| merged(ports.iter().copied().collect()))
}

/// Whether a block lies in another and is smaller.
fn is_inside(inner: &Cidr, outer: &Cidr) -> bool {
    use std::net::IpAddr::{V4, V6};
    if inner.prefix <= outer.prefix {
        return false;
    }
    let prefix = u32::from(outer.prefix);
    match (inner.address, outer.address) {
        (V4(a), V4(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros() >= prefix,
        (V6(a), V6(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros() >= prefix,
        _ => false,
    }
}

impl Plan<'_> {
    fn namespace(&self, component: &Component) -> Arc<str> {
        let own = &self.platform.environments()[self.environment.index()].namespace;
        component.namespace.as_ref().unwrap_or(own).value.clone()
    }

    fn pods(&self, id: ComponentId) -> Peer {
        let component = &self.platform[id];
        Peer::Pods { namespace: Some(self.namespace(component)), labels: component.workload.selector.clone() }
    }

    /// The subject that a component is; none when its pods are not of these manifests.
    fn subject(&self, id: ComponentId) -> Option<Subject> {
        let component = &self.platform[id];
        component.is_rendered_in(self.environment).then(|| {
            let name = component.name.value.to_string();
            let file = format!("component-{name}");
            (file, name, self.namespace(component), component.workload.selector.clone())
        })
    }

    /// Allows a connection at those ends that are components of these manifests.
    fn allow(
        &mut self,
        from: Option<ComponentId>,
        to: Option<ComponentId>,
        (consumer, provider): (Peer, Peer),
        ports: &[Port],
    ) {
        if let Some(subject) = from.and_then(|id| self.subject(id)) {
            self.add(subject, Way::Out, provider, ports);
        }
        if let Some(subject) = to.and_then(|id| self.subject(id)) {
            self.add(subject, Way::In, consumer, ports);
        }
    }

    fn add(&mut self, subject: Subject, way: Way, peer: Peer, ports: &[Port]) {
        if !self.declared[way as usize] {
            return;
        }
        let traffic = &mut self.subjects.entry(subject).or_default()[way as usize];
        match (traffic.entry(peer).or_insert_with(|| Some(BTreeSet::new())), set(ports)) {
            (Some(known), Some(ports)) => known.extend(ports),
            (known, _) => *known = None,
        }
    }

    /// Allows traffic of no component at those ends that lie in these namespaces.
    fn allowance(&mut self, namespaces: &BTreeSet<Arc<str>>, from: &Party, to: &Party, ports: &[Port]) {
        let (Some(consumer), Some(provider)) = (self.party(from), self.party(to)) else { return };
        for (party, way, peer) in [(from, Way::Out, provider), (to, Way::In, consumer)] {
            for subject in self.subjects_of(party, namespaces) {
                self.add(subject, way, peer.clone(), ports);
            }
        }
    }

    fn party(&self, party: &Party) -> Option<Peer> {
        match party {
            Party::Component(name) => Some(self.pods(self.platform.component(&name.value)?)),
            Party::Pods { namespace, selector } => Some(Peer::Pods {
                namespace: namespace.as_ref().map(|name| name.value.clone()),
                labels: selector.clone(),
            }),
            Party::Block(cidr) => Some(Peer::Block { cidr: *cidr, except: Vec::new() }),
        }
    }

    fn subjects_of(&self, party: &Party, namespaces: &BTreeSet<Arc<str>>) -> Vec<Subject> {
        match party {
            Party::Component(name) => {
                let id = self.platform.component(&name.value);
                id.and_then(|id| self.subject(id)).into_iter().collect()
            }
            Party::Pods { namespace, selector } => {
                let here = |name: &&Arc<str>| namespace.as_ref().is_none_or(|wanted| wanted.value == **name);
                let name = match selector.as_slice() {
                    [] => "allow-all-pods".to_owned(),
                    labels => {
                        let values: Vec<_> =
                            labels.iter().map(|(_, value)| value.to_lowercase().replace('_', "-")).collect();
                        format!("allow-{}", values.join("-"))
                    }
                };
                let subject = |namespace: &Arc<str>| {
                    ("allow".to_owned(), name.clone(), namespace.clone(), selector.clone())
                };
                namespaces.iter().filter(here).map(subject).collect()
            }
            Party::Block(_) => Vec::new(),
        }
    }

    fn by_name_only(&mut self, edge: &crate::network::ExternalEdge) {
        let rendered = self.platform[edge.consumer].is_rendered_in(self.environment);
        let source = self.platform.sources().get(edge.place.file as usize);
        if let Some(src) = source.filter(|_| rendered && self.declared[Way::Out as usize]) {
            self.findings.push(Finding::FqdnNotEnforceable {
                consumer: self.platform[edge.consumer].name.value.clone(),
                target: edge.fqdn.clone().unwrap_or_else(|| edge.target.clone()),
                src: src.clone(),
                span: edge.place.span(),
            });
        }
    }
}
