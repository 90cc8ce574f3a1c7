//! The command line as clap sees it; nothing here acts.

mod fleet;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use fleet::Fleet;

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
        after_help = "Examples:\n  infra render prod\n  infra render infra/redis/k8s/overlays/dev | kubectl diff -f -"
    )]
    Render(Render),
    /// The compatibility graph of platform/platform.yaml and platform/compatibility.yaml
    #[command(subcommand)]
    Compat(Compat),
    /// Print the completion script of a shell
    #[command(after_help = "Example:\n  infra completions bash > /etc/bash_completion.d/infra")]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Migrate {
    /// Create the next version's empty migration file
    #[command(after_help = "Example:\n  infra migrate new \"add loyalty points\"")]
    New(MigrateNew),
    /// Show every migration with its state
    #[command(after_help = "Example:\n  infra migrate info --url mysql://shop@db.example.com/shop")]
    Info(Connection),
    /// Compare the applied migrations with the files
    #[command(after_help = "Example:\n  infra migrate validate --env prod")]
    Validate(MigrateValidate),
    /// Show what `apply` would run, and what each statement would cost on the server; runs nothing
    #[command(
        after_help = "Examples:\n  infra migrate plan --env prod\n  infra migrate plan --env prod --sql > release.sql"
    )]
    Plan(MigratePlan),
    /// Apply what is pending
    #[command(
        after_help = "Examples:\n  INFRA_MYSQL_PASSWORD_FILE=/run/secrets/password infra migrate apply --env staging\n  infra migrate apply --env prod --fleet tenants.txt --parallel 16 --max-failures 2% --result tenants.jsonl"
    )]
    Apply(Box<MigrateApply>),
    /// Take applied migrations back by their undo scripts, the newest first
    #[command(after_help = "Example:\n  infra migrate undo --env dev --target 021")]
    Undo(MigrateUndo),
    /// Repair the history: failed rows go, gone files are marked, changed checksums are taken over
    #[command(after_help = "Example:\n  infra migrate repair --env staging")]
    Repair(MigrateRepair),
    /// Take everything up to a version for applied, in a database without history
    #[command(after_help = "Example:\n  infra migrate baseline --env prod --baseline-version 018")]
    Baseline(MigrateBaseline),
    /// Drop everything in the schema, the history too
    #[command(after_help = "Example:\n  infra migrate clean --env dev --clean-enabled")]
    Clean(MigrateClean),
    /// Find what loses data, breaks running programs or blocks tables, without a server
    #[command(
        after_help = "Examples:\n  infra migrate lint --fail-on warning\n  infra migrate lint $(git diff --cached --name-only --diff-filter=d -- '*/migrations/*.sql')\n  infra migrate lint --rules"
    )]
    Lint(MigrateLint),
    /// Find what was changed by hand: the live schema against what the applied migrations make
    #[command(after_help = "Example:\n  infra migrate drift --env prod")]
    Drift(Connection),
    /// Show what the pending migrations will make of the schema
    #[command(
        after_help = "Examples:\n  infra migrate changes --env prod\n  infra migrate changes --from 018 --markdown"
    )]
    Changes(MigrateChanges),
    /// Block until the history shows a version
    #[command(after_help = "Example:\n  infra migrate wait --at-least 018 --timeout 30m")]
    Wait(MigrateWait),
}

#[derive(Debug, Args)]
pub(crate) struct MigrateNew {
    /// What the migration does, in words
    pub(crate) description: String,
    /// Directory of the migrations
    #[arg(long, value_name = "DIR")]
    pub(crate) locations: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct MigrateLint {
    /// Migration files, or directories of them [default: the tree's migrations]
    #[arg(value_name = "FILE", conflicts_with_all = ["locations", "rules"])]
    pub(crate) files: Vec<PathBuf>,
    /// Directories of the migrations, or patterns such as `sql/**/mysql`, comma-separated
    #[arg(long, value_name = "DIR", value_delimiter = ',')]
    pub(crate) locations: Vec<String>,
    /// List the rules instead
    #[arg(long)]
    pub(crate) rules: bool,
}

#[derive(Debug, Args)]
pub(crate) struct MigrateChanges {
    #[command(flatten)]
    pub(crate) connection: Connection,
    /// Take everything up to this version for applied, repeatable migrations too, instead of asking a server
    #[arg(long, value_name = "VERSION")]
    pub(crate) from: Option<String>,
    /// Print Markdown, for a comment on a pull request
    #[arg(long)]
    pub(crate) markdown: bool,
}

/// Which database, and which files.
#[derive(Debug, Clone, Args)]
pub(crate) struct Connection {
    #[command(flatten)]
    pub(crate) database: Database,
    #[command(flatten)]
    pub(crate) scripts: Scripts,
}

/// Which database, and which history in it.
#[derive(Debug, Clone, Args)]
pub(crate) struct Database {
    /// `mysql://USER@HOST:PORT/DATABASE`; the password comes from `INFRA_MYSQL_PASSWORD` or `INFRA_MYSQL_PASSWORD_FILE`
    #[arg(long, env = "INFRA_MYSQL_URL", hide_env_values = true)]
    pub(crate) url: Option<String>,
    /// Name of the schema history table
    #[arg(long, default_value = "flyway_schema_history")]
    pub(crate) table: String,
    /// Schemas that are migrated, comma-separated [default: the database of the connection]
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) schemas: Vec<String>,
    /// The one of them that is current and holds the history [default: the first]
    #[arg(long, value_name = "NAME")]
    pub(crate) default_schema: Option<String>,
    /// Seconds to wait for a connection
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    pub(crate) connect_timeout: u64,
    /// How often to try again when the server cannot be reached, after 1, 2, 4, … seconds
    #[arg(long, value_name = "TIMES", default_value_t = 0)]
    pub(crate) connect_retries: u32,
}

