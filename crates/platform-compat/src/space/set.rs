//! A set of candidates, as bits.

/// Some of the candidates of one subject.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Set(Vec<u64>);

impl Set {
    /// Those of the first `count` candidates that `keep` lets through.
    pub(crate) fn of(count: usize, mut keep: impl FnMut(usize) -> bool) -> Self {
        let mut bits = vec![0; count.div_ceil(64)];
        for candidate in (0..count).filter(|candidate| keep(*candidate)) {
            bits[candidate / 64] |= 1 << (candidate % 64);
        }
        Self(bits)
    }

    pub(crate) fn contains(&self, candidate: usize) -> bool {
        self.0.get(candidate / 64).is_some_and(|bits| bits & 1 << (candidate % 64) != 0)
    }

    /// What is in both of two sets of candidates of one subject.
    pub(crate) fn intersection(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(left, right)| left & right).collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(|bits| *bits == 0)
    }

    /// The candidates of a list that are in the set.
    pub(crate) fn any(&self, candidates: &[usize]) -> bool {
        candidates.iter().any(|candidate| self.contains(*candidate))
    }
}
