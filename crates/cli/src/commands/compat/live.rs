//! The platform as its servers are, instead of as it is declared.

use std::time::Duration;

use platform_compat::Platform;
use platform_compat::probe::Finding;
use platform_compat::version::Version;
use serde_json::json;

use super::Asked;
use crate::args::Live;
use crate::commands::doctor::{Observed, Seen, observe_all};
use crate::failure::Failure;
use crate::outcome::Outcome;

/// What of a server concerns versions: its health is the doctor's.
const RULES: [&str; 6] = [
    "probe/product",
    "probe/version",
    "probe/schema",
    "probe/unreachable",
    "probe/refused",
    "probe/not-seen",
];

/// Asks the servers and makes the platform say what they run. What they cannot say stays as declared.
pub(super) fn observe(
    asked: &Asked<'_>,
    platform: &mut Platform,
    live: &Live,
    outcome: &mut Outcome,
) -> Result<(), Failure> {
    let limit = Duration::from_secs(live.timeout);
    let observed = observe_all(asked.tree, Some(platform), asked.environment, limit, outcome)?;
    let findings: Vec<Finding> = observed
        .iter()
        .flat_map(|one| one.judge(Some(platform)))
        .filter(|finding| RULES.contains(&finding.rule))
        .collect();
    outcome.extend(findings);
    let mut seen = Vec::new();
    for one in &observed {
        let (Some(component), Some(version)) = (one.component, version(one)) else { continue };
        let Some(environment) = platform.environment(&one.environment) else { continue };
        let of = &platform.components()[component.index()];
        seen.push(json!({"environment": one.environment, "component": &*of.name.value, "version": version}));
        if let Ok(version) = Version::parse(version, of.scheme, of.suffix) {
            platform.set(component, environment.only(), vec![version]);
        }
    }
    outcome.details.insert("observed".to_owned(), json!(seen));
    Ok(())
}

fn version(observed: &Observed) -> Option<&str> {
    match observed.seen.as_ref().ok()? {
        Seen::MySql(facts) => Some(facts.version()),
        Seen::Redis(facts) => Some(&facts.info.version),
    }
}
