use std::sync::Arc;

use miette::Diagnostic as _;

use crate::Finding;
use crate::ast::ObjectKind;
use crate::catalogue::Catalogue;
use crate::dialect::{Dialect, Vendor};
use crate::diff::{Options, diff};
use crate::place::Source;
use crate::replay::replay_scripts;
use crate::show::show_create;

const MARIADB: Dialect = Dialect { vendor: Vendor::MariaDb, version: 101_100 };

fn run(text: &str) -> (Catalogue, Vec<Finding>) {
    replay_scripts([Arc::new(Source::new("a.sql", text.into()))], MARIADB)
}

/// The lines that the server shows of table `t`.
#[track_caller]
fn shown(text: &str) -> Vec<String> {
    let (catalogue, findings) = run(text);
    assert!(findings.is_empty(), "{text}: {findings:?}");
    let shown = show_create(&catalogue, ObjectKind::Table, "t", "`a`@`b`").unwrap();
    shown.lines().map(|line| line.trim().trim_end_matches(',').to_owned()).collect()
}

#[track_caller]
fn refused(text: &str, with: &str) {
    let (_, findings) = run(text);
    assert_eq!(findings.len(), 1, "{text}: {findings:?}");
    assert!(findings[0].to_string().contains(with), "{text}: {}", findings[0]);
    assert_ne!(findings[0].severity(), Some(miette::Severity::Warning), "{text}");
}

const BOUNDED: &str = "CREATE TABLE t (a INT PRIMARY KEY, b INT WITHOUT SYSTEM VERSIONING, s TIMESTAMP(6) AS ROW START INVISIBLE, \
     e TIMESTAMP(6) GENERATED ALWAYS AS ROW END, PERIOD FOR SYSTEM_TIME (s, e)) WITH SYSTEM VERSIONING;";

#[test]
fn bounds_of_rows_are_part_of_unique_keys() {
    let lines = shown(&format!("{BOUNDED} ALTER TABLE t ADD UNIQUE k (b)"));
    assert_eq!(
        lines[1..9],
        [
            "`a` int(11) NOT NULL",
            "`b` int(11) DEFAULT NULL WITHOUT SYSTEM VERSIONING",
            "`s` timestamp(6) GENERATED ALWAYS AS ROW START INVISIBLE",
            "`e` timestamp(6) GENERATED ALWAYS AS ROW END",
            "PRIMARY KEY (`a`,`e`)",
            "UNIQUE KEY `k` (`b`,`e`)",
            "PERIOD FOR SYSTEM_TIME (`s`, `e`)",
            ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci WITH SYSTEM VERSIONING",
        ]
    );
    let plain =
        shown(&format!("{BOUNDED} ALTER TABLE t DROP COLUMN s, DROP COLUMN e, DROP SYSTEM VERSIONING"));
    assert_eq!(plain[1..4], ["`a` int(11) NOT NULL", "`b` int(11) DEFAULT NULL", "PRIMARY KEY (`a`)"]);
}

#[test]
fn one_versioned_column_leaves_out_the_others() {
    let lines = shown("CREATE TABLE t (a INT WITH SYSTEM VERSIONING, b INT)");
    assert_eq!(lines[2], "`b` int(11) DEFAULT NULL WITHOUT SYSTEM VERSIONING");
    assert!(lines[3].ends_with("WITH SYSTEM VERSIONING"), "{lines:?}");
}

#[test]
fn a_period_of_the_application_stands_before_the_keys() {
    let lines = shown(
        "CREATE TABLE t (id INT, f DATE, t DATE, PERIOD FOR app (f, t), UNIQUE u (id, app WITHOUT OVERLAPS))",
    );
    assert_eq!(
        lines[2..6],
        [
            "`f` date NOT NULL",
            "`t` date NOT NULL",
            "PERIOD FOR `app` (`f`, `t`)",
            "UNIQUE KEY `u` (`id`,`app` WITHOUT OVERLAPS)",
        ]
    );
}

#[test]
fn what_the_server_refuses_is_refused() {
    let versioned = "CREATE TABLE t (a INT) WITH SYSTEM VERSIONING;";
    let plain = "CREATE TABLE t (a INT, f DATE, t DATE);";
    refused(&format!("{versioned} ALTER TABLE t ADD SYSTEM VERSIONING"), "already system-versioned");
    refused(&format!("{plain} ALTER TABLE t DROP SYSTEM VERSIONING"), "not system-versioned");
    refused(&format!("{BOUNDED} ALTER TABLE t DROP SYSTEM VERSIONING"), "PERIOD FOR SYSTEM_TIME");
    refused(&format!("{BOUNDED} ALTER TABLE t DROP COLUMN s"), "without their period");
    refused("CREATE TABLE t (a INT WITHOUT SYSTEM VERSIONING) WITH SYSTEM VERSIONING", "no column");
    refused(&format!("{plain} ALTER TABLE t ADD b INT WITH SYSTEM VERSIONING"), "not system-versioned");
    refused(&format!("{plain} ALTER TABLE t DROP PERIOD FOR p"), "`p`");
    refused(&format!("{plain} ALTER TABLE t ADD PERIOD FOR p (a, f)"), "one type");
    let period =
        format!("{plain} ALTER TABLE t ADD PERIOD FOR p (f, t), ADD UNIQUE k (a, p WITHOUT OVERLAPS);");
    refused(&format!("{period} ALTER TABLE t ADD PERIOD FOR q (f, t)"), "a period already");
    refused(&format!("{period} ALTER TABLE t DROP PERIOD FOR p"), "key `k`");
    refused(&format!("{period} ALTER TABLE t DROP COLUMN f"), "period `p`");
    refused(&format!("{plain} ALTER TABLE t ADD UNIQUE k (a, p WITHOUT OVERLAPS)"), "`p`");
}

#[test]
fn a_difference_is_made_good() {
    let step = |from: &str, to: &str| {
        let path = diff(&run(from).0, &run(to).0, &Options::default()).unwrap();
        let (replayed, findings) = run(&format!(
            "{from};{}",
            path.steps.iter().map(|step| step.sql.as_str()).collect::<Vec<_>>().join(";")
        ));
        assert!(findings.is_empty(), "{findings:?}");
        let show = |catalogue: &Catalogue| show_create(catalogue, ObjectKind::Table, "t", "`a`@`b`").unwrap();
        assert_eq!(show(&replayed), show(&run(to).0));
    };
    let plain = "CREATE TABLE t (a INT NOT NULL, f DATE NOT NULL, t DATE NOT NULL)";
    let versioned = format!("{plain} WITH SYSTEM VERSIONING");
    let period = plain
        .replace("t DATE NOT NULL", "t DATE NOT NULL, PERIOD FOR p (f, t), UNIQUE k (a, p WITHOUT OVERLAPS)");
    let bounded = versioned.replace(
        "t DATE NOT NULL",
        "t DATE NOT NULL, s TIMESTAMP(6) AS ROW START, e TIMESTAMP(6) AS ROW END, PERIOD FOR SYSTEM_TIME (s, e)",
    );
    step(plain, &versioned);
    step(&versioned, plain);
    step(plain, &period);
    step(plain, &bounded);
    step("SELECT 1", &bounded);
    step("SELECT 1", &period);
}

#[test]
fn mysql_does_not_know_it() {
    let (_, findings) = replay_scripts(
        [Arc::new(Source::new("a.sql", "CREATE TABLE t (a INT) WITH SYSTEM VERSIONING".into()))],
        Dialect::default(),
    );
    assert!(!findings.is_empty());
}
