//! Which cluster is meant and who we are to it: by kubeconfig, or as the service account of the pod we are in.

use std::io::ErrorKind;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::Uri;
use hyper::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use rustls::pki_types::ServerName;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value, json};

use super::exec;
use super::http::{Connection, Server};
use super::kubeconfig::{self, Cluster, Exec, Kubeconfig, Pem, User};
use super::tls::{self, Identity};
use super::{ClusterOptions, Kubeconfigs};
use crate::probe::Error;

/// Where a pod has the token of its service account, and who signs the API server's certificate.
const ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// Where an API server is, and who we are to it.
#[derive(Debug)]
pub(super) struct Target {
    host: String,
    port: u16,
    base: String,
    encrypted: bool,
    /// The name that the server's certificate is for.
    certificate_name: String,
    authority: Option<SecretString>,
    pub(super) identity: Option<Identity>,
    /// The value of the header by which the server knows us.
    authorization: Option<SecretString>,
    /// A program that has to be asked for it, and what that is told of the cluster.
    exec: Option<(Exec, Option<Value>)>,
    impersonation: Vec<(String, String)>,
}

/// The cluster that is meant.
pub(super) fn target(options: &ClusterOptions) -> Result<Target, Error> {
    let (paths, pod, must_exist) = match &options.kubeconfig {
        Kubeconfigs::Named(path) => (std::slice::from_ref(path), None, true),
        Kubeconfigs::Found { paths, pod } => (&paths[..], pod.as_ref(), false),
    };
    if let Some(kubeconfig) = load(paths, must_exist)? {
        return of_context(kubeconfig, options.context.as_deref());
    }
    // Whoever names a context does not mean the pod's account.
    if let (Some((host, port)), None) = (pod, &options.context) {
        return of_pod(host, port, Path::new(ACCOUNT));
    }
    let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    Err(unusable(format!("there is none at {}", names.join(", "))))
}

/// All of them as one; nothing where none is there.
pub(super) fn load(paths: &[PathBuf], must_exist: bool) -> Result<Option<Kubeconfig>, Error> {
    let (mut merged, mut problems) = (None::<Kubeconfig>, Vec::new());
    for path in paths {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound && !must_exist => continue,
            Err(error) => {
                problems.push(format!("cannot read {}: {error}", path.display()));
                continue;
            }
        };
        match kubeconfig::read(&text, path) {
            Ok(one) => match &mut merged {
                Some(merged) => merged.merge(one),
                None => merged = Some(one),
            },
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(merged) } else { Err(unusable(problems.join("; "))) }
}

/// What a context names, with everything that is wrong with it.
pub(super) fn of_context(mut kubeconfig: Kubeconfig, context: Option<&str>) -> Result<Target, Error> {
    let Some(wanted) = context.map(str::to_owned).or(kubeconfig.current) else {
        return Err(unusable("it has no `current-context`: name one"));
    };
    let Some(context) = kubeconfig.contexts.remove(&wanted) else {
        let known: Vec<String> = kubeconfig.contexts.keys().map(|name| format!("`{name}`")).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        return Err(unusable(format!("it has no context `{wanted}`, only {known}")));
    };
    let missing =
        |what, name: &str| unusable(format!("it has no {what} `{name}`, which its context `{wanted}` names"));
    let cluster = kubeconfig.clusters.remove(&context.cluster);
    let cluster = cluster.ok_or_else(|| missing("cluster", &context.cluster))?;
    let user = match context.user {
        Some(name) => kubeconfig.users.remove(&name).ok_or_else(|| missing("user", &name))?,
        None => User::default(),
    };
    of(&cluster, user).map_err(|problems| unusable(problems.join("; ")))
}

/// A cluster and a user, or all that is wrong with them.
fn of(cluster: &Cluster, user: User) -> Result<Target, Vec<String>> {
    let mut problems = Vec::new();
    let mut keep = |what: Result<Option<SecretString>, String>| {
        what.unwrap_or_else(|problem| {
            problems.push(problem);
            None
        })
    };
    let authority = keep(cluster.authority.as_ref().map(pem).transpose());
    let certificate = keep(user.certificate.as_ref().map(pem).transpose());
    let key = keep(user.key.as_ref().map(pem).transpose());
    let authorization = keep(authorization(&user));
    if cluster.insecure {
        problems.push(
            "certificates are always verified: replace `insecure-skip-tls-verify` by the cluster's `certificate-authority`"
                .to_owned(),
        );
    }
    if cluster.proxy.is_some() {
        problems
            .push("`proxy-url` of the cluster is not understood: ask from where none is needed".to_owned());
    }
    if let Some(provider) = &user.provider {
        problems
            .push(format!("`auth-provider` `{provider}` is not understood: log in by a program in `exec`"));
    }
    if user.certificate.is_some() != user.key.is_some() {
        problems.push("of `client-certificate` and `client-key` the user has only one".to_owned());
    }
    let exec = user.exec.filter(|_| authorization.is_none());
    if exec.as_ref().is_some_and(|exec| exec.wants_cluster) && cluster.extended {
        problems
            .push("settings of a cluster for `exec`, under its `extensions`, are not understood".to_owned());
    }
    let place = match address(cluster.server.as_deref().unwrap_or_default()) {
        Ok(place) if problems.is_empty() => place,
        Ok(_) => return Err(problems),
        Err(problem) => {
            problems.push(problem);
            return Err(problems);
        }
    };
    let (encrypted, host, port, base) = place;
    let told = |exec: &Exec| exec.wants_cluster.then(|| told(cluster, authority.as_ref()));
    Ok(Target {
        exec: exec.map(|exec| (exec.clone(), told(&exec))),
        certificate_name: cluster.certificate_name.clone().unwrap_or_else(|| host.clone()),
        authority: authority.clone(),
        identity: certificate.zip(key),
        authorization,
        impersonation: user.impersonation,
        host,
        port,
        base,
        encrypted,
    })
}

