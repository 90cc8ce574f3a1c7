//! The order of versions is total, equality and hash agree with it, and what is printed reads as the same. One version a
//! line.
#![no_main]

use std::cmp::Ordering;
use std::hash::{BuildHasher, RandomState};

use libfuzzer_sys::fuzz_target;
use migrate_core::MigrationVersion;

fuzz_target!(|text: &str| {
    let versions: Vec<_> =
        text.lines().take(8).filter_map(|line| MigrationVersion::parse(line).ok()).collect();
    let state = RandomState::new();
    for one in &versions {
        assert_eq!(MigrationVersion::parse(one.as_str()).as_ref(), Ok(one));
        for other in &versions {
            assert_eq!(one.cmp(other), other.cmp(one).reverse());
            assert_eq!(one == other, one.cmp(other) == Ordering::Equal);
            if one == other {
                assert_eq!(state.hash_one(one), state.hash_one(other));
            }
            for third in &versions {
                assert!(!(one <= other && other <= third) || one <= third);
            }
        }
    }
});
