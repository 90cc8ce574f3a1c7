//! `infra check`: everything that can be verified without a server, in one pass.
//!
//! The SQL chain and the manifests of each environment are independent and run side by side; the checks that need both
//! follow, again one environment beside the other.

mod area;
mod cross;
mod manifests;
pub(crate) mod network;
mod platform;
mod sql;

use std::time::Instant;

use platform_compat::{EnvironmentId, Facts, Options, Platform};
use rayon::prelude::*;
use serde_json::json;

use self::area::{Area, Stopwatch};
use crate::clock;
use crate::commands::compat::find_environment;
use crate::failure::{Failure, Problem};
use crate::outcome::{Outcome, relevel};
use crate::tree::Tree;
use crate::ui::{DIM, STRONG, styled};

/// Checks the tree, or one environment of it.
pub(crate) fn run(tree: &Tree, only: Option<&str>) -> Result<Outcome, Failure> {
    let started = Instant::now();
    let (sql, declared) = rayon::join(|| sql::check(tree), || declared(tree, only));
    let (sql, (mut platform_area, platform, environments)) = (sql?, declared?);

    let rendered: Vec<_> = environments
        .par_iter()
        .map(|environment| manifests::check(tree, environment, platform.as_ref(), &sql.migrations))
        .collect::<Result<_, _>>()?;
    let (mut manifests, mut network) = (Area::new("manifests"), Area::new("network"));
    let mut facts = Facts { overlays: platform::overlays(tree, &tree.components()?)?, ..Facts::default() };
    for environment in rendered {
        manifests.absorb(environment.manifests);
        network.absorb(environment.network);
        facts.rendered.extend(environment.complete.then_some(environment.name));
        facts.schemas.extend(environment.schemas);
        facts.workloads.extend(environment.workloads);
    }
    if let Some(platform) = &platform {
        let watch = Stopwatch::start();
        let mut options = Options::new(clock::today());
        options.environment = only.map(|name| find_environment(platform, name)).transpose()?;
        let report = platform_compat::check(platform, Some(&facts), &options);
        platform_area.extend(report.findings);
        platform_area.took(&watch);
    }
    let mut areas = sql.areas;
    areas.extend([manifests, network, platform_area]);
    Ok(conclude(tree, platform.as_ref(), areas, started))
}

/// The migrations that an environment's bundle holds, for each database that they belong to.
///
/// # Errors
/// When the environment has no overlays or the tree cannot be read.
pub(crate) fn schemas_of(
    tree: &Tree,
    platform: &Platform,
    environment: &str,
    migrations: &[migrate_core::Migration],
) -> Result<Vec<platform_compat::Schema>, Failure> {
    let rendered = crate::manifests::environment(tree, environment, Some(platform))?;
    let resources: Vec<_> =
        rendered.components.into_iter().flat_map(|component| component.resources).collect();
    let facts = k8s_render::inspect::Facts::read(&resources);
    Ok(platform::schemas(tree, platform, environment, &cross::bundle(&facts), migrations))
}

/// The workloads that an environment renders; nothing where it has no overlays or does not render.
pub(crate) fn workloads_of(
    tree: &Tree,
    platform: &Platform,
    environment: &str,
) -> Option<Vec<platform_compat::Workload>> {
    let rendered = crate::manifests::environment(tree, environment, Some(platform)).ok()?;
    let resources: Vec<_> =
        rendered.components.into_iter().flat_map(|component| component.resources).collect();
    let texts = crate::manifests::Texts::of(tree.root.clone());
    let text = |file: &str| texts.get(file);
    let facts = k8s_render::inspect::Facts::read(&resources);
    rendered
        .complete
        .then(|| platform::workloads(environment, &facts, k8s_render::inspect::Sources::new(&text)))
}

/// An environment to check: its name, and what platform.yaml says of it.
pub(crate) struct Environment {
    name: String,
    declared: Option<EnvironmentId>,
}

/// Reads the platform and settles which environments there are: the declared ones, else those that have overlays.
fn declared(tree: &Tree, only: Option<&str>) -> Result<(Area, Option<Platform>, Vec<Environment>), Failure> {
    let watch = Stopwatch::start();
    let mut area = Area::new("platform");
    let platform = if let Some((platform, findings)) = crate::platform::load(tree)? {
        area.count("component", platform.components().len());
        area.count("environment", platform.environments().len());
        area.count("edge", platform.dependencies().count());
        area.extend(findings);
        Some(platform)
    } else {
        area.push(Problem::Missing { path: tree.configuration.paths.platform.clone() });
        None
    };
    let mut environments: Vec<Environment> = match &platform {
        Some(platform) if !platform.environments().is_empty() => platform
            .environment_ids()
            .map(|id| Environment {
                name: platform.environments()[id.index()].name.value.to_string(),
                declared: Some(id),
            })
            .collect(),
        _ => {
            let names = tree.overlay_names(&tree.components()?)?;
            names.into_iter().map(|name| Environment { name, declared: None }).collect()
        }
    };
    if let Some(only) = only {
        let known = environments.iter().map(|environment| environment.name.clone()).collect();
        environments.retain(|environment| environment.name == only);
        if environments.is_empty() {
            return Err(Problem::UnknownEnvironment { name: only.to_owned(), known }.into());
        }
    }
    area.took(&watch);
    Ok((area, platform, environments))
}

/// One line an area, then one for the whole.
fn conclude(tree: &Tree, platform: Option<&Platform>, mut areas: Vec<Area>, started: Instant) -> Outcome {
    for area in &mut areas {
        area.findings = relevel(std::mem::take(&mut area.findings), &tree.configuration.rules);
        area.merge_equal();
    }
    let elapsed = started.elapsed();
    let name = platform.and_then(Platform::name).unwrap_or("tree");
    let mut summary =
        format!("{} {}\n\n", styled(STRONG, name), styled(DIM, concat!("infra ", env!("CARGO_PKG_VERSION"))));
    let width = areas.iter().map(|area| area.name.len()).max().unwrap_or(0);
    for area in &areas {
        summary += &area.line(width);
    }
    let verdict = area::verdict(&areas);
    summary += &format!("\n{verdict} {}\n", styled(DIM, format!("in {} ms", elapsed.as_millis())));
    let mut outcome = Outcome { summary, ..Outcome::default() };
    outcome.details.insert("areas".to_owned(), areas.iter().map(Area::json).collect());
    outcome.details.insert("elapsed_ms".to_owned(), json!(elapsed.as_secs_f64() * 1000.0));
    outcome.parts = areas.iter().map(Area::part).collect();
    outcome.findings = areas.into_iter().flat_map(|area| area.findings).collect();
    outcome
}
