//! What a person sees while a fleet is migrated: one line that is drawn again on a terminal, else one line a database.

use std::collections::BTreeSet;

use migrate_core::fleet::{Ended, Record};

use crate::ui::{BAD, DIM, GOOD, ODD, Ui, count, styled};

/// Longer lines would be wrapped, and could not be drawn again.
const WIDTH: usize = 78;

pub(super) struct View {
    ui: Ui,
    targets: usize,
    done: usize,
    failed: usize,
    /// Names of those at work, in the order in which they began.
    running: Vec<String>,
    /// What was said once and is not said again for every database.
    said: BTreeSet<String>,
}

impl View {
    /// So many targets, of which some were done by an earlier run.
    pub(super) fn new(ui: &Ui, targets: usize, done: usize) -> Self {
        if done > 0 {
            let done = count(done, "database");
            ui.progress(&styled(DIM, format!("{done} had succeeded with the same migrations")));
        }
        let (running, said) = (Vec::new(), BTreeSet::new());
        Self { ui: ui.clone(), targets, done, failed: 0, running, said }
    }

    pub(super) fn began(&mut self, target: &str) {
        self.running.push(target.to_owned());
        self.draw();
    }

    pub(super) fn ended(&mut self, record: &Record) {
        self.running.retain(|name| *name != record.target);
        let style = match record.ended {
            Ended::Succeeded => {
                self.done += 1;
                GOOD
            }
            Ended::Stopped => ODD,
            Ended::Failed | Ended::Unreachable => {
                self.failed += 1;
                BAD
            }
        };
        if !self.ui.redraws() || record.ended != Ended::Succeeded {
            let place = format!("{}/{}", self.done + self.failed, self.targets);
            let at = |version: &String| format!(", at version {version}");
            let version = record.version.as_ref().map(at).unwrap_or_default();
            let what = match &record.error {
                Some(error) => error.lines().next().unwrap_or_default().to_owned(),
                None if record.applied.is_empty() => format!("up to date{version}"),
                None => format!("applied {}{version}", count(record.applied.len(), "migration")),
            };
            let time = styled(DIM, format!("{} ms", record.milliseconds));
            let ended = styled(style, record.ended.name());
            self.ui.redraw("");
            self.ui.progress(&format!("{place} {ended}  {}  {what} {time}", record.target));
        }
        self.draw();
    }

    /// Says something about a target.
    pub(super) fn say(&mut self, target: &str, what: &str) {
        self.ui.redraw("");
        self.ui.progress(&format!("{target}  {what}"));
        self.draw();
    }

    /// Says what may be true of every target, once.
    pub(super) fn say_once(&mut self, target: &str, what: String) {
        if !self.said.contains(&what) {
            self.say(target, &what);
            self.said.insert(what);
        }
    }

    /// Takes the line away.
    pub(super) fn close(&self) {
        self.ui.redraw("");
    }

    fn draw(&self) {
        let left = self.targets.saturating_sub(self.done + self.failed + self.running.len());
        let numbers = format!(
            "{} done, {} failed, {left} left, {} running",
            self.done,
            self.failed,
            self.running.len()
        );
        let names = self.running.iter().map(|name| format!(" {name}"));
        self.ui.redraw(&shortened(&names.fold(numbers, |line, name| line + &name)));
    }
}

/// Cut off where a terminal would go on in the next line.
fn shortened(line: &str) -> String {
    if line.chars().count() <= WIDTH {
        return line.to_owned();
    }
    line.chars().take(WIDTH - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit() {
        assert_eq!(shortened("short"), "short");
        let long = shortened(&"é".repeat(100));
        assert_eq!((long.chars().count(), long.ends_with("é…")), (WIDTH, true));
    }
}
