//! Running programs and reading what they print.

use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::servers::{Database, PASSWORD};

/// What a program printed and how it ended.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The command line, for messages.
    pub command: String,
    /// The exit code; -1 when a signal ended it.
    pub code: i32,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
    /// How long it ran.
    pub elapsed: Duration,
}

impl Outcome {
    /// Insists on an exit code, showing everything the program printed otherwise.
    #[track_caller]
    #[must_use]
    pub fn exits(self, code: i32) -> Self {
        assert!(
            self.code == code,
            "`{}` exited {} instead of {code}\n--- stdout\n{}\n--- stderr\n{}",
            self.command,
            self.code,
            self.stdout,
            self.stderr
        );
        self
    }

    /// Insists on success and gives what was printed.
    #[track_caller]
    pub fn output(self) -> String {
        self.exits(0).stdout
    }

    /// Standard output as the one JSON object that it must be.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| {
            panic!(
                "`{}` printed no JSON ({error})\n--- stdout\n{}\n--- stderr\n{}",
                self.command, self.stdout, self.stderr
            )
        })
    }

    /// Everything printed, for searching.
    pub fn all(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}

/// Runs a prepared command to its end with no standard input.
pub fn run(command: &mut Command) -> Outcome {
    let started = start(command, Stdio::null());
    finish(command, started)
}

/// Runs a prepared command with `input` on its standard input.
pub fn run_with_input(command: &mut Command, input: &[u8]) -> Outcome {
    let (mut child, begun) = start(command, Stdio::piped());
    let mut stdin = child.stdin.take().expect("standard input is piped");
    let input = input.to_vec();
    // On a thread of its own: the program may print before it has read everything.
    let writer = std::thread::spawn(move || {
        // A program that stops reading says why by its exit code.
        let _ = stdin.write_all(&input);
    });
    let outcome = finish(command, (child, begun));
    writer.join().expect("the writer does not panic");
    outcome
}

fn start(command: &mut Command, stdin: Stdio) -> (Child, Instant) {
    let begun = Instant::now();
    let child = command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    (child.unwrap_or_else(|error| panic!("cannot run {command:?}: {error}")), begun)
}

fn finish(command: &Command, (child, begun): (Child, Instant)) -> Outcome {
    let output =
        child.wait_with_output().unwrap_or_else(|error| panic!("cannot wait for {command:?}: {error}"));
    let text = |bytes| {
        String::from_utf8(bytes).unwrap_or_else(|_| panic!("{command:?} printed something that is not UTF-8"))
    };
    Outcome {
        command: std::iter::once(command.get_program())
            .chain(command.get_args())
            .map(OsStr::to_string_lossy)
            .collect::<Vec<_>>()
            .join(" "),
        code: output.status.code().unwrap_or(-1),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
        elapsed: begun.elapsed(),
    }
}

/// The binary under test in a directory, with an environment that holds nothing of the caller's but PATH.
#[derive(Debug)]
pub struct Infra {
    binary: PathBuf,
    directory: PathBuf,
    environment: Vec<(String, OsString)>,
}

impl Infra {
    /// `binary` run in `directory`.
    pub fn new(binary: impl Into<PathBuf>, directory: impl Into<PathBuf>) -> Self {
        Self { binary: binary.into(), directory: directory.into(), environment: Vec::new() }
    }

    /// With one more environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    /// Connected to a database, with the password where it belongs: in the environment.
    #[must_use]
    pub fn on(self, database: &Database) -> Self {
        self.env("INFRA_MYSQL_URL", database.url()).env("INFRA_MYSQL_PASSWORD", PASSWORD)
    }

    /// The command, not yet started.
    pub fn command<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(arguments).current_dir(&self.directory).env_clear();
        for name in ["PATH", "LD_LIBRARY_PATH", "LLVM_PROFILE_FILE"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.env("HOME", &self.directory).envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// The command on a terminal of so many columns: both streams of it come as one.
    pub fn on_terminal<S: AsRef<OsStr>>(&self, columns: u16, arguments: &[S]) -> Command {
        let inner = self.command(arguments);
        let mut script = Command::new("script");
        // The shell is given the program and its arguments as they are, by its own variables.
        script
            .args(["--quiet", "--return", "--command"])
            .arg(format!("stty rows 24 cols {columns}; eval \"$RUN\""))
            .arg("/dev/null");
        let quoted = |word: &OsStr| format!("'{}'", word.to_string_lossy().replace('\'', "'\\''"));
        let words = std::iter::once(inner.get_program()).chain(inner.get_args()).map(quoted);
        script.env_clear().current_dir(&self.directory).env("TERM", "xterm").env("SHELL", "/bin/sh");
        script.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
        script.env("RUN", words.collect::<Vec<_>>().join(" "));
        script
    }

    /// Runs it to its end.
    pub fn run<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Outcome {
        run(&mut self.command(arguments))
    }
}
