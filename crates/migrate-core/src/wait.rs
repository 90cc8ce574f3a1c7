//! Whether a database has the version that somebody waits for.

use std::fmt;

use crate::history::HistoryRow;
use crate::info::{InfoOptions, State, info};
use crate::version::MigrationVersion;

/// How far a database is from a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    /// The version, or a later one, is applied, and nothing failed.
    Ready,
    /// There is no history table yet.
    NoHistory,
    /// What is applied is older; nothing at all if there is no version.
    Behind(Option<String>),
    /// A migration failed; someone must decide.
    Failed(String),
}

impl fmt::Display for Readiness {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready => write!(formatter, "ready"),
            Self::NoHistory => write!(formatter, "there is no history table yet"),
            Self::Behind(Some(version)) => write!(formatter, "the schema is at version {version}"),
            Self::Behind(None) => write!(formatter, "no version is applied yet"),
            Self::Failed(name) => write!(formatter, "migration {name} failed"),
        }
    }
}

/// Judges a history, which is `None` if there is no table.
pub fn readiness(rows: Option<&[HistoryRow]>, at_least: &MigrationVersion) -> Readiness {
    let Some(rows) = rows else { return Readiness::NoHistory };
    // Without files, applied versions show as Future and what was deleted or undone as such.
    let info = info(&[], rows, &InfoOptions::default());
    if let Some(failed) = info.entries.iter().find(|entry| entry.state.is_failed()) {
        return Readiness::Failed(failed.name());
    }
    let live = info.entries.iter().filter(|entry| !matches!(entry.state, State::Deleted | State::Undone));
    let newest = live.filter_map(|entry| entry.row.filter(|row| !row.kind.is_undo())?.version.as_ref()).max();
    match newest {
        Some(version) if version >= at_least => Readiness::Ready,
        newest => Readiness::Behind(newest.map(ToString::to_string)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::info::tests::rows;

    #[track_caller]
    fn check(lines: &[&str], expected: &Readiness) {
        assert_eq!(&readiness(Some(&rows(lines)), &MigrationVersion::parse("2").unwrap()), expected);
    }

    #[test]
    fn a_version_is_there_when_it_or_a_later_one_is_applied() {
        check(&["1 SQL", "2 SQL"], &Readiness::Ready);
        check(&["10 SQL"], &Readiness::Ready);
        check(&["2.0 BASELINE"], &Readiness::Ready);
        check(&["1 SQL", "R:r SQL"], &Readiness::Behind(Some("1".into())));
        check(&[], &Readiness::Behind(None));
        assert_eq!(readiness(None, &MigrationVersion::parse("2").unwrap()), Readiness::NoHistory);
    }

    #[test]
    fn failures_and_what_is_gone_do_not_count() {
        check(&["2 SQL", "3 SQL failed"], &Readiness::Failed("3 (x)".into()));
        check(&["2 SQL", "R:r SQL failed"], &Readiness::Failed("`r`".into()));
        check(&["1 SQL", "2 SQL", "2 DELETE"], &Readiness::Behind(Some("1".into())));
        check(&["1 SQL", "2 SQL", "2 UNDO_SQL"], &Readiness::Behind(Some("1".into())));
    }
}
