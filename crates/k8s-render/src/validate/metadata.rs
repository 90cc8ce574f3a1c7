//! Names, namespaces, labels and annotations.

use super::format::{
    is_annotation_key, is_dns_label, is_dns_subdomain, is_label_key, is_label_value, is_service_label,
};
use super::report::{Report, Step};
use super::rules::{INVALID_LABEL, INVALID_NAME, INVALID_VALUE, NEEDLESS_NAMESPACE, NOT_AN_OBJECT};
use super::table::{self, Scope};
use super::version::KubeVersion;
use crate::inspect::Object;
use crate::yaml::Node;

/// Bytes of keys and values that all annotations of an object may have together.
const ANNOTATIONS: usize = 256 * 1024;

/// How the API server wants objects of a kind to be named.
#[derive(Clone, Copy)]
enum Form {
    Subdomain {
        most: usize,
    },
    Label,
    /// A label that begins with a letter.
    Service,
    /// One part of a URL.
    Path,
}

/// The first release that takes Services whose name begins with a digit.
const RELAXED_SERVICES: u16 = 36;

fn form(object: Object<'_>, version: KubeVersion) -> Form {
    match (object.group(), object.kind) {
        ("", "Service") if version.minor() < RELAXED_SERVICES => Form::Service,
        ("", "Service" | "Namespace") => Form::Label,
        ("rbac.authorization.k8s.io", _) => Form::Path,
        // What else is named after a group, a user, or by colons.
        ("certificates.k8s.io" | "flowcontrol.apiserver.k8s.io" | "internal.apiserver.k8s.io", _) => {
            Form::Path
        }
        // The controller appends eleven characters to the name.
        ("batch", "CronJob") => Form::Subdomain { most: 52 },
        _ => Form::Subdomain { most: 253 },
    }
}

pub(super) fn check(report: &mut Report<'_, '_>, version: KubeVersion) {
    let object = report.object;
    let (group, version_name) = object.api_version().rsplit_once('/').unwrap_or(("", object.api_version()));
    let known = table::get().kinds.get(&(group, version_name, object.kind));
    let is_cluster = known.is_some_and(|known| known.scope == Scope::Cluster);
    let Some(metadata) = object.node.get("metadata") else {
        return report.value(&NOT_AN_OBJECT, object.node, "there is no `metadata.name`".to_owned(), None);
    };
    report.below(Step::Key("metadata"), |report| {
        name(report, metadata, form(object, version));
        let namespace = metadata.get("namespace");
        if let Some(node) = namespace.filter(|node| is_cluster && !node.is_null()) {
            let message = format!("a {} belongs to no namespace", object.kind);
            report.value(&NEEDLESS_NAMESPACE, node, message, None);
        }
        if let Some((node, text)) = namespace.and_then(|node| Some((node, node.as_str()?)))
            && !text.is_empty()
            && !is_dns_label(text)
        {
            let message = format!("`{text}` cannot be a namespace");
            report.value(&INVALID_NAME, node, message, None);
        }
        labels(report, metadata, "labels");
        annotations(report, metadata);
    });
}

fn name(report: &mut Report<'_, '_>, metadata: &Node, form: Form) {
    let Some(node) = metadata.get("name").filter(|node| !node.is_null()) else {
        if metadata.get("generateName").is_none() {
            report.value(&NOT_AN_OBJECT, metadata, "there is no `metadata.name`".to_owned(), None);
        }
        return;
    };
    let Some(text) = node.as_str() else { return };
    let (fits, wanted) = match form {
        Form::Subdomain { most } => (
            text.len() <= most && is_dns_subdomain(text),
            format!("at most {most} lower case letters, digits, `-` and `.`"),
        ),
        Form::Label => (is_dns_label(text), "at most 63 lower case letters, digits and `-`".to_owned()),
        Form::Service => (
            is_service_label(text),
            "at most 63 lower case letters, digits and `-`, the first a letter".to_owned(),
        ),
        Form::Path => (
            !text.is_empty() && !matches!(text, "." | "..") && !text.contains(['/', '%']),
            "a text without `/` and `%`".to_owned(),
        ),
    };
    if !fits {
        let message = format!("`{text}` cannot be the name of a {}", report.object.kind);
        report.value(&INVALID_NAME, node, message, Some(format!("use {wanted}")));
    }
}

/// Holds a map of labels against their syntax.
pub(super) fn labels<'a>(report: &mut Report<'a, '_>, node: &'a Node, field: &'a str) {
    let Some(labels) = node.get(field) else { return };
    report.below(Step::Key(field), |report| {
        for (key, value) in labels.entries() {
            if !is_label_key(key) {
                report.key(&INVALID_LABEL, key, value, format!("`{key}` cannot be the key of a label"), None);
            }
            if let Some(text) = value.as_str().filter(|text| !is_label_value(text)) {
                let message = format!("`{text}` cannot be the value of the label `{key}`");
                report.below(Step::Key(key), |report| report.value(&INVALID_LABEL, value, message, None));
            }
        }
    });
}

fn annotations<'a>(report: &mut Report<'a, '_>, metadata: &'a Node) {
    let Some(annotations) = metadata.get("annotations") else { return };
    report.below(Step::Key("annotations"), |report| {
        let mut size = 0;
        for (key, value) in annotations.entries() {
            size += key.len() + value.as_str().map_or(0, str::len);
            if !is_annotation_key(key) {
                let message = format!("`{key}` cannot be the key of an annotation");
                report.key(&INVALID_LABEL, key, value, message, None);
            }
        }
        if size > ANNOTATIONS {
            let message = format!("the annotations have {size} bytes, more than {ANNOTATIONS}");
            report.value(
                &INVALID_VALUE,
                annotations,
                message,
                Some("move the data to a ConfigMap".to_owned()),
            );
        }
    });
}
