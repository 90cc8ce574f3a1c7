//! The migration that takes what the migrations make to the schema directory, and its inverse.

use std::path::Path;

use migrate_core::Migration;
use migrate_core::placeholder::Placeholders;
use migrate_core::script::SplitOptions;
use schema_baseline::catalogue::Catalogue;
use schema_baseline::diff::{self, Options, Rename, Renamed};
use schema_baseline::replay::{expanded, replay_onto, replay_with};

use super::super::{files, way};
use super::File;
use crate::args::MigrateNew;
use crate::failure::{Failure, Problem};
use crate::finding::severity;
use crate::outcome::Outcome;
use crate::source::{Reach, SourceName, is_broken};
use crate::ui::{GOOD, styled};

/// What the scripts are made of.
pub(super) struct Base<'a> {
    /// The migrations that there are.
    pub(super) migrations: Vec<Migration>,
    /// How they are read.
    pub(super) placeholders: Placeholders,
    /// The root named on the command line.
    pub(super) root: Option<&'a Path>,
}

/// The names of the new files.
pub(super) struct Names {
    /// The version of both.
    pub(super) version: String,
    /// The migration's.
    pub(super) versioned: String,
    /// Its undo script's.
    pub(super) undo: String,
}

/// The files to write, the migration first. None when nothing differs, or when what was found forbids it; both stand in `outcome`.
pub(super) fn scripts(
    base: Base<'_>,
    names: &Names,
    arguments: &MigrateNew,
    outcome: &mut Outcome,
) -> Result<Vec<File>, Failure> {
    let dialect = arguments.derived.dialect;
    let (from, findings) = replay_with(&base.migrations, &base.placeholders, dialect);
    outcome.extend(findings);
    let reach = Reach { root: base.root, connect_timeout: 0, table: "" };
    let directory = SourceName::Schema(arguments.derived.schema_dir.clone());
    let to = reach.built(&directory, Catalogue::new(dialect), outcome)?;
    if is_broken(outcome) {
        return Ok(Vec::new());
    }
    let mut renames = diff::annotated(&to);
    renames.extend(arguments.derived.rename.iter().cloned());
    let Some(steps) = way::way(&from, &to, renames.clone(), outcome) else { return Ok(Vec::new()) };
    if steps.is_empty() {
        outcome.summary = format!(
            "{}  the migrations make the schema directory's objects already\n",
            styled(GOOD, "unchanged")
        );
        return Ok(Vec::new());
    }
    if !arguments.derived.allow_destructive {
        outcome.extend(diff::losses(&steps));
    }
    let mut made =
        vec![File { name: names.versioned.clone(), text: way::text(&arguments.description, &steps) }];
    if arguments.derived.undo {
        let inverse = inverse(&renames, &from);
        let Some(steps) = way::way(&to, &from, inverse, outcome) else { return Ok(Vec::new()) };
        let head = format!("takes back {}: {}", names.version, arguments.description);
        made.push(File { name: names.undo.clone(), text: way::text(&head, &steps) });
    }
    try_out(base, &made, &from, &to, outcome);
    if is_broken(outcome) {
        made.clear();
    }
    Ok(made)
}

/// The renames that lead back. The second schema is then `from`, so tables that columns and indexes are of have their old names.
fn inverse(renames: &[Rename], from: &Catalogue) -> Vec<Rename> {
    let has = |name: &String| from.tables().contains_key(name);
    let is_table = |rename: &&Rename| rename.what == Renamed::Table && has(&rename.old) && !has(&rename.new);
    let tables: Vec<&Rename> = renames.iter().filter(is_table).collect();
    let before = |name: &String| {
        tables.iter().find(|table| table.new == *name).map_or_else(|| name.clone(), |table| table.old.clone())
    };
    let back = |rename: &Rename| {
        let what = match &rename.what {
            Renamed::Table if !is_table(&rename) => return None,
            Renamed::Table => Renamed::Table,
            Renamed::Column(table) => Renamed::Column(before(table)),
            Renamed::Index(table) => Renamed::Index(before(table)),
        };
        Some(Rename { what, old: rename.new.clone(), new: rename.old.clone(), annotated: rename.annotated })
    };
    renames.iter().rev().filter_map(back).collect()
}

/// Reads the texts as the files that they become and runs them in memory among the others: a repeatable migration that makes an
/// object otherwise, or a `${` that is no placeholder, would show only when the files are there.
fn try_out(base: Base<'_>, made: &[File], from: &Catalogue, to: &Catalogue, outcome: &mut Outcome) {
    let Base { mut migrations, placeholders, root } = base;
    let split = SplitOptions { rules: files::split_rules(root), ..SplitOptions::default() };
    let mut read = Vec::new();
    for File { name, text } in made {
        let (migration, findings) = way::migration(name.clone(), name.clone(), text, &placeholders);
        outcome.extend(findings);
        if let Some(migration) = migration {
            outcome.extend(migration.script(&placeholders, &split).1);
            read.push(migration);
        }
    }
    let mut read = read.into_iter();
    migrations.extend(read.next());
    let (mut after, findings) = replay_with(&migrations, &placeholders, to.dialect());
    let is_error = |finding: &schema_baseline::Finding| severity(finding) == miette::Severity::Error;
    outcome.extend(findings.into_iter().filter(is_error));
    still_different(&after, to, "the schema directory", outcome);
    if let Some(undo) = read.next() {
        outcome
            .extend(replay_onto(&mut after, [expanded(&undo, &placeholders)]).into_iter().filter(is_error));
        still_different(&after, from, "the schema before it", outcome);
    }
}

fn still_different(after: &Catalogue, wanted: &Catalogue, what: &'static str, outcome: &mut Outcome) {
    match diff::diff(after, wanted, &Options::default()) {
        Ok(path) => {
            let mut objects: Vec<String> =
                path.steps.iter().map(|step| format!("{} `{}`", step.kind, step.name)).collect();
            objects.dedup();
            outcome.extend(objects.into_iter().map(|object| Problem::StillDifferent { object, what }));
        }
        Err(finding) => outcome.extend([*finding]),
    }
}
