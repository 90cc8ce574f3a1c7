//! Services: which pods they reach, and on which container ports.

use super::object::{Object, labels};
use super::workload::{Protocol, Workload};
use crate::yaml::Node;

/// A Service.
#[derive(Debug, Clone)]
pub struct Service<'a> {
    /// The object.
    pub object: Object<'a>,
    /// The labels that pods must have; none for a Service without a selector.
    pub selector: Option<Vec<(&'a str, &'a str)>>,
    /// Its ports; those without a usable number are left out.
    pub ports: Vec<ServicePort<'a>>,
}

/// A port of a Service.
#[derive(Debug, Clone, Copy)]
pub struct ServicePort<'a> {
    /// Its name, if it has one.
    pub name: Option<&'a str>,
    /// Its protocol.
    pub protocol: Protocol,
    /// The Service's own port.
    pub port: u16,
    /// The container port it leads to.
    pub target: Target<'a>,
    /// The entry of `ports`.
    pub node: &'a Node,
}

/// The container port behind a Service port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target<'a> {
    /// A number.
    Number(u16),
    /// The name of a container port.
    Name(&'a str),
}

impl<'a> Target<'a> {
    /// Reads a number or a name.
    pub fn read(node: &'a Node) -> Option<Self> {
        match node.as_str() {
            Some(name) => Some(name.parse().map_or(Self::Name(name), Self::Number)),
            None => node.as_i64().and_then(|port| u16::try_from(port).ok()).map(Self::Number),
        }
    }
}

impl<'a> Service<'a> {
    /// Reads a Service; any other object gives none.
    pub fn read(object: Object<'a>) -> Option<Self> {
        if object.kind != "Service" || !object.group().is_empty() {
            return None;
        }
        let external = object.text(&["spec", "type"]) == "ExternalName";
        let selector = object.node.at(&["spec", "selector"]).map(|node| labels(Some(node)));
        let ports = object.node.at(&["spec", "ports"]).map(Node::items).unwrap_or_default();
        Some(Self {
            object,
            selector: selector.filter(|labels| !labels.is_empty() && !external),
            ports: ports.iter().filter_map(ServicePort::read).collect(),
        })
    }

    /// Whether the Service leads to the pods of this workload.
    pub fn selects(&self, workload: &Workload<'_>) -> bool {
        self.object.namespace() == workload.object.namespace()
            && self.selector.as_ref().is_some_and(|selector| {
                selector.iter().all(|pair| workload.labels.binary_search(pair).is_ok())
            })
    }
}

impl<'a> ServicePort<'a> {
    fn read(node: &'a Node) -> Option<Self> {
        let port = node.get("port")?.as_i64().and_then(|port| u16::try_from(port).ok())?;
        let protocol = match node.get("protocol").and_then(Node::as_str) {
            Some(text) => Protocol::parse(text)?,
            None => Protocol::Tcp,
        };
        let target = node.get("targetPort").and_then(Target::read).unwrap_or(Target::Number(port));
        Some(Self { name: node.get("name").and_then(Node::as_str), protocol, port, target, node })
    }

    /// The number of the container port that the port leads to in this workload; none when a named one is missing there.
    pub fn resolve(&self, workload: &Workload<'_>) -> Option<u16> {
        match self.target {
            Target::Number(port) => Some(port),
            Target::Name(name) => workload.named_port(name, self.protocol),
        }
    }

    /// Whether a running container of this workload declares the port that this one leads to.
    pub fn is_declared_by(&self, workload: &Workload<'_>) -> bool {
        self.resolve(workload).is_some_and(|number| {
            workload.ports().any(|port| port.port == number && port.protocol == self.protocol)
        })
    }
}
