//! Each rule with what it finds and what it leaves alone.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::*;
use crate::finding::Source;
use crate::resource::Resource;
use crate::yaml;

fn report(text: &str, waivers: &[Waiver]) -> Report {
    let whole: Arc<str> = Arc::from(text);
    let (nodes, problems) = yaml::parse(&Source::new("all.yaml", Arc::clone(&whole)));
    assert!(problems.is_empty(), "{problems:?}\n{text}");
    let resources: Vec<_> = nodes.into_iter().map(|node| Resource { node }).collect();
    let lookup = |file: &str| (file == "all.yaml").then(|| Arc::clone(&whole));
    lint(&Facts::read(&resources), Sources::new(&lookup), &|_| true, waivers)
}

/// The names of the rules that find something, those of the inspection left out.
fn found(text: &str) -> BTreeSet<&'static str> {
    report(text, &[]).found.iter().map(|finding| finding.rule.name()).collect()
}

fn doc(api: &str, kind: &str, metadata: &str, rest: &str) -> String {
    format!(
        "---\napiVersion: {api}\nkind: {kind}\nmetadata: {{name: a, namespace: shop{metadata}}}\n{rest}\n"
    )
}

fn workload(kind: &str, spec: &str, pod: &str, container: &str) -> String {
    let spec = format!(
        "spec: {{{spec} selector: {{matchLabels: {{app: a}}}}, template: {{metadata: {{labels: {{app: a}}}}, spec: {{{pod} \
         containers: [{{name: c, image: \"i:1\", {container}}}]}}}}}}"
    );
    doc("apps/v1", kind, "", &spec)
}

fn pod(fields: &str) -> String {
    workload("Deployment", "", fields, "")
}

fn container(fields: &str) -> String {
    workload("Deployment", "", "", fields)
}

fn context(fields: &str) -> String {
    container(&format!("securityContext: {{{fields}}}"))
}

fn job(kind: &str, outer: &str, inner: &str) -> String {
    let spec = format!(
        "{{{inner} template: {{spec: {{restartPolicy: Never, containers: [{{name: c, image: \"i:1\"}}]}}}}}}"
    );
    let spec = if kind == "Job" {
        spec
    } else {
        format!("{{{outer} schedule: \"@daily\", jobTemplate: {{spec: {spec}}}}}")
    };
    doc("batch/v1", kind, "", &format!("spec: {spec}"))
}

fn rbac(kind: &str, rest: &str) -> String {
    doc("rbac.authorization.k8s.io/v1", kind, "", rest)
}

fn grants(rule: &str) -> String {
    rbac("Role", &format!("rules: [{{{rule}}}]"))
}

fn binds(role: &str, subject: &str) -> String {
    let api = "apiGroup: rbac.authorization.k8s.io";
    rbac("RoleBinding", &format!("roleRef: {{{api}, {role}}}\nsubjects: [{{{subject}}}]"))
}

fn scaler(spec: &str) -> String {
    let target = "scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: a}";
    doc("autoscaling/v2", "HorizontalPodAutoscaler", "", &format!("spec: {{{target}, {spec}}}"))
}

fn ingress(spec: &str, backend: &str) -> String {
    let paths =
        format!("http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{{backend}}}}}}}]}}");
    let spec = spec.replace("PATHS", &paths);
    doc("networking.k8s.io/v1", "Ingress", "", &format!("spec: {{{spec}}}"))
}

fn service(spec: &str) -> String {
    doc("v1", "Service", "", &format!("spec: {{{spec}}}"))
}

fn budget(spec: &str) -> String {
    doc(
        "policy/v1",
        "PodDisruptionBudget",
        "",
        &format!("spec: {{selector: {{matchLabels: {{app: a}}}}, {spec}}}"),
    )
}

const RULE: &str = "rules: [{host: a.example, PATHS}]";
const TO_A: &str = "name: a, port: {number: 80}";

