//! What a person sees while migrations are applied, and how they stop it.

use std::cell::Cell;

use migrate_core::database::{Event, Progress, Waiting};
use migrate_core::journal::Settled;
use migrate_core::online::Advance;

use super::bar::Flight;
use crate::commands::flyway::table::draw_found;
use crate::failure::Failure;
use crate::ui::{DIM, GOOD, ODD, Ui, count, styled};

/// Prints a line an event, and stops before the next statement once it was asked to.
pub(crate) struct Lines<'a> {
    ui: &'a Ui,
    stopped: &'a Cell<bool>,
    waits: Waits<'a>,
    flight: Option<&'a Flight>,
    /// How much of a table a tool had copied when the last line about it was printed.
    percent: Option<u8>,
}

impl<'a> Lines<'a> {
    /// Watches for a run that `stopped` can end.
    pub(crate) fn new(ui: &'a Ui, stopped: &'a Cell<bool>) -> Self {
        Self { ui, stopped, waits: Waits::new(ui), flight: None, percent: None }
    }

    /// Keeps `flight` at what is in flight.
    pub(crate) fn showing(self, flight: &'a Flight) -> Self {
        Self { flight: Some(flight), ..self }
    }

    /// A line for each percent that a tool has copied.
    fn copied(&mut self, table: &str, advance: &Advance) {
        if self.percent.replace(advance.percent) == Some(advance.percent) {
            return;
        }
        let left = advance.left.as_ref().map_or_else(String::new, |left| format!(", {left} left"));
        let copied = styled(DIM, format!("{} %{left}", advance.percent));
        self.ui.progress(&format!("  {} `{table}` {copied}", styled(ODD, "copied")));
    }
}

/// Prints who holds the lock, for verbs that do nothing else worth a line.
pub(crate) struct Waits<'a> {
    ui: &'a Ui,
    /// Seconds of waiting when the last line about it was printed.
    told: Option<u64>,
}

impl<'a> Waits<'a> {
    /// Nothing was waited for yet.
    pub(crate) fn new(ui: &'a Ui) -> Self {
        Self { ui, told: None }
    }

    fn waiting(&mut self, waiting: &Waiting) {
        if self.told.is_some_and(|told| waiting.seconds < told + 5) {
            return;
        }
        self.told = Some(waiting.seconds);
        let holder = waiting.holder.as_ref().map_or_else(String::new, |holder| format!(": {holder}"));
        let since = styled(DIM, format!("{} s", waiting.seconds));
        self.ui.progress(&format!("{}  for the migration lock {since}{holder}", styled(ODD, "waiting")));
    }
}

impl Progress for Waits<'_> {
    fn event(&mut self, event: Event<'_>) {
        if let Event::Waiting(waiting) = event {
            self.waiting(waiting);
        }
    }
}

impl Progress for Lines<'_> {
    fn event(&mut self, event: Event<'_>) {
        if let Some(flight) = self.flight {
            match event {
                Event::Started { migration, statements, .. } => flight.migration(migration, statements),
                Event::Statement { number, sql, .. } => flight.statement(number, sql),
                Event::Executed { .. } => flight.executed(),
                Event::Applied { .. } => flight.ended(),
                _ => {}
            }
        }
        match event {
            Event::Waiting(waiting) => self.waits.waiting(waiting),
            Event::Found(found) => found.iter().for_each(|set| self.ui.progress(draw_found(set).trim_end())),
            Event::HistoryCreated => self.ui.progress("created the schema history table"),
            Event::Planned(migrations) if !migrations.is_empty() => {
                self.ui.progress(&styled(DIM, format!("{} to apply", count(migrations.len(), "migration"))));
            }
            Event::Started { migration, statements, out_of_order } => {
                let late = if out_of_order { ", out of order" } else { "" };
                let statements = styled(DIM, format!("{}{late}", count(statements, "statement")));
                self.ui.progress(&format!("{} {statements}", migration.script));
            }
            Event::Callback { event, migration } => {
                self.ui.progress(&styled(DIM, format!("{event}: {}", migration.script)));
            }
            Event::Resumed { statement, settled, .. } => {
                let had = if settled == Settled::Done { "which had run" } else { "which had not run" };
                self.ui.progress(&format!("  {} at statement {statement}, {had}", styled(ODD, "resumed")));
            }
            Event::Obstacle(obstacle) if obstacle.is_advice() && !self.ui.is_verbose() => {}
            Event::Obstacle(obstacle) => {
                self.ui.progress(&format!("{}  {obstacle}", styled(ODD, "beware")));
            }
            Event::Blocked { migration, line, seconds, blockers } => {
                let place = format!("{}:{line}", migration.path());
                let who: Vec<String> = blockers.iter().map(ToString::to_string).collect();
                let who = if who.is_empty() { "others use its tables".to_owned() } else { who.join("; ") };
                let since = styled(DIM, format!("{seconds} s"));
                self.ui.progress(&format!("  {} {place} {since}: {who}", styled(ODD, "waiting")));
            }
            Event::Online { migration, line, tool, table, advance: None } => {
                self.percent = None;
                let place = format!("{}:{line}", migration.path());
                self.ui.progress(&format!("  {} {place} {tool} changes `{table}`", styled(ODD, "online")));
            }
            Event::Online { table, advance: Some(advance), .. } => self.copied(table, advance),
            Event::Executed { migration, line, result } => {
                let mut warnings = result.warnings.clone();
                warnings.dedup();
                for warning in warnings {
                    let place = format!("{}:{line}", migration.path());
                    let text = format!("{} {}: {}", warning.level, warning.code, warning.message);
                    self.ui.progress(&format!("  {} {place} {text}", styled(ODD, "server")));
                }
            }
            Event::Applied { milliseconds, .. } => {
                self.ui.progress(&format!(
                    "  {} {}",
                    styled(GOOD, "applied"),
                    styled(DIM, format!("{milliseconds} ms"))
                ));
            }
            Event::Replanned => {
                self.ui.progress(&styled(DIM, "another run has applied migrations; planning again"));
            }
            _ => {}
        }
    }

    fn stop(&self) -> bool {
        self.stopped.get()
    }
}

/// Runs `work`; the first interrupt or termination sets `stopped`, so that it ends after the statement in flight, and a second
/// one abandons it.
pub(crate) async fn interruptible<T>(
    ui: &Ui,
    stopped: &Cell<bool>,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::pin!(work);
    loop {
        tokio::select! {
            result = &mut work => return result,
            () = asked_to_stop() => {
                if stopped.replace(true) {
                    return Err(Failure::interrupted());
                }
                ui.progress(&styled(ODD, "stopping after the statement in flight; ask again to abandon it"));
            }
        }
    }
}

/// Ends at SIGINT or SIGTERM; never where signals cannot be had.
async fn asked_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
