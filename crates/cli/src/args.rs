//! The command line as clap sees it; nothing here acts.

mod baseline;
mod compat;
mod doctor;
mod fleet;
mod flyway;
mod manifests;
mod migrate;
mod network;
mod render;
mod value;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use baseline::*;
pub(crate) use compat::*;
pub(crate) use doctor::*;
pub(crate) use flyway::set_flyway_apart;
pub(crate) use manifests::*;
pub(crate) use migrate::*;
pub(crate) use network::*;
pub(crate) use render::*;

/// Owns a platform team's infrastructure directory: migrations, schema baseline, manifests, compatibility.
#[derive(Debug, Parser)]
#[command(
    name = "infra",
    version,
    max_term_width = 110,
    after_help = "Example:\n  infra check            verify the whole tree, with no server\n  infra check --env prod --format json"
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options that mean the same in every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Root of the tree [default: nearest ancestor that holds infra.toml or infra/]
    #[arg(short = 'C', value_name = "DIR", global = true)]
    pub(crate) root: Option<PathBuf>,
    /// Environment: a name from platform.yaml and the overlay directories
    #[arg(short, long, value_name = "NAME", global = true)]
    pub(crate) env: Option<String>,
    /// How results and findings are printed
    #[arg(long, value_enum, default_value_t = Format::Human, global = true)]
    pub(crate) format: Format,
    /// When to colour
    #[arg(long, value_enum, default_value_t = Color::Auto, global = true)]
    pub(crate) color: Color,
    /// Lowest severity that makes the exit code 1
    #[arg(long, value_enum, default_value_t = FailOn::Error, global = true)]
    pub(crate) fail_on: FailOn,
    /// Only findings and errors
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// More detail: advice as well as warnings and errors
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
    /// No progress lines on standard error
    #[arg(long, global = true)]
    pub(crate) no_progress: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Human,
    /// One JSON object on standard output
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// JUnit XML, for test reports
    Junit,
    /// Annotations of GitHub Actions
    Github,
    /// A script (`infra baseline diff`)
    #[value(hide = true)]
    Sql,
    /// A tree of lines (`infra compat graph`)
    #[value(hide = true)]
    Tree,
    /// Graphviz (`infra baseline graph`, `infra compat graph`, `infra network graph`, `infra network diff`)
    #[value(hide = true)]
    Dot,
    /// Mermaid (`infra baseline graph`, `infra compat graph`, `infra network graph`, `infra network diff`)
    #[value(hide = true)]
    Mermaid,
    /// A drawing (`infra baseline graph`, `infra compat graph`)
    #[value(hide = true)]
    Svg,
    /// Lines (`infra network graph`, `infra network diff`)
    #[value(hide = true)]
    Txt,
    /// Comma-separated values (`infra network graph`, `infra network diff`)
    #[value(hide = true)]
    Csv,
    /// A Markdown table (`infra network graph`, `infra network diff`)
    #[value(hide = true)]
    Md,
}

impl Format {
    /// Whether it is a form that few commands have.
    pub(crate) fn is_picture(self) -> bool {
        matches!(
            self,
            Self::Sql | Self::Tree | Self::Dot | Self::Mermaid | Self::Svg | Self::Txt | Self::Csv | Self::Md
        )
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    Error,
    Warning,
    Advice,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Verify everything that can be verified without a server
    #[command(after_help = "Example:\n  infra check --env prod")]
    Check,
    /// Flyway-compatible migrations of MySQL and MariaDB
    #[command(subcommand)]
    Migrate(Box<Migrate>),
    /// Flyway's own command line: its arguments, configuration and output
    ///
    /// Everything after `flyway` is Flyway's, also what looks like an option of infra. A link named `flyway` does the same.
    #[command(
        disable_help_flag = true,
        after_help = "Examples:\n  infra flyway -url=jdbc:mysql://db:3306/shop -locations=filesystem:sql migrate\n  infra flyway help"
    )]
    Flyway {
        /// `-key=value`, flags and commands
        #[arg(value_name = "ARGS", trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// The schema directory and the baseline made of it
    #[command(subcommand)]
    Baseline(Baseline),
    /// Print what `kustomize build` would print, for one directory or a whole environment
    #[command(
        after_help = "Examples:\n  infra render prod\n  infra render prod --output rendered/prod\n  infra render prod --output rendered/prod --check\n  infra render infra/redis/k8s/overlays/dev | kubectl diff -f -"
    )]
    Render(Render),
    /// Be a KRM function: the generator of migration bundles, and what names their Jobs, for stock kustomize
    ///
    /// Reads a resource list on standard input and prints one. Kustomize calls it where the annotation of a generator or transformer
    /// config.kubernetes.io/function says `exec: {path: infra, args: [krm]}`.
    #[command(
        after_help = "Example:\n  kustomize build --enable-alpha-plugins --enable-exec infra/mysql/k8s/overlays/prod"
    )]
    Krm,
    /// Kubernetes manifests: their schemas and good practice
    #[command(subcommand)]
    Manifests(Manifests),
    /// The compatibility graph of platform/platform.yaml and platform/compatibility.yaml
    #[command(subcommand)]
    Compat(Compat),
    /// Allowed connections of rendered manifests: list, compare, explain, check against platform.yaml
    #[command(subcommand)]
    Network(Network),
    /// Ask the live servers of an environment, and compare them with what is declared
    #[command(
        after_help = "Examples:\n  infra doctor prod\n  infra doctor --format json --timeout 3\n  infra doctor prod --context prod-eu\n\nThe connections stand in infra.toml, as [environments.prod.mysql], [environments.prod.redis] and [environments.prod.cluster]. Nothing is written anywhere."
    )]
    Doctor(Doctor),
    /// Print the completion script of a shell
    #[command(after_help = "Example:\n  infra completions bash > /etc/bash_completion.d/infra")]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_leaf_command_shows_an_example() {
        fn visit(command: &clap::Command) {
            let leaf = command.get_subcommands().next().is_none();
            if leaf && command.get_name() != "help" {
                let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
                assert!(help.contains("Example"), "`{}` has no example", command.get_name());
            }
            command.get_subcommands().for_each(visit);
        }
        visit(&Cli::command());
    }
}
