//! The canaries of a fleet in parts: a part begins when those of the other parts have succeeded, too.

use std::time::{Duration, Instant};

use migrate_core::fleet::{Halt, Target};
use migrate_core::history::HistoryStore as _;
use migrate_core::mysql::{ConnectOptions, MySqlDatabase};
use migrate_core::plan::plan;

use super::problem::Problem;
use super::run::Shared;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::ui::{ODD, styled};

const INTERVAL: Duration = Duration::from_secs(1);

/// The canaries that other parts migrate, and how long to wait for them.
pub(super) struct Others {
    pub(super) canaries: Vec<Target<ConnectOptions>>,
    pub(super) timeout: Duration,
}

/// Looks at the canaries of other parts until nothing is pending in any. Gives what keeps this part from beginning.
pub(super) async fn wait(shared: &Shared, others: &Others) -> Result<Option<Halt>, Failure> {
    let started = Instant::now();
    for canary in &others.canaries {
        loop {
            if shared.stopped.get() {
                return Ok(Some(Halt::Asked));
            }
            let seen = match is_migrated(shared, canary).await {
                Ok(true) => break,
                Ok(false) => "its migrations are pending".to_owned(),
                // The history says that it failed, or contradicts the files.
                Err(failure) if failure.exit == Exit::Findings => return Ok(Some(Halt::Canary)),
                // The server may be starting.
                Err(failure) => failure.to_string(),
            };
            if started.elapsed() >= others.timeout {
                let (target, seconds) = (canary.name.clone(), others.timeout.as_secs());
                let diagnostic = Box::new(Problem::Canary { target, seconds, seen });
                return Err(Failure { exit: Exit::Unreachable, diagnostic });
            }
            let waiting = format!("{} for this canary of another part", styled(ODD, "waiting"));
            shared.view.borrow_mut().say_once(&canary.name, waiting);
            tokio::time::sleep(INTERVAL).await;
        }
    }
    Ok(None)
}

async fn is_migrated(shared: &Shared, canary: &Target<ConnectOptions>) -> Result<bool, Failure> {
    let (migrations, mut options) = shared.work.for_target(canary)?;
    let mut database = MySqlDatabase::open_with(&canary.address, &shared.work.session).await?;
    options.plan.suit(database.server());
    let rows = database.rows(-1).await?;
    database.close().await?;
    let Some(rows) = rows else { return Ok(false) };
    Ok(plan(&migrations, &rows, &options.plan)?.is_empty())
}
