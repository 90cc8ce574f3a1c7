//! What compatibility.yaml says, with every name resolved.

use std::{fmt, sync::Arc};

use miette::{Diagnostic, LabeledSpan, Severity, SourceCode, SourceSpan};

use crate::{
    date::Date,
    finding::Finding,
    model::{Api, ComponentId, EnvironmentId, EnvironmentSet},
    place::{Place, Source, Spanned, Text},
    range::Range,
    version::Version,
};

/// Rules that concern more than one component.
#[derive(Debug, Default)]
pub struct Compatibility {
    /// What must hold.
    pub constraints: Vec<Constraint>,
    /// Sets of versions that must not live together.
    pub known_bad: Vec<KnownBad>,
    /// Ends of API versions.
    pub apis: Vec<ApiEnd>,
    /// Versions that must not move.
    pub pins: Vec<Pin>,
    /// Findings that are accepted.
    pub exclusions: Vec<Exclusion>,
    /// Order of deployment beyond dependencies.
    pub order: Vec<Order>,
    /// Circles of dependencies that are meant.
    pub cycles: Vec<DeclaredCycle>,
    /// Steps of schemas that old or new versions cannot live with.
    pub schema: Vec<SchemaStep>,
    /// Ends of life.
    pub support: Vec<Support>,
    /// Known releases.
    pub releases: Vec<Release>,
}

impl Compatibility {
    /// Adds the rules of another file.
    pub(crate) fn extend(&mut self, other: Self) {
        let Self { constraints, known_bad, apis, pins, exclusions, order, cycles, schema, support, releases } =
            other;
        self.constraints.extend(constraints);
        self.known_bad.extend(known_bad);
        self.apis.extend(apis);
        self.pins.extend(pins);
        self.exclusions.extend(exclusions);
        self.order.extend(order);
        self.cycles.extend(cycles);
        self.schema.extend(schema);
        self.support.extend(support);
        self.releases.extend(releases);
    }
}

/// What a rule speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// A component.
    Component(ComponentId),
    /// The cluster itself, whose version is that of the environment; used for the name `kubernetes` where no
    /// component has it.
    Kubernetes,
}

impl Part {
    pub(crate) const KUBERNETES: &str = "kubernetes";
}

/// Something that is so, or not, in an environment.
#[derive(Debug, Clone)]
pub struct Condition {
    /// What it speaks of.
    pub part: Part,
    /// Versions that fit; all when absent.
    pub version: Option<Spanned<Arc<Range>>>,
    /// API that is served.
    pub api: Option<Api>,
    /// Levels of its schema that fit.
    pub schema: Option<Spanned<Arc<Range>>>,
    /// Whether it must be deployed, or must not; when absent, no matter.
    pub present: Option<bool>,
    /// Where it is looked at.
    pub environments: EnvironmentSet,
    /// Where it was written.
    pub place: Place,
}

/// Something that must hold.
#[derive(Debug, Clone)]
pub struct Constraint {
    /// Its unique name.
    pub id: Text,
    /// What it says.
    pub rule: Rule,
    /// Where it holds.
    pub environments: EnvironmentSet,
    /// How bad it is to break it.
    pub severity: Severity,
    /// Why.
    pub reason: Text,
    /// Where to read more.
    pub reference: Option<Text>,
    /// Last day.
    pub expires: Option<Spanned<Date>>,
}

/// What a constraint says.
#[derive(Debug, Clone)]
pub enum Rule {
    /// When all of `when` is so, then all of `require` must be and none of `forbid` may be.
    Implication {
        /// The case.
        when: Vec<Condition>,
        /// What must be.
        require: Vec<Condition>,
        /// What must not be.
        forbid: Vec<Condition>,
    },
    /// Two versions may be only so far apart.
    Skew {
        /// Who goes first.
        leader: Side,
        /// Who comes after.
        follower: Side,
        /// How far the follower may lag.
        older: u64,
        /// How far it may be ahead.
        newer: u64,
        /// Which number of the version is counted: 0 major, 1 minor, 2 patch.
        unit: usize,
    },
}

/// One side of a skew.
#[derive(Debug, Clone)]
pub enum Side {
    /// A declared version.
    Declared(Part),
    /// A fact that only a live probe knows: `kubelet`, `kubernetes` for the API server that answers, or a component for the
    /// version that it really runs.
    Probe(Text),
}

impl Side {
    /// What the kubelets of an environment's nodes are called.
    pub const KUBELET: &str = "kubelet";
}

/// Versions that must not live together.
#[derive(Debug, Clone)]
pub struct KnownBad {
    /// Its unique name.
    pub id: Text,
    /// The members; one alone is a bad release.
    pub all: Vec<Condition>,
    /// Where it matters.
    pub environments: EnvironmentSet,
    /// What goes wrong.
    pub reason: Text,
    /// Where to read more.
    pub reference: Option<Text>,
}

/// The end of a version of an API.
#[derive(Debug, Clone)]
pub struct ApiEnd {
    /// The API.
    pub name: Text,
    /// Its version.
    pub version: Text,
    /// From this day on it should not be used.
    pub deprecated: Option<Spanned<Date>>,
    /// After this day it must not be used.
    pub removed_after: Option<Spanned<Date>>,
    /// What to use instead.
    pub replaced_by: Option<Text>,
}

