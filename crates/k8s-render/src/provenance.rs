//! `buildMetadata`: annotations that say which file an object came from and which transformers changed it.

use std::path::Path;

use crate::kustomization::Kustomization;
use crate::object::{Object, Previous};
use crate::outside::Repository;
use crate::plugin::Plugin;

const ORIGIN: &str = "config.kubernetes.io/origin";
const TRANSFORMATIONS: &str = "alpha.config.kubernetes.io/transformations";

/// Kustomize's own mark of an object whose name gets a hash.
pub(crate) const HASHED: &str = "internal.config.kubernetes.io/needsHashSuffix";

/// Annotations that kustomize uses for itself and never prints.
const INTERNAL: [&str; 16] = [
    "internal.config.kubernetes.io/previousKinds",
    "internal.config.kubernetes.io/previousNames",
    "internal.config.kubernetes.io/previousNamespaces",
    "internal.config.kubernetes.io/prefixes",
    "internal.config.kubernetes.io/suffixes",
    "internal.config.kubernetes.io/allowNameChange",
    "internal.config.kubernetes.io/allowKindChange",
    "internal.config.kubernetes.io/refBy",
    "internal.config.kubernetes.io/generatorBehavior",
    HASHED,
    "internal.config.kubernetes.io/path",
    "internal.config.kubernetes.io/index",
    "internal.config.kubernetes.io/seqindent",
    "config.kubernetes.io/path",
    "config.kubernetes.io/index",
    "config.k8s.io/id",
];

/// Whether an annotation is one of kustomize's own.
pub(crate) fn is_internal(key: &str) -> bool {
    INTERNAL.contains(&key)
}

/// Takes up the history that kustomize's own annotations carry, in the output of other tools.
pub(crate) fn restore_history(object: &mut Object) {
    let list = |key: &str| -> Vec<String> {
        let key = format!("internal.config.kubernetes.io/{key}");
        let value = object.metadata_texts("annotations").find(|(own, _)| *own == key);
        value.map(|(_, value)| value.split(',').map(str::to_owned).collect()).unwrap_or_default()
    };
    let (names, namespaces, kinds) =
        (list("previousNames"), list("previousNamespaces"), list("previousKinds"));
    let (prefixes, suffixes) = (list("prefixes"), list("suffixes"));
    if names.len() == namespaces.len() && names.len() == kinds.len() {
        let parts = names.into_iter().zip(namespaces).zip(kinds);
        object.previous = parts.map(|((name, namespace), kind)| Previous { kind, name, namespace }).collect();
    }
    object.prefixes = prefixes;
    object.suffixes = suffixes;
}

/// Writes the history down as kustomize does, for a kustomize that reads it from the output of this program.
pub(crate) fn save_history(object: &mut Object) {
    let list = |part: fn(&Previous) -> &String| {
        object.previous.iter().map(|previous| part(previous).as_str()).collect::<Vec<_>>().join(",")
    };
    let lists = [
        ("previousKinds", list(|previous| &previous.kind)),
        ("previousNames", list(|previous| &previous.name)),
        ("previousNamespaces", list(|previous| &previous.namespace)),
    ];
    for (key, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
        object.annotate(&format!("internal.config.kubernetes.io/{key}"), &list);
    }
}

/// What the root asks to note, and how a layer is reached from it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Provenance {
    tracked: bool,
    keep_origins: bool,
    keep_transformations: bool,
    path: String,
    /// The lines that name a remote repository.
    repository: String,
}

/// Who made or changed an object.
#[derive(Debug, Clone)]
pub(crate) struct Mark {
    repository: String,
    configured_in: String,
    api_version: String,
    kind: String,
    name: String,
    namespace: String,
}

impl Mark {
    /// The mark of a plugin that has a file or text of its own.
    pub(crate) fn of_plugin(plugin: &Plugin) -> Option<Self> {
        let origin = origin_of(&plugin.object)?;
        let (path, repository) = origin.split_once('\n').unwrap_or((&origin, ""));
        Some(Self {
            repository: repository.to_owned(),
            configured_in: path.strip_prefix("path: ").unwrap_or_default().to_owned(),
            api_version: plugin.object.api_version().to_owned(),
            kind: plugin.object.kind().to_owned(),
            name: plugin.object.name().to_owned(),
            namespace: plugin.object.namespace().to_owned(),
        })
    }

