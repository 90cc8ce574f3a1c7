//! What answers like an API server: the list API over TLS, on a real socket.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use infra_tests::sandbox::Sandbox;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

use super::certificates::{authority, sign};

/// What the stand-in does when it is asked.
pub(super) enum Answer {
    /// Status and body.
    Json(u16, Value),
    /// A body that is none.
    Text(&'static str),
    /// A body, and the end of the connection without a word of it.
    Last(Value),
    /// Nothing, for as long as anybody waits.
    Silence,
}

/// A request that was made.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// Path with its query.
    pub(super) path: String,
    /// The header by which the client says who it is.
    pub(super) authorization: String,
}

/// A stand-in that answers until the test ends.
pub(super) struct ApiServer {
    port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl ApiServer {
    /// Starts one with a certificate of `ca.pem` in the sandbox; `answer` is given the path with its query, and nothing is an empty list.
    pub(super) fn start(
        sandbox: &Sandbox,
        answer: impl Fn(&str) -> Option<Answer> + Send + Sync + 'static,
    ) -> Self {
        Self::with(sandbox, false, answer)
    }

    /// The same for clients with a certificate of `ca.pem` only.
    pub(super) fn for_known(
        sandbox: &Sandbox,
        answer: impl Fn(&str) -> Option<Answer> + Send + Sync + 'static,
    ) -> Self {
        Self::with(sandbox, true, answer)
    }

    fn with(
        sandbox: &Sandbox,
        known: bool,
        answer: impl Fn(&str) -> Option<Answer> + Send + Sync + 'static,
    ) -> Self {
        authority(sandbox, "ca");
        sign(sandbox, "ca");
        let certificate = CertificateDer::from_pem_file(sandbox.path("server.pem")).expect("openssl made it");
        let key = PrivateKeyDer::from_pem_file(sandbox.path("server.key")).expect("openssl made it");
        let builder = ServerConfig::builder();
        let builder = if known {
            let mut roots = RootCertStore::empty();
            let authority = CertificateDer::from_pem_file(sandbox.path("ca.pem")).expect("openssl made it");
            roots.add(authority).expect("it is one");
            let verifier = WebPkiClientVerifier::builder(Arc::new(roots)).build();
            builder.with_client_cert_verifier(verifier.expect("it has an authority"))
        } else {
            builder.with_no_client_auth()
        };
        let config = builder.with_single_cert(vec![certificate], key).expect("they belong together");
        let (config, answer) = (Arc::new(config), Arc::new(answer));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = listener.local_addr().expect("it has one").port();
        let asked = Arc::<Mutex<Vec<Asked>>>::default();
        let seen = Arc::clone(&asked);
        std::thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let (config, answer, seen) = (Arc::clone(&config), Arc::clone(&answer), Arc::clone(&seen));
                // A client that breaks off is the client's affair.
                std::thread::spawn(move || serve(socket, config, &*answer, &seen).ok());
            }
        });
        Self { port, asked }
    }

    /// Its address.
    pub(super) fn url(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    /// What it was asked, in order.
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("nobody panics with it").clone()
    }
}

fn serve(
    socket: TcpStream,
    config: Arc<ServerConfig>,
    answer: &dyn Fn(&str) -> Option<Answer>,
    asked: &Mutex<Vec<Asked>>,
) -> std::io::Result<()> {
    let connection = ServerConnection::new(config).map_err(std::io::Error::other)?;
    let mut stream = BufReader::new(StreamOwned::new(connection, socket));
    loop {
        let Some(request) = read(&mut stream)? else { return Ok(()) };
        let path = request.path.clone();
        asked.lock().expect("nobody panics with it").push(request);
        let answer = answer(&path).unwrap_or_else(|| otherwise(&path));
        let last = matches!(answer, Answer::Last(_));
        let (status, body) = match answer {
            Answer::Json(status, body) => (status, body.to_string()),
            Answer::Last(body) => (200, body.to_string()),
            Answer::Text(body) => (200, body.to_owned()),
            Answer::Silence => {
                std::thread::sleep(Duration::from_secs(30));
                return Ok(());
            }
        };
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.get_mut().write_all(format!("{head}{body}").as_bytes())?;
        stream.get_mut().flush()?;
        if last {
            return Ok(());
        }
    }
}

/// One request; nothing at the end of the connection.
fn read(stream: &mut BufReader<impl Read>) -> std::io::Result<Option<Asked>> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        if line.trim().is_empty() {
            break;
        }
        lines.push(line.trim().to_owned());
    }
    let path = lines[0].split(' ').nth(1).unwrap_or_default().to_owned();
    let header = |line: &String| Some(line.split_once(": ")?.1.to_owned());
    let authorization = lines.iter().find(|line| line.to_lowercase().starts_with("authorization:"));
    Ok(Some(Asked { path, authorization: authorization.and_then(header).unwrap_or_default() }))
}

fn otherwise(path: &str) -> Answer {
    if path.starts_with("/version") {
        return Answer::Json(200, json!({"major": "1", "minor": "33", "gitVersion": "v1.33.4+k3s1"}));
    }
    Answer::Json(200, list("PodList", &[], ""))
}

/// A list, with what to ask for the rest with.
pub(super) fn list(kind: &str, items: &[Value], rest: &str) -> Value {
    json!({"kind": kind, "apiVersion": "v1", "metadata": {"resourceVersion": "7", "continue": rest}, "items": items})
}

/// A refusal as the API server writes it.
pub(super) fn refusal(code: u16, reason: &str, message: &str) -> Answer {
    let body = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message, "reason": reason, "code": code});
    Answer::Json(code, body)
}

/// A pod of the Deployment with the name of its label.
pub(super) fn pod(app: &str, image: &str, ready: bool) -> Value {
    let waiting =
        if ready { json!({"running": {}}) } else { json!({"waiting": {"reason": "CrashLoopBackOff"}}) };
    json!({
        "metadata": {
            "name": format!("{app}-5d-x"), "namespace": "dev",
            "labels": {"app.kubernetes.io/name": app, "pod-template-hash": "5d"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": format!("{app}-5d"), "uid": "1", "controller": true}],
        },
        "spec": {"containers": [{"name": "app", "image": image}], "nodeName": "n"},
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": if ready { "True" } else { "False" }}],
            "containerStatuses": [{"name": "app", "image": image, "imageID": format!("{}@sha256:{:064}", image.split(':').next().expect("it has one"), 7), "ready": ready, "state": waiting}],
        },
    })
}

/// A Deployment of that name and image.
pub(super) fn deployment(app: &str, image: &str, replicas: u64) -> Value {
    json!({
        "metadata": {"name": app, "namespace": "dev"},
        "spec": {"replicas": replicas, "template": {
            "metadata": {"labels": {"app.kubernetes.io/name": app}},
            "spec": {"containers": [{"name": "app", "image": image}]},
        }},
    })
}
