//! `infra migrate info`, `validate`, `apply` and `wait`: the verbs that ask a server.

use std::cell::Cell;
use std::path::Path;

use miette::Severity;
use migrate_core::apply::{ApplyOptions, Patience, Report, apply};
use migrate_core::callback::{Callbacks, Events};
use migrate_core::database::Progress;
use migrate_core::history::{Baseline, HistoryRow};
use migrate_core::info::{Entry, Info, InfoOptions, Target, info};
use migrate_core::journal::Decision;
use migrate_core::location::Location;
use migrate_core::migration::{MigrationKind, replace_checksums};
use migrate_core::mysql::{ConnectOptions, MySqlDatabase, SessionOptions, wait as wait_for};
use migrate_core::placeholder::Placeholders;
use migrate_core::plan::PlanOptions;
use migrate_core::script::SplitOptions;
use migrate_core::validate::{IgnorePattern, ValidateOptions, validate};
use migrate_core::{Finding, Migration, MigrationVersion};
use serde_json::{Value, json};

use super::bar::{Flight, watched};
use super::database::{at_url, block_on, of_environment, session, warn};
use super::files;
use super::judged::judged;
use super::online::online;
use super::progress::{Lines, interruptible};
use crate::args::{
    Connection, Database, Files, Format, Ignore, MigrateApply, MigrateValidate, MigrateWait, Scripts, Settle,
};
use crate::clock;
use crate::failure::{Failure, Problem};
use crate::finding::severity;
use crate::outcome::{Outcome, table};
use crate::tree::Tree;
use crate::ui::{BAD, DIM, GOOD, ODD, Ui, count, styled};

/// Where a command runs: `-C` and `--env`.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) root: Option<&'a Path>,
    pub(crate) environment: Option<&'a str>,
}

/// Everything that a verb needs, resolved before anything is connected.
pub(super) struct Prepared {
    pub(super) options: ConnectOptions,
    pub(super) migrations: Vec<Migration>,
    pub(super) plan: PlanOptions,
    pub(super) outcome: Outcome,
}

impl Prepared {
    /// Reads connection and files. Findings about files that are errors end the verb: a file that cannot be read right must not
    /// be taken for one that is missing.
    pub(super) fn new(arguments: &Connection, place: Place<'_>) -> Result<Self, Failure> {
        Self::at(connection(&arguments.database, place)?, arguments, place)
    }

    /// [`new`](Self::new) for verbs that need no text as a whole.
    pub(super) fn lightly(arguments: &Connection, place: Place<'_>) -> Result<Self, Failure> {
        Self::of(connection(&arguments.database, place)?, arguments, place, files::load_lightly)
    }

    /// The same for a connection that is known already.
    pub(super) fn at(
        options: ConnectOptions,
        arguments: &Connection,
        place: Place<'_>,
    ) -> Result<Self, Failure> {
        Self::of(options, arguments, place, files::load)
    }

    fn of(
        options: ConnectOptions,
        arguments: &Connection,
        place: Place<'_>,
        load: Load,
    ) -> Result<Self, Failure> {
        let Connection { database, scripts } = arguments;
        let locations = files::locations(&scripts.files.locations, place.root)?;
        let Loaded { options, mut migrations, placeholders, outcome } =
            Loaded::by(load, options, database, &scripts.files, &locations, place)?;
        let target = target(scripts)?;
        let mut plan = PlanOptions::validated();
        plan.info = InfoOptions { target, out_of_order: scripts.out_of_order };
        plan.placeholders = placeholders;
        plan.split.rules = files::split_rules(place.root);
        replace_checksums(&mut migrations, &plan.placeholders);
        Ok(Self { options, migrations, plan, outcome })
    }

    pub(super) fn files_are_broken(&self) -> bool {
        is_broken(&self.outcome)
    }

    /// The callbacks among the files.
    pub(super) fn callbacks(&self) -> Result<Callbacks<'_>, Failure> {
        callbacks(&self.migrations, &self.plan.placeholders)
    }
}

