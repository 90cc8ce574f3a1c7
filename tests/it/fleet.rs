//! `infra migrate apply --fleet`: many databases as one.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use infra_tests::run::{Outcome, run, run_with_input};
use infra_tests::sandbox::Sandbox;
use infra_tests::servers::{Database, Engine, PASSWORD};
use serde_json::Value;

use crate::harness::{findings, infra, migrations, on_each_engine, wait_for};

/// Every statement would be noticed if it ran twice or not at all.
const SCRIPTS: [(&str, &str); 2] = [
    ("V1__t.sql", "CREATE TABLE t (i INT);\nINSERT INTO t VALUES (1);\n"),
    ("V2__more.sql", "INSERT INTO t SELECT i + 1 FROM t;\n"),
];

/// Databases beside one of the tests' own, named after it.
struct Tenants {
    of: Database,
    names: Vec<String>,
}

impl Tenants {
    fn new(engine: Engine, count: usize) -> Self {
        let of = engine.database();
        let names: Vec<_> = (0..count).map(|number| format!("{}_t{number:03}", of.name())).collect();
        let tenants = Self { of, names };
        tenants.of.execute(&tenants.each("CREATE DATABASE {};\n"));
        tenants
    }

    /// A text for each, joined.
    fn each(&self, text: &str) -> String {
        self.names.iter().map(|name| text.replace("{}", name)).collect()
    }

    /// The first column of a query for each that has been migrated or broken.
    fn ask(&self, names: &[String], query: &str) -> Vec<String> {
        let queries: Vec<_> = names.iter().map(|name| query.replace("{}", name)).collect();
        let rows = self.of.query(&queries.join(" UNION ALL "));
        rows.into_iter().map(|mut row| row.swap_remove(0)).collect()
    }

    /// Insists on that both scripts ran once in each of these, and on that history and journal say so.
    #[track_caller]
    fn are_migrated_once(&self, names: &[String]) {
        let picture = "SELECT CONCAT((SELECT GROUP_CONCAT(i ORDER BY i) FROM {}.t), ' ', \
                       (SELECT GROUP_CONCAT(script, success ORDER BY installed_rank) FROM {}.flyway_schema_history))";
        for (name, picture) in names.iter().zip(self.ask(names, picture)) {
            assert_eq!(picture, "1,2 V1__t.sql1,V2__more.sql1", "{name}");
        }
        let journals = self.tables("flyway_schema_history_journal");
        assert!(names.iter().all(|name| !journals.contains(name)), "{journals:?}");
    }

    /// The databases that have a table.
    fn tables(&self, table: &str) -> Vec<String> {
        let query = format!(
            "SELECT TABLE_SCHEMA FROM information_schema.TABLES WHERE TABLE_SCHEMA LIKE '{}\\_t%' AND TABLE_NAME = '{table}' ORDER BY 1",
            self.of.name()
        );
        self.of.query(&query).into_iter().map(|mut row| row.swap_remove(0)).collect()
    }

    /// Lets the first migration fail.
    fn spoil(&self, number: usize) {
        let name = &self.names[number];
        // A history with a row, so that the table is not what is complained of.
        self.of.execute(&format!("CREATE TABLE {name}.t (i INT)"));
    }

    /// A sandbox with scripts and a list of all of them.
    fn sandbox(&self, scripts: &[(&str, &str)]) -> Sandbox {
        let sandbox = migrations(scripts);
        sandbox.write("fleet.txt", self.each("{}\n"));
        sandbox
    }

    fn command(&self, sandbox: &Sandbox, arguments: &[&str]) -> Command {
        let first = ["migrate", "apply", "--locations", "migrations", "--fleet"];
        infra(sandbox).on(&self.of).command(&[&first, arguments].concat())
    }

    fn apply(&self, sandbox: &Sandbox, arguments: &[&str]) -> Outcome {
        run(&mut self.command(sandbox, arguments))
    }

    fn begin(&self, sandbox: &Sandbox, arguments: &[&str]) -> Child {
        let mut command = self.command(sandbox, arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        command.spawn().expect("the binary can be started")
    }
}

impl Drop for Tenants {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.of.execute(&self.each("DROP DATABASE IF EXISTS {};\n"));
        }
    }
}

