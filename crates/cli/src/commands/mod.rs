//! One module a command; each turns arguments into library calls and their results into an [`Outcome`].

mod baseline;
mod check;
mod compat;
mod completions;
pub(crate) mod flyway;
mod migrate;
mod network;
mod render;

use crate::args::{Baseline, Cli, Command, Compat, Network};
use crate::exit::Exit;
use crate::outcome;
use crate::tree::Tree;
use crate::ui::Ui;

/// Runs the command, prints what it came to and gives the exit code.
pub(crate) fn run(cli: &Cli, ui: &Ui) -> Exit {
    let tree = || Tree::open(cli.global.root.as_deref());
    let environment = cli.global.env.as_deref();
    let lists = matches!(cli.command, Command::Network(Network::Graph(_) | Network::Diff(_)));
    if cli.global.format.is_picture() && !lists {
        return outcome::refuse_format(&cli.global, ui);
    }
    // The name is that of the JSON schema.
    let (name, result) = match &cli.command {
        Command::Flyway { arguments } => return flyway::run(arguments, &cli.global),
        Command::Completions { shell } => ("completions", Ok(completions::run(*shell))),
        Command::Compat(Compat::Check { today }) => (
            "compat.check",
            tree().and_then(|tree| compat::check_graph(&tree, environment, today.as_deref())),
        ),
        Command::Check => ("check", tree().and_then(|tree| check::run(&tree, environment))),
        Command::Baseline(Baseline::Build(arguments)) => {
            ("baseline.build", baseline::build(arguments, cli.global.root.as_deref()))
        }
        Command::Render(arguments) => ("render", render::run(&arguments.what, cli.global.root.as_deref())),
        Command::Network(verb) => network::run(verb, &cli.global),
        Command::Migrate(verb) => {
            let place = migrate::Place { root: cli.global.root.as_deref(), environment };
            migrate::run(verb, place, ui)
        }
        Command::Baseline(Baseline::Load(arguments)) => {
            ("baseline.load", baseline::load(arguments, cli.global.root.as_deref(), ui))
        }
    };
    outcome::finish(name, result, &cli.global, ui)
}
