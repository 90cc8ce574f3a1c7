//! `infra doctor`.

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// An environment's name [default: `--env`, else every environment with connections in infra.toml]
    #[arg(value_name = "ENV")]
    pub(crate) environment: Option<String>,
    /// The kubeconfig's context of the environment's cluster [default: infra.toml's, else platform.yaml's]
    #[arg(long, value_name = "NAME")]
    pub(crate) context: Option<String>,
    /// Seconds that a server has to answer everything
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) timeout: u64,
}
