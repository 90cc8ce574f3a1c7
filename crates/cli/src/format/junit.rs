//! JUnit XML: a suite for each part of the command, a test case for each rule at each place.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Part, Report, with_help};
use crate::finding::{Finding, severity_name};

pub(super) fn write(report: &Report) -> String {
    let name = format!("infra.{}", report.command);
    let whole = Part { name: report.command, findings: report.findings.len(), skipped: false, time: None };
    let parts = if report.parts.is_empty() { vec![whole] } else { report.parts.clone() };
    let mut findings = report.findings.as_slice();
    let mut suites = Vec::new();
    for part in &parts {
        let (own, rest) = findings.split_at(part.findings.min(findings.len()));
        findings = rest;
        suites.push(suite(&name, part, own, report));
    }
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let total = suites.iter().fold(Counts::default(), |sum, (counts, _)| sum.and(*counts));
    let _ = writeln!(text, "<testsuites name=\"{}\"{}>", attribute(&name), total.attributes());
    text.extend(suites.into_iter().map(|(_, suite)| suite));
    text + "</testsuites>\n"
}

/// What a suite holds.
#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

impl Counts {
    fn and(self, other: Self) -> Self {
        Self {
            tests: self.tests + other.tests,
            failures: self.failures + other.failures,
            errors: self.errors + other.errors,
            skipped: self.skipped + other.skipped,
        }
    }

    fn attributes(self) -> String {
        let Self { tests, failures, errors, skipped } = self;
        format!(" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\"")
    }
}

/// A suite with what it counts. A part in which nothing was found is a test that passed.
fn suite(name: &str, part: &Part, findings: &[Finding], report: &Report) -> (Counts, String) {
    let class = if part.name == report.command { name.to_owned() } else { format!("{name}.{}", part.name) };
    let mut counts = Counts::default();
    let mut cases = String::new();
    if let Some(failure) = &report.failure {
        counts.tests += 1;
        counts.errors += 1;
        cases += &case(&class, failure, &problem("error", failure));
    }
    for same in by_place(findings) {
        let (failing, noted): (Vec<&Finding>, Vec<_>) =
            same.iter().partition(|finding| finding.severity >= report.lowest);
        counts.tests += 1;
        counts.failures += usize::from(!failing.is_empty());
        let mut inside: String = failing.iter().map(|finding| problem("failure", finding)).collect();
        if !noted.is_empty() {
            let notes: Vec<_> = noted.iter().map(|finding| told(finding)).collect();
            inside += &format!("      <system-out>{}</system-out>\n", element(&notes.join("\n")));
        }
        cases += &case(&class, same[0], &inside);
    }
    if part.skipped || counts.tests == 0 {
        counts.tests += 1;
        counts.skipped += usize::from(part.skipped);
        let inside = if part.skipped { "><skipped/></testcase>" } else { "/>" };
        let _ = writeln!(
            cases,
            "    <testcase name=\"{}\" classname=\"{}\"{inside}",
            attribute(part.name),
            attribute(&class)
        );
    }
    let time = part.time.map_or_else(String::new, |time| format!(" time=\"{:.3}\"", time.as_secs_f64()));
    let suite = format!(
        "  <testsuite name=\"{}\"{}{time}>\n{cases}  </testsuite>\n",
        attribute(part.name),
        counts.attributes()
    );
    (counts, suite)
}

/// Findings of one rule at one place are one test case: readers tell cases apart by their names.
fn by_place(findings: &[Finding]) -> Vec<Vec<&Finding>> {
    let mut cases: Vec<Vec<&Finding>> = Vec::new();
    let mut known = BTreeMap::new();
    for finding in findings {
        let case = *known.entry(title(finding)).or_insert_with(|| {
            cases.push(Vec::new());
            cases.len() - 1
        });
        cases[case].push(finding);
    }
    cases
}

/// The rule and the place.
fn title(finding: &Finding) -> String {
    let place = [
        finding.file.clone(),
        finding.line.map(|line| line.to_string()),
        finding.column.map(|column| column.to_string()),
    ];
    let place: Vec<String> = place.into_iter().flatten().collect();
    if place.is_empty() { finding.rule.clone() } else { format!("{} at {}", finding.rule, place.join(":")) }
}

