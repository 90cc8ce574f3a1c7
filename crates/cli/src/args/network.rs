//! `infra network`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
pub(crate) enum Network {
    /// Prove that the rendered policies allow exactly the edges declared in platform.yaml
    #[command(after_help = "Examples:\n  infra network check\n  infra network check prod --format json")]
    Check {
        /// An environment's name [default: `--env`, else every environment]
        #[arg(value_name = "ENV")]
        environment: Option<String>,
    },
    /// List every allowed connection, in the shapes of netpol-analyzer
    #[command(
        after_help = "Formats: txt (default), csv, md, json, dot, mermaid\n\nExamples:\n  infra network graph prod --format md\n  infra network graph manifests/ --focus-workload api --focus-direction ingress --format dot"
    )]
    Graph(NetworkGraph),
    /// List the connections that two sets of manifests do not allow alike
    #[command(
        after_help = "Formats: txt (default), csv, md, json, dot, mermaid\n\nExample:\n  infra network diff staging prod --format md"
    )]
    Diff(NetworkDiff),
    /// Tell why a connection is allowed or denied, by the policies responsible; exit code 1 when it is denied
    #[command(
        after_help = "Examples:\n  infra network explain gateway orders:8080 prod\n  infra network explain shop/api 203.0.113.7:443/TCP manifests/"
    )]
    Explain(NetworkExplain),
    /// Write the least NetworkPolicies that allow exactly the edges declared in platform.yaml
    #[command(after_help = "Example:\n  infra network synth prod -o infra/shared/k8s/overlays/prod/policies")]
    Synth(NetworkSynth),
}

/// How pods with `hostNetwork: true` are treated; the API leaves it to the network plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum HostNetwork {
    /// As other pods, which netpol-analyzer does
    Pod,
    /// As addresses of their node, which most plugins do
    Node,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FocusDirection {
    Ingress,
    Egress,
}

#[derive(Debug, Args)]
pub(crate) struct NetworkGraph {
    /// An environment's name, a kustomization, or a file or directory of plain manifests
    #[arg(value_name = "ENV|DIR")]
    pub(crate) what: String,
    /// Only connections of these workloads: NAME or NAMESPACE/NAME, or `ingress-controller`
    #[arg(long, alias = "focusworkload", value_name = "NAME", value_delimiter = ',')]
    pub(crate) focus_workload: Vec<String>,
    /// Only connections of the workloads in focus with these
    #[arg(
        long,
        alias = "focusworkload-peer",
        value_name = "NAME",
        value_delimiter = ',',
        requires = "focus_workload"
    )]
    pub(crate) focus_workload_peer: Vec<String>,
    /// Only connections to (ingress) or from (egress) the workloads in focus
    #[arg(long, value_enum, requires = "focus_workload")]
    pub(crate) focus_direction: Option<FocusDirection>,
    /// Only connections on one port: `tcp-8080`
    #[arg(long, value_name = "PROTOCOL-PORT")]
    pub(crate) focus_conn: Option<String>,
    /// How pods on the network of their node are treated
    #[arg(long, value_enum, default_value_t = HostNetwork::Pod)]
    pub(crate) host_network: HostNetwork,
    /// Also addresses of IPv6
    #[arg(long)]
    pub(crate) ipv6: bool,
}

#[derive(Debug, Args)]
pub(crate) struct NetworkDiff {
    /// Before: an environment's name, a kustomization, or a file or directory of plain manifests
    #[arg(value_name = "ENV|DIR")]
    pub(crate) before: String,
    /// After: the same
    #[arg(value_name = "ENV|DIR")]
    pub(crate) after: String,
    /// How pods on the network of their node are treated
    #[arg(long, value_enum, default_value_t = HostNetwork::Pod)]
    pub(crate) host_network: HostNetwork,
    /// Also addresses of IPv6
    #[arg(long)]
    pub(crate) ipv6: bool,
    /// Exit with 1 when there is a difference
    #[arg(long)]
    pub(crate) exit_code: bool,
}

#[derive(Debug, Args)]
pub(crate) struct NetworkExplain {
    /// Who connects: NAME, NAMESPACE/NAME or an address
    #[arg(value_name = "SRC")]
    pub(crate) source: String,
    /// To whom: the same, with a port: DST:PORT or DST:PORT/PROTOCOL [default: the ports that the pods declare]
    #[arg(value_name = "DST[:PORT]")]
    pub(crate) destination: String,
    /// An environment's name, a kustomization, or a file or directory of plain manifests [default: `--env`]
    #[arg(value_name = "ENV|DIR")]
    pub(crate) what: Option<String>,
    /// How pods on the network of their node are treated
    #[arg(long, value_enum, default_value_t = HostNetwork::Node)]
    pub(crate) host_network: HostNetwork,
}

#[derive(Debug, Args)]
pub(crate) struct NetworkSynth {
    /// An environment's name [default: `--env`]
    #[arg(value_name = "ENV")]
    pub(crate) environment: Option<String>,
    /// Write one file a component and a kustomization.yaml there, instead of one stream to standard output
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
}
