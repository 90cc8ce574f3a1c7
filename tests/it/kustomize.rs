//! `infra render` beside the stock `kustomize build`.

use std::path::{Path, PathBuf};

use infra_tests::compare::assert_same;
use infra_tests::oracle;
use infra_tests::sandbox::Sandbox;

use crate::harness::{ENVIRONMENTS, infra};

/// Every directory of a tree that can be built by itself, relative to the root.
fn kustomizations(sandbox: &Sandbox) -> Vec<PathBuf> {
    fn visit(root: &Path, relative: &Path, found: &mut Vec<PathBuf>) {
        let file = root.join(relative).join("kustomization.yaml");
        if std::fs::read_to_string(&file).is_ok_and(|text| !text.contains("\nkind: Component")) {
            found.push(relative.to_owned());
        }
        for entry in std::fs::read_dir(root.join(relative)).expect("a directory can be listed") {
            let entry = entry.expect("a directory can be listed");
            if entry.path().is_dir() {
                visit(root, &relative.join(entry.file_name()), found);
            }
        }
    }
    let mut found = Vec::new();
    visit(sandbox.root(), Path::new("infra"), &mut found);
    found.sort();
    found
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs kustomize: run ./tests/run")]
fn every_kustomization_renders_to_the_bytes_of_kustomize() {
    let sandbox = Sandbox::reference();
    let directories = kustomizations(&sandbox);
    assert!(
        directories.iter().filter(|path| path.to_string_lossy().contains("/overlays/")).count() >= 27,
        "{directories:?}"
    );
    let mut different = Vec::new();
    for directory in &directories {
        let name = directory.to_string_lossy();
        let theirs = oracle::kustomize(&sandbox.path(directory));
        let ours = infra(&sandbox).run(&["render", &name]);
        if theirs.code != 0 {
            different.push(format!("{name}: the stock kustomize refuses it\n{}", theirs.stderr));
        } else if ours.code != 0 || ours.stdout != theirs.stdout {
            let first = ours
                .stdout
                .lines()
                .zip(theirs.stdout.lines())
                .position(|(a, b)| a != b)
                .map_or(0, |line| line + 1);
            different
                .push(format!("{name}: exit {}, different from line {first} on\n{}", ours.code, ours.stderr));
        }
    }
    assert!(different.is_empty(), "{} of {}:\n{}", different.len(), directories.len(), different.join("\n"));
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs kustomize: run ./tests/run")]
fn an_environment_is_all_its_overlays() {
    let sandbox = Sandbox::reference();
    for environment in ENVIRONMENTS {
        let everything = infra(&sandbox).run(&["render", environment]).output();
        let mut documents = 0;
        for directory in kustomizations(&sandbox)
            .iter()
            .filter(|path| path.ends_with(Path::new("overlays").join(environment)))
        {
            let overlay = oracle::kustomize(&sandbox.path(directory)).output();
            assert!(everything.contains(overlay.trim_end()), "{environment} lacks {}", directory.display());
            documents += overlay.split("\n---\n").count();
        }
        assert_eq!(
            everything.split("\n---\n").count(),
            documents,
            "{environment} renders something that no overlay has"
        );
    }
}

#[test]
fn rendering_is_deterministic() {
    let sandbox = Sandbox::reference();
    for environment in ENVIRONMENTS {
        let first = infra(&sandbox).run(&["render", environment]).output();
        assert_same(environment, &infra(&sandbox).run(&["render", environment]).output(), &first);
    }
}

#[test]
fn what_cannot_be_rendered_is_named() {
    let sandbox = Sandbox::reference();
    let unknown = infra(&sandbox).run(&["render", "production"]).exits(2);
    assert!(ENVIRONMENTS.iter().all(|name| unknown.stderr.contains(name)), "{}", unknown.stderr);
    assert_eq!(unknown.stdout, "");
    let empty = infra(&sandbox).run(&["render", "infra/mysql/schema"]);
    assert!([1, 2].contains(&empty.code) && empty.stdout.is_empty(), "{empty:?}");
    assert!(empty.stderr.contains("kustomization"), "{}", empty.stderr);
}

/// An `OpenAPI` document with one kind of the cluster, one of namespaces, and a list that merges by `id`.
const TYPES: &str = r#"{"swagger": "2.0", "info": {"title": "t", "version": "v1"},
"paths": {
 "/apis/example.com/v1/gadgets/{name}": {"get": {"x-kubernetes-group-version-kind": {"group": "example.com", "kind": "Gadget", "version": "v1"}}},
 "/apis/example.com/v1/widgets": {"get": {"x-kubernetes-group-version-kind": {"group": "example.com", "kind": "Widget", "version": "v1"}}},
 "/apis/example.com/v1/namespaces/{namespace}/widgets": {"get": {"x-kubernetes-group-version-kind": {"group": "example.com", "kind": "Widget", "version": "v1"}}}},
"definitions": {"v1.Gadget": {"type": "object",
 "properties": {"spec": {"type": "object", "properties": {"items": {"type": "array", "items": {"type": "object", "properties": {"id": {"type": "string"}}},
  "x-kubernetes-patch-merge-key": "id", "x-kubernetes-patch-strategy": "merge"}}}},
 "x-kubernetes-group-version-kind": [{"group": "example.com", "kind": "Gadget", "version": "v1"}]}}}"#;

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs kustomize: run ./tests/run")]
fn an_open_api_document_says_how_lists_merge_and_what_belongs_to_the_cluster() {
    let objects: String = ["Gadget", "Widget", "Other"]
        .iter()
        .map(|kind| format!("---\napiVersion: example.com/v1\nkind: {kind}\nmetadata: {{name: x}}\nspec: {{items: [{{id: a, v: 1}}, {{id: b, v: 2}}]}}\n"))
        .chain(["---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n".to_owned()])
        .collect();
    let patch =
        "{apiVersion: example.com/v1, kind: Gadget, metadata: {name: x}, spec: {items: [{id: b, v: 3}]}}";
    for (namespace, open_api) in [
        ("namespace: ns\n", "openapi: {path: types.json}\n"),
        ("namespace: ns\n", ""),
        ("", "openapi: {path: types.json}\n"),
    ] {
        let sandbox = Sandbox::empty();
        sandbox.write("base/objects.yaml", &objects);
        sandbox.write("base/kustomization.yaml", format!("resources: [objects.yaml]\n{namespace}"));
        sandbox.write("top/types.json", TYPES);
        sandbox.write(
            "top/kustomization.yaml",
            format!("resources: [../base]\n{open_api}namePrefix: p-\npatches: [{{patch: '{patch}'}}]\n"),
        );
        let theirs: String = oracle::kustomize(&sandbox.path("top")).output();
        let ours: String = infra(&sandbox).run(&["render", "top"]).output();
        assert_same(&format!("{namespace}{open_api}"), &ours, &theirs);
        assert!(ours.matches("id: a").count() >= 2, "{ours}");
    }
}
