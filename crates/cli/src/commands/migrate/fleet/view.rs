//! What a person sees while a fleet is migrated: one line that is drawn again on a terminal, else one line a database.

use std::collections::BTreeSet;

use migrate_core::fleet::{Ended, Record};

use crate::ui::{BAD, DIM, GOOD, ODD, Ui, count, styled};

/// Columns left free, for the `^C` that a terminal echoes.
const MARGIN: usize = 3;

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
        if self.ui.columns().is_none() || record.ended != Ended::Succeeded {
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
            self.ui.progress(&format!("{place} {ended}  {}  {what} {time}", record.target));
        }
        self.draw();
    }

    /// Says something about a target.
    pub(super) fn say(&mut self, target: &str, what: &str) {
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
        self.ui.erase();
    }

    fn draw(&self) {
        let Some(columns) = self.ui.columns() else { return };
        let left = self.targets.saturating_sub(self.done + self.failed + self.running.len());
        let numbers = format!(
            "{} done, {} failed, {left} left, {} running",
            self.done,
            self.failed,
            self.running.len()
        );
        let names = self.running.iter().map(|name| format!(" {name}"));
        let line = names.fold(numbers, |line, name| line + &name);
        self.ui.redraw(&shortened(&line, columns.saturating_sub(MARGIN)));
    }
}

/// Cut off where a terminal would go on in the next line, since that could not be drawn again.
fn shortened(line: &str, columns: usize) -> String {
    if line.chars().count() <= columns {
        return line.to_owned();
    }
    line.chars().take(columns.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit() {
        assert_eq!(shortened("short", 5), "short");
        assert_eq!(shortened("éééééé", 5), "éééé…");
    }
}
