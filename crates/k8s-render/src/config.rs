//! Which fields the transformers change: kustomize's table, what `configurations` add to it, and what `crds` say.

use std::sync::LazyLock;

use crate::decode::Decoder;
use crate::fault::{Outcome, Rule, fail};
use crate::fieldspec::FieldSpec;
use crate::finding::{Finding, Source};
use crate::id::Gvk;
use crate::kustomization::decode_field_spec;
use crate::order::rank_of_type;
use crate::yaml::Node;

/// The fields that refer to objects of one type by name.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NameReference {
    /// The type that is referred to.
    pub(crate) target: Gvk,
    pub(crate) referrers: Vec<FieldSpec>,
}

/// The field specs of every transformer.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Config {
    pub(crate) name_prefix: Vec<FieldSpec>,
    pub(crate) name_suffix: Vec<FieldSpec>,
    pub(crate) namespace: Vec<FieldSpec>,
    pub(crate) common_labels: Vec<FieldSpec>,
    pub(crate) labels: Vec<FieldSpec>,
    pub(crate) template_labels: Vec<FieldSpec>,
    pub(crate) common_annotations: Vec<FieldSpec>,
    pub(crate) name_reference: Vec<NameReference>,
    pub(crate) var_reference: Vec<FieldSpec>,
    pub(crate) images: Vec<FieldSpec>,
    pub(crate) replicas: Vec<FieldSpec>,
}

const GROUPS: &[&str] = &[
    "namePrefix",
    "nameSuffix",
    "namespace",
    "commonLabels",
    "labels",
    "templateLabels",
    "commonAnnotations",
    "varReference",
    "images",
    "replicas",
    "nameReference",
];

/// Kustomize's table as its files list it.
static TABLE: LazyLock<Config> = LazyLock::new(|| {
    let mut config = Config::default();
    let mut group = "";
    for line in include_str!("../data/fieldspecs.txt").lines().filter(|line| !line.starts_with('#')) {
        let gvk = |parts: &[&str]| Gvk {
            group: parts.first().copied().unwrap_or_default().to_owned(),
            version: parts.get(1).copied().unwrap_or_default().to_owned(),
            kind: parts.get(2).copied().unwrap_or_default().to_owned(),
        };
        if let Some(head) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            let (name, target) = head.split_once(' ').unwrap_or((head, ""));
            group = name;
            if name == "nameReference" {
                let target = gvk(&target.split('|').collect::<Vec<_>>());
                config.name_reference.push(NameReference { target, referrers: Vec::new() });
            }
            continue;
        }
        let parts: Vec<&str> = line.split('|').collect();
        let spec = FieldSpec::new(parts[0], gvk(parts.get(1..).unwrap_or_default()), parts.len() > 4);
        let at = GROUPS.iter().position(|name| *name == group).unwrap_or(GROUPS.len());
        if let Some(specs) = config.groups_mut().into_iter().nth(at) {
            specs.push(spec);
        } else if let Some(reference) = config.name_reference.last_mut() {
            reference.referrers.push(spec);
        }
    }
    config.sort();
    config
});

/// The table as a kustomization without `configurations` uses it.
static DEFAULT: LazyLock<Config> = LazyLock::new(|| {
    let mut config = Config::default();
    // The table does not contradict itself; a test counts what is in it.
    let _ = config.merge(&TABLE);
    config
});

