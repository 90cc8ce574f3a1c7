//! `ConfigMap`s and `Secret`s, and who refers to them.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::object::Object;
use super::workload::Workload;
use crate::yaml::Node;

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConfigKind {
    /// `ConfigMap`
    ConfigMap,
    /// `Secret`
    Secret,
}

impl ConfigKind {
    /// The kind as manifests write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ConfigMap => "ConfigMap",
            Self::Secret => "Secret",
        }
    }
}

/// A rendered ConfigMap or Secret.
#[derive(Debug, Clone)]
pub struct Config<'a> {
    /// Which of the two.
    pub kind: ConfigKind,
    /// The object.
    pub object: Object<'a>,
    /// Its entries in order.
    pub entries: Vec<ConfigEntry<'a>>,
}

/// One key of a ConfigMap or Secret.
#[derive(Debug, Clone, Copy)]
pub struct ConfigEntry<'a> {
    /// The key.
    pub key: &'a str,
    /// The value; base64 text when `encoded`.
    pub node: &'a Node,
    /// Whether the value is base64 of what is meant.
    pub encoded: bool,
}

impl ConfigEntry<'_> {
    /// Bytes of the value as the API server counts them.
    pub fn size(&self) -> usize {
        let text = self.node.as_str().unwrap_or_default();
        if !self.encoded {
            return text.len();
        }
        let digits = text.bytes().filter(|byte| !byte.is_ascii_whitespace() && *byte != b'=').count();
        digits * 3 / 4
    }

    /// The value as pods see it; nothing when it is no text, or no base64 where it should be.
    pub fn bytes(&self) -> Option<Cow<'_, [u8]>> {
        let text = self.node.as_str()?;
        if !self.encoded {
            return Some(Cow::Borrowed(text.as_bytes()));
        }
        let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
        STANDARD.decode(digits).ok().map(Cow::Owned)
    }
}

impl<'a> Config<'a> {
    /// Reads a ConfigMap or Secret; any other object gives none.
    pub fn read(object: Object<'a>) -> Option<Self> {
        let (kind, parts) = match object.kind {
            "ConfigMap" => (ConfigKind::ConfigMap, [("data", false), ("binaryData", true)]),
            "Secret" => (ConfigKind::Secret, [("data", true), ("stringData", false)]),
            _ => return None,
        };
        let entries = parts.into_iter().flat_map(|(field, encoded)| {
            let entries = object.node.get(field).into_iter().flat_map(Node::entries);
            entries.map(move |(key, node)| ConfigEntry { key, node, encoded })
        });
        Some(Self { kind, object, entries: entries.collect() })
    }

    /// The sum of the values' lengths, which is what the API server limits; keys do not count.
    pub fn size(&self) -> usize {
        self.entries.iter().map(ConfigEntry::size).sum()
    }
}

/// A pod's reference to a ConfigMap or Secret, or to one key of it.
#[derive(Debug, Clone, Copy)]
pub struct Reference<'a> {
    /// Which of the two.
    pub kind: ConfigKind,
    /// Its name.
    pub name: &'a str,
    /// The key that must exist, if only one is taken.
    pub key: Option<&'a str>,
    /// Whether the pod starts without it.
    pub optional: bool,
    /// Whether it is mounted as files.
    pub mounted: bool,
    /// The value that names it, or the key.
    pub node: &'a Node,
}

/// Every reference of the pod template: volumes (projected ones too), `env` and `envFrom`.
pub fn references<'a>(workload: &Workload<'a>) -> Vec<Reference<'a>> {
    let mut found = Vec::new();
    for volume in items(workload.spec, "volumes") {
        mounted(&mut found, ConfigKind::ConfigMap, volume.get("configMap"), "name");
        mounted(&mut found, ConfigKind::Secret, volume.get("secret"), "secretName");
        for source in volume.get("projected").into_iter().flat_map(|projected| items(projected, "sources")) {
            mounted(&mut found, ConfigKind::ConfigMap, source.get("configMap"), "name");
            mounted(&mut found, ConfigKind::Secret, source.get("secret"), "name");
        }
    }
    for container in &workload.containers {
        for variable in items(container.node, "env") {
            let from = variable.get("valueFrom");
            for (kind, field) in
                [(ConfigKind::ConfigMap, "configMapKeyRef"), (ConfigKind::Secret, "secretKeyRef")]
            {
                let Some(reference) = from.and_then(|from| from.get(field)) else { continue };
                let key = reference.get("key");
                push(&mut found, kind, reference, "name", key, false);
            }
        }
        for source in items(container.node, "envFrom") {
            for (kind, field) in [(ConfigKind::ConfigMap, "configMapRef"), (ConfigKind::Secret, "secretRef")]
            {
                if let Some(reference) = source.get(field) {
                    push(&mut found, kind, reference, "name", None, false);
                }
            }
        }
    }
    found
}

fn items<'a>(node: &'a Node, key: &str) -> &'a [Node] {
    node.get(key).map(Node::items).unwrap_or_default()
}

fn mounted<'a>(found: &mut Vec<Reference<'a>>, kind: ConfigKind, source: Option<&'a Node>, name: &str) {
    let Some(source) = source else { return };
    push(found, kind, source, name, None, true);
    for item in items(source, "items") {
        push(found, kind, source, name, item.get("key"), true);
    }
}

fn push<'a>(
    found: &mut Vec<Reference<'a>>,
    kind: ConfigKind,
    reference: &'a Node,
    name: &str,
    key: Option<&'a Node>,
    mounted: bool,
) {
    let Some(name_node) = reference.get(name) else { return };
    let Some(name) = name_node.as_str() else { return };
    found.push(Reference {
        kind,
        name,
        key: key.and_then(Node::as_str),
        optional: reference.get("optional").and_then(Node::as_bool) == Some(true),
        mounted,
        node: key.unwrap_or(name_node),
    });
}
