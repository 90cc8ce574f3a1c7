//! A Kubernetes cluster: what runs in some of its namespaces, by the API server's own lists.
//!
//! Only `get` of `/version` and `list` of pods and of what makes them are asked for, and of nodes where somebody wants to know. What an account
//! may not list is [`Unseen`], and everything else is still looked at.

mod connect;
#[cfg(test)]
mod connect_tests;
mod exec;
mod http;
mod kubeconfig;
mod list;
mod object;
mod tls;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use kube::core::{ApiResource, GroupVersionKind};

use self::list::{Client, Failure};
use self::object::{Controller, Node, Release};
use super::{Error, Unseen};

pub use self::object::{Container, Pod, Workload};

/// Where a cluster is, and what of it is looked at.
#[derive(Debug, Clone)]
pub struct ClusterOptions {
    /// The context of the kubeconfig; absent: its current one, or the pod's own service account where there is no kubeconfig.
    pub context: Option<String>,
    /// Where the kubeconfig is.
    pub kubeconfig: Kubeconfigs,
    /// Namespaces that are looked at.
    pub namespaces: BTreeSet<String>,
    /// Whether the versions of nodes are asked for, which takes a right that is no namespace's.
    pub nodes: bool,
    /// How long connecting and asking may take altogether.
    pub timeout: Duration,
}

/// Which kubeconfig counts. Who calls has read the environment; here it is not looked at.
#[derive(Debug, Clone)]
pub enum Kubeconfigs {
    /// This one, which must be there.
    Named(PathBuf),
    /// All of these that are there, as one.
    Found {
        /// What `KUBECONFIG` names, else `~/.kube/config`.
        paths: Vec<PathBuf>,
        /// Host and port of the API server of the pod we are in, whose service account counts where there is none of them.
        pod: Option<(String, String)>,
    },
}

/// What a cluster said of itself.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Host and port of its API server.
    pub address: String,
    /// The API server's version as it writes it: `v1.33.4+k3s1`. Empty when it does not tell.
    pub version: String,
    /// Versions of the kubelets, each once; absent when nobody asked or nobody may know.
    pub kubelets: Option<BTreeSet<String>>,
    /// What the namespaces hold.
    pub namespaces: Vec<Namespace>,
    /// What it did not tell.
    pub unseen: Vec<Unseen>,
}

/// What a namespace holds.
#[derive(Debug, Clone, Default)]
pub struct Namespace {
    /// Its name.
    pub name: String,
    /// Its pods; absent when they may not be listed.
    pub pods: Option<Vec<Pod>>,
    /// Deployments, stateful and daemon sets; absent when one of the three may not be listed.
    pub workloads: Option<Vec<Workload>>,
}

impl Facts {
    /// A namespace that was looked at.
    pub fn namespace(&self, name: &str) -> Option<&Namespace> {
        self.namespaces.iter().find(|namespace| namespace.name == name)
    }
}

/// Asks a cluster for its facts.
///
/// # Errors
/// [`Error::Configuration`] when the kubeconfig cannot be used; [`Error::Unreachable`] also when all of it takes longer than
/// [`ClusterOptions::timeout`] or when something else answers; [`Error::Refused`] when the cluster does not know who we are.
pub async fn observe(options: &ClusterOptions) -> Result<Facts, Error> {
    let target = connect::target(options)?;
    let address = target.address();
    let late = |_| Error::Unreachable {
        address: address.clone(),
        reason: format!("no answer within {} s", options.timeout.as_secs_f64()),
    };
    let asking = async {
        let mut client = Client::new(target.connection().await?);
        ask(&mut client, options).await.map_err(|failure| failure.into_error(&address))
    };
    let facts = tokio::time::timeout(options.timeout, asking).await.map_err(late)??;
    Ok(Facts { address, ..facts })
}

/// Everything that may be seen.
async fn ask(client: &mut Client, options: &ClusterOptions) -> Result<Facts, Failure> {
    let mut facts = Facts::default();
    match client.get::<Release>("/version").await {
        Ok(release) => facts.version = release.git_version,
        // Every API server answers this one, be it with a refusal.
        Err(nonsense @ Failure::Nonsense(_)) => return Err(nonsense),
        Err(failure) => facts.unseen.push(failure.or_unseen("its version")?),
    }
    if options.nodes {
        match client.list::<Node>(&resource("", "Node"), None).await {
            Ok(nodes) => facts.kubelets = Some(nodes.into_iter().filter_map(Node::into_kubelet).collect()),
            Err(failure) => facts.unseen.push(failure.or_unseen("the versions of its nodes")?),
        }
    }
    for name in &options.namespaces {
        let namespace = namespace(client, name, &mut facts.unseen).await?;
        facts.namespaces.push(namespace);
    }
    Ok(facts)
}

/// A kind of the first version of a group; the core has no name.
fn resource(group: &str, kind: &str) -> ApiResource {
    ApiResource::from_gvk(&GroupVersionKind::gvk(group, "v1", kind))
}

async fn namespace(client: &mut Client, name: &str, unseen: &mut Vec<Unseen>) -> Result<Namespace, Failure> {
    let pods = match client.list::<object::ListedPod>(&resource("", "Pod"), Some(name)).await {
        Ok(pods) => Some(pods.into_iter().map(Pod::from).collect()),
        Err(failure) => {
            unseen.push(failure.or_unseen(format!("which pods run in namespace `{name}`"))?);
            None
        }
    };
    let mut workloads = Some(Vec::new());
    for kind in ["Deployment", "StatefulSet", "DaemonSet"] {
        match client.list::<Controller>(&resource("apps", kind), Some(name)).await {
            Ok(found) => {
                if let Some(all) = &mut workloads {
                    all.extend(found.into_iter().map(|controller| controller.into_workload(kind)));
                }
            }
            Err(failure) => {
                unseen.push(failure.or_unseen(format!("which workloads there are in namespace `{name}`"))?);
                workloads = None;
            }
        }
    }
    Ok(Namespace { name: name.to_owned(), pods, workloads })
}
