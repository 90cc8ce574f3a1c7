//! `infra render`.

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct Render {
    /// An environment's name, or a directory with a kustomization
    #[arg(value_name = "ENV|DIR")]
    pub(crate) what: String,
}
