//! YAML in and out, as kustomize reads and prints it.

mod emit;
mod node;
mod parse;
mod resolve;
mod restyle;
mod spelling;

pub(crate) use emit::emit_into;
pub use emit::{emit, to_yaml};
pub use node::{Node, Origin, Value};
pub use parse::{parse, parse_as};
pub use resolve::Dialect;
pub(crate) use resolve::{Resolved, float_text, resolve};
pub(crate) use restyle::restyle;
pub(crate) use spelling::Type;
