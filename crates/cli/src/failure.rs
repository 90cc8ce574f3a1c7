//! What stops a command, and the exit code that says so.

use std::path::{Path, PathBuf};

use miette::Diagnostic;
use thiserror::Error;

use crate::exit::Exit;
use crate::finding::BoxedFinding;

/// A command could not go on.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The exit code of the process.
    pub(crate) exit: Exit,
    /// What a person and the machine-readable formats are told.
    pub(crate) diagnostic: BoxedFinding,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.diagnostic)
    }
}

impl Failure {
    /// Input or configuration that cannot be used: exit code 2.
    pub(crate) fn usage(diagnostic: impl Diagnostic + Send + Sync + 'static) -> Self {
        Self { exit: Exit::Usage, diagnostic: Box::new(diagnostic) }
    }

    /// A file that could not be read: exit code 2.
    pub(crate) fn read(path: &Path, source: std::io::Error) -> Self {
        Self::usage(Problem::Read { path: path.to_owned(), source })
    }

    /// The user would not wait: exit code 130.
    pub(crate) fn interrupted() -> Self {
        Self { exit: Exit::Interrupted, diagnostic: Box::new(Problem::Interrupted) }
    }

    /// A file that is not text: exit code 2.
    pub(crate) fn not_utf8(path: &Path, error: &std::string::FromUtf8Error) -> Self {
        let valid = error.utf8_error().valid_up_to();
        let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
        let src = miette::NamedSource::new(path.display().to_string(), text);
        Self::usage(Problem::NotUtf8 { path: path.to_owned(), src, span: (valid, 1).into() })
    }

    /// A file that could not be written: exit code 4.
    pub(crate) fn write(path: &Path, source: std::io::Error) -> Self {
        Self { exit: Exit::Failed, diagnostic: Box::new(Problem::Write { path: path.to_owned(), source }) }
    }
}

impl From<migrate_core::Error> for Failure {
    fn from(error: migrate_core::Error) -> Self {
        use migrate_core::Error;
        let exit = match &error {
            error if error.is_unreachable() => Exit::Unreachable,
            Error::Stopped { .. } => Exit::Interrupted,
            Error::Online(error) if error.stopped => Exit::Interrupted,
            Error::Statement { .. }
            | Error::Callback { .. }
            | Error::ConnectionLost { .. }
            | Error::Blocked { .. }
            | Error::Online { .. }
            | Error::Unfinished { .. }
            | Error::UnfinishedFile { .. }
            | Error::Server { .. } => Exit::Failed,
            Error::Invalid { .. } => Exit::Findings,
            _ => Exit::Usage,
        };
        Self { exit, diagnostic: Box::new(error) }
    }
}

impl From<schema_baseline::Error> for Failure {
    fn from(error: schema_baseline::Error) -> Self {
        use schema_baseline::Error;
        match error {
            Error::Database(error) => (*error).into(),
            error @ Error::Stopped { .. } => Self { exit: Exit::Interrupted, diagnostic: Box::new(error) },
            error @ Error::Statement { .. } => Self { exit: Exit::Failed, diagnostic: Box::new(error) },
            error => Self::usage(error),
        }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::usage(problem)
    }
}

