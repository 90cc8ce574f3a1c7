//! One database of a server, for one test.

use std::process::Command;

use super::{Engine, PASSWORD, Server, USER};
use crate::run::{Outcome, run_with_input};

/// A database, dropped at the end of the test.
#[derive(Debug)]
pub struct Database {
    server: &'static Server,
    name: String,
}

impl Database {
    pub(super) fn create(server: &'static Server) -> Self {
        let name = server.next_database();
        server.administer(&format!("CREATE DATABASE {name} CHARACTER SET utf8mb4"));
        Self { server, name }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The server it is on.
    pub fn server(&self) -> &'static Server {
        self.server
    }

    /// The engine it is on.
    pub fn engine(&self) -> Engine {
        self.server.engine
    }

    /// As `infra` takes it, without the password.
    pub fn url(&self) -> String {
        format!("mysql://{USER}@127.0.0.1:{}/{}", self.server.port, self.name)
    }

    /// As Flyway takes it.
    pub fn jdbc_url(&self) -> String {
        let (protocol, options) = match self.server.engine {
            Engine::MariaDb => ("mariadb", ""),
            Engine::MySql => ("mysql", "?allowPublicKeyRetrieval=true"),
        };
        format!("jdbc:{protocol}://127.0.0.1:{}/{}{options}", self.server.port, self.name)
    }

    /// The stock client on this database, not yet started.
    pub fn client(&self) -> Command {
        let mut client = Command::new(&self.server.client);
        client.args(["--no-defaults", "--default-character-set=utf8mb4", "-u", USER, "-S"]);
        client.arg(self.server.process.directory().join("s.sock")).arg(&self.name).env("MYSQL_PWD", PASSWORD);
        client
    }

    /// Pipes SQL through the stock client, as an operator would load a dump.
    pub fn load(&self, sql: &str) -> Outcome {
        run_with_input(&mut self.client(), sql.as_bytes())
    }

    /// Runs statements that must succeed.
    #[track_caller]
    pub fn execute(&self, sql: &str) {
        let _ = self.load(sql).exits(0);
    }

    /// The rows of a query; NULL is the text `NULL`.
    #[track_caller]
    pub fn query(&self, sql: &str) -> Vec<Vec<String>> {
        let mut client = self.client();
        client.args(["--batch", "--skip-column-names"]);
        let text = run_with_input(&mut client, sql.as_bytes()).output();
        text.lines().map(|line| line.split('\t').map(unescape).collect()).collect()
    }

    /// The one value of a query.
    #[track_caller]
    pub fn value(&self, sql: &str) -> String {
        let mut rows = self.query(sql);
        assert_eq!(rows.len(), 1, "{sql}");
        rows.swap_remove(0).swap_remove(0)
    }

    /// The history in rank order, without what differs from run to run (when, how long, by whom).
    #[track_caller]
    pub fn history(&self) -> Vec<Vec<String>> {
        self.query(
            "SELECT installed_rank, version, description, type, script, checksum, success FROM flyway_schema_history ORDER BY installed_rank",
        )
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // Dropping many tables takes longer than it saves while a test is failing.
        if !std::thread::panicking() {
            self.server.administer(&format!("DROP DATABASE {}", self.name));
        }
    }
}

/// Undoes the escapes of the client's batch mode.
fn unescape(field: &str) -> String {
    let mut result = String::with_capacity(field.len());
    let mut rest = field.chars();
    while let Some(c) = rest.next() {
        let next = if c == '\\' { rest.next() } else { None };
        result.push(match next {
            Some('n') => '\n',
            Some('t') => '\t',
            Some('0') => '\0',
            Some(other) => other,
            None => c,
        });
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_the_client_are_unescaped() {
        assert_eq!(unescape(r"a\nb\tc\\d\0e"), "a\nb\tc\\d\0e");
    }
}
