use std::path::Path;

use super::*;
use crate::{Error, Memory, RenderOptions, render};

pub(super) const JOB: &str = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: migrate}\nspec:\n  template:\n    spec:\n      containers: [{name: m, image: i}]\n      volumes:\n      - {name: v, configMap: {name: mig, defaultMode: 0444}}\n";

pub(super) fn tree(spec: &str, job: &str) -> Memory {
    let mut files = Memory::new();
    files.insert("k8s/kustomization.yaml", "generators: [bundle.yaml]\n");
    let bundle =
        format!("apiVersion: infra/v1\nkind: MigrationBundle\nmetadata: {{name: mig}}\nspec: {spec}\n");
    files.insert("k8s/bundle.yaml", bundle);
    files.insert("k8s/job.yaml", job);
    files.insert("migrations/V1__a.sql", "select 1;\n");
    files
}

pub(super) fn rendered(files: &Memory) -> Result<String, String> {
    match render(files, Path::new("k8s"), &RenderOptions::default()) {
        Ok(rendered) => Ok(rendered.to_yaml()),
        Err(Error::Refused { findings, .. }) => Err(findings
            .iter()
            .map(|finding| {
                let help = miette::Diagnostic::help(finding).map(|help| help.to_string());
                [finding.to_string(), help.unwrap_or_default()].join(" | ")
            })
            .collect::<Vec<_>>()
            .join("\n")),
        Err(error) => Err(error.to_string()),
    }
}

fn lines_with<'t>(text: &'t str, what: &str) -> Vec<&'t str> {
    text.lines().filter(|line| line.contains(what)).collect()
}

pub(super) const SPEC: &str = "{path: ../migrations, job: job.yaml}";

#[test]
fn the_jobs_name_follows_the_migrations_and_its_file() {
    let name = |files: &Memory| {
        let text = rendered(files).unwrap();
        lines_with(&text, "name: migrate-").concat()
    };
    let first = name(&tree(SPEC, JOB));
    assert_eq!(first.trim().len(), "name: migrate-".len() + 10, "{first}");
    assert_eq!(name(&tree(SPEC, JOB)), first);
    assert_ne!(name(&tree(SPEC, &JOB.replace("image: i", "image: j"))), first);
    let mut files = tree(SPEC, JOB);
    files.insert("migrations/V2__b.sql", "select 2;\n");
    assert_ne!(name(&files), first);
    let mut files = tree(SPEC, JOB);
    files.insert("migrations/README.md", "not a migration");
    assert_eq!(name(&files), first);
}

#[test]
fn five_megabytes_are_split_and_mounted_as_one_directory() {
    let mut files = tree(SPEC, JOB);
    let text = "insert into t values (1);\n".repeat(4000);
    for version in 2..52 {
        files.insert(format!("migrations/V{version}__m.sql"), text.as_str());
    }
    let before = rendered(&files).unwrap();
    let parts = lines_with(&before, "  name: mig-v");
    // Each name stands in its ConfigMap and in the volume.
    assert_eq!(parts.len(), 2 * 7, "{parts:?}");
    assert_eq!(lines_with(&before, "                path: V").len(), 51);
    files.insert("migrations/V52__m.sql", "select 3;\n");
    let after = rendered(&files).unwrap();
    let kept = parts.iter().filter(|line| after.contains(*line)).count();
    assert_eq!(kept, parts.len() - 2, "all but the last part keep their names");
}

#[test]
fn what_is_wrong_is_said() {
    let large = "x".repeat(LIMIT);
    for (spec, job, file, expected) in [
        ("{pth: ../migrations}", JOB, None, "did you mean `path`?"),
        ("{path: ../absent}", JOB, None, "`../absent` is no directory"),
        ("{path: '.'}", JOB, None, "holds no migration"),
        ("{path: [a]}", JOB, None, "text is expected here"),
        ("{path: ../migrations, immutable: 1}", JOB, None, "true or false is expected here"),
        ("{path: ../migrations, job: absent.yaml}", JOB, None, "absent.yaml` does not exist"),
        (SPEC, "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n", None, "a `Pod` of `v1`"),
        (
            SPEC,
            &JOB.replace("{name: mig,", "{name: other,"),
            None,
            "no volume of the Job is the bundle `mig`",
        ),
        (SPEC, &JOB.replace("name: migrate", &format!("name: {}", "m".repeat(53))), None, "53 characters"),
        (SPEC, &format!("{JOB}---\n{JOB}"), None, "holds 2 objects"),
        (SPEC, JOB, Some(large.as_str()), "split the migration"),
    ] {
        let mut files = tree(spec, job);
        if let Some(text) = file {
            files.insert("migrations/V2__large.sql", text);
        }
        let refused = rendered(&files).unwrap_err();
        assert!(refused.contains(expected), "{spec}: {refused}");
    }
}

#[test]
fn another_kind_is_refused() {
    let mut files = tree(SPEC, JOB);
    files.insert("k8s/bundle.yaml", "apiVersion: infra/v1\nkind: MigrationBundel\nmetadata: {name: mig}\n");
    assert!(rendered(&files).unwrap_err().contains("kind: MigrationBundle"));
}

#[test]
fn a_function_answers_with_results_where_it_cannot_with_objects() {
    let files = tree(SPEC, JOB);
    let ask = |config: &str| {
        let list =
            format!("apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nfunctionConfig: {config}\n");
        respond(&files, Path::new("k8s"), &list)
    };
    let made = ask(
        "{apiVersion: infra/v1, kind: MigrationBundle, metadata: {name: mig}, spec: {path: ../migrations}}",
    );
    assert!(made.findings.is_empty() && made.text.contains("needs-hash\": \"true\""), "{}", made.text);
    for (config, expected) in [
        (
            "{apiVersion: infra/v1, kind: MigrationBundle, metadata: {name: mig}, spec: {path: ../no}}",
            "is no directory",
        ),
        ("{apiVersion: v2, kind: MigrationBundle, metadata: {name: mig}}", "apiVersion: infra/v1"),
    ] {
        let refused = ask(config);
        assert_eq!(refused.findings.len(), 1);
        assert!(
            refused.text.contains("\"severity\": \"error\"") && refused.text.contains(expected),
            "{}",
            refused.text
        );
    }
    assert!(respond(&files, Path::new("k8s"), "a: b\n").text.contains("no ResourceList"));
    assert!(!respond(&files, Path::new("k8s"), "a: [\n").findings.is_empty());
}
