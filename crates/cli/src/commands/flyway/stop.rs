//! What ends a run, in Flyway's words and with its error codes.

use migrate_core::{Error, Finding};
use serde_json::{Value, json};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::finding::BoxedFinding;

/// Why a run ended before its time.
pub(super) struct Stop {
    /// Flyway's words.
    pub(super) message: String,
    /// The JSON object for `error`.
    pub(super) error: Box<Value>,
    /// Our own, with places and help.
    pub(super) reports: Vec<BoxedFinding>,
    /// 1, or 130 for an interrupt.
    pub(super) exit: Exit,
}

impl Stop {
    /// An error with Flyway's code for it.
    pub(super) fn new(code: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        let error = Box::new(json!({ "errorCode": code, "message": message, "cause": null }));
        Self { message, error, reports: Vec::new(), exit: Exit::Findings }
    }

    /// A configuration that cannot be used.
    pub(super) fn configuration(problems: Vec<BoxedFinding>) -> Self {
        let messages: Vec<_> = problems.iter().map(ToString::to_string).collect();
        Self { reports: problems, ..Self::new("CONFIGURATION", messages.join("\n")) }
    }

    /// Files that contradict each other or cannot be read.
    pub(super) fn files(findings: Vec<Finding>) -> Self {
        let (code, message) = files_in_words(&findings);
        let reports = findings.into_iter().map(|finding| Box::new(finding) as BoxedFinding).collect();
        Self { reports, ..Self::new(code, message) }
    }

    /// An error of the engine. `validates` says whether what does not fit was looked for, or only met.
    pub(super) fn engine(error: Error, schema: &str, validates: bool) -> Self {
        let interrupted = matches!(error, Error::Stopped { .. });
        let mut stop = match error {
            Error::Invalid { findings } => return Self::invalid(findings, schema, validates),
            Error::Unreachable { .. } | Error::Tls { .. } => not_connected(&error, "", 0),
            Error::Refused { code, .. } => not_connected(&error, "28000", code),
            Error::NonEmptySchema { ref schema, .. } => Self::new(
                "NON_EMPTY_SCHEMA_WITHOUT_SCHEMA_HISTORY_TABLE",
                format!(
                    "Found non-empty schema(s) `{schema}` but no schema history table. Use baseline() or set baselineOnMigrate to \
                     true to initialize the schema history table."
                ),
            ),
            Error::MissingTarget { ref version } => Self::new(
                "ERROR",
                format!(
                    "No migration with a target version {version} could be found. Ensure target is specified correctly and the \
                     migration exists."
                ),
            ),
            Error::MissingLocation { ref path } => Self::new(
                "ERROR",
                format!("Failed to find filesystem location: {} (not found)", path.display()),
            ),
            Error::BaselineExists { ref schema } => Self::new(
                "ERROR",
                format!(
                    "Unable to baseline schema history table of `{schema}` as it already contains migrations"
                ),
            ),
            Error::Url { .. } => Self::new("CONFIGURATION", error.to_string()),
            _ => Self::new("ERROR", error.to_string()),
        };
        if interrupted {
            stop.exit = Exit::Interrupted;
        }
        stop.reports.push(Box::new(error));
        stop
    }

    fn invalid(findings: Vec<Finding>, schema: &str, validates: bool) -> Self {
        let failed = findings.iter().find(|finding| matches!(finding, Finding::Failed { .. }));
        let mut stop = match failed.and_then(in_words) {
            Some(words) if !validates => Self::new(
                words.code,
                match &words.version {
                    Some(version) => {
                        format!("Schema `{schema}` contains a failed migration to version {version} !")
                    }
                    None => format!(
                        "Schema `{schema}` contains a failed repeatable migration (\"{}\") !",
                        words.description
                    ),
                },
            ),
            _ => {
                let messages: Vec<_> =
                    findings.iter().filter_map(in_words).map(|words| words.message).collect();
                if messages.is_empty() {
                    return Self::files(findings);
                }
                let messages = messages.join("\n");
                Self::new(
                    "VALIDATE_ERROR",
                    format!("Validate failed: Migrations have failed validation\n{messages}"),
                )
            }
        };
        stop.reports.extend(findings.into_iter().map(|finding| Box::new(finding) as BoxedFinding));
        stop
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        let exit = if failure.exit == Exit::Interrupted { Exit::Interrupted } else { Exit::Findings };
        let stop = Self::new("ERROR", failure.to_string());
        Self { reports: vec![failure.diagnostic], exit, ..stop }
    }
}

fn not_connected(error: &Error, state: &str, code: u16) -> Stop {
    let message = format!("Unable to obtain connection from database: {error}");
    Stop {
        error: Box::new(json!({
            "errorCode": "DB_CONNECTION",
            "subErrorCode": "CONNECTION_FAILURE",
            "sqlState": state,
            "sqlErrorCode": code,
            "message": message,
            "cause": null,
        })),
        ..Stop::new("DB_CONNECTION", message)
    }
}

/// A finding of `validate` as Flyway puts it.
pub(super) struct Words {
    pub(super) code: &'static str,
    pub(super) message: String,
    /// Absent for repeatable migrations.
    pub(super) version: Option<String>,
    pub(super) description: String,
    /// The file, if there is one.
    pub(super) file: String,
}

