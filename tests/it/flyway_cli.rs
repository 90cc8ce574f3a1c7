//! `infra flyway`: Flyway's configuration, JSON, texts and exit codes, beside Flyway's own.

use std::collections::BTreeSet;

use infra_tests::oracle::Flyway;
use infra_tests::run::{Infra, Outcome, run_with_input};
use infra_tests::sandbox::Sandbox;
use infra_tests::servers::{Database, Engine, PASSWORD, USER};
use serde_json::{Value, json};

use crate::harness::{infra, migrations, on_each_engine};

/// Configured as the Job of a Flyway image is: by variables.
fn ours(sandbox: &Sandbox, database: &Database, settings: &[(&str, &str)]) -> Infra {
    let locations = format!("filesystem:{}", sandbox.path("migrations").display());
    let mut infra = infra(sandbox)
        .env("FLYWAY_URL", database.jdbc_url())
        .env("FLYWAY_USER", USER)
        .env("FLYWAY_PASSWORD", PASSWORD)
        .env("FLYWAY_LOCATIONS", locations);
    for (name, value) in settings {
        infra = infra.env(&format!("FLYWAY_{name}"), *value);
    }
    infra
}

/// What differs between two runs of one program: times, names of databases, links, stack traces.
fn comparable(value: &Value, database: &Database, key: &str) -> Value {
    match value {
        Value::Object(map) if key != "cause" => {
            map.iter().map(|(key, value)| (key.clone(), comparable(value, database, key))).collect()
        }
        Value::Array(list) => list.iter().map(|value| comparable(value, database, key)).collect(),
        Value::Number(_) if ["executionTime", "totalMigrationTime"].contains(&key) => json!(0),
        Value::String(time) if ["timestamp", "installedOnUTC"].contains(&key) && !time.is_empty() => {
            let has_zone = time.ends_with('Z');
            assert!(time.len() >= 19 && time.as_bytes()[10] == b'T', "`{time}` is no time");
            json!(if has_zone { "utc" } else { "local" })
        }
        Value::String(text) => {
            let text = text.replace(&format!("`{}`", database.name()), "`schema`");
            let lines =
                text.split('\n').filter(|line| !line.starts_with("Need ") && !line.starts_with("Statement "));
            let text = lines.collect::<Vec<_>>().join("\n");
            let (before, after) = text.split_once("(conn=").unwrap_or((&text, ""));
            let text = before.to_owned() + after.split_once(") ").map_or("", |(_, rest)| rest);
            json!(if text == database.name() { "schema" } else { &text })
        }
        _ if key == "cause" => Value::Null,
        other => other.clone(),
    }
}

/// The same verbs by both, each on a database of its own.
struct Pair<'a> {
    sandbox: &'a Sandbox,
    ours: Database,
    theirs: Database,
}

impl<'a> Pair<'a> {
    fn new(engine: Engine, sandbox: &'a Sandbox) -> Self {
        Self { sandbox, ours: engine.database(), theirs: engine.database() }
    }

    fn execute(&self, sql: &str) {
        self.ours.execute(sql);
        self.theirs.execute(sql);
    }

    fn run(&self, settings: &[(&str, &str)], verbs: &[&str]) -> (Outcome, Outcome) {
        let ours = ours(self.sandbox, &self.ours, settings);
        let ours = ours.run(&[&["flyway", "-outputType=json"], verbs].concat());
        let locations = self.sandbox.path("migrations");
        let mut flyway = Flyway::new(&self.theirs, &locations);
        for (name, value) in settings {
            flyway = flyway.set(name, value);
        }
        (ours, flyway.run(&[&["json"], verbs].concat()))
    }

