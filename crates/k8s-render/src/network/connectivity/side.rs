//! One direction of all policies, by numbers: peers as bit sets, classes by the rules that apply to them.

use std::collections::HashMap;

use super::classes::{Classes, Index};
use super::layers::Asked;
use crate::network::bits::BitSet;
use crate::network::cidr::{IpBlock, Partition};
use crate::network::model::Model;
use crate::network::policy::{Action, Direction, Peer, Peers, Rule, RulePorts, Tier, Who};

/// One direction of all policies.
pub(super) struct Side {
    /// The addresses outside the cluster as this direction's blocks (and the caller's) cut them.
    pub(super) partition: Partition,
    pub(super) rules: Vec<RuleEntry>,
    /// The rules of administrators, in the order in which they are asked.
    pub(super) admin: Vec<AdminEntry>,
    /// The distinct peer sets of the rules.
    pub(super) peers: Vec<PeerSet>,
    /// The signature of each class: which rules apply to it.
    pub(super) signature_of: Vec<usize>,
    pub(super) signatures: Vec<Signature>,
}

/// A rule, by numbers.
pub(super) struct RuleEntry {
    pub(super) policy: usize,
    pub(super) rule: usize,
    pub(super) peers: usize,
    pub(super) ports: usize,
}

/// A rule of an administrator, by numbers.
pub(crate) struct AdminEntry {
    pub(crate) policy: usize,
    pub(crate) rule: usize,
    pub(crate) action: Action,
    pub(super) is_baseline: bool,
    pub(super) peers: usize,
    pub(super) ports: usize,
}

impl AdminEntry {
    /// The rule with the ports that it is about between two ends.
    pub(super) fn asked<P>(&self, ports: P) -> Asked<P> {
        Asked { is_baseline: self.is_baseline, action: self.action, ports }
    }
}

/// Whom a list of peers matches.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct PeerSet {
    pub(super) classes: BitSet,
    pub(super) pieces: BitSet,
}

/// What applies to the classes that the same policies select.
pub(super) struct Signature {
    /// The policies that isolate; none when there is no isolation.
    pub(super) policies: Vec<usize>,
    /// Their rules, without repetitions of equal ones.
    pub(super) rules: Vec<usize>,
    /// The rules of administrators that apply, in the order in which they are asked; those of the baseline last.
    pub(super) admin: Vec<usize>,
    /// The table of named ports of the classes, which rules of ingress need.
    pub(super) table: usize,
}

/// The classes that a selector of pods means; without a selector of namespaces those of `own`.
fn pods_of<'a>(
    who: &Who<'a>,
    own: Option<&BitSet>,
    classes: &Classes<'a>,
    index: &mut Index<'_, 'a>,
) -> BitSet {
    let Who::Pods { namespaces, pods } = who else { return BitSet::empty(classes.members.len()) };
    let mut matching = index.pods(pods);
    match (namespaces, own) {
        (Some(selector), _) => matching.intersect(&index.namespaces(selector)),
        (None, Some(own)) => matching.intersect(own),
        (None, None) => {}
    }
    // No selector reaches pods on the network of their node.
    matching.subtract(&classes.host);
    matching
}

/// The distinct peer sets of one direction while it is read.
struct PeerSets<'s, 'a> {
    classes: &'s Classes<'a>,
    partition: &'s Partition,
    /// The number of each block in the partition.
    blocks: HashMap<&'s IpBlock, usize>,
    known: HashMap<PeerSet, usize>,
    distinct: Vec<PeerSet>,
}

impl<'a> PeerSets<'_, 'a> {
    /// Everybody, inside and outside.
    fn everyone(&mut self) -> usize {
        let (classes, pieces) = (self.classes.members.len(), self.partition.pieces.len());
        self.add(PeerSet { classes: BitSet::full(classes), pieces: BitSet::full(pieces) })
    }

    /// Whoever one of the peers matches; those without a selector of namespaces mean pods of `own`.
    fn of(&mut self, peers: &[Peer<'a>], own: Option<&BitSet>, index: &mut Index<'_, 'a>) -> usize {
        let (classes, pieces) = (self.classes.members.len(), self.partition.pieces.len());
        let mut set = PeerSet { classes: BitSet::empty(classes), pieces: BitSet::empty(pieces) };
        for Peer { who, .. } in peers {
            match who {
                Who::Block(block) => set.pieces.union(&self.partition.members[self.blocks[block]]),
                Who::Pods { .. } => set.classes.union(&pods_of(who, own, self.classes, index)),
            }
        }
        self.add(set)
    }

    fn add(&mut self, set: PeerSet) -> usize {
        *self.known.entry(set).or_insert_with_key(|set| {
            self.distinct.push(set.clone());
            self.distinct.len() - 1
        })
    }
}

