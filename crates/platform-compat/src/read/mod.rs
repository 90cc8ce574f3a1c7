//! The two files to the model.

mod compatibility;
mod component;
mod document;
mod names;
mod settings;

pub(crate) use compatibility::compatibility;
pub(crate) use document::platform;

#[cfg(test)]
mod tests;
