//! Exactly the declared edges: what the policies allow beside what was declared, both ways.
//!
//! The comparison runs on the classes of the relation, which are cut such that the selectors of the declared edges
//! cannot tell the pods of one class apart either. Findings are gathered by the rule, or by the edge, that they are
//! about, so that one mistake gives one finding.

use std::collections::BTreeMap;

use super::bits::BitSet;
use super::cidr::IpBlock;
use super::connectivity::{Connectivity, End, HostNetwork, Row};
use super::explain::RulePath;
use super::finding::Finding;
use super::model::{Model, NAMESPACE_NAME, Role};
use super::policy::Direction;
use super::ports::{PortTable, Ports, PortsId};
use super::selector::Selector;
use crate::finding::Source;
use crate::inspect::{Place, Sources};

/// What may connect to what.
#[derive(Debug, Clone, Default)]
pub struct Declaration {
    /// The edges.
    pub edges: Vec<Edge>,
    /// Whether connections to rendered workloads must be declared.
    pub ingress: Mode,
    /// Whether connections from rendered workloads must be declared.
    pub egress: Mode,
}

/// How strictly a direction is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Every workload is isolated and only declared connections are allowed.
    #[default]
    Declared,
    /// Anything is allowed; declared connections must still work.
    Open,
}

/// A declared connection.
#[derive(Debug, Clone)]
pub struct Edge {
    /// How to call it in messages: `orders → mysql`.
    pub name: String,
    /// Who connects.
    pub consumer: Party,
    /// Who is connected to.
    pub provider: Party,
    /// On which ports; for pods those of the container.
    pub ports: Ports,
    /// Whether it must work.
    pub need: Need,
    /// Where it is declared.
    pub place: Option<Place>,
}

/// What is expected of a declared connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// It must be allowed.
    Required,
    /// It may be allowed.
    Permitted,
}

/// One end of a declared connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Party {
    /// Pods.
    Pods {
        /// Their namespace; none for every namespace.
        namespace: Option<String>,
        /// Labels that they all have; none for all pods.
        labels: Vec<(String, String)>,
    },
    /// Addresses outside the cluster.
    Block(IpBlock),
}

/// Compares what the policies of a model allow with what is declared.
pub fn compare(
    model: &Model<'_>,
    declaration: &Declaration,
    host_network: HostNetwork,
    sources: Sources<'_>,
) -> Vec<Finding> {
    let mut selectors = Vec::new();
    let mut blocks = [Vec::new(), Vec::new()];
    for edge in &declaration.edges {
        for (party, direction) in [(&edge.consumer, Direction::Ingress), (&edge.provider, Direction::Egress)]
        {
            match party {
                Party::Pods { namespace, labels } => {
                    let labels = labels.iter().map(|(key, value)| (key.as_str(), value.as_str()));
                    selectors.push((namespace.as_deref(), Selector::labels(labels)));
                }
                Party::Block(block) => blocks[direction as usize].push(block.clone()),
            }
        }
    }
    let [ingress_blocks, egress_blocks] = &blocks;
    let relation = Connectivity::observing(model, host_network, &selectors, [ingress_blocks, egress_blocks]);

    let mut selected = relation.selected.iter();
    let mut resolve = |party: &Party, direction: Direction| match party {
        Party::Pods { .. } => selected.next().cloned().map_or(Reach::Nobody, Reach::Classes),
        Party::Block(block) => Reach::Pieces(relation.pieces_of(direction, block)),
    };
    let edges = declaration.edges.iter().map(|edge| {
        let from = resolve(&edge.consumer, Direction::Ingress);
        let to = resolve(&edge.provider, Direction::Egress);
        ResolvedEdge { edge, from, to }
    });
    let edges: Vec<_> = edges.collect();
    let mut comparison = Comparison {
        relation: &relation,
        declaration,
        sources,
        edges,
        undeclared: BTreeMap::new(),
        missing: BTreeMap::new(),
    };
    let mut findings = comparison.unmatched();
    findings.extend(comparison.not_isolated());
    findings.extend(comparison.port_mismatches());
    comparison.walk();
    findings.extend(comparison.undeclared());
    findings.extend(comparison.missing());
    findings
}

