//! What is measured.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;

use infra_tests::oracle::Flyway;
use infra_tests::sandbox::Sandbox;
use infra_tests::servers::{Database, Engine, PASSWORD};
use infra_tests::tools::{kustomize, workspace};
use migrate_core::checksum;
use migrate_core::script::{self, SplitOptions};

use crate::generate;
use crate::measure::{Bench, Row, median, middle, once, once_reading, peak_memory, time_on_core};

/// From nothing to the first output.
pub(crate) fn start(bench: &mut Bench) {
    let name = "--version";
    if !bench.wants(name) {
        return;
    }
    let ours = median(41, || bench.infra(workspace(), &["--version"]));
    let peers = vec![("/bin/true", median(41, || Command::new("/bin/true")))];
    bench.add(Row { name: name.to_owned(), ours, peers, memory: None, bytes: None });
}

/// The main job.
pub(crate) fn check(bench: &mut Bench) {
    let name = "check, the reference tree";
    if !bench.wants(name) {
        return;
    }
    let command = || bench.infra(workspace(), &["check", "--quiet"]);
    let (ours, memory) = (median(21, command), Some(peak_memory(&mut command())));
    bench.add(Row { name: name.to_owned(), ours, peers: Vec::new(), memory, bytes: None });
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
        bench.add(Row { name, ours, peers: vec![("kustomize build", theirs)], memory: None, bytes: None });
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
        bench.add(Row {
            name,
            ours,
            peers: vec![("reading and hashing the files", floor)],
            memory,
            bytes: None,
        });
    }
}

/// What every migration goes through before a server sees it, in this process and on one core.
pub(crate) fn split(bench: &mut Bench) {
    let name = "checksum and split, 64 MB";
    if !bench.wants(name) {
        return;
    }
    let text = generate::mix(64_000_000);
    let run = || {
        let begun = time_on_core();
        black_box(checksum::of_file(text.as_bytes()));
        let (statements, problems) = black_box(script::split(&text, &SplitOptions::default()));
        let elapsed = time_on_core().saturating_sub(begun);
        assert!(problems.is_empty() && !statements.is_empty(), "{problems:?}");
        elapsed
    };
    run();
    let ours = middle((0..9).map(|_| run()).collect());
    let bytes = Some(text.len() as u64);
    bench.add(Row { name: name.to_owned(), ours, peers: Vec::new(), memory: None, bytes });
}

/// A thousand migrations.
pub(crate) fn migrate(bench: &mut Bench) {
    const COUNT: usize = 1000;
    let project = Project::new();
    generate::migrations(&project.locations(), COUNT);
    for engine in Engine::ALL {
        let apply = format!("migrate apply, {COUNT} migrations, {}", engine.name());
        if bench.wants(&apply) {
            let piped = project.sandbox.path(engine.name());
            let reference = engine.database();
            once(&mut project.infra(bench, &reference, "apply"));
            std::fs::write(&piped, with_history(&project.locations(), &reference))
                .expect("a temporary file can be written");
            // Every run needs an empty database. They take turns, so that a busy machine slows all alike.
            let [mut ours, mut client, mut flyway] = [const { Vec::new() }; 3];
            for round in 0..5 {
                ours.push(once(&mut project.infra(bench, &engine.database(), "apply")));
                client.push(once_reading(&mut engine.database().client(), &piped));
                if round < 3 {
                    let database = engine.database();
                    flyway.push(once(&mut project.flyway(&database, "migrate")));
                }
            }
            bench.add(Row {
                name: apply,
                ours: middle(ours),
                peers: vec![
                    ("stock client, same history", middle(client)),
                    ("Flyway's engine", middle(flyway)),
                ],
                memory: Some(peak_memory(&mut project.infra(bench, &engine.database(), "apply"))),
                bytes: None,
            });
        }
        for (verb, theirs, what) in
            [("info", "info", "migrate info"), ("apply", "migrate", "migrate apply with nothing to do")]
        {
            let name = format!("{what}, {COUNT} migrations, {}", engine.name());
            if !bench.wants(&name) {
                continue;
            }
            let database = engine.database();
            once(&mut project.infra(bench, &database, "apply"));
            let ours = median(21, || project.infra(bench, &database, verb));
            let flyway = median(5, || project.flyway(&database, theirs));
            let memory = Some(peak_memory(&mut project.infra(bench, &database, verb)));
            bench.add(Row { name, ours, peers: vec![("Flyway's engine", flyway)], memory, bytes: None });
        }
    }
}

