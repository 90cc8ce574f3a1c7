//! `generators`, `transformers` and `validators`: kustomize's built-in plugins, configured by objects.

use crate::accumulate::{Accumulator, Layer};
use crate::bundle::{self, Bundle, NameJobs};
use crate::decode::{Decoder, Fields, Text};
use crate::fault::{Fault, Rule};
use crate::finding::Source;
use crate::function::Function;
use crate::generate::Product;
use crate::hash::AddHashes;
use crate::helm::Chart;
use crate::kustomization::{Generator, Image, Patch, Replacement, Replica, Selector, decode_field_spec};
use crate::load::{Checked, Session};
use crate::object::Object;
use crate::selector::Matcher;
use crate::transform::{
    AddAffix, AddValue, MergePatches, Replacements, SetEntries, SetImage, SetNamespace, SetReplicas, Side,
    Subjects, Transform, ValueTarget,
};
use crate::yaml::{Node, Value};

/// The `apiVersion` of the plugins that need no other program.
const BUILT_IN: &str = "builtin";

/// An object that configures a plugin.
pub(crate) struct Plugin {
    pub(crate) object: Object,
}

/// The plugins that entries name: texts in place, files, or directories that render to them.
pub(crate) fn load(session: &mut Session<'_>, layer: &Layer<'_>, entries: &[Text]) -> Checked<Vec<Plugin>> {
    let mut gathered = Accumulator::default();
    let mut paths = Vec::new();
    for entry in entries {
        match Layer::inline_objects(session, entry) {
            Some(nodes) => {
                for node in nodes {
                    let mut object = Object::new(node);
                    layer.provenance.mark_file(&mut object, layer.file);
                    session.check(gathered.objects.append(object))?;
                }
            }
            None => paths.push(entry.clone()),
        }
    }
    layer.add_resources(session, &mut gathered, &paths)?;
    Ok(gathered.objects.into_list().into_iter().map(|object| Plugin { object }).collect())
}

/// What a generator plugin stands for. A generator of another kind becomes a variant here, chosen in
/// [`Plugin::generator`] by its `apiVersion` and `kind`.
pub(crate) enum Made {
    Entry(Product, Box<Generator>),
    Chart(Box<Chart>),
    Bundle(Bundle),
    ByFunction(Function),
}

/// What a transformer plugin stands for.
pub(crate) enum Change {
    BuiltIn(Box<dyn Transform>),
    ByFunction(Function),
}

/// Reads a plugin's configuration; unknown fields mean nothing to it.
struct Reader<'p> {
    decoder: Decoder<'p>,
    fields: Fields<'p>,
}

const FIELDS: &[&str] = &[
    "metadata",
    "annotations",
    "labels",
    "fieldSpecs",
    "unsetOnly",
    "setRoleBindingSubjects",
    "prefix",
    "suffix",
    "paths",
    "patches",
    "path",
    "patch",
    "jsonOp",
    "target",
    "options",
    "imageTag",
    "replica",
    "replacements",
    "value",
    "targets",
    "targetFilePath",
];

impl<'p> Reader<'p> {
    fn new(source: &'p Source, node: &'p Node) -> Self {
        let mut decoder = Decoder::new(source, false);
        let fields = decoder.fields(node, FIELDS);
        Self { decoder, fields }
    }

    fn specs(&mut self) -> Vec<crate::fieldspec::FieldSpec> {
        self.decoder.list(self.fields.get("fieldSpecs"), decode_field_spec)
    }

    fn text(&mut self, name: &str) -> String {
        self.decoder.text(self.fields.get(name))
    }

    fn pairs(&mut self, name: &str) -> Vec<(String, String)> {
        self.decoder.pairs(self.fields.get(name)).into_iter().collect()
    }

    fn problem(&mut self, node: &Node, problem: &str, advice: &str) {
        self.decoder.problem(node, problem.to_owned(), advice);
    }
}

impl Plugin {
    /// What a generator plugin stands for.
    pub(crate) fn generator(&self, session: &mut Session<'_>) -> Checked<Made> {
        if self.object.api_version() == bundle::API_VERSION {
            return Bundle::of(session, self).map(Made::Bundle);
        }
        if self.object.api_version() != BUILT_IN {
            return Function::of(session, self).map(Made::ByFunction);
        }
        let (source, _) = session.place(self.object.node.origin.as_ref());
        let mut decoder = Decoder::new(&source, false);
        let made = match self.object.kind() {
            "ConfigMapGenerator" => Made::Entry(Product::ConfigMap, Box::new(self.entry(&mut decoder))),
            "SecretGenerator" => Made::Entry(Product::Secret, Box::new(self.entry(&mut decoder))),
            "HelmChartInflationGenerator" => {
                Made::Chart(Box::new(Chart::of_plugin(&mut decoder, &self.object.node)))
            }
            _ => return Err(self.unknown(session, "generator")),
        };
        if decoder.findings.is_empty() { Ok(made) } else { Err(decoder.findings) }
    }

