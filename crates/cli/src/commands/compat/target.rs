//! Components and versions as they are named on the command line.

use platform_compat::version::Version;
use platform_compat::{ComponentId, EnvironmentId, EnvironmentSet, Part, Platform, What, nearest};

use super::find_environment;
use super::problem::CompatProblem;
use crate::failure::Failure;

/// A version of something, as it was asked for.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) component: ComponentId,
    /// Where; everywhere when absent.
    pub(super) environment: Option<EnvironmentId>,
    /// The version; nothing to take it away.
    pub(super) version: Option<Version>,
}

impl Wanted {
    pub(super) fn what(&self) -> What {
        What::Part(Part::Component(self.component))
    }

    /// Makes the platform say so.
    pub(super) fn apply(&self, platform: &mut Platform) {
        let of = platform.components()[self.component.index()].environments;
        // A component that is nowhere yet is set everywhere.
        let of = if of.is_empty() { platform.environment_ids().collect::<EnvironmentSet>() } else { of };
        let environments = self.environment.map_or(of, EnvironmentId::only);
        platform.set(self.component, environments, self.version.iter().cloned().collect());
    }
}

/// Reads `[ENV:]NAME=VERSION`.
pub(super) fn assignment(platform: &Platform, text: &str) -> Result<Wanted, Failure> {
    let wrong = || {
        Failure::usage(CompatProblem::Argument {
            text: text.to_owned(),
            what: "change of the form [ENV:]NAME=VERSION",
            example: "--set prod:mysql=8.4.5",
        })
    };
    let (name, value) = text.split_once('=').ok_or_else(wrong)?;
    let (environment, name) = match name.split_once(':') {
        Some((environment, name)) => (Some(find_environment(platform, environment)?), name),
        None => (None, name),
    };
    if name.is_empty() || value.is_empty() {
        return Err(wrong());
    }
    let component = component(platform, name)?;
    let version = if value == "remove" { None } else { Some(version(platform, component, value)?) };
    Ok(Wanted { component, environment, version })
}

/// Reads `NAME@VERSION`.
pub(super) fn candidate(platform: &Platform, text: &str) -> Result<Wanted, Failure> {
    let Some((name, value)) =
        text.split_once('@').filter(|(name, value)| !name.is_empty() && !value.is_empty())
    else {
        return Err(Failure::usage(CompatProblem::Argument {
            text: text.to_owned(),
            what: "release of the form NAME@VERSION",
            example: "orders@2.4.0",
        }));
    };
    let component = component(platform, name)?;
    let version = version(platform, component, value)?;
    Ok(Wanted { component, environment: None, version: Some(version) })
}

/// A component by its name.
pub(super) fn component(platform: &Platform, name: &str) -> Result<ComponentId, Failure> {
    platform.component(name).ok_or_else(|| {
        let names = platform.components().iter().map(|component| &*component.name.value);
        let help = match nearest(name, names) {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None => "`infra compat graph` shows all components".to_owned(),
        };
        Failure::usage(CompatProblem::UnknownComponent { name: name.to_owned(), help })
    })
}

fn version(platform: &Platform, component: ComponentId, value: &str) -> Result<Version, Failure> {
    let of = &platform.components()[component.index()];
    Version::parse(value, of.scheme, of.suffix).map_err(|problem| {
        Failure::usage(CompatProblem::Version {
            value: value.to_owned(),
            component: of.name.value.to_string(),
            problem,
        })
    })
}
