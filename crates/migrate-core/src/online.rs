//! The port to tools that change a large table beside the server: they fill a copy while others go on, and swap it in at the
//! end. gh-ost and pt-online-schema-change are such tools; running them is the business of who embeds this crate.

use std::fmt;
use std::sync::Arc;

/// Which changes of tables go to a tool instead of the server.
#[derive(Debug, Clone)]
pub struct Online {
    /// Tables whose data and indexes take more bytes than this; 0: all.
    pub over: u64,
    /// The tool.
    pub tool: Arc<dyn OnlineTool>,
}

/// A change of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The schema of the table.
    pub schema: String,
    /// Its name.
    pub table: String,
    /// What follows the name in `ALTER TABLE`, without comments.
    pub clauses: String,
}

/// A tool that changes tables.
pub trait OnlineTool: fmt::Debug + Send + Sync {
    /// Its name, for messages.
    fn name(&self) -> &'static str;

    /// Starts the change.
    ///
    /// # Errors
    /// Why it cannot be started, without secrets.
    fn begin(&self, change: &Change) -> Result<Box<dyn Changing + Send>, String>;

    /// The triggers and then the tables that it may leave behind when it does not come to its end, in the order in which
    /// they are to be dropped.
    fn leftovers(&self, change: &Change) -> (Vec<String>, Vec<String>);
}

/// A tool at work. One that is dropped before its end is asked to stop.
pub trait Changing {
    /// How far it is. Does not wait.
    fn look(&mut self) -> Look;

    /// Asks it to stop and to clean up; [`Changing::look`] tells when it has.
    fn stop(&mut self);
}

/// How far a tool is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// At work, and what it said last of its progress, if that is news.
    Working(Option<Advance>),
    /// It has ended.
    Ended {
        /// Whether it says that the table is changed.
        success: bool,
        /// How it ended, such as `exited with code 1`.
        how: String,
        /// The last lines that it printed, without secrets.
        lines: Vec<String>,
    },
}

/// A tool's word on its progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advance {
    /// Percent of the rows that are copied.
    pub percent: u8,
    /// The time that is left, as the tool writes it.
    pub left: Option<String>,
}
