//! Generators, transformers and validators that are programs or containers: KRM functions.
//!
//! A function reads a `ResourceList` and prints one. What it is, the annotation `config.kubernetes.io/function` of its
//! configuration says.

use std::collections::HashSet;

use indexmap::IndexMap;

use crate::accumulate::Layer;
use crate::decode::{Decoder, Text};
use crate::fault::{Fault, Rule};
use crate::load::{Checked, Session};
use crate::object::{Behavior, Object};
use crate::objects::Objects;
use crate::outside::{Functions, Invocation, Unavailable};
use crate::plugin::Plugin;
use crate::yaml::{Dialect, Node, Value, emit};

const FUNCTION: [&str; 2] = ["config.kubernetes.io/function", "config.k8s.io/function"];
const CONTAINER: &str = "config.kubernetes.io/container";
const LOCAL_CONFIG: &str = "config.kubernetes.io/local-config";
const ID: &str = "kustomize.config.k8s.io/id";
const NEEDS_HASH: &str = "kustomize.config.k8s.io/needs-hash";
const BEHAVIOR: &str = "kustomize.config.k8s.io/behavior";

/// A function, ready to run.
#[derive(Debug)]
pub(crate) struct Function {
    program: String,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    /// Directories for a container as source, target and options; the source is relative to the kustomization.
    mounts: Vec<(String, String)>,
    image: Option<String>,
}

fn annotation<'p>(plugin: &'p Plugin, key: &str) -> Option<&'p str> {
    plugin.object.metadata_texts("annotations").find(|(own, _)| *own == key).map(|(_, value)| value)
}

