//! All options with their values, from the lowest source to the highest.

use std::collections::{BTreeMap, BTreeSet};

use secrecy::SecretString;

use super::assignment::{Assignment, Place, Value};
use super::option::{Effect, FOREIGN, Key, Kind, OPTIONS, Scope};
use super::problem::Problem;
use super::suggest::nearest;

/// What the sources give, each from its lowest part to its highest.
#[derive(Debug, Clone, Default)]
pub struct Layers {
    /// Files, below all others.
    pub files: Vec<Assignment>,
    /// Environment variables.
    pub variables: Vec<Assignment>,
    /// Arguments, above all others.
    pub arguments: Vec<Assignment>,
}

impl Layers {
    /// The configuration files that variables and arguments name, lowest precedence first.
    pub fn config_files(&self) -> Vec<String> {
        let named =
            [&self.variables, &self.arguments].into_iter().filter_map(|layer| last(layer, Key::ConfigFiles));
        named
            .flat_map(|given| given.value.items().into_iter().map(str::to_owned).collect::<Vec<_>>())
            .collect()
    }

    /// What an argument gives an option, before anything is merged.
    pub fn argument(&self, key: Key) -> Option<&str> {
        last(&self.arguments, key)?.value.as_text().filter(|text| !text.is_empty())
    }

    /// What a variable or an argument says about the encoding of the files.
    pub fn config_file_encoding(&self) -> Option<&Assignment> {
        let given = [&self.variables, &self.arguments];
        given.into_iter().find_map(|layer| last(layer, Key::ConfigFileEncoding))
    }
}

fn last(layer: &[Assignment], key: Key) -> Option<&Assignment> {
    layer.iter().rfind(|given| given.name == key.name())
}

/// Every option's value and where it comes from. No value is shown by `Debug`.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    given: BTreeMap<Key, Given>,
    placeholders: BTreeMap<String, Given>,
    jdbc_properties: BTreeMap<String, Given>,
}

#[derive(Debug, Clone)]
struct Given {
    value: Value,
    place: Place,
}

/// What an assignment is for.
enum Purpose<'a> {
    Option(Key),
    Placeholder(&'a str),
    JdbcProperty(&'a str),
    /// Known, and without effect here.
    Nothing,
}

impl Settings {
    /// Puts the layers together. `${env.NAME}` in a connection's values is taken from `variables`.
    ///
    /// Within the files, and within the arguments, what stands below an environment's own table goes before what stands for all of
    /// them. All problems are reported; the settings are those without the faulty values.
    pub fn merge(layers: &Layers, variables: &BTreeMap<String, String>) -> (Self, Vec<Problem>) {
        let all = [&layers.files, &layers.variables, &layers.arguments];
        let mut merge = Merge { settings: Self::default(), problems: Vec::new(), variables };
        let chosen = all.iter().flat_map(|layer| layer.iter()).rfind(|given| given.name == "environment");
        let environment = chosen.and_then(|given| given.value.as_text()).filter(|name| !name.is_empty());
        let environment = environment.unwrap_or(Key::Environment.described().default);
        for layer in all {
            let (own, general): (Vec<_>, Vec<_>) =
                layer.iter().partition(|given| given.name.starts_with("environments."));
            for assignment in general {
                merge.general(assignment);
            }
            for assignment in own {
                merge.of_environment(assignment, environment);
            }
        }
        if let Some(chosen) = chosen {
            merge.check_environment(environment, chosen, &all);
        }
        (merge.settings, merge.problems)
    }

    /// An option's text, its default if nothing gives it.
    pub fn text(&self, key: Key) -> &str {
        self.given.get(&key).and_then(|given| given.value.as_text()).unwrap_or(key.described().default)
    }

    /// Whether a flag is set.
    pub fn flag(&self, key: Key) -> bool {
        self.text(key).trim() == "true"
    }

    /// A number.
    pub fn number(&self, key: Key) -> u32 {
        self.text(key).trim().parse().unwrap_or_default()
    }

    /// The items of a list.
    pub fn list(&self, key: Key) -> Vec<&str> {
        match self.given.get(&key) {
            Some(given) => given.value.items(),
            None => key.described().default.split(',').filter(|item| !item.is_empty()).collect(),
        }
    }

    /// The text of an option that something gives.
    pub fn given(&self, key: Key) -> Option<&str> {
        self.given.get(&key)?.value.as_text()
    }

    /// Where an option's value comes from; `None`: from nowhere, it is the default.
    pub fn place(&self, key: Key) -> Option<&Place> {
        self.given.get(&key).map(|given| &given.place)
    }

    /// The password, if there is one.
    pub fn password(&self) -> Option<SecretString> {
        self.given(Key::Password).map(SecretString::from)
    }

    /// Names and values of the placeholders.
    pub fn placeholders(&self) -> impl Iterator<Item = (&str, &str, &Place)> {
        pairs(&self.placeholders)
    }

    /// Names and values of the driver's properties.
    pub fn jdbc_properties(&self) -> impl Iterator<Item = (&str, &str, &Place)> {
        pairs(&self.jdbc_properties)
    }
}

fn pairs(map: &BTreeMap<String, Given>) -> impl Iterator<Item = (&str, &str, &Place)> {
    map.iter().map(|(name, given)| (name.as_str(), given.value.as_text().unwrap_or_default(), &given.place))
}

struct Merge<'a> {
    settings: Settings,
    problems: Vec<Problem>,
    variables: &'a BTreeMap<String, String>,
}

