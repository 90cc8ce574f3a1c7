use proptest::prelude::*;

use super::*;
use crate::resolve::{LocationFile, resolve};

pub(crate) fn files(names: &[&str]) -> Vec<Migration> {
    let file = |name: &&str| LocationFile {
        script: (*name).into(),
        path: (*name).into(),
        bytes: b"SELECT 1;".into(),
    };
    resolve(names.iter().map(file).collect()).0
}

/// Rows in the form `1 SQL`, `R:views SQL`, `2 SQL failed`; the checksum is that of [`files`].
pub(crate) fn rows(lines: &[&str]) -> Vec<HistoryRow> {
    lines
        .iter()
        .enumerate()
        .map(|(at, line)| {
            let mut words = line.split(' ');
            let name = words.next().unwrap();
            let kind = words.next().unwrap();
            let flags: Vec<&str> = words.collect();
            let description = name.strip_prefix("R:");
            HistoryRow {
                installed_rank: i32::try_from(at).unwrap() + 1,
                version: description.is_none().then(|| MigrationVersion::parse(name).unwrap()),
                description: description.unwrap_or("x").into(),
                kind: RowKind::new(kind),
                script: format!("{name}.sql"),
                checksum: Some(if flags.contains(&"changed") { 1 } else { 78_787_420 }),
                installed_by: "me".into(),
                installed_on: String::new(),
                execution_time: 0,
                success: !flags.contains(&"failed"),
            }
        })
        .collect()
}

#[track_caller]
fn check(names: &[&str], history: &[&str], options: &InfoOptions, expected: &[&str]) {
    let (files, rows) = (files(names), rows(history));
    let info = info(&files, &rows, options);
    let actual: Vec<String> = info
        .entries
        .iter()
        .map(|entry| match entry.version() {
            Some(version) => format!("{version} {}: {}", entry.kind(), entry.state),
            None => format!("{} {}: {}", entry.description(), entry.kind(), entry.state),
        })
        .collect();
    assert_eq!(actual, expected);
}

fn target(text: &str) -> InfoOptions {
    InfoOptions { target: Target::parse(text).unwrap(), ..InfoOptions::default() }
}

#[test]
fn applied_and_pending() {
    check(
        &["V1__x.sql", "V2__x.sql", "R__r.sql"],
        &["1 SQL"],
        &InfoOptions::default(),
        &["1 SQL: Success", "2 SQL: Pending", "r SQL: Pending"],
    );
}

#[test]
fn late_files_are_ignored_unless_allowed() {
    let names = ["V1__x.sql", "V2__x.sql", "V3__x.sql"];
    check(
        &names,
        &["1 SQL", "3 SQL"],
        &InfoOptions::default(),
        &["1 SQL: Success", "3 SQL: Success", "2 SQL: Ignored"],
    );
    let allowed = InfoOptions { out_of_order: true, ..InfoOptions::default() };
    check(&names, &["1 SQL", "3 SQL"], &allowed, &["1 SQL: Success", "3 SQL: Success", "2 SQL: Pending"]);
    check(
        &names,
        &["1 SQL", "3 SQL", "2 SQL"],
        &InfoOptions::default(),
        &["1 SQL: Success", "3 SQL: Success", "2 SQL: Out of Order"],
    );
}

#[test]
fn rows_without_files() {
    check(
        &["V2__x.sql"],
        &["1 SQL", "1.5 SQL failed", "2 SQL", "3 SQL", "4 SQL failed", "R:r SQL"],
        &InfoOptions::default(),
        &[
            "1 SQL: Missing",
            "1.5 SQL: Failed (Missing)",
            "2 SQL: Success",
            "3 SQL: Future",
            "4 SQL: Failed (Future)",
            "r SQL: Missing",
        ],
    );
}

#[test]
fn baselines_hide_what_is_below_them() {
    check(
        &["V1__x.sql", "V2__x.sql", "V3__x.sql"],
        &["2 BASELINE"],
        &InfoOptions::default(),
        &["1 SQL: Below Baseline", "2 SQL: Ignored (Baseline)", "2 BASELINE: Baseline", "3 SQL: Pending"],
    );
}

#[test]
fn baseline_files_run_on_an_empty_history_only() {
    let names = ["V1__x.sql", "V2__x.sql", "B2__x.sql", "V3__x.sql", "B1__x.sql"];
    check(
        &names,
        &[],
        &InfoOptions::default(),
        &[
            "1 SQL: Below Baseline",
            "1 SQL_BASELINE: Below Baseline",
            "2 SQL: Ignored (Baseline)",
            "2 SQL_BASELINE: Pending",
            "3 SQL: Pending",
        ],
    );
    check(
        &names,
        &["1 SQL"],
        &InfoOptions::default(),
        &[
            "1 SQL: Success",
            "1 SQL_BASELINE: Ignored",
            "2 SQL: Pending",
            "2 SQL_BASELINE: Ignored",
            "3 SQL: Pending",
        ],
    );
    check(
        &names,
        &["2 SQL_BASELINE", "3 SQL"],
        &InfoOptions::default(),
        &[
            "1 SQL: Below Baseline",
            "1 SQL_BASELINE: Below Baseline",
            "2 SQL: Ignored (Baseline)",
            "2 SQL_BASELINE: Baseline",
            "3 SQL: Success",
        ],
    );
    check(
        &names,
        &[],
        &target("1"),
        &[
            "1 SQL: Ignored (Baseline)",
            "1 SQL_BASELINE: Pending",
            "2 SQL: Above Target",
            "2 SQL_BASELINE: Above Target",
            "3 SQL: Above Target",
        ],
    );
}

