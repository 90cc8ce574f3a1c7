//! `infra migrate plan`, and how `apply` meets servers that are busy or do not let it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use infra_tests::run::{Infra, Outcome};
use infra_tests::sandbox::Sandbox;
use infra_tests::servers::{Database, Engine, PASSWORD, Server};

use crate::harness::{infra, migrations, on_each_engine};

fn migrate(sandbox: &Sandbox, database: &Database, arguments: &[&str]) -> Outcome {
    infra(sandbox).on(database).run(&[&["migrate"], arguments, &["--locations", "migrations"]].concat())
}

const FILES: [(&str, &str); 3] = [
    ("V1__orders.sql", "CREATE TABLE orders (id INT PRIMARY KEY, state VARCHAR(20) NOT NULL);\n"),
    (
        "V2__states.sql",
        "ALTER TABLE orders\n  ADD COLUMN note VARCHAR(${length});\n-- Widen it.\nALTER TABLE orders MODIFY state TEXT NOT NULL;\nUPDATE orders SET state = 'a;b';\n",
    ),
    (
        "R__program.sql",
        "DROP PROCEDURE IF EXISTS p;\nDELIMITER //\nCREATE PROCEDURE p() BEGIN SELECT 1; SELECT '//'; END//\n",
    ),
];

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn a_plan_runs_nothing_and_says_what_it_would_cost() {
    on_each_engine(|engine| {
        let (sandbox, database) = (migrations(&FILES), engine.database());
        let _ = migrate(&sandbox, &database, &["apply", "--target", "1"]).exits(0);
        let rows: Vec<String> = (0..500).map(|id| format!("({id}, 'new')")).collect();
        database.execute(&format!("INSERT INTO orders VALUES {}; ANALYZE TABLE orders;", rows.join(", ")));
        let state = || database.query("SHOW CREATE TABLE orders; SHOW TABLES; SELECT COUNT(*) FROM orders");
        let before = state();
        let plan = ["plan", "--placeholder", "length=30"];
        let json = migrate(&sandbox, &database, &[&plan[..], &["--format", "json"]].concat()).exits(0).json();
        assert_eq!(json["schema"], "infra.migrate.plan/v1");
        let scripts: Vec<_> = json["migrations"].as_array().unwrap().iter().map(|m| &m["script"]).collect();
        assert_eq!(scripts, ["V2__states.sql"]);
        let [add, modify, update] = json["migrations"][0]["statements"].as_array().unwrap().as_slice() else {
            panic!("{json}")
        };
        assert_eq!(add["sql"], "ALTER TABLE orders\n  ADD COLUMN note VARCHAR(30)");
        assert_eq!(
            (&add["line"], &add["algorithm"], &add["lock"]),
            (&1.into(), &"INSTANT".into(), &"NONE".into())
        );
        assert_eq!((&modify["line"], &modify["algorithm"]), (&4.into(), &"COPY".into()));
        assert_eq!((&modify["lock"], &modify["rebuilds"]), (&"SHARED".into(), &true.into()));
        assert_eq!((&update["algorithm"], &update["lock"]), (&"data".into(), &"rows".into()));
        let table = &modify["tables"][0];
        assert_eq!((&table["name"], &table["exists"]), (&"orders".into(), &true.into()));
        let (rows, bytes) = (table["rows"].as_u64().unwrap(), table["bytes"].as_u64().unwrap());
        assert!((250..1000).contains(&rows) && bytes >= 16384, "{table}");
        let people = migrate(&sandbox, &database, &plan).exits(0).stdout;
        for part in [
            "V2__states.sql",
            "COPY",
            "SHARED",
            "INSTANT",
            "without WHERE",
            "nothing was run",
            "ALTER TABLE orders …",
        ] {
            assert!(people.contains(part), "no `{part}` in {people}");
        }
        assert!(!people.contains("ADD COLUMN note"), "{people}");
        let verbose = migrate(&sandbox, &database, &[&plan[..], &["-v"]].concat()).exits(0).stdout;
        assert!(verbose.contains("ADD COLUMN note VARCHAR(30)"), "{verbose}");
        assert_eq!(state(), before);
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn the_sql_of_a_plan_does_what_apply_does() {
    on_each_engine(|engine| {
        let sandbox = migrations(&FILES);
        let (planned, applied) = (engine.database(), engine.database());
        let length = ["--placeholder", "length=30"];
        let sql = migrate(&sandbox, &planned, &[&["plan", "--sql"], &length[..]].concat()).exits(0).stdout;
        planned.execute(&sql);
        let _ = migrate(&sandbox, &applied, &[&["apply"], &length[..]].concat()).exits(0);
        assert_eq!(planned.history(), applied.history());
        for show in ["SHOW CREATE TABLE orders", "SHOW CREATE TABLE flyway_schema_history", "SHOW TABLES"] {
            assert_eq!(planned.query(show), applied.query(show), "{show}");
        }
        let body =
            "SELECT ROUTINE_DEFINITION FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE()";
        assert_eq!(planned.query(body), applied.query(body));
        assert_eq!(planned.query(body).len(), 1);
        let _ = migrate(&sandbox, &planned, &[&["validate"], &length[..]].concat()).exits(0);
        let nothing = migrate(&sandbox, &planned, &[&["plan", "--sql"], &length[..]].concat()).exits(0);
        assert_eq!(nothing.stdout, "");
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn a_plan_shows_no_secrets_and_refuses_what_apply_refuses() {
    on_each_engine(|engine| {
        let database = engine.database();
        let sandbox = migrations(&[("V1__account.sql", "CREATE USER reader IDENTIFIED BY '${secret}';\n")]);
        for more in [&[][..], &["-v"], &["--format", "json"]] {
            let plan = [&["plan", "--placeholder", "secret=0pen-sesame"], more].concat();
            let said = migrate(&sandbox, &database, &plan).exits(0).all();
            assert!(!said.contains("0pen-sesame") && !said.contains(PASSWORD), "{said}");
            assert!(said.contains("CREATE USER reader"), "{said}");
        }
        let _ = migrate(&sandbox, &database, &["plan"]).exits(1);
        database.execute("CREATE TABLE old (i INT)");
        let plan = ["plan", "--placeholder", "secret=x"];
        let refused = migrate(&sandbox, &database, &plan).exits(2).stderr;
        assert!(refused.contains("--baseline-on-migrate"), "{refused}");
        let baseline = ["--baseline-on-migrate", "--baseline-version", "0"];
        let _ = migrate(&sandbox, &database, &[&plan[..], &baseline].concat()).exits(0);
    });
}

/// A connection whose transaction has read a table and stays open; it ends with the value.
struct Reader {
    client: Child,
    connection: String,
}

impl Reader {
    fn of(database: &Database, table: &str) -> Self {
        let mut client = database.client();
        client.args(["--batch", "--skip-column-names", "--unbuffered"]);
        let mut client =
            client.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the client starts");
        let stdin = client.stdin.as_mut().expect("standard input is piped");
        writeln!(stdin, "BEGIN; SELECT CONNECTION_ID(), COUNT(*) FROM {table};").expect("the client reads");
        let stdout = client.stdout.as_mut().expect("standard output is piped");
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).expect("the client answers");
        let connection = line.split('\t').next().unwrap_or_default().to_owned();
        Self { client, connection }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // One that has ended already is just as well.
        let _ = self.client.kill();
        let _ = self.client.wait();
    }
}

const NOTE: (&str, &str) = ("V1__note.sql", "ALTER TABLE orders ADD COLUMN note INT;\n");

/// A schema with one table, which a history says is of version 0.
fn with_orders(engine: Engine) -> Database {
    let database = engine.database();
    database.execute("CREATE TABLE orders (id INT PRIMARY KEY); INSERT INTO orders VALUES (1)");
    let baseline = ["migrate", "baseline", "--baseline-version", "0"];
    let _ = infra(&migrations(&[])).on(&database).run(&baseline).exits(0);
    database
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn a_change_that_waits_holds_nobody_up_and_goes_on() {
    on_each_engine(|engine| {
        let (sandbox, database) = (migrations(&[NOTE]), with_orders(engine));
        let reader = Reader::of(&database, "orders");
        let apply = ["apply", "--lock-wait-timeout", "1", "--lock-wait-total", "120"];
        std::thread::scope(|scope| {
            let applying = scope.spawn(|| migrate(&sandbox, &database, &apply));
            let (begun, mut slowest) = (Instant::now(), Duration::ZERO);
            while begun.elapsed() < Duration::from_secs(5) {
                let asked = Instant::now();
                let _ = database.query("SELECT COUNT(*) FROM orders");
                slowest = slowest.max(asked.elapsed());
            }
            assert!(slowest < Duration::from_secs(3), "somebody waited {slowest:?} behind the change");
            assert!(!applying.is_finished(), "nobody was in the way");
            let connection = reader.connection.clone();
            drop(reader);
            let applied = applying.join().expect("applying does not panic").exits(0);
            let named = format!("connection {connection} ");
            assert!(applied.stderr.contains("waiting") && applied.stderr.contains(&named), "{applied:?}");
        });
        assert_eq!(database.query("SHOW COLUMNS FROM orders").len(), 2);
        let _ = migrate(&sandbox, &database, &["validate"]).exits(0);
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn a_change_that_waits_too_long_names_who_is_in_the_way_and_can_be_resumed() {
    on_each_engine(|engine| {
        let database = with_orders(engine);
        let (name, alter) = NOTE;
        let sandbox = migrations(&[(
            name,
            &format!("CREATE TABLE first (i INT);\n{alter}CREATE TABLE last (i INT);\n"),
        )]);
        let reader = Reader::of(&database, "orders");
        let apply = ["apply", "--lock-wait-timeout", "1", "--lock-wait-total", "2"];
        let blocked = migrate(&sandbox, &database, &apply).exits(4).stderr;
        for part in
            ["migrate/blocked", &format!("connection {} ", reader.connection), "line 2", "--lock-wait-total"]
        {
            assert!(blocked.contains(part), "no `{part}` in {blocked}");
        }
        drop(reader);
        let _ = migrate(&sandbox, &database, &["repair"]).exits(0);
        let resumed = migrate(&sandbox, &database, &apply).exits(0).stderr;
        assert!(resumed.contains("resumed at statement 2"), "{resumed}");
        assert_eq!(database.query("SHOW TABLES").len(), 4);
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn scripts_see_their_own_time_limit() {
    on_each_engine(|engine| {
        let (sandbox, database) = (migrations(&[]), with_orders(engine));
        let usual = database.value("SELECT @@lock_wait_timeout");
        sandbox.write(
            "migrations/V1__limits.sql",
            "ALTER TABLE orders ADD a INT;\nCREATE TABLE seen AS SELECT @@lock_wait_timeout AS seconds;\n",
        );
        sandbox
            .write("migrations/V2__own.sql", "SET lock_wait_timeout = 1;\nALTER TABLE orders ADD b INT;\n");
        let _ = migrate(&sandbox, &database, &["apply", "--target", "1"]).exits(0);
        assert_eq!(database.value("SELECT seconds FROM seen"), usual);
        let _reader = Reader::of(&database, "orders");
        let begun = Instant::now();
        let refused = migrate(&sandbox, &database, &["apply"]).exits(4).stderr;
        assert!(refused.contains("migrate/statement-failed") && refused.contains("1205"), "{refused}");
        assert!(begun.elapsed() < Duration::from_secs(5), "it was tried again: {:?}", begun.elapsed());
    });
}

/// The binary as an account that may do these things in the schema, and nothing else.
fn with_privileges(sandbox: &Sandbox, database: &Database, privileges: &str) -> Infra {
    let (name, account) = (database.name(), format!("narrow_{}", database.name()));
    database.execute(&format!(
        "CREATE USER {account}@'%' IDENTIFIED BY '{PASSWORD}'; GRANT {privileges} ON {name}.* TO {account}@'%'"
    ));
    let url = format!("mysql://{account}@127.0.0.1:{}/{name}", database.server().port());
    infra(sandbox).env("INFRA_MYSQL_URL", url).env("INFRA_MYSQL_PASSWORD", PASSWORD)
}

const APPLY: [&str; 4] = ["migrate", "apply", "--locations", "migrations"];

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn privileges_that_are_missing_are_named_before_anything_runs() {
    on_each_engine(|engine| {
        let (sandbox, database) = (migrations(&FILES), engine.database());
        let infra = with_privileges(&sandbox, &database, "SELECT, INSERT, CREATE, DROP");
        let apply = [&APPLY[..], &["--placeholder", "length=9"]].concat();
        let refused = infra.run(&apply).exits(3).stderr;
        assert!(refused.contains("lacks ALTER, CREATE ROUTINE, UPDATE"), "{refused}");
        assert!(!refused.contains(PASSWORD), "{refused}");
        assert!(database.query("SHOW TABLES").is_empty());
        let all = "ALTER, CREATE ROUTINE, ALTER ROUTINE, UPDATE, DELETE";
        database.execute(&format!("GRANT {all} ON {0}.* TO narrow_{0}@'%'", database.name()));
        let _ = infra.run(&apply).exits(0);
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn a_server_that_is_read_only_is_refused_before_anything_runs() {
    on_each_engine(|engine| {
        let database = Server::durable(engine).database();
        let sandbox = migrations(&[("V1__a.sql", "CREATE TABLE a (i INT);\n")]);
        let infra = with_privileges(&sandbox, &database, "ALL");
        database.execute("SET GLOBAL read_only = 1");
        let refused = infra.run(&[&APPLY[..], &["--format", "json"]].concat()).exits(3).json();
        let rules: Vec<_> =
            refused["findings"].as_array().unwrap().iter().map(|finding| &finding["rule"]).collect();
        assert_eq!(rules, ["migrate/preflight", "migrate/read-only"]);
        // Those who may override it are not kept from it.
        let _ = migrate(&sandbox, &database, &["apply"]).exits(0);
        database.execute("SET GLOBAL read_only = 0");
        let _ = infra.run(&APPLY).exits(0);
    });
}
