//! The servers that infra.toml names, with the components that they are.

use std::time::Duration;

use migrate_core::mysql::ConnectOptions;
use platform_compat::probe::judge::{self, Holds, Protocol};
use platform_compat::probe::redis::RedisOptions;
use platform_compat::{ComponentId, Platform, nearest};

use super::problem::DoctorProblem;
use crate::commands::compat::find_environment;
use crate::configuration;
use crate::environment;
use crate::failure::Failure;
use crate::tree::Tree;

/// A server to ask.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) environment: String,
    pub(super) component: Option<ComponentId>,
    pub(super) holds: Option<Holds>,
    pub(super) options: Options,
}

/// How to reach it.
#[derive(Debug)]
pub(super) enum Options {
    MySql(Box<ConnectOptions>),
    Redis(Box<RedisOptions>),
}

impl Server {
    pub(super) fn protocol(&self) -> Protocol {
        match &self.options {
            Options::MySql(_) => Protocol::MySql,
            Options::Redis(_) => Protocol::Redis,
        }
    }

    /// Host and port.
    pub(super) fn address(&self) -> String {
        match &self.options {
            Options::MySql(options) => options.address(),
            Options::Redis(options) => options.address(),
        }
    }

    /// Whether the password stands in the URL.
    pub(super) fn shows_password(&self) -> bool {
        match &self.options {
            Options::MySql(options) => options.password_in_url,
            Options::Redis(options) => options.password_in_url,
        }
    }

    /// Whether the password leaves this machine in the clear.
    pub(super) fn exposes_password(&self) -> bool {
        matches!(&self.options, Options::Redis(options) if options.exposes_password())
    }
}

/// The servers of one environment, or of all, by environment.
pub(super) fn of(
    tree: &Tree,
    platform: Option<&Platform>,
    wanted: Option<&str>,
    limit: Duration,
) -> Result<Vec<Server>, Failure> {
    if let (Some(platform), Some(name)) = (platform, wanted) {
        find_environment(platform, name)?;
    }
    let mut servers = Vec::new();
    let environments = tree.configuration.environments.iter();
    for (name, connections) in environments.filter(|(name, _)| wanted.is_none_or(|wanted| wanted == *name)) {
        let mut add = |named: Option<&str>, holds, options| {
            let mut server = Server { environment: name.clone(), component: None, holds, options };
            server.component =
                platform.map(|platform| component(platform, &server, named)).transpose()?.flatten();
            servers.push(server);
            Ok::<_, Failure>(())
        };
        if let Some(database) = &connections.mysql {
            let mut options = ConnectOptions::parse(&database.url)?;
            if let Some(password) = environment::password(Some(database))? {
                options.password = Some(password);
            }
            options.connect_timeout = limit;
            add(database.component.as_deref(), None, Options::MySql(Box::new(options)))?;
        }
        for redis in &connections.redis {
            let options = redis_options(redis, name, tree, limit)?;
            let holds = redis.holds.map(|holds| match holds {
                configuration::Holds::Cache => Holds::Cache,
                configuration::Holds::Sessions => Holds::Sessions,
                configuration::Holds::Data => Holds::Data,
            });
            add(redis.component.as_deref(), holds, Options::Redis(Box::new(options)))?;
        }
    }
    Ok(servers)
}

fn redis_options(
    redis: &configuration::RedisServer,
    environment: &str,
    tree: &Tree,
    limit: Duration,
) -> Result<RedisOptions, Failure> {
    let mut options = RedisOptions::parse(&redis.url).map_err(|error| {
        Failure::usage(DoctorProblem::Url { environment: environment.to_owned(), reason: error.to_string() })
    })?;
    if let Some(password) = environment::redis_password(redis)? {
        options.set_password(&password);
    }
    if let Some(path) = &redis.tls_ca {
        let path = tree.path(path);
        options.authority = Some(std::fs::read(&path).map_err(|error| Failure::read(&path, error))?);
    }
    options.timeout = limit;
    Ok(options)
}

/// The component that a server is: the one named, else the only one that it can be. An environment that platform.yaml does not
/// know has none.
fn component(
    platform: &Platform,
    server: &Server,
    named: Option<&str>,
) -> Result<Option<ComponentId>, Failure> {
    if let Some(name) = named {
        return platform.component(name).map(Some).ok_or_else(|| {
            let names = platform.components().iter().map(|component| &*component.name.value);
            let help = match nearest(name, names) {
                Some(nearest) => format!("did you mean `{nearest}`?"),
                None => "name one of its components".to_owned(),
            };
            let environment = server.environment.clone();
            Failure::usage(DoctorProblem::UnknownComponent { name: name.to_owned(), environment, help })
        });
    }
    let Some(environment) = platform.environment(&server.environment) else { return Ok(None) };
    let protocol = server.protocol();
    let of = |id: ComponentId| &platform.components()[id.index()];
    let all: Vec<ComponentId> = judge::candidates(platform, environment, protocol).collect();
    // The migrations are those of the one that holds the schema.
    let holders: Vec<ComponentId> = all.iter().copied().filter(|id| of(*id).database.is_some()).collect();
    match (all.as_slice(), holders.as_slice()) {
        ([], _) => Ok(None),
        ([one], _) | (_, [one]) => Ok(Some(*one)),
        _ => Err(Failure::usage(DoctorProblem::WhichComponent {
            names: all.iter().map(|id| format!("`{}`", of(*id).name.value)).collect(),
            address: server.address(),
            environment: server.environment.clone(),
        })),
    }
}
