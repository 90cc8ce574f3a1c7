//! Schemas beside Skeema, sqldef and the dump tools.

use std::path::Path;
use std::process::Command;

use infra_tests::oracle::{mysqldef, mysqldef_on, skeema};
use infra_tests::sandbox::Sandbox;
use infra_tests::servers::{Database, Engine, PASSWORD};

use crate::generate;
use crate::measure::{Bench, Peer, Row, median, middle, once, once_reading, peak_memory};

pub(crate) fn all(bench: &mut Bench) {
    build(bench);
    replay(bench);
    diff(bench);
    dump(bench);
}

/// Schema directories far larger than people have.
fn build(bench: &mut Bench) {
    for count in [1_000, 10_000, 100_000] {
        for verb in ["build", "verify"] {
            let name = format!("baseline {verb}, {count} objects");
            if !bench.wants(&name) {
                continue;
            }
            let sandbox = Sandbox::empty();
            sandbox.write("infra.toml", "");
            generate::schema(&sandbox.path("schema"), count);
            if verb == "build" {
                generate::migrations(&sandbox.path("migrations"), 1);
            } else {
                generate::as_migrations(&sandbox.path("schema"), &sandbox.path("migrations"));
            }
            let directories = ["--schema-dir", "schema", "--locations", "migrations"];
            let build = [&["baseline", "build", "--out", "baseline.sql"][..], &directories].concat();
            let verify = [&["baseline", "verify", "--file", "baseline.sql"][..], &directories].concat();
            once(&mut bench.infra(sandbox.root(), &build));
            let arguments = if verb == "build" { build } else { verify };
            let command = || bench.infra(sandbox.root(), &arguments);
            let (ours, memory) = (median(5, command), Some(peak_memory(&mut command())));
            let read = if verb == "build" { "schema" } else { "schema migrations baseline.sql" };
            let floor = median(5, || {
                let mut shell = Command::new("sh");
                let script = format!("find {read} -name '*.sql' -exec cat {{}} + | sha256sum");
                shell.args(["-c", &script]).current_dir(sandbox.root());
                shell
            });
            let peers = vec![Peer::new("reading and hashing the files", floor)];
            bench.add(Row { name, ours, peers, memory, bytes: None });
        }
    }
}

/// Many migrations of a schema that stays small.
fn replay(bench: &mut Bench) {
    for count in [2_000, 20_000] {
        let name = format!("migrate lint, {count} migrations of 50 tables, replayed");
        if !bench.wants(&name) {
            continue;
        }
        let sandbox = Sandbox::empty();
        sandbox.write("infra.toml", "");
        generate::churn(&sandbox.path("migrations"), count, 50);
        let arguments = ["migrate", "changes", "--from", "0", "--locations", "migrations"];
        let command = || bench.infra(sandbox.root(), &arguments);
        let (ours, memory) = (median(3, command), Some(peak_memory(&mut command())));
        bench.add(Row { name, ours, peers: Vec::new(), memory, bytes: None });
    }
}

/// Two directories that differ in one table in twenty.
fn diff(bench: &mut Bench) {
    let name = "baseline diff, 2,000 tables";
    if !bench.wants(name) {
        return;
    }
    let sandbox = Sandbox::empty();
    sandbox.write("infra.toml", "");
    generate::tables(&sandbox.path("before"), 2_000, false);
    generate::tables(&sandbox.path("after"), 2_000, true);
    let ours = median(5, || {
        bench.infra(
            sandbox.root(),
            &["baseline", "diff", "schema:before", "schema:after", "--allow-destructive"],
        )
    });
    let database = Engine::MariaDb.database();
    let before = concatenated(&sandbox.path("before/tables"));
    database.execute(&before);
    sandbox.write("desired.sql", concatenated(&sandbox.path("after/tables")));
    sandbox.write("current.sql", before);
    let desired = sandbox.path("desired.sql");
    let offline =
        middle((0..3).map(|_| once_reading(&mut mysqldef(&sandbox.path("current.sql")), &desired)).collect());
    let online = middle((0..3).map(|_| once_reading(&mut mysqldef_on(&database), &desired)).collect());
    // What Skeema compares with the server lies in its own layout, and no SQL may lie beside that.
    let apart = Sandbox::empty();
    once(&mut skeema(&database, &["init", "--dir", "skeema"], apart.root()));
    let files = apart.path("skeema");
    for entry in std::fs::read_dir(sandbox.path("after/tables")).expect("it was written") {
        let entry = entry.expect("a file");
        std::fs::copy(entry.path(), files.join(entry.file_name())).expect("a file can be copied");
    }
    let theirs = middle(
        (0..3)
            // It ends with 1 where it finds differences.
            .map(|_| {
                crate::measure::once_ending(
                    &mut skeema(&database, &["diff", "--allow-unsafe"], &files),
                    &[0, 1],
                )
            })
            .collect(),
    );
    let peers = vec![
        Peer::new("mysqldef, two files", offline),
        Peer::new("mysqldef, a server and a file", online),
        Peer::new("Skeema, a server and a directory", theirs),
    ];
    bench.add(Row { name: name.to_owned(), ours, peers, memory: None, bytes: None });
}

/// A live schema as files.
fn dump(bench: &mut Bench) {
    let name = "baseline dump, 2,000 tables, MariaDB";
    if !bench.wants(name) {
        return;
    }
    let sandbox = Sandbox::empty();
    sandbox.write("infra.toml", "");
    generate::tables(&sandbox.path("before"), 2_000, false);
    let database = Engine::MariaDb.database();
    database.execute(&concatenated(&sandbox.path("before/tables")));
    let mut number = 0;
    let mut next = || {
        number += 1;
        format!("out{number}")
    };
    let [mut ours, mut tool, mut theirs] = [const { Vec::new() }; 3];
    for _ in 0..3 {
        ours.push(once(&mut ours_of(bench, &sandbox, &database, &next())));
        tool.push(once(&mut dump_tool(&database)));
        theirs.push(once(&mut skeema(&database, &["init", "--dir", &next()], sandbox.root())));
    }
    let memory = Some(peak_memory(&mut ours_of(bench, &sandbox, &database, &next())));
    let peers = vec![
        Peer::new("mariadb-dump --no-data, one file", middle(tool)),
        Peer::new("Skeema's init", middle(theirs)),
    ];
    bench.add(Row { name: name.to_owned(), ours: middle(ours), peers, memory, bytes: None });
}

fn ours_of(bench: &Bench, sandbox: &Sandbox, database: &Database, directory: &str) -> Command {
    let arguments = ["baseline", "dump", &database.url(), "--schema-dir", directory];
    let mut command = bench.infra(sandbox.root(), &arguments);
    command.env("INFRA_MYSQL_PASSWORD", PASSWORD);
    command
}

/// The stock dump tool, which comes with the client and takes the same connection.
fn dump_tool(database: &Database) -> Command {
    let client = database.client();
    let mut command = Command::new("mariadb-dump");
    let mut arguments: Vec<_> = client.get_args().collect();
    let name = arguments.pop().expect("the database comes last");
    command.args(arguments).args(["--no-data", "--routines", "--events"]).arg(name);
    command.envs(client.get_envs().filter_map(|(key, value)| Some((key, value?))));
    command
}

fn concatenated(directory: &Path) -> String {
    let mut files: Vec<_> = std::fs::read_dir(directory)
        .expect("it was written")
        .map(|entry| entry.expect("a file").path())
        .collect();
    files.sort();
    files.iter().map(|file| std::fs::read_to_string(file).expect("a generated file can be read")).collect()
}