impl Merge<'_> {
    /// What stands for all environments.
    fn general(&mut self, assignment: &Assignment) {
        let Assignment { name, value, place } = assignment;
        let has_tables = matches!(place, Place::File { has_tables: true, .. });
        let purpose = match purpose(name) {
            Some(Purpose::Option(key)) if has_tables && key.described().scope == Scope::Connection => {
                let message = format!("`{name}` belongs to a connection");
                let help = format!("write it below `[environments.NAME]`, or as `FLYWAY_…` or `-{name}=`");
                self.problems.push(Problem::new("flyway/misplaced", message, help).at(place));
                return;
            }
            Some(Purpose::JdbcProperty(_)) if has_tables => None,
            Some(Purpose::Option(key))
                if key.described().scope == Scope::CommandLine && matches!(place, Place::File { .. }) =>
            {
                None
            }
            purpose => purpose,
        };
        self.set(purpose.as_ref(), name, value.clone(), place);
    }

    /// What stands for one environment, which need not be the chosen one.
    fn of_environment(&mut self, assignment: &Assignment, environment: &str) {
        let Assignment { name, value, place } = assignment;
        let mut parts = name.splitn(3, '.').skip(1);
        let (own, option) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let purpose = match option.strip_prefix("flyway.") {
            Some(option) => purpose(option).filter(|purpose| !is_of_connection(purpose)),
            None => purpose(option).filter(is_of_connection),
        };
        if own != environment {
            // Its values are not used, but a name that is wrong is wrong.
            if purpose.is_none() {
                self.problems.push(unknown(name, place));
            }
            return;
        }
        match value.try_map(|text| resolve(text, self.variables)) {
            Ok(value) => self.set(purpose.as_ref(), name, value, place),
            Err(problem) => self.problems.push(problem.at(place)),
        }
    }

    fn set(&mut self, purpose: Option<&Purpose<'_>>, name: &str, value: Value, place: &Place) {
        let given = Given { value, place: place.clone() };
        match purpose {
            Some(&Purpose::Option(key)) => match check(key, &given.value) {
                Ok(true) => _ = self.settings.given.insert(key, given),
                Ok(false) => {}
                Err((what, help)) => {
                    let code = if matches!(key.described().effect, Effect::Refused(_)) {
                        "flyway/refused-option"
                    } else {
                        "flyway/value"
                    };
                    self.problems
                        .push(Problem::new(code, format!("{}: {what}", said(name, place)), help).at(place));
                }
            },
            Some(Purpose::Placeholder(name)) => {
                // Names ignore case.
                _ = self.settings.placeholders.insert(name.to_lowercase(), given);
            }
            Some(Purpose::JdbcProperty(name)) => {
                _ = self.settings.jdbc_properties.insert((*name).to_owned(), given);
            }
            Some(Purpose::Nothing) => {}
            None => self.problems.push(unknown(name, place)),
        }
    }

    fn check_environment(&mut self, name: &str, chosen: &Assignment, all: &[&Vec<Assignment>]) {
        let own = |given: &Assignment| given.name.split('.').nth(1).map(str::to_owned);
        let known: BTreeSet<String> = all
            .iter()
            .flat_map(|layer| layer.iter())
            .filter(|given| given.name.starts_with("environments."))
            .filter_map(own)
            .collect();
        if known.contains(name) || name == Key::Environment.described().default {
            return;
        }
        let help = match nearest(name, known.iter().map(String::as_str)) {
            Some(known) => format!("did you mean `{known}`?"),
            None => format!("give it a table `[environments.{name}]`"),
        };
        let message = format!("there is no environment `{name}`");
        self.problems.push(Problem::new("flyway/unknown-environment", message, help).at(&chosen.place));
    }
}

