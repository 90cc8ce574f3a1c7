//! One module a command; each turns arguments into library calls and their results into an [`Outcome`].

mod baseline;
mod check;
mod compat;
mod completions;
mod doctor;
pub(crate) mod flyway;
mod krm;
mod manifests;
pub(crate) mod migrate;
mod network;
mod render;

use crate::args::{Baseline, Cli, Command, Compat, Format, Network};
use crate::exit::Exit;
use crate::outcome;
use crate::tree::Tree;
use crate::ui::Ui;

/// Runs the command, prints what it came to and gives the exit code.
pub(crate) fn run(cli: &Cli, ui: &Ui) -> Exit {
    let tree = || Tree::open(cli.global.root.as_deref());
    let environment = cli.global.env.as_deref();
    if cli.global.format.is_picture() && !has_format(&cli.command, cli.global.format) {
        return outcome::refuse_format(&cli.global, ui);
    }
    // The name is that of the JSON schema.
    let (name, result) = match &cli.command {
        Command::Flyway { arguments } => return flyway::run(arguments, &cli.global),
        Command::Completions { shell } => ("completions", Ok(completions::run(*shell))),
        Command::Compat(question) => compat::run(question, tree(), environment, cli.global.format),
        Command::Doctor(arguments) => {
            ("doctor", tree().and_then(|tree| doctor::run(arguments, &tree, environment)))
        }
        Command::Check => ("check", tree().and_then(|tree| check::run(&tree, environment))),
        Command::Baseline(Baseline::Build(arguments)) => {
            ("baseline.build", baseline::build(arguments, cli.global.root.as_deref()))
        }
        Command::Baseline(Baseline::Verify(arguments)) => {
            ("baseline.verify", baseline::verify::run(arguments, cli.global.root.as_deref(), ui))
        }
        Command::Baseline(Baseline::Lint(arguments)) => {
            ("baseline.lint", baseline::lint::run(arguments, cli.global.root.as_deref()))
        }
        Command::Baseline(Baseline::Diff(arguments)) => {
            ("baseline.diff", baseline::diff::run(arguments, cli.global.root.as_deref(), cli.global.format))
        }
        Command::Baseline(Baseline::Graph(arguments)) => {
            ("baseline.graph", baseline::graph::run(arguments, cli.global.root.as_deref(), cli.global.format))
        }
        Command::Baseline(Baseline::Dump(arguments)) => {
            ("baseline.dump", baseline::dump::run(arguments, cli.global.root.as_deref()))
        }
        Command::Render(arguments) => render::run(arguments, cli.global.root.as_deref()),
        Command::Krm => ("krm", krm::run(cli.global.root.as_deref())),
        Command::Manifests(verb) => manifests::run(verb, cli.global.root.as_deref()),
        Command::Network(verb) => network::run(verb, &cli.global),
        Command::Migrate(verb) => {
            let place = migrate::Place { root: cli.global.root.as_deref(), environment };
            migrate::run(verb, place, cli.global.format, ui)
        }
        Command::Baseline(Baseline::Load(arguments)) => {
            ("baseline.load", baseline::load(arguments, cli.global.root.as_deref(), ui))
        }
    };
    outcome::finish(name, result, &cli.global, ui)
}

/// Whether a command has one of the forms that few commands have.
fn has_format(command: &Command, format: Format) -> bool {
    match command {
        Command::Baseline(Baseline::Diff(_)) => format == Format::Sql,
        Command::Baseline(Baseline::Graph(_)) => {
            matches!(format, Format::Dot | Format::Mermaid | Format::Svg)
        }
        Command::Compat(Compat::Graph(_)) => {
            matches!(format, Format::Tree | Format::Dot | Format::Mermaid | Format::Svg)
        }
        Command::Network(Network::Graph(_) | Network::Diff(_)) => {
            matches!(format, Format::Txt | Format::Csv | Format::Md | Format::Dot | Format::Mermaid)
        }
        _ => false,
    }
}
