//! What connectivity is about: namespaces, pods, policies, and the Services that an ingress controller calls.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::finding::Finding;
use super::policy::{AdminPolicy, Direction, Policy, Rule, Tier, Who};
use super::ports::Ports;
use super::selector::Selector;
use crate::inspect::{Facts, Object, Place, Protocol, Service, Sources, Target, Workload};
use crate::yaml::Node;

/// The label that the API server gives every namespace.
pub const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";

/// Pods that exist in the cluster and not in the manifests: an ingress controller, the cluster's DNS.
#[derive(Debug, Clone, Default)]
pub struct VirtualWorkload {
    /// A name for messages.
    pub name: String,
    /// Their namespace.
    pub namespace: String,
    /// The namespace's labels beside its name.
    pub namespace_labels: Vec<(String, String)>,
    /// Their labels.
    pub labels: Vec<(String, String)>,
    /// Their ports, for rules that name them.
    pub ports: Vec<NamedPort<'static>>,
}

/// A declared port of a pod.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NamedPort<'a> {
    /// Its name, if it has one.
    pub name: Option<Cow<'a, str>>,
    /// Its protocol.
    pub protocol: Protocol,
    /// Its number.
    pub port: u16,
}

/// A namespace with the labels that selectors see.
#[derive(Debug, Clone)]
pub struct NamespaceLabels<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its labels, sorted, always with [`NAMESPACE_NAME`].
    pub labels: Vec<(&'a str, &'a str)>,
}

/// Where pods come from.
#[derive(Debug, Clone, Copy)]
pub enum Role<'a> {
    /// A rendered object.
    Rendered(Object<'a>),
    /// A [`VirtualWorkload`].
    Virtual,
    /// The ingress controller that Ingresses and routes imply, of which nothing else is known.
    IngressController,
}

/// Pods that are alike.
#[derive(Debug, Clone)]
pub struct Pods<'a> {
    /// Where they come from.
    pub role: Role<'a>,
    /// The kind to show: that of the workload, or of the controller that owns a bare Pod.
    pub kind: &'a str,
    /// The name to show.
    pub name: &'a str,
    /// The index of their namespace in [`Model::namespaces`].
    pub namespace: usize,
    /// Their labels, sorted.
    pub labels: Vec<(&'a str, &'a str)>,
    /// The ports they declare, in container order.
    pub ports: Vec<NamedPort<'a>>,
    /// Whether they use the network of their node, out of reach for policies.
    pub host_network: bool,
}

impl Pods<'_> {
    /// The rendered object, if there is one.
    pub fn object(&self) -> Option<Object<'_>> {
        match self.role {
            Role::Rendered(object) => Some(object),
            Role::Virtual | Role::IngressController => None,
        }
    }

    /// Whether these are the pods of the implied ingress controller.
    pub fn is_implied(&self) -> bool {
        matches!(self.role, Role::IngressController)
    }

    /// The number behind a port's name: the first with name and protocol.
    pub fn named_port(&self, name: &str, protocol: Protocol) -> Option<u16> {
        let fits = |port: &&NamedPort<'_>| port.protocol == protocol && port.name.as_deref() == Some(name);
        self.ports.iter().find(fits).map(|port| port.port)
    }
}

/// Everything that decides about connections.
#[derive(Debug, Clone, Default)]
pub struct Model<'a> {
    /// Namespaces that exist, are used by an object, or are given.
    pub namespaces: Vec<NamespaceLabels<'a>>,
    /// Pods, rendered ones first.
    pub pods: Vec<Pods<'a>>,
    /// Policies; of several with one name the last, as applying them in order leaves it.
    pub policies: Vec<Policy<'a>>,
    /// Policies of the cluster's administrators, in the order in which they are asked.
    pub admin: Vec<AdminPolicy<'a>>,
    /// What the implied ingress controller calls: pods (by index) and ports, before policies.
    pub exposed: Vec<(usize, Ports)>,
}

