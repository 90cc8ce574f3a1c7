//! The name that a misspelt one was probably meant to be.

/// The candidate nearest to `name` without regard to case, when at most a third of it differs.
pub(super) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted: Vec<char> = name.to_lowercase().chars().collect();
    let most = wanted.len().div_ceil(3).min(4);
    let found = candidates.into_iter().map(|candidate| (distance(&wanted, candidate), candidate)).min();
    found.filter(|(distance, _)| *distance <= most).map(|(_, candidate)| candidate)
}

/// Insertions, deletions and substitutions between the two; the first is in lower case.
fn distance(wanted: &[char], candidate: &str) -> usize {
    let mut last: Vec<usize> = (0..=wanted.len()).collect();
    for (row, letter) in candidate.to_lowercase().chars().enumerate() {
        let mut corner = std::mem::replace(&mut last[0], row + 1);
        for (at, other) in wanted.iter().enumerate() {
            let substituted = corner + usize::from(*other != letter);
            corner = last[at + 1];
            last[at + 1] = substituted.min(corner + 1).min(last[at] + 1);
        }
    }
    last[wanted.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_misspelt_name() {
        assert_eq!(nearest("outoforder", ["outOfOrder", "mixed"]), Some("outOfOrder"));
        assert_eq!(nearest("lokations", ["locations", "callbackLocations"]), Some("locations"));
        assert_eq!(nearest("bogus", ["group", "target"]), None);
        assert_eq!(nearest("kitten", ["sitting"]), None);
        assert_eq!(distance(&"kitten".chars().collect::<Vec<_>>(), "sitting"), 3);
        assert_eq!(nearest("", []), None);
    }
}
