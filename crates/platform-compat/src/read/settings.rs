//! What the network of an environment lets through.

use std::sync::Arc;

use crate::{
    decode::Decoder,
    network::{Allowance, Cidr, Dns, Openness, Party, Port, Protocol, Settings},
    shape,
    yaml::{Node, Value},
};

pub(crate) const INGRESS: [(&str, Openness); 2] =
    [("declared", Openness::Declared), ("open", Openness::Open)];
pub(crate) const EGRESS: [(&str, Openness); 2] =
    [("restricted", Openness::Declared), ("open", Openness::Open)];
const CIDR: &str = "a block such as `10.20.8.0/28`, with no bits set after the prefix";
const PORT: &str = "a port such as `443`, `53/UDP` or `8000-8100/TCP`";

/// What applies where an environment says nothing.
pub(super) struct Preset {
    settings: Settings,
    /// Otherwise production is restricted and the rest is open.
    egress_is_written: bool,
}

impl Default for Preset {
    fn default() -> Self {
        let settings = Settings {
            ingress: Openness::Declared,
            egress: Openness::Open,
            dns: Some(preset_dns()),
            node_cidrs: Vec::new(),
            pod_cidrs: Vec::new(),
            service_cidrs: Vec::new(),
            deny_cidrs: Vec::new(),
            allow: Vec::new(),
        };
        Self { settings, egress_is_written: false }
    }
}

impl Preset {
    /// Reads `defaults.network`.
    pub(super) fn read(decoder: &mut Decoder<'_>, node: &Node<'_>) -> Option<Self> {
        let mut preset = Self::default();
        replace(decoder, node, &mut preset.settings)?;
        let Value::Mapping(entries) = &node.value else { return None };
        preset.egress_is_written = entries.iter().any(|(key, _)| key.text == "egress");
        Some(preset)
    }

    /// What applies in an environment before its own settings.
    pub(super) fn of(&self, production: bool) -> Settings {
        let mut settings = self.settings.clone();
        if production && !self.egress_is_written {
            settings.egress = Openness::Declared;
        }
        settings
    }
}

fn preset_dns() -> Dns {
    Dns {
        namespace: "kube-system".into(),
        selector: vec![("k8s-app".into(), "kube-dns".into())],
        ports: [Protocol::Udp, Protocol::Tcp].map(|protocol| Port { protocol, first: 53, last: 53 }).to_vec(),
        node_local: false,
    }
}

/// `settings` with the keys of a map replaced.
pub(super) fn replace(decoder: &mut Decoder<'_>, node: &Node<'_>, settings: &mut Settings) -> Option<()> {
    let fields = decoder.fields(node, &shape::NETWORK)?;
    if let Some(openness) =
        decoder.optional(&fields, "ingress", |decoder, node| decoder.choice(node, &INGRESS))
    {
        settings.ingress = openness;
    }
    if let Some(openness) = decoder.optional(&fields, "egress", |decoder, node| decoder.choice(node, &EGRESS))
    {
        settings.egress = openness;
    }
    if let Some(node) = fields.get("dns") {
        settings.dns = dns(decoder, node);
    }
    for (key, cidrs) in [
        ("node_cidrs", &mut settings.node_cidrs),
        ("pod_cidrs", &mut settings.pod_cidrs),
        ("service_cidrs", &mut settings.service_cidrs),
        ("deny_cidrs", &mut settings.deny_cidrs),
    ] {
        if fields.get(key).is_some() {
            *cidrs = decoder.list(&fields, key, cidr);
        }
    }
    if fields.get("allow").is_some() {
        settings.allow = decoder.list(&fields, "allow", allowance);
    }
    Some(())
}

fn dns(decoder: &mut Decoder<'_>, node: &Node<'_>) -> Option<Dns> {
    if let Value::Scalar(_) = node.value {
        return decoder.choice(node, &[("none", ())]).and(None);
    }
    let fields = decoder.fields(node, &shape::DNS)?;
    let mut dns = preset_dns();
    if let Some(namespace) = decoder.optional(&fields, "namespace", Decoder::label) {
        dns.namespace = namespace.value;
    }
    if let Some(selector) = decoder.optional(&fields, "selector", labels) {
        dns.selector = selector;
    }
    if fields.get("ports").is_some() {
        dns.ports = decoder.list(&fields, "ports", port);
    }
    dns.node_local = decoder.optional(&fields, "node_local", Decoder::boolean).unwrap_or(false);
    Some(dns)
}

fn allowance(decoder: &mut Decoder<'_>, node: &Node<'_>) -> Option<Allowance> {
    let fields = decoder.fields(node, &shape::ALLOWANCE)?;
    let from = decoder.required(&fields, "from", party);
    let to = decoder.required(&fields, "to", party);
    let ports = decoder.list(&fields, "ports", port);
    let reason = decoder.required(&fields, "reason", Decoder::text);
    Some(Allowance { from: from?, to: to?, ports, reason: reason?, place: fields.place })
}

fn party(decoder: &mut Decoder<'_>, node: &Node<'_>) -> Option<Party> {
    if let Value::Mapping(_) = node.value {
        let fields = decoder.fields(node, &shape::PODS)?;
        let namespace = decoder.optional(&fields, "namespace", Decoder::label);
        let selector = decoder.optional(&fields, "selector", labels).unwrap_or_default();
        return Some(Party::Pods { namespace, selector });
    }
    let text = decoder.text(node)?;
    if text.value.contains('/') {
        cidr(decoder, node).map(Party::Block)
    } else {
        Some(Party::Component(text))
    }
}

/// A block of addresses.
pub(super) fn cidr(decoder: &mut Decoder<'_>, node: &Node<'_>) -> Option<Cidr> {
    decoder.parsed(node, CIDR).map(|cidr| cidr.value)
}

/// A port with its protocol.
pub(super) fn port(decoder: &mut Decoder<'_>, node: &Node<'_>) -> Option<Port> {
    decoder.parsed(node, PORT).map(|port| port.value)
}

/// Labels, sorted by key.
pub(super) fn labels(decoder: &mut Decoder<'_>, node: &Node<'_>) -> Option<Vec<(Arc<str>, Arc<str>)>> {
    let mut labels = Vec::new();
    for (key, value) in decoder.entries(node, "a selector")? {
        let key = decoder.intern(&key.text);
        labels.extend(decoder.text(value).map(|value| (key, value.value)));
    }
    labels.sort();
    Some(labels)
}
