//! The exact relation of allowed connections, by classes of pods that no policy can tell apart.
//!
//! Policies only see a pod's namespace, its labels and its named ports. Pods that agree in what the selectors at hand
//! look at form a class; each selector is evaluated once, over the classes, as a bit set. The relation itself is never
//! held: a walk computes it one source at a time, so that memory stays linear in the number of classes.

use std::collections::HashMap;
use std::net::IpAddr;

use super::bits::BitSet;
use super::cidr::{IpBlock, IpRange, Partition};
use super::model::Model;
use super::policy::{Direction, Peers, RulePorts, Who};
use super::ports::{PortTable, Ports, PortsId};
use super::selector::{Selector, Test};

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

/// One direction of all policies.
struct Side {
    /// The addresses outside the cluster as this direction's blocks (and the caller's) cut them.
    partition: Partition,
    rules: Vec<RuleEntry>,
    /// The distinct peer sets of the rules.
    peers: Vec<PeerSet>,
    /// The signature of each class: which rules apply to it.
    signature_of: Vec<usize>,
    signatures: Vec<Signature>,
}

/// A rule, by numbers.
struct RuleEntry {
    policy: usize,
    rule: usize,
    peers: usize,
    ports: usize,
}

/// Whom a list of peers matches.
#[derive(Clone, PartialEq, Eq, Hash)]
struct PeerSet {
    classes: BitSet,
    pieces: BitSet,
}

/// What applies to the classes that the same policies select.
struct Signature {
    /// The policies that isolate; none when there is no isolation.
    policies: Vec<usize>,
    /// Their rules, without repetitions of equal ones.
    rules: Vec<usize>,
    /// The table of named ports of the classes, which rules of ingress need.
    table: usize,
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
        if self.isolating(subject, direction).is_empty() {
            return Ports::all();
        }
        self.rules_between(direction, from, to).fold(Ports::none(), |all, (_, ports)| all.union(ports))
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
        let piece = match peer {
            End::Address(address) => side.partition.piece_of(address),
            End::Pods(_) => 0,
        };
        selecting.iter().flat_map(|policy| side.rules_of(*policy)).filter_map(move |entry| {
            let set = &side.peers[entry.peers];
            let matched = match peer {
                End::Pods(pods) => set.classes.contains(self.class_of[pods]),
                End::Address(_) => set.pieces.contains(piece),
            };
            let ports = match to {
                End::Pods(pods) => self.resolve(entry.ports, self.table_of[self.class_of[pods]]),
                End::Address(_) => self.numbers[entry.ports],
            };
            let ports = self.ports.get(ports);
            (matched && !ports.is_empty()).then_some(((entry.policy, entry.rule), ports))
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
        Walk {
            relation: self,
            ports: self.ports.clone(),
            egress: None,
            out: Row::default(),
            into: Vec::new(),
        }
    }

    fn signature(&self, direction: Direction, class: usize) -> &Signature {
        let side = &self.sides[direction as usize];
        &side.signatures[side.signature_of[class]]
    }

    fn resolve(&self, ports: usize, table: usize) -> PortsId {
        self.resolved[ports * self.tables + table]
    }
}

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

impl Walk<'_, '_, '_> {
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

/// The pods of a model by what policies can see of them.
struct Classes<'a> {
    class_of: Vec<usize>,
    members: Vec<Vec<usize>>,
    host: BitSet,
    table_of: Vec<usize>,
    /// Distinct tables of the named ports that rules mention: protocol, name, number.
    tables: Vec<Vec<(crate::inspect::Protocol, &'a str, u16)>>,
}

impl<'a> Classes<'a> {
    fn new(
        model: &Model<'a>,
        host_network: HostNetwork,
        observed: &[(Option<&'a str>, Selector<'a>)],
    ) -> Self {
        let mut keys: Vec<&str> = Vec::new();
        let mut names = Vec::new();
        let mut note = |selector: &Selector<'a>| keys.extend(selector.requirements().iter().map(|r| r.key));
        for (_, selector) in observed {
            note(selector);
        }
        for policy in &model.policies {
            policy.pods.iter().for_each(&mut note);
            for rule in Direction::BOTH.into_iter().filter_map(|d| policy.rules(d)).flatten() {
                names.extend(rule.ports.names.iter().copied());
                let Peers::Only(peers) = &rule.peers else { continue };
                for peer in peers {
                    if let Who::Pods { pods, .. } = &peer.who {
                        note(pods);
                    }
                }
            }
        }
        keys.sort_unstable();
        keys.dedup();
        names.sort_unstable();
        names.dedup();

        let mut this = Self {
            class_of: Vec::with_capacity(model.pods.len()),
            members: Vec::new(),
            host: BitSet::empty(0),
            table_of: Vec::new(),
            tables: Vec::new(),
        };
        let mut known: HashMap<_, usize> = HashMap::new();
        let mut tables: HashMap<_, usize> = HashMap::new();
        let mut hosts = Vec::new();
        for (index, pods) in model.pods.iter().enumerate() {
            let labels: Vec<_> =
                pods.labels.iter().copied().filter(|(key, _)| keys.binary_search(key).is_ok()).collect();
            let named = names.iter().filter_map(|(protocol, name)| {
                pods.named_port(name, *protocol).map(|port| (*protocol, *name, port))
            });
            let named: Vec<_> = named.collect();
            let table = *tables.entry(named).or_insert_with_key(|named| {
                this.tables.push(named.clone());
                this.tables.len() - 1
            });
            let host = pods.host_network && host_network == HostNetwork::Node;
            let role = std::mem::discriminant(&pods.role);
            let class = *known.entry((pods.namespace, labels, table, host, role)).or_insert_with(|| {
                this.members.push(Vec::new());
                this.table_of.push(table);
                hosts.push(host);
                this.members.len() - 1
            });
            this.members[class].push(index);
            this.class_of.push(class);
        }
        this.host = BitSet::empty(this.members.len());
        hosts.iter().enumerate().filter(|(_, host)| **host).for_each(|(class, _)| this.host.insert(class));
        this
    }

