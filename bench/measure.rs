//! Running commands against the clock.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// One line of the table.
#[derive(Debug)]
pub(crate) struct Row {
    /// What was done, and on what.
    pub(crate) name: String,
    /// How long `infra` took.
    pub(crate) ours: Duration,
    /// Who else did it, and how long it took.
    pub(crate) peers: Vec<Peer>,
    /// The most memory that `infra` had, in bytes.
    pub(crate) memory: Option<u64>,
    /// How many bytes of SQL it went through, where that is what counts.
    pub(crate) bytes: Option<u64>,
}

/// Who else does it.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    pub(crate) took: Duration,
    /// The most memory that it had, in bytes, where that was asked.
    pub(crate) memory: Option<u64>,
}

impl Peer {
    pub(crate) fn new(name: &'static str, took: Duration) -> Self {
        Self { name, took, memory: None }
    }
}

/// The rows so far, and what they are about.
#[derive(Debug)]
pub(crate) struct Bench {
    binary: PathBuf,
    words: Vec<String>,
    rows: Vec<Row>,
}

impl Bench {
    pub(crate) fn new(binary: PathBuf, words: Vec<String>) -> Self {
        Self { binary, words, rows: Vec::new() }
    }

    /// The binary that is measured, not yet started, in a directory.
    pub(crate) fn infra(&self, directory: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.current_dir(directory).args(arguments);
        command
    }

    /// Whether a row is wanted.
    pub(crate) fn wants(&self, name: &str) -> bool {
        let wanted = self.words.is_empty() || self.words.iter().any(|word| name.contains(word.as_str()));
        if wanted {
            eprintln!("measuring: {name}");
        }
        wanted
    }

    pub(crate) fn add(&mut self, row: Row) {
        self.rows.push(row);
    }

    pub(crate) fn rows(&self) -> &[Row] {
        &self.rows
    }
}

/// The median time of `runs` runs; each gets a command of its own, and making it is not measured. One more run comes first to warm the caches.
pub(crate) fn median(runs: usize, mut command: impl FnMut() -> Command) -> Duration {
    once(&mut command());
    middle((0..runs).map(|_| once(&mut command())).collect())
}

/// The median of some times.
pub(crate) fn middle(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// The time of one run, which must succeed.
pub(crate) fn once(command: &mut Command) -> Duration {
    let stdin = Stdio::null();
    timed(command.stdin(stdin))
}

/// The time of one run with a file on standard input.
pub(crate) fn once_reading(command: &mut Command, file: &Path) -> Duration {
    let file = std::fs::File::open(file).expect("a generated file can be read");
    timed(command.stdin(file))
}

/// The time of one run that may end with any of some codes.
pub(crate) fn once_ending(command: &mut Command, codes: &[i32]) -> Duration {
    let begun = Instant::now();
    let status = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("the command can be started");
    let elapsed = begun.elapsed();
    assert!(status.code().is_some_and(|code| codes.contains(&code)), "{command:?}: {status}");
    elapsed
}

fn timed(command: &mut Command) -> Duration {
    let begun = Instant::now();
    let output =
        command.stdout(Stdio::null()).stderr(Stdio::piped()).output().expect("the command can be started");
    let elapsed = begun.elapsed();
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    elapsed
}

/// How long this thread has had a core, in which waiting for one does not count.
pub(crate) fn time_on_core() -> Duration {
    let text =
        std::fs::read_to_string("/proc/thread-self/schedstat").expect("the kernel counts a thread's time");
    let nanoseconds = text.split(' ').next().and_then(|first| first.parse().ok());
    Duration::from_nanos(nanoseconds.expect("its first number is that time"))
}

/// The largest resident set of a run in bytes, as the kernel's own high-water mark said shortly before the end.
pub(crate) fn peak_memory(command: &mut Command) -> u64 {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the command can be started");
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let mut peak = 0;
    while child.try_wait().expect("a child can be waited for").is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let mark = text
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        peak = peak.max(mark.unwrap_or(0) * 1024);
        std::thread::sleep(Duration::from_micros(200));
    }
    peak
}
