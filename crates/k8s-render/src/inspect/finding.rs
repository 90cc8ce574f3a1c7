//! What the checks over one render can find.

use miette::{Diagnostic, SourceSpan};
use thiserror::Error;

use crate::finding::Source;

/// A problem of a render, at the place that made it.
#[derive(Debug, Clone, Error, Diagnostic)]
#[non_exhaustive]
pub enum Finding {
    /// Two objects of a render have the same group, kind, namespace and name.
    #[error("{object} is rendered twice")]
    #[diagnostic(
        code("k8s/duplicate-object"),
        severity(Error),
        help("only one of them can exist in the cluster: rename one, or remove it")
    )]
    DuplicateObject {
        /// Kind, namespace and name.
        object: String,
        /// The file of the later object.
        #[source_code]
        src: Source,
        /// The later object.
        #[label("rendered again here")]
        span: SourceSpan,
        /// The earlier object.
        #[related]
        first: Vec<Finding>,
    },

    /// The earlier of two equal objects.
    #[error("{object} was first rendered here")]
    #[diagnostic(code("k8s/duplicate-object"), severity(Advice))]
    FirstObject {
        /// Kind, namespace and name.
        object: String,
        /// The file of the earlier object.
        #[source_code]
        src: Source,
        /// The earlier object.
        #[label("first rendered here")]
        span: SourceSpan,
    },

    /// A Service has a selector that no rendered pod has.
    #[error("{service} selects no pod")]
    #[diagnostic(
        code("k8s/service-selects-nothing"),
        severity(Error),
        help("give the selector labels that the pod template of a workload in namespace `{namespace}` has")
    )]
    ServiceSelectsNothing {
        /// Kind, namespace and name.
        service: String,
        /// Its namespace.
        namespace: String,
        /// The file.
        #[source_code]
        src: Source,
        /// The selector.
        #[label("no workload of the namespace has these labels")]
        span: SourceSpan,
    },

    /// A Service leads to a port that no selected container declares.
    #[error(
        "{service} leads to container port `{target}` ({protocol}), which no selected container declares"
    )]
    #[diagnostic(
        code("k8s/service-port-unknown"),
        severity(Error),
        help(
            "the selected containers declare {declared}: use one of them as `targetPort`, or declare this port"
        )
    )]
    ServicePortUnknown {
        /// Kind, namespace and name.
        service: String,
        /// The target port as written.
        target: String,
        /// The protocol.
        protocol: &'static str,
        /// The ports that the containers do declare.
        declared: String,
        /// The file.
        #[source_code]
        src: Source,
        /// The target port.
        #[label("no container port of that number or name")]
        span: SourceSpan,
    },

    /// A ConfigMap is larger than the API server accepts.
    #[error("{object} holds {size} bytes, more than the limit of {limit}")]
    #[diagnostic(
        code("k8s/configmap-too-large"),
        severity(Error),
        help("split it: a projected volume can join several ConfigMaps in one directory")
    )]
    ConfigMapTooLarge {
        /// Kind, namespace and name.
        object: String,
        /// Bytes of its values.
        size: usize,
        /// Bytes that are accepted.
        limit: usize,
        /// The file.
        #[source_code]
        src: Source,
        /// The object.
        #[label("the API server refuses this object")]
        span: SourceSpan,
    },

    /// A Secret is larger than the API server accepts.
    #[error("{object} holds {size} bytes, more than the limit of {limit}")]
    #[diagnostic(code("k8s/secret-too-large"), severity(Error), help("split it into several Secrets"))]
    SecretTooLarge {
        /// Kind, namespace and name.
        object: String,
        /// Bytes of its values.
        size: usize,
        /// Bytes that are accepted.
        limit: usize,
        /// The file.
        #[source_code]
        src: Source,
        /// The object.
        #[label("the API server refuses this object")]
        span: SourceSpan,
    },

    /// A pod needs a ConfigMap that the render does not contain.
    #[error("{workload} needs ConfigMap `{name}`, which is not rendered in its namespace")]
    #[diagnostic(code("k8s/missing-configmap"), severity(Error), help("{help}"))]
    MissingConfigMap {
        /// Kind, namespace and name of the workload.
        workload: String,
        /// The ConfigMap.
        name: String,
        /// What to do, with the nearest name when there is one.
        help: String,
        /// The file.
        #[source_code]
        src: Source,
        /// The reference.
        #[label("its pods will not start")]
        span: SourceSpan,
    },

    /// A pod needs a key that the rendered ConfigMap does not have.
    #[error("{workload} needs key `{key}` of ConfigMap `{name}`, which does not have it")]
    #[diagnostic(code("k8s/missing-configmap-key"), severity(Error), help("the ConfigMap has {known}"))]
    MissingConfigMapKey {
        /// Kind, namespace and name of the workload.
        workload: String,
        /// The ConfigMap.
        name: String,
        /// The key.
        key: String,
        /// The keys that exist.
        known: String,
        /// The file.
        #[source_code]
        src: Source,
        /// The reference.
        #[label("no such key")]
        span: SourceSpan,
    },

    /// A pod needs a key that the rendered Secret does not have.
    #[error("{workload} needs key `{key}` of Secret `{name}`, which does not have it")]
    #[diagnostic(code("k8s/missing-secret-key"), severity(Error), help("the Secret has {known}"))]
    MissingSecretKey {
        /// Kind, namespace and name of the workload.
        workload: String,
        /// The Secret.
        name: String,
        /// The key.
        key: String,
        /// The keys that exist.
        known: String,
        /// The file.
        #[source_code]
        src: Source,
        /// The reference.
        #[label("no such key")]
        span: SourceSpan,
    },

    /// A pod of a namespace that enforces the restricted profile violates it.
    #[error("{workload} violates the Pod Security profile `restricted`: {violation}")]
    #[diagnostic(
        code("k8s/not-restricted"),
        severity(Error),
        help("{help}; namespace `{namespace}` enforces the profile, so the pods would be refused")
    )]
    NotRestricted {
        /// Kind, namespace and name of the workload.
        workload: String,
        /// Its namespace.
        namespace: String,
        /// What the profile forbids.
        violation: String,
        /// What to write.
        help: String,
        /// The file.
        #[source_code]
        src: Source,
        /// The value, or what lacks it.
        #[label("not allowed by `restricted`")]
        span: SourceSpan,
    },

    /// A container without requests or without a memory limit.
    #[error("container `{container}` of {workload} sets no {missing}")]
    #[diagnostic(
        code("k8s/no-resources"),
        severity(Warning),
        help("set `resources.requests` for cpu and memory and `resources.limits` for memory")
    )]
    NoResources {
        /// Kind, namespace and name of the workload.
        workload: String,
        /// The container.
        container: String,
        /// What is missing.
        missing: String,
        /// The file.
        #[source_code]
        src: Source,
        /// The container.
        #[label("the scheduler and the kubelet cannot plan for this container")]
        span: SourceSpan,
    },

    /// A container that serves for ever and is never probed.
    #[error("container `{container}` of {workload} has no probe")]
    #[diagnostic(
        code("k8s/no-probe"),
        severity(Warning),
        help("add a `readinessProbe`, so that traffic waits until the container can serve it")
    )]
    NoProbe {
        /// Kind, namespace and name of the workload.
        workload: String,
        /// The container.
        container: String,
        /// The file.
        #[source_code]
        src: Source,
        /// The container.
        #[label("counts as ready the moment it starts")]
        span: SourceSpan,
    },

    /// An image that may be another one tomorrow.
    #[error("container `{container}` of {workload} runs `{image}`, whose content is not fixed")]
    #[diagnostic(
        code("k8s/latest-tag"),
        severity(Error),
        help("name a version as the tag, or pin the digest (`{repository}@sha256:…`)")
    )]
    LatestTag {
        /// Kind, namespace and name of the workload.
        workload: String,
        /// The container.
        container: String,
        /// The image as written.
        image: String,
        /// The image without its tag.
        repository: String,
        /// The file.
        #[source_code]
        src: Source,
        /// The image.
        #[label("no tag, or `latest`")]
        span: SourceSpan,
    },
}
