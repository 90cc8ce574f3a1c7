//! What will be applied: checked as a whole before anything runs.

use crate::error::Error;
use crate::finding::Finding;
use crate::history::HistoryRow;
use crate::info::{Info, InfoOptions, State, Target, info};
use crate::migration::Migration;
use crate::placeholder::Placeholders;
use crate::script::{Script, SplitOptions};
use crate::server::Server;
use crate::validate::{ValidateOptions, validate};
use crate::version::MigrationVersion;

/// How to choose and check what is applied.
#[derive(Debug, Clone, Default)]
pub struct PlanOptions {
    /// Target and order.
    pub info: InfoOptions,
    /// What may differ between files and history; `None`: they are not compared, but failed migrations still stop.
    pub validate: Option<ValidateOptions>,
    /// What scripts are expanded with.
    pub placeholders: Placeholders,
    /// Versions and descriptions of the only migrations to apply, in the order in which they are applied; empty: all of them.
    pub cherry_pick: Vec<String>,
    /// How scripts are split; by the server's rules unless the statements must be those that Flyway sends.
    pub split: SplitOptions,
}

impl PlanOptions {
    /// Flyway's defaults: everything is validated, pending migrations are fine.
    pub fn validated() -> Self {
        Self { validate: Some(ValidateOptions::default()), ..Self::default() }
    }

    /// Makes up what is known of the server only once it is connected.
    pub fn suit(&mut self, server: &Server) {
        self.split.rules = self.split.rules.on(server);
    }
}

/// A migration that will be applied.
#[derive(Debug, Clone)]
pub struct Step<'m> {
    /// The file.
    pub migration: &'m Migration,
    /// Its statements.
    pub script: Script<'m>,
    /// Whether a later version is applied already.
    pub out_of_order: bool,
}

/// The migrations to apply, in order, with their statements.
///
/// # Errors
/// [`Error::Invalid`] with everything that is wrong: history against files, failed migrations, placeholders without
/// value, statements that cannot be split. [`Error::MissingTarget`] for a target that does not exist.
pub fn plan<'m>(
    migrations: &'m [Migration],
    rows: &[HistoryRow],
    options: &PlanOptions,
) -> Result<Vec<Step<'m>>, Error> {
    let info = info(migrations, rows, &options.info);
    if let Target::Version { version, optional: false } = &options.info.target
        && !info.contains(version)
    {
        return Err(Error::MissingTarget { version: version.to_string() });
    }
    let mut findings = match &options.validate {
        // What is left out on purpose is no fault.
        Some(validation) if options.cherry_pick.is_empty() => validate(&info, &validation.with_pending()),
        Some(validation) => validate(&info, &validation.with_waiting()),
        None => failures(&info),
    };
    let newest = info.current();
    let mut steps = Vec::new();
    for migration in chosen(&info, &options.cherry_pick)? {
        let (script, problems) = migration.outline(&options.placeholders, &options.split)?;
        findings.extend(problems);
        let out_of_order =
            migration.version.as_ref().is_some_and(|version| newest.is_some_and(|last| version < last));
        steps.push(Step { migration, script, out_of_order });
    }
    if findings.iter().any(Finding::is_error) { Err(Error::Invalid { findings }) } else { Ok(steps) }
}

/// The migrations to apply. What is picked may lie below the newest applied version.
fn chosen<'m>(info: &Info<'m, '_>, picks: &[String]) -> Result<Vec<&'m Migration>, Error> {
    if picks.is_empty() {
        return Ok(info.pending().collect());
    }
    let waits = |state| matches!(state, State::Pending | State::Ignored | State::AboveTarget);
    let mut picked = Vec::new();
    for pick in picks {
        let is_it = |migration: &Migration| match &migration.version {
            Some(version) => MigrationVersion::parse(pick).is_ok_and(|pick| pick == *version),
            None => migration.description == pick.replace('_', " "),
        };
        let mut known = info.entries.iter().filter(|entry| entry.migration.is_some_and(is_it)).peekable();
        if known.peek().is_none() {
            return Err(Error::NothingToPick { pick: pick.clone() });
        }
        // What is applied already needs nothing.
        picked.extend(known.find(|entry| waits(entry.state)).and_then(|entry| entry.migration));
    }
    Ok(picked)
}

