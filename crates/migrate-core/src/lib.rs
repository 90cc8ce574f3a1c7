//! Flyway-compatible MySQL and MariaDB migrations: files, checksums, script splitter, history, plan, executor.

pub mod checksum;
pub mod finding;
pub mod migration;
pub mod naming;
pub mod resolve;
pub mod script;
pub mod version;

pub use finding::{Finding, Source};
pub use migration::{Migration, MigrationKind};
pub use version::MigrationVersion;

/// The recorded results that tests compare with, where they are at hand.
#[cfg(test)]
mod corpora {
    use std::path::{Path, PathBuf};

    pub(crate) fn directory(name: &str) -> Option<PathBuf> {
        let root = std::env::var_os("INFRA_CORPORA").map_or_else(
            || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora"),
            PathBuf::from,
        );
        let directory = root.join(name);
        if directory.is_dir() {
            return Some(directory);
        }
        eprintln!("SKIPPED: no corpus at {}; set INFRA_CORPORA", directory.display());
        None
    }
}
