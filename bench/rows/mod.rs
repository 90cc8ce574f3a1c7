//! What is measured.

pub(crate) mod manifests;
pub(crate) mod migrations;
pub(crate) mod platform;
pub(crate) mod schema;

use std::process::Command;

use infra_tests::tools::workspace;

use crate::measure::{Bench, Peer, Row, median, peak_memory};

/// From nothing to the first output.
pub(crate) fn start(bench: &mut Bench) {
    let name = "--version";
    if !bench.wants(name) {
        return;
    }
    let ours = median(41, || bench.infra(workspace(), &["--version"]));
    let peers = vec![Peer::new("/bin/true", median(41, || Command::new("/bin/true")))];
    bench.add(Row { name: name.to_owned(), ours, peers, memory: None, bytes: None });
}

/// The main job.
pub(crate) fn check(bench: &mut Bench) {
    let name = "check, the reference tree";
    if !bench.wants(name) {
        return;
    }
    let command = || bench.infra(workspace(), &["check", "--quiet"]);
    let (ours, memory) = (median(21, command), Some(peak_memory(&mut command())));
    bench.add(Row { name: name.to_owned(), ours, peers: Vec::new(), memory, bytes: None });
}
