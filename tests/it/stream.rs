//! Migrations that are too large to be held: what is applied, how much memory that takes, and how it goes on after a death.

use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use infra_tests::oracle::Flyway;
use infra_tests::sandbox::Sandbox;
use infra_tests::servers::{Database, Engine};
use migrate_core::checksum;

use crate::harness::{infra, migrations, on_each_engine};

const APPLY: [&str; 4] = ["migrate", "apply", "--locations", "migrations"];

/// Rows as a dump has them, five hundred a statement: `size` bytes or a little more. Returns how many rows.
fn rows(text: &mut String, size: usize) -> usize {
    let (end, mut count) = (text.len() + size, 0);
    while text.len() < end {
        text.push_str("INSERT INTO t VALUES ");
        for row in 0..500 {
            let separator = if row == 0 { "" } else { "," };
            text.push_str(&format!("{separator}({row},'it''s row {count}; and some words to go with it')"));
            count += 1;
        }
        text.push_str(";\n");
    }
    count
}

/// A file with definitions at its beginning, in its middle and near its end, and the number of rows that it makes.
fn large(size: usize) -> (String, usize) {
    let mut text =
        String::from("SET @many = 7;\nCREATE TABLE t (id INT NOT NULL, note VARCHAR(100) NOT NULL);\n");
    let mut count = rows(&mut text, size / 2);
    text.push_str(
        "CREATE TABLE marks (n INT);\nINSERT INTO marks VALUES (@many);\nALTER TABLE marks ADD m INT;\n",
    );
    count += rows(&mut text, size / 2);
    text.push_str("UPDATE marks SET n = n + 1;\nALTER TABLE marks ADD k INT;\nUPDATE marks SET n = n + 1;\n");
    (text, count)
}

fn begin(sandbox: &Sandbox, database: &Database) -> Child {
    let mut command = infra(sandbox).on(database).command(&APPLY);
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.spawn().expect("a program can be started")
}

/// Runs to the end; the most memory that the kernel saw, in bytes.
fn peak(mut child: Child) -> u64 {
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let mut peak = 0;
    loop {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let mark = text
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        peak = peak.max(mark.unwrap_or(0) * 1024);
        if let Some(ended) = child.try_wait().expect("a child can be waited for") {
            assert!(ended.success(), "{ended}");
            return peak;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[track_caller]
fn check(database: &Database, text: &str, count: usize) {
    assert_eq!(database.value("SELECT COUNT(*) FROM t"), count.to_string());
    assert_eq!(database.query("SELECT n FROM marks"), [["9"]]);
    assert_eq!(database.value("SELECT COUNT(*) FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'marks'"), "3");
    let expected = checksum::of_file(text.as_bytes()).to_string();
    assert_eq!(
        database.query("SELECT version, checksum, success FROM flyway_schema_history"),
        [["1", &expected, "1"]]
    );
    assert!(database.query("SHOW TABLES LIKE '%journal'").is_empty());
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn a_large_file_is_applied_in_little_memory() {
    on_each_engine(|engine| {
        let size = if engine == Engine::MariaDb { 40_000_000 } else { 12_000_000 };
        let (text, count) = large(size);
        let sandbox = migrations(&[("V1__large.sql", &text)]);
        let database = engine.database();
        let peak = peak(begin(&sandbox, &database));
        assert!(peak > 1024 * 1024 && peak < 64 * 1024 * 1024, "{} MiB", peak / 1024 / 1024);
        check(&database, &text, count);
        let _ =
            infra(&sandbox).on(&database).run(&["migrate", "validate", "--locations", "migrations"]).exits(0);
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn a_large_file_goes_on_where_its_run_died() {
    on_each_engine(|engine| {
        let (text, count) = large(6_000_000);
        let sandbox = migrations(&[("V1__large.sql", &text)]);
        let database = engine.database();
        let begun = Instant::now();
        let _ = infra(&sandbox).on(&database).run(&APPLY).exits(0);
        let whole = begun.elapsed();
        check(&database, &text, count);
        for part in 1..8 {
            let database = engine.database();
            let mut child = begin(&sandbox, &database);
            std::thread::sleep(whole * part / 8);
            // One that has ended already has nothing to lose.
            let _ = child.kill();
            let _ = child.wait().expect("a child ends");
            let _ = infra(&sandbox).on(&database).run(&APPLY).exits(0);
            check(&database, &text, count);
        }
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn a_failure_in_a_large_file_has_its_line_and_is_mended_there() {
    on_each_engine(|engine| {
        let (text, count) = large(6_000_000);
        let broken = text.replace("ALTER TABLE marks ADD k INT", "ALTER TABLE marks ADD n INT");
        let sandbox = migrations(&[("V1__large.sql", &broken)]);
        let database = engine.database();
        let refused = infra(&sandbox).on(&database).run(&APPLY).exits(4);
        let line = 1 + broken[..broken.find("ADD n INT").expect("it is there")].matches('\n').count();
        assert!(refused.stderr.contains(&format!("line {line}, column 1")), "{}", refused.stderr);
        let total = broken.matches(";\n").count();
        assert!(
            refused.stderr.contains(&format!("{} of {total} statements", total - 2)),
            "{}",
            refused.stderr
        );
        let _ =
            infra(&sandbox).on(&database).run(&["migrate", "repair", "--locations", "migrations"]).exits(0);
        sandbox.write("migrations/V1__large.sql", &text);
        let _ = infra(&sandbox).on(&database).run(&APPLY).exits(0);
        check(&database, &text, count);
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn flyway_takes_a_large_file_for_applied() {
    let (text, count) = large(5_000_000);
    let sandbox = migrations(&[("V1__large.sql", &text)]);
    let database = Engine::MariaDb.database();
    let _ = infra(&sandbox).on(&database).run(&APPLY).exits(0);
    check(&database, &text, count);
    let _ = Flyway::new(&database, &sandbox.path("migrations")).run(&["validate"]).exits(0);
}
