//! Releases that say by themselves what they need.

use std::collections::HashMap;

use super::{Checker, Subject};
use crate::{
    compatibility::Release,
    finding::Finding,
    model::{ComponentId, EnvironmentSet},
    place::{Place, Spanned},
    platform::Platform,
    version::Version,
};

impl Checker<'_> {
    pub(super) fn releases(&mut self) {
        let platform = self.platform;
        for release in &platform.compatibility().releases {
            let Some((version, environments)) = live(platform, release) else { continue };
            for condition in release.depends_on.iter().flatten() {
                let mut unmet: Vec<(String, Option<Place>, EnvironmentSet)> = Vec::new();
                for environment in environments.and(self.scope).iter() {
                    let Some((problem, place)) = self.missing(condition, environment) else { continue };
                    match unmet.iter_mut().find(|(known, at, _)| *known == problem && *at == place) {
                        Some((.., environments)) => environments.insert(environment),
                        None => unmet.push((problem, place, environment.only())),
                    }
                }
                for (problem, place, environments) in unmet {
                    let name = &platform[release.component].name.value;
                    let subject = Subject::edge(name, platform.name_of(condition.part));
                    let mut related = self.findings.note(version.place, "this version is declared here");
                    if let Some(place) = place {
                        related.extend(self.findings.note(place, "and this one here"));
                    }
                    self.report(
                        "compat/release-unsatisfied",
                        subject,
                        environments,
                        condition.place,
                        |src, span, environments| Finding::ReleaseUnsatisfied {
                            src,
                            span,
                            component: name.to_string(),
                            version: version.value.to_string(),
                            environments: platform.names(environments),
                            problem: problem.clone(),
                            related: related.clone(),
                        },
                    );
                }
            }
        }
    }
}

/// Where a release is live.
fn live<'p>(platform: &'p Platform, release: &Release) -> Option<(&'p Spanned<Version>, EnvironmentSet)> {
    let component = &platform[release.component];
    let mut found: Option<(&Spanned<Version>, EnvironmentSet)> = None;
    for (environments, versions) in &component.versions {
        if let Some(version) = versions.iter().find(|version| version.value == release.version.value) {
            let here = environments.and(component.environments);
            found = Some(found.map_or((version, here), |(first, all)| (first, all.or(here))));
        }
    }
    found
}

/// Where every live version of a component is a release with needs of its own, so that those of platform.yaml do not
/// apply.
pub(super) fn own_needs(platform: &Platform) -> HashMap<ComponentId, EnvironmentSet> {
    let mut releases: HashMap<ComponentId, Vec<&Version>> = HashMap::new();
    for release in platform.compatibility().releases.iter().filter(|release| release.depends_on.is_some()) {
        releases.entry(release.component).or_default().push(&release.version.value);
    }
    releases
        .into_iter()
        .map(|(id, released)| {
            let all_own = platform[id]
                .versions
                .iter()
                .filter(|(_, versions)| versions.iter().all(|version| released.contains(&&version.value)));
            let environments = all_own.fold(EnvironmentSet::default(), |all, (here, _)| all.or(*here));
            (id, environments)
        })
        .collect()
}
