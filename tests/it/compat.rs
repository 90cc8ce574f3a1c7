//! `infra compat` on the reference tree: its answers, exit codes and formats.

use std::process::Command;

use infra_tests::sandbox::Sandbox;
use serde_json::Value;

use crate::harness::{findings, infra};

const PLATFORM: &str = "platform/platform.yaml";
const RULES: &str = "platform/compatibility.yaml";

fn json(sandbox: &Sandbox, arguments: &[&str], code: i32) -> Value {
    let arguments = [&["compat"], arguments, &["--format", "json"]].concat();
    infra(sandbox).run(&arguments).exits(code).json()
}

fn rules(result: &Value) -> Vec<&str> {
    findings(result).iter().filter_map(|finding| finding["rule"].as_str()).collect()
}

/// "name from → to" of each step.
fn steps(result: &Value) -> Vec<String> {
    let text = |value: &Value| value[0].as_str().unwrap_or_default().to_owned();
    let moved = |change: &Value| {
        let name = change["name"].as_str().unwrap_or_default();
        format!("{name} {} → {}", text(&change["from"]), text(&change["to"]))
    };
    let step = |step: &Value| {
        step["moves"].as_array().expect("a step has moves").iter().map(moved).collect::<Vec<_>>().join(", ")
    };
    result["steps"].as_array().expect("there is a plan").iter().map(step).collect()
}

/// A repository with the tree as its first commit.
fn committed() -> Sandbox {
    let sandbox = Sandbox::reference();
    git(&sandbox, &["init", "--quiet"]);
    commit(&sandbox);
    sandbox
}

fn git(sandbox: &Sandbox, arguments: &[&str]) {
    let status = Command::new("git")
        .args(["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"])
        .args(arguments)
        .current_dir(sandbox.root())
        .status()
        .expect("git can be run");
    assert!(status.success(), "git {arguments:?}");
}

fn commit(sandbox: &Sandbox) {
    git(sandbox, &["add", "--all"]);
    git(sandbox, &["commit", "--quiet", "--message", "state"]);
}

#[test]
fn a_version_that_breaks_a_constraint_may_not_go() {
    let sandbox = Sandbox::reference();
    let result = json(&sandbox, &["can-deploy", "orders@2.4.0", "--to", "prod"], 1);
    assert_eq!(result["verdict"], "no");
    assert_eq!(result["rows"][0]["rule"], "compat/constraint");
    assert_eq!(result["rows"][0]["partner_versions"][0], "1.6.0");
    assert_eq!(result["rows"][0]["file"], "platform/compatibility.yaml");
    assert_eq!(rules(&result)[0], "compat/can-deploy");
    let both = json(&sandbox, &["can-deploy", "orders@2.4.0", "payments@1.6.1", "--to", "prod"], 0);
    assert_eq!(both["verdict"], "yes");
    let environment = json(&sandbox, &["can-deploy", "payments@1.6.1", "--env", "prod"], 0);
    assert_eq!(environment["environment"], "prod");
}

#[test]
fn a_version_that_was_never_before_may_not_go_to_production() {
    let sandbox = Sandbox::reference();
    let result = json(&sandbox, &["can-deploy", "payments@1.6.2", "--to", "prod"], 1);
    assert_eq!(result["verdict"], "unknown");
    let allowed = json(&sandbox, &["can-deploy", "payments@1.6.2", "--to", "prod", "--unknown", "allow"], 0);
    assert!(rules(&allowed).contains(&"compat/promotion-order"), "{allowed}");
}

#[test]
fn questions_about_what_is_not_there_are_no_questions() {
    let sandbox = Sandbox::reference();
    for (arguments, rule) in [
        (&["can-deploy", "ordres@2.4.0", "--to", "prod"][..], "compat/unknown-component"),
        (&["can-deploy", "orders", "--to", "prod"], "cli/compat-argument"),
        (&["can-deploy", "orders@", "--to", "prod"], "cli/compat-argument"),
        (&["can-deploy", "orders@next", "--to", "prod"], "cli/compat-version"),
        (&["can-deploy", "orders@2.4.0", "--to", "pord"], "cli/unknown-environment"),
        (&["can-deploy", "orders@2.4.0"], "cli/which-environment"),
        (&["impact", "mysq"], "compat/unknown-component"),
        (&["why", "gateway", "mysq"], "compat/unknown-component"),
        (&["graph", "--focus", "mysq"], "compat/unknown-component"),
        (&["check", "--set", "mysql"], "cli/compat-argument"),
        (&["check", "--set", "nowhere:mysql=8.4.6"], "cli/unknown-environment"),
        (&["check", "--today", "tomorrow"], "cli/date"),
        (&["plan", "--env", "prod"], "cli/compat-plan-what"),
        (&["plan", "prod", "nowhere"], "cli/unknown-environment"),
        (&["diff", "no-such-revision"], "cli/revision"),
    ] {
        let result = json(&sandbox, arguments, 2);
        assert_eq!(rules(&result), [rule], "{arguments:?}: {result}");
    }
}

