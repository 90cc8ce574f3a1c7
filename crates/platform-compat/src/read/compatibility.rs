//! compatibility.yaml.

use std::{collections::HashMap, sync::Arc};

use miette::Severity;

use super::{
    component::api,
    document::{header, schema, served},
    names::{Names, version},
};
use crate::{
    check::RULES,
    compatibility::{
        ApiEnd, Compatibility, Condition, Constraint, DeclaredCycle, Exclusion, KnownBad, Order, Part, Pin,
        Release, Rule, SchemaPhase, SchemaStep, Side, Support,
    },
    date::Date,
    decode::{Decoder, Fields},
    finding::Finding,
    findings::Findings,
    model::{Api, ComponentId, EnvironmentId},
    place::{Place, Spanned, Text},
    platform::Platform,
    range::Range,
    shape,
    version::{Scheme, Suffix, Version},
    yaml::{Node, Value},
};

pub(crate) const SEVERITIES: [(&str, Severity); 3] =
    [("error", Severity::Error), ("warning", Severity::Warning), ("info", Severity::Advice)];
pub(crate) const UNITS: [(&str, usize); 3] = [("major", 0), ("minor", 1), ("patch", 2)];
pub(crate) const PHASES: [(&str, SchemaPhase); 3] =
    [("expand", SchemaPhase::Expand), ("contract", SchemaPhase::Contract), ("neutral", SchemaPhase::Neutral)];

