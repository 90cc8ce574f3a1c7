//! The exact relation of allowed connections, by classes of pods that no policy can tell apart.
//!
//! Policies only see a pod's namespace, its labels and its named ports. Pods that agree in what the selectors at hand
//! look at form a class; each selector is evaluated once, over the classes, as a bit set. The relation itself is never
//! held: a walk computes it one source at a time, so that memory stays linear in the number of classes.

mod classes;
mod layers;
mod side;
mod walk;

use std::net::IpAddr;

use self::classes::Classes;
use self::layers::{Plain, layered};
use self::side::{AdminEntry, RulePortsTable, Side, Signature};
pub(crate) use self::walk::{Row, Walk};
use super::bits::BitSet;
use super::cidr::{IpBlock, IpRange};
use super::model::Model;
use super::policy::{Action, Direction};
use super::ports::{PortTable, Ports, PortsId};
use super::selector::Selector;
use crate::inspect::Protocol;

/// How pods with `hostNetwork: true` are treated; the API leaves it to the network plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HostNetwork {
    /// As addresses of their node: no selector matches them and no policy isolates them.
    #[default]
    Node,
    /// As any other pod.
    Pod,
}

/// One end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Pods, by their index in [`Model::pods`].
    Pods(usize),
    /// An address outside the cluster.
    Address(IpAddr),
}

/// The allowed connections of a model.
pub struct Connectivity<'m, 'a> {
    pub(crate) model: &'m Model<'a>,
    /// The class of each of the model's pods.
    pub(crate) class_of: Vec<usize>,
    /// The pods of each class.
    pub(crate) members: Vec<Vec<usize>>,
    pub(crate) host_network: HostNetwork,
    /// Which number each name of a port has, per class: an index into `tables`.
    table_of: Vec<usize>,
    tables: usize,
    /// By direction: who is isolated, and by which rules.
    sides: [Side; 2],
    /// The ports of a rule for each table: `resolved[ports * tables + table]`.
    resolved: Vec<PortsId>,
    ports: PortTable,
    /// The numbered ports of each distinct [`RulePorts`]; all that counts for addresses.
    numbers: Vec<PortsId>,
    /// The bit sets of selectors that a caller asked for, in order.
    pub(crate) selected: Vec<BitSet>,
}

impl<'m, 'a> Connectivity<'m, 'a> {
    /// Prepares the relation of a model.
    pub fn new(model: &'m Model<'a>, host_network: HostNetwork) -> Self {
        Self::observing(model, host_network, &[], [&[], &[]])
    }

    /// Prepares the relation such that classes and pieces of the address space also respect the given selectors of
    /// pods (by namespace, none for every one) and the given blocks of sources and of destinations.
    pub(crate) fn observing(
        model: &'m Model<'a>,
        host_network: HostNetwork,
        pods: &[(Option<&'a str>, Selector<'a>)],
        blocks: [&[IpBlock]; 2],
    ) -> Self {
        let classes = Classes::new(model, host_network, pods);
        let mut lookup = classes.index(model);
        let mut ports = RulePortsTable::default();
        let sides = Direction::BOTH.map(|direction| {
            Side::new(model, direction, &classes, &mut lookup, &mut ports, blocks[direction as usize])
        });
        let selected = pods
            .iter()
            .map(|(namespace, selector)| {
                let mut set = lookup.pods(selector);
                if let Some(name) = namespace {
                    set.intersect(&lookup.in_namespace(name));
                }
                set
            })
            .collect();

        let mut table = PortTable::new();
        let numbers: Vec<_> = ports.distinct.iter().map(|ports| table.add(ports.numbers.clone())).collect();
        let tables = classes.tables.len();
        let mut resolved = Vec::with_capacity(ports.distinct.len() * tables);
        for rule in &ports.distinct {
            for names in &classes.tables {
                let named = rule.names.iter().filter_map(|(protocol, name)| {
                    let found = names.iter().find(|(p, n, _)| p == protocol && n == name);
                    found.map(|(protocol, _, port)| Ports::single(*protocol, *port))
                });
                resolved.push(table.add(named.fold(rule.numbers.clone(), |all, port| all.union(&port))));
            }
        }
        Self {
            model,
            class_of: classes.class_of,
            members: classes.members,
            host_network,
            table_of: classes.table_of,
            tables,
            sides,
            resolved,
            ports: table,
            numbers,
            selected,
        }
    }

    /// The model that this is the relation of.
    pub fn model(&self) -> &'m Model<'a> {
        self.model
    }

    /// How many classes the pods fall into.
    pub fn class_count(&self) -> usize {
        self.members.len()
    }

    /// The pieces of the address space outside the cluster that ingress rules (for egress: egress rules) tell apart.
    pub fn external(&self, direction: Direction) -> &[IpRange] {
        &self.sides[direction as usize].partition.pieces
    }

    /// Whether some policy isolates these pods in the direction.
    pub fn is_isolated(&self, pods: usize, direction: Direction) -> bool {
        !self.signature(direction, self.class_of[pods]).policies.is_empty()
    }

    /// The policies (by index) that isolate these pods in the direction.
    pub fn isolating(&self, pods: usize, direction: Direction) -> &[usize] {
        &self.signature(direction, self.class_of[pods]).policies
    }

