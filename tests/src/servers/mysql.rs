//! MySQL, unpacked beside the system with its own libraries.

use std::path::Path;
use std::process::Command;

use super::process::{Process, directory, free_port};
use super::{Engine, Server, answers};
use crate::run::run;
use crate::tools::tool;

pub(super) fn start(more: &[&str]) -> Server {
    let bin = tool("MYSQL");
    let directory = directory("mysql");
    let mut initialise = Command::new(bin.join("mysqld"));
    initialise.args(account()).arg(format!("--datadir={}", directory.path().join("data").display()));
    let _ = run(initialise.arg("--initialize-insecure")).exits(0);

    let port = free_port();
    let socket = directory.path().join("s.sock");
    let mut server = Command::new(bin.join("mysqld"));
    server.args(options(directory.path(), port)).args(more);
    let process = Process::start(directory, &server, || answers(&bin.join("mysqladmin"), &socket));
    Server::new(Engine::MySql, port, bin.join("mysql"), process)
}

/// Options that both servers know: own files, one address, and no waiting for the disk.
pub(super) fn options(directory: &Path, port: u16) -> Vec<String> {
    let mut options = vec![
        format!("--datadir={}", directory.join("data").display()),
        format!("--socket={}", directory.join("s.sock").display()),
        format!("--pid-file={}", directory.join("pid").display()),
        format!("--port={port}"),
        // A server that starts deletes the temporary tables that it finds, those of others too.
        format!("--tmpdir={}", directory.display()),
        "--bind-address=127.0.0.1".to_owned(),
        "--innodb-flush-log-at-trx-commit=0".to_owned(),
        "--innodb-doublewrite=OFF".to_owned(),
        "--sync-binlog=0".to_owned(),
    ];
    options.extend(account());
    options
}

/// A server refuses to run as root unless told to; any other account needs no word.
pub(super) fn account() -> Option<String> {
    let id = run(Command::new("id").arg("-u")).output();
    (id.trim() == "0").then(|| "--user=root".to_owned())
}
