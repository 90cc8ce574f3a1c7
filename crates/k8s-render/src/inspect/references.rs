//! Sizes of `ConfigMap`s and `Secret`s, and references to them that lead nowhere.

use std::collections::HashMap;

use super::{Config, ConfigKind, Facts, Finding, Place, Reference, Sources, Workload, references};

/// Bytes of values that the API server accepts in one ConfigMap or Secret.
const LIMIT: usize = 1 << 20;

/// `ConfigMap`s that the cluster itself puts into every namespace.
const BUILT_IN: [&str; 2] = ["kube-root-ca.crt", "openshift-service-ca.crt"];

pub(super) fn check(facts: &Facts<'_>, sources: Sources<'_>, findings: &mut Vec<Finding>) {
    let mut rendered = HashMap::with_capacity(facts.configs.len());
    for config in &facts.configs {
        findings.extend(too_large(config, sources));
        rendered.insert((config.kind, config.object.namespace(), config.object.name()), config);
    }
    for workload in &facts.workloads {
        let namespace = workload.object.namespace();
        for reference in references(workload).into_iter().filter(|reference| !reference.optional) {
            let target = rendered.get(&(reference.kind, namespace, reference.name)).copied();
            findings.extend(dangling(facts, workload, &reference, target, sources));
        }
    }
}

fn too_large(config: &Config<'_>, sources: Sources<'_>) -> Option<Finding> {
    let size = config.size();
    if size <= LIMIT {
        return None;
    }
    let object = config.object.to_string();
    let Place { src, span } = sources.place(config.object.node, config.object.node);
    Some(match config.kind {
        ConfigKind::ConfigMap => Finding::ConfigMapTooLarge { object, size, limit: LIMIT, src, span },
        ConfigKind::Secret => Finding::SecretTooLarge { object, size, limit: LIMIT, src, span },
    })
}

/// What is wrong with a reference. A Secret that is not rendered may well come from outside.
fn dangling(
    facts: &Facts<'_>,
    workload: &Workload<'_>,
    reference: &Reference<'_>,
    target: Option<&Config<'_>>,
    sources: Sources<'_>,
) -> Option<Finding> {
    let Place { src, span } = sources.place(reference.node, workload.object.node);
    let (workload_name, name) = (workload.object.to_string(), reference.name.to_owned());
    let Some(config) = target else {
        let known = reference.kind == ConfigKind::Secret || BUILT_IN.contains(&reference.name);
        // A missing object is reported where it is named, not again for each of its keys.
        return (!known && (reference.key.is_none() || !reference.mounted)).then(|| {
            Finding::MissingConfigMap {
                help: elsewhere(facts, workload, reference.name),
                workload: workload_name,
                name,
                src,
                span,
            }
        });
    };
    let key = reference.key?.to_owned();
    if config.entries.iter().any(|entry| entry.key == key) {
        return None;
    }
    let keys: Vec<_> = config.entries.iter().map(|entry| format!("`{}`", entry.key)).collect();
    let known = if keys.is_empty() { "no key at all".to_owned() } else { keys.join(", ") };
    Some(match reference.kind {
        ConfigKind::ConfigMap => {
            Finding::MissingConfigMapKey { workload: workload_name, name, key, known, src, span }
        }
        ConfigKind::Secret => {
            Finding::MissingSecretKey { workload: workload_name, name, key, known, src, span }
        }
    })
}

/// What to do about a missing ConfigMap: usually it is there, in another namespace or under a name with a hash.
fn elsewhere(facts: &Facts<'_>, workload: &Workload<'_>, name: &str) -> String {
    let maps = || {
        facts.configs.iter().filter(|config| config.kind == ConfigKind::ConfigMap).map(|config| config.object)
    };
    if let Some(other) = maps().find(|map| map.name() == name) {
        return format!(
            "namespace `{}` has it: a pod can only use ConfigMaps of its own namespace",
            other.namespace()
        );
    }
    let hashed = |map: &super::Object<'_>| {
        map.namespace() == workload.object.namespace()
            && map.name().strip_prefix(name).is_some_and(|rest| rest.starts_with('-'))
    };
    match maps().find(hashed) {
        Some(map) => format!(
            "did you mean `{}`? a generated name is only followed within its kustomization",
            map.name()
        ),
        None => "add it to the kustomization, or mark the reference `optional: true`".to_owned(),
    }
}
