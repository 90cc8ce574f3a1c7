//! What the server's catalogue says of tables, for predictions.

use std::collections::BTreeSet;

use mysql_async::Row;
use mysql_async::prelude::{FromRow, Queryable};

use super::database::{MySqlDatabase, failed, literal};
use crate::database::Database as _;
use crate::error::Error;
use crate::predict::{ColumnFacts, Known, Size, Specials, TableFacts};
use crate::script::effect::Object;
use crate::server::Dialect;

type TableRow = (String, String, Option<String>, Option<String>, Option<String>, Option<u64>, Option<u64>);
type ColumnRow = (String, String, String, String, Option<String>, Option<u64>, Option<u64>, String, String);
type IndexRow = (String, String, String, String, Option<String>);

impl MySqlDatabase {
    /// Facts of those of the tables that exist. Rows and bytes are estimates of the engine.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub async fn known(&mut self, tables: &BTreeSet<Object>) -> Result<Known, Error> {
        let checks: Option<u8> = self.rows_of("SELECT @@foreign_key_checks").await?.pop();
        let mut known = Known { foreign_key_checks: checks != Some(0), ..Known::default() };
        if tables.is_empty() {
            return Ok(known);
        }
        if self.server().dialect == Dialect::MySql {
            // Else the figures may be a day old. A server that lacks the variable has no such cache.
            let _ = self.connection().query_drop("SET SESSION information_schema_stats_expiry = 0").await;
        }
        let list: Vec<String> = tables.iter().map(|table| self.pair(table)).collect();
        let list = list.join(", ");
        let of = |table: &str, columns: &str| {
            format!(
                "SELECT TABLE_SCHEMA, TABLE_NAME, {columns} FROM information_schema.{table} \
                 WHERE (TABLE_SCHEMA, TABLE_NAME) IN ({list})"
            )
        };
        let columns = "ENGINE, ROW_FORMAT, TABLE_COLLATION, TABLE_ROWS, DATA_LENGTH + INDEX_LENGTH";
        for row in self.rows_of::<TableRow>(&of("TABLES", columns)).await? {
            let (schema, name, engine, row_format, collation, rows, bytes) = row;
            let facts = TableFacts {
                size: Size { rows, bytes },
                engine,
                row_format,
                collation,
                specials: Some(Specials::default()),
                primary_key: Some(false),
                ..TableFacts::default()
            };
            for table in self.named(tables, &schema, &name) {
                known.tables.insert(table.clone(), facts.clone());
            }
        }
        let columns = "COLUMN_NAME, COLUMN_TYPE, COLLATION_NAME, CHARACTER_MAXIMUM_LENGTH, CHARACTER_OCTET_LENGTH, \
                       IS_NULLABLE, EXTRA";
        for row in self.rows_of::<ColumnRow>(&of("COLUMNS", columns)).await? {
            let (schema, name, column, column_type, collation, characters, bytes, nullable, extra) = row;
            let facts = ColumnFacts {
                column_type,
                collation,
                length: characters.zip(bytes),
                nullable: nullable == "YES",
                extra,
                indexed: false,
            };
            for table in self.named(tables, &schema, &name) {
                let Some(known) = known.tables.get_mut(table) else { continue };
                if let Some(specials) = &mut known.specials {
                    specials.generated |= facts.is_generated();
                }
                known.columns.insert(column.to_lowercase(), facts.clone());
            }
        }
        let columns = "INDEX_NAME, INDEX_TYPE, COLUMN_NAME";
        for (schema, name, index, kind, column) in
            self.rows_of::<IndexRow>(&of("STATISTICS", columns)).await?
        {
            for table in self.named(tables, &schema, &name) {
                let Some(facts) = known.tables.get_mut(table) else { continue };
                if index == "PRIMARY" {
                    facts.primary_key = Some(true);
                }
                if let Some(specials) = &mut facts.specials {
                    specials.fulltext |= kind == "FULLTEXT";
                    specials.spatial |= kind == "SPATIAL";
                }
                let column = column.as_ref().and_then(|column| facts.columns.get_mut(&column.to_lowercase()));
                if let Some(column) = column {
                    column.indexed = true;
                }
            }
        }
        if self.server().is_mysql(8, 0, 29) {
            self.count_versions(tables, &mut known).await;
        }
        Ok(known)
    }

    /// How often INSTANT was used. It takes the PROCESS privilege, without which the numbers stay unknown.
    async fn count_versions(&mut self, tables: &BTreeSet<Object>, known: &mut Known) {
        for table in tables {
            let schema = table.schema.as_deref().unwrap_or(self.schema());
            // Not exact for names that InnoDB encodes; those are not found.
            let name = literal(&format!("{schema}/{}", table.name));
            let query = format!(
                "SELECT TOTAL_ROW_VERSIONS FROM information_schema.INNODB_TABLES WHERE NAME = CONVERT({name} USING utf8mb3)"
            );
            let versions: Option<Option<u32>> = self.connection().query_first(query).await.ok();
            if let Some(facts) = known.tables.get_mut(table) {
                facts.instant_versions = versions.flatten();
            }
        }
    }

    fn pair(&self, table: &Object) -> String {
        let schema = table.schema.as_deref().unwrap_or(self.schema());
        format!("({}, {})", literal(schema), literal(&table.name))
    }

    /// Those of the tables that a row of the catalogue is about: the server may fold the case of names.
    fn named<'t>(&self, tables: &'t BTreeSet<Object>, schema: &str, name: &str) -> Vec<&'t Object> {
        let is_it = |table: &&Object| {
            table.schema.as_deref().unwrap_or(self.schema()).eq_ignore_ascii_case(schema)
                && table.name.to_lowercase() == name.to_lowercase()
        };
        tables.iter().filter(is_it).collect()
    }

    async fn rows_of<T: FromRow + Send + 'static>(&mut self, query: &str) -> Result<Vec<T>, Error> {
        let rows: Vec<Row> =
            self.connection().query(query).await.map_err(|error| failed("read the catalogue", &error))?;
        Ok(rows.into_iter().filter_map(|row| mysql_async::from_row_opt(row).ok()).collect())
    }
}
