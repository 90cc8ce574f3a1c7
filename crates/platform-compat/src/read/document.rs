//! platform.yaml as a whole: its environments, its components, and the names between them.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

use petgraph::graph::DiGraph;

use super::{
    component::{Defaults, Draft, Exposed, Need, component},
    names::{Names, version},
    settings,
};
use crate::{
    compatibility::Part,
    decode::{Decoder, Fields, list},
    finding::Finding,
    findings::Findings,
    model::{
        Api, Component, ComponentId, Dependency, DependencyKind, Environment, EnvironmentId, EnvironmentSet,
        Exposure, Visibility,
    },
    network::Party,
    place::{Spanned, Text},
    platform::{Platform, Texts, node as node_of},
    range::Range,
    shape,
    version::{Scheme, Suffix},
    yaml::{self, Node},
};

/// Reads platform.yaml and the files with further components; nothing where the first is no YAML or no map.
pub(crate) fn platform(texts: &Texts<'_>, findings: &mut Findings) -> Option<Platform> {
    let root = yaml::parse(texts.platform.1, 0, findings)?;
    let mut decoder = Decoder::new(findings);
    let fields = decoder.fields(&root, &shape::PLATFORM)?;
    header(&mut decoder, &fields, "Platform");
    let metadata = decoder.required(&fields, "metadata", |decoder, node| {
        let fields = decoder.fields(node, &shape::METADATA)?;
        let name = decoder.required(&fields, "name", Decoder::label);
        Some((name, decoder.optional(&fields, "owner", Decoder::text)))
    });
    let (name, owner) = metadata.unwrap_or_default();
    let mut defaults = Defaults { owner, selector_label: "app.kubernetes.io/name".into() };
    let mut network = settings::Preset::default();
    decoder.optional(&fields, "defaults", |decoder, node| {
        let fields = decoder.fields(node, &shape::DEFAULTS)?;
        defaults.owner = decoder.optional(&fields, "owner", Decoder::text).or(defaults.owner.take());
        if let Some(label) = decoder.optional(&fields, "selector_label", Decoder::text) {
            defaults.selector_label = label.value;
        }
        network = decoder.optional(&fields, "network", settings::Preset::read).unwrap_or_default();
        Some(())
    });
    let (environments, by_name) = environments(&mut decoder, &fields, &network);
    let mut names = Names::new(&by_name);
    if fields.get("components").is_none() && texts.parts.is_empty() {
        decoder.present(&fields, "components");
    }
    let mut drafts =
        decoder.list(&fields, "components", |decoder, node| component(decoder, &mut names, &defaults, node));
    let mut platform = Platform { name, environments, ..Platform::default() };
    platform.environments_place = fields.get("environments").map(|node| node.place);
    // The tree is as large as the model; it is not needed any more.
    drop(root);
    for (file, (_, text)) in (1..).zip(texts.parts) {
        drafts.extend(part(&mut decoder, &mut names, &defaults, file, text).unwrap_or_default());
    }
    link(&mut decoder, &mut names, drafts, &mut platform);
    Some(platform)
}

/// Reads a file with further components.
fn part(
    decoder: &mut Decoder<'_>,
    names: &mut Names<'_>,
    defaults: &Defaults,
    file: u32,
    text: &str,
) -> Option<Vec<Draft>> {
    let root = yaml::parse(text, file, decoder.findings)?;
    let fields = decoder.fields(&root, &shape::PLATFORM_PART)?;
    header(decoder, &fields, "Platform");
    decoder.present(&fields, "components");
    Some(decoder.list(&fields, "components", |decoder, node| component(decoder, names, defaults, node)))
}

/// Checks `apiVersion` and `kind`.
pub(super) fn header(decoder: &mut Decoder<'_>, fields: &Fields<'_, '_>, kind: &'static str) {
    for (key, expected) in [("apiVersion", "infra/v1"), ("kind", kind)] {
        let Some(found) = decoder.required(fields, key, Decoder::text) else { continue };
        if *found.value != *expected {
            let text = found.value.to_string();
            decoder.findings.push(found.place, |src, span| Finding::UnsupportedVersion {
                src,
                span,
                key,
                found: text,
                expected,
            });
        }
    }
}

type EnvironmentNames = HashMap<Arc<str>, EnvironmentId>;

