//! `FLYWAY_*` in the environment.

use std::collections::BTreeMap;

use super::assignment::{Assignment, Place, Value};
use super::option::{Key, OPTIONS, Scope};
use super::problem::Problem;
use super::suggest::nearest;

/// Variables that name the program itself, or say what it says anyway.
const PASSED_OVER: [&str; 4] =
    ["FLYWAY_COMMUNITY_DB_SUPPORT_DISABLED", "FLYWAY_EDITION", "FLYWAY_HOME", "FLYWAY_VERSION"];

/// Reads the variables of a process. Those whose names do not begin with `FLYWAY_`, `flyway_` or `environments_` are none of ours.
pub fn read(variables: &BTreeMap<String, String>) -> (Vec<Assignment>, Vec<Problem>) {
    let (mut assignments, mut problems) = (Vec::new(), Vec::new());
    for (variable, value) in variables {
        let place = Place::Variable(variable.clone());
        match name(variable) {
            Name::Option(name) => {
                assignments.push(Assignment { name, value: Value::text(value.as_str()), place });
            }
            Name::Unknown => problems.push(unknown(variable).at(&place)),
            Name::NotOurs => {}
        }
    }
    (assignments, problems)
}

enum Name {
    Option(String),
    Unknown,
    NotOurs,
}

fn name(variable: &str) -> Name {
    if let Some(name) = variable.strip_prefix("flyway_") {
        return Name::Option(name.replace('_', "."));
    }
    if variable.starts_with("environments_") {
        return Name::Option(variable.replace('_', "."));
    }
    let Some(rest) = variable.strip_prefix("FLYWAY_") else { return Name::NotOurs };
    if let Some(name) = rest.strip_prefix("PLACEHOLDERS_").filter(|name| !name.is_empty()) {
        return Name::Option(format!("placeholders.{}", name.to_lowercase()));
    }
    if let Some(name) = rest.strip_prefix("JDBC_PROPERTIES_").filter(|name| !name.is_empty()) {
        return Name::Option(format!("jdbcProperties.{name}"));
    }
    if PASSED_OVER.contains(&variable) || is_of_kubernetes(rest) {
        return Name::NotOurs;
    }
    let option = OPTIONS.iter().find(|option| may_be_set(option.key) && option.key.variable() == variable);
    option.map_or(Name::Unknown, |option| Name::Option(option.name.to_owned()))
}

fn may_be_set(key: Key) -> bool {
    key.described().scope != Scope::CommandLine || matches!(key, Key::ConfigFiles | Key::ConfigFileEncoding)
}

/// What Kubernetes tells every container about a Service whose name begins with `flyway`.
fn is_of_kubernetes(rest: &str) -> bool {
    let rest = format!("_{rest}_");
    ["_SERVICE_HOST_", "_SERVICE_PORT_", "_PORT_"].iter().any(|part| rest.contains(part))
}

fn unknown(variable: &str) -> Problem {
    let known: Vec<String> =
        OPTIONS.iter().map(|option| option.key).filter(|key| may_be_set(*key)).map(Key::variable).collect();
    let help = match nearest(variable, known.iter().map(String::as_str)) {
        Some(known) => format!("did you mean `{known}`?"),
        None => "unset it, or give it a name that does not begin with `FLYWAY_`".to_owned(),
    };
    Problem::new("flyway/unknown-option", format!("`{variable}` sets no option of Flyway"), help)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(variables: &[&str]) -> (Vec<String>, Vec<String>) {
        let variables = variables.iter().map(|name| ((*name).to_owned(), "x".to_owned())).collect();
        let (assignments, problems) = read(&variables);
        (
            assignments.into_iter().map(|assignment| assignment.name).collect(),
            problems
                .iter()
                .map(|problem| format!("{problem} {}", miette::Diagnostic::help(problem).unwrap()))
                .collect(),
        )
    }

    #[test]
    fn variables_become_names() {
        let (names, problems) = names(&[
            "FLYWAY_CONFIG_FILES",
            "FLYWAY_JDBC_PROPERTIES_sslMode",
            "FLYWAY_PLACEHOLDERS_MY_NAME",
            "FLYWAY_SQL_MIGRATION_PREFIX",
            "environments_prod_url",
            "flyway_table",
            "HOME",
        ]);
        assert_eq!(
            names,
            [
                "configFiles",
                "jdbcProperties.sslMode",
                "placeholders.my_name",
                "sqlMigrationPrefix",
                "environments.prod.url",
                "table"
            ]
        );
        assert!(problems.is_empty(), "{problems:?}");
    }

    #[test]
    fn an_unknown_one_is_named_with_the_nearest() {
        let (_, problems) = names(&["FLYWAY_LOCATION", "FLYWAY_XYZ", "FLYWAY_OUTPUT_FILE"]);
        assert_eq!(problems.len(), 3);
        assert!(problems[0].contains("`FLYWAY_LOCATION`") && problems[0].contains("`FLYWAY_LOCATIONS`"));
    }

    #[test]
    fn a_service_named_flyway_is_no_configuration() {
        let (names, problems) = names(&[
            "FLYWAY_DB_PORT_3306_TCP_ADDR",
            "FLYWAY_DB_SERVICE_HOST",
            "FLYWAY_PORT",
            "FLYWAY_SERVICE_PORT_MYSQL",
            "FLYWAY_VERSION",
        ]);
        assert!(names.is_empty() && problems.is_empty(), "{names:?} {problems:?}");
    }
}
