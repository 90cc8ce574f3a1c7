use miette::Diagnostic;
use proptest::prelude::*;

use crate::Finding;
use crate::dialect::Dialect;
use crate::emit::{Header, build};
use crate::load::load;
use crate::load::tests::{files, schema};

fn order(texts: &[(&str, &str)]) -> Vec<String> {
    let schema = schema(texts);
    schema.order.objects.iter().map(|&index| schema.objects[index].name.clone()).collect()
}

#[test]
fn what_is_needed_comes_first() {
    let names = order(&[
        ("events/e.sql", "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM a"),
        ("functions/f.sql", "CREATE FUNCTION f() RETURNS INT RETURN 1"),
        ("procedures/p.sql", "CREATE PROCEDURE p() SELECT 1"),
        ("tables/a.sql", "CREATE TABLE a (x INT, FOREIGN KEY (x) REFERENCES z (x))"),
        ("tables/b.sql", "CREATE TABLE b (x INT)"),
        ("tables/z.sql", "CREATE TABLE z (x INT PRIMARY KEY, FOREIGN KEY (x) REFERENCES z (x))"),
        ("triggers/u.sql", "CREATE TRIGGER u BEFORE INSERT ON a FOR EACH ROW SET @a = 1"),
        ("triggers/t.sql", "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW FOLLOWS u SET @a = 1"),
        ("views/v.sql", "CREATE VIEW v AS SELECT * FROM w"),
        ("views/w.sql", "CREATE VIEW w AS SELECT f() FROM b"),
    ]);
    assert_eq!(names, ["b", "z", "a", "f", "w", "v", "p", "u", "t", "e"]);
}

#[test]
fn cycles_of_foreign_keys_wait_for_all_tables() {
    let schema = schema(&[
        (
            "tables/a.sql",
            "CREATE TABLE a (id INT PRIMARY KEY, b INT, CONSTRAINT ab FOREIGN KEY (b) REFERENCES b (id))",
        ),
        (
            "tables/b.sql",
            "CREATE TABLE b (id INT PRIMARY KEY, a INT, CONSTRAINT ba FOREIGN KEY (a) REFERENCES a (id))",
        ),
    ]);
    assert_eq!(schema.order.objects, [0, 1]);
    assert_eq!(schema.order.deferred.into_iter().collect::<Vec<_>>(), [(0, vec![2])]);
}

#[test]
fn views_that_need_each_other_are_an_error() {
    let texts = [
        ("views/a.sql", "CREATE VIEW a AS SELECT * FROM b"),
        ("views/b.sql", "CREATE VIEW b AS SELECT * FROM c"),
        ("views/c.sql", "CREATE VIEW c AS SELECT * FROM a"),
        ("views/s.sql", "CREATE VIEW s AS SELECT * FROM s"),
    ];
    let (_, findings) = load(files(&texts), Dialect::default());
    let cycles: Vec<_> = findings
        .iter()
        .map(|finding| match finding {
            Finding::ViewCycle { cycle, others, .. } => (cycle.as_str(), others.len()),
            other => panic!("{:?}", other.code().map(|code| code.to_string())),
        })
        .collect();
    assert_eq!(cycles, [("a → b → c → a", 2), ("s → s", 0)]);
}

#[test]
fn a_long_chain_is_no_problem() {
    let names: Vec<(String, String)> = (0..20_000)
        .map(|n| {
            let sql = format!("CREATE TABLE t{n} (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES t{} (id)) COLLATE utf8mb4_bin", (n + 1) % 20_000);
            (format!("tables/t{n}.sql"), sql)
        })
        .collect();
    let texts: Vec<(&str, &str)> = names.iter().map(|(path, sql)| (path.as_str(), sql.as_str())).collect();
    assert_eq!(schema(&texts).order.objects.len(), 20_000);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Tables with arbitrary foreign keys between them: the baseline does not depend on the order of the files, holds
    /// every table once, and gives the same schema again.
    #[test]
    fn the_order_of_files_does_not_count(
        edges in prop::collection::vec((0_usize..8, 0_usize..8), 0..16),
        seed in prop::collection::vec(any::<u32>(), 8),
    ) {
        let table = |n: usize| {
            let keys = edges.iter().enumerate().filter(|(_, (child, _))| *child == n);
            let keys: Vec<String> = keys
                .map(|(e, (_, parent))| format!(",\n  CONSTRAINT fk{e} FOREIGN KEY (c{parent}) REFERENCES t{parent} (id)"))
                .collect();
            let keys = keys.concat();
            let columns: Vec<String> = (0..8).map(|p| format!(",\n  c{p} INT, KEY k{p} (c{p})")).collect();
            let columns = columns.concat();
            let sql = format!("CREATE TABLE t{n} (\n  id INT PRIMARY KEY{columns}{keys}\n) COLLATE utf8mb4_bin;");
            (format!("tables/t{n}.sql"), sql)
        };
        let texts: Vec<(String, String)> = (0..8).map(table).collect();
        let sorted: Vec<(&str, &str)> = texts.iter().map(|(path, sql)| (path.as_str(), sql.as_str())).collect();
        let mut shuffled = sorted.clone();
        shuffled.sort_by_key(|(path, _)| seed[path.as_bytes()[8] as usize % 8]);
        let one = schema(&sorted);
        let (a, found) = build(&one, &Header::default());
        prop_assert!(found.is_empty());
        let (b, _) = build(&schema(&shuffled), &Header::default());
        prop_assert_eq!(&a.text, &b.text);
        let source = std::sync::Arc::new(crate::place::Source::new("baseline.sql", a.text.as_str().into()));
        let (again, findings) = crate::replay::replay_scripts([source], Dialect::default());
        prop_assert!(findings.is_empty(), "{:?}", findings);
        let sides = crate::verify::Sides::DIRECTORY_AND_BASELINE;
        prop_assert!(crate::verify::compare(&one.catalogue, &again, sides).is_empty());
    }
}
