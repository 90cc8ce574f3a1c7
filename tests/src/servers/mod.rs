//! Private servers: MariaDB and MySQL, each started once per process when a test first asks for it, and Redis per test.

mod database;
mod mariadb;
mod mysql;
pub(crate) mod process;
pub mod redis;

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

pub use database::Database;
pub use process::free_port;

use crate::run::run;
use process::Process;

/// The account that tests connect with; it may do everything.
pub const USER: &str = "shop";
/// Its password, which no output may contain.
pub const PASSWORD: &str = "corr3ct-horse!battery";

/// A relational server.
#[derive(Debug)]
pub struct Server {
    engine: Engine,
    port: u16,
    /// The stock client.
    client: PathBuf,
    process: Process,
    databases: AtomicU32,
}

/// Which server it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Engine {
    /// MariaDB, Debian's stable release.
    MariaDb,
    /// MySQL, Oracle's long-term release.
    MySql,
}

impl Engine {
    /// Both.
    pub const ALL: [Self; 2] = [Self::MariaDb, Self::MySql];

    /// As a person writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::MariaDb => "MariaDB",
            Self::MySql => "MySQL",
        }
    }

    /// The server of this engine, started when first asked for.
    pub fn server(self) -> &'static Server {
        static MARIADB: OnceLock<Server> = OnceLock::new();
        static MYSQL: OnceLock<Server> = OnceLock::new();
        match self {
            Self::MariaDb => MARIADB.get_or_init(|| mariadb::start(&[])),
            Self::MySql => MYSQL.get_or_init(|| mysql::start(&[])),
        }
    }

    /// A new empty database on that server.
    pub fn database(self) -> Database {
        self.server().database()
    }
}

impl Server {
    /// Wraps a running server and makes the tests' account.
    fn new(engine: Engine, port: u16, client: PathBuf, process: Process) -> Self {
        let server = Self { engine, port, client, process, databases: AtomicU32::new(0) };
        // One account for socket and TCP: a definer shows the host.
        server.administer(&format!("CREATE USER '{USER}'@'%' IDENTIFIED BY '{PASSWORD}'"));
        server.administer(&format!("GRANT ALL PRIVILEGES ON *.* TO '{USER}'@'%' WITH GRANT OPTION"));
        server
    }

    /// A server of its own that keeps what it has committed when it is killed.
    pub fn durable(engine: Engine) -> &'static Self {
        // To the system at each commit; only the machine's own death would lose it.
        let options = ["--innodb-flush-log-at-trx-commit=2"];
        let server = match engine {
            Engine::MariaDb => mariadb::start(&options),
            Engine::MySql => mysql::start(&options),
        };
        Box::leak(Box::new(server))
    }

    /// A new empty database.
    pub fn database(&'static self) -> Database {
        Database::create(self)
    }

    /// Kills the server, starts it again and waits until it answers.
    ///
    /// # Panics
    /// When it does not come back within a minute.
    pub fn crash(&self) {
        self.process.crash();
        let begun = Instant::now();
        while run(&mut self.administrator("SELECT 1")).code != 0 {
            assert!(begun.elapsed() < Duration::from_mins(1), "the server does not come back");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Which one it is.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Runs one statement as the administrator.
    fn administer(&self, statement: &str) {
        let _ = run(&mut self.administrator(statement)).exits(0);
    }

    fn administrator(&self, statement: &str) -> Command {
        let mut client = Command::new(&self.client);
        client
            .arg("--no-defaults")
            .args(["-uroot", "-S"])
            .arg(self.process.directory().join("s.sock"))
            .args(["-e", statement]);
        client
    }

    fn next_database(&self) -> String {
        format!("shop_{:03}", self.databases.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

/// Whether a server answers its administrator's client.
fn answers(admin: &std::path::Path, socket: &std::path::Path) -> bool {
    run(Command::new(admin).arg("--no-defaults").args(["-uroot", "-S"]).arg(socket).arg("ping")).code == 0
}
