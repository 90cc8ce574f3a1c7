//! Checks of a whole platform. Every check runs and every finding is reported, sorted by file, place and rule.
//!
//! What reading has refused is not there to be checked: an unknown component is one finding, not one for every
//! rule that looks at its edge.

mod components;
mod cycles;
mod dependencies;
mod environments;
mod exclusions;
mod manifests;
mod provided;
mod releases;
mod rules;
mod schemas;
mod support;

use std::collections::HashMap;

use miette::SourceSpan;

use crate::{
    date::Date,
    facts::Facts,
    finding::Finding,
    findings::Findings,
    model::{ComponentId, EnvironmentId, EnvironmentSet},
    place::{Place, Source, Text},
    platform::Platform,
    version::Version,
};
use exclusions::Exclusions;

/// How a platform is checked.
#[derive(Debug, Clone)]
pub struct Options {
    /// The day for which dates are judged.
    pub today: Date,
    /// Days before an end of support from which on it is reported.
    pub eol_window: u32,
    /// The one environment to check; all when absent.
    pub environment: Option<EnvironmentId>,
    /// What live probes have seen, for rules about `probe:NAME`.
    pub probed: Vec<Probed>,
}

/// A version that a live probe has seen.
#[derive(Debug, Clone)]
pub struct Probed {
    /// Where.
    pub environment: EnvironmentId,
    /// What rules call it after `probe:`: `kubelet`, `kubernetes`, or the name of a component.
    pub name: String,
    /// The version.
    pub version: Version,
}

impl Options {
    /// All environments, with ends of support reported 90 days ahead.
    pub fn new(today: Date) -> Self {
        Self { today, eol_window: 90, environment: None, probed: Vec::new() }
    }
}

/// What the checks have found.
#[derive(Debug)]
pub struct Report {
    /// Everything that is wrong.
    pub findings: Vec<Finding>,
    /// Findings that an exclusion accepts.
    pub suppressed: Vec<Suppressed>,
    /// Constraints that need a fact which only a live probe knows.
    pub unprobed: Vec<Text>,
}

/// A finding that an exclusion accepts.
#[derive(Debug)]
pub struct Suppressed {
    /// The exclusion.
    pub exclusion: Text,
    /// The finding.
    pub finding: Finding,
}

/// Rules of [`check`], which are those that an exclusion may name.
pub const RULES: &[&str] = &[
    "compat/api-deprecated",
    "compat/api-removed",
    "compat/api-unsatisfied",
    "compat/constraint",
    "compat/cycle",
    "compat/deprecated-component",
    "compat/egress-without-reason",
    "compat/egress-without-target",
    "compat/eol",
    "compat/eol-soon",
    "compat/fqdn-not-enforceable",
    "compat/image-mismatch",
    "compat/known-bad",
    "compat/no-owner",
    "compat/no-workload",
    "compat/not-deployed",
    "compat/not-visible",
    "compat/orphan",
    "compat/overlay-missing",
    "compat/pin-violated",
    "compat/promotion-order",
    "compat/range-unreachable",
    "compat/release-unsatisfied",
    "compat/retired-component",
    "compat/schema-contract-too-early",
    "compat/schema-unknown",
    "compat/schema-unsatisfied",
    "compat/skew",
    "compat/startup-cycle",
    "compat/unknown-overlay",
    "compat/version-unsatisfied",
    "compat/workload-overlap",
];

/// Rules that nothing can be said about without [`Facts`].
const RULES_OF_FACTS: &[&str] = &[
    "compat/image-mismatch",
    "compat/no-workload",
    "compat/overlay-missing",
    "compat/schema-contract-too-early",
    "compat/schema-unknown",
    "compat/schema-unsatisfied",
    "compat/unknown-overlay",
    "compat/workload-overlap",
];

