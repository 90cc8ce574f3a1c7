//! A cluster's pods and workloads against platform.yaml and the overlays.

use std::time::Duration;

use infra_tests::sandbox::Sandbox;
use serde_json::{Value, json};

use super::apiserver::{Answer, ApiServer, deployment, list, pod, refusal};
use super::kubeconfig::{TOKEN, cluster};
use super::{finding, rules, silent_about, tree};
use crate::harness::infra;

const WEB: &str =
    "  - {name: web, kind: service, version: 1.2.0, image: shop/web, provides: [{name: http, port: 80}]}\n";
const PODS: &str = "/api/v1/namespaces/dev/pods";
const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/dev/deployments";

/// A cluster with these pods and Deployments.
fn holding(sandbox: &Sandbox, pods: Vec<Value>, deployments: Vec<Value>) -> ApiServer {
    ApiServer::start(sandbox, move |path| {
        let of = |prefix: &str, kind, items: &[Value]| {
            path.starts_with(prefix).then(|| Answer::Json(200, list(kind, items, "")))
        };
        of(PODS, "PodList", &pods).or_else(|| of(DEPLOYMENTS, "DeploymentList", &deployments))
    })
}

/// What the doctor says of `dev`, and its exit code.
fn diagnose(sandbox: &Sandbox, api: &ApiServer, exit: i32) -> Value {
    cluster(sandbox, &api.url());
    let outcome = infra(sandbox).run(&["doctor", "dev", "--format", "json"]).exits(exit);
    silent_about(outcome, &[TOKEN]).json()
}

#[test]
fn a_cluster_that_runs_what_is_declared_has_nothing_wrong() {
    let sandbox = tree(WEB, "");
    let api = holding(
        &sandbox,
        vec![pod("web", "shop/web:v1.2.0", true)],
        vec![deployment("web", "shop/web:v1.2.0", 1)],
    );
    let result = diagnose(&sandbox, &api, 0);
    assert_eq!(rules(&result), []);
    let seen = &result["clusters"][0];
    assert_eq!((&seen["version"], &seen["environment"]), (&"v1.33.4+k3s1".into(), &"dev".into()));
    assert_eq!(seen["pods"][0]["of"], json!({"kind": "Deployment", "name": "web"}));
    assert_eq!(seen["pods"][0]["containers"][0]["image"], "shop/web:v1.2.0");
    let asked = api.asked();
    assert!(asked.iter().all(|one| one.authorization == format!("Bearer {TOKEN}")), "{asked:?}");
    assert!(asked.iter().any(|one| one.path.contains("limit=500")), "{asked:?}");
    // Nobody asks for nodes without a rule about them: that takes another right.
    assert!(!asked.iter().any(|one| one.path.contains("nodes")), "{asked:?}");
    let text = infra(&sandbox).run(&["doctor", "dev"]).exits(0).stdout;
    assert!(text.contains("Kubernetes v1.33.4+k3s1") && text.contains("1 pod, 1 ready"), "{text}");
}

#[test]
fn each_difference_has_its_rule() {
    let other = vec![pod("web", "shop/web:1.1.0", true)];
    let failing = vec![pod("web", "shop/web:1.2.0", false)];
    let strange = vec![pod("web", "shop/wob:1.2.0", true)];
    let more = vec![pod("web", "shop/web:1.2.0", true), pod("miner", "evil/miner:1", true)];
    let two = vec![pod("web", "shop/web:1.2.0", true), pod("web", "shop/web:1.2.0", false)];
    let none = deployment("web", "shop/web:1.2.0", 0);
    for (pods, deployments, wanted, text) in [
        (
            other,
            vec![],
            ("probe/version", "error"),
            "declared as `1.2.0`, but `shop/web:1.1.0` runs in `web-5d-x`",
        ),
        (failing, vec![], ("probe/not-ready", "error"), "`web-5d-x`: CrashLoopBackOff"),
        (two, vec![], ("probe/not-ready", "warning"), "1 of 2 pods of `web`"),
        (strange, vec![], ("probe/image", "error"), "runs `shop/wob:1.2.0`"),
        (more, vec![], ("probe/undeclared", "warning"), "Deployment `miner` runs `evil/miner:1` in `dev`"),
        (vec![], vec![], ("probe/not-running", "error"), "`web` does not run in `dev`"),
        (vec![], vec![none], ("probe/not-running", "warning"), "scaled to no pods"),
    ] {
        let sandbox = tree(WEB, "");
        let api = holding(&sandbox, pods, deployments);
        let result = diagnose(&sandbox, &api, i32::from(wanted.1 == "error"));
        assert_eq!(rules(&result), [wanted], "{result:#}");
        let message = finding(&result, wanted.0)["message"].as_str().expect("a text");
        assert!(message.contains(text), "{message}");
    }
}

