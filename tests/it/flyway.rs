//! Flyway and `infra` on one database, in both orders and in turns.

use infra_tests::oracle::Flyway;
use infra_tests::sandbox::Sandbox;
use infra_tests::servers::Database;

use crate::harness::{MIGRATIONS, findings, infra, on_each_engine};

/// Rows of version, description, type, state and checksum, as `infra migrate info` gives them.
#[track_caller]
fn info(sandbox: &Sandbox, database: &Database) -> Vec<Vec<String>> {
    let result = infra(sandbox)
        .on(database)
        .run(&["migrate", "info", "--no-placeholders", "--format", "json"])
        .exits(0)
        .json();
    let rows = result["migrations"].as_array().expect("`info` lists migrations");
    let text = |value: &serde_json::Value| match value {
        serde_json::Value::Null => String::new(),
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    rows.iter()
        .map(|row| {
            ["version", "description", "type", "state", "checksum"].map(|key| text(&row[key])).to_vec()
        })
        .collect()
}

/// Runs a verb of `infra migrate` on the reference migrations.
fn migrate(sandbox: &Sandbox, database: &Database, verb: &str) -> infra_tests::run::Outcome {
    infra(sandbox).on(database).run(&["migrate", verb, "--no-placeholders", "--format", "json"])
}

fn flyway<'a>(database: &'a Database, locations: &'a std::path::Path) -> Flyway<'a> {
    // The reference rows contain `${` nowhere, but a reader's own may.
    Flyway::new(database, locations).set("PLACEHOLDER_REPLACEMENT", "false")
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn each_accepts_what_the_other_migrated_and_both_write_one_history() {
    on_each_engine(|engine| {
        let sandbox = Sandbox::reference();
        let locations = sandbox.path(MIGRATIONS);

        let ours = engine.database();
        let _ = migrate(&sandbox, &ours, "apply").exits(0);
        let _ = flyway(&ours, &locations).run(&["validate"]).exits(0);
        assert_eq!(flyway(&ours, &locations).info(), info(&sandbox, &ours), "states of what infra applied");

        let theirs = engine.database();
        let _ = flyway(&theirs, &locations).run(&["migrate"]).exits(0);
        let valid = migrate(&sandbox, &theirs, "validate").exits(0).json();
        assert!(findings(&valid).is_empty(), "{valid}");
        assert_eq!(
            flyway(&theirs, &locations).info(),
            info(&sandbox, &theirs),
            "states of what Flyway applied"
        );
        assert_eq!(ours.history(), theirs.history());

        let nothing = flyway(&ours, &locations).run(&["migrate"]).output();
        assert_eq!(nothing.trim(), "0", "Flyway finds nothing to do after infra");
        let history = theirs.history();
        let _ = migrate(&sandbox, &theirs, "apply").exits(0);
        assert_eq!(theirs.history(), history, "infra finds nothing to do after Flyway");
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn they_can_take_turns_on_one_database() {
    on_each_engine(|engine| {
        let sandbox = Sandbox::reference();
        let locations = sandbox.path(MIGRATIONS);

        let alone = engine.database();
        let _ = flyway(&alone, &locations).run(&["migrate"]).exits(0);

        let turns = engine.database();
        // Repeatables ignore the target, and these need tables that come later.
        let early = Sandbox::empty();
        for file in std::fs::read_dir(&locations).expect("the migrations can be listed") {
            let file = file.expect("the migrations can be listed");
            if file.file_name().to_string_lossy().starts_with("V0") {
                infra_tests::sandbox::copy(&file.path(), &early.path(file.file_name()));
            }
        }
        let _ = flyway(&turns, early.root()).set("TARGET", "008").run(&["migrate"]).exits(0);
        assert_eq!(turns.history().len(), 8);
        assert_eq!(info(&sandbox, &turns), flyway(&turns, &locations).info(), "half-way states");
        let _ = infra(&sandbox)
            .on(&turns)
            .run(&[
                "migrate",
                "apply",
                "--no-placeholders",
                "--target",
                "012",
                "--locations",
                &early.root().display().to_string(),
            ])
            .exits(0);
        let _ = migrate(&sandbox, &turns, "apply").exits(0);
        let _ = flyway(&turns, &locations).run(&["validate"]).exits(0);
        assert_eq!(turns.history(), alone.history());
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn both_name_an_edited_migration() {
    on_each_engine(|engine| {
        let sandbox = Sandbox::reference();
        let locations = sandbox.path(MIGRATIONS);
        let database = engine.database();
        let _ = migrate(&sandbox, &database, "apply").exits(0);
        sandbox.append(&format!("{MIGRATIONS}/V006__backfill_product_slug.sql"), "-- an afterthought\n");
        let theirs = flyway(&database, &locations).run(&["validate"]).exits(1);
        let ours = migrate(&sandbox, &database, "validate").exits(1);
        let applied = database.value("SELECT checksum FROM flyway_schema_history WHERE version = '006'");
        for said in [&theirs.stderr, &ours.stdout] {
            assert!(said.contains("006") && said.contains(&applied), "{said}");
        }
        assert_eq!(info(&sandbox, &database), flyway(&database, &locations).info());
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn flyway_can_clean_up_after_our_failure() {
    on_each_engine(|engine| {
        let sandbox = crate::harness::migrations(&[
            ("V1__table.sql", "CREATE TABLE t (id INT PRIMARY KEY);\n"),
            ("V2__rows.sql", "INSERT INTO t VALUES (1);\nINSERT INTO missing VALUES (1);\n"),
        ]);
        let database = engine.database();
        let apply = || infra(&sandbox).on(&database).run(&["migrate", "apply", "--locations", "migrations"]);
        let _ = apply().exits(4);
        let locations = sandbox.path("migrations");
        let _ = Flyway::new(&database, &locations).run(&["validate"]).exits(1);
        sandbox.write("migrations/V2__rows.sql", "INSERT INTO t VALUES (1);\n");
        let _ = Flyway::new(&database, &locations).run(&["repair"]).exits(0);
        let _ = apply().exits(0);
        assert_eq!(database.value("SELECT COUNT(*) FROM t"), "1");
        let _ = Flyway::new(&database, &locations).run(&["validate"]).exits(0);
    });
}