/// How files are read.
type Load = fn(&[Location], Option<&Path>, &Placeholders) -> Result<(Vec<Migration>, Vec<Finding>), Failure>;

/// A connection and the files beside it.
pub(super) struct Loaded {
    pub(super) options: ConnectOptions,
    pub(super) migrations: Vec<Migration>,
    pub(super) placeholders: Placeholders,
    pub(super) outcome: Outcome,
}

impl Loaded {
    fn at(
        options: ConnectOptions,
        database: &Database,
        files: &Files,
        locations: &[Location],
        place: Place<'_>,
    ) -> Result<Self, Failure> {
        Self::by(files::load, options, database, files, locations, place)
    }

    fn by(
        load: Load,
        options: ConnectOptions,
        database: &Database,
        files: &Files,
        locations: &[Location],
        place: Place<'_>,
    ) -> Result<Self, Failure> {
        let placeholders = placeholders(files, database, place, &options)?;
        let (mut migrations, findings) = load(locations, None, &placeholders)?;
        if files.skip_callbacks {
            migrations.retain(|migration| !matches!(migration.kind, MigrationKind::Callback(_)));
        }
        let mut outcome = Outcome::default();
        warn(&options, &mut outcome);
        outcome.extend(findings);
        Ok(Self { options, migrations, placeholders, outcome })
    }

    /// For verbs that need the files.
    pub(super) fn of_files(database: &Database, files: &Files, place: Place<'_>) -> Result<Self, Failure> {
        let locations = files::locations(&files.locations, place.root)?;
        Self::at(connection(database, place)?, database, files, &locations, place)
    }

    /// For verbs that need of the files only their callbacks: where there are none, there are none.
    pub(super) fn for_callbacks(
        database: &Database,
        files: &Files,
        place: Place<'_>,
    ) -> Result<Self, Failure> {
        let locations = match files::locations(&files.locations, place.root) {
            Ok(locations) if !files.locations.is_empty() || locations.iter().all(|l| l.root().is_dir()) => {
                locations
            }
            Err(failure) if !files.locations.is_empty() => return Err(failure),
            _ => Vec::new(),
        };
        Self::at(connection(database, place)?, database, files, &locations, place)
    }

    pub(super) fn files_are_broken(&self) -> bool {
        is_broken(&self.outcome)
    }

    /// The callbacks among the files.
    pub(super) fn callbacks(&self) -> Result<Callbacks<'_>, Failure> {
        callbacks(&self.migrations, &self.placeholders)
    }
}

fn is_broken(outcome: &Outcome) -> bool {
    outcome.findings.iter().any(|finding| severity(finding.as_ref()) == Severity::Error)
}

fn callbacks<'m>(migrations: &'m [Migration], placeholders: &Placeholders) -> Result<Callbacks<'m>, Failure> {
    let (callbacks, findings) = Callbacks::of(migrations, placeholders, &SplitOptions::default());
    if findings.iter().any(Finding::is_error) {
        return Err(migrate_core::Error::Invalid { findings }.into());
    }
    Ok(callbacks)
}

pub(super) fn connection(database: &Database, place: Place<'_>) -> Result<ConnectOptions, Failure> {
    let mut options = match (&database.url, place.environment) {
        (Some(url), _) => at_url(url, database.connect_timeout)?,
        (None, Some(name)) => of_environment(name, place.root, database.connect_timeout)?,
        (None, None) => return Err(Problem::NoDatabase.into()),
    };
    options.retries = database.connect_retries;
    Ok(options)
}

