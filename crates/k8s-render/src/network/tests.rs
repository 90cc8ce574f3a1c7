//! Policies as text in, findings and verdicts out.

use std::sync::Arc;

use miette::Diagnostic;

use super::declared::{Declaration, Edge, Mode, Need, Party, compare};
use super::explain::{Verdict, explain};
use super::*;
use crate::finding::Source;
use crate::inspect::{Facts, Protocol, Sources};
use crate::resource::Resource;
use crate::yaml;

/// Reads a render and hands over its model, what reading found, and its sources.
pub(super) fn with_model<T>(
    text: &str,
    beside: &[VirtualWorkload],
    ask: impl FnOnce(&Model<'_>, Vec<Finding>, Sources<'_>) -> T,
) -> T {
    let whole: Arc<str> = Arc::from(text);
    let (nodes, problems) = yaml::parse(&Source::new("all.yaml", Arc::clone(&whole)));
    assert!(problems.is_empty(), "{problems:?}");
    let resources: Vec<_> = nodes.into_iter().map(|node| Resource { node }).collect();
    let lookup = |file: &str| (file == "all.yaml").then(|| Arc::clone(&whole));
    let sources = Sources::new(&lookup);
    let facts = Facts::read(&resources);
    let (model, findings) = Model::read(&facts, beside, sources);
    ask(&model, findings, sources)
}

/// Code and labelled text of each finding.
fn marks(findings: &[Finding]) -> Vec<(String, String)> {
    let mark = |finding: &Finding| {
        let label = finding.labels().unwrap().next().unwrap();
        let source = finding.source_code().unwrap();
        let text = source.read_span(label.inner(), 0, 0).unwrap();
        (
            finding.code().unwrap().to_string(),
            String::from_utf8(text.data().to_vec()).unwrap().trim_end().to_owned(),
        )
    };
    findings.iter().map(mark).collect()
}

pub(super) fn codes(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(|finding| finding.code().unwrap().to_string()).collect()
}

/// What is found in a policy with this spec, written as flow YAML.
fn found_in(spec: &str) -> Vec<(String, String)> {
    let text = format!(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: p, namespace: a}}\nspec: {spec}\n"
    );
    with_model(&text, &[], |_, findings, _| marks(&findings))
}

fn mark(code: &str, text: &str) -> Vec<(String, String)> {
    vec![(code.to_owned(), text.to_owned())]
}

#[test]
fn a_sound_policy_gives_no_finding() {
    let spec = "{podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{from: [{podSelector: {matchLabels: {app: web}}}], \
                ports: [{port: 80}, {port: 8000, endPort: 8080, protocol: UDP}, {port: http}]}], \
                egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}], ports: [{port: 53, protocol: UDP}]}, {}]}";
    assert_eq!(found_in(spec), []);
}

#[test]
fn bad_ports() {
    let code = "network/invalid-port";
    for (port, label) in [
        ("port: 0", "0"),
        ("port: 65536", "65536"),
        ("port: \"80\"", "\"80\""),
        ("port: Http", "Http"),
        ("port: a--b", "a--b"),
        ("port: sixteen-letters-", "sixteen-letters-"),
        ("protocol: ICMP", "ICMP"),
        ("port: http, endPort: 90", "90"),
        ("endPort: 90", "90"),
        ("port: 90, endPort: 80", "80"),
        ("port: true", "true"),
    ] {
        assert_eq!(found_in(&format!("{{ingress: [{{ports: [{{{port}}}]}}]}}")), mark(code, label), "{port}");
    }
}

