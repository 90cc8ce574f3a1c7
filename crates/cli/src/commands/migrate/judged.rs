//! A history that is read and judged between the callbacks of a verb.

use migrate_core::Error;
use migrate_core::callback::{Callbacks, Events, around};
use migrate_core::history::{HistoryRow, HistoryStore as _};
use migrate_core::mysql::MySqlDatabase;

/// Why callbacks for an error are called.
enum Ended {
    /// The history was read, and is not what it should be.
    Invalid(Vec<HistoryRow>),
    Failed(Error),
}

impl From<Error> for Ended {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// The rows, read and judged between the callbacks of a verb: those for an error are called for rows that are not valid, too.
///
/// # Errors
/// When the server or a callback fails.
pub(crate) async fn judged(
    database: &mut MySqlDatabase,
    callbacks: &Callbacks<'_>,
    events: Events,
    is_valid: impl FnOnce(&[HistoryRow]) -> bool,
) -> Result<Vec<HistoryRow>, Error> {
    let read = async |database: &mut MySqlDatabase, (): &mut ()| {
        let rows = database.rows(-1).await?.unwrap_or_default();
        if is_valid(&rows) { Ok(rows) } else { Err(Ended::Invalid(rows)) }
    };
    match around(database, callbacks, events, &mut (), read).await {
        Ok(rows) | Err(Ended::Invalid(rows)) => Ok(rows),
        Err(Ended::Failed(error)) => Err(error),
    }
}
