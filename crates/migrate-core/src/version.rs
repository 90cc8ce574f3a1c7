//! Version numbers as Flyway reads and orders them.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

/// A migration's version: numbers of any size separated by `.` or `_`.
///
/// The text stays as it was written (with `_` shown as `.`), order and equality are numeric: trailing zero parts and
/// leading zeros do not count.
///
/// ```
/// use migrate_core::MigrationVersion;
/// let parse = |text| MigrationVersion::parse(text).unwrap();
/// assert_eq!(parse("001"), parse("1.0"));
/// assert!(parse("1.10") > parse("1.9"));
/// assert_eq!(parse("1_02").to_string(), "1.02");
/// ```
#[derive(Debug, Clone)]
pub struct MigrationVersion {
    text: String,
    /// Without trailing zero parts.
    parts: Vec<Part>,
}

/// Why a text is not a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VersionError {
    /// Nothing was written.
    #[error("a version cannot be empty")]
    Empty,
    /// Some part between two dots is not a whole number.
    #[error("each part of a version between `.` or `_` must be a whole number")]
    NotANumber,
    /// `current`, `next`, `latest` and 9223372036854775807 mean something else to Flyway wherever it reads a version.
    #[error("this word has a special meaning where a version is expected")]
    Reserved,
}

impl MigrationVersion {
    /// Reads a version.
    ///
    /// # Errors
    /// When the text is empty, has a part that is not a whole number, or is a word that Flyway reserves.
    pub fn parse(text: &str) -> Result<Self, VersionError> {
        if text.is_empty() {
            return Err(VersionError::Empty);
        }
        let reserved = ["current", "next", "latest", "9223372036854775807"];
        if reserved.iter().any(|word| text.eq_ignore_ascii_case(word)) {
            return Err(VersionError::Reserved);
        }
        let text = text.replace('_', ".");
        let mut parts = Vec::new();
        let mut start = 0;
        let bytes = text.as_bytes();
        for at in 0..bytes.len() {
            // A dot that no ASCII digit follows stays inside its part and makes it invalid, as in Flyway.
            if bytes[at] == b'.' && bytes.get(at + 1).is_some_and(u8::is_ascii_digit) {
                parts.push(Part::parse(&text[start..at])?);
                start = at + 1;
            }
        }
        parts.push(Part::parse(&text[start..])?);
        while parts.last().is_some_and(Part::is_zero) {
            parts.pop();
        }
        Ok(Self { text, parts })
    }

    /// The text as written, with `.` in place of `_`: what the history table stores.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for MigrationVersion {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for MigrationVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.text)
    }
}

impl PartialEq for MigrationVersion {
    fn eq(&self, other: &Self) -> bool {
        self.parts == other.parts
    }
}

impl Eq for MigrationVersion {}

impl Hash for MigrationVersion {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parts.hash(state);
    }
}

impl Ord for MigrationVersion {
    fn cmp(&self, other: &Self) -> Ordering {
        /// A part that is not written.
        const ZERO: &Part = &Part { negative: false, digits: String::new() };
        let length = self.parts.len().max(other.parts.len());
        (0..length)
            .map(|at| self.parts.get(at).unwrap_or(ZERO).cmp(other.parts.get(at).unwrap_or(ZERO)))
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    }
}

impl PartialOrd for MigrationVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A whole number of any size. Zero is the empty, non-negative one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Part {
    negative: bool,
    /// ASCII digits without leading zeros.
    digits: String,
}

impl Part {
    /// What Java's `BigInteger` accepts: an optional sign and decimal digits of any script.
    fn parse(text: &str) -> Result<Self, VersionError> {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        if unsigned.is_empty() {
            return Err(VersionError::NotANumber);
        }
        let mut digits = String::with_capacity(unsigned.len());
        for character in unsigned.chars() {
            let digit = decimal_digit(character).ok_or(VersionError::NotANumber)?;
            if digit != '0' || !digits.is_empty() {
                digits.push(digit);
            }
        }
        Ok(Self { negative: negative && !digits.is_empty(), digits })
    }

    fn is_zero(&self) -> bool {
        self.digits.is_empty()
    }
}

impl Ord for Part {
    fn cmp(&self, other: &Self) -> Ordering {
        let magnitude = (self.digits.len(), &self.digits).cmp(&(other.digits.len(), &other.digits));
        match (self.negative, other.negative) {
            (false, false) => magnitude,
            (true, true) => magnitude.reverse(),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Part {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The zeros of Unicode's decimal digits in the basic plane; the nine others follow each.
const ZEROS: [u32; 37] = [
    0x0030, 0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66,
    0x0DE6, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50,
    0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10,
];

fn decimal_digit(character: char) -> Option<char> {
    if character.is_ascii() {
        return character.is_ascii_digit().then_some(character);
    }
    let code = u32::from(character);
    let zero = ZEROS.iter().find(|zero| (**zero..**zero + 10).contains(&code))?;
    char::from_digit(code - zero, 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::hash_map::DefaultHasher;

    fn version(text: &str) -> MigrationVersion {
        MigrationVersion::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn equal_numbers_are_equal_whatever_their_text() {
        for other in ["1.0", "1_0", "001", "1.0.00", "+1"] {
            assert_eq!(version("1"), version(other), "{other}");
        }
        assert_eq!(version("1.1"), version("01.01"));
        assert_eq!(version("26"), version("٢٦"));
        assert_eq!(version("0"), version("0.0"));
    }

    #[test]
    fn order_is_numeric_part_by_part() {
        let ascending =
            ["-1", "0", "0.1", "1", "1.0.1", "1.9", "1.10", "4.99.1561608282", "4.100", "20240101120000"];
        for pair in ascending.windows(2) {
            assert!(version(pair[0]) < version(pair[1]), "{} < {}", pair[0], pair[1]);
        }
        assert!(version("-2") < version("-1.5"));
        assert!(version("99999999999999999999999999") > version("9223372036854775808"));
    }

    #[test]
    fn text_is_kept() {
        assert_eq!(version("3_0").to_string(), "3.0");
        assert_eq!(version("00.1").as_str(), "00.1");
    }

    #[test]
    fn what_is_not_a_version_is_refused() {
        for text in
            ["1a", " 24", "22._1", "23_.1", "11_bad", "_1", "1.", ".", "-", "1..2", "1.-1", "1.\u{662}"]
        {
            assert_eq!(MigrationVersion::parse(text).unwrap_err(), VersionError::NotANumber, "{text}");
        }
        assert_eq!(MigrationVersion::parse("").unwrap_err(), VersionError::Empty);
        for text in ["current", "NEXT", "Latest", "9223372036854775807"] {
            assert_eq!(MigrationVersion::parse(text).unwrap_err(), VersionError::Reserved, "{text}");
        }
    }

    fn any_version() -> impl Strategy<Value = MigrationVersion> {
        "-?[0-9]{1,3}([._][0-9]{1,3}){0,3}".prop_map(|text| version(&text))
    }

    proptest! {
        #[test]
        fn order_is_total_and_agrees_with_equality(a in any_version(), b in any_version(), c in any_version()) {
            prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
            prop_assert_eq!(a == b, a.cmp(&b).is_eq());
            if a <= b && b <= c {
                prop_assert!(a <= c);
            }
            if a == b {
                let hash = |version: &MigrationVersion| {
                    let mut hasher = DefaultHasher::new();
                    version.hash(&mut hasher);
                    hasher.finish()
                };
                prop_assert_eq!(hash(&a), hash(&b));
            }
        }

        #[test]
        fn never_panics(text in any::<String>()) {
            let _ = MigrationVersion::parse(&text);
        }
    }
}
