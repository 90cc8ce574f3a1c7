//! Roles and bindings.

use miette::Severity::{Advice, Error, Warning};

use super::context::{Lint, items, text, texts};
use super::rule;
use crate::inspect::Object;
use crate::rule::Rule;

pub(super) const RULES: &[Rule] = &[
    WILDCARD,
    SECRETS,
    ESCALATION,
    EXEC,
    CREATE_PODS,
    NODES,
    ADMIN,
    DEFAULT,
    EVERYBODY,
    NO_ROLE,
    NO_ACCOUNT,
];

const WILDCARD: Rule = rule(
    "k8s/rbac-wildcard",
    Warning,
    "a wildcard grants what does not exist yet as well",
    "list the verbs and resources that are needed",
    &["kube-linter wildcard-in-rules", "checkov CKV_K8S_49", "trivy KSV-0046", "kubescape C-0187"],
);
const SECRETS: Rule = rule(
    "k8s/rbac-secrets",
    Warning,
    "who may read all Secrets has every right that any of their tokens has",
    "name the Secrets in `resourceNames`, with the verb `get` alone",
    &["kube-linter access-to-secrets", "trivy KSV-0041"],
);
const ESCALATION: Rule = rule(
    "k8s/rbac-escalation",
    Error,
    "`escalate`, `bind` and `impersonate` let their holder have any right",
    "remove the verb",
    &["checkov CKV_K8S_158", "checkov CKV_K8S_155", "trivy KSV-0043"],
);
const EXEC: Rule = rule(
    "k8s/rbac-exec",
    Warning,
    "who may run commands in pods has their secrets and their rights",
    "remove `pods/exec`, `pods/attach` and `pods/portforward`",
    &["polaris clusterrolePodExecAttach", "polaris rolePodExecAttach", "trivy KSV-0053"],
);
const CREATE_PODS: Rule = rule(
    "k8s/rbac-create-pods",
    Advice,
    "who may create pods may run them as any ServiceAccount of the namespace",
    "grant workloads instead of pods, and only where it is needed",
    &["kube-linter access-to-create-pods"],
);
const NODES: Rule = rule(
    "k8s/rbac-nodes",
    Warning,
    "`nodes/proxy` reaches the kubelet, which runs commands in every pod of a node",
    "remove the resource; `nodes/metrics` and `nodes/stats` are enough to measure",
    &["trivy KSV-0047"],
);
const ADMIN: Rule = rule(
    "k8s/cluster-admin",
    Error,
    "`cluster-admin` may do everything everywhere",
    "bind a role with the rights that are needed",
    &[
        "kube-linter cluster-admin-role-binding",
        "polaris clusterrolebindingClusterAdmin",
        "trivy KSV-0111",
        "kubescape C-0035",
    ],
);
const DEFAULT: Rule = rule(
    "k8s/rbac-default-account",
    Warning,
    "what is granted to the `default` account is granted to every pod that names none",
    "bind a ServiceAccount that one workload uses",
    &["checkov CKV_K8S_42"],
);
const EVERYBODY: Rule = rule(
    "k8s/rbac-everybody",
    Error,
    "groups of everybody include who has not logged in, or every pod of the cluster",
    "bind users, groups or ServiceAccounts that are known",
    &["trivy KSV-0122", "trivy KSV-0123", "trivy KSV-01011"],
);
const NO_ROLE: Rule = rule(
    "k8s/missing-role",
    Error,
    "a binding to a Role that does not exist grants nothing",
    "render the Role in the namespace of the binding, or correct the name",
    &[],
);
const NO_ACCOUNT: Rule = rule(
    "k8s/binding-of-missing-account",
    Warning,
    "a right of an account that does not exist goes to whoever creates one of that name",
    "render the ServiceAccount, or correct name and namespace of the subject",
    &[],
);

pub(super) fn check(lint: &mut Lint<'_, '_>) {
    let facts = lint.facts;
    for &object in &facts.objects {
        if object.group() != "rbac.authorization.k8s.io" {
            continue;
        }
        match object.kind {
            "Role" | "ClusterRole" => role(lint, object),
            "RoleBinding" | "ClusterRoleBinding" => binding(lint, object),
            _ => {}
        }
    }
}

fn role(lint: &mut Lint<'_, '_>, object: Object<'_>) {
    for node in items(object.node, &["rules"]) {
        let has = |list: &str, wanted: &[&str]| texts(node, &[list]).any(|text| wanted.contains(&text));
        let named = !items(node, &["resourceNames"]).is_empty();
        if has("verbs", &["*"]) || has("resources", &["*"]) {
            lint.report(&WILDCARD, object, node, format!("{object} grants `*`"));
        }
        let core = has("apiGroups", &["", "*"]);
        if core && !named && has("resources", &["secrets"]) && has("verbs", &["get", "list", "watch", "*"]) {
            lint.report(&SECRETS, object, node, format!("{object} lets every Secret be read"));
        }
        if has("verbs", &["escalate", "bind", "impersonate"]) && !named {
            lint.report(&ESCALATION, object, node, format!("{object} lets its holder take other rights"));
        }
        let pods = ["pods/exec", "pods/attach", "pods/portforward"];
        if core && has("resources", &pods) && has("verbs", &["create", "get", "*"]) {
            lint.report(&EXEC, object, node, format!("{object} lets commands be run in pods"));
        }
        if core && has("resources", &["pods"]) && has("verbs", &["create", "*"]) {
            lint.report(&CREATE_PODS, object, node, format!("{object} lets pods be created"));
        }
        if core && has("resources", &["nodes/proxy"]) {
            lint.report(&NODES, object, node, format!("{object} reaches the kubelets of all nodes"));
        }
    }
}

fn binding(lint: &mut Lint<'_, '_>, object: Object<'_>) {
    let target = object.node.get("roleRef").unwrap_or(object.node);
    let (kind, name) = (text(target, &["kind"]), text(target, &["name"]).unwrap_or_default());
    if kind == Some("ClusterRole") && name == "cluster-admin" {
        lint.report(&ADMIN, object, target, format!("{object} gives `cluster-admin`"));
    }
    if kind == Some("Role") && lint.lookup.get("Role", object.namespace(), name).is_none() {
        let message = format!("{object} gives Role `{name}`, which is not rendered in its namespace");
        lint.report(&NO_ROLE, object, target, message);
    }
    let facts = lint.facts;
    for subject in items(object.node, &["subjects"]) {
        let name = text(subject, &["name"]).unwrap_or_default();
        match text(subject, &["kind"]) {
            Some("ServiceAccount") => {
                let namespace = text(subject, &["namespace"]).unwrap_or(object.namespace());
                if name == "default" {
                    let message = format!("{object} gives a role to the `default` account of `{namespace}`");
                    lint.report(&DEFAULT, object, subject, message);
                }
                // Of a namespace that is not rendered nothing is known.
                let ours = facts.namespaces.iter().any(|known| known.object.name() == namespace);
                if ours && name != "default" && lint.lookup.get("ServiceAccount", namespace, name).is_none() {
                    let message = format!(
                        "{object} gives a role to ServiceAccount `{name}`, which `{namespace}` does not have"
                    );
                    lint.report(&NO_ACCOUNT, object, subject, message);
                }
            }
            Some("Group" | "User")
                if matches!(
                    name,
                    "system:anonymous"
                        | "system:unauthenticated"
                        | "system:authenticated"
                        | "system:masters"
                        | "system:serviceaccounts"
                ) =>
            {
                lint.report(&EVERYBODY, object, subject, format!("{object} gives a role to `{name}`"));
            }
            _ => {}
        }
    }
}
