//! Requests to an API server, each answer bounded.

use std::borrow::Cow;

use hyper::body::Bytes;
use kube::core::params::ListParams;
use kube::core::response::Status;
use kube::core::{ApiResource, DynamicObject, Request, Resource as _};
use serde::de::DeserializeOwned;

use super::http::Connection;
use super::object::List;
use crate::probe::{Error, Unseen};

/// Objects that are asked for at once, as `kubectl` does.
const PAGE: u32 = 500;
/// Bytes of one list that are read: a namespace with tens of thousands of pods.
const MOST: usize = 256 << 20;
const UNAUTHORIZED: u16 = 401;
const GONE: u16 = 410;

/// Who asks.
pub(super) struct Client(Connection);

/// Why there is no answer to one question.
pub(super) enum Failure {
    /// The connection cannot be made or breaks.
    Lost(String),
    /// The server refuses this.
    Status(u16, String),
    /// It says something that is no answer.
    Nonsense(String),
}

impl Failure {
    /// What is not seen for it; the failure itself where nothing else could be seen either.
    pub(super) fn or_unseen(self, what: impl Into<Cow<'static, str>>) -> Result<Unseen, Self> {
        match self {
            Self::Lost(_) | Self::Status(UNAUTHORIZED, _) => Err(self),
            Self::Status(code, message) => {
                Ok(Unseen { what: what.into(), reason: format!("{code} {message}") })
            }
            Self::Nonsense(reason) => Ok(Unseen { what: what.into(), reason }),
        }
    }

    pub(super) fn into_error(self, address: &str) -> Error {
        let address = address.to_owned();
        match self {
            Self::Lost(reason) | Self::Nonsense(reason) => Error::Unreachable { address, reason },
            Self::Status(code, message) => Error::Refused { address, reason: format!("{code} {message}") },
        }
    }
}

impl Client {
    pub(super) fn new(connection: Connection) -> Self {
        Self(connection)
    }

    /// One object.
    pub(super) async fn get<T: DeserializeOwned>(&mut self, path: &str) -> Result<T, Failure> {
        parse(&self.ask(path, MOST).await?)
    }

    /// Everything of a kind, in one namespace or in none, however many answers that takes.
    pub(super) async fn list<T: DeserializeOwned>(
        &mut self,
        of: &ApiResource,
        namespace: Option<&str>,
    ) -> Result<Vec<T>, Failure> {
        let request = Request::new(DynamicObject::url_path(of, namespace));
        match self.pages(&request).await {
            // The rest of a list is kept for some minutes only. Without parts there is nothing to be kept.
            Err(Failure::Status(GONE, _)) => {
                let mut items = Vec::new();
                self.page(&request, &ListParams::default(), &mut items, MOST).await?;
                Ok(items)
            }
            result => result,
        }
    }

    async fn pages<T: DeserializeOwned>(&mut self, request: &Request) -> Result<Vec<T>, Failure> {
        let (mut items, mut left, mut rest) = (Vec::new(), MOST, String::new());
        loop {
            let mut wanted = ListParams::default().limit(PAGE);
            if !rest.is_empty() {
                wanted = wanted.continue_token(&rest);
            }
            let (read, further) = self.page(request, &wanted, &mut items, left).await?;
            if further.is_empty() {
                return Ok(items);
            }
            if further == rest {
                return Err(Failure::Nonsense("its list does not come to an end".to_owned()));
            }
            (left, rest) = (left - read, further);
        }
    }

    /// Adds the objects of one answer of at most so many bytes; gives its bytes, and what to ask for the rest with.
    async fn page<T: DeserializeOwned>(
        &mut self,
        request: &Request,
        wanted: &ListParams,
        items: &mut Vec<T>,
        most: usize,
    ) -> Result<(usize, String), Failure> {
        let request = request.list(wanted).map_err(|error| Failure::Nonsense(error.to_string()))?;
        let bytes = self.ask(&request.uri().to_string(), most).await?;
        let list: List<T> = parse(&bytes)?;
        if !list.kind.ends_with("List") {
            return Err(Failure::Nonsense(format!("it answers with `{}` instead of a list", list.kind)));
        }
        items.extend(list.items.into_iter().flatten());
        Ok((bytes.len(), list.metadata.rest))
    }

    async fn ask(&mut self, path: &str, most: usize) -> Result<Bytes, Failure> {
        let (status, bytes) = self.0.get(path, most).await?;
        if status.is_success() {
            return Ok(bytes);
        }
        let said = serde_json::from_slice::<Status>(&bytes).map(|status| status.message).unwrap_or_default();
        let message =
            if said.is_empty() { status.canonical_reason().unwrap_or_default().to_owned() } else { said };
        Err(Failure::Status(status.as_u16(), message))
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(bytes)
        .map_err(|error| Failure::Nonsense(format!("it does not answer as an API server does: {error}")))
}
