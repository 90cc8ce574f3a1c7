//! What strategic merge must know of Kubernetes' types: which lists merge, by which keys, and which kinds belong to
//! the cluster.
//!
//! The data is that of the `OpenAPI` document of Kubernetes v1.21.2, which is the one that kustomize 5 carries; it is
//! generated into `data/schema.txt` (see `tests/tables.rs`). A kustomization may bring its own document.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use crate::id::{Gvk, split_api_version};
use crate::yaml::Node;

/// A place in a type: the object type found there, or a list or map of one, with its merge rule.
#[derive(Debug, Clone, Default)]
pub(crate) struct Field {
    /// The type of the value itself.
    object: Option<usize>,
    /// The type of a list's elements.
    items: Option<usize>,
    /// The type of a map's values.
    values: Option<usize>,
    /// The list is merged element by element.
    merges: bool,
    /// The keys by which elements are told apart; none for a list of scalars.
    keys: Vec<String>,
}

/// Where a walk stands in the types.
#[derive(Debug, Clone, Copy)]
pub(crate) enum At<'a> {
    Type(usize),
    Field(&'a Field),
}

/// The types that are known to strategic merge, and what an `openapi` document says of scopes.
#[derive(Debug, Default)]
pub(crate) struct Schema {
    /// Group, version and kind of the types whose paths in the document name no namespace.
    cluster: HashSet<[String; 3]>,
    resources: HashMap<(String, String), usize>,
    types: Vec<HashMap<String, Field>>,
}

/// Group, version and kind of the types that belong to no namespace.
type ClusterTypes = HashSet<(&'static str, &'static str, &'static str)>;

static BUILT_IN: LazyLock<(Schema, ClusterTypes)> =
    LazyLock::new(|| read_table(include_str!("../data/schema.txt")));

/// Kubernetes' own types.
pub(crate) fn built_in() -> &'static Schema {
    &BUILT_IN.0
}

/// Whether the built-in table says that objects of this type belong to no namespace.
pub(crate) fn is_cluster_scoped(group: &str, version: &str, kind: &str) -> bool {
    let types: &HashSet<(&str, &str, &str)> = &BUILT_IN.1;
    types.contains(&(group, version, kind))
}

/// Reads the generated table; its form is described at its top.
fn read_table(table: &'static str) -> (Schema, ClusterTypes) {
    let mut schema = Schema::default();
    let mut cluster = HashSet::new();
    for line in table.lines() {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let mut words = rest.split(' ');
        let mut next = || words.next().unwrap_or_default();
        match word {
            "cluster" => {
                let (group, version) = split_api_version(next());
                cluster.insert((group, version, next()));
            }
            "resource" => {
                let key = (next().to_owned(), next().to_owned());
                schema.resources.insert(key, next().parse().unwrap_or_default());
            }
            "type" => schema.types.push(HashMap::new()),
            "field" => {
                let name = next().to_owned();
                let mut field = Field::default();
                for word in words {
                    match word.split_once('=') {
                        Some(("object", index)) => field.object = index.parse().ok(),
                        Some(("items", index)) => field.items = index.parse().ok(),
                        Some(("values", index)) => field.values = index.parse().ok(),
                        Some(("merge", keys)) => {
                            field.merges = true;
                            field.keys =
                                keys.split(',').filter(|key| !key.is_empty()).map(str::to_owned).collect();
                        }
                        _ => {}
                    }
                }
                if let Some(fields) = schema.types.last_mut() {
                    fields.insert(name, field);
                }
            }
            _ => {}
        }
    }
    (schema, cluster)
}

/// Group, version and kind.
fn type_of(node: &Node) -> [String; 3] {
    ["group", "version", "kind"]
        .map(|key| node.get(key).and_then(Node::as_str).unwrap_or_default().to_owned())
}

/// The types that an `OpenAPI` document lets be read by paths of which none names a namespace.
fn cluster_types(document: &Node) -> HashSet<[String; 3]> {
    let (mut cluster, mut namespaced) = (HashSet::new(), HashSet::new());
    for (path, operations) in document.get("paths").into_iter().flat_map(Node::entries) {
        let Some(read) = operations.at(&["get", "x-kubernetes-group-version-kind"]) else { continue };
        let types = if path.contains("namespaces/{namespace}") { &mut namespaced } else { &mut cluster };
        types.insert(type_of(read));
    }
    cluster.retain(|known| !namespaced.contains(known));
    cluster
}

impl Schema {
    /// Whether the document, or else the built-in table, says that objects of this type belong to no namespace.
    pub(crate) fn is_cluster_scoped(&self, gvk: &Gvk) -> bool {
        let is_declared =
            || self.cluster.contains(&[gvk.group.clone(), gvk.version.clone(), gvk.kind.clone()]);
        gvk.is_cluster_scoped() || (!self.cluster.is_empty() && is_declared())
    }

