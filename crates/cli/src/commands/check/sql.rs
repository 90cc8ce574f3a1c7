//! The SQL chain: migrations, their lint, their replay, the schema directory, the baseline.

use std::sync::Arc;

use migrate_core::Migration;
use migrate_core::lint::{LintFinding, lint_script};
use migrate_core::script::SplitOptions;
use schema_baseline::catalogue::Catalogue;
use schema_baseline::dialect::Dialect;
use schema_baseline::emit::Header;
use schema_baseline::load::Schema;
use schema_baseline::place::Source;
use schema_baseline::replay::{replay_scripts, replay_with};
use schema_baseline::verify::{Sides, compare};

use super::area::{Area, Stopwatch};
use crate::commands::baseline::lint::by_levels;
use crate::commands::migrate::files;
use crate::failure::{Failure, Problem};
use crate::schema::{self, BASELINE};
use crate::tree::{Tree, read_if_present};

/// What the chain came to.
pub(super) struct Checked {
    pub(super) areas: Vec<Area>,
    pub(super) migrations: Vec<Migration>,
}

/// Reads migrations and schema, replays the one, builds the other, and compares them with each other and the baseline.
pub(super) fn check(tree: &Tree) -> Result<Checked, Failure> {
    let dialect = Dialect::default();
    let (left, right) = rayon::join(|| replayed(tree, dialect), || described(tree, dialect));
    let (Replayed { area: mut migrations_area, migrations, catalogue: replayed, lint }, (mut area, schema)) =
        (left?, right?);

    let watch = Stopwatch::start();
    if let (Some(schema), Some(replayed)) = (&schema, &replayed) {
        // A schema that could not be read whole would differ everywhere.
        if area.has_errors() || migrations_area.has_errors() {
            area.skip("not compared with the migrations");
        } else {
            let differences = compare(&schema.catalogue, replayed, Sides::DIRECTORY_AND_MIGRATIONS);
            area.remark(if differences.is_empty() {
                "equal to the replay"
            } else {
                "not equal to the replay"
            });
            area.extend(differences);
        }
    }
    area.took(&watch);
    // Only now: what the rules find is valid SQL, and says nothing against the replay.
    migrations_area.extend(lint);
    let is_sound = !area.has_errors();
    if let Some(schema) = &schema {
        area.extend(by_levels(&schema.catalogue, &tree.configuration.rules));
    }
    let mut areas = vec![migrations_area, area];
    if let Some(schema) = &schema {
        // Without migrations the header could only be wrong.
        let is_broken = !is_sound || replayed.is_none();
        areas.push(baseline(tree, schema, &migrations, dialect, is_broken)?);
    }
    Ok(Checked { areas, migrations })
}

/// What the migrations came to.
struct Replayed {
    area: Area,
    migrations: Vec<Migration>,
    catalogue: Option<Catalogue>,
    lint: Vec<LintFinding>,
}

fn replayed(tree: &Tree, dialect: Dialect) -> Result<Replayed, Failure> {
    let watch = Stopwatch::start();
    let mut area = Area::new("migrations");
    let directory = &tree.configuration.paths.migrations;
    let location = tree.path(directory);
    if !location.is_dir() {
        area.push(Problem::Missing { path: directory.clone() });
        return Ok(Replayed { area, migrations: Vec::new(), catalogue: None, lint: Vec::new() });
    }
    let placeholders = files::offline_placeholders(&tree.configuration.placeholders)?;
    let location = directory.clone().into();
    let (migrations, findings) = files::load(&[location], Some(&tree.root), &placeholders)?;
    area.count("file", migrations.len());
    area.extend(findings);
    let mut lint = Vec::new();
    for migration in &migrations {
        let (script, findings) = migration.script(&placeholders, &SplitOptions::default());
        area.count("statement", script.statements.len());
        area.extend(findings);
        if tree.configuration.lint.wants(migration) {
            lint.extend(lint_script(migration, &script));
        }
    }
    if let Some(newest) =
        migrations.iter().filter(|m| m.is_versioned()).filter_map(|m| m.version.as_ref()).max()
    {
        area.remark(format!("newest {newest}"));
    }
    let (catalogue, findings) = replay_with(&migrations, &placeholders, dialect);
    area.extend(findings);
    area.took(&watch);
    Ok(Replayed { area, migrations, catalogue: Some(catalogue), lint })
}

fn described(tree: &Tree, dialect: Dialect) -> Result<(Area, Option<Schema>), Failure> {
    let watch = Stopwatch::start();
    let mut area = Area::new("schema");
    let directory = &tree.configuration.paths.schema;
    if !tree.path(directory).is_dir() {
        area.push(Problem::Missing { path: directory.clone() });
        return Ok((area, None));
    }
    let (schema, findings) = schema::read(&tree.path(directory), directory, dialect)?;
    area.count("object", schema.objects.len());
    area.extend(findings);
    area.took(&watch);
    Ok((area, Some(schema)))
}

/// The file must be what would be built now, and must give the schema that it was built from.
fn baseline(
    tree: &Tree,
    schema: &Schema,
    migrations: &[Migration],
    dialect: Dialect,
    is_broken: bool,
) -> Result<Area, Failure> {
    let watch = Stopwatch::start();
    let mut area = Area::new("baseline");
    let relative = tree.configuration.paths.schema.join(BASELINE);
    let existing = read_if_present(&tree.path(&relative))?;
    let (wanted, findings) = schema::baseline(schema, migrations);
    area.extend(findings);
    if is_broken {
        area.skip("not compared: what it is built from is not sound");
        area.took(&watch);
        return Ok(area);
    }
    let shown = relative.display().to_string();
    let stale = wanted.stale(&shown, existing.as_deref());
    if stale.is_none() {
        let source = Source::new(&shown, Arc::from(wanted.text.as_str()));
        let (catalogue, findings) = replay_scripts([Arc::new(source)], dialect);
        area.extend(findings);
        area.extend(compare(&schema.catalogue, &catalogue, Sides::DIRECTORY_AND_BASELINE));
        area.count("line", wanted.text.lines().count());
        let version = existing.and_then(|bytes| Header::read(&String::from_utf8_lossy(&bytes))?.version);
        area.remark(format!("fresh, at {}", version.as_deref().unwrap_or("no version")));
    }
    area.extend(stale);
    area.took(&watch);
    Ok(area)
}
