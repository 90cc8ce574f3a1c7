//! Rules to forbidden combinations.

use std::collections::{BTreeMap, HashMap};

use super::{Need, Nogood, Reason, Set, Space, What};
use crate::{
    compatibility::{Condition, Part, Release, Rule, SchemaPhase, Side},
    model::{Api, ComponentId, DependencyKind, has_passed},
    range::Range,
    version::{Key, Version},
};

/// Members of a nogood, and whether they can all be met.
type Members = Vec<(usize, Set)>;

/// Releases that say more than their version, by component and version.
type Releases<'p> = HashMap<ComponentId, BTreeMap<&'p Key, &'p Release>>;

impl<'p> Space<'p> {
    pub(super) fn compile(&mut self) {
        let platform = self.platform;
        let mut releases: Releases<'p> = HashMap::new();
        for release in &platform.compatibility().releases {
            if release.depends_on.is_some() || release.provides.is_some() {
                releases.entry(release.component).or_default().insert(release.version.value.key(), release);
            }
        }
        self.dependencies(&releases);
        self.releases(&releases);
        self.constraints(&releases);
        for pin in &platform.compatibility().pins {
            if pin.environments.contains(self.environment)
                && !has_passed(pin.expires.as_ref(), self.today)
                && let Some(subject) = self.subject(What::Part(Part::Component(pin.component)))
            {
                let moved = self.those(subject, |version| *version != pin.version.value);
                self.forbid(vec![(subject, moved)], 0, Reason::Pin(pin));
            }
        }
        for step in &platform.compatibility().schema {
            let Some(schema) = self.subject(What::Schema(step.database)) else { continue };
            if step.phase != SchemaPhase::Contract {
                continue;
            }
            let reached = self.those(schema, |level| level.key() >= step.version.value.key());
            for need in &step.needs {
                let (Some(range), true) = (&need.version, need.environments.contains(self.environment))
                else {
                    continue;
                };
                let Some(subject) = self.subject(What::Part(need.part)) else { continue };
                let outside = self.outside(subject, &range.value);
                self.forbid(
                    vec![(schema, reached.clone()), (subject, outside)],
                    1,
                    Reason::Contract(step, need),
                );
            }
        }
        self.touching = vec![Vec::new(); self.subjects.len()];
        for (index, nogood) in self.nogoods.iter().enumerate() {
            for (subject, _) in &nogood.members {
                let touching = &mut self.touching[*subject];
                if touching.last() != Some(&index) {
                    touching.push(index);
                }
            }
        }
    }

    /// Whether a rule about some subjects counts.
    fn concerns(&self, mut subjects: impl Iterator<Item = usize>) -> bool {
        self.around.as_ref().is_none_or(|around| subjects.any(|subject| around.contains(&subject)))
    }

    fn dependencies(&mut self, releases: &Releases<'p>) {
        let platform = self.platform;
        // The dependencies of one consumer follow each other, and have one case.
        let mut last: Option<(usize, Set)> = None;
        for (consumer, provider, dependency) in platform.dependencies() {
            let relevant = dependency.kind != DependencyKind::Scrape
                && dependency.environments.contains(self.environment);
            let user = self.subject(What::Part(Part::Component(consumer)));
            let (true, Some(user)) = (relevant, user) else { continue };
            let used = self.subject(What::Part(Part::Component(provider)));
            let schema = self.subject(What::Schema(provider));
            if !self.concerns([Some(user), used, schema].into_iter().flatten()) {
                continue;
            }
            let case = match last.take() {
                Some((of, case)) if of == user => case,
                _ => {
                    let own = releases.get(&consumer);
                    self.those(user, |version| {
                        let release = own.and_then(|own| own.get(version.key()));
                        release.is_none_or(|release| release.depends_on.is_none())
                    })
                }
            };
            let bad = |need| Reason::Dependency(consumer, provider, dependency, need);
            if let (Some(used), Some(range)) = (used, &dependency.version) {
                let outside = self.outside(used, &range.value);
                self.forbid(vec![(user, case.clone()), (used, outside)], 1, bad(Need::Version));
            }
            if let (Some(used), Some(api)) = (used, &dependency.api) {
                let without = self.without(used, provider, api, releases);
                self.forbid(vec![(user, case.clone()), (used, without)], 1, bad(Need::Api));
            }
            if let (Some(schema), Some(range)) = (schema, &dependency.schema) {
                let outside = self.outside(schema, &range.value);
                self.forbid(vec![(user, case.clone()), (schema, outside)], 1, bad(Need::Schema));
            }
            last = Some((user, case));
        }
    }

