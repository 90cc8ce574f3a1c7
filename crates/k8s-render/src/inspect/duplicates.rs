//! `k8s/duplicate-object`

use std::collections::HashMap;

use super::{Facts, Finding, Place, Sources};

/// Objects of one group, kind, namespace and name; the version does not tell objects apart.
pub(super) fn check(facts: &Facts<'_>, sources: Sources<'_>, findings: &mut Vec<Finding>) {
    let mut seen = HashMap::with_capacity(facts.objects.len());
    for object in facts.objects.iter().filter(|object| !object.name().is_empty()) {
        let id = (object.group(), object.kind, object.namespace(), object.name());
        let Some(first) = seen.insert(id, object) else { continue };
        let Place { src, span } = sources.place(first.node, first.node);
        let first = vec![Finding::FirstObject { object: object.to_string(), src, span }];
        let Place { src, span } = sources.place(object.node, object.node);
        findings.push(Finding::DuplicateObject { object: object.to_string(), src, span, first });
    }
}
