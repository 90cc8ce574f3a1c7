//! What a command came to, written for machines: one file a format, all from the same [`Report`].

mod github;
mod json;
mod junit;
mod sarif;

use std::time::Duration;

use miette::{Diagnostic, Severity};
use serde_json::{Map, Value};

use crate::args::{Format, Global};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::finding::{BoxedFinding, Finding};
use crate::outcome::{Outcome, lowest};

/// What every format is made from.
#[derive(Debug)]
struct Report {
    /// The command's name in the JSON schema: `migrate.lint`.
    command: &'static str,
    exit: Exit,
    /// What kept the command from running to its end.
    failure: Option<Finding>,
    findings: Vec<Finding>,
    /// The parts that the findings are of, in their order; empty when the command has none.
    parts: Vec<Part>,
    /// The command's own keys of the JSON object.
    details: Map<String, Value>,
    /// From this severity on a finding makes the exit code 1.
    lowest: Severity,
    /// Whether people asked for advice, too.
    verbose: bool,
}

/// A part of a command that is judged by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    /// Its name.
    pub(crate) name: &'static str,
    /// How many of the findings are of it.
    pub(crate) findings: usize,
    /// Whether something of it could not be looked at.
    pub(crate) skipped: bool,
    /// What it took, where that is measured.
    pub(crate) time: Option<Duration>,
}

/// Writes what a command came to; `None` in the format for people, which is no document.
pub(crate) fn write(
    command: &'static str,
    exit: Exit,
    result: Result<Outcome, Failure>,
    global: &Global,
) -> Option<String> {
    let report = || Report::new(command, exit, result, global);
    match global.format {
        Format::Human
        | Format::Sql
        | Format::Tree
        | Format::Dot
        | Format::Mermaid
        | Format::Svg
        | Format::Txt
        | Format::Csv
        | Format::Md => None,
        Format::Json => Some(json::write(report())),
        Format::Sarif => Some(sarif::write(&report())),
        Format::Junit => Some(junit::write(&report())),
        Format::Github => Some(github::write(&report())),
    }
}

impl Report {
    fn new(command: &'static str, exit: Exit, result: Result<Outcome, Failure>, global: &Global) -> Self {
        let mut report = Self {
            command,
            exit,
            failure: None,
            findings: Vec::new(),
            parts: Vec::new(),
            details: Map::new(),
            lowest: lowest(global.fail_on),
            verbose: global.verbose,
        };
        match result {
            Ok(outcome) => {
                let view = |finding: &BoxedFinding| Finding::from(finding.as_ref() as &dyn Diagnostic);
                report.findings = outcome.findings.iter().map(view).collect();
                report.parts = outcome.parts;
                report.details = outcome.details;
                if let Some(key) = outcome.summary_key {
                    report.details.insert(key.to_owned(), Value::String(outcome.summary));
                }
            }
            Err(Failure { exit, diagnostic }) => {
                let failure = Finding::from(diagnostic.as_ref() as &dyn Diagnostic);
                // A command that was refused because of what it found has done its work.
                if exit == Exit::Findings {
                    report.findings.push(failure);
                } else {
                    report.failure = Some(failure);
                }
                // What a refusal consists of is as much worth to a machine as the refusal.
                report.findings.extend(diagnostic.related().into_iter().flatten().map(Finding::from));
            }
        }
        report
    }
}

/// What is wrong, and below it what to do.
fn with_help(finding: &Finding) -> String {
    match &finding.help {
        Some(help) => format!("{}\nhelp: {help}", finding.message),
        None => finding.message.clone(),
    }
}

/// The findings that the tests of the formats write.
#[cfg(test)]
mod examples {
    use super::*;

    /// A warning with a place and everything that a format may have to escape.
    pub(super) fn odd() -> Finding {
        Finding {
            file: Some("a b/ü,50%:x.sql".to_owned()),
            line: Some(2),
            column: Some(8),
            end_line: Some(2),
            end_column: Some(9),
            severity: Severity::Warning,
            rule: "lint/drop-column".to_owned(),
            message: "odd <word> \"${x}\" & \u{1}100%\r\nhere".to_owned(),
            help: Some("write ]]> another".to_owned()),
        }
    }

    /// A report on findings, of a command that ran to its end.
    pub(super) fn report(findings: Vec<Finding>) -> Report {
        Report {
            command: "migrate.lint",
            exit: Exit::Ok,
            failure: None,
            findings,
            parts: Vec::new(),
            details: Map::new(),
            lowest: Severity::Error,
            verbose: false,
        }
    }
}
