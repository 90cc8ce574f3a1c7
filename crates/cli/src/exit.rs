//! What the exit code of the process says; the same for every command.

use std::process::ExitCode;

/// The exit codes of `infra`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Nothing at or above `--fail-on` was found.
    Ok = 0,
    /// There are findings at or above `--fail-on`.
    Findings = 1,
    /// The command line, the configuration or the input could not be used.
    Usage = 2,
    /// A server or cluster could not be reached, refused or timed out.
    Unreachable = 3,
    /// An operation started and failed.
    Failed = 4,
    /// The user stopped it.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}