impl<'a> Model<'a> {
    /// Reads the model from the facts of a render and the pods that exist beside it.
    pub fn read(
        facts: &'a Facts<'a>,
        beside: &'a [VirtualWorkload],
        sources: Sources<'_>,
    ) -> (Self, Vec<Finding>) {
        let mut findings = Vec::new();
        let mut reader = Reader::default();
        for namespace in &facts.namespaces {
            reader.namespace_labels(namespace.object.name(), namespace.labels.iter().copied());
        }
        for workload in &facts.workloads {
            reader.workload(workload);
        }
        for pods in beside {
            reader.beside(pods);
        }
        for &object in &facts.objects {
            if Policy::is_one(&object) {
                let policy = Policy::read(object, sources, &mut findings);
                reader.policy(policy);
            } else if AdminPolicy::is_one(&object) {
                let policy = AdminPolicy::read(object, sources, &mut findings);
                reader.model.admin.push(policy);
            } else if object.kind.ends_with("NetworkPolicy") {
                let Place { src, span } = sources.place(object.node, object.node);
                let (object, api_version) = (object.to_string(), object.api_version().to_owned());
                findings.push(Finding::UnsupportedPolicy { object, api_version, src, span });
            }
        }
        reader.model.admin.sort_by_key(|policy| policy.tier);
        undefined(&reader.model.admin, sources, &mut findings);
        reader.exposed(facts);
        super::owners::told_apart(&reader.model, sources, &mut findings);
        (reader.model, findings)
    }

    /// The selectors of pods in all policies, each with its policy.
    pub(super) fn selectors(&self) -> impl Iterator<Item = (Object<'a>, &Selector<'a>)> {
        let own = self.policies.iter().flat_map(|policy| {
            let rules = Direction::BOTH.into_iter().filter_map(|direction| policy.rules(direction)).flatten();
            let peers = rules.flat_map(Rule::named).filter_map(|peer| peer.who.pods());
            policy.pods.iter().chain(peers).map(|selector| (policy.object, selector))
        });
        let admin = self.admin.iter().flat_map(|policy| {
            let rules = Direction::BOTH.into_iter().flat_map(|direction| policy.rules(direction));
            let peers = rules.flat_map(|rule| &rule.peers).filter_map(|peer| peer.who.pods());
            let subject = policy.subject.iter().filter_map(Who::pods);
            subject.chain(peers).map(|selector| (policy.object, selector))
        });
        own.chain(admin)
    }

    /// The namespace of pods.
    pub fn namespace_of(&self, pods: &Pods<'a>) -> &'a str {
        self.namespaces[pods.namespace].name
    }

    /// A name for messages and listings: `namespace/name[Kind]`, or `{ingress-controller}`.
    pub fn label(&self, pods: usize) -> String {
        let pods = &self.pods[pods];
        let namespace = self.namespace_of(pods);
        match pods.role {
            Role::IngressController => pods.name.to_owned(),
            Role::Virtual => format!("{namespace}/{}", pods.name),
            Role::Rendered(_) => format!("{namespace}/{}[{}]", pods.name, pods.kind),
        }
    }
}

/// Policies of administrators whose order, or whose number, the API leaves undefined.
fn undefined(policies: &[AdminPolicy<'_>], sources: Sources<'_>, findings: &mut Vec<Finding>) {
    let mut names = HashSet::new();
    let mut before: Option<&AdminPolicy<'_>> = None;
    for policy in policies {
        let first = before.replace(policy);
        let (problem, help) = match (first, policy.tier) {
            _ if !names.insert((policy.object.kind, policy.object.name())) => {
                ("it is declared twice".to_owned(), "keep one of them")
            }
            (Some(first), Tier::Admin(priority)) if first.tier == policy.tier => (
                format!(
                    "it has the priority {priority} of `{}`: which is asked first is not defined",
                    first.label()
                ),
                "give each its own priority",
            ),
            (Some(first), Tier::Baseline) if first.tier == policy.tier => (
                format!("`{}` is there already", first.label()),
                "a cluster has one baseline policy: join them",
            ),
            _ => continue,
        };
        let node = policy.object.node;
        let Place { src, span } = sources.place(node, node);
        let (policy, help) = (policy.label(), help.to_owned());
        findings.push(Finding::InvalidAdminPolicy { policy, problem, help, src, span });
    }
}

#[derive(Default)]
struct Reader<'a> {
    model: Model<'a>,
    namespaces: HashMap<&'a str, usize>,
    policies: HashMap<(&'a str, &'a str), usize>,
}

impl<'a> Reader<'a> {
    fn namespace(&mut self, name: &'a str) -> usize {
        let namespaces = &mut self.model.namespaces;
        *self.namespaces.entry(name).or_insert_with(|| {
            namespaces.push(NamespaceLabels { name, labels: vec![(NAMESPACE_NAME, name)] });
            namespaces.len() - 1
        })
    }

