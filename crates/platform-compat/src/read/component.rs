//! One component, as far as it can be read without knowing the others.

use std::{collections::HashMap, sync::Arc};

use super::{
    names::{Names, version},
    settings::{cidr, labels, port},
};
use crate::{
    decode::{Decoder, Fields},
    finding::Finding,
    model::{
        Api, Component, Database, DependencyKind, Egress, Endpoint, EnvironmentSet, Kind, Lifecycle, Managed,
        Phase, Rollout, Selection, Visibility,
    },
    network::{Port, Protocol},
    place::{Spanned, Text},
    shape,
    version::{Scheme, Suffix, Version},
    yaml::{Node, Value},
};

/// A component and its references to others.
pub(super) struct Draft {
    pub(super) component: Component,
    pub(super) depends_on: Vec<Need>,
    pub(super) exposed: Vec<Exposed>,
}

/// An entry of `depends_on`.
pub(super) struct Need {
    pub(super) component: Text,
    pub(super) endpoints: Vec<Text>,
    pub(super) version: Option<Text>,
    pub(super) api: Option<Box<Api>>,
    pub(super) schema: Option<Text>,
    pub(super) kind: DependencyKind,
    pub(super) phase: Phase,
    pub(super) optional: bool,
    pub(super) environments: Option<EnvironmentSet>,
}

/// An entry of `exposed`.
pub(super) struct Exposed {
    pub(super) through: Text,
    pub(super) endpoint: Option<Text>,
    pub(super) hosts: Vec<Text>,
}

/// What components have that do not say otherwise.
pub(super) struct Defaults {
    pub(super) owner: Option<Text>,
    pub(super) selector_label: Arc<str>,
}

pub(crate) const KINDS: [(&str, Kind); 9] = [
    ("service", Kind::Service),
    ("job", Kind::Job),
    ("database", Kind::Database),
    ("cache", Kind::Cache),
    ("queue", Kind::Queue),
    ("ingress", Kind::Ingress),
    ("platform", Kind::Platform),
    ("external", Kind::External),
    ("library", Kind::Library),
];
pub(crate) const LIFECYCLES: [(&str, Lifecycle); 4] = [
    ("experimental", Lifecycle::Experimental),
    ("production", Lifecycle::Production),
    ("deprecated", Lifecycle::Deprecated),
    ("retired", Lifecycle::Retired),
];
pub(crate) const SCHEMES: [(&str, Scheme); 4] = [
    ("semver", Scheme::Semver),
    ("calver", Scheme::Calver),
    ("flyway", Scheme::Flyway),
    ("opaque", Scheme::Opaque),
];
pub(crate) const SUFFIXES: [(&str, Suffix); 2] = [("compare", Suffix::Compare), ("ignore", Suffix::Ignore)];
pub(crate) const ROLLOUTS: [(&str, Rollout); 4] = [
    ("rolling", Rollout::Rolling),
    ("recreate", Rollout::Recreate),
    ("blue-green", Rollout::BlueGreen),
    ("atomic", Rollout::Atomic),
];
pub(crate) const DEPENDENCY_KINDS: [(&str, DependencyKind); 4] = [
    ("runtime", DependencyKind::Runtime),
    ("startup", DependencyKind::Startup),
    ("scrape", DependencyKind::Scrape),
    ("build", DependencyKind::Build),
];
pub(crate) const DEPENDENCY_PHASES: [(&str, Phase); 2] = [("app", Phase::App), ("migrate", Phase::Migrate)];
pub(crate) const PROTOCOLS: [(&str, Protocol); 3] =
    [("TCP", Protocol::Tcp), ("UDP", Protocol::Udp), ("SCTP", Protocol::Sctp)];

