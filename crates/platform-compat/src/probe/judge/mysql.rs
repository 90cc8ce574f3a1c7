//! What a MySQL or MariaDB server should be like.

use miette::Severity::{Advice, Error, Warning};

use super::{Subject, bytes};
use crate::probe::Finding;
use crate::probe::mysql::{Facts, Source};
use crate::range::Range;
use crate::version::{Scheme, Suffix, Version};

/// Seconds behind its source from which on a replica is told of, and from which on it is an error.
const LAG: (u64, u64) = (30, 300);
/// The size that a buffer pool has when nobody has thought of it.
const DEFAULT_POOL: u64 = 128 << 20;

/// Compares a server with its declaration. A schema that is not known is not judged.
pub fn judge(facts: &Facts, subject: &Subject<'_>) -> Vec<Finding> {
    let product = if facts.is_mariadb() { "MariaDB" } else { "MySQL" };
    let mut findings = subject.identity(product, facts.version());
    findings.extend(schema(facts, subject));
    findings.extend(writing(facts, subject));
    findings.extend(facts.sources.iter().filter_map(|source| replica(source, subject)));
    findings.extend(settings(facts, subject));
    findings.extend(load(facts, subject));
    findings.extend(ending(facts, subject, product));
    findings.extend(subject.unseen(&facts.unseen));
    findings
}

/// The level of the schema against what its users need.
fn schema(facts: &Facts, subject: &Subject<'_>) -> Vec<Finding> {
    let (Some(of), Some(level)) = (&subject.declared, &facts.level) else { return Vec::new() };
    let Ok(level) = Version::parse(level, Scheme::Flyway, Suffix::Compare) else { return Vec::new() };
    let needs = of.platform.dependencies().filter_map(|(consumer, provider, dependency)| {
        let range = dependency.schema.as_ref()?;
        (provider == of.component && dependency.environments.contains(of.environment))
            .then_some((consumer, range))
    });
    let unmet = needs.filter(|(_, range)| !Range::contains(&range.value, &level));
    unmet
        .map(|(consumer, range)| {
            let finding = Finding::new(
                "probe/schema",
                Error,
                format!(
                    "`{}` needs the schema {} of {}, which is at {level}",
                    of.platform[consumer].name.value,
                    range.value,
                    subject.name()
                ),
                "run `infra migrate apply` there, or deploy a version that accepts the schema",
            );
            subject.place(finding, range.place, "needed here")
        })
        .collect()
}

/// Whether applications and migrations can write.
fn writing(facts: &Facts, subject: &Subject<'_>) -> Option<Finding> {
    facts.is_read_only().then(|| {
        let is_replica = !facts.sources.is_empty();
        let what = if is_replica { "is a replica and takes no writes" } else { "takes no writes" };
        subject.finding(
            "probe/read-only",
            Error,
            format!("{} {what} (`read_only`)", subject.name()),
            "name the primary in infra.toml, or end the maintenance with `SET GLOBAL read_only = OFF`",
        )
    })
}

fn replica(source: &Source, subject: &Subject<'_>) -> Option<Finding> {
    let channel = if source.channel.is_empty() { String::new() } else { format!(" (`{}`)", source.channel) };
    if !source.fetches || !source.applies {
        let what = if source.fetches { "applies" } else { "fetches" };
        let error = if source.error.is_empty() { String::new() } else { format!(": {}", source.error) };
        return Some(subject.finding(
            "probe/replication-stopped",
            Error,
            format!("{} no longer {what} what its source{channel} writes{error}", subject.name()),
            "mend the cause and start the replica again",
        ));
    }
    let lag = source.lag.filter(|lag| *lag > LAG.0)?;
    Some(subject.finding(
        "probe/replication-lag",
        if lag > LAG.1 { Error } else { Warning },
        format!("{} is {lag} s behind its source{channel}", subject.name()),
        "wait before you migrate: what reads from it sees old data",
    ))
}

