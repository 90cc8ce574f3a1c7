//! What can be wrong with network policies, and where they differ from what is declared.

use miette::{Diagnostic, SourceSpan};
use thiserror::Error;

use crate::finding::Source;

/// A problem of a policy, or a difference between the allowed and the declared connections.
#[derive(Debug, Clone, Error, Diagnostic)]
#[non_exhaustive]
pub enum Finding {
    /// A field of a policy has the wrong shape.
    #[error("NetworkPolicy `{policy}`: `{field}` must be {expected}")]
    #[diagnostic(
        code("network/invalid-field"),
        severity(Error),
        help("the API server refuses the policy as it is")
    )]
    InvalidField {
        /// Namespace and name of the policy.
        policy: String,
        /// The field.
        field: String,
        /// What belongs there.
        expected: &'static str,
        /// The file.
        #[source_code]
        src: Source,
        /// The value.
        #[label("not {expected}")]
        span: SourceSpan,
    },

    /// A field that policies do not have; a misspelt `from` or `ports` would allow everything.
    #[error("NetworkPolicy `{policy}`: `{field}` is not a field of {parent}")]
    #[diagnostic(
        code("network/unknown-field"),
        severity(Error),
        help("the fields are {known}; a misspelt one is ignored, which can open the rule to everybody")
    )]
    UnknownField {
        /// Namespace and name of the policy.
        policy: String,
        /// The unknown key.
        field: String,
        /// What it stands in.
        parent: &'static str,
        /// The keys that exist.
        known: String,
        /// The file.
        #[source_code]
        src: Source,
        /// The value of the key.
        #[label("value of an unknown field")]
        span: SourceSpan,
    },

    /// A port entry of a rule is not one.
    #[error("NetworkPolicy `{policy}`: {problem}")]
    #[diagnostic(code("network/invalid-port"), severity(Error), help("{help}"))]
    InvalidPort {
        /// Namespace and name of the policy.
        policy: String,
        /// What is wrong.
        problem: String,
        /// What to write instead.
        help: &'static str,
        /// The file.
        #[source_code]
        src: Source,
        /// The value.
        #[label("allows nothing as it stands")]
        span: SourceSpan,
    },

    /// A CIDR that cannot be read, or an exception outside its block.
    #[error("NetworkPolicy `{policy}`: `{cidr}` {problem}")]
    #[diagnostic(code("network/invalid-cidr"), severity(Error), help("{help}"))]
    InvalidCidr {
        /// Namespace and name of the policy.
        policy: String,
        /// The text.
        cidr: String,
        /// What is wrong with it.
        problem: String,
        /// What to write instead.
        help: &'static str,
        /// The file.
        #[source_code]
        src: Source,
        /// The text.
        #[label("not a usable block")]
        span: SourceSpan,
    },

    /// A CIDR that newer servers warn of.
    #[error("NetworkPolicy `{policy}`: `{cidr}` is written in a form that newer API servers warn of")]
    #[diagnostic(code("network/legacy-cidr"), severity(Warning), help("write it as `{plain}`"))]
    LegacyCidr {
        /// Namespace and name of the policy.
        policy: String,
        /// The text.
        cidr: String,
        /// The same block in its plain form.
        plain: String,
        /// The file.
        #[source_code]
        src: Source,
        /// The text.
        #[label("leading zeros, or bits set beyond the prefix")]
        span: SourceSpan,
    },

    /// A peer of a rule is empty or contradicts itself.
    #[error("NetworkPolicy `{policy}`: {problem}")]
    #[diagnostic(code("network/invalid-peer"), severity(Error), help("{help}"))]
    InvalidPeer {
        /// Namespace and name of the policy.
        policy: String,
        /// What is wrong.
        problem: &'static str,
        /// What to write instead.
        help: &'static str,
        /// The file.
        #[source_code]
        src: Source,
        /// The peer.
        #[label("matches nobody as it stands")]
        span: SourceSpan,
    },

    /// A label selector that the API server refuses.
    #[error("NetworkPolicy `{policy}`: {problem}")]
    #[diagnostic(code("network/invalid-selector"), severity(Error), help("{help}"))]
    InvalidSelector {
        /// Namespace and name of the policy.
        policy: String,
        /// What is wrong.
        problem: String,
        /// What to write instead.
        help: &'static str,
        /// The file.
        #[source_code]
        src: Source,
        /// The part of the selector.
        #[label("selects nothing as it stands")]
        span: SourceSpan,
    },

    /// An entry of `policyTypes` that is neither of the two.
    #[error("NetworkPolicy `{policy}`: `{text}` is no policy type")]
    #[diagnostic(
        code("network/unknown-policy-type"),
        severity(Error),
        help("the types are `Ingress` and `Egress`")
    )]
    UnknownPolicyType {
        /// Namespace and name of the policy.
        policy: String,
        /// The entry.
        text: String,
        /// The file.
        #[source_code]
        src: Source,
        /// The entry.
        #[label("neither `Ingress` nor `Egress`")]
        span: SourceSpan,
    },

    /// `from: []` or `to: []`, which means everybody and not nobody.
    #[error("NetworkPolicy `{policy}`: an empty `{field}` allows everybody")]
    #[diagnostic(
        code("network/empty-peers"),
        severity(Warning),
        help("to allow nobody remove the whole rule; to allow everybody remove `{field}`")
    )]
    EmptyPeers {
        /// Namespace and name of the policy.
        policy: String,
        /// `from` or `to`.
        field: &'static str,
        /// The file.
        #[source_code]
        src: Source,
        /// The empty list.
        #[label("means every peer, inside and outside the cluster")]
        span: SourceSpan,
    },

    /// Rules of a direction that `policyTypes` leaves out.
    #[error("NetworkPolicy `{policy}`: its {direction} rules are ignored")]
    #[diagnostic(
        code("network/rules-without-type"),
        severity(Warning),
        help("add `{policy_type}` to `policyTypes`, or remove the rules")
    )]
    RulesWithoutType {
        /// Namespace and name of the policy.
        policy: String,
        /// `ingress` or `egress`.
        direction: &'static str,
        /// The missing entry.
        policy_type: &'static str,
        /// The file.
        #[source_code]
        src: Source,
        /// The rules.
        #[label("`policyTypes` does not list `{policy_type}`")]
        span: SourceSpan,
    },

    /// A named port in a rule whose peers are addresses.
    #[error(
        "NetworkPolicy `{policy}`: port `{port}` is a name, and addresses outside the cluster have no named ports"
    )]
    #[diagnostic(
        code("network/named-port-to-block"),
        severity(Warning),
        help("write the number of the port")
    )]
    NamedPortToBlock {
        /// Namespace and name of the policy.
        policy: String,
        /// The name.
        port: String,
        /// The file.
        #[source_code]
        src: Source,
        /// The port.
        #[label("allows nothing towards the rule's `ipBlock`")]
        span: SourceSpan,
    },

    /// A label that only exists in a running cluster.
    #[error("NetworkPolicy `{policy}` selects by label `{key}`, which controllers set at run time")]
    #[diagnostic(
        code("network/runtime-label"),
        severity(Warning),
        help(
            "select by a label of the pod template: what this selector matches cannot be known from the manifests"
        )
    )]
    RuntimeLabel {
        /// Namespace and name of the policy.
        policy: String,
        /// The key.
        key: String,
        /// The file.
        #[source_code]
        src: Source,
        /// The selector.
        #[label("taken as absent")]
        span: SourceSpan,
    },

    /// An object that changes what is allowed and is not evaluated.
    #[error("{object} ({api_version}) decides about connections and is not understood")]
    #[diagnostic(
        code("network/unsupported-policy"),
        severity(Error),
        help(
            "NetworkPolicies (v1), AdminNetworkPolicies and the BaselineAdminNetworkPolicy (v1alpha1) are evaluated: without this object the analysis would be wrong"
        )
    )]
    UnsupportedPolicy {
        /// Kind, namespace and name.
        object: String,
        /// Its API version.
        api_version: String,
        /// The file.
        #[source_code]
        src: Source,
        /// The object.
        #[label("not evaluated")]
        span: SourceSpan,
    },

    /// A policy of an administrator that the API server refuses, or that has no defined meaning.
    #[error("`{policy}`: {problem}")]
    #[diagnostic(code("network/invalid-admin-policy"), severity(Error))]
    InvalidAdminPolicy {
        /// Kind and name.
        policy: String,
        /// What is wrong.
        problem: String,
        /// What to do.
        #[help]
        help: String,
        /// The file.
        #[source_code]
        src: Source,
        /// The place.
        #[label("here")]
        span: SourceSpan,
    },

    /// Pods of one owner, which lists show as one, that a policy tells apart.
    #[error("pods of `{owner}` have different labels, and {policy} asks for `{requirement}`")]
    #[diagnostic(
        code("network/unequal-pods"),
        severity(Error),
        help(
            "pods of one owner are shown as one: give them the same labels, or the policy another selector"
        )
    )]
    UnequalPods {
        /// Namespace, name and kind of the owner.
        owner: String,
        /// The policy.
        policy: String,
        /// What only some of the pods satisfy.
        requirement: String,
        /// The file.
        #[source_code]
        src: Source,
        /// The labels of one that differs.
        #[label("these labels differ")]
        span: SourceSpan,
    },

    /// A policy that applies to no pod.
    #[error("NetworkPolicy `{policy}` selects no pod")]
    #[diagnostic(code("network/policy-selects-nothing"), severity(Warning), help("{help}"))]
    PolicySelectsNothing {
        /// Namespace and name of the policy.
        policy: String,
        /// What to do, with the nearest existing labels.
        help: String,
        /// The file.
        #[source_code]
        src: Source,
        /// The selector.
        #[label("no workload of the namespace has these labels")]
        span: SourceSpan,
    },

    /// A connection that the policies allow and nobody declared.
    #[error("{rule} allows {edge}, which no dependency declares")]
    #[diagnostic(
        code("network/undeclared-edge"),
        severity(Error),
        help("declare the dependency in the platform file, or narrow this rule{more}")
    )]
    UndeclaredEdge {
        /// Policy and path of the rule.
        rule: String,
        /// Source, destination and ports.
        edge: String,
        /// The further edges of the same rule, empty when there is none.
        more: String,
        /// The file.
        #[source_code]
        src: Source,
        /// The rule.
        #[label("this rule allows it")]
        span: SourceSpan,
    },

    /// A declared connection that the policies do not allow.
    #[error("{edge} is declared, but {side} denies it")]
    #[diagnostic(code("network/missing-edge"), severity(Error), help("{help}"))]
    MissingEdge {
        /// Source, destination and ports that are denied, and what declares them.
        edge: String,
        /// The direction that denies it, and at whom.
        side: String,
        /// The rule to add.
        help: String,
        /// The file.
        #[source_code]
        src: Source,
        /// The policy that isolates the pods.
        #[label("isolates the pods, and no policy has a rule for this connection")]
        span: SourceSpan,
    },

    /// A workload that no policy isolates in a direction that must be isolated.
    #[error(
        "no NetworkPolicy with type `{policy_type}` selects {workload}: every {direction} connection is allowed"
    )]
    #[diagnostic(
        code("network/no-default-deny"),
        severity(Error),
        help(
            "add a policy to namespace `{namespace}` with `podSelector: {{}}` and `policyTypes: [{policy_type}]`"
        )
    )]
    NoDefaultDeny {
        /// Kind, namespace and name.
        workload: String,
        /// Its namespace.
        namespace: String,
        /// `ingress` or `egress`.
        direction: &'static str,
        /// `Ingress` or `Egress`.
        policy_type: &'static str,
        /// The file.
        #[source_code]
        src: Source,
        /// The workload.
        #[label("its pods are not isolated for {direction}")]
        span: SourceSpan,
    },

    /// A declared port that no container of the provider declares.
    #[error("{edge} is declared, but no container of {workload} declares the port")]
    #[diagnostic(code("network/port-mismatch"), severity(Error), help("{help}"))]
    PortMismatch {
        /// The declared edge.
        edge: String,
        /// Kind, namespace and name of the provider.
        workload: String,
        /// What the containers declare, and whether the Service's port was meant.
        help: String,
        /// The file.
        #[source_code]
        src: Source,
        /// The provider.
        #[label("no such container port")]
        span: SourceSpan,
    },

    /// An edge whose consumer or provider is not there.
    #[error("{edge} is declared, but its {end} ({selector}) matches no workload")]
    #[diagnostic(
        code("network/edge-without-workload"),
        severity(Error),
        help("correct the selector of the component, or the labels of its pod template")
    )]
    EdgeWithoutWorkload {
        /// The declared edge.
        edge: String,
        /// `consumer` or `provider`.
        end: &'static str,
        /// Namespace and labels that were looked for.
        selector: String,
        /// The file that declares the edge.
        #[source_code]
        src: Source,
        /// The declaration.
        #[label("declared here")]
        span: SourceSpan,
    },
}
