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
