//! Servers that do not answer, and configuration that names none.

use std::net::TcpListener;
use std::time::Duration;

use infra_tests::servers::free_port;

use super::{finding, rules, silent_about, tree};
use crate::harness::infra;

const STORES: &str = "  - {name: db, kind: database, version: 8.4.6, image: mysql, provides: [{name: sql, port: 3306}]}\n  \
                      - {name: store, kind: cache, version: 7.4.5, image: redis, provides: [{name: resp, port: 6379}]}\n";

fn connections(mysql: u16, redis: u16) -> String {
    format!(
        "[environments.dev.mysql]\nurl = \"mysql://shop@127.0.0.1:{mysql}/shop\"\n[environments.dev.redis]\nurl = \"redis://127.0.0.1:{redis}\"\n"
    )
}

#[test]
fn servers_that_accept_and_say_nothing_end_with_the_time_out() {
    // The system accepts for them: nobody ever reads.
    let [mysql, redis] = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").expect("a port is free"));
    let port = |listener: &TcpListener| listener.local_addr().expect("it has one").port();
    let sandbox = tree(STORES, &connections(port(&mysql), port(&redis)));
    let asking =
        infra(&sandbox).env("INFRA_MYSQL_PASSWORD", "s3cret-one").env("INFRA_REDIS_PASSWORD", "s3cret-two");
    for verb in [
        &["doctor", "--timeout", "1", "--format", "json"][..],
        &["compat", "check", "--live", "--timeout", "1", "--format", "json"],
    ] {
        let outcome = asking.run(verb).exits(3);
        // Side by side: not one after the other.
        assert!(outcome.elapsed < Duration::from_millis(1900), "{:?}", outcome.elapsed);
        let result = silent_about(outcome, &["s3cret"]).json();
        let found =
            rules(&result).into_iter().filter(|(rule, _)| rule.starts_with("probe/")).collect::<Vec<_>>();
        assert_eq!(found, [("probe/unreachable", "error"); 2]);
    }
}

#[test]
fn servers_that_are_not_there_are_named_with_their_place() {
    let sandbox = tree(STORES, &connections(free_port(), free_port()));
    let result = infra(&sandbox).run(&["doctor", "dev", "--format", "json"]).exits(3).json();
    assert_eq!(rules(&result), [("probe/unreachable", "error"); 2]);
    let lines: Vec<_> =
        result["findings"].as_array().expect("a list").iter().map(|found| found["line"].as_u64()).collect();
    assert_eq!(lines, [Some(6), Some(7)]);
    assert_eq!(result["servers"][0]["reachable"], false);
}

#[test]
fn a_store_without_a_connection_is_said_to_be_unseen() {
    let sandbox = tree(
        STORES,
        &format!("[environments.dev.mysql]\nurl = \"mysql://127.0.0.1:{}/shop\"\n", free_port()),
    );
    let result = infra(&sandbox).run(&["doctor", "dev", "--format", "json"]).exits(3).json();
    let message = finding(&result, "probe/no-connection")["message"].as_str().expect("a text").to_owned();
    assert_eq!(message, "`store` of `dev` was not asked: infra.toml has no connection to it");
}

#[test]
fn configuration_that_names_no_server_is_a_usage_error() {
    for (connections, arguments, wanted) in [
        ("", &["doctor"][..], "infra.toml has no connections"),
        ("", &["doctor", "dev"], "no connections of `dev`"),
        ("", &["compat", "check", "--live"], "infra.toml has no connections"),
        ("", &["doctor", "pord"], "there is no environment `pord`"),
        ("[environments.dev.redis]\nurl = \"http://h\"\n", &["doctor"], "redis://"),
        (
            "[environments.dev.redis]\nurl = \"redis://h\"\ncomponent = \"stor\"\n",
            &["doctor"],
            "did you mean `store`?",
        ),
        ("[environments.dev.redis]\nurl = \"redis://h\"\ntls-ca = \"none.pem\"\n", &["doctor"], "none.pem"),
        (
            "[environments.dev.redis]\nurl = \"redis://h\"\npassword-file = \"none\"\n",
            &["doctor"],
            "cannot read `none`",
        ),
    ] {
        let outcome = infra(&tree(STORES, connections)).run(arguments).exits(2);
        assert!(outcome.stderr.contains(wanted), "{arguments:?}: {}", outcome.stderr);
    }
    let two = STORES.replace(
        "name: db, kind: database, version: 8.4.6, image: mysql",
        "name: sessions, kind: cache, version: 7.4.5, image: redis",
    );
    let outcome =
        infra(&tree(&two, "[environments.dev.redis]\nurl = \"redis://h\"\n")).run(&["doctor"]).exits(2);
    assert!(outcome.stderr.contains("which of `sessions`, `store` is the server"), "{}", outcome.stderr);
}

#[test]
fn a_password_in_the_url_or_in_the_clear_is_told_of() {
    let connections = "[environments.dev.redis]\nurl = \"redis://u:s3cret-two@redis.invalid:6379\"\n";
    let outcome =
        infra(&tree(STORES, connections)).run(&["doctor", "--timeout", "1", "--format", "json"]).exits(3);
    let result = silent_about(outcome, &["s3cret-two"]).json();
    assert_eq!(finding(&result, "cli/password-in-url")["severity"], "warning");
    assert_eq!(finding(&result, "probe/unencrypted")["severity"], "warning");
}
