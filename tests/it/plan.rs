//! `infra migrate plan`, and how `apply` meets servers that are busy or do not let it.

use infra_tests::run::Outcome;
use infra_tests::sandbox::Sandbox;
use infra_tests::servers::{Database, PASSWORD};

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
        let rows: String = (0..500).map(|id| format!("INSERT INTO orders VALUES ({id}, 'new');\n")).collect();
        database.execute(&format!("{rows}ANALYZE TABLE orders;"));
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
