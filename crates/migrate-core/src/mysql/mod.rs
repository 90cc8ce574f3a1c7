//! The database at the other end of a socket: [`mysql_async`] behind the ports of this crate.

mod batch;
mod clean;
mod column;
mod connect;
mod database;
mod facts;
mod found;
mod journal;
mod options;
mod session;
mod stage;
mod standing;
mod wait;

pub use batch::Texts;
pub use clean::Dropped;
pub use column::first_column;
pub use connect::connect;
pub use database::MySqlDatabase;
pub use options::{ConnectOptions, Tls};
pub use session::SessionOptions;
pub use stage::{Stage, Stages};
pub use wait::wait;
