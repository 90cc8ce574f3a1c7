//! `infra manifests`.

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum Manifests {
    /// Hold every object against the schemas and rules of the API server
    #[command(
        after_help = "Examples:\n  infra manifests validate prod\n  infra manifests validate ./deploy --kube-version 1.34"
    )]
    Validate(ManifestsValidate),
    /// Look for what is valid and yet insecure, unreliable or leads nowhere
    #[command(
        after_help = "Examples:\n  infra manifests lint prod\n  infra manifests lint --rules\n\nLevels stand under `[rules]` in infra.toml; an annotation `infra/allow.RULE: reason` waives a rule for one object."
    )]
    Lint(ManifestsLint),
}

#[derive(Debug, Args)]
pub(crate) struct ManifestsValidate {
    /// An environment's name, or a directory: a kustomization, or plain manifests
    #[arg(value_name = "ENV|DIR")]
    pub(crate) what: String,
    /// Release of Kubernetes, as 1.34 [default: that of the environment, else the newest known]
    #[arg(long, value_name = "1.MINOR")]
    pub(crate) kube_version: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ManifestsLint {
    /// An environment's name, or a directory: a kustomization, or plain manifests
    #[arg(value_name = "ENV|DIR", required_unless_present = "rules")]
    pub(crate) what: Option<String>,
    /// List the rules and apply none
    #[arg(long, conflicts_with = "what")]
    pub(crate) rules: bool,
}
