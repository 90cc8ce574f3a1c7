//! Manifests beside kustomize, kubeconform and netpol-analyzer.

use std::path::{Path, PathBuf};
use std::process::Command;

use infra_tests::oracle::{kubeconform, netpol_analyzer};
use infra_tests::sandbox::Sandbox;
use infra_tests::tools::{corpus, kustomize, workspace};

use crate::generate;
use crate::measure::{Bench, Peer, Row, median, once, peak_memory};

pub(crate) fn all(bench: &mut Bench) {
    for overlay in overlays() {
        let relative =
            overlay.strip_prefix(workspace()).expect("an overlay is in the tree").display().to_string();
        let name = format!("render {}", relative.trim_start_matches("infra/").replace("/k8s/overlays/", " "));
        render(bench, name, workspace(), &relative, 11);
    }
    real(bench);
    pairs(bench);
    validate(bench);
    connectivity(bench);
}

/// One directory by both tools.
fn render(bench: &mut Bench, name: String, root: &Path, relative: &str, runs: usize) {
    if !bench.wants(&name) {
        return;
    }
    let ours = || bench.infra(root, &["render", relative]);
    let theirs = || {
        let mut kustomize = Command::new(kustomize());
        kustomize.arg("build").arg(root.join(relative));
        kustomize
    };
    let memory = Some(peak_memory(&mut ours()));
    let peer = Peer {
        memory: Some(peak_memory(&mut theirs())),
        ..Peer::new("kustomize build", median(runs, theirs))
    };
    bench.add(Row { name, ours: median(runs, ours), peers: vec![peer], memory, bytes: None });
}

fn overlays() -> Vec<PathBuf> {
    let list = |path: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(path).into_iter().flatten();
        entries.map(|entry| entry.expect("a directory can be listed").path()).collect()
    };
    let components = list(&workspace().join("infra")).into_iter();
    let mut overlays: Vec<_> =
        components.flat_map(|component| list(&component.join("k8s/overlays"))).collect();
    overlays.sort();
    overlays
}

/// Every tree of the corpus of real projects.
fn real(bench: &mut Bench) {
    let Some(corpora) = corpus("kustomize-real") else { return };
    for project in ["argo-cd", "ingress-nginx"] {
        let home = corpora.join(project);
        let roots = std::fs::read_to_string(home.join("roots.tsv")).expect("the corpus lists its roots");
        for root in roots.lines().filter_map(|line| line.split('\t').next()) {
            render(bench, format!("render {project} {root}"), &home.join("input"), root, 3);
        }
    }
}

/// Deployments with a `ConfigMap` each, under a prefix, a namespace, labels and an image.
fn pairs(bench: &mut Bench) {
    for count in [250, 500, 1_000] {
        let sandbox = Sandbox::empty();
        generate::pairs(sandbox.root(), count);
        render(
            bench,
            format!("render {count} pairs of a Deployment and a ConfigMap"),
            sandbox.root(),
            ".",
            1,
        );
    }
    for count in [5_000, 20_000] {
        let name = format!("render {count} pairs, nobody beside");
        if !bench.wants(&name) {
            continue;
        }
        let sandbox = Sandbox::empty();
        generate::pairs(sandbox.root(), count);
        let command = || bench.infra(sandbox.root(), &["render", "."]);
        let (ours, memory) = (median(3, command), Some(peak_memory(&mut command())));
        bench.add(Row { name, ours, peers: Vec::new(), memory, bytes: None });
    }
}

/// Objects against the schemas of Kubernetes, which both tools have on disk.
fn validate(bench: &mut Bench) {
    let name = "manifests validate, 5,000 objects";
    if !bench.wants(name) {
        return;
    }
    let sandbox = Sandbox::empty();
    generate::objects(sandbox.root(), 2_500);
    let ours = || bench.infra(sandbox.root(), &["manifests", "validate", ".", "--kube-version", "1.34"]);
    let theirs = || kubeconform(&sandbox.path("objects.yaml"));
    let memory = Some(peak_memory(&mut ours()));
    let peer = Peer {
        memory: Some(peak_memory(&mut theirs())),
        ..Peer::new("kubeconform -strict, local schemas", median(3, theirs))
    };
    bench.add(Row { name: name.to_owned(), ours: median(5, ours), peers: vec![peer], memory, bytes: None });
}

/// The allowed connections of many workloads.
fn connectivity(bench: &mut Bench) {
    for (workloads, policies, beside) in [(125, 25, true), (250, 50, true), (1_000, 200, false)] {
        let name = format!("network graph, {workloads} workloads, {policies} policies");
        if !bench.wants(&name) {
            continue;
        }
        let sandbox = Sandbox::empty();
        generate::policies(sandbox.root(), workloads, policies);
        let ours = || bench.infra(sandbox.root(), &["network", "graph", ".", "--format", "csv"]);
        let memory = Some(peak_memory(&mut ours()));
        let theirs = || netpol_analyzer(sandbox.root());
        let peers = if beside {
            let took = once(&mut theirs());
            vec![Peer { memory: Some(peak_memory(&mut theirs())), ..Peer::new("netpol-analyzer list", took) }]
        } else {
            Vec::new()
        };
        bench.add(Row { name, ours: median(3, ours), peers, memory, bytes: None });
    }
}
