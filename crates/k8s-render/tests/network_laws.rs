//! Laws of the connectivity engine, on small random clusters whose labels collide often.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::fmt::Write as _;
use std::net::IpAddr;
use std::sync::Arc;

use k8s_render::inspect::{Facts, Protocol, Sources};
use k8s_render::network::declared::{Declaration, Edge, Need, Party, compare};
use k8s_render::network::explain::explain;
use k8s_render::network::listing::{Families, connections};
use k8s_render::network::{Connectivity, Direction, End, Finding, HostNetwork, Model, Ports};
use k8s_render::{Resource, Source, yaml};
use proptest::prelude::*;
use proptest::sample::select;

const NAMESPACES: [&str; 3] = ["a", "b", "c"];
const BLOCKS: [(&str, &[&str]); 4] = [
    ("10.0.0.0/8", &[]),
    ("10.0.0.0/8", &["10.1.0.0/16", "10.1.2.0/24"]),
    ("10.1.2.0/24", &[]),
    ("fd00::/8", &["fd00:1::/32"]),
];
const ADDRESSES: [&str; 6] = ["10.0.0.1", "10.1.0.1", "10.1.2.3", "192.0.2.1", "fd00::1", "fd00:1::1"];
const PORTS: [u16; 6] = [1, 79, 80, 443, 8080, 8081];

#[derive(Debug, Clone)]
struct Cluster {
    /// The value of the label `team` of each namespace.
    teams: Vec<Option<&'static str>>,
    pods: Vec<PodSpec>,
    policies: Vec<PolicySpec>,
}

#[derive(Debug, Clone)]
struct PodSpec {
    namespace: usize,
    app: Option<&'static str>,
    tier: Option<&'static str>,
    /// The number of the port `http`.
    http: Option<u16>,
    host_network: bool,
}

#[derive(Debug, Clone)]
struct PolicySpec {
    namespace: usize,
    pods: Vec<Term>,
    /// Which of ingress and egress are listed; neither: `policyTypes` is absent.
    types: [bool; 2],
    rules: [Vec<RuleSpec>; 2],
}

#[derive(Debug, Clone)]
struct RuleSpec {
    peers: Option<Vec<PeerSpec>>,
    ports: Option<Vec<PortSpec>>,
}

#[derive(Debug, Clone)]
enum PeerSpec {
    Pods { namespaces: Option<Vec<Term>>, pods: Option<Vec<Term>> },
    Block(usize),
}

#[derive(Debug, Clone)]
struct PortSpec {
    protocol: Protocol,
    which: Which,
}

#[derive(Debug, Clone)]
enum Which {
    All,
    Range(u16, u16),
    Http,
}

/// Key, operator, values.
#[derive(Debug, Clone)]
struct Term(&'static str, &'static str, Vec<&'static str>);

fn terms(keys: &'static [&'static str]) -> impl Strategy<Value = Vec<Term>> {
    let term = (
        select(keys),
        select(&["In", "NotIn", "Exists", "DoesNotExist"][..]),
        prop::collection::vec(select(&["1", "2"][..]), 1..3),
    );
    let term = term.prop_map(|(key, operator, values)| match operator {
        "In" | "NotIn" => Term(key, operator, values),
        _ => Term(key, operator, Vec::new()),
    });
    prop::collection::vec(term, 0..3)
}

fn rules() -> impl Strategy<Value = Vec<RuleSpec>> {
    let pods = || terms(&["app", "tier"]);
    let peer = prop_oneof![
        3 => (prop::option::of(terms(&["team"])), pods()).prop_map(|(namespaces, pods)| PeerSpec::Pods { namespaces, pods: Some(pods) }),
        1 => terms(&["team"]).prop_map(|namespaces| PeerSpec::Pods { namespaces: Some(namespaces), pods: None }),
        1 => (0..BLOCKS.len()).prop_map(PeerSpec::Block),
    ];
    let which = prop_oneof![
        Just(Which::All),
        Just(Which::Http),
        select(&PORTS[..]).prop_map(|port| Which::Range(port, port)),
        Just(Which::Range(80, 8080))
    ];
    let port = (select(&[Protocol::Tcp, Protocol::Udp][..]), which)
        .prop_map(|(protocol, which)| PortSpec { protocol, which });
    let rule = (
        prop::option::weighted(0.8, prop::collection::vec(peer, 1..3)),
        prop::option::weighted(0.8, prop::collection::vec(port, 1..3)),
    );
    prop::collection::vec(rule.prop_map(|(peers, ports)| RuleSpec { peers, ports }), 0..3)
}