pub(crate) fn failures(info: &Info<'_, '_>) -> Vec<Finding> {
    let failed = info.entries.iter().filter(|entry| entry.state.is_failed());
    failed
        .map(|entry| Finding::Failed { name: entry.name(), repeatable: entry.version().is_none() })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::info::tests::{files, rows};
    use crate::resolve::{LocationFile, resolve};
    use crate::script::SplitRules;

    fn scripts<'m>(steps: &[Step<'m>]) -> Vec<&'m str> {
        steps.iter().map(|step| step.migration.script.as_str()).collect()
    }

    #[test]
    fn pending_migrations_in_order() {
        let files = files(&["V1__x.sql", "V2__x.sql", "R__r.sql", "V3__x.sql"]);
        let steps = plan(&files, &rows(&["1 SQL"]), &PlanOptions::validated()).unwrap();
        assert_eq!(scripts(&steps), ["V2__x.sql", "V3__x.sql", "R__r.sql"]);
        assert_eq!(steps[0].script.statements.len(), 1);
    }

    #[test]
    fn late_ones_are_marked() {
        let files = files(&["V1__x.sql", "V2__x.sql"]);
        let mut options = PlanOptions::validated();
        assert!(matches!(plan(&files, &rows(&["2 SQL"]), &options), Err(Error::Invalid { .. })));
        options.info.out_of_order = true;
        assert!(plan(&files, &rows(&["2 SQL"]), &options).unwrap()[0].out_of_order);
    }

    #[test]
    fn failed_migrations_stop_even_without_validation() {
        let files = files(&["V1__x.sql", "V2__x.sql"]);
        let history = rows(&["1 SQL failed"]);
        for options in [PlanOptions::default(), PlanOptions::validated()] {
            let Err(Error::Invalid { findings }) = plan(&files, &history, &options) else { panic!() };
            assert!(matches!(findings.as_slice(), [Finding::Failed { .. }]));
        }
        let changed = rows(&["1 SQL changed"]);
        assert!(plan(&files, &changed, &PlanOptions::validated()).is_err());
        assert_eq!(plan(&files, &changed, &PlanOptions::default()).unwrap().len(), 1);
    }

    #[test]
    fn a_target_must_exist_unless_it_is_optional() {
        let files = files(&["V1__x.sql", "V2__x.sql"]);
        let with = |target: &str| PlanOptions {
            info: InfoOptions { target: Target::parse(target).unwrap(), out_of_order: false },
            ..PlanOptions::validated()
        };
        assert!(
            matches!(plan(&files, &[], &with("1.5")), Err(Error::MissingTarget { version }) if version == "1.5")
        );
        assert_eq!(plan(&files, &[], &with("1.5?")).unwrap().len(), 1);
        assert_eq!(plan(&files, &[], &with("next")).unwrap().len(), 1);
    }

    #[test]
    fn statements_are_those_of_the_chosen_rules() {
        let file = |text: &str| LocationFile {
            script: "V1__x.sql".into(),
            path: "V1__x.sql".into(),
            bytes: text.into(),
        };
        let (files, _) = resolve(vec![file("BEGIN NOT ATOMIC DO 1; END; /*! DO 2 */; DO 3--1; DO ${a}")]);
        let count = |rules| {
            let mut options = PlanOptions::validated();
            options.placeholders.set("a", "4; DO 5");
            options.split.rules = rules;
            plan(&files, &[], &options).unwrap()[0].script.statements.len()
        };
        assert_eq!(count(SplitRules::Server), 5);
        assert_eq!(count(SplitRules::FlywayMySql), 3);
        assert_eq!(count(SplitRules::FlywayMariaDb), 2);
    }

    #[test]
    fn broken_scripts_stop_everything_with_all_problems() {
        let file = |name: &str, text: &str| LocationFile {
            script: name.into(),
            path: name.into(),
            bytes: text.into(),
        };
        let (files, _) = resolve(vec![file("V1__x.sql", "SELECT '${a}';"), file("V2__x.sql", "SELECT 'x;")]);
        let Err(Error::Invalid { findings }) = plan(&files, &[], &PlanOptions::validated()) else { panic!() };
        assert_eq!(findings.len(), 2);
    }
}
