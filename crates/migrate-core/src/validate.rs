//! What is wrong between files and history, by the rules of Flyway's `validate`.

use miette::SourceSpan;

use crate::finding::Finding;
use crate::history::{RowKind, abbreviate_description};
use crate::info::{Entry, Info, State};
use crate::migration::Migration;

/// States that are no fault, as `*:pending` or `repeatable:missing`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IgnorePattern {
    kind: String,
    state: String,
}

impl IgnorePattern {
    /// Reads `TYPE:STATE`: `*`, `repeatable` or `versioned`, and `*`, `missing`, `pending`, `ignored` or `future`.
    /// `None`: it is not of this form.
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, state) = text.split_once(':')?;
        let (kind, state) = (kind.trim().to_ascii_lowercase(), state.trim().to_ascii_lowercase());
        let known = ["*", "repeatable", "versioned"].contains(&kind.as_str())
            && ["*", "missing", "pending", "ignored", "future"].contains(&state.as_str());
        known.then_some(Self { kind, state })
    }

    fn matches(&self, is_repeatable: bool, state: State) -> bool {
        (self.kind == "*" || (self.kind == "repeatable") == is_repeatable)
            && (self.state == "*" || self.state == state.to_string().to_ascii_lowercase())
    }
}

/// What `validate` lets pass. `Default` is Flyway's: `*:future`.
#[derive(Debug, Clone)]
pub struct ValidateOptions {
    /// Any that matches excuses a state.
    pub ignore: Vec<IgnorePattern>,
}

impl Default for ValidateOptions {
    fn default() -> Self {
        Self { ignore: IgnorePattern::parse("*:future").into_iter().collect() }
    }
}

impl ValidateOptions {
    /// The same, and pending migrations are fine: what is asked before they are applied.
    #[must_use]
    pub fn with_pending(&self) -> Self {
        let mut ignore = self.ignore.clone();
        ignore.extend(IgnorePattern::parse("*:pending"));
        Self { ignore }
    }

    /// The same, and so are those that stay out: what is asked before some are picked.
    #[must_use]
    pub fn with_waiting(&self) -> Self {
        let mut options = self.with_pending();
        options.ignore.extend(IgnorePattern::parse("*:ignored"));
        options
    }

    /// Whether a pattern excuses this state.
    pub fn ignores(&self, is_repeatable: bool, state: State) -> bool {
        self.ignore.iter().any(|pattern| pattern.matches(is_repeatable, state))
    }
}

/// At most one finding per line of `info`, in their order.
pub fn validate(info: &Info<'_, '_>, options: &ValidateOptions) -> Vec<Finding> {
    let duplicates = info.duplicate_deletes.iter().map(|row| Finding::DuplicateDelete {
        name: row.version.as_ref().map_or_else(|| row.description.clone(), ToString::to_string),
    });
    duplicates.chain(info.entries.iter().filter_map(|entry| check(entry, info, options))).collect()
}

fn check(entry: &Entry<'_, '_>, info: &Info<'_, '_>, options: &ValidateOptions) -> Option<Finding> {
    let state = entry.state;
    let repeatable = entry.version().is_none();
    if matches!(state, State::Undone | State::AboveTarget | State::Deleted)
        || options.ignores(repeatable, state)
    {
        return None;
    }
    let excused = state == State::FutureFailed && options.ignores(repeatable, State::Future);
    if state.is_failed() && !excused {
        return Some(Finding::Failed { name: entry.name(), repeatable });
    }
    match (entry.migration, entry.row) {
        (None, Some(row)) => {
            let is_real = !row.kind.is_synthetic() && !row.kind.is_undo();
            (is_real && state != State::Superseded && !excused).then(|| Finding::Missing {
                name: entry.name(),
                script: row.script.clone(),
                repeatable,
            })
        }
        (Some(migration), None) => unapplied(entry, migration),
        (Some(migration), Some(_)) if state == State::Outdated => {
            let (src, span) = (migration.source.clone(), START.into());
            (!options.ignores(true, State::Pending)).then(|| Finding::Outdated {
                description: migration.description.clone(),
                src,
                span,
            })
        }
        (Some(migration), Some(_)) if entry.version() > info.applied_baseline => changed(entry, migration),
        _ => None,
    }
}

const START: (usize, usize) = (0, 0);

fn unapplied(entry: &Entry<'_, '_>, migration: &Migration) -> Option<Finding> {
    let (name, src, span) = (entry.name(), migration.source.clone(), SourceSpan::from(START));
    match entry.state {
        State::Pending => Some(Finding::Pending { name, repeatable: migration.version.is_none(), src, span }),
        State::Ignored if entry.kind() != RowKind::SQL_BASELINE => Some(Finding::Ignored { name, src, span }),
        _ => None,
    }
}

