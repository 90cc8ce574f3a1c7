//! Schemas of its own on a server, in which scripts are tried and which are dropped again.

use std::collections::HashSet;
use std::sync::Arc;

use migrate_core::database::Database as _;
use migrate_core::history::quoted;
use migrate_core::mysql::{ConnectOptions, MySqlDatabase, SessionOptions};
use migrate_core::script::{SplitOptions, split};

use super::{Live, Shown, empty, shown};
use crate::error::Error;
use crate::finding::Finding;
use crate::place::{Place, Source, Span};
use crate::verify::refused::Refused;

const ACTION: &str = "make a scratch schema";

/// The scratch schemas of one run.
#[derive(Debug)]
pub struct Scratch {
    options: ConnectOptions,
    /// What their names begin with.
    prefix: String,
    /// Those that were made, with the connection that works in each.
    made: Vec<(String, u64)>,
}

/// What a scratch schema came to.
#[derive(Debug)]
pub struct Tried {
    /// The schema, and what of it was not understood.
    pub live: Live,
    /// What the server shows of each object.
    pub shown: Vec<Shown>,
    /// Objects of kinds that a schema directory has no place for.
    pub not_read: Vec<Finding>,
}

impl Scratch {
    /// Nothing is made yet. `tag` tells this run from all others.
    pub fn new(options: ConnectOptions, tag: &str) -> Self {
        Self { options, prefix: format!("infra_verify_{tag}"), made: Vec::new() }
    }

    /// The names in lower case of the schemas that the account sees on the server.
    ///
    /// # Errors
    /// When the server cannot be reached or does not answer.
    pub async fn schemas(&self) -> Result<(HashSet<String>, crate::dialect::Dialect), Error> {
        let mut database = self.connect("information_schema").await?;
        let rows = database.texts(ACTION, "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA").await?;
        let dialect = database.server().into();
        database.close().await?;
        Ok((rows.into_iter().flatten().flatten().map(|name| name.to_lowercase()).collect(), dialect))
    }

    /// Makes a schema, runs the scripts in it one after the other, each in a session of its own, and reads what they came to.
    /// `stop` is asked before each statement; `None` says that it said yes.
    ///
    /// # Errors
    /// When the server cannot be asked. What it refuses of the scripts is the inner error.
    pub async fn try_scripts(
        &mut self,
        scripts: &[Arc<Source>],
        stop: &dyn Fn() -> bool,
    ) -> Result<Option<Result<Tried, Box<Refused>>>, Error> {
        let name = format!("{}_{}", self.prefix, self.made.len());
        let mut database = self.connect(&name).await?;
        // It must be new: what is there already belongs to somebody else.
        let _ = database
            .texts(ACTION, &format!("CREATE DATABASE {} CHARACTER SET utf8mb4", quoted(&name)))
            .await?;
        self.made.push((name.clone(), database.connection_id()));
        let _ = database.texts(ACTION, &format!("USE {}", quoted(&name))).await?;
        for source in scripts {
            let text: &str = source.inner();
            let (statements, _) = split(text, &SplitOptions::default());
            for statement in &statements {
                if stop() {
                    return Ok(None);
                }
                if let Err(failure) = database.execute(statement.text(text)).await {
                    let span = Span { start: statement.start, end: statement.range.end };
                    let place = Place::new(source, span);
                    return Ok(Some(Err(Box::new(Refused::new(&failure, &place)))));
                }
            }
            database.commit().await?;
            database.reset().await?;
        }
        let catalogue = empty(&mut database).await?;
        let (shown, not_read) = shown(&mut database, &|_, _| true).await?;
        let live = Live::of(catalogue, &shown);
        database.close().await?;
        Ok(Some(Ok(Tried { live, shown, not_read })))
    }

    /// Drops every schema that was made, and ends what still works in one.
    ///
    /// # Errors
    /// When the server does not let go of one; it is named.
    pub async fn drop_all(&mut self) -> Result<(), Error> {
        if self.made.is_empty() {
            return Ok(());
        }
        let mut database = self.connect("information_schema").await?;
        while let Some((name, connection)) = self.made.last() {
            // Of a connection that has ended the server knows nothing any more.
            let _ = database.texts(ACTION, &format!("KILL {connection}")).await;
            let drop = format!("DROP DATABASE IF EXISTS {}", quoted(name));
            let _ = database.texts("drop a scratch schema", &drop).await?;
            self.made.pop();
        }
        Ok(database.close().await?)
    }

    async fn connect(&self, schema: &str) -> Result<MySqlDatabase, Error> {
        let options = ConnectOptions { database: None, ..self.options.clone() };
        let session = SessionOptions { schemas: vec![schema.to_owned()], ..SessionOptions::default() };
        Ok(MySqlDatabase::open_with(&options, &session).await?)
    }
}
