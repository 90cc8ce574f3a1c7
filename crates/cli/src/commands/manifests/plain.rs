//! Manifests that no kustomization names: every YAML and JSON file below a directory.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use k8s_render::{Finding, Resource, Source, yaml};
use rayon::prelude::*;

use crate::failure::Failure;
use crate::manifests::Texts;
use crate::tree::tidy;

const KUSTOMIZATIONS: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// What a directory holds.
#[derive(Debug, Default)]
pub(super) struct Plain {
    pub(super) resources: Vec<Resource>,
    pub(super) findings: Vec<Finding>,
    /// Directories below that have a kustomization, whose files are its business.
    pub(super) kustomizations: Vec<PathBuf>,
}

/// Whether a directory holds a kustomization.
pub(super) fn is_kustomization(path: &Path) -> bool {
    KUSTOMIZATIONS.iter().any(|name| path.join(name).is_file())
}

/// Reads every manifest below a directory, by name.
///
/// # Errors
/// When a directory or file cannot be read.
pub(super) fn read(path: &Path, texts: &Texts) -> Result<Plain, Failure> {
    let (mut plain, mut files) = (Plain::default(), Vec::new());
    list(path, &mut files, &mut plain.kustomizations)?;
    let read = |file: &PathBuf| -> Result<_, Failure> {
        let bytes = std::fs::read(file).map_err(|error| Failure::read(file, error))?;
        let text = String::from_utf8(bytes).map_err(|error| Failure::not_utf8(file, &error))?;
        let source = Source::new(tidy(file).display().to_string(), Arc::from(text));
        let (nodes, findings) = yaml::parse(&source);
        Ok((source, nodes, findings))
    };
    let parsed = files.par_iter().map(read).collect::<Result<Vec<_>, Failure>>()?;
    for (source, nodes, mut findings) in parsed {
        texts.keep(source.name(), source.inner());
        plain.findings.append(&mut findings);
        plain.resources.extend(nodes.into_iter().map(|node| Resource { node }));
    }
    Ok(plain)
}

fn list(path: &Path, files: &mut Vec<PathBuf>, kustomizations: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let failed = |error| Failure::read(path, error);
    let mut entries: Vec<_> = std::fs::read_dir(path)
        .map_err(failed)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()
        .map_err(failed)?;
    entries.sort();
    for entry in entries {
        let name = entry.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        // A link to a directory may lead back up.
        if name.starts_with('.') || entry.is_symlink() && entry.is_dir() {
            continue;
        }
        if !entry.is_dir() {
            let extension = entry.extension().and_then(|extension| extension.to_str());
            if matches!(extension, Some("yaml" | "yml" | "json")) {
                files.push(entry);
            }
        } else if is_kustomization(&entry) {
            if !is_component(&entry) {
                kustomizations.push(entry);
            }
        } else {
            list(&entry, files, kustomizations)?;
        }
    }
    Ok(())
}

/// Components of kustomize render nothing by themselves.
fn is_component(path: &Path) -> bool {
    let text = KUSTOMIZATIONS.iter().find_map(|name| std::fs::read_to_string(path.join(name)).ok());
    text.is_some_and(|text| text.lines().any(|line| line.trim_end() == "kind: Component"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kustomizations_keep_their_files_and_hidden_ones_are_left_out() {
        let root = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("a.yaml", "kind: A\n---\nkind: B\n"),
            ("b/c.json", "{\"kind\": \"C\"}"),
            ("b/notes.txt", "no: manifest"),
            (".git/x.yaml", "kind: X"),
            ("k/kustomization.yaml", "resources: [r.yaml]"),
            ("k/r.yaml", "kind: R"),
            ("part/kustomization.yaml", "kind: Component\n"),
        ] {
            std::fs::create_dir_all(root.path().join(name).parent().unwrap()).unwrap();
            std::fs::write(root.path().join(name), text).unwrap();
        }
        let texts = Texts::of(PathBuf::new());
        let plain = read(root.path(), &texts).unwrap();
        let kinds: Vec<_> = plain.resources.iter().map(Resource::kind).collect();
        assert_eq!(kinds, ["A", "B", "C"]);
        assert_eq!(plain.kustomizations, [root.path().join("k")]);
        let name = root.path().join("a.yaml").display().to_string();
        assert_eq!(texts.get(&name).as_deref(), Some("kind: A\n---\nkind: B\n"));
    }
}
