//! The text that `INFO` answers. The names of its fields are those of <https://redis.io/docs/latest/commands/info/>.

use std::collections::HashMap;
use std::fmt;

/// Which server speaks the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Product {
    /// Redis itself, and what does not say otherwise.
    #[default]
    Redis,
    /// Its fork by the Linux Foundation.
    Valkey,
    /// A server of its own that speaks the protocol.
    Dragonfly,
}

impl fmt::Display for Product {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Redis => "Redis",
            Self::Valkey => "Valkey",
            Self::Dragonfly => "Dragonfly",
        })
    }
}

/// Whether a server takes writes of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Role {
    /// It does.
    #[default]
    Primary,
    /// It follows another one.
    Replica,
}

/// The state of replication.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Replication {
    /// Whether it takes writes.
    pub role: Role,
    /// For a replica: whether its connection to the primary is up.
    pub link_up: Option<bool>,
    /// For a replica: seconds since the primary was last heard of.
    pub last_heard: Option<u64>,
    /// For a replica: bytes of the stream that it has not applied.
    pub behind: Option<u64>,
    /// For a primary: how many follow it.
    pub replicas: u64,
}

/// What a server writes to disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disk {
    /// Whether it keeps a log of every write (`appendonly`).
    pub log: bool,
    /// Whether the last write of the log and its last rewrite went well.
    pub log_ok: bool,
    /// Whether the last snapshot was written well.
    pub snapshot_ok: bool,
}

impl Default for Disk {
    /// Nothing, and so nothing that went wrong.
    fn default() -> Self {
        Self { log: false, log_ok: true, snapshot_ok: true }
    }
}

/// The answer, as far as it is judged.
#[derive(Debug, Clone, Default)]
pub struct Info {
    /// Who answers.
    pub product: Product,
    /// Its own version: of Valkey not that of the Redis it stands in for.
    pub version: String,
    /// `standalone`, `cluster` or `sentinel`.
    pub mode: String,
    /// Whether it is still reading its data.
    pub loading: bool,
    /// Replication.
    pub replication: Replication,
    /// Bytes in use.
    pub used_memory: u64,
    /// Bytes that it may use; 0 for as many as it likes. Absent where it does not say.
    pub max_memory: Option<u64>,
    /// What it does when that is full (`maxmemory-policy`); empty where it does not say.
    pub policy: String,
    /// What it writes to disk.
    pub disk: Disk,
    /// Connections.
    pub clients: u64,
    /// The most of them; absent where it does not say.
    pub max_clients: Option<u64>,
    /// Connections refused since it was started because there were too many.
    pub rejected: u64,
    /// Keys thrown away for want of memory since it was started.
    pub evicted: u64,
    /// Keys in all databases.
    pub keys: u64,
    /// Those of them that expire.
    pub expiring: u64,
}