    /// Insists on the same exit code and the same JSON.
    #[track_caller]
    fn same(&self, settings: &[(&str, &str)], verbs: &[&str]) -> Value {
        let (ours, theirs) = self.run(settings, verbs);
        let (json, expected) =
            (comparable(&ours.json(), &self.ours, ""), comparable(&theirs.json(), &self.theirs, ""));
        assert_eq!(json, expected, "{verbs:?}\n{:#}\n{:#}", ours.json(), theirs.json());
        assert_eq!(ours.code, theirs.code, "{verbs:?}: {ours:?}");
        json
    }
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn each_verb_prints_the_json_that_flyway_prints() {
    on_each_engine(|engine| {
        let sandbox = migrations(&[
            ("V1__first.sql", "CREATE TABLE a (i INT);\n"),
            ("V1.1__second_one.sql", "CREATE TABLE b (i INT);\n"),
            ("sub/R__view.sql", "CREATE OR REPLACE VIEW v AS SELECT 1 AS one;\n"),
        ]);
        let pair = Pair::new(engine, &sandbox);
        let all = ["info", "migrate", "info", "validate", "migrate", "repair"];
        let results = pair.same(&[], &all);
        assert_eq!(results["individualResults"].as_array().map(Vec::len), Some(6));
        let _ = pair.same(&[], &["validate"]);
        let clean = [("CLEAN_DISABLED", "false"), ("BASELINE_VERSION", "1"), ("INSTALLED_BY", "release")];
        let _ = pair.same(&clean, &["clean", "baseline", "baseline", "info", "migrate", "info"]);
        assert_eq!(pair.ours.history(), pair.theirs.history());
        pair.sandbox.write("migrations/V2__third.sql", "SELECT 1;\n");
        let _ = pair.same(&[("OUT_OF_ORDER", "true")], &["migrate"]);
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn baseline_migrations_and_repaired_histories_look_the_same() {
    on_each_engine(|engine| {
        let sandbox = migrations(&[
            ("V1__one.sql", "SELECT 1;\n"),
            ("B2__base.sql", "CREATE TABLE base (i INT);\n"),
            ("V3__three.sql", "CREATE TABLE three (i INT);\n"),
            ("R__rep.sql", "SELECT 1;\n"),
        ]);
        let pair = Pair::new(engine, &sandbox);
        let _ = pair.same(&[], &["info", "migrate", "validate", "info"]);
        sandbox.remove("migrations/V3__three.sql");
        sandbox.write("migrations/V4__four.sql", "SELECT 4;\n");
        sandbox.write("migrations/R__rep.sql", "SELECT 2;\n");
        sandbox.write("migrations/B2__base.sql", "CREATE TABLE base (i BIGINT);\n");
        let _ = pair.same(&[("IGNORE_MIGRATION_PATTERNS", "")], &["repair", "info"]);
        let non_empty = Pair::new(engine, &sandbox);
        non_empty.execute("CREATE TABLE old (i INT)");
        let _ = non_empty.same(&[("BASELINE_ON_MIGRATE", "true")], &["migrate", "info"]);
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn a_failed_migration_is_reported_as_flyway_reports_it() {
    on_each_engine(|engine| {
        let sandbox = migrations(&[
            ("V1__fine.sql", "CREATE TABLE a (i INT);\n"),
            ("V2__broken.sql", "CREATE TABLE b (i INT);\n-- two\nCREATE TABLE c (i INT, i INT);\n"),
        ]);
        let pair = Pair::new(engine, &sandbox);
        let failed = pair.same(&[], &["info", "migrate", "info"]);
        let migrate = &failed["individualResults"][1];
        assert_eq!((&migrate["success"], &migrate["error"]["lineNumber"]), (&json!(false), &json!(3)));
        let again = pair.same(&[], &["migrate"]);
        assert_eq!(again["error"]["errorCode"], "VALIDATE_ERROR");
        let _ = pair.same(&[], &["repair"]);
        assert_eq!(pair.ours.history(), pair.theirs.history());
        let sandbox = migrations(&[("V1__fine.sql", "SELECT 1;\n"), ("R__broken.sql", "SELEC 1;\n")]);
        let pair = Pair::new(engine, &sandbox);
        let failed = pair.same(&[], &["migrate"]);
        assert_eq!(failed["error"]["errorCode"], "FAILED_REPEATABLE_MIGRATION");
        let _ = pair.same(&[], &["info", "repair", "info"]);
        assert_eq!(pair.ours.history(), pair.theirs.history());
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn what_validate_finds_is_what_flyway_finds() {
    on_each_engine(|engine| {
        let sandbox = migrations(&[
            ("V1__gone.sql", "SELECT 1;\n"),
            ("V2__edited.sql", "SELECT 2;\n"),
            ("V3__renamed.sql", "SELECT 3;\n"),
            ("V5__last.sql", "SELECT 5;\n"),
            ("V9__future.sql", "SELECT 9;\n"),
            ("R__gone.sql", "SELECT 'gone';\n"),
            ("R__edited.sql", "SELECT 'edited';\n"),
        ]);
        let pair = Pair::new(engine, &sandbox);
        let _ = pair.same(&[], &["migrate"]);
        for name in ["V1__gone", "V3__renamed", "V9__future", "R__gone"] {
            sandbox.remove(&format!("migrations/{name}.sql"));
        }
        sandbox.write("migrations/V2__edited.sql", "SELECT 22;\n");
        sandbox.write("migrations/V3__new_name.sql", "SELECT 3;\n");
        sandbox.write("migrations/V4__late.sql", "SELECT 4;\n");
        sandbox.write("migrations/V6__pending.sql", "SELECT 6;\n");
        sandbox.write("migrations/R__edited.sql", "SELECT 'edited again';\n");
        sandbox.write("migrations/R__pending.sql", "SELECT 'pending';\n");
        for settings in [&[][..], &[("IGNORE_MIGRATION_PATTERNS", "*:missing,*:pending")]] {
            let (ours, theirs) = pair.run(settings, &["validate"]);
            assert_eq!(
                comparable(&ours.json(), &pair.ours, ""),
                comparable(&theirs.json(), &pair.theirs, "")
            );
            // Flyway's 0 tells a pipeline that everything is well.
            assert_eq!((ours.code, theirs.code), (1, 0));
        }
        let _ = pair.same(&[], &["migrate"]);
        let stops = self::ours(&sandbox, &pair.ours, &[]).run(&["flyway", "validate", "migrate"]).exits(1);
        assert!(!stops.stdout.contains("Migrating"), "{stops:?}");
    });
}

/// How alike an error is.
#[derive(Clone, Copy, PartialEq)]
enum Alike {
    /// Code and words.
    Words,
    /// The code.
    Code,
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn each_error_of_flyway_has_ours_beside_it() {
    type Case<'a> = (&'a str, Alike, &'a [(&'a str, &'a str)], &'a [(&'a str, &'a str)], &'a [&'a str]);
    const ONE: &[(&str, &str)] = &[("V1__a.sql", "SELECT 1;\n")];
    let cases: &[Case<'_>] = &[
        ("clean is disabled", Alike::Words, ONE, &[], &["clean"]),
        ("no such target", Alike::Words, ONE, &[("TARGET", "7")], &["migrate"]),
        ("a target that is no version", Alike::Code, ONE, &[("TARGET", "x")], &["migrate"]),
        ("a flag that is neither", Alike::Code, ONE, &[("OUT_OF_ORDER", "maybe")], &["migrate"]),
        ("a number that is none", Alike::Code, ONE, &[("CONNECT_RETRIES", "few")], &["migrate"]),
        ("baseline after migrate", Alike::Code, ONE, &[], &["migrate", "baseline"]),
        (
            "two files of one version",
            Alike::Code,
            &[("V1__a.sql", "SELECT 1;\n"), ("V1.0__b.sql", "SELECT 1;\n")],
            &[],
            &["info"],
        ),
        (
            "two repeatables of one description",
            Alike::Code,
            &[("R__a.sql", "SELECT 1;\n"), ("s/R__a.sql", "SELECT 1;\n")],
            &[],
            &["validate"],
        ),
        (
            "a wrong name",
            Alike::Code,
            &[("V1_a.sql", "SELECT 1;\n")],
            &[("VALIDATE_MIGRATION_NAMING", "true")],
            &["migrate"],
        ),
        ("no value for a placeholder", Alike::Code, &[("V1__a.sql", "SELECT '${x}';\n")], &[], &["migrate"]),
        (
            "a location that is not there",
            Alike::Code,
            ONE,
            &[("LOCATIONS", "filesystem:/nowhere/at/all"), ("FAIL_ON_MISSING_LOCATIONS", "true")],
            &["info"],
        ),
        ("a wrong password", Alike::Code, ONE, &[("PASSWORD", "wrong")], &["info"]),
    ];
    on_each_engine(|engine| {
        for (name, alike, files, settings, verbs) in cases {
            let sandbox = migrations(files);
            let pair = Pair::new(engine, &sandbox);
            let (ours, theirs) = pair.run(settings, verbs);
            assert_eq!((ours.code, theirs.code), (1, 1), "{name}");
            let (json, expected) =
                (comparable(&ours.json(), &pair.ours, ""), comparable(&theirs.json(), &pair.theirs, ""));
            if *alike == Alike::Words {
                assert_eq!(json, expected, "{name}");
            }
            assert!(
                json["error"]["message"].as_str().is_some_and(|message| !message.is_empty()),
                "{name}: {json}"
            );
            let keys = |value: &Value| -> BTreeSet<String> {
                value["error"].as_object().into_iter().flat_map(|error| error.keys().cloned()).collect()
            };
            assert_eq!(keys(&json), keys(&expected), "{name}");
            // Ours says for every wrong value that it stands in the configuration.
            let code = &json["error"]["errorCode"];
            assert!(
                *code == expected["error"]["errorCode"] || code == "CONFIGURATION",
                "{name}: {json} {expected}"
            );
        }
        let sandbox = migrations(ONE);
        let pair = Pair::new(engine, &sandbox);
        pair.execute("CREATE TABLE old (i INT)");
        let refused = pair.same(&[], &["migrate"]);
        assert_eq!(refused["error"]["errorCode"], "NON_EMPTY_SCHEMA_WITHOUT_SCHEMA_HISTORY_TABLE");
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn text_has_flyways_lines() {
    on_each_engine(|engine| {
        let sandbox = migrations(&[
            ("V1__first.sql", "CREATE TABLE ${name} (i INT);\n"),
            ("V3__third.sql", "CREATE TABLE c (i INT);\n"),
            ("R__view.sql", "CREATE OR REPLACE VIEW v AS SELECT 1 AS one;\n"),
        ]);
        let database = engine.database();
        let schema = database.name();
        // The arguments of a Job that was written for Flyway.
        sandbox.write(
            "flyway.toml",
            format!(
                "[flyway]\nlocations = ['filesystem:migrations']\n[flyway.placeholders]\nname = 'a'\n\
                 [environments.default]\nurl = '{}'\nuser = '{USER}'\npassword = '${{env.SECRET}}'\n",
                database.jdbc_url()
            ),
        );
        let infra = infra(&sandbox).env("SECRET", PASSWORD);
        let said = infra.run(&["flyway", "migrate", "info"]).exits(0);
        for line in [
            format!("Schema history table `{schema}`.`flyway_schema_history` does not exist yet"),
            format!("Creating Schema History table `{schema}`.`flyway_schema_history` ..."),
            "Successfully validated 3 migrations (execution time 00:0".to_owned(),
            format!("Current version of schema `{schema}`: << Empty Schema >>"),
            format!("Migrating schema `{schema}` to version \"1 - first\""),
            format!("Migrating schema `{schema}` with repeatable migration \"view\""),
            format!(
                "Successfully applied 3 migrations to schema `{schema}`, now at version v3 (execution time 00:0"
            ),
            "Schema version: 3".to_owned(),
            "| Category   | Version | Description | Type | Installed On        | State   | Undoable |"
                .to_owned(),
            "| Versioned  | 1       | first       | SQL  | 2".to_owned(),
        ] {
            assert!(said.stdout.lines().any(|found| found.starts_with(&line)), "no `{line}` in {said:?}");
        }
        let again = infra.run(&["flyway", "migrate"]).exits(0);
        assert!(again.stdout.contains("is up to date. No migration necessary."), "{again:?}");
        sandbox.write("migrations/V2__late.sql", "SELECT 1;\n");
        let refused = infra.run(&["flyway", "migrate"]).exits(1);
        assert!(
            refused.stderr.contains("ERROR: Validate failed: Migrations have failed validation"),
            "{refused:?}"
        );
        let late = infra.run(&["flyway", "-outOfOrder=true", "migrate"]).exits(0);
        assert!(late.stdout.contains("to version \"2 - late\" [out of order]"), "{late:?}");
        assert!(late.stdout.contains("now at version v2"), "{late:?}");
        assert!(late.stderr.contains("WARNING: outOfOrder mode is active."), "{late:?}");
        let ids = infra.run(&[
            "flyway",
            "-migrationIds",
            "-infoSinceVersion=2",
            "-infoOfState=out_of_order",
            "-q",
            "info",
        ]);
        assert_eq!(ids.output(), "2");
        let quiet = infra.run(&["flyway", "-q", "migrate", "validate"]).exits(0);
        assert_eq!(quiet.all(), "");
        for output in [said, again, refused, late] {
            assert!(!output.all().contains(PASSWORD), "{output:?}");
        }
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn files_are_found_where_flyway_finds_them() {
    let sandbox = Sandbox::empty();
    let database = Engine::MariaDb.database();
    for file in
        ["db/migration/V1__usual.sql", "a/V2__a.sql", "a/in/V3__in.sql", "work/b/V4__b.sql", "c/M5--c.ddl"]
    {
        sandbox.write(file, "SELECT 1;\n");
    }
    let found = |arguments: &[&str]| {
        let connection =
            [("URL", database.jdbc_url()), ("USER", USER.to_owned()), ("PASSWORD", PASSWORD.to_owned())];
        let mut infra = infra(&sandbox);
        for (name, value) in connection {
            infra = infra.env(&format!("FLYWAY_{name}"), value);
        }
        infra.run(&[&["flyway", "-migrationIds"], arguments, &["info"]].concat())
    };
    for (arguments, ids) in [
        (&[][..], "1"),
        (&["-locations=a"], "2,3"),
        (&["-locations=classpath:a/in,filesystem:db"], "1,3"),
        (&["-locations=a/in,filesystem:a"], "2,3"),
        (&["-locations=filesystem:b", "-workingDirectory=work"], "4"),
        (
            &[
                "-locations=c",
                "-sqlMigrationPrefix=M",
                "-sqlMigrationSeparator=--",
                "-sqlMigrationSuffixes=.sql,.ddl",
            ],
            "5",
        ),
    ] {
        assert_eq!(found(arguments).output(), ids, "{arguments:?}");
    }
    let nowhere = found(&["-locations=filesystem:nowhere"]).exits(0);
    assert!(nowhere.stderr.contains("/nowhere (not found)"), "{nowhere:?}");
    for (argument, named) in [
        ("-locations=s3:bucket", "`s3:bucket`"),
        ("-jdbcProperties.bogus=1", "`bogus`"),
        ("-jdbcProperties.sslMode=sometimes", "`sslMode`"),
        ("-placeholders.flyway:user=x", "`flyway:user`"),
        ("-ignoreMigrationPatterns=lost", "`lost`"),
        ("-baselineVersion=one", "baselineVersion"),
    ] {
        let refused = found(&[argument]).exits(1);
        assert!(refused.stderr.contains(named), "no {named} in {refused:?}");
    }
}

/// A place that an invalid colour comes from, which needs no server to be seen.
#[track_caller]
fn comes_from(outcome: Outcome, place: &str) {
    let outcome = outcome.exits(1);
    assert!(
        outcome.stderr.contains(&format!("`color`, given by {place}: ")),
        "not from {place}: {outcome:?}"
    );
}

#[test]
fn sources_are_read_in_flyways_order() {
    let sandbox = Sandbox::empty();
    let infra = infra(&sandbox);
    let info = |arguments: &[&str]| infra.run(&[&["flyway"], arguments, &["info"]].concat());
    sandbox.write("flyway.conf", "# conf\nflyway.color=conf\n");
    comes_from(info(&[]), "flyway.conf:2:1");
    sandbox.write("other.conf", "flyway.color=other\n");
    comes_from(info(&["-configFiles=other.conf"]), "other.conf:1:1");
    sandbox.write("work/flyway.conf", "flyway.color=work\n");
    comes_from(info(&["-workingDirectory=work"]), "work/flyway.conf:1:1");
    let variable = infra.env("FLYWAY_COLOR", "variable").env("FLYWAY_CONFIG_FILES", "other.conf");
    comes_from(variable.run(&["flyway", "info"]), "FLYWAY_COLOR");
    comes_from(variable.run(&["flyway", "-color=argument", "info"]), "-color");
    // TOML wins where both are found, and nothing of the other kind is read.
    sandbox.write("flyway.toml", "[flyway]\ncolor = 'toml'\n");
    sandbox.write("flyway.conf", "flyway.color=conf\nflyway.bogus=1\n");
    let infra = self::infra(&sandbox);
    let toml = infra.run(&["flyway", "info"]);
    assert!(!toml.all().contains("bogus"), "{toml:?}");
    comes_from(toml, "flyway.toml:2:1");
    sandbox.write("flyway.user.toml", "[flyway]\ncolor = 'user'\n");
    comes_from(infra.run(&["flyway", "info"]), "flyway.user.toml:2:1");
    let both = infra.run(&["flyway", "-configFiles=a.toml,other.conf", "info"]).exits(1);
    assert!(both.stderr.contains("a.toml and other.conf"), "{both:?}");
}

#[test]
fn a_configuration_comes_from_standard_input_too() {
    let sandbox = Sandbox::empty();
    let mut command = infra(&sandbox).command(&["flyway", "-configFiles=-", "info"]);
    comes_from(run_with_input(&mut command, b"flyway.user=x\nflyway.color=input\n"), "-:2:1");
}

#[test]
fn what_is_not_understood_is_named_and_nothing_is_connected() {
    let sandbox = Sandbox::empty();
    sandbox.write("flyway.conf", "flyway.tabel=x\nflyway.password=s3cr3t\n");
    let infra = infra(&sandbox).env("FLYWAY_TARGT", "1");
    let arguments = ["-outputType=json", "-outoforder=true", "-dryRunOutput=f", "-url=jdbc:h2:x", "migrat"];
    let refused = infra.run(&[&["flyway"], &arguments[..]].concat()).exits(1);
    let error = &refused.json()["error"];
    assert_eq!(error["errorCode"], "CONFIGURATION");
    let message = error["message"].as_str().unwrap_or_default();
    for name in ["`tabel`", "`FLYWAY_TARGT`", "`-outoforder=`", "`-dryRunOutput=`", "`migrat`"] {
        assert!(message.contains(name), "no {name} in {message}");
    }
    for hint in ["`table`", "`FLYWAY_TARGET`", "`outOfOrder`", "`migrate`", "flyway.conf:1:1"] {
        assert!(refused.stderr.contains(hint), "no {hint} in {}", refused.stderr);
    }
    assert!(!refused.all().contains("s3cr3t"), "{refused:?}");
    for (option, instead) in [("--env=x", "-environment=NAME"), ("--format=json", "-outputType=json")] {
        let refused = self::infra(&sandbox).run(&[option, "flyway", "info"]).exits(1);
        assert!(refused.stderr.contains(instead), "{refused:?}");
    }
}

#[test]
fn commands_that_are_not_taken_over_say_what_does_the_same() {
    let sandbox = Sandbox::empty();
    for (command, instead) in [("check", "infra check"), ("generate", "infra migrate new")] {
        let refused = infra(&sandbox).run(&["flyway", "-url=jdbc:mysql://127.0.0.1:1/x", command]).exits(1);
        assert!(refused.stderr.contains(instead), "{refused:?}");
    }
    // Nothing before it is run either, so that half of a command line is never in force.
    let wrong = [
        "flyway",
        "-url=jdbc:mysql://127.0.0.1:1/x",
        "-infoOfState=lost",
        "-infoSinceDate=today",
        "migrate",
        "info",
    ];
    let refused = infra(&sandbox).run(&wrong).exits(1);
    for what in ["`lost` is none of PENDING", "dd/mm/yyyy"] {
        assert!(refused.stderr.contains(what), "no {what} in {refused:?}");
    }
    assert!(!refused.all().contains("cannot reach"), "{refused:?}");
    let no_url = infra(&sandbox).run(&["flyway", "info"]).exits(1);
    assert!(no_url.stderr.contains("Configure the url, user and password!"), "{no_url:?}");
}

#[test]
fn help_and_version_need_nothing() {
    let sandbox = Sandbox::empty();
    for arguments in [&["flyway"][..], &["flyway", "help", "check"], &["flyway", "-?"], &["flyway", "--help"]]
    {
        let help = infra(&sandbox).run(arguments).output();
        assert!(help.contains("Example") && help.contains("baselineOnMigrate"), "{help}");
    }
    assert!(infra(&sandbox).run(&["flyway", "-v"]).output().contains("Flyway 13"));
    let version = infra(&sandbox).run(&["flyway", "version", "-outputType=json"]).exits(0).json();
    assert_eq!(version["operation"], "version");
    let said = infra(&sandbox).run(&["flyway", "version", "-outputFile=said.txt"]).output();
    assert_eq!(sandbox.read("said.txt"), said);
}

#[cfg(unix)]
#[test]
fn a_link_named_flyway_is_flyway_and_brings_its_installation() {
    let sandbox = Sandbox::empty();
    sandbox.write("opt/conf/flyway.conf", "flyway.color=installed\n");
    let link = sandbox.path("opt/flyway");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_infra-under-test"), &link).expect("a link can be made");
    let shown = format!("{}:1:1", sandbox.path("opt/conf/flyway.conf").display());
    comes_from(Infra::new(&link, sandbox.root()).run(&["info"]), &shown);
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn options_do_what_they_do_in_flyway() {
    on_each_engine(|engine| {
        let sandbox = migrations(&[
            ("V1__a.sql", "CREATE TABLE a (word VARCHAR(40)) CHARACTER SET utf8mb4;\n"),
            (
                "V3__seen.sql",
                "INSERT INTO a VALUES (CONCAT('<%flyway_table%> ', @@div_precision_increment));\n",
            ),
            ("afterMigrate.sql", "INSERT INTO a VALUES ('never');\n"),
        ]);
        sandbox.write("migrations/V2__latin.sql", b"INSERT INTO a VALUES ('\xe9t\xe9');\n");
        sandbox.write("callbacks/afterMigrate.sql", "INSERT INTO a VALUES ('called');\n");
        let callbacks = format!("filesystem:{}", sandbox.path("callbacks").display());
        let pair = Pair::new(engine, &sandbox);
        let settings = [
            ("ENCODING", "ISO-8859-1"),
            ("INIT_SQL", "SET SESSION div_precision_increment = 7; SET @other = 1"),
            ("CALLBACK_LOCATIONS", &callbacks),
            ("PLACEHOLDER_PREFIX", "<%"),
            ("PLACEHOLDER_SUFFIX", "%>"),
            ("PLACEHOLDER_SEPARATOR", "_"),
            ("TABLE", "versions"),
            ("CONNECT_RETRIES", "1"),
        ];
        let _ = pair.same(&settings, &["migrate", "info", "validate"]);
        let words = |database: &Database| database.query("SELECT word FROM a").concat();
        assert_eq!(words(&pair.ours), ["été", "versions 7", "called"]);
        assert_eq!(words(&pair.ours), words(&pair.theirs));
        let skipping = [&settings[..], &[("SKIP_DEFAULT_CALLBACKS", "true")]].concat();
        let _ = pair.same(&skipping, &["migrate"]);
        assert_eq!(words(&pair.ours), words(&pair.theirs));
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn locations_with_wildcards_find_what_flyway_finds() {
    on_each_engine(|engine| {
        let sandbox = migrations(&[
            ("r1/V1__a.sql", "SELECT 1;\n"),
            ("r1/deep/V2__b.sql", "SELECT 2;\n"),
            ("r22/V3__c.sql", "SELECT 3;\n"),
            ("r22/R__d.sql", "SELECT 4;\n"),
            ("old/V4__e.sql", "SELECT 5;\n"),
        ]);
        let root = sandbox.path("migrations").display().to_string();
        for pattern in ["r?", "r*", "*/deep", "**/V*.sql", "**/deep", "r*/V3*.sql"] {
            let pair = Pair::new(engine, &sandbox);
            let location = format!("filesystem:{root}/{pattern}");
            let _ = pair.same(&[("LOCATIONS", &location)], &["migrate", "info"]);
            assert_eq!(pair.ours.history(), pair.theirs.history(), "{pattern}");
        }
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn picked_migrations_alone_are_applied_and_undone() {
    on_each_engine(|engine| {
        let sandbox = migrations(&[
            ("V1__a.sql", "CREATE TABLE a (i INT);\n"),
            ("V2__b.sql", "CREATE TABLE b (i INT);\n"),
            ("V3__c.sql", "CREATE TABLE c (i INT);\n"),
            ("U3__c.sql", "DROP TABLE c;\n"),
            ("R__x_y.sql", "CREATE OR REPLACE VIEW v AS SELECT 1 AS one;\n"),
        ]);
        let database = engine.database();
        let run = |arguments: &[&str]| {
            ours(&sandbox, &database, &[]).run(&[&["flyway", "-outputType=json"], arguments].concat())
        };
        let picked = run(&["-cherryPick=3,x_y", "migrate"]).exits(0).json();
        assert_eq!(picked["migrationsExecuted"], 2);
        let tables = || database.query("SHOW TABLES").concat();
        assert_eq!(tables(), ["c", "flyway_schema_history", "v"]);
        let info = run(&["info"]).exits(0).json();
        let undoable: Vec<_> = info["migrations"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|m| (&m["version"], &m["undoable"]))
            .collect();
        assert!(undoable.contains(&(&json!("3"), &json!("Yes"))), "{undoable:?}");
        let undone = run(&["undo"]).exits(0).json();
        assert_eq!((&undone["migrationsUndone"], &undone["initialSchemaVersion"]), (&json!(1), &json!("3")));
        assert!(!tables().contains(&"c".to_owned()));
        let _ = run(&["-cherryPick=9", "migrate"]).exits(1);
        let _ = run(&["migrate"]).exits(0);
        assert_eq!(tables(), ["a", "b", "c", "flyway_schema_history", "v"]);
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn what_queries_find_is_printed_as_flyway_prints_it() {
    on_each_engine(|engine| {
        let sandbox = migrations(&[
            (
                "V1__q.sql",
                "CREATE TABLE t (i INT PRIMARY KEY, name VARCHAR(20), at DATE, price DECIMAL(6,2));\n\
                 SELECT * FROM t;\n\
                 INSERT INTO t VALUES (1, 'häh', '2026-01-02', 1.5), (2, NULL, NULL, NULL);\n\
                 SELECT i, name AS `der Name`, at, price FROM t ORDER BY i;\n\
                 SHOW TABLES LIKE 't';\n",
            ),
            (
                "V2__p.sql",
                "CREATE PROCEDURE p() BEGIN SELECT 1 AS a; SELECT 'two' AS bb, 3 AS c; END;\nCALL p();\n",
            ),
            ("afterMigrate.sql", "SELECT 'called' AS callback;\n"),
        ]);
        // The lines of tables, and empty ones, which belong to them. Flyway's engine gives them to its log.
        let tables = |text: &str, database: &Database| -> Vec<String> {
            let text = text.replace(database.name(), "schema");
            let lines = text.lines().map(|line| line.strip_prefix("INFO: ").unwrap_or(line));
            let of_table = lines.filter(|line| line.is_empty() || line.starts_with(['+', '|']));
            of_table.map(str::to_owned).collect()
        };
        for (settings, printed) in [(&[][..], true), (&[("OUTPUT_QUERY_RESULTS", "false")][..], false)] {
            let pair = Pair::new(engine, &sandbox);
            let ours = self::ours(&sandbox, &pair.ours, settings).run(&["flyway", "migrate"]).exits(0);
            let locations = sandbox.path("migrations");
            let mut flyway = Flyway::new(&pair.theirs, &locations);
            for (name, value) in settings {
                flyway = flyway.set(name, value);
            }
            let theirs = flyway.run(&["migrate"]).exits(0);
            assert_eq!(ours.stdout.contains("| callback |"), printed, "{}", ours.stdout);
            let (ours, theirs) = (tables(&ours.stdout, &pair.ours), tables(&theirs.stderr, &pair.theirs));
            assert_eq!(ours, theirs, "{}\n{}", ours.join("\n"), theirs.join("\n"));
            let shown = infra(&sandbox).on(&engine.database()).run(&[
                "migrate",
                "apply",
                "--locations",
                "migrations",
            ]);
            let of_apply = tables(&shown.exits(0).stderr, &pair.ours);
            for line in ["| callback |", "| i | der Name | at         | price |"] {
                assert!(of_apply.iter().any(|printed| printed == line), "{of_apply:?}");
            }
            let hidden = ["migrate", "apply", "--no-query-results", "--locations", "migrations"];
            let shown = infra(&sandbox).on(&engine.database()).run(&hidden).exits(0);
            assert!(!shown.all().contains("| callback |"), "{}", shown.all());
        }
        let pair = Pair::new(engine, &sandbox);
        let _ = pair.same(&[], &["migrate"]);
    });
}

#[test]
#[cfg_attr(not(feature = "servers"), ignore = "needs servers: run ./tests/run")]
fn what_queries_find_is_bounded() {
    on_each_engine(|engine| {
        let big = "SELECT REPEAT('x', 700000) AS big UNION ALL SELECT REPEAT('y', 700000) UNION ALL SELECT 'last';\n";
        let sandbox = migrations(&[("V1__q.sql", big)]);
        let apply = ["migrate", "apply", "--locations", "migrations"];
        let shown = infra(&sandbox).on(&engine.database()).run(&apply).exits(0).stderr;
        assert!(shown.contains("yyy") && !shown.contains("last"));
        assert!(shown.contains("1 more row not shown"));
    });
}
