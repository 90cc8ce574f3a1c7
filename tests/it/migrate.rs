//! `infra migrate` on real servers.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use infra_tests::run::{Infra, Outcome};
use infra_tests::sandbox::Sandbox;
use infra_tests::servers::{Database, Engine, PASSWORD, free_port};

use crate::harness::{MIGRATIONS, findings, infra, migrations, on_each_engine, wait_for};

const TWO: [(&str, &str); 2] = [
    ("V1__customers.sql", "CREATE TABLE customers (id INT PRIMARY KEY, name VARCHAR(50));\n"),
    ("V2__first_customer.sql", "INSERT INTO customers VALUES (1, 'Ada');\n"),
];

/// Runs `infra migrate` with arguments on the sandbox's own migrations.
fn migrate(sandbox: &Sandbox, database: &Database, arguments: &[&str]) -> Outcome {
    let mut all = vec!["migrate"];
    all.extend(arguments);
    all.extend(["--locations", "migrations"]);
    infra(sandbox).on(database).run(&all)
}

/// What no output may hold.
#[track_caller]
fn assert_discreet(outcome: &Outcome) {
    assert!(!outcome.all().contains(PASSWORD), "the password is shown:\n{}", outcome.all());
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn applying_twice_changes_nothing() {
    on_each_engine(|engine| {
        let (sandbox, database) = (Sandbox::reference(), engine.database());
        let apply = || infra(&sandbox).on(&database).run(&["migrate", "apply", "--no-placeholders"]).exits(0);
        assert_discreet(&apply());
        let history = database.history();
        let files = std::fs::read_dir(sandbox.path(MIGRATIONS)).expect("the migrations can be listed");
        let scripts = files
            .filter(|file| file.as_ref().is_ok_and(|f| f.path().extension().is_some_and(|e| e == "sql")))
            .count();
        assert_eq!(history.len(), scripts);
        assert!(history.iter().all(|row| row.last().is_some_and(|success| success == "1")), "{history:?}");
        let _ = apply();
        assert_eq!(database.history(), history);
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn a_failing_statement_is_named_and_recorded() {
    on_each_engine(|engine| {
        let sandbox = migrations(&[
            ("V1__fine.sql", "CREATE TABLE t (id INT PRIMARY KEY);\n"),
            (
                "V2__broken.sql",
                "-- two statements\nCREATE TABLE u (id INT PRIMARY KEY);\n\nALTER TABLE nowhere\n  ADD COLUMN x INT;\n",
            ),
            ("V3__never.sql", "CREATE TABLE never (id INT PRIMARY KEY);\n"),
        ]);
        let database = engine.database();
        let failed = migrate(&sandbox, &database, &["apply", "--format", "json"]).exits(4);
        let result = failed.json();
        let finding = &findings(&result)[0];
        let file = finding["file"].as_str().unwrap_or_default();
        assert!(file.ends_with("V2__broken.sql"), "{finding}");
        assert_eq!((finding["line"].as_u64(), finding["column"].as_u64()), (Some(4), Some(1)), "{finding}");
        assert!(
            finding["message"].to_string().contains("nowhere") || finding.to_string().contains("1146"),
            "{finding}"
        );
        assert!(finding["help"].as_str().is_some_and(|help| !help.is_empty()), "{finding}");

        let history =
            database.query("SELECT version, success FROM flyway_schema_history ORDER BY installed_rank");
        assert_eq!(history, [["1", "1"], ["2", "0"]]);
        let tables = database.query("SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name IN ('t', 'u', 'never') ORDER BY 1");
        assert_eq!(
            tables,
            [["t"], ["u"]],
            "what was done before the failure stays, what comes after is not begun"
        );

        let again = migrate(&sandbox, &database, &["apply"]);
        assert_ne!(again.code, 0, "a failed migration blocks the next run: {again:?}");
        let person = again.all();
        assert!(person.contains('2') && person.contains("failed"), "{person}");
        assert_eq!(
            database.query("SELECT version, success FROM flyway_schema_history ORDER BY installed_rank"),
            history
        );
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn two_runners_apply_each_migration_once() {
    on_each_engine(|engine| {
        let (sandbox, database) = (Sandbox::reference(), engine.database());
        let apply = || infra(&sandbox).on(&database).run(&["migrate", "apply", "--no-placeholders"]).exits(0);
        std::thread::scope(|scope| {
            let others = [scope.spawn(apply), scope.spawn(apply)];
            let _ = apply();
            for other in others {
                let _ = other.join().expect("each runner succeeds");
            }
        });
        let history = database
            .query("SELECT script, COUNT(*), MIN(success) FROM flyway_schema_history GROUP BY script");
        assert!(
            history.len() > 20 && history.iter().all(|row| row[1] == "1" && row[2] == "1"),
            "{history:?}"
        );
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn an_edited_migration_is_a_mismatch_with_both_values() {
    on_each_engine(|engine| {
        let (sandbox, database) = (migrations(&TWO), engine.database());
        let _ = migrate(&sandbox, &database, &["apply"]).exits(0);
        let _ = migrate(&sandbox, &database, &["validate"]).exits(0);
        let applied = database.value("SELECT checksum FROM flyway_schema_history WHERE version = '2'");
        sandbox.write(
            "migrations/V2__first_customer.sql",
            "INSERT INTO customers VALUES (1, 'Ada Lovelace');\n",
        );
        let other = engine.database();
        let _ = migrate(&sandbox, &other, &["apply"]).exits(0);
        let resolved = other.value("SELECT checksum FROM flyway_schema_history WHERE version = '2'");
        for verb in ["validate", "apply"] {
            let said = migrate(&sandbox, &database, &[verb]).exits(1).all();
            assert!(
                said.contains(&applied)
                    && said.contains(&resolved)
                    && said.contains("V2__first_customer.sql"),
                "{said}"
            );
        }
        assert_eq!(database.value("SELECT checksum FROM flyway_schema_history WHERE version = '2'"), applied);
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn validate_finds_what_is_pending_and_what_is_missing() {
    let (sandbox, database) = (migrations(&TWO), Engine::MariaDb.database());
    let pending = migrate(&sandbox, &database, &["validate", "--format", "json"]).exits(1).json();
    assert_eq!(findings(&pending).len(), 2, "{pending}");
    assert!(database.query("SHOW TABLES").is_empty(), "validate creates nothing");
    let _ = migrate(&sandbox, &database, &["apply"]).exits(0);
    sandbox.remove("migrations/V1__customers.sql");
    let missing = migrate(&sandbox, &database, &["validate"]).exits(1).all();
    assert!(missing.contains('1') && missing.contains("customers"), "{missing}");
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn a_late_migration_waits_for_the_word() {
    let (sandbox, database) = (migrations(&TWO), Engine::MariaDb.database());
    let _ = migrate(&sandbox, &database, &["apply"]).exits(0);
    sandbox.write("migrations/V1.5__late.sql", "CREATE TABLE late (id INT PRIMARY KEY);\n");
    let refused = migrate(&sandbox, &database, &["apply"]).exits(1).all();
    assert!(refused.contains("1.5") && refused.contains("out of order"), "{refused}");
    let _ = migrate(&sandbox, &database, &["apply", "--out-of-order"]).exits(0);
    assert_eq!(
        database.value("SELECT COUNT(*) FROM flyway_schema_history WHERE version = '1.5' AND success"),
        "1"
    );
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn a_target_stops_there() {
    let (sandbox, database) = (migrations(&TWO), Engine::MySql.database());
    let _ = migrate(&sandbox, &database, &["apply", "--target", "1"]).exits(0);
    assert_eq!(database.query("SELECT version FROM flyway_schema_history"), [["1"]]);
    let unknown = migrate(&sandbox, &database, &["apply", "--target", "17"]);
    assert!([1, 2].contains(&unknown.code) && unknown.all().contains("17"), "{unknown:?}");
    assert_eq!(database.query("SELECT version FROM flyway_schema_history"), [["1"]]);
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn a_foreign_schema_is_not_touched_without_a_baseline() {
    on_each_engine(|engine| {
        let (sandbox, database) = (migrations(&TWO), engine.database());
        database.execute("CREATE TABLE somebody_elses (id INT PRIMARY KEY)");
        let refused = migrate(&sandbox, &database, &["apply"]).exits(2);
        assert!(refused.all().contains("baseline"), "{refused:?}");
        assert_eq!(database.query("SHOW TABLES"), [["somebody_elses"]]);
        let _ = migrate(&sandbox, &database, &["apply", "--baseline-on-migrate", "--baseline-version", "0"])
            .exits(0);
        let history =
            database.query("SELECT type, version FROM flyway_schema_history ORDER BY installed_rank");
        assert_eq!(history, [["BASELINE", "0"], ["SQL", "1"], ["SQL", "2"]]);
    });
}

#[test]
fn a_closed_port_is_unreachable_and_the_password_is_not_shown() {
    let sandbox = migrations(&TWO);
    let url = format!("mysql://shop@127.0.0.1:{}/shop", free_port());
    for verb in ["info", "validate", "apply"] {
        for format in ["human", "json"] {
            let infra = infra(&sandbox).env("INFRA_MYSQL_PASSWORD", PASSWORD);
            let outcome = infra.run(&[
                "migrate",
                verb,
                "--url",
                &url,
                "--locations",
                "migrations",
                "--format",
                format,
                "--connect-timeout",
                "5",
            ]);
            let outcome = outcome.exits(3);
            assert!(outcome.elapsed < Duration::from_secs(6), "took {:?}", outcome.elapsed);
            assert!(outcome.all().contains("127.0.0.1"), "{}", outcome.all());
            assert_discreet(&outcome);
        }
    }
}

#[test]
fn a_server_that_says_nothing_is_given_up_in_time() {
    let sandbox = migrations(&TWO);
    // Accepts connections and never greets.
    let silent = TcpListener::bind(("127.0.0.1", 0)).expect("a port can be bound");
    let address = silent.local_addr().expect("a bound port has an address");
    let url = format!("mysql://shop@{address}/shop");
    let infra = infra(&sandbox).env("INFRA_MYSQL_PASSWORD", PASSWORD);
    let outcome = infra
        .run(&["migrate", "info", "--url", &url, "--locations", "migrations", "--connect-timeout", "2"])
        .exits(3);
    assert!((2..5).contains(&outcome.elapsed.as_secs()), "took {:?}", outcome.elapsed);
    assert_discreet(&outcome);
}

#[test]
fn a_password_in_the_address_is_not_shown() {
    let sandbox = migrations(&TWO);
    let url = format!("mysql://shop:{PASSWORD}@127.0.0.1:{}/shop", free_port());
    let outcome =
        infra(&sandbox).run(&["migrate", "info", "--url", &url, "--locations", "migrations"]).exits(3);
    assert_discreet(&outcome);
}

#[test]
fn without_a_database_nothing_is_tried() {
    let sandbox = migrations(&TWO);
    let outcome = infra(&sandbox).run(&["migrate", "info", "--locations", "migrations"]).exits(2);
    assert!(outcome.stderr.contains("--url"), "{}", outcome.stderr);
    let odd = infra(&sandbox).run(&[
        "migrate",
        "info",
        "--url",
        "postgres://shop@127.0.0.1/shop",
        "--locations",
        "migrations",
    ]);
    assert_eq!(odd.code, 2, "{odd:?}");
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn a_wrong_password_is_refused_and_not_shown() {
    on_each_engine(|engine| {
        let (sandbox, database) = (migrations(&TWO), engine.database());
        let wrong = "wr0ng-secret";
        let infra = infra(&sandbox).env("INFRA_MYSQL_PASSWORD", wrong);
        let outcome =
            infra.run(&["migrate", "apply", "--url", &database.url(), "--locations", "migrations"]).exits(3);
        assert!(!outcome.all().contains(wrong), "{}", outcome.all());
        assert!(outcome.all().contains("shop"), "{}", outcome.all());
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn the_password_may_come_from_a_file() {
    on_each_engine(|engine| {
        let (sandbox, database) = (migrations(&TWO), engine.database());
        sandbox.write("secret/password", format!("{PASSWORD}\n"));
        let infra = infra(&sandbox).env("INFRA_MYSQL_PASSWORD_FILE", sandbox.path("secret/password"));
        assert_discreet(
            &infra.run(&["migrate", "apply", "--url", &database.url(), "--locations", "migrations"]).exits(0),
        );
        assert_eq!(database.value("SELECT name FROM customers"), "Ada");
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn a_missing_database_is_said_to_be_missing() {
    on_each_engine(|engine| {
        let (sandbox, database) = (migrations(&TWO), engine.database());
        let url = database.url().replace(database.name(), "no_such_database");
        let infra = infra(&sandbox).env("INFRA_MYSQL_PASSWORD", PASSWORD);
        let outcome = infra.run(&["migrate", "info", "--url", &url, "--locations", "migrations"]).exits(3);
        assert!(outcome.all().contains("no_such_database"), "{}", outcome.all());
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn waiting_ends_when_the_version_is_there() {
    on_each_engine(|engine| {
        let (sandbox, database) = (migrations(&TWO), engine.database());
        let wait = |version: &str, timeout: &str| {
            infra(&sandbox).on(&database).run(&[
                "migrate",
                "wait",
                "--at-least",
                version,
                "--timeout",
                timeout,
            ])
        };
        let begun = Instant::now();
        let given_up = wait("1", "1s").exits(3);
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
        assert!(given_up.all().contains('1'), "{}", given_up.all());
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| wait("2", "60s"));
            std::thread::sleep(Duration::from_millis(300));
            let _ = migrate(&sandbox, &database, &["apply"]).exits(0);
            let _ = waiting.join().expect("waiting does not panic").exits(0);
        });
        let _ = wait("1.7", "1s").exits(0);
        let _ = wait("3", "1s").exits(3);
    });
}

#[test]
fn new_takes_the_next_version() {
    let sandbox = Sandbox::reference();
    let newest = newest_version(&sandbox);
    let _ = infra(&sandbox).run(&["migrate", "new", "add gift wrapping"]).exits(0);
    let file = format!("V{:03}__add_gift_wrapping.sql", newest + 1);
    assert!(sandbox.path(MIGRATIONS).join(&file).is_file(), "there is no {file}");
    assert!(
        sandbox.read(&format!("{MIGRATIONS}/kustomization.yaml")).contains(&file),
        "the bundle does not list {file}"
    );
    assert_eq!(newest_version(&sandbox), newest + 1);
}

fn newest_version(sandbox: &Sandbox) -> u32 {
    let version = |name: &String| name.strip_prefix('V')?.split_once("__")?.0.parse().ok();
    files(sandbox).iter().filter_map(version).max().expect("there are migrations")
}

#[test]
fn a_new_migration_can_be_a_key_of_a_configmap() {
    for description in ["50% off!", "größer", "a 'quoted' word", "x; rm -rf .", "../up"] {
        let sandbox = Sandbox::reference();
        let before = files(&sandbox);
        let outcome = infra(&sandbox).run(&["migrate", "new", description]);
        if outcome.code == 0 {
            let new: Vec<_> = files(&sandbox).into_iter().filter(|name| !before.contains(name)).collect();
            let is_key = |name: &String| name.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c));
            assert!(new.len() == 1 && new.iter().all(is_key), "{description}: {new:?}");
        } else {
            let refused = outcome.exits(2);
            assert!(refused.stderr.contains("help:"), "{description}: {}", refused.stderr);
            assert_eq!(files(&sandbox), before, "{description}");
        }
    }
}

/// The names of the files beside the migrations.
fn files(sandbox: &Sandbox) -> std::collections::BTreeSet<String> {
    let files = std::fs::read_dir(sandbox.path(MIGRATIONS)).expect("the migrations can be listed");
    let name = |file: std::fs::DirEntry| file.file_name().into_string().expect("names are UTF-8");
    files.map(|file| name(file.expect("the migrations can be listed"))).collect()
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn a_killed_runner_leaves_a_lock_that_dies_with_it() {
    on_each_engine(|engine| {
        let sandbox =
            migrations(&[("V1__slow.sql", "DO SLEEP(30);\nCREATE TABLE t (id INT PRIMARY KEY);\n")]);
        let database = engine.database();
        let runner: Infra = infra(&sandbox).on(&database);
        let mut child = runner
            .command(&["migrate", "apply", "--locations", "migrations"])
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .expect("the binary can be started");
        wait_for(|| {
            database.value("SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE '%SLEEP(30)%' AND info NOT LIKE '%processlist%'") == "1"
        });
        child.kill().expect("a child can be killed");
        let _ = child.wait().expect("a killed child ends");
        let running = database.query("SELECT id FROM information_schema.processlist WHERE info LIKE '%SLEEP(30)%' AND info NOT LIKE '%processlist%'");
        for row in running {
            database.execute(&format!("KILL {}", row[0]));
        }
        sandbox.write("migrations/V1__slow.sql", "CREATE TABLE t (id INT PRIMARY KEY);\n");
        let _ = migrate(&sandbox, &database, &["apply"]).exits(0);
        assert_eq!(database.value("SELECT COUNT(*) FROM flyway_schema_history"), "1");
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn an_interrupt_stops_after_the_statement_in_flight() {
    on_each_engine(|engine| {
        let sandbox = migrations(&[
            ("V1__whole.sql", "CREATE TABLE t (id INT PRIMARY KEY);\n"),
            ("V2__slow.sql", "DO SLEEP(2);\nCREATE TABLE never (id INT PRIMARY KEY);\n"),
        ]);
        let database = engine.database();
        let runner: Infra = infra(&sandbox).on(&database);
        let mut child = runner
            .command(&["migrate", "apply", "--locations", "migrations"])
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .expect("the binary can be started");
        wait_for(|| {
            database.value("SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE '%SLEEP(2)%' AND info NOT LIKE '%processlist%'") == "1"
        });
        let interrupted = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
        assert!(interrupted.expect("there is a kill command").success());
        assert_eq!(child.wait().expect("an interrupted child ends").code(), Some(130));
        assert_eq!(database.query("SHOW TABLES LIKE 'never'").len(), 0);
        let versions =
            || database.query("SELECT version, success FROM flyway_schema_history ORDER BY installed_rank");
        assert_eq!(versions(), [["1", "1"]], "a stop is no failure");
        let _ = migrate(&sandbox, &database, &["apply"]).exits(0);
        assert_eq!(versions(), [["1", "1"], ["2", "1"]]);
    });
}
