//! MySQL and MariaDB: variables, status and replication of a server, over a connection that somebody else has opened.

use std::collections::HashMap;
use std::time::Duration;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row, Value};

use super::Unseen;

/// The variables that are looked at. A server that lacks one does not show it.
const VARIABLES: &[&str] = &[
    "binlog_format",
    "character_set_server",
    "innodb_buffer_pool_size",
    "log_bin",
    "max_connections",
    "read_only",
    "sql_mode",
    "super_read_only",
    "system_time_zone",
    "time_zone",
    "tls_version",
    "version",
    "version_comment",
];
const STATUS: &[&str] = &["Max_used_connections", "Threads_connected", "Uptime"];

/// What a server said of itself.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Global variables by their names.
    pub variables: HashMap<String, String>,
    /// Figures by their names.
    pub status: HashMap<String, u64>,
    /// The character set that new tables of the connection's database get; absent without a database.
    pub character_set: Option<String>,
    /// Tables of the database whose character set is `utf8mb3`, which both vendors mean to take away.
    pub utf8mb3_tables: u64,
    /// Whether the plugin `mysql_native_password`, which MySQL 9.0 has no more, is active.
    pub native_passwords: bool,
    /// One entry for each source that the server follows; none for a server that follows nobody.
    pub sources: Vec<Source>,
    /// Whether `sources` is the truth, or could not be seen.
    pub sees_sources: bool,
    /// The newest migration that the history shows as applied. The caller fills this in.
    pub level: Option<String>,
    /// What the server did not tell.
    pub unseen: Vec<Unseen>,
}

/// A server that is followed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Source {
    /// Its name among several; empty for the only one.
    pub channel: String,
    /// Whether its changes are fetched.
    pub fetches: bool,
    /// Whether they are applied.
    pub applies: bool,
    /// How many seconds the replica is behind; absent while it does not know.
    pub lag: Option<u64>,
    /// The last error; empty when there was none.
    pub error: String,
}

impl Facts {
    /// A variable's value.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// Whether the server is MariaDB.
    pub fn is_mariadb(&self) -> bool {
        self.version_text().to_ascii_lowercase().contains("mariadb")
    }

    /// Its version without what vendors add.
    pub fn version(&self) -> &str {
        let text = self.version_text();
        // Replication of old made MariaDB put this in front.
        let text = text.strip_prefix("5.5.5-").filter(|_| self.is_mariadb()).unwrap_or(text);
        let end = text.find(|character: char| !character.is_ascii_digit() && character != '.');
        &text[..end.unwrap_or(text.len())]
    }

    /// Whether applications cannot write. MariaDB has words besides `ON` and `OFF`.
    pub fn is_read_only(&self) -> bool {
        let on = |name| self.variable(name).is_some_and(|value| !matches!(value, "OFF" | "0"));
        on("read_only") || on("super_read_only")
    }

    fn version_text(&self) -> &str {
        self.variable("version").unwrap_or_default()
    }
}

/// Asks a server for its facts; what it refuses to tell is said in them.
///
/// # Errors
/// When the connection breaks, or the server does not answer all questions within `limit`.
pub async fn observe(conn: &mut Conn, limit: Duration) -> Result<Facts, String> {
    let late = |_| format!("no answer within {} s", limit.as_secs_f64());
    tokio::time::timeout(limit, ask(conn)).await.map_err(late)?.map_err(|error| error.to_string())
}

async fn ask(conn: &mut Conn) -> Result<Facts, mysql_async::Error> {
    let mut facts = Facts { sees_sources: true, ..Facts::default() };
    facts.variables = pairs(conn, "VARIABLES", VARIABLES).await?.collect();
    facts.status = pairs(conn, "STATUS", STATUS)
        .await?
        .filter_map(|(name, value)| Some((name, value.parse().ok()?)))
        .collect();
    let database: Option<(Option<String>, String)> =
        conn.query_first("SELECT DATABASE(), @@character_set_database").await?;
    facts.character_set = database.and_then(|(name, set)| name.map(|_| set));
    let old = "SELECT COUNT(*) FROM information_schema.TABLES \
               WHERE TABLE_SCHEMA = DATABASE() AND (TABLE_COLLATION LIKE 'utf8mb3%' OR TABLE_COLLATION LIKE 'utf8\\_%')";
    facts.utf8mb3_tables = conn.query_first(old).await?.unwrap_or_default();
    let plugin = "SELECT COUNT(*) FROM information_schema.PLUGINS \
                  WHERE PLUGIN_NAME = 'mysql_native_password' AND PLUGIN_STATUS = 'ACTIVE'";
    facts.native_passwords = conn.query_first::<u64, _>(plugin).await?.unwrap_or_default() > 0;
    sources(conn, &mut facts).await?;
    Ok(facts)
}

