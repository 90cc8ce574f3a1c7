//! `infra migrate lint`.

use infra_tests::sandbox::Sandbox;
use serde_json::Value;

use crate::harness::{findings, infra, migrations};

const LINT: [&str; 4] = ["migrate", "lint", "--locations", "migrations"];

#[test]
fn what_is_found_has_its_rule_and_place() {
    let sandbox = migrations(&[
        (
            "V1__t.sql",
            "CREATE TABLE t (id INT PRIMARY KEY, a INT) ENGINE = InnoDB;\nCREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1;\n",
        ),
        ("V2__drop.sql", "-- why\nALTER TABLE t DROP COLUMN a;\n"),
    ]);
    let result = infra(&sandbox).run(&[&LINT[..], &["--format", "json"]].concat()).exits(0).json();
    let dropped = findings(&result).iter().find(|finding| finding["rule"] == "lint/drop-column");
    let dropped = dropped.unwrap_or_else(|| panic!("the dropped column is not found: {result}"));
    assert!(dropped["file"].as_str().is_some_and(|file| file.ends_with("V2__drop.sql")), "{dropped}");
    assert_eq!((dropped["line"].as_u64(), dropped["severity"].as_str()), (Some(2), Some("warning")));
    let strict = infra(&sandbox).run(&[&LINT[..], &["--fail-on", "warning"]].concat()).exits(1);
    assert!(strict.all().contains("lint/drop-column"), "{strict:?}");
}

#[test]
fn a_reason_or_a_level_silences_a_rule() {
    let drop = "ALTER TABLE t DROP COLUMN a;";
    let strict = [&LINT[..], &["--fail-on", "warning"]].concat();
    let with = |text: &str| {
        let sandbox = migrations(&[("V1__drop.sql", text)]);
        infra(&sandbox).run(&strict)
    };
    let _ = with(&format!("{drop} -- infra:allow lint/drop-column: nobody reads it since 1.4\n")).exits(0);
    let unreasoned = with(&format!("{drop} -- infra:allow lint/drop-column\n")).exits(1);
    assert!(unreasoned.all().contains("lint/suppression"), "{unreasoned:?}");

    let sandbox = migrations(&[("V1__drop.sql", drop)]);
    sandbox.write("infra.toml", "[rules]\n\"lint/drop-column\" = \"off\"\n");
    let _ = infra(&sandbox).run(&strict).exits(0);
    sandbox.write("infra.toml", "[rules]\n\"lint/drop-column\" = \"error\"\n");
    let _ = infra(&sandbox).run(&LINT).exits(1);
}

#[test]
fn where_flyway_would_lose_sql_is_named() {
    let sandbox =
        migrations(&[("V1__lost.sql", "/*! CREATE TABLE t (id INT PRIMARY KEY) */;\nSELECT 5--1;\n")]);
    let said = infra(&sandbox).run(&LINT).exits(0).all();
    for rule in ["flyway/bare-executable-comment", "flyway/dashes-without-space"] {
        assert!(said.contains(rule), "no {rule} in {said}");
    }
}

#[test]
fn the_rules_are_listed() {
    let sandbox = migrations(&[]);
    let result = infra(&sandbox).run(&["migrate", "lint", "--rules", "--format", "json"]).exits(0).json();
    let rules = result["rules"].as_array().expect("a list of rules");
    assert!(rules.len() >= 40, "{}", rules.len());
    let complete = |rule: &serde_json::Value| {
        ["rule", "severity", "summary", "help"]
            .iter()
            .all(|key| rule[*key].as_str().is_some_and(|text| !text.is_empty()))
    };
    assert!(rules.iter().all(complete), "{result}");
}