/// A rule's name, what it finds, and what is in order.
fn cases() -> Vec<(&'static str, String, String)> {
    let ports = "ports: [{containerPort: 8080, name: http}],";
    let probe = |name: &str, port: &str| format!("{name}: {{httpGet: {{path: /, port: {port}}}}},");
    let two = |spec: &str, fields: &str| workload("Deployment", &format!("replicas: 2, {spec}"), fields, "");
    let namespace = "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n";
    let account = doc("v1", "ServiceAccount", "", "");
    let utilization = "minReplicas: 2, maxReplicas: 4, metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}}]";
    let tls = "ingressClassName: x, tls: [{hosts: ['*.example'], secretName: t}], rules: [{host: a.example, PATHS}]";
    let app = service("ports: [{port: 80, name: http}]");
    let config = |data: &str| doc("v1", "ConfigMap", "", &format!("data: {data}"));
    let annotated = |text: &str| doc("v1", "ConfigMap", &format!(", annotations: {{{text}}}"), "");
    vec![
        ("privileged", context("privileged: true"), context("privileged: false")),
        ("privilege-escalation", context(""), context("allowPrivilegeEscalation: false")),
        ("run-as-root", context("runAsUser: 0, runAsNonRoot: true"), context("runAsUser: 10")),
        ("run-as-root", context(""), pod("securityContext: {runAsNonRoot: true},")),
        (
            "dangerous-capability",
            context("capabilities: {add: [SYS_ADMIN]}"),
            context("capabilities: {add: [NET_BIND_SERVICE]}"),
        ),
        (
            "capabilities-kept",
            context("capabilities: {drop: [NET_RAW]}"),
            context("capabilities: {drop: [ALL]}"),
        ),
        (
            "no-seccomp",
            context("seccompProfile: {type: Unconfined}"),
            pod("securityContext: {seccompProfile: {type: RuntimeDefault}},"),
        ),
        ("writable-root", context(""), context("readOnlyRootFilesystem: true")),
        ("host-namespace", pod("hostPID: true,"), pod("hostPID: false,")),
        (
            "host-port",
            container("ports: [{containerPort: 80, hostPort: 80}]"),
            container("ports: [{containerPort: 80}]"),
        ),
        (
            "host-path",
            pod("volumes: [{name: v, hostPath: {path: /etc}}],"),
            pod("volumes: [{name: v, emptyDir: {}}],"),
        ),
        (
            "runtime-socket",
            pod("volumes: [{name: v, hostPath: {path: /run/containerd/containerd.sock}}],"),
            pod("volumes: [{name: v, hostPath: {path: /etc}}],"),
        ),
        ("token-mounted", pod(""), pod("automountServiceAccountToken: false,")),
        (
            "token-mounted",
            pod(""),
            pod("") + &binds("kind: ClusterRole, name: view", "kind: ServiceAccount, name: default"),
        ),
        ("default-account", pod(""), pod("serviceAccountName: a,")),
        (
            "unsafe-sysctl",
            pod("securityContext: {sysctls: [{name: kernel.msgmax, value: '1'}]},"),
            pod("securityContext: {sysctls: [{name: net.ipv4.tcp_syncookies, value: '1'}]},"),
        ),
        ("proc-unmasked", context("procMount: Unmasked"), context("procMount: Default")),
        (
            "secret-in-env",
            container("env: [{name: DB_PASSWORD, value: hunter2}]"),
            container("env: [{name: DB_PASSWORD_FILE, value: hunter2}]"),
        ),
        ("secret-in-configmap", config("{db.password: hunter2}"), config("{db.host: hunter2}")),
        (
            "secret-in-configmap",
            config("{tls.pem: \"-----BEGIN RSA PRIVATE KEY-----\"}"),
            config("{tls.pem: \"-----BEGIN CERTIFICATE-----\"}"),
        ),
        (
            "secret-as-variable",
            container("env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: k}}}]"),
            container("env: [{name: A, valueFrom: {configMapKeyRef: {name: s, key: k, optional: true}}}]"),
        ),
        ("image-not-pinned", container(""), container("").replace("i:1", "i@sha256:ab")),
        ("pull-policy", container("imagePullPolicy: IfNotPresent"), container("imagePullPolicy: Always")),
        ("ssh-port", container("ports: [{containerPort: 22}]"), container("ports: [{containerPort: 2222}]")),
        (
            "privileged-port",
            container("ports: [{containerPort: 80}]"),
            container("ports: [{containerPort: 8080}]"),
        ),
        (
            "probes-identical",
            container(&format!("{}{}", probe("livenessProbe", "80"), probe("readinessProbe", "80"))),
            container(&format!(
                "{}{}",
                probe("livenessProbe", "80").replace("httpGet", "failureThreshold: 9, httpGet"),
                probe("readinessProbe", "80")
            )),
        ),
        (
            "probe-port-unknown",
            container(&format!("{ports}{}", probe("readinessProbe", "web"))),
            container(&format!("{ports}{}", probe("readinessProbe", "http"))),
        ),
        (
            "probe-port-unknown",
            container(&format!("{ports}{}", probe("readinessProbe", "81"))),
            container(&probe("readinessProbe", "81")),
        ),
        ("no-liveness-probe", container(""), container(&probe("livenessProbe", "80"))),
        ("no-cpu-limit", container(""), container("resources: {limits: {cpu: 1}}")),
        ("no-ephemeral-storage", container(""), container("resources: {limits: {ephemeral-storage: 1Gi}}")),
        ("single-replica", pod(""), two("", "")),
        ("single-replica", pod(""), pod("") + &scaler("maxReplicas: 3")),
        ("not-spread", two("", ""), two("", "topologySpreadConstraints: [{topologyKey: zone}],")),
        (
            "recreate-strategy",
            two("strategy: {type: Recreate},", ""),
            workload("Deployment", "strategy: {type: Recreate},", "", ""),
        ),
        ("autoscaler-target-missing", scaler("maxReplicas: 3"), scaler("maxReplicas: 3") + &pod("")),
        (
            "autoscaler-and-replicas",
            two("", "") + &scaler("maxReplicas: 3"),
            pod("") + &scaler("maxReplicas: 3"),
        ),
        (
            "autoscaler-without-requests",
            pod("") + &scaler(utilization),
            container("resources: {requests: {cpu: 1}}") + &scaler(utilization),
        ),
        (
            "autoscaler-cannot-scale",
            scaler("minReplicas: 3, maxReplicas: 3"),
            scaler("minReplicas: 2, maxReplicas: 3"),
        ),
        ("no-priority-class", pod(""), pod("priorityClassName: high,")),
        ("no-disruption-budget", two("", ""), two("", "") + &budget("maxUnavailable: 1")),
        (
            "disruption-budget-blocks",
            two("", "") + &budget("minAvailable: 2"),
            two("", "") + &budget("minAvailable: 1"),
        ),
        (
            "disruption-budget-blocks",
            two("", "") + &budget("maxUnavailable: 0%"),
            two("", "") + &budget("maxUnavailable: 1%"),
        ),
        (
            "disruption-budget-blocks",
            two("", "") + &budget("minAvailable: 60%"),
            two("", "") + &budget("minAvailable: 50%"),
        ),
        (
            "disruption-budget-selects-nothing",
            budget("maxUnavailable: 1"),
            two("", "") + &budget("maxUnavailable: 1"),
        ),
        (
            "unhealthy-pods-block",
            budget("maxUnavailable: 1"),
            budget("maxUnavailable: 1, unhealthyPodEvictionPolicy: AlwaysAllow"),
        ),
        ("job-without-ttl", job("Job", "", ""), job("Job", "", "ttlSecondsAfterFinished: 9,")),
        ("job-without-deadline", job("CronJob", "", ""), job("CronJob", "", "activeDeadlineSeconds: 9,")),
        ("job-backoff", job("Job", "", ""), job("Job", "", "backoffLimit: 0,")),
        ("cronjob-overlaps", job("CronJob", "", ""), job("CronJob", "concurrencyPolicy: Forbid,", "")),
        (
            "cronjob-without-starting-deadline",
            job("CronJob", "", ""),
            job("CronJob", "startingDeadlineSeconds: 9,", ""),
        ),
        ("bare-pod", doc("v1", "Pod", "", "spec: {containers: [{name: c, image: \"i:1\"}]}"), pod("")),
        ("unstable-selector", pod("").replace("app: a", "version: a"), pod("")),
        (
            "overlapping-selectors",
            pod("") + &pod("").replace("name: a,", "name: b,"),
            pod("") + &pod("").replace("name: a,", "name: b,").replace("app: a", "app: b"),
        ),
        (
            "statefulset-service",
            workload("StatefulSet", "serviceName: a,", "", "") + &service("ports: [{port: 80}]"),
            workload("StatefulSet", "serviceName: a,", "", "") + &service("clusterIP: None"),
        ),
        ("default-namespace", pod("").replace(", namespace: shop", ""), pod("")),
        ("missing-account", pod("serviceAccountName: a,"), pod("serviceAccountName: a,") + &account),
        (
            "missing-secret",
            container("envFrom: [{secretRef: {name: a}}]"),
            container("envFrom: [{secretRef: {name: a}}]")
                + &doc("external-secrets.io/v1", "ExternalSecret", "", "spec: {}"),
        ),
        (
            "missing-claim",
            pod("volumes: [{name: v, persistentVolumeClaim: {claimName: a}}],"),
            pod("volumes: [{name: v, persistentVolumeClaim: {claimName: a}}],")
                + &doc("v1", "PersistentVolumeClaim", "", ""),
        ),
        (
            "job-of-changing-config",
            job("Job", "", "")
                .replace("image: \"i:1\"", "image: i, envFrom: [{configMapRef: {name: m-6ct58987ht}}]"),
            job("Job", "", "").replace("image: \"i:1\"", "image: i, envFrom: [{configMapRef: {name: m}}]"),
        ),
        ("exposed-service", service("type: NodePort"), service("type: ClusterIP")),
        ("external-ip", service("externalIPs: [10.0.0.1]"), service("externalIPs: []")),
        (
            "external-name-is-address",
            service("type: ExternalName, externalName: 10.0.0.1"),
            service("type: ExternalName, externalName: a.example"),
        ),
        ("ingress-service-missing", ingress(RULE, TO_A), ingress(RULE, TO_A) + &app),
        (
            "ingress-port-unknown",
            ingress(RULE, "name: a, port: {number: 81}") + &app,
            ingress(RULE, TO_A) + &app,
        ),
        (
            "ingress-port-unknown",
            ingress(RULE, "name: a, port: {name: web}") + &app,
            ingress(RULE, "name: a, port: {name: http}") + &app,
        ),
        ("ingress-without-tls", ingress(RULE, TO_A), ingress(tls, TO_A)),
        (
            "ingress-without-tls",
            ingress(&tls.replace("host: a.example", "host: a.b.example"), TO_A),
            ingress(tls, TO_A),
        ),
        ("ingress-without-class", ingress(RULE, TO_A), ingress(tls, TO_A)),
        ("ingress-for-any-host", ingress("rules: [{PATHS}]", TO_A), ingress(RULE, TO_A)),
        (
            "ingress-snippet",
            ingress(RULE, TO_A).replace(
                "namespace: shop",
                "namespace: shop, annotations: {nginx.ingress.kubernetes.io/server-snippet: x}",
            ),
            ingress(RULE, TO_A),
        ),
        (
            "rbac-wildcard",
            grants("apiGroups: [a], resources: ['*'], verbs: [get]"),
            grants("apiGroups: ['*'], resources: [a], verbs: [get]"),
        ),
        (
            "rbac-secrets",
            grants("apiGroups: [''], resources: [secrets], verbs: [list]"),
            grants("apiGroups: [''], resources: [secrets], resourceNames: [a], verbs: [get]"),
        ),
        (
            "rbac-escalation",
            grants("apiGroups: [''], resources: [users], verbs: [impersonate]"),
            grants("apiGroups: [''], resources: [users], verbs: [get]"),
        ),
        (
            "rbac-exec",
            grants("apiGroups: [''], resources: [pods/exec], verbs: [create]"),
            grants("apiGroups: [''], resources: [pods/log], verbs: [get]"),
        ),
        (
            "rbac-create-pods",
            grants("apiGroups: [''], resources: [pods], verbs: [create]"),
            grants("apiGroups: [''], resources: [pods], verbs: [list]"),
        ),
        (
            "rbac-nodes",
            grants("apiGroups: [''], resources: [nodes/proxy], verbs: [get]"),
            grants("apiGroups: [''], resources: [nodes/metrics], verbs: [get]"),
        ),
        (
            "cluster-admin",
            binds("kind: ClusterRole, name: cluster-admin", "kind: User, name: u"),
            binds("kind: ClusterRole, name: view", "kind: User, name: u"),
        ),
        (
            "rbac-default-account",
            binds("kind: ClusterRole, name: view", "kind: ServiceAccount, name: default"),
            binds("kind: ClusterRole, name: view", "kind: ServiceAccount, name: a"),
        ),
        (
            "rbac-everybody",
            binds("kind: ClusterRole, name: view", "kind: Group, name: 'system:authenticated'"),
            binds("kind: ClusterRole, name: view", "kind: Group, name: ops"),
        ),
        (
            "missing-role",
            binds("kind: Role, name: a", "kind: User, name: u"),
            binds("kind: Role, name: a", "kind: User, name: u") + &grants("verbs: []"),
        ),
        (
            "binding-of-missing-account",
            namespace.to_owned() + &binds("kind: ClusterRole, name: view", "kind: ServiceAccount, name: a"),
            namespace.to_owned()
                + &binds("kind: ClusterRole, name: view", "kind: ServiceAccount, name: a")
                + &account,
        ),
        (
            "waiver-without-reason",
            annotated("infra/allow.host-path: ''"),
            annotated("infra/allow.host-path: why"),
        ),
        (
            "waiver-of-unknown-rule",
            annotated("infra/allow.host-paht: why"),
            annotated("infra/allow.host-path: why"),
        ),
        (
            "waiver-unused",
            annotated("infra/allow.host-path: why"),
            pod("volumes: [{name: v, hostPath: {path: /etc}}],")
                .replace("namespace: shop", "namespace: shop, annotations: {infra/allow.host-path: why}"),
        ),
    ]
}

