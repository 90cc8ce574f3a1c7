//! One render as text in, findings out.

use std::fmt::Write as _;
use std::sync::Arc;

use miette::Diagnostic;

use super::*;
use crate::finding::Source;
use crate::resource::Resource;
use crate::yaml;

fn with_facts<T>(text: &str, ask: impl FnOnce(&Facts<'_>, Sources<'_>) -> T) -> T {
    let whole: Arc<str> = Arc::from(text);
    let (nodes, problems) = yaml::parse(&Source::new("all.yaml", Arc::clone(&whole)));
    assert!(problems.is_empty(), "{problems:?}");
    let resources: Vec<_> = nodes.into_iter().map(|node| Resource { node }).collect();
    let lookup = |file: &str| (file == "all.yaml").then(|| Arc::clone(&whole));
    ask(&Facts::read(&resources), Sources::new(&lookup))
}

/// Code and labelled text of each finding.
fn marks(text: &str) -> Vec<(String, String)> {
    let mark = |finding: &Finding| {
        let label = finding.labels().unwrap().next().unwrap();
        let text = finding.source_code().unwrap().read_span(label.inner(), 0, 0).unwrap();
        let text = String::from_utf8(text.data().to_vec()).unwrap();
        (finding.code().unwrap().to_string(), text.trim_end().to_owned())
    };
    with_facts(text, |facts, sources| check(facts, sources).iter().map(mark).collect())
}

fn mark(code: &str, text: &str) -> Vec<(String, String)> {
    vec![(code.to_owned(), text.to_owned())]
}

/// A container that nothing can be said against.
const SOUND: &str = "name: c, image: \"shop/web:1.2\", resources: {requests: {cpu: 1, memory: 1Gi}, limits: {memory: 1Gi}}, \
                     readinessProbe: {tcpSocket: {port: 80}}";

fn deployment(container: &str, spec: &str) -> String {
    format!(
        "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web, namespace: shop}}\n\
         spec: {{template: {{metadata: {{labels: {{app: web}}}}, spec: {{containers: [{{{container}}}]{spec}}}}}}}\n"
    )
}

fn service(spec: &str) -> String {
    format!("---\napiVersion: v1\nkind: Service\nmetadata: {{name: web, namespace: shop}}\nspec: {spec}\n")
}

fn map(kind: &str, name: &str, data: &str) -> String {
    format!("---\napiVersion: v1\nkind: {kind}\nmetadata: {{name: {name}, namespace: shop}}\ndata: {data}\n")
}

#[test]
fn a_sound_workload_gives_no_finding() {
    assert_eq!(marks(&deployment(SOUND, "")), []);
}

#[test]
fn images_are_taken_apart() {
    let cases = [
        ("nginx", ("nginx", None, None)),
        ("nginx:1.27", ("nginx", Some("1.27"), None)),
        ("registry:5000/nginx", ("registry:5000/nginx", None, None)),
        ("registry:5000/nginx:1@sha256:ab", ("registry:5000/nginx", Some("1"), Some("sha256:ab"))),
    ];
    for (text, expected) in cases {
        with_facts(&deployment(&format!("image: \"{text}\""), ""), |facts, _| {
            let image = facts.workloads[0].containers[0].image.unwrap();
            assert_eq!((image.repository, image.tag, image.digest), expected);
        });
    }
}

#[test]
fn lists_are_taken_apart() {
    let text = "{apiVersion: v1, kind: PodList, items: [{metadata: {name: a}, spec: {containers: []}}, {metadata: {name: b}, spec: {containers: []}}]}";
    with_facts(text, |facts, _| {
        let names: Vec<_> = facts.workloads.iter().map(|workload| workload.object.to_string()).collect();
        assert_eq!(names, ["Pod default/a", "Pod default/b"]);
    });
}

#[test]
fn jobs_carry_the_labels_that_the_controller_adds_and_their_arguments() {
    let text = "{apiVersion: batch/v1, kind: Job, metadata: {name: migrate}, spec: {template: {spec: \
                {initContainers: [{name: i, args: [a]}], containers: [{name: c, command: [infra], args: [migrate, apply]}]}}}}";
    with_facts(text, |facts, _| {
        let job = &facts.workloads[0];
        assert!(job.labels.contains(&("batch.kubernetes.io/job-name", "migrate")));
        assert_eq!(job.arguments().collect::<Vec<_>>(), ["a", "infra", "migrate", "apply"]);
        assert!(!job.is_long_running());
    });
}

