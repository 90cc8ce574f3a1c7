//! Many databases migrated as one fleet: which they are, which begins when, what keeps the rest from beginning, and what is
//! remembered of each.
//!
//! ```
//! use migrate_core::fleet::{Ended, Limit, Rules, Schedule, targets};
//!
//! let (targets, findings) = targets("fleet.txt", "berlin\nparis # next door\n", |text| Ok((text.to_owned(), ())));
//! assert!(findings.is_empty());
//!
//! let rules = Rules { parallel: 4, canaries: 1, max_failures: Limit::Count(1) };
//! let mut schedule = Schedule::new(rules, &vec![false; targets.len()]);
//! assert_eq!((schedule.begin(), schedule.begin()), (Some(0), None), "the canary goes alone");
//! schedule.end(0, Ended::Succeeded);
//! assert_eq!(schedule.begin(), Some(1));
//! ```

mod finding;
mod mask;
mod record;
mod schedule;
mod shard;
mod targets;

pub use finding::Finding;
pub use mask::masked;
pub use record::{Ended, Record, digest, settled};
pub use schedule::{Halt, Limit, Rules, Schedule};
pub use shard::Shard;
pub use targets::{Target, targets, targets_of_rows};
