//! Where `./tests/run` has put the programs that the tests need.

use std::path::{Path, PathBuf};

/// The workspace's root, which is also the root of the reference tree.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests are a member of the workspace")
}

/// Where the test data is that is too large for the project; none when it is not on this machine.
pub fn corpora() -> Option<PathBuf> {
    let beside = || workspace().parent().map(|parent| parent.join("shared/corpora"));
    std::env::var_os("INFRA_CORPORA").map(PathBuf::from).or_else(beside).filter(|path| path.is_dir())
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
