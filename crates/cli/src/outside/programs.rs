//! Running programs to their end: standard input in, standard output out, a limit of time.

use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use k8s_render::outside::{Invocation, Unavailable};

/// When a program is given up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit(Duration);

impl Limit {
    pub(super) const fn new(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }
}

/// Helm and functions may take this long.
const RENDERING: Limit = Limit::new(600);
/// How much of what a program says about its failure is shown.
const SHOWN: usize = 2_000;

/// Runs what a render asks for.
pub(super) fn run(invocation: &Invocation) -> Result<Vec<u8>, Unavailable> {
    // A relative path is one of the kustomization's directory; a bare name is looked up.
    let program = if invocation.program.contains('/') {
        invocation.directory.join(&invocation.program).into_os_string()
    } else {
        invocation.program.clone().into()
    };
    let mut command = Command::new(program);
    command.args(&invocation.arguments).current_dir(&invocation.directory);
    command.envs(invocation.environment.iter().map(|(name, value)| (name, value)));
    let home = if invocation.needs_helm_home {
        let made = tempfile::tempdir();
        Some(made.map_err(|error| {
            Unavailable::new(format!("no temporary directory for Helm: {error}"), "set TMPDIR")
        })?)
    } else {
        None
    };
    for (name, below) in [("CONFIG", ""), ("CACHE", ".cache"), ("DATA", ".data")] {
        if let Some(home) = &home {
            command.env(format!("HELM_{name}_HOME"), home.path().join("helm").join(below));
        }
    }
    output(&mut command, &invocation.input, RENDERING)
}

/// Runs a command to its end and gives what it printed.
pub(super) fn output(command: &mut Command, input: &[u8], limit: Limit) -> Result<Vec<u8>, Unavailable> {
    let name = command.get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| {
        Unavailable::new(
            format!("`{name}` cannot be run: {error}"),
            format!("install `{name}`, or correct its path"),
        )
    })?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let input = input.to_vec();
    // Each stream on a thread of its own: a full pipe in one of them would stop the program.
    let writer = std::thread::spawn(move || {
        // A program that stops reading says why by its exit code.
        stdin.map(|mut stdin| stdin.write_all(&input))
    });
    let reader = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        stdout.map_or(Ok(0), |mut stdout| stdout.read_to_end(&mut bytes)).map(|_| bytes)
    });
    let errors = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // What cannot be read of the errors is only missing in a message.
        let _ = stderr.map(|mut stderr| stderr.read_to_end(&mut bytes));
        bytes
    });
    let finished = wait(&mut child, limit.0);
    let ended = |what: &str| Unavailable::new(format!("`{name}` {what}"), "run it by hand to see more");
    let status = match finished {
        Ok(Some(status)) => status,
        Ok(None) => return Err(ended(&format!("did not end within {} seconds", limit.0.as_secs()))),
        Err(error) => return Err(ended(&format!("cannot be waited for: {error}"))),
    };
    let _ = writer.join();
    let printed = reader
        .join()
        .ok()
        .and_then(Result::ok)
        .ok_or_else(|| ended("printed something that cannot be read"))?;
    let errors = errors.join().unwrap_or_default();
    if status.success() {
        return Ok(printed);
    }
    let text = String::from_utf8_lossy(&errors);
    let text = text.trim();
    let start = text.char_indices().map(|(at, _)| at).find(|at| text.len() - at <= SHOWN).unwrap_or(0);
    Err(ended(&format!("failed ({status}): {}", &text[start..])))
}

fn wait(child: &mut Child, limit: Duration) -> std::io::Result<Option<std::process::ExitStatus>> {
    let begun = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if begun.elapsed() >= limit {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, input: &[u8], seconds: u64) -> Result<Vec<u8>, String> {
        output(Command::new("sh").args(["-c", script]), input, Limit::new(seconds))
            .map_err(|error| error.problem)
    }

    #[test]
    fn streams_and_failures() {
        assert_eq!(shell("cat; echo more", b"in ", 10).unwrap(), b"in more\n");
        let failed = shell("echo no >&2; exit 3", b"", 10).unwrap_err();
        assert!(failed.contains("exit status: 3") && failed.contains("no"), "{failed}");
        let large = vec![b'x'; 1 << 20];
        assert_eq!(shell("cat", &large, 10).unwrap().len(), large.len());
    }

    #[test]
    fn a_program_that_does_not_end_is_ended() {
        assert!(shell("exec sleep 60", b"", 0).unwrap_err().contains("did not end"));
    }
}
