//! The run itself: as many databases at once as may be, on one thread, each over a connection of its own.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Instant;

use migrate_core::Migration;
use migrate_core::apply::{ApplyOptions, apply};
use migrate_core::database::Progress;
use migrate_core::fleet::{Ended, Halt, Record, Schedule, Target};
use migrate_core::history::HistoryStore as _;
use migrate_core::info::info;
use migrate_core::migration::replace_checksums;
use migrate_core::mysql::{ConnectOptions, MySqlDatabase, SessionOptions};
use tokio::task::{JoinSet, LocalSet};

use super::canary::{self, Others};
use super::results::Results;
use super::view::View;
use super::watch::Watch;
use crate::args::Connection;
use crate::commands::migrate::database::{block_on, session};
use crate::commands::migrate::live::set_connection;
use crate::commands::migrate::progress::interruptible;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::ui::Ui;

/// What is to be done; read once, and shared by all databases.
pub(super) struct Work {
    connection: Connection,
    pub(super) session: SessionOptions,
    targets: Rc<[Target<ConnectOptions>]>,
    migrations: Vec<Migration>,
    options: ApplyOptions,
    digest: String,
}

/// What became of a database that was begun.
pub(super) struct Done {
    pub(super) record: Record,
    pub(super) failure: Option<Failure>,
}

impl Work {
    pub(super) fn new(
        connection: &Connection,
        targets: Rc<[Target<ConnectOptions>]>,
        migrations: Vec<Migration>,
        options: ApplyOptions,
        digest: String,
    ) -> Self {
        let session = session(&connection.database);
        Self { connection: connection.clone(), session, targets, migrations, options, digest }
    }

    /// The migrations and options with the values of one database.
    pub(super) fn for_target(
        &self,
        target: &Target<ConnectOptions>,
    ) -> Result<(Vec<Migration>, ApplyOptions), Failure> {
        let Connection { database, scripts } = &self.connection;
        let mut options = self.options.clone();
        set_connection(&mut options.plan.placeholders, &scripts.files, database, &target.address)?;
        // The texts are shared; what is copied is their checksums, which change with the placeholders.
        let mut migrations = self.migrations.clone();
        replace_checksums(&mut migrations, &options.plan.placeholders);
        Ok((migrations, options))
    }
}

/// What all tasks share.
pub(super) struct Shared {
    pub(super) work: Work,
    pub(super) view: RefCell<View>,
    pub(super) stopped: Cell<bool>,
}

/// What a task has to tell.
enum Told {
    Ended(usize, Done),
    /// What keeps this part of the fleet from going on after its own canaries.
    Canaries(Result<Option<Halt>, Failure>),
}

/// Goes through all that `schedule` lets begin, and gives what became of each.
pub(super) fn run(
    work: Work,
    others: Others,
    schedule: &mut Schedule,
    mut results: Option<&mut Results>,
    ui: &Ui,
) -> Result<Vec<Option<Done>>, Failure> {
    let count = work.targets.len();
    let view = RefCell::new(View::new(ui, count, count - schedule.waiting()));
    let shared = Rc::new(Shared { work, view, stopped: Cell::new(false) });
    let mut ended: Vec<Option<Done>> = std::iter::repeat_with(|| None).take(count).collect();
    let mut broken = None;
    let others = Rc::new(others);
    let work = async {
        let mut tasks = JoinSet::new();
        let waiting = (!others.canaries.is_empty()).then(|| {
            schedule.hold();
            let (shared, others) = (Rc::clone(&shared), Rc::clone(&others));
            tasks.spawn_local(async move { Told::Canaries(canary::wait(&shared, &others).await) })
        });
        loop {
            if shared.stopped.get() {
                schedule.halt(Halt::Asked);
            }
            while let Some(place) = schedule.begin() {
                let shared = Rc::clone(&shared);
                tasks.spawn_local(async move { Told::Ended(place, one(&shared, place).await) });
            }
            if schedule.halted().is_some()
                && let Some(waiting) = &waiting
            {
                waiting.abort();
            }
            let (place, done) = match tasks.join_next().await {
                None => return Ok(()),
                Some(Ok(Told::Ended(place, done))) => (place, done),
                Some(Ok(Told::Canaries(seen))) => {
                    match seen {
                        Ok(None) => schedule.release(),
                        Ok(Some(halt)) => schedule.halt(halt),
                        Err(failure) => {
                            schedule.halt(Halt::Canary);
                            broken.get_or_insert(failure);
                        }
                    }
                    continue;
                }
                Some(Err(error)) if error.is_cancelled() => continue,
                Some(Err(error)) => std::panic::resume_unwind(error.into_panic()),
            };
            if let Some(results) = &mut results
                && let Err(failure) = results.append(&done.record)
            {
                // What cannot be remembered is not begun either; what runs still ends in good order.
                broken.get_or_insert(failure);
                schedule.halt(Halt::Asked);
            }
            shared.view.borrow_mut().ended(&done.record);
            schedule.end(place, done.record.ended);
            ended[place] = Some(done);
        }
    };
    let local = LocalSet::new();
    let gone_through = block_on(interruptible(ui, &shared.stopped, local.run_until(work)));
    shared.view.borrow().close();
    gone_through?;
    match broken {
        Some(failure) => Err(failure),
        None => Ok(ended),
    }
}

