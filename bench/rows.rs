//! What is measured.

use std::path::{Path, PathBuf};
use std::process::Command;

use infra_tests::oracle::Flyway;
use infra_tests::sandbox::Sandbox;
use infra_tests::servers::{Database, Engine, PASSWORD};
use infra_tests::tools::{kustomize, workspace};

use crate::generate;
use crate::measure::{Bench, Row, median, once, once_reading, peak_memory};

/// From nothing to the first output.
pub(crate) fn start(bench: &mut Bench) {
    let name = "--version";
    if !bench.wants(name) {
        return;
    }
    let ours = median(41, || bench.infra(workspace(), &["--version"]));
    let peers = vec![("/bin/true", median(41, || Command::new("/bin/true")))];
    bench.add(Row { name: name.to_owned(), ours, peers, memory: None });
}

/// The main job.
pub(crate) fn check(bench: &mut Bench) {
    let name = "check, the reference tree";
    if !bench.wants(name) {
        return;
    }
    let command = || bench.infra(workspace(), &["check", "--quiet"]);
    let (ours, memory) = (median(21, command), Some(peak_memory(&mut command())));
    bench.add(Row { name: name.to_owned(), ours, peers: Vec::new(), memory });
}

/// Every reference overlay.
pub(crate) fn render(bench: &mut Bench) {
    for overlay in overlays() {
        let relative =
            overlay.strip_prefix(workspace()).expect("an overlay is in the tree").display().to_string();
        let name = format!("render {}", relative.trim_start_matches("infra/").replace("/k8s/overlays/", " "));
        if !bench.wants(&name) {
            continue;
        }
        let ours = median(11, || bench.infra(workspace(), &["render", &relative]));
        let theirs = median(11, || {
            let mut kustomize = Command::new(kustomize());
            kustomize.arg("build").arg(&overlay);
            kustomize
        });
        bench.add(Row { name, ours, peers: vec![("kustomize build", theirs)], memory: None });
    }
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

/// Schema directories far larger than people have.
pub(crate) fn baseline(bench: &mut Bench) {
    for count in [1_000, 10_000] {
        let name = format!("baseline build, {count} objects");
        if !bench.wants(&name) {
            continue;
        }
        let sandbox = Sandbox::empty();
        sandbox.write("infra.toml", "");
        generate::schema(&sandbox.path("schema"), count);
        generate::migrations(&sandbox.path("migrations"), 1);
        let arguments = [
            "baseline",
            "build",
            "--schema-dir",
            "schema",
            "--locations",
            "migrations",
            "--out",
            "baseline.sql",
        ];
        let command = || bench.infra(sandbox.root(), &arguments);
        let (ours, memory) = (median(5, command), Some(peak_memory(&mut command())));
        let floor = median(5, || {
            let mut shell = Command::new("sh");
            shell
                .args(["-c", "find schema -name '*.sql' -exec cat {} + | sha256sum"])
                .current_dir(sandbox.root());
            shell
        });
        bench.add(Row { name, ours, peers: vec![("reading and hashing the files", floor)], memory });
    }
}

/// Two hundred migrations.
pub(crate) fn migrate(bench: &mut Bench) {
    const COUNT: usize = 200;
    let sandbox = Sandbox::empty();
    let locations = sandbox.path("migrations");
    sandbox.write("infra.toml", "");
    generate::migrations(&locations, COUNT);
    let piped = sandbox.path("all.sql");
    std::fs::write(&piped, concatenated(&locations)).expect("a temporary file can be written");
    let infra = |bench: &Bench, database: &Database, verb: &str| {
        let mut command = bench.infra(sandbox.root(), &["migrate", verb, "--locations", "migrations"]);
        command.env("INFRA_MYSQL_URL", database.url()).env("INFRA_MYSQL_PASSWORD", PASSWORD);
        command
    };
    for engine in Engine::ALL {
        let name = format!("migrate apply, {COUNT} migrations, {}", engine.name());
        if bench.wants(&name) {
            // Every run needs an empty database, so none is repeated to warm up: the first of three is.
            let times = |run: &dyn Fn(&Database) -> std::time::Duration| {
                let mut times: Vec<_> = (0..3).map(|_| run(&engine.database())).collect();
                times.sort_unstable();
                times[1]
            };
            let ours = times(&|database| once(&mut infra(bench, database, "apply")));
            let peers = vec![
                (
                    "Flyway's engine",
                    times(&|database| once(&mut Flyway::new(database, &locations).command(&["migrate"]))),
                ),
                ("stock client, no history", times(&|database| once_reading(&mut database.client(), &piped))),
            ];
            bench.add(Row {
                name,
                ours,
                peers,
                memory: Some(peak_memory(&mut infra(bench, &engine.database(), "apply"))),
            });
        }
        let name = format!("migrate info, {COUNT} migrations, {}", engine.name());
        if bench.wants(&name) {
            let database = engine.database();
            once(&mut infra(bench, &database, "apply"));
            let ours = median(11, || infra(bench, &database, "info"));
            let theirs = median(5, || Flyway::new(&database, &locations).command(&["info"]));
            bench.add(Row { name, ours, peers: vec![("Flyway's engine", theirs)], memory: None });
        }
    }
}

/// All migrations in order, as an operator would pipe them.
fn concatenated(directory: &Path) -> String {
    let entries = std::fs::read_dir(directory).expect("a directory can be listed");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("a directory can be listed").path()).collect();
    files.sort();
    files
        .iter()
        .map(|file| std::fs::read_to_string(file).expect("a generated file can be read"))
        .collect::<Vec<_>>()
        .concat()
}
