//! Flyway's command line: `-key=value`, flags and verbs, in any order.

use std::collections::BTreeSet;

use super::assignment::{Assignment, Place, Value};
use super::option::OPTIONS;
use super::problem::Problem;
use super::suggest::nearest;

/// A command line, understood.
#[derive(Debug, Clone, Default)]
pub struct Arguments {
    /// What to do, in this order.
    pub verbs: Vec<Verb>,
    /// What stands alone.
    pub flags: BTreeSet<Flag>,
    /// The options.
    pub assignments: Vec<Assignment>,
}

/// What Flyway is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "Flyway's names, explained by its own documentation")]
pub enum Verb {
    Migrate,
    Info,
    Validate,
    Repair,
    Baseline,
    Clean,
    Undo,
    Version,
    Help,
}

/// An argument without a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flag {
    /// `-X`: more detail.
    Debug,
    /// `-q`: only warnings and errors.
    Quiet,
    /// `-migrationIds`: `info` prints nothing but versions.
    MigrationIds,
}

const VERBS: [(&str, Verb); 9] = [
    ("migrate", Verb::Migrate),
    ("info", Verb::Info),
    ("validate", Verb::Validate),
    ("repair", Verb::Repair),
    ("baseline", Verb::Baseline),
    ("clean", Verb::Clean),
    ("undo", Verb::Undo),
    ("version", Verb::Version),
    ("help", Verb::Help),
];

/// Verbs of the paid editions and of other databases, and what does the same here.
const OTHER_VERBS: [(&str, &str); 20] = [
    ("add", "`infra migrate new` makes the next migration's file"),
    ("auth", "nothing here needs a licence"),
    ("backup", "use the server's own backup"),
    (
        "check",
        "`infra check` and `infra migrate lint` verify migrations; `infra migrate info` shows what is pending",
    ),
    ("deploy", "`infra migrate apply` applies migrations"),
    ("diff", "`infra baseline` compares schemas"),
    ("diffApply", "`infra baseline` compares schemas"),
    ("diffText", "`infra baseline` compares schemas"),
    ("generate", "`infra migrate new` makes the next migration's file"),
    ("init", "write a flyway.toml, or run `infra check` in a tree of your own"),
    ("list-engines", "MySQL and MariaDB"),
    ("listEngines", "MySQL and MariaDB"),
    ("licenses", "nothing here needs a licence"),
    ("mcp", "there is no such server here"),
    ("model", "`infra baseline` keeps the schema as files"),
    ("prepare", "`infra migrate new` makes the next migration's file"),
    ("restore", "use the server's own backup"),
    ("snapshot", "`infra baseline` keeps the schema as files"),
    ("testConnection", "`infra flyway info` connects and reads"),
    ("upgrade", "install another version of infra"),
];

/// Flags that ask for what happens anyway: no release check, no prompt, no licence.
const IDLE_FLAGS: [&str; 3] = ["-skipCheckForUpdate", "-communityFallback", "-n"];

/// Reads the arguments after the program's name. Empty ones are passed over, as Flyway does.
pub fn read<S: AsRef<str>>(arguments: &[S]) -> (Arguments, Vec<Problem>) {
    let (mut read, mut problems) = (Arguments::default(), Vec::new());
    for argument in arguments.iter().map(AsRef::as_ref).filter(|argument| !argument.trim().is_empty()) {
        if let Err(problem) = read.add(argument) {
            problems.push(problem);
        }
    }
    if read.verbs.contains(&Verb::Help) {
        // What follows `help` is what help is wanted for.
        problems.clear();
    }
    (read, problems)
}

