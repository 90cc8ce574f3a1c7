//! A MySQL schema as files: in-memory catalogue, replay of migrations, dependency-ordered baseline.

pub mod ast;
pub mod catalogue;
pub mod dialect;
pub mod emit;
mod error;
pub mod finding;
pub mod fs;
pub mod load;
pub mod load_live;
mod nearest;
pub mod order;
pub mod parse;
pub mod place;
pub mod replay;
pub mod verify;

pub use error::Error;
pub use finding::Finding;
