//! What was seen, for people and for programs.

use platform_compat::Platform;
use platform_compat::probe::judge::Protocol;
use platform_compat::probe::redis::Role;
use platform_compat::probe::{Unseen, cluster, mysql, redis};
use serde_json::{Map, Value, json};

use super::{Observed, ObservedCluster, Seen};
use crate::outcome::table;
use crate::ui::{BAD, GOOD, count, styled};

/// One line a server, and one a cluster.
pub(super) fn summary(
    platform: Option<&Platform>,
    observed: &[Observed],
    clusters: &[ObservedCluster],
) -> String {
    let heading = ["Environment", "Server", "Runs", "State"].map(str::to_owned).to_vec();
    let rows = observed.iter().map(|one| {
        let (runs, state) = match &one.seen {
            Err(_) => ("-".to_owned(), styled(BAD, "not seen")),
            Ok(Seen::MySql(facts)) => (format!("{} {}", vendor(facts), facts.version()), mysql_state(facts)),
            Ok(Seen::Redis(facts)) => {
                (format!("{} {}", facts.info.product, facts.info.version), redis_state(facts))
            }
        };
        vec![one.environment.clone(), name(platform, one), runs, state]
    });
    let clusters = clusters.iter().map(|one| match &one.seen {
        Err(_) => {
            vec![one.environment.clone(), "cluster".to_owned(), "-".to_owned(), styled(BAD, "not seen")]
        }
        Ok(facts) => vec![
            one.environment.clone(),
            format!("cluster ({})", facts.address),
            format!("Kubernetes {}", facts.version),
            pods(facts),
        ],
    });
    table(&std::iter::once(heading).chain(rows).chain(clusters).collect::<Vec<_>>())
}

fn pods(facts: &cluster::Facts) -> String {
    let live: Vec<_> = live(facts).collect();
    let ready = live.iter().filter(|(_, pod)| pod.ready).count();
    let style = if ready == live.len() { GOOD } else { BAD };
    let seen = format!("{}, {}", count(live.len(), "pod"), styled(style, format!("{ready} ready")));
    // Pods that may not be listed are not none.
    match facts.namespaces.iter().filter(|namespace| namespace.pods.is_none()).count() {
        0 => seen,
        all if all == facts.namespaces.len() => styled(BAD, "pods not seen"),
        some => format!("{seen}, {}", styled(BAD, format!("{} not seen", count(some, "namespace")))),
    }
}

/// Live pods with their namespaces.
fn live(facts: &cluster::Facts) -> impl Iterator<Item = (&str, &cluster::Pod)> {
    facts.namespaces.iter().flat_map(|namespace| {
        let pods = namespace.pods.iter().flatten().filter(|pod| pod.lives());
        pods.map(|pod| (&*namespace.name, pod))
    })
}

/// Everything that was seen of a cluster.
pub(super) fn cluster_json(one: &ObservedCluster) -> Value {
    let mut object = Map::new();
    object.insert("environment".to_owned(), json!(one.environment));
    object.insert("reachable".to_owned(), json!(one.seen.is_ok()));
    match &one.seen {
        Err(error) => {
            object.insert("error".to_owned(), json!(error.to_string()));
        }
        Ok(facts) => {
            let pod = |(namespace, pod): (&str, &cluster::Pod)| {
                let containers = pod.containers.iter().map(|container| {
                    json!({"name": container.name, "image": container.image, "digest": container.digest, "waiting": container.waiting})
                });
                json!({
                    "namespace": namespace,
                    "name": pod.name,
                    "of": {"kind": pod.owner.0, "name": pod.owner.1},
                    "phase": pod.phase,
                    "ready": pod.ready,
                    "containers": containers.collect::<Vec<_>>(),
                })
            };
            object.insert("address".to_owned(), json!(facts.address));
            object.insert("version".to_owned(), json!(facts.version));
            object.insert("kubelets".to_owned(), json!(facts.kubelets));
            object.insert("not_seen".to_owned(), unseen(&facts.unseen));
            let seen = facts.namespaces.iter().any(|namespace| namespace.pods.is_some());
            let pods: Option<Value> = seen.then(|| live(facts).map(pod).collect());
            object.insert("pods".to_owned(), json!(pods));
        }
    }
    Value::Object(object)
}

fn name(platform: Option<&Platform>, one: &Observed) -> String {
    match platform.zip(one.component) {
        Some((platform, id)) => format!("{} ({})", platform.components()[id.index()].name.value, one.address),
        None => one.address.clone(),
    }
}

fn vendor(facts: &mysql::Facts) -> &'static str {
    if facts.is_mariadb() { "MariaDB" } else { "MySQL" }
}