#[test]
fn bad_blocks() {
    for (block, label) in [
        ("cidr: 10.0.0.0", "10.0.0.0"),
        ("cidr: 10.0.0.0/8, except: [10.0.0.0/8]", "10.0.0.0/8"),
        ("cidr: 10.0.0.0/8, except: [192.0.2.0/24]", "192.0.2.0/24"),
        ("except: [10.0.0.0/8]", "{except: [10.0.0.0/8]}"),
    ] {
        let spec = format!("{{ingress: [{{from: [{{ipBlock: {{{block}}}}}]}}]}}");
        assert_eq!(found_in(&spec), mark("network/invalid-cidr", label), "{block}");
    }
    let legacy = found_in("{ingress: [{from: [{ipBlock: {cidr: 10.1.0.0/8}}]}]}");
    assert_eq!(legacy, mark("network/legacy-cidr", "10.1.0.0/8"));
}

#[test]
fn bad_peers() {
    let code = "network/invalid-peer";
    assert_eq!(found_in("{ingress: [{from: [{}]}]}"), mark(code, "{}"));
    let both = "{ipBlock: {cidr: 10.0.0.0/8}, podSelector: {}}";
    assert_eq!(found_in(&format!("{{ingress: [{{from: [{both}]}}]}}")), mark(code, both));
}

#[test]
fn bad_selectors() {
    let code = "network/invalid-selector";
    for (selector, label) in [
        ("matchLabels: {app: 1}", "1"),
        ("matchLabels: {app: a b}", "a b"),
        ("matchLabels: {-app: web}", "web"),
        ("matchExpressions: [{key: app, operator: Equals}]", "Equals"),
        ("matchExpressions: [{key: app, operator: In}]", "{key: app, operator: In}"),
        (
            "matchExpressions: [{key: app, operator: Exists, values: [a]}]",
            "{key: app, operator: Exists, values: [a]}",
        ),
        ("matchExpressions: [{operator: Exists}]", "{operator: Exists}"),
    ] {
        assert_eq!(found_in(&format!("{{podSelector: {{{selector}}}}}")), mark(code, label), "{selector}");
    }
    let run_time = found_in("{podSelector: {matchLabels: {pod-template-hash: abc}}}");
    assert_eq!(run_time[0].0, "network/runtime-label");
}

#[test]
fn misspelt_fields_do_not_open_a_rule_silently() {
    assert_eq!(found_in("{ingress: [{form: [{podSelector: {}}]}]}")[0].0, "network/unknown-field");
    assert_eq!(found_in("{podselector: {}}")[0].0, "network/unknown-field");
}

#[test]
fn policy_types() {
    assert_eq!(found_in("{policyTypes: [ingress]}"), mark("network/unknown-policy-type", "ingress"));
    let ignored = found_in("{policyTypes: [Ingress], egress: [{}]}");
    assert_eq!(ignored, mark("network/rules-without-type", "[{}]"));
}

#[test]
fn traps_are_warned_of() {
    assert_eq!(found_in("{ingress: [{from: []}]}"), mark("network/empty-peers", "[]"));
    let named = "{egress: [{to: [{ipBlock: {cidr: 192.0.2.0/24}}], ports: [{port: https}]}]}";
    assert_eq!(found_in(named), mark("network/named-port-to-block", "https"));
}

#[test]
fn wrong_shapes_are_reported_and_reading_goes_on() {
    assert_eq!(found_in("{ingress: {}}"), mark("network/invalid-field", "{}"));
    assert_eq!(found_in("{ingress: [{from: x, ports: [{port: 0}]}]}").len(), 2);
    assert_eq!(found_in("[]"), mark("network/invalid-field", "[]"));
}

#[test]
fn policies_of_other_kinds_are_refused() {
    for (api_version, kind) in [
        ("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy"),
        ("cilium.io/v2", "CiliumNetworkPolicy"),
        ("crd.projectcalico.org/v1", "NetworkPolicy"),
        ("networking.k8s.io/v1beta1", "NetworkPolicy"),
    ] {
        let text = format!("{{apiVersion: {api_version}, kind: {kind}, metadata: {{name: x}}}}");
        with_model(&text, &[], |_, findings, _| assert_eq!(codes(&findings), ["network/unsupported-policy"]));
    }
}

