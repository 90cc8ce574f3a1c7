//! Workloads: what runs pods, and what those pods are made of.

use std::fmt;

use super::object::{Object, labels};
use crate::yaml::Node;

/// A transport protocol that ports and policies know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// `SCTP`
    Sctp,
    /// `TCP`, the default everywhere.
    Tcp,
    /// `UDP`
    Udp,
}

impl Protocol {
    /// All of them, in the order in which they are printed.
    pub const ALL: [Self; 3] = [Self::Sctp, Self::Tcp, Self::Udp];

    /// Reads the name as manifests write it (upper case).
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|protocol| protocol.as_str() == text)
    }

    /// The name as manifests write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sctp => "SCTP",
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An object that runs pods. All pods of one template are alike, so the template stands for them.
#[derive(Debug, Clone)]
pub struct Workload<'a> {
    /// The object.
    pub object: Object<'a>,
    /// The labels of its pods, sorted, with those that the Job controller is known to add.
    pub labels: Vec<(&'a str, &'a str)>,
    /// The pod's spec.
    pub spec: &'a Node,
    /// Every container, init containers first.
    pub containers: Vec<Container<'a>>,
    /// `hostNetwork: true`
    pub host_network: bool,
    /// Kind and name of the controller that owns a bare Pod.
    pub owner: Option<(&'a str, &'a str)>,
}

/// What a container is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContainerRole {
    /// Runs to its end before the pod starts.
    Init,
    /// An init container with `restartPolicy: Always`, which keeps running beside the others.
    Sidecar,
    /// An ordinary container.
    Main,
}

/// A container of a pod template.
#[derive(Debug, Clone)]
pub struct Container<'a> {
    /// What it is for.
    pub role: ContainerRole,
    /// Its name, empty when absent.
    pub name: &'a str,
    /// Its image, when one is given.
    pub image: Option<Image<'a>>,
    /// The ports it declares; those without a usable number are left out.
    pub ports: Vec<ContainerPort<'a>>,
    /// The container itself.
    pub node: &'a Node,
}

/// A declared port of a container.
#[derive(Debug, Clone, Copy)]
pub struct ContainerPort<'a> {
    /// Its name, if it has one.
    pub name: Option<&'a str>,
    /// Its protocol.
    pub protocol: Protocol,
    /// Its number.
    pub port: u16,
    /// The entry of `ports`.
    pub node: &'a Node,
}

/// An image reference, taken apart.
#[derive(Debug, Clone, Copy)]
pub struct Image<'a> {
    /// Everything before the tag or digest.
    pub repository: &'a str,
    /// The part after the last colon, without the colon.
    pub tag: Option<&'a str>,
    /// The part after `@`.
    pub digest: Option<&'a str>,
    /// The value.
    pub node: &'a Node,
}

impl<'a> Image<'a> {
    fn read(node: &'a Node) -> Option<Self> {
        let text = node.as_str()?;
        let (rest, digest) = text.split_once('@').map_or((text, None), |(rest, digest)| (rest, Some(digest)));
        // A colon before the last slash belongs to the registry's port.
        let (repository, tag) = match rest.rsplit_once(':') {
            Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag)),
            _ => (rest, None),
        };
        Some(Self { repository, tag, digest, node })
    }
}

impl fmt::Display for Image<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.node.as_str().unwrap_or_default())
    }
}

impl<'a> Container<'a> {
    fn read(node: &'a Node, init: bool) -> Self {
        let restarts = node.get("restartPolicy").and_then(Node::as_str) == Some("Always");
        let role = match (init, restarts) {
            (false, _) => ContainerRole::Main,
            (true, true) => ContainerRole::Sidecar,
            (true, false) => ContainerRole::Init,
        };
        let ports = node.get("ports").map(Node::items).unwrap_or_default();
        Self {
            role,
            name: node.get("name").and_then(Node::as_str).unwrap_or_default(),
            image: node.get("image").and_then(Image::read),
            ports: ports.iter().filter_map(ContainerPort::read).collect(),
            node,
        }
    }

    /// Whether it runs as long as the pod does.
    pub fn keeps_running(&self) -> bool {
        self.role != ContainerRole::Init
    }
}

impl<'a> ContainerPort<'a> {
    fn read(node: &'a Node) -> Option<Self> {
        let port = node.get("containerPort")?.as_i64().and_then(|port| u16::try_from(port).ok())?;
        let protocol = match node.get("protocol").and_then(Node::as_str) {
            Some(text) => Protocol::parse(text)?,
            None => Protocol::Tcp,
        };
        (port != 0).then_some(Self { name: node.get("name").and_then(Node::as_str), protocol, port, node })
    }
}

impl<'a> Workload<'a> {
    /// Reads an object of one of the kinds that run pods; any other gives none.
    pub fn read(object: Object<'a>) -> Option<Self> {
        let template = match object.kind {
            "Pod" => Some(object.node),
            "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" | "ReplicationController" | "Job" => {
                object.node.at(&["spec", "template"])
            }
            "CronJob" => object.node.at(&["spec", "jobTemplate", "spec", "template"]),
            _ => None,
        }?;
        let spec = template.get("spec")?;
        let list = |key: &str| spec.get(key).map(Node::items).unwrap_or_default();
        let init = list("initContainers").iter().map(|node| Container::read(node, true));
        let main = list("containers").iter().map(|node| Container::read(node, false));
        let mut labels = labels(template.at(&["metadata", "labels"]));
        if object.kind == "Job" {
            for key in ["batch.kubernetes.io/job-name", "job-name"] {
                if let Err(at) = labels.binary_search_by_key(&key, |(key, _)| key) {
                    labels.insert(at, (key, object.name()));
                }
            }
        }
        let owner = object.node.at(&["metadata", "ownerReferences"]).and_then(|owners| {
            let owner = owners
                .items()
                .iter()
                .find(|owner| owner.get("controller").and_then(Node::as_bool) == Some(true))
                .or(owners.items().first())?;
            let text = |key: &str| owner.get(key).and_then(Node::as_str);
            Some((text("kind").unwrap_or("Pod"), text("name")?))
        });
        Some(Self {
            object,
            labels,
            spec,
            containers: init.chain(main).collect(),
            host_network: spec.get("hostNetwork").and_then(Node::as_bool) == Some(true),
            owner: owner.filter(|(kind, _)| object.kind == "Pod" && *kind != "Node"),
        })
    }

    /// Every port that a running container declares, in container order.
    pub fn ports(&self) -> impl Iterator<Item = ContainerPort<'a>> {
        self.containers.iter().filter(|c| c.keeps_running()).flat_map(|c| c.ports.iter().copied())
    }

    /// The number behind a port's name: the first that has name and protocol.
    pub fn named_port(&self, name: &str, protocol: Protocol) -> Option<u16> {
        self.ports().find(|port| port.name == Some(name) && port.protocol == protocol).map(|port| port.port)
    }

    /// Whether the workload is meant to run until it is replaced.
    pub fn is_long_running(&self) -> bool {
        !matches!(self.object.kind, "Job" | "CronJob" | "Pod")
    }

    /// Arguments (`command` and `args`) of all containers, in order.
    pub fn arguments(&self) -> impl Iterator<Item = &'a str> {
        self.containers.iter().flat_map(|container| {
            ["command", "args"]
                .into_iter()
                .filter_map(|key| container.node.get(key))
                .flat_map(Node::items)
                .filter_map(Node::as_str)
        })
    }
}
