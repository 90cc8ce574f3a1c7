//! The layers: every kustomization gathers its objects, changes them, and hands them up.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use crate::config::{Config, merge_specs};
use crate::decode::Text;
use crate::fault::{Fault, Outcome, Rule};
use crate::fieldspec::{FieldSpec, check_key};
use crate::finding::Finding;
use crate::generate::{Product, generate};
use crate::hash::AddHashes;
use crate::id::Gvk;
use crate::jsonpatch;
use crate::kustomization::{Generator, GeneratorOptions, Kustomization, OpenApi, Patch, Replacement, Var};
use crate::load::{Checked, Session};
use crate::object::Object;
use crate::objects::Objects;
use crate::order;
use crate::outside::{Remote, Repository};
use crate::plugin::{self, Change, Made, Plugin};
use crate::provenance::{self, Mark, Provenance};
use crate::reference;
use crate::resource::Resource;
use crate::schema::Schema;
use crate::selector::Matcher;
use crate::transform::{
    AddAffix, MergePatches, Patches, Replacements, SetEntries, SetImage, SetNamespace, SetReplicas, Side,
    Subjects, Transform,
};
use crate::vars;
use crate::yaml::{Dialect, Node, Origin, Value};

/// Marks objects that take part in a render, but are not part of its result.
const LOCAL_CONFIG: &str = "config.kubernetes.io/local-config";

/// What a kustomization has gathered so far.
#[derive(Default)]
pub(crate) struct Accumulator {
    pub(crate) objects: Objects,
    config: Option<Cow<'static, Config>>,
    vars: Vec<Var>,
}

impl Accumulator {
    fn config(&self) -> &Config {
        self.config.as_deref().unwrap_or_else(|| Config::built_in())
    }

    /// Merges a configuration into what was gathered. The built-in one is shared as long as nothing else comes.
    fn add_config(&mut self, more: Cow<'static, Config>) -> Outcome<()> {
        match (&mut self.config, more) {
            (config @ None, Cow::Borrowed(more)) => *config = Some(Cow::Borrowed(more)),
            (Some(Cow::Borrowed(_)), Cow::Borrowed(_)) => {}
            (config, more) => config.get_or_insert(Cow::Owned(Config::default())).to_mut().merge(&more)?,
        }
        Ok(())
    }

    /// Takes in what a base has gathered.
    fn merge(&mut self, other: Self) -> Outcome<()> {
        for object in other.objects.into_list() {
            self.objects.append(object)?;
        }
        if let Some(config) = other.config {
            self.add_config(config)?;
        }
        other.vars.into_iter().try_for_each(|var| vars::add(&mut self.vars, var))
    }
}

/// One kustomization and the way to it.
pub(crate) struct Layer<'p> {
    pub(crate) root: PathBuf,
    pub(crate) file: &'static str,
    pub(crate) kustomization: Kustomization,
    parent: Option<&'p Layer<'p>>,
    pub(crate) provenance: Provenance,
}

/// Renders the kustomization in `root` to the objects of the output, in their order.
pub(crate) fn build(session: &mut Session<'_>, root: PathBuf) -> Checked<Vec<Resource>> {
    let (kustomization, file) = session.kustomization(&root, None)?;
    let provenance = Provenance::new(&kustomization);
    let layer = Layer { root, file, kustomization, parent: None, provenance };
    choose_types(session, &layer)?;
    let mut gathered = layer.accumulate(session, Accumulator::default())?;
    session.check(AddHashes.run(&mut gathered.objects, session.schema()))?;
    let Accumulator { objects, config, vars } = &mut gathered;
    let config = config.as_deref().unwrap_or_else(|| Config::built_in());
    session.check(reference::fix(objects, &config.name_reference))?;
    objects.reconcile();
    let unused = session.check(vars::resolve(objects, vars, &config.var_reference))?;
    objects.reconcile();
    for name in unused {
        let (src, span) = session.place(name.origin.as_ref());
        session.warnings.push(Finding::UnusedVariable { name: name.text, src, span });
    }
    objects.retain(|object| {
        object.metadata_texts("annotations").all(|(key, value)| key != LOCAL_CONFIG || value == "false")
    });
    // Patches and variables may have given two objects one name since they were gathered.
    session.check(objects.check_unique())?;
    session.check(order::sort(objects, layer.kustomization.sort.as_ref()))?;
    let managed = layer.kustomization.build_metadata.iter().any(|option| option.text == "managedByLabel");
    if managed {
        let label = SetEntries {
            pairs: vec![("app.kubernetes.io/managed-by".to_owned(), "kustomize-v5.8.1".to_owned())],
            specs: vec![FieldSpec::new("metadata/labels", Gvk::default(), true)],
        };
        session.check(label.run(objects, session.schema()))?;
    }
    let objects = std::mem::take(&mut gathered.objects).into_list();
    for object in &objects {
        // Kustomize writes the annotations of every object anew before it prints them.
        let checked = object.metadata_texts("annotations").try_for_each(|(key, _)| check_key(key));
        session.check(checked.map_err(|fault| fault.at(&object.node)).and_then(|()| object.check_types()))?;
    }
    Ok(objects.into_iter().map(|object| finish(session, &layer, object)).collect())
}

