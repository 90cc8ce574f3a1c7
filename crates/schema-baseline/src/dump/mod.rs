//! A live schema as files: one object a file, in one form.
//!
//! The form is that of the server, in which nothing is lost, without what depends on who created an object and when, and with
//! lines where people want them. Loaded again, it gives the schema of which the server shows the same.

mod finding;
mod table;
#[cfg(test)]
mod tests;
mod text;
mod trigger;
mod update;
mod view;

pub use finding::DumpFinding;
pub use text::{Written, texts, written};
pub use update::{Change, Fate, plan};
