//! The kustomization file as a typed value.

use indexmap::IndexMap;

use crate::decode::{Decoder, Fields, Text};
use crate::fieldspec::FieldSpec;
use crate::finding::{Finding, Source};
use crate::helm::{Chart, Globals};
use crate::id::Gvk;
use crate::yaml::{Dialect, Node, Origin, Value, parse_as};

/// File names under which a kustomization is looked for.
pub(crate) const FILE_NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

const FIELDS: &[&str] = &[
    "apiVersion",
    "kind",
    "metadata",
    "openapi",
    "namePrefix",
    "nameSuffix",
    "namespace",
    "commonLabels",
    "labels",
    "commonAnnotations",
    "patchesStrategicMerge",
    "patchesJson6902",
    "patches",
    "images",
    "imageTags",
    "replacements",
    "replicas",
    "vars",
    "sortOptions",
    "resources",
    "components",
    "crds",
    "bases",
    "configMapGenerator",
    "secretGenerator",
    "helmGlobals",
    "helmCharts",
    "helmChartInflationGenerator",
    "generatorOptions",
    "configurations",
    "generators",
    "transformers",
    "validators",
    "buildMetadata",
];

/// Deprecated fields and what takes their place, in the order in which kustomize warns.
const DEPRECATED: [(&str, &str); 6] = [
    ("bases", "resources"),
    ("commonLabels", "labels"),
    ("imageTags", "images"),
    ("patchesJson6902", "patches"),
    ("patchesStrategicMerge", "patches"),
    ("vars", "replacements"),
];

/// What a kustomization file says.
#[derive(Debug, Default)]
pub(crate) struct Kustomization {
    pub(crate) component: bool,
    pub(crate) open_api: Option<OpenApi>,
    pub(crate) name_prefix: String,
    pub(crate) name_suffix: String,
    pub(crate) namespace: String,
    pub(crate) common_labels: IndexMap<String, String>,
    pub(crate) labels: Vec<LabelEntry>,
    pub(crate) common_annotations: IndexMap<String, String>,
    pub(crate) patches_strategic_merge: Vec<Text>,
    pub(crate) patches_json: Vec<Patch>,
    pub(crate) patches: Vec<Patch>,
    pub(crate) images: Vec<Image>,
    pub(crate) replacements: Vec<Replacement>,
    pub(crate) replicas: Vec<Replica>,
    pub(crate) vars: Vec<Var>,
    pub(crate) sort: Option<SortOptions>,
    pub(crate) resources: Vec<Text>,
    pub(crate) components: Vec<Text>,
    pub(crate) crds: Vec<Text>,
    pub(crate) config_maps: Vec<Generator>,
    pub(crate) secrets: Vec<Generator>,
    pub(crate) generator_options: GeneratorOptions,
    pub(crate) configurations: Vec<Text>,
    pub(crate) generators: Vec<Text>,
    pub(crate) transformers: Vec<Text>,
    pub(crate) validators: Vec<Text>,
    pub(crate) build_metadata: Vec<Text>,
    pub(crate) charts: Vec<Chart>,
}

#[derive(Debug, Default)]
pub(crate) struct OpenApi {
    pub(crate) path: Text,
    pub(crate) version: Text,
}

#[derive(Debug, Default)]
pub(crate) struct LabelEntry {
    pub(crate) pairs: IndexMap<String, String>,
    pub(crate) include_selectors: bool,
    pub(crate) include_templates: bool,
    pub(crate) fields: Vec<FieldSpec>,
}

#[derive(Debug, Default, Clone)]
pub(crate) struct Patch {
    pub(crate) path: Text,
    pub(crate) text: Text,
    pub(crate) target: Option<Selector>,
    pub(crate) allow_name_change: bool,
    pub(crate) allow_kind_change: bool,
    /// The whole entry.
    pub(crate) origin: Option<Origin>,
}

/// Which objects are meant. Whether the texts are patterns depends on where the selector stands.
#[derive(Debug, Default, Clone)]
pub(crate) struct Selector {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) labels: String,
    pub(crate) annotations: String,
    pub(crate) origin: Option<Origin>,
}

