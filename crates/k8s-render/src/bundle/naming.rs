//! `MigrationJobName`: a transformer that names Jobs by what is really applied.
//!
//! ```yaml
//! apiVersion: infra/v1
//! kind: MigrationJobName
//! metadata:
//!   name: any
//! ```
//!
//! A cluster refuses changes to a Job's pods, so a Job with other content needs another name. Kustomizations change it after it was
//! generated: images, patches, the content of the `ConfigMap`s that it reads. Listed under `transformers:` of the kustomization that
//! is rendered, this one runs after all of that. Names with hashes are only given at the very end of a render, so the references are
//! followed ahead of time, on a copy.

use crate::config::Config;
use crate::decode::Decoder;
use crate::fault::{Fault, Outcome, Rule};
use crate::hash::{content_hash, encode};
use crate::json;
use crate::load::{Checked, Session};
use crate::object::Object;
use crate::objects::Objects;
use crate::plugin::Plugin;
use crate::reference;
use crate::schema::Schema;
use crate::transform::Transform;
use crate::yaml::{Node, Origin};

/// The annotation of a Job that holds the hash in its name. A Job that has it, if only empty, is named by its content.
pub const NAME_HASH: &str = "infra.dev/name-hash";
pub(super) const KIND: &str = "MigrationJobName";
/// Pods have the Job's name as a label, and labels have this many characters at most.
const NAME_CHARACTERS: usize = 63;

/// The hash that the name of a Job of this content ends with.
///
/// `spec` alone counts: labels and annotations of the Job itself can be changed in place.
pub fn job_hash(job: &Node) -> String {
    encode(&job.get("spec").map_or_else(String::new, json::compact))
}

/// Names the Jobs that have [`NAME_HASH`].
pub(crate) struct NameJobs {
    origin: Option<Origin>,
}

impl NameJobs {
    /// Reads a plugin's configuration.
    pub(crate) fn of(session: &Session<'_>, plugin: &Plugin) -> Checked<Self> {
        let node = &plugin.object.node;
        let (source, _) = session.place(node.origin.as_ref());
        let mut decoder = Decoder::new(&source, true);
        if plugin.object.kind() == KIND {
            decoder.fields(node, &["apiVersion", "kind", "metadata"]);
        } else {
            let kind = node.get("kind").unwrap_or(node);
            let problem = format!("there is no transformer `{}` of infra/v1", plugin.object.kind());
            let advice = "write `kind: MigrationJobName`; a MigrationBundle belongs under `generators:`";
            decoder.problem(kind, problem, advice);
        }
        if !decoder.findings.is_empty() {
            return Err(decoder.findings);
        }
        Ok(Self { origin: node.origin.clone() })
    }
}

impl Transform for NameJobs {
    fn run(&self, objects: &mut Objects, _: &Schema) -> Outcome<()> {
        let jobs = marked(objects);
        if jobs.is_empty() {
            let problem = format!("no Job here has the annotation `{NAME_HASH}`");
            let advice = "list this where the Job of a MigrationBundle is, or give the Job the annotation with an empty text";
            return Err(Fault::new(Rule::Transformer, problem, advice).or_at(self.origin.as_ref()));
        }
        let hashes = final_hashes(objects, &jobs)?;
        let mut moved = 0;
        for (&at, hash) in jobs.iter().zip(hashes) {
            if name(objects, at - moved, &hash)? {
                // Kustomize takes what a function renamed for a new object, and puts it last.
                objects.move_to_end(at - moved);
                moved += 1;
            }
        }
        Ok(())
    }
}

fn name_hash(object: &Object) -> Option<&str> {
    object.metadata_texts("annotations").find(|(key, _)| *key == NAME_HASH).map(|(_, value)| value)
}

/// Positions of the Jobs to name.
fn marked(objects: &Objects) -> Vec<usize> {
    let is_marked = |object: &Object| object.kind() == "Job" && name_hash(object).is_some();
    objects.iter().enumerate().filter(|(_, object)| is_marked(object)).map(|(at, _)| at).collect()
}

/// The hashes of the Jobs as they will be at the end of the render. What they refer to is present by its identity alone.
fn final_hashes(objects: &Objects, jobs: &[usize]) -> Outcome<Vec<String>> {
    let mut after = Objects::default();
    for (at, object) in objects.iter().enumerate() {
        if jobs.binary_search(&at).is_ok() {
            after.append(object.clone())?;
            continue;
        }
        let mut known = object.identity();
        if object.hashed {
            known.remember();
            known.set_name(&format!("{}-{}", object.name(), content_hash(object)));
        }
        after.append(known)?;
    }
    reference::fix(&mut after, &Config::built_in().name_reference)?;
    Ok(jobs.iter().map(|&at| job_hash(&after.get(at).node)).collect())
}

/// Puts the hash into a Job's name, in the place of the one that is there, and into the roles that name the Job. Says whether the name
/// is another one now.
fn name(objects: &mut Objects, at: usize, hash: &str) -> Outcome<bool> {
    let job = objects.get(at);
    let old = job.name();
    let before = name_hash(job).filter(|hash| !hash.is_empty()).map(|hash| format!("-{hash}"));
    let place = before.as_ref().and_then(|before| old.rfind(before).map(|at| at..at + before.len()));
    let mut new = old.to_owned();
    new.replace_range(place.unwrap_or(old.len()..old.len()), &format!("-{hash}"));
    if new.len() > NAME_CHARACTERS {
        let problem =
            format!("`{new}` has {} characters; a Job's name has {NAME_CHARACTERS} at most", new.len());
        let place = job.node.at(&["metadata", "name"]).unwrap_or(&job.node);
        return Err(Fault::new(Rule::Transformer, problem, "shorten the name or its prefix").at(place));
    }
    let renamed = new != old;
    if renamed {
        let names: Vec<String> = job.ids().map(|id| id.name).collect();
        let namespace = job.id().effective_namespace().to_owned();
        for role in objects.contents_mut() {
            let reaches = role.kind() == "ClusterRole"
                || (role.kind() == "Role" && role.id().effective_namespace() == namespace);
            if reaches {
                follow(role, &names, &new);
            }
        }
        let job = objects.get_mut(at);
        job.remember();
        job.set_name(&new);
    }
    objects.content_mut(at).annotate(NAME_HASH, hash);
    Ok(renamed)
}

/// Updates what a role says about Jobs by name.
fn follow(role: &mut Object, names: &[String], new: &str) {
    let rules = role.node.get_mut("rules").and_then(Node::as_sequence_mut);
    for rule in rules.into_iter().flatten() {
        let resources = rule.get("resources").map(Node::items).unwrap_or_default();
        let is_jobs = |node: &Node| {
            node.as_str().is_some_and(|text| text == "*" || text.split('/').next() == Some("jobs"))
        };
        if !resources.iter().any(is_jobs) {
            continue;
        }
        let named = rule.get_mut("resourceNames").and_then(Node::as_sequence_mut);
        for item in named.into_iter().flatten() {
            if item.as_str().is_some_and(|text| names.iter().any(|name| name == text)) {
                item.value = Node::text(new).value;
            }
        }
    }
}
