//! Which cluster is meant, and who we are to it.

use std::time::Duration;

use infra_tests::run::Outcome;
use infra_tests::sandbox::Sandbox;
use infra_tests::servers::free_port;

use super::apiserver::{Answer, ApiServer};
use super::certificates::authority;
use super::{finding, rules, silent_about, tree};
use crate::harness::infra;

/// Who we are.
pub(super) const TOKEN: &str = "s3cret-token";

const NOTHING: &str = "  - {name: lib, kind: library, version: 1.0.0, owner: team}\n";

/// Writes a kubeconfig with the contexts `test` and `lost`, and an infra.toml that means the first.
pub(super) fn cluster(sandbox: &Sandbox, url: &str) {
    kubeconfig(sandbox, url, "certificate-authority: ca.pem", &format!("token: {TOKEN}"));
    sandbox
        .write("infra.toml", "[environments.dev.cluster]\ncontext = \"test\"\nkubeconfig = \"kubeconfig\"\n");
}

fn kubeconfig(sandbox: &Sandbox, url: &str, trust: &str, user: &str) {
    sandbox.write(
        "kubeconfig",
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: test\nclusters:\n- name: c\n  cluster:\n    server: {url}\n    {trust}\nusers:\n- name: u\n  user:\n    {user}\ncontexts:\n- name: test\n  context: {{cluster: c, user: u}}\n- name: lost\n  context: {{cluster: gone, user: u}}\n"
        ),
    );
}

fn doctor(sandbox: &Sandbox, more: &[&str]) -> Outcome {
    let arguments = [&["doctor", "dev", "--timeout", "2", "--format", "json"], more].concat();
    silent_about(infra(sandbox).run(&arguments), &[TOKEN, "pr1nted"])
}

#[test]
fn certificates_are_verified() {
    let sandbox = tree(NOTHING, "");
    let api = ApiServer::start(&sandbox, |_| None);
    cluster(&sandbox, &api.url());
    assert_eq!(rules(&doctor(&sandbox, &[]).exits(0).json()), []);
    authority(&sandbox, "ca");
    let result = doctor(&sandbox, &[]).exits(3).json();
    let message = finding(&result, "probe/unreachable")["message"].as_str().expect("a text");
    assert!(message.contains("certificate"), "{message}");
    assert!(api.asked().iter().all(|one| !one.path.is_empty()) && !api.asked().is_empty());
    let asked = api.asked().len();
    kubeconfig(&sandbox, &api.url(), "insecure-skip-tls-verify: true", &format!("token: {TOKEN}"));
    let result = doctor(&sandbox, &[]).exits(2).json();
    let message = finding(&result, "probe/kubeconfig")["message"].as_str().expect("a text");
    assert!(message.contains("insecure-skip-tls-verify"), "{message}");
    assert_eq!(api.asked().len(), asked, "the token was sent to nobody");
}

#[test]
fn a_kubeconfig_that_cannot_be_used_says_why_and_nothing_else() {
    for (text, context, wanted) in [
        ("contexts: []\n", "test", "it has no context `test`, only none"),
        (
            "contexts: [{name: other, context: {cluster: c}}]\n",
            "test",
            "it has no context `test`, only `other`",
        ),
        ("users: [{name: u, user: {token: pr1nted}}\ncontexts: {\n", "test", "kubeconfig:2:"),
        ("contexts: [{name: test, context: {cluster: gone}}]\n", "test", "`gone`"),
        (
            "contexts: [{name: test, context: {cluster: c}}]\nclusters: [{name: c, cluster: {server: 'http://api.example'}}]\n",
            "test",
            "https://",
        ),
        (
            "contexts: [{name: test, context: {cluster: c}}]\nclusters: [{name: c, cluster: {server: 'https://api.example', proxy-url: 'socks5://p'}}]\n",
            "test",
            "proxy-url",
        ),
        (
            "contexts: [{name: test, context: {cluster: c}}]\nclusters: [{name: c, cluster: {server: 'https://api.example', certificate-authority: none.pem}}]\n",
            "test",
            "none.pem",
        ),
        ("contexts: []\n", "", "current-context"),
    ] {
        let sandbox = tree(NOTHING, "");
        let context = if context.is_empty() { String::new() } else { format!("context = \"{context}\"\n") };
        sandbox.write(
            "infra.toml",
            format!("[environments.dev.cluster]\nkubeconfig = \"kubeconfig\"\n{context}"),
        );
        sandbox.write("kubeconfig", text);
        let result = doctor(&sandbox, &[]).exits(2).json();
        let message = finding(&result, "probe/kubeconfig")["message"].as_str().expect("a text");
        assert!(message.contains(wanted), "{text}: {message}");
    }
}