/// A small shop: `web` and `db` in one namespace.
pub(super) const PODS: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, ports: [{name: http, containerPort: 8080}]}]}}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: shop}
spec: {template: {metadata: {labels: {app: db}}, spec: {containers: [{name: c, ports: [{containerPort: 3306}]}]}}}
";

const DENY: &str = "
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
";

pub(super) fn policy(name: &str, spec: &str) -> String {
    format!(
        "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: {name}, namespace: shop}}\nspec: {spec}\n"
    )
}

pub(super) const TO_DB: &str = "{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: db}}}], ports: [{port: 3306}]}]}";
pub(super) const FROM_WEB: &str = "{podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 3306}]}]}";

/// `PODS`, denied by default, with the two rules that let `web` reach `db`.
fn shop() -> String {
    format!("{PODS}{DENY}{}{}", policy("to-db", TO_DB), policy("from-web", FROM_WEB))
}

pub(super) const WEB: End = End::Pods(0);
pub(super) const DB: End = End::Pods(1);

#[test]
fn both_ends_must_agree() {
    let allowed = |text: &str| {
        with_model(text, &[], |model, _, _| {
            let relation = Connectivity::new(model, HostNetwork::Node);
            (relation.allowed(WEB, DB).to_string(), relation.allowed(DB, WEB).to_string())
        })
    };
    let none = || "No Connections".to_owned();
    assert_eq!(allowed(PODS), ("All Connections".to_owned(), "All Connections".to_owned()));
    assert_eq!(allowed(&shop()), ("TCP 3306".to_owned(), none()));
    assert_eq!(allowed(&format!("{PODS}{DENY}{}", policy("to-db", TO_DB))), (none(), none()));
    assert_eq!(allowed(&format!("{PODS}{DENY}{}", policy("from-web", FROM_WEB))), (none(), none()));
}

#[test]
fn egress_rules_without_types_isolate_both_directions() {
    let text = format!("{PODS}{}", policy("p", "{podSelector: {}, egress: [{}]}"));
    with_model(&text, &[], |model, _, _| {
        let relation = Connectivity::new(model, HostNetwork::Node);
        assert!(relation.is_isolated(0, Direction::Ingress) && relation.is_isolated(0, Direction::Egress));
    });
    let text = format!("{PODS}{}", policy("p", "{podSelector: {}, egress: []}"));
    with_model(&text, &[], |model, _, _| {
        assert!(!Connectivity::new(model, HostNetwork::Node).is_isolated(0, Direction::Egress));
    });
}

#[test]
fn pods_on_the_network_of_their_node_are_out_of_reach() {
    let text = format!("{}{DENY}", PODS.replace("spec: {containers", "spec: {hostNetwork: true, containers"));
    with_model(&text, &[], |model, _, _| {
        assert!(Connectivity::new(model, HostNetwork::Node).allowed(WEB, DB).is_all());
        assert!(Connectivity::new(model, HostNetwork::Pod).allowed(WEB, DB).is_empty());
    });
}

#[test]
fn equal_pods_share_a_class() {
    let more = PODS
        .replace("name: web", "name: api")
        .replace("name: db", "name: cache")
        .replace("kind: Namespace", "kind: Other");
    let text = format!("{PODS}---{more}{}", policy("from-web", FROM_WEB));
    with_model(&text, &[], |model, _, _| {
        assert_eq!(model.pods.len(), 4);
        assert_eq!(Connectivity::new(model, HostNetwork::Node).class_count(), 2);
    });
}

