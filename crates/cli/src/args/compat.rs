//! `infra compat`.

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
pub(crate) enum Compat {
    /// Check the declared graph, versions and constraints
    #[command(
        after_help = "Examples:\n  infra compat check --today 2026-11-23\n  infra compat check --set mysql=8.4.5        what would be wrong with that version?\n  infra compat check --live --env prod        with the versions that servers run, not those declared"
    )]
    Check {
        #[command(flatten)]
        day: Day,
        #[command(flatten)]
        changes: Changes,
        #[command(flatten)]
        live: Live,
    },
    /// Draw the graph
    ///
    /// `--format` is `tree` (or `human`), `dot`, `mermaid`, `svg` or `json`.
    #[command(
        after_help = "Examples:\n  infra compat graph\n  infra compat graph --format svg --cluster-by environment > graph.svg\n  infra compat graph --focus mysql --reverse --depth 2"
    )]
    Graph(Graph),
    /// Print the JSON Schema of a file, for editors
    ///
    /// An editor with a YAML language server completes and checks the file that begins with
    /// `# yaml-language-server: $schema=FILE`.
    #[command(after_help = "Example:\n  infra compat schema platform > platform.schema.json")]
    Schema {
        /// Of which file
        #[arg(value_enum)]
        of: SchemaOf,
    },
    /// Why does one component need another one: the shortest chain of dependencies
    #[command(after_help = "Example:\n  infra compat why gateway mysql --env prod")]
    Why {
        /// The consumer
        from: String,
        /// The provider
        to: String,
        /// Follow what is needed to build, too
        #[arg(long)]
        build: bool,
    },
    /// Who depends on a component, by distance, and what each of them needs of it
    #[command(
        after_help = "Examples:\n  infra compat impact mysql\n  infra compat impact mysql@9.7.0 --env prod        whose ranges leave that version out?"
    )]
    Impact {
        /// NAME, or NAME@VERSION to see which ranges leave that version out
        #[arg(value_name = "NAME[@VERSION]")]
        component: String,
        /// Follow what is needed to build, too
        #[arg(long)]
        build: bool,
    },
    /// May these versions go to an environment: yes (exit code 0) or no (1), with the rules that decide it
    #[command(
        after_help = "Examples:\n  infra compat can-deploy orders@2.4.0 --to prod\n  infra compat can-deploy orders@2.4.0 payments@1.6.1 --to prod --together"
    )]
    CanDeploy {
        /// What to deploy
        #[arg(required = true, value_name = "NAME@VERSION")]
        candidates: Vec<String>,
        /// The environment [default: that of `--env`]
        #[arg(long, value_name = "ENV")]
        to: Option<String>,
        /// All in one step, so that no order is needed
        #[arg(long)]
        together: bool,
        /// What to make of a version that no file declares
        #[arg(long, value_enum, default_value_t = Unknown::Fail)]
        unknown: Unknown,
        #[command(flatten)]
        day: Day,
    },
    /// In which order to upgrade, so that every state between works; or the proof that there is no such order
    ///
    /// FROM and TO are environments (FROM is taken to the versions of TO), git revisions, or directories that hold other
    /// versions of the two files. Without them, `--env` is where it starts and `--set` what must be reached: the
    /// versions of everything else are chosen, and as little as possible moves.
    #[command(
        after_help = "Examples:\n  infra compat plan prod staging                        bring prod to what staging has\n  infra compat plan HEAD~1 HEAD --env prod\n  infra compat plan --env prod --set mysql=9.7.0        and whatever that needs"
    )]
    Plan {
        /// What is live
        #[arg(requires = "to")]
        from: Option<String>,
        /// What is wanted
        to: Option<String>,
        #[command(flatten)]
        day: Day,
        #[command(flatten)]
        changes: Changes,
    },
    /// What changed between two git revisions, and what that breaks or mends
    #[command(
        after_help = "Examples:\n  infra compat diff main            main and the working tree\n  infra compat diff v1.4 v1.5"
    )]
    Diff {
        /// The older revision
        from: String,
        /// The newer revision [default: the working tree]
        to: Option<String>,
        #[command(flatten)]
        day: Day,
    },
}

/// The day for which dates are judged.
#[derive(Debug, Args)]
pub(crate) struct Day {
    /// The day for end-of-life dates [default: today]
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) today: Option<String>,
}

/// Versions other than the declared ones.
#[derive(Debug, Args)]
pub(crate) struct Changes {
    /// As if this version were declared; `remove` takes the component away
    #[arg(long = "set", value_name = "[ENV:]NAME=VERSION")]
    pub(crate) changes: Vec<String>,
}

/// Servers instead of declarations.
#[derive(Debug, Args)]
#[expect(clippy::struct_field_names, reason = "a field has the name of its option")]
pub(crate) struct Live {
    /// Ask the servers and clusters of infra.toml, and check with the versions and schemas that they have
    #[arg(long)]
    pub(crate) live: bool,
    /// The kubeconfig's context of the environment's cluster [default: infra.toml's, else platform.yaml's]
    #[arg(long, value_name = "NAME", requires = "live")]
    pub(crate) context: Option<String>,
    /// Seconds that a server has to answer everything
    #[arg(long, value_name = "SECONDS", requires = "live", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) timeout: u64,
}

#[derive(Debug, Args)]
pub(crate) struct Graph {
    /// Only what this component depends on
    #[arg(long, value_name = "NAME")]
    pub(crate) focus: Option<String>,
    /// No further than this from the focus
    #[arg(long, requires = "focus")]
    pub(crate) depth: Option<usize>,
    /// What depends on it, instead of what it depends on
    #[arg(long)]
    pub(crate) reverse: bool,
    /// Only components of an owner
    #[arg(long)]
    pub(crate) owner: Option<String>,
    /// What stands together
    #[arg(long, value_enum)]
    pub(crate) cluster_by: Option<ClusterBy>,
    /// Dependencies that are needed to build, too
    #[arg(long)]
    pub(crate) build: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ClusterBy {
    Owner,
    Environment,
    Kind,
}

/// What a version counts for that no file declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Unknown {
    /// It may not go
    Fail,
    /// It may, if it needs no more than is declared
    Allow,
}

/// A file that has a JSON Schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaOf {
    /// platform.yaml
    Platform,
    /// A file with further components, as in platform.d
    Part,
    /// compatibility.yaml, or a file with further rules, as in compatibility.d
    Compatibility,
}
