//! What can be wrong with manifests and kustomizations, one variant per rule.

use std::sync::Arc;

use miette::{Diagnostic, NamedSource, SourceSpan};
use thiserror::Error;

/// A text with the name under which a user knows it.
pub type Source = NamedSource<Arc<str>>;

/// A problem with a place, a severity and advice.
#[derive(Debug, Clone, Error, Diagnostic)]
#[non_exhaustive]
pub enum Finding {
    /// The text is not YAML.
    #[error("{problem}")]
    #[diagnostic(
        code("k8s/yaml-syntax"),
        help("correct the YAML here; everything after this place was not read")
    )]
    YamlSyntax {
        /// What the parser did not expect.
        problem: String,
        /// The file.
        #[source_code]
        src: Source,
        /// The place.
        #[label("here")]
        span: SourceSpan,
    },
    /// Aliases that grow or nest beyond the bounds.
    #[error("{problem}")]
    #[diagnostic(code("k8s/yaml-limit"), help("write the values out, or use fewer aliases"))]
    YamlLimit {
        /// Which bound was passed.
        problem: String,
        /// The file.
        #[source_code]
        src: Source,
        /// The alias.
        #[label("this alias")]
        span: SourceSpan,
    },
    /// A key that is not text.
    #[error("a key must be text, but here it is {what}")]
    #[diagnostic(code("k8s/key-not-text"), help("put the key in quotes"))]
    KeyNotText {
        /// What stands in its place.
        what: String,
        /// The file.
        #[source_code]
        src: Source,
        /// The key.
        #[label("this key")]
        span: SourceSpan,
    },
    /// One key twice in one map.
    #[error("the key `{key}` stands twice in one map")]
    #[diagnostic(code("k8s/duplicate-key"), help("keep one of the two"))]
    DuplicateKey {
        /// The key.
        key: String,
        /// The file.
        #[source_code]
        src: Source,
        /// Its first place.
        #[label("first here")]
        first: SourceSpan,
        /// Its second place.
        #[label("again here")]
        span: SourceSpan,
    },
}
