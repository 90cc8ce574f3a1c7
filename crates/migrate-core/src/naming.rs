//! What a file name says about the migration inside it.
//!
//! `V1.2__add_orders.sql`: a prefix for the kind, the version, a separator, the description, a suffix.

use crate::migration::MigrationKind;
use crate::version::{MigrationVersion, VersionError};

/// The parts of file names that a project may choose. `Default` is Flyway's default.
#[derive(Debug, Clone)]
pub struct Naming {
    /// Prefix of versioned migrations, `V`.
    pub versioned_prefix: String,
    /// Prefix of repeatable migrations, `R`.
    pub repeatable_prefix: String,
    /// Prefix of migrations that stand for all versioned ones up to theirs, `B`.
    pub baseline_prefix: String,
    /// Prefix of migrations that reverse a versioned one, `U`.
    pub undo_prefix: String,
    /// What stands between version and description, `__`.
    pub separator: String,
    /// Endings of migration files, compared without regard to case, `.sql`.
    pub suffixes: Vec<String>,
}

impl Default for Naming {
    fn default() -> Self {
        Self {
            versioned_prefix: "V".into(),
            repeatable_prefix: "R".into(),
            baseline_prefix: "B".into(),
            undo_prefix: "U".into(),
            separator: "__".into(),
            suffixes: vec![".sql".into()],
        }
    }
}

/// The events whose names are file prefixes of their own: `afterMigrate.sql`, `beforeClean__notify.sql`.
pub const CALLBACK_EVENTS: [&str; 46] = [
    "afterBaseline",
    "afterBaselineError",
    "afterBaselineOperationFinish",
    "afterClean",
    "afterCleanError",
    "afterCleanOperationFinish",
    "afterConnect",
    "afterEachMigrate",
    "afterEachMigrateError",
    "afterEachMigrateStatement",
    "afterEachMigrateStatementError",
    "afterEachUndo",
    "afterEachUndoError",
    "afterEachUndoStatement",
    "afterEachUndoStatementError",
    "afterInfo",
    "afterInfoError",
    "afterInfoOperationFinish",
    "afterMigrate",
    "afterMigrateApplied",
    "afterMigrateError",
    "afterMigrateOperationFinish",
    "afterRepair",
    "afterRepairError",
    "afterRepairOperationFinish",
    "afterUndo",
    "afterUndoError",
    "afterUndoOperationFinish",
    "afterValidate",
    "afterValidateError",
    "afterValidateOperationFinish",
    "afterVersioned",
    "beforeBaseline",
    "beforeClean",
    "beforeCreateSchema",
    "beforeEachMigrate",
    "beforeEachMigrateStatement",
    "beforeEachUndo",
    "beforeEachUndoStatement",
    "beforeInfo",
    "beforeMigrate",
    "beforeRepair",
    "beforeRepeatables",
    "beforeUndo",
    "beforeValidate",
    "createSchema",
];

/// Endings of files that Flyway runs as programs rather than as SQL.
pub const PROGRAM_SUFFIXES: [&str; 6] = [".sh", ".bash", ".py", ".ps1", ".bat", ".cmd"];

/// A file name, understood.
#[derive(Debug, Clone)]
pub struct ParsedName {
    /// What the prefix says.
    pub kind: MigrationKind,
    /// Present for every kind that has one.
    pub version: Option<MigrationVersion>,
    /// The right-hand side with `_` as spaces; may be empty.
    pub description: String,
}

/// Why a file name with a migration's suffix is not a migration's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// It begins with no known prefix.
    #[error("it begins with none of the prefixes of migrations and callbacks")]
    UnknownPrefix,
    /// A versioned kind without a version.
    #[error("it has no version")]
    MissingVersion,
    /// What stands where the version belongs is none.
    #[error("`{text}` is not a version: {reason}")]
    BadVersion {
        /// What stands there.
        text: String,
        /// What is wrong with it.
        reason: VersionError,
    },
    /// A repeatable migration or callback with something before the separator.
    #[error("`{text}` stands where nothing may stand: this kind has no version")]
    UnexpectedVersion {
        /// What stands there.
        text: String,
    },
}

