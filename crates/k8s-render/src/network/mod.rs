//! Network policies: who may connect to whom, why, and whether that is what was declared.
//!
//! [`Model::read`] takes the policies and pods out of a render, [`Connectivity`] evaluates them exactly, [`explain`]
//! tells the reason for one pair, [`listing`] lists the relation, [`mod@difference`] compares two, [`print`](mod@print) writes either, and
//! [`declared`] compares one with declared edges.

mod bits;
pub mod cidr;
pub mod connectivity;
pub mod declared;
pub mod difference;
pub mod explain;
mod finding;
pub mod focus;
pub mod lint;
pub mod listing;
pub mod model;
mod owners;
pub mod policy;
pub mod ports;
pub mod print;
pub mod selector;

pub use connectivity::{Connectivity, End, HostNetwork};
pub use finding::Finding;
pub use model::{Model, NamedPort, VirtualWorkload};
pub use policy::{AdminPolicy, Direction, Policy};
pub use ports::Ports;
pub use selector::Selector;

#[cfg(test)]
mod admin_tests;
#[cfg(test)]
mod tests;
