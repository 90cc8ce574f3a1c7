//! What server and account allow, and who uses tables. Each question may be refused to our account; then its answer is
//! unknown, and nothing follows from that.

use std::path::Path;

use mysql_async::Row;
use mysql_async::prelude::{FromRow, Queryable};

use super::database::{MySqlDatabase, literal};
use crate::database::{Blocker, Database as _, Holder, Source, Standing};
use crate::error::Error;
use crate::script::client::without_secrets;
use crate::script::effect::Object;
use crate::server::Dialect;

/// The variables by which servers refuse changes; not every server has all.
const READ_ONLY: [&str; 3] = ["read_only", "super_read_only", "innodb_read_only"];

/// How many transactions in the way are named.
const MAX_BLOCKERS: usize = 8;

type HolderRow = (u64, Option<String>, Option<i64>, Option<String>);

impl MySqlDatabase {
    pub(super) async fn look_around(&mut self, tables: &[Object]) -> Result<Standing, Error> {
        let mut standing = Standing::default();
        // One that the server does not have has no row.
        let variables =
            format!("SHOW GLOBAL VARIABLES WHERE Variable_name IN ('{}')", READ_ONLY.join("', '"));
        let variables: Vec<(String, String)> = self.ask(&variables).await?;
        let on =
            variables.into_iter().filter(|(_, value)| !matches!(value.to_uppercase().as_str(), "0" | "OFF"));
        standing.read_only = on.map(|(name, _)| name).collect();
        standing.grants = self.ask("SHOW GRANTS").await?;
        standing.free_bytes = self.free_bytes().await?;
        standing.source = self.source().await?;
        standing.replicas = self.replicas().await?;
        if !tables.is_empty() {
            standing.blockers = self.blockers(tables).await?;
        }
        Ok(standing)
    }

    /// MariaDB tells it by a plugin, to those who may read files; MySQL does not.
    async fn free_bytes(&mut self) -> Result<Option<u64>, Error> {
        if self.server().dialect != Dialect::MariaDb {
            return Ok(None);
        }
        let directory: Option<String> = self.ask("SELECT @@datadir").await?.pop();
        let disks: Vec<(String, u64)> =
            self.ask("SELECT Path, CAST(Available AS UNSIGNED) FROM information_schema.DISKS").await?;
        Ok(directory.and_then(|directory| free_at(&directory, disks)))
    }

    /// The words `SLAVE` and `MASTER` went from MySQL 8.4; MariaDB keeps the columns.
    async fn source(&mut self) -> Result<Option<Source>, Error> {
        let word = if self.says_replica() { "REPLICA" } else { "SLAVE" };
        let Some(row) = self.ask::<Row>(&format!("SHOW {word} STATUS")).await?.pop() else { return Ok(None) };
        let text = |names: [&str; 2]| {
            names.into_iter().find_map(|name| row.get_opt::<Option<String>, _>(name)?.ok().flatten())
        };
        let behind = text(["Seconds_Behind_Source", "Seconds_Behind_Master"]);
        Ok(Some(Source {
            host: text(["Source_Host", "Master_Host"]).filter(|host| !host.is_empty()),
            behind: behind.and_then(|seconds| seconds.parse().ok()),
        }))
    }

    async fn replicas(&mut self) -> Result<usize, Error> {
        let query = match (self.says_replica(), self.server().dialect) {
            (true, Dialect::MySql) => "SHOW REPLICAS",
            (true, Dialect::MariaDb) => "SHOW REPLICA HOSTS",
            (false, _) => "SHOW SLAVE HOSTS",
        };
        Ok(self.ask::<Row>(query).await?.len())
    }

    fn says_replica(&self) -> bool {
        self.server().is_mysql(8, 0, 22) || self.server().is_mariadb(10, 5)
    }

