//! `infra compat why` and `infra compat impact`.

use platform_compat::{Dependency, Platform, Scope};
use serde_json::json;

use super::problem::CompatProblem;
use super::{Asked, find_environment, load, target};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::outcome::{Outcome, table};
use crate::ui::{BAD, STRONG, count, styled};

fn scope(asked: &Asked<'_>, platform: &Platform, build: bool) -> Result<Scope, Failure> {
    let environment = asked.environment.map(|name| find_environment(platform, name)).transpose()?;
    Ok(Scope { environment, build })
}

/// The shortest chain between two components.
pub(super) fn why(asked: &Asked<'_>, from: &str, to: &str, build: bool) -> Result<Outcome, Failure> {
    let (platform, findings) = load(asked.tree)?;
    let scope = scope(asked, &platform, build)?;
    let (first, last) = (target::component(&platform, from)?, target::component(&platform, to)?);
    let mut outcome = Outcome { summary_is_result: true, ..Outcome::default() };
    outcome.extend(findings);
    let Some(chain) = platform.why(first, last, scope) else {
        outcome.details.insert("chain".to_owned(), json!(null));
        let (from, to) = (from.to_owned(), to.to_owned());
        outcome.findings.push(Box::new(CompatProblem::NoChain { from, to }));
        outcome.exit = Some(Exit::Findings);
        return Ok(outcome);
    };
    let name = |id: platform_compat::ComponentId| platform.components()[id.index()].name.value.to_string();
    let mut rows = vec![["COMPONENT", "NEEDS", "WHAT", "DECLARED"].map(str::to_owned).to_vec()];
    let mut hops = Vec::new();
    for hop in &chain {
        let (file, line) = place(&platform, hop.dependency);
        let what = needed(hop.dependency);
        rows.push(vec![name(hop.from), name(hop.to), what.clone(), format!("{file}:{line}")]);
        hops.push(
            json!({"from": name(hop.from), "to": name(hop.to), "needs": what, "file": file, "line": line}),
        );
    }
    let path: Vec<String> =
        std::iter::once(name(first)).chain(chain.iter().map(|hop| name(hop.to))).collect();
    outcome.summary = format!("{}\n\n{}", styled(STRONG, path.join(" → ")), table(&rows));
    outcome.details.insert("chain".to_owned(), json!(hops));
    Ok(outcome)
}

/// Everything that depends on a component.
pub(super) fn impact(asked: &Asked<'_>, of: &str, build: bool) -> Result<Outcome, Failure> {
    let (platform, findings) = load(asked.tree)?;
    let scope = scope(asked, &platform, build)?;
    let (component, version) = if of.contains('@') {
        let wanted = target::candidate(&platform, of)?;
        (wanted.component, wanted.version)
    } else {
        (target::component(&platform, of)?, None)
    };
    let dependents = platform.impact(component, scope);
    let mut outcome = Outcome { summary_is_result: true, ..Outcome::default() };
    outcome.extend(findings);
    let name = |id: platform_compat::ComponentId| platform.components()[id.index()].name.value.to_string();
    let mut rows = vec![
        ["DISTANCE", "COMPONENT", "OWNER", "ENVIRONMENTS", "THROUGH", "NEEDS"].map(str::to_owned).to_vec(),
    ];
    let mut items = Vec::new();
    let mut broken = 0;
    for dependent in &dependents {
        let of = &platform.components()[dependent.component.index()];
        let environments: Vec<String> = platform
            .environment_ids()
            .filter(|id| dependent.needs.iter().any(|need| need.environments.contains(*id)))
            .map(|id| platform.environments()[id.index()].name.value.to_string())
            .collect();
        // Only who needs the component itself can leave a version of it out.
        let breaks = dependent.distance == 1
            && version.as_ref().is_some_and(|version| {
                dependent
                    .needs
                    .iter()
                    .filter_map(|need| need.version.as_ref())
                    .any(|range| !range.value.contains(version))
            });
        broken += usize::from(breaks);
        let needs: Vec<String> = dependent.needs.iter().map(|need| needed(need)).collect();
        let mut told = needs.join("; ");
        if breaks {
            told = format!("{} {told}", styled(BAD, "breaks:"));
        }
        let owner = of.owner.as_ref().map_or_else(String::new, |owner| owner.value.to_string());
        rows.push(vec![
            dependent.distance.to_string(),
            name(dependent.component),
            owner.clone(),
            environments.join(", "),
            name(dependent.through),
            told,
        ]);
        items.push(json!({
            "component": name(dependent.component), "distance": dependent.distance, "owner": owner,
            "environments": environments, "through": name(dependent.through), "needs": needs,
            "breaks": breaks,
        }));
    }
    let direct = dependents.iter().filter(|dependent| dependent.distance == 1).count();
    let mut line = format!(
        "{}  {} on it, {direct} directly",
        styled(STRONG, of),
        match dependents.len() {
            1 => "1 component depends".to_owned(),
            number => format!("{} depend", count(number, "component")),
        }
    );
    if version.is_some() {
        line += &format!(", {broken} of which leave this version out");
    }
    outcome.summary =
        if dependents.is_empty() { format!("{line}\n") } else { format!("{line}\n\n{}", table(&rows)) };
    outcome.details.insert("dependents".to_owned(), json!(items));
    outcome.details.insert("breaks".to_owned(), json!(broken));
    Ok(outcome)
}

/// What a dependency asks for: "`>=8.4 <9`, schema >=012".
fn needed(dependency: &Dependency) -> String {
    let mut parts = Vec::new();
    parts.extend(dependency.version.as_ref().map(|range| range.value.to_string()));
    parts.extend(dependency.api.as_ref().map(|api| {
        let versions: Vec<&str> = api.versions.iter().map(|version| &*version.value).collect();
        format!("API {} {}", api.name.value, versions.join("|")).trim_end().to_owned()
    }));
    parts.extend(dependency.schema.as_ref().map(|range| format!("schema {}", range.value)));
    let kind = match dependency.kind {
        platform_compat::DependencyKind::Runtime => None,
        platform_compat::DependencyKind::Startup => Some("to start"),
        platform_compat::DependencyKind::Scrape => Some("scrapes"),
        platform_compat::DependencyKind::Build => Some("to build"),
    };
    parts.extend(kind.map(str::to_owned));
    parts.extend(dependency.optional.then(|| "optional".to_owned()));
    if parts.is_empty() { "any version".to_owned() } else { parts.join(", ") }
}

fn place(platform: &Platform, dependency: &Dependency) -> (String, usize) {
    let place = dependency.place;
    let Some(source) = platform.sources().get(place.file as usize) else { return (String::new(), 0) };
    let before = source.inner().get(..place.span().offset()).unwrap_or_default();
    (source.name().to_owned(), before.bytes().filter(|byte| *byte == b'\n').count() + 1)
}