/// Reads a component. Fields that cannot be read take their defaults, so that references to the component
/// still find it.
pub(super) fn component(
    decoder: &mut Decoder<'_>,
    names: &mut Names<'_>,
    defaults: &Defaults,
    node: &Node<'_>,
) -> Option<Draft> {
    let fields = decoder.fields(node, &shape::COMPONENT)?;
    let name = decoder.required(&fields, "name", Decoder::label)?;
    let kind = decoder.required(&fields, "kind", |decoder, node| decoder.choice(node, &KINDS));
    let preset = if kind == Some(Kind::Platform) { Suffix::Ignore } else { Suffix::Compare };
    let suffix = choice(decoder, &fields, "version_suffix", &SUFFIXES).unwrap_or(preset);
    let scheme = choice(decoder, &fields, "scheme", &SCHEMES).unwrap_or_default();
    let listed = names.environment_set(decoder, &fields, "environments");
    let allowed = listed.unwrap_or(names.everywhere());
    let versions = Versions { name: &name, scheme, suffix, allowed }.read(decoder, names, &fields);
    if kind.is_some_and(|kind| kind != Kind::External) && fields.get("version").is_none() {
        decoder.findings.push(name.place, |src, span| Finding::MissingKey {
            src,
            span,
            key: "version",
            what: "a component",
        });
    }
    let versioned = versions
        .iter()
        .fold(EnvironmentSet::default(), |all, (set, _)| all.iter().chain(set.iter()).collect());
    let environments = if matches!(fields.get("version"), Some(Node { value: Value::Mapping(_), .. })) {
        allowed.and(versioned)
    } else {
        allowed
    };
    let lifecycle = decoder.optional(&fields, "lifecycle", |decoder, node| {
        let value = decoder.choice(node, &LIFECYCLES)?;
        Some(Spanned { value, place: node.place })
    });
    let provides: Vec<Endpoint> = unique(decoder, &fields);
    let component = Component {
        kind: kind.unwrap_or(Kind::Service),
        owner: decoder.optional(&fields, "owner", Decoder::text).or_else(|| defaults.owner.clone()),
        lifecycle: lifecycle.unwrap_or(Spanned { value: Lifecycle::Production, place: name.place }),
        scheme,
        suffix,
        environments,
        limited: listed.is_some(),
        versions,
        namespace: decoder.optional(&fields, "namespace", Decoder::label),
        workload: workload(decoder, &fields, &name, defaults),
        image: decoder.optional(&fields, "image", Decoder::text),
        peers: decoder.list(&fields, "peers", |decoder, node| peer(decoder, names, node, &name, &provides)),
        egress: decoder.list(&fields, "egress", |decoder, node| egress(decoder, names, node, environments)),
        managed: decoder
            .one_or_many(&fields, "managed", |decoder, node| managed(decoder, names, node, environments)),
        database: decoder.optional(&fields, "database", database),
        rollout: choice(decoder, &fields, "rollout", &ROLLOUTS).unwrap_or(Rollout::Rolling),
        exposed: Vec::new(),
        provides,
        name,
    };
    decoder.optional(&fields, "description", Decoder::text);
    let depends_on = decoder.list(&fields, "depends_on", |decoder, node| need(decoder, names, node));
    let exposed = decoder.list(&fields, "exposed", exposed);
    Some(Draft { component, depends_on, exposed })
}

fn choice<T: Copy>(
    decoder: &mut Decoder<'_>,
    fields: &Fields<'_, '_>,
    key: &str,
    choices: &[(&'static str, T)],
) -> Option<T> {
    decoder.optional(fields, key, |decoder, node| decoder.choice(node, choices))
}

/// Reads `version`: one, a list of those that are live together, or either of them by environment.
struct Versions<'a> {
    name: &'a Text,
    scheme: Scheme,
    suffix: Suffix,
    allowed: EnvironmentSet,
}

impl Versions<'_> {
    fn read(
        &self,
        decoder: &mut Decoder<'_>,
        names: &mut Names<'_>,
        fields: &Fields<'_, '_>,
    ) -> Vec<(EnvironmentSet, Vec<Spanned<Version>>)> {
        let Some(node) = fields.get("version") else { return Vec::new() };
        let Value::Mapping(entries) = &node.value else {
            return vec![(self.allowed, self.live(decoder, node))];
        };
        let mut versions = Vec::new();
        for (key, node) in entries {
            let environment = Text { value: decoder.intern(&key.text), place: key.place };
            let live = self.live(decoder, node);
            if let Some(environment) = names.environment_named(decoder, &environment) {
                versions.push((std::iter::once(environment).collect(), live));
            }
        }
        versions
    }

    fn live(&self, decoder: &mut Decoder<'_>, node: &Node<'_>) -> Vec<Spanned<Version>> {
        let nodes = match &node.value {
            Value::Sequence(items) => items.as_slice(),
            _ => std::slice::from_ref(node),
        };
        let read = |node| {
            let text = decoder.borrowed(node)?;
            version(decoder, &text, &self.name.value, self.scheme, self.suffix)
        };
        nodes.iter().filter_map(read).collect()
    }
}

