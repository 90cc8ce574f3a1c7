//! The few fields of the API's objects that are looked at. Everything else is passed over without being kept.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

/// Labels by key.
type Labels = BTreeMap<String, String>;

/// A pod.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pod {
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: Labels,
    /// Kind and name of what made it: its `Deployment`, not the replica set between. Its own where nothing did.
    pub owner: (String, String),
    /// `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`.
    pub phase: String,
    /// Whether it takes traffic.
    pub ready: bool,
    /// Whether it is being ended.
    pub ending: bool,
    /// Its containers without those that only start it.
    pub containers: Vec<Container>,
}

impl Pod {
    /// Whether it runs or is about to: not one that has done its work or goes.
    pub fn lives(&self) -> bool {
        !self.ending && !matches!(&*self.phase, "Succeeded" | "Failed")
    }

    /// Why containers wait, such as `CrashLoopBackOff`.
    pub fn waits_for(&self) -> impl Iterator<Item = &str> {
        self.containers.iter().filter_map(|container| container.waiting.as_deref())
    }
}

/// A container of a pod.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Container {
    /// Its name.
    pub name: String,
    /// The image it was asked to run, `REPOSITORY[:TAG][@DIGEST]`.
    pub image: String,
    /// `sha256:…` of the image that it does run; absent before it has started, and where the node loaded the image from a file.
    pub digest: Option<String>,
    /// Why it does not run.
    pub waiting: Option<String>,
}

/// What makes pods.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Workload {
    /// `Deployment`, `StatefulSet` or `DaemonSet`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// Labels of its pods.
    pub labels: Labels,
    /// Images of its pods' containers, with those that only start them.
    pub images: Vec<String>,
    /// How many pods it shall have; absent for a daemon set, which has one a node.
    pub wanted: Option<u64>,
}

/// `null` as what is absent: Go writes empty lists and maps so.
fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(from: D) -> Result<T, D::Error> {
    Option::deserialize(from).map(Option::unwrap_or_default)
}

/// The answer of `/version`.
#[derive(Deserialize)]
pub(super) struct Release {
    #[serde(rename = "gitVersion")]
    pub(super) git_version: String,
}

