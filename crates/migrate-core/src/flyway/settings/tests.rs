use super::*;
use crate::flyway::{arguments, conf, toml, variables};
use proptest::prelude::*;

struct Given<'a> {
    toml: &'a str,
    conf: &'a str,
    variables: &'a [(&'a str, &'a str)],
    arguments: &'a [&'a str],
}

const NONE: Given<'_> = Given { toml: "", conf: "", variables: &[], arguments: &[] };

fn merge(given: &Given<'_>) -> (Settings, Vec<Problem>) {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let environment: BTreeMap<String, String> = given.variables.iter().map(owned).collect();
    let (mut files, mut problems) = toml::read("flyway.toml", given.toml);
    let (conf, more) = conf::read("flyway.conf", given.conf, &environment);
    files.extend(conf);
    problems.extend(more);
    let (variables, more) = variables::read(&environment);
    problems.extend(more);
    let (arguments, more) = arguments::read(given.arguments);
    problems.extend(more);
    let layers = Layers { files, variables, arguments: arguments.assignments };
    let (settings, more) = Settings::merge(&layers, &environment);
    problems.extend(more);
    (settings, problems)
}

#[track_caller]
fn settings(given: &Given<'_>) -> Settings {
    let (settings, problems) = merge(given);
    assert!(problems.is_empty(), "{problems:?}");
    settings
}

#[track_caller]
fn refused(given: &Given<'_>, expected: &[&str]) {
    let (_, problems) = merge(given);
    let said: Vec<_> = problems
        .iter()
        .map(|problem| format!("{problem}: {}", miette::Diagnostic::help(problem).unwrap()))
        .collect();
    assert_eq!(said.len(), expected.len(), "{said:#?}");
    for (said, expected) in said.iter().zip(expected) {
        assert!(said.contains(expected), "no `{expected}` in {said}");
    }
}

#[test]
fn the_defaults_are_flyways() {
    let settings = settings(&NONE);
    assert_eq!(settings.text(Key::Table), "flyway_schema_history");
    assert_eq!(settings.list(Key::IgnoreMigrationPatterns), ["*:future"]);
    assert_eq!(settings.list(Key::SqlMigrationSuffixes), [".sql"]);
    assert!(settings.flag(Key::CleanDisabled) && !settings.flag(Key::OutOfOrder));
    assert_eq!(settings.number(Key::ConnectRetriesInterval), 120);
    assert!(settings.list(Key::Locations).is_empty() && settings.place(Key::Table).is_none());
    assert!(settings.password().is_none());
}

#[test]
fn arguments_go_before_variables_and_those_before_files() {
    let given = Given {
        conf: "flyway.table=conf\nflyway.target=1\nflyway.installedBy=conf\n",
        variables: &[("FLYWAY_TABLE", "variable"), ("FLYWAY_TARGET", "2")],
        arguments: &["-table=argument"],
        ..NONE
    };
    let settings = settings(&given);
    let shown = |key| (settings.text(key), settings.place(key).unwrap().to_string());
    assert_eq!(shown(Key::Table), ("argument", "-table".to_owned()));
    assert_eq!(shown(Key::Target), ("2", "FLYWAY_TARGET".to_owned()));
    assert_eq!(shown(Key::InstalledBy), ("conf", "flyway.conf:3:1".to_owned()));
}

#[test]
fn the_chosen_environment_gives_the_connection_and_overrides_the_rest_of_its_file() {
    let toml = "[flyway]\ntable = 'all'\ntarget = '1'\n[environments.default]\nurl = 'd'\n\
                [environments.prod]\nurl = 'jdbc:${env.HOST}/x'\nschemas = ['a', 'b']\n[environments.prod.flyway]\ntable = 'own'\n";
    let variables = [("HOST", "db")];
    let given = Given { toml, variables: &variables, arguments: &["-environment=prod"], ..NONE };
    let prod = settings(&given);
    assert_eq!(prod.text(Key::Url), "jdbc:db/x");
    assert_eq!((prod.text(Key::Table), prod.text(Key::Target)), ("own", "1"));
    assert_eq!(prod.list(Key::Schemas), ["a", "b"]);
    // The other environment's variable need not be set.
    let default = settings(&Given { toml, ..NONE });
    assert_eq!((default.text(Key::Url), default.text(Key::Table)), ("d", "all"));
    let arguments = ["-environment=prod", "-table=argument", "-environments.prod.user=u", "-url=x"];
    let above = settings(&Given { toml, variables: &variables, arguments: &arguments, ..NONE });
    assert_eq!((above.text(Key::Table), above.text(Key::User), above.text(Key::Url)), ("argument", "u", "x"));
}

#[test]
fn placeholders_come_from_everywhere_and_ignore_case() {
    let given = Given {
        toml: "[flyway.placeholders]\nFoo = '1'\nbar = '2'\n",
        variables: &[("FLYWAY_PLACEHOLDERS_FOO", "3")],
        arguments: &["-placeholders.baz="],
        ..NONE
    };
    let settings = settings(&given);
    let found: Vec<_> = settings.placeholders().map(|(name, value, _)| (name, value)).collect();
    assert_eq!(found, [("bar", "2"), ("baz", ""), ("foo", "3")]);
}

#[test]
fn an_empty_value_is_as_good_as_none_where_it_means_nothing() {
    let given = Given {
        conf: "flyway.target=5\n",
        variables: &[("FLYWAY_TARGET", ""), ("FLYWAY_OUT_OF_ORDER", ""), ("FLYWAY_DRYRUN_OUTPUT", "")],
        arguments: &["-ignoreMigrationPatterns=", "-password="],
        ..NONE
    };
    let settings = settings(&given);
    assert_eq!(settings.text(Key::Target), "5");
    assert!(settings.list(Key::IgnoreMigrationPatterns).is_empty());
    assert!(settings.password().is_some());
}

