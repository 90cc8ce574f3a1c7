//! Migrations replayed in memory.

use std::borrow::Cow;
use std::sync::Arc;

use migrate_core::placeholder::Placeholders;
use migrate_core::{Migration, MigrationKind};

use crate::catalogue::Catalogue;
use crate::dialect::Dialect;
use crate::finding::Finding;
use crate::parse::parse_statements;
use crate::place::Source;

/// The schema that migrations produce on an empty database: versioned ones in the order given, which is that of
/// [`migrate_core::resolve`], then repeatable ones. Baseline and undo migrations and callbacks do not take part.
///
/// What the server would refuse is reported, and so is what is not understood; how a script splits into statements is
/// left to `migrate-core`, which looks at the same files.
pub fn replay(migrations: &[Migration], dialect: Dialect) -> (Catalogue, Vec<Finding>) {
    replay_with(migrations, &Placeholders::disabled(), dialect)
}

/// As [`replay`], with placeholders replaced first. Places are then those of the replaced text.
pub fn replay_with(
    migrations: &[Migration],
    placeholders: &Placeholders,
    dialect: Dialect,
) -> (Catalogue, Vec<Finding>) {
    let of_kind = |kind| migrations.iter().filter(move |migration| migration.kind == kind);
    let scripts = of_kind(MigrationKind::Versioned).chain(of_kind(MigrationKind::Repeatable));
    replay_scripts(scripts.map(|migration| expanded(migration, placeholders)), dialect)
}

/// A migration's text, placeholders replaced.
pub fn expanded(migration: &Migration, placeholders: &Placeholders) -> Arc<Source> {
    let (expanded, _) = migration.expand(placeholders);
    Arc::new(match expanded.text {
        Cow::Borrowed(_) => migration.source.clone(),
        Cow::Owned(text) => Source::new(migration.source.name(), text.into()),
    })
}

/// The schema that these scripts produce one after the other, each in a session of its own.
pub fn replay_scripts(
    scripts: impl IntoIterator<Item = Arc<Source>>,
    dialect: Dialect,
) -> (Catalogue, Vec<Finding>) {
    let mut catalogue = Catalogue::new(dialect);
    let findings = replay_onto(&mut catalogue, scripts);
    (catalogue, findings)
}

/// As [`replay_scripts`], onto a schema that has something in it already.
pub fn replay_onto(
    catalogue: &mut Catalogue,
    scripts: impl IntoIterator<Item = Arc<Source>>,
) -> Vec<Finding> {
    let dialect = catalogue.dialect();
    let mut findings = Vec::new();
    for source in scripts {
        let (statements, found) = parse_statements(&source, dialect);
        findings.extend(found);
        for statement in &statements {
            catalogue.apply(statement, &source, &mut findings);
        }
        catalogue.end_session();
    }
    catalogue.check(&mut findings);
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use migrate_core::resolve::ResolveOptions;

    fn migrations(files: &[(&str, &str)]) -> Vec<Migration> {
        let root = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(root.path().join(name), text).unwrap();
        }
        let location = root.path().to_owned().into();
        migrate_core::fs::load(&[location], None, &ResolveOptions::default()).unwrap().0
    }

    #[test]
    fn versions_come_in_order_and_repeatable_ones_last() {
        let migrations = migrations(&[
            ("V10__b.sql", "ALTER TABLE t ADD b INT; SET foreign_key_checks = 0;"),
            ("V2__a.sql", "CREATE TABLE t (a INT);"),
            ("V11__c.sql", "CREATE TABLE c (x INT, FOREIGN KEY (x) REFERENCES nope (x));"),
            ("R__view.sql", "CREATE OR REPLACE VIEW v AS SELECT a, b FROM t;"),
            ("U2__a.sql", "DROP TABLE t;"),
        ]);
        let (catalogue, findings) = replay(&migrations, Dialect::default());
        // What one script sets for its session does not reach the next.
        assert!(
            matches!(findings.as_slice(), [Finding::UnknownTable { name, .. }] if name == "nope"),
            "{findings:?}"
        );
        assert_eq!(catalogue.tables()["t"].columns.len(), 2);
        assert!(catalogue.views().contains_key("v"));
    }

    #[test]
    fn placeholders_are_replaced_first() {
        let migrations = migrations(&[("V1__a.sql", "CREATE TABLE ${name} (a INT);")]);
        let mut placeholders = Placeholders::default();
        placeholders.set("name", "orders");
        let (catalogue, findings) = replay_with(&migrations, &placeholders, Dialect::default());
        assert!(findings.is_empty(), "{findings:?}");
        assert!(catalogue.tables().contains_key("orders"));
        assert!(!replay(&migrations, Dialect::default()).1.is_empty());
    }
}
