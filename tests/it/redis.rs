//! The Redis that the reference tree declares really starts and has the declared settings.

use infra_tests::sandbox::Sandbox;
use infra_tests::servers::redis::Redis;

use crate::harness::infra;

/// The text of a key's block literal (`key: |`) in rendered YAML.
#[track_caller]
fn block_literal(yaml: &str, key: &str) -> String {
    let mut lines = yaml.lines();
    let head = lines.find(|line| line.trim() == format!("{key}: |")).expect("the manifests hold the key");
    let indent = head.len() - head.trim_start().len() + 2;
    lines
        .take_while(|line| line.is_empty() || line.len() - line.trim_start().len() >= indent)
        .map(|line| line.get(indent..).unwrap_or_default().to_owned() + "\n")
        .collect()
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn redis_starts_with_the_rendered_configuration() {
    let sandbox = Sandbox::reference();
    let manifests = infra(&sandbox).run(&["render", "infra/redis/k8s/overlays/dev"]).output();
    let rendered = block_literal(&manifests, "redis.conf");

    // The directories of the pod become directories of the test.
    sandbox
        .write("data/.keep", "")
        .write("users/users.conf", "user default off\nuser gateway on >s3cret ~* +@all\n");
    let adapted = rendered
        .replace("dir /data", &format!("dir {}", sandbox.path("data").display()))
        .replace("/run/secrets/redis-users", &sandbox.path("users").display().to_string());
    assert_ne!(adapted, rendered, "the configuration names the pod's directories");
    let redis = Redis::start(&adapted, ("gateway", "s3cret"));

    assert_eq!(
        redis.ask_as_stranger(&["GET", "x"])[0].split(' ').next(),
        Some("NOAUTH"),
        "the default user is off"
    );
    let settings = redis.settings();
    let mut compared = 0;
    for line in rendered.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (key, value) = line.split_once(' ').expect("a setting has a value");
        if ["bind", "port", "dir", "include", "logfile"].contains(&key) {
            continue;
        }
        assert_eq!(settings.get(key).map(String::as_str), Some(canonical(value).as_str()), "{key}");
        compared += 1;
    }
    assert!(compared >= 10, "only {compared} settings were compared");
    assert_ne!(settings["maxmemory"], "0", "memory is bounded");
    assert_ne!(settings["maxmemory-policy"], "noeviction", "a cache evicts");
}

/// A value as `CONFIG GET` tells it: sizes in bytes, no quotes.
fn canonical(value: &str) -> String {
    let value = value.trim_matches('"');
    for (unit, factor) in [("kb", 1_u64 << 10), ("mb", 1 << 20), ("gb", 1 << 30)] {
        if let Some(number) = value.strip_suffix(unit).and_then(|number| number.parse::<u64>().ok()) {
            return (number * factor).to_string();
        }
    }
    value.to_owned()
}
