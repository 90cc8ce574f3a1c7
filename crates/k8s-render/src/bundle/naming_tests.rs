use std::path::Path;

use super::tests::{JOB, SPEC, rendered, tree};
use super::*;
use crate::{Memory, RenderOptions, render};

const NAMING: &str = "apiVersion: infra/v1\nkind: MigrationJobName\nmetadata: {name: any}\n";
const CONNECTION: &str = "envFrom: [{configMapRef: {name: connection}}], ";

/// A base with the bundle, a `ConfigMap` and a role, and an overlay with these fields.
fn overlaid(fields: &str) -> Memory {
    let job = JOB.replace("{name: m,", &format!("{{{CONNECTION}name: m,"));
    let mut files = tree(SPEC, &job);
    files.insert(
        "k8s/kustomization.yaml",
        "generators: [bundle.yaml]\nresources: [role.yaml]\nconfigMapGenerator: [{name: connection, literals: [a=b]}]\n",
    );
    files.insert(
        "k8s/role.yaml",
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: r}\nrules:\n- {apiGroups: [batch], resources: [jobs, jobs/status], resourceNames: [migrate, other], verbs: [get]}\n- {apiGroups: [''], resources: [pods], resourceNames: [migrate], verbs: [get]}\n",
    );
    files.insert("top/naming.yaml", NAMING);
    files.insert(
        "top/kustomization.yaml",
        format!("resources: [../k8s]\ntransformers: [naming.yaml]\n{fields}"),
    );
    files
}

fn job(files: &Memory, directory: &str) -> Node {
    let rendered = render(files, Path::new(directory), &RenderOptions::default()).unwrap();
    rendered.resources.into_iter().find(|one| one.kind() == "Job").unwrap().node
}

fn name(fields: &str) -> String {
    let job = job(&overlaid(fields), "top");
    job.at(&["metadata", "name"]).and_then(Node::as_str).unwrap().to_owned()
}

#[test]
fn the_name_follows_everything_that_an_overlay_changes_in_the_job() {
    let plain = name("");
    let mut seen = vec![plain.clone()];
    for fields in [
        "images: [{name: i, newTag: '2'}]\n",
        "images: [{name: i, newTag: '3'}]\n",
        "patches: [{target: {kind: Job}, patch: '[{op: add, path: /spec/template/spec/containers/0/args, value: [x]}]'}]\n"
            .replace("'[", "'- ")
            .replace("]'", "'")
            .as_str(),
        "configMapGenerator: [{name: connection, behavior: merge, literals: [a=c]}]\n",
        "labels: [{pairs: {a: b}, includeTemplates: true}]\n",
    ] {
        let changed = name(fields);
        assert!(!seen.contains(&changed), "{fields}: {changed} in {seen:?}");
        assert_eq!(name(fields), changed);
        seen.push(changed);
    }
    // What a cluster changes in place keeps the name.
    assert_eq!(name("commonAnnotations: {}\nlabels: [{pairs: {a: b}}]\n"), plain);
    assert_eq!(name("namespace: ns\n"), plain);
}

#[test]
fn the_hash_is_the_one_of_the_rendered_job() {
    for fields in ["", "namePrefix: p-\nnameSuffix: -s\nimages: [{name: i, newTag: '2'}]\n"] {
        let job = job(&overlaid(fields), "top");
        let hash = job_hash(&job);
        let named = job.at(&["metadata", "annotations", NAME_HASH]).and_then(Node::as_str);
        assert_eq!(named, Some(hash.as_str()));
        let name = job.at(&["metadata", "name"]).and_then(Node::as_str).unwrap();
        let expected =
            if fields.is_empty() { format!("migrate-{hash}") } else { format!("p-migrate-{hash}-s") };
        assert_eq!(name, expected);
    }
}

#[test]
fn naming_twice_is_naming_once() {
    let mut files = overlaid("images: [{name: i, newTag: '2'}]\n");
    let once = job(&files, "top");
    files.insert("twice/naming.yaml", NAMING);
    files.insert("twice/kustomization.yaml", "resources: [../top]\ntransformers: [naming.yaml]\n");
    assert_eq!(job(&files, "twice"), once);
    // A change above is followed by the one hash that is there.
    files.insert(
        "twice/kustomization.yaml",
        "resources: [../top]\ntransformers: [naming.yaml]\nimages: [{name: i, newTag: '3'}]\n",
    );
    let above = job(&files, "twice");
    let name = above.at(&["metadata", "name"]).and_then(Node::as_str).unwrap();
    assert_eq!(name, format!("migrate-{}", job_hash(&above)));
}

#[test]
fn roles_that_name_the_job_follow() {
    let rendered =
        render(&overlaid("namePrefix: p-\n"), Path::new("top"), &RenderOptions::default()).unwrap();
    let text = rendered.to_yaml();
    let job = rendered.resources.iter().find(|one| one.kind() == "Job").unwrap();
    let named = format!("  resourceNames:\n  - {}\n  - other\n  resources:\n  - jobs\n", job.name());
    assert!(text.contains(&named), "{text}");
    assert!(text.contains("  resourceNames:\n  - migrate\n  resources:\n  - pods\n"), "{text}");
}

#[test]
fn a_job_of_ones_own_takes_part_with_an_empty_annotation() {
    let mut files = Memory::new();
    let written = JOB.replace("{name: migrate}", "{name: own, annotations: {infra.dev/name-hash: ''}}");
    files.insert("k8s/job.yaml", written);
    files.insert("k8s/naming.yaml", NAMING);
    files.insert(
        "k8s/kustomization.yaml",
        "resources: [job.yaml]\ntransformers: [naming.yaml]\nconfigMapGenerator: [{name: mig, literals: [V1__a.sql=x]}]\n",
    );
    let first = job(&files, "k8s");
    let name = first.at(&["metadata", "name"]).and_then(Node::as_str).unwrap();
    assert_eq!(name, format!("own-{}", job_hash(&first)));
}

#[test]
fn what_cannot_be_named_is_said() {
    let mut files = overlaid("");
    files.insert("top/kustomization.yaml", "transformers: [naming.yaml]\nresources: [../k8s/role.yaml]\n");
    files.insert("none/naming.yaml", NAMING);
    files.insert("none/kustomization.yaml", "transformers: [naming.yaml]\nnamePrefix: p-\n");
    let ask = |files: &Memory, directory: &str| match render(
        files,
        Path::new(directory),
        &RenderOptions::default(),
    ) {
        Err(crate::Error::Refused { findings, .. }) => {
            findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        }
        other => panic!("{other:?}"),
    };
    assert!(ask(&files, "none").contains("no Job here has the annotation"));
    let long = overlaid(&format!("namePrefix: {}-\n", "p".repeat(60)));
    assert!(ask(&long, "top").contains("a Job's name has 63 at most"));
    let mut files = overlaid("");
    files.insert("top/naming.yaml", NAMING.replace("metadata", "spec: {}\nmetadata"));
    assert!(ask(&files, "top").contains("spec"));
    files.insert("top/naming.yaml", NAMING.replace("JobName", "Bundle"));
    assert!(ask(&files, "top").contains("no transformer `MigrationBundle`"));
    assert!(rendered(&overlaid("")).is_ok());
}
