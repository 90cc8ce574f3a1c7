//! `infra baseline`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use schema_baseline::definer::Definers;
use schema_baseline::dialect::Dialect;
use schema_baseline::diff::Rename;

use crate::source::SourceName;

#[derive(Debug, Subcommand)]
pub(crate) enum Baseline {
    /// Write baseline.sql from the schema directory
    #[command(after_help = "Examples:\n  infra baseline build\n  infra baseline build --check")]
    Build(BaselineBuild),
    /// Say whether migrations, schema directory and baseline.sql are one schema
    #[command(
        after_help = "Examples:\n  infra baseline verify\n  infra baseline verify --engine mysql://root@127.0.0.1:3306"
    )]
    Verify(BaselineVerify),
    /// Apply the rules for schemas to the schema directory
    #[command(
        after_help = "Examples:\n  infra baseline lint -v\n  infra baseline lint --rules        every rule, with the ids of other linters"
    )]
    Lint(BaselineLint),
    /// Write a live schema as files, one object a file
    #[command(
        after_help = "Examples:\n  infra baseline dump mysql://root@127.0.0.1:3306/shop\n  infra baseline dump env:prod --update --exclude 'tmp_*'"
    )]
    Dump(BaselineDump),
    /// Print the SQL that takes one schema to another
    ///
    /// A SOURCE is `schema[:DIR]`, `migrations[:DIR][@VERSION]`, `file:PATH`, `mysql://USER@HOST:PORT/DATABASE`, `env:NAME` or
    /// `git:REV:SOURCE`.
    #[command(
        after_help = "Examples:\n  infra baseline diff migrations schema\n  infra baseline diff env:prod schema --format sql > change.sql\n  infra baseline diff git:v1.4:schema schema --rename column:orders.total=amount"
    )]
    Diff(BaselineDiff),
    /// Draw the tables of a schema and their foreign keys, as Mermaid unless `--format` says dot, svg or json
    ///
    /// SOURCE is `schema[:DIR]`, `migrations[:DIR][@VERSION]`, `file:PATH`, `mysql://USER@HOST:PORT/DATABASE`, `env:NAME` or
    /// `git:REV:SOURCE`.
    #[command(
        after_help = "Examples:\n  infra baseline graph\n  infra baseline graph env:prod --format svg > schema.svg"
    )]
    Graph(BaselineGraph),
    /// Boot an empty database from baseline.sql and record the baseline row
    #[command(after_help = "Example:\n  infra baseline load mysql://root@127.0.0.1:3306/shop")]
    Load(BaselineLoad),
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum SplitBy {
    /// One file for each kind of object
    Kind,
    /// One file for each object
    Object,
}

#[derive(Debug, Args)]
pub(crate) struct BaselineBuild {
    /// Only say whether the file is fresh
    #[arg(long)]
    pub(crate) check: bool,
    /// Directory with tables/, views/, triggers/, procedures/, functions/, events/ and sequences/
    #[arg(long, value_name = "DIR")]
    pub(crate) schema_dir: Option<PathBuf>,
    /// Directory of the migrations whose newest version the header names
    #[arg(long, value_name = "DIR")]
    pub(crate) locations: Option<PathBuf>,
    /// The file to write [default: baseline.sql in the schema directory]; with `--split` the directory [default: baseline/ there]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Several files, which are loaded in the order of their names, instead of one
    #[arg(long, value_enum, value_name = "BY")]
    pub(crate) split: Option<SplitBy>,
    /// Tables and their foreign keys only
    #[arg(long)]
    pub(crate) tables_only: bool,
    /// The server it is for: `mysql-8.4`, `mariadb-11.4` and so on
    #[arg(long, value_name = "SERVER", default_value = "mysql-8.4")]
    pub(crate) dialect: Dialect,
    /// What becomes of DEFINER clauses: `strip`, `keep`, or an account that takes their place
    #[arg(long, value_name = "POLICY", default_value = "strip", value_parser = definers)]
    pub(crate) definer: Definers,
}

#[derive(Debug, Args)]
pub(crate) struct BaselineVerify {
    /// Where the scripts are run: `memory`, or `mysql://USER@HOST:PORT` or `env:NAME` for scratch schemas on a server, which are
    /// dropped again
    #[arg(long, value_name = "ENGINE", default_value = "memory")]
    pub(crate) engine: String,
    /// The server whose rules count in memory: `mysql-8.4`, `mariadb-11.4` and so on
    #[arg(long, value_name = "SERVER", default_value = "mysql-8.4")]
    pub(crate) dialect: Dialect,
    /// Directory with tables/, views/, triggers/, procedures/, functions/, events/ and sequences/
    #[arg(long, value_name = "DIR")]
    pub(crate) schema_dir: Option<PathBuf>,
    /// Directory of the migrations
    #[arg(long, value_name = "DIR")]
    pub(crate) locations: Option<PathBuf>,
    /// The baseline [default: baseline.sql in the schema directory]
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Seconds to wait for a connection
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    pub(crate) connect_timeout: u64,
}