/// Flyway's words for what does not fit between files and history; `None` for anything else.
pub(super) fn in_words(finding: &Finding) -> Option<Words> {
    const FAILED: &str =
        "Please remove any half-completed changes then run repair to fix the schema history.";
    const PENDING: &str =
        "To fix this error, either run migrate, or set -ignoreMigrationPatterns='*:pending'.";
    const MISSING: &str =
        "If you removed this migration intentionally, run repair to mark the migration as deleted.";
    const IGNORED: &str = "To ignore this migration, set -ignoreMigrationPatterns='*:ignored'. To allow executing this migration, set -outOfOrder=true.";
    const EITHER: &str =
        "Either revert the changes to the migration, or run repair to update the schema history.";
    let (name, file) = match finding {
        Finding::Failed { name, .. } | Finding::Missing { name, .. } | Finding::DuplicateDelete { name } => {
            (name.as_str(), "")
        }
        Finding::Pending { name, src, .. }
        | Finding::Ignored { name, src, .. }
        | Finding::ChecksumMismatch { name, src, .. }
        | Finding::DescriptionMismatch { name, src, .. } => (name.as_str(), src.name()),
        Finding::Outdated { description, src, .. } => (description.as_str(), src.name()),
        _ => return None,
    };
    let (version, description) = match finding {
        Finding::DescriptionMismatch { applied, .. } => (Some(name.to_owned()), applied.clone()),
        _ => parts(name),
    };
    let which = version.clone().unwrap_or_else(|| description.clone());
    let mismatch = |what: &str, applied: &dyn std::fmt::Display, resolved: &dyn std::fmt::Display| {
        format!(
            "Migration {what} mismatch for migration version {which}\n-> Applied to database : {applied}\n\
             -> Resolved locally    : {resolved}\n{EITHER}"
        )
    };
    let message = match finding {
        Finding::Failed { repeatable: false, .. } => {
            format!("Detected failed migration to version {which} ({description}).\n{FAILED}")
        }
        Finding::Failed { .. } => format!("Detected failed repeatable migration: {which}.\n{FAILED}"),
        Finding::Missing { .. } => {
            format!("Detected applied migration not resolved locally: {which}.\n{MISSING}")
        }
        Finding::Pending { repeatable: false, .. } => {
            format!("Detected resolved migration not applied to database: {which}.\n{PENDING}")
        }
        Finding::Pending { .. } => {
            format!("Detected resolved repeatable migration not applied to database: {which}.\n{PENDING}")
        }
        Finding::Ignored { .. } => {
            format!("Detected resolved migration not applied to database: {which}.\n{IGNORED}")
        }
        Finding::Outdated { .. } => format!(
            "Detected outdated resolved repeatable migration that should be re-applied to database: {which}.\nRun migrate to execute \
             this migration."
        ),
        Finding::ChecksumMismatch { applied, resolved, .. } => mismatch("checksum", applied, resolved),
        Finding::DescriptionMismatch { applied, resolved, .. } => mismatch("description", applied, resolved),
        _ => "Corrupted schema history: multiple delete entries".to_owned(),
    };
    let code = finding.flyway_code()?;
    Some(Words { code, message, version, description, file: file.to_owned() })
}

/// Version and description of a name such as `1.2 (add orders)` or `` `views` ``.
fn parts(name: &str) -> (Option<String>, String) {
    match name.split_once(" (").and_then(|(version, rest)| Some((version, rest.strip_suffix(')')?))) {
        Some((version, description)) if !name.starts_with('`') => {
            (Some(version.to_owned()), description.to_owned())
        }
        _ => (None, name.trim_matches('`').to_owned()),
    }
}

/// Flyway's code and words for files that cannot be used. It stops at the first.
fn files_in_words(findings: &[Finding]) -> (&'static str, String) {
    let errors = || findings.iter().filter(|finding| finding.is_error());
    for finding in errors() {
        let code = finding.flyway_code().unwrap_or("ERROR");
        let offenders =
            |first: &str, second: &str| format!("Offenders:\n-> {first} (SQL)\n-> {second} (SQL)");
        match finding {
            Finding::DuplicateVersion { version, first, second, .. } => {
                let offenders = offenders(first, second);
                return (code, format!("Found more than one migration with version {version}\n{offenders}"));
            }
            Finding::DuplicateRepeatable { description, first, second, .. } => {
                let offenders = offenders(first, second);
                return (
                    code,
                    format!(
                        "Found more than one repeatable migration with description {description}\n{offenders}"
                    ),
                );
            }
            Finding::BadName { .. } => {
                let names: Vec<_> = errors()
                    .filter(|finding| matches!(finding, Finding::BadName { .. }))
                    .map(ToString::to_string)
                    .collect();
                return (code, format!("Invalid SQL filenames found:\r\n{}", names.join("\r\n")));
            }
            Finding::UnknownPlaceholder { name, src, spans, .. } => {
                let at = spans.first().map_or(0, miette::SourceSpan::offset);
                let (line, column) = migrate_core::script::position_at(src.inner(), at);
                return (
                    code,
                    format!(
                        "Unable to parse statement in {} at line {line} col {column}. No value provided for placeholder: ${{{name}}}.  \
                         Check your configuration!",
                        src.name()
                    ),
                );
            }
            _ => {}
        }
    }
    let all: Vec<_> = errors().map(ToString::to_string).collect();
    ("ERROR", all.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        assert_eq!(parts("1.2 (add (more) orders)"), (Some("1.2".into()), "add (more) orders".into()));
        assert_eq!(parts("`views (all)`"), (None, "views (all)".into()));
    }
}