    fn index<'i>(&'i self, model: &'i Model<'a>) -> Index<'i, 'a> {
        let mut by_label: HashMap<(&str, &str), BitSet> = HashMap::new();
        let mut by_key: HashMap<&str, BitSet> = HashMap::new();
        let mut by_namespace = vec![BitSet::empty(self.members.len()); model.namespaces.len()];
        for (class, members) in self.members.iter().enumerate() {
            let pods = &model.pods[members[0]];
            by_namespace[pods.namespace].insert(class);
            for &(key, value) in &pods.labels {
                by_label
                    .entry((key, value))
                    .or_insert_with(|| BitSet::empty(self.members.len()))
                    .insert(class);
                by_key.entry(key).or_insert_with(|| BitSet::empty(self.members.len())).insert(class);
            }
        }
        Index {
            classes: self,
            model,
            by_label,
            by_key,
            by_namespace,
            numbers: model.namespaces.iter().enumerate().map(|(index, n)| (n.name, index)).collect(),
            pods: HashMap::new(),
            namespaces: HashMap::new(),
        }
    }
}

/// Classes by label, and the selectors that were looked up already.
struct Index<'i, 'a> {
    classes: &'i Classes<'a>,
    model: &'i Model<'a>,
    by_label: HashMap<(&'i str, &'i str), BitSet>,
    by_key: HashMap<&'i str, BitSet>,
    by_namespace: Vec<BitSet>,
    /// Namespaces by name.
    numbers: HashMap<&'a str, usize>,
    pods: HashMap<Selector<'a>, BitSet>,
    namespaces: HashMap<Selector<'a>, BitSet>,
}

impl<'a> Index<'_, 'a> {
    /// The classes whose labels match, in any namespace.
    fn pods(&mut self, selector: &Selector<'a>) -> BitSet {
        if let Some(known) = self.pods.get(selector) {
            return known.clone();
        }
        let count = self.classes.members.len();
        let mut matching = BitSet::full(count);
        for requirement in selector.requirements() {
            let values = |values: &[&str]| {
                let mut any = BitSet::empty(count);
                let known = values.iter().filter_map(|value| self.by_label.get(&(requirement.key, *value)));
                known.for_each(|set| any.union(set));
                any
            };
            let having = || self.by_key.get(requirement.key).cloned().unwrap_or_else(|| BitSet::empty(count));
            match &requirement.test {
                Test::In(texts) => matching.intersect(&values(texts)),
                Test::NotIn(texts) => matching.subtract(&values(texts)),
                Test::Exists => matching.intersect(&having()),
                Test::DoesNotExist => matching.subtract(&having()),
            }
        }
        self.pods.insert(selector.clone(), matching.clone());
        matching
    }

    /// The classes of the namespaces whose labels match.
    fn namespaces(&mut self, selector: &Selector<'a>) -> BitSet {
        if let Some(known) = self.namespaces.get(selector) {
            return known.clone();
        }
        let mut set = BitSet::empty(self.classes.members.len());
        for (classes, namespace) in self.by_namespace.iter().zip(&self.model.namespaces) {
            if selector.matches(&namespace.labels) {
                set.union(classes);
            }
        }
        self.namespaces.insert(selector.clone(), set.clone());
        set
    }

    /// The classes of one namespace.
    fn in_namespace(&self, name: &str) -> BitSet {
        let none = || BitSet::empty(self.classes.members.len());
        self.numbers.get(name).map_or_else(none, |number| self.by_namespace[*number].clone())
    }
}

/// Distinct port lists of rules.
#[derive(Default)]
struct RulePortsTable<'a> {
    ids: HashMap<RulePorts<'a>, usize>,
    distinct: Vec<RulePorts<'a>>,
}

