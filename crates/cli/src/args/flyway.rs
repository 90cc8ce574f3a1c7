//! Keeps what is Flyway's on the command line apart from what is ours.

use std::ffi::OsString;
use std::path::Path;

/// The name of a command that takes the command line of another program.
const FLYWAY: &str = "flyway";

/// Global options that are followed by their value.
const WITH_VALUE: [&str; 6] = ["-C", "-e", "--env", "--format", "--color", "--fail-on"];

/// The command line with everything that is Flyway's behind `--`, so that none of it is taken for an option of ours. A program
/// that is called `flyway` has nothing else.
pub(crate) fn set_flyway_apart(mut arguments: Vec<OsString>) -> Vec<OsString> {
    let program = arguments.first().map(Path::new).and_then(Path::file_stem);
    let at = if program.is_some_and(|name| name == FLYWAY) {
        arguments.insert(1, FLYWAY.into());
        Some(1)
    } else {
        let mut at = 1;
        while let Some(argument) = arguments.get(at).filter(|argument| is_option(argument)) {
            at += if WITH_VALUE.iter().any(|option| argument == option) { 2 } else { 1 };
        }
        arguments.get(at).is_some_and(|command| command == FLYWAY).then_some(at)
    };
    if let Some(at) = at.filter(|at| arguments.get(at + 1).is_none_or(|next| next != "--")) {
        arguments.insert(at + 1, "--".into());
    }
    arguments
}

fn is_option(argument: &OsString) -> bool {
    argument.as_encoded_bytes().first() == Some(&b'-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Cli, Command};
    use clap::{CommandFactory as _, Parser as _};

    #[test]
    fn what_is_flyways_is_left_to_it() {
        let apart = |line: &str| {
            let arguments = set_flyway_apart(line.split(' ').map(OsString::from).collect());
            arguments.iter().map(|argument| argument.to_string_lossy()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(apart("infra flyway -environment=x -q info"), "infra flyway -- -environment=x -q info");
        assert_eq!(apart("infra -q --color never flyway -e"), "infra -q --color never flyway -- -e");
        assert_eq!(apart("infra flyway -- info"), "infra flyway -- info");
        assert_eq!(apart("/opt/bin/flyway -v"), "/opt/bin/flyway flyway -- -v");
        for other in ["infra -C flyway check", "infra migrate new flyway", "infra"] {
            assert_eq!(apart(other), other);
        }
        let Command::Flyway { arguments } =
            Cli::parse_from(set_flyway_apart(["infra", "flyway", "--help", "-e"].map(OsString::from).into()))
                .command
        else {
            panic!("another command");
        };
        assert_eq!(arguments, ["--help", "-e"]);
    }

    #[test]
    fn the_options_that_have_a_value_are_known() {
        let command = Cli::command();
        let mut taking = Vec::new();
        for argument in command.get_arguments().filter(|argument| argument.get_action().takes_values()) {
            taking.extend(argument.get_short().map(|short| format!("-{short}")));
            taking.extend(argument.get_long().map(|long| format!("--{long}")));
        }
        taking.sort();
        let mut known = WITH_VALUE.map(str::to_owned).to_vec();
        known.sort();
        assert_eq!(taking, known);
    }
}
