use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::{
    findings::Findings,
    testing::Small,
    yaml::{self, Node, Value as YamlValue},
};

/// Every map that a file may hold.
fn shapes(root: &'static Shape, found: &mut Vec<&'static Shape>) {
    fn inside(holds: &'static Holds, found: &mut Vec<&'static Shape>) {
        match holds {
            Holds::Map(shape) => shapes(shape, found),
            Holds::List(inner) | Holds::Some(inner) | Holds::ByEnvironment(inner) => inside(inner, found),
            Holds::Either(forms) => forms.iter().for_each(|form| inside(form, found)),
            _ => {}
        }
    }
    found.push(root);
    root.keys.iter().for_each(|key| inside(&key.holds, found));
}

#[test]
fn every_map_has_its_own_definition_and_every_reference_one() {
    for file in [File::Platform, File::Part, File::Compatibility] {
        let mut found = Vec::new();
        shapes(file.shape(), &mut found);
        let names: BTreeSet<_> = found.iter().skip(1).map(|shape| shape.what).collect();
        let schema = json_schema(file);
        let definitions = schema["$defs"].as_object().unwrap();
        assert_eq!(definitions.len(), names.len(), "{file:?}");
        let text = schema.to_string();
        for reference in text.split("\"$ref\":\"#/$defs/").skip(1) {
            let name = reference.split('"').next().unwrap();
            assert!(definitions.contains_key(name), "{name}");
        }
        for shape in found {
            let keys: BTreeSet<_> = shape.names().collect();
            assert_eq!(keys.len(), shape.keys.len(), "{} has a key twice", shape.what);
            assert!(shape.keys.iter().all(|key| key.about.ends_with(['.', ':'])), "{}", shape.what);
        }
    }
}

#[test]
fn words_and_needed_keys_are_those_of_the_reader() {
    let schema = json_schema(File::Platform);
    let component = &schema["$defs"]["component"];
    assert_eq!(component["required"], serde_json::json!(["name", "kind"]));
    assert_eq!(component["additionalProperties"], Value::Bool(false));
    let kinds = component["properties"]["kind"]["enum"].as_array().unwrap();
    assert!(kinds.iter().any(|kind| kind == "database") && kinds.len() == 9);
    assert_eq!(schema["$defs"]["provides"]["properties"]["port"]["maximum"], 65_535);
    let rules = json_schema(File::Compatibility);
    let rule = &rules["$defs"]["exclusion"]["properties"]["rule"]["enum"];
    assert_eq!(rule.as_array().unwrap().len(), crate::RULES.len());
}

/// A value as an editor sees it: what is written without quotes may be a number or a boolean there.
fn seen(node: &Node<'_>) -> Value {
    match &node.value {
        YamlValue::Null => Value::Null,
        YamlValue::Scalar(text) => {
            let quotes = (node.place.end - node.place.start) as usize == text.len() + 2;
            match text.parse::<Value>() {
                Ok(value @ (Value::Bool(_) | Value::Number(_))) if !quotes => value,
                _ => Value::String(text.to_string()),
            }
        }
        YamlValue::Sequence(items) => items.iter().map(seen).collect(),
        YamlValue::Mapping(entries) => {
            // A key without a value is absent to the reader; editors mark it.
            let entries = entries.iter().filter(|(_, node)| !matches!(node.value, YamlValue::Null));
            entries.map(|(key, node)| (key.text.to_string(), seen(node))).collect()
        }
    }
}

/// What the schema of a file says against a text.
fn objections(file: File, text: &str) -> Option<String> {
    let mut findings = Findings::new(std::iter::once(crate::Source::new("f", text.into())).collect());
    let value = seen(&yaml::parse(text, 0, &mut findings).unwrap());
    let mut schemas = boon::Schemas::new();
    let mut compiler = boon::Compiler::new();
    compiler.add_resource("schema.json", json_schema(file)).unwrap();
    let schema = compiler.compile("schema.json", &mut schemas).unwrap();
    schemas.validate(&value, schema).err().map(|error| format!("{error:#}"))
}

#[test]
fn the_reference_tree_and_the_whole_model_satisfy_the_schemas() {
    let platform = include_str!("../../../../platform/platform.yaml");
    let rules = include_str!("../../../../platform/compatibility.yaml");
    let whole = crate::read::tests::WHOLE;
    for (file, text) in [(File::Platform, platform), (File::Compatibility, rules), (File::Platform, whole)] {
        assert_eq!(objections(file, text), None, "{text}");
    }
}

