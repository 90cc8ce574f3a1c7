//! SARIF 2.1.0, for code scanning.

use miette::Severity;
use migrate_core::lint;
use serde_json::{Map, Value, json};

use super::{Report, with_help};
use crate::exit::Exit;
use crate::finding::Finding;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

pub(super) fn write(report: &Report) -> String {
    let mut rules = Vec::new();
    let results: Vec<Value> =
        report.findings.iter().map(|finding| result(finding, index(&mut rules, finding))).collect();
    let notifications: Vec<Value> = report.failure.iter().map(notification).collect();
    let document = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "infra",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.into_iter().map(rule).collect::<Vec<_>>(),
            }},
            // Runs of different commands do not replace each other.
            "automationDetails": {"id": format!("infra/{}/", report.command)},
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": report.failure.is_none(),
                "exitCode": report.exit as u8,
                notifications_key(report.exit): notifications,
            }],
            "results": results,
        }],
    });
    format!("{document}\n")
}

/// SARIF keeps what is wrong with the arguments apart from what goes wrong later.
const fn notifications_key(exit: Exit) -> &'static str {
    match exit {
        Exit::Usage => "toolConfigurationNotifications",
        _ => "toolExecutionNotifications",
    }
}

/// The place of a finding's rule among those that occur; each is represented by its first finding.
fn index<'a>(rules: &mut Vec<&'a Finding>, finding: &'a Finding) -> usize {
    rules.iter().position(|known| known.rule == finding.rule).unwrap_or_else(|| {
        rules.push(finding);
        rules.len() - 1
    })
}

fn rule(first: &Finding) -> Value {
    let known = lint::rule(&first.rule);
    let words = || first.rule.replace('/', ": ").replace('-', " ");
    let summary = known.map_or_else(words, |rule| rule.summary.to_owned());
    let help = known.map(|rule| rule.help).or(first.help.as_deref()).unwrap_or(&summary);
    // Only the linter's rules are told of beside their findings; elsewhere the level in force stands for the default one.
    let severity = known.map_or(first.severity, |rule| rule.severity);
    json!({
        "id": first.rule,
        "shortDescription": message(&summary),
        "fullDescription": message(&summary),
        "help": message(help),
        "defaultConfiguration": {"level": level(severity)},
    })
}

fn result(finding: &Finding, rule: usize) -> Value {
    json!({
        "ruleId": finding.rule,
        "ruleIndex": rule,
        "level": level(finding.severity),
        "message": message(&with_help(finding)),
        "locations": locations(finding),
    })
}

fn notification(failure: &Finding) -> Value {
    json!({
        "descriptor": {"id": failure.rule},
        "level": level(failure.severity),
        "message": message(&with_help(failure)),
        "locations": locations(failure),
    })
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Advice => "note",
    }
}

/// A message in which braces are no placeholders.
fn message(text: &str) -> Value {
    json!({"text": text.replace('{', "{{").replace('}', "}}")})
}

/// Where it is; nowhere when no file is to blame.
fn locations(finding: &Finding) -> Vec<Value> {
    let Some(file) = finding.file.as_deref().filter(|file| !file.is_empty()) else { return Vec::new() };
    let mut region = Map::new();
    for (name, value) in [
        ("startLine", finding.line),
        ("startColumn", finding.column),
        ("endLine", finding.end_line),
        ("endColumn", finding.end_column),
    ] {
        region.extend(value.map(|value| (name.to_owned(), json!(value))));
    }
    let mut location = json!({"artifactLocation": artifact(file)});
    if finding.line.is_some() {
        location["region"] = Value::Object(region);
    }
    vec![json!({"physicalLocation": location})]
}

/// Relative paths are those of the repository, whose root only the reader knows.
fn artifact(file: &str) -> Value {
    if file.starts_with('/') {
        json!({"uri": format!("file://{}", encoded(file))})
    } else {
        json!({"uri": encoded(file), "uriBaseId": "%SRCROOT%"})
    }
}

/// A path as part of a URI: whatever is neither unreserved nor a slash is written in hexadecimal.
fn encoded(path: &str) -> String {
    let byte = |byte: u8| match byte {
        b'/' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    path.bytes().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::super::examples::{odd, report};
    use super::*;

    fn written(report: &Report) -> Value {
        let document: Value = serde_json::from_str(&write(report)).unwrap();
        document["runs"][0].clone()
    }

    #[test]
    fn paths_become_uris() {
        assert_eq!(encoded("a b/ü,50%:x.sql"), "a%20b/%C3%BC%2C50%25%3Ax.sql");
        assert_eq!(artifact("/a b")["uri"], "file:///a%20b");
        assert_eq!(artifact("a")["uriBaseId"], "%SRCROOT%");
    }

    #[test]
    fn a_rule_stands_once_with_its_own_level() {
        let other = Finding { rule: "k8s/no-probe".to_owned(), ..odd() };
        let run = written(&report(vec![Finding { severity: Severity::Error, ..odd() }, other, odd()]));
        let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
        assert_eq!(
            rules.iter().map(|rule| &rule["id"]).collect::<Vec<_>>(),
            ["lint/drop-column", "k8s/no-probe"]
        );
        // The linter's own level, whatever the configuration has made of it.
        assert_eq!(rules[0]["defaultConfiguration"]["level"], "warning");
        assert_eq!(rules[1]["shortDescription"]["text"], "k8s: no probe");
        let indices: Vec<_> =
            run["results"].as_array().unwrap().iter().map(|result| &result["ruleIndex"]).collect();
        assert_eq!(indices, [0, 1, 0]);
        assert_eq!(run["results"][0]["level"], "error");
    }

    #[test]
    fn braces_are_no_placeholders() {
        let text = written(&report(vec![odd()]))["results"][0]["message"]["text"].clone();
        assert!(text.as_str().unwrap().contains("\"${{x}}\""), "{text}");
    }

    #[test]
    fn a_failure_is_no_result() {
        let run = written(&Report { failure: Some(odd()), exit: Exit::Usage, ..report(Vec::new()) });
        let invocation = &run["invocations"][0];
        assert_eq!(invocation["executionSuccessful"], false);
        assert_eq!(invocation["exitCode"], 2);
        assert_eq!(invocation["toolConfigurationNotifications"][0]["descriptor"]["id"], "lint/drop-column");
        assert!(run["results"].as_array().unwrap().is_empty());
    }

    #[test]
    fn what_has_no_place_has_no_location() {
        let run = written(&report(vec![Finding { file: None, ..odd() }, Finding { line: None, ..odd() }]));
        assert!(run["results"][0]["locations"].as_array().unwrap().is_empty());
        let location = &run["results"][1]["locations"][0]["physicalLocation"];
        assert!(location.get("region").is_none(), "{location}");
    }
}
