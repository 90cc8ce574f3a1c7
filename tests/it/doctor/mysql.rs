//! MySQL and MariaDB.

use infra_tests::run::Outcome;
use infra_tests::sandbox::Sandbox;
use infra_tests::servers::{Database, Engine, PASSWORD, Server};
use serde_json::Value;

use super::certificates::{authority, sign};
use super::{finding, rules, silent_about, tree};
use crate::harness::{infra, on_each_engine};

/// The database and one that needs its schema.
fn components(version: &str, image: &str, need: &str) -> String {
    format!(
        "  - {{name: db, kind: database, version: {version}, image: {image}, provides: [{{name: sql, port: 3306}}], \
         database: {{name: shop, migrations: infra/mysql/migrations}}}}\n  \
         - {{name: orders, kind: service, version: 1.0.0, depends_on: [{{component: db, schema: '>={need}'}}]}}\n"
    )
}

fn running(database: &Database) -> String {
    let text = database.value("SELECT VERSION()");
    text.split(['-', '+']).next().expect("it has a version").to_owned()
}

fn image(engine: Engine) -> &'static str {
    if engine == Engine::MariaDb { "mariadb" } else { "mysql" }
}

fn connection(url: &str) -> String {
    format!("[environments.dev.mysql]\nurl = \"{url}\"\npassword-env = \"SHOP\"\n")
}

/// A history as `infra migrate` writes it, with one migration.
fn migrate(database: &Database) {
    let sandbox = Sandbox::empty();
    sandbox.write("infra.toml", "").write("migrations/V003__t.sql", "CREATE TABLE t (id INT PRIMARY KEY);\n");
    let _ = infra(&sandbox).on(database).run(&["migrate", "apply", "--locations", "migrations"]).exits(0);
}

#[track_caller]
fn doctor(sandbox: &Sandbox, password: &str) -> Outcome {
    let outcome = infra(sandbox).env("SHOP", password).run(&["doctor", "dev", "--format", "json"]);
    silent_about(outcome, &[PASSWORD, "wr0ng-one"])
}