#[test]
fn targets() {
    let names = ["V1__x.sql", "V2__x.sql", "V3__x.sql", "R__r.sql"];
    check(
        &names,
        &["1 SQL"],
        &target("2.0"),
        &["1 SQL: Success", "2 SQL: Pending", "3 SQL: Above Target", "r SQL: Pending"],
    );
    check(
        &names,
        &["1 SQL"],
        &target("next"),
        &["1 SQL: Success", "2 SQL: Pending", "3 SQL: Above Target", "r SQL: Pending"],
    );
    check(
        &names,
        &["1 SQL"],
        &target("current"),
        &["1 SQL: Success", "2 SQL: Above Target", "3 SQL: Above Target", "r SQL: Pending"],
    );
    check(
        &names,
        &[],
        &target("current"),
        &["1 SQL: Above Target", "2 SQL: Above Target", "3 SQL: Above Target", "r SQL: Pending"],
    );
    assert_eq!(
        Target::parse("2?").unwrap(),
        Target::Version { version: MigrationVersion::parse("2").unwrap(), optional: true }
    );
    assert!(Target::parse("x").is_err());
}

#[test]
fn repeatables_by_their_latest_run() {
    check(
        &["R__r.sql"],
        &["R:r SQL changed", "R:r SQL"],
        &InfoOptions::default(),
        &["r SQL: Superseded", "r SQL: Success"],
    );
    check(
        &["R__r.sql"],
        &["R:r SQL", "R:r SQL changed"],
        &InfoOptions::default(),
        &["r SQL: Superseded", "r SQL: Outdated", "r SQL: Pending"],
    );
    check(&["R__r.sql"], &["R:r SQL failed"], &InfoOptions::default(), &["r SQL: Failed"]);
}

#[test]
fn deleted_and_undone_rows_make_room() {
    check(
        &["V1__x.sql", "V2__x.sql"],
        &["1 SQL", "2 SQL", "2 DELETE"],
        &InfoOptions::default(),
        &["1 SQL: Success", "2 SQL: Deleted", "2 SQL: Pending"],
    );
    check(
        &["V1__x.sql", "V2__x.sql"],
        &["1 SQL", "2 SQL", "2 UNDO_SQL"],
        &InfoOptions::default(),
        &["1 SQL: Success", "2 SQL: Undone", "2 UNDO_SQL: Success", "2 SQL: Pending"],
    );
    check(&[], &["R:r SQL", "R:r DELETE"], &InfoOptions::default(), &["r SQL: Deleted", "r DELETE: Success"]);
    let rows = rows(&["2 SQL", "2 DELETE", "2 DELETE"]);
    assert_eq!(info(&[], &rows, &InfoOptions::default()).duplicate_deletes.len(), 1);
}

#[test]
fn the_current_version_includes_failures_but_not_what_is_gone() {
    let current = |lines: &[&str]| {
        let rows = rows(lines);
        info(&[], &rows, &InfoOptions::default()).current().map(ToString::to_string)
    };
    assert_eq!(current(&["1 SQL", "3 SQL failed"]).as_deref(), Some("3"));
    assert_eq!(current(&["1 SQL", "3 SQL", "3 DELETE"]).as_deref(), Some("1"));
    assert_eq!(current(&["R:r SCHEMA"]), None);
}

#[test]
fn categories_are_flyways() {
    let (files, rows) = (files(&["B1__x.sql", "R__r.sql"]), rows(&["1 SQL", "2 BASELINE", "2 UNDO_SQL"]));
    let info = info(&files, &rows, &InfoOptions::default());
    let mut categories: Vec<_> = info.entries.iter().map(Entry::category).collect();
    categories.sort_unstable();
    assert_eq!(categories, ["", "Baseline", "Repeatable", "Undo", "Versioned"]);
}

proptest! {
    #[test]
    fn every_file_and_listed_row_appears(
        names in proptest::collection::hash_set("(V[1-6]|B[1-6]|R)__[ab]\\.sql", 0..8),
        history in proptest::collection::vec("([1-6]|R:[ab]) (SQL|SQL_BASELINE|BASELINE|DELETE|UNDO_SQL)( failed| changed)?", 0..8),
        out_of_order in any::<bool>(),
    ) {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let history: Vec<&str> = history.iter().map(String::as_str).collect();
        let (files, rows) = (files(&names), rows(&history));
        let info = info(&files, &rows, &InfoOptions { out_of_order, ..InfoOptions::default() });
        let listed = rows.iter().filter(|row| !(row.kind.is(RowKind::DELETE) && row.version.is_some())).count();
        prop_assert_eq!(info.entries.iter().filter(|entry| entry.row.is_some()).count(), listed);
        for pair in info.pending().collect::<Vec<_>>().windows(2) {
            prop_assert!(pair[0].version.is_none() == pair[1].version.is_none() && pair[0].version <= pair[1].version
                || pair[0].version.is_some());
        }
        // What files there are does not change which version the schema has.
        prop_assert_eq!(info.current(), super::info(&[], &rows, &InfoOptions::default()).current());
    }
}
