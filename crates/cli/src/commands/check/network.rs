//! Declared edges of platform.yaml beside what the rendered NetworkPolicies allow.

use std::collections::BTreeSet;

use k8s_render::inspect::{Facts, Place, Protocol, Sources};
use k8s_render::network::cidr::{Cidr, IpBlock};
use k8s_render::network::declared::{Declaration, Edge, Mode, Need, Party, compare};
use k8s_render::network::{
    Connectivity, Finding, HostNetwork, Model, NamedPort, Ports, VirtualWorkload, lint,
};
use platform_compat::{Component, ComponentId, Environment, EnvironmentId, Kind, Openness, Platform, Port};

/// Judges the policies of an environment by themselves and, when there is a platform, against its declared edges.
/// Also says how many edges are declared.
pub(crate) fn check(
    facts: &Facts<'_>,
    sources: Sources<'_>,
    platform: Option<(&Platform, EnvironmentId)>,
) -> (usize, Vec<Finding>) {
    let beside =
        platform.map(|(platform, environment)| virtual_workloads(platform, environment)).unwrap_or_default();
    let (model, mut findings) = Model::read(facts, &beside, sources);
    findings.extend(lint::lint(&Connectivity::new(&model, HostNetwork::Node), sources));
    let declaration =
        platform.map(|(platform, environment)| declaration(platform, environment)).unwrap_or_default();
    if platform.is_some() {
        findings.extend(compare(&model, &declaration, HostNetwork::Node, sources));
    }
    (declaration.edges.len(), findings)
}

/// Pods that the cluster brings: components that are not rendered, and the name service.
pub(crate) fn virtual_workloads(platform: &Platform, id: EnvironmentId) -> Vec<VirtualWorkload> {
    let environment = &platform.environments()[id.index()];
    let components = platform.components().iter().filter(|component| {
        !component.workload.rendered
            && !matches!(component.kind, Kind::External | Kind::Library | Kind::Platform)
            && component.environments.contains(id)
    });
    let mut pods: Vec<_> = components
        .map(|component| VirtualWorkload {
            name: component.name.value.to_string(),
            namespace: namespace(component, environment),
            namespace_labels: Vec::new(),
            labels: owned(&component.workload.selector),
            ports: component
                .provides
                .iter()
                .map(|endpoint| named(endpoint.port, endpoint.port_name.as_ref()))
                .collect(),
        })
        .collect();
    if let Some(dns) = &environment.network.dns {
        pods.push(VirtualWorkload {
            name: "dns".to_owned(),
            namespace: dns.namespace.to_string(),
            namespace_labels: Vec::new(),
            labels: owned(&dns.selector),
            ports: dns.ports.iter().map(|port| named(*port, None)).collect(),
        });
    }
    pods
}

