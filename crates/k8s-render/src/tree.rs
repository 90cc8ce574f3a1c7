//! A render as a directory with one file per object.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::{Gvk, effective_namespace};
use crate::resource::Resource;
use crate::yaml::emit;

/// Two objects, or one with an impossible name, for which there is no file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoFile {
    /// The name that a file would have.
    pub file: String,
    /// Where in the list the object stands.
    pub at: usize,
}

/// The files of `kustomize build --output`: `GROUP_VERSION_KIND_NAME.yaml` in small letters, behind the namespace where the
/// objects are in several.
///
/// # Errors
/// When two objects would have one file, or a name holds a slash; kustomize lets one overwrite the other.
pub fn files(resources: &[Resource]) -> Result<BTreeMap<String, String>, NoFile> {
    let namespace = |resource: &Resource| {
        let gvk = Gvk::new(resource.api_version(), resource.kind());
        (!gvk.is_cluster_scoped()).then(|| effective_namespace(&gvk, resource.namespace()).to_owned())
    };
    let namespaces: BTreeSet<String> = resources.iter().filter_map(namespace).collect();
    let mut files = BTreeMap::new();
    for (at, resource) in resources.iter().enumerate() {
        let (group, version) = crate::id::split_api_version(resource.api_version());
        let within = namespace(resource).filter(|_| namespaces.len() > 1);
        let parts = [within.as_deref().unwrap_or_default(), group, version, resource.kind(), resource.name()];
        let parts: Vec<String> =
            parts.into_iter().filter(|part| !part.is_empty()).map(str::to_lowercase).collect();
        let file = format!("{}.yaml", parts.join("_"));
        if file.contains(['/', '\\', '\0']) || files.contains_key(&file) {
            return Err(NoFile { file, at });
        }
        files.insert(file, emit(&resource.node));
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(objects: &[(&str, &str, &str, &str)]) -> Result<Vec<String>, String> {
        let resources: Vec<Resource> = objects
            .iter()
            .map(|(api_version, kind, namespace, name)| {
                let text = format!(
                    "apiVersion: {api_version}\nkind: {kind}\nmetadata:\n  name: {name}\n  namespace: '{namespace}'\n"
                );
                let source = crate::Source::new("x", text.into());
                Resource { node: crate::yaml::parse(&source).0.remove(0) }
            })
            .collect();
        files(&resources).map(|files| files.into_keys().collect()).map_err(|none| none.file)
    }

    #[test]
    fn names_are_those_of_kustomize() {
        let service = ("v1", "Service", "", "Web");
        let role = ("rbac.authorization.k8s.io/v1", "ClusterRole", "", "system:x");
        assert_eq!(
            named(&[service, role]).unwrap(),
            ["rbac.authorization.k8s.io_v1_clusterrole_system:x.yaml", "v1_service_web.yaml"]
        );
        assert_eq!(
            named(&[service, ("apps/v1", "Deployment", "shop", "web"), role]).unwrap(),
            [
                "default_v1_service_web.yaml",
                "rbac.authorization.k8s.io_v1_clusterrole_system:x.yaml",
                "shop_apps_v1_deployment_web.yaml"
            ]
        );
    }

    #[test]
    fn no_object_overwrites_another_or_leaves_the_directory() {
        let service = |name| ("v1", "Service", "", name);
        assert_eq!(named(&[service("a"), service("A")]), Err("v1_service_a.yaml".to_owned()));
        assert_eq!(named(&[service("../a")]), Err("v1_service_../a.yaml".to_owned()));
    }
}
