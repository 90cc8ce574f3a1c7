//! The program of a kubeconfig that gives credentials, such as those of the large clouds.
//!
//! Source: "client-go credential plugins" of the Kubernetes documentation, kind `ExecCredential`. What it prints is never shown.

use std::io::{ErrorKind, IsTerminal as _, Read as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use secrecy::SecretString;
use serde_json::{Map, Value, json};

use super::kubeconfig::{Exec, Interactive, Reader};

/// Bytes of credentials that are read.
const MOST: u64 = 1 << 20;
/// How often an ending program is looked at.
const PAUSE: Duration = Duration::from_millis(5);

/// What a program gave.
#[derive(Debug, Default)]
pub(super) struct Credentials {
    pub(super) token: Option<SecretString>,
    /// Certificates and key, as PEM.
    pub(super) identity: Option<(SecretString, SecretString)>,
}

/// Runs a program; who stops waiting for it ends it. `cluster` is told to those that want to know.
///
/// # Errors
/// Why there are no credentials.
pub(super) async fn run(exec: &Exec, cluster: Option<Value>) -> Result<Credentials, String> {
    let program = format!("the kubeconfig's program for credentials, `{}`,", exec.command);
    let terminal = std::io::stdin().is_terminal();
    if exec.interactive == Interactive::Always && !terminal {
        return Err(format!("{program} has to ask somebody, and there is no terminal"));
    }
    let interactive = terminal && exec.interactive != Interactive::Never;
    let mut command = Command::new(&exec.command);
    command
        .args(&exec.arguments)
        .envs(exec.environment.iter().map(|(name, value)| (name, value)))
        .env("KUBERNETES_EXEC_INFO", asked(&exec.version, interactive, cluster).to_string())
        .stdin(if interactive { Stdio::inherit() } else { Stdio::null() })
        .stdout(Stdio::piped());
    let child = command.spawn().map_err(|error| {
        let hint = exec.hint.as_deref().filter(|_| error.kind() == ErrorKind::NotFound);
        let hint = hint.map(|hint| format!("; {}", hint.trim())).unwrap_or_default();
        format!("{program} cannot be run: {error}{hint}")
    })?;
    let (printed, status) =
        Running(child).finish().await.map_err(|error| format!("{program} was lost: {error}"))?;
    if !status.success() {
        return Err(format!("{program} ended with {status}"));
    }
    parse(&printed, &exec.version).ok_or_else(|| format!("{program} printed none of {}", exec.version))
}

/// What a program is told.
fn asked(version: &str, interactive: bool, cluster: Option<Value>) -> Value {
    let mut spec = Map::new();
    spec.insert("interactive".to_owned(), json!(interactive));
    spec.extend(cluster.map(|cluster| ("cluster".to_owned(), cluster)));
    json!({"kind": "ExecCredential", "apiVersion": version, "spec": spec})
}

/// Credentials of the version that was asked for.
fn parse(printed: &str, version: &str) -> Option<Credentials> {
    let mut reader = Reader::new(printed, "");
    let root = reader.root()?;
    let root = reader.map(&root, "it")?;
    let kind = (reader.text(root, "kind"), reader.text(root, "apiVersion"));
    if (kind.0.as_deref(), kind.1.as_deref()) != (Some("ExecCredential"), Some(version)) {
        return None;
    }
    let status = reader.inner(root, "status")?;
    let token = reader.secret(status, "token");
    let certificate = reader.secret(status, "clientCertificateData");
    let identity = certificate.zip(reader.secret(status, "clientKeyData"));
    let found = Credentials { token, identity };
    (reader.into_problems().is_empty() && (found.token.is_some() || found.identity.is_some()))
        .then_some(found)
}

/// A program that does not outlive the interest in it.
struct Running(Child);

impl Running {
    async fn finish(mut self) -> std::io::Result<(String, ExitStatus)> {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        if let Some(stdout) = self.0.stdout.take() {
            std::thread::spawn(move || {
                let mut printed = String::new();
                let read = stdout.take(MOST).read_to_string(&mut printed);
                // Nobody waits any more after the time-out.
                let _ = sender.send(read.map(|_| printed));
            });
        }
        let printed = receiver.await.map_err(std::io::Error::other)?;
        loop {
            if let Some(status) = self.0.try_wait()? {
                // What is no text is no credentials either.
                return Ok((printed.unwrap_or_default(), status));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended already is only collected.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    const VERSION: &str = "client.authentication.k8s.io/v1";

    fn printed(status: &str) -> Option<Credentials> {
        let text = format!(r#"{{"apiVersion": "{VERSION}", "kind": "ExecCredential", "status": {status}}}"#);
        parse(&text, VERSION)
    }

    #[test]
    fn credentials_are_a_token_a_certificate_with_its_key_or_both() {
        let found = printed(r#"{"token": "a.b/c", "expirationTimestamp": "2030-01-01T00:00:00Z"}"#).unwrap();
        assert_eq!(found.token.unwrap().expose_secret(), "a.b/c");
        let found = printed(r#"{"clientCertificateData": "A\nB", "clientKeyData": "K"}"#).unwrap();
        let (certificate, key) = found.identity.unwrap();
        assert_eq!((certificate.expose_secret(), key.expose_secret()), ("A\nB", "K"));
        assert!(found.token.is_none());
        let yaml = format!("apiVersion: {VERSION}\nkind: ExecCredential\nstatus: {{token: t}}\n");
        assert!(parse(&yaml, VERSION).is_some(), "some programs print YAML");
    }

    #[test]
    fn what_is_none_is_none() {
        for status in
            ["{}", "null", r#"{"token": ""}"#, r#"{"clientCertificateData": "A"}"#, r#"{"token": {}}"#]
        {
            assert!(printed(status).is_none(), "{status}");
        }
        for text in ["", "x", "[1]", "{", r#"{"status": {"token": "t"}}"#] {
            assert!(parse(text, VERSION).is_none(), "{text}");
        }
        let other = r#"{"apiVersion": "client.authentication.k8s.io/v1beta1", "kind": "ExecCredential", "status": {"token": "t"}}"#;
        assert!(parse(other, VERSION).is_none(), "the version must be the one that was asked for");
    }

    #[test]
    fn a_program_is_told_what_it_wants_to_know() {
        let plain = asked(VERSION, false, None);
        assert_eq!(plain["spec"], json!({"interactive": false}));
        assert_eq!((&plain["apiVersion"], &plain["kind"]), (&json!(VERSION), &json!("ExecCredential")));
        let cluster = asked(VERSION, true, Some(json!({"server": "https://a"})));
        assert_eq!(cluster["spec"]["cluster"]["server"], "https://a");
    }
}
