//! Integration tests of the built binary.
//!
//! Tests marked with the feature `servers` need what `./tests/run` prepares; without it they are listed as ignored.
#![expect(clippy::expect_used, reason = "helpers of tests, too, fail by panicking")]

mod architecture;
mod baseline;
mod check;
mod crash;
mod flyway;
mod harness;
mod kustomize;
mod lint;
mod migrate;
mod plan;
mod predict;
mod redis;
mod refusal;
mod servers;
mod terminal;
mod upkeep;