fn is_of_connection(purpose: &Purpose<'_>) -> bool {
    match purpose {
        Purpose::Option(key) => key.described().scope == Scope::Connection,
        Purpose::JdbcProperty(_) | Purpose::Nothing => true,
        Purpose::Placeholder(_) => false,
    }
}

fn purpose(name: &str) -> Option<Purpose<'_>> {
    let part = |prefix| name.strip_prefix(prefix).filter(|rest: &&str| !rest.is_empty());
    if let Some(name) = part("placeholders.") {
        return Some(Purpose::Placeholder(name));
    }
    if let Some(name) = part("jdbcProperties.") {
        return Some(Purpose::JdbcProperty(name));
    }
    if FOREIGN.iter().any(|start| name.starts_with(start)) {
        return Some(Purpose::Nothing);
    }
    Key::named(name).map(Purpose::Option)
}

/// Whether a value counts; an empty one mostly does not.
fn check(key: Key, value: &Value) -> Result<bool, (String, String)> {
    let option = key.described();
    let Some(text) = value.as_text() else {
        return match (option.kind, option.effect) {
            (Kind::List, Effect::Refused(why)) if !value.items().is_empty() => Err(refused(why)),
            (Kind::List, _) => Ok(true),
            _ => Err(("a list cannot stand here".to_owned(), "write one value".to_owned())),
        };
    };
    if text.is_empty() && !key.may_be_empty() {
        return Ok(false);
    }
    let trimmed = text.trim();
    match option.kind {
        Kind::Flag if !["true", "false"].contains(&trimmed) => {
            Err(("it is neither true nor false".to_owned(), "write `true` or `false`".to_owned()))
        }
        Kind::Number if trimmed.parse::<u32>().is_err() => {
            Err(("it is not a number from 0 to 4294967295".to_owned(), "write a whole number".to_owned()))
        }
        _ => match option.effect {
            Effect::Refused(why) if trimmed != option.default => Err(refused(why)),
            _ => Ok(true),
        },
    }
}

fn refused(why: &str) -> (String, String) {
    ("this is not supported, and to pass over it would do something else".to_owned(), why.to_owned())
}

/// An option as its source names it.
fn said(name: &str, place: &Place) -> String {
    match place {
        Place::Variable(variable) => format!("`{variable}`"),
        Place::Argument(_) => format!("`-{name}=`"),
        Place::File { .. } => format!("`{name}`"),
    }
}

fn unknown(name: &str, place: &Place) -> Problem {
    let wanted = name.rsplit('.').next().unwrap_or(name);
    let known = OPTIONS
        .iter()
        .filter(|option| matches!(place, Place::Argument(_)) || option.scope != Scope::CommandLine);
    let help = match nearest(wanted, known.map(|option| option.name)) {
        Some(known) if known == wanted => format!("`{known}` does not stand here"),
        Some(known) => format!("did you mean `{known}`?"),
        None => "leave it out; nothing here does what it asks for".to_owned(),
    };
    let message = format!("{} is no option of Flyway", said(name, place));
    Problem::new("flyway/unknown-option", message, help).at(place)
}

/// Replaces each `${env.NAME}`. Other resolvers ask programs that are not asked here.
fn resolve(text: &str, variables: &BTreeMap<String, String>) -> Result<String, Problem> {
    let mut resolved = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, opened)) = rest.split_once("${") {
        resolved.push_str(before);
        let Some(((resolver, name), after)) =
            opened.split_once('}').and_then(|(inside, after)| Some((inside.split_once('.')?, after)))
        else {
            resolved.push_str("${");
            rest = opened;
            continue;
        };
        let value = variables.get(name.trim()).filter(|_| resolver.trim() == "env");
        match value {
            Some(value) => resolved.push_str(value),
            None if resolver.trim() == "env" => {
                let message = format!("the environment variable `{name}` is not set");
                let help = "set it, or write the value in its place";
                return Err(Problem::new("flyway/resolver", message, help));
            }
            None => {
                let message = format!("there is no resolver `{resolver}`");
                let help = "put the secret into an environment variable and write `${env.NAME}`";
                return Err(Problem::new("flyway/resolver", message, help));
            }
        }
        rest = after;
    }
    Ok(resolved + rest)
}

#[cfg(test)]
mod tests;
