//! `infra.toml`: every key is optional, and an unknown one is an error.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use miette::{NamedSource, SourceSpan};
use migrate_core::{Migration, MigrationVersion};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::failure::{Failure, Problem};

/// The file's name at the root of the tree.
pub(crate) const FILE: &str = "infra.toml";

/// The contents of `infra.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Configuration {
    /// Where things lie, when not where the conventions say.
    pub(crate) paths: Paths,
    /// Connections by environment.
    pub(crate) environments: BTreeMap<String, Environment>,
    /// Values of `${name}` placeholders in migrations.
    pub(crate) placeholders: BTreeMap<String, String>,
    /// Whether Flyway's faults are reproduced, so that it and `infra` send the same statements.
    pub(crate) flyway_quirks: bool,
    /// Levels of findings by rule.
    pub(crate) rules: BTreeMap<String, Level>,
    /// Which migrations the rules about migrations are for.
    pub(crate) lint: Lint,
    /// What rules find in some rendered objects and is meant to be so.
    pub(crate) waivers: Vec<Waiver>,
}

/// Which migrations are linted. Those that are applied cannot be mended, nor be given a comment, without another checksum.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Lint {
    /// Only those of later versions, and those without one; absent: all.
    #[serde(deserialize_with = "version")]
    after: Option<MigrationVersion>,
}

impl Lint {
    /// Whether a migration is linted.
    pub(crate) fn wants(&self, migration: &Migration) -> bool {
        self.after.is_none() || migration.version.is_none() || migration.version > self.after
    }
}

fn version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<MigrationVersion>, D::Error> {
    let text = String::deserialize(deserializer)?;
    MigrationVersion::parse(&text).map(Some).map_err(|reason| {
        serde::de::Error::custom(format!("`{text}` is not a migration's version: {reason}"))
    })
}

/// A rule that is silent about some rendered objects.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Waiver {
    /// The rule's code.
    pub(crate) rule: String,
    /// `Kind namespace/name`; `*` stands for any text.
    pub(crate) object: String,
    /// Why: for whoever reads the file.
    pub(crate) reason: toml::Spanned<String>,
}

impl Configuration {
    /// The waivers as the linter of manifests takes them.
    pub(crate) fn manifest_waivers(&self) -> Vec<k8s_render::lint::Waiver> {
        let waiver = |waiver: &Waiver| k8s_render::lint::Waiver {
            rule: waiver.rule.clone(),
            object: waiver.object.clone(),
        };
        self.waivers.iter().map(waiver).collect()
    }
}

/// Paths relative to the root.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Paths {
    /// One directory per component.
    pub(crate) components: PathBuf,
    /// The migrations.
    pub(crate) migrations: PathBuf,
    /// The schema directory.
    pub(crate) schema: PathBuf,
    /// Components, versions, dependencies, environments.
    pub(crate) platform: PathBuf,
    /// Patterns of files with further components.
    pub(crate) platform_parts: Vec<Pattern>,
    /// Constraints between them.
    pub(crate) compatibility: PathBuf,
    /// Patterns of files with further constraints.
    pub(crate) compatibility_parts: Vec<Pattern>,
}

/// A pattern of paths relative to the root: `*` and `?` within a name, `**` over any directories.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Pattern(glob::Pattern);

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.starts_with('/') || text.split('/').any(|part| part == "..") {
            return Err(format!("`{text}` leaves the tree; patterns are relative to it"));
        }
        glob::Pattern::new(&text).map(Self).map_err(|error| format!("`{text}` is no pattern: {error}"))
    }
}

impl Pattern {
    /// A name ends at `/`; everything else is as in a shell.
    const OPTIONS: glob::MatchOptions = glob::MatchOptions {
        case_sensitive: true,
        require_literal_separator: true,
        require_literal_leading_dot: false,
    };

    /// A pattern that is known to be one.
    fn known(text: &str) -> Vec<Self> {
        Self::try_from(text.to_owned()).into_iter().collect()
    }

    /// What it is relative to a directory; none when it is about what is beside that.
    pub(crate) fn below(&self, directory: &Path) -> Option<Self> {
        let rest = Path::new(self.0.as_str()).strip_prefix(directory).ok()?;
        Self::try_from(rest.to_str()?.to_owned()).ok()
    }

