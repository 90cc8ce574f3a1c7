//! Real schemas and migrations, as units that each begin with an empty database.

use std::fs;
use std::path::{Path, PathBuf};

use infra_tests::servers::Engine;
use migrate_core::MigrationKind;
use migrate_core::resolve::ResolveOptions;

/// Scripts that follow each other on one database.
pub(crate) struct Unit {
    /// What it is called in the list of differences.
    pub(crate) name: String,
    /// The database that its scripts expect.
    pub(crate) database: &'static str,
    /// The name and text of each script.
    pub(crate) scripts: Vec<(String, String)>,
}

/// The units of a corpus that are meant for the engine: all of them, or as many as the test run has time for.
pub(crate) fn units(root: &Path, corpus: &str, engine: Engine, all: bool) -> Vec<Unit> {
    let mut units = every_unit(root, corpus, engine);
    if !all {
        // Scripts stand on those before them, so what is left out is their end.
        for unit in &mut units {
            unit.scripts.truncate(8);
        }
        let step = if units.len() > 10 { 10 } else { 1 };
        units = units.into_iter().step_by(step).collect();
    }
    units
}

fn every_unit(root: &Path, corpus: &str, engine: Engine) -> Vec<Unit> {
    match corpus {
        "fineract" => {
            ["core_db", "list_db"].map(|name| migrations(root, &format!("migrations-fineract/{name}"))).into()
        }
        "uaa" => vec![migrations(root, "migrations-uaa/mysql")],
        "flyway" => {
            let mut found = Vec::new();
            directories(&root.join("flyway-mysql/v4-tests"), &mut found);
            let relative =
                |path: &PathBuf| path.strip_prefix(root).expect("it is below").display().to_string();
            found.iter().map(|path| migrations(root, &relative(path))).collect()
        }
        "sakila" => {
            let files = ["schema.sql", "drop-objects.sql"].map(|name| root.join("schemas/sakila").join(name));
            vec![Unit {
                name: "sakila".to_owned(),
                database: "sakila",
                scripts: files.iter().map(script).collect(),
            }]
        }
        "ranger" => {
            let mut files = vec![root.join("schemas/ranger/schema.sql")];
            files.extend(sorted(&root.join("schemas/ranger/patches")));
            vec![Unit {
                name: "ranger".to_owned(),
                database: "ranger",
                scripts: files.iter().map(script).collect(),
            }]
        }
        "sqldef" => sqldef(&root.join("sqldef-mysql"), engine),
        other => panic!("there is no corpus {other}"),
    }
}

fn sorted(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).expect("a corpus can be listed");
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| entry.expect("a corpus can be listed").path()).collect();
    paths.sort();
    paths
}

/// The directories with scripts in them.
fn directories(directory: &Path, found: &mut Vec<PathBuf>) {
    let paths = sorted(directory);
    paths.iter().filter(|path| path.is_dir()).for_each(|path| directories(path, found));
    if paths.iter().any(|path| path.extension().is_some_and(|extension| extension == "sql")) {
        found.push(directory.to_owned());
    }
}

fn script(path: &PathBuf) -> (String, String) {
    let bytes = fs::read(path).expect("a corpus can be read");
    let text = String::from_utf8_lossy(&bytes).trim_start_matches('\u{feff}').to_owned();
    (path.file_name().expect("a file has a name").to_string_lossy().into_owned(), text)
}

/// A directory of migrations, in the order in which they are applied.
fn migrations(root: &Path, directory: &str) -> Unit {
    let location = root.join(directory).into();
    let (migrations, _) =
        migrate_core::fs::load(&[location], None, &ResolveOptions::default()).expect("a corpus can be read");
    let scripts = migrations
        .iter()
        .filter(|migration| migration.kind != MigrationKind::Undo)
        .map(|migration| {
            let name = migration.source.name().rsplit('/').next().unwrap_or_default().to_owned();
            (name, migration.source.inner().trim_start_matches('\u{feff}').to_owned())
        })
        .collect();
    Unit { name: directory.to_owned(), database: "migrated", scripts }
}

/// The current and desired schemas of sqldef's cases, each alone.
fn sqldef(directory: &Path, engine: Engine) -> Vec<Unit> {
    let own = engine.name().to_lowercase();
    let files = sorted(directory).into_iter().filter(|path| path.extension().is_some_and(|end| end == "yml"));
    let cases = files.flat_map(|path| cases(&path));
    let runs = |flavor: &str| match flavor.strip_prefix('!') {
        Some(other) => other != own,
        None => flavor.is_empty() || flavor == own,
    };
    let unit = |case: Case| Unit {
        name: case.name,
        database: "mysqldef_test",
        scripts: vec![(case.side.to_owned(), case.text)],
    };
    cases.filter(|case| runs(&case.flavor)).map(unit).collect()
}

struct Case {
    name: String,
    side: &'static str,
    flavor: String,
    text: String,
}

/// The texts behind `current` and `desired` in a file of cases.
fn cases(path: &Path) -> Vec<Case> {
    let text = fs::read_to_string(path).expect("a corpus can be read");
    let file = path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
    let (mut found, mut name, mut flavor) = (Vec::<Case>::new(), String::new(), String::new());
    let (mut first, mut inside) = (0, false);
    for line in text.lines() {
        let indentation = line.len() - line.trim_start().len();
        if inside && (line.trim().is_empty() || indentation > 2) {
            let case = found.last_mut().expect("a text belongs to a case");
            case.text.push_str(line);
            case.text.push('\n');
            continue;
        }
        inside = false;
        if indentation == 0 && line.contains(':') && !line.starts_with('#') {
            name = format!("{file}/{}", line.split(':').next().unwrap_or_default());
            (flavor, first) = (String::new(), found.len());
        } else if let Some(written) = line.strip_prefix("  flavor:") {
            let written = written.split('#').next().unwrap_or_default().trim();
            written.trim_matches(['"', '\'']).clone_into(&mut flavor);
            found[first..].iter_mut().for_each(|case| case.flavor.clone_from(&flavor));
        } else {
            for side in ["current", "desired"] {
                let Some(rest) = line.strip_prefix(&format!("  {side}:")) else { continue };
                let rest = rest.trim();
                inside = rest.starts_with('|');
                if inside || !rest.is_empty() {
                    let text = if inside { String::new() } else { rest.trim_matches('"').to_owned() };
                    found.push(Case { name: name.clone(), side, flavor: flavor.clone(), text });
                }
            }
        }
    }
    found
}
