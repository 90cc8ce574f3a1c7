//! What servers in tests cannot easily be brought to: lag, crowds, failing disks.

use std::collections::HashMap;

use miette::Severity::{self, Advice, Error, Warning};

use super::{
    Declared, Holds, Protocol, Subject, candidates, covers, mysql as judge_mysql, redis as judge_redis,
};
use crate::platform::Platform;
use crate::probe::redis::{Disk, Info, Replication, Role, Sample};
use crate::probe::{Unseen, mysql, redis};

const PLATFORM: &str = "
apiVersion: infra/v1
kind: Platform
metadata: {name: shop, owner: team}
environments: [{name: dev}, {name: prod, production: true}]
components:
  - {name: db, kind: database, version: 8.4, image: registry.example.com/library/mysql, provides: [{name: sql, port: 3306}]}
  - {name: pages, kind: cache, version: 7.4.5, image: redis, provides: [{name: resp, port: 6379}]}
  - {name: app, kind: service, version: 1.0.0, image: example/mysql-app, depends_on: [db, pages]}
";

fn platform() -> Platform {
    let (platform, findings) = Platform::load(("platform.yaml", PLATFORM), None);
    assert!(findings.is_empty(), "{findings:?}");
    platform
}

/// Judges as the named component in `prod`.
fn with<T>(component: &str, judge: impl Fn(&Subject<'_>) -> T) -> T {
    let platform = platform();
    let declared = Declared {
        platform: &platform,
        component: platform.component(component).unwrap(),
        environment: platform.environment("prod").unwrap(),
    };
    judge(&Subject { environment: "prod", fallback: "server", declared: Some(declared) })
}

fn rules(findings: &[crate::probe::Finding]) -> Vec<(&'static str, Severity)> {
    findings.iter().map(|finding| (finding.rule, finding.severity)).collect()
}

/// A database that has nothing wrong.
fn database() -> mysql::Facts {
    let variables = [
        ("version", "8.4.6"),
        ("sql_mode", "STRICT_TRANS_TABLES"),
        ("max_connections", "100"),
        ("read_only", "OFF"),
        ("innodb_buffer_pool_size", "1073741824"),
        ("log_bin", "ON"),
        ("binlog_format", "ROW"),
        ("time_zone", "+00:00"),
        ("character_set_server", "utf8mb4"),
        ("tls_version", "TLSv1.2,TLSv1.3"),
    ];
    mysql::Facts {
        variables: variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        status: HashMap::from([("Threads_connected".to_owned(), 5)]),
        sees_sources: true,
        ..mysql::Facts::default()
    }
}

fn of_database(change: impl Fn(&mut mysql::Facts)) -> Vec<(&'static str, Severity)> {
    let mut facts = database();
    change(&mut facts);
    with("db", |subject| rules(&judge_mysql(&facts, subject)))
}

#[test]
fn a_sound_database_has_nothing_wrong() {
    assert_eq!(of_database(|_| {}), []);
}

#[test]
fn replicas_are_judged_by_their_threads_and_by_their_lag() {
    let source = |fetches, applies, lag| mysql::Source { fetches, applies, lag, ..mysql::Source::default() };
    for (source, wanted) in [
        (source(true, true, Some(0)), None),
        (source(true, true, Some(30)), None),
        (source(true, true, Some(31)), Some(("probe/replication-lag", Warning))),
        (source(true, true, Some(301)), Some(("probe/replication-lag", Error))),
        (source(false, true, None), Some(("probe/replication-stopped", Error))),
        (source(true, false, Some(9)), Some(("probe/replication-stopped", Error))),
    ] {
        let found = of_database(|facts| facts.sources = vec![source.clone()]);
        assert_eq!(found, Vec::from_iter(wanted), "{source:?}");
    }
}

#[test]
fn one_setting_at_a_time() {
    for (name, value, wanted) in [
        ("binlog_format", "STATEMENT", ("probe/binlog-format", Warning)),
        ("sql_mode", "NO_ZERO_DATE", ("probe/sql-mode", Warning)),
        ("character_set_server", "latin1", ("probe/charset", Warning)),
        ("time_zone", "Europe/Berlin", ("probe/time-zone", Advice)),
        ("super_read_only", "ON", ("probe/read-only", Error)),
        ("innodb_buffer_pool_size", "134217728", ("probe/buffer-pool", Warning)),
        ("tls_version", "TLSv1.1,TLSv1.2", ("probe/expiring", Warning)),
        ("version", "8.0.36", ("probe/version", Error)),
        ("version", "8.4.6-MariaDB", ("probe/product", Error)),
    ] {
        let found = of_database(|facts| {
            facts.variables.insert(name.to_owned(), value.to_owned());
        });
        assert_eq!(found, [wanted], "{name} = {value}");
    }
    assert_eq!(of_database(|facts| facts.native_passwords = true), [("probe/expiring", Warning)]);
}

#[test]
fn connections_run_out_by_degrees() {
    for (used, wanted) in [(79, None), (80, Some(Warning)), (95, Some(Error))] {
        let found = of_database(|facts| {
            facts.status.insert("Threads_connected".to_owned(), used);
        });
        assert_eq!(found, Vec::from_iter(wanted.map(|severity| ("probe/connections", severity))), "{used}");
    }
}

/// A store that has nothing wrong, whatever it holds.
fn store() -> Info {
    Info {
        version: "7.4.5".to_owned(),
        used_memory: 10,
        max_memory: Some(100),
        policy: "noeviction".to_owned(),
        disk: Disk { log: true, ..Disk::default() },
        clients: 1,
        max_clients: Some(100),
        ..Info::default()
    }
}

fn of_store(holds: Holds, change: impl Fn(&mut Info)) -> Vec<(&'static str, Severity)> {
    let mut facts = redis::Facts { info: store(), save: Some(String::new()), ..redis::Facts::default() };
    change(&mut facts.info);
    with("pages", |subject| rules(&judge_redis(&facts, holds, subject)))
}

#[test]
fn a_sound_store_has_nothing_wrong() {
    assert_eq!(of_store(Holds::Data, |_| {}), []);
    assert_eq!(of_store(Holds::Sessions, |info| info.policy = "volatile-ttl".to_owned()), []);
    // A cache that makes room is meant to be full.
    let full = |info: &mut Info| (info.policy, info.used_memory) = ("allkeys-lfu".to_owned(), 100);
    assert_eq!(of_store(Holds::Cache, full), []);
    // A server that does not say is not judged.
    let silent =
        |info: &mut Info| (info.policy, info.max_memory, info.max_clients) = (String::new(), None, None);
    assert_eq!(of_store(Holds::Cache, silent), []);
}

/// Makes one thing of a store wrong.
type Change<'c> = &'c dyn Fn(&mut Info);

#[test]
fn stores_are_judged_one_trouble_at_a_time() {
    let replica = Replication { role: Role::Replica, link_up: Some(true), ..Replication::default() };
    let cases: [(Change<'_>, &[(&str, Severity)]); 12] = [
        (&|info| info.used_memory = 79, &[]),
        (&|info| info.used_memory = 80, &[("probe/memory", Warning)]),
        (&|info| info.used_memory = 95, &[("probe/memory", Error)]),
        (&|info| info.max_memory = Some(0), &[("probe/no-memory-limit", Error)]),
        (&|info| info.policy = "volatile-lru".to_owned(), &[("probe/eviction", Error)]),
        (&|info| info.evicted = 3, &[("probe/evicted", Warning)]),
        (&|info| info.disk.log = false, &[("probe/persistence", Error)]),
        (&|info| info.disk.log_ok = false, &[("probe/save-failed", Error)]),
        (&|info| info.clients = 96, &[("probe/connections", Error)]),
        (&|info| info.loading = true, &[("probe/loading", Warning)]),
        (
            &|info| info.replication = Replication { behind: Some(11 << 20), ..replica },
            &[("probe/read-only", Error), ("probe/replication-lag", Warning)],
        ),
        (
            &|info| info.replication = Replication { last_heard: Some(31), ..replica },
            &[("probe/read-only", Error), ("probe/replication-lag", Warning)],
        ),
    ];
    for (number, (change, wanted)) in cases.into_iter().enumerate() {
        assert_eq!(of_store(Holds::Data, change), wanted, "case {number}");
    }
}

#[test]
fn snapshots_that_nobody_wants_cannot_fail() {
    let judge = |save: Option<&str>| {
        let mut facts =
            redis::Facts { info: store(), save: save.map(str::to_owned), ..redis::Facts::default() };
        facts.info.disk.snapshot_ok = false;
        with("pages", |subject| rules(&judge_redis(&facts, Holds::Data, subject)))
    };
    assert_eq!(judge(Some("")), []);
    assert_eq!(judge(Some("900 1")), [("probe/save-failed", Error)]);
    assert_eq!(judge(None), [("probe/save-failed", Error)]);
}

#[test]
fn keys_that_last_matter_where_only_those_that_end_make_room() {
    let judge = |policy: &str, lasting| {
        let sample = Some(Sample { keys: 100, lasting, longest: 0 });
        let mut facts = redis::Facts { info: store(), sample, ..redis::Facts::default() };
        facts.info.policy = policy.to_owned();
        with("pages", |subject| rules(&judge_redis(&facts, Holds::Cache, subject)))
    };
    assert_eq!(judge("volatile-lru", 1), [("probe/expiry", Warning)]);
    assert_eq!(judge("volatile-lru", 0), []);
    assert_eq!(judge("allkeys-lru", 100), []);
}

#[test]
fn what_was_not_seen_is_advice() {
    let unseen = vec![Unseen { what: "whether it is a replica".into(), reason: "denied".to_owned() }];
    assert_eq!(of_database(|facts| facts.unseen.clone_from(&unseen)), [("probe/not-seen", Advice)]);
}

#[test]
fn stores_are_known_by_their_images() {
    let platform = platform();
    let names = |protocol| {
        let prod = platform.environment("prod").unwrap();
        candidates(&platform, prod, protocol)
            .map(|id| platform[id].name.value.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        (names(Protocol::MySql), names(Protocol::Redis)),
        (vec!["db".to_owned()], vec!["pages".to_owned()])
    );
}

#[test]
fn a_declared_version_may_be_shorter_and_have_a_suffix() {
    for (declared, running, fits) in [
        ("8.4", "8.4.6", true),
        ("8.4.6-bookworm", "8.4.6", true),
        ("v7", "7.0.15", true),
        ("8.4", "8.40.1", false),
        ("8.4.6", "8.4", false),
        ("latest", "8.4.6", false),
    ] {
        assert_eq!(covers(declared, running), fits, "{declared} {running}");
    }
}
