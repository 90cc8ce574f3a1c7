//! Everything a render reads: files, their texts for findings, and the objects in them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use miette::SourceSpan;

use crate::decode::Text;
use crate::fault::{Fault, Outcome, Problem, Rule};
use crate::finding::{Finding, Source};
use crate::fs::FileSystem;
use crate::kustomization::{FILE_NAMES, Kustomization};
use crate::outside::{Remote, Unavailable};
use crate::render::RenderOptions;
use crate::schema::{self, Schema};
use crate::yaml::{Dialect, Node, Origin, Resolved, Value, float_text, parse_as, resolve};

/// A result whose failure is everything that is wrong.
pub(crate) type Checked<T> = Result<T, Vec<Finding>>;

/// One render: its files and what was found on the way.
pub(crate) struct Session<'a> {
    fs: &'a dyn FileSystem,
    options: &'a RenderOptions,
    sources: HashMap<Arc<str>, Source>,
    /// The objects of files that were named before; kept from the second time on, since few files are named again.
    documents: HashMap<PathBuf, Option<Vec<Node>>>,
    pub(crate) warnings: Vec<Finding>,
    /// The types that a kustomization brought in the place of Kubernetes' own.
    pub(crate) open_api: Option<Schema>,
    /// A kustomization chose its types; later ones cannot.
    pub(crate) open_api_is_set: bool,
    /// Roots of the remote repositories that were asked for; what is in them must not lead out.
    pub(crate) repositories: Vec<PathBuf>,
}

impl<'a> Session<'a> {
    pub(crate) fn new(fs: &'a dyn FileSystem, options: &'a RenderOptions) -> Self {
        Self {
            fs,
            options,
            sources: HashMap::new(),
            documents: HashMap::new(),
            warnings: Vec::new(),
            open_api: None,
            open_api_is_set: false,
            repositories: Vec::new(),
        }
    }

