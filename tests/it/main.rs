//! Integration tests of the built binary.
//!
//! Tests marked with the feature `servers` need what `./tests/run` prepares; without it they are listed as ignored.
#![expect(clippy::expect_used, reason = "helpers of tests, too, fail by panicking")]

mod architecture;
mod baseline;
mod bundle;
mod callbacks;
mod catalogue;
mod check;
mod compat;
mod crash;
mod diff;
mod doctor;
mod drift;
mod dump;
mod fleet;
mod flyway;
mod flyway_cli;
mod formats;
mod graph;
mod harness;
mod kustomize;
mod kustomize_fuzz;
mod kustomize_scalars;
mod lint;
mod manifests;
mod migrate;
mod network;
mod new;
mod online;
mod plan;
mod predict;
mod preflight;
mod quirks;
mod redis;
mod refusal;
mod render;
mod schema_lint;
mod servers;
mod service;
mod stage;
mod stream;
mod synth;
mod terminal;
mod undo;
mod upkeep;
mod verify;
