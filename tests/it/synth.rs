//! `infra network synth` on random platforms, judged by netpol-analyzer: its policies allow exactly the declared edges.
//!
//! `INFRA_SYNTH_PLATFORMS` (default 50) and `INFRA_SYNTH_SEED` (default 1) choose how many and which.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU64, Ordering};

use infra_tests::oracle;
use infra_tests::random::{Random, number};
use infra_tests::run::run;
use infra_tests::sandbox::Sandbox;

use crate::harness::infra;

/// What may flow from one to the other: protocol and port, or everything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Flow {
    all: bool,
    ports: BTreeSet<(String, u16)>,
}

/// Flows by source and destination; addresses are written as `FIRST-LAST`.
type Relation = BTreeMap<(String, String), Flow>;

/// First and last addresses, and what flows.
type Blocks = Vec<(u32, u32, Flow)>;

const EVERYWHERE: &str = "0.0.0.0-255.255.255.255";

/// One endpoint: its name, protocol and ports.
struct Endpoint {
    name: String,
    protocol: &'static str,
    first: u16,
    last: u16,
}

impl Endpoint {
    fn ports(&self) -> impl Iterator<Item = (String, u16)> {
        (self.first..=self.last).map(|port| (self.protocol.to_owned(), port))
    }
}

/// A platform, workloads for it, and what it declares.
struct Case {
    platform: String,
    workloads: String,
    declared: Relation,
}

fn case(seed: u64) -> Case {
    let mut random = Random::new(seed);
    let (ingress, egress) =
        [("declared", "restricted"), ("declared", "open"), ("open", "restricted"), ("open", "open")]
            [random.below(4)];
    let denied = random.below(2) == 0;
    let deny = if denied { "[203.0.0.128/25, 169.254.169.254/32]" } else { "[]" };
    let mut platform = format!(
        "apiVersion: infra/v1\nkind: Platform\nmetadata: {{name: p, owner: t}}\nenvironments:\n  - name: prod\n    network: {{ingress: {ingress}, egress: {egress}, deny_cidrs: {deny}}}\ncomponents:\n"
    );
    let mut workloads = String::new();
    let mut declared = Relation::new();
    let count = 2 + random.below(7);
    let namespace = |number: usize| if number % 4 == 3 { "apart" } else { "prod" };
    let peer = |number: usize| format!("{}/c{number}[Deployment]", namespace(number));
    let mut endpoints: Vec<Vec<Endpoint>> = Vec::new();
    for number in 0..count {
        let own: Vec<_> = (0..=random.below(3))
            .map(|at| {
                let first = 1000 + u16::try_from(100 * at + random.below(50)).expect("a port");
                let last = first + u16::try_from(random.below(2) * random.below(10)).expect("a port");
                Endpoint { name: format!("e{at}"), protocol: ["TCP", "UDP"][random.below(2)], first, last }
            })
            .collect();
        let _ = writeln!(
            platform,
            "  - name: c{number}\n    kind: service\n    version: 1.0.0\n    namespace: {}\n    provides:",
            namespace(number)
        );
        for endpoint in &own {
            let _ = writeln!(
                platform,
                "      - {{name: {}, port: {}, end_port: {}, protocol: {}}}",
                endpoint.name, endpoint.first, endpoint.last, endpoint.protocol
            );
        }
        let _ = write!(platform, "    depends_on: [");
        for other in (0..number).filter(|_| random.below(3) == 0).collect::<Vec<_>>() {
            let picked = &endpoints[other][random.below(endpoints[other].len())];
            let _ = write!(platform, "{{component: c{other}, endpoint: {}}}, ", picked.name);
            declared.entry((peer(number), peer(other))).or_default().ports.extend(picked.ports());
        }
        let _ = writeln!(platform, "]");
        if random.below(3) == 0 {
            let block = 2 * random.below(20);
            let _ = writeln!(
                platform,
                "    egress:\n      - {{name: out, cidrs: [203.0.{block}.0/24], ports: [443/TCP], reason: r}}"
            );
            let last = if denied && block == 0 { 127 } else { 255 };
            let range = format!("203.0.{block}.0-203.0.{block}.{last}");
            declared.entry((peer(number), range)).or_default().ports.insert(("TCP".to_owned(), 443));
        }
        let ports: Vec<_> = own
            .iter()
            .map(|one| format!("{{containerPort: {}, protocol: {}}}", one.first, one.protocol))
            .collect();
        let _ = write!(
            workloads,
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: c{number}, namespace: {}}}\nspec:\n  selector: {{matchLabels: {{app.kubernetes.io/name: c{number}}}}}\n  template:\n    metadata: {{labels: {{app.kubernetes.io/name: c{number}}}}}\n    spec: {{containers: [{{name: c, image: c, ports: [{}]}}]}}\n---\n",
            namespace(number),
            ports.join(", ")
        );
        endpoints.push(own);
    }
    let everything = Flow { all: true, ports: BTreeSet::new() };
    let pairs =
        || (0..count).flat_map(|from| (0..count).filter(move |to| *to != from).map(move |to| (from, to)));
    if (ingress, egress) == ("open", "open") {
        declared.extend(pairs().map(|(from, to)| ((peer(from), peer(to)), everything.clone())));
    }
    if egress == "open" {
        declared.retain(|(_, to), _| to.contains('/'));
        declared.extend((0..count).map(|number| ((peer(number), EVERYWHERE.to_owned()), everything.clone())));
    }
    if ingress == "open" {
        declared.extend((0..count).map(|number| ((EVERYWHERE.to_owned(), peer(number)), everything.clone())));
    }
    Case { platform, workloads, declared }
}

