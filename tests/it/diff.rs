//! `infra baseline diff`: its statements, run on real servers, give the schema that is wanted.

#![expect(clippy::print_stderr, reason = "tests say what they count")]

mod cases;
mod random;

use std::collections::BTreeMap;

use infra_tests::sandbox::Sandbox;
use infra_tests::servers::{Database, Engine};
use serde_json::Value;

use crate::harness::{findings, infra, on_each_engine};

/// Everything that SHOW CREATE says, in lines that do not depend on the order in which keys came to be, nor on names that
/// the server gives.
fn shown(database: &Database) -> BTreeMap<String, Vec<String>> {
    let mut objects = BTreeMap::new();
    let mut add = |kind: &str, column: usize, query: &str| {
        for row in database.query(query) {
            let text = database
                .query(&format!("SHOW CREATE {kind} `{}`", row[0]))
                .swap_remove(0)
                .swap_remove(column);
            let mut lines = comparable(&text, database);
            if kind == "TRIGGER" {
                // MariaDB keeps the head of a trigger as it was written.
                let words = text.replace('`', "").to_lowercase();
                lines = vec![words.split_whitespace().collect::<Vec<_>>().join(" ")];
            }
            objects.insert(format!("{kind} {}", row[0]), lines);
        }
    };
    add(
        "TABLE",
        1,
        "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'
         AND table_name NOT LIKE 'flyway\\_schema\\_history%'",
    );
    add(
        "SEQUENCE",
        1,
        "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'SEQUENCE'",
    );
    add("VIEW", 1, "SELECT table_name FROM information_schema.views WHERE table_schema = DATABASE()");
    add(
        "TRIGGER",
        2,
        "SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = DATABASE()",
    );
    add("EVENT", 3, "SELECT event_name FROM information_schema.events WHERE event_schema = DATABASE()");
    for kind in ["PROCEDURE", "FUNCTION"] {
        add(
            kind,
            2,
            &format!(
                "SELECT routine_name FROM information_schema.routines WHERE routine_schema = DATABASE() AND routine_type = '{kind}'"
            ),
        );
    }
    let columns = database.query(
        "SELECT table_name, GROUP_CONCAT(column_name ORDER BY ordinal_position) FROM information_schema.columns
         WHERE table_schema = DATABASE() AND table_name NOT LIKE 'flyway\\_schema\\_history%' GROUP BY table_name",
    );
    objects.extend(columns.into_iter().map(|row| (format!("columns of {}", row[0]), vec![row[1].clone()])));
    objects
}

fn comparable(text: &str, database: &Database) -> Vec<String> {
    let text = text.replace(&format!("`{}`.", database.name()), "");
    let mut lines: Vec<String> = text
        .lines()
        .map(|line| {
            let line = line.trim().trim_end_matches(',');
            let line = without(line, " AUTO_INCREMENT=", |rest| rest.find(' ').unwrap_or(rest.len()));
            let line =
                without(&line, " STARTS '", |rest| rest[9..].find('\'').map_or(rest.len(), |end| end + 10));
            // MySQL remembers whether a character set was written, which nobody sees.
            let line = line.replace(" CHARACTER SET utf8mb4 COLLATE", " COLLATE");
            // An index of InnoDB is a B-tree, whether that is said or not.
            let line = line.replace(" USING BTREE", "");
            let generated = ["_ibfk_", "_chk_", "CONSTRAINT_"];
            match line.strip_prefix("CONSTRAINT ").and_then(|rest| rest.split_once(' ')) {
                Some((name, rest)) if generated.iter().any(|part| name.contains(part)) => rest.to_owned(),
                _ => line,
            }
        })
        .collect();
    lines.sort();
    lines
}

fn without(line: &str, word: &str, end: impl Fn(&str) -> usize) -> String {
    match line.find(word) {
        Some(start) => {
            let rest = &line[start..];
            // The word begins with a blank of its own.
            let end = 1 + end(&rest[1..]);
            format!("{}{}", &line[..start], &rest[end.min(rest.len())..])
        }
        None => line.to_owned(),
    }
}

/// Loads a script as it is; compound statements need no DELIMITER. False when the server refuses it.
fn load(database: &Database, sandbox: &Sandbox, sql: &str) -> bool {
    if !sql.to_uppercase().contains("BEGIN") {
        return database.load(&format!("SET foreign_key_checks = 0;\n{sql}\n")).code == 0;
    }
    sandbox.write("load/V1__schema.sql", sql);
    let arguments =
        ["migrate", "apply", "--locations", "load", "--no-placeholders", "--table", "flyway_schema_history"];
    infra(sandbox).on(database).run(&arguments).code == 0
}

/// What came of bringing a database to a schema.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Came {
    /// To exactly that schema.
    Equal,
    /// The server does not take one of the two schemas.
    NotForServer,
    /// To something else, or to nothing.
    Wrong(String),
}

