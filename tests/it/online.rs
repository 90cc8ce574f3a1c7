//! `infra migrate apply --online`: large tables are changed by a tool, which here is a script that does what it is told, and
//! pt-online-schema-change where there is one.

use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Stdio};

use infra_tests::run::{Infra, run};
use infra_tests::sandbox::Sandbox;
use infra_tests::servers::{Database, Engine, PASSWORD};

use crate::harness::{infra, migrations, on_each_engine, wait_for};

const TOOLS: [(&str, &str); 2] = [("gh-ost", "gh-ost"), ("pt-osc", "pt-online-schema-change")];

/// Writes down what it was started with, and then changes the table, fails or waits, as the file `behaviour` says.
const TOOL: &str = r#"#!/bin/sh
here=$(dirname "$0")
printf '%s\n' "$@" >>"$here/arguments"
env >"$here/environment"
for argument; do
    case $argument in
    --conf=*) file=${argument#*=} ;;
    --defaults-file=*) file=${argument#*=} ;;
    --alter=*) clauses=${argument#*=} ;;
    --database=*) database=${argument#*=} ;;
    --table=*) table=${argument#*=} ;;
    *,D=*)
        database=${argument#*,D=} table=${argument#*,t=}
        database=${database%%,*} table=${table%%,*}
        ;;
    esac
done
printf '%s %s' "$(stat -c %a "$file")" "$file" >"$here/file"
echo 'Copy: 100/200 50.0%; Applied: 0; Backlog: 0/1000; Time: 1s(total), 1s(copy); streamer: b.1:4; State: migrating; ETA: 1m26s'
echo "Copying \`$database\`.\`$table\`:  50% 01:26 remain" >&2
sql() {
    CLIENT --defaults-file="$file" --default-character-set=utf8mb4 -h 127.0.0.1 -P PORT "$database" -e "$1"
}
case $(cat "$here/behaviour") in
fail)
    sql "CREATE TABLE _${table}_gho (i INT)"
    echo 'FATAL there is no binary log' >&2
    exit 1
    ;;
lie) exit 0 ;;
wait)
    trap 'touch "$here/cleaned"; exit 1' INT
    touch "$here/waits"
    while :; do sleep 0.05; done
    ;;
*) sql "ALTER TABLE $table $clauses" ;;
esac
"#;

const FILES: [(&str, &str); 2] = [
    ("V1__t.sql", "CREATE TABLE t (id INT PRIMARY KEY, a INT NOT NULL);\nINSERT INTO t VALUES (1, 10);\n"),
    (
        "V2__big.sql",
        "UPDATE t SET a = a + 1;\nALTER TABLE t\n  MODIFY a BIGINT NOT NULL COMMENT 'größer, -- as it''s', -- why\n  MODIFY id BIGINT NOT NULL;\n\
         ALTER TABLE t ALTER a SET DEFAULT 5;\nUPDATE t SET a = a + 1;\n",
    ),
];

/// A sandbox with the script as a tool, which does as it is told.
fn with_tool(database: &Database, program: &str, behaviour: &str) -> Sandbox {
    let sandbox = migrations(&FILES);
    let client = database.client().get_program().to_string_lossy().into_owned();
    let script = TOOL.replace("CLIENT", &client).replace("PORT", &database.server().port().to_string());
    sandbox.write(&format!("bin/{program}"), script).write("bin/behaviour", behaviour);
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(sandbox.path(format!("bin/{program}")), executable).expect("the script is ours");
    sandbox
}

fn ours(sandbox: &Sandbox, database: &Database) -> Infra {
    let path = std::env::var("PATH").expect("there is a PATH");
    infra(sandbox).on(database).env("PATH", format!("{}:{path}", sandbox.path("bin").display()))
}

fn arguments<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["migrate", "apply", "--locations", "migrations"], more].concat()
}

fn begin(infra: &Infra, arguments: &[&str]) -> Child {
    let mut command = infra.command(arguments);
    let heard = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    heard.spawn().expect("the binary can be started")
}

/// What a run says that is interrupted.
#[track_caller]
fn interrupt(child: Child) -> String {
    let _ = run(Command::new("kill").args(["-INT", &child.id().to_string()])).exits(0);
    let output = child.wait_with_output().expect("an interrupted run ends");
    let said = String::from_utf8(output.stderr).expect("it prints text");
    assert_eq!(output.status.code(), Some(130), "{said}");
    said
}

