//! What a person reads.

use infra_tests::compare::normalise;
use infra_tests::sandbox::Sandbox;

use crate::harness::{infra, migrations};

/// Both streams of a run, comparable between runs.
fn shown(sandbox: &Sandbox, arguments: &[&str]) -> String {
    let outcome = infra(sandbox).run(arguments);
    let root = sandbox.root().display().to_string();
    normalise(
        &format!("{}--- stderr, exit {}\n{}", outcome.stdout, outcome.code, outcome.stderr),
        &[(&root, "ROOT")],
    )
}

#[test]
fn the_summary_of_check() {
    insta::assert_snapshot!(shown(&Sandbox::reference(), &["check"]), @"");
}

#[test]
fn a_finding_shows_its_line_and_what_to_do() {
    let sandbox = Sandbox::reference();
    sandbox.append(
        "infra/mysql/migrations/V022__product_reviews.sql",
        "\nCREATE TABEL wrapping (id INT PRIMARY KEY);\n",
    );
    insta::assert_snapshot!(shown(&sandbox, &["check", "--quiet"]), @"");
}

#[test]
fn colours_and_progress_are_for_terminals() {
    let sandbox = Sandbox::reference();
    sandbox.append("infra/mysql/schema/baseline.sql", "-- edited\n");
    let outcome = infra(&sandbox).run(&["check"]).exits(1);
    assert!(!outcome.all().contains('\u{1b}'), "{}", outcome.all());
    let forced = infra(&sandbox).run(&["check", "--color", "always"]).exits(1);
    assert!(forced.all().contains('\u{1b}'), "{}", forced.all());
}

#[test]
fn a_server_that_is_not_there() {
    let sandbox = migrations(&[("V1__a.sql", "SELECT 1;\n")]);
    // Nothing listens on port 1.
    insta::assert_snapshot!(shown(&sandbox, &["migrate", "info", "--url", "mysql://shop@127.0.0.1:1/shop", "--locations", "migrations"]), @"");
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn the_table_of_info() {
    let sandbox = migrations(&[
        ("V1__customers.sql", "CREATE TABLE customers (id INT PRIMARY KEY);\n"),
        ("V2__first_customer.sql", "INSERT INTO customers VALUES (1);\n"),
        ("R__report.sql", "CREATE OR REPLACE VIEW report AS SELECT id FROM customers;\n"),
    ]);
    let database = infra_tests::servers::Engine::MariaDb.database();
    let run = |arguments: &[&str]| infra(&sandbox).on(&database).run(arguments).exits(0);
    let _ = run(&["migrate", "apply", "--locations", "migrations", "--target", "1"]);
    let table = run(&["migrate", "info", "--locations", "migrations"]).stdout;
    insta::assert_snapshot!(undated(&normalise(&table, &[])), @"");
}

/// Days and hours replaced, so that the columns stay where they are.
fn undated(text: &str) -> String {
    let digits =
        |word: &str| word.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect::<String>();
    let is_date = |word: &str| matches!(digits(word).as_str(), "9999-99-99" | "99:99:99");
    text.split_inclusive([' ', '\n'])
        .map(|word| if is_date(word.trim_end()) { digits(word) } else { word.to_owned() })
        .collect()
}