    /// The type of a whole object.
    pub(crate) fn resource(&self, api_version: &str, kind: &str) -> Option<At<'_>> {
        let key = (api_version.to_owned(), kind.to_owned());
        self.resources.get(&key).map(|&index| At::Type(index))
    }

    /// The place under a key of the value at `at`.
    pub(crate) fn field(&self, at: At<'_>, key: &str) -> Option<At<'_>> {
        let index = match at {
            At::Type(index) => index,
            At::Field(Field { object: Some(index), .. }) => *index,
            At::Field(Field { values, .. }) => return values.map(At::Type),
        };
        self.types.get(index)?.get(key).map(At::Field)
    }

    /// The place of the elements of the list at `at`.
    pub(crate) fn element(at: At<'_>) -> Option<At<'static>> {
        match at {
            At::Field(Field { items, .. }) => items.map(At::Type),
            At::Type(_) => None,
        }
    }

    /// The merge keys of the list at `at`; `None` when it is replaced as a whole.
    pub(crate) fn merge_keys(at: At<'_>) -> Option<&[String]> {
        match at {
            At::Field(field) if field.merges => Some(&field.keys),
            _ => None,
        }
    }

    /// The types of an `OpenAPI` 2 document, as a kustomization's `openapi` field brings it.
    pub(crate) fn from_open_api(document: &Node) -> Self {
        let definitions: Vec<(&str, &Node)> =
            document.get("definitions").into_iter().flat_map(Node::entries).collect();
        let names: HashMap<&str, usize> =
            definitions.iter().enumerate().map(|(index, &(name, _))| (name, index)).collect();
        let types = vec![HashMap::new(); definitions.len()];
        let mut schema = Self { cluster: cluster_types(document), types, ..Self::default() };
        for (at, (_, definition)) in definitions.iter().enumerate() {
            schema.types[at] = schema.fields_of(definition, &names);
            let kinds =
                definition.get("x-kubernetes-group-version-kind").map(Node::items).unwrap_or_default();
            for kind in kinds {
                let [group, version, kind] = type_of(kind);
                let api_version = if group.is_empty() { version } else { format!("{group}/{version}") };
                schema.resources.insert((api_version, kind), at);
            }
        }
        schema
    }

    fn fields_of(&mut self, definition: &Node, names: &HashMap<&str, usize>) -> HashMap<String, Field> {
        let mut fields = HashMap::new();
        for (name, property) in definition.get("properties").into_iter().flat_map(Node::entries) {
            let strategy =
                property.get("x-kubernetes-patch-strategy").and_then(Node::as_str).unwrap_or_default();
            let list = property.get("x-kubernetes-list-map-keys").map(Node::items).unwrap_or_default();
            let mut keys: Vec<String> = list.iter().filter_map(Node::as_str).map(str::to_owned).collect();
            if keys.is_empty() {
                let single = property.get("x-kubernetes-patch-merge-key").and_then(Node::as_str);
                keys.extend(single.map(str::to_owned));
            }
            let field = Field {
                object: self.place(Some(property), names),
                items: self.place(property.get("items"), names),
                values: self.place(property.get("additionalProperties"), names),
                merges: strategy.split(',').any(|part| part == "merge"),
                keys,
            };
            fields.insert(name.to_owned(), field);
        }
        fields
    }

    /// The type a schema names, or one made from the properties that it spells out.
    fn place(&mut self, schema: Option<&Node>, names: &HashMap<&str, usize>) -> Option<usize> {
        let schema = schema?;
        if let Some(reference) = schema.get("$ref").and_then(Node::as_str) {
            return names.get(reference.strip_prefix("#/definitions/")?).copied();
        }
        schema.get("properties")?;
        let fields = self.fields_of(schema, names);
        self.types.push(fields);
        Some(self.types.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_table_knows_containers_and_ports() {
        let schema = built_in();
        let mut at = schema.resource("apps/v1", "Deployment").unwrap();
        for key in ["spec", "template", "spec", "containers"] {
            at = schema.field(at, key).unwrap();
        }
        assert_eq!(Schema::merge_keys(at).unwrap(), ["name"]);
        let ports = schema.field(Schema::element(at).unwrap(), "ports").unwrap();
        assert_eq!(Schema::merge_keys(ports).unwrap(), ["containerPort", "protocol"]);
        assert!(schema.resource("example.com/v1", "Deployment").is_none());
    }

    #[test]
    fn scopes_depend_on_the_version() {
        assert!(is_cluster_scoped("", "v1", "Namespace"));
        assert!(is_cluster_scoped("rbac.authorization.k8s.io", "v1", "ClusterRole"));
        assert!(!is_cluster_scoped("rbac.authorization.k8s.io", "v2", "ClusterRole"));
        assert!(!is_cluster_scoped("apps", "v1", "Deployment"));
    }

    #[test]
    fn paths_of_a_document_tell_scopes() {
        let text = r#"{paths: {
            /apis/e.com/v1/gadgets/{name}: {get: {x-kubernetes-group-version-kind: {group: e.com, version: v1, kind: Gadget}}},
            /apis/e.com/v1/widgets: {get: {x-kubernetes-group-version-kind: {group: e.com, version: v1, kind: Widget}}},
            "/apis/e.com/v1/namespaces/{namespace}/widgets": {get: {x-kubernetes-group-version-kind: {group: e.com, version: v1, kind: Widget}}},
            /apis/e.com/v1/others: {post: {x-kubernetes-group-version-kind: {group: e.com, version: v1, kind: Other}}}}}"#
            .replace("/apis/e.com/v1/gadgets/{name}", "\"/apis/e.com/v1/gadgets/{name}\"");
        let document = crate::yaml::parse(&crate::Source::new("a", text.into())).0.remove(0);
        let schema = Schema::from_open_api(&document);
        let gvk = |kind: &str| Gvk { group: "e.com".into(), version: "v1".into(), kind: kind.into() };
        assert!(schema.is_cluster_scoped(&gvk("Gadget")));
        assert!(!schema.is_cluster_scoped(&gvk("Widget")) && !schema.is_cluster_scoped(&gvk("Other")));
        assert!(!built_in().is_cluster_scoped(&gvk("Gadget")));
    }
}
