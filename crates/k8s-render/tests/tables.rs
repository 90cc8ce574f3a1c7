//! The generated tables equal the data they were generated from.
//!
//! `INFRA_BLESS=1 cargo test -p k8s-render --test tables` writes them anew.

#![expect(clippy::unwrap_used, reason = "a corpus that cannot be read fails the test")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

fn corpora() -> Option<PathBuf> {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora");
    let dir = std::env::var_os("INFRA_CORPORA").map_or(default, PathBuf::from).join("kustomize-schema");
    if dir.is_dir() {
        return Some(dir);
    }
    #[expect(clippy::print_stderr, reason = "a skipped test must be seen")]
    {
        eprintln!("SKIPPED: {} is absent, the tables were not compared", dir.display());
    }
    None
}

fn compare(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(name);
    if std::env::var_os("INFRA_BLESS").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "{name} is stale: run with INFRA_BLESS=1");
}

fn read(dir: &Path, name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(dir.join(name)).unwrap()).unwrap()
}

#[test]
fn schema() {
    let Some(dir) = corpora() else { return };
    let data = read(&dir, "merge-schema.json");
    let types = data["types"].as_object().unwrap();
    let index: BTreeMap<&str, usize> =
        types.keys().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
    let mut out = format!(
        "# Kubernetes {}: cluster scoped types, and the fields of types from which a merged list can be reached.\n\
         # cluster APIVERSION KIND | resource APIVERSION KIND TYPE | type, followed by its fields |\n\
         # field NAME [object=TYPE] [items=TYPE] [values=TYPE] [merge=KEYS]\n",
        data["kubernetes"].as_str().unwrap()
    );
    for (name, namespaced) in data["namespaced"].as_object().unwrap() {
        if namespaced == false {
            writeln!(out, "cluster {name}").unwrap();
        }
    }
    for resource in data["resources"].as_array().unwrap() {
        let text = |at: usize| resource[at].as_str().unwrap();
        writeln!(out, "resource {} {} {}", text(0), text(1), index[text(2)]).unwrap();
    }
    for fields in types.values() {
        out.push_str("type\n");
        for (name, field) in fields.as_object().unwrap() {
            write!(out, "field {name}").unwrap();
            for (key, word) in [("ref", "object"), ("items", "items"), ("values", "values")] {
                if let Some(target) = field[key].as_str() {
                    write!(out, " {word}={}", index[target]).unwrap();
                }
            }
            if field["strategy"]
                .as_str()
                .is_some_and(|strategy| strategy.split(',').any(|part| part == "merge"))
            {
                let keys: Vec<&str> =
                    field["keys"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
                write!(out, " merge={}", keys.join(",")).unwrap();
            }
            out.push('\n');
        }
    }
    compare("schema.txt", &out);
}

#[test]
fn field_specs() {
    let Some(dir) = corpora() else { return };
    let data = read(&dir, "fieldspecs.json");
    let mut out = "# The fields that kustomize 5.8.1 changes by default.\n\
                   # [group], or [nameReference GROUP|VERSION|KIND of what is referred to], then PATH|GROUP|VERSION|KIND[|create]\n"
        .to_owned();
    let line = |spec: &Value| {
        let text = |key: &str| spec[key].as_str().unwrap_or_default();
        let create = if spec["create"] == true { "|create" } else { "" };
        format!("{}|{}|{}|{}{create}\n", text("path"), text("group"), text("version"), text("kind"))
    };
    for (group, specs) in data.as_object().unwrap() {
        let specs = specs.as_array().unwrap();
        if group == "nameReference" {
            for target in specs {
                let text = |key: &str| target[key].as_str().unwrap_or_default();
                writeln!(out, "[{group} {}|{}|{}]", text("group"), text("version"), text("kind")).unwrap();
                out.extend(target["fieldSpecs"].as_array().unwrap().iter().map(line));
            }
        } else {
            writeln!(out, "[{group}]").unwrap();
            out.extend(specs.iter().map(line));
        }
    }
    compare("fieldspecs.txt", &out);
}