/// Leaves out the annotations that only the render itself needs; the rest are texts.
fn finish(session: &Session<'_>, layer: &Layer<'_>, mut object: Object) -> Resource {
    if let Some(metadata) = object.node.get_mut("metadata").and_then(Node::as_mapping_mut) {
        if let Some(Node { value: Value::Mapping(annotations), .. }) = metadata.get_mut("annotations") {
            annotations.retain(|key, _| !provenance::is_internal(key) && layer.provenance.keeps(key));
            for value in annotations.values_mut() {
                if let Some(text) = session.raw(value) {
                    value.value = Value::String(text.into_owned());
                }
            }
        }
        let is_blank = |node: &Node| match &node.value {
            Value::Mapping(entries) => entries.is_empty(),
            value => *value == Value::Null,
        };
        if metadata.get("annotations").is_some_and(is_blank) {
            metadata.shift_remove("annotations");
        }
    }
    Resource { node: object.node }
}

/// Installs the types that `openapi` names. The root's choice wins; a base's counts where none was made.
fn choose_types(session: &mut Session<'_>, layer: &Layer<'_>) -> Checked<()> {
    let Some(OpenApi { path, version }) = &layer.kustomization.open_api else { return Ok(()) };
    let fault = |problem: &str, advice: &str, text: &Text| {
        Fault::new(Rule::Kustomization, problem, advice).or_at(text.origin.as_ref())
    };
    if path.origin.is_some() {
        let source = session.text(&layer.root, path)?;
        if session.open_api_is_set {
            return Ok(());
        }
        if version.origin.is_some() {
            return Err(vec![session.finding(fault(
                "`path` and `version` exclude each other",
                "remove one",
                version,
            ))]);
        }
        let documents = Session::parse(&source, Dialect::Configuration)?;
        let Some(document) = documents.first() else {
            return Err(vec![session.finding(fault("the file is empty", "write an OpenAPI document", path))]);
        };
        session.open_api = Some(Schema::from_open_api(document));
        session.open_api_is_set = true;
    } else if !version.text.is_empty() && !session.open_api_is_set {
        if version.text != "v1.21.2" {
            return Err(vec![session.finding(fault(
                "these types are not built in",
                "write `v1.21.2`",
                version,
            ))]);
        }
        session.open_api_is_set = true;
    }
    Ok(())
}

