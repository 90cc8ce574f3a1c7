//! Policies of administrators: layers, order, what is refused, and what is told.

use proptest::prelude::*;

use super::declared::compare;
use super::explain::{Verdict, explain};
use super::tests::{DB, PODS, TO_DB, WEB, codes, declared, edge, policy, with_model};
use super::*;
use crate::inspect::Protocol;

fn admin(name: &str, priority: u16, rest: &str) -> String {
    format!(
        "---\napiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\nmetadata: {{name: {name}}}\nspec: {{priority: {priority}, subject: {{namespaces: {{}}}}, {rest}}}\n"
    )
}

fn baseline(rest: &str) -> String {
    format!(
        "---\napiVersion: policy.networking.k8s.io/v1alpha1\nkind: BaselineAdminNetworkPolicy\nmetadata: {{name: default}}\nspec: {{subject: {{namespaces: {{}}}}, {rest}}}\n"
    )
}

const DENY_IN: &str = "ingress: [{action: Deny, from: [{namespaces: {}}]}]";

fn web_to_db(policies: &str) -> String {
    let text = format!("{PODS}{policies}");
    with_model(&text, &[], |model, findings, _| {
        assert!(findings.is_empty(), "{findings:?}");
        Connectivity::new(model, HostNetwork::Node).allowed(WEB, DB).to_string()
    })
}

#[test]
fn the_lowest_priority_is_asked_first_and_order_in_files_does_not_matter() {
    let allow = admin(
        "a",
        5,
        "ingress: [{action: Allow, from: [{namespaces: {}}], ports: [{portNumber: {protocol: TCP, port: 80}}]}]",
    );
    let deny = admin("b", 10, DENY_IN);
    assert_eq!(web_to_db(&format!("{deny}{allow}")), "TCP 80");
    assert_eq!(web_to_db(&format!("{allow}{deny}")), "TCP 80");
    assert_eq!(web_to_db(&allow), "All Connections", "what nobody decides is allowed");
    assert_eq!(
        web_to_db(&format!("{}{deny}", allow.replace("priority: 5", "priority: 50"))),
        "No Connections"
    );
}

#[test]
fn what_is_passed_on_is_for_network_policies_and_without_isolation_for_the_baseline() {
    let pass = admin(
        "a",
        1,
        "ingress: [{action: Pass, from: [{namespaces: {}}], ports: [{portRange: {protocol: TCP, start: 80, end: 90}}]}, {action: Deny, from: [{namespaces: {}}]}]",
    );
    assert_eq!(web_to_db(&pass), "TCP 80-90");
    let isolated =
        policy("p", "{podSelector: {matchLabels: {app: db}}, ingress: [{ports: [{port: 85}, {port: 99}]}]}");
    assert_eq!(web_to_db(&format!("{pass}{isolated}")), "TCP 85");
    let base = baseline(
        "ingress: [{action: Allow, from: [{namespaces: {}}], ports: [{portNumber: {protocol: TCP, port: 81}}]}, {action: Deny, from: [{namespaces: {}}]}]",
    );
    assert_eq!(web_to_db(&format!("{pass}{base}")), "TCP 81");
    assert_eq!(
        web_to_db(&format!("{pass}{base}{isolated}")),
        "TCP 85",
        "the baseline is not asked about isolated pods"
    );
}

#[test]
fn names_of_ports_and_blocks_of_addresses_are_understood() {
    let named = admin(
        "a",
        1,
        "egress: [{action: Allow, to: [{pods: {namespaceSelector: {}, podSelector: {matchLabels: {app: web}}}}], ports: [{namedPort: http}]}, {action: Deny, to: [{namespaces: {}}]}]",
    );
    with_model(&format!("{PODS}{named}"), &[], |model, _, _| {
        let relation = Connectivity::new(model, HostNetwork::Node);
        assert_eq!(relation.allowed(DB, WEB).to_string(), "TCP 8080");
        assert!(relation.allowed(WEB, DB).is_empty());
    });
    let blocks =
        admin("a", 1, "egress: [{action: Deny, to: [{networks: [10.0.0.0/8, 192.0.2.0/24]}, {nodes: {}}]}]");
    with_model(&format!("{PODS}{blocks}"), &[], |model, _, _| {
        let relation = Connectivity::new(model, HostNetwork::Node);
        let to = |address: &str| relation.allowed(WEB, End::Address(address.parse().unwrap())).is_empty();
        assert!(to("10.9.8.7") && to("192.0.2.1") && !to("11.0.0.1"));
        assert!(relation.allowed(WEB, DB).is_all());
    });
}

