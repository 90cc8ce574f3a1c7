//! The content hash that generated names end with.

use std::fmt::Write as _;

use indexmap::IndexMap;
use sha2::{Digest, Sha256};

use crate::fault::Outcome;
use crate::json;
use crate::object::Object;
use crate::objects::Objects;
use crate::schema::Schema;
use crate::transform::Transform;
use crate::yaml::{Node, Value};

/// Ten characters that depend on the data of a `ConfigMap` or Secret, and on nothing else of it.
pub(crate) fn content_hash(object: &Object) -> String {
    let node = &object.node;
    let text = |text: &str| Node::text(text);
    let field = |key: &str| node.get(key).cloned().unwrap_or_else(|| text(""));
    let mut entries =
        IndexMap::from([("kind".to_owned(), text(object.kind())), ("name".to_owned(), text(""))]);
    let optional = match object.kind() {
        "ConfigMap" => "binaryData",
        "Secret" => {
            entries.insert("type".to_owned(), field("type"));
            "stringData"
        }
        _ => return encode(&json::compact(node)),
    };
    entries.insert("data".to_owned(), field("data"));
    if let Some(more) = node.get(optional).filter(|more| matches!(more.value, Value::Mapping(_))) {
        entries.insert(optional.to_owned(), more.clone());
    }
    encode(&json::compact(&Value::Mapping(entries).into()))
}

/// Gives the objects that want it a name that ends with their hash.
pub(crate) struct AddHashes;

impl Transform for AddHashes {
    fn run(&self, objects: &mut Objects, _: &Schema) -> Outcome<()> {
        for object in objects.iter_mut().filter(|object| object.hashed) {
            let name = format!("{}-{}", object.name(), content_hash(object));
            object.remember();
            object.set_name(&name);
        }
        Ok(())
    }
}

/// Kubernetes' alphabet: no vowels and nothing that reads like them, so that no word appears.
pub(crate) fn encode(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let mut hex = String::with_capacity(10);
    for byte in &digest[..5] {
        let _ = write!(hex, "{byte:02x}");
    }
    hex.chars()
        .map(|digit| match digit {
            '0' => 'g',
            '1' => 'h',
            '3' => 'k',
            'a' => 'm',
            'e' => 't',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::Source;
    use crate::yaml::parse;

    #[test]
    fn the_hash_of_an_empty_config_map() {
        let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: any}\n";
        let node = parse(&Source::new("a", Arc::from(text))).0.remove(0);
        assert_eq!(content_hash(&Object::new(node)), "6ct58987ht");
    }
}