    /// Whether it is the pattern of a path.
    pub(crate) fn matches(&self, path: &Path) -> bool {
        self.0.matches_path_with(path, Self::OPTIONS)
    }

    /// The files below `root` that match, relative to it and in order.
    ///
    /// # Errors
    /// When a directory cannot be listed.
    pub(crate) fn files(&self, root: &Path) -> Result<Vec<PathBuf>, Failure> {
        let whole = format!("{}/{}", glob::Pattern::escape(&root.to_string_lossy()), self.0.as_str());
        let paths = glob::glob_with(&whole, Self::OPTIONS)
            .map_err(|error| Failure::read(root, std::io::Error::other(error)))?;
        let mut files = Vec::new();
        for path in paths {
            let path = path.map_err(|error| {
                let place = error.path().to_owned();
                Failure::read(&place, error.into())
            })?;
            if path.is_file() {
                files.push(path.strip_prefix(root).unwrap_or(&path).to_owned());
            }
        }
        Ok(files)
    }
}

impl Default for Paths {
    fn default() -> Self {
        Self {
            components: "infra".into(),
            migrations: "infra/mysql/migrations".into(),
            schema: "infra/mysql/schema".into(),
            platform: "platform/platform.yaml".into(),
            platform_parts: Pattern::known("platform/platform.d/*.yaml"),
            compatibility: "platform/compatibility.yaml".into(),
            compatibility_parts: Pattern::known("platform/compatibility.d/*.yaml"),
        }
    }
}

/// What an environment connects to.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Environment {
    /// The database of the migrations.
    pub(crate) mysql: Option<Database>,
    /// Its Redis servers: one table, or a list of them.
    #[serde(default, deserialize_with = "one_or_many")]
    pub(crate) redis: Vec<RedisServer>,
    /// The Kubernetes cluster that it is in.
    pub(crate) cluster: Option<Cluster>,
}

/// A cluster, by what `kubectl` would be told.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Cluster {
    /// A context of the kubeconfig; absent: what platform.yaml says, else its current one.
    pub(crate) context: Option<String>,
    /// The kubeconfig; absent: what `KUBECONFIG` names, else the user's own, else the account of the pod.
    pub(crate) kubeconfig: Option<PathBuf>,
}

/// A Redis server, or one that speaks its protocol, without its secret.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct RedisServer {
    /// `redis://USER@HOST:PORT/DATABASE`, or `rediss://` for TLS.
    pub(crate) url: String,
    /// A file that holds the password.
    pub(crate) password_file: Option<PathBuf>,
    /// An environment variable that holds the password.
    pub(crate) password_env: Option<String>,
    /// A file with the certificates of the authority that signs the server's.
    pub(crate) tls_ca: Option<PathBuf>,
    /// Which component of platform.yaml it is, where there are several.
    pub(crate) component: Option<String>,
    /// What it is for; absent: what the component's kind says.
    pub(crate) holds: Option<Holds>,
}

/// What a Redis server is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Holds {
    /// What can be fetched again.
    Cache,
    /// Sessions, which end.
    Sessions,
    /// What is nowhere else.
    Data,
}

/// A table, or an array of them.
fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<RedisServer>, D::Error> {
    struct OneOrMany;
    impl<'de> Visitor<'de> for OneOrMany {
        type Value = Vec<RedisServer>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a table with a `url`, or a list of such tables")
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            RedisServer::deserialize(MapAccessDeserializer::new(map)).map(|one| vec![one])
        }

        fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
            Vec::deserialize(SeqAccessDeserializer::new(seq))
        }
    }
    deserializer.deserialize_any(OneOrMany)
}

/// A connection without its secret.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Database {
    /// `mysql://USER@HOST:PORT/DATABASE`.
    pub(crate) url: String,
    /// A file that holds the password.
    pub(crate) password_file: Option<PathBuf>,
    /// An environment variable that holds the password.
    pub(crate) password_env: Option<String>,
    /// Which component of platform.yaml it is, where there are several.
    pub(crate) component: Option<String>,
}

/// How serious a rule's findings are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    Off,
    Advice,
    Warning,
    Error,
}

