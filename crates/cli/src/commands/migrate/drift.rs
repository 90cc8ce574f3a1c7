//! `infra migrate drift`.

use migrate_core::history::HistoryStore as _;
use migrate_core::info::info;
use migrate_core::mysql::MySqlDatabase;
use schema_baseline::Finding;
use schema_baseline::applied::{Applied, applied};
use schema_baseline::live::{Live, read};
use schema_baseline::replay::{expanded, replay_onto};
use schema_baseline::served::reconcile;
use schema_baseline::show::create;
use schema_baseline::verify::{Difference, Sides, differences};
use serde_json::{Value, json};

use super::database::{block_on, session};
use super::diff::{coloured, unified};
use super::live::{Place, Prepared};
use crate::args::Connection;
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::ui::{BAD, GOOD, ODD, count, styled};

/// Holds the live schema against the replay of what the history shows as applied.
pub(crate) fn find(arguments: &Connection, place: Place<'_>) -> Result<Outcome, Failure> {
    let prepared = Prepared::new(arguments, place)?;
    if prepared.files_are_broken() {
        return Ok(prepared.outcome);
    }
    let Prepared { options, migrations, plan, mut outcome } = prepared;
    let (rows, live) = block_on(async {
        let mut database = MySqlDatabase::open_with(&options, &session(&arguments.database)).await?;
        let rows = database.rows(-1).await?.unwrap_or_default();
        let live = read(&mut database).await?;
        database.close().await?;
        Ok((rows, live))
    })?;
    let info = info(&migrations, &rows, &plan.info);
    let Applied { migrations: ran, doubts, starts_unknown } = applied(&info, &migrations);
    outcome.extend(doubts);
    let Live { catalogue: mut live, not_read, hidden } = live;
    let mut ours = live.emptied();
    let scripts = ran.iter().map(|migration| expanded(migration, &plan.placeholders));
    outcome.extend(replay_onto(&mut ours, scripts).into_iter().filter_map(not_understood));
    reconcile(&mut ours, &mut live);

    let mut not_checked: Vec<String> = not_read.iter().filter_map(object_of).collect();
    outcome.extend(not_read);
    let mut drift: Vec<Value> = Vec::new();
    match differences(&ours, &live, Sides::MIGRATIONS_AND_DATABASE) {
        Err(finding) => {
            not_checked.push("the schema".to_owned());
            outcome.extend([*finding]);
        }
        Ok(found) => {
            for Difference { kind, name, findings } in found {
                let object = format!("{kind} `{name}`");
                let (before, after) = (create(&ours, kind, &name), create(&live, kind, &name));
                if before.is_none() && starts_unknown {
                    not_checked.push(object);
                    continue;
                }
                if after.is_none() && hidden.contains(&kind) {
                    let reason = "the account may not see any such object here".to_owned();
                    outcome.extend([Finding::NotRead { object: object.clone(), reason }]);
                    not_checked.push(object);
                    continue;
                }
                if findings.iter().any(|finding| matches!(finding, Finding::NotChecked { .. })) {
                    not_checked.push(object.clone());
                }
                if findings.iter().any(|finding| !matches!(finding, Finding::NotChecked { .. })) {
                    let origin = ours.place_of(kind, &name);
                    let at =
                        origin.map_or_else(String::new, |place| format!("{}:{}", place.file(), place.line()));
                    let (word, note) = match (&before, &after) {
                        (None, _) => ("unexpected", "no applied migration creates it".to_owned()),
                        (_, None) => ("missing", format!("the database does not have it; created at {at}")),
                        _ => ("changed", format!("created at {at}")),
                    };
                    let diff = unified(before.as_deref(), after.as_deref(), ("migrations", "database"));
                    outcome.summary +=
                        &format!("{}  {object}, {note}\n{}", styled(BAD, word), coloured(&diff));
                    drift.push(json!({
                        "kind": kind.noun(),
                        "name": name,
                        "change": word,
                        "file": origin.map(|place| place.file().to_owned()),
                        "line": origin.map(schema_baseline::place::Place::line),
                        "diff": diff,
                    }));
                }
                outcome.extend(findings);
            }
        }
    }
    outcome.summary += &verdict(drift.len(), ran.len(), live.objects().len(), &not_checked);
    outcome.details.insert("drift".to_owned(), json!(drift));
    outcome.details.insert("not_checked".to_owned(), json!(not_checked));
    outcome.details.insert("objects".to_owned(), json!(live.objects().len()));
    Ok(outcome)
}

fn verdict(drift: usize, migrations: usize, objects: usize, not_checked: &[String]) -> String {
    let head = match drift {
        0 => styled(GOOD, "no drift"),
        number => styled(BAD, format!("{} drifted", count(number, "object"))),
    };
    let migrations = count(migrations, "applied migration");
    let mut text = format!("{head}  {} held against {migrations}\n", count(objects, "object"));
    if !not_checked.is_empty() {
        text += &format!("{}  {}\n", styled(ODD, "not checked"), not_checked.join(", "));
    }
    text
}

/// What of a replay matters here: the server has taken every statement, so one that the replay cannot follow is a
/// gap of the replay and no error of the script.
fn not_understood(finding: Finding) -> Option<Finding> {
    match finding {
        Finding::Syntax { src, span, .. } => {
            Some(Finding::NotUnderstood { what: "this statement".to_owned(), src, span })
        }
        finding @ Finding::NotUnderstood { .. } => Some(finding),
        _ => None,
    }
}

fn object_of(finding: &Finding) -> Option<String> {
    match finding {
        Finding::NotRead { object, .. } => Some(object.clone()),
        _ => None,
    }
}