/// Brings a database with `current` to `desired` by our statements.
fn bring(engine: Engine, sandbox: &Sandbox, current: &str, desired: &str) -> Came {
    let (database, wanted) = (engine.database(), engine.database());
    if !load(&database, sandbox, current) || !load(&wanted, sandbox, desired) {
        return Came::NotForServer;
    }
    sandbox.write("desired.sql", desired);
    let diff = |more: &[&str]| {
        let url = database.url();
        let command = [&["baseline", "diff", url.as_str(), "file:desired.sql"], more].concat();
        infra(sandbox).on(&database).run(&command)
    };
    let made = diff(&["--allow-destructive", "--format", "sql"]);
    if made.code != 0 {
        return Came::Wrong(format!("refused: {}", made.all()));
    }
    let loaded = database.load(&made.stdout);
    if loaded.code != 0 {
        return Came::Wrong(format!("{}\n{}", made.stdout, loaded.all()));
    }
    let again = diff(&["--exit-code", "--allow-destructive"]);
    if again.code != 0 {
        return Came::Wrong(format!("{}\nthen again:\n{}", made.stdout, again.all()));
    }
    let (is, should) = (shown(&database), shown(&wanted));
    if is != should {
        let differing: Vec<_> = should
            .iter()
            .filter(|(name, lines)| is.get(*name) != Some(lines))
            .map(|(name, lines)| format!("{name}:\n is     {:?}\n should {lines:?}", is.get(name)))
            .chain(
                is.keys()
                    .filter(|name| !should.contains_key(*name))
                    .map(|name| format!("{name} is too much")),
            )
            .collect();
        return Came::Wrong(format!("{}\n{}", made.stdout, differing.join("\n")));
    }
    Came::Equal
}

fn diff(sandbox: &Sandbox, arguments: &[&str], code: i32) -> Value {
    let command = [&["baseline", "diff", "file:a.sql", "file:b.sql", "--format", "json"], arguments].concat();
    infra(sandbox).run(&command).exits(code).json()
}

fn statements(result: &Value) -> Vec<&str> {
    let list = result["statements"].as_array().expect("a list of statements");
    list.iter().map(|statement| statement["sql"].as_str().expect("a statement")).collect()
}

fn two(a: &str, b: &str) -> Sandbox {
    let sandbox = Sandbox::empty();
    sandbox.write("a.sql", a);
    sandbox.write("b.sql", b);
    sandbox
}

#[test]
fn what_loses_data_is_named_and_refused() {
    let sandbox = two(
        "CREATE TABLE t (a INT, b VARCHAR(20), c INT);\nCREATE TABLE gone (a INT);\n",
        "CREATE TABLE t (a INT, b VARCHAR(10));\n",
    );
    let refused = diff(&sandbox, &[], 1);
    let messages: Vec<_> =
        findings(&refused).iter().map(|finding| (&finding["rule"], &finding["line"])).collect();
    assert_eq!(messages.len(), 3, "{refused:#}");
    assert!(messages.iter().all(|(rule, _)| *rule == "schema/loses-data"), "{messages:?}");
    let sql =
        infra(&sandbox).run(&["baseline", "diff", "file:a.sql", "file:b.sql", "--format", "sql"]).exits(1);
    assert_eq!(sql.stdout, "", "nothing that could be piped into a server");
    let allowed = diff(&sandbox, &["--allow-destructive"], 0);
    let irreversible = allowed["statements"].as_array().expect("statements");
    assert!(irreversible.iter().all(|statement| statement["reversible"] == false), "{allowed:#}");
}

#[test]
fn names_change_only_where_someone_says_so() {
    let (a, b) = ("CREATE TABLE t (a INT, KEY k (a));\n", "CREATE TABLE t (b INT, KEY k (b));\n");
    let refused = diff(&two(a, b), &[], 1);
    assert_eq!(findings(&refused)[0]["rule"], "schema/loses-data");
    let said = diff(&two(a, b), &["--rename", "column:t.a=b"], 0);
    assert_eq!(statements(&said), ["ALTER TABLE `t` RENAME COLUMN `a` TO `b`"]);
    let noted = b.replace("b INT, KEY k (b)", "b INT, -- infra:renamed from a\nKEY k (b)");
    assert_eq!(statements(&diff(&two(a, &noted), &[], 0)), statements(&said));
    assert_eq!(statements(&diff(&two(b, &noted), &[], 0)), Vec::<&str>::new(), "the note may stay");
    let wrong = diff(&two(a, b), &["--rename", "column:t.x=b"], 1);
    assert_eq!(findings(&wrong)[0]["rule"], "schema/cannot-rename");
    let _ = infra(&two(a, b))
        .run(&["baseline", "diff", "file:a.sql", "file:b.sql", "--rename", "t.a=b"])
        .exits(2);
}

