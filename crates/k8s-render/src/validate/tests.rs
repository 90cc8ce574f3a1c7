//! One render as text in, findings out.

use std::sync::Arc;

use miette::Diagnostic;

use super::*;
use crate::finding::Source;
use crate::resource::Resource;
use crate::yaml;

fn findings(text: &str, version: &str) -> Vec<(String, String, Option<String>, String)> {
    let whole: Arc<str> = Arc::from(text);
    let (nodes, problems) = yaml::parse(&Source::new("all.yaml", Arc::clone(&whole)));
    assert!(problems.is_empty(), "{problems:?}");
    let resources: Vec<_> = nodes.into_iter().map(|node| Resource { node }).collect();
    let lookup = |file: &str| (file == "all.yaml").then(|| Arc::clone(&whole));
    let schemas = Schemas::new(KubeVersion::parse(version).unwrap());
    let found = validate(&Facts::read(&resources), &schemas, Sources::new(&lookup));
    let told = |finding: RuleFinding| {
        let label = finding.labels().unwrap().next().unwrap();
        let marked = finding.source_code().unwrap().read_span(label.inner(), 0, 0).unwrap();
        let marked = String::from_utf8(marked.data().to_vec()).unwrap().trim_end().to_owned();
        let message = finding.message.split_once(": ").map_or(&*finding.message, |(_, message)| message);
        (finding.rule.name().to_owned(), message.to_owned(), finding.advice.clone(), marked)
    };
    found.into_iter().map(told).collect()
}

/// Rule and marked text of each finding of the newest release.
fn marks(text: &str) -> Vec<(String, String)> {
    let newest = KubeVersion::newest().to_string();
    findings(text, &newest).into_iter().map(|(rule, _, _, marked)| (rule, marked)).collect()
}

#[track_caller]
fn finds(text: &str, rule: &str, marked: &str) {
    assert_eq!(marks(text), [(rule.to_owned(), marked.to_owned())], "{text}");
}

#[track_caller]
fn is_sound(text: &str) {
    assert_eq!(marks(text), [], "{text}");
}

fn deployment(pod: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  selector: {{matchLabels: {{app: web}}}}\n  \
         template:\n    metadata: {{labels: {{app: web}}}}\n    spec: {pod}\n"
    )
}

fn container(fields: &str) -> String {
    deployment(&format!("{{containers: [{{name: c, image: i, {fields}}}]}}"))
}

fn object(api: &str, kind: &str, rest: &str) -> String {
    format!("apiVersion: {api}\nkind: {kind}\nmetadata: {{name: a}}\n{rest}\n")
}

#[test]
fn a_sound_object_gives_no_finding() {
    is_sound(&container(
        "ports: [{containerPort: 80, name: http}], resources: {limits: {cpu: 1, memory: 1.5Gi}}",
    ));
    is_sound(&object("v1", "ConfigMap", "data: {a: b}\nbinaryData: {c: YQ==}"));
    is_sound(
        &object("v1", "Service", "spec: {ports: [{port: 80, targetPort: http}, {port: 81}]}")
            .replace("{port: 80,", "{name: a, port: 80,")
            .replace("{port: 81", "{name: b, port: 81"),
    );
}

#[test]
fn unknown_fields_are_marked_at_their_key_and_get_the_nearest_name() {
    let text = container("").replace("spec:\n  selector", "spec:\n  replica: 2\n  selector");
    let newest = KubeVersion::newest().to_string();
    let found = findings(&text, &newest);
    assert_eq!(
        found,
        [(
            "unknown-field".to_owned(),
            "there is no field `spec.replica`".to_owned(),
            Some("did you mean `replicas`?".to_owned()),
            "replica".to_owned()
        )]
    );
    finds(&container("imagePullPolcy: Always"), "unknown-field", "imagePullPolcy");
}

