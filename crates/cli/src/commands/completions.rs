//! `infra completions SHELL`.

use clap::CommandFactory as _;
use serde_json::json;

use crate::args::Cli;
use crate::outcome::Outcome;

/// The completion script of a shell.
pub(crate) fn run(shell: clap_complete::Shell) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "infra", &mut script);
    let summary = String::from_utf8_lossy(&script).into_owned();
    let mut outcome = Outcome { summary_is_result: true, ..Outcome::default() };
    outcome.details.insert("script".to_owned(), json!(summary));
    outcome.summary = summary;
    outcome
}
