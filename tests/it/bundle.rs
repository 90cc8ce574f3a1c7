//! Migration bundles: `infra render` and stock kustomize, which calls `infra krm`, print the same bytes.

use std::process::Command;

use infra_tests::run::{Outcome, run};
use infra_tests::sandbox::Sandbox;

use crate::harness::infra;

const JOB: &str = "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: migrate # a comment\nspec:\n  template:\n    metadata: {annotations: {note: \"yes\"}}\n    spec:\n      restartPolicy: Never\n      containers:\n      - {name: migrate, image: registry.example.com/infra, args: [migrate, apply], envFrom: [{configMapRef: {name: connection}}]}\n      volumes:\n      - {name: migrations, configMap: {name: mig, defaultMode: 0444}}\n";

/// A tree with migrations of every odd kind, and stock kustomize's answer to it.
fn tree(spec: &str, kustomization: &str) -> Sandbox {
    let sandbox = Sandbox::empty();
    sandbox.write("infra.toml", "");
    let krm = format!("exec: {{path: {}, args: [krm]}}", env!("CARGO_BIN_EXE_infra-under-test"));
    sandbox.write(
        "k8s/bundle.yaml",
        format!("apiVersion: infra/v1\nkind: MigrationBundle\nmetadata:\n  name: mig\n  annotations:\n    config.kubernetes.io/function: '{krm}'\nspec: {spec}\n"),
    );
    sandbox.write("k8s/job.yaml", JOB);
    sandbox.write("k8s/kustomization.yaml", kustomization);
    sandbox.write("migrations/V1__lines.sql", "select 1;\r\n\tselect 2; \n");
    sandbox.write("migrations/V2__mark.sql", "\u{feff}-- \u{1F600} \u{85}\n\n");
    sandbox.write("migrations/V3__no end.sql", "select 'x'");
    sandbox.write("migrations/V4__empty.sql", "");
    sandbox.write("migrations/V10__true.sql", "true");
    sandbox.write("migrations/sub/R__ü.sql", "  indented\n");
    sandbox.write("migrations/readme.md", "not packed");
    std::fs::write(sandbox.path("migrations/V5__bin.sql"), b"\xff\xfe\0\x80".repeat(60))
        .expect("a file can be written");
    sandbox
}

fn stock(sandbox: &Sandbox) -> Outcome {
    let mut kustomize = Command::new(infra_tests::tools::kustomize());
    run(kustomize.args(["build", "--enable-alpha-plugins", "--enable-exec"]).arg(sandbox.path("k8s")))
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs kustomize: run ./tests/run")]
fn a_bundle_is_the_same_under_stock_kustomize() {
    for (spec, fields) in [
        ("{path: ../migrations}", ""),
        ("{path: ../migrations, job: job.yaml, immutable: true}", ""),
        (
            "{path: ../migrations, job: job.yaml}",
            "namespace: ns\nnamePrefix: p-\nlabels: [{pairs: {a: b}, includeTemplates: true}]\nimages: [{name: registry.example.com/infra, newTag: '2'}]\nconfigMapGenerator: [{name: connection, literals: [a=b]}]\n",
        ),
    ] {
        let sandbox = tree(spec, &format!("generators: [bundle.yaml]\n{fields}"));
        let ours: String = infra(&sandbox).run(&["render", "k8s"]).output();
        let theirs: String = stock(&sandbox).output();
        assert_eq!(ours, theirs, "{spec} {fields}");
        assert!(ours.contains("path: V3__no end.sql") == spec.contains("job"), "{ours}");
        assert!(ours.contains("V10__true.sql") && !ours.contains("not packed"), "{ours}");
    }
    // Five megabytes, in parts.
    let sandbox = tree("{path: ../migrations, job: job.yaml}", "generators: [bundle.yaml]\n");
    for version in 20..70 {
        sandbox.write(&format!("migrations/V{version}__m.sql"), "insert into t values (1);\n".repeat(4000));
    }
    let ours: String = infra(&sandbox).run(&["render", "k8s"]).output();
    assert!(ours.contains("name: mig-v7-") && !ours.contains("name: mig-v8-"));
    assert_eq!(ours, stock(&sandbox).output());
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs kustomize: run ./tests/run")]
fn a_refused_bundle_is_refused_by_both() {
    for (spec, expected) in [
        ("{path: ../migrations, imutable: true}", "did you mean `immutable`?"),
        ("{path: ../../..}", "leads out of the tree"),
        ("{path: ../migrations, job: /etc/passwd}", "leads out of the tree"),
    ] {
        let sandbox = tree(spec, "generators: [bundle.yaml]\n");
        let ours = infra(&sandbox).run(&["render", "k8s"]).exits(1);
        let theirs = stock(&sandbox);
        assert_ne!(theirs.code, 0, "{spec}");
        assert!(ours.stderr.contains(expected) && ours.stderr.contains("bundle.yaml"), "{}", ours.stderr);
        assert!(theirs.stderr.contains(expected), "{}", theirs.stderr);
    }
}