#[test]
fn a_field_of_another_release_is_said_to_be_one() {
    let text = deployment("{resources: {limits: {cpu: 1}}, containers: [{name: c, image: i}]}");
    assert_eq!(findings(&text, "1.32"), []);
    let advice = findings(&text, "1.31")[0].2.clone().unwrap();
    assert_eq!(advice, "Kubernetes 1.32 on has it: this is 1.31");
}

#[test]
fn wrong_types() {
    for (fields, marked) in [
        ("workingDir: 5", "5"),
        ("stdin: \"true\"", "\"true\""),
        ("ports: {}", "{}"),
        ("ports: [{containerPort: \"80\"}]", "\"80\""),
        ("resources: []", "[]"),
        ("resources: {limits: {cpu: true}}", "true"),
        ("args: [1]", "1"),
        ("env: [{name: A, value: 1}]", "1"),
        ("env: [{name: A, value: true}]", "true"),
        ("livenessProbe: {periodSeconds: 1.5}", "1.5"),
        ("livenessProbe: {tcpSocket: {port: [1]}}", "[1]"),
        ("args: [null]", "null"),
    ] {
        finds(&container(fields), "wrong-type", marked);
    }
    let newest = KubeVersion::newest().to_string();
    let advice = |fields: &str| findings(&container(fields), &newest)[0].2.clone().unwrap_or_default();
    assert_eq!(advice("env: [{name: A, value: 1}]"), "put it in quotes: `\"1\"`");
    assert_eq!(advice("livenessProbe: {periodSeconds: \"5\"}"), "write it without quotes: `5`");
    // What is empty counts as left out.
    is_sound(&container("workingDir: null, resources: null, args: null"));
}

#[test]
fn missing_fields() {
    finds(
        &deployment("{containers: [{name: c, image: i, env: [{value: x}]}]}"),
        "missing-field",
        "{value: x}",
    );
    finds(&deployment("{containers: [{name: c}]}"), "missing-field", "{name: c}");
    finds(&deployment("{containers: []}"), "missing-field", "{containers: []}");
    let text = container("").replace("  selector: {matchLabels: {app: web}}\n", "");
    assert_eq!(marks(&text)[0].0, "missing-field");
    finds(&object("v1", "Service", "spec: {selector: {a: b}}"), "missing-field", "{selector: {a: b}}");
    is_sound(&object("v1", "Service", "spec: {clusterIP: None}"));
}

#[test]
fn values_that_a_field_cannot_have() {
    for (fields, marked) in [
        ("imagePullPolicy: always", "always"),
        ("ports: [{containerPort: 80, protocol: tcp}]", "tcp"),
        ("resources: {limits: {memory: 1gb}}", "1gb"),
        ("livenessProbe: {periodSeconds: 3000000000}", "3000000000"),
        (
            "env: [{name: A, value: x, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]",
            "{fieldRef: {fieldPath: metadata.name}}",
        ),
    ] {
        finds(&container(fields), "invalid-value", marked);
    }
    finds(&object("v1", "Secret", "data: {a: not base64}"), "invalid-value", "not base64");
    finds(
        &object("v1", "Service", "spec: {type: Nodeport, ports: [{port: 1}]}"),
        "invalid-value",
        "Nodeport",
    );
    finds(
        &object("v1", "PersistentVolumeClaim", "spec: {accessModes: [ReadOnce]}"),
        "invalid-value",
        "ReadOnce",
    );
    finds(
        &object("v1", "ConfigMap", "").replace("name: a", "name: a, creationTimestamp: now"),
        "invalid-value",
        "now",
    );
    is_sound(&object("v1", "ConfigMap", "").replace("name: a", "name: a, creationTimestamp: null"));
    let job = |schedule: &str| {
        object(
            "batch/v1",
            "CronJob",
            &format!(
                "spec: {{schedule: \"{schedule}\", jobTemplate: {{spec: {{template: {{spec: {{restartPolicy: Never, containers: [{{name: c, image: i}}]}}}}}}}}}}"
            ),
        )
    };
    is_sound(&job("@hourly"));
    finds(&job("61 * * * *"), "invalid-value", "\"61 * * * *\"");
    let ingress = |path: &str| {
        object(
            "networking.k8s.io/v1",
            "Ingress",
            &format!(
                "spec: {{rules: [{{http: {{paths: [{{path: {path}, pathType: Prefix, backend: {{service: {{name: a, port: {{number: 1}}}}}}}}]}}}}]}}"
            ),
        )
    };
    is_sound(&ingress("/a"));
    finds(&ingress("a"), "invalid-value", "a");
    finds(
        &object(
            "policy/v1",
            "PodDisruptionBudget",
            "spec: {minAvailable: 1, maxUnavailable: 1, selector: {}}",
        ),
        "invalid-value",
        "1",
    );
}

