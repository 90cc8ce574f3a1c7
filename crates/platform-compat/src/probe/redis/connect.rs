//! Where a Redis server is and who we are to it.

use std::fmt;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, ErrorKind, IntoConnectionInfo, RedisError,
    ServerErrorKind, TlsCertificates,
};
use secrecy::{ExposeSecret, SecretString};

use super::super::Error;

/// How to reach a server. `Debug` does not show the password.
#[derive(Clone)]
pub struct RedisOptions {
    info: ConnectionInfo,
    /// Certificates (PEM) of the one authority that signs the server's; absent: those that everybody trusts.
    pub authority: Option<Vec<u8>>,
    /// How long connecting and asking may take altogether.
    pub timeout: Duration,
    /// Whether the URL held a password, where others can see it.
    pub password_in_url: bool,
}

impl fmt::Debug for RedisOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisOptions")
            .field("address", &self.address())
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl RedisOptions {
    /// Reads `redis://[USER@]HOST[:PORT][/DATABASE]`, `rediss://…` for TLS, or `redis+unix:///PATH`.
    ///
    /// # Errors
    /// [`Error::Url`], which never quotes the URL.
    pub fn parse(url: &str) -> Result<Self, Error> {
        let invalid = |reason: &str| Error::Url { reason: reason.to_owned() };
        if !["redis://", "rediss://", "redis+unix://"].iter().any(|scheme| url.starts_with(scheme)) {
            return Err(invalid("it begins with neither `redis://` nor `rediss://`"));
        }
        let info = url.into_connection_info().map_err(|error| invalid(&reason(&error)))?;
        if matches!(info.addr(), ConnectionAddr::TcpTls { insecure: true, .. }) {
            return Err(invalid("certificates are always verified: leave `#insecure` out"));
        }
        let settings = info.redis_settings().clone().set_skip_set_lib_name();
        let password_in_url = settings.password().is_some();
        Ok(Self {
            info: info.set_redis_settings(settings),
            authority: None,
            timeout: Duration::from_secs(10),
            password_in_url,
        })
    }

    /// Logs in with a password from elsewhere.
    pub fn set_password(&mut self, password: &SecretString) {
        let settings = self.info.redis_settings().clone().set_password(password.expose_secret());
        self.info = self.info.clone().set_redis_settings(settings);
    }

    /// Host and port, or the path of the socket.
    pub fn address(&self) -> String {
        self.info.addr().to_string()
    }

    /// Whether a password would leave this machine in the clear.
    pub fn exposes_password(&self) -> bool {
        let ConnectionAddr::Tcp(host, _) = self.info.addr() else { return false };
        let loopback = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
        let is_local = host == "localhost" || loopback.is_ok_and(|address| address.is_loopback());
        !is_local && self.info.redis_settings().password().is_some()
    }

    pub(super) async fn connect(&self) -> Result<MultiplexedConnection, Error> {
        let client = match &self.authority {
            Some(pem) if matches!(self.info.addr(), ConnectionAddr::TcpTls { .. }) => {
                let certificates = TlsCertificates { client_tls: None, root_cert: Some(pem.clone()) };
                Client::build_with_tls(self.info.clone(), certificates)
            }
            _ => Client::open(self.info.clone()),
        };
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.timeout))
            .set_response_timeout(Some(self.timeout));
        let client = client.map_err(|error| Error::Url { reason: reason(&error) })?;
        client
            .get_multiplexed_async_connection_with_config(&config)
            .await
            .map_err(|error| self.failed(&error))
    }

    /// Says whether nobody answered or somebody refused.
    pub(super) fn failed(&self, error: &RedisError) -> Error {
        let refused = error.code().is_some()
            || matches!(error.kind(), ErrorKind::AuthenticationFailed | ErrorKind::Server(_));
        if refused && error.kind() != ErrorKind::Server(ServerErrorKind::BusyLoading) {
            return Error::Refused { address: self.address(), reason: reason(error) };
        }
        self.unreachable(reason(error))
    }

    pub(super) fn unreachable(&self, reason: String) -> Error {
        Error::Unreachable { address: self.address(), reason }
    }
}

/// What the other side said, in its words where it said any.
pub(super) fn reason(error: &RedisError) -> String {
    match (error.code(), error.detail()) {
        (Some(code), Some(detail)) => format!("{code} {detail}"),
        (None, Some(detail)) if error.kind() == ErrorKind::AuthenticationFailed => detail.to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_and_secrets_are_not_shown() {
        let mut options = RedisOptions::parse("redis://probe:s3cret@cache.example:6380/2").unwrap();
        assert_eq!(options.address(), "cache.example:6380");
        assert!(options.password_in_url && options.exposes_password());
        assert!(!format!("{options:?}").contains("s3cret"));
        options = RedisOptions::parse("rediss://cache.example").unwrap();
        options.set_password(&"s3cret".to_owned().into());
        assert!(!options.password_in_url && !options.exposes_password());
        options = RedisOptions::parse("redis://probe@127.0.0.1").unwrap();
        options.set_password(&"s3cret".to_owned().into());
        assert!(!options.exposes_password(), "it does not leave the machine");
    }

    #[test]
    fn what_cannot_be_read_is_refused_without_quoting_it() {
        for url in [
            "http://u:s3cret@h",
            "redis://u:s3cret@h:port",
            "redis://u:s3cret@h/db",
            "rediss://u:s3cret@h/#insecure",
            "mysql://u:s3cret@h/d",
        ] {
            let error = RedisOptions::parse(url).unwrap_err().to_string();
            assert!(!error.contains("s3cret"), "{error}");
        }
    }
}
