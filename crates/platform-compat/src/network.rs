//! Addresses, ports, and what the network of an environment lets through.

use std::{fmt, net::IpAddr, str::FromStr, sync::Arc};

use crate::{
    model::{Component, ComponentId, DependencyKind, Endpoint, EnvironmentId, Kind, Phase},
    place::{Place, Text},
    platform::Platform,
};

/// A block of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cidr {
    /// The first address of the block.
    pub address: IpAddr,
    /// Length of the common prefix in bits.
    pub prefix: u8,
}

/// The text is no block of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a block of addresses")]
pub struct NotACidr;

impl FromStr for Cidr {
    type Err = NotACidr;

    /// Reads `ADDRESS/BITS`. Bits after the prefix must be zero: `10.0.0.5/8` is a mistake more often than a
    /// block.
    fn from_str(text: &str) -> Result<Self, NotACidr> {
        let (address, prefix) = text.split_once('/').ok_or(NotACidr)?;
        let address: IpAddr = address.parse().map_err(|_| NotACidr)?;
        if prefix.starts_with('+') || (prefix.len() > 1 && prefix.starts_with('0')) {
            return Err(NotACidr);
        }
        let prefix: u8 = prefix.parse().map_err(|_| NotACidr)?;
        let host_bits_are_zero = match address {
            IpAddr::V4(address) if prefix <= 32 => {
                u32::from(address).checked_shl(u32::from(prefix)).unwrap_or(0) == 0
            }
            IpAddr::V6(address) if prefix <= 128 => {
                u128::from(address).checked_shl(u32::from(prefix)).unwrap_or(0) == 0
            }
            _ => false,
        };
        if host_bits_are_zero { Ok(Self { address, prefix }) } else { Err(NotACidr) }
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

/// A transport protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Protocol {
    /// TCP.
    #[default]
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
            Self::Sctp => "SCTP",
        })
    }
}

/// A port or a span of ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Port {
    /// The protocol.
    pub protocol: Protocol,
    /// The first port.
    pub first: u16,
    /// The last port, equal to the first for a single one.
    pub last: u16,
}

/// The text is no port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a port")]
pub struct NotAPort;

impl FromStr for Port {
    type Err = NotAPort;

    /// Reads `443`, `443/TCP` or `8000-8100/UDP`.
    fn from_str(text: &str) -> Result<Self, NotAPort> {
        let (ports, protocol) = match text.split_once('/') {
            None => (text, Protocol::Tcp),
            Some((ports, "TCP")) => (ports, Protocol::Tcp),
            Some((ports, "UDP")) => (ports, Protocol::Udp),
            Some((ports, "SCTP")) => (ports, Protocol::Sctp),
            Some(_) => return Err(NotAPort),
        };
        let number = |text: &str| text.parse::<u16>().ok().filter(|port| *port > 0).ok_or(NotAPort);
        let (first, last) = match ports.split_once('-') {
            None => (number(ports)?, number(ports)?),
            Some((first, last)) => (number(first)?, number(last)?),
        };
        if first <= last { Ok(Self { protocol, first, last }) } else { Err(NotAPort) }
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.first)?;
        if self.last != self.first {
            write!(f, "-{}", self.last)?;
        }
        write!(f, "/{}", self.protocol)
    }
}

/// Whether traffic that nobody declared is let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Openness {
    /// Everything passes.
    Open,
    /// Only what is declared passes.
    Declared,
}

/// What the network of an environment lets through.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Into components.
    pub ingress: Openness,
    /// Out of components.
    pub egress: Openness,
    /// The cluster's name service; nothing where pods need none.
    pub dns: Option<Dns>,
    /// Addresses of nodes.
    pub node_cidrs: Vec<Cidr>,
    /// Addresses of pods.
    pub pod_cidrs: Vec<Cidr>,
    /// Addresses of Services.
    pub service_cidrs: Vec<Cidr>,
    /// Cut out of every wider block.
    pub deny_cidrs: Vec<Cidr>,
    /// Traffic of no component.
    pub allow: Vec<Allowance>,
}

/// The cluster's name service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dns {
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Labels of its pods, sorted by key.
    pub selector: Vec<(Arc<str>, Arc<str>)>,
    /// Its ports.
    pub ports: Vec<Port>,
    /// Whether a cache on each node (169.254.20.10) answers as well.
    pub node_local: bool,
}

/// Traffic that belongs to no component: webhooks, backup, a mesh.
#[derive(Debug, Clone)]
pub struct Allowance {
    /// Who begins.
    pub from: Party,
    /// Who answers.
    pub to: Party,
    /// Ports; all when empty.
    pub ports: Vec<Port>,
    /// Why.
    pub reason: Text,
    /// Where it was written.
    pub place: Place,
}

/// One side of an [`Allowance`].
#[derive(Debug, Clone)]
pub enum Party {
    /// A component, by name.
    Component(Text),
    /// Pods by namespace (any when absent) and labels.
    Pods {
        /// The namespace.
        namespace: Option<Text>,
        /// Labels, sorted by key.
        selector: Vec<(Arc<str>, Arc<str>)>,
    },
    /// Addresses.
    Block(Cidr),
}

