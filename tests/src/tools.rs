//! Where `./tests/run` has put the programs that the tests need.

use std::path::{Path, PathBuf};

/// The workspace's root, which is also the root of the reference tree.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests are a member of the workspace")
}

/// A part of the test data that is too large for the project: `INFRA_CORPORA` names its directory, else `shared/corpora` beside the
/// workspace is tried. None, which is said, when it is not on this machine.
#[expect(clippy::print_stderr, reason = "whoever runs the tests must see what was left out")]
pub fn corpus(part: &str) -> Option<PathBuf> {
    let corpora = std::env::var_os("INFRA_CORPORA")
        .map_or_else(|| workspace().join("../shared/corpora"), PathBuf::from);
    let found = corpora.join(part);
    if found.exists() {
        return Some(found);
    }
    eprintln!("SKIPPED: `{}` is not there; set INFRA_CORPORA", found.display());
    None
}

/// The stock kustomize.
pub fn kustomize() -> PathBuf {
    tool("KUSTOMIZE")
}

/// The path in the environment variable `INFRA_TEST_<name>`.
pub(crate) fn tool(name: &str) -> PathBuf {
    let variable = format!("INFRA_TEST_{name}");
    let path = PathBuf::from(
        std::env::var_os(&variable)
            .unwrap_or_else(|| panic!("{variable} is not set: run these tests by ./tests/run")),
    );
    assert!(
        path.exists(),
        "{variable} names `{}`, which does not exist: run ./tests/run again",
        path.display()
    );
    path
}
