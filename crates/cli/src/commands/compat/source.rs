//! The two files as they are elsewhere: in a git revision, or in another directory.

use std::path::Path;
use std::process::Command;

use platform_compat::{Finding, Platform};

use super::problem::CompatProblem;
use crate::failure::Failure;
use crate::tree::{Tree, read_if_present};

/// Reads the platform of a directory or of a git revision.
pub(super) fn load(tree: &Tree, name: &str) -> Result<(Platform, Vec<Finding>), Failure> {
    let paths = &tree.configuration.paths;
    let directory = Path::new(name);
    let texts: Result<Vec<Option<String>>, Failure> = [&paths.platform, &paths.compatibility]
        .into_iter()
        .map(|path| {
            if !directory.is_dir() {
                return shown(tree, name, path);
            }
            let file = path.file_name().map_or_else(|| directory.join(path), |file| directory.join(file));
            let bytes = match read_if_present(&directory.join(path))? {
                Some(bytes) => Some(bytes),
                None => read_if_present(&file)?,
            };
            bytes
                .map(|bytes| String::from_utf8(bytes).map_err(|error| Failure::not_utf8(&file, &error)))
                .transpose()
        })
        .collect();
    let texts = texts?;
    let Some(platform) = &texts[0] else {
        return Err(Failure::usage(CompatProblem::Git {
            revision: name.to_owned(),
            path: paths.platform.display().to_string(),
            message: "it is not there".to_owned(),
        }));
    };
    let named = |path: &Path| format!("{name}:{}", path.display());
    let (platform_name, compatibility_name) = (named(&paths.platform), named(&paths.compatibility));
    Ok(Platform::load(
        (&platform_name, platform),
        texts[1].as_deref().map(|text| (&*compatibility_name, text)),
    ))
}

/// A file of a revision; nothing where the revision has none.
fn shown(tree: &Tree, revision: &str, path: &Path) -> Result<Option<String>, Failure> {
    let failed = |message: String| {
        let path = path.display().to_string();
        Failure::usage(CompatProblem::Git { revision: revision.to_owned(), path, message })
    };
    if revision.starts_with('-') {
        return Err(failed("this is no revision".to_owned()));
    }
    let git = |arguments: &[&str]| {
        Command::new("git")
            .arg("-C")
            .arg(&tree.root)
            .args(arguments)
            .output()
            .map_err(|error| failed(error.to_string()))
    };
    let known = git(&["rev-parse", "--verify", "--quiet", &format!("{revision}^{{commit}}")])?;
    if !known.status.success() {
        return Err(failed("there is no such revision".to_owned()));
    }
    let output = git(&["show", &format!("{revision}:./{}", path.display())])?;
    if !output.status.success() {
        return Ok(None);
    }
    String::from_utf8(output.stdout).map(Some).map_err(|error| Failure::not_utf8(path, &error))
}