/// The outcomes of a result, in the order of the list.
#[track_caller]
fn outcomes(result: &Value) -> Vec<&str> {
    let databases = result["databases"].as_array().expect("a result has databases");
    databases.iter().map(|database| database["outcome"].as_str().expect("an outcome is a word")).collect()
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn five_hundred_databases_are_migrated_once_each() {
    let tenants = Tenants::new(Engine::MariaDb, 500);
    let sandbox = tenants.sandbox(&SCRIPTS);
    let arguments = ["fleet.txt", "--parallel", "16", "--result", "result.jsonl", "--format", "json"];
    let outcome = tenants.apply(&sandbox, &arguments).exits(0);
    assert!(outcome.elapsed < Duration::from_mins(1), "{:?}", outcome.elapsed);
    let result = outcome.json();
    assert_eq!((&result["succeeded"], &result["failed"]), (&500.into(), &0.into()));
    let third = &result["databases"][2];
    assert_eq!(third["target"], *tenants.names[2]);
    assert_eq!((&third["initial_version"], &third["version"]), (&Value::Null, &"2".into()));
    assert_eq!(third["migrations"], serde_json::json!(["V1__t.sql", "V2__more.sql"]));
    tenants.are_migrated_once(&tenants.names);
    assert_eq!(sandbox.read("result.jsonl").lines().count(), 500);

    let again = tenants.apply(&sandbox, &arguments).exits(0).json();
    assert_eq!((&again["succeeded"], &again["skipped"]), (&0.into(), &500.into()));
    assert_eq!(sandbox.read("result.jsonl").lines().count(), 500, "nothing was begun");
    let _ = tenants.apply(&sandbox, &["fleet.txt", "--parallel", "16", "--quiet"]).exits(0);
    tenants.are_migrated_once(&tenants.names);
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn when_a_canary_fails_nothing_else_begins() {
    on_each_engine(|engine| {
        let tenants = Tenants::new(engine, 8);
        tenants.spoil(1);
        let sandbox = tenants.sandbox(&SCRIPTS);
        let arguments = ["fleet.txt", "--canary", "2", "--max-failures", "100%", "--baseline-on-migrate"];
        let arguments = [&arguments[..], &["--baseline-version", "0", "--format", "json"]].concat();
        let result = tenants.apply(&sandbox, &arguments).exits(4).json();
        let mut expected = vec!["not begun"; 8];
        expected[..2].copy_from_slice(&["succeeded", "failed"]);
        assert_eq!(outcomes(&result), expected);
        assert_eq!((&result["halted"], &result["not_begun"]), (&"canary".into(), &6.into()));
        assert_eq!(tenants.tables("flyway_schema_history"), tenants.names[..2]);
        let finding = &findings(&result)[0];
        assert_eq!((&finding["rule"], &finding["line"]), (&"migrate/statement-failed".into(), &1.into()));
        let message = finding["message"].as_str().expect("a message is text");
        assert!(message.starts_with(&format!("{}: migration 1", tenants.names[1])), "{message}");
        assert_eq!(result["databases"][1]["version"], "0", "what is there now");
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn failures_up_to_the_limit_keep_nothing_from_beginning() {
    on_each_engine(|engine| {
        let tenants = Tenants::new(engine, 10);
        for number in [2, 5, 7] {
            tenants.spoil(number);
        }
        let sandbox = tenants.sandbox(&SCRIPTS);
        let apply = |limit: &str| {
            let arguments = ["fleet.txt", "--parallel", "1", "--max-failures", limit, "--format", "json"];
            tenants.apply(&sandbox, &arguments).exits(4).json()
        };
        let result = apply("2");
        assert_eq!(outcomes(&result)[5..7], ["failed", "not begun"]);
        assert_eq!((&result["halted"], &result["not_begun"]), (&"failures".into(), &4.into()));
        tenants.are_migrated_once(&[0, 1, 3, 4].map(|number| tenants.names[number].clone()));
        assert_eq!(apply("20%")["not_begun"], 4);
        let result = apply("50%");
        assert_eq!((&result["halted"], &result["failed"]), (&Value::Null, &3.into()));
        tenants.are_migrated_once(&[0, 1, 3, 4, 6, 8, 9].map(|number| tenants.names[number].clone()));
        let said = tenants.apply(&sandbox, &["fleet.txt", "--max-failures", "100%"]).exits(4);
        let row = said.stdout.lines().find(|line| line.starts_with(&tenants.names[5]));
        assert!(row.is_some_and(|row| row.contains("is not empty")), "{said:?}");
        assert!(said.stdout.starts_with("10 databases  7 succeeded, 3 failed\n"), "{said:?}");
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn a_killed_run_is_taken_up() {
    on_each_engine(|engine| {
        let tenants = Tenants::new(engine, 24);
        let slow = format!("DO SLEEP(0.1);\n{}", SCRIPTS[1].1);
        let sandbox = tenants.sandbox(&[SCRIPTS[0], (SCRIPTS[1].0, &slow)]);
        let arguments = ["fleet.txt", "--parallel", "3", "--result", "result.jsonl", "--format", "json"];
        let mut child = tenants.begin(&sandbox, &arguments);
        let path = sandbox.path("result.jsonl");
        let lines = || std::fs::read_to_string(&path).map_or(0, |text| text.lines().count());
        wait_for(|| lines() >= 6);
        child.kill().expect("a child can be killed");
        let _ = child.wait().expect("a killed child ends");
        let known = lines();
        // As if it had died while it wrote.
        sandbox.append("result.jsonl", "{\"target\":\"half");
        let result = tenants.apply(&sandbox, &arguments).exits(0).json();
        assert_eq!(result["skipped"], known, "{result}");
        assert_eq!(result["succeeded"], 24 - known);
        tenants.are_migrated_once(&tenants.names);

        // Other migrations make every database one to be done again.
        sandbox.write("migrations/V3__last.sql", "DO 1;\n");
        let result = tenants.apply(&sandbox, &arguments).exits(0).json();
        assert_eq!((&result["skipped"], &result["succeeded"]), (&0.into(), &24.into()));
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn an_interrupt_lets_statements_end_and_begins_nothing() {
    on_each_engine(|engine| {
        let tenants = Tenants::new(engine, 6);
        let slow = format!("DO SLEEP(1);\n{}", SCRIPTS[1].1);
        let sandbox = tenants.sandbox(&[SCRIPTS[0], (SCRIPTS[1].0, &slow)]);
        let arguments = ["fleet.txt", "--canary", "0", "--parallel", "2", "--format", "json"];
        let child = tenants.begin(&sandbox, &arguments);
        wait_for(|| tenants.tables("flyway_schema_history").len() == 2);
        std::thread::sleep(Duration::from_millis(300));
        let _ = run(Command::new("kill").args(["-INT", &child.id().to_string()])).exits(0);
        let output = child.wait_with_output().expect("an interrupted child ends");
        assert_eq!(output.status.code(), Some(130));
        let result: Value = serde_json::from_slice(&output.stdout).expect("it prints JSON all the same");
        assert_eq!(
            outcomes(&result),
            ["stopped", "stopped", "not begun", "not begun", "not begun", "not begun"]
        );
        assert_eq!(
            (&result["halted"], &result["databases"][0]["version"]),
            (&"interrupted".into(), &"1".into())
        );
        let _ = tenants.apply(&sandbox, &arguments).exits(0);
        tenants.are_migrated_once(&tenants.names);
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn a_terminal_shows_one_line_and_the_failures() {
    on_each_engine(|engine| {
        let tenants = Tenants::new(engine, 4);
        tenants.spoil(2);
        let sandbox = tenants.sandbox(&SCRIPTS);
        let arguments = ["migrate", "apply", "--locations", "migrations", "--fleet", "fleet.txt"];
        let arguments = [&arguments[..], &["--parallel", "1", "--max-failures", "2"]].concat();
        let mut apply = infra(&sandbox).on(&tenants.of).env("NO_COLOR", "1").on_terminal(70, &arguments);
        let sent = run(&mut apply).exits(4).stdout;
        let line = format!("\r1 done, 0 failed, 2 left, 1 running {}\u{1b}[K", tenants.names[1]);
        assert!(sent.contains(&line), "{sent:?}");
        assert!(sent.contains(&format!("3/4 failed  {}", tenants.names[2])), "{sent:?}");
        assert_eq!(sent.matches("4 failed").count() + sent.matches("4 succeeded").count(), 1, "{sent:?}");
        assert!(sent.contains("\r\u{1b}[K4 databases  3 succeeded, 1 failed"), "{sent:?}");
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn a_query_names_the_databases_and_cannot_write() {
    on_each_engine(|engine| {
        let tenants = Tenants::new(engine, 3);
        let sandbox = tenants.sandbox(&SCRIPTS);
        let prefix = tenants.of.name();
        let query = format!(
            "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE '{prefix}\\_t%' ORDER BY 1 DESC"
        );
        let result = tenants.apply(&sandbox, &[&query, "--format", "json"]).exits(0).json();
        assert_eq!(outcomes(&result), ["succeeded"; 3]);
        assert_eq!(result["databases"][0]["target"], *tenants.names[2]);
        tenants.are_migrated_once(&tenants.names);
        let result = tenants.apply(&sandbox, &[&format!("SHOW DATABASES LIKE '{prefix}\\_t%'")]).exits(0);
        assert!(result.stdout.starts_with("3 databases  3 succeeded"), "{result:?}");

        tenants.of.execute(
            "CREATE TABLE kept (i INT);\nDELIMITER //\nCREATE FUNCTION lose() RETURNS INT MODIFIES SQL DATA DETERMINISTIC BEGIN INSERT INTO kept VALUES (1); RETURN 1; END//\n",
        );
        let refused = tenants.apply(&sandbox, &["SELECT lose()"]).exits(4);
        assert!(refused.stderr.contains("READ ONLY"), "{refused:?}");
        let refused = tenants.apply(&sandbox, &["SELECT NULL UNION SELECT 'a/b'"]).exits(2);
        assert_eq!(refused.stderr.matches("this names no database").count(), 2, "{refused:?}");
        let refused = tenants.apply(&sandbox, &["SELECT 1 FROM kept"]).exits(2);
        assert!(refused.stderr.contains("names no database"), "{refused:?}");
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn the_parts_of_a_fleet_are_the_fleet() {
    on_each_engine(|engine| {
        let tenants = Tenants::new(engine, 7);
        let sandbox = tenants.sandbox(&SCRIPTS);
        let mut seen = Vec::new();
        for part in ["0/3", "1/3", "2/3"] {
            let result = tenants.apply(&sandbox, &["fleet.txt", "--shard", part, "--format", "json"]);
            let result = result.exits(0).json();
            let databases = result["databases"].as_array().expect("a result has databases");
            seen.extend(databases.iter().map(|database| database["target"].clone()));
        }
        assert_eq!(
            (seen[0].as_str(), seen[1].as_str()),
            (Some(&*tenants.names[0]), Some(&*tenants.names[3]))
        );
        seen.sort_by_key(ToString::to_string);
        assert_eq!(seen, tenants.names);
        tenants.are_migrated_once(&tenants.names);
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn a_part_waits_for_the_canaries_of_the_others() {
    on_each_engine(|engine| {
        let tenants = Tenants::new(engine, 6);
        let sandbox = tenants.sandbox(&SCRIPTS);
        let part = |part: &'static str| ["fleet.txt", "--shard", part, "--canary", "2", "--format", "json"];
        let others = ["1/3", "2/3"].map(|other| tenants.begin(&sandbox, &part(other)));
        wait_for(|| tenants.tables("t") == tenants.names[1..2]);
        std::thread::sleep(Duration::from_secs(1));
        assert_eq!(tenants.tables("t"), tenants.names[1..2], "only a canary of their own");
        let first = tenants.begin(&sandbox, &part("0/3"));
        for child in others.into_iter().chain([first]) {
            assert!(child.wait_with_output().expect("a part ends").status.success());
        }
        tenants.are_migrated_once(&tenants.names);

        sandbox.write("migrations/V3__wrong.sql", "CREATE TABLE t (i INT);\n");
        let failed = tenants.apply(&sandbox, &part("0/3")).exits(4).json();
        assert_eq!(outcomes(&failed), ["failed", "not begun"]);
        let other = tenants.apply(&sandbox, &part("2/3")).exits(4).json();
        assert_eq!((outcomes(&other), &other["halted"]), (vec!["not begun"; 2], &"canary".into()));
        sandbox.write("migrations/V3__wrong.sql", "DO 1;\n");
        tenants
            .of
            .execute(&format!("DELETE FROM {}.flyway_schema_history WHERE success = 0", tenants.names[0]));
        let late = [&part("1/3")[..], &["--canary-timeout", "0"]].concat();
        let late = tenants.apply(&sandbox, &late).exits(3).json();
        assert_eq!(findings(&late)[0]["rule"], "fleet/canary-timeout");
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn placeholders_are_those_of_each_database() {
    on_each_engine(|engine| {
        let tenants = Tenants::new(engine, 2);
        let sandbox = tenants
            .sandbox(&[("R__v.sql", "CREATE OR REPLACE VIEW v AS SELECT '${flyway:database}' AS d;\n")]);
        for run in ["2 databases  2 succeeded", "2 databases  2 succeeded"] {
            let said = tenants.apply(&sandbox, &["fleet.txt"]).exits(0).stdout;
            assert!(said.starts_with(run), "{said}");
        }
        assert_eq!(tenants.ask(&tenants.names, "SELECT d FROM {}.v"), tenants.names);
        let rows = tenants.ask(&tenants.names, "SELECT COUNT(*) FROM {}.flyway_schema_history");
        assert_eq!(rows, ["1", "1"], "what is the same is not applied again");
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn passwords_in_a_list_are_used_and_not_shown() {
    let tenants = Tenants::new(Engine::MariaDb, 2);
    let sandbox = migrations(&SCRIPTS);
    let port = tenants.of.server().port();
    let encoded = PASSWORD.replace('!', "%21");
    let list = format!(
        "mysql://shop:{encoded}@127.0.0.1:{port}/{}\nsecond mysql://127.0.0.1:{port}/{}?user=shop&password={encoded}\n",
        tenants.names[0], tenants.names[1]
    );
    let apply = |list: &str, code| {
        let arguments =
            ["migrate", "apply", "--locations", "migrations", "--fleet", "-", "--result", "r.jsonl"];
        let outcome = run_with_input(&mut infra(&sandbox).command(&arguments), list.as_bytes()).exits(code);
        let all = outcome.all() + &sandbox.read("r.jsonl");
        assert!(!all.contains(&encoded) && !all.contains(PASSWORD), "{all}");
        outcome
    };
    let warned = apply(&list, 0);
    assert!(warned.stderr.contains("fleet/password"), "{warned:?}");
    tenants.are_migrated_once(&tenants.names);
    let wrong = apply(&list.replace(":127", "127").replace("mysql://shop", "mysql//shop"), 2);
    assert!(wrong.stderr.contains("fleet/target"), "{wrong:?}");
}

#[test]
fn everything_wrong_with_a_list_is_told_at_once() {
    let sandbox = migrations(&SCRIPTS);
    sandbox.write(
        "fleet.txt",
        "# tenants\nmysql://u@h/a\n  mysql://u:s3cret@h:port/b # no port\nmysql://other@h/a\nx y z\nmysql://u@h\n",
    );
    let arguments = ["migrate", "apply", "--locations", "migrations", "--fleet", "fleet.txt"];
    let outcome = infra(&sandbox).run(&[&arguments[..], &["--format", "json"]].concat()).exits(2);
    assert!(!outcome.all().contains("s3cret"), "{outcome:?}");
    let result = outcome.json();
    let places: Vec<_> = findings(&result)
        .iter()
        .map(|finding| {
            let number = |key: &str| finding[key].as_u64().unwrap_or_default();
            (finding["rule"].as_str().unwrap_or_default(), number("line"), number("column"))
        })
        .collect();
    assert_eq!(
        places,
        [
            ("fleet/list", 0, 0),
            ("fleet/target", 3, 3),
            ("fleet/duplicate-database", 4, 1),
            ("fleet/target", 5, 5),
            ("fleet/target", 6, 1),
        ]
    );
    sandbox.write("fleet.txt", "no/database\n".repeat(10_000));
    let said = infra(&sandbox).run(&arguments).exits(2);
    assert!(said.stderr.contains("10000 problems") && said.stderr.matches("here").count() == 50, "{said:?}");
    sandbox.write("fleet.txt", "berlin\nmysql://u@h/a\n");
    let said = infra(&sandbox).run(&arguments).exits(2);
    assert!(said.stderr.contains("cli/no-database"), "{said:?}");
    sandbox.write("fleet.txt", b"mysql://u:s3cret@h/\xff\n");
    let said = infra(&sandbox).run(&arguments).exits(2);
    assert!(said.stderr.contains("fleet.txt:1:") && !said.all().contains("s3cret"), "{said:?}");
    for wrong in [["--shard", "3/3"], ["--max-failures", "0"], ["--parallel", "0"], ["--settle", "done"]] {
        let _ = infra(&sandbox).run(&[&arguments[..], &wrong].concat()).exits(2);
    }
    let _ = infra(&sandbox).run(&["migrate", "apply", "--parallel", "8"]).exits(2);
}

#[test]
fn a_fleet_that_cannot_be_reached_may_be_tried_again() {
    let sandbox = migrations(&SCRIPTS);
    sandbox.write("fleet.txt", "mysql://u@127.0.0.1:1/a\nmysql://u@127.0.0.1:1/b\n");
    let arguments =
        ["migrate", "apply", "--locations", "migrations", "--fleet", "fleet.txt", "--canary", "0"];
    let result = infra(&sandbox).run(&[&arguments[..], &["--format", "json"]].concat()).exits(3).json();
    assert_eq!(outcomes(&result), ["unreachable", "unreachable"]);
    assert_eq!(result["ok"], false);
}

#[test]
fn the_job_is_the_run_in_parts() {
    let sandbox = Sandbox::reference();
    let list = "# tenants\nberlin\nparis\nrome mysql://shop@other/rome\n";
    sandbox.write("fleet.txt", list);
    let arguments = [
        "migrate",
        "apply",
        "--fleet",
        "fleet.txt",
        "--url",
        "mysql://shop_migrator@mysql:3306/shop?tls=off",
        "--render-job",
        "--shards",
        "8",
        "--parallel",
        "16",
        "--max-failures",
        "67%",
        "--target",
        "22",
        "--placeholder",
        "price=$(HOME)",
    ];
    let rendered = infra(&sandbox).run(&arguments).exits(0).stdout;
    assert_eq!(infra(&sandbox).run(&arguments).exits(0).stdout, rendered, "it is always the same");

    // As part of the tree everything that is checked of Jobs is checked of this one.
    sandbox.write("infra/mysql/k8s/base/fleet.yaml", &rendered);
    sandbox.replace(
        "infra/mysql/k8s/base/kustomization.yaml",
        "  - job.yaml\n",
        "  - job.yaml\n  - fleet.yaml\n",
    );
    let _ = infra(&sandbox).run(&["check", "--fail-on", "warning"]).exits(0);
    let tree = infra(&sandbox).run(&["render", "infra/mysql/k8s/overlays/dev"]).exits(0).stdout;
    let job = tree.split("---\n").find(|object| object.contains("completionMode: Indexed"));
    let job = job.expect("the Job is rendered");
    for line in [
        "  completions: 3\n",
        "  parallelism: 3\n",
        "  maxFailedIndexes: 2\n",
        "        - $(JOB_COMPLETION_INDEX)/3\n",
        "        - --parallel\n        - \"16\"\n",
        "        - --target\n        - \"22\"\n",
        "        - price=$$(HOME)\n",
        "          value: mysql://shop_migrator@mysql:3306/shop?tls=off\n",
        "        image: registry.example.com/platform/infra:0.1.0\n",
    ] {
        assert!(job.contains(line), "no `{line}` in\n{job}");
    }
    let migrations = tree.lines().find_map(|line| line.strip_prefix("  name: mysql-migrations-"));
    let migrations = migrations.expect("the migrations are rendered");
    assert!(job.contains(&format!("name: mysql-migrations-{migrations}\n")), "the Job mounts the migrations");
    let block = list.replace('\n', "\n    ");
    assert!(tree.contains(&format!("  fleet.txt: |\n    {}\n", block.trim_end())), "{tree}");

    let other = infra(&sandbox).run(&[&arguments[..], &["--image", "registry.example.com/infra:2"]].concat());
    let name = |text: &str| {
        text.lines().find(|line| line.starts_with("  name: mysql-fleet-v022-")).map(str::to_owned)
    };
    assert_ne!(name(&other.exits(0).stdout), name(&rendered), "what differs has another name");
    sandbox.write("fleet.txt", "mysql://u:s3cret@h/a\n");
    let refused = infra(&sandbox).run(&arguments).exits(2);
    assert!(refused.stderr.contains("fleet/secret") && !refused.all().contains("s3cret"), "{refused:?}");
}