/// Without what depends on the machine (its time zone) and on how the engine comes (old plugins and protocols).
fn judged(result: &Value) -> Vec<(&str, &str)> {
    let beside = ["probe/time-zone", "probe/expiring"];
    rules(result).into_iter().filter(|(rule, _)| !beside.contains(rule)).collect()
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn a_sound_server_has_nothing_wrong() {
    on_each_engine(|engine| {
        let database = engine.database();
        migrate(&database);
        let version = running(&database);
        let sandbox = tree(&components(&version, image(engine), "003"), &connection(&database.url()));
        let result = doctor(&sandbox, PASSWORD).exits(0).json();
        assert_eq!(judged(&result), []);
        let server = &result["servers"][0];
        assert_eq!(
            (server["version"].as_str(), server["product"].as_str()),
            (Some(&*version), Some(engine.name()))
        );
        let facts = &server["facts"];
        assert_eq!((facts["schema_version"].as_str(), &facts["read_only"]), (Some("003"), &false.into()));
        assert_eq!(
            (facts["character_set"].as_str(), &facts["sources"]),
            (Some("utf8mb4"), &Value::Array(Vec::new()))
        );
        assert_eq!(
            facts["buffer_pool_bytes"].to_string(),
            database.value("SELECT @@innodb_buffer_pool_size")
        );
        assert_eq!(facts["connections_max"].to_string(), database.value("SELECT @@max_connections"));
        assert_eq!(facts["sql_mode"], database.value("SELECT @@GLOBAL.sql_mode"));
        assert!(facts["connections"].as_u64() > Some(0), "{facts}");
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn another_version_product_or_schema_is_shown_where_it_is_declared() {
    on_each_engine(|engine| {
        let database = engine.database();
        migrate(&database);
        let version = running(&database);
        let sandbox = tree(&components("8.0.36", image(engine), "004"), &connection(&database.url()));
        let result = doctor(&sandbox, PASSWORD).exits(1).json();
        assert_eq!(judged(&result), [("probe/version", "error"), ("probe/schema", "error")]);
        assert_eq!(
            finding(&result, "probe/version")["message"],
            format!("`db` of `dev` is declared as `8.0.36`, but {} {version} runs", engine.name())
        );
        let schema = finding(&result, "probe/schema");
        assert_eq!(schema["message"], "`orders` needs the schema >=004 of `db` of `dev`, which is at 003");
        assert_eq!((&schema["file"], &schema["line"]), (&"platform/platform.yaml".into(), &7.into()));

        let other = if engine == Engine::MariaDb { "mysql" } else { "mariadb" };
        let sandbox = tree(&components(&version, other, "003"), &connection(&database.url()));
        assert_eq!(judged(&doctor(&sandbox, PASSWORD).exits(1).json()), [("probe/product", "error")]);
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn compat_check_takes_the_versions_that_run() {
    on_each_engine(|engine| {
        let database = engine.database();
        migrate(&database);
        let version = running(&database);
        let demanding = components("8.0.36", image(engine), "003")
            .replace("component: db, schema", "component: db, version: '<8.1', schema");
        let sandbox = tree(&demanding, &connection(&database.url()));
        let check = |more: &[&str]| {
            let arguments =
                [&["compat", "check", "--today", "2026-01-01", "--format", "json"], more].concat();
            infra(&sandbox).env("SHOP", PASSWORD).run(&arguments)
        };
        assert_eq!(rules(&check(&[]).json()).iter().filter(|(_, severity)| *severity == "error").count(), 0);
        let result = check(&["--live"]).exits(1).json();
        assert_eq!(result["observed"][0]["version"], version);
        let message =
            finding(&result, "compat/version-unsatisfied")["message"].as_str().expect("a text").to_owned();
        assert!(message.contains(&version), "{message}");
        assert_eq!(finding(&result, "probe/version")["severity"], "error");
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn settings_that_harm_are_told_of() {
    on_each_engine(|engine| {
        let database = Server::durable(engine).database();
        migrate(&database);
        database.execute(&format!("ALTER DATABASE {} CHARACTER SET latin1", database.name()));
        database.execute("CREATE TABLE old (t VARCHAR(9)) CHARACTER SET utf8mb3");
        database.execute(
            "SET GLOBAL sql_mode = ''; SET GLOBAL time_zone = '+02:00'; SET GLOBAL max_connections = 10",
        );
        database.execute("SET GLOBAL read_only = ON");
        let environments = "environments: [{name: dev, production: true}]";
        let sandbox =
            tree(&components(&running(&database), image(engine), "003"), &connection(&database.url()));
        sandbox.replace("platform/platform.yaml", "environments: [{name: dev}]", environments);
        let result = doctor(&sandbox, PASSWORD).exits(1).json();
        let found = rules(&result);
        for wanted in [
            ("probe/read-only", "error"),
            ("probe/sql-mode", "warning"),
            ("probe/charset", "warning"),
            ("probe/time-zone", "advice"),
            ("probe/buffer-pool", "warning"),
            ("probe/expiring", "advice"),
        ] {
            assert!(found.contains(&wanted), "{wanted:?} in {found:?}");
        }
        assert!(
            !found.iter().any(|(rule, _)| ["probe/connections", "probe/version"].contains(rule)),
            "{found:?}"
        );
        database.execute("SET GLOBAL read_only = OFF");
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn least_privileges_see_less_and_say_so() {
    on_each_engine(|engine| {
        let database = engine.database();
        migrate(&database);
        let name = database.name();
        // May log in and see the database's own table, and neither replication nor history.
        database.execute(&format!(
            "CREATE USER probe_{name} IDENTIFIED BY 'pr0be-me!'; GRANT SELECT ON {name}.t TO probe_{name}"
        ));
        let url = database.url().replace("shop@", &format!("probe_{name}@"));
        let sandbox = tree(&components(&running(&database), image(engine), "003"), &connection(&url));
        let result = silent_about(doctor(&sandbox, "pr0be-me!").exits(0), &["pr0be-me!"]).json();
        assert_eq!(judged(&result), [("probe/not-seen", "advice"), ("probe/not-seen", "advice")]);
        let server = &result["servers"][0];
        let what: Vec<_> =
            server["not_seen"].as_array().expect("a list").iter().map(|one| one["what"].as_str()).collect();
        assert_eq!(what, [Some("whether it is a replica"), Some("which migrations are applied")]);
        assert_eq!(
            (&server["facts"]["sources"], &server["facts"]["schema_version"]),
            (&Value::Null, &Value::Null)
        );
        database.execute(&format!("DROP USER probe_{name}"));
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn a_wrong_password_is_refused_and_not_shown() {
    on_each_engine(|engine| {
        let database = engine.database();
        let sandbox =
            tree(&components(&running(&database), image(engine), "003"), &connection(&database.url()));
        let result = doctor(&sandbox, "wr0ng-one").exits(3).json();
        let found = finding(&result, "probe/refused");
        assert!(found["message"].as_str().expect("a text").contains("Access denied"), "{found}");
        assert_eq!(found["line"], 6);
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn tls_is_verified_against_the_servers_authority() {
    let certificates = Sandbox::empty();
    authority(&certificates, "ours");
    authority(&certificates, "other");
    sign(&certificates, "ours");
    let file = |name: &str| certificates.path(name).display().to_string();
    let database = Server::durable(Engine::MySql).database();
    migrate(&database);
    database.execute(&format!(
        "SET GLOBAL ssl_ca = '{}', GLOBAL ssl_cert = '{}', GLOBAL ssl_key = '{}'; ALTER INSTANCE RELOAD TLS",
        file("ours.pem"),
        file("server.pem"),
        file("server.key")
    ));
    let ask_at = |url: &str, authority: &str| {
        let url = format!("{url}?tls=verify&tls-ca={}", file(authority));
        doctor(&tree(&components(&running(&database), "mysql", "003"), &connection(&url)), PASSWORD)
    };
    let url = database.url().replace("127.0.0.1", "localhost");
    let ask = |authority: &str| ask_at(&url, authority);
    assert_eq!(judged(&ask("ours.pem").exits(0).json()), []);
    // An address is no name, so the certificate's has to be said.
    let named = ask_at(&database.url(), "ours.pem&tls-name=localhost");
    assert_eq!(judged(&named.exits(0).json()), []);
    for refused in [ask("other.pem"), ask("ours.pem&tls-name=another"), ask_at(&database.url(), "ours.pem")] {
        let result = refused.exits(3).json();
        let message = finding(&result, "probe/unreachable")["message"].as_str().expect("a text").to_owned();
        assert!(message.contains("TLS"), "{message}");
    }
}
