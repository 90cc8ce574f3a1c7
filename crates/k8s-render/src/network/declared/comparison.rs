//! The comparison itself: row by row of the relation, findings gathered by rule and by edge.

use std::collections::BTreeMap;

use super::texts::{edge_place, edge_text, missing_rule, party_text, ports_text};
use super::{Declaration, Edge, Mode, Need};
use crate::inspect::{Place, Sources};
use crate::network::bits::BitSet;
use crate::network::connectivity::{Connectivity, End, HostNetwork, Row};
use crate::network::explain::{AdminPath, Miss, RulePath, Verdict, explain};
use crate::network::finding::Finding;
use crate::network::model::{Model, Role};
use crate::network::policy::{Action, Direction};
use crate::network::ports::{PortTable, Ports, PortsId};

/// Whom a party stands for.
pub(super) enum Reach {
    Classes(BitSet),
    Pieces(BitSet),
}

impl Reach {
    fn is_nobody(&self) -> bool {
        match self {
            Self::Classes(set) | Self::Pieces(set) => set.is_empty(),
        }
    }
}

/// A declared edge and whom it stands for.
pub(super) struct ResolvedEdge<'d> {
    pub(super) edge: &'d Edge,
    pub(super) from: Reach,
    pub(super) to: Reach,
}

/// A rule that allows something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Allowing {
    Rule(RulePath),
    Admin(AdminPath),
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

/// One comparison, with what it has found so far.
pub(super) struct Comparison<'c, 'd, 'm, 'a> {
    relation: &'c Connectivity<'m, 'a>,
    declaration: &'d Declaration,
    sources: Sources<'c>,
    edges: Vec<ResolvedEdge<'d>>,
    undeclared: BTreeMap<Allowing, Pairs>,
    missing: BTreeMap<(usize, Direction), Denied>,
}

impl<'c, 'd, 'm, 'a> Comparison<'c, 'd, 'm, 'a> {
    pub(super) fn new(
        relation: &'c Connectivity<'m, 'a>,
        declaration: &'d Declaration,
        sources: Sources<'c>,
        edges: Vec<ResolvedEdge<'d>>,
    ) -> Self {
        Self { relation, declaration, sources, edges, undeclared: BTreeMap::new(), missing: BTreeMap::new() }
    }

