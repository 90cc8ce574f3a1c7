//! What the declared platform is told about the tree, and what it tells the other checks.

use std::collections::BTreeSet;

use k8s_render::inspect::{Facts as Rendered, Place, Sources};
use migrate_core::Migration;
use platform_compat::version::{Scheme, Suffix, Version};
use platform_compat::{EnvironmentId, Image, Overlays, Platform, Schema, Workload};

use super::cross::SchemaNeed;
use crate::tree::{Component, Tree};

/// The workloads of an environment with their images, for comparison with the declared components.
pub(super) fn workloads(environment: &str, rendered: &Rendered<'_>, sources: Sources<'_>) -> Vec<Workload> {
    let workload = |workload: &k8s_render::inspect::Workload<'_>| {
        let object = workload.object;
        let images = workload.containers.iter().filter_map(|container| container.image).map(|image| {
            let Place { src, span } = sources.place(image.node, object.node);
            Image { reference: image.to_string(), src, span }
        });
        let name = object.node.at(&["metadata", "name"]).unwrap_or(object.node);
        let Place { src, span } = sources.place(name, object.node);
        Workload {
            environment: environment.to_owned(),
            kind: object.kind.to_owned(),
            name: object.name().to_owned(),
            namespace: object.namespace().to_owned(),
            labels: workload
                .labels
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect(),
            images: images.collect(),
            src,
            span,
        }
    };
    rendered.workloads.iter().map(workload).collect()
}

/// The schema that an environment's bundle leads to, for each database that the tree's migrations belong to.
pub(super) fn schemas(
    tree: &Tree,
    platform: &Platform,
    environment: &str,
    bundle: &BTreeSet<String>,
    migrations: &[Migration],
) -> Vec<Schema> {
    let paths = &tree.configuration.paths;
    let databases = platform.components().iter().filter(|component| {
        component.database.as_ref().is_some_and(|database| *paths.migrations == *database.migrations.value)
    });
    let packed = || {
        let versioned = migrations.iter().filter(|m| m.is_versioned() && bundle.contains(&m.script));
        let migration = |m: &Migration| {
            Some(platform_compat::Migration {
                version: m.version.as_ref()?.to_string(),
                script: m.script.clone(),
            })
        };
        versioned.filter_map(migration).collect::<Vec<_>>()
    };
    let schema = |component: &platform_compat::Component| Schema {
        environment: environment.to_owned(),
        database: component.name.value.to_string(),
        migrations: packed(),
    };
    if bundle.is_empty() { Vec::new() } else { databases.map(schema).collect() }
}

/// Which overlays each component has.
pub(super) fn overlays(
    tree: &Tree,
    components: &[Component],
) -> Result<Vec<Overlays>, crate::failure::Failure> {
    let mut found = Vec::new();
    for component in components {
        let names = tree.overlay_names(std::slice::from_ref(component))?;
        if !names.is_empty() {
            found.push(Overlays {
                directory: component.manifests.join("overlays").display().to_string(),
                component: Some(component.name.clone()),
                overlays: names.into_iter().collect(),
            });
        }
    }
    Ok(found)
}

/// What components need of a schema in an environment.
pub(super) fn schema_needs(platform: &Platform, environment: EnvironmentId) -> Vec<SchemaNeed> {
    let needs =
        platform.dependencies().filter(|(.., dependency)| dependency.environments.contains(environment));
    needs
        .filter_map(|(consumer, _, dependency)| {
            let range = dependency.schema.as_ref()?.value.clone();
            let component = &platform[consumer];
            Some(SchemaNeed {
                selector: component
                    .workload
                    .selector
                    .iter()
                    .map(|(k, v)| (k.to_string(), v.to_string()))
                    .collect(),
                component: component.name.value.to_string(),
                need: range.as_str().to_owned(),
                accepts: Box::new(move |text| {
                    Version::parse(text, Scheme::Flyway, Suffix::Compare)
                        .is_ok_and(|version| range.contains(&version))
                }),
            })
        })
        .collect()
}