impl Layer<'_> {
    fn accumulate(&self, session: &mut Session<'_>, mut gathered: Accumulator) -> Checked<Accumulator> {
        let kustomization = &self.kustomization;
        self.add_resources(session, &mut gathered, &kustomization.resources)?;
        self.configure(session, &mut gathered)?;
        self.generate(session, &mut gathered)?;
        for component in &kustomization.components {
            gathered = self.add_directory(session, component, Some(gathered))?;
        }
        self.transform(session, &mut gathered)?;
        self.validate(session, &mut gathered)?;
        let vars = kustomization.vars.clone();
        session.check(vars::register(&mut gathered.objects, &mut gathered.vars, vars))?;
        Ok(gathered)
    }

    /// Adds the objects of files and directories.
    pub(crate) fn add_resources(
        &self,
        session: &mut Session<'_>,
        gathered: &mut Accumulator,
        paths: &[Text],
    ) -> Checked<()> {
        let mut findings = Vec::new();
        for path in paths {
            let joined = self.root.join(&path.text);
            let is_remote = matches!(Remote::parse(&path.text), Some(Remote::Repository(_)));
            if !path.text.is_empty()
                && (session.fs().is_dir(&joined) || (is_remote && !session.fs().exists(&joined)))
            {
                match self.add_directory(session, path, None) {
                    Ok(base) => {
                        let added = gathered.merge(base);
                        findings.extend(added.err().map(|fault| session.finding(fault)));
                    }
                    Err(more) => findings.extend(more),
                }
                continue;
            }
            match session.objects_in(&self.root, path) {
                Ok(nodes) => {
                    for node in nodes {
                        let mut object = Object::new(node);
                        provenance::restore_history(&mut object);
                        self.provenance.mark_file(&mut object, &path.text);
                        let added = gathered.objects.append(object);
                        findings.extend(added.err().map(|fault| session.finding(fault)));
                    }
                }
                Err(more) => findings.extend(more),
            }
        }
        if findings.is_empty() { Ok(()) } else { Err(findings) }
    }

    /// Accumulates another directory: a base on its own, a component on what `taken` holds.
    fn add_directory(
        &self,
        session: &mut Session<'_>,
        path: &Text,
        taken: Option<Accumulator>,
    ) -> Checked<Accumulator> {
        let fault = |rule: Rule, problem: String, advice: &str| {
            Fault::new(rule, problem, advice).or_at(path.origin.as_ref())
        };
        let joined = self.root.join(&path.text);
        let found = session.fs().canonical(&joined).ok().filter(|found| session.fs().is_dir(found));
        let found = match (found, Remote::parse(&path.text)) {
            (None, Some(Remote::Repository(repository))) => Some(Self::fetch(session, repository, path)?),
            (found, _) => found,
        };
        let repository = session.repository_of(&self.root);
        let refused = match &found {
            None => {
                let problem = format!("`{}` is no directory", path.text);
                Some(fault(Rule::Load, problem, "correct the path"))
            }
            Some(_) if Path::new(&path.text).is_absolute() => {
                let problem = format!("`{}` is absolute", path.text);
                Some(fault(Rule::Load, problem, "write a path relative to this kustomization"))
            }
            Some(found)
                if repository.is_some_and(|root| session.repository_of(found) != Some(root))
                    && Repository::parse(&path.text).is_none() =>
            {
                let problem = format!("`{}` leads out of the repository that it is in", path.text);
                Some(fault(Rule::Load, problem, "name a directory of that repository"))
            }
            Some(found) => std::iter::successors(Some(self), |layer| layer.parent)
                .find(|layer| layer.root.starts_with(found))
                .map(|layer| {
                    let problem = format!(
                        "`{}` contains `{}`, which leads to it",
                        path.text,
                        session.fs().name(&layer.root)
                    );
                    fault(
                        Rule::Load,
                        problem,
                        "break the cycle: a base must not hold the kustomizations that use it",
                    )
                }),
        };
        if let Some(fault) = refused {
            return Err(vec![session.finding(fault)]);
        }
        let root = found.unwrap_or(joined);
        let (kustomization, file) = session.kustomization(&root, path.origin.as_ref())?;
        let provenance = self.provenance.below(&path.text);
        let layer = Layer { root, file, kustomization, parent: Some(self), provenance };
        choose_types(session, &layer)?;
        match (taken, layer.kustomization.component) {
            (Some(taken), true) => layer.accumulate(session, taken),
            (None, false) => layer.accumulate(session, Accumulator::default()),
            (Some(_), false) => {
                let problem = format!("`{}` is no component", path.text);
                Err(vec![session.finding(fault(Rule::Kustomization, problem, "list it under `resources`"))])
            }
            (None, true) => {
                let problem = format!("`{}` is a component", path.text);
                Err(vec![session.finding(fault(Rule::Kustomization, problem, "list it under `components`"))])
            }
        }
    }

    /// The directory of a remote base, as far as the file system has it.
    fn fetch(session: &mut Session<'_>, repository: Repository, path: &Text) -> Checked<PathBuf> {
        let inside = repository.path.clone();
        let root = session.check(session.remote(&Remote::Repository(repository), path))?;
        let directory = session.fs().canonical(&root.join(&inside)).ok();
        let directory =
            directory.filter(|directory| directory.starts_with(&root) && session.fs().is_dir(directory));
        let Some(directory) = directory else {
            let problem = format!("the repository of `{}` has no directory `{inside}`", path.text);
            let fault = Fault::new(Rule::Load, problem, "correct the path behind the repository");
            return Err(vec![session.finding(fault.or_at(path.origin.as_ref()))]);
        };
        if !session.repositories.contains(&root) {
            session.repositories.push(root);
        }
        Ok(directory)
    }

    fn configure(&self, session: &mut Session<'_>, gathered: &mut Accumulator) -> Checked<()> {
        let mut own = Config::default();
        for path in &self.kustomization.configurations {
            let source = session.text(&self.root, path)?;
            for document in Session::parse(&source, Dialect::Configuration)?.iter().take(1) {
                let (config, findings) = Config::parse(&source, document);
                if !findings.is_empty() {
                    return Err(findings);
                }
                session.check(own.merge(&config).map_err(|fault| fault.or_at(path.origin.as_ref())))?;
            }
        }
        let config = if self.kustomization.configurations.is_empty() {
            Cow::Borrowed(Config::built_in())
        } else {
            Cow::Owned(session.check(Config::table_with(&own))?)
        };
        session.check(gathered.add_config(config))?;
        for path in &self.kustomization.crds {
            let source = session.text(&self.root, path)?;
            for document in Session::parse(&source, Dialect::Configuration)?.iter().take(1) {
                let config = Cow::Owned(Config::from_definitions(document));
                let added = gathered.add_config(config);
                session.check(added.map_err(|fault| fault.or_at(path.origin.as_ref())))?;
            }
        }
        Ok(())
    }

    fn generate(&self, session: &mut Session<'_>, gathered: &mut Accumulator) -> Checked<()> {
        let kustomization = &self.kustomization;
        let config_maps = kustomization.config_maps.iter().map(|entry| (Product::ConfigMap, entry));
        let secrets = kustomization.secrets.iter().map(|entry| (Product::Secret, entry));
        for (product, entry) in config_maps.chain(secrets) {
            self.generate_one(session, gathered, product, entry, None)?;
        }
        for chart in &kustomization.charts {
            let objects = chart.inflate(session, self)?;
            self.absorb(
                session,
                gathered,
                objects,
                chart.origin.as_ref(),
                "HelmChartInflationGenerator",
                None,
            )?;
        }
        for plugin in plugin::load(session, self, &kustomization.generators)? {
            match plugin.generator(session)? {
                Made::Entry(product, entry) => {
                    self.generate_one(session, gathered, product, &entry, Some(&plugin))?;
                }
                Made::Chart(chart) => {
                    let objects = chart.inflate(session, self)?;
                    self.absorb(session, gathered, objects, chart.origin.as_ref(), "", Some(&plugin))?;
                }
                Made::Bundle(bundle) => {
                    let objects = bundle.generate(session, &self.root)?;
                    let origin = plugin.object.node.origin.as_ref();
                    self.absorb(session, gathered, objects, origin, "", Some(&plugin))?;
                }
                Made::ByFunction(function) => {
                    let objects = function.generate(session, self, &plugin)?;
                    let origin = plugin.object.node.origin.as_ref();
                    self.absorb(session, gathered, objects, origin, "", Some(&plugin))?;
                }
            }
        }
        Ok(())
    }

    /// Takes in what a generator of the kustomization (`kind`) or a plugin made.
    fn absorb(
        &self,
        session: &Session<'_>,
        gathered: &mut Accumulator,
        objects: Vec<Object>,
        asked: Option<&Origin>,
        kind: &str,
        plugin: Option<&Plugin>,
    ) -> Checked<()> {
        for mut object in objects {
            self.provenance.mark_generated(&mut object, self.file, kind, plugin);
            let absorbed = gathered.objects.absorb(object);
            session.check(absorbed.map_err(|fault| fault.or_at(asked)))?;
        }
        Ok(())
    }

    fn generate_one(
        &self,
        session: &mut Session<'_>,
        gathered: &mut Accumulator,
        product: Product,
        entry: &Generator,
        plugin: Option<&Plugin>,
    ) -> Checked<()> {
        let defaults = if plugin.is_some() {
            &GeneratorOptions::default()
        } else {
            &self.kustomization.generator_options
        };
        let mut read = |path: &Text| session.read(&self.root, path).map(|(_, bytes)| bytes);
        let made = generate(product, entry, defaults, &mut read);
        let object = session.check(made)?;
        let kind = match product {
            Product::ConfigMap => "ConfigMapGenerator",
            Product::Secret => "SecretGenerator",
        };
        self.absorb(session, gathered, vec![object], entry.name.origin.as_ref(), kind, plugin)
    }

    fn transform(&self, session: &mut Session<'_>, gathered: &mut Accumulator) -> Checked<()> {
        for (step, origin) in self.steps(session, gathered.config())? {
            session.check(step.run(&mut gathered.objects, session.schema()))?;
            settle(gathered, origin.as_ref());
        }
        // All of them are read before the first one runs.
        let plugins = plugin::load(session, self, &self.kustomization.transformers)?;
        let changes: Vec<Change> =
            plugins.iter().map(|plugin| plugin.transformer(session, self)).collect::<Checked<_>>()?;
        for (change, plugin) in changes.into_iter().zip(&plugins) {
            self.change(session, gathered, &change, plugin)?;
            settle(gathered, Mark::of_plugin(plugin).as_ref());
        }
        Ok(())
    }

    fn change(
        &self,
        session: &mut Session<'_>,
        gathered: &mut Accumulator,
        change: &Change,
        plugin: &Plugin,
    ) -> Checked<()> {
        match change {
            Change::BuiltIn(step) => session.check(step.run(&mut gathered.objects, session.schema())),
            Change::ByFunction(function) => function.transform(session, self, plugin, &mut gathered.objects),
        }
    }

    /// Validators are transformers that must not change anything.
    fn validate(&self, session: &mut Session<'_>, gathered: &mut Accumulator) -> Checked<()> {
        for plugin in plugin::load(session, self, &self.kustomization.validators)? {
            let change = plugin.transformer(session, self)?;
            let before: Vec<Node> = gathered.objects.iter().map(|object| object.node.clone()).collect();
            self.change(session, gathered, &change, &plugin)?;
            if gathered.objects.iter().map(|object| &object.node).ne(&before) {
                let fault = Fault::new(
                    Rule::Transformer,
                    "a validator changed the objects",
                    "list it under `transformers`",
                );
                return Err(vec![session.finding(fault.at(&plugin.object.node))]);
            }
        }
        Ok(())
    }

    /// The transformers that the file's own fields ask for, in kustomize's order.
    fn steps(&self, session: &mut Session<'_>, config: &Config) -> Checked<Vec<Step>> {
        let kustomization = &self.kustomization;
        let mut steps: Vec<Step> = Vec::new();
        let mut add = |step: Box<dyn Transform>, kind: &str| {
            steps.push((step, self.provenance.of_field(self.file, kind)));
        };
        let mut findings = Vec::new();
        if !kustomization.patches_strategic_merge.is_empty() {
            match self.merge_patches(session, &kustomization.patches_strategic_merge) {
                Ok(patches) => add(Box::new(MergePatches { patches }), "PatchStrategicMergeTransformer"),
                Err(more) => findings.extend(more),
            }
        }
        for patch in &kustomization.patches {
            match self.patch(session, patch, true) {
                Ok(patches) => add(Box::new(patches), "PatchTransformer"),
                Err(more) => findings.extend(more),
            }
        }
        if !kustomization.namespace.is_empty() {
            let step = SetNamespace {
                namespace: kustomization.namespace.clone(),
                specs: config.namespace.clone(),
                unset_only: false,
                subjects: Subjects::NamedDefault,
            };
            add(Box::new(step), "NamespaceTransformer");
        }
        for (side, text, specs, kind) in [
            (Side::Prefix, &kustomization.name_prefix, &config.name_prefix, "PrefixTransformer"),
            (Side::Suffix, &kustomization.name_suffix, &config.name_suffix, "SuffixTransformer"),
        ] {
            if !text.is_empty() {
                add(Box::new(AddAffix { side, text: text.clone(), specs: specs.clone() }), kind);
            }
        }
        for entry in &kustomization.labels {
            let mut specs = entry.fields.clone();
            let metadata = [FieldSpec::new("metadata/labels", Gvk::default(), true)];
            let more: &[&[FieldSpec]] = match (entry.include_selectors, entry.include_templates) {
                (true, _) => &[&config.labels, &config.common_labels],
                (false, true) => &[&config.labels, &config.template_labels, &metadata],
                (false, false) => &[&config.labels, &metadata],
            };
            let merged = more.iter().try_for_each(|more| merge_specs(&mut specs, more));
            findings.extend(merged.err().map(|fault| session.finding(fault)));
            add(Box::new(SetEntries { pairs: pairs(&entry.pairs), specs }), "LabelTransformer");
        }
        for (entries, specs, kind) in [
            (&kustomization.common_labels, &config.common_labels, "LabelTransformer"),
            (&kustomization.common_annotations, &config.common_annotations, "AnnotationsTransformer"),
        ] {
            // Kustomize runs its label transformer once more for `commonLabels`, be there any or not.
            if !entries.is_empty() || (kind == "LabelTransformer" && !kustomization.labels.is_empty()) {
                add(Box::new(SetEntries { pairs: pairs(entries), specs: specs.clone() }), kind);
            }
        }
        for patch in &kustomization.patches_json {
            match self.json_patch(session, patch) {
                Ok(patches) => add(Box::new(patches), "PatchJson6902Transformer"),
                Err(more) => findings.extend(more),
            }
        }
        for replica in &kustomization.replicas {
            let step = SetReplicas { replica: replica.clone(), specs: config.replicas.clone() };
            add(Box::new(step), "ReplicaCountTransformer");
        }
        for image in &kustomization.images {
            match session.check(SetImage::new(image.clone(), config.images.clone())) {
                Ok(step) => add(Box::new(step), "ImageTagTransformer"),
                Err(more) => findings.extend(more),
            }
        }
        if !kustomization.replacements.is_empty() {
            match self.replacements(session, &kustomization.replacements) {
                Ok(list) => add(Box::new(Replacements { list }), "ReplacementTransformer"),
                Err(more) => findings.extend(more),
            }
        }
        if findings.is_empty() { Ok(steps) } else { Err(findings) }
    }

    /// The patches of `patchesStrategicMerge`: texts in place, or files.
    pub(crate) fn merge_patches(&self, session: &mut Session<'_>, entries: &[Text]) -> Checked<Vec<Node>> {
        let mut patches = Vec::new();
        for entry in entries {
            match Self::inline_objects(session, entry) {
                Some(nodes) => patches.extend(nodes),
                None => patches.extend(session.objects_in(&self.root, entry)?),
            }
        }
        for patch in &mut patches {
            session.stringify_metadata(patch);
        }
        Ok(patches)
    }

    /// The objects that a text is, when it is no path.
    pub(crate) fn inline_objects(session: &mut Session<'_>, text: &Text) -> Option<Vec<Node>> {
        if !text.text.contains([':', '\n']) {
            return None;
        }
        let source = session.inline(text);
        let documents = Session::parse(&source, Dialect::Resource).ok()?;
        session.objects(documents).ok()
    }

    /// Reads and compiles an entry of `patches`.
    pub(crate) fn patch(
        &self,
        session: &mut Session<'_>,
        patch: &Patch,
        remembers: bool,
    ) -> Checked<Patches> {
        let origin = patch.origin.as_ref();
        let fault = |problem: &str, advice: &str| Fault::new(Rule::Patch, problem, advice).or_at(origin);
        let text = patch.text.text.trim();
        let source = match (text.is_empty(), patch.path.text.is_empty()) {
            (true, true) => {
                return Err(vec![
                    session.finding(fault("a patch without content", "give it a `path` or a `patch`")),
                ]);
            }
            (false, false) => {
                return Err(vec![
                    session.finding(fault("`path` and `patch` exclude each other", "remove one")),
                ]);
            }
            (false, true) => {
                session.inline(&Text { text: text.to_owned(), origin: patch.text.origin.clone() })
            }
            (true, false) => session.text(&self.root, &patch.path)?,
        };
        let mut patches = Patches {
            merges: Vec::new(),
            operations: Vec::new(),
            target: None,
            allow_name_change: patch.allow_name_change,
            allow_kind_change: patch.allow_kind_change,
            remembers,
            origin: patch.origin.clone(),
        };
        let documents = Session::parse(&source, Dialect::Resource)?;
        if let [Node { value: Value::Sequence(_), .. }] = documents[..] {
            // Kustomize takes such a text for JSON; with anything before the bracket it would be YAML.
            let text: &str = source.inner();
            if text.starts_with('[')
                && let Err(error) = serde_json::from_str::<serde_json::Value>(text)
            {
                let problem = format!("a patch that begins with `[` must be JSON: {error}");
                let advice = "put keys and texts in double quotes, or write the list with `- `";
                return Err(vec![session.finding(fault(&problem, advice))]);
            }
            let operations = Session::parse(&source, Dialect::Configuration)?;
            patches.operations =
                session.check(operations.first().map_or_else(|| Ok(Vec::new()), jsonpatch::decode))?;
            if patch.target.is_none() {
                return Err(vec![
                    session.finding(fault("a JSON patch names no object", "give the patch a `target`")),
                ]);
            }
        } else {
            patches.merges = session.objects(documents)?;
            if patch.target.is_some() && patches.merges.len() > 1 {
                let advice = "make each of the patches an entry of its own, or remove `target`";
                return Err(vec![session.finding(fault("several patches for one target", advice))]);
            }
        }
        if let Some(target) = &patch.target {
            let matcher = Matcher::new(target);
            patches.target = Some(session.check(matcher)?);
            for patch in &mut patches.merges {
                session.stringify_metadata(patch);
            }
        }
        Ok(patches)
    }

    /// An entry of `patchesJson6902`, which must name its target.
    pub(crate) fn json_patch(&self, session: &mut Session<'_>, patch: &Patch) -> Checked<Patches> {
        let fault = |problem: &str, advice: &str| {
            Fault::new(Rule::Patch, problem, advice).or_at(patch.origin.as_ref())
        };
        if patch.target.as_ref().is_none_or(|target| target.name.is_empty()) {
            return Err(vec![
                session.finding(fault("a JSON patch names no object", "name it under `target`")),
            ]);
        }
        let patches = self.patch(session, patch, false)?;
        if patches.merges.is_empty() {
            Ok(patches)
        } else {
            Err(vec![session.finding(fault("this is no JSON patch", "write a list of operations"))])
        }
    }

    /// Replacements, those in files of their own among them.
    pub(crate) fn replacements(
        &self,
        session: &mut Session<'_>,
        entries: &[Replacement],
    ) -> Checked<Vec<Replacement>> {
        let mut list = Vec::new();
        for entry in entries {
            if entry.path.text.is_empty() {
                list.push(entry.clone());
                continue;
            }
            if entry.source.is_some() || entry.targets.as_ref().is_some_and(|targets| !targets.is_empty()) {
                let fault =
                    Fault::new(Rule::Replacement, "`path` excludes everything else", "remove one of the two");
                return Err(vec![session.finding(fault.or_at(entry.origin.as_ref()))]);
            }
            let source = session.text(&self.root, &entry.path)?;
            let documents = Session::parse(&source, Dialect::Configuration)?;
            let mut decoder = crate::decode::Decoder::new(&source, false);
            for document in documents.iter().take(1) {
                match &document.value {
                    Value::Sequence(items) => {
                        list.extend(items.iter().map(|item| Replacement::decode(&mut decoder, item)));
                    }
                    _ => list.push(Replacement::decode(&mut decoder, document)),
                }
            }
            if !decoder.findings.is_empty() {
                return Err(decoder.findings);
            }
        }
        Ok(list)
    }
}

/// What follows every transformer: fields that are one value are made equal, emptied objects go, and the change is noted.
fn settle(gathered: &mut Accumulator, origin: Option<&Mark>) {
    gathered.objects.reconcile();
    gathered.objects.drop_empty();
    if let Some(origin) = origin {
        gathered.objects.contents_mut().for_each(|object| origin.mark(object));
    }
}

/// A transformer, with what is noted about it in the objects' annotations.
type Step = (Box<dyn Transform>, Option<Mark>);

fn pairs(entries: &indexmap::IndexMap<String, String>) -> Vec<(String, String)> {
    entries.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
}
