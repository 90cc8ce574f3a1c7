//! From settings to what the engine takes: connection, files, plan.

use std::time::Duration;

use migrate_core::callback::Callbacks;
use migrate_core::encoding::{Encoding, UnknownEncoding};
use migrate_core::flyway::{Key, Problem, Settings};
use migrate_core::fs::{Missing, STREAM_FROM, load_with};
use migrate_core::history::Baseline;
use migrate_core::info::{InfoOptions, Target};
use migrate_core::location::Location;
use migrate_core::migration::{MigrationKind, replace_checksums};
use migrate_core::mysql::{ConnectOptions, MySqlDatabase, SessionOptions};
use migrate_core::naming::Naming;
use migrate_core::placeholder::Placeholders;
use migrate_core::plan::PlanOptions;
use migrate_core::resolve::ResolveOptions;
use migrate_core::script::{SplitOptions, SplitRules};
use migrate_core::validate::{IgnorePattern, ValidateOptions};
use migrate_core::{Error, Finding, Migration, MigrationVersion};

use super::configuration::Configured;
use super::info::Filter;
use super::log::Log;
use super::stop::Stop;
use super::wrong_value;
use crate::clock;
use crate::environment;
use crate::finding::BoxedFinding;

/// What the verbs share, read before any of them connects.
pub(super) struct Prepared {
    pub(super) options: ConnectOptions,
    pub(super) plan: PlanOptions,
    pub(super) validation: ValidateOptions,
    pub(super) baseline: Baseline,
    pub(super) filter: Filter,
    pub(super) session: SessionOptions,
    resolve: ResolveOptions,
    locations: Vec<Location>,
    /// Where callbacks lie, when not among the migrations.
    callback_locations: Vec<Location>,
}

impl Prepared {
    /// Reads all settings and reports all that are wrong.
    pub(super) fn new(configured: &Configured) -> Result<Self, Stop> {
        let settings = &configured.settings;
        let mut problems: Vec<BoxedFinding> = Vec::new();
        let mut report = |problem: Problem| problems.push(Box::new(problem));
        let target = Target::parse(settings.text(Key::Target)).unwrap_or_else(|reason| {
            report(wrong_value(settings, Key::Target, &reason.to_string()));
            Target::Latest
        });
        let validation = ignored(settings, &mut report);
        let version = MigrationVersion::parse(settings.text(Key::BaselineVersion));
        let filter = Filter::new(settings, &mut report);
        let callback_texts = settings.list(Key::CallbackLocations);
        let callback_locations = locations(
            configured,
            Key::CallbackLocations,
            callback_texts.into_iter().map(str::to_owned),
            &mut report,
        );
        let locations =
            locations(configured, Key::Locations, migration_locations(configured).into_iter(), &mut report);
        let mut placeholders = user_placeholders(settings, &mut report);
        let encoding = settings.text(Key::Encoding).parse().unwrap_or_else(|reason: UnknownEncoding| {
            report(wrong_value(settings, Key::Encoding, &reason.to_string()));
            Encoding::Utf8
        });
        let baseline = match version {
            Ok(version) => {
                Some(Baseline { version, description: settings.text(Key::BaselineDescription).to_owned() })
            }
            Err(reason) => {
                report(wrong_value(settings, Key::BaselineVersion, &reason.to_string()));
                None
            }
        };
        let options = match connection(settings) {
            Ok(options) => Some(options),
            Err(problem) => {
                problems.push(problem);
                None
            }
        };
        let (Some(options), Some(baseline), true) = (options, baseline, problems.is_empty()) else {
            return Err(Stop::configuration(problems));
        };
        let session = session(settings);
        built_in(&mut placeholders, settings, &options, &session);
        let resolve = ResolveOptions {
            naming: naming(settings),
            validate_naming: settings.flag(Key::ValidateMigrationNaming),
            encoding,
            detect_encoding: settings.flag(Key::DetectEncoding),
            placeholders: placeholders.clone(),
            stream_from: Some(STREAM_FROM),
        };
        let plan = PlanOptions {
            info: InfoOptions { target, out_of_order: settings.flag(Key::OutOfOrder) },
            validate: settings.flag(Key::ValidateOnMigrate).then(|| validation.clone()),
            placeholders,
            cherry_pick: settings.list(Key::CherryPick).into_iter().map(str::to_owned).collect(),
            split: SplitOptions { rules: rules(), ..SplitOptions::default() },
        };
        Ok(Self {
            options,
            plan,
            validation,
            baseline,
            filter,
            session,
            resolve,
            locations,
            callback_locations,
        })
    }