impl Arguments {
    fn add(&mut self, argument: &str) -> Result<(), Problem> {
        match (argument.strip_prefix('-'), argument.split_once('=')) {
            (None, _) => self.verbs.push(verb(argument)?),
            (Some(_), Some((name, value))) => self.assign(&name[1..], value)?,
            (Some(_), None) => match argument {
                "-X" => _ = self.flags.insert(Flag::Debug),
                "-q" => _ = self.flags.insert(Flag::Quiet),
                "-migrationIds" => _ = self.flags.insert(Flag::MigrationIds),
                "-v" | "--version" => self.verbs.push(Verb::Version),
                "-?" | "-h" | "--help" => self.verbs.push(Verb::Help),
                _ if IDLE_FLAGS.contains(&argument) => {}
                _ => return Err(unknown_flag(argument)),
            },
        }
        Ok(())
    }

    fn assign(&mut self, name: &str, value: &str) -> Result<(), Problem> {
        if self.assignments.iter().any(|assignment| assignment.name == name) {
            return Err(Problem::new(
                "flyway/given-twice",
                format!("`-{name}=` is given twice"),
                "leave one of them out; a list stands in one argument, separated by commas",
            ));
        }
        let place = Place::Argument(name.to_owned());
        self.assignments.push(Assignment { name: name.to_owned(), value: Value::text(value), place });
        Ok(())
    }
}

fn verb(word: &str) -> Result<Verb, Problem> {
    if let Some((_, verb)) = VERBS.iter().find(|(name, _)| *name == word) {
        return Ok(*verb);
    }
    if let Some((_, instead)) = OTHER_VERBS.iter().find(|(name, _)| *name == word) {
        let message = format!("`{word}` is a command of Flyway that is not taken over");
        return Err(Problem::new("flyway/command", message, *instead));
    }
    let names = VERBS.map(|(name, _)| name);
    let help = match nearest(word, names) {
        Some(known) => format!("did you mean `{known}`?"),
        None => format!("commands are {}; options are written `-key=value`", names.join(", ")),
    };
    Err(Problem::new("flyway/command", format!("`{word}` is no command of Flyway"), help))
}

fn unknown_flag(flag: &str) -> Problem {
    let name = flag.trim_start_matches('-');
    let options = OPTIONS.iter().map(|option| option.name);
    let help = match nearest(name, options) {
        Some(known) => format!("write `-{known}=value`, without spaces"),
        None => "flags are -X, -q, -v, -h and -migrationIds; options are written `-key=value`".to_owned(),
    };
    Problem::new("flyway/unknown-option", format!("`{flag}` is no flag of Flyway"), help)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn refused(argument: &str) -> String {
        let (_, problems) = read(&["migrate", argument]);
        let [problem] = &problems[..] else { panic!("{problems:?}") };
        format!("{problem}: {}", miette::Diagnostic::help(problem).unwrap())
    }

    #[test]
    fn options_flags_and_verbs_in_any_order() {
        let (read, problems) =
            read(&["-url=jdbc:mysql://h/d?a=b", "info", "-q", "", "-placeholders.x=", "migrate", "-n", "-v"]);
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!(read.verbs, [Verb::Info, Verb::Migrate, Verb::Version]);
        assert_eq!(read.flags, BTreeSet::from([Flag::Quiet]));
        let given: Vec<_> =
            read.assignments.iter().map(|given| (given.name.as_str(), given.value.as_text())).collect();
        assert_eq!(given, [("url", Some("jdbc:mysql://h/d?a=b")), ("placeholders.x", Some(""))]);
    }

    #[test]
    fn what_is_not_understood_is_named() {
        assert!(refused("migrat").contains("`migrate`"));
        assert!(refused("-outOfOrder").contains("-outOfOrder=value"));
        assert!(refused("--dry-run").contains("`--dry-run`"));
        assert!(refused("check").contains("`infra check`"));
        let (_, problems) = read(&["-table=a", "-table=b"]);
        assert!(problems[0].to_string().contains("`-table=` is given twice"));
    }

    #[test]
    fn help_is_given_for_anything() {
        let (read, problems) = read(&["help", "check"]);
        assert!(problems.is_empty() && read.verbs == [Verb::Help]);
    }

    proptest! {
        #[test]
        fn any_arguments_are_read(arguments in prop::collection::vec("-?[a-z.é=-]{0,12}", 0..6)) {
            let _ = read(&arguments);
        }
    }
}