    /// Adds labels to a namespace; of two values for one key the later stays.
    fn namespace_labels(&mut self, name: &'a str, labels: impl Iterator<Item = (&'a str, &'a str)>) {
        let index = self.namespace(name);
        let all = &mut self.model.namespaces[index].labels;
        for (key, value) in labels.filter(|(key, _)| *key != NAMESPACE_NAME) {
            match all.binary_search_by_key(&key, |(key, _)| key) {
                Ok(at) => all[at].1 = value,
                Err(at) => all.insert(at, (key, value)),
            }
        }
    }

    fn workload(&mut self, workload: &'a Workload<'a>) {
        let object = workload.object;
        let (kind, name) = workload.owner.unwrap_or((object.kind, object.name()));
        let ports = workload.ports().map(|port| NamedPort {
            name: port.name.map(Cow::Borrowed),
            protocol: port.protocol,
            port: port.port,
        });
        let namespace = self.namespace(object.namespace());
        self.model.pods.push(Pods {
            role: Role::Rendered(object),
            kind,
            name,
            namespace,
            labels: workload.labels.clone(),
            ports: ports.collect(),
            host_network: workload.host_network,
        });
    }

    fn beside(&mut self, pods: &'a VirtualWorkload) {
        let pairs =
            |labels: &'a [(String, String)]| labels.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        self.namespace_labels(&pods.namespace, pairs(&pods.namespace_labels));
        let mut labels: Vec<_> = pairs(&pods.labels).collect();
        labels.sort_unstable();
        let namespace = self.namespace(&pods.namespace);
        self.model.pods.push(Pods {
            role: Role::Virtual,
            kind: "Pod",
            name: &pods.name,
            namespace,
            labels,
            ports: pods.ports.clone(),
            host_network: false,
        });
    }

    fn policy(&mut self, policy: Policy<'a>) {
        self.namespace(policy.object.namespace());
        match self.policies.entry((policy.object.namespace(), policy.object.name())) {
            std::collections::hash_map::Entry::Occupied(at) => self.model.policies[*at.get()] = policy,
            std::collections::hash_map::Entry::Vacant(at) => {
                at.insert(self.model.policies.len());
                self.model.policies.push(policy);
            }
        }
    }

    /// What Ingresses and routes lead to, and the controller that they imply.
    fn exposed(&mut self, facts: &'a Facts<'a>) {
        let mut services: HashMap<(&str, &str), Vec<&Service<'a>>> = HashMap::new();
        for service in &facts.services {
            services.entry((service.object.namespace(), service.object.name())).or_default().push(service);
        }
        let mut exposed: HashMap<usize, Ports> = HashMap::new();
        for backend in facts.objects.iter().flat_map(backends) {
            for service in services.get(&(backend.namespace, backend.service)).into_iter().flatten() {
                for (index, workload) in facts.selected_by(service) {
                    let ports = backend.ports(service, workload);
                    let known = exposed.entry(index).or_default();
                    *known = known.union(&ports);
                }
            }
        }
        self.model.exposed = exposed.into_iter().filter(|(_, ports)| !ports.is_empty()).collect();
        self.model.exposed.sort_unstable();
        if !self.model.exposed.is_empty() {
            // Its namespace is unknown and must not be that of anything else; no real one has such a name.
            let namespace = self.namespace("{ingress-controller}");
            self.model.pods.push(Pods {
                role: Role::IngressController,
                kind: "Pod",
                name: "{ingress-controller}",
                namespace,
                labels: Vec::new(),
                ports: Vec::new(),
                host_network: false,
            });
        }
    }
}

/// A Service that an ingress controller calls for an object.
struct Backend<'a> {
    namespace: &'a str,
    service: &'a str,
    /// The Service's port by number or name; none for all ports.
    port: Option<Target<'a>>,
    /// Whether the target of a port may be named instead of the port.
    by_target: bool,
}