#[test]
fn the_same_schema_in_other_words_differs_in_nothing() {
    let sandbox = two(
        "CREATE TABLE t (a INTEGER(11) NOT NULL DEFAULT '1', b BOOL, c CHAR(3) DEFAULT NULL, PRIMARY KEY (a), CHECK ((a) > 0));\n\
         CREATE VIEW v AS SELECT a, b FROM t WHERE a != 1;\n",
        "create table `t` (`a` int not null default 1, `b` tinyint(1) default null, `c` char(3), primary key (`a`), check (`a` > 0));\n\
         create view `v` as select `a`, `b` from `t` where `a` <> 1;\n",
    );
    let result = diff(&sandbox, &["--exit-code"], 0);
    assert_eq!(statements(&result), Vec::<&str>::new());
}

#[test]
fn sources_are_directories_migrations_and_revisions() {
    let sandbox = Sandbox::reference();
    let same = |from: &str, to: &str| {
        let _ = infra(&sandbox).run(&["baseline", "diff", from, to, "--exit-code"]).exits(0);
    };
    same("migrations", "schema");
    same("schema", "file:infra/mysql/schema/baseline.sql");
    let older = infra(&sandbox).run(&["baseline", "diff", "migrations@21", "schema", "--exit-code"]).exits(1);
    assert!(older.stdout.contains("differs"), "{}", older.all());
    let git = |arguments: &[&str]| {
        let done = std::process::Command::new("git")
            .args(["-c", "user.name=t", "-c", "user.email=t@example.com"])
            .args(arguments)
            .current_dir(sandbox.root())
            .output()
            .expect("git runs");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    git(&["init", "-q"]);
    git(&["add", "-A"]);
    git(&["commit", "-qm", "first"]);
    same("git:HEAD:schema", "schema");
    same("git:HEAD:migrations", "git:HEAD:schema");
    let missing = infra(&sandbox).run(&["baseline", "diff", "git:nowhere:schema", "schema"]).exits(2);
    assert!(missing.stderr.contains("cli/revision"), "{}", missing.stderr);
    let unknown = infra(&sandbox).run(&["baseline", "diff", "tables", "schema"]).exits(2);
    assert!(unknown.stderr.contains("is no source"), "{}", unknown.stderr);
}

/// sqldef's cases: all of them where `INFRA_DIFF_CASES=all`, else every sixth.
#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn the_cases_of_sqldef_come_out_as_they_should() {
    let Some(cases) = cases::read() else { return };
    let step = if std::env::var("INFRA_DIFF_CASES").is_ok_and(|which| which == "all") { 1 } else { 6 };
    on_each_engine(|engine| {
        let sandbox = Sandbox::empty();
        let (mut equal, mut other, mut wrong) = (0, 0, Vec::new());
        for case in cases.iter().step_by(step).filter(|case| case.is_for(engine)) {
            match bring(engine, &sandbox, &case.current, &case.desired) {
                Came::Equal => equal += 1,
                Came::NotForServer => other += 1,
                Came::Wrong(why) => wrong.push(format!("{}: {why}", case.name)),
            }
        }
        eprintln!("{}: {equal} equal, {other} not for this server, {} wrong", engine.name(), wrong.len());
        assert!(wrong.is_empty(), "{}", wrong.join("\n=====\n"));
        assert!(equal >= 20, "{equal} cases came out equal");
    });
}

#[test]
fn what_could_not_be_compared_does_not_pass_for_the_same() {
    let sandbox = Sandbox::empty();
    sandbox
        .write("infra.toml", "")
        .write("a.sql", "CREATE TABLE a (i INT);")
        .write("b.sql", "CREATE TABLE a (i INT);\nCREATE TABLE b AS SELECT f(i) AS x FROM a;\n");
    let diff = |more: &[&str]| infra(&sandbox).run(&[&["baseline", "diff"], more].concat());
    let told = diff(&["file:b.sql", "file:b.sql"]).exits(0);
    assert!(told.stderr.contains("schema/not-checked"), "{told:?}");
    assert!((told.stdout + &told.stderr).contains("the same as far as they could be compared"));
    let _ = diff(&["file:b.sql", "file:b.sql", "--exit-code"]).exits(1);
    let _ = diff(&["file:a.sql", "file:a.sql", "--exit-code"]).exits(0);
    let sql = diff(&["file:a.sql", "file:b.sql", "--format", "sql"]).exits(0).stdout;
    assert_eq!(sql, "-- not compared: table `b`\n");
    let json = diff(&["file:a.sql", "file:b.sql", "--format", "json"]).exits(0).json();
    assert_eq!(json["not_compared"], serde_json::json!(["table `b`"]));
    sandbox.write("c.sql", "CREATE TABLE a (i INT);\nSET @a = f(1); PREPARE x FROM @a; EXECUTE x;\n");
    let told = diff(&["file:c.sql", "file:c.sql"]).exits(0);
    assert!(!(told.stdout + &told.stderr).contains("the same  "), "nothing was compared");
}