/// An answer with some of the objects.
#[derive(Deserialize)]
pub(super) struct List<T> {
    /// `PodList` and the like, by which an answer is known to be one.
    pub(super) kind: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) metadata: ListMetadata,
    pub(super) items: Option<Vec<T>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ListMetadata {
    /// What to ask for the rest with; empty at the end.
    #[serde(rename = "continue", deserialize_with = "or_default")]
    pub(super) rest: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Metadata {
    name: String,
    #[serde(deserialize_with = "or_default")]
    labels: Labels,
    #[serde(deserialize_with = "or_default")]
    owner_references: Vec<Owner>,
    deletion_timestamp: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Owner {
    kind: String,
    name: String,
    controller: bool,
}

/// A node.
#[derive(Deserialize)]
pub(super) struct Node {
    #[serde(default)]
    status: NodeStatus,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct NodeStatus {
    node_info: NodeInfo,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct NodeInfo {
    kubelet_version: String,
}

impl Node {
    /// The version of its kubelet; none for a node that has not reported yet.
    pub(super) fn into_kubelet(self) -> Option<String> {
        Some(self.status.node_info.kubelet_version).filter(|version| !version.is_empty())
    }
}

/// A pod as the API writes it.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ListedPod {
    metadata: Metadata,
    spec: PodSpec,
    status: PodStatus,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PodSpec {
    #[serde(deserialize_with = "or_default")]
    containers: Vec<ContainerSpec>,
    #[serde(deserialize_with = "or_default")]
    init_containers: Vec<ContainerSpec>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ContainerSpec {
    name: String,
    image: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PodStatus {
    phase: String,
    #[serde(deserialize_with = "or_default")]
    conditions: Vec<PodCondition>,
    #[serde(deserialize_with = "or_default")]
    container_statuses: Vec<ContainerStatus>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PodCondition {
    #[serde(rename = "type")]
    kind: String,
    status: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ContainerStatus {
    name: String,
    #[serde(rename = "imageID")]
    image: String,
    state: ContainerState,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ContainerState {
    waiting: Option<Waiting>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Waiting {
    reason: String,
}

impl From<ListedPod> for Pod {
    fn from(ListedPod { metadata, spec, status }: ListedPod) -> Self {
        let statuses = status.container_statuses;
        let container = |of: ContainerSpec| {
            let status = statuses.iter().find(|status| status.name == of.name);
            // Without a repository before it, it is the node's own number for the image.
            let digest = status.and_then(|status| Some(status.image.split_once('@')?.1.to_owned()));
            let waiting = status.and_then(|status| Some(status.state.waiting.as_ref()?.reason.clone()));
            Container { name: of.name, image: of.image, digest, waiting }
        };
        Self {
            owner: owner(&metadata),
            ready: status.conditions.iter().any(|one| one.kind == "Ready" && one.status == "True"),
            ending: metadata.deletion_timestamp.is_some(),
            phase: status.phase,
            containers: spec.containers.into_iter().map(container).collect(),
            name: metadata.name,
            labels: metadata.labels,
        }
    }
}

fn owner(of: &Metadata) -> (String, String) {
    let Some(owner) = of.owner_references.iter().find(|owner| owner.controller) else {
        return ("Pod".to_owned(), of.name.clone());
    };
    // A replica set has the name of its Deployment and the hash that its pods carry as a label.
    let deployment = of
        .labels
        .get("pod-template-hash")
        .filter(|_| owner.kind == "ReplicaSet")
        .and_then(|hash| owner.name.strip_suffix(hash.as_str())?.strip_suffix('-'));
    match deployment {
        Some(name) => ("Deployment".to_owned(), name.to_owned()),
        None => (owner.kind.clone(), owner.name.clone()),
    }
}

/// What makes pods, as the API writes it.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Controller {
    metadata: Metadata,
    spec: ControllerSpec,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ControllerSpec {
    replicas: Option<u64>,
    template: Template,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Template {
    metadata: Metadata,
    spec: PodSpec,
}

impl Controller {
    pub(super) fn into_workload(self, kind: &'static str) -> Workload {
        let Template { metadata, spec } = self.spec.template;
        let containers = spec.containers.into_iter().chain(spec.init_containers);
        Workload {
            kind,
            name: self.metadata.name,
            labels: metadata.labels,
            images: containers.map(|container| container.image).collect(),
            wanted: self.spec.replicas,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(json: &str) -> Pod {
        serde_json::from_str::<ListedPod>(json).unwrap().into()
    }

    #[test]
    fn a_pod_is_its_deployments() {
        let found = pod(
            r#"{"metadata": {"name": "web-7d-x", "labels": {"app": "web", "pod-template-hash": "7d"},
            "ownerReferences": [{"kind": "Other", "name": "o"}, {"kind": "ReplicaSet", "name": "web-7d", "controller": true}]},
            "spec": {"containers": [{"name": "app", "image": "shop/web:1.2", "env": [{"name": "A"}]}], "initContainers": null},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [{"name": "app", "imageID": "registry.example/shop/web@sha256:aa", "state": {"running": {}}}]}}"#,
        );
        assert_eq!(found.owner, ("Deployment".to_owned(), "web".to_owned()));
        assert!(found.ready && found.lives());
        let container = &found.containers[0];
        assert_eq!((&*container.image, container.digest.as_deref()), ("shop/web:1.2", Some("sha256:aa")));
    }

    #[test]
    fn a_pod_that_waits_ends_or_has_ended_says_so() {
        let waits = pod(
            r#"{"metadata": {"name": "a", "labels": null}, "spec": {"containers": [{"name": "app", "image": "x"}]},
            "status": {"phase": "Pending", "conditions": null, "containerStatuses": [{"name": "app", "imageID": "sha256:bb",
            "state": {"waiting": {"reason": "ImagePullBackOff"}}}]}}"#,
        );
        assert_eq!(waits.waits_for().collect::<Vec<_>>(), ["ImagePullBackOff"]);
        assert!(waits.lives() && !waits.ready && waits.containers[0].digest.is_none());
        assert_eq!(waits.owner, ("Pod".to_owned(), "a".to_owned()));
        assert!(!pod(r#"{"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}, "status": {"phase": "Running"}}"#).lives());
        assert!(!pod(r#"{"status": {"phase": "Succeeded"}}"#).lives());
    }

    #[test]
    fn a_replica_set_of_its_own_is_no_deployment() {
        let found = pod(
            r#"{"metadata": {"name": "x", "ownerReferences": [{"kind": "ReplicaSet", "name": "old", "controller": true}]}}"#,
        );
        assert_eq!(found.owner, ("ReplicaSet".to_owned(), "old".to_owned()));
    }
}
