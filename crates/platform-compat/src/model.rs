//! What platform.yaml says, with every name resolved.

use std::sync::Arc;

use crate::{
    date::Date,
    network::{Cidr, Port, Settings},
    place::{Place, Spanned, Text},
    range::Range,
    version::{Scheme, Suffix, Version},
};

/// Index of an environment in [`Platform::environments`](crate::Platform::environments).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EnvironmentId(pub(crate) u8);

impl EnvironmentId {
    /// The index.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }

    /// The set of this one.
    pub fn only(self) -> EnvironmentSet {
        EnvironmentSet(1 << self.0)
    }
}

/// Index of a component in [`Platform::components`](crate::Platform::components) and of its node in
/// [`Platform::graph`](crate::Platform::graph).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ComponentId(pub(crate) u32);

impl ComponentId {
    /// The index.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Some of the environments; there are at most 64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct EnvironmentSet(u64);

impl EnvironmentSet {
    /// The most environments that a platform may have.
    pub const MAX: usize = 64;

    /// The first `count` environments.
    pub(crate) fn first(count: usize) -> Self {
        (0..count.min(Self::MAX)).fold(Self::default(), |set, index| Self(set.0 | 1 << index))
    }

    pub(crate) fn insert(&mut self, environment: EnvironmentId) {
        self.0 |= 1 << environment.0;
    }

    /// Whether the environment is one of them.
    pub fn contains(self, environment: EnvironmentId) -> bool {
        self.0 & 1 << environment.0 != 0
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those in both sets.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Those in either set.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those of `self` that are not in `other`.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// All of them in the order of platform.yaml.
    pub fn iter(self) -> impl Iterator<Item = EnvironmentId> {
        (0..64).map(EnvironmentId).filter(move |environment| self.contains(*environment))
    }
}

impl FromIterator<EnvironmentId> for EnvironmentSet {
    fn from_iter<I: IntoIterator<Item = EnvironmentId>>(environments: I) -> Self {
        environments.into_iter().fold(Self::default(), |mut set, environment| {
            set.insert(environment);
            set
        })
    }
}

/// A place where components run: one namespace of one cluster.
#[derive(Debug, Clone)]
pub struct Environment {
    /// Its name.
    pub name: Text,
    /// The namespace of every component that has none of its own.
    pub namespace: Text,
    /// Name of the overlay directory.
    pub overlay: Text,
    /// Environments that a version passes through before it comes here.
    pub after: EnvironmentSet,
    /// Whether users depend on it.
    pub production: bool,
    /// Version of the cluster.
    pub kubernetes: Option<Spanned<Version>>,
    /// Name of the kubeconfig context for live checks.
    pub context: Option<Text>,
    /// What the network lets through.
    pub network: Settings,
}

/// What sort of thing a component is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Serves requests.
    Service,
    /// Runs to its end.
    Job,
    /// Keeps data for good.
    Database,
    /// Keeps data that can be had again.
    Cache,
    /// Passes messages on.
    Queue,
    /// Lets requests from outside in.
    Ingress,
    /// Part of the cluster.
    Platform,
    /// Not ours: it has addresses and no workload.
    External,
    /// Linked into others: it has a version and no network.
    Library,
}

/// How much a component may be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lifecycle {
    /// May change or go.
    Experimental,
    /// Is here to stay.
    Production,
    /// Will go.
    Deprecated,
    /// Has gone for new use.
    Retired,
}

/// How a new version takes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rollout {
    /// Old and new live side by side for a while.
    Rolling,
    /// The old one ends before the new one starts.
    Recreate,
    /// Old and new live side by side; traffic moves at once, and can move back.
    BlueGreen,
    /// Old and new never share a peer; traffic moves at once.
    Atomic,
}

/// A part of the platform.
#[derive(Debug, Clone)]
pub struct Component {
    /// Its name, unique in the platform.
    pub name: Text,
    /// What sort of thing it is.
    pub kind: Kind,
    /// Who is responsible.
    pub owner: Option<Text>,
    /// How much it may be relied on.
    pub lifecycle: Spanned<Lifecycle>,
    /// How its versions are written.
    pub scheme: Scheme,
    /// What follows the numbers of its versions.
    pub suffix: Suffix,
    /// Where it is deployed.
    pub environments: EnvironmentSet,
    /// Whether `environments` was written, so that an absence is meant.
    pub limited: bool,
    /// Versions by environment: several when several are live at once.
    pub(crate) versions: Vec<(EnvironmentSet, Vec<Spanned<Version>>)>,
    /// Its own namespace, the same in every environment.
    pub namespace: Option<Text>,
    /// Which pods are its own.
    pub workload: Selection,
    /// Image repository without tag.
    pub image: Option<Text>,
    /// What it offers on the network.
    pub provides: Vec<Endpoint>,
    /// Ports between replicas of the component itself.
    pub peers: Vec<Port>,
    /// Where it goes outside the cluster.
    pub egress: Vec<Egress>,
    /// Through which controllers it is reached from outside.
    pub exposed: Vec<Exposure>,
    /// Where it is a managed service instead of a workload.
    pub managed: Vec<Managed>,
    /// The schema it holds.
    pub database: Option<Database>,
    /// How a new version takes over.
    pub rollout: Rollout,
}

impl Component {
    /// Versions that are live in an environment; none where the component is not deployed.
    pub fn versions(&self, environment: EnvironmentId) -> &[Spanned<Version>] {
        let here = self.versions.iter().find(|(environments, _)| environments.contains(environment));
        here.map_or(&[], |(_, versions)| versions)
    }

    /// The managed service that stands for it in an environment.
    pub fn managed_in(&self, environment: EnvironmentId) -> Option<&Managed> {
        self.managed.iter().find(|managed| managed.environments.contains(environment))
    }

