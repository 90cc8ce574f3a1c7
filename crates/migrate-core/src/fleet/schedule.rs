//! Which target begins when, and what keeps the rest from beginning.

use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;

use super::record::Ended;

/// How a fleet is gone through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// How many targets are worked on at once; 0 counts as 1.
    pub parallel: usize,
    /// How many targets at the beginning of the list must succeed before any other begins.
    pub canaries: usize,
    /// How many failures end it.
    pub max_failures: Limit,
}

/// A number of failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// So many.
    Count(usize),
    /// So many of a hundred targets.
    Percent(usize),
}

impl Limit {
    /// Whether so many failures among so many targets are too many.
    pub fn is_reached(self, failed: usize, targets: usize) -> bool {
        failed > 0
            && match self {
                Self::Count(limit) => failed >= limit,
                Self::Percent(limit) => failed.saturating_mul(100) >= limit.saturating_mul(targets),
            }
    }
}

impl FromStr for Limit {
    type Err = String;

    /// Reads `3` or `5%`.
    fn from_str(text: &str) -> Result<Self, String> {
        let limit = match text.strip_suffix('%') {
            Some(percent) => {
                percent.parse().ok().filter(|percent| (1..=100).contains(percent)).map(Self::Percent)
            }
            None => text.parse().ok().filter(|count| *count > 0).map(Self::Count),
        };
        limit.ok_or_else(|| "write a number from 1 on, as in 3, or a part of the fleet, as in 5%".to_owned())
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(limit) => write!(formatter, "{limit}"),
            Self::Percent(limit) => write!(formatter, "{limit}%"),
        }
    }
}

/// Why no more targets begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Halt {
    /// A canary failed.
    Canary,
    /// Too many failed.
    Failures,
    /// Somebody asked to stop.
    Asked,
}

/// Decides for targets, which it knows by their places in the list. What was begun is never broken off.
#[derive(Debug)]
pub struct Schedule {
    rules: Rules,
    targets: usize,
    /// In the order of the list.
    waiting: VecDeque<usize>,
    running: usize,
    failed: usize,
    /// Canaries that have not succeeded yet; those of others count as one.
    canaries_left: usize,
    halt: Option<Halt>,
}

impl Schedule {
    /// Nothing has begun. `done` says of each target whether it succeeded in an earlier run.
    pub fn new(rules: Rules, done: &[bool]) -> Self {
        Self {
            rules,
            targets: done.len(),
            waiting: (0..done.len()).filter(|place| !done[*place]).collect(),
            running: 0,
            failed: 0,
            canaries_left: done.iter().take(rules.canaries).filter(|done| !**done).count(),
            halt: None,
        }
    }

    /// Somebody else has canaries, too, which must succeed before any target begins that is no canary.
    pub fn hold(&mut self) {
        self.canaries_left += 1;
    }

    /// They have succeeded.
    pub fn release(&mut self) {
        self.canaries_left = self.canaries_left.saturating_sub(1);
    }

    /// The target that may begin now, which then counts as begun; `None`: none may before another ends.
    pub fn begin(&mut self) -> Option<usize> {
        let place = *self.waiting.front()?;
        let is_free = self.running < self.rules.parallel.max(1);
        let is_its_turn = self.canaries_left == 0 || place < self.rules.canaries;
        if self.halt.is_some() || !is_free || !is_its_turn {
            return None;
        }
        self.running += 1;
        self.waiting.pop_front()
    }

    /// A target that had begun has ended.
    pub fn end(&mut self, place: usize, ended: Ended) {
        self.running = self.running.saturating_sub(1);
        let is_canary = place < self.rules.canaries;
        match ended {
            Ended::Succeeded if is_canary => self.release(),
            Ended::Succeeded => {}
            Ended::Stopped => self.halt(Halt::Asked),
            Ended::Failed | Ended::Unreachable => {
                self.failed += 1;
                if is_canary {
                    self.halt(Halt::Canary);
                } else if self.rules.max_failures.is_reached(self.failed, self.targets) {
                    self.halt(Halt::Failures);
                }
            }
        }
    }

    /// No more targets begin; the first reason is kept.
    pub fn halt(&mut self, reason: Halt) {
        self.halt.get_or_insert(reason);
    }

    /// Why no more targets begin, unless they merely wait for others.
    pub fn halted(&self) -> Option<Halt> {
        self.halt
    }