/// The pod's own cluster and service account.
pub(super) fn of_pod(host: &str, port: &str, account: &Path) -> Result<Target, Error> {
    let own =
        |problem| unusable(format!("there is none, and the pod's service account cannot be used: {problem}"));
    let read = |name: &str| pem(&Pem::File(account.join(name))).map_err(own);
    let token = read("token")?;
    Ok(Target {
        host: host.to_owned(),
        port: port.parse().map_err(|_| own(format!("`{port}` is no port")))?,
        base: String::new(),
        encrypted: true,
        certificate_name: host.to_owned(),
        authority: Some(read("ca.crt")?),
        identity: None,
        authorization: Some(bearer(token.expose_secret())),
        exec: None,
        impersonation: Vec::new(),
    })
}

/// Whether it is encrypted, host without brackets, port and the path before all others.
pub(super) fn address(server: &str) -> Result<(bool, String, u16, String), String> {
    if server.is_empty() {
        return Err("the cluster has no `server`".to_owned());
    }
    let url: Uri = server.parse().map_err(|error| format!("`server` of the cluster is no URL: {error}"))?;
    let host = url.host().unwrap_or_default().trim_matches(['[', ']']);
    let local = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|host| host.is_loopback());
    let encrypted = url.scheme_str() == Some("https");
    // `kubectl proxy` speaks no TLS.
    if host.is_empty() || !(encrypted || local && url.scheme_str() == Some("http")) {
        return Err("`server` of the cluster does not begin with `https://`".to_owned());
    }
    let port = url.port_u16().unwrap_or(if encrypted { 443 } else { 80 });
    Ok((encrypted, host.to_owned(), port, url.path().trim_end_matches('/').to_owned()))
}

/// What the server knows the user by, unless a program or a certificate says it.
fn authorization(user: &User) -> Result<Option<SecretString>, String> {
    if let Some(path) = &user.token_file {
        // The file is the newer one; where it is gone, what stands beside it is all there is.
        match (std::fs::read_to_string(path), &user.token) {
            (Ok(token), _) => return Ok(Some(bearer(&token))),
            (Err(error), None) => return Err(format!("cannot read {}: {error}", path.display())),
            (Err(_), Some(_)) => {}
        }
    }
    if let Some(token) = &user.token {
        return Ok(Some(bearer(token.expose_secret())));
    }
    Ok(user.basic.as_ref().map(|(name, password)| {
        let pair = STANDARD.encode(format!("{name}:{}", password.expose_secret()));
        format!("Basic {pair}").into()
    }))
}

fn bearer(token: &str) -> SecretString {
    format!("Bearer {}", token.trim()).into()
}

fn pem(of: &Pem) -> Result<SecretString, String> {
    match of {
        Pem::Text(text) => Ok(text.clone()),
        Pem::File(path) => match std::fs::read_to_string(path) {
            Ok(text) => Ok(text.into()),
            Err(error) => Err(format!("cannot read {}: {error}", path.display())),
        },
    }
}

/// What a program for credentials is told of the cluster. Certificates are no secret.
fn told(cluster: &Cluster, authority: Option<&SecretString>) -> Value {
    let mut told = Map::new();
    told.insert("server".to_owned(), json!(cluster.server));
    if let Some(name) = &cluster.certificate_name {
        told.insert("tls-server-name".to_owned(), json!(name));
    }
    if let Some(authority) = authority {
        let data = STANDARD.encode(authority.expose_secret());
        told.insert("certificate-authority-data".to_owned(), json!(data));
    }
    Value::Object(told)
}

impl Target {
    /// Host and port.
    pub(super) fn address(&self) -> String {
        super::http::address(&self.host, self.port)
    }

    /// A connection that is not made yet. The program for credentials runs here.
    ///
    /// # Errors
    /// [`Error::Refused`] without credentials, [`Error::Configuration`] where they cannot be used.
    pub(super) async fn connection(mut self) -> Result<Connection, Error> {
        let address = self.address();
        if let Some((exec, cluster)) = self.exec.take() {
            let found = exec::run(&exec, cluster).await;
            let found = found.map_err(|reason| Error::Refused { address, reason })?;
            self.authorization = found.token.map(|token| bearer(token.expose_secret()));
            self.identity = found.identity.or(self.identity);
        }
        let headers = self.headers()?;
        let tls = if self.encrypted {
            let config = tls::config(self.authority.as_ref(), self.identity.as_ref()).map_err(unusable)?;
            let name = ServerName::try_from(self.certificate_name);
            let name = name.map_err(|_| unusable("the server's name can be in no certificate"))?;
            Some((Arc::new(config), name))
        } else {
            None
        };
        Connection::new(Server { host: self.host, port: self.port, base: self.base, tls }, headers)
            .map_err(unusable)
    }

    pub(super) fn headers(&self) -> Result<HeaderMap, Error> {
        let mut headers = HeaderMap::new();
        if let Some(authorization) = &self.authorization {
            let mut value = HeaderValue::from_str(authorization.expose_secret())
                .map_err(|_| unusable("the token or password has characters that it cannot have"))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        for (name, value) in &self.impersonation {
            let header = HeaderName::from_bytes(name.as_bytes()).ok().zip(HeaderValue::from_str(value).ok());
            let Some((name, value)) = header else {
                return Err(unusable("whom to impersonate (`as…`) has characters that it cannot have"));
            };
            headers.append(name, value);
        }
        Ok(headers)
    }
}

fn unusable(reason: impl Into<String>) -> Error {
    Error::Configuration { reason: reason.into() }
}
