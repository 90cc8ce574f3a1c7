//! What a Redis server should be like, which depends on what it holds.

use miette::Severity::{Error, Warning};

use super::{FULL, Subject, bytes, per_cent};
use crate::model::Kind;
use crate::probe::Finding;
use crate::probe::redis::{Facts, Role};

/// Bytes and seconds behind its primary from which on a replica is told of.
const LAG: (u64, u64) = (10 << 20, 30);
/// One in so many keys may last before sessions without an end are an error.
const LASTING: usize = 10;

/// What a server is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// Copies: what is thrown away is fetched again.
    Cache,
    /// Sessions: each of them ends, none of them may be lost before.
    Sessions,
    /// Data that is nowhere else.
    Data,
}

impl Holds {
    /// What a component of a kind holds.
    pub fn of(kind: Kind) -> Self {
        if matches!(kind, Kind::Database | Kind::Queue) { Self::Data } else { Self::Cache }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Cache => "a cache",
            Self::Sessions => "sessions",
            Self::Data => "data that is nowhere else",
        }
    }
}

/// Compares a server with its declaration.
pub fn judge(facts: &Facts, holds: Holds, subject: &Subject<'_>) -> Vec<Finding> {
    let info = &facts.info;
    let mut findings = subject.identity(&info.product.to_string(), &info.version);
    findings.extend(memory(facts, holds, subject));
    findings.extend(eviction(facts, holds, subject));
    findings.extend(persistence(facts, holds, subject));
    findings.extend(replication(facts, subject));
    findings.extend(expiry(facts, holds, subject));
    findings.extend(info.max_clients.and_then(|most| subject.connections(info.clients, most, "maxclients")));
    findings.extend(subject.unseen(&facts.unseen));
    findings
}

fn memory(facts: &Facts, holds: Holds, subject: &Subject<'_>) -> Option<Finding> {
    let info = &facts.info;
    let most = info.max_memory?;
    if most == 0 {
        return Some(subject.finding(
            "probe/no-memory-limit",
            Error,
            format!("{} has no `maxmemory`: it grows until the system kills it", subject.name()),
            "set `maxmemory` to 75 % of what its container may use, 60 % if it writes to disk",
        ));
    }
    let share = per_cent(info.used_memory, most);
    // A cache that makes room is meant to be full.
    if share < FULL.0 || (holds == Holds::Cache && info.evicts()) {
        return None;
    }
    Some(subject.finding(
        "probe/memory",
        if share >= FULL.1 { Error } else { Warning },
        format!("{} uses {} of {} memory ({share} %)", subject.name(), bytes(info.used_memory), bytes(most)),
        "raise `maxmemory`, or find what fills it",
    ))
}

fn eviction(facts: &Facts, holds: Holds, subject: &Subject<'_>) -> Option<Finding> {
    let info = &facts.info;
    let policy = info.policy.as_str();
    let message = match holds {
        // Not judged where the server does not say.
        _ if policy.is_empty() => return None,
        Holds::Cache if !info.evicts() => "refuses writes once its memory is full",
        Holds::Sessions if policy.starts_with("allkeys") => {
            "throws sessions away, also fresh ones, when its memory is full"
        }
        Holds::Data if info.evicts() => "throws keys away when its memory is full",
        _ if holds != Holds::Cache && info.evicted > 0 => {
            return Some(subject.finding(
                "probe/evicted",
                Warning,
                format!(
                    "{} holds {} and has thrown away {} keys for want of memory",
                    subject.name(),
                    holds.text(),
                    info.evicted
                ),
                "raise `maxmemory`",
            ));
        }
        _ => return None,
    };
    let help = if holds == Holds::Cache { "allkeys-lfu" } else { "noeviction" };
    Some(subject.finding(
        "probe/eviction",
        Error,
        format!("{} holds {}, but {message} (`maxmemory-policy {policy}`)", subject.name(), holds.text()),
        format!("set `maxmemory-policy {help}`, or say in infra.toml what it `holds`"),
    ))
}

