//! `infra baseline verify --engine`: what the scripts come to on a real server, in schemas that are dropped again.

use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use migrate_core::mysql::ConnectOptions;
use schema_baseline::catalogue::Catalogue;
use schema_baseline::dump::texts;
use schema_baseline::live::{Scratch, Tried};
use schema_baseline::place::Source;
use schema_baseline::verify::Sides;
use schema_baseline::verify::reach::reaches_out;
use schema_baseline::verify::refused::Refused;
use schema_baseline::verify::texts::{Side, on_server};

use super::verify::{Files, Read, Report};
use crate::args::BaselineVerify;
use crate::commands::migrate::database::{at_url, block_on, of_environment, warn};
use crate::commands::migrate::progress::interruptible;
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::schema;
use crate::ui::Ui;

/// Runs each side in a schema of its own, and compares what the server shows of them.
pub(super) fn verify(
    arguments: &BaselineVerify,
    files: &Files,
    root: Option<&Path>,
    ui: &Ui,
) -> Result<Outcome, Failure> {
    let options = match arguments.engine.strip_prefix("env:") {
        Some(name) => of_environment(name, root, arguments.connect_timeout)?,
        None => at_url(&arguments.engine, arguments.connect_timeout)?,
    };
    let mut outcome = Outcome::default();
    warn(&options, &mut outcome);
    block_on(run(options, files, ui, &mut outcome))?;
    Ok(outcome)
}

async fn run(options: ConnectOptions, files: &Files, ui: &Ui, outcome: &mut Outcome) -> Result<(), Failure> {
    let mut scratch = Scratch::new(options, &tag());
    let (schemas, dialect) = scratch.schemas().await.map_err(Failure::from)?;
    let mut read = files.read(dialect, outcome)?;
    // What the catalogue in memory cannot follow is no reason to stop: the server decides.
    let built = Arc::new(Source::new(
        "the schema directory",
        schema::baseline(&read.schema, &read.migrations).0.text.into(),
    ));
    let scripts = read.scripts.take();
    let baseline = read.baseline.as_ref().map(|(source, _)| Arc::clone(source));
    let all = scripts.iter().flatten().chain([&built]).chain(&baseline);
    let reaching: Vec<_> = all.flat_map(|source| reaches_out(source, &schemas)).collect();
    if !reaching.is_empty() {
        outcome.extend(reaching);
        return Ok(());
    }
    let mut report = Report::new(format!("{:?} {}", dialect.vendor, dialect.version));
    let stopped = Cell::new(false);
    let worked = interruptible(ui, &stopped, async {
        let mut sides: Vec<(Sides, Tried)> = Vec::new();
        let stop = || stopped.get();
        let directory = tried(scratch.try_scripts(&[built], &stop).await, outcome)?;
        for (scripts, side) in [
            (scripts, Sides::DIRECTORY_AND_MIGRATIONS),
            (baseline.map(|source| vec![source]), Sides::DIRECTORY_AND_BASELINE),
        ] {
            let Some(scripts) = scripts else { continue };
            let other = tried(scratch.try_scripts(&scripts, &stop).await, outcome)?;
            sides.extend(other.map(|other| (side, other)));
        }
        Ok(directory.map(|directory| (directory, sides)))
    })
    .await;
    // However it ended: nothing stays behind.
    let dropped = scratch.drop_all().await;
    let worked = worked?;
    dropped.map_err(Failure::from)?;
    if let Some((directory, sides)) = worked {
        compare(&read, &directory, &sides, &mut report, outcome);
        report.finish(directory.shown.len(), outcome);
    }
    Ok(())
}

/// A side as the server has it; none when it refuses a statement, which is then among the findings.
fn tried(
    tried: Result<Option<Result<Tried, Box<Refused>>>, schema_baseline::Error>,
    outcome: &mut Outcome,
) -> Result<Option<Tried>, Failure> {
    match tried? {
        None => Err(Failure::interrupted()),
        Some(Ok(mut tried)) => {
            outcome.extend(std::mem::take(&mut tried.not_read));
            Ok(Some(tried))
        }
        Some(Err(refused)) => {
            outcome.extend([*refused]);
            Ok(None)
        }
    }
}

fn compare(
    read: &Read,
    directory: &Tried,
    sides: &[(Sides, Tried)],
    report: &mut Report,
    outcome: &mut Outcome,
) {
    let ours = texts(&directory.shown, directory.live.catalogue.dialect());
    let empty = read.schema.catalogue.emptied();
    for (side, other) in sides {
        report.compared(*side);
        let theirs = texts(&other.shown, other.live.catalogue.dialect());
        let files: &Catalogue = match (side.right == Sides::DIRECTORY_AND_MIGRATIONS.right, &read.baseline) {
            (true, _) => read.replayed.as_ref().unwrap_or(&empty),
            (false, Some((_, catalogue))) => catalogue,
            (false, None) => &empty,
        };
        let left = Side { served: &directory.live.catalogue, texts: &ours, files: &read.schema.catalogue };
        let right = Side { served: &other.live.catalogue, texts: &theirs, files };
        for difference in on_server(left, right, *side) {
            let key = (difference.kind, difference.name.clone());
            let found = (ours.get(&key).cloned(), theirs.get(&key).cloned());
            report.add(difference, (&read.schema.catalogue, files), found, *side, outcome);
        }
    }
}

/// What tells this run from every other one, on this machine and elsewhere.
fn tag() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{:x}_{:x}", std::process::id(), now.as_nanos())
}
