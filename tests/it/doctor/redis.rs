//! Redis and Valkey.

use infra_tests::sandbox::Sandbox;
use infra_tests::servers::free_port;
use infra_tests::servers::redis::Redis;

use super::certificates::{authority, sign};
use super::{finding, rules, silent_about, tree};
use crate::harness::infra;

const PASSWORD: &str = "pr0be-me!";
/// An account that may do what a probe does, and nothing else.
const PROBE: &str = "user default off\nuser admin on >4dm1n ~* &* +@all\n\
                     user probe on >pr0be-me! %R~* -@all +ping +info +config|get +scan +pttl\n";
const ADMIN: (&str, &str) = ("admin", "4dm1n");
const CACHE: &str = "maxmemory 64mb\nmaxmemory-policy allkeys-lfu\nsave \"\"\n";

/// The version that a server says it has.
fn version(redis: &Redis, field: &str) -> String {
    let info = redis.ask(&["INFO", "server"]).swap_remove(0);
    let line = info.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    line.expect("a server tells its version").trim().to_owned()
}

fn component(version: &str, image: &str, kind: &str) -> String {
    format!(
        "  - {{name: store, kind: {kind}, version: {version}, image: {image}, provides: [{{name: resp, port: 6379}}]}}\n"
    )
}

fn connection(redis: &Redis, more: &str) -> String {
    format!(
        "[environments.dev.redis]\nurl = \"redis://probe@127.0.0.1:{}\"\npassword-env = \"STORE\"\n{more}",
        redis.port()
    )
}