fn environments(
    decoder: &mut Decoder<'_>,
    fields: &Fields<'_, '_>,
    network: &settings::Preset,
) -> (Vec<Environment>, EnvironmentNames) {
    let mut environments: Vec<Environment> = Vec::new();
    let mut by_name = HashMap::new();
    let mut predecessors = Vec::new();
    decoder.present(fields, "environments");
    let read = decoder.list(fields, "environments", |decoder, node| environment(decoder, node, network));
    for (environment, after) in read {
        let Some(id) =
            u8::try_from(environments.len()).ok().filter(|id| usize::from(*id) < EnvironmentSet::MAX)
        else {
            decoder
                .findings
                .push(environment.name.place, |src, span| Finding::TooManyEnvironments { src, span });
            break;
        };
        match by_name.entry(environment.name.value.clone()) {
            Entry::Vacant(entry) => {
                entry.insert(EnvironmentId(id));
                predecessors.push(after);
                environments.push(environment);
            }
            Entry::Occupied(entry) => {
                let first = environments[entry.get().index()].name.place.span();
                let name = environment.name.value.to_string();
                decoder.findings.push(environment.name.place, |src, span| Finding::DuplicateEnvironment {
                    src,
                    span,
                    first,
                    name,
                });
            }
        }
    }
    let mut names = Names::new(&by_name);
    for (environment, after) in environments.iter_mut().zip(predecessors) {
        environment.after = after.iter().filter_map(|name| names.environment_named(decoder, name)).collect();
    }
    (environments, by_name)
}

/// An environment and the names of those before it.
fn environment(
    decoder: &mut Decoder<'_>,
    node: &Node<'_>,
    network: &settings::Preset,
) -> Option<(Environment, Vec<Text>)> {
    let fields = decoder.fields(node, &shape::ENVIRONMENT)?;
    let name = decoder.required(&fields, "name", Decoder::label)?;
    let production = decoder.optional(&fields, "production", Decoder::boolean).unwrap_or(false);
    let mut settings = network.of(production);
    decoder.optional(&fields, "network", |decoder, node| settings::replace(decoder, node, &mut settings));
    let environment = Environment {
        namespace: decoder.optional(&fields, "namespace", Decoder::label).unwrap_or_else(|| name.clone()),
        overlay: decoder.optional(&fields, "overlay", Decoder::text).unwrap_or_else(|| name.clone()),
        after: EnvironmentSet::default(),
        production,
        kubernetes: decoder.optional(&fields, "kubernetes", |decoder, node| {
            let text = decoder.borrowed(node)?;
            version(decoder, &text, Part::KUBERNETES, Scheme::Semver, Suffix::Ignore)
        }),
        context: decoder.optional(&fields, "context", Decoder::text),
        network: settings,
        name,
    };
    let after = decoder.one_or_many(&fields, "after", Decoder::text);
    Some((environment, after))
}

/// Puts the components into the platform and resolves the names between them.
fn link(decoder: &mut Decoder<'_>, names: &mut Names<'_>, drafts: Vec<Draft>, platform: &mut Platform) {
    let mut references = Vec::new();
    platform.graph =
        DiGraph::with_capacity(drafts.len(), drafts.iter().map(|draft| draft.depends_on.len()).sum());
    for Draft { component, depends_on, exposed } in drafts {
        let id = ComponentId(u32::try_from(platform.components.len()).unwrap_or(u32::MAX));
        match platform.by_name.entry(component.name.value.clone()) {
            Entry::Vacant(entry) => {
                entry.insert(id);
                platform.graph.add_node(id);
                platform.components.push(component);
                references.push((id, depends_on, exposed));
            }
            Entry::Occupied(entry) => {
                let first = platform.components[entry.get().index()].name.place;
                let second = decoder.findings.second(component.name.place, first, "first here");
                let (first, related) = (second.label(), second.remark());
                let name = component.name.value.to_string();
                decoder.findings.push(component.name.place, |src, span| Finding::DuplicateComponent {
                    src,
                    span,
                    first,
                    related,
                    name,
                });
            }
        }
    }
    for (consumer, needs, exposed) in references {
        for need in needs {
            if let Some((provider, dependency)) = dependency(decoder, names, platform, consumer, need) {
                platform.graph.add_edge(node_of(consumer), node_of(provider), dependency);
            }
        }
        let exposed: Vec<Exposure> = exposed
            .into_iter()
            .filter_map(|exposed| exposure(decoder, names, platform, consumer, exposed))
            .collect();
        platform.components[consumer.index()].exposed = exposed;
    }
    visibility(decoder, names, platform);
    let settings = platform.environments.iter().map(|environment| &environment.network);
    let parties: Vec<&Text> = settings
        .flat_map(|settings| &settings.allow)
        .flat_map(|allowance| [&allowance.from, &allowance.to])
        .filter_map(|party| if let Party::Component(name) = party { Some(name) } else { None })
        .collect();
    let mut checked = std::collections::HashSet::new();
    for name in parties {
        // The defaults' allowances are in every environment.
        if checked.insert(name.place) {
            names.component(decoder, name, &platform.by_name);
        }
    }
}

