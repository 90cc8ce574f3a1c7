//! `namespace`: where the objects live.

use std::collections::HashMap;

use super::Transform;
use crate::fault::{Fault, Outcome, Rule};
use crate::fieldspec::{FieldSpec, Missing, set_scalar};
use crate::id::Id;
use crate::object::Object;
use crate::objects::Objects;
use crate::schema::Schema;
use crate::yaml::{Node, Value};

/// Which subjects of role bindings get the namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subjects {
    NamedDefault,
    ServiceAccounts,
    None,
}

pub(crate) struct SetNamespace {
    pub(crate) namespace: String,
    pub(crate) specs: Vec<FieldSpec>,
    /// Only fields that are absent or empty are set.
    pub(crate) unset_only: bool,
    pub(crate) subjects: Subjects,
}

impl Transform for SetNamespace {
    fn run(&self, objects: &mut Objects, schema: &Schema) -> Outcome<()> {
        let key = |id: Id| {
            let namespace = id.effective_namespace().to_owned();
            Id { namespace, ..id }
        };
        let mut ids: HashMap<Id, usize> = HashMap::new();
        for object in objects.iter() {
            *ids.entry(key(object.id())).or_default() += 1;
        }
        for object in objects.iter_mut().filter(|object| !object.is_empty() && !object.from_helm) {
            if let Some(count) = ids.get_mut(&key(object.id())) {
                *count -= 1;
            }
            object.remember();
            self.apply(object, schema)?;
            let count = ids.entry(key(object.id())).or_default();
            *count += 1;
            if *count > 1 {
                let problem = format!(
                    "two objects would become `{}` in the namespace `{}`",
                    object.id(),
                    self.namespace
                );
                let fault =
                    Fault::new(Rule::Identity, problem, "rename one of them, or leave one of them out");
                return Err(fault.at(&object.node));
            }
        }
        Ok(())
    }
}

impl SetNamespace {
    /// Sets the namespace of one object and in the fields that repeat it.
    pub(crate) fn apply(&self, object: &mut Object, schema: &Schema) -> Outcome<()> {
        let gvk = object.gvk();
        if !schema.is_cluster_scoped(&gvk) && (!self.unset_only || object.namespace().is_empty()) {
            object.set_metadata("namespace", Node::text(&self.namespace));
        }
        let binding = matches!(&*gvk.kind, "RoleBinding" | "ClusterRoleBinding");
        if binding {
            self.set_subjects(&mut object.node)?;
        }
        let core = object.api_version() == "v1";
        for spec in &self.specs {
            let skipped = match &*spec.path {
                "metadata/namespace" => true,
                "metadata/name" => !core,
                "subjects/namespace" => binding && spec.gvk.kind.ends_with("RoleBinding"),
                _ => false,
            };
            if !skipped {
                spec.apply(&mut object.node, Missing::Scalar, &mut |node| self.set(node))?;
            }
        }
        Ok(())
    }

    fn set(&self, node: &mut Node) -> Outcome<()> {
        if self.unset_only && node.scalar_text().is_some_and(|text| !text.is_empty()) {
            return Ok(());
        }
        set_scalar(node, &self.namespace)
    }

    fn set_subjects(&self, node: &mut Node) -> Outcome<()> {
        let (key, value) = match self.subjects {
            Subjects::None => return Ok(()),
            Subjects::NamedDefault => ("name", "default"),
            Subjects::ServiceAccounts => ("kind", "ServiceAccount"),
        };
        let Some(subjects) = node.get_mut("subjects").filter(|subjects| !subjects.is_null()) else {
            return Ok(());
        };
        let Value::Sequence(items) = &mut subjects.value else {
            let fault =
                Fault::new(Rule::Transformer, "`subjects` must be a list", "write one element per subject");
            return Err(fault.at(subjects));
        };
        for subject in items {
            if subject.get(key).and_then(Node::scalar_text) != Some(value) {
                continue;
            }
            if let Some(entries) = subject.as_mapping_mut() {
                self.set(entries.entry("namespace".to_owned()).or_insert_with(|| Node::text("")))?;
            }
        }
        Ok(())
    }
}
