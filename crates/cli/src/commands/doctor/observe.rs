//! Asks all servers side by side, each within its time.

use std::time::Duration;

use migrate_core::history::HistoryStore as _;
use migrate_core::info::{InfoOptions, info};
use migrate_core::mysql::{ConnectOptions, MySqlDatabase, connect};
use platform_compat::ComponentId;
use platform_compat::probe::judge::{Holds, Protocol};
use platform_compat::probe::{Error, Unseen, cluster, mysql, redis};
use tokio::task::{JoinSet, LocalSet};

use super::clusters::Cluster;
use super::servers::{Options, Server};
use crate::commands::migrate::database::block_on;
use crate::failure::Failure;

/// A server that was asked.
#[derive(Debug)]
pub(crate) struct Observed {
    pub(crate) environment: String,
    pub(crate) address: String,
    pub(crate) protocol: Protocol,
    pub(crate) component: Option<ComponentId>,
    pub(crate) holds: Option<Holds>,
    pub(crate) seen: Result<Seen, Error>,
}

/// What it said.
#[derive(Debug)]
pub(crate) enum Seen {
    MySql(Box<mysql::Facts>),
    Redis(Box<redis::Facts>),
}

/// A cluster that was asked.
#[derive(Debug)]
pub(crate) struct ObservedCluster {
    pub(crate) environment: String,
    pub(crate) seen: Result<cluster::Facts, Error>,
}

/// Asks them all at once; the answers are in the order of the servers and of the clusters.
pub(super) fn all(
    servers: Vec<Server>,
    clusters: Vec<Cluster>,
    limit: Duration,
) -> Result<(Vec<Observed>, Vec<ObservedCluster>), Failure> {
    let asking = async {
        let look = |Cluster { environment, options }| async move {
            ObservedCluster { environment, seen: cluster::observe(&options).await }
        };
        let clusters = begin(clusters.into_iter().map(look));
        let servers = begin(servers.into_iter().map(|server| ask(server, limit)));
        Ok((in_order(servers).await, in_order(clusters).await))
    };
    block_on(LocalSet::new().run_until(asking))
}

/// Answers with the numbers of their questions.
type Answers<T> = JoinSet<(usize, T)>;

/// Asks all questions, and waits for none.
fn begin<T: 'static>(questions: impl Iterator<Item = impl Future<Output = T> + 'static>) -> Answers<T> {
    let mut asked = JoinSet::new();
    for (number, question) in questions.enumerate() {
        asked.spawn_local(async move { (number, question.await) });
    }
    asked
}

async fn in_order<T: 'static>(asked: Answers<T>) -> Vec<T> {
    let mut answers = asked.join_all().await;
    answers.sort_by_key(|(number, _)| *number);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

async fn ask(server: Server, limit: Duration) -> Observed {
    let (address, protocol) = (server.address(), server.protocol());
    let Server { environment, component, holds, options } = server;
    let seen = match options {
        Options::Redis(options) => redis::observe(&options).await.map(|facts| Seen::Redis(Box::new(facts))),
        Options::MySql(options) => match tokio::time::timeout(limit, ask_mysql(&options, limit)).await {
            Ok(facts) => facts.map(|facts| Seen::MySql(Box::new(facts))),
            Err(_) => Err(Error::Unreachable {
                address: address.clone(),
                reason: format!("no answer within {} s", limit.as_secs_f64()),
            }),
        },
    };
    Observed { environment, address, protocol, component, holds, seen }
}

async fn ask_mysql(options: &ConnectOptions, limit: Duration) -> Result<mysql::Facts, Error> {
    let lost = |reason| Error::Unreachable { address: options.address(), reason };
    if options.database.is_none() {
        let (mut conn, _) = connect(options).await.map_err(|error| failed(options, error))?;
        let mut facts = mysql::observe(&mut conn, limit).await.map_err(lost)?;
        facts.unseen.push(level_unseen("the URL names no database".to_owned()));
        // Whoever has the facts does not mind how the server takes leave.
        let _ = conn.disconnect().await;
        return Ok(facts);
    }
    let mut database = MySqlDatabase::open(options, None).await.map_err(|error| failed(options, error))?;
    let mut facts = mysql::observe(database.connection(), limit).await.map_err(lost)?;
    match database.rows(-1).await {
        Ok(rows) => {
            let rows = rows.unwrap_or_default();
            let level = info(&[], &rows, &InfoOptions::default()).current().map(ToString::to_string);
            // Before the first migration every need is unmet.
            facts.level = Some(level.unwrap_or_else(|| "0".to_owned()));
        }
        Err(error) => facts.unseen.push(level_unseen(reason(&error))),
    }
    let _ = database.close().await;
    Ok(facts)
}

fn level_unseen(reason: String) -> Unseen {
    Unseen { what: "which migrations are applied".into(), reason }
}

fn failed(options: &ConnectOptions, error: migrate_core::Error) -> Error {
    let address = options.address();
    match error {
        migrate_core::Error::Unreachable { address, reason } => Error::Unreachable { address, reason },
        migrate_core::Error::Refused { address, message, .. } => Error::Refused { address, reason: message },
        other => Error::Unreachable { address, reason: reason(&other) },
    }
}

fn reason(error: &migrate_core::Error) -> String {
    match error {
        migrate_core::Error::Server { message, .. } => message.clone(),
        migrate_core::Error::Tls { reason, .. } => format!("TLS: {reason}"),
        other => other.to_string(),
    }
}