    /// How many have not begun.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rules(parallel: usize, canaries: usize, max_failures: Limit) -> Rules {
        Rules { parallel, canaries, max_failures }
    }

    #[test]
    fn limits_are_numbers_or_parts() {
        assert_eq!("3".parse(), Ok(Limit::Count(3)));
        assert_eq!("100%".parse(), Ok(Limit::Percent(100)));
        for wrong in ["0", "0%", "101%", "-1", "many", "", "%"] {
            assert!(wrong.parse::<Limit>().is_err(), "{wrong}");
        }
        assert!(!Limit::Percent(1).is_reached(0, 500), "nothing failed");
        assert!(!Limit::Percent(1).is_reached(4, 500) && Limit::Percent(1).is_reached(5, 500));
        assert!(!Limit::Count(2).is_reached(1, 500) && Limit::Count(2).is_reached(2, 500));
    }

    #[test]
    fn a_failed_canary_ends_it_however_many_may_fail() {
        let mut schedule = Schedule::new(rules(8, 2, Limit::Count(100)), &[false; 10]);
        assert_eq!((schedule.begin(), schedule.begin(), schedule.begin()), (Some(0), Some(1), None));
        schedule.end(0, Ended::Succeeded);
        assert_eq!(schedule.begin(), None, "the other canary still runs");
        schedule.end(1, Ended::Failed);
        assert_eq!((schedule.begin(), schedule.halted(), schedule.waiting()), (None, Some(Halt::Canary), 8));
    }

    #[test]
    fn canaries_of_an_earlier_run_count() {
        let mut schedule = Schedule::new(rules(2, 2, Limit::Count(1)), &[true, true, false, true, false]);
        assert_eq!((schedule.begin(), schedule.begin(), schedule.begin()), (Some(2), Some(4), None));
        let mut schedule = Schedule::new(rules(2, 2, Limit::Count(1)), &[true, false, false]);
        assert_eq!((schedule.begin(), schedule.begin()), (Some(1), None));
    }

    #[test]
    fn canaries_of_others_hold_up_all_but_the_own_ones() {
        let mut schedule = Schedule::new(rules(4, 1, Limit::Count(1)), &[false; 3]);
        schedule.hold();
        assert_eq!((schedule.begin(), schedule.begin()), (Some(0), None));
        schedule.end(0, Ended::Succeeded);
        assert_eq!(schedule.begin(), None);
        schedule.release();
        assert_eq!((schedule.begin(), schedule.begin()), (Some(1), Some(2)));
    }

    #[test]
    fn without_canaries_all_begin_at_once() {
        let mut schedule = Schedule::new(rules(3, 0, Limit::Count(2)), &[false; 5]);
        let begun: Vec<_> = std::iter::from_fn(|| schedule.begin()).collect();
        assert_eq!(begun, [0, 1, 2]);
        schedule.end(0, Ended::Failed);
        assert_eq!(schedule.begin(), Some(3));
        schedule.end(1, Ended::Failed);
        assert_eq!((schedule.begin(), schedule.halted()), (None, Some(Halt::Failures)));
    }

    #[test]
    fn who_was_stopped_has_not_failed() {
        let mut schedule = Schedule::new(rules(2, 1, Limit::Count(1)), &[false; 3]);
        let _ = schedule.begin();
        schedule.end(0, Ended::Stopped);
        assert_eq!((schedule.begin(), schedule.halted()), (None, Some(Halt::Asked)));
    }

    proptest! {
        /// Whatever fails and in whatever order targets end.
        #[test]
        fn the_rules_hold(
            parallel in 0_usize..6,
            canaries in 0_usize..5,
            limit in prop_oneof![(1_usize..4).prop_map(Limit::Count), (1_usize..=100).prop_map(Limit::Percent)],
            done in proptest::collection::vec(any::<bool>(), 0..30),
            fates in proptest::collection::vec((any::<usize>(), 0_u8..10), 40),
        ) {
            let mut schedule = Schedule::new(rules(parallel, canaries, limit), &done);
            let (mut running, mut begun, mut succeeded, mut failed) = (Vec::new(), Vec::new(), done.clone(), 0);
            for (pick, fate) in fates {
                let halted = schedule.halted();
                while let Some(place) = schedule.begin() {
                    prop_assert!(halted.is_none(), "nothing begins after the end");
                    let canaries_are_through = succeeded.iter().take(canaries).all(|done| *done);
                    prop_assert!(place < canaries || canaries_are_through);
                    begun.push(place);
                    running.push(place);
                }
                prop_assert!(running.len() <= parallel.max(1));
                if running.is_empty() {
                    break;
                }
                let place = running.swap_remove(pick % running.len());
                succeeded[place] = fate > 1;
                failed += usize::from(fate <= 1);
                schedule.end(place, if fate > 1 { Ended::Succeeded } else { Ended::Unreachable });
                prop_assert_eq!(
                    schedule.halted() == Some(Halt::Failures) || schedule.halted() == Some(Halt::Canary),
                    limit.is_reached(failed, done.len()) || (0..canaries.min(done.len())).any(|place| begun.contains(&place) && !succeeded[place] && !running.contains(&place))
                );
            }
            prop_assert!(running.is_empty());
            let mut wanted: Vec<_> = (0..done.len()).filter(|place| !done[*place]).collect();
            wanted.truncate(begun.len());
            prop_assert_eq!(&begun, &wanted, "each once, in the order of the list");
            prop_assert!(schedule.waiting() == 0 || schedule.halted().is_some(), "nobody is forgotten");
        }
    }
}