async fn one(shared: &Shared, place: usize) -> Done {
    let Shared { work, view, stopped } = shared;
    let target = &work.targets[place];
    view.borrow_mut().began(&target.name);
    let started = Instant::now();
    let mut watch = Watch::new(&target.name, view, stopped);
    let mut versions = Versions::default();
    let failure = migrate(work, target, &mut watch, &mut versions).await.err();
    let ended = match &failure {
        None => Ended::Succeeded,
        Some(failure) if failure.exit == Exit::Interrupted => Ended::Stopped,
        Some(_) if stopped.get() && watch.is_waiting => Ended::Stopped,
        Some(failure) if failure.exit == Exit::Unreachable => Ended::Unreachable,
        Some(_) => Ended::Failed,
    };
    let record = Record {
        target: target.name.clone(),
        url: target.address.to_string(),
        migrations_digest: work.digest.clone(),
        ended,
        initial_version: versions.before,
        version: versions.after,
        applied: watch.applied,
        milliseconds: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        error: failure.as_ref().map(in_words),
    };
    Done { record, failure }
}

/// The versions of a database, as far as they were seen.
#[derive(Default)]
struct Versions {
    before: Option<String>,
    after: Option<String>,
}

async fn migrate(
    work: &Work,
    target: &Target<ConnectOptions>,
    watch: &mut Watch<'_>,
    versions: &mut Versions,
) -> Result<(), Failure> {
    let (migrations, mut options) = work.for_target(target)?;
    let mut database = MySqlDatabase::open_with(&target.address, &work.session).await?;
    options.plan.suit(database.server());
    versions.before = version(&mut database, &migrations, &options).await?;
    let mut progress: &mut dyn Progress = watch;
    let applied = apply(&mut database, &migrations, &options, &mut progress).await;
    match &applied {
        Ok(report) => versions.after.clone_from(&report.version),
        // A connection that broke has nothing more to say.
        Err(_) => versions.after = version(&mut database, &migrations, &options).await.unwrap_or_default(),
    }
    let closed = database.close().await;
    applied?;
    Ok(closed?)
}

async fn version(
    database: &mut MySqlDatabase,
    migrations: &[Migration],
    options: &ApplyOptions,
) -> Result<Option<String>, migrate_core::Error> {
    let mut rows = database.rows(-1).await?.unwrap_or_default();
    // Flyway counts what failed; whoever looks after a fleet asks for what is there.
    rows.retain(|row| row.success);
    Ok(info(migrations, &rows, &options.plan.info).current().map(ToString::to_string))
}

/// A failure with all that belongs to it.
fn in_words(failure: &Failure) -> String {
    let related = failure.diagnostic.related().into_iter().flatten();
    std::iter::once(failure.to_string())
        .chain(related.map(ToString::to_string))
        .collect::<Vec<_>>()
        .join("; ")
}
