//! The journal as a table beside the history, there only while a run is at work or was cut off.

use std::collections::{BTreeMap, BTreeSet};

use mysql_async::consts::ColumnType;
use mysql_async::prelude::Queryable;
use mysql_async::{Error as Driver, Row, Value};

use super::database::{MySqlDatabase, failed, literal};
use crate::error::Error;
use crate::history::{HistoryRow, quoted};
use crate::journal::{ABSENT, Found, InFlight, Journal};
use crate::script::effect::{Commit, Effect, Object, ObjectKind};

/// Between the definitions of several objects; no definition holds it.
const SEPARATOR: char = '\u{1e}';

impl Journal for MySqlDatabase {
    async fn journal(&mut self) -> Result<Found, Error> {
        const NO_SUCH_TABLE: u16 = 1146;
        type Columns = (String, u32, String, String, bool, bool, String, String, String, String);
        let query = format!(
            "SELECT `script`, `statement`, `digest`, `sql`, `idempotent`, `invisible`, `before`, `variables`, \
             `prepared`, `failed` FROM {}",
            self.journal_table()
        );
        let row: Row = match self.connection().query_first(query).await {
            Ok(Some(row)) => row,
            Ok(None) => return Ok(Found { exists: true, in_flight: None }),
            Err(Driver::Server(error)) if error.code == NO_SUCH_TABLE => return Ok(Found::default()),
            Err(error) => return Err(self::failed("read the journal", &error)),
        };
        let (script, statement, digest, sql, idempotent, invisible, before, variables, prepared, failed) =
            mysql_async::from_row_opt::<Columns>(row)
                .map_err(|_| unreadable("it was written by another version"))?;
        let objects = match Effect::of(&sql) {
            Effect::Commits(commit) => commit.objects,
            _ => Vec::new(),
        };
        let before = if objects.is_empty() { Vec::new() } else { split(&before) };
        if objects.len() != before.len() {
            return Err(unreadable("its definitions do not fit its statement"));
        }
        let in_flight = InFlight {
            script,
            statement: statement as usize,
            digest,
            sql,
            commit: Commit { objects, idempotent, invisible },
            before,
            variables,
            prepared: decode_prepared(&prepared)
                .ok_or_else(|| unreadable("its prepared statements are damaged"))?,
            failed: decode_objects(&failed).ok_or_else(|| unreadable("its list of objects is damaged"))?,
        };
        Ok(Found { exists: true, in_flight: Some(in_flight) })
    }

    async fn open_journal(&mut self) -> Result<(), Error> {
        let create = format!(
            "CREATE TABLE IF NOT EXISTS {} (\n    `id` TINYINT NOT NULL PRIMARY KEY,\n    `script` VARCHAR(1000) NOT NULL,\n    \
             `statement` INT UNSIGNED NOT NULL,\n    `digest` CHAR(32) NOT NULL,\n    `sql` LONGTEXT NOT NULL,\n    \
             `idempotent` BOOL NOT NULL,\n    `invisible` BOOL NOT NULL,\n    `before` LONGTEXT NOT NULL,\n    \
             `variables` LONGTEXT NOT NULL,\n    `prepared` LONGTEXT NOT NULL,\n    `failed` LONGTEXT NOT NULL,\n    \
             `begun` TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP\n) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4",
            self.journal_table()
        );
        self.run("create the journal", &create).await
    }

    async fn announce(&mut self, entry: &InFlight) -> Result<(), Error> {
        let replace = self.journal_row(entry);
        self.leave_autocommit().await.map_err(|error| failed("begin a transaction", &error))?;
        self.run("write the journal", &replace).await
    }

    async fn begin(&mut self, entry: &InFlight) -> Result<(), Error> {
        let replace = self.journal_row(entry);
        self.leave_autocommit().await.map_err(|error| failed("begin a transaction", &error))?;
        self.run("write the journal", &format!("{replace}; COMMIT")).await
    }

    async fn finish(&mut self, row: &HistoryRow) -> Result<(), Error> {
        // A script may have switched it on, which would part the deletion from the history's row. All in one packet: a server
        // that is far away answers once.
        let delete = format!("SET autocommit = 0; DELETE FROM {}", self.journal_table());
        let insert = self.row_sql(row);
        self.run("write the history table", &format!("{delete}; {insert}; COMMIT")).await
    }

    async fn close_journal(&mut self) -> Result<(), Error> {
        let drop = format!("DROP TABLE IF EXISTS {}", self.journal_table());
        self.run("remove the journal", &drop).await
    }

    async fn definitions(&mut self, objects: &[Object]) -> Result<Vec<String>, Error> {
        let mut definitions = Vec::with_capacity(objects.len());
        for object in objects {
            definitions.push(self.definition(object).await?);
        }
        Ok(definitions)
    }

