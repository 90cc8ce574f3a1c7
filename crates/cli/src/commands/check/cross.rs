//! What only the migrations and the manifests together can show: the bundle, the Job that runs it, and who waits for it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use k8s_render::bundle::{NAME_HASH, job_hash};
use k8s_render::inspect::{ConfigEntry, ConfigKind, Container, Facts, Place, Sources, Workload, references};
use k8s_render::yaml::Node;
use miette::{Diagnostic, NamedSource, SourceSpan};
use migrate_core::{Migration, MigrationVersion};
use thiserror::Error;

use crate::commands::migrate::bundle::is_script;

type Source = NamedSource<Arc<str>>;

/// A disagreement between migrations and manifests.
#[derive(Debug, Clone, Error, Diagnostic)]
pub(crate) enum Finding {
    #[error(
        "`{job}` in {environment} does not run `{migration}`: no ConfigMap that it mounts holds the file"
    )]
    #[diagnostic(
        code("check/bundle-incomplete"),
        help(
            "list the file under `files:` of the configMapGenerator, in the kustomization beside the migrations"
        )
    )]
    BundleIncomplete {
        environment: String,
        job: String,
        migration: String,
        #[source_code]
        src: Source,
        #[label("this migration would never be applied")]
        span: SourceSpan,
    },

    #[error("`{job}` in {environment} runs another `{migration}` than the one on disk")]
    #[diagnostic(
        code("check/bundle-differs"),
        help(
            "generate the ConfigMap from this very file; a copy or a patch gives the history another checksum"
        )
    )]
    BundleDiffers {
        environment: String,
        job: String,
        migration: String,
        #[source_code]
        src: Source,
        #[label("differs from the text in the ConfigMap")]
        span: SourceSpan,
    },

    #[error("`{job}` in {environment} runs `{migration}`, which is not among the migrations on disk")]
    #[diagnostic(
        code("check/bundle-stranger"),
        help("move the file to the migrations, or remove it from the ConfigMap")
    )]
    BundleStranger {
        environment: String,
        job: String,
        migration: String,
        #[source_code]
        src: Source,
        #[label("mounts it")]
        span: SourceSpan,
    },

    #[error("the name of `{job}` in {environment} does not carry the newest migration, {newest}")]
    #[diagnostic(
        code("check/job-name"),
        help(
            "a Job cannot be changed, only replaced: end its name in `v{newest}` so that the new migration gets a new Job"
        )
    )]
    JobName {
        environment: String,
        job: String,
        newest: String,
        #[source_code]
        src: Source,
        #[label("the Job of an older migration, which has run already")]
        span: SourceSpan,
    },

    #[error("the hash in the name of `{job}` in {environment} is not the one of what the Job runs")]
    #[diagnostic(
        code("check/job-name-stale"),
        severity(Warning),
        help(
            "a kustomization changes the Job after it was named: list a `MigrationJobName` under `transformers:` of the one that is rendered"
        )
    )]
    JobNameStale {
        environment: String,
        job: String,
        #[source_code]
        src: Source,
        #[label("its next change may not get a new Job")]
        span: SourceSpan,
    },

    #[error("`{workload}` in {environment} waits for migration {version}, and the newest is {newest}")]
    #[diagnostic(
        code("check/wait-unreachable"),
        help("name a version that exists; this pod would never start")
    )]
    WaitUnreachable {
        environment: String,
        workload: String,
        version: String,
        newest: String,
        #[source_code]
        src: Source,
        #[label("waits for ever")]
        span: SourceSpan,
    },

    #[error("`{workload}` in {environment} waits for migration {version}, but `{component}` needs {need}")]
    #[diagnostic(
        code("check/wait-too-early"),
        help("raise `--at-least`, or correct `schema` in platform.yaml")
    )]
    WaitTooEarly {
        environment: String,
        workload: String,
        component: String,
        version: String,
        need: String,
        #[source_code]
        src: Source,
        #[label("lets the application start on a schema that it cannot use")]
        span: SourceSpan,
    },

    #[error(
        "`{workload}` in {environment} does not wait for the migrations, although `{component}` needs {need}"
    )]
    #[diagnostic(
        code("check/no-wait"),
        severity(Warning),
        help("add an init container that runs `infra migrate wait --at-least VERSION`")
    )]
    NoWait {
        environment: String,
        workload: String,
        component: String,
        need: String,
        #[source_code]
        src: Source,
        #[label("may start before its schema is there")]
        span: SourceSpan,
    },
}

/// What a component needs of the schema.
pub(super) struct SchemaNeed {
    /// The label by which its pods are known.
    pub(super) selector: Vec<(String, String)>,
    /// Its name in platform.yaml.
    pub(super) component: String,
    /// The range, as written.
    pub(super) need: String,
    /// Whether a version satisfies it.
    pub(super) accepts: Box<dyn Fn(&str) -> bool + Send + Sync>,
}

