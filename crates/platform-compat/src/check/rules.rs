//! The rules of compatibility.yaml.

use miette::Severity;

use super::{Checker, Subject, provided};
use crate::{
    compatibility::{Condition, Part, Rule, Side, ViolatedRule, Violation},
    date::Date,
    finding::Finding,
    model::{EnvironmentId, EnvironmentSet, has_passed},
    place::{Place, Spanned, Text},
    space::within_skew,
    version::Version,
};

/// How a rule is broken, and where.
struct Breach<'p> {
    problem: String,
    /// Who breaks it.
    who: &'p str,
    /// The version that does, when it is one.
    place: Option<Place>,
    environments: EnvironmentSet,
    rule: Broken<'p>,
}

/// What of a broken rule is told.
#[derive(Clone, Copy)]
struct Broken<'p> {
    kind: ViolatedRule,
    id: &'p Text,
    severity: Severity,
    reason: &'p Text,
    reference: Option<&'p Text>,
}

impl<'p> Checker<'p> {
    pub(super) fn rules(&mut self) {
        let platform = self.platform;
        let compatibility = platform.compatibility();
        let mut breaches = Vec::new();
        for constraint in &compatibility.constraints {
            if self.expired("constraint", &constraint.id, constraint.expires.as_ref()) {
                continue;
            }
            let kind = match &constraint.rule {
                Rule::Implication { .. } => ViolatedRule::Constraint,
                Rule::Skew { .. } => ViolatedRule::Skew,
            };
            let rule = Broken {
                kind,
                id: &constraint.id,
                severity: constraint.severity,
                reason: &constraint.reason,
                reference: constraint.reference.as_ref(),
            };
            for environment in constraint.environments.and(self.scope).iter() {
                match &constraint.rule {
                    Rule::Implication { when, require, forbid } => {
                        self.implication(when, require, forbid, environment, rule, &mut breaches);
                    }
                    Rule::Skew { leader, follower, older, newer, unit } => {
                        match (self.side(leader, environment), self.side(follower, environment)) {
                            (Some(leader), Some(follower)) => {
                                let allowed = [*older, *newer];
                                skew([leader, follower], allowed, *unit, environment, rule, &mut breaches);
                            }
                            _ if self.unprobed.contains(&constraint.id) => {}
                            _ => self.unprobed.push(constraint.id.clone()),
                        }
                    }
                }
            }
        }
        for known in &compatibility.known_bad {
            let (id, reason, reference) = (&known.id, &known.reason, known.reference.as_ref());
            let rule =
                Broken { kind: ViolatedRule::KnownBad, id, severity: Severity::Error, reason, reference };
            for environment in known.environments.and(self.scope).iter() {
                let live = |member: &'p Condition| self.is_so(member, environment) == Some(true);
                if known.all.iter().all(live) {
                    let members: Vec<String> =
                        known.all.iter().map(|member| self.described(member, environment)).collect();
                    let problem = match members.as_slice() {
                        [one] => format!("{one} is live"),
                        several => format!("{} live together", several.join(" and ")),
                    };
                    let place = self.matching(&known.all[0], environment).map(|version| version.place);
                    add(
                        &mut breaches,
                        Breach {
                            problem,
                            who: platform.name_of(known.all[0].part),
                            place,
                            environments: environment.only(),
                            rule,
                        },
                    );
                }
            }
        }
        for breach in breaches {
            self.violation(&breach);
        }
        self.pins();
    }

