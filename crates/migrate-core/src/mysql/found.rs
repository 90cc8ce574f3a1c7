//! What the statements of scripts find.

use mysql_async::{Error as Driver, QueryResult, Row, TextProtocol};

use super::database::texts;
use crate::database::ResultSet;

/// How many bytes of text are held of one statement; nobody reads more of it.
const MOST_BYTES: usize = 1 << 20;

/// Every set of rows, as far as it is held.
pub(super) async fn found(result: &mut QueryResult<'_, '_, TextProtocol>) -> Result<Vec<ResultSet>, Driver> {
    let (mut sets, mut bytes) = (Vec::new(), 0);
    while let Some(columns) = result.columns().filter(|columns| !columns.is_empty()) {
        let mut set = ResultSet {
            columns: columns.iter().map(|column| column.name_str().into_owned()).collect(),
            origins: columns.iter().map(|column| column.org_name_str().into_owned()).collect(),
            ..ResultSet::default()
        };
        while let Some(row) = result.next().await? {
            hold(row, &mut set, &mut bytes);
        }
        sets.push(set);
    }
    Ok(sets)
}

fn hold(row: Row, set: &mut ResultSet, bytes: &mut usize) {
    if *bytes > MOST_BYTES {
        set.left_out += 1;
        return;
    }
    let rows = texts(vec![row]);
    *bytes += rows.iter().flatten().map(|cell| cell.as_ref().map_or(0, String::len) + 1).sum::<usize>();
    set.rows.extend(rows);
}
