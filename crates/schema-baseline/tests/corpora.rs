//! Real schemas and migrations: everything parses, and nothing that a server accepted is called wrong.

#![expect(clippy::print_stderr, clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use miette::{Diagnostic, Severity};
use migrate_core::Migration;
use migrate_core::resolve::ResolveOptions;
use schema_baseline::Finding;
use schema_baseline::catalogue::Catalogue;
use schema_baseline::dialect::{Dialect, Vendor};
use schema_baseline::parse::parse;
use schema_baseline::place::Source;
use schema_baseline::replay::{replay, replay_scripts};
use schema_baseline::verify::{Sides, compare};

/// The server that wrote the expected schemas.
const MYSQL: Dialect = Dialect { vendor: Vendor::MySql, version: 90_704 };
const MARIADB: Dialect = Dialect { vendor: Vendor::MariaDb, version: 110_809 };

fn corpora() -> Option<PathBuf> {
    let root = std::env::var_os("INFRA_CORPORA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora"), PathBuf::from);
    if !root.is_dir() {
        eprintln!("SKIPPED: there are no corpora at {}", root.display());
        return None;
    }
    Some(root)
}

fn source(path: &Path) -> Arc<Source> {
    let bytes = fs::read(path).unwrap();
    let text = String::from_utf8_lossy(&bytes);
    Arc::new(Source::new(
        path.file_name().unwrap().to_string_lossy(),
        text.trim_start_matches('\u{feff}').into(),
    ))
}

fn describe(finding: &Finding) -> String {
    let code = finding.code().map(|code| code.to_string()).unwrap_or_default();
    let place = finding.labels().and_then(|mut labels| labels.next()).map(|label| *label.inner());
    let file = finding.source_code().zip(place).and_then(|(source, place)| {
        let contents = source.read_span(&place, 0, 0).ok()?;
        let text = String::from_utf8_lossy(contents.data()).chars().take(60).collect::<String>();
        Some(format!("{}:{}: {text}", contents.name().unwrap_or_default(), contents.line() + 1))
    });
    let file = file.unwrap_or_default();
    format!("{code}: {finding} [{}]", file.rsplit('/').next().unwrap_or_default())
}

fn described(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(describe).collect()
}

fn migrations(directory: &Path) -> Vec<Migration> {
    migrate_core::fs::load(&[directory.to_owned().into()], None, &ResolveOptions::default()).unwrap().0
}

/// A dump, whose tables come in any order.
fn dump(path: &Path) -> Catalogue {
    let source = source(path);
    let (statements, mut findings) = parse(&source, MYSQL);
    let mut catalogue = Catalogue::new(MYSQL);
    catalogue.defer_foreign_key_checks();
    for statement in &statements {
        catalogue.apply(statement, &source, &mut findings);
    }
    catalogue.check(&mut findings);
    assert_eq!(described(&findings), Vec::<String>::new());
    catalogue
}

/// Replays migrations and holds the result against what the server made of them.
#[track_caller]
fn replays_as_on_the_server(directory: &Path, expected: &Path, doubts: &[&str]) {
    let (catalogue, findings) = replay(&migrations(directory), MYSQL);
    assert_eq!(described(&findings), doubts);
    let differences = compare(&dump(expected), &catalogue, Sides::DIRECTORY_AND_MIGRATIONS);
    let differences: Vec<_> = described(&differences)
        .into_iter()
        .filter(|text| !text.contains("`flyway_schema_history`"))
        .collect();
    assert_eq!(differences, Vec::<String>::new());
}

#[test]
fn fineract_gives_the_schema_that_mysql_has() {
    let Some(root) = corpora().map(|root| root.join("migrations-fineract")) else { return };
    // `UPDATE … IGNORE` and `SELECT … INTO` at the end are MySQL's own: doubts of the general parser, not errors.
    let ignore = |line| {
        format!(
            "sql/doubtful: this may be a mistake: expected: SET, found: s1 [V347__correcting_report_category.sql:{line}: s1]"
        )
    };
    let doubts = [20, 24, 27, 30].map(ignore);
    let mut doubts: Vec<&str> = doubts.iter().map(String::as_str).collect();
    doubts.push(
        "sql/doubtful: this may be a mistake: expected: end of statement, found: INTO [V352__interop_init.sql:82: INTO]",
    );
    replays_as_on_the_server(&root.join("core_db"), &root.join("expected/schema-mysql-9.7.sql"), &doubts);
}

