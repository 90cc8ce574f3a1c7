//! Flyway-compatible migrations for MySQL and MariaDB: files, checksums, script splitter, history, plan, executor.
//!
//! The core is pure: bytes and rows in, states and plans out. [`fs`] reads files; feature `mysql` adds the module of
//! that name, which speaks to servers through `mysql_async`. What is found wrong is a [`Finding`], what stops the work
//! an [`Error`]; both are [`miette::Diagnostic`]s with the place in the script. A service applies its migrations when it
//! starts, read at run time or compiled in: [`embed`] shows how.
//!
//! ```
//! use migrate_core::apply::{ApplyOptions, apply};
//! use migrate_core::memory::{self, MemoryDatabase};
//! use migrate_core::resolve::{LocationFile, resolve};
//!
//! let file = LocationFile {
//!     script: "V1__orders.sql".into(),
//!     path: "migrations/V1__orders.sql".into(),
//!     bytes: b"CREATE TABLE orders (id INT PRIMARY KEY);".to_vec(),
//! };
//! let (migrations, findings) = resolve(vec![file]);
//! assert!(findings.is_empty());
//!
//! let mut database = MemoryDatabase::default();
//! let run = memory::run(apply(&mut database, &migrations, &ApplyOptions::default(), &mut ()));
//! let report = run.expect("nothing to wait for").expect("nothing to refuse");
//! assert_eq!(report.version.as_deref(), Some("1"));
//! ```

pub mod apply;
pub mod callback;
pub mod checksum;
pub mod database;
pub mod embed;
pub mod encoding;
pub mod error;
pub mod finding;
pub mod fleet;
pub mod flyway;
pub mod fs;
pub mod history;
pub mod info;
pub mod journal;
pub mod lint;
pub mod location;
pub mod memory;
pub mod migration;
#[cfg(feature = "mysql")]
pub mod mysql;
pub mod naming;
pub mod new;
pub mod online;
pub mod placeholder;
pub mod plan;
pub mod predict;
pub mod preflight;
pub mod repair;
pub mod resolve;
pub mod script;
pub mod server;
pub mod settings;
pub mod validate;
pub mod version;
pub mod wait;

pub use error::Error;
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
