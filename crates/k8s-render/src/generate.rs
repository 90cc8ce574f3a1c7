//! `configMapGenerator` and `secretGenerator`: objects made of literals and files.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use indexmap::IndexMap;

use crate::decode::Text;
use crate::fault::{Fault, Outcome, Rule};
use crate::fieldspec::check_key;
use crate::kustomization::{Generator, GeneratorOptions};
use crate::object::{Behavior, Object};
use crate::yaml::{Node, Origin, Value};

/// Base64 longer than this stands on several lines.
const BASE64_LINE: usize = 70;

/// What is generated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Product {
    ConfigMap,
    Secret,
}

/// One key with its bytes and the place that asked for it.
struct Pair {
    key: String,
    value: Vec<u8>,
    origin: Option<Origin>,
}

fn fault(problem: String, advice: &str, origin: Option<&Origin>) -> Fault {
    Fault::new(Rule::Generator, problem, advice).or_at(origin)
}

/// Makes the object. `read` gives the bytes of the files that the entry names.
pub(crate) fn generate(
    product: Product,
    entry: &Generator,
    defaults: &GeneratorOptions,
    read: &mut dyn FnMut(&Text) -> Outcome<Vec<u8>>,
) -> Outcome<Object> {
    let origin = entry.name.origin.as_ref();
    if entry.name.text.is_empty() {
        return Err(fault("a generator without `name`".to_owned(), "name the object", origin));
    }
    let text = |text: &str| Node::text(text);
    let mut metadata = IndexMap::from([("name".to_owned(), text(&entry.name.text))]);
    if !entry.namespace.is_empty() {
        metadata.insert("namespace".to_owned(), text(&entry.namespace));
    }
    for (field, own, more) in [
        ("labels", &entry.options.labels, &defaults.labels),
        ("annotations", &entry.options.annotations, &defaults.annotations),
    ] {
        let merged: IndexMap<String, Node> =
            more.iter().chain(own).map(|(key, value)| (key.clone(), text(value))).collect();
        merged.keys().try_for_each(|key| check_key(key).map_err(|fault| fault.or_at(origin)))?;
        if !merged.is_empty() {
            metadata.insert(field.to_owned(), Value::Mapping(merged).into());
        }
    }
    let kind = if product == Product::Secret { "Secret" } else { "ConfigMap" };
    let mut entries = IndexMap::from([
        ("apiVersion".to_owned(), text("v1")),
        ("kind".to_owned(), text(kind)),
        ("metadata".to_owned(), Value::Mapping(metadata).into()),
    ]);
    let mut data = IndexMap::new();
    let mut binary = IndexMap::new();
    for pair in pairs(entry, read)? {
        if data.contains_key(&pair.key) || binary.contains_key(&pair.key) {
            let problem = format!("the key `{}` stands twice in `{}`", pair.key, entry.name.text);
            return Err(fault(problem, "keep one of the two", pair.origin.as_ref()));
        }
        check_key(&pair.key).map_err(|fault| fault.or_at(pair.origin.as_ref()))?;
        let value = |text: String| Node { value: Value::String(text), origin: pair.origin.clone() };
        match (product, String::from_utf8(pair.value)) {
            (Product::ConfigMap, Ok(plain)) => data.insert(pair.key, value(plain)),
            (Product::ConfigMap, Err(bytes)) => {
                binary.insert(pair.key, value(base64_lines(bytes.as_bytes())))
            }
            (Product::Secret, Ok(plain)) => data.insert(pair.key, value(base64_lines(plain.as_bytes()))),
            (Product::Secret, Err(bytes)) => data.insert(pair.key, value(base64_lines(bytes.as_bytes()))),
        };
    }
    if product == Product::Secret {
        let kind = if entry.secret_type.is_empty() { "Opaque" } else { &entry.secret_type };
        entries.insert("type".to_owned(), text(kind));
    }
    if !data.is_empty() || product == Product::Secret {
        entries.insert("data".to_owned(), Value::Mapping(data).into());
    }
    if !binary.is_empty() {
        entries.insert("binaryData".to_owned(), Value::Mapping(binary).into());
    }
    if entry.options.immutable || defaults.immutable {
        entries.insert("immutable".to_owned(), Value::Bool(true).into());
    }
    let mut object = Object::new(Node { value: Value::Mapping(entries), origin: entry.name.origin.clone() });
    object.hashed = !(entry.options.disable_hash || defaults.disable_hash);
    object.behavior = match &*entry.behavior.text {
        "replace" => Behavior::Replace,
        "merge" => Behavior::Merge,
        _ => Behavior::Create,
    };
    Ok(object)
}

fn pairs(entry: &Generator, read: &mut dyn FnMut(&Text) -> Outcome<Vec<u8>>) -> Outcome<Vec<Pair>> {
    let mut pairs = Vec::new();
    for file in &entry.envs {
        env_pairs(&read(file)?, file, &mut pairs)?;
    }
    for literal in &entry.literals {
        let origin = literal.origin.clone();
        match literal.text.split_once('=') {
            Some((key, value)) if !key.is_empty() => {
                pairs.push(Pair { key: key.to_owned(), value: unquoted(value).as_bytes().to_vec(), origin });
            }
            _ => {
                let problem = format!("`{}` is no literal", literal.text);
                return Err(fault(problem, "write `key=value`", origin.as_ref()));
            }
        }
    }
    for file in &entry.files {
        let (key, path) = file_source(file)?;
        let value = read(&Text { text: path.to_owned(), origin: file.origin.clone() })?;
        pairs.push(Pair { key: key.to_owned(), value, origin: file.origin.clone() });
    }
    Ok(pairs)
}