    /// What releases need instead of what platform.yaml says.
    fn releases(&mut self, releases: &Releases<'p>) {
        for release in &self.platform.compatibility().releases {
            let Some(needs) = release.depends_on.as_ref().filter(|needs| !needs.is_empty()) else { continue };
            let Some(user) = self.subject(What::Part(Part::Component(release.component))) else { continue };
            let case = self.those(user, |version| *version == release.version.value);
            for condition in needs {
                for (need, member) in self.unmet(condition, releases) {
                    self.forbid(
                        vec![(user, case.clone()), member],
                        1,
                        Reason::Release(release, condition, need),
                    );
                }
            }
        }
    }

    fn constraints(&mut self, releases: &Releases<'p>) {
        let platform = self.platform;
        for constraint in &platform.compatibility().constraints {
            // What is only a remark must not stand in the way.
            if constraint.severity != miette::Severity::Error
                || !constraint.environments.contains(self.environment)
                || has_passed(constraint.expires.as_ref(), self.today)
            {
                continue;
            }
            let reason = Reason::Constraint(constraint);
            match &constraint.rule {
                Rule::Implication { when, require, forbid } => {
                    let Some(case) = self.all(when, releases) else { continue };
                    for condition in require {
                        if condition.present == Some(true)
                            && !platform.environments_of(condition.part).contains(self.environment)
                        {
                            self.forbid(case.clone(), case.len(), reason);
                        }
                        for (_, member) in self.unmet(condition, releases) {
                            let mut members = case.clone();
                            members.push(member);
                            self.forbid(members, case.len(), reason);
                        }
                    }
                    for condition in forbid {
                        let Some(more) = self.all(std::slice::from_ref(condition), releases) else {
                            continue;
                        };
                        let mut members = case.clone();
                        members.extend(more);
                        self.forbid(members, case.len(), reason);
                    }
                }
                Rule::Skew {
                    leader: Side::Declared(leader),
                    follower: Side::Declared(follower),
                    older,
                    newer,
                    unit,
                } => self.skew([*leader, *follower], [*older, *newer], *unit, reason),
                Rule::Skew { .. } => {}
            }
        }
        for known in &platform.compatibility().known_bad {
            if known.environments.contains(self.environment)
                && let Some(members) = self.all(&known.all, releases)
            {
                self.forbid(members, 0, Reason::KnownBad(known));
            }
        }
    }

    fn skew(&mut self, sides: [Part; 2], allowed: [u64; 2], unit: usize, reason: Reason<'p>) {
        let [Some(leader), Some(follower)] = sides.map(|part| self.subject(What::Part(part))) else { return };
        for candidate in 0..self.subjects[leader].candidates.len() {
            let first = self.subjects[leader].candidates[candidate].version.clone();
            let alone = self.those(leader, |version| *version == first);
            let apart = self.those(follower, |second| !within_skew(&first, second, allowed, unit));
            self.forbid(vec![(leader, alone), (follower, apart)], 1, reason);
        }
    }