impl<'a> RulePortsTable<'a> {
    fn add(&mut self, ports: &RulePorts<'a>) -> usize {
        if let Some(known) = self.ids.get(ports) {
            return *known;
        }
        self.ids.insert(ports.clone(), self.distinct.len());
        self.distinct.push(ports.clone());
        self.distinct.len() - 1
    }
}

impl Side {
    fn new<'a>(
        model: &Model<'a>,
        direction: Direction,
        classes: &Classes<'a>,
        index: &mut Index<'_, 'a>,
        ports: &mut RulePortsTable<'a>,
        observed: &[IpBlock],
    ) -> Self {
        let mut blocks: HashMap<&IpBlock, usize> = HashMap::new();
        let mut distinct: Vec<&IpBlock> = Vec::new();
        let in_rules = model.policies.iter().filter_map(|policy| policy.rules(direction)).flatten();
        let in_peers = in_rules.filter_map(|rule| match &rule.peers {
            Peers::Only(peers) => Some(peers),
            Peers::Everyone => None,
        });
        let in_peers = in_peers.flatten().filter_map(|peer| match &peer.who {
            Who::Block(block) => Some(block),
            Who::Pods { .. } => None,
        });
        for block in in_peers.chain(observed) {
            blocks.entry(block).or_insert_with(|| {
                distinct.push(block);
                distinct.len() - 1
            });
        }
        let partition = Partition::new(&distinct);

        let (class_count, piece_count) = (classes.members.len(), partition.pieces.len());
        let mut side = Self {
            partition,
            rules: Vec::new(),
            peers: Vec::new(),
            signature_of: Vec::new(),
            signatures: Vec::new(),
        };
        let mut sets: HashMap<PeerSet, usize> = HashMap::new();
        let mut selecting: Vec<Vec<usize>> = vec![Vec::new(); class_count];
        for (number, policy) in model.policies.iter().enumerate() {
            let Some(rules) = policy.rules(direction) else { continue };
            // No selector reaches pods on the network of their node.
            let mut own = index.in_namespace(policy.object.namespace());
            own.subtract(&classes.host);
            if let Some(selector) = &policy.pods {
                let mut selected = index.pods(selector);
                selected.intersect(&own);
                selected.iter().for_each(|class| selecting[class].push(number));
            }
            for rule in rules {
                let mut set =
                    PeerSet { classes: BitSet::empty(class_count), pieces: BitSet::empty(piece_count) };
                match &rule.peers {
                    Peers::Everyone => {
                        set =
                            PeerSet { classes: BitSet::full(class_count), pieces: BitSet::full(piece_count) };
                    }
                    Peers::Only(peers) => {
                        for peer in peers {
                            match &peer.who {
                                Who::Block(block) => set.pieces.union(&side.partition.members[blocks[block]]),
                                Who::Pods { namespaces, pods } => {
                                    let mut matching = index.pods(pods);
                                    match namespaces {
                                        Some(selector) => matching.intersect(&index.namespaces(selector)),
                                        None => matching.intersect(&own),
                                    }
                                    matching.subtract(&classes.host);
                                    set.classes.union(&matching);
                                }
                            }
                        }
                    }
                }
                let peers = *sets.entry(set).or_insert_with_key(|set| {
                    side.peers.push(set.clone());
                    side.peers.len() - 1
                });
                side.rules.push(RuleEntry {
                    policy: number,
                    rule: rule.index,
                    peers,
                    ports: ports.add(&rule.ports),
                });
            }
        }
        side.sign(selecting, &classes.table_of);
        side
    }

    /// Gives classes with equal policies (and equal named ports) one signature.
    fn sign(&mut self, selecting: Vec<Vec<usize>>, table_of: &[usize]) {
        let mut known: HashMap<(Vec<usize>, usize), usize> = HashMap::new();
        for (policies, &table) in selecting.into_iter().zip(table_of) {
            let next = known.len();
            let signature = *known.entry((policies, table)).or_insert(next);
            self.signature_of.push(signature);
        }
        let mut signatures: Vec<_> = known.into_iter().collect();
        signatures.sort_unstable_by_key(|(_, signature)| *signature);
        self.signatures = signatures
            .into_iter()
            .map(|((policies, table), _)| {
                let mut rules: Vec<_> = policies.iter().flat_map(|policy| self.range_of(*policy)).collect();
                rules.sort_unstable_by_key(|rule| (self.rules[*rule].peers, self.rules[*rule].ports));
                rules.dedup_by_key(|rule| (self.rules[*rule].peers, self.rules[*rule].ports));
                Signature { policies, rules, table }
            })
            .collect();
    }

    /// Rules stand in the order of their policies.
    fn range_of(&self, policy: usize) -> std::ops::Range<usize> {
        let start = self.rules.partition_point(|entry| entry.policy < policy);
        start..start + self.rules[start..].partition_point(|entry| entry.policy == policy)
    }

    fn rules_of(&self, policy: usize) -> &[RuleEntry] {
        &self.rules[self.range_of(policy)]
    }
}
