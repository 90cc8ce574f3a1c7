//! `infra flyway ARGS…`: Flyway's command line, configuration, texts, JSON and exit codes over this project's engine.

mod configuration;
mod help;
mod info;
mod log;
mod migrate;
mod prepare;
mod stop;
pub(crate) mod table;
mod undo;
mod upkeep;
mod validate;

use std::ffi::OsString;

use migrate_core::flyway::arguments::{Arguments, Flag, Verb};
use migrate_core::flyway::{Key, Problem, Settings, arguments};
use migrate_core::mysql::MySqlDatabase;
use serde_json::{Value, json};

use crate::args::{Color, Format, Global};
use crate::environment;
use crate::exit::Exit;
use crate::finding::BoxedFinding;
use crate::ui::Ui;
use log::Log;
use prepare::Prepared;
use stop::Stop;

/// The version whose behaviour this is, as the JSON says.
const FLYWAY_VERSION: &str = "13.0.0";

/// What a verb works with.
struct Run<'a> {
    prepared: &'a Prepared,
    settings: &'a Settings,
    arguments: &'a Arguments,
    ui: &'a Ui,
    log: &'a Log<'a>,
}

impl Run<'_> {
    /// The history table's name.
    fn table(&self) -> &str {
        self.settings.text(Key::Table)
    }

    /// Says where the connection leads.
    fn connected(&self, database: &MySqlDatabase) {
        self.log.info(&format!("Database: {} ({})", self.prepared.options, database.server()));
    }
}

/// How a verb ended that could be begun.
struct Ended {
    /// Its JSON.
    result: Value,
    /// Why the verbs after it do not run.
    stop: Option<Stop>,
}

impl From<Value> for Ended {
    fn from(result: Value) -> Self {
        Self { result, stop: None }
    }
}

/// Runs Flyway's command line and gives Flyway's exit code: 0, or 1 for any failure.
pub(crate) fn run(words: &[OsString], global: &Global) -> Exit {
    let (arguments, mut problems) = read_arguments(words);
    refuse_global(global, &mut problems);
    let configured = configuration::read(&arguments, &mut problems);
    let settings = &configured.settings;
    let ui = ui(global, settings, &arguments, &mut problems);
    let is_json = is_json(settings, &mut problems);
    let log = Log::new(&ui, is_json, arguments.flags.contains(&Flag::Debug), settings.given(Key::OutputFile));
    let asks = arguments.verbs.contains(&Verb::Help) || arguments.verbs.is_empty() && problems.is_empty();
    if asks {
        log.print(&help::usage());
        return Exit::Ok;
    }
    let result = if !problems.is_empty() {
        let problems = problems.into_iter().map(|problem| Box::new(problem) as BoxedFinding);
        Err(Stop::configuration(problems.collect()))
    } else if arguments.verbs == [Verb::Version] {
        Ok(help::version(&log).into())
    } else {
        Prepared::new(&configured).and_then(|prepared| {
            run_verbs(&Run { prepared: &prepared, settings, arguments: &arguments, ui: &ui, log: &log })
        })
    };
    log.finish(result)
}

fn read_arguments(words: &[OsString]) -> (Arguments, Vec<Problem>) {
    let mut not_text = Vec::new();
    let mut texts = Vec::new();
    for word in words {
        match word.to_str() {
            Some(text) => texts.push(text),
            None => not_text.push(Problem::new(
                "flyway/argument",
                format!("the argument `{}` is not UTF-8", word.to_string_lossy()),
                "write it as UTF-8",
            )),
        }
    }
    let (arguments, mut problems) = arguments::read(&texts);
    problems.extend(not_text);
    (arguments, problems)
}

/// Options of infra that Flyway has otherwise would be ignored.
fn refuse_global(global: &Global, problems: &mut Vec<Problem>) {
    for (is_given, option, instead) in [
        (global.root.is_some(), "-C", "-workingDirectory=DIR"),
        (global.env.is_some(), "--env", "-environment=NAME"),
        (global.format != Format::Human, "--format", "-outputType=json"),
    ] {
        if is_given {
            let message = format!("`{option}` has no effect on `infra flyway`");
            problems.push(Problem::new(
                "flyway/argument",
                message,
                format!("write `{instead}` after `flyway`"),
            ));
        }
    }
}

fn ui(global: &Global, settings: &Settings, arguments: &Arguments, problems: &mut Vec<Problem>) -> Ui {
    let mut global = global.clone();
    // Flyway says nothing but the versions where those are asked for.
    global.quiet |= [Flag::Quiet, Flag::MigrationIds].iter().any(|flag| arguments.flags.contains(flag));
    match settings.text(Key::Color) {
        "always" => global.color = Color::Always,
        "never" => global.color = Color::Never,
        "auto" => {}
        _ => problems.push(wrong_value(settings, Key::Color, "it is neither always, never nor auto")),
    }
    Ui::new(&global, environment::no_color())
}

fn is_json(settings: &Settings, problems: &mut Vec<Problem>) -> bool {
    match settings.text(Key::OutputType) {
        "" => false,
        kind if kind.eq_ignore_ascii_case("json") => true,
        _ => {
            problems.push(wrong_value(settings, Key::OutputType, "there is no output but json"));
            false
        }
    }
}

/// A value that its reader does not take.
fn wrong_value(settings: &Settings, key: Key, what: &str) -> Problem {
    let help = "see `infra flyway help`".to_owned();
    match settings.place(key) {
        Some(place) => {
            Problem::new("flyway/value", format!("`{}`, given by {place}: {what}", key.name()), help)
                .at(place)
        }
        None => Problem::new("flyway/value", format!("`{}`: {what}", key.name()), help),
    }
}

/// Runs the verbs in turn. Like Flyway, what went before a failure is only printed when the verb that failed has a result.
fn run_verbs(run: &Run<'_>) -> Result<Ended, Stop> {
    let mut results = Vec::new();
    let mut stop = None;
    for verb in &run.arguments.verbs {
        let ended = run_verb(*verb, run)?;
        results.push(ended.result);
        stop = ended.stop;
        if stop.is_some() {
            break;
        }
    }
    let result = if run.arguments.verbs.len() == 1 {
        results.pop().unwrap_or_default()
    } else {
        json!({ "individualResults": results })
    };
    Ok(Ended { result, stop })
}

fn run_verb(verb: Verb, run: &Run<'_>) -> Result<Ended, Stop> {
    match verb {
        Verb::Migrate => migrate::run(run),
        Verb::Info => info::run(run).map(Ended::from),
        Verb::Validate => validate::run(run),
        Verb::Repair => upkeep::repair_history(run).map(Ended::from),
        Verb::Baseline => upkeep::set_baseline(run).map(Ended::from),
        Verb::Clean => upkeep::clean(run).map(Ended::from),
        Verb::Version => Ok(help::version(run.log).into()),
        Verb::Undo => undo::run(run).map(Ended::from),
        // Answered before anything runs.
        Verb::Help => Ok(Value::Null.into()),
    }
}