/// What the doctor says of a server whose configuration is broken.
#[track_caller]
fn diagnose(configuration: &str, kind: &str, holds: &str, prepare: impl Fn(&Redis)) -> serde_json::Value {
    let redis = Redis::start(&format!("{configuration}\n{PROBE}"), ADMIN);
    prepare(&redis);
    let sandbox =
        tree(&component(&version(&redis, "redis_version"), "redis", kind), &connection(&redis, holds));
    let outcome = infra(&sandbox).env("STORE", PASSWORD).run(&["doctor", "dev", "--format", "json"]);
    silent_about(outcome, &[PASSWORD]).json()
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn a_sound_cache_has_nothing_wrong_with_the_least_privileges() {
    let redis = Redis::start(&format!("{CACHE}{PROBE}"), ADMIN);
    redis.ask(&["SET", "page", "x", "EX", "60"]);
    redis.ask(&["SET", "page2", "x"]);
    let running = version(&redis, "redis_version");
    let sandbox = tree(&component(&running, "redis", "cache"), &connection(&redis, ""));
    sandbox.write("password", format!("{PASSWORD}\n"));
    let result = infra(&sandbox).env("STORE", PASSWORD).run(&["doctor", "--format", "json"]).exits(0).json();
    assert_eq!(rules(&result), []);
    assert_eq!(result["schema"], "infra.doctor/v1");
    let server = &result["servers"][0];
    assert_eq!((server["component"].as_str(), server["version"].as_str()), (Some("store"), Some(&*running)));
    assert_eq!(server["facts"]["max_memory_bytes"], 64 << 20);
    assert_eq!(server["facts"]["eviction"], "allkeys-lfu");
    assert_eq!(server["facts"]["save"], "");
    assert_eq!(
        (&server["facts"]["sample"]["keys"], &server["facts"]["sample"]["never_expire"]),
        (&2.into(), &1.into())
    );

    let from_file =
        infra(&sandbox).env("INFRA_REDIS_PASSWORD_FILE", sandbox.path("password")).run(&["doctor"]);
    let text = silent_about(from_file.exits(0), &[PASSWORD]).stdout;
    assert!(text.contains("store (127.0.0.1:") && text.contains(&format!("Redis {running}")), "{text}");
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn a_sound_valkey_is_no_redis() {
    let valkey = Redis::start_valkey(&format!("{CACHE}{PROBE}"), ADMIN);
    let running = version(&valkey, "valkey_version");
    let sandbox = tree(&component(&running, "valkey/valkey", "cache"), &connection(&valkey, ""));
    let doctor =
        |sandbox: &Sandbox| infra(sandbox).env("STORE", PASSWORD).run(&["doctor", "dev", "--format", "json"]);
    let result = doctor(&sandbox).exits(0).json();
    assert_eq!(rules(&result), []);
    assert_eq!(result["servers"][0]["product"], "Valkey");

    let sandbox = tree(&component(&running, "docker.io/library/redis", "cache"), &connection(&valkey, ""));
    let result = doctor(&sandbox).exits(1).json();
    assert_eq!(rules(&result), [("probe/product", "error")]);
    assert_eq!(
        (&finding(&result, "probe/product")["file"], &finding(&result, "probe/product")["line"]),
        (&"platform/platform.yaml".into(), &6.into())
    );
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn another_version_than_declared_is_shown_where_it_is_declared() {
    let redis = Redis::start(&format!("{CACHE}{PROBE}"), ADMIN);
    let running = version(&redis, "redis_version");
    let sandbox = tree(&component("6.2.1", "redis", "cache"), &connection(&redis, ""));
    let asking = infra(&sandbox).env("STORE", PASSWORD);
    let result = asking.run(&["doctor", "dev", "--format", "json"]).exits(1).json();
    let found = finding(&result, "probe/version");
    assert_eq!(
        found["message"],
        format!("`store` of `dev` is declared as `6.2.1`, but Redis {running} runs")
    );
    assert_eq!((&found["line"], &found["column"]), (&6.into(), &41.into()));
    // A version with fewer parts, or with what an image adds, is the same.
    let (major, rest) = running.split_once('.').expect("it has parts");
    for declared in [
        major.to_owned(),
        format!("{major}.{}", &rest[..rest.find('.').expect("three")]),
        format!("{running}-alpine"),
    ] {
        let sandbox = tree(&component(&declared, "redis", "cache"), &connection(&redis, ""));
        let _ = infra(&sandbox).env("STORE", PASSWORD).run(&["doctor", "dev"]).exits(0);
    }
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn broken_configurations_are_told_by_what_the_server_holds() {
    let nothing = |_: &Redis| {};
    let unbounded = diagnose("save \"\"\nmaxmemory-policy allkeys-lru", "cache", "", nothing);
    assert_eq!(rules(&unbounded), [("probe/no-memory-limit", "error")]);

    let refusing = diagnose("save \"\"\nmaxmemory 64mb\nmaxmemory-policy noeviction", "cache", "", nothing);
    assert_eq!(rules(&refusing), [("probe/eviction", "error")]);

    let lost = diagnose(
        "save \"\"\nmaxmemory 64mb\nmaxmemory-policy allkeys-lru",
        "cache",
        "holds = \"sessions\"",
        nothing,
    );
    assert_eq!(rules(&lost), [("probe/eviction", "error"), ("probe/persistence", "error")]);

    let snapshots =
        diagnose("save 900 1\nmaxmemory 64mb\nmaxmemory-policy noeviction", "database", "", nothing);
    assert_eq!(rules(&snapshots), [("probe/persistence", "warning")]);

    let full = diagnose(
        "save \"\"\nmaxmemory 10mb\nmaxmemory-policy noeviction\nappendonly yes",
        "queue",
        "",
        |redis| {
            assert_eq!(redis.ask(&["SETRANGE", "blob", "7999999", "x"]), ["8000000"]);
        },
    );
    let found = rules(&full);
    assert!(found.len() == 1 && found[0].0 == "probe/memory", "{found:?}");
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn sessions_that_never_end_are_found_by_a_sample() {
    let sound = "save \"\"\nmaxmemory 64mb\nmaxmemory-policy noeviction\nappendonly yes";
    let fill = |lasting: usize| {
        move |redis: &Redis| {
            let script = "for i = 1, 100 do redis.call('SET', 's' .. i, 'x'); if i > tonumber(ARGV[1]) then redis.call('EXPIRE', 's' .. i, 900) end end return 1";
            assert_eq!(redis.ask(&["EVAL", script, "0", &lasting.to_string()]), ["1"]);
        }
    };
    assert_eq!(rules(&diagnose(sound, "cache", "holds = \"sessions\"", fill(0))), []);
    let few = diagnose(sound, "cache", "holds = \"sessions\"", fill(5));
    assert_eq!(rules(&few), [("probe/expiry", "warning")]);
    let message = finding(&few, "probe/expiry")["message"].as_str().expect("it has one").to_owned();
    assert!(message.contains("5 of 100 keys looked at never expire"), "{message}");
    let many = diagnose(sound, "cache", "holds = \"sessions\"", fill(50));
    assert_eq!(rules(&many), [("probe/expiry", "error")]);
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn a_replica_without_its_primary_is_no_place_to_write() {
    let configuration = format!("{CACHE}replicaof 127.0.0.1 {}", free_port());
    let result = diagnose(&configuration, "cache", "", |_| {});
    assert_eq!(rules(&result), [("probe/read-only", "error"), ("probe/replication-stopped", "error")]);
    assert_eq!(result["servers"][0]["facts"]["role"], "replica");
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn what_an_account_may_not_see_is_said_and_not_guessed() {
    let users =
        "user default off\nuser admin on >4dm1n ~* &* +@all\nuser probe on >pr0be-me! -@all +ping +info\n";
    let redis = Redis::start(&format!("{CACHE}{users}"), ADMIN);
    redis.ask(&["SET", "page", "x"]);
    let running = version(&redis, "redis_version");
    let sandbox = tree(&component(&running, "redis", "cache"), &connection(&redis, ""));
    let result =
        infra(&sandbox).env("STORE", PASSWORD).run(&["doctor", "dev", "--format", "json"]).exits(0).json();
    assert_eq!(rules(&result), [("probe/not-seen", "advice"), ("probe/not-seen", "advice")]);
    let unseen = result["servers"][0]["not_seen"].as_array().expect("a list").clone();
    let reasons: Vec<&str> = unseen.iter().map(|one| one["reason"].as_str().expect("a text")).collect();
    assert!(reasons[0].starts_with("CONFIG GET: NOPERM"), "{reasons:?}");
    assert!(reasons[1].starts_with("SCAN: NOPERM"), "{reasons:?}");
    assert_eq!(result["servers"][0]["facts"]["save"], serde_json::Value::Null);
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn a_wrong_password_is_refused_and_not_shown() {
    let redis = Redis::start(&format!("{CACHE}{PROBE}"), ADMIN);
    let sandbox = tree(&component("7.0", "redis", "cache"), &connection(&redis, ""));
    for verb in [
        &["doctor", "dev", "--format", "json"][..],
        &["compat", "check", "--live", "--env", "dev", "--format", "json"],
    ] {
        let outcome = infra(&sandbox).env("STORE", "wr0ng-one").run(verb).exits(3);
        let result = silent_about(outcome, &["wr0ng-one", PASSWORD]).json();
        let message = finding(&result, "probe/refused")["message"].as_str().expect("a text").to_owned();
        assert!(message.contains("refuses us: Password authentication failed"), "{message}");
    }
    let outcome = infra(&sandbox).run(&["doctor", "dev"]).exits(3);
    assert!(outcome.all().contains("NOAUTH") || outcome.all().contains("NOPERM"), "{}", outcome.all());
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn tls_is_verified_against_the_named_authority_alone() {
    let certificates = Sandbox::empty();
    authority(&certificates, "ours");
    authority(&certificates, "other");
    sign(&certificates, "ours");
    let port = free_port();
    let file = |name: &str| certificates.path(name).display().to_string();
    let tls = format!(
        "tls-port {port}\ntls-auth-clients no\ntls-cert-file {}\ntls-key-file {}\ntls-ca-cert-file {}\n",
        file("server.pem"),
        file("server.key"),
        file("ours.pem")
    );
    let redis = Redis::start(&format!("{CACHE}{tls}{PROBE}"), ADMIN);
    let running = version(&redis, "redis_version");
    let ask = |ca: &str, host: &str| {
        let connections = format!(
            "[environments.dev.redis]\nurl = \"rediss://probe@{host}:{port}\"\npassword-env = \"STORE\"\n{ca}"
        );
        let sandbox = tree(&component(&running, "redis", "cache"), &connections);
        infra(&sandbox).env("STORE", PASSWORD).run(&["doctor", "dev", "--format", "json"])
    };
    let trusting = |name: &str| format!("tls-ca = \"{}\"\n", file(name));
    assert_eq!(rules(&ask(&trusting("ours.pem"), "localhost").exits(0).json()), []);
    for (ca, host) in [
        (trusting("other.pem"), "localhost"),
        (String::new(), "localhost"),
        (trusting("ours.pem"), "127.0.0.1"),
    ] {
        let result = ask(&ca, host).exits(3).json();
        let message = finding(&result, "probe/unreachable")["message"].as_str().expect("a text").to_owned();
        assert!(message.contains("certificate"), "{message}");
    }
}