/// `path`, whose key is the file's name, or `key=path`.
fn file_source(file: &Text) -> Outcome<(&str, &str)> {
    let advice = "write `path` or `key=path`";
    let refuse = |problem: String| Err(fault(problem, advice, file.origin.as_ref()));
    match file.text.split_once('=') {
        None if file.text.is_empty() => refuse("an empty file name".to_owned()),
        None => Ok((file.text.rsplit('/').next().unwrap_or_default(), &file.text)),
        Some((_, path)) if path.contains('=') => refuse(format!("`{}` has more than one `=`", file.text)),
        Some(("", _)) => refuse(format!("`{}` has no key", file.text)),
        Some((_, "")) => refuse(format!("`{}` has no path", file.text)),
        Some(parts) => Ok(parts),
    }
}

/// One pair of equal quotes around a value is not part of it.
fn unquoted(value: &str) -> &str {
    ['"', '\''].iter().find_map(|&quote| value.strip_prefix(quote)?.strip_suffix(quote)).unwrap_or(value)
}

fn env_pairs(bytes: &[u8], file: &Text, pairs: &mut Vec<Pair>) -> Outcome<()> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        let problem = format!("`{}` is not UTF-8", file.text);
        return Err(fault(problem, "save the file as UTF-8", file.origin.as_ref()));
    };
    for line in text.strip_prefix('\u{feff}').unwrap_or(text).split('\n') {
        let line = line.strip_suffix('\r').unwrap_or(line).trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (key, value) = line.split_once('=').unwrap_or((line, ""));
        if key.is_empty() {
            let problem = format!("`{}` has a line without a name before `=`", file.text);
            return Err(fault(problem, "write `NAME=value`", file.origin.as_ref()));
        }
        pairs.push(Pair {
            key: key.to_owned(),
            value: value.as_bytes().to_vec(),
            origin: file.origin.clone(),
        });
    }
    Ok(())
}

pub(crate) fn base64_lines(bytes: &[u8]) -> String {
    let encoded = STANDARD.encode(bytes);
    if encoded.len() < BASE64_LINE {
        return encoded;
    }
    let mut lines = String::with_capacity(encoded.len() + encoded.len() / BASE64_LINE + 1);
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(BASE64_LINE));
        lines.push_str(line);
        lines.push('\n');
        rest = more;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::emit;

    fn text(text: &str) -> Text {
        Text { text: text.to_owned(), origin: None }
    }

    fn made(product: Product, entry: &Generator) -> Result<String, String> {
        let mut read = |file: &Text| match &*file.text {
            "d/a.env" => Ok("\u{feff}A=1\n# no\n\n  B= x #y \r\nC\n".into()),
            "d/bin" => Ok(vec![0xff, 0xfe]),
            _ => Ok(b"hello\n".to_vec()),
        };
        let object = generate(product, entry, &GeneratorOptions::default(), &mut read);
        object.map(|object| emit(&object.node)).map_err(|fault| fault.into_problem().message)
    }

    #[test]
    fn sources_come_in_order() {
        let entry = Generator {
            name: text("n"),
            envs: vec![text("d/a.env")],
            literals: vec![text("q='a=b'"), text("r=\"x'")],
            files: vec![text("d/f.txt"), text("k=d/bin")],
            ..Generator::default()
        };
        assert_eq!(
            made(Product::ConfigMap, &entry).unwrap(),
            "apiVersion: v1\nbinaryData:\n  k: //4=\ndata:\n  A: \"1\"\n  B: ' x #y '\n  C: \"\"\n  f.txt: |\n    hello\n  q: a=b\n  r: '\"x'''\nkind: ConfigMap\nmetadata:\n  name: \"n\"\n"
        );
    }

    #[test]
    fn secrets_are_base64_in_lines() {
        let entry = Generator {
            name: text("s"),
            literals: vec![text(&format!("k={}", "x".repeat(60)))],
            ..Generator::default()
        };
        let made = made(Product::Secret, &entry).unwrap();
        assert!(made.contains("  k: |\n    eHh4") && made.ends_with("type: Opaque\n"), "{made}");
        assert_eq!(base64_lines(b"abc"), "YWJj");
    }

    #[test]
    fn bad_sources_are_refused() {
        for (literals, files) in
            [(vec!["x"], vec![]), (vec!["=x"], vec![]), (vec![], vec!["a=b=c"]), (vec!["a=1", "a=2"], vec![])]
        {
            let entry = Generator {
                name: text("n"),
                literals: literals.into_iter().map(text).collect(),
                files: files.into_iter().map(text).collect(),
                ..Generator::default()
            };
            assert!(made(Product::ConfigMap, &entry).is_err());
        }
        assert!(made(Product::ConfigMap, &Generator::default()).is_err());
    }
}
