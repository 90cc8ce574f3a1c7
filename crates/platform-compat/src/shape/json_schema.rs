//! JSON Schemas of the files, for editors (JSON Schema, draft 2020-12).

use serde_json::{Map, Value, json};

use super::{COMPATIBILITY, Holds, PLATFORM, PLATFORM_PART, Shape};

/// A file that has a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum File {
    /// platform.yaml.
    Platform,
    /// A file with further components beside it.
    Part,
    /// compatibility.yaml, and files with further rules beside it.
    Compatibility,
}

impl File {
    pub(super) fn shape(self) -> &'static Shape {
        match self {
            Self::Platform => &PLATFORM,
            Self::Part => &PLATFORM_PART,
            Self::Compatibility => &COMPATIBILITY,
        }
    }
}

/// The JSON Schema of a file.
///
/// It is made of the description by which the file is read, so an editor that goes by it accepts the keys and kinds of values that
/// [`Platform::load`](crate::Platform::load) accepts. It knows no names: a dependency on a component that is not there is found
/// by loading only. A key without a value, which loading takes as absent, is marked.
pub fn json_schema(file: File) -> Value {
    let mut definitions = Map::new();
    let mut schema = object(file.shape(), &mut definitions);
    schema.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.insert("title".to_owned(), json!(file.shape().what));
    schema.insert("$defs".to_owned(), Value::Object(definitions));
    Value::Object(schema)
}

fn object(shape: &'static Shape, definitions: &mut Map<String, Value>) -> Map<String, Value> {
    let mut properties = Map::new();
    for key in shape.keys {
        let mut value = schema(&key.holds, definitions);
        value.insert("description".to_owned(), json!(key.about));
        properties.insert(key.name.to_owned(), Value::Object(value));
    }
    let required: Vec<&str> = shape.keys.iter().filter(|key| key.required).map(|key| key.name).collect();
    let mut object = Map::new();
    object.insert("type".to_owned(), json!("object"));
    object.insert("additionalProperties".to_owned(), json!(false));
    object.insert("properties".to_owned(), Value::Object(properties));
    if !required.is_empty() {
        object.insert("required".to_owned(), json!(required));
    }
    object
}

fn schema(holds: &Holds, definitions: &mut Map<String, Value>) -> Map<String, Value> {
    let value = match holds {
        // What is written without quotes is a number or a boolean to an editor, and a text here.
        Holds::Text | Holds::Version => json!({"type": ["string", "number", "boolean"]}),
        Holds::Label => json!({
            "type": ["string", "number"],
            "pattern": "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$",
            "maxLength": 63,
        }),
        Holds::Boolean => json!({"type": "boolean"}),
        Holds::Number(first, last) => json!({"type": "integer", "minimum": first, "maximum": last}),
        Holds::Day => json!({"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}),
        Holds::Cidr => json!({"type": "string", "pattern": "^[0-9a-fA-F.:]+/[0-9]{1,3}$"}),
        Holds::Port => {
            json!({"type": ["string", "integer"], "pattern": "^[0-9]+(-[0-9]+)?(/(TCP|UDP|SCTP))?$"})
        }
        Holds::Exactly(text) => json!({"const": text}),
        Holds::Word(words) => json!({"enum": words()}),
        Holds::Labels => json!({
            "type": "object",
            "additionalProperties": {"type": ["string", "number", "boolean"]},
        }),
        Holds::Map(shape) => {
            let name = name(shape);
            if !definitions.contains_key(&name) {
                // Maps do not hold themselves, so this ends.
                let definition = object(shape, definitions);
                definitions.insert(name.clone(), Value::Object(definition));
            }
            json!({"$ref": format!("#/$defs/{name}")})
        }
        Holds::List(item) => json!({"type": "array", "items": schema(item, definitions)}),
        Holds::Some(item) => {
            let item = schema(item, definitions);
            json!({"anyOf": [item, {"type": "array", "items": item}]})
        }
        Holds::Either(forms) => {
            let forms: Vec<_> = forms.iter().map(|form| schema(form, definitions)).collect();
            json!({"anyOf": forms})
        }
        Holds::ByEnvironment(item) => {
            json!({"type": "object", "additionalProperties": schema(item, definitions)})
        }
    };
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

/// The name of a definition: what the map is called in sentences, without articles and quotes.
fn name(shape: &Shape) -> String {
    let words = shape.what.split([' ', '`']);
    let words: Vec<&str> = words.filter(|word| !matches!(*word, "" | "a" | "an" | "entry" | "of")).collect();
    words.join("-")
}
