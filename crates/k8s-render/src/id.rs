//! How kustomize identifies objects: group, version, kind, name and effective namespace.

use std::fmt;

use crate::schema;

/// The namespace that all cluster scoped objects share.
const CLUSTER: &str = "_non_namespaceable_";
/// The namespace of objects that name none.
const DEFAULT: &str = "default";

/// Group, version and kind; in a selector an empty part stands for any.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Gvk {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
}

impl Gvk {
    pub(crate) fn new(api_version: &str, kind: &str) -> Self {
        let (group, version) = split_api_version(api_version);
        Self { group: group.to_owned(), version: version.to_owned(), kind: kind.to_owned() }
    }

    /// Whether an object of this type is meant by `selector`.
    pub(crate) fn is_selected(&self, selector: &Gvk) -> bool {
        let fits = |own: &str, wanted: &str| wanted.is_empty() || own == wanted;
        fits(&self.group, &selector.group)
            && fits(&self.version, &selector.version)
            && fits(&self.kind, &selector.kind)
    }

    pub(crate) fn is_cluster_scoped(&self) -> bool {
        schema::is_cluster_scoped(&self.group, &self.version, &self.kind)
    }
}

impl fmt::Display for Gvk {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or = |text: &str, other: &str| if text.is_empty() { other.to_owned() } else { text.to_owned() };
        write!(
            out,
            "{}.{}.{}",
            or(&self.kind, "[noKind]"),
            or(&self.version, "[noVer]"),
            or(&self.group, "[noGrp]")
        )
    }
}

/// Group and version of an `apiVersion`; the core group is empty.
pub(crate) fn split_api_version(api_version: &str) -> (&str, &str) {
    api_version.split_once('/').unwrap_or(("", api_version))
}

/// The identity of an object, as it is now or as it was before a change.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Id {
    pub(crate) gvk: Gvk,
    pub(crate) name: String,
    pub(crate) namespace: String,
}

impl Id {
    pub(crate) fn effective_namespace(&self) -> &str {
        effective_namespace(&self.gvk, &self.namespace)
    }

    pub(crate) fn same_namespace(&self, other: &Id) -> bool {
        self.effective_namespace() == other.effective_namespace()
    }

    /// Equal but for the way the default namespace is written.
    pub(crate) fn equals(&self, other: &Id) -> bool {
        self.name == other.name && self.gvk == other.gvk && self.same_namespace(other)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.name.is_empty() { "[noName]" } else { &self.name };
        let namespace = if self.namespace.is_empty() { "[noNs]" } else { &self.namespace };
        write!(out, "{}/{name}.{namespace}", self.gvk)
    }
}

/// The namespace that counts for comparing: one for all cluster scoped types, `default` for none.
pub(crate) fn effective_namespace<'a>(gvk: &Gvk, namespace: &'a str) -> &'a str {
    if gvk.is_cluster_scoped() {
        CLUSTER
    } else if namespace.is_empty() {
        DEFAULT
    } else {
        namespace
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(api_version: &str, kind: &str, namespace: &str) -> Id {
        Id { gvk: Gvk::new(api_version, kind), name: "n".into(), namespace: namespace.into() }
    }

    #[test]
    fn namespaces_count_by_their_effect() {
        assert!(id("v1", "Secret", "").equals(&id("v1", "Secret", "default")));
        assert!(!id("v1", "Secret", "a").equals(&id("v1", "Secret", "b")));
        assert!(id("v1", "Namespace", "a").equals(&id("v1", "Namespace", "b")));
        assert!(!id("example.com/v1", "Namespace", "a").equals(&id("example.com/v1", "Namespace", "b")));
        assert_eq!(id("apps/v1", "Deployment", "").to_string(), "Deployment.v1.apps/n.[noNs]");
    }

    #[test]
    fn selectors_leave_parts_open() {
        let deployment = Gvk::new("apps/v1", "Deployment");
        assert!(deployment.is_selected(&Gvk::default()));
        assert!(deployment.is_selected(&Gvk { kind: "Deployment".into(), ..Gvk::default() }));
        assert!(!deployment.is_selected(&Gvk { group: "batch".into(), ..Gvk::default() }));
    }
}
