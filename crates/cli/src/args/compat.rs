//! `infra compat`.

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(crate) enum Compat {
    /// Check the declared graph, versions and constraints
    #[command(after_help = "Example:\n  infra compat check --today 2026-11-23")]
    Check {
        /// The day for end-of-life dates [default: today]
        #[arg(long, value_name = "YYYY-MM-DD")]
        today: Option<String>,
    },
}