fn settings(facts: &Facts, subject: &Subject<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut say = |rule, severity, what: String, help: &str| {
        findings.push(subject.finding(rule, severity, format!("{} {what}", subject.name()), help));
    };
    if let Some(mode) = facts.variable("sql_mode")
        && !mode.contains("STRICT_")
    {
        say(
            "probe/sql-mode",
            Warning,
            format!("is not strict: `sql_mode` is `{mode}`, so values that do not fit are changed silently"),
            "add STRICT_TRANS_TABLES to `sql_mode`",
        );
    }
    let set = facts.character_set.as_deref().or_else(|| facts.variable("character_set_server"));
    if let Some(set) = set.filter(|set| *set != "utf8mb4") {
        say(
            "probe/charset",
            Warning,
            format!("makes new tables with the character set `{set}`"),
            "ALTER DATABASE … CHARACTER SET utf8mb4",
        );
    }
    let zone = match facts.variable("time_zone") {
        Some("SYSTEM") => facts.variable("system_time_zone"),
        zone => zone,
    };
    if let Some(zone) = zone.filter(|zone| !matches!(*zone, "UTC" | "+00:00" | "GMT" | "Etc/UTC" | "")) {
        say(
            "probe/time-zone",
            Advice,
            format!("runs in the time zone `{zone}`, so its clock jumps or differs from that of others"),
            "set `default_time_zone = '+00:00'`",
        );
    }
    let writes_log = facts.variable("log_bin").is_some_and(|value| value == "ON");
    if writes_log && facts.variable("binlog_format") == Some("STATEMENT") {
        say(
            "probe/binlog-format",
            Warning,
            "writes statements to its binary log, which replicas may execute differently".to_owned(),
            "set `binlog_format = ROW`",
        );
    }
    findings
}

fn load(facts: &Facts, subject: &Subject<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let number = |name| facts.variable(name).and_then(|text| text.parse::<u64>().ok());
    let used = facts.status.get("Threads_connected").copied().unwrap_or_default();
    let most = number("max_connections");
    findings.extend(most.and_then(|most| subject.connections(used, most, "max_connections")));
    if let Some(pool) = number("innodb_buffer_pool_size").filter(|pool| *pool <= DEFAULT_POOL)
        && subject.is_production()
    {
        findings.push(subject.finding(
            "probe/buffer-pool",
            Warning,
            format!("{} keeps {} of its data in memory, as if by default", subject.name(), bytes(pool)),
            "give `innodb_buffer_pool_size` about 70 % of the memory that the server may use",
        ));
    }
    findings
}

/// What the next versions do without.
fn ending(facts: &Facts, subject: &Subject<'_>, product: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    if facts.utf8mb3_tables > 0 {
        findings.push(subject.finding(
            "probe/expiring",
            Advice,
            format!(
                "{} has {} in the character set `utf8mb3`, which will go",
                subject.name(),
                tables(facts.utf8mb3_tables)
            ),
            "ALTER TABLE … CONVERT TO CHARACTER SET utf8mb4",
        ));
    }
    if facts.native_passwords && product == "MySQL" {
        findings.push(subject.finding(
            "probe/expiring",
            Warning,
            format!(
                "{} lets accounts log in by `mysql_native_password`, which MySQL 9.0 has no more",
                subject.name()
            ),
            "ALTER USER … IDENTIFIED WITH caching_sha2_password, then disable the plugin",
        ));
    }
    let old = |version: &&str| matches!(*version, "TLSv1" | "TLSv1.0" | "TLSv1.1");
    if let Some(version) = facts.variable("tls_version").and_then(|all| all.split(',').find(old)) {
        findings.push(subject.finding(
            "probe/expiring",
            Warning,
            format!("{} accepts {version}, which is broken", subject.name()),
            "set `tls_version = TLSv1.2,TLSv1.3`",
        ));
    }
    findings
}

fn tables(number: u64) -> String {
    if number == 1 { "1 table".to_owned() } else { format!("{number} tables") }
}
