//! `infra check` on the reference tree as it is.

use infra_tests::sandbox::Sandbox;

use crate::harness::{ENVIRONMENTS, MIGRATIONS, findings, infra};

#[test]
fn the_reference_tree_is_in_order() {
    let sandbox = Sandbox::reference();
    let outcome = infra(&sandbox).run(&["check"]).exits(0);
    assert!(!outcome.stdout.is_empty(), "a summary is printed");
    assert!(!outcome.stderr.contains("error"), "{}", outcome.stderr);
    for environment in ENVIRONMENTS {
        let _ = infra(&sandbox).run(&["check", "--env", environment]).exits(0);
    }
    let _ = infra(&sandbox).run(&["compat", "check"]).exits(0);
}

#[test]
fn the_result_is_one_object() {
    let sandbox = Sandbox::reference();
    let outcome = infra(&sandbox).run(&["check", "--format", "json"]).exits(0);
    assert_eq!(outcome.stdout.lines().count(), 1);
    let result = outcome.json();
    assert_eq!(result["schema"], "infra.check/v1");
    assert_eq!(result["ok"], true);
    for finding in findings(&result) {
        assert_ne!(finding["severity"], "error", "{finding}");
    }
}

#[test]
fn it_does_not_matter_where_it_is_run() {
    let sandbox = Sandbox::reference();
    sandbox.append(&format!("{MIGRATIONS}/V022__product_reviews.sql"), "CREATE TABEL broken (id INT);\n");
    let plain = infra(&sandbox).run(&["check", "--format", "json"]).exits(1).json();
    let elsewhere = Sandbox::empty();
    let root = sandbox.root().display().to_string();
    let named = infra(&elsewhere).run(&["-C", &root, "check", "--format", "json"]).exits(1).json();
    assert_eq!(findings(&plain).len(), findings(&named).len());
    assert_eq!(findings(&plain)[0]["rule"], findings(&named)[0]["rule"]);

    let deep = infra_tests::run::Infra::new(
        env!("CARGO_BIN_EXE_infra-under-test"),
        sandbox.path("infra/mysql/schema/tables"),
    );
    let below = deep.run(&["check", "--format", "json"]).exits(1).json();
    assert_eq!(findings(&plain).len(), findings(&below).len());
}

#[test]
fn a_tree_without_a_platform_can_say_so_and_is_checked_for_the_rest() {
    let sandbox = Sandbox::reference();
    sandbox.remove("platform").write("infra.toml", "[rules]\n\"check/missing\" = \"off\"\n");
    let _ = infra(&sandbox).run(&["check"]).exits(0);
    sandbox.append("infra/mysql/schema/baseline.sql", "-- edited\n");
    let _ = infra(&sandbox).run(&["check"]).exits(1);
}

#[test]
fn every_problem_is_reported_at_once() {
    let sandbox = Sandbox::reference();
    sandbox
        .append(&format!("{MIGRATIONS}/V022__product_reviews.sql"), "CREATE TABEL broken (id INT);\n")
        .write(&format!("{MIGRATIONS}/V6_backfill.sql"), "SELECT 1;\n")
        .replace(
            "platform/platform.yaml",
            "{component: catalog, version: ^5,",
            "{component: katalog, version: ^5,",
        )
        .append("infra/redis/k8s/base/service.yaml", "  ports: [\n")
        .append("infra/mysql/schema/baseline.sql", "-- edited\n");
    let result = infra(&sandbox).run(&["check", "--format", "json"]).exits(1).json();
    let rules: Vec<_> = findings(&result).iter().filter_map(|finding| finding["rule"].as_str()).collect();
    for rule in [
        "sql/syntax",
        "migrate/bad-name",
        "compat/unknown-component",
        "k8s/yaml-syntax",
        "schema/stale-baseline",
    ] {
        assert!(rules.contains(&rule), "{rule} is not among {rules:?}");
    }
}

