//! `infra migrate new --from-schema`: the migration that is written makes the schema directory's objects, and its undo script
//! takes it back.

use infra_tests::run::Outcome;
use infra_tests::sandbox::Sandbox;
use infra_tests::servers::{Database, Engine};

use crate::harness::{MIGRATIONS, findings, infra, on_each_engine};

const COUPONS: &str = "infra/mysql/schema/tables/coupons.sql";

/// Migrations and the schema directory that they make, in a tree of their own.
fn tree(files: &[(&str, &str)]) -> Sandbox {
    let sandbox = Sandbox::empty();
    sandbox.write("infra.toml", "[paths]\nmigrations = \"migrations\"\nschema = \"schema\"\n");
    for (name, text) in files {
        sandbox.write(name, text);
    }
    sandbox
}

fn new(sandbox: &Sandbox, arguments: &[&str]) -> Outcome {
    infra(sandbox)
        .run(&[&["migrate", "new", "wanted", "--from-schema", "--format", "json"], arguments].concat())
}

/// The names of the files in a directory of migrations.
fn files(sandbox: &Sandbox, directory: &str) -> Vec<String> {
    let files = std::fs::read_dir(sandbox.path(directory)).expect("the migrations can be listed");
    let name = |file: std::fs::DirEntry| file.file_name().into_string().expect("names are UTF-8");
    let mut names: Vec<_> = files.map(|file| name(file.expect("the migrations can be listed"))).collect();
    names.sort();
    names
}

fn rules(outcome: &Outcome) -> Vec<String> {
    let result = outcome.json();
    let rules = findings(&result).iter().filter_map(|finding| finding["rule"].as_str());
    rules.map(ToOwned::to_owned).collect()
}

#[test]
fn migrations_and_schema_agree_after_it() {
    let sandbox = Sandbox::reference();
    let _ = infra(&sandbox).run(&["baseline", "verify"]).exits(0);
    sandbox.replace(COUPONS, "description VARCHAR(200)", "note TEXT NULL,\n    description VARCHAR(250)");
    sandbox.write(
        "infra/mysql/schema/procedures/touch_coupons.sql",
        "DELIMITER $$\nCREATE PROCEDURE touch_coupons()\nBEGIN\n  SELECT 1;\n  SELECT 2;\nEND$$\nDELIMITER ;\n",
    );
    let _ = infra(&sandbox).run(&["baseline", "verify"]).exits(1);
    let made = new(&sandbox, &["--undo"]).exits(0).json();
    let version = made["version"].as_str().expect("a version").to_owned();
    let (migration, undo) = (format!("V{version}__wanted.sql"), format!("U{version}__wanted.sql"));
    let listed = sandbox.read(&format!("{MIGRATIONS}/kustomization.yaml"));
    assert!(listed.contains(&migration) && listed.contains(&undo), "{listed}");
    let text = sandbox.read(&format!("{MIGRATIONS}/{migration}"));
    assert!(text.starts_with("-- wanted\n") && text.contains("DELIMITER"), "{text}");
    let text = sandbox.read(&format!("{MIGRATIONS}/{undo}"));
    assert!(text.contains("-- loses ") && text.contains("DROP PROCEDURE"), "{text}");
    let _ = infra(&sandbox).run(&["baseline", "build"]).exits(0);
    let _ = infra(&sandbox).run(&["baseline", "verify"]).exits(0);
    let before = files(&sandbox, MIGRATIONS);
    let same = infra(&sandbox).run(&["migrate", "new", "more", "--from-schema"]).exits(0);
    assert!(same.stdout.contains("unchanged"), "{}", same.stdout);
    assert_eq!(files(&sandbox, MIGRATIONS), before);
}

#[test]
fn nothing_is_written_when_something_is_lost_or_broken() {
    let sandbox = tree(&[
        ("migrations/V1__t.sql", "CREATE TABLE t (i INT NOT NULL PRIMARY KEY, gone INT);\n"),
        ("schema/tables/t.sql", "CREATE TABLE t (i INT NOT NULL PRIMARY KEY);\n"),
    ]);
    let refused = new(&sandbox, &["--undo"]).exits(1);
    assert_eq!(rules(&refused), ["schema/loses-data"]);
    assert_eq!(files(&sandbox, "migrations"), ["V1__t.sql"]);
    sandbox.write("migrations/V2__u.sql", "ALTER TABLE nowhere ADD i INT;\n");
    let broken = new(&sandbox, &["--allow-destructive"]).exits(1);
    assert!(rules(&broken).iter().any(|rule| rule == "schema/unknown-table"), "{:?}", rules(&broken));
    assert_eq!(files(&sandbox, "migrations"), ["V1__t.sql", "V2__u.sql"]);
    sandbox.write("migrations/V2__u.sql", "DO 1;\n");
    let _ = new(&sandbox, &["--allow-destructive", "--undo"]).exits(0);
    let text = sandbox.read("migrations/V3__wanted.sql");
    assert!(text.contains("-- loses ") && text.contains("DROP COLUMN `gone`"), "{text}");
    assert!(sandbox.read("migrations/U3__wanted.sql").contains("ADD COLUMN `gone`"));
}