    /// Members that are live when all conditions hold; nothing when they cannot.
    fn all(&self, conditions: &[Condition], releases: &Releases<'p>) -> Option<Members> {
        let mut members = Vec::new();
        for condition in conditions {
            if !condition.environments.contains(self.environment) {
                return None;
            }
            let present = self.platform.environments_of(condition.part).contains(self.environment);
            if condition.present == Some(false) {
                if present {
                    return None;
                }
                continue;
            }
            if !present {
                return None;
            }
            // What has no version is simply there.
            if let Some(subject) = self.subject(What::Part(condition.part)) {
                let lacking = match (&condition.api, condition.part) {
                    (Some(api), Part::Component(component)) => {
                        Some(self.without(subject, component, api, releases))
                    }
                    _ => None,
                };
                let count = self.subjects[subject].candidates.len();
                let candidates = &self.subjects[subject].candidates;
                let fits = Set::of(count, |at| {
                    condition
                        .version
                        .as_ref()
                        .is_none_or(|range| range.value.contains(&candidates[at].version))
                        && lacking.as_ref().is_none_or(|lacking| !lacking.contains(at))
                });
                members.push((subject, fits));
            }
            if let (Some(range), Part::Component(component)) = (&condition.schema, condition.part) {
                let schema = self.subject(What::Schema(component))?;
                members.push((schema, self.those(schema, |level| range.value.contains(level))));
            }
        }
        Some(members)
    }

    /// For each part of a condition the candidates that break it.
    fn unmet(&self, condition: &Condition, releases: &Releases<'p>) -> Vec<(Need, (usize, Set))> {
        let mut found = Vec::new();
        if !condition.environments.contains(self.environment) {
            return found;
        }
        if let Some(subject) = self.subject(What::Part(condition.part)) {
            if condition.present == Some(false) {
                return vec![(Need::Version, (subject, self.those(subject, |_| true)))];
            }
            if let Some(range) = &condition.version {
                let outside = self.outside(subject, &range.value);
                found.push((Need::Version, (subject, outside)));
            }
            if let (Some(api), Part::Component(component)) = (&condition.api, condition.part) {
                found.push((Need::Api, (subject, self.without(subject, component, api, releases))));
            }
        }
        if let (Some(range), Part::Component(component)) = (&condition.schema, condition.part)
            && let Some(schema) = self.subject(What::Schema(component))
        {
            found.push((Need::Schema, (schema, self.outside(schema, &range.value))));
        }
        found
    }

    /// Candidates that serve no accepted version of an API.
    fn without(&self, subject: usize, component: ComponentId, api: &Api, releases: &Releases<'p>) -> Set {
        let released = releases.get(&component);
        self.those(subject, |version| {
            let release = released.and_then(|released| released.get(version.key()));
            let own = release.and_then(|release| release.provides.as_ref());
            let declared: Vec<&Api> = match own {
                Some(own) => own.iter().filter(|served| served.name == api.name).collect(),
                None => self.platform[component].serves(&api.name.value).collect(),
            };
            let gone = own.is_some() && declared.is_empty();
            gone || !api.accepts(&declared)
        })
    }

    /// Candidates that are not in a range: they are sorted, so that a range is a few runs of them.
    fn outside(&self, subject: usize, range: &Range) -> Set {
        let candidates = &self.subjects[subject].candidates;
        let runs = range.runs(candidates, |candidate| candidate.version.key());
        Set::of(candidates.len(), |at| {
            !(runs.iter().any(|run| run.contains(&at)) && range.admits(&candidates[at].version))
        })
    }

    fn those(&self, subject: usize, keep: impl Fn(&Version) -> bool) -> Set {
        let candidates = &self.subjects[subject].candidates;
        Set::of(candidates.len(), |at| keep(&candidates[at].version))
    }

    /// Adds a nogood. One that no candidate violates is kept where its case can be: it is a rule that holds, which answers
    /// tell.
    fn forbid(&mut self, members: Members, trigger: usize, reason: Reason<'p>) {
        if self.concerns(members.iter().map(|(subject, _)| *subject))
            && !members.is_empty()
            && !members[..trigger].iter().any(|(_, set)| set.is_empty())
        {
            self.nogoods.push(Nogood { members, trigger, reason });
        }
    }
}

/// Whether two versions are no further apart than a rule allows.
pub(crate) fn within_skew(leader: &Version, follower: &Version, allowed: [u64; 2], unit: usize) -> bool {
    let number = |version: &Version, position| version.number(position).unwrap_or(0);
    if (0..unit).any(|at| number(leader, at) != number(follower, at)) {
        return false;
    }
    let (lead, follow) = (number(leader, unit), number(follower, unit));
    if follow < lead { lead - follow <= allowed[0] } else { follow - lead <= allowed[1] }
}
