//! `infra baseline`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum Baseline {
    /// Write baseline.sql from the schema directory
    #[command(after_help = "Examples:\n  infra baseline build\n  infra baseline build --check")]
    Build(BaselineBuild),
    /// Boot an empty database from baseline.sql and record the baseline row
    #[command(after_help = "Example:\n  infra baseline load mysql://root@127.0.0.1:3306/shop")]
    Load(BaselineLoad),
}

#[derive(Debug, Args)]
pub(crate) struct BaselineBuild {
    /// Only say whether the file is fresh
    #[arg(long)]
    pub(crate) check: bool,
    /// Directory with tables/, views/, triggers/, procedures/, functions/ and events/
    #[arg(long, value_name = "DIR")]
    pub(crate) schema_dir: Option<PathBuf>,
    /// Directory of the migrations whose newest version the header names
    #[arg(long, value_name = "DIR")]
    pub(crate) locations: Option<PathBuf>,
    /// The file to write [default: baseline.sql in the schema directory]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct BaselineLoad {
    /// `mysql://USER@HOST:PORT/DATABASE`, or `env:NAME` for a connection from infra.toml
    #[arg(value_name = "SOURCE")]
    pub(crate) source: String,
    /// The baseline [default: baseline.sql in the schema directory]
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Name of the schema history table
    #[arg(long, default_value = "flyway_schema_history")]
    pub(crate) table: String,
    /// Seconds to wait for a connection
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    pub(crate) connect_timeout: u64,
}
