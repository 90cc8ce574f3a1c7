//! The same findings in every format.

use infra_tests::sandbox::Sandbox;
use infra_tests::servers::Engine;
use serde_json::Value;

use crate::harness::{MIGRATIONS, findings, infra, migrations};

const LINT: [&str; 4] = ["migrate", "lint", "--locations", "migrations"];

/// A tree with a warning and with errors in several areas.
fn broken() -> Sandbox {
    let sandbox = Sandbox::reference();
    sandbox
        .append(
            &format!("{MIGRATIONS}/V022__product_reviews.sql"),
            "UPDATE products SET description = name;\nCREATE TABEL broken (id INT);\n",
        )
        .replace(
            "platform/platform.yaml",
            "{component: catalog, version: ^5,",
            "{component: katalog, version: ^5,",
        )
        .append("infra/redis/k8s/base/service.yaml", "  ports: [\n");
    sandbox
}

/// One document in a format; the exit code must be that of every other format.
#[track_caller]
fn document(sandbox: &Sandbox, arguments: &[&str], format: &str, code: i32) -> String {
    infra(sandbox).run(&[arguments, &["--format", format]].concat()).exits(code).stdout
}

/// The run of a SARIF log, after everything that a reader relies on was looked at.
#[track_caller]
fn sarif(sandbox: &Sandbox, arguments: &[&str], code: i32) -> Value {
    let text = document(sandbox, arguments, "sarif", code);
    let log: Value = serde_json::from_str(&text).expect("SARIF is JSON");
    assert_eq!(log["version"], "2.1.0");
    assert!(log["$schema"].as_str().is_some_and(|uri| uri.ends_with("/sarif-schema-2.1.0.json")));
    let [run] = list(&log["runs"]) else { panic!("one run is one command: {log}") };
    let driver = &run["tool"]["driver"];
    assert_eq!(driver["name"], "infra");
    assert!(driver["version"].as_str().is_some_and(|version| version.contains('.')));
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    let rules = list(&driver["rules"]);
    for (index, rule) in rules.iter().enumerate() {
        assert!(!rule["id"].as_str().unwrap_or_default().is_empty(), "{rule}");
        assert!(!rules[..index].iter().any(|other| other["id"] == rule["id"]), "{rule} stands twice");
        for key in ["shortDescription", "fullDescription", "help"] {
            message(&rule[key]);
        }
        level(&rule["defaultConfiguration"]);
    }
    for result in list(&run["results"]) {
        let index =
            usize::try_from(result["ruleIndex"].as_u64().expect("a result has a rule")).expect("small");
        assert_eq!(rules[index]["id"], result["ruleId"]);
        message(&result["message"]);
        level(result);
        list(&result["locations"]).iter().for_each(location);
    }
    let [invocation] = list(&run["invocations"]) else { panic!("there is one invocation: {run}") };
    assert!(invocation["executionSuccessful"].is_boolean());
    assert_eq!(invocation["exitCode"], code);
    run.clone()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("there is a list")
}

fn message(message: &Value) {
    let text = message["text"].as_str().expect("a message has text");
    assert!(!text.is_empty());
    let rest = text.replace("{{", "").replace("}}", "");
    assert!(!rest.contains(['{', '}']), "a placeholder without an argument: {text}");
}

fn level(holder: &Value) {
    assert!(matches!(holder["level"].as_str(), Some("error" | "warning" | "note")), "{holder}");
}

fn location(location: &Value) {
    let place = &location["physicalLocation"];
    let uri = place["artifactLocation"]["uri"].as_str().expect("a place has a file");
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "/-._~%".contains(c);
    assert!(!uri.is_empty() && uri.chars().all(is_allowed), "{uri}");
    let Some(region) = place.get("region") else { return };
    let number = |key: &str| region[key].as_u64().expect("a region is whole");
    assert!(number("startLine") >= 1 && number("startColumn") >= 1, "{region}");
    let (start, end) = [("startLine", "startColumn"), ("endLine", "endColumn")]
        .map(|(line, column)| (number(line), number(column)))
        .into();
    assert!(start <= end, "{region}");
}

