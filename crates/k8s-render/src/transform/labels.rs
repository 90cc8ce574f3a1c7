//! `labels`, `commonLabels` and `commonAnnotations`: entries set in many maps at once.

use super::Transform;
use crate::fault::Outcome;
use crate::fieldspec::{FieldSpec, Missing, set_entry};
use crate::object::Object;
use crate::objects::Objects;
use crate::path::Step;
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
        objects.iter_mut().try_for_each(|object| self.apply(object))
    }
}

impl SetEntries {
    /// Sets the entries in one object. What is made new in several maps is one value from now on.
    fn apply(&self, object: &mut Object) -> Outcome<()> {
        let mut made: Vec<Vec<Vec<Step>>> = vec![Vec::new(); self.pairs.len()];
        for spec in &self.specs {
            // For each map that the spec leads to, which of the keys were new.
            let mut fresh: Vec<Vec<usize>> = Vec::new();
            spec.apply(&mut object.node, Missing::Mapping, &mut |node| {
                let mut keys = Vec::new();
                for (index, (key, value)) in self.pairs.iter().enumerate() {
                    if set_entry(node, key, value)? {
                        keys.push(index);
                    }
                }
                fresh.push(keys);
                Ok(())
            })?;
            if fresh.iter().all(Vec::is_empty) {
                continue;
            }
            for (place, keys) in spec.places(&object.node).into_iter().zip(fresh) {
                for index in keys {
                    let mut place = place.clone();
                    place.push(Step::Key(self.pairs[index].0.clone()));
                    made[index].push(place);
                }
            }
        }
        for ((_, value), places) in self.pairs.iter().zip(made) {
            object.shares.add(value, places);
        }
        object.shares.reconcile(&mut object.node);
        Ok(())
    }
}