/// Which migrations, and which of them count.
#[derive(Debug, Clone, Args)]
pub(crate) struct Scripts {
    #[command(flatten)]
    pub(crate) files: Files,
    /// Newest version to consider
    #[arg(long, value_name = "VERSION")]
    pub(crate) target: Option<String>,
    /// Accept migrations older than the newest applied one
    #[arg(long)]
    pub(crate) out_of_order: bool,
}

/// Where migrations and callbacks are, and how they are read.
#[derive(Debug, Clone, Args)]
pub(crate) struct Files {
    /// Directories of the migrations, or patterns such as `sql/**/mysql`, comma-separated
    #[arg(long, value_name = "DIR", value_delimiter = ',')]
    pub(crate) locations: Vec<String>,
    /// Value of a `${name}` placeholder; may be repeated
    #[arg(long = "placeholder", value_name = "NAME=VALUE")]
    pub(crate) placeholders: Vec<String>,
    /// Leave `${…}` as it stands
    #[arg(long)]
    pub(crate) no_placeholders: bool,
    /// Do not run callbacks such as `beforeMigrate.sql`
    #[arg(long)]
    pub(crate) skip_callbacks: bool,
}

/// Which differences between files and history are no fault.
#[derive(Debug, Clone, Args)]
pub(crate) struct Ignore {
    /// States that are no fault, such as `*:missing` or `repeatable:pending`, comma-separated
    #[arg(long, value_name = "TYPE:STATE", value_delimiter = ',', default_value = "*:future")]
    pub(crate) ignore_migration_patterns: Vec<String>,
}

/// How long to wait for others.
#[derive(Debug, Clone, Args)]
pub(crate) struct Lock {
    /// Seconds to wait for the migration lock [default: for ever, as Flyway does]
    #[arg(long, value_name = "SECONDS")]
    pub(crate) lock_timeout: Option<u64>,
}

#[derive(Debug, Args)]
pub(crate) struct MigrateValidate {
    #[command(flatten)]
    pub(crate) connection: Connection,
    #[command(flatten)]
    pub(crate) ignore: Ignore,
}

#[derive(Debug, Args)]
pub(crate) struct MigratePlan {
    #[command(flatten)]
    pub(crate) connection: Connection,
    #[command(flatten)]
    pub(crate) ignore: Ignore,
    /// Print the exact SQL, the history's rows too, as the server's own client takes it; passwords in it are not hidden
    #[arg(long)]
    pub(crate) sql: bool,
    /// Take a schema that is not empty and has no history to be at --baseline-version, as `apply` does
    #[arg(long)]
    pub(crate) baseline_on_migrate: bool,
    /// Version that --baseline-on-migrate means
    #[arg(long, value_name = "VERSION", default_value = "1")]
    pub(crate) baseline_version: String,
}

#[derive(Debug, Args)]
pub(crate) struct MigrateRepair {
    #[command(flatten)]
    pub(crate) connection: Connection,
    #[command(flatten)]
    pub(crate) ignore: Ignore,
    #[command(flatten)]
    pub(crate) lock: Lock,
}