fn policy() -> impl Strategy<Value = PolicySpec> {
    (0..NAMESPACES.len(), terms(&["app", "tier"]), any::<[bool; 2]>(), rules(), rules()).prop_map(
        |(namespace, pods, types, ingress, egress)| PolicySpec {
            namespace,
            pods,
            types,
            rules: [ingress, egress],
        },
    )
}

fn cluster() -> impl Strategy<Value = Cluster> {
    let value = || prop::option::of(select(&["1", "2"][..]));
    let pod = (
        0..NAMESPACES.len(),
        value(),
        value(),
        prop::option::of(select(&[80u16, 8080][..])),
        prop::bool::weighted(0.1),
    )
        .prop_map(|(namespace, app, tier, http, host_network)| PodSpec {
            namespace,
            app,
            tier,
            http,
            host_network,
        });
    (
        prop::collection::vec(value(), 3),
        prop::collection::vec(pod, 1..7),
        prop::collection::vec(policy(), 0..5),
    )
        .prop_map(|(teams, pods, policies)| Cluster { teams, pods, policies })
}

// ---- the cluster as manifests

fn selector(terms: &[Term]) -> String {
    let expressions: Vec<_> = terms
        .iter()
        .map(|Term(key, operator, values)| {
            let values: Vec<_> = values.iter().map(|value| format!("\"{value}\"")).collect();
            let values =
                if values.is_empty() { String::new() } else { format!(", values: [{}]", values.join(", ")) };
            format!("{{key: {key}, operator: {operator}{values}}}")
        })
        .collect();
    if expressions.is_empty() {
        "{}".to_owned()
    } else {
        format!("{{matchExpressions: [{}]}}", expressions.join(", "))
    }
}

fn rule_text(rule: &RuleSpec, peers_field: &str) -> String {
    let mut fields = Vec::new();
    if let Some(peers) = &rule.peers {
        let peers: Vec<_> = peers
            .iter()
            .map(|peer| match peer {
                PeerSpec::Block(block) => {
                    let (cidr, except) = BLOCKS[*block];
                    let except: Vec<_> = except.iter().map(|text| format!("\"{text}\"")).collect();
                    format!("{{ipBlock: {{cidr: \"{cidr}\", except: [{}]}}}}", except.join(", "))
                }
                PeerSpec::Pods { namespaces, pods } => {
                    let field = |name: &str, terms: &Option<Vec<Term>>| {
                        terms.as_ref().map(|terms| format!("{name}: {}", selector(terms)))
                    };
                    let fields = [field("namespaceSelector", namespaces), field("podSelector", pods)];
                    format!("{{{}}}", fields.into_iter().flatten().collect::<Vec<_>>().join(", "))
                }
            })
            .collect();
        fields.push(format!("{peers_field}: [{}]", peers.join(", ")));
    }
    if let Some(ports) = &rule.ports {
        let ports: Vec<_> = ports
            .iter()
            .map(|PortSpec { protocol, which }| match which {
                Which::All => format!("{{protocol: {protocol}}}"),
                Which::Http => format!("{{protocol: {protocol}, port: http}}"),
                Which::Range(first, last) => {
                    format!("{{protocol: {protocol}, port: {first}, endPort: {last}}}")
                }
            })
            .collect();
        fields.push(format!("ports: [{}]", ports.join(", ")));
    }
    format!("{{{}}}", fields.join(", "))
}

fn manifests(cluster: &Cluster) -> String {
    let mut text = String::new();
    for (name, team) in NAMESPACES.iter().zip(&cluster.teams) {
        let labels = team.map_or(String::new(), |team| format!("team: \"{team}\""));
        let _ = writeln!(
            text,
            "---\n{{apiVersion: v1, kind: Namespace, metadata: {{name: {name}, labels: {{{labels}}}}}}}"
        );
    }
    for (index, pod) in cluster.pods.iter().enumerate() {
        let labels: Vec<_> = [("app", pod.app), ("tier", pod.tier)]
            .iter()
            .filter_map(|(key, value)| value.map(|value| format!("{key}: \"{value}\"")))
            .collect();
        let ports = pod.http.map_or(String::new(), |port| format!("{{name: http, containerPort: {port}}}"));
        let _ = writeln!(
            text,
            "---\n{{apiVersion: v1, kind: Pod, metadata: {{name: p{index}, namespace: {}, labels: {{{}}}}}, \
             spec: {{hostNetwork: {}, containers: [{{name: c, ports: [{ports}]}}]}}}}",
            NAMESPACES[pod.namespace],
            labels.join(", "),
            pod.host_network,
        );
    }
    for (index, policy) in cluster.policies.iter().enumerate() {
        let types: Vec<_> = ["Ingress", "Egress"]
            .into_iter()
            .zip(policy.types)
            .filter(|(_, on)| *on)
            .map(|(name, _)| name)
            .collect();
        let types =
            if types.is_empty() { String::new() } else { format!(", policyTypes: [{}]", types.join(", ")) };
        let list = |rules: &[RuleSpec], field: &str| {
            rules.iter().map(|rule| rule_text(rule, field)).collect::<Vec<_>>().join(", ")
        };
        let _ = writeln!(
            text,
            "---\n{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: n{index}, namespace: {}}}, \
             spec: {{podSelector: {}{types}, ingress: [{}], egress: [{}]}}}}",
            NAMESPACES[policy.namespace],
            selector(&policy.pods),
            list(&policy.rules[0], "from"),
            list(&policy.rules[1], "to"),
        );
    }
    text
}

