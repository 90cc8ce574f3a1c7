//! The direction of the crates and what may not be among their dependencies.

use std::collections::BTreeSet;
use std::process::Command;

use infra_tests::run::run;
use infra_tests::tools::workspace;
use serde_json::Value;

const LIBRARIES: [&str; 4] = ["migrate-core", "schema-baseline", "k8s-render", "platform-compat"];

fn cargo(arguments: &[&str]) -> String {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(arguments).arg("--locked").current_dir(workspace());
    run(&mut cargo).output()
}

#[test]
fn crates_depend_on_each_other_in_one_direction() {
    let metadata: Value = serde_json::from_str(&cargo(&["metadata", "--format-version=1", "--no-deps"]))
        .expect("cargo prints JSON");
    let mut arrows = BTreeSet::new();
    for package in metadata["packages"].as_array().expect("there are packages") {
        for dependency in package["dependencies"].as_array().expect("a package has dependencies") {
            // Whatever its kind: a crate that a test needs is a dependency, too.
            if dependency["path"].is_string() {
                arrows.insert((text(&package["name"]), text(&dependency["name"])));
            }
        }
    }
    let expected = BTreeSet::from([
        ("cli", "k8s-render"),
        ("cli", "migrate-core"),
        ("cli", "platform-compat"),
        ("cli", "schema-baseline"),
        ("infra-tests", "cli"),
        ("infra-tests", "migrate-core"),
        ("infra-tests", "schema-baseline"),
        ("schema-baseline", "migrate-core"),
    ]);
    assert_eq!(arrows, expected, "ARCHITECTURE.md has the picture");
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a name is text")
}

/// The names of everything that a library needs to build without its features.
fn needs(library: &str) -> BTreeSet<String> {
    let tree = cargo(&[
        "tree",
        "-p",
        library,
        "--no-default-features",
        "--prefix=none",
        "--format={p}",
        "--edges=normal,build",
    ]);
    tree.lines().filter_map(|line| line.split(' ').next()).map(ToOwned::to_owned).collect()
}

#[test]
fn libraries_without_features_do_no_input_or_output() {
    for library in LIBRARIES {
        let needs = needs(library);
        assert!(needs.contains(library), "{library}");
        for io in ["tokio", "mysql_async", "rustls", "ring", "kube", "redis", "clap"] {
            assert!(!needs.contains(io), "{library} needs {io} without its features");
        }
    }
}

#[test]
fn one_provider_of_cryptography() {
    let lock = std::fs::read_to_string(workspace().join("Cargo.lock")).expect("the lock file can be read");
    let locked = |name: &str| lock.contains(&format!("name = \"{name}\"\n"));
    assert!(locked("ring"));
    for unwanted in ["aws-lc-rs", "aws-lc-sys", "openssl-sys", "native-tls"] {
        assert!(!locked(unwanted), "{unwanted} is among the dependencies");
    }
}

#[test]
fn libraries_neither_print_nor_end_the_process() {
    let mut offenders = Vec::new();
    for library in LIBRARIES {
        visit(&workspace().join("crates").join(library).join("src"), &mut |path, line, code| {
            let words = ["println!", "eprintln!", "print!(", "process::exit", "env::var", "static mut"];
            if words.iter().any(|word| code.contains(word)) {
                offenders.push(format!("{}:{line}: {}", path.display(), code.trim()));
            }
        });
    }
    assert!(offenders.is_empty(), "{}", offenders.join("\n"));
}

/// Every line outside comments and tests below a directory.
fn visit(directory: &std::path::Path, line: &mut impl FnMut(&std::path::Path, usize, &str)) {
    for entry in std::fs::read_dir(directory).expect("a source directory can be listed") {
        let path = entry.expect("a source directory can be listed").path();
        if path.is_dir() {
            visit(&path, line);
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && !path.to_string_lossy().contains("tests")
        {
            let text = std::fs::read_to_string(&path).expect("a source file can be read");
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            for (number, text) in
                code.lines().enumerate().filter(|(_, text)| !text.trim_start().starts_with("//"))
            {
                line(&path, number + 1, text);
            }
        }
    }
}
