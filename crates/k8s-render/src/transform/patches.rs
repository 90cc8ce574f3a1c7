//! `patches`, `patchesStrategicMerge` and `patchesJson6902`.

use super::Transform;
use crate::fault::{Fault, Outcome, Rule};
use crate::jsonpatch::{self, Operation};
use crate::merge::merge;
use crate::object::Object;
use crate::objects::Objects;
use crate::schema::Schema;
use crate::selector::Matcher;
use crate::yaml::{Node, Origin, Value};

/// One entry of `patches`, read and compiled.
pub(crate) struct Patches {
    /// Strategic merge patches.
    pub(crate) merges: Vec<Node>,
    /// The operations of a JSON patch, when the text is one.
    pub(crate) operations: Vec<Operation>,
    pub(crate) target: Option<Matcher>,
    pub(crate) allow_name_change: bool,
    pub(crate) allow_kind_change: bool,
    /// JSON patches of `patches` record the names they may change, those of `patchesJson6902` do not.
    pub(crate) remembers: bool,
    pub(crate) origin: Option<Origin>,
}

impl Transform for Patches {
    fn run(&self, objects: &mut Objects, schema: &Schema) -> Outcome<()> {
        self.apply(objects, schema).map_err(|fault| fault.or_at(self.origin.as_ref()))
    }
}

impl Patches {
    fn apply(&self, objects: &mut Objects, schema: &Schema) -> Outcome<()> {
        let Some(target) = &self.target else {
            return self.merges.iter().try_for_each(|patch| {
                let at = find_target(objects, patch)?;
                self.merge_one(objects.get_mut(at), patch.clone(), schema)
            });
        };
        for object in objects.iter_mut().filter(|object| target.selects(object)) {
            if let Some(patch) = self.merges.first() {
                self.merge_one(object, retargeted(patch, object), schema)?;
            } else {
                if self.remembers {
                    object.remember();
                }
                object.check_types()?;
                jsonpatch::apply(&self.operations, &mut object.node)?;
                object.node.pass_json();
                object.shares.forget();
                object.stringify_annotations();
            }
        }
        if self.merges.is_empty() {
            return Ok(());
        }
        objects.drop_empty();
        objects.check_unique()
    }

    fn merge_one(&self, object: &mut Object, patch: Node, schema: &Schema) -> Outcome<()> {
        merge_object(object, patch, schema, self.allow_name_change, self.allow_kind_change)
    }
}

/// `patchesStrategicMerge`: every patch names its one target.
pub(crate) struct MergePatches {
    pub(crate) patches: Vec<Node>,
}

impl Transform for MergePatches {
    fn run(&self, objects: &mut Objects, schema: &Schema) -> Outcome<()> {
        for patch in &self.patches {
            let at = find_target(objects, patch)?;
            let object = objects.get_mut(at);
            merge_object(object, retargeted(patch, object), schema, false, false)?;
            objects.drop_empty();
        }
        objects.check_unique()
    }
}

/// The one object that has or had the id a patch names.
fn find_target(objects: &mut Objects, patch: &Node) -> Outcome<usize> {
    let id = Object::new(patch.clone()).id();
    let found = objects.with_any_id(&id.gvk.kind, &id.name, |other| other.equals(&id));
    if let [at] = found[..] {
        return Ok(at);
    }
    let (problem, advice) = if found.is_empty() {
        (
            format!("no object is `{id}`, which this patch is for"),
            "correct apiVersion, kind, name or namespace, or give the patch a `target`",
        )
    } else {
        (
            format!("{} objects are or were `{id}`, which this patch is for", found.len()),
            "name the namespace, or give the patch a `target`",
        )
    };
    Err(Fault::new(Rule::Patch, problem, advice).at(patch))
}

/// A patch for a given object: its own type does not matter, its labels and annotations count as texts.
fn retargeted(patch: &Node, object: &Object) -> Node {
    let mut copy = Object::new(patch.clone());
    copy.inherit_metadata(&Object::new(patch.clone()));
    if let Some(entries) = copy.node.as_mapping_mut() {
        entries.insert("apiVersion".to_owned(), Node::text(object.api_version()));
    }
    copy.node
}

fn merge_object(
    object: &mut Object,
    patch: Node,
    schema: &Schema,
    rename: bool,
    retype: bool,
) -> Outcome<()> {
    let id = object.id();
    if rename || retype {
        object.remember();
    }
    let base = std::mem::replace(&mut object.node, Value::Null.into());
    let Some(merged) = merge(schema, base, patch)? else { return Ok(()) };
    object.node = merged;
    if object.is_empty() {
        return Ok(());
    }
    if !retype {
        object.set_kind(&id.gvk.kind);
    }
    if !rename {
        object.set_name(&id.name);
    }
    object.set_namespace(&id.namespace);
    Ok(())
}
