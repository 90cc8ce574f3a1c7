//! Runs gh-ost and pt-online-schema-change for changes of large tables.
//!
//! The password reaches them in a file that only we may read, never in their arguments or environment.

mod line;

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use migrate_core::mysql::ConnectOptions;
use migrate_core::online::{Advance, Change, Changing, Look, Online, OnlineTool};
use secrecy::ExposeSecret as _;
use tempfile::NamedTempFile;

use crate::args::{Online as Arguments, Tool};
use crate::environment;
use crate::failure::Problem;

/// How many of its last lines are shown when a tool fails.
const LAST_LINES: usize = 12;

/// How long its pipes may stay open once a tool has ended.
const DRAIN: Duration = Duration::from_secs(1);

/// What the command line says of tools.
pub(super) fn online(arguments: &Arguments, options: &ConnectOptions) -> Result<Option<Online>, Problem> {
    let Some(tool) = arguments.tool else { return Ok(None) };
    let more = line::split(&arguments.arguments).ok_or(Problem::OnlineArguments)?;
    if tool == Tool::GhOst && options.socket.is_some() {
        return Err(Problem::OnlineSocket);
    }
    let runner = Runner { tool, options: options.clone(), more };
    Ok(Some(Online { over: arguments.over, tool: Arc::new(runner) }))
}

/// A tool and the connection that it is to make.
#[derive(Debug)]
struct Runner {
    tool: Tool,
    options: ConnectOptions,
    more: Vec<String>,
}

impl Runner {
    fn secret(&self) -> &str {
        self.options.password.as_ref().map_or("", |password| password.expose_secret())
    }
}

impl OnlineTool for Runner {
    fn name(&self) -> &'static str {
        match self.tool {
            Tool::GhOst => "gh-ost",
            Tool::PtOsc => "pt-online-schema-change",
        }
    }

    fn begin(&self, change: &Change) -> Result<Box<dyn Changing + Send>, String> {
        let start = || -> std::io::Result<Running> {
            // Made for its owner alone.
            let mut file = tempfile::Builder::new().prefix("infra-").suffix(".cnf").tempfile()?;
            file.write_all(line::options_file(self.tool, &self.options).as_bytes())?;
            file.flush()?;
            let mut command = Command::new(self.name());
            command.args(line::arguments(self.tool, &self.options, change, file.path())).args(&self.more);
            for name in environment::holding(self.secret()) {
                command.env_remove(name);
            }
            // In a group of its own: the terminal's interrupt must not reach it a second time.
            let mut child = command
                .process_group(0)
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()?;
            let (sender, lines) = channel();
            if let Some(output) = child.stdout.take() {
                read(output, sender.clone());
            }
            if let Some(output) = child.stderr.take() {
                read(output, sender);
            }
            Ok(Running {
                tool: self.tool,
                child,
                lines,
                last: VecDeque::new(),
                secret: self.options.password.clone(),
                ended: false,
                _file: file,
            })
        };
        match start() {
            Ok(running) => Ok(Box::new(running)),
            Err(error) => Err(format!("could not be started: {error}")),
        }
    }

    fn leftovers(&self, change: &Change) -> (Vec<String>, Vec<String>) {
        let Change { schema, table, .. } = change;
        match self.tool {
            Tool::GhOst => (Vec::new(), ["gho", "ghc", "del"].map(|end| format!("_{table}_{end}")).into()),
            Tool::PtOsc => {
                // As it makes the name: byte by byte, and cut.
                let byte = |byte: u8| if byte.is_ascii_alphanumeric() { char::from(byte) } else { '_' };
                let prefix: String = format!("pt_osc_{schema}_{table}").bytes().map(byte).take(60).collect();
                let triggers = ["del", "upd", "ins"].map(|end| format!("{prefix}_{end}"));
                (triggers.into(), ["new", "old"].map(|end| format!("_{table}_{end}")).into())
            }
        }
    }
}

/// Sends each line on, until the other side or this one ends.
fn read(output: impl Read + Send + 'static, to: Sender<String>) {
    std::thread::spawn(move || {
        let mut output = BufReader::new(output);
        let mut line = Vec::new();
        while matches!(output.read_until(b'\n', &mut line), Ok(1..)) {
            if to.send(String::from_utf8_lossy(&line).trim_end().to_owned()).is_err() {
                return;
            }
            line.clear();
        }
    });
}

/// A tool at work.
struct Running {
    tool: Tool,
    child: Child,
    lines: Receiver<String>,
    last: VecDeque<String>,
    secret: Option<secrecy::SecretString>,
    ended: bool,
    /// The file with the password, which goes with this value.
    _file: NamedTempFile,
}

impl Running {
    /// Takes a line in, and gives what it says of the progress.
    fn take(&mut self, line: String) -> Option<Advance> {
        let advance = line::advance(self.tool, &line);
        if advance.is_none() && !line.is_empty() {
            let secret = self.secret.as_ref().map_or("", |secret| secret.expose_secret());
            self.last.push_back(if secret.is_empty() { line } else { line.replace(secret, "***") });
            if self.last.len() > LAST_LINES {
                self.last.pop_front();
            }
        }
        advance
    }

    fn end(&mut self, status: Result<ExitStatus, std::io::Error>) -> Look {
        self.ended = true;
        while let Ok(line) = self.lines.recv_timeout(DRAIN) {
            let _ = self.take(line);
        }
        let how = match &status {
            Ok(status) => match status.code() {
                Some(code) => format!("exited with code {code}"),
                None => format!("ended by {status}"),
            },
            Err(error) => format!("was lost sight of: {error}"),
        };
        let success = status.is_ok_and(|status| status.success());
        Look::Ended { success, how, lines: self.last.drain(..).collect() }
    }
}

impl Changing for Running {
    fn look(&mut self) -> Look {
        let mut news = None;
        while let Ok(line) = self.lines.try_recv() {
            news = self.take(line).or(news);
        }
        // The end can wait until what came before it is told.
        if news.is_some() {
            return Look::Working(news);
        }
        match self.child.try_wait() {
            Ok(None) => Look::Working(None),
            Ok(Some(status)) => self.end(Ok(status)),
            Err(error) => self.end(Err(error)),
        }
    }

    fn stop(&mut self) {
        // The whole group, since the tool may be behind a wrapper. Without a shell there is only the hard way.
        let group = OsString::from(self.child.id().to_string());
        let mut interrupt = Command::new("sh");
        interrupt
            .args(["-c", "kill -s INT -- \"-$0\""])
            .arg(group)
            .stdin(Stdio::null())
            .stderr(Stdio::null());
        if !interrupt.status().is_ok_and(|status| status.success()) {
            let _ = self.child.kill();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.ended {
            self.stop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_tool_leaves_has_the_tools_names() {
        let left = |tool, table: &str| {
            let runner = Runner { tool, options: ConnectOptions::default(), more: Vec::new() };
            let change = Change { schema: "shop-1".into(), table: table.into(), clauses: String::new() };
            runner.leftovers(&change)
        };
        let (triggers, tables) = left(Tool::PtOsc, "größe");
        assert_eq!(triggers[0], "pt_osc_shop_1_gr____e_del");
        assert_eq!(tables, ["_größe_new", "_größe_old"]);
        assert_eq!(left(Tool::PtOsc, &"t".repeat(64)).0[1].len(), 64);
        assert_eq!(left(Tool::GhOst, "t"), (vec![], vec!["_t_gho".into(), "_t_ghc".into(), "_t_del".into()]));
    }
}