#[test]
fn a_sarif_log_keeps_to_the_standard() {
    let sandbox = broken();
    let run = sarif(&sandbox, &["check"], 1);
    let json = infra(&sandbox).run(&["check", "--format", "json"]).exits(1).json();
    let pairs = |finding: &Value| (finding["rule"].clone(), finding["line"].clone());
    let expected: Vec<_> = findings(&json).iter().map(pairs).collect();
    let pairs = |result: &Value| {
        (result["ruleId"].clone(), result["locations"][0]["physicalLocation"]["region"]["startLine"].clone())
    };
    assert_eq!(list(&run["results"]).iter().map(pairs).collect::<Vec<_>>(), expected);
    assert_eq!(run["invocations"][0]["executionSuccessful"], true);
    assert_eq!(run["automationDetails"]["id"], "infra/check/");

    // Without a finding the log is a log all the same: it closes the alerts of the run before.
    let run = sarif(&migrations(&[("V1__a.sql", "CREATE VIEW a AS SELECT 1;\n")]), &LINT, 0);
    assert!(list(&run["results"]).is_empty());
}

#[test]
fn a_region_counts_characters_and_its_file_can_be_found() {
    let name = "V1__größe 50%.sql";
    let text = "/* 😀 é */ ALTER TABLE t\n  /* 😀 é */ DROP COLUMN a; -- ${x}\n";
    let sandbox = migrations(&[(name, text)]);
    sandbox.write("infra.toml", "[placeholders]\nx = \"1\"\n");
    let run = sarif(&sandbox, &LINT, 0);
    let dropped = list(&run["results"]).iter().find(|result| result["ruleId"] == "lint/drop-column");
    let place = &dropped.expect("the dropped column is found")["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "migrations/V1__gr%C3%B6%C3%9Fe%2050%25.sql");
    let region = &place["region"];
    let [line, start, end] = ["startLine", "startColumn", "endColumn"]
        .map(|key| usize::try_from(region[key].as_u64().expect("a region is whole")).expect("small") - 1);
    let line = text.lines().nth(line).expect("the line is there");
    assert_eq!(line.chars().skip(start).take(end - start).collect::<String>(), "DROP COLUMN a");
}

#[test]
fn annotations_of_github() {
    let sandbox = migrations(&[("V1__a, b.sql", "ALTER TABLE t\n  DROP COLUMN a;\nDELETE FROM t;\n")]);
    insta::assert_snapshot!(document(&sandbox, &LINT, "github", 0), @r"
    ::warning file=migrations/V1__a%2C b.sql,line=2,endLine=2,col=3,endColumn=16,title=lint/drop-column::this drops a column: its values are lost and programs that name it fail%0Ahelp: deploy programs that do without the column first
    ::warning file=migrations/V1__a%2C b.sql,line=3,endLine=3,col=1,endColumn=7,title=lint/delete-without-where::this DELETE has no WHERE and removes every row%0Ahelp: add a WHERE
    ");
    let advice = document(&sandbox, &[&LINT[..], &["-v"]].concat(), "github", 0);
    assert!(advice.contains("\n::notice file="), "{advice}");
}

#[test]
fn a_report_of_junit() {
    let sandbox = migrations(&[("V1__a & b.sql", "ALTER TABLE t\n  DROP COLUMN a, ALGORITHM=INPLACE;\n")]);
    let arguments = [&LINT[..], &["--fail-on", "warning"]].concat();
    insta::assert_snapshot!(document(&sandbox, &arguments, "junit", 1), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="infra.migrate.lint" tests="1" failures="1" errors="0" skipped="0">
      <testsuite name="migrate.lint" tests="1" failures="1" errors="0" skipped="0">
        <testcase name="lint/drop-column at migrations/V1__a &amp; b.sql:2:3" classname="infra.migrate.lint" file="migrations/V1__a &amp; b.sql" line="2">
          <failure type="lint/drop-column" message="this drops a column: its values are lost and programs that name it fail">warning: this drops a column: its values are lost and programs that name it fail
    help: deploy programs that do without the column first</failure>
        </testcase>
      </testsuite>
    </testsuites>
    "#);

    let sandbox = migrations(&[("V1__a.sql", "CREATE VIEW a AS SELECT 1;\n")]);
    insta::assert_snapshot!(document(&sandbox, &LINT, "junit", 0), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="infra.migrate.lint" tests="1" failures="0" errors="0" skipped="0">
      <testsuite name="migrate.lint" tests="1" failures="0" errors="0" skipped="0">
        <testcase name="migrate.lint" classname="infra.migrate.lint"/>
      </testsuite>
    </testsuites>
    "#);
}

#[test]
fn each_area_of_check_is_a_suite() {
    let xml = document(&broken(), &["check"], "junit", 1);
    let count = |text: &str| xml.matches(text).count();
    let head = xml.lines().nth(1).unwrap_or_default();
    assert_eq!(
        head,
        format!(
            "<testsuites name=\"infra.check\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\">",
            count("<testcase "),
            count("<failure "),
            count("<skipped/>")
        )
    );
    assert_eq!(count("<testsuite "), 6, "{xml}");
    assert!(count("<failure ") >= 3 && count("<skipped/>") >= 1, "{xml}");
    // A warning does not fail, and is not lost either.
    assert!(xml.contains("<system-out>warning: "), "{xml}");
    assert!(xml.contains("<testcase name=\"baseline\" classname=\"infra.check.baseline\""), "{xml}");
}

#[test]
fn what_stops_a_command_is_in_every_format() {
    let sandbox = Sandbox::reference();
    let arguments = ["check", "--env", "production"];
    let run = sarif(&sandbox, &arguments, 2);
    let invocation = &run["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    let told = &invocation["toolConfigurationNotifications"][0];
    assert_eq!(told["descriptor"]["id"], "cli/unknown-environment");
    message(&told["message"]);
    let xml = document(&sandbox, &arguments, "junit", 2);
    assert!(xml.contains("errors=\"1\"") && xml.contains("<error type=\"cli/unknown-environment\""), "{xml}");
    let annotation = document(&sandbox, &arguments, "github", 2);
    assert!(annotation.starts_with("::error title=cli/unknown-environment::"), "{annotation}");
}

#[test]
fn formats_for_findings_are_refused_where_something_else_is_printed() {
    let sandbox = Sandbox::reference();
    for arguments in [&["render", "dev"][..], &["completions", "bash"], &["migrate", "lint", "--rules"]] {
        for format in ["sarif", "junit", "github"] {
            let outcome = infra(&sandbox).run(&[arguments, &["--format", format]].concat()).exits(2);
            assert_eq!(outcome.stdout, "", "{}", outcome.command);
            assert!(outcome.stderr.contains(&format!("--format {format}")), "{}", outcome.stderr);
        }
        let _ = infra(&sandbox).run(&[arguments, &["--format", "json"]].concat()).exits(0).json();
    }
    let script = infra(&sandbox).run(&["completions", "bash", "--format", "json"]).exits(0).json();
    assert!(script["script"].as_str().is_some_and(|script| script.contains("infra")), "{script}");
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn a_statement_that_fails_is_a_notification_and_a_refusal_is_results() {
    let sandbox =
        migrations(&[("V1__a.sql", "CREATE TABLE a (i INT);\n"), ("V2__b.sql", "SELECT 1;\nOOPS;\n")]);
    let database = Engine::MariaDb.database();
    let apply = |code| {
        let arguments = ["migrate", "apply", "--locations", "migrations", "--format", "sarif"];
        let log = infra(&sandbox).on(&database).run(&arguments).exits(code).json();
        log["runs"][0].clone()
    };
    let failed = apply(4);
    let invocation = &failed["invocations"][0];
    assert_eq!((&invocation["executionSuccessful"], &invocation["exitCode"]), (&false.into(), &4.into()));
    let place = &invocation["toolExecutionNotifications"][0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "migrations/V2__b.sql");
    assert_eq!(place["region"]["startLine"], 2);
    assert!(list(&failed["results"]).is_empty(), "{failed}");

    sandbox.remove("migrations/V2__b.sql").append("migrations/V1__a.sql", "-- an afterthought\n");
    let refused = apply(1);
    assert_eq!(refused["invocations"][0]["executionSuccessful"], true);
    let rules: Vec<_> = list(&refused["results"]).iter().map(|result| &result["ruleId"]).collect();
    assert!(rules.iter().any(|rule| *rule == "migrate/checksum-mismatch"), "{rules:?}");
}
