//! The platform as its servers are, instead of as it is declared.

use std::time::Duration;

use platform_compat::probe::{Finding, judge};
use platform_compat::version::Version;
use platform_compat::{Platform, Probed};
use serde_json::json;

use super::Asked;
use crate::args::Live;
use crate::commands::doctor::{Asking, Observed, Seen};
use crate::failure::Failure;
use crate::outcome::Outcome;

/// What of a server concerns versions: its health is the doctor's.
const RULES: [&str; 8] = [
    "probe/image",
    "probe/kubeconfig",
    "probe/product",
    "probe/version",
    "probe/schema",
    "probe/unreachable",
    "probe/refused",
    "probe/not-seen",
];

/// Asks servers and clusters and makes the platform say what they run; gives what rules about probes are told. What they cannot say stays as declared.
pub(super) fn observe(
    asked: &Asked<'_>,
    platform: &mut Platform,
    live: &Live,
    outcome: &mut Outcome,
) -> Result<Vec<Probed>, Failure> {
    let asking = Asking {
        tree: asked.tree,
        platform: Some(platform),
        environment: asked.environment,
        context: live.context.as_deref(),
        limit: Duration::from_secs(live.timeout),
    };
    let (observed, clusters) = asking.observe(outcome)?;
    let findings: Vec<Finding> = observed
        .iter()
        .flat_map(|one| one.judge(Some(platform)))
        .chain(clusters.iter().flat_map(|one| one.judge_declared(Some(platform), None)))
        .filter(|finding| RULES.contains(&finding.rule))
        .collect();
    outcome.extend(findings);
    let (mut seen, mut probed) = (Vec::new(), Vec::new());
    for one in &clusters {
        let (Ok(facts), Some(environment)) = (&one.seen, platform.environment(&one.environment)) else {
            continue;
        };
        probed.extend(judge::probed(facts, environment));
        for (component, versions) in judge::versions(facts, platform, environment) {
            let name = &*platform.components()[component.index()].name.value;
            for version in &versions {
                probed.push(Probed { environment, name: name.to_owned(), version: version.clone() });
                seen.push(
                    json!({"environment": one.environment, "component": name, "version": version.as_str()}),
                );
            }
            platform.set(component, environment.only(), versions);
        }
    }
    for one in &observed {
        let (Some(component), Some(version)) = (one.component, version(one)) else { continue };
        let Some(environment) = platform.environment(&one.environment) else { continue };
        let of = &platform.components()[component.index()];
        seen.push(json!({"environment": one.environment, "component": &*of.name.value, "version": version}));
        if let Ok(version) = Version::parse(version, of.scheme, of.suffix) {
            let name = of.name.value.to_string();
            probed.push(Probed { environment, name, version: version.clone() });
            platform.set(component, environment.only(), vec![version]);
        }
    }
    outcome.details.insert("observed".to_owned(), json!(seen));
    Ok(probed)
}

fn version(observed: &Observed) -> Option<&str> {
    match observed.seen.as_ref().ok()? {
        Seen::MySql(facts) => Some(facts.version()),
        Seen::Redis(facts) => Some(&facts.info.version),
    }
}
