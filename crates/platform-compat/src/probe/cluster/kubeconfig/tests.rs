//! What a kubeconfig says, and where it is wrong.

use std::path::Path;

use secrecy::ExposeSecret as _;

use super::read::escape;
use super::*;

/// A kubeconfig in `/home/me/.kube`.
fn good(text: &str) -> Kubeconfig {
    read(text, Path::new("/home/me/.kube/config")).unwrap()
}

fn problems(text: &str) -> Vec<String> {
    read(text, Path::new("config")).unwrap_err()
}

fn cluster(fields: &str) -> Cluster {
    good(&format!("clusters: [{{name: c, cluster: {{{fields}}}}}]")).clusters.remove("c").unwrap()
}

fn user(fields: &str) -> User {
    good(&format!("users: [{{name: u, user: {{{fields}}}}}]")).users.remove("u").unwrap()
}

fn text(pem: Option<&Pem>) -> &str {
    match pem {
        Some(Pem::Text(text)) => text.expose_secret(),
        Some(Pem::File(path)) => path.to_str().unwrap(),
        None => "",
    }
}

#[test]
fn what_kubectl_writes_is_read() {
    let found = good(
        "apiVersion: v1
kind: Config
preferences: {}
current-context: shop
clusters:
- cluster:
    certificate-authority-data: LS0tQ0EtLS0K
    server: https://10.0.0.1:6443
    tls-server-name: api.example
    extensions:
    - name: context_info
      extension: {version: v1, on: [1, 2]}
  name: one
contexts:
- context: {cluster: one, namespace: shop, user: me}
  name: shop
- name: bare
users:
- name: me
  user:
    client-certificate: certs/me.crt
    client-key: /etc/me.key
",
    );
    assert_eq!(found.current.as_deref(), Some("shop"));
    let context = &found.contexts["shop"];
    assert_eq!((&*context.cluster, context.user.as_deref()), ("one", Some("me")));
    assert_eq!((&*found.contexts["bare"].cluster, &found.contexts["bare"].user), ("", &None));
    let one = &found.clusters["one"];
    assert_eq!(one.server.as_deref(), Some("https://10.0.0.1:6443"));
    assert_eq!(one.certificate_name.as_deref(), Some("api.example"));
    assert_eq!(text(one.authority.as_ref()), "---CA---\n");
    assert!(!one.insecure && !one.extended && one.proxy.is_none());
    let me = &found.users["me"];
    assert_eq!(text(me.certificate.as_ref()), "/home/me/.kube/certs/me.crt");
    assert_eq!(text(me.key.as_ref()), "/etc/me.key");
}

#[test]
fn json_is_read_and_an_empty_file_says_nothing() {
    let found = good("\u{feff}{\"contexts\": [{\"name\": \"a\", \"context\": {\"cluster\": \"c\"}}]}");
    assert_eq!(found.contexts["a"].cluster, "c");
    for nothing in ["", "# nothing\n", "---\n", "contexts: null\nclusters:\nusers: []\n"] {
        assert!(good(nothing).contexts.is_empty(), "{nothing}");
    }
}

#[test]
fn data_comes_before_a_file() {
    let found = cluster("certificate-authority: ca.pem, certificate-authority-data: 'eA ==\n '");
    assert_eq!(text(found.authority.as_ref()), "x");
    let found = cluster("certificate-authority: ca.pem, certificate-authority-data: ''");
    assert_eq!(text(found.authority.as_ref()), "/home/me/.kube/ca.pem");
}

#[test]
fn truth_is_said_in_the_words_of_yaml() {
    for yes in ["true", "True", "yes", "on"] {
        assert!(cluster(&format!("insecure-skip-tls-verify: {yes}")).insecure, "{yes}");
    }
    for no in ["false", "FALSE", "no", "off", "null", "~"] {
        assert!(!cluster(&format!("insecure-skip-tls-verify: {no}")).insecure, "{no}");
    }
}

#[test]
fn each_way_to_log_in_is_read() {
    let found = user("token: t, tokenFile: run/token, username: me, password: p");
    assert_eq!(found.token.unwrap().expose_secret(), "t");
    assert_eq!(found.token_file.unwrap(), Path::new("/home/me/.kube/run/token"));
    let (name, password) = found.basic.unwrap();
    assert_eq!((&*name, password.expose_secret()), ("me", "p"));
    let found = user("auth-provider: {name: oidc, config: {id-token: abc}}");
    assert_eq!((found.token.unwrap().expose_secret(), found.provider), ("abc", None));
    assert_eq!(user("auth-provider: {name: gcp}").provider.as_deref(), Some("gcp"));
}