#[test]
fn a_tag_that_was_moved_shows_by_its_digest() {
    let sandbox = tree(WEB, "");
    let known = |digest: &str| {
        sandbox.write("platform/compatibility.yaml", format!(
            "apiVersion: infra/v1\nkind: Compatibility\nreleases: [{{component: web, versions: [{{version: 1.2.0, digests: ['sha256:{digest}']}}]}}]\n"
        ));
    };
    let api = holding(&sandbox, vec![pod("web", "shop/web:1.2.0", true)], vec![]);
    known(&format!("{:064}", 7));
    assert_eq!(rules(&diagnose(&sandbox, &api, 0)), []);
    known(&format!("{:064}", 8));
    assert_eq!(rules(&diagnose(&sandbox, &api, 1)), [("probe/image", "error")]);
}

#[test]
fn overlays_are_compared_with_what_was_applied() {
    let sandbox = tree(WEB, "");
    sandbox.write("infra/web/k8s/overlays/dev/kustomization.yaml", "namespace: dev\nresources: [web.yaml]\n");
    sandbox.write(
        "infra/web/k8s/overlays/dev/web.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: {matchLabels: {app.kubernetes.io/name: web}}\n  template:\n    metadata: {labels: {app.kubernetes.io/name: web}}\n    spec:\n      containers:\n        - {name: app, image: 'shop/web:1.2.0'}\n",
    );
    let running = || vec![pod("web", "shop/web:1.2.0", true)];
    let api = holding(&sandbox, running(), vec![deployment("web", "shop/web:1.2.0", 1)]);
    assert_eq!(rules(&diagnose(&sandbox, &api, 0)), []);
    let api = holding(&sandbox, running(), vec![deployment("web", "shop/web:1.1.0", 1)]);
    let result = diagnose(&sandbox, &api, 1);
    assert_eq!(rules(&result), [("probe/overlay", "error")]);
    assert_eq!(
        (&result["findings"][0]["file"], &result["findings"][0]["line"]),
        (&"infra/web/k8s/overlays/dev/web.yaml".into(), &10.into())
    );
    let api = holding(&sandbox, running(), vec![]);
    assert_eq!(rules(&diagnose(&sandbox, &api, 1)), [("probe/not-applied", "error")]);
}

#[test]
fn what_may_not_be_listed_is_said_and_the_rest_is_judged() {
    let sandbox = tree(WEB, "");
    let api = ApiServer::start(&sandbox, |path| {
        if path.starts_with(PODS) {
            let message = "pods is forbidden: User \"system:serviceaccount:ci:probe\" cannot list resource \"pods\" in API group \"\" in the namespace \"dev\"";
            return Some(refusal(403, "Forbidden", message));
        }
        None
    });
    let result = diagnose(&sandbox, &api, 0);
    assert_eq!(rules(&result), [("probe/not-seen", "advice")]);
    let message = finding(&result, "probe/not-seen")["message"].as_str().expect("a text");
    assert!(message.contains("which pods run in namespace `dev`: 403 pods is forbidden"), "{message}");
    assert!(api.asked().iter().any(|one| one.path.starts_with(DEPLOYMENTS)), "it goes on");
    assert_eq!(result["clusters"][0]["pods"], Value::Null, "that is not the same as none");
    let text = infra(&sandbox).run(&["doctor", "dev"]).exits(0).stdout;
    assert!(text.contains("pods not seen") && !text.contains("ready"), "{text}");
}