#[test]
fn what_a_repeatable_migration_makes_otherwise_is_refused() {
    let sandbox = tree(&[
        ("migrations/V1__t.sql", "CREATE TABLE t (i INT NOT NULL PRIMARY KEY);\n"),
        ("migrations/R__v.sql", "CREATE OR REPLACE VIEW v AS SELECT i FROM t;\n"),
        ("schema/tables/t.sql", "CREATE TABLE t (i INT NOT NULL PRIMARY KEY);\n"),
        ("schema/views/v.sql", "CREATE VIEW v AS SELECT i + 1 AS i FROM t;\n"),
    ]);
    assert_eq!(rules(&new(&sandbox, &[]).exits(1)), ["migrate/still-different"]);
    assert_eq!(files(&sandbox, "migrations"), ["R__v.sql", "V1__t.sql"]);
}

#[test]
fn what_would_be_taken_for_a_placeholder_is_refused() {
    let sandbox = tree(&[
        ("migrations/V1__t.sql", "CREATE TABLE t (i INT NOT NULL PRIMARY KEY);\n"),
        ("schema/tables/t.sql", "CREATE TABLE t (i INT NOT NULL PRIMARY KEY, c CHAR(9) DEFAULT '${x}');\n"),
    ]);
    let _ = new(&sandbox, &[]).exits(1);
    assert_eq!(files(&sandbox, "migrations"), ["V1__t.sql"]);
}

#[test]
fn the_options_of_from_schema_mean_nothing_without_it() {
    let sandbox = Sandbox::reference();
    let before = files(&sandbox, MIGRATIONS);
    let _ = infra(&sandbox).run(&["migrate", "new", "x", "--undo"]).exits(2);
    let _ = infra(&sandbox).run(&["migrate", "new", "x", "--allow-destructive"]).exits(2);
    assert_eq!(files(&sandbox, MIGRATIONS), before);
}

/// What the server says of the tables.
fn shown(database: &Database) -> Vec<String> {
    let names = database.query(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() \
         AND table_name NOT LIKE 'flyway%' ORDER BY 1",
    );
    let show = |row: &Vec<String>| {
        database.query(&format!("SHOW CREATE TABLE `{}`", row[0])).swap_remove(0).swap_remove(1)
    };
    names.iter().map(show).collect()
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn servers_take_both_scripts_and_renamed_tables_keep_their_rows() {
    on_each_engine(|engine| {
        let database = engine.database();
        let sandbox = tree(&[
            (
                "migrations/V1__t.sql",
                "CREATE TABLE a (i INT NOT NULL PRIMARY KEY, old_name INT) ENGINE=InnoDB;\nINSERT INTO a VALUES (1, 2);\n",
            ),
            (
                "schema/tables/b.sql",
                "CREATE TABLE b (i INT NOT NULL PRIMARY KEY, new_name INT, KEY k (new_name)) ENGINE=InnoDB;\n",
            ),
        ]);
        let dialect = if engine == Engine::MariaDb { "mariadb-10.11" } else { "mysql-8.4" };
        let migrate =
            |arguments: &[&str]| infra(&sandbox).on(&database).run(&[&["migrate"], arguments].concat());
        let _ = migrate(&["apply"]).exits(0);
        let before = shown(&database);
        let renames = ["--rename", "table:a=b", "--rename", "column:b.old_name=new_name"];
        let _ = new(&sandbox, &[&["--undo", "--dialect", dialect], renames.as_slice()].concat()).exits(0);
        let _ = migrate(&["apply"]).exits(0);
        assert_eq!(database.query("SELECT i, new_name FROM b"), [["1", "2"]]);
        let _ = migrate(&["undo"]).exits(0);
        assert_eq!(shown(&database), before);
        assert_eq!(database.query("SELECT i, old_name FROM a"), [["1", "2"]]);
    });
}