fn dependency(
    decoder: &mut Decoder<'_>,
    names: &mut Names<'_>,
    platform: &Platform,
    consumer: ComponentId,
    need: Need,
) -> Option<(ComponentId, Dependency)> {
    let provider = names.component(decoder, &need.component, &platform.by_name)?;
    let of = &platform[provider];
    let environments = platform[consumer].environments;
    let dependency = Dependency {
        kind: need.kind,
        phase: need.phase,
        optional: need.optional,
        environments: need.environments.map_or(environments, |listed| listed.and(environments)),
        endpoints: endpoints(decoder, names, &need, of),
        version: need.version.and_then(|text| names.range(decoder, text, of.scheme)),
        api: need.api.and_then(|api| served(decoder, names, *api, of)).map(Box::new),
        schema: need.schema.and_then(|text| schema(decoder, names, text, of)),
        place: need.component.place,
    };
    Some((provider, dependency))
}

/// The endpoints that are named; the only one where none is.
fn endpoints(decoder: &mut Decoder<'_>, names: &mut Names<'_>, need: &Need, of: &Component) -> Box<[u32]> {
    if need.endpoints.is_empty() && of.provides.len() > 1 && need.kind != DependencyKind::Build {
        let endpoints: Vec<&str> = of.provides.iter().map(|endpoint| &*endpoint.name.value).collect();
        let (component, endpoints) = (of.name.value.to_string(), list(&endpoints));
        decoder.findings.push(need.component.place, |src, span| Finding::AmbiguousEndpoint {
            src,
            span,
            component,
            endpoints,
        });
        return Box::default();
    }
    let indexes: Vec<usize> = if need.endpoints.is_empty() {
        (0..of.provides.len()).collect()
    } else {
        need.endpoints.iter().filter_map(|name| names.endpoint(decoder, name, of)).collect()
    };
    indexes.into_iter().filter_map(|index| u32::try_from(index).ok()).collect()
}

/// The API, if the component serves one of that name.
pub(super) fn served(
    decoder: &mut Decoder<'_>,
    names: &mut Names<'_>,
    api: Api,
    of: &Component,
) -> Option<Api> {
    if of.serves(&api.name.value).next().is_some() {
        return Some(api);
    }
    let known = of.provides.iter().filter_map(|endpoint| endpoint.api.as_ref()).map(|api| &*api.name.value);
    let help = names.help(&api.name.value, known);
    let (name, whose) = (api.name.value.to_string(), format!(" of `{}`", of.name.value));
    decoder.findings.push(api.name.place, |src, span| Finding::UnknownApi { src, span, name, whose, help });
    None
}

/// Levels of the schema, if the component has one.
pub(super) fn schema(
    decoder: &mut Decoder<'_>,
    names: &mut Names<'_>,
    text: Text,
    of: &Component,
) -> Option<Spanned<Arc<Range>>> {
    if of.database.is_none() {
        let component = of.name.value.to_string();
        decoder.findings.push(text.place, |src, span| Finding::NotADatabase { src, span, component });
        return None;
    }
    names.range(decoder, text, Scheme::Flyway)
}

fn exposure(
    decoder: &mut Decoder<'_>,
    names: &mut Names<'_>,
    platform: &Platform,
    component: ComponentId,
    exposed: Exposed,
) -> Option<Exposure> {
    let through = names.component(decoder, &exposed.through, &platform.by_name);
    let of = &platform[component];
    let endpoint = match &exposed.endpoint {
        Some(name) => names.endpoint(decoder, name, of),
        None if of.provides.len() == 1 => Some(0),
        None => {
            let endpoints: Vec<&str> = of.provides.iter().map(|endpoint| &*endpoint.name.value).collect();
            let (component, endpoints) = (of.name.value.to_string(), list(&endpoints));
            decoder.findings.push(exposed.through.place, |src, span| Finding::AmbiguousEndpoint {
                src,
                span,
                component,
                endpoints,
            });
            None
        }
    };
    Some(Exposure { through: through?, endpoint: endpoint?, hosts: exposed.hosts })
}

/// Components that are named as the only users of an endpoint must exist.
fn visibility(decoder: &mut Decoder<'_>, names: &mut Names<'_>, platform: &Platform) {
    for endpoint in platform.components.iter().flat_map(|component| &component.provides) {
        if let Visibility::Only(users) = &endpoint.visibility.value {
            for user in users {
                names.component(decoder, user, &platform.by_name);
            }
        }
    }
}
