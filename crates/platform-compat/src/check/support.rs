//! Ends of support.

use std::collections::BTreeMap;

use super::{Checker, Subject};
use crate::{
    compatibility::{Part, Support},
    finding::Finding,
    model::EnvironmentSet,
    place::{Place, Spanned},
    version::Version,
};

impl Checker<'_> {
    pub(super) fn support(&mut self) {
        let platform = self.platform;
        let today = self.options.today;
        let mut by_part: BTreeMap<Part, Vec<&Support>> = BTreeMap::new();
        for support in &platform.compatibility().support {
            by_part.entry(support.part).or_default().push(support);
        }
        for (part, entries) in by_part {
            let mut live: BTreeMap<Place, (&Spanned<Version>, EnvironmentSet)> = BTreeMap::new();
            for environment in self.scope.and(platform.environments_of(part)).iter() {
                for version in platform.live(part, environment) {
                    live.entry(version.place)
                        .or_insert((version, EnvironmentSet::default()))
                        .1
                        .insert(environment);
                }
            }
            for (version, environments) in live.into_values() {
                for support in entries.iter().filter(|support| support.version.value.contains(&version.value))
                {
                    let days = today.days_until(support.end());
                    if days > i64::from(self.options.eol_window) {
                        continue;
                    }
                    let lasting: Vec<String> = entries
                        .iter()
                        .filter(|other| other.end() > support.end() && other.end() > today)
                        .map(|other| format!("`{}` until {}", other.version.value, other.end()))
                        .collect();
                    let help = if lasting.is_empty() {
                        "move to a version that is supported, and enter it under `support`".to_owned()
                    } else {
                        format!("supported are {}", lasting.join(", "))
                    };
                    self.end_of_support(part, version, environments, support, days, &help);
                }
            }
        }
    }

    fn end_of_support(
        &mut self,
        part: Part,
        version: &Spanned<Version>,
        environments: EnvironmentSet,
        support: &Support,
        days: i64,
        help: &str,
    ) {
        let platform = self.platform;
        let name = platform.name_of(part);
        let subject = Subject::component(name);
        let date = support.end();
        let (component, version, place) = (name.to_owned(), version.value.to_string(), version.place);
        let related = self.findings.note(support.version.place, "the end of support is declared here");
        if days > 0 {
            self.report("compat/eol-soon", subject, environments, place, |src, span, environments| {
                let (component, version, help) = (component.clone(), version.clone(), help.to_owned());
                let (environments, related) = (platform.names(environments), related.clone());
                Finding::EndOfLifeSoon {
                    src,
                    span,
                    component,
                    version,
                    environments,
                    days,
                    date,
                    help,
                    related,
                }
            });
            return;
        }
        let production = environments.and(self.production());
        self.report("compat/eol", subject, production, place, |src, span, environments| {
            let (component, version, help) = (component.clone(), version.clone(), help.to_owned());
            let (environments, related) = (platform.names(environments), related.clone());
            Finding::EndOfLifeInProduction {
                src,
                span,
                component,
                version,
                environments,
                date,
                help,
                related,
            }
        });
        self.report(
            "compat/eol",
            subject,
            environments.without(production),
            place,
            |src, span, environments| {
                let (component, version, help) = (component.clone(), version.clone(), help.to_owned());
                let (environments, related) = (platform.names(environments), related.clone());
                Finding::EndOfLife { src, span, component, version, environments, date, help, related }
            },
        );
    }
}
