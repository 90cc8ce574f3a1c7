//! `MigrationBundle`: a generator that packs a directory of migrations into `ConfigMap`s, and gives a Job the volume that
//! mounts them as that directory again.
//!
//! ```yaml
//! apiVersion: infra/v1
//! kind: MigrationBundle
//! metadata:
//!   name: mysql-migrations   # the ConfigMaps' names begin with it
//! spec:
//!   path: ../../migrations   # the directory; `.` when absent
//!   job: job.yaml            # the Job that mounts it; may be absent
//!   immutable: true          # may be absent
//! ```
//!
//! Paths are relative to the kustomization and stay within the tree. `.sql` files and their `.sql.conf` are packed, those of
//! directories below, too. A volume of the Job whose `configMap` has the bundle's name is filled, and the Job's name gets a hash
//! of the migrations and of the `spec` in its file. What kustomizations change in it afterwards, a `MigrationJobName` brings into its name.

mod job;
mod krm;
mod naming;
mod read;
mod split;

pub use krm::{Printed, respond};
pub(crate) use naming::NameJobs;
pub use naming::{NAME_HASH, job_hash};

use indexmap::IndexMap;

use crate::Finding;
use crate::decode::{Decoder, Text};
use crate::fault::{Fault, Rule};
use crate::generate::base64_lines;
use crate::load::{Checked, Session};
use crate::object::Object;
use crate::plugin::Plugin;
use crate::yaml::{Node, Origin, Value};
use split::{File, LIMIT, Part, content_hash, split};

/// The `apiVersion` of this crate's own plugins.
pub(crate) const API_VERSION: &str = "infra/v1";
/// The annotation of a Job's pods that holds the hash of the migrations that they run.
pub const MARK: &str = "infra.dev/migrations";
const KIND: &str = "MigrationBundle";

/// What a `MigrationBundle` says.
pub(crate) struct Bundle {
    name: Text,
    namespace: String,
    path: Text,
    job: Option<Text>,
    immutable: bool,
}

impl Bundle {
    /// Reads a plugin's configuration. Unknown fields are findings, with the field that was meant.
    pub(crate) fn of(session: &Session<'_>, plugin: &Plugin) -> Checked<Self> {
        let node = &plugin.object.node;
        let (source, _) = session.place(node.origin.as_ref());
        let mut decoder = Decoder::new(&source, true);
        if plugin.object.kind() != KIND {
            let kind = node.get("kind").unwrap_or(node);
            let problem = format!("there is no generator `{}` of {API_VERSION}", plugin.object.kind());
            decoder.problem(kind, problem, "write `kind: MigrationBundle`");
            return Err(decoder.findings);
        }
        let fields = decoder.fields(node, &["apiVersion", "kind", "metadata", "spec"]);
        let empty = Node::from(Value::Null);
        let metadata = decoder.fields(
            fields.get("metadata").unwrap_or(&empty),
            &["name", "namespace", "labels", "annotations"],
        );
        let spec = decoder.fields(fields.get("spec").unwrap_or(&empty), &["path", "job", "immutable"]);
        let mut path = decoder.placed(spec.get("path"));
        if path.text.is_empty() {
            path = Text { text: ".".to_owned(), origin: node.origin.clone() };
        }
        let bundle = Self {
            name: decoder.placed(metadata.get("name")),
            namespace: decoder.text(metadata.get("namespace")),
            path,
            job: spec.get("job").map(|job| decoder.placed(Some(job))),
            immutable: decoder.flag(spec.get("immutable")),
        };
        if decoder.findings.is_empty() { Ok(bundle) } else { Err(decoder.findings) }
    }

    /// The `ConfigMap`s, and the Job if there is one. `root` is the directory that paths are relative to.
    pub(crate) fn generate(&self, session: &mut Session<'_>, root: &std::path::Path) -> Checked<Vec<Object>> {
        let files = read::directory(session, root, &self.path)?;
        let mut findings: Vec<Finding> = files
            .iter()
            .filter(|file| file.cost() > LIMIT)
            .map(|file| session.finding(self.too_large(file)))
            .collect();
        let parts = split(&files, LIMIT);
        let job = match &self.job {
            Some(job) => {
                match job::load(session, root, job, &self.name.text, &parts, &content_hash(&files)) {
                    Ok(job) => Some(job),
                    Err(more) => {
                        findings.extend(more);
                        None
                    }
                }
            }
            None => None,
        };
        if !findings.is_empty() {
            return Err(findings);
        }
        let mut objects: Vec<Object> = parts.iter().map(|part| self.config_map(part)).collect();
        objects.extend(job);
        Ok(objects)
    }

    fn too_large(&self, file: &File) -> Fault {
        let problem = format!(
            "`{}` has {} bytes, more than the {LIMIT} that one ConfigMap can hold",
            file.path,
            file.bytes.len()
        );
        let advice = "split the migration into several files, or put the migrations into an image";
        Fault::new(Rule::Generator, problem, advice).or_at(self.path.origin.as_ref())
    }

    fn config_map(&self, part: &Part<'_>) -> Object {
        let origin: Option<&Origin> = self.path.origin.as_ref();
        let mut metadata =
            IndexMap::from([("name".to_owned(), Node::text(part_name(&self.name.text, part)))]);
        if !self.namespace.is_empty() {
            metadata.insert("namespace".to_owned(), Node::text(self.namespace.as_str()));
        }
        let mut entries = IndexMap::from([
            ("apiVersion".to_owned(), Node::text("v1")),
            ("kind".to_owned(), Node::text("ConfigMap")),
            ("metadata".to_owned(), Value::Mapping(metadata).into()),
        ]);
        let (mut data, mut binary) = (IndexMap::new(), IndexMap::new());
        for file in &part.files {
            let value = |text: String| Node { value: Value::String(text), origin: origin.cloned() };
            match std::str::from_utf8(&file.bytes) {
                Ok(text) if text.chars().all(survives) => data.insert(file.key(), value(text.to_owned())),
                _ => binary.insert(file.key(), value(base64_lines(&file.bytes))),
            };
        }
        for (field, entries_of) in [("data", data), ("binaryData", binary)] {
            if !entries_of.is_empty() {
                entries.insert(field.to_owned(), Value::Mapping(entries_of).into());
            }
        }
        if self.immutable {
            entries.insert("immutable".to_owned(), Value::Bool(true).into());
        }
        let mut object =
            Object::new(Node { value: Value::Mapping(entries), origin: self.name.origin.clone() });
        object.hashed = true;
        object
    }
}

/// Whether a character reaches the cluster through every YAML tool: not so control characters and the line breaks of Unicode,
/// which some of them refuse, fold or indent.
fn survives(c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' => true,
        '\u{2028}' | '\u{2029}' | '\u{fffe}' | '\u{ffff}' => false,
        c => !c.is_control(),
    }
}

/// The name of a part's `ConfigMap`, before its hash.
fn part_name(bundle: &str, part: &Part<'_>) -> String {
    format!("{bundle}-{}", part.suffix)
}

#[cfg(test)]
mod naming_tests;
#[cfg(test)]
mod tests;
