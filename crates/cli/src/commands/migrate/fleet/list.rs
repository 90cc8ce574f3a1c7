//! The databases of a fleet: read from a file, from standard input or by a query, and resolved to connections.

use std::io::Read as _;
use std::path::Path;

use migrate_core::fleet::{Finding, Target, masked, targets, targets_of_rows};
use migrate_core::mysql::{ConnectOptions, first_column};

use super::problem::{Problem, first_of};
use crate::args::Database;
use crate::commands::migrate::Place;
use crate::commands::migrate::database::{at_url, block_on};
use crate::commands::migrate::live::connection;
use crate::environment;
use crate::failure::{self, Failure};
use crate::finding::BoxedFinding;
use crate::tree::Tree;

/// What a list says.
pub(super) struct Listed {
    /// In the order of the list.
    pub(super) targets: Vec<Target<ConnectOptions>>,
    /// The list itself; of a query, its rows.
    pub(super) text: String,
    /// The URL that names of databases are relative to, where there are such names.
    pub(super) base: Option<String>,
    /// About passwords that others can see.
    pub(super) warnings: Vec<BoxedFinding>,
}

/// Reads a list. All that is wrong with it is told at once.
pub(super) fn read(list: &str, database: &Database, place: Place<'_>) -> Result<Listed, Failure> {
    // A password that cannot be read is one problem, not one of each database.
    environment::password(None)?;
    let base = connection(database, place);
    let (mut needs_base, mut passwords) = (false, 0);
    let mut resolve = |text: &str| {
        let mut options = if text.contains("://") {
            let options = at_url(text, database.connect_timeout).map_err(|failure| failure.to_string())?;
            passwords += usize::from(options.password_in_url);
            options
        } else if text.contains(['/', '@', ':']) {
            return Err("it is neither a URL nor the name of a database".to_owned());
        } else {
            needs_base = true;
            let base = base.as_ref().cloned().unwrap_or_default();
            ConnectOptions { database: Some(text.to_owned()), ..base }
        };
        options.retries = database.connect_retries;
        match &options.database {
            Some(name) => Ok((format!("{}/{name}", options.address()), options)),
            None => Err("the URL has no database".to_owned()),
        }
    };
    let (shown, text, (targets, findings)) = if is_query(list) {
        let base = base.as_ref().map_err(|_| failure::Problem::NoDatabase)?;
        let rows = block_on(async { Ok(first_column(base, list).await?) })?;
        let text = rows.iter().flatten().fold(String::new(), |text, row| text + row + "\n");
        ("--fleet".to_owned(), text, targets_of_rows("--fleet", &rows, resolve))
    } else {
        let (shown, text) = contents(list)?;
        let listed = targets(&shown, &text, &mut resolve);
        (shown, text, listed)
    };
    let base = match base {
        Err(failure) if needs_base => return Err(failure),
        base => base.ok().filter(|_| needs_base),
    };
    if !findings.is_empty() {
        let (count, findings) = first_of(findings);
        return Err(Failure::usage(Problem::List { count, findings }));
    }
    let mut warnings: Vec<BoxedFinding> = Vec::new();
    if base.as_ref().is_some_and(|base| base.password_in_url) {
        warnings.push(Box::new(failure::Problem::PasswordInUrl));
    }
    if passwords > 0 {
        warnings.push(Box::new(Finding::Password { list: format!("`{shown}`"), count: passwords }));
    }
    Ok(Listed { targets, text, base: base.and_then(|_| url(database, place)), warnings })
}

/// Whether it is a query rather than the name of a file.
fn is_query(list: &str) -> bool {
    let list = list.trim_start();
    let word = list.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    let is_verb = ["SELECT", "SHOW", "WITH"].iter().any(|verb| verb.eq_ignore_ascii_case(word));
    is_verb && list[word.len()..].starts_with(|c: char| c.is_whitespace() || c == '(' || c == '/')
}

/// The name of a list for messages, and its text.
fn contents(list: &str) -> Result<(String, String), Failure> {
    let (shown, read) = if list == "-" {
        let mut bytes = Vec::new();
        ("standard input".to_owned(), std::io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes))
    } else {
        (list.to_owned(), std::fs::read(list))
    };
    let bytes = read.map_err(|error| Failure::read(Path::new(&shown), error))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let src = miette::NamedSource::new(&shown, masked(&String::from_utf8_lossy(error.as_bytes())));
        failure::Problem::NotUtf8 { path: shown.clone().into(), src, span: (valid, 1).into() }
    })?;
    Ok((shown, text))
}

/// The URL of `--url` or of the environment, as it is written.
fn url(database: &Database, place: Place<'_>) -> Option<String> {
    let of_environment = || {
        let tree = Tree::open(place.root).ok()?;
        Some(tree.configuration.environments.get(place.environment?)?.mysql.as_ref()?.url.clone())
    };
    database.url.clone().or_else(of_environment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_begin_with_a_verb_that_reads() {
        for query in ["SELECT 1", " show databases LIKE 't%'", "With t AS (SELECT 1)", "select(1)"] {
            assert!(is_query(query), "{query}");
        }
        for file in ["select", "show.txt", "./select 1", "withers list", "DELETE FROM t", "-", ""] {
            assert!(!is_query(file), "{file}");
        }
    }
}