#[test]
fn a_namespace_that_may_not_be_seen_takes_nothing_from_the_others() {
    let more = "  - {name: gate, kind: service, version: 1.0.0, image: shop/gate, namespace: gates, provides: [{name: http, port: 80}]}\n";
    let sandbox = tree(&format!("{WEB}{more}"), "");
    let api = ApiServer::start(&sandbox, |path| {
        if path.starts_with("/api/v1/namespaces/gates/") {
            return Some(refusal(403, "Forbidden", "pods is forbidden"));
        }
        path.starts_with(PODS)
            .then(|| Answer::Json(200, list("PodList", &[pod("web", "shop/web:1.1.0", true)], "")))
    });
    let result = diagnose(&sandbox, &api, 1);
    assert_eq!(rules(&result), [("probe/version", "error"), ("probe/not-seen", "advice")]);
    let message = finding(&result, "probe/not-seen")["message"].as_str().expect("a text");
    assert!(message.contains("which pods run in namespace `gates`: 403"), "{message}");
    assert_eq!(result["clusters"][0]["not_seen"][0]["what"], "which pods run in namespace `gates`");
    let text = infra(&sandbox).run(&["doctor", "dev"]).exits(1).stdout;
    assert!(text.contains("1 pod, 1 ready, 1 namespace not seen"), "{text}");
}

#[test]
fn a_connection_that_ends_between_two_questions_is_made_anew() {
    let sandbox = tree(WEB, "");
    let api = ApiServer::start(&sandbox, |path| {
        let items = if path.starts_with(PODS) { vec![pod("web", "shop/web:1.2.0", true)] } else { vec![] };
        Some(Answer::Last(if path == "/version" {
            json!({"gitVersion": "v1.33.4"})
        } else {
            list("PodList", &items, "")
        }))
    });
    assert_eq!(rules(&diagnose(&sandbox, &api, 0)), []);
    assert_eq!(api.asked().len(), 5, "{:?}", api.asked());
}

#[test]
fn a_server_that_is_overloaded_is_told_of_at_once() {
    let sandbox = tree(WEB, "");
    let api = ApiServer::start(&sandbox, |path| {
        path.starts_with(PODS).then(|| refusal(503, "ServiceUnavailable", "etcdserver: request timed out"))
    });
    let result = diagnose(&sandbox, &api, 0);
    let message = finding(&result, "probe/not-seen")["message"].as_str().expect("a text");
    assert!(message.contains("503 etcdserver: request timed out"), "{message}");
}

#[test]
fn a_long_list_comes_in_parts_and_begins_anew_when_its_rest_is_gone() {
    let parts = |path: &str, gone: bool| {
        let (first, second) = (pod("web", "shop/web:1.2.0", true), pod("miner", "evil/miner:1", true));
        let answer = if path.contains("continue=rest") && gone {
            refusal(410, "Expired", "The provided continue parameter is too old")
        } else if path.contains("continue=rest") {
            Answer::Json(200, list("PodList", &[second], ""))
        } else if path.contains("limit=") {
            Answer::Json(200, list("PodList", &[first], "rest"))
        } else {
            Answer::Json(200, list("PodList", &[first, second], ""))
        };
        path.starts_with(PODS).then_some(answer)
    };
    for gone in [false, true] {
        let sandbox = tree(WEB, "");
        let api = ApiServer::start(&sandbox, move |path| parts(path, gone));
        let result = diagnose(&sandbox, &api, 0);
        assert_eq!(rules(&result), [("probe/undeclared", "warning")], "{gone}: {:?}", api.asked());
        assert_eq!(result["clusters"][0]["pods"].as_array().expect("a list").len(), 2, "{gone}");
    }
}

