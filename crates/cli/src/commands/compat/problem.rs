//! What can be wrong with a question.

use std::fmt;

use miette::{Diagnostic, Severity};
use platform_compat::{Cause, version::VersionError};
use thiserror::Error;

#[derive(Debug, Error, Diagnostic)]
pub(super) enum CompatProblem {
    #[error("there is no component `{name}`")]
    #[diagnostic(code("compat/unknown-component"), help("{help}"))]
    UnknownComponent { name: String, help: String },

    #[error("`{text}` is no {what}")]
    #[diagnostic(code("cli/compat-argument"), help("write it as in `{example}`"))]
    Argument { text: String, what: &'static str, example: &'static str },

    #[error("`{value}` is no version of `{component}`: {problem}")]
    #[diagnostic(
        code("cli/compat-version"),
        help("versions of a component are written as its `scheme` in platform.yaml says")
    )]
    Version { value: String, component: String, problem: VersionError },

    #[error("the question is about one environment, and none is named")]
    #[diagnostic(code("cli/which-environment"), help("add `--env NAME`; known are {}", known.join(", ")))]
    WhichEnvironment { known: Vec<String> },

    #[error("`{component}` is not deployed in `{environment}`")]
    #[diagnostic(
        code("cli/compat-not-there"),
        help("declare it there in platform.yaml first: what it depends on there is written in its entry")
    )]
    NotThere { component: String, environment: String },

    #[error("nothing is asked for")]
    #[diagnostic(
        code("cli/compat-plan-what"),
        help("name what is live and what is wanted (`plan prod staging`), or add `--set NAME=VERSION`")
    )]
    PlanWhat,

    #[error("`{from}` and `{to}` are neither two environments, nor two revisions or directories")]
    #[diagnostic(
        code("cli/compat-plan-mixed"),
        help("name two environments of platform.yaml, or two revisions with `--env NAME`")
    )]
    PlanMixed { from: String, to: String },

    #[error("`{place}` has no `{path}`")]
    #[diagnostic(
        code("compat/no-platform"),
        help("name a directory or a revision of git that holds the tree")
    )]
    NoPlatform { place: String, path: String },

    #[error("no chain of dependencies leads from `{from}` to `{to}`")]
    #[diagnostic(
        code("compat/no-chain"),
        help("the answer is no; `infra compat graph --focus {from}` shows what it needs")
    )]
    NoChain { from: String, to: String },
}

/// A "no", with the rules that say so.
#[derive(Debug, Error)]
#[error("{message}")]
pub(super) struct Refusal {
    pub(super) message: String,
    pub(super) help: Option<String>,
    pub(super) rule: &'static str,
    pub(super) causes: Vec<Cause>,
}

impl Diagnostic for Refusal {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.rule))
    }

    fn severity(&self) -> Option<Severity> {
        Some(Severity::Error)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(self.causes.iter().map(|cause| cause as &dyn Diagnostic)))
    }
}