impl Naming {
    /// The name without the first suffix that matches, or `None` for a file that is no migration file at all.
    pub fn strip_suffix<'a>(&self, file_name: &'a str) -> Option<&'a str> {
        self.suffixes.iter().find_map(|suffix| strip_suffix_ignoring_case(file_name, suffix))
    }

    /// Whether a file's name is that of a migration, or of something that Flyway would execute or obey.
    pub fn is_of_interest(&self, file_name: &str) -> bool {
        let script = strip_suffix_ignoring_case(file_name, ".conf").unwrap_or(file_name);
        self.strip_suffix(script).is_some()
            || PROGRAM_SUFFIXES.iter().any(|suffix| strip_suffix_ignoring_case(file_name, suffix).is_some())
    }

    /// Reads a file name that has already lost its suffix.
    ///
    /// # Errors
    /// When the name follows none of the forms.
    pub fn parse(&self, stem: &str) -> Result<ParsedName, NameError> {
        let mut kinds = vec![
            (self.versioned_prefix.as_str(), MigrationKind::Versioned),
            (self.repeatable_prefix.as_str(), MigrationKind::Repeatable),
            (self.baseline_prefix.as_str(), MigrationKind::Baseline),
            (self.undo_prefix.as_str(), MigrationKind::Undo),
        ];
        kinds.extend(CALLBACK_EVENTS.iter().map(|event| (*event, MigrationKind::Callback(event))));
        let (prefix, kind) = kinds
            .into_iter()
            .filter(|(prefix, kind)| {
                // `V` alone is no name, an event alone is one.
                stem.starts_with(prefix)
                    && (stem.len() > prefix.len() || matches!(kind, MigrationKind::Callback(_)))
            })
            .max_by_key(|(prefix, _)| prefix.len())
            .ok_or(NameError::UnknownPrefix)?;
        let rest = &stem[prefix.len()..];
        let (left, right) = rest.split_once(self.separator.as_str()).unwrap_or((rest, ""));
        let version = match kind {
            MigrationKind::Repeatable | MigrationKind::Callback(_) if left.is_empty() => None,
            MigrationKind::Repeatable | MigrationKind::Callback(_) => {
                return Err(NameError::UnexpectedVersion { text: left.to_owned() });
            }
            _ => Some(MigrationVersion::parse(left).map_err(|reason| match reason {
                VersionError::Empty => NameError::MissingVersion,
                reason => NameError::BadVersion { text: left.to_owned(), reason },
            })?),
        };
        Ok(ParsedName { kind, version, description: right.replace('_', " ") })
    }

    /// A correct name as close as possible to a wrong one, to show to its author.
    pub fn suggest(&self, stem: &str) -> String {
        let suffix = self.suffixes.first().map_or(".sql", String::as_str);
        let Self { versioned_prefix: prefix, separator, .. } = self;
        let after_prefix = stem.get(..prefix.len()).filter(|head| head.eq_ignore_ascii_case(prefix));
        let rest =
            after_prefix.map_or(stem, |head| &stem[head.len()..]).trim_start_matches([' ', '_', '-', '.']);
        let digits = rest
            .find(|character: char| !(character.is_ascii_digit() || matches!(character, '.' | '_')))
            .unwrap_or(rest.len());
        let written = rest[..digits].trim_matches(['.', '_']);
        let parts: Vec<&str> = written.split(['.', '_']).filter(|part| !part.is_empty()).collect();
        // As its author wrote it, if it can be read.
        let candidates = [written.to_owned(), parts.join(".")];
        let version = candidates.iter().find(|version| MigrationVersion::parse(version).is_ok());
        let description = rest[digits..].trim_matches(['_', ' ', '-', '.']);
        let description = if description.is_empty() { "description" } else { description };
        let version = version.map_or("1", String::as_str);
        format!("{prefix}{version}{separator}{description}{suffix}")
    }
}

