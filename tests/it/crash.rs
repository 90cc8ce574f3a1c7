//! Runs that are killed, or lose their connection or server, at random points: what comes out is what an uninterrupted run makes.
//!
//! `INFRA_CRASH_ROUNDS` sets the rounds per server and kind of death (default 15), `INFRA_CRASH_SEED` the first seed; a round
//! that fails names its own. `INFRA_RUNNER_ROUNDS` (default 2) is for the test with 64 runners at once.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use infra_tests::oracle::Flyway;
use infra_tests::random::number;
use infra_tests::sandbox::Sandbox;
use infra_tests::servers::{Database, Engine, PASSWORD, Server};

use crate::harness::{infra, migrations, on_each_engine, wait_for};

/// Every statement here would be noticed if it ran twice or not at all. No `AUTO_INCREMENT`: the server never takes back a number
/// that a transaction drew before it was rolled back.
const SCRIPTS: [(&str, &str); 9] = [
    (
        "V1__accounts.sql",
        "CREATE TABLE account (id INT PRIMARY KEY, name VARCHAR(50) NOT NULL, balance INT NOT NULL);\n\
         INSERT INTO account (id, name, balance) VALUES (1, 'Ada', 10), (2, 'Grace', 20);\n\
         CREATE TABLE movement (account_id INT NOT NULL, amount INT NOT NULL);\n\
         INSERT INTO movement (account_id, amount) SELECT id, balance FROM account;\n\
         UPDATE account SET balance = balance + 1;\n\
         ALTER TABLE movement ADD CONSTRAINT movement_account FOREIGN KEY (account_id) REFERENCES account (id);\n\
         UPDATE account SET balance = balance * 2;\n",
    ),
    (
        "V2__columns.sql",
        "ALTER TABLE account ADD COLUMN currency CHAR(3) NOT NULL DEFAULT 'EUR';\n\
         UPDATE account SET name = CONCAT(name, '!');\n\
         ALTER TABLE account ADD INDEX account_name (name);\n\
         ALTER TABLE account DROP COLUMN currency;\n\
         UPDATE account SET name = CONCAT(name, '?');\n\
         ALTER TABLE account MODIFY name VARCHAR(80) NOT NULL;\n",
    ),
    (
        "V3__session.sql",
        "SET @step = 7;\n\
         SET @sql = 'ALTER TABLE account ADD COLUMN step INT NULL';\n\
         PREPARE change_it FROM @sql;\n\
         EXECUTE change_it;\n\
         UPDATE account SET step = @step;\n\
         SET @step = @step + 1;\n\
         CREATE INDEX account_step ON account (step);\n\
         UPDATE account SET step = step + @step;\n\
         SET @sql = 'UPDATE account SET step = step + 100';\n\
         PREPARE add_it FROM @sql;\n\
         SET @sql = 'ALTER TABLE account ADD COLUMN note INT NULL';\n\
         PREPARE note_it FROM @sql;\n\
         EXECUTE note_it;\n\
         EXECUTE add_it;\n\
         DEALLOCATE PREPARE change_it;\n\
         ALTER TABLE account ALTER COLUMN note SET DEFAULT 5;\n\
         EXECUTE add_it;\n",
    ),
    (
        "V4__programs.sql",
        "CREATE VIEW rich AS SELECT id, name FROM account WHERE balance > 30;\n\
         CREATE TRIGGER moved AFTER INSERT ON movement FOR EACH ROW UPDATE account SET balance = balance + NEW.amount WHERE id = NEW.account_id;\n\
         CREATE PROCEDURE bonus(amount INT) BEGIN INSERT INTO movement (account_id, amount) VALUES (1, amount), (2, amount); END;\n\
         CALL bonus(3);\n\
         CREATE FUNCTION twice(n INT) RETURNS INT DETERMINISTIC RETURN n * 2;\n\
         CREATE FUNCTION book(n INT) RETURNS INT DETERMINISTIC MODIFIES SQL DATA BEGIN INSERT INTO movement (account_id, amount) VALUES (1, n); RETURN n; END;\n\
         SET @booked = book(9);\n\
         CREATE VIEW accounts AS SELECT id, name FROM account;\n\
         UPDATE account SET balance = balance + @booked;\n\
         CREATE INDEX account_balance ON account (balance);\n\
         CALL bonus(4);\n",
    ),
    (
        "V5__names.sql",
        "RENAME TABLE movement TO transfer;\n\
         CREATE TABLE scrap_a (i INT);\n\
         CREATE TABLE scrap_b (i INT);\n\
         DROP TABLE IF EXISTS scrap_a, scrap_b;\n\
         ALTER TABLE transfer RENAME TO booking;\n\
         DROP TRIGGER moved;\n\
         INSERT INTO booking (account_id, amount) VALUES (1, 100);\n",
    ),
    (
        "V6__data.sql",
        "UPDATE account SET balance = balance + 1000;\nINSERT INTO account (id, name, balance) VALUES (3, 'Edsger', 30);\n",
    ),
    // Callbacks count, too: their data goes with the statement that they follow.
    ("beforeEachMigrate.sql", "CREATE TABLE IF NOT EXISTS spoken (version INT, n INT);\n"),
    ("afterEachMigrateStatement.sql", "INSERT INTO spoken VALUES (1, 1);\n"),
    ("R__poor.sql", "CREATE OR REPLACE VIEW poor AS SELECT id, name FROM account WHERE balance < 30;\n"),
];