/// Whom a party stands for.
enum Reach {
    Nobody,
    Classes(BitSet),
    Pieces(BitSet),
}

impl Reach {
    fn is_nobody(&self) -> bool {
        match self {
            Self::Nobody => true,
            Self::Classes(set) | Self::Pieces(set) => set.is_empty(),
        }
    }

    fn has_class(&self, class: usize) -> bool {
        matches!(self, Self::Classes(set) if set.contains(class))
    }

    fn has_piece(&self, piece: usize) -> bool {
        matches!(self, Self::Pieces(set) if set.contains(piece))
    }
}

struct ResolvedEdge<'d> {
    edge: &'d Edge,
    from: Reach,
    to: Reach,
}

/// A class of pods, or a piece of the address space outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spot {
    Class(usize),
    Piece(usize),
}

/// Pairs that one finding is about: the first of them in words, and how many there are.
#[derive(Default)]
struct Pairs {
    examples: Vec<String>,
    count: usize,
}

/// How many further pairs a finding names.
const EXAMPLES: usize = 4;

/// A denied edge: where it is denied first, and on which ports in all.
struct Denied {
    from: End,
    to: End,
    ports: Ports,
    count: usize,
}

struct Comparison<'c, 'd, 'm, 'a> {
    relation: &'c Connectivity<'m, 'a>,
    declaration: &'d Declaration,
    sources: Sources<'c>,
    edges: Vec<ResolvedEdge<'d>>,
    undeclared: BTreeMap<RulePath, Pairs>,
    missing: BTreeMap<(usize, Direction), Denied>,
}

impl<'m, 'a> Comparison<'_, '_, 'm, 'a> {
    fn model(&self) -> &'m Model<'a> {
        self.relation.model()
    }

    /// Required edges one end of which is not there.
    fn unmatched(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for ResolvedEdge { edge, from, to } in
            self.edges.iter().filter(|edge| edge.edge.need == Need::Required)
        {
            for (end, party, reach) in [("consumer", &edge.consumer, from), ("provider", &edge.provider, to)]
            {
                if reach.is_nobody() {
                    let Place { src, span } = edge_place(edge);
                    let (edge, selector) = (edge_text(edge, &edge.ports), party_text(party));
                    findings.push(Finding::EdgeWithoutWorkload { edge, end, selector, src, span });
                }
            }
        }
        findings
    }

    /// Rendered workloads that no policy isolates where it must.
    fn not_isolated(&self) -> Vec<Finding> {
        let model = self.model();
        let mut findings = Vec::new();
        for (index, pods) in model.pods.iter().enumerate() {
            let Role::Rendered(object) = pods.role else { continue };
            let reachable = !pods.host_network || self.relation.host_network == HostNetwork::Pod;
            for direction in Direction::BOTH
                .into_iter()
                .filter(|direction| reachable && self.mode(*direction) == Mode::Declared)
            {
                if !self.relation.is_isolated(index, direction) {
                    let name = object.node.at(&["metadata", "name"]).unwrap_or(object.node);
                    let Place { src, span } = self.sources.place(name, object.node);
                    findings.push(Finding::NoDefaultDeny {
                        workload: object.to_string(),
                        namespace: object.namespace().to_owned(),
                        direction: direction.field(),
                        policy_type: direction.policy_type(),
                        src,
                        span,
                    });
                }
            }
        }
        findings
    }

