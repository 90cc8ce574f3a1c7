//! `infra render`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Render {
    #[command(subcommand)]
    pub(crate) command: Option<RenderCommand>,
    /// An environment's name, or a directory with a kustomization
    #[arg(value_name = "ENV|DIR", required = true)]
    pub(crate) what: Option<String>,
    /// Write a tree with one file per object, and remove from it what is gone
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    /// Only say whether the tree is fresh, with the differences
    #[arg(long, requires = "output")]
    pub(crate) check: bool,
    #[command(flatten)]
    pub(crate) world: RenderWorld,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RenderCommand {
    /// Say which objects and fields two renders differ in, and which lines set them
    #[command(
        after_help = "Examples:\n  infra render diff staging prod\n  infra render diff git:main:prod prod\n  infra render diff git:v1.2:infra/redis/k8s/overlays/dev infra/redis/k8s/overlays/dev"
    )]
    Diff(RenderDiff),
}

#[derive(Debug, Args)]
pub(crate) struct RenderDiff {
    /// An environment's name, a directory, or either at a revision: `git:REV:NAME`
    #[arg(value_name = "FROM")]
    pub(crate) from: String,
    /// What it is compared with
    #[arg(value_name = "TO")]
    pub(crate) to: String,
    /// Exit with 1 when there is a difference
    #[arg(long)]
    pub(crate) exit_code: bool,
    #[command(flatten)]
    pub(crate) world: RenderWorld,
}

/// What a render may use beyond its own files; the names are kustomize's.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Beyond the tree")]
pub(crate) struct RenderWorld {
    /// Fetch remote bases and files that are not in the cache, and pin new ones in infra.lock
    #[arg(long)]
    pub(crate) fetch: bool,
    /// From where files may be loaded
    #[arg(long, value_enum, default_value_t = LoadRestrictor::RootOnly)]
    pub(crate) load_restrictor: LoadRestrictor,
    #[command(flatten)]
    pub(crate) programs: RenderPrograms,
    /// The Helm to run
    #[arg(long, value_name = "COMMAND", default_value = "helm")]
    pub(crate) helm_command: String,
    /// The version of Kubernetes that charts see
    #[arg(long, value_name = "VERSION")]
    pub(crate) helm_kube_version: Option<String>,
    /// API versions that charts see
    #[arg(long, value_name = "VERSION")]
    pub(crate) helm_api_versions: Vec<String>,
}

#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct RenderPrograms {
    /// Render charts by Helm
    #[arg(long)]
    pub(crate) enable_helm: bool,
    /// Run functions that are containers
    #[arg(long)]
    pub(crate) enable_alpha_plugins: bool,
    /// Run functions that are executables, too; needs --enable-alpha-plugins
    #[arg(long, requires = "enable_alpha_plugins")]
    pub(crate) enable_exec: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LoadRestrictor {
    /// Only from the directory of the kustomization that names them, and below
    #[value(name = "LoadRestrictionsRootOnly")]
    RootOnly,
    /// From anywhere
    #[value(name = "LoadRestrictionsNone")]
    None,
}
