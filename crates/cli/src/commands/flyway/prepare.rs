//! From settings to what the engine takes: connection, files, plan.

use std::path::{Path, PathBuf};

use migrate_core::flyway::{Key, Problem, Settings};
use migrate_core::fs::read_location;
use migrate_core::history::Baseline;
use migrate_core::info::{InfoOptions, Target};
use migrate_core::migration::replace_checksums;
use migrate_core::mysql::ConnectOptions;
use migrate_core::naming::Naming;
use migrate_core::placeholder::Placeholders;
use migrate_core::plan::PlanOptions;
use migrate_core::resolve::{ResolveOptions, resolve_with};
use migrate_core::validate::{IgnorePattern, ValidateOptions};
use migrate_core::{Error, Finding, Migration, MigrationVersion};

use super::configuration::Configured;
use super::info::Filter;
use super::log::Log;
use super::stop::Stop;
use super::wrong_value;
use crate::clock;
use crate::finding::BoxedFinding;

/// What the verbs share, read before any of them connects.
pub(super) struct Prepared {
    pub(super) options: ConnectOptions,
    pub(super) plan: PlanOptions,
    pub(super) validation: ValidateOptions,
    pub(super) baseline: Baseline,
    pub(super) filter: Filter,
    locations: Vec<Location>,
}

/// A directory of migrations.
struct Location {
    path: PathBuf,
    /// As the configuration writes it.
    text: String,
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
        let locations = locations(configured, &mut report);
        let mut placeholders = user_placeholders(settings, &mut report);
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
        built_in(&mut placeholders, settings, &options);
        let plan = PlanOptions {
            info: InfoOptions { target, out_of_order: settings.flag(Key::OutOfOrder) },
            validate: settings.flag(Key::ValidateOnMigrate).then(|| validation.clone()),
            placeholders,
        };
        Ok(Self { options, plan, validation, baseline, filter, locations })
    }

    /// Reads the migrations. Warnings about files are said at once; errors end the run.
    pub(super) fn migrations(&self, settings: &Settings, log: &Log<'_>) -> Result<Vec<Migration>, Stop> {
        let options = ResolveOptions {
            naming: naming(settings),
            validate_naming: settings.flag(Key::ValidateMigrationNaming),
        };
        let (mut files, mut findings) = (Vec::new(), Vec::new());
        for location in &self.locations {
            if !location.path.is_dir() && !settings.flag(Key::FailOnMissingLocations) {
                log.error(&format!("Skipping filesystem location: {} (not found)", location.text));
                continue;
            }
            // Flyway names files by their whole path.
            let shown = std::path::absolute(&location.path).unwrap_or_else(|_| location.path.clone());
            let read = read_location(&location.path, &shown.display().to_string(), &options.naming);
            let (read, problems) = read.map_err(|error| Stop::engine(error, "", false))?;
            files.extend(read);
            findings.extend(problems);
        }
        let (mut migrations, resolved) = resolve_with(files, &options);
        findings.extend(resolved);
        if findings.iter().any(Finding::is_error) {
            return Err(Stop::files(findings));
        }
        for finding in findings.iter().filter(|finding| !is_advice(finding)) {
            log.warn(&finding.to_string());
        }
        replace_checksums(&mut migrations, &self.plan.placeholders);
        Ok(migrations)
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

/// `filesystem:DIR`, and `classpath:DIR` or a bare `DIR`, which Flyway also looks for below the process's directory.
fn locations(configured: &Configured, report: &mut impl FnMut(Problem)) -> Vec<Location> {
    let settings = &configured.settings;
    let given = settings.list(Key::Locations);
    let usual = configured.installation.as_ref().map(|directory| directory.join("sql"));
    let usual = usual.filter(|directory| directory.is_dir());
    let texts: Vec<String> = match (given.is_empty(), usual) {
        (true, Some(directory)) => vec![format!("filesystem:{}", directory.display())],
        (true, None) => vec!["db/migration".to_owned()],
        (false, _) => given.into_iter().map(str::to_owned).collect(),
    };
    let mut locations: Vec<Location> = Vec::new();
    for text in texts {
        let path = match text.split_once(':') {
            Some(("filesystem" | "classpath", path)) => path,
            Some((prefix, _)) if prefix.len() > 1 && !prefix.contains(['/', '\\']) => {
                let what = format!("`{prefix}:` is no place that can be read; copy the files to a directory");
                report(wrong_value(settings, Key::Locations, &what));
                continue;
            }
            _ => text.as_str(),
        };
        if path.contains(['*', '?']) {
            report(wrong_value(settings, Key::Locations, "wildcards are not supported yet"));
            continue;
        }
        let path = configured.directory.join(path);
        let path = if path.as_os_str().is_empty() { PathBuf::from(".") } else { path };
        locations.push(Location { path, text });
    }
    outermost(locations)
}

/// Without those that lie in others, whose files would be found twice.
fn outermost(mut locations: Vec<Location>) -> Vec<Location> {
    let whole = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    locations.sort_by_key(|location| whole(&location.path));
    locations.dedup_by(|later, earlier| whole(&later.path).starts_with(whole(&earlier.path)));
    locations
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
fn built_in(placeholders: &mut Placeholders, settings: &Settings, options: &ConnectOptions) {
    let database = options.database.clone().unwrap_or_default();
    let directory = std::env::current_dir().unwrap_or_default().display().to_string();
    for (name, value) in [
        ("flyway:database", database.clone()),
        ("flyway:defaultSchema", database),
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
