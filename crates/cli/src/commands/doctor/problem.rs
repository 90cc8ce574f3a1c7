//! What makes it impossible to ask.

use miette::Diagnostic;
use thiserror::Error;

/// Configuration that names no server, or one that cannot be told apart.
#[derive(Debug, Error, Diagnostic)]
pub(super) enum DoctorProblem {
    #[error("infra.toml has no connections{}", of.as_ref().map(|name| format!(" of `{name}`")).unwrap_or_default())]
    #[diagnostic(
        code("doctor/no-connections"),
        help(
            "add [environments.NAME.mysql] or [environments.NAME.redis] with the `url` of a server, or [environments.NAME.cluster] with the `context` of a kubeconfig"
        )
    )]
    NoConnections { of: Option<String> },

    #[error("platform.yaml has no component `{name}`, which infra.toml names for `{environment}`")]
    #[diagnostic(code("doctor/unknown-component"), help("{help}"))]
    UnknownComponent { name: String, environment: String, help: String },

    #[error("which of {} is the server at {address} of `{environment}`?", names.join(", "))]
    #[diagnostic(
        code("doctor/which-component"),
        help("write `component = \"…\"` beside its `url` in infra.toml")
    )]
    WhichComponent { names: Vec<String>, address: String, environment: String },

    #[error("the `url` of a server of `{environment}` in infra.toml cannot be used: {reason}")]
    #[diagnostic(
        code("doctor/url"),
        help("write redis://USER@HOST:PORT/DATABASE, or rediss:// for TLS; the password goes elsewhere")
    )]
    Url { environment: String, reason: String },

    #[error("`--context {context}` is the cluster of one environment, and none is named")]
    #[diagnostic(
        code("doctor/context"),
        help("name the environment too, or give each its `context` in infra.toml")
    )]
    ContextOfNone { context: String },
}
