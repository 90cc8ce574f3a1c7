//! The Job that applies a bundle: its volume, its mark, its name.

use std::path::Path;

use indexmap::IndexMap;

use super::read::leaves;
use super::split::Part;
use super::{MARK, NAME_HASH, job_hash, part_name};
use crate::decode::Text;
use crate::fault::{Fault, Outcome, Rule};
use crate::load::{Checked, Session};
use crate::object::Object;
use crate::yaml::{Node, Value};

/// A pod's label takes the whole name of the Job: 63 characters, less `-` and the hash.
const NAME_CHARACTERS: usize = 63 - 11;

fn fault(problem: impl Into<String>, advice: &str, node: &Node) -> Fault {
    Fault::new(Rule::Generator, problem, advice).at(node)
}

/// The Job in the file that the bundle names, with the bundle mounted.
pub(super) fn load(
    session: &mut Session<'_>,
    root: &Path,
    asked: &Text,
    bundle: &str,
    parts: &[Part<'_>],
    content: &str,
) -> Checked<Object> {
    let joined = root.join(&asked.text);
    let canonical = session.fs().canonical(&joined).unwrap_or(joined);
    if leaves(session, &canonical) {
        let problem = format!("`{}` leads out of the tree", asked.text);
        let fault = Fault::new(Rule::Load, problem, "name a file of the tree");
        return Err(vec![session.finding(fault.or_at(asked.origin.as_ref()))]);
    }
    let directory = canonical.parent().unwrap_or(root).to_owned();
    let name = canonical.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let text = Text { text: name, origin: asked.origin.clone() };
    let nodes = session.objects_in(&directory, &text)?;
    let filled = match <[Node; 1]>::try_from(nodes) {
        Ok([node]) => fill(Object::new(node), bundle, parts, content),
        Err(nodes) => {
            let problem = format!("`{}` holds {} objects", asked.text, nodes.len());
            let fault = Fault::new(Rule::Generator, problem, "name a file with one Job");
            Err(fault.or_at(asked.origin.as_ref()))
        }
    };
    session.check(filled)
}

fn fill(mut job: Object, bundle: &str, parts: &[Part<'_>], content: &str) -> Outcome<Object> {
    if (job.api_version(), job.kind()) != ("batch/v1", "Job") {
        let problem = format!("this is a `{}` of `{}`", job.kind(), job.api_version());
        return Err(fault(problem, "write a Job of batch/v1", &job.node));
    }
    let name = job.name().to_owned();
    if name.len() > NAME_CHARACTERS {
        let place = job.node.at(&["metadata", "name"]).unwrap_or(&job.node);
        let problem = format!("the name has {} characters, and a hash is added to it", name.len());
        return Err(fault(problem, "use at most 52 characters", place));
    }
    let unmounted = fault(
        format!("no volume of the Job is the bundle `{bundle}`"),
        "add a volume with `configMap: {name: …}`, and the bundle's name in it",
        &job.node,
    );
    let Some(template) = job.node.get_mut("spec").and_then(|spec| spec.get_mut("template")) else {
        return Err(unmounted);
    };
    let volumes = template.get_mut("spec").and_then(|spec| spec.get_mut("volumes"));
    let mut mounted = false;
    for volume in volumes.and_then(Node::as_sequence_mut).into_iter().flatten() {
        let is_bundle = volume.at(&["configMap", "name"]).and_then(Node::as_str) == Some(bundle);
        let Some(entries) = volume.as_mapping_mut().filter(|_| is_bundle) else { continue };
        if let Some(at) = entries.get_index_of("configMap") {
            let mode = entries.get("configMap").and_then(|source| source.get("defaultMode")).cloned();
            entries.shift_remove_index(at);
            entries.insert("projected".to_owned(), projected(bundle, parts, mode));
            mounted = true;
        }
    }
    if !mounted {
        return Err(unmounted);
    }
    mark(template, content);
    let hash = job_hash(&job.node);
    // Others may go on to call it what its file calls it.
    job.remember();
    job.set_name(&format!("{name}-{hash}"));
    job.annotate(NAME_HASH, &hash);
    Ok(job)
}

/// The directory, put together from its parts.
fn projected(bundle: &str, parts: &[Part<'_>], mode: Option<Node>) -> Node {
    let map = |entries: Vec<(&str, Node)>| -> Node {
        let entries: IndexMap<String, Node> =
            entries.into_iter().map(|(key, node)| (key.to_owned(), node)).collect();
        Value::Mapping(entries).into()
    };
    let sources = parts.iter().map(|part| {
        let items = part
            .files
            .iter()
            .map(|file| map(vec![("key", Node::text(file.key())), ("path", Node::text(file.path.as_str()))]));
        let items = Value::Sequence(items.collect()).into();
        map(vec![("configMap", map(vec![("name", Node::text(part_name(bundle, part))), ("items", items)]))])
    });
    let mut volume = vec![("sources", Value::Sequence(sources.collect()).into())];
    volume.extend(mode.map(|mode| ("defaultMode", mode)));
    map(volume)
}

/// Writes the hash of the migrations on the pods, so that new migrations make another Job.
fn mark(template: &mut Node, content: &str) {
    let empty = || Node::from(Value::Mapping(IndexMap::new()));
    let Some(template) = template.as_mapping_mut() else { return };
    let metadata = template.entry("metadata".to_owned()).or_insert_with(empty);
    let Some(metadata) = metadata.as_mapping_mut() else { return };
    let annotations = metadata.entry("annotations".to_owned()).or_insert_with(empty);
    if annotations.is_null() {
        *annotations = empty();
    }
    if let Some(annotations) = annotations.as_mapping_mut() {
        annotations.insert(MARK.to_owned(), Node::text(content));
    }
}