#[test]
fn the_context_is_the_options_then_infra_tomls_then_platform_yamls() {
    let sandbox = tree(NOTHING, "");
    let api = ApiServer::start(&sandbox, |_| None);
    cluster(&sandbox, &api.url());
    let result = doctor(&sandbox, &["--context", "lost"]).exits(2).json();
    assert!(finding(&result, "probe/kubeconfig")["message"].as_str().expect("a text").contains("`gone`"));
    // platform.yaml alone, with the kubeconfig that the environment names.
    let platform =
        sandbox.read("platform/platform.yaml").replace("{name: dev}", "{name: dev, context: test}");
    sandbox.write("platform/platform.yaml", platform).write("infra.toml", "");
    let path = sandbox.path("kubeconfig");
    let found = infra(&sandbox).env("KUBECONFIG", &path).run(&["doctor", "--format", "json"]).exits(0).json();
    assert_eq!(found["clusters"][0]["reachable"], true);
    // Nothing names a cluster: the current context is nobody's.
    let sandbox = tree(NOTHING, "");
    let none = infra(&sandbox).env("KUBECONFIG", &path).run(&["doctor", "dev"]).exits(2);
    assert!(none.stderr.contains("no connections of `dev`"), "{}", none.stderr);
    let named =
        infra(&sandbox).env("KUBECONFIG", &path).run(&["doctor", "dev", "--context", "test"]).exits(0);
    assert!(named.stdout.contains("Kubernetes"), "{}", named.stdout);
    let of_none = infra(&sandbox).run(&["doctor", "--context", "test"]).exits(2);
    assert!(of_none.stderr.contains("none is named"), "{}", of_none.stderr);
}

#[test]
fn a_program_for_credentials_is_run_and_what_it_prints_stays_hidden() {
    let sandbox = tree(NOTHING, "");
    let api = ApiServer::start(&sandbox, |_| None);
    cluster(&sandbox, &api.url());
    let program = |script: &str| {
        let user = format!(
            "exec:\n      apiVersion: client.authentication.k8s.io/v1\n      command: /bin/sh\n      interactiveMode: Never\n      args: [-c, '{script}']"
        );
        kubeconfig(&sandbox, &api.url(), "certificate-authority: ca.pem", &user);
    };
    program(&format!(
        "echo \"{{\\\"apiVersion\\\":\\\"client.authentication.k8s.io/v1\\\",\\\"kind\\\":\\\"ExecCredential\\\",\\\"status\\\":{{\\\"token\\\":\\\"{TOKEN}\\\"}}}}\""
    ));
    let _ = doctor(&sandbox, &[]).exits(0);
    assert_eq!(api.asked()[0].authorization, format!("Bearer {TOKEN}"));
    for (script, wanted) in [
        ("echo pr1nted; exit 3", "ended with exit status: 3"),
        ("echo pr1nted", "printed none"),
        ("exec sleep 20", "no answer within 2 s"),
    ] {
        program(script);
        let outcome = doctor(&sandbox, &[]).exits(3);
        assert!(outcome.elapsed < Duration::from_secs(8), "{:?}", outcome.elapsed);
        let all = outcome.all();
        assert!(all.contains(wanted), "{script}: {all}");
    }
}

#[test]
fn a_certificate_says_who_we_are() {
    let sandbox = tree(NOTHING, "");
    let api = ApiServer::for_known(&sandbox, |_| None);
    cluster(&sandbox, &api.url());
    let result = doctor(&sandbox, &[]).exits(3).json();
    let message = finding(&result, "probe/unreachable")["message"].as_str().expect("a text");
    assert!(message.to_lowercase().contains("certificate"), "{message}");
    let trust = "certificate-authority: ca.pem";
    let own = "client-certificate: server.pem\n    client-key: server.key";
    kubeconfig(&sandbox, &api.url(), trust, own);
    assert_eq!(rules(&doctor(&sandbox, &[]).exits(0).json()), []);
    assert_eq!(api.asked()[0].authorization, "");
    // The same from a program.
    let given = serde_json::json!({
        "apiVersion": "client.authentication.k8s.io/v1beta1", "kind": "ExecCredential",
        "status": {"clientCertificateData": sandbox.read("server.pem"), "clientKeyData": sandbox.read("server.key")},
    });
    sandbox.write("given.json", given.to_string());
    let user = format!(
        "exec: {{apiVersion: client.authentication.k8s.io/v1beta1, command: cat, args: ['{}']}}",
        sandbox.path("given.json").display()
    );
    kubeconfig(&sandbox, &api.url(), trust, &user);
    let _ = doctor(&sandbox, &[]).exits(0);
}