#[test]
fn files_can_be_named_one_by_one() {
    let drop = "ALTER TABLE t DROP COLUMN a;\n";
    let sandbox = migrations(&[("V1__a.sql", drop), ("V2__b.sql", drop), ("V3__c.sql", "SELECT 'open;\n")]);
    let lint = |arguments: &[&str], code| {
        infra(&sandbox)
            .run(&[&["migrate", "lint", "--format", "json"], arguments].concat())
            .exits(code)
            .json()
    };
    // Once, however often it is named.
    let one = lint(&["migrations/V2__b.sql", "./migrations/V2__b.sql"], 0);
    assert_eq!(one["linted"], 1);
    assert!(findings(&one).iter().all(|finding| finding["file"] == "migrations/V2__b.sql"), "{one}");
    assert!(findings(&one).iter().any(|finding| finding["rule"] == "lint/drop-column"), "{one}");
    assert_eq!(lint(&["migrations", "migrations/V2__b.sql"], 1)["linted"], 3);
    let open = lint(&["migrations/V3__c.sql"], 1);
    assert_eq!(findings(&open)[0]["line"], 1, "{open}");

    sandbox.write("infra.toml", "[rules]\n\"lint/drop-column\" = \"error\"\n");
    let _ = lint(&["migrations/V1__a.sql"], 1);
}

#[test]
fn migrations_up_to_a_version_are_not_linted() {
    let drop = "ALTER TABLE t DROP COLUMN a;\n";
    let sandbox = migrations(&[
        ("V1__a.sql", drop),
        ("V2__b.sql", "SELECT 'open;\n"),
        ("V10__c.sql", drop),
        ("R__r.sql", drop),
    ]);
    sandbox.write("infra.toml", "[lint]\nafter = \"02\"\n");
    let lint = ["migrate", "lint", "--locations", "migrations", "--format", "json"];
    let result = infra(&sandbox).run(&lint).exits(1).json();
    let mut files: Vec<_> = findings(&result)
        .iter()
        .filter(|finding| finding["rule"] == "lint/drop-column")
        .filter_map(|finding| finding["file"].as_str())
        .collect();
    files.sort_unstable();
    assert_eq!(files, ["migrations/R__r.sql", "migrations/V10__c.sql"], "{result}");
    // What is no rule of lint is found all the same.
    assert!(findings(&result).iter().any(|finding| finding["file"] == "migrations/V2__b.sql"), "{result}");
    assert_eq!(result["linted"], 2);
    sandbox.write("infra.toml", "[lint]\nafter = \"x\"\n");
    let refused = infra(&sandbox).run(&lint).exits(2);
    assert!(refused.all().contains("not a migration's version"), "{refused:?}");
}

#[test]
fn a_named_file_that_is_no_migration_is_refused() {
    let sandbox = migrations(&[("V1__a.sql", "SELECT 1;\n")]);
    sandbox.write("notes.txt", "").write("README.md", "").write("orders.sql", "SELECT 1;\n");
    let lint = |arguments: &[&str], code| {
        infra(&sandbox).run(&[&["migrate", "lint"], arguments].concat()).exits(code).all()
    };
    let refused = lint(&["notes.txt", "migrations/V1__a.sql", "README.md"], 2);
    assert!(refused.contains("notes.txt, README.md"), "{refused}");
    let misnamed = lint(&["orders.sql"], 1);
    assert!(misnamed.contains("migrate/bad-name"), "{misnamed}");
    let _ = lint(&["migrations/V9__gone.sql"], 2);
    let _ = lint(&["migrations/V1__a.sql", "--locations", "migrations"], 2);
    let _ = lint(&["migrations/V1__a.sql", "--rules"], 2);
}

#[test]
fn paths_are_those_that_check_gives() {
    let sandbox = Sandbox::reference();
    let elsewhere = Sandbox::empty();
    let root = sandbox.root().display().to_string();
    let run = |command: &[&str]| {
        let arguments = [&["-C", &root, "--format", "json"], command].concat();
        let result = infra(&elsewhere).run(&arguments).exits(0).json();
        let is_lint =
            |finding: &&Value| finding["rule"].as_str().is_some_and(|rule| rule.starts_with("lint/"));
        findings(&result).iter().filter(is_lint).cloned().collect::<Vec<_>>()
    };
    let linted = run(&["migrate", "lint"]);
    assert_eq!(linted, run(&["check"]));
    assert!(linted[0]["file"].as_str().is_some_and(|file| file.starts_with("infra/mysql/migrations/")));
}