fn workload(
    decoder: &mut Decoder<'_>,
    fields: &Fields<'_, '_>,
    name: &Text,
    defaults: &Defaults,
) -> Selection {
    let mut workload = Selection {
        selector: vec![(defaults.selector_label.clone(), name.value.clone())],
        names: Vec::new(),
        service_account: None,
        rendered: true,
    };
    decoder.optional(fields, "workload", |decoder, node| {
        let fields = decoder.fields(node, &shape::WORKLOAD)?;
        if let Some(selector) = decoder.optional(&fields, "selector", labels) {
            workload.selector = selector;
        }
        workload.names = decoder.list(&fields, "names", Decoder::text);
        workload.service_account = decoder.optional(&fields, "service_account", Decoder::text);
        workload.rendered = decoder.optional(&fields, "rendered", Decoder::boolean).unwrap_or(true);
        Some(())
    });
    workload
}

/// The endpoints without those whose name was there before.
fn unique(decoder: &mut Decoder<'_>, fields: &Fields<'_, '_>) -> Vec<Endpoint> {
    let mut endpoints = decoder.list(fields, "provides", endpoint);
    let mut first = HashMap::new();
    endpoints.retain(|endpoint| match first.entry(endpoint.name.value.clone()) {
        std::collections::hash_map::Entry::Vacant(entry) => {
            entry.insert(endpoint.name.place);
            true
        }
        std::collections::hash_map::Entry::Occupied(entry) => {
            let (first, name) = (entry.get().span(), endpoint.name.value.to_string());
            decoder.findings.push(endpoint.name.place, |src, span| Finding::DuplicateEndpoint {
                src,
                span,
                first,
                name,
            });
            false
        }
    });
    endpoints
}

fn endpoint(decoder: &mut Decoder<'_>, node: &Node<'_>) -> Option<Endpoint> {
    let fields = decoder.fields(node, &shape::ENDPOINT)?;
    let name = decoder.required(&fields, "name", Decoder::label);
    let first = decoder.required(&fields, "port", port_number);
    let protocol = choice(decoder, &fields, "protocol", &PROTOCOLS).unwrap_or_default();
    let end = fields.get("end_port").and_then(|node| Some((node, port_number(decoder, node)?)));
    let api = decoder.optional(&fields, "api", api);
    let visibility = decoder.optional(&fields, "visibility", visibility);
    let port_name = decoder.optional(&fields, "port_name", Decoder::label);
    let service_port = decoder.optional(&fields, "service_port", port_number);
    let fqdn = decoder.optional(&fields, "fqdn", Decoder::text);
    let cidrs = decoder.list(&fields, "cidrs", cidr);
    let (name, first) = (name?, first?);
    if let Some((node, end)) = end
        && end < first
    {
        decoder.invalid(node.place, &end.to_string(), format!("a port from {first} on"));
    }
    let last = end.map_or(first, |(_, end)| end.max(first));
    let visibility = visibility.unwrap_or(Spanned { value: Visibility::Platform, place: name.place });
    Some(Endpoint {
        port: Port { protocol, first, last },
        port_name,
        service_port,
        api,
        visibility,
        fqdn,
        cidrs,
        name,
    })
}

fn port_number(decoder: &mut Decoder<'_>, node: &Node<'_>) -> Option<u16> {
    let number: Spanned<std::num::NonZeroU16> = decoder.parsed(node, "a number from 1 to 65535")?;
    Some(number.value.get())
}

fn visibility(decoder: &mut Decoder<'_>, node: &Node<'_>) -> Option<Spanned<Visibility>> {
    let value = match &node.value {
        Value::Sequence(items) => {
            Visibility::Only(items.iter().filter_map(|item| decoder.text(item)).collect())
        }
        _ => match &*decoder.text(node)?.value {
            "private" => Visibility::Private,
            "platform" => Visibility::Platform,
            "public" => Visibility::Public,
            other => {
                let expected = "`private`, `platform`, `public`, or a list of components".to_owned();
                decoder.invalid(node.place, other, expected);
                return None;
            }
        },
    };
    Some(Spanned { value, place: node.place })
}

/// Reads `{name, versions}`.
pub(super) fn api(decoder: &mut Decoder<'_>, node: &Node<'_>) -> Option<Api> {
    let fields = decoder.fields(node, &shape::API)?;
    let name = decoder.required(&fields, "name", Decoder::text);
    let versions = decoder.one_or_many(&fields, "versions", Decoder::text);
    let place = fields.get("versions").map_or(fields.place, |node| node.place);
    Some(Api { name: name?, versions, place })
}

