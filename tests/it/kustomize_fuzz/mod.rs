//! Generated kustomizations, rendered by `infra` and by the stock kustomize: the bytes, or both refuse.
//!
//! `INFRA_FUZZ_CASES` (default 100) and `INFRA_FUZZ_SEED` (default 1) choose how many and which.

#![expect(clippy::format_collect, reason = "tests")]

mod layers;
mod objects;

use std::sync::atomic::{AtomicUsize, Ordering};

use infra_tests::oracle;
use infra_tests::random::number;
use infra_tests::sandbox::Sandbox;

use crate::harness::infra;

/// How one case differs; nothing when it does not.
fn difference(seed: u64) -> (bool, Option<String>) {
    let sandbox = Sandbox::empty();
    let files = layers::case(seed);
    for (path, content) in &files {
        sandbox.write(path, content);
    }
    let theirs = oracle::kustomize(&sandbox.path("top"));
    let ours = infra(&sandbox).run(&["render", "top"]);
    let rendered = theirs.code == 0;
    let problem = match (rendered, ours.code == 0) {
        (true, true) if ours.stdout == theirs.stdout => return (true, None),
        (false, false) if ours.stdout.is_empty() => return (false, None),
        (true, true) => {
            let line = ours.stdout.lines().zip(theirs.stdout.lines()).find(|(a, b)| a != b);
            format!("differs: ours, theirs {line:?}")
        }
        (true, false) => format!("is refused by us alone:\n{}", ours.stderr),
        (false, _) => format!("is refused by kustomize alone:\n{}", theirs.stderr),
    };
    if let Some(keep) = std::env::var_os("INFRA_FUZZ_KEEP") {
        infra_tests::sandbox::copy(sandbox.root(), &std::path::Path::new(&keep).join(seed.to_string()));
    }
    (rendered, Some(format!("case {seed} {problem}")))
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs kustomize: run ./tests/run")]
fn generated_kustomizations_render_to_the_bytes_of_kustomize() {
    let (count, first) = (number("INFRA_FUZZ_CASES", 100), number("INFRA_FUZZ_SEED", 1));
    let next = AtomicUsize::new(0);
    let work = || {
        let (mut rendered, mut problems) = (0, Vec::new());
        loop {
            let at = u64::try_from(next.fetch_add(1, Ordering::Relaxed)).expect("a count fits");
            if at >= count {
                return (rendered, problems);
            }
            let (is_rendered, problem) = difference(first + at);
            rendered += u64::from(is_rendered);
            problems.extend(problem);
        }
    };
    let results: Vec<_> = std::thread::scope(|scope| {
        let threads = [scope.spawn(work), scope.spawn(work)];
        threads.map(|thread| thread.join().expect("a case does not panic")).into_iter().collect()
    });
    let rendered: u64 = results.iter().map(|(rendered, _)| rendered).sum();
    let problems: Vec<&String> = results.iter().flat_map(|(_, problems)| problems).collect();
    let all: String = problems.iter().map(|problem| format!("{problem}\n")).collect();
    assert!(problems.is_empty(), "{} of {count} differ\n{all}", problems.len());
    // A generator whose cases are mostly refused would show nothing.
    assert!(rendered * 4 >= count, "only {rendered} of {count} cases render at all");
}
