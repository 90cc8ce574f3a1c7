//! The `infra` command line: arguments in, one composition of the library crates, text or JSON and an exit code out.
//!
//! This is the only crate that knows a terminal, the environment, the clock and exit codes.
//! Everything else it asks of `migrate-core`, `schema-baseline`, `k8s-render` and `platform-compat`,
//! whose findings it prints through their common language, [`miette::Diagnostic`].

mod args;
mod clock;
mod commands;
mod configuration;
mod environment;
mod exit;
mod failure;
mod finding;
mod format;
mod manifests;
mod outcome;
mod outside;
mod platform;
mod schema;
mod source;
mod tree;
mod ui;
mod write;

use std::process::ExitCode;

use clap::Parser as _;

/// Runs the command line of this process and gives its exit code.
///
/// Neither a runtime nor certificates are loaded before a command needs them.
pub fn main() -> ExitCode {
    let cli = args::Cli::parse_from(args::set_flyway_apart(std::env::args_os().collect()));
    let ui = ui::Ui::new(&cli.global, environment::no_color());
    commands::run(&cli, &ui).into()
}