#[test]
fn a_list_without_an_end_is_left() {
    let sandbox = tree(WEB, "");
    let api = ApiServer::start(&sandbox, |path| {
        path.starts_with(PODS).then(|| Answer::Json(200, list("PodList", &[], "again")))
    });
    let result = diagnose(&sandbox, &api, 0);
    let message = finding(&result, "probe/not-seen")["message"].as_str().expect("a text");
    assert!(message.contains("does not come to an end"), "{message}");
}

#[test]
fn who_does_not_answer_as_an_api_server_was_not_reached() {
    type Says = fn(&str) -> Option<Answer>;
    let cases: [(Says, &str, &str); 4] = [
        (|_| Some(Answer::Silence), "probe/unreachable", "no answer within 2 s"),
        (
            |_| Some(Answer::Text("<html>It works!</html>")),
            "probe/unreachable",
            "does not answer as an API server does",
        ),
        (|_| Some(refusal(401, "Unauthorized", "Unauthorized")), "probe/refused", "401 Unauthorized"),
        (
            |path| path.starts_with(PODS).then_some(Answer::Silence),
            "probe/unreachable",
            "no answer within 2 s",
        ),
    ];
    for (says, rule, text) in cases {
        let sandbox = tree(WEB, "");
        let api = ApiServer::start(&sandbox, says);
        cluster(&sandbox, &api.url());
        let outcome = infra(&sandbox).run(&["doctor", "dev", "--timeout", "2", "--format", "json"]).exits(3);
        assert!(outcome.elapsed < Duration::from_secs(8), "{:?}", outcome.elapsed);
        let result = silent_about(outcome, &[TOKEN]).json();
        let message = finding(&result, rule)["message"].as_str().expect("a text");
        assert!(message.contains(text), "{message}");
        assert_eq!(result["clusters"][0]["reachable"], false);
    }
}

#[test]
fn rules_about_versions_are_told_what_runs() {
    let sandbox = tree(WEB, "");
    sandbox.write("platform/compatibility.yaml", "apiVersion: infra/v1\nkind: Compatibility\nconstraints:\n  - id: kubelet-skew\n    skew: {leader: 'probe:kubernetes', follower: 'probe:kubelet', older: 3, newer: 0, unit: minor}\n    reason: the skew policy\n  - id: web-really\n    skew: {leader: web, follower: 'probe:web', older: 0, newer: 0, unit: minor}\n    reason: no old web\n");
    let node = |version: &str| json!({"metadata": {"name": version}, "status": {"nodeInfo": {"kubeletVersion": version}}});
    let nodes = [node("v1.33.4+k3s1"), node("v1.29.1+k3s1")];
    let api = ApiServer::start(&sandbox, move |path| {
        let nodes =
            path.starts_with("/api/v1/nodes").then(|| Answer::Json(200, list("NodeList", &nodes, "")));
        nodes.or_else(|| {
            path.starts_with(PODS)
                .then(|| Answer::Json(200, list("PodList", &[pod("web", "shop/web:1.1.0", true)], "")))
        })
    });
    cluster(&sandbox, &api.url());
    let offline = infra(&sandbox).run(&["compat", "check", "--format", "json"]).exits(0).json();
    assert_eq!(offline["unprobed"], json!(["kubelet-skew", "web-really"]));
    let result = infra(&sandbox).run(&["compat", "check", "--live", "--format", "json"]).exits(1).json();
    assert_eq!(result["observed"], json!([{"environment": "dev", "component": "web", "version": "1.1.0"}]));
    assert_eq!(finding(&result, "probe/version")["severity"], "error");
    let message = finding(&result, "compat/skew")["message"].as_str().expect("a text");
    assert!(
        message.contains("`kubelet` v1.29.1+k3s1 and `kubernetes` v1.33.4+k3s1 are too far apart"),
        "{message}"
    );
    assert_eq!(result["unprobed"], json!([]));
}
