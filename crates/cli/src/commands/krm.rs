//! `infra krm`: the generator of migration bundles and the transformer that names their Jobs, as a function that stock kustomize calls.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use k8s_render::Disk;
use k8s_render::bundle::{Printed, respond};

use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::tree::Tree;

/// A generator is given its configuration alone, a transformer all objects; more than these no cluster takes at once.
const INPUT_BYTES: u64 = 256 << 20;

/// Reads all of an input, or fails when it is longer than `limit` bytes.
fn read_within(limit: u64, input: impl std::io::Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = input.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if u64::try_from(read).is_ok_and(|read| read <= limit) {
        return Ok(bytes);
    }
    let problem =
        format!("it is longer than {limit} bytes, more than a cluster takes at once; give fewer objects");
    Err(std::io::Error::new(std::io::ErrorKind::FileTooLarge, problem))
}

/// Answers the list on standard input.
pub(crate) fn run(root: Option<&Path>) -> Result<Outcome, Failure> {
    let stdin = Path::new("standard input");
    let bytes =
        read_within(INPUT_BYTES, std::io::stdin().lock()).map_err(|error| Failure::read(stdin, error))?;
    let input = String::from_utf8(bytes).map_err(|error| Failure::not_utf8(stdin, &error))?;
    let here = std::env::current_dir().map_err(|error| Failure::read(Path::new("."), error))?;
    // Without a tree around it, a kustomization stands for itself.
    let root: PathBuf = match root {
        Some(_) => Tree::open(root)?.root,
        None => Tree::open(None).map_or_else(|_| here.clone(), |tree| tree.root),
    };
    let disk = Disk::new(&root).map_err(|error| Failure::read(&root, error))?;
    let Printed { text, findings } = respond(&disk, &here, &input);
    let mut outcome = Outcome { summary: text, summary_is_result: true, ..Outcome::default() };
    outcome.extend(findings);
    Ok(outcome)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_is_refused_and_not_cut() {
        assert_eq!(read_within(3, &b"abc"[..]).unwrap(), b"abc");
        let error = read_within(3, &b"abcd"[..]).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::FileTooLarge);
        assert!(error.to_string().contains("longer than 3 bytes"), "{error}");
    }
}