/// Checks everything that is declared, and compares it with the facts when there are any.
pub fn check(platform: &Platform, facts: Option<&Facts>, options: &Options) -> Report {
    let everywhere = EnvironmentSet::first(platform.environments().len());
    let scope = options.environment.map_or(everywhere, EnvironmentId::only);
    let mut checker = Checker {
        platform,
        facts,
        levels: schemas::levels(platform, facts),
        options,
        scope,
        own_needs: releases::own_needs(platform),
        provided: provided::Provided::new(platform),
        findings: Findings::new(platform.sources.clone()),
        exclusions: Exclusions::new(platform, options.today),
        suppressed: Vec::new(),
        unprobed: Vec::new(),
    };
    checker.components();
    checker.dependencies();
    checker.releases();
    checker.cycles();
    checker.environments();
    checker.rules();
    checker.support();
    checker.schemas();
    checker.manifests();
    checker.unused_exclusions(scope == everywhere);
    let Checker { findings, mut suppressed, unprobed, .. } = checker;
    suppressed.sort_by_cached_key(|suppressed| (suppressed.exclusion.place, suppressed.finding.to_string()));
    Report { findings: findings.into_sorted(), suppressed, unprobed }
}

/// What a finding is about, for exclusions to match.
#[derive(Debug, Clone, Copy, Default)]
struct Subject<'n> {
    component: Option<&'n str>,
    dependency: Option<&'n str>,
    constraint: Option<&'n str>,
}

impl<'n> Subject<'n> {
    fn component(name: &'n str) -> Self {
        Self { component: Some(name), ..Self::default() }
    }

    fn edge(consumer: &'n str, provider: &'n str) -> Self {
        Self { component: Some(consumer), dependency: Some(provider), constraint: None }
    }
}

struct Checker<'p> {
    platform: &'p Platform,
    facts: Option<&'p Facts>,
    /// Schemas of environments, from the facts.
    levels: Vec<schemas::Level<'p>>,
    options: &'p Options,
    /// Environments that are checked.
    scope: EnvironmentSet,
    /// Where every live version of a component says by itself what it needs.
    own_needs: HashMap<ComponentId, EnvironmentSet>,
    /// APIs of releases that serve others than their component.
    provided: provided::Provided<'p>,
    findings: Findings,
    exclusions: Exclusions<'p>,
    suppressed: Vec<Suppressed>,
    unprobed: Vec<Text>,
}

impl Checker<'_> {
    /// Reports a finding about some environments at a place, without those for which an exclusion accepts it.
    fn report(
        &mut self,
        rule: &'static str,
        subject: Subject<'_>,
        environments: EnvironmentSet,
        place: Place,
        make: impl Fn(Source, SourceSpan, EnvironmentSet) -> Finding,
    ) {
        let Some(source) = self.findings.sources.get(place.file as usize).cloned() else { return };
        self.report_at(rule, subject, environments, (source, place.span()), make);
    }

    /// The same for a place in any file.
    fn report_at(
        &mut self,
        rule: &'static str,
        subject: Subject<'_>,
        environments: EnvironmentSet,
        (source, span): (Source, SourceSpan),
        make: impl Fn(Source, SourceSpan, EnvironmentSet) -> Finding,
    ) {
        debug_assert!(RULES.contains(&rule), "{rule} can be excluded");
        let mut left = environments;
        for (exclusion, accepted) in self.exclusions.matching(rule, subject, environments) {
            let accepted = accepted.and(left);
            if !accepted.is_empty() {
                left = left.without(accepted);
                let finding = make(source.clone(), span, accepted);
                self.suppressed.push(Suppressed { exclusion: exclusion.id.clone(), finding });
            }
        }
        if !left.is_empty() {
            let finding = make(source.clone(), span, left);
            debug_assert_eq!(finding.rule(), rule, "a rule is reported under its own name");
            self.findings.add(source.name().to_owned(), span.offset(), finding);
        }
    }
}

#[cfg(test)]
mod tests;
