//! What the statements of scripts find.

use mysql_async::{Error as Driver, QueryResult, Row, TextProtocol};

use super::database::texts;
use crate::database::ResultSet;

/// How many bytes all cells may take of one statement, were each as wide as its column; nobody reads more of it.
const MOST_BYTES: usize = 1 << 20;

/// Every set of rows, as far as it is held.
pub(super) async fn found(result: &mut QueryResult<'_, '_, TextProtocol>) -> Result<Vec<ResultSet>, Driver> {
    let (mut sets, mut before) = (Vec::new(), 0);
    while let Some(columns) = result.columns().filter(|columns| !columns.is_empty()) {
        let mut set = ResultSet {
            columns: columns.iter().map(|column| column.name_str().into_owned()).collect(),
            origins: columns.iter().map(|column| column.org_name_str().into_owned()).collect(),
            ..ResultSet::default()
        };
        let mut widths = vec![1; set.columns.len()];
        while let Some(row) = result.next().await? {
            hold(row, &mut set, &mut widths, before);
        }
        before += area(&set, &widths);
        sets.push(set);
    }
    Ok(sets)
}

fn hold(row: Row, set: &mut ResultSet, widths: &mut [usize], before: usize) {
    if before + area(set, widths) > MOST_BYTES {
        set.left_out += 1;
        return;
    }
    let rows = texts(vec![row]);
    for (width, cell) in widths.iter_mut().zip(rows.iter().flatten()) {
        *width = (*width).max(cell.as_ref().map_or(0, String::len));
    }
    set.rows.extend(rows);
}

fn area(set: &ResultSet, widths: &[usize]) -> usize {
    set.rows.len().saturating_mul(widths.iter().sum())
}
