//! Graphs of components.

use infra_tests::sandbox::Sandbox;

use crate::generate;
use crate::measure::{Bench, Peer, Row, median, middle, peak_memory, time_on_core};

/// A declared graph far larger than people have, beside reading its file and doing nothing with it.
pub(crate) fn compat(bench: &mut Bench) {
    for count in [10_000, 30_000, 100_000] {
        let name = format!("compat check, {count} components, 10 dependencies each");
        if !bench.wants(&name) {
            continue;
        }
        let sandbox = Sandbox::empty();
        sandbox.write("infra.toml", "");
        let text = generate::platform(sandbox.root(), count, 10);
        let command = || bench.infra(sandbox.root(), &["compat", "check", "--today", "2026-11-23"]);
        let (ours, memory) = (median(3, command), Some(peak_memory(&mut command())));
        let floor = middle(
            (0..3)
                .map(|_| {
                    let begun = time_on_core();
                    let mut parser = granit_parser::Parser::new_from_str(&text);
                    let mut events = 0;
                    while let Some(event) = parser.next_event() {
                        assert!(event.is_ok(), "the file is YAML");
                        events += 1;
                    }
                    assert!(events > count, "the file was read");
                    time_on_core().saturating_sub(begun)
                })
                .collect(),
        );
        bench.add(Row {
            name,
            ours,
            peers: vec![Peer::new("the YAML events alone", floor)],
            memory,
            bytes: None,
        });
    }
    let name = "compat can-deploy, 1,000 components, 50 releases each";
    if bench.wants(name) {
        let sandbox = Sandbox::empty();
        sandbox.write("infra.toml", "");
        generate::platform(sandbox.root(), 1_000, 10);
        generate::releases(sandbox.root(), 1_000, 50);
        let arguments = ["compat", "can-deploy", "service-500@1.7.0", "--to", "dev", "--unknown", "allow"];
        let command = || bench.infra(sandbox.root(), &arguments);
        let (ours, memory) = (median(11, command), Some(peak_memory(&mut command())));
        bench.add(Row { name: name.to_owned(), ours, peers: Vec::new(), memory, bytes: None });
    }
    let name = "compat graph --format svg, 500 components";
    if bench.wants(name) {
        let sandbox = Sandbox::empty();
        sandbox.write("infra.toml", "");
        generate::platform(sandbox.root(), 500, 3);
        let command = || bench.infra(sandbox.root(), &["compat", "graph", "--format", "svg"]);
        let (ours, memory) = (median(11, command), Some(peak_memory(&mut command())));
        bench.add(Row { name: name.to_owned(), ours, peers: Vec::new(), memory, bytes: None });
    }
}
