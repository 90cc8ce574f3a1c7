//! Flyway's configuration: files, environment variables and arguments become [`Settings`].
//!
//! Nothing here reads files, the environment or the process's arguments: all of it is given. Each reader takes text and gives
//! [`Assignment`]s with their places beside the [`Problem`]s that it found; [`Settings::merge`] puts them together in Flyway's
//! precedence. An option that is not known, or that asks for something that cannot be had, is a problem that names it. Values
//! are secrets throughout, since a password may stand in any of them.
//!
//! ```
//! use migrate_core::flyway::{Key, Layers, Settings, arguments, conf};
//! use std::collections::BTreeMap;
//!
//! let (file, problems) = conf::read("flyway.conf", "flyway.table=history\nflyway.target=3\n", &BTreeMap::new());
//! assert!(problems.is_empty());
//! let (arguments, problems) = arguments::read(&["-target=4", "migrate"]);
//! assert!(problems.is_empty());
//! let layers = Layers { files: file, variables: Vec::new(), arguments: arguments.assignments };
//! let (settings, problems) = Settings::merge(&layers, &BTreeMap::new());
//! assert!(problems.is_empty());
//! assert_eq!((settings.text(Key::Table), settings.text(Key::Target)), ("history", "4"));
//! ```

pub mod arguments;
mod assignment;
pub mod conf;
pub mod files;
pub mod option;
mod problem;
mod settings;
mod suggest;
pub mod toml;
pub mod variables;

pub use arguments::Arguments;
pub use assignment::{Assignment, Place};
pub use option::Key;
pub use problem::Problem;
pub use settings::{Layers, Settings};