fn declaration(platform: &Platform, id: EnvironmentId) -> Declaration {
    let environment = &platform.environments()[id.index()];
    let connectivity = platform.connectivity(id);
    let settings = connectivity.settings;
    let place = |place: platform_compat::Place| {
        let src = platform.sources().get(place.file as usize)?.clone();
        Some(Place { src, span: place.span() })
    };
    let name = |id: ComponentId| platform[id].name.value.to_string();
    let pods = |id: ComponentId| Party::Pods {
        namespace: Some(namespace(&platform[id], environment)),
        labels: owned(&platform[id].workload.selector),
    };
    let mut edges = Vec::new();
    for edge in &connectivity.edges {
        edges.push(Edge {
            name: format!("{} → {}", name(edge.consumer), name(edge.provider)),
            consumer: pods(edge.consumer),
            provider: pods(edge.provider),
            ports: ports(&[edge.port]),
            need: Need::Required,
            place: place(edge.place),
        });
    }
    for edge in &connectivity.external {
        for cidr in &edge.cidrs {
            edges.push(Edge {
                name: format!("{} → {}", name(edge.consumer), edge.target),
                consumer: pods(edge.consumer),
                provider: block(*cidr, &settings.deny_cidrs),
                ports: ports(&edge.ports),
                need: Need::Required,
                place: place(edge.place),
            });
        }
    }
    for (component, port) in &connectivity.peers {
        edges.push(Edge {
            name: format!("{} → {}", name(*component), name(*component)),
            consumer: pods(*component),
            provider: pods(*component),
            ports: ports(&[*port]),
            need: Need::Required,
            place: place(platform[*component].name.place),
        });
    }
    let rendered = platform.components().iter().filter(|component| component.is_rendered_in(id));
    let own = std::iter::once(environment.namespace.value.to_string());
    let namespaces: BTreeSet<_> =
        own.chain(rendered.map(|component| namespace(component, environment))).collect();
    for (dns, name) in settings.dns.iter().flat_map(|dns| namespaces.iter().map(move |name| (dns, name))) {
        let everybody = || Party::Pods { namespace: Some(name.clone()), labels: Vec::new() };
        let provider =
            Party::Pods { namespace: Some(dns.namespace.to_string()), labels: owned(&dns.selector) };
        edges.push(Edge {
            name: "everything → DNS".to_owned(),
            consumer: everybody(),
            provider,
            ports: ports(&dns.ports),
            need: Need::Required,
            place: None,
        });
        if dns.node_local
            && let Ok(cache) = Cidr::parse("169.254.20.10/32")
        {
            edges.push(Edge {
                name: "everything → DNS cache of the node".to_owned(),
                consumer: everybody(),
                provider: Party::Block(IpBlock { range: cache.range, except: Vec::new() }),
                ports: ports(&dns.ports),
                need: Need::Required,
                place: None,
            });
        }
    }
    let party = |party: &platform_compat::Party| match party {
        platform_compat::Party::Component(name) => platform.component(&name.value).map(pods),
        platform_compat::Party::Pods { namespace, selector } => Some(Party::Pods {
            namespace: namespace.as_ref().map(|name| name.value.to_string()),
            labels: owned(selector),
        }),
        platform_compat::Party::Block(cidr) => Some(block(*cidr, &[])),
    };
    for allowance in &settings.allow {
        if let (Some(consumer), Some(provider)) = (party(&allowance.from), party(&allowance.to)) {
            edges.push(Edge {
                name: allowance.reason.value.to_string(),
                consumer,
                provider,
                ports: ports(&allowance.ports),
                need: Need::Permitted,
                place: place(allowance.place),
            });
        }
    }
    Declaration { edges, ingress: mode(settings.ingress), egress: mode(settings.egress) }
}

fn mode(openness: Openness) -> Mode {
    match openness {
        Openness::Open => Mode::Open,
        Openness::Declared => Mode::Declared,
    }
}

fn namespace(component: &Component, environment: &Environment) -> String {
    component.namespace.as_ref().unwrap_or(&environment.namespace).value.to_string()
}

fn owned(labels: &[(std::sync::Arc<str>, std::sync::Arc<str>)]) -> Vec<(String, String)> {
    labels.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()
}

fn named(port: Port, name: Option<&platform_compat::Text>) -> NamedPort<'static> {
    NamedPort {
        name: name.map(|name| name.value.to_string().into()),
        protocol: protocol(port),
        port: port.first,
    }
}

/// The union of ports; all when none is named.
fn ports(ports: &[Port]) -> Ports {
    if ports.is_empty() {
        return Ports::all();
    }
    ports
        .iter()
        .fold(Ports::none(), |all, port| all.union(&Ports::range(protocol(*port), port.first, port.last)))
}

fn protocol(port: Port) -> Protocol {
    match port.protocol {
        platform_compat::Protocol::Tcp => Protocol::Tcp,
        platform_compat::Protocol::Udp => Protocol::Udp,
        platform_compat::Protocol::Sctp => Protocol::Sctp,
    }
}

/// A declared block without the denied ones that lie strictly inside it.
fn block(cidr: platform_compat::Cidr, denied: &[platform_compat::Cidr]) -> Party {
    let range = |cidr: &platform_compat::Cidr| Cidr::parse(&cidr.to_string()).ok().map(|cidr| cidr.range);
    let all = || k8s_render::network::cidr::IpRange { first: cidr.address, last: cidr.address };
    let whole = range(&cidr).unwrap_or_else(all);
    let inside = |denied: &k8s_render::network::cidr::IpRange| whole.covers(denied) && *denied != whole;
    Party::Block(IpBlock { range: whole, except: denied.iter().filter_map(range).filter(inside).collect() })
}
