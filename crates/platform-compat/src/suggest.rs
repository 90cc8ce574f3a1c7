//! The name that was probably meant.

/// The candidate nearest to `name`: at most two edits away, or one that begins with it (or it with the
/// candidate). Ties go to the first in alphabetical order, so that the answer does not depend on theirs.
pub fn nearest<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let letters: Vec<char> = name.chars().collect();
    candidates
        .into_iter()
        .filter_map(|candidate| Some((rank(name, &letters, candidate)?, candidate)))
        .min()
        .map(|(_, candidate)| candidate)
}

/// Edits between the two names; three for a shared beginning; nothing when they are strangers.
fn rank(name: &str, letters: &[char], candidate: &str) -> Option<usize> {
    let shorter = name.len().min(candidate.len());
    let begins = shorter >= 3 && (name.starts_with(candidate) || candidate.starts_with(name));
    let edits = (name.len().abs_diff(candidate.len()) <= 2).then(|| distance(letters, candidate));
    // Two edits turn any two-letter name into any other.
    edits.filter(|edits| *edits <= 2 && *edits < letters.len()).or(begins.then_some(3))
}

/// Edit distance with transpositions of neighbours (optimal string alignment).
fn distance(left: &[char], right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut previous: Vec<usize> = (0..=right.len()).collect();
    for (i, letter) in left.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, other) in right.iter().enumerate() {
            let mut cost =
                (previous[j] + usize::from(letter != other)).min(previous[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *letter == right[j - 1] && left[i - 1] == *other {
                cost = cost.min(before[j - 1] + 1);
            }
            row.push(cost);
        }
        before = std::mem::replace(&mut previous, row);
    }
    previous[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_typos_transpositions_and_prefixes() {
        let names = ["orders", "accounts", "catalog", "mysql"];
        assert_eq!(nearest("ordres", names), Some("orders"));
        assert_eq!(nearest("acount", names), Some("accounts"));
        assert_eq!(nearest("cat", names), Some("catalog"));
        assert_eq!(nearest("redis", names), None);
        assert_eq!(nearest("xy", ["ab"]), None);
    }

    #[test]
    fn does_not_depend_on_the_order_of_candidates() {
        assert_eq!(nearest("aa1", ["aa3", "aa2"]), nearest("aa1", ["aa2", "aa3"]));
    }
}
