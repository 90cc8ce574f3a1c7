//! The catalogue beside real servers: the same statements are accepted, and the same definitions come out.
//!
//! What differs is listed in `docs/sql-coverage.md`, and is exactly that. `INFRA_CATALOGUE_CASES=all` runs all of every
//! corpus; else it is a part of each. `INFRA_CATALOGUE_SCRIPTS=FILE:FILE` adds scripts of one's own, each on a database of its own.

mod compare;
mod corpora;
mod own;

use std::collections::BTreeSet;

use infra_tests::servers::Engine;
use infra_tests::tools::workspace;

use crate::harness::on_each_engine;
use compare::{Session, Tally};

/// The corpora, and how many statements and definitions all of each has at least, on MariaDB and on MySQL.
const CORPORA: [(&str, [(usize, usize); 2]); 6] = [
    ("fineract", [(1_900, 750), (1_900, 750)]),
    ("uaa", [(170, 110), (170, 110)]),
    ("flyway", [(460, 160), (460, 160)]),
    ("sakila", [(60, 26), (60, 26)]),
    ("ranger", [(960, 290), (960, 290)]),
    ("sqldef", [(340, 310), (350, 320)]),
];

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn every_statement_does_in_memory_what_it_does_on_the_server() {
    let Some(root) = infra_tests::tools::corpus("") else { return };
    let all = std::env::var("INFRA_CATALOGUE_CASES").is_ok_and(|which| which == "all");
    let listed = listed();
    on_each_engine(|engine| {
        let database = engine.database();
        let mut session = Session::open(&database);
        let mut differences = BTreeSet::new();
        let mut report = String::new();
        for (corpus, least) in CORPORA {
            let mut tally = Tally::default();
            for unit in corpora::units(&root, corpus, engine, all) {
                session.run(&unit, &mut tally);
            }
            report += &format!("{}\n", tally.line(engine.name(), corpus));
            let (statements, shown) = least[usize::from(engine == Engine::MySql)];
            let part = if all { 1 } else { 40 };
            assert!(tally.statements * part >= statements && tally.shown * part >= shown, "{report}");
            for (of, same) in [(tally.statements, tally.same_statements), (tally.shown, tally.same_shown)] {
                assert!(same * 100 >= of * 99, "{report}\n{:#?}", tally.differences);
            }
            for (what, sides) in tally.differences {
                let line = format!("{} {what}", engine.name());
                if !listed.contains(&line) {
                    eprintln!("{line}\n{sides}");
                }
                differences.insert(line);
            }
        }
        eprint!("{report}");
        let own = listed.iter().filter(|line| line.starts_with(engine.name()));
        let own: BTreeSet<String> = own.filter(|line| all || differences.contains(*line)).cloned().collect();
        assert_eq!(differences, own, "docs/sql-coverage.md lists other differences");
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn what_the_corpora_do_not_have_does_in_memory_what_it_does_on_the_server() {
    on_each_engine(|engine| {
        let database = engine.database();
        let mut session = Session::open(&database);
        let mut tally = Tally::default();
        for unit in own::units(engine).iter().chain(&own::written()) {
            session.run(unit, &mut tally);
        }
        let sides: Vec<String> =
            tally.differences.iter().map(|(what, sides)| format!("{what}\n{sides}\n")).collect();
        assert!(sides.is_empty(), "{}", sides.concat());
        assert!(tally.statements >= 10 && tally.shown >= 3, "{}", tally.line(engine.name(), "own"));
    });
}

/// The differences that the document lists.
fn listed() -> BTreeSet<String> {
    let text =
        std::fs::read_to_string(workspace().join("docs/sql-coverage.md")).expect("the document is there");
    let lines = text.lines().filter_map(|line| line.strip_prefix("- `")?.split('`').next());
    lines.map(ToOwned::to_owned).collect()
}
