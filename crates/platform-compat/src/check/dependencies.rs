//! Each dependency: is the provider there, in a version that fits, and may it be used?

use std::{cell::OnceCell, cmp::Reverse, collections::HashMap};

use super::{Checker, Subject, provided};
use crate::{
    compatibility::ApiEnd,
    decode::list,
    finding::Finding,
    model::{Api, Component, ComponentId, Dependency, DependencyKind, EnvironmentSet, Lifecycle, Visibility},
    place::{Place, Spanned, Text},
    platform::Platform,
    range::Range,
    version::Version,
};

/// Ends of API versions, by API and version.
type Ends<'p> = HashMap<(&'p str, &'p str), &'p ApiEnd>;

/// Known releases of components: sorted out when the first range is met that does not fit.
struct Releases<'p> {
    platform: &'p Platform,
    of: OnceCell<HashMap<ComponentId, Vec<&'p Version>>>,
}

impl<'p> Releases<'p> {
    fn of(&self, component: ComponentId) -> &[&'p Version] {
        let sort = || {
            let mut all: HashMap<ComponentId, Vec<&Version>> = HashMap::new();
            for release in self.platform.compatibility().releases.iter().filter(|r| r.withdrawn.is_none()) {
                all.entry(release.component).or_default().push(&release.version.value);
            }
            all
        };
        self.of.get_or_init(sort).get(&component).map_or(&[], Vec::as_slice)
    }
}

