//! Schemas that components need against the migrations that environments hold.

use super::{Checker, Subject, dependencies::has};
use crate::{
    compatibility::{Part, SchemaPhase},
    finding::Finding,
    model::{ComponentId, EnvironmentId, EnvironmentSet},
    place::Spanned,
    range::Range,
    version::{Scheme, Suffix, Version},
};

/// The migrations of a database in an environment, oldest first.
pub(super) struct Level<'p> {
    environment: EnvironmentId,
    database: ComponentId,
    migrations: Vec<(Version, &'p str)>,
}

impl<'p> Checker<'p> {
    pub(super) fn schemas(&mut self) {
        if self.facts.is_none() {
            return;
        }
        let platform = self.platform;
        for (consumer, provider, dependency) in platform.dependencies() {
            let Some(range) = &dependency.schema else { continue };
            let own = self.own_needs.get(&consumer).copied().unwrap_or_default();
            let environments =
                dependency.environments.and(platform[provider].environments).and(self.scope).without(own);
            let mut unknown = EnvironmentSet::default();
            let mut unfit: Vec<(Version, EnvironmentSet)> = Vec::new();
            for environment in environments.iter().filter(|environment| self.is_rendered(*environment)) {
                match self.level_of(Part::Component(provider), environment) {
                    None => unknown.insert(environment),
                    Some(newest) if range.value.contains(newest) => {}
                    Some(newest) => match unfit.iter_mut().find(|(level, _)| *level == *newest) {
                        Some((_, environments)) => environments.insert(environment),
                        None => unfit.push((newest.clone(), environment.only())),
                    },
                }
            }
            let (user, database) = (&platform[consumer].name.value, &platform[provider].name.value);
            let subject = Subject::edge(user, database);
            self.report("compat/schema-unknown", subject, unknown, range.place, |src, span, environments| {
                let (consumer, database) = (user.to_string(), database.to_string());
                Finding::SchemaUnknown {
                    src,
                    span,
                    consumer,
                    database,
                    environments: platform.names(environments),
                    has: has(environments),
                }
            });
            for (newest, environments) in unfit {
                let help = self.schema_help(provider, range, &newest, environments);
                let level = newest.to_string();
                self.report(
                    "compat/schema-unsatisfied",
                    subject,
                    environments,
                    range.place,
                    |src, span, environments| Finding::SchemaUnsatisfied {
                        src,
                        span,
                        consumer: user.to_string(),
                        database: database.to_string(),
                        range: range.value.to_string(),
                        environments: platform.names(environments),
                        has: has(environments),
                        level: level.clone(),
                        help: help.clone(),
                    },
                );
            }
        }
        self.contracts();
    }

    /// The first migration that is missing or goes too far.
    fn schema_help(
        &self,
        database: ComponentId,
        range: &Spanned<std::sync::Arc<Range>>,
        newest: &Version,
        environments: EnvironmentSet,
    ) -> String {
        if range.value.is_below(newest) {
            let level = environments.iter().next().and_then(|environment| self.level(database, environment));
            let migrations = level.map_or(&[][..], |level| &level.migrations);
            return match migrations.iter().find(|(version, _)| range.value.is_below(version)) {
                Some((_, script)) => format!(
                    "`{script}` goes beyond it: deploy a version that accepts it first, then widen `schema`"
                ),
                None => "deploy a version that accepts it first, then widen `schema`".to_owned(),
            };
        }
        let elsewhere = self.levels.iter().filter(|level| level.database == database);
        let missing = elsewhere
            .flat_map(|level| &level.migrations)
            .filter(|(version, _)| version.key() > newest.key() && range.value.contains(version))
            .min_by(|left, right| left.0.key().cmp(right.0.key()));
        match missing {
            Some((_, script)) => format!("add `{script}` to the bundle there, or accept the older schema"),
            None => "write the migration, or correct `schema`".to_owned(),
        }
    }

    /// Steps that take something away must come after the last version that uses it.
    fn contracts(&mut self) {
        let platform = self.platform;
        for step in &platform.compatibility().schema {
            if step.phase != SchemaPhase::Contract {
                continue;
            }
            let reached: EnvironmentSet = self
                .scope
                .iter()
                .filter(|environment| {
                    let level = self.level_of(Part::Component(step.database), *environment);
                    level.is_some_and(|level| level.key() >= step.version.value.key())
                })
                .collect();
            for need in &step.needs {
                let Some(range) = &need.version else { continue };
                let mut early: Vec<(&Spanned<Version>, EnvironmentSet)> = Vec::new();
                for environment in reached.and(need.environments).iter() {
                    for version in platform.live(need.part, environment) {
                        if range.value.contains(&version.value) {
                            continue;
                        }
                        match early.iter_mut().find(|(other, _)| other.place == version.place) {
                            Some((_, environments)) => environments.insert(environment),
                            None => early.push((version, environment.only())),
                        }
                    }
                }
                for (version, environments) in early {
                    let (component, database) =
                        (platform.name_of(need.part), &platform[step.database].name.value);
                    let related = self.findings.note(version.place, "this version is declared here");
                    let rule = "compat/schema-contract-too-early";
                    let subject = Subject::edge(component, database);
                    self.report(
                        rule,
                        subject,
                        environments,
                        step.version.place,
                        |src, span, environments| Finding::SchemaContractTooEarly {
                            src,
                            span,
                            database: database.to_string(),
                            step: step.version.value.clone(),
                            component: component.to_owned(),
                            version: version.value.to_string(),
                            needed: range.value.to_string(),
                            environments: platform.names(environments),
                            related: related.clone(),
                        },
                    );
                }
            }
        }
    }

    /// The newest migration of a database in an environment, as far as facts tell.
    pub(super) fn level_of(&self, part: Part, environment: EnvironmentId) -> Option<&Version> {
        let Part::Component(database) = part else { return None };
        self.level(database, environment)?.migrations.last().map(|(version, _)| version)
    }

    fn level(&self, database: ComponentId, environment: EnvironmentId) -> Option<&Level<'p>> {
        self.levels.iter().find(|level| level.database == database && level.environment == environment)
    }
}

/// The facts about schemas with their names resolved. Migrations whose version is none are the business of who
/// reads migrations.
pub(super) fn levels<'p>(platform: &crate::Platform, facts: Option<&'p crate::Facts>) -> Vec<Level<'p>> {
    let schemas = facts.map_or(&[][..], |facts| &facts.schemas);
    let known = schemas.iter().filter_map(|schema| {
        let mut migrations: Vec<(Version, &str)> = schema
            .migrations
            .iter()
            .filter_map(|migration| {
                let version = Version::parse(&migration.version, Scheme::Flyway, Suffix::Compare).ok()?;
                Some((version, &*migration.script))
            })
            .collect();
        migrations.sort_by(|left, right| left.0.key().cmp(right.0.key()));
        Some(Level {
            environment: platform.environment(&schema.environment)?,
            database: platform.component(&schema.database)?,
            migrations,
        })
    });
    known.collect()
}
