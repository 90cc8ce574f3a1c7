//! What is known of the tables that statements touch.

use std::collections::BTreeMap;

use crate::lint::statement::Statement;
use crate::script::effect::Object;
use crate::server::Server;

use super::{column, tables};

/// What a prediction may rely on.
#[derive(Debug, Clone)]
pub struct Known {
    /// Facts by table; one that is absent is not known at all.
    pub tables: BTreeMap<Object, TableFacts>,
    /// Whether foreign keys are checked.
    pub foreign_key_checks: bool,
}

impl Default for Known {
    fn default() -> Self {
        Self { tables: BTreeMap::new(), foreign_key_checks: true }
    }
}

/// Facts of a table. `None`: not known, so that the worst is assumed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableFacts {
    /// How big it is, as the server estimates.
    pub size: Size,
    /// An earlier statement of the same plan creates it.
    pub is_new: bool,
    /// Its storage engine.
    pub engine: Option<String>,
    /// Its row format.
    pub row_format: Option<String>,
    /// Its default collation.
    pub collation: Option<String>,
    /// Whether it has FULLTEXT or SPATIAL indexes, or generated columns.
    pub specials: Option<Specials>,
    /// Whether it has a primary key.
    pub primary_key: Option<bool>,
    /// How often its columns were changed with INSTANT since the last rebuild.
    pub instant_versions: Option<u32>,
    /// Its columns by name in lower case, those that are known for certain.
    pub columns: BTreeMap<String, ColumnFacts>,
}

/// How big a table is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Size {
    /// Rows, an estimate.
    pub rows: Option<u64>,
    /// Bytes of data and indexes.
    pub bytes: Option<u64>,
}

/// What keeps a server from its cheaper ways.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Specials {
    /// It has FULLTEXT indexes.
    pub fulltext: bool,
    /// It has SPATIAL indexes.
    pub spatial: bool,
    /// It has generated columns.
    pub generated: bool,
}

impl Specials {
    /// What has to be assumed when nothing is known.
    const WORST: Self = Self { fulltext: true, spatial: true, generated: true };
}

/// Facts of a column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ColumnFacts {
    /// Its type as `information_schema` writes it.
    pub column_type: String,
    /// Its collation, if it has one.
    pub collation: Option<String>,
    /// The longest value in characters and in bytes, if it holds text or bytes.
    pub length: Option<(u64, u64)>,
    /// Whether it may be NULL.
    pub nullable: bool,
    /// What `information_schema` calls `EXTRA`: `auto_increment`, `VIRTUAL GENERATED`, …
    pub extra: String,
    /// Whether it is part of an index.
    pub indexed: bool,
}

impl ColumnFacts {
    pub(crate) fn is_generated(&self) -> bool {
        let extra = self.extra.to_ascii_uppercase();
        ["VIRTUAL", "STORED", "PERSISTENT"].iter().any(|word| extra.contains(word))
    }

    pub(super) fn is_auto_increment(&self) -> bool {
        self.extra.to_ascii_lowercase().contains("auto_increment")
    }
}

impl TableFacts {
    pub(super) fn specials(&self) -> Specials {
        self.specials.unwrap_or(Specials::WORST)
    }

    pub(super) fn is_compressed(&self) -> bool {
        self.row_format.as_deref().is_none_or(|format| format.eq_ignore_ascii_case("COMPRESSED"))
    }

    pub(super) fn column(&self, name: &str) -> Option<&ColumnFacts> {
        self.columns.get(name)
    }
}

impl Known {
    /// What is known once a statement has run: what it may have changed is known no more.
    pub fn after(&mut self, server: &Server, sql: &str) {
        let statement = Statement::on(server, sql);
        if let Some(on) = crate::lint::locking::sets(&statement, "foreign_key_checks") {
            self.foreign_key_checks = on;
            return;
        }
        if !statement.is_any(0, &["CREATE", "ALTER", "DROP", "RENAME"]) {
            return;
        }
        let is_new = statement.created_kind().is_some_and(|kind| statement.is(kind, "TABLE"));
        for table in tables(&statement) {
            if is_new && !self.tables.contains_key(&table) {
                self.tables.insert(table, column::created(&statement));
            } else if statement.is_any(0, &["DROP TABLE", "DROP TABLES", "RENAME"]) {
                self.tables.remove(&table);
            } else if let Some(facts) = self.tables.get_mut(&table) {
                column::forget(&statement, facts);
            }
        }
    }
}
