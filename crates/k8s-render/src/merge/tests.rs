use std::sync::Arc;

use super::*;
use crate::Source;
use crate::schema;
use crate::yaml::{emit, parse};

fn node(text: &str) -> Node {
    parse(&Source::new("a", Arc::from(text))).0.remove(0)
}

fn merged(base: &str, patch: &str) -> String {
    merge(schema::built_in(), node(base), node(patch)).unwrap().map(|node| emit(&node)).unwrap_or_default()
}

const POD: &str = "apiVersion: v1\nkind: Pod\n";

fn pod(base: &str, patch: &str) -> String {
    merged(&format!("{POD}{base}"), patch).replace(POD, "")
}

#[test]
fn maps_merge_and_null_removes() {
    assert_eq!(
        merged("{a: 1, b: {c: 2, d: 3}}", "{b: {c: null, e: [x]}}"),
        "a: 1\nb:\n  d: 3\n  e:\n  - x\n"
    );
    assert_eq!(merged("{a: null, b: }", "{c: 1}"), "a: null\nc: 1\n");
}

#[test]
fn lists_without_a_schema_are_replaced() {
    assert_eq!(merged("{l: [{name: a}]}", "{l: [{name: b}]}"), "l:\n- name: b\n");
}

#[test]
fn containers_merge_by_name_and_the_patch_comes_first() {
    let base = "spec: {containers: [{name: a, image: x}, {name: b}]}";
    let patch = "spec: {containers: [{name: b, image: z}, {name: c}]}";
    assert_eq!(
        pod(base, patch),
        "spec:\n  containers:\n  - image: z\n    name: b\n  - name: c\n  - image: x\n    name: a\n"
    );
}

#[test]
fn directives() {
    let base = "spec: {containers: [{name: a, image: x}, {name: b}], nodeSelector: {k: v}}";
    assert_eq!(
        pod(base, "spec: {containers: [{name: a, $patch: delete}], nodeSelector: {$patch: replace, z: w}}"),
        "spec:\n  containers:\n  - name: b\n  nodeSelector:\n    z: w\n"
    );
    assert_eq!(
        pod(base, "spec: {containers: [{$patch: replace}, {name: z}], nodeSelector: {$patch: delete}}"),
        "spec:\n  containers:\n  - name: z\n"
    );
    assert_eq!(merged("{a: 1}", "{$patch: delete}"), "");
    assert!(merge(schema::built_in(), node("{a: {b: 1}}"), node("{a: {$patch: x}}")).is_err());
}

#[test]
fn scalar_lists_with_the_strategy_merge_are_sets() {
    assert_eq!(
        pod("metadata: {finalizers: [a, b]}", "metadata: {finalizers: [c, a]}"),
        "metadata:\n  finalizers:\n  - c\n  - a\n  - b\n"
    );
}

#[test]
fn ports_have_two_keys() {
    let base = "spec: {containers: [{name: a, ports: [{containerPort: 1, protocol: TCP}, {containerPort: 1, protocol: UDP}]}]}";
    let patch = "spec: {containers: [{name: a, ports: [{containerPort: 1, protocol: UDP, name: dns}]}]}";
    let expected = "spec:\n  containers:\n  - name: a\n    ports:\n    - containerPort: 1\n      protocol: TCP\n    - containerPort: 1\n      name: dns\n      protocol: UDP\n";
    assert_eq!(pod(base, patch), expected);
}

#[test]
fn a_new_list_holds_every_key_once() {
    let patch = "spec: {containers: [{name: a}, {name: a, image: x}, {name: b, image: null}]}";
    assert_eq!(pod("spec: {}", patch), "spec:\n  containers:\n  - image: x\n    name: a\n  - name: b\n");
}

#[test]
fn different_kinds_of_values_are_refused() {
    assert!(merge(schema::built_in(), node("{a: [1]}"), node("{a: {b: 1}}")).is_err());
}

#[test]
fn a_field_keeps_its_quotes() {
    let read = |text: &str| crate::yaml::parse(&crate::Source::new("x", text.into())).0.remove(0);
    let base = read("{apiVersion: v1, kind: ConfigMap, data: {a: '1', b: word, c: \"x\"}}");
    let patch = read("{data: {a: 2, b: 3, c: true}}");
    let merged = merge(crate::schema::built_in(), base, patch).unwrap().unwrap();
    assert_eq!(merged.get("data"), Some(&read("{a: '2', b: 3, c: 'true'}")));
}