/// The names of the migrations that a render's Jobs mount.
pub(super) fn bundle(facts: &Facts<'_>) -> BTreeSet<String> {
    let jobs = facts.workloads.iter().filter(|workload| workload.containers.iter().any(|c| runs(c, "apply")));
    jobs.flat_map(|workload| packed(facts, workload).into_keys()).map(str::to_owned).collect()
}

/// The migrations in the ConfigMaps that a workload mounts, by file name: the text, and what mounts it.
fn packed<'a>(facts: &Facts<'a>, workload: &Workload<'a>) -> BTreeMap<&'a str, (ConfigEntry<'a>, &'a Node)> {
    let mut packed = BTreeMap::new();
    let mounted = mounted_names(workload);
    for reference in references(workload).iter().filter(|r| r.mounted && r.kind == ConfigKind::ConfigMap) {
        for config in facts.configs.iter().filter(|config| {
            config.kind == ConfigKind::ConfigMap
                && config.object.name() == reference.name
                && config.object.namespace() == workload.object.namespace()
        }) {
            let scripts = config.entries.iter().filter(|entry| is_script(entry.key));
            packed.extend(scripts.map(|entry| {
                let name = mounted.get(&(reference.name, entry.key)).copied().unwrap_or(entry.key);
                (name, (*entry, reference.node))
            }));
        }
    }
    packed
}

/// The file names under which projected volumes show keys of `ConfigMaps`, by the map's name and the key; a key without one shows as
/// itself.
fn mounted_names<'a>(workload: &Workload<'a>) -> BTreeMap<(&'a str, &'a str), &'a str> {
    let mut names = BTreeMap::new();
    let volumes = workload.spec.get("volumes").map(Node::items).unwrap_or_default();
    let sources = volumes.iter().filter_map(|volume| volume.at(&["projected", "sources"]));
    let text = |node: &'a Node, field: &str| node.get(field).and_then(Node::as_str);
    for source in sources.flat_map(Node::items).filter_map(|source| source.get("configMap")) {
        let Some(config) = text(source, "name") else { continue };
        for item in source.get("items").map(Node::items).unwrap_or_default() {
            if let (Some(key), Some(path)) = (text(item, "key"), text(item, "path")) {
                names.entry((config, key)).or_insert(file_name(path));
            }
        }
    }
    names
}

/// The hash of its content that a Job's name carries.
fn name_hash<'a>(workload: &Workload<'a>) -> Option<&'a str> {
    let annotation = workload.object.node.at(&["metadata", "annotations", NAME_HASH]);
    annotation.and_then(Node::as_str).filter(|hash| !hash.is_empty())
}

/// Compares one environment's render with the migrations on disk.
pub(super) fn check(
    environment: &str,
    facts: &Facts<'_>,
    sources: Sources<'_>,
    migrations: &[Migration],
    needs: &[SchemaNeed],
) -> Vec<Finding> {
    let newest = migrations.iter().filter(|m| m.is_versioned()).filter_map(|m| m.version.as_ref()).max();
    let mut check = Check { environment, facts, sources, migrations, newest, findings: Vec::new() };
    for workload in &facts.workloads {
        match workload.containers.iter().find(|container| runs(container, "apply")) {
            Some(_) => check.job(workload),
            None => check.gate(workload, needs),
        }
    }
    check.findings
}

struct Check<'a> {
    environment: &'a str,
    facts: &'a Facts<'a>,
    sources: Sources<'a>,
    migrations: &'a [Migration],
    newest: Option<&'a MigrationVersion>,
    findings: Vec<Finding>,
}