    /// Opens a connection to the schema.
    pub(super) async fn open(&self) -> Result<MySqlDatabase, Error> {
        MySqlDatabase::open_with(&self.options, &self.session).await
    }

    /// The callbacks among the files.
    pub(super) fn callbacks<'m>(&self, migrations: &'m [Migration]) -> Result<Callbacks<'m>, Stop> {
        let (callbacks, findings) = Callbacks::of(migrations, &self.plan.placeholders, &self.plan.split);
        if findings.iter().any(Finding::is_error) { Err(Stop::files(findings)) } else { Ok(callbacks) }
    }

    /// Reads migrations and callbacks. Warnings about files are said at once; errors end the run.
    pub(super) fn migrations(&self, settings: &Settings, log: &Log<'_>) -> Result<Vec<Migration>, Stop> {
        let missing = if settings.flag(Key::FailOnMissingLocations) { Missing::Fail } else { Missing::Warn };
        let (mut migrations, mut findings) = self.read(&self.locations, missing)?;
        let is_callback = |migration: &Migration| matches!(migration.kind, MigrationKind::Callback(_));
        if settings.flag(Key::SkipDefaultCallbacks) || !self.callback_locations.is_empty() {
            migrations.retain(|migration| !is_callback(migration));
        }
        if !settings.flag(Key::SkipDefaultCallbacks) {
            let (callbacks, found) = self.read(&self.callback_locations, Missing::Warn)?;
            migrations.extend(callbacks.into_iter().filter(is_callback));
            findings.extend(found);
        }
        if findings.iter().any(Finding::is_error) {
            return Err(Stop::files(findings));
        }
        for finding in findings.iter().filter(|finding| !is_advice(finding)) {
            match finding {
                Finding::MissingLocation { location } => {
                    log.error(&format!("Skipping filesystem location: {location} (not found)"));
                }
                finding => log.warn(&finding.to_string()),
            }
        }
        replace_checksums(&mut migrations, &self.plan.placeholders);
        Ok(migrations)
    }

    fn read(&self, locations: &[Location], missing: Missing) -> Result<(Vec<Migration>, Vec<Finding>), Stop> {
        load_with(locations, None, &self.resolve, missing).map_err(|error| Stop::engine(error, "", false))
    }
}

fn is_advice(finding: &Finding) -> bool {
    miette::Diagnostic::severity(finding) == Some(miette::Severity::Advice)
}

fn connection(settings: &Settings) -> Result<ConnectOptions, BoxedFinding> {
    let Some(url) = settings.given(Key::Url) else {
        return Err(Box::new(Problem::new(
            "flyway/no-url",
            "Unable to connect to the database. Configure the url, user and password!",
            "give `-url=jdbc:mysql://HOST:PORT/DATABASE`, or set FLYWAY_URL or `flyway.url`",
        )));
    };
    let mut url = url.to_owned();
    // Drivers in front of the driver have no part in what is sent.
    for wrapper in ["jdbc:aws-wrapper:", "jdbc:otel:", "jdbc:p6spy:"] {
        if let Some(rest) = url.strip_prefix(wrapper) {
            url = format!("jdbc:{rest}");
        }
    }
    for (name, value, _) in settings.jdbc_properties() {
        let separator = if url.contains('?') { '&' } else { '?' };
        url.push_str(&format!("{separator}{name}={}", escaped(value)));
    }
    let mut options = ConnectOptions::parse(&url).map_err(|error| Box::new(error) as BoxedFinding)?;
    if let Some(user) = settings.given(Key::User) {
        options.user = Some(user.to_owned());
    }
    if let Some(password) = settings.password() {
        options.password = Some(password);
    }
    options.retries = settings.number(Key::ConnectRetries);
    options.longest_retry_interval = Duration::from_secs(settings.number(Key::ConnectRetriesInterval).into());
    Ok(options)
}

