//! The ports of this crate over one connection.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use mysql_async::prelude::{FromValue, Queryable};
use mysql_async::{Conn, Error as Driver, Row, Value, from_value_opt};

use super::connect::connect;
use super::found::found;
use super::options::ConnectOptions;
use super::session::SessionOptions;
use crate::database::{Database, Executed, Failure, Holder, Standing, Waiting, Warning};
use crate::error::Error;
use crate::history::{DEFAULT_TABLE, HistoryRow, HistoryStore, RowKind, lock_name, quoted};
use crate::predict::Known;
use crate::repair::RepairAction;
use crate::script::effect::Object;
use crate::server::{Dialect, Server};
use crate::version::MigrationVersion;

/// How many warnings of one statement are fetched.
const MAX_WARNINGS: usize = 64;

/// A schema on a MySQL or MariaDB server. Lock, history and statements share one connection, so that the server holds
/// the lock as long as a statement of ours runs, even if we are gone.
#[derive(Debug)]
pub struct MySqlDatabase {
    conn: Conn,
    /// As the server counts it, which is not as a proxy does.
    id: u64,
    server: Server,
    /// The default one first.
    pub(super) schemas: Vec<String>,
    /// Whether they are named, so that they may have to be created.
    pub(super) names_schemas: bool,
    /// What every session begins with.
    pub(super) init: Vec<String>,
    table: String,
    tablespace: Option<String>,
    user: String,
    /// Whether what statements find is kept.
    keeps_results: bool,
    /// Whether the session is outside autocommit already.
    in_transaction: bool,
    /// Settings that go before what is sent next.
    prepended: Vec<String>,
}

impl MySqlDatabase {
    /// Connects to the schema that the options name. `table` is the history table, [`DEFAULT_TABLE`] if absent.
    ///
    /// # Errors
    /// When the server cannot be reached or the options name no database.
    pub async fn open(options: &ConnectOptions, table: Option<&str>) -> Result<Self, Error> {
        let session = SessionOptions { table: table.map(str::to_owned), ..SessionOptions::default() };
        Self::open_with(options, &session).await
    }

    /// Connects, and makes the session what it should be. A default schema that does not exist is no error yet.
    ///
    /// # Errors
    /// When the server cannot be reached, nothing names a schema, or the initial SQL fails.
    pub async fn open_with(options: &ConnectOptions, session: &SessionOptions) -> Result<Self, Error> {
        let (mut conn, server) = connect(options).await?;
        let first =
            conn.query_first("SELECT DATABASE(), SUBSTRING_INDEX(USER(), '@', 1), CONNECTION_ID()").await;
        let row: Option<(Option<String>, String, u64)> =
            first.map_err(|error| failed("read the session", &error))?;
        let (database, user, id) = row.unwrap_or_default();
        let schemas = session.schemas(database);
        let mut opened = Self {
            conn,
            id,
            server,
            schemas: schemas.ok_or_else(|| Error::Url { reason: "it names no database".to_owned() })?,
            names_schemas: session.names_schemas(),
            init: session.initial_statements(),
            table: session.table.clone().unwrap_or_else(|| DEFAULT_TABLE.to_owned()),
            tablespace: session.tablespace.clone(),
            user,
            keeps_results: session.keeps_results,
            in_transaction: false,
            prepended: Vec::new(),
        };
        if opened.names_schemas || !opened.init.is_empty() {
            opened.initialise().await?;
        }
        Ok(opened)
    }

    /// What the server is.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// All schemas, the default one first.
    pub fn schemas(&self) -> &[String] {
        &self.schemas
    }

    /// The connection, for what this type does not do.
    pub fn connection(&mut self) -> &mut Conn {
        &mut self.conn
    }