#[test]
fn items_that_repeat_a_key() {
    finds(
        &deployment("{containers: [{name: c, image: i}, {name: c, image: j}]}"),
        "duplicate-item",
        "{name: c, image: j}",
    );
    finds(
        &object("v1", "Service", "spec: {ports: [{name: a, port: 1}, {name: b, port: 1, protocol: TCP}]}"),
        "duplicate-item",
        "{name: b, port: 1, protocol: TCP}",
    );
    is_sound(&object(
        "v1",
        "Service",
        "spec: {ports: [{name: a, port: 1}, {name: b, port: 1, protocol: UDP}]}",
    ));
    finds(
        &container("env: [{name: A, value: x}, {name: A, value: z}]"),
        "duplicate-item",
        "{name: A, value: z}",
    );
}

#[test]
fn the_life_of_apis() {
    let of = |api: &str, kind: &str, version: &str| {
        let found = findings(&object(api, kind, ""), version).into_iter().next().unwrap();
        (found.0, found.2.unwrap_or_default())
    };
    let told = |rule: &str, advice: &str| (rule.to_owned(), advice.to_owned());
    assert_eq!(
        of("extensions/v1beta1", "Ingress", "1.30"),
        told("api-removed", "use Ingress of `networking.k8s.io/v1`")
    );
    assert_eq!(
        of("policy/v1beta1", "PodDisruptionBudget", "1.30"),
        told("api-removed", "use PodDisruptionBudget of `policy/v1`")
    );
    let flow = "flowcontrol.apiserver.k8s.io/v1beta3";
    let v1 = "use FlowSchema of `flowcontrol.apiserver.k8s.io/v1`";
    assert_eq!(of(flow, "FlowSchema", "1.31"), told("api-deprecated", v1));
    assert_eq!(of(flow, "FlowSchema", "1.32"), told("api-removed", v1));
    assert_eq!(
        of("resource.k8s.io/v1", "ResourceClaim", "1.33"),
        told("api-not-yet", "it is served from 1.34 on")
    );
    assert_eq!(
        of("v1", "Endpoints", "1.33"),
        told("api-deprecated", "use EndpointSlice of `discovery.k8s.io/v1`")
    );
    assert_eq!(findings(&object("v1", "Endpoints", ""), "1.32"), []);
}

#[test]
fn kinds_that_nobody_has() {
    let newest = KubeVersion::newest().to_string();
    let of = |api: &str, kind: &str| {
        let found = findings(&object(api, kind, ""), &newest).into_iter().next().unwrap();
        (found.0, found.2.unwrap_or_default())
    };
    assert_eq!(
        of("apps/v1", "Deploymnt"),
        ("unknown-kind".to_owned(), "did you mean `Deployment`?".to_owned())
    );
    assert_eq!(
        of("v1", "Deployment"),
        ("unknown-kind".to_owned(), "Deployment is served as `apps/v1`".to_owned())
    );
    assert_eq!(of("example.org/v1", "Thing").0, "no-schema");
    finds("metadata: {name: a}", "not-an-object", "metadata: {name: a}");
    finds("apiVersion: v1\nkind: ConfigMap\nmetadata: {}", "not-an-object", "{}");
    is_sound("apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: a-}");
}