#[test]
fn what_the_api_server_refuses_or_leaves_undefined_is_found() {
    let found =
        |policies: &str| with_model(&format!("{PODS}{policies}"), &[], |_, findings, _| codes(&findings));
    let one = || vec!["network/invalid-admin-policy".to_owned()];
    for rest in [
        "ingress: [{action: Deny}]",
        "ingress: [{action: Forbid, from: [{namespaces: {}}]}]",
        "ingress: [{action: Deny, from: [{namespaces: {}, pods: {}}]}]",
        "ingress: [{action: Deny, from: [{}]}]",
        "egress: [{action: Deny, to: [{namespaces: {}}], ports: [{portNumber: {port: 1}, namedPort: x}]}]",
    ] {
        assert_eq!(found(&admin("a", 1, rest)), one(), "{rest}");
    }
    assert_eq!(found(&admin("a", 1001, DENY_IN)), one());
    assert_eq!(found(&admin("a", 1, DENY_IN).replace("{namespaces: {}}, ", "{}, ")), one());
    assert_eq!(found(&baseline("ingress: [{action: Pass, from: [{namespaces: {}}]}]")), one());
    assert_eq!(found(&baseline(DENY_IN).replace("name: default", "name: other")), one());
    assert_eq!(found(&format!("{}{}", admin("a", 7, DENY_IN), admin("b", 7, DENY_IN))), one());
    assert_eq!(found(&format!("{}{}", admin("a", 7, DENY_IN), admin("a", 8, DENY_IN))), one());
    assert_eq!(found(&format!("{}{}", baseline(DENY_IN), baseline(DENY_IN))), one());
    let network = admin("a", 1, "egress: [{action: Deny, to: [{networks: [10.0.0.300/8]}]}]");
    assert_eq!(found(&network), ["network/invalid-cidr"]);
    let range = admin(
        "a",
        1,
        "egress: [{action: Deny, to: [{namespaces: {}}], ports: [{portRange: {start: 9, end: 1}}]}]",
    );
    assert_eq!(found(&range), ["network/invalid-port"]);
}

#[test]
fn pods_of_one_owner_that_a_policy_tells_apart_are_an_error() {
    let pod = |name: &str, label: &str| {
        format!(
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: shop, labels: {{side: {label}}}, ownerReferences: [{{name: o, controller: true}}]}}\nspec: {{containers: [{{name: c, image: i}}]}}\n"
        )
    };
    let apart = format!("{}{}", pod("one", "left"), pod("other", "right"));
    let asks = policy("p", "{podSelector: {matchLabels: {side: left}}}");
    let found = |text: &str| with_model(text, &[], |_, findings, _| codes(&findings));
    assert_eq!(found(&format!("{PODS}{apart}{asks}")), ["network/unequal-pods"]);
    assert!(found(&format!("{PODS}{apart}")).is_empty(), "no policy asks for the label");
}

