//! Migrations that are compiled in, for a service that brings its own database up to date when it starts.
//!
//! A build script, with this crate among the `build-dependencies` (`default-features = false` will do), lists a directory:
//!
//! ```no_run
//! // build.rs
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     println!("cargo:rerun-if-changed=migrations");
//!     let out = std::path::Path::new(&std::env::var("OUT_DIR")?).join("migrations.rs");
//!     migrate_core::embed::generate("migrations".as_ref(), &out)?;
//!     Ok(())
//! }
//! ```
//!
//! The program takes the list in by `include!(concat!(env!("OUT_DIR"), "/migrations.rs"));`, which makes it a constant
//! `MIGRATIONS`, and goes on from [`files`] as with files that were read:
//!
//! ```
//! use migrate_core::{embed, resolve::resolve};
//!
//! # const MIGRATIONS: &[(&str, &[u8])] = &[("V1__orders.sql", b"CREATE TABLE orders (id INT PRIMARY KEY);")];
//! let (migrations, findings) = resolve(embed::files(MIGRATIONS));
//! assert!(findings.is_empty());
//! assert_eq!(migrations[0].description, "orders");
//! ```
//!
//! Checksums are those of the same files read at run time, so that a service, `infra migrate` and Flyway agree about one
//! history.
//!
//! With the crate `include_dir` no build script is needed. `DIR.files()` gives the files of one directory:
//!
//! ```text
//! static DIR: Dir = include_dir!("$CARGO_MANIFEST_DIR/migrations");
//! let pairs: Vec<_> = DIR.files().filter_map(|file| Some((file.path().to_str()?, file.contents()))).collect();
//! let (migrations, findings) = resolve(embed::files(&pairs));
//! ```
//!
//! # At start-up, before the pool
//!
//! Migrations run over one connection of their own, which holds the lock, so they are applied before the service opens its
//! pool, be that of `sqlx` or of `mysql_async`; both take the same URL. Of any number of replicas that start at once, one
//! applies and the others wait for it:
//!
//! ```no_run
//! # #[cfg(feature = "mysql")]
//! # mod service {
//! # const MIGRATIONS: &[(&str, &[u8])] = &[];
//! use migrate_core::apply::{ApplyOptions, apply};
//! use migrate_core::mysql::{ConnectOptions, MySqlDatabase};
//! use migrate_core::plan::PlanOptions;
//! use migrate_core::{Error, Finding, embed, resolve::resolve};
//!
//! async fn migrate(url: &str) -> Result<(), Error> {
//!     let (migrations, findings) = resolve(embed::files(MIGRATIONS));
//!     if findings.iter().any(Finding::is_error) {
//!         return Err(Error::Invalid { findings });
//!     }
//!     let mut database = MySqlDatabase::open(&ConnectOptions::parse(url)?, None).await?;
//!     let options = ApplyOptions { plan: PlanOptions::validated(), ..ApplyOptions::default() };
//!     apply(&mut database, &migrations, &options, &mut ()).await?;
//!     database.close().await
//! }
//!
//! // migrate(&url).await?;
//! // let pool = sqlx::MySqlPool::connect(&url).await?;
//! # }
//! ```
//!
//! The same as a whole program is the crate's example `embedded`; its example `apply` reads a directory at run time.

mod fs;

pub use fs::generate;

use crate::resolve::LocationFile;

/// What [`resolve`](crate::resolve::resolve) takes, from pairs of path and content. Paths are relative to the location, with `/`.
pub fn files(embedded: &[(&str, &[u8])]) -> Vec<LocationFile> {
    embedded
        .iter()
        .map(|(path, bytes)| LocationFile {
            script: (*path).to_owned(),
            path: (*path).to_owned(),
            bytes: bytes.to_vec(),
        })
        .collect()
}

/// Rust source with the name and the absolute path of each file.
fn source(files: &[(&str, &str)]) -> String {
    let mut source = String::from(
        "/// Name and content of each migration.\npub const MIGRATIONS: &[(&str, &[u8])] = &[\n",
    );
    for (name, path) in files {
        // What `Debug` escapes, and how, is what a string literal takes.
        source.push_str(&format!("    ({name:?}, include_bytes!({path:?})),\n"));
    }
    source.push_str("];\n");
    source
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_source_is_a_constant_of_names_and_contents() {
        let files = [("V1__a.sql", "/m/V1__a.sql"), ("b/V2__\"q\".sql", "C:\\m\\b\\V2__\"q\".sql")];
        let expected = r#"/// Name and content of each migration.
pub const MIGRATIONS: &[(&str, &[u8])] = &[
    ("V1__a.sql", include_bytes!("/m/V1__a.sql")),
    ("b/V2__\"q\".sql", include_bytes!("C:\\m\\b\\V2__\"q\".sql")),
];
"#;
        assert_eq!(source(&files), expected);
    }
}