#[test]
fn migrations_are_linted() {
    let sandbox = Sandbox::reference();
    let reviews = format!("{MIGRATIONS}/V022__product_reviews.sql");
    let before = sandbox.read(&reviews);
    let update = "UPDATE products SET description = name;";
    sandbox.append(&reviews, &format!("{update}\n"));
    let result = infra(&sandbox).run(&["check", "--format", "json"]).exits(0).json();
    let hits: Vec<_> =
        findings(&result).iter().filter(|finding| finding["rule"] == "lint/update-without-where").collect();
    let [hit] = hits.as_slice() else { panic!("found {} times: {result}", hits.len()) };
    assert_eq!(hit["file"].as_str(), Some(reviews.as_str()));
    assert_eq!(hit["line"].as_u64(), Some(before.lines().count() as u64 + 1));
    assert_eq!(
        (&result["areas"][0]["name"], &result["areas"][0]["warnings"]),
        (&"migrations".into(), &1.into())
    );
    let _ = infra(&sandbox).run(&["check", "--fail-on", "warning"]).exits(1);

    // A rule is no reason to leave out the comparison with the schema.
    sandbox.write("infra.toml", "[rules]\n\"lint/update-without-where\" = \"error\"\n");
    let result = infra(&sandbox).run(&["check", "--format", "json"]).exits(1).json();
    assert_eq!((&result["areas"][1]["name"], &result["areas"][1]["ok"]), (&"schema".into(), &true.into()));

    let allow = "-- infra:allow lint/update-without-where: every product gets one";
    sandbox.write(&reviews, format!("{before}{update} {allow}\n"));
    let _ = infra(&sandbox).run(&["check", "--fail-on", "warning"]).exits(0);
}

#[test]
fn an_error_of_the_linter_hides_no_difference() {
    let sandbox = Sandbox::reference();
    sandbox.append(
        &format!("{MIGRATIONS}/V022__product_reviews.sql"),
        "ALTER TABLE products ADD COLUMN extra INT NULL;\nDROP DATABASE IF EXISTS shop_old;\n",
    );
    let result = infra(&sandbox).run(&["check", "--format", "json"]).exits(1).json();
    let rules: Vec<_> = findings(&result).iter().filter_map(|finding| finding["rule"].as_str()).collect();
    assert!(rules.contains(&"lint/drop-database"), "{rules:?}");
    assert!(rules.iter().any(|rule| rule.starts_with("schema/")), "{rules:?}");
}

#[test]
fn the_order_of_findings_does_not_change() {
    let sandbox = Sandbox::reference();
    sandbox.remove("infra/shared/k8s/base/network/default-deny.yaml");
    sandbox.replace("infra/shared/k8s/base/network/kustomization.yaml", "  - default-deny.yaml\n", "");
    let check = || infra(&sandbox).run(&["check", "--format", "json"]).exits(1).json();
    assert_eq!(findings(&check()), findings(&check()));
}

#[test]
fn carriage_returns_and_marks_change_no_verdict() {
    let sandbox = Sandbox::reference();
    for directory in [
        MIGRATIONS,
        "infra/mysql/schema/tables",
        "infra/mysql/schema/procedures",
        "infra/mysql/schema/triggers",
    ] {
        for file in std::fs::read_dir(sandbox.path(directory)).expect("a directory can be listed") {
            let path = file.expect("a directory can be listed").path();
            if path.extension().is_some_and(|extension| extension == "sql") {
                let text = std::fs::read_to_string(&path).expect("reference files are UTF-8");
                std::fs::write(&path, text.replace('\n', "\r\n")).expect("a copy can be written");
            }
        }
    }
    let outcome = infra(&sandbox).run(&["check", "--format", "json"]);
    let result = outcome.json();
    let errors: Vec<_> = findings(&result).iter().filter(|finding| finding["severity"] == "error").collect();
    assert!(errors.is_empty(), "{errors:#?}");
    let _ = outcome.exits(0);
}

#[test]
fn a_name_that_is_no_environment_is_refused() {
    let sandbox = Sandbox::reference();
    let outcome = infra(&sandbox).run(&["check", "--env", "production"]).exits(2);
    assert!(ENVIRONMENTS.iter().all(|name| outcome.stderr.contains(name)), "{}", outcome.stderr);
}

#[test]
fn without_a_tree_it_says_where_it_looked() {
    let empty = Sandbox::empty();
    let outcome = infra(&empty).run(&["check"]).exits(2);
    assert!(outcome.stderr.contains("-C DIR"), "{}", outcome.stderr);
    let outcome = infra(&empty).run(&["-C", "nowhere", "check"]).exits(2);
    assert!(outcome.stderr.contains("nowhere"), "{}", outcome.stderr);
}