/// Numbers that look random and follow from a seed (Knuth's MMIX generator).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit.max(1)
    }

    fn part_of(&mut self, duration: Duration) -> Duration {
        let micros = u64::try_from(duration.as_micros()).expect("a run takes less than an age");
        Duration::from_micros(self.below(micros))
    }
}

/// Everything that can be told of a database: definitions, rows, history.
fn picture(database: &Database) -> Vec<Vec<String>> {
    let tables = database.query(
        "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME",
    );
    let mut picture = database.history();
    for table in tables.iter().map(|row| &row[0]) {
        picture.extend(database.query(&format!("SHOW CREATE TABLE `{table}`")));
        if table != "flyway_schema_history" {
            picture.extend(database.query(&format!("SELECT * FROM `{table}` ORDER BY 1, 2")));
        }
    }
    picture.extend(database.query(
        "SELECT ROUTINE_NAME, ROUTINE_DEFINITION FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE() ORDER BY 1",
    ));
    picture.extend(database.query(
        "SELECT TRIGGER_NAME, ACTION_STATEMENT FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE() ORDER BY 1",
    ));
    let name = format!("`{}`", database.name());
    picture.iter().map(|row| row.iter().map(|field| field.replace(&name, "`db`")).collect()).collect()
}

const APPLY: [&str; 4] = ["migrate", "apply", "--locations", "migrations"];

/// An uninterrupted run's picture and how long it took.
fn undisturbed(server: &'static Server, sandbox: &Sandbox) -> (Vec<Vec<String>>, Duration) {
    let database = server.database();
    let outcome = infra(sandbox).on(&database).run(&APPLY).exits(0);
    (picture(&database), outcome.elapsed)
}

/// Lets rounds of `disturb` end in an undisturbed run each, and compares.
fn rounds(disturb: impl Fn(&Sandbox, &Database, &mut Random, Duration) + Sync) {
    rounds_on(number("INFRA_CRASH_ROUNDS", 15), Engine::server, disturb);
}