/// The values of infra.toml, overridden by those of the command line, and what Flyway provides by itself.
fn placeholders(
    files: &Files,
    database: &Database,
    place: Place<'_>,
    options: &ConnectOptions,
) -> Result<Placeholders, Failure> {
    // A container brings its migrations along, not the tree.
    let configured = Tree::open(place.root).map(|tree| tree.configuration.placeholders).unwrap_or_default();
    let mut placeholders = files::placeholders(&configured)?;
    // The values stay, for scripts that switch replacement on for themselves.
    placeholders.enabled = !files.no_placeholders;
    let directory = std::env::current_dir().unwrap_or_default().display().to_string();
    for (name, value) in [
        ("flyway:environment", place.environment.unwrap_or("default").to_owned()),
        ("flyway:table", database.table.clone()),
        ("flyway:timestamp", clock::timestamp()),
        ("flyway:workingDirectory", directory),
    ] {
        placeholders.set(name, value);
    }
    set_connection(&mut placeholders, files, database, options)?;
    Ok(placeholders)
}

/// The values that differ from connection to connection, as far as the command line does not give them.
pub(super) fn set_connection(
    placeholders: &mut Placeholders,
    files: &Files,
    database: &Database,
    options: &ConnectOptions,
) -> Result<(), Problem> {
    let of_connection = options.database.clone().unwrap_or_default();
    let named = database.default_schema.as_ref().or(database.schemas.first());
    placeholders.set("flyway:defaultSchema", named.unwrap_or(&of_connection));
    placeholders.set("flyway:database", of_connection);
    placeholders.set("flyway:user", options.user.clone().unwrap_or_default());
    set_placeholders(placeholders, files)
}

/// Takes over the values of the command line.
pub(super) fn set_placeholders(placeholders: &mut Placeholders, files: &Files) -> Result<(), Problem> {
    for pair in &files.placeholders {
        let set = pair.split_once('=').is_some_and(|(name, value)| placeholders.set(name, value));
        if !set {
            return Err(Problem::Placeholder { value: pair.clone() });
        }
    }
    Ok(())
}

/// A version of the command line.
pub(crate) fn version(text: &str) -> Result<MigrationVersion, Problem> {
    MigrationVersion::parse(text).map_err(|reason| version_problem(text, &reason))
}

/// The states that are no fault.
pub(super) fn ignored(arguments: &Ignore) -> Result<ValidateOptions, Problem> {
    let parse = |text: &String| {
        IgnorePattern::parse(text).ok_or_else(|| Problem::IgnorePattern { text: text.clone() })
    };
    Ok(ValidateOptions {
        ignore: arguments.ignore_migration_patterns.iter().map(parse).collect::<Result<_, _>>()?,
    })
}

/// Up to where migrations are wanted, as the command line says it.
pub(super) fn target(scripts: &Scripts) -> Result<Target, Problem> {
    let parse = |text: &str| Target::parse(text).map_err(|reason| version_problem(text, &reason));
    Ok(scripts.target.as_deref().map(parse).transpose()?.unwrap_or_default())
}

fn version_problem(text: &str, reason: &impl ToString) -> Problem {
    Problem::Version { text: text.to_owned(), reason: reason.to_string() }
}

/// Every migration with its state.
pub(crate) fn show_info(
    arguments: &Connection,
    place: Place<'_>,
    format: Format,
) -> Result<Outcome, Failure> {
    let prepared = Prepared::lightly(arguments, place)?;
    let rows = rows(&prepared, &arguments.database, Events::INFO, |_| true)?;
    let Prepared { migrations, plan, mut outcome, .. } = prepared;
    let info = info(&migrations, &rows, &plan.info);
    let current = info.current().map(ToString::to_string);
    if format == Format::Json {
        outcome.details.insert("version".to_owned(), json!(current));
        outcome.details.insert("migrations".to_owned(), info.entries.iter().map(entry_json).collect());
    } else if info.entries.is_empty() {
        outcome.summary = styled(DIM, "no migrations\n");
    } else {
        outcome.summary = format!("{}\n{}", info_table(&info), standing(&info, current.as_deref()));
    }
    Ok(outcome)
}

