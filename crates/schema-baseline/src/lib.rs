//! A MySQL schema as files: in-memory catalogue, replay of migrations, dependency-ordered baseline.
//!
//! - [`parse`] reads MySQL's and MariaDB's data definition language into [`ast`], with the place of every name.
//! - [`catalogue`] is a schema in memory; it applies statements as the server would and says what the server would refuse.
//! - [`replay`] runs migrations through it; [`load`] reads a schema directory, one object per file ([`fs`] finds the files).
//! - [`order`] and [`emit`] make one script of the directory, the baseline, that loads into an empty database.
//! - [`verify`] holds two schemas against each other; [`show`] gives the text of an object, for differences of lines.
//! - [`diff`] gives the statements that take one schema to another.
//! - [`graph`] draws its tables and what refers to what.
//! - [`applied`] says which migrations a history shows as applied; [`changes`] what others make of the schema.
//! - [`lint`] has rules for schemas that are valid and cause trouble all the same.
//! - [`dump`] writes a live schema as files.
//! - [`load_live`] boots a database from a baseline; [`live`] holds what a server shows of its schema, and [`served`]
//!   takes out of it what servers add.
//!
//! Nothing here prints or stops: problems are [`Finding`]s with a place in a text.
//!
//! ```
//! use schema_baseline::dialect::Dialect;
//! use schema_baseline::emit::{Header, build};
//! use schema_baseline::load::{SchemaFile, load};
//! let table = "CREATE TABLE t (id INT PRIMARY KEY) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;";
//! let file = SchemaFile { path: "tables/t.sql".into(), shown: "schema/tables/t.sql".into(), bytes: table.into() };
//! let (schema, findings) = load(vec![file], Dialect::default());
//! assert!(findings.is_empty());
//! let (baseline, _) = build(&schema, &Header { version: Some("1".into()), tool: "example".into() });
//! assert!(baseline.text.contains(table));
//! ```

pub mod applied;
pub mod ast;
pub mod catalogue;
pub mod changes;
pub mod definer;
pub mod dialect;
pub mod diff;
pub mod dump;
pub mod emit;
mod error;
pub mod finding;
pub mod fs;
pub mod graph;
pub mod lint;
pub mod live;
pub mod load;
pub mod load_live;
mod nearest;
pub mod order;
pub mod parse;
pub mod place;
pub mod replay;
pub mod served;
pub mod show;
#[cfg(test)]
mod testing;
pub mod verify;

pub use error::Error;
pub use finding::Finding;