#[derive(Debug, Args)]
pub(crate) struct MigrateBaseline {
    #[command(flatten)]
    pub(crate) database: Database,
    #[command(flatten)]
    pub(crate) files: Files,
    #[command(flatten)]
    pub(crate) lock: Lock,
    /// Newest version that is taken for applied
    #[arg(long, value_name = "VERSION", default_value = "1")]
    pub(crate) baseline_version: String,
    /// What the history shows [default: << Flyway Baseline >>]
    #[arg(long, value_name = "TEXT")]
    pub(crate) baseline_description: Option<String>,
    /// Who the history says it was [default: the account]
    #[arg(long, value_name = "NAME")]
    pub(crate) installed_by: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct MigrateClean {
    #[command(flatten)]
    pub(crate) database: Database,
    #[command(flatten)]
    pub(crate) files: Files,
    #[command(flatten)]
    pub(crate) lock: Lock,
    /// Say that you mean it; so does `FLYWAY_CLEAN_DISABLED=false` in the environment
    #[arg(long)]
    pub(crate) clean_enabled: bool,
}

#[derive(Debug, Args)]
pub(crate) struct MigrateApply {
    #[command(flatten)]
    pub(crate) connection: Connection,
    #[command(flatten)]
    pub(crate) ignore: Ignore,
    #[command(flatten)]
    pub(crate) lock: Lock,
    /// Seconds that a change waits for tables that others use before it steps aside and tries again; 0: no bound
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    pub(crate) lock_wait_timeout: u64,
    /// Seconds after which it gives up
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    pub(crate) lock_wait_total: u64,
    #[command(flatten)]
    pub(crate) online: Online,
    /// Who the history says it was [default: the account]
    #[arg(long, value_name = "NAME")]
    pub(crate) installed_by: Option<String>,
    /// Write the history without running anything
    #[arg(long)]
    pub(crate) skip_executing: bool,
    /// Refuse when a schema does not exist, instead of creating it
    #[arg(long)]
    pub(crate) no_create_schemas: bool,
    /// Record a baseline at --baseline-version when the schema is not empty and has no history
    #[arg(long)]
    pub(crate) baseline_on_migrate: bool,
    /// Version that --baseline-on-migrate records
    #[arg(long, value_name = "VERSION", default_value = "1")]
    pub(crate) baseline_version: String,
    /// How to go on with a migration that was cut off, when the database does not show how far it came
    #[arg(long, value_enum, value_name = "HOW")]
    pub(crate) settle: Option<Settle>,
    #[command(flatten)]
    pub(crate) fleet: Fleet,
}

/// Which changes a tool makes instead of the server.
#[derive(Debug, Args)]
pub(crate) struct Online {
    /// Let this tool make the changes of large tables that would copy them or build an index. It converts rows without strictness:
    /// values that do not fit a changed type are cut
    #[arg(long = "online", value_enum, value_name = "TOOL")]
    pub(crate) tool: Option<Tool>,
    /// How large: bytes of data and indexes, with K, M, G or T; 0: every table
    #[arg(long = "online-over", value_name = "SIZE", default_value = "1G", value_parser = parse_size)]
    pub(crate) over: u64,
    /// More arguments for the tool, in one string that is split as a shell does
    #[arg(
        long = "online-args",
        value_name = "ARGS",
        default_value = "",
        hide_default_value = true,
        allow_hyphen_values = true
    )]
    pub(crate) arguments: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Tool {
    /// gh-ost, which reads the binary log
    GhOst,
    /// pt-online-schema-change of Percona Toolkit, which uses triggers
    PtOsc,
}

#[derive(Debug, Args)]
pub(crate) struct MigrateUndo {
    #[command(flatten)]
    pub(crate) database: Database,
    #[command(flatten)]
    pub(crate) files: Files,
    #[command(flatten)]
    pub(crate) lock: Lock,
    /// Oldest version that is taken back [default: the newest applied one alone]
    #[arg(long, value_name = "VERSION")]
    pub(crate) target: Option<String>,
    /// Who the history says it was [default: the account]
    #[arg(long, value_name = "NAME")]
    pub(crate) installed_by: Option<String>,
    /// How to go on with an undo script that was cut off, when the database does not show how far it came
    #[arg(long, value_enum, value_name = "HOW")]
    pub(crate) settle: Option<Settle>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Settle {
    /// The statement in flight is in force: go on after it
    Done,
    /// The statement in flight is not in force: go on with it
    Again,
    /// Nothing of the migration is in force: begin with its first statement
    Restart,
}

#[derive(Debug, Args)]
pub(crate) struct MigrateWait {
    #[command(flatten)]
    pub(crate) database: Database,
    /// Version that must be applied
    #[arg(long, value_name = "VERSION")]
    pub(crate) at_least: String,
    /// How long to wait, such as 90s, 30m or 2h
    #[arg(long, value_name = "TIME", default_value = "30m", value_parser = parse_duration)]
    pub(crate) timeout: std::time::Duration,
}

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

#[derive(Debug, Args)]
pub(crate) struct Render {
    /// An environment's name, or a directory with a kustomization
    #[arg(value_name = "ENV|DIR")]
    pub(crate) what: String,
}

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

/// The name of a command that takes the command line of another program.
const FLYWAY: &str = "flyway";

/// Global options that are followed by their value.
const WITH_VALUE: [&str; 6] = ["-C", "-e", "--env", "--format", "--color", "--fail-on"];

/// The command line with everything that is Flyway's behind `--`, so that none of it is taken for an option of ours. A program
/// that is called `flyway` has nothing else.
pub(crate) fn set_flyway_apart(mut arguments: Vec<OsString>) -> Vec<OsString> {
    let program = arguments.first().map(Path::new).and_then(Path::file_stem);
    let at = if program.is_some_and(|name| name == FLYWAY) {
        arguments.insert(1, FLYWAY.into());
        Some(1)
    } else {
        let mut at = 1;
        while let Some(argument) = arguments.get(at).filter(|argument| is_option(argument)) {
            at += if WITH_VALUE.iter().any(|option| argument == option) { 2 } else { 1 };
        }
        arguments.get(at).is_some_and(|command| command == FLYWAY).then_some(at)
    };
    if let Some(at) = at.filter(|at| arguments.get(at + 1).is_none_or(|next| next != "--")) {
        arguments.insert(at + 1, "--".into());
    }
    arguments
}

fn is_option(argument: &OsString) -> bool {
    argument.as_encoded_bytes().first() == Some(&b'-')
}

/// Reads a length of time such as `90s`, `30m` or `2h`; a bare number is seconds.
fn parse_duration(text: &str) -> Result<std::time::Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor = match &text[digits.len()..] {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        unit => return Err(format!("unknown unit `{unit}`: use s, m or h")),
    };
    digits
        .parse::<u64>()
        .ok()
        .and_then(|count| count.checked_mul(factor))
        .map(std::time::Duration::from_secs)
        .ok_or_else(|| format!("`{text}` is not a length of time such as 90s, 30m or 2h"))
}

