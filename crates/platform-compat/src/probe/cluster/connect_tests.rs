//! Which server is meant, and what it is told of us.

use std::fs;

use hyper::header::AUTHORIZATION;
use secrecy::ExposeSecret as _;
use tempfile::TempDir;

use super::connect::{Target, address, load, of_context, of_pod};
use super::kubeconfig;
use crate::probe::Error;

/// A directory with these files.
fn directory(files: &[(&str, &str)]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(directory.path().join(name), text).unwrap();
    }
    directory
}

/// What a kubeconfig with one cluster and one user in this directory means.
fn target(directory: &TempDir, cluster: &str, user: &str) -> Result<Target, String> {
    let text = format!(
        "current-context: x\ncontexts: [{{name: x, context: {{cluster: c, user: u}}}}]\nclusters: [{{name: c, cluster: {{{cluster}}}}}]\nusers: [{{name: u, user: {{{user}}}}}]"
    );
    let kubeconfig = kubeconfig::read(&text, &directory.path().join("config")).unwrap();
    of_context(kubeconfig, None).map_err(|error| error.to_string())
}

fn header(target: &Target, name: &str) -> String {
    let headers = target.headers().unwrap();
    headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

const SERVER: &str = "server: 'https://api.example'";

#[test]
fn servers_have_a_host_a_port_and_perhaps_a_path() {
    let of =
        |server: &str| address(server).map(|(tls, host, port, base)| format!("{tls} {host} {port} {base}"));
    for (server, wanted) in [
        ("https://api.example", "true api.example 443 "),
        ("https://api.example:6443/", "true api.example 6443 "),
        ("https://rancher.example/k8s/clusters/c-1/", "true rancher.example 443 /k8s/clusters/c-1"),
        ("https://[2001:db8::1]:6443", "true 2001:db8::1 6443 "),
        ("http://localhost:8001", "false localhost 8001 "),
        ("http://[::1]", "false ::1 80 "),
    ] {
        assert_eq!(of(server).as_deref(), Ok(wanted));
    }
    for server in ["", "api.example", "http://api.example", "ftp://localhost", "https://", "a b", "/k8s"] {
        assert!(of(server).is_err(), "{server}");
    }
}

#[test]
fn a_token_goes_before_a_password_and_its_file_before_itself() {
    let here = directory(&[("token", "new\n")]);
    let of = |user: &str| header(&target(&here, SERVER, user).unwrap(), AUTHORIZATION.as_str());
    assert_eq!(of("token: old"), "Bearer old");
    assert_eq!(of("token: old, tokenFile: token"), "Bearer new");
    assert_eq!(of("token: old, tokenFile: gone"), "Bearer old");
    assert_eq!(of("token: old, username: a, password: b"), "Bearer old");
    assert_eq!(of("username: a, password: b"), "Basic YTpi");
    assert_eq!(of(""), "");
    let error = target(&here, SERVER, "tokenFile: gone").unwrap_err();
    assert!(error.contains("cannot read") && error.contains("gone"), "{error}");
    let found = target(&here, SERVER, "token: t, as: jane").unwrap();
    assert_eq!(header(&found, "impersonate-user"), "jane");
    assert!(target(&here, SERVER, "token: \"a\\nb\"").unwrap().headers().is_err(), "no second header");
}

#[test]
fn everything_that_is_wrong_with_a_context_is_told_at_once() {
    let here = directory(&[]);
    let error = target(
        &here,
        "server: 'http://api.example', insecure-skip-tls-verify: true, proxy-url: 'socks5://p', certificate-authority: none.pem",
        "client-certificate: me.crt, auth-provider: {name: azure}",
    )
    .unwrap_err();
    for part in [
        "none.pem",
        "me.crt",
        "insecure-skip-tls-verify",
        "proxy-url",
        "`azure` is not understood",
        "`client-certificate` and `client-key`",
        "does not begin with `https://`",
    ] {
        assert!(error.contains(part), "{part}: {error}");
    }
    let exec = "exec: {apiVersion: client.authentication.k8s.io/v1, command: x, provideClusterInfo: true}";
    let extended =
        format!("{SERVER}, extensions: [{{name: client.authentication.k8s.io/exec, extension: {{a: 1}}}}]");
    assert!(target(&here, &extended, exec).unwrap_err().contains("extensions"));
    assert!(target(&here, SERVER, exec).is_ok());
}

#[test]
fn a_context_that_names_what_is_not_there_is_told() {
    let of = |text: &str, context: Option<&str>| {
        let kubeconfig = kubeconfig::read(text, "config".as_ref()).unwrap();
        of_context(kubeconfig, context).unwrap_err().to_string()
    };
    assert!(of("", None).contains("`current-context`"));
    assert!(of("", Some("x")).contains("no context `x`, only none"));
    assert!(of("contexts: [{name: a}, {name: b}]", Some("x")).contains("only `a`, `b`"));
    assert!(of("contexts: [{name: a, context: {cluster: c}}]", Some("a")).contains("no cluster `c`"));
    let user = "contexts: [{name: a, context: {cluster: c, user: u}}]\nclusters: [{name: c}]";
    assert!(of(user, Some("a")).contains("no user `u`"));
    let server = "contexts: [{name: a, context: {cluster: c}}]\nclusters: [{name: c}]";
    assert!(of(server, Some("a")).contains("no `server`"));
}

#[test]
fn several_files_are_one_and_those_that_are_missing_none() {
    let here = directory(&[
        ("a", "contexts: [{name: x, context: {cluster: one}}]"),
        (
            "b",
            "current-context: x\nclusters: [{name: one, cluster: {server: 'https://one', certificate-authority: ca}}]",
        ),
        ("bad", "contexts: 1\nusers: 1"),
        ("ca", "authority"),
    ]);
    let path = |name: &str| here.path().join(name);
    let merged = load(&[path("gone"), path("a"), path("b")], false).unwrap().unwrap();
    let found = of_context(merged, None).unwrap();
    assert_eq!(found.address(), "one:443");
    assert!(load(&[path("gone")], false).unwrap().is_none());
    let Err(Error::Configuration { reason }) = load(&[path("gone"), path("bad")], true) else {
        panic!("a named file must be there")
    };
    assert!(reason.contains("cannot read") && reason.contains("bad:1:11: `contexts` is no list"), "{reason}");
    assert!(reason.contains("bad:2:8: `users` is no list"), "{reason}");
}

#[test]
fn a_pod_is_its_service_account() {
    let account = directory(&[("token", "pod\n"), ("ca.crt", "authority")]);
    let found = of_pod("10.96.0.1", "443", account.path()).unwrap();
    assert_eq!(
        (found.address(), header(&found, AUTHORIZATION.as_str())),
        ("10.96.0.1:443".into(), "Bearer pod".into())
    );
    let found = of_pod("fd00::1", "6443", account.path()).unwrap();
    assert_eq!(found.address(), "[fd00::1]:6443");
    let error = of_pod("a", "x", account.path()).unwrap_err().to_string();
    assert!(error.contains("`x` is no port"), "{error}");
    let error = of_pod("a", "443", directory(&[]).path()).unwrap_err().to_string();
    assert!(error.contains("token"), "{error}");
}

#[test]
fn nothing_of_it_shows_a_secret() {
    let here = directory(&[]);
    let found =
        target(&here, SERVER, "token: s3cret, client-certificate-data: czNjcmV0, client-key-data: czNjcmV0")
            .unwrap();
    let text = format!("{found:?}");
    assert!(!text.contains("s3cret") && !text.contains("czNjcmV0"), "{text}");
    assert_eq!(found.identity.unwrap().1.expose_secret(), "s3cret");
}
