//! Kubernetes objects of many kinds that refer to each other, with values on which YAML tools tend to differ.

use infra_tests::random::Random;

/// Names that objects share, so that references and patches meet something.
pub(crate) const NAMES: [&str; 5] = ["web", "api", "db", "default", "cache-1"];
pub(crate) const NAMESPACES: [&str; 4] = ["shop", "infra", "default", "kube-system"];
pub(crate) const IMAGES: [&str; 7] = [
    "nginx",
    "nginx:1.25",
    "redis:7@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    "registry.local:5000/team/app:v1",
    "gcr.io/a/b@sha256:24a0c4b4a4c0eb97a1aabb8e29f18e917d05abfe1b7a7c07857230879ce7d3d3",
    "postgres:latest",
    "busybox",
];

/// Scalars as they may stand in a file behind `key: `.
const SCALARS: [&str; 44] = [
    "plain",
    "'yes'",
    "\"no\"",
    "on",
    "y",
    "true",
    "'true'",
    "1",
    "'1'",
    "0x1F",
    "0o17",
    "017",
    "1_000",
    "1e3",
    "1.50",
    "'1e3'",
    "-0.0",
    ".5",
    "~",
    "null",
    "''",
    "2001-01-01",
    "'2001-01-01'",
    "12:30:45",
    "a: b",
    "'a: b'",
    "\"tab\\there\"",
    "'# no comment'",
    "\"line\\nbreak\"",
    "\"two\\n\\nbreaks\\n\"",
    "'@at'",
    "'- dash'",
    "\" lead\"",
    "'trail '",
    "\"\\u00e4\\u20ac\"",
    "\"\\U0001F600\"",
    "$(VAR)/x",
    "'$$(VAR)'",
    "18446744073709551615",
    "123456789012345678901234567890",
    "'a very long line of words that goes on and on until it is far longer than eighty columns and so has to be folded somewhere'",
    "{a: 1, b: [x, 'y']}",
    "|-\n_literal\n_  more\n",
    ">\n_folded\n_text\n",
];

/// Texts that are texts under every reading, also where kustomize insists on one.
pub(crate) const TEXTS: [&str; 12] = [
    "plain",
    "'yes'",
    "\"no\"",
    "'1'",
    "'1e3'",
    "'2001-01-01'",
    "'a: b'",
    "\"line\\nbreak\"",
    "''",
    "'12:30'",
    "\"\\u00e4\"",
    "'long words long words long words long words long words long words long words long words long words'",
];

/// A scalar at an indentation; `_` stands for the indentation of blocks.
pub(crate) fn scalar(random: &mut Random, indent: usize) -> String {
    random.pick(&SCALARS).replace('_', &" ".repeat(indent + 2)).trim_end().to_owned()
}

fn labels(random: &mut Random, indent: usize) -> String {
    let pad = " ".repeat(indent);
    let mut text = format!("{pad}app: {}\n", random.pick(&NAMES));
    if random.one_in(3) {
        text += &format!("{pad}tier: {}\n", random.pick(&["front", "back", "'1'"]));
    }
    text
}

fn metadata(random: &mut Random, name: &str, namespaced: bool) -> String {
    let mut text = format!("metadata:\n  name: {name}\n");
    if namespaced && random.one_in(3) {
        text += &format!("  namespace: {}\n", random.pick(&NAMESPACES));
    }
    if random.one_in(3) {
        text += &format!("  labels:\n{}", labels(random, 4));
    }
    if random.one_in(5) {
        text += &format!("  annotations:\n    note: {}\n", random.pick(&TEXTS));
    }
    if !text.contains("labels:") && random.one_in(20) {
        text += "  labels: {}\n";
    }
    text
}

