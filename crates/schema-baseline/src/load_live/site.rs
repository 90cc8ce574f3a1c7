//! What a load asks of a database beyond running statements.

use std::collections::BTreeMap;
use std::future::Future;

use migrate_core::database::Database;

use crate::ast::ObjectKind;
use crate::dialect::Dialect;
use crate::error::Error;

/// A database into which a baseline is loaded.
pub trait Site: Database {
    /// Whose server it is.
    fn dialect(&self) -> Dialect;

    /// The content of the baseline whose load has begun here and not ended.
    fn mark(&mut self) -> impl Future<Output = Result<Option<String>, Error>>;

    /// Says, in one step, that the load of a baseline with this content has begun.
    fn set_mark(&mut self, content: &str) -> impl Future<Output = Result<(), Error>>;

    /// Says that it has ended.
    fn unmark(&mut self) -> impl Future<Output = Result<(), Error>>;

    /// Every object but the mark and what belongs to the history; those without a kind are of none that a baseline has.
    fn objects(&mut self) -> impl Future<Output = Result<Vec<(Option<ObjectKind>, String)>, Error>>;

    /// The names of foreign keys, by table.
    fn foreign_keys(&mut self) -> impl Future<Output = Result<BTreeMap<String, Vec<String>>, Error>>;
}

#[cfg(feature = "mysql")]
mod mysql {
    use migrate_core::database::Database as _;
    use migrate_core::history::quoted;
    use migrate_core::mysql::MySqlDatabase;

    use super::{BTreeMap, Dialect, Error, ObjectKind, Site};
    use crate::live::listed;

    const ACTION: &str = "load the baseline";

    /// What the mark's comment begins with.
    const MARK: &str = "infra baseline load: ";

    fn mark_table(database: &MySqlDatabase) -> String {
        format!("{}_load", database.table())
    }

    impl Site for MySqlDatabase {
        fn dialect(&self) -> Dialect {
            self.server().into()
        }

        async fn mark(&mut self) -> Result<Option<String>, Error> {
            let question = format!(
                "SELECT TABLE_COMMENT FROM information_schema.TABLES \
                 WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = '{}'",
                mark_table(self).replace('\\', "\\\\").replace('\'', "''")
            );
            let comment = self.texts(ACTION, &question).await?.into_iter().flatten().flatten().next();
            Ok(comment.and_then(|comment| comment.strip_prefix(MARK).map(str::to_owned)))
        }

        async fn set_mark(&mut self, content: &str) -> Result<(), Error> {
            let table = quoted(&mark_table(self));
            let create =
                format!("CREATE TABLE {table} (`begun` INT PRIMARY KEY) COMMENT = '{MARK}{content}'");
            self.texts(ACTION, &create).await.map(drop).map_err(Error::from)
        }

        async fn unmark(&mut self) -> Result<(), Error> {
            let table = quoted(&mark_table(self));
            self.texts(ACTION, &format!("DROP TABLE IF EXISTS {table}")).await.map(drop).map_err(Error::from)
        }

        async fn objects(&mut self) -> Result<Vec<(Option<ObjectKind>, String)>, Error> {
            Ok(listed(self).await?.into_iter().map(|object| (object.kind.ok(), object.name)).collect())
        }

        async fn foreign_keys(&mut self) -> Result<BTreeMap<String, Vec<String>>, Error> {
            let question = "SELECT TABLE_NAME, CONSTRAINT_NAME FROM information_schema.REFERENTIAL_CONSTRAINTS \
                 WHERE CONSTRAINT_SCHEMA = DATABASE()";
            let mut keys: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for row in self.texts(ACTION, question).await? {
                if let [Some(table), Some(name)] = row.as_slice() {
                    keys.entry(table.clone()).or_default().push(name.clone());
                }
            }
            Ok(keys)
        }
    }
}
