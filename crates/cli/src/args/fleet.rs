//! The options of a run over many databases.

use std::path::PathBuf;

use clap::Args;
use migrate_core::fleet::{Limit, Shard};

/// Which databases, and how they are gone through.
#[derive(Debug, Args)]
#[command(next_help_heading = "Many databases")]
pub(crate) struct Fleet {
    /// Run over many databases: a file with one a line (a name on the server of --url, a URL, or a name and a URL), `-` for standard input, or a
    /// query for --url that begins with SELECT, SHOW or WITH and whose first column names them
    #[arg(
        long = "fleet",
        value_name = "FILE|QUERY",
        conflicts_with_all = ["schemas", "default_schema", "settle", "tool"]
    )]
    pub(crate) list: Option<String>,
    /// How many databases are worked on at once
    #[arg(
        long,
        value_name = "N",
        default_value_t = 4,
        requires = "list",
        value_parser = clap::value_parser!(u16).range(1..=1000)
    )]
    pub(crate) parallel: u16,
    /// How many databases at the beginning of the list must succeed before the others begin
    #[arg(long, value_name = "N", default_value_t = 1, requires = "list")]
    pub(crate) canary: usize,
    /// How long a part waits for canaries of other parts, such as 90s, 30m or 2h
    #[arg(
        long,
        value_name = "TIME",
        default_value = "30m",
        requires = "list",
        value_parser = super::value::parse_duration
    )]
    pub(crate) canary_timeout: std::time::Duration,
    /// How many failures, or of how many percent of the databases, keep the rest from beginning
    #[arg(long, value_name = "N|P%", default_value = "1", requires = "list")]
    pub(crate) max_failures: Limit,
    /// Remember here what became of each database, and pass over those that have succeeded with the same migrations
    #[arg(long, value_name = "FILE", requires = "list", conflicts_with = "render_job")]
    pub(crate) result: Option<PathBuf>,
    /// Take part I of N only: every N-th database of the list, I counted from 0. A query must then say its ORDER BY
    #[arg(long, value_name = "I/N", default_value_t = Shard::WHOLE, requires = "list", conflicts_with = "render_job")]
    pub(crate) shard: Shard,
    #[command(flatten)]
    pub(crate) pods: Pods,
}

/// A Kubernetes Job, whose pods share the databases, in place of a run.
#[derive(Debug, Args)]
pub(crate) struct Pods {
    /// Print the Kubernetes Job that does the same, and its list of databases, instead
    #[arg(long, requires = "list")]
    pub(crate) render_job: bool,
    /// How many pods share the databases
    #[arg(
        long,
        value_name = "N",
        default_value_t = 4,
        requires = "render_job",
        value_parser = clap::value_parser!(u32).range(1..=100_000)
    )]
    pub(crate) shards: u32,
    /// The image that the pods run
    #[arg(
        long,
        value_name = "IMAGE",
        default_value = concat!("registry.example.com/platform/infra:", env!("CARGO_PKG_VERSION")),
        requires = "render_job"
    )]
    pub(crate) image: String,
}
