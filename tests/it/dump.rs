//! `infra baseline dump`: what is dumped, built and loaded again is the same.

use std::collections::BTreeMap;
use std::path::PathBuf;

use infra_tests::compare::assert_same;
use infra_tests::run::Outcome;
use infra_tests::sandbox::Sandbox;
use infra_tests::servers::{Database, Engine, PASSWORD};

use crate::harness::{findings, infra, on_each_engine};

fn dump(sandbox: &Sandbox, database: &Database, more: &[&str]) -> Outcome {
    let url = database.url();
    let command = [&["baseline", "dump", &url, "--format", "json"], more].concat();
    infra(sandbox).env("INFRA_MYSQL_PASSWORD", PASSWORD).run(&command)
}

/// Every file below a directory, by its path there.
fn files(sandbox: &Sandbox, directory: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![PathBuf::from(directory)];
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(sandbox.path(&folder)).expect("a directory can be listed") {
            let entry = entry.expect("a directory can be listed");
            let path = folder.join(entry.file_name());
            if entry.path().is_dir() {
                waiting.push(path);
            } else {
                let name = path.strip_prefix(directory).expect("it is below").display().to_string();
                found.insert(name, sandbox.read(&path.display().to_string()));
            }
        }
    }
    found
}

#[track_caller]
fn assert_files(what: &str, found: &BTreeMap<String, String>, expected: &BTreeMap<String, String>) {
    assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>(), "{what}");
    for (name, text) in expected {
        assert_same(&format!("{what}: {name}"), &found[name], text);
    }
}

/// What a script makes of an empty database, dumped, built, loaded and dumped again.
fn is_fixed_point(engine: Engine, script: &str, at_least: usize) {
    let original = engine.database();
    let _ = original.load(script).exits(0);
    let sandbox = Sandbox::empty();
    let first = dump(&sandbox, &original, &["--schema-dir", "one"]).exits(0).json();
    let objects = first["objects"].as_array().expect("a list").len();
    assert!(objects >= at_least, "{objects} objects: {first}");
    let dialect = if engine == Engine::MariaDb { "mariadb-10.11" } else { "mysql-9.7" };
    let build = ["baseline", "build", "--schema-dir", "one", "--out", "baseline.sql", "--dialect", dialect];
    let built = infra(&sandbox).run(&build);
    assert_eq!(built.code, 0, "{}", built.all());
    let piped = engine.database();
    let _ = piped.load(&sandbox.read("baseline.sql")).exits(0);
    let _ = dump(&sandbox, &piped, &["--schema-dir", "two"]).exits(0);
    assert_files("piped through the client", &files(&sandbox, "two"), &files(&sandbox, "one"));

    let loaded = engine.database();
    let url = loaded.url();
    let load = ["baseline", "load", &url, "--file", "baseline.sql"];
    let _ = infra(&sandbox).env("INFRA_MYSQL_PASSWORD", PASSWORD).run(&load).exits(0);
    let _ = dump(&sandbox, &loaded, &["--schema-dir", "three"]).exits(0);
    assert_files("loaded by infra", &files(&sandbox, "three"), &files(&sandbox, "one"));

    // And the directory is what the database is.
    let before = files(&sandbox, "one");
    let updated = dump(&sandbox, &loaded, &["--schema-dir", "one", "--update"]).exits(0).json();
    let changed = updated["objects"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|object| object["change"] != "unchanged");
    assert_eq!(changed.count(), 0, "{updated}");
    assert_files("updated", &files(&sandbox, "one"), &before);
}