#[test]
fn uaa_gives_the_schema_that_mysql_has() {
    let Some(root) = corpora().map(|root| root.join("migrations-uaa")) else { return };
    replays_as_on_the_server(&root.join("mysql"), &root.join("expected/schema-mysql-9.7.sql"), &[]);
}

#[test]
fn sakila_replays_cleanly() {
    let Some(root) = corpora() else { return };
    let (catalogue, findings) = replay_scripts([source(&root.join("schemas/sakila/schema.sql"))], MYSQL);
    assert_eq!(described(&findings), Vec::<String>::new());
    assert_eq!((catalogue.tables().len(), catalogue.views().len(), catalogue.triggers().len()), (16, 7, 3));
}

#[test]
fn ranger_is_understood_but_for_its_procedures() {
    let Some(root) = corpora().map(|root| root.join("schemas/ranger")) else { return };
    let mut files = vec![root.join("schema.sql")];
    files.extend(fs::read_dir(root.join("patches")).unwrap().map(|entry| entry.unwrap().path()));
    for file in files {
        let (_, findings) = parse(&source(&file), MARIADB);
        let wrong: Vec<_> = findings
            .iter()
            .filter(|finding| finding.severity() != Some(Severity::Advice))
            .map(describe)
            .collect();
        assert_eq!(wrong, Vec::<String>::new());
    }
    for dialect in [MYSQL, MARIADB] {
        let (_, findings) = replay_scripts([source(&root.join("schema.sql"))], dialect);
        assert_eq!(described(&findings), Vec::<String>::new());
    }
}

/// The block texts behind `current`, `desired` and `up` in a file of cases, each with the flavor of its case.
fn cases(path: &Path) -> Vec<(String, String)> {
    let text = fs::read_to_string(path).unwrap();
    let mut cases: Vec<(String, String)> = Vec::new();
    let mut flavor = String::new();
    let mut first_of_case = 0;
    let mut inside = false;
    for line in text.lines() {
        let indentation = line.len() - line.trim_start().len();
        if inside && (line.trim().is_empty() || indentation > 2) {
            let sql = &mut cases.last_mut().unwrap().1;
            sql.push_str(line);
            sql.push('\n');
            continue;
        }
        inside = ["  current: |", "  desired: |", "  up: |"].iter().any(|key| line.starts_with(key));
        if indentation == 0 && line.ends_with(':') {
            (flavor, first_of_case) = (String::new(), cases.len());
        } else if let Some(written) = line.strip_prefix("  flavor: ") {
            written.trim_matches('"').clone_into(&mut flavor);
            cases[first_of_case..].iter_mut().for_each(|case| case.0.clone_from(&flavor));
        } else if inside {
            cases.push((flavor.clone(), String::new()));
        }
    }
    cases
}

#[test]
fn every_statement_of_sqldef_parses_on_one_server_at_least() {
    let Some(root) = corpora().map(|root| root.join("sqldef-mysql")) else { return };
    let mut seen = 0;
    for entry in fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "yml") {
            continue;
        }
        // What only TiDB reads is no MySQL.
        for (flavor, sql) in cases(&path) {
            if flavor == "tidb" || sql.contains("AUTO_RANDOM") || sql.contains("SHARD_ROW_ID_BITS") {
                continue;
            }
            seen += 1;
            let source =
                Arc::new(Source::new(path.file_name().unwrap().to_string_lossy(), sql.as_str().into()));
            let wrong = |dialect| -> Vec<String> {
                let (_, findings) = parse(&source, dialect);
                let wrong = findings.iter().filter(|finding| finding.severity() != Some(Severity::Advice));
                wrong.map(describe).collect()
            };
            let (mysql, mariadb) = (wrong(MYSQL), wrong(MARIADB));
            assert!(mysql.is_empty() || mariadb.is_empty(), "{mysql:?}\n{sql}");
        }
    }
    assert!(seen > 300, "only {seen} texts");
}
