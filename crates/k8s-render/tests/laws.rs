//! What holds for every render: its output renders to itself, and independent files may come in any order.

use std::path::Path;

use k8s_render::{Error, Finding, Memory, RenderOptions, render};
use proptest::prelude::*;

fn rendered(files: &Memory, directory: &str) -> Result<String, Vec<Finding>> {
    match render(files, Path::new(directory), &RenderOptions::default()) {
        Ok(rendered) => Ok(rendered.to_yaml()),
        Err(Error::Refused { findings, .. }) => Err(findings),
        Err(error) => panic!("{error}"),
    }
}

fn object(kind: &str, name: &str, value: &str) -> String {
    let value = value.replace('\'', "''");
    format!("apiVersion: v1\nkind: {kind}\nmetadata:\n  name: {name}\ndata:\n  key: '{value}'\n")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn output_renders_to_itself(
        names in proptest::collection::btree_set("[a-z][a-z0-9-]{0,8}[a-z]", 1..8),
        value in "[ -~]{0,120}",
        prefix in "([a-z]{1,3}-)?",
        namespace in "([a-z]{1,5})?",
    ) {
        let all: Vec<String> = names.iter().map(|name| object("ConfigMap", name, &value)).collect();
        let kustomization = format!("resources: [all.yaml]\nnamePrefix: '{prefix}'\nnamespace: '{namespace}'\nlabels:\n- pairs: {{a: b}}\n");
        let files = Memory::from_iter([("d/kustomization.yaml", kustomization), ("d/all.yaml", all.join("---\n"))]);
        let once = rendered(&files, "d").unwrap();
        let again = Memory::from_iter([("d/kustomization.yaml", "resources: [all.yaml]\n"), ("d/all.yaml", &once)]);
        prop_assert_eq!(rendered(&again, "d").unwrap(), once);
    }

    #[test]
    fn the_order_of_resources_does_not_matter(order in Just(vec!["a", "b", "c", "d"]).prop_shuffle()) {
        let files = |order: &[&str]| {
            let list = order.iter().map(|name| format!("- {name}.yaml\n")).collect::<Vec<_>>().concat();
            let mut files = Memory::new();
            files.insert("kustomization.yaml", format!("namePrefix: p-\nresources:\n{list}"));
            for name in order {
                files.insert(format!("{name}.yaml"), object("Secret", name, "x"));
            }
            files
        };
        prop_assert_eq!(rendered(&files(&order), ".").unwrap(), rendered(&files(&["a", "b", "c", "d"]), ".").unwrap());
    }

    #[test]
    fn no_kustomization_panics(text in "(resources|patches|images|labels|vars|replacements|namespace|kind|components):( \\[?\\{?[a-z: ,]{0,12}\\}?\\]?)?\n(- ?[a-z]{0,4}:? ?[a-z]{0,3}\n){0,3}") {
        let _ = rendered(&Memory::from_iter([("kustomization.yaml", text)]), ".");
    }
}

#[test]
fn independent_problems_are_reported_together_with_their_places() {
    let kustomization =
        "resources:\n- none.yaml\n- bad.yaml\n- ../outside.yaml\n- https://example.com/x.yaml\n";
    let files = Memory::from_iter([
        ("d/kustomization.yaml", kustomization),
        ("d/bad.yaml", "kind: A\nmetadata: {name: x\n"),
        ("outside.yaml", "kind: A\n"),
    ]);
    let findings = rendered(&files, "d").unwrap_err();
    let codes: Vec<String> =
        findings.iter().map(|finding| miette::Diagnostic::code(finding).unwrap().to_string()).collect();
    assert_eq!(codes, ["k8s/load", "k8s/yaml-syntax", "k8s/load", "k8s/unsupported"]);
    let Finding::Load { src, span, .. } = &findings[0] else { panic!("{findings:?}") };
    assert_eq!((src.name(), span.offset()), ("d/kustomization.yaml", kustomization.find("none").unwrap()));
}

#[test]
fn unknown_fields_name_the_nearest_known_one() {
    let files = Memory::from_iter([("kustomization.yaml", "resource: [a.yaml]\nimage: []\n")]);
    let findings = rendered(&files, ".").unwrap_err();
    let fields: Vec<(&str, &str, usize)> = findings
        .iter()
        .filter_map(|finding| match finding {
            Finding::UnknownField { field, advice, span, .. } => {
                Some((field.as_str(), advice.as_str(), span.offset()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(
        fields,
        [("resource", "did you mean `resources`?", 0), ("image", "did you mean `images`?", 19)]
    );
}

#[test]
fn what_needs_other_programs_is_refused() {
    for (field, code) in [
        ("helmCharts: [{name: x}]", "k8s/unsupported"),
        ("resources: ['github.com/a/b//c?ref=v1']", "k8s/unsupported"),
        ("transformers: [\"apiVersion: example.com/v1\\nkind: X\\nmetadata: {name: y}\"]", "k8s/unsupported"),
        ("resources: [.]", "k8s/load"),
    ] {
        let files = Memory::from_iter([("kustomization.yaml", field)]);
        let findings = rendered(&files, ".").unwrap_err();
        assert_eq!(miette::Diagnostic::code(&findings[0]).unwrap().to_string(), code, "{field}");
    }
}

#[test]
fn deprecated_fields_are_warnings() {
    let files = Memory::from_iter([
        ("kustomization.yaml", "resources: [a.yaml]\ncommonLabels: {a: b}\n".to_owned()),
        ("a.yaml", object("ConfigMap", "a", "")),
    ]);
    let rendered = render(&files, Path::new("."), &RenderOptions::default()).unwrap();
    assert!(matches!(&rendered.warnings[..], [Finding::Deprecated { field, .. }] if field == "commonLabels"));
}
