//! Custom resources against the schemas of each `CustomResourceDefinition` that is rendered beside them.
//!
//! The schema is walked as it stands in the manifest. Rules in CEL (`x-kubernetes-validations`) are not evaluated.

use std::cell::RefCell;
use std::collections::HashMap;

use regex::Regex;

use super::report::{Report, Step, kind_of, nearest};
use super::rules::{INVALID_VALUE, MISSING_FIELD, UNKNOWN_FIELD};
use super::schema::{ListRule, Schemas};
use super::walk::{unique, wrong};
use super::{format, walk};
use crate::inspect::Object;
use crate::yaml::{Node, Value};

/// A version of a custom kind.
#[derive(Debug, Clone, Copy)]
pub(super) struct Version<'a> {
    /// Its schema, unless it takes anything.
    pub(super) schema: Option<&'a Node>,
    /// Whether the API server serves it.
    pub(super) served: bool,
    /// Whether its definition calls it deprecated.
    pub(super) deprecated: bool,
    /// Whether fields that the schema does not know are kept.
    preserve: bool,
}

/// The custom kinds that a render defines.
#[derive(Debug, Default)]
pub(super) struct Kinds<'a> {
    versions: HashMap<(&'a str, &'a str, &'a str), Version<'a>>,
    by_kind: HashMap<(&'a str, &'a str), Vec<&'a str>>,
}

impl<'a> Kinds<'a> {
    pub(super) fn read(objects: &[Object<'a>]) -> Self {
        let mut kinds = Self::default();
        for object in objects.iter().filter(|object| object.kind == "CustomResourceDefinition") {
            let Some(spec) = object.node.get("spec") else { continue };
            let text = |path: &[&str]| spec.at(path).and_then(Node::as_str);
            let (Some(group), Some(kind)) = (text(&["group"]), text(&["names", "kind"])) else { continue };
            let preserve = spec.get("preserveUnknownFields").and_then(Node::as_bool) == Some(true);
            let shared = spec.at(&["validation", "openAPIV3Schema"]);
            let mut add = |name: &'a str, schema: Option<&'a Node>, served, deprecated| {
                kinds.versions.insert((group, name, kind), Version { schema, served, deprecated, preserve });
                kinds.by_kind.entry((group, kind)).or_default().push(name);
            };
            let versions = spec.get("versions").map(Node::items).unwrap_or_default();
            for version in versions {
                let Some(name) = version.get("name").and_then(Node::as_str) else { continue };
                let flag = |key: &str| version.get(key).and_then(Node::as_bool);
                let schema = version.at(&["schema", "openAPIV3Schema"]).or(shared);
                add(name, schema, flag("served") != Some(false), flag("deprecated") == Some(true));
            }
            if let Some(name) = text(&["version"]).filter(|_| versions.is_empty()) {
                add(name, shared, true, false);
            }
        }
        kinds
    }

    pub(super) fn get(&self, group: &str, version: &str, kind: &str) -> Option<Version<'a>> {
        self.versions.get(&(group, version, kind)).copied()
    }

    /// The versions of a kind that is defined, for people.
    pub(super) fn versions(&self, group: &str, kind: &str) -> Option<String> {
        self.by_kind.get(&(group, kind)).map(|versions| versions.join(", "))
    }
}

/// Compiled patterns, each once.
#[derive(Debug, Default)]
pub(super) struct Patterns<'a> {
    compiled: RefCell<HashMap<&'a str, Option<Regex>>>,
}

impl<'a> Patterns<'a> {
    /// Whether the text matches; a pattern that is none matches everything.
    fn matches(&self, pattern: &'a str, text: &str) -> bool {
        let mut compiled = self.compiled.borrow_mut();
        let regex = compiled
            .entry(pattern)
            .or_insert_with(|| regex::RegexBuilder::new(pattern).size_limit(1 << 20).build().ok());
        regex.as_ref().is_none_or(|regex| regex.is_match(text))
    }
}

/// What a walk through custom resources needs.
#[derive(Clone, Copy)]
pub(super) struct Custom<'a, 's> {
    pub(super) schemas: &'s Schemas,
    pub(super) patterns: &'s Patterns<'a>,
}

