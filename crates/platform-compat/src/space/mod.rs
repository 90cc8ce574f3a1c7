//! What may be chosen in one environment: the versions that each component could have there, and every rule as
//! the combinations that it forbids.
//!
//! A rule of any sort becomes [`Nogood`]s: lists of a subject and some of its candidates that must not all be live
//! at once. `orders` 2.x needs `mysql` 8.x is "not `orders` in 2.x together with `mysql` outside 8.x". All questions about
//! versions that are not the declared ones are asked of this form: may one be deployed, in which order, is there any choice
//! at all.

mod compile;
mod sentence;
mod set;

use std::{collections::HashMap, fmt};

use miette::{Diagnostic, LabeledSpan, Severity, SourceCode, SourceSpan};

use crate::{
    compatibility::{Condition, Constraint, KnownBad, Part, Pin, Release, SchemaStep},
    date::Date,
    facts::Facts,
    model::{ComponentId, Dependency, EnvironmentId},
    place::{Place, Source},
    platform::Platform,
    version::{Scheme, Suffix, Version},
};
pub(crate) use compile::within_skew;
pub(crate) use set::Set;

/// The choices of one environment.
#[derive(Debug)]
pub struct Space<'p> {
    pub(crate) platform: &'p Platform,
    pub(crate) environment: EnvironmentId,
    pub(crate) today: Date,
    pub(crate) subjects: Vec<Subject>,
    pub(crate) nogoods: Vec<Nogood<'p>>,
    /// For each subject the nogoods that speak of it.
    pub(crate) touching: Vec<Vec<usize>>,
    by_what: HashMap<What, usize>,
    /// Subjects of which each rule must name one; none where all rules count.
    around: Option<Vec<usize>>,
}

/// What has a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum What {
    /// A component, or the cluster.
    Part(Part),
    /// The schema of a database; its versions are its migrations.
    Schema(ComponentId),
}

/// Something with candidates.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    pub(crate) what: What,
    /// Oldest first.
    pub(crate) candidates: Vec<Candidate>,
    /// Those that are live now.
    pub(crate) live: Vec<usize>,
}

/// A version that could be chosen.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    pub(crate) version: Version,
    /// Whether the files say what it needs: it is declared somewhere or listed as a release.
    pub(crate) known: bool,
    /// Whether a release says that it must not be used any more.
    pub(crate) withdrawn: bool,
}

/// The live candidates of every subject.
pub(crate) type State = Vec<Vec<usize>>;

/// Candidates that must not all be live at once.
#[derive(Debug, Clone)]
pub(crate) struct Nogood<'p> {
    /// Subjects with the candidates that take part. A rule about two versions of one subject beside each other names it
    /// twice.
    pub(crate) members: Vec<(usize, Set)>,
    /// How many of the first members are the case for which the rule says something.
    pub(crate) trigger: usize,
    pub(crate) reason: Reason<'p>,
}

impl Nogood<'_> {
    pub(crate) fn is_violated(&self, state: &State) -> bool {
        self.members.iter().all(|(subject, set)| set.any(&state[*subject]))
    }

    /// Whether it speaks of versions of one subject beside each other.
    pub(crate) fn is_of_mixture(&self) -> bool {
        let named_before = |at: usize| self.members[..at].iter().any(|(of, _)| *of == self.members[at].0);
        (1..self.members.len()).any(named_before)
    }
}

/// The declaration that forbids a combination.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reason<'p> {
    Dependency(ComponentId, ComponentId, &'p Dependency, Need),
    Release(&'p Release, &'p Condition, Need),
    Constraint(&'p Constraint),
    KnownBad(&'p KnownBad),
    Pin(&'p Pin),
    Contract(&'p SchemaStep, &'p Condition),
}

/// What of a provider is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    Version,
    Api,
    Schema,
}

/// A rule with its place, for an answer.
#[derive(Debug, Clone)]
pub struct Cause {
    /// The rule's code, as `check` reports it.
    pub rule: &'static str,
    /// What it says, as a sentence.
    pub text: String,
    /// The file.
    pub src: Source,
    /// The bytes of it.
    pub span: SourceSpan,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Cause {}

impl Diagnostic for Cause {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.rule))
    }

    fn severity(&self) -> Option<Severity> {
        Some(Severity::Error)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.src)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(std::iter::once(LabeledSpan::new_with_span(
            Some("declared here".to_owned()),
            self.span,
        ))))
    }
}

impl PartialEq for Cause {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text && self.span == other.span && self.src.name() == other.src.name()
    }
}

impl<'p> Space<'p> {
    /// The choices of an environment: for each component the versions that are declared anywhere, its releases, and
    /// those of `extra`. Schemas take part as far as facts tell the migrations. Rules that have expired by `today` do not
    /// count.
    pub fn new(
        platform: &'p Platform,
        facts: Option<&Facts>,
        environment: EnvironmentId,
        today: Date,
        extra: &[(What, Version)],
    ) -> Self {
        let mut space = Self::gathered(platform, facts, environment, today, extra);
        space.compile();
        space
    }

    /// The same with those rules alone that speak of what `extra` names: all that is asked about one candidate.
    pub fn around(
        platform: &'p Platform,
        facts: Option<&Facts>,
        environment: EnvironmentId,
        today: Date,
        extra: &[(What, Version)],
    ) -> Self {
        let mut space = Self::gathered(platform, facts, environment, today, extra);
        space.around = Some(extra.iter().filter_map(|(what, _)| space.subject(*what)).collect());
        space.compile();
        space
    }

