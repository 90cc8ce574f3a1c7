//! What a run over a fleet came to.

use migrate_core::fleet::{Ended, Halt, Record, Schedule, Target};
use migrate_core::mysql::ConnectOptions;
use serde_json::{Value, json};

use super::problem::OfTarget;
use super::results::to_json;
use super::run::Done;
use crate::exit::Exit;
use crate::outcome::{Outcome, table};
use crate::ui::{BAD, GOOD, ODD, count, styled};

/// Longer messages are told in full by the findings.
const MESSAGE: usize = 80;

/// Adds what became of each target. `earlier` has those that were passed over, `ended` those that were begun.
pub(super) fn conclude(
    mut outcome: Outcome,
    targets: &[Target<ConnectOptions>],
    earlier: Vec<Option<Record>>,
    ended: Vec<Option<Done>>,
    schedule: &Schedule,
) -> Outcome {
    let mut databases = Vec::new();
    let mut skipped = 0;
    let mut failures = vec![["Database", "Outcome", "Version", "Error"].map(str::to_owned).to_vec()];
    let number = |wanted| ended.iter().flatten().filter(|done| done.record.ended == wanted).count();
    let (succeeded, stopped) = (number(Ended::Succeeded), number(Ended::Stopped));
    let (failed, unreachable) = (number(Ended::Failed), number(Ended::Unreachable));
    for ((target, earlier), done) in targets.iter().zip(earlier).zip(ended) {
        let (mut value, name) = match (done, earlier) {
            (Some(Done { record, failure }), _) => {
                let value = to_json(&record);
                if let Some(failure) = failure.filter(|_| record.ended != Ended::Stopped) {
                    failures.push(row(&record));
                    let target = record.target;
                    outcome.extend([OfTarget { target, diagnostic: failure.diagnostic }]);
                }
                (value, record.ended.name())
            }
            (None, Some(record)) => {
                skipped += 1;
                (to_json(&record), "skipped")
            }
            (None, None) => {
                (json!({ "target": target.name, "url": target.address.to_string() }), "not begun")
            }
        };
        value["outcome"] = json!(name);
        databases.push(value);
    }
    let halted = match schedule.halted() {
        // Whoever asked when all had begun has stopped nothing.
        Some(Halt::Asked) if schedule.waiting() + stopped == 0 => None,
        halted => halted,
    };
    outcome.exit = match halted {
        Some(Halt::Asked) => Some(Exit::Interrupted),
        // The canary may be another part's.
        Some(Halt::Canary) if failed + unreachable == 0 => Some(Exit::Failed),
        _ if failed > 0 => Some(Exit::Failed),
        _ if unreachable > 0 => Some(Exit::Unreachable),
        _ => None,
    };
    let waiting = schedule.waiting();
    let parts = [
        (succeeded, GOOD, "succeeded"),
        (skipped, GOOD, "done before"),
        (failed + unreachable, BAD, "failed"),
        (stopped, ODD, "stopped"),
        (waiting, ODD, "not begun"),
    ];
    let parts = parts.into_iter().filter(|(number, ..)| *number > 0);
    let parts: Vec<_> =
        parts.map(|(number, style, what)| styled(style, format!("{number} {what}"))).collect();
    let why = match halted {
        Some(Halt::Canary) => ": a canary failed",
        Some(Halt::Failures) if waiting > 0 => ": too many failed",
        Some(Halt::Asked) => ": interrupted",
        _ => "",
    };
    outcome.summary = format!("{}  {}{why}\n", count(targets.len(), "database"), parts.join(", "));
    if failures.len() > 1 {
        outcome.summary += &format!("\n{}", table(&failures));
    }
    let details: [(&str, Value); 7] = [
        ("databases", databases.into()),
        ("succeeded", succeeded.into()),
        ("skipped", skipped.into()),
        ("failed", (failed + unreachable).into()),
        ("stopped", stopped.into()),
        ("not_begun", waiting.into()),
        ("halted", halted.map(halt_name).into()),
    ];
    outcome.details.extend(details.map(|(key, value)| (key.to_owned(), value)));
    outcome
}

fn row(record: &Record) -> Vec<String> {
    let error = record.error.as_deref().unwrap_or_default().lines().next().unwrap_or_default();
    let mut short: String = error.chars().take(MESSAGE).collect();
    if short.len() < error.len() {
        short.push('…');
    }
    let version = record.version.clone().unwrap_or_default();
    vec![record.target.clone(), styled(BAD, record.ended.name()), version, short]
}

const fn halt_name(halt: Halt) -> &'static str {
    match halt {
        Halt::Canary => "canary",
        Halt::Failures => "failures",
        Halt::Asked => "interrupted",
    }
}
