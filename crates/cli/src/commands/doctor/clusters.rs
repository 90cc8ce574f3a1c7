//! The clusters that infra.toml and platform.yaml name, and what is judged of them.

use std::collections::BTreeSet;
use std::path::PathBuf;

use platform_compat::Platform;
use platform_compat::probe::cluster::{ClusterOptions, Kubeconfigs};
use platform_compat::probe::{Finding, judge};

use super::problem::DoctorProblem;
use super::{Asking, ObservedCluster};
use crate::commands::check::workloads_of;
use crate::failure::Failure;
use crate::tree::Tree;

/// A cluster to ask.
#[derive(Debug)]
pub(super) struct Cluster {
    pub(super) environment: String,
    pub(super) options: ClusterOptions,
}

/// The clusters of one environment, or of all: those that somebody has named. Without a word of it nobody's current context is asked.
pub(super) fn of(asking: &Asking<'_>) -> Result<Vec<Cluster>, Failure> {
    if let (Some(context), None) = (asking.context, asking.environment) {
        return Err(Failure::usage(DoctorProblem::ContextOfNone { context: context.to_owned() }));
    }
    let configured = &asking.tree.configuration.environments;
    let declared = asking.platform.into_iter().flat_map(Platform::environments);
    let named = declared.filter(|one| one.context.is_some()).map(|one| one.name.value.to_string());
    let named =
        named.chain(configured.iter().filter(|(_, one)| one.cluster.is_some()).map(|(name, _)| name.clone()));
    let mut names: BTreeSet<String> =
        named.filter(|name| asking.environment.is_none_or(|wanted| wanted == *name)).collect();
    names.extend(asking.environment.filter(|_| asking.context.is_some()).map(str::to_owned));
    let cluster = |environment: String| {
        let cluster = configured.get(&environment).and_then(|one| one.cluster.as_ref());
        let declared =
            asking.platform.and_then(|platform| Some((platform, platform.environment(&environment)?)));
        let context =
            declared.and_then(|(platform, id)| platform.environments()[id.index()].context.as_ref());
        let options = ClusterOptions {
            context: asking
                .context
                .or_else(|| cluster?.context.as_deref())
                .or(context.map(|context| &*context.value))
                .map(str::to_owned),
            kubeconfig: match cluster.and_then(|one| one.kubeconfig.as_ref()) {
                Some(path) => Kubeconfigs::Named(asking.tree.path(path)),
                None => usual(),
            },
            namespaces: match declared {
                Some((platform, id)) => judge::namespaces(platform, id),
                None => BTreeSet::from([environment.clone()]),
            },
            nodes: asking.platform.is_some_and(judge::needs_kubelets),
            timeout: asking.limit,
        };
        Cluster { environment, options }
    };
    Ok(names.into_iter().map(cluster).collect())
}

/// Where `kubectl` looks.
fn usual() -> Kubeconfigs {
    let listed = std::env::var_os("KUBECONFIG").unwrap_or_default();
    let mut paths: Vec<PathBuf> =
        std::env::split_paths(&listed).filter(|path| !path.as_os_str().is_empty()).collect();
    if paths.is_empty() {
        paths.extend(std::env::home_dir().map(|home| home.join(".kube/config")));
    }
    // Both are set in every pod.
    let [host, port] =
        ["KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"].map(|name| std::env::var(name).ok());
    Kubeconfigs::Found { paths, pod: host.zip(port) }
}

impl ObservedCluster {
    /// What is wrong with it, and with what of its overlays was applied.
    pub(super) fn judge(&self, tree: &Tree, platform: Option<&Platform>) -> Vec<Finding> {
        // What does not render has findings of its own in `infra check`.
        let rendered = platform
            .filter(|_| self.seen.is_ok())
            .and_then(|platform| workloads_of(tree, platform, &self.environment));
        self.judge_declared(platform, rendered.as_deref())
    }

    /// What is wrong with it by platform.yaml, and by the workloads that were rendered if they were.
    pub(crate) fn judge_declared(
        &self,
        platform: Option<&Platform>,
        rendered: Option<&[platform_compat::Workload]>,
    ) -> Vec<Finding> {
        let facts = match &self.seen {
            Ok(facts) => facts,
            Err(error) => {
                let subject = judge::Subject {
                    environment: &self.environment,
                    fallback: "the cluster",
                    declared: None,
                };
                return vec![subject.unreachable(error)];
            }
        };
        let declared =
            platform.and_then(|platform| Some((platform, platform.environment(&self.environment)?)));
        judge::cluster(facts, &judge::Here { environment: &self.environment, declared, rendered })
    }
}