/// The history, read and judged between the callbacks of a verb.
fn rows(
    prepared: &Prepared,
    database: &Database,
    events: Events,
    is_valid: impl FnOnce(&[HistoryRow]) -> bool,
) -> Result<Vec<HistoryRow>, Failure> {
    let callbacks = prepared.callbacks()?;
    block_on(async {
        let mut database = MySqlDatabase::open_with(&prepared.options, &session(database)).await?;
        let rows = judged(&mut database, &callbacks, events, is_valid).await?;
        database.close().await?;
        Ok(rows)
    })
}

fn info_table(info: &Info<'_, '_>) -> String {
    let heading =
        ["Category", "Version", "Description", "Type", "Installed on", "State"].map(str::to_owned).to_vec();
    let rows = info.entries.iter().map(|entry| {
        let state = entry.state.to_string();
        let style = match entry.state {
            state if state.is_failed() => BAD,
            state if state.is_applied() => GOOD,
            _ => ODD,
        };
        vec![
            entry.category().to_owned(),
            entry.version().map(ToString::to_string).unwrap_or_default(),
            entry.description().to_owned(),
            entry.kind().to_owned(),
            entry.row.map(|row| row.installed_on.clone()).unwrap_or_default(),
            styled(style, state),
        ]
    });
    table(&std::iter::once(heading).chain(rows).collect::<Vec<_>>())
}

fn standing(info: &Info<'_, '_>, current: Option<&str>) -> String {
    let version =
        current.map_or_else(|| "empty schema".to_owned(), |version| format!("at version {version}"));
    format!("{version}, {} pending\n", info.pending().count())
}

fn entry_json(entry: &Entry<'_, '_>) -> Value {
    let checksum =
        entry.row.map_or_else(|| entry.migration.map(|migration| migration.checksum), |row| row.checksum);
    json!({
        "category": entry.category(),
        "version": entry.version().map(ToString::to_string),
        "description": entry.description(),
        "type": entry.kind(),
        "state": entry.state.to_string(),
        "script": entry.row.map(|row| row.script.clone()).or_else(|| entry.migration.map(|m| m.script.clone())),
        "checksum": checksum,
        "installed_on": entry.row.map(|row| row.installed_on.clone()),
        "installed_by": entry.row.map(|row| row.installed_by.clone()),
        "execution_time_ms": entry.row.map(|row| row.execution_time),
    })
}

/// The applied migrations against the files; what is pending is a finding too, as it is for Flyway.
pub(crate) fn check_applied(arguments: &MigrateValidate, place: Place<'_>) -> Result<Outcome, Failure> {
    let validation = ignored(&arguments.ignore)?;
    let prepared = Prepared::lightly(&arguments.connection, place)?;
    let judge = |rows: &[HistoryRow]| {
        let info = info(&prepared.migrations, rows, &prepared.plan.info);
        validate(&info, &validation)
    };
    let is_valid = |rows: &[HistoryRow]| !judge(rows).iter().any(Finding::is_error);
    let rows = rows(&prepared, &arguments.connection.database, Events::VALIDATE, is_valid)?;
    let findings = judge(&rows);
    let Prepared { migrations, plan, mut outcome, .. } = prepared;
    let info = info(&migrations, &rows, &plan.info);
    outcome.details.insert("validated".to_owned(), json!(info.entries.len()));
    if findings.is_empty() {
        outcome.summary = format!("{}  {}\n", styled(GOOD, "valid"), count(info.entries.len(), "migration"));
    }
    outcome.extend(findings);
    Ok(outcome)
}

/// How the command line wants migrations applied.
pub(super) fn apply_options(arguments: &MigrateApply, plan: PlanOptions) -> Result<ApplyOptions, Failure> {
    let baseline = version(&arguments.baseline_version)?;
    Ok(ApplyOptions {
        plan: PlanOptions { validate: Some(ignored(&arguments.ignore)?), ..plan },
        baseline_on_migrate: arguments.baseline_on_migrate.then(|| Baseline::new(baseline)),
        settle: arguments.settle.map(decision),
        installed_by: arguments.installed_by.clone(),
        skip_executing: arguments.skip_executing,
        lock_timeout: arguments.lock.lock_timeout,
        create_schemas: !arguments.no_create_schemas,
        commit_each_statement: false,
        patience: (arguments.lock_wait_timeout > 0)
            .then_some(Patience { attempt: arguments.lock_wait_timeout, total: arguments.lock_wait_total }),
        online: None,
    })
}

