//! `infra baseline` on the reference tree, and what it builds on real servers.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use infra_tests::compare::assert_same;
use infra_tests::oracle::Flyway;
use infra_tests::sandbox::Sandbox;
use infra_tests::servers::{Database, Engine, PASSWORD};

use crate::harness::{MIGRATIONS, infra, on_each_engine};

const BASELINE: &str = "infra/mysql/schema/baseline.sql";

#[test]
fn the_reference_baseline_is_fresh() {
    let sandbox = Sandbox::reference();
    let _ = infra(&sandbox).run(&["baseline", "build", "--check"]).exits(0);
}

#[test]
fn building_gives_the_same_bytes_every_time() {
    let sandbox = Sandbox::reference();
    let committed = sandbox.read(BASELINE);
    for out in ["one.sql", "two.sql"] {
        let _ = infra(&sandbox).run(&["baseline", "build", "--out", out]).exits(0);
        assert_same(out, &sandbox.read(out), &committed);
    }
    // Files written in another order: directories list them differently.
    let shuffled = Sandbox::reference();
    for folder in ["tables", "views", "triggers", "procedures"] {
        let directory = shuffled.path("infra/mysql/schema").join(folder);
        let mut files: Vec<_> = std::fs::read_dir(&directory)
            .expect("the schema can be listed")
            .map(|file| file.expect("the schema can be listed").path())
            .map(|path| (std::fs::read(&path).expect("a schema file can be read"), path))
            .collect();
        files.sort_by(|(_, a), (_, b)| b.cmp(a));
        for (_, path) in &files {
            std::fs::remove_file(path).expect("a copy can be removed");
        }
        for (content, path) in files {
            std::fs::write(path, content).expect("a copy can be written");
        }
    }
    let _ = infra(&shuffled).run(&["baseline", "build"]).exits(0);
    assert_same("shuffled", &shuffled.read(BASELINE), &committed);
}

#[test]
fn a_stale_baseline_is_found_and_left_alone() {
    let sandbox = Sandbox::reference();
    sandbox.append("infra/mysql/schema/tables/coupons.sql", "-- one more remark\n");
    sandbox.replace(
        "infra/mysql/schema/tables/coupons.sql",
        "description VARCHAR(200)",
        "description VARCHAR(250)",
    );
    let before = sandbox.read(BASELINE);
    let stale = infra(&sandbox).run(&["baseline", "build", "--check"]).exits(1);
    assert!(stale.stderr.contains("infra baseline build"), "{}", stale.stderr);
    assert_same("after --check", &sandbox.read(BASELINE), &before);
    let _ = infra(&sandbox).run(&["baseline", "build"]).exits(0);
    assert!(sandbox.read(BASELINE).contains("VARCHAR(250)"));
    let _ = infra(&sandbox).run(&["baseline", "build", "--check"]).exits(0);
}