#[derive(Debug, Args)]
pub(crate) struct BaselineDiff {
    /// The schema that there is
    #[arg(value_name = "FROM")]
    pub(crate) from: SourceName,
    /// The schema that is wanted
    #[arg(value_name = "TO")]
    pub(crate) to: SourceName,
    /// What has another name: `table:OLD=NEW`, `column:TABLE.OLD=NEW` or `index:TABLE.OLD=NEW`; may be repeated. So does
    /// `-- infra:renamed from OLD` behind a definition in TO
    #[arg(long, value_name = "RENAME")]
    pub(crate) rename: Vec<Rename>,
    /// Print also what loses data
    #[arg(long)]
    pub(crate) allow_destructive: bool,
    /// End with 1 when the schemas differ
    #[arg(long)]
    pub(crate) exit_code: bool,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

#[derive(Debug, Args)]
pub(crate) struct BaselineGraph {
    /// The schema
    #[arg(value_name = "SOURCE", default_value = "schema")]
    pub(crate) source: SourceName,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

/// How a SOURCE is read.
#[derive(Debug, Args)]
pub(crate) struct Reading {
    /// The server whose rules count where none is asked: `mysql-8.4`, `mariadb-11.4` and so on
    #[arg(long, value_name = "SERVER", default_value = "mysql-8.4")]
    pub(crate) dialect: Dialect,
    /// Name of the schema history table, which is left out
    #[arg(long, default_value = "flyway_schema_history")]
    pub(crate) table: String,
    /// Seconds to wait for a connection
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    pub(crate) connect_timeout: u64,
}

#[derive(Debug, Args)]
pub(crate) struct BaselineLint {
    /// List the rules instead
    #[arg(long)]
    pub(crate) rules: bool,
    /// Directory with tables/, views/, triggers/, procedures/, functions/, events/ and sequences/
    #[arg(long, value_name = "DIR")]
    pub(crate) schema_dir: Option<PathBuf>,
    /// The server whose rules count: `mysql-8.4`, `mariadb-11.4` and so on
    #[arg(long, value_name = "SERVER", default_value = "mysql-8.4")]
    pub(crate) dialect: Dialect,
}

#[derive(Debug, Args)]
pub(crate) struct BaselineDump {
    /// `mysql://USER@HOST:PORT/DATABASE`, or `env:NAME` for a connection from infra.toml
    #[arg(value_name = "SOURCE")]
    pub(crate) source: String,
    /// Directory for tables/, views/, triggers/, procedures/, functions/, events/ and sequences/
    #[arg(long, value_name = "DIR")]
    pub(crate) schema_dir: Option<PathBuf>,
    /// Change only the files whose objects differ; all others keep their comments and their form
    #[arg(long)]
    pub(crate) update: bool,
    /// With `--update`: delete the files of objects that are gone
    #[arg(long, requires = "update")]
    pub(crate) delete: bool,
    /// Only objects whose names match: `order*`, or `view:*` for all of one kind
    #[arg(long, value_name = "PATTERN", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// No objects whose names match
    #[arg(long, value_name = "PATTERN", value_delimiter = ',')]
    pub(crate) exclude: Vec<String>,
    /// Several schemas of the server, each into a directory of its name
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) schemas: Vec<String>,
    /// What becomes of DEFINER clauses: `strip`, `keep`, or an account that takes their place
    #[arg(long, value_name = "POLICY", default_value = "strip", value_parser = definers)]
    pub(crate) definer: Definers,
    /// Name of the schema history table, which is left out
    #[arg(long, default_value = "flyway_schema_history")]
    pub(crate) table: String,
    /// Seconds to wait for a connection
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    pub(crate) connect_timeout: u64,
}

/// `strip`, `keep` or an account: `app@%`.
fn definers(text: &str) -> Result<Definers, String> {
    match text {
        "strip" => Ok(Definers::Strip),
        "keep" => Ok(Definers::Keep),
        account => match account.rsplit_once('@') {
            Some((user, host)) if !user.is_empty() && !host.is_empty() && !account.contains('`') => {
                let part = |part: &str| part.trim_matches('\'').to_owned();
                Ok(Definers::Replace(format!("`{}`@`{}`", part(user), part(host))))
            }
            _ => Err("write `strip`, `keep` or an account as in app@%".to_owned()),
        },
    }
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