#[test]
fn each_rule_finds_what_it_is_for_and_nothing_else() {
    for (rule, bad, good) in cases() {
        assert!(found(&bad).contains(rule), "{rule} finds nothing in\n{bad}");
        assert!(!found(&good).contains(rule), "{rule} finds something in\n{good}");
    }
}

#[test]
fn every_rule_has_a_case_and_a_code_of_its_own() {
    let cases: BTreeSet<_> = cases().into_iter().map(|(rule, ..)| rule).collect();
    let inspected: BTreeSet<_> = inspected::RULES.iter().map(Rule::name).collect();
    let all: Vec<_> = rules().map(Rule::name).collect();
    let named: BTreeSet<_> = all.iter().copied().collect();
    assert_eq!(named.len(), all.len(), "two rules of one name");
    assert_eq!(named, cases.union(&inspected).copied().collect());
    assert!(
        rules()
            .all(|rule| rule.code.starts_with("k8s/") && !rule.summary.is_empty() && !rule.help.is_empty())
    );
}

#[test]
fn a_restricted_namespace_says_its_violations_once() {
    let namespace = "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {pod-security.kubernetes.io/enforce: restricted}}\n";
    let text = format!("{namespace}{}", context("privileged: true"));
    assert!(!found(&text).contains("privileged"));
    let inspected = report(&text, &[]).inspected;
    assert!(inspected.iter().any(|finding| finding.to_string().contains("privileged")));
}

