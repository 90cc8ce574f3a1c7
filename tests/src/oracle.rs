//! The reference tools that `infra` stands beside.

use std::path::Path;
use std::process::Command;

use crate::run::{Outcome, run};
use crate::servers::Database;
use crate::tools::{self, tool};

/// What the stock `kustomize build` prints for a directory.
pub fn kustomize(directory: &Path) -> Outcome {
    run(Command::new(tools::kustomize()).arg("build").arg(directory))
}

/// Flyway's engine on one database and one directory of migrations.
#[derive(Debug)]
pub struct Flyway<'a> {
    database: &'a Database,
    locations: &'a Path,
    settings: Vec<(&'a str, &'a str)>,
}

impl<'a> Flyway<'a> {
    /// With its default settings.
    pub fn new(database: &'a Database, locations: &'a Path) -> Self {
        Self { database, locations, settings: Vec::new() }
    }

    /// With one more setting, under its environment name without the prefix: `TARGET`.
    #[must_use]
    pub fn set(mut self, name: &'a str, value: &'a str) -> Self {
        self.settings.push((name, value));
        self
    }

    /// Runs verbs in turn: migrate, validate, info, repair, baseline, clean; after `json`, with the output of `-outputType=json`.
    pub fn run(&self, verbs: &[&str]) -> Outcome {
        run(&mut self.command(verbs))
    }

    /// The command, not yet started.
    pub fn command(&self, verbs: &[&str]) -> Command {
        let mut command = Command::new(tool("FLYWAY"));
        command
            .args(verbs)
            .env("FLYWAY_URL", self.database.jdbc_url())
            .env("FLYWAY_USER", crate::servers::USER)
            .env("FLYWAY_PASSWORD", crate::servers::PASSWORD)
            .env("FLYWAY_LOCATIONS", format!("filesystem:{}", self.locations.display()))
            .envs(self.settings.iter().map(|(name, value)| (format!("FLYWAY_{name}"), value)));
        command
    }

    /// `info` as rows of version, description, type, state and checksum.
    #[track_caller]
    pub fn info(&self) -> Vec<Vec<String>> {
        let text = self.run(&["info"]).output();
        text.lines().map(|line| line.split('\t').map(ToOwned::to_owned).collect()).collect()
    }
}