    /// The subjects without rules.
    fn gathered(
        platform: &'p Platform,
        facts: Option<&Facts>,
        environment: EnvironmentId,
        today: Date,
        extra: &[(What, Version)],
    ) -> Self {
        let mut space = Self {
            platform,
            environment,
            today,
            subjects: Vec::new(),
            nogoods: Vec::new(),
            touching: Vec::new(),
            by_what: HashMap::new(),
            around: None,
        };
        space.gather(facts, extra);
        space
    }

    /// The levels of the schemas, as far as they are known.
    pub fn schemas(&self) -> Vec<(What, Vec<Version>)> {
        let schemas = self.subjects.iter().filter(|subject| matches!(subject.what, What::Schema(_)));
        let level = |subject: &Subject| {
            subject.live.iter().map(|at| subject.candidates[*at].version.clone()).collect()
        };
        schemas.map(|subject| (subject.what, level(subject))).collect()
    }

    /// What is live now.
    pub(crate) fn now(&self) -> State {
        self.subjects.iter().map(|subject| subject.live.clone()).collect()
    }

    pub(crate) fn subject(&self, what: What) -> Option<usize> {
        self.by_what.get(&what).copied()
    }

    /// The candidate with a version.
    pub(crate) fn candidate(&self, subject: usize, version: &Version) -> Option<usize> {
        self.subjects[subject].candidates.iter().position(|candidate| candidate.version == *version)
    }

    /// Nogoods that a state violates.
    pub(crate) fn violated<'a>(&'a self, state: &'a State) -> impl Iterator<Item = usize> + 'a {
        (0..self.nogoods.len()).filter(|index| self.nogoods[*index].is_violated(state))
    }

    fn gather(&mut self, facts: Option<&Facts>, extra: &[(What, Version)]) {
        let platform = self.platform;
        let mut releases: HashMap<ComponentId, Vec<&Release>> = HashMap::new();
        for release in &platform.compatibility().releases {
            releases.entry(release.component).or_default().push(release);
        }
        for (id, component) in platform.ids() {
            if !component.environments.contains(self.environment) || component.versions.is_empty() {
                continue;
            }
            let released = releases.get(&id).map_or(&[][..], Vec::as_slice);
            let declared = component.versions.iter().flat_map(|(_, versions)| versions);
            let known = declared
                .map(|version| (&version.value, false))
                .chain(released.iter().map(|r| (&r.version.value, r.withdrawn.is_some())));
            let what = What::Part(Part::Component(id));
            let live: Vec<&Version> =
                component.versions(self.environment).iter().map(|version| &version.value).collect();
            self.add(what, known, extra, &live);
        }
        if let Some(version) = &platform[self.environment].kubernetes {
            let everywhere = platform.environments().iter().filter_map(|e| e.kubernetes.as_ref());
            let known = everywhere.map(|version| (&version.value, false));
            self.add(What::Part(Part::Kubernetes), known, extra, &[&version.value]);
        }
        let here = &*platform[self.environment].name.value;
        let mut levels: HashMap<ComponentId, (Vec<Version>, Option<Version>)> = HashMap::new();
        for schema in facts.map_or(&[][..], |facts| &facts.schemas) {
            let Some(database) = platform.component(&schema.database) else { continue };
            let (all, live) = levels.entry(database).or_default();
            for migration in &schema.migrations {
                let Ok(version) = Version::parse(&migration.version, Scheme::Flyway, Suffix::Compare) else {
                    continue;
                };
                if schema.environment == here
                    && live.as_ref().is_none_or(|newest| newest.key() < version.key())
                {
                    *live = Some(version.clone());
                }
                all.push(version);
            }
        }
        let mut levels: Vec<_> = levels.into_iter().collect();
        levels.sort_by_key(|(database, _)| *database);
        for (database, (all, live)) in levels {
            let deployed = platform[database].environments.contains(self.environment);
            let Some(live) = live.filter(|_| deployed) else { continue };
            let known = all.iter().map(|version| (version, false));
            self.add(What::Schema(database), known, extra, &[&live]);
        }
    }

    fn add<'v>(
        &mut self,
        what: What,
        known: impl Iterator<Item = (&'v Version, bool)>,
        extra: &[(What, Version)],
        live: &[&Version],
    ) {
        let mut candidates: Vec<Candidate> = known
            .map(|(version, withdrawn)| Candidate { version: version.clone(), known: true, withdrawn })
            .collect();
        let wanted = extra.iter().filter(|(of, _)| *of == what);
        candidates.extend(wanted.map(|(_, version)| Candidate {
            version: version.clone(),
            known: false,
            withdrawn: false,
        }));
        candidates.sort_by(|left, right| left.version.key().cmp(right.version.key()));
        candidates.dedup_by(|next, first| {
            let same = next.version == first.version;
            if same {
                first.known |= next.known;
                first.withdrawn |= next.withdrawn;
            }
            same
        });
        let position = |version: &&Version| {
            candidates.binary_search_by(|candidate| candidate.version.key().cmp(version.key())).ok()
        };
        let live = live.iter().filter_map(position).collect();
        self.by_what.insert(what, self.subjects.len());
        self.subjects.push(Subject { what, candidates, live });
    }
}

impl Reason<'_> {
    /// The place of the declaration.
    pub(crate) fn place(&self) -> Place {
        match self {
            Self::Dependency(_, _, dependency, need) => match need {
                Need::Version => dependency.version.as_ref().map(|version| version.place),
                Need::Api => dependency.api.as_ref().map(|api| api.place),
                Need::Schema => dependency.schema.as_ref().map(|schema| schema.place),
            }
            .unwrap_or(dependency.place),
            Self::Release(_, condition, _) => condition.place,
            Self::Constraint(constraint) => constraint.id.place,
            Self::KnownBad(known) => known.id.place,
            Self::Pin(pin) => pin.version.place,
            Self::Contract(step, _) => step.version.place,
        }
    }
}
