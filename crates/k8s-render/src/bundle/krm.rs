//! The same plugins as a KRM function: a `ResourceList` in, a `ResourceList` out.
//!
//! The format is version 1 of Kubernetes' KRM Functions Specification.

use std::path::Path;
use std::sync::Arc;

use indexmap::IndexMap;
use miette::Diagnostic as _;

use super::{API_VERSION, Bundle, NameJobs, naming};
use crate::fault::{Fault, Rule};
use crate::finding::{Finding, Source};
use crate::fs::FileSystem;
use crate::json;
use crate::load::{Checked, Session};
use crate::object::Object;
use crate::objects::Objects;
use crate::plugin::Plugin;
use crate::provenance;
use crate::render::RenderOptions;
use crate::transform::Transform as _;
use crate::yaml::{Dialect, Node, Value};

const NEEDS_HASH: &str = "kustomize.config.k8s.io/needs-hash";

/// What a function answers.
#[derive(Debug)]
pub struct Printed {
    /// The `ResourceList` for standard output.
    pub text: String,
    /// What is wrong; the list then holds it as `results`, and no objects.
    pub findings: Vec<Finding>,
}

/// Answers a `ResourceList` whose `functionConfig` is a `MigrationBundle`. Its paths are relative to `directory`.
pub fn respond(fs: &dyn FileSystem, directory: &Path, input: &str) -> Printed {
    let options = RenderOptions::default();
    let mut session = Session::new(fs, &options);
    let (config, made) = match read(&mut session, input) {
        Ok((plugin, items)) => {
            (Some(plugin.object.node.clone()), make(&mut session, directory, &plugin, items))
        }
        Err(findings) => (None, Err(findings)),
    };
    let (objects, findings) = match made {
        Ok(objects) => (objects, Vec::new()),
        Err(findings) => (Vec::new(), findings),
    };
    let mut list = IndexMap::from([
        ("apiVersion".to_owned(), Node::text("config.kubernetes.io/v1")),
        ("kind".to_owned(), Node::text("ResourceList")),
        ("items".to_owned(), Value::Sequence(objects.into_iter().map(printed).collect()).into()),
    ]);
    list.extend(config.map(|config| ("functionConfig".to_owned(), config)));
    if !findings.is_empty() {
        list.insert("results".to_owned(), Value::Sequence(findings.iter().map(result).collect()).into());
    }
    Printed { text: exact(&Value::Mapping(list).into()), findings }
}

/// The list as JSON, which is YAML, too: every text as it is, whatever line breaks and marks are in it. What YAML does not
/// take as it is, or takes for a line break, is escaped; beyond the basic plane it has no need to be.
fn exact(list: &Node) -> String {
    use std::fmt::Write as _;
    let json = json::indented(list);
    let mut text = String::with_capacity(json.len() + 1);
    for c in json.chars() {
        if ('\u{7f}'..='\u{ffff}').contains(&c) {
            let _ = write!(text, "\\u{:04x}", u32::from(c));
        } else {
            text.push(c);
        }
    }
    text.push('\n');
    text
}

/// The function's configuration, and the objects that it is given.
fn read(session: &mut Session<'_>, input: &str) -> Checked<(Plugin, Vec<Node>)> {
    let source = Source::new("standard input", Arc::from(input));
    session.keep(&source);
    let documents = Session::parse(&source, Dialect::Resource)?;
    let asked = documents.into_iter().find_map(|mut list| {
        let is_list = list.get("kind").and_then(Node::as_str) == Some("ResourceList");
        let list = list.as_mapping_mut().filter(|_| is_list)?;
        Some((list.shift_remove("functionConfig")?, list.shift_remove("items")))
    });
    let Some((node, items)) = asked else {
        let fault = Fault::new(
            Rule::Object,
            "this is no ResourceList with a `functionConfig`",
            "let kustomize call `infra krm`: name it in the annotation config.kubernetes.io/function",
        );
        return Err(vec![session.finding(fault)]);
    };
    let plugin = Plugin { object: Object::new(node) };
    if plugin.object.api_version() != API_VERSION {
        let problem = format!("`{}` is not for this function", plugin.object.id());
        let fault = Fault::new(Rule::Object, problem, "write `apiVersion: infra/v1`");
        return Err(vec![session.finding(fault.at(&plugin.object.node))]);
    }
    let items = match items.map(|items| items.value) {
        Some(Value::Sequence(items)) => items,
        _ => Vec::new(),
    };
    Ok((plugin, items))
}

fn make(
    session: &mut Session<'_>,
    directory: &Path,
    plugin: &Plugin,
    items: Vec<Node>,
) -> Checked<Vec<Object>> {
    if plugin.object.kind() == naming::KIND {
        return rename(session, plugin, items);
    }
    let directory = session.fs().canonical(directory).unwrap_or_else(|_| directory.to_owned());
    Bundle::of(session, plugin)?.generate(session, &directory)
}

/// Runs the transformer on objects whose names and marks kustomize has written into annotations.
fn rename(session: &Session<'_>, plugin: &Plugin, items: Vec<Node>) -> Checked<Vec<Object>> {
    let step = NameJobs::of(session, plugin)?;
    let mut objects = Objects::default();
    for node in items {
        let mut object = Object::new(node);
        provenance::restore_history(&mut object);
        let mut marks = object.metadata_texts("annotations");
        let hashed = marks.any(|mark| mark == (provenance::HASHED, "enabled"));
        drop(marks);
        object.hashed = hashed;
        session.check(objects.append(object))?;
    }
    session.check(step.run(&mut objects, session.schema()))?;
    Ok(objects.into_list())
}

fn printed(mut object: Object) -> Node {
    let marked = object.metadata_texts("annotations").any(|(key, _)| key == provenance::HASHED);
    if object.hashed && !marked {
        object.annotate(NEEDS_HASH, "true");
    }
    provenance::save_history(&mut object);
    object.node
}

/// A finding as the specification has it; lines are in its message, because the file is not always one of `items`.
fn result(finding: &Finding) -> Node {
    let severity = if finding.is_error() { "error" } else { "warning" };
    let mut message = finding.to_string();
    if let Some(help) = finding.help() {
        message = format!("{message}: {help}");
    }
    let entries = IndexMap::from([
        ("message".to_owned(), Node::text(message)),
        ("severity".to_owned(), Node::text(severity)),
    ]);
    Value::Mapping(entries).into()
}