#[test]
fn services_must_select_pods() {
    let text = format!("{}{}", deployment(SOUND, ""), service("{selector: {app: wbe}, ports: [{port: 80}]}"));
    assert_eq!(marks(&text), mark("k8s/service-selects-nothing", "{app: wbe}"));
    let external = service("{type: ExternalName, externalName: db.example, selector: {app: wbe}}");
    assert_eq!(marks(&external), []);
    assert_eq!(marks(&service("{ports: [{port: 80}]}")), []);
}

#[test]
fn service_ports_must_exist_in_a_container() {
    let ports = format!(
        "{SOUND}, ports: [{{name: http, containerPort: 8080}}, {{name: dns, containerPort: 53, protocol: UDP}}]"
    );
    let with = |port: &str| {
        marks(&format!(
            "{}{}",
            deployment(&ports, ""),
            service(&format!("{{selector: {{app: web}}, ports: [{{{port}}}]}}"))
        ))
    };
    for fine in
        ["port: 80, targetPort: http", "port: 80, targetPort: 8080", "port: 8080", "port: 53, protocol: UDP"]
    {
        assert_eq!(with(fine), [], "{fine}");
    }
    let code = "k8s/service-port-unknown";
    assert_eq!(with("port: 80, targetPort: web"), mark(code, "web"));
    assert_eq!(with("port: 80, targetPort: 9090"), mark(code, "9090"));
    assert_eq!(with("port: 53"), mark(code, "{port: 53}"));
    assert_eq!(with("port: 80, targetPort: http, protocol: UDP"), mark(code, "http"));
}

#[test]
fn a_number_needs_no_declaration_where_containers_declare_none() {
    let with = |port: &str| {
        marks(&format!(
            "{}{}",
            deployment(SOUND, ""),
            service(&format!("{{selector: {{app: web}}, ports: [{{port: 80, targetPort: {port}}}]}}"))
        ))
    };
    assert_eq!(with("8080"), []);
    assert_eq!(with("http"), mark("k8s/service-port-unknown", "http"));
}

#[test]
fn native_sidecars_serve_ports_and_init_containers_do_not() {
    let service = service("{selector: {app: web}, ports: [{port: 80, targetPort: side}]}");
    let sidecar = |policy: &str| {
        let init = format!(
            ", initContainers: [{{{SOUND}, {policy} ports: [{{name: side, containerPort: 15000}}]}}]"
        );
        marks(&format!("{}{service}", deployment(SOUND, &init)))
    };
    assert_eq!(sidecar("restartPolicy: Always,"), []);
    assert_eq!(sidecar("").len(), 1);
}

#[test]
fn objects_have_a_size_limit() {
    let limit = 1 << 20;
    let of = |bytes: usize| {
        marks(&map("ConfigMap", "m", &format!("{{k: {}}}", "x".repeat(bytes))))
            .into_iter()
            .map(|(code, _)| code)
            .collect::<Vec<_>>()
    };
    assert_eq!(of(limit), Vec::<String>::new());
    assert_eq!(of(limit + 1), ["k8s/configmap-too-large"]);

    // Three bytes are four digits.
    let secret =
        |bytes: usize| marks(&map("Secret", "s", &format!("{{k: {}}}", "QUFB".repeat(bytes / 3)))).len();
    assert_eq!((secret(limit - 1), secret(limit + 2)), (0, 1));
}

#[test]
fn references_to_configmaps_must_lead_somewhere() {
    let code = "k8s/missing-configmap";
    for (container, spec, place) in [
        ("envFrom: [{configMapRef: {name: gone}}]", "", "gone"),
        ("env: [{name: A, valueFrom: {configMapKeyRef: {name: gone, key: a}}}]", "", "a"),
        ("args: []", ", volumes: [{name: v, configMap: {name: gone}}]", "gone"),
        (
            "args: []",
            ", volumes: [{name: v, projected: {sources: [{configMap: {name: gone, items: [{key: a, path: b}]}}]}}]",
            "gone",
        ),
    ] {
        let text = deployment(&format!("{SOUND}, {container}"), spec);
        assert_eq!(marks(&text), mark(code, place), "{container}{spec}");
        assert_eq!(marks(&format!("{text}{}", map("ConfigMap", "gone", "{a: b}"))), [], "{container}{spec}");
    }
    let optional =
        deployment(&format!("{SOUND}, envFrom: [{{configMapRef: {{name: gone, optional: true}}}}]"), "");
    assert_eq!(marks(&optional), []);
    let built_in = deployment(SOUND, ", volumes: [{name: v, configMap: {name: kube-root-ca.crt}}]");
    assert_eq!(marks(&built_in), []);
}