    async fn variables(&mut self, names: &BTreeSet<String>) -> Result<String, Error> {
        if names.is_empty() {
            return Ok(String::new());
        }
        let list: Vec<&str> = names.iter().map(String::as_str).collect();
        let query = format!("SELECT {}", list.join(", "));
        let row = self.connection().query_first::<Row, _>(query).await;
        let row = row.map_err(|error| failed("read the user variables", &error))?;
        let Some(row) = row else { return Ok(String::new()) };
        let types: Vec<ColumnType> = row.columns_ref().iter().map(mysql_async::Column::column_type).collect();
        let assignments: Vec<String> = list
            .iter()
            .zip(row.unwrap())
            .zip(types)
            .map(|((name, value), kind)| format!("{name} = {}", expression(&value, kind)))
            .collect();
        Ok(format!("SET {}", assignments.join(", ")))
    }

    async fn prepare(&mut self, name: &str, text: &str) -> Result<(), Error> {
        self.run("restore a prepared statement", &format!("SET @infra_prepared = {}", literal(text))).await?;
        let prepare = format!("PREPARE {} FROM @infra_prepared", quoted(name));
        self.run("restore a prepared statement", &prepare).await
    }

    async fn value(&mut self, expression: &str) -> Result<Option<String>, Error> {
        let value = self.connection().query_first::<Option<String>, _>(format!("SELECT {expression}")).await;
        Ok(value.map_err(|error| failed("read a prepared statement", &error))?.flatten())
    }

    async fn body(&mut self, procedure: &Object) -> Result<Option<String>, Error> {
        let schema = procedure.schema.as_deref().map_or("DATABASE()".to_owned(), literal);
        let query = format!(
            "SELECT ROUTINE_DEFINITION FROM information_schema.ROUTINES WHERE ROUTINE_TYPE = 'PROCEDURE' AND \
             ROUTINE_SCHEMA = {schema} AND ROUTINE_NAME = {}",
            literal(&procedure.name)
        );
        let body = self.connection().query_first::<Option<String>, _>(query).await;
        Ok(body.map_err(|error| failed("read a procedure", &error))?.flatten())
    }
}

impl MySqlDatabase {
    /// The statement that writes the journal's one row.
    fn journal_row(&self, entry: &InFlight) -> String {
        let joined = entry.before.join(&SEPARATOR.to_string());
        format!(
            "REPLACE INTO {} (`id`, `script`, `statement`, `digest`, `sql`, `idempotent`, `invisible`, `before`, `variables`, \
             `prepared`, `failed`) VALUES (1, {}, {}, {}, {}, {}, {}, {}, {}, {}, {})",
            self.journal_table(),
            literal(&entry.script),
            entry.statement,
            literal(&entry.digest),
            literal(&entry.sql),
            entry.commit.idempotent,
            entry.commit.invisible,
            literal(&joined),
            literal(&entry.variables),
            literal(&encode_prepared(&entry.prepared)),
            literal(&encode_objects(&entry.failed)),
        )
    }

    async fn definition(&mut self, object: &Object) -> Result<String, Error> {
        let name = match &object.schema {
            Some(schema) => format!("{}.{}", quoted(schema), quoted(&object.name)),
            None => quoted(&object.name),
        };
        // The column that holds the text; others hold dates and settings of the moment.
        let (what, column) = match object.kind {
            ObjectKind::Table => ("TABLE", 1),
            ObjectKind::Database => ("DATABASE", 1),
            ObjectKind::Trigger => ("TRIGGER", 2),
            ObjectKind::Procedure => ("PROCEDURE", 2),
            ObjectKind::Function => ("FUNCTION", 2),
            ObjectKind::Event => ("EVENT", 3),
        };
        let shown = self.first_row(&format!("SHOW CREATE {what} {name}")).await;
        match shown.map_err(|error| failed("read a definition", &error))? {
            Ok(row) => {
                let text = row.and_then(|row| row.get_opt::<Option<Vec<u8>>, _>(column)?.ok().flatten());
                // Present, although its text may not be seen.
                Ok(text
                    .map_or_else(|| "?".to_owned(), |text| without_counter(&String::from_utf8_lossy(&text))))
            }
            Err(Driver::Server(error)) if is_absent(error.code) => Ok(ABSENT.to_owned()),
            // An invalid view, or no privilege: what the server says stands for it.
            Err(Driver::Server(error)) => Ok(error.message),
            Err(error) => Err(failed("read a definition", &error)),
        }
    }
}

/// Unknown table, database, routine, trigger or event.
fn is_absent(code: u16) -> bool {
    [1146, 1049, 1305, 1360, 1539, 4089, 4091].contains(&code)
}

/// Rows that others insert move the counter.
fn without_counter(definition: &str) -> String {
    let Some((before, rest)) = definition.rsplit_once(" AUTO_INCREMENT=") else {
        return definition.to_owned();
    };
    format!("{before}{}", rest.trim_start_matches(|digit: char| digit.is_ascii_digit()))
}

