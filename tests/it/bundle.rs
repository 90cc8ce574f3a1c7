//! Migration bundles: `infra render` and stock kustomize, which calls `infra krm`, print the same bytes.

use std::process::Command;

use infra_tests::run::{Outcome, run};
use infra_tests::sandbox::Sandbox;

use crate::harness::{findings, infra};

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

/// The same bundle below an overlay with these fields, which names the Job last.
fn overlaid(fields: &str) -> Sandbox {
    let base = "generators: [bundle.yaml]\nresources: [role.yaml]\nconfigMapGenerator: [{name: connection, literals: [a=b]}]\n";
    let sandbox = tree("{path: ../migrations, job: job.yaml}", base);
    std::fs::rename(sandbox.path("k8s"), sandbox.path("base")).expect("the base can be moved");
    sandbox.write("base/role.yaml", "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: r}\nrules:\n- {apiGroups: [batch], resources: [jobs], resourceNames: [migrate], verbs: [get]}\n");
    let krm = format!("exec: {{path: {}, args: [krm]}}", env!("CARGO_BIN_EXE_infra-under-test"));
    sandbox.write(
        "k8s/naming.yaml",
        format!("apiVersion: infra/v1\nkind: MigrationJobName\nmetadata:\n  name: any\n  annotations:\n    config.kubernetes.io/function: '{krm}'\n"),
    );
    sandbox.write(
        "k8s/kustomization.yaml",
        format!("resources: [../base]\ntransformers: [naming.yaml]\n{fields}"),
    );
    sandbox
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs kustomize: run ./tests/run")]
fn the_jobs_name_follows_overlays_and_is_the_same_under_stock_kustomize() {
    let mut names = Vec::new();
    let waits = "resources: [../base, wait.yaml]\ntransformers: [naming.yaml, replace.yaml]\nsortOptions: {order: fifo}\n";
    for fields in [
        "",
        "images: [{name: registry.example.com/infra, newTag: '2'}]\n",
        "namespace: ns\nnamePrefix: p-\nnameSuffix: -s\nbuildMetadata: [originAnnotations, transformerAnnotations]\n",
        "configMapGenerator: [{name: connection, behavior: merge, literals: [a=c]}]\nsortOptions: {order: fifo}\n",
        "patches: [{target: {kind: Job, name: migrate}, patch: '[{\"op\": \"add\", \"path\": \"/spec/backoffLimit\", \"value\": 0}]'}]\n",
        "labels: [{pairs: {a: 'yes', b: '010'}, includeTemplates: true, includeSelectors: true}]\ncommonAnnotations: {c: '1_0'}\n",
        waits,
    ] {
        let sandbox = overlaid(fields);
        if fields == waits {
            sandbox.write("k8s/kustomization.yaml", fields);
            sandbox.write("k8s/wait.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: w}\nspec: {containers: [{name: k, image: k, args: [wait, job/migrate]}]}\n");
            sandbox.write("k8s/replace.yaml", "apiVersion: builtin\nkind: ReplacementTransformer\nmetadata: {name: any}\nreplacements:\n- source: {kind: Job, name: migrate, fieldPath: metadata.name}\n  targets: [{select: {kind: Pod}, fieldPaths: [spec.containers.0.args.1], options: {delimiter: /, index: 1}}]\n");
        }
        let ours: String = infra(&sandbox).run(&["render", "k8s"]).output();
        assert_eq!(ours, stock(&sandbox).output(), "{fields}");
        let starts_job =
            |line: &&str| line.starts_with("  name: migrate-") || line.starts_with("  name: p-migrate-");
        let name = ours.lines().find(starts_job).expect("there is a Job").trim().replace("name: ", "");
        assert!(ours.contains(&format!("  - {name}\n")), "the role follows: {ours}");
        assert!(fields != waits || ours.contains(&format!("    - job/{name}\n")), "the pod follows: {ours}");
        assert!(fields == waits || !names.contains(&name), "{fields} keeps {name}");
        names.push(name);
    }
    assert_eq!(names.first(), names.last(), "what is beside the Job does not count");
}

#[test]
fn a_bundle_agrees_with_its_files_and_says_when_its_name_does_not() {
    let job = JOB.replace("args: [migrate, apply]", "args: [migrate, apply, --locations, /migrations]");
    let check = |transformers: &str| {
        let sandbox = Sandbox::empty();
        sandbox.write("infra.toml", "");
        sandbox.write("infra/mysql/migrations/V1__a.sql", "create table a (id int); -- \u{85}\u{2028}\n");
        sandbox.write("infra/mysql/migrations/V2__b.sql", "\u{feff}create table b (id int); -- \u{85}\n");
        sandbox.write("infra/mysql/k8s/overlays/dev/job.yaml", &job);
        sandbox.write("infra/mysql/k8s/overlays/dev/bundle.yaml", "apiVersion: infra/v1\nkind: MigrationBundle\nmetadata: {name: mig}\nspec: {path: ../../../migrations, job: job.yaml}\n");
        sandbox.write(
            "infra/mysql/k8s/overlays/dev/naming.yaml",
            "apiVersion: infra/v1\nkind: MigrationJobName\nmetadata: {name: any}\n",
        );
        sandbox.write(
            "infra/mysql/k8s/overlays/dev/kustomization.yaml",
            format!("generators: [bundle.yaml]\nconfigMapGenerator: [{{name: connection, literals: [a=b]}}]\n{transformers}"),
        );
        let checked = infra(&sandbox).run(&["check", "--format", "json"]).json();
        let findings = findings(&checked).iter().filter_map(|finding| finding["rule"].as_str());
        let mut codes: Vec<String> = findings
            .filter(|code| code.contains("bundle") || code.contains("job-name"))
            .map(str::to_owned)
            .collect();
        codes.dedup();
        codes
    };
    assert_eq!(check("transformers: [naming.yaml]\n"), Vec::<String>::new());
    assert_eq!(check(""), ["check/job-name-stale"]);
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
