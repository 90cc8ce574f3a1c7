//! What migrations make of a schema: the objects that are others behind them, and the rows that they write.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::ast::{ObjectKind, RefKind, StatementKind};
use crate::catalogue::Catalogue;
use crate::dialect::Dialect;
use crate::parse::parse_statements;
use crate::place::{Place, Source};
use crate::show::create;

/// What becomes of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It is new.
    Created,
    /// It has another definition.
    Altered,
    /// It has another name, and perhaps another definition too.
    Renamed {
        /// The name that it had.
        from: String,
    },
    /// It is gone.
    Dropped,
    /// A statement that touches it is not understood.
    Uncertain,
}

/// A change of an object.
#[derive(Debug, Clone)]
pub struct Change {
    /// The kind of object.
    pub kind: ObjectKind,
    /// Its name; of routines and events in lower case.
    pub name: String,
    /// What becomes of it.
    pub fate: Fate,
    /// Its definition before, as [`create`] shows it.
    pub before: Option<String>,
    /// Its definition after.
    pub after: Option<String>,
}

/// Every object that is not the same in both schemas, by kind and name.
pub fn changes(before: &Catalogue, after: &Catalogue) -> Vec<Change> {
    let mut objects = before.objects();
    objects.extend(after.objects());
    objects.extend(after.unknown.keys().cloned());
    objects.sort();
    objects.dedup();
    let mut changes: Vec<Change> = Vec::new();
    for (kind, name) in objects {
        let (old, new) = (create(before, kind, &name), create(after, kind, &name));
        let is_uncertain =
            uncertain(after, kind, &name).is_some() && uncertain(before, kind, &name).is_none();
        let fate = match (&old, &new) {
            _ if is_uncertain => Fate::Uncertain,
            (None, None) => continue,
            (None, Some(_)) => Fate::Created,
            (Some(_), None) => Fate::Dropped,
            (Some(old), Some(new)) if old == new => continue,
            (Some(_), Some(_)) => Fate::Altered,
        };
        changes.push(Change { kind, name, fate, before: old, after: new });
    }
    join_renamed(&mut changes, before, after);
    changes
}

/// The statement that makes it uncertain what an object is.
fn uncertain<'a>(catalogue: &'a Catalogue, kind: ObjectKind, name: &str) -> Option<&'a Place> {
    let table = catalogue.tables().get(name).filter(|_| kind == ObjectKind::Table);
    catalogue.unknown(kind, name).or_else(|| table?.unknown.as_ref())
}

/// Makes one change of an object that is gone under one name and there under another.
fn join_renamed(changes: &mut Vec<Change>, before: &Catalogue, after: &Catalogue) {
    let dropped: Vec<(ObjectKind, String, Option<String>)> = changes
        .iter()
        .filter(|change| change.fate == Fate::Dropped)
        .map(|change| (change.kind, change.name.clone(), change.before.clone()))
        .collect();
    for (kind, from, text) in dropped {
        let Some(origin) = before.place_of(kind, &from) else { continue };
        let is_same = |change: &&mut Change| {
            change.fate == Fate::Created
                && change.kind == kind
                && after.place_of(kind, &change.name).is_some_and(|place| place.is(origin))
        };
        let Some(change) = changes.iter_mut().find(is_same) else { continue };
        (change.fate, change.before) = (Fate::Renamed { from: from.clone() }, text);
        changes
            .retain(|change| !(change.kind == kind && change.name == from && change.fate == Fate::Dropped));
    }
}

/// How many statements of a script write rows: by the verb in capitals and the table that it names first.
pub fn data_statements(source: &Arc<Source>, dialect: Dialect) -> BTreeMap<(String, String), usize> {
    let mut counts = BTreeMap::new();
    for statement in parse_statements(source, dialect).0 {
        let verb =
            statement.span.of(source.inner()).split_whitespace().next().unwrap_or_default().to_uppercase();
        let table = match &statement.kind {
            StatementKind::Data { uses } if is_writing(&verb) => {
                let table = uses.iter().find(|reference| reference.kind == RefKind::Relation);
                table.map_or(String::new(), |table| table.name.text().to_owned())
            }
            StatementKind::Call { name, .. } => name.text().to_owned(),
            _ => continue,
        };
        *counts.entry((verb, table)).or_default() += 1;
    }
    counts
}

fn is_writing(verb: &str) -> bool {
    ["INSERT", "REPLACE", "UPDATE", "DELETE", "TRUNCATE", "LOAD"].contains(&verb)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::replay_onto;

    fn of(before: &str, more: &str) -> Vec<String> {
        let source = |name: &str, text: &str| [Arc::new(Source::new(name, text.into()))];
        let mut old = Catalogue::new(Dialect::default());
        let _ = replay_onto(&mut old, source("V1.sql", before));
        let mut new = old.clone();
        let _ = replay_onto(&mut new, source("V2.sql", more));
        changes(&old, &new)
            .iter()
            .map(|change| format!("{:?} {} {}", change.fate, change.kind, change.name))
            .collect()
    }

    #[test]
    fn every_fate_is_told() {
        let before =
            "CREATE TABLE a (i INT); CREATE TABLE b (i INT); CREATE TABLE c (i INT); CREATE TABLE d (i INT);
            CREATE VIEW v AS SELECT i FROM d; CREATE PROCEDURE p() SELECT 1;";
        let more = "ALTER TABLE a ADD j INT; DROP TABLE b; RENAME TABLE c TO e; CREATE TABLE n (i INT); DROP VIEW v; \
            CREATE VIEW v AS SELECT i AS i FROM d; DROP PROCEDURE p; ALTER TABLE d FROBNICATE;";
        assert_eq!(
            of(before, more),
            [
                "Altered table a",
                "Dropped table b",
                "Uncertain table d",
                "Renamed { from: \"c\" } table e",
                "Created table n",
                "Altered view v",
                "Dropped procedure p",
            ]
        );
        assert!(
            of(before, "INSERT INTO a VALUES (1); ALTER TABLE a ADD j INT; ALTER TABLE a DROP j;").is_empty()
        );
    }

    #[test]
    fn statements_that_write_rows_are_counted() {
        let text = "INSERT INTO a VALUES (1); insert into `a` select 1; UPDATE b SET i = 1; SELECT 1; DELETE FROM a; CALL p();";
        let counts = data_statements(&Arc::new(Source::new("a.sql", text.into())), Dialect::default());
        let counts: Vec<_> =
            counts.iter().map(|((verb, table), count)| format!("{verb} {table} {count}")).collect();
        assert_eq!(counts, ["CALL p 1", "DELETE a 1", "INSERT a 2", "UPDATE b 1"]);
    }
}
