//! `infra migrate VERB`.

pub(crate) mod bundle;
pub(crate) mod database;
pub(crate) mod files;
mod live;
mod new;
pub(crate) mod progress;

pub(crate) use live::Place;

use crate::args::Migrate;
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::ui::Ui;

/// Runs a verb and gives its name in the JSON schema beside what it came to.
pub(crate) fn run(verb: &Migrate, place: Place<'_>, ui: &Ui) -> (&'static str, Result<Outcome, Failure>) {
    match verb {
        Migrate::New(arguments) => ("migrate.new", new::run(arguments, place.root)),
        Migrate::Info(connection) => ("migrate.info", live::show_info(connection, place)),
        Migrate::Validate(connection) => ("migrate.validate", live::check_applied(connection, place)),
        Migrate::Apply(arguments) => ("migrate.apply", live::apply_pending(arguments, place, ui)),
        Migrate::Wait(arguments) => ("migrate.wait", live::wait(arguments, place, ui)),
    }
}
