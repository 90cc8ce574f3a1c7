//! `infra migrate apply --fleet`: the same migrations for many databases, in one run or as a Kubernetes Job.

mod canary;
mod job;
mod list;
mod problem;
mod report;
mod results;
mod run;
mod view;
mod watch;

use std::rc::Rc;

use migrate_core::fleet::{Record, Rules, Schedule, digest, settled};
use migrate_core::mysql::ConnectOptions;

use self::canary::Others;
use self::list::Listed;
use self::problem::Problem;
use self::results::Results;
use super::live::{Place, Prepared, apply_options};
use crate::args::MigrateApply;
use crate::failure::Failure;
use crate::outcome::Outcome;
use crate::ui::Ui;

/// Applies what is pending to every database of `list`, or prints the Job that does.
pub(crate) fn run(
    arguments: &MigrateApply,
    list: &str,
    place: Place<'_>,
    ui: &Ui,
) -> Result<Outcome, Failure> {
    // What differs from database to database is filled in for each.
    let Prepared { migrations, plan, mut outcome, .. } = {
        let prepared = Prepared::at(ConnectOptions::default(), &arguments.connection, place)?;
        if prepared.files_are_broken() {
            return Ok(prepared.outcome);
        }
        prepared
    };
    let Listed { mut targets, text, base, warnings } =
        list::read(list, &arguments.connection.database, place)?;
    let scripts = &arguments.connection.scripts;
    let digest = digest(
        &migrations,
        &[scripts.target.as_deref().unwrap_or_default(), &arguments.connection.database.table],
    );
    if arguments.fleet.pods.render_job {
        if !warnings.is_empty() {
            return Err(Failure::usage(Problem::Secret));
        }
        let list = job::List { text: &text, base: base.as_deref(), targets: targets.len() };
        return job::render(arguments, &list, &migrations, &digest, place);
    }
    outcome.findings.extend(warnings);
    let fleet = &arguments.fleet;
    let canaries = targets[..fleet.canary.min(targets.len())].iter().enumerate();
    let others = Others {
        canaries: canaries
            .filter(|(place, _)| !fleet.shard.takes(*place))
            .map(|(_, canary)| canary.clone())
            .collect(),
        timeout: fleet.canary_timeout,
    };
    let mut places = 0..;
    targets.retain(|_| places.next().is_some_and(|place| fleet.shard.takes(place)));

    let mut results = fleet.result.as_deref().map(Results::open).transpose()?;
    let records: &[Record] = results.as_ref().map_or(&[], |results| &results.records);
    let known = settled(records, &digest);
    let earlier: Vec<Option<Record>> = targets
        .iter()
        .map(|target| {
            known.get(&(target.name.as_str(), target.address.to_string().as_str())).copied().cloned()
        })
        .collect();
    let rules = Rules {
        parallel: fleet.parallel.into(),
        canaries: fleet.canary.saturating_sub(others.canaries.len()),
        max_failures: fleet.max_failures,
    };
    let done: Vec<bool> = earlier.iter().map(Option::is_some).collect();
    let mut schedule = Schedule::new(rules, &done);
    let options = apply_options(arguments, plan)?;
    let targets: Rc<[_]> = targets.into();
    let work = run::Work::new(&arguments.connection, Rc::clone(&targets), migrations, options, digest);
    let ended = run::run(work, others, &mut schedule, results.as_mut(), ui)?;
    Ok(report::conclude(outcome, &targets, earlier, ended, &schedule))
}