    fn implication(
        &self,
        when: &'p [Condition],
        require: &'p [Condition],
        forbid: &'p [Condition],
        environment: EnvironmentId,
        rule: Broken<'p>,
        breaches: &mut Vec<Breach<'p>>,
    ) {
        if !when.iter().all(|condition| self.is_so(condition, environment) == Some(true)) {
            return;
        }
        let case: Vec<String> = when.iter().map(|condition| self.described(condition, environment)).collect();
        let case = case.join(" and ");
        let mut broken = |problem, condition: &'p Condition, place| {
            let who = self.platform.name_of(condition.part);
            add(breaches, Breach { problem, who, place, environments: environment.only(), rule });
        };
        for condition in require {
            if let Some((problem, place)) = self.missing(condition, environment) {
                broken(format!("with {case}, {problem}"), condition, place);
            }
        }
        for condition in forbid {
            if self.is_so(condition, environment) == Some(true) {
                let problem = format!("{} must not be with {case}", self.described(condition, environment));
                let place = self.matching(condition, environment).map(|version| version.place);
                broken(problem, condition, place);
            }
        }
    }

    /// Whether a condition is so in an environment; nothing when only facts could tell.
    fn is_so(&self, condition: &Condition, environment: EnvironmentId) -> Option<bool> {
        if !condition.environments.contains(environment) {
            return Some(false);
        }
        let present = self.platform.environments_of(condition.part).contains(environment);
        if condition.present == Some(false) {
            return Some(!present);
        }
        let version =
            present && (condition.version.is_none() || self.matching(condition, environment).is_some());
        let api = self.serves(condition, environment);
        if !version || !api {
            return Some(false);
        }
        let Some(range) = &condition.schema else { return Some(true) };
        Some(range.value.contains(self.level_of(condition.part, environment)?))
    }

    /// What a required condition lacks, and the version to look at.
    pub(super) fn missing(
        &self,
        condition: &Condition,
        environment: EnvironmentId,
    ) -> Option<(String, Option<Place>)> {
        if !condition.environments.contains(environment) {
            return None;
        }
        let name = self.platform.name_of(condition.part);
        let present = self.platform.environments_of(condition.part).contains(environment);
        match condition.present {
            Some(true) if !present => return Some((format!("`{name}` must be deployed"), None)),
            Some(false) if present => return Some((format!("`{name}` must not be deployed"), None)),
            _ if !present => return None,
            _ => {}
        }
        if let Some(range) = &condition.version {
            let outside = |version: &&Spanned<Version>| !range.value.contains(&version.value);
            if let Some(version) = self.platform.live(condition.part, environment).iter().find(outside) {
                let problem = format!("`{name}` must be {} but is {}", range.value, version.value);
                return Some((problem, Some(version.place)));
            }
        }
        if let Some(api) = condition.api.as_ref().filter(|_| !self.serves(condition, environment)) {
            let versions: Vec<&str> = api.versions.iter().map(|version| &*version.value).collect();
            let versions = crate::decode::list(&versions);
            return Some((format!("`{name}` must serve {versions} of the API `{}`", api.name.value), None));
        }
        let range = condition.schema.as_ref()?;
        let level = self.level_of(condition.part, environment)?;
        let problem = || format!("the schema of `{name}` must be {} but is {level}", range.value);
        (!range.value.contains(level)).then(|| (problem(), None))
    }

    /// Whether each live version of the component serves the API that the condition asks for.
    fn serves(&self, condition: &Condition, environment: EnvironmentId) -> bool {
        let (Some(api), Part::Component(component)) = (&condition.api, condition.part) else { return true };
        let declared = || {
            let mut served =
                self.platform[component].serves(&api.name.value).flat_map(|served| &served.versions);
            api.versions.is_empty() || served.any(|version| api.versions.contains(version))
        };
        let live = self.platform.live(condition.part, environment);
        let serves = |version: &Spanned<Version>| {
            let own = self.provided.get(component, &version.value, &api.name.value);
            own.map_or_else(declared, |(_, own)| provided::suffice(&own, api))
        };
        if live.is_empty() { declared() } else { live.iter().all(serves) }
    }

    /// The first live version that a condition speaks of.
    fn matching(&self, condition: &Condition, environment: EnvironmentId) -> Option<&'p Spanned<Version>> {
        let range = condition.version.as_ref();
        let fits =
            |version: &&Spanned<Version>| range.is_none_or(|range| range.value.contains(&version.value));
        self.platform.live(condition.part, environment).iter().find(fits)
    }

    fn described(&self, condition: &Condition, environment: EnvironmentId) -> String {
        let name = self.platform.name_of(condition.part);
        match self.matching(condition, environment) {
            _ if condition.present == Some(false) => format!("no `{name}`"),
            Some(version) => format!("`{name}` {}", version.value),
            None => format!("`{name}`"),
        }
    }

    /// The versions of one side; nothing for a fact that nobody has probed.
    fn side(&self, side: &'p Side, environment: EnvironmentId) -> Option<Versions<'p>> {
        match side {
            Side::Declared(part) => {
                let live = self.platform.live(*part, environment).iter();
                let versions = live.map(|version| (&version.value, Some(version.place))).collect();
                Some(Versions { of: self.platform.name_of(*part), versions })
            }
            Side::Probe(name) => {
                let probed = self.options.probed.iter();
                let here = probed.filter(|one| one.environment == environment && one.name == *name.value);
                let versions: Vec<_> = here.map(|one| (&one.version, None)).collect();
                (!versions.is_empty()).then_some(Versions { of: &name.value, versions })
            }
        }
    }

    fn violation(&mut self, breach: &Breach<'_>) {
        let platform = self.platform;
        let rule = breach.rule;
        let subject =
            Subject { component: Some(breach.who), dependency: None, constraint: Some(&rule.id.value) };
        let related = match breach.place {
            Some(place) => self.findings.note(place, "this version is declared here"),
            None => Vec::new(),
        };
        self.report(
            rule.kind.code(),
            subject,
            breach.environments,
            rule.id.place,
            |src, span, environments| {
                Finding::Violation(Violation {
                    rule: rule.kind,
                    id: rule.id.value.clone(),
                    severity: rule.severity,
                    environments: platform.names(environments),
                    problem: breach.problem.clone(),
                    reason: rule.reason.value.clone(),
                    reference: rule.reference.map(|reference| reference.value.clone()),
                    src,
                    span,
                    related: related.clone(),
                })
            },
        );
    }

    fn pins(&mut self) {
        let platform = self.platform;
        for pin in &platform.compatibility().pins {
            let component = &platform[pin.component];
            if self.expired("pin", &component.name, pin.expires.as_ref()) {
                continue;
            }
            for (environments, versions) in &component.versions {
                for version in versions.iter().filter(|version| version.value != pin.version.value) {
                    let here = environments.and(pin.environments).and(component.environments).and(self.scope);
                    let related = self.findings.note(version.place, "declared here");
                    let subject = Subject::component(&component.name.value);
                    self.report(
                        "compat/pin-violated",
                        subject,
                        here,
                        pin.version.place,
                        |src, span, environments| Finding::PinViolated {
                            src,
                            span,
                            component: component.name.value.to_string(),
                            environment: platform.names(environments),
                            pinned: pin.version.value.to_string(),
                            version: version.value.to_string(),
                            reason: pin.reason.value.to_string(),
                            related: related.clone(),
                        },
                    );
                }
            }
        }
    }

    /// Whether a rule is past its date, which is reported.
    pub(super) fn expired(
        &mut self,
        what: &'static str,
        name: &Text,
        expires: Option<&Spanned<Date>>,
    ) -> bool {
        let Some(expires) = expires.filter(|expires| has_passed(Some(expires), self.options.today)) else {
            return false;
        };
        let (name, date) = (name.value.to_string(), expires.value);
        self.findings.push(expires.place, |src, span| Finding::ExpiredRule { src, span, what, name, date });
        true
    }
}

