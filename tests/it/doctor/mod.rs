//! `infra doctor` and `infra compat check --live` against real servers, sound and broken ones.

mod apiserver;
mod certificates;
mod cluster;
mod kubeconfig;
mod mysql;
mod redis;
mod silent;

use infra_tests::run::Outcome;
use infra_tests::sandbox::Sandbox;
use serde_json::Value;

use crate::harness::findings;

/// A tree whose platform.yaml has one component in `dev` and whose infra.toml says how to reach it.
fn tree(component: &str, connections: &str) -> Sandbox {
    let sandbox = Sandbox::empty();
    let platform = format!(
        "apiVersion: infra/v1\nkind: Platform\nmetadata: {{name: shop, owner: team}}\nenvironments: [{{name: dev}}]\ncomponents:\n{component}"
    );
    sandbox.write("platform/platform.yaml", platform).write("infra.toml", connections);
    sandbox
}

/// Rule and severity of every finding.
#[track_caller]
fn rules(result: &Value) -> Vec<(&str, &str)> {
    findings(result)
        .iter()
        .map(|finding| {
            (
                finding["rule"].as_str().expect("it has a rule"),
                finding["severity"].as_str().expect("it has one"),
            )
        })
        .collect()
}

/// The message of the one finding of a rule, with its place.
#[track_caller]
fn finding<'r>(result: &'r Value, rule: &str) -> &'r Value {
    let of: Vec<&Value> = findings(result).iter().filter(|finding| finding["rule"] == rule).collect();
    assert_eq!(of.len(), 1, "{rule} in {result:#}");
    of[0]
}

/// The outcome, which shows none of these secrets.
#[track_caller]
fn silent_about(outcome: Outcome, secrets: &[&str]) -> Outcome {
    for secret in secrets {
        assert!(!outcome.all().contains(secret), "{secret} is shown in {}", outcome.all());
    }
    outcome
}
