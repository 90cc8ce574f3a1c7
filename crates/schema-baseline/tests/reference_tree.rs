//! The reference shop: its migrations, its schema directory and the baseline built from it are one schema.

use std::path::Path;
use std::sync::Arc;

use migrate_core::resolve::ResolveOptions;
use schema_baseline::dialect::Dialect;
use schema_baseline::emit::{Header, build};
use schema_baseline::place::Source;
use schema_baseline::replay::{replay, replay_scripts};
use schema_baseline::verify::{Sides, compare};
use schema_baseline::{fs::read_schema, load::load};

#[test]
fn migrations_directory_and_baseline_are_one_schema() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/mysql");
    let (migrations, _) =
        migrate_core::fs::load(&[root.join("migrations").into()], None, &ResolveOptions::default()).unwrap();
    let (replayed, findings) = replay(&migrations, Dialect::default());
    assert!(findings.is_empty(), "{findings:?}");
    assert!(replayed.tables().len() >= 20);

    let (files, findings) = read_schema(&root.join("schema"), "schema").unwrap();
    assert!(findings.is_empty(), "{findings:?}");
    let (schema, findings) = load(files, Dialect::default());
    assert!(findings.is_empty(), "{findings:?}");
    let differences = compare(&schema.catalogue, &replayed, Sides::DIRECTORY_AND_MIGRATIONS);
    assert!(differences.is_empty(), "{differences:?}");

    let (baseline, findings) = build(&schema, &Header { version: Some("1".into()), tool: "test".into() });
    assert!(findings.is_empty(), "{findings:?}");
    let source = Arc::new(Source::new("baseline.sql", baseline.text.as_str().into()));
    let (loaded, findings) = replay_scripts([source], Dialect::default());
    assert!(findings.is_empty(), "{findings:?}");
    let differences = compare(&schema.catalogue, &loaded, Sides::DIRECTORY_AND_BASELINE);
    assert!(differences.is_empty(), "{differences:?}");
}
