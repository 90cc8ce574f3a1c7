//! Which components may talk and which versions may run together.
//!
//! A platform team describes its platform in two files. `platform.yaml` names the environments, the components,
//! the versions that live where, and every dependency; `compatibility.yaml` adds rules that concern more than
//! one component: constraints, known bad sets, ends of support, pins, and accepted findings. This crate reads
//! both into a [`Platform`], says everything that is wrong with them ([`check`]), and answers who may talk to whom
//! ([`Platform::connectivity`]), in which order components are deployed ([`Platform::deploy_order`]), whether a version
//! may go somewhere ([`can_deploy`]), which versions go together ([`solve`]) and how to come there ([`plan`]).
//!
//! It is pure: texts, dates and observed [`Facts`] come in, findings go out. It opens no file, reads no clock and
//! prints nothing. With the feature `probe` it also asks live servers. Findings are [`miette::Diagnostic`]s with a rule, a labelled place in the file, and help.
//!
//! ```
//! use platform_compat::{Date, Options, Platform, check};
//!
//! let text = "
//! apiVersion: infra/v1
//! kind: Platform
//! metadata: {name: shop, owner: team-platform}
//! environments: [{name: prod, production: true}]
//! components:
//!   - {name: mysql, kind: database, version: 8.0.36, provides: [{name: sql, port: 3306}]}
//!   - name: orders
//!     kind: service
//!     version: 2.4.0
//!     depends_on: [{component: mysql, version: '>=8.4'}]
//! ";
//! let (platform, findings) = Platform::load(("platform.yaml", text), None);
//! assert!(findings.is_empty());
//! let report = check(&platform, None, &Options::new(Date::new(2026, 11, 23)?));
//! assert_eq!(
//!     report.findings[0].to_string(),
//!     "`orders` needs `mysql` >=8.4, but `prod` has 8.0.36"
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What people get wrong
//!
//! - **Versions are texts.** `042`, `1.30` and `8.4` stay what was written, quoted or not.
//! - **`port` is the container's port.** A NetworkPolicy does not see the Service's.
//! - **A pre-release is in no range that does not mention it**, see [`range`]. Components of kind `platform` ignore
//!   what follows the numbers (`v1.34.3-eks-ac2d5a0`); `version_suffix: ignore` does that for others.
//! - **A version map limits where a component is.** `version: {staging: 1.2.0}` means that it runs in staging only.
//! - **A migration job goes first.** A dependency with `phase: migrate` makes its component precede everything else
//!   that depends on the same database.
//!
//! # The model beyond the obvious
//!
//! - `managed` is one entry or a list, so that the managed service of each environment has its own addresses:
//!   `managed: [{environments: [staging], cidrs: […]}, {environments: [prod], cidrs: […]}]`.
//! - `workload.rendered: false` is for what is installed with the cluster: nobody looks for its manifests.
//! - `version_suffix` is `compare` or `ignore`; `environments[].kubernetes` can be used in compatibility.yaml
//!   under the name `kubernetes` as long as no component has that name.
//! - `endpoint` and `endpoints` are the same key: one name or a list.
//! - Promotion is judged by order alone: a version is too new where it is newer than everything in an environment that
//!   comes before. A component that is absent there on purpose (`environments`) is not.
//! - `support[].extended` replaces `eol` where longer support was bought.
//! - A constraint on a component that is not deployed holds, unless it says `present: true`.
//!
//! # What it does not do
//!
//! It does not compare edges with `NetworkPolicy` objects: that takes rendered manifests.
//! Merge keys, tags and several documents in a file are refused; components and rules may be spread over several files
//! ([`Platform::load_texts`]). [`json_schema`] gives editors what each file may hold.

mod check;
mod compatibility;
mod date;
mod decode;
mod deploy;
mod difference;
mod draw;
mod facts;
mod finding;
mod findings;
mod graph;
mod image;
mod model;
mod network;
mod place;
mod plan;
mod platform;
#[cfg(feature = "probe")]
pub mod probe;
mod question;
pub mod range;
mod read;
mod selectors;
mod shape;
mod solve;
mod space;
mod suggest;
pub mod synth;
#[cfg(test)]
mod testing;
pub mod version;
mod yaml;

pub use check::{Options, Probed, RULES, Report, Suppressed, check};
pub use compatibility::{
    ApiEnd, Compatibility, Condition, Constraint, DeclaredCycle, Exclusion, KnownBad, Order, Part, Pin,
    Release, Rule, SchemaPhase, SchemaStep, Side, Support, ViolatedRule, Violation,
};
pub use date::{Date, NotADate};
pub use deploy::{Decision, Row, Verdict, can_deploy};
pub use difference::{Difference, difference};
pub use draw::{Cluster, Edge as DrawnEdge, Node as DrawnNode, Picture, Style, View};
pub use facts::{Facts, Image, Migration, Overlays, Schema, Workload};
pub use finding::Finding;
pub use model::{
    Api, Component, ComponentId, Database, Dependency, DependencyKind, Egress, Endpoint, Environment,
    EnvironmentId, EnvironmentSet, Exposure, Kind, Lifecycle, Managed, Phase, Rollout, Selection, Visibility,
};
pub use network::{
    Allowance, Cidr, Connectivity, Dns, Edge, ExternalEdge, NotACidr, NotAPort, Openness, Party, Port,
    Protocol, Reason, Settings,
};
pub use place::{Place, Source, Spanned, Text};
pub use plan::{Locked, Move, NoPlan, Plan, Step, Target, plan};
pub use platform::{Platform, Texts};
pub use question::{Dependent, Hop, Scope};
pub use shape::{File, json_schema};
pub use solve::{Change, Conflict, Solution, solve};
pub use space::{Cause, Space, What};
pub use suggest::nearest;