/// Everything that may talk in an environment, sorted.
#[derive(Debug, Clone)]
pub struct Connectivity<'p> {
    /// Between pods of two components.
    pub edges: Vec<Edge>,
    /// From pods of a component to addresses outside the cluster.
    pub external: Vec<ExternalEdge>,
    /// Between replicas of one component.
    pub peers: Vec<(ComponentId, Port)>,
    /// The rest: name service, openness, allowances.
    pub settings: &'p Settings,
}

/// Why an edge is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The consumer depends on the provider.
    Dependency(DependencyKind),
    /// The migration job of a database.
    Migration,
    /// The ingress controller passes requests on.
    Exposure,
}

/// Pods of one component may reach a port of another's pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Edge {
    /// Who connects.
    pub consumer: ComponentId,
    /// To whom.
    pub provider: ComponentId,
    /// Index of the endpoint in the provider's [`Component::provides`].
    pub endpoint: usize,
    /// The container's port.
    pub port: Port,
    /// Why.
    pub reason: Reason,
    /// Where it is declared.
    pub place: Place,
}

/// Pods of a component may reach addresses outside the cluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExternalEdge {
    /// Who connects.
    pub consumer: ComponentId,
    /// Name of the egress entry, or of the managed or external component.
    pub target: Arc<str>,
    /// Host name of the other side.
    pub fqdn: Option<Arc<str>>,
    /// Its addresses; none when only the name is known.
    pub cidrs: Vec<Cidr>,
    /// Its ports; all when empty.
    pub ports: Vec<Port>,
    /// Where it is declared.
    pub place: Place,
}

impl Platform {
    /// Everything that may talk in an environment.
    pub fn connectivity(&self, environment: EnvironmentId) -> Connectivity<'_> {
        let mut edges = Vec::new();
        let mut external = Vec::new();
        for (consumer, provider, dependency) in self.dependencies() {
            let from = &self[consumer];
            let to = &self[provider];
            let pods = from.managed_in(environment).is_none() && from.kind != Kind::External;
            let here = dependency.environments.contains(environment) && to.environments.contains(environment);
            if !here || !pods || !dependency.uses_network() {
                continue;
            }
            let reason = match dependency.phase {
                Phase::Migrate => Reason::Migration,
                Phase::App => Reason::Dependency(dependency.kind),
            };
            for &index in &dependency.endpoints {
                let endpoint = &to.provides[index as usize];
                match outside(to, endpoint, environment) {
                    Some((fqdn, cidrs)) => external.push(ExternalEdge {
                        consumer,
                        target: to.name.value.clone(),
                        fqdn: fqdn.map(|fqdn| fqdn.value.clone()),
                        cidrs: cidrs.to_vec(),
                        ports: vec![endpoint.port],
                        place: dependency.place,
                    }),
                    None => edges.push(Edge {
                        consumer,
                        provider,
                        endpoint: index as usize,
                        port: endpoint.port,
                        reason,
                        place: dependency.place,
                    }),
                }
            }
        }
        let mut peers = Vec::new();
        for (id, component) in
            self.ids().filter(|(_, component)| component.environments.contains(environment))
        {
            if component.managed_in(environment).is_some() {
                continue;
            }
            peers.extend(component.peers.iter().map(|port| (id, *port)));
            for exposure in &component.exposed {
                let endpoint = &component.provides[exposure.endpoint];
                edges.push(Edge {
                    consumer: exposure.through,
                    provider: id,
                    endpoint: exposure.endpoint,
                    port: endpoint.port,
                    reason: Reason::Exposure,
                    place: component.name.place,
                });
            }
            for egress in component.egress.iter().filter(|egress| egress.environments.contains(environment)) {
                external.push(ExternalEdge {
                    consumer: id,
                    target: egress.name.value.clone(),
                    fqdn: egress.fqdn.as_ref().map(|fqdn| fqdn.value.clone()),
                    cidrs: egress.cidrs.clone(),
                    ports: egress.ports.clone(),
                    place: egress.name.place,
                });
            }
        }
        // By name, so that the answer does not depend on the order of components in the file.
        edges.sort_by_cached_key(|edge| {
            let name = |id: ComponentId| self[id].name.value.clone();
            (name(edge.consumer), name(edge.provider), edge.port, edge.reason, edge.place)
        });
        external.sort_by_cached_key(|edge| (self[edge.consumer].name.value.clone(), edge.clone()));
        peers.sort_by_cached_key(|(id, port)| (self[*id].name.value.clone(), *port));
        Connectivity { edges, external, peers, settings: &self.environments()[environment.index()].network }
    }
}

/// Name and addresses of an endpoint that lies outside the cluster.
fn outside<'c>(
    component: &'c Component,
    endpoint: &'c Endpoint,
    environment: EnvironmentId,
) -> Option<(Option<&'c Text>, &'c [Cidr])> {
    if let Some(managed) = component.managed_in(environment) {
        return Some((managed.fqdn.as_ref(), &managed.cidrs));
    }
    (component.kind == Kind::External).then_some((endpoint.fqdn.as_ref(), &endpoint.cidrs))
}

#[cfg(test)]
mod tests;
