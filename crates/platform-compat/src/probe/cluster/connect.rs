//! Which cluster is meant and who we are to it: by kubeconfig, or as the service account of the pod we are in.

use std::path::Path;

use kube::client::AuthError;
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config};

use super::ClusterOptions;
use crate::probe::Error;

/// Set in every pod of a cluster.
const IN_CLUSTER: &str = "KUBERNETES_SERVICE_HOST";

/// The address and credentials of a cluster.
pub(super) async fn configuration(options: &ClusterOptions) -> Result<Config, Error> {
    let mut configuration = match kubeconfig(options.kubeconfig.as_deref()) {
        Ok(kubeconfig) => from_kubeconfig(kubeconfig, options.context.as_deref()).await?,
        Err(error) => {
            // A pod has no kubeconfig; whoever names one or a context of one does not mean the pod's account.
            let named = options.context.is_some() || options.kubeconfig.is_some();
            if named || std::env::var_os("KUBECONFIG").is_some() || std::env::var_os(IN_CLUSTER).is_none() {
                return Err(error);
            }
            Config::incluster().map_err(|error| unusable(format!("the service account: {error}")))?
        }
    };
    if configuration.accept_invalid_certs {
        return Err(unusable(
            "certificates are always verified: replace `insecure-skip-tls-verify` by the cluster's `certificate-authority`",
        ));
    }
    let host = configuration.cluster_url.host().unwrap_or_default();
    let local = host == "localhost"
        || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|host| host.is_loopback());
    if configuration.cluster_url.scheme_str() != Some("https") && !local {
        return Err(unusable("`server` of the cluster does not begin with `https://`"));
    }
    // A server that is overloaded is told of, instead of being asked until the time is up.
    configuration.default_retry = false;
    configuration.connect_timeout = Some(options.timeout);
    configuration.read_timeout = Some(options.timeout);
    configuration.write_timeout = Some(options.timeout);
    Ok(configuration)
}

fn kubeconfig(path: Option<&Path>) -> Result<Kubeconfig, Error> {
    path.map_or_else(Kubeconfig::read, Kubeconfig::read_from).map_err(|error| unreadable(&error))
}

async fn from_kubeconfig(kubeconfig: Kubeconfig, context: Option<&str>) -> Result<Config, Error> {
    let wanted = context.or(kubeconfig.current_context.as_deref());
    let Some(wanted) = wanted.map(str::to_owned) else {
        return Err(unusable("it has no `current-context`: name one"));
    };
    let Some(named) = kubeconfig.contexts.iter().find(|named| named.name == wanted) else {
        let known: Vec<String> =
            kubeconfig.contexts.iter().map(|named| format!("`{}`", named.name)).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        return Err(unusable(format!("it has no context `{wanted}`, only {known}")));
    };
    let cluster = named.context.as_ref().map(|context| context.cluster.as_str()).unwrap_or_default();
    let Some(cluster) = kubeconfig.clusters.iter().find(|named| named.name == cluster) else {
        return Err(unusable(format!("it has no cluster `{cluster}`, which its context `{wanted}` names")));
    };
    let proxy = cluster.cluster.as_ref().and_then(|cluster| cluster.proxy_url.clone());
    if proxy.is_some_and(|proxy| !proxy.is_empty()) {
        return Err(unusable("`proxy-url` of the cluster is not understood: ask from where none is needed"));
    }
    let options = KubeConfigOptions { context: Some(wanted), ..KubeConfigOptions::default() };
    let loaded = Config::from_custom_kubeconfig(kubeconfig, &options).await;
    let mut configuration = loaded.map_err(|error| unreadable(&error))?;
    // What kube takes from `HTTPS_PROXY` it can only refuse, and not every cluster is behind that proxy.
    configuration.proxy_url = None;
    Ok(configuration)
}

/// Host and port.
pub(super) fn address(configuration: &Config) -> String {
    let url = &configuration.cluster_url;
    let port = url.port_u16().unwrap_or(if url.scheme_str() == Some("http") { 80 } else { 443 });
    format!("{}:{port}", url.host().unwrap_or_default())
}

/// A client. A kubeconfig may name a program that gives the credentials; it runs on a thread of its own, so that waiting for it
/// can end.
pub(super) async fn client(configuration: Config, address: &str) -> Result<Client, Error> {
    let here = tokio::runtime::Handle::current();
    let (sender, receiver) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let _here = here.enter();
        // Nobody waits any more after the time-out.
        let _ = sender.send(Client::try_from(configuration));
    });
    let refused = |reason| Error::Refused { address: address.to_owned(), reason };
    match receiver.await {
        Ok(Ok(client)) => Ok(client),
        Ok(Err(kube::Error::Auth(error))) => Err(refused(credentials(&error))),
        Ok(Err(error)) => Err(unusable(reason(&error))),
        Err(_) => Err(refused("the credentials could not be had".to_owned())),
    }
}

/// Why there are no credentials, without what a program has printed: that may be a token.
fn credentials(error: &AuthError) -> String {
    match error {
        AuthError::AuthExecStart(error) => {
            format!("the kubeconfig's program for credentials cannot be run: {error}")
        }
        AuthError::AuthExecRun { cmd, out } => {
            let program = cmd.split_whitespace().next().unwrap_or_default().trim_matches('"').to_owned();
            format!("the kubeconfig's program for credentials, {program}, ended with {}", out.status)
        }
        AuthError::AuthExecParse(_) | AuthError::ExecPluginFailed => {
            "the kubeconfig's program for credentials printed none".to_owned()
        }
        AuthError::ReadTokenFile(error, path) => {
            format!("cannot read the token in {}: {error}", path.display())
        }
        AuthError::InvalidBearerToken(_) | AuthError::InvalidBasicAuth(_) => {
            "the kubeconfig's token or password has characters that it cannot have".to_owned()
        }
        AuthError::MissingCommand => "the kubeconfig names no `command` for credentials".to_owned(),
        _ => "the kubeconfig's way to log in is not understood".to_owned(),
    }
}

/// Why a kubeconfig cannot be used. Where it does not parse, its text is not quoted: it holds secrets.
fn unreadable(error: &KubeconfigError) -> Error {
    match error {
        KubeconfigError::Parse(error) => {
            let line =
                error.location().map(|place| format!(" at line {}, column {}", place.line(), place.column()));
            unusable(format!("it is no YAML of a kubeconfig{}", line.unwrap_or_default()))
        }
        KubeconfigError::ReadConfig(error, path) => {
            unusable(format!("cannot read {}: {error}", path.display()))
        }
        error => unusable(error.to_string()),
    }
}

fn unusable(reason: impl Into<String>) -> Error {
    Error::Configuration { reason: reason.into() }
}

/// The innermost cause, which says what happened; those around it only say that something did.
pub(super) fn reason(error: &(dyn std::error::Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