impl Checker<'_> {
    pub(super) fn dependencies(&mut self) {
        let platform = self.platform;
        let compatibility = platform.compatibility();
        let releases = Releases { platform, of: OnceCell::new() };
        let ends: Ends<'_> =
            compatibility.apis.iter().map(|end| ((&*end.name.value, &*end.version.value), end)).collect();
        for (consumer, provider, dependency) in platform.dependencies() {
            let edge = Edge {
                consumer: &platform[consumer],
                provider: &platform[provider],
                dependency,
                releases: &releases,
                provider_id: provider,
                environments: dependency.environments.and(self.scope),
            };
            self.deployed(&edge);
            self.lifecycle(&edge);
            self.visible(&edge);
            if dependency.kind != DependencyKind::Scrape {
                let own = self.own_needs.get(&consumer).copied().unwrap_or_default();
                let edge = Edge { environments: edge.environments.without(own), ..edge };
                self.version(&edge);
                if let Some(api) = &dependency.api {
                    self.apis(provider, &edge, api, &ends);
                }
            }
        }
    }

    fn deployed(&mut self, edge: &Edge<'_>) {
        if edge.dependency.optional || edge.dependency.kind == DependencyKind::Build {
            return;
        }
        let platform = self.platform;
        let missing = edge.environments.without(edge.provider.environments);
        let second = self.findings.second(edge.dependency.place, edge.provider.name.place, "declared here");
        self.report(
            "compat/not-deployed",
            edge.subject(),
            missing,
            edge.dependency.place,
            |src, span, environments| {
                let deployed = if edge.provider.environments.is_empty() {
                    "it is nowhere now".to_owned()
                } else {
                    format!("it is in {} now", platform.names(edge.provider.environments))
                };
                let environments = platform.names(environments);
                Finding::NotDeployed {
                    src,
                    span,
                    first: second.label(),
                    related: second.remark(),
                    consumer: edge.consumer(),
                    provider: edge.provider(),
                    environments,
                    deployed,
                }
            },
        );
    }

    fn lifecycle(&mut self, edge: &Edge<'_>) {
        let lifecycle = &edge.provider.lifecycle;
        if matches!(lifecycle.value, Lifecycle::Experimental | Lifecycle::Production) {
            return;
        }
        let place = edge.dependency.place;
        let note = match lifecycle.value {
            Lifecycle::Retired => "retired here",
            _ => "deprecated here",
        };
        let second = self.findings.second(place, lifecycle.place, note);
        let (consumer, provider) = (edge.consumer(), edge.provider());
        match lifecycle.value {
            Lifecycle::Experimental | Lifecycle::Production => {}
            Lifecycle::Deprecated => {
                self.report(
                    "compat/deprecated-component",
                    edge.subject(),
                    edge.environments,
                    place,
                    |src, span, _| Finding::DeprecatedComponent {
                        src,
                        span,
                        first: second.label(),
                        related: second.remark(),
                        consumer: consumer.clone(),
                        provider: provider.clone(),
                    },
                );
            }
            Lifecycle::Retired => {
                self.report(
                    "compat/retired-component",
                    edge.subject(),
                    edge.environments,
                    place,
                    |src, span, _| Finding::RetiredComponent {
                        src,
                        span,
                        first: second.label(),
                        related: second.remark(),
                        consumer: consumer.clone(),
                        provider: provider.clone(),
                    },
                );
            }
        }
    }

    fn visible(&mut self, edge: &Edge<'_>) {
        if !edge.dependency.uses_network() || edge.consumer.name == edge.provider.name {
            return;
        }
        for index in &edge.dependency.endpoints {
            let endpoint = &edge.provider.provides[*index as usize];
            let visible = match &endpoint.visibility.value {
                Visibility::Private => false,
                Visibility::Platform | Visibility::Public => true,
                Visibility::Only(users) => users.contains(&edge.consumer.name),
            };
            if !visible {
                let name = endpoint.name.value.to_string();
                let place = edge.dependency.place;
                let second = self.findings.second(place, endpoint.visibility.place, "visible to these only");
                self.report(
                    "compat/not-visible",
                    edge.subject(),
                    edge.environments,
                    place,
                    |src, span, _| {
                        let (consumer, provider) = (edge.consumer(), edge.provider());
                        let (first, related) = (second.label(), second.remark());
                        let endpoint = name.clone();
                        Finding::NotVisible { src, span, first, related, consumer, provider, endpoint }
                    },
                );
            }
        }
    }

    fn version(&mut self, edge: &Edge<'_>) {
        let Some(range) = &edge.dependency.version else { return };
        let platform = self.platform;
        let mut fits = false;
        for (environments, versions) in &edge.provider.versions {
            for version in versions {
                if range.value.contains(&version.value) {
                    fits = true;
                    continue;
                }
                let here = edge.environments.and(*environments).and(edge.provider.environments);
                let second = self.findings.second(range.place, version.place, "declared here");
                self.report(
                    "compat/version-unsatisfied",
                    edge.subject(),
                    here,
                    range.place,
                    |src, span, environments| Finding::VersionUnsatisfied {
                        src,
                        span,
                        first: second.label(),
                        related: second.remark(),
                        consumer: edge.consumer(),
                        provider: edge.provider(),
                        range: range.value.to_string(),
                        environments: platform.names(environments),
                        has: has(environments),
                        version: version.value.to_string(),
                        help: edge.nearest(range, &version.value),
                    },
                );
            }
        }
        let unreachable = |releases: &[&Version]| {
            !releases.is_empty() && !releases.iter().any(|release| range.value.contains(release))
        };
        if !fits && unreachable(edge.releases.of(edge.provider_id)) {
            self.report(
                "compat/range-unreachable",
                edge.subject(),
                edge.environments,
                range.place,
                |src, span, _| Finding::RangeUnreachable {
                    src,
                    span,
                    provider: edge.provider(),
                    range: range.value.to_string(),
                },
            );
        }
    }

    /// What each live version of the provider serves: by its own word, or as declared.
    fn apis(&mut self, provider: ComponentId, edge: &Edge<'_>, accepted: &Api, ends: &Ends<'_>) {
        let here = edge.environments.and(edge.provider.environments);
        let (mut own, mut declared) = (EnvironmentSet::default(), EnvironmentSet::default());
        for (environments, versions) in &edge.provider.versions {
            let here = here.and(*environments);
            for version in versions.iter().filter(|_| !here.is_empty()) {
                let Some((release, served)) =
                    self.provided.get(provider, &version.value, &accepted.name.value)
                else {
                    declared = declared.or(here);
                    continue;
                };
                own = own.or(here);
                if provided::suffice(&served, accepted) {
                    self.api(edge, accepted, ends, &served, here);
                } else {
                    let at = served.first().map_or(release.version.place, |api| api.place);
                    self.no_api(edge, accepted, &served, at, here);
                }
            }
        }
        let left = here.without(own).or(declared);
        if !left.is_empty() {
            let served: Vec<&Api> = edge.provider.serves(&accepted.name.value).collect();
            self.api(edge, accepted, ends, &served, left);
        }
    }

    fn no_api(&mut self, edge: &Edge<'_>, accepted: &Api, served: &[&Api], at: Place, here: EnvironmentSet) {
        let second = self.findings.second(accepted.place, at, "served are these");
        let versions: Vec<&Text> = served.iter().flat_map(|api| &api.versions).collect();
        self.report("compat/api-unsatisfied", edge.subject(), here, accepted.place, |src, span, _| {
            Finding::ApiUnsatisfied {
                src,
                span,
                first: second.label(),
                related: second.remark(),
                consumer: edge.consumer(),
                provider: edge.provider(),
                api: accepted.name.value.to_string(),
                accepted: texts(&accepted.versions.iter().collect::<Vec<_>>()),
                served: if versions.is_empty() { "none".to_owned() } else { texts(&versions) },
            }
        });
    }

    fn api(
        &mut self,
        edge: &Edge<'_>,
        accepted: &Api,
        ends: &Ends<'_>,
        served: &[&Api],
        here: EnvironmentSet,
    ) {
        let versions: Vec<&Text> = served.iter().flat_map(|api| &api.versions).collect();
        let usable: Vec<&str> = versions
            .iter()
            .filter(|version| accepted.versions.is_empty() || accepted.versions.contains(version))
            .map(|version| &*version.value)
            .collect();
        if usable.is_empty() {
            // An API without versions has nothing to disagree about.
            let Some(first) =
                served.first().filter(|_| !versions.is_empty() && !accepted.versions.is_empty())
            else {
                return;
            };
            self.no_api(edge, accepted, served, first.place, here);
            return;
        }
        let today = self.options.today;
        // The version that lasts longest is what the two will speak.
        let states = usable.iter().map(|version| {
            let end = ends.get(&(&*accepted.name.value, *version)).copied();
            let state = end.map_or(State::Current, |end| State::on(end, today));
            (Reverse(state), *version, end)
        });
        let Some((Reverse(state), version, Some(end))) =
            states.max_by_key(|(state, version, _)| (*state, *version))
        else {
            return;
        };
        let help = match &end.replaced_by {
            Some(replacement) => format!("move to {}", replacement.value),
            None => "move to a version that stays".to_owned(),
        };
        let related = self.findings.note(end.version.place, "its end is declared here");
        let (api, version) = (accepted.name.value.to_string(), version.to_owned());
        let consumer = edge.consumer();
        match (state, &end.deprecated, &end.removed_after) {
            (State::Deprecated, Some(since), _) => {
                self.report("compat/api-deprecated", edge.subject(), here, accepted.place, |src, span, _| {
                    let (consumer, api, version) = (consumer.clone(), api.clone(), version.clone());
                    let (help, related) = (help.clone(), related.clone());
                    Finding::ApiDeprecated {
                        src,
                        span,
                        consumer,
                        api,
                        version,
                        since: since.value,
                        help,
                        related,
                    }
                });
            }
            (State::Removed, _, Some(since)) => {
                self.report("compat/api-removed", edge.subject(), here, accepted.place, |src, span, _| {
                    let (consumer, api, version) = (consumer.clone(), api.clone(), version.clone());
                    let (help, related) = (help.clone(), related.clone());
                    Finding::ApiRemoved {
                        src,
                        span,
                        consumer,
                        api,
                        version,
                        since: since.value,
                        help,
                        related,
                    }
                });
            }
            _ => {}
        }
    }
}

