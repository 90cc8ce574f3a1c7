//! How a schema is named on the command line.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Where a schema comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SourceName {
    /// `schema[:DIR]`: a schema directory.
    Schema(Option<PathBuf>),
    /// `migrations[:DIR][@VERSION]`: what migrations make, up to a version.
    Migrations(Option<PathBuf>, Option<String>),
    /// `file:PATH`: one file of SQL.
    File(PathBuf),
    /// `mysql://USER@HOST:PORT/DATABASE`.
    Url(String),
    /// `env:NAME`: a connection from infra.toml.
    Environment(String),
    /// `git:REV:SOURCE`.
    Git(String, Box<SourceName>),
}

impl FromStr for SourceName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with("mysql://") || text.starts_with("mariadb://") || text.starts_with("jdbc:") {
            return Ok(Self::Url(text.to_owned()));
        }
        let (kind, rest) = match text.split_once(':') {
            Some((kind, rest)) => (kind, Some(rest).filter(|rest| !rest.is_empty())),
            None => match text.split_once('@') {
                Some(("migrations", version)) => {
                    return Ok(Self::Migrations(None, Some(version.to_owned())));
                }
                _ => (text, None),
            },
        };
        match (kind, rest) {
            ("schema", directory) => Ok(Self::Schema(directory.map(PathBuf::from))),
            ("migrations", None) => Ok(Self::Migrations(None, None)),
            ("migrations", Some(rest)) => Ok(match rest.rsplit_once('@') {
                Some((directory, version)) if !version.contains('/') => {
                    Self::Migrations(Some(directory.into()), Some(version.to_owned()))
                }
                _ => Self::Migrations(Some(rest.into()), None),
            }),
            ("file", Some(path)) => Ok(Self::File(path.into())),
            ("env", Some(name)) => Ok(Self::Environment(name.to_owned())),
            ("git", Some(rest)) => {
                let (revision, inner) = rest.split_once(':').ok_or_else(|| {
                    format!("`{text}` names no source at that revision: write git:{rest}:schema")
                })?;
                if revision.is_empty() || revision.starts_with('-') {
                    return Err(format!("`{revision}` is no revision"));
                }
                match inner.parse()? {
                    Self::Url(_) | Self::Environment(_) => Err("a server has no revisions of git".to_owned()),
                    Self::Git(..) => Err("a revision of a revision means nothing".to_owned()),
                    inner => Ok(Self::Git(revision.to_owned(), Box::new(inner))),
                }
            }
            _ => Err(format!(
                "`{text}` is no source: write schema[:DIR], migrations[:DIR][@VERSION], file:PATH, mysql://USER@HOST:PORT/DATABASE, env:NAME or git:REV:SOURCE"
            )),
        }
    }
}

impl fmt::Display for SourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tail = |path: &Option<PathBuf>| {
            path.as_ref().map_or_else(String::new, |path| format!(":{}", path.display()))
        };
        match self {
            Self::Schema(directory) => write!(f, "schema{}", tail(directory)),
            Self::Migrations(directory, version) => {
                let version = version.as_ref().map_or_else(String::new, |version| format!("@{version}"));
                write!(f, "migrations{}{version}", tail(directory))
            }
            Self::File(path) => write!(f, "file:{}", path.display()),
            // A URL may carry a password.
            Self::Url(url) => {
                match url.split_once("://").and_then(|(kind, rest)| Some((kind, rest.rsplit_once('@')?))) {
                    Some((kind, (user, rest))) => {
                        write!(f, "{kind}://{}@{rest}", user.split(':').next().unwrap_or_default())
                    }
                    None => write!(f, "{}", url.split('?').next().unwrap_or_default()),
                }
            }
            Self::Environment(name) => write!(f, "env:{name}"),
            Self::Git(revision, inner) => write!(f, "git:{revision}:{inner}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read_and_written() {
        for text in [
            "schema",
            "schema:db/schema",
            "migrations",
            "migrations@018",
            "migrations:db/sql",
            "migrations:db/sql@2.1",
            "file:old.sql",
            "env:prod",
            "git:HEAD~1:schema",
            "git:v1.2:migrations:db/sql@7",
            "mysql://shop@db:3306/shop",
        ] {
            let name: SourceName = text.parse().unwrap();
            assert_eq!(name.to_string(), text);
        }
    }

    #[test]
    fn what_means_nothing_is_refused_with_a_reason() {
        for (text, reason) in [
            ("db/schema", "is no source"),
            ("file:", "is no source"),
            ("git:HEAD", "names no source"),
            ("git:--output=x:schema", "is no revision"),
            ("git:HEAD:env:prod", "has no revisions"),
            ("git:HEAD:git:HEAD:schema", "means nothing"),
        ] {
            let error = text.parse::<SourceName>().unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    #[test]
    fn a_password_is_not_shown() {
        let name: SourceName = "mysql://shop:secret@db/shop".parse().unwrap();
        assert_eq!(name.to_string(), "mysql://shop@db/shop");
    }
}
