//! Empties a schema, as Flyway's `clean` does.

use mysql_async::prelude::Queryable;

use super::database::{MySqlDatabase, failed, literal};
use crate::error::Error;
use crate::history::{HistoryStore as _, RowKind, quoted};

/// How many objects of a kind were dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// The SQL word: `EVENT`, `VIEW`, `TABLE`, …
    pub kind: String,
    /// How many.
    pub count: usize,
}

impl MySqlDatabase {
    /// Drops all events, routines, packages, views, tables and sequences of the schemas, the history among them, and then those
    /// schemas that the history says were created by a run.
    ///
    /// # Errors
    /// When the server refuses; what was dropped before stays dropped, and a second run goes on.
    pub async fn clean(&mut self) -> Result<Vec<Dropped>, Error> {
        let created = self.created_schemas().await?;
        let missing = self.missing().await?;
        self.run("lift foreign keys", "SET foreign_key_checks = 0").await?;
        let mut dropped = Vec::new();
        let mut result = Ok(());
        for schema in self.schemas.clone().iter().filter(|schema| !missing.contains(schema)) {
            result = self.clean_schema(schema, &mut dropped).await;
            if result.is_ok() && created.contains(schema) {
                result = self.run("drop the schema", &format!("DROP SCHEMA {}", quoted(schema))).await;
                count(&mut dropped, "SCHEMA");
            }
            if result.is_err() {
                break;
            }
        }
        let restored = self.run("restore foreign keys", "SET foreign_key_checks = DEFAULT").await;
        result.and(restored).map(|()| dropped)
    }

    async fn clean_schema(&mut self, schema: &str, dropped: &mut Vec<Dropped>) -> Result<(), Error> {
        for (kind, name) in self.objects(schema).await? {
            self.drop_object(&kind, schema, &name).await?;
            count(dropped, &kind);
        }
        Ok(())
    }

    /// Those of the schemas that rows of the history name as created.
    ///
    /// # Errors
    /// When the history cannot be read.
    pub async fn created_schemas(&mut self) -> Result<Vec<String>, Error> {
        let rows = self.rows(-1).await?.unwrap_or_default();
        let is_named = |schema: &&String| {
            let name = quoted(schema);
            rows.iter()
                .filter(|row| row.kind.is(RowKind::SCHEMA))
                .any(|row| row.script.split(',').any(|named| named == name))
        };
        Ok(self.schemas.iter().filter(is_named).cloned().collect())
    }

    async fn drop_object(&mut self, kind: &str, schema: &str, name: &str) -> Result<(), Error> {
        let drop = format!("DROP {kind} IF EXISTS {}.{}", quoted(schema), quoted(name));
        if kind != "PACKAGE" {
            return self.run("empty the schema", &drop).await;
        }
        // MariaDB before 11.4 knows the word in Oracle's dialect only.
        self.run("change the dialect", "SET @infra_sql_mode = @@sql_mode, sql_mode = ORACLE").await?;
        let result = self.run("empty the schema", &drop).await;
        let restored = self.run("restore the dialect", "SET sql_mode = @infra_sql_mode").await;
        result.and(restored)
    }

    /// Kind and name of everything, in the order in which it can be dropped. Triggers go with their tables, and the bodies
    /// of packages with their packages.
    async fn objects(&mut self, schema: &str) -> Result<Vec<(String, String)>, Error> {
        let schema = literal(schema);
        let query = format!(
            "SELECT 'EVENT' AS kind, EVENT_NAME, 1 AS place FROM information_schema.EVENTS WHERE EVENT_SCHEMA = {schema} \
             UNION ALL SELECT ROUTINE_TYPE, ROUTINE_NAME, 2 FROM information_schema.ROUTINES \
             WHERE ROUTINE_SCHEMA = {schema} AND ROUTINE_TYPE <> 'PACKAGE BODY' \
             UNION ALL SELECT CASE TABLE_TYPE WHEN 'VIEW' THEN 'VIEW' WHEN 'SEQUENCE' THEN 'SEQUENCE' ELSE 'TABLE' END, \
             TABLE_NAME, CASE TABLE_TYPE WHEN 'VIEW' THEN 3 WHEN 'SEQUENCE' THEN 5 ELSE 4 END \
             FROM information_schema.TABLES WHERE TABLE_SCHEMA = {schema} ORDER BY 3, 1, 2"
        );
        let rows: Result<Vec<(String, String, i64)>, _> = self.connection().query(query).await;
        let rows = rows.map_err(|error| failed("read the catalogue", &error))?;
        Ok(rows.into_iter().map(|(kind, name, _)| (kind, name)).collect())
    }
}

fn count(dropped: &mut Vec<Dropped>, kind: &str) {
    match dropped.iter_mut().find(|dropped| dropped.kind == kind) {
        Some(dropped) => dropped.count += 1,
        None => dropped.push(Dropped { kind: kind.to_owned(), count: 1 }),
    }
}
