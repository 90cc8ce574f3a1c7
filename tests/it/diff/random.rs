//! Random schemas: from one to another by our SQL on real servers, and back by its inverse.
//!
//! `INFRA_DIFF_PAIRS` (default 30) and `INFRA_DIFF_SEED` (default 1) choose how many and which.

use std::fmt::Write as _;

use infra_tests::random::{Random, number};
use infra_tests::sandbox::Sandbox;
use infra_tests::servers::Engine;

use super::{Came, bring};
use crate::harness::on_each_engine;

const TYPES: [&str; 14] = [
    "INT",
    "INT UNSIGNED",
    "BIGINT",
    "TINYINT(1)",
    "VARCHAR(20)",
    "VARCHAR(200)",
    "CHAR(5)",
    "DECIMAL(10,2)",
    "DATETIME(3)",
    "DATE",
    "ENUM('a','b','c')",
    "TEXT",
    "DOUBLE",
    "VARBINARY(16)",
];

/// A schema: tables `t0` to `t3`, of which some are missing, with columns out of `c0` to `c7`, keys, foreign keys,
/// checks, a view and a trigger; on MariaDB a sequence, and a table that counts by it.
fn schema(random: &mut Random, engine: Engine) -> String {
    let mut sql = String::new();
    if engine == Engine::MariaDb && random.one_in(2) {
        sql += &sequence(random);
    }
    let mut tables: Vec<usize> = Vec::new();
    for number in 0..4 {
        if number > 0 && random.one_in(4) {
            continue;
        }
        let _ = writeln!(sql, "{}", table(random, number, &tables));
        tables.push(number);
    }
    if random.one_in(2) {
        let columns = if random.one_in(2) { "id" } else { "id, id + 1 AS more" };
        let _ = writeln!(sql, "CREATE VIEW v AS SELECT {columns} FROM t0 WHERE id > {};", random.below(3));
    }
    if random.one_in(2) {
        let _ = writeln!(
            sql,
            "CREATE TRIGGER tr BEFORE INSERT ON t0 FOR EACH ROW SET NEW.id = NEW.id + {};",
            random.below(3)
        );
    }
    sql
}

fn sequence(random: &mut Random) -> String {
    let step = random.pick(&["", " INCREMENT BY 3", " INCREMENT BY 0"]);
    let bounds = random.pick(&["", " MINVALUE -5 START 1", " MAXVALUE 2000", " MAXVALUE 3000 NOCACHE"]);
    let cycle = random.pick(&["", " CYCLE"]);
    let options = random.pick(&["", " COMMENT='it''s'", " ENGINE=Aria"]);
    let default = random.pick(&["", " DEFAULT NEXTVAL(s)", " DEFAULT (NEXT VALUE FOR s + 1)"]);
    format!("CREATE SEQUENCE s{step}{bounds}{cycle}{options};\nCREATE TABLE counted (i BIGINT{default});\n")
}

fn table(random: &mut Random, number: usize, parents: &[usize]) -> String {
    let mut columns: Vec<(usize, &str)> = Vec::new();
    for name in 0..8 {
        if random.one_in(2) {
            let at = random.below(columns.len() + 1);
            let kind = *random.pick(&TYPES);
            columns.insert(at, (name, kind));
        }
    }
    let mut lines = vec![format!("id INT NOT NULL{}", if random.one_in(3) { " AUTO_INCREMENT" } else { "" })];
    for (name, kind) in &columns {
        let mut line = format!("c{name} {kind}");
        let has_default = !matches!(*kind, "TEXT" | "VARBINARY(16)");
        if random.one_in(2) {
            line += " NOT NULL";
        } else if has_default && random.one_in(3) {
            line += &format!(" DEFAULT {}", default_of(kind));
        }
        if random.one_in(5) {
            line += " COMMENT 'it''s'";
        }
        lines.push(line);
    }
    if let Some((name, _)) = columns.iter().find(|(_, kind)| matches!(*kind, "INT" | "BIGINT"))
        && random.one_in(3)
    {
        let kept = random.pick(&["STORED", "VIRTUAL"]);
        lines.push(format!("g BIGINT AS (c{name} + 1) {kept}"));
    }
    lines.push("PRIMARY KEY (id)".to_owned());
    for (name, kind) in &columns {
        if random.one_in(3) {
            let unique = if random.one_in(3) { "UNIQUE KEY" } else { "KEY" };
            let part = if *kind == "TEXT" { format!("c{name}(10)") } else { format!("c{name}") };
            lines.push(format!("{unique} k{name} ({part}, id)"));
        }
    }
    if let Some((name, _)) = columns.iter().find(|(_, kind)| *kind == "INT")
        && random.one_in(2)
    {
        lines.push(format!("CONSTRAINT ck{number} CHECK (c{name} > {})", random.below(4)));
    }
    if !parents.is_empty() && random.one_in(2) {
        let parent = parents[random.below(parents.len())];
        let action = random.pick(&["", " ON DELETE CASCADE", " ON UPDATE CASCADE"]);
        lines.push("parent INT".to_owned());
        lines.push(format!("CONSTRAINT fk{number} FOREIGN KEY (parent) REFERENCES t{parent} (id){action}"));
        // Columns come first.
        let at = lines.len() - 2;
        let column = lines.remove(at);
        lines.insert(1, column);
    }
    let options = random.pick(&["", " COMMENT='some'", " ROW_FORMAT=DYNAMIC"]);
    let charset = random.pick(&[
        "utf8mb4 COLLATE utf8mb4_bin",
        "utf8mb4 COLLATE utf8mb4_unicode_ci",
        "latin1 COLLATE latin1_bin",
    ]);
    format!("CREATE TABLE t{number} (\n  {}\n) DEFAULT CHARSET {charset}{options};", lines.join(",\n  "))
}

fn default_of(kind: &str) -> &'static str {
    match kind {
        "DATETIME(3)" => "CURRENT_TIMESTAMP(3)",
        "DATE" => "'2026-01-01'",
        "ENUM('a','b','c')" => "'b'",
        "VARCHAR(20)" | "VARCHAR(200)" | "CHAR(5)" => "'x'",
        _ => "1",
    }
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn random_schemas_become_each_other() {
    let (pairs, seed) = (number("INFRA_DIFF_PAIRS", 30), number("INFRA_DIFF_SEED", 1));
    on_each_engine(|engine| {
        let sandbox = Sandbox::empty();
        let mut wrong = Vec::new();
        let mut equal = 0;
        // Both directions: the way back is what takes the second schema to the first.
        for number in 0..pairs.div_ceil(2) {
            let mut random = Random::new(seed.wrapping_mul(1_000_003).wrapping_add(number));
            let (a, b) = (schema(&mut random, engine), schema(&mut random, engine));
            for (from, to) in [(&a, &b), (&b, &a)] {
                match bring(engine, &sandbox, from, to) {
                    Came::Equal => equal += 1,
                    Came::NotForServer => {
                        wrong.push(format!("{number}: the server refuses\n{from}\nor\n{to}"));
                    }
                    Came::Wrong(why) => wrong.push(format!("{number}: from\n{from}\nto\n{to}\n{why}")),
                }
            }
        }
        report(engine, equal, &wrong);
    });
}

fn report(engine: Engine, equal: usize, wrong: &[String]) {
    eprintln!("{}: {equal} pairs came out equal, {} did not", engine.name(), wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.iter().take(5).cloned().collect::<Vec<_>>().join("\n=====\n"));
    assert!(equal > 0);
}