impl Function {
    /// The function that a plugin's configuration names, if functions of its kind may run.
    pub(crate) fn of(session: &mut Session<'_>, plugin: &Plugin) -> Checked<Self> {
        let refuse = |session: &Session<'_>, problem: String, advice: &str| {
            Err(vec![session.finding(Fault::new(Rule::Unsupported, problem, advice).at(&plugin.object.node))])
        };
        let allowed = session.options().functions;
        let id = plugin.object.id();
        if allowed == Functions::BuiltIn {
            let problem = format!("`{id}` is a plugin that another program runs");
            let advice = "pass `--enable-alpha-plugins`, or use a built-in plugin (`apiVersion: builtin`)";
            return refuse(session, problem, advice);
        }
        let function = if let Some(text) = FUNCTION.iter().find_map(|key| annotation(plugin, key)) {
            Self::parse(session, plugin, text)?
        } else if let Some(image) = annotation(plugin, CONTAINER) {
            Self::container(image.to_owned())
        } else {
            let problem = format!("`{id}` does not say which function it is for");
            return refuse(session, problem, "add the annotation `config.kubernetes.io/function`");
        };
        if function.image.is_none() && function.program.is_empty() {
            let problem = format!("`{id}` names neither an image nor an executable");
            return refuse(session, problem, "write `container: {image: …}` or `exec: {path: …}`");
        }
        if function.image.is_none() && allowed != Functions::Executables {
            let problem = format!("`{id}` is run by the executable `{}`", function.program);
            return refuse(session, problem, "pass `--enable-exec`, too");
        }
        Ok(function)
    }

    fn container(image: String) -> Self {
        Self {
            program: "docker".to_owned(),
            arguments: Vec::new(),
            environment: Vec::new(),
            mounts: Vec::new(),
            image: Some(image),
        }
    }

    /// Reads the annotation.
    fn parse(session: &mut Session<'_>, plugin: &Plugin, text: &str) -> Checked<Self> {
        let origin = plugin.object.node.origin.clone();
        let source = session.inline(&Text { text: text.to_owned(), origin });
        let documents = Session::parse(&source, Dialect::Resource)?;
        let empty = Node::from(Value::Null);
        let node = documents.first().unwrap_or(&empty);
        let mut decoder = Decoder::new(&source, false);
        let fields = decoder.fields(node, &["container", "exec"]);
        let container = decoder
            .fields(fields.get("container").unwrap_or(&empty), &["image", "network", "mounts", "envs"]);
        let exec = decoder.fields(fields.get("exec").unwrap_or(&empty), &["path", "args", "envs"]);
        let texts = |list: Vec<Text>| list.into_iter().map(|text| text.text).collect::<Vec<_>>();
        let image = decoder.text(container.get("image"));
        let function = if image.is_empty() {
            let pairs = texts(decoder.texts(exec.get("envs")));
            let pairs = pairs.iter().filter_map(|pair| pair.split_once('='));
            Self {
                program: decoder.text(exec.get("path")),
                arguments: texts(decoder.texts(exec.get("args"))),
                environment: pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
                mounts: Vec::new(),
                image: None,
            }
        } else {
            if let Some(node) = container.get("network").filter(|_| decoder.flag(container.get("network"))) {
                decoder.problem(
                    node,
                    "this function wants the network".to_owned(),
                    "functions get none: remove `network`",
                );
            }
            let mut function = Self::container(image);
            function.mounts = decoder.list(container.get("mounts"), |decoder, node| mount(decoder, node));
            let variables = texts(decoder.texts(container.get("envs")));
            function.arguments =
                variables.into_iter().flat_map(|variable| ["-e".to_owned(), variable]).collect();
            function
        };
        if decoder.findings.is_empty() { Ok(function) } else { Err(decoder.findings) }
    }

    /// Runs it and gives the objects that it prints.
    fn run(
        &self,
        session: &mut Session<'_>,
        layer: &Layer<'_>,
        plugin: &Plugin,
        items: Vec<Node>,
    ) -> Checked<Vec<Object>> {
        let mut config = plugin.object.clone();
        config.annotate(LOCAL_CONFIG, "true");
        let items = if items.is_empty() { vec![config.node.clone()] } else { items };
        let list = IndexMap::from([
            ("apiVersion".to_owned(), Node::text("config.kubernetes.io/v1")),
            ("kind".to_owned(), Node::text("ResourceList")),
            ("items".to_owned(), Value::Sequence(items).into()),
            ("functionConfig".to_owned(), config.node),
        ]);
        let invocation = Invocation {
            program: self.program.clone(),
            arguments: self.command_line(layer),
            environment: self.environment.clone(),
            directory: layer.root.clone(),
            input: emit(&Value::Mapping(list).into()).into_bytes(),
            needs_helm_home: false,
        };
        let output = session.fs().run(&invocation).map_err(|Unavailable { problem, advice }| {
            vec![session.finding(Fault::new(Rule::Transformer, problem, advice).at(&plugin.object.node))]
        })?;
        let text = String::from_utf8_lossy(&output).into_owned();
        let source = session.inline(&Text { text, origin: plugin.object.node.origin.clone() });
        let documents = Session::parse(&source, Dialect::Resource)?;
        let nodes = session.objects(documents)?;
        Ok(nodes.into_iter().map(Object::new).collect())
    }

    fn command_line(&self, layer: &Layer<'_>) -> Vec<String> {
        let Some(image) = &self.image else { return self.arguments.clone() };
        let fixed = [
            "run",
            "--rm",
            "-i",
            "-a",
            "STDIN",
            "-a",
            "STDOUT",
            "-a",
            "STDERR",
            "--network",
            "none",
            "--user",
            "nobody",
            "--security-opt=no-new-privileges",
        ];
        let mounts = self.mounts.iter().flat_map(|(source, rest)| {
            [
                "--mount".to_owned(),
                rest.replacen("source=", &format!("source={}", layer.root.join(source).display()), 1),
            ]
        });
        let mut arguments: Vec<String> = fixed.into_iter().map(str::to_owned).chain(mounts).collect();
        arguments.extend(self.arguments.iter().cloned());
        arguments.push(image.clone());
        arguments
    }

    /// What the function makes. Its configuration is the one object that it is given.
    pub(crate) fn generate(
        &self,
        session: &mut Session<'_>,
        layer: &Layer<'_>,
        plugin: &Plugin,
    ) -> Checked<Vec<Object>> {
        let mut objects = self.run(session, layer, plugin, Vec::new())?;
        for object in &mut objects {
            object.hashed = take(object, NEEDS_HASH).is_some_and(|value| value == "true");
            object.behavior = match take(object, BEHAVIOR).as_deref() {
                Some("merge") => Behavior::Merge,
                Some("replace") => Behavior::Replace,
                _ => Behavior::Create,
            };
        }
        Ok(objects)
    }

    /// Gives the objects to the function and takes what it makes of them: changed, new and without those that it leaves out.
    pub(crate) fn transform(
        &self,
        session: &mut Session<'_>,
        layer: &Layer<'_>,
        plugin: &Plugin,
        objects: &mut Objects,
    ) -> Checked<()> {
        let items = objects.iter().map(|object| {
            let mut copy = object.clone();
            let id = object.id();
            let parts = [
                ("group", &id.gvk.group),
                ("kind", &id.gvk.kind),
                ("name", &id.name),
                ("namespace", &id.namespace),
                ("version", &id.gvk.version),
            ];
            let lines = parts
                .iter()
                .filter(|(_, value)| !value.is_empty())
                .map(|(key, value)| format!("{key}: {value}\n"));
            copy.annotate(ID, &lines.collect::<String>());
            copy.node
        });
        let items = items.collect();
        let mut kept = HashSet::new();
        for mut object in self.run(session, layer, plugin, items)? {
            take(&mut object, ID);
            let id = object.id();
            if !kept.insert(id.clone()) {
                let problem = format!("the function printed `{id}` twice");
                let fault = Fault::new(Rule::Identity, problem, "mend the function");
                return Err(vec![session.finding(fault.at(&plugin.object.node))]);
            }
            let changed = objects.replace(object);
            session.check(changed.map_err(|fault| fault.or_at(plugin.object.node.origin.as_ref())))?;
        }
        objects.retain(|object| kept.contains(&object.id()));
        Ok(())
    }
}

/// A directory for the container: its source, and the option without it.
fn mount(decoder: &mut Decoder<'_>, node: &Node) -> (String, String) {
    let fields = decoder.fields(node, &["type", "src", "dst", "rw"]);
    let source = decoder.text(fields.get("src"));
    let leaves = source.starts_with('/') || source.split('/').any(|part| part == "..");
    if leaves {
        decoder.problem(
            node,
            format!("`{source}` is not below this kustomization"),
            "mount a directory below it",
        );
    }
    let kind = decoder.text(fields.get("type"));
    let target = decoder.text(fields.get("dst"));
    let mode = if decoder.flag(fields.get("rw")) { "" } else { ",readonly" };
    (source, format!("type={kind},source=,target={target}{mode}"))
}

/// Takes an annotation away and gives its value.
fn take(object: &mut Object, key: &str) -> Option<String> {
    let annotations = object.node.get_mut("metadata")?.get_mut("annotations")?.as_mapping_mut()?;
    let value = annotations.shift_remove(key)?;
    value.scalar_text().map(str::to_owned)
}