fn peer(
    decoder: &mut Decoder<'_>,
    names: &mut Names<'_>,
    node: &Node<'_>,
    component: &Text,
    provides: &[Endpoint],
) -> Option<Port> {
    let fields = decoder.fields(node, &shape::PEER)?;
    if let Some(name) = decoder.optional(&fields, "endpoint", Decoder::text) {
        let found = provides.iter().find(|endpoint| endpoint.name.value == name.value);
        if found.is_none() {
            let help = names.help(&name.value, provides.iter().map(|endpoint| &*endpoint.name.value));
            let (text, whose) = (name.value.to_string(), format!(" of `{}`", component.value));
            decoder.findings.push(name.place, |src, span| Finding::UnknownEndpoint {
                src,
                span,
                name: text,
                whose,
                help,
            });
        }
        return found.map(|endpoint| endpoint.port);
    }
    let first = decoder.present(&fields, "port")?;
    let first = port_number(decoder, first)?;
    let protocol = choice(decoder, &fields, "protocol", &PROTOCOLS).unwrap_or_default();
    Some(Port { protocol, first, last: first })
}

fn egress(
    decoder: &mut Decoder<'_>,
    names: &mut Names<'_>,
    node: &Node<'_>,
    everywhere: EnvironmentSet,
) -> Option<Egress> {
    let fields = decoder.fields(node, &shape::EXTERNAL)?;
    let name = decoder.required(&fields, "name", Decoder::label);
    let fqdn = decoder.optional(&fields, "fqdn", Decoder::text);
    let cidrs = decoder.list(&fields, "cidrs", cidr);
    let ports = decoder.list(&fields, "ports", port);
    let reason = decoder.optional(&fields, "reason", Decoder::text);
    let environments =
        names.environment_set(decoder, &fields, "environments").unwrap_or(everywhere).and(everywhere);
    Some(Egress { name: name?, fqdn, cidrs, ports, reason, environments })
}

fn managed(
    decoder: &mut Decoder<'_>,
    names: &mut Names<'_>,
    node: &Node<'_>,
    everywhere: EnvironmentSet,
) -> Option<Managed> {
    let fields = decoder.fields(node, &shape::MANAGED)?;
    let environments = names.environment_set(decoder, &fields, "environments").unwrap_or(everywhere);
    let fqdn = decoder.optional(&fields, "fqdn", Decoder::text);
    let cidrs = decoder.list(&fields, "cidrs", cidr);
    Some(Managed { environments, fqdn, cidrs })
}

fn database(decoder: &mut Decoder<'_>, node: &Node<'_>) -> Option<Database> {
    let fields = decoder.fields(node, &shape::DATABASE)?;
    let name = decoder.optional(&fields, "name", Decoder::text);
    let schema = decoder.optional(&fields, "schema", Decoder::text);
    let migrations = decoder.required(&fields, "migrations", Decoder::text)?;
    Some(Database { name, migrations, schema })
}

fn need(decoder: &mut Decoder<'_>, names: &mut Names<'_>, node: &Node<'_>) -> Option<Need> {
    let mut need = Need {
        component: Text { value: "".into(), place: node.place },
        endpoints: Vec::new(),
        version: None,
        api: None,
        schema: None,
        kind: DependencyKind::Runtime,
        phase: Phase::App,
        optional: false,
        environments: None,
    };
    if let Value::Scalar(_) = node.value {
        need.component = decoder.text(node)?;
        return Some(need);
    }
    let fields = decoder.fields(node, &shape::NEED)?;
    let component = decoder.required(&fields, "component", Decoder::text);
    need.endpoints = decoder.one_or_many(&fields, "endpoint", Decoder::text);
    need.endpoints.extend(decoder.one_or_many(&fields, "endpoints", Decoder::text));
    need.version = decoder.optional(&fields, "version", Decoder::text);
    need.api = decoder.optional(&fields, "api", api).map(Box::new);
    need.schema = decoder.optional(&fields, "schema", Decoder::text);
    need.kind = choice(decoder, &fields, "kind", &DEPENDENCY_KINDS).unwrap_or(DependencyKind::Runtime);
    need.phase = choice(decoder, &fields, "phase", &DEPENDENCY_PHASES).unwrap_or(Phase::App);
    need.optional = decoder.optional(&fields, "optional", Decoder::boolean).unwrap_or(false);
    need.environments = names.environment_set(decoder, &fields, "environments");
    need.component = component?;
    Some(need)
}

fn exposed(decoder: &mut Decoder<'_>, node: &Node<'_>) -> Option<Exposed> {
    let fields = decoder.fields(node, &shape::EXPOSED)?;
    let through = decoder.required(&fields, "through", Decoder::text);
    let endpoint = decoder.optional(&fields, "endpoint", Decoder::text);
    let hosts = decoder.one_or_many(&fields, "hosts", Decoder::text);
    Some(Exposed { through: through?, endpoint, hosts })
}