    /// The policies (by index) that select pods at all.
    pub(crate) fn selecting(&self) -> BitSet {
        let mut selecting = BitSet::empty(self.model.policies.len());
        let signatures = self.sides.iter().flat_map(|side| &side.signatures);
        signatures.flat_map(|signature| &signature.policies).for_each(|policy| selecting.insert(*policy));
        selecting
    }

    /// The ports on which connections from one end to the other are allowed.
    ///
    /// Between two addresses there is nothing to allow: the answer is every port.
    pub fn allowed(&self, from: End, to: End) -> Ports {
        let out = self.allowed_by(Direction::Egress, from, to);
        out.intersection(&self.allowed_by(Direction::Ingress, from, to))
    }

    /// The ports that one direction's policies allow, whatever the other says.
    pub(crate) fn allowed_by(&self, direction: Direction, from: End, to: End) -> Ports {
        let subject = if direction == Direction::Ingress { to } else { from };
        let End::Pods(subject) = subject else { return Ports::all() };
        let own = (!self.isolating(subject, direction).is_empty()).then(|| {
            let rules = self.rules_between(direction, from, to);
            rules.fold(Ports::none(), |all, (_, ports)| all.union(ports))
        });
        let rules = self.admin_between(direction, from, to).map(|(entry, ports)| entry.asked(ports.clone()));
        layered(&mut Plain, rules, own)
    }

    /// The rules of administrators that match both ends, in the order in which they are asked, with their ports there.
    pub(crate) fn admin_between(
        &self,
        direction: Direction,
        from: End,
        to: End,
    ) -> impl Iterator<Item = (&AdminEntry, &Ports)> {
        let side = &self.sides[direction as usize];
        let (subject, peer) = if direction == Direction::Ingress { (to, from) } else { (from, to) };
        let applying = match subject {
            End::Pods(pods) => &*self.signature(direction, self.class_of[pods]).admin,
            End::Address(_) => &[],
        };
        let entries = applying.iter().map(|entry| &side.admin[*entry]);
        entries.filter_map(move |entry| {
            let ports = self.ports_between(side, entry.peers, entry.ports, peer, to)?;
            Some((entry, ports))
        })
    }

    /// The rule of an administrator that decides about one port before the `NetworkPolicies` do, or after them: its policy (by
    /// index), its own index and whether it allows. None where no rule does, or one passes the connection on.
    pub(crate) fn deciding(
        &self,
        direction: Direction,
        (from, to): (End, End),
        (protocol, port): (Protocol, u16),
        baseline: bool,
    ) -> Option<(usize, usize, Action)> {
        let matching = self.admin_between(direction, from, to);
        let mut matching =
            matching.filter(|(entry, ports)| entry.is_baseline == baseline && ports.contains(protocol, port));
        matching.next().map(|(entry, _)| (entry.policy, entry.rule, entry.action))
    }

    /// The ports of a rule, when its peers match; none when they do not, or the ports are none.
    fn ports_between(&self, side: &Side, peers: usize, ports: usize, peer: End, to: End) -> Option<&Ports> {
        let set = &side.peers[peers];
        let matched = match peer {
            End::Pods(pods) => set.classes.contains(self.class_of[pods]),
            End::Address(address) => set.pieces.contains(side.partition.piece_of(address)),
        };
        let ports = match to {
            End::Pods(pods) => self.resolve(ports, self.table_of[self.class_of[pods]]),
            End::Address(_) => self.numbers[ports],
        };
        let ports = self.ports.get(ports);
        (matched && !ports.is_empty()).then_some(ports)
    }

    /// The rules of a direction that match both ends, as (policy, rule) with the ports that they allow there.
    pub(crate) fn rules_between(
        &self,
        direction: Direction,
        from: End,
        to: End,
    ) -> impl Iterator<Item = ((usize, usize), &Ports)> {
        let side = &self.sides[direction as usize];
        let (subject, peer) = if direction == Direction::Ingress { (to, from) } else { (from, to) };
        let selecting = match subject {
            End::Pods(pods) => self.isolating(pods, direction),
            End::Address(_) => &[],
        };
        selecting.iter().flat_map(|policy| side.rules_of(*policy)).filter_map(move |entry| {
            let ports = self.ports_between(side, entry.peers, entry.ports, peer, to)?;
            Some(((entry.policy, entry.rule), ports))
        })
    }

    /// The pieces of the address space outside that make up a block which the direction's partition respects.
    pub(crate) fn pieces_of(&self, direction: Direction, block: &IpBlock) -> BitSet {
        let pieces = self.external(direction);
        let mut inside = BitSet::empty(pieces.len());
        let within = pieces.iter().enumerate().filter(|(_, piece)| block.contains(piece.first));
        within.for_each(|(index, _)| inside.insert(index));
        inside
    }

    /// Computes the relation source by source.
    pub(crate) fn walk(&self) -> Walk<'_, 'm, 'a> {
        Walk::new(self, self.ports.clone())
    }

    fn signature(&self, direction: Direction, class: usize) -> &Signature {
        let side = &self.sides[direction as usize];
        &side.signatures[side.signature_of[class]]
    }

    fn resolve(&self, ports: usize, table: usize) -> PortsId {
        self.resolved[ports * self.tables + table]
    }
}