impl Check<'_> {
    fn job(&mut self, workload: &Workload<'_>) {
        let environment = self.environment.to_owned();
        let job = workload.object.name().to_owned();
        let mut packed = packed(self.facts, workload);
        for migration in self.migrations {
            let (environment, job) = (environment.clone(), job.clone());
            let (name, src) = (migration.script.clone(), migration.source.clone());
            let span = first_line(migration.text());
            match packed.remove(file_name(&migration.script)) {
                None => self.findings.push(Finding::BundleIncomplete {
                    environment,
                    job,
                    migration: name,
                    src,
                    span,
                }),
                Some((entry, _)) if !same_text(entry, migration) => {
                    self.findings.push(Finding::BundleDiffers {
                        environment,
                        job,
                        migration: name,
                        src,
                        span,
                    });
                }
                Some(_) => {}
            }
        }
        for (name, (_, mount)) in packed {
            let Place { src, span } = self.sources.place(mount, workload.object.node);
            let (environment, job) = (environment.clone(), job.clone());
            self.findings.push(Finding::BundleStranger {
                environment,
                job,
                migration: name.to_owned(),
                src,
                span,
            });
        }
        if workload.object.kind == "Job" {
            self.job_name(workload, job);
        }
    }

    /// Whether another content makes another Job.
    fn job_name(&mut self, workload: &Workload<'_>, job: String) {
        let environment = self.environment.to_owned();
        let node = workload.object.node;
        let Place { src, span } = self.sources.place(node.at(&["metadata", "name"]).unwrap_or(node), node);
        match (name_hash(workload), self.newest.map(ToString::to_string)) {
            (Some(hash), _) if hash != job_hash(node) => {
                self.findings.push(Finding::JobNameStale { environment, job, src, span });
            }
            (None, Some(newest)) if !carries(&job, &newest) => {
                self.findings.push(Finding::JobName { environment, job, newest, src, span });
            }
            _ => {}
        }
    }

    fn gate(&mut self, workload: &Workload<'_>, needs: &[SchemaNeed]) {
        let environment = self.environment.to_owned();
        let name = workload.object.name().to_owned();
        let need = needs.iter().find(|need| {
            !need.selector.is_empty()
                && need
                    .selector
                    .iter()
                    .all(|(key, value)| workload.labels.contains(&(key.as_str(), value.as_str())))
        });
        let awaited = workload.containers.iter().find_map(awaited);
        let place = |node| self.sources.place(node, workload.object.node);
        match (awaited, need) {
            (Some((version, node)), need) => {
                let reachable =
                    MigrationVersion::parse(version).ok().zip(self.newest).is_some_and(|(v, n)| v <= *n);
                let too_early = need.filter(|need| !(need.accepts)(version));
                if !reachable {
                    let Place { src, span } = place(node);
                    let newest = self.newest.map_or_else(|| "none".to_owned(), ToString::to_string);
                    let version = version.to_owned();
                    self.findings.push(Finding::WaitUnreachable {
                        environment,
                        workload: name,
                        version,
                        newest,
                        src,
                        span,
                    });
                } else if let Some(SchemaNeed { component, need, .. }) = too_early {
                    let Place { src, span } = place(node);
                    self.findings.push(Finding::WaitTooEarly {
                        environment,
                        workload: name,
                        component: component.clone(),
                        version: version.to_owned(),
                        need: need.clone(),
                        src,
                        span,
                    });
                }
            }
            (None, Some(SchemaNeed { component, need, .. })) => {
                let Place { src, span } = place(workload.spec);
                let (component, need) = (component.clone(), need.clone());
                self.findings.push(Finding::NoWait {
                    environment,
                    workload: name,
                    component,
                    need,
                    src,
                    span,
                });
            }
            (None, None) => {}
        }
    }
}

/// Whether a container runs `infra migrate VERB`.
fn runs(container: &Container<'_>, verb: &str) -> bool {
    arguments(container).windows(2).any(|pair| pair[0].1 == "migrate" && pair[1].1 == verb)
}

/// The version that a container waits for, and where it says so.
fn awaited<'a>(container: &Container<'a>) -> Option<(&'a str, &'a Node)> {
    if !runs(container, "wait") {
        return None;
    }
    let arguments = arguments(container);
    arguments.iter().enumerate().find_map(|(index, (node, text))| match text.strip_prefix("--at-least")? {
        "" => arguments.get(index + 1).map(|(node, text)| (*text, *node)),
        value => value.strip_prefix('=').map(|version| (version, *node)),
    })
}

fn arguments<'a>(container: &Container<'a>) -> Vec<(&'a Node, &'a str)> {
    ["command", "args"]
        .into_iter()
        .filter_map(|key| container.node.get(key))
        .flat_map(Node::items)
        .filter_map(|node| Some((node, node.as_str()?)))
        .collect()
}

/// Whether a Job's name holds the version as a word of its own: `v022` or `022`, followed by nothing or another word.
fn carries(name: &str, version: &str) -> bool {
    let version = version.replace(['.', '_'], "-").to_ascii_lowercase();
    let word = |start: usize| {
        let before = name[..start].strip_suffix('v').unwrap_or(&name[..start]);
        let after = &name[start + version.len()..];
        (before.is_empty() || before.ends_with('-')) && (after.is_empty() || after.starts_with('-'))
    };
    name.match_indices(&version).any(|(start, _)| word(start))
}

fn file_name(script: &str) -> &str {
    script.rsplit('/').next().unwrap_or(script)
}

fn same_text(entry: ConfigEntry<'_>, migration: &Migration) -> bool {
    let bytes = entry.bytes().unwrap_or_default();
    bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&bytes) == migration.text().as_bytes()
}

fn first_line(text: &str) -> SourceSpan {
    (0, text.lines().next().unwrap_or_default().len()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jobs_name_carries_the_version_as_a_word() {
        for (name, version, expected) in [
            ("mysql-migrate-v022", "022", true),
            ("mysql-migrate-v022-2", "022", true),
            ("mysql-migrate-022", "022", true),
            ("mysql-migrate-v0221", "022", false),
            ("mysql-migrate-v021", "022", false),
            ("mysql-migrate-v1-2", "1.2", true),
            ("mysql-migrate", "022", false),
        ] {
            assert_eq!(carries(name, version), expected, "{name} {version}");
        }
    }
}
