//! The transformers, each of which changes the objects in one way.

mod images;
mod labels;
mod namespace;
mod patches;
mod rename;
mod replacements;
mod replicas;
mod structured;
mod value_add;

pub(crate) use images::SetImage;
pub(crate) use labels::SetEntries;
pub(crate) use namespace::{SetNamespace, Subjects};
pub(crate) use patches::{MergePatches, Patches};
pub(crate) use rename::{AddAffix, Side};
pub(crate) use replacements::Replacements;
pub(crate) use replicas::SetReplicas;
pub(crate) use value_add::{AddValue, ValueTarget};

use crate::fault::Outcome;
use crate::objects::Objects;
use crate::schema::Schema;

/// A change to all objects of a kustomization.
pub(crate) trait Transform {
    /// Makes the change. Objects that it empties are dropped afterwards.
    fn run(&self, objects: &mut Objects, schema: &Schema) -> Outcome<()>;
}