    /// The rows of a question that is neither history nor migration, as text. `action` says in messages what it is for.
    ///
    /// # Errors
    /// When the server does not answer; without a code of its own the connection is lost.
    pub async fn texts(
        &mut self,
        action: &'static str,
        sql: &str,
    ) -> Result<Vec<Vec<Option<String>>>, Error> {
        let rows = self.conn.query::<Row, _>(sql).await.map_err(|error| failed(action, &error))?;
        Ok(texts(rows))
    }

    /// Ends the connection in good order.
    ///
    /// # Errors
    /// When the server does not take leave.
    pub async fn close(self) -> Result<(), Error> {
        self.conn.disconnect().await.map_err(|error| failed("close the connection", &error))
    }

    /// The server's number of the connection, which stays the same for as long as this lives.
    pub fn connection_id(&self) -> u64 {
        self.id
    }

    fn qualified_table(&self) -> String {
        format!("{}.{}", quoted(&self.schemas[0]), quoted(&self.table))
    }

    /// The table of the statement journal.
    pub(super) fn journal_table(&self) -> String {
        format!("{}.{}", quoted(&self.schemas[0]), quoted(&format!("{}_journal", self.table)))
    }

    pub(super) async fn leave_autocommit(&mut self) -> Result<(), Driver> {
        if !self.in_transaction {
            self.conn.query_drop("SET autocommit = 0").await?;
            self.in_transaction = true;
        }
        Ok(())
    }

    pub(super) async fn run(&mut self, action: &'static str, sql: &str) -> Result<(), Error> {
        let mut packet = std::mem::take(&mut self.prepended);
        packet.push(sql.to_owned());
        self.conn.query_drop(packet.join("; ")).await.map_err(|error| failed(action, &error))
    }

    /// Sends the settings that are still to go before what comes now, and must not be in one packet with it.
    pub(super) async fn settle(&mut self) -> Result<(), Driver> {
        if self.prepended.is_empty() {
            return Ok(());
        }
        let packet = std::mem::take(&mut self.prepended).join("; ");
        self.conn.query_drop(packet).await
    }

    /// The first row that a question of ours finds, the settings that are still to go before it in the same packet. The outer error is
    /// that of a setting.
    pub(super) async fn first_row(&mut self, sql: &str) -> Result<Result<Option<Row>, Driver>, Driver> {
        let settings = std::mem::take(&mut self.prepended);
        if settings.is_empty() {
            return Ok(self.conn.query_first(sql).await);
        }
        let mut results = self.conn.query_iter(format!("{}; {sql}", settings.join("; "))).await?;
        for _ in &settings {
            results.collect::<Row>().await?;
        }
        Ok(results.collect_and_drop::<Row>().await.map(|rows| rows.into_iter().next()))
    }

    async fn holder(&mut self, lock: &str) -> Option<Holder> {
        let id: Option<Option<u64>> =
            self.conn.query_first(format!("SELECT IS_USED_LOCK('{lock}')")).await.ok()?;
        let connection = id??;
        let details = format!(
            "SELECT CONCAT(USER, '@', HOST), TIME, LEFT(INFO, 120) FROM information_schema.PROCESSLIST WHERE ID = {connection}"
        );
        // Without the PROCESS privilege other accounts' connections are not seen.
        let row: Option<(Option<String>, Option<i64>, Option<String>)> =
            self.conn.query_first(details).await.ok().flatten();
        let (account, seconds, statement) = row.unwrap_or_default();
        let seconds = seconds.and_then(|seconds| u64::try_from(seconds).ok());
        Some(Holder { connection, account, seconds, statement })
    }