fn read(text: &str) -> Vec<Resource> {
    let (nodes, findings) = yaml::parse(&Source::new("cluster.yaml", Arc::from(text)));
    assert!(findings.is_empty(), "{findings:?}\n{text}");
    nodes.into_iter().map(|node| Resource { node }).collect()
}

fn with_relation<T>(cluster: &Cluster, ask: impl FnOnce(&Connectivity<'_, '_>) -> T) -> T {
    let resources = read(&manifests(cluster));
    let facts = Facts::read(&resources);
    let (model, _) = Model::read(&facts, &[], Sources::new(&|_| None));
    ask(&Connectivity::new(&model, HostNetwork::Node))
}

fn listing(cluster: &Cluster) -> Vec<String> {
    with_relation(cluster, |relation| {
        connections(relation, Families::All).iter().map(ToString::to_string).collect()
    })
}

// ---- the rules of the API, pod by pod

fn term_holds(term: &Term, value: Option<&str>) -> bool {
    let Term(_, operator, values) = term;
    match *operator {
        "In" => value.is_some_and(|value| values.contains(&value)),
        "NotIn" => !value.is_some_and(|value| values.contains(&value)),
        "Exists" => value.is_some(),
        _ => value.is_none(),
    }
}

fn pod_matches(terms: &[Term], pod: &PodSpec) -> bool {
    terms.iter().all(|term| term_holds(term, if term.0 == "app" { pod.app } else { pod.tier }))
}

fn isolates(policy: &PolicySpec, direction: usize) -> bool {
    if policy.types == [false, false] {
        return direction == 0 || !policy.rules[1].is_empty();
    }
    policy.types[direction]
}

fn selecting<'c>(cluster: &'c Cluster, pod: &PodSpec, direction: usize) -> Vec<&'c PolicySpec> {
    let applies = |policy: &&PolicySpec| {
        !pod.host_network
            && policy.namespace == pod.namespace
            && isolates(policy, direction)
            && pod_matches(&policy.pods, pod)
    };
    cluster.policies.iter().filter(applies).collect()
}

fn in_range(range: &str, address: IpAddr) -> bool {
    let (base, bits) = range.split_once('/').unwrap();
    let bits: u32 = bits.parse().unwrap();
    match (base.parse().unwrap(), address) {
        (IpAddr::V4(base), IpAddr::V4(address)) => {
            base.to_bits() >> (32 - bits) == address.to_bits() >> (32 - bits)
        }
        (IpAddr::V6(base), IpAddr::V6(address)) => {
            base.to_bits() >> (128 - bits) == address.to_bits() >> (128 - bits)
        }
        _ => false,
    }
}

fn peer_matches(cluster: &Cluster, policy: &PolicySpec, peer: &PeerSpec, end: End) -> bool {
    match (peer, end) {
        (PeerSpec::Block(block), End::Address(address)) => {
            let (cidr, except) = BLOCKS[*block];
            in_range(cidr, address) && !except.iter().any(|except| in_range(except, address))
        }
        (PeerSpec::Pods { namespaces, pods }, End::Pods(pod)) => {
            let pod = &cluster.pods[pod];
            let namespace_fits = match namespaces {
                None => pod.namespace == policy.namespace,
                Some(terms) => terms.iter().all(|term| term_holds(term, cluster.teams[pod.namespace])),
            };
            !pod.host_network && namespace_fits && pods.as_ref().is_none_or(|terms| pod_matches(terms, pod))
        }
        _ => false,
    }
}

