//! How far a statement is that another connection runs, as far as the server tells.

use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use super::connect::connect;
use super::database::failed;
use super::options::ConnectOptions;
use crate::error::Error;
use crate::server::Dialect;

/// What a statement is at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// In the server's words, such as `copy to tmp table`.
    pub name: String,
    /// How much of the statement is done, where the server counts.
    pub percent: Option<u8>,
}

/// Asks about one connection over another, which holds no lock and opens no transaction.
#[derive(Debug)]
pub struct Stages {
    conn: Conn,
    dialect: Dialect,
    /// The connection that is asked about.
    watched: u64,
    /// Whether the server is MySQL, and has not refused this account its stages.
    reads_performance_schema: bool,
}

impl Stages {
    /// Connects once, to no database. `watched` is a [`MySqlDatabase::connection_id`](super::MySqlDatabase::connection_id).
    ///
    /// # Errors
    /// When the server has no connection for us.
    pub async fn open(options: &ConnectOptions, watched: u64) -> Result<Self, Error> {
        // The run may be about to create the database.
        let options = ConnectOptions { database: None, retries: 0, ..options.clone() };
        let (conn, server) = connect(&options).await?;
        Ok(Self {
            conn,
            dialect: server.dialect,
            watched,
            reads_performance_schema: server.dialect == Dialect::MySql,
        })
    }

    /// What the watched connection is at. `None`: it runs nothing, is gone, or is another account's, which takes the
    /// PROCESS privilege to see.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub async fn current(&mut self) -> Result<Option<Stage>, Error> {
        if self.reads_performance_schema {
            match self.stage().await {
                Ok(None) => {}
                // An account that sees only its own schema still sees its own connections.
                Err(Error::Server { code, .. }) if code != 0 => self.reads_performance_schema = false,
                found => return found,
            }
        }
        self.process().await
    }

    /// Ends the connection in good order.
    ///
    /// # Errors
    /// When the server does not take leave.
    pub async fn close(self) -> Result<(), Error> {
        self.conn.disconnect().await.map_err(|error| failed("close the connection", &error))
    }

    /// The stage in MySQL's performance schema, which is off unless the consumer `events_stages_current` is switched on.
    async fn stage(&mut self) -> Result<Option<Stage>, Error> {
        let query = format!(
            "SELECT stages.EVENT_NAME, stages.WORK_COMPLETED, stages.WORK_ESTIMATED \
             FROM performance_schema.threads JOIN performance_schema.events_stages_current AS stages \
             ON stages.THREAD_ID = threads.THREAD_ID AND stages.END_EVENT_ID IS NULL \
             WHERE threads.PROCESSLIST_ID = {}",
            self.watched
        );
        let row = self.conn.query_first(query).await;
        let row: Option<(String, Option<f64>, Option<f64>)> =
            row.map_err(|error| failed("read the stage of the statement", &error))?;
        Ok(row.map(|(event, completed, estimated)| {
            let name = event.rsplit('/').next().unwrap_or_default().to_owned();
            Stage { name, percent: completed.zip(estimated).and_then(|(done, all)| percent(done, all)) }
        }))
    }

    /// The state in the list of processes, in which MariaDB counts, too.
    async fn process(&mut self) -> Result<Option<Stage>, Error> {
        let counted = match self.dialect {
            Dialect::MariaDb => "STAGE, MAX_STAGE, PROGRESS",
            Dialect::MySql => "0, 0, 0",
        };
        let query = format!(
            "SELECT STATE, {counted} FROM information_schema.PROCESSLIST WHERE ID = {} AND COMMAND <> 'Sleep'",
            self.watched
        );
        let row = self.conn.query_first(query).await;
        let row: Option<(Option<String>, f64, f64, f64)> =
            row.map_err(|error| failed("read the list of processes", &error))?;
        Ok(row.and_then(|(state, stage, stages, progress)| {
            let name = state.filter(|state| !state.is_empty())?;
            // The progress is that of the stage; stages count from 1.
            Some(Stage { name, percent: percent((stage - 1.0) * 100.0 + progress, stages * 100.0) })
        }))
    }
}

/// `None` where nothing is counted. Estimates can be passed.
fn percent(done: f64, all: f64) -> Option<u8> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it lies between 0 and 100")]
    (all > 0.0).then(|| (done / all * 100.0).clamp(0.0, 100.0) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_percents_where_something_is_counted() {
        for (done, all, expected) in [
            (0.0, 0.0, None),
            (-100.0, 0.0, None),
            (0.0, 8.0, Some(0)),
            (3.0, 8.0, Some(37)),
            (9.0, 8.0, Some(100)),
        ] {
            assert_eq!(percent(done, all), expected, "{done} of {all}");
        }
    }
}
