//! Rules for rendered objects that the API server would take and that are insecure, unreliable, or lead nowhere.
//!
//! [`rules`] lists them together with the checks of [`crate::inspect`], which [`lint`] runs as well. An annotation
//! `infra/allow.latest-tag: reason` on an object, or a [`Waiver`], keeps a rule silent for that object; the annotations of
//! kube-linter, kube-score, Polaris and Checkov do the same for the rules that they name.

mod access;
mod budget;
mod context;
mod exposure;
mod images;
mod inspected;
mod jobs;
mod lookup;
mod privilege;
mod probes;
mod references;
mod scaling;
mod secrets;
mod selectors;
mod waiver;

#[cfg(test)]
mod tests;

pub use waiver::Waiver;

use miette::Severity;

use crate::inspect::{self, Facts, Sources};
use crate::rule::{Rule, RuleFinding};
use context::Lint;

const fn rule(
    code: &'static str,
    severity: Severity,
    summary: &'static str,
    help: &'static str,
    peers: &'static [&'static str],
) -> Rule {
    Rule { code, severity: Some(severity), summary, help, peers }
}

/// A rule that is off until the configuration gives it a level.
const fn optional(
    code: &'static str,
    summary: &'static str,
    help: &'static str,
    peers: &'static [&'static str],
) -> Rule {
    Rule { code, severity: None, summary, help, peers }
}

const GROUPS: [&[Rule]; 13] = [
    inspected::RULES,
    privilege::RULES,
    secrets::RULES,
    images::RULES,
    probes::RULES,
    scaling::RULES,
    budget::RULES,
    jobs::RULES,
    selectors::RULES,
    references::RULES,
    exposure::RULES,
    access::RULES,
    waiver::RULES,
];

/// Every rule, by subject.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    GROUPS.iter().copied().flatten()
}

/// What was found.
#[derive(Debug, Default)]
pub struct Report {
    /// By the checks of [`crate::inspect`].
    pub inspected: Vec<inspect::Finding>,
    /// By the rules of this module.
    pub found: Vec<RuleFinding>,
}

/// Applies every rule that is on by default, and those that `wanted` asks for, to a render.
pub fn lint(
    facts: &Facts<'_>,
    sources: Sources<'_>,
    wanted: &dyn Fn(&Rule) -> bool,
    waivers: &[Waiver],
) -> Report {
    let mut lint = Lint::new(facts, sources, wanted);
    privilege::check(&mut lint);
    secrets::check(&mut lint);
    images::check(&mut lint);
    probes::check(&mut lint);
    scaling::check(&mut lint);
    budget::check(&mut lint);
    jobs::check(&mut lint);
    selectors::check(&mut lint);
    references::check(&mut lint);
    exposure::check(&mut lint);
    access::check(&mut lint);
    let report = Report { inspected: inspect::check(facts, sources), found: lint.findings };
    waiver::apply(report, facts, sources, waivers)
}
