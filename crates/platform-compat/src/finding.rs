//! Everything that can be wrong with a platform.

use miette::{Diagnostic, SourceSpan};

use crate::{
    compatibility::Violation,
    date::Date,
    place::Source,
    range::RangeProblem,
    version::{Version, VersionError},
};

/// A problem, with the place to look at and what to do. The variants' `src` and `span` are the file and the bytes
/// of it; `help` says what to do where that depends on the case.
#[derive(Debug, Clone, thiserror::Error, Diagnostic)]
#[non_exhaustive]
pub enum Finding {
    /// The text is no YAML.
    #[error("this is not YAML: {problem}")]
    #[diagnostic(
        code("compat/yaml-syntax"),
        severity(Error),
        help("correct the YAML; nothing after this place was read")
    )]
    YamlSyntax {
        #[source_code]
        /// The file.
        src: Source,
        #[label("here")]
        /// The place.
        span: SourceSpan,
        /// What the reader met.
        problem: String,
    },
    /// A file is larger than is read.
    #[error("the file has {what}")]
    #[diagnostic(
        code("compat/yaml-budget"),
        severity(Error),
        help("split the file, or write the values out instead of repeating them by aliases")
    )]
    YamlBudget {
        #[source_code]
        /// The file.
        src: Source,
        #[label("the limit is reached here")]
        /// The place.
        span: SourceSpan,
        /// Which limit was passed.
        what: String,
    },
    /// A feature of YAML that these files do not need.
    #[error("{what} is not read here")]
    #[diagnostic(code("compat/yaml-unsupported"), severity(Error))]
    UnsupportedYaml {
        #[source_code]
        /// The file.
        src: Source,
        #[label("this")]
        /// The place.
        span: SourceSpan,
        /// What of YAML it is.
        what: &'static str,
        #[help]
        /// What to do.
        help: &'static str,
    },
    /// A file without a value.
    #[error("the file holds nothing")]
    #[diagnostic(
        code("compat/empty-document"),
        severity(Error),
        help("begin it with `apiVersion: infra/v1` and `kind:`")
    )]
    EmptyDocument {
        #[source_code]
        /// The file.
        src: Source,
        #[label("nothing is written here")]
        /// The place.
        span: SourceSpan,
    },
    /// A file for another program or of another version.
    #[error("`{found}` cannot be read as `{key}`")]
    #[diagnostic(
        code("compat/unsupported-version"),
        severity(Error),
        help("write `{key}: {expected}`; this program reads no other")
    )]
    UnsupportedVersion {
        #[source_code]
        /// The file.
        src: Source,
        #[label("this")]
        /// The place.
        span: SourceSpan,
        /// `apiVersion` or `kind`.
        key: &'static str,
        /// What is written.
        found: String,
        /// What can be read.
        expected: &'static str,
    },
    /// A key that the model does not have.
    #[error("`{key}` is no key of {what}")]
    #[diagnostic(code("compat/unknown-key"), severity(Error))]
    UnknownKey {
        #[source_code]
        /// The file.
        src: Source,
        #[label("unknown")]
        /// The place.
        span: SourceSpan,
        /// The key.
        key: String,
        /// The map that it stands in.
        what: &'static str,
        #[help]
        /// What to do.
        help: String,
    },
    /// A required key is absent.
    #[error("{what} needs the key `{key}`")]
    #[diagnostic(code("compat/missing-key"), severity(Error), help("add `{key}:`"))]
    MissingKey {
        #[source_code]
        /// The file.
        src: Source,
        #[label("in the map that begins here")]
        /// The place.
        span: SourceSpan,
        /// The key.
        key: &'static str,
        /// The map that lacks it.
        what: &'static str,
    },
    /// A map has a key twice.
    #[error("the key `{key}` is written twice")]
    #[diagnostic(code("compat/duplicate-key"), severity(Error), help("keep one of them; the first was read"))]
    DuplicateKey {
        #[source_code]
        /// The file.
        src: Source,
        #[label("again here")]
        /// The place.
        span: SourceSpan,
        #[label("first here")]
        /// The other place, in the same file.
        first: SourceSpan,
        /// The key.
        key: String,
    },
    /// A value of the wrong kind.
    #[error("{what} must be {expected}, not {found}")]
    #[diagnostic(code("compat/wrong-shape"), severity(Error), help("write {expected}"))]
    WrongShape {
        #[source_code]
        /// The file.
        src: Source,
        #[label("this")]
        /// The place.
        span: SourceSpan,
        /// What stands there.
        what: &'static str,
        /// The kind of value that is wanted.
        expected: &'static str,
        /// The kind of value that is there.
        found: &'static str,
    },
    /// A single value that its field cannot have.
    #[error("`{value}` cannot stand here")]
    #[diagnostic(code("compat/invalid-value"), severity(Error), help("write {expected}"))]
    InvalidValue {
        #[source_code]
        /// The file.
        src: Source,
        #[label("this")]
        /// The place.
        span: SourceSpan,
        /// The value.
        value: String,
        /// What can.
        expected: String,
    },
    /// A text that is no version of the component's scheme.
    #[error("`{value}` is no version of `{component}`: {problem}")]
    #[diagnostic(
        code("compat/invalid-version"),
        severity(Error),
        help("write numbers separated by dots, or give the component another `scheme`")
    )]
    InvalidVersion {
        #[source_code]
        /// The file.
        src: Source,
        #[label("this")]
        /// The place.
        span: SourceSpan,
        /// The text.
        value: String,
        /// Whose version it is to be.
        component: String,
        /// Why it is none.
        problem: VersionError,
    },
    /// A text that is no range.
    #[error("`{range}` is no range of versions: {problem}")]
    #[diagnostic(
        code("compat/range-syntax"),
        severity(Error),
        help("write comparators such as `>=1.2 <2`, `^1.2`, `8.4.x` or alternatives joined by `||`")
    )]
    RangeSyntax {
        #[source_code]
        /// The file.
        src: Source,
        #[label("this part")]
        /// The place.
        span: SourceSpan,
        /// The text.
        range: String,
        /// What is wrong with it.
        problem: RangeProblem,
    },
    /// A range without versions.
    #[error("no version can be in the range `{range}`")]
    #[diagnostic(
        code("compat/range-empty"),
        severity(Error),
        help("swap the bounds, or join alternatives by `||`")
    )]
    RangeEmpty {
        #[source_code]
        /// The file.
        src: Source,
        #[label("these exclude each other")]
        /// The place.
        span: SourceSpan,
        /// The text.
        range: String,
    },
    /// Two components share a name.
    #[error("the component `{name}` is declared twice")]
    #[diagnostic(
        code("compat/duplicate-component"),
        severity(Error),
        help("rename or remove one of them; the first was read")
    )]
    DuplicateComponent {
        #[source_code]
        /// The file.
        src: Source,
        #[label("again here")]
        /// The place.
        span: SourceSpan,
        #[label("first here")]
        /// The other place, when it is in the same file.
        first: Option<SourceSpan>,
        #[related]
        /// The other place, when it is in another file.
        related: Vec<Finding>,
        /// The name.
        name: String,
    },
    /// Two environments share a name.
    #[error("the environment `{name}` is declared twice")]
    #[diagnostic(
        code("compat/duplicate-environment"),
        severity(Error),
        help("rename or remove one of them; the first was read")
    )]
    DuplicateEnvironment {
        #[source_code]
        /// The file.
        src: Source,
        #[label("again here")]
        /// The place.
        span: SourceSpan,
        #[label("first here")]
        /// The other place, in the same file.
        first: SourceSpan,
        /// The name.
        name: String,
    },
    /// Two endpoints share a name.
    #[error("the endpoint `{name}` is declared twice")]
    #[diagnostic(
        code("compat/duplicate-endpoint"),
        severity(Error),
        help("rename or remove one of them; the first was read")
    )]
    DuplicateEndpoint {
        #[source_code]
        /// The file.
        src: Source,
        #[label("again here")]
        /// The place.
        span: SourceSpan,
        #[label("first here")]
        /// The other place, in the same file.
        first: SourceSpan,
        /// The name.
        name: String,
    },
    /// Two rules share an id.
    #[error("the id `{name}` is used twice")]
    #[diagnostic(code("compat/duplicate-id"), severity(Error), help("give each entry its own id"))]
    DuplicateId {
        #[source_code]
        /// The file.
        src: Source,
        #[label("again here")]
        /// The place.
        span: SourceSpan,
        #[label("first here")]
        /// The other place, when it is in the same file.
        first: Option<SourceSpan>,
        #[related]
        /// The other place, when it is in another file.
        related: Vec<Finding>,
        /// The id.
        name: String,
    },
    /// Two environments of one cluster would overwrite each other.
    #[error("the environments `{first_name}` and `{name}` share the namespace `{namespace}`")]
    #[diagnostic(
        code("compat/shared-namespace"),
        severity(Error),
        help("give each its own namespace, or its own `context` when they are in different clusters")
    )]
    SharedNamespace {
        #[source_code]
        /// The file.
        src: Source,
        #[label("declared here")]
        /// The place.
        span: SourceSpan,
        #[label("and here")]
        /// The other place, in the same file.
        first: SourceSpan,
        /// The later environment.
        name: String,
        /// The earlier one.
        first_name: String,
        /// Their namespace.
        namespace: String,
    },
    /// More environments than are supported.
    #[error("there are more than 64 environments")]
    #[diagnostic(
        code("compat/too-many-environments"),
        severity(Error),
        help("split the platform into several")
    )]
    TooManyEnvironments {
        #[source_code]
        /// The file.
        src: Source,
        #[label("the 65th")]
        /// The place.
        span: SourceSpan,
    },
    /// A reference to a component that does not exist.
    #[error("there is no component `{name}`{whose}")]
    #[diagnostic(code("compat/unknown-component"), severity(Error))]
    UnknownComponent {
        #[source_code]
        /// The file.
        src: Source,
        #[label("used here")]
        /// The place.
        span: SourceSpan,
        /// The name.
        name: String,
        /// Of what it is to be one; may be empty.
        whose: String,
        #[help]
        /// What to do.
        help: String,
    },
    /// A reference to an endpoint that does not exist.
    #[error("there is no endpoint `{name}`{whose}")]
    #[diagnostic(code("compat/unknown-endpoint"), severity(Error))]
    UnknownEndpoint {
        #[source_code]
        /// The file.
        src: Source,
        #[label("used here")]
        /// The place.
        span: SourceSpan,
        /// The name.
        name: String,
        /// Of what it is to be one; may be empty.
        whose: String,
        #[help]
        /// What to do.
        help: String,
    },
    /// A reference to an environment that does not exist.
    #[error("there is no environment `{name}`{whose}")]
    #[diagnostic(code("compat/unknown-environment"), severity(Error))]
    UnknownEnvironment {
        #[source_code]
        /// The file.
        src: Source,
        #[label("used here")]
        /// The place.
        span: SourceSpan,
        /// The name.
        name: String,
        /// Of what it is to be one; may be empty.
        whose: String,
        #[help]
        /// What to do.
        help: String,
    },
    /// A reference to an API that nobody provides.
    #[error("there is no API `{name}`{whose}")]
    #[diagnostic(code("compat/unknown-api"), severity(Error))]
    UnknownApi {
        #[source_code]
        /// The file.
        src: Source,
        #[label("used here")]
        /// The place.
        span: SourceSpan,
        /// The name.
        name: String,
        /// Of what it is to be one; may be empty.
        whose: String,
        #[help]
        /// What to do.
        help: String,
    },
    /// An exclusion of a rule that does not exist.
    #[error("there is no rule `{name}` that could be excluded")]
    #[diagnostic(code("compat/unknown-rule"), severity(Error))]
    UnknownRule {
        #[source_code]
        /// The file.
        src: Source,
        #[label("used here")]
        /// The place.
        span: SourceSpan,
        /// The rule.
        name: String,
        #[help]
        /// What to do.
        help: String,
    },
    /// A dependency that does not say which port it means.
    #[error("`{component}` has several endpoints and none is named")]
    #[diagnostic(
        code("compat/ambiguous-endpoint"),
        severity(Error),
        help("add `endpoint:` with one of {endpoints}")
    )]
    AmbiguousEndpoint {
        #[source_code]
        /// The file.
        src: Source,
        #[label("which one?")]
        /// The place.
        span: SourceSpan,
        /// The provider.
        component: String,
        /// Its endpoints.
        endpoints: String,
    },
    /// A schema is required of a component without one.
    #[error("`{component}` has no migrations, so no schema can be required of it")]
    #[diagnostic(
        code("compat/not-a-database"),
        severity(Error),
        help("remove `schema`, or declare `database: {{migrations: …}}` at `{component}`")
    )]
    NotADatabase {
        #[source_code]
        /// The file.
        src: Source,
        #[label("required here")]
        /// The place.
        span: SourceSpan,
        /// The provider.
        component: String,
    },
    /// A version outside the range that a dependant accepts.
    #[error("`{consumer}` needs `{provider}` {range}, but {environments} {has} {version}")]
    #[diagnostic(code("compat/version-unsatisfied"), severity(Error))]
    VersionUnsatisfied {
        #[source_code]
        /// The file.
        src: Source,
        #[label("accepted are these")]
        /// The place.
        span: SourceSpan,
        #[label("declared here")]
        /// The other place, when it is in the same file.
        first: Option<SourceSpan>,
        #[related]
        /// The other place, when it is in another file.
        related: Vec<Finding>,
        /// Who depends.
        consumer: String,
        /// On whom.
        provider: String,
        /// What is accepted.
        range: String,
        /// Where it does not hold.
        environments: String,
        /// `has` or `have`.
        has: String,
        /// What is there.
        version: String,
        #[help]
        /// What to do.
        help: String,
    },
    /// A range that no known release satisfies.
    #[error("no known release of `{provider}` is in `{range}`")]
    #[diagnostic(
        code("compat/range-unreachable"),
        severity(Warning),
        help("correct the range, or add the release to `releases` in compatibility.yaml")
    )]
    RangeUnreachable {
        #[source_code]
        /// The file.
        src: Source,
        #[label("none fits")]
        /// The place.
        span: SourceSpan,
        /// Whose releases.
        provider: String,
        /// The range.
        range: String,
    },
    /// No version of an API is both served and accepted.
    #[error("`{consumer}` accepts {accepted} of the API `{api}`, but `{provider}` serves {served}")]
    #[diagnostic(
        code("compat/api-unsatisfied"),
        severity(Error),
        help("serve one of the accepted versions, or teach `{consumer}` one that is served")
    )]
    ApiUnsatisfied {
        #[source_code]
        /// The file.
        src: Source,
        #[label("accepted are these")]
        /// The place.
        span: SourceSpan,
        #[label("served are these")]
        /// The other place, when it is in the same file.
        first: Option<SourceSpan>,
        #[related]
        /// The other place, when it is in another file.
        related: Vec<Finding>,
        /// Who depends.
        consumer: String,
        /// On whom.
        provider: String,
        /// The API.
        api: String,
        /// Versions that would do.
        accepted: String,
        /// Versions that are there.
        served: String,
    },
    /// A deprecated version of an API is all that is accepted.
    #[error("`{consumer}` uses {version} of the API `{api}`, deprecated since {since}")]
    #[diagnostic(code("compat/api-deprecated"), severity(Warning))]
    ApiDeprecated {
        #[source_code]
        /// The file.
        src: Source,
        #[label("used here")]
        /// The place.
        span: SourceSpan,
        /// Who depends.
        consumer: String,
        /// The API.
        api: String,
        /// The version.
        version: String,
        /// Day of the deprecation.
        since: Date,
        #[help]
        /// What to do.
        help: String,
        #[related]
        /// Where else to look.
        related: Vec<Finding>,
    },
    /// A version of an API is used after its end.
    #[error("`{consumer}` uses {version} of the API `{api}`, which ended on {since}")]
    #[diagnostic(code("compat/api-removed"), severity(Error))]
    ApiRemoved {
        #[source_code]
        /// The file.
        src: Source,
        #[label("used here")]
        /// The place.
        span: SourceSpan,
        /// Who depends.
        consumer: String,
        /// The API.
        api: String,
        /// The version.
        version: String,
        /// Last day.
        since: Date,
        #[help]
        /// What to do.
        help: String,
        #[related]
        /// Where else to look.
        related: Vec<Finding>,
    },
    /// A provider is absent where its dependant runs.
    #[error("`{consumer}` runs in {environments}, where its dependency `{provider}` does not")]
    #[diagnostic(
        code("compat/not-deployed"),
        severity(Error),
        help(
            "deploy `{provider}` there ({deployed}), limit the dependency by `environments`, or make it `optional: true`"
        )
    )]
    NotDeployed {
        #[source_code]
        /// The file.
        src: Source,
        #[label("needed here")]
        /// The place.
        span: SourceSpan,
        #[label("declared here")]
        /// The other place, when it is in the same file.
        first: Option<SourceSpan>,
        #[related]
        /// The other place, when it is in another file.
        related: Vec<Finding>,
        /// Who depends.
        consumer: String,
        /// On whom.
        provider: String,
        /// Where the provider is missing.
        environments: String,
        /// Where it is.
        deployed: String,
    },
    /// An endpoint is used by a component that it is not meant for.
    #[error("`{consumer}` may not use the endpoint `{endpoint}` of `{provider}`")]
    #[diagnostic(
        code("compat/not-visible"),
        severity(Error),
        help("add `{consumer}` to `visibility` of the endpoint, or use another one")
    )]
    NotVisible {
        #[source_code]
        /// The file.
        src: Source,
        #[label("used here")]
        /// The place.
        span: SourceSpan,
        #[label("visible to these only")]
        /// The other place, when it is in the same file.
        first: Option<SourceSpan>,
        #[related]
        /// The other place, when it is in another file.
        related: Vec<Finding>,
        /// Who depends.
        consumer: String,
        /// On whom.
        provider: String,
        /// The endpoint.
        endpoint: String,
    },
    /// A dependency on a deprecated component.
    #[error("`{consumer}` depends on `{provider}`, which is deprecated")]
    #[diagnostic(code("compat/deprecated-component"), severity(Warning), help("move to its replacement"))]
    DeprecatedComponent {
        #[source_code]
        /// The file.
        src: Source,
        #[label("used here")]
        /// The place.
        span: SourceSpan,
        #[label("deprecated here")]
        /// The other place, when it is in the same file.
        first: Option<SourceSpan>,
        #[related]
        /// The other place, when it is in another file.
        related: Vec<Finding>,
        /// Who depends.
        consumer: String,
        /// On whom.
        provider: String,
    },
    /// A dependency on a retired component.
    #[error("`{consumer}` depends on `{provider}`, which is retired")]
    #[diagnostic(code("compat/retired-component"), severity(Error), help("remove the dependency"))]
    RetiredComponent {
        #[source_code]
        /// The file.
        src: Source,
        #[label("used here")]
        /// The place.
        span: SourceSpan,
        #[label("retired here")]
        /// The other place, when it is in the same file.
        first: Option<SourceSpan>,
        #[related]
        /// The other place, when it is in another file.
        related: Vec<Finding>,
        /// Who depends.
        consumer: String,
        /// On whom.
        provider: String,
    },
    /// A circle of dependencies that is not declared.
    #[error("components depend on each other in a circle: {path}{more}")]
    #[diagnostic(
        code("compat/cycle"),
        severity(Error),
        help("break the circle, or declare it under `cycles` in compatibility.yaml with a reason")
    )]
    Cycle {
        #[source_code]
        /// The file.
        src: Source,
        #[label("this closes the circle")]
        /// The place.
        span: SourceSpan,
        /// A shortest circle, `a → b → a`.
        path: String,
        /// How many more components are caught in it; may be empty.
        more: String,
    },
    /// A circle of `startup` dependencies: none of them ever starts.
    #[error("components wait for each other to start: {path}{more}")]
    #[diagnostic(
        code("compat/startup-cycle"),
        severity(Error),
        help("make one of them start without the other; a declaration under `cycles` does not help here")
    )]
    StartupCycle {
        #[source_code]
        /// The file.
        src: Source,
        #[label("this closes the circle")]
        /// The place.
        span: SourceSpan,
        /// A shortest circle, `a → b → a`.
        path: String,
        /// How many more components are caught in it; may be empty.
        more: String,
    },
    /// A declared circle that does not exist.
    #[error("there is no circle of exactly {members}")]
    #[diagnostic(
        code("compat/unused-cycle"),
        severity(Warning),
        help("remove the entry, or list the members of the circle that there is")
    )]
    UnusedCycle {
        #[source_code]
        /// The file.
        src: Source,
        #[label("declared here")]
        /// The place.
        span: SourceSpan,
        /// What the entry lists.
        members: String,
    },
    /// A component without an edge.
    #[error("nothing depends on `{name}`, and it depends on nothing")]
    #[diagnostic(
        code("compat/orphan"),
        severity(Warning),
        help("declare its edges under `depends_on` or `exposed`, or remove it")
    )]
    Orphan {
        #[source_code]
        /// The file.
        src: Source,
        #[label("declared here")]
        /// The place.
        span: SourceSpan,
        /// The component.
        name: String,
    },
    /// A component that nobody is responsible for.
    #[error("`{name}` has no owner")]
    #[diagnostic(code("compat/no-owner"), severity(Warning), help("add `owner:` to it or to `defaults`"))]
    NoOwner {
        #[source_code]
        /// The file.
        src: Source,
        #[label("declared here")]
        /// The place.
        span: SourceSpan,
        /// The component.
        name: String,
    },
    /// A version could never enter any of the environments.
    #[error("environments come after each other in a circle: {path}")]
    #[diagnostic(code("compat/promotion-cycle"), severity(Error), help("remove one of the `after` entries"))]
    PromotionCycle {
        #[source_code]
        /// The file.
        src: Source,
        #[label("this closes the circle")]
        /// The place.
        span: SourceSpan,
        /// The circle.
        path: String,
    },
    /// A version that skipped an environment.
    #[error("`{component}` {version} is in {environment} but {before} has {older}")]
    #[diagnostic(
        code("compat/promotion-order"),
        severity(Warning),
        help("promote {version} to {before} first")
    )]
    PromotionOrder {
        #[source_code]
        /// The file.
        src: Source,
        #[label("too new")]
        /// The place.
        span: SourceSpan,
        /// The component.
        component: String,
        /// Its version.
        version: String,
        /// Where it is.
        environment: String,
        /// Where it should have been first.
        before: String,
        /// What is there.
        older: String,
    },
    /// Production may be left for a reason only.
    #[error("the egress `{name}` of `{component}` leads out of production without a reason")]
    #[diagnostic(code("compat/egress-without-reason"), severity(Error), help("add `reason:`"))]
    EgressWithoutReason {
        #[source_code]
        /// The file.
        src: Source,
        #[label("declared here")]
        /// The place.
        span: SourceSpan,
        /// The component.
        component: String,
        /// The egress.
        name: String,
    },
    /// Traffic that leads nowhere.
    #[error("the egress `{name}` of `{component}` has neither `cidrs` nor `fqdn`")]
    #[diagnostic(
        code("compat/egress-without-target"),
        severity(Error),
        help("add the addresses under `cidrs`")
    )]
    EgressWithoutTarget {
        #[source_code]
        /// The file.
        src: Source,
        #[label("declared here")]
        /// The place.
        span: SourceSpan,
        /// The component.
        component: String,
        /// The egress or endpoint.
        name: String,
    },
    /// A NetworkPolicy cannot allow a name.
    #[error("`{fqdn}` cannot be allowed in {environments}, where egress is restricted")]
    #[diagnostic(
        code("compat/fqdn-not-enforceable"),
        severity(Warning),
        help("add `cidrs:`; a NetworkPolicy knows addresses, not names")
    )]
    FqdnNotEnforceable {
        #[source_code]
        /// The file.
        src: Source,
        #[label("named here")]
        /// The place.
        span: SourceSpan,
        /// The name.
        fqdn: String,
        /// Where egress is restricted.
        environments: String,
    },
    /// A version beyond its end of life.
    #[error("`{component}` {version} in {environments} is not supported since {date}")]
    #[diagnostic(code("compat/eol"), severity(Warning))]
    EndOfLife {
        #[source_code]
        /// The file.
        src: Source,
        #[label("declared here")]
        /// The place.
        span: SourceSpan,
        /// The component.
        component: String,
        /// Its version.
        version: String,
        /// Where it runs.
        environments: String,
        /// End of support.
        date: Date,
        #[help]
        /// What to do.
        help: String,
        #[related]
        /// Where else to look.
        related: Vec<Finding>,
    },
    /// A version beyond its end of life in production.
    #[error("`{component}` {version} in {environments} is not supported since {date}")]
    #[diagnostic(code("compat/eol"), severity(Error))]
    EndOfLifeInProduction {
        #[source_code]
        /// The file.
        src: Source,
        #[label("declared here")]
        /// The place.
        span: SourceSpan,
        /// The component.
        component: String,
        /// Its version.
        version: String,
        /// Where it runs.
        environments: String,
        /// End of support.
        date: Date,
        #[help]
        /// What to do.
        help: String,
        #[related]
        /// Where else to look.
        related: Vec<Finding>,
    },
    /// A version near its end of life.
    #[error("support of `{component}` {version} in {environments} ends in {days} days, on {date}")]
    #[diagnostic(code("compat/eol-soon"), severity(Warning))]
    EndOfLifeSoon {
        #[source_code]
        /// The file.
        src: Source,
        #[label("declared here")]
        /// The place.
        span: SourceSpan,
        /// The component.
        component: String,
        /// Its version.
        version: String,
        /// Where it runs.
        environments: String,
        /// Days that are left.
        days: i64,
        /// End of support.
        date: Date,
        #[help]
        /// What to do.
        help: String,
        #[related]
        /// Where else to look.
        related: Vec<Finding>,
    },
    /// A rule past its date.
    #[error("the {what} `{name}` expired on {date} and is ignored")]
    #[diagnostic(code("compat/expired-rule"), severity(Warning), help("renew `expires`, or remove it"))]
    ExpiredRule {
        #[source_code]
        /// The file.
        src: Source,
        #[label("expired")]
        /// The place.
        span: SourceSpan,
        /// `constraint`, `pin` or `exclusion`.
        what: &'static str,
        /// Which one.
        name: String,
        /// Last day.
        date: Date,
    },
    /// A version other than the pinned one.
    #[error("`{component}` is pinned to {pinned} in {environment}, but {version} is declared")]
    #[diagnostic(
        code("compat/pin-violated"),
        severity(Error),
        help("declare {pinned}, or change the pin ({reason})")
    )]
    PinViolated {
        #[source_code]
        /// The file.
        src: Source,
        #[label("pinned here")]
        /// The place.
        span: SourceSpan,
        /// The component.
        component: String,
        /// Where.
        environment: String,
        /// The only version allowed.
        pinned: String,
        /// What is declared.
        version: String,
        /// Why it is pinned.
        reason: String,
        #[related]
        /// Where else to look.
        related: Vec<Finding>,
    },
    /// An exclusion of nothing.
    #[error("the exclusion `{name}` matches no finding")]
    #[diagnostic(code("compat/unused-exclusion"), severity(Warning), help("remove it"))]
    UnusedExclusion {
        #[source_code]
        /// The file.
        src: Source,
        #[label("declared here")]
        /// The place.
        span: SourceSpan,
        /// The exclusion.
        name: String,
    },
    /// A finding about production is hidden for ever.
    #[error("the exclusion `{name}` hides a finding about production and never ends")]
    #[diagnostic(code("compat/endless-exclusion"), severity(Warning), help("add `expires:`"))]
    EndlessExclusion {
        #[source_code]
        /// The file.
        src: Source,
        #[label("declared here")]
        /// The place.
        span: SourceSpan,
        /// The exclusion.
        name: String,
    },
    /// A schema that its user cannot work with.
    #[error("`{consumer}` needs the schema of `{database}` at {range}, but {environments} {has} {level}")]
    #[diagnostic(code("compat/schema-unsatisfied"), severity(Error))]
    SchemaUnsatisfied {
        #[source_code]
        /// The file.
        src: Source,
        #[label("needed here")]
        /// The place.
        span: SourceSpan,
        /// Who depends.
        consumer: String,
        /// Whose schema.
        database: String,
        /// The levels it works with.
        range: String,
        /// Where it does not hold.
        environments: String,
        /// `has` or `have`.
        has: String,
        /// The newest migration there.
        level: String,
        #[help]
        /// What to do.
        help: String,
    },
    /// A release needs what is not there.
    #[error("`{component}` {version} is live in {environments}, but {problem}")]
    #[diagnostic(
        code("compat/release-unsatisfied"),
        severity(Error),
        help("move one of the two, or correct what the release needs")
    )]
    ReleaseUnsatisfied {
        #[source_code]
        /// The file.
        src: Source,
        #[label("needed here")]
        /// The place.
        span: SourceSpan,
        /// Whose release it is.
        component: String,
        /// Its version.
        version: String,
        /// Where it is live.
        environments: String,
        /// What is missing.
        problem: String,
        #[related]
        /// The versions.
        related: Vec<Finding>,
    },
    /// Nothing says which schema an environment has.
    #[error("`{consumer}` needs a schema of `{database}`, but {environments} {has} no migrations")]
    #[diagnostic(
        code("compat/schema-unknown"),
        severity(Warning),
        help("render a migration bundle there, or limit the dependency by `environments`")
    )]
    SchemaUnknown {
        #[source_code]
        /// The file.
        src: Source,
        #[label("needed here")]
        /// The place.
        span: SourceSpan,
        /// Who depends.
        consumer: String,
        /// Whose schema.
        database: String,
        /// Where nothing is known.
        environments: String,
        /// `has` or `have`.
        has: String,
    },
    /// A migration drops what a live version uses.
    #[error(
        "the migration {step} of `{database}` is in {environments}, where `{component}` {version} is live"
    )]
    #[diagnostic(
        code("compat/schema-contract-too-early"),
        severity(Error),
        help(
            "deploy a version of `{component}` in {needed} everywhere first, or take the migration out of the bundle"
        )
    )]
    SchemaContractTooEarly {
        #[source_code]
        /// The file.
        src: Source,
        #[label("this step")]
        /// The place.
        span: SourceSpan,
        /// Whose schema.
        database: String,
        /// The migration that drops something.
        step: Version,
        /// Who still uses it.
        component: String,
        /// The version that is live.
        version: String,
        /// Versions that can do without.
        needed: String,
        /// Where.
        environments: String,
        #[related]
        /// Where else to look.
        related: Vec<Finding>,
    },
    /// A manifest runs another version than is declared.
    #[error(
        "{workload} runs `{image}` in {environment}, but platform.yaml declares `{component}` {declared}"
    )]
    #[diagnostic(code("compat/image-mismatch"), severity(Error))]
    ImageMismatch {
        #[source_code]
        /// The file.
        src: Source,
        #[label("this image")]
        /// The place.
        span: SourceSpan,
        /// Kind and name.
        workload: String,
        /// Its image.
        image: String,
        /// Where.
        environment: String,
        /// The component it belongs to.
        component: String,
        /// Declared versions.
        declared: String,
        #[help]
        /// What to do.
        help: String,
        #[related]
        /// Where else to look.
        related: Vec<Finding>,
    },
    /// A component cannot be rendered for an environment.
    #[error("{directory} has no overlay `{overlay}` for the environment {environment}")]
    #[diagnostic(
        code("compat/overlay-missing"),
        severity(Error),
        help("add the overlay, or limit the component by `environments`")
    )]
    OverlayMissing {
        #[source_code]
        /// The file.
        src: Source,
        #[label("declared here")]
        /// The place.
        span: SourceSpan,
        /// The component's directory.
        directory: String,
        /// What is missing.
        overlay: String,
        /// For which environment.
        environment: String,
    },
    /// An overlay without an environment.
    #[error("{directory} has an overlay `{overlay}` that no environment uses")]
    #[diagnostic(code("compat/unknown-overlay"), severity(Warning))]
    UnknownOverlay {
        #[source_code]
        /// The file.
        src: Source,
        #[label("these are the environments")]
        /// The place.
        span: SourceSpan,
        /// The component's directory.
        directory: String,
        /// The overlay.
        overlay: String,
        #[help]
        /// What to do.
        help: String,
    },
    /// A declared component is not in the manifests.
    #[error("no rendered workload belongs to `{component}` in {environments}")]
    #[diagnostic(
        code("compat/no-workload"),
        severity(Error),
        help(
            "label its pods {selector}, correct `workload`, or set `managed` or `workload.rendered: false`"
        )
    )]
    NoWorkload {
        #[source_code]
        /// The file.
        src: Source,
        #[label("declared here")]
        /// The place.
        span: SourceSpan,
        /// The component.
        component: String,
        /// Where.
        environments: String,
        /// The labels that are looked for.
        selector: String,
    },
    /// Pods that belong to two components.
    #[error("{workload} in {environment} belongs to {components}")]
    #[diagnostic(
        code("compat/workload-overlap"),
        severity(Error),
        help("make their selectors exclude each other")
    )]
    WorkloadOverlap {
        #[source_code]
        /// The file.
        src: Source,
        #[label("this workload")]
        /// The place.
        span: SourceSpan,
        /// Kind and name.
        workload: String,
        /// Where.
        environment: String,
        /// Every component whose selector fits.
        components: String,
    },
    /// A second place that belongs to another finding.
    #[error("{note}")]
    #[diagnostic(code("compat/note"), severity(Advice))]
    Note {
        #[source_code]
        /// The file.
        src: Source,
        #[label("here")]
        /// The place.
        span: SourceSpan,
        /// What is to be seen there.
        note: String,
    },
    /// A rule of compatibility.yaml is broken.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Violation(#[from] Violation),
}
impl Finding {
    /// The rule's name, `compat/…`.
    pub fn rule(&self) -> String {
        self.code().map_or_else(String::new, |code| code.to_string())
    }
}