#[test]
fn waivers_of_every_kind_silence_rules_of_both_origins() {
    let bad = pod("volumes: [{name: v, hostPath: {path: /etc}}],").replace("i:1", "i");
    let silent = |text: &str, waivers: &[Waiver]| {
        let report = report(text, waivers);
        let latest = report.inspected.iter().any(|finding| finding.to_string().contains("not fixed"));
        let path = report.found.iter().any(|finding| finding.rule.name() == "host-path");
        (!latest, !path)
    };
    assert_eq!(silent(&bad, &[]), (false, false));
    let with = |annotation: &str| {
        bad.replacen("namespace: shop", &format!("namespace: shop, annotations: {{{annotation}}}"), 1)
    };
    assert_eq!(silent(&with("infra/allow.host-path: logs, infra/allow.latest-tag: mine"), &[]), (true, true));
    assert_eq!(silent(&with("ignore-check.kube-linter.io/latest-tag: mine"), &[]), (true, false));
    assert_eq!(silent(&with("polaris.fairwinds.com/host-path-set-exempt: 'true'"), &[]), (false, true));
    assert_eq!(silent(&with("kube-score/ignore: container-image-tag"), &[]), (true, false));
    let waiver = |object: &str| Waiver { rule: "k8s/host-path".to_owned(), object: object.to_owned() };
    assert_eq!(silent(&bad, &[waiver("Deployment shop/*")]), (false, true));
    assert_eq!(silent(&bad, &[waiver("Deployment test/*")]), (false, false));
}

#[test]
fn the_documentation_lists_every_rule_as_it_is() {
    let text = include_str!("../../../../docs/manifest-rules.md");
    for rule in rules().chain(crate::validate::RULES) {
        let level = match rule.severity {
            None => "off",
            Some(Severity::Advice) => "advice",
            Some(Severity::Warning) => "warning",
            Some(Severity::Error) => "error",
        };
        let words = [level, rule.summary, rule.help].map(|word| word.replace('|', "\\|"));
        let row = format!("| `{}` | {} | {} |", rule.code, words.join(" | "), rule.peers.join(", "));
        assert!(text.lines().any(|line| line == row), "docs/manifest-rules.md lacks\n{row}");
    }
}