/// Applies what is pending.
pub(crate) fn apply_pending(arguments: &MigrateApply, place: Place<'_>, ui: &Ui) -> Result<Outcome, Failure> {
    let prepared = Prepared::lightly(&arguments.connection, place)?;
    if prepared.files_are_broken() {
        return Ok(prepared.outcome);
    }
    let Prepared { options, migrations, plan, mut outcome } = prepared;
    let mut options_of_run = apply_options(arguments, plan)?;
    options_of_run.online = online(&arguments.online, &options)?;
    let stopped = Cell::new(false);
    let flight = Flight::default();
    let run = async {
        let keeps_results = !arguments.results.hidden && ui.shows_progress();
        let session = SessionOptions { keeps_results, ..session(&arguments.connection.database) };
        let mut database = MySqlDatabase::open_with(&options, &session).await?;
        flight.runs_on(database.connection_id());
        options_of_run.plan.suit(database.server());
        let mut lines = Lines::new(ui, &stopped).showing(&flight);
        let mut progress: &mut dyn Progress = &mut lines;
        let report = apply(&mut database, &migrations, &options_of_run, &mut progress).await?;
        database.close().await?;
        Ok(report)
    };
    let report = block_on(interruptible(ui, &stopped, watched(ui, &flight, &options, run)))?;
    outcome.summary = applied(&report);
    outcome.details.insert("version".to_owned(), json!(report.version));
    outcome.details.insert("initial_version".to_owned(), json!(report.initial_version));
    outcome.details.insert("migrations".to_owned(), applied_json(&report));
    Ok(outcome)
}

/// What was applied or taken back.
pub(super) fn applied_json(report: &Report) -> Value {
    let migrations = report.applied.iter().map(|applied| {
        json!({
            "version": applied.version,
            "description": applied.description,
            "script": applied.script,
            "execution_time_ms": applied.execution_time,
        })
    });
    migrations.collect()
}

/// What somebody decided about a migration that was cut off.
pub(super) fn decision(settle: Settle) -> Decision {
    match settle {
        Settle::Done => Decision::Done,
        Settle::Again => Decision::Again,
        Settle::Restart => Decision::Restart,
    }
}

fn applied(report: &Report) -> String {
    let now =
        report.version.as_deref().map_or_else(String::new, |version| format!(", now at version {version}"));
    if report.applied.is_empty() {
        let at =
            report.version.as_deref().map_or_else(String::new, |version| format!(" at version {version}"));
        return format!("{}{at}, nothing to apply\n", styled(GOOD, "up to date"));
    }
    format!("{}  {}{now}\n", styled(GOOD, "applied"), count(report.applied.len(), "migration"))
}

/// Blocks until the history shows a version. Needs no files, and of the database only to read the history.
pub(crate) fn wait(arguments: &MigrateWait, place: Place<'_>, ui: &Ui) -> Result<Outcome, Failure> {
    let version = version(&arguments.at_least)?;
    let options = connection(&arguments.database, place)?;
    let mut outcome = Outcome::default();
    warn(&options, &mut outcome);
    let mut last = String::new();
    let mut seen = |found: &str| {
        if found != last {
            ui.progress(&format!("{}  {found}", styled(ODD, "waiting")));
            found.clone_into(&mut last);
        }
    };
    let stopped = Cell::new(true);
    block_on(interruptible(ui, &stopped, async {
        let table = Some(arguments.database.table.as_str());
        Ok(wait_for(&options, table, &version, arguments.timeout, &mut seen).await?)
    }))?;
    outcome.summary = format!("{}  version {version} is applied\n", styled(GOOD, "ready"));
    outcome.details.insert("at_least".to_owned(), json!(version.to_string()));
    Ok(outcome)
}