#[test]
fn items_of_lists_are_objects() {
    let list = |kind: &str, item: &str| {
        format!("apiVersion: v1\nkind: {kind}\nitems: [{{{item} metadata: {{name: a}}, datta: {{}}}}]\n")
    };
    finds(&list("ConfigMapList", ""), "unknown-field", "datta");
    finds(&list("List", "apiVersion: v1, kind: ConfigMap,"), "unknown-field", "datta");
    assert_eq!(marks(&list("List", ""))[0].0, "not-an-object");
}

#[test]
fn names_and_labels() {
    let named = |api: &str, kind: &str, name: &str, rest: &str| {
        marks(&object(api, kind, rest).replace("name: a", &format!("name: {name}")))
    };
    let wrong = |rule: &str, marked: &str| vec![(rule.to_owned(), marked.to_owned())];
    assert_eq!(named("v1", "ConfigMap", "A", ""), wrong("invalid-name", "A"));
    assert_eq!(named("v1", "ConfigMap", "a.b", ""), []);
    assert_eq!(named("v1", "Namespace", "a.b", ""), wrong("invalid-name", "a.b"));
    assert_eq!(named("rbac.authorization.k8s.io/v1", "Role", "system:a", ""), []);
    assert_eq!(named("v1", "ConfigMap", "a, labels: {a b: c}", ""), wrong("invalid-label", "a b"));
    assert_eq!(named("v1", "ConfigMap", "a, labels: {a: c/d}", ""), wrong("invalid-label", "c/d"));
    assert_eq!(named("v1", "ConfigMap", "a, annotations: {a b: c}", ""), wrong("invalid-label", "a b"));
    assert_eq!(named("v1", "ConfigMap", "a, namespace: A", ""), wrong("invalid-name", "A"));
    assert_eq!(named("v1", "Namespace", "a, namespace: b", ""), wrong("needless-namespace", "b"));
    let service = |version| {
        findings(
            &object("v1", "Service", "spec: {ports: [{port: 1}]}").replace("name: a", "name: 0a"),
            version,
        )
    };
    assert_eq!((service("1.35").len(), service("1.36").len()), (1, 0));
    finds(&object("v1", "ConfigMap", "data: {a/b: c}"), "invalid-key", "a/b");
    finds(&container("env: [{name: A=B, value: c}]"), "invalid-key", "A=B");
    finds(&container("ports: [{containerPort: 70000}]"), "invalid-port", "70000");
    finds(
        &container("ports: [{containerPort: 80, name: much-too-long-name}]"),
        "invalid-port",
        "much-too-long-name",
    );
}

#[test]
fn what_the_api_server_asks_of_pods() {
    finds(&container("volumeMounts: [{name: v, mountPath: /v}]"), "unknown-volume", "v");
    is_sound(&deployment(
        "{volumes: [{name: v, emptyDir: {}}], containers: [{name: c, image: i, volumeMounts: [{name: v, mountPath: /v}]}]}",
    ));
    finds(&container("resources: {requests: {cpu: 2}, limits: {cpu: 1500m}}"), "request-over-limit", "2");
    finds(&container("").replace("labels: {app: web}", "labels: {app: api}"), "selector-mismatch", "web");
    finds(
        &deployment("{restartPolicy: Never, containers: [{name: c, image: i}]}"),
        "restart-policy",
        "Never",
    );
    let job = object("batch/v1", "Job", "spec: {template: {spec: {containers: [{name: c, image: i}]}}}");
    finds(&job, "restart-policy", "{containers: [{name: c, image: i}]}");
    is_sound(&job.replace("{containers", "{restartPolicy: Never, containers"));
    finds(&deployment("{containers: [{name: A_b, image: i}]}"), "invalid-name", "A_b");
}

