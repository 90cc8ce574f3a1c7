//! Since when APIs are deprecated and gone; `schemas/lifecycle.py` makes the table from Kubernetes' own code.

use std::collections::HashMap;
use std::sync::LazyLock;

/// What becomes of an API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lifecycle {
    /// The minor release that calls it deprecated.
    pub(super) deprecated: u16,
    /// The minor release that no longer serves it.
    pub(super) removed: Option<u16>,
    /// `group/version/Kind` to use instead.
    pub(super) replacement: Option<&'static str>,
}

static TABLE: LazyLock<HashMap<(&'static str, &'static str), Lifecycle>> = LazyLock::new(|| {
    include_str!("../../data/lifecycle.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(row)
        .collect()
});

fn row(line: &'static str) -> Option<((&'static str, &'static str), Lifecycle)> {
    let mut words = line.split(' ');
    let key = (words.next()?, words.next()?);
    let minor = |word: &str| word.strip_prefix("1.").and_then(|minor| minor.parse().ok());
    let lifecycle = Lifecycle {
        deprecated: minor(words.next()?)?,
        removed: minor(words.next()?),
        replacement: words.next().filter(|word| *word != "-"),
    };
    Some((key, lifecycle))
}

/// What becomes of a kind of an API version, when its end is known.
pub(super) fn of(api_version: &str, kind: &str) -> Option<Lifecycle> {
    TABLE.get(&(api_version, kind)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_read() {
        let rows = include_str!("../../data/lifecycle.txt").lines().filter(|line| !line.starts_with('#'));
        assert_eq!(rows.count(), TABLE.len());
    }

    #[test]
    fn the_end_of_well_known_apis() {
        let ingress = of("extensions/v1beta1", "Ingress").unwrap();
        assert_eq!(
            ingress,
            Lifecycle {
                deprecated: 14,
                removed: Some(22),
                replacement: Some("networking.k8s.io/v1/Ingress")
            }
        );
        assert_eq!(of("v1", "Endpoints").unwrap().removed, None);
        assert_eq!(of("apps/v1", "Deployment"), None);
    }
}