fn port_matches(cluster: &Cluster, spec: &PortSpec, to: End, protocol: Protocol, port: u16) -> bool {
    spec.protocol == protocol
        && match (&spec.which, to) {
            (Which::All, _) => true,
            (Which::Range(first, last), _) => (*first..=*last).contains(&port),
            (Which::Http, End::Pods(pod)) => {
                protocol == Protocol::Tcp && cluster.pods[pod].http == Some(port)
            }
            (Which::Http, End::Address(_)) => false,
        }
}

fn naive(cluster: &Cluster, from: End, to: End, protocol: Protocol, port: u16) -> bool {
    [(0, to, from), (1, from, to)].into_iter().all(|(direction, subject, peer)| {
        let End::Pods(subject) = subject else { return true };
        let policies = selecting(cluster, &cluster.pods[subject], direction);
        policies.is_empty()
            || policies.iter().any(|policy| {
                policy.rules[direction].iter().any(|rule| {
                    rule.peers
                        .as_ref()
                        .is_none_or(|peers| peers.iter().any(|p| peer_matches(cluster, policy, p, peer)))
                        && rule.ports.as_ref().is_none_or(|ports| {
                            ports.iter().any(|p| port_matches(cluster, p, to, protocol, port))
                        })
                })
            })
    })
}

fn ends(cluster: &Cluster) -> Vec<End> {
    let outside = ADDRESSES.iter().map(|address| End::Address(address.parse().unwrap()));
    (0..cluster.pods.len()).map(End::Pods).chain(outside).collect()
}