const DEFINITION: &str = "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.org}
spec:
  group: example.org
  names: {kind: Thing, plural: things}
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          required: [spec]
          properties:
            spec:
              type: object
              required: [size]
              properties:
                size: {type: integer, minimum: 1, maximum: 9}
                mode: {type: string, enum: [fast, slow]}
                name: {type: string, pattern: '^[a-z]+$', maxLength: 5}
                port: {x-kubernetes-int-or-string: true, anyOf: [{type: integer}, {type: string}]}
                free: {type: object, x-kubernetes-preserve-unknown-fields: true}
                tags: {type: object, additionalProperties: {type: string}}
                list: {type: array, maxItems: 2, items: {type: object, properties: {id: {type: string}}}, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [id]}
                maybe: {type: string, nullable: true}
                pod: {type: object, x-kubernetes-embedded-resource: true, properties: {spec: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
                either: {type: object, properties: {a: {type: string}, b: {type: string}}, oneOf: [{required: [a]}, {required: [b]}]}
---
";

fn thing(spec: &str) -> String {
    format!("{DEFINITION}{}", object("example.org/v1", "Thing", &format!("spec: {spec}")))
}

#[test]
fn custom_resources_are_held_against_their_definition() {
    is_sound(&thing(
        "{size: 3, mode: fast, name: abc, port: http, free: {x: [1]}, tags: {a: b}, maybe: null, list: [{id: a}, {id: b}], pod: {apiVersion: v1, kind: Pod, metadata: {name: x}, spec: {y: z}}, either: {a: x}}",
    ));
    for (spec, rule, marked) in [
        ("{size: 3, sise: 4}", "unknown-field", "sise"),
        ("{mode: fast}", "missing-field", "{mode: fast}"),
        ("{size: x}", "wrong-type", "x"),
        ("{size: 10}", "invalid-value", "10"),
        ("{size: 1, mode: odd}", "invalid-value", "odd"),
        ("{size: 1, name: ABC}", "invalid-value", "ABC"),
        ("{size: 1, name: abcdef}", "invalid-value", "abcdef"),
        ("{size: 1, port: true}", "wrong-type", "true"),
        ("{size: 1, tags: {a: 1}}", "wrong-type", "1"),
        ("{size: 1, list: [{id: a}, {id: a}]}", "duplicate-item", "{id: a}"),
        ("{size: 1, list: [{}, {}, {}]}", "invalid-value", "[{}, {}, {}]"),
        ("{size: 1, name: null}", "wrong-type", "null"),
        ("{size: 1, either: {a: x, b: z}}", "invalid-value", "{a: x, b: z}"),
        ("{size: 1, either: {}}", "invalid-value", "{}"),
        ("{size: 1, pod: {metadata: {nam: x}}}", "unknown-field", "nam"),
    ] {
        finds(&thing(spec), rule, marked);
    }
    let other = format!("{DEFINITION}{}", object("example.org/v2", "Thing", ""));
    finds(&other, "unknown-kind", "example.org/v2");
    finds(&thing("{size: 1}").replace("served: true", "served: false"), "api-removed", "example.org/v1");
    finds(&thing("{size: 1}").replace("name: a}", "name: a, labls: {}}"), "unknown-field", "labls");
}

#[test]
fn a_value_without_an_origin_is_shown_at_what_is_around_it() {
    let text: Arc<str> = Arc::from(container("").as_str());
    let (mut nodes, _) = yaml::parse(&Source::new("all.yaml", Arc::clone(&text)));
    let spec = nodes[0].get_mut("spec").and_then(yaml::Node::as_mapping_mut).unwrap();
    spec.insert("replicas".to_owned(), yaml::Node::text("many"));
    let resources = vec![Resource { node: nodes.remove(0) }];
    let lookup = |_: &str| Some(Arc::clone(&text));
    let schemas = Schemas::new(KubeVersion::newest());
    let found = validate(&Facts::read(&resources), &schemas, Sources::new(&lookup));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].span.offset(), text.find("selector").unwrap(), "the map that holds it");
}

#[test]
fn every_rule_has_its_own_name() {
    let mut codes: Vec<_> = RULES.iter().map(|rule| rule.code).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), RULES.len());
    assert!(codes.iter().all(|code| code.starts_with("manifest/")));
}