/// The lines of netpol-analyzer: `source,destination,TCP 80,90-95,UDP 53`, the last field in quotes when it has commas.
fn relation(text: &str) -> Relation {
    let mut relation = Relation::new();
    for line in text.lines().skip(1) {
        let mut fields = line.splitn(3, ',');
        let mut next = || fields.next().expect("a line has three fields").trim_matches('"').to_owned();
        let (from, to, connections) = (next(), next(), next());
        let flow = relation.entry((from, to)).or_default();
        if connections == "All Connections" {
            flow.all = true;
            continue;
        }
        let mut protocol = String::new();
        for word in connections.split([',', ' ']) {
            if word.starts_with(|c: char| c.is_ascii_uppercase()) {
                word.clone_into(&mut protocol);
                continue;
            }
            let (first, last) = word.split_once('-').unwrap_or((word, word));
            let port = |text: &str| text.parse::<u16>().expect("a port is a number");
            flow.ports.extend((port(first)..=port(last)).map(|port| (protocol.clone(), port)));
        }
    }
    joined(relation)
}

/// Addresses that are cut where any policy has an end, joined where the same flows.
fn joined(relation: Relation) -> Relation {
    let range = |text: &str| {
        let (first, last) = text.split_once('-')?;
        Some((first.parse::<Ipv4Addr>().ok()?.to_bits(), last.parse::<Ipv4Addr>().ok()?.to_bits()))
    };
    let mut blocks: BTreeMap<(bool, String), Blocks> = BTreeMap::new();
    let mut result = Relation::new();
    for ((from, to), flow) in relation {
        let (inwards, (first, last), other) = match (range(&from), range(&to)) {
            (Some(block), _) => (true, block, to),
            (_, Some(block)) => (false, block, from),
            _ => {
                result.insert((from, to), flow);
                continue;
            }
        };
        blocks.entry((inwards, other)).or_default().push((first, last, flow));
    }
    for ((inwards, other), mut list) in blocks {
        list.sort_by_key(|(first, ..)| *first);
        let mut joined = Blocks::new();
        for (first, last, flow) in list {
            match joined.last_mut() {
                Some(before) if before.1.checked_add(1) == Some(first) && before.2 == flow => before.1 = last,
                _ => joined.push((first, last, flow)),
            }
        }
        for (first, last, flow) in joined {
            let block = format!("{}-{}", Ipv4Addr::from_bits(first), Ipv4Addr::from_bits(last));
            let key = if inwards { (block, other.clone()) } else { (other.clone(), block) };
            result.insert(key, flow);
        }
    }
    result
}

/// How what the policies allow differs from what is declared.
fn difference(seed: u64) -> Option<String> {
    let case = case(seed);
    let sandbox = Sandbox::empty();
    sandbox.write("infra.toml", "").write("platform/platform.yaml", &case.platform);
    let written = infra(&sandbox).run(&["network", "synth", "prod", "--output", "out/policies"]);
    if written.code != 0 {
        return Some(format!("seed {seed}: {}{}\n{}", written.stdout, written.stderr, case.platform));
    }
    sandbox.write("out/workloads.yaml", &case.workloads);
    let theirs = relation(&run(&mut oracle::netpol_analyzer(&sandbox.path("out"))).output());
    if theirs != case.declared {
        return Some(format!(
            "seed {seed}: allowed {theirs:#?}\ndeclared {:#?}\n{}",
            case.declared, case.platform
        ));
    }
    let ours = infra(&sandbox).run(&["network", "graph", "out", "--format", "csv"]).exits(0).stdout;
    let ours = relation(&ours.replace("[External]", ""));
    (ours != theirs).then(|| format!("seed {seed}: ours {ours:#?}\ntheirs {theirs:#?}"))
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs reference tools: run ./tests/run")]
fn policies_of_random_platforms_allow_exactly_what_is_declared() {
    let count = number("INFRA_SYNTH_PLATFORMS", 50);
    let first = number("INFRA_SYNTH_SEED", 1);
    let next = AtomicU64::new(first);
    let found: Vec<String> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let seeds = std::iter::from_fn(|| {
                        let seed = next.fetch_add(1, Ordering::Relaxed);
                        (seed < first + count).then_some(seed)
                    });
                    seeds.filter_map(difference).collect::<Vec<_>>()
                })
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("a worker ends")).collect()
    });
    assert!(found.is_empty(), "{} of {count} differ; the first: {}", found.len(), found[0]);
}
