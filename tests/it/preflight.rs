//! What `infra migrate apply` looks at before it runs anything, on servers of its own.

use infra_tests::servers::{Engine, Server};

use crate::harness::{infra, migrations, on_each_engine};

const APPLY: [&str; 5] = ["migrate", "apply", "--locations", "migrations", "-v"];

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn a_replica_is_told_from_a_primary() {
    on_each_engine(|engine| {
        let database = Server::durable(engine).database();
        let sandbox = migrations(&[("V1__a.sql", "CREATE TABLE a (i INT);\n")]);
        let said = infra(&sandbox).on(&database).run(&APPLY).exits(0).stderr;
        assert!(!said.contains("replica"), "{said}");
        database.execute(match engine {
            Engine::MariaDb => "CHANGE MASTER TO MASTER_HOST = 'primary.example'",
            Engine::MySql => "CHANGE REPLICATION SOURCE TO SOURCE_HOST = 'primary.example'",
        });
        sandbox.write("migrations/V2__b.sql", "CREATE TABLE b (i INT);\n");
        let said = infra(&sandbox).on(&database).run(&APPLY).exits(0).stderr;
        assert!(
            said.contains(
                "beware  this server is a replica, and what is changed here does not reach primary.example"
            ),
            "{said}"
        );
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn the_room_for_a_copy_is_checked_where_the_server_tells() {
    on_each_engine(|engine| {
        let database = Server::durable(engine).database();
        let sandbox = migrations(&[("V1__a.sql", "CREATE TABLE a (i INT);\nALTER TABLE a FORCE;\n")]);
        let not_checked = |version: u32, arguments: &[&str]| {
            sandbox.write(&format!("migrations/V{version}__again.sql"), "ALTER TABLE a FORCE;\n");
            let said = infra(&sandbox).on(&database).run(arguments).exits(0).stderr;
            said.contains("`a` will be written anew; that") && said.contains("not checked")
        };
        let said = infra(&sandbox).on(&database).run(&APPLY).exits(0).stderr;
        assert!(!said.contains("written anew"), "a table of the plan's own is empty: {said}");
        assert!(not_checked(2, &APPLY));
        assert!(!not_checked(3, &APPLY[..4]), "only those who ask for everything are told");
        if engine == Engine::MariaDb {
            database.execute("INSTALL SONAME 'disks'");
            assert!(!not_checked(4, &APPLY));
        }
    });
}
