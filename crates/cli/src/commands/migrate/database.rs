//! Which database a command means, and the runtime that talks to it.

use std::future::Future;
use std::path::Path;
use std::time::Duration;

use migrate_core::mysql::{ConnectOptions, SessionOptions};

use crate::configuration::Database;
use crate::environment;
use crate::failure::{Failure, Problem};
use crate::outcome::Outcome;
use crate::tree::Tree;

/// The connection that a URL names; the password comes from the process's environment or the file that it names.
pub(crate) fn at_url(url: &str, timeout: u64) -> Result<ConnectOptions, Failure> {
    options(url, None, timeout)
}

/// The connection of an environment in infra.toml.
pub(crate) fn of_environment(
    name: &str,
    root: Option<&Path>,
    timeout: u64,
) -> Result<ConnectOptions, Failure> {
    let tree = Tree::open(root)?;
    let database =
        tree.configuration.environments.get(name).and_then(|environment| environment.mysql.as_ref());
    let database = database.ok_or(Problem::NoDatabase)?;
    options(&database.url, Some(database), timeout)
}

fn options(url: &str, database: Option<&Database>, timeout: u64) -> Result<ConnectOptions, Failure> {
    let mut options = ConnectOptions::parse(url)?;
    if let Some(password) = environment::password(database)? {
        options.password = Some(password);
    }
    options.connect_timeout = Duration::from_secs(timeout);
    Ok(options)
}

/// Which schemas, and which history in them.
pub(crate) fn session(database: &crate::args::Database) -> SessionOptions {
    SessionOptions {
        table: Some(database.table.clone()),
        schemas: database.schemas.clone(),
        default_schema: database.default_schema.clone(),
        ..SessionOptions::default()
    }
}

/// Says that a password in a URL is seen by others.
pub(crate) fn warn(options: &ConnectOptions, outcome: &mut Outcome) {
    if options.password_in_url {
        outcome.extend([Problem::PasswordInUrl]);
    }
}

/// Runs what talks to a server, on this thread alone: one migration runs one statement at a time.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| Failure::usage(Problem::Runtime { source }))?;
    runtime.block_on(work)
}