fn mysql_state(facts: &mysql::Facts) -> String {
    let mut parts = vec![styled(GOOD, if facts.is_read_only() { "read-only" } else { "writable" })];
    if let Some(level) = &facts.level {
        parts.push(format!("schema {level}"));
    }
    if let Some(used) = facts.status.get("Threads_connected") {
        let most = facts.variable("max_connections").unwrap_or("?");
        parts.push(format!("{used} of {most} connections"));
    }
    parts.join(", ")
}

fn redis_state(facts: &redis::Facts) -> String {
    let info = &facts.info;
    let role = if info.replication.role == Role::Primary { "primary" } else { "replica" };
    let mut parts = vec![styled(GOOD, role), count(usize::try_from(info.keys).unwrap_or(usize::MAX), "key")];
    if !info.policy.is_empty() {
        parts.push(info.policy.clone());
    }
    parts.push(if info.disk.log { "append-only file".to_owned() } else { "no append-only file".to_owned() });
    parts.join(", ")
}

/// Everything that was seen of a server.
pub(super) fn json(platform: Option<&Platform>, one: &Observed) -> Value {
    let component =
        platform.zip(one.component).map(|(platform, id)| &*platform.components()[id.index()].name.value);
    let mut object = Map::new();
    object.insert("environment".to_owned(), json!(one.environment));
    object.insert("component".to_owned(), json!(component));
    object.insert("address".to_owned(), json!(one.address));
    object.insert(
        "protocol".to_owned(),
        json!(if one.protocol == Protocol::MySql { "mysql" } else { "redis" }),
    );
    object.insert("reachable".to_owned(), json!(one.seen.is_ok()));
    match &one.seen {
        Err(error) => {
            object.insert("error".to_owned(), json!(error.to_string()));
        }
        Ok(Seen::MySql(facts)) => {
            object.insert("product".to_owned(), json!(vendor(facts)));
            object.insert("version".to_owned(), json!(facts.version()));
            object.insert("not_seen".to_owned(), unseen(&facts.unseen));
            object.insert("facts".to_owned(), mysql_json(facts));
        }
        Ok(Seen::Redis(facts)) => {
            object.insert("product".to_owned(), json!(facts.info.product.to_string()));
            object.insert("version".to_owned(), json!(facts.info.version));
            object.insert("not_seen".to_owned(), unseen(&facts.unseen));
            object.insert("facts".to_owned(), redis_json(facts));
        }
    }
    Value::Object(object)
}

fn unseen(unseen: &[Unseen]) -> Value {
    unseen.iter().map(|one| json!({"what": one.what, "reason": one.reason})).collect()
}

fn mysql_json(facts: &mysql::Facts) -> Value {
    let number = |name: &str| facts.variable(name).and_then(|text| text.parse::<u64>().ok());
    let sources = facts.sees_sources.then(|| {
        let source = |one: &mysql::Source| {
            json!({"channel": one.channel, "fetches": one.fetches, "applies": one.applies, "lag_s": one.lag, "error": one.error})
        };
        facts.sources.iter().map(source).collect::<Vec<_>>()
    });
    json!({
        "schema_version": facts.level,
        "read_only": facts.is_read_only(),
        "sql_mode": facts.variable("sql_mode"),
        "character_set": facts.character_set.as_deref().or_else(|| facts.variable("character_set_server")),
        "time_zone": facts.variable("time_zone"),
        "system_time_zone": facts.variable("system_time_zone"),
        "buffer_pool_bytes": number("innodb_buffer_pool_size"),
        "connections": facts.status.get("Threads_connected"),
        "connections_most_used": facts.status.get("Max_used_connections"),
        "connections_max": number("max_connections"),
        "uptime_s": facts.status.get("Uptime"),
        "log_bin": facts.variable("log_bin"),
        "binlog_format": facts.variable("binlog_format"),
        "tls_versions": facts.variable("tls_version"),
        "sources": sources,
        "utf8mb3_tables": facts.utf8mb3_tables,
        "native_passwords": facts.native_passwords,
    })
}

fn redis_json(facts: &redis::Facts) -> Value {
    let info = &facts.info;
    let sample = facts.sample.map(
        |sample| json!({"keys": sample.keys, "never_expire": sample.lasting, "longest_ms": sample.longest}),
    );
    json!({
        "mode": info.mode,
        "role": if info.replication.role == Role::Primary { "primary" } else { "replica" },
        "replicas": info.replication.replicas,
        "link_up": info.replication.link_up,
        "bytes_behind": info.replication.behind,
        "loading": info.loading,
        "used_memory_bytes": info.used_memory,
        "max_memory_bytes": info.max_memory,
        "eviction": info.policy,
        "evicted_keys": info.evicted,
        "append_only_file": info.disk.log,
        "save": facts.save,
        "last_append_ok": info.disk.log_ok,
        "last_snapshot_ok": info.disk.snapshot_ok,
        "connections": info.clients,
        "connections_max": info.max_clients,
        "rejected_connections": info.rejected,
        "keys": info.keys,
        "expiring_keys": info.expiring,
        "sample": sample,
    })
}