#[test]
fn explanations_and_declared_edges_name_the_rule_of_the_administrator() {
    let text = format!("{PODS}{}{}", admin("guard", 1, DENY_IN), policy("to-db", TO_DB));
    with_model(&text, &[], |model, _, sources| {
        let relation = Connectivity::new(model, HostNetwork::Node);
        let answer = explain(&relation, WEB, DB, Protocol::Tcp, 3306);
        let Verdict::Decided { by, allows: false } = &answer.ingress else { panic!("{answer:?}") };
        assert_eq!(by.display(model), "AdminNetworkPolicy guard ingress[0]");
        let findings = compare(model, &declared(vec![edge("web", "db", 3306)]), HostNetwork::Node, sources);
        let missing = findings.iter().find(|finding| finding.to_string().contains("ingress of")).unwrap();
        let help = miette::Diagnostic::help(missing).unwrap().to_string();
        assert!(help.starts_with("AdminNetworkPolicy guard ingress[0] denies it"), "{help}");
    });
    let allow = "ingress: [{action: Allow, from: [{namespaces: {}}]}], egress: [{action: Allow, to: [{namespaces: {}}]}]";
    let text = format!(
        "{PODS}{}{}",
        admin("open", 1, allow),
        policy("deny", "{podSelector: {}, policyTypes: [Ingress, Egress]}")
    );
    with_model(&text, &[], |model, _, sources| {
        let findings = compare(model, &declared(vec![edge("web", "db", 3306)]), HostNetwork::Node, sources);
        assert!(codes(&findings).contains(&"network/undeclared-edge".to_owned()), "{findings:?}");
        assert!(
            findings.iter().any(|finding| finding.to_string().contains("AdminNetworkPolicy open")),
            "{findings:?}"
        );
    });
}

/// A rule of the law below: action, first and last port.
type RuleOf = (usize, u16, u16);

fn rules() -> impl Strategy<Value = Vec<RuleOf>> {
    prop::collection::vec(
        (0usize..3, 1u16..8, 0u16..4).prop_map(|(action, first, more)| (action, first, first + more)),
        0..4,
    )
}

proptest! {
    /// Port by port, the first rule that matches decides.
    #[test]
    fn layers_are_asked_in_order(
        first in rules(),
        second in rules(),
        own in prop::option::of(1u16..10),
        base in rules(),
        port in 1u16..12,
    ) {
        let words = ["Allow", "Deny", "Pass"];
        let list = |rules: &[RuleOf], actions: usize| {
            let rule = |(action, first, last): &RuleOf| {
                format!("{{action: {}, from: [{{namespaces: {{}}}}], ports: [{{portRange: {{start: {first}, end: {last}}}}}]}}", words[action % actions])
            };
            format!("ingress: [{}]", rules.iter().map(rule).collect::<Vec<_>>().join(", "))
        };
        let isolating = own.map_or_else(String::new, |port| {
            policy("own", &format!("{{podSelector: {{matchLabels: {{app: db}}}}, ingress: [{{ports: [{{port: {port}}}]}}]}}"))
        });
        let text = format!(
            "{PODS}{}{}{isolating}{}",
            admin("later", 9, &list(&second, 3)),
            admin("sooner", 3, &list(&first, 3)),
            baseline(&list(&base, 2))
        );
        let decided = |rules: &[RuleOf], actions: usize| {
            rules.iter().find(|(_, first, last)| (*first..=*last).contains(&port)).map(|(action, ..)| words[action % actions])
        };
        let expected = match decided(&[first, second].concat(), 3) {
            Some("Allow") => true,
            Some("Deny") => false,
            _ => match own {
                Some(own) => own == port,
                None => decided(&base, 2) != Some("Deny"),
            },
        };
        with_model(&text, &[], |model, findings, _| {
            prop_assert!(findings.is_empty(), "{:?}", findings);
            let relation = Connectivity::new(model, HostNetwork::Node);
            prop_assert_eq!(relation.allowed(WEB, DB).contains(Protocol::Tcp, port), expected);
            prop_assert_eq!(explain(&relation, WEB, DB, Protocol::Tcp, port).allowed(), expected);
            let listed = listing::connections(&relation, listing::Families::V4);
            let ours = listed.iter().find(|one| one.source.contains("web") && one.destination.contains("db"));
            prop_assert_eq!(ours.is_some_and(|one| one.ports.contains(Protocol::Tcp, port)), expected);
            Ok(())
        })?;
    }
}