#[test]
fn unknown_names_are_errors_wherever_they_stand_and_all_are_reported() {
    let given = Given {
        toml: "[flyway]\nlocation = 'x'\nurl = 'x'\noutputFile = 'x'\n[environments.other]\nusr = 'x'\ntable = 'x'\n",
        conf: "flyway.bogus=1\nflyway.cleanDisable=false\n",
        variables: &[("FLYWAY_TABEL", "x")],
        arguments: &["-outoforder=true", "-nonsense.deep=1"],
    };
    let expected = [
        "`FLYWAY_TABEL` sets no option of Flyway: did you mean `FLYWAY_TABLE`?",
        "`location` is no option of Flyway: did you mean `locations`?",
        "`url` belongs to a connection",
        "`outputFile`",
        "`bogus` is no option of Flyway",
        "did you mean `cleanDisabled`?",
        "`environments.other.usr` is no option of Flyway: did you mean `user`?",
        "`environments.other.table` is no option of Flyway: `table` does not stand here",
        "`-outoforder=` is no option of Flyway: did you mean `outOfOrder`?",
        "`-nonsense.deep=` is no option of Flyway",
    ];
    refused(&given, &expected);
}

#[test]
fn what_would_change_what_runs_is_refused_and_what_would_not_is_passed_over() {
    let arguments = [
        "-dryRunOutput=f.sql",
        "-errorOverrides=S0001:0:I-",
        "-callbacks=com.example.C",
        "-skipDefaultResolvers=true",
        "-reportEnabled=true",
    ];
    let expected = [
        "`-dryRunOutput=`",
        "`-errorOverrides=`",
        "`-callbacks=`",
        "`-skipDefaultResolvers=`",
        "`-reportEnabled=`",
    ];
    refused(&Given { arguments: &arguments, ..NONE }, &expected);
    let idle = [
        "-driver=x",
        "-jarDirs=a,b",
        "-loggers=slf4j",
        "-licenseKey=x",
        "-skipDefaultResolvers=false",
        "-oracle.sqlplus=true",
    ];
    let _ = settings(&Given { arguments: &idle, ..NONE });
}

#[test]
fn values_of_the_wrong_kind_are_errors() {
    let given = Given {
        toml: "[flyway]\ntable = ['a']\n",
        arguments: &["-outOfOrder=yes", "-connectRetries=-1"],
        ..NONE
    };
    refused(&given, &["a list cannot stand here", "neither true nor false", "not a number"]);
}

#[test]
fn an_environment_must_exist_and_resolvers_must_be_known() {
    let toml = "[environments.prod]\nurl = 'x'\n";
    refused(
        &Given { toml, arguments: &["-environment=prd"], ..NONE },
        &["no environment `prd`: did you mean `prod`?"],
    );
    let toml = "[environments.default]\nuser = '${env.NOBODY}'\npassword = '${vault.db}'\n";
    refused(&Given { toml, ..NONE }, &["variable `NOBODY` is not set", "no resolver `vault`"]);
}

#[test]
fn nothing_shows_a_secret() {
    let given = Given {
        toml: "[environments.default]\npassword = 's3cr3t'\nusr = 'x'\nurl = 'jdbc:mysql://u:s3cr3t@h/d'\n",
        conf: "flyway.password=s3cr3t\nflyway.bogus=1\n",
        variables: &[("FLYWAY_PASSWORD", "s3cr3t"), ("FLYWAY_PASWORD", "s3cr3t")],
        arguments: &["-passwort=s3cr3t", "-outOfOrder=s3cr3t"],
    };
    let (settings, problems) = merge(&given);
    let problems = problems.iter().fold(String::new(), |all, problem| {
        let place = miette::Diagnostic::labels(problem).and_then(|mut labels| labels.next());
        let seen = place.and_then(|place| {
            let source = miette::Diagnostic::source_code(problem)?;
            let seen = source.read_span(place.inner(), 9, 9).ok()?;
            Some(String::from_utf8_lossy(seen.data()).into_owned())
        });
        all + &format!("{problem:?} {problem} {seen:?}\n")
    });
    assert!(problems.contains("passwort") && !problems.contains("s3cr3t"), "{problems}");
    assert!(!format!("{settings:?}").contains("s3cr3t"));
}

proptest! {
    #[test]
    fn any_names_and_values_are_merged(
        names in prop::collection::vec("(environments\\.|placeholders\\.|flyway\\.)?[a-z.]{0,8}|[a-zA-Z]{1,12}", 0..6),
        value in "[a-z${}.,é]{0,12}",
    ) {
        let arguments: Vec<String> = names.iter().map(|name| format!("-{name}={value}")).collect();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let _ = merge(&Given { arguments: &arguments, ..NONE });
    }

    #[test]
    fn the_highest_layer_that_gives_a_value_wins(file: Option<u8>, variable: Option<u8>, argument: Option<u8>) {
        let conf = file.map(|value| format!("flyway.table=t{value}\n")).unwrap_or_default();
        let table = variable.map(|value| format!("t{value}"));
        let variables: Vec<_> = table.iter().map(|table| ("FLYWAY_TABLE", table.as_str())).collect();
        let arguments: Vec<_> = argument.iter().map(|value| format!("-table=t{value}")).collect();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let settings = settings(&Given { conf: &conf, variables: &variables, arguments: &arguments, ..NONE });
        let expected = argument.or(variable).or(file).map_or("flyway_schema_history".to_owned(), |value| format!("t{value}"));
        prop_assert_eq!(settings.text(Key::Table), expected);
    }
}