fn definition(database: &Database) -> String {
    database.query("SHOW CREATE TABLE t").swap_remove(0).swap_remove(1)
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn a_tool_changes_large_tables_as_the_server_would() {
    on_each_engine(|engine| {
        let plain = engine.database();
        let _ = infra(&migrations(&FILES)).on(&plain).run(&arguments(&[])).exits(0);
        for (tool, program) in TOOLS {
            let database = engine.database();
            let sandbox = with_tool(&database, program, "");
            let online = [
                "--online",
                tool,
                "--online-over",
                "0",
                "--online-args",
                "--chunk-size=10 --hooks-hint 'a b'",
            ];
            let said = ours(&sandbox, &database).run(&arguments(&online)).exits(0);
            assert_eq!(definition(&database), definition(&plain), "{tool}");
            assert_eq!(database.query("SELECT * FROM t"), [["1", "12"]]);
            let left = if tool == "gh-ost" { "50 %, 1m26s left" } else { "50 %, 01:26 left" };
            assert!(said.stderr.contains(left), "{said:?}");
            let given = sandbox.read("bin/arguments");
            assert_eq!(given.matches("--alter=").count(), 1, "the server does what costs nothing: {given}");
            assert!(given.ends_with("--chunk-size=10\n--hooks-hint\na b\n"), "{given}");
            let environment = sandbox.read("bin/environment");
            for text in [&given, &environment, &said.all()] {
                assert!(!text.contains(PASSWORD), "{text}");
            }
            let file = sandbox.read("bin/file");
            let (mode, path) = file.split_once(' ').expect("mode and path");
            assert_eq!(mode, "600");
            assert!(!std::path::Path::new(path).exists(), "{path} is left");
            assert!(database.query("SHOW TABLES LIKE '%journal'").is_empty());
        }
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn small_tables_are_changed_by_the_server() {
    on_each_engine(|engine| {
        let database = engine.database();
        let sandbox = with_tool(&database, "gh-ost", "fail");
        let _ = ours(&sandbox, &database).run(&arguments(&["--online", "gh-ost"])).exits(0);
        assert!(!sandbox.path("bin/arguments").exists());
        assert_eq!(database.query("SELECT * FROM t"), [["1", "12"]]);
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn where_a_tool_fails_the_next_run_goes_on() {
    on_each_engine(|engine| {
        let database = engine.database();
        let sandbox = with_tool(&database, "gh-ost", "fail");
        let online = arguments(&["--online", "gh-ost", "--online-over", "0"]);
        let failed = ours(&sandbox, &database).run(&online).exits(4).stderr;
        for part in [
            "migrate/online-failed",
            "exited with code 1",
            "FATAL there is no binary log",
            "1 of 4 statements",
            &format!("DROP TABLE `{}`.`_t_gho`;", database.name()),
        ] {
            assert!(failed.contains(part), "no `{part}` in {failed}");
        }
        assert_eq!(database.history().len(), 1, "no failure is recorded");
        database.execute("DROP TABLE _t_gho");
        sandbox.write("bin/behaviour", "lie");
        let lied = ours(&sandbox, &database).run(&online).exits(4).stderr;
        assert!(lied.contains("the table is as it was"), "{lied}");
        sandbox.write("bin/behaviour", "");
        let _ = ours(&sandbox, &database).run(&online).exits(0);
        assert_eq!(database.query("SELECT * FROM t"), [["1", "12"]]);
        assert!(database.query("SHOW TABLES LIKE '%journal'").is_empty());
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn an_interrupt_reaches_the_tool_and_waits_for_it() {
    on_each_engine(|engine| {
        let database = engine.database();
        let sandbox = with_tool(&database, "pt-online-schema-change", "wait");
        let online = arguments(&["--online", "pt-osc", "--online-over", "0"]);
        let child = begin(&ours(&sandbox, &database), &online);
        wait_for(|| sandbox.path("bin/waits").exists());
        let locked = infra(&sandbox).on(&database).run(&arguments(&["--lock-timeout", "0"])).exits(3);
        assert!(locked.stderr.contains("migrate/lock-timeout"), "{locked:?}");
        let said = interrupt(child);
        assert!(sandbox.path("bin/cleaned").exists() && said.contains("migrate/stopped"), "{said}");
        let _ = infra(&sandbox).on(&database).run(&arguments(&[])).exits(0);
        assert_eq!(database.query("SELECT * FROM t"), [["1", "12"]]);
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn what_a_tool_would_lose_is_refused() {
    on_each_engine(|engine| {
        let database = engine.database();
        let sandbox = with_tool(&database, "gh-ost", "");
        sandbox.write(
            "migrations/V3__unique.sql",
            "ALTER TABLE t ADD UNIQUE (a);\nALTER TABLE t MODIFY a INT NOT NULL UNIQUE;\n",
        );
        let online = arguments(&["--online", "gh-ost", "--online-over", "0"]);
        let refused = ours(&sandbox, &database).run(&online).exits(4).stderr;
        assert!(
            refused.contains("must not make a key unique") && refused.contains("1 of 2 statements"),
            "{refused}"
        );
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn pt_online_schema_change_itself() {
    let Some(tool) = std::env::var_os("INFRA_TEST_PT_OSC") else {
        eprintln!("SKIPPED: pt-online-schema-change; set INFRA_TEST_PT_OSC to its path");
        return;
    };
    let (plain, database) = (Engine::MariaDb.database(), Engine::MariaDb.database());
    let sandbox = migrations(&FILES);
    let _ = infra(&sandbox).on(&plain).run(&arguments(&[])).exits(0);
    sandbox.write("bin/.keep", "");
    std::os::unix::fs::symlink(tool, sandbox.path("bin/pt-online-schema-change"))
        .expect("a link can be made");
    let online = arguments(&["--online", "pt-osc", "--online-over", "0"]);
    let said = ours(&sandbox, &database).run(&online).exits(0);
    assert!(said.stderr.contains("pt-online-schema-change changes `t`"), "{said:?}");
    assert_eq!(definition(&database), definition(&plain));
    assert_eq!(database.query("SELECT * FROM t"), [["1", "12"]]);
    assert!(
        database.query("SHOW TABLES LIKE '\\_t%'").is_empty() && database.query("SHOW TRIGGERS").is_empty()
    );
    // Interrupted, it leaves what it began, for a way of going on that it does not have yet.
    database.execute("INSERT INTO t (id) VALUES (2), (3), (4), (5), (6), (7), (8), (9)");
    sandbox.write("migrations/V3__slow.sql", "ALTER TABLE t MODIFY a INT NOT NULL;\n");
    let slow = [&online[..], &["--online-args", "--chunk-size=1 --chunk-time=0 --sleep=1"]].concat();
    let child = begin(&ours(&sandbox, &database), &slow);
    wait_for(|| database.query("SHOW TRIGGERS").len() == 3);
    let said = interrupt(child);
    assert!(said.contains("migrate/online-failed"), "{said}");
    // The tool names them as well, in its own words.
    let ours_alone = |line: &&str| line.contains("DROP T") && !line.contains("IF EXISTS");
    let drops = said.lines().filter(ours_alone).map(|line| line.trim_start_matches(|c| c != 'D'));
    let drops: Vec<&str> = drops.collect();
    assert_eq!(drops.len(), 4, "{said}");
    database.execute(&drops.join("\n"));
    assert!(
        database.query("SHOW TABLES LIKE '\\_t%'").is_empty() && database.query("SHOW TRIGGERS").is_empty()
    );
    let _ = ours(&sandbox, &database).run(&online).exits(0);
    assert!(definition(&database).contains("`a` int(11) NOT NULL"));
    assert_eq!(database.value("SELECT COUNT(*) FROM t"), "9");
    // Its own failure: a table with triggers.
    sandbox.write(
        "migrations/V4__trigger.sql",
        "CREATE TRIGGER r BEFORE UPDATE ON t FOR EACH ROW SET NEW.a = 1;\nALTER TABLE t MODIFY a BIGINT NOT NULL;\n",
    );
    let failed = ours(&sandbox, &database).run(&online).exits(4).stderr;
    assert!(failed.contains("triggers") && failed.contains("1 of 2 statements"), "{failed}");
    assert!(!failed.contains(PASSWORD), "{failed}");
}