/// A pod's template at an indentation.
fn pod(random: &mut Random, indent: usize) -> String {
    let mut lines: Vec<String> = vec!["metadata:".into(), "  labels:".into()];
    lines.extend(labels(random, 4).lines().map(str::to_owned));
    lines.push("spec:".into());
    if random.one_in(2) {
        lines.push(format!("  serviceAccountName: {}", random.pick(&NAMES)));
    }
    if random.one_in(5) {
        lines.push(format!("  priorityClassName: {}", random.pick(&NAMES)));
    }
    if random.one_in(6) {
        lines.push(format!("  imagePullSecrets:\n  - name: {}", random.pick(&NAMES)));
    }
    let groups: &[&str] = if random.one_in(4) { &["containers", "initContainers"] } else { &["containers"] };
    for group in groups {
        lines.push(format!("  {group}:"));
        for name in ["main", "side"].iter().take(1 + random.below(2)) {
            lines.extend(container(random, name));
        }
    }
    if random.one_in(2) {
        lines.push("  volumes:".into());
        for (at, source) in ["configMap:\n      name: {}", "secret:\n      secretName: {}", "persistentVolumeClaim:\n      claimName: {}", "emptyDir: {!}", "projected:\n      sources:\n      - configMap:\n          name: {}\n      - secret:\n          name: {}"].iter().enumerate() {
            if random.one_in(2) {
                let source = source.replace("{}", NAMES[random.below(NAMES.len())]).replace("{!}", "{}");
                lines.push(format!("  - name: v{at}\n    {source}"));
            }
        }
        if lines.last().is_some_and(|line| line == "  volumes:") {
            lines.pop();
        }
    }
    if random.one_in(5) {
        lines.push("  affinity:\n    podAntiAffinity:\n      requiredDuringSchedulingIgnoredDuringExecution:\n      - topologyKey: zone\n        labelSelector:\n          matchLabels:\n            app: web".into());
    }
    if random.one_in(6) {
        lines.push("  topologySpreadConstraints:\n  - maxSkew: 1\n    topologyKey: zone\n    whenUnsatisfiable: DoNotSchedule\n    labelSelector:\n      matchLabels:\n        app: web".into());
    }
    if random.one_in(6) {
        lines.push("  tolerations:\n  - key: a\n    operator: Exists\n  - key: b".into());
    }
    let pad = " ".repeat(indent);
    lines.iter().flat_map(|line| line.split('\n')).map(|line| format!("{pad}{line}\n")).collect()
}

fn container(random: &mut Random, name: &str) -> Vec<String> {
    let mut lines = vec![format!("  - name: {name}"), format!("    image: {}", random.pick(&IMAGES))];
    if random.one_in(2) {
        lines.push("    env:".into());
        lines.push(format!("    - name: A\n      value: {}", random.pick(&TEXTS)));
        if random.one_in(2) {
            let (kind, key) =
                if random.one_in(2) { ("secretKeyRef", "password") } else { ("configMapKeyRef", "key") };
            lines.push(format!(
                "    - name: B\n      valueFrom:\n        {kind}:\n          name: {}\n          key: {key}",
                random.pick(&NAMES)
            ));
        }
        if random.one_in(3) {
            lines.push("    - name: C\n      value: $(VAR)".into());
        }
    }
    if random.one_in(3) {
        let kind = random.pick(&["configMapRef", "secretRef"]);
        lines.push(format!("    envFrom:\n    - {kind}:\n        name: {}", random.pick(&NAMES)));
    }
    if random.one_in(3) {
        lines.push("    args: [--a=$(VAR), \"$(UNKNOWN)\", '--b']".into());
    }
    if random.one_in(3) {
        lines.push("    ports:\n    - containerPort: 80\n      name: http".into());
        if random.one_in(2) {
            lines.push("    - containerPort: 80\n      protocol: UDP".into());
        }
        if random.one_in(3) {
            lines.push("    - {containerPort: 443, protocol: TCP}".into());
        }
    }
    if random.one_in(3) {
        lines.push(
            "    volumeMounts:\n    - mountPath: /a\n      name: v0\n    - mountPath: /b\n      name: v1"
                .into(),
        );
    }
    if random.one_in(4) {
        lines.push(
            "    resources:\n      limits: {cpu: 1, memory: 1Gi}\n      requests:\n        cpu: 0.5".into(),
        );
    }
    lines
}

/// The kinds that can be made, with whether they live in a namespace.
pub(crate) const KINDS: [(&str, &str, bool); 23] = [
    ("apps/v1", "Deployment", true),
    ("apps/v1", "StatefulSet", true),
    ("apps/v1", "DaemonSet", true),
    ("batch/v1", "Job", true),
    ("batch/v1", "CronJob", true),
    ("v1", "Service", true),
    ("v1", "ConfigMap", true),
    ("v1", "Secret", true),
    ("v1", "ServiceAccount", true),
    ("rbac.authorization.k8s.io/v1", "Role", true),
    ("rbac.authorization.k8s.io/v1", "RoleBinding", true),
    ("rbac.authorization.k8s.io/v1", "ClusterRole", false),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", false),
    ("networking.k8s.io/v1", "Ingress", true),
    ("autoscaling/v2", "HorizontalPodAutoscaler", true),
    ("policy/v1", "PodDisruptionBudget", true),
    ("networking.k8s.io/v1", "NetworkPolicy", true),
    ("v1", "PersistentVolumeClaim", true),
    ("v1", "Namespace", false),
    ("example.com/v1", "Widget", true),
    ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", false),
    ("scheduling.k8s.io/v1", "PriorityClass", false),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition", false),
];

