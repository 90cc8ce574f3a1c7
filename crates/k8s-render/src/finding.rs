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
        #[label(primary, "again here")]
        span: SourceSpan,
    },
    /// A file that is not UTF-8.
    #[error("the file is not UTF-8")]
    #[diagnostic(code("k8s/not-utf8"), help("save it as UTF-8"))]
    NotUtf8 {
        /// The file, with what could be read of it.
        #[source_code]
        src: Source,
        /// The first byte that is wrong.
        #[label("from here on")]
        span: SourceSpan,
    },
    /// A field that kustomizations do not have.
    #[error("there is no field `{field}` here")]
    #[diagnostic(code("k8s/unknown-field"), help("{advice}"))]
    UnknownField {
        /// The field.
        field: String,
        /// The nearest known field, or all of them.
        advice: String,
        /// The file.
        #[source_code]
        src: Source,
        /// The key.
        #[label("unknown field")]
        span: SourceSpan,
    },
    /// A field that kustomize calls deprecated.
    #[error("`{field}` is deprecated")]
    #[diagnostic(code("k8s/deprecated-field"), severity(Warning), help("use `{instead}`"))]
    Deprecated {
        /// The field.
        field: String,
        /// What takes its place.
        instead: String,
        /// The file.
        #[source_code]
        src: Source,
        /// Its value.
        #[label("deprecated")]
        span: SourceSpan,
    },
    /// A variable that no field uses.
    #[error("the variable `{name}` is used nowhere")]
    #[diagnostic(
        code("k8s/unused-variable"),
        severity(Warning),
        help("remove it, or write `$({name})` where it belongs")
    )]
    UnusedVariable {
        /// The variable.
        name: String,
        /// The kustomization.
        #[source_code]
        src: Source,
        /// The variable's name.
        #[label("defined here")]
        span: SourceSpan,
    },
    /// A kustomization that says something impossible.
    #[error("{problem}")]
    #[diagnostic(code("k8s/kustomization"), help("{advice}"))]
    Kustomization {
        /// What is wrong.
        problem: String,
        /// What to do.
        advice: String,
        /// The file.
        #[source_code]
        src: Source,
        /// The place.
        #[label("here")]
        span: SourceSpan,
    },
    /// A file or directory that cannot be read, or must not be.
    #[error("{problem}")]
    #[diagnostic(code("k8s/load"), help("{advice}"))]
    Load {
        /// What is wrong.
        problem: String,
        /// What to do.
        advice: String,
        /// The file.
        #[source_code]
        src: Source,
        /// The place.
        #[label("asked for here")]
        span: SourceSpan,
    },
    /// A document that is no Kubernetes object.
    #[error("{problem}")]
    #[diagnostic(code("k8s/not-an-object"), help("{advice}"))]
    NotAnObject {
        /// What is wrong.
        problem: String,
        /// What to do.
        advice: String,
        /// The file.
        #[source_code]
        src: Source,
        /// The place.
        #[label("here")]
        span: SourceSpan,
    },
    /// Two objects with one identity.
    #[error("{problem}")]
    #[diagnostic(code("k8s/duplicate-id"), help("{advice}"))]
    Identity {
        /// What is wrong.
        problem: String,
        /// What to do.
        advice: String,
        /// The file.
        #[source_code]
        src: Source,
        /// The place.
        #[label("this object")]
        span: SourceSpan,
    },
    /// A generator that cannot do what it is told.
    #[error("{problem}")]
    #[diagnostic(code("k8s/generator"), help("{advice}"))]
    Generator {
        /// What is wrong.
        problem: String,
        /// What to do.
        advice: String,
        /// The file.
        #[source_code]
        src: Source,
        /// The place.
        #[label("here")]
        span: SourceSpan,
    },
    /// A patch that does not fit.
    #[error("{problem}")]
    #[diagnostic(code("k8s/patch"), help("{advice}"))]
    Patch {
        /// What is wrong.
        problem: String,
        /// What to do.
        advice: String,
        /// The file.
        #[source_code]
        src: Source,
        /// The place.
        #[label("here")]
        span: SourceSpan,
    },
    /// A transformer that does not fit the objects.
    #[error("{problem}")]
    #[diagnostic(code("k8s/transformer"), help("{advice}"))]
    Transformer {
        /// What is wrong.
        problem: String,
        /// What to do.
        advice: String,
        /// The file.
        #[source_code]
        src: Source,
        /// The place.
        #[label("here")]
        span: SourceSpan,
    },
    /// A replacement that cannot be made.
    #[error("{problem}")]
    #[diagnostic(code("k8s/replacement"), help("{advice}"))]
    Replacement {
        /// What is wrong.
        problem: String,
        /// What to do.
        advice: String,
        /// The file.
        #[source_code]
        src: Source,
        /// The place.
        #[label("here")]
        span: SourceSpan,
    },
    /// A reference that may mean several objects.
    #[error("{problem}")]
    #[diagnostic(code("k8s/ambiguous-reference"), help("{advice}"))]
    Reference {
        /// What is wrong.
        problem: String,
        /// What to do.
        advice: String,
        /// The file.
        #[source_code]
        src: Source,
        /// The place.
        #[label("here")]
        span: SourceSpan,
    },
    /// A variable that has no value.
    #[error("{problem}")]
    #[diagnostic(code("k8s/variable"), help("{advice}"))]
    Variable {
        /// What is wrong.
        problem: String,
        /// What to do.
        advice: String,
        /// The file.
        #[source_code]
        src: Source,
        /// The place.
        #[label("here")]
        span: SourceSpan,
    },
    /// Something that needs a network or another program.
    #[error("{problem}")]
    #[diagnostic(code("k8s/unsupported"), help("{advice}"))]
    Unsupported {
        /// What is wrong.
        problem: String,
        /// What to do.
        advice: String,
        /// The file.
        #[source_code]
        src: Source,
        /// The place.
        #[label("asked for here")]
        span: SourceSpan,
    },
}

impl Finding {
    /// Whether the render cannot be used.
    pub fn is_error(&self) -> bool {
        self.severity().unwrap_or(miette::Severity::Error) == miette::Severity::Error
    }
}
