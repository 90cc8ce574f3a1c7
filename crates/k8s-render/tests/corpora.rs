//! Every case of the kustomize corpora, rendered and compared byte for byte.
//!
//! A case that the oracle refuses must be refused. The counts below are floors: raise them when more cases pass.
#![expect(clippy::unwrap_used, reason = "a corpus that cannot be read fails the test")]
#![expect(clippy::print_stderr, reason = "the names of failing cases, and of skipped corpora, must be seen")]

use std::path::{Path, PathBuf};

use k8s_render::{Disk, RenderOptions, render};

/// Cases of `kustomize/` that pass. No group is left out.
const FLOOR_CASES: usize = 310;
/// Roots of `kustomize-real/` that pass.
const FLOOR_REAL: usize = 77;

fn corpora(name: &str) -> Option<PathBuf> {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora");
    let dir = std::env::var_os("INFRA_CORPORA").map_or(default, PathBuf::from).join(name);
    if dir.is_dir() {
        return Some(dir);
    }
    eprintln!("SKIPPED: {} is absent", dir.display());
    None
}

fn directories(dir: &Path, found: &mut Vec<PathBuf>) {
    if dir.join("root").is_file() {
        return found.push(dir.to_path_buf());
    }
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
        .iter()
        .filter(|path| path.is_dir() && !path.ends_with("input"))
        .for_each(|path| directories(path, found));
}

/// Renders a root and compares; the label that the oracle's own version decides is the same in both.
fn outcome(input: &Path, root: &str, options: &RenderOptions, expected: Option<&str>) -> Result<(), String> {
    let disk = Disk::new(input).unwrap();
    match (render(&disk, Path::new(root), options), expected) {
        (Ok(rendered), Some(expected)) => {
            let input = input.canonicalize().unwrap();
            let expected = expected
                .replace("@INPUT@", &input.to_string_lossy())
                .replace("managed-by: kustomize-(devel)", "managed-by: kustomize-v5.8.1");
            let actual = rendered.to_yaml();
            let line = actual.lines().zip(expected.lines()).position(|(a, b)| a != b);
            if actual == expected { Ok(()) } else { Err(format!("differs at line {line:?}")) }
        }
        (Ok(_), None) => Err("is not refused".to_owned()),
        (Err(error), Some(_)) => Err(match &error {
            k8s_render::Error::Refused { findings, .. } => {
                format!(
                    "is refused: {}",
                    findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
                )
            }
            error => error.to_string(),
        }),
        (Err(_), None) => Ok(()),
    }
}

fn report(name: &str, results: &[(String, Result<(), String>)], floor: usize) {
    let passed = results.iter().filter(|(_, result)| result.is_ok()).count();
    for (case, result) in results {
        if let Err(problem) = result {
            eprintln!("{name}/{case} {problem}");
        }
    }
    eprintln!("{name}: {passed} of {} pass", results.len());
    assert!(passed >= floor, "{name}: {passed} cases pass, {floor} did before");
}

fn roots(dir: &Path) -> Vec<(String, Result<(), String>)> {
    let table = std::fs::read_to_string(dir.join("roots.tsv")).unwrap();
    let lines = table.lines().filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let mut columns = line.split('\t');
            let (root, expected) = (columns.next().unwrap(), columns.next().unwrap());
            let expected = std::fs::read_to_string(dir.join(expected)).unwrap();
            (root.to_owned(), outcome(&dir.join("input"), root, &RenderOptions::default(), Some(&expected)))
        })
        .collect()
}

#[test]
fn kustomize() {
    let Some(dir) = corpora("kustomize") else { return };
    let mut cases = Vec::new();
    directories(&dir, &mut cases);
    let mut results: Vec<_> = cases
        .iter()
        .map(|case| {
            let flags = std::fs::read_to_string(case.join("flags")).unwrap_or_default();
            let options = RenderOptions {
                restrict_loads: !flags.contains("LoadRestrictionsNone"),
                ..RenderOptions::default()
            };
            let root = std::fs::read_to_string(case.join("root")).unwrap();
            let expected = std::fs::read_to_string(case.join("expected.yaml")).ok();
            let name = case.strip_prefix(&dir).unwrap().to_string_lossy().into_owned();
            (name, outcome(&case.join("input"), root.trim(), &options, expected.as_deref()))
        })
        .collect();
    results.extend(roots(&dir.join("examples")));
    report("kustomize", &results, FLOOR_CASES);
}

#[test]
fn kustomize_real() {
    let Some(dir) = corpora("kustomize-real") else { return };
    let mut results = roots(&dir.join("argo-cd"));
    results.extend(roots(&dir.join("ingress-nginx")));
    report("kustomize-real", &results, FLOOR_REAL);
}
