//! NetworkPolicies from declared edges: the least that allow exactly what a platform declares.
//!
//! Per namespace one policy denies whatever the environment wants declared, and one allows the name service; per
//! component one policy holds its edges, one rule for each set of ports. That is the least number of rules that lists
//! peers exactly: broader selectors would save lines and allow more than was declared.

mod manifest;
mod plan;

use std::sync::Arc;

use miette::{Diagnostic, SourceSpan};

use crate::{model::EnvironmentId, place::Source, platform::Platform};

/// A file to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its name, without a directory.
    pub name: String,
    /// Its content.
    pub text: String,
}

/// Policies, with what could not be expressed.
#[derive(Debug, Clone, Default)]
pub struct Synthesis {
    /// The policies by name of file, then `kustomization.yaml`, which lists them.
    pub files: Vec<File>,
    /// Declared traffic that no policy of this kind can allow.
    pub findings: Vec<Finding>,
}

/// Declared traffic that a NetworkPolicy cannot allow.
#[derive(Debug, Clone, thiserror::Error, Diagnostic)]
#[non_exhaustive]
pub enum Finding {
    /// Only a host name is known, and policies know addresses.
    #[error(
        "`{consumer}` may reach `{target}` by name only, and a NetworkPolicy knows addresses: it stays denied"
    )]
    #[diagnostic(
        code("network/fqdn-not-enforceable"),
        severity(Warning),
        help("declare its `cidrs`, or make a proxy a component and depend on that")
    )]
    FqdnNotEnforceable {
        /// Who connects.
        consumer: Arc<str>,
        /// The name of the other side.
        target: Arc<str>,
        /// The file.
        #[source_code]
        src: Source,
        /// Where it is declared.
        #[label("declared here")]
        span: SourceSpan,
    },
}

/// Writes the policies of an environment. The same platform gives the same bytes.
pub fn synthesise(platform: &Platform, environment: EnvironmentId) -> Synthesis {
    let (policies, findings) = plan::plan(platform, environment);
    let name = &platform.environments()[environment.index()].name.value;
    Synthesis { files: manifest::files(&policies, name), findings }
}

#[cfg(test)]
mod tests;
