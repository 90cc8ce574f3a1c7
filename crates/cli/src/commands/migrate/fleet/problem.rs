//! What keeps a fleet from being gone through at all.

use std::path::PathBuf;

use miette::{Diagnostic, Severity};
use migrate_core::fleet::Finding;
use thiserror::Error;

use crate::finding::BoxedFinding;

#[derive(Debug, Error, Diagnostic)]
pub(super) enum Problem {
    #[error("nothing was begun: {} in the list of databases must be corrected first", crate::ui::count(*count, "problem"))]
    #[diagnostic(code("fleet/list"))]
    List {
        count: usize,
        #[related]
        findings: Vec<Finding>,
    },

    #[error("nothing was begun: {} of `{}` cannot be the result of a fleet", crate::ui::count(*count, "line"), path.display())]
    #[diagnostic(code("fleet/results"))]
    Results {
        path: PathBuf,
        count: usize,
        #[related]
        findings: Vec<Finding>,
    },

    #[error("another run writes its results to `{}`", path.display())]
    #[diagnostic(code("fleet/results-in-use"), help("wait for it, or name another file"))]
    InUse { path: PathBuf },

    #[error("the canary {target} was not migrated within {seconds} s: {seen}")]
    #[diagnostic(
        code("fleet/canary-timeout"),
        help(
            "another part of the fleet migrates it; look at what became of that, or wait longer with `--canary-timeout`"
        )
    )]
    Canary { target: String, seconds: u64, seen: String },

    #[error("a URL holds a password, which the ConfigMap of a Job would show")]
    #[diagnostic(
        code("fleet/secret"),
        help("leave it out; the Job takes the password from the Secret `mysql-migrator`")
    )]
    Secret,

    #[error("the list of databases has {bytes} bytes, and a ConfigMap at most {limit}")]
    #[diagnostic(code("fleet/size"), help("divide the list, and render a Job for each part"))]
    Size { bytes: usize, limit: usize },

    #[error("`{row}` cannot be a line of the Job's list")]
    #[diagnostic(code("fleet/row"), help("let the query give names without blanks, or URLs"))]
    Row { row: String },
}

/// The first of many findings, and how many there are: a wrong file has as many as it has lines.
pub(super) fn first_of(mut findings: Vec<Finding>) -> (usize, Vec<Finding>) {
    const SHOWN: usize = 50;
    let count = findings.len();
    findings.truncate(SHOWN);
    (count, findings)
}

/// What went wrong with one database of many.
#[derive(Debug)]
pub(super) struct OfTarget {
    pub(super) target: String,
    pub(super) diagnostic: BoxedFinding,
}

impl std::fmt::Display for OfTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.target, self.diagnostic)
    }
}

impl std::error::Error for OfTarget {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.diagnostic.source()
    }
}

impl Diagnostic for OfTarget {
    fn code<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        self.diagnostic.code()
    }
    fn severity(&self) -> Option<Severity> {
        self.diagnostic.severity()
    }
    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        self.diagnostic.help()
    }
    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        self.diagnostic.source_code()
    }
    fn labels(&self) -> Option<Box<dyn Iterator<Item = miette::LabeledSpan> + '_>> {
        self.diagnostic.labels()
    }
    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        self.diagnostic.related()
    }
}