/// `name` without `suffix`, which is compared without regard to ASCII case.
pub fn strip_suffix_ignoring_case<'a>(name: &'a str, suffix: &str) -> Option<&'a str> {
    let at = name.len().checked_sub(suffix.len())?;
    name.get(at..).filter(|end| end.eq_ignore_ascii_case(suffix)).map(|_| &name[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(stem: &str) -> Result<ParsedName, NameError> {
        Naming::default().parse(stem)
    }

    #[track_caller]
    fn check(stem: &str, kind: MigrationKind, version: Option<&str>, description: &str) {
        let name = parse(stem).unwrap_or_else(|error| panic!("{stem}: {error}"));
        assert_eq!(name.kind, kind);
        assert_eq!(name.version.as_ref().map(MigrationVersion::as_str), version);
        assert_eq!(name.description, description);
    }

    #[test]
    fn each_kind_is_read() {
        check("V1__first", MigrationKind::Versioned, Some("1"), "first");
        check("V1_2__add_orders", MigrationKind::Versioned, Some("1.2"), "add orders");
        check("B10__all", MigrationKind::Baseline, Some("10"), "all");
        check("U1__undo", MigrationKind::Undo, Some("1"), "undo");
        check("R__views", MigrationKind::Repeatable, None, "views");
        check("afterMigrate", MigrationKind::Callback("afterMigrate"), None, "");
        check("afterMigrateError__mail", MigrationKind::Callback("afterMigrateError"), None, "mail");
    }

    #[test]
    fn the_first_separator_counts_and_nothing_is_trimmed() {
        check("V6___triple", MigrationKind::Versioned, Some("6"), " triple");
        check("V7__a__b", MigrationKind::Versioned, Some("7"), "a  b");
        check("V4", MigrationKind::Versioned, Some("4"), "");
        check("V5__", MigrationKind::Versioned, Some("5"), "");
        check("V1__x y", MigrationKind::Versioned, Some("1"), "x y");
    }

    #[test]
    fn wrong_names_say_why() {
        assert_eq!(parse("schema").unwrap_err(), NameError::UnknownPrefix);
        assert_eq!(parse("v1__lower").unwrap_err(), NameError::UnknownPrefix);
        assert_eq!(parse("V").unwrap_err(), NameError::UnknownPrefix);
        assert_eq!(parse("V__x").unwrap_err(), NameError::MissingVersion);
        assert!(
            matches!(parse("V366_remove").unwrap_err(), NameError::BadVersion { text, .. } if text == "366_remove")
        );
        assert_eq!(parse("R1.0__All").unwrap_err(), NameError::UnexpectedVersion { text: "1.0".into() });
        assert_eq!(parse("afterMigrateX").unwrap_err(), NameError::UnexpectedVersion { text: "X".into() });
    }

    #[test]
    fn the_longest_prefix_wins() {
        let naming = Naming { versioned_prefix: "after".into(), ..Naming::default() };
        assert_eq!(naming.parse("after1__x").unwrap().kind, MigrationKind::Versioned);
        assert_eq!(naming.parse("afterMigrate").unwrap().kind, MigrationKind::Callback("afterMigrate"));
    }

    #[test]
    fn suffixes_ignore_case_and_need_a_name_before_them() {
        let naming = Naming::default();
        assert_eq!(naming.strip_suffix("V1__x.SQL"), Some("V1__x"));
        assert_eq!(naming.strip_suffix("V1__x.sql.conf"), None);
        assert_eq!(naming.strip_suffix("é"), None);
    }

    #[test]
    fn suggestions_are_right_names() {
        let naming = Naming::default();
        for (wrong, right) in [
            ("V366_remove_column", "V366__remove_column.sql"),
            ("v1__lower", "V1__lower.sql"),
            ("V1-add", "V1__add.sql"),
            ("schema", "V1__schema.sql"),
            ("001_init", "V001__init.sql"),
            ("V", "V1__description.sql"),
            ("V1_2_add", "V1_2__add.sql"),
            ("V1._2_add", "V1.2__add.sql"),
            ("V9223372036854775807_add", "V1__add.sql"),
        ] {
            assert_eq!(naming.suggest(wrong), right);
            assert!(naming.parse(naming.strip_suffix(&naming.suggest(wrong)).unwrap()).is_ok());
        }
    }
}
