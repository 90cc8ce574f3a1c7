//! The relation, computed one source at a time.

use super::Connectivity;
use super::layers::layered;
use super::side::{AdminEntry, PeerSet, Side, Signature};
use crate::network::policy::Direction;
use crate::network::ports::{PortTable, PortsId};

/// The relation, one source at a time. Rows of classes with equal egress are cheapest one after the other.
pub(crate) struct Walk<'c, 'm, 'a> {
    relation: &'c Connectivity<'m, 'a>,
    pub(crate) ports: PortTable,
    /// The egress signature that `out` is for.
    egress: Option<usize>,
    out: Row,
    /// What each ingress signature lets in from the current source.
    into: Vec<PortsId>,
}

/// What one source may reach.
#[derive(Clone, Default)]
pub(crate) struct Row {
    /// On which ports, per class.
    pub(crate) classes: Vec<PortsId>,
    /// On which ports, per piece of the address space outside; empty for a source that lies there itself.
    pub(crate) pieces: Vec<PortsId>,
}

impl<'c, 'm, 'a> Walk<'c, 'm, 'a> {
    pub(super) fn new(relation: &'c Connectivity<'m, 'a>, ports: PortTable) -> Self {
        Self { relation, ports, egress: None, out: Row::default(), into: Vec::new() }
    }

    /// What the pods of a class may reach.
    pub(crate) fn class_row(&mut self, class: usize, row: &mut Row) {
        let egress = self.relation.sides[Direction::Egress as usize].signature_of[class];
        if self.egress.replace(egress) != Some(egress) {
            self.outgoing(egress);
        }
        self.incoming(|set| set.classes.contains(class));
        row.clone_from(&self.out);
        self.meet(row);
    }

    /// What a piece of the address space outside may reach.
    pub(crate) fn piece_row(&mut self, piece: usize, row: &mut Row) {
        self.incoming(|set| set.pieces.contains(piece));
        row.pieces.clear();
        row.classes.clear();
        row.classes.resize(self.relation.members.len(), PortTable::ALL);
        self.meet(row);
    }

    /// The classes in the order that makes walking cheap.
    pub(crate) fn order(&self) -> Vec<usize> {
        let mut classes: Vec<_> = (0..self.relation.members.len()).collect();
        classes.sort_by_key(|class| self.relation.sides[Direction::Egress as usize].signature_of[*class]);
        classes
    }

    fn outgoing(&mut self, signature: usize) {
        let relation = self.relation;
        let side = &relation.sides[Direction::Egress as usize];
        let signature = &side.signatures[signature];
        let start = if signature.policies.is_empty() { PortTable::ALL } else { PortTable::NONE };
        let Row { classes, pieces } = &mut self.out;
        classes.clear();
        classes.resize(relation.members.len(), start);
        pieces.clear();
        pieces.resize(side.partition.pieces.len(), start);
        for entry in signature.rules.iter().map(|rule| &side.rules[*rule]) {
            for class in side.peers[entry.peers].classes.iter() {
                let ports = relation.resolve(entry.ports, relation.table_of[class]);
                classes[class] = self.ports.union(classes[class], ports);
            }
            for piece in side.peers[entry.peers].pieces.iter() {
                pieces[piece] = self.ports.union(pieces[piece], relation.numbers[entry.ports]);
            }
        }
        if !signature.admin.is_empty() {
            self.administered(side, signature);
        }
    }

    /// Puts the administrators' rules of egress around what the `NetworkPolicies` let out.
    fn administered(&mut self, side: &Side, signature: &Signature) {
        let relation = self.relation;
        let isolated = !signature.policies.is_empty();
        for class in 0..self.out.classes.len() {
            let matched = |entry: &AdminEntry| side.peers[entry.peers].classes.contains(class);
            let ports = |entry: &AdminEntry| relation.resolve(entry.ports, relation.table_of[class]);
            let own = isolated.then_some(self.out.classes[class]);
            self.out.classes[class] = allowed(&mut self.ports, side, signature, own, matched, ports);
        }
        for piece in 0..self.out.pieces.len() {
            let matched = |entry: &AdminEntry| side.peers[entry.peers].pieces.contains(piece);
            let own = isolated.then_some(self.out.pieces[piece]);
            let ports = |entry: &AdminEntry| relation.numbers[entry.ports];
            self.out.pieces[piece] = allowed(&mut self.ports, side, signature, own, matched, ports);
        }
    }

    fn incoming(&mut self, matches: impl Fn(&PeerSet) -> bool) {
        let relation = self.relation;
        let side = &relation.sides[Direction::Ingress as usize];
        let matched: Vec<bool> = side.peers.iter().map(matches).collect();
        self.into.clear();
        for signature in &side.signatures {
            let mut all = if signature.policies.is_empty() { PortTable::ALL } else { PortTable::NONE };
            for entry in
                signature.rules.iter().map(|rule| &side.rules[*rule]).filter(|entry| matched[entry.peers])
            {
                all = self.ports.union(all, relation.resolve(entry.ports, signature.table));
            }
            if !signature.admin.is_empty() {
                let own = (!signature.policies.is_empty()).then_some(all);
                let ports = |entry: &AdminEntry| relation.resolve(entry.ports, signature.table);
                all = allowed(&mut self.ports, side, signature, own, |entry| matched[entry.peers], ports);
            }
            self.into.push(all);
        }
    }

    fn meet(&mut self, row: &mut Row) {
        let signature_of = &self.relation.sides[Direction::Ingress as usize].signature_of;
        for (ports, signature) in row.classes.iter_mut().zip(signature_of) {
            *ports = self.ports.intersection(*ports, self.into[*signature]);
        }
    }
}

/// What all layers allow; `own` is what the `NetworkPolicies` do, none where they do not isolate.
fn allowed(
    table: &mut PortTable,
    side: &Side,
    signature: &Signature,
    own: Option<PortsId>,
    matched: impl Fn(&AdminEntry) -> bool,
    ports: impl Fn(&AdminEntry) -> PortsId,
) -> PortsId {
    let entries = signature.admin.iter().map(|entry| &side.admin[*entry]).filter(|entry| matched(entry));
    let rules = entries.map(|entry| entry.asked(ports(entry)));
    layered(table, rules, own)
}