/// A schema of the corpora without what names its own database.
fn corpus(name: &str) -> Option<String> {
    let path = infra_tests::tools::corpus(&format!("schemas/{name}/schema.sql"))?;
    let text = std::fs::read_to_string(path).expect("the schema can be read");
    let line = |line: &&str| {
        let line = line.trim_start().to_lowercase();
        !["use ", "create schema ", "drop schema "].iter().any(|start| line.starts_with(start))
    };
    let text = text.lines().filter(line).collect::<Vec<_>>().join("\n");
    Some(text.replace(&format!("{name}."), ""))
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn sakila_is_a_fixed_point() {
    let Some(script) = corpus("sakila") else { return };
    on_each_engine(|engine| is_fixed_point(engine, &script, 32));
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn ranger_is_a_fixed_point() {
    let Some(script) = corpus("ranger") else { return };
    on_each_engine(|engine| is_fixed_point(engine, &script, 80));
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn sequences_are_a_fixed_point() {
    let script = "CREATE SEQUENCE s START WITH 7 INCREMENT BY 2 COMMENT 'it''s'; CREATE SEQUENCE b INCREMENT -1 CYCLE NOCACHE;
        CREATE TABLE a (i BIGINT DEFAULT NEXTVAL(s), j INT DEFAULT (NEXT VALUE FOR b + 1)) CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
        CREATE VIEW v AS SELECT NEXTVAL(s) AS n, minimum_value FROM b;";
    is_fixed_point(Engine::MariaDb, script, 4);
}

/// What servers rewrite, and what they keep as it was written.
const ODDITIES: &str = "
CREATE TABLE parent (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(20)) AUTO_INCREMENT=77 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE child (
    id INT PRIMARY KEY, `back``tick` INT, code CHAR(3) CHARACTER SET latin1, note TEXT COLLATE utf8mb4_unicode_ci,
    plain VARCHAR(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin, kind ENUM('a','COLLATE x') DEFAULT 'a' COMMENT 'CHARACTER SET latin1; -- x',
    twice INT AS (id * 2) STORED, shout VARCHAR(30) AS (CONCAT(plain, '!')) VIRTUAL, at DATETIME(3) DEFAULT CURRENT_TIMESTAMP(3),
    CHECK (id > 0), FOREIGN KEY (id) REFERENCES parent (id), KEY k (plain(3))
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='it''s; a';
CREATE TABLE a (id INT PRIMARY KEY, b INT, KEY (b)) DEFAULT CHARSET=latin1;
CREATE TABLE b (id INT PRIMARY KEY, a INT, CONSTRAINT to_a FOREIGN KEY (a) REFERENCES a (id)) DEFAULT CHARSET=latin1;
ALTER TABLE a ADD CONSTRAINT to_b FOREIGN KEY (b) REFERENCES b (id);
CREATE TABLE parted (id INT, y INT) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin
    PARTITION BY RANGE (y) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN MAXVALUE);
CREATE DEFINER=CURRENT_USER SQL SECURITY INVOKER VIEW z_first AS
    SELECT p.id, COUNT(*) AS n, LEFT(p.name, 2) AS `left`, ';' AS semi FROM parent p LEFT JOIN child c ON c.id = p.id AND c.id > 1
    WHERE p.id IN (SELECT id FROM a WHERE b > 1 OR id = 2) GROUP BY p.id, p.name HAVING COUNT(*) > 1 ORDER BY 2 DESC LIMIT 5;
CREATE ALGORITHM=MERGE VIEW a_second (x, y) AS SELECT id, n FROM z_first UNION ALL SELECT 1, 2;
CREATE VIEW checked AS SELECT id FROM parent WHERE id > 3 WITH LOCAL CHECK OPTION;
CREATE VIEW derived AS SELECT d.id FROM (SELECT id, name FROM parent WHERE id > 1) d JOIN a ON a.id = d.id;
CREATE FUNCTION plus_one(i INT) RETURNS INT DETERMINISTIC RETURN i + 1;
CREATE TRIGGER zz BEFORE INSERT ON parent FOR EACH ROW SET NEW.name = 'a';
create trigger mm before insert on parent for each row set NEW.name = 'b';
CREATE TRIGGER aa AFTER INSERT ON parent FOR EACH ROW SET @x = 1;
CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01 00:00:00' COMMENT 'x' DO DELETE FROM child;
DELIMITER //
CREATE PROCEDURE busy(IN n INT) COMMENT 'does $$ things' BEGIN
    DECLARE i INT DEFAULT 0;
    WHILE i < n DO SET i = i + 1; SELECT '$$'; END WHILE;
END//
CREATE TRIGGER bb BEFORE INSERT ON parent FOR EACH ROW FOLLOWS zz BEGIN SET @y = 1; SET @z = 2; END//
DELIMITER ;
";

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn whatever_servers_rewrite_is_a_fixed_point() {
    on_each_engine(|engine| is_fixed_point(engine, ODDITIES, 16));
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn files_have_one_form_and_nothing_of_who_and_when() {
    on_each_engine(|engine| {
        let (sandbox, database) = (Sandbox::empty(), engine.database());
        database.execute(ODDITIES);
        let _ = dump(&sandbox, &database, &["--schema-dir", "s"]).exits(0);
        let files = files(&sandbox, "s");
        for (name, text) in &files {
            assert!(!text.contains("DEFINER=") && !text.contains("AUTO_INCREMENT=77"), "{name}:\n{text}");
            assert!(!text.contains(database.name()), "{name}:\n{text}");
        }
        assert!(
            files["views/z_first.sql"]
                .starts_with("CREATE SQL SECURITY INVOKER VIEW `z_first` AS\nselect\n    ")
        );
        assert!(files["views/z_first.sql"].lines().count() > 6, "{}", files["views/z_first.sql"]);
        assert!(
            files["triggers/mm.sql"]
                .starts_with("CREATE TRIGGER `mm`\nBEFORE INSERT ON `parent`\nFOR EACH ROW\nFOLLOWS `bb`\n"),
            "{}",
            files["triggers/mm.sql"]
        );
        assert!(
            files["procedures/busy.sql"].starts_with("DELIMITER //\n"),
            "{}",
            files["procedures/busy.sql"]
        );

        let _ = dump(&sandbox, &database, &["--schema-dir", "kept", "--definer", "keep"]).exits(0);
        assert!(sandbox.read("kept/views/checked.sql").contains("DEFINER=`shop`@"));
        let _ = dump(
            &sandbox,
            &database,
            &["--schema-dir", "app", "--definer", "app@%", "--only", "view:*,nightly"],
        )
        .exits(0);
        assert!(sandbox.read("app/views/checked.sql").contains("DEFINER=`app`@`%`"));
        assert!(sandbox.read("app/events/nightly.sql").contains("DEFINER=`app`@`%`"));
        assert!(!sandbox.path("app/tables").exists());
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn an_update_touches_only_what_differs() {
    on_each_engine(|engine| {
        let (sandbox, database) = (Sandbox::reference(), engine.database());
        let _ = infra(&sandbox).on(&database).run(&["migrate", "apply", "--no-placeholders"]).exits(0);
        let before = files(&sandbox, "infra/mysql/schema");
        let unchanged = dump(&sandbox, &database, &["--update"]).exits(0).json();
        assert!(findings(&unchanged).is_empty(), "{unchanged}");
        assert_files("nothing differs", &files(&sandbox, "infra/mysql/schema"), &before);

        database.execute(
            "ALTER TABLE coupons ADD extra INT; DROP VIEW best_sellers; CREATE TABLE fresh (id INT PRIMARY KEY);",
        );
        let partly =
            dump(&sandbox, &database, &["--update", "--exclude", "coupons,best_sellers"]).exits(0).json();
        assert!(findings(&partly).is_empty(), "{partly}");
        let result = dump(&sandbox, &database, &["--update"]).exits(0).json();
        let gone = findings(&result).iter().filter(|finding| finding["rule"] == "dump/gone").count();
        assert_eq!(gone, 1, "{result}");
        let mut expected = before.clone();
        let after = files(&sandbox, "infra/mysql/schema");
        for name in ["tables/coupons.sql", "tables/fresh.sql"] {
            assert_ne!(before.get(name), after.get(name), "{name}");
            expected.insert(name.to_owned(), after[name].clone());
        }
        assert_files("what differs", &after, &expected);
        let _ = dump(&sandbox, &database, &["--update", "--delete"]).exits(0);
        assert!(!sandbox.path("infra/mysql/schema/views/best_sellers.sql").exists());
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn files_are_not_written_over_unasked_and_schemas_have_directories_of_their_own() {
    on_each_engine(|engine| {
        let (sandbox, one, two) = (Sandbox::reference(), engine.database(), engine.database());
        one.execute("CREATE TABLE t (id INT PRIMARY KEY);");
        two.execute("CREATE TABLE u (id INT PRIMARY KEY);");
        let before = files(&sandbox, "infra/mysql/schema");
        let refused = dump(&sandbox, &one, &[]).exits(2);
        assert!(refused.all().contains("--update"), "{}", refused.all());
        assert_files("refused", &files(&sandbox, "infra/mysql/schema"), &before);

        let schemas = format!("{},{}", one.name(), two.name());
        let _ = dump(&sandbox, &one, &["--schema-dir", "all", "--schemas", &schemas]).exits(0);
        let expected = [format!("{}/tables/t.sql", one.name()), format!("{}/tables/u.sql", two.name())];
        let mut names: Vec<String> = files(&sandbox, "all").into_keys().collect();
        names.sort();
        let mut expected = expected.to_vec();
        expected.sort();
        assert_eq!(names, expected);
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn what_no_file_can_say_is_said() {
    on_each_engine(|engine| {
        let (sandbox, database) = (Sandbox::empty(), engine.database());
        database.execute(
            "CREATE TABLE `../../escape` (id INT); CREATE TABLE base (id INT); CREATE VIEW broken AS SELECT id FROM base; DROP TABLE base;
             CREATE TABLE behind (id INT); SET sql_mode = 'ANSI_QUOTES'; CREATE PROCEDURE p() SELECT \"a\" FROM behind;",
        );
        let result = dump(&sandbox, &database, &["--schema-dir", "s/t"]).exits(1).json();
        let rules: Vec<&str> =
            findings(&result).iter().filter_map(|finding| finding["rule"].as_str()).collect();
        assert_eq!(rules.iter().filter(|rule| **rule == "dump/file-name").count(), 1, "{result}");
        assert!(rules.contains(&"dump/sql-mode"), "{result}");
        assert!(!sandbox.path("s").exists(), "nothing is written when something is left out");
        let result =
            dump(&sandbox, &database, &["--schema-dir", "s", "--exclude", "*escape"]).exits(0).json();
        assert!(sandbox.path("s/tables/behind.sql").exists(), "{result}");
    });
}
