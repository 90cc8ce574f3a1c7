//! `infra compat plan`.

use std::path::Path;

use platform_compat::{
    Conflict, Date, EnvironmentId, Locked, NoPlan, Part, Plan, Platform, Space, Step, Target, What,
    plan as order, solve,
};
use serde_json::{Value, json};

use super::problem::{CompatProblem, Refusal};
use super::target::{self, Wanted};
use super::{
    Asked, cause_json, cause_text, deploy, facts, find_environment, load, one_environment, source, today,
};
use crate::args::Day;
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::ui::{DIM, GOOD, ODD, STRONG, count, styled};

/// Finds the order, or says why there is none.
pub(super) fn plan(
    asked: &Asked<'_>,
    ends: Option<(&str, &str)>,
    day: &Day,
    changes: &[String],
) -> Result<Outcome, Failure> {
    let today = today(day)?;
    let Some((from, to)) = ends else { return reach(asked, today, changes) };
    let (platform, findings) = load(asked.tree)?;
    let mut outcome = match (platform.environment(from), platform.environment(to)) {
        (Some(from), Some(to)) => between(asked, &platform, from, to, today)?,
        (None, None) => {
            let (before, mut more) = source::load(asked.tree, from)?;
            let (mut after, findings) = source::load(asked.tree, to)?;
            more.extend(findings);
            let mut outcome = revisions(asked, &before, &mut after, today)?;
            outcome.extend(more);
            return Ok(outcome);
        }
        _ if [from, to].iter().any(|name| Path::new(name).is_dir()) => {
            let (from, to) = (from.to_owned(), to.to_owned());
            return Err(Failure::usage(CompatProblem::PlanMixed { from, to }));
        }
        (None, Some(_)) => return Err(unknown(&platform, from)),
        (Some(_), None) => return Err(unknown(&platform, to)),
    };
    outcome.extend(findings);
    Ok(outcome)
}

fn unknown(platform: &Platform, name: &str) -> Failure {
    match find_environment(platform, name) {
        Err(failure) => failure,
        Ok(_) => Failure::usage(CompatProblem::PlanWhat),
    }
}

/// One environment to the versions and the schema of another one.
fn between(
    asked: &Asked<'_>,
    platform: &Platform,
    from: EnvironmentId,
    to: EnvironmentId,
    today: Date,
) -> Result<Outcome, Failure> {
    let facts = facts::schemas(asked.tree, platform)?;
    let space = Space::new(platform, Some(&facts), from, today, &[]);
    let mut target = declared(platform, platform, to);
    let there = Space::new(platform, Some(&facts), to, today, &[]);
    target.extend(there.schemas());
    // What the environment does not have yet is no upgrade.
    target.retain(|(what, _)| match what {
        What::Part(Part::Component(id)) => platform.components()[id.index()].environments.contains(from),
        _ => true,
    });
    Ok(told(&space, &target, &environment_name(platform, from)))
}

/// What one version of the files declares live to what another one does, by the rules of the other one.
fn revisions(
    asked: &Asked<'_>,
    before: &Platform,
    after: &mut Platform,
    today: Date,
) -> Result<Outcome, Failure> {
    let environment = one_environment(after, asked.environment)?;
    let target = declared(after, after, environment);
    let name = environment_name(after, environment);
    let extra: Vec<_> = target
        .iter()
        .flat_map(|(what, versions)| versions.iter().map(|version| (*what, version.clone())))
        .collect();
    if let Some(then) = before.environment(&name) {
        for (id, component) in before.ids() {
            let Some(same) = after.component(&component.name.value) else { continue };
            let versions: Vec<_> =
                before.live(Part::Component(id), then).iter().map(|version| version.value.clone()).collect();
            // What is new has no order to keep.
            if !versions.is_empty() && after.components()[same.index()].environments.contains(environment) {
                after.set(same, environment.only(), versions);
            }
        }
    }
    let space = Space::new(after, None, environment, today, &extra);
    Ok(told(&space, &target, &name))
}

/// What shall be reached in one environment, and whatever else must move for it.
fn reach(asked: &Asked<'_>, today: Date, changes: &[String]) -> Result<Outcome, Failure> {
    if changes.is_empty() {
        return Err(Failure::usage(CompatProblem::PlanWhat));
    }
    let (platform, findings) = load(asked.tree)?;
    let environment = one_environment(&platform, asked.environment)?;
    let wanted: Vec<Wanted> =
        changes.iter().map(|text| target::assignment(&platform, text)).collect::<Result<_, _>>()?;
    let facts = facts::schemas(asked.tree, &platform)?;
    let extra = deploy::extra(&wanted);
    let space = Space::new(&platform, Some(&facts), environment, today, &extra);
    let asked_for: Target = extra.into_iter().map(|(what, version)| (what, vec![version])).collect();
    let name = environment_name(&platform, environment);
    let mut outcome = match solve(&space, &asked_for) {
        Err(conflict) => contradiction(&conflict, &name),
        Ok(solution) => {
            let target = solution.changes.into_iter().map(|change| (change.what, vec![change.to])).collect();
            told(&space, &target, &name)
        }
    };
    outcome.extend(findings);
    Ok(outcome)
}

/// The versions that are live in an environment, for components of another reading of the files.
fn declared(of: &Platform, names: &Platform, environment: EnvironmentId) -> Target {
    let parts = of.components().iter().filter_map(|component| {
        let versions: Vec<_> = component.versions(environment).iter().map(|v| v.value.clone()).collect();
        let same = names.component(&component.name.value)?;
        let here = component.environments.contains(environment) && !versions.is_empty();
        here.then_some((What::Part(Part::Component(same)), versions))
    });
    parts.collect()
}

