//! `infra baseline verify`, in memory and on real servers.

use std::process::Stdio;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use infra_tests::run::Outcome;
use infra_tests::sandbox::Sandbox;
use infra_tests::servers::{Engine, PASSWORD, USER};

use crate::harness::{findings, infra, on_each_engine, wait_for};

/// As a user names a server on which scratch schemas may be made.
fn url(engine: Engine) -> String {
    format!("mysql://{USER}@127.0.0.1:{}", engine.server().port())
}

fn verify(sandbox: &Sandbox, more: &[&str]) -> Outcome {
    let command = [&["baseline", "verify", "--format", "json"], more].concat();
    infra(sandbox).env("INFRA_MYSQL_PASSWORD", PASSWORD).run(&command)
}

/// Held by tests that look for what a run has left behind, which the runs of other tests must not confuse.
static ALONE: Mutex<()> = Mutex::new(());

/// Nobody else runs on servers while this is held.
fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The scratch schemas that a server has.
fn scratch(engine: Engine) -> Vec<Vec<String>> {
    let database = engine.database();
    database.query(
        "SELECT schema_name FROM information_schema.schemata WHERE schema_name LIKE 'infra\\_verify\\_%'",
    )
}

/// The reference tree with one difference of each kind.
fn drifted() -> Sandbox {
    let sandbox = Sandbox::reference();
    sandbox.replace(
        "infra/mysql/schema/tables/coupons.sql",
        "description VARCHAR(200)",
        "description VARCHAR(250)",
    );
    sandbox.remove("infra/mysql/schema/views/best_sellers.sql");
    sandbox.write(
        "infra/mysql/schema/procedures/more.sql",
        "CREATE PROCEDURE more() SQL SECURITY INVOKER\nSELECT 1;\n",
    );
    sandbox
}

#[track_caller]
fn assert_drifted(result: &serde_json::Value) {
    let differences = result["differences"].as_array().expect("a list of differences");
    let of_migrations: Vec<String> = differences
        .iter()
        .filter(|difference| difference["right"]["side"] == "the migrations")
        .map(|difference| format!("{} {}", difference["kind"], difference["name"]).replace('"', ""))
        .collect();
    assert_eq!(of_migrations, ["table coupons", "view best_sellers", "procedure more"], "{result}");
    assert_eq!(differences.len(), 6, "the baseline differs as the migrations do: {result}");
    let coupons = &differences[0];
    assert_eq!(coupons["left"]["file"], "infra/mysql/schema/tables/coupons.sql");
    let file = coupons["right"]["file"].as_str().expect("a file");
    assert!(file.starts_with("infra/mysql/migrations/V"), "{coupons}");
    assert!(coupons["right"]["line"].as_u64().is_some_and(|line| line > 1), "{coupons}");
    let diff = coupons["diff"].as_str().expect("a diff").to_lowercase();
    assert!(diff.contains("-  `description` varchar(250)"), "{diff}");
    assert!(diff.contains("+  `description` varchar(200)"), "{diff}");
    assert!(findings(result).iter().any(|finding| finding["rule"] == "schema/only-on-one-side"), "{result}");
}

#[test]
fn the_reference_tree_is_one_schema_in_memory() {
    let sandbox = Sandbox::reference();
    let result = verify(&sandbox, &[]).exits(0).json();
    assert_eq!(result["differences"], serde_json::json!([]));
    assert_eq!(result["not_checked"], serde_json::json!([]));
    assert_eq!(
        result["sides"],
        serde_json::json!(["the schema directory", "the migrations", "the baseline"])
    );
    assert!(result["objects"].as_u64().is_some_and(|objects| objects > 35), "{result}");
}

#[test]
fn differences_are_shown_object_by_object_with_both_places() {
    let sandbox = drifted();
    assert_drifted(&verify(&sandbox, &[]).exits(1).json());
    let shown = infra(&sandbox).run(&["baseline", "verify", "--color", "always"]).exits(1);
    for line in ["\u{1b}[31m-  `description` varchar(250)", "\u{1b}[32m+  `description` varchar(200)"] {
        assert!(shown.stdout.contains(line), "{line}:\n{}", shown.stdout);
    }
}

