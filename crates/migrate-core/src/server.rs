//! Which server is at the other end.

use std::fmt;

use crate::script::lexer::ExecutableComment;

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

    /// Whether it is MySQL of at least this version.
    pub fn is_mysql(&self, major: u16, minor: u16, patch: u16) -> bool {
        self.dialect == Dialect::MySql && self.version >= (major, minor, patch)
    }

    /// Whether it is MariaDB of at least this version.
    pub fn is_mariadb(&self, major: u16, minor: u16) -> bool {
        self.dialect == Dialect::MariaDb && self.version >= (major, minor, 0)
    }

    /// Whether it reads the inside of an executable comment. MariaDB passes over those that want MySQL 5.7 to 9.9, which
    /// had other features than MariaDB when it bore these numbers.
    pub fn executes(&self, comment: &ExecutableComment<'_>) -> bool {
        let (major, minor, patch) = self.version;
        let version = u32::from(major) * 10_000 + u32::from(minor) * 100 + u32::from(patch);
        let wanted = comment.version.unwrap_or_default();
        match self.dialect {
            Dialect::MySql => !comment.mariadb_only && wanted <= version,
            Dialect::MariaDb if comment.mariadb_only => wanted <= version,
            Dialect::MariaDb => wanted <= version && !(50_700..=99_999).contains(&wanted),
        }
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
    use crate::script::lexer::Lexer;

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

    #[test]
    fn executable_comments_are_for_some_servers() {
        for (text, mysql, mariadb) in [
            ("/*! x */", true, true),
            ("/*!50003 x */", true, true),
            ("/*!80023 x */", true, false),
            ("/*!99999 x */", false, false),
            ("/*!101100 x */", false, true),
            ("/*!110100 x */", false, false),
            ("/*M! x */", false, true),
            ("/*M!100301 x */", false, true),
        ] {
            let token = Lexer::new(text).next().unwrap();
            let comment = token.executable(text).unwrap();
            assert_eq!(Server::parse("9.7.4").executes(&comment), mysql, "MySQL: {text}");
            assert_eq!(Server::parse("10.11.19-MariaDB").executes(&comment), mariadb, "MariaDB: {text}");
        }
    }
}