#[test]
fn a_missing_configmap_may_have_a_hashed_name() {
    let text = format!(
        "{}{}",
        deployment(SOUND, ", volumes: [{name: v, configMap: {name: settings}}]"),
        map("ConfigMap", "settings-abc123", "{}")
    );
    let help = with_facts(&text, |facts, sources| check(facts, sources)[0].help().unwrap().to_string());
    assert!(help.contains("`settings-abc123`"), "{help}");
}

#[test]
fn keys_must_exist_and_secrets_may_come_from_outside() {
    let with = |kind: &str, field: &str| {
        let container = format!("{SOUND}, env: [{{name: A, valueFrom: {{{field}: {{name: m, key: b}}}}}}]");
        (
            marks(&deployment(&container, "")),
            marks(&format!("{}{}", deployment(&container, ""), map(kind, "m", "{a: eA==}"))),
        )
    };
    assert_eq!(with("ConfigMap", "configMapKeyRef").1, mark("k8s/missing-configmap-key", "b"));
    assert_eq!(with("Secret", "secretKeyRef"), (Vec::new(), mark("k8s/missing-secret-key", "b")));
}

const NAMESPACE: &str = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {pod-security.kubernetes.io/enforce: restricted}}\n";
const POD_CONTEXT: &str = ", securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}";
const OWN_CONTEXT: &str = "allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}";

/// What the profile says about a container with `context` in its security context, and a pod with `spec`.
fn restricted(context: &str, container: &str, spec: &str) -> Vec<String> {
    let container = format!("{SOUND}, securityContext: {{{context}}}{container}");
    let text = format!("{NAMESPACE}{}", deployment(&container, spec));
    with_facts(&text, |facts, sources| {
        let violation = |finding: Finding| match finding {
            Finding::NotRestricted { violation, .. } => violation,
            other => panic!("{other}"),
        };
        check(facts, sources).into_iter().map(violation).collect()
    })
}

#[test]
fn the_restricted_profile() {
    assert_eq!(restricted(OWN_CONTEXT, "", POD_CONTEXT), Vec::<String>::new());
    let own = format!(
        "{OWN_CONTEXT}, runAsNonRoot: true, seccompProfile: {{type: Localhost, localhostProfile: p}}"
    );
    assert_eq!(restricted(&own, "", ""), Vec::<String>::new());
    let bind = "allowPrivilegeEscalation: false, capabilities: {drop: [ALL], add: [NET_BIND_SERVICE]}";
    assert_eq!(restricted(bind, "", POD_CONTEXT), Vec::<String>::new());

    assert_eq!(restricted("", "", "").len(), 4, "escalation, root, seccomp, capabilities");
    let one = |context: &str, container: &str, spec: &str, word: &str| {
        let context = format!("{OWN_CONTEXT}{context}");
        let found = restricted(&context, container, &format!("{POD_CONTEXT}{spec}"));
        assert!(found.len() == 1 && found[0].contains(word), "{word}: {found:?}");
    };
    one("", "", ", hostNetwork: true", "hostNetwork");
    one("", "", ", hostPID: true", "hostPID");
    one("", "", ", hostIPC: true", "hostIPC");
    one("", "", ", volumes: [{name: v, hostPath: {path: /}}]", "hostPath");
    one("", "", ", volumes: [{name: v, nfs: {server: s, path: /}}]", "nfs");
    one(", privileged: true", "", "", "privileged");
    one(", runAsUser: 0", "", "", "runAsUser");
    one(", runAsNonRoot: false", "", "", "runAsNonRoot");
    one(", procMount: Unmasked", "", "", "procMount");
    one(", seccompProfile: {type: Unconfined}", "", "", "seccompProfile");
    one(", appArmorProfile: {type: Unconfined}", "", "", "appArmorProfile");
    one(", seLinuxOptions: {type: spc_t}", "", "", "spc_t");
    one(", seLinuxOptions: {user: root}", "", "", "SELinux user");
    one(", windowsOptions: {hostProcess: true}", "", "", "hostProcess");
    one("", ", ports: [{containerPort: 80, hostPort: 80}]", "", "port of the node");
    one("", ", livenessProbe: {httpGet: {host: example.org, port: 80}}", "", "names a host");
    one("", ", lifecycle: {preStop: {tcpSocket: {host: example.org, port: 80}}}", "", "names a host");
}

