//! Empties a schema, as Flyway's `clean` does.

use mysql_async::prelude::Queryable;

use super::database::{MySqlDatabase, failed, literal};
use crate::database::Database as _;
use crate::error::Error;
use crate::history::quoted;

/// How many objects of a kind were dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// The SQL word: `EVENT`, `VIEW`, `TABLE`, …
    pub kind: String,
    /// How many.
    pub count: usize,
}

impl MySqlDatabase {
    /// Drops all events, routines, packages, views, tables and sequences of the schema, the history among them. The schema
    /// stays, also where the history says that it was created by a migration.
    ///
    /// # Errors
    /// When the server refuses; what was dropped before stays dropped, and a second run goes on.
    pub async fn clean(&mut self) -> Result<Vec<Dropped>, Error> {
        let objects = self.objects().await?;
        self.run("lift foreign keys", "SET foreign_key_checks = 0").await?;
        let mut dropped: Vec<Dropped> = Vec::new();
        let mut result = Ok(());
        for (kind, name) in objects {
            result = self.drop_object(&kind, &name).await;
            if result.is_err() {
                break;
            }
            match dropped.last_mut() {
                Some(last) if last.kind == kind => last.count += 1,
                _ => dropped.push(Dropped { kind, count: 1 }),
            }
        }
        let restored = self.run("restore foreign keys", "SET foreign_key_checks = DEFAULT").await;
        result.and(restored).map(|()| dropped)
    }

    async fn drop_object(&mut self, kind: &str, name: &str) -> Result<(), Error> {
        let drop = format!("DROP {kind} IF EXISTS {}.{}", quoted(self.schema()), quoted(name));
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
    async fn objects(&mut self) -> Result<Vec<(String, String)>, Error> {
        let schema = literal(self.schema());
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