/// How far a version of an API has come.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Current,
    Deprecated,
    Removed,
}

impl State {
    fn on(end: &ApiEnd, today: crate::date::Date) -> Self {
        if end.removed_after.as_ref().is_some_and(|last| last.value < today) {
            Self::Removed
        } else if end.deprecated.as_ref().is_some_and(|first| first.value <= today) {
            Self::Deprecated
        } else {
            Self::Current
        }
    }
}

#[derive(Clone, Copy)]
struct Edge<'p> {
    consumer: &'p Component,
    provider: &'p Component,
    dependency: &'p Dependency,
    provider_id: ComponentId,
    releases: &'p Releases<'p>,
    environments: EnvironmentSet,
}

impl<'p> Edge<'p> {
    fn subject(&self) -> Subject<'p> {
        Subject::edge(&self.consumer.name.value, &self.provider.name.value)
    }

    fn consumer(&self) -> String {
        self.consumer.name.value.to_string()
    }

    fn provider(&self) -> String {
        self.provider.name.value.to_string()
    }

    /// The release that fits and moves least: the next newer one, or else the last older one.
    fn nearest(&self, range: &Spanned<std::sync::Arc<Range>>, version: &Version) -> String {
        let fitting =
            || self.releases.of(self.provider_id).iter().filter(|release| range.value.contains(release));
        let newer =
            fitting().filter(|release| release.key() > version.key()).min_by_key(|release| release.key());
        match newer.or_else(|| fitting().max_by_key(|release| release.key())) {
            Some(release) => {
                format!(
                    "move `{}` to {release}, or accept {version} in `{}`",
                    self.provider(),
                    self.consumer()
                )
            }
            None => format!(
                "move `{}` into the range, or accept {version} in `{}`",
                self.provider(),
                self.consumer()
            ),
        }
    }
}

/// The verb for some environments.
pub(super) fn has(environments: EnvironmentSet) -> String {
    if environments.iter().nth(1).is_some() { "have" } else { "has" }.to_owned()
}

fn texts(texts: &[&Text]) -> String {
    list(&texts.iter().map(|text| &*text.value).collect::<Vec<_>>())
}
