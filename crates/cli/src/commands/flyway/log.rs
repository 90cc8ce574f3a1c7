//! Where lines and results go: text line by line, JSON as one object at the end.

use std::cell::RefCell;
use std::path::Path;

use anstyle::Style;

use super::stop::Stop;
use super::{Ended, FLYWAY_VERSION};
use crate::exit::Exit;
use crate::ui::{BAD, ODD, Ui, styled};
use crate::write;

/// The output of one run.
pub(super) struct Log<'a> {
    ui: &'a Ui,
    is_json: bool,
    is_verbose: bool,
    file: Option<&'a str>,
    /// What goes to the file, too.
    written: RefCell<String>,
}

impl<'a> Log<'a> {
    /// Text, or JSON; `file` gets the same.
    pub(super) fn new(ui: &'a Ui, is_json: bool, is_verbose: bool, file: Option<&'a str>) -> Self {
        Self { ui, is_json, is_verbose, file, written: RefCell::default() }
    }

    /// Whether the result is printed as JSON, so that no line may be.
    pub(super) fn is_json(&self) -> bool {
        self.is_json
    }

    /// A line that `-q` leaves out.
    pub(super) fn info(&self, line: &str) {
        if !self.is_json {
            let line = format!("{line}\n");
            self.ui.summary(&line);
            self.keep(&line);
        }
    }

    /// A line that only `-X` asks for.
    pub(super) fn debug(&self, line: &str) {
        if self.is_verbose {
            self.info(&format!("DEBUG: {line}"));
        }
    }

    /// A warning, on standard error.
    pub(super) fn warn(&self, line: &str) {
        self.complain(ODD, &format!("WARNING: {line}"));
    }

    /// An error, on standard error.
    pub(super) fn error(&self, line: &str) {
        self.complain(BAD, &format!("ERROR: {line}"));
    }

    fn complain(&self, style: Style, line: &str) {
        self.ui.closing(&styled(style, line));
        if !self.is_json {
            self.keep(&format!("{line}\n"));
        }
    }

    /// What was asked for itself, whatever the format.
    pub(super) fn print(&self, text: &str) {
        self.ui.result(text);
        self.keep(text);
    }

    /// Prints how it ended and gives the exit code.
    pub(super) fn finish(&self, result: Result<Ended, Stop>) -> Exit {
        let (json, stop) = match result {
            Ok(Ended { result, stop }) => (result, stop),
            Err(stop) => (serde_json::json!({ "error": stop.error }), Some(stop)),
        };
        if self.is_json {
            self.print(&format!("{json:#}\n"));
        }
        if let Some(stop) = &stop {
            if !self.is_json {
                self.error(&stop.message);
            }
            // What Flyway's words leave out: the place, and what to do.
            self.ui.findings(&stop.reports.iter().collect::<Vec<_>>());
        }
        let exit = stop.map_or(Exit::Ok, |stop| stop.exit);
        match self.file.map(|file| write::replace(Path::new(file), self.written.borrow().as_bytes())) {
            Some(Err(failure)) => {
                self.ui.findings(&[&failure.diagnostic]);
                Exit::Findings
            }
            Some(Ok(())) | None => exit,
        }
    }

    /// The first keys of every result.
    pub(super) fn heading(operation: &str, database: &str) -> serde_json::Map<String, serde_json::Value> {
        let mut heading = serde_json::Map::new();
        heading.insert("operation".to_owned(), operation.into());
        heading.insert("flywayVersion".to_owned(), FLYWAY_VERSION.into());
        heading.insert("database".to_owned(), database.into());
        heading
    }

    fn keep(&self, text: &str) {
        if self.file.is_some() {
            self.written.borrow_mut().push_str(text);
        }
    }
}
