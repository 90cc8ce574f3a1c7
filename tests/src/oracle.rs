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
        self.configure(command.args(verbs));
        command
    }

    /// A verb of the Maven plugin, not yet started: of what is in Maven Central, the only Flyway that is a program as users run it.
    pub fn of_maven(&self, verb: &str) -> Command {
        let mut command = Command::new(tool("FLYWAY_MAVEN"));
        self.configure(command.arg(verb));
        command
    }

    fn configure(&self, command: &mut Command) {
        command
            .env("FLYWAY_URL", self.database.jdbc_url())
            .env("FLYWAY_USER", crate::servers::USER)
            .env("FLYWAY_PASSWORD", crate::servers::PASSWORD)
            .env("FLYWAY_LOCATIONS", format!("filesystem:{}", self.locations.display()))
            .envs(self.settings.iter().map(|(name, value)| (format!("FLYWAY_{name}"), value)));
    }

    /// `info` as rows of version, description, type, state and checksum.
    #[track_caller]
    pub fn info(&self) -> Vec<Vec<String>> {
        let text = self.run(&["info"]).output();
        text.lines().map(|line| line.split('\t').map(ToOwned::to_owned).collect()).collect()
    }
}

/// `kubeconform` on a file, not yet started: strict, and with the schemas of one release of Kubernetes on disk.
pub fn kubeconform(file: &Path) -> Command {
    let mut command = Command::new(tool("KUBECONFORM"));
    let schemas = tool("KUBERNETES_SCHEMAS").join("{{.ResourceKind}}{{.KindSuffix}}.json");
    command.args(["-strict", "-schema-location"]).arg(schemas).arg(file);
    command
}

/// netpol-analyzer's list of the allowed connections of a directory, not yet started.
pub fn netpol_analyzer(directory: &Path) -> Command {
    let mut command = Command::new(tool("NETPOL_ANALYZER"));
    command.args(["list", "--quiet", "--output", "csv", "--dirpath"]).arg(directory);
    command
}

/// sqldef's plan from the schema in a file to the one on standard input, not yet started.
pub fn mysqldef(current: &Path) -> Command {
    let mut command = Command::new(tool("MYSQLDEF"));
    command.args(["--dry-run", "--enable-drop-table"]).arg(current);
    command
}

/// The same from the schema of a server.
pub fn mysqldef_on(database: &Database) -> Command {
    let mut command = mysqldef(Path::new(database.name()));
    let port = database.server().port().to_string();
    command.args(["-u", crate::servers::USER, "-h", "127.0.0.1", "-P", &port]);
    command.env("MYSQL_PWD", crate::servers::PASSWORD);
    command
}

/// Skeema on one schema of a server, not yet started.
pub fn skeema(database: &Database, arguments: &[&str], directory: &Path) -> Command {
    let mut command = Command::new(tool("SKEEMA"));
    let port = database.server().port().to_string();
    command.current_dir(directory).args(arguments).arg("--skip-my-cnf");
    command.args(["--user", crate::servers::USER]).env("MYSQL_PWD", crate::servers::PASSWORD);
    if arguments.first() == Some(&"init") {
        command.args(["--host", "127.0.0.1", "--port", &port, "--schema", database.name()]);
    }
    command
}
