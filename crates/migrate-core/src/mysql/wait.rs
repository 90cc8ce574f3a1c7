//! Waits until a database has a version, for what must not start before.

use std::time::{Duration, Instant};

use super::database::MySqlDatabase;
use super::options::ConnectOptions;
use crate::error::Error;
use crate::history::HistoryStore;
use crate::version::MigrationVersion;
use crate::wait::{Readiness, readiness};

const INTERVAL: Duration = Duration::from_secs(1);

/// Asks about once a second, over new connections where the old one broke, until the history shows at least this version
/// and nothing failed. `seen` is told what each look found.
///
/// # Errors
/// [`Error::WaitTimeout`] after `timeout`; at once for a URL without database and for a server that refuses us.
pub async fn wait(
    options: &ConnectOptions,
    table: Option<&str>,
    at_least: &MigrationVersion,
    timeout: Duration,
    seen: &mut dyn FnMut(&str),
) -> Result<(), Error> {
    let started = Instant::now();
    let mut database = None;
    loop {
        let found = match look(&mut database, options, table, at_least).await {
            Ok(Readiness::Ready) => return Ok(()),
            Ok(other) => other.to_string(),
            Err(error @ (Error::Url { .. } | Error::HistoryRow { .. })) => return Err(error),
            // The server may be starting, and so may what creates our account and database.
            Err(error) => {
                database = None;
                error.to_string()
            }
        };
        seen(&found);
        let left = timeout.saturating_sub(started.elapsed());
        if left.is_zero() {
            return Err(Error::WaitTimeout {
                version: at_least.to_string(),
                seconds: timeout.as_secs(),
                seen: found,
            });
        }
        tokio::time::sleep(INTERVAL.min(left)).await;
    }
}

async fn look(
    database: &mut Option<MySqlDatabase>,
    options: &ConnectOptions,
    table: Option<&str>,
    at_least: &MigrationVersion,
) -> Result<Readiness, Error> {
    let open = match database {
        Some(open) => open,
        None => database.insert(MySqlDatabase::open(options, table).await?),
    };
    let rows = open.rows(-1).await?;
    Ok(readiness(rows.as_deref(), at_least))
}
