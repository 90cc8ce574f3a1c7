//! How to reach a server: read from URLs, shown without secrets.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use crate::error::Error;

/// Encryption of the connection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Tls {
    /// Verified, except to this machine and over a socket, where there is none.
    #[default]
    Automatic,
    /// None.
    Off,
    /// Verified wherever the server is.
    Verify,
}

/// Where a server is and who we are to it. Neither `Debug` nor `Display` shows the password.
#[derive(Debug, Clone)]
pub struct ConnectOptions {
    /// Host name or address.
    pub host: String,
    /// Port, 3306 by default.
    pub port: u16,
    /// Path of a local socket, which is used instead of host and port.
    pub socket: Option<PathBuf>,
    /// Account; absent: what the server takes for nobody.
    pub user: Option<String>,
    /// Its password.
    pub password: Option<SecretString>,
    /// The database, which is the schema that is migrated.
    pub database: Option<String>,
    /// Encryption.
    pub tls: Tls,
    /// A file with the certificates of the authority that signs the server's.
    pub tls_ca: Option<PathBuf>,
    /// The name that the server's certificate is for; absent: the host's.
    pub tls_name: Option<String>,
    /// How long to try.
    pub connect_timeout: Duration,
    /// How often a server that cannot be reached, or has no connection left, is tried again: after 1, 2, 4, … seconds.
    pub retries: u32,
    /// The longest time between two tries.
    pub longest_retry_interval: Duration,
    /// Whether the URL held a password, where others can see it.
    pub password_in_url: bool,
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self {
            host: "localhost".to_owned(),
            port: 3306,
            socket: None,
            user: None,
            password: None,
            database: None,
            tls: Tls::Automatic,
            tls_ca: None,
            tls_name: None,
            connect_timeout: Duration::from_secs(10),
            retries: 0,
            longest_retry_interval: Duration::from_mins(2),
            password_in_url: false,
        }
    }
}

/// Parameters of Java drivers that change nothing here.
const WITHOUT_EFFECT: [&str; 18] = [
    "allowMultiQueries",
    "allowPublicKeyRetrieval",
    "autoReconnect",
    "cachePrepStmts",
    "characterEncoding",
    "connectionTimeZone",
    "disableMariaDbDriver",
    "nullCatalogMeansCurrent",
    "permitMysqlScheme",
    "rewriteBatchedStatements",
    "serverTimezone",
    "tcpKeepAlive",
    "useInformationSchema",
    "useLegacyDatetimeCode",
    "usePipelineAuth",
    "useServerPrepStmts",
    "useUnicode",
    "zeroDateTimeBehavior",
];

impl ConnectOptions {
    /// Reads `mysql://user[:password]@host:port/database?parameters`, `mariadb://…`, and both after `jdbc:`.
    ///
    /// Parameters: `socket`, `user`, `password`, `tls` (`off`, `verify`), `tls-ca`, `tls-name`, `connect-timeout` in seconds, and of the
    /// Java drivers `useSSL`, `sslMode`, `serverSslCert` and `connectTimeout` in milliseconds. Others are refused, unless they
    /// mean nothing outside Java. A mode that verifies less than the certificate's name verifies that, too.
    ///
    /// # Errors
    /// [`Error::Url`], which never quotes a secret.
    pub fn parse(url: &str) -> Result<Self, Error> {
        let plain = url.strip_prefix("jdbc:").unwrap_or(url);
        let rest = ["mysql://", "mariadb://"].iter().find_map(|scheme| plain.strip_prefix(scheme));
        let rest = rest.ok_or_else(|| invalid("it begins with neither `mysql://` nor `jdbc:mysql://`"))?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (account, address) = match authority.rsplit_once('@') {
            Some((account, address)) => (Some(account), address),
            None => (None, authority),
        };
        let mut options = Self::default();
        options.read_address(address)?;
        if let Some(account) = account {
            let (user, password) =
                account.split_once(':').map_or((account, None), |(user, pass)| (user, Some(pass)));
            options.user = Some(decode(user)?).filter(|user| !user.is_empty());
            if let Some(password) = password {
                options.set_password_of_url(decode(password)?);
            }
        }
        options.database = Some(decode(database)?).filter(|database| !database.is_empty());
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            let (key, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            options.read_parameter(key, decode(value)?)?;
        }
        Ok(options)
    }

    fn read_address(&mut self, address: &str) -> Result<(), Error> {
        let (host, port) = match address.strip_prefix('[') {
            Some(rest) => {
                let (host, rest) = rest.split_once(']').ok_or_else(|| invalid("`[` is not closed"))?;
                (host, rest.strip_prefix(':'))
            }
            None => address.split_once(':').map_or((address, None), |(host, port)| (host, Some(port))),
        };
        if host.contains(',') {
            return Err(invalid("it names more than one host"));
        }
        if !host.is_empty() {
            self.host = decode(host)?;
        }
        if let Some(port) = port {
            self.port = port.parse().map_err(|_| invalid("the port is not a number below 65536"))?;
        }
        Ok(())
    }

