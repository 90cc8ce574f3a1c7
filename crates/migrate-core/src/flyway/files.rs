//! Which configuration files there may be, and which kind of them counts.

use std::path::{Path, PathBuf};

use super::problem::Problem;

/// The language of a configuration file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Java properties.
    Conf,
    /// TOML.
    Toml,
}

impl Format {
    /// What a file's name says; everything but `.toml` is properties.
    pub fn of(path: &str) -> Self {
        if Path::new(path).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml")) {
            Self::Toml
        } else {
            Self::Conf
        }
    }
}

/// The directories in which Flyway looks without being told, where there are such.
#[derive(Debug, Clone, Copy, Default)]
pub struct Directories<'a> {
    /// Where the program lies; files are in `conf` below.
    pub installation: Option<&'a Path>,
    /// The user's.
    pub home: Option<&'a Path>,
    /// The process's.
    pub current: Option<&'a Path>,
    /// What `-workingDirectory` names.
    pub working: Option<&'a Path>,
}

impl Directories<'_> {
    /// The files of a format that are read where they exist, lowest precedence first.
    pub fn usual_files(&self, format: Format) -> Vec<PathBuf> {
        let names: &[&str] = match format {
            Format::Conf => &["flyway.conf"],
            Format::Toml => &["flyway.toml", "flyway.user.toml"],
        };
        let installation = self.installation.map(|directory| directory.join("conf"));
        let others = [self.home, self.current, self.working].into_iter().flatten().map(Path::to_owned);
        let mut files: Vec<PathBuf> = Vec::new();
        for directory in installation.into_iter().chain(others) {
            files.extend(names.iter().map(|name| directory.join(name)));
        }
        files
    }
}

/// Which format counts: TOML where a file of it is named or found. `named` are the files that variables and arguments name,
/// `has_usual_toml` says whether one of [`Directories::usual_files`] exists.
///
/// # Errors
/// When both formats would have to count.
pub fn format(named: &[String], has_usual_toml: bool) -> Result<Format, Problem> {
    let first = |wanted| named.iter().find(|path| Format::of(path) == wanted);
    match (first(Format::Toml), first(Format::Conf)) {
        (Some(_), None) => Ok(Format::Toml),
        (None, None) if has_usual_toml => Ok(Format::Toml),
        (None, _) if !has_usual_toml => Ok(Format::Conf),
        (toml, conf) => {
            let conf = conf.map_or("-", String::as_str);
            let toml = toml.map_or("a flyway.toml that is found by default", String::as_str);
            Err(Problem::new(
                "flyway/both-formats",
                format!("both TOML and properties would configure this run: {toml} and {conf}"),
                "keep one of the two formats; Flyway does not mix them either",
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn toml_wins_and_is_not_mixed() {
        let format = |named: &[&str], usual| {
            let named: Vec<String> = named.iter().map(|name| (*name).to_owned()).collect();
            format(&named, usual).ok()
        };
        assert_eq!(format(&[], false), Some(Format::Conf));
        assert_eq!(format(&[], true), Some(Format::Toml));
        assert_eq!(format(&["a.toml"], false), Some(Format::Toml));
        assert_eq!(format(&["a.conf", "-"], false), Some(Format::Conf));
        assert_eq!(format(&["a.conf", "b.toml"], false), None);
        assert_eq!(format(&["a.conf"], true), None);
    }

    #[test]
    fn the_usual_files_in_their_order() {
        let directories = Directories {
            installation: Some(Path::new("/flyway")),
            home: None,
            current: Some(Path::new(".")),
            working: Some(Path::new("w")),
        };
        let shown = |format| {
            let files = directories.usual_files(format);
            files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>()
        };
        assert_eq!(shown(Format::Conf), ["/flyway/conf/flyway.conf", "./flyway.conf", "w/flyway.conf"]);
        assert_eq!(shown(Format::Toml)[..2], ["/flyway/conf/flyway.toml", "/flyway/conf/flyway.user.toml"]);
    }
}