/// What the command line itself can find wrong.
#[derive(Debug, Error, Diagnostic)]
pub(crate) enum Problem {
    #[error("`{text}` is no pattern of states")]
    #[diagnostic(
        code("cli/ignore-pattern"),
        help(
            "write TYPE:STATE, with TYPE one of *, repeatable, versioned and STATE one of *, missing, pending, ignored, future"
        )
    )]
    IgnorePattern { text: String },

    #[error("cleaning is disabled: it drops every table of the schema and all data in it")]
    #[diagnostic(
        code("cli/clean-disabled"),
        help("add `--clean-enabled`, or set FLYWAY_CLEAN_DISABLED=false, if that is what you want")
    )]
    CleanDisabled,

    #[error("cannot read `{}`", path.display())]
    #[diagnostic(code("cli/read"), help("check that the file exists and that you may read it"))]
    Read { path: PathBuf, source: std::io::Error },

    #[error("cannot write `{}`", path.display())]
    #[diagnostic(
        code("cli/write"),
        help(
            "check that the directory exists, that you may write it and that the disk has room; nothing was changed"
        )
    )]
    Write { path: PathBuf, source: std::io::Error },

    #[error("`{}` is not UTF-8", path.display())]
    #[diagnostic(code("cli/not-utf8"), help("save the file as UTF-8"))]
    NotUtf8 {
        path: PathBuf,
        #[source_code]
        src: miette::NamedSource<String>,
        #[label("this byte belongs to no character")]
        span: miette::SourceSpan,
    },

    #[error("no infrastructure directory at or above `{}`", start.display())]
    #[diagnostic(
        code("cli/no-root"),
        help("run inside a tree that holds `infra/` or `infra.toml`, or name one with `-C DIR`")
    )]
    NoRoot { start: PathBuf },

    #[error("`{}` holds neither `infra/` nor `infra.toml`", root.display())]
    #[diagnostic(code("cli/not-a-root"), help("name the directory that contains `infra/` with `-C DIR`"))]
    NotARoot { root: PathBuf },

    #[error("there is no environment `{name}`")]
    #[diagnostic(code("cli/unknown-environment"), help("{}", known_environments(known)))]
    UnknownEnvironment { name: String, known: Vec<String> },

    #[error("the schemas of Kubernetes `{version}` are not known")]
    #[diagnostic(code("cli/unknown-kube-version"), help("name one of {}", known.join(", ")))]
    UnknownKubeVersion { version: String, known: Vec<String> },

    #[error("`{}` is missing", path.display())]
    #[diagnostic(
        code("check/missing"),
        help(
            "restore it, name another place under `[paths]` in infra.toml, or set `\"check/missing\" = \"off\"` under `[rules]` there"
        )
    )]
    Missing { path: PathBuf },

    #[error("no database was named")]
    #[diagnostic(
        code("cli/no-database"),
        help(
            "give `--url mysql://USER@HOST:PORT/DATABASE`, set INFRA_MYSQL_URL, or name an environment whose connection infra.toml holds with `--env`"
        )
    )]
    NoDatabase,

    #[error("the password stands in the URL, where the process list and the shell's history show it")]
    #[diagnostic(
        code("cli/password-in-url"),
        severity(Warning),
        help("leave it out and set INFRA_MYSQL_PASSWORD or INFRA_MYSQL_PASSWORD_FILE")
    )]
    PasswordInUrl,

    #[error("`{text}` is not a version: {reason}")]
    #[diagnostic(code("cli/version"), help("write numbers separated by dots, as in 018 or 1.2"))]
    Version { text: String, reason: String },

    #[error("`{}` holds schema files already", path.display())]
    #[diagnostic(
        code("cli/schema-files"),
        help(
            "add `--update` to change only those whose objects differ, or name another directory with `--schema-dir`"
        )
    )]
    NotEmptyDirectory { path: PathBuf },

    #[error("`{}` is no part of the baseline any more", path.display())]
    #[diagnostic(
        code("cli/left-over"),
        help("run `infra baseline build --split` again, which takes it away")
    )]
    LeftOver { path: PathBuf },

    #[error("no directory can be named after schema `{name}`")]
    #[diagnostic(code("cli/schema-name"), help("dump it alone, into a directory of your choice"))]
    SchemaName { name: String },

    #[error("`{text}` is no source: {reason}")]
    #[diagnostic(code("cli/source"), help("name a server with mysql://USER@HOST:PORT/DATABASE or env:NAME"))]
    Source { text: String, reason: String },

    #[error("after it, {object} would still differ from {what}")]
    #[diagnostic(
        code("migrate/still-different"),
        help(
            "see whether a repeatable migration makes it otherwise, or whether a `${{` in it is taken for a placeholder; nothing was written"
        )
    )]
    StillDifferent { object: String, what: &'static str },

    #[error("no undo script can be made for {name}: {reason}")]
    #[diagnostic(
        code("migrate/no-generated-undo"),
        help("write its undo script by hand; nothing was taken back")
    )]
    NotGenerated { name: String, reason: String },

    #[error("revision `{revision}` cannot be read: {reason}")]
    #[diagnostic(
        code("cli/revision"),
        help(
            "name a commit, branch or tag of the repository that holds the tree; the program `git` has to be on the PATH"
        )
    )]
    Revision { revision: String, reason: String },

    #[error("cannot start the connection's runtime")]
    #[diagnostic(code("cli/runtime"), help("check the limits on file descriptors of this process"))]
    Runtime { source: std::io::Error },

    #[error("`--format {format}` is for findings, and this command prints something else")]
    #[diagnostic(
        code("cli/format"),
        help(
            "leave `--format` out, or choose `json`, which holds both; `infra check` gives the findings alone"
        )
    )]
    Format { format: String },

    #[error("`{path}` holds no manifests: no file ends in .yaml, .yml or .json")]
    #[diagnostic(code("cli/no-manifests"), help("name a directory with manifests or a kustomization"))]
    NoManifests { path: String },

    #[error("no pods `{name}` in these manifests")]
    #[diagnostic(code("network/unknown-workload"), severity(Error), help("{}", known_workloads(known)))]
    UnknownWorkload { name: String, known: Vec<String> },

    #[error("these manifests have no workload")]
    #[diagnostic(
        code("network/no-workloads"),
        severity(Error),
        help("only pods and what makes pods can be connected: nothing is listed")
    )]
    NoWorkloads,

    #[error("`{text}` is not {expected}")]
    #[diagnostic(code("cli/port"), help("write a port as {example}"))]
    Port { text: String, expected: &'static str, example: &'static str },

    #[error("`{}` was not written by `infra network synth` and is left as it is", path.display())]
    #[diagnostic(code("cli/not-ours"), help("move the file away, or write to another directory"))]
    NotOurs { path: PathBuf },

    #[error("which environment?")]
    #[diagnostic(
        code("cli/no-environment"),
        help("name one, or a directory, as an argument or with `--env`")
    )]
    WhichEnvironment,

    #[error("interrupted")]
    #[diagnostic(code("cli/interrupted"), help("`infra migrate info` shows how far it came"))]
    Interrupted,

    #[error("`{description}` cannot be the name of a migration: {reason}")]
    #[diagnostic(
        code("cli/description"),
        help("say in a few words what it does, as in \"add loyalty points\"")
    )]
    Description { description: String, reason: String },

    #[error(transparent)]
    #[diagnostic(code("cli/location"), help("copy the files to where this process can read them"))]
    Location(migrate_core::location::UnknownLocation),

    #[error("no migrations, since their names do not end in `.sql`: {}", names.join(", "))]
    #[diagnostic(code("cli/not-a-migration"), help("name migration files only, or their directory"))]
    NotMigrations { names: Vec<String> },

    #[error("`{value}` is not a placeholder of the form NAME=VALUE")]
    #[diagnostic(code("cli/placeholder"), help("write `--placeholder name=value`"))]
    Placeholder { value: String },

    #[error("a quote or backslash at the end of `--online-args` has nothing behind it")]
    #[diagnostic(code("cli/online-arguments"), help("close the quote, as a shell would want it"))]
    OnlineArguments,

    #[error("gh-ost connects to hosts and ports, not to sockets")]
    #[diagnostic(code("cli/online-socket"), help("name host and port in the URL, or use `--online pt-osc`"))]
    OnlineSocket,

    #[error("`{value}` is not a date of the form YYYY-MM-DD")]
    #[diagnostic(code("cli/date"), help("write the day as in 2026-11-23"))]
    Date { value: String },

    #[error("{message}")]
    #[diagnostic(code("cli/configuration"), help("see the README for the keys that infra.toml knows"))]
    Configuration {
        message: String,
        #[source_code]
        src: miette::NamedSource<String>,
        #[label("here")]
        span: miette::SourceSpan,
    },
}

fn known_environments(known: &[String]) -> String {
    if known.is_empty() {
        "no component has an overlay directory `k8s/overlays/<environment>`".to_owned()
    } else {
        format!("known environments: {}", known.join(", "))
    }
}

fn known_workloads(known: &[String]) -> String {
    match known {
        [] => "write NAME or NAMESPACE/NAME".to_owned(),
        known => format!("write NAME or NAMESPACE/NAME of one of {}", known.join(", ")),
    }
}
