//! `infra baseline diff`: the statements that take one schema to another.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use migrate_core::mysql::MySqlDatabase;
use migrate_core::predict::{Algorithm, Known, Lock, Prediction, predict};
use migrate_core::server::Server;
use schema_baseline::Finding;
use schema_baseline::catalogue::Catalogue;
use schema_baseline::diff::{self, Live, Options, Path as Way, Step, facts, script};
use serde_json::json;

use crate::args::{BaselineDiff, Format};
use crate::commands::migrate::database::block_on;
use crate::configuration::Level;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::finding::BoxedFinding;
use crate::outcome::{Outcome, relevel};
use crate::source::{Reach, Served, is_broken};
use crate::ui::{BAD, DIM, GOOD, ODD, count, styled};

/// Prints what takes FROM to TO; nothing that loses data unless that is wanted.
pub(crate) fn run(arguments: &BaselineDiff, root: Option<&Path>, format: Format) -> Result<Outcome, Failure> {
    let reach = Reach::new(root, &arguments.reading);
    let mut outcome = Outcome::default();
    // A server decides whose rules count, for both sides.
    let from = reach.served(&arguments.from, &mut outcome)?;
    let to = reach.served(&arguments.to, &mut outcome)?;
    let live = match (&from, &to) {
        (None, None) => Live::Neither,
        (Some(_), None) => Live::From,
        (None, Some(_)) => Live::To,
        (Some(_), Some(_)) => Live::Both,
    };
    let empty = match from.as_ref().or(to.as_ref()) {
        Some(served) => served.empty.clone(),
        None => Catalogue::new(arguments.reading.dialect),
    };
    let server = from.as_ref().or(to.as_ref()).map(|served| served.server.clone());
    let server = server.unwrap_or_else(|| Server::from(&empty));
    let target = from.as_ref().map(|served| served.options.clone());
    let side = |served: Option<Served>, name| {
        let mut read = Outcome::default();
        let catalogue = match served {
            Some(served) => served.catalogue,
            None => reach.built(name, empty.clone(), &mut read)?,
        };
        Ok::<_, Failure>((catalogue, read))
    };
    let (from, to) = rayon::join(|| side(from, &arguments.from), || side(to, &arguments.to));
    let ((from, first), (to, second)) = (from?, to?);
    outcome.findings.extend(first.findings.into_iter().chain(second.findings));
    // Servers take programs whose bodies use what is not there.
    let rules = BTreeMap::from([("schema/missing-reference".to_owned(), Level::Warning)]);
    outcome.findings = relevel(std::mem::take(&mut outcome.findings), &rules);
    if is_broken(&outcome) {
        return Ok(outcome);
    }
    let mut renames = diff::annotated(&to);
    renames.extend(arguments.rename.iter().cloned());
    let path = match diff::diff(&from, &to, &Options { renames, live }) {
        Ok(path) => path,
        // Nothing could be compared, which is said as of an object.
        Err(finding) => Way { findings: vec![*finding], ..Way::default() },
    };
    let not_compared = not_compared(&path.findings, &outcome);
    outcome.extend(path.findings);
    if !arguments.allow_destructive {
        outcome.extend(diff::losses(&path.steps));
    }
    let refused = is_broken(&outcome);
    let tables = path.steps.iter().flat_map(|step| facts::tables(&step.sql, &server)).collect();
    let known = match target {
        Some(options) => block_on(async {
            let mut database = MySqlDatabase::open(&options, Some(&arguments.reading.table)).await?;
            let known = database.known(&tables).await?;
            database.close().await?;
            Ok(known)
        })?,
        None => facts::known(&from, &tables),
    };
    let predictions = predicted(&path.steps, &server, known);
    details(&path.steps, &predictions, &server, arguments, &mut outcome);
    outcome.details.insert("not_compared".to_owned(), json!(not_compared));
    if refused {
        return Ok(outcome);
    }
    if path.steps.is_empty() {
        if format != Format::Sql {
            let verdict = if not_compared.is_empty() {
                styled(GOOD, "the same")
            } else {
                styled(ODD, "the same as far as they could be compared")
            };
            outcome.summary = format!("{verdict}  {} and {}\n", arguments.from, arguments.to);
        }
    } else if format == Format::Sql {
        outcome.summary = as_sql(&path.steps, &predictions, &server, arguments);
    } else {
        outcome.summary = for_people(&path.steps, &predictions, &server, arguments);
    }
    if format == Format::Sql {
        let notes =
            not_compared.iter().map(|object| format!("-- not compared: {}\n", object.replace('\n', " ")));
        outcome.summary.insert_str(0, &notes.collect::<String>());
    }
    outcome.summary_is_result = format == Format::Sql;
    // What could not be compared may differ.
    if arguments.exit_code && !(path.steps.is_empty() && not_compared.is_empty()) {
        outcome.exit = Some(Exit::Findings);
    }
    Ok(outcome)
}

