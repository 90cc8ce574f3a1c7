//! Findings that are known and accepted, for a time.

use super::{Checker, RULES, RULES_OF_FACTS, Subject};
use crate::{
    compatibility::Exclusion,
    date::Date,
    finding::Finding,
    model::{EnvironmentSet, has_passed},
    place::Text,
    platform::Platform,
};

/// The exclusions that have not expired, and what they were good for.
pub(super) struct Exclusions<'p> {
    exclusions: Vec<(&'p Exclusion, Use)>,
    production: EnvironmentSet,
}

#[derive(Default)]
struct Use {
    matched: bool,
    in_production: bool,
}

impl<'p> Exclusions<'p> {
    pub(super) fn new(platform: &'p Platform, today: Date) -> Self {
        let exclusions = &platform.compatibility().exclusions;
        let valid = exclusions.iter().filter(|exclusion| !has_passed(exclusion.expires.as_ref(), today));
        Self {
            exclusions: valid.map(|exclusion| (exclusion, Use::default())).collect(),
            production: platform.environment_ids().filter(|id| platform[*id].production).collect(),
        }
    }

    /// The exclusions that accept a finding, each with the environments for which it does.
    pub(super) fn matching(
        &mut self,
        rule: &str,
        subject: Subject<'_>,
        environments: EnvironmentSet,
    ) -> Vec<(&'p Exclusion, EnvironmentSet)> {
        let production = self.production;
        let fits = |wanted: &Option<Text>, name: Option<&str>| {
            wanted.as_ref().is_none_or(|wanted| name == Some(&*wanted.value))
        };
        self.exclusions
            .iter_mut()
            .filter(|(exclusion, _)| {
                *exclusion.rule.value == *rule
                    && fits(&exclusion.component, subject.component)
                    && fits(&exclusion.dependency, subject.dependency)
                    && fits(&exclusion.constraint, subject.constraint)
            })
            .filter_map(|(exclusion, used)| {
                let accepted = match exclusion.environment {
                    Some(environment) => environments.and(environment.only()),
                    None => environments,
                };
                used.matched |= !accepted.is_empty();
                used.in_production |= !accepted.and(production).is_empty();
                (!accepted.is_empty()).then_some((*exclusion, accepted))
            })
            .collect()
    }
}

impl Checker<'_> {
    /// Exclusions that expired, matched nothing, or hide something about production for ever.
    pub(super) fn unused_exclusions(&mut self, all_environments: bool) {
        for exclusion in &self.platform.compatibility().exclusions {
            self.expired("exclusion", &exclusion.id, exclusion.expires.as_ref());
        }
        for (exclusion, used) in &self.exclusions.exclusions {
            let rule = &*exclusion.rule.value;
            let was_checked = all_environments
                && RULES.contains(&rule)
                && (self.facts.is_some() || !RULES_OF_FACTS.contains(&rule));
            let name = exclusion.id.value.to_string();
            if !used.matched && was_checked {
                self.findings.push(exclusion.id.place, |src, span| Finding::UnusedExclusion {
                    src,
                    span,
                    name,
                });
            } else if used.in_production && exclusion.expires.is_none() {
                self.findings.push(exclusion.id.place, |src, span| Finding::EndlessExclusion {
                    src,
                    span,
                    name,
                });
            }
        }
    }
}
