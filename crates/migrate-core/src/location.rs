//! Where migrations lie: directories, and patterns of them such as `sql/**/mysql` or `filesystem:releases/2.?/V*.sql`.
//!
//! The patterns are Flyway's (`LocationParser`): `**` is any number of directories, `*` one or more characters of a name and
//! `?` one. A pattern whose last part has a dot is one of files; any other is one of directories, and takes all that is below.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// A directory, or a pattern below one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// The part before the first wildcard.
    root: PathBuf,
    /// What must follow it; empty: anything.
    pattern: Vec<String>,
}

/// A location that is none of the file system.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("location `{location}` is not in the file system: write `filesystem:DIR` or a directory")]
pub struct UnknownLocation {
    /// As it was written.
    pub location: String,
}

impl FromStr for Location {
    type Err = UnknownLocation;

    fn from_str(text: &str) -> Result<Self, UnknownLocation> {
        let text = text.trim();
        let path = match text.split_once(':') {
            Some(("filesystem", path)) => path,
            // A single letter is a drive.
            Some((scheme, _))
                if scheme.len() > 1 && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()) =>
            {
                return Err(UnknownLocation { location: text.to_owned() });
            }
            _ => text,
        };
        let is_pattern = |part: &str| part.contains(['*', '?']);
        let parts: Vec<&str> = path.split('/').collect();
        let plain = parts.iter().position(|part| is_pattern(part)).unwrap_or(parts.len());
        let root = match parts[..plain].join("/") {
            root if root.is_empty() && path.starts_with('/') => PathBuf::from("/"),
            root if root.is_empty() => PathBuf::from("."),
            root => PathBuf::from(root),
        };
        let pattern =
            parts[plain..].iter().filter(|part| !part.is_empty()).map(|part| (*part).to_owned()).collect();
        Ok(Self { root, pattern })
    }
}

impl From<PathBuf> for Location {
    /// Exactly this directory, whatever characters its name has.
    fn from(root: PathBuf) -> Self {
        Self { root, pattern: Vec::new() }
    }
}

impl Location {
    /// The directory that holds everything that may match.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The name by which the history knows a file: its path below the location, or below what the wildcards stand for.
    /// `None`: it does not belong to the location. `path` is relative to the root, with `/`.
    pub fn script(&self, path: &str) -> Option<String> {
        let Some(last) = self.pattern.last() else { return Some(path.to_owned()) };
        let names: Vec<&str> = path.split('/').collect();
        let of_files = last.contains('.');
        let limit = if of_files { names.len() } else { names.len() - 1 };
        let matched = (0..=limit).find(|length| {
            (!of_files || *length == names.len()) && matches(&self.pattern, &names[..*length])
        })?;
        Some(if of_files { path.to_owned() } else { names[matched..].join("/") })
    }

    /// Whether everything here is in the other location, too.
    pub fn is_within(&self, other: &Self) -> bool {
        other.pattern.is_empty() && self.pattern.is_empty() && self.root.starts_with(&other.root)
    }
}

impl fmt::Display for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.root.display())?;
        self.pattern.iter().try_for_each(|part| write!(formatter, "/{part}"))
    }
}

fn matches(pattern: &[String], names: &[&str]) -> bool {
    match pattern.split_first() {
        None => names.is_empty(),
        Some((any, rest)) if any == "**" => (0..=names.len()).any(|skipped| matches(rest, &names[skipped..])),
        Some((part, rest)) => {
            names.split_first().is_some_and(|(name, others)| is_like(part, name) && matches(rest, others))
        }
    }
}

/// Whether a name fits a pattern of one part. Looks back to the last `*` alone, so that no pattern takes long.
fn is_like(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n) = (0, 0);
    // After the last `*`, and how far the name is taken by it.
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p + 1, n + 1));
                (p, n) = (p + 1, n + 1);
            }
            Some(wanted) if *wanted == '?' || *wanted == name[n] => (p, n) = (p + 1, n + 1),
            _ => match star {
                Some((after, taken)) => {
                    star = Some((after, taken + 1));
                    (p, n) = (after, taken + 1);
                }
                None => return false,
            },
        }
    }
    p == pattern.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn location(text: &str) -> Location {
        text.parse().unwrap()
    }

    #[test]
    fn roots_end_before_the_first_wildcard() {
        for (text, root) in [
            ("sql", "sql"),
            ("filesystem:/flyway/sql", "/flyway/sql"),
            ("sql/**/x", "sql"),
            ("*/x", "."),
            ("/*/x", "/"),
            ("a/b?/c", "a"),
            ("C:/x", "C:/x"),
        ] {
            assert_eq!(location(text).root(), Path::new(root), "{text}");
        }
        for text in ["classpath:db/migration", "s3:bucket/x", "gcs:x"] {
            assert!(text.parse::<Location>().is_err(), "{text}");
        }
        assert_eq!(location("filesystem:sql/**/x*").to_string(), "sql/**/x*");
    }

    #[test]
    fn scripts_are_named_below_the_match() {
        for (pattern, path, script) in [
            ("sql", "a/V1__x.sql", Some("a/V1__x.sql")),
            ("sql/a*", "a1/x/V2__x.sql", Some("x/V2__x.sql")),
            ("sql/a*", "a/V2__x.sql", None),
            ("sql/a*", "V2__x.sql", None),
            ("sql/**/m", "m/V1__x.sql", Some("V1__x.sql")),
            ("sql/**/m", "a/b/m/c/V1__x.sql", Some("c/V1__x.sql")),
            ("sql/**/m", "a/b/n/V1__x.sql", None),
            ("sql/**", "a/V1__x.sql", Some("a/V1__x.sql")),
            ("sql/v?", "v1/V1__x.sql", Some("V1__x.sql")),
            ("sql/v?", "v10/V1__x.sql", None),
            ("sql/**/V*.sql", "a/V1__x.sql", Some("a/V1__x.sql")),
            ("sql/**/V*.sql", "V1__x.sql", Some("V1__x.sql")),
            ("sql/**/V*.sql", "a/R__x.sql", None),
            ("sql/*.sql", "a/V1__x.sql", None),
            ("sql/*/y*z/w", "a/yxz/w/V1__x.sql", Some("V1__x.sql")),
        ] {
            assert_eq!(location(pattern).script(path).as_deref(), script, "{pattern} {path}");
        }
    }

    #[test]
    fn a_directory_is_within_one_above_it() {
        assert!(location("sql/a").is_within(&location("sql")));
        assert!(!location("sqla").is_within(&location("sql")));
        assert!(!location("sql/*").is_within(&location("sql")));
    }

    proptest! {
        #[test]
        fn a_name_is_like_itself_and_like_stars(name in "[a-c]{1,8}", at in 0..8usize) {
            prop_assert!(is_like(&name, &name) && is_like("*", &name));
            let cut = at.min(name.len() - 1);
            let starred = format!("{}*{}", &name[..cut], &name[cut + 1..]);
            prop_assert!(is_like(&starred, &name), "{starred}");
        }

        #[test]
        fn never_panics(text in ".{0,20}", path in "[a-c/*.]{0,12}") {
            if let Ok(location) = text.parse::<Location>() {
                let _ = location.script(&path);
            }
        }
    }
}