    /// The statement that creates the history table.
    pub fn table_sql(&self) -> String {
        let table = self.qualified_table();
        let key = match self.server.dialect {
            Dialect::MySql => format!("CONSTRAINT {} ", quoted(&format!("{}_pk", self.table))),
            Dialect::MariaDb => String::new(),
        };
        let index = quoted(&format!("{}_s_idx", self.table));
        let tablespace = self.tablespace.as_deref();
        let tablespace = tablespace.map_or(String::new(), |name| format!(" TABLESPACE {}", quoted(name)));
        // Flyway adds the index by a second statement; in one, no kill can come between.
        format!(
            "CREATE TABLE {table} (\n    `installed_rank` INT NOT NULL,\n    `version` VARCHAR(50),\n    \
             `description` VARCHAR(200) NOT NULL,\n    `type` VARCHAR(20) NOT NULL,\n    `script` VARCHAR(1000) NOT NULL,\n    \
             `checksum` INT,\n    `installed_by` VARCHAR(100) NOT NULL,\n    \
             `installed_on` TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,\n    `execution_time` INT NOT NULL,\n    \
             `success` BOOL NOT NULL,\n    {key}PRIMARY KEY (`installed_rank`),\n    INDEX {index} (`success`)\n){tablespace}"
        )
    }

    /// The statement that writes a row of the history.
    pub fn row_sql(&self, row: &HistoryRow) -> String {
        let version = row.version.as_ref().map_or("NULL".to_owned(), |version| literal(version.as_str()));
        let checksum = row.checksum.map_or("NULL".to_owned(), |checksum| checksum.to_string());
        format!(
            "INSERT INTO {} (`installed_rank`, `version`, `description`, `type`, `script`, `checksum`, `installed_by`, \
             `execution_time`, `success`) VALUES ({}, {version}, {}, {}, {}, {checksum}, {}, {}, {})",
            self.qualified_table(),
            row.installed_rank,
            literal(&row.description),
            literal(row.kind.as_str()),
            literal(&row.script),
            literal(&row.installed_by),
            row.execution_time,
            u8::from(row.success),
        )
    }

    async fn warnings(&mut self) -> Result<Vec<Warning>, Driver> {
        if self.conn.get_warnings() == 0 {
            return Ok(Vec::new());
        }
        let rows: Vec<(String, u16, String)> =
            self.conn.query(format!("SHOW WARNINGS LIMIT {MAX_WARNINGS}")).await?;
        Ok(rows.into_iter().map(|(level, code, message)| Warning { level, code, message }).collect())
    }

    async fn execute_and_drain(&mut self, sql: &str) -> Result<Executed, Driver> {
        self.settle().await?;
        self.leave_autocommit().await?;
        let keeps_results = self.keeps_results;
        let mut result = self.conn.query_iter(sql).await?;
        let affected_rows = result.affected_rows();
        let found = if keeps_results { found(&mut result).await? } else { Vec::new() };
        result.drop_result().await?;
        Ok(Executed { affected_rows, warnings: self.warnings().await?, found })
    }
}

impl HistoryStore for MySqlDatabase {
    async fn rows(&mut self, after_rank: i32) -> Result<Option<Vec<HistoryRow>>, Error> {
        const UNKNOWN_DATABASE: u16 = 1049;
        const NO_SUCH_TABLE: u16 = 1146;
        let query = format!(
            "SELECT `installed_rank`, `version`, `description`, `type`, `script`, `checksum`, `installed_by`, \
             CAST(`installed_on` AS CHAR), `execution_time`, `success` FROM {} WHERE `installed_rank` > {after_rank} \
             ORDER BY `installed_rank`",
            self.qualified_table()
        );
        match self.conn.query::<Row, _>(query).await {
            Ok(rows) => rows.into_iter().map(history_row).collect::<Result<_, _>>().map(Some),
            Err(Driver::Server(error)) if [NO_SUCH_TABLE, UNKNOWN_DATABASE].contains(&error.code) => Ok(None),
            Err(error) => Err(failed("read the history table", &error)),
        }
    }

    async fn create(&mut self, rows: &[HistoryRow]) -> Result<(), Error> {
        let definition = self.table_sql();
        self.run("create the history table", &definition).await?;
        for row in rows {
            let insert = self.row_sql(row);
            self.run("write the history table", &insert).await?;
        }
        if !rows.is_empty() {
            self.run("commit", "COMMIT").await?;
        }
        Ok(())
    }