    /// Edges to a port that no rendered provider declares, one finding for each provider and port.
    fn port_mismatches(&self) -> Vec<Finding> {
        let model = self.model();
        let mut found: BTreeMap<(usize, String), Finding> = BTreeMap::new();
        for ResolvedEdge { edge, to, .. } in self.edges.iter().filter(|edge| edge.edge.need == Need::Required)
        {
            let Reach::Classes(classes) = to else { continue };
            let members = classes.iter().flat_map(|class| self.relation.members[class].iter().copied());
            let rendered: Vec<_> = members
                .filter_map(|index| Some((index, &model.pods[index], model.pods[index].object()?)))
                .collect();
            let Some(&(first, _, object)) = rendered.iter().min_by_key(|(index, ..)| *index) else {
                continue;
            };
            for (protocol, port, _) in edge.ports.ranges().filter(|(_, first, last)| first == last) {
                let declares = rendered.iter().any(|(_, pods, _)| {
                    pods.ports.iter().any(|declared| declared.protocol == protocol && declared.port == port)
                });
                if declares {
                    continue;
                }
                let mut declared: Vec<_> = rendered
                    .iter()
                    .flat_map(|(_, pods, _)| &pods.ports)
                    .map(|declared| format!("{} {}", declared.protocol, declared.port))
                    .collect();
                declared.sort_unstable();
                declared.dedup();
                let declared = if declared.is_empty() { "no port".to_owned() } else { declared.join(", ") };
                found.entry((first, format!("{protocol} {port}"))).or_insert_with(|| {
                    let name = object.node.at(&["metadata", "name"]).unwrap_or(object.node);
                    let Place { src, span } = self.sources.place(name, object.node);
                    Finding::PortMismatch {
                        edge: edge_text(edge, &Ports::single(protocol, port)),
                        workload: object.to_string(),
                        help: format!("its containers declare {declared}; policies see container ports, not those of Services"),
                        src,
                        span,
                    }
                });
            }
        }
        found.into_values().collect()
    }

    fn walk(&mut self) {
        let relation = self.relation;
        let mut walk = relation.walk();
        let mut edge_ports = Vec::with_capacity(self.edges.len());
        for edge in &self.edges {
            edge_ports.push(walk.ports.add(edge.edge.ports.clone()));
        }
        let mut row = Row::default();
        for class in walk.order() {
            walk.class_row(class, &mut row);
            self.compare_row(Spot::Class(class), &row, &edge_ports, &mut walk.ports);
        }
        for piece in 0..relation.external(Direction::Ingress).len() {
            walk.piece_row(piece, &mut row);
            self.compare_row(Spot::Piece(piece), &row, &edge_ports, &mut walk.ports);
        }
    }

    fn compare_row(&mut self, from: Spot, row: &Row, edge_ports: &[PortsId], table: &mut PortTable) {
        let mut declared = vec![PortTable::NONE; row.classes.len()];
        let mut declared_pieces = vec![PortTable::NONE; row.pieces.len()];
        for (index, &ports) in edge_ports.iter().enumerate() {
            let edge = &self.edges[index];
            let starts_here = match from {
                Spot::Class(class) => edge.from.has_class(class),
                Spot::Piece(piece) => edge.from.has_piece(piece),
            };
            if !starts_here {
                continue;
            }
            let (declared, allowed, to) = match &edge.to {
                Reach::Classes(to) => (&mut declared, &row.classes, to),
                Reach::Pieces(to) if !row.pieces.is_empty() => (&mut declared_pieces, &row.pieces, to),
                Reach::Pieces(_) | Reach::Nobody => continue,
            };
            let spot = if matches!(edge.to, Reach::Classes(_)) { Spot::Class } else { Spot::Piece };
            let mut denied = Vec::new();
            for to in to.iter() {
                declared[to] = table.union(declared[to], ports);
                if edge.edge.need == Need::Required && table.intersection(allowed[to], ports) != ports {
                    denied.push(spot(to));
                }
            }
            for to in denied {
                self.deny(index, from, to);
            }
        }
        let classes =
            row.classes.iter().zip(&declared).enumerate().map(|(to, ports)| (Spot::Class(to), ports));
        let pieces =
            row.pieces.iter().zip(&declared_pieces).enumerate().map(|(to, ports)| (Spot::Piece(to), ports));
        for (to, (allowed, declared)) in classes.chain(pieces) {
            if allowed != declared && self.must_be_declared(from, to) {
                let extra = table.get(*allowed).difference(table.get(*declared));
                if !extra.is_empty() {
                    self.undeclare(from, to, &extra);
                }
            }
        }
    }