/// Holds a custom resource against its version's schema.
pub(super) fn object<'a>(report: &mut Report<'a, '_>, custom: Custom<'a, '_>, version: Version<'a>) {
    let node = report.object.node;
    match version.schema {
        Some(schema) => custom.value(report, schema, node, Position::Root { preserve: version.preserve }),
        None => custom.metadata(report, node),
    }
}

/// What a value is besides what its schema says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Position {
    /// A whole object.
    Root {
        preserve: bool,
    },
    Inside,
}

fn flag(schema: &Node, key: &str) -> bool {
    schema.get(key).and_then(Node::as_bool) == Some(true)
}

fn number(node: &Node) -> Option<f64> {
    match &node.value {
        Value::Number(text) => text.parse().ok(),
        _ => None,
    }
}

impl<'a> Custom<'a, '_> {
    fn metadata(&self, report: &mut Report<'a, '_>, node: &'a Node) {
        if let (Some(metadata), Some(definition)) = (node.get("metadata"), self.schemas.metadata()) {
            report.below(Step::Key("metadata"), |report| {
                walk::fields(report, self.schemas, definition, metadata, &[]);
            });
        }
    }

    fn value(&self, report: &mut Report<'a, '_>, schema: &'a Node, node: &'a Node, position: Position) {
        if node.is_null() {
            // With a default the API server takes the default instead.
            if !flag(schema, "nullable") && schema.get("default").is_none() {
                wrong(report, node, expected(schema));
            }
            return;
        }
        if flag(schema, "x-kubernetes-int-or-string") {
            if !matches!(node.value, Value::String(_)) && node.as_i64().is_none() {
                wrong(report, node, "a whole number or text");
                return;
            }
        } else if !has_type(schema, node) {
            wrong(report, node, expected(schema));
            return;
        }
        self.constraints(report, schema, node);
        match &node.value {
            Value::Mapping(_) => self.fields(report, schema, node, position),
            Value::Sequence(items) => {
                if let Some(of) = schema.get("items") {
                    for (at, item) in items.iter().enumerate() {
                        report.below(Step::At(at), |report| self.value(report, of, item, Position::Inside));
                    }
                }
                match schema.get("x-kubernetes-list-type").and_then(Node::as_str) {
                    Some("set") => unique(report, &ListRule::Set, items),
                    Some("map") => {
                        let keys =
                            schema.get("x-kubernetes-list-map-keys").map(Node::items).unwrap_or_default();
                        let keys = keys.iter().filter_map(Node::as_str).collect();
                        unique(report, &ListRule::Keys(keys), items);
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }

    fn fields(&self, report: &mut Report<'a, '_>, schema: &'a Node, node: &'a Node, position: Position) {
        let whole = position != Position::Inside || flag(schema, "x-kubernetes-embedded-resource");
        let preserve = flag(schema, "x-kubernetes-preserve-unknown-fields")
            || position == (Position::Root { preserve: true });
        let properties = schema.get("properties");
        let additional = schema.get("additionalProperties");
        if whole {
            self.metadata(report, node);
        }
        for (key, child) in node.entries() {
            if whole && matches!(key, "apiVersion" | "kind" | "metadata") {
                continue;
            }
            let known = properties.and_then(|properties| properties.get(key));
            match (known, additional.map(|additional| &additional.value)) {
                (Some(of), _) => {
                    report.below(Step::Key(key), |report| self.value(report, of, child, Position::Inside));
                }
                (None, Some(Value::Bool(true))) => {}
                (None, Some(Value::Mapping(_))) => {
                    if let Some(of) = additional {
                        report
                            .below(Step::Key(key), |report| self.value(report, of, child, Position::Inside));
                    }
                }
                // SOPS adds its own key to an encrypted document.
                _ if preserve || position != Position::Inside && key == "sops" => {}
                _ => {
                    let names = || properties.into_iter().flat_map(Node::entries).map(|(name, _)| name);
                    let message = format!("there is no field `{}`", report.field(key));
                    let advice = match nearest(key, names()) {
                        Some(name) => format!("did you mean `{name}`?"),
                        None => {
                            format!(
                                "remove it; the fields known here are {}",
                                names().collect::<Vec<_>>().join(", ")
                            )
                        }
                    };
                    report.key(&UNKNOWN_FIELD, key, child, message, Some(advice));
                }
            }
        }
        for name in
            schema.get("required").map(Node::items).unwrap_or_default().iter().filter_map(Node::as_str)
        {
            let defaulted = properties.and_then(|known| known.at(&[name, "default"])).is_some();
            if node.get(name).is_none() && !defaulted {
                let message = format!("`{}` is missing", report.field(name));
                report.value(&MISSING_FIELD, node, message, Some(format!("add `{name}`")));
            }
        }
    }

    /// What is said of the value itself, and the logical combinations, which say nothing of fields.
    fn constraints(&self, report: &mut Report<'a, '_>, schema: &'a Node, node: &'a Node) {
        if let Some(problem) = self.violated(schema, node) {
            let here = report.here();
            let message = format!("`{here}` {problem}");
            report.value(&INVALID_VALUE, node, message, Some("see the CustomResourceDefinition".to_owned()));
        }
        let all = |key: &str| schema.get(key).map(Node::items).unwrap_or_default();
        let holding =
            |branches: &'a [Node]| branches.iter().filter(|branch| self.holds(branch, node)).count();
        let (any, one) = (all("anyOf"), all("oneOf"));
        let problem = if all("allOf").iter().any(|branch| !self.holds(branch, node)) {
            "does not satisfy `allOf` of its schema"
        } else if !any.is_empty() && holding(any) == 0 {
            "satisfies no alternative of `anyOf` of its schema"
        } else if !one.is_empty() && holding(one) != 1 {
            "must satisfy exactly one alternative of `oneOf` of its schema"
        } else if schema.get("not").is_some_and(|branch| self.holds(branch, node)) {
            "is what `not` of its schema excludes"
        } else {
            return;
        };
        let here = report.here();
        let what = if here.is_empty() { "the object".to_owned() } else { format!("`{here}`") };
        report.value(
            &INVALID_VALUE,
            node,
            format!("{what} {problem}"),
            Some("see the CustomResourceDefinition".to_owned()),
        );
    }

    /// Whether a value satisfies a branch of a logical combination.
    fn holds(&self, schema: &'a Node, node: &'a Node) -> bool {
        let all = |key: &str| schema.get(key).map(Node::items).unwrap_or_default();
        let (any, one) = (all("anyOf"), all("oneOf"));
        has_type(schema, node)
            && self.violated(schema, node).is_none()
            && all("required").iter().filter_map(Node::as_str).all(|name| node.get(name).is_some())
            && schema
                .get("properties")
                .into_iter()
                .flat_map(Node::entries)
                .all(|(name, of)| node.get(name).is_none_or(|child| self.holds(of, child)))
            && schema.get("items").is_none_or(|of| node.items().iter().all(|item| self.holds(of, item)))
            && all("allOf").iter().all(|branch| self.holds(branch, node))
            && (any.is_empty() || any.iter().any(|branch| self.holds(branch, node)))
            && (one.is_empty() || one.iter().filter(|branch| self.holds(branch, node)).count() == 1)
            && schema.get("not").is_none_or(|branch| !self.holds(branch, node))
    }

    /// What the value violates of the simple rules.
    fn violated(&self, schema: &'a Node, node: &'a Node) -> Option<String> {
        let limit = |key: &str| schema.get(key).and_then(number);
        if let Some(values) = schema.get("enum").map(Node::items)
            && !values.contains(node)
        {
            let known: Vec<_> = values.iter().filter_map(Node::scalar_text).collect();
            return Some(format!("must be one of {}", known.join(", ")));
        }
        match &node.value {
            Value::String(text) => {
                #[expect(clippy::cast_precision_loss, reason = "lengths of manifests are far below 2^52")]
                let length = text.chars().count() as f64;
                if limit("minLength").is_some_and(|least| length < least) {
                    return Some(format!("must have at least {} characters", limit("minLength")?));
                }
                if limit("maxLength").is_some_and(|most| length > most) {
                    return Some(format!("must have at most {} characters", limit("maxLength")?));
                }
                if let Some(pattern) = schema.get("pattern").and_then(Node::as_str)
                    && !self.patterns.matches(pattern, text)
                {
                    return Some(format!("is `{text}`, which does not match `{pattern}`"));
                }
                let format = schema.get("format").and_then(Node::as_str)?;
                (!has_format(format, text)).then(|| format!("is `{text}`, which is no {format}"))
            }
            Value::Number(text) => {
                let value = number(node)?;
                let exclusive = |key: &str| flag(schema, key);
                if let Some(least) = limit("minimum")
                    && (value < least || value <= least && exclusive("exclusiveMinimum"))
                {
                    return Some(format!("is {text}, less than {least} or no more than it"));
                }
                if let Some(most) = limit("maximum")
                    && (value > most || value >= most && exclusive("exclusiveMaximum"))
                {
                    return Some(format!("is {text}, more than {most} or no less than it"));
                }
                if let Some(step) = limit("multipleOf").filter(|step| *step != 0.0)
                    && (value / step).fract() != 0.0
                {
                    return Some(format!("is {text}, no multiple of {step}"));
                }
                let is_int32 = schema.get("format").and_then(Node::as_str) == Some("int32");
                let fits = node.as_i64().is_some_and(|whole| i32::try_from(whole).is_ok());
                (is_int32 && !fits).then(|| format!("is {text}, which does not fit 32 bits"))
            }
            Value::Sequence(items) => counted(items.len(), limit("minItems"), limit("maxItems"), "items"),
            Value::Mapping(entries) => {
                counted(entries.len(), limit("minProperties"), limit("maxProperties"), "entries")
            }
            Value::Null | Value::Bool(_) => None,
        }
    }
}

fn counted(count: usize, least: Option<f64>, most: Option<f64>, what: &str) -> Option<String> {
    #[expect(clippy::cast_precision_loss, reason = "counts of manifests are far below 2^52")]
    let number = count as f64;
    if let Some(least) = least.filter(|least| number < *least) {
        return Some(format!("has {count} {what}, fewer than {least}"));
    }
    let most = most.filter(|most| number > *most)?;
    Some(format!("has {count} {what}, more than {most}"))
}

/// Whether the value has the type that the schema wants, if it wants one.
fn has_type(schema: &Node, node: &Node) -> bool {
    match schema.get("type").and_then(Node::as_str) {
        None => true,
        Some("object") => matches!(node.value, Value::Mapping(_)),
        Some("array") => matches!(node.value, Value::Sequence(_)),
        Some("string") => matches!(node.value, Value::String(_)),
        Some("boolean") => matches!(node.value, Value::Bool(_)),
        Some("number") => matches!(node.value, Value::Number(_)),
        Some("integer") => number(node).is_some_and(|value| value.fract() == 0.0),
        Some(_) => kind_of(node) == "empty",
    }
}

fn expected(schema: &Node) -> &'static str {
    match schema.get("type").and_then(Node::as_str) {
        Some("object") => "a map",
        Some("array") => "a list",
        Some("string") => "text",
        Some("boolean") => "a boolean",
        Some("number") => "a number",
        Some("integer") => "a whole number",
        _ => "a value",
    }
}

/// The formats that the API server checks and that are told apart here; others count as fulfilled.
fn has_format(format: &str, text: &str) -> bool {
    match format {
        "date-time" => format::is_time(text),
        "date" => format::is_time(&format!("{text}T00:00:00Z")),
        "byte" => format::is_base64(text),
        "ipv4" => text.parse::<std::net::Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<std::net::Ipv6Addr>().is_ok(),
        "uuid" => {
            let parts: Vec<_> = text.split('-').map(str::len).collect();
            matches!(*parts, [8, 4, 4, 4, 12] | [32])
                && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
        }
        _ => true,
    }
}