    /// Whether pods of it must be among the manifests of an environment.
    pub fn is_rendered_in(&self, environment: EnvironmentId) -> bool {
        self.workload.rendered
            && !matches!(self.kind, Kind::External | Kind::Library | Kind::Platform)
            && self.environments.contains(environment)
            && self.managed_in(environment).is_none()
    }

    /// Versions of an API that its endpoints serve, when they serve it at all.
    pub(crate) fn serves(&self, api: &str) -> impl Iterator<Item = &Api> {
        self.provides
            .iter()
            .filter_map(|endpoint| endpoint.api.as_ref())
            .filter(move |served| *served.name.value == *api)
    }
}

/// Which pods belong to a component.
#[derive(Debug, Clone, PartialEq)]
pub struct Selection {
    /// Labels that they all carry, sorted by key.
    pub selector: Vec<(Arc<str>, Arc<str>)>,
    /// Names of workloads; all when empty.
    pub names: Vec<Text>,
    /// The service account they run as.
    pub service_account: Option<Text>,
    /// Whether the repository's manifests hold them; false for what is installed with the cluster.
    pub rendered: bool,
}

/// A port that a component offers.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Its name, unique in the component.
    pub name: Text,
    /// The container's port (not the Service's).
    pub port: Port,
    /// Name of the container's port.
    pub port_name: Option<Text>,
    /// Port of the Service.
    pub service_port: Option<u16>,
    /// The API that is spoken there.
    pub api: Option<Api>,
    /// Who may use it.
    pub visibility: Spanned<Visibility>,
    /// Host name, for external components.
    pub fqdn: Option<Text>,
    /// Addresses, for external components.
    pub cidrs: Vec<Cidr>,
}

/// An interface with versions of its own.
#[derive(Debug, Clone)]
pub struct Api {
    /// Its name.
    pub name: Text,
    /// Served versions, or accepted ones (any of them will do; all when empty).
    pub versions: Vec<Text>,
    /// Where it was written.
    pub place: Place,
}

impl Api {
    /// Whether one of these serves an accepted version. Without versions on a side there is nothing to disagree about.
    pub(crate) fn accepts(&self, served: &[&Self]) -> bool {
        let silent = self.versions.is_empty() || served.iter().all(|served| served.versions.is_empty());
        silent || served.iter().flat_map(|served| &served.versions).any(|own| self.versions.contains(own))
    }
}

/// Who may use an endpoint.
#[derive(Debug, Clone, PartialEq)]
pub enum Visibility {
    /// Only the component itself.
    Private,
    /// Every component.
    Platform,
    /// The world too.
    Public,
    /// These components.
    Only(Vec<Text>),
}

/// Traffic out of the cluster.
#[derive(Debug, Clone)]
pub struct Egress {
    /// What it is called.
    pub name: Text,
    /// Host name of the other side.
    pub fqdn: Option<Text>,
    /// Its addresses.
    pub cidrs: Vec<Cidr>,
    /// Its ports; all when empty.
    pub ports: Vec<Port>,
    /// Why the traffic is needed.
    pub reason: Option<Text>,
    /// Where.
    pub environments: EnvironmentSet,
}

/// An endpoint that an ingress controller may reach.
#[derive(Debug, Clone)]
pub struct Exposure {
    /// The controller.
    pub through: ComponentId,
    /// Index of the endpoint in [`Component::provides`].
    pub endpoint: usize,
    /// Host names that lead there.
    pub hosts: Vec<Text>,
}

/// A managed service in place of a workload.
#[derive(Debug, Clone)]
pub struct Managed {
    /// Where.
    pub environments: EnvironmentSet,
    /// Its host name.
    pub fqdn: Option<Text>,
    /// Its addresses.
    pub cidrs: Vec<Cidr>,
}

/// Where the schema of a database is written down.
#[derive(Debug, Clone)]
pub struct Database {
    /// Name of the schema.
    pub name: Option<Text>,
    /// Directory of migrations.
    pub migrations: Text,
    /// Directory of the schema's objects.
    pub schema: Option<Text>,
}

/// When a dependency is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DependencyKind {
    /// While it runs.
    Runtime,
    /// To start, and then while it runs.
    Startup,
    /// To fetch metrics from it; no version of it is needed.
    Scrape,
    /// To build; nothing passes over the network.
    Build,
}

/// Who uses a dependency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// The application.
    App,
    /// A job that migrates the database before applications start.
    Migrate,
}

/// A dependency: an edge of the graph from consumer to provider.
#[derive(Debug, Clone)]
pub struct Dependency {
    /// When it is needed.
    pub kind: DependencyKind,
    /// Who uses it.
    pub phase: Phase,
    /// Whether the provider may be absent.
    pub optional: bool,
    /// Where the consumer runs and the dependency holds.
    pub environments: EnvironmentSet,
    /// Indexes of the endpoints in the provider's [`Component::provides`].
    pub endpoints: Box<[u32]>,
    /// Versions of the provider that are accepted; all when absent.
    pub version: Option<Spanned<Arc<Range>>>,
    /// API that the provider must serve.
    pub api: Option<Box<Api>>,
    /// Levels of the provider's schema that are accepted.
    pub schema: Option<Spanned<Arc<Range>>>,
    /// Where the provider is named.
    pub place: Place,
}

impl Dependency {
    /// Whether packets flow from consumer to provider.
    pub fn uses_network(&self) -> bool {
        self.kind != DependencyKind::Build
    }
}

/// A date that ends something.
pub(crate) fn has_passed(expires: Option<&Spanned<Date>>, today: Date) -> bool {
    expires.is_some_and(|expires| expires.value < today)
}
