//! The two files to the model.

mod compatibility;
mod component;
mod document;
mod names;
mod settings;

pub(crate) use compatibility::{PHASES, SEVERITIES, UNITS, compatibility};
pub(crate) use component::{
    DEPENDENCY_KINDS, DEPENDENCY_PHASES, KINDS, LIFECYCLES, PROTOCOLS, ROLLOUTS, SCHEMES, SUFFIXES,
};
pub(crate) use document::platform;
pub(crate) use settings::{EGRESS, INGRESS};

/// The words of a choice.
pub(crate) fn words<T>(choices: &[(&'static str, T)]) -> Vec<&'static str> {
    choices.iter().map(|(word, _)| *word).collect()
}

#[cfg(test)]
pub(crate) mod tests;
