//! `infra migrate`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use schema_baseline::dialect::Dialect;
use schema_baseline::diff::Rename;

use super::fleet::Fleet;
use super::value::{parse_duration, parse_size};

#[derive(Debug, Subcommand)]
pub(crate) enum Migrate {
    /// Create the next version's migration file, empty or from the schema directory
    #[command(
        after_help = "Examples:\n  infra migrate new \"add loyalty points\"\n  infra migrate new \"add loyalty points\" --from-schema --undo"
    )]
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
    /// Write the SQL that takes what the migrations make to the schema directory
    #[arg(long)]
    pub(crate) from_schema: bool,
    #[command(flatten)]
    pub(crate) derived: Derived,
}

/// How `--from-schema` makes the SQL.
#[derive(Debug, Args)]
pub(crate) struct Derived {
    /// Write its inverse, too, as an undo script
    #[arg(long, requires = "from_schema")]
    pub(crate) undo: bool,
    /// Write also what loses data
    #[arg(long, requires = "from_schema")]
    pub(crate) allow_destructive: bool,
    /// What has another name: `table:OLD=NEW`, `column:TABLE.OLD=NEW` or `index:TABLE.OLD=NEW`; may be repeated. So does
    /// `-- infra:renamed from OLD` behind a definition in the schema directory
    #[arg(long, value_name = "RENAME", requires = "from_schema")]
    pub(crate) rename: Vec<Rename>,
    /// Directory with tables/, views/, triggers/, procedures/, functions/, events/ and sequences/
    #[arg(long, value_name = "DIR", requires = "from_schema")]
    pub(crate) schema_dir: Option<PathBuf>,
    /// The server it is for: `mysql-8.4`, `mariadb-11.4` and so on
    #[arg(long, value_name = "SERVER", default_value = "mysql-8.4", requires = "from_schema")]
    pub(crate) dialect: Dialect,
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
    #[command(flatten)]
    pub(crate) results: Results,
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

/// What becomes of the rows that queries in migrations find.
#[derive(Debug, Args)]
pub(crate) struct Results {
    /// Do not show what queries in migrations find
    #[arg(long = "no-query-results")]
    pub(crate) hidden: bool,
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
    /// Make the undo scripts that are missing, from what the migrations define
    #[arg(long)]
    pub(crate) generate: bool,
    /// Run such scripts also where they lose data
    #[arg(long, requires = "generate")]
    pub(crate) allow_destructive: bool,
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