fn persistence(facts: &Facts, holds: Holds, subject: &Subject<'_>) -> Vec<Finding> {
    let info = &facts.info;
    let mut findings = Vec::new();
    let snapshots = facts.save.as_deref().map(|save| !save.is_empty());
    if holds != Holds::Cache && !info.disk.log && snapshots == Some(false) {
        findings.push(subject.finding(
            "probe/persistence",
            Error,
            format!(
                "{} holds {}, but writes nothing to disk: a restart loses all of it",
                subject.name(),
                holds.text()
            ),
            "set `appendonly yes`",
        ));
    } else if holds != Holds::Cache && !info.disk.log {
        let said = if snapshots.is_some() { "only snapshots" } else { "no log, at most snapshots" };
        findings.push(subject.finding(
            "probe/persistence",
            Warning,
            format!(
                "{} holds {}, but writes {said}: a crash loses what came since the last one",
                subject.name(),
                holds.text()
            ),
            "set `appendonly yes`",
        ));
    }
    // Where it is not known whether snapshots are wanted, one that failed was.
    let failed = [
        (!info.disk.snapshot_ok && snapshots != Some(false), "snapshot"),
        (info.disk.log && !info.disk.log_ok, "append-only file"),
    ];
    for (_, what) in failed.iter().filter(|(failed, _)| *failed) {
        findings.push(subject.finding(
            "probe/save-failed",
            Error,
            format!("{} could not write its {what} the last time", subject.name()),
            "look at its log: the disk may be full or not writable",
        ));
    }
    findings
}

fn replication(facts: &Facts, subject: &Subject<'_>) -> Vec<Finding> {
    let replication = &facts.info.replication;
    let mut findings = Vec::new();
    if facts.info.loading {
        findings.push(subject.finding(
            "probe/loading",
            Warning,
            format!("{} is still reading its data", subject.name()),
            "wait: until then it answers nothing else",
        ));
    }
    if replication.role == Role::Primary {
        return findings;
    }
    findings.push(subject.finding(
        "probe/read-only",
        Error,
        format!("{} is a replica and takes no writes", subject.name()),
        "name the primary in infra.toml",
    ));
    if replication.link_up == Some(false) {
        findings.push(subject.finding(
            "probe/replication-stopped",
            Error,
            format!("{} has lost its primary", subject.name()),
            "check that the primary runs and that `masterauth` is right",
        ));
    } else if replication.behind > Some(LAG.0) || replication.last_heard > Some(LAG.1) {
        findings.push(subject.finding(
            "probe/replication-lag",
            Warning,
            format!(
                "{} is {} behind its primary, last heard of {} s ago",
                subject.name(),
                bytes(replication.behind.unwrap_or_default()),
                replication.last_heard.unwrap_or_default()
            ),
            "what reads from it sees old data",
        ));
    }
    findings
}

/// Keys that stay for ever where each should end, or where only those that end make room.
fn expiry(facts: &Facts, holds: Holds, subject: &Subject<'_>) -> Option<Finding> {
    let sample = facts.sample.filter(|sample| sample.lasting > 0)?;
    let told = format!("{} of {} keys looked at never expire", sample.lasting, sample.keys);
    match holds {
        Holds::Sessions => Some(subject.finding(
            "probe/expiry",
            if sample.lasting * LASTING > sample.keys { Error } else { Warning },
            format!("{} holds sessions, but {told}", subject.name()),
            "give every session an end (`SET … EX`), or keep other keys elsewhere",
        )),
        Holds::Cache if facts.info.policy.starts_with("volatile") => Some(subject.finding(
            "probe/expiry",
            Warning,
            format!("{} makes room among keys that expire alone, but {told}", subject.name()),
            "give keys an end, or set `maxmemory-policy allkeys-lfu`",
        )),
        _ => None,
    }
}