#[test]
fn a_missing_baseline_is_an_error_and_the_rest_is_compared() {
    let sandbox = drifted();
    sandbox.remove("infra/mysql/schema/baseline.sql");
    let result = verify(&sandbox, &[]).exits(1).json();
    assert_eq!(result["differences"].as_array().map(Vec::len), Some(3), "{result}");
    assert!(findings(&result).iter().any(|finding| finding["rule"] == "schema/missing-baseline"));
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn servers_see_what_memory_sees() {
    let _alone = alone();
    on_each_engine(|engine| {
        let server = url(engine);
        let result = verify(&Sandbox::reference(), &["--engine", &server]).exits(0).json();
        assert_eq!(result["differences"], serde_json::json!([]), "{result}");
        assert!(result["objects"].as_u64().is_some_and(|objects| objects > 35), "{result}");
        assert_drifted(&verify(&drifted(), &["--engine", &server]).exits(1).json());
        assert_eq!(scratch(engine), Vec::<Vec<String>>::new());
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn a_server_decides_what_memory_does_not_understand() {
    let _alone = alone();
    on_each_engine(|engine| {
        let tree = |definition: &str| {
            let sandbox = Sandbox::empty();
            let migration = "CREATE TABLE t (a INT) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;\n\
                DELIMITER $$\nCREATE PROCEDURE widen() BEGIN\n\
                IF (SELECT COUNT(*) FROM t WHERE a > 1) = 0 THEN ALTER TABLE t ADD b INT; END IF;\nEND$$\n\
                DELIMITER ;\nCALL widen();\nDROP PROCEDURE widen;\n";
            sandbox.write("infra/mysql/migrations/V1__t.sql", migration);
            sandbox.write("infra/mysql/schema/tables/t.sql", definition);
            let _ = infra(&sandbox).run(&["baseline", "build"]).exits(0);
            sandbox
        };
        let same = "CREATE TABLE t (a INT, b INT) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;\n";
        let memory = verify(&tree(same), &[]).exits(0).json();
        assert_eq!(memory["not_checked"], serde_json::json!(["table `t`"]));
        let server = verify(&tree(same), &["--engine", &url(engine)]).exits(0).json();
        assert_eq!(
            (&server["not_checked"], &server["differences"]),
            (&serde_json::json!([]), &serde_json::json!([]))
        );
        let other = tree("CREATE TABLE t (a INT, c INT) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;\n");
        let server = verify(&other, &["--engine", &url(engine)]).exits(1).json();
        assert_eq!(server["differences"].as_array().map(Vec::len), Some(1), "{server}");
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn what_could_touch_other_schemas_is_not_run() {
    let _alone = alone();
    on_each_engine(|engine| {
        let precious = engine.database();
        precious.execute("CREATE TABLE orders (id INT PRIMARY KEY); INSERT INTO orders VALUES (1);");
        for statement in [
            format!("DROP TABLE {}.orders;", precious.name()),
            format!("USE {};\nDROP TABLE orders;", precious.name()),
        ] {
            let sandbox = Sandbox::reference();
            sandbox.write("infra/mysql/migrations/V900__reach.sql", statement);
            let result = verify(&sandbox, &["--engine", &url(engine)]).exits(1).json();
            let found = findings(&result).iter().find(|finding| finding["rule"] == "verify/reaches-out");
            let found = found.unwrap_or_else(|| panic!("{result}"));
            assert_eq!(
                (found["file"].as_str(), found["line"].as_u64()),
                (Some("infra/mysql/migrations/V900__reach.sql"), Some(1))
            );
            assert_eq!(precious.value("SELECT COUNT(*) FROM orders"), "1");
        }
        assert_eq!(scratch(engine), Vec::<Vec<String>>::new());
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn what_the_server_refuses_is_found_in_its_file_and_nothing_stays_behind() {
    let _alone = alone();
    on_each_engine(|engine| {
        let sandbox = Sandbox::reference();
        sandbox.write(
            "infra/mysql/migrations/V900__wrong.sql",
            "SELECT 1;\nINSERT INTO orders (no_such) VALUES (1);\n",
        );
        let result = verify(&sandbox, &["--engine", &url(engine)]).exits(1).json();
        let found = findings(&result).iter().find(|finding| finding["rule"] == "verify/refused");
        let found = found.unwrap_or_else(|| panic!("{result}"));
        assert_eq!(
            (found["file"].as_str(), found["line"].as_u64()),
            (Some("infra/mysql/migrations/V900__wrong.sql"), Some(2))
        );
        assert_eq!(scratch(engine), Vec::<Vec<String>>::new());
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn an_interrupt_leaves_no_schema_behind() {
    let _alone = alone();
    on_each_engine(|engine| {
        let sandbox = Sandbox::empty();
        sandbox.write("infra/mysql/migrations/V1__t.sql", "CREATE TABLE t (a INT PRIMARY KEY);");
        sandbox.write("infra/mysql/schema/tables/t.sql", "CREATE TABLE t (a INT PRIMARY KEY);");
        // Once it ends after the statement in flight, once it is abandoned.
        for (signals, seconds) in [(1, 1), (2, 60)] {
            sandbox
                .write("infra/mysql/migrations/V900__slow.sql", format!("DO SLEEP({seconds});\n").repeat(30));
            let child = infra(&sandbox)
                .env("INFRA_MYSQL_PASSWORD", PASSWORD)
                .command(&["baseline", "verify", "--engine", &url(engine)])
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .expect("the binary can be started");
            let watcher = engine.database();
            let sleeping = format!(
                "SELECT COUNT(*) FROM information_schema.processlist WHERE info = 'DO SLEEP({seconds})'"
            );
            wait_for(|| watcher.value(&sleeping) == "1");
            assert!(!scratch(engine).is_empty());
            for _ in 0..signals {
                let id = child.id().to_string();
                let _ =
                    infra_tests::run::run(std::process::Command::new("kill").args(["-INT", &id])).exits(0);
                std::thread::sleep(Duration::from_millis(200));
            }
            let ended = child.wait_with_output().expect("the child ends");
            assert_eq!(ended.status.code(), Some(130), "{}", String::from_utf8_lossy(&ended.stderr));
            assert_eq!(scratch(engine), Vec::<Vec<String>>::new(), "after {signals}");
        }
    });
}