    fn read_parameter(&mut self, key: &str, value: String) -> Result<(), Error> {
        let seconds =
            |text: &str| text.parse::<u64>().map_err(|_| invalid(&format!("`{key}` is not a number")));
        match key {
            "socket" | "localSocket" => self.socket = Some(value.into()),
            "user" => self.user = Some(value),
            "password" => self.set_password_of_url(value),
            "tls-ca" | "serverSslCert" => self.tls_ca = Some(value.into()),
            "tls-name" => self.tls_name = Some(value),
            "connect-timeout" => self.connect_timeout = Duration::from_secs(seconds(&value)?),
            "connectTimeout" => self.connect_timeout = Duration::from_millis(seconds(&value)?),
            "tls" | "sslMode" | "useSSL" | "useSsl" => {
                self.tls = match value.to_ascii_lowercase().as_str() {
                    "off" | "disable" | "disabled" | "false" => Tls::Off,
                    "verify" | "verify-full" | "verify_identity" | "verify-ca" | "verify_ca" | "true"
                    | "required" => Tls::Verify,
                    "preferred" => Tls::Automatic,
                    _ => return Err(invalid(&format!("`{key}` must be `off` or `verify`"))),
                }
            }
            _ if WITHOUT_EFFECT.contains(&key) => {}
            _ => return Err(invalid(&format!("parameter `{key}` is not known"))),
        }
        Ok(())
    }

    fn set_password_of_url(&mut self, password: String) {
        self.password = Some(password.into());
        self.password_in_url = true;
    }

    /// Whether the server is reached without leaving this machine.
    pub fn is_local(&self) -> bool {
        let loopback = self.host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
        self.socket.is_some() || loopback || self.host.eq_ignore_ascii_case("localhost")
    }

    /// Whether the connection will be encrypted.
    pub fn is_encrypted(&self) -> bool {
        match self.tls {
            Tls::Off => false,
            Tls::Verify => self.socket.is_none(),
            Tls::Automatic => !self.is_local(),
        }
    }

    /// Host and port, or the path of the socket.
    pub fn address(&self) -> String {
        match &self.socket {
            Some(path) => path.display().to_string(),
            None if self.host.contains(':') => format!("[{}]:{}", self.host, self.port),
            None => format!("{}:{}", self.host, self.port),
        }
    }
}

impl fmt::Display for ConnectOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user = self.user.as_deref().map(|user| format!("{user}@")).unwrap_or_default();
        write!(formatter, "mysql://{user}{}/{}", self.address(), self.database.as_deref().unwrap_or_default())
    }
}

fn invalid(reason: &str) -> Error {
    Error::Url { reason: reason.to_owned() }
}

fn decode(text: &str) -> Result<String, Error> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || char::from(rest.next()?).to_digit(16);
        let value = digit().zip(digit()).and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
        bytes.push(value.ok_or_else(|| invalid("`%` is not followed by two hexadecimal digits"))?);
    }
    String::from_utf8(bytes).map_err(|_| invalid("a part of it is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use secrecy::ExposeSecret;

    #[test]
    fn a_full_url() {
        let options =
            ConnectOptions::parse("mysql://a%40b:p%3Aw0rd@db.example:3307/shop?tls=off&connect-timeout=3")
                .unwrap();
        assert_eq!((options.host.as_str(), options.port), ("db.example", 3307));
        assert_eq!((options.user.as_deref(), options.database.as_deref()), (Some("a@b"), Some("shop")));
        assert_eq!(options.password.as_ref().unwrap().expose_secret(), "p:w0rd");
        assert!(options.password_in_url && !options.is_encrypted());
        assert_eq!(options.connect_timeout, Duration::from_secs(3));
        assert_eq!(options.to_string(), "mysql://a@b@db.example:3307/shop");
        assert!(!format!("{options:?}").contains("w0rd"));
    }

    #[test]
    fn java_urls() {
        let url = "jdbc:mariadb://[::1]:3306/db?user=me&password=x&useSSL=false&serverTimezone=UTC&connectTimeout=500";
        let options = ConnectOptions::parse(url).unwrap();
        assert_eq!((options.address().as_str(), options.user.as_deref()), ("[::1]:3306", Some("me")));
        assert_eq!((options.tls, options.connect_timeout), (Tls::Off, Duration::from_millis(500)));
        assert!(ConnectOptions::parse("jdbc:mysql://h/d").is_ok());
    }

    #[test]
    fn connections_that_leave_the_machine_are_encrypted() {
        for (url, encrypted) in [
            ("mysql://db/x", true),
            ("mysql://127.0.0.1/x", false),
            ("mysql://localhost/x", false),
            ("mysql:///x?socket=/run/mysqld.sock", false),
            ("mysql://db/x?tls=off", false),
            ("mysql://127.0.0.1/x?tls=verify", true),
            ("mysql://db/x?sslMode=VERIFY_IDENTITY", true),
            ("mysql://localhost/x?sslMode=VERIFY_CA", true),
        ] {
            assert_eq!(ConnectOptions::parse(url).unwrap().is_encrypted(), encrypted, "{url}");
        }
    }

    #[test]
    fn defaults() {
        let options = ConnectOptions::parse("mysql://").unwrap();
        assert_eq!(
            (options.address().as_str(), options.user, options.database),
            ("localhost:3306", None, None)
        );
        assert!(!options.password_in_url);
    }

    #[test]
    fn what_is_wrong_is_said_without_secrets() {
        for url in [
            "postgres://u:secret@h/d",
            "mysql://u:secret@h:99999/d",
            "mysql://u:secret@a,b/d",
            "mysql://u:secret@h/d?nope=1",
            "mysql://u:secret%zz@h/d",
            "mysql://u:secret@[::1/d",
            "mysql://u:secret@h/d?tls=maybe",
            "mysql://u:secret%ff@h/d",
        ] {
            let error = ConnectOptions::parse(url).unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "(mysql://)?.{0,40}") {
            let _ = ConnectOptions::parse(&text);
        }
    }
}