    fn text(&self) -> String {
        let mut text = format!("{}configuredIn: {}\nconfiguredBy:\n", self.repository, self.configured_in);
        for (key, value) in [
            ("apiVersion", &self.api_version),
            ("kind", &self.kind),
            ("name", &self.name),
            ("namespace", &self.namespace),
        ] {
            if !value.is_empty() {
                text.extend(["  ", key, ": ", value, "\n"]);
            }
        }
        text
    }

    /// Notes a change; an object of unknown origin counts as made by it.
    pub(crate) fn mark(&self, object: &mut Object) {
        let annotation = |key: &str| {
            object
                .metadata_texts("annotations")
                .find(|(own, _)| *own == key)
                .map(|(_, value)| value.to_owned())
        };
        if annotation(ORIGIN).is_none() {
            return object.annotate(ORIGIN, &self.text());
        }
        let before = annotation(TRANSFORMATIONS).unwrap_or_default();
        let item = self.text().trim_end().replace('\n', "\n  ");
        object.annotate(TRANSFORMATIONS, &format!("{before}- {item}\n"));
    }
}

/// The origin annotation of an object, when it has one.
pub(crate) fn origin_of(object: &Object) -> Option<String> {
    object.metadata_texts("annotations").find(|(key, _)| *key == ORIGIN).map(|(_, value)| value.to_owned())
}

/// Sets the origin annotation.
pub(crate) fn set_origin(object: &mut Object, origin: &str) {
    object.annotate(ORIGIN, origin);
}

fn join(base: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in base.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let root = if Path::new(path).is_absolute() && base.is_empty() { "/" } else { "" };
    format!("{root}{}", parts.join("/"))
}

impl Provenance {
    /// What the root's `buildMetadata` asks for.
    pub(crate) fn new(kustomization: &Kustomization) -> Self {
        let asks = |option: &str| kustomization.build_metadata.iter().any(|asked| asked.text == option);
        Self {
            tracked: !kustomization.build_metadata.is_empty(),
            keep_origins: asks("originAnnotations"),
            keep_transformations: asks("transformerAnnotations"),
            path: String::new(),
            repository: String::new(),
        }
    }

    /// The same for a directory that this layer names.
    pub(crate) fn below(&self, path: &str) -> Self {
        let Some(remote) = Repository::parse(path) else {
            return Self { path: join(&self.path, path), ..self.clone() };
        };
        let mut repository = format!("repo: {}\n", remote.url);
        if !remote.revision.is_empty() {
            repository += &format!("ref: {}\n", remote.revision);
        }
        // Kustomize's own word for the root of a repository that it has not cloned.
        let path = if remote.path.is_empty() { "notCloned".to_owned() } else { remote.path };
        Self { path, repository, ..self.clone() }
    }

    /// Whether an annotation of this key is printed.
    pub(crate) fn keeps(&self, key: &str) -> bool {
        match key {
            ORIGIN => self.keep_origins,
            TRANSFORMATIONS => self.keep_transformations,
            _ => true,
        }
    }

    /// Notes the file an object was read from.
    pub(crate) fn mark_file(&self, object: &mut Object, path: &str) {
        if self.tracked {
            object.annotate(ORIGIN, &format!("path: {}\n{}", join(&self.path, path), self.repository));
        }
    }

    /// Notes the field or plugin that made an object.
    pub(crate) fn mark_generated(
        &self,
        object: &mut Object,
        file: &str,
        kind: &str,
        plugin: Option<&Plugin>,
    ) {
        let mark = match plugin {
            Some(plugin) => Mark::of_plugin(plugin),
            None => self.of_field(file, kind),
        };
        if let Some(mark) = mark {
            object.annotate(ORIGIN, &mark.text());
        }
    }

    /// The mark of a transformer that a field of the kustomization file asks for.
    pub(crate) fn of_field(&self, file: &str, kind: &str) -> Option<Mark> {
        self.tracked.then(|| Mark {
            repository: self.repository.clone(),
            configured_in: join(&self.path, file),
            api_version: "builtin".to_owned(),
            kind: kind.to_owned(),
            name: String::new(),
            namespace: String::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::join;

    #[test]
    fn paths_join() {
        assert_eq!(join("", "../base"), "../base");
        assert_eq!(join("../base", "x/./y.yaml"), "../base/x/y.yaml");
        assert_eq!(join("../base", "../other"), "../other");
        assert_eq!(join("..", "../a"), "../../a");
    }
}