#[test]
fn the_certificate_may_be_for_another_name_and_paths_may_begin_with_another() {
    let sandbox = tree(NOTHING, "");
    let api = ApiServer::start(&sandbox, |_| None);
    cluster(&sandbox, &api.url());
    let url = api.url().replace("localhost", "127.0.0.1");
    let user = format!("token: {TOKEN}");
    kubeconfig(&sandbox, &url, "certificate-authority: ca.pem", &user);
    let result = doctor(&sandbox, &[]).exits(3).json();
    let message = finding(&result, "probe/unreachable")["message"].as_str().expect("a text");
    assert!(message.contains("certificate"), "{message}");
    let trust = "certificate-authority: ca.pem\n    tls-server-name: localhost";
    let api = ApiServer::start(&sandbox, |path| {
        let version = serde_json::json!({"gitVersion": "v1.33.4"});
        (path == "/k8s/one/version").then_some(Answer::Json(200, version))
    });
    let url = api.url().replace("localhost", "127.0.0.1");
    kubeconfig(&sandbox, &format!("{url}/k8s/one/"), trust, &user);
    assert_eq!(doctor(&sandbox, &[]).exits(0).json()["clusters"][0]["version"], "v1.33.4");
    let asked = api.asked();
    assert!(asked.iter().all(|one| one.path.starts_with("/k8s/one/")), "{asked:?}");
}

#[test]
fn a_program_is_told_what_it_is_asked_for_and_does_not_outlive_its_time() {
    let sandbox = tree(NOTHING, "");
    let api = ApiServer::start(&sandbox, |_| None);
    cluster(&sandbox, &api.url());
    let exec = |fields: &str| {
        let user = format!("exec: {{apiVersion: client.authentication.k8s.io/v1, {fields}}}");
        kubeconfig(&sandbox, &api.url(), "certificate-authority: ca.pem", &user);
    };
    let told = sandbox.path("told");
    sandbox.write(
        "login",
        "#!/bin/sh\nprintf '%s' \"$KUBERNETES_EXEC_INFO\" > \"$TOLD\"\necho $$ > \"$TOLD.pid\"\nexec sleep 30\n",
    );
    exec(&format!(
        "command: /bin/sh, args: ['{}'], env: [{{name: TOLD, value: '{}'}}], provideClusterInfo: true",
        sandbox.path("login").display(),
        told.display()
    ));
    let _ = doctor(&sandbox, &[]).exits(3);
    let told: serde_json::Value = serde_json::from_str(&sandbox.read("told")).expect("JSON");
    assert_eq!(told["spec"]["interactive"], false);
    assert_eq!(told["spec"]["cluster"]["server"], api.url());
    assert!(told["spec"]["cluster"]["certificate-authority-data"].is_string());
    let pid = sandbox.read("told.pid");
    assert!(!std::path::Path::new("/proc").join(pid.trim()).exists(), "{pid} still runs");
    // Without the program its author's hint helps.
    exec("command: no-such-login, installHint: 'get it at login.example'");
    let result = doctor(&sandbox, &[]).exits(3).json();
    let message = finding(&result, "probe/refused")["message"].as_str().expect("a text");
    assert!(message.contains("`no-such-login`") && message.contains("get it at login.example"), "{message}");
}

#[test]
fn nobody_there_is_unreachable() {
    let sandbox = tree(NOTHING, "");
    authority(&sandbox, "ca");
    cluster(&sandbox, &format!("https://localhost:{}", free_port()));
    let result = doctor(&sandbox, &[]).exits(3).json();
    let message = finding(&result, "probe/unreachable")["message"].as_str().expect("a text");
    assert!(message.contains("refused"), "{message}");
}
