//! `infra migrate VERB`.

pub(crate) mod bar;
pub(crate) mod bundle;
mod changes;
pub(crate) mod database;
pub(crate) mod diff;
mod drift;
pub(crate) mod files;
mod fleet;
pub(crate) mod judged;
mod lint;
mod live;
mod new;
mod online;
mod plan;
pub(crate) mod progress;
mod undo;
mod upkeep;
mod way;

pub(crate) use live::{Place, version};

use crate::args::{Format, Migrate};
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::ui::Ui;

/// Runs a verb and gives its name in the JSON schema beside what it came to.
pub(crate) fn run(
    verb: &Migrate,
    place: Place<'_>,
    format: Format,
    ui: &Ui,
) -> (&'static str, Result<Outcome, Failure>) {
    match verb {
        Migrate::New(arguments) => ("migrate.new", new::run(arguments, place.root)),
        Migrate::Info(connection) => ("migrate.info", live::show_info(connection, place, format)),
        Migrate::Validate(arguments) => ("migrate.validate", live::check_applied(arguments, place)),
        Migrate::Plan(arguments) => ("migrate.plan", plan::show(arguments, place, ui)),
        Migrate::Apply(arguments) => match &arguments.fleet.list {
            Some(list) => ("migrate.fleet", fleet::run(arguments, list, place, ui)),
            None => ("migrate.apply", live::apply_pending(arguments, place, ui)),
        },
        Migrate::Undo(arguments) => ("migrate.undo", undo::take_back(arguments, place, ui)),
        Migrate::Repair(arguments) => ("migrate.repair", upkeep::repair_history(arguments, place, ui)),
        Migrate::Baseline(arguments) => ("migrate.baseline", upkeep::set_baseline(arguments, place, ui)),
        Migrate::Clean(arguments) => ("migrate.clean", upkeep::clean(arguments, place, ui)),
        Migrate::Lint(arguments) => ("migrate.lint", lint::run(arguments, place.root)),
        Migrate::Drift(connection) => ("migrate.drift", drift::find(connection, place)),
        Migrate::Changes(arguments) => ("migrate.changes", changes::show(arguments, place)),
        Migrate::Wait(arguments) => ("migrate.wait", live::wait(arguments, place, ui)),
    }
}