/// A version that must not move.
#[derive(Debug, Clone)]
pub struct Pin {
    /// Whose version.
    pub component: ComponentId,
    /// Where; everywhere when absent.
    pub environments: EnvironmentSet,
    /// The version.
    pub version: Spanned<Version>,
    /// Why.
    pub reason: Text,
    /// Last day.
    pub expires: Option<Spanned<Date>>,
}

/// A finding that is accepted.
#[derive(Debug, Clone)]
pub struct Exclusion {
    /// Its unique name.
    pub id: Text,
    /// The rule of the finding.
    pub rule: Text,
    /// The component it is about; any when absent.
    pub component: Option<Text>,
    /// The other component of it.
    pub dependency: Option<Text>,
    /// The only environment for which it is accepted.
    pub environment: Option<EnvironmentId>,
    /// The constraint or known-bad set it is about.
    pub constraint: Option<Text>,
    /// Why.
    pub reason: Text,
    /// Who accepted it.
    pub owner: Option<Text>,
    /// Last day.
    pub expires: Option<Spanned<Date>>,
}

/// An order of deployment.
#[derive(Debug, Clone)]
pub enum Order {
    /// One before the other.
    Before {
        /// The earlier one.
        before: ComponentId,
        /// The later one.
        after: ComponentId,
        /// Why.
        reason: Text,
    },
    /// All in one step.
    Together {
        /// The members.
        members: Vec<ComponentId>,
        /// Why.
        reason: Text,
    },
}

/// A circle of dependencies that is meant.
#[derive(Debug, Clone)]
pub struct DeclaredCycle {
    /// Exactly its members, sorted.
    pub members: Vec<ComponentId>,
    /// Why.
    pub reason: Text,
    /// Which of them starts first.
    pub start: Option<ComponentId>,
    /// Where it was written.
    pub place: Place,
}

/// A step of a schema that needs versions of components.
#[derive(Debug, Clone)]
pub struct SchemaStep {
    /// The database.
    pub database: ComponentId,
    /// The migration.
    pub version: Spanned<Version>,
    /// What it does to old users of the schema.
    pub phase: SchemaPhase,
    /// Objects that it adds.
    pub adds: Vec<Text>,
    /// Objects that it drops.
    pub drops: Vec<Text>,
    /// Versions that must be live everywhere before it.
    pub needs: Vec<Condition>,
}

/// What a migration does to those who use the schema as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SchemaPhase {
    /// They go on as before.
    Expand,
    /// They break if they use what is dropped.
    Contract,
    /// Nothing.
    Neutral,
}

/// An end of life.
#[derive(Debug, Clone)]
pub struct Support {
    /// Whose.
    pub part: Part,
    /// Versions it is about.
    pub version: Spanned<Arc<Range>>,
    /// The day on which fixes end.
    pub eol: Spanned<Date>,
    /// The day on which fixes end that were bought in addition; it counts instead.
    pub extended: Option<Spanned<Date>>,
    /// Who says so.
    pub source: Option<Text>,
}

impl Support {
    /// The day on which support ends.
    pub fn end(&self) -> Date {
        self.extended.as_ref().unwrap_or(&self.eol).value
    }
}

/// A known release of a component.
#[derive(Debug, Clone)]
pub struct Release {
    /// Whose.
    pub component: ComponentId,
    /// Its version.
    pub version: Spanned<Version>,
    /// Day of the release.
    pub released: Option<Spanned<Date>>,
    /// Its own needs, where they differ from those of platform.yaml.
    pub depends_on: Option<Vec<Condition>>,
    /// The APIs it serves, where they differ from those of platform.yaml.
    pub provides: Option<Vec<Api>>,
    /// Digests of its images.
    pub digests: Vec<Text>,
    /// Why it must not be used any more.
    pub withdrawn: Option<Text>,
}

/// Which sort of rule of compatibility.yaml was broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ViolatedRule {
    /// An implication.
    Constraint,
    /// A distance of versions.
    Skew,
    /// A set of versions.
    KnownBad,
}

impl ViolatedRule {
    /// The finding's rule.
    pub fn code(self) -> &'static str {
        match self {
            Self::Constraint => "compat/constraint",
            Self::Skew => "compat/skew",
            Self::KnownBad => "compat/known-bad",
        }
    }
}

/// A broken rule; how bad that is, the rule itself says.
#[derive(Debug, Clone)]
pub struct Violation {
    /// Which sort.
    pub rule: ViolatedRule,
    /// Its name.
    pub id: Arc<str>,
    /// How bad it is.
    pub severity: Severity,
    /// Where, for a sentence.
    pub environments: String,
    /// What breaks it.
    pub problem: String,
    /// Why the rule is there.
    pub reason: Arc<str>,
    /// Where to read more.
    pub reference: Option<Arc<str>>,
    /// The file of the rule.
    pub src: Source,
    /// The rule's name in it.
    pub span: SourceSpan,
    /// The versions that break it.
    pub related: Vec<Finding>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is broken in {}: {}", self.id, self.environments, self.problem)
    }
}

impl std::error::Error for Violation {}

impl Diagnostic for Violation {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.rule.code()))
    }

    fn severity(&self) -> Option<Severity> {
        Some(self.severity)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let reference =
            self.reference.as_ref().map(|reference| format!(" ({reference})")).unwrap_or_default();
        Some(Box::new(format!(
            "change one of the versions; the rule is there because {}{reference}",
            self.reason
        )))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.src)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(std::iter::once(LabeledSpan::new_with_span(Some("this rule".to_owned()), self.span))))
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(self.related.iter().map(|finding| finding as &dyn Diagnostic)))
    }
}
