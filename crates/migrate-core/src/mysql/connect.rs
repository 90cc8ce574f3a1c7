//! Opens connections, and says why when it cannot.

use std::time::Duration;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, DriverError, Error as Driver, IoError, OptsBuilder, SslOpts};
use secrecy::ExposeSecret;

use super::options::ConnectOptions;
use crate::error::Error;
use crate::server::Server;

/// Opens a connection and asks the server what it is, as often as the options say.
///
/// # Errors
/// [`Error::Unreachable`], [`Error::Refused`] or [`Error::Tls`], those of the last try; none shows the password.
pub async fn connect(options: &ConnectOptions) -> Result<(Conn, Server), Error> {
    let mut interval = Duration::from_secs(1);
    for _ in 0..options.retries {
        match try_to_connect(options).await {
            Err(error) if may_pass(&error) => {}
            ended => return ended,
        }
        tokio::time::sleep(interval.min(options.longest_retry_interval)).await;
        interval = interval.saturating_mul(2);
    }
    try_to_connect(options).await
}

/// Whether another try may go better: the server is not up yet, or has too many connections.
fn may_pass(error: &Error) -> bool {
    const TOO_MANY_CONNECTIONS: u16 = 1040;
    const TOO_MANY_OF_THE_ACCOUNT: u16 = 1203;
    match error {
        Error::Unreachable { .. } => true,
        Error::Refused { code, .. } => [TOO_MANY_CONNECTIONS, TOO_MANY_OF_THE_ACCOUNT].contains(code),
        _ => false,
    }
}

async fn try_to_connect(options: &ConnectOptions) -> Result<(Conn, Server), Error> {
    let address = options.address();
    let unreachable = |reason: String| Error::Unreachable { address: address.clone(), reason };
    let opening = async {
        let mut conn = Conn::new(driver_options(options)).await?;
        let version: Option<String> = conn.query_first("SELECT VERSION()").await?;
        Ok::<_, Driver>((conn, Server::parse(&version.unwrap_or_default())))
    };
    match tokio::time::timeout(options.connect_timeout, opening).await {
        Ok(Ok(opened)) => Ok(opened),
        Ok(Err(error)) => Err(match error {
            Driver::Server(server) => {
                Error::Refused { address: address.clone(), code: server.code, message: server.message }
            }
            Driver::Io(IoError::Tls(error)) => {
                Error::Tls { address: address.clone(), reason: error.to_string() }
            }
            Driver::Driver(DriverError::NoClientSslFlagFromServer) => Error::Tls {
                address: address.clone(),
                reason: "the server does not offer encryption".to_owned(),
            },
            Driver::Io(IoError::Io(error))
                if options.is_encrypted() && error.kind() == std::io::ErrorKind::InvalidData =>
            {
                Error::Tls { address: address.clone(), reason: error.to_string() }
            }
            Driver::Io(IoError::Io(error)) => unreachable(error.to_string()),
            other => unreachable(other.to_string()),
        }),
        Err(_) => Err(unreachable(format!("no answer within {} s", options.connect_timeout.as_secs_f64()))),
    }
}

fn driver_options(options: &ConnectOptions) -> OptsBuilder {
    let tls = options.is_encrypted().then(|| {
        let ca = options.tls_ca.clone().map(|path| vec![path.into()]).unwrap_or_default();
        // Who names an authority means that one alone.
        SslOpts::default()
            .with_disable_built_in_roots(!ca.is_empty())
            .with_root_certs(ca)
            .with_danger_tls_hostname_override(options.tls_name.clone())
    });
    OptsBuilder::default()
        .ip_or_hostname(options.host.clone())
        .tcp_port(options.port)
        .socket(options.socket.as_ref().map(|path| path.to_string_lossy().into_owned()))
        .user(options.user.clone())
        .pass(options.password.as_ref().map(|password| password.expose_secret().to_owned()))
        .db_name(options.database.clone())
        .ssl_opts(tls)
        .prefer_socket(false)
        .tcp_nodelay(true)
        .stmt_cache_size(0)
        // As the server's own client does, also after the session was made new.
        .setup(vec!["SET NAMES utf8mb4"])
}