    /// Everything that differs, problems of single edges and workloads first.
    pub(super) fn findings(mut self) -> Vec<Finding> {
        let mut findings = self.unmatched();
        findings.extend(self.not_isolated());
        findings.extend(self.port_mismatches());
        self.walk();
        findings.extend(self.undeclared());
        findings.extend(self.missing());
        findings
    }

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
        let mut from_class = vec![Vec::new(); relation.class_count()];
        let mut from_piece = vec![Vec::new(); relation.external(Direction::Ingress).len()];
        for (index, edge) in self.edges.iter().enumerate() {
            let ports = walk.ports.add(edge.edge.ports.clone());
            let (starts, set) = match &edge.from {
                Reach::Classes(set) => (&mut from_class, set),
                Reach::Pieces(set) => (&mut from_piece, set),
            };
            for start in set.iter() {
                starts[start].push((index, ports));
            }
        }
        let mut row = Row::default();
        for class in walk.order() {
            walk.class_row(class, &mut row);
            self.compare_row(Spot::Class(class), &row, &from_class[class], &mut walk.ports);
        }
        for (piece, edges) in from_piece.iter().enumerate() {
            walk.piece_row(piece, &mut row);
            self.compare_row(Spot::Piece(piece), &row, edges, &mut walk.ports);
        }
    }

    /// Compares what one source may reach with the edges that start there: their numbers and their ports.
    fn compare_row(&mut self, from: Spot, row: &Row, edges: &[(usize, PortsId)], table: &mut PortTable) {
        let mut declared = vec![PortTable::NONE; row.classes.len()];
        let mut declared_pieces = vec![PortTable::NONE; row.pieces.len()];
        for &(index, ports) in edges {
            let edge = &self.edges[index];
            let (declared, allowed, to) = match &edge.to {
                Reach::Classes(to) => (&mut declared, &row.classes, to),
                Reach::Pieces(to) if !row.pieces.is_empty() => (&mut declared_pieces, &row.pieces, to),
                Reach::Pieces(_) => continue,
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
            let rules = rules
                .map(|((policy, rule), _)| Allowing::Rule(RulePath { policy, direction, rule, peer: None }));
            let admin = self.relation.admin_between(direction, source, destination);
            let admin = admin
                .filter(|(entry, ports)| {
                    entry.action == Action::Allow && !ports.intersection(extra).is_empty()
                })
                .map(|(entry, _)| {
                    Allowing::Admin(AdminPath { policy: entry.policy, direction, rule: entry.rule })
                });
            rules.chain(admin).collect::<Vec<_>>()
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
        let finding = |(allowing, pairs): (&Allowing, &Pairs)| {
            let (rule, object) = match allowing {
                Allowing::Rule(path) => (path.find(model)?.node, model.policies[path.policy].object),
                Allowing::Admin(path) => (path.find(model)?.node, model.admin[path.policy].object),
            };
            let Place { src, span } = self.sources.place(rule, object.node);
            let more = match pairs.examples.as_slice() {
                [] | [_] => String::new(),
                [_, further @ ..] => {
                    let others = pairs.count - pairs.examples.len().min(pairs.count);
                    let rest = if others > 0 { format!(" and {others} more") } else { String::new() };
                    format!("; it also allows {}{rest}", further.join(", "))
                }
            };
            let edge = pairs.examples.first()?.clone();
            let rule = match allowing {
                Allowing::Rule(path) => path.display(model),
                Allowing::Admin(path) => path.display(model),
            };
            Some(Finding::UndeclaredEdge { rule, edge, more, src, span })
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
            let (closest, denying) = self.closest_rule(denied, direction);
            let isolating = self.relation.isolating(subject, direction).first().copied();
            let object = match denying {
                Some(path) => model.admin[path.policy].object,
                None => model.policies[closest.as_ref().map(|miss| miss.rule.policy).or(isolating)?].object,
            };
            let name = object.node.at(&["metadata", "name"]).unwrap_or(object.node);
            let Place { src, span } = self.sources.place(name, object.node);
            let more = if denied.count > 1 { " (and of others)" } else { "" };
            Some(Finding::MissingEdge {
                edge: edge_text(edge, &denied.ports),
                side: format!("the {} of `{}`{more}", direction.field(), model.label(subject)),
                help: match denying {
                    Some(path) => {
                        format!("{} denies it: let a rule before that one allow it", path.display(model))
                    }
                    None => {
                        missing_rule(edge, direction, &denied.ports)
                            + &closest.map_or_else(String::new, |miss| {
                                format!(
                                    "\nthe closest rule, {}, does not match: {miss}",
                                    miss.rule.display(model)
                                )
                            })
                    }
                },
                src,
                span,
            })
        };
        self.missing.iter().filter_map(finding).collect()
    }

    /// The rule of the denying side that comes closest to the first denied port, or the rule of an administrator that
    /// denies it.
    fn closest_rule(&self, denied: &Denied, direction: Direction) -> (Option<Miss>, Option<AdminPath>) {
        let Some((protocol, port, _)) = denied.ports.ranges().next() else { return (None, None) };
        let answer = explain(self.relation, denied.from, denied.to, protocol, port);
        let verdict = if direction == Direction::Ingress { answer.ingress } else { answer.egress };
        match verdict {
            Verdict::Denied { nearest, .. } => (nearest.into_iter().next(), None),
            Verdict::Decided { by, .. } => (None, Some(by)),
            _ => (None, None),
        }
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