impl Info {
    /// Reads the answer; what is not there has the value of a server that has nothing to tell.
    pub fn parse(text: &str) -> Self {
        let fields: HashMap<&str, &str> = text
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.trim_end().split_once(':'))
            .collect();
        let word = |name: &str| fields.get(name).copied();
        let number = |name: &str| word(name).and_then(|text| text.parse::<u64>().ok());
        let fine = |name: &str| word(name).is_none_or(|state| state == "ok");
        let (product, version) = if let Some(version) = word("valkey_version") {
            (Product::Valkey, version)
        } else if let Some(version) = word("dragonfly_version") {
            (Product::Dragonfly, version.trim_start_matches("df-v"))
        } else {
            (Product::Redis, word("redis_version").unwrap_or_default())
        };
        let is_replica = matches!(word("role"), Some("slave" | "replica"));
        let (keys, expiring) = text
            .lines()
            .filter_map(keyspace)
            .fold((0, 0), |sum: (u64, u64), of| (sum.0.saturating_add(of.0), sum.1.saturating_add(of.1)));
        Self {
            product,
            version: version.to_owned(),
            mode: word("redis_mode").or(word("server_mode")).unwrap_or("standalone").to_owned(),
            loading: number("loading").is_some_and(|loading| loading > 0),
            replication: Replication {
                role: if is_replica { Role::Replica } else { Role::Primary },
                link_up: word("master_link_status").map(|status| status == "up"),
                last_heard: number("master_last_io_seconds_ago"),
                behind: number("master_repl_offset")
                    .filter(|_| is_replica)
                    .zip(number("slave_repl_offset"))
                    .map(|(sent, applied)| sent.saturating_sub(applied)),
                replicas: number("connected_slaves").unwrap_or_default(),
            },
            used_memory: number("used_memory").unwrap_or_default(),
            max_memory: number("maxmemory"),
            policy: word("maxmemory_policy").unwrap_or_default().to_owned(),
            disk: Disk {
                log: number("aof_enabled") == Some(1),
                log_ok: fine("aof_last_write_status") && fine("aof_last_bgrewrite_status"),
                snapshot_ok: fine("rdb_last_bgsave_status"),
            },
            clients: number("connected_clients").unwrap_or_default(),
            max_clients: number("maxclients"),
            rejected: number("rejected_connections").unwrap_or_default(),
            evicted: number("evicted_keys").unwrap_or_default(),
            keys,
            expiring,
        }
    }

    /// Whether it makes room by itself when memory is full.
    pub fn evicts(&self) -> bool {
        !self.policy.is_empty() && self.policy != "noeviction"
    }
}

/// Keys and expiring keys of a line such as `db0:keys=3,expires=1,avg_ttl=0`.
fn keyspace(line: &str) -> Option<(u64, u64)> {
    let (number, rest) = line.strip_prefix("db")?.split_once(':')?;
    number.parse::<u32>().ok()?;
    let figure = |name: &str| {
        let pair = rest.trim_end().split(',').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        pair.and_then(|figure| figure.parse().ok())
    };
    Some((figure("keys")?, figure("expires").unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_cache_of_redis() {
        let info = Info::parse(
            "# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\n\r\n# Memory\r\nused_memory:900\r\nmaxmemory:1000\r\n\
             maxmemory_policy:allkeys-lru\r\n# Persistence\r\nloading:0\r\naof_enabled:0\r\nrdb_last_bgsave_status:err\r\n\
             # Replication\r\nrole:master\r\nconnected_slaves:2\r\nmaster_repl_offset:77\r\n# Keyspace\r\n\
             db0:keys=3,expires=1,avg_ttl=12\r\ndb2:keys=4,expires=4,avg_ttl=0,subexpiry=0\r\n",
        );
        assert_eq!((info.product, info.version.as_str()), (Product::Redis, "7.0.15"));
        assert_eq!((info.used_memory, info.max_memory), (900, Some(1000)));
        assert!(
            info.evicts()
                && !info.loading
                && info.disk == Disk { log: false, log_ok: true, snapshot_ok: false }
        );
        assert_eq!((info.keys, info.expiring), (7, 5));
        assert_eq!(info.replication.replicas, 2);
        assert_eq!((info.replication.role, info.replication.behind), (Role::Primary, None));
    }

    #[test]
    fn a_replica_of_valkey() {
        let info = Info::parse(
            "redis_version:7.2.4\nserver_name:valkey\nvalkey_version:9.0.1\nserver_mode:standalone\nrole:slave\n\
             master_link_status:down\nmaster_last_io_seconds_ago:-1\nmaster_repl_offset:1000\nslave_repl_offset:400\n",
        );
        assert_eq!((info.product, info.version.as_str()), (Product::Valkey, "9.0.1"));
        let Replication { role, link_up, last_heard, behind, .. } = info.replication;
        assert_eq!((role, link_up, last_heard, behind), (Role::Replica, Some(false), None, Some(600)));
    }

    proptest! {
        #[test]
        fn any_answer_is_read(text in "(db[0-9]{0,3}:|keys=|[a-z_]{1,8}:|[0-9]{1,22}|[,\r\n#]){0,40}") {
            let _ = Info::parse(&text);
        }
    }
}