fn case(class: &str, finding: &Finding, inside: &str) -> String {
    let file =
        finding.file.as_deref().map_or_else(String::new, |file| format!(" file=\"{}\"", attribute(file)));
    let line = finding.line.map_or_else(String::new, |line| format!(" line=\"{line}\""));
    format!(
        "    <testcase name=\"{}\" classname=\"{}\"{file}{line}>\n{inside}    </testcase>\n",
        attribute(&title(finding)),
        attribute(class)
    )
}

/// Why a test did not pass.
fn problem(tag: &str, finding: &Finding) -> String {
    format!(
        "      <{tag} type=\"{}\" message=\"{}\">{}</{tag}>\n",
        attribute(&finding.rule),
        attribute(&finding.message),
        element(&told(finding))
    )
}

fn told(finding: &Finding) -> String {
    format!("{}: {}", severity_name(finding.severity), with_help(finding))
}

/// Text for an attribute in double quotes, where readers make blanks of tabs and line ends.
fn attribute(text: &str) -> String {
    element(text).replace('\t', "&#9;").replace('\n', "&#10;")
}

/// Text for an element. What XML 1.0 can hold in no way is replaced.
fn element(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\r' => escaped += "&#13;",
            '\t' | '\n' => escaped.push(character),
            '\u{0}'..'\u{20}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            character => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use miette::Severity;

    use super::super::examples::{odd, report};
    use super::*;
    use crate::exit::Exit;

    #[test]
    fn text_is_escaped() {
        let odd = "<a b=\"c\">&\t\r\n\u{0}\u{1b}\u{ffff}ü]]>";
        let replaced = "\u{fffd}\u{fffd}\u{fffd}ü]]&gt;";
        assert_eq!(element(odd), format!("&lt;a b=&quot;c&quot;&gt;&amp;\t&#13;\n{replaced}"));
        assert_eq!(attribute(odd), format!("&lt;a b=&quot;c&quot;&gt;&amp;&#9;&#13;&#10;{replaced}"));
    }

    #[test]
    fn a_warning_fails_where_it_counts() {
        let xml = write(&report(vec![odd()]));
        assert!(
            xml.contains("tests=\"1\" failures=\"0\"") && xml.contains("<system-out>warning: odd"),
            "{xml}"
        );
        let xml = write(&Report { lowest: Severity::Warning, ..report(vec![odd()]) });
        assert!(
            xml.contains("failures=\"1\"") && xml.contains("<failure type=\"lint/drop-column\""),
            "{xml}"
        );
    }

    #[test]
    fn one_rule_at_one_place_is_one_case() {
        let other = Finding { message: "another".to_owned(), ..odd() };
        let elsewhere = Finding { line: Some(9), ..odd() };
        let xml = write(&Report { lowest: Severity::Warning, ..report(vec![odd(), elsewhere, other]) });
        assert_eq!((xml.matches("<testcase").count(), xml.matches("<failure").count()), (2, 3), "{xml}");
        assert!(xml.contains("tests=\"2\" failures=\"2\""), "{xml}");
    }

    #[test]
    fn each_part_is_a_suite_and_what_is_well_passes() {
        let part =
            |name, findings, skipped| Part { name, findings, skipped, time: Some(Duration::from_millis(5)) };
        let parts = vec![part("migrations", 1, false), part("schema", 0, false), part("baseline", 0, true)];
        let xml = write(&Report { parts, lowest: Severity::Warning, ..report(vec![odd()]) });
        assert!(xml.contains("tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"1\""), "{xml}");
        assert!(xml.contains("<testcase name=\"schema\" classname=\"infra.migrate.lint.schema\"/>"), "{xml}");
        assert!(
            xml.contains("<testcase name=\"baseline\" classname=\"infra.migrate.lint.baseline\"><skipped/>"),
            "{xml}"
        );
        assert!(xml.contains("time=\"0.005\""), "{xml}");
    }

    #[test]
    fn a_failure_is_an_error() {
        let xml = write(&Report { failure: Some(odd()), exit: Exit::Usage, ..report(Vec::new()) });
        assert!(
            xml.contains("tests=\"1\" failures=\"0\" errors=\"1\"") && xml.contains("<error type="),
            "{xml}"
        );
    }
}
