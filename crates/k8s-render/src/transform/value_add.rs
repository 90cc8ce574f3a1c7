//! `ValueAddTransformer`: one value put into fields, or into paths that fields hold.

use super::{SetNamespace, Subjects, Transform};
use crate::fault::{Fault, Outcome, Rule};
use crate::fieldspec::split_path;
use crate::objects::Objects;
use crate::schema::Schema;
use crate::selector::Matcher;
use crate::yaml::{Node, Value};

pub(crate) struct AddValue {
    pub(crate) value: String,
    pub(crate) targets: Vec<ValueTarget>,
}

pub(crate) struct ValueTarget {
    pub(crate) selector: Option<Matcher>,
    pub(crate) field_path: String,
    /// Where in a file path the value goes, from 1; 0 replaces the field.
    pub(crate) position: usize,
}

impl Transform for AddValue {
    fn run(&self, objects: &mut Objects, schema: &Schema) -> Outcome<()> {
        for target in &self.targets {
            let chosen = |object: &&mut crate::object::Object| {
                target.selector.as_ref().is_none_or(|selector| selector.selects(object))
            };
            for object in objects.iter_mut().filter(chosen) {
                if target.field_path == "metadata/namespace" {
                    let namespace = SetNamespace {
                        namespace: self.value.clone(),
                        specs: Vec::new(),
                        unset_only: false,
                        subjects: Subjects::NamedDefault,
                    };
                    namespace.apply(object, schema)?;
                    continue;
                }
                let field = field_or_new(&mut object.node, &split_path(&target.field_path, '/')).ok_or_else(
                    || {
                        let problem =
                            format!("`{}` leads through something that is no map", target.field_path);
                        Fault::new(Rule::Transformer, problem, "correct `fieldPath`")
                    },
                )?;
                let old = field.scalar_text().unwrap_or_default();
                let new = match target.position {
                    0 => self.value.clone(),
                    position => insert_part(old, position - 1, &self.value),
                };
                field.value = Value::String(new);
            }
        }
        Ok(())
    }
}

fn field_or_new<'n>(node: &'n mut Node, path: &[String]) -> Option<&'n mut Node> {
    path.iter().enumerate().try_fold(node, |node, (at, key)| {
        let missing = || {
            if at + 1 == path.len() {
                Node::text("")
            } else {
                Value::Mapping(indexmap::IndexMap::new()).into()
            }
        };
        Some(node.as_mapping_mut()?.entry(key.clone()).or_insert_with(missing))
    })
}

/// Puts a part into a file path, shifting the rest; past the end it is appended. Absolute paths stay absolute.
fn insert_part(path: &str, position: usize, part: &str) -> String {
    let root = if path.starts_with('/') { "/" } else { "" };
    let mut parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    parts.insert(position.min(parts.len()), part);
    format!("{root}{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::insert_part;

    #[test]
    fn parts_are_inserted() {
        for (path, position, expected) in [
            ("", 0, "P"),
            ("/", 3, "/P"),
            ("pie", 0, "P/pie"),
            ("/raw", 9, "/raw/P"),
            ("a/nice/warm/pie", 3, "a/nice/warm/P/pie"),
        ] {
            assert_eq!(insert_part(path, position, "P"), expected);
        }
    }
}
