//! Which columns have to move.

use std::collections::BTreeSet;

/// The longest run of numbers that rise, as positions in `numbers`, by patience sorting. What is not in it has to move.
pub(super) fn staying(numbers: &[usize]) -> BTreeSet<usize> {
    // For each length, the position at which the run of that length with the smallest end ends.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = vec![None; numbers.len()];
    for (at, number) in numbers.iter().enumerate() {
        let length = ends.partition_point(|&end| numbers[end] < *number);
        before[at] = length.checked_sub(1).map(|shorter| ends[shorter]);
        if length == ends.len() {
            ends.push(at);
        } else {
            ends[length] = at;
        }
    }
    let mut run = BTreeSet::new();
    let mut at = ends.last().copied();
    while let Some(position) = at {
        run.insert(position);
        at = before[position];
    }
    run
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fewest_move() {
        assert_eq!(staying(&[0, 1, 2]), BTreeSet::from([0, 1, 2]));
        assert_eq!(staying(&[3, 0, 1, 2]), BTreeSet::from([1, 2, 3]));
        assert_eq!(staying(&[0, 2, 1, 3]).len(), 3);
        assert_eq!(staying(&[2, 1, 0]).len(), 1);
        assert!(staying(&[]).is_empty());
    }
}