    async fn append(&mut self, row: &HistoryRow) -> Result<(), Error> {
        let insert = self.row_sql(row);
        self.run("write the history table", &format!("{insert}; COMMIT")).await
    }

    async fn repair(&mut self, actions: &[RepairAction]) -> Result<(), Error> {
        let table = self.qualified_table();
        self.run("begin a transaction", "START TRANSACTION").await?;
        for action in actions {
            let sql = match action {
                RepairAction::Remove(row) => {
                    format!("DELETE FROM {table} WHERE `installed_rank` = {}", row.installed_rank)
                }
                RepairAction::MarkDeleted(row) => self.row_sql(row),
                RepairAction::Align { row, .. } => format!(
                    "UPDATE {table} SET `description` = {}, `type` = {}, `checksum` = {} WHERE `installed_rank` = {}",
                    literal(&row.description),
                    literal(row.kind.as_str()),
                    row.checksum.map_or("NULL".to_owned(), |checksum| checksum.to_string()),
                    row.installed_rank
                ),
            };
            self.run("write the history table", &sql).await?;
        }
        self.run("commit", "COMMIT").await
    }
}

impl Database for MySqlDatabase {
    fn schema(&self) -> &str {
        &self.schemas[0]
    }

    fn table(&self) -> &str {
        &self.table
    }

    fn user(&self) -> &str {
        &self.user
    }