    /// Those who hold locks on the tables; where the server does not tell, all whose transactions are open.
    async fn blockers(&mut self, tables: &[Object]) -> Result<Vec<Blocker>, Error> {
        let pairs: Vec<String> = tables
            .iter()
            .map(|table| {
                let schema = table.schema.as_deref().unwrap_or(self.schema());
                format!("({}, {})", literal(schema), literal(&table.name))
            })
            .collect();
        let pairs = pairs.join(", ");
        let holders = match self.server().dialect {
            Dialect::MySql => format!(
                "SELECT DISTINCT t.PROCESSLIST_ID, CONCAT(t.PROCESSLIST_USER, '@', t.PROCESSLIST_HOST), t.PROCESSLIST_TIME, \
                 LEFT(COALESCE(t.PROCESSLIST_INFO, s.SQL_TEXT), 120) FROM performance_schema.metadata_locks l \
                 JOIN performance_schema.threads t ON t.THREAD_ID = l.OWNER_THREAD_ID \
                 LEFT JOIN performance_schema.events_statements_current s ON s.THREAD_ID = t.THREAD_ID \
                 WHERE l.OBJECT_TYPE = 'TABLE' AND l.LOCK_STATUS = 'GRANTED' AND l.LOCK_DURATION <> 'STATEMENT' \
                 AND t.PROCESSLIST_ID <> CONNECTION_ID() AND (l.OBJECT_SCHEMA, l.OBJECT_NAME) IN ({pairs}) \
                 ORDER BY t.PROCESSLIST_TIME DESC LIMIT {MAX_BLOCKERS}"
            ),
            // A plugin that few have installed.
            Dialect::MariaDb => format!(
                "SELECT DISTINCT p.ID, CONCAT(p.USER, '@', p.HOST), CAST(p.TIME AS SIGNED), LEFT(p.INFO, 120) \
                 FROM information_schema.METADATA_LOCK_INFO m \
                 JOIN information_schema.PROCESSLIST p ON p.ID = m.THREAD_ID \
                 WHERE p.ID <> CONNECTION_ID() AND (m.TABLE_SCHEMA, m.TABLE_NAME) IN ({pairs}) \
                 ORDER BY p.TIME DESC LIMIT {MAX_BLOCKERS}"
            ),
        };
        let certain: Vec<HolderRow> = self.ask(&holders).await?;
        if !certain.is_empty() {
            return Ok(certain.into_iter().map(|row| blocker(row, true)).collect());
        }
        let open = format!(
            "SELECT p.ID, CONCAT(p.USER, '@', p.HOST), TIMESTAMPDIFF(SECOND, x.trx_started, NOW()), LEFT(p.INFO, 120) \
             FROM information_schema.INNODB_TRX x \
             JOIN information_schema.PROCESSLIST p ON p.ID = x.trx_mysql_thread_id \
             WHERE p.ID <> CONNECTION_ID() ORDER BY x.trx_started LIMIT {MAX_BLOCKERS}"
        );
        Ok(self.ask::<HolderRow>(&open).await?.into_iter().map(|row| blocker(row, false)).collect())
    }

    /// The rows of a query that may be refused.
    async fn ask<T: FromRow + Send + 'static>(&mut self, query: &str) -> Result<Vec<T>, Error> {
        match self.connection().query::<Row, _>(query).await {
            Ok(rows) => Ok(rows.into_iter().filter_map(|row| mysql_async::from_row_opt(row).ok()).collect()),
            Err(mysql_async::Error::Server(_)) => Ok(Vec::new()),
            Err(error) => Err(super::database::failed("ask how the server stands", &error)),
        }
    }
}

/// What is free on the disk that holds a directory, of disks with their free kibibytes.
fn free_at(directory: &str, disks: Vec<(String, u64)>) -> Option<u64> {
    let holding = disks.into_iter().filter(|(path, _)| Path::new(directory).starts_with(path));
    let (_, free) = holding.max_by_key(|(path, _)| path.len())?;
    free.checked_mul(1024)
}

fn blocker((connection, account, seconds, statement): HolderRow, certain: bool) -> Blocker {
    let seconds = seconds.and_then(|seconds| u64::try_from(seconds).ok());
    let statement = statement.map(|statement| without_secrets(&statement).into_owned());
    Blocker { holder: Holder { connection, account, seconds, statement }, certain }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_disk_holds_a_directory() {
        let disks = || vec![("/".to_owned(), 1), ("/var/lib".to_owned(), 2), ("/var/lib/my".to_owned(), 3)];
        assert_eq!(free_at("/var/lib/mysql/", disks()), Some(2048));
        assert_eq!(free_at("/srv", disks()), Some(1024));
        assert_eq!(free_at("/srv", Vec::new()), None);
    }
}
