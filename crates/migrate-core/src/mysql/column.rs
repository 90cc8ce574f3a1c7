//! What a query of the user answers.

use mysql_async::prelude::{FromValue, Queryable};
use mysql_async::{Conn, Row, Value};

use super::connect::connect;
use super::database::failed;
use super::options::ConnectOptions;
use crate::error::Error;

/// The first column of a query's rows, in their order; `None` is NULL. The query cannot write.
///
/// # Errors
/// When the server cannot be reached or refuses the query, and when the column holds no text.
pub async fn first_column(options: &ConnectOptions, query: &str) -> Result<Vec<Option<String>>, Error> {
    const ACTION: &str = "run the query";
    let (mut conn, _) = connect(options).await?;
    let asked = async |conn: &mut Conn| {
        conn.query_drop("START TRANSACTION READ ONLY").await?;
        conn.query::<Row, _>(query).await
    };
    let rows = asked(&mut conn).await.map_err(|error| failed(ACTION, &error))?;
    conn.disconnect().await.map_err(|error| failed("close the connection", &error))?;
    rows.into_iter().map(first).collect::<Result<_, _>>().map_err(|reason| Error::Server {
        action: ACTION,
        code: 0,
        state: String::new(),
        message: reason.to_owned(),
    })
}

fn first(row: Row) -> Result<Option<String>, &'static str> {
    let value = row.unwrap().into_iter().next().unwrap_or(Value::NULL);
    <Option<String> as FromValue>::from_value_opt(value).map_err(|_| "its first column holds no text")
}