/// One object.
pub(crate) fn object(
    random: &mut Random,
    (api_version, kind, namespaced): (&str, &str, bool),
    name: &str,
) -> String {
    let head = format!("apiVersion: {api_version}\nkind: {kind}\n{}", metadata(random, name, namespaced));
    let other = *random.pick(&NAMES);
    let namespace = *random.pick(&NAMESPACES);
    let body = match kind {
        "Deployment" | "StatefulSet" | "DaemonSet" => {
            let mut body = "spec:\n".to_owned();
            if kind != "DaemonSet" && random.one_in(2) {
                body += &format!("  replicas: {}\n", random.below(5));
            }
            if kind == "StatefulSet" {
                body += &format!("  serviceName: {other}\n");
                if random.one_in(2) {
                    body += "  volumeClaimTemplates:\n  - metadata:\n      name: data\n    spec:\n      storageClassName: web\n";
                }
            }
            if kind == "Deployment" && random.one_in(4) {
                body += "  strategy:\n    type: RollingUpdate\n    rollingUpdate: {maxSurge: 1, maxUnavailable: 25%}\n";
            }
            if !random.one_in(4) {
                body += &format!("  selector:\n    matchLabels:\n{}", labels(random, 6));
            }
            format!("{body}  template:\n{}", pod(random, 4))
        }
        "Job" => format!("spec:\n  template:\n{}", pod(random, 4)),
        "CronJob" => format!("spec:\n  schedule: '0 * * * *'\n  jobTemplate:\n    spec:\n      template:\n{}", pod(random, 8)),
        "Service" => {
            let selector = if random.one_in(3) { String::new() } else { format!("  selector:\n{}", labels(random, 4)) };
            format!("spec:\n{selector}  ports:\n  - port: 80\n    targetPort: http\n  - port: 80\n    protocol: UDP\n    name: u\n")
        }
        "ConfigMap" => {
            let mut body = "data:\n".to_owned();
            for key in ["a", "key", "config.json", "x_y"].iter().take(1 + random.below(4)) {
                body += &format!("  {key}: {}\n", if *key == "config.json" { "|-\n    {\"db\": {\"host\": \"h\", \"port\": 1}}".to_owned() } else { scalar(random, 2) });
            }
            body
        }
        "Secret" => format!("type: Opaque\nstringData:\n  password: {}\n", random.pick(&TEXTS)),
        "ServiceAccount" if random.one_in(3) => format!("secrets:\n- name: {other}\nimagePullSecrets:\n- name: {other}\n"),
        "Role" | "ClusterRole" => format!("rules:\n- apiGroups: ['']\n  resources: [secrets]\n  resourceNames: [{other}, web]\n  verbs: [get]\n"),
        "RoleBinding" | "ClusterRoleBinding" => {
            let role = if kind == "RoleBinding" && random.one_in(2) { "Role" } else { "ClusterRole" };
            let within = if random.one_in(2) { format!("  namespace: {namespace}\n") } else { String::new() };
            format!("roleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: {role}\n  name: {other}\nsubjects:\n- kind: ServiceAccount\n  name: {}\n{within}- kind: {}\n  name: {other}\n", random.pick(&NAMES), random.pick(&["User", "Group"]))
        }
        "Ingress" => format!("spec:\n  ingressClassName: nginx\n  tls:\n  - secretName: {other}\n    hosts: [$(VAR).example.com]\n  rules:\n  - host: example.com\n    http:\n      paths:\n      - path: /\n        pathType: Prefix\n        backend:\n          service:\n            name: {other}\n            port: {{number: 80}}\n"),
        "HorizontalPodAutoscaler" => format!("spec:\n  scaleTargetRef:\n    apiVersion: apps/v1\n    kind: {}\n    name: {other}\n  minReplicas: 1\n  metrics:\n  - type: Resource\n", random.pick(&["Deployment", "StatefulSet"])),
        "PodDisruptionBudget" => "spec:\n  minAvailable: 1\n  selector:\n    matchLabels: {app: web}\n".to_owned(),
        "NetworkPolicy" => "spec:\n  podSelector: {}\n  ingress:\n  - from:\n    - podSelector:\n        matchLabels: {app: api}\n    - namespaceSelector: {matchLabels: {team: a}}\n  egress:\n  - to:\n    - podSelector: {matchLabels: {app: db}}\n".to_owned(),
        "PersistentVolumeClaim" => format!("spec:\n  storageClassName: {other}\n  accessModes: [ReadWriteOnce]\n  resources: {{requests: {{storage: 1Gi}}}}\n"),
        "Widget" => format!("spec:\n  value: {}\n  ref: {{name: {other}}}\n  containers:\n  - image: {}\n    name: c\n  list:\n  - {}\n  - b\n", scalar(random, 2), random.pick(&IMAGES), random.pick(&TEXTS)),
        "ValidatingWebhookConfiguration" => format!("webhooks:\n- name: hook.example.com\n  clientConfig:\n    service:\n      name: {other}\n      namespace: {namespace}\n"),
        "PriorityClass" => "value: 1000\n".to_owned(),
        "CustomResourceDefinition" => "spec:\n  group: example.com\n  names: {kind: Widget, plural: widgets}\n  scope: Namespaced\n".to_owned(),
        _ => String::new(),
    };
    head + &body
}