/// The objects that could not be compared; where none is known by name, why there are some.
fn not_compared(findings: &[Finding], read: &Outcome) -> Vec<String> {
    let object = |finding: &Finding| match finding {
        Finding::NotChecked { object, .. } => Some(object.clone()),
        _ => None,
    };
    let objects: Vec<String> = findings.iter().filter_map(object).collect();
    if !objects.is_empty() {
        return objects;
    }
    let codes = ["schema/not-read", "sql/not-understood"];
    let hides = |finding: &&BoxedFinding| {
        finding.code().is_some_and(|code| codes.contains(&code.to_string().as_str()))
    };
    read.findings.iter().filter(hides).map(ToString::to_string).collect()
}

fn predicted(steps: &[Step], server: &Server, mut known: Known) -> Vec<Prediction> {
    let of_step = |step: &Step| {
        let prediction = predict(&step.sql, server, &known);
        known.after(server, &step.sql);
        prediction
    };
    steps.iter().map(of_step).collect()
}

/// `INPLACE, lock NONE; reversible`.
fn annotation(step: &Step, prediction: &Prediction, server: &Server) -> String {
    let mut text = format!(
        "{}, lock {}",
        prediction.algorithm.name(server.dialect),
        prediction.lock.name().to_lowercase()
    );
    text += if step.losses.is_empty() { "; reversible" } else { "; not reversible" };
    text
}

fn as_sql(steps: &[Step], predictions: &[Prediction], server: &Server, arguments: &BaselineDiff) -> String {
    let mut text = format!("-- from {} to {}, for {server}\n", arguments.from, arguments.to);
    for (step, prediction) in steps.iter().zip(predictions) {
        let _ = writeln!(text, "\n-- {}", annotation(step, prediction, server));
        for loss in &step.losses {
            let _ = writeln!(text, "-- loses {}", loss.what.replace(['\n', '\r'], " "));
        }
        text += &script(step);
    }
    text
}

fn for_people(
    steps: &[Step],
    predictions: &[Prediction],
    server: &Server,
    arguments: &BaselineDiff,
) -> String {
    let mut text = String::new();
    for (step, prediction) in steps.iter().zip(predictions) {
        let at = step.place.as_ref().filter(|place| !place.file().is_empty());
        let at = at.map_or_else(String::new, |place| format!("  {}:{}", place.file(), place.line()));
        let style = match (
            prediction.algorithm >= Algorithm::Copy || prediction.lock >= Lock::Exclusive,
            step.losses.is_empty(),
        ) {
            (_, false) => BAD,
            (true, true) => ODD,
            (false, true) => GOOD,
        };
        let head = format!("{} `{}`", step.kind, step.name);
        let _ = writeln!(
            text,
            "{}  {}{}",
            styled(style, head),
            annotation(step, prediction, server),
            styled(DIM, at)
        );
        for loss in &step.losses {
            let _ = writeln!(text, "{}  {}", styled(BAD, "loses"), loss.what);
        }
        for note in &prediction.notes {
            let _ = writeln!(text, "{}", styled(DIM, format!("note   {note}")));
        }
        text += &script(step);
        text.push('\n');
    }
    let number = count(steps.len(), "statement");
    let _ = writeln!(
        text,
        "{}  {number} from {} to {} on {server}",
        styled(ODD, "differs"),
        arguments.from,
        arguments.to
    );
    text
}

fn details(
    steps: &[Step],
    predictions: &[Prediction],
    server: &Server,
    arguments: &BaselineDiff,
    outcome: &mut Outcome,
) {
    let statements = steps.iter().zip(predictions).map(|(step, prediction)| {
        json!({
            "sql": step.sql,
            "kind": step.kind.noun(),
            "name": step.name,
            "file": step.place.as_ref().map(|place| place.file().to_owned()),
            "line": step.place.as_ref().map(schema_baseline::place::Place::line),
            "algorithm": prediction.algorithm.name(server.dialect),
            "lock": prediction.lock.name(),
            "notes": prediction.notes,
            "reversible": step.losses.is_empty(),
            "loses": step.losses.iter().map(|loss| &loss.what).collect::<Vec<_>>(),
        })
    });
    outcome.details.insert("from".to_owned(), json!(arguments.from.to_string()));
    outcome.details.insert("to".to_owned(), json!(arguments.to.to_string()));
    outcome.details.insert("server".to_owned(), json!(server.to_string()));
    outcome.details.insert("statements".to_owned(), statements.collect());
}
