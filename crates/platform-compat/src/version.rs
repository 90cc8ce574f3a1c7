//! Versions of components, APIs' owners and schemas.
//!
//! Component versions are not all semantic (`8.0.36-rds`, `7.2`, `v1.34.3-eks-ac2d5a0`), so the crate has its
//! own type: numbers separated by dots, missing ones are 0, an optional pre-release, an ignored build.

use std::{cmp::Ordering, fmt, sync::Arc};

/// How the versions of a component are written and ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Scheme {
    /// `v?N(.N)*(-PRE)?(+BUILD)?`, ordered as semver 2.0 orders, with any count of numbers.
    #[default]
    Semver,
    /// Integers separated by dots, any count: `2026.04.1`.
    Calver,
    /// Levels of a schema as Flyway writes them: integers separated by dots or underscores; `042` is `42`.
    Flyway,
    /// Any text; versions are equal or different, and never newer or older.
    Opaque,
}

/// What text after the numbers means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Suffix {
    /// A pre-release or build, as semver has them.
    #[default]
    Compare,
    /// A vendor's build, whatever it looks like: `1.34.3-eks-ac2d5a0` is `1.34.3`.
    Ignore,
}

/// A version. Equality and order follow its [`Scheme`] and ignore builds; [`Display`](fmt::Display) keeps the
/// text as it was written.
#[derive(Clone)]
pub struct Version(Arc<Parsed>);

/// Shared, since a version stands in the model, in what may be chosen and in answers.
#[derive(Debug)]
struct Parsed {
    text: Box<str>,
    key: Key,
}

/// Why a text is no version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VersionError {
    /// Nothing is there.
    #[error("it is empty")]
    Empty,
    /// Something other than a number stands where one must be.
    #[error("a number must stand at character {}", .0 + 1)]
    NoNumber(usize),
    /// A number is above 2⁶⁴ - 2.
    #[error("the number at character {} is too large", .0 + 1)]
    TooLarge(usize),
    /// A pre-release or build has an empty or unusual identifier.
    #[error("what follows the numbers, at character {}, is no `-PRERELEASE` or `+BUILD`", .0 + 1)]
    Suffix(usize),
}

/// What versions are compared by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Key {
    /// Numbers without the zeros at the end.
    Numeric(Vec<u64>, Stage),
    Opaque(Arc<str>),
}

/// Pre-releases come before their release.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Stage {
    /// Without identifiers it is below every pre-release: the bound that `<2` means.
    Pre(Vec<Identifier>),
    Release,
}

/// Semver 2.0, 11.4: numbers compare as numbers and come before words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Identifier {
    Number(u64),
    Word(Arc<str>),
}

impl Key {
    pub(crate) fn numeric(numbers: &[u64], stage: Stage) -> Self {
        Self::of(numbers.to_vec(), stage)
    }

    fn of(mut numbers: Vec<u64>, stage: Stage) -> Self {
        numbers.truncate(numbers.iter().rposition(|number| *number != 0).map_or(0, |last| last + 1));
        Self::Numeric(numbers, stage)
    }
}

impl Version {
    /// Reads a version.
    ///
    /// # Errors
    /// [`VersionError`] says at which character the text stops being a version of the scheme.
    pub fn parse(text: &str, scheme: Scheme, suffix: Suffix) -> Result<Self, VersionError> {
        if text.is_empty() {
            return Err(VersionError::Empty);
        }
        let key =
            if scheme == Scheme::Opaque { Key::Opaque(text.into()) } else { numeric(text, scheme, suffix)? };
        Ok(Self(Arc::new(Parsed { text: text.into(), key })))
    }

    /// The text as it was written.
    pub fn as_str(&self) -> &str {
        &self.0.text
    }

    /// The number at a position, 0 where none was written; nothing for an opaque version.
    pub fn number(&self, position: usize) -> Option<u64> {
        match self.key() {
            Key::Numeric(numbers, _) => Some(numbers.get(position).copied().unwrap_or(0)),
            Key::Opaque(_) => None,
        }
    }

    /// Whether one is newer than the other: nothing when the scheme has no order and they differ.
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self.key(), other.key()) {
            (Key::Opaque(left), Key::Opaque(right)) => (left == right).then_some(Ordering::Equal),
            (left, right) => Some(left.cmp(right)),
        }
    }

    pub(crate) fn key(&self) -> &Key {
        &self.0.key
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Version {}

fn numeric(text: &str, scheme: Scheme, suffix: Suffix) -> Result<Key, VersionError> {
    let start = usize::from(text.starts_with('v') && scheme == Scheme::Semver);
    let mut numbers = Vec::with_capacity(4);
    let mut at = start;
    loop {
        let digits = text[at..].bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return Err(VersionError::NoNumber(at));
        }
        numbers.push(number(&text[at..at + digits]).ok_or(VersionError::TooLarge(at))?);
        at += digits;
        match text.as_bytes().get(at) {
            Some(b'.') => at += 1,
            Some(b'_') if scheme == Scheme::Flyway => at += 1,
            _ => break,
        }
    }
    let stage = match (&text[at..], scheme, suffix) {
        ("", ..) | (_, _, Suffix::Ignore) => Stage::Release,
        (rest, Scheme::Semver, Suffix::Compare) => stage(rest).ok_or(VersionError::Suffix(at))?,
        _ => return Err(VersionError::Suffix(at)),
    };
    Ok(Key::of(numbers, stage))
}

