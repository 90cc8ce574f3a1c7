//! `namePrefix` and `nameSuffix`.

use super::Transform;
use crate::fault::Outcome;
use crate::fieldspec::{FieldSpec, Missing, set_scalar};
use crate::id::Gvk;
use crate::objects::Objects;
use crate::schema::Schema;
use crate::yaml::Node;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Prefix,
    Suffix,
}

pub(crate) struct AddAffix {
    pub(crate) side: Side,
    pub(crate) text: String,
    pub(crate) specs: Vec<FieldSpec>,
}

/// Objects whose name means something to others than their referrers.
fn keeps_name(gvk: &Gvk) -> bool {
    match &*gvk.kind {
        "CustomResourceDefinition" | "Namespace" => true,
        "APIService" => gvk.group == "apiregistration.k8s.io",
        _ => false,
    }
}

impl Transform for AddAffix {
    fn run(&self, objects: &mut Objects, _: &Schema) -> Outcome<()> {
        for object in objects.iter_mut() {
            let gvk = object.original_id().gvk;
            if keeps_name(&gvk) {
                continue;
            }
            for spec in self.specs.iter().filter(|spec| gvk.is_selected(&spec.gvk)) {
                if spec.path == "metadata/name" && !self.text.is_empty() {
                    let list = match self.side {
                        Side::Prefix => &mut object.prefixes,
                        Side::Suffix => &mut object.suffixes,
                    };
                    list.push(self.text.clone());
                    object.remember();
                }
                spec.apply(&mut object.node, Missing::Scalar, &mut |node| self.add(node))?;
            }
        }
        Ok(())
    }
}

/// A prefix and a suffix at once.
impl Transform for [AddAffix; 2] {
    fn run(&self, objects: &mut Objects, schema: &Schema) -> Outcome<()> {
        self.iter().try_for_each(|affix| affix.run(objects, schema))
    }
}

impl AddAffix {
    fn add(&self, node: &mut Node) -> Outcome<()> {
        let old = node.scalar_text().unwrap_or_default();
        let new = match self.side {
            Side::Prefix => format!("{}{old}", self.text),
            Side::Suffix => format!("{old}{}", self.text),
        };
        set_scalar(node, &new)
    }
}
