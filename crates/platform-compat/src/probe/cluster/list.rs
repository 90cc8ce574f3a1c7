//! Requests to an API server, each answer bounded.

use http_body_util::{BodyExt, Limited};
use kube::client::Body;
use kube::core::Request;
use kube::core::params::ListParams;
use serde::de::DeserializeOwned;

use super::connect::reason;
use super::object::{List, Status};
use crate::probe::{Error, Unseen};

/// Objects that are asked for at once, as `kubectl` does.
const PAGE: u32 = 500;
/// Bytes of one list that are read: a namespace with tens of thousands of pods.
const MOST: usize = 256 << 20;
const UNAUTHORIZED: u16 = 401;
const GONE: u16 = 410;

/// Who asks.
pub(super) struct Client(kube::Client);

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
    pub(super) fn or_unseen(self, what: &'static str) -> Result<Unseen, Self> {
        match self {
            Self::Lost(_) | Self::Status(UNAUTHORIZED, _) => Err(self),
            Self::Status(code, message) => Ok(Unseen { what, reason: format!("{code} {message}") }),
            Self::Nonsense(reason) => Ok(Unseen { what, reason }),
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
    pub(super) fn new(client: kube::Client) -> Self {
        Self(client)
    }

    /// One object.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        let bytes = self.ask(path, None, &mut MOST.clone()).await?;
        parse(&bytes)
    }

    /// Everything in a list, however many answers that takes.
    pub(super) async fn list<T: DeserializeOwned>(&self, path: &str) -> Result<Vec<T>, Failure> {
        let first = ListParams::default().limit(PAGE);
        match self.pages(path, first).await {
            // The rest of a list is kept for some minutes only. Without parts there is nothing to be kept.
            Err(Failure::Status(GONE, _)) => self.pages(path, ListParams::default()).await,
            result => result,
        }
    }

    async fn pages<T: DeserializeOwned>(
        &self,
        path: &str,
        mut parameters: ListParams,
    ) -> Result<Vec<T>, Failure> {
        let (mut items, mut left) = (Vec::new(), MOST);
        loop {
            let bytes = self.ask(path, Some(&parameters), &mut left).await?;
            let list: List<T> = parse(&bytes)?;
            if !list.kind.ends_with("List") {
                return Err(Failure::Nonsense(format!("it answers with `{}` instead of a list", list.kind)));
            }
            items.extend(list.items.into_iter().flatten());
            let rest = list.metadata.rest;
            if rest.is_empty() {
                return Ok(items);
            }
            if parameters.continue_token.as_ref() == Some(&rest) {
                return Err(Failure::Nonsense("its list does not come to an end".to_owned()));
            }
            parameters.continue_token = Some(rest);
        }
    }

    /// The bytes of an answer; those read count against `left`.
    async fn ask(
        &self,
        path: &str,
        parameters: Option<&ListParams>,
        left: &mut usize,
    ) -> Result<Vec<u8>, Failure> {
        let request = match parameters {
            Some(parameters) => Request::new(path).list(parameters),
            None => Request::new(path).list(&ListParams::default()),
        };
        let request = request.map_err(|error| Failure::Nonsense(error.to_string()))?;
        let answer =
            self.0.send(request.map(Body::from)).await.map_err(|error| Failure::Lost(reason(&error)))?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), *left).collect().await;
        let bytes = body.map_err(|error| Failure::Lost(reason(&*error)))?.to_bytes();
        *left -= bytes.len();
        if status.is_success() {
            return Ok(bytes.to_vec());
        }
        let said = serde_json::from_slice::<Status>(&bytes).unwrap_or_default().message;
        let message =
            if said.is_empty() { status.canonical_reason().unwrap_or_default().to_owned() } else { said };
        Err(Failure::Status(status.as_u16(), message))
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(bytes)
        .map_err(|error| Failure::Nonsense(format!("it does not answer as an API server does: {error}")))
}
