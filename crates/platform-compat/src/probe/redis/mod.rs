//! Redis and what speaks its protocol: `INFO`, `CONFIG GET` where it is allowed, and a sample of keys.

mod connect;
mod info;
mod sample;

use ::redis::aio::MultiplexedConnection;
use ::redis::{RedisError, cmd};

use super::{Error, Unseen};

pub use connect::RedisOptions;
pub use info::{Disk, Info, Product, Replication, Role};
pub use sample::Sample;

/// What a server said of itself.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Its figures and state.
    pub info: Info,
    /// When it saves a snapshot (`save`), empty for never; absent where `CONFIG GET` is not allowed.
    pub save: Option<String>,
    /// Keys of the connection's database, absent where they may not be listed.
    pub sample: Option<Sample>,
    /// What it did not tell.
    pub unseen: Vec<Unseen>,
}

/// Asks a server for its facts.
///
/// # Errors
/// [`Error::Unreachable`] also when all of it takes longer than [`RedisOptions::timeout`]; [`Error::Refused`] when it does not let us in or
/// does not even answer `INFO`.
pub async fn observe(options: &RedisOptions) -> Result<Facts, Error> {
    let late = |_| options.unreachable(format!("no answer within {} s", options.timeout.as_secs_f64()));
    tokio::time::timeout(options.timeout, ask(options)).await.map_err(late)?
}

async fn ask(options: &RedisOptions) -> Result<Facts, Error> {
    let mut connection = options.connect().await?;
    let text: String =
        cmd("INFO").query_async(&mut connection).await.map_err(|error| options.failed(&error))?;
    let mut facts = Facts { info: Info::parse(&text), ..Facts::default() };
    match setting(&mut connection, "save").await {
        Ok(Some(save)) => facts.save = Some(save),
        Ok(None) => facts.unseen.push(Unseen {
            what: "when it saves snapshots".into(),
            reason: "`CONFIG GET save` tells nothing".to_owned(),
        }),
        Err(error) => facts.unseen.push(unseen("when it saves snapshots", "CONFIG GET", &error)),
    }
    match sample::take(&mut connection).await {
        Ok(sample) => facts.sample = Some(sample),
        Err((command, error)) => {
            facts.unseen.push(unseen("which keys never expire", command, &error));
        }
    }
    Ok(facts)
}

/// One setting. Services that keep their configuration to themselves answer with an error or with nothing.
async fn setting(connection: &mut MultiplexedConnection, name: &str) -> Result<Option<String>, RedisError> {
    let pair: Vec<String> = cmd("CONFIG").arg("GET").arg(name).query_async(connection).await?;
    Ok(pair.into_iter().nth(1))
}

fn unseen(what: &'static str, command: &str, error: &RedisError) -> Unseen {
    Unseen { what: what.into(), reason: format!("{command}: {}", connect::reason(error)) }
}
