//! Migrations replayed in memory.

use std::sync::Arc;

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
    let of_kind = |kind| migrations.iter().filter(move |migration| migration.kind == kind);
    let scripts = of_kind(MigrationKind::Versioned).chain(of_kind(MigrationKind::Repeatable));
    replay_scripts(scripts.map(|migration| Arc::new(migration.source.clone())), dialect)
}

/// The schema that these scripts produce one after the other, each in a session of its own.
pub fn replay_scripts(
    scripts: impl IntoIterator<Item = Arc<Source>>,
    dialect: Dialect,
) -> (Catalogue, Vec<Finding>) {
    let mut catalogue = Catalogue::new(dialect);
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
    (catalogue, findings)
}