/// Adds a breach, or its environment to an equal one.
fn add<'p>(breaches: &mut Vec<Breach<'p>>, breach: Breach<'p>) {
    let equal = breaches.iter_mut().rev().find(|other| {
        other.problem == breach.problem
            && other.place == breach.place
            && other.rule.id.place == breach.rule.id.place
    });
    match equal {
        Some(other) => {
            breach.environments.iter().for_each(|environment| other.environments.insert(environment));
        }
        None => breaches.push(breach),
    }
}

/// One side of a skew with its live versions and where they are declared.
struct Versions<'p> {
    of: &'p str,
    versions: Vec<(&'p Version, Option<Place>)>,
}

fn skew<'p>(
    [leader, follower]: [Versions<'p>; 2],
    [older, newer]: [u64; 2],
    unit: usize,
    environment: EnvironmentId,
    rule: Broken<'p>,
    breaches: &mut Vec<Breach<'p>>,
) {
    for (first, _) in &leader.versions {
        for (second, place) in &follower.versions {
            if within_skew(first, second, [older, newer], unit) {
                continue;
            }
            let number = |version: &Version, position| version.number(position).unwrap_or(0);
            let above = (0..unit).find(|at| number(first, *at) != number(second, *at));
            let unit = ["major", "minor", "patch"][above.unwrap_or(unit).min(2)];
            let problem = format!(
                "`{}` {second} and `{}` {first} are too far apart in their {unit} version: at most {older} behind and {newer} ahead are allowed",
                follower.of, leader.of,
            );
            let environments = environment.only();
            add(breaches, Breach { problem, who: follower.of, place: *place, environments, rule });
        }
    }
}
