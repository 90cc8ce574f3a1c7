//! Whether a release serves the kind of an object at all.

use super::custom::{self, Kinds};
use super::lifecycle;
use super::report::{Report, nearest};
use super::rules::{API_DEPRECATED, API_NOT_YET, API_REMOVED, NO_SCHEMA, NOT_AN_OBJECT, UNKNOWN_KIND};
use super::schema::Schemas;
use super::table;
use crate::yaml::Node;

/// What is known of a kind.
pub(super) enum Known<'a> {
    BuiltIn(usize),
    Custom(custom::Version<'a>),
    Not,
}

/// Reports what keeps the document from being an object.
pub(super) fn identify(report: &mut Report<'_, '_>) -> bool {
    let object = report.object;
    let mut missing = Vec::new();
    if object.api_version().is_empty() {
        missing.push("apiVersion");
    }
    if object.kind.is_empty() {
        missing.push("kind");
    }
    if missing.is_empty() {
        return true;
    }
    let message = format!("the document has no {}", missing.join(" and no "));
    report.value(&NOT_AN_OBJECT, object.node, message, None);
    false
}

/// Finds the kind in the tables, and reports what is wrong with it.
pub(super) fn kind<'a>(report: &mut Report<'a, '_>, schemas: &Schemas, kinds: &Kinds<'a>) -> Known<'a> {
    let object = report.object;
    let (api_version, kind) = (object.api_version(), object.kind);
    let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
    if let Some(custom) = kinds.get(group, version, kind) {
        return defined(report, custom);
    }
    let minor = schemas.version().minor();
    let end = lifecycle::of(api_version, kind);
    if let Some(known) = schemas.kind((group, version, kind)) {
        if let Some(end) = end.filter(|end| end.deprecated <= minor) {
            let until = end.removed.map_or_else(String::new, |gone| format!(" and gone from 1.{gone} on"));
            let message = format!("`{api_version}` is deprecated since 1.{}{until}", end.deprecated);
            on_api_version(report, &API_DEPRECATED, message, instead(schemas, end.replacement, group, kind));
        }
        return Known::BuiltIn(known.definition);
    }
    let releases = table::get().kinds.get(&(group, version, kind)).map(|known| known.mask);
    let bit = table::get().bit(minor);
    // Bits of later releases are greater.
    let comes_later = releases.is_some_and(|mask| mask & (bit | (bit - 1)) == 0);
    if comes_later {
        let span = table::get().span(releases.unwrap_or(0));
        let message = format!("Kubernetes {} does not serve {kind} of `{api_version}`", schemas.version());
        on_api_version(report, &API_NOT_YET, message, Some(format!("it is served from {span}")));
    } else if let Some(removed) = end.and_then(|end| end.removed).filter(|removed| *removed <= minor) {
        let message = format!("{kind} of `{api_version}` is gone since 1.{removed}");
        let replacement = end.and_then(|end| end.replacement);
        on_api_version(report, &API_REMOVED, message, instead(schemas, replacement, group, kind));
    } else if let Some(mask) = releases {
        let message = format!(
            "Kubernetes {} no longer serves {kind} of `{api_version}`, only {}",
            schemas.version(),
            table::get().span(mask)
        );
        on_api_version(report, &API_REMOVED, message, instead(schemas, None, group, kind));
    } else if let Some(versions) = kinds.versions(group, kind) {
        let message = format!("{kind} of group `{group}` has no version `{version}`");
        on_api_version(report, &UNKNOWN_KIND, message, Some(format!("it is defined as {versions}")));
    } else if is_built_in(group) {
        unknown(report, schemas, group, version, kind);
    } else {
        let node = object.node.get("apiVersion").unwrap_or(object.node);
        let message = format!("no CustomResourceDefinition for {kind} of `{api_version}` is rendered");
        report.value(&NO_SCHEMA, node, message, None);
    }
    Known::Not
}

fn defined<'a>(report: &mut Report<'a, '_>, version: custom::Version<'a>) -> Known<'a> {
    let api_version = report.object.api_version();
    if !version.served {
        let message = format!("`{api_version}` is not served: its definition says `served: false`");
        on_api_version(report, &API_REMOVED, message, None);
    } else if version.deprecated {
        let message = format!("`{api_version}` is deprecated, as its definition says");
        on_api_version(report, &API_DEPRECATED, message, None);
    }
    Known::Custom(version)
}

fn is_built_in(group: &str) -> bool {
    let mut kinds = table::get().kinds.keys();
    kinds.any(|(known, ..)| *known == group) || matches!(group, "extensions" | "apiextensions.k8s.io")
}

fn unknown(report: &mut Report<'_, '_>, schemas: &Schemas, group: &str, version: &str, kind: &str) {
    let served = |name: &&table::Name<'static>| schemas.kind(**name).is_some();
    let mut names: Vec<_> = table::get().kinds.keys().filter(served).collect();
    names.sort_unstable();
    let message =
        format!("Kubernetes {} has no {kind} of `{}`", schemas.version(), report.object.api_version());
    let elsewhere: Vec<_> = names
        .iter()
        .filter(|(.., known)| *known == kind)
        .map(|(g, v, _)| format!("`{}`", joined(g, v)))
        .collect();
    let advice = if elsewhere.is_empty() {
        let of_group =
            names.iter().filter(|(g, v, _)| *g == group && *v == version).map(|(.., known)| *known);
        nearest(kind, of_group).map(|name| format!("did you mean `{name}`?"))
    } else {
        Some(format!("{kind} is served as {}", elsewhere.join(", ")))
    };
    on_api_version(report, &UNKNOWN_KIND, message, advice);
}

fn joined(group: &str, version: &str) -> String {
    if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") }
}

/// What to use instead: what Kubernetes names, else the newest version of the same kind that the release serves.
fn instead(schemas: &Schemas, named: Option<&str>, group: &str, kind: &str) -> Option<String> {
    if let Some((api, kind)) = named.and_then(|named| named.rsplit_once('/')) {
        return Some(format!("use {kind} of `{}`", api.trim_start_matches('/')));
    }
    // Of several versions the one without `alpha` and `beta` is the stablest.
    let candidates = table::get().kinds.keys().filter(|name| name.0 == group && name.2 == kind);
    let stable = candidates.filter(|name| schemas.kind(**name).is_some()).map(|name| name.1);
    let best = stable.min_by_key(|version| (version.len(), std::cmp::Reverse(*version)))?;
    Some(format!("use `{}`", joined(group, best)))
}

fn on_api_version(
    report: &mut Report<'_, '_>,
    rule: &'static crate::rule::Rule,
    message: String,
    advice: Option<String>,
) {
    let object: &Node = report.object.node;
    report.value(rule, object.get("apiVersion").unwrap_or(object), message, advice);
}