    fn entry(&self, decoder: &mut Decoder<'_>) -> Generator {
        let mut entry = Generator::decode(decoder, &self.object.node);
        if entry.name.text.is_empty() {
            self.object.name().clone_into(&mut entry.name.text);
        }
        if entry.namespace.is_empty() {
            self.object.namespace().clone_into(&mut entry.namespace);
        }
        entry
    }

    fn unknown(&self, session: &Session<'_>, what: &str) -> Vec<crate::Finding> {
        let problem = format!("there is no built-in {what} `{}` here", self.object.kind());
        let fault = Fault::new(
            Rule::Unsupported,
            problem,
            "use another built-in plugin, or the kustomization's own fields",
        );
        vec![session.finding(fault.at(&self.object.node))]
    }

    /// What a transformer plugin stands for.
    pub(crate) fn transformer(&self, session: &mut Session<'_>, layer: &Layer<'_>) -> Checked<Change> {
        if self.object.api_version() == BUILT_IN {
            self.built_in(session, layer).map(Change::BuiltIn)
        } else if self.object.api_version() == bundle::API_VERSION {
            NameJobs::of(session, self).map(|step| Change::BuiltIn(Box::new(step)))
        } else {
            Function::of(session, self).map(Change::ByFunction)
        }
    }

    /// The built-in transformer that the plugin configures.
    fn built_in(&self, session: &mut Session<'_>, layer: &Layer<'_>) -> Checked<Box<dyn Transform>> {
        let node = &self.object.node;
        let (source, _) = session.place(node.origin.as_ref());
        let mut reader = Reader::new(&source, node);
        let step: Box<dyn Transform> = match self.object.kind() {
            "AnnotationsTransformer" => {
                Box::new(SetEntries { pairs: reader.pairs("annotations"), specs: reader.specs() })
            }
            "LabelTransformer" => {
                Box::new(SetEntries { pairs: reader.pairs("labels"), specs: reader.specs() })
            }
            "NamespaceTransformer" => return self.namespace(&mut reader),
            kind @ ("PrefixTransformer" | "SuffixTransformer") => {
                let (side, field) = if kind == "PrefixTransformer" {
                    (Side::Prefix, "prefix")
                } else {
                    (Side::Suffix, "suffix")
                };
                if reader.fields.get("fieldSpecs").is_none() {
                    reader.problem(node, "`fieldSpecs` is missing", "list at least `path: metadata/name`");
                }
                Box::new(AddAffix { side, text: reader.text(field), specs: reader.specs() })
            }
            "PrefixSuffixTransformer" => {
                let (prefix, suffix) = (reader.text("prefix"), reader.text("suffix"));
                let specs = reader.specs();
                Box::new([
                    AddAffix { side: Side::Prefix, text: prefix, specs: specs.clone() },
                    AddAffix { side: Side::Suffix, text: suffix, specs },
                ])
            }
            "PatchTransformer" => {
                let patch = Patch::decode(&mut reader.decoder, node);
                Box::new(layer.patch(session, &patch, true)?)
            }
            "PatchJson6902Transformer" => {
                let patch = Patch::decode(&mut reader.decoder, node);
                Box::new(layer.json_patch(session, &patch)?)
            }
            "PatchStrategicMergeTransformer" => {
                let paths = reader.decoder.texts(reader.fields.get("paths"));
                let inline = reader.decoder.placed(reader.fields.get("patches"));
                let mut patches = layer.merge_patches(session, &paths)?;
                if !inline.text.is_empty() {
                    let text = session.inline(&inline);
                    let documents = Session::parse(&text, crate::yaml::Dialect::Resource)?;
                    patches.extend(session.objects(documents)?);
                }
                if patches.is_empty() {
                    reader.problem(
                        node,
                        "there is no patch here",
                        "list files under `paths`, or write `patches`",
                    );
                }
                Box::new(MergePatches { patches })
            }
            "ImageTagTransformer" => {
                let empty = Node::from(Value::Null);
                let image =
                    Image::decode(&mut reader.decoder, reader.fields.get("imageTag").unwrap_or(&empty));
                let step = SetImage::new(image, reader.specs());
                Box::new(session.check(step)?)
            }
            "ReplicaCountTransformer" => {
                let empty = Node::from(Value::Null);
                let replica =
                    Replica::decode(&mut reader.decoder, reader.fields.get("replica").unwrap_or(&empty));
                Box::new(SetReplicas { replica, specs: reader.specs() })
            }
            "ReplacementTransformer" => {
                let entries = reader.decoder.list(reader.fields.get("replacements"), Replacement::decode);
                Box::new(Replacements { list: layer.replacements(session, &entries)? })
            }
            "HashTransformer" => Box::new(AddHashes),
            "ValueAddTransformer" => return self.value_add(session, layer, &mut reader),
            _ => return Err(self.unknown(session, "transformer")),
        };
        if reader.decoder.findings.is_empty() { Ok(step) } else { Err(reader.decoder.findings) }
    }

