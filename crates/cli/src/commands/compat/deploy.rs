//! `infra compat can-deploy`.

use platform_compat::{Options, Platform, Row, Space, Target, Verdict, What, can_deploy as decide, check};
use serde_json::{Value, json};

use super::check::compare;
use super::problem::{CompatProblem, Refusal};
use super::target::{self, Wanted};
use super::{Asked, cause_json, cause_text, facts, load, one_environment, plan, today};
use crate::args::{Day, Unknown};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::outcome::{Outcome, table};
use crate::ui::{BAD, GOOD, ODD, STRONG, styled};

/// Decides whether versions may go to an environment.
pub(super) fn can_deploy(
    asked: &Asked<'_>,
    candidates: &[String],
    to: Option<&str>,
    together: bool,
    unknown: Unknown,
    day: &Day,
) -> Result<Outcome, Failure> {
    let (mut platform, findings) = load(asked.tree)?;
    let environment = one_environment(&platform, to)?;
    let today = today(day)?;
    let here = platform.environments()[environment.index()].name.value.to_string();
    let mut wanted: Vec<Wanted> =
        candidates.iter().map(|text| target::candidate(&platform, text)).collect::<Result<_, _>>()?;
    for candidate in &mut wanted {
        candidate.environment = Some(environment);
        let component = &platform.components()[candidate.component.index()];
        if !component.environments.contains(environment) {
            let component = component.name.value.to_string();
            return Err(Failure::usage(CompatProblem::NotThere { component, environment: here }));
        }
    }
    let facts = facts::schemas(asked.tree, &platform)?;
    let decide = || {
        let extra = extra(&wanted);
        // Several candidates may need an order, in which every rule has a say.
        let space = if extra.len() == 1 { Space::around } else { Space::new };
        let space = space(&platform, Some(&facts), environment, today, &extra);
        let target: Target = extra.into_iter().map(|(what, version)| (what, vec![version])).collect();
        let decision = decide(&space, &target, together);
        let order = decision.order.as_ref().map(plan::steps_json);
        (decision, order)
    };
    // What else the checks say of the new state: promotion, ends of life, pins.
    let mut options = Options::new(today);
    options.environment = Some(environment);
    let ((decision, order), before) = rayon::join(decide, || check(&platform, None, &options).findings);
    for candidate in &wanted {
        candidate.apply(&mut platform);
    }
    let after = check(&platform, None, &options).findings;
    let told: Vec<&str> = decision.rows.iter().map(|row| row.cause.rule).collect();
    let (introduced, _) = compare(&before, &after);
    let more: Vec<_> =
        introduced.into_iter().filter(|finding| !told.contains(&finding.rule().as_str())).collect();
    let is_error = |finding: &&&platform_compat::Finding| {
        miette::Diagnostic::severity(**finding).unwrap_or(miette::Severity::Error) == miette::Severity::Error
    };
    let verdict = if more.iter().any(|finding| is_error(&finding)) { Verdict::No } else { decision.verdict };

    let mut outcome = Outcome { summary_is_result: true, ..Outcome::default() };
    outcome.extend(findings);
    outcome.extend(more.into_iter().cloned());
    let names = candidates.join(" and ");
    if decision.verdict == Verdict::No {
        let broken = decision.rows.iter().filter(|row| row.verdict == Verdict::No);
        outcome.findings.push(Box::new(Refusal {
            message: format!("{names} may not go to {here}"),
            help: help(&platform, &decision.rows),
            rule: "compat/can-deploy",
            causes: broken.map(|row| row.cause.clone()).collect(),
        }));
    }
    let allowed = verdict == Verdict::Yes || verdict == Verdict::Unknown && unknown == Unknown::Allow;
    outcome.exit = Some(if allowed { Exit::Ok } else { Exit::Findings });
    let (style, word) = word(verdict);
    outcome.summary = format!("{}  {} to {here}\n", styled(style, word), styled(STRONG, &names));
    if !decision.rows.is_empty() {
        outcome.summary += &format!("\n{}", matrix(&decision.rows));
    }
    let details = [
        ("verdict", json!(word)),
        ("environment", json!(here)),
        ("candidates", json!(candidates)),
        ("rows", decision.rows.iter().map(row_json).collect()),
        ("order", json!(order)),
    ];
    outcome.details.extend(details.map(|(key, value)| (key.to_owned(), value)));
    // The process ends soon: to give back tens of thousands of releases one by one would only keep the answer waiting.
    std::mem::forget(platform);
    Ok(outcome)
}

pub(super) fn extra(wanted: &[Wanted]) -> Vec<(What, platform_compat::version::Version)> {
    wanted.iter().filter_map(|wanted| Some((wanted.what(), wanted.version.clone()?))).collect()
}

/// The rules as a table, those that are broken first.
fn matrix(rows: &[Row]) -> String {
    let mut lines = vec![["COMPONENT", "VERSION", "PARTNER", "HAS", "OK", "WHY"].map(str::to_owned).to_vec()];
    for row in rows {
        let (style, word) = word(row.verdict);
        lines.push(vec![
            row.subject.clone(),
            row.versions.join(", "),
            row.partner.clone().unwrap_or_default(),
            row.partner_versions.join(", "),
            styled(style, word),
            cause_text(&row.cause),
        ]);
    }
    table(&lines)
}

fn word(verdict: Verdict) -> (anstyle::Style, &'static str) {
    match verdict {
        Verdict::Yes => (GOOD, "yes"),
        Verdict::Unknown => (ODD, "unknown"),
        Verdict::No => (BAD, "no"),
    }
}

fn row_json(row: &Row) -> Value {
    let mut cause = cause_json(&row.cause);
    if let Some(object) = cause.as_object_mut() {
        object.insert("subject".to_owned(), json!(row.subject));
        object.insert("subject_versions".to_owned(), json!(row.versions));
        object.insert("partner".to_owned(), json!(row.partner));
        object.insert("partner_versions".to_owned(), json!(row.partner_versions));
        object.insert("result".to_owned(), json!(word(row.verdict).1));
    }
    cause
}

/// What would make it possible.
fn help(platform: &Platform, rows: &[Row]) -> Option<String> {
    let partners: Vec<&str> = rows
        .iter()
        .filter(|row| row.verdict == Verdict::No)
        .flat_map(|row| [Some(&*row.subject), row.partner.as_deref()])
        .flatten()
        .filter(|name| platform.component(name).is_some())
        .collect();
    let (first, second) = (partners.first()?, partners.get(1)?);
    Some(format!(
        "`{first}` and `{second}` must move so that the rules below hold: `infra compat plan --env ENV --set NAME=VERSION` says which versions and in which order"
    ))
}