#[test]
fn capabilities_and_sysctls_of_the_restricted_profile() {
    let add = "allowPrivilegeEscalation: false, capabilities: {drop: [ALL], add: [SYS_ADMIN]}";
    assert!(restricted(add, "", POD_CONTEXT)[0].contains("SYS_ADMIN"));
    let drop = "allowPrivilegeEscalation: false, capabilities: {drop: [NET_RAW]}";
    assert!(restricted(drop, "", POD_CONTEXT)[0].contains("keeps capabilities"));
    let sysctl = |name: &str| {
        format!(
            ", securityContext: {{runAsNonRoot: true, seccompProfile: {{type: RuntimeDefault}}, sysctls: [{{name: {name}, value: \"1\"}}]}}"
        )
    };
    assert_eq!(restricted(OWN_CONTEXT, "", &sysctl("net.ipv4.tcp_syncookies")), Vec::<String>::new());
    assert!(restricted(OWN_CONTEXT, "", &sysctl("kernel.msgmax"))[0].contains("kernel.msgmax"));
}

#[test]
fn the_profile_covers_init_and_ephemeral_containers() {
    let init =
        format!("{POD_CONTEXT}, initContainers: [{{{SOUND}}}], ephemeralContainers: [{{name: debug}}]");
    let found = restricted(OWN_CONTEXT, "", &init);
    assert_eq!(found.len(), 4, "{found:?}");
}

#[test]
fn other_namespaces_are_not_held_to_the_profile() {
    assert_eq!(marks(&format!("{}{}", NAMESPACE.replace("shop", "other"), deployment(SOUND, ""))), []);
    assert_eq!(
        marks(&format!("{}{}", NAMESPACE.replace("restricted", "baseline"), deployment(SOUND, ""))),
        []
    );
}

#[test]
fn running_containers_need_resources_probes_and_a_fixed_image() {
    let without = |part: &str| {
        marks(&deployment(&SOUND.replace(part, ""), "")).into_iter().map(|(code, _)| code).collect::<Vec<_>>()
    };
    assert_eq!(without(", limits: {memory: 1Gi}"), ["k8s/no-resources"]);
    assert_eq!(without("requests: {cpu: 1, memory: 1Gi}, "), ["k8s/no-resources"]);
    assert_eq!(without(", readinessProbe: {tcpSocket: {port: 80}}"), ["k8s/no-probe"]);
    assert_eq!(marks(&deployment(&SOUND.replace(":1.2", ""), "")), mark("k8s/latest-tag", "\"shop/web\""));
    assert_eq!(
        marks(&deployment(&SOUND.replace(":1.2", ":latest"), "")),
        mark("k8s/latest-tag", "\"shop/web:latest\"")
    );
    assert_eq!(marks(&deployment(&SOUND.replace(":1.2", ":latest@sha256:ab"), "")), []);
}

#[test]
fn jobs_need_no_probe() {
    let text = deployment(&SOUND.replace(", readinessProbe: {tcpSocket: {port: 80}}", ""), "")
        .replace("Deployment", "Job");
    assert_eq!(marks(&text), []);
}

#[test]
fn duplicates_show_both_places() {
    let mut text = String::new();
    for version in ["apps/v1", "apps/v1beta1"] {
        let _ = writeln!(text, "---\n{{apiVersion: {version}, kind: Deployment, metadata: {{name: a}}}}");
    }
    with_facts(&text, |facts, sources| {
        let findings = check(facts, sources);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].to_string(), "Deployment default/a is rendered twice");
        let offset = |finding: &dyn Diagnostic| finding.labels().unwrap().next().unwrap().offset();
        let first = findings[0].related().unwrap().next().unwrap();
        assert!(offset(first) < offset(&findings[0]));
    });
    assert_eq!(marks(&format!("{}{}", map("ConfigMap", "a", "{}"), map("Secret", "a", "{}"))), []);
}
