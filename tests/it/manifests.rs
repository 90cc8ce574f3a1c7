//! `infra manifests validate` and `infra manifests lint`.

use infra_tests::sandbox::Sandbox;
use serde_json::Value;

use crate::harness::{ENVIRONMENTS, findings, infra};

fn rules(result: &Value) -> Vec<&str> {
    findings(result).iter().filter_map(|finding| finding["rule"].as_str()).collect()
}

#[test]
fn the_reference_tree_is_valid_and_clean() {
    let sandbox = Sandbox::reference();
    for environment in ENVIRONMENTS {
        let result =
            infra(&sandbox).run(&["manifests", "validate", environment, "--format", "json"]).exits(0).json();
        assert_eq!(result["schema"], "infra.manifests.validate/v1");
        assert_eq!(rules(&result), Vec::<&str>::new(), "{environment}");
        assert!(result["objects"].as_u64().is_some_and(|objects| objects > 30));
        let _ = infra(&sandbox).run(&["manifests", "lint", environment, "--fail-on", "warning"]).exits(0);
    }
}

#[test]
fn the_environment_says_which_release_it_is_unless_the_command_line_does() {
    let sandbox = Sandbox::reference();
    let version = |arguments: &[&str]| {
        let mut all = vec!["manifests", "validate", "prod", "--format", "json"];
        all.extend(arguments);
        infra(&sandbox).run(&all).exits(0).json()["kubernetes"].as_str().map(ToOwned::to_owned)
    };
    assert_eq!(version(&[]).as_deref(), Some("1.34"));
    assert_eq!(version(&["--kube-version", "v1.31.2"]).as_deref(), Some("1.31"));
    let refused = infra(&sandbox).run(&["manifests", "validate", "prod", "--kube-version", "1.12"]).exits(2);
    assert!(refused.stderr.contains("1.30, 1.31"), "{}", refused.stderr);
}

#[test]
fn a_finding_points_at_the_patch_that_set_the_value() {
    let sandbox = Sandbox::empty();
    sandbox
        .write(
            "base/deployment.yaml",
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: {matchLabels: {app: web}}\n  \
             template:\n    metadata: {labels: {app: web}}\n    spec:\n      containers:\n        - {name: c, image: i}\n",
        )
        .write("base/kustomization.yaml", "resources: [deployment.yaml]\n")
        .write(
            "over/patch.yaml",
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: \"2\"\n  template:\n    spec:\n      \
             containers:\n        - name: c\n          imagePullPolcy: Always\n",
        )
        .write("over/kustomization.yaml", "resources: [../base]\nnamePrefix: dev-\npatches: [{path: patch.yaml}]\n");
    let result = infra(&sandbox).run(&["manifests", "validate", "over", "--format", "json"]).exits(1).json();
    let mut places: Vec<_> = findings(&result)
        .iter()
        .map(|f| (f["rule"].as_str(), f["file"].as_str(), f["line"].as_u64(), f["column"].as_u64()))
        .collect();
    places.sort_by_key(|place| place.2);
    assert_eq!(
        places,
        [
            (Some("manifest/wrong-type"), Some("over/patch.yaml"), Some(5), Some(13)),
            (Some("manifest/unknown-field"), Some("over/patch.yaml"), Some(10), Some(11)),
        ]
    );
}

#[test]
fn plain_manifests_and_kustomizations_among_them_are_read_together() {
    let sandbox = Sandbox::empty();
    sandbox
        .write(
            "all/a.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndatta: {}\n---\nx: 1\nx: 2\n",
        )
        .write(
            "all/deep/b.json",
            "{\"apiVersion\": \"v1\", \"kind\": \"Secret\", \"metadata\": {\"name\": \"B\"}}",
        )
        .write("all/k/kustomization.yaml", "resources: [c.yaml]\n")
        .write("all/k/c.yaml", "apiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: {name: c}\n");
    let result = infra(&sandbox).run(&["manifests", "validate", "all", "--format", "json"]).exits(1).json();
    let mut found = rules(&result);
    found.sort_unstable();
    let wanted = [
        "k8s/duplicate-key",
        "manifest/api-removed",
        "manifest/invalid-name",
        "manifest/not-an-object",
        "manifest/unknown-field",
    ];
    assert_eq!(found, wanted);
    let missing = infra(&sandbox).run(&["manifests", "validate", "no/where"]).exits(2);
    assert!(missing.stderr.contains("no/where"), "{}", missing.stderr);
}

#[test]
fn rules_are_listed_levelled_and_waived() {
    let sandbox = Sandbox::empty();
    let listed = infra(&sandbox).run(&["manifests", "lint", "--rules", "--format", "json"]).exits(0).json();
    let number = listed["rules"].as_array().map_or(0, Vec::len);
    assert!(number >= 60, "{number}");

    let account = |annotations: &str| {
        format!(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {{name: all{annotations}}}\n\
             roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}}\n"
        )
    };
    let run = |exit| {
        infra(&sandbox).run(&["-C", ".", "manifests", "lint", "all", "--format", "json"]).exits(exit).json()
    };
    sandbox.write("all/a.yaml", account(""));
    assert_eq!(rules(&run(1)), ["k8s/cluster-admin"]);
    sandbox
        .write("all/a.yaml", account(", annotations: {infra/allow.cluster-admin: it installs the cluster}"));
    assert_eq!(rules(&run(0)), Vec::<&str>::new());
    sandbox.write("all/a.yaml", account(", annotations: {infra/allow.cluster-admin: \"\"}"));
    assert_eq!(rules(&run(1)), ["k8s/cluster-admin", "k8s/waiver-without-reason"]);

    sandbox
        .write("all/a.yaml", account(""))
        .write("infra.toml", "[rules]\n\"k8s/cluster-admin\" = \"advice\"\n");
    let result = run(0);
    assert_eq!(findings(&result)[0]["severity"], "advice");
    sandbox.write(
        "infra.toml",
        "[[waivers]]\nrule = \"k8s/cluster-admin\"\nobject = \"ClusterRoleBinding *\"\nreason = \"bootstrap\"\n",
    );
    assert_eq!(rules(&run(0)), Vec::<&str>::new());
}

#[test]
fn check_validates_and_lints_every_environment() {
    let sandbox = Sandbox::reference();
    sandbox.replace(
        "infra/catalog/k8s/base/deployment.yaml",
        "kind: Deployment\n",
        "kind: Deployment\nspecc: {}\n",
    );
    let result = infra(&sandbox).run(&["check", "--format", "json"]).exits(1).json();
    assert!(rules(&result).contains(&"manifest/unknown-field"), "{:?}", rules(&result));
}