#[test]
fn a_killed_build_leaves_the_old_file_or_the_new_one() {
    let sandbox = Sandbox::reference();
    let new = sandbox.read(BASELINE);
    let old = "-- what was here before\n";
    let (mut kept, mut replaced) = (0, 0);
    for round in 0..60 {
        sandbox.write(BASELINE, old);
        let mut build = infra(&sandbox)
            .command(&["baseline", "build"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary can be started");
        std::thread::sleep(Duration::from_micros(500 * round));
        build.kill().expect("a child can be killed");
        let _ = build.wait().expect("a killed child ends");
        match sandbox.read(BASELINE) {
            text if text == old => kept += 1,
            text if text == new => replaced += 1,
            half => panic!("round {round}: neither old nor new:\n{half}"),
        }
    }
    assert!(kept > 0, "no build was killed before it had written; {replaced} were done");
}

#[test]
fn a_target_that_cannot_be_written_is_named() {
    let sandbox = Sandbox::reference();
    sandbox.write("file", "not a directory");
    // No account may create a file in /proc.
    for out in ["/proc/baseline.sql", "file/baseline.sql", "missing/baseline.sql", "infra"] {
        let outcome = infra(&sandbox).run(&["baseline", "build", "--out", out]);
        assert!([2, 4].contains(&outcome.code), "{outcome:?}");
        assert!(outcome.stderr.contains(out), "{}", outcome.stderr);
        assert!(outcome.stderr.contains("help:"), "{}", outcome.stderr);
    }
    assert!(!sandbox.path("missing").exists());
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn the_baseline_gives_the_schema_that_the_migrations_give() {
    on_each_engine(|engine| {
        let sandbox = Sandbox::reference();
        let migrated = engine.database();
        let _ = infra(&sandbox).on(&migrated).run(&["migrate", "apply", "--no-placeholders"]).exits(0);
        let expected = schema(&migrated);

        let piped = engine.database();
        piped.execute(&sandbox.read(BASELINE));
        let mut objects = schema(&piped);
        assert_schemas("piped through the client", &mut objects, &expected);

        let loaded = engine.database();
        load(&sandbox, &loaded).exits(0).output();
        let mut objects = schema(&loaded);
        assert_schemas("loaded by infra", &mut objects, &expected);
    });
}

fn load(sandbox: &Sandbox, database: &Database) -> infra_tests::run::Outcome {
    infra(sandbox).env("INFRA_MYSQL_PASSWORD", PASSWORD).run(&["baseline", "load", &database.url()])
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn a_loaded_baseline_is_migrated_further_by_both() {
    on_each_engine(|engine| {
        let sandbox = Sandbox::reference();
        let locations = sandbox.path(MIGRATIONS);
        let database = engine.database();
        let _ = load(&sandbox, &database).exits(0);
        let rows = database
            .query("SELECT installed_rank, version, type, script, success FROM flyway_schema_history");
        assert_eq!(rows.len(), 1, "{rows:?}");
        assert_eq!((rows[0][2].as_str(), rows[0][4].as_str()), ("BASELINE", "1"), "{rows:?}");

        let _ = infra(&sandbox).on(&database).run(&["migrate", "apply", "--no-placeholders"]).exits(0);
        let versioned = database.value(
            "SELECT COUNT(*) FROM flyway_schema_history WHERE version IS NOT NULL AND type <> 'BASELINE'",
        );
        assert_eq!(versioned, "0", "what the baseline holds is not run again");
        let _ = infra(&sandbox).on(&database).run(&["migrate", "validate", "--no-placeholders"]).exits(0);
        let flyway = Flyway::new(&database, &locations).set("PLACEHOLDER_REPLACEMENT", "false");
        let _ = flyway.run(&["validate"]).exits(0);
        assert_eq!(flyway.run(&["migrate"]).output().trim(), "0");
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn a_baseline_is_not_loaded_over_something_else() {
    on_each_engine(|engine| {
        let sandbox = Sandbox::reference();
        let database = engine.database();
        database.execute("CREATE TABLE customers (id INT PRIMARY KEY); INSERT INTO customers VALUES (1);");
        let refused = load(&sandbox, &database).exits(2);
        assert!(refused.stderr.contains("empty"), "{}", refused.stderr);
        assert_eq!(database.query("SHOW TABLES"), [["customers"]]);
        assert_eq!(database.value("SELECT COUNT(*) FROM customers"), "1");
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn a_killed_load_goes_on_wherever_it_stood() {
    on_each_engine(|engine| {
        let sandbox = Sandbox::reference();
        let whole = engine.database();
        let took = load(&sandbox, &whole).exits(0).elapsed;
        let expected = schema(&whole);
        let mut resumed = 0;
        let moments = 6;
        for round in 0.. {
            // Each moment once; again only as long as too few of them fell inside a load.
            if round >= moments && (resumed >= 2 || round == 10 * moments) {
                break;
            }
            let database = engine.database();
            // Twice, so that what goes on is killed too.
            for _ in 0..2 {
                let mut child = infra(&sandbox)
                    .env("INFRA_MYSQL_PASSWORD", PASSWORD)
                    .command(&["baseline", "load", &database.url()])
                    .stdin(Stdio::null())
                    .stdout(Stdio::null())
                    .stderr(Stdio::null())
                    .spawn()
                    .expect("the binary can be started");
                std::thread::sleep(took * (round % moments) / moments);
                child.kill().expect("a child can be killed");
                let _ = child.wait().expect("a killed child ends");
            }
            // What a killed client had asked for may still be done after it: only the next load, which waits for its
            // lock, sees where it ended.
            let next = infra(&sandbox).env("INFRA_MYSQL_PASSWORD", PASSWORD).run(&[
                "baseline",
                "load",
                &database.url(),
                "--format",
                "json",
            ]);
            if next.code == 2 {
                // It had ended before it was killed; loading over it is refused.
                assert_eq!(next.json()["findings"][0]["rule"], "schema/not-empty", "{}", next.stdout);
            } else {
                let loaded = next.exits(0).json();
                resumed += usize::from(loaded["found"].as_u64().is_some_and(|found| found > 0));
            }
            let mut objects = schema(&database);
            assert_schemas(&format!("killed in round {round}"), &mut objects, &expected);
            assert_eq!(database.value("SELECT COUNT(*) FROM flyway_schema_history"), "1");
            assert_eq!(database.query("SHOW TABLES LIKE '%\\_load'"), Vec::<Vec<String>>::new());
        }
        assert!(resumed >= 2, "only {resumed} loads went on");
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn a_load_that_was_cut_off_does_not_go_on_over_something_else() {
    on_each_engine(|engine| {
        let sandbox = Sandbox::reference();
        let broken = sandbox.read(BASELINE).replacen(
            "\n-- views\n",
            "\nCREATE TABLE t (id INT, id INT);\n\n-- views\n",
            1,
        );
        sandbox.write("broken.sql", broken);
        let database = engine.database();
        let url = database.url();
        let broken = ["baseline", "load", &url, "--file", "broken.sql"];
        let failed = infra(&sandbox).env("INFRA_MYSQL_PASSWORD", PASSWORD).run(&broken).exits(4);
        assert!(failed.stderr.contains("schema/statement-failed"), "{}", failed.stderr);
        let other = load(&sandbox, &database).exits(2);
        assert!(other.stderr.contains("schema/other-baseline"), "{}", other.stderr);
        database.execute("CREATE TABLE mine (id INT PRIMARY KEY);");
        let refused = infra(&sandbox).env("INFRA_MYSQL_PASSWORD", PASSWORD).run(&broken).exits(2);
        assert!(refused.stderr.contains("schema/not-empty"), "{}", refused.stderr);
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn a_baseline_in_parts_and_one_as_a_migration_of_flyway_give_the_same_schema() {
    on_each_engine(|engine| {
        let sandbox = Sandbox::reference();
        let whole = engine.database();
        whole.execute(&sandbox.read(BASELINE));
        let expected = schema(&whole);
        for by in ["kind", "object"] {
            let _ = infra(&sandbox).run(&["baseline", "build", "--split", by, "--out", by]).exits(0);
            let mut files: Vec<_> = std::fs::read_dir(sandbox.path(by))
                .expect("the parts can be listed")
                .map(|file| format!("{by}/{}", file.expect("a part").file_name().to_string_lossy()))
                .collect();
            files.sort();
            let database = engine.database();
            for file in &files {
                database.execute(&sandbox.read(file));
            }
            assert_schemas(by, &mut schema(&database), &expected);
            let _ =
                infra(&sandbox).run(&["baseline", "build", "--split", by, "--out", by, "--check"]).exits(0);
        }
        // What is no part any more goes.
        let _ = infra(&sandbox)
            .run(&["baseline", "build", "--split", "kind", "--out", "object", "--check"])
            .exits(1);
        let _ = infra(&sandbox).run(&["baseline", "build", "--split", "kind", "--out", "object"]).exits(0);
        let _ = infra(&sandbox)
            .run(&["baseline", "build", "--split", "kind", "--out", "object", "--check"])
            .exits(0);

        sandbox.write("flyway/B900__baseline.sql", sandbox.read(BASELINE));
        let database = engine.database();
        let locations = sandbox.path("flyway");
        let flyway = Flyway::new(&database, &locations).set("PLACEHOLDER_REPLACEMENT", "false");
        let _ = flyway.run(&["migrate"]).exits(0);
        assert_schemas("by Flyway", &mut schema(&database), &expected);
    });
}

#[test]
fn tables_alone_and_accounts_are_chosen() {
    let sandbox = Sandbox::reference();
    let build = |more: &[&str]| {
        let command = [&["baseline", "build", "--out", "out.sql"], more].concat();
        let _ = infra(&sandbox).run(&command).exits(0);
        sandbox.read("out.sql")
    };
    let tables = build(&["--tables-only"]);
    assert!(
        tables.contains("CREATE TABLE orders") && !tables.contains(" VIEW ") && !tables.contains("TRIGGER")
    );
    assert!(build(&["--definer", "app@%"]).contains("CREATE DEFINER=`app`@`%` SQL SECURITY INVOKER VIEW"));
    assert!(build(&["--dialect", "mariadb-11.4"]).contains("NO_AUTO_CREATE_USER"));
    let wrong = infra(&sandbox).run(&["baseline", "build", "--dialect", "postgres-16"]).exits(2);
    assert!(wrong.stderr.contains("mysql-8.4"), "{}", wrong.stderr);
}

/// The text of every object as the server shows it, comparable between databases.
fn schema(database: &Database) -> BTreeMap<String, String> {
    let mut objects = BTreeMap::new();
    let mut add = |kind: &str, column: usize, names: Vec<Vec<String>>| {
        for name in names {
            let row = database.query(&format!("SHOW CREATE {kind} `{}`", name[0])).swap_remove(0);
            objects.insert(format!("{kind} {}", name[0]), comparable(&row[column], database));
        }
    };
    let of = |table: &str, name: &str, condition: &str| {
        database.query(&format!("SELECT {name} FROM information_schema.{table} WHERE {condition} ORDER BY 1"))
    };
    add(
        "TABLE",
        1,
        of(
            "tables",
            "table_name",
            "table_schema = DATABASE() AND table_type = 'BASE TABLE' AND table_name <> 'flyway_schema_history'",
        ),
    );
    add("VIEW", 1, of("views", "table_name", "table_schema = DATABASE()"));
    add("TRIGGER", 2, of("triggers", "trigger_name", "trigger_schema = DATABASE()"));
    add(
        "PROCEDURE",
        2,
        of("routines", "routine_name", "routine_schema = DATABASE() AND routine_type = 'PROCEDURE'"),
    );
    add(
        "FUNCTION",
        2,
        of("routines", "routine_name", "routine_schema = DATABASE() AND routine_type = 'FUNCTION'"),
    );
    add("EVENT", 3, of("events", "event_name", "event_schema = DATABASE()"));
    objects
}

/// Without what says nothing about the schema: the next `AUTO_INCREMENT` value and the database's own name; white space between tokens counts as
/// one blank, because MariaDB keeps a trigger's head as it was typed.
fn comparable(text: &str, database: &Database) -> String {
    let text = text.replace(&format!("`{}`.", database.name()), "");
    let words = text.split_whitespace().filter(|word| !word.starts_with("AUTO_INCREMENT="));
    words.collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn assert_schemas(what: &str, objects: &mut BTreeMap<String, String>, expected: &BTreeMap<String, String>) {
    assert!(expected.len() > 35, "the reference schema has more than {} objects", expected.len());
    let names = |map: &BTreeMap<String, String>| map.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(objects), names(expected), "{what}");
    for (name, text) in expected {
        assert_same(
            &format!("{what}: {name}"),
            &objects[name].replace(", ", ",\n"),
            &text.replace(", ", ",\n"),
        );
    }
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn the_loaded_schema_works() {
    let sandbox = Sandbox::reference();
    let database = Engine::MySql.database();
    let _ = load(&sandbox, &database).exits(0);
    let _ = infra(&sandbox).on(&database).run(&["migrate", "apply", "--no-placeholders"]).exits(0);
    let views =
        database.query("SELECT table_name FROM information_schema.views WHERE table_schema = DATABASE()");
    assert!(views.len() >= 7, "{views:?}");
    for view in views {
        let _ = database.query(&format!("SELECT * FROM `{}`", view[0]));
    }
}
