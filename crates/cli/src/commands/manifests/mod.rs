//! `infra manifests VERB`.

mod lint;
mod plain;
mod source;
mod validate;

use std::path::Path;

use crate::args::Manifests;
use crate::failure::Failure;
use crate::outcome::Outcome;

/// Runs a verb and gives its name in the JSON schema.
pub(crate) fn run(verb: &Manifests, root: Option<&Path>) -> (&'static str, Result<Outcome, Failure>) {
    match verb {
        Manifests::Validate(arguments) => ("manifests.validate", validate::run(arguments, root)),
        Manifests::Lint(arguments) => ("manifests.lint", lint::run(arguments, root)),
    }
}