/// Reads a size such as `500M`, `1GiB` or `0`; a bare number is bytes.
fn parse_size(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = text[digits.len()..].to_ascii_uppercase();
    let shift = match unit.trim_end_matches('B').trim_end_matches('I') {
        "" => 0,
        "K" => 10,
        "M" => 20,
        "G" => 30,
        "T" => 40,
        _ => return Err(format!("unknown unit `{unit}`: use K, M, G or T")),
    };
    digits
        .parse::<u64>()
        .ok()
        .and_then(|count| count.checked_mul(1 << shift))
        .ok_or_else(|| format!("`{text}` is not a size such as 500M or 1G"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn sizes_have_units() {
        assert_eq!(parse_size("0"), Ok(0));
        assert_eq!(parse_size("500M"), Ok(500 << 20));
        assert_eq!(parse_size("1GiB"), Ok(1 << 30));
        assert_eq!(parse_size("2kb"), Ok(2048));
        for wrong in ["", "G", "-1", "1.5G", "1X", "99999999T"] {
            assert!(parse_size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn what_is_flyways_is_left_to_it() {
        let apart = |line: &str| {
            let arguments = set_flyway_apart(line.split(' ').map(OsString::from).collect());
            arguments.iter().map(|argument| argument.to_string_lossy()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(apart("infra flyway -environment=x -q info"), "infra flyway -- -environment=x -q info");
        assert_eq!(apart("infra -q --color never flyway -e"), "infra -q --color never flyway -- -e");
        assert_eq!(apart("infra flyway -- info"), "infra flyway -- info");
        assert_eq!(apart("/opt/bin/flyway -v"), "/opt/bin/flyway flyway -- -v");
        for other in ["infra -C flyway check", "infra migrate new flyway", "infra"] {
            assert_eq!(apart(other), other);
        }
        let Command::Flyway { arguments } =
            Cli::parse_from(set_flyway_apart(["infra", "flyway", "--help", "-e"].map(OsString::from).into()))
                .command
        else {
            panic!("another command");
        };
        assert_eq!(arguments, ["--help", "-e"]);
    }

    #[test]
    fn the_options_that_have_a_value_are_known() {
        let command = Cli::command();
        let mut taking = Vec::new();
        for argument in command.get_arguments().filter(|argument| argument.get_action().takes_values()) {
            taking.extend(argument.get_short().map(|short| format!("-{short}")));
            taking.extend(argument.get_long().map(|long| format!("--{long}")));
        }
        taking.sort();
        let mut known = WITH_VALUE.map(str::to_owned).to_vec();
        known.sort();
        assert_eq!(taking, known);
    }

    #[test]
    fn durations_have_units() {
        let seconds = |text| parse_duration(text).map(|time| time.as_secs());
        assert_eq!(seconds("90"), Ok(90));
        assert_eq!(seconds("30m"), Ok(1800));
        assert_eq!(seconds("2h"), Ok(7200));
        assert!(seconds("2d").is_err());
        assert!(seconds("m").is_err());
        assert!(seconds("99999999999999999999h").is_err());
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
