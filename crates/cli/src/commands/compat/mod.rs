//! `infra compat`: questions to the declared graph.

mod check;
mod deploy;
mod diff;
mod facts;
mod live;
mod picture;
mod plan;
mod problem;
mod question;
mod schema;
mod source;
mod target;

use platform_compat::{Cause, Date, EnvironmentId, Finding, Platform};
use serde_json::{Value, json};

use self::problem::CompatProblem;
use crate::args::{Compat, Day, Format};
use crate::clock;
use crate::failure::{Failure, Problem};
use crate::finding::end_of;
use crate::outcome::Outcome;
use crate::platform;
use crate::tree::Tree;

/// What every question gets.
struct Asked<'a> {
    tree: &'a Tree,
    /// That of `--env`.
    environment: Option<&'a str>,
}

/// Answers a question: its name in the JSON schema, and the answer.
pub(crate) fn run(
    command: &Compat,
    tree: Result<Tree, Failure>,
    environment: Option<&str>,
    format: Format,
) -> (&'static str, Result<Outcome, Failure>) {
    let ask = |answer: &dyn Fn(&Asked<'_>) -> Result<Outcome, Failure>| {
        let tree = tree?;
        answer(&Asked { tree: &tree, environment })
    };
    match command {
        Compat::Check { day, changes, live } => {
            ("compat.check", ask(&|asked| check::check_graph(asked, day, &changes.changes, live)))
        }
        Compat::Graph(arguments) => ("compat.graph", ask(&|asked| picture::graph(asked, arguments, format))),
        // No tree is needed: it is the same everywhere.
        Compat::Schema { of } => ("compat.schema", Ok(schema::schema(*of))),
        Compat::Why { from, to, build } => {
            ("compat.why", ask(&|asked| question::why(asked, from, to, *build)))
        }
        Compat::Impact { component, build } => {
            ("compat.impact", ask(&|asked| question::impact(asked, component, *build)))
        }
        Compat::CanDeploy { candidates, to, together, unknown, day } => (
            "compat.can-deploy",
            ask(&|asked| {
                let to = to.as_deref().or(asked.environment);
                deploy::can_deploy(asked, candidates, to, *together, *unknown, day)
            }),
        ),
        Compat::Plan { from, to, day, changes } => (
            "compat.plan",
            ask(&|asked| plan::plan(asked, from.as_deref().zip(to.as_deref()), day, &changes.changes)),
        ),
        Compat::Diff { from, to, day } => {
            ("compat.diff", ask(&|asked| diff::diff(asked, from, to.as_deref(), day)))
        }
    }
}

/// The platform of the tree, which must have one.
fn load(tree: &Tree) -> Result<(Platform, Vec<Finding>), Failure> {
    let path = &tree.configuration.paths.platform;
    match platform::load(tree)? {
        Some(loaded) => Ok(loaded),
        None => Err(Failure::read(&tree.path(path), std::io::ErrorKind::NotFound.into())),
    }
}

fn today(day: &Day) -> Result<Date, Failure> {
    match &day.today {
        Some(text) => Ok(text.parse().map_err(|_| Problem::Date { value: text.clone() })?),
        None => Ok(clock::today()),
    }
}

/// An environment by its name in platform.yaml.
pub(crate) fn find_environment(platform: &Platform, name: &str) -> Result<EnvironmentId, Failure> {
    platform.environment(name).ok_or_else(|| {
        let known =
            platform.environments().iter().map(|environment| environment.name.value.to_string()).collect();
        Problem::UnknownEnvironment { name: name.to_owned(), known }.into()
    })
}

/// The environment that a question is about, which must be named where there are several.
fn one_environment(platform: &Platform, name: Option<&str>) -> Result<EnvironmentId, Failure> {
    let mut all = platform.environment_ids();
    match (name, all.next(), all.next()) {
        (Some(name), ..) => find_environment(platform, name),
        (None, Some(only), None) => Ok(only),
        _ => {
            let known = platform.environments().iter().map(|e| e.name.value.to_string()).collect();
            Err(Failure::usage(CompatProblem::WhichEnvironment { known }))
        }
    }
}

/// A rule with its place, for JSON.
fn cause_json(cause: &Cause) -> Value {
    let (line, column) = position(cause);
    json!({"rule": cause.rule, "text": cause.text, "file": cause.src.name(), "line": line, "column": column})
}

/// A rule with its place, for people: "… (platform.yaml:12)".
fn cause_text(cause: &Cause) -> String {
    format!("{} ({}:{})", cause.text, cause.src.name(), position(cause).0)
}

/// Line and column, from 1.
fn position(cause: &Cause) -> (usize, usize) {
    end_of(cause.src.inner().get(..cause.span.offset()).unwrap_or_default())
}