/// A number that still has a successor, which the bound of a range may need.
pub(crate) fn number(digits: &str) -> Option<u64> {
    digits.parse().ok().filter(|number| *number < u64::MAX)
}

/// Reads `-PRE`, `+BUILD` or both.
pub(crate) fn stage(rest: &str) -> Option<Stage> {
    let (before, build) = rest.split_once('+').map_or((rest, None), |(before, build)| (before, Some(build)));
    if build.is_some_and(|build| !build.split('.').all(is_identifier)) {
        return None;
    }
    if before.is_empty() {
        return Some(Stage::Release);
    }
    let identifiers = before.strip_prefix('-')?.split('.').map(identifier).collect::<Option<_>>()?;
    Some(Stage::Pre(identifiers))
}

fn identifier(text: &str) -> Option<Identifier> {
    is_identifier(text).then(|| match text.parse() {
        Ok(number) if text.bytes().all(|byte| byte.is_ascii_digit()) => Identifier::Number(number),
        _ => Identifier::Word(text.into()),
    })
}

fn is_identifier(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn semver(text: &str) -> Version {
        Version::parse(text, Scheme::Semver, Suffix::Compare).unwrap()
    }

    #[test]
    fn orders_as_semver_2_does() {
        let ascending = [
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
            "1.0.1",
            "1.2",
            "1.10",
            "v2",
        ];
        for pair in ascending.windows(2) {
            assert_eq!(semver(pair[0]).compare(&semver(pair[1])), Some(Ordering::Less), "{pair:?}");
        }
    }

    #[test]
    fn missing_parts_are_zero_and_builds_do_not_count() {
        assert_eq!(semver("8.4"), semver("v8.04.0+deb12"));
        assert_eq!(semver("8.4").to_string(), "8.4");
        assert_ne!(semver("1.30"), semver("1.3"));
    }

    #[test]
    fn flyway_levels_ignore_leading_zeros() {
        let level = |text| Version::parse(text, Scheme::Flyway, Suffix::Compare).unwrap();
        assert_eq!(level("042"), level("42"));
        assert_eq!(level("1_2"), level("1.2.0"));
        assert_eq!(level("009").compare(&level("010")), Some(Ordering::Less));
        assert!(Version::parse("1-rc", Scheme::Flyway, Suffix::Compare).is_err());
    }

    #[test]
    fn a_vendors_suffix_can_be_ignored() {
        let eks = Version::parse("v1.34.3-eks-ac2d5a0", Scheme::Semver, Suffix::Ignore).unwrap();
        assert_eq!(eks, semver("1.34.3"));
        assert_ne!(semver("1.34.3-eks-ac2d5a0"), semver("1.34.3"));
    }

    #[test]
    fn opaque_versions_have_no_order() {
        let opaque = |text| Version::parse(text, Scheme::Opaque, Suffix::Compare).unwrap();
        assert_eq!(opaque("blue").compare(&opaque("green")), None);
        assert_eq!(opaque("blue").compare(&opaque("blue")), Some(Ordering::Equal));
    }

    #[test]
    fn says_where_a_text_stops_being_a_version() {
        let error = |text| Version::parse(text, Scheme::Semver, Suffix::Compare).unwrap_err();
        assert_eq!(error(""), VersionError::Empty);
        assert_eq!(error("latest"), VersionError::NoNumber(0));
        assert_eq!(error("1..2"), VersionError::NoNumber(2));
        assert_eq!(error("1.2rc"), VersionError::Suffix(3));
        assert_eq!(error("1.2-"), VersionError::Suffix(3));
        assert_eq!(error("1.99999999999999999999"), VersionError::TooLarge(2));
        assert!(Version::parse("2026.04-rc", Scheme::Calver, Suffix::Compare).is_err());
    }

    proptest! {
        #[test]
        fn never_panics(text in ".{0,20}") {
            for scheme in [Scheme::Semver, Scheme::Calver, Scheme::Flyway, Scheme::Opaque] {
                let _ = Version::parse(&text, scheme, Suffix::Compare);
                let _ = Version::parse(&text, scheme, Suffix::Ignore);
            }
        }

        #[test]
        fn order_is_that_of_the_padded_numbers(left in prop::collection::vec(0u64..4, 1..5), right in prop::collection::vec(0u64..4, 1..5)) {
            let text = |numbers: &[u64]| numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(".");
            let padded = |numbers: &[u64]| { let mut all = numbers.to_vec(); all.resize(5, 0); all };
            prop_assert_eq!(
                semver(&text(&left)).compare(&semver(&text(&right))),
                Some(padded(&left).cmp(&padded(&right)))
            );
        }
    }
}
