//! One environment: rendered, judged by itself, and held against the platform and the migrations.

use k8s_render::Resource;
use k8s_render::inspect::{Facts, Sources};
use k8s_render::lint::lint;
use k8s_render::rule::Rule;
use k8s_render::validate::{KubeVersion, Schemas, validate};
use migrate_core::Migration;
use platform_compat::{Platform, Schema, Workload};

use super::area::{Area, Stopwatch};
use super::{Environment, cross, network, platform};
use crate::failure::Failure;
use crate::manifests::{self, Texts};
use crate::tree::Tree;

/// What one environment came to.
pub(super) struct Checked {
    pub(super) name: String,
    pub(super) manifests: Area,
    pub(super) network: Area,
    /// Whether every component rendered; only then is anything concluded from what is not there.
    pub(super) complete: bool,
    pub(super) schemas: Vec<Schema>,
    pub(super) workloads: Vec<Workload>,
}

/// Renders and checks an environment.
pub(super) fn check(
    tree: &Tree,
    environment: &Environment,
    platform: Option<&Platform>,
    migrations: &[Migration],
) -> Result<Checked, Failure> {
    let watch = Stopwatch::start();
    let name = environment.name.clone();
    let rendered = manifests::environment(tree, &name, platform)?;
    let complete = rendered.complete;
    let resources: Vec<Resource> =
        rendered.components.into_iter().flat_map(|component| component.resources).collect();
    let texts = Texts::of(tree.root.clone());
    let text = |file: &str| texts.get(file);
    let sources = Sources::new(&text);
    let facts = Facts::read(&resources);

    let mut area = Area::new("manifests");
    area.count(format!("{name} object"), resources.len());
    area.extend(rendered.findings);
    let mut network_area = Area::new("network");
    let (mut schemas, mut workloads) = (Vec::new(), Vec::new());
    if complete {
        let declared = platform.and_then(|platform| manifests::kubernetes(platform, &name));
        let version = declared.as_deref().and_then(KubeVersion::nearest).unwrap_or_else(KubeVersion::newest);
        area.extend(validate(&facts, &Schemas::new(version), sources));
        let configuration = &tree.configuration;
        let wanted = |rule: &Rule| configuration.rules.contains_key(rule.code);
        let report = lint(&facts, sources, &wanted, &configuration.manifest_waivers());
        area.extend(report.inspected);
        area.extend(report.found);
        let needs = platform
            .zip(environment.declared)
            .map(|(p, id)| platform::schema_needs(p, id))
            .unwrap_or_default();
        area.extend(cross::check(&name, &facts, sources, migrations, &needs));
        if let Some(platform) = platform {
            let bundle = cross::bundle(&facts);
            schemas = platform::schemas(tree, platform, &name, &bundle, migrations);
            workloads = platform::workloads(&name, &facts, sources);
        }
        area.took(&watch);
        let watch = Stopwatch::start();
        let declared = platform.zip(environment.declared);
        let (edges, findings) = network::check(&facts, sources, declared);
        let exact = declared.is_some() && findings.is_empty();
        network_area.count(format!("{name} edge"), edges);
        network_area.extend(findings);
        if exact && edges == 0 {
            network_area.remark("nothing declared");
        }
        network_area.took(&watch);
    } else {
        area.took(&watch);
        network_area.skip(format!("{name} not checked"));
    }
    Ok(Checked { name, manifests: area, network: network_area, complete, schemas, workloads })
}
