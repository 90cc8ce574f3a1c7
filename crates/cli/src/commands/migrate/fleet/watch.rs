//! Follows the migration of one database of many.

use std::cell::{Cell, RefCell};

use migrate_core::database::{Event, Progress};

use super::view::View;
use crate::ui::{ODD, styled};

/// How many seconds pass between two lines about a lock that is not free.
const INTERVAL: u64 = 5;

pub(super) struct Watch<'a> {
    target: &'a str,
    view: &'a RefCell<View>,
    stopped: &'a Cell<bool>,
    /// The scripts that were applied.
    pub(super) applied: Vec<String>,
    /// Whether the lock is waited for.
    pub(super) is_waiting: bool,
    /// Seconds of waiting when the next line about it is due.
    due: u64,
}

impl<'a> Watch<'a> {
    pub(super) fn new(target: &'a str, view: &'a RefCell<View>, stopped: &'a Cell<bool>) -> Self {
        Self { target, view, stopped, applied: Vec::new(), is_waiting: false, due: 0 }
    }
}

impl Progress for Watch<'_> {
    fn event(&mut self, event: Event<'_>) {
        self.is_waiting = matches!(event, Event::Waiting(_));
        match event {
            Event::Waiting(waiting) if waiting.seconds >= self.due => {
                self.due = waiting.seconds + INTERVAL;
                let holder = waiting.holder.as_ref().map_or_else(String::new, |holder| format!(": {holder}"));
                let seconds = waiting.seconds;
                let waits = styled(ODD, "waiting");
                let what = format!("{waits} for the migration lock {seconds} s{holder}");
                self.view.borrow_mut().say(self.target, &what);
            }
            Event::Obstacle(obstacle) => {
                let what = format!("{}  {obstacle}", styled(ODD, "beware"));
                self.view.borrow_mut().say_once(self.target, what);
            }
            Event::Blocked { migration, line, seconds, blockers } => {
                let place = format!("{}:{line}", migration.path());
                let who: Vec<String> = blockers.iter().map(ToString::to_string).collect();
                let who = if who.is_empty() { "others use its tables".to_owned() } else { who.join("; ") };
                let what = format!("{} {place} {seconds} s: {who}", styled(ODD, "waiting"));
                self.view.borrow_mut().say(self.target, &what);
            }
            Event::Executed { migration, line, result } => {
                for warning in &result.warnings {
                    let place = format!("{}:{line}", migration.path());
                    let text = format!("{} {}: {}", warning.level, warning.code, warning.message);
                    let what = format!("{} {place} {text}", styled(ODD, "server"));
                    self.view.borrow_mut().say_once(self.target, what);
                }
            }
            Event::Applied { migration, .. } => self.applied.push(migration.script.clone()),
            _ => {}
        }
    }

    fn stop(&self) -> bool {
        self.stopped.get()
    }
}