    fn namespace(&self, reader: &mut Reader<'_>) -> Checked<Box<dyn Transform>> {
        let subjects = match &*reader.text("setRoleBindingSubjects") {
            "" | "defaultOnly" => Subjects::NamedDefault,
            "allServiceAccounts" => Subjects::ServiceAccounts,
            "none" => Subjects::None,
            _ => {
                let advice = "write `defaultOnly`, `allServiceAccounts` or `none`";
                reader.problem(&self.object.node, "there are no such `setRoleBindingSubjects`", advice);
                Subjects::None
            }
        };
        let step = SetNamespace {
            namespace: self.object.namespace().to_owned(),
            specs: reader.specs(),
            unset_only: reader.decoder.flag(reader.fields.get("unsetOnly")),
            subjects,
        };
        if !reader.decoder.findings.is_empty() {
            return Err(std::mem::take(&mut reader.decoder.findings));
        }
        if step.namespace.is_empty() {
            return Ok(Box::new(SetEntries { pairs: Vec::new(), specs: Vec::new() }));
        }
        Ok(Box::new(step))
    }

    fn value_add(
        &self,
        session: &mut Session<'_>,
        layer: &Layer<'_>,
        reader: &mut Reader<'_>,
    ) -> Checked<Box<dyn Transform>> {
        let mut value = reader.text("value").trim().to_owned();
        if value.is_empty() {
            value =
                layer.root.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        }
        let mut targets = reader.decoder.list(reader.fields.get("targets"), decode_target);
        let path = reader.decoder.placed(reader.fields.get("targetFilePath"));
        if !path.text.is_empty() {
            let source = session.text(&layer.root, &path)?;
            let documents = Session::parse(&source, crate::yaml::Dialect::Configuration)?;
            let mut decoder = Decoder::new(&source, false);
            for document in documents.iter().take(1) {
                let fields = decoder.fields(document, &["targets"]);
                targets.extend(decoder.list(fields.get("targets"), decode_target));
            }
            reader.decoder.findings.append(&mut decoder.findings);
        }
        if targets.is_empty() || targets.iter().any(|target| target.field_path.is_empty()) {
            reader.problem(&self.object.node, "a target without `fieldPath`", "say where the value goes");
        }
        if !reader.decoder.findings.is_empty() {
            return Err(std::mem::take(&mut reader.decoder.findings));
        }
        let mut compiled = Vec::new();
        for target in targets {
            let selector = match &target.selector {
                Some(selector) => Some(session.check(Matcher::new(selector))?),
                None => None,
            };
            compiled.push(ValueTarget { selector, field_path: target.field_path, position: target.position });
        }
        Ok(Box::new(AddValue { value, targets: compiled }))
    }
}

struct Target {
    selector: Option<Selector>,
    field_path: String,
    position: usize,
}

fn decode_target(decoder: &mut Decoder<'_>, node: &Node) -> Target {
    let fields = decoder.fields(node, &["selector", "fieldPath", "filePathPosition"]);
    let position = decoder.integer(fields.get("filePathPosition"));
    Target {
        selector: fields.get("selector").map(|node| Selector::decode(decoder, node)),
        field_path: decoder.text(fields.get("fieldPath")),
        position: usize::try_from(position).unwrap_or_else(|_| {
            decoder.problem(node, "a negative position".to_owned(), "count from 1");
            0
        }),
    }
}
