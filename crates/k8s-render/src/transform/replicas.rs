//! `replicas`: how many pods a workload has.

use super::Transform;
use crate::fault::{Fault, Outcome, Rule};
use crate::fieldspec::{FieldSpec, Missing};
use crate::kustomization::Replica;
use crate::objects::Objects;
use crate::schema::Schema;
use crate::yaml::Value;

pub(crate) struct SetReplicas {
    pub(crate) replica: Replica,
    pub(crate) specs: Vec<FieldSpec>,
}

impl Transform for SetReplicas {
    fn run(&self, objects: &mut Objects, _: &Schema) -> Outcome<()> {
        let name = &self.replica.name;
        let mut found = false;
        for spec in &self.specs {
            for at in objects.with_any_id(&spec.gvk.kind, &name.text, |id| {
                id.name == name.text && id.gvk.is_selected(&spec.gvk)
            }) {
                found = true;
                spec.apply(&mut objects.content_mut(at).node, Missing::Scalar, &mut |node| {
                    node.value = Value::Number(self.replica.count.to_string());
                    Ok(())
                })?;
            }
        }
        if found {
            return Ok(());
        }
        let kinds: Vec<&str> = self.specs.iter().map(|spec| spec.gvk.kind.as_str()).collect();
        let problem = format!("no {} is called `{}`", kinds.join(", "), name.text);
        let fault = Fault::new(Rule::Transformer, problem, "correct the name, or remove the entry");
        Err(fault.or_at(name.origin.as_ref()))
    }
}