/// A value as SQL, of the type that the variable had.
fn expression(value: &Value, kind: ColumnType) -> String {
    let is_number = matches!(
        kind,
        ColumnType::MYSQL_TYPE_LONGLONG
            | ColumnType::MYSQL_TYPE_LONG
            | ColumnType::MYSQL_TYPE_NEWDECIMAL
            | ColumnType::MYSQL_TYPE_DECIMAL
            | ColumnType::MYSQL_TYPE_DOUBLE
    );
    match value {
        Value::Bytes(bytes) if is_number => String::from_utf8_lossy(bytes).into_owned(),
        Value::Bytes(bytes) => literal(&String::from_utf8_lossy(bytes)),
        other => other.as_sql(true),
    }
}

fn split(text: &str) -> Vec<String> {
    text.split(SEPARATOR).map(str::to_owned).collect()
}

const KINDS: [(&str, ObjectKind); 6] = [
    ("table", ObjectKind::Table),
    ("trigger", ObjectKind::Trigger),
    ("procedure", ObjectKind::Procedure),
    ("function", ObjectKind::Function),
    ("event", ObjectKind::Event),
    ("database", ObjectKind::Database),
];

/// Name and text, two parts for each statement.
fn encode_prepared(prepared: &BTreeMap<String, String>) -> String {
    let parts: Vec<&str> = prepared.iter().flat_map(|(name, text)| [name.as_str(), text]).collect();
    parts.join(&SEPARATOR.to_string())
}

fn decode_prepared(text: &str) -> Option<BTreeMap<String, String>> {
    let parts = if text.is_empty() { Vec::new() } else { split(text) };
    let pair = |pair: &[String]| match pair {
        [name, text] => Some((name.clone(), text.clone())),
        _ => None,
    };
    parts.chunks(2).map(pair).collect()
}

/// Kind, schema, name and definition, four parts for each object.
fn encode_objects(objects: &[(Object, String)]) -> String {
    let parts: Vec<&str> = objects
        .iter()
        .flat_map(|(object, definition)| {
            let kind = KINDS.iter().find(|(_, kind)| *kind == object.kind).map_or("", |(word, _)| word);
            [kind, object.schema.as_deref().unwrap_or_default(), &object.name, definition]
        })
        .collect();
    parts.join(&SEPARATOR.to_string())
}

fn decode_objects(text: &str) -> Option<Vec<(Object, String)>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    let parts = split(text);
    let objects = parts.chunks(4).map(|part| {
        let [word, schema, name, definition] = part else { return None };
        let kind = KINDS.iter().find(|(known, _)| known == word)?.1;
        let schema = (!schema.is_empty()).then(|| schema.clone());
        Some((Object { kind, schema, name: name.clone() }, definition.clone()))
    });
    objects.collect()
}

fn unreadable(reason: &str) -> Error {
    Error::Journal { reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_no_part_of_a_definition() {
        let table = "CREATE TABLE `t` (\n) ENGINE=InnoDB AUTO_INCREMENT=17 DEFAULT CHARSET=utf8mb4";
        assert_eq!(without_counter(table), "CREATE TABLE `t` (\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4");
        assert_eq!(without_counter("CREATE VIEW v"), "CREATE VIEW v");
    }

    #[test]
    fn objects_survive_the_journal() {
        let object = |kind, schema: Option<&str>, name: &str| Object {
            kind,
            schema: schema.map(Into::into),
            name: name.into(),
        };
        let objects = vec![
            (object(ObjectKind::Table, None, "t"), "CREATE TABLE t".to_owned()),
            (object(ObjectKind::Event, Some("s"), "e"), ABSENT.to_owned()),
        ];
        assert_eq!(decode_objects(&encode_objects(&objects)), Some(objects));
        assert_eq!(decode_objects(""), Some(Vec::new()));
        assert_eq!(decode_objects("table\u{1e}x"), None);
    }

    #[test]
    fn prepared_statements_survive_the_journal() {
        let prepared =
            BTreeMap::from([("s".to_owned(), "SELECT 1".to_owned()), ("t".to_owned(), String::new())]);
        assert_eq!(decode_prepared(&encode_prepared(&prepared)), Some(prepared));
        assert_eq!(decode_prepared(""), Some(BTreeMap::new()));
        assert_eq!(decode_prepared("s"), None);
    }

    #[test]
    fn variables_keep_their_types() {
        let bytes = |text: &str| Value::Bytes(text.into());
        assert_eq!(expression(&bytes("12.50"), ColumnType::MYSQL_TYPE_NEWDECIMAL), "12.50");
        assert_eq!(expression(&bytes("a"), ColumnType::MYSQL_TYPE_VAR_STRING), "_utf8mb4 X'61'");
        assert_eq!(expression(&Value::NULL, ColumnType::MYSQL_TYPE_NULL), "NULL");
    }
}
