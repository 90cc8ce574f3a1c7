//! Names for new migrations.

use crate::migration::{Migration, MigrationKind};
use crate::naming::Naming;

/// Why a description cannot be part of a file name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DescriptionError {
    /// Nothing but separators.
    #[error("the description has no letter or digit")]
    Empty,
    /// Something that cannot be in the key of a Kubernetes `ConfigMap`, which is how migrations reach their Job.
    #[error("the description must not contain {0:?}")]
    Forbidden(char),
}

/// The text of the version after the newest one, in the style of that file: its last number plus one, with the same
/// zeros before it and the same separators. The first version is `1`.
pub fn next_version(migrations: &[Migration], naming: &Naming) -> String {
    let versioned = migrations.iter().filter(|migration| {
        matches!(migration.kind, MigrationKind::Versioned | MigrationKind::Baseline | MigrationKind::Undo)
    });
    let Some(newest) = versioned.max_by(|a, b| a.version.cmp(&b.version)) else { return "1".to_owned() };
    let prefix = match newest.kind {
        MigrationKind::Baseline => &naming.baseline_prefix,
        MigrationKind::Undo => &naming.undo_prefix,
        _ => &naming.versioned_prefix,
    };
    // The version keeps its text except for the separators, so the name is where to look for those.
    let stem = naming.strip_suffix(newest.file_name()).unwrap_or(newest.file_name());
    let version = stem.strip_prefix(prefix.as_str()).unwrap_or(stem);
    let version = version.split(naming.separator.as_str()).next().unwrap_or(version);
    let last = version.rfind(['.', '_']).map_or(0, |at| at + 1);
    format!("{}{}", &version[..last], successor(&version[last..]))
}

/// The file name of a new versioned migration.
///
/// # Errors
/// When the description has nothing that could be in a name, or something that must not.
pub fn file_name(version: &str, description: &str, naming: &Naming) -> Result<String, DescriptionError> {
    let forbidden = |character: &char| !character.is_ascii_alphanumeric() && !" _-.".contains(*character);
    if let Some(character) = description.chars().find(forbidden) {
        return Err(DescriptionError::Forbidden(character));
    }
    if !description.chars().any(char::is_alphanumeric) {
        return Err(DescriptionError::Empty);
    }
    let words: Vec<&str> = description.split([' ', '_']).filter(|word| !word.is_empty()).collect();
    let suffix = naming.suffixes.first().map_or(".sql", String::as_str);
    Ok(format!("{}{version}{}{}{suffix}", naming.versioned_prefix, naming.separator, words.join("_")))
}

/// A decimal number plus one, at least as long as before.
fn successor(digits: &str) -> String {
    let kept = digits.trim_end_matches('9');
    let zeros = "0".repeat(digits.len() - kept.len());
    match kept.char_indices().next_back().and_then(|(at, digit)| Some((at, digit.to_digit(10)?))) {
        Some((at, digit)) => format!("{}{}{zeros}", &kept[..at], digit + 1),
        None => format!("{kept}1{zeros}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::info::tests::files;
    use crate::version::MigrationVersion;
    use proptest::prelude::*;

    #[track_caller]
    fn check(names: &[&str], next: &str) {
        assert_eq!(next_version(&files(names), &Naming::default()), next);
    }

    #[test]
    fn the_newest_file_gives_the_style() {
        check(&[], "1");
        check(&["R__x.sql"], "1");
        check(&["V001__a.sql", "V014__b.sql"], "015");
        check(&["V9__a.sql", "V10__b.sql"], "11");
        check(&["V099__a.sql"], "100");
        check(&["V999__a.sql"], "1000");
        check(&["V1_2_09__a.sql"], "1_2_10");
        check(&["V1.9__a.sql"], "1.10");
        check(&["sub/V20240101120000__a.sql"], "20240101120001");
        check(&["V1__a.sql", "B5__a.sql"], "6");
    }

    #[test]
    fn descriptions_become_names() {
        let naming = Naming::default();
        assert_eq!(file_name("015", "Add  orders_table", &naming).unwrap(), "V015__Add_orders_table.sql");
        assert_eq!(file_name("1", " _ ", &naming), Err(DescriptionError::Empty));
        assert_eq!(file_name("1", "../x", &naming), Err(DescriptionError::Forbidden('/')));
        assert_eq!(file_name("1", "50% off", &naming), Err(DescriptionError::Forbidden('%')));
    }

    proptest! {
        #[test]
        fn the_successor_is_greater_and_not_shorter(digits in "[0-9]{1,20}") {
            let next = successor(&digits);
            prop_assert!(next.len() >= digits.len());
            prop_assert!(MigrationVersion::parse(&next).unwrap() > MigrationVersion::parse(&digits).unwrap());
        }

        #[test]
        fn names_of_new_migrations_are_read_back(description in "[a-zA-Z0-9 _.-]{1,30}") {
            if let Ok(name) = file_name("007", &description, &Naming::default()) {
                let parsed = Naming::default().parse(name.strip_suffix(".sql").unwrap()).unwrap();
                prop_assert_eq!(parsed.version.unwrap().to_string(), "007");
            }
        }
    }
}
