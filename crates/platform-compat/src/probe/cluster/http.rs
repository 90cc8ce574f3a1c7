//! One connection to an API server, over which one question is asked after the other.

use std::sync::Arc;

use http_body_util::{BodyExt as _, Empty, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{ACCEPT, HOST, HeaderMap, HeaderValue, USER_AGENT};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

use super::list::Failure;

/// Where a server is.
#[derive(Debug, Clone)]
pub(super) struct Server {
    /// Without the brackets of an IPv6 address.
    pub(super) host: String,
    pub(super) port: u16,
    /// What stands before every path, without a slash at its end: some clusters share a host.
    pub(super) base: String,
    /// How the connection is protected, and the name that the server's certificate is for.
    pub(super) tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
}

/// Host and port as one text.
pub(super) fn address(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

/// A connection that is made when it is needed, and made anew when the server has closed it.
pub(super) struct Connection {
    server: Server,
    /// Sent with every question.
    headers: HeaderMap,
    open: Option<Open>,
}

struct Open {
    sender: SendRequest<Empty<Bytes>>,
    /// What moves the bytes; it ends with the connection.
    _mover: JoinSet<()>,
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

impl Connection {
    /// A connection that is not made yet; `headers` say who asks.
    pub(super) fn new(server: Server, mut headers: HeaderMap) -> Result<Self, String> {
        let host =
            HeaderValue::from_str(&address(&server.host, server.port)).map_err(|error| error.to_string())?;
        headers.insert(HOST, host);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(USER_AGENT, HeaderValue::from_static(concat!("infra/", env!("CARGO_PKG_VERSION"))));
        Ok(Self { server, headers, open: None })
    }

    /// Status and body of an answer of at most `most` bytes.
    pub(super) async fn get(&mut self, path: &str, most: usize) -> Result<(StatusCode, Bytes), Failure> {
        let answer = self.answer(path).await?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), most).collect().await.map_err(|error| {
            // The rest of the answer would be taken for the next one.
            self.open = None;
            if error.is::<LengthLimitError>() {
                return Failure::Nonsense(format!("it answers with more than {most} bytes"));
            }
            Failure::Lost(reason(&*error))
        })?;
        Ok((status, body.to_bytes()))
    }

    async fn answer(&mut self, path: &str) -> Result<Response<Incoming>, Failure> {
        let request = self.request(path)?;
        // A server may close what it has not heard of for a while; asking again changes nothing there.
        if let Some(open) = &mut self.open
            && open.sender.ready().await.is_ok()
            && let Ok(answer) = open.sender.send_request(request.clone()).await
        {
            return Ok(answer);
        }
        let open = self.open.insert(Open::to(&self.server).await?);
        open.sender.send_request(request).await.map_err(|error| Failure::Lost(reason(&error)))
    }

    fn request(&self, path: &str) -> Result<Request<Empty<Bytes>>, Failure> {
        let request = Request::get(format!("{}{path}", self.server.base)).body(Empty::new());
        let mut request = request.map_err(|error| Failure::Nonsense(error.to_string()))?;
        request.headers_mut().clone_from(&self.headers);
        Ok(request)
    }
}

impl Open {
    async fn to(server: &Server) -> Result<Self, Failure> {
        let lost = |error: std::io::Error| Failure::Lost(reason(&error));
        let socket = TcpStream::connect((&*server.host, server.port)).await.map_err(lost)?;
        let stream: Box<dyn Stream> = match &server.tls {
            Some((config, name)) => {
                let connector = TlsConnector::from(Arc::clone(config));
                Box::new(connector.connect(name.clone(), socket).await.map_err(lost)?)
            }
            None => Box::new(socket),
        };
        let (sender, connection) =
            handshake(TokioIo::new(stream)).await.map_err(|error| Failure::Lost(reason(&error)))?;
        let mut mover = JoinSet::new();
        mover.spawn(async move {
            // Who waits for an answer is told of it.
            let _ = connection.await;
        });
        Ok(Self { sender, _mover: mover })
    }
}

/// The innermost cause, which says what happened; those around it only say that something did.
fn reason(error: &(dyn std::error::Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
