//! Which schemas a session works on, and what it begins with.

use mysql_async::Error as Driver;
use mysql_async::prelude::Queryable;

use super::database::{MySqlDatabase, failed, literal};
use crate::error::Error;
use crate::history::quoted;
use crate::script::{SplitOptions, split};

/// What a session begins with. `Default`: the database of the connection, and Flyway's history table.
#[derive(Debug, Clone, Default)]
pub struct SessionOptions {
    /// The history table; absent: [`DEFAULT_TABLE`](crate::history::DEFAULT_TABLE).
    pub table: Option<String>,
    /// The tablespace that the history table is created in; absent: the server's choice.
    pub tablespace: Option<String>,
    /// The schemas that are migrated; empty: the database of the connection.
    pub schemas: Vec<String>,
    /// The one of them that is current and holds the history; absent: the first.
    pub default_schema: Option<String>,
    /// SQL that every session begins with, split like a script.
    pub init_sql: Option<String>,
    /// Whether what statements of scripts find is kept, rather than passed over.
    pub keeps_results: bool,
}

impl SessionOptions {
    /// The schemas, the default one first; `None`: nothing names one.
    pub(super) fn schemas(&self, database: Option<String>) -> Option<Vec<String>> {
        let mut schemas = self.schemas.clone();
        let default = self.default_schema.clone().or_else(|| schemas.first().cloned()).or(database)?;
        schemas.retain(|schema| *schema != default);
        schemas.insert(0, default);
        Some(schemas)
    }

    /// Whether the schemas are named, rather than taken from the connection.
    pub(super) fn names_schemas(&self) -> bool {
        self.default_schema.is_some() || !self.schemas.is_empty()
    }

    /// The statements of the initial SQL.
    pub(super) fn initial_statements(&self) -> Vec<String> {
        let text = self.init_sql.as_deref().unwrap_or_default();
        let (statements, _) = split(text, &SplitOptions::default());
        statements.iter().map(|statement| statement.text(text).to_owned()).collect()
    }
}

impl MySqlDatabase {
    /// Makes a session that was just opened or made new what it should be.
    pub(super) async fn initialise(&mut self) -> Result<(), Error> {
        const UNKNOWN_DATABASE: u16 = 1049;
        for sql in self.init.clone() {
            self.run("run the initial SQL", &sql).await?;
        }
        let use_schema = format!("USE {}", quoted(&self.schemas[0]));
        match self.connection().query_drop(use_schema).await {
            // It may be created later.
            Err(Driver::Server(error)) if error.code == UNKNOWN_DATABASE && self.names_schemas => Ok(()),
            used => used.map_err(|error| failed("choose the database", &error)),
        }
    }

    pub(super) async fn missing(&mut self) -> Result<Vec<String>, Error> {
        if !self.names_schemas {
            return Ok(Vec::new());
        }
        let query = format!(
            "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME IN ({})",
            self.schema_list()
        );
        let there: Vec<String> =
            self.connection().query(query).await.map_err(|error| failed("read the catalogue", &error))?;
        let is_there = |schema: &String| there.iter().any(|name| name.eq_ignore_ascii_case(schema));
        Ok(self.schemas.iter().filter(|schema| !is_there(schema)).cloned().collect())
    }

    pub(super) async fn create_all(&mut self, schemas: &[String]) -> Result<(), Error> {
        for schema in schemas {
            let create = format!("CREATE SCHEMA IF NOT EXISTS {}", quoted(schema));
            self.run("create the schema", &create).await?;
        }
        let use_schema = format!("USE {}", quoted(&self.schemas[0]));
        self.run("choose the database", &use_schema).await
    }

    /// The schemas as a list of SQL strings.
    pub(super) fn schema_list(&self) -> String {
        self.schemas.iter().map(|schema| literal(schema)).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_schema_comes_first() {
        let schemas = |names: &[&str], default: Option<&str>, database: Option<&str>| {
            let schemas = names.iter().map(ToString::to_string).collect();
            let default_schema = default.map(str::to_owned);
            let options = SessionOptions { schemas, default_schema, ..SessionOptions::default() };
            options.schemas(database.map(str::to_owned)).unwrap_or_default().join(" ")
        };
        assert_eq!(schemas(&[], None, Some("d")), "d");
        assert_eq!(schemas(&["a", "b"], None, Some("d")), "a b");
        assert_eq!(schemas(&["a", "b"], Some("b"), None), "b a");
        assert_eq!(schemas(&["a"], Some("c"), None), "c a");
        assert_eq!(schemas(&[], None, None), "");
    }

    #[test]
    fn the_initial_sql_is_split() {
        let init_sql = Some("SET @a = ';'; SET @b = 2".to_owned());
        let options = SessionOptions { init_sql, ..SessionOptions::default() };
        assert_eq!(options.initial_statements(), ["SET @a = ';'", "SET @b = 2"]);
    }
}