#[derive(Debug, Default, Clone)]
pub(crate) struct Image {
    pub(crate) name: Text,
    pub(crate) new_name: String,
    pub(crate) new_tag: String,
    pub(crate) tag_suffix: String,
    pub(crate) digest: String,
}

#[derive(Debug, Default, Clone)]
pub(crate) struct Replica {
    pub(crate) name: Text,
    pub(crate) count: i64,
}

#[derive(Debug, Default, Clone)]
pub(crate) struct Replacement {
    /// A file with one replacement or a list of them, instead of all the rest.
    pub(crate) path: Text,
    pub(crate) source: Option<ReplacementSource>,
    pub(crate) source_value: Option<String>,
    /// `None` when the field is absent.
    pub(crate) targets: Option<Vec<ReplacementTarget>>,
    pub(crate) origin: Option<Origin>,
}

#[derive(Debug, Default, Clone)]
pub(crate) struct ReplacementSource {
    pub(crate) selector: Selector,
    pub(crate) field_path: String,
    pub(crate) options: FieldOptions,
}

#[derive(Debug, Default, Clone)]
pub(crate) struct ReplacementTarget {
    pub(crate) select: Option<Selector>,
    pub(crate) reject: Vec<Selector>,
    pub(crate) field_paths: Vec<Text>,
    pub(crate) options: FieldOptions,
}