/// One migration as large as a dump.
pub(crate) fn large(bench: &mut Bench) {
    for engine in Engine::ALL {
        let name = format!("migrate apply, one file of 200 MB, {}", engine.name());
        if !bench.wants(&name) {
            continue;
        }
        let project = Project::new();
        let file = project.locations().join("V1__rows.sql");
        generate::large(&file, 200_000_000);
        let [mut ours, mut client] = [const { Vec::new() }; 2];
        for _ in 0..3 {
            ours.push(once(&mut project.infra(bench, &engine.database(), "apply")));
            client.push(once_reading(&mut engine.database().client(), &file));
        }
        bench.add(Row {
            name,
            ours: middle(ours),
            peers: vec![("stock client", middle(client))],
            memory: Some(peak_memory(&mut project.infra(bench, &engine.database(), "apply"))),
            bytes: std::fs::metadata(&file).map(|file| file.len()).ok(),
        });
    }
}

/// A directory with migrations.
struct Project {
    sandbox: Sandbox,
}

impl Project {
    fn new() -> Self {
        let sandbox = Sandbox::empty();
        sandbox.write("infra.toml", "");
        Self { sandbox }
    }

    fn locations(&self) -> PathBuf {
        self.sandbox.path("migrations")
    }

    fn infra(&self, bench: &Bench, database: &Database, verb: &str) -> Command {
        let mut command = bench.infra(self.sandbox.root(), &["migrate", verb, "--locations", "migrations"]);
        command.env("INFRA_MYSQL_URL", database.url()).env("INFRA_MYSQL_PASSWORD", PASSWORD);
        command
    }

    fn flyway(&self, database: &Database, verb: &str) -> Command {
        Flyway::new(database, &self.locations()).command(&[verb])
    }
}

/// All migrations in order as an operator would pipe them, and after each the row that a run has left of it.
fn with_history(directory: &Path, reference: &Database) -> String {
    let table = reference.query("SHOW CREATE TABLE flyway_schema_history").swap_remove(0).swap_remove(1);
    let columns =
        "installed_rank, version, description, type, script, checksum, installed_by, execution_time, success";
    let mut sql = format!("{table};\n");
    for row in
        reference.query(&format!("SELECT {columns} FROM flyway_schema_history ORDER BY installed_rank"))
    {
        let file = directory.join(&row[4]);
        sql.push_str(&std::fs::read_to_string(file).expect("a generated file can be read"));
        let values = row.iter().map(|value| format!("'{value}'")).collect::<Vec<_>>().join(", ");
        sql.push_str(&format!("INSERT INTO flyway_schema_history ({columns}) VALUES ({values});\n"));
    }
    sql
}

/// A declared graph far larger than people have, beside reading its file and doing nothing with it.
pub(crate) fn compat(bench: &mut Bench) {
    for count in [10_000, 30_000, 100_000] {
        let name = format!("compat check, {count} components, 10 dependencies each");
        if !bench.wants(&name) {
            continue;
        }
        let sandbox = Sandbox::empty();
        sandbox.write("infra.toml", "");
        let text = generate::platform(sandbox.root(), count, 10);
        let command = || bench.infra(sandbox.root(), &["compat", "check", "--today", "2026-11-23"]);
        let (ours, memory) = (median(3, command), Some(peak_memory(&mut command())));
        let floor = middle(
            (0..3)
                .map(|_| {
                    let begun = time_on_core();
                    let mut parser = granit_parser::Parser::new_from_str(&text);
                    let mut events = 0;
                    while let Some(event) = parser.next_event() {
                        assert!(event.is_ok(), "the file is YAML");
                        events += 1;
                    }
                    assert!(events > count, "the file was read");
                    time_on_core().saturating_sub(begun)
                })
                .collect(),
        );
        bench.add(Row { name, ours, peers: vec![("the YAML events alone", floor)], memory, bytes: None });
    }
    let name = "compat can-deploy, 1,000 components, 50 releases each";
    if bench.wants(name) {
        let sandbox = Sandbox::empty();
        sandbox.write("infra.toml", "");
        generate::platform(sandbox.root(), 1_000, 10);
        generate::releases(sandbox.root(), 1_000, 50);
        let arguments = ["compat", "can-deploy", "service-500@1.7.0", "--to", "dev", "--unknown", "allow"];
        let command = || bench.infra(sandbox.root(), &arguments);
        let (ours, memory) = (median(11, command), Some(peak_memory(&mut command())));
        bench.add(Row { name: name.to_owned(), ours, peers: Vec::new(), memory, bytes: None });
    }
    let name = "compat graph --format svg, 500 components";
    if bench.wants(name) {
        let sandbox = Sandbox::empty();
        sandbox.write("infra.toml", "");
        generate::platform(sandbox.root(), 500, 3);
        let command = || bench.infra(sandbox.root(), &["compat", "graph", "--format", "svg"]);
        let (ours, memory) = (median(11, command), Some(peak_memory(&mut command())));
        bench.add(Row { name: name.to_owned(), ours, peers: Vec::new(), memory, bytes: None });
    }
}