fn rounds_on(
    count: u64,
    server: impl Fn(Engine) -> &'static Server + Sync,
    disturb: impl Fn(&Sandbox, &Database, &mut Random, Duration) + Sync,
) {
    let first = number("INFRA_CRASH_SEED", 1);
    on_each_engine(|engine| {
        let (sandbox, server) = (migrations(&SCRIPTS), server(engine));
        let (expected, duration) = undisturbed(server, &sandbox);
        for seed in first..first + count {
            let database = server.database();
            let mut random = Random(seed);
            for _ in 0..=random.below(3) {
                disturb(&sandbox, &database, &mut random, duration);
            }
            let last = infra(&sandbox).on(&database).run(&APPLY);
            assert!(last.code == 0, "seed {seed} on {}: {last:?}", engine.name());
            assert_eq!(picture(&database), expected, "seed {seed} on {}", engine.name());
        }
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn a_killed_client_loses_nothing_and_repeats_nothing() {
    rounds(|sandbox, database, random, duration| {
        let mut child = begin(sandbox, database);
        std::thread::sleep(random.part_of(duration));
        child.kill().expect("a child can be killed");
        let _ = child.wait().expect("a killed child ends");
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn a_killed_server_loses_nothing_and_repeats_nothing() {
    // A restart takes seconds.
    let count = number("INFRA_CRASH_ROUNDS", 15).div_ceil(3);
    rounds_on(count, Server::durable, |sandbox, database, random, duration| {
        let mut child = begin(sandbox, database);
        std::thread::sleep(random.part_of(duration));
        database.server().crash();
        let status = child.wait().expect("a run without its server ends");
        assert!([Some(0), Some(3), Some(4)].contains(&status.code()), "{status:?}");
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn of_64_runners_each_migration_is_applied_by_one() {
    on_each_engine(|engine| {
        let sandbox = migrations(&SCRIPTS);
        let (expected, _) = undisturbed(engine.server(), &sandbox);
        for _ in 0..number("INFRA_RUNNER_ROUNDS", 2) {
            let database = engine.database();
            let runners: Vec<_> = (0..64).map(|_| begin(&sandbox, &database)).collect();
            for mut runner in runners {
                assert!(runner.wait().expect("a runner ends").success());
            }
            assert_eq!(picture(&database), expected);
        }
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn flyway_and_infra_together() {
    on_each_engine(|engine| {
        let sandbox = migrations(&[]);
        sandbox.write(
            "migrations/V1__counter.sql",
            "CREATE TABLE counter (n INT NOT NULL);\nINSERT INTO counter VALUES (1);\n",
        );
        for version in 2..=12 {
            // A second run of any would fail or be counted.
            let script = format!(
                "CREATE TABLE part_{version} (id INT PRIMARY KEY);\nINSERT INTO part_{version} VALUES ({version});\n\
                 ALTER TABLE counter ADD COLUMN c{version} INT NULL;\nUPDATE counter SET n = n + 1;\n"
            );
            sandbox.write(&format!("migrations/V{version}__part.sql"), script);
        }
        let database = engine.database();
        let locations = sandbox.path("migrations");
        let flyway = Flyway::new(&database, &locations);
        let mut theirs: Vec<_> = (0..2).map(|_| unheard(flyway.command(&["migrate"]))).collect();
        // A JVM takes its time, so ours would be done before it asks.
        wait_for_flyway(&database);
        let mut ours: Vec<_> = (0..4).map(|_| begin(&sandbox, &database)).collect();
        for runner in theirs.iter_mut().chain(&mut ours) {
            assert!(runner.wait().expect("a runner ends").success(), "on {}", engine.name());
        }
        let versions: Vec<_> =
            database.history().into_iter().map(|row| (row[1].clone(), row[6].clone())).collect();
        let expected: Vec<_> = (1..=12).map(|version| (version.to_string(), "1".to_owned())).collect();
        assert_eq!(versions, expected, "on {}", engine.name());
        assert_eq!(database.value("SELECT n FROM counter"), "12");
        assert!(database.query("SHOW TABLES LIKE '%journal'").is_empty());
        let _ = flyway.run(&["validate"]).exits(0);
        let _ =
            infra(&sandbox).on(&database).run(&["migrate", "validate", "--locations", "migrations"]).exits(0);
    });
}

/// Waits until Flyway is connected to a database.
fn wait_for_flyway(database: &Database) {
    let there = format!(
        "SELECT COUNT(*) > 0 FROM information_schema.PROCESSLIST WHERE DB = '{}' AND ID <> CONNECTION_ID()",
        database.name()
    );
    let begun = Instant::now();
    while database.value(&there) != "1" {
        assert!(begun.elapsed() < Duration::from_mins(1), "Flyway does not connect");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A run that nobody listens to.
fn begin(sandbox: &Sandbox, database: &Database) -> Child {
    unheard(infra(sandbox).on(database).command(&APPLY))
}

fn unheard(mut command: Command) -> Child {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a program can be started")
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn a_cut_connection_loses_nothing_and_repeats_nothing() {
    // How many bytes a whole run moves, by engine: known after the first.
    static MOVED: [OnceLock<i64>; 2] = [OnceLock::new(), OnceLock::new()];
    rounds(|sandbox, database, random, _| {
        let engine = usize::from(database.engine() == Engine::MySql);
        let whole = *MOVED[engine].get_or_init(|| {
            let other = database.engine().database();
            let cable = Cable::new(&other, i64::MAX);
            let _ = through(&cable, sandbox, &other).exits(0);
            i64::MAX - cable.left.load(Ordering::SeqCst)
        });
        let limit = random.below(u64::try_from(whole).expect("a run moves some bytes"));
        let cable = Cable::new(database, i64::try_from(limit).expect("a run moves few bytes"));
        let outcome = through(&cable, sandbox, database);
        assert!([0, 3, 4].contains(&outcome.code), "{outcome:?}");
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn a_killed_connection_is_taken_up_while_the_server_still_works() {
    on_each_engine(|engine| {
        let sandbox = migrations(&[
            (
                "V1__t.sql",
                "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, a INT);\nINSERT INTO t (a) VALUES (1), (2);\n",
            ),
            (
                "V2__slow.sql",
                "UPDATE t SET a = a + 1;\nCREATE TABLE u AS SELECT id, SLEEP(1) AS s FROM t;\nUPDATE t SET a = a + 1;\n",
            ),
        ]);
        let database = engine.database();
        let mut child = begin(&sandbox, &database);
        let running = format!(
            "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE INFO LIKE '%SLEEP(1)%' AND INFO NOT LIKE '%PROCESSLIST%' AND DB = '{}'",
            database.name()
        );
        wait_for(|| database.value(&running) == "1");
        child.kill().expect("a child can be killed");
        let _ = child.wait().expect("a killed child ends");
        let said = infra(&sandbox).on(&database).run(&APPLY).exits(0);
        assert!(said.stderr.contains("resumed at statement 2"), "{said:?}");
        assert_eq!(database.query("SELECT a FROM t ORDER BY id"), [["3"], ["4"]]);
        assert_eq!(database.value("SELECT COUNT(*) FROM u"), "2");
        assert!(database.query("SHOW TABLES LIKE '%journal'").is_empty());
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn after_a_failure_and_repair_the_file_goes_on_where_it_failed() {
    on_each_engine(|engine| {
        let sandbox = migrations(&[(
            "V1__three.sql",
            "CREATE TABLE a (i INT);\nINSERT INTO a VALUES (1);\nCREATE TABLE b (i INT, i INT);\nINSERT INTO a VALUES (2);\n",
        )]);
        let database = engine.database();
        let _ = infra(&sandbox).on(&database).run(&APPLY).exits(4);
        assert_eq!(database.query("SELECT success FROM flyway_schema_history"), [["0"]]);
        database.execute("DELETE FROM flyway_schema_history WHERE success = 0");
        sandbox.write(
            "migrations/V1__three.sql",
            "CREATE TABLE a (i INT);\nINSERT INTO a VALUES (1);\nCREATE TABLE b (i INT, j INT);\nINSERT INTO a VALUES (2);\n",
        );
        let _ = infra(&sandbox).on(&database).run(&APPLY).exits(0);
        assert_eq!(database.query("SELECT i FROM a ORDER BY i"), [["1"], ["2"]]);
        assert_eq!(database.query("SHOW TABLES").len(), 3);
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn what_was_cleaned_up_by_hand_is_not_taken_for_done() {
    on_each_engine(|engine| {
        let sandbox =
            migrations(&[("V1__two.sql", "CREATE TABLE a (i INT);\nCREATE TABLE b (i INT, i INT);\n")]);
        let database = engine.database();
        let _ = infra(&sandbox).on(&database).run(&APPLY).exits(4);
        database.execute("DELETE FROM flyway_schema_history WHERE success = 0; DROP TABLE a");
        sandbox.write("migrations/V1__two.sql", "CREATE TABLE a (i INT);\nCREATE TABLE b (i INT);\n");
        let asked = infra(&sandbox).on(&database).run(&APPLY).exits(4).all();
        assert!(asked.contains("--settle restart") && asked.contains("CREATE TABLE `a`"), "{asked}");
        let _ = infra(&sandbox).on(&database).run(&[&APPLY[..], &["--settle", "restart"]].concat()).exits(0);
        assert_eq!(database.query("SHOW TABLES").len(), 3);
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn a_refused_history_row_leaves_the_journal_and_no_data() {
    on_each_engine(|engine| {
        for (script, rows_then) in [
            ("CREATE TABLE t (i INT);\nINSERT INTO t VALUES (1);\n", "0"),
            ("CREATE TABLE t (i INT);\nSET autocommit = 1;\nINSERT INTO t VALUES (1);\n", "1"),
        ] {
            let sandbox = migrations(&[("V1__first.sql", "SELECT 1;\n")]);
            let database = engine.database();
            let _ = infra(&sandbox).on(&database).run(&APPLY).exits(0);
            database.execute(
                "CREATE TRIGGER refuse BEFORE INSERT ON flyway_schema_history FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no rows'",
            );
            sandbox.write("migrations/V2__second.sql", script);
            let refused = infra(&sandbox).on(&database).run(&APPLY).exits(4);
            assert!(refused.stderr.contains("no rows"), "{refused:?}");
            assert_eq!(database.value("SELECT COUNT(*) FROM t"), rows_then, "{script}");
            assert_eq!(database.value("SELECT COUNT(*) FROM flyway_schema_history_journal"), "1", "{script}");
            database.execute("DROP TRIGGER refuse");
            let _ = infra(&sandbox).on(&database).run(&APPLY).exits(0);
            assert_eq!(database.value("SELECT COUNT(*) FROM t"), "1", "{script}");
            assert!(database.query("SHOW TABLES LIKE '%journal'").is_empty());
        }
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn a_savepoint_lasts_until_it_is_released() {
    on_each_engine(|engine| {
        let sandbox = migrations(&[(
            "V1__points.sql",
            "CREATE TABLE t (i INT);\nINSERT INTO t VALUES (1);\nSAVEPOINT a;\nINSERT INTO t VALUES (2);\nROLLBACK TO SAVEPOINT a;\nRELEASE SAVEPOINT a;\nINSERT INTO t VALUES (3);\n",
        )]);
        let database = engine.database();
        let _ = infra(&sandbox).on(&database).run(&APPLY).exits(0);
        assert_eq!(database.query("SELECT i FROM t ORDER BY i"), [["1"], ["3"]]);
    });
}

fn through(cable: &Cable, sandbox: &Sandbox, database: &Database) -> infra_tests::run::Outcome {
    let url = database.url();
    let (account, _) = url.split_once('@').expect("the URL names an account");
    let url = format!("{account}@127.0.0.1:{}/{}?tls=off", cable.port, database.name());
    infra(sandbox).env("INFRA_MYSQL_URL", url).env("INFRA_MYSQL_PASSWORD", PASSWORD).run(&APPLY)
}

/// A connection that breaks after so many bytes, both ways together.
struct Cable {
    port: u16,
    left: Arc<AtomicI64>,
}

impl Cable {
    fn new(database: &Database, bytes: i64) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port can be bound");
        let port = listener.local_addr().expect("a bound port is known").port();
        let target = database.server().port();
        let left = Arc::new(AtomicI64::new(bytes));
        let budget = Arc::clone(&left);
        std::thread::spawn(move || {
            let Ok((client, _)) = listener.accept() else { return };
            let server = TcpStream::connect(("127.0.0.1", target)).expect("the server listens");
            let half = |from: &TcpStream, to: &TcpStream| {
                let (from, to) = (from.try_clone().expect("a socket"), to.try_clone().expect("a socket"));
                let budget = Arc::clone(&budget);
                std::thread::spawn(move || copy(from, to, &budget))
            };
            let threads = [half(&client, &server), half(&server, &client)];
            for thread in threads {
                thread.join().expect("copying does not panic");
            }
        });
        Self { port, left }
    }
}

fn copy(mut from: TcpStream, mut to: TcpStream, budget: &AtomicI64) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        let bytes = i64::try_from(count).expect("a buffer is small");
        let before = budget.fetch_sub(bytes, Ordering::SeqCst);
        let passed = usize::try_from(before.clamp(0, bytes)).expect("a buffer is small");
        if to.write_all(&buffer[..passed]).is_err() || passed < count {
            break;
        }
    }
    // A socket that is closed already is closed.
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}