fn escaped(value: &str) -> String {
    let escape = |byte: u8| {
        if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    value.bytes().map(escape).collect()
}

fn ignored(settings: &Settings, report: &mut impl FnMut(Problem)) -> ValidateOptions {
    let mut ignore = Vec::new();
    for text in settings.list(Key::IgnoreMigrationPatterns) {
        match IgnorePattern::parse(text) {
            Some(pattern) => ignore.push(pattern),
            None => report(wrong_value(
                settings,
                Key::IgnoreMigrationPatterns,
                &format!("`{text}` is not of the form TYPE:STATE"),
            )),
        }
    }
    ValidateOptions { ignore }
}

/// The server's rules, or Flyway's, faults included.
fn rules() -> SplitRules {
    if environment::wants_quirks() { SplitRules::FlywayMySql } else { SplitRules::Server }
}

/// Those that are given, else the usual ones.
fn migration_locations(configured: &Configured) -> Vec<String> {
    let given = configured.settings.list(Key::Locations);
    let usual = configured.installation.as_ref().map(|directory| directory.join("sql"));
    match (given.is_empty(), usual.filter(|directory| directory.is_dir())) {
        (true, Some(directory)) => vec![format!("filesystem:{}", directory.display())],
        (true, None) => vec!["db/migration".to_owned()],
        (false, _) => given.into_iter().map(str::to_owned).collect(),
    }
}

/// `filesystem:DIR`, and `classpath:DIR` or a bare `DIR`, which Flyway also looks for below the process's directory. They are made
/// absolute, since Flyway names files by their whole path.
fn locations(
    configured: &Configured,
    key: Key,
    texts: impl Iterator<Item = String>,
    report: &mut impl FnMut(Problem),
) -> Vec<Location> {
    let mut locations = Vec::new();
    for text in texts {
        let path = text.strip_prefix("classpath:").or(text.strip_prefix("filesystem:")).unwrap_or(&text);
        // Anything else that has a prefix is no path.
        if let Err(unknown) = path.parse::<Location>() {
            report(wrong_value(&configured.settings, key, &unknown.to_string()));
            continue;
        }
        let path = configured.directory.join(path);
        let whole = std::path::absolute(&path).unwrap_or(path);
        locations.extend(format!("filesystem:{}", whole.display()).parse::<Location>());
    }
    locations
}

fn session(settings: &Settings) -> SessionOptions {
    let given = |key| settings.given(key).filter(|text| !text.is_empty()).map(str::to_owned);
    SessionOptions {
        table: Some(settings.text(Key::Table).to_owned()),
        tablespace: given(Key::Tablespace),
        schemas: settings.list(Key::Schemas).into_iter().map(str::to_owned).collect(),
        default_schema: given(Key::DefaultSchema),
        init_sql: given(Key::InitSql),
        keeps_results: settings.flag(Key::OutputQueryResults),
    }
}

fn naming(settings: &Settings) -> Naming {
    let text = |key| settings.text(key).to_owned();
    Naming {
        versioned_prefix: text(Key::SqlMigrationPrefix),
        repeatable_prefix: text(Key::RepeatableSqlMigrationPrefix),
        baseline_prefix: text(Key::BaselineMigrationPrefix),
        undo_prefix: text(Key::UndoSqlMigrationPrefix),
        separator: text(Key::SqlMigrationSeparator),
        suffixes: settings.list(Key::SqlMigrationSuffixes).into_iter().map(str::to_owned).collect(),
    }
}

fn user_placeholders(settings: &Settings, report: &mut impl FnMut(Problem)) -> Placeholders {
    let mut placeholders = Placeholders::default();
    placeholders.enabled = settings.flag(Key::PlaceholderReplacement);
    settings.text(Key::PlaceholderPrefix).clone_into(&mut placeholders.prefix);
    settings.text(Key::PlaceholderSuffix).clone_into(&mut placeholders.suffix);
    settings.text(Key::PlaceholderSeparator).clone_into(&mut placeholders.separator);
    for (name, value, place) in settings.placeholders() {
        if name.starts_with("flyway:") || !placeholders.set(name, value) {
            let message = format!("the placeholder `{name}` cannot be given a value");
            let help = "choose a name that does not begin with `flyway:`";
            report(Problem::new("flyway/value", message, help).at(place));
        }
    }
    placeholders
}

/// Those that have a value in every run.
fn built_in(
    placeholders: &mut Placeholders,
    settings: &Settings,
    options: &ConnectOptions,
    session: &SessionOptions,
) {
    let default = session.default_schema.as_ref().or(session.schemas.first()).cloned();
    let database = options.database.clone().unwrap_or_default();
    let directory = std::env::current_dir().unwrap_or_default().display().to_string();
    for (name, value) in [
        ("flyway:database", database.clone()),
        ("flyway:defaultSchema", default.unwrap_or(database)),
        ("flyway:environment", settings.text(Key::Environment).to_owned()),
        ("flyway:table", settings.text(Key::Table).to_owned()),
        ("flyway:timestamp", clock::timestamp()),
        ("flyway:user", options.user.clone().unwrap_or_default()),
        ("flyway:workingDirectory", directory),
    ] {
        placeholders.set(name, value);
    }
}

/// An error of the engine before a schema is known.
pub(super) fn failed(error: Error) -> Stop {
    Stop::engine(error, "", true)
}
