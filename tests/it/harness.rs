//! What most tests here begin with.

use std::time::{Duration, Instant};

use infra_tests::run::Infra;
use infra_tests::sandbox::Sandbox;
use infra_tests::servers::Engine;
use serde_json::Value;

/// Where the reference tree keeps its migrations.
pub(crate) const MIGRATIONS: &str = "infra/mysql/migrations";

/// The environments of the reference tree.
pub(crate) const ENVIRONMENTS: [&str; 3] = ["dev", "staging", "prod"];

/// The binary under test in a sandbox.
pub(crate) fn infra(sandbox: &Sandbox) -> Infra {
    Infra::new(env!("CARGO_BIN_EXE_infra-under-test"), sandbox.root())
}

/// Runs a test on MariaDB and on MySQL at the same time; the thread that panics bears the engine's name.
#[track_caller]
pub(crate) fn on_each_engine(test: impl Fn(Engine) + Sync) {
    let failed: Vec<_> = std::thread::scope(|scope| {
        let threads = Engine::ALL.map(|engine| {
            let test = &test;
            let thread = std::thread::Builder::new()
                .name(engine.name().to_owned())
                .spawn_scoped(scope, move || test(engine));
            (engine, thread.expect("a thread can be started"))
        });
        threads
            .into_iter()
            .filter_map(|(engine, thread)| thread.join().is_err().then(|| engine.name()))
            .collect()
    });
    assert!(failed.is_empty(), "failed on {}", failed.join(" and "));
}

/// The findings of a JSON result.
#[track_caller]
pub(crate) fn findings(result: &Value) -> &Vec<Value> {
    result["findings"].as_array().expect("a result has findings")
}

/// A sandbox with migrations of its own in `migrations/`.
pub(crate) fn migrations(files: &[(&str, &str)]) -> Sandbox {
    let sandbox = Sandbox::empty();
    sandbox.write("infra.toml", "");
    for (name, content) in files {
        sandbox.write(&format!("migrations/{name}"), content);
    }
    sandbox
}

/// Waits until something holds, ten seconds at most.
#[track_caller]
pub(crate) fn wait_for(holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(10), "it did not come to that");
        std::thread::sleep(Duration::from_millis(50));
    }
}