    /// Notes a required edge that one side or both deny.
    fn deny(&mut self, edge: usize, from: Spot, to: Spot) {
        let (from, to) = (self.end(from, Direction::Ingress), self.end(to, Direction::Egress));
        for direction in Direction::BOTH {
            let allowed = self.relation.allowed_by(direction, from, to);
            let ports = self.edges[edge].edge.ports.difference(&allowed);
            if ports.is_empty() {
                continue;
            }
            let denied = Denied { from, to, ports: ports.clone(), count: 0 };
            let known = self.missing.entry((edge, direction)).or_insert(denied);
            known.ports = known.ports.union(&ports);
            known.count += 1;
        }
    }

    /// Notes an allowed connection that is not declared, at the rules of the side that needs the fewest changes.
    ///
    /// Without any rule on either side the connection stands open because pods are not isolated, which is reported
    /// for the pods.
    fn undeclare(&mut self, from: Spot, to: Spot, extra: &Ports) {
        let (source, destination) = (self.end(from, Direction::Ingress), self.end(to, Direction::Egress));
        let responsible = |direction: Direction| {
            let rules = self.relation.rules_between(direction, source, destination);
            let rules = rules.filter(|(_, ports)| !ports.intersection(extra).is_empty());
            rules
                .map(|((policy, rule), _)| RulePath { policy, direction, rule, peer: None })
                .collect::<Vec<_>>()
        };
        let (ingress, egress) = (responsible(Direction::Ingress), responsible(Direction::Egress));
        let rules = if ingress.is_empty() || !egress.is_empty() && egress.len() < ingress.len() {
            egress
        } else {
            ingress
        };
        let count = self.count(from) * self.count(to);
        let (from, to) = (self.name(from, Direction::Ingress), self.name(to, Direction::Egress));
        let text = format!("{from} → {to} on {}", ports_text(extra));
        for rule in rules {
            let pairs = self.undeclared.entry(rule).or_default();
            pairs.count += count;
            if pairs.examples.len() < EXAMPLES {
                pairs.examples.push(text.clone());
            }
        }
    }

    fn undeclared(&self) -> Vec<Finding> {
        let model = self.model();
        let finding = |(path, pairs): (&RulePath, &Pairs)| {
            let rule = path.find(model)?;
            let Place { src, span } = self.sources.place(rule.node, model.policies[path.policy].object.node);
            let more = match pairs.examples.as_slice() {
                [] | [_] => String::new(),
                [_, further @ ..] => {
                    let others = pairs.count - pairs.examples.len().min(pairs.count);
                    let rest = if others > 0 { format!(" and {others} more") } else { String::new() };
                    format!("; it also allows {}{rest}", further.join(", "))
                }
            };
            let edge = pairs.examples.first()?.clone();
            Some(Finding::UndeclaredEdge { rule: path.display(model), edge, more, src, span })
        };
        self.undeclared.iter().filter_map(finding).collect()
    }

    fn missing(&self) -> Vec<Finding> {
        let model = self.model();
        let finding = |(&(edge, direction), denied): (&(usize, Direction), &Denied)| {
            let edge = self.edges[edge].edge;
            let subject = match if direction == Direction::Ingress { denied.to } else { denied.from } {
                End::Pods(subject) => subject,
                End::Address(_) => return None,
            };
            let isolating = *self.relation.isolating(subject, direction).first()?;
            let object = model.policies[isolating].object;
            let name = object.node.at(&["metadata", "name"]).unwrap_or(object.node);
            let Place { src, span } = self.sources.place(name, object.node);
            let more = if denied.count > 1 { " (and of others)" } else { "" };
            Some(Finding::MissingEdge {
                edge: edge_text(edge, &denied.ports),
                side: format!("the {} of `{}`{more}", direction.field(), model.label(subject)),
                help: missing_rule(edge, direction, &denied.ports),
                src,
                span,
            })
        };
        self.missing.iter().filter_map(finding).collect()
    }

    fn mode(&self, direction: Direction) -> Mode {
        match direction {
            Direction::Ingress => self.declaration.ingress,
            Direction::Egress => self.declaration.egress,
        }
    }

