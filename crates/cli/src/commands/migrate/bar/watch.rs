//! Shows how far a run is while it runs: on a terminal by a line that is redrawn, elsewhere by one now and then.

use std::convert::Infallible;
use std::time::Duration;

use migrate_core::mysql::{ConnectOptions, Stage, Stages};
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::Flight;
use crate::ui::{DIM, Ui, styled};

/// How often the line is redrawn.
const FRAME: Duration = Duration::from_millis(100);
/// How often the server is asked about a statement.
const POLL: Duration = Duration::from_secs(1);
/// How long the server may take for an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Runs `work` and shows meanwhile how far it is. Where progress is shown, the server is asked about statements that run long,
/// over a connection of its own; whatever becomes of that is nothing to the run.
pub(crate) async fn watched<T>(
    ui: &Ui,
    flight: &Flight,
    options: &ConnectOptions,
    work: impl Future<Output = T>,
) -> T {
    if !ui.shows_progress() {
        return work.await;
    }
    let mut stages = None;
    let result = tokio::select! {
        biased;
        result = work => result,
        never = drawing(ui, flight) => match never {},
        never = asking(ui, flight, options, &mut stages) => match never {},
    };
    ui.erase();
    if let Some(stages) = stages {
        // An answer that is still awaited is not worth waiting for.
        let _ = timeout(POLL, stages.close()).await;
    }
    result
}

async fn drawing(ui: &Ui, flight: &Flight) -> Infallible {
    let mut frames = interval(FRAME);
    frames.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first comes at once.
    frames.tick().await;
    loop {
        frames.tick().await;
        match ui.columns() {
            Some(columns) => {
                if let Some(line) = flight.drawn(columns) {
                    ui.redraw(&line);
                }
            }
            None => {
                if let Some(line) = flight.due() {
                    ui.progress(&line);
                }
            }
        }
    }
}

async fn asking(
    ui: &Ui,
    flight: &Flight,
    options: &ConnectOptions,
    stages: &mut Option<Stages>,
) -> Infallible {
    let mut polls = interval(POLL);
    polls.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        polls.tick().await;
        let Some((connection, begun)) = flight.to_ask() else { continue };
        let reason = match timeout(PATIENCE, ask(options, connection, stages)).await {
            Ok(Ok(stage)) => {
                flight.learn(begun, stage);
                continue;
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it does not answer".to_owned(),
        };
        *stages = None;
        flight.learn(begun, None);
        ui.detail(&styled(DIM, format!("the server does not say how far a statement is: {reason}")));
        return std::future::pending().await;
    }
}

async fn ask(
    options: &ConnectOptions,
    connection: u64,
    stages: &mut Option<Stages>,
) -> Result<Option<Stage>, migrate_core::Error> {
    let open = match stages {
        Some(open) => open,
        None => stages.insert(Stages::open(options, connection).await?),
    };
    open.current().await
}
