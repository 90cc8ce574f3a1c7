//! Annotations of GitHub Actions: one workflow command a line, which the runner takes out of the log.

use std::fmt::Display;

use miette::Severity;

use super::{Report, with_help};
use crate::finding::Finding;

pub(super) fn write(report: &Report) -> String {
    // Of advice people see ten lines a step at most, so it must not push out what they asked about.
    let is_shown = |finding: &&Finding| {
        report.verbose || finding.severity > Severity::Advice || finding.severity >= report.lowest
    };
    report.failure.iter().chain(report.findings.iter().filter(is_shown)).map(annotation).collect()
}

fn annotation(finding: &Finding) -> String {
    let command = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Advice => "notice",
    };
    let mut properties = Vec::new();
    let mut property = |name: &str, value: Option<&dyn Display>| {
        properties.extend(value.map(|value| format!("{name}={}", escaped_property(&value.to_string()))));
    };
    property("file", finding.file.as_ref().map(|file| file as _));
    property("line", finding.line.as_ref().map(|line| line as _));
    property("endLine", finding.end_line.as_ref().map(|line| line as _));
    // The runner drops columns of a place that spans lines, and says so in the log.
    if finding.line == finding.end_line {
        property("col", finding.column.as_ref().map(|column| column as _));
        property("endColumn", finding.end_column.as_ref().map(|column| column as _));
    }
    property("title", Some(&finding.rule));
    format!("::{command} {}::{}\n", properties.join(","), escaped(&with_help(finding)))
}

fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn escaped_property(text: &str) -> String {
    escaped(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::super::examples::{odd, report};
    use super::*;

    #[test]
    fn what_would_end_a_property_or_a_line_is_escaped() {
        assert_eq!(
            write(&report(vec![odd()])),
            "::warning file=a b/ü%2C50%25%3Ax.sql,line=2,endLine=2,col=8,endColumn=9,title=lint/drop-column\
             ::odd <word> \"${x}\" & \u{1}100%25%0D%0Ahere%0Ahelp: write ]]> another\n"
        );
    }

    #[test]
    fn a_place_of_several_lines_has_no_columns() {
        let finding = Finding { end_line: Some(3), ..odd() };
        let line = write(&report(vec![finding]));
        assert!(line.contains("line=2,endLine=3,title="), "{line}");
    }

    #[test]
    fn advice_is_for_those_who_ask_for_it() {
        let advice = || report(vec![Finding { severity: Severity::Advice, file: None, line: None, ..odd() }]);
        assert_eq!(write(&advice()), "");
        for asked in [Report { verbose: true, ..advice() }, Report { lowest: Severity::Advice, ..advice() }] {
            assert!(write(&asked).starts_with("::notice endLine="));
        }
    }
}