    /// A connection must be declared when one of its ends is rendered and held strictly in the direction.
    fn must_be_declared(&self, from: Spot, to: Spot) -> bool {
        let role = |spot: Spot| match spot {
            Spot::Class(class) => Some(self.model().pods[self.relation.members[class][0]].role),
            Spot::Piece(_) => None,
        };
        let (from, to) = (role(from), role(to));
        let is = |role: Option<Role<'_>>| matches!(role, Some(Role::Rendered(_)));
        let implied = [from, to].into_iter().flatten().any(|role| matches!(role, Role::IngressController));
        !implied
            && (is(to) && self.mode(Direction::Ingress) == Mode::Declared
                || is(from) && self.mode(Direction::Egress) == Mode::Declared)
    }

    /// An end that stands for the spot; `outside` says which partition a piece belongs to.
    fn end(&self, spot: Spot, outside: Direction) -> End {
        match spot {
            Spot::Class(class) => End::Pods(self.relation.members[class][0]),
            Spot::Piece(piece) => End::Address(self.relation.external(outside)[piece].first),
        }
    }

    fn count(&self, spot: Spot) -> usize {
        match spot {
            Spot::Class(class) => self.relation.members[class].len(),
            Spot::Piece(_) => 1,
        }
    }

    fn name(&self, spot: Spot, outside: Direction) -> String {
        match spot {
            Spot::Class(class) => format!("`{}`", self.model().label(self.relation.members[class][0])),
            Spot::Piece(piece) => format!("`{}`", self.relation.external(outside)[piece]),
        }
    }
}

fn edge_place(edge: &Edge) -> Place {
    let nowhere =
        || Place { src: Source::new("declared edges", std::sync::Arc::from("")), span: (0, 0).into() };
    edge.place.clone().unwrap_or_else(nowhere)
}

fn ports_text(ports: &Ports) -> String {
    if ports.is_all() { "every port".to_owned() } else { ports.to_string() }
}

fn edge_text(edge: &Edge, ports: &Ports) -> String {
    format!("`{}` on {}", edge.name, ports_text(ports))
}

fn party_text(party: &Party) -> String {
    match party {
        Party::Pods { namespace, labels } => {
            let labels: Vec<_> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
            let labels =
                if labels.is_empty() { "any pod".to_owned() } else { format!("`{}`", labels.join(",")) };
            match namespace {
                Some(namespace) => format!("{labels} in namespace `{namespace}`"),
                None => format!("{labels} in any namespace"),
            }
        }
        Party::Block(block) => format!("`{block}`"),
    }
}

/// The rule that would allow an edge, as YAML for a policy that selects the denying side.
fn missing_rule(edge: &Edge, direction: Direction, ports: &Ports) -> String {
    let (subject, peer) = match direction {
        Direction::Ingress => (&edge.provider, &edge.consumer),
        Direction::Egress => (&edge.consumer, &edge.provider),
    };
    let peer = match peer {
        Party::Block(block) => {
            let cidr = IpBlock { range: block.range, except: Vec::new() };
            let mut text = format!("- ipBlock:\n          cidr: {cidr}");
            if !block.except.is_empty() {
                text.push_str("\n          except:");
                for range in &block.except {
                    let except = IpBlock { range: *range, except: Vec::new() };
                    text.push_str("\n            - ");
                    text.push_str(&except.to_string());
                }
            }
            text
        }
        Party::Pods { namespace, labels } => {
            let namespaces = match namespace {
                Some(name) => format!("\n          matchLabels:\n            {NAMESPACE_NAME}: {name}"),
                None => " {}".to_owned(),
            };
            let labels: Vec<_> =
                labels.iter().map(|(key, value)| format!("\n            {key}: {value}")).collect();
            let labels = match labels.as_slice() {
                [] => " {}".to_owned(),
                labels => format!("\n          matchLabels:{}", labels.concat()),
            };
            format!("- namespaceSelector:{namespaces}\n        podSelector:{labels}")
        }
    };
    let ports: Vec<_> = ports
        .ranges()
        .map(|(protocol, first, last)| {
            let end = if first == last { String::new() } else { format!("\n        endPort: {last}") };
            format!("\n      - protocol: {protocol}\n        port: {first}{end}")
        })
        .collect();
    format!(
        "add to a policy that selects {}:\n{}:\n  - {}:\n      {peer}\n    ports:{}",
        party_text(subject),
        direction.field(),
        direction.peers_field(),
        ports.concat(),
    )
}