/// Every pair of which at least one end is a pod.
fn pairs(cluster: &Cluster) -> Vec<(End, End)> {
    let ends = ends(cluster);
    let all = ends.iter().flat_map(|from| ends.iter().map(move |to| (*from, *to)));
    all.filter(|(from, to)| matches!(from, End::Pods(_)) || matches!(to, End::Pods(_))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn classes_agree_with_pods_one_by_one(cluster in cluster()) {
        with_relation(&cluster, |relation| {
            for (from, to) in pairs(&cluster) {
                let allowed = relation.allowed(from, to);
                for (protocol, port) in [Protocol::Tcp, Protocol::Udp].into_iter().flat_map(|p| PORTS.map(|port| (p, port))) {
                    let expected = naive(&cluster, from, to, protocol, port);
                    prop_assert_eq!(allowed.contains(protocol, port), expected, "{:?} to {:?} {} {}", from, to, protocol, port);
                    prop_assert_eq!(explain(relation, from, to, protocol, port).allowed(), expected);
                }
            }
            Ok(())
        })?;
    }

    #[test]
    fn the_listing_holds_exactly_the_allowed_connections(cluster in cluster()) {
        with_relation(&cluster, |relation| {
            let list = connections(relation, Families::All);
            let name = |end: End, outside: Direction| match end {
                End::Pods(pods) => relation.model().label(pods),
                End::Address(address) => {
                    let piece = relation.external(outside).iter().find(|piece| piece.contains(address)).unwrap();
                    format!("{piece}[External]")
                }
            };
            for (from, to) in pairs(&cluster).into_iter().filter(|(from, to)| from != to) {
                let (source, destination) = (name(from, Direction::Ingress), name(to, Direction::Egress));
                let line = list.iter().find(|line| *line.source == *source && *line.destination == *destination);
                let listed = line.map_or_else(Ports::none, |line| Ports::clone(&line.ports));
                prop_assert_eq!(listed, relation.allowed(from, to));
            }
            Ok(())
        })?;
    }

    #[test]
    fn order_does_not_matter(cluster in cluster(), turn in 0usize..5) {
        let mut other = cluster.clone();
        if !other.policies.is_empty() {
            let turn = turn % other.policies.len();
            other.policies.rotate_left(turn);
        }
        for rules in other.policies.iter_mut().flat_map(|policy| &mut policy.rules) {
            rules.reverse();
            for rule in rules {
                rule.peers.iter_mut().for_each(|peers| peers.reverse());
                rule.ports.iter_mut().for_each(|ports| ports.reverse());
            }
        }
        prop_assert_eq!(listing(&cluster), listing(&other));
    }

    #[test]
    fn one_policy_for_each_rule_is_the_same(cluster in cluster()) {
        let mut split = cluster.clone();
        split.policies = cluster.policies.iter().flat_map(|policy| {
            let types = [isolates(policy, 0), isolates(policy, 1)];
            let bare = PolicySpec { types, rules: [Vec::new(), Vec::new()], ..policy.clone() };
            let mut parts = vec![bare.clone()];
            for (direction, rules) in policy.rules.iter().enumerate() {
                parts.extend(rules.iter().map(|rule| {
                    let mut part = bare.clone();
                    part.rules[direction].push(rule.clone());
                    part
                }));
            }
            parts
        }).collect();
        prop_assert_eq!(listing(&cluster), listing(&split));
    }

    #[test]
    fn a_further_policy_only_adds_where_pods_are_isolated(cluster in cluster(), further in policy()) {
        let mut more = cluster.clone();
        more.policies.push(further);
        let before = with_relation(&cluster, |relation| {
            let isolated = |end: End, direction| match end {
                End::Pods(pods) => relation.is_isolated(pods, direction),
                End::Address(_) => true,
            };
            let isolated_pairs = pairs(&cluster).into_iter().filter(|(from, to)| {
                isolated(*from, Direction::Egress) && isolated(*to, Direction::Ingress)
            });
            isolated_pairs.map(|(from, to)| (from, to, relation.allowed(from, to))).collect::<Vec<_>>()
        });
        with_relation(&more, |relation| {
            for (from, to, ports) in before {
                prop_assert!(ports.difference(&relation.allowed(from, to)).is_empty(), "{:?} to {:?}", from, to);
            }
            Ok(())
        })?;
    }

    #[test]
    fn a_block_is_its_two_halves(cluster in cluster()) {
        // The second block is split by hand; the others stay.
        let text = manifests(&cluster);
        let whole = "{ipBlock: {cidr: \"10.1.2.0/24\", except: []}}";
        let halves = "{ipBlock: {cidr: \"10.1.2.0/25\"}}, {ipBlock: {cidr: \"10.1.2.128/25\"}}";
        let allowed = |text: &str| {
            let resources = read(text);
            let facts = Facts::read(&resources);
            let (model, _) = Model::read(&facts, &[], Sources::new(&|_| None));
            let relation = Connectivity::new(&model, HostNetwork::Node);
            pairs(&cluster).into_iter().map(|(from, to)| relation.allowed(from, to)).collect::<Vec<_>>()
        };
        prop_assert_eq!(allowed(&text), allowed(&text.replace(whole, halves)));
    }

    #[test]
    fn the_comparison_is_silent_exactly_when_allowed_is_declared(
        cluster in cluster(),
        edges in prop::collection::vec((select(&["1", "2"][..]), select(&["1", "2"][..]), select(&PORTS[..])), 0..4),
    ) {
        // Every pod is isolated and on its own network, so that nothing is left to `network/no-default-deny`.
        let mut cluster = cluster;
        cluster.pods.iter_mut().for_each(|pod| pod.host_network = false);
        cluster.policies.extend((0..NAMESPACES.len()).map(|namespace| PolicySpec {
            namespace,
            pods: Vec::new(),
            types: [true, true],
            rules: [Vec::new(), Vec::new()],
        }));
        let party = |app: &str| Party::Pods { namespace: None, labels: vec![("app".to_owned(), app.to_owned())] };
        let declaration = Declaration {
            edges: edges.iter().map(|(from, to, port)| Edge {
                name: format!("{from} to {to}"),
                consumer: party(from),
                provider: party(to),
                ports: Ports::single(Protocol::Tcp, *port),
                need: Need::Required,
                place: None,
            }).collect(),
            ..Declaration::default()
        };
        let resources = read(&manifests(&cluster));
        let facts = Facts::read(&resources);
        let (model, _) = Model::read(&facts, &[], Sources::new(&|_| None));
        let findings = compare(&model, &declaration, HostNetwork::Node, Sources::new(&|_| None));
        let relation = Connectivity::new(&model, HostNetwork::Node);

        let (mut undeclared, mut missing) = (false, false);
        for (from, to) in pairs(&cluster) {
            let declared = edges.iter().filter(|(consumer, provider, _)| match (from, to) {
                (End::Pods(from), End::Pods(to)) => {
                    cluster.pods[from].app == Some(consumer) && cluster.pods[to].app == Some(provider)
                }
                _ => false,
            });
            let declared = declared.fold(Ports::none(), |all, (_, _, port)| all.union(&Ports::single(Protocol::Tcp, *port)));
            let allowed = relation.allowed(from, to);
            undeclared |= !allowed.difference(&declared).is_empty();
            missing |= !declared.difference(&allowed).is_empty();
        }
        let any = |wanted: fn(&Finding) -> bool| findings.iter().any(wanted);
        let found_undeclared = any(|finding| matches!(finding, Finding::UndeclaredEdge { .. }));
        let found_missing = any(|finding| matches!(finding, Finding::MissingEdge { .. }));
        let found_open = any(|finding| matches!(finding, Finding::NoDefaultDeny { .. }));
        prop_assert_eq!((found_undeclared, found_missing, found_open), (undeclared, missing, false), "{:?}", findings);
    }
}
