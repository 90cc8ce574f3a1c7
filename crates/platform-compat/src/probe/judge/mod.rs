//! Facts against declarations and against what is sound. Nothing here asks anybody.

mod cluster;
#[cfg(test)]
mod cluster_tests;
mod mysql;
mod overlay;
mod redis;
#[cfg(test)]
mod tests;

use miette::Severity;

use super::{Error, Finding, Unseen};
use crate::decode::list;
use crate::model::{ComponentId, EnvironmentId, Kind};
use crate::place::Place;
use crate::platform::Platform;

pub use cluster::{Here, judge as cluster, namespaces, needs_kubelets, probed, versions};
pub use mysql::judge as mysql;
pub use redis::{Holds, judge as redis};

/// Per cent from which on something is nearly full, and from which on that is an error.
const FULL: (u64, u64) = (80, 95);

/// The server that facts are about.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'p> {
    /// The name of its environment.
    pub environment: &'p str,
    /// What to call it where it is no component: `MySQL` or `Redis`.
    pub fallback: &'p str,
    /// The component that it is, where platform.yaml has it.
    pub declared: Option<Declared<'p>>,
}

/// A component in an environment.
#[derive(Debug, Clone, Copy)]
pub struct Declared<'p> {
    /// The platform.
    pub platform: &'p Platform,
    /// The component.
    pub component: ComponentId,
    /// The environment.
    pub environment: EnvironmentId,
}

/// Servers that are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// MySQL and MariaDB.
    MySql,
    /// Redis and what speaks like it.
    Redis,
}

impl Protocol {
    /// Words in the last part of an image's name that tell it.
    fn images(self) -> &'static [&'static str] {
        match self {
            Self::MySql => &["mysql", "mariadb", "percona"],
            Self::Redis => &["redis", "valkey", "dragonfly"],
        }
    }
}

/// The components of an environment that servers of a protocol may be: by their image, and without one by the schema they hold.
pub fn candidates(
    platform: &Platform,
    environment: EnvironmentId,
    protocol: Protocol,
) -> impl Iterator<Item = ComponentId> {
    platform.ids().filter_map(move |(id, component)| {
        let named = |text: &str| protocol.images().iter().any(|word| text.contains(word));
        let fits = match &component.image {
            Some(image) => named(last_part(&image.value)),
            None => {
                named(&component.name.value) || (protocol == Protocol::MySql && component.database.is_some())
            }
        };
        let keeps = matches!(component.kind, Kind::Database | Kind::Cache | Kind::Queue | Kind::External);
        (fits && keeps && component.environments.contains(environment)).then_some(id)
    })
}

fn last_part(image: &str) -> &str {
    image.rsplit('/').next().unwrap_or(image)
}