#[derive(Debug, Default, Clone)]
pub(crate) struct FieldOptions {
    pub(crate) delimiter: String,
    pub(crate) index: i64,
    pub(crate) create: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Var {
    pub(crate) name: Text,
    pub(crate) gvk: Gvk,
    pub(crate) object: String,
    pub(crate) namespace: String,
    pub(crate) field_path: String,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct SortOptions {
    pub(crate) order: Text,
    /// The kinds that come first and last in the legacy order, when given.
    pub(crate) legacy: Option<(Vec<String>, Vec<String>)>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct GeneratorOptions {
    pub(crate) labels: IndexMap<String, String>,
    pub(crate) annotations: IndexMap<String, String>,
    pub(crate) disable_hash: bool,
    pub(crate) immutable: bool,
}

/// One entry of `configMapGenerator` or `secretGenerator`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Generator {
    pub(crate) name: Text,
    pub(crate) namespace: String,
    pub(crate) behavior: Text,
    pub(crate) secret_type: String,
    pub(crate) envs: Vec<Text>,
    pub(crate) literals: Vec<Text>,
    pub(crate) files: Vec<Text>,
    pub(crate) options: GeneratorOptions,
}

impl Kustomization {
    /// Reads a kustomization file. Findings of severity error mean that the value must not be used.
    pub(crate) fn parse(source: &Source) -> (Self, Vec<Finding>) {
        let (documents, mut findings) = parse_as(source, Dialect::Configuration);
        let empty = Node::from(Value::Mapping(IndexMap::new()));
        let node = documents.first().unwrap_or(&empty);
        let mut decoder = Decoder::new(source, true);
        let fields = decoder.fields(node, FIELDS);
        if findings.is_empty() && FIELDS[2..].iter().all(|name| fields.get(name).is_none_or(is_blank)) {
            decoder.problem(
                node,
                "the kustomization is empty".to_owned(),
                "list something under `resources`",
            );
        }
        for (name, instead) in DEPRECATED {
            if let Some(old) = fields.get(name) {
                let span = old.origin.as_ref().map_or(0..0, |origin| origin.start..origin.end);
                findings.push(Finding::Deprecated {
                    field: name.to_owned(),
                    instead: instead.to_owned(),
                    src: source.clone(),
                    span: span.into(),
                });
            }
        }
        let kustomization = Self::decode(&mut decoder, &fields);
        findings.append(&mut decoder.findings);
        (kustomization, findings)
    }

    fn decode(decoder: &mut Decoder<'_>, fields: &Fields<'_>) -> Self {
        let kind = decoder.text(fields.get("kind"));
        let component = kind == "Component";
        if let Some(node) =
            fields.get("kind").filter(|_| !matches!(&*kind, "" | "Component" | "Kustomization"))
        {
            decoder.problem(
                node,
                format!("`{kind}` is no kind of kustomization"),
                "write `Kustomization` or `Component`",
            );
        }
        let wanted =
            if component { "kustomize.config.k8s.io/v1alpha1" } else { "kustomize.config.k8s.io/v1beta1" };
        let api_version = decoder.text(fields.get("apiVersion"));
        if let Some(node) =
            fields.get("apiVersion").filter(|_| !api_version.is_empty() && api_version != wanted)
        {
            decoder.problem(
                node,
                format!("`{api_version}` does not go with this kind"),
                &format!("write `{wanted}`"),
            );
        }
        let mut resources = decoder.texts(fields.get("resources"));
        resources.extend(decoder.texts(fields.get("bases")));
        let mut images = decoder.list(fields.get("images"), Image::decode);
        images.extend(decoder.list(fields.get("imageTags"), Image::decode));
        let globals = Globals::decode(decoder, fields.get("helmGlobals"));
        let mut charts =
            decoder.list(fields.get("helmCharts"), |decoder, node| Chart::decode(decoder, node, &globals));
        charts.extend(decoder.list(fields.get("helmChartInflationGenerator"), Chart::decode_deprecated));
        Self {
            component,
            open_api: fields.get("openapi").map(|node| {
                let fields = decoder.fields(node, &["path", "version"]);
                OpenApi {
                    path: decoder.placed(fields.get("path")),
                    version: decoder.placed(fields.get("version")),
                }
            }),
            name_prefix: decoder.text(fields.get("namePrefix")),
            name_suffix: decoder.text(fields.get("nameSuffix")),
            namespace: decoder.text(fields.get("namespace")),
            common_labels: decoder.pairs(fields.get("commonLabels")),
            labels: decoder.list(fields.get("labels"), LabelEntry::decode),
            common_annotations: decoder.pairs(fields.get("commonAnnotations")),
            patches_strategic_merge: decoder.texts(fields.get("patchesStrategicMerge")),
            patches_json: decoder.list(fields.get("patchesJson6902"), Patch::decode),
            patches: decoder.list(fields.get("patches"), Patch::decode),
            images,
            replacements: decoder.list(fields.get("replacements"), Replacement::decode),
            replicas: decoder.list(fields.get("replicas"), Replica::decode),
            vars: decoder.list(fields.get("vars"), Var::decode),
            sort: fields.get("sortOptions").map(|node| SortOptions::decode(decoder, node)),
            resources,
            components: decoder.texts(fields.get("components")),
            crds: decoder.texts(fields.get("crds")),
            config_maps: decoder.list(fields.get("configMapGenerator"), Generator::decode),
            secrets: decoder.list(fields.get("secretGenerator"), Generator::decode),
            generator_options: GeneratorOptions::decode(decoder, fields.get("generatorOptions")),
            configurations: decoder.texts(fields.get("configurations")),
            generators: decoder.texts(fields.get("generators")),
            transformers: decoder.texts(fields.get("transformers")),
            validators: decoder.texts(fields.get("validators")),
            build_metadata: decoder.texts(fields.get("buildMetadata")),
            charts,
        }
    }
}

/// Whether a field says no more than its absence would.
fn is_blank(node: &Node) -> bool {
    match &node.value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

impl LabelEntry {
    fn decode(decoder: &mut Decoder<'_>, node: &Node) -> Self {
        let fields = decoder.fields(node, &["pairs", "includeSelectors", "includeTemplates", "fields"]);
        Self {
            pairs: decoder.pairs(fields.get("pairs")),
            include_selectors: decoder.flag(fields.get("includeSelectors")),
            include_templates: decoder.flag(fields.get("includeTemplates")),
            fields: decoder.list(fields.get("fields"), decode_field_spec),
        }
    }
}

/// A field spec as `configurations`, `labels` and the built-in plugins write it.
pub(crate) fn decode_field_spec(decoder: &mut Decoder<'_>, node: &Node) -> FieldSpec {
    let fields = decoder.fields(node, &["path", "group", "version", "kind", "create"]);
    let gvk = Gvk {
        group: decoder.text(fields.get("group")),
        version: decoder.text(fields.get("version")),
        kind: decoder.text(fields.get("kind")),
    };
    FieldSpec::new(&decoder.text(fields.get("path")), gvk, decoder.flag(fields.get("create")))
}

impl Patch {
    pub(crate) fn decode(decoder: &mut Decoder<'_>, node: &Node) -> Self {
        let fields = decoder.fields(node, &["path", "patch", "jsonOp", "target", "options"]);
        let mut patch = Self {
            path: decoder.placed(fields.get("path")),
            text: decoder.placed(fields.get("patch").or_else(|| fields.get("jsonOp"))),
            target: fields.get("target").map(|node| Selector::decode(decoder, node)),
            origin: node.origin.clone(),
            ..Self::default()
        };
        if let Some(options) = fields.get("options") {
            let fields = decoder.fields(options, &["allowNameChange", "allowKindChange"]);
            patch.allow_name_change = decoder.flag(fields.get("allowNameChange"));
            patch.allow_kind_change = decoder.flag(fields.get("allowKindChange"));
        }
        patch
    }
}

const SELECTOR: &[&str] = &[
    "group",
    "version",
    "kind",
    "name",
    "namespace",
    "labelSelector",
    "annotationSelector",
    "fieldPath",
    "options",
];

impl Selector {
    pub(crate) fn decode(decoder: &mut Decoder<'_>, node: &Node) -> Self {
        let fields = decoder.fields(node, &SELECTOR[..7]);
        Self::from_fields(decoder, &fields, node)
    }

    fn from_fields(decoder: &mut Decoder<'_>, fields: &Fields<'_>, node: &Node) -> Self {
        Self {
            group: decoder.text(fields.get("group")),
            version: decoder.text(fields.get("version")),
            kind: decoder.text(fields.get("kind")),
            name: decoder.text(fields.get("name")),
            namespace: decoder.text(fields.get("namespace")),
            labels: decoder.text(fields.get("labelSelector")),
            annotations: decoder.text(fields.get("annotationSelector")),
            origin: node.origin.clone(),
        }
    }
}

impl Image {
    pub(crate) fn decode(decoder: &mut Decoder<'_>, node: &Node) -> Self {
        let fields = decoder.fields(node, &["name", "newName", "newTag", "tagSuffix", "digest"]);
        Self {
            name: decoder.placed(fields.get("name")),
            new_name: decoder.text(fields.get("newName")),
            new_tag: decoder.text(fields.get("newTag")),
            tag_suffix: decoder.text(fields.get("tagSuffix")),
            digest: decoder.text(fields.get("digest")),
        }
    }
}

impl Replica {
    pub(crate) fn decode(decoder: &mut Decoder<'_>, node: &Node) -> Self {
        let fields = decoder.fields(node, &["name", "count"]);
        Self { name: decoder.placed(fields.get("name")), count: decoder.integer(fields.get("count")) }
    }
}

impl Replacement {
    pub(crate) fn decode(decoder: &mut Decoder<'_>, node: &Node) -> Self {
        let fields = decoder.fields(node, &["path", "source", "sourceValue", "targets"]);
        Self {
            path: decoder.placed(fields.get("path")),
            source: fields.get("source").map(|node| {
                let fields = decoder.fields(node, SELECTOR);
                ReplacementSource {
                    selector: Selector::from_fields(decoder, &fields, node),
                    field_path: decoder.text(fields.get("fieldPath")),
                    options: FieldOptions::decode(decoder, fields.get("options")),
                }
            }),
            source_value: fields.get("sourceValue").map(|node| decoder.text(Some(node))),
            targets: fields.get("targets").map(|node| decoder.list(Some(node), ReplacementTarget::decode)),
            origin: node.origin.clone(),
        }
    }
}

impl ReplacementTarget {
    fn decode(decoder: &mut Decoder<'_>, node: &Node) -> Self {
        let fields = decoder.fields(node, &["select", "reject", "fieldPaths", "options"]);
        Self {
            select: fields.get("select").map(|node| Selector::decode(decoder, node)),
            reject: decoder.list(fields.get("reject"), Selector::decode),
            field_paths: decoder.texts(fields.get("fieldPaths")),
            options: FieldOptions::decode(decoder, fields.get("options")),
        }
    }
}

impl FieldOptions {
    fn decode(decoder: &mut Decoder<'_>, node: Option<&Node>) -> Self {
        let Some(node) = node else { return Self::default() };
        let fields = decoder.fields(node, &["delimiter", "index", "encoding", "create"]);
        Self {
            delimiter: decoder.text(fields.get("delimiter")),
            index: decoder.integer(fields.get("index")),
            create: decoder.flag(fields.get("create")),
        }
    }
}

impl Var {
    fn decode(decoder: &mut Decoder<'_>, node: &Node) -> Self {
        let fields = decoder.fields(node, &["name", "objref", "fieldref"]);
        let empty = Node::from(Value::Null);
        let object = fields.get("objref").unwrap_or(&empty);
        let object = decoder.fields(object, &["apiVersion", "group", "version", "kind", "name", "namespace"]);
        let field = fields.get("fieldref").unwrap_or(&empty);
        let field = decoder.fields(field, &["fieldPath"]);
        let kind = decoder.text(object.get("kind"));
        let gvk = match decoder.text(object.get("apiVersion")) {
            api_version if api_version.is_empty() => Gvk {
                group: decoder.text(object.get("group")),
                version: decoder.text(object.get("version")),
                kind,
            },
            api_version => Gvk::new(&api_version, &kind),
        };
        let field_path = decoder.text(field.get("fieldPath"));
        Self {
            name: decoder.placed(fields.get("name")),
            gvk,
            object: decoder.text(object.get("name")),
            namespace: decoder.text(object.get("namespace")),
            field_path: if field_path.is_empty() { "metadata.name".to_owned() } else { field_path },
        }
    }
}

impl SortOptions {
    pub(crate) fn decode(decoder: &mut Decoder<'_>, node: &Node) -> Self {
        let fields = decoder.fields(node, &["order", "legacySortOptions"]);
        Self {
            order: decoder.placed(fields.get("order")),
            legacy: fields.get("legacySortOptions").map(|node| {
                let fields = decoder.fields(node, &["orderFirst", "orderLast"]);
                let mut kinds = |name: &str| -> Vec<String> {
                    decoder.texts(fields.get(name)).into_iter().map(|kind| kind.text).collect()
                };
                (kinds("orderFirst"), kinds("orderLast"))
            }),
        }
    }
}

impl GeneratorOptions {
    fn decode(decoder: &mut Decoder<'_>, node: Option<&Node>) -> Self {
        let Some(node) = node else { return Self::default() };
        let fields = decoder.fields(node, &["labels", "annotations", "disableNameSuffixHash", "immutable"]);
        Self {
            labels: decoder.pairs(fields.get("labels")),
            annotations: decoder.pairs(fields.get("annotations")),
            disable_hash: decoder.flag(fields.get("disableNameSuffixHash")),
            immutable: decoder.flag(fields.get("immutable")),
        }
    }
}

impl Generator {
    pub(crate) fn decode(decoder: &mut Decoder<'_>, node: &Node) -> Self {
        let fields = decoder.fields(
            node,
            &["name", "namespace", "behavior", "type", "envs", "env", "literals", "files", "options"],
        );
        let mut envs = decoder.texts(fields.get("envs"));
        if let Some(env) = fields.get("env").filter(|node| !is_blank(node)) {
            envs.push(decoder.placed(Some(env)));
        }
        let mut name = decoder.placed(fields.get("name"));
        if name.origin.is_none() {
            name.origin.clone_from(&node.origin);
        }
        Self {
            name,
            namespace: decoder.text(fields.get("namespace")),
            behavior: decoder.placed(fields.get("behavior")),
            secret_type: decoder.text(fields.get("type")),
            envs,
            literals: decoder.texts(fields.get("literals")),
            files: decoder.texts(fields.get("files")),
            options: GeneratorOptions::decode(decoder, fields.get("options")),
        }
    }
}
