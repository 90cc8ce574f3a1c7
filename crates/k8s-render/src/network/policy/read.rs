//! From YAML to policies, with the checks of the API server.

use super::{Direction, Peer, Peers, Policy, Rule, RulePorts, Who};
use crate::inspect::{Object, Place, Protocol, Sources};
use crate::network::cidr::{Cidr, IpBlock};
use crate::network::finding::Finding;
use crate::network::ports::Ports;
use crate::network::selector::{Requirement, Selector, Test};
use crate::yaml::{Node, Value};

/// Labels that controllers add to running pods and that no manifest can tell.
const RUNTIME_LABELS: [&str; 7] = [
    "apps.kubernetes.io/pod-index",
    "batch.kubernetes.io/controller-uid",
    "controller-revision-hash",
    "controller-uid",
    "pod-template-generation",
    "pod-template-hash",
    "statefulset.kubernetes.io/pod-name",
];

/// Reads one policy and reports what is wrong with it.
pub(super) struct Reader<'a, 's> {
    pub(super) object: Object<'a>,
    pub(super) sources: Sources<'s>,
    pub(super) findings: &'s mut Vec<Finding>,
}

impl<'a> Reader<'a, '_> {
    pub(super) fn policy(mut self) -> Policy<'a> {
        let empty: &'a [Node] = &[];
        let Some(spec) = self.object.node.get("spec").filter(|spec| spec.as_mapping().is_some()) else {
            // An absent spec is an empty one: all pods, ingress denied.
            if let Some(node) = self.object.node.get("spec").filter(|node| node.value != Value::Null) {
                self.invalid_field(node, "spec", "a map");
            }
            return Policy {
                object: self.object,
                pods: Some(Selector::default()),
                rules: [Some(Vec::new()), None],
            };
        };
        self.known_keys(spec, "a policy's `spec`", &["podSelector", "policyTypes", "ingress", "egress"]);
        let pods = match spec.get("podSelector") {
            Some(node) => self.selector(node),
            None => Some(Selector::default()),
        };
        let types = self.list(spec, "policyTypes").unwrap_or(empty);
        let has_egress = self.list(spec, "egress").is_some_and(|rules| !rules.is_empty());
        let listed = |direction: Direction| {
            types.iter().any(|node| node.as_str() == Some(direction.policy_type()))
                || types.is_empty() && (direction == Direction::Ingress || has_egress)
        };
        let isolates = Direction::BOTH.map(listed);
        for node in types {
            let known = node.as_str().is_some_and(|text| matches!(text, "Ingress" | "Egress"));
            if !known {
                let (policy, Place { src, span }) = self.place(node);
                let text = node.as_str().unwrap_or("(not text)").to_owned();
                self.findings.push(Finding::UnknownPolicyType { policy, text, src, span });
            }
        }
        let rules = Direction::BOTH.map(|direction| {
            let rules = self.list(spec, direction.field());
            let isolated = isolates[direction as usize];
            if let Some(ignored) =
                spec.get(direction.field()).filter(|node| !isolated && !node.items().is_empty())
            {
                let (policy, Place { src, span }) = self.place(ignored);
                let (policy_type, direction) = (direction.policy_type(), direction.field());
                self.findings.push(Finding::RulesWithoutType { policy, direction, policy_type, src, span });
            }
            // Rules are read even where they are ignored, so that their errors are found.
            let rules: Vec<_> = rules
                .unwrap_or(empty)
                .iter()
                .enumerate()
                .filter_map(|(i, node)| self.rule(i, node, direction))
                .collect();
            isolated.then_some(rules)
        });
        Policy { object: self.object, pods, rules }
    }

    fn rule(&mut self, index: usize, node: &'a Node, direction: Direction) -> Option<Rule<'a>> {
        let empty_rule = node.value == Value::Null;
        if node.as_mapping().is_none() && !empty_rule {
            self.invalid_field(node, direction.field(), "a list of maps");
            return None;
        }
        self.known_keys(node, "a rule", &[direction.peers_field(), "ports"]);
        let peers = match self.list(node, direction.peers_field()) {
            None if node.get(direction.peers_field()).is_some_and(|node| node.value != Value::Null) => {
                Peers::Only(Vec::new())
            }
            None => Peers::Everyone,
            Some([]) => {
                let (policy, Place { src, span }) =
                    self.place(node.get(direction.peers_field()).unwrap_or(node));
                self.findings.push(Finding::EmptyPeers { policy, field: direction.peers_field(), src, span });
                Peers::Everyone
            }
            Some(peers) => {
                let read = |(index, node)| self.peer(node).map(|who| Peer { index, who, node });
                Peers::Only(peers.iter().enumerate().filter_map(read).collect())
            }
        };
        let ports = match self.list(node, "ports") {
            None if node.get("ports").is_some_and(|node| node.value != Value::Null) => {
                RulePorts { numbers: Ports::none(), names: Vec::new() }
            }
            None | Some([]) => RulePorts { numbers: Ports::all(), names: Vec::new() },
            Some(ports) => {
                let to_block = direction == Direction::Egress
                    && matches!(&peers, Peers::Only(peers) if peers.iter().any(|peer| matches!(peer.who, Who::Block(_))));
                self.ports(ports, to_block)
            }
        };
        Some(Rule { index, peers, ports, node })
    }

    fn peer(&mut self, node: &'a Node) -> Option<Who<'a>> {
        self.known_keys(node, "a peer", &["podSelector", "namespaceSelector", "ipBlock"]);
        // A key without a value is as absent as for the API server.
        let field = |key: &str| node.get(key).filter(|node| node.value != Value::Null);
        match (field("podSelector"), field("namespaceSelector"), field("ipBlock")) {
            (None, None, None) => {
                let help = "give it a `podSelector`, a `namespaceSelector` or an `ipBlock`";
                self.invalid_peer(node, "a peer without any field is refused", help);
                None
            }
            (None, None, Some(block)) => self.block(block).map(Who::Block),
            (pods, namespaces, None) => {
                let pods = pods.map(|node| self.selector(node));
                let namespaces = namespaces.map(|node| self.selector(node));
                let pods = pods.unwrap_or_else(|| Some(Selector::default()))?;
                let namespaces = match namespaces {
                    Some(read) => Some(read?),
                    None => None,
                };
                Some(Who::Pods { namespaces, pods })
            }
            _ => {
                let help = "make two peers of it: one with the selectors, one with the `ipBlock`";
                self.invalid_peer(node, "a peer cannot have both an `ipBlock` and a selector", help);
                None
            }
        }
    }

    fn block(&mut self, node: &'a Node) -> Option<IpBlock> {
        self.known_keys(node, "an `ipBlock`", &["cidr", "except"]);
        let Some(cidr) = node.get("cidr") else {
            self.invalid_cidr(
                node,
                "(nothing)",
                "is given as `cidr`",
                "write the block, such as `10.0.0.0/8`",
            );
            return None;
        };
        let range = self.cidr(cidr)?.range;
        let mut except = Vec::new();
        for node in self.list(node, "except").unwrap_or_default() {
            let Some(Cidr { range: inner, .. }) = self.cidr(node) else { continue };
            if range.covers(&inner) && range != inner {
                except.push(inner);
            } else {
                let text = node.as_str().unwrap_or_default().to_owned();
                let problem = format!("is not a strict part of `{}`", cidr.as_str().unwrap_or_default());
                self.invalid_cidr(
                    node,
                    &text,
                    &problem,
                    "an exception must lie within its block and be smaller",
                );
            }
        }
        Some(IpBlock { range, except })
    }

    pub(super) fn cidr(&mut self, node: &'a Node) -> Option<Cidr> {
        let Some(text) = node.as_str() else {
            self.invalid_field(node, "cidr", "text");
            return None;
        };
        match Cidr::parse(text) {
            Err(problem) => {
                let problem = format!("is not a CIDR: {problem}");
                self.invalid_cidr(
                    node,
                    text,
                    &problem,
                    "write address and prefix length, such as `10.0.0.0/8`",
                );
                None
            }
            Ok(cidr) => {
                if cidr.legacy {
                    let bits = text.rsplit('/').next().unwrap_or_default().trim_start_matches('0');
                    let plain = format!("{}/{}", cidr.range.first, if bits.is_empty() { "0" } else { bits });
                    let (policy, Place { src, span }) = self.place(node);
                    self.findings.push(Finding::LegacyCidr {
                        policy,
                        cidr: text.to_owned(),
                        plain,
                        src,
                        span,
                    });
                }
                Some(cidr)
            }
        }
    }

    fn ports(&mut self, nodes: &'a [Node], to_block: bool) -> RulePorts<'a> {
        let mut ports = RulePorts { numbers: Ports::none(), names: Vec::new() };
        for node in nodes {
            self.known_keys(node, "a port", &["protocol", "port", "endPort"]);
            let field = |key: &str| node.get(key).filter(|node| node.value != Value::Null);
            let protocol = match field("protocol") {
                None => Protocol::Tcp,
                Some(node) => {
                    let text = node.as_str().unwrap_or("(not text)");
                    let Some(protocol) = Protocol::parse(text) else {
                        let problem = format!("`{text}` is not a protocol");
                        self.invalid_port(node, problem, "the protocols are `TCP`, `UDP` and `SCTP`");
                        continue;
                    };
                    protocol
                }
            };
            let (port, end) = (field("port"), field("endPort"));
            let Some(port) = port else {
                match end {
                    Some(end) => {
                        let problem = "`endPort` needs a `port`".to_owned();
                        self.invalid_port(end, problem, "give the first port of the range as `port`");
                    }
                    None => ports.numbers = ports.numbers.union(&Ports::whole(protocol)),
                }
                continue;
            };
            if let Some(name) = port.as_str() {
                if let Some(problem) = port_name_problem(name) {
                    let help = "a number stands without quotes; a name has 1 to 15 of `a-z`, `0-9` and `-`, one of them a letter";
                    self.invalid_port(port, format!("`{name}` {problem}"), help);
                } else if let Some(end) = end {
                    let problem = format!("`endPort` cannot follow the name `{name}`");
                    self.invalid_port(end, problem, "give the first port of the range as a number");
                } else {
                    if to_block {
                        let (policy, Place { src, span }) = self.place(port);
                        let port = name.to_owned();
                        self.findings.push(Finding::NamedPortToBlock { policy, port, src, span });
                    }
                    ports.names.push((protocol, name));
                }
                continue;
            }
            let Some(first) = self.port_number(port) else { continue };
            let Some(last) = end.map_or(Some(first), |end| self.port_number(end)) else { continue };
            if last < first {
                let problem = format!("the range {first} to {last} is empty");
                self.invalid_port(end.unwrap_or(port), problem, "`endPort` must not be less than `port`");
                continue;
            }
            ports.numbers = ports.numbers.union(&Ports::range(protocol, first, last));
        }
        ports.names.sort_unstable();
        ports.names.dedup();
        ports
    }

    pub(super) fn port_number(&mut self, node: &'a Node) -> Option<u16> {
        let number = node.as_i64().and_then(|port| u16::try_from(port).ok()).filter(|port| *port != 0);
        if number.is_none() {
            let problem = match &node.value {
                Value::Number(text) => format!("{text} is not a port"),
                _ => "a port must be a number or a name".to_owned(),
            };
            self.invalid_port(node, problem, "ports are the numbers 1 to 65535");
        }
        number
    }

    pub(super) fn selector(&mut self, node: &'a Node) -> Option<Selector<'a>> {
        if node.value == Value::Null {
            return Some(Selector::default());
        }
        if node.as_mapping().is_none() {
            self.invalid_field(node, "selector", "a map");
            return None;
        }
        self.known_keys(node, "a selector", &["matchLabels", "matchExpressions"]);
        let before = self.findings.len();
        let mut requirements = Vec::new();
        for (key, value) in node.get("matchLabels").into_iter().flat_map(Node::entries) {
            let Some(value_text) = self.label_value(value) else { continue };
            self.label_key(key, value);
            requirements.push(Requirement { key, test: Test::In(vec![value_text]) });
        }
        for expression in self.list(node, "matchExpressions").unwrap_or_default() {
            requirements.extend(self.expression(expression));
        }
        let broken = self.findings[before..]
            .iter()
            .any(|finding| matches!(finding, Finding::InvalidSelector { .. } | Finding::InvalidField { .. }));
        let runtime =
            requirements.iter().map(|requirement| requirement.key).find(|key| RUNTIME_LABELS.contains(key));
        if let Some(key) = runtime {
            let (policy, Place { src, span }) = self.place(node);
            self.findings.push(Finding::RuntimeLabel { policy, key: key.to_owned(), src, span });
        }
        (!broken).then(|| Selector::new(requirements))
    }

    fn expression(&mut self, node: &'a Node) -> Option<Requirement<'a>> {
        self.known_keys(node, "a selector's expression", &["key", "operator", "values"]);
        let Some(key) = node.get("key").and_then(Node::as_str) else {
            self.invalid_selector(
                node,
                "an expression needs a `key`".to_owned(),
                "name the label to look at",
            );
            return None;
        };
        self.label_key(key, node);
        let values = self.list(node, "values").unwrap_or_default();
        let texts: Vec<&'a str> = values.iter().filter_map(|value| self.label_value(value)).collect();
        let operator = node.get("operator").and_then(Node::as_str).unwrap_or_default();
        let test = match operator {
            "In" => Test::In(texts),
            "NotIn" => Test::NotIn(texts),
            "Exists" => Test::Exists,
            "DoesNotExist" => Test::DoesNotExist,
            other => {
                let problem = format!("`{other}` is not an operator of selectors");
                let help = "the operators are `In`, `NotIn`, `Exists` and `DoesNotExist`";
                self.invalid_selector(node.get("operator").unwrap_or(node), problem, help);
                return None;
            }
        };
        let wants_values = matches!(test, Test::In(_) | Test::NotIn(_));
        if wants_values == values.is_empty() {
            let problem =
                format!("operator `{operator}` {} values", if wants_values { "needs" } else { "takes no" });
            let help = "`In` and `NotIn` need `values`; `Exists` and `DoesNotExist` take none";
            self.invalid_selector(node, problem, help);
        }
        Some(Requirement { key, test })
    }

    fn label_key(&mut self, key: &str, node: &'a Node) {
        let (prefix, name) = key.rsplit_once('/').map_or((None, key), |(prefix, name)| (Some(prefix), name));
        let prefix_fits = prefix.is_none_or(|prefix| {
            prefix.len() <= 253 && prefix.split('.').all(|part| is_label_text(part) && is_dns_text(part))
        });
        if !prefix_fits || name.is_empty() || !is_label_text(name) {
            let help = "a key is `[prefix/]name`; a name has up to 63 letters, digits, `-`, `_` and `.`, the outer ones letters or digits";
            self.invalid_selector(node, format!("`{key}` is not a label key"), help);
        }
    }

    fn label_value(&mut self, node: &'a Node) -> Option<&'a str> {
        let help = "a value has up to 63 letters, digits, `-`, `_` and `.`, the outer ones letters or digits; put numbers and booleans in quotes";
        match node.as_str() {
            Some(text) if is_label_text(text) => Some(text),
            Some(text) => {
                self.invalid_selector(node, format!("`{text}` is not a label value"), help);
                None
            }
            None => {
                self.invalid_selector(node, "a label value must be text".to_owned(), help);
                None
            }
        }
    }

    /// The elements of a list field; none when it is absent, null, or (after a finding) no list.
    pub(super) fn list(&mut self, node: &'a Node, key: &str) -> Option<&'a [Node]> {
        let field = node.get(key)?;
        match field.value {
            Value::Sequence(_) => Some(field.items()),
            Value::Null => None,
            _ => {
                self.invalid_field(field, key, "a list");
                None
            }
        }
    }

    pub(super) fn known_keys(&mut self, node: &'a Node, parent: &'static str, known: &[&str]) {
        for (field, value) in node.entries().filter(|(key, _)| !known.contains(key)) {
            let (policy, Place { src, span }) = self.place(value);
            let names: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
            let (field, known) = (field.to_owned(), names.join(", "));
            self.findings.push(Finding::UnknownField { policy, field, parent, known, src, span });
        }
    }

    pub(super) fn place(&self, node: &Node) -> (String, Place) {
        let policy = match self.object.kind {
            "NetworkPolicy" => format!("{}/{}", self.object.namespace(), self.object.name()),
            kind => format!("{kind} {}", self.object.name()),
        };
        (policy, self.sources.place(node, self.object.node))
    }

    fn invalid_field(&mut self, node: &Node, field: &str, expected: &'static str) {
        let (policy, Place { src, span }) = self.place(node);
        self.push_once(Finding::InvalidField { policy, field: field.to_owned(), expected, src, span });
    }

    pub(super) fn invalid_port(&mut self, node: &Node, problem: String, help: &'static str) {
        let (policy, Place { src, span }) = self.place(node);
        self.findings.push(Finding::InvalidPort { policy, problem, help, src, span });
    }

    fn invalid_cidr(&mut self, node: &Node, cidr: &str, problem: &str, help: &'static str) {
        let (policy, Place { src, span }) = self.place(node);
        let (cidr, problem) = (cidr.to_owned(), problem.to_owned());
        self.findings.push(Finding::InvalidCidr { policy, cidr, problem, help, src, span });
    }

    fn invalid_peer(&mut self, node: &Node, problem: &'static str, help: &'static str) {
        let (policy, Place { src, span }) = self.place(node);
        self.findings.push(Finding::InvalidPeer { policy, problem, help, src, span });
    }

    fn invalid_selector(&mut self, node: &Node, problem: String, help: &'static str) {
        let (policy, Place { src, span }) = self.place(node);
        self.findings.push(Finding::InvalidSelector { policy, problem, help, src, span });
    }

    /// A list that is asked for twice is reported once.
    fn push_once(&mut self, finding: Finding) {
        let same = |other: &Finding| match (other, &finding) {
            (
                Finding::InvalidField { span: a, field: x, .. },
                Finding::InvalidField { span: b, field: y, .. },
            ) => a == b && x == y,
            _ => false,
        };
        if !self.findings.last().is_some_and(same) {
            self.findings.push(finding);
        }
    }
}

/// Up to 63 letters, digits, `-`, `_`, `.`, beginning and ending with a letter or digit; or nothing.
fn is_label_text(text: &str) -> bool {
    let inner = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let ends = [text.bytes().next(), text.bytes().last()];
    text.len() <= 63
        && text.as_bytes().iter().all(inner)
        && ends.into_iter().flatten().all(|byte| byte.is_ascii_alphanumeric())
}

fn is_dns_text(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// Why a text is no name of a port (`IANA_SVC_NAME`, RFC 6335).
fn port_name_problem(name: &str) -> Option<&'static str> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if name.is_empty() || name.len() > 15 {
        Some("is not 1 to 15 characters long")
    } else if !name.bytes().all(allowed) {
        Some("has other characters than `a-z`, `0-9` and `-`")
    } else if !name.bytes().any(|byte| byte.is_ascii_lowercase()) {
        Some("has no letter")
    } else if name.starts_with('-') || name.ends_with('-') || name.contains("--") {
        Some("has a hyphen at an end or two in a row")
    } else {
        None
    }
}
