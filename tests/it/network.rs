//! `infra network` on the reference tree: what it prints, its exit codes, and that it notices what is changed.

use infra_tests::sandbox::Sandbox;
use serde_json::Value;

use crate::harness::{findings, infra};

const PLATFORM: &str = "platform/platform.yaml";
const NETWORK: &str = "infra/shared/k8s/base/network";

fn json(sandbox: &Sandbox, arguments: &[&str], code: i32) -> Value {
    let arguments = [&["network"], arguments, &["--format", "json"]].concat();
    infra(sandbox).run(&arguments).exits(code).json()
}

fn rules(result: &Value) -> Vec<&str> {
    findings(result).iter().filter_map(|finding| finding["rule"].as_str()).collect()
}

#[test]
fn the_reference_policies_allow_exactly_what_is_declared() {
    let sandbox = Sandbox::reference();
    let result = json(&sandbox, &["check"], 0);
    assert_eq!(rules(&result), [""; 0], "{result}");
    let text = infra(&sandbox).run(&["network", "check"]).exits(0).all();
    for environment in ["dev", "staging", "prod"] {
        assert!(
            text.lines().any(|line| line.contains(environment) && line.contains("exactly these")),
            "{text}"
        );
    }
}

#[test]
fn an_edge_that_is_no_longer_declared_is_allowed_by_a_policy_that_is_named() {
    let sandbox = Sandbox::reference();
    let platform = sandbox.read(PLATFORM);
    let edge =
        platform.lines().find(|line| line.contains("component: catalog")).expect("someone needs catalog");
    sandbox.write(PLATFORM, platform.replacen(&format!("{edge}\n"), "", 1));
    let result = json(&sandbox, &["check", "dev"], 1);
    assert_eq!(rules(&result), ["network/undeclared-edge"], "{result}");
    let finding = &findings(&result)[0];
    assert_eq!(finding["file"], format!("{NETWORK}/catalog.yaml"), "{finding}");
}

#[test]
fn a_policy_that_is_added_or_taken_away_is_noticed() {
    let sandbox = Sandbox::reference();
    let more = "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: more}\nspec:\n  podSelector: {matchLabels: {app.kubernetes.io/name: mysql}}\n  ingress: [{from: [{podSelector: {matchLabels: {app.kubernetes.io/name: gateway}}}], ports: [{port: 3306}]}]\n";
    sandbox.append(&format!("{NETWORK}/mysql.yaml"), more);
    let result = json(&sandbox, &["check", "dev"], 1);
    assert_eq!(rules(&result), ["network/undeclared-edge"], "{result}");

    let sandbox = Sandbox::reference();
    sandbox.remove(&format!("{NETWORK}/catalog.yaml"));
    sandbox.replace(&format!("{NETWORK}/kustomization.yaml"), "  - catalog.yaml\n", "");
    let result = json(&sandbox, &["check", "dev"], 1);
    assert!(!rules(&result).is_empty(), "{result}");
    assert!(rules(&result).iter().all(|rule| *rule == "network/missing-edge"), "{result}");
}

#[test]
fn a_connection_is_explained_by_file_and_line() {
    let sandbox = Sandbox::reference();
    let allowed =
        infra(&sandbox).run(&["network", "explain", "gateway", "catalog:8080", "dev"]).exits(0).stdout;
    assert!(allowed.contains("TCP 8080 is allowed"), "{allowed}");
    assert!(allowed.contains(&format!("{NETWORK}/catalog.yaml:")), "{allowed}");
    let denied = infra(&sandbox).run(&["network", "explain", "gateway", "mysql:3306", "dev"]).exits(1).stdout;
    assert!(denied.contains("TCP 3306 is denied") && denied.contains("default-deny"), "{denied}");
    let unknown = infra(&sandbox).run(&["network", "explain", "gatewy", "mysql:3306", "dev"]).exits(2).stderr;
    assert!(unknown.contains("gateway"), "the nearest name is offered: {unknown}");
}

#[test]
fn lists_have_the_columns_of_their_format() {
    let sandbox = Sandbox::reference();
    let list =
        |format: &str| infra(&sandbox).run(&["network", "graph", "dev", "--format", format]).exits(0).stdout;
    let lines = |format: &str, mark: &str| list(format).lines().filter(|line| line.contains(mark)).count();
    let count = lines("txt", " => ");
    assert!(count > 10);
    assert_eq!(list("csv").lines().next(), Some("src,dst,conn"));
    assert_eq!(list("csv").lines().count(), count + 1);
    assert_eq!(
        lines("md", "| shop-dev/") + lines("md", "|shop-dev/"),
        lines("txt", "shop-dev/"),
        "{}",
        list("md")
    );
    assert_eq!(lines("dot", " -> "), count);
    let result = json(&sandbox, &["graph", "dev"], 0);
    assert_eq!(result.as_array().map(Vec::len), Some(count), "{result}");
}

#[test]
fn what_a_change_opens_and_closes_is_told() {
    let sandbox = Sandbox::reference();
    let same = infra(&sandbox).run(&["network", "diff", "dev", "dev"]).exits(0).stdout;
    assert!(!same.contains("diff-type:"), "{same}");
    let pods = |name: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, labels: {{app: {name}}}}}\nspec: {{containers: [{{name: c, image: c}}]}}\n---\n"
        )
    };
    let policy = |port: u16| {
        format!(
            "{}{}apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: only}}\nspec:\n  podSelector: {{matchLabels: {{app: b}}}}\n  ingress: [{{from: [{{podSelector: {{}}}}], ports: [{{port: {port}}}]}}]\n",
            pods("a"),
            pods("b")
        )
    };
    sandbox.write("before/all.yaml", policy(80)).write("after/all.yaml", policy(81));
    let changed =
        infra(&sandbox).run(&["network", "diff", "before", "after", "--format", "csv"]).exits(0).stdout;
    let lines: Vec<&str> = changed.lines().collect();
    assert_eq!(lines[1..], ["changed,default/a[Pod],default/b[Pod],TCP 80,TCP 81,"], "{changed}");
}