/// Reads the trees of the files of rules against a platform.
pub(crate) fn compatibility(
    trees: &[Node<'_>],
    platform: &Platform,
    findings: &mut Findings,
) -> Compatibility {
    let environments: HashMap<Arc<str>, EnvironmentId> =
        platform.environment_ids().map(|id| (platform[id].name.value.clone(), id)).collect();
    let decoder = Decoder::new(findings);
    let mut reader = Reader { decoder, names: Names::new(&environments), platform, ids: HashMap::new() };
    let mut all = Compatibility::default();
    for root in trees {
        all.extend(reader.document(root).unwrap_or_default());
    }
    all
}

struct Reader<'f, 'p> {
    decoder: Decoder<'f>,
    names: Names<'p>,
    platform: &'p Platform,
    /// Names of rules that were met, with their places.
    ids: HashMap<Arc<str>, Place>,
}

impl Reader<'_, '_> {
    fn document(&mut self, root: &Node<'_>) -> Option<Compatibility> {
        let fields = self.decoder.fields(root, &shape::COMPATIBILITY)?;
        header(&mut self.decoder, &fields, "Compatibility");
        self.decoder.optional(&fields, "metadata", |decoder, node| decoder.fields(node, &shape::LABELLED));
        // Without a platform every reference would be unknown, and its file has findings already.
        if self.platform.components.is_empty() {
            return None;
        }
        Some(Compatibility {
            constraints: self.each(&fields, "constraints", Self::constraint),
            known_bad: self.each(&fields, "known_bad", Self::known_bad),
            apis: self.each(&fields, "apis", Self::api_end),
            pins: self.each(&fields, "pins", Self::pin),
            exclusions: self.each(&fields, "exclusions", Self::exclusion),
            order: self.each(&fields, "order", Self::order),
            cycles: self.each(&fields, "cycles", Self::cycle),
            schema: self.each(&fields, "schema", Self::schema_steps).into_iter().flatten().collect(),
            support: self.each(&fields, "support", Self::support),
            releases: self.releases(&fields),
        })
    }

    /// The elements of a list.
    fn each<T>(
        &mut self,
        fields: &Fields<'_, '_>,
        key: &'static str,
        mut read: impl FnMut(&mut Self, &Node<'_>) -> Option<T>,
    ) -> Vec<T> {
        match fields.get(key) {
            None => Vec::new(),
            Some(Node { value: Value::Sequence(items), .. }) => {
                items.iter().filter_map(|item| read(self, item)).collect()
            }
            Some(node) => self.decoder.shape(node, "this", "a list").unwrap_or_default(),
        }
    }

    /// The elements of a list, or the one value that stands in its place.
    fn some<T>(
        &mut self,
        fields: &Fields<'_, '_>,
        key: &'static str,
        mut read: impl FnMut(&mut Self, &Node<'_>) -> Option<T>,
    ) -> Vec<T> {
        match fields.get(key) {
            None => Vec::new(),
            Some(Node { value: Value::Sequence(items), .. }) => {
                items.iter().filter_map(|item| read(self, item)).collect()
            }
            Some(node) => read(self, node).into_iter().collect(),
        }
    }

    fn constraint(&mut self, node: &Node<'_>) -> Option<Constraint> {
        let fields = self.decoder.fields(node, &shape::CONSTRAINT)?;
        let id = self.id(&fields);
        let rule = self.rule(&fields);
        let environments = self.names.environment_set(&mut self.decoder, &fields, "environments");
        let severity =
            self.decoder.optional(&fields, "severity", |decoder, node| decoder.choice(node, &SEVERITIES));
        let reason = self.decoder.required(&fields, "reason", Decoder::text);
        let reference = self.decoder.optional(&fields, "reference", Decoder::text);
        self.decoder.optional(&fields, "owner", Decoder::text);
        let expires = self.date(&fields, "expires");
        Some(Constraint {
            id: id?,
            rule: rule?,
            environments: environments.unwrap_or(self.names.everywhere()),
            severity: severity.unwrap_or(Severity::Error),
            reason: reason?,
            reference,
            expires,
        })
    }

    fn rule(&mut self, fields: &Fields<'_, '_>) -> Option<Rule> {
        if let Some(node) = fields.get("skew") {
            for key in ["when", "require", "forbid"] {
                if let Some(node) = fields.get(key) {
                    self.decoder.invalid(node.place, key, "only `skew`, which has no conditions".to_owned());
                }
            }
            return self.skew(node);
        }
        self.decoder.present(fields, "when");
        if fields.get("require").is_none() && fields.get("forbid").is_none() {
            self.decoder.present(fields, "require");
        }
        let count = |key| match fields.get(key) {
            None => 0,
            Some(Node { value: Value::Sequence(items), .. }) => items.len(),
            Some(_) => 1,
        };
        let wanted = count("when") + count("require") + count("forbid");
        let when = self.some(fields, "when", Self::condition);
        let require = self.some(fields, "require", Self::condition);
        let forbid = self.some(fields, "forbid", Self::condition);
        // A rule of which a part could not be read would say something else.
        let complete = when.len() + require.len() + forbid.len() == wanted;
        (complete && !when.is_empty()).then_some(Rule::Implication { when, require, forbid })
    }

    fn skew(&mut self, node: &Node<'_>) -> Option<Rule> {
        let fields = self.decoder.fields(node, &shape::SKEW)?;
        let leader = self.side(&fields, "leader");
        let follower = self.side(&fields, "follower");
        let mut distance = |key| {
            let number =
                self.decoder.optional(&fields, key, |decoder, node| decoder.parsed(node, "a whole number"));
            number.map_or(0, |number: Spanned<u64>| number.value)
        };
        let (older, newer) = (distance("older"), distance("newer"));
        let unit = self.decoder.required(&fields, "unit", |decoder, node| decoder.choice(node, &UNITS));
        Some(Rule::Skew { leader: leader?, follower: follower?, older, newer, unit: unit? })
    }

    fn side(&mut self, fields: &Fields<'_, '_>, key: &'static str) -> Option<Side> {
        let name = self.decoder.required(fields, key, Decoder::text)?;
        match name.value.strip_prefix("probe:") {
            Some(probe) => {
                let probe = Text { value: probe.into(), place: name.place };
                let known = [Side::KUBELET, Part::KUBERNETES].contains(&&*probe.value);
                (known || self.part(&probe).is_some()).then_some(Side::Probe(probe))
            }
            None => self.part(&name).map(Side::Declared),
        }
    }

    fn known_bad(&mut self, node: &Node<'_>) -> Option<KnownBad> {
        let fields = self.decoder.fields(node, &shape::KNOWN_BAD)?;
        let id = self.id(&fields);
        self.decoder.present(&fields, "all");
        let wanted = match fields.get("all") {
            Some(Node { value: Value::Sequence(items), .. }) => items.len(),
            _ => 1,
        };
        let all = self.some(&fields, "all", Self::condition);
        let environments = self.names.environment_set(&mut self.decoder, &fields, "environments");
        let reason = self.decoder.required(&fields, "reason", Decoder::text);
        let reference = self.decoder.optional(&fields, "reference", Decoder::text);
        (all.len() == wanted && !all.is_empty()).then_some(())?;
        let environments = environments.unwrap_or(self.names.everywhere());
        Some(KnownBad { id: id?, all, environments, reason: reason?, reference })
    }

    fn condition(&mut self, node: &Node<'_>) -> Option<Condition> {
        let fields = self.decoder.fields(node, &shape::CONDITION)?;
        let name = self.decoder.required(&fields, "component", Decoder::text)?;
        let part = self.part(&name);
        let version = self.decoder.optional(&fields, "version", Decoder::text);
        let api = self.decoder.optional(&fields, "api", api);
        let schema_text = self.decoder.optional(&fields, "schema", Decoder::text);
        let present = self.decoder.optional(&fields, "present", Decoder::boolean);
        let environments = self.names.environment_set(&mut self.decoder, &fields, "environment");
        let part = part?;
        let version = match version {
            None => None,
            Some(text) => Some(self.range(text, part)?),
        };
        let of = match part {
            Part::Component(id) => Some(&self.platform[id]),
            Part::Kubernetes => None,
        };
        let api = match (api, of) {
            (Some(api), Some(of)) => Some(served(&mut self.decoder, &mut self.names, api, of)?),
            _ => None,
        };
        let schema = match (schema_text, of) {
            (Some(text), Some(of)) => Some(schema(&mut self.decoder, &mut self.names, text, of)?),
            _ => None,
        };
        let environments = environments.unwrap_or(self.names.everywhere());
        Some(Condition { part, version, api, schema, present, environments, place: name.place })
    }

    fn api_end(&mut self, node: &Node<'_>) -> Option<ApiEnd> {
        let fields = self.decoder.fields(node, &shape::API_END)?;
        let name = self.decoder.required(&fields, "name", Decoder::text);
        let version = self.decoder.required(&fields, "version", Decoder::text);
        let deprecated = self.date(&fields, "deprecated");
        let removed_after = self.date(&fields, "removed_after");
        let replaced_by = self.decoder.optional(&fields, "replaced_by", Decoder::text);
        let (name, version) = (name?, version?);
        let platform = self.platform;
        let known = || {
            let endpoints = platform.components.iter().flat_map(|component| &component.provides);
            endpoints.filter_map(|endpoint| endpoint.api.as_ref()).map(|api| &*api.name.value)
        };
        if !known().any(|known| *known == *name.value) {
            let help = self.names.help(&name.value, known().collect::<Vec<_>>().into_iter());
            let text = name.value.to_string();
            self.decoder.findings.push(name.place, |src, span| Finding::UnknownApi {
                src,
                span,
                name: text,
                whose: String::new(),
                help,
            });
            return None;
        }
        Some(ApiEnd { name, version, deprecated, removed_after, replaced_by })
    }

    fn pin(&mut self, node: &Node<'_>) -> Option<Pin> {
        let fields = self.decoder.fields(node, &shape::PIN)?;
        let component = self.component(&fields, "component");
        let environments = self.names.environment_set(&mut self.decoder, &fields, "environment");
        let version = self.decoder.required(&fields, "version", Decoder::borrowed);
        let reason = self.decoder.required(&fields, "reason", Decoder::text);
        let expires = self.date(&fields, "expires");
        let component = component?;
        let version = self.version(&version?, component)?;
        let environments = environments.unwrap_or(self.names.everywhere());
        Some(Pin { component, environments, version, reason: reason?, expires })
    }

    fn exclusion(&mut self, node: &Node<'_>) -> Option<Exclusion> {
        let fields = self.decoder.fields(node, &shape::EXCLUSION)?;
        let id = self.id(&fields);
        let rule = self.decoder.required(&fields, "rule", Decoder::text);
        if let Some(rule) = rule.as_ref().filter(|rule| !RULES.contains(&&*rule.value)) {
            let help = self.names.help(&rule.value, RULES.iter().copied());
            let name = rule.value.to_string();
            self.decoder.findings.push(rule.place, |src, span| Finding::UnknownRule {
                src,
                span,
                name,
                help,
            });
        }
        let mut component = None;
        let mut dependency = None;
        let mut environment = None;
        let mut constraint = None;
        if let Some(node) = fields.get("match") {
            let fields = self.decoder.fields(node, &shape::MATCH)?;
            for (key, place) in [("component", &mut component), ("dependency", &mut dependency)] {
                *place = self.decoder.optional(&fields, key, Decoder::text);
                if let Some(name) = place {
                    self.part(name);
                }
            }
            environment = self
                .decoder
                .optional(&fields, "environment", |decoder, node| self.names.environment(decoder, node));
            constraint = self.decoder.optional(&fields, "constraint", Decoder::text);
        }
        let reason = self.decoder.required(&fields, "reason", Decoder::text);
        let owner = self.decoder.optional(&fields, "owner", Decoder::text);
        let expires = self.date(&fields, "expires");
        Some(Exclusion {
            id: id?,
            rule: rule?,
            component,
            dependency,
            environment,
            constraint,
            reason: reason?,
            owner,
            expires,
        })
    }

    fn order(&mut self, node: &Node<'_>) -> Option<Order> {
        let fields = self.decoder.fields(node, &shape::ORDER)?;
        let reason = self.decoder.required(&fields, "reason", Decoder::text);
        if fields.get("together").is_some() {
            let members = self.members(&fields, "together");
            return Some(Order::Together { members, reason: reason? });
        }
        let before = self.component(&fields, "before");
        let after = self.component(&fields, "after");
        Some(Order::Before { before: before?, after: after?, reason: reason? })
    }

    fn cycle(&mut self, node: &Node<'_>) -> Option<DeclaredCycle> {
        let fields = self.decoder.fields(node, &shape::CYCLE)?;
        let mut members = self.members(&fields, "members");
        members.sort();
        members.dedup();
        let reason = self.decoder.required(&fields, "reason", Decoder::text);
        let start = if fields.get("start").is_some() { self.component(&fields, "start") } else { None };
        Some(DeclaredCycle { members, reason: reason?, start, place: fields.place })
    }

    fn schema_steps(&mut self, node: &Node<'_>) -> Option<Vec<SchemaStep>> {
        let fields = self.decoder.fields(node, &shape::SCHEMA)?;
        let database = self.component(&fields, "database")?;
        Some(self.each(&fields, "steps", |reader, node| {
            let fields = reader.decoder.fields(node, &shape::SCHEMA_STEP)?;
            let text = reader.decoder.required(&fields, "version", Decoder::borrowed);
            let phase =
                reader.decoder.required(&fields, "phase", |decoder, node| decoder.choice(node, &PHASES));
            let adds = reader.decoder.list(&fields, "adds", Decoder::text);
            let drops = reader.decoder.list(&fields, "drops", Decoder::text);
            let needs = reader.each(&fields, "needs", Self::condition);
            let name = &reader.platform[database].name.value;
            let version = version(&mut reader.decoder, &text?, name, Scheme::Flyway, Suffix::Compare)?;
            Some(SchemaStep { database, version, phase: phase?, adds, drops, needs })
        }))
    }

    fn support(&mut self, node: &Node<'_>) -> Option<Support> {
        let fields = self.decoder.fields(node, &shape::SUPPORT)?;
        let name = self.decoder.required(&fields, "component", Decoder::text);
        let version = self.decoder.required(&fields, "version", Decoder::text);
        let eol = self
            .decoder
            .required(&fields, "eol", |decoder, node| decoder.parsed(node, "a day such as `2026-11-30`"));
        let extended = self.date(&fields, "extended");
        let source = self.decoder.optional(&fields, "source", Decoder::text);
        let part = self.part(&name?)?;
        Some(Support { part, version: self.range(version?, part)?, eol: eol?, extended, source })
    }

    fn releases(&mut self, fields: &Fields<'_, '_>) -> Vec<Release> {
        // There may be a hundred thousand: they go where they stay.
        let mut all = Vec::new();
        self.each(fields, "releases", |reader, node| {
            let fields = reader.decoder.fields(node, &shape::RELEASES)?;
            let component = reader.component(&fields, "component")?;
            reader.each(&fields, "versions", |reader, node| {
                all.push(reader.release(node, component)?);
                Some(())
            });
            Some(())
        });
        all
    }

    fn release(&mut self, node: &Node<'_>, component: ComponentId) -> Option<Release> {
        let fields = self.decoder.fields(node, &shape::RELEASE)?;
        let version = self.decoder.required(&fields, "version", Decoder::borrowed);
        let released = self.date(&fields, "released");
        let depends_on = fields.get("depends_on").map(|_| self.each(&fields, "depends_on", Self::condition));
        let provides = fields.get("provides").map(|_| self.decoder.list::<Api>(&fields, "provides", api));
        let digests = self.decoder.list(&fields, "digests", Decoder::text);
        let withdrawn = self.decoder.optional(&fields, "withdrawn", Decoder::text);
        let version = self.version(&version?, component)?;
        Some(Release { component, version, released, depends_on, provides, digests, withdrawn })
    }

    /// The name of a rule, which must be its own.
    fn id(&mut self, fields: &Fields<'_, '_>) -> Option<Text> {
        let id = self.decoder.required(fields, "id", Decoder::label)?;
        if let Some(first) = self.ids.get(&id.value) {
            let second = self.decoder.findings.second(id.place, *first, "first here");
            let (first, related, name) = (second.label(), second.remark(), id.value.to_string());
            self.decoder.findings.push(id.place, |src, span| Finding::DuplicateId {
                src,
                span,
                first,
                related,
                name,
            });
        } else {
            self.ids.insert(id.value.clone(), id.place);
        }
        Some(id)
    }

    fn component(&mut self, fields: &Fields<'_, '_>, key: &'static str) -> Option<ComponentId> {
        let name = self.decoder.present(fields, key)?;
        let name = self.decoder.text(name)?;
        self.names.component(&mut self.decoder, &name, &self.platform.by_name)
    }

    fn members(&mut self, fields: &Fields<'_, '_>, key: &'static str) -> Vec<ComponentId> {
        let platform = self.platform;
        self.each(fields, key, |reader, node| {
            let name = reader.decoder.text(node)?;
            reader.names.component(&mut reader.decoder, &name, &platform.by_name)
        })
    }

    fn part(&mut self, name: &Text) -> Option<Part> {
        if *name.value == *Part::KUBERNETES && self.platform.component(Part::KUBERNETES).is_none() {
            return Some(Part::Kubernetes);
        }
        self.names.component(&mut self.decoder, name, &self.platform.by_name).map(Part::Component)
    }

    fn range(&mut self, text: Text, part: Part) -> Option<Spanned<Arc<Range>>> {
        let scheme = match part {
            Part::Component(component) => self.platform[component].scheme,
            Part::Kubernetes => Scheme::Semver,
        };
        self.names.range(&mut self.decoder, text, scheme)
    }

    fn version(&mut self, text: &Spanned<&str>, component: ComponentId) -> Option<Spanned<Version>> {
        let of = &self.platform[component];
        version(&mut self.decoder, text, &of.name.value, of.scheme, of.suffix)
    }

    fn date(&mut self, fields: &Fields<'_, '_>, key: &str) -> Option<Spanned<Date>> {
        self.decoder.optional(fields, key, |decoder, node| decoder.parsed(node, "a day such as `2026-11-30`"))
    }
}