impl Backend<'_> {
    /// The ports that the controller calls on this workload: TCP, and declared by a container.
    fn ports(&self, service: &Service<'_>, workload: &Workload<'_>) -> Ports {
        let wanted = |port: &&crate::inspect::ServicePort<'_>| match self.port {
            None => true,
            Some(target) if self.by_target && port.target == target => true,
            Some(Target::Number(number)) => port.port == number,
            Some(Target::Name(name)) => port.name == Some(name),
        };
        let called = service.ports.iter().filter(|port| port.protocol == Protocol::Tcp).filter(wanted);
        called
            .filter(|port| port.is_declared_by(workload))
            .filter_map(|port| port.resolve(workload))
            .fold(Ports::none(), |all, port| all.union(&Ports::single(Protocol::Tcp, port)))
    }
}

/// The Services behind an Ingress, an `OpenShift` Route or a route of the Gateway API.
fn backends<'a>(object: &Object<'a>) -> Vec<Backend<'a>> {
    let spec = object.node.get("spec");
    let list = |node: Option<&'a Node>, key: &str| {
        node.and_then(|node| node.get(key)).map(Node::items).unwrap_or_default()
    };
    let mut found = Vec::new();
    match object.kind {
        "Ingress" => {
            let rules = list(spec, "rules").iter();
            let paths =
                rules.flat_map(|rule| list(rule.get("http"), "paths")).filter_map(|path| path.get("backend"));
            let default = spec.and_then(|spec| spec.get("defaultBackend").or_else(|| spec.get("backend")));
            found.extend(default.into_iter().chain(paths).filter_map(|node| ingress_backend(object, node)));
        }
        "Route" if object.group() == "route.openshift.io" => {
            let main = spec.and_then(|spec| spec.get("to")).into_iter();
            let port = spec.and_then(|spec| spec.at(&["port", "targetPort"])).and_then(Target::read);
            for to in main.chain(list(spec, "alternateBackends")) {
                if let Some(service) = to.get("name").and_then(Node::as_str) {
                    found.push(Backend { namespace: object.namespace(), service, port, by_target: true });
                }
            }
        }
        "HTTPRoute" | "GRPCRoute" | "TLSRoute" | "TCPRoute" => {
            for to in list(spec, "rules").iter().flat_map(|rule| list(Some(rule), "backendRefs")) {
                let text = |key: &str| to.get(key).and_then(Node::as_str);
                if text("kind").is_none_or(|kind| kind == "Service")
                    && let Some(service) = text("name")
                {
                    let port = to.get("port").and_then(Target::read);
                    let namespace = text("namespace").unwrap_or(object.namespace());
                    found.push(Backend { namespace, service, port, by_target: false });
                }
            }
        }
        _ => {}
    }
    found
}

/// The backend of an Ingress in its current form, or in that of the first versions.
fn ingress_backend<'a>(object: &Object<'a>, node: &'a Node) -> Option<Backend<'a>> {
    let namespace = object.namespace();
    // The API means the Service's own port; ingress-nginx and others also accept its target.
    let by_target = true;
    if let Some(service) = node.get("service") {
        let port = service.get("port").and_then(|port| port.get("number").or_else(|| port.get("name")));
        let port = port.and_then(Target::read);
        return Some(Backend { namespace, service: service.get("name")?.as_str()?, port, by_target });
    }
    let port = node.get("servicePort").and_then(Target::read);
    Some(Backend { namespace, service: node.get("serviceName")?.as_str()?, port, by_target })
}
