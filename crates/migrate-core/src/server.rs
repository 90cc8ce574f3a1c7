//! Which server is at the other end.

use std::fmt;

/// The two families of servers, which share a protocol and differ in SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// MySQL and what calls itself so.
    MySql,
    /// MariaDB.
    MariaDb,
}

/// A server as it describes itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Its family.
    pub dialect: Dialect,
    /// Major, minor and patch number.
    pub version: (u16, u16, u16),
}

impl Server {
    /// Reads what `SELECT VERSION()` answers: `9.7.4`, `10.11.19-MariaDB-log`, `5.5.5-10.6.1-MariaDB`.
    pub fn parse(text: &str) -> Self {
        let is_mariadb = text.to_ascii_lowercase().contains("mariadb");
        let dialect = if is_mariadb { Dialect::MariaDb } else { Dialect::MySql };
        // Replication of old made MariaDB put this in front.
        let text = text.strip_prefix("5.5.5-").filter(|_| is_mariadb).unwrap_or(text);
        let mut numbers = text
            .split(|character: char| !character.is_ascii_digit())
            .take(3)
            .map(|digits| digits.parse().unwrap_or_default());
        let mut next = || numbers.next().unwrap_or_default();
        Self { dialect, version: (next(), next(), next()) }
    }
}

impl fmt::Display for Server {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.dialect {
            Dialect::MySql => "MySQL",
            Dialect::MariaDb => "MariaDB",
        };
        let (major, minor, patch) = self.version;
        write!(formatter, "{name} {major}.{minor}.{patch}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_servers_write_them() {
        for (text, shown) in [
            ("9.7.4", "MySQL 9.7.4"),
            ("8.0.36-rds", "MySQL 8.0.36"),
            ("10.11.19-MariaDB-0+deb12u1", "MariaDB 10.11.19"),
            ("5.5.5-10.6.1-MariaDB-log", "MariaDB 10.6.1"),
            ("5.5.5", "MySQL 5.5.5"),
            ("", "MySQL 0.0.0"),
        ] {
            assert_eq!(Server::parse(text).to_string(), shown);
        }
    }
}