/// Reads `infra.toml` of a root; a tree without one follows the conventions.
///
/// # Errors
/// When the file cannot be read, is not TOML, or has an unknown key or a value of the wrong type.
pub(crate) fn read(root: &Path) -> Result<Configuration, Failure> {
    let path = root.join(FILE);
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(parse(&text)?),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Configuration::default()),
        Err(error) => Err(Failure::read(&path, error)),
    }
}

fn parse(text: &str) -> Result<Configuration, Problem> {
    let problem = |message: &str, span: Option<std::ops::Range<usize>>| Problem::Configuration {
        message: message.to_owned(),
        src: NamedSource::new(FILE, text.to_owned()),
        span: span.map_or(SourceSpan::from((0, 0)), SourceSpan::from),
    };
    let configuration: Configuration =
        toml::from_str(text).map_err(|error| problem(error.message(), error.span()))?;
    match configuration.waivers.iter().find(|waiver| waiver.reason.get_ref().trim().is_empty()) {
        Some(waiver) => Err(problem("a waiver needs a reason", Some(waiver.reason.span()))),
        None => Ok(configuration),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_absent_follows_the_conventions() {
        let configuration = parse("[paths]\nmigrations = \"db\"\n").unwrap();
        assert_eq!(configuration.paths.migrations, Path::new("db"));
        assert_eq!(configuration.paths.schema, Path::new("infra/mysql/schema"));
    }

    #[test]
    fn redis_is_one_server_or_several() {
        let one = parse("[environments.dev.redis]\nurl = \"redis://h\"\nholds = \"sessions\"\n").unwrap();
        assert_eq!(one.environments["dev"].redis[0].holds, Some(Holds::Sessions));
        let text = "[[environments.dev.redis]]\nurl = \"redis://a\"\n[[environments.dev.redis]]\nurl = \"redis://b\"\n";
        let urls = parse(text).unwrap().environments["dev"]
            .redis
            .iter()
            .map(|one| one.url.clone())
            .collect::<Vec<_>>();
        assert_eq!(urls, ["redis://a", "redis://b"]);
        for (text, wanted) in [
            ("[environments.dev.redis]\nurl = \"redis://h\"\nhold = \"data\"\n", "`hold`"),
            ("[environments.dev]\nredis = \"redis://h\"\n", "a table with a `url`"),
        ] {
            let Err(Problem::Configuration { message, .. }) = parse(text) else { panic!("accepted") };
            assert!(message.contains(wanted), "{message}");
        }
    }

    #[test]
    fn the_version_of_lint_is_one() {
        assert!(parse("[lint]\nafter = \"018\"\n").unwrap().lint.after.is_some());
        let Err(Problem::Configuration { message, span, .. }) = parse("[lint]\nafter = \"V1x\"\n") else {
            panic!("accepted");
        };
        assert!(message.contains("`V1x` is not a migration's version"), "{message}");
        assert!(span.offset() > 0);
    }

    #[test]
    fn an_unknown_key_is_named_with_its_place() {
        let Err(Problem::Configuration { message, span, .. }) = parse("[paths]\nmigration = \"db\"\n") else {
            panic!("accepted");
        };
        assert!(message.contains("migration"), "{message}");
        assert_eq!(span.offset(), 8);
    }

    #[test]
    fn levels_are_words() {
        let configuration = parse("[rules]\n\"k8s/no-probe\" = \"off\"\n").unwrap();
        assert_eq!(configuration.rules["k8s/no-probe"], Level::Off);
        assert!(parse("[rules]\n\"k8s/no-probe\" = \"loud\"\n").is_err());
    }

    #[test]
    fn a_waiver_says_what_where_and_why() {
        let text = "[[waivers]]\nrule = \"k8s/host-path\"\nobject = \"DaemonSet */agent\"\nreason = \"reads logs\"\n";
        let configuration = parse(text).unwrap();
        assert_eq!(configuration.manifest_waivers()[0].object, "DaemonSet */agent");
        let Err(Problem::Configuration { message, span, .. }) = parse(&text.replace("reads logs", " "))
        else {
            panic!("accepted");
        };
        assert!(message.contains("reason"), "{message}");
        assert_eq!(span.offset(), text.rfind('"').unwrap() - "\"reads logs".len());
    }
}
