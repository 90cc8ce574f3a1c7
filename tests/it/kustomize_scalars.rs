//! What becomes of numbers, dates and nulls on their way through kustomize's transformers: of their spelling and of their type.

use infra_tests::oracle;
use infra_tests::sandbox::Sandbox;

use crate::harness::infra;

const WIDGET: &str = "apiVersion: example.com/v1\nkind: Widget\nmetadata:\n  name: w\nspec:\n";

/// Renders `top` by both: the bytes, or nothing where both refuse.
#[track_caller]
fn both(files: &[(&str, String)]) -> Option<String> {
    let sandbox = Sandbox::empty();
    for (path, content) in files {
        sandbox.write(path, content);
    }
    let theirs = oracle::kustomize(&sandbox.path("top"));
    let ours = infra(&sandbox).run(&["render", "top"]);
    assert_eq!(ours.code == 0, theirs.code == 0, "{files:?}\n{}\n{}", ours.stderr, theirs.stderr);
    if theirs.code != 0 {
        assert!(ours.code == 1 && ours.stdout.is_empty(), "{files:?}\n{ours:?}");
        return None;
    }
    assert_eq!(ours.stdout, theirs.stdout, "{files:?}");
    Some(ours.stdout)
}

fn replacement(field: &str, target: &str, options: &str) -> String {
    format!(
        "replacements:\n- source: {{kind: ConfigMap, name: s, fieldPath: {field}}}\n  targets:\n  - select: {{kind: Widget}}\n    fieldPaths: [{target}]\n    options: {{{options}}}\n"
    )
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs kustomize: run ./tests/run")]
fn a_replacement_leaves_the_type_of_its_target() {
    let (mut rendered, mut refused) = (0, 0);
    for old in ["0", "1.5", "true", "~", "", "'x'", "2001-01-01"] {
        for new in
            ["web", "017", "1.5", "true", "null", "2001-01-01", ".inf", "1e3", "''", "18446744073709551615"]
        {
            let source = format!(
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: s}}\ndata: {{v: {new}, t: 'a|'}}\n"
            );
            let top = format!("resources: [s.yaml, w.yaml]\n{}", replacement("data.v", "spec.f", ""));
            let files = [
                ("top/s.yaml", source),
                ("top/w.yaml", format!("{WIDGET}  f: {old}\n")),
                ("top/kustomization.yaml", top),
            ];
            match both(&files) {
                Some(_) => rendered += 1,
                None => refused += 1,
            }
        }
    }
    assert!(rendered >= 15 && refused >= 30, "{rendered} rendered, {refused} refused");
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs kustomize: run ./tests/run")]
fn a_text_for_a_number_is_refused_unless_a_later_layer_puts_it_right() {
    let base = [
        ("base/s.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: s}\ndata: {v: web}\n".to_owned()),
        (
            "base/d.yaml",
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec: {replicas: 1}\n".to_owned(),
        ),
        (
            "base/kustomization.yaml",
            format!("resources: [s.yaml, d.yaml]\n{}", replacement("data.v", "spec.replicas", ""))
                .replace("Widget", "Deployment"),
        ),
    ];
    let under = |rest: &str| {
        let mut files = base.to_vec();
        files.push(("top/kustomization.yaml", format!("resources: [../base]\n{rest}")));
        both(&files)
    };
    assert_eq!(under(""), None);
    assert!(under("replicas: [{name: d, count: 3}]\n").is_some_and(|text| text.contains("replicas: 3")));
    let patch = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: d}, spec: {replicas: 4}}";
    assert!(
        under(&format!("patches: [{{patch: '{patch}'}}]\n")).is_some_and(|text| text.contains("replicas: 4"))
    );
    // A JSON patch reads the object before it changes it.
    let patch = "- {op: replace, path: /spec/replicas, value: 5}";
    assert_eq!(under(&format!("patches: [{{target: {{kind: Deployment}}, patch: '{patch}'}}]\n")), None);
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs kustomize: run ./tests/run")]
fn what_is_copied_keeps_its_spelling() {
    for written in
        [".5", "017", "0o17", "True", "2001-01-01", "1_000", "123456789012345678901234567890", "1000000"]
    {
        for quoted in ["'old'", "old"] {
            let object = format!(
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: s}}\ndata: {{k: {quoted}, v: {written}}}\n"
            );
            let patch =
                format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: s}}\ndata: {{k: {written}}}\n");
            let widget = format!("{WIDGET}  f: 'a|b'\n  g: 'x'\n");
            let top = format!(
                "resources: [../base, w.yaml]\n{}",
                replacement("data.v", "spec.f", "delimiter: '|', index: 1")
            );
            let json =
                "patches: [{target: {kind: ConfigMap}, patch: '- {op: add, path: /data/j, value: 1}'}]\n";
            for layer in ["patchesStrategicMerge: [p.yaml]\n", json] {
                let files = [
                    ("base/s.yaml", object.clone()),
                    ("base/p.yaml", patch.clone()),
                    ("base/kustomization.yaml", format!("resources: [s.yaml]\n{layer}")),
                    ("top/w.yaml", widget.clone()),
                    ("top/kustomization.yaml", top.clone()),
                ];
                assert!(both(&files).is_some(), "{files:?}");
            }
        }
    }
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs kustomize: run ./tests/run")]
fn a_json_patch_leaves_quotes_only_where_they_are_needed() {
    for old in [
        "'x'",
        "'1'",
        "x",
        "'a b'",
        "'a: b'",
        "'yes'",
        "'12:30:45'",
        "'~'",
        "\"a\\nb\"",
        "' a'",
        "''",
        "-0.0",
    ] {
        for new in ["017", "True", "x"] {
            let object = |value: &str| {
                format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: s}}\ndata: {{k: {value}}}\n")
            };
            let json =
                "patches: [{target: {kind: ConfigMap}, patch: '- {op: add, path: /data/j, value: 1}'}]\n";
            let files = [
                ("base/s.yaml", object(old)),
                ("base/kustomization.yaml", format!("resources: [s.yaml]\n{json}")),
                ("top/p.yaml", object(new)),
                (
                    "top/kustomization.yaml",
                    "resources: [../base]\npatchesStrategicMerge: [p.yaml]\n".to_owned(),
                ),
            ];
            assert!(both(&files).is_some(), "{files:?}");
        }
    }
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs kustomize: run ./tests/run")]
fn a_block_stays_one_whatever_patches_put_in_place_of_its_last_line() {
    let role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata:\n  name: api\n  namespace: n\nrules: []\n";
    let patch = "patches:\n- target: {kind: Role}\n  patch: |\n    apiVersion: rbac.authorization.k8s.io/v1\n    kind: Role\n    metadata: {name: api}\n";
    let part = "fieldPath: kind, options: {delimiter: e, index: 1}";
    let top = replacement("kind", "metadata.labels.from", "create: true")
        .replace("ConfigMap", "Role")
        .replace("Widget", "Role")
        .replace("name: s,", "name: api,")
        .replace("fieldPath: kind", part);
    let files = [
        ("top/role.yaml", role.to_owned()),
        ("top/kustomization.yaml", format!("resources: [role.yaml]\n{patch}{top}")),
    ];
    assert!(both(&files).is_some_and(|text| text.contains("from: null")), "{files:?}");
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs kustomize: run ./tests/run")]
fn an_empty_part_is_null_on_a_line_of_its_own_and_a_text_in_braces() {
    let mut texts = Vec::new();
    for labels in ["{a: b}", "{}", "\n    a: b"] {
        for target in ["metadata.labels.from", "metadata.annotations.from", "spec.from"] {
            let source = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: s}\ndata: {v: 'Rol|'}\n";
            let options = "create: true";
            let top = format!("resources: [s.yaml, w.yaml]\n{}", replacement("data.v", target, options))
                .replace("fieldPath: data.v", "fieldPath: data.v, options: {delimiter: '|', index: 1}");
            let widget = format!("{WIDGET}  f: x\n")
                .replace("  name: w\n", &format!("  name: w\n  labels: {labels}\n"));
            let patch =
                "patches: [{target: {kind: Widget}, patch: '- {op: add, path: /spec/j, value: 1}'}]\n";
            for layer in ["", patch] {
                let files = [
                    ("top/s.yaml", source.to_owned()),
                    ("base/w.yaml", widget.clone()),
                    ("base/kustomization.yaml", format!("resources: [w.yaml]\n{layer}")),
                    ("top/kustomization.yaml", top.replace("w.yaml", "../base")),
                ];
                texts.extend(both(&files));
            }
        }
    }
    assert!(
        texts.iter().any(|text| text.contains("from: \"\""))
            && texts.iter().any(|text| text.contains("from: null"))
    );
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs kustomize: run ./tests/run")]
fn two_objects_that_a_patch_gives_one_name_are_refused() {
    let crd = |name: &str| format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n");
    let rename = |name: &str| {
        format!(
            "patchesJson6902:\n- target: {{version: v1, kind: ConfigMap, name: {name}}}\n  patch: '- {{op: replace, path: /metadata/name, value: same}}'\n"
        )
    };
    let files = [
        ("top/a.yaml", crd("a")),
        ("top/b.yaml", crd("b")),
        (
            "top/kustomization.yaml",
            format!(
                "resources: [a.yaml, b.yaml]\n{}{}",
                rename("a"),
                rename("b").replace("patchesJson6902:\n", "")
            ),
        ),
    ];
    assert_eq!(both(&files), None);
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs kustomize: run ./tests/run")]
fn variables_take_what_a_replacement_made_for_a_text() {
    let vars = "vars: [{name: VAR, objref: {apiVersion: v1, kind: ConfigMap, name: s}}]\n";
    for part in ["", "17", "true", "~", "2001-01-01", "web"] {
        for vars in ["", vars] {
            let source = format!(
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: s}}\ndata: {{v: 'Rol|{part}'}}\n"
            );
            let base = format!(
                "resources: [s.yaml, w.yaml]\n{}",
                replacement("data.v", "metadata.labels.from", "create: true")
            )
            .replace("fieldPath: data.v", "fieldPath: data.v, options: {delimiter: '|', index: 1}");
            let files = [
                ("base/s.yaml", source),
                ("base/w.yaml", format!("{WIDGET}  f: x\n")),
                ("base/kustomization.yaml", base),
                ("top/kustomization.yaml", format!("resources: [../base]\n{vars}")),
            ];
            assert!(both(&files).is_some(), "{files:?}");
        }
    }
}