#[test]
fn explanations_name_the_rule_or_the_reason() {
    with_model(&shop(), &[], |model, _, _| {
        let relation = Connectivity::new(model, HostNetwork::Node);
        let answer = explain(&relation, WEB, DB, Protocol::Tcp, 3306);
        assert!(answer.allowed());
        let Verdict::Allowed(rules) = &answer.ingress else { panic!("{answer:?}") };
        assert_eq!(rules[0].display(model), "policy shop/from-web ingress[0].from[0]");

        let answer = explain(&relation, WEB, DB, Protocol::Tcp, 22);
        let Verdict::Denied { isolating, nearest } = &answer.ingress else { panic!("{answer:?}") };
        let isolating: Vec<_> = isolating.iter().map(|policy| model.policies[*policy].to_string()).collect();
        assert_eq!(isolating, ["shop/deny", "shop/from-web"]);
        assert_eq!(nearest[0].to_string(), "TCP 22 is not among its ports: TCP 3306");

        let outside = End::Address("192.0.2.1".parse().unwrap());
        let answer = explain(&relation, outside, DB, Protocol::Tcp, 3306);
        assert!(matches!(answer.egress, Verdict::Outside));
        let Verdict::Denied { nearest, .. } = &answer.ingress else { panic!("{answer:?}") };
        assert_eq!(nearest[0].to_string(), "selectors never match 192.0.2.1");
    });
}

#[test]
fn a_policy_without_pods_is_warned_of() {
    let text = format!("{PODS}{}{DENY}", policy("typo", "{podSelector: {matchLabels: {app: wbe}}}"));
    with_model(&text, &[], |model, _, sources| {
        let relation = Connectivity::new(model, HostNetwork::Node);
        let findings = lint::lint(&relation, sources);
        assert_eq!(marks(&findings), mark("network/policy-selects-nothing", "{matchLabels: {app: wbe}}"));
        assert!(findings[0].help().unwrap().to_string().contains("`app=web`"));
    });
}

// ---- exactly the declared edges

fn party(app: &str) -> Party {
    Party::Pods { namespace: Some("shop".to_owned()), labels: vec![("app".to_owned(), app.to_owned())] }
}

pub(super) fn edge(consumer: &str, provider: &str, port: u16) -> Edge {
    Edge {
        name: format!("{consumer} → {provider}"),
        consumer: party(consumer),
        provider: party(provider),
        ports: Ports::single(Protocol::Tcp, port),
        need: Need::Required,
        place: None,
    }
}

fn compared(text: &str, declaration: &Declaration) -> Vec<Finding> {
    compared_beside(text, declaration, &[])
}

fn compared_beside(text: &str, declaration: &Declaration, beside: &[VirtualWorkload]) -> Vec<Finding> {
    with_model(text, beside, |model, _, sources| compare(model, declaration, HostNetwork::Node, sources))
}

pub(super) fn declared(edges: Vec<Edge>) -> Declaration {
    Declaration { edges, ..Declaration::default() }
}

#[test]
fn exactly_the_declared_edges_give_no_finding() {
    assert_eq!(codes(&compared(&shop(), &declared(vec![edge("web", "db", 3306)]))), Vec::<String>::new());
}

#[test]
fn an_undeclared_edge_points_at_its_rule() {
    let findings = compared(&shop(), &declared(vec![]));
    let rule = "{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 3306}]}";
    assert_eq!(marks(&findings), mark("network/undeclared-edge", rule));
    let text = findings[0].to_string();
    assert!(text.contains("shop/from-web ingress[0]") && text.contains("shop/web[Deployment]"), "{text}");
    assert!(text.contains("shop/db[StatefulSet]` on TCP 3306"), "{text}");
}

#[test]
fn only_the_ports_beyond_the_declared_ones_are_undeclared() {
    let wide = FROM_WEB.replace("port: 3306", "port: 3300, endPort: 3310");
    let text = format!(
        "{PODS}{DENY}{}{}",
        policy("to-db", "{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{}]}"),
        policy("from-web", &wide)
    );
    let findings = compared(
        &text,
        &Declaration { edges: vec![edge("web", "db", 3306)], egress: Mode::Open, ..Declaration::default() },
    );
    assert_eq!(codes(&findings), ["network/undeclared-edge"]);
    assert!(findings[0].to_string().contains("on TCP 3300-3305,3307-3310"), "{}", findings[0]);
}