/// A versioned file against its row. Repeatable ones are matched by description and judged by state.
fn changed(entry: &Entry<'_, '_>, migration: &Migration) -> Option<Finding> {
    let (row, version) = (entry.row?, entry.version()?);
    let (src, span) = (migration.source.clone(), SourceSpan::from(START));
    if !migration.has_checksum(row.checksum) {
        return Some(Finding::ChecksumMismatch {
            name: entry.name(),
            applied: row.checksum.map_or_else(|| "null".to_owned(), |checksum| checksum.to_string()),
            resolved: migration.checksum,
            src,
            span,
        });
    }
    (abbreviate_description(&migration.description) != row.description).then(|| {
        Finding::DescriptionMismatch {
            name: version.to_string(),
            applied: row.description.clone(),
            resolved: migration.description.clone(),
            src,
            span,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::info::tests::{files, rows};
    use crate::info::{InfoOptions, Target, info};

    #[track_caller]
    fn check(names: &[&str], history: &[&str], ignore: &[&str], expected: &[&str]) {
        let (files, rows) = (files(names), rows(history));
        let info = info(&files, &rows, &InfoOptions::default());
        let ignore = ignore.iter().map(|pattern| IgnorePattern::parse(pattern).unwrap()).collect();
        let findings = validate(&info, &ValidateOptions { ignore });
        let codes: Vec<_> = findings.iter().map(|finding| finding.flyway_code().unwrap()).collect();
        assert_eq!(codes, expected, "{findings:?}");
    }

    #[test]
    fn each_fault_has_its_code() {
        check(&["V1__x.sql"], &["1 SQL"], &[], &[]);
        check(&["V1__x.sql"], &[], &[], &["RESOLVED_VERSIONED_MIGRATION_NOT_APPLIED"]);
        check(&["R__r.sql"], &[], &[], &["RESOLVED_REPEATABLE_MIGRATION_NOT_APPLIED"]);
        check(&["V1__x.sql", "V2__x.sql"], &["2 SQL"], &[], &["RESOLVED_VERSIONED_MIGRATION_NOT_APPLIED"]);
        check(&["V2__x.sql"], &["1 SQL", "2 SQL"], &[], &["APPLIED_VERSIONED_MIGRATION_NOT_RESOLVED"]);
        check(&[], &["R:r SQL"], &[], &["APPLIED_REPEATABLE_MIGRATION_NOT_RESOLVED"]);
        check(&["V1__x.sql"], &["1 SQL failed"], &[], &["FAILED_VERSIONED_MIGRATION"]);
        check(&["R__r.sql"], &["R:r SQL failed"], &[], &["FAILED_REPEATABLE_MIGRATION"]);
        check(&["V1__x.sql"], &["1 SQL changed"], &[], &["CHECKSUM_MISMATCH"]);
        check(&["V1__y.sql"], &["1 SQL"], &[], &["DESCRIPTION_MISMATCH"]);
        check(
            &["R__r.sql"],
            &["R:r SQL changed"],
            &["*:future"],
            &["OUTDATED_REPEATABLE_MIGRATION", "RESOLVED_REPEATABLE_MIGRATION_NOT_APPLIED"],
        );
        check(&[], &["1 SQL", "1 DELETE", "1 DELETE"], &[], &["DUPLICATE_DELETED_MIGRATION"]);
    }

    #[test]
    fn patterns_excuse_by_state_and_kind() {
        check(&["V1__x.sql"], &["2 SQL"], &["*:future", "*:ignored"], &[]);
        check(
            &["V1__x.sql"],
            &["1 SQL", "2 SQL"],
            &["*:missing"],
            &["APPLIED_VERSIONED_MIGRATION_NOT_RESOLVED"],
        );
        check(&["V1__x.sql"], &["1 SQL", "2 SQL failed"], &["*:future"], &[]);
        check(&["V3__x.sql"], &["1 SQL failed", "3 SQL"], &["*:missing"], &["FAILED_VERSIONED_MIGRATION"]);
        check(&["R__r.sql"], &["R:r SQL changed"], &["*:pending"], &[]);
        check(
            &["V1__x.sql", "R__r.sql"],
            &[],
            &["versioned:pending"],
            &["RESOLVED_REPEATABLE_MIGRATION_NOT_APPLIED"],
        );
        assert!(IgnorePattern::parse("pending").is_none() && IgnorePattern::parse("*:nope").is_none());
    }

    #[test]
    fn what_lies_below_the_baseline_is_not_compared() {
        check(&["V1__x.sql", "V2__x.sql"], &["1 SQL changed", "2 BASELINE"], &[], &[]);
        check(&["B1__x.sql"], &["1 SQL_BASELINE changed"], &[], &[]);
    }

    #[test]
    fn above_the_target_nothing_is_missing() {
        let (files, rows) = (files(&["V1__x.sql", "V2__x.sql"]), rows(&["1 SQL"]));
        let options = InfoOptions { target: Target::parse("1").unwrap(), ..InfoOptions::default() };
        assert!(validate(&info(&files, &rows, &options), &ValidateOptions { ignore: Vec::new() }).is_empty());
    }

    #[test]
    fn a_mismatch_shows_both_values() {
        let (files, rows) = (files(&["V1__x.sql"]), rows(&["1 SQL changed"]));
        let findings = validate(&info(&files, &rows, &InfoOptions::default()), &ValidateOptions::default());
        let text = findings[0].to_string();
        assert!(text.contains("78787420") && text.contains(" 1"), "{text}");
    }
}
