//! Which release of Kubernetes manifests are held against.

use std::fmt;

use super::table;

/// A minor release of Kubernetes 1 whose schemas are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct KubeVersion {
    minor: u16,
}

impl KubeVersion {
    /// Every known release, oldest first.
    pub fn known() -> impl DoubleEndedIterator<Item = Self> {
        table::get().releases.iter().map(|release| Self { minor: release.minor })
    }

    /// The newest known release.
    pub fn newest() -> Self {
        Self::known().next_back().unwrap_or(Self { minor: 0 })
    }

    /// The known release of `1.34`, `v1.34` or `1.34.2`; none for one that is not known.
    pub fn parse(text: &str) -> Option<Self> {
        let minor = minor(text)?;
        Self::known().find(|known| known.minor == minor)
    }

    /// The known release nearest to a version, which may be older or newer than all of them.
    pub fn nearest(text: &str) -> Option<Self> {
        let minor = minor(text)?;
        Self::known().min_by_key(|known| known.minor.abs_diff(minor))
    }

    /// The whole version whose schemas these are: `1.34.4`.
    pub fn release(self) -> &'static str {
        let mut releases = table::get().releases.iter();
        releases.find(|release| release.minor == self.minor).map_or("1", |release| release.text)
    }

    pub(super) fn minor(self) -> u16 {
        self.minor
    }
}

/// The minor number of a version 1.
fn minor(text: &str) -> Option<u16> {
    let mut parts = text.strip_prefix('v').unwrap_or(text).split('.');
    if parts.next()? != "1" {
        return None;
    }
    let minor = parts.next()?;
    let rest_is_numeric = parts.all(|part| part.starts_with(|first: char| first.is_ascii_digit()));
    if rest_is_numeric { minor.parse().ok() } else { None }
}

impl fmt::Display for KubeVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1.{}", self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_people_write_them() {
        let read = |text| KubeVersion::parse(text).map(|version| version.to_string());
        for text in ["1.34", "v1.34", "1.34.2", "v1.34.0-rc.1", "1.34.1-gke.7"] {
            assert_eq!(read(text).as_deref(), Some("1.34"), "{text}");
        }
        for text in ["", "1", "2.34", "1.x", "1.29", "1.999", "latest"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_out_of_range_comes_to_its_end() {
        assert_eq!(KubeVersion::nearest("1.21"), KubeVersion::parse("1.30"));
        assert_eq!(KubeVersion::nearest("1.999"), Some(KubeVersion::newest()));
        assert_eq!(KubeVersion::nearest("x"), None);
        assert!(KubeVersion::newest() >= KubeVersion::parse("1.37").unwrap());
    }
}
