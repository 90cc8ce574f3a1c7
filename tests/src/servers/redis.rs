//! A Redis server with a configuration of the test's choice.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;

use super::process::{Process, directory, free_port};
use crate::tools::tool;

/// A running Redis.
#[derive(Debug)]
pub struct Redis {
    port: u16,
    user: String,
    password: String,
    _process: Process,
}

impl Redis {
    /// Starts it with the text of a `redis.conf`; port and address are its own whatever the text says. The user, whom the
    /// configuration must know, is who asks.
    pub fn start(configuration: &str, account: (&str, &str)) -> Self {
        Self::of(&tool("REDIS"), configuration, account)
    }

    /// The same with Valkey.
    pub fn start_valkey(configuration: &str, account: (&str, &str)) -> Self {
        Self::of(&tool("VALKEY"), configuration, account)
    }

    fn of(program: &Path, configuration: &str, (user, password): (&str, &str)) -> Self {
        let directory = directory("redis");
        let file = directory.path().join("redis.conf");
        // What it writes goes with it, unless the text names another place.
        let text = format!("dir {}\n{configuration}", directory.path().display());
        std::fs::write(&file, text).expect("the configuration can be written");
        let port = free_port();
        let mut server = Command::new(program);
        server.arg(&file).args(["--bind", "127.0.0.1", "--daemonize", "no", "--logfile", ""]);
        server.arg("--port").arg(port.to_string());
        let process = Process::start(directory, &server, || {
            TcpStream::connect(("127.0.0.1", port)).is_ok_and(|mut stream| {
                let mut answer = String::new();
                stream.write_all(b"PING\r\n").is_ok()
                    && BufReader::new(&stream).read_line(&mut answer).is_ok()
                    // Without a password it still says that it is up.
                    && (answer.starts_with("+PONG") || answer.starts_with("-NOAUTH"))
            })
        });
        Self { port, user: user.to_owned(), password: password.to_owned(), _process: process }
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// All settings, as `CONFIG GET *` tells them.
    pub fn settings(&self) -> BTreeMap<String, String> {
        let flat = self.ask(&["CONFIG", "GET", "*"]);
        flat.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()
    }

    /// Sends one command and reads its answer: the strings of a list, or the one line or string.
    pub fn ask(&self, words: &[&str]) -> Vec<String> {
        let answers = self.converse(&[&["AUTH", &self.user, &self.password], words]);
        let [login, answer] = <[_; 2]>::try_from(answers).expect("two commands have two answers");
        assert_eq!(login, ["OK"]);
        answer
    }

    /// Sends one command without a login.
    pub fn ask_as_stranger(&self, words: &[&str]) -> Vec<String> {
        self.converse(&[words]).swap_remove(0)
    }

    fn converse(&self, commands: &[&[&str]]) -> Vec<Vec<String>> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("redis listens");
        let mut reader = BufReader::new(stream.try_clone().expect("a socket can be cloned"));
        commands
            .iter()
            .map(|words| {
                stream.write_all(&encode(words)).expect("redis reads");
                answer(&mut reader)
            })
            .collect()
    }
}

/// A command in the protocol that Redis speaks (RESP2).
fn encode(words: &[&str]) -> Vec<u8> {
    let words = words.iter().map(|word| format!("${}\r\n{word}\r\n", word.len()));
    let bytes = format!("*{}\r\n{}", words.len(), words.collect::<Vec<_>>().concat());
    bytes.into_bytes()
}

fn answer(reader: &mut impl std::io::BufRead) -> Vec<String> {
    let mut line = String::new();
    reader.read_line(&mut line).expect("redis answers");
    let (kind, rest) = line.trim_end().split_at(1);
    let number = || rest.parse::<i64>().unwrap_or_else(|_| panic!("redis answered {line:?}"));
    match kind {
        "*" => (0..number()).flat_map(|_| answer(reader)).collect(),
        "$" => {
            let Ok(length) = usize::try_from(number()) else { return vec![String::new()] };
            let mut bytes = vec![0; length + 2];
            reader.read_exact(&mut bytes).expect("redis answers");
            bytes.truncate(length);
            vec![String::from_utf8_lossy(&bytes).into_owned()]
        }
        _ => vec![rest.to_owned()],
    }
}