/// Distinct port lists of rules.
#[derive(Default)]
pub(super) struct RulePortsTable<'a> {
    pub(super) ids: HashMap<RulePorts<'a>, usize>,
    pub(super) distinct: Vec<RulePorts<'a>>,
}

impl<'a> RulePortsTable<'a> {
    pub(super) fn add(&mut self, ports: &RulePorts<'a>) -> usize {
        if let Some(known) = self.ids.get(ports) {
            return *known;
        }
        self.ids.insert(ports.clone(), self.distinct.len());
        self.distinct.push(ports.clone());
        self.distinct.len() - 1
    }
}

impl Side {
    pub(super) fn new<'a>(
        model: &Model<'a>,
        direction: Direction,
        classes: &Classes<'a>,
        index: &mut Index<'_, 'a>,
        ports: &mut RulePortsTable<'a>,
        observed: &[IpBlock],
    ) -> Self {
        let mut blocks: HashMap<&IpBlock, usize> = HashMap::new();
        let mut distinct: Vec<&IpBlock> = Vec::new();
        let rules = model.policies.iter().filter_map(|policy| policy.rules(direction)).flatten();
        let admin = model.admin.iter().flat_map(|policy| policy.rules(direction));
        let peers = rules.flat_map(Rule::named).chain(admin.flat_map(|rule| &rule.peers));
        for block in peers.filter_map(|peer| peer.who.block()).chain(observed) {
            blocks.entry(block).or_insert_with(|| {
                distinct.push(block);
                distinct.len() - 1
            });
        }
        let partition = Partition::new(&distinct);

        let mut sets =
            PeerSets { classes, partition: &partition, blocks, known: HashMap::new(), distinct: Vec::new() };
        let (mut entries, mut admin) = (Vec::new(), Vec::new());
        let class_count = classes.members.len();
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
                let peers = match &rule.peers {
                    Peers::Everyone => sets.everyone(),
                    Peers::Only(peers) => sets.of(peers, Some(&own), index),
                };
                entries.push(RuleEntry {
                    policy: number,
                    rule: rule.index,
                    peers,
                    ports: ports.add(&rule.ports),
                });
            }
        }
        let mut subject_to: Vec<Vec<usize>> = vec![Vec::new(); class_count];
        for (number, policy) in model.admin.iter().enumerate() {
            let first = admin.len();
            for rule in policy.rules(direction) {
                let peers = sets.of(&rule.peers, None, index);
                admin.push(AdminEntry {
                    policy: number,
                    rule: rule.index,
                    action: rule.action,
                    is_baseline: policy.tier == Tier::Baseline,
                    peers,
                    ports: ports.add(&rule.ports),
                });
            }
            let subjects = policy.subject.iter().map(|who| pods_of(who, None, classes, index));
            for class in subjects.flat_map(|set| set.iter().collect::<Vec<_>>()) {
                subject_to[class].extend(first..admin.len());
            }
        }
        let peers = sets.distinct;
        let (signature_of, signatures) = (Vec::new(), Vec::new());
        let mut side = Self { partition, rules: entries, admin, peers, signature_of, signatures };
        side.sign(selecting.into_iter().zip(subject_to), &classes.table_of);
        side
    }

    /// Gives classes with equal policies (and equal named ports) one signature.
    fn sign(&mut self, applying: impl Iterator<Item = (Vec<usize>, Vec<usize>)>, table_of: &[usize]) {
        let mut known: HashMap<_, usize> = HashMap::new();
        for ((policies, admin), &table) in applying.zip(table_of) {
            let next = known.len();
            let signature = *known.entry((policies, admin, table)).or_insert(next);
            self.signature_of.push(signature);
        }
        let mut signatures: Vec<_> = known.into_iter().collect();
        signatures.sort_unstable_by_key(|(_, signature)| *signature);
        self.signatures = signatures
            .into_iter()
            .map(|((policies, admin, table), _)| {
                let mut rules: Vec<_> = policies.iter().flat_map(|policy| self.range_of(*policy)).collect();
                rules.sort_unstable_by_key(|rule| (self.rules[*rule].peers, self.rules[*rule].ports));
                rules.dedup_by_key(|rule| (self.rules[*rule].peers, self.rules[*rule].ports));
                Signature { policies, rules, admin, table }
            })
            .collect();
    }

    /// Rules stand in the order of their policies.
    fn range_of(&self, policy: usize) -> std::ops::Range<usize> {
        let start = self.rules.partition_point(|entry| entry.policy < policy);
        start..start + self.rules[start..].partition_point(|entry| entry.policy == policy)
    }

    pub(super) fn rules_of(&self, policy: usize) -> &[RuleEntry] {
        &self.rules[self.range_of(policy)]
    }
}
