//! `infra migrate VERB`.

mod bundle;
pub(crate) mod files;
mod new;

pub(crate) use new::run as new;