#[test]
fn programs_for_credentials_are_read() {
    let exec = |fields: &str| {
        user(&format!("exec: {{apiVersion: client.authentication.k8s.io/v1, {fields}}}")).exec.unwrap()
    };
    let found = exec(
        "command: aws, args: [eks, 'get-token', 7], env: [{name: AWS_PROFILE, value: prod}, {name: E}], installHint: get it, interactiveMode: Never, provideClusterInfo: true",
    );
    assert_eq!((&*found.command, found.version.ends_with("/v1")), ("aws", true), "it is looked up in PATH");
    assert_eq!(found.arguments, ["eks", "get-token", "7"]);
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(found.environment, [pair("AWS_PROFILE", "prod"), pair("E", "")]);
    assert_eq!((found.hint.as_deref(), found.interactive), (Some("get it"), Interactive::Never));
    assert!(found.wants_cluster);
    let found = exec("command: bin/login, interactiveMode: Always");
    assert_eq!((&*found.command, found.interactive), ("/home/me/.kube/bin/login", Interactive::Always));
    assert!(!found.wants_cluster);
    assert_eq!(exec("command: /bin/login").command, "/bin/login");
    assert_eq!(exec("command: x").interactive, Interactive::IfAvailable);
}

#[test]
fn to_be_somebody_else_is_asked_by_headers() {
    let found =
        user("as: jane, as-uid: '7', as-groups: [dev, ops], as-user-extra: {Example.com/x y: [a, b]}");
    let headers: Vec<String> =
        found.impersonation.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    assert_eq!(
        headers,
        [
            "impersonate-user: jane",
            "impersonate-uid: 7",
            "impersonate-group: dev",
            "impersonate-group: ops",
            "impersonate-extra-example.com%2Fx%20y: a",
            "impersonate-extra-example.com%2Fx%20y: b",
        ]
    );
}

#[test]
fn the_first_file_has_the_word_about_a_name() {
    let mut found =
        good("contexts: [{name: a, context: {cluster: first}}]\nusers: [{name: u, user: {token: t}}]");
    found.merge(good(
        "current-context: b\ncontexts: [{name: a, context: {cluster: second, user: u}}, {name: b}]\nusers: [{name: u, user: {username: x}}]\nclusters: [{name: c}]",
    ));
    found.merge(good("current-context: a"));
    assert_eq!(found.current.as_deref(), Some("b"));
    assert_eq!((&*found.contexts["a"].cluster, &found.contexts["a"].user), ("first", &None));
    assert!(found.contexts.contains_key("b") && found.clusters.contains_key("c"));
    assert!(found.users["u"].basic.is_none(), "nothing is taken from the second");
}

#[test]
fn every_mistake_is_told_with_its_place_and_without_its_text() {
    let found = problems(
        "kind: Pod
clusters:
- cluster: {insecure-skip-tls-verify: pr1nted, certificate-authority-data: 'pr1nted!'}
  name: c
- name: c
- cluster: {}
contexts: {a: pr1nted}
users:
- name: u
  user: [pr1nted]
- name: v
  user: {token: [pr1nted], exec: {command: x, interactiveMode: pr1nted}}
- name: w
  user: {exec: {apiVersion: client.authentication.k8s.io/v1}, as-user-extra: {k: pr1nted}}
- pr1nted
",
    );
    assert_eq!(
        found,
        [
            "config:1:7: `kind` of a kubeconfig is `Config`",
            "config:3:39: `insecure-skip-tls-verify` is neither `true` nor `false`",
            "config:3:76: `certificate-authority-data` is no Base64 of a text in PEM",
            "config:5:3: `clusters` has `c` twice",
            "config:6:3: an item of `clusters` has no `name`",
            "config:7:11: `contexts` is no list",
            "config:10:9: `user` is no map",
            "config:12:17: `token` is no text",
            "config:12:35: `apiVersion` of `exec` is neither `client.authentication.k8s.io/v1` nor `client.authentication.k8s.io/v1beta1`",
            "config:12:64: `interactiveMode` is none of `Never`, `IfAvailable` and `Always`",
            "config:14:17: `exec` has no `command`",
            "config:14:82: `k` of `as-user-extra` is no list",
            "config:15:3: an item of `users` is no map",
        ]
    );
}

#[test]
fn what_is_no_yaml_is_told_with_its_place_and_without_its_text() {
    for (text, place) in [
        ("users: [{name: u, user: {token: pr1nted}}\ncontexts: {\n", "config:2:9: "),
        ("users:\n- name: 'pr1nted\n", "config:"),
        ("a: 1\nusers: []\nusers: [pr1nted]\n", "config:3:1: the key `users` is written twice"),
        ("a: 1\n---\nusers: [pr1nted]\n", "config:2:1: a second document"),
        ("pr1nted", "config:1:1: a kubeconfig is no map"),
    ] {
        let found = problems(text);
        assert!(found[0].starts_with(place), "{found:?}");
        assert!(!found.concat().contains("pr1nted"), "{found:?}");
    }
}

#[test]
fn bytes_with_a_meaning_are_escaped() {
    assert_eq!(escape("eyJ2IjoibWV0YSJ9-_.~"), "eyJ2IjoibWV0YSJ9-_.~");
    assert_eq!(escape("a+b/c=&ä"), "a%2Bb%2Fc%3D%26%C3%A4");
}
