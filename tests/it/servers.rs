//! The servers and reference tools by themselves: what the other tests stand on.

use infra_tests::oracle::Flyway;
use infra_tests::sandbox::Sandbox;
use infra_tests::servers::{Engine, PASSWORD};

use crate::harness::{MIGRATIONS, on_each_engine};

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn each_engine_is_what_it_says_and_private() {
    on_each_engine(|engine| {
        let database = engine.database();
        let version = database.value("SELECT VERSION()");
        assert_eq!(version.contains("MariaDB"), engine == Engine::MariaDb, "{version}");
        assert_eq!(database.value("SELECT DATABASE()"), database.name());
        assert_ne!(engine.server().port(), 3306, "never the standard port");
        assert_eq!(database.query("SELECT 'a\tb\\\\c', NULL"), [["a\tb\\c", "NULL"]]);
        assert!(!database.url().contains(PASSWORD) && !database.jdbc_url().contains(PASSWORD));
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn flyway_alone_migrates_the_reference_tree() {
    on_each_engine(|engine| {
        let (sandbox, database) = (Sandbox::reference(), engine.database());
        let locations = sandbox.path(MIGRATIONS);
        let flyway = Flyway::new(&database, &locations).set("PLACEHOLDER_REPLACEMENT", "false");
        let _ = flyway.run(&["migrate", "validate"]).exits(0);
        assert!(flyway.info().iter().all(|row| row[3] == "Success"), "{:?}", flyway.info());
        assert_eq!(database.history().len(), flyway.info().len());
    });
}
