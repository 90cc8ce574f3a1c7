//! `labels`, `commonLabels` and `commonAnnotations`: entries set in many maps at once.

use super::Transform;
use crate::fault::Outcome;
use crate::fieldspec::{FieldSpec, Missing, set_entry};
use crate::objects::Objects;
use crate::schema::Schema;

pub(crate) struct SetEntries {
    pub(crate) pairs: Vec<(String, String)>,
    pub(crate) specs: Vec<FieldSpec>,
}

impl Transform for SetEntries {
    fn run(&self, objects: &mut Objects, _: &Schema) -> Outcome<()> {
        if self.pairs.is_empty() {
            return Ok(());
        }
        for object in objects.iter_mut() {
            for spec in &self.specs {
                spec.apply(&mut object.node, Missing::Mapping, &mut |node| {
                    self.pairs.iter().try_for_each(|(key, value)| set_entry(node, key, value))
                })?;
            }
        }
        Ok(())
    }
}