#[test]
fn what_if_tells_what_a_version_would_break() {
    let sandbox = Sandbox::reference();
    let result = json(&sandbox, &["check", "--set", "mysql=9.7.0"], 1);
    assert_eq!(result["introduced"][0]["rule"], "compat/version-unsatisfied");
    assert_eq!(result["mended"], Value::Array(Vec::new()));
    let one = json(&sandbox, &["check", "--set", "dev:orders=2.5.0"], 0);
    assert_eq!(one["introduced"], Value::Array(Vec::new()));
    let gone = json(&sandbox, &["check", "--set", "prod:notifications=remove"], 1);
    assert_eq!(gone["introduced"][0]["rule"], "compat/not-deployed");
}

#[test]
fn an_environment_is_brought_to_the_versions_of_another_one() {
    let sandbox = Sandbox::reference();
    let result = json(&sandbox, &["plan", "prod", "staging"], 0);
    let steps = steps(&result);
    assert_eq!(steps.len(), 5, "{steps:?}");
    let at = |name: &str| steps.iter().position(|step| step.starts_with(name));
    assert!(at("payments") < at("orders"), "orders reads what payments does since 1.6.1: {steps:?}");
    let none = json(&sandbox, &["plan", "prod", "prod"], 0);
    assert_eq!(none["steps"], Value::Array(Vec::new()));
}

#[test]
fn what_is_asked_for_draws_the_rest_along_or_is_refused_with_the_rules() {
    let sandbox = Sandbox::reference();
    let refused = json(&sandbox, &["plan", "--env", "prod", "--set", "mysql=9.7.0"], 1);
    assert_eq!(rules(&refused)[0], "compat/unsolvable");
    assert_eq!(refused["relax"][0]["text"], "`mysql-migrate` needs `mysql` >=8.4 <9");
    let drawn = json(&sandbox, &["plan", "--env", "prod", "--set", "orders=2.4.0"], 0);
    assert_eq!(steps(&drawn), ["payments 1.6.0 → 1.6.1", "orders 2.3.2 → 2.4.0"]);
}

#[test]
fn versions_that_cannot_live_beside_each_other_wait_for_another_rollout() {
    let sandbox = Sandbox::reference();
    let rule = "known_bad:\n  - id: carts\n    all: [{component: gateway, version: <1.9}, {component: gateway, version: '>=1.9'}]\n    reason: carts of one are unreadable for the other\n";
    sandbox.replace(RULES, "known_bad:\n", rule);
    let set = ["plan", "--env", "prod", "--set", "gateway=1.9.0"];
    let refused = json(&sandbox, &set, 1);
    assert_eq!(rules(&refused)[0], "compat/plan-locked");
    let message = refused["findings"][0]["message"].as_str().unwrap();
    assert!(
        message.contains("the old and the new version of `gateway` do not work beside each other"),
        "{message}"
    );
    let no = json(&sandbox, &["can-deploy", "gateway@1.9.0", "--to", "prod"], 1);
    assert_eq!(no["verdict"], "no");
    sandbox.replace(PLATFORM, "- name: gateway\n", "- name: gateway\n    rollout: recreate\n");
    assert_eq!(steps(&json(&sandbox, &set, 0)), ["gateway 1.8.3 → 1.9.0"]);
}

#[test]
fn revisions_are_planned_and_compared() {
    let sandbox = committed();
    sandbox.replace(PLATFORM, "prod: 2.3.2}", "prod: 2.4.0}").replace(
        PLATFORM,
        "prod: 1.6.0}",
        "prod: 1.6.1}",
    );
    commit(&sandbox);
    let plan = json(&sandbox, &["plan", "HEAD~1", "HEAD", "--env", "prod"], 0);
    assert_eq!(steps(&plan), ["payments 1.6.0 → 1.6.1", "orders 2.3.2 → 2.4.0"]);
    let diff = json(&sandbox, &["diff", "HEAD~1", "HEAD"], 0);
    assert_eq!(diff["changes"][0]["what"], "version of `orders` in prod");
    assert_eq!(diff["changes"].as_array().map(Vec::len), Some(2));
    // Against the working tree.
    sandbox.replace(PLATFORM, "prod: 1.6.1}", "prod: 1.6.0}");
    let broken = json(&sandbox, &["diff", "HEAD"], 1);
    assert_eq!(broken["introduced"][0]["rule"], "compat/constraint");
    let mended = json(&sandbox, &["diff", "HEAD~1", "HEAD~1"], 0);
    assert_eq!(mended["changes"], Value::Array(Vec::new()));
}

#[test]
fn chains_and_dependents_are_told() {
    let sandbox = Sandbox::reference();
    let why = json(&sandbox, &["why", "gateway", "mysql", "--env", "prod"], 0);
    assert_eq!(why["chain"][0]["to"], "accounts");
    assert_eq!(why["chain"][1]["to"], "mysql");
    let none = json(&sandbox, &["why", "mysql", "gateway"], 1);
    assert_eq!(rules(&none), ["compat/no-chain"]);
    let impact = json(&sandbox, &["impact", "mysql@9.7.0"], 0);
    let dependents = impact["dependents"].as_array().expect("a list");
    assert_eq!(dependents.len(), 7);
    assert_eq!(dependents.last().expect("one")["component"], "gateway");
    let broken: Vec<&Value> = dependents.iter().filter(|one| one["breaks"] == true).collect();
    assert_eq!(broken.len(), 1);
    assert_eq!(broken[0]["component"], "mysql-migrate");
}

