//! The environment variables that the process reads, in one place.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use crate::configuration::{Database, RedisServer};
use crate::failure::Failure;

/// Whether the user wants no colour anywhere (<https://no-color.org>).
pub(crate) fn no_color() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

/// Whether the terminal can do no more than a printer.
pub(crate) fn terminal_is_dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|value| value == "dumb")
}

/// The password of a database: from `INFRA_MYSQL_PASSWORD`, the file that `INFRA_MYSQL_PASSWORD_FILE` names, or the
/// variable or file that the connection in `infra.toml` names.
///
/// # Errors
/// When a named file cannot be read.
pub(crate) fn password(database: Option<&Database>) -> Result<Option<SecretString>, Failure> {
    let (named, path) = database.map_or((None, None), |database| {
        (database.password_env.as_deref(), database.password_file.as_deref())
    });
    secret(["INFRA_MYSQL_PASSWORD", "INFRA_MYSQL_PASSWORD_FILE"], named, path)
}

/// The password of a Redis server, found in the same way by `INFRA_REDIS_PASSWORD` and `INFRA_REDIS_PASSWORD_FILE`.
///
/// # Errors
/// When a named file cannot be read.
pub(crate) fn redis_password(server: &RedisServer) -> Result<Option<SecretString>, Failure> {
    let (named, path) = (server.password_env.as_deref(), server.password_file.as_deref());
    secret(["INFRA_REDIS_PASSWORD", "INFRA_REDIS_PASSWORD_FILE"], named, path)
}

/// From the general variable, the file of the other one, a variable or a file that the configuration names.
fn secret(
    [value, file_of]: [&str; 2],
    named: Option<&str>,
    path: Option<&Path>,
) -> Result<Option<SecretString>, Failure> {
    let variable = |name: &str| std::env::var(name).ok().map(SecretString::from);
    if let Some(password) = variable(value) {
        return Ok(Some(password));
    }
    if let Some(path) = std::env::var_os(file_of) {
        return file(&PathBuf::from(path)).map(Some);
    }
    if let Some(password) = named.and_then(variable) {
        return Ok(Some(password));
    }
    path.map(file).transpose()
}

/// All variables that are text. Flyway's configuration may name any of them.
pub(crate) fn all() -> BTreeMap<String, String> {
    let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
    };
    std::env::vars_os().filter_map(text).collect()
}

/// The variables that hold a secret or say where it is.
pub(crate) fn holding(secret: &str) -> Vec<std::ffi::OsString> {
    let names_one = |name: &str| {
        ["INFRA_MYSQL_", "INFRA_REDIS_"].iter().any(|prefix| name.starts_with(prefix))
            || name.starts_with("FLYWAY_")
    };
    let holds_one = |value: &str| !secret.is_empty() && value.contains(secret);
    std::env::vars_os()
        .filter(|(name, value)| names_one(&name.to_string_lossy()) || holds_one(&value.to_string_lossy()))
        .map(|(name, _)| name)
        .collect()
}

/// Whether Flyway's own switch allows to empty a schema: `FLYWAY_CLEAN_DISABLED=false`. Anything else leaves it disabled, as it is
/// when the variable is not set.
pub(crate) fn clean_is_enabled() -> bool {
    std::env::var("FLYWAY_CLEAN_DISABLED").is_ok_and(|value| value.eq_ignore_ascii_case("false"))
}

/// Whether `INFRA_FLYWAY_QUIRKS=true` asks for Flyway's faults.
pub(crate) fn wants_quirks() -> bool {
    std::env::var("INFRA_FLYWAY_QUIRKS").is_ok_and(|value| value.eq_ignore_ascii_case("true"))
}

/// The first line of a file: editors and `echo` leave a line end that is not part of the password.
fn file(path: &Path) -> Result<SecretString, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| Failure::read(path, error))?;
    Ok(SecretString::from(text.lines().next().unwrap_or_default().to_owned()))
}
