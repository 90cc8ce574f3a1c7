//! MariaDB, as Debian packages it.

use std::process::Command;

use super::process::{Process, directory, free_port};
use super::{Engine, Server, answers};
use crate::run::run;
use crate::tools::tool;

pub(super) fn start(more: &[&str]) -> Server {
    let bin = tool("MARIADB");
    let directory = directory("mariadb");
    let data = directory.path().join("data");
    let mut install = Command::new(bin.join("mariadb-install-db"));
    install.args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]);
    install.args(super::mysql::account()).arg(format!("--datadir={}", data.display()));
    let _ = run(&mut install).exits(0);

    let port = free_port();
    let socket = directory.path().join("s.sock");
    let mut server = Command::new(bin.join("mariadbd"));
    server.arg("--no-defaults").args(super::mysql::options(directory.path(), port)).args(more);
    let process = Process::start(directory, &server, || answers(&bin.join("mariadb-admin"), &socket));
    Server::new(Engine::MariaDb, port, bin.join("mariadb"), process)
}