#[test]
fn a_missing_edge_names_the_side_and_the_rule_to_add() {
    let text = format!("{PODS}{DENY}{}", policy("to-db", TO_DB));
    let findings = compared(&text, &declared(vec![edge("web", "db", 3306)]));
    assert_eq!(marks(&findings), mark("network/missing-edge", "deny"));
    let help = findings[0].help().unwrap().to_string();
    assert!(findings[0].to_string().contains("the ingress of `shop/db[StatefulSet]`"), "{}", findings[0]);

    // The rule in the help is the one that is missing.
    let rules =
        help.split_once(":\n").unwrap().1.split("\nthe closest").next().unwrap().replace('\n', "\n  ");
    let with_rule = format!(
        "{text}---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: added, namespace: shop}}\nspec:\n  \
         podSelector: {{matchLabels: {{app: db}}}}\n  {rules}\n"
    );
    assert_eq!(codes(&compared(&with_rule, &declared(vec![edge("web", "db", 3306)]))), Vec::<String>::new());
}

#[test]
fn a_missing_edge_names_the_closest_rule() {
    let text = shop()
        .replace("ingress: [{from", "ingress: [{from: [], ports: [{port: 1}]}, {from")
        .replace("port: 3306", "port: 3307");
    let findings = compared(&text, &declared(vec![edge("web", "db", 3306)]));
    let missing = findings.iter().filter(|finding| matches!(finding, Finding::MissingEdge { .. }));
    let missing: Vec<_> = missing.cloned().collect();
    let of = |policy: &str| ("network/missing-edge".to_owned(), policy.to_owned());
    assert_eq!(marks(&missing), [of("from-web"), of("to-db")]);
    let help = missing[1].help().unwrap().to_string();
    let closest = "the closest rule, policy shop/to-db egress[0].to[0], does not match: TCP 3306 is not among its ports: TCP 3307";
    assert!(help.ends_with(closest), "{help}");
}

#[test]
fn an_edge_denied_on_both_sides_gives_both() {
    let findings = compared(&format!("{PODS}{DENY}"), &declared(vec![edge("web", "db", 3306)]));
    assert_eq!(codes(&findings), ["network/missing-edge", "network/missing-edge"]);
    assert_ne!(findings[0].to_string(), findings[1].to_string());
}

#[test]
fn pods_that_nothing_isolates_are_one_finding_each() {
    let findings = compared(
        PODS,
        &Declaration { edges: vec![edge("web", "db", 3306)], egress: Mode::Open, ..Declaration::default() },
    );
    assert_eq!(codes(&findings), ["network/no-default-deny", "network/no-default-deny"]);
    assert!(findings[0].to_string().contains("Deployment shop/web"), "{}", findings[0]);
    let open = Declaration { edges: vec![edge("web", "db", 3306)], ingress: Mode::Open, egress: Mode::Open };
    assert_eq!(codes(&compared(PODS, &open)), Vec::<String>::new());
}

#[test]
fn a_declared_port_must_be_a_container_port() {
    let text = shop().replace("port: 3306", "port: 3307");
    let findings = compared(&text, &declared(vec![edge("web", "db", 3307)]));
    assert_eq!(marks(&findings), mark("network/port-mismatch", "db"));
    assert!(findings[0].help().unwrap().to_string().contains("TCP 3306"));
}

#[test]
fn an_edge_needs_both_ends() {
    let findings = compared(&shop(), &declared(vec![edge("web", "db", 3306), edge("web", "cache", 6379)]));
    assert_eq!(codes(&findings), ["network/edge-without-workload"]);
    assert!(
        findings[0].to_string().contains("provider (`app=cache` in namespace `shop`)"),
        "{}",
        findings[0]
    );
}

