//! The schema directory of a tree, and the baseline that is built from it.

use std::path::Path;

use migrate_core::Migration;
use schema_baseline::Finding;
use schema_baseline::dialect::Dialect;
use schema_baseline::emit::{Baseline, Header, build};
use schema_baseline::fs::read_schema;
use schema_baseline::load::{Schema, load};

use crate::failure::Failure;
use crate::tree::tidy;

/// The generated file's name in the schema directory.
pub(crate) const BASELINE: &str = "baseline.sql";

/// Reads a schema directory.
///
/// # Errors
/// When something that exists cannot be read; what does not exist is a finding.
pub(crate) fn read(
    directory: &Path,
    shown: &Path,
    dialect: Dialect,
) -> Result<(Schema, Vec<Finding>), Failure> {
    let (files, mut findings) =
        read_schema(directory, &tidy(shown).display().to_string()).map_err(Failure::usage)?;
    let (schema, found) = load(files, dialect);
    findings.extend(found);
    Ok((schema, findings))
}

/// The baseline of a schema that the migrations have brought to their newest version.
pub(crate) fn baseline(schema: &Schema, migrations: &[Migration]) -> (Baseline, Vec<Finding>) {
    build(schema, &header(migrations))
}

/// What the head of a baseline says that these migrations led to.
pub(crate) fn header(migrations: &[Migration]) -> Header {
    let newest = migrations.iter().filter(|m| m.is_versioned()).filter_map(|m| m.version.as_ref()).max();
    Header {
        version: newest.map(ToString::to_string),
        tool: concat!("infra ", env!("CARGO_PKG_VERSION")).to_owned(),
    }
}
