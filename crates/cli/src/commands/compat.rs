//! `infra compat check`.

use platform_compat::{Date, Options, Platform, check};
use serde_json::json;

use crate::clock;
use crate::failure::{Failure, Problem};
use crate::outcome::Outcome;
use crate::platform;
use crate::tree::Tree;
use crate::ui::{GOOD, STRONG, count, styled};

/// Checks the declared graph by itself; `infra check` holds it against migrations and manifests as well.
pub(crate) fn check_graph(
    tree: &Tree,
    environment: Option<&str>,
    today: Option<&str>,
) -> Result<Outcome, Failure> {
    let path = &tree.configuration.paths.platform;
    let Some((platform, findings)) = platform::load(tree)? else {
        return Err(Failure::read(&tree.path(path), std::io::ErrorKind::NotFound.into()));
    };
    let today = match today {
        Some(text) => text.parse::<Date>().map_err(|_| Problem::Date { value: text.to_owned() })?,
        None => clock::today(),
    };
    let mut options = Options::new(today);
    options.environment = environment.map(|name| find_environment(&platform, name)).transpose()?;
    let report = check(&platform, None, &options);
    let mut outcome = Outcome { summary: summary(&platform, report.suppressed.len()), ..Outcome::default() };
    outcome.details.insert("components".to_owned(), json!(platform.components().len()));
    outcome.details.insert("environments".to_owned(), json!(platform.environments().len()));
    outcome.details.insert("dependencies".to_owned(), json!(platform.dependencies().count()));
    outcome.details.insert("suppressed".to_owned(), json!(report.suppressed.len()));
    outcome.extend(findings);
    outcome.extend(report.findings);
    Ok(outcome)
}

/// An environment by its name in platform.yaml.
pub(crate) fn find_environment(
    platform: &Platform,
    name: &str,
) -> Result<platform_compat::EnvironmentId, Failure> {
    platform.environment(name).ok_or_else(|| {
        let known =
            platform.environments().iter().map(|environment| environment.name.value.to_string()).collect();
        Problem::UnknownEnvironment { name: name.to_owned(), known }.into()
    })
}

fn summary(platform: &Platform, suppressed: usize) -> String {
    let mut line = format!(
        "{}  {}, {}, {}",
        styled(STRONG, platform.name().unwrap_or("platform")),
        count(platform.components().len(), "component"),
        count(platform.environments().len(), "environment"),
        count_dependencies(platform.dependencies().count()),
    );
    if suppressed > 0 {
        line += &format!(", {} accepted", count(suppressed, "finding"));
    }
    format!("{}  {line}\n", styled(GOOD, "compat"))
}

fn count_dependencies(number: usize) -> String {
    if number == 1 { "1 dependency".to_owned() } else { format!("{number} dependencies") }
}