impl Config {
    /// What applies where no kustomization says otherwise.
    pub(crate) fn built_in() -> &'static Self {
        &DEFAULT
    }

    /// Kustomize's table with more fields. Where one is for some types only, it takes the place of the same field for
    /// all types, once the result is merged into what a layer has gathered.
    pub(crate) fn table_with(more: &Self) -> Outcome<Self> {
        let mut config = TABLE.clone();
        config.merge(more)?;
        Ok(config)
    }

    /// The groups that are plain lists, in the order of [`GROUPS`].
    fn groups(&self) -> [&Vec<FieldSpec>; 10] {
        [
            &self.name_prefix,
            &self.name_suffix,
            &self.namespace,
            &self.common_labels,
            &self.labels,
            &self.template_labels,
            &self.common_annotations,
            &self.var_reference,
            &self.images,
            &self.replicas,
        ]
    }

    fn groups_mut(&mut self) -> [&mut Vec<FieldSpec>; 10] {
        [
            &mut self.name_prefix,
            &mut self.name_suffix,
            &mut self.namespace,
            &mut self.common_labels,
            &mut self.labels,
            &mut self.template_labels,
            &mut self.common_annotations,
            &mut self.var_reference,
            &mut self.images,
            &mut self.replicas,
        ]
    }

    fn sort(&mut self) {
        for specs in self.groups_mut() {
            specs.sort_by_cached_key(|spec| rank_of_type(&spec.gvk));
        }
        self.name_reference.sort_by_cached_key(|reference| rank_of_type(&reference.target));
    }

    /// Adds what another configuration has more.
    pub(crate) fn merge(&mut self, other: &Self) -> Outcome<()> {
        for (specs, more) in self.groups_mut().into_iter().zip(other.groups()) {
            merge_specs(specs, more)?;
        }
        for reference in &other.name_reference {
            match self.name_reference.iter_mut().find(|own| own.target == reference.target) {
                Some(own) => merge_specs(&mut own.referrers, &reference.referrers)?,
                None => self.name_reference.push(reference.clone()),
            }
        }
        self.sort();
        Ok(())
    }

    /// Reads a file of `configurations`.
    pub(crate) fn parse(source: &Source, document: &Node) -> (Self, Vec<Finding>) {
        let mut decoder = Decoder::new(source, true);
        let fields = decoder.fields(document, GROUPS);
        let mut config = Self::default();
        for (specs, group) in config.groups_mut().into_iter().zip(GROUPS) {
            *specs = decoder.list(fields.get(group), decode_field_spec);
        }
        config.name_reference = decoder.list(fields.get("nameReference"), |decoder, node| {
            let fields = decoder.fields(node, &["group", "version", "kind", "fieldSpecs"]);
            NameReference {
                target: Gvk {
                    group: decoder.text(fields.get("group")),
                    version: decoder.text(fields.get("version")),
                    kind: decoder.text(fields.get("kind")),
                },
                referrers: decoder.list(fields.get("fieldSpecs"), decode_field_spec),
            }
        });
        config.sort();
        (config, decoder.findings)
    }

    /// What the definitions of custom types say about their fields, in a file of `crds`.
    pub(crate) fn from_definitions(document: &Node) -> Self {
        let mut config = Self::default();
        for (name, _) in document.entries() {
            let properties = document.at(&[name, "Schema", "properties"]);
            let has = |key: &str| properties.is_some_and(|properties| properties.get(key).is_some());
            if has("kind") && has("apiVersion") && has("metadata") {
                let kind = name.rsplit('.').next().unwrap_or_default().to_owned();
                let gvk = Gvk { kind, ..Gvk::default() };
                config.add_definition(document, name, &gvk, &mut Vec::new());
            }
        }
        config
    }

    fn add_definition(&mut self, document: &Node, name: &str, gvk: &Gvk, path: &mut Vec<String>) {
        // A type may refer to itself; deeper than this no field is.
        if path.len() > 32 {
            return;
        }
        for (key, property) in
            document.at(&[name, "Schema", "properties"]).into_iter().flat_map(Node::entries)
        {
            path.push(key.to_owned());
            let spec = |more: &str| FieldSpec::new(&format!("{}{more}", path.join("/")), gvk.clone(), false);
            let text = |key: &str| property.get(key).and_then(Node::as_str);
            if text("x-kubernetes-annotation").is_some() {
                self.common_annotations.push(spec(""));
            }
            if text("x-kubernetes-label-selector").is_some() {
                self.common_labels.push(spec(""));
            }
            if text("x-kubernetes-identity").is_some() {
                self.name_prefix.push(spec(""));
            }
            let version = text("x-kubernetes-object-ref-api-version");
            if let (Some(version), Some(kind)) = (version, text("x-kubernetes-object-ref-kind")) {
                let key = text("x-kubernetes-object-ref-name-key").unwrap_or("name");
                let target = Gvk { version: version.to_owned(), kind: kind.to_owned(), ..Gvk::default() };
                let referrer = spec(&format!("/{key}"));
                match self.name_reference.iter_mut().find(|own| own.target == target) {
                    Some(own) => own.referrers.push(referrer),
                    None => self.name_reference.push(NameReference { target, referrers: vec![referrer] }),
                }
            }
            if let Some(reference) = text("$ref") {
                self.add_definition(document, reference, gvk, path);
            }
            path.pop();
        }
    }
}

/// Adds specs that are not there yet; the same field with another `create` is a contradiction.
pub(crate) fn merge_specs(specs: &mut Vec<FieldSpec>, more: &[FieldSpec]) -> Outcome<()> {
    for spec in more {
        match specs.iter().find(|own| own.path == spec.path && own.gvk.is_selected(&spec.gvk)) {
            None => specs.push(spec.clone()),
            Some(own) if own.create == spec.create => {}
            Some(own) => {
                let problem = format!(
                    "the field `{}` is listed twice, once with `create: true` and once without",
                    own.path
                );
                return fail(Rule::Kustomization, problem, "make the two entries equal");
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_table_is_complete() {
        let config = Config::built_in();
        let counts = [
            config.common_labels.len(),
            config.common_annotations.len(),
            config.var_reference.len(),
            config.name_reference.len(),
            config.images.len(),
            config.replicas.len(),
        ];
        assert_eq!(counts, [32, 9, 72, 16, 6, 4]);
        assert!(config.replicas.iter().all(|spec| spec.create && spec.path == "spec/replicas"));
    }

    #[test]
    fn contradictions_are_refused() {
        let spec = |create| FieldSpec::new("a/b", Gvk::default(), create);
        let mut specs = vec![spec(true)];
        assert!(merge_specs(&mut specs, &[spec(true)]).is_ok() && specs.len() == 1);
        assert!(merge_specs(&mut specs, &[spec(false)]).is_err());
    }
}