/// Names and values of some variables or figures.
async fn pairs(
    conn: &mut Conn,
    what: &str,
    names: &[&str],
) -> Result<impl Iterator<Item = (String, String)> + use<>, mysql_async::Error> {
    let list: Vec<String> = names.iter().map(|name| format!("'{name}'")).collect();
    let query = format!("SHOW GLOBAL {what} WHERE Variable_name IN ({})", list.join(", "));
    let rows: Vec<(String, String)> = conn.query(query).await?;
    Ok(rows.into_iter())
}

async fn sources(conn: &mut Conn, facts: &mut Facts) -> Result<(), mysql_async::Error> {
    const SYNTAX_ERROR: u16 = 1064;
    // MariaDB tells of all its sources only when it is asked for all.
    let query = if facts.is_mariadb() { "SHOW ALL SLAVES STATUS" } else { "SHOW REPLICA STATUS" };
    let mut answer = conn.query::<Row, _>(query).await;
    if matches!(&answer, Err(mysql_async::Error::Server(error)) if error.code == SYNTAX_ERROR) {
        // MySQL before 8.0.22.
        answer = conn.query("SHOW SLAVE STATUS").await;
    }
    match answer {
        Ok(rows) => facts.sources = rows.iter().map(source).collect(),
        Err(mysql_async::Error::Server(error)) => {
            facts.sees_sources = false;
            facts.unseen.push(Unseen { what: "whether it is a replica".into(), reason: error.message });
        }
        Err(error) => return Err(error),
    }
    Ok(())
}

fn source(row: &Row) -> Source {
    // Both spellings: the newer one is MySQL's alone.
    let text = |names: [&str; 2]| {
        let column = row.columns_ref().iter().position(|column| names.contains(&&*column.name_str()))?;
        match row.as_ref(column)? {
            Value::Bytes(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
            Value::Int(number) => Some(number.to_string()),
            Value::UInt(number) => Some(number.to_string()),
            _ => None,
        }
    };
    let runs = |names| text(names).is_some_and(|state| state == "Yes");
    let error = ["Last_IO_Error", "Last_SQL_Error"].into_iter().filter_map(|name| text([name, name]));
    Source {
        channel: text(["Channel_Name", "Connection_name"]).unwrap_or_default(),
        fetches: runs(["Replica_IO_Running", "Slave_IO_Running"]),
        applies: runs(["Replica_SQL_Running", "Slave_SQL_Running"]),
        lag: text(["Seconds_Behind_Source", "Seconds_Behind_Master"]).and_then(|lag| lag.parse().ok()),
        error: error.filter(|error| !error.is_empty()).collect::<Vec<_>>().join("; "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(version: &str) -> Facts {
        Facts { variables: HashMap::from([("version".to_owned(), version.to_owned())]), ..Facts::default() }
    }

    #[test]
    fn versions_are_the_servers_own_numbers() {
        for (text, version, is_mariadb) in [
            ("9.7.0", "9.7.0", false),
            ("8.4.6-debug-log", "8.4.6", false),
            ("10.11.14-MariaDB-0+deb12u2", "10.11.14", true),
            ("5.5.5-10.6.1-MariaDB", "10.6.1", true),
            ("", "", false),
        ] {
            assert_eq!((of(text).version(), of(text).is_mariadb()), (version, is_mariadb), "{text}");
        }
    }

    #[test]
    fn read_only_has_more_words_than_two() {
        for (value, read_only) in [("OFF", false), ("ON", true), ("NO_LOCK_NO_ADMIN", true), ("0", false)] {
            let mut facts = of("12.1.0-MariaDB");
            facts.variables.insert("read_only".to_owned(), value.to_owned());
            assert_eq!(facts.is_read_only(), read_only, "{value}");
        }
    }
}