#[test]
fn pods_beside_the_render_and_addresses_outside_can_be_ends() {
    let dns = VirtualWorkload {
        name: "kube-dns".to_owned(),
        namespace: "kube-system".to_owned(),
        labels: vec![("k8s-app".to_owned(), "kube-dns".to_owned())],
        ..VirtualWorkload::default()
    };
    let spec = "{podSelector: {}, policyTypes: [Egress], egress: [\
                {to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}, podSelector: {matchLabels: {k8s-app: kube-dns}}}], ports: [{port: 53, protocol: UDP}]}, \
                {to: [{ipBlock: {cidr: 203.0.113.0/24, except: [203.0.113.128/25]}}], ports: [{port: 443}]}]}";
    let text = format!("{}{}", shop(), policy("out", spec));
    let any = Party::Pods { namespace: Some("shop".to_owned()), labels: Vec::new() };
    let to_dns = Edge {
        name: "DNS".to_owned(),
        consumer: any.clone(),
        provider: Party::Pods { namespace: Some("kube-system".to_owned()), labels: dns.labels.clone() },
        ports: Ports::single(Protocol::Udp, 53),
        need: Need::Required,
        place: None,
    };
    let half = cidr::Cidr::parse("203.0.113.0/25").unwrap().range;
    let to_payments = Edge {
        name: "payments".to_owned(),
        consumer: any,
        provider: Party::Block(cidr::IpBlock { range: half, except: Vec::new() }),
        ports: Ports::single(Protocol::Tcp, 443),
        need: Need::Required,
        place: None,
    };
    let all = declared(vec![edge("web", "db", 3306), to_dns, to_payments.clone()]);
    let beside = [dns];
    assert_eq!(codes(&compared_beside(&text, &all, &beside)), Vec::<String>::new());

    let only_payments = declared(vec![edge("web", "db", 3306), to_payments]);
    let findings = compared_beside(&text, &only_payments, &beside);
    assert_eq!(codes(&findings), ["network/undeclared-edge"]);
    assert!(findings[0].to_string().contains("`kube-system/kube-dns` on UDP 53"), "{}", findings[0]);

    let mut narrow = all;
    narrow.edges.truncate(2);
    let findings = compared_beside(&text, &narrow, &beside);
    assert_eq!(codes(&findings), ["network/undeclared-edge"]);
    assert!(findings[0].to_string().contains("`203.0.113.0-203.0.113.127` on TCP 443"), "{}", findings[0]);
}

#[test]
fn permitted_edges_may_be_absent() {
    let permitted = Edge { need: Need::Permitted, ..edge("db", "web", 8080) };
    let all = declared(vec![edge("web", "db", 3306), permitted]);
    assert_eq!(codes(&compared(&shop(), &all)), Vec::<String>::new());
}

#[test]
fn replicas_among_themselves_are_an_edge_too() {
    let spec = "{podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress, Egress], \
                ingress: [{from: [{podSelector: {matchLabels: {app: db}}}], ports: [{port: 4444}]}], \
                egress: [{to: [{podSelector: {matchLabels: {app: db}}}], ports: [{port: 4444}]}]}";
    let text = format!("{}{}", shop(), policy("peers", spec))
        .replace("{containerPort: 3306}", "{containerPort: 3306}, {containerPort: 4444}");
    let without = compared(&text, &declared(vec![edge("web", "db", 3306)]));
    assert_eq!(codes(&without), ["network/undeclared-edge"]);
    let with = compared(&text, &declared(vec![edge("web", "db", 3306), edge("db", "db", 4444)]));
    assert_eq!(codes(&with), Vec::<String>::new());
}

#[test]
fn one_wide_rule_gives_one_finding_with_examples() {
    let spec = "{podSelector: {}, policyTypes: [Ingress], ingress: [{}]}";
    let text = format!("{}{}", shop(), policy("wide", spec));
    let findings =
        compared(&text, &Declaration { egress: Mode::Open, ..declared(vec![edge("web", "db", 3306)]) });
    assert_eq!(marks(&findings), mark("network/undeclared-edge", "{}"));
    assert!(findings[0].help().unwrap().to_string().contains("it also allows"));
}