impl Subject<'_> {
    /// "`redis` of `prod`".
    fn name(&self) -> String {
        match &self.declared {
            Some(of) => format!("`{}` of `{}`", of.platform[of.component].name.value, self.environment),
            None => format!("{} of `{}`", self.fallback, self.environment),
        }
    }

    /// Whether users depend on it.
    fn is_production(&self) -> bool {
        self.declared.is_some_and(|of| of.platform[of.environment].production)
    }

    /// A finding at the component's name.
    fn finding(
        &self,
        rule: &'static str,
        severity: Severity,
        message: String,
        help: impl Into<String>,
    ) -> Finding {
        let finding = Finding::new(rule, severity, message, help);
        match &self.declared {
            Some(of) => finding.at(of.platform, of.platform[of.component].name.place, "declared here"),
            None => finding,
        }
    }

    /// Says why there are no facts.
    pub fn unreachable(&self, error: &Error) -> Finding {
        let (rule, help) = match error {
            Error::Url { .. } => ("probe/url", "correct the `url` in infra.toml"),
            Error::Configuration { .. } => (
                "probe/kubeconfig",
                "correct the kubeconfig, or name another one or another context in infra.toml",
            ),
            Error::Unreachable { .. } => (
                "probe/unreachable",
                "check address and port in infra.toml, that the server runs, and that the network lets you through",
            ),
            Error::Refused { .. } => {
                ("probe/refused", "check account and password, and that the account may log in from here")
            }
        };
        self.finding(rule, Severity::Error, format!("{} was not seen: {error}", self.name()), help)
    }

    /// Says what a server did not tell, which is no fault of its own.
    pub fn unseen<'f>(&'f self, unseen: &'f [Unseen]) -> impl Iterator<Item = Finding> + 'f {
        unseen.iter().map(|Unseen { what, reason }| {
            self.finding(
                "probe/not-seen",
                Severity::Advice,
                format!("{}: not seen {what}: {reason}", self.name()),
                "allow the account to read it, or take it as unknown",
            )
        })
    }

    /// The product and version that run against those declared.
    fn identity(&self, product: &str, version: &str) -> Vec<Finding> {
        let Some(of) = &self.declared else { return Vec::new() };
        let component = &of.platform[of.component];
        let mut findings = Vec::new();
        let word = product.to_ascii_lowercase();
        if let Some(image) = &component.image
            && ["mysql", "mariadb", "redis", "valkey", "dragonfly"]
                .iter()
                .any(|other| *other != word && last_part(&image.value).contains(other))
        {
            let finding = Finding::new(
                "probe/product",
                Severity::Error,
                format!(
                    "{} is declared with the image `{}`, but {product} {version} answers",
                    self.name(),
                    image.value
                ),
                "correct `image`, or the connection in infra.toml",
            );
            findings.push(finding.at(of.platform, image.place, "declared here"));
            return findings;
        }
        let declared = component.versions(of.environment);
        let Some(first) = declared.first() else { return findings };
        if !declared.iter().any(|one| covers(one.value.as_str(), version)) {
            let texts: Vec<&str> = declared.iter().map(|one| one.value.as_str()).collect();
            let finding = Finding::new(
                "probe/version",
                Severity::Error,
                format!("{} is declared as {}, but {product} {version} runs", self.name(), list(&texts)),
                "bring the server to the declared version, or declare the one that runs",
            );
            findings.push(finding.at(of.platform, first.place, "declared here"));
        }
        findings
    }

    /// Whether nearly all connections are in use, and the setting that allows more.
    fn connections(&self, used: u64, most: u64, setting: &str) -> Option<Finding> {
        let share = per_cent(used, most);
        (share >= FULL.0).then(|| {
            self.finding(
                "probe/connections",
                if share >= FULL.1 { Severity::Error } else { Severity::Warning },
                format!("{} has {used} of {most} connections in use", self.name()),
                format!("find who holds them, or raise `{setting}`"),
            )
        })
    }

    /// A place of the declaration.
    fn place(&self, finding: Finding, place: Place, label: &'static str) -> Finding {
        match &self.declared {
            Some(of) => finding.at(of.platform, place, label),
            None => finding,
        }
    }
}

/// Whether a declared version, which may be shorter and have a suffix, is what runs.
fn covers(declared: &str, running: &str) -> bool {
    let numbers = |text: &str| -> Vec<u64> {
        let text = text.trim_start_matches('v');
        let end = text.find(|character: char| !character.is_ascii_digit() && character != '.');
        text[..end.unwrap_or(text.len())].split('.').map_while(|part| part.parse().ok()).collect()
    };
    let (declared, running) = (numbers(declared), numbers(running));
    !declared.is_empty() && running.starts_with(&declared)
}

/// A share in per cent.
fn per_cent(part: u64, whole: u64) -> u64 {
    part.saturating_mul(100).checked_div(whole).unwrap_or_default()
}

/// Bytes for people.
fn bytes(number: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match UNITS.iter().find(|(unit, _)| number >= *unit) {
        Some((unit, name)) => format!("{}.{} {name}", number / unit, number % unit * 10 / unit),
        None => format!("{number} bytes"),
    }
}