#[test]
fn what_the_reader_refuses_for_its_form_the_schemas_refuse_too() {
    let whole = crate::read::tests::WHOLE;
    for (good, bad) in [
        ("kind: external", "kind: extern"),
        ("port: 443", "port: 70000"),
        ("port: 443", "prt: 443"),
        ("name: b\n", "name: B\n"),
        ("rollout: blue-green", "rollout: [rolling]"),
        ("protocol: UDP", "protocol: udp"),
        ("optional: true", "optional: perhaps"),
        ("cidrs: [203.0.113.0/24]", "cidrs: 203.0.113.0/24"),
        ("environments: dev", "environments: {dev: true}"),
        ("infra/v1", "infra/v2"),
    ] {
        let text = whole.replacen(good, bad, 1);
        assert_ne!(text, whole, "{good}");
        assert!(!crate::Platform::load(("p", &text), None).1.is_empty(), "{bad}: the reader");
        assert!(objections(File::Platform, &text).is_some(), "{bad}");
    }
}

proptest! {
    #![proptest_config(crate::testing::cases())]

    /// Generated platforms and rules are read without a finding, so the schemas take them.
    #[test]
    fn what_is_read_satisfies_the_schemas(small in Small::any()) {
        let (platform, rules) = small.texts(&small.now());
        let (_, findings) = crate::Platform::load(("p", &platform), Some(("c", &rules)));
        prop_assert!(findings.is_empty(), "{:?}", findings);
        prop_assert_eq!(objections(File::Platform, &platform), None);
        prop_assert_eq!(objections(File::Compatibility, &rules), None);
    }
}

/// The other way round (that the reader insists on nothing else) is asserted whenever it reads.
#[test]
fn what_is_required_is_missed_by_the_reader() {
    let part = "components: [{name: a, kind: library, version: 1, KEY: VALUE}]";
    let part = |key: &str| part.replace("KEY", key).replace("VALUE", "[{}]");
    let one = |key: &str| part(key).replace("[{}]", "{}");
    let rule = |key: &str| format!("{key}: [{{}}]");
    let cases: [(&Shape, String, &[&str]); 14] = [
        (&COMPONENT, "components: [{}]".to_owned(), &["name: b", "kind: library"]),
        (&ENVIRONMENT, "environments: [{}]".to_owned(), &["name: b"]),
        (&ENDPOINT, part("provides"), &["name: b", "port: 1"]),
        (&NEED, part("depends_on"), &["component: a"]),
        (&EXPOSED, part("exposed"), &["through: a"]),
        (&EXTERNAL, part("egress"), &["name: b"]),
        (&DATABASE, one("database"), &["migrations: m"]),
        (&CONSTRAINT, rule("constraints"), &["id: b", "reason: r"]),
        (&KNOWN_BAD, rule("known_bad"), &["id: b", "all: []", "reason: r"]),
        (&API_END, rule("apis"), &["name: b", "version: v1"]),
        (&PIN, rule("pins"), &["component: a", "version: 1", "reason: r"]),
        (&EXCLUSION, rule("exclusions"), &["id: b", "rule: compat/no-owner", "reason: r"]),
        (&SUPPORT, rule("support"), &["component: a", "version: 1", "eol: 2026-11-30"]),
        (&RELEASES, rule("releases"), &["component: a"]),
    ];
    for (shape, text, entries) in cases {
        let names: Vec<_> = entries.iter().filter_map(|entry| entry.split(':').next()).collect();
        let required: Vec<_> = shape.keys.iter().filter(|key| key.required).map(|key| key.name).collect();
        assert_eq!(names, required, "{}", shape.what);
        for (left_out, name) in names.iter().enumerate() {
            let mut kept = entries.to_vec();
            kept.remove(left_out);
            let text = text.replace("{}", &format!("{{{}}}", kept.join(", ")));
            let head = "apiVersion: infra/v1\nkind: ";
            let (platform, rules) = if text.starts_with("comp") || text.starts_with("env") {
                (format!("{head}Platform\n{text}\n"), None)
            } else {
                let components = "components: [{name: a, kind: library, version: 1}]";
                (format!("{head}Platform\n{components}\n"), Some(format!("{head}Compatibility\n{text}\n")))
            };
            let rules = rules.as_deref().map(|text| ("c", text));
            let (_, findings) = crate::Platform::load(("p", &platform), rules);
            let expected = format!("{} needs the key `{}`", shape.what, name);
            assert!(
                findings.iter().any(|finding| finding.to_string() == expected),
                "{expected}: {findings:?}"
            );
        }
    }
}