#[test]
fn the_graph_has_pictures_and_only_the_graph() {
    let sandbox = Sandbox::reference();
    let draw = |format: &str| {
        infra(&sandbox)
            .run(&["compat", "graph", "--format", format, "--cluster-by", "environment"])
            .exits(0)
            .stdout
    };
    assert!(draw("dot").starts_with("digraph \"shop\" {"));
    assert!(draw("mermaid").starts_with("flowchart LR\n"));
    assert!(draw("svg").starts_with("<svg ") && draw("svg").ends_with("</svg>\n"));
    assert!(draw("tree").contains("└── "));
    assert_eq!(draw("tree"), draw("human"));
    let result = json(&sandbox, &["graph", "--env", "prod"], 0);
    assert_eq!(result["nodes"].as_array().map(Vec::len), Some(10));
    let refused = infra(&sandbox).run(&["check", "--format", "dot"]).exits(2);
    assert!(refused.stderr.contains("cli/format"), "{}", refused.stderr);
}

#[test]
fn a_platform_may_be_spread_over_several_files() {
    let sandbox = committed();
    let whole = json(&sandbox, &["check"], 0);
    // `gateway` moves into a file of its own, and so do the rules from `known_bad` on.
    let platform = sandbox.read(PLATFORM);
    let (head, rest) = platform.split_once("  - name: gateway\n").expect("the tree has a gateway");
    let (gateway, tail) = rest.split_once("  - name: ").expect("it is not the last one");
    sandbox.write(PLATFORM, format!("{head}  - name: {tail}"));
    let part = format!("apiVersion: infra/v1\nkind: Platform\ncomponents:\n  - name: gateway\n{gateway}");
    sandbox.write("platform/platform.d/web.yaml", part);
    assert_eq!(json(&sandbox, &["check"], 0)["components"], whole["components"]);

    let rules = "apiVersion: infra/v1\nkind: Compatibility\nknown_bad:\n  - {id: too-old, all: [{component: gateway}], reason: it is}\n";
    sandbox.write("platform/compatibility.d/web.yaml", rules);
    let bad = json(&sandbox, &["check"], 1);
    let finding = findings(&bad).iter().find(|finding| finding["rule"] == "compat/known-bad").expect("one");
    assert_eq!(finding["file"], "platform/compatibility.d/web.yaml");

    // A revision has its parts, and so has another directory.
    commit(&sandbox);
    let same = json(&sandbox, &["diff", "HEAD", "HEAD"], 0);
    assert_eq!(same["changes"], Value::Array(Vec::new()));
    let before = json(&sandbox, &["diff", "HEAD~1", "HEAD"], 1);
    assert_eq!(before["introduced"][0]["rule"], "compat/known-bad", "{before}");
    let root = sandbox.root().join("platform").display().to_string();
    assert_eq!(json(&sandbox, &["diff", &root, "HEAD"], 0)["changes"], Value::Array(Vec::new()));

    // Elsewhere, where `infra.toml` says so; a pattern that leaves the tree is refused.
    sandbox.write("teams/web/platform.yaml", sandbox.read("platform/platform.d/web.yaml"));
    sandbox.remove("platform/platform.d/web.yaml");
    assert_eq!(rules_of_check(&sandbox, 1)[0], "compat/unknown-component");
    sandbox.write("infra.toml", "[paths]\nplatform_parts = [\"teams/*/platform.yaml\"]\n");
    assert_eq!(rules_of_check(&sandbox, 1)[0], "compat/known-bad");
    sandbox.write("infra.toml", "[paths]\nplatform_parts = [\"../*.yaml\"]\n");
    let refused = infra(&sandbox).run(&["compat", "check"]).exits(2);
    assert!(refused.stderr.contains("leaves the tree"), "{}", refused.stderr);
}

fn rules_of_check(sandbox: &Sandbox, code: i32) -> Vec<String> {
    rules(&json(sandbox, &["check"], code)).into_iter().map(str::to_owned).collect()
}

#[test]
fn editors_get_a_schema_of_each_file() {
    let sandbox = Sandbox::reference();
    for (of, title) in [("platform", "platform.yaml"), ("compatibility", "compatibility.yaml")] {
        let printed = infra(&sandbox).run(&["compat", "schema", of]).exits(0).json();
        assert_eq!(printed["title"], title);
        assert_eq!(printed["$schema"], "https://json-schema.org/draft/2020-12/schema");
        assert_eq!(json(&sandbox, &["schema", of], 0)["json_schema"], printed);
    }
    let part = infra(&sandbox).run(&["compat", "schema", "part"]).exits(0).json();
    assert_eq!(part["required"], serde_json::json!(["apiVersion", "kind", "components"]));
}
