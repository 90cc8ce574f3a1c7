//! A part of a fleet, for one of several machines.

use std::fmt;
use std::str::FromStr;

/// Part `index` of `count`: the targets at every `count`-th place. The parts of one list hold each target once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    index: usize,
    count: usize,
}

impl Shard {
    /// The whole fleet.
    pub const WHOLE: Self = Self { index: 0, count: 1 };

    /// Whether the target at this place of the list, counted from 0, belongs to it.
    pub fn takes(self, place: usize) -> bool {
        place % self.count == self.index
    }
}

impl FromStr for Shard {
    type Err = String;

    /// Reads `0/8`, the first of eight.
    fn from_str(text: &str) -> Result<Self, String> {
        let parts =
            text.split_once('/').and_then(|(index, count)| index.parse().ok().zip(count.parse().ok()));
        match parts {
            Some((index, count)) if index < count => Ok(Self { index, count }),
            Some((_, count)) => Err(format!("the {count} parts are counted from 0")),
            None => Err("write I/N, as in 0/8 for the first of eight".to_owned()),
        }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.index, self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_part_is_one_that_exists() {
        assert_eq!("7/8".parse(), Ok(Shard { index: 7, count: 8 }));
        assert_eq!("0/1".parse(), Ok(Shard::WHOLE));
        for wrong in ["8/8", "0/0", "1", "", "a/b", "-1/2", "1/2/3"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn the_parts_hold_each_target_once(count in 1_usize..50, place in 0_usize..1000) {
            let parts = (0..count).map(|index| format!("{index}/{count}").parse::<Shard>().unwrap());
            prop_assert_eq!(parts.filter(|part| part.takes(place)).count(), 1);
        }
    }
}