fn environment_name(platform: &Platform, environment: EnvironmentId) -> String {
    platform.environments()[environment.index()].name.value.to_string()
}

fn told(space: &Space<'_>, target: &Target, environment: &str) -> Outcome {
    let mut outcome = Outcome { summary_is_result: true, ..Outcome::default() };
    outcome.details.insert("environment".to_owned(), json!(environment));
    match order(space, target) {
        Ok(plan) => {
            outcome.summary = lines(&plan, environment);
            outcome.details.insert("steps".to_owned(), steps_json(&plan));
            let broken = plan.broken_before.iter().map(cause_json).collect();
            outcome.details.insert("broken_before".to_owned(), broken);
        }
        Err(problem) => match *problem {
            NoPlan::Target(causes) => {
                outcome.details.insert("steps".to_owned(), Value::Null);
                outcome.findings.push(Box::new(Refusal {
                    message: format!("what is wanted for {environment} does not go together"),
                    help: Some("change one of the versions, or one of the rules below".to_owned()),
                    rule: "compat/plan-target",
                    causes,
                }));
            }
            NoPlan::Locked(locked) => {
                outcome.details.insert("steps".to_owned(), Value::Null);
                outcome.details.insert("relax".to_owned(), locked.relax.iter().map(cause_json).collect());
                outcome.details.insert("together".to_owned(), json!(locked.together));
                outcome.details.insert("proven".to_owned(), json!(locked.proven));
                outcome.findings.push(Box::new(refusal(locked, environment)));
            }
        },
    }
    outcome
}

fn refusal(locked: Locked, environment: &str) -> Refusal {
    let circle: Vec<String> = locked.circle.iter().map(|name| format!("`{name}`")).collect();
    let kind = if locked.proven { "no order exists" } else { "no order was found in 200,000 states" };
    let (what, mut help) = match circle.as_slice() {
        [alone] => (
            format!("the old and the new version of {alone} do not work beside each other"),
            format!(
                "add a release that works beside both, or let {alone} have a rollout in which they never meet: `rollout: recreate` or `atomic`"
            ),
        ),
        _ => (
            format!("{} wait for each other", circle.join(" and ")),
            format!(
                "add a release that works with both sides, or `order: [{{together: [{}], reason: …}}]` to compatibility.yaml and take the gap",
                locked.together.join(", ")
            ),
        ),
    };
    for cause in &locked.relax {
        help += &format!("; or relax: {}", cause_text(cause));
    }
    Refusal {
        message: format!("{kind} for {environment} in which every state works: {what}"),
        help: Some(help),
        rule: "compat/plan-locked",
        causes: locked.causes,
    }
}

fn contradiction(conflict: &Conflict, environment: &str) -> Outcome {
    let mut outcome = Outcome { summary_is_result: true, ..Outcome::default() };
    outcome.details.insert("environment".to_owned(), json!(environment));
    outcome.details.insert("steps".to_owned(), Value::Null);
    outcome.details.insert("conflict".to_owned(), conflict.causes.iter().map(cause_json).collect());
    outcome.details.insert("relax".to_owned(), conflict.relax.iter().map(cause_json).collect());
    let wanted = conflict.wanted.join(" and ");
    let relax: Vec<String> = conflict.relax.iter().map(cause_text).collect();
    let help = if relax.is_empty() {
        "no single rule is to blame: more than one must give way".to_owned()
    } else {
        format!("there is a choice without any one of: {}", relax.join("; "))
    };
    outcome.findings.push(Box::new(Refusal {
        message: if wanted.is_empty() {
            format!("no choice of versions in {environment} keeps every rule")
        } else {
            format!("no choice of versions in {environment} goes with {wanted}")
        },
        help: Some(help),
        rule: "compat/unsolvable",
        causes: conflict.causes.clone(),
    }));
    outcome
}

fn lines(plan: &Plan, environment: &str) -> String {
    if plan.steps.is_empty() {
        return format!("{}  {environment} is there already\n", styled(GOOD, "plan"));
    }
    let mut text = format!(
        "{}  {environment}: {}, every state between works\n\n",
        styled(GOOD, "plan"),
        count(plan.steps.len(), "step")
    );
    for (number, step) in plan.steps.iter().enumerate() {
        let moves: Vec<String> = step.moves.iter().map(moved).collect();
        text += &format!("{:3}. {}\n", number + 1, styled(STRONG, moves.join(", ")));
        for cause in &step.reasons {
            text += &format!("     {}\n", styled(DIM, format!("because {}", cause_text(cause))));
        }
        for cause in &step.gap {
            text += &format!("     {} {}\n", styled(ODD, "broken meanwhile:"), cause_text(cause));
        }
    }
    for cause in &plan.broken_before {
        text += &format!("\n{} {}\n", styled(ODD, "broken already:"), cause_text(cause));
    }
    text
}

fn moved(change: &platform_compat::Move) -> String {
    format!("{} {} → {}", change.name, change.from.join("+"), change.to.join("+"))
}

/// The steps for JSON.
pub(super) fn steps_json(plan: &Plan) -> Value {
    let step = |step: &Step| {
        let moves = step.moves.iter().map(|change| {
            let kind = if matches!(change.what, What::Schema(_)) { "schema" } else { "version" };
            json!({"name": change.name, "kind": kind, "from": change.from, "to": change.to})
        });
        json!({
            "wave": step.wave,
            "moves": moves.collect::<Vec<_>>(),
            "reasons": step.reasons.iter().map(cause_json).collect::<Vec<_>>(),
            "gap": step.gap.iter().map(cause_json).collect::<Vec<_>>(),
        })
    };
    plan.steps.iter().map(step).collect()
}
