//! Reads what configures a run: the usual files, the named ones, the environment and the arguments.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use migrate_core::flyway::files::{Directories, Format, format};
use migrate_core::flyway::{Arguments, Assignment, Key, Layers, Problem, Settings, conf, toml, variables};

use crate::environment;

/// Everything that was read.
pub(super) struct Configured {
    pub(super) settings: Settings,
    /// Where `conf` and `sql` lie, if anywhere.
    pub(super) installation: Option<PathBuf>,
    /// What relative locations are relative to; empty for the process's directory.
    pub(super) directory: PathBuf,
}

/// Reads and merges all sources.
pub(super) fn read(arguments: &Arguments, problems: &mut Vec<Problem>) -> Configured {
    let environment = environment::all();
    let (variables, found) = variables::read(&environment);
    problems.extend(found);
    let mut layers = Layers { files: Vec::new(), variables, arguments: arguments.assignments.clone() };
    let directory = layers.argument(Key::WorkingDirectory).map(PathBuf::from).unwrap_or_default();
    let installation = installation(std::env::args_os().next().as_deref(), environment.get("PATH"));
    layers.files = files(&layers, &environment, installation.as_deref(), &directory, problems);
    let (settings, found) = Settings::merge(&layers, &environment);
    problems.extend(found);
    Configured { settings, installation, directory }
}

/// The directory of the program, as it was called, or Flyway's in a container; the first that has what Flyway's has.
fn installation(program: Option<&OsStr>, search: Option<&String>) -> Option<PathBuf> {
    let program = Path::new(program?);
    let own = match program.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => Some(parent.to_owned()),
        None => std::env::split_paths(search?).find(|directory| directory.join(program).is_file()),
    };
    let candidates = own.into_iter().chain([PathBuf::from("/flyway")]);
    candidates.into_iter().find(|directory| directory.join("conf").is_dir() || directory.join("sql").is_dir())
}

fn files(
    layers: &Layers,
    environment: &BTreeMap<String, String>,
    installation: Option<&Path>,
    working: &Path,
    problems: &mut Vec<Problem>,
) -> Vec<Assignment> {
    let directories = Directories {
        installation,
        home: environment.get("HOME").map(Path::new),
        current: Some(Path::new(".")),
        working: Some(working).filter(|directory| !directory.as_os_str().is_empty()),
    };
    let named = layers.config_files();
    let usual = |format| {
        let found = directories.usual_files(format).into_iter().filter(|file| file.is_file());
        last_of_each(found.collect())
    };
    let format = match format(&named, !usual(Format::Toml).is_empty()) {
        Ok(format) => format,
        Err(problem) => {
            problems.push(problem);
            return Vec::new();
        }
    };
    let is_latin = is_latin(layers, problems);
    let mut assignments = Vec::new();
    for path in usual(format).into_iter().chain(named.into_iter().map(PathBuf::from)) {
        let shown = path.strip_prefix(".").unwrap_or(&path).display().to_string();
        let text = match read_text(&path, is_latin && format == Format::Conf) {
            Ok(text) => text,
            Err(reason) => {
                let message = format!("the configuration file `{shown}` cannot be read: {reason}");
                problems.push(Problem::new(
                    "flyway/file",
                    message,
                    "check its name and that you may read it",
                ));
                continue;
            }
        };
        let (found, wrong) = match format {
            Format::Conf => conf::read(&shown, &text, environment),
            Format::Toml => toml::read(&shown, &text),
        };
        assignments.extend(found);
        problems.extend(wrong);
    }
    assignments
}

/// Without the earlier of two names for one file: the home of a container's user often is its working directory.
fn last_of_each(files: Vec<PathBuf>) -> Vec<PathBuf> {
    let whole: Vec<_> =
        files.iter().map(|file| file.canonicalize().unwrap_or_else(|_| file.clone())).collect();
    let is_last = |at: usize| !whole[at + 1..].contains(&whole[at]);
    files.into_iter().enumerate().filter(|(at, _)| is_last(*at)).map(|(_, file)| file).collect()
}

/// Whether `.conf` files are in ISO 8859-1; else they are in UTF-8.
fn is_latin(layers: &Layers, problems: &mut Vec<Problem>) -> bool {
    let Some(given) = layers.config_file_encoding() else { return false };
    match given.value.as_text().unwrap_or_default().to_ascii_lowercase().as_str() {
        "" | "utf-8" | "utf8" | "us-ascii" => false,
        "iso-8859-1" | "latin1" => true,
        other => {
            let message = format!("configuration files cannot be read as `{other}`");
            let help = "save them as UTF-8, or as ISO-8859-1";
            problems.push(Problem::new("flyway/value", message, help).at(&given.place));
            false
        }
    }
}

/// The text of a file, or of standard input for `-`.
fn read_text(path: &Path, is_latin: bool) -> Result<String, String> {
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin().lock().read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|mut file| file.read_to_end(&mut bytes))
    };
    read.map_err(|error| error.to_string())?;
    if is_latin {
        return Ok(bytes.into_iter().map(char::from).collect());
    }
    String::from_utf8(bytes).map_err(|error| format!("it is not UTF-8 ({error})"))
}
