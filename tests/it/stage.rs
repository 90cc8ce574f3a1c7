//! What servers say of a statement that runs long, asked about over a connection of its own.

use std::time::{Duration, Instant};

use infra_tests::run::Outcome;
use infra_tests::servers::{Database, Engine, PASSWORD};
use migrate_core::database::Database as _;
use migrate_core::mysql::{ConnectOptions, MySqlDatabase, Stage, Stages};

use crate::harness::{infra, migrations, on_each_engine};

fn options(database: &Database) -> ConnectOptions {
    let mut options = ConnectOptions::parse(&database.url()).expect("the URL of a test is one");
    options.password = Some(PASSWORD.into());
    options
}

/// Runs a statement and collects every stage that the server shows meanwhile.
fn stages_of(options: &ConnectOptions, statement: &str) -> Vec<Stage> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime can be made").block_on(async {
        let mut run = MySqlDatabase::open(options, None).await.expect("the server is there");
        let mut stages = Stages::open(options, run.connection_id()).await.expect("the server is there");
        // A server may still be at the end of a statement that it has answered already.
        let begun = Instant::now();
        while let Some(stage) = stages.current().await.expect("the server answers") {
            assert!(begun.elapsed() < Duration::from_mins(1), "nothing runs yet: {stage:?}");
        }
        let (mut seen, begun) = (Vec::new(), Instant::now());
        let asking = async {
            while begun.elapsed() < Duration::from_mins(1) {
                seen.extend(stages.current().await.expect("the server answers"));
            }
        };
        tokio::select! {
            result = run.execute(statement) => assert!(result.is_ok(), "{result:?}"),
            () = asking => panic!("`{statement}` does not end"),
        }
        run.close().await.expect("the server takes leave");
        seen
    })
}

/// So many rows that copying them takes a second or so.
fn fill(database: &Database) {
    database.execute(
        "CREATE TABLE big (id INT AUTO_INCREMENT PRIMARY KEY, filler CHAR(100) NOT NULL DEFAULT 'x')",
    );
    database.execute("INSERT INTO big () VALUES (), (), (), (), (), (), (), ()");
    for _ in 0..15 {
        database.execute("INSERT INTO big (filler) SELECT filler FROM big");
    }
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn a_copying_alter_shows_its_percents() {
    on_each_engine(|engine| {
        let database = engine.database();
        if engine == Engine::MySql {
            // Off by default, and for the whole server.
            database.execute(
                "UPDATE performance_schema.setup_consumers SET ENABLED = 'YES' WHERE NAME = 'events_stages_current'",
            );
        }
        fill(&database);
        let seen = stages_of(
            &options(&database),
            "ALTER TABLE big ALGORITHM = COPY, ADD COLUMN n INT, ADD KEY (filler)",
        );
        let counted: Vec<u8> = seen
            .iter()
            .filter(|stage| stage.name == "copy to tmp table")
            .filter_map(|stage| stage.percent)
            .collect();
        let (first, last) = (counted.first(), counted.last());
        assert!(first < last && counted.is_sorted(), "{seen:?}");
        assert!(counted.iter().all(|percent| *percent <= 100), "{counted:?}");
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn what_is_not_counted_has_a_name() {
    on_each_engine(|engine| {
        let database = engine.database();
        let account = Account::new(&database, "narrow", "");
        let sleep = Stage { name: "User sleep".to_owned(), percent: None };
        // One that may read the stages, and one that sees nothing but its own schema and connections.
        for options in [options(&database), account.options()] {
            let seen = stages_of(&options, "DO SLEEP(1)");
            assert!(seen.contains(&sleep), "{seen:?}");
        }
    });
}

/// An account for one database alone, dropped at the end of the test.
struct Account<'a> {
    database: &'a Database,
    name: &'static str,
}

impl<'a> Account<'a> {
    fn new(database: &'a Database, name: &'static str, limit: &str) -> Self {
        database.execute(&format!("CREATE USER {name} IDENTIFIED BY '{PASSWORD}' {limit}"));
        database.execute(&format!("GRANT ALL ON {}.* TO {name}", database.name()));
        Self { database, name }
    }

    fn url(&self) -> String {
        self.database.url().replace("//shop@", &format!("//{}@", self.name))
    }

    fn options(&self) -> ConnectOptions {
        ConnectOptions { user: Some(self.name.to_owned()), ..options(self.database) }
    }

    /// Runs `apply` over one script.
    fn apply(&self, sql: &str) -> Outcome {
        let sandbox = migrations(&[("V1__slow.sql", sql)]);
        let infra = infra(&sandbox).env("INFRA_MYSQL_URL", self.url()).env("INFRA_MYSQL_PASSWORD", PASSWORD);
        infra.run(&["migrate", "apply", "-v", "--locations", "migrations"])
    }
}

impl Drop for Account<'_> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.database.execute(&format!("DROP USER {}", self.name));
        }
    }
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn a_run_that_cannot_be_watched_goes_on() {
    on_each_engine(|engine| {
        let database = engine.database();
        let account = Account::new(&database, "lonely", "WITH MAX_USER_CONNECTIONS 1");
        let said = account.apply("DO SLEEP(5);\n").exits(0).stderr;
        assert_eq!(said.matches("the server does not say how far a statement is").count(), 1, "{said}");
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn only_a_statement_that_runs_long_is_asked_about() {
    let database = Engine::MySql.database();
    let connections = |sql: &str| {
        let account = Account::new(&database, "counted", "");
        database.execute("TRUNCATE performance_schema.users");
        database.execute("DROP TABLE IF EXISTS flyway_schema_history");
        let said = account.apply(sql).exits(0).stderr;
        assert!(!said.contains("the server does not say"), "{said}");
        let counted = "SELECT TOTAL_CONNECTIONS FROM performance_schema.users WHERE USER = 'counted'";
        database.value(counted).parse::<u64>().expect("a count is a number")
    };
    assert_eq!(connections("DO 1;\n") + 1, connections("DO SLEEP(5);\n"));
}
