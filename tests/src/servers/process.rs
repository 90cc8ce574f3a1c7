//! A server as a private child process that never outlives the tests.

use std::io::Write as _;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Starts the program in its arguments, waits until standard input closes, then ends it and removes the directory. The pipe closes with the
/// test process however that ends, so the server is gone after a panic, a kill or Ctrl-C too (whose signal it ignores).
const WATCH: &str = r#"
directory=$1 log=$2
shift 2
trap '' INT HUP TERM
"$@" </dev/null >"$log" 2>&1 &
server=$!
# Each line is a power cut.
while read -r _; do
    kill -KILL "$server"
    wait "$server"
    "$@" </dev/null >>"$log" 2>&1 &
    server=$!
done
kill -KILL "$server"
wait "$server"
rm -rf "$directory"
"#;

/// A running server.
#[derive(Debug)]
pub(crate) struct Process {
    /// Its directory: data, socket and log.
    directory: TempDir,
    watch: Child,
    /// Closed to end the server.
    lifeline: Mutex<Option<ChildStdin>>,
}

impl Process {
    /// Starts `command`, which must hold on to the foreground, and waits until `ready` says yes.
    ///
    /// # Panics
    /// When it is not ready within a minute; its log is shown.
    pub(crate) fn start(directory: TempDir, command: &Command, ready: impl Fn() -> bool) -> Self {
        let log = directory.path().join("log");
        let mut watch = Command::new("sh")
            .args(["-c", WATCH, "watch"])
            .arg(directory.path())
            .arg(&log)
            .arg(command.get_program())
            .args(command.get_args())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell can be started");
        let lifeline = Mutex::new(watch.stdin.take());
        let process = Self { directory, watch, lifeline };
        let begun = Instant::now();
        while !ready() {
            assert!(
                begun.elapsed() < Duration::from_mins(1),
                "{command:?} is not ready after a minute; its log:\n{}",
                std::fs::read_to_string(&log).unwrap_or_default()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        process
    }

    /// Kills the server without a word and starts it again on the same files.
    pub(crate) fn crash(&self) {
        let pid = std::fs::read_to_string(self.directory().join("pid")).expect("a server writes its pid");
        let mut lifeline = self.lifeline.lock().expect("nobody panicked with it");
        let lifeline = lifeline.as_mut().expect("it is closed at the end only");
        lifeline.write_all(b"\n").expect("the shell listens");
        let begun = Instant::now();
        while Path::new("/proc").join(pid.trim()).exists() {
            assert!(begun.elapsed() < Duration::from_secs(10), "the server does not die");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Where its files are.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.lifeline.get_mut().map(Option::take).ok();
        // The shell removes the directory and ends; if it cannot, the directory's own drop does what is left.
        let _ = self.watch.wait();
    }
}

/// A directory for a server's files.
pub(crate) fn directory(name: &str) -> TempDir {
    // Short: a socket's path has at most 107 bytes.
    tempfile::Builder::new()
        .prefix(&format!("infra-{name}-"))
        .tempdir()
        .expect("a temporary directory can be made")
}

/// A port on 127.0.0.1 that nobody listens on now.
pub fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .expect("a port on 127.0.0.1 can be bound")
        .port()
}
