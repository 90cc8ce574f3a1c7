//! Migrations beside the stock client and Flyway.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;

use infra_tests::oracle::Flyway;
use infra_tests::sandbox::Sandbox;
use infra_tests::servers::{Database, Engine, PASSWORD};
use migrate_core::checksum;
use migrate_core::script::{self, SplitOptions};

use crate::generate;
use crate::measure::{Bench, Peer, Row, median, middle, once, once_reading, peak_memory, time_on_core};

pub(crate) fn all(bench: &mut Bench) {
    split(bench);
    migrate(bench);
    large(bench);
}

/// What every migration goes through before a server sees it, in this process and on one core.
fn split(bench: &mut Bench) {
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
fn migrate(bench: &mut Bench) {
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
                    Peer::new("stock client, same history", middle(client)),
                    Peer::new("Flyway's engine", middle(flyway)),
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
            let maven = median(5, || project.flyway_of_maven(&database, theirs));
            let memory = Some(peak_memory(&mut project.infra(bench, &database, verb)));
            bench.add(Row {
                name,
                ours,
                peers: vec![Peer::new("Flyway's engine", flyway), Peer::new("Flyway by Maven", maven)],
                memory,
                bytes: None,
            });
        }
    }
}

/// One migration as large as a dump.
fn large(bench: &mut Bench) {
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
            peers: vec![Peer::new("stock client", middle(client))],
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

    fn flyway_of_maven(&self, database: &Database, verb: &str) -> Command {
        Flyway::new(database, &self.locations()).of_maven(verb)
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