    async fn lock(&mut self, waiting: &mut dyn FnMut(Waiting) -> bool) -> Result<(), Error> {
        let name = lock_name(&self.schemas[0], &self.table);
        let started = Instant::now();
        // At first no time at all, so that waiting is seen at once.
        let mut patience = 0;
        loop {
            let answer = self.conn.query_first(format!("SELECT GET_LOCK('{name}', {patience})")).await;
            let answer: Option<Option<i64>> =
                answer.map_err(|error| failed("take the migration lock", &error))?;
            if answer.flatten() == Some(1) {
                return Ok(());
            }
            let holder = self.holder(&name).await;
            let seconds = started.elapsed().as_secs();
            if !waiting(Waiting { seconds, holder: holder.clone() }) {
                return Err(Error::LockTimeout { seconds, holder });
            }
            patience = 1;
            // A server that answers at once, without waiting, must not be asked all the time.
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn unlock(&mut self) -> Result<(), Error> {
        if self.conn.is_disconnected() {
            return Ok(());
        }
        if self.in_transaction {
            self.run("end the transaction", "SET autocommit = 1").await?;
            self.in_transaction = false;
        }
        let release = format!("DO RELEASE_LOCK('{}')", lock_name(&self.schemas[0], &self.table));
        self.run("release the migration lock", &release).await
    }

    async fn is_empty(&mut self) -> Result<bool, Error> {
        let schemas = self.schema_list();
        let exists = |table: &str, column: &str| {
            format!("EXISTS (SELECT 1 FROM information_schema.{table} WHERE {column} IN ({schemas}))")
        };
        let query = format!(
            "SELECT {} OR {} OR {}",
            exists("TABLES", "TABLE_SCHEMA"),
            exists("ROUTINES", "ROUTINE_SCHEMA"),
            exists("EVENTS", "EVENT_SCHEMA"),
        );
        let answer = self.conn.query_first::<i64, _>(query).await;
        Ok(answer.map_err(|error| failed("read the catalogue", &error))? != Some(1))
    }

    async fn execute(&mut self, sql: &str) -> Result<Executed, Failure> {
        self.execute_and_drain(sql).await.map_err(|error| match error {
            Driver::Server(error) => Failure {
                code: error.code,
                state: error.state,
                message: error.message,
                connection_lost: false,
            },
            other => {
                Failure { code: 0, state: String::new(), message: other.to_string(), connection_lost: true }
            }
        })
    }

    fn prepend(&mut self, sql: String) {
        self.prepended.push(sql);
    }

    async fn commit(&mut self) -> Result<(), Error> {
        self.run("commit", "COMMIT").await
    }

    async fn rollback(&mut self) -> Result<(), Error> {
        self.run("roll back", "ROLLBACK").await
    }

    async fn reset(&mut self) -> Result<(), Error> {
        let done = self.conn.reset().await.map_err(|error| failed("reset the session", &error))?;
        self.in_transaction = false;
        // They were of the session that is gone.
        self.prepended.clear();
        if !done {
            return Err(Error::Server {
                action: "reset the session",
                code: 0,
                state: String::new(),
                message: format!("{} is too old", self.server),
            });
        }
        // The reset keeps the database that a script has chosen.
        self.initialise().await
    }

    async fn missing_schemas(&mut self) -> Result<Vec<String>, Error> {
        self.missing().await
    }

    async fn create_schemas(&mut self, schemas: &[String]) -> Result<(), Error> {
        self.create_all(schemas).await
    }

    async fn standing(&mut self, tables: &[Object]) -> Result<Standing, Error> {
        self.look_around(tables).await
    }

    async fn grounds(&mut self, tables: &BTreeSet<Object>) -> Result<(Server, Known), Error> {
        let known = self.known(tables).await?;
        Ok((self.server.clone(), known))
    }

    async fn pause(&mut self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

/// Rows as text.
pub(super) fn texts(rows: Vec<Row>) -> Vec<Vec<Option<String>>> {
    let text = |value: Value| match value {
        Value::NULL => None,
        Value::Bytes(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
        other => from_value_opt(other).ok(),
    };
    rows.into_iter().map(|row| row.unwrap().into_iter().map(text).collect()).collect()
}

/// A string that means the same in every SQL mode and character set.
pub(super) fn literal(text: &str) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut literal = String::with_capacity(2 * text.len() + 12);
    literal.push_str("_utf8mb4 X'");
    for byte in text.bytes() {
        literal.push(char::from(DIGITS[usize::from(byte >> 4)]));
        literal.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    literal.push('\'');
    literal
}

pub(super) fn failed(action: &'static str, error: &Driver) -> Error {
    match error {
        Driver::Server(error) => Error::Server {
            action,
            code: error.code,
            state: error.state.clone(),
            message: error.message.clone(),
        },
        other => Error::Server { action, code: 0, state: String::new(), message: other.to_string() },
    }
}

/// Reads the columns in the order in which [`HistoryStore::rows`] asks for them.
fn history_row(row: Row) -> Result<HistoryRow, Error> {
    let mut values = row.unwrap();
    let rank = values.first().cloned().and_then(|value| from_value_opt(value).ok()).unwrap_or_default();
    columns(&mut values.drain(..)).map_err(|column| Error::HistoryRow {
        rank,
        reason: format!("column `{column}` has an unexpected value"),
    })
}

fn columns(values: &mut impl Iterator<Item = Value>) -> Result<HistoryRow, &'static str> {
    Ok(HistoryRow {
        installed_rank: column(values, "installed_rank")?,
        version: column::<Option<String>>(values, "version")?
            .map(|text| MigrationVersion::parse(&text).map_err(|_| "version"))
            .transpose()?,
        description: column(values, "description")?,
        kind: RowKind::new(column::<String>(values, "type")?),
        script: column(values, "script")?,
        checksum: column(values, "checksum")?,
        installed_by: column(values, "installed_by")?,
        installed_on: column(values, "installed_on")?,
        execution_time: column(values, "execution_time")?,
        success: column(values, "success")?,
    })
}

fn column<T: FromValue>(
    values: &mut impl Iterator<Item = Value>,
    name: &'static str,
) -> Result<T, &'static str> {
    values.next().and_then(|value| from_value_opt(value).ok()).ok_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_do_not_depend_on_the_session() {
        assert_eq!(literal("a'\\é"), "_utf8mb4 X'61275CC3A9'");
        assert_eq!(literal(""), "_utf8mb4 X''");
    }
}