    pub(crate) fn options(&self) -> &'a RenderOptions {
        self.options
    }

    pub(crate) fn fs(&self) -> &'a dyn FileSystem {
        self.fs
    }

    pub(crate) fn schema(&self) -> &Schema {
        self.open_api.as_ref().unwrap_or_else(|| schema::built_in())
    }

    /// The text and place of an origin.
    pub(crate) fn place(&self, origin: Option<&Origin>) -> (Source, SourceSpan) {
        let Some(origin) = origin else {
            return (Source::new("kustomization.yaml", Arc::from("")), (0, 0).into());
        };
        match self.sources.get(&origin.file) {
            Some(source) => (source.clone(), (origin.start..origin.end).into()),
            None => (Source::new(&origin.file, Arc::from("")), (0, 0).into()),
        }
    }

    /// A problem as a finding of its rule.
    pub(crate) fn finding(&self, fault: Fault) -> Finding {
        let Problem { rule, message: problem, advice, origin } = fault.into_problem();
        let (src, span) = self.place(origin.as_ref());
        match rule {
            Rule::Kustomization => Finding::Kustomization { problem, advice, src, span },
            Rule::Load => Finding::Load { problem, advice, src, span },
            Rule::Object => Finding::NotAnObject { problem, advice, src, span },
            Rule::Identity => Finding::Identity { problem, advice, src, span },
            Rule::Generator => Finding::Generator { problem, advice, src, span },
            Rule::Patch => Finding::Patch { problem, advice, src, span },
            Rule::Transformer => Finding::Transformer { problem, advice, src, span },
            Rule::Replacement => Finding::Replacement { problem, advice, src, span },
            Rule::Reference => Finding::Reference { problem, advice, src, span },
            Rule::Variable => Finding::Variable { problem, advice, src, span },
            Rule::Unsupported => Finding::Unsupported { problem, advice, src, span },
        }
    }

    /// A failed outcome as findings.
    pub(crate) fn check<T>(&self, outcome: Outcome<T>) -> Checked<T> {
        outcome.map_err(|fault| vec![self.finding(fault)])
    }

    /// The bytes of a file that a kustomization in `root` names.
    pub(crate) fn read(&self, root: &Path, path: &Text) -> Outcome<(PathBuf, Vec<u8>)> {
        let fault = |rule: Rule, problem: String, advice: &str| {
            Fault::new(rule, problem, advice).or_at(path.origin.as_ref())
        };
        if path.text.is_empty() {
            return Err(fault(
                Rule::Load,
                "an empty file name".to_owned(),
                "name a file, or remove the entry",
            ));
        }
        let joined = root.join(&path.text);
        let Ok(canonical) = self.fs.canonical(&joined) else {
            if let Some(remote) = Remote::web_file(&path.text) {
                let file = self.remote(&remote, path)?;
                let bytes = self.fs.read(&file).map_err(|error| {
                    fault(Rule::Load, format!("`{}` cannot be read: {error}", path.text), "fetch it again")
                })?;
                return Ok((file, bytes));
            }
            let problem = format!("`{}` does not exist", self.fs.name(&joined));
            return Err(fault(Rule::Load, problem, "correct the path, or add the file"));
        };
        let restricted = self.options.restrict_loads || self.repository_of(root).is_some();
        if restricted && !canonical.starts_with(root) {
            let problem = format!("`{}` is not below the directory of this kustomization", path.text);
            return Err(fault(
                Rule::Load,
                problem,
                "move the file below it, make its directory a base, or lift the load restriction",
            ));
        }
        if self.fs.is_dir(&canonical) {
            return Err(fault(Rule::Load, format!("`{}` is a directory", path.text), "name a file"));
        }
        match self.fs.read(&canonical) {
            Ok(bytes) => Ok((canonical, bytes)),
            Err(error) => Err(fault(
                Rule::Load,
                format!("`{}` cannot be read: {error}", path.text),
                "check its permissions",
            )),
        }
    }

    /// Where something of the network is, for the entry that asks for it.
    pub(crate) fn remote(&self, remote: &Remote, asked: &Text) -> Outcome<PathBuf> {
        self.fs.remote(remote).map_err(|Unavailable { problem, advice }| {
            let problem = format!("`{}`: {problem}", asked.text);
            Fault::new(Rule::Unsupported, problem, advice).or_at(asked.origin.as_ref())
        })
    }

    /// The checked-out repository that a directory is in.
    pub(crate) fn repository_of(&self, directory: &Path) -> Option<&Path> {
        self.repositories.iter().map(PathBuf::as_path).find(|root| directory.starts_with(root))
    }

    /// Remembers a text under its name, so that findings can show it.
    fn remember(&mut self, name: &str, bytes: Vec<u8>) -> Checked<Source> {
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let start = error.utf8_error().valid_up_to();
                let lossy = String::from_utf8_lossy(error.as_bytes()).into_owned();
                return Err(vec![Finding::NotUtf8 {
                    src: Source::new(name, Arc::from(lossy)),
                    span: (start, 0).into(),
                }]);
            }
        };
        let source = Source::new(name, Arc::from(text));
        self.sources.insert(Arc::from(name), source.clone());
        Ok(source)
    }

    /// Remembers a text that is no file's, so that findings can show it.
    pub(crate) fn keep(&mut self, source: &Source) {
        self.sources.insert(Arc::from(source.name()), source.clone());
    }

    /// The text of a file that a kustomization in `root` names.
    pub(crate) fn text(&mut self, root: &Path, path: &Text) -> Checked<Source> {
        let read = self.read(root, path);
        let (canonical, bytes) = self.check(read)?;
        let name = self.fs.name(&canonical);
        self.remember(&name, bytes)
    }

    /// The documents of a text in some dialect; any problem refuses all of them.
    pub(crate) fn parse(source: &Source, dialect: Dialect) -> Checked<Vec<Node>> {
        let (documents, findings) = parse_as(source, dialect);
        if findings.is_empty() { Ok(documents) } else { Err(findings) }
    }

    /// The objects in a file that a kustomization in `root` names. A file is parsed twice at most, however often it
    /// is named.
    pub(crate) fn objects_in(&mut self, root: &Path, path: &Text) -> Checked<Vec<Node>> {
        let read = self.read(root, path);
        let (canonical, bytes) = self.check(read)?;
        let again = self.documents.get(&canonical);
        if let Some(Some(nodes)) = again {
            return Ok(nodes.clone());
        }
        let again = again.is_some();
        let name = self.fs.name(&canonical);
        let source = self.remember(&name, bytes)?;
        let documents = Self::parse(&source, Dialect::Resource)?;
        let nodes = self.objects(documents)?;
        self.documents.insert(canonical, again.then(|| nodes.clone()));
        Ok(nodes)
    }

    /// A text that stands within a file, as a text of its own.
    pub(crate) fn inline(&mut self, text: &Text) -> Source {
        let name = match &text.origin {
            Some(origin) => {
                let before =
                    self.sources.get(&origin.file).and_then(|source| source.inner().get(..origin.start));
                let line = before.map_or(1, |before| before.matches('\n').count() + 1);
                format!("{} (inline at line {line})", origin.file)
            }
            None => "inline".to_owned(),
        };
        let source = Source::new(&name, Arc::from(text.text.as_str()));
        self.sources.insert(Arc::from(name), source.clone());
        source
    }

    /// Documents as objects: lists are opened, and every object must say what it is.
    pub(crate) fn objects(&self, documents: Vec<Node>) -> Checked<Vec<Node>> {
        let mut objects = Vec::with_capacity(documents.len());
        let mut findings = Vec::new();
        let mut queue = documents;
        while !queue.is_empty() {
            let mut later = Vec::new();
            for mut node in queue {
                if matches!(&node.value, Value::Mapping(entries) if entries.is_empty()) {
                    continue;
                }
                if let Err(fault) = check_object(&node) {
                    findings.push(self.finding(fault));
                    continue;
                }
                let is_list =
                    node.get("kind").and_then(Node::as_str).is_some_and(|kind| kind.ends_with("List"));
                match node.get_mut("items").filter(|_| is_list).map(|items| &mut items.value) {
                    None => objects.push(node),
                    Some(Value::Sequence(items)) => later.append(items),
                    Some(Value::Null) => {}
                    Some(_) => {
                        let fault = Fault::new(
                            Rule::Object,
                            "`items` must be a list",
                            "write one element per object",
                        );
                        findings.push(self.finding(fault.at(&node)));
                    }
                }
            }
            queue = later;
        }
        if findings.is_empty() { Ok(objects) } else { Err(findings) }
    }

    /// Makes texts of the labels and annotations of a patch, whatever they look like in the file.
    pub(crate) fn stringify_metadata(&self, patch: &mut Node) {
        let Some(metadata) = patch.get_mut("metadata").and_then(Node::as_mapping_mut) else { return };
        for field in ["labels", "annotations"] {
            let entries = metadata.get_mut(field).and_then(Node::as_mapping_mut);
            for value in entries.into_iter().flat_map(indexmap::IndexMap::values_mut) {
                if let Some(text) = self.raw(value) {
                    value.value = Value::String(text.into_owned());
                }
            }
        }
    }

    /// The text of a scalar as it was written, where the file says so in other digits or letters.
    pub(crate) fn raw<'n>(&'n self, node: &'n Node) -> Option<Cow<'n, str>> {
        let origin = node.origin.as_ref();
        let written =
            origin.and_then(|origin| self.sources.get(&origin.file)?.inner().get(origin.start..origin.end));
        let means_the_same = |raw: &&str| match (resolve(raw, Dialect::Resource), &node.value) {
            (Resolved::Timestamp(time), Value::String(text)) => time == *text,
            (Resolved::Integer(value), Value::Number(text)) => value.to_string() == *text,
            (Resolved::Float(value), Value::Number(text)) => float_text(value).as_ref() == Some(text),
            (Resolved::Bool(value), Value::Bool(own)) => value == *own,
            (Resolved::Null, Value::Null) => true,
            _ => false,
        };
        match (&node.value, written.filter(means_the_same)) {
            (Value::Sequence(_) | Value::Mapping(_), _) => None,
            (_, Some(raw)) => Some(raw.into()),
            (Value::Null, None) => Some(node.written().unwrap_or("null").into()),
            (_, None) => node.written().map(Cow::from),
        }
    }

    /// The kustomization of a directory. `asked` is the entry that names the directory.
    pub(crate) fn kustomization(
        &mut self,
        root: &Path,
        asked: Option<&Origin>,
    ) -> Checked<(Kustomization, &'static str)> {
        let here: Vec<&'static str> = FILE_NAMES
            .into_iter()
            .filter(|name| self.fs.exists(&root.join(name)) && !self.fs.is_dir(&root.join(name)))
            .collect();
        let fault = |problem: String, advice: &str| Fault::new(Rule::Load, problem, advice).or_at(asked);
        let shown = self.fs.name(root);
        let name = match here[..] {
            [name] => name,
            [] => {
                let problem = format!("`{shown}` has no kustomization file");
                return Err(vec![self.finding(fault(problem, "add a `kustomization.yaml` to it"))]);
            }
            _ => {
                let problem = format!("`{shown}` has several kustomization files: {}", here.join(", "));
                return Err(vec![self.finding(fault(problem, "keep one of them"))]);
            }
        };
        let source = self.text(root, &Text { text: name.to_owned(), origin: asked.cloned() })?;
        let (kustomization, findings) = Kustomization::parse(&source);
        if findings.iter().any(Finding::is_error) {
            return Err(findings);
        }
        self.warnings.extend(findings);
        Ok((kustomization, name))
    }
}

fn check_object(node: &Node) -> Outcome<()> {
    let fault = |problem: &str, advice: &str| Err(Fault::new(Rule::Object, problem, advice).at(node));
    if !matches!(node.value, Value::Mapping(_)) {
        return fault("this is no Kubernetes object", "write a map with apiVersion, kind and metadata");
    }
    let kind = node.get("kind").and_then(Node::scalar_text).unwrap_or_default();
    if kind.is_empty() {
        return fault("the object has no `kind`", "say what it is");
    }
    let name = node.at(&["metadata", "name"]).and_then(Node::scalar_text).unwrap_or_default();
    if name.is_empty() && !kind.ends_with("List") {
        return fault("the object has no `metadata.name`", "name it");
    }
    Ok(())
}
