//! Support for tests of the built binary: sandboxes, private servers and reference tools.
//!
//! A failure in here is a failed test, so it panics with the reason. Servers and tools are prepared by `./tests/run`, which says in
//! `INFRA_TEST_*` where they are; nothing here falls back to leaving a test out.
#![expect(clippy::expect_used, reason = "a support library for tests: to fail is to panic")]

pub mod compare;
pub mod oracle;
pub mod random;
pub mod run;
pub mod sandbox;
pub mod servers;
pub mod tools;
